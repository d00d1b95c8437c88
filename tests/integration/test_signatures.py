"""Signatures of `assay sign` and `assay attest` with other programs as judges: skopeo, cosign 2, cosign 3 and notation take ours, and refuse
what was changed, what another key signed, and what is for another repository; theirs are taken and refused by `assay verify` alike."""
import base64
import ctypes
import hashlib
import json
import os
import subprocess
import types

from pathlib import Path

import pytest

from notary import Authority, notation, openssl
from oci_layout import MANIFEST, digest_of
from repository import Repository
from signing_judges import tool

KINDS = {"p256": ("EC", "ec_paramgen_curve:P-256"), "p384": ("EC", "ec_paramgen_curve:P-384"), "rsa": ("RSA", "rsa_keygen_bits:3072"),
         "ed25519": ("ED25519", None)}
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"


def make_key(folder, kind, name="key"):
    """Of one of KINDS, or sm2."""
    algorithm, option = KINDS.get(kind, ("SM2", None))
    key, public = folder / f"{name}.pem", folder / f"{name}.pub"
    openssl("genpkey", "-algorithm", algorithm, *(["-pkeyopt", option] if option else []), "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", public)
    return types.SimpleNamespace(private=key, public=public)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Of each kind two: one that signs, and a stranger's."""
    folder = tmp_path_factory.mktemp("keys")
    return {kind: (make_key(folder, kind, kind), make_key(folder, kind, f"{kind}-stranger")) for kind in KINDS}


# --- the judges, each: accepts(folder, address, public key) ---

def skopeo(folder, address, public):
    run = tool("skopeo", folder)
    host = address.partition("/")[0]
    registries = folder / "registries.d"
    registries.mkdir(exist_ok=True)
    (registries / "here.yaml").write_text(f"docker:\n  {host}:\n    use-sigstore-attachments: true\n")
    policy = folder / "policy.json"
    policy.write_text(json.dumps({"default": [{"type": "reject"}], "transports": {"docker": {host: [
        {"type": "sigstoreSigned", "keyPath": str(public), "signedIdentity": {"type": "matchRepository"}}]}}}))
    done = run("--policy", policy, "--registries.d", registries, "copy", "--remove-signatures", "--src-tls-verify=false",
               f"docker://{address}", f"dir:{folder / 'pulled'}", check=False)
    assert done.returncode == 0 or "Source image rejected" in done.stderr, done.stderr
    return done.returncode == 0


def cosign(name, *options):
    def accepts(folder, address, public):
        done = tool(name, folder)("verify", "--key", public, "--insecure-ignore-tlog=true", "--allow-http-registry", *options, address,
                                  check=False)
        assert done.returncode == 0 or "no signatures found" in done.stderr or "no matching" in done.stderr or \
            "invalid signature" in done.stderr or "failed to verify" in done.stderr or "bundle" in done.stderr, done.stderr
        return done.returncode == 0
    return accepts


JUDGES = {"skopeo": (skopeo, "cosign", True), "cosign2": (cosign("cosign2"), "cosign", False),
          "cosign3-tag": (cosign("cosign3", "--new-bundle-format=false"), "cosign", False),
          "cosign3-bundle": (cosign("cosign3"), "bundle", False)}


def push(repository, text="of"):
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "of": text})
    image, _ = repository.push_image("v1", config=config.encode(), layers=())
    return image, f"{repository.server.address}/{repository.name}:v1"


def beside(image, suffix):
    return image["digest"].replace(":", "-") + suffix


def blob(repository, descriptor):
    return repository.request("GET", f"blobs/{descriptor['digest']}").content


def copy_beside(source, target, image):
    """The .sig of an image filed in another repository, which has the same image."""
    manifest = json.loads(source.get_manifest(beside(image, ".sig")).content)
    for descriptor in (manifest["config"], *manifest["layers"]):
        target.push_blob(blob(source, descriptor))
    target.push_manifest(json.dumps(manifest).encode(), beside(image, ".sig"))


def change_payload(repository, image):
    """The last letter of the repository that is signed is another, and all that names the payload fits it."""
    manifest = json.loads(repository.get_manifest(beside(image, ".sig")).content)
    layer = manifest["layers"][0]
    text = blob(repository, layer)
    changed = text.replace(b":v1\"", b":v2\"")
    assert changed != text
    layer.update(repository.push_blob(changed, SIMPLE))
    repository.push_manifest(json.dumps(manifest).encode(), beside(image, ".sig"))


