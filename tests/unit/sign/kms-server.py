#!/usr/bin/python3
"""Stands in for services that keep keys: checks each request's signature by the algorithm that its vendor publishes, signs with
keys of a folder by openssl, and errs as the folder's file "mode" says. Prints its port.

Usage: kms-server.py FOLDER"""
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from credential_services import ID, SECRET, CredentialServices, Refused

FOLDER = Path(sys.argv[1])


def b64(data):
    return base64.b64encode(data).decode()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def un64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def mode():
    path = FOLDER / "mode"
    return path.read_text() if path.exists() else ""


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True).stdout


def public(key, form="PEM"):
    return openssl("pkey", "-in", str(FOLDER / f"{key}.pem"), "-pubout", "-outform", form)


def sign(key, data, algorithm="pkcs1v15", raw=False):
    """DER of elliptic keys. @data: a digest, or the message where it is @raw."""
    if mode() == "wrong-key":
        key = "other-" + key
    options = ["-rawin"] if raw else []
    if key.endswith("rsa"):
        digest = {32: "sha256", 48: "sha384", 64: "sha512"}[len(data)]
        options += ["-pkeyopt", f"digest:{digest}"]
        if algorithm == "pss":
            options = ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", f"rsa_pss_saltlen:{len(data)}", *options]
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return openssl("pkeyutl", "-sign", "-inkey", str(FOLDER / f"{key}.pem"), "-in", file.name, *options)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def numbers_of(der, size):
    """Both numbers of a DER signature, one after the other."""
    at = 2 + (der[1] & 0x7f if der[1] & 0x80 else 0)
    out = b""
    for _ in range(2):
        length = der[at + 1]
        out += der[at + 2:at + 2 + length].lstrip(b"\0").rjust(size, b"\0")
        at += 2 + length
    return out


def mac(key, text, kind=hashlib.sha256):
    return hmac.new(key, text.encode(), kind).digest()


