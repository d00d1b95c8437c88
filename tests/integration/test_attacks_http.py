"""Attacks by the form of a request: paths, methods and hosts that are not what they seem, what would become a header or a line of
the record."""
import base64
import json
import re
import socket

import pytest

from assay_server import ROOT, free_port
from attacked import PASSWORD, SECRET, As, attacked
from gate import wait_until
from raw_http import Responses

MARK = "X-Injected"
PRO = free_port()


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    server = attacked(program, tmp_path_factory.mktemp("http"), config=f"""
endpoints:
  - {{name: pro, listen: '127.0.0.1:{PRO}', allow: 127.0.0.0/8, repositories: [team/*], verbs: [pull]}}
""")
    yield server
    server.stop()


def raw(server, target, auth=None, method="GET", headers=(), host="registry.example.com", port=None, body=b"", version="HTTP/1.1"):
    """(status, headers, body, all that came) of a request that is written byte by byte; None: the connection was cut."""
    lines = [f"{method} {target} {version}", *([f"Host: {host}"] if host is not None else []), "Connection: close", *headers]
    if auth:
        lines.append("Authorization: Basic " + base64.b64encode(":".join(auth).encode()).decode())
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection(("127.0.0.1", port or server.port), timeout=30) as sock:
        sock.sendall("\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body)
        responses = Responses(sock)
        try:
            answer = responses.next()
        except ConnectionError:
            return None
        with_more = responses.data
        while more := sock.recv(65536):
            with_more += more
        assert with_more == b"", (target, with_more)
        return answer


SPELLINGS = [
    "/v2/team/..%2fsecret/app/tags/list", "/v2/team/%2e%2e/secret/app/tags/list", "/v2/team/../secret/app/tags/list",
    "/v2/team/app/../../secret/app/tags/list", "/v2/team/app/tags/../../../secret/app/tags/list", "/v2/%2e%2e/v2/secret/app/tags/list",
    "/v2/./secret/app/tags/list", "/v2//secret/app/tags/list", "//v2/secret/app/tags/list", "/v2/secret//app/tags/list",
    "/v2/secret/app//tags/list", "/v2/secret/app/tags//list", "/v2/secret/app/tags/list/", "/v2/secret%2fapp/tags/list",
    "/v2/secret%2Fapp/tags/list", "/v2/secret%252fapp/tags/list", "/v2/%73ecret/app/tags/list", "/v2/secret/app/tags/%6cist",
    "/%76%32/secret/app/tags/list", "/V2/secret/app/tags/list", "/v2/SECRET/app/tags/list", "/v2/Secret/App/tags/list",
    "/v2/\u017fecret/app/tags/list", "/v2/%c5%bfecret/app/tags/list", "/v2/secret%c0%afapp/tags/list", "/v2/secret%e0%80%afapp/tags/list",
    "/v2/team/%c0%ae%c0%ae/secret/app/tags/list", "/v2/team/..\\secret\\app/tags/list", "/v2/secret\\app/tags/list",
    "/v2/team/app;/../../secret/app/tags/list", "/v2/secret/app;x/tags/list", "/v2/secret;x=1/app/tags/list", "/v2/team/app;secret/app/tags/list",
    "/v2/secret/app/tags/list;x", "/v2/secret/app%00/tags/list", "/v2/secret/app%00.team/tags/list", "/v2/team/app%00/../secret/app/tags/list",
    "/v2/team/app%0a/secret/app/tags/list", "/v2/secret/app%20/tags/list", "/v2/secret/app%09/tags/list", "/v2/secret/app./tags/list",
    "/v2/secret/app%3f/tags/list", "/v2/secret/app%23/tags/list", "/v2/secret/app/tags/list?name=team/app", "/v2/team/app/tags/list/../../../secret/app/tags/list",
    "/v2/secret/app/tags/list#/v2/team/app/tags/list", "http://registry.example.com/v2/secret/app/tags/list", "http://127.0.0.1/v2/secret/app/tags/list",
    "http://evil.example/v2/secret/app/tags/list", "/v2/team/" + "x/../" * 200 + "../secret/app/tags/list", "/v2/" + "%2e%2e%2f" * 100 + "v2/secret/app/tags/list",
    "/api/v1/../../v2/secret/app/tags/list", "/healthz/../v2/secret/app/tags/list", "/healthz%2f..%2fv2%2fsecret%2fapp%2ftags%2flist", "/token/../v2/secret/app/tags/list",
    "/healthz;/v2/secret/app/tags/list", "/.well-known/../v2/secret/app/tags/list", "/v2/_catalog/../secret/app/tags/list",
    "/v2/team/app/manifests/../../../secret/app/manifests/v1", "/v2/team/app/manifests/..%2f..%2f..%2fsecret%2fapp%2fmanifests%2fv1",
    "/v2/secret/app/manifests/v1", "/v2/secret%2fapp/manifests/v1", "/v2/secret/app/manifests/%76%31", "/v2/team/app/blobs/../../../secret/app/blobs/DIGEST",
    "/v2/team/app/blobs/..%2f..%2f..%2fsecret%2fapp%2fblobs%2fDIGEST", "/v2/team/app/blobs/DIGEST", "/v2/team/app/blobs/DIGEST%00",
    "/v2/team/app/blobs/sha256:..%2f..%2f..%2f..%2fetc%2fpasswd", "/v2/team/app/blobs/uploads/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/v2/team/app/blobs/uploads/../DIGEST", "/v2/secret/app/referrers/DIGEST", "/api/v1/repositories/secret/app/images",
    "/api/v1/repositories/secret%2fapp/images", "/api/v1/repositories/team/../secret/app/images", "/api/v1/repositories/team%2f..%2fsecret%2fapp/images",
    "/api/v1/images/DIGEST/packages?repository=secret/app", "/api/v1/images/DIGEST/packages?repository=team/app&repository=secret/app",
    "/api/v1/users/..%2fusers", "/api/v1/users/../users", "/api/v1//users", "/api/v1/Users", "/API/v1/users", "/api/v1/users/", "/api/v1/users;a",
    "/api/v1/user/../users", "/api/v1/session/../users", "/api/v1/session%2f..%2fusers", "/metrics/", "/metrics;", "/metrics%00", "/./metrics", "//metrics",
    "/../../../../etc/passwd", "/..%2f..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
]


def test_other_spellings_of_a_path(server):
    """Each way to write the path of what one has no right to: neither who has not logged in nor who may use another namespace gets a
    part of it, and whatever the answer is, it is the same kind as for what is not there."""
    secret = server.secret
    words = re.compile("nobody's business|root:x:|\"v1\"|" + "|".join(secret[what] for what in ("image", "config")))
    plain_target = f"/v2/{SECRET}/tags/list"
    assert raw(server, plain_target, server.carol)[0] == 200, "there it is"
    for target in SPELLINGS:
        for digest in (secret["layer"], secret["config"]):
            for who in (None, server.mallory):
                for method in ("GET", "HEAD"):
                    answer = raw(server, target.replace("DIGEST", digest), who, method, headers=["Accept: */*"])
                    if answer is None:
                        continue
                    status, headers, body = answer
                    shown = f"{headers} {body.decode('utf-8', 'replace')}".replace(target.replace("DIGEST", digest), "")
                    assert status in (400, 401, 403, 404, 405, 414), (target, who, method, status, shown[:300])
                    assert not words.search(shown.replace(digest, "")), (target, who, shown)


def test_a_name_is_judged_as_it_is_used(server):
    """Where a spelling is the same path, as RFC 3986 has it, it is the same for all: for who may, too."""
    for target in ("/v2/secret%2Fapp/tags/list", "/v2/%73ecret/app/tags/list"):
        statuses = [raw(server, target, who)[0] for who in (server.carol, server.mallory, None)]
        assert statuses in ([200, 404, 401], [404, 404, 401], [400, 400, 401]), (target, statuses)


def test_other_methods(server):
    """No header or parameter makes another method of a request; methods that no route has are answered by 405, or by nothing."""
    overrides = ["X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE", "X-Original-Method: DELETE"]
    target = "/v2/team/app/manifests/v1"
    for who in (server.mallory, server.carol):
        assert raw(server, f"{target}?_method=DELETE&method=DELETE", who, headers=[*overrides, "Accept: */*"])[0] == 200
        assert raw(server, "/v2/team/app/blobs/uploads/?_method=DELETE", who, "POST", headers=overrides)[0] == 202
    assert raw(server, target, server.carol, headers=["Accept: */*"])[0] == 200, "it is still there"
    for other in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Accel-Redirect", "X-Original-URI"):
        for who in (None, server.mallory):
            answer = raw(server, "/healthz", who, headers=[f"{other}: /v2/{SECRET}/tags/list"])
            assert answer[0] == 200 and b"v1" not in answer[2], other
            assert raw(server, f"/v2/{SECRET}/tags/list", who, headers=[f"{other}: /v2/team/app/tags/list"])[0] in (401, 404), other
    for method in ("TRACE", "CONNECT", "PROPFIND", "get", "Get", "LINK", "G\u00cbT", "GET\x00", "PURGE"):
        answer = raw(server, target, server.carol, method)
        assert answer is None or answer[0] in (400, 405, 501), (method, answer)
        assert answer is None or server.carol[1].encode() not in answer[2], "nothing of the request comes back"
    options = raw(server, f"/v2/{SECRET}/tags/list", None, "OPTIONS")
    assert options[0] == 204 and options[2] == b"" and options[1]["allow"] == raw(server, "/v2/absent/app/tags/list", None, "OPTIONS")[1]["allow"]


def test_other_hosts(server):
    """Which endpoint a request came by is not the client's word, nor does a host that is none come back in a header."""
    forged = ["X-Forwarded-Host: evil.example", "X-Host: evil.example", "Forwarded: host=evil.example;proto=https", "X-Forwarded-Proto: https",
              "X-Forwarded-Port: 1", "X-Forwarded-Server: evil.example"]
    for host in ("registry.example.com", "pro", "default", "127.0.0.1", f"127.0.0.1:{server.port}", "localhost"):
        by_pro = raw(server, "/v2/team/app/blobs/uploads/", server.mallory, "POST", host=host, port=PRO, headers=forged)
        assert by_pro[0] == 403 and b"endpoint pro" in by_pro[2], host
        by_default = raw(server, "/v2/team/app/blobs/uploads/", server.mallory, "POST", host=host, headers=forged)
        assert by_default[0] == 202, host
        challenge = raw(server, "/v2/", host=host, headers=forged)[1]["www-authenticate"]
        assert challenge.startswith(f'Bearer realm="http://{host}/token",service="assay"') and "evil" not in challenge
    for host in ('a"b', "a,b", "a/b", "a b", "a\tb", "a@b", "user:pass@evil.example", "a\\b", "a%0d%0ab", "", "[::1", "[x]", "a:port", "a:123456", "\u00e4", "a;b", "a?b", "a#b",
                 "x" * 300, 'x",error="invalid_token'):
        answer = raw(server, "/v2/", host=host)
        assert answer is None or answer[0] in (400, 401), host
        if answer is not None and answer[0] == 401:
            assert answer[1]["www-authenticate"].startswith("Basic "), (host, answer[1])
    for answer in (raw(server, "/v2/", host=None), raw(server, "/v2/", headers=["Host: evil.example"]),
                   raw(server, "/v2/", host="a", headers=["Host : evil.example"])):
        assert answer is None or answer[0] == 400
    answer = raw(server, "http://evil.example/v2/", host="registry.example.com")
    assert answer is None or "evil" not in answer[1].get("www-authenticate", "") or answer[0] == 400


def test_nothing_becomes_a_header(server):
    """Line ends in paths, parameters, names and tags, however they are written, stay what they are."""
    ends = ["%0d%0a", "%0a", "%0d", "%E5%98%8A%E5%98%8D", "%c4%8d%c4%8a", "\\r\\n", "%250d%250a", "%00%0d%0a"]
    for end in ends:
        evil = f"{end}{MARK}:%20yes"
        targets = [f"/v2/team/app{evil}/tags/list", f"/v2/team/app/tags/list?n=1{evil}", f"/v2/team/app/tags/list?n=1&last=a{evil}", f"/v2/_catalog?n=1&last=a{evil}",
                   f"/v2/team/app/referrers/{server.secret['image']}?artifactType=a/b{evil}", f"/v2/team/app/manifests/v1{evil}", f"/v2/team/app/blobs/uploads/x{evil}",
                   f"/v2/team/app/blobs/{server.secret['layer']}{evil}", f"/token?scope=repository:team/app{evil}:pull&service=assay{evil}", f"/api/v1/users/x{evil}",
                   f"/api/v1/images?repository=a{evil}", f"/{evil}", f"/api/v1/access/explain?who=me{evil}&verb=pull&repository=a"]
        for target in targets:
            for who in (None, server.mallory, server.carol):
                for method in ("GET", "POST", "PUT", "DELETE"):
                    answer = raw(server, target, who, method)
                    assert answer is None or MARK.lower() not in answer[1], (method, target, answer)
    text = As(server, "team/app", server.carol).get_manifest("v1").content
    for target in ("/v2/team/app/manifests/sha256:DIGEST?tag=a%0d%0aX-Injected:%20yes", "/v2/team/app/manifests/a%0d%0aX-Injected:%20yes"):
        answer = raw(server, target, server.carol, "PUT", headers=["Content-Type: application/vnd.oci.image.manifest.v1+json"], body=text)
        assert answer[0] == 400 and MARK.lower() not in answer[1]
    # What comes back as it was sent: the request's own name for itself.
    answer = raw(server, "/v2/", server.mallory, headers=[f"X-Request-Id: abc\u0085{MARK}: yes"])
    assert answer is None or MARK.lower() not in answer[1]


# --- the record ---

LINES = ["\n", "\r\n", "\r", "\u2028", "\u0085", "\x0b", "\x1b[2K", "\x9b2K", "|", "=", "\\", "]", '"', "\\n", "\t"]


def test_records_are_not_forged(server):
    """Names, agents, paths, reasons and descriptions that hold the ends of lines, or what separates fields, make no record, no line and no
    field of their own, in any of the forms that the record is read in; nor do they drive a terminal."""
    fake = '{"number": 1, "type": "grant.created", "who": {"name": "root"}}'
    for number, end in enumerate(LINES):
        name = f"mallory{end}{fake}{end}CEF:0|Assay|x"
        server.request("GET", "/v2/", headers={"Authorization": "Basic " + base64.b64encode(f"{name}:wrong".encode()).decode()})
        server.request("POST", "/api/v1/session", json={"name": name, "password": f"wrong{end}"})
        server.request("GET", "/v2/secret/app/tags/list", auth=server.mallory, headers={"User-Agent": f"agent {number} {fake}|=\\|"})
        for things, body in [("quarantine", {"target": f"team/q{number}", "reason": f"because{end}{fake}"}),
                             ("teams", {"name": f"t{number}", "description": f"of{end}{fake}"}),
                             ("robots", {"name": f"d{number}", "description": f"of{end}{fake}"}),
                             ("users", {"name": f"u{number}", "password": PASSWORD, "display": f"of{end}{fake}", "mail": f"a{end}@example.com"})]:
            answer = server.request("POST", f"/api/v1/{things}", headers=server.operator(), json=body)
            assert answer.status_code in (200, 201, 400), answer.text
    server.make("teams", {"name": "plain"})
    server.make("robots", {"name": "plain"})
    def listed_by_now():
        listed = server.get_json("/api/v1/audit?limit=1000", auth=server.carol)
        return any(record["type"] == "robot.created" and "plain" in str(record["object"]) for record in listed["records"]) and listed
    listed = wait_until(listed_by_now)
    assert not any(record["type"] == "grant.created" and record["number"] == 1 for record in listed["records"])
    export = server.assay("audit", "export")
    rows = export.stdout.split("\n")[:-1]
    parsed = [json.loads(row) for row in rows]
    numbers = [row["number"] for row in parsed]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(numbers) > 3 * len(LINES)
    assert {row["type"] for row in parsed} >= {"login.refused", "quarantine.added", "team.created", "robot.created"}
    cef = server.assay("audit", "export", "--format", "cef").stdout
    assert cef.count("\n") >= len(numbers) and all(line.startswith("CEF:0|") for line in cef.split("\n")[:-1])
    for line in cef.split("\n")[:-1]:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line.partition(" rt=")[0])) == 7, line
        assert not re.search("[\x00-\x1f\x7f-\x9f]", line), line
    for command in (("audit", "list"), ("quarantine", "list"), ("team", "list"), ("robot", "list")):
        table = server.assay(*command).stdout
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", table), command
        assert all(not line.startswith(("{", "CEF")) for line in table.split("\n")), command
    assert server.assay("audit", "verify").returncode == 0
    for line in server.log_text().split("\n"):
        assert line == "" or line.startswith("{") and json.loads(line), line[:200]


def test_the_table_of_attacks_is_true():
    """docs/security.md names a test for each attack: they are there."""
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs/security.md").read_text(encoding="utf-8"))
    there = {name for path in (ROOT / "tests/integration").glob("test_*.py")
             for name in [path.stem, *re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)]}
    assert len(named) > 30 and set(named) <= there, set(named) - there
