"""Endpoints by the API and by `assay endpoint`: made, changed and closed while the server and its connections go on."""
import http.client
import json
import socket

import pytest

from assay_server import free_port
from test_api import check_schema, DESCRIPTION
from test_endpoints import ask, status

ENDPOINTS = "/api/v1/endpoints"


def schema(name):
    return DESCRIPTION["components"]["schemas"][name]


def create(server, expected=201, **members):
    answer = server.request("POST", ENDPOINTS, json=members)
    assert answer.status_code == expected, answer.text
    if expected == 201:
        check_schema(answer.json(), schema("Endpoint"))
    return answer


def test_life(start_server):
    server, port = start_server(), free_port()
    place = f"127.0.0.1:{port}"
    answer = create(server, name="uat", listen=[place])
    tag = answer.headers["ETag"]
    assert answer.headers["Location"] == f"{ENDPOINTS}/uat"
    assert answer.json()["urls"] == [f"http://{place}"] and answer.json()["allow"] == []
    assert status(port) is None, "closed until a list opens it"

    changed = server.request("PATCH", f"{ENDPOINTS}/uat", json={"allow": ["127.0.1.0/24"], "verbs": ["pull"]}, headers={"If-Match": tag})
    assert changed.status_code == 200 and changed.headers["ETag"] != tag, changed.text
    assert status(port) is None and status(port, source="127.0.1.1") == 200
    assert status(port, "/v2/_catalog", source="127.0.1.1") == 403
    late = server.request("PATCH", f"{ENDPOINTS}/uat", json={"allow": ["0.0.0.0/0"]}, headers={"If-Match": tag})
    assert late.status_code == 412 and status(port) is None

    # A start brings it back as it was.
    server.stop()
    server.start()
    assert status(port) is None and status(port, source="127.0.1.1") == 200
    listed = server.get_json(ENDPOINTS)
    check_schema(listed, schema("Endpoints"))
    assert [(one["name"], one["configured"], one["version"]) for one in listed["endpoints"]] == [("default", True, 0), ("uat", False, 2)]

    assert server.request("PATCH", f"{ENDPOINTS}/uat", json={"verbs": None}).json()["verbs"] == ["all"]
    assert server.request("DELETE", f"{ENDPOINTS}/uat").status_code == 204
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=20)
    assert server.request("GET", f"{ENDPOINTS}/uat").status_code == 404
    events = [(event["type"], event["subject"]) for event in server.get_json("/api/v1/events")["events"]]
    assert [event for event in events if event[1] == "uat"] == [
        ("endpoint.created", "uat"), ("endpoint.changed", "uat"), ("endpoint.changed", "uat"), ("endpoint.deleted", "uat")]


def test_open_connections_follow(start_server):
    """One that is open when the rules change is ended when they do not admit it, and judged by the new ones when they do."""
    server, port = start_server(), free_port()
    create(server, name="uat", listen=[f"127.0.0.1:{port}"], allow=["127.0.1.0/24", "127.0.2.0/24"])
    kept, ended = [http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(source, 0))
                   for source in ("127.0.1.1", "127.0.2.1")]

    def get(connection, path):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    assert get(kept, "/v2/_catalog") == get(ended, "/v2/_catalog") == 200
    answer = server.request("PATCH", f"{ENDPOINTS}/uat", json={"deny": ["127.0.2.0/24"], "verbs": ["pull"]})
    assert answer.status_code == 200
    assert ended.sock.recv(1) == b""
    before = kept.sock
    assert get(kept, "/v2/_catalog") == 403 and kept.sock is before
    assert server.request("DELETE", f"{ENDPOINTS}/uat").status_code == 204
    assert kept.sock.recv(1) == b""


def test_the_rest_goes_on(start_server):
    server = start_server()
    first, second = free_port(), free_port()
    create(server, name="a", listen=[f"127.0.0.1:{first}"], allow=["127.0.0.0/8"])
    connection = http.client.HTTPConnection("127.0.0.1", first, timeout=20)
    connection.request("GET", "/v2/")
    connection.getresponse().read()
    before = connection.sock
    for _ in range(20):
        create(server, name="b", listen=[f"127.0.0.1:{second}"], allow=["127.0.0.0/8"])
        assert status(second) == 200
        assert server.request("DELETE", f"{ENDPOINTS}/b").status_code == 204
    connection.request("GET", "/v2/")
    assert connection.getresponse().status == 200 and connection.sock is before


