"""Memory: the server's resident size when idle, and with 500 pulls of a large blob under way."""
import socket
import time

from measure_pull import random_file, put_blob
from peers import Assay

PULLS = 500
BLOB_BYTES = 64 << 20


def start_pull(port, digest):
    """A client that asks for the blob and reads a little of it, slowly."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.sendall(f"GET /v2/bench/blobs/{digest} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"pull refused: {answer[:100]!r}")
    return connection


def peak_of_slow_pulls(assay, pulls):
    """MiB while each of these connections, which pull, takes a little at a time; they are closed."""
    peak = 0
    for _ in range(10):
        for pull in pulls:
            pull.recv(65536)
        peak = max(peak, assay.resident() / 1048576)
    for pull in pulls:
        pull.close()
    return peak


def measure(bench):
    blob = bench.folder / "memory-blob"
    digest = random_file(blob, BLOB_BYTES, 3)
    assay = Assay(bench.folder / "memory", bench.assay).start()
    try:
        time.sleep(2)
        idle = assay.resident() / 1048576
        bench.add("resident memory, idle after start", f"{idle:.1f} MiB", "at most 30 MiB", idle <= 30)
        put_blob(f"{assay.url}/v2/bench", blob, digest)
        assay.wait_until_idle()
        peak = peak_of_slow_pulls(assay, [start_pull(assay.port, digest) for _ in range(PULLS)])
        bench.add(f"resident memory, {PULLS} concurrent pulls", f"{peak:.1f} MiB", "at most 64 MiB", peak <= 64)
    finally:
        assay.stop()
