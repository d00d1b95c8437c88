"""How each signing rule stands with an image, in the API and by commands."""
import pytest

import gate
from gate import import_advisories, wait_until
from repository import Repository
from test_signing import events, make_key, push, send, set_up, signatures


@pytest.fixture
def server(start_server, assay):
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    return server


def rules_of(server, repository, digest):
    return {one["rule"]: one for one in server.get_json(f"/api/v1/repositories/{repository}/images/{digest}/signatures")["rules"]}


def states(server, repository, digest):
    return {name: one["state"] for name, one in rules_of(server, repository, digest).items()}


def in_lists(server, digest):
    """What the list of a repository and that of all images say."""
    def listed(path):
        return {one["digest"]: one.get("signing") for one in server.get_json(path)["images"]}
    wait_until(lambda: digest in listed("/api/v1/images?repository=team/app"))
    of_one, of_all = listed("/api/v1/repositories/team/app/images"), listed("/api/v1/images?repository=team/app")
    assert of_one[digest] == of_all[digest]
    return of_one[digest]


def test_states(server, assay, tmp_path):
    folder, vulnerable, fixed = gate.alpine_layout(tmp_path / "layout")
    set_up(server, make_key(assay, tmp_path / "passed.pem"), name="passed")
    set_up(server, make_key(assay, tmp_path / "granted.pem"), "push", name="granted", grant=False)
    set_up(server, make_key(assay, tmp_path / "hand.pem"), "manual", name="hand")
    set_up(server, make_key(assay, tmp_path / "repaired.pem"), "repaired", name="repaired")
    set_up(server, make_key(assay, tmp_path / "tagged.pem"), "push", name="tagged", tags=["x*"])
    set_up(server, make_key(assay, tmp_path / "else.pem"), "push", name="else", repositories=["else/**"])
    for tag in ("vulnerable", "fixed"):
        push(server, folder, tag, "team/app")
    wait_until(lambda: states(server, "team/app", fixed) == {"passed": "signed", "granted": "failed", "hand": "unwanted", "repaired": "unwanted"})
    server.wait_for_scan("team/app", vulnerable)
    wait_until(lambda: states(server, "team/app", vulnerable) == {"passed": "refused", "granted": "failed", "hand": "unwanted", "repaired": "unwanted"})
    of_fixed, of_vulnerable = rules_of(server, "team/app", fixed), rules_of(server, "team/app", vulnerable)
    assert of_fixed["passed"]["key"] == "passed" and of_fixed["passed"]["fingerprint"].startswith("sha256:") and of_fixed["passed"]["made"]
    assert "key grant" in of_fixed["granted"]["why"] and "policy" in of_vulnerable["passed"]["why"] and "does not say" in of_fixed["repaired"]["why"]
    assert in_lists(server, fixed) == "failed"
    failed = server.get_json("/api/v1/signatures/failed")["failed"]
    assert {(one["rule"], one["image"], one["given_up"]) for one in failed} == {("granted", fixed, True), ("granted", vulnerable, True)}
    assert "never" in server.assay("signature", "list", "--failed").stdout
    shown = server.assay("signature", "list", "team/app:fixed").stdout
    assert [line.split()[:2] for line in shown[shown.index("RULE"):].splitlines()[1:]] == \
        [["granted", "failed"], ["hand", "unwanted"], ["passed", "signed"], ["repaired", "unwanted"]]
    assert "failed" in server.assay("images", "team/app").stdout
    assert "name an image" in server.assay("signature", "list", check=2).stderr
    # With the grant it is signed; by a revoked key it is not any more.
    send(server, "POST", "key-grants", {"rule": "granted", "key": "granted", "pattern": "*"})
    wait_until(lambda: states(server, "team/app", fixed)["granted"] == "signed")
    assert in_lists(server, fixed) == "signed"
    assert server.get_json("/api/v1/signatures/failed")["failed"] == []
    assert server.assay("signature", "list", "--failed").stdout == "no signing fails\n"
    send(server, "POST", "signing-keys/passed/revoke", {"revoked": "2026-01-01T00:00:00Z"}, 200)
    shown = rules_of(server, "team/app", fixed)["passed"]
    assert shown["state"] == "refused" and "revoked" in shown["why"]
    # Signatures are no images of rules, and what no rule is for says nothing.
    listed = server.get_json("/api/v1/repositories/team/app/images")["images"]
    assert {one["digest"] for one in listed if "signing" in one} == {fixed, vulnerable}
    send(server, "POST", "signing-rules", {"name": "alone", "attestor": "repaired", "repositories": ["none/**"], "trigger": "repaired"})
    Repository(server, "none/app").push_image("v1")
    assert "signing" not in server.get_json("/api/v1/repositories/none/app/images")["images"][0]


def test_waiting(server, assay, tmp_path):
    """A key that is away: waiting, with the time of the next try; the rule that was made later does not want it; then it is signed."""
    key = make_key(assay, tmp_path / "key.pem")
    set_up(server, key, "push")
    whole = key.read_bytes()
    server.stop()
    key.unlink()
    server.start()
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: rules_of(server, "team/app", fixed)["release"].get("attempts", 0) > 0)
    shown = rules_of(server, "team/app", fixed)["release"]
    assert shown["state"] == "waiting" and shown["next"] and str(key) in shown["why"]
    assert in_lists(server, fixed) == "waiting"
    assert [one["given_up"] for one in server.get_json("/api/v1/signatures/failed")["failed"]] == [False]
    set_up(server, make_key(assay, tmp_path / "later.pem"), "push", name="later")
    later = rules_of(server, "team/app", fixed)["later"]
    assert later["state"] == "unwanted" and "before" in later["why"]
    key.write_bytes(whole)
    wait_until(lambda: signatures(server, "team/app", fixed) == (1, 1))
    wait_until(lambda: states(server, "team/app", fixed)["release"] == "signed")
    assert len(events(server, "signature.failed")) == 1


def test_two_rules_of_one_key(server, assay, tmp_path):
    """What one of them has signed, the other need not: it stands as signed, and waits for nothing."""
    set_up(server, make_key(assay, tmp_path / "key.pem"), name="passed")
    send(server, "POST", "signing-rules", {"name": "other", "attestor": "passed", "repositories": ["**"], "trigger": "passed"})
    send(server, "POST", "key-grants", {"rule": "other", "key": "passed", "pattern": "*"})
    folder, _, fixed = gate.alpine_layout(tmp_path / "layout")
    push(server, folder, "fixed", "team/app")
    wait_until(lambda: states(server, "team/app", fixed) == {"passed": "signed", "other": "signed"})
    assert in_lists(server, fixed) == "signed" and signatures(server, "team/app", fixed) == (1, 1)
    made = [one["format"] for one in server.get_json("/api/v1/signatures")["signatures"]]
    assert sorted(made) == ["bundle", "cosign"]
