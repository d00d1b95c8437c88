"""Attacks on what is shown to log in: tokens that ask for more, tokens of others, guessed names and passwords, what is left of
people who are gone, and sessions."""
import base64
import hashlib
import hmac
import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from attacked import PASSWORD, SECRET, ask_from, attacked
from test_access import all_routes, filled


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    server = attacked(program, tmp_path_factory.mktemp("credentials"), config="")
    yield server
    server.stop()


def token(server, query, auth):
    answer = server.request("GET", f"/token?{query}", auth=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


# --- more than is held ---

@pytest.mark.parametrize("asked,given", [
    ("repository:team/app:pull,push,delete,*", "repository:team/app:pull,push"),
    ("repository:team/app:*", "repository:team/app:pull,push"),
    ("repository:team/app:pull&scope=repository:team/app:pull,push&scope=repository:team/app:pull,pull", "repository:team/app:pull,push"),
    ("repository:secret/app:pull", ""),
    ("repository:secret/app:pull,push,delete,*", ""),
    ("repository(plugin):secret/app:pull", ""),
    ("repository:team/app:PULL,Push,delete", ""),
    ("repository:team/app:manage-access,admin,pull%2Cdelete", "repository:team/app:pull"),
    ("repository:*:pull", ""),
    ("repository:team/*:pull", ""),
    ("repository:team/../secret/app:pull", ""),
    ("repository:team/app/../../secret/app:pull", ""),
    ("repository:TEAM/app:pull", ""),
    ("repository:team//app:pull", ""),
    ("repository:/team/app:pull", ""),
    ("repository:team/app%00:pull", ""),
    ("repository:team/app%0a:pull", ""),
    ("repository:secret/app%20repository:team/app:pull", "repository:team/app:pull"),
    ("repository:team/app:pull%09repository:secret/app:pull", ""),
    ("repository:registry.example.com:5000/secret/app:pull", ""),
    ("registry:catalog:pull", ""),
    ("registry:*:*", ""),
    ("registry:users:*", ""),
    ("Repository:secret/app:pull", ""),
    ("*:*:*", ""),
], ids=lambda value: value[:50])
def test_scope_escalation(server, asked, given):
    """What is given is what is held of what was asked, and the token does no more than it says."""
    made = token(server, f"service=assay&scope={asked}", server.mallory)
    assert made["scope"] == given
    claims = json.loads(base64.urlsafe_b64decode(made["token"].split(".")[1] + "=="))
    assert len({(entry["type"], entry["name"]) for entry in claims["access"]}) == len(claims["access"])
    show = bearer(made["token"])
    for method, path in [("GET", f"/v2/{SECRET}/tags/list"), ("GET", f"/v2/{SECRET}/manifests/v1"), ("POST", f"/v2/{SECRET}/blobs/uploads/"),
                         ("DELETE", "/v2/team/app/manifests/v1"), ("GET", "/api/v1/users"), ("GET", "/api/v1/audit"), ("GET", "/metrics")]:
        answer = server.request(method, path, headers=show)
        assert answer.status_code in (401, 403), (asked, method, path, answer.status_code)
    assert SECRET not in server.request("GET", "/v2/_catalog", headers=show).text


def test_a_right_that_is_taken_ends_in_tokens_too(server):
    """A token says what it was given for, and not what its owner still may."""
    name, secret = server.robot("leaver")
    grant = server.make("grants", {"kind": "principal", "subject": name, "role": "developer", "pattern": "team/*"})
    show = bearer(token(server, "scope=repository:team/app:pull,push", (name, secret))["token"])
    assert server.request("GET", "/v2/team/app/tags/list", headers=show).status_code == 200
    assert server.request("DELETE", f"/api/v1/grants/{grant['id']}", headers=server.operator()).status_code == 204
    assert server.request("GET", "/v2/team/app/tags/list", headers=show).status_code in (403, 404)


def test_a_cut_down_token_makes_none_that_is_more(server):
    """Of a personal access token for pulls, whose owner may do all."""
    made = server.make("tokens", {"user": "root", "name": "puller", "scopes": [{"pattern": "team/*", "verbs": ["pull"]}]})
    for auth in (("root", made["token"]), ("whoever", made["token"])):
        scope = token(server, "scope=repository:team/app:pull,push,delete&scope=repository:secret/app:pull&scope=registry:catalog:*", auth)
        assert scope["scope"] == "repository:team/app:pull"
    form = {"grant_type": "refresh_token", "refresh_token": made["token"], "scope": "repository:secret/app:pull"}
    assert server.request("POST", "/token", data=form).json()["scope"] == ""
    for method, path in [("POST", "/api/v1/tokens"), ("POST", "/api/v1/user/tokens"), ("POST", "/api/v1/user/password"),
                         ("POST", "/api/v1/session")]:
        body = {"user": "root", "name": "more", "present": made["token"], "password": made["token"]}
        assert server.request(method, path, json=body, headers=bearer(made["token"])).status_code in (401, 403), path


def test_a_cut_down_token_ends_itself_alone(server):
    """Else who finds it locks its owner out."""
    cut = server.make("tokens", {"user": "root", "name": "cut", "scopes": [{"pattern": "team/*", "verbs": ["pull"]}]})
    other, whole = (server.make("tokens", {"user": "root", "name": name}) for name in ("other", "whole"))
    session = requests.post(f"{server.url}/api/v1/session", json={"name": "root", "password": PASSWORD}, timeout=60)
    assert session.status_code in (200, 201), session.text
    (one,) = server.request("GET", "/api/v1/sessions", headers=bearer(whole["token"])).json()["sessions"][:1]

    def end(path, by):
        return server.request("DELETE", path, headers=bearer(by["token"])).status_code
    assert end(f"/api/v1/user/tokens/{other['id']}", cut) == 403 and end(f"/api/v1/sessions/{one['id']}", cut) == 403
    assert end(f"/api/v1/user/tokens/{cut['id']}", cut) == 204
    assert end(f"/api/v1/user/tokens/{other['id']}", whole) == 204 and end(f"/api/v1/sessions/{one['id']}", whole) == 204


# --- tokens that are not ours ---

def encoded(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def es256(key, signed):
    """A signature of RFC 7518, section 3.4, from openssl's of DER."""
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=signed.encode(), stdout=subprocess.PIPE, check=True).stdout
    first = der[4:4 + der[3]]
    second = der[4 + der[3] + 2:]
    return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (first, second))


