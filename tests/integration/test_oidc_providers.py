"""Log-in by a second real provider, npm's oidc-provider, which says most in its userinfo and wants consent for refresh tokens.

`make test-oidc-providers` fetches it and names its folder by $ASSAY_OIDC_PROVIDERS.
"""
import html
import json
import os
import re
import shutil
import subprocess
import urllib.parse
from pathlib import Path

import pytest
import requests

from assay_server import Server, free_port
from test_oidc import ago, device_log_in, forget, kept_log_in, status, token_of

FOLDER = os.environ.get("ASSAY_OIDC_PROVIDERS")
CLIENT, SECRET = "assay-registry", "a secret: with %signs+"
CALLBACK = "/api/v1/session/oidc/corp/callback"
pytestmark = [pytest.mark.skipif(not FOLDER, reason="make test-oidc-providers fetches the provider by npm, where that is installed"),
              pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")]


class NpmProvider:
    def __init__(self, folder, redirect):
        self.folder, self.port = folder, free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        folder.mkdir()
        (folder / "node_modules").symlink_to(Path(FOLDER) / "node_modules")
        (folder / "package.json").write_text("{}")
        self.people = {}
        self.set_people(alice=["developers"], bob=[])
        script = Path(__file__).parent / "oidc-provider.mjs"
        self.process = subprocess.Popen(["node", script, folder, str(self.port), CLIENT, SECRET, redirect], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.strip() == "ready":
                return
        raise AssertionError("".join(lines))

    def set_people(self, **people):
        self.people = {name: groups for name, groups in {**self.people, **people}.items() if groups is not None}
        (self.folder / "people.json").write_text(json.dumps(self.people))

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)

    def walk(self, browser, url, name, until):
        """Fills in the provider's pages as a person would, until it sends the browser to an address, or shows a text, of
        @until: what was reached."""
        answer = browser.get(url, allow_redirects=False, timeout=30)
        for _ in range(30):
            if answer.status_code in (302, 303):
                url = urllib.parse.urljoin(url, answer.headers["Location"])
                if url.startswith(until):
                    return url
                answer = browser.get(url, allow_redirects=False, timeout=30)
                continue
            if not until.startswith("http") and until in answer.text:
                return answer.text
            form = re.search(r"<form[^>]*action=\"([^\"]+)\"", answer.text)
            assert form, answer.text
            fields = {}
            for field in re.findall(r"<input[^>]*>", answer.text):
                attributes = dict(re.findall(r"(\w+)=\"([^\"]*)\"", field))
                if "name" in attributes:
                    fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
            if "login" in fields:
                fields.update(login=name, password="whatever")
            if "confirm" in answer.text and "xsrf" in fields:
                fields["confirm"] = "yes"
            url = urllib.parse.urljoin(url, html.unescape(form[1]))
            answer = browser.post(url, data=fields, allow_redirects=False, timeout=30)
        raise AssertionError(answer.text)

    # What test_oidc.device_log_in() asks of a provider.

    def browser(self, name):
        browser = requests.Session()
        browser.person = name
        return browser

    def approve_device(self, browser, code):
        self.walk(browser, f"{self.issuer}/device?user_code={code}", browser.person, "Sign-in Success")
        return "deviceComplete"


@pytest.fixture(scope="module")
def corp(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("npm")
    server = Server(program, folder / "server", config="\n".join([
        "access:", "  mode: closed", "  oidc:", "    - name: corp", "      issuer: PROVIDER", "      plain_http: true",
        f"      client_id: {CLIENT}", f"      client_secret_file: {folder}/secret", "      refresh: 1s", "      stale: 1h",
        "      scopes: [openid, profile, email, offline_access]"]))
    (folder / "secret").write_text(f"{SECRET}\n")
    provider = NpmProvider(folder / "provider", server.url + CALLBACK)
    server.config.write_text(server.config.read_text().replace("PROVIDER", provider.issuer))
    server.start()
    yield provider, server
    server.stop()
    provider.stop()


def log_in(corp, name):
    provider, server = corp
    browser = requests.Session()
    begun = browser.get(f"{server.url}/api/v1/session/oidc/corp", allow_redirects=False, timeout=60)
    back = provider.walk(requests.Session(), begun.headers["Location"], name, server.url + CALLBACK)
    return browser, browser.get(back, timeout=60), back


def test_a_browser_logs_in(corp):
    provider, server = corp
    browser, answer, back = log_in(corp, "alice")
    assert answer.status_code == 200, answer.text
    assert "iss=" in back, "it names itself (RFC 9207)"
    me = browser.get(f"{server.url}/api/v1/user", timeout=60).json()
    assert me["name"] == "alice" and me["display"] == "The alice" and me["source"] == "oidc:corp"


def test_a_terminal_logs_in(corp, tmp_path):
    done = device_log_in(corp, tmp_path, "bob")
    assert done.returncode == 0, done.stderr
    name, secret = kept_log_in(corp[1], tmp_path)
    assert name == "bob" and status(corp[1], name, secret) == 200


def test_groups_and_people_that_go(corp):
    provider, server = corp
    log_in(corp, "alice")
    server.request("POST", "/api/v1/teams", headers=server.operator(), json={"name": "ops"})
    server.request("POST", "/api/v1/teams/ops/groups", headers=server.operator(), json={"source": "oidc:corp", "name": "ops"})
    token = token_of(server, "alice")
    provider.set_people(alice=["ops"])
    # Twice: the refresh token turns over, and the new one is what it is asked by.
    for _ in range(2):
        forget(server, confirmed=ago(60))
        assert status(server, "alice", token) == 200
    members = server.request("GET", "/api/v1/teams/ops/members", headers=server.operator()).json()["members"]
    assert [member["name"] for member in members] == ["alice"]
    provider.set_people(alice=None)
    forget(server, confirmed=ago(60))
    assert status(server, "alice", token) == 401
