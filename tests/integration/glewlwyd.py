"""A real provider of OpenID Connect: glewlwyd of Debian, on SQLite in a folder of its own, without privileges."""
import shutil
import sqlite3
import subprocess
import time
import urllib.parse

import requests

from assay_server import free_port

PROGRAM = shutil.which("glewlwyd") or "/usr/bin/glewlwyd"
SCHEMA = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
CONFIG = """
port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}"
api_prefix="api"
cookie_domain="127.0.0.1"
cookie_secure=0
log_mode="file"
log_level="{level}"
log_file="{folder}/glewlwyd.log"
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
login_url="login.html"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database={{type="sqlite3" path="{folder}/glewlwyd.db"}}
{more}
"""
TLS = """
use_secure_connection=true
secure_connection_key_file="{key}"
secure_connection_pem_file="{certificate}"
"""
CLIENT, SECRET, PASSWORD = "assay-registry", "the-secret-of-the-registry", "correct horse battery"


class Glewlwyd:
    """Started, stopped and started again on one port. `issuer` is what tokens and the discovery document say."""

    def __init__(self, folder, name="oidc", redirects=(), plugin=None, certificate=None):
        """certificate: (file, file of its key): it speaks TLS by it."""
        self.folder, self.name, self.process, self.port = folder, name, None, free_port()
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self.issuer = f"{self.url}/api/{name}"
        self.trust = str(certificate[0]) if certificate else True
        self.admin = self.session()
        folder.mkdir(parents=True)
        with open(SCHEMA) as script, sqlite3.connect(folder / "glewlwyd.db") as database:
            database.executescript(script.read())
        more = TLS.format(certificate=certificate[0], key=certificate[1]) if certificate else ""
        config = CONFIG.format(port=self.port, folder=folder, level="INFO", more=more)
        (folder / "glewlwyd.conf").write_text(config.replace("http://127", "https://127") if certificate else config)
        self.start()
        self.admin_request("POST", "auth/", {"username": "admin", "password": "password"})
        module = self.admin_request("GET", "mod/user/database").json()
        module["parameters"]["data-format"]["groups"] = {"multiple": True, "read": True, "write": True, "profile-read": True,
                                                         "profile-write": False}
        self.admin_request("PUT", "mod/user/database", module)
        self.admin_request("PUT", "mod/user/database/reset/")
        for scope in ("profile", "email"):
            self.admin_request("POST", "scope/", {"name": scope, "display_name": scope, "password_required": False, "scheme": {}})
        self.add_plugin(plugin or {})
        self.add_client(redirects)

    def session(self):
        browser = requests.Session()
        # $REQUESTS_CA_BUNDLE would win.
        browser.verify, browser.trust_env = self.trust, False
        return browser

    def add_plugin(self, more):
        keys = subprocess.run(["certtool", "--generate-privkey", "--rsa", "--bits", "2048"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        key = keys[keys.index("-----BEGIN"):]
        public = subprocess.run(["certtool", "--load-privkey", "/dev/stdin", "--pubkey-info"], input=key, check=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        claim = {"type": "string", "mandatory": False, "on-demand": False, "scope": ["openid"]}
        parameters = {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": key,
            "cert": public[public.index("-----BEGIN"):],
            "code-duration": 600, "refresh-token-duration": 1209600, "access-token-duration": 3600, "allow-non-oidc": False,
            "auth-type-code-enabled": True, "auth-type-refresh-enabled": True, "auth-type-device-enabled": True,
            "refresh-token-rolling": True, "refresh-token-one-use": "always", "pkce-allowed": True, "pkce-required": True,
            "device-authorization-expiration": 600, "device-authorization-interval": 1,
            "oauth-as-iss-id": True, "subject-type": "public", "name-claim": "mandatory", "email-claim": "mandatory",
            "claims": [dict(claim, name="groups", **{"user-property": "groups"}, mandatory=True),
                       dict(claim, name="preferred_username", **{"user-property": "username"}, mandatory=True)],
            **more}
        self.admin_request("POST", "mod/plugin/", {"module": "oidc", "name": self.name, "display_name": self.name,
                                                    "enabled": True, "parameters": parameters})

    def add_client(self, redirects):
        self.admin_request("POST", "client/", {
            "client_id": CLIENT, "client_name": "Assay", "client_secret": SECRET, "confidential": True, "enabled": True,
            "authorization_type": ["code", "refresh_token", "device_authorization"], "redirect_uri": list(redirects),
            "token_endpoint_auth_method": ["client_secret_basic"], "scope": []})

    def admin_request(self, method, path, body=None):
        answer = self.admin.request(method, f"{self.url}/api/{path}", json=body, timeout=30)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}\n{self.log()}"
        return answer

    def log(self):
        path = self.folder / "glewlwyd.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def start(self):
        with open(self.folder / "output", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "--config-file", self.folder / "glewlwyd.conf"], stdout=log, stderr=log,
                                            cwd=self.folder)
        for _ in range(200):
            try:
                self.session().get(f"{self.url}/config", timeout=5)
                return self
            except requests.ConnectionError:
                time.sleep(0.05)
        raise AssertionError(self.log())

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    # --- people ---

    def add_person(self, name, groups=(), display=None, enabled=True):
        self.admin_request("POST", "user/", {"username": name, "name": display or name.title(), "email": f"{name}@example.com",
                                              "password": PASSWORD, "enabled": enabled, "groups": list(groups),
                                              "scope": ["openid", "profile", "email", "g_profile"]})

    def change_person(self, name, **changes):
        person = self.admin_request("GET", f"user/{name}").json()
        person.update(changes)
        person.pop("password", None)
        self.admin_request("PUT", f"user/{name}", person)

    def remove_person(self, name):
        self.admin_request("DELETE", f"user/{name}")

    def browser(self, name):
        """Somebody who has logged in at the provider, and lets the registry know of it."""
        browser = self.session()
        answer = browser.post(f"{self.url}/api/auth/", json={"username": name, "password": PASSWORD}, timeout=30)
        assert answer.status_code == 200, answer.text + self.log()
        answer = browser.put(f"{self.url}/api/auth/grant/{CLIENT}", json={"scope": "openid profile email"}, timeout=30)
        assert answer.status_code == 200, answer.text + self.log()
        return browser

    def authorize(self, browser, url):
        """What the provider answers a browser that comes with @url: the address that it is sent back to."""
        answer = browser.get(url + "&g_continue", allow_redirects=False, timeout=30)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def approve_device(self, browser, code):
        answer = browser.get(f"{self.url}/api/{self.name}/device?code={urllib.parse.quote(code)}&g_continue", timeout=30,
                             allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]
