"""The feeds' own files, read a second time and not by Assay, as the advisories of Trivy's database; and images of the packages that
they speak of."""
import functools
import gzip
import json
import os
import random
import re
import subprocess
import zipfile
from pathlib import Path

from oci_layout import Layout

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared")) / "data"
CVE = re.compile(r"CVE-\d{4}-\d{4,}")
PACKAGES_MOST = 250


def advisory(platform, package, name, fixed):
    return {"platform": platform, "package": package, "id": name, "fixed_version": fixed}


# --- Debian: the changelogs of a security suite ---

def debian_advisories(changelogs, release):
    """Of each source's changelog: a CVE is fixed by the oldest entry that names it. An entry begins "source (version) suite;". Where
    the suite built a newer version again under a lower one (2.1-4~deb12u1 of 2.1-4), the first such build of it has the fix."""
    @functools.cache
    def is_above(version, newest):
        return subprocess.run(["dpkg", "--compare-versions", version, "gt", newest], check=False).returncode == 0
    found = []
    for path in sorted(changelogs.iterdir()):
        source = path.name.split("_")[0]
        entries = re.split(r"^(\S+ \([^)]+\) [^\n]*;[^\n]*)$", path.read_text(errors="replace"), flags=re.MULTILINE)
        fixed, versions = {}, []
        for head, body in zip(entries[1::2], entries[2::2]):  # newest first: older ones overwrite
            version = re.search(r"\(([^)]+)\)", head).group(1)
            versions.append(version)
            for name in CVE.findall(body):
                fixed[name] = next(one for one in reversed(versions) if not is_above(one, versions[0]))
        found += [advisory(f"debian {release}", source, name, version) for name, version in fixed.items()]
    return found


# --- Debian: the tracker's JSON ---

def tracker_advisories(path, codename, release):
    tracker = json.loads(gzip.decompress(path.read_bytes()))
    return [advisory(f"debian {release}", source, name, issue["releases"][codename]["fixed_version"])
            for source, issues in tracker.items() for name, issue in issues.items()
            if CVE.fullmatch(name) and issue["releases"].get(codename, {}).get("fixed_version") not in (None, "0")]


def alpine_advisories(path, release):
    """A CVE that several versions fix is listed with each."""
    found = []
    for package in (entry["pkg"] for entry in json.loads(path.read_text())["packages"]):
        found += [advisory(f"alpine {release}", package["name"], CVE.match(name).group(), version)
                  for version, names in package["secfixes"].items() if version != "0" for name in names if CVE.match(name)]
    return found


def alma_advisories(path, release):
    """An erratum for the CVEs that it is related to."""
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            record = json.loads(archive.read(name))
            for affected in record.get("affected", []):
                if affected["package"]["ecosystem"] != f"AlmaLinux:{release}":
                    continue
                fixed = [event["fixed"] for part in affected["ranges"] for event in part["events"] if "fixed" in event]
                found += [advisory(f"alma {release}", affected["package"]["name"], cve, version)
                          for cve in record.get("related", []) + record.get("aliases", []) if CVE.fullmatch(cve) for version in fixed]
    return found


def usual(advisories):
    """Without modules: a module's packages are matched by its label, which the file does not have."""
    return [one for one in advisories if ".module" not in one["fixed_version"]]


# --- images of packages that have advisories ---

def installed(advisories):
    """{package: version}: one of those that fix something in it, so that some of it is repaired and some is not."""
    versions = {}
    for one in advisories:
        versions.setdefault(one["package"], set()).add(one["fixed_version"])
    chosen = random.Random(7)
    names = sorted(versions)
    names = sorted(chosen.sample(names, min(len(names), PACKAGES_MOST)))
    return {name: chosen.choice(sorted(versions[name])) for name in names}


def debian_image(folder, packages):
    status = "\n".join(f"Package: {name}\nStatus: install ok installed\nMaintainer: Debian <x@lists.debian.org>\nArchitecture: amd64\n"
                       f"Version: {version}\nDescription: x\n" for name, version in packages.items())
    Layout(folder).add_image("vulnerable", [{
        "etc/os-release": 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n',
        "etc/debian_version": "11.6\n", "var/lib/dpkg/status": status}])


def alpine_image(folder, packages):
    records = "".join(f"C:Q1{number:027d}=\nP:{name}\nV:{version}\nA:x86_64\nS:1\nI:1\nT:x\nU:x\nL:x\no:{name}\n\n"
                      for number, (name, version) in enumerate(packages.items()))
    Layout(folder).add_image("vulnerable", [{
        "etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.10.0\nPRETTY_NAME="Alpine Linux v3.10"\n',
        "etc/alpine-release": "3.10.0\n", "lib/apk/db/installed": records}])


def alma_image(folder, packages, work):
    """rpmbuild makes all of them, as parts of one source, and rpm installs them."""
    work.mkdir(parents=True)
    parts, owned = [], []
    for name, version in packages.items():
        epoch, _, rest = version.rpartition(":")
        number, _, build = rest.rpartition("-")
        parts.append(f"%package -n {name}\nSummary: x\nEpoch: {epoch or 0}\nVersion: {number}\nRelease: {build}\n%description -n {name}\nx\n")
        owned.append(f"%files -n {name}\n")
    (work / "spec").write_text("Name: all\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nVendor: AlmaLinux\n%description\nx\n" +
                               "".join(parts + owned))
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["rpmbuild", "-bb", "--target", "x86_64", "--define", f"_topdir {work}", "--define", "debug_package %{nil}",
                    str(work / "spec")], **quiet)
    subprocess.run(["rpm", "--dbpath", str(work / "db"), "--define", "_db_backend sqlite", "--install", "--justdb", "--nodeps", "--ignorearch",
                    "--ignoreos", "--nosignature", "--force", *map(str, sorted((work / "RPMS").rglob("*.rpm")))], **quiet)
    subprocess.run(["sqlite3", str(work / "db/rpmdb.sqlite"), "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;"], **quiet)
    Layout(folder).add_image("vulnerable", [{
        "etc/os-release": 'NAME="AlmaLinux"\nVERSION_ID="9.2"\nID="almalinux"\nPRETTY_NAME="AlmaLinux 9.2"\n',
        "etc/redhat-release": "AlmaLinux release 9.2 (Turquoise Kodkod)\n",
        "var/lib/rpm/rpmdb.sqlite": (work / "db/rpmdb.sqlite").read_bytes()}])
