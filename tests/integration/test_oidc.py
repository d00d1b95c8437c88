"""Log-in by a real provider of OpenID Connect (glewlwyd): browsers, terminals, groups, and people who are gone there."""
import base64
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time
import urllib.parse

import pytest
import requests

import glewlwyd
from assay_server import Server, run_assay
from glewlwyd import Glewlwyd
from test_api import check_described
from test_audit import records, wait_for
from test_certificates import certificate

pytestmark = pytest.mark.skipif(shutil.which("glewlwyd") is None, reason="glewlwyd is not installed (scripts/packages.txt)")
CALLBACK = "/api/v1/session/oidc/corp/callback"


def configured(provider, folder, more=""):
    (folder / "oidc.secret").write_text(f"{glewlwyd.SECRET}\n")
    lines = ["access:", "  mode: closed", "  oidc:", "    - name: corp", "      title: Example Corp", f"      issuer: {provider.issuer}",
             "      plain_http: true", f"      client_id: {glewlwyd.CLIENT}", f"      client_secret_file: {folder}/oidc.secret"]
    return "\n".join(lines + [f"      {line}" for line in more.split("\n") if line])


def make_root(server):
    made = server.request("POST", "/api/v1/users", headers=server.operator(),
                          json={"name": "root", "password": "correct horse battery", "administrator": True})
    assert made.status_code == 201, made.text


def pair(folder, name):
    """(certificate, key), its own authority."""
    return certificate(folder, name, ip_address='"127.0.0.1"')


def serve(program, folder, provider, more="", port=None):
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(program, folder / "server", config=configured(provider, folder, more))
    server.port = port or server.port
    server.start()
    make_root(server)
    return server


@pytest.fixture(scope="module")
def corp(program, tmp_path_factory):
    """A provider and a registry that know each other: (provider, server)."""
    folder = tmp_path_factory.mktemp("oidc")
    server = Server(program, folder / "port")
    provider = Glewlwyd(folder / "glewlwyd", redirects=[server.url + CALLBACK])
    for name, groups in (("alice", ["developers", "ops"]), ("bob", []), ("carol", ["ops"]), ("dave", []), ("erin", []),
                         ("root", []), ("frank", ["developers"]), ("grace", [])):
        provider.add_person(name, groups)
    server = serve(program, folder, provider, "refresh: 1s\nstale: 1h", server.port)
    yield provider, server
    server.stop()
    provider.stop()


def query_of(url):
    return {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}


def begin(server, browser, path=""):
    """Where the registry sends a browser that wants to log in."""
    answer = browser.get(f"{server.url}/api/v1/session/oidc/corp{path}", allow_redirects=False, timeout=60)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def log_in(corp, name, path=""):
    """(browser, answer): a browser that has gone all the way, and the registry's last answer."""
    provider, server = corp
    browser, there = requests.Session(), provider.browser(name)
    back = provider.authorize(there, begin(server, browser, path))
    return browser, browser.get(back, allow_redirects=False, timeout=60)


def session(server, browser):
    return browser.get(f"{server.url}/api/v1/session", timeout=60).json()


# --- browsers ---

def test_a_browser_logs_in(corp):
    provider, server = corp
    listed = server.request("GET", "/api/v1/session/providers").json()
    assert listed == {"providers": [{"name": "corp", "title": "Example Corp", "log_in": "/api/v1/session/oidc/corp"}]}
    browser = requests.Session()
    url = begin(server, browser, "?return=/api/v1/user")
    asked = query_of(url)
    assert url.startswith(f"{provider.issuer}/auth?") and asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert len(asked["state"]) == 43 and len(asked["nonce"]) == 43 and asked["state"] != asked["nonce"]
    assert asked["redirect_uri"] == server.url + CALLBACK and asked["scope"] == "openid profile email"
    answer = browser.get(provider.authorize(provider.browser("alice"), url), allow_redirects=False, timeout=60)
    assert answer.status_code == 200, answer.text
    assert "logged in as alice" in answer.text and "url=/api/v1/user" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    cookies = answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in cookies and "HttpOnly" in cookies
    assert "assay-oidc" not in browser.cookies, "what began the log-in is of no use any more"
    who = session(server, browser)
    assert who["name"] == "alice" and who["how"] == "session"
    me = browser.get(f"{server.url}/api/v1/user", timeout=60).json()
    assert me["source"] == "oidc:corp" and me["display"] == "Alice" and me["mail"] == "alice@example.com"
    types = {record["type"]: record for record in wait_for(lambda: [each for each in records(server)
                                                                    if each["object"] == "alice"])}
    assert {"user.created", "session.opened"} <= set(types)
    assert types["session.opened"]["data"]["by"] == types["user.created"]["data"]["source"] == "oidc:corp"


