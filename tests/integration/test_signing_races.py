"""Others who write the tag of an image's signatures while we do: in the end all signatures are there."""
import subprocess
import threading

import pytest

import gate
from gate import import_advisories, pull, wait_until
from repository import Repository
from signed import SLSA, Signer, attest_tag, cosign_sign
from signing_judges import tool
from test_signing import events, make_key, push, send, set_up, sig_tag, signatures
from test_signing_kills import waiting


@pytest.fixture
def server(start_server, assay):
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    return server


def vouched(server, digest):
    shown = server.get_json(f"/api/v1/repositories/team/app/images/{digest}/signatures")["signatures"]
    return {(one["attestor"], one["format"]) for one in shown}


def test_overwritten(server, assay, tmp_path):
    """A push of the tag without ours: ours is added again, beside the other's, as often as it is lost; a tag that is deleted stays deleted."""
    set_up(server, make_key(assay, tmp_path / "key.pem"), "push")
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1))
    repository = Repository(server, "team/app")
    other = Signer()
    send(server, "POST", "attestors", {"name": "other", "keys": [{"public": other.pem}]})
    for times in (1, 2, 3):
        cosign_sign(repository, other, fixed)
        wait_until(lambda: vouched(server, fixed) == {("release", "cosign"), ("release", "bundle"), ("other", "cosign")})
        assert signatures(server, "team/app", fixed) == (2, 1)
        assert len(events(server, "signature.restored")) == times
    wait_until(lambda: waiting(server) == 0)
    assert len(events(server, "signature.restored")) == 3 and len(events(server, "signature.created")) == 2
    assert server.request("DELETE", f"/v2/team/app/manifests/{sig_tag(fixed)}").status_code == 202
    # By a rule that is gone nothing is put back.
    send(server, "DELETE", "signing-rules/release", status=204)
    cosign_sign(repository, other, fixed)
    wait_until(lambda: waiting(server) == 0)
    assert signatures(server, "team/app", fixed) == (1, 1) and len(events(server, "signature.restored")) == 3


def test_attestations(server, assay, tmp_path):
    """The same of the tag of attestations."""
    set_up(server, make_key(assay, tmp_path / "key.pem"), "push", attest=["sbom"])
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    tag = fixed.replace(":", "-") + ".att"
    wait_until(lambda: pull(server, "team/app", tag).status_code == 200)
    wait_until(lambda: waiting(server) == 0)
    attest_tag(Repository(server, "team/app"), Signer(), fixed, SLSA, {})
    wait_until(lambda: len(pull(server, "team/app", tag).json()["layers"]) == 2)
    assert [event["data"]["attests"] for event in events(server, "signature.restored")] == ["https://cyclonedx.org/bom"]


@pytest.mark.parametrize("name", ["cosign2", "cosign3"])
def test_cosign_at_once(server, assay, tmp_path, name):
    """cosign signs by key after key while eight rules sign: neither loses the other's."""
    cosign = tool(name, tmp_path)
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    rules = [f"rule{number}" for number in range(8)]
    for rule in rules:
        set_up(server, make_key(assay, tmp_path / f"{rule}.pem"), "push", name=rule, formats=["cosign"])
    environment = {"COSIGN_PASSWORD": ""}
    for number in range(4):
        cosign("generate-key-pair", "--output-key-prefix", tmp_path / f"c{number}", env=environment, cwd=tmp_path)
    options = ["--tlog-upload=false"] if name == "cosign2" else ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"]
    image = f"{server.address}/team/app@{fixed}"
    push(server, folder, "fixed", "team/app")
    failures = []

    def sign():
        try:
            for number in range(4):
                cosign("sign", "--yes", "--key", tmp_path / f"c{number}.key", *options, "--allow-http-registry=true", image, env=environment)
        except (AssertionError, subprocess.SubprocessError) as error:  # told by the test's own thread
            failures.append(error)
    thread = threading.Thread(target=sign)
    thread.start()
    number = 0
    while thread.is_alive():
        number += 1
        push(server, folder, "fixed", "team/app", f"t{number}")
        thread.join(0.2)
    assert not failures, failures
    wait_until(lambda: vouched(server, fixed) == {(rule, "cosign") for rule in rules}, 60)
    wait_until(lambda: waiting(server) == 0)
    for number in range(4):
        cosign("verify", "--key", tmp_path / f"c{number}.pub", "--insecure-ignore-tlog=true", "--allow-http-registry=true",
               *(["--new-bundle-format=false"] if name == "cosign3" else []), image)
    layers = pull(server, "team/app", sig_tag(fixed)).json()["layers"]
    assert len(layers) == 12 == len({layer["annotations"]["dev.cosignproject.cosign/signature"] for layer in layers})
