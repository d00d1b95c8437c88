"""Collection of 100,000 dead blobs, and pushes of small images meanwhile."""
import hashlib
import http.client
import json
import os
import sqlite3
import threading
import time

from peers import Assay

DEAD = 100_000
PUSHERS = 2
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def make_dead(peer, count, round_):
    """Blobs of a repository that no manifest needs, written below a server that does not run."""
    data = peer.folder / "data"
    with sqlite3.connect(data / "metadata.db") as db:
        db.execute("INSERT INTO repositories (name, created) VALUES ('dead', 0) ON CONFLICT DO NOTHING")
        for number in range(count):
            content = b"dead %d %d" % (round_, number)
            digest = digest_of(content)
            path = data / "blobs" / "sha256" / digest[7:9] / digest[7:]
            path.write_bytes(content)
            db.execute("INSERT INTO blobs (digest, size, created) VALUES (?, ?, 0)", (digest, len(content)))
            db.execute("INSERT INTO repository_blobs (repository, digest, pinned) VALUES ('dead', ?, 0)", (digest,))
    db.close()
    os.sync()


class Pushers:
    """Clients that push images of one small layer until they are stopped."""

    def __init__(self, port):
        self.port, self.count, self.stop, self.lock = port, 0, threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.push_all, args=(number,)) for number in range(PUSHERS)]
        for thread in self.threads:
            thread.start()

    def push_all(self, number):
        connection, done = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60), 0

        def request(method, path, body=None, **headers):
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        base = f"/v2/pushed/{number}"
        while not self.stop.is_set():
            content = os.urandom(1000)
            config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(content), "size": len(content)}
            text = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}).encode()
            status = [request("POST", f"{base}/blobs/uploads/?digest={config['digest']}", content,
                              Content_Type="application/octet-stream"),
                      request("PUT", f"{base}/manifests/v{done}", text, Content_Type=MANIFEST)]
            if status != [201, 201]:
                raise RuntimeError(f"a push was answered with {status}")
            done += 1
            with self.lock:
                self.count += 1

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def collect(peer):
    """Seconds of a run, and what it did."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)

    def ask(method, body=None):
        connection.request(method, "/api/v1/gc", body)
        return json.loads(connection.getresponse().read())
    began = time.monotonic()
    run = ask("POST", '{"grace": 3600}')["run"]
    while (last := ask("GET").get("last", {})).get("run", 0) < run:
        time.sleep(0.02)
    return time.monotonic() - began, last


def rate_of_pushes(pushers, during):
    before, began = pushers.count, time.monotonic()
    during()
    return (pushers.count - before) / (time.monotonic() - began)


def measure(bench):
    dead = DEAD // 10 if bench.quick else DEAD
    alone, beside, without, meanwhile = [], [], [], []
    peer = Assay(bench.folder / "collection", bench.assay)
    peer.start()
    for round_ in range(1 if bench.quick else 3):
        peer.stop()
        make_dead(peer, dead, 2 * round_)
        peer.start()
        seconds, last = collect(peer)
        assert last["blobs"] == dead, last
        alone.append(dead / seconds)
        peer.stop()
        make_dead(peer, dead, 2 * round_ + 1)
        peer.start()
        pushers = Pushers(peer.port)
        without.append(rate_of_pushes(pushers, lambda: time.sleep(bench.seconds * 2)))

        def run():
            seconds, last = collect(peer)
            assert last["blobs"] == dead, last
            beside.append(dead / seconds)
        meanwhile.append(rate_of_pushes(pushers, run))
        pushers.end()
    peer.stop()
    rate, ratio = sorted(alone)[len(alone) // 2], sorted(a / b for a, b in zip(meanwhile, without))[len(without) // 2]
    bench.add(f"collection of {dead:,} dead blobs", f"{rate:.0f}/s; beside pushes {sorted(beside)[len(beside) // 2]:.0f}/s",
              "at least 5000/s", rate >= 5000)
    bench.add("pushes of small images meanwhile", f"{sorted(meanwhile)[len(meanwhile) // 2]:.0f}/s, without "
              f"{sorted(without)[len(without) // 2]:.0f}/s; {ratio:.2f}x", "at least 0.7x", ratio >= 0.7)
