"""An authority of time stamps (RFC 3161): openssl makes the answers, behind a small HTTP server, which can be away, slow or lie."""
import http.server
import subprocess
import threading

from notary import openssl

CONFIGURATION = """[tsa]
serial = serial
digests = sha256,sha384,sha512
signer_digest = sha256
default_policy = 1.2.3
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class TimestampAuthority:
    """`how` changes what it says: one of LIES; root, chain: its certificates; asked: what it was asked, in DER."""

    def __init__(self, folder, name="tsa"):
        self.folder = folder / name
        self.folder.mkdir()
        self.root, self.how, self.asked = self.folder / "ca.pem", "good", []
        self._make()
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                query = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/timestamp-query"
                authority.asked.append(query)
                status, answer = authority.answer(query)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/timestamp-reply")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # who asked has gone

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/stamp"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _make(self):
        at = self.folder
        (at / "tsa.cnf").write_text(CONFIGURATION)
        (at / "serial").write_text("01")
        (at / "ext").write_text("basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at / "ca.key", "-out", self.root, "-days", "90", "-subj", f"/O=T/CN={at.name}",
                "-addext", "keyUsage=critical,keyCertSign", "-addext", "basicConstraints=critical,CA:TRUE")
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", at / "tsa.key", "-out", at / "tsa.csr", "-subj", "/O=T/CN=stamps")
        openssl("x509", "-req", "-in", at / "tsa.csr", "-CA", self.root, "-CAkey", at / "ca.key", "-CAcreateserial", "-days", "60", "-extfile", at / "ext",
                "-out", at / "tsa.pem")
        self.chain = at / "chain.pem"
        self.chain.write_text((at / "tsa.pem").read_text() + self.root.read_text())

    def reply(self, query):
        (self.folder / "query").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa.key",
                   "-chain", "ca.pem", "-out", "answer"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "answer").read_bytes()

    def query(self, data, *options):
        (self.folder / "data").write_bytes(data)
        subprocess.run(["openssl", "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "own", *options], cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "own").read_bytes()

    def answer(self, query):
        return LIES[self.how](self, query)

    def takes(self, answer, data):
        """Whether openssl takes an answer about the bytes, by this root."""
        (self.folder / "checked").write_bytes(answer)
        (self.folder / "data").write_bytes(data)
        return subprocess.run(["openssl", "ts", "-verify", "-in", "checked", "-data", "data", "-CAfile", "ca.pem"], cwd=self.folder,
                              capture_output=True, check=False).returncode == 0

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def other_nonce(authority, query):
    """The same imprint, of another request: as whoever plays back an older answer."""
    at = query.index(bytes.fromhex("0420")) + 2
    digest = query[at:at + 32].hex()
    subprocess.run(["openssl", "ts", "-query", "-digest", digest, "-sha256", "-cert", "-out", "own"], cwd=authority.folder, check=True, capture_output=True)
    return 200, authority.reply((authority.folder / "own").read_bytes())


def flipped(authority, query):
    answer = bytearray(authority.reply(query))
    answer[-20] ^= 1
    return 200, bytes(answer)


def away(authority, query):
    return 503, b"later"


# By name: what it answers. None of them but the first is taken.
LIES = {
    "good": lambda authority, query: (200, authority.reply(query)),
    "other imprint": lambda authority, query: (200, authority.reply(authority.query(b"something else"))),
    "other nonce": other_nonce,
    "no nonce": lambda authority, query: (200, authority.reply(authority.query(b"something else", "-no_nonce"))),
    "rejected": lambda authority, query: (200, bytes.fromhex("301f301d02010230140c127468652073657276696365206973206f666603020520")),
    "garbage": lambda authority, query: (200, b"<html>hello</html>"),
    "empty": lambda authority, query: (200, b""),
    "huge": lambda authority, query: (200, b"\x30\x84\x7f\xff\xff\xff" + b"\0" * 300000),
    "flipped": flipped,
    "cut": lambda authority, query: (200, authority.reply(query)[:-40]),
    "token alone": lambda authority, query: (200, authority.reply(query)[9:]),
    "an error": away,
}
