"""Admission before a real API server (kube.py): what it makes of our answers, and what its users see. `make kubernetes` runs it; in the whole run
of the tests it is skipped where kube-apiserver was not built before."""
import json
import os
import socket
import time
import warnings

import pytest
import urllib3
import yaml

import gate
import kube
import signed
from assay_server import ROOT
from attacked import As
from gate import STRICT
from kube_stub import docker_secret
from reviews import KINDS, pod_spec, thing

KEY = "k3y-of-the-production-cluster"


class Cluster:
    def __init__(self, folder, start_server, push, assay):
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        self.folder, self.assay, certs = folder, assay, folder / "certs"
        assay("admission", "certs", "--name", "127.0.0.1", "--out", certs)
        (folder / "key").write_text(f"{KEY}\n")
        self.server = start_server(policy=STRICT, trust=certs / "ca.crt", config=(
            f"tls: {{certificate: {certs}/tls.crt, key: {certs}/tls.key}}\n"
            f"admission:\n  registries: [assay.test]\n  break_glass: {{groups: [on-call]}}\n"
            f"  clusters:\n    - {{name: production, key_file: {folder}/key}}\n"))
        gate.import_advisories(assay, self.server)
        layout, self.vulnerable, self.fixed = gate.alpine_layout(folder / "alpine")
        for tag in ("vulnerable", "fixed"):
            push(self.server, layout, tag, "prod/web")
        gate.wait_for_advisories(self.server)
        for digest in (self.vulnerable, self.fixed):
            self.server.wait_for_scan("prod/web", digest)
        self.api = kube.ApiServer(folder / "kube")
        for namespace in ("shop", "other", "kube-node-lease"):
            self.api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        self.configure()

    def configure(self, *options, url=None, key=KEY):
        """As `assay admission manifests` says; waits until it holds."""
        (self.folder / "shown").write_text(key)
        printed = self.assay("admission", "manifests", "--cluster", "production", "--url", url or self.server.url, "--ca-file",
                             self.folder / "certs/ca.crt", "--key-file", self.folder / "shown", "--timeout", "5", *options).stdout
        for item in json.loads(printed)["items"]:
            path = f"/apis/admissionregistration.k8s.io/v1/{item['kind'].lower()}s"
            self.api.ask("DELETE", f"{path}/assay")
            answer = self.api.ask("POST", path, item)
            assert answer.status_code == 201, answer.text
        time.sleep(2)

    def close(self):
        self.api.stop()


@pytest.fixture
def cluster(tmp_path, start_server, push, assay):
    if not os.environ.get("ASSAY_KUBERNETES") and not kube.is_built():
        pytest.skip("kube-apiserver is not built; `make kubernetes` does it")
    cluster = Cluster(tmp_path / "cluster", start_server, push, assay)
    yield cluster
    cluster.close()


BAD, GOOD = "assay.test/prod/web:vulnerable", "assay.test/prod/web:fixed"


def labelled(kind, spec, **options):
    """With what the API server needs besides to take it."""
    item = thing(kind, spec, **options)
    if kind == "Pod":
        return item
    if kind == "PodTemplate":
        item["template"]["metadata"] = {"labels": {"app": "web"}}
        return item
    template = item["spec"] if kind != "CronJob" else item["spec"]["jobTemplate"]["spec"]
    template["template"]["metadata"] = {"labels": {"app": "web"}}
    if kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"):
        template["selector"] = {"matchLabels": {"app": "web"}}
    if kind == "StatefulSet":
        template["serviceName"] = "web"
    if kind == "ReplicationController":
        template["selector"] = {"app": "web"}
    if kind in ("Job", "CronJob"):
        template["template"]["spec"]["restartPolicy"] = "Never"
    if kind == "CronJob":
        item["spec"]["schedule"] = "0 0 * * *"
    return item


def images_of(stored, kind):
    spec = stored
    for member in {"Pod": ["spec"], "PodTemplate": ["template", "spec"],
                   "CronJob": ["spec", "jobTemplate", "spec", "template", "spec"]}.get(kind, ["spec", "template", "spec"]):
        spec = spec[member]
    return [container["image"] for container in spec["containers"]]


