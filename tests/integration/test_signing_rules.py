"""Signing keys, attestors and signing rules: what the API and the commands make of them, and who may."""
import subprocess
import time

import pytest

from keyless import Instance
from repository import Repository
from test_audit import wait_for
from test_grants import ask, make, with_people

KEYS, ATTESTORS, RULES = "/api/v1/signing-keys", "/api/v1/attestors", "/api/v1/signing-rules"


def key_file(folder, name="release.key", curve="P-256"):
    """A private key, which the server can read, and its public part."""
    path = folder / name
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", path], check=True)
    path.chmod(0o600)
    public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True, capture_output=True, text=True).stdout
    return path, public


@pytest.fixture
def closed(start_server):
    return with_people(start_server, "signing: {folders: [/]}\n")


def test_life_of_a_key(closed, tmp_path):
    path, public = key_file(tmp_path)
    answer = ask(closed, "root", "POST", KEYS, json={"name": "release", "uri": f"file:{path}"})
    made = answer.json()
    assert answer.status_code == 201 and answer.headers["Location"] == f"{KEYS}/release", answer.text
    assert made["public"] == public and made["algorithm"] == "ECDSA P-256" and made["state"] == "active" and made["created_by"] == "root"
    assert ask(closed, "root", "GET", KEYS).json()["signing_keys"] == [made]
    assert closed.request("GET", f"{KEYS}/release/public", auth=None).text == public
    assert ask(closed, "root", "POST", f"{KEYS}/release/turn", json={}).status_code == 400, "it is the same key"
    other, of_other = key_file(tmp_path, "next.key")
    turned = ask(closed, "root", "POST", f"{KEYS}/release/turn", json={"uri": f"file:{other}"}).json()
    assert turned["public"] == of_other and [one["public"] for one in turned["former"]] == [public]
    revoked = ask(closed, "root", "POST", f"{KEYS}/release/revoke", json={"revoked": "2026-01-31T00:00:00Z"}).json()
    assert revoked["state"] == "revoked" and revoked["revoked"] == revoked["former"][0]["revoked"] == "2026-01-31T00:00:00Z"
    # Later is not how a revocation moves; and the key after it is a new one.
    again = ask(closed, "root", "POST", f"{KEYS}/release/revoke", json={"revoked": "2026-06-30T00:00:00Z"}).json()
    assert again["revoked"] == again["former"][0]["revoked"] == "2026-01-31T00:00:00Z"
    third, of_third = key_file(tmp_path, "third.key")
    new = ask(closed, "root", "POST", f"{KEYS}/release/turn", json={"uri": f"file:{third}"}).json()
    assert new["public"] == of_third and new["state"] == "active" and "revoked" not in new
    assert [one["revoked"] for one in new["former"]] == ["2026-01-31T00:00:00Z"] * 2
    assert ask(closed, "root", "DELETE", f"{KEYS}/release").status_code == 204
    told = [event["type"] for event in ask(closed, "root", "GET", "/api/v1/events").json()["events"] if event["type"].startswith("signing-key")]
    assert told == ["signing-key.created", "signing-key.turned", "signing-key.revoked", "signing-key.revoked", "signing-key.turned",
                    "signing-key.removed"]


