"""The second factor: codes by another's program (oathtool), what they are asked for, and what counts no more."""
import json
import re
import subprocess
import time

import pytest

from test_people import run

PASSWORD = "correct horse"
TOTP = "/api/v1/user/totp"


def code_of(secret, steps=0):
    """What an app shows so many steps from now."""
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() + 30 * steps))
    return subprocess.run(["oathtool", "--totp", "--base32", "--now", when, secret], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def middle_of_a_step():
    """So that no step ends between a code and its use."""
    into = time.time() % 30
    if into > 20:
        time.sleep(30 - into)


@pytest.fixture
def closed(start_server):
    server = start_server(config="access: {mode: closed}")
    for name in ("root", "alice"):
        body = {"name": name, "password": PASSWORD, "administrator": name == "root"}
        assert server.request("POST", "/api/v1/users", json=body, headers=server.operator()).status_code == 201
    return server


def enrol(server, name="alice", steps=-1):
    """(secret, recovery codes); by a code of the step before, so that the present one can still be used."""
    middle_of_a_step()
    begun = server.request("POST", TOTP, json={"present": PASSWORD}, auth=(name, PASSWORD))
    assert begun.status_code == 201 and begun.headers["Cache-Control"] == "no-store", begun.text
    secret = begun.json()["secret"]
    uri = f"otpauth://totp/assay:{name}?secret={secret}&issuer=assay&algorithm=SHA1&digits=6&period=30"
    assert begun.json()["uri"] == uri and re.fullmatch("[A-Z2-7]{32}", secret)
    confirmed = server.request("PUT", TOTP, json={"code": code_of(secret, steps)}, auth=(name, PASSWORD))
    assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json()["recovery_codes"]


def log_in(server, code=None, password=PASSWORD, name="alice"):
    body = {"name": name, "password": password, **({} if code is None else {"code": code})}
    answer = server.request("POST", "/api/v1/session", json=body)
    return answer.status_code, answer.json().get("detail", "")


def test_a_session_asks_for_a_code(closed):
    before = closed.request("POST", "/api/v1/session", json={"name": "alice", "password": PASSWORD})
    # What is begun and not confirmed is not asked for.
    closed.request("POST", TOTP, json={"present": PASSWORD}, auth=("alice", PASSWORD))
    assert log_in(closed) == (201, "")
    secret, _ = enrol(closed)
    assert closed.request("GET", "/api/v1/sessions", cookies=dict(before.cookies)).status_code == 401, "sessions ended"
    assert log_in(closed) == (401, "the code of the second factor is missing")
    assert log_in(closed, "") == (401, "the code of the second factor is missing")
    wrong = (401, "the code of the second factor is wrong, or was used")
    assert log_in(closed, "000000" if code_of(secret) != "000000" else "000001") == wrong
    # Who does not know the password learns nothing of codes.
    assert log_in(closed, code_of(secret), "wrong horse")[1].startswith("the name or the password is wrong")
    assert log_in(closed, code_of(secret, -1)) == wrong, "it was used to confirm"
    assert log_in(closed, code_of(secret, 2)) == wrong, "two steps ahead"
    right = code_of(secret)
    assert log_in(closed, right) == (201, "")
    assert log_in(closed, right) == wrong, "a replay"


def test_one_step_of_drift(closed):
    secret, _ = enrol(closed, steps=0)
    assert log_in(closed, code_of(secret, -1))[0] == 401, "older than what was used"
    assert log_in(closed, code_of(secret, 1)) == (201, "")
    assert log_in(closed, code_of(secret, 0))[0] == 401, "older than what was used"


def test_recovery_codes(closed):
    _, codes = enrol(closed)
    assert len(set(codes)) == 10 and all(re.fullmatch("([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes)
    assert log_in(closed, codes[0]) == (201, "")
    assert log_in(closed, codes[0])[0] == 401, "it was used"
    assert log_in(closed, codes[1].replace("-", "").upper()) == (201, "")
    closed.stop()
    stored = (closed.data / "metadata.db").read_bytes()
    assert not any(code.encode() in stored or code.replace("-", "").encode() in stored for code in codes)


def test_the_secret_is_sealed(closed):
    import base64
    secret, _ = enrol(closed)
    closed.stop()
    stored = (closed.data / "metadata.db").read_bytes()
    assert secret.encode() not in stored and base64.b32decode(secret) not in stored
    closed.start()
    middle_of_a_step()
    assert log_in(closed, code_of(secret, 1)) == (201, "")


def test_programs_use_a_token(closed):
    token = closed.request("POST", "/api/v1/user/tokens", auth=("alice", PASSWORD), json={"name": "laptop"}).json()["token"]
    assert closed.request("GET", "/v2/", auth=("alice", PASSWORD)).status_code == 200
    enrol(closed)
    for method, path, body in (("GET", "/v2/", {}), ("GET", "/token", {}), ("GET", "/api/v1/user", {})):
        answer = closed.request(method, path, auth=("alice", PASSWORD), **body)
        assert answer.status_code == 401 and "personal access token" in answer.text, path
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "service": "assay", "client_id": "docker"}
    answer = closed.request("POST", "/token", data=form)
    assert answer.status_code == 401 and "personal access token" in answer.text
    assert "personal access token" not in closed.request("GET", "/v2/", auth=("alice", "wrong horse")).text
    assert closed.request("GET", "/v2/", auth=("alice", token)).status_code == 200
    assert closed.request("POST", "/token", data={**form, "password": token}).status_code == 200
    client = subprocess.run(["skopeo", "login", "--tls-verify=false", "--username", "alice", "--password-stdin", closed.address],
                            input=PASSWORD, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert client.returncode != 0, client.stdout


def test_codes_cannot_be_tried_out(closed):
    """Who knows the password waits after a few wrong codes; the right password in between makes up for none."""
    secret, _ = enrol(closed)
    answers = []
    for number in range(8):
        answers.append(log_in(closed, f"{number:06}")[1])
        log_in(closed)
    assert any(answer.startswith("the name or the password is wrong, or too many were") for answer in answers)
    assert log_in(closed, code_of(secret))[0] == 401, "also the right one must wait"
    listed = closed.request("GET", "/api/v1/audit?limit=1000&type=user.locked", headers=closed.operator())
    deadline = time.monotonic() + 20
    while not listed.json()["records"] and time.monotonic() < deadline:
        time.sleep(0.2)
        listed = closed.request("GET", "/api/v1/audit?limit=1000&type=user.locked", headers=closed.operator())
    assert listed.json()["records"][0]["object"] == "alice"


def test_who_may_take_it_off(closed):
    secret, codes = enrol(closed)
    opened = closed.request("POST", "/api/v1/session", json={"name": "alice", "password": PASSWORD, "code": code_of(secret)})
    session = {"cookies": dict(opened.cookies), "headers": {"X-CSRF-Token": opened.json()["csrf"]}}
    assert closed.request("POST", TOTP, json={"present": PASSWORD}, **session).status_code == 409
    body = {"present": PASSWORD, "code": codes[0]}
    assert closed.request("DELETE", TOTP, json=body, cookies=session["cookies"]).status_code == 403, "without the CSRF token"
    assert closed.request("DELETE", TOTP, json={**body, "present": "wrong horse"}, **session).status_code == 403
    assert closed.request("DELETE", TOTP, json={**body, "code": "aaaa-bbbb"}, **session).status_code == 403
    assert closed.request("DELETE", TOTP, json=body, **session).status_code == 204
    assert log_in(closed) == (201, "")
    enrol(closed)
    # An administrator, and nobody else.
    other = {"name": "bob", "password": PASSWORD}
    closed.request("POST", "/api/v1/users", json=other, headers=closed.operator())
    assert closed.request("DELETE", "/api/v1/users/alice/totp", auth=("bob", PASSWORD)).status_code == 403
    assert closed.request("GET", "/api/v1/users/alice", auth=("root", PASSWORD)).json()["second_factor"] is True
    assert closed.request("DELETE", "/api/v1/users/alice/totp", auth=("root", PASSWORD)).status_code == 204
    assert closed.request("DELETE", "/api/v1/users/alice/totp", auth=("root", PASSWORD)).status_code == 404
    assert closed.request("GET", "/v2/", auth=("alice", PASSWORD)).status_code == 200


def test_by_commands(closed):
    def as_alice(*arguments, check=0, stdin=None, secret=PASSWORD):
        environment = {"ASSAY_SERVER": closed.address, "ASSAY_TOKEN": f"alice:{secret}", "PATH": "/usr/bin:/bin",
                       "HOME": str(closed.folder)}
        result = subprocess.run([str(closed.program), *arguments], input=stdin, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=120, env=environment)
        assert result.returncode == check, f"{arguments}: {result.stdout} {result.stderr}"
        return result

    token = as_alice("token", "create", "laptop").stdout.strip()
    middle_of_a_step()
    begun = as_alice("user", "totp", "enable", "--password-stdin", "--format", "json", stdin=f"{PASSWORD}\n")
    secret = json.loads(begun.stdout)["secret"]
    assert "the code is wrong" in as_alice("user", "totp", "confirm", code_of(secret, 5), check=2).stderr
    codes = as_alice("user", "totp", "confirm", code_of(secret)).stdout.split()
    assert len(codes) == 10
    as_alice("user", "totp", "disable", "--code", codes[0], "--password-stdin", stdin=f"{PASSWORD}\n", check=2)
    as_alice("user", "totp", "disable", "--code", codes[0], "--password-stdin", stdin=f"{PASSWORD}\n", secret=token)
    enrol(closed)
    assert "the second factor is off for alice" in run(closed, "user", "totp", "disable", "alice").stdout
    assert log_in(closed) == (201, "")
    run(closed, "user", "delete", "alice")
