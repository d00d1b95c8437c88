"""`assay explain`: why an image has a vulnerability, or why not, with the evidence and the rule."""
import json

import pytest

import images
from oci_layout import Layout, tar_of
from test_applications import APP, BASE, RECORDS, record
from test_diff import FIRST, MUSLS, alpine


@pytest.fixture
def explain(assay, alpine_data, monkeypatch, tmp_path):
    """explain(files, id, options...): the JSON of an image of one layer."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(files, vulnerability, *options, form="json"):
        Layout(tmp_path / "image").add_image("latest", [files])
        text = assay("explain", "--data", alpine_data, "--format", form, *options, f"oci:{tmp_path}/image", vulnerability).stdout
        return json.loads(text) if form == "json" else text
    return run


def test_affected(explain):
    report = explain(alpine(), FIRST)
    assert (report["answer"], report["id"], report["reason"]) == ("affected", FIRST, "the image is affected")
    package, = report["packages"]
    assert package["package"]["location"] == "lib/apk/db/installed" and package["package"]["layer"].startswith("sha256:")
    assert package["ecosystem"] == "alpine:3.10" and package["finding"]["fixed_version"] == "1.1.1d-r0"
    statement, = package["statements"]
    assert {key: statement[key] for key in ("package", "range", "compared", "order", "state", "result")} == {
        "package": "openssl", "range": "< 1.1.1d-r0", "compared": "1.1.1c-r0", "order": "apk", "state": "fixed", "result": "affected"}
    feed, = report["feeds"]
    assert feed["name"] == statement["feed"] and feed["updated"].endswith("Z")
    text = explain(alpine(), FIRST.lower(), form="table")
    for said in (f"{FIRST}: the image is affected", "found in: lib/apk/db/installed", "< 1.1.1d-r0", "hours ago", "upgrade libcrypto1.1"):
        assert said in text


@pytest.mark.parametrize("files, vulnerability, options, answer, says", [
    (alpine(openssl="1.1.1d-r0"), FIRST, [], "not-affected", "the image is not affected"),
    (alpine(openssl=None), FIRST, [], "no-statement", "no package that an advisory names for it is in the image"),
    (alpine(), "CVE-1999-0001", [], "no-statement", "no feed in the database knows this vulnerability"),
    (alpine(), FIRST, ["--package", "nothere"], "no-statement", "no package or source of the name nothere is in the image"),
    (alpine(), FIRST, ["--package", "musl"], "no-statement", "no package that an advisory names for it is in the image"),
    (alpine(), FIRST, ["--package", "openssl"], "affected", "the image is affected"),
    (alpine(), MUSLS, ["--package", "musl"], "affected", "the image is affected"),
])
def test_answers(explain, files, vulnerability, options, answer, says):
    report = explain(files, vulnerability, *options)
    assert (report["answer"], report["reason"]) == (answer, says)
    assert says in explain(files, vulnerability, *options, form="table")


def test_outside_of_the_range(explain):
    package, = explain(alpine(openssl="1.1.1d-r0"), FIRST)["packages"]
    assert package["reason"] == "1.1.1d-r0 is outside of what is affected: < 1.1.1d-r0" and package["statements"][0]["result"] == "outside"
    assert "finding" not in package


def test_not_known(explain):
    """A release without advisories, and a database that cannot be read: that is no good news."""
    other = alpine(more={"etc/os-release": images.ALPINE.replace("3.10", "3.19"), "etc/alpine-release": "3.19.1\n"})
    report = explain(other, FIRST, "--package", "openssl")
    assert report["answer"] == "not-known" and report["packages"][0]["reason"] == "no feed has advisories for alpine:3.19"
    assert explain(other, FIRST)["answer"] == "not-known"
    report = explain(alpine(more={"lib/apk/db/installed": "P:musl\nno field\n"}), FIRST)
    assert report["answer"] == "not-known" and "could not be read" in report["incomplete"][0]
    assert "incomplete: " in explain(other, FIRST, form="table")


def test_exceptions(explain, tmp_path):
    """Which of them hold, and which are overruled by a newer one."""
    def vex(name, status, time):
        (tmp_path / name).write_text(json.dumps({
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": f"https://example.org/{name}", "author": "us", "timestamp": time, "version": 1,
            "statements": [{"vulnerability": {"name": FIRST}, "status": status, "products": [{"@id": "pkg:apk/alpine/libcrypto1.1"}],
                            **({"justification": "component_not_present"} if status == "not_affected" else {})}]}))
        return ["--vex", tmp_path / name]

    old, new = vex("old.json", "not_affected", "2025-01-01T00:00:00Z"), vex("new.json", "affected", "2026-01-01T00:00:00Z")
    told = {each["by"].split("/")[-1]: each for each in explain(alpine(), FIRST, *old)["packages"][0]["exceptions"]}
    assert told["old.json"]["holds"] is True and "component_not_present" in told["old.json"]["text"]
    told = {each["by"].split("/")[-1]: each for each in explain(alpine(), FIRST, *old, *new)["packages"][0]["exceptions"]}
    assert not told["old.json"]["holds"] and told["old.json"]["overruled"] == "a newer statement counts"
    assert not told["new.json"]["holds"] and "affected" in told["new.json"]["overruled"]
    (tmp_path / "ignore").write_text(f"{FIRST}\n")
    report = explain(alpine(), FIRST, "--ignore-file", tmp_path / "ignore")
    assert report["answer"] == "affected" and report["packages"][0]["exceptions"][0]["holds"] is True
    assert "ignored by: " in explain(alpine(), FIRST, "--ignore-file", tmp_path / "ignore", form="table")


@pytest.mark.parametrize("entry, holds, says", [
    (f'{{ids: [{FIRST}], reason: "not reached", expires: 2999-12-31}}', True, "not reached, until 2999-12-31"),
    ('{packages: [openssl], reason: "by its source"}', True, "by its source"),
    ('{packages: [openssl], repositories: ["team/*"], reason: "theirs"}', True, "theirs"),
    (f'{{ids: [{FIRST}], reason: "not yet", expires: 2020-01-31}}', False, "it ended on 2020-01-31"),
    ('{packages: [openssl], repositories: ["prod/*"], reason: "of others"}', None, None),
    ('{ids: [CVE-1999-0001], reason: "another"}', None, None),
])
def test_exemptions(explain, tmp_path, entry, holds, says):
    """What a policy lets pass is told, with its reason and its end; it hides nothing."""
    (tmp_path / "policy.yaml").write_text(f"exemptions: [{entry}]\npolicies: [{{name: all, namespaces: ['**'], vulnerabilities: {{block: [low]}}}}]\n")
    options = ["--policy", tmp_path / "policy.yaml", "--repository", "team/app"]
    package, = explain(alpine(), FIRST, *options)["packages"]
    told = explain(alpine(), FIRST, *options, form="table")
    assert package["answer"] == "affected"
    if holds is None:
        assert package["exceptions"] == [] and "exempt by" not in told and "does not hold" not in told
        return
    exception, = package["exceptions"]
    assert (exception["policy"], exception["holds"]) == (True, holds)
    assert says in f"{exception['text']} {exception.get('overruled')}"
    assert ("exempt by: " if holds else "does not hold: ") in told and says in " ".join(told.split())


def test_whose_it_is(assay, tmp_path, monkeypatch):
    """What the distribution looks after is matched by its owner; a version that tells nothing; other names of a vulnerability."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Layout(tmp_path / "image")
    odd = {"c/node_modules/odd/package.json": '{"name": "odd", "version": "not.a.version"}'}
    made.add_image("latest", [BASE, APP, odd])
    folder = tmp_path / "advisories"
    folder.mkdir()
    for each in [*RECORDS, record(9, "npm", "odd", "2.0.0")]:
        (folder / f"{each['id']}.json").write_text(json.dumps(each))
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", "osv", folder)

    def explain(*arguments):
        return json.loads(assay("explain", "--data", tmp_path / "data", "--format", "json", f"oci:{made.folder}:latest", *arguments).stdout)
    report = explain("GHSA-0000-0000-0002")
    package, = report["packages"]
    assert report["id"] == "CVE-2024-0002" and package["answer"] == "by-owner" and "python3-yaml" in package["reason"]
    assert [(each["asked"], each["range"]) for each in package["statements"]] == [(False, "< 6.1")]
    package, = explain("CVE-2024-0003")["packages"]
    assert package["answer"] == "affected" and package["finding"]["severity"] == "high" and package["statements"][0]["order"] == "npm"
    assert explain("CVE-2024-0003")["vulnerability"]["title"] == "lodash is wrong"
    # NodeSource's nodejs is not Debian's, whose advisory does not speak of it.
    package, = explain("CVE-2024-0007")["packages"]
    assert (package["answer"], package["statements"][0]["result"]) == ("not-known", "third-party")
    report = explain("CVE-2024-0006")
    assert report["packages"][0]["package"]["declared"] is True


