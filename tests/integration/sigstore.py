"""Sigstore without a network: an authority of certificates as Fulcio is, logs as Rekor and a CT log are, and an authority of time stamps, made
of keys of the test. What they write can be as wrong as a case asks for."""
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

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
