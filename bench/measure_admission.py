"""Admission: what an API server asks of a Pod of two images that are known, over TLS and kept connections."""
import json
import re
import statistics
import subprocess

from measure_access import push_image
from peers import Assay

CLIENTS = 4
# As API servers send it, with what a Pod has besides its images.
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-5d4f8c7b9d-x2x8p", "namespace": "shop", "labels": {"app": "web"}},
       "spec": {"serviceAccountName": "default", "restartPolicy": "Always", "nodeSelector": {"kubernetes.io/arch": "amd64"},
                "volumes": [{"name": f"volume{number}", "emptyDir": {}} for number in range(5)],
                "containers": [{"name": name, "image": "127.0.0.1/seen/one:v1", "env": [{"name": f"VARIABLE_{number}", "value": "value" * 5}
                                                                                       for number in range(10)],
                                "resources": {"limits": {"memory": "1Gi"}}} for name in ("web", "sidecar")]}}
REVIEW = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
    "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": {"group": "", "version": "v1", "kind": "Pod"},
    "resource": {"group": "", "version": "v1", "resource": "pods"}, "namespace": "shop", "operation": "CREATE",
    "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller", "groups": ["system:authenticated"]},
    "object": POD, "oldObject": None, "dryRun": False}}


def once(bench, url):
    """(requests a second, the 99th percentile in milliseconds)"""
    script = bench.folder / "admission.lua"
    script.write_text(f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [==[{json.dumps(REVIEW)}]==]\n")
    text = subprocess.run(["wrk", "-t2", f"-c{CLIENTS}", f"-d{bench.seconds}s", "--latency", "-s", script, url], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(f"{url} answers with errors:\n{text}")
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", text).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def measure(bench):
    folder = bench.folder / "admission"
    folder.mkdir()
    subprocess.run([bench.assay, "admission", "certs", "--name", "127.0.0.1", "--out", folder / "certs"], check=True, stdout=subprocess.PIPE)
    chain = folder / "chain.crt"
    chain.write_text("".join((folder / "certs" / name).read_text() for name in ("tls.crt", "ca.crt")))
    peer = Assay(folder / "peer", bench.assay, cores="0,1", pair=(chain, folder / "certs/tls.key"), settings="admission:\n  registries: [127.0.0.1]\n").start()
    push_image(peer, verify=chain)
    rounds = [once(bench, f"{peer.url}/admission/validate?timeout=10s") for _ in range(bench.rounds)]
    peer.stop()
    rate, slow = (statistics.median(values) for values in zip(*rounds))
    bench.add(f"admission of a Pod with known images over TLS, {CLIENTS} clients on 2 cores with the server", f"{rate:,.0f}/s, p99 {slow:.1f} ms",
              "at least 3,000/s, p99 under 10 ms", rate >= 3000 and slow < 10)
