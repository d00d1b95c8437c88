"""Signatures of the Notary Project by rules of the server: the certificates of a signing key, what is signed with them, and when nothing is."""
import datetime
import json
import os
import re
import shutil
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

import gate
import signed
from gate import import_advisories, pull, wait_until
from notary import Authority, notation, openssl
from repository import Repository
from test_signing import events, make_key, push, send, signatures

KEY = "signing-keys/release"
NOTARY = "application/vnd.cncf.notary.signature"


@pytest.fixture
def server(start_server, assay):
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    return server


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("root"), "root")


def key_of(path, kind):
    if kind in ("p384", "p521"):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:P-{kind[1:]}", "-out", path)
        return path
    if kind in ("rsa-2048", "rsa-4096"):
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[4:]}", "-out", path)
        return path
    return make_key(None, path, kind)


def add_key(server, key, chain=None, name="release", status=201):
    return send(server, "POST", "signing-keys", {"name": name, "uri": f"file:{key}", **({"certificates": chain} if chain else {})}, status=status)


def rule(server, formats, trigger="push", name="release", status=201):
    return send(server, "POST", "signing-rules", {"name": name, "attestor": name, "repositories": ["team/**"], "trigger": trigger, "formats": formats},
                status=status)


def set_up_notation(server, key, chain, formats=("notation", "cosign", "bundle"), trigger="push"):
    add_key(server, key, chain)
    send(server, "POST", "attestors", {"name": "release", "key": "release"})
    rule(server, list(formats), trigger)
    send(server, "POST", "key-grants", {"rule": "release", "key": "release", "pattern": "*"})


def notary_signatures(server, repository, digest):
    return [entry for entry in server.request("GET", f"/v2/{repository}/referrers/{digest}").json()["manifests"] if entry["artifactType"] == NOTARY]


def short_chain(path, seconds):
    """Certificates for the key that end soon, by a root of their own."""
    authority = signed.Authority("Short")
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    leaf = authority.issue(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "short")]), key.public_key(), days=(-1, seconds / 86400))
    return leaf.public_bytes(serialization.Encoding.PEM).decode() + authority.pem


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "rsa-2048", "rsa", "rsa-4096"])
def test_notation_takes_it(server, root, tmp_path, kind):
    """What a rule signs in all formats; Assay itself knows it by the key, and needs no root."""
    key = key_of(tmp_path / "key.pem", kind)
    set_up_notation(server, key, root.issue(key, f"rule-{kind}").read_text(), trigger="passed")
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "vulnerable", "team/app")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1) and len(notary_signatures(server, "team/app", fixed)) == 1)
    assert not notary_signatures(server, "team/app", vulnerable)
    address = f"{server.address}/team/app@{fixed}"
    assert notation(tmp_path, address, root.pem)
    other = Authority(tmp_path, "other")
    assert not notation(tmp_path, address, other.pem)
    shown = server.get_json(f"/api/v1/repositories/team/app/images/{fixed}/signatures")
    assert sorted(one["format"] for one in shown["signatures"]) == ["bundle", "cosign", "notation"]
    assert {one["attestor"] for one in shown["signatures"]} == {"release"}
    wait_until(lambda: len(events(server, "signature.created")) == 3)
    row = server.get_json("/api/v1/signing-keys/release")
    for event in events(server, "signature.created"):
        assert event["data"]["fingerprint"] == row["fingerprint"]
        assert (event["data"]["format"] == "notation") == ("content" in event["data"])
    # Once more makes nothing more.
    again = send(server, "POST", f"repositories/team/app/images/{fixed}/signatures", {"rule": "release"}, status=200)
    assert (again["made"], again["present"]) == (0, 3)
    # What is changed is refused by both.
    [entry] = notary_signatures(server, "team/app", fixed)
    manifest = server.request("GET", f"/v2/team/app/manifests/{entry['digest']}").json()
    jws = server.request("GET", f"/v2/team/app/blobs/{manifest['layers'][0]['digest']}").json()
    jws["signature"] = jws["signature"][:10] + ("A" if jws["signature"][10] != "A" else "B") + jws["signature"][11:]
    text = json.dumps(jws).encode()
    manifest["layers"][0].update(digest=signed.digest_of(text), size=len(text))
    assert server.request("DELETE", f"/v2/team/app/manifests/{entry['digest']}").status_code == 202
    assert server.request("POST", f"/v2/team/app/blobs/uploads/?digest={signed.digest_of(text)}", data=text).status_code == 201
    whole = json.dumps(manifest).encode()
    assert server.request("PUT", f"/v2/team/app/manifests/{signed.digest_of(whole)}", data=whole,
                          headers={"Content-Type": manifest["mediaType"]}).status_code == 201
    assert not notation(tmp_path, address, root.pem)
    shown = server.get_json(f"/api/v1/repositories/team/app/images/{fixed}/signatures")
    assert sorted(one["format"] for one in shown["signatures"]) == ["bundle", "cosign"]


