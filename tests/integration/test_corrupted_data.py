"""Each kind of file of the data folder is damaged in turn, before the start: the server runs and answers, or refuses to start in words
that name the file; a signal ends it never. `make fault` makes 500 rounds of it."""
import os
import random
import shutil
import subprocess
import time

import pytest
import requests

import gate
from assay_server import Server, run_assay, sanitizer_environment, sanitizer_reports
from gate import STRICT, import_advisories, push_layout, wait_until

ROUNDS = int(os.environ.get("ROUNDS", "26"))


@pytest.fixture(scope="module")
def filled(program, tmp_path_factory):
    """A data folder with images, advisories, an upload: of a server that was killed, so that its journal is there."""
    folder = tmp_path_factory.mktemp("filled")
    server = Server(program, folder / "server", policy=STRICT)
    server.start()
    import_advisories(lambda *arguments: run_assay(program, *arguments), server)
    layout, _, _ = gate.alpine_layout(folder / "alpine")
    for tag in ("vulnerable", "fixed"):
        push_layout(server, layout, tag, "team/app")
    wait_until(lambda: gate.pull(server, "team/app", "fixed").status_code == 200)
    location = server.request("POST", "/v2/team/app/blobs/uploads/").headers["Location"]
    server.request("PATCH", location[location.index("/v2/"):], data=b"half of it")
    server.kill()
    return server.data


def damage(path, generator):
    """One of the ways; its name."""
    how = generator.choice(["noise", "cut", "zeros", "empty", "folder", "pipe", "link", "gone"])
    if path.is_dir():
        how = "gone"
    data = b"" if path.is_dir() else path.read_bytes()
    if how in ("folder", "pipe", "link", "gone"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        if how == "folder":
            path.mkdir()
        elif how == "pipe":
            os.mkfifo(path)
        elif how == "link":
            path.symlink_to("/dev/zero")
        return how
    changed = bytearray(data)
    if how == "noise":
        for _ in range(generator.choice([1, 20, 2000])):
            if changed:
                changed[generator.randrange(len(changed))] = generator.randrange(256)
    elif how == "cut":
        del changed[generator.randrange(len(changed) + 1):]
    elif how == "zeros":
        at = generator.randrange(len(changed) + 1)
        changed[at:] = bytes(len(changed) - at)
    else:
        changed.clear()
    path.unlink()
    path.write_bytes(changed)
    return how


def ask_everything(server):
    """Each answer is one of HTTP; the vulnerable image does not get out."""
    for path in ("/readyz", "/metrics", "/v2/_catalog", "/v2/team/app/tags/list", "/api/v1/repositories",
                 "/api/v1/repositories/team/app/images"):
        assert server.request("GET", path, timeout=20).status_code in (200, 404, 500, 503)
    assert gate.pull(server, "team/app", "vulnerable").status_code != 200
    assert gate.pull(server, "team/app", "fixed").status_code in (200, 403, 404, 500)


def test_no_file_ends_the_server(program, filled, tmp_path):
    names = sorted(str(path.relative_to(filled)) for path in filled.rglob("*") if path.is_file())
    kinds = [name for name in names if not name.startswith("blobs/")] + \
        [name for name in names if name.startswith("blobs/")][:3] + ["feeds", "uploads", "blobs"]
    assert ROUNDS >= len(kinds), kinds
    refused = 0
    for number in range(ROUNDS):
        generator = random.Random(number)
        name = kinds[number % len(kinds)]
        server = Server(program, tmp_path / "server", policy=STRICT)
        shutil.rmtree(server.data, ignore_errors=True)
        shutil.copytree(filled, server.data)
        how = damage(server.data / name, generator)
        what = f"round {number}: {name}: {how}"
        with open(server.log, "wb") as log:
            server.process = subprocess.Popen(
                [str(program), "serve", "--config", str(server.config), "--data", str(server.data), "--listen", server.address],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=sanitizer_environment(server.sanitizer_prefix))
        deadline, up = time.monotonic() + 60, False
        while not up and server.process.poll() is None and time.monotonic() < deadline:
            try:
                up = server.request("GET", "/healthz", timeout=5).status_code == 200
            except requests.ConnectionError:
                time.sleep(0.05)
        if up:
            ask_everything(server)
            assert server.process.poll() is None, f"{what}: {server.log_text()}"
            server.kill()
        else:
            refused += 1
            assert server.process.wait(10) == 2, f"{what}: {server.process.returncode} {server.log_text()}"
            assert name.split("-")[0].split("/")[0] in server.log_text() or "metadata" in server.log_text(), \
                f"{what}: {server.log_text()}"
        assert not sanitizer_reports(server.sanitizer_prefix), what
    assert refused < ROUNDS / 2