@pytest.mark.parametrize("members,code,says", [
    ({"name": "Uat", "listen": ["127.0.0.1:1"]}, 400, "small letters"),
    ({"name": "default", "listen": ["127.0.0.1:1"]}, 400, "addresses of `listen`"),
    ({"name": "uat"}, 400, 'key \\"listen\\" is missing'),
    ({"name": "uat", "listen": []}, 400, "at least 1"),
    ({"name": "uat", "listen": ["127.0.0.1:1"], "allow": ["10.0.0.1/8"]}, 400, "bits after"),
    ({"name": "uat", "listen": ["127.0.0.1:1"], "certificate": "/nowhere", "key": "/nowhere"}, 400, "/nowhere"),
    ({"name": "uat", "listen": ["192.0.2.1:5001"], "plain_http": True}, 400, "no such address"),
    ({"name": "uat", "listen": ["0.0.0.0:0"]}, 400, "reached from other machines"),
])
def test_refused(module_server, members, code, says):
    answer = module_server.request("POST", ENDPOINTS, json=members)
    assert answer.status_code == code and says in answer.text, answer.text
    assert [one["name"] for one in module_server.get_json(ENDPOINTS)["endpoints"]] == ["default"]


def test_conflicts(start_server):
    server = start_server(config=f"endpoints:\n  - {{name: pro, listen: '127.0.0.1:{free_port()}', allow: 127.0.0.1}}\n")
    for method in ("PATCH", "DELETE"):
        for name in ("pro", "default"):
            answer = server.request(method, f"{ENDPOINTS}/{name}", json={"allow": []} if method == "PATCH" else None)
            assert answer.status_code == 409 and "in the configuration" in answer.text
    create(server, name="uat", listen=["127.0.0.1:0"])
    create(server, expected=409, name="uat", listen=["127.0.0.1:0"])
    create(server, expected=403, name="pro", listen=["127.0.0.1:0"])
    # What others have is not taken from them, and nothing is left of the trial.
    first = free_port()
    answer = create(server, expected=400, name="two", listen=[f"127.0.0.1:{first}", server.address])
    assert "cannot be told from endpoint default" in answer.text
    assert server.request("GET", f"{ENDPOINTS}/two").status_code == 404
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        assert "another program listens there" in create(server, expected=400, name="two", listen=[f"127.0.0.1:{first}", place]).text
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", first), timeout=20)


def test_commands(assay, start_server):
    server, port = start_server(), free_port()
    at = ["--server", server.url]
    shown = assay("endpoint", "create", *at, "pro", "--listen", f"127.0.0.1:{port}", "--allow", "127.0.1.0/24", "--verb", "pull",
                  "--repository", "prod/*", "--requests", "600", "--bytes", "1GiB").stdout
    assert "open" in shown and "prod/*" in shown and "600 a minute" in shown
    listed = assay("endpoint", "list", *at).stdout
    assert "default" in listed and f"http://127.0.0.1:{port}" in listed
    tested = assay("endpoint", "test", *at, "127.0.1.9").stdout
    assert "127.0.1.9 is allowed by 127.0.1.0/24" in tested and "pull on prod/*" in tested
    answers = json.loads(assay("endpoint", "test", *at, "--format", "json", "10.0.0.1").stdout)
    assert [one["answer"]["admitted"] for one in answers] == [True, False]
    assert ask(port, source="127.0.1.9")[0] == 200
    names = assay("endpoint", "dns", *at).stdout
    assert "127.0.0.1 pro\n" in names and "pro 300 IN A 127.0.0.1\n" in names
    assert "closed" in assay("endpoint", "set", *at, "pro", "--close").stdout
    assert status(port, source="127.0.1.9") is None
    assay("endpoint", "set", *at, "pro", "--allow", "127.0.0.0/8", "--verb", "")
    found = json.loads(assay("endpoint", "show", *at, "--format", "json", "pro").stdout)
    assert found["verbs"] == [] and found["limits"] == {"requests_per_minute": 600, "bytes_per_minute": 2**30}
    assert "no endpoint uat" in assay("endpoint", "show", *at, "uat", check=2).stderr
    assert assay("endpoint", "delete", *at, "pro").stdout == "deleted pro\n"
    assert "no endpoint pro" in assay("endpoint", "delete", *at, "pro", check=2).stderr
