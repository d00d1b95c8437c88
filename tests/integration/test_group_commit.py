"""Pushes share the waits for the disk: few syncs for many answers, and still nothing that was acknowledged is lost."""
import contextlib
import random
import sqlite3
import threading
import time

import requests

import gate
from test_broken_push import Pusher, check_nothing_lost

CLIENTS = 16


class SmallPusher(Pusher):
    """Of images whose layers are small."""

    def push_blob(self, session, data):
        return super().push_blob(session, data[:20_000])


def syncs_of(server):
    return sum(gate.metric(server, f"assay_{what}_syncs_total") for what in ("database", "blob"))


@contextlib.contextmanager
def pushing(pushers):
    threads = []
    for pusher in pushers:
        pusher.stopped.clear()
        threads.append(threading.Thread(target=pusher.run, daemon=True))
        threads[-1].start()
    yield
    for pusher in pushers:
        pusher.stopped.set()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_syncs_an_image_of_one_client(start_server):
    server = start_server()
    pusher, session = SmallPusher(server, 1), requests.Session()
    pusher.push_image(session)
    time.sleep(6)  # what the start and the first image leave to jobs
    before, images, begun = syncs_of(server), 40, time.monotonic()
    for _ in range(images):
        pusher.push_image(session)
    syncs, seconds = syncs_of(server) - before, time.monotonic() - begun
    assert len(pusher.tags) == images + 1
    # And one a second of jobs, where the images take long.
    assert 3 * images <= syncs <= 5 * images + seconds, f"{syncs} syncs for {images} images of two blobs and a manifest"


def test_many_clients_share_syncs(start_server):
    """On a disk that takes 20 ms for a sync, as builds for tests can pretend: then there are at most 200 in 4 s. Where a
    build cannot, and the disk is fast, nobody need share."""
    server = start_server(environment={"ASSAY_SLOW_SYNC_US": "20000"})
    pushers = [SmallPusher(server, number) for number in range(CLIENTS)]
    before = syncs_of(server)
    with pushing(pushers):
        time.sleep(4)
    answers = sum(len(pusher.blobs) + len(pusher.tags) for pusher in pushers)
    syncs = syncs_of(server) - before
    assert answers > 5 * CLIENTS, f"{answers} answers show nothing"
    assert syncs < answers / 2 or syncs > 300, f"{syncs} syncs for {answers} answers"
    for pusher in pushers:
        check_nothing_lost(server, pusher, everything=True)


def test_kill_9_while_many_push(start_server):
    server, moments = start_server(), random.Random(5)
    pushers = [Pusher(server, number) for number in range(CLIENTS)]
    rounds = 8
    for number in range(rounds):
        with pushing(pushers):
            time.sleep(moments.uniform(0.2, 1.5))
            server.kill()
        server.start()
        for pusher in pushers:
            check_nothing_lost(server, pusher, everything=number == rounds - 1)
    assert sum(len(pusher.tags) for pusher in pushers) > rounds


def test_power_cut_takes_files_that_are_not_synced(start_server):
    """The bytes of small blobs are in the database until their files are on the disk: before that, the files may be torn."""
    server = start_server()
    pusher, session = SmallPusher(server, 3), requests.Session()
    torn = 0
    for number in range(4):
        for _ in range(5):
            pusher.push_image(session)
        server.kill()
        with contextlib.closing(sqlite3.connect(server.data / "metadata.db")) as database:
            kept = [digest for digest, in database.execute("SELECT digest FROM small_blobs")]
        for digest in kept:
            path = server.data / "blobs/sha256" / digest[7:9] / digest[7:]
            path.chmod(0o600)
            path.unlink() if number % 2 else path.write_bytes(b"")
            torn += 1
        server.start()
        check_nothing_lost(server, pusher, everything=True)
    assert torn > 5 and len(pusher.tags) == 20
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.closing(sqlite3.connect(server.data / "metadata.db")) as database:
            if database.execute("SELECT count(*) FROM small_blobs").fetchone() == (0,):
                break
        time.sleep(0.5)
    else:
        raise AssertionError("the database keeps bytes that are on the disk")
    check_nothing_lost(server, pusher, everything=True)
