"""Sessions of browsers: the cookie, what writes must send as well, and how a session ends."""
import sqlite3

import pytest
import requests

PASSWORD = "correct horse"


@pytest.fixture
def closed(start_server):
    server = start_server(config="access:\n  mode: closed\n")
    for name in ("alice", "bob"):
        body = {"name": name, "password": PASSWORD, "administrator": name == "alice"}
        assert server.request("POST", "/api/v1/users", json=body, headers=server.operator()).status_code == 201
    return server


def log_in(server, name="alice", browser=None):
    browser = browser or requests.Session()
    answer = browser.post(f"{server.url}/api/v1/session", json={"name": name, "password": PASSWORD}, timeout=60,
                          headers={"X-CSRF-Token": ""})
    assert answer.status_code == 201, answer.text
    return browser, answer


def status(browser, server, path="/api/v1/users"):
    return browser.get(f"{server.url}{path}", timeout=60).status_code


def test_a_session_and_its_cookie(closed):
    browser, answer = log_in(closed)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("assay=") and "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert answer.headers["Cache-Control"] == "no-store"
    assert status(browser, closed) == 200 and status(requests.Session(), closed) == 401
    who = browser.get(f"{closed.url}/api/v1/session", timeout=60).json()
    assert who["name"] == "alice" and who["how"] == "session" and who["csrf"] == answer.json()["csrf"]
    # Only a hash is kept.
    secret = browser.cookies["assay"]
    assert secret.encode() not in (closed.data / "metadata.db").read_bytes()
    ended = browser.delete(f"{closed.url}/api/v1/session", headers={"X-CSRF-Token": who["csrf"]}, timeout=60)
    assert ended.status_code == 204
    assert closed.request("GET", "/api/v1/users", cookies={"assay": secret}).status_code == 401


def test_what_writes_needs_the_token(closed):
    browser, answer = log_in(closed)
    url, body = f"{closed.url}/api/v1/grants", {"subject": "bob", "role": "guest", "pattern": "a"}
    _, other = log_in(closed, "bob")
    for token in (None, "", "wrong", other.json()["csrf"]):
        headers = {} if token is None else {"X-CSRF-Token": token}
        assert browser.post(url, json=body, headers=headers, timeout=60).status_code == 403, token
    assert browser.delete(f"{closed.url}/api/v1/session", timeout=60).status_code == 403
    assert browser.post(url, json=body, headers={"X-CSRF-Token": answer.json()["csrf"]}, timeout=60).status_code == 201


def test_a_log_in_takes_over_nothing(closed):
    """Fixation: a cookie that somebody has set beforehand is never the session's; nor does the old one stay."""
    browser = requests.Session()
    browser.cookies.set("assay", "assay_session_" + "0" * 36)
    log_in(closed, browser=browser)
    first = browser.cookies.get_dict()["assay"]
    assert "0" * 36 not in first
    fresh = requests.Session()
    fresh.cookies.set("assay", first)
    _, answer = log_in(closed, browser=fresh)
    assert first not in answer.headers["Set-Cookie"]
    assert closed.request("GET", "/api/v1/users", cookies={"assay": first}).status_code == 401


def test_log_ins_that_are_none(closed):
    path = "/api/v1/session"
    wrong = closed.request("POST", path, json={"name": "alice", "password": "wrong password"})
    unknown = closed.request("POST", path, json={"name": "nobody", "password": "wrong password"})
    assert wrong.status_code == unknown.status_code == 401
    assert {**wrong.json(), "instance": None} == {**unknown.json(), "instance": None}
    assert "Set-Cookie" not in wrong.headers
    # A form of another site can send no JSON.
    text = f'{{"name": "alice", "password": "{PASSWORD}"}}'
    assert closed.request("POST", path, data=text, headers={"Content-Type": "text/plain"}).status_code == 415
    assert closed.request("GET", "/api/v1/users", cookies={"assay": "assay_session_x"}).status_code == 401


def test_sessions_end(closed):
    browser, answer = log_in(closed, "bob")
    assert status(browser, closed, "/api/v1/sessions") == 200
    # ... by a new password
    assert closed.request("PATCH", "/api/v1/users/bob", json={"password": PASSWORD}, auth=("alice", PASSWORD)).status_code == 200
    assert status(browser, closed, "/api/v1/sessions") == 401
    # ... by an administrator
    browser, answer = log_in(closed, "bob")
    listed = closed.request("GET", "/api/v1/sessions?user=bob", auth=("alice", PASSWORD)).json()["sessions"]
    assert [session["id"] for session in listed] == [answer.json()["session"]]
    assert status(browser, closed, "/api/v1/sessions?user=alice") == 403
    assert closed.request("DELETE", f"/api/v1/sessions/{listed[0]['id']}?user=bob", auth=("alice", PASSWORD)).status_code == 204
    assert status(browser, closed, "/api/v1/sessions") == 401
    # ... by age, and when nobody used it
    for column in ("expires", "last_used"):
        browser, _ = log_in(closed, "bob")
        closed.stop()
        with sqlite3.connect(closed.data / "metadata.db") as db:
            db.execute(f"UPDATE sessions SET {column} = 1")
        db.close()
        closed.start()
        assert status(browser, closed, "/api/v1/sessions") == 401
