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


class Responses:
    """The responses that come over a connection, one after the other, each with a Content-Length (or none)."""

    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def fill(self, enough, what):
        while not enough():
            part = self.sock.recv(65536)
            if not part:
                raise ConnectionError(f"the connection ended in {what}: {self.data!r}")
            self.data += part

    def next(self):
        """(status, {lower-case name: value}, body)"""
        self.fill(lambda: b"\r\n\r\n" in self.data, "the head of a response")
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", 0))
        self.fill(lambda: len(self.data) >= size, f"a body of {size} bytes")
        body, self.data = self.data[:size], self.data[size:]
        return int(status.split()[1]), headers, body


def read_response(sock):
    """The only response, or the first."""
    return Responses(sock).next()


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
