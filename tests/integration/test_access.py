"""Who may do what: each role at each route, who shows nothing at each route, and log-ins by the clients that people use."""
import base64
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import images
from assay_server import ROOT, Server
from repository import Repository

PASSWORD = "correct horse battery"
DIGEST = "sha256:" + "0" * 64
DESCRIPTION = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text(encoding="utf-8"))
# What a path's parts stand for: things that are not there, so that nothing is changed by who may.
PARTS = {"name": "team/app", "reference": "nothing", "digest": DIGEST, "id": "nothing", "slot": "1", "namespace": "team", "grant": "999"}
# Of several repositories: allowed to who has the verb for one of them.
OF_SOME = {"GET /v2/_catalog", "GET /api/v1/repositories", "GET /api/v1/images", "GET /api/v1/changes", "GET /api/v1/namespaces",
           "GET /api/v1/deleted", "GET /api/v1/quarantine", "GET /api/v1/quarantine/{name}", "GET /api/v1/grants", "GET /api/v1/key-grants",
           "POST /api/v1/key-grants", "GET /api/v1/key-grants/{grant}", "DELETE /api/v1/key-grants/{grant}", "GET /api/v1/roles", "GET /api/v1/roles/{role}",
           "GET /api/v1/grants/{grant}", "DELETE /api/v1/grants/{grant}", "POST /api/v1/grants", "POST /api/v1/quarantine",
           "POST /api/v1/policies/test", "GET /api/v1/vulnerabilities/{name}/images", "DELETE /api/v1/quarantine/{name}",
           "GET /api/v1/images/{digest}/findings", "GET /api/v1/images/{digest}/packages", "GET /api/v1/images/{digest}/sbom", "GET /api/v1/images/{digest}/base",
           "GET /api/v1/images/{digest}/shed", "GET /api/v1/images/{digest}/verdict",
           "POST /api/v1/images/{digest}/scan",
           "GET /api/v1/overview", "GET /api/v1/namespaces/{namespace}", "PATCH /api/v1/namespaces/{namespace}",
           "POST /api/v1/namespaces/{namespace}/rename", "GET /api/v1/moved", "DELETE /api/v1/moved/{name}",
           *(f"{route} /api/v1/namespaces/{{namespace}}/retention" for route in ("GET", "PUT")),
           "GET /api/v1/namespaces/{namespace}/retention/preview", "POST /api/v1/namespaces/{namespace}/retention/runs",
           *(f"{method} /api/v1/signing-rules/{{rule}}/run" for method in ("GET", "POST", "DELETE")), "GET /api/v1/signing-rules/{rule}/run/preview"}
# These go on to ask for the very image, the sums, or the target that is named, so a "no" may come from there.
ASK_AGAIN = {route for route in OF_SOME if "{digest}" in route or "overview" in route or "POST" in route or "DELETE" in route or "/run/" in route}


def all_routes():
    """[(method, path, verb)] of the whole server."""
    routes = [(method.upper(), path, operation["x-assay-verb"]) for path, item in DESCRIPTION["paths"].items()
              for method, operation in item.items() if method != "parameters"]
    routes += [(*place.split(" "), verb) for place, verb in DESCRIPTION["x-assay-distribution"].items()]
    assert len(routes) > 80
    return sorted(routes)


def filled(path, repository="team/app"):
    return re.sub(r"\{(\w+)\}", lambda part: {**PARTS, "name": repository}.get(part[1], "nothing"), path)


def is_of_a_repository(path):
    return "{name}" in path and not path.startswith(("/api/v1/vulnerabilities", "/api/v1/quarantine", "/api/v1/jobs", "/api/v1/moved"))


def refused(answer):
    """By rights, and not because there is nothing."""
    text = answer.text
    return answer.status_code == 401 or answer.status_code == 403 and " may not " in text or \
        answer.status_code == 404 and "none that you may see" in text


@pytest.fixture(scope="module")
def closed(program, tmp_path_factory):
    """One with people of each role on team/* (NAME) and on everything (NAME-all), and one of none."""
    server = Server(program, tmp_path_factory.mktemp("closed"), config="access: {mode: closed}")
    server.start()
    server.make("users", {"name": "root", "password": PASSWORD, "administrator": True})
    server.make("users", {"name": "nobody", "password": PASSWORD})
    roles = server.request("GET", "/api/v1/roles", headers=server.operator()).json()["roles"]
    server.roles = {role["name"]: set(role["verbs"]) for role in roles}
    for role in server.roles:
        for name, pattern in ((role, "team/*"), (f"{role}-all", "*")):
            server.make("users", {"name": name, "password": PASSWORD})
            server.make("grants", {"kind": "principal", "subject": name, "role": role, "pattern": pattern})
    yield server
    server.stop()


