"""`assay jobs` and its cancelling: a job that runs is stopped, one that waits is removed, and nobody waits for either."""
import json
import os
import signal

import pytest

import hostile
import images
from gate import STRICT, refusal, wait_until
from oci_layout import LAYER, digest_of, tar_of
from test_api import check_described
from test_hostile_layers import gzip_of, push, put_blob, wait_for_worker

GZIP = LAYER["gzip"]


def jobs_of(server, kind):
    answer = server.request("GET", "/api/v1/jobs")
    check_described("/api/v1/jobs", answer)
    return next(job for job in answer.json()["jobs"] if job["kind"] == kind)


def cancel(server, job):
    answer = server.request("DELETE", f"/api/v1/jobs/{job}")
    check_described(f"/api/v1/jobs/{job}", answer, "delete")
    return answer.status_code, answer.json()


def scan_of(server, repository):
    return server.get_json(f"/api/v1/repositories/{repository}/images")["images"][0]["scan"]


@pytest.fixture
def busy(start_server):
    """A server whose only worker is stopped in the middle of one image's layer, while another's waits."""
    server = start_server(config="limits:\n  workers: 1\n  layer_seconds: 600", policy=STRICT)
    layer = hostile.slow_layer(8)
    put_blob(server, "first/image", layer.packed)
    worker = wait_for_worker(server)
    os.kill(worker, signal.SIGSTOP)
    push(server, "first/image", [(layer.packed, GZIP)], ["sha256:" + "0" * 64])
    tar = tar_of(images.tiny_files(b"second"))
    push(server, "second/image", [(gzip_of(tar), GZIP)], [digest_of(tar)])
    wait_until(lambda: jobs_of(server, "inspect")["waiting"] == 1, 120)
    yield server, digest_of(layer.packed), digest_of(gzip_of(tar))
    if server.process.poll() is None and os.path.exists(f"/proc/{worker}"):
        os.kill(worker, signal.SIGKILL)


def test_cancel(busy, assay):
    server, first, second = busy
    table = assay("jobs", "--server", server.url).stdout
    rows = {line.split()[0]: line.split()[1] for line in table.splitlines()}
    assert rows[f"inspect:{first[7:19]}"] == "running" and rows[f"inspect:{second[7:19]}"] == "waiting", table
    assert cancel(server, f"inspect:{second}") == (200, {"id": f"inspect:{second}", "state": "removed"})
    told = assay("jobs", "cancel", "--server", server.url, f"inspect:{first[7:19]}").stdout
    assert told == f"inspect:{first} is asked to stop\n"
    for repository in ("first/image", "second/image"):
        wait_until(lambda: scan_of(server, repository)["state"] == "failed", 120)
        assert "was cancelled" in scan_of(server, repository)["error"] and "retry_at" not in scan_of(server, repository)
        assert "was cancelled" in refusal(server, repository, "latest")
    wait_until(lambda: jobs_of(server, "inspect")["cancelled"] == 2, 120)
    for job in (first, second):
        assert cancel(server, f"inspect:{job}")[0] == 404
    assert "no job \"inspect:00\" waits or runs" in assay("jobs", "cancel", "--server", server.url, "inspect:00", check=2).stderr
    # Pushed again, both are scanned.
    tar = tar_of(images.tiny_files(b"second"))
    push(server, "second/image", [(gzip_of(tar), GZIP)], [digest_of(tar)])
    wait_until(lambda: scan_of(server, "second/image")["state"] == "done", 120)


@pytest.mark.parametrize("job,says", [("update", "runs by itself"), ("update:", "no job"), ("nonsense", "GET /api/v1/jobs"),
                                      ("scan:sha256:12", "GET /api/v1/jobs"), ("a/b:c/d", "GET /api/v1/jobs")])
def test_nothing_to_cancel(server, job, says):
    status, body = cancel(server, job)
    assert status == 404 and says in body["detail"]


def test_nothing_runs(assay, server):
    """Except for what always does."""
    wait_until(lambda: [line.split()[0] for line in assay("jobs", "--server", server.url).stdout.splitlines()] == ["JOB", "watch-advisories"], 120)
    assert "judge-images" in assay("jobs", "--all", "--server", server.url).stdout
    assert "did you mean `cancel`?" in assay("jobs", "cancle", check=2).stderr


def test_policy_test_of_what_is_not_scanned(busy, assay):
    """Two images whose scan is under way: neither policy's answer would last, and it is no "yes"."""
    server, _, _ = busy
    told = assay("policy", "test", "strict", "--server", server.url, check=1).stdout
    assert told.startswith("0 images judged, 0 would change\n2 images not judged: the scan is not done yet"), told
    answer = json.loads(assay("policy", "test", "strict", "--server", server.url, "--format", "json", check=1).stdout)
    assert (answer["judged"], answer["pending"], answer["changed"]) == (0, 2, [])
