"""Push: a 256 MiB layer, durable and with inspection, beside docker-registry, and beside zot and distribution where they are
installed, and what each syncs for it; and how long after its manifest the verdict on an image with a large last layer is there."""
import gzip
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import tarfile
import time

import requests

from measure_pull import BLOB_BYTES, put_blob, put_manifest, random_file
from peers import REGISTRIES, Assay


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


LAST_LAYER_BYTES = 1_000_000_000
GIGABIT = "125M"


def make_last_layer(bench, number):
    """A layer of 1 GB, packed to a third, as programs are: the same file under other names, each a gzip member behind that of its
    header, so that it is made in seconds. Returns path, digest and diff_id."""
    chance = random.Random(number)
    words = [chance.randbytes(size) for size in range(3, 12) for _ in range(2000)]
    body = b"".join(part for _ in range(3000) for part in (*chance.choices(words, k=2300), chance.randbytes(4096)))
    packed, path = gzip.compress(body, 1), bench.folder / "last-layer"
    digest, plain, size, names = hashlib.sha256(), hashlib.sha256(), 0, iter(range(10_000))
    with open(path, "wb") as out:
        while size < LAST_LAYER_BYTES:
            member = tarfile.TarInfo(f"srv/file{next(names)}")
            member.size = len(body)
            padding = bytes(-len(body) % 512)
            for raw, part in ((head := member.tobuf(), gzip.compress(head)), (body, packed), (padding, gzip.compress(padding))):
                plain.update(raw)
                digest.update(part)
                out.write(part)
                size += len(part)
        end = gzip.compress(bytes(1024))
        plain.update(bytes(1024))
        digest.update(end)
        out.write(end)
    return path, f"sha256:{digest.hexdigest()}", f"sha256:{plain.hexdigest()}"


def seconds_to_verdict(peer, layer, repository, rate):
    """From the answer to the manifest's PUT on. The blobs go first, so that the layer is new to each server once only."""
    path, digest, diff_id = layer
    url = f"{peer.url}/v2/{repository}"
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff_id]}}).encode()
    name = f"sha256:{hashlib.sha256(config).hexdigest()}"
    requests.post(f"{url}/blobs/uploads/", params={"digest": name}, data=config, timeout=30).raise_for_status()
    pushed = put_blob(url, path, digest, rate=rate)
    put_manifest(url, (name, len(config)), [(digest, path.stat().st_size)], "v1")
    begun = time.monotonic()
    while True:
        scan = requests.get(f"{peer.url}/api/v1/repositories/{repository}/images", timeout=30).json()["images"][0]["scan"]
        if scan["state"] == "done":
            return time.monotonic() - begun, pushed
        if scan["state"] != "pending":
            raise RuntimeError(f"the image's scan ended as {scan}")
        time.sleep(0.005)


def measure_verdict(bench):
    layer = make_last_layer(bench, 1)
    for rate, what in ((GIGABIT, "pushed at 1 Gbit/s"), (None, "pushed as fast as loopback takes it")):
        taken = []
        for number in range(2 if bench.quick else 3):
            peer = Assay(bench.folder / f"verdict-{rate}-{number}", bench.assay)
            peer.start()
            try:
                taken.append(seconds_to_verdict(peer, layer, "bench", rate))
            finally:
                peer.stop()
                shutil.rmtree(peer.folder)
        verdict, pushed = (statistics.median(column) for column in zip(*taken))
        bench.add(f"verdict after the manifest, last layer of 1 GB {what}", f"{verdict:.2f} s; its PUT took {pushed:.1f} s", "at most 0.2 s",
                  verdict <= 0.2)
    layer[0].unlink()


def measure_layer(bench):
    body, number = make_layer(bench), iter(range(1000))
    peers = {"assay": Assay(bench.folder / "push-assay", bench.assay),
             "assay without fsync": Assay(bench.folder / "push-fast", bench.assay, durable=False),
             **{name: kind(bench.folder / f"push-{name}") for name, kind in REGISTRIES.items() if shutil.which(name)}}
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
        for name, goal in (("docker-registry", 1.5), ("registry", 1.3), ("zot", 1.3)):
            newer = f" beside {name}" if name != "docker-registry" else ""
            if name in peers:
                ratio = rates["assay"] / rates[name]
                bench.add(f"push of a 256 MiB layer, durable, inspection on{newer}", f"{told['assay']}, {told[name]}; {ratio:.2f}x",
                          f"{goal}x", ratio >= goal)
            else:
                bench.add(f"push of a 256 MiB layer, durable, inspection on{newer}", f"{name} is not installed", f"{goal}x", None)
        # docker-registry has no such setting, so that there is nothing to compare it with.
        bench.add("the same without fsync", told["assay without fsync"], "", None)
    finally:
        for peer in peers.values():
            peer.stop()


def measure(bench):
    measure_layer(bench)
    measure_verdict(bench)
