"""Conditional requests, and requests that are not done twice: on each object of the API, and where several come at once."""
import json
import sqlite3
import threading

import pytest

from assay_server import Server

ENDPOINT = {"name": "uat", "listen": ["127.0.0.1:0"], "plain_http": True, "allow": ["127.0.0.0/8"]}
# What is made by (path, body); where it is then; what changes it (None: nothing does).
OBJECTS = {
    "users": ("/api/v1/users", {"name": "carol"}, "/api/v1/users/carol", {"mail": "carol@example.com"}),
    "robots": ("/api/v1/robots", {"name": "ci"}, "/api/v1/robots/ci", {"description": "builds"}),
    "teams": ("/api/v1/teams", {"name": "dev"}, "/api/v1/teams/dev", {"description": "builders"}),
    "roles": ("/api/v1/roles", {"name": "reader", "verbs": ["pull"]}, "/api/v1/roles/reader", {"verbs": ["pull", "list"]}),
    "grants": ("/api/v1/grants", {"kind": "everyone", "role": "guest", "pattern": "team/*"}, None, None),
    "tokens": ("/api/v1/tokens", {"user": "alice", "name": "laptop"}, None, None),
    "quarantine": ("/api/v1/quarantine", {"target": "team/app", "reason": "holds a key"}, "/api/v1/quarantine/team/app", None),
    "endpoints": ("/api/v1/endpoints", ENDPOINT, "/api/v1/endpoints/uat", {"verbs": ["pull"]}),
    "namespaces": (None, None, "/api/v1/namespaces/team", {"immutable": ["v*"]}),
}
WRONG = '"0123456789abcdef0123456789abcdef"'


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    server = Server(program, tmp_path_factory.mktemp("conditions") / "server", config="access: {mode: closed}")
    server.start()
    made = server.request("POST", "/api/v1/users", headers=server.operator(),
                          json={"name": "alice", "password": "correct horse", "administrator": True})
    assert made.status_code == 201, made.text
    yield server
    server.stop()


def ask(server, method, path, headers=None, **options):
    return server.request(method, path, auth=("alice", "correct horse"), headers=headers or {}, **options)


def make(server, kind):
    """Where the object is."""
    path, body, place, _ = OBJECTS[kind]
    if path is None:
        assert ask(server, "PATCH", place, json={"immutable": ["w*"]}).status_code == 200
        return place
    made = ask(server, "POST", path, json=body)
    assert made.status_code in (200, 201), made.text
    return place or made.headers["Location"]


@pytest.mark.parametrize("kind", OBJECTS)
def test_conditions(server, kind):
    place, change = make(server, kind), OBJECTS[kind][3]
    shown = ask(server, "GET", place)
    tag = shown.headers["ETag"]
    assert shown.status_code == 200 and shown.headers["Cache-Control"] == "private, no-cache"
    for known, status in [(tag, 304), (f'{WRONG}, W/{tag}', 304), ("*", 304), (WRONG, 200)]:
        answer = ask(server, "GET", place, {"If-None-Match": known})
        assert answer.status_code == status and answer.headers["ETag"] == tag, known
    if change is not None:
        for wrong in (WRONG, f"W/{tag}", tag.strip('"')):
            refused = ask(server, "PATCH", place, {"If-Match": wrong}, json=change)
            assert refused.status_code == 412 and refused.json()["code"] == "PRECONDITION_FAILED" and tag in refused.json()["detail"]
        assert ask(server, "GET", place).headers["ETag"] == tag, "what was refused has changed nothing"
        done = ask(server, "PATCH", place, {"If-Match": f"{WRONG}, {tag}"}, json=change)
        assert done.status_code in (200, 204), done.text
        now = ask(server, "GET", place).headers["ETag"]
        assert done.headers.get("ETag", now) == now != tag
        assert ask(server, "PATCH", place, {"If-Match": tag}, json=change).status_code == 412
        assert ask(server, "PATCH", place, {"If-Match": "*"}, json=change).status_code == done.status_code
        tag = ask(server, "GET", place).headers["ETag"]
    if kind == "namespaces":  # which nobody deletes
        return
    assert ask(server, "DELETE", place, {"If-Match": WRONG}).status_code == 412
    assert ask(server, "DELETE", place, {"If-Match": tag}).status_code == 204
    assert ask(server, "DELETE", place, {"If-Match": tag}).status_code == 404, "what is not there has no condition"


def test_what_happens_by_itself_is_no_change(server):
    tag = ask(server, "GET", "/api/v1/users/alice").headers["ETag"]
    ask(server, "POST", "/api/v1/users", json={"name": "dave", "password": "battery staple"})
    before = ask(server, "GET", "/api/v1/users/dave")
    assert server.request("GET", "/api/v1/user", auth=("dave", "battery staple")).status_code == 200
    after = ask(server, "GET", "/api/v1/users/dave")
    assert "last_used" not in before.json() and "last_used" in after.json() and tag.count("-") == 1
    assert ask(server, "GET", "/api/v1/users/dave", {"If-None-Match": before.headers["ETag"]}).status_code == 200
    assert ask(server, "PATCH", "/api/v1/users/dave", {"If-Match": before.headers["ETag"]}, json={"mail": "d@x.org"}).status_code == 200


