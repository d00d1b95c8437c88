"""Who the commands say they are: the operator's key, a token of the environment, and what log-ins have left."""
import base64
import http.server
import json
import os
import stat
import subprocess
import threading

import pytest

from assay_server import Server, run_assay


class Recorder(http.server.BaseHTTPRequestHandler):
    """Answers each request with `status`, and keeps what was sent to say who asks."""

    def do_GET(self):
        self.server.seen.append(self.headers.get("Authorization"))
        body = b'{"repositories": [], "total": 0}' if self.server.status == 200 else \
            b'{"errors": [{"code": "DENIED", "message": "alice may not list team/app (no rule allows it)"}]}'
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def recorder():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        server.seen, server.status = [], 200
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.place = f"127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()


@pytest.fixture
def folder(tmp_path, recorder):
    """A data folder as its server leaves it while it runs."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "address").write_text(f"{recorder.place}\n")
    (data / "operator.key").write_text("assay-operator-0123\n")
    (data / "operator.key").chmod(0o600)
    return data


@pytest.fixture
def auth(tmp_path, recorder):
    """A file as docker writes it."""
    file = tmp_path / "auth.json"
    entry = base64.b64encode(b"alice:her password").decode()
    file.write_text(json.dumps({"auths": {recorder.place: {"auth": entry}}}))
    return file


def ask(program, recorder, check=0, **environment):
    recorder.seen.clear()
    result = run_assay(program, "images", "--server", f"http://{recorder.place}", check=check,
                       env={"ASSAY_CONFIG": "/dev/null", **{name: str(value) for name, value in environment.items()}})
    return result, recorder.seen[-1]


NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", "mount -t tmpfs none /run; \"$@\"", "sh"]


@pytest.mark.parametrize("client", ["skopeo", "podman"])
def test_where_clients_leave_it_for_root(program, recorder, tmp_path, client):
    """Without $XDG_RUNTIME_DIR, below /run, which is empty here."""
    environment = {name: value for name, value in os.environ.items() if name not in ("XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG")}
    environment |= {"HOME": str(tmp_path), "ASSAY_DATA": str(tmp_path), "ASSAY_CONFIG": "/dev/null", "PROGRAM": str(program), "CLIENT": client,
                    "PLACE": recorder.place, "TMPDIR": str(tmp_path)}
    script = '''"$CLIENT" login --tls-verify=false --username alice --password word "$PLACE" >/dev/null
                test -f /run/containers/0/auth.json
                "$PROGRAM" images --server "http://$PLACE"
                mkdir "$HOME/session" && XDG_RUNTIME_DIR="$HOME/session" "$PROGRAM" images --server "http://$PLACE"'''
    done = subprocess.run([*NAMESPACE, "sh", "-ec", script], env=environment, capture_output=True, text=True, check=False)
    if "unshare:" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert recorder.seen[-2:] == [basic("alice:word"), None]


def basic(pair):
    return "Basic " + base64.b64encode(pair.encode()).decode()


def test_what_is_sent(program, recorder, folder, auth, tmp_path):
    nobody = tmp_path / "nobody.json"
    nobody.write_text("{}")
    cases = [
        ("nothing known", {"REGISTRY_AUTH_FILE": nobody, "ASSAY_DATA": tmp_path}, None),
        ("logged in", {"REGISTRY_AUTH_FILE": auth, "ASSAY_DATA": tmp_path}, basic("alice:her password")),
        ("operator", {"REGISTRY_AUTH_FILE": auth, "ASSAY_DATA": folder}, "Bearer assay-operator-0123"),
        ("token", {"REGISTRY_AUTH_FILE": auth, "ASSAY_DATA": folder, "ASSAY_TOKEN": "abc"}, "Bearer abc"),
        ("name and token", {"ASSAY_TOKEN": "ci:s:t", "ASSAY_DATA": folder}, basic("ci:s:t")),
    ]
    for name, environment, expected in cases:
        assert ask(program, recorder, **environment)[1] == expected, name


def test_the_key_is_for_the_folders_own_server(program, recorder, folder, tmp_path):
    """Whoever listens on another port, or is asked under a name, does not get it."""
    nobody = tmp_path / "nobody.json"
    nobody.write_text("{}")
    (folder / "address").write_text("127.0.0.1:1\n")
    assert ask(program, recorder, ASSAY_DATA=folder, REGISTRY_AUTH_FILE=nobody)[1] is None


@pytest.mark.parametrize("status,named,words", [
    (401, False, "assay login 127.0.0.1"), (401, True, "takes something else"), (403, True, "manage-access")])
def test_a_refusal_says_what_to_do(program, recorder, tmp_path, auth, status, named, words):
    nobody = tmp_path / "nobody.json"
    nobody.write_text("{}")
    recorder.status = status
    result, _ = ask(program, recorder, check=2, ASSAY_DATA=tmp_path, REGISTRY_AUTH_FILE=auth if named else nobody)
    assert "no rule allows it" in result.stderr and words in result.stderr


def test_a_broken_auth_file_is_named(program, recorder, tmp_path):
    broken = tmp_path / "auth.json"
    broken.write_text("{")
    result = run_assay(program, "images", "--server", f"http://{recorder.place}", check=2,
                       env={"ASSAY_CONFIG": "/dev/null", "ASSAY_DATA": str(tmp_path), "REGISTRY_AUTH_FILE": str(broken)})
    assert str(broken) in result.stderr and not recorder.seen


def test_the_servers_key(program, tmp_path):
    server = Server(program, tmp_path / "server").start()
    key = server.data / "operator.key"
    first = server.operator()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert server.request("GET", "/api/v1/repositories", headers=first).status_code == 200
    server.assay("images")
    server.kill()
    server.start()
    assert server.operator() != first
    server.stop()
    assert not key.exists()
