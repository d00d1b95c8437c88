"""The record of who did what: one record of each write, a chain that tells forgeries, and what leaves by syslog."""
import copy
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from assay_server import Server, free_port
from oci_layout import digest_of
from repository import Repository
from test_api import check_described
from test_certificates import certificate


def records(server, query=""):
    path = f"/api/v1/audit?limit=1000{query}"
    answer = server.request("GET", path, headers=server.operator())
    check_described(path, answer)
    return answer.json()["records"]


def wait_for(look, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


class Routes:
    """Each write of the API, done once with an id of its own; a method is a route's label of this test."""

    def __init__(self, server):
        self.server, self.id = server, None
        self.repository = Repository(server, "team/app")
        self.blob = b"of the audit"

    def do(self, method, path, **options):
        path = path.removeprefix(self.server.url)
        operator = {} if "auth" in options or "cookies" in options else self.server.operator()
        headers = {"X-Request-Id": self.id, **operator, **options.pop("headers", {})}
        answer = self.server.request(method, path, headers=headers, **options)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def upload(self):
        return self.repository.start()

    def fresh(self):
        return uuid.uuid4().bytes

    def push_whole(self, path="/v2/team/app/blobs/uploads/"):
        data = self.fresh()
        self.do("POST", f"{path}?digest={digest_of(data)}", data=data)

    def push_parts(self):
        data, location = self.fresh(), self.upload()
        self.repository.patch(location, data)
        self.do("PUT", f"{location}?digest={digest_of(data)}")

    def mount(self):
        data = self.fresh()
        Repository(self.server, "team/other").push_blob(data)
        self.do("POST", f"/v2/team/app/blobs/uploads/?mount={digest_of(data)}&from=team/other")

    def delete_blob(self):
        self.do("DELETE", f"/v2/team/app/blobs/{self.repository.push_blob(self.fresh())['digest']}")

    def image(self):
        """The digest of one whose blobs are there."""
        return self.repository.push_image(f"t{uuid.uuid4().hex[:8]}")[0]["digest"]

    def push_manifest(self):
        tag = f"t{uuid.uuid4().hex[:8]}"
        digest = self.repository.push_image(tag)[0]["digest"]
        answer = self.server.request("GET", f"/v2/team/app/manifests/{digest}")
        self.do("PUT", "/v2/team/app/manifests/again", data=answer.content,
                headers={"Content-Type": answer.headers["Content-Type"]})

    def delete_manifest(self):
        self.do("DELETE", f"/v2/team/app/manifests/{self.image()}")

    def restore_manifest(self):
        digest = self.image()
        self.server.request("DELETE", f"/v2/team/app/manifests/{digest}")
        self.do("POST", f"/api/v1/deleted/team/app/manifests/{digest}")

    def set_namespace(self):
        self.do("PATCH", "/api/v1/namespaces/team", json={"immutable": [f"v{uuid.uuid4().hex[:8]}*"]})

    def set_retention(self):
        self.do("PUT", "/api/v1/namespaces/team/retention", json={"delete": [{"pushed_before": 1000000}]})

    def run_retention(self):
        self.setup("PUT", "/api/v1/namespaces/team/retention", json={"delete": [{"pushed_before": 1000000}]})
        self.do("POST", "/api/v1/namespaces/team/retention/runs")

    def move(self):
        name = f"team/{self.name()}"
        Repository(self.server, name).push_image("v1")
        self.do("POST", f"/api/v1/repositories/{name}/move", json={"to": f"team/{self.name()}"})

    def end_moved(self):
        name = f"team/{self.name()}"
        Repository(self.server, name).push_image("v1")
        self.setup("POST", f"/api/v1/repositories/{name}/move", json={"to": f"team/{self.name()}"})
        self.do("DELETE", f"/api/v1/moved/{name}")

    def rename(self):
        name = self.name()
        Repository(self.server, f"{name}/app").push_image("v1")
        self.do("POST", f"/api/v1/namespaces/{name}/rename", json={"to": self.name()})

    def set_public(self):
        self.setup("PATCH", "/api/v1/namespaces/opened", json={"public": False})
        self.do("PATCH", "/api/v1/namespaces/opened", json={"public": True})

    def make(self, things, body, **options):
        """Where a new one is, whose making does not count."""
        return self.setup("POST", f"/api/v1/{things}", json=body, **options).headers["Location"]

    def setup(self, method, path, **options):
        """A request that does not count."""
        counted, self.id = self.id, "setup"
        answer = self.do(method, path, **options)
        self.id = counted
        return answer

    def name(self):
        return f"n{uuid.uuid4().hex[:8]}"

    def endpoint(self):
        return {"name": self.name(), "listen": [f"127.0.0.1:{free_port()}"]}

    def person(self):
        return {"name": self.name(), "password": "correct horse battery staple"}


def makes(things, body):
    return lambda routes: routes.do("POST", f"/api/v1/{things}", json=body(routes))


def changes(things, body, change):
    return lambda routes: routes.do("PATCH", routes.make(things, body(routes)), json=change)


def removes(things, body):
    return lambda routes: routes.do("DELETE", routes.make(things, body(routes)))


def robot(routes):
    return {"name": routes.name()}


def token(routes):
    return {"user": routes.make("users", routes.person()).rpartition("/")[2], "name": "of-a-program"}


def grant(routes):
    return {"kind": "everyone", "role": "guest", "pattern": f"{routes.name()}/*"}


def key_grant(routes):
    return {"rule": routes.name(), "key": "release-2026", "pattern": "prod/*"}


def role(routes):
    return {"name": routes.name(), "verbs": ["pull"]}


def private_key(routes):
    """A new one in a file that the server can read."""
    path = Path(routes.server.data) / f"{routes.name()}.key"
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "ED25519", "-out", path], check=True)
    return f"file:{path}"