def test_it_counts_at_the_pull(start_server, assay, root, tmp_path):
    """An attestor by our key, of whom Notation's format alone counts."""
    policy = gate.STRICT.replace("namespaces: ['**'],", "namespaces: ['**'], signatures: [release],")
    server = start_server(policy=policy)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    key = make_key(assay, tmp_path / "key.pem")
    add_key(server, key, root.issue(key, "pull").read_text())
    send(server, "POST", "attestors", {"name": "release", "key": "release", "formats": ["notation"]})
    rule(server, ["notation"], "passed")
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    server.wait_for_scan("team/app", fixed)
    assert pull(server, "team/app", "fixed").status_code == 403
    send(server, "POST", "key-grants", {"rule": "release", "key": "release", "pattern": "*"})
    wait_until(lambda: notary_signatures(server, "team/app", fixed), 60)
    wait_until(lambda: pull(server, "team/app", "fixed").status_code == 200)
    public = tmp_path / "public.pem"
    public.write_text(server.request("GET", "/api/v1/signing-keys/release/public").text)
    assay("verify", "--key", public, f"{server.address}/team/app@{fixed}")


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa"])
def test_request(server, assay, root, tmp_path, kind):
    """From a request by the key to a signature that notation takes; openssl judges the request."""
    key, request = key_of(tmp_path / "key.pem", kind), tmp_path / "key.csr"
    add_key(server, key)
    request.write_text(assay("key", "csr", "release", "--subject", "CN=release,O=Example\\, Inc.,C=DE", "--server", server.url).stdout)
    checked = subprocess.run(["openssl", "req", "-in", request, "-verify", "-noout", "-subject", "-text"], check=True, capture_output=True, text=True)
    assert "verify OK" in checked.stderr and "C = DE, O = \"Example, Inc.\", CN = release" in checked.stdout, checked
    assert "Code Signing" in checked.stdout and "Digital Signature" in checked.stdout
    chain = tmp_path / "chain.pem"
    chain.write_text(root.issue(None, f"request-{kind}", request=request).read_text())
    assay("key", "change", "release", "--certificates", chain, "--server", server.url)
    send(server, "POST", "attestors", {"name": "release", "key": "release"})
    rule(server, ["notation"])
    send(server, "POST", "key-grants", {"rule": "release", "key": "release", "pattern": "*"})
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: notary_signatures(server, "team/app", fixed))
    assert notation(tmp_path, f"{server.address}/team/app@{fixed}", root.pem)
    for path, status in (("csr?subject=nonsense", 400), ("csr?subject=" + "CN%3D" + "x" * 2000, 400)):
        assert server.request("GET", f"/api/v1/{KEY}/{path}", headers=server.operator()).status_code == status
    assert assay("key", "csr", "--key", key, "--subject", "CN=local").stdout.startswith("-----BEGIN CERTIFICATE REQUEST")
    assert "CN=release" in assay("key", "csr", "--key", key, check=2).stderr


