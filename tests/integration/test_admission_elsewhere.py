"""What clusters are told of images in other registries: a second registry, what lies beside its images, and registries that hang, drip,
lead in circles or send without end."""
import contextlib
import json
import socket
import threading
import time

import pytest

import gate
import reviews
import signed
from reviews import pod_spec, review, thing
from repository import Repository
from test_admission import BAD, GOOD, Cluster


def test_images_elsewhere_are_verified(start_server, push, assay, tmp_path):
    """Another registry says what the name is; what is known of that image here decides."""
    other = start_server(name="other")
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine", config="  elsewhere: verify\n  loopback: true\n")
    for tag in ("fixed", "vulnerable", "both"):
        push(other, cluster.layout, tag, "copies/web")
    assert cluster.ask(thing("Pod", pod_spec(f"{other.address}/copies/web:fixed")))["allowed"]
    refused = cluster.ask(thing("Pod", pod_spec(f"{other.address}/copies/web:vulnerable")))
    assert not refused["allowed"] and 'policy "strict" refuses' in refused["status"]["message"]
    for arch, allowed in (("amd64", False), ("arm64", True), ("s390x", False)):
        item = thing("Pod", pod_spec(f"{other.address}/copies/web:both", nodeSelector={"kubernetes.io/arch": arch}))
        assert cluster.ask(item)["allowed"] == allowed, arch
    unknown, _, _ = gate.alpine_layout(tmp_path / "unknown", extra="another")
    push(other, unknown, "fixed", "unknown/web")
    push(other, unknown, "both", "unknown/web")
    for tag in ("fixed", "both"):
        refused = cluster.ask(thing("Pod", pod_spec(f"{other.address}/unknown/web:{tag}")))
        assert not refused["allowed"] and "does not hold" in refused["status"]["message"]
    missing = cluster.ask(thing("Pod", pod_spec(f"{other.address}/copies/web:none")))
    assert not missing["allowed"]
    item = thing("Pod", pod_spec(f"{other.address}/copies/web:fixed"))
    fixed = reviews.patched(item, cluster.ask(item, webhook="mutate"))
    assert fixed["spec"]["containers"][0]["image"] == f"{other.address}/copies/web:fixed@{cluster.fixed}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.8.8"])
