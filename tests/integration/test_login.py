"""The first administrator, and log-ins that are kept where docker, podman and helm look for them."""
import base64
import json
import os
import shutil
import stat
import subprocess

import pytest

from assay_server import Server, run_assay

PASSWORD = "correct horse"
CLOSED = "access:\n  mode: closed\n"


@pytest.fixture
def closed(program, tmp_path):
    """A server whose first administrator comes from a file."""
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\nmore\n")
    server = Server(program, tmp_path / "server", config=CLOSED,
                    environment={"ASSAY_ADMIN_PASSWORD_FILE": str(secret), "ASSAY_ADMIN_NAME": "alice"}).start()
    yield server
    server.stop()


def test_the_first_administrator_comes_from_a_file(closed):
    users = closed.request("GET", "/api/v1/users", auth=("alice", PASSWORD))
    assert users.status_code == 200 and [user["name"] for user in users.json()["users"]] == ["alice"]
    # Another start changes nothing, whatever the file says then.
    (closed.folder.parent / "password").write_text("another one\n")
    closed.stop()
    closed.start()
    assert closed.request("GET", "/api/v1/users", auth=("alice", PASSWORD)).status_code == 200


@pytest.mark.parametrize("content", [None, "short\n", ""])
def test_a_file_that_is_no_password_is_an_error(program, tmp_path, content):
    secret = tmp_path / "password"
    if content is not None:
        secret.write_text(content)
    result = run_assay(program, "serve", "--config", "/dev/null", "--data", tmp_path / "data", "--listen", "127.0.0.1:0",
                       check=2, env={"ASSAY_ADMIN_PASSWORD_FILE": str(secret)})
    assert "ASSAY_ADMIN_PASSWORD_FILE" in result.stderr


def test_without_an_administrator_the_log_says_what_to_do(start_server):
    server = start_server(config=CLOSED)
    assert "assay user create --admin" in server.log_text()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {"other.example": {"auth": "YTpi"}}, "psFormat": "x"}))
    return folder


def run_with_input(server, *arguments, given="", **environment):
    return subprocess.run([str(server.program), *arguments], input=given, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "ASSAY_CONFIG": "/dev/null", "ASSAY_DATA": "/nonexistent", **environment})


def login(server, password, **environment):
    return run_with_input(server, "login", server.url, "--username", "alice", "--password-stdin", given=f"{password}\n", **environment)


def test_login_is_kept_beside_what_there_is(closed, folder):
    file = folder / "config.json"
    done = login(closed, PASSWORD, DOCKER_CONFIG=str(folder))
    assert done.returncode == 0, done.stderr
    kept = json.loads(file.read_text())
    assert kept["psFormat"] == "x" and kept["auths"]["other.example"] == {"auth": "YTpi"}
    assert base64.b64decode(kept["auths"][closed.address]["auth"]).decode() == f"alice:{PASSWORD}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listed = run_with_input(closed, "user", "list", "--server", closed.url, DOCKER_CONFIG=str(folder), XDG_RUNTIME_DIR="/nonexistent")
    assert listed.returncode == 0 and "alice" in listed.stdout, listed.stderr
    if shutil.which("skopeo"):
        asked = subprocess.run(["skopeo", "list-tags", "--tls-verify=false", "--authfile", str(file), f"docker://{closed.address}/none"],
                               capture_output=True, text=True, timeout=60)
        assert "unauthorized" not in asked.stderr.lower(), asked.stderr
    gone = run_with_input(closed, "logout", closed.url, DOCKER_CONFIG=str(folder))
    assert gone.returncode == 0 and list(json.loads(file.read_text())["auths"]) == ["other.example"]
    assert run_with_input(closed, "logout", closed.url, DOCKER_CONFIG=str(folder)).returncode == 2


def test_a_wrong_password_is_not_kept(closed, folder):
    before = (folder / "config.json").read_text()
    done = login(closed, "wrong password", DOCKER_CONFIG=str(folder))
    assert done.returncode == 2 and (folder / "config.json").read_text() == before


def test_a_program_that_keeps_passwords_is_given_it(closed, folder):
    helper = folder / "docker-credential-box"
    helper.write_text(f'#!/bin/sh\ncat > {folder}/"$1"\n[ "$1" != get ] || {{ echo credentials not found; exit 1; }}\n')
    helper.chmod(0o755)
    (folder / "config.json").write_text(json.dumps({"credHelpers": {closed.address: "box"}}))
    environment = {"DOCKER_CONFIG": str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}
    done = login(closed, PASSWORD, **environment)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "store").read_text()) == {"ServerURL": closed.address, "Username": "alice", "Secret": PASSWORD}
    assert "auths" not in json.loads((folder / "config.json").read_text())
    assert run_with_input(closed, "logout", closed.url, **environment).returncode == 0
    assert (folder / "erase").read_text() == closed.address
