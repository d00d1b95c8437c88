"""What Assay and its peers list of one target and find in it, in one form. Packages: {(type, name, version)}, as their package URLs say it.
Findings: {(package, vulnerability): what else is known of it}, where a vulnerability is called as each program calls it."""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import urllib.parse

# Types of package URLs that one program or another gives to what is no package.
NO_PACKAGES = {"oci", "docker", "github"}


class Absent(Exception):
    """The program is not on this machine."""


def program(name):
    path = shutil.which(name)
    if path is None:
        raise Absent(name)
    return path


def parts_of(purl):
    """(type, namespace/name, version); None for what is no package. An epoch among the qualifiers is part of the version, the others
    and sub-paths are left out."""
    found = re.fullmatch(r"pkg:([^/]+)/([^?#]*?)(?:@([^?#]*))?(?:\?([^#]*))?(?:#.*)?", purl)
    if not found or found.group(1) in NO_PACKAGES:
        return None
    kind, name, version, qualifiers = (urllib.parse.unquote(part or "") for part in found.groups())
    epoch = dict(urllib.parse.parse_qsl(qualifiers)).get("epoch")
    version = f"{epoch}:{version}" if epoch and epoch != "0" else version
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name).lower()
    return kind, name, version


def package_of(purl, name):
    """The same, with the name in the letters that the program says where package URLs have small ones, but the ecosystem knows both."""
    kind, plain, version = parts_of(purl)
    return kind, name if kind in ("golang", "npm") else plain, version


def packages_of(components):
    """Of a list of CycloneDX, with the parts of parts."""
    found = set()
    for component in components:
        one = parts_of(component.get("purl", ""))
        if one:
            found.add(one)
        found |= packages_of(component.get("components", []))
    return found