def change_signature(repository, image):
    manifest = json.loads(repository.get_manifest(beside(image, ".sig")).content)
    layer = manifest["layers"][0]
    raw = bytearray(base64.b64decode(layer["annotations"][SIGNATURE]))
    raw[-1] ^= 1
    layer["annotations"][SIGNATURE] = base64.b64encode(raw).decode()
    repository.push_manifest(json.dumps(manifest).encode(), beside(image, ".sig"))


def change_bundle(repository, image, of="payload"):
    """The bundle, with a byte of the payload or of the signature changed, in the place of the genuine one."""
    for referrer in repository.referrers(image["digest"]).json()["manifests"]:
        manifest = json.loads(repository.get_manifest(referrer["digest"]).content)
        bundle = json.loads(blob(repository, manifest["layers"][0]))
        envelope = bundle["dsseEnvelope"]
        signed = base64.b64decode(envelope["payload"])
        signature = bytearray(base64.b64decode(envelope["signatures"][0]["sig"]))
        if of == "payload":
            changed = signed.replace(b'"predicate":{}', b'"predicate":{ }')
            assert changed != signed
            envelope["payload"] = base64.b64encode(changed).decode()
        else:
            signature[-1] ^= 1
            envelope["signatures"][0]["sig"] = base64.b64encode(signature).decode()
        manifest["layers"] = [repository.push_blob(json.dumps(bundle).encode(), manifest["layers"][0]["mediaType"])]
        assert repository.request("DELETE", f"manifests/{referrer['digest']}").status_code == 202
        repository.push_manifest(json.dumps(manifest).encode())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", JUDGES)
def test_others_take_ours(repository, keys, assay, tmp_path, name, kind):
    judge, form, reads_reference = JUDGES[name]
    key, stranger = keys[kind]
    image, address = push(repository)
    assert not judge(tmp_path, address, key.public), "it says yes to what nobody signed"
    assay("verify", "--key", key.public, address, check=1)
    assay("sign", "--key", key.private, address)
    assert judge(tmp_path, address, key.public)
    assay("verify", "--key", key.public, address)
    assert not judge(tmp_path, address, stranger.public)
    assay("verify", "--key", stranger.public, address, check=1)
    elsewhere = Repository(repository.server, repository.name + "/elsewhere")
    _, other = push(elsewhere)
    copy_beside(repository, elsewhere, image)
    if form == "cosign":
        assert judge(tmp_path, other, key.public) == (not reads_reference)
    assert "is for the repository" in assay("verify", "--key", key.public, other, check=1).stdout
    assay("verify", "--key", key.public, "--any-repository", other)


@pytest.mark.parametrize("change", ["payload", "signature"])
@pytest.mark.parametrize("name", JUDGES)
def test_nobody_takes_what_was_changed(repository, keys, assay, tmp_path, name, change):
    judge, form, _ = JUDGES[name]
    key, _ = keys["p256"]
    image, address = push(repository)
    assay("sign", "--key", key.private, "--format", form, address)
    assert judge(tmp_path, address, key.public)
    if form == "bundle":
        change_bundle(repository, image, change)
    else:
        (change_payload if change == "payload" else change_signature)(repository, image)
    assert not judge(tmp_path, address, key.public)
    assert "nobody who is known" in assay("verify", "--key", key.public, address, check=1).stdout


def test_a_second_signature_is_added(repository, keys, assay, tmp_path):
    image, address = push(repository)
    first, second = keys["p256"][0], keys["rsa"][0]
    for key in (first, second, first):
        assay("sign", "--key", key.private, "--format", "cosign", address)
    manifest = json.loads(repository.get_manifest(beside(image, ".sig")).content)
    assert len(manifest["layers"]) == 2
    for key in (first, second):
        assert skopeo(tmp_path, address, key.public)
    assay("verify", "--key", first.public, "--key", second.public, "--require", "all", address)
    result = json.loads(assay("verify", "--key", first.public, "--key", keys["ed25519"][0].public, "--require", "2", "--format", "json",
                              address, check=1).stdout)
    assert result["verified"] is False and len(result["signatures"]) == 1 and result["seen"] == 2


# --- what others sign ---

