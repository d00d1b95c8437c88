"""Images of private registries are looked at by the pull secrets of the Pod that runs them. The API of the cluster is a stand-in here (kube_stub.py);
test_kubernetes.py has the real one."""
import json
import time

import pytest

import gate
import signed
from attacked import As
from kube_stub import ApiStub, docker_secret
from reviews import ask, pod_spec, review, thing
from test_admission import Cluster

TOKEN, KEY = "t0ken-of-the-service-account", "k3y-of-the-production-cluster"


class Private:
    """A registry that nobody reads without a robot's secret, with an image that is signed, and a cluster of which Assay reads the secrets."""

    def __init__(self, start_server, push, assay, tmp_path):
        self.other = start_server(name="other", config="access: {mode: closed}\n")
        self.other.make("users", {"name": "root", "password": "correct horse battery", "administrator": True})
        self.login = {}
        for name, role, pattern in (("writer", "administrator", "*"), ("reader", "guest", "a/*"), ("nobody", "guest", "z/*")):
            self.login[name] = (name, self.other.make("robots", {"name": name})["secret"])
            self.other.make("grants", {"kind": "principal", "subject": name, "role": role, "pattern": pattern})
        self.release = signed.Signer()
        self.image("a/app")
        assay("admission", "certs", "--name", "127.0.0.1", "--out", tmp_path / "certs")
        self.api = ApiStub(tmp_path / "certs", TOKEN)
        (tmp_path / "token").write_text(TOKEN + "\n")
        (tmp_path / "key").write_text(KEY)
        self.folder = tmp_path
        key = "\n".join(f"        {line}" for line in self.release.pem.split("\n") if line)
        policy = (f"attestors:\n  - name: release\n    keys:\n      - |\n{key}\npolicies:\n"
                  f"  - {{name: elsewhere, namespaces: ['{self.other.address}/**'], signatures: [release]}}\n" + gate.STRICT.removeprefix("policies:\n"))
        self.cluster = Cluster(start_server, push, assay, tmp_path / "alpine", policy=policy, config=(
            f"  elsewhere: verify\n  loopback: true\n  clusters:\n    - name: production\n      key_file: {tmp_path}/key\n      kubernetes: "
            f"{{server: '{self.api.url}', token_file: {tmp_path}/token, ca_file: {tmp_path}/certs/ca.crt}}\n"))

    def image(self, name):
        repository = As(self.other, name, self.login["writer"])
        image = repository.push_image("v1", layers=(name.encode(),))[0]
        signed.cosign_sign(repository, self.release, image["digest"])

    def secret(self, name, login, namespace="shop", registry=None, **how):
        self.api.put(namespace, "secrets", docker_secret(name, {registry or self.other.address: self.login[login]}, **how))

    def ask(self, *secrets, path=f"/production/{KEY}", namespace="shop", image="a/app:v1", kind="Deployment", **spec):
        if secrets:
            spec["imagePullSecrets"] = [{"name": name} for name in secrets]
        item = thing(kind, pod_spec(f"{self.other.address}/{image}", **spec), namespace=namespace)
        return ask(self.cluster.server, review(item), path=path)


@pytest.fixture
def private(start_server, push, assay, tmp_path):
    case = Private(start_server, push, assay, tmp_path)
    yield case
    case.api.close()
    log = case.cluster.server.log_text()
    assert TOKEN not in log and not any(secret in log for _, secret in case.login.values())


def test_secrets_of_the_pod(private):
    private.secret("good", "reader")
    private.secret("bad", "nobody")
    private.secret("old", "reader", old=True)
    private.secret("wide", "reader", registry="127.0.*.*:" + private.other.address.partition(":")[2])
    private.secret("longer", "reader", registry=f"{private.other.address}/a")
    private.secret("other", "reader", registry="quay.io")
    for secrets in (["good"], ["old"], ["wide"], ["longer"], ["bad", "longer"], ["bad", "good"]):
        assert private.ask(*secrets)["allowed"], secrets
    for secrets in ([], ["bad"], ["other"]):
        refused = private.ask(*secrets)
        assert not refused["allowed"] and "cannot be judged now" in refused["status"]["message"], secrets
        assert "skopeo login" not in refused["status"]["message"]
    assert private.ask("good", kind="Pod")["allowed"]


