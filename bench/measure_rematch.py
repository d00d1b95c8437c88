"""Rematch: stored images after a change of the advisories, and what one image costs when many are stored."""
import concurrent.futures
import gzip
import hashlib
import http.client
import io
import json
import random
import re
import shutil
import statistics
import subprocess
import tarfile
import time
import urllib.parse

import requests

from measure_pull import MANIFEST
from measure_scan import advisory_database
from peers import Assay

PACKAGES_PER_LAYER = 100
# An image is one layer of each group: 300 packages, of about 19,000 different ones in all.
GROUPS = (40, 50, 100)
CLIENTS = 8
SAMPLE = 40
OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'


def real_packages():
    """Stanzas of what the machine's apt could install, in dpkg's form: real names, sources and versions."""
    stanzas = {}
    for stanza in subprocess.run(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Architecture|Source): (.*)$", stanza, re.MULTILINE))
        if {"Package", "Version", "Architecture"} <= fields.keys():
            stanzas[fields["Package"]] = "".join(f"{name}: {value}\n" for name, value in fields.items()) + \
                "Status: install ok installed\n"
    names = sorted(stanzas)
    random.Random(1).shuffle(names)
    return [(name, stanzas[name]) for name in names]


def make_layer(packages, with_os):
    """A layer as distroless images have them, a file a package: (digest, bytes, diff_id)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        files = [(f"var/lib/dpkg/status.d/{name}", stanza.encode()) for name, stanza in packages]
        for path, content in ([("etc/os-release", OS_RELEASE)] if with_os else []) + files:
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    plain = buffer.getvalue()
    packed = gzip.compress(plain, 1)
    return digest_of(packed), packed, digest_of(plain)


def digest_of(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def make_groups():
    """The groups' packages do not overlap, so that each image has all of its 300; a group's layers draw with overlap."""
    pool, groups, generator = real_packages(), [], random.Random(2)
    share = len(pool) // len(GROUPS)
    for number, count in enumerate(GROUPS):
        mine = pool[number * share:(number + 1) * share]
        groups.append([make_layer(generator.sample(mine, PACKAGES_PER_LAYER), number == 0) for _ in range(count)])
    return groups


class Pusher:
    """A client over one kept connection."""

    def __init__(self, assay):
        self.connection = http.client.HTTPConnection("127.0.0.1", assay.port, timeout=120)

    def request(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body=body, headers=headers or {})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: HTTP {answer.status} {content[:200]!r}")
        return answer

    def push_blob(self, digest, content):
        self.request("POST", f"/v2/bench/blobs/uploads/?digest={digest}", content,
                     {"Content-Type": "application/octet-stream"})

    def push_image(self, groups, number):
        """Image @number: its config and its manifest; the layers are there. Its tag is i@number."""
        layers = []
        for group in groups:
            number, index = divmod(number, len(group))
            layers.append(group[index])
        tag = "i" + "-".join(digest[7:15] for digest, _, _ in layers)
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
            "type": "layers", "diff_ids": [diff_id for _, _, diff_id in layers]}}).encode()
        self.push_blob(digest_of(config), config)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(config),
                       "size": len(config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest,
                        "size": len(packed)} for digest, packed, _ in layers]}).encode()
        self.request("PUT", f"/v2/bench/manifests/{tag}", manifest, {"Content-Type": MANIFEST})
        return tag


def metric(assay, name):
    text = requests.get(f"{assay.url}/metrics", timeout=60).text
    return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE).group(1))


def wait_for(assay, name, value, seconds):
    """The moment at which a metric had reached the value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if metric(assay, name) >= value:
            return time.monotonic()
        time.sleep(0.02)
    raise RuntimeError(f"{name} did not reach {value} within {seconds} s")


def seed(assay, groups, first, last):
    """Pushes the images first..last-1 from several clients and waits until they are scanned."""
    assay.start()
    before = metric(assay, "assay_images_scanned_total")

    def push_share(share):
        pusher = Pusher(assay)
        for number in range(first + share, last, CLIENTS):
            pusher.push_image(groups, number)

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(push_share, range(CLIENTS)))
    wait_for(assay, "assay_images_scanned_total", before + last - first, 600)
    # What is measured next is one more image, not how the rest of so many is judged meanwhile.
    wait_until_judged(assay)
    assay.stop()


def cost_of_one(assay, groups, first, count):
    """(milliseconds of a push with its scan, milliseconds of a first GET by tag), durable, one client."""
    assay.start()
    pusher, before, tags = Pusher(assay), metric(assay, "assay_images_scanned_total"), []
    started = time.monotonic()
    for number in range(first, first + count):
        tags.append(pusher.push_image(groups, number))
    pushed = wait_for(assay, "assay_images_scanned_total", before + count, 60) - started
    # Else the pulls would be of a server that is still judging these images, on the same two cores.
    wait_until_judged(assay)
    times = []
    for tag in tags:
        started = time.monotonic()
        pusher.request("GET", f"/v2/bench/manifests/{tag}", None, {"Accept": MANIFEST})
        times.append(time.monotonic() - started)
    assay.stop()
    return pushed * 1000 / count, statistics.median(times) * 1000


def rematch(assay, database):
    """Seconds from the moment a new database lies there until every image is counted by it."""
    before, place = metric(assay, "assay_rematches_total"), assay.data / "advisories.db"
    shutil.copy(database, place.with_suffix(".new"))
    started = time.monotonic()
    place.with_suffix(".new").rename(place)
    return wait_for(assay, "assay_rematches_total", before + 1, 300) - started


