"""assay scan says what the distributions' own data say: apt's own judgement for Debian, rpm's own comparison for RPM."""
import json
import os
import re
import subprocess
import zipfile

import pytest

import debian_image
import images
from assay_server import SHARED, findings_of
from images import ALMALINUX
from oci_layout import Layout, tar_of


def apt_upgrades(suite, root, work):
    """{source package: version} that `apt-get -s dist-upgrade` would bring from the security suite into the root."""
    archive, security = debian_image.mirrors()
    for folder in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d", "etc/apt.conf.d"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    sources = work / "sources.list"
    sources.write_text(f"deb {archive} {suite} main\ndeb {security} {suite}-security main\n")
    settings = {"Dir::Etc": work / "etc", "Dir::Etc::SourceList": sources, "Dir::Etc::SourceParts": "/dev/null",
                "Dir::State": work / "state", "Dir::State::status": f"{root}/var/lib/dpkg/status",
                "Dir::Cache": work / "cache", "Dir::Etc::TrustedParts": "/usr/share/keyrings", "Debug::NoLocking": "1"}
    configuration = work / "apt.conf"
    configuration.write_text("\n".join([f'{name} "{value}";' for name, value in settings.items()] +
                                       debian_image.apt_settings()) + "\n")

    def apt(*arguments):
        return subprocess.run(arguments, check=True, capture_output=True, text=True,
                              env={**os.environ, "APT_CONFIG": str(configuration)}).stdout
    apt("apt-get", "-qq", "update")
    plan = apt("apt-get", "-s", "dist-upgrade")
    lines = re.findall(r"^Inst (\S+) \[(\S+)\] \((\S+) ([^)]*)\)", plan, re.MULTILINE)
    upgrades = {}
    for package, _, version, origin in lines:
        assert "Security" in origin, f"{package} comes from {origin}"
        shown = apt("apt-cache", "show", f"{package}={version}")
        source = re.search(r"^Source: (\S+)(?: \((\S+)\))?", shown, re.MULTILINE)
        upgrades[source.group(1) if source else package] = source.group(2) if source and source.group(2) else version
    return upgrades


@pytest.mark.parametrize("suite", ["bullseye", "bookworm"])
def test_fixable_is_what_apt_would_upgrade(suite, assay, security_data, tmp_path):
    data, root = security_data(suite), images.debian_rootfs(suite)
    expected = apt_upgrades(suite, root, tmp_path / "apt")
    for target in (f"oci:{images.debian_layout(suite)}:vulnerable", f"rootfs:{root}"):
        report = json.loads(assay("scan", "--data", data, "--no-cache", "--format", "json", target).stdout)
        fixable = {found["source_package"] for found in report["findings"] if found.get("fixed_version")}
        assert fixable == set(expected), f"{target}: {sorted(fixable ^ set(expected))}"
        # Nothing asks for more than the suite has.
        for found in report["findings"]:
            if found.get("fixed_version"):
                newest = expected[found["source_package"]]
                assert subprocess.run(["dpkg", "--compare-versions", found["fixed_version"], "le", newest]).returncode == 0, \
                    (found["id"], found["fixed_version"], newest)
    assert expected, f"the image of {suite} has nothing to upgrade: this test compares nothing"
    upgraded = assay("scan", "--data", data, "--format", "json", f"oci:{images.debian_layout(suite)}:upgraded")
    assert [found for found in json.loads(upgraded.stdout)["findings"] if found.get("fixed_version")] == []


# --- Alpine: the secdb's own rule, on versions simple enough to be compared by hand ---

def alpine_key(version):
    number, _, revision = version.partition("-r")
    parts = re.fullmatch(r"([0-9.]+)([a-z]?)", number)
    return [int(part) for part in parts.group(1).split(".")], parts.group(2), int(revision or 0)


@pytest.mark.skipif(not (SHARED / "alpine-secdb/v3.10").is_dir(), reason="the real data is not here")
def test_alpine(assay, tmp_path):
    layout = images.alpine_layout(tmp_path / "alpine")
    assay("db", "import", "--data", tmp_path / "data", "--type", "alpine-secdb", SHARED / "alpine-secdb/v3.10")
    installed = {}
    for stanza in images.APK_INSTALLED.strip().split("\n\n"):
        fields = dict(line.split(":", 1) for line in stanza.split("\n") if line[1] == ":")
        installed[fields["P"]] = (fields["o"], fields["V"])
    expected = set()
    for path in (SHARED / "alpine-secdb/v3.10").glob("*.json"):
        for entry in json.loads(path.read_text())["packages"]:
            for name, (origin, version) in installed.items():
                if entry["pkg"]["name"] != origin:
                    continue
                for fixed, ids in entry["pkg"]["secfixes"].items():
                    if fixed != "0" and alpine_key(version) < alpine_key(fixed):
                        expected |= {(cve.split(" ")[0], name) for cve in ids}
    found = findings_of(assay("scan", "--data", tmp_path / "data", "--format", "json", f"oci:{layout}"))
    assert {(id, package) for id, package, _ in found} == expected and expected


