"""Endpoints: each admits the addresses that its rules name, and serves the verbs and repositories that they name."""
import http.client
import socket

import pytest

from assay_server import Server, free_port
from repository import Repository
from test_api import DESCRIPTION


def ask(port, path="/v2/", source="127.0.0.1", method="GET", to="127.0.0.1", headers=None, body=None):
    """The status and body that an address gets; None: it was cut."""
    connection = http.client.HTTPConnection(to, port, timeout=20, source_address=(source, 0))
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (http.client.RemoteDisconnected, ConnectionError):
        return None
    finally:
        connection.close()


def status(*arguments, **options):
    answer = ask(*arguments, **options)
    return answer and answer[0]


@pytest.fixture
def ports():
    return [free_port() for _ in range(3)]


def test_addresses(start_server, ports):
    server = start_server(config=f"""
endpoints:
  - name: uat
    listen: 127.0.0.1:{ports[0]}
    allow: [127.0.1.0/24, 127.0.2.0/24]
    deny: 127.0.2.9
  - name: closed
    listen: 127.0.0.1:{ports[1]}
  - name: none
    listen: 127.0.0.1:{ports[2]}
    allow: []
    deny: [127.0.0.9]
""")
    for source, expected in [("127.0.1.7", 200), ("127.0.2.8", 200), ("127.0.2.9", None), ("127.0.3.1", None), ("127.0.0.1", None)]:
        assert status(ports[0], source=source) == expected, source
    for port in ports[1:]:
        assert status(port) is None
    # What clients say of themselves opens nothing.
    forged = {"X-Forwarded-For": "127.0.1.7", "Forwarded": "for=127.0.1.7", "X-Real-IP": "127.0.1.7", "Host": f"127.0.0.1:{ports[0]}"}
    assert status(ports[0], source="127.0.3.1", headers=forged) is None
    assert status(server.port, source="127.0.3.1") == 200
    told = [event for event in server.log_events() if event["message"].startswith("a connection was cut")]
    assert told[0]["client"] == "127.0.2.9" and told[0]["at"] == f"http://127.0.0.1:{ports[0]}"
    assert "assay_http_cut_total 6" in server.request("GET", "/metrics").text


def test_cut_before_a_byte(start_server, ports):
    start_server(config=f"endpoints:\n  - {{name: uat, listen: '127.0.0.1:{ports[0]}', allow: 127.0.1.0/24}}\n")
    with socket.create_connection(("127.0.0.1", ports[0]), timeout=20) as sock:
        assert sock.recv(1) == b""


def test_what_is_served(start_server, ports):
    server = start_server(config=f"""
endpoints:
  - name: pro
    listen: 127.0.0.1:{ports[0]}
    allow: 127.0.0.0/8
    repositories: [prod/*, base]
    verbs: [pull, list]
  - name: nothing
    listen: 127.0.0.1:{ports[1]}
    allow: 127.0.0.0/8
    verbs: []
""")
    pushed = {name: Repository(server, name).push_blob(name.encode())["digest"] for name in ("prod/app", "base", "uat/app", "prod")}
    for name, digest in pushed.items():
        path = f"/v2/{name}/blobs/{digest}"
        expected = 200 if name in ("prod/app", "base") else 403
        assert status(server.port, path) == 200
        assert status(ports[0], path) == expected, name
        assert status(ports[1], path) == 403
    refusal = ask(ports[0], f"/v2/uat/app/blobs/{pushed['uat/app']}")[1]
    assert "endpoint pro serves pull, list on prod/*, base, and this is pull on uat/app" in refusal and "DENIED" in refusal
    for method, path in [("POST", "/v2/prod/app/blobs/uploads/"), ("DELETE", "/v2/prod/app/manifests/latest"),
                         ("PUT", "/v2/prod/app/manifests/latest"), ("GET", "/api/v1/jobs")]:
        assert status(ports[0], path, method=method) == 403, path
        # Nor does another name for the same, or for somebody else.
        assert status(ports[0], path, method=method, headers={"Host": server.address, "X-Forwarded-Host": server.address}) == 403
    for port in ports[:2]:
        assert status(port) == 200 and status(port, "/readyz") == 200
    assert status(ports[1], "/v2/_catalog") == 403


@pytest.mark.parametrize("rules,says", [
    ("- {name: a, listen: 127.0.0.1:1, allow: 10.0.0.1/8}", "allow: the address has bits after"),
    ("- {name: a, listen: 127.0.0.1:1, verbs: [fetch]}", "verbs[0]: must be a verb"),
    ("- {name: default, listen: 127.0.0.1:1}", "is the name of the addresses of `listen`"),
    ("- {name: a, listen: 127.0.0.1:1, certificate: /x}", "belong together"),
    ("- {name: a, listen: [127.0.0.1:%d]}\n  - {name: b, listen: [127.0.0.1:%d]}", "cannot be told from endpoint a"),
    ("- {name: a, listen: 0.0.0.0:%d}", "is reached from other machines"),
])
def test_mistakes(program, tmp_path, rules, says):
    port = free_port()
    with pytest.raises(AssertionError) as ended:
        Server(program, tmp_path, config="endpoints:\n  " + rules.replace("%d", str(port))).start()
    assert says in str(ended.value)


def test_lists_hold_what_is_served(start_server):
    """No list, count by repository or image by digest tells of what the endpoint does not serve, whichever route is asked."""
    port = free_port()
    server = start_server(config=f"endpoints:\n  - {{name: pro, listen: '127.0.0.1:{port}', allow: 127.0.0.0/8, repositories: prod/*}}\n")
    digests = {name: Repository(server, name).push_image("v1", config=name.encode().join([b'{"x":"', b'"}']))[0]["digest"]
               for name in ("prod/app", "secret/app")}
    for digest in digests.values():
        assert status(server.port, f"/v2/{'prod/app' if digest == digests['prod/app'] else 'secret/app'}/manifests/{digest}") == 200
    assert ask(port, "/v2/_catalog")[1] == '{"repositories":["prod/app"]}'
    shown = 0
    for path, item in DESCRIPTION["paths"].items():
        if "get" not in item or ("{name}" in path and "/repositories/" not in path):
            continue
        for name, digest in digests.items():
            asked = path.replace("{name}", name).replace("{digest}", digest).replace("{reference}", digest)
            asked = asked.replace("{namespace}", name.partition("/")[0])
            code, text = ask(port, asked)
            assert "secret/" not in text or code in (403, 404), f"{asked}: {code} {text}"
            if "secret" in name and ("{name}" in path or "{digest}" in path):
                assert code in (400, 403, 404), f"{asked}: {code} {text}"
            shown += code == 200 and "prod/app" in text
    assert shown >= 2
