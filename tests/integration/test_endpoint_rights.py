"""Endpoints where one must log in: they give no right, they are managed by who may, and bound who is logged in wherever it comes
from."""
import base64

import pytest

from assay_server import free_port
from test_endpoints import ask, status

ENDPOINTS = "/api/v1/endpoints"
SECRETS = {"root": "correct horse battery", "alice": "staple of the stable"}


def basic(name):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{SECRETS[name]}".encode()).decode()}


@pytest.fixture
def places():
    return [free_port() for _ in range(2)]


@pytest.fixture
def server(start_server, places):
    server = start_server(config=f"""
access: {{mode: closed}}
endpoints:
  - {{name: uat, listen: '127.0.0.1:{places[0]}', allow: 127.0.0.0/8, limits: {{requests_per_minute: 3}}}}
  - {{name: pro, listen: '127.0.0.1:{places[1]}', allow: 127.0.0.0/8, verbs: [pull]}}
""")
    for name, secret in SECRETS.items():
        answer = server.request("POST", "/api/v1/users", json={"name": name, "password": secret, "administrator": name == "root"},
                                headers=server.operator())
        assert answer.status_code == 201, answer.text
    return server


def test_who_manages_them(server):
    body = {"name": "late", "listen": ["127.0.0.1:0"]}
    for method, path in [("GET", ENDPOINTS), ("POST", ENDPOINTS), ("GET", f"{ENDPOINTS}/uat"), ("PATCH", f"{ENDPOINTS}/uat"),
                         ("DELETE", f"{ENDPOINTS}/uat")]:
        json = body if method in ("POST", "PATCH") else None
        assert server.request(method, path, json=json).status_code == 401, path
        assert server.request(method, path, json=json, headers=basic("alice")).status_code == 403, path
    assert server.request("POST", ENDPOINTS, json=body, headers=basic("root")).status_code == 201
    assert server.request("DELETE", f"{ENDPOINTS}/late", headers=basic("root")).status_code == 204


def test_they_give_no_right(server, places):
    for port in places:
        assert status(port, "/v2/") == 401
        assert status(port, "/v2/team/app/tags/list") == 401
    assert status(places[1], "/v2/", headers=basic("root")) == 200
    # ... and take away from an administrator and from the operator as well.
    for headers in (basic("root"), server.operator()):
        assert status(places[1], ENDPOINTS, headers=headers) == 403
        assert status(places[1], "/v2/team/app/blobs/uploads/", method="POST", headers=headers) == 403


def test_who_is_logged_in_is_bounded_everywhere(server, places):
    assert [status(places[0], source=f"127.0.1.{i}", headers=basic("alice")) for i in range(1, 6)] == [200, 200, 200, 429, 429]
    assert status(places[0], source="127.0.1.9", headers=basic("root")) == 200
    assert "3 requests" in ask(places[0], source="127.0.1.8", headers=basic("alice"))[1]
    assert status(places[1], headers=basic("alice")) == 200, "another endpoint"
