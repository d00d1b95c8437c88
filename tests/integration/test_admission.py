"""What a registry answers to the API servers of Kubernetes: which objects are admitted, which are refused with what words, and which
names of images become digests."""
import base64
import json
import subprocess

import pytest

import gate
import reviews
from assay_server import free_port
from gate import STRICT
from reviews import ask, pod_spec, review, thing
from test_api import check_described

KEY = "k3y-of-the-production-cluster"


class Cluster:
    """A server that is the registry "assay.test" of a cluster, with three images in prod/web."""

    def __init__(self, start_server, push, assay, folder, config="", policy=STRICT, **options):
        settings = f"admission:\n  registries: ['assay.test', 'Assay.Test:5000']\n{config}"
        self.server = start_server(config=settings, policy=policy, **options)
        gate.import_advisories(assay, self.server)
        self.layout, self.vulnerable, self.fixed = gate.alpine_layout(folder)
        self.index = gate.digest_of_tag(self.layout, "both")
        for tag in ("vulnerable", "fixed", "both"):
            push(self.server, self.layout, tag, "prod/web")
        gate.wait_for_advisories(self.server)
        for digest in (self.vulnerable, self.fixed):
            self.server.wait_for_scan("prod/web", digest)

    def ask(self, item, **options):
        webhook = options.pop("webhook", "validate")
        return ask(self.server, review(item, **options), webhook)


@pytest.fixture
def cluster(start_server, push, assay, tmp_path):
    return Cluster(start_server, push, assay, tmp_path / "alpine")


BAD, GOOD, BOTH = (f"assay.test/prod/web:{tag}" for tag in ("vulnerable", "fixed", "both"))


@pytest.mark.parametrize("kind", reviews.KINDS)
def test_each_kind_is_judged(cluster, kind):
    refused = cluster.ask(thing(kind, pod_spec(GOOD, BAD)))
    assert not refused["allowed"] and refused["status"]["code"] == 403 and refused["status"]["reason"] == "Forbidden"
    message = refused["status"]["message"]
    assert message.startswith(f'container "c1": image {BAD} is refused: policy "strict" refuses') and "CVE-2019-14697" in message
    assert refused["auditAnnotations"]["decision"] == "denied" and refused["auditAnnotations"]["policies"] == "strict"
    admitted = cluster.ask(thing(kind, pod_spec(GOOD)))
    assert admitted["allowed"] and "status" not in admitted and all("end of life" in text for text in admitted["warnings"])


@pytest.mark.parametrize("place", ["initial", "ephemeral", "volumes"])
def test_each_place_is_judged(cluster, place):
    refused = cluster.ask(thing("Pod", pod_spec(GOOD, **{place: [GOOD, BAD]})))
    noun = {"initial": 'initial container "i1"', "ephemeral": 'ephemeral container "e1"', "volumes": 'volume "v1"'}[place]
    assert not refused["allowed"] and refused["status"]["message"].startswith(f"{noun}: image {BAD} is refused")


def test_names_are_read_as_nodes_read_them(cluster):
    for name, allowed in [(GOOD, True), ("ASSAY.test/prod/web:fixed", True), ("assay.test:443/prod/web:fixed", True),
                          ("assay.test:5000/prod/web:fixed", True), (f"assay.test/prod/web@{cluster.fixed}", True),
                          (f"assay.test/prod/web:vulnerable@{cluster.fixed}", True),
                          (f"assay.test/prod/web:fixed@{cluster.vulnerable}", False), ("assay.test/prod/web", False),
                          ("assay.test/prod/none:v1", False), ("assay.test/prod/WEB:fixed", False), ("", False), (" x", False),
                          ("a\x00b", False)]:
        assert cluster.ask(thing("Pod", pod_spec(name)))["allowed"] == allowed, name
    missing = cluster.ask(thing("Pod", pod_spec("assay.test/prod/web")))["status"]["message"]
    assert "assay.test/prod/web is refused" in missing


