"""Access: a decision, the first GET of who shows a token, tokens, and a catalogue of which the caller sees a hundredth."""
import base64
import contextlib
import json
import sqlite3
import statistics
import subprocess
import time

import requests

from measure_pull import MANIFEST, put_manifest, requests_per_second
from measure_rematch import digest_of
from peers import Assay

REPOSITORIES, SEEN = 10_000, 100
CLIENTS = 16


def decisions(bench):
    program = bench.assay.parent.parent.parent / "bench/access-load"

    def once():
        return float(subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout)
    taken = bench.interleave({"assay": once})["assay"]
    bench.add("a decision with 1,000 people, 10,000 bindings, 10,000 repositories", f"{taken / 1000:.2f} us", "at most 20 us",
              taken <= 20_000)


class Closed:
    """A registry that asks who is there, and a robot that may pull what is below seen/."""

    def __init__(self, bench):
        self.peer = Assay(bench.folder / "closed", bench.assay, cores="0,1", access="closed").start()
        operator = {"Authorization": f"Bearer {(self.peer.data / 'operator.key').read_text().strip()}"}
        self.make("users", operator, {"name": "root", "password": "correct horse battery", "administrator": True})
        secret = self.make("robots", operator, {"name": "puller"})["secret"]
        for number in range(20):
            self.make("grants", operator, {"subject": "puller", "role": "guest", "pattern": f"unused{number}/*"})
        self.make("grants", operator, {"subject": "puller", "role": "developer", "pattern": "seen/*"})
        self.basic = "Basic " + base64.b64encode(f"puller:{secret}".encode()).decode()
        self.token = self.ask_token("pull,push")

    def make(self, what, headers, body):
        answer = requests.post(f"{self.peer.url}/api/v1/{what}", json=body, headers=headers, timeout=30)
        if answer.status_code != 201:
            raise RuntimeError(f"{what} {body}: HTTP {answer.status_code} {answer.text}")
        return answer.json()

    def ask_token(self, actions):
        answer = requests.get(f"{self.peer.url}/token?scope=repository:seen/one:{actions}", timeout=30,
                              headers={"Authorization": self.basic})
        answer.raise_for_status()
        return f"Bearer {answer.json()['token']}"


def push_image(peer, authorization=None, verify=True):
    """An image without layers, as seen/one:v1. @verify: a file of the authority of its certificate."""
    session = requests.Session()
    session.trust_env, session.verify = False, str(verify) if verify is not True else True  # a file of the environment would count before it
    if authorization:
        session.headers["Authorization"] = authorization
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    url = f"{peer.url}/v2/seen/one"
    session.post(f"{url}/blobs/uploads/?digest={digest_of(config)}", data=config, timeout=30,
                 headers={"Content-Type": "application/octet-stream"}).raise_for_status()
    put_manifest(url, (digest_of(config), len(config)), [], "v1", session)


def manifests(bench, closed):
    opened = Assay(bench.folder / "open", bench.assay, cores="0,1").start()
    push_image(opened)
    push_image(closed.peer, closed.token)
    token = closed.ask_token("pull")
    path = "/v2/seen/one/manifests/v1"
    rates = bench.interleave({
        "token": lambda: requests_per_second(closed.peer.url + path, CLIENTS, bench.seconds, MANIFEST, {"Authorization": token}),
        "open": lambda: requests_per_second(opened.url + path, CLIENTS, bench.seconds, MANIFEST)})
    opened.stop()
    ratio = rates["token"] / rates["open"]
    bench.add("manifest GET by tag with a token, 16 clients",
              f"{rates['token']:,.0f}/s, with open access {rates['open']:,.0f}/s; {ratio:.2f}x", "at least 0.85x", ratio >= 0.85)


def tokens(bench, closed):
    url = f"{closed.peer.url}/token?service=&scope=repository:seen/one:pull"
    rate = bench.interleave({"assay": lambda: requests_per_second(url, CLIENTS, bench.seconds, None,
                                                                  {"Authorization": closed.basic})})["assay"]
    bench.add("tokens for a robot's name and secret, 2 cores", f"{rate:,.0f}/s", "at least 3000/s", rate >= 3000)


def fill_catalogue(closed):
    """Repositories of which the robot sees those below seen/, written below a server that does not run."""
    closed.peer.stop()
    with contextlib.closing(sqlite3.connect(closed.peer.data / "metadata.db")) as db, db:
        for number in range(REPOSITORIES):
            space = "seen" if number % (REPOSITORIES // SEEN) == 0 else f"other{number % 50}"
            db.execute("INSERT INTO repositories (name, created) VALUES (?, 0)", (f"{space}/repository{number}",))
    closed.peer.start()


def catalogue(bench, closed):
    fill_catalogue(closed)
    session = requests.Session()
    session.headers["Authorization"] = closed.basic

    def page():
        started = time.monotonic()
        answer = session.get(f"{closed.peer.url}/v2/_catalog?n=1000", timeout=30)
        taken = (time.monotonic() - started) * 1000
        names = answer.json()["repositories"]
        if len(names) != SEEN + 1:
            raise RuntimeError(f"{len(names)} repositories are seen")
        return taken
    page()
    taken = statistics.median(page() for _ in range(20))
    bench.add(f"a page of _catalog for who sees {SEEN} of {REPOSITORIES:,} repositories", f"{taken:.1f} ms", "at most 10 ms",
              taken <= 10)


def measure(bench):
    decisions(bench)
    closed = Closed(bench)
    manifests(bench, closed)
    tokens(bench, closed)
    catalogue(bench, closed)
    closed.peer.stop()
