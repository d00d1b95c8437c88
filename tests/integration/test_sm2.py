"""Signatures by keys of SM2: we make and take them, and openssl does; skopeo, cosign and notation say no to them, and take one by another key
that lies beside them."""
import json
import subprocess

import pytest

import gate
import notary
from signing_judges import tool
from test_signatures import JUDGES, PREDICATE, change_bundle, change_signature, make_key, push
from test_signing import events, send, set_up, signatures
from test_signing import push as push_layout

DISTID = ["-sigopt", "distid:1234567812345678"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {"p256": make_key(folder, "p256", "p256"), "sm2": make_key(folder, "sm2", "sm2"), "other": make_key(folder, "sm2", "other")}


def skopeo_takes(folder, address, public):
    """Whatever its words are: it cannot read such a key at all."""
    host = address.partition("/")[0]
    registries = folder / "registries.d"
    registries.mkdir(exist_ok=True)
    (registries / "here.yaml").write_text(f"docker:\n  {host}:\n    use-sigstore-attachments: true\n")
    (folder / "policy.json").write_text(json.dumps({"default": [{"type": "reject"}], "transports": {"docker": {host: [
        {"type": "sigstoreSigned", "keyPath": str(public), "signedIdentity": {"type": "matchRepository"}}]}}}))
    return tool("skopeo", folder)("--policy", folder / "policy.json", "--registries.d", registries, "copy", "--remove-signatures",
                                  "--src-tls-verify=false", f"docker://{address}", f"dir:{folder / 'pulled'}", check=False)


def cosign_takes(name, *options):
    def takes(folder, address, public):
        return tool(name, folder)("verify", "--key", public, "--insecure-ignore-tlog=true", "--allow-http-registry", *options, address, check=False)
    return takes


TAKERS = {"skopeo": skopeo_takes, "cosign2": cosign_takes("cosign2"), "cosign3-tag": cosign_takes("cosign3", "--new-bundle-format=false"),
          "cosign3-bundle": cosign_takes("cosign3")}


@pytest.mark.parametrize("first", ["p256", "sm2"])
@pytest.mark.parametrize("name", TAKERS)
def test_others_say_no(repository, keys, assay, tmp_path, name, first):
    """Neither by the key of SM2 nor by another; and beside it, whichever came first, one by a key that they know counts as ever."""
    _, address = push(repository)
    second = "sm2" if first == "p256" else "p256"
    assay("sign", "--key", keys["sm2"].private, address)
    for key in ("sm2", "p256"):
        done = TAKERS[name](tmp_path, address, keys[key].public)
        assert done.returncode != 0 and "panic" not in done.stderr, done.stderr
    _, address = push(repository, "both")
    for key in (first, second):
        assay("sign", "--key", keys[key].private, address)
    judge, _, _ = JUDGES[name]
    assert judge(tmp_path, address, keys["p256"].public)
    assert TAKERS[name](tmp_path, address, keys["sm2"].public).returncode != 0
    assay("verify", "--key", keys["p256"].public, "--key", keys["sm2"].public, "--require", "all", address)


def test_ours(repository, keys, assay, tmp_path):
    image, address = push(repository)
    assay("sign", "--key", keys["sm2"].private, address)
    shown = json.loads(assay("verify", "--key", keys["sm2"].public, "--format", "json", address).stdout)
    assert sorted(each["format"] for each in shown["signatures"]) == ["bundle", "cosign"]
    assay("verify", "--key", keys["other"].public, address, check=1)
    assay("verify", "--key", keys["p256"].public, address, check=1)
    change_signature(repository, image)
    change_bundle(repository, image)
    assert "nobody who is known" in assay("verify", "--key", keys["sm2"].public, address, check=1).stdout


def test_openssl_verifies(repository, keys, assay, tmp_path):
    image, address = push(repository)
    assay("sign", "--key", keys["sm2"].private, "--format", "cosign", address)
    layer = json.loads(repository.get_manifest(image["digest"].replace(":", "-") + ".sig").content)["layers"][0]
    (tmp_path / "payload").write_bytes(repository.request("GET", f"blobs/{layer['digest']}").content)
    text = layer["annotations"]["dev.cosignproject.cosign/signature"]
    (tmp_path / "signature").write_bytes(subprocess.run(["base64", "-d"], input=text.encode(), check=True, capture_output=True).stdout)
    verify = ["openssl", "dgst", "-sm3", *DISTID, "-signature", tmp_path / "signature", "-verify"]
    subprocess.run([*verify, keys["sm2"].public, tmp_path / "payload"], check=True, capture_output=True)
    assert subprocess.run([*verify, keys["other"].public, tmp_path / "payload"], check=False, capture_output=True).returncode != 0


def test_attestations(repository, keys, assay, tmp_path):
    _, address = push(repository)
    (tmp_path / "scan.json").write_text(json.dumps(PREDICATE))
    assay("attest", "--key", keys["sm2"].private, "--type", "vuln", "--predicate", tmp_path / "scan.json", address)
    shown = json.loads(assay("verify", "--key", keys["sm2"].public, "--attestation", "vuln", "--format", "json", address).stdout)
    assert [each["predicate"] for each in shown["signatures"]] == [PREDICATE, PREDICATE]
    assay("verify", "--key", keys["other"].public, "--attestation", "vuln", address, check=1)
    for name in ("cosign2", "cosign3"):
        done = tool(name, tmp_path)("verify-attestation", "--key", keys["sm2"].public, "--type", "vuln", "--insecure-ignore-tlog=true",
                                    "--allow-http-registry", address, check=False)
        assert done.returncode != 0


def test_the_notary_project_has_none(repository, keys, assay, tmp_path):
    """A clear word, whatever certificate is given."""
    _, address = push(repository)
    chain = notary.Authority(tmp_path, "root").issue(keys["p256"].private, "release")
    told = assay("sign", "--key", keys["sm2"].private, "--format", "notation", "--certificate", chain, address, check=2).stderr
    assert "the Notary Project has no signatures by SM2" in told
    subprocess.run(["openssl", "req", "-x509", "-new", "-sm3", *DISTID, "-key", keys["sm2"].private, "-subj", "/CN=x", "-out", tmp_path / "sm2.pem"],
                   check=True, capture_output=True)
    told = assay("sign", "--key", keys["sm2"].private, "--format", "notation", "--certificate", tmp_path / "sm2.pem", address, check=2).stderr
    assert "SM2" in told, told


def test_the_server_signs(start_server, assay, tmp_path):
    """By a rule, and its own gate lets out what is signed so, and nothing else."""
    key = make_key(tmp_path, "sm2")
    policy = gate.STRICT.replace("unscanned:", "signatures: national, unscanned:") + f"attestors:\n  - {{name: national, keys: {key.public}}}\n"
    server = start_server(policy=policy)
    gate.import_advisories(assay, server)
    gate.wait_for_advisories(server)
    set_up(server, key.private)
    shown = send_get(server, "signing-keys")["signing_keys"][0]
    assert shown["algorithm"] == "SM2"
    assert server.request("GET", f"/api/v1/signing-keys/{shown['name']}/public").text == key.public.read_text()
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push_layout(server, folder, "fixed", "team/app")
    gate.wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1))
    assert gate.pull(server, "team/app", "fixed").status_code == 200
    assay("verify", "--key", key.public, f"{server.address}/team/app:fixed")
    push_layout(server, folder, "fixed", "other/app")
    assert not events(server, "signature.failed")
    assert gate.pull(server, "other/app", "fixed").status_code == 403
    send(server, "POST", f"signing-keys/{shown['name']}/revoke", {"at": "2020-01-01T00:00:00Z"}, 200)


def send_get(server, path):
    answer = server.request("GET", f"/api/v1/{path}", headers=server.operator())
    assert answer.status_code == 200, answer.text
    return answer.json()