def test_tokens_that_are_not_ours(server, program, tmp_path):
    """Of another key under our names, of another service, of another registry of that name, unsigned, and signed by what is public."""
    good = token(server, "scope=repository:team/app:pull", server.mallory)["token"]
    head, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in good.split(".")[:2])
    assert server.request("GET", "/v2/team/app/tags/list", headers=bearer(good)).status_code == 200
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    jwks = server.request("GET", "/.well-known/jwks.json")
    certificates = server.request("GET", "/.well-known/token-certificates.pem").content
    more = {**body, "access": [{"type": "repository", "name": SECRET, "actions": ["pull"]}]}

    def by_key(header, claims=body):
        signed = f"{encoded(header)}.{encoded(claims)}"
        return f"{signed}.{encoded(es256(key, signed))}"

    def by_secret(secret, algorithm="HS256"):
        signed = f"{encoded({**head, 'alg': algorithm})}.{encoded(body)}"
        return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"
    signature = good.split(".")[2]
    ours = jwks.json()["keys"][0]
    point = base64.urlsafe_b64decode(ours["x"] + "==") + base64.urlsafe_b64decode(ours["y"] + "==")
    forged = {
        "another key": by_key(head),
        "another key, unnamed": by_key({"alg": "ES256", "typ": "JWT"}),
        "a key that it brings along": by_key({**head, "jwk": ours}),
        "a key that is elsewhere": by_key({**head, "jku": "http://127.0.0.1:1/jwks.json", "x5u": "http://127.0.0.1:1/"}),
        "a key by a path": by_key({**head, "kid": f"../../../..{key}"}),
        "none": f"{encoded({**head, 'alg': 'none'})}.{encoded(body)}.",
        "None": f"{encoded({**head, 'alg': 'None'})}.{encoded(body)}.{signature}",
        "no algorithm": f"{encoded({'typ': 'JWT'})}.{encoded(body)}.{signature}",
        "the certificate as a secret": by_secret(certificates),
        "the set as a secret": by_secret(jwks.content),
        "the point as a secret": by_secret(b"\x04" + point),
        "no secret": by_secret(b""),
        "other claims": f"{good.split('.')[0]}.{encoded(more)}.{signature}",
        "zeros": f"{good.rpartition('.')[0]}.{encoded(bytes(64))}",
        "no signature": good.rpartition(".")[0] + ".",
        "a signature in DER": f"{good.rpartition('.')[0]}.{encoded(bytes.fromhex('3006020101020101'))}",
        "twice": f"{good}.{signature}",
    }
    other = attacked(program, tmp_path / "other")
    try:
        forged["another registry of our name"] = token(other, "scope=repository:team/app:pull", other.mallory)["token"]
        assert other.request("GET", "/v2/team/app/tags/list", headers=bearer(forged["another registry of our name"])).status_code == 200
    finally:
        other.stop()
    for what, text in forged.items():
        for path in ("/v2/", "/v2/team/app/tags/list", f"/v2/{SECRET}/tags/list", "/api/v1/repositories"):
            answer = server.request("GET", path, headers=bearer(text))
            assert answer.status_code == 401, (what, path, answer.status_code, answer.text)
        assert server.request("GET", "/v2/", auth=("mallory", text)).status_code == 401, (what, "as password")
        refresh = server.request("POST", "/token", data={"grant_type": "refresh_token", "refresh_token": text})
        assert refresh.status_code == 401, (what, "as refresh token")


