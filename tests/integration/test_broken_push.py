"""Pushes that break in the middle: the connection is cut, the client killed, the server killed with -9. Repeated or resumed,
each ends whole, and nothing that was acknowledged is ever lost."""
import json
import os
import random
import socket
import subprocess
import threading
import time

import pytest
import requests

import images
from oci_layout import MANIFEST, Layout, digest_of, reachable


class CuttingProxy:
    """A TCP proxy that passes bytes to the server, counts those of the client, and calls `then` once `limit` of them
    have passed (None: never). From then on it passes nothing more."""

    def __init__(self, target_port, limit, then):
        self.target_port, self.limit, self.then = target_port, limit, then
        self.passed, self.cut, self.lock = 0, False, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target_port))
            with self.lock:
                self.sockets += [client, server]
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, target, counted):
        try:
            while data := source.recv(65536):
                if counted and self.limit is not None:
                    with self.lock:
                        self.passed += len(data)
                        due, self.cut = not self.cut and self.passed >= self.limit, self.cut or self.passed >= self.limit
                    if due:
                        self.then(self)
                if self.cut:
                    return
                target.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        """Shut down first: a socket that a pump still waits on would stay open behind its back."""
        for end in self.sockets:
            for part in (lambda: end.shutdown(socket.SHUT_RDWR), end.close):
                try:
                    part()
                except OSError:
                    pass


def skopeo_push(layout, tag, port, **options):
    return subprocess.Popen(["skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", f"oci:{layout}:{tag}",
                             f"docker://127.0.0.1:{port}/broken:{tag}"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def noisy_layout(folder, mebibytes=24):
    """An image whose one big layer does not compress, so that there is time to break its push."""
    Layout(folder).add_image("v1", [images.tiny_files(), {"noise": random.Random(7).randbytes(mebibytes << 20)}])
    return folder


def check_whole(server, layout, tmp_path):
    """A repeated push succeeds, and a pull gives back the bytes."""
    assert skopeo_push(layout, "v1", server.port).wait(timeout=120) == 0
    back = tmp_path / "back"
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false",
                    f"docker://{server.address}/broken:v1", f"oci:{back}:v1"], check=True, timeout=120)
    assert set(reachable(back, "v1")) == set(reachable(layout, "v1"))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95], ids=["early", "in the middle", "late"])
@pytest.mark.parametrize("what", ["connection cut", "client killed", "server killed"])
def test_push_is_broken_and_repeated(start_server, tmp_path, what, share):
    server = start_server()
    layout = noisy_layout(tmp_path / "noisy")
    size = sum(len(data) for data in reachable(layout, "v1").values())
    client, broken = None, threading.Event()

    def hurt(proxy):
        if what == "client killed":
            client.kill()
        elif what == "server killed":
            server.kill()
        broken.set()
        proxy.close()

    proxy = CuttingProxy(server.port, int(size * share), hurt)
    client = skopeo_push(layout, "v1", proxy.port)
    assert client.wait(timeout=120) != 0, "the push was to break"
    assert broken.wait(timeout=30)
    proxy.close()
    if what == "server killed":
        server.start()
    assert requests.get(f"{server.url}/v2/broken/manifests/v1", timeout=30).status_code == 404, \
        "a manifest of a broken push must not be there"
    check_whole(server, layout, tmp_path)


def raw_request(server, method, path, headers):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {server.address}", *[f"{k}: {v}" for k, v in headers.items()], "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("restart", [False, True], ids=["same server", "server killed with -9 between"])
def test_upload_resumes_after_a_cut(server, restart):
    """A PATCH is cut in its middle; the client asks how far it came, and sends the rest from there."""
    data = random.Random(3).randbytes(8 << 20)
    location = server.request("POST", "/v2/resumed/blobs/uploads/").headers["Location"].removeprefix(server.url)
    answer = server.request("PATCH", location, data=data[:2 << 20],
                            headers={"Content-Type": "application/octet-stream", "Content-Range": f"0-{(2 << 20) - 1}"})
    assert answer.status_code == 202, answer.text
    location = answer.headers["Location"].removeprefix(server.url)

    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(raw_request(server, "PATCH", location, {
            "Content-Type": "application/octet-stream", "Content-Length": 4 << 20,
            "Content-Range": f"{2 << 20}-{(6 << 20) - 1}"}) + data[2 << 20:4 << 20])
        time.sleep(0.3)
    if restart:
        server.kill()
        server.start()
    deadline = time.monotonic() + 30
    while True:
        status = server.request("GET", location)
        if status.status_code == 204 or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert status.status_code == 204, status.text
    reached = int(status.headers["Range"].split("-")[1]) + 1
    assert reached >= 2 << 20, "an acknowledged chunk was lost"
    location = status.headers.get("Location", location).removeprefix(server.url)
    answer = server.request("PATCH", location, data=data[reached:], headers={
        "Content-Type": "application/octet-stream", "Content-Range": f"{reached}-{len(data) - 1}"})
    assert answer.status_code == 202, answer.text
    location = answer.headers["Location"].removeprefix(server.url)
    separator = "&" if "?" in location else "?"
    answer = server.request("PUT", f"{location}{separator}digest={digest_of(data)}")
    assert answer.status_code == 201, answer.text
    assert server.request("GET", f"/v2/resumed/blobs/{digest_of(data)}").content == data