def ask(server, name, method, path):
    auth = (name, PASSWORD) if name else None
    body = {"data": b"{}", "headers": {"Content-Type": "application/json"}} if method in ("POST", "PATCH", "PUT") else {}
    return server.request(method, path, auth=auth, **body)


def test_who_shows_nothing_gets_nothing(closed):
    opened = []
    for method, path, verb in all_routes():
        answer = ask(closed, None, method, filled(path))
        if verb != "none" or path in ("/v2/", "/v2"):
            assert answer.status_code == 401, (method, path, answer.status_code, answer.text)
            assert "WWW-Authenticate" in answer.headers
        elif answer.status_code < 300:
            opened.append(path)
        wrong = closed.request(method, filled(path), auth=("root", "wrong"))
        if path not in ("/healthz", "/readyz"):
            assert wrong.status_code in (401, 429), (method, path, wrong.status_code)
    assert sorted(opened) == ["/", "/.well-known/jwks.json", "/.well-known/token-certificates.pem", "/api/v1/session",
                              "/api/v1/session/providers", "/healthz", "/readyz"], "the session tells that there is none"


def test_who_has_no_rights_may_nothing(closed):
    for method, path, verb in all_routes():
        if verb != "none":
            answer = ask(closed, "nobody", method, filled(path))
            assert refused(answer), (method, path, answer.status_code, answer.text)


def test_each_role_at_each_route(closed):
    """Whether a route says "no" is what the role's verbs say, on what the grant is for and beside it."""
    wrong, tried = [], 0
    for role, verbs in closed.roles.items():
        for method, path, verb in all_routes():
            route = f"{method} {path}"
            if verb == "none":
                continue
            own = verb in verbs
            if is_of_a_repository(path):
                cases = [(role, "team/app", own), (role, "other/app", False), (f"{role}-all", "other/app", own)]
            elif route in OF_SOME:
                cases = [(role, "team/app", own), (f"{role}-all", "team/app", own)]
            else:
                cases = [(role, "team/app", False), (f"{role}-all", "team/app", own)]
            for name, repository, allowed in cases:
                answer = ask(closed, name, method, filled(path, repository))
                tried += 1
                if refused(answer) == allowed and not (allowed and route in ASK_AGAIN):
                    wrong.append((name, route, repository, answer.status_code, answer.text[:150]))
    assert wrong == [] and tried > 1000


# --- the clients that people use ---

@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    return images.alpine_layout(tmp_path_factory.mktemp("alpine") / "alpine")


@pytest.fixture(scope="module")
def robot(closed):
    secret = closed.make("robots", {"name": "ci"})["secret"]
    closed.make("grants", {"kind": "principal", "subject": "ci", "role": "developer", "pattern": "team/*"})
    return "ci", secret


