"""Signing by the server: keys, attestors, rules and grants by the API, what is signed when, and that clients take it."""
import json
import re
import subprocess

import pytest

import gate
from gate import import_advisories, pull, wait_until
from oci_layout import reachable
from signing_judges import tool

POLICY = gate.STRICT


def send(server, method, path, body=None, status=201):
    """By who is on the server's own machine: others may only name keys that the configuration lists."""
    answer = server.request(method, f"/api/v1/{path}", json=body, headers=server.operator())
    assert answer.status_code == status, (path, answer.status_code, answer.text)
    return answer.json() if answer.content else None


def make_key(assay, path, kind="p256"):
    arguments = {"p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
                 "ed25519": ["-algorithm", "ED25519"]}[kind]
    subprocess.run(["openssl", "genpkey", *arguments, "-out", path], check=True, capture_output=True)
    return path


def set_up(server, key, trigger="passed", repositories=("team/**",), name="release", grant=True, **rule):
    send(server, "POST", "signing-keys", {"name": name, "uri": f"file:{key}"})
    send(server, "POST", "attestors", {"name": name, "key": name})
    send(server, "POST", "signing-rules", {"name": name, "attestor": name, "repositories": list(repositories), "trigger": trigger, **rule})
    if grant:
        send(server, "POST", "key-grants", {"rule": name, "key": name, "pattern": "*"})


def push(server, folder, name, repository, tag=None):
    """An image of a layout; of an index, its members before it."""
    entry = gate.entry_of_tag(folder, name)
    blobs = reachable(folder, name)
    manifest = blobs.pop(entry["digest"])
    for digest, data in blobs.items():
        answer = server.request("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", data=data)
        assert answer.status_code == 201, answer.text
    members = json.loads(manifest).get("manifests", [])
    for digest, data, kind in [*((one["digest"], blobs[one["digest"]], one["mediaType"]) for one in members),
                               (tag or name, manifest, entry["mediaType"])]:
        answer = server.request("PUT", f"/v2/{repository}/manifests/{digest}", data=data, headers={"Content-Type": kind})
        assert answer.status_code == 201, answer.text


def sig_tag(digest):
    return digest.replace(":", "-") + ".sig"


def signatures(server, repository, digest):
    """(layers of cosign's tag, bundles) of an image."""
    tag = pull(server, repository, sig_tag(digest))
    layers = len(tag.json()["layers"]) if tag.status_code == 200 else 0
    bundles = [entry for entry in server.request("GET", f"/v2/{repository}/referrers/{digest}").json()["manifests"]
               if entry["artifactType"].startswith("application/vnd.dev.sigstore.bundle")]
    return layers, len(bundles)


def events(server, kind):
    found, after = [], 0
    while page := server.get_json(f"/api/v1/events?limit=1000&after={after}")["events"]:
        found, after = found + page, page[-1]["number"]
    return [event for event in found if event["type"] == kind]


@pytest.fixture
def server(start_server, assay):
    server = start_server(policy=POLICY)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    return server