def at_once(count, work):
    """What @work gives, of so many threads that begin together."""
    answers, barrier = [], threading.Barrier(count)

    def run(number):
        barrier.wait()
        answers.append(work(number))
    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_of_many_wins(server):
    """Who all have read the same state: the first change counts, and the others are told; also where they share a commit."""
    ask(server, "POST", "/api/v1/teams", json={"name": "race"})
    for round_ in range(15):
        tag = ask(server, "GET", "/api/v1/teams/race").headers["ETag"]
        answers = at_once(8, lambda number: ask(server, "PATCH", "/api/v1/teams/race", {"If-Match": tag},
                                                json={"description": f"{round_} by {number}"}))
        assert sorted(answer.status_code for answer in answers) == [204] + [412] * 7
        won = next(answer.request.body for answer in answers if answer.status_code == 204)
        assert ask(server, "GET", "/api/v1/teams/race").json()["description"] == json.loads(won)["description"]


# --- keys ---

def test_the_same_request_again(server):
    body, key = {"name": "erin", "mail": "erin@example.com"}, {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    first = ask(server, "POST", "/api/v1/users", key, json=body)
    assert first.status_code == 201 and "Idempotency-Replayed" not in first.headers
    ask(server, "PATCH", "/api/v1/users/erin", json={"mail": "other@example.com"})
    again = ask(server, "POST", "/api/v1/users", key, json=body)
    assert again.status_code == 201 and again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert ask(server, "GET", "/api/v1/users/erin").json()["mail"] == "other@example.com"
    other = ask(server, "POST", "/api/v1/users", key, json={"name": "frank"})
    assert other.status_code == 422 and other.json()["code"] == "KEY_REUSED"
    assert ask(server, "POST", "/api/v1/teams", key, json=body).status_code == 422
    # Another's key is another, and so is none.
    assert server.request("POST", "/api/v1/users", headers={**server.operator(), **key}, json=body).status_code == 409
    assert ask(server, "POST", "/api/v1/users", json=body).status_code == 409
    told = [event for event in ask(server, "GET", "/api/v1/events?limit=1000").json()["events"] if event["subject"] == "erin"]
    assert [event["type"] for event in told if event["type"].endswith("created")] == ["user.created"]


def test_secrets_are_shown_once(server):
    for path, body, secret in [("/api/v1/robots", {"name": "once"}, "secret"),
                               ("/api/v1/tokens", {"user": "alice", "name": "once"}, "token")]:
        key = {"Idempotency-Key": f'"once {path}"'}
        first = ask(server, "POST", path, key, json=body)
        assert first.status_code == 201 and first.json()[secret].startswith("assay_") and "ETag" not in first.headers
        assert first.headers["Cache-Control"] == "no-store"
        again = ask(server, "POST", path, key, json=body)
        assert again.status_code == 409 and first.json()[secret] not in again.text and "secret" in again.json()["detail"]
        assert again.headers["Location"] == first.headers["Location"]
        database = b"".join(path.read_bytes() for path in server.data.rglob("metadata.db*"))
        assert first.json()[secret].encode() not in database


def test_a_password_cannot_be_tried_by_what_is_kept(program, tmp_path):
    """What the same request is recognised by needs the key file: of two installations it is not the same."""
    body, kept = {"name": "grace", "password": "hunter2 hunter2"}, set()

    for name in ("one", "other"):
        server = Server(program, tmp_path / name, config="access: {mode: closed}")
        server.start()
        made = server.request("POST", "/api/v1/users", headers={**server.operator(), "Idempotency-Key": "tried"}, json=body)
        assert made.status_code == 201, made.text
        server.stop()
        with sqlite3.connect(server.data / "metadata.db") as database:
            kept.add(database.execute("SELECT fingerprint FROM idempotency_keys WHERE key = 'tried'").fetchone()[0])
    assert len(kept) == 2


def test_what_failed_is_not_kept(server):
    key = {"Idempotency-Key": "plain-key"}
    body = {"name": "late", "verbs": ["no-such-verb"]}
    assert ask(server, "POST", "/api/v1/roles", key, json=body).status_code == 400
    assert ask(server, "POST", "/api/v1/roles", key, json={"name": "late", "verbs": ["pull"]}).status_code == 201
    for wrong in ('""', '"' + "x" * 256 + '"', 'a"b', '"a\\b"'):
        assert ask(server, "POST", "/api/v1/roles", {"Idempotency-Key": wrong}, json=body).status_code == 400, wrong


def test_many_at_once_are_one(server):
    for number in range(5):
        key, body = {"Idempotency-Key": f'"many {number}"'}, {"name": f"many{number}"}
        answers = at_once(8, lambda _, key=key, body=body: ask(server, "POST", "/api/v1/teams", key, json=body))
        done = [answer for answer in answers if answer.status_code == 201]
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len([answer for answer in done if "Idempotency-Replayed" not in answer.headers]) == 1
        assert all(answer.json() == done[0].json() for answer in done)


def test_keys_outlive_the_server(program, tmp_path):
    """The key is a part of the change: a kill right after the answer forgets neither."""
    server = Server(program, tmp_path / "server")
    server.start()
    key, body = {"Idempotency-Key": '"kept"'}, {"target": "team/app", "reason": "holds a key"}
    first = server.request("POST", "/api/v1/quarantine", headers=key, json=body)
    assert first.status_code == 200
    server.kill()
    server.start()
    again = server.request("POST", "/api/v1/quarantine", headers=key, json=body)
    assert again.status_code == 200 and again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert server.request("POST", "/api/v1/quarantine", headers=key, json={**body, "reason": "x"}).status_code == 422
    server.stop()


def test_what_depends_on_who_asks_is_private(server):
    for path in ("/v2/_catalog", "/api/v1/users", "/api/v1/images", "/v2/team/app/tags/list"):
        assert ask(server, "GET", path).headers["Cache-Control"].startswith("private"), path