def test_real_image(assay, bullseye, security_data):
    """What an upgrade mended is told with the versions that were compared."""
    data = security_data("bullseye")
    scanned = json.loads(assay("scan", "--data", data, "--format", "json", f"oci:{bullseye}:vulnerable").stdout)
    finding = next(one for one in scanned["findings"] if one["kind"] == "vulnerability")
    report = json.loads(assay("explain", "--data", data, "--format", "json", f"oci:{bullseye}:vulnerable", finding["id"]).stdout)
    assert report["answer"] == "affected" and finding["package"] in [each["package"]["name"] for each in report["packages"]]
    report = json.loads(assay("explain", "--data", data, "--format", "json", f"oci:{bullseye}:upgraded", finding["id"]).stdout)
    assert report["answer"] == "not-affected" or report["incomplete"]
    assert {each["result"] for package in report["packages"] for each in package["statements"]} == {"outside"}


@pytest.mark.parametrize("arguments, says", [
    ([], "is missing"), (["x"], "is missing"), (["x", "CVE-2020-1", "y"], '"y"'), (["x", ""], "no name of a vulnerability"),
    (["x", "CVE 2020"], "no name of a vulnerability"), (["--format", "sarif", "x", "CVE-2020-1"], "table or json"),
    (["oci:/nowhere", "CVE-2020-1"], "/nowhere"),
])
def test_bad_input(assay, arguments, says):
    result = assay("explain", *arguments, check=2)
    assert says in result.stderr and result.stdout == ""


