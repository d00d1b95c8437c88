"""assay db push and pull: the advisory database as an artifact, in our own registry and in another, and what a registry that
lies or breaks off can do."""
import json
import resource
import signal
import subprocess
import time

import pytest
import requests

from lying_registry import Registry
from oci_layout import digest_of

TYPE, LAYER = "application/vnd.assay.advisories.v1", "application/vnd.assay.advisories.v1+zstd"


def secdb(*packages):
    return json.dumps({"distroversion": "v3.18", "reponame": "main",
                       "packages": [{"pkg": {"name": name, "secfixes": {"1-r0": [f"CVE-2024-{10000 + i}"]}}}
                                    for i, name in enumerate(packages)]})


class Site:
    """A data folder with its configuration, and `assay db` on it."""

    def __init__(self, assay, folder, config="feeds: []"):
        self.assay, self.data, self.config = assay, folder / "data", folder / "assay.yaml"
        folder.mkdir()
        self.config.write_text(f"data: {self.data}\n{config}\n")

    def db(self, command, *arguments, **options):
        return self.assay("db", command, "--config", self.config, *arguments, **options)

    def take(self, *packages):
        path = self.data.parent / "main.json"
        path.write_text(secdb(*packages))
        self.db("import", "--type", "alpine-secdb", path)

    def database(self):
        return (self.data / "advisories.db").read_bytes()

    def statements(self):
        return {feed["name"]: feed["statements"] for feed in json.loads(self.db("status", "--format", "json").stdout)["feeds"]}

    def leftovers(self):
        return sorted(path.name for path in [*self.data.glob("*"), *(self.data / "feeds").glob(".*")]
                      if path.suffix == ".new")


@pytest.fixture
def site(assay, tmp_path):
    return lambda name, **options: Site(assay, tmp_path / name, **options)


@pytest.fixture
def builder(site):
    made = site("builder")
    made.take("openssl", "zlib")
    return made


