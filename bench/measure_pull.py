"""Pull: a 256 MiB blob by one and by eight clients, and manifests, beside nginx and docker-registry (manifests also beside zot,
where it is installed); blobs also with one congestion control for all, in a network of their own.

nginx serves the very file of the blob store: two copies of a file may lie differently in the page cache, which alone makes
a tenth."""
import ctypes
import hashlib
import json
import multiprocessing
import random
import re
import shutil
import subprocess
from pathlib import Path

import requests

from peers import REGISTRIES, Assay, BareHandler, Nginx

BLOB_BYTES = 256 << 20
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def random_file(path, size, seed):
    """Bytes that do not compress, the same for the same seed; returns their digest."""
    generator, digest = random.Random(seed), hashlib.sha256()
    with open(path, "wb") as file:
        for _ in range(size >> 20):
            chunk = generator.randbytes(1 << 20)
            digest.update(chunk)
            file.write(chunk)
    return f"sha256:{digest.hexdigest()}"


def put_blob(url, path, digest, verify=True, rate=None):
    """One upload, as skopeo does it: POST, then one streamed PUT by curl. @verify: a file of the authority of its certificate.
    @rate: bytes a second at most, as curl writes it. Returns the seconds of the PUT."""
    location = requests.post(f"{url}/blobs/uploads/", timeout=30, verify=verify).headers["Location"]
    location = location if location.startswith("http") else url.partition("/v2/")[0] + location
    separator = "&" if "?" in location else "?"
    trusted = [] if verify is True else ["--cacert", verify]
    paced = [] if rate is None else ["--limit-rate", rate]
    result = subprocess.run(["curl", "-sS", *trusted, *paced, "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "-X", "PUT", "-H",
                             "Content-Type: application/octet-stream", "-H", "Expect:", "-T", str(path),
                             f"{location}{separator}digest={digest}"], stdout=subprocess.PIPE, text=True, check=True)
    code, seconds = result.stdout.split()
    if code != "201":
        raise RuntimeError(f"PUT of {path} to {url}: HTTP {code}")
    return float(seconds)


def put_manifest(url, config, layers, tag, session=requests):
    """An image manifest of blobs that are there: (digest, size) each. Returns its bytes."""
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config[0], "size": config[1]},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": size}
                   for digest, size in layers]}).encode()
    session.put(f"{url}/manifests/{tag}", data=manifest, headers={"Content-Type": MANIFEST},
                 timeout=30).raise_for_status()
    return manifest


