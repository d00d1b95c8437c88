"""Sigstore without a network: an authority of certificates as Fulcio is, logs as Rekor and a CT log are, and an authority of time stamps, made
of keys of the test. What they write can be as wrong as a case asks for."""
import datetime
import hashlib
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signed import IN_TOTO, encode

DER = serialization.Encoding.DER


def spki_of(key):
    return key.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem_of(thing):
    """Of a key's public part, or of a certificate."""
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM).decode()
    return thing.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def der_of(certificate):
    return certificate.public_bytes(DER)


def sign(key, data):
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def sha256(data):
    return hashlib.sha256(data).digest()


# --- DER ---

def tlv(tag, *parts):
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7f]
        while arc := arc >> 7:
            groups.append(arc & 0x7f | 0x80)
        out += bytes(reversed(groups))
    return tlv(0x06, bytes(out))


def integer(number):
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


# --- authorities ---

def issue(key, name, issuer, issuer_key, begin, end, extensions):
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) if text else x509.Name([])


def usage(sign_certificates):
    return x509.KeyUsage(not sign_certificates, False, False, False, False, sign_certificates, sign_certificates, False, False)


class Chain:
    """A root and an intermediate, good between the two moments, and what the intermediate issues."""

    def __init__(self, name, begin, end, purpose=ExtendedKeyUsageOID.CODE_SIGNING):
        self.purpose = purpose
        self.root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        authority = [(x509.BasicConstraints(True, None), True), (usage(True), True)]
        self.root = issue(self.root_key, name_of(f"{name} root"), name_of(f"{name} root"), self.root_key, begin, end, [
            *authority, (x509.SubjectKeyIdentifier.from_public_key(self.root_key.public_key()), False)])
        self.certificate = issue(self.key, name_of(name), name_of(f"{name} root"), self.root_key, begin, end, [
            *authority, (x509.ExtendedKeyUsage([purpose]), False),
            (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key()), False)])

    @property
    def pem(self):
        return pem_of(self.certificate) + pem_of(self.root)

    def issue(self, key, name, begin, end, extensions=(), purpose=None):
        return issue(key, name_of(name), self.certificate.subject, self.key, begin, end, [
            (x509.ExtendedKeyUsage([purpose or self.purpose]), self.purpose == ExtendedKeyUsageOID.TIME_STAMPING), (usage(False), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False), *extensions])


class TimeAuthority(Chain):
    """Stamps whatever time it is asked for (RFC 3161)."""

    def __init__(self, begin, end, name="time"):
        super().__init__(name, begin, end, ExtendedKeyUsageOID.TIME_STAMPING)
        self.stamp_key = ec.generate_private_key(ec.SECP256R1())
        self.leaf = self.issue(self.stamp_key, f"{name} stamps", begin, end)

    def stamp(self, data, when):
        """The answer of the authority, in DER."""
        sha = tlv(0x30, oid("2.16.840.1.101.3.4.2.1"))
        info = tlv(0x30, integer(1), oid("1.2.3.4"), tlv(0x30, sha, tlv(0x04, sha256(data))), integer(x509.random_serial_number()),
                   tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").encode()))
        attributes = b"".join(sorted((
            tlv(0x30, oid("1.2.840.113549.1.9.3"), tlv(0x31, oid("1.2.840.113549.1.9.16.1.4"))),
            tlv(0x30, oid("1.2.840.113549.1.9.4"), tlv(0x31, tlv(0x04, sha256(info)))),
            tlv(0x30, oid("1.2.840.113549.1.9.16.2.47"), tlv(0x31, tlv(0x30, tlv(0x30, tlv(0x30, tlv(0x04, sha256(der_of(self.leaf)))))))))))
        signer = tlv(0x30, integer(1), tlv(0x30, self.certificate.subject.public_bytes(), integer(self.leaf.serial_number)), sha,
                     tlv(0xa0, attributes), tlv(0x30, oid("1.2.840.10045.4.3.2")), tlv(0x04, sign(self.stamp_key, tlv(0x31, attributes))))
        data = tlv(0x30, integer(3), tlv(0x31, sha), tlv(0x30, oid("1.2.840.113549.1.9.16.1.4"), tlv(0xa0, tlv(0x04, info))),
                   tlv(0xa0, der_of(self.leaf), der_of(self.certificate)), tlv(0x31, signer))
        return tlv(0x30, tlv(0x30, integer(0)), tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xa0, data)))