def test_a_real_api_server(cluster):
    """One start of it for all: it takes seconds."""
    api = cluster.api
    pinned = f"{GOOD}@{cluster.fixed}"
    for kind in KINDS:
        refused = api.create(labelled(kind, pod_spec(BAD), name="bad"))
        assert refused.status_code == 403, (kind, refused.text)
        message = refused.json()["message"]
        assert message.startswith('admission webhook "validate.admission.assay" denied the request: container "c0": image '), (kind, message)
        assert 'policy "strict" refuses' in message and "CVE-2019-14697" in message
        stored = api.create(labelled(kind, pod_spec(GOOD)))
        assert stored.status_code == 201 and images_of(stored.json(), kind) == [pinned], (kind, stored.text)
    # kubectl shows warnings: of what is elsewhere, of a dry run.
    elsewhere = api.create(labelled("Pod", pod_spec("nginx"), name="elsewhere"), dry_run=True)
    assert elsewhere.status_code == 201 and "none of the registries" in elsewhere.headers["Warning"]
    assert api.ask("GET", api.path("Pod", "shop") + "/elsewhere").status_code == 404
    # Exempt namespaces: also where the API server asks.
    assert api.create(labelled("Pod", pod_spec(BAD), namespace="kube-node-lease")).status_code == 201
    # An UPDATE: labels may change, images only to what is admitted.
    place = api.path("Deployment", "shop") + "/web"
    patch = {"Content-Type": "application/strategic-merge-patch+json"}
    assert api.ask("PATCH", place, {"spec": {"replicas": 3}}, **patch).status_code == 200
    worse = api.ask("PATCH", place, {"spec": {"template": {"spec": {"containers": [{"name": "c0", "image": BAD}]}}}}, **patch)
    assert worse.status_code == 403 and "is refused" in worse.json()["message"]
    # Ephemeral containers, as this API server sends them.
    debug = {"metadata": {"name": "web"}, "ephemeralContainers": [{"name": "debug", "image": BAD, "targetContainerName": "c0"}]}
    answer = api.ask("PUT", api.path("Pod", "shop") + "/web/ephemeralcontainers", {"kind": "EphemeralContainers", "apiVersion": "v1", **debug})
    assert answer.status_code == 403 and "ephemeral container" in answer.json()["message"], answer.text
    check_manifests(cluster)
    check_glass(cluster)
    check_memory(cluster)
    check_absence(cluster)


def check_manifests(cluster):
    """What deploy/kubernetes has is taken as it is."""
    names = ("assay.yaml", "pull-secrets.yaml")
    documents = [document for name in names for document in yaml.safe_load_all((ROOT / "deploy/kubernetes" / name).read_text())]
    places = {"Namespace": "/api/v1/namespaces", "ConfigMap": "/api/v1/namespaces/assay-system/configmaps",
              "ServiceAccount": "/api/v1/namespaces/assay-system/serviceaccounts", "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
              "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
              "Service": "/api/v1/namespaces/assay-system/services", "StatefulSet": "/apis/apps/v1/namespaces/assay-system/statefulsets"}
    for document in documents:
        answer = cluster.api.ask("POST", places[document["kind"]], document)
        assert answer.status_code == 201, answer.text
    secret = json.loads(cluster.assay("admission", "certs", "--name", "assay.assay-system.svc", "--out", cluster.folder / "service",
                                      "--secret", "assay-system/assay-tls").stdout)
    assert cluster.api.ask("POST", "/api/v1/namespaces/assay-system/secrets", secret).status_code == 201


def check_glass(cluster):
    api, broken = cluster.api, {"assay/break-glass": "the shop is down"}
    refused = api.create(labelled("Deployment", pod_spec(BAD), name="urgent", annotations=broken), user="alice")
    assert refused.status_code == 403 and "alice may not break the glass" in refused.json()["message"]
    admitted = api.create(labelled("Deployment", pod_spec(BAD), name="urgent", annotations=broken), user="carol")
    assert admitted.status_code == 201 and "the glass is broken" in admitted.headers["Warning"]
    assert api.create(labelled("Pod", pod_spec(BAD), name="urgent-1"), user="alice").status_code == 201
    assert api.create(labelled("Pod", pod_spec(BAD), name="urgent-1", namespace="other"), user="alice").status_code == 403
    audit = [json.loads(line) for line in (cluster.folder / "kube/audit.log").read_text().splitlines()]
    decisions = {value for event in audit for name, value in event.get("annotations", {}).items()
                 if name == "validate.admission.assay/by"}
    assert {"images", "break-glass", "images-unchanged"} <= decisions