def test_other_names_of_this_registry(start_server, push, assay, tmp_path):
    """How signatures and endpoints call it is ours, too; another port, and a host that only looks alike, are not."""
    port = free_port()
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine", config=(
        "  elsewhere: deny\nsigning: {host: Signed.test, names: ['other.test:8443']}\nendpoints:\n"
        f"  - {{name: inner, listen: '127.0.0.1:{port}', plain_http: true, allow: 127.0.0.0/8}}\n"))
    for host, ours in (("signed.test", True), ("SIGNED.test:443", True), ("other.test:8443", True), ("other.test", False), ("signed.test:5000", False),
                       ("x.signed.test", False)):
        answer = cluster.ask(thing("Pod", pod_spec(f"{host}/prod/web:fixed")))
        assert answer["allowed"] == ours, host
        assert ours or "none of the registries" in answer["status"]["message"], host
        assert not cluster.ask(thing("Pod", pod_spec(f"{host}/prod/web:vulnerable")))["allowed"], host
    for wrong in ("assay.test./prod/web:fixed", "assay..test/prod/web:fixed", "assay_.test/prod/web:fixed", "a" * 64):
        refused = cluster.ask(thing("Pod", pod_spec(wrong)))
        assert not refused["allowed"] and "reference" in refused["status"]["message"], wrong


def test_an_index_is_judged_by_what_may_run(cluster):
    assert not cluster.ask(thing("Pod", pod_spec(BOTH)))["allowed"]
    for arch, allowed in (("amd64", False), ("arm64", True), ("s390x", False)):
        answer = cluster.ask(thing("Pod", pod_spec(BOTH, nodeSelector={"kubernetes.io/arch": arch})))
        assert answer["allowed"] == allowed, arch
    # None of it is for Windows.
    assert not cluster.ask(thing("Pod", pod_spec(BOTH, os={"name": "windows"})))["allowed"]


