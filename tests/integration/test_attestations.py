"""What a rule attests: the findings of a scan and the bill of materials, by a key that signs no images, as cosign takes them."""
import base64
import json

import pytest

import gate
from gate import import_advisories, pull, wait_until
from signing_judges import tool
from test_signing import events, make_key, push, send, signatures

VULN, SBOM = "https://cosign.sigstore.dev/attestation/vuln/v1", "https://cyclonedx.org/bom"


@pytest.fixture
def server(start_server, assay, tmp_path):
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    send(server, "POST", "signing-keys", {"name": "scanner", "uri": f"file:{make_key(assay, tmp_path / 'scanner.pem')}"})
    send(server, "POST", "attestors", {"name": "scanner", "key": "scanner"})
    send(server, "POST", "signing-rules", {"name": "scans", "attestor": "scanner", "repositories": ["team/**"], "trigger": "push",
                                           "attest": ["vulnerabilities", "sbom"]})
    send(server, "POST", "key-grants", {"rule": "scans", "key": "scanner", "pattern": "*"})
    return server


def attested(server, repository, digest):
    """({type: predicate} of the tag .att, how many bundles there are)."""
    tag = pull(server, repository, digest.replace(":", "-") + ".att")
    predicates = {}
    for layer in tag.json()["layers"] if tag.status_code == 200 else []:
        envelope = server.request("GET", f"/v2/{repository}/blobs/{layer['digest']}").json()
        statement = json.loads(base64.b64decode(envelope["payload"]))
        assert statement["subject"] == [{"name": f"{server.address}/{repository}", "digest": {"sha256": digest.removeprefix("sha256:")}}]
        assert statement["predicateType"] not in predicates, "each once"
        predicates[statement["predicateType"]] = statement["predicate"]
    return predicates, signatures(server, repository, digest)[1]


def test_clients_take_them(server, tmp_path):
    """Also of what does not pass: that is what it says. Nothing of it is taken for the image's signature by us."""
    folder, vulnerable, _ = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "vulnerable", "team/app")
    wait_until(lambda: attested(server, "team/app", vulnerable)[1] == 2)
    predicates, _ = attested(server, "team/app", vulnerable)
    assert set(predicates) == {VULN, SBOM} and predicates[SBOM]["bomFormat"] == "CycloneDX"
    result = predicates[VULN]["scanner"]["result"]
    assert sum(result["summary"].values()) == len(result["findings"]) > 0 and predicates[VULN]["scanner"]["db"]["version"] == result["advisories"]
    public = tmp_path / "public.pem"
    public.write_text(server.request("GET", "/api/v1/signing-keys/scanner/public").text)
    image = f"{server.address}/team/app@{vulnerable}"
    shown = server.get_json(f"/api/v1/repositories/team/app/images/{vulnerable}/signatures")
    assert {(one["format"], one["predicate_type"]) for one in shown["signatures"]} == {("attestation", VULN), ("attestation", SBOM)}
    assert {(one["format"], one["attests"]) for one in shown["made"]} == {(form, kind) for form in ("cosign", "bundle") for kind in (VULN, SBOM)}
    for name in ("cosign2", "cosign3"):
        cosign = tool(name, tmp_path)
        for kind in ("vuln", "cyclonedx"):
            options = ["--insecure-ignore-tlog=true", "--allow-http-registry=true", "--type", kind, "--key", public]
            assert cosign("verify-attestation", *options, image).stdout.strip()