# --- logs ---

class Log:
    """Of signatures (Rekor), or of certificates."""

    def __init__(self, host="rekor.example.org", ed25519=False):
        self.host = host
        self.key = Ed25519PrivateKey.generate() if ed25519 else ec.generate_private_key(ec.SECP256R1())
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw) if ed25519 else b""
        # What the second version of Rekor calls itself: by its name and its key.
        self.id = sha256(host.encode() + b"\n\x01" + raw) if ed25519 else sha256(spki_of(self.key))
        self.origin = host if ed25519 else f"{host} - 1193050959916656506"
        self.details = "PKIX_ED25519" if ed25519 else "PKIX_ECDSA_P256_SHA_256"

    @property
    def pem(self):
        return pem_of(self.key)

    def sign(self, data):
        return self.key.sign(data) if self.details == "PKIX_ED25519" else sign(self.key, data)

    def stamp(self, when, issuer, fields):
        """A signed certificate time stamp."""
        time = int(when.timestamp() * 1000).to_bytes(8, "big")
        signed = b"\0\0" + time + b"\0\1" + sha256(issuer) + len(fields).to_bytes(3, "big") + fields + b"\0\0"
        signature = self.sign(signed)
        return b"\0" + self.id + time + b"\0\0" + b"\4\3" + len(signature).to_bytes(2, "big") + signature

    # --- entries ---

    def promise(self, body, when, index=7):
        """The SET over an entry."""
        return self.sign(json.dumps({"body": encode(body), "integratedTime": when, "logID": self.id.hex(), "logIndex": index},
                                    separators=(",", ":")).encode())

    def checkpoint(self, size, root, by=None, origin=None):
        text = f"{origin or self.origin}\n{size}\n{encode(root)}\n"
        by = by or self
        return f"{text}\n\u2014 {self.host} {encode(by.id[:4] + by.sign(text.encode()))}\n"

    def proof(self, body, size=11, index=7, **how):
        """That the body is at that place of a tree of other leaves."""
        leaves = [sha256(b"\0" + (body if place == index else f"leaf {place}".encode())) for place in range(size)]
        root = tree_hash(leaves)
        return {"logIndex": str(index), "treeSize": str(size), "rootHash": encode(root), "hashes": [encode(each) for each in path(index, leaves)],
                "checkpoint": {"envelope": self.checkpoint(size, root, **how)}}

    def annotation(self, body, when, **changes):
        """What cosign writes beside the signature of a .sig."""
        payload = {"body": encode(body), "integratedTime": when, "logIndex": 7, "logID": self.id.hex()}
        return json.dumps({"SignedEntryTimestamp": encode(self.promise(body, when)), "Payload": {**payload, **changes}})

    def entry(self, body, when=0, promise=True, proof=True, **how):
        """What a bundle has of it."""
        kind = json.loads(body)
        entry = {"logIndex": "7", "logId": {"keyId": encode(self.id)}, "kindVersion": {"kind": kind["kind"], "version": kind["apiVersion"]},
                 "canonicalizedBody": encode(body)}
        if when:
            entry["integratedTime"] = str(when)
        if promise:
            entry["inclusionPromise"] = {"signedEntryTimestamp": encode(self.promise(body, when))}
        if proof:
            entry["inclusionProof"] = self.proof(body, **how)
        return entry


def tree_hash(leaves):
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree_hash(leaves[:middle]) + tree_hash(leaves[middle:]))


def path(index, leaves):
    if len(leaves) == 1:
        return []
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    if index < middle:
        return path(index, leaves[:middle]) + [tree_hash(leaves[middle:])]
    return path(index - middle, leaves[middle:]) + [tree_hash(leaves[:middle])]


# --- what entries say ---

def canonical(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def hashedrekord(message, signature, verifier):
    return canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": sha256(message).hex()}},
        "signature": {"content": encode(signature), "publicKey": {"content": encode(pem_of(verifier).encode())}}}})


def verifier_of(thing):
    kind = {"x509Certificate": {"rawBytes": encode(der_of(thing))}} if isinstance(thing, x509.Certificate) else \
        {"publicKey": {"rawBytes": encode(spki_of(thing))}}
    return {"keyDetails": "PKIX_ECDSA_P256_SHA_256", **kind}