def test_the_same_person_comes_again(corp):
    log_in(corp, "bob")
    browser, answer = log_in(corp, "bob")
    assert answer.status_code == 200
    users = corp[1].request("GET", "/api/v1/users", headers=corp[1].operator()).json()["users"]
    assert [user["name"] for user in users].count("bob") == 1


def test_a_name_that_is_taken_is_refused(corp):
    browser, answer = log_in(corp, "root")
    assert answer.status_code == 401 and "belongs to another user or robot" in answer.text
    assert "assay user delete root" in answer.text
    assert session(corp[1], browser)["kind"] == "anonymous"


@pytest.mark.parametrize("path", ["//evil.example.com", "https://evil.example.com/", "/\\evil.example.com", "evil", "/a\tb",
                                  "/%0d%0aX:%20y", "/\"><script>", "", "javascript:alert(1)", "/" + "a" * 600])
def test_a_return_leads_nowhere_else(corp, path):
    answer = corp[1].request("GET", "/api/v1/session/oidc/corp", params={"return": path}, allow_redirects=False)
    assert answer.status_code == 302 if path == "/%0d%0aX:%20y" else answer.status_code == 400, answer.text


def test_an_unknown_provider(corp):
    for path in ("", "/callback"):
        assert corp[1].request("GET", f"/api/v1/session/oidc/other{path}").status_code == 404


def callback(corp, name="carol"):
    """(browser, URL): what a browser that has been at the provider is about to bring back."""
    browser = requests.Session()
    return browser, corp[0].authorize(corp[0].browser(name), begin(corp[1], browser))


def with_query(url, **changes):
    parts = urllib.parse.urlsplit(url)
    query = {**query_of(url), **changes}
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(
        {name: value for name, value in query.items() if value is not None})))


@pytest.mark.parametrize("changes,why", [
    ({"state": "another"}, "state"),
    ({"state": None}, "state"),
    ({"state": ""}, "state"),
    ({"iss": "https://evil.example.com"}, "iss"),
    ({"code": None}, "no code"),
    ({"code": "guessed"}, "says: invalid_code"),
    ({"error": "access_denied"}, "says: access_denied"),
    ({"error": "<script>"}, "says: ?script?"),
])
def test_answers_that_are_not_right(corp, changes, why):
    browser, url = callback(corp)
    answer = browser.get(with_query(url, **changes), timeout=60)
    assert answer.status_code == 401 and why in answer.text, answer.text
    assert session(corp[1], browser)["kind"] == "anonymous"
    noted = wait_for(lambda: [record for record in records(corp[1], "&type=login.refused") if record["object"] == "oidc:corp"])
    assert noted


def test_an_answer_is_for_the_browser_that_began(corp):
    """Another's answer, which an attacker sends somebody to, logs nobody in."""
    _, url = callback(corp)
    answer = requests.get(url, timeout=60)
    assert answer.status_code == 401 and "has not begun" in answer.text
    other = requests.Session()
    begin(corp[1], other)
    answer = other.get(url, timeout=60)
    assert answer.status_code == 401 and "state" in answer.text
    forged = requests.get(url, cookies={"assay-oidc": "A" * 400}, timeout=60)
    assert forged.status_code == 401 and "has not begun" in forged.text


def test_an_answer_counts_once(corp):
    browser, url = callback(corp)
    cookie = browser.cookies["assay-oidc"]
    assert browser.get(url, timeout=60).status_code == 200
    again = requests.get(url, cookies={"assay-oidc": cookie}, timeout=60)
    assert again.status_code == 401 and "come back before" in again.text
    # A code of another log-in, in the answer to this one: the provider knows that the verifier is not its own.
    browser, url = callback(corp)
    _, other = callback(corp)
    mixed = browser.get(with_query(url, code=query_of(other)["code"]), timeout=60)
    assert mixed.status_code == 401 and "invalid_code" in mixed.text


