"""VEX documents that a policy names: what they say is not affected does not block, at the gate and in `assay scan --policy` alike, and is
shown with its statement; a broken one changes nothing of what is in force."""
import json
import os

import pytest

import gate
from gate import pull, refusal, reload, wait_until

FIX = {"openssl": {"1.1.1d-r0": ["CVE-2019-1547"]}, "musl": {"1.1.22-r3": ["CVE-2019-14697"]}}
POLICY = """policies:
  - name: team
    namespaces: ["team/**"]
    vulnerabilities: {block: [critical], only_fixed: true, unknown_as: critical}
    vex: team.d
  - {name: others, namespaces: ["**"], vulnerabilities: {block: [critical], only_fixed: true, unknown_as: critical}}
vex: [all.d]
"""
WORDS = "not_affected (vulnerable_code_not_present): Not built in [VEX of The Team]"


def statement(identity, product, status="not_affected", **members):
    return {"vulnerability": {"name": identity}, "status": status, "products": [{"@id": product}],
            "justification": "vulnerable_code_not_present", "impact_statement": "Not built in", **members}


def write(path, *statements, time="2024-01-01T00:00:00Z"):
    path.write_text(json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "author": "The Team", "timestamp": time,
                                "statements": list(statements)}))
    return path


MUSL = statement("CVE-2019-14697", "pkg:apk/alpine/musl")
OPENSSL = statement("CVE-2019-1547", "pkg:apk/alpine/libcrypto1.1")


@pytest.fixture
def server(start_server, assay, push, tmp_path):
    """Two repositories with one image, of two findings, which both block."""
    def prepare(server):
        for name in ("team.d", "all.d"):
            (server.folder / name).mkdir()
        gate.import_advisories(assay, server, gate.secdb(**FIX))
    server = start_server(policy=POLICY, prepare=prepare)
    gate.wait_for_advisories(server)
    layout, server.vulnerable, _ = gate.alpine_layout(tmp_path / "alpine")
    server.layout = layout
    for repository in ("team/app", "other/app"):
        push(server, layout, "vulnerable", repository)
        server.wait_for_scan(repository, server.vulnerable)
        assert "2 findings block" in refusal(server, repository, "vulnerable")
    return server


def findings(server, repository):
    answer = server.get_json(f"/api/v1/images/{server.vulnerable}/findings?repository={repository}")
    return {one["id"]: one.get("exemption") for one in answer["findings"]}


def test_by_the_policy_and_for_all(server, assay):
    write(server.folder / "team.d/musl.json", MUSL)
    reload(server, POLICY)
    message = refusal(server, "team/app", "vulnerable")
    assert "CVE-2019-1547" in message and "CVE-2019-14697" not in message, message
    assert "CVE-2019-14697" in refusal(server, "other/app", "vulnerable"), "another policy's"
    found = findings(server, "team/app")
    assert found["CVE-2019-1547"] is None
    assert found["CVE-2019-14697"]["reason"] == f"{WORDS} ({server.folder}/team.d/musl.json)" and "until" not in found["CVE-2019-14697"]
    assert findings(server, "other/app") == {"CVE-2019-1547": None, "CVE-2019-14697": None}

    write(server.folder / "all.d/openssl.json", OPENSSL)
    reload(server, POLICY)
    assert pull(server, "team/app", "vulnerable").status_code == 200
    assert "CVE-2019-14697" in refusal(server, "other/app", "vulnerable")
    verdict = server.get_json(f"/api/v1/images/{server.vulnerable}/verdict?repository=team/app")
    told = {one["what"][0]: one["reason"] for one in verdict["exemptions"]}
    assert verdict["allowed"] and verdict["ignored"] == 2 and set(told) == {"CVE-2019-1547", "CVE-2019-14697"}
    assert told["CVE-2019-1547"] == f"{WORDS} ({server.folder}/all.d/openssl.json)"
    assert gate.metric(server, "assay_policy_vex_documents") == 2
    # How the images stand follows, and the list of what changed says why.
    wait_until(lambda: {one["repository"]: one["gate"]["answer"] == "refused" for one in server.get_json("/api/v1/images")["images"]}
               == {"team/app": False, "other/app": True})

    policy = server.folder / "policy.yaml"
    for repository, code in (("team/app", 0), ("other/app", 1)):
        said = assay("scan", "--policy", policy, "--repository", repository, "--format", "json", "--data", server.data,
                    f"oci:{server.layout}:vulnerable", check=code)
        report = json.loads(said.stdout)
        assert report["verdict"]["allowed"] == (code == 0)
        assert {one["id"]: (one.get("exemption") or {}).get("reason") for one in report["findings"]} == \
            {identity: exemption and exemption["reason"] for identity, exemption in findings(server, repository).items()}


def test_what_takes_nothing_out(server):
    """A newer word that it is affected, another version, image or package, and one who only looks into it."""
    cases = [("newer", [MUSL], [statement("CVE-2019-14697", "pkg:apk/alpine/musl", "affected")]),
             ("version", [statement("CVE-2019-14697", "pkg:apk/alpine/musl@1.1.22-r9")], []),
             ("image", [statement("CVE-2019-14697", "pkg:oci/app@sha256%3A" + "0" * 64)], []),
             ("name alone", [statement("CVE-2019-14697", "pkg:oci/app")], []),
             ("package", [statement("CVE-2019-14697", "pkg:apk/alpine/busybox")], []),
             ("looks", [statement("CVE-2019-14697", "pkg:apk/alpine/musl", "under_investigation")], [])]
    for name, older, newer in cases:
        write(server.folder / "team.d/a.json", *older)
        write(server.folder / "all.d/a.json", *newer, time="2025-01-01T00:00:00Z")
        reload(server, POLICY)
        assert "CVE-2019-14697" in refusal(server, "team/app", "vulnerable"), name
    write(server.folder / "all.d/a.json", statement("CVE-2019-14697", f"pkg:oci/app@{server.vulnerable.replace(':', '%3A')}"))
    reload(server, POLICY)
    assert "CVE-2019-14697" not in refusal(server, "other/app", "vulnerable"), "the image by its digest"


