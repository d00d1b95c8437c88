"""Whole signatures without keys, with all that can be otherwise about them, by an instance of Sigstore of the test's own (sigstore.py)."""
import datetime
import json

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

import signed
import sigstore
from signed import SIGN, encode, push_layers, tag_of

ISSUER, WHO = "https://accounts.example.org", "dev@example.org"
DAY, MINUTE = datetime.timedelta(days=1), datetime.timedelta(minutes=1)
UTC = datetime.timezone.utc


class Instance:
    """One instance of Sigstore, and strangers."""

    def __init__(self):
        self.now = datetime.datetime.utcnow().replace(microsecond=0)
        self.begin, self.end = self.now - 100 * DAY, self.now + 100 * DAY
        self.then = self.now - 30 * DAY  # when all is signed
        self.ctlog, self.other_ctlog = sigstore.Log("ct.example.org"), sigstore.Log("ct.example.org")
        self.rekor, self.other_rekor = sigstore.Log(), sigstore.Log()
        self.rekor2 = sigstore.Log("log2026.rekor.example.org", ed25519=True)
        self.fulcio = sigstore.Fulcio(self.begin, self.end, self.ctlog)
        self.other_fulcio = sigstore.Fulcio(self.begin, self.end, self.ctlog)
        self.ended_fulcio = sigstore.Fulcio(self.begin, self.now - 60 * DAY, self.ctlog)
        self.times, self.other_times = sigstore.TimeAuthority(self.begin, self.end), sigstore.TimeAuthority(self.begin, self.end)

    def root(self, fulcio=None, until=None, rekor_until=None):
        return sigstore.trusted_root(
            authorities=[sigstore.root_authority(fulcio or self.fulcio, self.begin, until)],
            logs=[sigstore.root_log(self.rekor, self.begin, rekor_until), sigstore.root_log(self.rekor2, self.begin)],
            ctlogs=[sigstore.root_log(self.ctlog, self.begin)],
            times=[sigstore.root_authority(self.times, self.begin, leaf=self.times.leaf)])


class Keyless:
    """One signature, with all that can be otherwise about it."""

    def __init__(self, world, **changes):
        self.world, self.changes = world, changes
        self.key = ec.generate_private_key(ec.SECP256R1())
        when = world.then + changes.get("certificate_at", 0) * DAY
        fulcio = changes.get("fulcio", world.fulcio)
        how = {name: changes[name] for name in ("ctlog", "stamped", "purpose", "older") if name in changes}
        self.certificate = fulcio.certificate_for(self.key, when, changes.get("san", x509.RFC822Name(WHO)), changes.get("issuer", ISSUER), **how)
        self.chain = fulcio.pem
        self.entered = int(world.then.replace(tzinfo=UTC).timestamp()) + changes.get("entered", 60)

    def sign(self, message):
        return sigstore.sign(self.key, message)

    def other_certificate(self):
        return self.world.fulcio.certificate_for(self.key, self.world.then, x509.RFC822Name(WHO), ISSUER)

    def body(self, make, message, signature):
        """The entry's, which may be of something else."""
        changes = self.changes
        message = b"something else" if changes.get("entry") == "payload" else message
        signature = self.sign(message + b"x") if changes.get("entry") == "signature" else signature
        verifier = self.other_certificate() if changes.get("entry") == "certificate" else self.certificate
        return make(message, signature, verifier)

    def tag(self, repository, image):
        """A .sig as cosign 2 writes it."""
        payload = signed.simple_signing(f"{repository.server.address}/{repository.name}:v1", image["digest"])
        signature = self.sign(payload)
        body = self.body(sigstore.hashedrekord, payload, signature)
        annotations = {"dev.cosignproject.cosign/signature": encode(signature), "dev.sigstore.cosign/certificate": sigstore.pem_of(self.certificate),
                       "dev.sigstore.cosign/chain": self.chain}
        if self.changes.get("promise") is not False:
            log = self.changes.get("log", self.world.rekor)
            promise = log.annotation(body, self.entered, **self.changes.get("payload", {}))
            annotations["dev.sigstore.cosign/bundle"] = promise
        annotations.update(self.changes.get("annotations", {}))
        layer = {**repository.push_blob(payload, signed.SIMPLE), "annotations": annotations}
        push_layers(repository, tag_of(image["digest"], ".sig"), [layer])

    def bundle(self, repository, image):
        """As cosign 3 writes it."""
        changes = self.changes
        payload = signed.statement(image["digest"], SIGN, {}, {})
        message = signed.pae(payload)
        signature = self.sign(message)
        make = changes.get("make", sigstore.dsse)
        body = self.body(make, message if make is sigstore.hashedrekord2 else payload, signature)
        material = {"certificate": {"rawBytes": encode(sigstore.der_of(self.certificate))},
                    "tlogEntries": [] if changes.get("log") is False else [self.entry(body)]}
        if "stamp" in changes:
            by, minutes = changes["stamp"]
            stamp = by.stamp(b"other" if changes.get("stamped_other") else signature, self.world.then + minutes * MINUTE)
            material["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": encode(stamp)}]}
        envelope = {"payload": encode(payload), "payloadType": signed.IN_TOTO, "signatures": [{"sig": encode(signature)}]}
        text = json.dumps({"mediaType": signed.BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope}).encode()
        layer = repository.push_blob(text, signed.BUNDLE)
        signed.push_referrer(repository, image, layer, signed.BUNDLE,
                             **{"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": SIGN})

    def entry(self, body):
        changes, log = self.changes, self.changes.get("log", self.world.rekor)
        first = log is not self.world.rekor2
        entry = log.entry(body, self.entered if first else 0, first and changes.get("promise", True), changes.get("proof", True),
                          **changes.get("proving", {}))
        if "change" in changes:
            changes["change"](entry)
        return entry
