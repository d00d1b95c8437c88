"""Keys in a real OpenBao (bao.py): made, signed with, turned over; and what is said when its policies, tokens and log-ins say no, or it is sealed.
`make bao` runs it; in the whole run of the tests it is skipped where OpenBao was not built before."""
import json
import subprocess
import time

import pytest

from bao import ROOT_TOKEN, Bao

SIGNER = 'path "transit/keys/*" { capabilities = ["read"] }\npath "transit/sign/*" { capabilities = ["update"] }'
ALGORITHMS = ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"]


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    server = Bao(tmp_path_factory.mktemp("bao"))
    server.policy("signer", SIGNER)
    yield server
    server.stop()


@pytest.fixture
def show(bao, assay, tmp_path):
    """show(key, token): the public key, or with ok=False what is said."""
    def run(key, token, question="", ok=True, **environment):
        (tmp_path / "token").write_text(f"{token}\n")
        shown = [] if token is None else ["--token-file", tmp_path / "token"]
        done = assay("key", "public", f"vault://{key}?endpoint={bao.url}{question}", *shown, check=None, env=environment)
        assert (done.returncode == 0) == ok, (key, done.stdout, done.stderr)
        return done.stdout if ok else done.stderr
    return run


def push(repository):
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
    repository.push_image("v1", config=config.encode(), layers=())
    return f"{repository.server.address}/{repository.name}:v1"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_makes_and_signs(bao, assay, show, repository, tmp_path, algorithm):
    """OpenBao and openssl know the key that is made; what it signs verifies, and after it is turned over, what both versions signed."""
    key, address = f"made-{algorithm}", push(repository)
    uri = f"vault://{key}?endpoint={bao.url}"
    root, token = tmp_path / "root", tmp_path / "signer"
    root.write_text(ROOT_TOKEN)
    token.write_text(bao.token("signer"))
    made = assay("key", "make", uri, "--algorithm", algorithm, "--token-file", root).stdout
    assert bao.ask("GET", f"transit/keys/{key}")["data"]["type"] == algorithm
    subprocess.run(["openssl", "pkey", "-pubin", "-noout"], input=made, text=True, check=True)
    assert "has it already" in assay("key", "make", uri, "--algorithm", algorithm, "--token-file", root, check=None).stderr
    first, second = tmp_path / "first.pub", tmp_path / "second.pub"
    first.write_text(made)
    assay("sign", "--key", uri, "--token-file", token, address)
    assay("verify", "--key", first, address)
    bao.ask("POST", f"transit/keys/{key}/rotate", {})
    second.write_text(show(key, bao.token("signer")))
    assert second.read_text() != made and show(key, bao.token("signer"), "&version=1") == made
    assay("verify", "--key", second, address, check=1)
    assay("sign", "--key", uri, "--token-file", token, address)
    for public in (first, second):
        assay("verify", "--key", public, address)


def test_old_versions_end(bao, assay, show, repository, tmp_path):
    """A version that OpenBao signs by no more is refused."""
    bao.ask("POST", "transit/keys/ended", {"type": "ecdsa-p256"})
    bao.ask("POST", "transit/keys/ended/rotate", {})
    bao.ask("POST", "transit/keys/ended/config", {"min_encryption_version": 2})
    token = tmp_path / "token-of-signer"
    token.write_text(bao.token("signer"))
    said = assay("sign", "--key", f"vault://ended?endpoint={bao.url}&version=1", "--token-file", token, push(repository), check=None)
    assert said.returncode != 0 and "less than the minimum" in said.stderr, said.stderr
    assert "no public key of version 3" in show("ended", bao.token("signer"), "&version=3", ok=False)


def test_refuses(bao, show):
    """A token without the right, one that ended, one that was revoked, and one that never was."""
    bao.ask("POST", "transit/keys/refused", {"type": "ecdsa-p256"})
    ended, revoked = bao.token("signer", ttl="1s"), bao.token("signer")
    assert "BEGIN PUBLIC KEY" in show("refused", revoked)
    bao.ask("POST", "auth/token/revoke", {"token": revoked})
    time.sleep(2)
    for token in (bao.token("default"), ended, revoked, "s.never"):
        said = show("refused", token, ok=False)
        assert "HTTP 403" in said and "permission denied" in said and token not in said, said
    assert "HTTP 404" in show("nothing-of-this-name", ROOT_TOKEN, ok=False)


def test_logs_in(bao, show):
    """By AppRole: the right secret opens, a wrong one does not, and one that was taken back no more."""
    bao.ask("POST", "transit/keys/logged", {"type": "ecdsa-p256"})
    bao.ask("POST", "sys/auth/signers", {"type": "approle"})
    bao.ask("POST", "auth/signers/role/signer", {"token_policies": ["signer"], "token_ttl": "20m"})
    role = bao.ask("GET", "auth/signers/role/signer/role-id")["data"]["role_id"]
    secret = bao.ask("POST", "auth/signers/role/signer/secret-id", {})["data"]["secret_id"]
    ways = {"VAULT_ROLE_ID": role, "VAULT_SECRET_ID": secret}
    where = "&credentials=approle&login=signers"
    assert "BEGIN PUBLIC KEY" in show("logged", None, where, **ways)
    said = show("logged", None, where, ok=False, **{**ways, "VAULT_SECRET_ID": "not-this"})
    assert "not-this" not in said and "HTTP 400" in said, said
    bao.ask("POST", "auth/signers/role/signer/secret-id/destroy", {"secret_id": secret})
    show("logged", None, where, ok=False, **ways)


def test_sealed(assay, tmp_path):
    """A server that is sealed is busy: it may be opened again."""
    server = Bao(tmp_path)
    try:
        server.ask("POST", "transit/keys/sealed", {"type": "ecdsa-p256"})
        server.ask("PUT", "sys/seal")
        done = assay("key", "public", f"vault://sealed?endpoint={server.url}", check=None, env={"VAULT_TOKEN": ROOT_TOKEN})
        assert done.returncode != 0 and "HTTP 503" in done.stderr and "sealed" in done.stderr, done.stderr
    finally:
        server.stop()