def signing_key(routes):
    return {"name": routes.name(), "uri": private_key(routes)}


def attestor(routes):
    return {"name": routes.name(), "key": routes.make("signing-keys", signing_key(routes)).rpartition("/")[2]}


def signing_rule(routes):
    return {"name": routes.name(), "attestor": routes.make("attestors", attestor(routes)).rpartition("/")[2], "repositories": ["prod/*"]}


def replaces(things, body, change):
    def write(routes):
        whole = body(routes)
        routes.do("PUT", routes.make(things, whole), json={**whole, **change})
    return write


def turn_key(routes):
    routes.do("POST", routes.make("signing-keys", signing_key(routes)) + "/turn", json={"uri": private_key(routes)})


def change_key(routes):
    routes.do("PATCH", routes.make("signing-keys", signing_key(routes)), json={"description": "other words"})


def revoke_key(routes):
    routes.do("POST", routes.make("signing-keys", signing_key(routes)) + "/revoke", json={})


def second_secret(routes):
    routes.do("POST", routes.make("robots", robot(routes)) + "/secrets")


def remove_secret(routes):
    routes.do("DELETE", routes.make("robots", robot(routes)) + "/secrets/1")


def remove_token(routes):
    routes.do("DELETE", routes.make("tokens", token(routes)))


def team(routes):
    return {"name": routes.name()}


def with_team(method, path, **options):
    return lambda routes: routes.do(method, routes.make("teams", team(routes)) + path(routes), **options)


def remove_member(routes):
    path = f"{routes.make('teams', team(routes))}/members/{routes.make('users', routes.person()).rpartition('/')[2]}"
    routes.setup("PUT", path)
    routes.do("DELETE", path)


def remove_group(routes):
    path = f"{routes.make('teams', team(routes))}/groups"
    routes.setup("POST", path, json=GROUP)
    routes.do("DELETE", f"{path}?source=ldap%3Aoffice&name=dev")


GROUP = {"source": "ldap:office", "name": "dev"}
PASSWORD = "correct horse battery staple"


# --- what people do for themselves ---

def own(routes):
    return routes.make("users", routes.person()).rpartition("/")[2], PASSWORD


