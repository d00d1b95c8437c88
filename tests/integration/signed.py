"""Signatures and attestations made by hand, as cosign and notation write them, and each as wrong as a case asks for."""
import base64
import datetime
import hashlib
import json
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from oci_layout import CONFIG, digest_of
from repository import EMPTY, descriptor_of, image_of

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE = "application/vnd.dsse.envelope.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
NOTARY = "application/vnd.cncf.notary.signature"
SIGN = "https://sigstore.dev/cosign/sign/v1"
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
SLSA = "https://slsa.dev/provenance/v1"


def encode(data):
    return base64.b64encode(data).decode()


def url_encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Sm2Key:
    """What a Signer needs of a key of SM2, by openssl: the library of the others has none."""

    def __init__(self):
        self.private = subprocess.run(["openssl", "genpkey", "-algorithm", "SM2"], check=True, capture_output=True).stdout

    def public_key(self):
        return self

    def public_bytes(self, encoding, _):
        form = "PEM" if encoding == serialization.Encoding.PEM else "DER"
        return subprocess.run(["openssl", "pkey", "-pubout", "-outform", form], input=self.private, check=True, capture_output=True).stdout

    def sign(self, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.private)
            file.flush()
            return subprocess.run(["openssl", "dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-sign", file.name], input=data, check=True,
                                  capture_output=True).stdout


class Signer:
    """A key pair; kind: sm2, p256, p384, rsa, rsa-pss (a key as rsa, signing as cosign does not take it) or ed25519."""

    def __init__(self, kind="p256"):
        self.kind = kind
        if kind in ("p256", "p384"):
            self.key = ec.generate_private_key(ec.SECP256R1() if kind == "p256" else ec.SECP384R1())
        elif kind == "ed25519":
            self.key = ed25519.Ed25519PrivateKey.generate()
        elif kind == "sm2":
            self.key = Sm2Key()
        else:
            self.key = rsa.generate_private_key(65537, 2048)

    @property
    def pem(self):
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def fingerprint(self):
        return "sha256:" + hashlib.sha256(self.spki).hexdigest()

    @property
    def spki(self):
        return self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        if self.kind in ("p256", "p384"):
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.kind in ("ed25519", "sm2"):
            return self.key.sign(data)
        if self.kind == "rsa-pss":
            return self.key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Authority:
    """A root of certificates, and code-signing leaves by it."""

    def __init__(self, name="Example Root"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.issue(self.name, self.key.public_key(), ca=True)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, subject, public_key, ca=False, days=(-10, 365)):
        now = datetime.datetime.utcnow()
        usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public_key)
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now + datetime.timedelta(days=days[0])).not_valid_after(now + datetime.timedelta(days=days[1]))
                   .add_extension(x509.BasicConstraints(ca, None), critical=True).add_extension(usage, critical=True))
        if not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def leaf(self, common_name="builder", days=(-1, 30)):
        """(key, certificate)"""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
                             x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        return key, self.issue(subject, key.public_key(), days=days)


# --- what is signed ---

def simple_signing(reference, digest, optional=None, kind="cosign container image signature"):
    return json.dumps({"critical": {"identity": {"docker-reference": reference}, "image": {"docker-manifest-digest": digest}, "type": kind},
                       "optional": optional}).encode()


def pae(payload, kind=IN_TOTO):
    return f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload


def statement(digest, predicate_type, predicate, annotations=None, version="v1"):
    subject = {"digest": {"sha256": digest.split(":")[1]}}
    if annotations is not None:
        subject["annotations"] = annotations
    return json.dumps({"_type": f"https://in-toto.io/Statement/{version}", "subject": [subject], "predicateType": predicate_type,
                       "predicate": predicate}).encode()


def envelope(signer, payload, signed=None, times=1):
    signature = {"sig": encode(signer.sign(pae(payload) if signed is None else signed))}
    return {"payload": encode(payload), "payloadType": IN_TOTO, "signatures": [signature] * times}


# --- what is pushed ---

def cosign_layer(repository, signer, digest, reference=None, optional=None, payload=None, signature=None, **members):
    """The descriptor of a layer of a .sig manifest, whose payload is pushed."""
    payload = payload or simple_signing(reference or f"{repository.server.address}/{repository.name}", digest, optional, **members)
    signature = signer.sign(payload) if signature is None else signature
    return {**repository.push_blob(payload, SIMPLE), "annotations": {"dev.cosignproject.cosign/signature": encode(signature)}}