def put_index(cluster, tag, *members):
    """An index of (digest, platform or None) as prod/web:TAG."""
    def descriptor(digest, platform):
        held = gate.pull(cluster.server, "prod/web", digest, "HEAD").headers
        return {"mediaType": held["Content-Type"], "digest": digest, "size": int(held["Content-Length"]), **({"platform": platform} if platform else {})}
    kind = "application/vnd.oci.image.index.v1+json"
    index = {"schemaVersion": 2, "mediaType": kind, "manifests": [descriptor(*member) for member in members]}
    answer = cluster.server.request("PUT", f"/v2/prod/web/manifests/{tag}", data=json.dumps(index), headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text
    return answer.headers["Docker-Content-Digest"]


def test_indexes_in_indexes(start_server, push, assay, tmp_path):
    """One stands for all that is in it, however deep; what is too deep is refused."""
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine")
    # The gate refuses members, and so their HEAD, too.
    gate.reload(cluster.server, STRICT.replace("block: [critical]", "block: []"))
    bad, good = put_index(cluster, "bad0", (cluster.vulnerable, None)), put_index(cluster, "good0", (cluster.fixed, None))
    for depth in range(1, 7):
        bad, good = put_index(cluster, f"bad{depth}", (bad, None)), put_index(cluster, f"good{depth}", (good, None))
    gate.reload(cluster.server, STRICT)
    for depth in range(7):
        assert not cluster.ask(thing("Pod", pod_spec(f"assay.test/prod/web:bad{depth}")))["allowed"], depth
        assert cluster.ask(thing("Pod", pod_spec(f"assay.test/prod/web:good{depth}")))["allowed"] == (depth <= 4), depth


@pytest.mark.parametrize(("platform", "selector"), [
    ({"os": "linux", "architecture": "x86_64"}, {"kubernetes.io/arch": "amd64"}), ({"os": "linux", "architecture": "AMD64"}, {"kubernetes.io/arch": "amd64"}),
    ({"os": "linux", "architecture": "386"}, {"kubernetes.io/arch": "amd64"}), ({"os": "linux", "architecture": "aarch64"}, {"kubernetes.io/arch": "arm64"}),
    ({"os": "linux", "architecture": "arm"}, {"kubernetes.io/arch": "arm64"}), ({"os": "Linux", "architecture": "amd64"}, {"kubernetes.io/os": "linux"}),
    ({"os": "", "architecture": ""}, {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"})])
def test_what_nodes_may_run_is_judged(cluster, platform, selector):
    """A selector leaves out only what its nodes certainly cannot run, however the index writes their processor."""
    gate.reload(cluster.server, STRICT.replace("block: [critical]", "block: []"))
    other = {"os": "linux", "architecture": selector.get("kubernetes.io/arch", "amd64"), "variant": "v4"}
    put_index(cluster, "mixed", (cluster.vulnerable, platform), (cluster.fixed, other))
    gate.reload(cluster.server, STRICT)
    assert not cluster.ask(thing("Pod", pod_spec("assay.test/prod/web:mixed", nodeSelector=selector)))["allowed"]
    assert not cluster.ask(thing("Pod", pod_spec("assay.test/prod/web:mixed", nodeSelector={"kubernetes.io/arch": "riscv64"})))["allowed"]


def test_reviews_that_say_too_little(cluster):
    """What is no object of a kind is no object that is admitted."""
    for change in ({"kind": None}, {"kind": {}}, {"kind": {"group": "", "version": "v1"}}, {"object": None}):
        body = review(thing("Pod", pod_spec(BAD)))
        body["request"].update(change)
        assert cluster.server.request("POST", "/admission/validate", json=body).status_code == 400, change


def test_what_needs_no_judgement(cluster):
    bad, good = thing("Deployment", pod_spec(BAD)), thing("Deployment", pod_spec(GOOD))
    assert cluster.ask(bad, operation="DELETE", old=bad)["allowed"]
    assert cluster.ask(thing("Pod", pod_spec(BAD)), operation="CONNECT", subResource="exec")["allowed"]
    assert cluster.ask(bad, subResource="status", operation="UPDATE", old=bad)["allowed"]
    assert cluster.ask(bad, operation="UPDATE", old=bad)["auditAnnotations"]["by"] == "images-unchanged"
    assert not cluster.ask(bad, operation="UPDATE", old=good)["allowed"]
    assert cluster.ask(good, operation="UPDATE", old=bad)["allowed"]
    for namespace in ("kube-system", "kube-public", "kube-node-lease", "assay-system"):
        assert cluster.ask(thing("Pod", pod_spec(BAD), namespace=namespace))["auditAnnotations"]["by"] == "exempt-namespace"
    assert cluster.ask({"kind": "Service", "metadata": {"name": "a"}})["auditAnnotations"]["by"] == "kind"


def test_a_mirror_of_a_node_is_admitted(cluster):
    mirror = thing("Pod", pod_spec(BAD), annotations={"kubernetes.io/config.mirror": "1"})
    shown = cluster.ask(mirror, user="system:node:n1", groups=["system:nodes"])
    assert shown["allowed"] and "a node runs this already" in shown["warnings"][0]
    assert not cluster.ask(mirror)["allowed"]
    assert "patch" not in cluster.ask(mirror, user="system:node:n1", groups=["system:nodes"], webhook="mutate")


def test_tags_become_digests(cluster):
    for kind in reviews.KINDS:
        item = thing(kind, pod_spec(GOOD, "nginx", f"assay.test/prod/web@{cluster.fixed}", initial=[BOTH], volumes=[GOOD]))
        changed = reviews.patched(item, cluster.ask(item, webhook="mutate"))
        wanted = thing(kind, pod_spec(f"{GOOD}@{cluster.fixed}", "nginx", f"assay.test/prod/web@{cluster.fixed}",
                                      initial=[f"{BOTH}@{cluster.index}"], volumes=[f"{GOOD}@{cluster.fixed}"]))
        assert changed == wanted
    # What is refused is fixed, too: validate refuses that very image.
    item = thing("Pod", pod_spec(BAD))
    changed = reviews.patched(item, cluster.ask(item, webhook="mutate"))
    assert changed["spec"]["containers"][0]["image"] == f"{BAD}@{cluster.vulnerable}"
    assert not cluster.ask(changed)["allowed"]


def test_ephemeral_containers_of_a_running_pod(cluster):
    before, after = (thing("Pod", pod_spec(BAD, ephemeral=names)) for names in ([], [GOOD]))
    options = {"operation": "UPDATE", "old": before, "subResource": "ephemeralcontainers"}
    assert cluster.ask(after, **options)["allowed"]
    worse = thing("Pod", pod_spec(GOOD, ephemeral=[BAD]))
    assert not cluster.ask(worse, operation="UPDATE", old=thing("Pod", pod_spec(GOOD)), subResource="ephemeralcontainers")["allowed"]
    # A new container pulls now, and its tag may have moved since another had it.
    assert not cluster.ask(thing("Pod", pod_spec(BAD, ephemeral=[BAD])), **options)["allowed"]
    # As API servers before 1.23 send it.
    older = {"kind": "EphemeralContainers", "metadata": {"name": "web"},
             "ephemeralContainers": [{"name": "debug", "image": BAD, "targetContainerName": "c0"}]}
    assert not cluster.ask(older, operation="UPDATE", subResource="ephemeralcontainers")["allowed"]


@pytest.mark.parametrize(("elsewhere", "allowed", "warned"), [("allow", True, False), ("warn", True, True), ("deny", False, False)])
def test_images_elsewhere(start_server, push, assay, tmp_path, elsewhere, allowed, warned):
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine",
                      config=f"  elsewhere: {elsewhere}\n  exempt_images: ['docker.io/library/pause:*']\n")
    answer = cluster.ask(thing("Pod", pod_spec("nginx")))
    assert answer["allowed"] == allowed and ("warnings" in answer) == warned
    assert "docker.io, which is none of the registries" in json.dumps(answer) or elsewhere == "allow"
    assert cluster.ask(thing("Pod", pod_spec("index.docker.io/pause:3.9")))["allowed"]


def test_modes_and_clusters(start_server, push, assay, tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine",
                      config=f"  mode: warn\n  clusters:\n    - {{name: production, mode: enforce, key_file: {tmp_path}/key}}\n")
    bad = review(thing("Deployment", pod_spec(BAD)))
    warned = ask(cluster.server, bad)
    assert warned["allowed"] and warned["warnings"][0].startswith('would be refused: container "c0"')
    assert all(len(text.encode()) <= 256 for text in warned["warnings"])
    assert not ask(cluster.server, bad, path=f"/production/{KEY}")["allowed"]
    for path, status in ((f"/production/{KEY}x", 403), (f"/staging/{KEY}", 403), ("/Production/x", 404)):
        answer = cluster.server.request("POST", f"/admission/validate{path}", json=bad)
        assert answer.status_code == status, answer.text
    assert KEY not in cluster.server.log_text()
    refused = [event for event in cluster.server.log_events() if event.get("cluster") == "production"]
    assert [event["object"] for event in refused] == ["Deployment shop/web"] and BAD in refused[0]["reason"]


def test_breaking_the_glass(start_server, push, assay, tmp_path):
    cluster = Cluster(start_server, push, assay, tmp_path / "alpine",
                      config="  break_glass: {users: [alice], groups: [on-call], longest: 1h}\n")
    broken = {"assay/break-glass": "the shop is down"}
    item, pod = thing("Deployment", pod_spec(BAD), annotations=broken), thing("Pod", pod_spec(BAD), name="web-1")
    answer = cluster.ask(item, user="mallory")
    assert not answer["allowed"] and answer["status"]["message"].endswith("mallory may not break the glass (assay/break-glass)")
    assert cluster.ask(item, dry_run=True)["allowed"] and not cluster.ask(pod, user="controller")["allowed"]
    # Only the answer that counts breaks it.
    cluster.ask(item, webhook="mutate")
    assert cluster.server.get_json("/api/v1/broken-glass")["broken_glass"] == []
    for user, groups in (("alice", []), ("carol", ["on-call"])):
        assert cluster.ask(item, user=user, groups=groups)["warnings"][0].startswith("the glass is broken: until "), user
    # The Pods of it are made by a controller, which says nothing of that; the digest alone is the same image.
    for same in (pod, thing("Pod", pod_spec(f"assay.test/prod/web@{cluster.vulnerable}")), item):
        answer = cluster.ask(same, user="system:serviceaccount:kube-system:replicaset-controller")
        assert answer["allowed"] and answer["auditAnnotations"]["by"] == "break-glass" and "the shop is down" in answer["warnings"][0]
    for other in (thing("Pod", pod_spec(BAD), namespace="other"), thing("Pod", pod_spec(BOTH))):
        assert not cluster.ask(other, user="controller")["allowed"]
    assert not ask(cluster.server, review(pod), path="/staging")["allowed"]
    listed = cluster.server.request("GET", "/api/v1/broken-glass")
    check_described("/api/v1/broken-glass", listed)
    assert [(one["user"], one["image"], one["reason"]) for one in listed.json()["broken_glass"]] == \
        [("carol", f"assay.test/prod/web@{cluster.vulnerable}", "the shop is down")]
    told = [event for event in cluster.server.get_json("/api/v1/events?limit=1000")["events"] if event["type"] == "admission.glass-broken"]
    assert len(told) == 2 and told[-1]["data"]["object"] == "Deployment shop/web" and told[-1]["data"]["user"] in ("alice", "carol")
    # It is what one asks for, and not beyond what may be.
    for wrong, says in (({"assay/break-glass": " "}, "must be the reason"),
                        ({**broken, "assay/break-glass-until": "soon"}, "must be a time"),
                        ({**broken, "assay/break-glass-until": "2020-01-01T00:00:00Z"}, "is past"),
                        ({**broken, "assay/break-glass-until": "2099-01-01T00:00:00Z"}, "further away")):
        answer = cluster.ask(thing("Deployment", pod_spec(BOTH), annotations=wrong))
        assert not answer["allowed"] and says in answer["status"]["message"]
    # An object whose images are stored asks for it as well, and may stop asking.
    plain, asking = thing("Job", pod_spec(BOTH)), thing("Job", pod_spec(BOTH), annotations=broken)
    assert cluster.ask(asking, operation="UPDATE", old=plain)["auditAnnotations"]["by"] == "break-glass"
    assert cluster.ask(plain, operation="UPDATE", old=asking)["auditAnnotations"]["by"] == "images-unchanged"


def workloads(server, query=""):
    path = f"/api/v1/workloads{query}"
    answer = server.request("GET", path)
    check_described(path, answer)
    return [(one["cluster"], one["namespace"], one["kind"], one["name"], one["digest"], "ended" in one) for one in answer.json()["workloads"]]


def test_what_runs_is_remembered(cluster):
    web, shop = thing("Deployment", pod_spec(GOOD, "nginx")), ("default", "shop", "Deployment", "web")
    owned = thing("ReplicaSet", pod_spec(GOOD), ownerReferences=[{"kind": "Deployment", "name": "web", "controller": True}])
    for item, options in ((web, {}), (owned, {}), (thing("Pod", pod_spec(BAD)), {}), (thing("Job", pod_spec(GOOD)), {"dry_run": True}),
                          (thing("PodTemplate", pod_spec(GOOD)), {})):
        cluster.ask(item, **options)
    assert workloads(cluster.server) == [(*shop, cluster.fixed, False), (*shop, "", False)]
    assert workloads(cluster.server, f"?digest={cluster.fixed}&cluster=default&namespace=shop&repository=prod/web") == [(*shop, cluster.fixed, False)]
    assert workloads(cluster.server, "?cluster=other") == [] == workloads(cluster.server, f"?digest={cluster.vulnerable}")
    # An index runs each of its images; who has a vulnerability is found by it.
    arm = thing("Pod", pod_spec(BOTH, nodeSelector={"kubernetes.io/arch": "arm64"}), name="arm")
    assert cluster.ask(arm)["allowed"]
    for of in (cluster.index, cluster.vulnerable):
        assert workloads(cluster.server, f"?digest={of}") == [("default", "shop", "Pod", "arm", cluster.index, False)]
    gate.wait_until(lambda: workloads(cluster.server, "?vulnerability=CVE-2019-14697") == [("default", "shop", "Pod", "arm", cluster.index, False)])
    # What it ran before, and what is deleted, has ended.
    after = thing("Deployment", pod_spec(f"assay.test/prod/web@{cluster.fixed}"))
    assert cluster.ask(after, operation="UPDATE", old=web)["allowed"]
    assert [ended for *_, ended in workloads(cluster.server, "?namespace=shop&ended=true")].count(True) == 2
    cluster.ask(arm, operation="DELETE", old=arm)
    assert workloads(cluster.server) == [(*shop, cluster.fixed, False)]
    # It survives a restart, and is kept by retention.
    cluster.server.stop()
    cluster.server.start()
    assert workloads(cluster.server) == [(*shop, cluster.fixed, False)]
    rules = {"keep": [], "delete": [{"all": True}], "grace": 0}
    assert cluster.server.request("PUT", "/api/v1/namespaces/prod/retention", json=rules).status_code == 200
    preview = cluster.server.get_json("/api/v1/namespaces/prod/retention/preview?limit=100")["images"]
    assert {(one["digest"], one["by"]) for one in preview if one["by"] == "running"} == {(cluster.fixed, "running"), (cluster.index, "running")}
    shown = cluster.server.assay("workloads", "list", "--cluster", "default", "--ended").stdout
    assert "Deployment/web" in shown and cluster.fixed[:19] in shown and "runs" in shown and "ended" in shown
    assert "Deployment/web" not in cluster.server.assay("workloads", "list", "--vulnerability", "CVE-2019-14697").stdout
    assert cluster.server.assay("workloads", "forget", "other").stdout == "nothing runs in other any more\n"
    answer = cluster.server.request("DELETE", "/api/v1/clusters/default")
    check_described("/api/v1/clusters/default", answer, "delete")
    assert answer.json()["forgotten"] > 1 and workloads(cluster.server, "?ended=true") == []


def test_commands(cluster, assay, tmp_path):
    """Certificates, webhooks and a question by hand."""
    folder = tmp_path / "certs"
    names = ("--name", "assay.assay-system.svc", "--name", "10.0.0.5")
    assert "is made" in assay("admission", "certs", *names, "--out", folder).stdout
    authority, first = (folder / "ca.crt").read_text(), (folder / "tls.crt").read_text()
    assert (folder / "tls.key").stat().st_mode & 0o777 == 0o600 and (folder / "ca.key").stat().st_mode & 0o777 == 0o600
    assert "is good, and stays" in assay("admission", "certs", *names, "--out", folder).stdout
    for changed in (("--renew",), ("--name", "registry.example.com"), ("--renew", "--days", "20"), ()):
        assay("admission", "certs", *names, *changed, "--out", folder)
        assert (folder / "ca.crt").read_text() == authority and (folder / "tls.crt").read_text() != first, changed
        subprocess.run(["openssl", "verify", "-CAfile", folder / "ca.crt", "-purpose", "sslserver", "-verify_hostname", "assay.assay-system.svc",
                        folder / "tls.crt"], check=True, capture_output=True)
        first = (folder / "tls.crt").read_text()
    secret = json.loads(assay("admission", "certs", *names, "--out", folder, "--secret", "assay-system/assay-tls").stdout)
    assert secret["type"] == "kubernetes.io/tls" and base64.b64decode(secret["data"]["ca.crt"]).decode() == authority
    (folder / "key").write_text(KEY + "\n")
    items = json.loads(assay("admission", "manifests", "--cluster", "production", "--service", "assay-system/assay:8443", "--ca-file", folder / "ca.crt",
                             "--key-file", folder / "key", "--exempt", "monitoring").stdout)["items"]
    service = items[1]["webhooks"][0]["clientConfig"]["service"]
    assert service == {"namespace": "assay-system", "name": "assay", "port": 8443, "path": f"/admission/validate/production/{KEY}"}
    for wrong in (["manifests"], ["manifests", "--url", "http://a"], ["manifests", "--url", "https://a", "--timeout", "31"],
                  ["manifests", "--url", "https://a", "--failure-policy", "Maybe"], ["manifests", "--service", "a"], ["certs"],
                  ["certs", "--name", "a", "--days", "0"], ["manifests", "--url", "https://a", "--cluster", "A"]):
        assay("admission", *wrong, check=2)
    for image, code, word in ((GOOD, 0, "admitted"), (BAD, 1, "refused")):
        (tmp_path / "web.json").write_text(json.dumps(thing("Deployment", pod_spec(image))))
        shown = cluster.server.assay("admission", "check", str(tmp_path / "web.json"), check=code).stdout
        assert shown.startswith(word), shown
    assert workloads(cluster.server) == []


def test_who_may_ask(start_server):
    server = start_server(config="access:\n  mode: closed\n")
    body = review(thing("Pod", pod_spec("nginx")))
    assert server.request("POST", "/admission/validate", json=body).status_code == 401
    assert ask(server, body, headers=server.operator())["allowed"]


HOSTILE = [b"", b"{", b"[]", b"null", b"{}", b'{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {}}',
           b"[" * 100000, json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": []}).encode(),
           json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"operation": "CREATE"}}).encode(),
           json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": 1, "operation": "CREATE"}}).encode(),
           json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "1", "operation": "EAT"}}).encode(),
           b"[" + b"0," * 1000000 + b"0]"]


