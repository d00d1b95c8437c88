"""Manifests that are odd, and how two registries answer them: Debian's docker-registry (2.8) and Assay. docs/conformance.md
shows where they differ and why."""
import base64
import json

from oci_layout import CONFIG, INDEX, MANIFEST, digest_of

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"

# The blobs that are pushed before.
CONFIG_TEXT, LAYER_BYTES, CACHE_TEXT = b'{"os": "linux"}', b"a layer", b'{"layers": [], "records": []}'


def describe(blob, media_type, **members):
    return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob), **members}


CONFIG_ = describe(CONFIG_TEXT, CONFIG)
LAYER_ = describe(LAYER_BYTES, LAYER)
ABSENT = {"mediaType": LAYER, "digest": "sha256:" + "c" * 64, "size": 9}
IMAGE = {"schemaVersion": 2, "mediaType": MANIFEST, "config": CONFIG_, "layers": [LAYER_]}
EMPTY_INDEX = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}


def image(**members):
    return json.dumps({**IMAGE, **members}).encode()


def image_without(member):
    return json.dumps({key: value for key, value in IMAGE.items() if key != member}).encode()


def index(*members, **others):
    return json.dumps({**EMPTY_INDEX, "manifests": list(members), **others}).encode()


def docker(media_type, **members):
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, **members}).encode()


def layer(**members):
    """An image whose layer has other members; None takes one away."""
    return image(layers=[{key: value for key, value in {**LAYER_, **members}.items() if value is not None}])


SAME = ""
AMBIGUOUS = "Clients read it in two ways: one would run what was not scanned"
ANSWERED = "An answer, instead of \"unknown error\""
SPECIFIED = "The specification's code"
ELSEWHERE = "Clients fetch such a layer from elsewhere; the push is warned that it is not scanned"