def test_they_are_made_anew(server, tmp_path):
    """When what they say is otherwise, in the place of the former; those of others stay; and not again when nothing changed."""
    folder, vulnerable, _ = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "vulnerable", "team/app")
    wait_until(lambda: attested(server, "team/app", vulnerable)[1] == 2)
    place = f"repositories/team/app/images/{vulnerable}/signatures"
    assert send(server, "POST", place, {"rule": "scans"}, 200) == {"image": vulnerable, "made": 0, "present": 4}
    before = attested(server, "team/app", vulnerable)
    # A namespace that leaves a kind out has another report.
    server.request("PATCH", "/api/v1/namespaces/team", json={"without": ["vulnerability"]})
    made = wait_until(lambda: (done := send(server, "POST", place, {"rule": "scans"}, 200))["made"] and done)
    assert made["made"] == 2
    after = attested(server, "team/app", vulnerable)
    assert after[1] == 2 and after[0][SBOM] == before[0][SBOM] and after[0][VULN]["scanner"]["result"]["findings"] == []
    assert len(events(server, "signature.created")) == 6


def test_what_is_not_scanned(server, tmp_path):
    """Is not attested, by hand either, and nothing is told of it as of a failure."""
    server.request("PATCH", "/api/v1/namespaces/team", json={"scan": "manual"})
    folder, vulnerable, _ = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "vulnerable", "team/app")
    answer = server.request("POST", f"/api/v1/repositories/team/app/images/{vulnerable}/signatures", json={"rule": "scans"})
    assert answer.status_code == 403 and "not scanned" in answer.text
    assert server.request("POST", f"/api/v1/images/{vulnerable}/scan").status_code in (200, 202)
    wait_until(lambda: attested(server, "team/app", vulnerable)[1] == 2)
    assert not events(server, "signature.failed")


def test_they_are_made_anew_by_age(server, tmp_path):
    """Findings are compared again, and said anew, in the place of the former; a bill of materials stays as it is."""
    folder, vulnerable, _ = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "vulnerable", "team/app")
    wait_until(lambda: attested(server, "team/app", vulnerable)[1] == 2)
    place = f"/api/v1/repositories/team/app/images/{vulnerable}/signatures"
    rule = server.get_json("/api/v1/signing-rules/scans")
    # Nothing is due for a day.
    assert "renew" not in rule and not events(server, "signature.renewed")
    before, made = attested(server, "team/app", vulnerable), server.get_json(place)["made"]
    assert server.request("PUT", "/api/v1/signing-rules/scans", json={**rule, "renew": 10}).status_code == 200
    wait_until(lambda: len(events(server, "signature.renewed")) >= 2, 60)
    wait_until(lambda: attested(server, "team/app", vulnerable)[1] == 2)
    after = attested(server, "team/app", vulnerable)
    assert after[0][SBOM] == before[0][SBOM]
    first, second = before[0][VULN]["metadata"], after[0][VULN]["metadata"]
    assert second["scanFinishedOn"] > first["scanFinishedOn"] and second["scanStartedOn"] == first["scanStartedOn"]
    assert after[0][VULN]["scanner"] == before[0][VULN]["scanner"]
    rows = server.get_json(place)["made"]
    assert len(rows) == len(made) == 4 and max(row["number"] for row in rows) > 4
    assert [row["made"] for row in rows if row["attests"] == SBOM] == [row["made"] for row in made if row["attests"] == SBOM]
    # An image that is gone is not asked for again and again.
    assert server.request("DELETE", f"/v2/team/app/manifests/{vulnerable}").status_code == 202
    wait_until(lambda: not [job for job in server.get_json("/api/v1/jobs")["jobs"] if job["kind"] == "sign" and job["waiting"]], 60)
    assert not events(server, "signature.failed")


def test_how_old_they_may_be(server):
    rule = server.get_json("/api/v1/signing-rules/scans")
    for renew, said in ((1, "at least 10 seconds"), (10**12, "renew"), (-5, "renew"), ("1d", "renew")):
        answer = server.request("PUT", "/api/v1/signing-rules/scans", json={**rule, "renew": renew})
        assert answer.status_code == 400 and said in answer.text, (renew, answer.text)
    answer = server.request("PUT", "/api/v1/signing-rules/scans", json={**rule, "attest": ["sbom"], "renew": 3600})
    assert answer.status_code == 400 and "attests vulnerabilities" in answer.text
