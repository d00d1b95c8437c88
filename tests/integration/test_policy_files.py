"""Which policy is in force: what is refused as a policy file, at the start and at SIGHUP, and where it is told."""
import hashlib
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
