"""People, teams, robots and tokens by the real program: made by commands, known by what they show, and gone with all they had."""
import json
import re
import statistics
import subprocess
import threading
import time

import pytest
import requests

from assay_server import Server


@pytest.fixture(scope="module")
def closed(program, tmp_path_factory):
    server = Server(program, tmp_path_factory.mktemp("people") / "server", config="access: {mode: closed}")
    server.start()
    yield server
    server.stop()


def run(server, *arguments, check=0, stdin=None):
    """A command on the server's machine, as the operator."""
    result = subprocess.run([str(server.program), *arguments], input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            timeout=120, env={"ASSAY_DATA": str(server.data), "ASSAY_SERVER": server.address, "PATH": "/usr/bin:/bin",
                                              "HOME": str(server.folder)})
    assert result.returncode == check, f"{arguments}: {result.stdout} {result.stderr}"
    return result


def status(server, name, secret, path="/api/v1/user", method="GET", **options):
    return server.request(method, path, auth=(name, secret), **options).status_code


def test_a_person_from_beginning_to_end(closed):
    run(closed, "user", "create", "--admin", "--password-stdin", "alice", stdin="correct horse\n")
    run(closed, "user", "create", "--password-stdin", "bob", stdin="battery staple\n")
    assert "exists already" in run(closed, "user", "create", "--password-stdin", "bob", stdin="another one\n", check=2).stderr
    assert "8 to 256" in run(closed, "user", "create", "--password-stdin", "carol", stdin="short\n", check=2).stderr
    assert status(closed, "bob", "battery staple") == 200
    assert status(closed, "bob", "battery Staple") == 401
    assert closed.request("GET", "/api/v1/user").status_code == 401
    # Who was only created may not manage others.
    assert status(closed, "alice", "correct horse", "/api/v1/users") == 200
    assert status(closed, "bob", "battery staple", "/api/v1/users") == 403
    token = closed.request("POST", "/api/v1/user/tokens", auth=("bob", "battery staple"), json={"name": "laptop"}).json()
    bearer = {"Authorization": f"Bearer {token['token']}"}
    assert closed.request("GET", "/api/v1/user", headers=bearer).json()["name"] == "bob"
    assert status(closed, "whoever", token["token"]) == 200
    for path, body in [("password", {"present": "battery staple", "password": "hijacked it"}), ("tokens", {"name": "another"})]:
        assert closed.request("POST", f"/api/v1/user/{path}", headers=bearer, json=body).status_code == 403
    change = {"present": "battery staple", "password": "a new password"}
    assert closed.request("POST", "/api/v1/user/password", auth=("bob", "battery staple"), json=change).status_code == 204
    assert status(closed, "bob", "battery staple") == 401 and status(closed, "bob", "a new password") == 200
    run(closed, "user", "disable", "bob")
    assert status(closed, "bob", "a new password") == 401 and status(closed, "x", token["token"]) == 401
    run(closed, "user", "enable", "bob")
    assert status(closed, "bob", "a new password") == 200 and status(closed, "x", token["token"]) == 200
    run(closed, "user", "delete", "bob")
    assert status(closed, "bob", "a new password") == 401 and status(closed, "x", token["token"]) == 401


def test_robots_and_their_secrets(closed):
    first = run(closed, "robot", "create", "team.ci", "--expires", "1d").stdout.strip()
    assert re.fullmatch(r"assay_robot_[0-9A-Za-z]{36}", first)
    second = run(closed, "robot", "rotate", "team.ci").stdout.strip()
    for secret in (first, second):
        assert status(closed, "team.ci", secret) == 403, "known, and no person"
        assert status(closed, "robot$team+ci", secret) == 403
    assert status(closed, "other", first) == 401
    assert "has secrets 1 and 2" in run(closed, "robot", "end-secret", "team.ci", "9", check=2).stderr
    run(closed, "robot", "end-secret", "team.ci", "1")
    assert status(closed, "team.ci", first) == 401 and status(closed, "team.ci", second) == 403
    shown = json.loads(run(closed, "robot", "show", "team.ci").stdout)
    assert [secret["slot"] for secret in shown["secrets"]] == [2] and shown["expires"]
    run(closed, "robot", "delete", "team.ci")
    assert status(closed, "team.ci", second) == 401


def test_teams(closed):
    run(closed, "robot", "create", "builder")
    run(closed, "team", "create", "dev", "--description", "Developers")
    run(closed, "team", "add", "dev", "builder")
    run(closed, "team", "add", "dev", "builder")
    assert run(closed, "team", "members", "dev").stdout == "builder\n"
    run(closed, "team", "add-group", "dev", "oidc:corp", "developers")
    assert run(closed, "team", "groups", "dev").stdout.split() == ["FROM", "GROUP", "oidc:corp", "developers"]
    run(closed, "team", "remove-group", "dev", "oidc:corp", "developers")
    assert run(closed, "team", "groups", "dev").stdout == "it takes in no group; `assay team add-group` adds one\n"
    assert "no person or robot" in run(closed, "team", "add", "dev", "nobody", check=2).stderr
    assert run(closed, "team", "list").stdout.split()[:5] == ["TEAM", "MEMBERS", "DESCRIPTION", "dev", "1"]
    run(closed, "team", "remove", "dev", "builder")
    run(closed, "team", "delete", "dev")


def test_unknown_names_take_as_long_as_wrong_passwords(closed):
    """Of the fastest half of each, so that a busy machine's noise is not compared. Different names, so that none is locked out."""
    names = [f"timed{number}" for number in range(8)]
    for name in names:
        run(closed, "user", "create", "--password-stdin", name, stdin="correct horse\n")
    seconds = {True: [], False: []}
    for name in names:
        for known in (True, False):
            begun = time.monotonic()
            assert status(closed, name if known else f"no-{name}", "wrong password") == 401
            seconds[known].append(time.monotonic() - begun)
    known, unknown = (statistics.median(sorted(seconds[which])[:4]) for which in (True, False))
    assert known > 0.005, "a hash that is slow"
    assert 0.5 < unknown / known < 2, (known, unknown)


def test_guessing_is_stopped(start_server):
    """Thirty guesses at once are no more than five in a row, after which the right password is not looked at either."""
    server = start_server(config="access: {mode: closed}")
    run(server, "user", "create", "--admin", "--password-stdin", "alice", stdin="correct horse\n")
    run(server, "user", "create", "--password-stdin", "victim", stdin="correct horse\n")
    threads = [threading.Thread(target=status, args=(server, "victim", f"guess number {number}")) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = requests.get(f"{server.url}/api/v1/events?limit=1000", auth=("alice", "correct horse"), timeout=60).json()["events"]
    locked = [event["data"]["failures"] for event in events if event["type"] == "user.locked" and event["subject"] == "victim"]
    assert locked[0] == 5 and len(locked) < 6, locked
    assert not any("guess number" in json.dumps(event) for event in events), "no password is told"
    statuses = []
    for _ in range(3):
        status(server, "victim", "wrong again")
        statuses.append(status(server, "victim", "correct horse"))
    assert 401 in statuses, "the right one is not looked at either"
