"""SBOMs: what an image holds as CycloneDX and SPDX, valid, the same each time, with the findings where there are advisories."""
import json

import pytest

import images
from oci_layout import Layout
from schemas_shared import check

SCHEMAS = {"cyclonedx": "bom-1.6.schema.json", "spdx": "spdx-schema-2.3.json"}


@pytest.fixture
def layouts(tmp_path):
    Layout(tmp_path / "none").add_image("latest", [{"app": "\x7fELF"}])
    return {"alpine": images.alpine_layout(tmp_path / "alpine"), "debian": images.tiny_layout(tmp_path / "tiny"),
            "rpm": images.rpm_layout(tmp_path / "rpm"), "none": tmp_path / "none"}


def purls(form, bill):
    if form == "cyclonedx":
        return [each["purl"] for each in bill["components"] if "purl" in each]
    return [reference["referenceLocator"] for each in bill["packages"] for reference in each.get("externalRefs", [])
            if reference["referenceType"] == "purl"]


PURLS = {
    "alpine": "pkg:apk/alpine/libcrypto1.1@1.1.1c-r0?arch=x86_64&distro=alpine-3.10.1&upstream=openssl",
    "debian": "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12&upstream=openssl",
    "rpm": "pkg:rpm/almalinux/openssl-libs@3.0.7-6.el9_2?arch=x86_64&distro=almalinux-9.2&epoch=1&upstream=openssl-3.0.7-6.el9_2.src.rpm",
}


@pytest.mark.parametrize("form", SCHEMAS)
def test_valid_and_complete(form, layouts, assay, alpine_data, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, layout in layouts.items():
        bill = json.loads(assay("sbom", "--format", form, f"oci:{layout}").stdout)
        check(SCHEMAS[form], bill)
        listed = purls(form, bill)
        assert len(set(listed)) == len(listed)
        if name in PURLS:
            assert PURLS[name] in listed
            packages = json.loads(assay("scan", "--data", alpine_data, "--list-packages", "--format", "json",
                                        f"oci:{layout}").stdout)["package_list"]
            assert len(listed) == len(packages)
        else:
            assert listed == []


def test_same_each_time(layouts, assay, monkeypatch, tmp_path):
    """The serial number follows from the content; the time is the image's, or that of SOURCE_DATE_EPOCH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first = assay("sbom", f"oci:{layouts['alpine']}").stdout
    assert assay("sbom", f"oci:{layouts['alpine']}").stdout == first
    bill = json.loads(first)
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    other = json.loads(assay("sbom", f"oci:{layouts['debian']}").stdout)
    assert other["serialNumber"] != bill["serialNumber"]
    spdx = assay("sbom", "--format", "spdx", f"oci:{layouts['alpine']}").stdout
    assert assay("sbom", "--format", "spdx", f"oci:{layouts['alpine']}").stdout == spdx


def test_findings_are_vulnerabilities(layouts, scan):
    bill = json.loads(scan("--format", "cyclonedx", f"oci:{layouts['alpine']}").stdout)
    check(SCHEMAS["cyclonedx"], bill)
    refs = {each["bom-ref"]: each for each in bill["components"]}
    found = sorted((each["id"], refs[affected["ref"]]["name"]) for each in bill["vulnerabilities"] for affected in each["affects"])
    assert found == sorted((identity, package) for identity, package, _ in images.ALPINE_FOUND)


def test_licences_as_declared(layouts, assay, monkeypatch, tmp_path):
    """One of SPDX's list is an identifier, several are an expression, others are a name."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bill = json.loads(assay("sbom", f"oci:{layouts['alpine']}").stdout)
    said = {each["name"]: each.get("licenses") for each in bill["components"]}
    assert said["musl"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    files = images.alpine_files()
    files["lib/apk/db/installed"] = images.APK_INSTALLED.replace("L:MIT", "L:MIT AND GPL-2.0-only").replace("L:OpenSSL", "L:My own")
    Layout(tmp_path / "other").add_image("latest", [files])
    for form in SCHEMAS:
        bill = json.loads(assay("sbom", "--format", form, f"oci:{tmp_path}/other").stdout)
        check(SCHEMAS[form], bill)
        if form == "cyclonedx":
            said = {each["name"]: each.get("licenses") for each in bill["components"]}
            assert said["musl"] == [{"expression": "MIT AND GPL-2.0-only"}]
            assert said["libcrypto1.1"] == [{"license": {"name": "My own", "acknowledgement": "declared"}}]
        else:
            said = {each["name"]: each.get("licenseDeclared") for each in bill["packages"]}
            assert said["musl"] == "MIT AND GPL-2.0-only" and said["libcrypto1.1"].startswith("LicenseRef-My-own-")
            assert bill["hasExtractedLicensingInfos"][0]["extractedText"] == "My own"


def test_without_advisories(layouts, assay, monkeypatch, tmp_path):
    """A list needs none, and fetches none; a policy does."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bill = json.loads(assay("scan", "--data", tmp_path / "nothing", "--format", "cyclonedx", f"oci:{layouts['alpine']}").stdout)
    assert "vulnerabilities" not in bill and len(bill["components"]) > 1
    refused = assay("scan", "--data", tmp_path / "nothing", "--offline", "--policy", "strict", "--format", "cyclonedx",
                    f"oci:{layouts['alpine']}", check=2)
    assert "there is no advisory database yet" in refused.stderr


def test_wrong_usage(assay, tmp_path):
    assert "must be one of cyclonedx" in assay("sbom", "--format", "table", tmp_path, check=2).stderr


def test_unread_is_said(assay, monkeypatch, tmp_path):
    """What could not be read is in the list, for whoever reads it must not believe that it is whole."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Layout(tmp_path / "broken").add_image("latest", [{"etc/os-release": images.ALMALINUX, "var/lib/rpm/rpmdb.sqlite": "garbage" * 1000}])
    bill = json.loads(assay("sbom", f"oci:{tmp_path}/broken").stdout)
    check(SCHEMAS["cyclonedx"], bill)
    assert bill["compositions"][0]["aggregate"] == "incomplete"
    assert {"name": "assay:unread", "value": "var/lib/rpm/rpmdb.sqlite"} in bill["metadata"]["component"]["properties"]
