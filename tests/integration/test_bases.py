"""On which stored image another was built: recognised by its layers, its findings told apart, and told when its tag has moved on."""
import json
import sqlite3

import pytest

import gate
import images
from gate import wait_until
from oci_layout import CONFIG, INDEX, LAYER, MANIFEST, compress, digest_of, tar_of
from repository import index_of

PASSWORD = "a long enough password"
SECDB = gate.secdb(musl={"1.1.22-r3": ["CVE-2019-14697"]}, openssl={"1.1.1d-r0": ["CVE-2019-1547", "CVE-2019-1563"]},
                   curl={"7.66.0-r0": ["CVE-2019-5481"]}, zlib={"1.2.12-r0": ["CVE-2018-25032"]})
BASE = {"CVE-2019-14697", "CVE-2019-1547", "CVE-2019-1563"}
NOTHING = bytes(1024)


def package(name, version):
    return f"\nP:{name}\nV:{version}\nA:x86_64\no:{name}\nL:MIT\nF:usr/lib\nR:{name}.so\n"


def base_layer(extra="", **versions):
    return tar_of(gate.alpine_files(extra=extra, **versions))


def adding(*packages, base=images.APK_INSTALLED):
    """As `apk add` leaves it: the whole database again."""
    return tar_of({"lib/apk/db/installed": base + "".join(package(*each) for each in packages)})


CURL = adding(("curl", "7.65.0-r0"))
BOTH = adding(("curl", "7.65.0-r0"), ("zlib", "1.2.11-r1"))


