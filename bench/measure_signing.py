"""Signatures: how many a key in a file makes, and what asking for one costs at the GET of a manifest."""
import subprocess
import time

import requests

from measure_pull import MANIFEST, requests_per_second
from oci_layout import Layout
from peers import Assay

CLIENTS, THREADS = 16, 8
PLAIN = "policies:\n  - {name: plain, namespaces: ['**'], unscanned: allow}\n"
SIGNED = """
policies:
  - name: signed
    namespaces: ['**']
    unscanned: allow
    signatures: {attestors: [release]}
attestors:
  - name: release
    keys: |
"""


def signing(bench):
    program = bench.assay.parent.parent.parent / "bench/sign-load"
    key = bench.folder / "release.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key], check=True, capture_output=True)

    def once():
        return float(subprocess.run([program, bench.assay, key, str(bench.seconds), str(THREADS)], stdout=subprocess.PIPE, check=True).stdout)
    rate = bench.interleave({"assay": once})["assay"]
    bench.add("signatures by a key file, ECDSA P-256, in a process of its own, 2 cores", f"{rate:,.0f}/s", "at least 2000/s", rate >= 2000)
    return key


def push_signed(peer, key, folder):
    """An image as team/app:v1, which a rule signs as it is pushed."""
    layout = Layout(folder)
    layout.add_image("v1", [{"etc/os-release": "ID=alpine\nVERSION_ID=3.10.2\n", "srv/app": "content"}])
    url = f"{peer.url}/api/v1"
    operator = {"Authorization": f"Bearer {(peer.data / 'operator.key').read_text().strip()}"}
    for path, body in (("signing-keys", {"name": "release", "uri": f"file:{key}"}), ("attestors", {"name": "release", "key": "release"}),
                       ("signing-rules", {"name": "release", "attestor": "release", "repositories": ["**"], "trigger": "push"}),
                       ("key-grants", {"rule": "release", "key": "release", "pattern": "*"})):
        requests.post(f"{url}/{path}", json=body, headers=operator, timeout=30).raise_for_status()
    subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{folder}:v1", f"docker://{peer.url.partition('//')[2]}/team/app:v1"],
                   check=True)
    deadline = time.monotonic() + 30
    while requests.get(f"{peer.url}/v2/team/app/manifests/v1", headers={"Accept": MANIFEST}, timeout=30).status_code != 200:
        if time.monotonic() > deadline:
            raise RuntimeError("the image is not signed, or not let out")
        time.sleep(0.2)


def manifests(bench, key):
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout"], stdout=subprocess.PIPE, text=True, check=True).stdout
    policies = {"plain": PLAIN, "signed": SIGNED + "".join(f"      {line}\n" for line in public.splitlines())}
    peers = {}
    for name, text in policies.items():
        peers[name] = Assay(bench.folder / name, bench.assay, cores="0,1", policy=text).start()
        push_signed(peers[name], key, bench.folder / f"layout-{name}")
    path = "/v2/team/app/manifests/v1"
    rates = bench.interleave({name: lambda peer=peer: requests_per_second(peer.url + path, CLIENTS, bench.seconds, MANIFEST)
                              for name, peer in peers.items()})
    for peer in peers.values():
        peer.stop()
    ratio = rates["signed"] / rates["plain"]
    bench.add("manifest GET by tag where the policy asks for a signature, 16 clients",
              f"{rates['signed']:,.0f}/s, without {rates['plain']:,.0f}/s; {ratio:.2f}x", "at least 0.95x", ratio >= 0.95)


def measure(bench):
    manifests(bench, signing(bench))