def go_round(builder, taker, address):
    place = f"{address}/assay/advisories:v1"
    pushed = json.loads(builder.db("push", "--format", "json", place).stdout)
    manifest = requests.get(f"http://{address}/v2/assay/advisories/manifests/v1", timeout=30,
                            headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
    assert digest_of(manifest.content) == pushed["digest"]
    said = manifest.json()
    assert said["artifactType"] == TYPE and [layer["mediaType"] for layer in said["layers"]] == [LAYER]
    notes = said["annotations"]
    assert notes["org.opencontainers.image.created"] == pushed["created"] == notes["vnd.assay.advisories.feed.alpine-secdb"]
    assert notes["vnd.assay.advisories.format"] and int(notes["vnd.assay.advisories.size"]) == len(builder.database())
    assert json.loads(builder.db("push", "--format", "json", place).stdout)["digest"] == pushed["digest"]
    assert "pulled" in taker.db("pull", place).stdout
    assert taker.database() == builder.database()
    assert json.loads(taker.db("pull", "--format", "json", f"docker://{place}").stdout)["taken"] is False
    assert json.loads(taker.db("pull", "--force", "--format", "json", place).stdout)["taken"] is True
    return place


def test_our_own_registry(builder, site, server):
    place = go_round(builder, site("taker"), server.address)
    by_digest = place.replace(":v1", "") + "@" + json.loads(builder.db("push", "--format", "json", place).stdout)["digest"]
    assert "pulled" in site("by-digest").db("pull", by_digest).stdout


def test_another_registry(builder, site, other_registry, server, tmp_path):
    """There, and carried on by skopeo: to ours, and to a folder."""
    place = go_round(builder, site("taker"), other_registry)
    ours = f"{server.address}/copied/advisories:v1"
    flags = ["--quiet", "--src-tls-verify=false"]
    subprocess.run(["skopeo", "copy", *flags, "--dest-tls-verify=false", f"docker://{place}", f"docker://{ours}"], check=True)
    subprocess.run(["skopeo", "copy", *flags, f"docker://{place}", f"dir:{tmp_path / 'carried'}"], check=True)
    closed = site("closed")
    assert "pulled" in closed.db("pull", ours).stdout and closed.database() == builder.database()


def test_a_registry_that_asks_who_pushes(builder, site, start_server):
    server = start_server(config="access: {mode: closed}")
    robot = server.make("robots", {"name": "builder"})
    server.make("grants", {"kind": "principal", "subject": "builder", "role": "developer", "pattern": "assay/*"})
    place = f"{server.address}/assay/advisories"
    assert "login" in builder.db("push", place, check=2).stderr
    who = f"builder:{robot['secret']}"
    builder.db("push", "--creds", who, place)
    taker = site("taker")
    assert "login" in taker.db("pull", place, check=2).stderr and not (taker.data / "advisories.db").exists()
    taker.db("pull", "--creds", who, place)


def test_older_is_refused(builder, site, server):
    place, taker = f"{server.address}/assay/advisories", site("taker")
    builder.db("push", f"{place}:old")
    builder.take("openssl", "zlib", "curl")
    builder.db("push", f"{place}:new")
    taker.db("pull", f"{place}:new")
    newer = taker.database()
    assert "older" in taker.db("pull", f"{place}:old", check=2).stderr and taker.database() == newer
    taker.db("pull", "--force", f"{place}:old")
    assert taker.statements() == {"alpine-secdb": 2}


def test_configured(builder, site, server, tmp_path):
    """`assay db update` takes it, with the site's own feeds, and a registry that is away leaves what is there."""
    place = f"{server.address}/assay/advisories"
    builder.db("push", place)
    own = tmp_path / "own.json"
    own.write_text(secdb("curl"))
    plain = site("plain", config=f"advisory_registry: {place}")
    assert "1 updated" in plain.db("update").stdout and plain.database() == builder.database()
    assert "1 unchanged" in plain.db("update").stdout
    both = site("both", config=f"advisory_registry: {place}\nfeeds: [{{name: own, type: alpine-secdb, path: {own}}}]")
    assert "2 updated" in both.db("update").stdout and both.statements() == {"alpine-secdb": 2, "own": 1}
    missing = site("missing", config=f"advisory_registry: {{reference: '{place}'}}")
    missing.db("update", "--if-missing")
    assert missing.database() == builder.database()
    server.stop()
    told = plain.db("update", check=2)
    assert "1 failed" in told.stdout and server.address in told.stderr and plain.database() == builder.database()
    assert server.address in site("never", config=f"advisory_registry: {place}").db("update", check=2).stderr


@pytest.fixture
def liar(builder, server, tmp_path):
    """A registry that has the artifact, and lies about it."""
    place = f"{server.address}/assay/advisories:v1"
    builder.take(*(f"package-{i}" for i in range(20000)))
    builder.db("push", place)
    layout = tmp_path / "layout"
    subprocess.run(["skopeo", "copy", "--quiet", "--src-tls-verify=false", f"docker://{place}", f"oci:{layout}:latest"], check=True)
    made = Registry(layout, "assay/advisories")
    made.place = made.target.removeprefix("docker://")
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def taker(site):
    """A site that has a database already, which must not be lost."""
    made = site("taker")
    made.take("before")
    return made


def test_lies(liar, taker):
    before, manifest = taker.database(), json.loads(liar.blobs[liar.manifest])
    layer = manifest["layers"][0]
    packed = liar.blobs[layer["digest"]]

    def changed(**members):
        return {liar.manifest: json.dumps({**manifest, **members}).encode()}

    def annotated(name, value):
        return changed(annotations={**manifest["annotations"], f"vnd.assay.advisories.{name}": value})

    other = b"no database at all"
    frame = subprocess.run(["zstd", "-q"], input=other, stdout=subprocess.PIPE, check=True).stdout
    swapped = {**layer, "digest": digest_of(frame), "size": len(frame)}
    for name, changes, says in (
            ("other bytes", {layer["digest"]: bytes(len(packed))}, "other bytes"),
            ("cut", {layer["digest"]: packed[:-1000]}, "less than"),
            ("longer", {layer["digest"]: packed + b"x"}, "more than"),
            ("layer's type", changed(layers=[{**layer, "mediaType": "application/octet-stream"}]), LAYER),
            ("two layers", changed(layers=[layer, layer]), "one layer"),
            ("artifact's type", changed(artifactType="application/vnd.example"), "application/vnd.example"),
            ("an image", changed(artifactType=None, config={**manifest["config"], "mediaType": "application/vnd.oci.image.config.v1+json"}),
             "is no advisory database"),
            ("format", annotated("format", "assay-advisories-999"), "assay-advisories-999"),
            ("no size", annotated("size", "many"), "how large"),
            ("too large", annotated("size", str(1 << 40)), "2 GiB"),
            ("too large a layer", changed(layers=[{**layer, "size": 1 << 40}]), "2 GiB"),
            ("larger than it says", annotated("size", "4096"), "unpacks to more than 4096"),
            ("no database", {**changed(layers=[swapped]), digest_of(frame): frame}, liar.place),
            ("no frame", {**changed(layers=[{**layer, "digest": digest_of(other), "size": len(other)}]), digest_of(other): other},
             liar.place)):
        liar.changed = changes
        for _, body in changes.items():
            liar.blobs.setdefault(digest_of(body), body)
        told = taker.db("pull", "--force", liar.place, check=2).stderr
        assert says in told, (name, told)
        assert taker.database() == before and taker.leftovers() == [], name
    liar.changed = {}
    taker.db("pull", liar.place)
    assert taker.statements()["alpine-secdb"] in (1, 20000)


def test_a_broken_transfer_is_resumed(liar, site):
    liar.cut = 2
    taker = site("fresh")
    taker.db("pull", liar.place)
    assert liar.ranges == [50, 100] and taker.statements() == {"alpine-secdb": 20000}


def test_full_disk(liar, taker):
    """RLIMIT_FSIZE stands for the end of the disk: of what is fetched, and of what is unpacked."""
    before, packed = taker.database(), len(liar.blobs[json.loads(liar.blobs[liar.manifest])["layers"][0]["digest"]])
    for limit in (1000, packed + 1000):
        def preexec(limit=limit):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        assert taker.db("pull", liar.place, check=2, preexec_fn=preexec).stderr
        assert taker.database() == before and taker.leftovers() == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_the_middle(liar, taker, program, how):
    before = taker.database()
    liar.busy = [(503, "30")] * 100
    process = subprocess.Popen([program, "db", "pull", "--config", taker.config, liar.place], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not liar.asked and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode != 0 and taker.database() == before
    liar.busy = []
    taker.db("pull", liar.place)
    assert taker.leftovers() == []