# --- guessing ---

def processor_ticks(server):
    """What the server has worked, on all its threads."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_names_do_not_show_in_the_work(server):
    """A name that is there, one that is not, one of a robot, and one of somebody who is disabled take the same work: counted in the
    server's own processor time, which other processes do not disturb."""
    rounds = 12
    for number in range(rounds):
        server.make("users", {"name": f"known{number}", "password": PASSWORD})
        server.make("users", {"name": f"disabled{number}", "password": PASSWORD})
        assert server.request("PATCH", f"/api/v1/users/disabled{number}", headers=server.operator(), json={"disabled": True}).status_code == 200
        server.robot(f"robot{number}")
    spent = {}
    for turn, (what, path) in enumerate((what, path) for what in ("known", "unknown", "disabled", "robot")
                                        for path in ("/v2/", "/api/v1/session", "/token")):
        before = processor_ticks(server)
        for number in range(rounds):
            name, address = f"{what}{number}", f"127.8.{turn}.{number + 1}"
            body = {"json": {"name": name, "password": "wrong password"}} if "session" in path else {"auth": (name, "wrong password")}
            answer = ask_from(server, address, "POST" if "session" in path else "GET", path, **body)
            assert answer.status_code == 401, (name, answer.text)
        spent[what, path] = processor_ticks(server) - before
    least, most = min(spent.values()), max(spent.values())
    assert least > rounds, "ticks of 10 ms: a hash that is slow each time"
    # Without a hash it would be a tenth. A tick counts for less while another process shares the core.
    assert most < 4 * least, spent


def test_guessing_at_names_from_one_address(server):
    """After 20 that were wrong, whatever the names, the address waits; others do not, nor who has logged in from there."""
    start = processor_ticks(server)
    guesses = [ask_from(server, "127.9.0.1", "GET", "/v2/", auth=(f"guess{number}", "wrong password")).status_code for number in range(24)]
    assert set(guesses) == {401}
    before = processor_ticks(server)
    for number in range(30):
        assert ask_from(server, "127.9.0.1", "GET", "/v2/", auth=(f"other{number}", "wrong password")).status_code == 401
    assert processor_ticks(server) - before < (before - start) / 2, "none is looked at: 30 cost less than half of what 20 did before"
    assert ask_from(server, "127.9.0.1", "GET", "/v2/", auth=("root", PASSWORD)).status_code == 401
    assert ask_from(server, "127.9.0.2", "GET", "/v2/", auth=("root", PASSWORD)).status_code == 200
    events = server.request("GET", "/api/v1/events?limit=1000", headers=server.operator()).json()["events"]
    assert any(event["type"] == "address.locked" and event["subject"] == "127.9.0.1" for event in events)


