"""assay delete: a tag, an image with its tags, all of a repository; asked first, and clear about what it does not delete."""
import json
import os
import pty
import subprocess

import pytest
import requests

import images
import raw_http
from assay_server import sanitizer_environment, sanitizer_reports


@pytest.fixture
def delete(assay, module_server):
    return lambda *arguments, check=0: assay("delete", "--server", module_server.url, *arguments, check=check)


@pytest.fixture
def pushed(module_server, repository, tmp_path):
    """The digest of an image with the tags v1 and v2 in `repository`."""
    digest = raw_http.push_layout(module_server, repository.name, "v1", images.tiny_layout(tmp_path / "tiny", "v1"))
    manifest = requests.get(f"{module_server.url}/v2/{repository.name}/manifests/v1", timeout=60)
    requests.put(f"{module_server.url}/v2/{repository.name}/manifests/v2", manifest.content, timeout=60,
                 headers={"Content-Type": manifest.headers["Content-Type"]}).raise_for_status()
    return digest


def status(server, repository, reference):
    return requests.head(f"{server.url}/v2/{repository.name}/manifests/{reference}", timeout=60).status_code


def test_a_tag(delete, module_server, repository, pushed):
    first = delete("--yes", f"{repository.name}:v1")
    assert first.stdout == f"deleted {repository.name}:v1\n" and first.stderr == ""
    assert [status(module_server, repository, name) for name in ("v1", "v2", pushed)] == [404, 200, 200]
    told = delete("--yes", f"{repository.name}:v2").stderr
    assert f"no tag names the image any more: `assay delete {repository.name}@{pushed}` deletes it" in told
    assert status(module_server, repository, pushed) == 200


def test_an_image_by_its_first_digits(delete, module_server, repository, pushed):
    short = pushed.removeprefix("sha256:")[:12]
    told = delete("--yes", "--format", "json", f"{repository.name}@{short}").stdout
    assert json.loads(told) == [{"repository": repository.name, "digest": pushed}]
    assert [status(module_server, repository, name) for name in ("v1", "v2", pushed)] == [404, 404, 404]


def test_what_an_index_needs(delete, module_server, repository, tmp_path):
    """A member is not deleted before its index; all of a repository is, in the order that works."""
    layout = images.index_layout(tmp_path / "index")
    raw_http.push_layout(module_server, repository.name, "latest", layout)
    index = requests.get(f"{module_server.url}/v2/{repository.name}/manifests/latest", timeout=60).json()
    member = index["manifests"][0]["digest"]
    told = delete("--yes", f"{repository.name}@{member}", check=2)
    assert "needs" in told.stderr and told.stdout == ""
    assert status(module_server, repository, member) == 200
    assert delete("--yes", repository.name).stdout.count(f"deleted {repository.name}@sha256:") == len(index["manifests"]) + 1
    assert status(module_server, repository, member) == 404


@pytest.mark.parametrize("reference, says", [
    (":v9", "has no image v9; `assay images"), ("@000000000000", "has no image 000000000000"), ("never", "nothing was ever pushed")])
def test_what_is_not_there(delete, repository, pushed, reference, says):
    name = "of/never" if reference == "never" else repository.name + reference
    assert says in delete("--yes", name, check=2).stderr


def test_a_repository_twice(delete, repository, pushed):
    first = delete("--yes", repository.name)
    assert first.stdout == f"deleted {repository.name}@{pushed}\n"
    assert first.stderr.count("layers that no image needs any more are freed after their grace") == 1 == first.stderr.count("\n")
    again = delete("--yes", repository.name, check=2)
    assert "there is nothing to delete" in again.stderr and again.stdout == ""


def test_nobody_is_there_to_ask(delete, module_server, repository, pushed):
    assert "--yes" in delete(f"{repository.name}:v1", check=2).stderr
    assert status(module_server, repository, "v1") == 200


@pytest.mark.parametrize("answer, code, left", [("n", 1, 200), ("", 1, 200), ("y", 0, 404)])
def test_a_terminal_is_asked(program, module_server, repository, pushed, tmp_path, answer, code, left):
    master, terminal = pty.openpty()
    with subprocess.Popen([program, "delete", "--server", module_server.url, f"{repository.name}@{pushed}"], stdin=terminal,
                          stdout=terminal, stderr=terminal, env=sanitizer_environment(tmp_path / "sanitizer")) as process:
        os.close(terminal)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(master, 4096)
        assert f"delete {repository.name}@{pushed} with the tags v1, v2?".encode() in shown
        os.write(master, answer.encode() + b"\n")
        assert process.wait(timeout=60) == code
    os.close(master)
    assert status(module_server, repository, "v1") == left and sanitizer_reports(tmp_path / "sanitizer") == ""
