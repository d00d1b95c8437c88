"""The examples that are installed beside the program do what their comments say: nginx with passwords in front, and queries of
the dashboard that the server's metrics answer."""
import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import images
from assay_server import free_port
from gate import STRICT, alpine_layout, import_advisories, wait_for_advisories, wait_until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse"


# --- nginx in front ---

@pytest.fixture
def front(start_server, command):
    """nginx with the example's file, in front of a server: its address."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    # Not below pytest's folders: each session takes what others' users may do there away again.
    server, port, folder = start_server(), free_port(), Path(tempfile.mkdtemp(prefix="assay-nginx-"))
    (folder / "logs").mkdir()
    command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "tls.key", "-out", folder / "tls.crt")
    command("htpasswd", "-b", "-B", "-c", folder / "assay.htpasswd", "alice", PASSWORD)
    for path in (folder, folder / "assay.htpasswd"):
        path.chmod(0o755)  # the workers are another user's where nginx is started by root
    example = (ROOT / "deploy/nginx/assay.conf").read_text()
    example = example.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("/etc/nginx/", f"{folder}/")
    example = example.replace("127.0.0.1:5000", server.address)
    (folder / "nginx.conf").write_text(f"pid {folder}/pid;\nerror_log {folder}/logs/error.log;\nevents {{}}\n"
                                       f"http {{\n  access_log {folder}/logs/access.log;\n{example}}}\n")
    process = subprocess.Popen(["nginx", "-e", str(folder / "logs/error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf"),
                                "-g", "daemon off;"])
    try:
        deadline = time.monotonic() + 30
        while not (folder / "pid").is_file() or not (folder / "pid").read_text():
            assert process.poll() is None and time.monotonic() < deadline, (folder / "logs/error.log").read_text()
            time.sleep(0.05)
        yield f"localhost:{port}", folder
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder)


def test_nginx_asks_for_a_password(front, tmp_path, command):
    address, folder = front
    trust = tmp_path / "certificates"
    trust.mkdir()
    shutil.copy(folder / "tls.crt", trust / "ca.crt")
    layout = images.tiny_layout(tmp_path / "layout")
    skopeo = ["skopeo", "--insecure-policy"]
    copy = [*skopeo, "copy", "--quiet", "--dest-cert-dir", trust, "--dest-authfile", tmp_path / "auth.json",
            f"oci:{layout}:latest", f"docker://{address}/team/app:1"]
    # Nobody, then somebody else, then who has the password.
    assert "authentication required" in command(*copy, check=1).stderr
    login = [*skopeo, "login", "--authfile", tmp_path / "auth.json", "--cert-dir", trust, "--username", "alice"]
    assert "invalid username/password" in command(*login, "--password", "wrong", address, check=1).stderr
    command(*login, "--password", PASSWORD, address)
    command(*copy)
    command(*skopeo, "copy", "--quiet", "--src-cert-dir", trust, "--authfile", tmp_path / "auth.json",
            f"docker://{address}/team/app:1", f"oci:{tmp_path / 'pulled'}:1")
    assert "alice" in (folder / "logs/access.log").read_text()


def test_nginx_passes_pieces_on(front, command):
    """Redirections lead back through nginx, a chunked upload passes, and the server never sees the password."""
    address, folder = front
    curl = ["curl", "-sS", "--fail", "--cacert", folder / "tls.crt", "--user", f"alice:{PASSWORD}"]
    headers = command(*curl, "-X", "POST", "-D", "-", "-o", "/dev/null", f"https://{address}/v2/team/app/blobs/uploads/").stdout
    location = re.search(r"^location: (\S+)", headers, re.IGNORECASE | re.MULTILINE).group(1)
    url = location if "://" in location else f"https://{address}{location}"
    assert url.startswith(f"https://{address}/")
    command(*curl, "-X", "PATCH", "-H", "Content-Type: application/octet-stream", "-H", "Transfer-Encoding: chunked", "-d", "x" * 9000,
            url)
    assert command("curl", "-sS", "--fail", "--cacert", folder / "tls.crt", f"https://{address}/healthz").stdout == "ok\n"


# --- the dashboard ---

METRIC = re.compile(r"\b((?:assay|process)_[a-z_]+)\b")


def queries():
    dashboard = json.loads((ROOT / "deploy/grafana/assay.json").read_text())
    found = [(panel["title"], target["expr"], target["legendFormat"]) for panel in dashboard["panels"] for target in panel["targets"]]
    variables = [each["query"] for each in dashboard["templating"]["list"] if each["type"] == "query"]
    return found + [("variable", each, "") for each in variables]


def test_dashboard_asks_for_what_there_is(start_server, assay, skopeo):
    """Each metric of each query is among those of a server that has advisories, has been pushed to, and has refused a pull; so
    is each label by which a query groups or that a legend names."""
    server = start_server(policy=STRICT)
    layout, digest, _ = alpine_layout(server.folder / "layout")
    import_advisories(assay, server)
    wait_for_advisories(server)
    skopeo("copy", f"oci:{layout}:vulnerable", f"docker://{server.address}/team/app:1")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    assert server.request("GET", "/v2/team/app/manifests/1").status_code == 403
    # Images are counted in the background, at most once a minute.
    wait_until(lambda: "\nassay_images{" in server.request("GET", "/metrics").text, timeout=120)
    labels = {}
    for name, pairs in re.findall(r"^(\w+)(\{.*?\})? \S+$", server.request("GET", "/metrics").text, re.MULTILINE):
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', pairs))
    found = queries()
    assert len(found) >= 10
    for title, query, legend in found:
        asked = set(METRIC.findall(query))
        assert asked and asked <= set(labels), f"{title}: {asked - set(labels)} is not among the metrics"
        named = set(re.findall(r"\{\{(\w+)\}\}", legend)) | {
            label.strip() for group in re.findall(r"\bby \(([^)]*)\)", query) for label in group.split(",")}
        known = set().union(*(labels[name] for name in asked))
        assert named <= known, f"{title}: no metric of it has the label {named - known}"