def test_a_forged_address_hides_no_guessing(server):
    """Whatever headers say that no trusted proxy wrote, the guesses are one address's; neither does anybody else wait for them."""
    headers = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Via", "Client-IP"]

    def guess(number):
        value = f"10.1.{number}.1"
        forged = {name: f"for={value}" if name == "Forwarded" else value for name in headers}
        return ask_from(server, "127.9.1.1", "GET", "/v2/", auth=(f"behind{number}", "wrong password"), headers=forged).status_code
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(guess, range(40))) == {401}
    events = server.request("GET", "/api/v1/events?limit=1000", headers=server.operator()).json()["events"]
    locked = {event["subject"] for event in events if event["type"] == "address.locked"}
    assert "127.9.1.1" in locked and not any(subject.startswith("10.1.") for subject in locked)
    assert ask_from(server, "127.9.1.1", "GET", "/v2/", auth=("root", PASSWORD), headers={"X-Forwarded-For": "127.9.1.2"}).status_code == 401


def test_nobody_is_locked_out_by_others(server):
    """Who has logged in from a place goes on to, while somebody guesses at that name from elsewhere."""
    server.make("users", {"name": "victim", "password": PASSWORD})
    assert ask_from(server, "127.9.2.1", "GET", "/v2/", auth=("victim", PASSWORD)).status_code == 200
    for number in range(12):
        assert ask_from(server, "127.9.2.2", "GET", "/v2/", auth=("victim", f"guess number {number}")).status_code == 401
    assert ask_from(server, "127.9.2.3", "GET", "/v2/", auth=("victim", PASSWORD)).status_code == 401, "it waits"
    assert ask_from(server, "127.9.2.1", "GET", "/v2/", auth=("victim", PASSWORD)).status_code == 200


# --- what is left of who is gone ---

def shown_by(server, name):
    """All that a person can show, each of which works: {what: a function that asks by it}."""
    auth = (name, PASSWORD)
    pat = server.request("POST", "/api/v1/user/tokens", auth=auth, json={"name": "laptop"}).json()["token"]
    made = {what: token(server, "scope=repository:team/app:pull", show)["token"] for what, show in (("password", auth), ("token", (name, pat)))}
    session = server.request("POST", "/api/v1/session", json={"name": name, "password": PASSWORD})

    def ask(**options):
        return lambda path="/v2/team/app/tags/list": server.request("GET", path, **options).status_code
    return {"password": ask(auth=auth), "token": ask(auth=("x", pat)), "token as bearer": ask(headers=bearer(pat)),
            "bearer by password": ask(headers=bearer(made["password"])), "bearer by token": ask(headers=bearer(made["token"])),
            "session": ask(cookies=dict(session.cookies))}


@pytest.mark.parametrize("how", ["deleted", "disabled", "made anew"])
def test_people_who_are_gone(server, how):
    """Their passwords, tokens, bearers and sessions end with them; somebody else of that name has none of it."""
    name = f"gone-{how.replace(' ', '-')}"
    server.make("users", {"name": name, "password": PASSWORD})
    server.make("grants", {"kind": "principal", "subject": name, "role": "guest", "pattern": "team/*"})
    shown = shown_by(server, name)
    assert {what: ask() for what, ask in shown.items()} == dict.fromkeys(shown, 200)
    path = f"/api/v1/users/{name}"
    if how in ("deleted", "made anew"):
        assert server.request("DELETE", path, headers=server.operator()).status_code == 204
    else:
        assert server.request("PATCH", path, headers=server.operator(), json={"disabled": True}).status_code == 200
    if how == "made anew":
        server.make("users", {"name": name, "password": "another correct horse"})
        server.make("grants", {"kind": "principal", "subject": name, "role": "guest", "pattern": "team/*"})
    assert {what: ask() for what, ask in shown.items()} == dict.fromkeys(shown, 401)


