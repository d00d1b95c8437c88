"""The Notary Project: authorities whose certificates sign, by openssl, and notation as the judge of what was signed."""
import json
import subprocess

from signing_judges import tool


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """A root, and certificates by it for keys that sign."""

    def __init__(self, folder, name):
        self.folder, self.key, self.pem = folder, folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.pem, "-days", "90", "-subj",
                f"/C=US/ST=WA/O=Example/CN={name}", "-addext", "keyUsage=critical,keyCertSign", "-addext",
                "basicConstraints=critical,CA:TRUE,pathlen:1")

    def issue(self, key, name, purpose="codeSigning", request=None):
        """The chain of a certificate for the key, leaf first; or of what a request asks for."""
        leaf, chain, extensions = (self.folder / f"{name}.{end}" for end in ("crt", "chain", "ext"))
        extensions.write_text(f"basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage={purpose}\n"
                              "subjectAltName=email:release@example.org\n")
        if request is None:
            request = self.folder / f"{name}.csr"
            openssl("req", "-new", "-key", key, "-out", request, "-subj", f"/C=US/ST=WA/O=Example/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-days", "60", "-out", leaf, "-extfile", extensions,
                "-CAcreateserial")
        chain.write_text(leaf.read_text() + self.pem.read_text())
        return chain


def notation(folder, address, root, tsa=None):
    """Whether notation takes it, by that root alone; tsa: the root of whose time stamps count for certificates that ended."""
    run = tool("notation", folder)
    config = folder / "config" / "notation"
    roots = {"ca": root, **({"tsa": tsa} if tsa else {})}
    for kind, pem in roots.items():
        store = config / "truststore/x509" / kind / "here"
        store.mkdir(parents=True, exist_ok=True)
        (store / "root.pem").write_text(pem.read_text())
    (config / "trustpolicy.json").write_text(json.dumps({"version": "1.0", "trustPolicies": [
        {"name": "all", "registryScopes": ["*"],
         "signatureVerification": {"level": "strict", "override": {"revocation": "skip"}, **({"verifyTimestamp": "afterCertExpiry"} if tsa else {})},
         "trustStores": [f"{kind}:here" for kind in roots], "trustedIdentities": ["*"]}]}))
    done = run("verify", "--insecure-registry", address, check=False)
    assert done.returncode == 0 or "signature verification failed" in done.stderr or "no signature is associated" in done.stderr, done.stderr
    return done.returncode == 0