def test_no_session_is_taken_over(corp):
    provider, server = corp
    browser = requests.Session()
    browser.cookies.set("assay", "assay_session_" + "x" * 36)
    url = begin(server, browser)
    answer = browser.get(provider.authorize(provider.browser("bob"), url), timeout=60)
    assert answer.status_code == 200
    first = answer.cookies["assay"]
    browser = requests.Session()
    browser.cookies.set("assay", first)
    url = begin(server, browser)
    answer = browser.get(provider.authorize(provider.browser("bob"), url), cookies={"assay": first}, timeout=60)
    assert answer.status_code == 200 and answer.cookies["assay"] != first
    assert server.request("GET", "/api/v1/session", cookies={"assay": first}).json()["kind"] == "anonymous"


# --- terminals ---

def device_log_in(corp, folder, name, *arguments, approve=True):
    """`assay login` in a terminal, and its person at the provider in a browser: the process's end."""
    provider, server = corp
    environment = {**os.environ, "ASSAY_CONFIG": "/dev/null", "ASSAY_DATA": "/nonexistent", "DOCKER_CONFIG": str(folder)}
    errors = folder / "stderr"
    with open(errors, "w") as file:
        process = subprocess.Popen([str(server.program), "login", server.url, *arguments], stdout=subprocess.PIPE, stderr=file,
                                   text=True, env=environment)
    code = wait_for(lambda: re.search(r"enter the code (\S+):", errors.read_text()) or process.poll() is not None)
    if approve:
        assert "deviceComplete" in provider.approve_device(provider.browser(name), code[1])
    output, _ = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors.read_text())


def kept_log_in(server, folder):
    kept = json.loads((folder / "config.json").read_text())["auths"][server.address]["auth"]
    return tuple(base64.b64decode(kept).decode().split(":", 1))


def test_a_terminal_logs_in(corp, tmp_path):
    provider, server = corp
    done = device_log_in(corp, tmp_path, "carol")
    assert done.returncode == 0, done.stderr
    assert "as carol" in done.stdout and f"{provider.issuer}/device" in done.stderr
    name, secret = kept_log_in(server, tmp_path)
    assert name == "carol" and secret.startswith("assay_pat_")
    assert server.request("GET", "/v2/", auth=(name, secret)).status_code == 200
    assert server.request("GET", "/v2/", auth=(name, glewlwyd.PASSWORD)).status_code == 401, "the provider's password is no password here"
    if shutil.which("skopeo"):
        subprocess.run(["skopeo", "login", "--tls-verify=false", "--get-login", "--authfile", tmp_path / "config.json", server.address],
                       check=True, stdout=subprocess.DEVNULL)
    tokens = server.request("GET", "/api/v1/tokens?user=carol", headers=server.operator()).json()["tokens"]
    assert tokens[0]["name"].startswith("assay login 20") and tokens[0]["expires"]
    made = wait_for(lambda: [record for record in records(server) if record["type"] == "token.created"
                             and record["data"].get("owner") == "carol"])
    assert made[0]["data"]["by"] == "oidc:corp"
    # Two logins at once do not meet.
    assert device_log_in(corp, tmp_path, "carol", "--provider", "corp").returncode == 0


def test_a_terminal_whose_name_is_taken(corp, tmp_path):
    done = device_log_in(corp, tmp_path, "root")
    assert done.returncode != 0 and "belongs to another user or robot" in done.stderr and "makes you known" not in done.stderr
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize("arguments,says", [(["--provider", "other"], "it has: corp"),
                                            (["--provider", "corp", "--username", "a"], "the provider says who"),
                                            (["--password-stdin"], "--username is missing")])
def test_a_terminal_that_asks_wrongly(corp, tmp_path, arguments, says):
    done = subprocess.run([str(corp[1].program), "login", corp[1].url, *arguments], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "ASSAY_CONFIG": "/dev/null", "ASSAY_DATA": "/nonexistent", "DOCKER_CONFIG": str(tmp_path)})
    assert done.returncode != 0 and says in done.stderr


def test_a_handle_is_ours_and_counts_once(corp):
    provider, server = corp
    path = "/api/v1/session/oidc/corp/device"
    begun = server.request("POST", path)
    check_described(path, begun, "post")
    device = begun.json()
    ask = {"handle": device["handle"]}
    pending = server.request("POST", f"{path}/token", json=ask)
    check_described(f"{path}/token", pending, "post")
    assert pending.status_code == 202 and pending.json() == {"state": "pending"}
    for wrong in ("", "A" * 200, device["handle"][:-4] + "AAAA", "x" * 20000, device["user_code"]):
        answer = server.request("POST", f"{path}/token", json={"handle": wrong})
        assert answer.status_code == 401 and "no log-in which this registry began" in answer.text
    provider.approve_device(provider.browser("bob"), device["user_code"])
    done = wait_for(lambda: (answer := server.request("POST", f"{path}/token", json=ask)).status_code != 202 and answer)
    assert done.status_code == 201, done.text
    check_described(f"{path}/token", done, "post")
    again = server.request("POST", f"{path}/token", json=ask)
    assert again.status_code == 401, again.text


