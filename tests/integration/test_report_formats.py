"""Formats for build servers and people: JUnit, Markdown, templates, and SARIF as its schema and viewers want it."""
import json
import re
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


# What anybody may write into an image or an advisory: a link, an address that becomes one, markup, and what moves a terminal's cursor.
NAME, WORDS = "[x](https://evil.example)", "see https://evil.example, www.evil.example & <b>\x1b[2J\u202e\x07 [here](https://evil.example)"


@pytest.fixture
def words_of_strangers(assay, tmp_path):
    record = {"id": "GHSA-0000-0000-0001", "modified": "2024-01-01T00:00:00Z", "summary": WORDS, "details": WORDS,
              "affected": [{"package": {"ecosystem": "crates.io", "name": NAME}, "versions": ["1.0.0"]}]}
    (tmp_path / "records").mkdir()
    (tmp_path / "records/1.json").write_text(json.dumps(record))
    assay("db", "import", "--data", tmp_path / "words", "--type", "osv", "--name", "osv", tmp_path / "records")
    Layout(tmp_path / "strange").add_image("latest", [
        {"app/Cargo.lock": f'[[package]]\nname = "{NAME}"\nversion = "1.0.0"\n', "app/\x1b[2J[y](https://evil.example)/package-lock.json": "{"}])

    def run(form, *options):
        return assay("scan", "--data", tmp_path / "words", "--format", form, *options, f"oci:{tmp_path}/strange").stdout
    return run


def test_words_of_strangers(words_of_strangers, tmp_path):
    table, markdown = words_of_strangers("table"), words_of_strangers("markdown")
    for text in table, markdown, words_of_strangers("junit"):
        assert NAME in text.replace("\\", "") and not set("\x1b\x07\u202e") & set(text)
    assert "<b>" not in markdown and "](" not in markdown and "https://" not in markdown and "www.evil" not in markdown
    suite, = ElementTree.fromstring(words_of_strangers("junit"))
    assert any(case.get("classname") == f"{NAME} 1.0.0" for case in suite)
    run, = json.loads(words_of_strangers("sarif"))["runs"]
    messages = [each["message"]["text"] for each in run["results"] + run["invocations"][0]["toolExecutionNotifications"]]
    assert any("evil" in each for each in messages) and not any(re.search(r"(?<!\\)\]\(", each) for each in messages)
    (tmp_path / "list").write_text("{{#findings}}{{package}}: {{title}}{{/findings}}")
    filled = words_of_strangers("template", "--template", tmp_path / "list")
    assert "<b>" not in filled and not set("\x1b\x07\u202e") & set(filled)


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
