"""SBOMs as what is scanned: those of Assay give the findings of the image, those of others what other scanners read in them."""
import csv
import json
import urllib.parse

import pytest

import images
from assay_server import SHARED, findings_of
from oci_layout import Layout

FIXTURES = SHARED.parent / "fixtures"


def packages_of(report):
    return sorted((each["type"], each["name"], each["version"], each.get("architecture"), each["source_name"], each["source_version"],
                   each.get("module"), each.get("vendor")) for each in report["package_list"])


def told(report):
    """All that a finding says, except where the file lies."""
    return sorted(json.dumps({key: value for key, value in each.items() if key not in ("layer", "location")}, sort_keys=True)
                  for each in report["findings"])


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_round_trip(form, scan, assay, tmp_path):
    layouts = {"alpine": images.alpine_layout(tmp_path / "alpine"), "debian": images.tiny_layout(tmp_path / "tiny"),
               "rpm": images.rpm_layout(tmp_path / "rpm")}
    for name, layout in layouts.items():
        assay("sbom", "--format", form, "--output", tmp_path / f"{name}.json", f"oci:{layout}")
        direct = json.loads(scan("--format", "json", "--list-packages", f"oci:{layout}").stdout)
        again = json.loads(scan("--format", "json", "--list-packages", f"sbom:{tmp_path}/{name}.json").stdout)
        assert packages_of(again) == packages_of(direct), name
        assert again["os"] == direct["os"], name
        assert told(again) == told(direct), name
        assert again["incomplete"] == direct["incomplete"], name
        assert [each["layer"] for each in direct["package_list"]]


def bill_of(assay, target):
    """What an SBOM says of the parts, without the layers, which a list has none of."""
    said = []
    for each in json.loads(assay("sbom", target).stdout)["components"]:
        each["properties"] = [one for one in each.get("properties", []) if one["name"] != "assay:layer"]
        said.append(each)
    return said


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_applications_come_back(form, assay, tmp_path):
    """What applications bring has the same names, licences and places, and what is declared stays so."""
    files = {**images.tiny_files(), "srv/node_modules/@a/b/package.json": json.dumps({"name": "@a/b", "version": "1.0.0", "license": "MIT"}),
             "srv/node_modules/c/package.json": json.dumps({"name": "c", "version": "2.0.0", "license": "My own"}),
             "usr/lib/python3/dist-packages/x.dist-info/METADATA": "Name: X_y\nVersion: 1\n\n",
             "srv/Cargo.lock": '[[package]]\nname = "serde"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n'}
    Layout(tmp_path / "image").add_image("latest", [files])
    assay("sbom", "--format", form, "--output", tmp_path / "list", f"oci:{tmp_path}/image")
    direct = bill_of(assay, f"oci:{tmp_path}/image")
    assert {"pkg:npm/%40a/b@1.0.0", "pkg:npm/c@2.0.0", "pkg:pypi/x-y@1", "pkg:cargo/serde@1.0.0"} <= {each.get("purl") for each in direct}
    assert bill_of(assay, f"sbom:{tmp_path}/list") == direct


def test_findings_come_back(scan, assay, tmp_path):
    """The list with findings gives them, too, and a target needs no transport where its text is plain."""
    layout = images.alpine_layout(tmp_path / "alpine")
    (tmp_path / "list").write_text(scan("--format", "cyclonedx", f"oci:{layout}").stdout)
    assert findings_of(scan("--format", "json", tmp_path / "list")) == images.ALPINE_FOUND


def test_what_is_missing_comes_back(scan, assay, tmp_path):
    Layout(tmp_path / "broken").add_image("latest", [{"etc/os-release": images.ALMALINUX, "var/lib/rpm/rpmdb.sqlite": "garbage" * 1000}])
    for form in ("cyclonedx", "spdx"):
        assay("sbom", "--format", form, "--output", tmp_path / "list.json", f"oci:{tmp_path}/broken")
        report = json.loads(scan("--format", "json", f"sbom:{tmp_path}/list.json").stdout)
        assert any("could not be read whole" in each for each in report["incomplete"]), report
        assert any("var/lib/rpm/rpmdb.sqlite" in each for each in report["notes"]), report


def test_broken_targets(scan, tmp_path):
    for text in ("{}", "{", "<bom", "SPDXVersion", ""):
        (tmp_path / "list.json").write_text(text)
        report = json.loads(scan("--format", "json", f"sbom:{tmp_path}/list.json").stdout)
        assert report["incomplete"], text
    assert "No such file" in scan(f"sbom:{tmp_path}/none", check=2).stderr
    assert "not a file" in scan(f"sbom:{tmp_path}", check=2).stderr


def listed(assay, path):
    bill = json.loads(assay("sbom", f"sbom:{path}").stdout)
    return [each for each in bill["components"] if "purl" in each]


def normal(purl):
    """Type, name, version: without what is known of the distribution, and without the v that is no part of a version."""
    base = urllib.parse.unquote(purl.split("?")[0]).removeprefix("pkg:")
    name, _, version = base.rpartition("@")
    kind = name.split("/")[0]
    version = version.split(":")[-1] if kind in ("deb", "rpm") else version
    return name.lower(), version.removeprefix("v") if kind in ("composer", "golang") else version


def test_package_urls_of_others(assay, tmp_path):
    """Exactly the package URLs with a version."""
    if not (FIXTURES / "sbom-in").is_dir():
        pytest.skip(f"{FIXTURES} is not there")
    rows = [line.split("\t") for line in (FIXTURES / "sbom-in/purls.tsv").read_text().splitlines()]
    for path in sorted((FIXTURES / "sbom-in").glob("*.json")):
        expected = sorted(normal(purl) for file, purl in rows if file.endswith(path.name) and "@" in purl.split("/", 1)[-1][1:])
        assert sorted(normal(each["purl"]) for each in listed(assay, path)) == expected, path.name


def test_names_of_others(assay, tmp_path):
    """Exactly the packages that another scanner finds in CycloneDX and SPDX. RDF is not read."""
    if not (FIXTURES / "expected.tsv").is_file():
        pytest.skip(f"{FIXTURES} is not there")
    expected = {}
    with open(FIXTURES / "expected.tsv", encoding="utf-8") as table:
        for path, name, version in csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            if path.startswith(("sbom-cyclonedx/", "sbom-spdx/")) and not path.endswith(".rdf"):
                expected.setdefault(path, []).append((name, version))
    assert len(expected) > 5
    for path, rows in expected.items():
        assert sorted((each["name"], each["version"]) for each in listed(assay, FIXTURES / path)) == sorted(rows), path


def test_found_in_an_image(scan, assay, tmp_path):
    """What an SBOM in an image names is declared, and no package of a distribution."""
    bill = {"bomFormat": "CycloneDX", "components": [
        {"name": "left-pad", "purl": "pkg:npm/left-pad@1.3.0"}, {"name": "zlib", "purl": "pkg:deb/debian/zlib@9?distro=debian-99"}]}
    Layout(tmp_path / "image").add_image("latest", [{**images.tiny_files(), "srv/app.cdx.json": json.dumps(bill)}])
    made = json.loads(assay("sbom", f"oci:{tmp_path}/image").stdout)
    found = [each for each in made["components"] if each["name"] == "left-pad"]
    assert len(found) == 1 and found[0]["evidence"]["occurrences"] == [{"location": "srv/app.cdx.json"}]
    assert {"name": "assay:declared", "value": "true"} in found[0]["properties"]
    assert not any(each.get("version") == "9" for each in made["components"])