def check_memory(cluster):
    """What was stored is what runs here."""
    def names():
        listed = cluster.server.get_json("/api/v1/workloads?cluster=production&namespace=shop&limit=1000")["workloads"]
        return {(one["kind"], one["name"]) for one in listed}
    assert {(kind, "web") for kind in KINDS if kind != "PodTemplate"} <= names() and ("Pod", "elsewhere") not in names()
    assert cluster.api.ask("DELETE", cluster.api.path("Job", "shop") + "/web").status_code == 200
    gate.wait_until(lambda: ("Job", "web") not in names())


def check_absence(cluster):
    """The webhook is down, hangs, or does not know the cluster: the failure policy decides."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        for name, port in (("away", 1), ("hanging", hanging.getsockname()[1])):
            url = f"https://127.0.0.1:{port}"
            cluster.configure("--failure-policy", "Ignore", "--timeout", "1", url=url)
            assert cluster.api.create(labelled("Pod", pod_spec(BAD), name=f"open-{name}")).status_code == 201
            cluster.configure("--failure-policy", "Fail", "--timeout", "1", url=url)
            assert cluster.api.create(labelled("Pod", pod_spec(GOOD), name="closed")).status_code == 500
    cluster.configure("--failure-policy", "Fail", key="another-key-of-that-length")
    assert cluster.api.create(labelled("Pod", pod_spec(GOOD), name="closed")).status_code == 500
    cluster.configure()
    assert cluster.api.create(labelled("Pod", pod_spec(GOOD), name="again")).status_code == 201


def test_pull_secrets(cluster, start_server, tmp_path):
    """Secrets and service accounts as the API server stores them, and Pods that name them."""
    other = start_server(name="private", config="access: {mode: closed}\n")
    other.make("users", {"name": "root", "password": "correct horse battery", "administrator": True})
    login = ("writer", other.make("robots", {"name": "writer"})["secret"])
    other.make("grants", {"kind": "principal", "subject": "writer", "role": "administrator", "pattern": "*"})
    release, key = signed.Signer(), tmp_path / "key.pub"
    key.write_text(release.pem)
    repository = As(other, "a/app", login)
    signed.cosign_sign(repository, release, repository.push_image("v1")[0]["digest"])
    (tmp_path / "token").write_text("admin\n")
    certs = cluster.folder / "certs"
    verifier = start_server(name="verifier", trust=certs / "ca.crt", config=(
        f"tls: {{certificate: {certs}/tls.crt, key: {certs}/tls.key}}\nadmission:\n  elsewhere: verify\n  loopback: true\n  clusters:\n"
        f"    - name: production\n      key_file: {cluster.folder}/key\n      kubernetes: {{server: 'https://127.0.0.1:{cluster.api.port}', "
        f"token_file: {tmp_path}/token, ca_file: {cluster.folder}/kube/certs/apiserver.crt}}\n"), policy=(
        f"attestors:\n  - {{name: release, keys: {key}}}\npolicies:\n"
        f"  - {{name: elsewhere, namespaces: ['{other.address}/**'], signatures: [release]}}\n"))
    cluster.configure(url=verifier.url)
    api, image = cluster.api, f"{other.address}/a/app:v1"
    for old in (False, True):
        answer = api.ask("POST", "/api/v1/namespaces/shop/secrets", docker_secret(f"pull-{old}".lower(), {other.address: login}, old))
        assert answer.status_code == 201, answer.text
    account = {"metadata": {"name": "robot"}, "imagePullSecrets": [{"name": "pull-false"}]}
    assert api.ask("POST", "/api/v1/namespaces/shop/serviceaccounts", account).status_code == 201
    for name, spec, status in (("none", {}, 403), ("new", {"imagePullSecrets": [{"name": "pull-false"}]}, 201),
                               ("old", {"imagePullSecrets": [{"name": "pull-true"}]}, 201), ("account", {"serviceAccountName": "robot"}, 201),
                               ("missing", {"imagePullSecrets": [{"name": "gone"}]}, 403)):
        answer = api.create(labelled("Deployment", pod_spec(image, **spec), name=name))
        assert answer.status_code == status, f"{name}: {answer.text}"
    assert 'secret "gone": there is none of that name' in answer.json()["message"]
