"""The same advisories for Assay and its peers, whose own databases are to be had from their makers alone: archives of OSV for packages of
languages, and Debian's (distribution.py). Assay imports them as they are. Trivy's code makes a database of Trivy of the records
(bench/trivy-database); grype_database.py writes one of Grype."""
import json
import re
import subprocess
import zipfile
from pathlib import Path

import grype_database

WRITER = Path(__file__).resolve().parent.parent.parent / "bench/trivy-database"
LANGUAGES = {"npm", "PyPI", "Maven", "Go", "crates.io", "RubyGems", "Packagist", "NuGet", "Hex", "Pub"}
CVE = re.compile(r"CVE-\d{4}-\d{4,}")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def folded(ecosystem, name):
    """A name as its ecosystem compares it."""
    if ecosystem in ("npm", "Maven", "RubyGems", "Go"):
        return name
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "PyPI" else name.lower()


class Names:
    """Which names are of one vulnerability: those that a record gives as aliases, and so on."""

    def __init__(self):
        self.parents = {}

    def root(self, name):
        while self.parents.get(name, name) != name:
            name = self.parents[name]
        return name

    def add(self, record):
        for name in [*record.get("aliases", []), *CVE.findall(record["id"])]:  # the ids of some sources have the number in them
            ours, theirs = sorted((self.root(record["id"]), self.root(name)), key=lambda one: (not one.startswith("CVE-"), one))
            self.parents[theirs] = ours


def records_of(archive):
    """Those of languages. A date that is none is left out: Trivy reads no such record."""
    with zipfile.ZipFile(archive) as opened:
        for name in sorted(opened.namelist()):
            record = json.loads(opened.read(name))
            if any(one.get("package", {}).get("ecosystem") in LANGUAGES for one in record.get("affected", [])):
                yield {key: value for key, value in record.items()
                       if key not in ("published", "modified", "withdrawn") or DATE.fullmatch(value)}


class Advisories:
    """Of the archives in @folder, and of @debian if given. @left_out: ids of records that Assay does not get, so that a run
    shows that it can fail."""

    def __init__(self, folder, left_out=(), debian=None):
        self.debian = debian
        self.archives, self.records, self.names, self.left_out = [], {}, Names(), set(left_out)
        for archive in sorted(folder.glob("*.zip")):
            records = list(records_of(archive))
            if records:
                self.archives.append(archive)
                self.records[archive.stem] = records
            for record in records:
                self.names.add(record)
        self.affected = {}
        for source, record in self.all():
            for one in record["affected"]:
                key = one["package"]["ecosystem"], folded(one["package"]["ecosystem"], one["package"]["name"])
                self.affected.setdefault(key, []).append((source, record, one))

    def all(self):
        return ((source, record) for source, records in self.records.items() for record in records)

    def for_assay(self, assay, data):
        """The database of Assay."""
        if self.debian:
            self.debian.for_assay(assay, data)
        for archive in self.archives:
            archive = self.without_left_out(archive, data) if self.left_out else archive
            assay.run("db", "import", "--config", "/dev/null", "--data", data, "--type", "osv", "--name", archive.stem, archive)
        return data / "advisories.db"

    def without_left_out(self, archive, data):
        path = data.parent / archive.name
        with zipfile.ZipFile(path, "w") as written:
            for number, record in enumerate(self.records[archive.stem]):
                if record["id"] not in self.left_out:
                    written.writestr(f"{number}.json", json.dumps(record))
        return path

    def for_trivy(self, work, cache):
        writer, folders = work / "trivy-database", []
        subprocess.run(["go", "build", "-buildvcs=false", "-o", str(writer), "."], cwd=WRITER, check=True)
        for source, records in self.records.items():
            folder = work / "records" / source
            folder.mkdir(parents=True)
            for number, record in enumerate(records):
                (folder / f"{number}.json").write_text(json.dumps(record))
            folders.append(folder)
        # It tells of versions in lists that are none, too.
        subprocess.run([str(writer), str(cache), *map(str, folders)], input=json.dumps(self.debian.rows), text=True, check=True,
                       stderr=subprocess.DEVNULL)

    def for_grype(self, path):
        grype_database.write(path, self.records, self.debian.rows)
