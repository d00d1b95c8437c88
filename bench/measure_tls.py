"""TLS: a 1 GiB blob by 1, 8 and 64 clients beside nginx, zot and distribution (where they are installed); a push beside a plain
one; the memory that many slow pulls take.

All have the same certificate and one cipher (TLS 1.3, AES-128-GCM); the load decrypts on the same cores."""
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import time
from pathlib import Path

import requests

from measure_memory import BLOB_BYTES as SLOW_BYTES, PULLS, peak_of_slow_pulls
from measure_pull import put_blob, random_file
from peers import Assay, Distribution, Nginx, Zot

PULL_BYTES, PUSH_BYTES = 1 << 30, 256 << 20
CLOCK = os.sysconf("SC_CLK_TCK")


def make_certificate(folder):
    paths = folder / "tls.crt", folder / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                   check=True, stderr=subprocess.DEVNULL)
    return paths


def processor_seconds(pid):
    """Of a process and its children, as nginx has workers."""
    pids, total = [str(pid)], 0
    pids += subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split()
    for one in pids:
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK


def pull(bench, peer, path, clients):
    """(bytes a second, the server's processor seconds a GB)"""
    before, started = processor_seconds(peer.process.pid), time.monotonic()
    rate = float(subprocess.run([str(bench.pull_load), str(peer.port), path, str(clients), str(bench.seconds), "tls"],
                                stdout=subprocess.PIPE, text=True, check=True).stdout)
    used = processor_seconds(peer.process.pid) - before
    return rate, used / (rate * (time.monotonic() - started) / 1e9)


def measure_pulls(bench, peers, absent):
    """@peers: {name: (peer, path)}"""
    for clients in (1, 8, 64):
        taken = {name: [] for name in peers}
        for _ in range(bench.rounds):
            for name, (peer, path) in peers.items():
                taken[name].append(pull(bench, peer, path, clients))
        rates, used = ({name: statistics.median(each[part] for each in values) for name, values in taken.items()} for part in (0, 1))
        ratio = rates["assay"] / rates["nginx"]
        bench.add(f"pull of a 1 GiB blob over TLS, {clients} client{'s' if clients > 1 else ''}",
                  ", ".join(f"{name} {rate / 1e6:.0f} MB/s" for name, rate in rates.items()) + f"; {ratio:.2f}x nginx{absent}",
                  "at least 0.95x nginx", ratio >= 0.95)
        bench.add(f"the server's processor time of that, {clients} client{'s' if clients > 1 else ''}",
                  ", ".join(f"{name} {seconds:.2f} s a GB" for name, seconds in used.items()), "at most 0.7 s a GB",
                  used["assay"] <= 0.7)


def measure_pushes(bench, secure, plain):
    blob = bench.folder / "push"

    def push(peer):
        digest = random_file(blob, PUSH_BYTES, time.monotonic_ns())
        seconds = put_blob(f"{peer.url}/v2/bench", blob, digest, peer.verify)
        peer.wait_until_idle()
        return PUSH_BYTES / seconds
    rates = bench.interleave({"over TLS": lambda: push(secure), "plain": lambda: push(plain)})
    ratio = rates["over TLS"] / rates["plain"]
    bench.add("push of a 256 MiB blob over TLS", ", ".join(f"{name} {rate / 1e6:.0f} MB/s" for name, rate in rates.items()) +
              f"; {ratio:.2f}x", "at least 0.8x of plain", ratio >= 0.8)


def start_pull(context, port, digest):
    """As in measure_memory.py, over TLS."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    plain.settimeout(60)
    plain.connect(("127.0.0.1", port))
    line = context.wrap_socket(plain, server_hostname="127.0.0.1")
    line.sendall(f"GET /v2/bench/blobs/{digest} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    if not line.recv(4096).startswith(b"HTTP/1.1 200"):
        raise RuntimeError("pull refused")
    return line


def measure_slow_pulls(bench, pair):
    assay = Assay(bench.folder / "slow", bench.assay, pair=pair).start()
    blob = bench.folder / "slow-blob"
    digest = random_file(blob, SLOW_BYTES, 3)
    put_blob(f"{assay.url}/v2/bench", blob, digest, assay.verify)
    assay.wait_until_idle()
    context = ssl.create_default_context(cafile=str(pair[0]))
    peak = peak_of_slow_pulls(assay, [start_pull(context, assay.port, digest) for _ in range(PULLS)])
    assay.stop()
    bench.add(f"resident memory, {PULLS} concurrent pulls over TLS", f"{peak:.1f} MiB", "at most 128 MiB", peak <= 128)


def measure(bench):
    pair = make_certificate(bench.folder)
    blob = bench.folder / "blob"
    digest = random_file(blob, PULL_BYTES, 1)
    secure = Assay(bench.folder / "assay", bench.assay, pair=pair).start()
    path = f"/v2/bench/blobs/{digest}"
    peers, absent = {"assay": (secure, path)}, []
    stored = secure.data / "blobs/sha256" / digest[7:9] / digest[7:]
    for kind, program in ((Zot, "zot"), (Distribution, "registry")):
        if shutil.which(program):
            peers[kind.name] = kind(bench.folder / program, pair=pair).start(), path
        else:
            absent.append(program)
    for peer, _ in peers.values():
        put_blob(f"{peer.url}/v2/bench", blob, digest, peer.verify)
        requests.head(f"{peer.url}{path}", verify=peer.verify, timeout=60).raise_for_status()
    secure.wait_until_idle()
    peers["nginx"] = Nginx(bench.folder / "nginx", stored.parent, pair=pair).start(), f"/{stored.name}"
    measure_pulls(bench, peers, f" ({' and '.join(absent)} not on this machine)" if absent else "")
    for peer, _ in list(peers.values())[1:]:
        peer.stop()
    measure_pushes(bench, secure, Assay(bench.folder / "plain", bench.assay).start())
    measure_slow_pulls(bench, pair)
