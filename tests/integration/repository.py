"""A repository of a server under test, by plain HTTP: short ways to push, and what an answer must have."""
import json

from oci_layout import CONFIG, INDEX, MANIFEST, digest_of

EMPTY = "application/vnd.oci.empty.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
OCTETS = "application/octet-stream"
# distribution-spec, "Error Codes".
ERROR_CODES = {"BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN",
               "MANIFEST_INVALID", "MANIFEST_UNKNOWN", "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED", "DENIED",
               "UNSUPPORTED", "TOOMANYREQUESTS"}


def check_error(answer, status, code=None):
    """An error as the specification has it: a listed code, a message that a person can act on, and no detail that repeats it:
    clients print both."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    if answer.request.method == "HEAD":
        return None
    if "/api/v1/" in answer.request.url:  # whose errors are problems
        assert answer.headers["Content-Type"] == "application/problem+json"
        error = {"code": answer.json()["code"], "message": answer.json()["detail"]}
    else:
        assert answer.headers["Content-Type"] == "application/json"
        error = answer.json()["errors"][0]
        assert error["code"] in ERROR_CODES
    assert code in (None, error["code"]), error
    assert error["message"] and error["message"] not in json.dumps(error.get("detail"))
    return error


def image_of(config, layers, **members):
    """The text of an image manifest."""
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers, **members}).encode()


def index_of(manifests, **members):
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, **members}).encode()


def descriptor_of(data, media_type, algorithm="sha256", **members):
    return {"mediaType": media_type, "digest": digest_of(data, algorithm), "size": len(data), **members}


class Repository:
    def __init__(self, server, name):
        self.server, self.name = server, name

    def request(self, method, path, **options):
        """path: what stands behind /v2/<name>/, or a Location."""
        path = path.removeprefix(self.server.url)
        return self.server.request(method, path if path.startswith("/") else f"/v2/{self.name}/{path}", **options)

    def start(self, query=""):
        """The location of a new upload."""
        answer = self.request("POST", f"blobs/uploads/{query}")
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    def patch(self, location, data, first=None, **headers):
        if first is not None:
            headers["Content-Range"] = f"{first}-{first + len(data) - 1}"
        return self.request("PATCH", location, data=data, headers={"Content-Type": OCTETS, **headers})

    def close(self, location, digest, data=b"", **headers):
        separator = "&" if "?" in location else "?"
        return self.request("PUT", f"{location}{separator}digest={digest}", data=data,
                            headers={"Content-Type": OCTETS, **headers})

    def push_blob(self, data, media_type=OCTETS, algorithm="sha256"):
        """Pushes by POST and PUT; the blob's descriptor."""
        answer = self.close(self.start(), digest_of(data, algorithm), data)
        assert answer.status_code == 201, answer.text
        return descriptor_of(data, media_type, algorithm)

    def put_manifest(self, reference, data, media_type=MANIFEST, **options):
        return self.request("PUT", f"manifests/{reference}", data=data, headers={"Content-Type": media_type}, **options)

    def push_manifest(self, data, reference=None, media_type=MANIFEST, algorithm="sha256"):
        """By its digest when no tag is given; its descriptor."""
        answer = self.put_manifest(reference or digest_of(data, algorithm), data, media_type)
        assert answer.status_code == 201, answer.text
        return descriptor_of(data, media_type, algorithm)

    def push_image(self, reference=None, config=b"{}", layers=(b"layer",), config_type=CONFIG, **members):
        """An image of these blobs; its descriptor and its text."""
        text = image_of(self.push_blob(config, config_type), [self.push_blob(layer, LAYER) for layer in layers], **members)
        return self.push_manifest(text, reference), text

    def get_manifest(self, reference, accept=f"{MANIFEST}, {INDEX}", method="GET"):
        return self.request(method, f"manifests/{reference}", headers={"Accept": accept} if accept else {})

    def tags(self, query=""):
        answer = self.request("GET", f"tags/list{query}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["name"] == self.name
        return answer.json()["tags"]

    def referrers(self, digest, query=""):
        answer = self.request("GET", f"referrers/{digest}{query}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == INDEX
        assert answer.json()["schemaVersion"] == 2 and answer.json()["mediaType"] == INDEX
        return answer
