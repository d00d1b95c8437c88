#!/usr/bin/python3
"""Collection against pushes, mounts, pulls and deletions of the very blobs that are collected, with kill -9 in between.

usage: collection.py --program ASSAY [--rounds N] [--kill-every N] [--seed N] [--folder F] [--unchecked]

A few blobs are in a few repositories. Several clients at once push images of them (asking first, as clients do), pull what was
acknowledged, and delete images and blobs, while collection runs without a grace, again and again. Exit code 1: an image whose
push was answered with 201, and that nobody deleted, could not be pulled whole; or something answered what it must not; or
something dead was left after the last collection. --unchecked: the server's collection does not look again in its transaction
(of builds with fault_injection), so that this must fail."""
import argparse
import hashlib
import http.client
import itertools
import json
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from assay_server import Server  # noqa: E402
from oci_layout import MANIFEST, digest_of  # noqa: E402

REPOSITORIES = ["race/a", "race/b", "c"]
BLOBS = {digest_of(content): content for content in (b"blob %d " % i * (20 + 200 * i) for i in range(6))}
CLIENTS = 4
# What is left of a repository when nobody needs it: in none of these tables a row.
EMPTY_TABLES = ("blobs", "repository_blobs", "blob_trash", "manifest_references", "uploads")


class Away(Exception):
    """The server was killed."""