def import_key(folder, private, password="secret"):
    """The file of cosign for a key: its DER in a secretbox, by a key that scrypt makes of the password."""
    sodium = ctypes.CDLL("libsodium.so.23")
    der = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", private, "-outform", "DER"], check=True, capture_output=True).stdout
    salt, nonce = os.urandom(32), os.urandom(24)
    key = hashlib.scrypt(password.encode(), salt=salt, n=65536, r=8, p=1, maxmem=2**27, dklen=32)
    sealed = ctypes.create_string_buffer(len(der) + 16)
    assert sodium.crypto_secretbox_easy(sealed, der, ctypes.c_ulonglong(len(der)), nonce, key) == 0
    text = json.dumps({"kdf": {"name": "scrypt", "params": {"N": 65536, "r": 8, "p": 1}, "salt": base64.b64encode(salt).decode()},
                       "cipher": {"name": "nacl/secretbox", "nonce": base64.b64encode(nonce).decode()},
                       "ciphertext": base64.b64encode(sealed.raw).decode()})
    label = "ENCRYPTED SIGSTORE PRIVATE KEY"
    lines = base64.encodebytes(text.encode()).decode()
    (folder / "cosign.key").write_text(f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
    return folder / "cosign.key"


def skopeo_signs(folder, address, private, repository, image):
    (folder / "password").write_text("secret\n")
    registries = folder / "registries.d"
    registries.mkdir(exist_ok=True)
    (registries / "here.yaml").write_text(f"docker:\n  {address.partition('/')[0]}:\n    use-sigstore-attachments: true\n")
    run = tool("skopeo", folder)
    run("--insecure-policy", "copy", "--src-tls-verify=false", f"docker://{address}", f"dir:{folder / 'unsigned'}")
    run("--insecure-policy", "--registries.d", registries, "copy", "--preserve-digests", "--dest-tls-verify=false",
        "--sign-by-sigstore-private-key", import_key(folder, private), "--sign-passphrase-file", folder / "password",
        f"dir:{folder / 'unsigned'}", f"docker://{address}")


def cosign2_signs(folder, address, private, repository, image):
    tool("cosign2", folder)("sign", "--yes", "--key", import_key(folder, private), "--tlog-upload=false", "--allow-http-registry",
                            address, env={"COSIGN_PASSWORD": "secret"})


def cosign3_signs(folder, address, private, repository, image):
    run = tool("cosign3", folder)
    config = folder / "signing-config.json"
    config.write_text(run("signing-config", "create").stdout)
    run("sign", "--yes", "--key", import_key(folder, private), "--signing-config", config, "--allow-http-registry", address,
        env={"COSIGN_PASSWORD": "secret"})


SIGNERS = {"skopeo": skopeo_signs, "cosign2": cosign2_signs, "cosign3": cosign3_signs}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SIGNERS)
def test_we_take_theirs(repository, keys, assay, tmp_path, name, kind):
    key, stranger = keys[kind]
    image, address = push(repository)
    SIGNERS[name](tmp_path, address, key.private, repository, image)
    # With keys of these kinds cosign 3.1 signs a digest of the message, and takes that itself for no signature.
    if name == "cosign3" and kind in ("p384", "ed25519") and not cosign("cosign3")(tmp_path, address, key.public):
        assay("verify", "--key", key.public, address, check=1)
        return
    shown = json.loads(assay("verify", "--key", key.public, "--format", "json", address).stdout)
    assert shown["verified"] and shown["digest"] == image["digest"]
    assert [each["format"] for each in shown["signatures"]] == ["bundle" if name == "cosign3" else "cosign"]
    assay("verify", "--key", stranger.public, address, check=1)
    if name == "cosign3":
        change_bundle(repository, image)
    else:
        change_signature(repository, image)
    assay("verify", "--key", key.public, address, check=1)


# --- the Notary Project ---

@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authorities")
    return Authority(folder, "root"), Authority(folder, "other")


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa"])
def test_notation_takes_ours(repository, keys, authorities, assay, tmp_path, kind):
    key, (root, other) = keys[kind][0], authorities
    image, address = push(repository)
    assert not notation(tmp_path, address, root.pem)
    assay("sign", "--key", key.private, "--format", "notation", "--certificate", root.issue(key.private, f"release-{kind}"), address)
    assert notation(tmp_path, address, root.pem)
    assert not notation(tmp_path, address, other.pem)
    assay("verify", "--root", root.pem, address)
    assay("verify", "--key", key.public, address)
    assay("verify", "--root", root.pem, "--identity", "C=US, O=Example", address)
    assay("verify", "--root", root.pem, "--identity", "*@example.org", address)
    assert "none of the identities" in assay("verify", "--root", root.pem, "--identity", "O=Other", address, check=1).stdout
    assert "no root that is trusted" in assay("verify", "--root", other.pem, address, check=1).stdout
    change_jws(repository, image)
    assert not notation(tmp_path, address, root.pem)
    assay("verify", "--root", root.pem, address, check=1)


