"""Small images: pushes of a 4 KB layer, its config and manifest, durable and inspected, by one client and by sixteen at once;
what a push costs the server; DELETE of many. Beside docker-registry, and zot and distribution where they are installed."""
import contextlib
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from pathlib import Path

from peers import REGISTRIES, Assay

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CLIENTS = 16
DELETERS = (1, 4, 16)


class Client:
    """One connection that is kept, and nothing between the bytes and the socket: the clients share the server's cores."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def ask(self, method, path, body=b"", kind="application/octet-stream", expected=()):
        """The Location of the answer."""
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        while b"\r\n\r\n" not in self.buffer:
            self.receive()
        answer, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status = int(answer.split(b" ", 2)[1])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", answer)
        left = int(length.group(1)) if length and method != "HEAD" else 0
        while len(self.buffer) < left:
            self.receive()
        text, self.buffer = self.buffer[:left], self.buffer[left:]
        if status not in expected:
            raise RuntimeError(f"{method} {path}: {status}: {text[:200]}")
        location = re.search(rb"(?i)\r\nlocation: *([^\r]+)", answer)
        return re.sub("^http://[^/]+", "", location.group(1).decode()) if location else None

    def receive(self):
        more = self.socket.recv(65536)
        if not more:
            raise RuntimeError("the server has closed the connection")
        self.buffer += more

    def push_blob(self, repository, data):
        """As skopeo does: is it there, a session, the bytes, the end."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.ask("HEAD", f"/v2/{repository}/blobs/{digest}", expected=(404,))
        location = self.ask("POST", f"/v2/{repository}/blobs/uploads/", expected=(202,))
        location = self.ask("PATCH", location, data, expected=(202,))
        self.ask("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", expected=(201,))
        return {"digest": digest, "size": len(data)}

    def push_image(self, repository, tag, image):
        config, layer = image
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **self.push_blob(repository, config)},
                    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **self.push_blob(repository, layer)}]}
        text = json.dumps(manifest).encode()
        self.ask("PUT", f"/v2/{repository}/manifests/{tag}", text, MANIFEST, (201,))
        return f"sha256:{hashlib.sha256(text).hexdigest()}"


def make_image():
    """(config, layer): 4 KB that do not compress, and no two alike."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("srv/noise")
        member.size = 4096
        archive.addfile(member, io.BytesIO(os.urandom(4096)))
    config = {"architecture": "amd64", "os": "linux", "config": {"Labels": {"n": os.urandom(8).hex()}},
              "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(buffer.getvalue()).hexdigest()}"]}}
    return json.dumps(config).encode(), gzip.compress(buffer.getvalue(), 1)


def run_clients(work, parts):
    """Each of @parts in a process of its own; the seconds from when all were ready to when the last one ended, and what each gave."""
    context = multiprocessing.get_context("fork")
    ready, answers = context.Barrier(len(parts) + 1), context.Queue()

    def run(part):
        try:
            ready.wait()
            answers.put(work(*part))
        except Exception as error:  # told by the parent
            answers.put(error)

    clients = [context.Process(target=run, args=(part,)) for part in parts]
    for client in clients:
        client.start()
    ready.wait()
    begun = time.monotonic()
    results = [answers.get(timeout=300) for _ in clients]
    seconds = time.monotonic() - begun
    for client in clients:
        client.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return seconds, results


def push_some(port, repository, first, images):
    client = Client(port)
    return [(repository, client.push_image(repository, f"v{first + number}", image)) for number, image in enumerate(images)]


def delete_some(port, images):
    client = Client(port)
    for repository, digest in images:
        client.ask("DELETE", f"/v2/{repository}/manifests/{digest}", expected=(202,))


class Load:
    """Pushes to one peer, and what was pushed."""

    def __init__(self, peer):
        self.peer, self.pushed = peer, []

    def push(self, clients, count):
        """Images a second; each client has a repository of its own."""
        parts = [(self.peer.port, f"small/c{number}", len(self.pushed), [make_image() for _ in range(count // clients)])
                 for number in range(clients)]
        seconds, results = run_clients(push_some, parts)
        self.pushed += [image for result in results for image in result]
        return count / seconds

    def delete(self, clients, count):
        """Of what was pushed so many images, by so many clients; images a second."""
        images, self.pushed = self.pushed[:count], self.pushed[count:]
        seconds, _ = run_clients(delete_some, [(self.peer.port, images[number::clients]) for number in range(clients)])
        return len(images) / seconds


def cpu_seconds(pid):
    """Of the process, of those below it, and of those that they waited for: workers are forked from a process of their own."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    below = [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK") + sum(map(cpu_seconds, below))