class Registry:
    """A server with advisories, to which images are pushed as a builder would: blobs, manifest, tag."""

    def __init__(self, server):
        self.server, self.headers = server, {}

    def blob(self, repository, data, media_type):
        digest = digest_of(data)
        answer = self.server.request("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", data=data, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def manifest(self, repository, reference, text, media_type=MANIFEST):
        reference = reference or digest_of(text)
        answer = self.server.request("PUT", f"/v2/{repository}/manifests/{reference}", data=text,
                                     headers={"Content-Type": media_type, **self.headers})
        assert answer.status_code == 201, answer.text
        return {"mediaType": media_type, "digest": digest_of(text), "size": len(text)}

    def push(self, repository, tag, *layers, how="gzip", architecture="amd64", config=(), **members):
        """The descriptor of an image of these tars, once it is scanned."""
        described = [self.blob(repository, compress(layer, how), LAYER[how]) for layer in layers]
        text = {"architecture": architecture, "os": "linux", "config": {},
                "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}, **dict(config)}
        described_config = self.blob(repository, json.dumps(text).encode(), CONFIG)
        image = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described_config, "layers": described, **members}
        pushed = self.manifest(repository, tag, json.dumps(image).encode())
        self.wait(repository, pushed["digest"])
        return pushed

    def wait(self, repository, digest):
        def state():
            listed = self.get(f"/api/v1/repositories/{repository}/images?limit=1000")["images"]
            return next(image["scan"]["state"] for image in listed if image["digest"] == digest)
        wait_until(lambda: state() not in ("pending", "none"))
        assert state() == "done"

    def index(self, repository, tag, *members):
        """members: (architecture, descriptor)."""
        listed = [{**member, "platform": {"os": "linux", "architecture": architecture}} for architecture, member in members]
        return self.manifest(repository, tag, index_of(listed), INDEX)

    def get(self, path, **options):
        return self.server.get_json(path, headers=self.headers, **options)

    def base(self, image, **options):
        return self.get(f"/api/v1/images/{image['digest']}/base", **options).get("base")

    def findings(self, image, query=""):
        return self.get(f"/api/v1/images/{image['digest']}/findings?limit=1000&kind=vulnerability{query}")

    def by_origin(self, image):
        """{origin: {id}}"""
        found = {}
        for finding in self.findings(image)["findings"]:
            found.setdefault(finding.get("origin"), set()).add(finding["id"])
        return found

    def name(self, image):
        base = self.base(image)
        return base and (base["repository"], base.get("tag"), base["digest"])


@pytest.fixture
def registry(start_server, assay):
    server = start_server()
    gate.import_advisories(assay, server, SECDB)
    gate.wait_for_advisories(server)
    return Registry(server)


def test_the_longest_beginning_is_the_base(registry):
    """Of a grandchild, the child; of a child, the base; the base itself has none. Findings are told apart by it."""
    base = registry.push("library/alpine", "3.10", base_layer())
    assert registry.base(base) is None and set(registry.by_origin(base)) == {None}
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    grandchild = registry.push("team/app", "v1", base_layer(), CURL, BOTH, config={"config": {"Cmd": ["/bin/sh"]}})
    assert registry.name(child) == ("library/alpine", "3.10", base["digest"])
    assert registry.name(grandchild) == ("team/curl", "v1", child["digest"])
    assert registry.by_origin(child) == {"base": BASE, "own": {"CVE-2019-5481"}}
    assert registry.by_origin(grandchild) == {"base": BASE | {"CVE-2019-5481"}, "own": {"CVE-2018-25032"}}
    told = registry.base(grandchild)
    assert told["layers"] == 2 and told["platform"] == "linux/amd64" and "newer" not in told and "named" not in told
    assert registry.findings(grandchild)["base"] == {**told, "findings": {"base": 4, "own": 1}}
    everything = registry.get(f"/api/v1/images/{grandchild['digest']}/findings?limit=1000")
    assert everything["base"] == told and sum(told["findings"].values()) == everything["total"] > 5
    # How the image is configured is its own.
    assert {each["origin"] for each in everything["findings"] if each["kind"] == "configuration"} == {"own"}


def test_origins_are_a_filter(registry, assay):
    base = registry.push("library/alpine", "3.10", base_layer())
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    for origin, expected in (("base", BASE), ("own", {"CVE-2019-5481"})):
        found = registry.findings(child, f"&origin={origin}")
        assert {each["id"] for each in found["findings"]} == expected and found["total"] == len(expected)
        assert found["base"]["findings"] == {"base": 3, "own": 1}, "it says of all how many there are"
    # What is not known is nobody's but its own, and that is said: nothing is hidden.
    found = registry.findings(base, "&origin=own")
    assert {each["id"] for each in found["findings"]} == BASE and any("not known" in note for note in found["notes"])
    assert registry.findings(base, "&origin=base")["findings"] == []
    answer = registry.server.request("GET", f"/api/v1/images/{base['digest']}/findings?origin=mine")
    assert answer.status_code == 400 and "?origin=" in answer.json()["detail"]

    def shown(*options):
        return assay("findings", "--server", registry.server.url, *options, "team/curl:v1").stdout
    table = shown("--kind", "vulnerability", "--by", "vulnerability")
    total = sum(registry.base(child)["findings"].values())
    assert f"base: library/alpine:3.10 ({base['digest'][:19]}), 3 of {total} findings come from it" in table.replace("\n  ", " ")
    assert all(name in table for name in BASE | {"CVE-2019-5481"})
    own = shown("--ignore-base", "--by", "vulnerability").replace("\n  ", " ")
    assert "CVE-2019-5481" in own and not any(name in own for name in BASE)
    assert "findings that are not shown (--ignore-base): 3" in own
    of_base = shown("--only-base", "--by", "vulnerability")
    assert "CVE-2019-5481" not in of_base and all(name in of_base for name in BASE)
    told = json.loads(shown("--format", "json"))
    assert told["base"] == registry.base(child) and {each["origin"] for each in told["findings"]} == {"base", "own"}
    sarif = json.loads(shown("--format", "sarif"))["runs"][0]["results"]
    assert {each["properties"]["origin"] for each in sarif if each["ruleId"] in BASE} == {"base"}
    assert {each["properties"]["origin"] for each in sarif if each["ruleId"] == "CVE-2019-5481"} == {"own"}
    # Without a base that is known, it does not read as if nothing was found.
    none = assay("findings", "--server", registry.server.url, "--only-base", "library/alpine:3.10").stdout.replace("\n  ", " ")
    assert "incomplete: no base image is known by its layers, so --only-base shows none" in none
    assert "no base image" not in of_base + own
    markdown = shown("--format", "markdown")
    assert "\nBase: library/alpine:3.10 " in markdown and f"3 of {total} findings come from it" in markdown
    assert "leave nothing" in assay("findings", "--server", registry.server.url, "--only-base", "--ignore-base", "team/curl:v1",
                                    check=2).stderr


def test_layers_count_as_they_unpack(registry):
    """Whoever compresses a layer anew has another blob of the same layer; another layer of the same size is another one."""
    base = registry.push("library/alpine", "3.10", base_layer())
    zstd = registry.push("team/zstd", "v1", base_layer(), CURL, how="zstd")
    assert registry.name(zstd) == ("library/alpine", "3.10", base["digest"])
    assert registry.by_origin(zstd) == {"base": BASE, "own": {"CVE-2019-5481"}}
    other = registry.push("team/other", "v1", base_layer(extra="x"), CURL)
    assert registry.base(other) is None
    # Not above another.
    upside_down = registry.push("team/upside-down", "v1", CURL, base_layer())
    assert registry.base(upside_down) is None


def test_another_platform_is_no_base(registry):
    """The same layers, of an image for other machines; and the base's name is that of the index that has both."""
    arm = registry.push("library/alpine", "arm", base_layer(), architecture="arm64")
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    assert registry.base(child) is None
    amd = registry.push("library/alpine", None, base_layer(), architecture="amd64")
    assert registry.name(child) == ("library/alpine", None, amd["digest"])
    registry.index("library/alpine", "3.10", ("amd64", amd), ("arm64", arm))
    assert registry.name(child) == ("library/alpine", "3.10", amd["digest"])
    # Other names of the same machine.
    x86 = registry.push("team/x86", "v1", base_layer(), CURL, architecture="x86_64")
    assert registry.name(x86) == ("library/alpine", "3.10", amd["digest"])


def test_empty_layers(registry):
    """An image without layers, or of layers that change nothing, is the beginning of many and the base of none."""
    nothing = registry.push("library/nothing", "v1", NOTHING)
    assert registry.base(nothing) is None
    child = registry.push("team/app", "v1", NOTHING, base_layer())
    assert registry.base(child) is None
    # But one that has them among others is.
    grandchild = registry.push("team/grand", "v1", NOTHING, base_layer(), NOTHING, CURL)
    assert registry.name(grandchild) == ("team/app", "v1", child["digest"])
    step = registry.push("team/step", "v1", NOTHING, base_layer(), NOTHING)
    assert registry.name(step) == ("team/app", "v1", child["digest"])
    assert registry.name(grandchild) == ("team/step", "v1", step["digest"])


def history(*commands):
    """Of a config: each command made a layer, or, where it begins with ENV, none."""
    return {"history": [{"created_by": each, **({"empty_layer": True} if each.startswith("ENV") else {})} for each in commands]}


def test_an_image_without_layers_of_its_own(registry):
    """It has all layers of the base, and a history that goes on from the base's: the longest such is the base's."""
    base = registry.push("library/alpine", "3.10", base_layer(), config=history("ADD rootfs"))
    plain = registry.push("team/plain", "v1", base_layer(), config=history("ADD rootfs", "ENV A=1"))
    child = registry.push("team/child", "v1", base_layer(), config=history("ADD rootfs", "ENV A=1", "ENV B=2"))
    assert registry.name(plain) == ("library/alpine", "3.10", base["digest"]) and registry.base(plain)["layers"] == 1
    assert registry.name(child) == ("team/plain", "v1", plain["digest"])
    assert registry.base(base) is None and registry.by_origin(plain) == {"base": BASE}
    # Another history, none, and one that differs in what made the layer, are no beginnings.
    for number, commands in enumerate((("COPY rootfs", "ENV A=1"), (), ("ENV rootfs", "ENV A=1"))):
        other = registry.push("team/other", f"v{number}", base_layer(), config=history(*commands))
        assert registry.base(other) is None
    # But the annotations may mean it.
    meant = registry.push("team/meant", "v1", base_layer(), annotations={"org.opencontainers.image.base.digest": base["digest"]})
    assert registry.name(meant) == ("library/alpine", "3.10", base["digest"]) and registry.base(meant)["layers"] == 1
    # What has a layer more has it before what has none.
    above = registry.push("team/above", "v1", base_layer(), CURL, config=history("ADD rootfs", "ENV A=1", "RUN apk add curl"))
    assert registry.base(above)["layers"] == 1 and registry.name(above) == ("team/plain", "v1", plain["digest"])
    twin = registry.push("team/twin", "v1", base_layer(), CURL,
                         config=history("ADD rootfs", "ENV A=1", "RUN apk add curl", "ENV C=3"))
    assert registry.name(twin) == ("team/above", "v1", above["digest"]) and registry.base(twin)["layers"] == 2


def test_the_best_of_several_names(registry):
    """The same image in several repositories: tagged before untagged, then by name; and what the annotations mean before all."""
    untagged = registry.push("a/untagged", None, base_layer())
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    assert registry.name(child) == ("a/untagged", None, untagged["digest"])
    for repository, tag in (("z/alpine", "3.10"), ("m/alpine", "latest"), ("m/alpine", "3.10")):
        assert registry.push(repository, tag, base_layer()) == untagged
    assert registry.name(child) == ("m/alpine", "3.10", untagged["digest"])
    # Another image of the same layers, by a better name, and by what the annotations say.
    twin = registry.push("b/alpine", "v1", base_layer(), config={"author": "somebody"})
    assert registry.name(child) == ("b/alpine", "v1", twin["digest"])
    meant = registry.push("team/meant", "v1", base_layer(), CURL, annotations={
        "org.opencontainers.image.base.name": "docker.io/library/alpine:3.10",
        "org.opencontainers.image.base.digest": untagged["digest"]})
    assert registry.name(meant) == ("m/alpine", "3.10", untagged["digest"])


def test_what_annotations_say(registry):
    """Where the layers tell nothing: named and not known here, or stored, but with other layers."""
    missing = "sha256:" + "0" * 64
    said = {"org.opencontainers.image.base.name": "docker.io/library/alpine:3.10", "org.opencontainers.image.base.digest": missing}
    unknown = registry.push("team/unknown", "v1", base_layer(), CURL, annotations=said)
    assert registry.base(unknown) == {"layers": 0, "named": said["org.opencontainers.image.base.name"], "named_digest": missing}
    assert set(registry.by_origin(unknown)) == {None}
    shown = registry.server.assay("findings", "team/unknown:v1").stdout.replace("\n  ", " ")
    assert "base: docker.io/library/alpine:3.10 (sha256:000000000000), say its annotations; it is not known here" in shown
    base = registry.push("library/alpine", "3.10", base_layer(extra="other"))
    said["org.opencontainers.image.base.digest"] = base["digest"]
    squashed = registry.push("team/squashed", "v1", base_layer(extra="squashed"), annotations=said)
    told = registry.base(squashed)
    assert (told["repository"], told["tag"], told["layers"]) == ("library/alpine", "3.10", 0) and "findings" not in told
    assert set(registry.by_origin(squashed)) == {None}
    # Nonsense is left out.
    said["org.opencontainers.image.base.digest"] = "sha256:nonsense"
    nonsense = registry.push("team/nonsense", "v1", base_layer(extra="nonsense"), annotations=said)
    assert registry.base(nonsense) == {"layers": 0, "named": said["org.opencontainers.image.base.name"]}


def test_a_base_that_one_may_not_see(start_server, assay):
    """Neither its name nor its digest is told, nor that there is one; the next that may be seen is."""
    server = start_server(config="access: {mode: closed}")
    gate.import_advisories(assay, server, SECDB)
    registry = Registry(server)
    registry.headers = server.operator()
    server.make("users", {"name": "dev", "password": PASSWORD})
    server.make("grants", {"kind": "principal", "subject": "dev", "role": "guest", "pattern": "team/*"})
    base = registry.push("hidden/alpine", "3.10", base_layer())
    middle = registry.push("secret/curl", "v1", base_layer(), CURL)
    child = registry.push("team/app", "v1", base_layer(), CURL, BOTH)
    said = registry.push("team/said", "v1", base_layer(extra="said"), annotations={
        "org.opencontainers.image.base.digest": base["digest"]})
    assert registry.name(child) == ("secret/curl", "v1", middle["digest"])

    def seen(image, path):
        answer = server.request("GET", f"/api/v1/images/{image['digest']}/{path}", auth=("dev", PASSWORD))
        assert answer.status_code == 200, answer.text
        assert not any(word in answer.text for word in ("hidden", "secret/curl", middle["digest"]))
        return answer.json()
    assert seen(child, "base") == {} and "base" not in seen(child, "findings")
    assert seen(said, "base") == {"base": {"layers": 0, "named_digest": base["digest"]}}, "what it says itself is no secret"
    assert server.request("GET", f"/api/v1/images/{middle['digest']}/base", auth=("dev", PASSWORD)).status_code == 404
    server.make("grants", {"kind": "principal", "subject": "dev", "role": "guest", "pattern": "hidden/*"})

    def told():
        answer = server.request("GET", f"/api/v1/images/{child['digest']}/base", auth=("dev", PASSWORD))
        assert "secret" not in answer.text
        return answer.json().get("base")
    assert wait_until(told)["repository"] == "hidden/alpine"


@pytest.fixture
def closed(start_server, assay):
    """A registry where dev may read team/ alone."""
    server = start_server(config="access: {mode: closed}\nregistry: {sparse_indexes: true}")
    gate.import_advisories(assay, server, SECDB)
    registry = Registry(server)
    registry.headers = server.operator()
    server.make("users", {"name": "dev", "password": PASSWORD})
    server.make("grants", {"kind": "principal", "subject": "dev", "role": "guest", "pattern": "team/*"})
    registry.as_dev = lambda path: server.request("GET", path, auth=("dev", PASSWORD))
    return registry


@pytest.mark.parametrize("what", ["findings", "base", "shed", "sbom", "verdict"])
def test_a_repository_that_one_may_not_see_is_not_asked_by(closed, what):
    """By what ?repository= looks for, and exempts, is told to those who see it; whether it is there is told to nobody else."""
    image = closed.push("team/app", "v1", base_layer())
    closed.push("hidden/app", "v1", base_layer())
    path = f"/api/v1/images/{image['digest']}/{what}?repository="
    there, nowhere = (closed.as_dev(f"{path}{repository}") for repository in ("hidden/app", "hidden/none"))
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert all(there.json()[key] == nowhere.json()[key] for key in ("title", "detail", "code"))
    assert wait_until(lambda: closed.as_dev(f"{path}team/app").status_code == 200)


def test_a_member_that_another_repository_holds(closed):
    """An index may name it; what is in it is told to those who see where it is."""
    secret = closed.push("hidden/app", "v1", base_layer(extra="hidden"), BOTH)
    closed.push("team/base", "1", base_layer(extra="mine"))
    child = closed.push("team/app", "v1", base_layer(extra="mine"), CURL)
    index = closed.index("team/base", "1", ("amd64", secret))
    wait_until(lambda: (closed.base(child) or {}).get("findings"))
    answer = closed.as_dev(f"/api/v1/images/{child['digest']}/base")
    newer = answer.json()["base"]["newer"]
    assert newer["digest"] == index["digest"] and newer.keys() == {"digest", "since"} and secret["digest"] not in answer.text
    # Once the repository holds it itself, it is its own.
    assert closed.push("team/base", None, base_layer(extra="hidden"), BOTH) == secret
    newer = closed.as_dev(f"/api/v1/images/{child['digest']}/base").json()["base"]["newer"]
    assert newer["image"] == secret["digest"] and newer["difference"]["new"] > 0


def test_names_are_found_by_the_image(start_server, monkeypatch, tmp_path):
    """Not among all the tags of the repositories that hold it."""
    trace = tmp_path / "statements.sql"
    monkeypatch.setenv("ASSAY_SQL_TRACE", str(trace))
    registry = Registry(start_server())
    registry.push("library/alpine", "3.10", base_layer())
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    assert registry.name(child)
    registry.server.stop()
    if not trace.exists():
        pytest.skip("this build does not trace statements")
    asked = {text.strip() for text in trace.read_text().split("\n;;\n") if "tags.name" in text and "FROM manifests" in text}
    assert len(asked) == 4
    with sqlite3.connect(registry.server.data / "metadata.db") as database:
        for statement in asked:
            steps = [step for *_, step in database.execute(f"EXPLAIN QUERY PLAN {statement}", {"1": "sha256:", "2": 1})]
            assert any("(digest=?)" in step for step in steps)
            assert [step for step in steps if "SCAN" in step or step.endswith("(repository=?)")] == []


def test_unseen_images_hide_no_base(closed):
    """However many of the same layers came later."""
    base = closed.push("team/base", "1", base_layer())
    child = closed.push("team/app", "v1", base_layer(), CURL)
    closed.push("hidden/flood", "0", base_layer(), config={"author": "flood"})
    closed.server.stop()
    with sqlite3.connect(closed.server.data / "metadata.db") as database:
        columns = [name for _, name, *_ in database.execute("PRAGMA table_info(manifests)") if name != "digest"]
        for number in range(300):
            digest = f"sha256:{number:064x}"
            database.execute(f"INSERT INTO manifests (digest, {', '.join(columns)}) SELECT ?, {', '.join(columns)} FROM manifests "
                             "WHERE repository = 'hidden/flood' LIMIT 1", (digest,))
            database.execute("INSERT INTO image_chains (manifest, chain, platform, noted) SELECT ?, chain, platform, noted + 1000000000 "
                             "FROM image_chains WHERE manifest = ?", (digest, base["digest"]))
    closed.server.start()
    told = wait_until(lambda: closed.as_dev(f"/api/v1/images/{child['digest']}/base").json()["base"])
    assert (told["repository"], told["digest"]) == ("team/base", base["digest"])


def test_unseen_names_hide_none(closed):
    """However many repositories that are not seen hold the base, and come before."""
    base = closed.push("team/base", "1", base_layer())
    child = closed.push("team/app", "v1", base_layer(), CURL)
    closed.push("hidden/flood", "0", base_layer())
    closed.server.stop()
    with sqlite3.connect(closed.server.data / "metadata.db") as database:
        for table in ("manifests", "tags"):
            columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})") if name not in ("repository", "id")]
            database.executemany(f"INSERT INTO {table} (repository, {', '.join(columns)}) SELECT ?, {', '.join(columns)} FROM {table} "
                                 "WHERE repository = 'hidden/flood' LIMIT 1", ((f"hidden/{number:06}",) for number in range(12000)))
    closed.server.start()
    told = wait_until(lambda: closed.as_dev(f"/api/v1/images/{child['digest']}/base").json()["base"])
    assert (told["repository"], told["tag"], told["digest"]) == ("team/base", "1", base["digest"])