@pytest.mark.parametrize("kind", ["p256", "rsa", "ed25519"])
def test_clients_take_it(server, assay, tmp_path, kind):
    """What passed is signed, in both forms of cosign; skopeo and both cosigns take it, and refuse it for another key."""
    set_up(server, make_key(assay, tmp_path / "key.pem", kind))
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1))
    public = tmp_path / "public.pem"
    public.write_text(server.request("GET", "/api/v1/signing-keys/release/public").text)
    other = tmp_path / "other.pem"
    make_key(assay, tmp_path / "other.key", kind)
    subprocess.run(["openssl", "pkey", "-in", tmp_path / "other.key", "-pubout", "-out", other], check=True)
    image = f"{server.address}/team/app@{fixed}"
    for name in ("cosign2", "cosign3"):
        cosign = tool(name, tmp_path)
        for new in (False, True):
            if new and name == "cosign2":
                continue  # it does not find bundles in lists of referrers
            options = ["--insecure-ignore-tlog=true", "--allow-http-registry=true", *(["--new-bundle-format=true"] if new else [])]
            assert json.loads(cosign("verify", "--key", public, *options, image).stdout)
            assert cosign("verify", "--key", other, *options, image, check=False).returncode != 0
    skopeo = tool("skopeo", tmp_path)
    registries = tmp_path / "registries.d"
    registries.mkdir()
    (registries / "default.yaml").write_text(f"docker:\n  {server.address}:\n    use-sigstore-attachments: true\n")
    for key, wanted in ((public, 0), (other, 1)):
        policy = tmp_path / "policy.json"
        policy.write_text(json.dumps({"default": [{"type": "reject"}], "transports": {"docker": {server.address: [
            {"type": "sigstoreSigned", "keyPath": str(key), "signedIdentity": {"type": "matchRepository"}}]}}}))
        done = skopeo("--policy", policy, "--registries.d", registries, "copy", "--src-tls-verify=false", "--remove-signatures",
                      f"docker://{server.address}/team/app:fixed", f"dir:{tmp_path}/out-{wanted}", check=False)
        assert done.returncode == wanted, done.stderr
    created = events(server, "signature.created")
    assert {event["data"]["format"] for event in created} == {"cosign", "bundle"} and {event["subject"] for event in created} == {fixed}
    assert len(created) == 2


def test_what_does_not_pass(server, assay, tmp_path):
    """What the policy refuses is not signed, until it is let out; what is outside of the rule never is."""
    set_up(server, make_key(assay, tmp_path / "key.pem"))
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "vulnerable", "team/app")
    push(server, folder, "fixed", "other/app")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1))
    assert signatures(server, "team/app", vulnerable) == (0, 0) and signatures(server, "other/app", fixed) == (0, 0)
    gate.reload(server, POLICY.replace("block: [critical]", "block: []"))
    wait_until(lambda: signatures(server, "team/app", vulnerable) == (1, 1))
    assert not events(server, "signature.failed")


def test_triggers(server, assay, tmp_path):
    """On a push whatever is pushed, once however often; by tags; and nothing by itself where a rule is for hands."""
    key = make_key(assay, tmp_path / "key.pem")
    set_up(server, key, "push", name="pushed", tags=["v*"])
    set_up(server, key, "manual", name="hand", repositories=["hand/*"])
    folder, vulnerable, _ = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "vulnerable", "hand/app")
    push(server, folder, "vulnerable", "team/app")
    for tag in ("v1", "v2"):
        push(server, folder, "vulnerable", "team/app", tag)
    wait_until(lambda: signatures(server, "team/app", vulnerable) == (1, 1))
    assert signatures(server, "hand/app", vulnerable) == (0, 0)
    # Nobody else signs signatures.
    assert len(events(server, "signature.created")) == 2


def test_grants(server, assay, tmp_path):
    """Without a key grant nothing is signed, and it is told; a grant for another repository is none; one that is ended counts no more."""
    set_up(server, make_key(assay, tmp_path / "key.pem"), "push", grant=False)
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    failed = wait_until(lambda: events(server, "signature.failed"))
    assert "key grant" in failed[0]["data"]["error"] and failed[0]["subject"] == fixed
    assert signatures(server, "team/app", fixed) == (0, 0)
    made = send(server, "POST", "key-grants", {"rule": "release", "key": "release", "pattern": "team/app"})
    push(server, folder, "fixed", "team/app", "again")
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1))
    send(server, "DELETE", f"key-grants/{made['id']}", status=204)
    push(server, folder, "vulnerable", "team/app")
    wait_until(lambda: len(events(server, "signature.failed")) == 2)
    assert signatures(server, "team/app", vulnerable) == (0, 0)


