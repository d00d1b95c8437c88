"""Signing and kills: whatever moment the server is killed at, each image that passed has its signatures after the restart, once each."""
import os
import random
import threading
import time

import pytest

import gate
from gate import import_advisories, wait_until
from oci_layout import Layout
from test_signing import events, make_key, push, set_up, signatures

# `make fault` kills it a hundred times.
KILLS = int(os.environ.get("ASSAY_SIGNING_KILLS", "8"))


def images(folder, count):
    """(layout, digests) of images that pass, tags i0, i1, ..."""
    layout = Layout(folder)
    return layout.folder, [layout.add_image(f"i{number}", [gate.alpine_files(**gate.FIXED, extra=str(number))])["digest"] for number in range(count)]


def waiting(server):
    kinds = {kind["kind"]: kind for kind in server.get_json("/api/v1/jobs")["jobs"]}
    return kinds["sign"]["waiting"] + len(kinds["sign"]["running"])


def wait_for_signatures(server, digests, timeout=120):
    wait_until(lambda: all(signatures(server, "team/app", digest)[0] and signatures(server, "team/app", digest)[1] for digest in digests), timeout)
    wait_until(lambda: waiting(server) == 0)


def check(server, digests):
    found = {digest: signatures(server, "team/app", digest) for digest in digests}
    assert set(found.values()) == {(1, 1)}, found
    created = [(event["subject"], event["data"]["format"]) for event in events(server, "signature.created")]
    assert sorted(created) == sorted((digest, form) for digest in digests for form in ("bundle", "cosign"))


def test_killed(start_server, assay, tmp_path):
    """Killed between a push and the last of its signatures, at random; the seed is printed."""
    seed = int.from_bytes(os.urandom(4), "big")
    print("seed", seed)
    chance = random.Random(seed)
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    set_up(server, make_key(assay, tmp_path / "key.pem"))
    folder, digests = images(tmp_path / "layout", KILLS)
    for number in range(KILLS):
        push(server, folder, f"i{number}", "team/app")
        time.sleep(chance.uniform(0, 0.6))
        server.kill()
        server.start()
    wait_for_signatures(server, digests)
    check(server, digests)


def test_many_at_once(start_server, assay, tmp_path):
    """Two hundred images by eight clients: all are signed, once each."""
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    set_up(server, make_key(assay, tmp_path / "key.pem"))
    folder, digests = images(tmp_path / "layout", 200)
    failures = []

    def client(numbers):
        try:
            for number in numbers:
                push(server, folder, f"i{number}", "team/app")
        except Exception as error:  # told by the test's own thread
            failures.append(error)
    threads = [threading.Thread(target=client, args=(range(first, 200, 8),)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    wait_for_signatures(server, digests)
    for digest in digests:
        assert signatures(server, "team/app", digest) == (1, 1)


@pytest.mark.parametrize("failure", ["away", "password"])
def test_key_away(start_server, assay, tmp_path, failure):
    """A key's file that is away, or sealed anew, for a restart: what was pushed meanwhile is signed when it is back."""
    key = tmp_path / "key.pem"
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    set_up(server, make_key(assay, key))
    folder, digests = images(tmp_path / "layout", 2)
    server.stop()
    whole = key.read_bytes()
    if failure == "away":
        key.unlink()
    else:
        key.write_bytes(whole[:len(whole) // 2])
    server.start()
    push(server, folder, "i0", "team/app")
    told = wait_until(lambda: events(server, "signature.failed"))
    assert told[0]["subject"] == digests[0] and "release" in told[0]["data"]["rule"] and str(key) in told[0]["data"]["error"]
    assert signatures(server, "team/app", digests[0]) == (0, 0)
    key.write_bytes(whole)
    if failure == "password":  # what is damaged is not tried again by itself
        push(server, folder, "i0", "team/app", "again")
    wait_until(lambda: signatures(server, "team/app", digests[0]) == (1, 1))
