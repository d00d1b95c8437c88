"""Stands in for services that give credentials: each request must be as its vendor documents it, and what is given is in the folder's files "token-now"
and "session-now", or what they are at first. Counts what it gave in "given", and errs as the file "credentials-mode" says."""
import base64
import datetime
import json
import subprocess
import tempfile
import urllib.parse

ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
FIRST = {"token": "s.token", "session": "session+token"}
IDENTITY = "eyJ.of-another.issuer"
PERIOD = 3600
STS = ('<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Audience>a</Audience>'
       "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/assay</Arn><AssumedRoleId>A:assay</AssumedRoleId></AssumedRoleUser><Credentials>"
       "<SessionToken>{}</SessionToken><SecretAccessKey>{}</SecretAccessKey><Expiration>{}</Expiration><AccessKeyId>{}</AccessKeyId></Credentials>"
       "</AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>")
STS_ERROR = ('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>'
             "<RequestId>1</RequestId></ErrorResponse>")


class Refused(Exception):
    """What the request is answered instead: (status, code, message)."""


class CredentialServices:
    """Of a handler of HTTP that has `folder`."""

    def mode(self):
        path = self.folder / "credentials-mode"
        return path.read_text() if path.exists() else ""

    def present(self, name):
        path = self.folder / f"{name}-now"
        return path.read_text() if path.exists() else FIRST[name]

    def count(self):
        with open(self.folder / "given", "a", encoding="ascii") as file:
            file.write("x")

    def need(self, what, code="invalid_request", status=400):
        if not what:
            raise Refused(status, code, "the request is not as it is documented")

    def end(self):
        after = -60 if self.mode() == "ended" else PERIOD
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=after)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def pair(self, identifier, secret, session):
        self.count()
        return {"Code": "Success", identifier: ID, secret: SECRET, session: self.present("session"), "Expiration": self.end(),
                "LastUpdated": "2026-01-01T00:00:00Z"}

    def bearer(self, text=False):
        self.count()
        return {"access_token": self.present("token"), "expires_in": str(PERIOD) if text else PERIOD, "token_type": "Bearer"}

    # --- metadata ---

    def google_metadata(self, _):
        self.need(self.headers["Metadata-Flavor"] == "Google" and self.command == "GET")
        self.need(self.path == "/computeMetadata/v1/instance/service-accounts/default/token", status=404)
        return self.bearer()

    def azure_metadata(self, _):
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, strict_parsing=True))
        self.need(self.headers["Metadata"] == "true" and self.command == "GET")
        self.need(asked == {"api-version": "2018-02-01", "resource": "https://vault.azure.net"} | ({"client_id": "c-1"} if "client_id" in asked else {}))
        return {**self.bearer(text=True), "expires_on": "1", "not_before": "1", "resource": "https://vault.azure.net"}

    def role_metadata(self, _):
        """AWS, Alibaba and Tencent."""
        sessions = {"X-aws-ec2-metadata-token": "aws", "X-aliyun-ecs-metadata-token": "aliyun"}
        if self.path == "/latest/api/token":
            self.need(self.command == "PUT")
            kind, = [kind for name, kind in sessions.items() if self.headers[f"{name}-ttl-seconds"] == "21600"]
            return f"session-of-{kind}==".encode()
        _, _, _, service, what, role = self.path.split("/")
        name, members = {"iam": ("X-aws-ec2-metadata-token", ("AccessKeyId", "SecretAccessKey", "Token")),
                         "ram": ("X-aliyun-ecs-metadata-token", ("AccessKeyId", "AccessKeySecret", "SecurityToken")),
                         "cam": (None, ("TmpSecretId", "TmpSecretKey", "Token"))}[service]
        self.need(what == "security-credentials" and self.command == "GET")
        self.need(name is None or self.headers[name] == f"session-of-{sessions[name]}==", status=401)
        if role == "":
            return b"signing-role\n"
        self.need(role == "signing-role", status=404)
        return self.pair(*members)

    def container(self, _):
        self.need(self.headers["Authorization"] == "Bearer-of-the-pod" and self.path == "/container/credentials?id=1", status=401)
        return self.pair("AccessKeyId", "SecretAccessKey", "Token")

    # --- exchanges ---

    def google_token(self, body):
        asked = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        self.need(asked["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
        head, claims, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in asked["assertion"].split("."))
        self.need(json.loads(head) == {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}, "invalid_grant")
        claims = json.loads(claims)
        now = datetime.datetime.now(datetime.timezone.utc).timestamp()
        self.need(claims["iss"] == "signer@p.iam.gserviceaccount.com" and claims["scope"] == "https://www.googleapis.com/auth/cloudkms", "invalid_grant")
        self.need(claims["aud"].endswith("/google/token") and abs(claims["iat"] - now) < 60 and claims["exp"] - claims["iat"] <= 3600, "invalid_grant")
        with tempfile.NamedTemporaryFile() as made:
            made.write(signature)
            made.flush()
            done = subprocess.run(["openssl", "dgst", "-sha256", "-prverify", str(self.folder / "rsa.pem"), "-signature", made.name],
                                  input=asked["assertion"].rpartition(".")[0].encode(), capture_output=True, check=False)
        self.need(done.returncode == 0, "invalid_grant")
        return self.bearer()

    def azure_token(self, body):
        asked = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        self.need(self.path == "/tenant-1/oauth2/v2.0/token" and asked["grant_type"] == "client_credentials")
        self.need(asked["client_id"] == "c-1" and asked["scope"] == "https://vault.azure.net/.default", "invalid_client", 401)
        if "client_secret" in asked:
            self.need(asked["client_secret"] == "secret & more", "invalid_client", 401)
        else:
            self.need(asked["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            self.need(asked["client_assertion"] == IDENTITY, "invalid_client", 401)
        return self.bearer()

    def assume_role(self, body):
        asked = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        if asked["Action"] == "AssumeRoleWithWebIdentity":
            self.need(asked["Version"] == "2011-06-15" and asked["RoleSessionName"] == "assay" and "Signature" not in asked)
            self.need(asked["RoleArn"] == "arn:aws:iam::1:role/r" and asked["WebIdentityToken"] == IDENTITY, "InvalidIdentityToken")
            self.count()
            return STS.format(self.present("session"), SECRET, self.end(), ID).encode()
        self.need(asked["Action"] == "AssumeRoleWithOIDC" and asked["Version"] == "2015-04-01" and asked["Format"] == "JSON")
        self.need(not {"Signature", "SignatureMethod", "SignatureVersion", "AccessKeyId"} & set(asked) and asked["SignatureNonce"])
        self.need(asked["RoleArn"] == "acs:ram::1:role/r" and asked["OIDCProviderArn"] == "acs:ram::1:oidc-provider/p", "NoPermission")
        self.need(asked["OIDCToken"] == IDENTITY and asked["RoleSessionName"] == "assay", "AuthenticationFail.OIDCToken.Expired")
        return {"Credentials": self.pair("AccessKeyId", "AccessKeySecret", "SecurityToken"), "RequestId": "1"}

    def vault_auth(self, body):
        asked = json.loads(body)
        if self.path == "/v1/auth/token/renew-self":
            self.need(self.headers["X-Vault-Token"] == self.present("token"), None, 403)
        elif self.path == "/v1/auth/approle/login":
            self.need(asked == {"role_id": "role-1", "secret_id": "secret-1"}, None, 400)
        else:
            self.need(self.path == "/v1/auth/cluster/kubernetes/login" and asked == {"role": "signer", "jwt": IDENTITY}, None, 403)
        self.count()
        seconds = 2**62 if self.mode() == "endless" else PERIOD
        return {"auth": {"client_token": self.present("token"), "lease_duration": seconds, "renewable": True, "policies": ["default"]}}

    # --- one request ---

    def source(self, body):
        """Who answers the path; None: nobody here."""
        starts = {"/computeMetadata/": self.google_metadata, "/metadata/identity/": self.azure_metadata, "/latest/": self.role_metadata,
                  "/container/": self.container, "/google/token": self.google_token, "/tenant-1/": self.azure_token, "/v1/auth/": self.vault_auth}
        for start, source in starts.items():
            if self.path.startswith(start):
                return source
        return self.assume_role if b"Action=AssumeRoleWith" in body else None

    def refuse_credentials(self, source, status, code, message):
        if source == self.vault_auth:
            return self.answer(status, {"errors": [message]})
        if source == self.assume_role:
            return self.answer(status, STS_ERROR.format(code, message).encode())
        return self.answer(status, {"error": code, "error_description": message})

    def serve_credentials(self, source, body):
        mode = self.mode()
        if mode == "throttled":
            return self.refuse_credentials(source, 429, "Throttling", "too many requests")
        if mode == "garbage":
            return self.answer(200, b"<html>a portal " + SECRET.encode())
        if mode == "nothing":
            return self.answer(200, b"{}")
        try:
            given = source(body)
        except Refused as refused:
            return self.refuse_credentials(source, *refused.args)
        return self.answer(200, given)