def test_full_namespaces(server, assay, tmp_path):
    """What the registry signs and attests counts in a quota and is never refused by it; what clients push there is, their signatures, too."""
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    before = server.get_json("/api/v1/namespaces/team")["used"]
    answer = server.request("PATCH", "/api/v1/namespaces/team", json={f"quota_{unit}": count for unit, count in before.items()})
    assert answer.status_code == 200, answer.text
    set_up(server, make_key(assay, tmp_path / "key.pem"))
    set_up(server, make_key(assay, tmp_path / "scans.pem"), "push", name="scans", attest=["vulnerabilities", "sbom"])
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 3))
    attested = wait_until(lambda: pull(server, "team/app", sig_tag(fixed).replace(".sig", ".att")))
    wait_until(lambda: len(pull(server, "team/app", sig_tag(fixed).replace(".sig", ".att")).json()["layers"]) == 2)
    after = server.get_json("/api/v1/namespaces/team")["used"]
    assert all(after[unit] > before[unit] for unit in before) and after["images"] >= before["images"] + 5, (before, after)
    assert not events(server, "signature.failed")
    refused = server.request("PUT", f"/v2/team/app/manifests/{sig_tag('sha256:' + 'a' * 64)}", data=attested.content,
                             headers={"Content-Type": attested.headers["Content-Type"]})
    assert refused.status_code == 403 and "quota of tags" in refused.text, refused.text


def test_keys(server, assay, tmp_path):
    """A key that is away is told by its kind of error; a key that is revoked signs no more; one that is turned over does."""
    key = make_key(assay, tmp_path / "key.pem")
    answer = server.request("POST", "/api/v1/signing-keys", json={"name": "none", "uri": f"file:{tmp_path}/nothing"}, headers=server.operator())
    assert answer.status_code == 404 and "nothing" in answer.text
    set_up(server, key, "push")
    shown = server.get_json("/api/v1/signing-keys/release")
    assert shown["algorithm"] == "ECDSA P-256" and re.fullmatch("sha256:[0-9a-f]{64}", shown["fingerprint"]) and "PRIVATE" not in json.dumps(shown)
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1))
    assert server.request("POST", "/api/v1/signing-keys/release/turn", json={}, headers=server.operator()).status_code == 400
    turned = send(server, "POST", "signing-keys/release/turn", {"uri": f"file:{make_key(assay, tmp_path / 'next.pem')}"}, status=200)
    assert turned["former"][0]["fingerprint"] == shown["fingerprint"] != turned["fingerprint"]
    push(server, folder, "fixed", "team/app", "again")
    wait_until(lambda: signatures(server, "team/app", fixed) == (2, 2))
    send(server, "POST", "signing-keys/release/revoke", {}, status=200)
    push(server, folder, "vulnerable", "team/app")
    failed = wait_until(lambda: events(server, "signature.failed"))
    assert "revoked" in failed[0]["data"]["error"]
    assert signatures(server, "team/app", vulnerable) == (0, 0)
    for path in ("signing-keys/release", "attestors/release"):
        assert server.request("DELETE", f"/api/v1/{path}").status_code == 409


def test_what_keys_may_name(start_server, assay, tmp_path):
    """Who is not the operator names no file, module or service that the configuration does not list; and a secret is shown to nobody else."""
    listed, other = tmp_path / "keys", tmp_path / "other"
    listed.mkdir()
    other.mkdir()
    key, outside = make_key(assay, listed / "key.pem"), make_key(assay, other / "key.pem")
    module = tmp_path / "module.so"
    server = start_server(policy=POLICY, config=f"signing:\n  folders: [{listed}/]\n  endpoints: ['http://127.0.0.1:1']\n"
                          "  credentials: [profile]\n")
    secret = server.data / "operator.key"
    refused = [{"uri": f"file:{outside}"}, {"uri": str(outside)}, {"uri": f"file:{listed}/../other/key.pem"}, {"uri": "file:key.pem"}, {"uri": f"file:{listed}"},
               {"uri": f"file:{key}", "password_file": str(secret)}, {"uri": f"pkcs11:object=a?module-path={module}"},
               {"uri": f"pkcs11:object=a?module%2Dpath={module}"}, {"uri": f"pkcs11:object=a?pin-source=file:{secret}"},
               {"uri": f"pkcs11:object=a?x=1&module-path={module}"}, {"uri": "pkcs11:object=a?module-name=x"},
               {"uri": "vault://k?endpoint=http://127.0.0.1:2", "token_file": str(key)}, {"uri": "vault://k?endpoint=http://127.0.0.1:1", "token_file": str(secret)},
               {"uri": "aws-kms://eu-1/k?endpoint=https://elsewhere.example"}, {"uri": f"file:{key}", "ca_file": "/etc/passwd"},
               {"uri": "aws-kms://eu-1/k?credentials=metadata"}, {"uri": "aws-kms://eu-1/k?role=r&credentials=container"},
               {"uri": "gcp-kms://k?credential%73=metadata"}, {"uri": "azure-kms://v.vault.azure.net/k?credentials=x"}]
    for number, body in enumerate(refused):
        answer = server.request("POST", "/api/v1/signing-keys", json={"name": f"k{number}", **body})
        assert answer.status_code == 403 and answer.json()["code"] == "DENIED" and "operator" in answer.text, (body, answer.text)
    assert server.request("POST", "/api/v1/signing-keys", json={"name": "good", "uri": f"file:{key}"}).status_code == 201
    turned = server.request("POST", "/api/v1/signing-keys/good/turn", json={"uri": f"file:{outside}"})
    assert turned.status_code == 403, turned.text
    send(server, "POST", "signing-keys/good/turn", {"uri": f"file:{outside}"}, status=200)