def test_who_only_may_ask_gets_none(private):
    """Without the cluster's key anybody who may ask could name any namespace."""
    private.secret("login", "reader")
    assert private.ask("login")["allowed"]
    before = len(private.api.asked)
    answer = private.ask("login", path="/production")
    assert not answer["allowed"] and len(private.api.asked) == before


def test_secrets_of_the_service_account(private):
    private.secret("good", "reader")
    account = {"kind": "ServiceAccount", "metadata": {"name": "default"}, "imagePullSecrets": [{"name": "good"}]}
    private.api.put("shop", "serviceaccounts", account)
    private.api.put("shop", "serviceaccounts", {**account, "metadata": {"name": "robot"}, "imagePullSecrets": []})
    assert private.ask()["allowed"]
    assert not private.ask(serviceAccountName="robot")["allowed"]
    assert private.api.asked.count("/api/v1/namespaces/shop/serviceaccounts/default") == 1


def test_what_one_may_see_another_may_not(private):
    """Neither another namespace, nor a cluster of which nobody reads secrets."""
    private.secret("good", "reader")
    private.secret("good", "nobody", namespace="other")
    assert private.ask("good")["allowed"]
    for options in ({"namespace": "other"}, {"namespace": "third"}, {"path": ""}):
        assert not private.ask("good", **options)["allowed"], options
    assert private.ask("good")["allowed"]


def test_secrets_that_cannot_be_read(private):
    private.api.put("shop", "secrets", {"kind": "Secret", "metadata": {"name": "opaque"}, "type": "Opaque", "data": {}})
    private.api.put("shop", "secrets", {**docker_secret("broken", {}), "data": {".dockerconfigjson": "czNjcmV0"}})
    for name, said in (("missing", "there is none of that name"), ("opaque", "of the type"), ("broken", "holds no credentials")):
        refused = private.ask(name)["status"]["message"]
        assert f'secret "{name}": ' in refused and said in refused and "s3cret" not in refused, refused
    (private.folder / "token").write_text("rotated")
    refused = private.ask("good")["status"]["message"]
    assert "does not let this server read it" in refused
    # The token is read anew each time.
    private.api.token = "rotated"
    private.secret("fresh", "reader")
    assert private.ask("fresh")["allowed"]
    # An image that needs none is admitted, with a warning.
    private.other.make("grants", {"kind": "anonymous", "role": "guest", "pattern": "public/*"})
    private.image("public/app")
    assert "there is none of that name" in json.dumps(private.ask("gone", image="public/app:v1").get("warnings"))


def test_an_api_server_that_hangs_keeps_nobody(private):
    private.api.behave = lambda handler: time.sleep(30)
    began = time.monotonic()
    item = thing("Pod", pod_spec(f"{private.other.address}/a/app:v1", imagePullSecrets=[{"name": "good"}]))
    answer = private.cluster.server.request("POST", f"/admission/validate/production/{KEY}?timeout=3s", json=review(item)).json()["response"]
    assert time.monotonic() - began < 3 and not answer["allowed"] and "has not told the pull secrets yet" in answer["status"]["message"]
    assert private.cluster.ask(thing("Pod", pod_spec("assay.test/prod/web:fixed")))["allowed"]


@pytest.mark.parametrize("settings", ["server: http://a", "server: https://a", "{in_cluster: true, server: https://a, token_file: x}", "{in_cluster: true}"])
def test_settings_that_say_too_little(assay, tmp_path, settings):
    kubernetes = settings if settings.startswith("{") else f"{{{settings}}}"
    (tmp_path / "assay.yaml").write_text(f"admission:\n  clusters:\n    - {{name: a, kubernetes: {kubernetes}}}\n")
    done = assay("check", "--config", tmp_path / "assay.yaml", check=None)
    assert ("kubernetes.server" if "server" in settings else "needs key_file") in done.stdout + done.stderr
