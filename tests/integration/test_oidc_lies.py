"""Log-ins by a provider that lies (lying_provider.py), or by two of which one is the attacker's: each lie is refused."""
import urllib.parse

import pytest
import requests

from assay_server import Server
from lying_provider import LyingProvider
from test_audit import records, wait_for

# Fixed: what a test is called must not depend on when it is collected.
PAST, FUTURE = 1_000_000_000, 4_000_000_000


@pytest.fixture(scope="module")
def lying(program, tmp_path_factory):
    """(provider, server, another provider that is honest)"""
    folder = tmp_path_factory.mktemp("lies")
    provider, honest = LyingProvider(), LyingProvider()
    (folder / "secret").write_text("the-secret-of-the-registry\n")
    lines = ["access:", "  mode: closed", "  oidc:"]
    for name, of in (("liar", provider), ("honest", honest)):
        lines += [f"    - name: {name}", f"      issuer: {of.issuer}", "      plain_http: true", f"      client_id: of-{name}",
                  f"      client_secret_file: {folder}/secret"]
    server = Server(program, folder / "server", config="\n".join(lines)).start()
    yield provider, server, honest
    server.stop()
    provider.stop()
    honest.stop()


@pytest.fixture(autouse=True)
def become_honest(lying):
    yield
    lying[0].lies, lying[2].lies = {}, {}


def begin(server, browser, name="liar"):
    return browser.get(f"{server.url}/api/v1/session/oidc/{name}", allow_redirects=False, timeout=60).headers["Location"]


def log_in(lying):
    browser = requests.Session()
    return browser, browser.get(lying[0].come_back(begin(lying[1], browser)), timeout=60)


def is_nobody(server, browser):
    return browser.get(f"{server.url}/api/v1/session", timeout=60).json()["kind"] == "anonymous"


def test_an_honest_answer_logs_in(lying):
    browser, answer = log_in(lying)
    assert answer.status_code == 200, answer.text
    assert browser.get(f"{lying[1].url}/api/v1/session", timeout=60).json()["name"] == "mallory"
    form = lying[0].asked[-1]
    assert form["grant_type"] == "authorization_code" and len(form["code_verifier"]) == 43 and "client_secret" not in form


@pytest.mark.parametrize("lies,why", [
    ({"claims": {"iss": "https://evil.example.com"}}, "not by"),
    ({"claims": {"iss": None}}, "not by"),
    ({"claims": {"aud": "another-client"}}, "audience"),
    ({"claims": {"aud": ["another-client"]}}, "audience"),
    ({"claims": {"aud": None}}, "audience"),
    ({"claims": {"aud": ["of-liar", "another-client"]}}, "azp"),
    ({"claims": {"azp": "another-client"}}, "azp"),
    ({"claims": {"nonce": "of another log-in"}}, "nonce"),
    ({"claims": {"nonce": None}}, "nonce"),
    ({"claims": {"exp": PAST}}, "has ended"),
    ({"claims": {"exp": None}}, "ends"),
    ({"claims": {"nbf": FUTURE}}, "not valid yet"),
    ({"claims": {"iat": FUTURE}}, "not valid yet"),
    ({"claims": {"sub": None}}, "sub"),
    ({"claims": {"sub": "a" * 300}}, "sub"),
    ({"claims": {"preferred_username": None}, "tokens": {"access_token": None}}, "name_claim"),
    ({"claims": {"preferred_username": "a b"}}, "name_claim"),
    ({"claims": {"preferred_username": "../admin"}}, "name_claim"),
    ({"claims": {"groups": None}, "userinfo": {"sub": "another", "groups": ["admins"]}}, "another person"),
    ({"how": "other_key"}, "signature"),
    ({"how": "unknown_key"}, "unknown key"),
    ({"how": "own_key"}, "unknown key"),
    ({"how": "none"}, "token"),
    ({"how": "none_with_signature"}, "algorithm"),
    ({"how": "hmac_by_public_key"}, "algorithm"),
    ({"how": "hmac_by_secret"}, "algorithm"),
    ({"how": "access_token"}, "type"),
    ({"how": "changed"}, "signature"),
    ({"answer": {"iss": None}}, "iss"),
    ({"answer": {"iss": "https://evil.example.com"}}, "iss"),
    ({"answer": {"state": "another"}}, "state"),
    ({"answer": {"code": None, "error": "login_required"}}, "login_required"),
], ids=str)
def test_each_lie_is_refused(lying, lies, why):
    lying[0].lies = lies
    browser, answer = log_in(lying)
    assert answer.status_code == 401 and why in answer.text, answer.text
    assert is_nobody(lying[1], browser)


@pytest.mark.parametrize("tokens", [{"id_token": None}, {"id_token": 5}, {"id_token": ""}, {"id_token": "a" * 100000}])
def test_no_token_at_all(lying, tokens):
    lying[0].lies = {"tokens": tokens}
    browser, answer = log_in(lying)
    assert answer.status_code in (401, 502) and is_nobody(lying[1], browser)


def test_refusals_are_recorded(lying):
    lying[0].lies = {"how": "none"}
    log_in(lying)
    noted = wait_for(lambda: [record for record in records(lying[1], "&type=login.refused") if record["object"] == "oidc:liar"])
    assert noted[0]["actor"]["address"] == "127.0.0.1"


def test_mix_up(lying):
    """The attacker's provider sends the browser back to the other's address with a code of its own, or the other's answer to its own
    address: what began at one never ends at the other (RFC 9700, section 4.4)."""
    liar, server, honest = lying
    browser = requests.Session()
    back = liar.come_back(begin(server, browser, "liar"))
    moved = back.replace("/oidc/liar/", "/oidc/honest/")
    answer = browser.get(moved, timeout=60)
    assert answer.status_code == 401 and "begun with the provider liar" in answer.text
    # The honest provider's code must not reach the attacker's token endpoint.
    browser, asked = requests.Session(), len(liar.asked)
    url = begin(server, browser, "liar")
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["state"][0]
    answer = browser.get(f"{server.url}/api/v1/session/oidc/liar/callback",
                         params={"code": "of-the-honest-one", "state": state, "iss": honest.issuer}, timeout=60)
    assert answer.status_code == 401 and "iss" in answer.text
    assert len(liar.asked) == asked, "the code was given to the attacker"


def test_the_same_subject_of_another_provider_is_another(lying):
    """`sub` is unique within its issuer alone."""
    liar, server, honest = lying
    log_in(lying)
    browser = requests.Session()
    honest.lies = {"claims": {"preferred_username": "honest-mallory"}}
    answer = browser.get(honest.come_back(begin(server, browser, "honest")), timeout=60)
    assert answer.status_code == 200, answer.text
    assert browser.get(f"{server.url}/api/v1/session", timeout=60).json()["name"] == "honest-mallory"
    browser = requests.Session()
    honest.lies = {"claims": {"sub": "third"}}
    answer = browser.get(honest.come_back(begin(server, browser, "honest")), timeout=60)
    assert answer.status_code == 401 and "the name mallory belongs to another" in answer.text
