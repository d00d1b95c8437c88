"""Advisories of Debian for Assay and its peers, and what dpkg says of them: the changelogs of the security suite of the images' release, and where
it is, Debian's tracker of an older one. Of that there is an image of its own, whose packages have the versions of the fixes and their neighbours."""
import collections
import gzip
import json
import random
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "bench"), str(ROOT / "scripts"), str(ROOT / "tests/integration")]  # which have an images.py as well
import debian_image  # noqa: E402
import images  # noqa: E402
import trivy_feeds  # noqa: E402

SUITE, RELEASE = "bookworm-security", "12"
TRACKER, CODENAME, OLDER = "debian/tracker-dsa-dla-2023-04.json.gz", "bullseye", "11"
STATUS, VERSION = "var/lib/dpkg/status", "etc/debian_version"
# Before it, in an older suite, built again, in the suite, newer, with an epoch, with a letter: what dpkg orders in ways of its own.
NEIGHBOURS = ("{}", "{}~rc1", "{}~bpo11+1", "{}+b1", "{}+deb11u9", "{}.1", "9:{}", "{}a")


def source_of(paragraph):
    """(source, its version) of a paragraph of dpkg's status."""
    name, _, version = paragraph.get("Source", paragraph["Package"]).partition(" ")
    return name, version.strip("()") or paragraph["Version"]


def paragraphs_of(text):
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(" "))
        if fields.get("Status", "").endswith(" installed"):
            yield fields


def files_of(target, wanted):
    """{path: text} of the wanted files of a target."""
    return {path: read().decode(errors="replace") for path, _, read in images.unpacked(target) if path in wanted}


class Distribution:
    """@folder keeps what the mirror has. @left_out: names that Assay does not get of the tracker."""

    def __init__(self, assay, folder, shared, left_out):
        self.folder, self.tracker, self.left_out = folder / "suite", shared / TRACKER, left_out
        if not (self.folder / "advisories.db").is_file():
            assay.run("db", "import", "--config", "/dev/null", "--data", self.folder, "--type", "debian-repo",
                      "--url", debian_image.mirrors()[1], "--suite", SUITE)
        self.rows = trivy_feeds.debian_advisories(self.folder / f"feeds/{SUITE}/changelogs", RELEASE)
        self.of_tracker = trivy_feeds.tracker_advisories(self.tracker, CODENAME, OLDER) if self.tracker.is_file() else []
        self.rows += self.of_tracker
        self.by_source = collections.defaultdict(list)
        for one in self.rows:
            self.by_source[one["platform"], one["package"]].append(one)
        self.sources, self.platform = {}, None

    def for_assay(self, assay, data):
        """The feeds as they are, in a folder of its own."""
        shutil.copytree(self.folder, data)
        if not self.of_tracker:
            return
        told = json.loads(gzip.decompress(self.tracker.read_bytes()))
        path = data.parent / "tracker.json"
        path.write_text(json.dumps({source: {name: issue for name, issue in issues.items() if name not in self.left_out}
                                    for source, issues in told.items()}))
        assay.run("db", "import", "--config", "/dev/null", "--data", data, "--type", "debian-tracker", "--name", "debian", path)

    def make(self, folder):
        """The target at the edges of the tracker's fixes; None without it."""
        if not self.of_tracker:
            return None
        chance, packages = random.Random(11), trivy_feeds.installed(self.of_tracker)
        trivy_feeds.debian_image(folder, {name: chance.choice(NEIGHBOURS[:6] if ":" in fixed else NEIGHBOURS).format(fixed)
                                          for name, fixed in packages.items()})
        return f"oci:{folder}:vulnerable"

    def look_at(self, target):
        """Takes the sources of the target's packages from dpkg's own files in it."""
        files = files_of(target, {STATUS, VERSION})
        self.platform = f"debian {files.get(VERSION, '').strip().split('.')[0]}"
        self.sources = {(f"debian/{one['Package']}", one["Version"]): source_of(one) for one in paragraphs_of(files.get(STATUS, ""))}

    def affected(self, name, version, vulnerability, names):
        """(version of the source, what the advisories of the vulnerability say of it, in OSV's form)."""
        source, built = self.sources.get((name, version), (None, version))
        fixes = [one["fixed_version"] for one in self.by_source[self.platform, source] if names.root(one["id"]) == vulnerability]
        if vulnerability.startswith(f"{SUITE}/{source}/"):  # an update, with its version
            fixes.append(vulnerability.rpartition("/")[2])
        return built, [{"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": version}]}]} for version in fixes]
