"""Pull: a 256 MiB blob by one and by eight clients, and manifests, beside nginx and docker-registry.

nginx serves the very file of the blob store: two copies of a file may lie differently in the page cache, which alone makes
a tenth."""
import hashlib
import json
import random
import re
import subprocess

import requests

from peers import Assay, BareHandler, DockerRegistry, Nginx

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


def put_blob(url, path, digest):
    """One upload, as skopeo does it: POST, then one streamed PUT by curl. Returns the seconds of the PUT."""
    location = requests.post(f"{url}/blobs/uploads/", timeout=30).headers["Location"]
    location = location if location.startswith("http") else url.partition("/v2/")[0] + location
    separator = "&" if "?" in location else "?"
    result = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "-X", "PUT", "-H",
                             "Content-Type: application/octet-stream", "-H", "Expect:", "-T", str(path),
                             f"{location}{separator}digest={digest}"], stdout=subprocess.PIPE, text=True, check=True)
    code, seconds = result.stdout.split()
    if code != "201":
        raise RuntimeError(f"PUT of {path} to {url}: HTTP {code}")
    return float(seconds)


def put_manifest(url, config, layers, tag):
    """An image manifest of blobs that are there: (digest, size) each. Returns its bytes."""
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config[0], "size": config[1]},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": size}
                   for digest, size in layers]}).encode()
    requests.put(f"{url}/manifests/{tag}", data=manifest, headers={"Content-Type": MANIFEST},
                 timeout=30).raise_for_status()
    return manifest


def requests_per_second(url, clients, seconds, accept=None):
    """GETs by wrk."""
    headers = ["-H", f"Accept: {accept}"] if accept else []
    text = subprocess.run(["wrk", f"-t{min(clients, 2)}", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", *headers,
                           url], stdout=subprocess.PIPE, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(f"{url} answers with errors:\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))


def bytes_per_second(bench, peer, path, clients):
    """A large body, again and again, by pull-load."""
    return float(subprocess.run([str(bench.pull_load), str(peer.port), path, str(clients), str(bench.seconds)],
                                stdout=subprocess.PIPE, text=True, check=True).stdout)


def measure(bench):
    blob = bench.folder / "blob"
    digest = random_file(blob, BLOB_BYTES, 1)
    config = bench.folder / "config"
    config.write_text('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}')
    config_digest = f"sha256:{hashlib.sha256(config.read_bytes()).hexdigest()}"

    registries = [Assay(bench.folder / "assay", bench.assay), DockerRegistry(bench.folder / "docker")]
    for peer in registries:
        peer.start()
        put_blob(f"{peer.url}/v2/bench", blob, digest)
        put_blob(f"{peer.url}/v2/bench", config, config_digest)
        manifest = put_manifest(f"{peer.url}/v2/bench", (config_digest, config.stat().st_size), [(digest, BLOB_BYTES)],
                                "v1")
        requests.get(f"{peer.url}/v2/bench/manifests/v1", headers={"Accept": MANIFEST}, timeout=60).raise_for_status()
    assay, docker = registries
    stored = assay.data / "blobs/sha256" / digest[7:9] / digest[7:]
    nginx = Nginx(bench.folder / "nginx", stored.parent).start()
    bare = BareHandler(bench.folder / "bare", bench.bare, len(manifest)).start()
    assay.wait_until_idle()
    try:
        for clients in (1, 8):
            rates = bench.interleave({
                "assay": lambda: bytes_per_second(bench, assay, f"/v2/bench/blobs/{digest}", clients),
                "nginx": lambda: bytes_per_second(bench, nginx, f"/{stored.name}", clients),
                "docker-registry": lambda: bytes_per_second(bench, docker, f"/v2/bench/blobs/{digest}", clients)})
            bench.add(f"pull of a 256 MiB blob, {clients} client{'s' if clients > 1 else ''}",
                      ", ".join(f"{name} {rate / 1e9:.2f} GB/s" for name, rate in rates.items()) +
                      f"; {rates['assay'] / rates['nginx']:.2f}x nginx, "
                      f"{rates['assay'] / rates['docker-registry']:.2f}x docker-registry",
                      "at least nginx and docker-registry",
                      rates["assay"] >= max(rates["nginx"], rates["docker-registry"]))
        rates = bench.interleave({
            "assay": lambda: requests_per_second(f"{assay.url}/v2/bench/manifests/v1", 16, bench.seconds, MANIFEST),
            "docker-registry": lambda: requests_per_second(f"{docker.url}/v2/bench/manifests/v1", 16, bench.seconds,
                                                           MANIFEST),
            "bare libmicrohttpd": lambda: requests_per_second(f"{bare.url}/", 16, bench.seconds)})
        ratio = rates["assay"] / rates["docker-registry"]
        bench.add("manifest GET by tag, 16 clients", ", ".join(f"{name} {rate:,.0f}/s" for name, rate in rates.items()) +
                  f"; {ratio:.1f}x docker-registry (the bare handler "
                  f"{rates['bare libmicrohttpd'] / rates['docker-registry']:.1f}x)", "20x docker-registry", ratio >= 20)
    finally:
        for peer in (assay, docker, nginx, bare):
            peer.stop()
