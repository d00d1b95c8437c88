"""Time stamps that `assay sign`, `assay attest` and rules ask for: openssl is the authority and judges what is kept; cosign and notation take it."""
import base64
import json
import re
import time

import pytest

import gate
from gate import import_advisories, wait_until
from notary import Authority, notation
from repository import Repository
from signing_judges import tool
from test_signatures import make_key, push
from test_signing import events, send, signatures
from test_signing import push as push_layout
from test_signing_notation import notary_signatures, set_up_notation, short_chain
from tsa import LIES, TimestampAuthority


@pytest.fixture
def tsa(tmp_path):
    authority = TimestampAuthority(tmp_path)
    yield authority
    authority.close()


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make_key(tmp_path_factory.mktemp("key"), "p256")


def blob(repository, layer):
    return repository.request("GET", f"blobs/{layer['digest']}").content


def stamps(repository, digest):
    """{format: (answer or token, what it is about)} of an image that one key signed in all formats."""
    found = {}
    layer = json.loads(repository.get_manifest(digest.replace(":", "-") + ".sig").content)["layers"][0]
    answer = json.loads(layer["annotations"]["dev.sigstore.cosign/rfc3161timestamp"])["SignedRFC3161Timestamp"]
    found["cosign"] = answer, layer["annotations"]["dev.cosignproject.cosign/signature"]
    for referrer in repository.referrers(digest).json()["manifests"]:
        text = json.loads(blob(repository, json.loads(repository.get_manifest(referrer["digest"]).content)["layers"][0]))
        if "dsseEnvelope" in text:
            [stamp] = text["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
            found["bundle"] = stamp["signedTimestamp"], text["dsseEnvelope"]["signatures"][0]["sig"]
        else:
            found["notation"] = text["header"]["io.cncf.notary.timestampSignature"], text["signature"]
    return {name: (base64.b64decode(answer), base64.b64decode(about.replace("-", "+").replace("_", "/") + "=" * (-len(about) % 4)))
            for name, (answer, about) in found.items()}


def granted(token):
    """An answer around a token, for openssl."""
    body = bytes.fromhex("3003020100") + token
    return b"\x30\x82" + len(body).to_bytes(2, "big") + body


def check_stamps(tsa, found):
    for name, (answer, about) in found.items():
        whole = granted(answer) if name == "notation" else answer
        assert tsa.takes(whole, about), name
        assert not tsa.takes(whole, about + b"x"), name


def cosign(name, folder, key, address, *options):
    return tool(name, folder)("verify", "--key", key.public, "--insecure-ignore-tlog=true", "--allow-http-registry=true", "--use-signed-timestamps", *options,
                              address, check=False)


def trusted_root(folder, authority):
    """What cosign 3 takes for roots when it reads bundles."""
    chain = [{"rawBytes": "".join(part.split("-----END")[0].split())} for part in authority.chain.read_text().split("-----BEGIN CERTIFICATE-----")[1:]]
    path = folder / "trusted-root.json"
    path.write_text(json.dumps({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "timestampAuthorities": [
        {"subject": {"organization": "T", "commonName": "stamps"}, "uri": "https://example.com", "certChain": {"certificates": chain},
         "validFor": {"start": "2020-01-01T00:00:00Z"}}]}))
    return path


def test_by_hand(repository, assay, key, tsa, tmp_path):
    """What is stamped is the signature, in each format; and others' verifiers take it."""
    root = Authority(tmp_path, "root")
    image, address = push(repository)
    assay("sign", "--key", key.private, "--format", "cosign", "--format", "bundle", "--format", "notation", "--certificate",
          root.issue(key.private, "release"), "--timestamp-url", tsa.url, "--time-root", tsa.root, address)
    assert len(tsa.asked) == 3
    found = stamps(repository, image["digest"])
    assert sorted(found) == ["bundle", "cosign", "notation"]
    check_stamps(tsa, found)
    assay("verify", "--key", key.public, address)
    assay("verify", "--root", root.pem, "--time-root", tsa.root, address)
    assert notation(tmp_path, address, root.pem)
    other = TimestampAuthority(tmp_path, "other")
    other.close()
    for authority, wanted in ((tsa, True), (other, False)):
        for name in ("cosign2", "cosign3"):
            done = cosign(name, tmp_path, key, address, "--timestamp-certificate-chain", authority.chain, "--new-bundle-format=false")
            assert (done.returncode == 0) == wanted, (name, done.stdout, done.stderr)
        done = cosign("cosign3", tmp_path, key, address, "--trusted-root", trusted_root(tmp_path, authority), "--new-bundle-format=true")
        assert (done.returncode == 0) == wanted, (done.stdout, done.stderr)


def test_attestations(repository, assay, key, tsa, tmp_path):
    predicate = tmp_path / "predicate.json"
    predicate.write_text('{"scanner": {"uri": "x"}}')
    image, address = push(repository)
    assay("attest", "--key", key.private, "--type", "vuln", "--predicate", predicate, "--timestamp-url", tsa.url, address)
    assert len(tsa.asked) == 2
    layer = json.loads(repository.get_manifest(image["digest"].replace(":", "-") + ".att").content)["layers"][0]
    answer = base64.b64decode(json.loads(layer["annotations"]["dev.sigstore.cosign/rfc3161timestamp"])["SignedRFC3161Timestamp"])
    assert tsa.takes(answer, blob(repository, layer))
    for name in ("cosign2", "cosign3"):
        tool(name, tmp_path)("verify-attestation", "--key", key.public, "--type", "vuln", "--insecure-ignore-tlog=true", "--allow-http-registry=true",
                             "--use-signed-timestamps", "--timestamp-certificate-chain", tsa.chain, "--new-bundle-format=false", address)


def test_it_outlives_the_certificate(repository, assay, tsa, tmp_path, key):
    """notation and Assay take what was signed before the certificates ended, when an authority that they trust says so."""
    chain, root = tmp_path / "chain.pem", tmp_path / "root.pem"
    chain.write_text(short_chain(key.private, 8))
    root.write_text("-----BEGIN" + chain.read_text().split("-----BEGIN")[2])
    until = time.time() + 8
    image, address = push(repository)
    assay("sign", "--key", key.private, "--format", "notation", "--certificate", chain, "--timestamp-url", tsa.url, "--time-root", tsa.root, address)
    time.sleep(max(0, until + 1 - time.time()))
    assert "were good until" in assay("sign", "--key", key.private, "--format", "notation", "--certificate", chain, address, check=2).stderr
    assert not notation(tmp_path, address, root)
    assert notation(tmp_path, address, root, tsa=tsa.root)
    other = TimestampAuthority(tmp_path, "other")
    other.close()
    assert not notation(tmp_path, address, root, tsa=other.root)
    assay("verify", "--root", root, "--time-root", tsa.root, address)
    assay("verify", "--root", root, address, check=1)
    assay("verify", "--root", root, "--time-root", other.root, address, check=1)


def is_bare(repository, digest):
    return repository.get_manifest(digest.replace(":", "-") + ".sig").status_code == 404 and not repository.referrers(digest).json()["manifests"]


@pytest.mark.parametrize("how", [name for name in LIES if name != "good"] + ["slow", "nobody", "another root"])
def test_lies(repository, assay, key, tsa, tmp_path, how):
    """What is no answer to our question is an error that says so, and nothing is there."""
    words = {"other imprint": "something else", "other nonce": "another request", "rejected": "the service is off", "huge": "", "an error": "HTTP 503",
             "another root": "no root that is trusted", "slow": "", "nobody": ""}.get(how, "")
    image, address = push(repository, text=f"of {how}")
    root = tsa.root
    if how == "another root":
        other = TimestampAuthority(tmp_path, "other")
        other.close()
        root = other.root
    elif how == "nobody":
        tsa.close()
    elif how == "slow":
        tsa.answer = lambda query: (time.sleep(12), (200, tsa.reply(query)))[1]
    else:
        tsa.how = how
    begun = time.monotonic()
    refused = assay("sign", "--key", key.private, "--timestamp-url", tsa.url, "--time-root", root, address, check=2)
    assert "the time stamp authority" in refused.stderr and words in refused.stderr, refused.stderr
    assert time.monotonic() - begun < 30
    assert is_bare(repository, image["digest"])


def test_what_is_asked_for(repository, assay, key, tmp_path):
    _, address = push(repository)
    for options, words in ((["--time-root", tmp_path / "none"], "--timestamp-url"), (["--timestamp-url", "ftp://x"], "wanted is http"),
                           (["--timestamp-url", "https://a:secret@example.com"], "names a user"),
                           (["--timestamp-url", "http://127.0.0.1:1", "--time-root", tmp_path / "none"], "none")):
        assert words in assay("sign", "--key", key.private, *options, address, check=2).stderr


# --- by rules ---

def start(start_server, assay, tsa, *more):
    settings = "".join(f"  {line}\n" for line in (f"timestamp_url: {tsa.url}", f"timestamp_roots: {tsa.root}", *more))
    server = start_server(policy=gate.STRICT, config=f"signing:\n{settings}")
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    return server


def test_by_rule(start_server, assay, tsa, key, tmp_path):
    """Nothing is signed while the authority is away or lies; once it is back, all is, with its stamps."""
    server = start(start_server, assay, tsa)
    root = Authority(tmp_path, "root")
    set_up_notation(server, key.private, root.issue(key.private, "rule").read_text(), trigger="passed")
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    repository = Repository(server, "team/app")
    for how in ("an error", "other imprint"):
        asked, tsa.how = len(tsa.asked), how
        if how == "an error":
            push_layout(server, folder, "fixed", "team/app")
        wait_until(lambda: len(tsa.asked) > asked + 1)
        assert is_bare(repository, fixed)
    assert re.search(r"^assay_timestamp_failures_total [1-9]", server.request("GET", "/metrics").text, re.M)
    tsa.how = "good"
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1) and notary_signatures(server, "team/app", fixed), 60)
    found = stamps(repository, fixed)
    assert sorted(found) == ["bundle", "cosign", "notation"]
    check_stamps(tsa, found)
    assert len(events(server, "signature.created")) == 3
    assert notation(tmp_path, f"{server.address}/team/app@{fixed}", root.pem, tsa=tsa.root)