@pytest.mark.skipif(shutil.which("softhsm2-util") is None, reason="there is no SoftHSM here")
@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "rsa-3072"])
def test_token(start_server, assay, root, tmp_path, algorithm):
    """A key in a token asks for its certificate and signs, and never leaves it."""
    (tmp_path / "tokens").mkdir()
    settings, pin = tmp_path / "softhsm2.conf", tmp_path / "pin"
    settings.write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    pin.write_text("123456\n")
    environment = {"SOFTHSM2_CONF": str(settings)}
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "prod", "--pin", "123456", "--so-pin", "0000"], check=True, capture_output=True,
                   env={**os.environ, **environment})
    uri = "pkcs11:token=prod;object=release?module-path=/usr/lib/softhsm/libsofthsm2.so"
    assay("key", "make", uri, "--algorithm", algorithm, "--pin-file", pin, env=environment)
    server = start_server(policy=gate.STRICT, environment=environment)
    send(server, "POST", "signing-keys", {"name": "release", "uri": uri, "pin_file": str(pin)})
    request = tmp_path / "token.csr"
    request.write_text(assay("key", "csr", "release", "--server", server.url).stdout)
    assert assay("key", "csr", "--key", uri, "--pin-file", pin, "--subject", "CN=release", env=environment).stdout.startswith("-----BEGIN")
    send(server, "PATCH", KEY, {"certificates": root.issue(None, f"token-{algorithm}", request=request).read_text()}, status=200)
    send(server, "POST", "attestors", {"name": "release", "key": "release"})
    rule(server, ["notation"])
    send(server, "POST", "key-grants", {"rule": "release", "key": "release", "pattern": "*"})
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: notary_signatures(server, "team/app", fixed))
    assert notation(tmp_path, f"{server.address}/team/app@{fixed}", root.pem)


def test_indexes(server, assay, root, tmp_path):
    """An index and its members, each with a signature of its own."""
    key = make_key(assay, tmp_path / "key.pem")
    add_key(server, key, root.issue(key, "index").read_text())
    send(server, "POST", "attestors", {"name": "release", "key": "release"})
    send(server, "POST", "signing-rules", {"name": "release", "attestor": "release", "repositories": ["team/**"], "trigger": "push", "members": True,
                                           "formats": ["notation"]})
    send(server, "POST", "key-grants", {"rule": "release", "key": "release", "pattern": "*"})
    repository = Repository(server, "team/app")
    members = [repository.push_image(f"m{number}", config=json.dumps({"architecture": "amd64", "os": "linux", "of": number}).encode(), layers=())[0]
               for number in range(2)]
    index = signed.push_index(repository, "v1", members)
    for digest in (index["digest"], *(member["digest"] for member in members)):
        wait_until(lambda digest=digest: len(notary_signatures(server, "team/app", digest)) == 1)
        assert notation(tmp_path, f"{server.address}/team/app@{digest}", root.pem)


def test_no_request(server, assay, tmp_path):
    """By a key that the Notary Project has no signatures by, and by one that is away."""
    add_key(server, make_key(assay, tmp_path / "ed25519.pem", "ed25519"), name="ed25519")
    add_key(server, make_key(assay, tmp_path / "key.pem"))
    assert "Ed25519" in assay("key", "csr", "ed25519", "--server", server.url, check=2).stderr
    for content, words in ((make_key(assay, tmp_path / "other.pem").read_text(), "another than when it was added"), ("gone", "no private key")):
        (tmp_path / "key.pem").write_text(content)
        server.stop()
        server.start()
        assert words in assay("key", "csr", "release", "--server", server.url, check=2).stderr
    send(server, "POST", f"{KEY}/revoke", {}, status=200)
    (tmp_path / "key.pem").write_text((tmp_path / "other.pem").read_text())
    assert assay("key", "csr", "release", "--server", server.url, check=2).stderr