class Handler(CredentialServices, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = FOLDER

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    # --- who asks ---

    def check_canonical(self, body, scheme, prefix, end, when, day, scope):
        """AWS's Signature Version 4 and Tencent's TC3."""
        given = self.headers["Authorization"]
        credential = given.split("Credential=")[1].split(",")[0]
        names = given.split("SignedHeaders=")[1].split(",")[0]
        canonical = "POST\n/\n\n" + "".join(f"{name}:{self.headers[name].strip()}\n" for name in names.split(";"))
        canonical += f"\n{names}\n{hashlib.sha256(body).hexdigest()}"
        place = "/".join([day, *scope, end])
        text = f"{scheme}\n{when}\n{place}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = mac((prefix + SECRET).encode(), day)
        for part in [*scope, end]:
            key = mac(key, part)
        wanted = mac(key, text).hex()
        if credential != f"{ID}/{place}" or given.split("Signature=")[1] != wanted or "host" not in names.split(";"):
            raise Refused(403, "InvalidSignatureException", "the signature is another")

    def check_bearer(self):
        if self.headers["Authorization"] != f"Bearer {self.present('token')}":
            raise Refused(401, "UNAUTHENTICATED", "no such token")

    # --- services ---

    def vault(self, body):
        if self.headers["X-Vault-Token"] != self.present("token"):
            raise Refused(403, None, "permission denied")
        _, _, mount, action, key = self.path.split("/")
        path = FOLDER / f"{key}.pem"
        if mount != "transit" or (not path.exists() and not (action == "keys" and body)):
            raise Refused(404, None, "")
        if action == "keys" and body:
            assert json.loads(body)["type"] == "ecdsa-p256"
            path.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
            return {"data": {}}
        if action == "keys":
            shown = b64(public(key, "DER")[-32:]) if key == "ed25519" else public(key).decode()
            return {"data": {"latest_version": 3, "keys": {"2": {"public_key": "old"}, "3": {"public_key": shown}}}}
        asked = json.loads(body)
        assert asked["key_version"] == 3
        data = base64.b64decode(asked["input"])
        if key != "ed25519":
            assert asked["prehashed"] is True and asked["hash_algorithm"] == f"sha2-{8 * len(data)}"
            assert asked["marshaling_algorithm"] == "asn1"
        made = sign(key, data, asked.get("signature_algorithm"), raw=key == "ed25519")
        return {"data": {"signature": "vault:v3:" + b64(made), "key_version": 3}}

    def aws(self, body):
        when = self.headers["X-Amz-Date"]
        self.check_canonical(body, "AWS4-HMAC-SHA256", "AWS4", "aws4_request", when, when[:8], ["eu-west-1", "kms"])
        if self.headers["X-Amz-Security-Token"] != self.present("session") or self.headers["Content-Type"] != "application/x-amz-json-1.1":
            raise Refused(400, "UnrecognizedClientException", "no such session")
        asked, action = json.loads(body), self.headers["X-Amz-Target"]
        if not (FOLDER / f"{asked['KeyId']}.pem").exists():
            raise Refused(400, "NotFoundException", "no such key")
        if action == "TrentService.GetPublicKey":
            return {"KeyId": asked["KeyId"], "PublicKey": b64(public(asked["KeyId"], "DER")), "KeyUsage": "SIGN_VERIFY"}
        assert action == "TrentService.Sign" and asked["MessageType"] == "DIGEST"
        digest, algorithm = base64.b64decode(asked["Message"]), asked["SigningAlgorithm"]
        assert algorithm == "SM2DSA" if asked["KeyId"] == "sm2" else algorithm.endswith(f"SHA_{8 * len(digest)}")
        return {"KeyId": asked["KeyId"], "SigningAlgorithm": algorithm,
                "Signature": b64(sign(asked["KeyId"], digest, "pss" if "PSS" in algorithm else None))}

    def tencent(self, body):
        when = self.headers["X-TC-Timestamp"]
        day = time.strftime("%Y-%m-%d", time.gmtime(int(when)))
        self.check_canonical(body, "TC3-HMAC-SHA256", "TC3", "tc3_request", when, day, ["kms"])
        if self.headers["X-TC-Token"] != self.present("session") or self.headers["X-TC-Version"] != "2019-01-18":
            raise Refused(200, "AuthFailure.TokenFailure", "no such session")
        assert self.headers["X-TC-Region"] == "ap-guangzhou"
        asked, action = json.loads(body), self.headers["X-TC-Action"]
        if not (FOLDER / f"{asked['KeyId']}.pem").exists():
            raise Refused(200, "ResourceUnavailable.CmkNotFound", "no such key")
        if action == "GetPublicKey":
            return {"Response": {"PublicKeyPem": public(asked["KeyId"]).decode(), "RequestId": "1"}}
        assert action == "SignByAsymmetricKey" and asked["MessageType"] == "DIGEST"
        assert (asked["Algorithm"] == "SM2DSA") == (asked["KeyId"] == "sm2")
        made = sign(asked["KeyId"], base64.b64decode(asked["Message"]), "pss" if "PSS" in asked["Algorithm"] else None)
        return {"Response": {"Signature": b64(made), "RequestId": "1"}}

    def alibaba(self, body):
        asked = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        given = asked.pop("Signature")
        quoted = "&".join(f"{urllib.parse.quote(name, safe='~')}={urllib.parse.quote(asked[name], safe='~')}"
                          for name in sorted(asked))
        text = "POST&%2F&" + urllib.parse.quote(quoted, safe="~")
        if given != b64(mac((SECRET + "&").encode(), text, hashlib.sha1)) or asked["AccessKeyId"] != ID:
            raise Refused(400, "SignatureDoesNotMatch", "the signature is another")
        if asked["SecurityToken"] != self.present("session") or asked["Version"] != "2016-01-20":
            raise Refused(400, "InvalidSecurityToken.Expired", "no such session")
        key = asked["KeyId"]
        if not (FOLDER / f"{key}.pem").exists():
            raise Refused(404, "Forbidden.KeyNotFound", "no such key")
        if asked["Action"] == "ListKeyVersions":
            return {"KeyVersions": {"KeyVersion": [{"KeyVersionId": "v1", "CreationDate": "2025-01-01T00:00:00Z"},
                                                   {"KeyVersionId": "v2", "CreationDate": "2026-01-01T00:00:00Z"}]}}
        assert asked["KeyVersionId"] == "v2"
        if asked["Action"] == "GetPublicKey":
            return {"PublicKey": public(key).decode(), "KeyId": key}
        assert asked["Action"] == "AsymmetricSign" and (asked["Algorithm"] == "SM2DSA") == (key == "sm2")
        made = sign(key, base64.b64decode(asked["Digest"]), "pss" if "PSS" in asked["Algorithm"] else None)
        return {"Value": b64(made), "KeyId": key, "KeyVersionId": "v2"}

    def google(self, body):
        self.check_bearer()
        key = self.path.split("/cryptoKeys/")[1].split("/")[0]
        if not (FOLDER / f"{key}.pem").exists():
            raise Refused(404, "NOT_FOUND", "no such key")
        if self.path.endswith("/cryptoKeyVersions/7/publicKey"):
            pem = public(key)
            return {"pem": pem.decode(), "algorithm": "one", "pemCrc32c": str(crc32c(pem))}
        assert self.path.endswith("/cryptoKeyVersions/7:asymmetricSign")
        asked = json.loads(body)
        if key == "ed25519":
            data, kind = base64.b64decode(asked["data"]), "Data"
            made = sign(key, data, raw=True)
        else:
            (name, text), = asked["digest"].items()
            data, kind = base64.b64decode(text), "Digest"
            assert name == f"sha{8 * len(data)}"
            made = sign(key, data)
        assert asked[f"{kind.lower()}Crc32c"] == str(crc32c(data))
        checksum = crc32c(made) ^ (mode() == "changed")
        return {"signature": b64(made), "signatureCrc32c": str(checksum), f"verified{kind}Crc32c": mode() != "unverified"}

    def azure(self, body):
        self.check_bearer()
        parts = urllib.parse.urlsplit(self.path).path.split("/")[2:]
        assert self.path.endswith("?api-version=7.4")
        if not (FOLDER / f"{parts[0]}.pem").exists():
            raise Refused(404, "KeyNotFound", "no such key")
        if parts[-1] != "sign":
            der = public(parts[0], "DER")
            key = {"kid": f"https://v.vault.azure.net/keys/{parts[0]}/abc123"}
            if parts[0] == "p256":
                key |= {"kty": "EC-HSM", "crv": "P-256", "x": b64url(der[-64:-32]), "y": b64url(der[-32:])}
            else:
                text = openssl("rsa", "-pubin", "-noout", "-modulus", data=public(parts[0])).decode()
                key |= {"kty": "RSA", "n": b64url(bytes.fromhex(text.strip().split("=")[1])), "e": "AQAB"}
            return {"key": key}
        assert parts[1] == "abc123"
        asked = json.loads(body)
        made = sign(parts[0], un64url(asked["value"]), "pss" if asked["alg"].startswith("PS") else None)
        return {"kid": "k", "value": b64url(numbers_of(made, 32) if parts[0] == "p256" else made)}

    # --- one request ---

    def kind(self):
        if self.path.startswith("/v1/projects/"):
            return self.google
        if self.path.startswith("/v1/"):
            return self.vault
        if self.path.startswith("/keys/"):
            return self.azure
        if self.headers["X-Amz-Target"]:
            return self.aws
        return self.tencent if self.headers["X-TC-Action"] else self.alibaba

    def refuse(self, kind, status, code, message):
        """As the service writes it."""
        if kind == self.vault:
            self.answer(status, {"errors": [message] if message else []})
        elif kind == self.aws:
            self.answer(status, {"__type": code, "message": message})
        elif kind == self.tencent:
            self.answer(200, {"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "1"}})
        elif kind == self.alibaba:
            self.answer(status, {"Code": code, "Message": message, "RequestId": "1"})
        else:
            self.answer(status, {"error": {"code": code if kind == self.azure else status, "status": code, "message": message}})

    def serve(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if source := self.source(body):
            return self.serve_credentials(source, body)
        kind, wanted = self.kind(), mode()
        throttled = {"vault": (429, None), "aws": (400, "ThrottlingException"), "tencent": (200, "RequestLimitExceeded"),
                     "alibaba": (400, "Throttling.User"), "google": (429, "RESOURCE_EXHAUSTED"), "azure": (429, "Throttled")}
        if wanted == "retry-after":
            (FOLDER / "mode").unlink()
            return self.answer(429, {}, {"Retry-After": "1"})
        if wanted == "throttled":
            return self.refuse(kind, *throttled[kind.__name__], "too many requests")
        if wanted == "garbage":
            return self.answer(200, b"<html>a proxy</html>")
        if wanted == "nothing":
            return self.answer(200, {})
        if wanted == "broken":
            return self.answer(500, b"")
        if wanted == "hangs":
            time.sleep(8)
        try:
            return self.answer(200, kind(body))
        except Refused as refused:
            return self.refuse(kind, *refused.args)

    do_GET = do_POST = do_PUT = serve


with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