def change_jws(repository, image):
    for referrer in repository.referrers(image["digest"]).json()["manifests"]:
        manifest = json.loads(repository.get_manifest(referrer["digest"]).content)
        text = blob(repository, manifest["layers"][0])
        jws = json.loads(text)
        letter = jws["signature"][10]
        jws["signature"] = jws["signature"][:10] + ("A" if letter != "A" else "B") + jws["signature"][11:]
        manifest["layers"] = [repository.push_blob(json.dumps(jws).encode(), manifest["layers"][0]["mediaType"])]
        assert repository.request("DELETE", f"manifests/{referrer['digest']}").status_code == 202
        repository.push_manifest(json.dumps(manifest).encode())


def test_certificates_for_something_else(repository, keys, authorities, assay, tmp_path):
    key, (root, _) = keys["p256"][0], authorities
    _, address = push(repository)
    chain = root.issue(key.private, "web", purpose="serverAuth")
    assert "for signing code" in assay("sign", "--key", key.private, "--format", "notation", "--certificate", chain, address, check=2).stderr
    stranger, chain = keys["p256"][1], root.issue(key.private, "release")
    assert "of another key" in assay("sign", "--key", stranger.private, "--format", "notation", "--certificate", chain, address,
                                     check=2).stderr


@pytest.mark.parametrize("envelope", ["jws", "cose"])
def test_we_take_what_notation_signs(repository, assay, authorities, tmp_path, envelope):
    run = tool("notation", tmp_path)
    image, address = push(repository)
    run("cert", "generate-test", "--default", "release.example.org")
    run("sign", "--insecure-registry", "--signature-format", envelope, address)
    root = next((tmp_path / "config/notation/localkeys").glob("*.crt"))
    shown = json.loads(assay("verify", "--root", root, "--format", "json", address).stdout)
    assert [each["format"] for each in shown["signatures"]] == ["notation"]
    assay("verify", "--root", root, "--identity", "CN=release.example.org", address)
    assay("verify", "--root", authorities[0].pem, address, check=1)


# --- attestations ---

PREDICATE = {"invocation": {"parameters": None, "uri": "", "event_id": "", "builder.id": ""},
             "scanner": {"uri": "pkg:assay", "version": "1", "db": {"uri": "", "version": "1"}, "result": {}},
             "metadata": {"scanStartedOn": "2026-01-01T00:00:00Z", "scanFinishedOn": "2026-01-01T00:00:01Z"}}


@pytest.mark.parametrize("name, options", [("cosign2", []), ("cosign3", []), ("cosign3", ["--new-bundle-format=false"])])
def test_others_take_our_attestations(repository, keys, assay, tmp_path, name, options):
    key, stranger = keys["p256"]
    image, address = push(repository)
    (tmp_path / "scan.json").write_text(json.dumps(PREDICATE))
    assay("attest", "--key", key.private, "--type", "vuln", "--predicate", tmp_path / "scan.json", address)
    run = tool(name, tmp_path)

    def accepts(public, kind="vuln"):
        return run("verify-attestation", "--key", public, "--type", kind, "--insecure-ignore-tlog=true", "--allow-http-registry", *options,
                   address, check=False).returncode == 0
    assert accepts(key.public)
    assert not accepts(stranger.public)
    assert not accepts(key.public, "spdx")
    shown = json.loads(assay("verify", "--key", key.public, "--attestation", "vuln", "--format", "json", address).stdout)
    assert [each["predicate"] for each in shown["signatures"]] == [PREDICATE, PREDICATE]
    assay("verify", "--key", key.public, "--attestation", "spdx", address, check=1)
    # What somebody says of an image is no signature of it.
    assay("verify", "--key", key.public, address, check=1)


@pytest.mark.parametrize("name", ["cosign2", "cosign3"])
def test_we_take_their_attestations(repository, keys, assay, tmp_path, name):
    key, stranger = keys["p256"]
    _, address = push(repository)
    (tmp_path / "scan.json").write_text(json.dumps(PREDICATE))
    run = tool(name, tmp_path)
    options = ["--tlog-upload=false"]
    if name == "cosign3":
        (tmp_path / "signing-config.json").write_text(run("signing-config", "create").stdout)
        options = ["--signing-config", tmp_path / "signing-config.json"]
    run("attest", "--yes", "--key", import_key(tmp_path, key.private), "--type", "vuln", "--predicate", tmp_path / "scan.json",
        "--allow-http-registry", *options, address, env={"COSIGN_PASSWORD": "secret"})
    assay("verify", "--key", key.public, "--attestation", "vuln", address)
    assay("verify", "--key", stranger.public, "--attestation", "vuln", address, check=1)
    assay("verify", "--key", key.public, address, check=1)