def check_counts(assay, total):
    """The counts that were stored are those of the findings themselves, for images here and there in the list."""
    found = 0
    for offset in range(0, total, max(1, total // SAMPLE)):
        page = requests.get(f"{assay.url}/api/v1/repositories/bench/images?limit=1&offset={offset}", timeout=60).json()
        image = page["images"][0]
        findings = requests.get(f"{assay.url}/api/v1/images/{image['digest']}/findings?limit=1", timeout=60).json()
        counted = sum(image["scan"]["findings"].values())
        if page["total"] != total or image["scan"]["packages"] != len(GROUPS) * PACKAGES_PER_LAYER or \
                counted != findings["total"]:
            raise RuntimeError(f"image {image['digest']} of {page['total']}: {image['scan']}, but {findings['total']} "
                               "findings")
        found += counted
    if found == 0:
        raise RuntimeError("no image has a finding, so nothing was measured")


# It judges every pull; the mirror gives no severities, so that nothing is refused.
POLICY = "policies:\n  - {name: bench, namespaces: ['**'], unscanned: block, vulnerabilities: {block: [critical], only_fixed: true}}\n"


def wait_until_judged(assay):
    """Until how all images stand is written down, by what is in force."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        unknown = requests.get(f"{assay.url}/api/v1/overview?days=1", timeout=60).json()["not_known"]
        if not any(unknown.values()):
            return
        time.sleep(0.2)
    raise RuntimeError(f"not all is known: {unknown}")


def milliseconds_of(connection, path):
    """Over a connection that is kept, by a client that costs a tenth of a millisecond: what requests does of its own is one."""
    started = time.monotonic()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return (time.monotonic() - started) * 1000


def connected(assay):
    return http.client.HTTPConnection(assay.url.removeprefix("http://"), timeout=60)


def ask_about_all(bench, assay, images):
    """Questions over all images, over one connection."""
    wait_until_judged(assay)
    session, api = requests.Session(), f"{assay.url}/api/v1"
    affected = f"{api}/images?severity=critical,high,medium,low,negligible,unknown&limit=1"
    digest = session.get(affected, timeout=60).json()["images"][0]["digest"]
    found = session.get(f"{api}/images/{digest}/findings?limit=1000", timeout=60).json()["findings"]
    having = f"images?vulnerability={urllib.parse.quote(found[len(found) // 2]['id'], safe='')}"
    total = session.get(f"{api}/{having}", timeout=60).json()["total"]
    overview = session.get(f"{api}/overview", timeout=60).json()
    if overview["images"]["total"] != images or total == 0:
        raise RuntimeError(f"{overview['images']} of {images} images, {total} by {having}")
    connection = connected(assay)
    times = bench.interleave({url: (lambda url=url: milliseconds_of(connection, f"/api/v1/{url}")) for url in (
        "overview", having, f"images?limit=50&offset={images // 2}")}, 20)
    for what, (url, most) in {f"overview of {images:,} images": ("overview", 20),
                              f"images that have one vulnerability, {total:,} of {images:,}": (having, 5),
                              f"a page of 50 of {images:,} images": (f"images?limit=50&offset={images // 2}", 5)}.items():
        bench.add(what, f"{times[url]:.1f} ms", f"at most {most} ms", times[url] <= most)


def first_judged_pulls(bench, folder, images):
    """Manifests by tag, each for the first time since the start, from a server with a policy for all."""
    assay = Assay(folder, bench.assay, policy=POLICY, cores="0,1").start()
    try:
        wait_until_judged(assay)
        session, connection, times = requests.Session(), connected(assay), []
        for offset in range(0, images, max(1, images // SAMPLE)):
            image = session.get(f"{assay.url}/api/v1/images?limit=1&offset={offset}", timeout=60).json()["images"][0]
            times.append(milliseconds_of(connection, f"/v2/bench/manifests/{image['tags'][0]}"))
        median = statistics.median(times)
        bench.add(f"first judged pull of a stored image, {images:,} images stored", f"{median:.2f} ms", "at most 3 ms", median <= 3)
    finally:
        assay.stop()


def measure(bench):
    images, few, sample = (1000 if bench.quick else 10000), 10, 50
    database, groups = advisory_database(bench), make_groups()
    folder = bench.folder / "rematch"
    seeding = Assay(folder, bench.assay, durable=False).start()
    pusher = Pusher(seeding)
    for group in groups:
        for digest, packed, _ in group:
            pusher.push_blob(digest, packed)
    seeding.stop()
    durable = Assay(folder, bench.assay, cores="0,1")
    seed(seeding, groups, 0, few)
    with_few = cost_of_one(durable, groups, few, sample)
    started = time.monotonic()
    seed(seeding, groups, few + sample, images - sample)
    print(f"bench: {images - 2 * sample - few:,} images pushed and scanned in {time.monotonic() - started:.0f} s", flush=True)
    with_many = cost_of_one(durable, groups, images - sample, sample)
    for what, one, two in zip(("an image pushed and scanned", "first GET of a manifest by tag"), with_few, with_many):
        bench.add(f"{what}, {images:,} images stored", f"{two:.2f} ms; {one:.2f} ms with {few} stored; {two / one:.2f}x",
                  "flat: at most 1.5x", two <= 1.5 * one)
    durable.start()
    try:
        # Once: a second time the same advisories would find nothing to match.
        seconds = rematch(durable, database)
        check_counts(durable, images)
        bench.add(f"rematch of {images:,} images of {len(GROUPS) * PACKAGES_PER_LAYER} packages, 2 cores",
                  f"{seconds:.1f} s, of which {metric(durable, 'assay_rematch_seconds'):.1f} s are matching; the server "
                  f"has {durable.resident() / 1048576:.0f} MiB then", "at most 10 s", seconds <= 10)
        ask_about_all(bench, durable, images)
    finally:
        durable.stop()
    first_judged_pulls(bench, folder, images)
