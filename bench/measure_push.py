"""Push: a 256 MiB layer, durable and with inspection, beside docker-registry, and what each syncs for it."""
import gzip
import hashlib
import io
import os
import re
import shutil
import signal
import subprocess
import tarfile

from measure_pull import BLOB_BYTES, put_blob, random_file
from peers import Assay, DockerRegistry


def make_layer(bench):
    """A gzip member that holds most of a layer: one tar of random files, 256 MiB packed."""
    noise, packed = bench.folder / "noise", bench.folder / "layer-body"
    random_file(noise, BLOB_BYTES, 2)
    with gzip.open(packed, "wb", compresslevel=1) as out, tarfile.open(fileobj=out, mode="w|") as archive:
        for number in range(16):
            member = tarfile.TarInfo(f"srv/noise{number}")
            member.size = BLOB_BYTES // 16 - (64 << 10)
            with open(noise, "rb") as file:
                file.seek(number * (BLOB_BYTES // 16))
                archive.addfile(member, file)
    noise.unlink()
    return packed


def make_unique(bench, body, number):
    """The layer of one push: a gzip member with a file of its own, then the body; so no push finds its blob there."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(f"srv/number{number}")
        member.size = 16
        archive.addfile(member, io.BytesIO(os.urandom(16)))
        entry = buffer.getvalue()[:1024]
    path, digest = bench.folder / "layer", hashlib.sha256()
    with open(path, "wb") as out, open(body, "rb") as rest:
        out.write(gzip.compress(entry))
        shutil.copyfileobj(rest, out, 1 << 20)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return path, f"sha256:{digest.hexdigest()}"


def syncs_of(bench, peer, push):
    """How often the server syncs a file or a folder for one push: strace counts."""
    log = bench.folder / "syncs"
    tracer = subprocess.Popen(["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", str(log), "-p", str(peer.process.pid)],
                              stderr=subprocess.PIPE, text=True)
    if "attached" not in tracer.stderr.readline():
        raise RuntimeError("strace cannot attach to the server")
    try:
        push(peer)
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=60)
    return len(re.findall(r"^\d+ +(?:fsync|fdatasync)\(", log.read_text(), re.MULTILINE))


def measure(bench):
    body, number = make_layer(bench), iter(range(1000))
    peers = {"assay": Assay(bench.folder / "push-assay", bench.assay),
             "assay without fsync": Assay(bench.folder / "push-fast", bench.assay, durable=False),
             "docker-registry": DockerRegistry(bench.folder / "push-docker")}
    for peer in peers.values():
        peer.start()

    def push(peer):
        path, digest = make_unique(bench, body, next(number))
        os.sync()
        seconds = put_blob(f"{peer.url}/v2/bench", path, digest)
        peer.wait_until_idle()
        return path.stat().st_size / seconds

    try:
        rates = bench.interleave({name: (lambda peer=peer: push(peer)) for name, peer in peers.items()})
        syncs = {name: syncs_of(bench, peer, push) for name, peer in peers.items()}
        told = {name: f"{name.partition(' ')[0]} {rates[name] / 1e6:.0f} MB/s ({syncs[name]} syncs)" for name in peers}
        ratio = rates["assay"] / rates["docker-registry"]
        bench.add("push of a 256 MiB layer, durable, inspection on", f"{told['assay']}, {told['docker-registry']}; {ratio:.2f}x",
                  "1.5x, aim 2x", ratio >= 1.5)
        # docker-registry has no such setting, so that there is nothing to compare it with.
        bench.add("the same without fsync", told["assay without fsync"], "", None)
    finally:
        for peer in peers.values():
            peer.stop()
