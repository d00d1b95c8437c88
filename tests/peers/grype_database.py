"""A database of Grype (schema 6), of records of OSV and of fixes of Debian: one SQLite file. What of the schema is not
written here Grype adds itself when it imports the file."""
import json
import re
import sqlite3

SCHEMA = """
CREATE TABLE db_metadata (build_timestamp datetime NOT NULL, model integer NOT NULL, revision integer NOT NULL, addition integer NOT NULL);
CREATE TABLE blobs (id integer PRIMARY KEY, value text NOT NULL);
CREATE TABLE providers (id text PRIMARY KEY, version text, processor text, date_captured datetime, input_digest text);
CREATE TABLE vulnerability_handles (id integer PRIMARY KEY, name text NOT NULL, status text NOT NULL, published_date datetime,
  modified_date datetime, withdrawn_date datetime, provider_id text NOT NULL, blob_id integer);
CREATE TABLE vulnerability_aliases (name text, alias text NOT NULL, PRIMARY KEY (name, alias));
CREATE TABLE operating_systems (id integer PRIMARY KEY, name text, release_id text, major_version text, minor_version text, label_version text,
  codename text, channel text, eol_date datetime, eoas_date datetime);
CREATE TABLE packages (id integer PRIMARY KEY, ecosystem text, name text);
CREATE TABLE affected_package_handles (id integer PRIMARY KEY, vulnerability_id integer NOT NULL, operating_system_id integer,
  package_id integer, blob_id integer);
"""
VERSION = (6, 1, 0)
CODENAMES = {"11": "bullseye", "12": "bookworm"}
# OSV's name: (Grype's of the packages, of the order of their versions), as Grype has them for the advisories of GitHub.
ECOSYSTEMS = {"npm": ("npm", "npm"), "PyPI": ("python", "python"), "Maven": ("java-archive", "maven"), "Go": ("go-module", "go"),
              "crates.io": ("rust-crate", "semver"), "RubyGems": ("gem", "gem"), "Packagist": ("php-composer", "composer"),
              "NuGet": ("dotnet", "nuget"), "Hex": ("hex", "hex"), "Pub": ("dart-pub", "pub")}


def constraints_of(affected):
    """(constraint, fixed version) of each span of an affected package; the versions that are listed where no range says more."""
    found = []
    for part in affected.get("ranges", []):
        if part["type"] == "GIT":
            continue
        begin = None
        for event in part["events"]:
            kind, version = next(iter(event.items()))
            if kind == "introduced":
                if begin is not None:
                    found.append((f">= {begin}", None))
                begin = version
            elif kind in ("fixed", "last_affected") and begin is not None:
                end = f"{'<' if kind == 'fixed' else '<='} {version}"
                found.append((end if begin == "0" else f">= {begin}, {end}", version if kind == "fixed" else None))
                begin = None
        if begin is not None:
            found.append(("" if begin == "0" else f">= {begin}", None))  # nothing: all versions
    return found or [(f"= {version}", None) for version in affected.get("versions", [])]


def name_of(ecosystem, name):
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "PyPI" else name


class Writer:
    def __init__(self, database):
        self.database, self.packages = database, {}

    def add(self, table, *values):
        return self.database.execute(f"INSERT INTO {table} VALUES (NULL{', ?' * len(values)})", values).lastrowid

    def package(self, *row):
        key = row[0], row[1].lower()  # Grype's tables know no letter case
        if key not in self.packages:
            self.packages[key] = self.add("packages", *row)
        return self.packages[key]

    def record(self, source, record):
        aliases = record.get("aliases", [])
        blob = self.add("blobs", json.dumps({"id": record["id"], "aliases": aliases, "description": record.get("summary", "")}))
        withdrawn = record.get("withdrawn")
        one = self.add("vulnerability_handles", record["id"], "rejected" if withdrawn else "active", record.get("published"),
                       record.get("modified"), withdrawn, source, blob)
        self.database.executemany("INSERT OR IGNORE INTO vulnerability_aliases VALUES (?, ?)", [(record["id"], alias) for alias in aliases])
        for affected in record["affected"]:
            ecosystem = affected["package"]["ecosystem"]
            if ecosystem in ECOSYSTEMS:
                self.affected(one, ecosystem, affected, [alias for alias in [record["id"], *aliases] if alias.startswith("CVE-")])

    def affected(self, vulnerability, ecosystem, affected, cves):
        ranges = [{"version": {"type": ECOSYSTEMS[ecosystem][1], "constraint": constraint},
                   "fix": {"version": fixed, "state": "fixed"} if fixed else {"state": "not-fixed"}}
                  for constraint, fixed in constraints_of(affected)]
        blob = {"cves": cves, "ranges": ranges}
        package = self.package(ECOSYSTEMS[ecosystem][0], name_of(ecosystem, affected["package"]["name"]))
        imports = affected.get("ecosystem_specific", {}).get("imports")
        if ecosystem == "Go" and imports:
            blob["qualifiers"] = {"go_imports": imports}
        self.add("affected_package_handles", vulnerability, None, package,
                 self.add("blobs", json.dumps(blob)))

    def fixes(self, rows):
        """Of a distribution: {"platform": "debian 12", "package": a source, "id": a CVE, "fixed_version"}."""
        systems, names = {}, {}
        for one in rows:
            name, number = one["platform"].split()
            if one["platform"] not in systems:
                systems[one["platform"]] = self.add("operating_systems", name, name, number, "", "", CODENAMES[number], "", None, None)
            if one["id"] not in names:
                names[one["id"]] = self.add("vulnerability_handles", one["id"], "active", None, None, None, name,
                                            self.add("blobs", json.dumps({"id": one["id"]})))
            blob = {"ranges": [{"version": {"type": "dpkg", "constraint": f"< {one['fixed_version']}"},
                                "fix": {"version": one["fixed_version"], "state": "fixed"}}]}
            self.add("affected_package_handles", names[one["id"]], systems[one["platform"]], self.package("deb", one["package"]),
                     self.add("blobs", json.dumps(blob)))


def write(path, sources, fixes):
    """@sources: {name: [record of OSV]}; @fixes: of Debian."""
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        database.execute("INSERT INTO db_metadata VALUES (datetime('now'), ?, ?, ?)", VERSION)
        writer = Writer(database)
        for source in [*sources, "debian"]:
            database.execute("INSERT INTO providers VALUES (?, '1', 'assay', datetime('now'), '')", (source,))
            for record in sources.get(source, []):
                writer.record(source, record)
        writer.fixes(fixes)