def test_large_configs_are_passed_over(registry):
    """Whoever may push makes nobody else's question read much."""
    def config(size, *commands):
        return {**history(*commands), "config": {"Labels": {"large": "x" * size}}}
    registry.push("library/large", "v1", base_layer(), config=config(300 * 1024, "ADD rootfs", "ENV A=1"))
    child = registry.push("team/child", "v1", base_layer(), config=history("ADD rootfs", "ENV A=1", "ENV B=2"))
    assert registry.base(child) is None
    small = registry.push("library/small", "v1", base_layer(), config=config(200 * 1024, "ADD rootfs"))
    assert registry.name(child) == ("library/small", "v1", small["digest"])


def test_a_layer_that_is_written_again(registry):
    """What the image has again above the base is its own."""
    base = registry.push("library/alpine", "3.10", base_layer())
    again = registry.push("team/again", "v1", base_layer(), CURL, base_layer())
    assert registry.name(again) == ("library/alpine", "3.10", base["digest"])
    assert registry.by_origin(again) == {"own": BASE}


def test_a_base_that_is_deleted(registry):
    """It is known no more, and is again when it comes back."""
    base = registry.push("library/alpine", "3.10", base_layer())
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    assert registry.name(child)
    assert registry.server.request("DELETE", f"/v2/library/alpine/manifests/{base['digest']}").status_code == 202
    assert registry.base(child) is None and set(registry.by_origin(child)) == {None}
    assert gate.rows(registry.server, f"image_chains WHERE manifest = '{base['digest']}'") == 0
    registry.server.assay("image", "restore", "library/alpine:3.10")
    registry.wait("library/alpine", base["digest"])
    assert registry.name(child) == ("library/alpine", "3.10", base["digest"])