def chains(folder, key):
    """name: (chain, part of the refusal)"""
    authority, stranger = signed.Authority(), signed.Authority("Stranger")
    public = serialization.load_pem_private_key(key.read_bytes(), None).public_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])

    def pem(*all):
        return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in all)

    def made(usage=(True, False), purposes=(x509.oid.ExtendedKeyUsageOID.CODE_SIGNING,), critical=True, ca=False):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(name).issuer_name(authority.name).public_key(public)
                   .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=3)))
        if usage is not None:
            builder = builder.add_extension(x509.KeyUsage(usage[0], False, usage[1], False, False, ca, ca, False, False), critical=critical)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)
        if ca:
            builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        return pem(builder.sign(authority.key, hashes.SHA256()), authority.certificate)

    leaf = authority.issue(name, public)
    oid = x509.oid.ExtendedKeyUsageOID
    return {
        "good": (pem(leaf, authority.certificate), None), "no purposes": (made(purposes=()), None),
        "no PEM": ("nothing", "no certificate in PEM"), "empty": ("", "no certificate in PEM"),
        "another key": (pem(authority.leaf()[1], authority.certificate), "of another key"),
        "no root": (pem(leaf), "do not end with a root"), "wrong order": (pem(authority.certificate, leaf), "of another key"),
        "another root": (pem(leaf, stranger.certificate), "is not by the one that follows"),
        "two roots": (pem(leaf, authority.certificate, stranger.certificate), "is not by the one that follows"),
        "by a leaf": (pem(leaf, leaf, authority.certificate), "is not by the one that follows"),
        "no usage": (made(usage=None), "digital signature"), "other usage": (made(usage=(True, True)), "digital signature"),
        "usage that is not critical": (made(critical=False), "digital signature"),
        "an authority": (made(ca=True), "authority"), "for servers": (made(purposes=(oid.CODE_SIGNING, oid.SERVER_AUTH)), "signing code"),
        "for anything": (made(purposes=(oid.ANY_EXTENDED_KEY_USAGE,)), "signing code"),
        "for time stamps": (made(purposes=(oid.TIME_STAMPING,)), "signing code"),
        "many": (pem(leaf, *[authority.certificate] * 10), "not 1 to 10"),
        "large": (pem(leaf) + "#" * 50000, "more than"),
    }


def test_certificates(server, assay, tmp_path):
    """What a key may have for certificates; each refusal says why."""
    key = make_key(assay, tmp_path / "key.pem")
    add_key(server, key)
    for name, (chain, refusal) in chains(tmp_path, key).items():
        answer = server.request("PATCH", f"/api/v1/{KEY}", json={"certificates": chain}, headers=server.operator())
        assert answer.status_code in ((200,) if refusal is None else (400, 413)), (name, answer.text)
        assert refusal is None or refusal in answer.text, (name, answer.text)
    shown = server.get_json(f"/api/v1/{KEY}")
    assert "BEGIN CERTIFICATE" in shown["certificates"] and shown["certificates_until"] > shown["created"]
    described = send(server, "PATCH", KEY, {"description": "for production"}, status=200)
    assert described["description"] == "for production" and described["certificates"] == shown["certificates"]
    assert server.request("PATCH", "/api/v1/signing-keys/none", json={}, headers=server.operator()).status_code == 404
    assert [event["type"] for event in server.get_json("/api/v1/events?limit=1000")["events"]].count("signing-key.changed") == 3


def test_which_keys(server, assay, root, tmp_path):
    """A rule is refused whose key can make no such signature; so are attestations in this format."""
    add_key(server, make_key(assay, tmp_path / "p256.pem"))
    add_key(server, make_key(assay, tmp_path / "ed25519.pem", "ed25519"), name="ed25519")
    assay("key", "make", tmp_path / "sm2.key", "--algorithm", "sm2")
    add_key(server, tmp_path / "sm2.key", name="sm2")
    for name, words in (("release", "it has no certificates"), ("sm2", "by which the Notary Project has no"), ("ed25519", "Ed25519, by which the Notary Project has no signatures")):
        send(server, "POST", "attestors", {"name": name, "key": name})
        answer = server.request("POST", "/api/v1/signing-rules", json={"name": name, "attestor": name, "repositories": ["**"], "formats": ["notation"]},
                                headers=server.operator())
        assert answer.status_code == 400 and words in answer.text, answer.text
    send(server, "PATCH", KEY, {"certificates": root.issue(tmp_path / "p256.pem", "which").read_text()}, status=200)
    answer = server.request("POST", "/api/v1/signing-rules", headers=server.operator(), json={
        "name": "release", "attestor": "release", "repositories": ["**"], "formats": ["notation"], "attest": ["sbom"]})
    assert answer.status_code == 400 and "no format that it can have" in answer.text
    rule(server, ["notation"])