@pytest.mark.parametrize("framing", ["with a length", "chunked"])
@pytest.mark.parametrize("size", [0, 10, 100_000, 3_000_000])
def test_hangup_in_the_middle_is_seen_at_once(server, framing, size):
    """The client's end comes together with its last bytes. The server must not wait for more: a stop would wait, too."""
    location = server.request("POST", "/v2/hangup/blobs/uploads/").headers["Location"].removeprefix(server.url)
    length = {"Content-Length": size + 1000} if framing == "with a length" else {"Transfer-Encoding": "chunked"}
    chunk = b"" if framing == "with a length" else b"%x\r\n" % (size + 1000)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(raw_request(server, "PATCH", location, {"Content-Type": "application/octet-stream", **length}) +
                           chunk + bytes(size))
        connection.shutdown(socket.SHUT_RDWR)
    deadline = time.monotonic() + 20
    while "assay_http_requests_in_flight 1\n" not in server.request("GET", "/metrics").text:  # the one that asks
        assert time.monotonic() < deadline, "the request is still in flight"
        time.sleep(0.02)


class Pusher:
    """Pushes small images without end and keeps what the server acknowledged: {digest: bytes} and
    {tag: digest}."""

    def __init__(self, server, number):
        self.server, self.random = server, random.Random(number)
        self.name_of_repository, self.stopped = f"killed/{number}", threading.Event()
        self.blobs, self.tags, self.checked = {}, {}, set()

    def push_blob(self, session, data):
        digest = digest_of(data)
        answer = session.post(f"{self.server.url}/v2/{self.name_of_repository}/blobs/uploads/", timeout=20)
        location = answer.headers["Location"]
        location = location if location.startswith("http") else self.server.url + location
        answer = session.put(f"{location}{'&' if '?' in location else '?'}digest={digest}", data=data, timeout=20)
        if answer.status_code == 201:
            self.blobs[digest] = data
        return {"mediaType": "application/octet-stream", "digest": digest, "size": len(data)}

    def push_image(self, session):
        layer = self.push_blob(session, self.random.randbytes(self.random.choice([100, 40_000, 900_000])))
        config = self.push_blob(session, json.dumps({"number": self.random.random()}).encode())
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).encode()
        tag = f"t{self.random.randrange(10 ** 9)}"
        answer = session.put(f"{self.server.url}/v2/{self.name_of_repository}/manifests/{tag}", data=manifest,
                             headers={"Content-Type": MANIFEST}, timeout=20)
        if answer.status_code == 201:
            self.tags[tag] = digest_of(manifest)

    def run(self):
        session = requests.Session()
        while not self.stopped.is_set():
            try:
                self.push_image(session)
            except (requests.RequestException, KeyError):
                session = requests.Session()
                time.sleep(0.02)


def check_nothing_lost(server, pusher, everything):
    """What was acknowledged (since the last check, or ever) is there with its bytes."""
    session, base = requests.Session(), f"{server.url}/v2/{pusher.name_of_repository}"
    for digest, data in pusher.blobs.items():
        if everything or digest not in pusher.checked:
            answer = session.get(f"{base}/blobs/{digest}", timeout=30)
            assert answer.status_code == 200 and answer.content == data, f"blob {digest} is lost"
    for tag, digest in pusher.tags.items():
        if everything or tag not in pusher.checked:
            answer = session.get(f"{base}/manifests/{tag}", headers={"Accept": MANIFEST}, timeout=30)
            assert answer.status_code == 200 and digest_of(answer.content) == digest, f"tag {tag} is lost"
    pusher.checked.update(pusher.blobs, pusher.tags)


def test_kill_9_loses_nothing_acknowledged(start_server):
    """80 rounds (`make fault` makes 500): two clients push, the server is killed with -9 at a random moment, and started again;
    each blob, manifest and tag that was acknowledged is there."""
    rounds = int(os.environ.get("ROUNDS", "80"))
    server, moments = start_server(), random.Random(11)
    pushers = [Pusher(server, number) for number in range(2)]
    for number in range(rounds):
        threads = []
        for pusher in pushers:
            pusher.stopped.clear()
            threads.append(threading.Thread(target=pusher.run, daemon=True))
            threads[-1].start()
        time.sleep(moments.uniform(0.02, 0.4))
        server.kill()
        for pusher in pushers:
            pusher.stopped.set()
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive()
        server.start()
        for pusher in pushers:
            check_nothing_lost(server, pusher, everything=number == rounds - 1)
    assert sum(len(pusher.blobs) for pusher in pushers) >= rounds, "too few pushes were acknowledged to show anything"
    assert sum(len(pusher.tags) for pusher in pushers) >= rounds // 2