# --- RPM: the records of AlmaLinux, compared by rpm itself ---

ROCKY = ALMALINUX.replace("AlmaLinux", "Rocky Linux").replace("almalinux", "rocky")
ROCKY_PACKAGES = [("openssl-libs", 1, "3.0.1", "20.el9", "openssl"), ("zlib", 0, "1.2.11", "39.el9", "zlib"),
                  ("nodejs", 1, "18.12.1", "1.module+el9.1.0+1+aaaa", "nodejs", "nodejs:18:9010020221202:rhel9:x86_64")]


def rocky_record(number, package, fixed, summary="Important: security update"):
    """As published: the name is that of a source package."""
    return {"id": f"RLSA-2023:{number}", "summary": summary, "upstream": [f"CVE-2023-{number}"], "details": f"text of {number}",
            "references": [{"type": "ADVISORY", "url": f"https://errata.rockylinux.org/RLSA-2023:{number}"}],
            "affected": [{"package": {"ecosystem": "Rocky Linux:9", "name": package},
                          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]}


ROCKY_RECORDS = [
    (rocky_record(1001, "openssl", "1:3.0.7-6.el9_2"), "openssl-libs"),
    (rocky_record(1002, "openssl", "1:3.0.1-20.el9"), None),
    (rocky_record(1003, "openssl-libs", "1:3.0.7-6.el9_2"), None),  # no source package has this name
    (rocky_record(1005, "nodejs", "1:18.14.2-2.module+el9.2.0+2+bbbb", "Important: nodejs:18 security update"), "nodejs"),
    (rocky_record(1006, "nodejs", "1:20.1.0-1.module+el9.2.0+2+cccc", "Important: nodejs:20 security update"), None),
    (rocky_record(1007, "nodejs", "1:22.1.0-1.el9"), None),  # not of a module: another package
    (rocky_record(1008, "zlib", "0:1.3.0-1.module+el9.2.0+2+dddd", "Important: zlib:1.3 security update"), None),
]


def test_rpm_by_source_and_module(assay, tmp_path):
    layout = images.rpm_layout(tmp_path / "rpm", packages=ROCKY_PACKAGES, os_release=ROCKY)
    for record, _ in ROCKY_RECORDS:
        (tmp_path / f"{record['id']}.json").write_text(json.dumps(record))
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", tmp_path)
    report = json.loads(assay("scan", "--data", tmp_path / "data", "--format", "json", f"oci:{layout}").stdout)
    found = {(each["id"], each["package"]) for each in report["findings"]}
    assert found == {(record["upstream"][0], package) for record, package in ROCKY_RECORDS if package}
    finding = next(each for each in report["findings"] if each["id"] == "CVE-2023-1001")
    assert (finding["severity"], finding["vendor_id"], finding["description"], finding["references"]) == \
        ("high", "RLSA-2023:1001", "text of 1001", ["https://errata.rockylinux.org/RLSA-2023:1001"])


def test_service_packs_of_openeuler(assay, tmp_path):
    """VERSION_ID is the same for all of them; their advisories are not."""
    os_release = 'NAME="openEuler"\nVERSION="22.03 (LTS-SP1)"\nID="openEuler"\nVERSION_ID="22.03"\n' \
                 'PRETTY_NAME="openEuler 22.03 (LTS-SP1)"\n'
    layout = images.rpm_layout(tmp_path / "rpm", packages=[("openssl-libs", 1, "1.1.1m", "15.oe2203sp1", "openssl")],
                               os_release=os_release)
    for number, pack in ((1, "-SP1"), (2, "-SP2"), (3, "")):
        record = {"id": f"OESA-2023-100{number}", "upstream": [f"CVE-2023-000{number}"],
                  "affected": [{"package": {"ecosystem": f"openEuler:22.03-LTS{pack}", "name": "openssl"},
                                "ranges": [{"type": "ECOSYSTEM", "events": [
                                    {"introduced": "0"}, {"fixed": "1.1.1m-16.oe2203sp1"}]}]}]}
        (tmp_path / f"{number}.json").write_text(json.dumps(record))
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", tmp_path)
    report = json.loads(assay("scan", "--data", tmp_path / "data", "--format", "json", f"oci:{layout}").stdout)
    assert [(found["id"], found["package"]) for found in report["findings"]] == [("CVE-2023-0001", "openssl-libs")]
    assert not any("no advisories" in note for note in report["notes"])


UBUNTU = 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n'
CHISELLED = {"base-files": "13ubuntu10.1", "libc6": "2.39-0ubuntu8.3", "libgcc-s1": "14.2.0-4ubuntu2~24.04",
             "libssl3t64": "3.0.13-0ubuntu3.4", "openjdk-21-jre-headless": "21.0.4+7-1ubuntu2~24.04", "perl-base": "5.38.2-3.2build2"}


def chiselled(folder, packages):
    lines = [{"kind": "package", "name": name, "version": version, "sha256": "00", "arch": "amd64"}
             for name, version in packages.items()]
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n"
                   for line in [{"jsonwall": "1.0", "schema": "1.0", "count": len(lines) + 1}, *lines])
    wall = subprocess.run(["zstd", "-q", "-c"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    Layout(folder).add_image("latest", [tar_of({"etc/os-release": UBUNTU, "var/lib/chisel/manifest.wall": wall})], None)
    return f"oci:{folder}"


def test_chiselled_ubuntu(assay, tmp_path):
    """Statements name sources; chisel's manifest names packages alone."""
    fixes = [("openssl", "3.0.13-0ubuntu3.5"), ("glibc", "2.39-0ubuntu8.4"), ("perl", "5.38.2-3.2ubuntu0.1"),
             ("openjdk-21", "21.0.5+11-1ubuntu1~24.04"), ("gcc-14", "14.2.0-4ubuntu2~24.04")]
    for number, (source, fixed) in enumerate(fixes):
        record = {"id": f"UBUNTU-CVE-2024-100{number}", "modified": "2024-01-01T00:00:00Z", "upstream": [f"CVE-2024-100{number}"],
                  "affected": [{"package": {"ecosystem": "Ubuntu:24.04:LTS", "name": source},
                                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]}
        (tmp_path / f"{number}.json").write_text(json.dumps(record))
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", tmp_path)

    def scan(target):
        return json.loads(assay("scan", "--data", tmp_path / "data", "--format", "json", target).stdout)

    report = scan(chiselled(tmp_path / "known", CHISELLED))
    assert {(found["id"], found["package"]) for found in report["findings"]} == {
        ("CVE-2024-1000", "libssl3t64"), ("CVE-2024-1001", "libc6"), ("CVE-2024-1002", "perl-base"),
        ("CVE-2024-1003", "openjdk-21-jre-headless")}
    assert not any("source" in note for note in report["notes"]), report["notes"]
    report = scan(chiselled(tmp_path / "unknown", CHISELLED | {"dotnet-runtime-8.0": "8.0.10-0ubuntu1~24.04.1"}))
    assert len(report["findings"]) == 4 and report["packages"] == 7
    assert any("dotnet-runtime-8.0" in note for note in report["notes"]), report["notes"]


def rpm_compare(a, b):
    return int(subprocess.run(["rpm", "--eval", f"%{{lua:print(rpm.vercmp('{a}', '{b}'))}}"], check=True,
                              capture_output=True, text=True).stdout)


@pytest.mark.skipif(not (SHARED / "osv/AlmaLinux.zip").is_file(), reason="the real data is not here")
def test_rpm(assay, tmp_path):
    layout = images.rpm_layout(tmp_path / "rpm")
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", SHARED / "osv/AlmaLinux.zip")
    installed = {name: f"{epoch}:{version}-{release}" for name, epoch, version, release, _ in images.RPM_PACKAGES}
    expected = set()
    with zipfile.ZipFile(SHARED / "osv/AlmaLinux.zip") as records:
        for name in records.namelist():
            record = json.loads(records.read(name))
            for affected in record.get("affected", []):
                package = affected["package"]
                if package["ecosystem"] != "AlmaLinux:9" or package["name"] not in installed:
                    continue
                version = installed[package["name"]]
                for events in (each["events"] for each in affected["ranges"]):
                    fixed = next((event["fixed"] for event in events if "fixed" in event), None)
                    fixed = fixed if fixed is None or ":" in fixed else f"0:{fixed}"
                    if fixed and rpm_compare(version, fixed) < 0:
                        ids = [id for id in record.get("related", []) + record.get("aliases", []) if id.startswith("CVE-")]
                        # An erratum for bugs (ALBA, ALEA) is a finding only when it names a vulnerability.
                        own = [record["id"]] if record["id"].startswith("ALSA-") else []
                        expected |= {(id, package["name"]) for id in ids or own}
    report = json.loads(assay("scan", "--data", tmp_path / "data", "--format", "json", f"oci:{layout}").stdout)
    assert report["packages"] == len(installed)
    assert {(found["id"], found["package"]) for found in report["findings"]} == expected and expected
