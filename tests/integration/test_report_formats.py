"""Formats for build servers and people: JUnit, Markdown, templates, and SARIF as its schema and viewers want it."""
import json
import xml.etree.ElementTree as ElementTree

import pytest

import images
from oci_layout import Layout
from schemas_shared import check


@pytest.fixture
def layout(tmp_path):
    return images.alpine_layout(tmp_path / "alpine")


@pytest.fixture
def ignore(tmp_path):
    (tmp_path / "ignore").write_text("# not reachable | here\nCVE-2019-14697\n")
    return tmp_path / "ignore"


IDS = sorted(identity for identity, _, _ in images.ALPINE_FOUND)


def test_junit(scan, layout, ignore, tmp_path):
    suite, = ElementTree.fromstring(scan("--format", "junit", "--ignore-file", ignore, f"oci:{layout}").stdout)
    cases = suite.findall("testcase")
    assert suite.get("name") == f"oci:{layout}" and int(suite.get("tests")) == len(cases) == len(IDS)
    failed = [case for case in cases if case.find("failure") is not None]
    skipped, = [case for case in cases if case.find("skipped") is not None]
    assert int(suite.get("failures")) == len(failed) == len(IDS) - 1 and suite.get("skipped") == "1"
    assert skipped.get("name").endswith("CVE-2019-14697") and "not reachable | here" in skipped.find("skipped").get("message")
    assert all("upgrade" in case.find("failure").text and case.get("file") == "lib/apk/db/installed" for case in failed)


def test_junit_of_what_is_not_known_and_of_nothing(scan, tmp_path):
    """What is not known fails; a suite is never empty."""
    Layout(tmp_path / "program").add_image("latest", [{"app": "\x7fELF"}])
    suite, = ElementTree.fromstring(scan("--format", "junit", f"oci:{tmp_path}/program").stdout)
    assert [case.get("name") for case in suite] == ["incomplete"] and suite.get("failures") == "1"
    Layout(tmp_path / "none").add_image("latest", [])
    suite, = ElementTree.fromstring(scan("--format", "junit", f"oci:{tmp_path}/none").stdout)
    assert [case.get("name") for case in suite] == ["no findings"] and suite.get("failures") == "0"


def test_markdown(scan, layout, ignore, tmp_path):
    text = scan("--format", "markdown", "--show-ignored", "--ignore-file", ignore, f"oci:{layout}").stdout
    findings, suppressed = text.split("### Suppressed")
    rows = [line for line in findings.splitlines() if line.startswith("|")][2:]
    assert len(rows) == len(IDS) - 1 and all(row.replace("\\|", "").count("|") == 7 for row in rows)
    assert "CVE-2019-14697" in suppressed and "not reachable \\| here" in suppressed
    assert "1 findings are suppressed" in scan("--format", "markdown", "--ignore-file", ignore, f"oci:{layout}").stdout


def test_template(scan, layout, tmp_path):
    (tmp_path / "list").write_text("{{#findings}}\n{{id}} {{package}} {{{fixed_version}}}\n{{/findings}}\n{{^ignored}}all{{/ignored}}")
    answer = scan("--format", "template", "--template", tmp_path / "list", f"oci:{layout}").stdout
    assert sorted(answer.splitlines()) == sorted([*(f"{identity} {package} {fix}" for identity, package, fix in images.ALPINE_FOUND), "all"])


@pytest.mark.parametrize("arguments,says", [
    (["--format", "template"], "--format template needs --template FILE"),
    (["--template", "TEMPLATE"], "--template is for --format template"),
    (["--format", "template", "--template", "none"], "--template: none"),
    (["--format", "template", "--template", "TEMPLATE"], ":2: a section is not closed"),
])
def test_wrong_templates(scan, layout, tmp_path, arguments, says):
    (tmp_path / "wrong").write_text("\n{{#findings}}")
    wanted = [str(tmp_path / "wrong") if each == "TEMPLATE" else each for each in arguments]
    assert says in scan(*wanted, f"oci:{layout}", check=2).stderr


def test_sarif(scan, layout, ignore, tmp_path):
    """Valid, also with what is suppressed and with nothing; a location is a relative reference that viewers resolve."""
    Layout(tmp_path / "none").add_image("latest", [])
    for arguments in ([f"oci:{layout}"], ["--ignore-file", ignore, f"oci:{layout}"], [f"oci:{tmp_path}/none"]):
        report = json.loads(scan("--format", "sarif", *arguments).stdout)
        check("sarif-schema-2.1.0.json", report)
        run, = report["runs"]
        assert run["originalUriBaseIds"]["ROOTPATH"]["uri"].endswith("/")
        for result in run["results"]:
            place = result["locations"][0]["physicalLocation"]
            assert not place["artifactLocation"]["uri"].startswith("/") and place["artifactLocation"]["uri"]
            assert place["region"]["startLine"] == 1
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