def test_hostile_reviews_have_clear_answers(cluster):
    for body in HOSTILE:
        answer = cluster.server.request("POST", "/admission/validate", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, body[:60]
        check_described("/admission/validate", answer, "post")
    wrong = [[], "x", 1, {"containers": {}}, {"containers": [1]}, {"containers": [{"image": 1}]}, {"containers": [{"image": {}}]},
             {"initContainers": "x"}, {"volumes": [{"image": {"reference": 1}}]}, {"containers": [{"image": GOOD}] * 501}]
    for spec in wrong:
        answer = cluster.ask(thing("Pod", spec))
        assert not answer["allowed"] and "cannot be read" in answer["status"]["message"], spec
    for empty in (None, {}):
        assert cluster.ask(thing("Pod", empty))["allowed"]
    large = thing("Pod", pod_spec(GOOD), annotations={"a": "x" * 1500000})
    assert cluster.ask(large, operation="UPDATE", old=thing("Pod", pod_spec(BAD)))["allowed"]
    assert cluster.server.request("POST", "/admission/validate", data=b"x" * (9 << 20)).status_code == 413


def test_answers_are_described(cluster):
    for webhook in ("validate", "mutate"):
        for image in (GOOD, BAD, "nginx"):
            answer = cluster.server.request("POST", f"/admission/{webhook}", json=review(thing("Pod", pod_spec(image))))
            check_described(f"/admission/{webhook}", answer, "post")


def test_a_new_vulnerability_changes_the_answer(cluster, assay):
    item = thing("Pod", pod_spec(GOOD))
    assert cluster.ask(item)["allowed"]
    gate.import_advisories(assay, cluster.server, gate.secdb(musl={"1.1.24-r0": ["CVE-2030-1"]}))
    gate.wait_until(lambda: not cluster.ask(item)["allowed"])