class Client:
    def __init__(self, server):
        self.server, self.connection = server, None

    def request(self, method, path, body=None, **headers):
        """(status, headers, body). What came of a request that fails is not known."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            self.connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection = None
            time.sleep(0.05)
            raise Away() from error


class Race:
    def __init__(self, server, rounds, seed):
        self.server, self.rounds, self.seed = server, rounds, seed
        self.lock, self.done, self.number = threading.Lock(), 0, itertools.count()
        self.kept = {}  # (repository, digest of the manifest) -> its blobs, of what was answered with 201
        self.held = {}  # the same key -> how many are pulling it
        self.problems, self.counts, self.stop = [], {}, threading.Event()

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def expect(self, what, answer, *allowed):
        if answer[0] not in allowed:
            self.problem(f"{what}: {answer[0]} {answer[2][:300]}")
        self.count(f"{what} {answer[0]}")
        return answer[0]

    # --- what clients do ---

    def push_blob(self, client, chance, repository, digest):
        base = f"/v2/{repository}/blobs"
        if self.expect("HEAD blob", client.request("HEAD", f"{base}/{digest}"), 200, 404) == 200:
            return
        way = chance.randrange(3)
        if way == 0:
            self.expect("POST blob", client.request("POST", f"{base}/uploads/?digest={digest}", BLOBS[digest],
                                                    Content_Type="application/octet-stream"), 201)
            return
        query = f"?mount={digest}&from={chance.choice(REPOSITORIES)}" if way == 1 else ""
        answer = client.request("POST", f"{base}/uploads/{query}")
        if self.expect("mount" if way == 1 else "POST", answer, 201, 202) == 202:
            self.expect("PUT blob", client.request("PUT", f"{answer[1]['Location']}?digest={digest}", BLOBS[digest],
                                                   Content_Type="application/octet-stream"), 201)

    def push(self, client, chance):
        repository, blobs = chance.choice(REPOSITORIES), chance.sample(list(BLOBS), 3)
        for digest in blobs:
            self.push_blob(client, chance, repository, digest)
        config, *layers = ({"mediaType": "application/octet-stream", "digest": digest, "size": len(BLOBS[digest])} for digest in blobs)
        text = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers,
                           "annotations": {"number": str(next(self.number))}}).encode()
        digest = digest_of(text)
        # 404: a blob was collected or deleted since it was looked for. The client would begin anew.
        if self.expect("PUT manifest", client.request("PUT", f"/v2/{repository}/manifests/{digest}", text, Content_Type=MANIFEST),
                       201, 404) == 201:
            with self.lock:
                self.kept[repository, digest] = blobs

    def pull(self, client, chance, image=None):
        with self.lock:
            image = image or (chance.choice(list(self.kept)) if self.kept else None)
            if image is None:
                return
            self.held[image] = self.held.get(image, 0) + 1
            blobs = self.kept[image]
        try:
            repository, digest = image
            lost = [what for what, path in [("manifest", f"manifests/{digest}"), *((blob, f"blobs/{blob}") for blob in blobs)]
                    if not self.is_whole(client.request("GET", f"/v2/{repository}/{path}"), path)]
            if lost:
                self.problem(f"LOST: {repository}@{digest} was acknowledged, and lacks {lost}")
            self.count("pull")
        finally:
            with self.lock:
                self.held[image] -= 1

    @staticmethod
    def is_whole(answer, path):
        return answer[0] == 200 and f"sha256:{hashlib.sha256(answer[2]).hexdigest()}" == path.partition("/")[2]

    def delete(self, client, chance):
        with self.lock:
            free = [image for image in self.kept if not self.held.get(image)]
            if not free:
                return
            repository, digest = image = chance.choice(free)
            del self.kept[image]
        self.expect("DELETE manifest", client.request("DELETE", f"/v2/{repository}/manifests/{digest}"), 202)

    def delete_blob(self, client, chance):
        path = f"/v2/{chance.choice(REPOSITORIES)}/blobs/{chance.choice(list(BLOBS))}"
        self.expect("DELETE blob", client.request("DELETE", path), 202, 404, 409)

    # --- threads ---

    def be_client(self, number):
        client, chance = Client(self.server), random.Random(f"{self.seed}-{number}")
        actions = [self.push] * 8 + [self.pull] * 3 + [self.delete] * 8 + [self.delete_blob] * 2
        while not self.stop.is_set():
            action = chance.choice(actions)
            try:
                action(client, chance)
            except Away:
                self.count("cut off")
            if action == self.push:
                with self.lock:
                    self.done += 1
                    if self.done >= self.rounds or len(self.problems) > 10:
                        self.stop.set()

    def be_collector(self):
        client, chance = Client(self.server), random.Random(self.seed)
        while not self.stop.wait(chance.uniform(0, 0.01)):
            try:
                self.collect(client)
            except Away:
                pass

    def collect(self, client):
        """Asks for a run, and waits for its end."""
        run = json.loads(client.request("POST", "/api/v1/gc", '{"grace": 0}')[2])["run"]
        while True:
            last = json.loads(client.request("GET", "/api/v1/gc")[2]).get("last", {})
            if last.get("run", 0) >= run:
                break
            time.sleep(0.002)
        self.count("collections")
        with self.lock:
            self.counts["collected"] = self.counts.get("collected", 0) + last["blobs"]
        if "error" in last:
            self.problem(f"collection: {last['error']}")
        return last

    def run(self, kill_every):
        threads = [threading.Thread(target=self.be_client, args=(number,)) for number in range(CLIENTS)]
        threads.append(threading.Thread(target=self.be_collector))
        for thread in threads:
            thread.start()
        next_kill = kill_every
        while not self.stop.wait(0.01):
            if kill_every and self.done >= next_kill:
                self.server.kill()
                self.server.start()
                self.count("kills")
                next_kill += kill_every
        for thread in threads:
            thread.join()

    # --- the end ---

    def check_end(self):
        """All that was acknowledged is there; and when all of it is deleted, one collection leaves nothing."""
        client, chance = Client(self.server), random.Random(self.seed)
        for image in list(self.kept):
            self.pull(client, chance, image)
        # Pushes that were cut off may have left images that nobody was told of.
        for repository in REPOSITORIES:
            answer = client.request("GET", f"/api/v1/repositories/{repository}/images?limit=1000")
            for image in json.loads(answer[2]).get("images", []):
                self.expect("DELETE manifest", client.request("DELETE", f"/v2/{repository}/manifests/{image['digest']}"), 202)
        last = self.collect(client)
        if last["failed"]:
            self.problem(f"collection: {last}")
        self.server.stop()
        files = [name for _, _, names in os.walk(self.server.data / "blobs") for name in names]
        if files:
            self.problem(f"dead files are left: {files[:5]}")
        with sqlite3.connect(self.server.data / "metadata.db") as db:
            for table in EMPTY_TABLES:
                rows = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                if rows and table != "uploads":  # of clients that were cut off: they expire
                    self.problem(f"dead rows are left in {table}: {rows}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=10000)
    parser.add_argument("--kill-every", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--unchecked", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-race-") as temporary:
        environment = {"ASSAY_COLLECT_UNCHECKED": "1"} if arguments.unchecked else {}
        server = Server(arguments.program, arguments.folder or temporary, config="registry: {undelete: 0, gc: {interval: 0, grace: 0}}",
                        environment=environment)
        server.start()
        race = Race(server, arguments.rounds, arguments.seed)
        began = time.monotonic()
        try:
            race.run(arguments.kill_every)
            race.check_end()
        finally:
            server.kill()
        server.check_sanitizers()
    print(f"seed {arguments.seed}: {race.done} pushes in {time.monotonic() - began:.0f} s: "
          + ", ".join(f"{count} {what}" for what, count in sorted(race.counts.items())))
    for problem in race.problems[:20]:
        print(problem)
    sys.exit(1 if race.problems else 0)


if __name__ == "__main__":
    main()