def test_the_tag_has_moved_on(registry):
    """The old base is there still, known by the tag that names another now."""
    base = registry.push("library/alpine", "3.10", base_layer())
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    newer = registry.push("library/alpine", "3.10", base_layer(**gate.FIXED))
    told = registry.base(child)
    assert (told["repository"], told["tag"], told["digest"]) == ("library/alpine", "3.10", base["digest"])
    assert told["newer"]["image"] == told["newer"]["digest"] == newer["digest"] and told["newer"]["since"]
    assert told["newer"]["difference"] == {"fixed": 3, "new": 0}
    shown = registry.server.assay("image", "base", "team/curl:v1").stdout
    assert "library/alpine:3.10 names" in shown and newer["digest"] in shown and base["digest"] in shown
    assert "; it fixes 3 findings, adds 0" in shown.replace("\n  ", " ")
    assert "newer base: library/alpine:3.10 names" in registry.server.assay("findings", "team/curl:v1").stdout
    assert json.loads(registry.server.assay("image", "base", "--format", "json", "team/curl:v1").stdout) == {"base": told}
    # One that is built on the new one is up to date.
    fresh = registry.push("team/curl", "v2", base_layer(**gate.FIXED), CURL)
    assert registry.name(fresh) == ("library/alpine", "3.10", newer["digest"]) and "newer" not in registry.base(fresh)
    # As is one whose base has another tag still, and one whose tag came back.
    registry.push("library/alpine", "3.10.1", base_layer())
    assert registry.base(child)["tag"] == "3.10.1" and "newer" not in registry.base(child)
    assert registry.server.request("DELETE", "/v2/library/alpine/manifests/3.10.1").status_code == 202
    assert "newer" in registry.base(child)
    registry.push("library/alpine", "3.10", base_layer())
    assert registry.base(child)["tag"] == "3.10" and "newer" not in registry.base(child)
    assert "newer" in registry.base(fresh)
    # Without the tag nothing has moved.
    assert registry.server.request("DELETE", "/v2/library/alpine/manifests/3.10").status_code == 202
    assert "newer" not in registry.base(fresh) and "tag" not in registry.base(fresh)
    assert gate.rows(registry.server, "former_tags") == 0


