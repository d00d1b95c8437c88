"""A small provider of OpenID Connect that lies when it is told to, for what a real one cannot be brought to say.

It says that it is one: nobody logs in there, and each code is good for whom `claims` describe. Tokens are signed by RS256, or in
the ways that `lies` names."""
import base64
import hashlib
import hmac
import http.server
import json
import re
import subprocess
import threading
import time
import urllib.parse

from assay_server import free_port


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded_number(number):
    return encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


class Key:
    """An RSA key, which signs as RFC 8017, section 8.2, has it."""

    def __init__(self):
        text = subprocess.run(["certtool", "--generate-privkey", "--rsa", "--bits", "2048"], check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout
        info = subprocess.run(["certtool", "--key-info"], input=text, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True).stdout
        public = subprocess.run(["certtool", "--load-privkey", "/dev/stdin", "--pubkey-info"], input=text, check=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        self.public_pem = public[public.index("-----BEGIN"):]
        self.modulus, self.exponent, self.private = (self.number(info, name) for name in
                                                     ("modulus", "public exponent", "private exponent"))

    @staticmethod
    def number(text, name):
        found = re.search(rf"^{name}:\s*((?:[0-9a-f]{{2}}[:\s]*)+)", text, re.M)
        return int(re.sub(r"[:\s]", "", found[1]), 16)

    def sign(self, data):
        size = (self.modulus.bit_length() + 7) // 8
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
        block = b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest
        return pow(int.from_bytes(block, "big"), self.private, self.modulus).to_bytes(size, "big")

    def jwk(self, kid):
        return {"kty": "RSA", "use": "sig", "kid": kid, "n": encoded_number(self.modulus), "e": encoded_number(self.exponent)}


class LyingProvider:
    """`lies`: how the next tokens are wrong (how_*), or what a document says otherwise; {}: it is honest. `asked`: the forms that
    came to the token endpoint."""

    def __init__(self):
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.key, self.other = Key(), Key()
        self.lies, self.codes, self.asked = {}, {}, []
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def answer(self, body, status=200):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                path = self.path.partition("?")[0]
                if path == "/.well-known/openid-configuration":
                    self.answer(provider.document())
                elif path == "/keys":
                    self.answer({"keys": [provider.key.jwk("one")]})
                elif path == "/me":
                    self.answer(provider.lies.get("userinfo", {"sub": "subject-of-mallory"}))
                else:
                    self.answer({}, 404)

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                provider.asked.append({name: values[0] for name, values in form.items()})
                self.answer(provider.tokens(provider.asked[-1]))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def document(self):
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token", "userinfo_endpoint": f"{self.issuer}/me",
                "authorization_response_iss_parameter_supported": True, **self.lies.get("document", {})}

    def come_back(self, url):
        """The address that a browser is sent back to, which came with @url."""
        query = {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}
        code = f"code{len(self.codes)}"
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.issuer, **self.lies.get("answer", {})}
        return query["redirect_uri"] + "?" + urllib.parse.urlencode({k: v for k, v in answer.items() if v is not None})

    def tokens(self, form):
        query = self.codes.get(form.get("code"), {})
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "subject-of-mallory", "aud": query.get("client_id"), "iat": now, "exp": now + 300,
                  "nonce": query.get("nonce"), "preferred_username": "mallory", "groups": ["everybody"],
                  **self.lies.get("claims", {})}
        claims = {name: value for name, value in claims.items() if value is not None}
        return {"access_token": "access", "token_type": "Bearer", "expires_in": 300,
                "id_token": getattr(self, "how_" + self.lies.get("how", "right"))(claims), **self.lies.get("tokens", {})}

    # --- how a token is signed ---

    @staticmethod
    def joined(header, claims):
        return encoded(json.dumps(header).encode()) + "." + encoded(json.dumps(claims).encode())

    def how_right(self, claims):
        text = self.joined({"alg": "RS256", "typ": "JWT", "kid": "one"}, claims)
        return f"{text}.{encoded(self.key.sign(text.encode()))}"

    def how_other_key(self, claims):
        text = self.joined({"alg": "RS256", "kid": "one"}, claims)
        return f"{text}.{encoded(self.other.sign(text.encode()))}"

    def how_unknown_key(self, claims):
        text = self.joined({"alg": "RS256", "kid": "two"}, claims)
        return f"{text}.{encoded(self.other.sign(text.encode()))}"

    def how_own_key(self, claims):
        """By a key that the token itself brings along."""
        text = self.joined({"alg": "RS256", "kid": "two", "jwk": self.other.jwk("two"), "jku": f"{self.issuer}/keys"}, claims)
        return f"{text}.{encoded(self.other.sign(text.encode()))}"

    def how_none(self, claims):
        return self.joined({"alg": "none"}, claims) + "."

    def how_none_with_signature(self, claims):
        text = self.joined({"alg": "none", "kid": "one"}, claims)
        return f"{text}.{encoded(self.key.sign(text.encode()))}"

    def how_hmac_by_public_key(self, claims):
        text = self.joined({"alg": "HS256", "kid": "one"}, claims)
        return f"{text}.{encoded(hmac.digest(self.key.public_pem.encode(), text.encode(), 'sha256'))}"

    def how_hmac_by_secret(self, claims):
        text = self.joined({"alg": "HS256", "kid": "one"}, claims)
        return f"{text}.{encoded(hmac.digest(b'the-secret-of-the-registry', text.encode(), 'sha256'))}"

    def how_access_token(self, claims):
        text = self.joined({"alg": "RS256", "typ": "at+jwt", "kid": "one"}, claims)
        return f"{text}.{encoded(self.key.sign(text.encode()))}"

    def how_changed(self, claims):
        head, _, signature = self.how_right(claims).split(".")
        return f"{head}.{encoded(json.dumps({**claims, 'preferred_username': 'root'}).encode())}.{signature}"
