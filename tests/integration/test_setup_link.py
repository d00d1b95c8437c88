"""The one-time link of the first start: a browser's way to the first administrator."""
import base64
import hashlib
import html.parser
import json
import re
import subprocess
import time

import pytest

PASSWORD = "correct horse"
FORM = {"name": "alice", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def closed(start_server):
    return start_server(config="access: {mode: closed}")


def link_of(server, start=1):
    """The path of the link that the start of that number has put into the log, which it does once it listens."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        links = [event["link"] for event in server.log_events() if "link" in event]
        if len(links) >= start:
            break
        time.sleep(0.05)
    assert len(links) == start and links[-1].startswith(f"{server.url}/setup/assay_setup_"), server.log_text()
    return links[-1].removeprefix(server.url)


class Page(html.parser.HTMLParser):
    """What a page would load or send."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.fields, self.styles, self.method, self.references = [], [], [], None, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.references += [found[name] for name in ("src", "href", "action", "style", "onclick") if name in found]
        if tag == "input":
            self.fields.append(found["name"])
        if tag == "form":
            self.method = found["method"]

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "style":
            self.styles.append(data)


def test_a_browser_makes_the_first_administrator(closed):
    path = link_of(closed)
    page = closed.request("GET", path)
    assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    found = Page(page.text)
    assert found.fields == ["name", "password", "again"] and found.method == "post"
    assert "script" not in found.tags and found.references == []
    digest = base64.b64encode(hashlib.sha256("".join(found.styles[:1]).encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy == {"default-src": "'none'", "style-src": f"'sha256-{digest}'", "form-action": "'self'", "base-uri": "'none'",
                      "frame-ancestors": "'none'"}
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    assert closed.request("HEAD", path).status_code == 200
    made = closed.request("POST", path, data=FORM)
    assert made.status_code == 201 and "alice is the administrator" in made.text
    assert closed.request("GET", "/api/v1/users", auth=("alice", PASSWORD)).status_code == 200
    # It works once.
    assert closed.request("GET", path).status_code == 404
    again = closed.request("POST", path, data={**FORM, "name": "mallory"})
    assert again.status_code == 404 and "of no use" in again.text
    assert [user["name"] for user in closed.request("GET", "/api/v1/users", auth=("alice", PASSWORD)).json()["users"]] == ["alice"]


def test_what_is_typed_wrong(closed):
    path = link_of(closed)
    for change, message in (({"again": "another one"}, "the two passwords differ"), ({"password": "short", "again": "short"}, "8 to 256"),
                            ({"name": "Alice <b>"}, "Alice &lt;b&gt;"), ({"name": "\" onfocus=\"x"}, "&quot; onfocus=&quot;x")):
        answer = closed.request("POST", path, data={**FORM, **change})
        assert answer.status_code == 400 and message in answer.text, answer.text
        assert "<b>" not in answer.text and Page(answer.text).fields == ["name", "password", "again"]
    assert closed.request("POST", path, data={"name": "alice"}).status_code == 400
    assert closed.request("POST", path, data={**FORM, "name": "x" * 10000}).status_code == 413
    assert closed.request("POST", path, data=FORM).status_code == 201


def test_links_that_are_none(closed):
    path = link_of(closed)
    for wrong in ("/setup/x", f"{path}x", path[:-1], path[:-1] + ("a" if path[-1] != "a" else "b"), path.upper()):
        for method in ("GET", "POST"):
            assert closed.request(method, wrong, data=FORM if method == "POST" else None).status_code == 404, wrong
    # The next start has another, and what was before counts no more; only hashes are kept.
    closed.stop()
    assert path.rpartition("/")[2].encode() not in (closed.data / "metadata.db").read_bytes()
    closed.start()
    newer = link_of(closed, 2)
    assert newer != path and closed.request("GET", path).status_code == 404
    assert closed.request("GET", newer).status_code == 200
    # An administrator who was made by the command ends it.
    subprocess.run([str(closed.program), "user", "create", "--admin", "--password-stdin", "root"], input=f"{PASSWORD}\n", text=True,
                   check=True, env={"ASSAY_DATA": str(closed.data), "ASSAY_SERVER": closed.address, "PATH": "/usr/bin:/bin"})
    assert closed.request("GET", newer).status_code == 404
    assert closed.request("POST", newer, data=FORM).status_code == 404
    said = len([event for event in closed.log_events() if "link" in event])
    closed.stop()
    closed.start()
    assert len([event for event in closed.log_events() if "link" in event]) == said, "no link where somebody administers"


def test_open_access_has_no_link(start_server):
    server = start_server()
    assert not any("link" in event for event in server.log_events())
    assert server.request("GET", "/setup/assay_setup_0").status_code == 404


def test_it_serves_this_machine_alone(start_server):
    """Until there is an administrator another address is refused, with the link as well."""
    server = start_server(config="access: {mode: closed}\ntrusted_proxies: [127.0.0.1]\n")
    path = link_of(server)
    for method in ("GET", "POST"):
        answer = server.request(method, path, headers={"X-Forwarded-For": "192.0.2.9"}, data=FORM if method == "POST" else None)
        assert answer.status_code == 403 and "serves its own machine alone" in json.dumps(answer.json()), answer.text
    assert server.request("POST", path, data=FORM).status_code == 201
    assert re.search("alice", server.request("GET", "/api/v1/users", auth=("alice", PASSWORD)).text)
