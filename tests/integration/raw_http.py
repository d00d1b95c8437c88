"""HTTP by hand, for requests that no client library would send, and pushes without a client."""
import contextlib
import json
import socket
from pathlib import Path

from oci_layout import digest_of, reachable


@contextlib.contextmanager
def connection(server, timeout=60):
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as plain:
        yield plain


def read_response(sock):
    """(status, {lower-case name: value}, body) of one response with a Content-Length (or none)."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            raise ConnectionError(f"the connection ended in the head of a response: {data!r}")
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        part = sock.recv(65536)
        if not part:
            raise ConnectionError(f"the connection ended after {len(body)} of {headers['content-length']} bytes")
        body += part
    return int(status.split()[1]), headers, body


def is_at_end(sock):
    """Whether the server closed the connection: nothing more comes."""
    try:
        return sock.recv(65536) == b""
    except ConnectionResetError:
        return True


def push_blob(server, repository, data):
    """Pushes in one POST; returns the digest."""
    digest = digest_of(data)
    answer = server.request("POST", f"/v2/{repository}/blobs/uploads/", params={"digest": digest}, data=data)
    assert answer.status_code == 201, answer.text
    return digest


def push_layout(server, repository, tag, folder):
    """Pushes what a tag of a layout reaches; returns the digest of its manifest."""
    blobs = reachable(folder, tag)
    entry = next(entry for entry in json.loads((Path(folder) / "index.json").read_text())["manifests"]
                 if entry["annotations"]["org.opencontainers.image.ref.name"] == tag)
    manifests = {entry["digest"]: entry["mediaType"]}
    for member in json.loads(blobs[entry["digest"]]).get("manifests", []):
        manifests[member["digest"]] = member["mediaType"]
    for digest, data in blobs.items():
        if digest not in manifests:
            push_blob(server, repository, data)
    for digest in reversed(list(manifests)):
        reference = tag if digest == entry["digest"] else digest
        answer = server.request("PUT", f"/v2/{repository}/manifests/{reference}", data=blobs[digest],
                                headers={"Content-Type": manifests[digest]})
        assert answer.status_code == 201, answer.text
    return entry["digest"]