# --- people who are gone ---

def token_of(server, name):
    made = server.request("POST", "/api/v1/tokens", headers=server.operator(), json={"user": name, "name": f"t{time.time()}"})
    assert made.status_code == 201, made.text
    return made.json()["token"]


def forget(server, **columns):
    """As if it had been asked long ago: what is remembered for a minute is forgotten by a change."""
    with sqlite3.connect(server.data / "metadata.db", timeout=30) as database:
        for table, column in (("oidc_people", "asked"), ("directory_people", "confirmed")):
            database.execute(f"UPDATE {table} SET {column} = {columns.get(column, 0)}")
    made = server.request("POST", "/api/v1/teams", headers=server.operator(), json={"name": f"t{time.time_ns()}"})
    assert made.status_code == 201


def status(server, name, token):
    return server.request("GET", "/v2/", auth=(name, token)).status_code


def ago(seconds):
    return int((time.time() - seconds) * 1e6)


def test_groups_bring_teams_and_take_them(corp):
    provider, server = corp
    for team, group in (("dev", "developers"), ("operations", "ops")):
        server.assay("team", "create", team)
        server.assay("team", "add-group", team, "oidc:corp", group)
    server.assay("grant", "create", "team:dev", "developer", "team/*")

    def members(team):
        listed = server.request("GET", f"/api/v1/teams/{team}/members", headers=server.operator()).json()["members"]
        return {member["name"] for member in listed}
    browser, _ = log_in(corp, "frank")
    assert "frank" in members("dev") and "frank" not in members("operations")
    assert server.assay("access", "explain", "frank", "push", "team/app", check=0).stdout
    # The provider is asked again, without any log-in.
    provider.change_person("frank", groups=["ops"])
    forget(server, confirmed=ago(60))
    assert session(server, browser)["name"] == "frank"
    assert "frank" not in members("dev") and "frank" in members("operations")
    server.assay("access", "explain", "frank", "push", "team/app", check=1)
    assert wait_for(lambda: [record for record in records(server) if record["type"] == "user.teams-changed"
                             and record["object"] == "frank"])


def test_who_is_gone_is_nobody_here(corp):
    provider, server = corp
    browser, _ = log_in(corp, "dave")
    token = token_of(server, "dave")
    forget(server, confirmed=ago(60))
    assert status(server, "dave", token) == 200
    provider.remove_person("dave")
    assert status(server, "dave", token) == 200, "what was said a moment ago counts"
    forget(server, confirmed=ago(60))
    assert status(server, "dave", token) == 401, server.log_text()[-3000:] + provider.log()
    answer = browser.get(f"{server.url}/api/v1/user", timeout=60)
    assert answer.status_code == 401
    told = wait_for(lambda: [record for record in records(server) if record["type"] == "user.gone" and record["object"] == "dave"])
    assert len(told) == 1 and told[0]["data"]["source"] == "oidc:corp"
    # Somebody else who is given the name is not the same person.
    provider.add_person("dave")
    _, answer = log_in(corp, "dave")
    assert answer.status_code == 401 and "belongs to another" in answer.text
    assert status(server, "dave", token) == 401


def test_a_provider_that_is_silent_is_believed_for_a_time(corp):
    provider, server = corp
    log_in(corp, "erin")
    token = token_of(server, "erin")
    provider.stop()
    try:
        forget(server, confirmed=ago(600))
        assert status(server, "erin", token) == 200
        forget(server, confirmed=ago(3700))
        assert status(server, "erin", token) == 401
        answer = server.request("GET", "/api/v1/session/oidc/corp/callback?code=a&state=b")
        assert answer.status_code == 401
        device = server.request("POST", "/api/v1/session/oidc/corp/device")
        assert device.status_code == 502 and "log of the registry" in device.text
    finally:
        provider.start()
    forget(server, confirmed=ago(3700))
    assert status(server, "erin", token) == 200, "it is there again, and knows erin"


def test_who_is_disabled_here_stays_out(corp):
    provider, server = corp
    log_in(corp, "grace")
    answer = server.request("PATCH", "/api/v1/users/grace", headers=server.operator(), json={"disabled": True})
    assert answer.status_code in (200, 204), answer.text
    _, answer = log_in(corp, "grace")
    assert answer.status_code == 401 and "disabled" in answer.text