def requests_per_second(url, clients, seconds, accept=None, others=None):
    """GETs by wrk."""
    wanted = {**({"Accept": accept} if accept else {}), **(others or {})}
    headers = [word for name, value in wanted.items() for word in ("-H", f"{name}: {value}")]
    text = subprocess.run(["wrk", f"-t{min(clients, 2)}", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", *headers,
                           url], stdout=subprocess.PIPE, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(f"{url} answers with errors:\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))


def bytes_per_second(bench, peer, path, clients):
    """A large body, again and again, by pull-load."""
    return float(subprocess.run([str(bench.pull_load), str(peer.port), path, str(clients), str(bench.seconds)],
                                stdout=subprocess.PIPE, text=True, check=True).stdout)


class Registries:
    """Assay, docker-registry, nginx, the bare handler, and zot where it is installed, with one image in each; a context that
    stops them."""

    def __init__(self, bench):
        blob, config = bench.folder / "blob", bench.folder / "config"
        self.digest = random_file(blob, BLOB_BYTES, 1)
        config.write_text('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}')
        config_digest = f"sha256:{hashlib.sha256(config.read_bytes()).hexdigest()}"
        self.assay = Assay(bench.folder / "assay", bench.assay)
        others = {name: kind(bench.folder / name) for name, kind in REGISTRIES.items() if shutil.which(name)}
        self.docker, self.zot = others["docker-registry"], others.get("zot")
        for peer in filter(None, (self.assay, self.docker, self.zot)):
            peer.start()
            put_blob(f"{peer.url}/v2/bench", blob, self.digest)
            put_blob(f"{peer.url}/v2/bench", config, config_digest)
            manifest = put_manifest(f"{peer.url}/v2/bench", (config_digest, config.stat().st_size), [(self.digest, BLOB_BYTES)], "v1")
            requests.get(f"{peer.url}/v2/bench/manifests/v1", headers={"Accept": MANIFEST}, timeout=60).raise_for_status()
        self.stored = self.assay.data / "blobs/sha256" / self.digest[7:9] / self.digest[7:]
        self.nginx = Nginx(bench.folder / "nginx", self.stored.parent).start()
        self.bare = BareHandler(bench.folder / "bare", bench.bare, len(manifest)).start()
        self.assay.wait_until_idle()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for peer in filter(None, (self.assay, self.docker, self.zot, self.nginx, self.bare)):
            peer.stop()


def measure_blobs(bench, peers, how=""):
    goal = "at least nginx and docker-registry" if not how else ""
    for clients in (1, 8):
        rates = bench.interleave({
            "assay": lambda: bytes_per_second(bench, peers.assay, f"/v2/bench/blobs/{peers.digest}", clients),
            "nginx": lambda: bytes_per_second(bench, peers.nginx, f"/{peers.stored.name}", clients),
            "docker-registry": lambda: bytes_per_second(bench, peers.docker, f"/v2/bench/blobs/{peers.digest}", clients)})
        bench.add(f"pull of a 256 MiB blob, {clients} client{'s' if clients > 1 else ''}{how}",
                  ", ".join(f"{name} {rate / 1e9:.2f} GB/s" for name, rate in rates.items()) +
                  f"; {rates['assay'] / rates['nginx']:.2f}x nginx, {rates['assay'] / rates['docker-registry']:.2f}x docker-registry",
                  goal, rates["assay"] >= max(rates["nginx"], rates["docker-registry"]) if goal else None)


def measure_manifests(bench, peers):
    def asked(peer, clients):
        return lambda: requests_per_second(f"{peer.url}/v2/bench/manifests/v1", clients, bench.seconds, MANIFEST)
    rates = bench.interleave({
        "assay": asked(peers.assay, 16), "docker-registry": asked(peers.docker, 16),
        "bare libmicrohttpd": lambda: requests_per_second(f"{peers.bare.url}/", 16, bench.seconds)})
    ratio, bare = rates["assay"] / rates["docker-registry"], rates["assay"] / rates["bare libmicrohttpd"]
    told = ", ".join(f"{name} {rate:,.0f}/s" for name, rate in rates.items())
    bench.add("manifest GET by tag, 16 clients", f"{told}; {ratio:.1f}x docker-registry (the bare handler {ratio / bare:.1f}x)",
              "20x docker-registry", ratio >= 20)
    bench.add("the same beside the bare handler", f"{bare:.2f}x", "at least 0.5x", bare >= 0.5)
    what = "manifest GET by tag, 1 client, beside zot"
    if peers.zot is None:
        bench.add(what, "zot is not installed", "4x", None)
        return
    rates = bench.interleave({"assay": asked(peers.assay, 1), "zot": asked(peers.zot, 1)})
    ratio = rates["assay"] / rates["zot"]
    bench.add(what, f"{', '.join(f'{name} {rate:,.0f}/s' for name, rate in rates.items())}; {ratio:.1f}x", "4x", ratio >= 4)


# --- with one congestion control for all ---

NEW_NETWORK, PR_CAPBSET_DROP, CAP_NET_ADMIN = 0x40000000, 24, 12


def enter_own_network():
    """A network of this process and its children alone, with one congestion control: its name. It is the one that Assay asks for
    on loopback: cubic; where a namespace may not have that, reno, as what starts without CAP_NET_ADMIN gets no other there."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "a network namespace of our own is refused")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    setting = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    try:
        setting.write_text("cubic")
    except OSError:
        setting.write_text("reno")
        libc.prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0)
    return setting.read_text().strip()


def measure_in_own_network(bench, rows):
    """In a process of its own; what it adds goes into the queue."""
    try:
        congestion = enter_own_network()
    except OSError as error:
        rows.put([("pull, one congestion control for all", f"not measured: {error}", "", "-")])
        return
    bench.rows = []
    with Registries(bench) as peers:
        measure_blobs(bench, peers, f", {congestion} for all")
    rows.put(bench.rows)


def measure(bench):
    with Registries(bench) as peers:
        measure_blobs(bench, peers)
        measure_manifests(bench, peers)
    for leftover in list(bench.folder.iterdir()):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    rows = multiprocessing.Queue()
    process = multiprocessing.Process(target=measure_in_own_network, args=(bench, rows))
    process.start()
    try:
        bench.rows += rows.get(timeout=900)
    finally:
        process.join(timeout=60)