def test_attested_by_rule(start_server, assay, tsa, key, tmp_path):
    server = start(start_server, assay, tsa)
    send(server, "POST", "signing-keys", {"name": "scanner", "uri": f"file:{key.private}"})
    send(server, "POST", "attestors", {"name": "scanner", "key": "scanner"})
    send(server, "POST", "signing-rules", {"name": "scans", "attestor": "scanner", "repositories": ["team/**"], "trigger": "push", "attest": ["vulnerabilities"]})
    send(server, "POST", "key-grants", {"rule": "scans", "key": "scanner", "pattern": "*"})
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push_layout(server, folder, "fixed", "team/app")
    wait_until(lambda: len(events(server, "signature.created")) == 2, 60)
    repository = Repository(server, "team/app")
    layer = json.loads(repository.get_manifest(fixed.replace(":", "-") + ".att").content)["layers"][0]
    answer = base64.b64decode(json.loads(layer["annotations"]["dev.sigstore.cosign/rfc3161timestamp"])["SignedRFC3161Timestamp"])
    assert tsa.takes(answer, blob(repository, layer))
    [referrer] = repository.referrers(fixed).json()["manifests"]
    text = json.loads(blob(repository, json.loads(repository.get_manifest(referrer["digest"]).content)["layers"][0]))
    [stamp] = text["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    assert tsa.takes(base64.b64decode(stamp["signedTimestamp"]), base64.b64decode(text["dsseEnvelope"]["signatures"][0]["sig"]))


def test_without(start_server, assay, tsa, key, tmp_path):
    """An authority that is not required is asked, and the signature goes without where it gives nothing."""
    server = start(start_server, assay, tsa, "timestamp_required: false")
    set_up_notation(server, key.private, Authority(tmp_path, "root").issue(key.private, "rule").read_text())
    tsa.how = "garbage"
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push_layout(server, folder, "fixed", "team/app")
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1) and notary_signatures(server, "team/app", fixed))
    assert len(tsa.asked) == 3
    layer = json.loads(Repository(server, "team/app").get_manifest(fixed.replace(":", "-") + ".sig").content)["layers"][0]
    assert "dev.sigstore.cosign/rfc3161timestamp" not in layer["annotations"]


def test_settings(assay, tmp_path):
    """What cannot be right is told before the start."""
    for line, words in (("timestamp_url: ftp://example.com", "wanted is http"), (f"timestamp_url: http://example.com\n  timestamp_roots: {tmp_path}/none", "none")):
        config = tmp_path / "config.yaml"
        config.write_text(f"data: {tmp_path}/data\nlisten: 127.0.0.1:0\nsigning:\n  {line}\n")
        assert words in assay("serve", "--config", config, check=None).stderr
        assert words in assay("check", "--config", config, check=None).stdout