def test_an_index_has_moved_on(registry):
    """Its members are untagged: the index of before had the base, and in the new one the image of the platform is compared."""
    def index(tag, **versions):
        members = [(machine, registry.push("library/alpine", None, base_layer(extra=machine, **versions), architecture=machine))
                   for machine in ("arm64", "amd64")]
        return members[1][1], registry.index("library/alpine", tag, *members)
    base, before = index("3.10")
    child = registry.push("team/curl", "v1", base_layer(extra="amd64"), CURL)
    assert registry.name(child) == ("library/alpine", "3.10", base["digest"])
    member, after = index("3.10", musl="1.1.22-r3")
    told = registry.base(child)
    assert (told["repository"], told["tag"], told["digest"]) == ("library/alpine", "3.10", base["digest"])
    assert (told["newer"]["digest"], told["newer"]["image"]) == (after["digest"], member["digest"])
    assert told["newer"]["difference"] == {"fixed": 1, "new": 0}
    # An index around the same image, with something more, is no other base.
    again = registry.push("library/alpine", None, base_layer(extra="s390x"), architecture="s390x")
    registry.index("library/alpine", "3.10", ("amd64", base), ("s390x", again))
    assert registry.base(child)["tag"] == "3.10" and "newer" not in registry.base(child)
    # One that has none for the platform: moved, and to what is not known.
    registry.index("library/alpine", "3.10", ("s390x", again))
    newer = registry.base(child)["newer"]
    assert "image" not in newer and "difference" not in newer
    assert before["digest"] != after["digest"]