@pytest.mark.parametrize("broken", ["{", "[]", '{"@context": "https://openvex.dev/ns/v0.2.0"', "[" * 100000, ""], ids=["cut", "list", "open", "deep", "empty"])
def test_a_broken_document_changes_nothing(server, broken):
    """It is told wherever a broken policy is, and nothing that was in force is lost."""
    write(server.folder / "team.d/musl.json", MUSL)
    reload(server, POLICY)
    (server.folder / "team.d/broken.json").write_text(broken)
    write(server.folder / "team.d/openssl.json", OPENSSL)
    reload(server, POLICY)
    assert gate.metric(server, "assay_policy_reload_failed") == 1
    assert "team.d/broken.json" in server.request("GET", "/readyz").text and "team.d/broken.json" in server.log_text()
    message = refusal(server, "team/app", "vulnerable")
    assert "CVE-2019-1547" in message and "CVE-2019-14697" not in message, message
    (server.folder / "team.d/broken.json").unlink()
    reload(server, POLICY)
    assert gate.metric(server, "assay_policy_reload_failed") == 0
    assert pull(server, "team/app", "vulnerable").status_code == 200


def test_documents_are_noticed(server):
    """Without a signal: one that comes, one that is broken, which changes nothing and is told, its repair, and one that goes. What the
    policy file says meanwhile is not in force before it is asked for."""
    (server.folder / "policy.yaml").write_text("policies: []\n")
    write(server.folder / "team.d/musl.json", MUSL)
    wait_until(lambda: "CVE-2019-14697" not in pull(server, "team/app", "vulnerable").text, 120)
    assert "CVE-2019-1547" in refusal(server, "team/app", "vulnerable") and "2 findings block" in refusal(server, "other/app", "vulnerable")
    wait_until(lambda: findings(server, "team/app")["CVE-2019-14697"] is not None, 120)

    (server.folder / "all.d/openssl.json").write_text("{")
    wait_until(lambda: "are not taken" in server.log_text(), 120)
    assert gate.metric(server, "assay_policy_reload_failed") == 1
    assert "all.d/openssl.json" in server.request("GET", "/readyz").text and "all.d/openssl.json" in server.log_text()
    message = refusal(server, "team/app", "vulnerable")
    assert "CVE-2019-1547" in message and "CVE-2019-14697" not in message, message
    write(server.folder / "all.d/openssl.json", OPENSSL)
    wait_until(lambda: pull(server, "team/app", "vulnerable").status_code == 200, 120)
    wait_until(lambda: gate.metric(server, "assay_policy_reload_failed") == 0, 120)

    (server.folder / "team.d/musl.json").unlink()
    wait_until(lambda: "CVE-2019-14697" in pull(server, "team/app", "vulnerable").text, 120)


def test_what_is_no_file_is_not_waited_for(server):
    """A pipe in a folder would keep whoever opens it."""
    os.mkfifo(server.folder / "team.d/pipe.json")
    wait_until(lambda: "team.d/pipe.json: is no file" in server.log_text(), 120)
    reload(server, POLICY)
    assert "team.d/pipe.json: is no file" in server.request("GET", "/readyz").text
    (server.folder / "team.d/pipe.json").unlink()
    reload(server, POLICY)
    assert gate.metric(server, "assay_policy_reload_failed") == 0


def test_what_was_refused_is_asked_for_again(server):
    """A policy file that SIGHUP refused stays a problem, and out of force, while documents come and go."""
    write(server.folder / "all.d/openssl.json", OPENSSL)
    reload(server, POLICY)
    reload(server, "policies: [")
    (server.folder / "policy.yaml").write_text("policies: []\n")
    write(server.folder / "team.d/musl.json", MUSL)
    wait_until(lambda: pull(server, "team/app", "vulnerable").status_code == 200, 120)
    assert "CVE-2019-14697" in refusal(server, "other/app", "vulnerable"), "the file that is there now opens the gate"
    assert gate.metric(server, "assay_policy_reload_failed") == 1
    reload(server, POLICY)
    assert gate.metric(server, "assay_policy_reload_failed") == 0


def test_checked_before_it_is_in_force(server, assay):
    """`assay policy check` and the start read the documents; a policy that comes over the network has those that are in force."""
    policy = server.folder / "policy.yaml"
    assert "there are no VEX documents (*.json) in team.d" in assay("policy", "check", policy).stderr
    write(server.folder / "team.d/all.json", MUSL, OPENSSL)
    reload(server, POLICY)
    assert pull(server, "team/app", "vulnerable").status_code == 200
    answer = server.request("POST", "/api/v1/policies/test", data=POLICY).json()
    assert answer["changed"] == []
    other = server.request("POST", "/api/v1/policies/test", data=POLICY.replace("team.d", "/etc/other.d")).json()
    assert [one["repository"] for one in other["changed"]] == ["team/app"]
    assert any("/etc/other.d are not read here" in one for one in other["warnings"]), other["warnings"]
    (server.folder / "team.d/all.json").unlink()
    (server.folder / "team.d").rmdir()
    assert "team.d" in assay("policy", "check", policy, check=1).stderr