def tag_of(digest, suffix):
    return digest.replace(":", "-") + suffix


def push_layers(repository, tag, layers):
    config = json.dumps({"architecture": "", "os": "", "config": {}, "created": "0001-01-01T00:00:00Z",
                         "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}}).encode()
    return repository.push_manifest(image_of(repository.push_blob(config, CONFIG), layers), tag)


def cosign_sign(repository, signer, digest, **how):
    """One signature under the tag .sig."""
    return push_layers(repository, tag_of(digest, ".sig"), [cosign_layer(repository, signer, digest, **how)])


def push_referrer(repository, subject, layer, artifact_type, config=None, **annotations):
    empty = config or repository.push_blob(b"{}", EMPTY)
    members = {"artifactType": artifact_type} if artifact_type else {}
    return repository.push_manifest(image_of(empty, [layer], subject=subject, annotations=annotations, **members))


def push_bundle(repository, subject, signer, payload, predicate_type, **how):
    bundle = {"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": encode(hashlib.sha256(signer.spki).digest())}},
              "dsseEnvelope": envelope(signer, payload, **how)}
    layer = repository.push_blob(json.dumps(bundle).encode(), BUNDLE)
    return push_referrer(repository, subject, layer, BUNDLE,
                         **{"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": predicate_type})


def bundle_sign(repository, signer, subject, digest=None, annotations=None, predicate_type=SIGN, **how):
    payload = statement(digest or subject["digest"], predicate_type, {}, annotations if annotations is not None else {})
    return push_bundle(repository, subject, signer, payload, predicate_type, **how)


def attest_bundle(repository, signer, subject, predicate_type, predicate, digest=None, **how):
    return push_bundle(repository, subject, signer, statement(digest or subject["digest"], predicate_type, predicate), predicate_type, **how)


def attest_tag(repository, signer, digest, predicate_type, predicate, of=None, **how):
    """One attestation under the tag .att, as cosign 2 writes it."""
    payload = statement(of or digest, predicate_type, predicate, version="v0.1")
    layer = repository.push_blob(json.dumps(envelope(signer, payload, **how)).encode(), DSSE)
    layer["annotations"] = {"dev.cosignproject.cosign/signature": "", "predicateType": predicate_type}
    return push_layers(repository, tag_of(digest, ".att"), [layer])


def notation_sign(repository, leaf, authority, subject, digest=None, signing_time=None, stamp=None):
    key, certificate = leaf
    when = (signing_time or datetime.datetime.utcnow()).replace(microsecond=0)
    protected = {"alg": "ES256", "crit": ["io.cncf.notary.signingScheme"], "cty": "application/vnd.cncf.notary.payload.v1+json",
                 "io.cncf.notary.signingScheme": "notary.x509", "io.cncf.notary.signingTime": when.isoformat() + "Z"}
    target = {name: subject[name] for name in ("mediaType", "digest", "size")}
    payload = {"targetArtifact": {**target, "digest": digest or subject["digest"]}}
    parts = url_encode(json.dumps(protected).encode()), url_encode(json.dumps(payload).encode())
    r, s = utils.decode_dss_signature(key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256())))
    chain = [each.public_bytes(serialization.Encoding.DER) for each in (certificate, authority.certificate)]
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    header = {"x5c": [encode(each) for each in chain], "io.cncf.notary.signingAgent": "test"}
    if stamp is not None:
        header["io.cncf.notary.timestampSignature"] = encode(stamp(signature))
    jws = {"payload": parts[1], "protected": parts[0], "header": header, "signature": url_encode(signature)}
    layer = repository.push_blob(json.dumps(jws).encode(), "application/jose+json")
    thumbprints = json.dumps([hashlib.sha256(each).hexdigest() for each in chain])
    return push_referrer(repository, subject, layer, None, config=repository.push_blob(b"{}", NOTARY),
                         **{"io.cncf.notary.x509chain.thumbprint#S256": thumbprints})


def push_index(repository, tag, members):
    """An index of the members (descriptors); its descriptor."""
    text = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                       "manifests": [{**member, "platform": {"os": "linux", "architecture": name}}
                                     for member, name in zip(members, ("amd64", "arm64", "s390x"))]}).encode()
    return repository.push_manifest(text, tag, "application/vnd.oci.image.index.v1+json")


__all__ = [name for name in dir() if not name.startswith("_")] + ["descriptor_of", "digest_of"]
