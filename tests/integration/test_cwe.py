"""The kinds of weakness that a vulnerability comes of, from the sources' records to every report that has a place for them."""
import json

import pytest

from oci_layout import Layout
from test_applications import APP, BASE, record

VULNERABILITY = "CVE-2024-0003"


@pytest.fixture
def image(assay, tmp_path, monkeypatch):
    """An image of which two feeds speak, and the options that scan it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Layout(tmp_path / "image")
    made.add_image("latest", [BASE, APP])
    first = record(3, "npm", "lodash", "4.17.21") | {"database_specific": {"cwe_ids": ["CWE-79", "CWE-1333"], "severity": "HIGH"}}
    second = first | {"id": "OTHER-1", "database_specific": {"cwe_ids": ["CWE-20", "CWE-79", "NVD-CWE-noinfo"]}}
    for name, each in (("a", first), ("b", second)):
        (tmp_path / f"{name}.json").write_text(json.dumps(each))
        assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", name, tmp_path / f"{name}.json")
    return "--data", tmp_path / "data", f"oci:{made.folder}:latest"


def test_in_reports(assay, image):
    def report(form):
        return json.loads(assay("scan", "--format", form, *image, check=None).stdout)
    finding, = [each for each in report("json")["findings"] if each["id"] == VULNERABILITY]
    assert finding["cwe_ids"] == ["CWE-79", "CWE-1333", "CWE-20"]
    rule, = [each for each in report("sarif")["runs"][0]["tool"]["driver"]["rules"] if each["id"] == VULNERABILITY]
    assert {"external/cwe/cwe-079", "external/cwe/cwe-1333", "external/cwe/cwe-020"} < set(rule["properties"]["tags"])
    told, = [each for each in report("cyclonedx")["vulnerabilities"] if each["id"] == VULNERABILITY]
    assert told["cwes"] == [79, 1333, 20]


def test_explained(assay, image):
    *options, target = image
    explained = json.loads(assay("explain", "--format", "json", *options, target, VULNERABILITY).stdout)
    assert explained["vulnerability"]["cwe_ids"] == ["CWE-79", "CWE-1333", "CWE-20"]
    assert "weakness: CWE-79, CWE-1333, CWE-20\n" in assay("explain", *options, target, VULNERABILITY).stdout


def test_where_none_is_told(assay, image):
    """A vulnerability without one has no empty list."""
    *_, target = image
    folder = image[1].parent
    (folder / "none.json").write_text(json.dumps(record(3, "npm", "lodash", "4.17.21")))
    assay("db", "import", "--data", folder / "none", "--type", "osv", "--name", "a", folder / "none.json")
    findings = json.loads(assay("scan", "--format", "json", "--data", folder / "none", target, check=None).stdout)["findings"]
    assert findings and not any("cwe_ids" in each for each in findings)