class Client:
    """A client's command with a file of log-ins of its own."""

    def __init__(self, server, folder):
        self.server, self.environment = server, {**os.environ, "REGISTRY_AUTH_FILE": str(folder / "auth.json")}

    def __call__(self, *arguments, check=0, stdin=""):
        done = subprocess.run([*map(str, arguments)], input=stdin, env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        assert check is None or (done.returncode == 0) == (check == 0), (arguments, done.stdout)
        return done.stdout


@pytest.fixture
def client(closed, tmp_path):
    return Client(closed, tmp_path)


def log_in(client, tool, name, secret, check=0):
    return client(tool, "login", "--tls-verify=false", "--username", name, "--password-stdin", client.server.address,
                  stdin=secret, check=check)


@pytest.mark.parametrize("tool", ["skopeo", "podman", "buildah"])
def test_log_in(client, robot, layout, tool):
    """By password, by robot; wrong, without rights, and after the log-out."""
    target = f"docker://{client.server.address}/team/{tool}:v1"

    def push(check=0, to=target):
        return client("skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}", to, check=check)

    assert "access to the resource is denied" in push(check=1)
    assert "Login Succeeded" not in log_in(client, tool, robot[0], "wrong", check=1)
    assert "Login Succeeded" in log_in(client, tool, *robot)
    push()
    push(to=f"docker://{client.server.address}/other/{tool}:v1", check=1)
    if tool != "skopeo":
        client(tool, "pull", "--quiet", "--tls-verify=false", target)
        client(tool, "rmi", f"{client.server.address}/team/{tool}:v1", check=None)
    assert client("skopeo", "list-tags", "--tls-verify=false", f"docker://{client.server.address}/team/{tool}")
    client(tool, "logout", client.server.address)
    push(check=1)
    # Who may pull and not push.
    assert "Login Succeeded" in log_in(client, tool, "guest", PASSWORD)
    client("skopeo", "inspect", "--tls-verify=false", target)
    push(check=1)


def test_a_revoked_secret_ends_at_once(client, layout):
    made = client.server.make("robots", {"name": "gone"})
    client.server.make("grants", {"kind": "principal", "subject": "gone", "role": "developer", "pattern": "team/*"})
    log_in(client, "skopeo", "gone", made["secret"])
    target = f"docker://{client.server.address}/team/gone:v1"
    client("skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}", target)
    answer = client.server.request("DELETE", "/api/v1/robots/gone", headers=client.server.operator())
    assert answer.status_code == 204
    client("skopeo", "inspect", "--tls-verify=false", target, check=1)


def test_anybody_pulls_what_is_public(client, robot, layout):
    """A private repository beside it is challenged, and not told of."""
    closed = client.server
    answer = closed.request("POST", "/api/v1/grants", headers=closed.operator(),
                            json={"kind": "anonymous", "role": "guest", "pattern": "team/public"})
    assert answer.status_code == 201, answer.text
    log_in(client, "skopeo", *robot)
    for name in ("public", "private"):
        client("skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}", f"docker://{closed.address}/team/{name}:v1")
    client("skopeo", "logout", closed.address)
    client("skopeo", "inspect", "--tls-verify=false", f"docker://{closed.address}/team/public:v1")
    client("skopeo", "inspect", "--tls-verify=false", f"docker://{closed.address}/team/private:v1", check=1)
    assert closed.request("GET", "/v2/team/private/tags/list").status_code == 401
    assert closed.request("GET", "/v2/team/private/tags/list", auth=("nobody", PASSWORD)).status_code == 404
    assert "team/private" not in closed.request("GET", "/v2/_catalog", auth=("nobody", PASSWORD)).text


def test_a_mount_takes_only_what_one_may_pull(closed, robot):
    """Nor does who knows a digest get the blob of a repository that is not theirs."""
    root, ci = {"auth": ("root", PASSWORD)}, {"auth": robot}
    data = os.urandom(100)
    started = closed.request("POST", "/v2/secret/app/blobs/uploads/", **root)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    location = re.sub(r"^https?://[^/]+", "", started.headers["Location"])
    assert closed.request("PUT", f"{location}?digest={digest}", data=data, **root).status_code == 201
    for query in (f"mount={digest}&from=secret/app", f"mount={digest}"):
        assert closed.request("POST", f"/v2/team/app/blobs/uploads/?{query}", **ci).status_code == 202, query
    assert closed.request("HEAD", f"/v2/team/app/blobs/{digest}", **ci).status_code == 404
    assert closed.request("POST", f"/v2/team/app/blobs/uploads/?mount={digest}&from=secret/app", **root).status_code == 201


def test_docker_logs_in(running, closed, robot, layout):
    """docker itself, by its daemon; the file that it writes is what a Kubernetes pull secret holds."""
    name = f"{closed.address}/team/docker:v1"
    subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", ":".join(robot), f"oci:{layout}",
                    f"docker://{name}"], check=True)
    running.docker("pull", name, check=1)
    running.docker("login", "--username", robot[0], "--password", "wrong", closed.address, check=1)
    running.docker("login", "--username", robot[0], "--password", robot[1], closed.address)
    running.docker("pull", name)
    running.docker("tag", name, f"{closed.address}/team/again:v1")
    running.docker("push", f"{closed.address}/team/again:v1")
    running.docker("tag", name, f"{closed.address}/other/app:v1")
    running.docker("push", f"{closed.address}/other/app:v1", check=1)
    kept = json.loads((Path(running.environment["HOME"]) / ".docker/config.json").read_text())
    assert base64.b64decode(kept["auths"][closed.address]["auth"]).decode() == ":".join(robot)
    running.docker("logout", closed.address)


def test_another_person_sees_only_their_own(closed, robot):
    """Lists hold what the caller may see."""
    root = Repository(closed, "seen/by-root")
    root.request = lambda method, path, **options: closed.request(method, path, auth=("root", PASSWORD), **options)
    blob = closed.request("POST", "/v2/seen/by-root/blobs/uploads/", auth=("root", PASSWORD))
    assert blob.status_code == 202
    names = closed.request("GET", "/api/v1/repositories", auth=("developer", PASSWORD)).json()["repositories"]
    assert all(one["name"].startswith("team/") for one in names)
    page = closed.request("GET", "/api/v1/images", auth=("developer", PASSWORD)).json()
    assert all(one["repository"].startswith("team/") for one in page["images"])
    everything = closed.request("GET", "/api/v1/images", auth=("root", PASSWORD)).json()
    assert everything["total"] >= page["total"]


def test_open_access_is_told(server, closed):
    """In each status, and in the log."""
    assert "open: no log-ins" in server.assay("status", check=None).stdout
    assert any("access.mode is open" in event["message"] for event in server.log_events())
    assert "open: no log-ins" not in closed.assay("status", check=None).stdout
