"""Which policy is in force: what is refused as a policy file, at the start and at SIGHUP, and where it is told."""
import hashlib
import json
import re
import shutil

import pytest

import gate
from gate import STRICT, metric, pull, reload

# What a template that failed may leave.
NO_POLICIES = ["", "\n", "# policies: []\n", "{}\n", "---\n", "null\n", "policies:\n", "policies: ~\n", "[]\n", "policy: []\n"]


def in_force(server):
    """(file, sha256, policies, whether the last reload failed), the same by metrics, readiness and log."""
    ready = server.get_json("/readyz")
    label = f'assay_policy_info{{file="{ready["policy_file"]}",sha256="{ready["policy_sha256"]}"}}'
    assert metric(server, label) == 1 and metric(server, "assay_policies") == ready["policies"]
    failed = metric(server, "assay_policy_reload_failed") == 1
    assert failed == (ready["policy"] != "ok")
    logged = [event for event in server.log_events() if event["message"] == "policy in force"][-1]
    assert (logged["file"], logged["sha256"], logged["policies"]) == \
        (ready["policy_file"], ready["policy_sha256"], str(ready["policies"]))
    return ready["policy_file"], ready["policy_sha256"], ready["policies"], failed


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("text", NO_POLICIES)
def test_no_policies_are_no_file(assay, tmp_path, text):
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    told = assay("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--policy", file, check=2).stderr
    assert f"assay: {file}:1:" in told and "polic" in told
    told = assay("scan", "--policy", file, "oci:nothing", check=2).stderr
    assert f"assay: {file}:1:" in told


def test_the_former_policy_stays(start_server, push, tiny):
    """At SIGHUP: nothing that is no policy opens the gate, nor does a file that is gone."""
    server = start_server(policy=STRICT)
    file = str(server.folder / "policy.yaml")
    push(server, tiny, "latest", "team/app")
    assert pull(server, "team/app", "latest").status_code == 403
    assert in_force(server) == (file, sha256(STRICT), 1, False)
    for text in NO_POLICIES:
        reload(server, text)
        assert in_force(server) == (file, sha256(STRICT), 1, True)
        assert "could not be read again" in server.get_json("/readyz")["policy"]
        assert pull(server, "team/app", "latest").status_code == 403
    reload(server, STRICT)
    assert in_force(server) == (file, sha256(STRICT), 1, False)
    (server.folder / "policy.yaml").rename(server.folder / "elsewhere")
    lines = gate.reload_lines(server)
    server.process.send_signal(1)
    gate.wait_until(lambda: gate.reload_lines(server) > lines)
    assert in_force(server) == (file, sha256(STRICT), 1, True)
    none = "policies: []\n"
    reload(server, none)
    assert in_force(server) == (file, sha256(none), 0, False)
    assert pull(server, "team/app", "latest").status_code == 200


def test_the_built_in_ones(start_server):
    file, _, policies, failed = in_force(start_server())
    assert (file, policies, failed) == ("built-in", 0, False)
    file, _, policies, failed = in_force(start_server(policy="strict"))
    assert (file, policies, failed) == ("strict", 1, False)


def test_namespaces_that_fit_nothing(start_server, push, tiny):
    """An empty registry is no reason to warn; what is stored is, at a reload and at the next start."""
    policy = ("policies:\n  - {name: a, namespaces: ['prod/**', 'prdo/**'], unscanned: block}\n"
              "  - {name: rest, namespaces: ['**'], unscanned: block}\n  - {name: late, namespaces: [prod/app]}\n")

    def details(server):
        return [event["detail"] for event in server.log_events() if event["level"] == "warning" and "detail" in event]
    server = start_server(policy=policy)
    idle = 'policy "late" blocks nothing; what would is `vulnerabilities: {block: [critical, high]}`'
    shadowed = 'policy "late" applies to nothing: "**" of policy "rest" comes before it'
    mistyped = 'policy "a": the namespace "prdo/**" fits no repository that is stored'
    assert details(server) == [idle, shadowed]
    push(server, tiny, "latest", "prod/app")
    reload(server, policy)
    assert details(server) == [idle, shadowed, idle, shadowed, mistyped]
    server.stop()
    server.log.unlink()
    server.start()
    assert details(server) == [idle, shadowed, mistyped]
    server.stop()
    shutil.rmtree(server.data)


def test_policy_check(assay, tmp_path):
    """Every mistake at once, with the place; what has no effect."""
    file = tmp_path / "policy.yaml"
    file.write_text("policies: [{name: a, namespaces: x, vulnerabilitys: {}}]\nexemptions: [{reason: all}]\nwarn_before: 1d\n")
    told = assay("policy", "check", file, check=1).stderr
    for wanted in (f'{file}:1:37: policy "a": unknown key "vulnerabilitys"; did you mean "vulnerabilities"?',
                   f"{file}:2:14: exemptions[0]: it is for every finding", f'{file}:3:1: unknown key "warn_before"; did you mean "warn_before_end"?'):
        assert wanted in told, told
    assert [line.split(": ")[0] for line in json.loads(assay("policy", "check", "--format", "json", file, check=1).stdout)["errors"]] == \
        [f"{file}:{place}" for place in ("1:37", "2:14", "3:1")]
    file.write_text("policies: [{name: a, namespaces: x}]\nexemptions: [{ids: CVE-1, reason: r, expires: 2020-01-01}]\n")
    result = assay("policy", "check", file)
    assert result.stdout == f"{file}: 1 policy, 0 exemptions in force\n"
    assert 'policy "a" blocks nothing' in result.stderr and "the exemption of CVE-1 ended on 2020-01-01 (r)" in result.stderr
    answer = json.loads(assay("policy", "check", "--format", "json", file).stdout)
    assert (answer["policies"], answer["exemptions"], answer["ended_exemptions"], len(answer["warnings"])) == (1, 0, 1, 2)
    assay("policy", "check", tmp_path / "nowhere", check=2)
    assert "1 policy" in assay("policy", "check", "strict").stdout


