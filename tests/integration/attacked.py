"""A registry that is attacked: what is secret in it, who may not have it, and who tries."""
import json
import re

import requests
from requests.adapters import HTTPAdapter

from assay_server import Server
from oci_layout import tar_of
from repository import Repository

PASSWORD = "correct horse battery"
# Whose names and contents nobody below may learn of.
SECRET = "secret/app"


class From(HTTPAdapter):
    """Requests that come from an address of this machine's own network."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


def ask_from(server, address, method, path, **options):
    with requests.Session() as session:
        session.mount("http://", From(address))
        return session.request(method, f"{server.url}{path}", timeout=60, **options)


class As(Repository):
    """A repository as somebody sees it: auth is what requests takes, or the text of a bearer's token."""

    def __init__(self, server, name, auth):
        super().__init__(server, name)
        self.auth = auth

    def request(self, method, path, **options):
        if isinstance(self.auth, str):
            options["headers"] = {"Authorization": f"Bearer {self.auth}", **(options.get("headers") or {})}
        elif self.auth is not None:
            options.setdefault("auth", self.auth)
        return super().request(method, path, **options)


def attacked(program, folder, config=""):
    """server.root administers all; server.mallory is a robot that is developer on team/*, server.guest one that is guest there.
    server.secret says what is in SECRET: the digest of its image "v1", of its config and its layer."""
    server = Server(program, folder, config="access: {mode: closed}\n" + config)
    server.start()
    server.root = ("root", PASSWORD)

    def robot(name, role=None, pattern="team/*"):
        secret = server.make("robots", {"name": name})["secret"]
        if role:
            server.make("grants", {"kind": "principal", "subject": name, "role": role, "pattern": pattern})
        return name, secret
    server.robot = robot
    server.make("users", {"name": "root", "password": PASSWORD, "administrator": True})
    server.mallory, server.guest = robot("mallory", "developer"), robot("guest", "guest")
    server.carol = robot("carol", "administrator", "*")
    layer = tar_of({"etc/secret": "of nobody's business\n"})
    image, text = As(server, SECRET, server.carol).push_image("v1", config=b'{"architecture": "amd64", "os": "linux"}', layers=[layer])
    manifest = json.loads(text)
    server.secret = {"image": image["digest"], "config": manifest["config"]["digest"], "layer": manifest["layers"][0]["digest"],
                     "text": text, "bytes": layer}
    As(server, "team/app", server.carol).push_image("v1", config=b'{"architecture": "amd64", "os": "linux", "author": "team"}',
                                                    layers=[b"of the team"])
    return server


def plain(answer, *names):
    """What two answers about different names must have in common: all but the names themselves, and what differs each time."""
    def without(text):
        for name in names:
            text = text.replace(name, "NAME").replace(name.replace("/", "%2F"), "NAME")
        return text
    headers = {key.lower(): without(value) for key, value in answer.headers.items() if key.lower() not in ("date", "x-request-id")}
    body = re.sub(r'"instance": ?"[^"]*"', "", without(answer.text))
    if any(name in answer.request.url for name in names):
        headers.pop("content-length", None)
    return answer.status_code, headers, body
