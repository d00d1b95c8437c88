"""Runs of a rule over all images that are stored: what it would do, what it does, through stops and kills; and what is signed anew by itself."""
import os
import random
import time

import pytest

import gate
from gate import import_advisories, wait_until
from test_grants import ask, make, with_people
from test_signing import events, make_key, push, send, set_up, signatures
from test_signing_kills import images


@pytest.fixture
def server(start_server, assay):
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    return server


def run_of(server, rule="release"):
    return server.get_json(f"/api/v1/signing-rules/{rule}/run")


def wait_for_run(server, rule="release", timeout=60):
    return wait_until(lambda: (run := run_of(server, rule))["state"] != "running" and run, timeout)


def counts(run):
    return {name: run[name] for name in ("made", "present", "refused", "failed")}


def test_by_hand_for_many(server, assay, tmp_path):
    """What was there before a rule for hands: said, then signed, and once; what the policy refuses for a rule of what passed."""
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    for repository in ("team/app", "team/other", "else/app"):
        push(server, folder, "fixed", repository)
    push(server, folder, "vulnerable", "team/app")
    server.wait_for_scan("team/app", vulnerable)
    set_up(server, make_key(assay, tmp_path / "key.pem"), "manual")
    run = server.assay
    assert "has not run" in run("rule", "run", "release", "--status", check=2).stderr
    shown = run("rule", "run", "release", "--dry-run").stdout
    assert shown.splitlines()[-1] == "3 of the 3 listed would be signed now" and "else/app" not in shown
    assert signatures(server, "team/app", fixed) == (0, 0)
    done = run("rule", "run", "release", "--repository", "team/app", "--wait").stdout
    assert done.startswith("done: 2 signed, 0 were already, 0 refused, 0 failed"), done
    assert signatures(server, "team/app", fixed) == signatures(server, "team/app", vulnerable) == (1, 1)
    assert signatures(server, "team/other", fixed) == (0, 0)
    assert run("rule", "run", "release", "--dry-run").stdout.splitlines()[-1] == "1 of the 3 listed would be signed now"
    assert run("rule", "run", "release", "--wait").stdout.startswith("done: 1 signed, 2 were already, 0 refused")
    assert signatures(server, "team/app", fixed) == signatures(server, "team/other", fixed) == (1, 1)
    assert signatures(server, "else/app", fixed) == (0, 0)
    told = [(event["type"], event["subject"]) for event in events(server, "signing-run.asked") + events(server, "signing-run.ended")]
    assert told == [("signing-run.asked", "release")] * 2 + [("signing-run.ended", "release")] * 2
    # Of what passed: what does not, is refused, and why is said. Pages are followed.
    send(server, "POST", "signing-rules", {"name": "passed", "attestor": "release", "repositories": ["team/app"], "trigger": "passed"})
    send(server, "POST", "key-grants", {"rule": "passed", "key": "release", "pattern": "*"})
    first = server.get_json("/api/v1/signing-rules/passed/run/preview?limit=1")
    second = server.get_json(f"/api/v1/signing-rules/passed/run/preview?limit=1&last={first['next']}")
    would = {one["image"]: one for one in first["images"] + second["images"]}
    assert would[vulnerable]["would"] == "refused" and "policy" in would[vulnerable]["why"] and would[fixed]["would"] == "present"
    send(server, "POST", "signing-rules/passed/run", {}, 202)
    assert counts(wait_for_run(server, "passed")) == {"made": 0, "present": 1, "refused": 1, "failed": 0}
    send(server, "DELETE", "signing-rules/passed", status=204)
    wait_until(lambda: server.request("GET", "/api/v1/signing-rules/passed/run").status_code == 404)


def test_turned_and_revoked(server, assay, tmp_path):
    """After a turn a run signs by the next key. After a revocation what counts no more is signed by it by itself: what passed, and what was pushed."""
    set_up(server, make_key(assay, tmp_path / "key.pem"))
    set_up(server, make_key(assay, tmp_path / "pushed.pem"), "push", name="pushed")
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: signatures(server, "team/app", fixed) == (2, 2))

    def turn(name, number):
        send(server, "POST", f"signing-keys/{name}/turn", {"uri": f"file:{make_key(assay, tmp_path / f'{name}-{number}.pem')}"}, 200)

    def valid(attestor):
        shown = server.get_json(f"/api/v1/repositories/team/app/images/{fixed}/signatures")["signatures"]
        return {(one["format"], one["key"]) for one in shown if one["attestor"] == attestor}
    turn("release", 2)
    assert server.assay("rule", "run", "release", "--dry-run").stdout.splitlines()[-1].startswith("1 of the 1 ")
    assert server.assay("rule", "run", "release", "--wait").stdout.startswith("done: 1 signed")
    assert signatures(server, "team/app", fixed) == (3, 3)
    for name in ("release", "pushed"):
        send(server, "POST", f"signing-keys/{name}/revoke", {"revoked": "2026-01-01T00:00:00Z"}, 200)
        assert valid(name) == set()
        refused = server.request("POST", f"/api/v1/repositories/team/app/images/{fixed}/signatures", json={"rule": name})
        assert refused.status_code == 403
        turn(name, 3)
        wait_until(lambda name=name: len(valid(name)) == 2, 60)