def test_revoked_and_turned(closed, tmp_path):
    """A stolen key stays revoked after the turn, does not come back, and its time only goes earlier; the new key is active."""
    def post(what, body, status=200):
        answer = ask(closed, "root", "POST", f"{KEYS}/release/{what}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()
    stolen, _ = key_file(tmp_path)
    other, _ = key_file(tmp_path, "next.key")
    first, second, later = "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"
    assert ask(closed, "root", "POST", KEYS, json={"name": "release", "uri": f"file:{stolen}"}).status_code == 201
    assert post("revoke", {"revoked": second})["revoked"] == second
    assert post("revoke", {})["revoked"] == second
    assert post("revoke", {"revoked": first})["revoked"] == first
    turned = post("turn", {"uri": f"file:{other}"})
    assert turned["state"] == "active" and not turned.get("revoked") and turned["former"][0]["revoked"] == first
    assert "revoked" in post("turn", {"uri": f"file:{stolen}"}, 400)["detail"]
    again = post("revoke", {"revoked": later})
    assert again["state"] == "revoked" and again["revoked"] == later and again["former"][0]["revoked"] == first


@pytest.mark.parametrize("change,status", [
    ({"uri": "file:/nowhere.key"}, 404), ({"uri": "gopher:x"}, 415), ({"uri": None}, 400), ({"name": "a b"}, 400)])
def test_keys_that_are_none(closed, tmp_path, change, status):
    path, _ = key_file(tmp_path)
    answer = ask(closed, "root", "POST", KEYS, json={"name": "release", "uri": f"file:{path}", **change})
    assert answer.status_code == status, answer.text
    assert ask(closed, "root", "GET", KEYS).json()["signing_keys"] == []


def test_only_administrators_change_them(closed, tmp_path):
    path, public = key_file(tmp_path)
    bodies = {KEYS: {"name": "release", "uri": f"file:{path}"}, ATTESTORS: {"name": "team", "keys": [{"public": public}]},
              RULES: {"name": "rule", "attestor": "team", "repositories": ["team/*"]}}
    make(closed, "root", subject="bob", role="maintainer", pattern="team/*")
    for place, body in bodies.items():
        for name in ("olga", "bob"):
            assert ask(closed, name, "POST", place, json=body).status_code == 403, (name, place)


TRUSTED_ROOT = Instance().root()


@pytest.mark.parametrize("kind,change,status,words", [
    (ATTESTORS, {"key": "release"}, 404, "no signing key"),
    (ATTESTORS, {}, 400, "needs"),
    (ATTESTORS, {"keys": [{"public": "text"}]}, 400, "key 1"),
    (ATTESTORS, {"roots": "text"}, 400, "certificate"),
    (ATTESTORS, {"trusted_root": "text"}, 400, ""),
    (ATTESTORS, {"trusted_root": TRUSTED_ROOT}, 400, "whose certificates are meant"),
    (ATTESTORS, {"trusted_root": TRUSTED_ROOT, "identities": [{"name": "dev@example.org"}]}, 400, "issuer"),
    (ATTESTORS, {"rekor": ["text"]}, 400, ""),
    (ATTESTORS, {"public": True, "formats": ["cosing"]}, 400, "cosing"),
    (RULES, {"attestor": "nobody", "repositories": ["*"]}, 404, "no attestor"),
    (RULES, {"attestor": "others", "repositories": ["*"]}, 400, "no signing key of ours"),
    (RULES, {"attestor": "ours", "repositories": []}, 400, "patterns"),
    (RULES, {"attestor": "ours", "repositories": ["*"], "trigger": "weather"}, 400, "trigger"),
    (RULES, {"attestor": "ours", "repositories": ["*"], "formats": ["notation"]}, 400, "Notary Project"),
])
def test_what_is_refused(closed, tmp_path, kind, change, status, words):
    path, public = key_file(tmp_path)
    made = [ask(closed, "root", "POST", KEYS, json={"name": "ours", "uri": f"file:{path}"}),
            ask(closed, "root", "POST", ATTESTORS, json={"name": "ours", "key": "ours"}),
            ask(closed, "root", "POST", ATTESTORS, json={"name": "others", "keys": [{"public": public}]})]
    assert [one.status_code for one in made] == [201] * 3, [one.text for one in made]
    if change.pop("public", False):
        change["keys"] = [{"public": public}]
    answer = ask(closed, "root", "POST", kind, json={"name": "new", **change})
    assert answer.status_code == status and words in answer.text, answer.text


def test_commands(closed, tmp_path):
    path, public = key_file(tmp_path)
    other, of_other = key_file(tmp_path, "next.key", "P-384")
    (tmp_path / "team.pub").write_text(of_other)
    run = closed.assay
    for command in ("key", "attestor", "rule"):
        assert run(command, "list").stdout.strip().startswith(("the registry has no", "there is no", "nothing is signed"))
    assert run("key", "add", "release", f"file:{path}", "--description", "of releases").stdout == "added release\n"
    assert "release" in run("key", "list").stdout and public in run("key", "show", "release").stdout
    assert run("attestor", "add", "release", "--key", "release").stdout == "added release\n"
    assert run("attestor", "add", "team", "--public", tmp_path / "team.pub", "--only", "cosign").stdout == "added team\n"
    assert [line.split()[:4] for line in run("attestor", "list").stdout.splitlines()[1:]] == [["release", "release", "-", "all"], ["team", "-", "1", "cosign"]]
    assert run("rule", "add", "passed", "--attestor", "release", "--repository", "prod/*", "--on", "passed", "--members").stdout == "added passed\n"
    assert run("rule", "set", "passed", "--tag", "v*", "--no-members").stdout == "changed passed\n"
    rule = ask(closed, "root", "GET", f"{RULES}/passed").json()
    assert rule["trigger"] == "passed" and rule["tags"] == ["v*"] and rule["repositories"] == ["prod/*"] and not rule["members"]
    assert "prod/*" in run("rule", "list").stdout and '"passed"' in run("rule", "show", "passed").stdout
    assert "signing rule passed needs" in run("attestor", "remove", "release", check=2).stderr
    assert run("key", "turn", "release", "--uri", f"file:{other}").stdout.startswith("turned over release")
    assert run("key", "revoke", "release", "--since", "2026-01-31").stdout == "revoked release\n"
    shown = run("key", "show", "release").stdout
    assert "revoked      2026-01-31T00:00:00Z" in shown and "before       sha256:" in shown and of_other in shown
    for arguments in (("rule", "passed"), ("attestor", "release"), ("attestor", "team"), ("key", "release")):
        assert run(arguments[0], "remove", arguments[1]).stdout == f"removed {arguments[1]}\n"
    assert "none" not in run("attestor", "add", "x", "--public", tmp_path / "nowhere", check=2).stdout


def test_no_key_both_signs_and_attests(closed, tmp_path):
    """Whether by the rule, by its attestor, by a second name of the key, or by a key that was turned over."""
    one, two = (key_file(tmp_path, f"{name}.key")[0] for name in ("one", "two"))

    def send(method, place, body, status, words=""):
        answer = ask(closed, "root", method, place, json=body)
        assert answer.status_code == status and words in answer.text, (place, body, answer.text)
    for name, path in (("one", one), ("again", one), ("two", two)):
        send("POST", KEYS, {"name": name, "uri": f"file:{path}"}, 201)
        send("POST", ATTESTORS, {"name": name, "key": name}, 201)
    send("POST", RULES, {"name": "signs", "attestor": "one", "repositories": ["*"]}, 201)
    attests = {"name": "attests", "repositories": ["*"], "attest": ["vulnerabilities", "sbom"]}
    send("POST", RULES, {**attests, "attestor": "one"}, 400, "signs images")
    send("POST", RULES, {**attests, "attestor": "again"}, 400, "signs images")
    send("POST", RULES, {**attests, "attestor": "two", "attest": ["weather"]}, 400, "weather")
    send("POST", RULES, {**attests, "attestor": "two"}, 201)
    send("PUT", f"{ATTESTORS}/two", {"name": "two", "key": "again"}, 400, "signs images")
    send("POST", f"{KEYS}/two/turn", {"uri": f"file:{one}"}, 400, "signs images")
    send("PUT", f"{RULES}/signs", {"name": "signs", "attestor": "two", "repositories": ["*"]}, 400, "signs images")
    assert closed.assay("rule", "list").stdout.splitlines()[1].split()[5:7] == ["vulnerabilities,", "sbom"]


def test_signing_by_hand(start_server, tmp_path):
    """By a rule for hands; who signed is seen, also by another's key, and why others do not count; each is in the journal and the audit."""
    server = start_server()
    path, _ = key_file(tmp_path)
    digest = Repository(server, "team/app").push_image("v1")[0]["digest"]
    place = f"/api/v1/repositories/team/app/images/{digest}/signatures"

    def send(method, where, body=None, status=200):
        answer = server.request(method, where, json=body, headers=server.operator())
        assert answer.status_code == status, (where, answer.text)
        return answer.json()
    send("POST", KEYS, {"name": "release", "uri": f"file:{path}"}, 201)
    send("POST", ATTESTORS, {"name": "release", "key": "release"}, 201)
    send("POST", RULES, {"name": "hand", "attestor": "release", "repositories": ["team/*"]}, 201)
    assert send("GET", place)["signatures"] == []
    assert "key grant" in send("POST", place, {"rule": "hand"}, 403)["detail"]
    assert "no signing rule" in send("POST", place, {"rule": "nobody"}, 404)["detail"]
    send("POST", "/api/v1/key-grants", {"rule": "hand", "key": "release", "pattern": "team/*"}, 201)
    assert send("POST", place, {"rule": "hand"}) == {"image": digest, "made": 2, "present": 0}
    assert send("POST", place, {"rule": "hand"}) == {"image": digest, "made": 0, "present": 2}
    shown = send("GET", place)
    assert shown["seen"] == 2 and not shown["incomplete"] and shown["problems"] == []
    assert {(one["attestor"], one["format"]) for one in shown["signatures"]} == {("release", "cosign"), ("release", "bundle")}
    made = send("GET", "/api/v1/signatures?repository=team/app")["signatures"]
    assert made == shown["made"] and [one["rule"] for one in made] == ["hand"] * 2 and made[0]["number"] < made[1]["number"]
    assert send("GET", "/api/v1/signatures?repository=team/other")["signatures"] == []
    assert send("GET", f"/api/v1/signatures?limit=1&last={made[0]['number']}")["signatures"] == made[1:]
    assert server.assay("sign", "--rule", "hand", "team/app:v1").stdout == f"was signed already: {digest}\n"
    assert "no signing rule" in server.assay("sign", "--rule", "nobody", "team/app:v1", check=2).stderr
    assert "release" in server.assay("signature", "list", "team/app:v1").stdout
    assert [line.split()[0] for line in server.assay("signature", "journal").stdout.splitlines()] == ["NUMBER", "1", "2"]
    send("POST", f"{KEYS}/release/revoke", {"revoked": "2026-01-31T00:00:00Z"})
    assert send("GET", place)["signatures"] == [] and len(send("GET", place)["problems"]) == 2
    assert "does not count: " in server.assay("signature", "list", "team/app:v1").stdout
    assert "revoked" in send("POST", place, {"rule": "hand"}, 403)["detail"]


def test_what_is_signed_again(start_server, tmp_path):
    """What was refused, once a grant allows it, without another push; and what was moved, under its new name. By hand, only what a rule is for."""
    server = start_server()
    path, _ = key_file(tmp_path)
    for place, body in ((KEYS, {"name": "release", "uri": f"file:{path}"}), (ATTESTORS, {"name": "release", "key": "release"}),
                        (RULES, {"name": "pushed", "attestor": "release", "repositories": ["team/*", "other/*"], "trigger": "push"})):
        assert server.request("POST", place, json=body, headers=server.operator()).status_code == 201
    digest = Repository(server, "team/app").push_image("v1")[0]["digest"]

    def shown(repository):
        return server.get_json(f"/api/v1/repositories/{repository}/images/{digest}/signatures")
    wait_for(lambda: [event for event in server.get_json("/api/v1/events")["events"] if event["type"] == "signature.failed"])
    assert server.request("POST", "/api/v1/key-grants", json={"rule": "pushed", "key": "release", "pattern": "*"}).status_code == 201
    wait_for(lambda: len(shown("team/app")["signatures"]) == 2)
    assert server.request("POST", "/api/v1/repositories/team/app/move", json={"to": "team/moved"}).status_code < 300
    wait_for(lambda: {one["format"] for one in shown("team/moved")["signatures"]} == {"cosign", "bundle"})
    assert server.request("POST", "/api/v1/namespaces/team/rename", json={"to": "other"}).status_code < 300
    wait_for(lambda: {one["format"] for one in shown("other/moved")["signatures"]} == {"cosign", "bundle"})
    Repository(server, "elsewhere/app").push_image("v1")
    answer = server.request("POST", f"/api/v1/repositories/elsewhere/app/images/{digest}/signatures", json={"rule": "pushed"})
    assert answer.status_code == 403 and "other repositories or tags" in answer.text


def with_rule(closed, tmp_path):
    path, _ = key_file(tmp_path)
    for place, body in ((KEYS, {"name": "release", "uri": f"file:{path}"}), (ATTESTORS, {"name": "release", "key": "release"}),
                        (RULES, {"name": "release", "attestor": "release", "repositories": ["team/*"]})):
        assert ask(closed, "root", "POST", place, json=body).status_code == 201


def test_grants_go_with_what_they_name(closed, tmp_path):
    """A rule or a key that is added later by that name is another, which nobody let sign."""
    with_rule(closed, tmp_path)
    grants = "/api/v1/key-grants"

    def grant(rule, key):
        answer = ask(closed, "root", "POST", grants, json={"rule": rule, "key": key, "pattern": "team/*"})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def left():
        return [one["id"] for one in ask(closed, "root", "GET", grants).json()["key_grants"]]

    of_both, of_rule, of_key, of_others = grant("release", "release"), grant("release", "other"), grant("other", "release"), grant("other", "other")
    # What is refused ends none.
    assert ask(closed, "root", "DELETE", f"{KEYS}/release").status_code == 409 and left() == [of_both, of_rule, of_key, of_others]
    assert ask(closed, "root", "DELETE", f"{RULES}/release").status_code == 204 and left() == [of_key, of_others]
    assert ask(closed, "root", "DELETE", f"{ATTESTORS}/release").status_code == 204 and left() == [of_key, of_others]
    assert ask(closed, "root", "DELETE", f"{KEYS}/release").status_code == 204 and left() == [of_others]
    ended = [event["data"]["id"] for event in ask(closed, "root", "GET", "/api/v1/events").json()["events"] if event["type"] == "key-grant.ended"]
    assert ended == [of_both, of_rule, of_key]


def test_two_who_change_one(closed, tmp_path):
    """Who sends back what he read, and somebody else changed it meanwhile, is told so; who says no time changes what is there."""
    with_rule(closed, tmp_path)
    for place in (f"{ATTESTORS}/release", f"{RULES}/release"):
        read = ask(closed, "root", "GET", place).json()
        time.sleep(1.1)  # a time of theirs has whole seconds
        assert ask(closed, "root", "PUT", place, json={**read, "description": "first"}).status_code == 200
        answer = ask(closed, "root", "PUT", place, json={**read, "description": "second"})
        assert answer.status_code in (409, 412) and "somebody else changed" in answer.text, answer.text
        assert ask(closed, "root", "GET", place).json()["description"] == "first"
        del read["created"]
        assert ask(closed, "root", "PUT", place, json={**read, "description": "third"}).status_code == 200
