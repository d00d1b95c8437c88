"""assay scan --vex: what a statement says is not affected, or fixed, is shown as suppressed, with the statement."""
import json

import pytest

import images
from schemas_shared import check


@pytest.fixture
def layout(tmp_path):
    return images.alpine_layout(tmp_path / "alpine")


def openvex(path, *statements):
    path.write_text(json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "author": "The Team", "timestamp": "2024-01-01T00:00:00Z",
                                "statements": list(statements)}))
    return path


MUSL = {"vulnerability": {"name": "CVE-2019-14697"}, "status": "not_affected", "products": [{"@id": "pkg:apk/alpine/musl@1.1.22-r2"}],
        "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "No floating point"}


def test_suppressed_is_shown(scan, layout, tmp_path):
    report = json.loads(scan("--format", "json", "--vex", openvex(tmp_path / "team.json", MUSL), f"oci:{layout}").stdout)
    assert "CVE-2019-14697" not in [each["id"] for each in report["findings"]]
    assert len(report["findings"]) == len(images.ALPINE_FOUND) - 1
    suppressed, = report["ignored"]
    assert suppressed["id"] == "CVE-2019-14697" and suppressed["ignored_by"].endswith("team.json")
    assert suppressed["exemption"]["reason"] == \
        "not_affected (vulnerable_code_not_in_execute_path): No floating point [VEX of The Team]"
    table = scan("--show-ignored", "--vex", tmp_path / "team.json", f"oci:{layout}").stdout
    assert "CVE-2019-14697" in table and "No floating point" in table and "team.json" in table


def test_in_other_formats(scan, layout, tmp_path):
    vex = openvex(tmp_path / "team.json", MUSL)
    sarif = json.loads(scan("--format", "sarif", "--vex", vex, f"oci:{layout}").stdout)
    suppressed = [each for each in sarif["runs"][0]["results"] if "suppressions" in each]
    assert [each["ruleId"] for each in suppressed] == ["CVE-2019-14697"]
    bill = json.loads(scan("--format", "cyclonedx", "--vex", vex, f"oci:{layout}").stdout)
    check("bom-1.6.schema.json", bill)
    analysed = [each for each in bill["vulnerabilities"] if "analysis" in each]
    assert [each["id"] for each in analysed] == ["CVE-2019-14697"] and "No floating point" in analysed[0]["analysis"]["detail"]


def test_affected_stays_and_policies_judge_all(scan, layout, tmp_path):
    affected = openvex(tmp_path / "a.json", {**MUSL, "status": "affected"})
    report = json.loads(scan("--format", "json", "--vex", affected, f"oci:{layout}").stdout)
    assert len(report["findings"]) == len(images.ALPINE_FOUND) and report["ignored"] == []
    statements = [{**MUSL, "vulnerability": {"name": identity}, "products": [{"@id": f"pkg:apk/alpine/{package}"}]}
                  for identity, package, _ in images.ALPINE_FOUND]
    everything = openvex(tmp_path / "all.json", *statements)
    assert scan("--exit-code", "3", "--allow-incomplete", "--vex", everything, f"oci:{layout}").returncode == 0
    scan("--policy", "strict", "--repository", "a", "--vex", everything, f"oci:{layout}", check=1)


def test_folder(scan, layout, tmp_path):
    """All *.json of it; the newest statement wins whatever the file."""
    (tmp_path / "vex").mkdir()
    openvex(tmp_path / "vex/a.json", {**MUSL, "status": "affected", "timestamp": "2025-01-01T00:00:00Z"})
    openvex(tmp_path / "vex/b.json", MUSL)
    (tmp_path / "vex/README").write_text("no VEX")
    report = json.loads(scan("--format", "json", "--vex", tmp_path / "vex", f"oci:{layout}").stdout)
    assert report["ignored"] == []
    (tmp_path / "vex/a.json").unlink()
    assert len(json.loads(scan("--format", "json", "--vex", tmp_path / "vex", f"oci:{layout}").stdout)["ignored"]) == 1


def test_idle_and_wrong_documents(scan, layout, tmp_path):
    other = openvex(tmp_path / "other.json", {**MUSL, "vulnerability": {"name": "CVE-1-1"}})
    report = json.loads(scan("--format", "json", "--vex", other, f"oci:{layout}").stdout)
    assert any("other.json: none of its 1 statements is about a finding" in note for note in report["notes"])
    (tmp_path / "wrong.json").write_text("{}")
    assert "wrong.json: neither OpenVEX nor CSAF nor CycloneDX" in scan("--vex", tmp_path / "wrong.json", f"oci:{layout}", check=2).stderr
    assert "none.json" in scan("--vex", tmp_path / "none.json", f"oci:{layout}", check=2).stderr
