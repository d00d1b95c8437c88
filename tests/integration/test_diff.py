"""`assay diff`: what is new, gone or changed between two images, and what nobody can say."""
import json

import pytest

import images
from oci_layout import Layout

OPENSSL, MUSL = "1.1.1c-r0", "1.1.22-r2"


def alpine(**versions):
    """Alpine 3.10 with other versions of `openssl` or `musl`; None: without it. `more`: files beside."""
    more = versions.pop("more", {})
    installed = images.APK_INSTALLED
    for name, old in (("openssl", OPENSSL), ("musl", MUSL)):
        version = versions.get(name, old)
        if version is None:
            installed = "\n\n".join(each for each in installed.split("\n\n") if f"o:{name}\n" not in each)
        else:
            installed = installed.replace(f"V:{old}", f"V:{version}")
    return {**images.alpine_files(), "lib/apk/db/installed": installed, **more}


@pytest.fixture
def diff(assay, alpine_data, monkeypatch, tmp_path):
    """diff(files, files, options...): of two images of one layer."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(before, after, *options, **how):
        for name, files in (("before", before), ("after", after)):
            Layout(tmp_path / name).add_image("latest", [files])
        return assay("diff", "--data", alpine_data, *options, f"oci:{tmp_path}/before", f"oci:{tmp_path}/after", **how)
    return run


def told(diff, before, after, *options):
    report = json.loads(diff(before, after, "--format", "json", *options).stdout)
    return ({(each["change"], (each.get("after") or each["before"])["id"]) for each in report["findings"]},
            {(each["change"], each["name"], *each["before"], *each["after"]) for each in report["packages"]}, report)


FIRST, SECOND, MUSLS = "CVE-2019-1547", "CVE-2019-1563", "CVE-2019-14697"


@pytest.mark.parametrize("after, findings, packages", [
    ({}, {("still", FIRST), ("still", SECOND), ("still", MUSLS)}, set()),
    ({"openssl": "1.1.1d-r0"}, {("gone", FIRST), ("gone", SECOND), ("still", MUSLS)}, {("changed", "libcrypto1.1", OPENSSL, "1.1.1d-r0")}),
    ({"openssl": "1.1.1b-r0"}, {("still", FIRST), ("still", SECOND), ("still", MUSLS)}, {("changed", "libcrypto1.1", OPENSSL, "1.1.1b-r0")}),
    ({"musl": None}, {("still", FIRST), ("still", SECOND), ("gone", MUSLS)}, {("gone", "musl", MUSL)}),
    ({"musl": "1.1.22-r1"}, {("still", FIRST), ("still", SECOND), ("still", MUSLS), ("new", "CVE-2019-00001")}, {("changed", "musl", MUSL, "1.1.22-r1")}),
])
def test_what_is_different(diff, after, findings, packages):
    found, listed, report = told(diff, alpine(), alpine(**after))
    assert (found, listed) == (findings, packages)
    counted = report["summary"]["findings"]
    assert counted == {kind: sum(each[0] == kind for each in findings) for kind in counted}
    # The other way round, what was gone is new.
    found, listed, _ = told(diff, alpine(**after), alpine())
    other = {"new": "gone", "gone": "new"}
    assert found == {(other.get(kind, kind), identity) for kind, identity in findings}
    assert {(each[0], each[1]) for each in listed} == {(other.get(each[0], each[0]), each[1]) for each in packages}


def test_unread_is_not_gone(diff):
    """A database that cannot be read may have the package."""
    broken = alpine(more={"lib/apk/db/installed": "P:musl\nno field\n"})
    found, listed, report = told(diff, alpine(), broken)
    assert {each for each in found if each[0] == "gone"} == set() and ("unknown", FIRST) in found
    assert ("unknown", "libcrypto1.1", OPENSSL) in listed and report["after"]["incomplete"]
    assert all("could not be read" in each["reason"] for each in report["findings"] if each["change"] == "unknown")
    table = diff(alpine(), broken).stdout
    assert "not known: whether" in table and "incomplete after: " in table and "0 gone" in table
    # What is not known of the first is told, too.
    _, _, report = told(diff, broken, alpine())
    assert report["before"]["incomplete"] and not report["after"]["incomplete"]
    assert "incomplete before: " in diff(broken, alpine()).stdout


def test_without_advisories_is_not_gone(diff):
    """The same packages in a release of which nothing is published here."""
    other = alpine(more={"etc/os-release": images.ALPINE.replace("3.10", "3.19"), "etc/alpine-release": "3.19.1\n"})
    found, listed, report = told(diff, alpine(), other)
    assert found == {("unknown", FIRST), ("unknown", SECOND), ("unknown", MUSLS)} and listed == set()
    assert "no advisories" in report["findings"][0]["reason"]


def test_ignored_is_not_gone(diff, tmp_path):
    (tmp_path / "ignore").write_text(f"{FIRST}\n")
    _, _, report = told(diff, alpine(), alpine(), "--ignore-file", tmp_path / "ignore")
    assert report["ignored"] == 0 and len(report["findings"]) == 2  # ignored in both
    vex = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/1", "author": "us", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
           "statements": [{"vulnerability": {"name": FIRST}, "status": "not_affected", "justification": "component_not_present",
                           "products": [{"@id": "pkg:apk/alpine/libcrypto1.1@1.1.1b-r0"}]}]}
    (tmp_path / "vex.json").write_text(json.dumps(vex))
    found, _, report = told(diff, alpine(), alpine(openssl="1.1.1b-r0"), "--vex", tmp_path / "vex.json")
    assert report["ignored"] == 1 and found == {("still", SECOND), ("still", MUSLS)}
    assert "ignored in the second" in diff(alpine(), alpine(openssl="1.1.1b-r0"), "--vex", tmp_path / "vex.json").stdout
    # Ignored in the first alone: it is new to who reads.
    found, _, _ = told(diff, alpine(openssl="1.1.1b-r0"), alpine(), "--vex", tmp_path / "vex.json")
    assert ("new", FIRST) in found


def test_exit_codes(diff):
    """Only what is new counts; what is not known, unless that is allowed. The release is past its end of life, which is as in a scan."""
    worse = alpine(musl="1.1.22-r1")
    assert diff(alpine(), worse).returncode == 0
    diff(alpine(), worse, "--exit-code", "3", "--allow-incomplete", check=3)
    diff(alpine(), alpine(), "--exit-code", "3", "--allow-incomplete", check=0)
    diff(worse, alpine(), "--exit-code", "3", "--allow-incomplete", check=0)
    diff(alpine(), worse, "--exit-code", "3", "--allow-incomplete", "--severity", "low", check=0)
    diff(alpine(), alpine(), "--exit-code", "3", check=3)


def test_forms(diff, tmp_path):
    worse = alpine(musl="1.1.22-r1", openssl=None)
    lines = [line.split() for line in diff(alpine(), worse).stdout.splitlines()]
    assert any(line[:6] == ["new", "CVE-2019-00001", "unknown", "musl", MUSL, "1.1.22-r1"] for line in lines)
    assert any(line[:6] == ["gone", FIRST, "unknown", "libcrypto1.1", OPENSSL, "-"] for line in lines)
    assert not any(line[:2] == ["still", MUSLS] for line in lines) and ["removed", "libcrypto1.1", "apk", "x86_64", OPENSSL, "-"] in lines
    assert any(line.split()[:2] == ["still", MUSLS] for line in diff(alpine(), worse, "--all").stdout.splitlines())
    diff(alpine(), worse, "--format", "markdown", "--output", tmp_path / "change.md")
    text = (tmp_path / "change.md").read_text()
    assert "| new | unknown | CVE-2019-00001 | musl | 1.1.22-r2 | 1.1.22-r1 |" in text and "- findings: 1 new, 2 gone, 0 changed, 1 still there" in text


def test_other_architectures(diff):
    """Two images of one release for two machines have the same packages."""
    arm = alpine(more={"lib/apk/db/installed": images.APK_INSTALLED.replace("A:x86_64", "A:aarch64")})
    found, listed, _ = told(diff, alpine(), arm)
    assert listed == set() and {each[0] for each in found} == {"still"}


def test_real_images(assay, bullseye, security_data):
    """An upgrade lets no package disappear, and brings nothing new."""
    report = json.loads(assay("diff", "--data", security_data("bullseye"), "--format", "json",
                              f"oci:{bullseye}:vulnerable", f"oci:{bullseye}:upgraded").stdout)
    assert {each["change"] for each in report["packages"]} <= {"changed", "new"} and report["packages"]
    counted = report["summary"]["findings"]
    assert counted["gone"] > 10 and counted["new"] == counted["unknown"] == 0


@pytest.mark.parametrize("arguments, says", [
    ([], "is missing"), (["a"], "is missing"), (["a", "b", "c"], '"c"'), (["--format", "sarif", "a", "b"], "markdown"),
    (["--severity", "bad", "a", "b"], "--severity"), (["--exit-code", "300", "a", "b"], "255"),
    (["oci:/nowhere", "oci:/nowhere"], "/nowhere"), (["--vex", "/nowhere", "a", "b"], "--vex"),
])
def test_bad_input(assay, arguments, says):
    result = assay("diff", *arguments, check=2)
    assert says in result.stderr and result.stdout == ""
