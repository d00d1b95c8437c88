"""The first scan on a machine: without a database of advisories it fetches them, once."""
import http.server
import json
import subprocess
import threading

import pytest

import images
from assay_server import findings_of, free_port, sanitizer_environment, sanitizer_reports


@pytest.fixture
def alpine(tmp_path):
    return f"oci:{images.alpine_layout(tmp_path / 'alpine')}"


@pytest.fixture
def feed():
    """A server of one feed: .url, .asked (how often), .released (an event that it waits for)."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked += 1
            assert server.released.wait(60)
            body = json.dumps(images.ALPINE_SECDB).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.released = 0, threading.Event()
        server.released.set()
        server.url = f"http://127.0.0.1:{server.server_port}/main.json"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def options(tmp_path, feed):
    """Of a scan by an empty data folder and that feed."""
    config = tmp_path / "assay.yaml"
    config.write_text(f"feeds: [{{name: alpine, type: alpine-secdb, url: '{feed.url}'}}]\n")
    return ["--config", config, "--data", tmp_path / "data"]


def test_the_first_scan_fetches(assay, alpine, options, feed, tmp_path):
    first = assay("scan", *options, "--format", "json", alpine)
    assert findings_of(first) == images.ALPINE_FOUND and feed.asked == 1
    assert f"no advisory database in {tmp_path / 'data'} yet: fetching" in first.stderr and "--offline" in first.stderr
    second = assay("scan", *options, "--format", "json", alpine)
    assert second.stderr == "" and findings_of(second) == images.ALPINE_FOUND and feed.asked == 1
    assay("db", "update", "--if-missing", *options)
    assert feed.asked == 1


@pytest.mark.parametrize("more, says", [
    (["--offline", "IMAGE"], "assay db update"), (["--db", "/nonexistent/advisories.db", "IMAGE"], "/nonexistent/advisories.db"),
    (["oci:/nonexistent"], "/nonexistent")], ids=["offline", "db", "no target"])
def test_nothing_is_fetched(assay, alpine, options, feed, tmp_path, more, says):
    words = [alpine if word == "IMAGE" else word for word in more]
    assert says in assay("scan", *options, *words, check=2).stderr
    assert feed.asked == 0 and not (tmp_path / "data").exists()


def test_first_scans_at_once_fetch_once(program, alpine, options, feed, tmp_path):
    """Whoever comes second waits for what the first one fetches."""
    feed.released.clear()
    environment = {**sanitizer_environment(tmp_path / "sanitizer"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    scans = [subprocess.Popen([program, "scan", *map(str, options), "--format", "json", alpine], env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    assert all("fetching" in scan.stderr.readline() for scan in scans)
    feed.released.set()
    for scan in scans:
        report, told = scan.communicate(timeout=120)
        assert scan.returncode == 0, told
        assert len(json.loads(report)["findings"]) == len(images.ALPINE_FOUND)
    assert feed.asked == 1 and sanitizer_reports(tmp_path / "sanitizer") == ""


def test_feeds_that_cannot_be_had(assay, alpine, tmp_path):
    """Which feed failed is told, and what else there is to do."""
    config = tmp_path / "assay.yaml"
    config.write_text(f"feeds: [{{name: gone, type: alpine-secdb, url: 'http://127.0.0.1:{free_port()}/main.json'}}]\n")
    told = assay("scan", "--config", config, "--data", tmp_path / "data", alpine, check=2).stderr
    assert "gone" in told and "--db FILE" in told and "assay db import" in told
