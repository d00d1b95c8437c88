"""Log-in by a real provider of OpenID Connect (glewlwyd): browsers, terminals, groups, and people who are gone there."""
import shutil
import urllib.parse

import pytest
import requests

import glewlwyd
from assay_server import Server
from glewlwyd import Glewlwyd
from test_audit import records, wait_for

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
