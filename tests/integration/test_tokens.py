"""The token endpoint: what each credential gives, what real clients do with it, and another registry that trusts our keys."""
import contextlib
import json
import shutil
import sqlite3
import subprocess
import time

import pytest
import requests
import yaml

import images
from assay_server import Server, free_port

BINDING = "INSERT INTO bindings (id, kind, subject, role, effect, pattern, created, created_by) " \
          "SELECT {}, '{}', {}, '{}', 'allow', '{}', 0, 'test' FROM principals WHERE name = 'ci'"


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    server = Server(program, tmp_path_factory.mktemp("tokens"), config="access: {mode: closed, token_services: [other]}")
    server.start()
    made = server.request("POST", "/api/v1/users", headers=server.operator(),
                          json={"name": "root", "password": "correct horse battery", "administrator": True})
    assert made.status_code == 201, made.text
    server.secret = server.request("POST", "/api/v1/robots", headers=server.operator(), json={"name": "ci"}).json()["secret"]
    with contextlib.closing(sqlite3.connect(server.data / "metadata.db", timeout=30)) as db, db:
        db.execute(BINDING.format(71, "principal", "id", "developer", "team/*"))
        db.execute(BINDING.format(72, "anonymous", "0", "guest", "public/*"))
        db.execute("UPDATE access_generation SET value = value + 1")
    time.sleep(1.2)
    server.request("GET", "/v2/")
    yield server
    server.stop()


def ask(server, query, auth=None):
    return server.request("GET", f"/token?{query}", auth=auth)


def test_scopes(server):
    robot = ("ci", server.secret)
    for query, auth, scope in [
        ("scope=repository:team/app:pull,push,delete", robot, "repository:team/app:pull,push"),
        ("scope=repository:team/a:pull&scope=repository:team/b:push", robot, "repository:team/a:pull repository:team/b:push"),
        ("scope=repository:team/a:pull%20repository:public/b:pull,push", robot, "repository:team/a:pull repository:public/b:pull"),
        ("scope=repository:public/b:pull,push", None, "repository:public/b:pull"),
        ("scope=repository:team/a:pull", None, ""),
        ("service=other&scope=repository:team/a:pull", robot, "repository:team/a:pull"),
        ("", robot, ""),
    ]:
        answer = ask(server, query, auth)
        assert answer.status_code == 200 and answer.json()["scope"] == scope, (query, answer.text)
        assert answer.json()["token"] == answer.json()["access_token"] and answer.json()["expires_in"] >= 60
    for query, auth, status in [("", None, 401), ("", ("ci", "wrong"), 401), ("scope=repository:public/b:pull", ("ci", "wrong"), 401),
                                ("service=unknown&scope=repository:team/a:pull", robot, 400)]:
        assert ask(server, query, auth).status_code == status, query


def test_a_token_only_cuts_down(server):
    token = ask(server, "scope=repository:team/a:pull", ("ci", server.secret)).json()["token"]

    def status(method, path):
        return server.request(method, path, headers={"Authorization": f"Bearer {token}"})
    assert status("GET", "/v2/").status_code == 200
    assert status("GET", "/v2/team/a/tags/list").status_code == 404
    refused = status("POST", "/v2/team/a/blobs/uploads/")
    assert refused.status_code == 401 and 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    other = ask(server, "service=other&scope=repository:team/a:pull", ("ci", server.secret)).json()["token"]
    token = other
    assert status("GET", "/v2/").status_code == 401
    token = token[:-4] + "AAAA"
    assert 'error="invalid_token"' in status("GET", "/v2/").headers["WWW-Authenticate"]
    again = server.request("POST", "/token", data={"grant_type": "refresh_token", "refresh_token": other, "service": "assay"})
    assert again.status_code == 401


def test_forms(server):
    form = {"grant_type": "password", "username": "ci", "password": server.secret, "service": "assay", "client_id": "containerd-client",
            "scope": "repository:team/app:pull,push"}
    assert server.request("POST", "/token", data=form).json()["scope"] == "repository:team/app:pull,push"
    assert server.request("POST", "/token", data={**form, "password": "x"}).status_code == 401
    assert server.request("POST", "/token", data={**form, "grant_type": "x"}).status_code == 400
    made = server.request("POST", "/api/v1/tokens", headers=server.operator(), json={"user": "root", "name": "pat"}).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": made["token"], "service": "assay", "scope": "repository:x/y:pull"}
    answer = server.request("POST", "/token", data=refresh).json()
    assert answer["scope"] == "repository:x/y:pull" and answer["refresh_token"] == made["token"]
    bearer = {"Authorization": f"Bearer {answer['token']}"}
    assert server.request("GET", "/v2/", headers=bearer).status_code == 200
    assert server.request("DELETE", f"/api/v1/tokens/{made['id']}", headers=server.operator()).status_code == 204
    assert server.request("GET", "/v2/", headers=bearer).status_code == 401, "its personal access token is gone"


def test_skopeo(server, tmp_path):
    layout = images.tiny_layout(tmp_path / "tiny", "v1")
    copy = ["skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}:v1", f"docker://{server.address}/team/app:v1"]
    assert subprocess.run([*copy, "--dest-no-creds"], stderr=subprocess.PIPE).returncode != 0
    assert subprocess.run([*copy, "--dest-creds", "ci:wrong"], stderr=subprocess.PIPE).returncode != 0
    subprocess.run([*copy, "--dest-creds", f"ci:{server.secret}"], check=True, stdout=subprocess.PIPE)
    inspect = ["skopeo", "inspect", "--tls-verify=false", f"docker://{server.address}/team/app:v1"]
    assert subprocess.run([*inspect, "--no-creds"], stderr=subprocess.PIPE).returncode != 0
    assert json.loads(subprocess.run([*inspect, "--creds", f"ci:{server.secret}"], check=True, stdout=subprocess.PIPE).stdout)["Digest"]


@pytest.mark.skipif(shutil.which("docker-registry") is None, reason="Debian's docker-registry is not installed")
def test_another_registry_trusts_our_keys(server, tmp_path):
    (tmp_path / "keys.pem").write_text(server.request("GET", "/.well-known/token-certificates.pem").text)
    port = free_port()
    config = {"version": 0.1, "storage": {"filesystem": {"rootdirectory": str(tmp_path / "data")}}, "http": {"addr": f"127.0.0.1:{port}"},
              "auth": {"token": {"realm": f"{server.url}/token", "service": "other", "issuer": "assay",
                                 "rootcertbundle": str(tmp_path / "keys.pem")}}}
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", tmp_path / "config.yml"], stdout=log, stderr=log)
    try:
        def post(token):
            return requests.post(f"http://127.0.0.1:{port}/v2/team/app/blobs/uploads/", headers={"Authorization": f"Bearer {token}"},
                                 timeout=30).status_code
        robot, push = ("ci", server.secret), "scope=repository:team/app:pull,push"
        good = ask(server, f"service=other&{push}", robot).json()["token"]
        for _ in range(100):
            with contextlib.suppress(requests.ConnectionError):
                if post(good) == 202:
                    break
            time.sleep(0.1)
        assert post(good) == 202, (tmp_path / "log").read_text()[-2000:]
        assert post(ask(server, f"service=assay&{push}", robot).json()["token"]) == 401, "it is for another service"
        assert post(ask(server, "service=other&scope=repository:team/app:pull", robot).json()["token"]) == 401
        assert post(ask(server, f"service=other&{push}").json()["token"]) == 401
        assert post(good[:-8] + "AAAAAAAA") == 401
    finally:
        process.terminate()
        process.wait(timeout=30)