def cost(load, count):
    """Milliseconds of the processor an image."""
    load.peer.wait_until_idle()
    before = cpu_seconds(load.peer.process.pid)
    load.push(1, count)
    load.peer.wait_until_idle()
    return (cpu_seconds(load.peer.process.pid) - before) / count * 1000


def syncs(bench, load, count):
    """How often the server syncs an image that one client pushes: strace counts."""
    log = bench.folder / "small-syncs"
    tracer = subprocess.Popen(["strace", "-f", "-e", "trace=fsync,fdatasync,syncfs", "-o", str(log), "-p", str(load.peer.process.pid)],
                              stderr=subprocess.PIPE, text=True)
    if "attached" not in tracer.stderr.readline():
        raise RuntimeError("strace cannot attach to the server")
    try:
        load.push(1, count)
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=60)
    return len(re.findall(r"^\d+ +(?:fsync|fdatasync|syncfs)\(", log.read_text(), re.MULTILINE)) / count


def told(figures, unit, ours="assay"):
    """All figures, and how many times as good ours is as the best of the others."""
    best = max((name for name in figures if name != ours), key=lambda name: figures[name])
    ratio = figures[ours] / figures[best]
    return f"{', '.join(f'{name} {figure:.0f}{unit}' for name, figure in figures.items())}; {ratio:.2f}x {best}", ratio


def measure(bench):
    one, many = (20, 64) if bench.quick else (60, 320)
    present = {name: kind for name, kind in REGISTRIES.items() if shutil.which(name)}
    absent = "".join(f"; {name} is not installed" for name in REGISTRIES if name not in present)
    with contextlib.ExitStack() as stack:
        loads = {"assay": Load(Assay(bench.folder / "small-assay", bench.assay))}
        loads |= {name: Load(kind(bench.folder / f"small-{name}")) for name, kind in present.items()}
        for load in loads.values():
            load.peer.start()
            stack.callback(load.peer.stop)
        for clients, count, goal in ((1, one, 2.5), (CLIENTS, many, 5)):
            figures = bench.interleave({name: (lambda load=load: load.push(clients, count)) for name, load in loads.items()})
            text, ratio = told(figures, "/s")
            bench.add(f"push of small images, durable, inspection on, {clients} client{'s' if clients > 1 else ''}", text + absent,
                      f"{goal}x", ratio >= goal)
        counts = {name: syncs(bench, load, one) for name, load in loads.items()}
        bench.add("syncs an image that one client pushes", ", ".join(f"{name} {count:.1f}" for name, count in counts.items()),
                  "at most 5", counts["assay"] <= 5)
        costs = bench.interleave({name: (lambda load=load: cost(load, one)) for name, load in loads.items()}, 3)
        bench.add("server CPU an image, workers included", ", ".join(f"{name} {figure:.1f} ms" for name, figure in costs.items()),
                  "at most 5 ms", costs["assay"] <= 5)
        for load in loads.values():
            while len(load.pushed) < 1000 and not bench.quick:
                load.push(CLIENTS, many)
            load.peer.wait_until_idle()
        for clients in DELETERS:
            rates = {name: load.delete(clients, len(load.pushed) // (len(DELETERS) - DELETERS.index(clients)))
                     for name, load in loads.items()}
            text, ratio = told(rates, "/s")
            bench.add(f"DELETE of images, durable, {clients} client{'s' if clients > 1 else ''}", text + absent, "8x", ratio >= 8)