def test_what_was_there_before(start_server, assay, tmp_path):
    """What is refused only for want of our signature has no verdict that changes; it is signed when it passes, as is what is older than its rule."""
    policy = POLICY.replace("namespaces: ['**'],", "namespaces: ['**'], signatures: [release],")
    server = start_server(policy=policy)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    for name in ("vulnerable", "fixed"):
        push(server, folder, name, "team/app")
    server.wait_for_scan("team/app", vulnerable)
    set_up(server, make_key(assay, tmp_path / "key.pem"))
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1), 60)
    assert signatures(server, "team/app", vulnerable) == (0, 0) and pull(server, "team/app", "vulnerable").status_code == 403
    gate.reload(server, policy.replace("block: [critical]", "block: []"))
    wait_until(lambda: signatures(server, "team/app", vulnerable) == (1, 1), 60)
    wait_until(lambda: pull(server, "team/app", "vulnerable").status_code == 200)
    assert not events(server, "signature.failed")


def test_hosts(start_server, assay, tmp_path):
    """Where the registry says how it is called, a signature for another one does not count at the pull, nor in lists."""
    key = make_key(assay, tmp_path / "key.pem")
    policy = POLICY.replace("namespaces: ['**'],", "namespaces: ['**'], signatures: [release],")
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")

    def serve(names):
        server = start_server(policy=policy, config=f"signing: {{host: registry.example.com, names: {names}, folders: [/]}}\n")
        import_advisories(assay, server)
        gate.wait_for_advisories(server)
        set_up(server, key, formats=["cosign"])
        push(server, folder, "fixed", "team/app")
        wait_until(lambda: signatures(server, "team/app", fixed) == (1, 0))
        return server
    server = serve("[]")
    wait_until(lambda: pull(server, "team/app", "fixed").status_code == 200)
    text = server.config.read_text() if hasattr(server, "config") and hasattr(server.config, "read_text") else None
    server.stop()
    path = server.folder / "assay.yaml"
    assert text is None or text == path.read_text()
    path.write_text(path.read_text().replace("host: registry.example.com", "host: other.example.com"))
    server.start()
    wait_until(lambda: pull(server, "team/app", "fixed").status_code == 403)
    assert "registry.example.com" in pull(server, "team/app", "fixed").text
    server.stop()
    path.write_text(path.read_text().replace("names: []", "names: [registry.example.com]"))
    server.start()
    wait_until(lambda: pull(server, "team/app", "fixed").status_code == 200)


def test_indexes(server, assay, tmp_path):
    """An index is signed once all that is in it passes, and its members where the rule says so."""
    set_up(server, make_key(assay, tmp_path / "key.pem"), members=True)
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "both", "team/app")
    index = gate.digest_of_tag(folder, "both")
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1))
    assert signatures(server, "team/app", vulnerable) == signatures(server, "team/app", index) == (0, 0)
    gate.reload(server, POLICY.replace("block: [critical]", "block: []"))
    wait_until(lambda: signatures(server, "team/app", vulnerable) == (1, 1))
    wait_until(lambda: signatures(server, "team/app", index) == (1, 1))