def test_ratings(assay, tmp_path, monkeypatch):
    """What each source says is told, and GitHub's is what is shown of an application, whichever was read first."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Layout(tmp_path / "image")
    made.add_image("latest", [BASE, APP])
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    other = record(3, "npm", "lodash", "4.17.21") | {"id": "OTHER-1", "database_specific": {"severity": "LOW"},
                                                     "severity": [{"type": "CVSS_V3", "score": vector}]}
    for name, each in (("a", other), ("b", record(3, "npm", "lodash", "4.17.21"))):
        (tmp_path / f"{name}.json").write_text(json.dumps(each))
        assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", name, tmp_path / f"{name}.json")

    def told(form):
        return assay("explain", "--data", tmp_path / "data", "--format", form, f"oci:{made.folder}:latest", "CVE-2024-0003").stdout
    ratings = [{"source": "ghsa", "severity": "high"}, {"source": "a", "severity": "low", "cvss_vector": vector, "cvss_score": 9.8}]
    report = json.loads(told("json"))
    finding = report["packages"][0]["finding"]
    assert report["vulnerability"]["ratings"] == finding["ratings"] == ratings
    assert (finding["severity"], finding["severity_source"]) == ("high", "ghsa")
    assert "rated by ghsa: high\n" in told("table") and f"rated by a: low, CVSS 9.8 {vector}\n" in told("table")


EXEMPT = """
policies: [{name: p, namespaces: "**", unscanned: allow, vulnerabilities: {block: []}, baseline: block}]
exemptions: [{ids: [%s], paths: [etc/shadow], reason: a console of the lab}]
"""


@pytest.mark.parametrize("exempt", [True, False])
def test_a_rule(assay, tmp_path, monkeypatch, exempt):
    """It needs no advisories."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files = {**alpine(), "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/shadow": "root::19000:0:99999:7:::\n"}
    tar = tar_of(files)
    history = [{"created_by": "RUN /bin/sh -c passwd --delete root # buildkit"}]
    Layout(tmp_path / "image").add_packed_image("latest", [(tar, tar, None)], config_members={"history": history})
    found = json.loads(assay("scan", "--offline", "--kind", "baseline", "--format", "json", f"oci:{tmp_path}/image").stdout)["findings"]
    rule = next(each["id"] for each in found if each["location"] == "etc/shadow")
    policy = tmp_path / "policy.yaml"
    policy.write_text(EXEMPT % (rule if exempt else "nothing"))

    def run(*options):
        return assay("explain", "--offline", "--data", tmp_path / "none", "--policy", policy, *options, f"oci:{tmp_path}/image", rule).stdout
    report = json.loads(run("--format", "json"))
    assert report["answer"] == "found" and report["id"] == rule
    one, = report["findings"]
    assert one["location"] == "etc/shadow" and one["layer"].startswith("sha256:") and one["remedy"]
    assert [each["text"].split(": ")[1] for each in one["exceptions"]] == (["a console of the lab"] if exempt else [])
    assert ("lets it pass" == report["policy"]) == exempt and ("refuses" in report["policy"]) != exempt
    text = run()
    for said in ("the image has it in 1 place", "etc/shadow", "layer: sha256:", "command: RUN passwd --delete root\n", "what to do: ", "policy: "):
        assert said in text
    assert ("exempt by" in text) == exempt
    absent = assay("explain", "--offline", "--data", tmp_path / "none", f"oci:{tmp_path}/image", "user-root").stdout
    assert "nothing in the image is what this rule finds" in absent or "the image has it" in absent