def test_a_robot_that_ends(server):
    """By itself, with what it had made."""
    ends = time.time() + 8
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
    auth = "brief", server.make("robots", {"name": "brief", "expires": moment})["secret"]
    server.make("grants", {"kind": "principal", "subject": "brief", "role": "guest", "pattern": "team/*"})
    show = bearer(token(server, "scope=repository:team/app:pull", auth)["token"])

    def statuses():
        return {server.request("GET", "/v2/team/app/tags/list", **by).status_code for by in ({"auth": auth}, {"headers": show})}
    assert statuses() == {200}
    time.sleep(max(0, ends - time.time()) + 0.5)
    assert statuses() == {401}


def test_a_robots_secret_that_was_ended(server):
    """It ends at once, and so do the bearers that it had made; its other secret goes on, with its own."""
    name, first = server.robot("turned", "developer")
    second = server.make(f"robots/{name}/secrets", None)["secret"]
    made = {secret: token(server, "scope=repository:team/app:pull", (name, secret))["token"] for secret in (first, second)}

    def statuses(secret):
        return [server.request("GET", "/v2/team/app/tags/list", auth=(name, secret)).status_code,
                server.request("GET", "/v2/team/app/tags/list", headers=bearer(made[secret])).status_code]
    assert statuses(first) == statuses(second) == [200, 200]
    assert server.request("DELETE", f"/api/v1/robots/{name}/secrets/1", headers=server.operator()).status_code == 204
    assert statuses(first) == [401, 401] and statuses(second) == [200, 200]
    # The place of the ended one is another secret's: what was made by the ended one stays nobody's.
    assert server.make(f"robots/{name}/secrets", None)["secret"] != first
    assert statuses(first) == [401, 401] and statuses(second) == [200, 200]


def test_a_password_that_was_changed(server):
    """What was made by the old one ends with it; a personal access token is its owner's to revoke."""
    server.make("users", {"name": "changer", "password": PASSWORD})
    server.make("grants", {"kind": "principal", "subject": "changer", "role": "guest", "pattern": "team/*"})
    shown = shown_by(server, "changer")
    answer = server.request("POST", "/api/v1/user/password", auth=("changer", PASSWORD),
                            json={"present": PASSWORD, "password": "another correct horse"})
    assert answer.status_code == 204, answer.text
    ended = {what for what, ask in shown.items() if ask() == 401}
    assert ended == {"password", "bearer by password", "session"}


# --- sessions ---

def test_each_write_of_a_session_needs_its_token(server):
    """CSRF, at every route that changes something: without the token, with an empty or wrong one, with another session's, and where it
    comes by another way than the header. Forms of other sites can send three content types. What begins a log-in is for anybody, and
    answers who has a session as it answers who has none."""
    server.make("users", {"name": "admin2", "password": PASSWORD, "administrator": True})
    mine, other = (server.request("POST", "/api/v1/session", json={"name": name, "password": PASSWORD}) for name in ("root", "admin2"))
    csrf, foreign = mine.json()["csrf"], other.json()["csrf"]
    cookies = dict(mine.cookies)
    tried, open_to_all = 0, set()
    for method, path, _ in all_routes():
        if method == "GET" or path in ("/token", "/api/v1/session") and method == "POST":
            continue
        for sent in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": foreign}, {"X-CSRF-Token": csrf.swapcase()},
                     {"X-XSRF-TOKEN": csrf}, {"Origin": server.url, "Referer": f"{server.url}/"}):
            kind = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"][tried % 4]
            answer = server.request(method, f"{filled(path)}?csrf={csrf}&X-CSRF-Token={csrf}", data=b"{}", cookies=cookies,
                                    headers={"Content-Type": kind, **sent})
            tried += 1
            if answer.status_code != 403 or "X-CSRF-Token" not in answer.text:
                nobody = server.request(method, filled(path), data=b"{}", headers={"Content-Type": kind})
                assert answer.status_code == nobody.status_code != 401, (method, path, sent, answer.status_code, answer.text)
                open_to_all.add(path)
    assert tried > 200 and len(open_to_all) < 8, open_to_all
    made = server.request("POST", "/api/v1/user/tokens", json={"name": "by session"}, cookies=cookies, headers={"X-CSRF-Token": csrf})
    assert made.status_code == 201
    # The session that others named is as it was, and reading needs no token.
    assert server.request("GET", "/api/v1/session", cookies=cookies).json()["name"] == "root"