def test_no_secret_lies_in_the_database(corp, tmp_path):
    """The refresh token is sealed, and goes with its person."""
    provider, server = corp
    log_in(corp, "alice")
    with sqlite3.connect(server.data / "metadata.db", timeout=30) as database:
        person, sealed = database.execute("SELECT principal, refresh FROM oidc_people JOIN principals ON id = principal "
                                          "WHERE name = 'alice'").fetchone()
        assert len(sealed) > 100 and not sealed.isascii()
    assert server.request("DELETE", "/api/v1/users/alice", headers=server.operator()).status_code == 204
    with sqlite3.connect(server.data / "metadata.db", timeout=30) as database:
        for table in ("oidc_people", "directory_people"):
            assert database.execute(f"SELECT count(*) FROM {table} WHERE principal = ?", (person,)).fetchone() == (0,)


def test_only_some_groups_may_log_in(program, tmp_path):
    server = Server(program, tmp_path / "port")
    provider = Glewlwyd(tmp_path / "glewlwyd", redirects=[server.url + CALLBACK])
    try:
        provider.add_person("ann", ["developers"])
        provider.add_person("ben", ["others"])
        server = serve(program, tmp_path, provider, "refresh: 1s\nallowed_groups: [developers, ops]", server.port)
        _, refused = log_in((provider, server), "ben")
        assert refused.status_code == 401 and "none of the groups" in refused.text
        _, answer = log_in((provider, server), "ann")
        assert answer.status_code == 200
        token = token_of(server, "ann")
        provider.change_person("ann", groups=["others"])
        forget(server, confirmed=ago(60))
        assert status(server, "ann", token) == 401, "who is in no such group any more is gone"
        server.stop()
    finally:
        provider.stop()


def test_by_tls_alone(program, tmp_path):
    """Provider and registry by TLS: cookies have the guarded prefix, and a provider whose authority nobody knows is not asked."""
    of_provider, of_registry = pair(tmp_path / "a", "provider"), pair(tmp_path / "b", "registry")
    server = Server(program, tmp_path / "server", trust=of_registry[0])
    provider = Glewlwyd(tmp_path / "glewlwyd", redirects=[server.url + CALLBACK], certificate=of_provider)
    try:
        provider.add_person("tina")
        tls = f"tls:\n  certificate: {of_registry[0]}\n  key: {of_registry[1]}\n"
        config = tls + configured(provider, tmp_path).replace("plain_http: true", "plain_http: false")
        server.config.write_text(f"feed_interval: 0\n{config}\n")
        server.start()
        begun = server.request("GET", "/api/v1/session/oidc/corp", allow_redirects=False)
        assert begun.status_code == 502, "its authority is not known"
        assert "certificate" in server.log_text()
        server.stop()
        server.config.write_text(f"feed_interval: 0\n{config}\n      ca_file: {of_provider[0]}\n")
        server.start()
        browser = requests.Session()
        browser.verify, browser.trust_env = str(of_registry[0]), False
        url = begin(server, browser)
        assert "__Host-assay-oidc" in browser.cookies
        answer = browser.get(provider.authorize(provider.browser("tina"), url), timeout=60)
        assert answer.status_code == 200, answer.text
        cookie = answer.headers["Set-Cookie"]
        assert "__Host-assay=" in cookie and "Secure" in cookie
        assert session(server, browser)["name"] == "tina"
        server.stop()
    finally:
        provider.stop()


@pytest.mark.parametrize("more,says", [
    ("name: Corp", "a-z, 0-9"),
    ("name: a/b", "a-z, 0-9"),
    ("issuer: http://login.example.com", "must be https://"),
    ("issuer: https://user@login.example.com", "no address of a server"),
    ("scopes: [profile]", "openid"),
    ("url: ftp://a", "must be https://"),
    ("clientid: a", "did you mean \"client_id\""),
])
def test_settings_that_are_wrong(program, tmp_path, more, says):
    entry = {"name": "corp", "issuer": "https://login.example.com", "client_id": "assay"}
    lines = [f"{key}: {value}" for key, value in entry.items() if not more.startswith(f"{key}:")] + [more]
    (tmp_path / "assay.yaml").write_text("access:\n  oidc:\n    - " + "\n      ".join(lines) + "\n")
    result = run_assay(program, "serve", "--config", tmp_path / "assay.yaml", "--data", tmp_path / "data", check=2)
    assert says in result.stderr, result.stderr
