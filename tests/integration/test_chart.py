"""The Helm chart: what it renders by several values is whole, and a server takes the configuration. helm is not in Debian: `make clients` builds it."""
import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from assay_server import ROOT

CHART = ROOT / "deploy/kubernetes/chart"


@pytest.fixture(scope="module")
def helm():
    built = Path(os.environ.get("ASSAY_GO_CLIENTS", "/nonexistent")) / "helm"
    program = str(built) if built.is_file() else shutil.which("helm")
    if program is None:
        pytest.skip("helm is not installed; `make clients` builds it")

    def run(*arguments):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run


def rendered(helm, *options):
    """{kind: object}"""
    text = helm("template", "assay", CHART, "--namespace", "assay-system", *options)
    return {item["kind"] + ("" if item["kind"] != "Secret" else f" {item['metadata']['name']}"): item
            for item in yaml.safe_load_all(text) if item}


def test_the_chart_is_whole(helm, assay, tmp_path):
    helm("lint", "--strict", CHART)
    items = rendered(helm, "--set", "registries={registry.example.com}", "--set", "admission.breakGlass.groups={on-call}")
    assert set(items) == {"Secret assay-tls", "Secret assay-admission", "ConfigMap", "Service", "StatefulSet", "MutatingWebhookConfiguration",
                          "ValidatingWebhookConfiguration"}
    secrets = {name: base64.b64decode(text) for item in ("Secret assay-tls", "Secret assay-admission") for name, text in items[item]["data"].items()}
    for name, content in secrets.items():
        (tmp_path / name).write_bytes(content)
    subprocess.run(["openssl", "verify", "-CAfile", tmp_path / "ca.crt", "-verify_hostname", "assay.assay-system.svc", tmp_path / "tls.crt"],
                   check=True, capture_output=True)
    for kind, webhook in (("MutatingWebhookConfiguration", "mutate"), ("ValidatingWebhookConfiguration", "validate")):
        client = items[kind]["webhooks"][0]["clientConfig"]
        assert client["service"]["path"] == f"/admission/{webhook}/default/{secrets['key'].decode()}"
        assert base64.b64decode(client["caBundle"]) == secrets["ca.crt"]
        assert "assay-system" in items[kind]["webhooks"][0]["namespaceSelector"]["matchExpressions"][0]["values"]
    config = yaml.safe_load(items["ConfigMap"]["data"]["assay.yaml"])
    for key in ("listen", "policy"):
        config.pop(key)
    config["tls"] = {"certificate": str(tmp_path / "tls.crt"), "key": str(tmp_path / "tls.key")}
    config["admission"]["clusters"][0]["key_file"] = str(tmp_path / "key")
    (tmp_path / "assay.yaml").write_text(yaml.safe_dump({"data": str(tmp_path / "data"), "listen": "127.0.0.1:0", **config}))
    assert "problem" not in assay("check", "--config", tmp_path / "assay.yaml", check=None).stdout.replace("no problems", "")


def test_what_is_chosen(helm):
    items = rendered(helm, "--set", "admission.enabled=false", "--set", "tls.secret=own", "--set", "storage.existingClaim=mine",
                     "--set", "image.digest=sha256:0123", "--set", "config.log_level=debug")
    assert set(items) == {"Secret assay-admission", "ConfigMap", "Service", "StatefulSet"}
    pod = items["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"].endswith("@sha256:0123") and "volumeClaimTemplates" not in items["StatefulSet"]["spec"]
    assert {"persistentVolumeClaim": {"claimName": "mine"}, "name": "data"} in pod["volumes"]
    assert yaml.safe_load(items["ConfigMap"]["data"]["assay.yaml"])["log_level"] == "debug"
    items = rendered(helm, "--set", "tls.secret=own", "--set-string", "tls.authority=PEM", "--set", "admission.mutate=false",
                     "--set-string", "policy=policies:\n  - {name: own}\n")
    assert base64.b64decode(items["ValidatingWebhookConfiguration"]["webhooks"][0]["clientConfig"]["caBundle"]) == b"PEM"
    assert "MutatingWebhookConfiguration" not in items and "Secret assay-tls" not in items
    assert "name: own" in items["ConfigMap"]["data"]["policy.yaml"]
    assert yaml.safe_load(items["ConfigMap"]["data"]["assay.yaml"])["policy"] == "/etc/assay/policy.yaml"


def test_pull_secrets_need_rights(helm):
    """Nothing of the cluster may be read unless it is asked for, and then secrets and service accounts alone."""
    without = rendered(helm, "--set", "registries={a.example}")
    assert "ClusterRole" not in without and without["StatefulSet"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    items = rendered(helm, "--set", "registries={a.example}", "--set", "admission.pullSecrets=true")
    pod = items["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is True and pod["serviceAccountName"] == items["ServiceAccount"]["metadata"]["name"]
    assert items["ClusterRole"]["rules"] == [{"apiGroups": [""], "resources": ["secrets", "serviceaccounts"], "verbs": ["get"]}]
    assert items["ClusterRoleBinding"]["subjects"][0]["namespace"] == "assay-system"
    by_hand = {item["kind"]: item for item in yaml.safe_load_all((CHART.parent / "pull-secrets.yaml").read_text())}
    assert by_hand["ClusterRole"]["rules"] == items["ClusterRole"]["rules"]
    assert by_hand["ClusterRoleBinding"]["roleRef"]["name"] == by_hand["ClusterRole"]["metadata"]["name"]
    account = by_hand["ServiceAccount"]["metadata"]
    assert by_hand["ClusterRoleBinding"]["subjects"] == [{"kind": "ServiceAccount", **account}]
    config = yaml.safe_load(items["ConfigMap"]["data"]["assay.yaml"])
    assert config["admission"]["clusters"][0]["kubernetes"] == {"in_cluster": True}