def hashedrekord2(message, signature, verifier):
    return canonical({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": "SHA2_256", "digest": encode(sha256(message))},
        "signature": {"content": encode(signature), "verifier": verifier_of(verifier)}}}})


def dsse(payload, signature, verifier, envelope=b"{}"):
    return canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": {"algorithm": "sha256", "value": sha256(envelope).hex()},
        "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hex()},
        "signatures": [{"signature": encode(signature), "verifier": encode(pem_of(verifier).encode())}]}})


def dsse2(payload, signature, verifier):
    return canonical({"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": {
        "payloadHash": {"algorithm": "SHA2_256", "digest": encode(sha256(payload))},
        "signatures": [{"content": encode(signature), "verifier": verifier_of(verifier)}]}}})


def intoto(payload, signature, verifier):
    return canonical({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {
        "envelope": {"payloadType": IN_TOTO, "signatures": [{"publicKey": encode(pem_of(verifier).encode()),
                                                             "sig": encode(encode(signature).encode())}]},
        "hash": {"algorithm": "sha256", "value": sha256(b"{}").hex()},
        "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hex()}}}})


# --- Fulcio ---

class Fulcio(Chain):
    """Issues certificates of ten minutes for whom a provider of identities vouches."""

    def __init__(self, begin, end, ctlog=None, name="fulcio"):
        super().__init__(name, begin, end)
        self.ctlog = ctlog

    def certificate_for(self, key, when, san, issuer, ctlog=None, stamped=None, minutes=10, purpose=None, older=False):
        """@ctlog: instead of its own, or False: none. @stamped: when the log says that it saw it."""
        names = [(x509.SubjectAlternativeName([san]), True)]
        if issuer:
            second = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), tlv(0x0c, issuer.encode()))
            first = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), issuer.encode())
            names += [(first, False)] + ([] if older else [(second, False)])
        begin, end = when, when + datetime.timedelta(minutes=minutes)
        log = self.ctlog if ctlog is None else ctlog
        serial = x509.random_serial_number()

        def build(extensions):
            builder = (x509.CertificateBuilder().subject_name(name_of("")).issuer_name(self.certificate.subject).public_key(key.public_key())
                       .serial_number(serial).not_valid_before(begin).not_valid_after(end))
            for extension, critical in [
                    (x509.KeyUsage(True, *[False] * 8), True), (x509.ExtendedKeyUsage([purpose or self.purpose]), False),
                    (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
                    (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False), *extensions]:
                builder = builder.add_extension(extension, critical)
            return builder.sign(self.key, hashes.SHA256())
        if not log:
            return build(names)
        stamp = log.stamp(stamped or when.replace(tzinfo=datetime.timezone.utc), spki_of(self.key), build(names).tbs_certificate_bytes)
        stamps = len(stamp).to_bytes(2, "big") + stamp
        value = tlv(0x04, len(stamps).to_bytes(2, "big") + stamps)
        return build(names + [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), value), False)])


def user_name(text):
    """The alternative name of a user without an address."""
    return x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), tlv(0x0c, text.encode()))


# --- trusted_root.json ---

def moment(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def validity(begin, end=None):
    return {"start": moment(begin), **({"end": moment(end)} if end else {})}


def root_log(log, begin, end=None):
    return {"baseUrl": f"https://{log.host}", "hashAlgorithm": "SHA2_256", "logId": {"keyId": encode(log.id)},
            "publicKey": {"rawBytes": encode(spki_of(log.key)), "keyDetails": log.details, "validFor": validity(begin, end)}}


def root_authority(chain, begin, end=None, leaf=None):
    certificates = [*([leaf] if leaf else []), chain.certificate, chain.root]
    return {"subject": {"organization": "example", "commonName": "example"}, "uri": "https://fulcio.example.org",
            "certChain": {"certificates": [{"rawBytes": encode(der_of(each))} for each in certificates]}, "validFor": validity(begin, end)}


def trusted_root(authorities=(), logs=(), ctlogs=(), times=()):
    return json.dumps({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": list(logs),
                       "certificateAuthorities": list(authorities), "ctlogs": list(ctlogs), "timestampAuthorities": list(times)}, indent=1)
