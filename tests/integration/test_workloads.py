"""Workloads without a secret: tokens of another issuer, by which a robot is known. The issuer here is a key pair of this test, with
its discovery document and keys served by HTTP, and stands for the Kubernetes API server's or a CI's."""
import base64
import hashlib
import hmac
import http.server
import json
import subprocess
import threading
import time

import pytest

from assay_server import free_port
from test_people import run

PASSWORD = "correct horse"
POD = "system:serviceaccount:web:builder"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Keys by openssl, whose public parts are served as an issuer does it."""

    def __init__(self, folder, port=None):
        self.port, self.folder = port or free_port(), folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = folder / f"issuer-{self.port}.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        self.asked = []

    def jwks(self):
        text = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL).stdout
        modulus = bytes.fromhex(text.strip().partition("=")[2])
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": encoded(modulus), "e": "AQAB"}]}

    def answers(self):
        return {"/.well-known/openid-configuration": {
            "issuer": self.url, "jwks_uri": f"{self.url}/keys", "authorization_endpoint": f"{self.url}/none",
            "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"]}, "/keys": self.jwks()}

    def __enter__(self):
        issuer, answers = self, self.answers()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked.append(self.path)
                body = json.dumps(answers.get(self.path, {})).encode()
                self.send_response(200 if self.path in answers else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def claims(self, **others):
        now = int(time.time())
        return {"iss": self.url, "sub": POD, "aud": ["assay"], "iat": now, "nbf": now, "exp": now + 600, **others}

    def signature(self, text):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True, stdout=subprocess.PIPE).stdout

    def token(self, header=None, sign=None, **others):
        head = header or {"alg": "RS256", "kid": "one", "typ": "JWT"}
        text = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(self.claims(**others)).encode())}"
        return f"{text}.{encoded((sign or self.signature)(text))}"


@pytest.fixture
def issuer(tmp_path):
    with Issuer(tmp_path) as issuer:
        yield issuer


@pytest.fixture
def closed(start_server, issuer):
    server = start_server(config=f"access:\n  mode: closed\n  workloads:\n    - {{issuer: '{issuer.url}', plain_http: true}}\n")
    server.make("users", {"name": "root", "password": PASSWORD, "administrator": True})
    for name in ("web", "other"):
        server.make("robots", {"name": name})
        server.make("grants", {"subject": name, "role": "developer", "pattern": f"{name}/*"})
    return server


def trust(server, issuer, robot="web", audience="assay", **claims):
    return server.make(f"robots/{robot}/trusts", {"issuer": issuer.url, "audience": audience, "claims": claims or {"sub": POD}})["id"]


def who(server, token):
    """As Bearer at the API: (status, name, how)."""
    answer = server.request("GET", "/api/v1/whoami", headers={"Authorization": f"Bearer {token}"})
    return (answer.status_code, *((answer.json()["name"], answer.json()["how"]) if answer.status_code == 200 else ()))


def test_a_token_is_the_robot(closed, issuer):
    token = issuer.token()
    assert who(closed, token) == (401,), "no rule yet"
    trust(closed, issuer)
    assert who(closed, token) == (200, "web", "workload")
    told = closed.request("GET", "/api/v1/whoami", headers={"Authorization": f"Bearer {token}"}).json()
    assert told["kind"] == "robot" and [right["pattern"] for right in told["rights"]] == ["web/*"] and "expires" in told
    # Seconds may have a fraction, and be as many as they like: it ends all the same.
    for ends in (time.time() + 300.5, 9 * 10 ** 18, 1e300):
        told = closed.request("GET", "/api/v1/whoami", headers={"Authorization": f"Bearer {issuer.token(exp=ends)}"})
        assert told.status_code == 200 and "expires" in told.json(), ends
    # ... straight to the registry, ...
    assert closed.request("POST", "/v2/web/app/blobs/uploads/", headers={"Authorization": f"Bearer {token}"}).status_code == 202
    assert closed.request("POST", "/v2/other/app/blobs/uploads/", headers={"Authorization": f"Bearer {token}"}).status_code in (401, 403, 404)
    # ... and as a password beside the robot's name, as docker sends it.
    scope = "repository:web/app:pull,push"
    answer = closed.request("GET", f"/token?service=assay&scope={scope}", auth=("web", token))
    assert answer.status_code == 200 and answer.json()["scope"] == scope
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert closed.request("POST", "/v2/web/app/blobs/uploads/", headers=bearer).status_code == 202
    assert closed.request("GET", "/token?service=assay", auth=("other", token)).status_code == 401
    assert closed.request("GET", "/token?service=assay", auth=("root", token)).status_code == 401
    assert closed.request("GET", "/token?service=assay", auth=("nobody", token)).status_code == 401


def test_an_exchange(closed, issuer):
    trust(closed, issuer)
    form = {"grant_type": EXCHANGE, "subject_token": issuer.token(), "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "audience": "assay", "scope": "repository:web/app:pull,push"}
    answer = closed.request("POST", "/token", data=form)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token" and made["token_type"] == "Bearer"
    bearer = {"Authorization": f"Bearer {made['access_token']}"}
    assert closed.request("POST", "/v2/web/app/blobs/uploads/", headers=bearer).status_code == 202
    assert closed.request("POST", "/token", data={**form, "username": "web"}).status_code == 200
    assert closed.request("POST", "/token", data={**form, "username": "other"}).status_code == 401
    assert closed.request("POST", "/token", data={**form, "subject_token": made["access_token"]}).status_code == 401, "not one of ours"
    assert closed.request("POST", "/token", data={**form, "subject_token": "x"}).status_code == 401
    assert closed.request("POST", "/token", data={key: form[key] for key in form if key != "subject_token"}).status_code == 400


def test_a_real_client(closed, issuer, tmp_path):
    trust(closed, issuer)
    login = ["skopeo", "login", "--tls-verify=false", "--authfile", str(tmp_path / "auth.json"), "--username", "web", "--password-stdin",
             closed.address]
    for token, code in ((issuer.token(), 0), (issuer.token(sub="system:serviceaccount:web:intruder"), 1)):
        done = subprocess.run(login, input=token, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        assert (done.returncode != 0) == (code != 0), done.stdout


def test_tokens_that_are_none(closed, issuer, tmp_path):
    trust(closed, issuer)
    now = int(time.time())
    public = subprocess.run(["openssl", "rsa", "-in", issuer.key, "-pubout"], check=True, capture_output=True).stdout
    stranger = Issuer(tmp_path)
    wrong = {
        "audience": issuer.token(aud="another"), "no audience": issuer.token(aud=None), "claim": issuer.token(sub="system:serviceaccount:web:x"),
        "claim of another type": issuer.token(sub={"x": POD}), "no claim": issuer.token(sub=None), "expired": issuer.token(exp=now - 120),
        "no end": issuer.token(exp=None), "not yet": issuer.token(nbf=now + 600), "issuer": issuer.token(iss="http://127.0.0.1:1"),
        "none": issuer.token(header={"alg": "none"}, sign=lambda _: b""),
        "none with a signature": issuer.token(header={"alg": "none", "kid": "one"}),
        "HMAC by the public key": issuer.token(header={"alg": "HS256", "kid": "one"},
                                               sign=lambda text: hmac.new(public, text.encode(), hashlib.sha256).digest()),
        "another's key": issuer.token(sign=stranger.signature), "no such key": issuer.token(header={"alg": "RS256", "kid": "two"}),
        "a key of its own": issuer.token(header={"alg": "RS256", "kid": "x", "jwk": stranger.jwks()["keys"][0]}, sign=stranger.signature),
        "changed": issuer.token().replace(".", ".e30", 1), "cut": issuer.token()[:-10],
    }
    for name, token in wrong.items():
        assert who(closed, token) == (401,), name
        assert closed.request("GET", "/token?service=assay", auth=("web", token)).status_code == 401, name
    assert who(closed, issuer.token())[0] == 200
    assert set(issuer.asked) == {"/.well-known/openid-configuration", "/keys"}


def test_all_claims_must_fit(closed, issuer):
    trust(closed, issuer, repository="org/app", ref="refs/heads/*", protected="true", groups="ci")
    right = {"repository": "org/app", "ref": "refs/heads/main", "protected": True, "groups": ["dev", "ci"]}
    assert who(closed, issuer.token(**right))[1:] == ("web", "workload")
    for change in ({"repository": "org/app2"}, {"repository": "fork/org/app"}, {"ref": "refs/tags/v1"}, {"protected": False},
                   {"protected": None}, {"groups": ["dev"]}, {"groups": "cix"}, {"repository": ["org/other"]}):
        assert who(closed, issuer.token(**{**right, **change})) == (401,), change


def test_two_robots_and_their_names(closed, issuer):
    trust(closed, issuer)
    trust(closed, issuer, robot="other")
    token = issuer.token()
    answer = closed.request("GET", "/api/v1/whoami", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401 and "several robots" in answer.text
    for name in ("web", "other"):
        assert closed.request("GET", "/api/v1/whoami", auth=(name, token)).json()["name"] == name


def test_an_end_is_an_end(closed, issuer):
    number, token = trust(closed, issuer), issuer.token()
    bearer = closed.request("GET", "/token?service=assay&scope=repository:web/app:push", auth=("web", token)).json()["token"]

    def push():
        return closed.request("POST", "/v2/web/app/blobs/uploads/", headers={"Authorization": f"Bearer {bearer}"}).status_code
    assert who(closed, token)[0] == 200 and push() == 202
    root = {"auth": ("root", PASSWORD)}
    assert closed.request("DELETE", f"/api/v1/robots/other/trusts/{number}", **root).status_code == 404
    assert closed.request("DELETE", f"/api/v1/robots/web/trusts/{number}", **root).status_code == 204
    assert who(closed, token) == (401,) and push() == 401, "also what was made by it"
    trust(closed, issuer)
    assert who(closed, token)[0] == 200
    closed.request("PATCH", "/api/v1/robots/web", json={"disabled": True}, **root)
    assert who(closed, token) == (401,)
    closed.request("DELETE", "/api/v1/robots/web", **root)
    assert who(closed, token) == (401,)


def test_rules_that_are_none(closed, issuer):
    path, rule = "/api/v1/robots/web/trusts", {"issuer": issuer.url, "audience": "assay", "claims": {"sub": POD}}
    for change, said in (({"issuer": "https://elsewhere.example"}, "access.workloads"), ({"claims": {}}, "1 to 16 claims"),
                         ({"claims": []}, "claims"), ({"claims": {"sub": "*"}}, "says nothing"), ({"claims": {"sub": "**"}}, "says nothing"),
                         ({"claims": {"sub": 5}}, "pattern"), ({"audience": ""}, "audience")):
        answer = closed.request("POST", path, json={**rule, **change}, headers=closed.operator())
        assert answer.status_code == 400 and said in answer.text, (change, answer.text)
    assert closed.request("POST", "/api/v1/robots/nobody/trusts", json=rule, headers=closed.operator()).status_code == 404
    # Who manages access and may not do all could act as the robot.
    closed.make("roles", {"name": "manager", "verbs": ["manage-access", "list"]})
    closed.make("users", {"name": "carol", "password": PASSWORD})
    closed.make("grants", {"subject": "carol", "role": "manager", "pattern": "*"})
    assert closed.request("POST", path, json=rule, auth=("carol", PASSWORD)).status_code == 403
    assert closed.request("GET", path, auth=("carol", PASSWORD)).status_code == 200


def test_by_commands_and_in_the_record(closed, issuer):
    arguments = ["robot", "trust", "add", "web", "--issuer", issuer.url, "--audience", "assay"]
    assert "--claim" in run(closed, *arguments, check=2).stderr
    run(closed, *arguments, "--claim", f"sub={POD}")
    assert who(closed, issuer.token())[0] == 200
    listed = json.loads(run(closed, "robot", "trust", "list", "web", "--format", "json").stdout)
    assert listed[0]["claims"] == {"sub": POD} and "last_used" in listed[0]
    assert f"sub={POD}" in run(closed, "robot", "trust", "list", "web").stdout
    run(closed, "robot", "trust", "remove", "web", str(listed[0]["id"]))
    assert who(closed, issuer.token()) == (401,)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = closed.request("GET", "/api/v1/audit?limit=1000&type=robot.", headers=closed.operator()).json()["records"]
        found = [record for record in found if "trust" in record["type"]]
        if len(found) == 2:
            break
        time.sleep(0.2)
    assert [record["type"] for record in found] == ["robot.trust-added", "robot.trust-removed"] and found[0]["object"] == "web"


def test_keys_from_a_file(start_server, tmp_path):
    """For an issuer that cannot be reached from here, as a cluster's own often is."""
    issuer = Issuer(tmp_path)
    issuer.url = "https://kubernetes.default.svc.cluster.local"
    (tmp_path / "jwks.json").write_text(json.dumps(issuer.jwks()))
    server = start_server(config="access:\n  mode: closed\n  workloads:\n"
                          f"    - {{issuer: '{issuer.url}', keys_file: '{tmp_path}/jwks.json'}}\n")
    for things, body in (("users", {"name": "root", "password": PASSWORD, "administrator": True}), ("robots", {"name": "web"}),
                         ("robots/web/trusts", {"issuer": issuer.url, "audience": "assay", "claims": {"sub": POD}})):
        assert server.request("POST", f"/api/v1/{things}", json=body, headers=server.operator()).status_code == 201
    assert who(server, issuer.token()) == (200, "web", "workload")
    assert who(server, issuer.token(sub="x")) == (401,)