def test_what_is_not_known_of_the_newer_base_is_not_fixed(registry):
    base = registry.push("library/alpine", "3.10", base_layer())
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    registry.push("library/alpine", "3.10", tar_of({**gate.alpine_files(), "etc/os-release": "ID=nobody\nVERSION_ID=1\n"}))
    told = registry.base(child)
    assert told["digest"] == base["digest"] and "image" in told["newer"] and "difference" not in told["newer"]


def test_a_moved_repository_has_its_past(registry):
    base = registry.push("library/alpine", "3.10", base_layer())
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    newer = registry.push("library/alpine", "3.10", base_layer(**gate.FIXED))
    before = registry.base(child)
    registry.server.assay("repository", "move", "library/alpine", "distributions/alpine")
    assert registry.base(child) == {**before, "repository": "distributions/alpine"}
    assert newer["digest"] == before["newer"]["digest"] and base["digest"] == before["digest"]


def test_a_tag_remembers_its_last(registry):
    """So many manifests and no more, those that it left last."""
    pushed = [registry.push("library/alpine", "3.10", base_layer(extra=str(number))) for number in range(25)]
    with sqlite3.connect(registry.server.data / "metadata.db") as database:
        kept = {digest for digest, in database.execute("SELECT digest FROM former_tags")}
    assert kept == {each["digest"] for each in pushed[-21:-1]}


def test_images_of_before(registry):
    """What was scanned before there were such rows gets them at the next start, without being scanned again."""
    base = registry.push("library/alpine", "3.10", base_layer())
    child = registry.push("team/curl", "v1", base_layer(), CURL)
    before, server = registry.base(child), registry.server
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute("DELETE FROM image_chains")
    server.start()
    assert wait_until(lambda: registry.base(child)) == before
    assert gate.inspections(server) == 0
    assert registry.name(child) == ("library/alpine", "3.10", base["digest"])