def test_certificates_end(server, assay, tmp_path):
    """Nothing is signed by what has ended, in no format; it is told before, and others that are given are signed with at once."""
    key = make_key(assay, tmp_path / "key.pem")
    begun = time.time()
    set_up_notation(server, key, short_chain(key, 6))
    shown = assay("key", "list", "--server", server.url)
    assert re.search(r"end 20\d\d-", shown.stdout), shown.stdout
    assert "the certificates of the signing key release end on" in server.get_json("/readyz")["signing_certificates"]
    metric = re.search(r'assay_signing_certificate_expiry_seconds\{key="release"\} (\S+)', server.request("GET", "/metrics").text)
    assert 0 < float(metric[1]) - begun < 10
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    time.sleep(max(0, float(metric[1]) + 1.5 - time.time()))
    push(server, folder, "fixed", "team/app")
    failed = wait_until(lambda: events(server, "signature.failed"))
    assert "were good until 20" in failed[0]["data"]["error"]
    assert signatures(server, "team/app", fixed) == (0, 0) and not notary_signatures(server, "team/app", fixed)
    assert "ended" in assay("key", "list", "--server", server.url).stdout
    assert "the certificates of the signing key release ended" in assay("status", "--server", server.url, check=1).stdout
    assert "ended on" in server.get_json("/readyz")["signing_certificates"] and server.get_json("/readyz")["ready"]
    root, chain = Authority(tmp_path, "next"), tmp_path / "chain.pem"
    chain.write_text(root.issue(key, "release").read_text())
    assay("key", "change", "release", "--certificates", chain, "--server", server.url)
    wait_until(lambda: notary_signatures(server, "team/app", fixed) and signatures(server, "team/app", fixed) == (1, 1), 60)
    assert notation(tmp_path, f"{server.address}/team/app@{fixed}", root.pem)
    assert "signing_certificates" not in server.get_json("/readyz")
    # With other certificates, the same key signs anew.
    other = Authority(tmp_path, "other")
    chain.write_text(other.issue(key, "other").read_text())
    assay("key", "change", "release", "--certificates", chain, "--server", server.url)
    assay("sign", "--rule", "release", f"team/app@{fixed}", env={"ASSAY_SERVER": server.url})
    assert len(notary_signatures(server, "team/app", fixed)) == 2 and signatures(server, "team/app", fixed) == (1, 1)
    assert notation(tmp_path, f"{server.address}/team/app@{fixed}", other.pem)
    assert len([event for event in events(server, "signature.created") if event["data"]["format"] == "notation"]) == 2


def test_turned_over(server, assay, root, tmp_path):
    """The certificates are the former key's: until others are given, nothing is signed, and the error says what is wanted."""
    key, following = make_key(assay, tmp_path / "key.pem"), make_key(assay, tmp_path / "next.pem")
    set_up_notation(server, key, root.issue(key, "first").read_text())
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: notary_signatures(server, "team/app", fixed))
    turned = send(server, "POST", f"{KEY}/turn", {"uri": f"file:{following}"}, status=200)
    assert "certificates" not in turned and "certificates_until" not in turned
    push(server, folder, "vulnerable", "team/app")
    failed = wait_until(lambda: events(server, "signature.failed"))
    assert "assay key change release --certificates" in failed[0]["data"]["error"]
    assert signatures(server, "team/app", vulnerable) == (0, 0)
    shown = server.get_json(f"/api/v1/repositories/team/app/images/{fixed}/signatures")["signatures"]
    assert "notation" in [one["format"] for one in shown]  # by the former
    refused = server.request("POST", f"/api/v1/{KEY}/turn", headers=server.operator(),
                             json={"uri": f"file:{make_key(assay, tmp_path / 'third.pem')}", "certificates": root.issue(following, "second").read_text()})
    assert refused.status_code in (400, 409) and "of another key" in refused.text, refused.text
    send(server, "PATCH", KEY, {"certificates": root.issue(following, "second").read_text()}, status=200)
    wait_until(lambda: notary_signatures(server, "team/app", vulnerable), 60)
    assert signatures(server, "team/app", vulnerable) == (1, 1)