def change_password(routes):
    routes.do("POST", "/api/v1/user/password", auth=own(routes), json={"present": PASSWORD, "password": "another battery staple"})


def make_own_token(routes):
    routes.do("POST", "/api/v1/user/tokens", auth=own(routes), json={"name": "laptop"})


def remove_own_token(routes):
    auth = own(routes)
    made = routes.setup("POST", "/api/v1/user/tokens", auth=auth, json={"name": "laptop"})
    routes.do("DELETE", made.headers["Location"], auth=auth)


def log_in(routes):
    name, password = own(routes)
    return routes.do("POST", "/api/v1/session", auth=None, json={"name": name, "password": password})


def in_session(routes, method="DELETE", path="/api/v1/session"):
    counted, routes.id = routes.id, "setup"
    opened = log_in(routes)
    routes.id = counted
    cookies = dict(opened.cookies)
    if "sessions/" in path:
        listed = routes.server.request("GET", "/api/v1/sessions", cookies=cookies).json()["sessions"]
        path += listed[0]["id"]
    routes.do(method, path, cookies=cookies, headers={"X-CSRF-Token": opened.json()["csrf"]})


def quarantine(routes, method="do"):
    target = f"team/{routes.name()}"
    getattr(routes, method)("POST", "/api/v1/quarantine", json={"target": target, "reason": "looked at"})
    return target


def end_quarantine(routes):
    routes.do("DELETE", f"/api/v1/quarantine/{quarantine(routes, 'setup')}")