def test_a_log_in_by_another_site(server):
    """A form of another site logs nobody in, and no answer lets a page of another origin read it."""
    text = json.dumps({"name": "root", "password": PASSWORD})
    for kind in ("text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp"):
        answer = server.request("POST", "/api/v1/session", data=text, headers={"Content-Type": kind, "Origin": "https://evil.example"})
        assert answer.status_code == 415 and "Set-Cookie" not in answer.headers, kind
    opened = server.request("POST", "/api/v1/session", json=json.loads(text), headers={"Origin": "https://evil.example"})
    for answer in (opened, server.request("GET", "/api/v1/session", cookies=dict(opened.cookies), headers={"Origin": "https://evil.example"}),
                   server.request("OPTIONS", "/api/v1/user/tokens", headers={"Origin": "https://evil.example",
                                                                             "Access-Control-Request-Method": "POST"})):
        assert not any(name.lower().startswith("access-control-") for name in answer.headers), answer.headers


def test_what_a_browser_sends_by_itself(server):
    """A password that a browser keeps goes with what the page of another site has it send: no write is done for one."""
    own = {"Origin": server.url, "Host": server.address}
    for number, (headers, done) in enumerate((({"Sec-Fetch-Site": "cross-site"}, False), ({"Sec-Fetch-Site": "same-site"}, False),
                                              ({"Origin": "https://evil.example"}, False), ({"Origin": "null"}, False),
                                              ({"Origin": f"http://{server.address}.evil.example"}, False),
                                              ({"Sec-Fetch-Site": "cross-site", **own}, False),
                                              ({"Sec-Fetch-Site": "same-origin"}, True), ({"Sec-Fetch-Site": "none"}, True), (own, True), ({}, True))):
        text = json.dumps({"name": f"by-browser-{number}", "password": PASSWORD})
        answer = server.request("POST", "/api/v1/users", data=text, auth=("root", PASSWORD), headers={"Content-Type": "text/plain", **headers})
        assert answer.status_code == (201 if done else 403), (headers, answer.text)
    assert server.request("GET", "/api/v1/users", auth=("root", PASSWORD), headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    # A token is never sent by itself.
    bearer = {"Origin": "https://page.example", **server.operator()}
    assert server.request("POST", "/api/v1/users", json={"name": "by-page", "password": PASSWORD}, headers=bearer).status_code == 201


def test_session_fixation(server):
    """A cookie that was there before the log-in is not the session's after it: one made up, one of another person, under any name."""
    theirs = server.request("POST", "/api/v1/session", json={"name": "root", "password": PASSWORD}).cookies["assay"]
    for planted in ("assay_session_" + "0" * 36, theirs, "", "x" * 3000):
        for name in ("assay", "__Host-assay", "session"):
            cookies = {name: planted}
            opened = server.request("POST", "/api/v1/session", json={"name": "root", "password": PASSWORD}, cookies=cookies)
            assert opened.status_code == 201 and opened.cookies["assay"] != planted
            if planted != theirs:
                assert server.request("GET", "/api/v1/users", cookies=cookies).status_code == 401
    # Two of one name, where an attacker's may come first: what is served is one that was logged in, or nothing.
    own = server.request("POST", "/api/v1/session", json={"name": "root", "password": PASSWORD}).cookies["assay"]
    for line in (f"assay=assay_session_{'0' * 36}; assay={own}", f"assay={own}; assay=assay_session_{'0' * 36}"):
        assert server.request("GET", "/api/v1/users", headers={"Cookie": line}).status_code in (200, 401)