# name, text, Content-Type, status of docker-registry, status of Assay, why they differ
ODD = [
    ("an image", image(), MANIFEST, 201, 201, SAME),
    ("null for layers", image(layers=None), MANIFEST, 201, 201, SAME),
    ("no layers", image_without("layers"), MANIFEST, 201, 201, SAME),
    ("null for the members of an index", json.dumps({**EMPTY_INDEX, "manifests": None}).encode(), INDEX, 201, 201, SAME),
    ("null for annotations", image(annotations=None), MANIFEST, 201, 201, SAME),
    ("null for an annotation", image(annotations={"a": None}), MANIFEST, 201, 201, SAME),
    ("null for a size", layer().replace(b'"size": 7', b'"size": null'), MANIFEST, 201, 201, SAME),
    ("no size", layer(size=None), MANIFEST, 201, 201, SAME),
    ("a negative size", layer(size=-1), MANIFEST, 201, 400, "No client could pull it"),
    ("a size in words", layer(size="7"), MANIFEST, 400, 400, SAME),
    ("null for the config", image(config=None), MANIFEST, 400, 400, SAME),
    ("no config", image_without("config"), MANIFEST, 400, 400, SAME),
    ("an empty config", image(config={}), MANIFEST, 400, 400, SAME),
    ("null for a layer", image(layers=[None]), MANIFEST, 400, 400, SAME),
    ("null for a member", json.dumps({**EMPTY_INDEX, "manifests": [None]}).encode(), INDEX, 400, 400, SAME),
    ("null for the subject and the artifact type", image(subject=None, artifactType=None), MANIFEST, 201, 201, SAME),
    ("null for the media type", image(mediaType=None), MANIFEST, 201, 201, SAME),
    ("null in a descriptor", layer(urls="null", data="null", annotations="null", platform="null", artifactType="null")
     .replace(b'"null"', b"null"), MANIFEST, 201, 201, SAME),
    ("null in a platform", index(platform=None).replace(b'"manifests": []', b'"manifests": [%s]' % json.dumps(
        {**LAYER_, "platform": {"os": None, "architecture": None, "variant": None, "os.version": None, "os.features": None}}).encode()),
     INDEX, 201, 201, SAME),
    ("null for a place", layer(urls=[None]), MANIFEST, 500, 400, ANSWERED),
    ("null for schemaVersion", image(schemaVersion=None), MANIFEST, 500, 400, ANSWERED),
    ("no members in an index", json.dumps({"schemaVersion": 2, "mediaType": INDEX}).encode(), INDEX, 201, 201, SAME),
    ("null for members of the other kind", image(manifests=None), MANIFEST, 201, 201, SAME),
    ("null for the layers of an index", index(layers=None, config=None), INDEX, 201, 201, SAME),
    ("an object for layers", image(layers={}), MANIFEST, 400, 400, SAME),
    ("a list for an image", b"[]", MANIFEST, 400, 400, SAME),
    ("null for a manifest", b"null", MANIFEST, 500, 400, ANSWERED),
    ("a number for an annotation", image(annotations={"a": 1}), MANIFEST, 400, 400, SAME),
    ("a layer without a media type", layer(mediaType=None), MANIFEST, 201, 201, SAME),
    ("a layer with an empty media type", layer(mediaType=""), MANIFEST, 201, 201, SAME),
    ("a layer of the wrong size", layer(size=5), MANIFEST, 201, 201, SAME),
    ("a size with a fraction", image().replace(b'"size": 7', b'"size": 7.0'), MANIFEST, 400, 400, SAME),
    ("null for a digest", layer().replace(b'"%s"' % LAYER_["digest"].encode(), b"null"), MANIFEST, 400, 400, SAME),
    ("no media type", image_without("mediaType"), MANIFEST, 201, 201, SAME),
    ("Content-Type in capitals", image(), MANIFEST.upper(), 201, 201, SAME),
    ("Content-Type with a charset", image(), MANIFEST + "; charset=utf-8", 201, 201, SAME),
    ("Content-Type of another kind", image(), DOCKER_MANIFEST, 400, 400, SAME),
    ("Content-Type application/json", image(), "application/json", 400, 400, SAME),
    ("no Content-Type", image(), None, 400, 201, "The manifest says itself what it is"),
    ("white space at the end", image() + b"\n\n", MANIFEST, 201, 201, SAME),
    ("something after the end", image() + b"xx", MANIFEST, 400, 400, SAME),
    ("a byte order mark", b"\xef\xbb\xbf" + image(), MANIFEST, 400, 400, SAME),
    ("a name twice", image()[:-1] + b', "layers": []}', MANIFEST, 201, 400, AMBIGUOUS),
    ("a name in other letter case", image(Layers=[]), MANIFEST, 201, 400, AMBIGUOUS),
    ("an image with members", image(manifests=[]), MANIFEST, 400, 400, SAME),
    ("an index with layers", index(layers=[LAYER_]), INDEX, 400, 400, SAME),
    ("no schemaVersion", image_without("schemaVersion"), MANIFEST, 500, 400, ANSWERED),
    ("schema 1", json.dumps({"schemaVersion": 1, "name": "a", "tag": "t", "fsLayers": [], "history": []}).encode(),
     "application/vnd.docker.distribution.manifest.v1+json", 400, 415, "Not supported, which is said so"),
    ("the artifact manifest of 1.1's drafts", json.dumps({"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": []}).encode(),
     "application/vnd.oci.artifact.manifest.v1+json", 400, 415, "Not supported, which is said so"),
    ("a layer that is not there", image(layers=[ABSENT]), MANIFEST, 400, 404, SPECIFIED),
    ("a layer that is not there, with its bytes in the manifest",
     image(layers=[describe(b"abc", "text/plain", data=base64.b64encode(b"abc").decode())]), MANIFEST, 400, 404, SPECIFIED),
    ("a foreign layer that is not there", docker(DOCKER_MANIFEST, config={**CONFIG_, "mediaType": "application/vnd.docker.container.image.v1+json"},
                                                 layers=[{**ABSENT, "mediaType": FOREIGN, "urls": ["https://a.example/x"]}]),
     DOCKER_MANIFEST, 500, 201, ELSEWHERE),
    ("a nondistributable layer that is not there, without its place", image(layers=[{**ABSENT, "mediaType": NONDISTRIBUTABLE}]),
     MANIFEST, 400, 201, ELSEWHERE),
    ("a foreign layer from file:///etc/passwd", image(layers=[{**ABSENT, "mediaType": NONDISTRIBUTABLE, "urls": ["file:///etc/passwd"]}]),
     MANIFEST, 500, 400, ANSWERED),
    ("a member that is not there", index({**ABSENT, "mediaType": MANIFEST}), INDEX, 400, 404, SPECIFIED),
    ("members that are blobs (BuildKit's cache)", index(LAYER_, describe(CACHE_TEXT, CACHE_CONFIG)), INDEX, 201, 201, SAME),
    ("the same in a Docker list", docker(DOCKER_LIST, manifests=[LAYER_, describe(CACHE_TEXT, CACHE_CONFIG)]), DOCKER_LIST, 201, 201, SAME),
    ("BuildKit's cache as an image", image(config=describe(CACHE_TEXT, CACHE_CONFIG)), MANIFEST, 201, 201, SAME),
    ("a blob that calls itself a manifest", index({**LAYER_, "mediaType": MANIFEST}), INDEX, 201, 404,
     "Nobody could pull it: it would be asked for as a manifest"),
    ("a subject by sha384", image(subject={"mediaType": MANIFEST, "digest": "sha384:" + "b" * 96, "size": 3}), MANIFEST, 201, 415,
     "It is recorded here, which docker-registry does not do, and no manifest can have that digest"),
    ("a subject in capitals", image(subject={"mediaType": MANIFEST, "digest": "sha256:" + "A" * 64, "size": 3}), MANIFEST, 201, 400,
     "It is recorded here, which docker-registry does not do, and is no digest"),
    ("10,001 layers", image(layers=[LAYER_] * 10001), MANIFEST, 201, 400, "A bound that no image comes near"),
]