# --- the commands ---

def test_index_and_children(repository, keys, assay, tmp_path):
    key, _ = keys["p256"]
    images = [repository.push_image(None, config=json.dumps({"architecture": each, "os": "linux"}).encode(), layers=())[0]
              for each in ("amd64", "arm64")]
    index = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
        {**image, "platform": {"os": "linux", "architecture": each}} for image, each in zip(images, ("amd64", "arm64"))]}).encode()
    repository.push_manifest(index, "multi", "application/vnd.oci.image.index.v1+json")
    address = f"{repository.server.address}/{repository.name}"
    assay("sign", "--key", key.private, f"{address}:multi")
    assay("verify", "--key", key.public, f"{address}:multi")
    assay("verify", "--key", key.public, f"{address}@{images[0]['digest']}", check=1)
    done = json.loads(assay("sign", "--key", key.private, "--recursive", "--json", f"{address}:multi").stdout)
    assert {each["digest"] for each in done["images"]} == {digest_of(index), *(image["digest"] for image in images)}
    for image in images:
        assay("verify", "--key", key.public, f"{address}@{image['digest']}")


def test_tree(repository, keys, assay, tmp_path):
    key, _ = keys["p256"]
    image, address = push(repository)
    assert "nothing lies beside it" in assay("tree", address).stdout
    (tmp_path / "scan.json").write_text(json.dumps(PREDICATE))
    assay("sign", "--key", key.private, "--annotation", "team=payments", address)
    assay("attest", "--key", key.private, "--type", "vuln", "--predicate", tmp_path / "scan.json", address)
    bill = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/spdx+json",
                       "config": repository.push_blob(b"{}", "application/vnd.oci.empty.v1+json"),
                       "layers": [repository.push_blob(b"{}", "application/spdx+json")], "subject": image}).encode()
    repository.push_manifest(bill)
    shown = json.loads(assay("tree", "--format", "json", address).stdout)
    assert sorted(each["what"] for each in shown["beside"]) == ["attestation", "attestation", "bundle", "cosign", "sbom"]
    assert {"team": "payments"} in [each.get("annotations") for each in shown["beside"]]
    text = assay("tree", address).stdout
    assert "attestation/vuln" in text and "└──" in text


def test_annotations(repository, keys, assay):
    key, _ = keys["p256"]
    _, address = push(repository)
    assay("sign", "--key", key.private, "--annotation", "team=payments", address)
    assay("verify", "--key", key.public, "--annotation", "team=payments", address)
    assay("verify", "--key", key.public, "--annotation", "team=other", address, check=1)


@pytest.mark.parametrize("arguments, words", [
    (["sign", "image"], "--key is missing"),
    (["sign", "--key", "no-such-file", "127.0.0.1:1/a"], "no-such-file"),
    (["sign", "--key", "k", "--format", "x", "image"], "must be cosign"),
    (["sign", "--key", "k", "--format", "notation", "image"], "--certificate"),
    (["sign", "--key", "k", "--annotation", "x", "image"], "NAME=VALUE"),
    (["verify", "image"], "--key"),
    (["verify", "--key", "no-such-file", "image"], "no-such-file"),
    (["verify", "--key", "k", "--policy", "p", "image"], "either"),
    (["verify", "--identity", "x", "image"], "--root"),
    (["attest", "--key", "k", "image"], "--predicate"),
    (["attest", "--key", "k", "--predicate", "p", "--type", "x", "image"], "--type must be"),
])
def test_wrong_use(assay, arguments, words):
    assert words in assay(*arguments, check=2).stderr


def test_no_answer_is_no_no(assay, keys):
    """What could not be found out is an error, and not "unsigned"."""
    assay("verify", "--key", keys["p256"][0].public, "127.0.0.1:1/a:b", check=2)


def test_keys_beside_a_policy(repository, keys, assay, tmp_path):
    """Files that a policy names are beside it, also where the policy is named by a relative path."""
    key, _ = keys["p256"]
    _, address = push(repository)
    assay("sign", "--key", key.private, address)
    (tmp_path / "release.pub").write_bytes(Path(key.public).read_bytes())
    policy = tmp_path / "policy.yaml"
    policy.write_text("attestors: [{name: release, keys: release.pub}]\npolicies: [{name: p, namespaces: ['**'], signatures: [release]}]\n")
    for path in (policy, os.path.relpath(policy)):
        assay("verify", "--policy", path, address)