def test_its_own_machine_is_not_asked(start_server, push, assay, tmp_path, host):
    """Whoever makes a Pod names the host: he is not to have us ask what listens only here."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        cluster = Cluster(start_server, push, assay, tmp_path / "alpine", config="  elsewhere: verify\n")
        answer = cluster.ask(thing("Pod", pod_spec(f"{host}:{listener.getsockname()[1]}/secret/place:v1")))
        assert not answer["allowed"] and "machine of this registry" in answer["status"]["message"]
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_in_quarantine_is_refused_from_elsewhere(start_server, push, assay, tmp_path, whole):
    other = start_server(name="other")
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine", config="  elsewhere: verify\n  loopback: true\n")
    for tag in ("fixed", "both"):
        push(other, cluster.layout, tag, "copies/web")
    item = thing("Pod", pod_spec(f"{other.address}/copies/web:fixed"))
    nodes = pod_spec(f"{other.address}/copies/web:both", nodeSelector={"kubernetes.io/arch": "arm64"})
    assert cluster.ask(item)["allowed"] and cluster.ask(thing("Pod", nodes))["allowed"]
    target = cluster.fixed if whole else f"prod/web@{cluster.fixed}"
    assert cluster.server.request("POST", "/api/v1/quarantine", json={"target": target, "reason": "an incident"}).status_code < 300
    for refused in (cluster.ask(item), cluster.ask(thing("Pod", nodes))):
        assert not refused["allowed"] and "an incident" in refused["status"]["message"]


class Signed:
    """A cluster whose policy asks for a signature by `release` of what other registries hold, and such a registry."""

    def __init__(self, start_server, push, assay, tmp_path, extra=""):
        self.other = start_server(name="other")
        self.release, self.stranger = signed.Signer(), signed.Signer("ed25519")
        key = "\n".join(f"        {line}" for line in self.release.pem.split("\n") if line)
        policy = (f"attestors:\n  - name: release\n    keys:\n      - |\n{key}\npolicies:\n"
                  f"  - {{name: elsewhere, namespaces: ['{self.other.address}/**'], signatures: [release]{extra}}}\n"
                  + gate.STRICT.removeprefix("policies:\n"))
        (tmp_path / "policy").mkdir()
        self.cluster = Cluster(start_server, push, assay, tmp_path / "alpine", config="  elsewhere: verify\n  loopback: true\n", policy=policy)

    def image(self, name, **how):
        """A repository there, with an image of its own as v1; its descriptor."""
        repository = Repository(self.other, name)
        return repository, repository.push_image("v1", layers=(name.encode(),), **how)[0]

    def ask(self, name, reference=":v1", **how):
        return self.cluster.ask(thing("Pod", pod_spec(f"{self.other.address}/{name}{reference}", **how)))


def test_signatures_elsewhere(start_server, push, assay, tmp_path):
    """What lies beside an image in its own registry counts, in each form, and what is wrong does not."""
    case = Signed(start_server, push, assay, tmp_path)
    repository, image = case.image("a/tag")
    signed.cosign_sign(repository, case.release, image["digest"])
    admitted = case.ask("a/tag")
    assert admitted["allowed"] and "does not hold it" in json.dumps(admitted["warnings"])
    assert case.ask("a/tag", f"@{image['digest']}")["allowed"]
    repository, image = case.image("a/bundle")
    signed.bundle_sign(repository, case.release, image)
    assert case.ask("a/bundle")["allowed"]
    for name, sign in (("a/nobody", lambda *_: None), ("a/stranger", lambda where, of: signed.cosign_sign(where, case.stranger, of["digest"])),
                       ("a/other", lambda where, of: signed.cosign_sign(where, case.release, of["digest"], reference="quay.io/a/other")),
                       ("a/broken", lambda where, of: signed.cosign_sign(where, case.release, of["digest"], signature=b"\0" * 70))):
        repository, image = case.image(name)
        sign(repository, image)
        refused = case.ask(name)
        assert not refused["allowed"] and '"release"' in refused["status"]["message"], name


def test_signatures_of_indexes_elsewhere(start_server, push, assay, tmp_path):
    """An index that is signed covers its images; one of whose images alone is signed is refused."""
    case = Signed(start_server, push, assay, tmp_path)
    repository = Repository(case.other, "a/index")
    members = [repository.push_image(layers=(f"of {number}".encode(),))[0] for number in range(2)]
    index = signed.push_index(repository, "v1", members)
    for member in members:
        signed.cosign_sign(repository, case.release, member["digest"])
    assert not case.ask("a/index")["allowed"]
    assert case.ask("a/index", f"@{members[0]['digest']}")["allowed"]
    other = Repository(case.other, "b/index")
    members = [other.push_image(layers=(f"of {number}".encode(),))[0] for number in range(2)]
    index = signed.push_index(other, "v1", members)
    signed.cosign_sign(other, case.release, index["digest"])
    assert case.ask("b/index")["allowed"]
    assert not case.ask("b/index", nodeSelector={"kubernetes.io/arch": "s390x"})["allowed"]


def test_an_image_that_nobody_scanned_is_told(start_server, push, assay, tmp_path):
    """Where the policy blocks what was never scanned, a signature does not help; an image that is here is judged by both."""
    case = Signed(start_server, push, assay, tmp_path, extra=", unscanned: block, vulnerabilities: {block: [critical], unknown_as: critical}")
    repository, image = case.image("a/tag")
    signed.cosign_sign(repository, case.release, image["digest"])
    refused = case.ask("a/tag")
    assert not refused["allowed"] and "does not hold it" in refused["status"]["message"]
    for tag, digest, allowed in (("fixed", case.cluster.fixed, True), ("vulnerable", case.cluster.vulnerable, False)):
        push(case.other, case.cluster.layout, tag, f"copies/{tag}")
        signed.cosign_sign(Repository(case.other, f"copies/{tag}"), case.release, digest)
        assert case.ask(f"copies/{tag}", f":{tag}")["allowed"] == allowed, tag
    push(case.other, case.cluster.layout, "fixed", "copies/unsigned")
    assert not case.ask("copies/unsigned", ":fixed")["allowed"]


def test_what_was_said_is_kept(start_server, push, assay, tmp_path):
    """The second question is answered from memory, also when the registry is away; another policy asks again."""
    case = Signed(start_server, push, assay, tmp_path)
    repository, image = case.image("a/tag")
    signed.cosign_sign(repository, case.release, image["digest"])
    assert case.ask("a/tag", f"@{image['digest']}")["allowed"]
    case.other.stop()
    for _ in range(3):
        assert case.ask("a/tag", f"@{image['digest']}")["allowed"]
    assert gate.metric(case.cluster.server, 'assay_elsewhere_asked_total{outcome="found"}') == 1
    assert gate.metric(case.cluster.server, 'assay_elsewhere_answers_total{from="memory"}') >= 3
    gate.reload(case.cluster.server, gate.STRICT)
    refused = case.ask("a/tag", f"@{image['digest']}")
    assert not refused["allowed"] and "cannot be judged now" in refused["status"]["message"]


# --- registries that keep one waiting ---

def hang(connection):
    connection.recv(65536)
    time.sleep(60)


def drip(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.2)


def redirect(connection):
    while connection.recv(65536):
        connection.sendall(b"HTTP/1.1 307 Away\r\nLocation: /v2/again\r\nContent-Length: 0\r\n\r\n")


def flood(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def wait(connection):
    while connection.recv(65536):
        connection.sendall(b"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")


@contextlib.contextmanager
def bad_registry(behave):
    """Its address, and the connections that it had."""
    connections = []

    def serve(listening):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connections.append(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection):
        with contextlib.suppress(OSError):
            behave(connection)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}", connections
        finally:
            for connection in connections:
                connection.close()
            listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("on_error", ["deny", "allow"])
def test_a_registry_that_hangs_keeps_nobody(start_server, push, assay, tmp_path, on_error):
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine", config=f"  elsewhere: verify\n  loopback: true\n  on_error: {on_error}\n")
    with bad_registry(hang) as (address, connections):
        images = [f"{address}/a/b:v{number}" for number in range(10)]
        began = time.monotonic()
        answer = cluster.server.request("POST", "/admission/validate?timeout=3s", json=review(thing("Pod", pod_spec(*images)))).json()["response"]
        assert time.monotonic() - began < 3 and answer["allowed"] == (on_error == "allow")
        assert "has not answered yet" in json.dumps(answer)
        # Of one host some are asked for at once, and not all.
        assert len(connections) == 4
        # What is here is answered meanwhile, and so is another registry.
        assert cluster.ask(thing("Pod", pod_spec(GOOD)))["allowed"] and not cluster.ask(thing("Pod", pod_spec(BAD)))["allowed"]
        other = start_server(name="other")
        push(other, cluster.layout, "fixed", "copies/web")
        assert cluster.ask(thing("Pod", pod_spec(f"{other.address}/copies/web:fixed")))["allowed"]
        # A server that stops does not wait for it.
        began = time.monotonic()
        cluster.server.stop()
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("behave", [drip, redirect, flood, wait])
def test_registries_that_misbehave(start_server, push, assay, tmp_path, behave):
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine", config="  elsewhere: verify\n  loopback: true\n")
    with bad_registry(behave) as (address, _):
        began = time.monotonic()
        body = review(thing("Pod", pod_spec(f"{address}/a/b:v1")))
        answer = cluster.server.request("POST", "/admission/validate?timeout=4s", json=body).json()["response"]
        assert time.monotonic() - began < 4 and not answer["allowed"]
        assert "cannot be judged now" in answer["status"]["message"]
