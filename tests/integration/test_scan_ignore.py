"""What `assay scan` is told to ignore: Trivy's list and our own file, told in every output, and judged all the same."""
import json

import pytest

import images
from assay_server import findings_of
from images import ALPINE_FOUND as FOUND

LIST = "# Not reachable\nCVE-2019-14697\n\nCVE-2019-1547 exp:2999-01-01\n"
OURS = "exemptions:\n  - ids: CVE-2019-14697\n    reason: not reachable\n    expires: 2999-12-31\n  - packages: libcrypto*\n    reason: no TLS here\n"


@pytest.fixture
def alpine(tmp_path):
    return f"oci:{images.alpine_layout(tmp_path / 'alpine')}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder in which the command runs."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def left(ids):
    return [found for found in FOUND if found[0] not in ids]


def test_the_list_of_this_folder(scan, alpine, folder):
    (folder / ".trivyignore").write_text(LIST)
    told = scan("--format", "json", alpine)
    report = json.loads(told.stdout)
    assert findings_of(told) == left(["CVE-2019-14697", "CVE-2019-1547"])
    ignored = {each["id"]: each for each in report["ignored"]}
    assert {(id, each["ignored_by"]) for id, each in ignored.items()} == \
        {("CVE-2019-14697", ".trivyignore"), ("CVE-2019-1547", ".trivyignore")}
    assert ignored["CVE-2019-14697"]["exemption"] == {"reason": "Not reachable"}
    assert ignored["CVE-2019-1547"]["exemption"]["until"].startswith("2999-01-01")
    table = scan(alpine).stdout
    assert "3 packages, 1 finding of" in table and "ignored: 2 findings, by .trivyignore (--show-ignored lists them)\n" in table
    assert "CVE-2019-14697" not in table
    listed = scan("--show-ignored", alpine).stdout
    row = next(line for line in listed.splitlines() if line.startswith("CVE-2019-14697"))
    assert "musl" in row and "Not reachable" in row and ".trivyignore" in row and "(--show-ignored" not in listed


def test_our_own_file(scan, alpine, folder):
    (folder / ".assayignore.yaml").write_text(OURS)
    told = scan("--format", "json", "--exit-code", "7", "--allow-incomplete", alpine)
    assert findings_of(told) == [] and len(json.loads(told.stdout)["ignored"]) == 3
    assert "0 findings\n" in scan(alpine).stdout
    assert " 2999-12-31 " in scan("--show-ignored", alpine).stdout and "3000" not in told.stdout
    results = json.loads(scan("--format", "sarif", alpine).stdout)["runs"][0]["results"]
    assert len(results) == 3 and all(result["suppressions"][0]["justification"] for result in results)


def test_files_that_are_named(scan, alpine, folder):
    """In place of those of the folder."""
    (folder / ".trivyignore").write_text(LIST)
    (folder / "one").write_text("CVE-2019-1563\n")
    (folder / "two.yaml").write_text(OURS)
    assert findings_of(scan("--format", "json", "--ignore-file", "one", alpine)) == left(["CVE-2019-1563"])
    both = scan("--format", "json", "--ignore-file", "one", "--ignore-file", "two.yaml", alpine)
    assert findings_of(both) == [] and {each["ignored_by"] for each in json.loads(both.stdout)["ignored"]} == {"one", "two.yaml"}
    assert findings_of(scan("--format", "json", "--ignore-file", "/dev/null", alpine)) == FOUND
    assert "absent" in scan("--ignore-file", "absent", alpine, check=2).stderr


def test_an_entry_that_has_ended(scan, alpine, folder):
    (folder / ".trivyignore").write_text("# old\nCVE-2019-14697 exp:2020-01-01\n")
    told = scan("--format", "json", alpine)
    assert findings_of(told) == FOUND and json.loads(told.stdout)["ignored"] == []
    assert "note: .trivyignore: the entry for CVE-2019-14697 ended on 2020-01-01T00:00:00Z (old)\n" in scan(alpine).stdout


@pytest.mark.parametrize("name, text, says", [
    (".trivyignore", "\nCVE-2019-1547 exp:tomorrow\n", ".trivyignore:2: exp: must be a day"),
    (".trivyignore", "CVE-2019-1547 until tomorrow\n", '.trivyignore:1: after an id only exp:'),
    (".assayignore.yaml", "exemptions: [{ids: CVE-2019-1547}]\n", ".assayignore.yaml:1:")])
def test_a_file_that_is_wrong(scan, alpine, folder, name, text, says):
    (folder / name).write_text(text)
    assert says in scan(alpine, check=2).stderr


def test_a_policy_judges_what_is_ignored(scan, alpine, folder):
    (folder / ".trivyignore").write_text("\n".join(id for id, *_ in FOUND))
    told = scan("--policy", "strict", alpine, check=1).stdout
    assert "0 findings" in told and "verdict: refused" in told and "CVE-2019-14697" in told