def totp(routes, method):
    """Begins, confirms or removes a second factor of a new person."""
    auth, path = own(routes), "/api/v1/user/totp"
    if method == "POST":
        routes.do(method, path, auth=auth, json={"present": PASSWORD})
        return
    secret = routes.setup("POST", path, auth=auth, json={"present": PASSWORD}).json()["secret"]
    code = {"code": subprocess.run(["oathtool", "--totp", "--base32", secret], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()}
    if method == "PUT":
        routes.do(method, path, auth=auth, json=code)
        return
    token = routes.setup("POST", "/api/v1/user/tokens", auth=auth, json={"name": "laptop"}).json()["token"]
    routes.setup("PUT", path, auth=auth, json=code)
    if method == "administrator":
        routes.do("DELETE", f"/api/v1/users/{auth[0]}/totp")
        return
    following = subprocess.run(["oathtool", "--totp", "--base32", "--now", f"@{int(time.time()) + 30}", secret], check=True,
                               stdout=subprocess.PIPE, text=True).stdout.strip()
    routes.do("DELETE", path, auth=(auth[0], token), json={"present": PASSWORD, "code": following})


def set_up(routes):
    links = wait_for(lambda: [event["link"] for event in routes.server.log_events() if "link" in event])
    routes.do("POST", links[0], auth=None, data={"name": "first", "password": PASSWORD, "again": PASSWORD})


OWN_WRITES = {
    "POST /setup/<secret>": [set_up],
    "POST /api/v1/user/totp": [lambda routes: totp(routes, "POST")],
    "PUT /api/v1/user/totp": [lambda routes: totp(routes, "PUT")],
    "DELETE /api/v1/user/totp": [lambda routes: totp(routes, "DELETE")],
    "DELETE /api/v1/users/<user>/totp": [lambda routes: totp(routes, "administrator")],
    "POST /api/v1/user/password": [change_password],
    "POST /api/v1/user/tokens": [make_own_token],
    "DELETE /api/v1/user/tokens/<token>": [remove_own_token],
    "POST /api/v1/session": [log_in],
    "DELETE /api/v1/session": [in_session],
    "DELETE /api/v1/sessions/<session>": [lambda routes: in_session(routes, path="/api/v1/sessions/")],
}
ISSUER = "https://issuer.example"


def trust(routes, method="do"):
    """Where a new robot's rule is."""
    path = routes.make("robots", robot(routes)) + "/trusts"
    body = {"issuer": ISSUER, "audience": "assay", "claims": {"sub": "job-*"}}
    return getattr(routes, method)("POST", path, json=body).headers["Location"]


def certificate_name(routes):
    return {"principal": routes.make("robots", robot(routes)).rpartition("/")[2], "kind": "dns", "value": f"{routes.name()}.example.com"}


# What does a route's write, by method and pattern.
WRITES = {
    "POST /api/v1/certificates": [makes("certificates", certificate_name)],
    "DELETE /api/v1/certificates/<certificate>": [removes("certificates", certificate_name)],
    "POST /api/v1/robots/<robot>/trusts": [trust],
    "DELETE /api/v1/robots/<robot>/trusts/<trust>": [lambda routes: routes.do("DELETE", trust(routes, "setup"))],
    "POST /v2/<name>/blobs/uploads/": [Routes.push_whole, Routes.mount],
    "POST /v2/<name>/blobs/uploads": [lambda routes: routes.push_whole("/v2/team/app/blobs/uploads")],
    "PUT /v2/<name>/blobs/uploads/<id>": [Routes.push_parts],
    "DELETE /v2/<name>/blobs/<digest>": [Routes.delete_blob],
    "PUT /v2/<name>/manifests/<reference>": [Routes.push_manifest],
    "DELETE /v2/<name>/manifests/<reference>": [Routes.delete_manifest],
    "POST /api/v1/deleted/<name>/manifests/<digest>": [Routes.restore_manifest],
    "PATCH /api/v1/namespaces/<namespace>": [Routes.set_namespace, Routes.set_public],
    "POST /api/v1/repositories/<name>/move": [Routes.move],
    "POST /api/v1/namespaces/<namespace>/rename": [Routes.rename],
    "DELETE /api/v1/moved/<name>": [Routes.end_moved],
    "PUT /api/v1/namespaces/<namespace>/retention": [Routes.set_retention],
    "POST /api/v1/namespaces/<namespace>/retention/runs": [Routes.run_retention],
    "POST /api/v1/quarantine": [quarantine],
    "DELETE /api/v1/quarantine/<name>": [end_quarantine],
    "DELETE /api/v1/clusters/<id>": [lambda routes: routes.do("DELETE", "/api/v1/clusters/staging")],
    "POST /api/v1/endpoints": [makes("endpoints", Routes.endpoint)],
    "PATCH /api/v1/endpoints/<endpoint>": [changes("endpoints", Routes.endpoint, {"allow": ["127.0.0.1"]})],
    "DELETE /api/v1/endpoints/<endpoint>": [removes("endpoints", Routes.endpoint)],
    "POST /api/v1/users": [makes("users", Routes.person)],
    "PATCH /api/v1/users/<user>": [changes("users", Routes.person, {"display": "Alice"})],
    "DELETE /api/v1/users/<user>": [removes("users", Routes.person)],
    "POST /api/v1/robots": [makes("robots", robot)],
    "PATCH /api/v1/robots/<robot>": [changes("robots", robot, {"description": "of CI"})],
    "DELETE /api/v1/robots/<robot>": [removes("robots", robot)],
    "POST /api/v1/robots/<robot>/secrets": [second_secret],
    "DELETE /api/v1/robots/<robot>/secrets/<slot>": [remove_secret],
    "POST /api/v1/grants": [makes("grants", grant)],
    "DELETE /api/v1/grants/<grant>": [removes("grants", grant)],
    "POST /api/v1/key-grants": [makes("key-grants", key_grant)],
    "DELETE /api/v1/key-grants/<grant>": [removes("key-grants", key_grant)],
    "POST /api/v1/signing-keys": [makes("signing-keys", signing_key)],
    "PATCH /api/v1/signing-keys/<key>": [change_key],
    "POST /api/v1/signing-keys/<key>/turn": [turn_key],
    "POST /api/v1/signing-keys/<key>/revoke": [revoke_key],
    "DELETE /api/v1/signing-keys/<key>": [removes("signing-keys", signing_key)],
    "POST /api/v1/attestors": [makes("attestors", attestor)],
    "PUT /api/v1/attestors/<attestor>": [replaces("attestors", attestor, {"description": "who releases"})],
    "DELETE /api/v1/attestors/<attestor>": [removes("attestors", attestor)],
    "POST /api/v1/signing-rules": [makes("signing-rules", signing_rule)],
    "PUT /api/v1/signing-rules/<rule>": [replaces("signing-rules", signing_rule, {"tags": ["v*"]})],
    "DELETE /api/v1/signing-rules/<rule>": [removes("signing-rules", signing_rule)],
    "POST /api/v1/roles": [makes("roles", role)],
    "PATCH /api/v1/roles/<role>": [changes("roles", role, {"verbs": ["pull", "list"]})],
    "DELETE /api/v1/roles/<role>": [removes("roles", role)],
    "POST /api/v1/teams": [makes("teams", team)],
    "PATCH /api/v1/teams/<team>": [changes("teams", team, {"description": "who makes it"})],
    "DELETE /api/v1/teams/<team>": [removes("teams", team)],
    "PUT /api/v1/teams/<team>/members/<member>": [with_team(
        "PUT", lambda routes: f"/members/{routes.make('users', routes.person()).rpartition('/')[2]}")],
    "DELETE /api/v1/teams/<team>/members/<member>": [remove_member],
    "POST /api/v1/teams/<team>/groups": [with_team("POST", lambda routes: "/groups", json=GROUP)],
    "DELETE /api/v1/teams/<team>/groups": [remove_group],
    "POST /api/v1/tokens": [makes("tokens", token)],
    "DELETE /api/v1/tokens/<token>": [remove_token],
}
# Those that leave none, or more than one, and why.
EXCEPTIONS = {
    "PATCH /v2/<name>/blobs/uploads/<id>": "a part of a blob: nobody sees it before the PUT",
    "DELETE /v2/<name>/blobs/uploads/<id>": "ends an upload that nobody has seen",
    "POST /api/v1/policies/test": "a question",
    "POST /api/v1/session/oidc/<provider>/device": "asks the provider; nothing is changed here",
    "POST /api/v1/session/oidc/<provider>/device/token": "needs a provider: test_oidc.py looks at what it records",
    "POST /token": "gives out what follows from a right; who logs in for it is noted",
    "POST /harbor/api/v1/scan": "a question to another registry; test_harbor.py looks at what is noted of it",
    "POST /api/v1/images/<digest>/scan": "asks for a scan, which tells what it has found",
    **{f"POST /admission/{kind}{cluster}": "a question of a cluster; test_admission.py looks at what it leaves where the glass is broken"
       for kind in ("validate", "mutate") for cluster in ("", "/<cluster>", "/<cluster>/<key>")},
    "POST /api/v1/repositories/<name>/images/<digest>/signatures": "stores a signature in each form, and tells each; test_signing_rules.py looks",
    "POST /api/v1/signing-rules/<rule>/run": "tells that it was asked for, and what became of it; test_signing_runs.py looks",
    "DELETE /api/v1/signing-rules/<rule>/run": "needs a run that lasts; test_signing_runs.py looks",
    "POST /api/v1/gc": "asks for a run, which tells what it has collected",
    "DELETE /api/v1/jobs/<name>": "needs a job that waits or runs; jobs_cancel() tells it",
}


def all_routes(assay_program):
    tool = Path(assay_program).parents[2] / "tests/unit/server/print-routes"
    if not tool.exists():
        pytest.skip("the tool print-routes was not built")
    lines = subprocess.run([tool], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [f"{method} {pattern}" for method, pattern, _ in (line.split("\t") for line in lines) if method != "GET"]


def check_recorded_once(server, table):
    """Each write of the table leaves one record that is of a change, which bears the id of its request."""
    work, done = Routes(server), {}
    for route in table:
        for number, write in enumerate(table[route]):
            work.id = f"write-{uuid.uuid4().hex[:12]}"
            done[work.id] = f"{route} ({number})"
            write(work)
    # Events have an order, so what is here after the last one is all.
    last = work.id = f"last-{uuid.uuid4().hex[:12]}"
    work.set_namespace()
    found = wait_for(lambda: (all_of := records(server)) and any(
        record.get("actor", {}).get("request") == last for record in all_of) and all_of)
    assert len(found) < 1000
    of_writes = [record for record in found if "event" in record and record["actor"].get("request") in done]
    counts = {name: [record["type"] for record in of_writes if record["actor"]["request"] == request]
              for request, name in done.items()}
    assert {name: types for name, types in counts.items() if len(types) != 1} == {}
    assert all(record["actor"]["address"] == "127.0.0.1" and record["actor"]["endpoint"] == "default" for record in of_writes)


def test_each_write_is_recorded_once(start_server):
    server = start_server(config=f"access: {{mode: open, workloads: [{{issuer: '{ISSUER}'}}]}}\n")
    routes = set(all_routes(server.program))
    assert routes - {*WRITES, *OWN_WRITES, *EXCEPTIONS} == set(), "routes that are in no table of this test"
    check_recorded_once(server, {route: WRITES[route] for route in WRITES if route in routes})
    closed = start_server(config="access: {mode: closed}\n")
    check_recorded_once(closed, {route: OWN_WRITES[route] for route in OWN_WRITES if route in routes})


@pytest.fixture(scope="module")
def audited(program, tmp_path_factory):
    server = Server(program, tmp_path_factory.mktemp("audited")).start()
    for number in range(5):
        Repository(server, "team/app").push_image(f"v{number}")
    server.request("DELETE", "/v2/team/app/manifests/v0")
    wait_for(lambda: any(record["type"] == "tag.deleted" for record in records(server)))
    yield server
    server.stop()


def test_list_and_export(audited):
    every = records(audited)
    assert [record["number"] for record in every] == list(range(1, len(every) + 1))
    pushed = records(audited, "&type=image.pushed")
    assert len(pushed) == 5 and pushed[0]["actor"]["address"] == "127.0.0.1"
    assert records(audited, f"&object={pushed[0]['object']}&type=image.pushed") == [
        record for record in pushed if record["object"] == pushed[0]["object"]]
    assert records(audited, "&who=nobody-of-that-name") == []
    assert records(audited, f"&since={every[3]['time']}")[0]["number"] == 4
    assert records(audited, f"&until={every[3]['time']}")[-1]["number"] == 3
    assert audited.request("GET", "/api/v1/audit?since=yesterday").status_code == 400
    listed = audited.assay("audit", "list", "--type", "blob.").stdout
    assert "blob.pushed" in listed and "image.pushed" not in listed
    assert re.search(r"blob\.pushed +team/app@sha256:[0-9a-f]{12}\s", listed)
    assert len(json.loads(audited.assay("audit", "list", "--limit", "3", "--format", "json").stdout)) == 3
    assert "--newest shows the last ones" in audited.assay("audit", "list", "--limit", "3").stderr
    whole = json.loads(audited.assay("audit", "list", "--format", "json").stdout)
    newest = json.loads(audited.assay("audit", "list", "--newest", "--limit", "3", "--format", "json").stdout)
    assert [one["number"] for one in newest[:1]] >= [whole[-3]["number"]] and len(newest) == 3
    blobs = [one["number"] for one in whole if one["type"] == "blob.pushed"]
    newest = json.loads(audited.assay("audit", "list", "--newest", "--limit", "1", "--type", "blob.pushed", "--format", "json").stdout)
    assert [one["number"] for one in newest] == blobs[-1:]
    lines = audited.assay("audit", "export", "--type", "image.pushed").stdout.splitlines()
    assert [json.loads(line) for line in lines] == pushed
    cef = audited.assay("audit", "export", "--type", "tag.deleted", "--format", "cef").stdout
    assert cef.startswith("CEF:0|Assay|Assay|") and "cs1=team/app:v0 cs1Label=object" in cef


def chained_anew(records):
    """As who can write the database would: each hash fits."""
    previous = records[0]["previous"]
    for record in records:
        record["previous"] = previous
        del record["hash"]
        previous = hashlib.sha256(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
        record["hash"] = previous
    return records


def test_signatures_of_heads(start_server, tmp_path):
    server = start_server(config="access: {mode: closed}\naudit: {sign_every: 1s}")
    assert server.request("POST", "/api/v1/users", headers=server.operator(), json={"name": "alice"}).status_code == 201
    wait_for(lambda: any(record["type"] == "audit.signed" for record in records(server)))
    exported = [json.loads(line) for line in server.assay("audit", "export").stdout.splitlines()]
    signed = [record for record in exported if record["type"] == "audit.signed"]
    assert signed and all(record["data"]["number"] == record["number"] - 1 for record in signed)
    (tmp_path / "keys.json").write_text(server.request("GET", "/.well-known/jwks.json").text)
    (tmp_path / "none.json").write_text('{"keys": []}')
    kid = signed[0]["data"]["key"]["kid"]

    def verify(name, lines, *options, check=1):
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n" for record in lines))
        return server.assay("audit", "verify", str(file), *options, check=check).stdout
    assert f"key {kid} is published" in server.assay("audit", "verify").stdout
    assert f"key {kid} is in the record alone" in verify("whole", exported, check=0)
    assert f"key {kid} is published" in verify("whole", exported, "--keys", str(tmp_path / "keys.json"), check=0)
    assert "does not hold" in verify("whole", exported, "--keys", str(tmp_path / "none.json"))
    # A chain that was made anew, whose hashes fit, and whose signatures are of what was before.
    changed = copy.deepcopy(exported)
    changed[0]["object"] = "another"
    assert f"record {signed[0]['number']} signs the head" in verify("anew", chained_anew(changed))
    changed = copy.deepcopy(exported)
    data = changed[signed[0]["number"] - exported[0]["number"]]["data"]
    data["signature"] = data["signature"][:-8] + "AAAAAAAA"
    assert f"record {signed[0]['number']} signs the head" in verify("signature", chained_anew(changed))


def test_verify(audited, tmp_path):
    assert "each continues the one before" in audited.assay("audit", "verify").stdout
    export = audited.assay("audit", "export").stdout.splitlines()
    file = tmp_path / "audit.jsonl"

    def told(lines):
        file.write_text("".join(line + "\n" for line in lines))
        result = audited.assay("audit", "verify", str(file), check=None)
        return result.returncode, result.stdout.split(":")[0:2]

    assert told(export)[0] == 0
    changed = export[3].replace("team/app", "team/abb")
    for lines, number in (([*export[:3], changed, *export[4:]], 4), (export[:4] + export[5:], 5),
                          ([*export[:4], export[5], export[4], *export[6:]], 5), (export[:6] + export[5:], 6),
                          (export[1:], 1), ([*export[:2], "nonsense", *export[2:]], 3)):
        code, words = told(lines)
        assert code == 1 and words[1].startswith(f" record {number} "), (number, words)


def test_a_forged_database_is_told(start_server):
    server = start_server()
    Repository(server, "team/app").push_image("v1")
    wait_for(lambda: len(records(server)) >= 3)
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as db:
        db.execute("DELETE FROM audit WHERE number = 2")
    server.start()
    result = server.assay("audit", "verify", check=1)
    assert "record 2 is missing" in result.stdout


def test_kills_lose_and_double_nothing(start_server):
    server = start_server()
    for round_ in range(6):
        for _ in range(20):
            Repository(server, "team/app").push_blob(uuid.uuid4().bytes)
        time.sleep(0.2 * round_)
        server.kill()
        server.start()
    marked = Repository(server, "team/app").push_blob(b"the last")["digest"]
    found = wait_for(lambda: (all_of := records(server)) and any(record["object"] == marked for record in all_of) and all_of)
    events = [record["event"] for record in found if "event" in record]
    assert events == list(range(1, len(events) + 1)) and len(events) >= 121
    server.assay("audit", "verify")


def test_refused_logins_are_counted(start_server):
    server = start_server(config="access: {mode: closed}\n")
    for number in range(30):
        server.request("GET", "/v2/", auth=("mallory", f"wrong-{number}"))
    refused = wait_for(lambda: records(server, "&type=login.refused"))
    assert len(refused) == 1 and refused[0]["actor"]["name"] == "mallory" and refused[0]["actor"]["address"] == "127.0.0.1"


def test_log_ins_by_a_body_are_recorded(start_server):
    """A form for a token and the log-in of a browser are guesses like those of a header."""
    server = start_server(config="access: {mode: closed}\n")
    body = {"name": "alice", "password": "correct horse", "administrator": True}
    server.request("POST", "/api/v1/users", json=body, headers=server.operator())
    form = {"grant_type": "password", "service": "assay", "password": "correct horse"}
    assert server.request("POST", "/token", data={**form, "username": "alice"}).status_code == 200
    for name, way in (("by-form", {"data": {**form, "username": "by-form"}}),
                      ("by-body", {"json": {"name": "by-body", "password": "wrong horse"}})):
        answer = server.request("POST", "/token" if "data" in way else "/api/v1/session", **way)
        assert answer.status_code == 401, name
    secret = "assay_pat_" + "0" * 40
    assert server.request("POST", "/token", data={"grant_type": "refresh_token", "refresh_token": secret}).status_code == 401

    def all_there():
        refused = {record["actor"]["name"] for record in records(server, "&type=login.refused")}
        allowed = {record["actor"]["name"] for record in records(server, "&type=login.allowed")}
        return refused >= {"by-form", "by-body", "unknown"} and "alice" in allowed
    wait_for(all_there, seconds=10)
    assert "wrong horse" not in json.dumps(records(server)) and "correct horse" not in json.dumps(records(server))


# --- syslog ---

def rsyslog(tmp_path, port, tls=None):
    if not shutil.which("rsyslogd"):
        pytest.skip("rsyslogd is not installed")
    driver = "" if tls is None else (
        f'global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{tls[0]}" '
        f'DefaultNetstreamDriverCertFile="{tls[0]}" DefaultNetstreamDriverKeyFile="{tls[1]}")\n')
    mode = "" if tls is None else ' StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"'
    (tmp_path / "rsyslog.conf").write_text(
        f'global(workDirectory="{tmp_path}" maxMessageSize="64k")\n{driver}module(load="imtcp"{mode})\n'
        f'input(type="imtcp" port="{port}")\n'
        'template(name="parts" type="string" string="%PRI% %app-name% %msgid% %msg%\\n")\n'
        f'action(type="omfile" file="{tmp_path}/received" template="parts")\n')
    return subprocess.Popen(["rsyslogd", "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")])


def received(tmp_path):
    file = tmp_path / "received"
    return [line.split(" ", 3) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
def test_syslog(start_server, tmp_path, tls):
    port = free_port()
    made = certificate(tmp_path / "tls", "localhost") if tls else None
    address = f"tls://localhost:{port}\n  syslog_ca: {made[0]}" if tls else f"tcp://127.0.0.1:{port}"
    server = start_server(config=f"audit:\n  syslog: {address}\n")
    Repository(server, "team/app").push_blob(b"while nobody listens")
    time.sleep(1.5)
    listener = rsyslog(tmp_path, port, made)
    try:
        Repository(server, "team/app").push_blob(b"as it happens")
        lines = wait_for(lambda: [line for line in received(tmp_path) if "blob.pushed" in line[2]][1:] and received(tmp_path), 60)
        pushed = [json.loads(line[3].strip()) for line in lines if line[2] == "blob.pushed"]
        assert [record["object"] for record in pushed] == [digest_of(b"while nobody listens"), digest_of(b"as it happens")]
        assert all(line[:2] == ["110", "assay"] for line in lines)
    finally:
        listener.terminate()
        listener.wait(timeout=30)