class Program:
    """A scanner. KINDS: those of targets that it takes, with its words for them."""

    name, KINDS = "", {}

    def __init__(self, work):
        self.work, self.path = work, program(self.name)
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(work / "cache")}

    def run(self, *words, codes=(0,)):
        done = subprocess.run([self.path, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        if done.returncode not in codes:
            raise RuntimeError(f"{self.name}: {done.stderr.decode(errors='replace')[-500:]}")
        return done.stdout

    def takes(self, target):
        return target.partition(":")[0] in self.KINDS

    def list(self, target):
        return packages_of(json.loads(self.run(*self.words(target))).get("components", []))


class Assay(Program):
    name = "assay"

    def __init__(self, work, path):
        self.work, self.path, self.environment = work, str(path), {**os.environ, "XDG_CACHE_HOME": str(work / "cache")}

    def words(self, target):
        return ["sbom", "--quiet", "--no-cache", "--config", "/dev/null", target]

    def sbom(self, target, kind):
        return self.run("sbom", "--quiet", "--config", "/dev/null", "--format", kind, target)

    def scan(self, target, *options):
        return json.loads(self.run("scan", "--quiet", "--no-cache", "--config", "/dev/null", "--db", self.database, "--format", "json",
                                   *options, target))

    @staticmethod
    def named(kind, name, version):
        return kind, name.replace(":", "/") if kind == "maven" else f"debian/{name}" if kind == "deb" else name, version

    def findings(self, target):
        return {(self.named(one["package_type"], one["package"], one["installed_version"]), one["id"]): one for one in self.scan(target)["findings"]}

    def not_linked(self, target):
        """[(package, vulnerability)] that it rules out because no program has the functions of Go."""
        return [(self.named("golang", one["package"], one["installed_version"]), one["id"]) for one in self.scan(target).get("not_affected", [])
                if one["reason"].startswith("not linked: ")]

    def packages(self, target):
        """As it calls them in findings."""
        return {self.named(one["type"], one["name"], one["version"]) for one in self.scan(target, "--list-packages")["package_list"]}


class Trivy(Program):
    """Without a database of Java's archives it lists none; it gets an empty one, so that it reads what the archives say."""

    name = "trivy"
    KINDS = {"oci": ["image", "--input"], "rootfs": ["rootfs"], "sbom": ["sbom"]}

    def __init__(self, work):
        super().__init__(work)
        folder = work / "trivy/java-db"
        folder.mkdir(parents=True)
        with sqlite3.connect(folder / "trivy-java.db") as database:
            database.execute("CREATE TABLE artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)")
            database.execute("CREATE TABLE indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)")
        (folder / "metadata.json").write_text(json.dumps({
            "Version": 1, "NextUpdate": "2999-01-01T00:00:00Z", "UpdatedAt": "2026-01-01T00:00:00Z", "DownloadedAt": "2026-01-01T00:00:00Z"}))
        self.environment["TRIVY_CACHE_DIR"] = str(work / "trivy")

    def words(self, target, *options):
        kind, _, path = target.partition(":")
        words = ["fs"] if kind == "rootfs" and not os.path.isdir(f"{path}/usr") else self.KINDS[kind]
        return [words[0], "--quiet", "--disable-telemetry", "--skip-version-check", "--offline-scan", "--skip-java-db-update",
                *(options or ("--format", "cyclonedx")), *words[1:], path]

    def findings(self, target):
        answer = json.loads(self.run(*self.words(target, "--scanners", "vuln", "--skip-db-update", "--format", "json")))
        return {(package_of(one["PkgIdentifier"]["PURL"], one["PkgName"]), one["VulnerabilityID"]): one
                for result in answer.get("Results", []) for one in result.get("Vulnerabilities", [])}


class Syft(Program):
    name = "syft"
    KINDS = {"oci": "oci-dir", "rootfs": "dir", "sbom": "file"}

    def words(self, target):
        kind, _, path = target.partition(":")
        path = path.rpartition(":")[0] if kind == "oci" else path
        if kind == "sbom":
            return ["convert", path, "--output", "cyclonedx-json"]
        return ["scan", "--quiet", f"{self.KINDS[kind]}:{path}", "--output", "cyclonedx-json"]


class Grype(Program):
    name = "grype"
    KINDS = {"oci": "oci-dir", "rootfs": "dir", "sbom": "sbom"}

    def __init__(self, work):
        super().__init__(work)
        self.environment |= {"GRYPE_DB_CACHE_DIR": str(work / "grype"), "GRYPE_DB_AUTO_UPDATE": "false", "GRYPE_DB_VALIDATE_AGE": "false",
                             "GRYPE_CHECK_FOR_APP_UPDATE": "false"}

    def take(self, database):
        self.run("db", "import", database)

    def words(self, target, form="cyclonedx-json"):
        kind, _, path = target.partition(":")
        path = path.rpartition(":")[0] if kind == "oci" else path
        return [f"{self.KINDS[kind]}:{path}", "--quiet", "--output", form]

    def findings(self, target):
        answer = json.loads(self.run(*self.words(target, "json")))
        return {(package_of(one["artifact"]["purl"], one["artifact"]["name"]), one["vulnerability"]["id"]): one for one in answer["matches"]}


class OsvScanner(Program):
    """It takes folders and SBOMs here; of its images it wants archives of docker."""

    name, KINDS = "osv-scanner", {"rootfs": "--recursive", "sbom": "--sbom"}
    TYPES = {"npm": "npm", "PyPI": "pypi", "Go": "golang", "Maven": "maven", "crates.io": "cargo", "RubyGems": "gem", "Packagist": "composer",
             "Debian": "deb", "NuGet": "nuget"}

    def list(self, target):
        kind, _, path = target.partition(":")
        answer = self.run("scan", "source", "--no-ignore", self.KINDS[kind], path, "--format", "json", "--all-packages", "--offline-vulnerabilities",
                          codes=(0, 1, 127, 128))
        found = set()
        for result in json.loads(answer or "{}").get("results", []):
            for entry in result["packages"]:
                one = entry["package"]
                kind = self.TYPES.get(one["ecosystem"].split(":")[0], one["ecosystem"])
                found.add((kind, one["name"].replace(":", "/") if kind == "maven" else one["name"], one["version"]))
        return found