def test_killed(start_server, assay, tmp_path):
    """Killed at random while it runs: all are signed once, and looked at once."""
    seed = int.from_bytes(os.urandom(4), "big")
    print("seed", seed)
    chance = random.Random(seed)
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    layout, digests = images(tmp_path / "layout", 60)
    for number in range(60):
        push(server, layout, f"i{number}", "team/app")
    set_up(server, make_key(assay, tmp_path / "key.pem"), "manual")
    send(server, "POST", "signing-rules/release/run", {}, 202)
    for _ in range(4):
        time.sleep(chance.uniform(0.05, 0.5))
        server.kill()
        server.start()
    run = wait_for_run(server, timeout=120)
    assert run["state"] == "done" and run["made"] + run["present"] == 60 and run["failed"] == run["refused"] == run["to_do"] == 0, run
    assert {signatures(server, "team/app", digest) for digest in digests} == {(1, 1)}
    assert len(events(server, "signature.created")) == 120


def test_key_away_and_cancelled(server, assay, tmp_path):
    """A key that is away holds the run up, and it goes on when it is back; one that waits is cancelled, and may be asked for again."""
    key = make_key(assay, tmp_path / "key.pem")
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    for tag in ("vulnerable", "fixed"):
        push(server, folder, tag, "team/app")
    set_up(server, key, "manual")
    whole = key.read_bytes()
    server.stop()
    key.unlink()
    server.start()
    send(server, "POST", "signing-rules/release/run", {}, 202)
    wait_until(lambda: str(key) in run_of(server).get("error", ""))
    assert server.request("POST", "/api/v1/signing-rules/release/run", json={}).status_code == 409
    assert server.assay("rule", "run", "release", "--cancel").stdout.startswith("cancelled")
    assert run_of(server)["state"] == "cancelled"
    assert server.request("DELETE", "/api/v1/signing-rules/release/run").status_code == 404
    send(server, "POST", "signing-rules/release/run", {}, 202)
    wait_until(lambda: str(key) in run_of(server).get("error", ""))
    key.write_bytes(whole)
    assert counts(wait_for_run(server)) == {"made": 2, "present": 0, "refused": 0, "failed": 0}
    assert signatures(server, "team/app", fixed) == signatures(server, "team/app", vulnerable) == (1, 1)


def test_who_may(start_server, tmp_path):
    """Who may sign in all that the run is about: in one repository, below a name, in all."""
    server = with_people(start_server, "signing: {folders: [/]}\n")
    ask(server, "root", "POST", "/api/v1/roles", json={"name": "signer", "verbs": ["sign", "pull"]})
    make(server, "root", subject="bob", role="signer", pattern="team/*")
    path = make_key(None, tmp_path / "key.pem")
    for place, body in (("signing-keys", {"name": "release", "uri": f"file:{path}"}), ("attestors", {"name": "release", "key": "release"}),
                        ("signing-rules", {"name": "release", "attestor": "release", "repositories": ["**"]})):
        assert ask(server, "root", "POST", f"/api/v1/{place}", json=body).status_code == 201
    place = "/api/v1/signing-rules/release/run"
    for body, status in (({}, 403), ({"repository": "else/app"}, 403), ({"repository": "**"}, 403), ({"repository": "te*/**"}, 403),
                         ({"repository": "team/app"}, 202), ({"repository": "team/**"}, 202)):
        answer = ask(server, "bob", "POST", place, json=body)
        assert answer.status_code == status, (body, answer.text)
        if status == 202:
            wait_until(lambda: ask(server, "bob", "GET", place).json()["state"] == "done")
    assert ask(server, "bob", "GET", f"{place}/preview?repository=team/**").status_code == 200
    assert ask(server, "bob", "GET", f"{place}/preview").status_code == 403
    assert ask(server, "root", "POST", place, json={}).status_code == 202
    assert ask(server, "bob", "DELETE", place).status_code in (403, 404)
