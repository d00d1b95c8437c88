"""A full disk where one must log in: who may pull goes on to, who may delete frees room, the record stays whole, and a collection that
is killed in that state loses nothing."""
import random
import subprocess
import time

import pytest

from assay_server import Server
from attacked import PASSWORD, As
from gate import wait_until
from oci_layout import MANIFEST, digest_of
from repository import EMPTY, Repository, image_of
from test_full_disk import MIB, ballast, check_full, fill_up, room_left, small_disk

assert small_disk, "a fixture"


@pytest.fixture
def closed(program, small_disk):
    server = Server(program, small_disk, config="access: {mode: closed}")
    server.start(probe="/healthz")
    server.make("users", {"name": "root", "password": PASSWORD, "administrator": True})
    server.robot = "ci", server.make("robots", {"name": "ci"})["secret"]
    server.make("grants", {"kind": "principal", "subject": "ci", "role": "maintainer", "pattern": "team/*"})
    server.pat = "root", server.make("tokens", {"user": "root", "name": "pat"})["token"]
    yield server
    server.stop()


@pytest.mark.parametrize("restarted", [False, True])
def test_log_ins_and_deletions(closed, small_disk, restarted):
    """By a robot, a personal access token, a password and a bearer's token, whether the server knows them yet or not; then room is made."""
    repository, size = As(closed, "team/app", closed.robot), 4 * MIB
    for tag in ("one", "two"):
        repository.push_image(tag, config=b'{"of": "%s"}' % tag.encode(), layers=[random.Random(tag).randbytes(size)])
    wait_until((closed.data / "reserve").exists)
    if restarted:
        closed.kill()
    fill_up(small_disk)
    if restarted:
        closed.start(probe="/healthz")
        fill_up(small_disk, "filled again")
    made = closed.request("GET", "/token?scope=repository:team/app:pull,delete", auth=closed.robot)
    assert made.status_code == 200, made.text
    for auth in (closed.robot, closed.pat, ("root", PASSWORD), made.json()["token"]):
        assert As(closed, "team/app", auth).get_manifest("one").status_code == 200, auth
    assert closed.request("GET", "/v2/", auth=("root", "wrong password")).status_code == 401
    assert closed.request("GET", "/v2/team/app/tags/list").status_code == 401
    check_full(repository.request("POST", f"blobs/uploads/?digest={digest_of(b'x' * MIB)}", data=b"x" * MIB))
    assert repository.request("DELETE", "manifests/two").status_code == 202
    assert As(closed, "team/app", made.json()["token"]).request("DELETE", "manifests/one").status_code == 202
    for name in ("filled", "filled again"):
        (small_disk / name).unlink(missing_ok=True)
    repository.push_image("after", layers=[b"room again"])

    def deleted():
        records = closed.get_json("/api/v1/audit?limit=1000", auth=closed.pat)["records"]
        return [record["actor"]["name"] for record in records if record["type"] == "tag.deleted"]
    wait_until(lambda: len(deleted()) == 2)
    assert deleted() == ["ci", "ci"]
    closed.assay("audit", "verify")


def test_a_collection_that_is_killed(start_server, small_disk, assay):
    """On a full disk, again and again; the next one frees all, and what is needed stays."""
    server = start_server(name="server0", probe="/healthz")
    repository, data = Repository(server, "full"), random.Random(9)
    wait_until((server.data / "reserve").exists)
    config, images = repository.push_blob(b"{}", EMPTY), []
    for _ in range(20):
        layers = [repository.push_blob(data.randbytes(MIB // 2)) for _ in range(3)]
        images.append(repository.push_manifest(image_of(config, layers)))
    ballast(small_disk, 0)
    for image in images[1:]:
        assert repository.request("DELETE", f"manifests/{image['digest']}").status_code == 202
    for number in range(4):
        begun = subprocess.Popen([str(server.program), "gc", "--server", server.url, "--grace", "0", "--forget-deleted"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.02 * number)
        server.kill()
        begun.wait(timeout=60)
        server.start(probe="/healthz")
    assay("gc", "--server", server.url, "--grace", "0", "--forget-deleted", "--format", "json")
    assert room_left(small_disk) > 27 * MIB
    manifest = repository.request("GET", f"manifests/{images[0]['digest']}", headers={"Accept": MANIFEST})
    for entry in [manifest.json()["config"], *manifest.json()["layers"]]:
        answer = repository.request("GET", f"blobs/{entry['digest']}")
        assert answer.status_code == 200 and digest_of(answer.content) == entry["digest"]
    assert repository.push_blob(b"room again")
    server.stop()
    assay("fsck", "--data", server.data)