def test_policy_test_counts_all_that_blocks(start_server, assay, push, tmp_path):
    """The answer lists ten reasons; the table counts as the verdict does."""
    server = start_server(policy="policies: [{name: open, namespaces: '**', unscanned: block}]\n")
    layout, _, _ = gate.alpine_layout(tmp_path / "alpine")
    gate.import_advisories(assay, server, gate.secdb(musl={"1.1.22-r3": [f"CVE-2019-{10000 + i}" for i in range(32)]}))
    push(server, layout, "vulnerable", "a/app")
    gate.wait_until(lambda: pull(server, "a/app", "vulnerable").status_code == 200)
    (tmp_path / "new.yaml").write_text("policies: [{name: all, namespaces: '**', vulnerabilities: {block: [unknown]}}]\n")
    command = ["policy", "test", tmp_path / "new.yaml", "--server", server.url]
    assert re.search(r"CVE-2019-10000 .*, and 31 more$", assay(*command, check=1).stdout, re.MULTILINE)
    then = json.loads(assay(*command, "--format", "json", check=1).stdout)["changed"][0]["then"]
    assert "32 findings block: " in then["message"] and (len(then["reasons"]), then["reasons_total"]) == (10, 32)


def test_policy_test(start_server, assay, push, tmp_path):
    """What another file would let out or refuse: each image of each repository, in pages; nothing is changed."""
    server = start_server(policy=STRICT.replace("strict", "today"))
    layout, vulnerable, _ = gate.alpine_layout(tmp_path / "alpine")
    gate.import_advisories(assay, server)
    for repository in ("a/app", "b/app", "c/app"):
        for tag in ("vulnerable", "fixed"):
            push(server, layout, tag, repository)
    gate.wait_until(lambda: pull(server, "c/app", "fixed").status_code == 200)
    gate.wait_until(lambda: "findings block" in pull(server, "c/app", "vulnerable").text)
    # Filters count as the policy does.
    critical = assay("findings", "--server", server.url, "--severity", "critical", "c/app:vulnerable").stdout
    assert "CVE-2019-" in critical and "counted as critical" in critical, critical
    file = tmp_path / "new.yaml"

    def test(text, check, *arguments):
        file.write_text(text)
        return assay("policy", "test", file, "--server", server.url, *arguments, check=check).stdout
    assert test(STRICT, 0) == "6 images judged, 0 would change\n"
    opened = "policies: [{name: open, namespaces: [b/*], unscanned: block}, {name: rest, namespaces: '**', vulnerabilities: {block: [high]}}]\n"
    told = test(opened, 0)
    assert re.search(r"b/app:vulnerable +refused +allowed +no longer: CVE-2019-", told) and "6 images judged, 1 would change" in told
    answer = json.loads(test(opened, 0, "--format", "json"))
    assert answer["judged"] == 6 and [(one["repository"], one["digest"], one["tags"]) for one in answer["changed"]] == \
        [("b/app", vulnerable, ["vulnerable"])]
    exempt = STRICT + "exemptions: [{ids: '*', repositories: a/app, reason: r}]\n"
    assert "a/app:vulnerable" in test(exempt, 0)
    stricter = "policies: [{name: all, namespaces: '**', unscanned: block, end_of_life: block}]\n"
    told = test(stricter, 1)
    assert re.search(r"c/app:fixed +allowed +refused +.*end of life", told) and "3 would change" in told, told
    # In pages, the same.
    changed, start = [], ""
    for judged in (2, 2, 2):
        page = server.request("POST", f"/api/v1/policies/test?limit=2{start}", data=stricter).json()
        assert page["judged"] == judged
        changed += [one["repository"] for one in page["changed"]]
        start = f"&from={page['next']}" if "next" in page else None
    assert start is None and changed == ["a/app", "b/app", "c/app"]
    first = server.request("POST", "/api/v1/policies/test?limit=1", data=stricter).json()
    assert re.fullmatch("a/app@sha256:[0-9a-f]{64}", first["next"]) and first["judged"] == 1
    # What is deleted between two pages makes the next one pass over nothing.
    gone = server.request("DELETE", f"/v2/a/app/manifests/{first['next'].partition('@')[2]}")
    assert gone.status_code == 202
    rest = server.request("POST", f"/api/v1/policies/test?from={first['next']}", data=stricter).json()
    assert rest["judged"] == 5 and "next" not in rest
    for body, query in (("policies: [{name: x}]", ""), (b"", ""), (stricter, "?from=x"), (stricter, "?from=1"), (stricter, "?limit=0")):
        answer = server.request("POST", f"/api/v1/policies/test{query}", data=body)
        assert answer.status_code == 400, (body, query, answer.text)
    assert server.request("POST", "/api/v1/policies/test", data=b"x" * (1 << 20 | 1)).status_code == 413
    refused = server.request("POST", "/api/v1/policies/test", data="policies: [{name: x}]").json()
    assert refused["detail"] == 'policy:1:12: policy "x": the key "namespaces" is missing'
    assert pull(server, "c/app", "fixed").status_code == 200
    assert in_force(server)[0] == str(server.folder / "policy.yaml")
