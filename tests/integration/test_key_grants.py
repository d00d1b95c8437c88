"""Which signing rule may use which key: who says so, until when, and that it ends at once."""
import pytest

from test_grants import PASSWORD, ask, make, with_people

KEYS = "/api/v1/key-grants"
SIGNS = {"rule": "release", "key": "release-2026", "pattern": "team/*"}


@pytest.fixture
def closed(start_server):
    return with_people(start_server)


def test_life_of_a_key_grant(closed):
    answer = ask(closed, "root", "POST", KEYS, json={**SIGNS, "until": "2999-01-31T00:00:00Z"})
    made = answer.json()
    assert answer.status_code == 201 and answer.headers["Location"] == f"{KEYS}/{made['id']}", answer.text
    assert made["verb"] == "sign" and made["created_by"] == "root" and made["until"] == "2999-01-31T00:00:00Z"
    assert ask(closed, "root", "GET", f"{KEYS}/{made['id']}").json() == made
    other = ask(closed, "root", "POST", KEYS, json={**SIGNS, "verb": "verify"}).json()
    assert other["id"] > made["id"]
    assert ask(closed, "root", "POST", KEYS, json=SIGNS).status_code == 409
    assert ask(closed, "root", "GET", KEYS).json()["key_grants"] == [made, other]
    assert ask(closed, "root", "GET", f"{KEYS}?rule=release&key=none").json()["key_grants"] == []
    first = ask(closed, "root", "GET", f"{KEYS}?limit=1").json()
    assert first["key_grants"] == [made] and ask(closed, "root", "GET", f"{KEYS}?last={first['next']}").json()["key_grants"] == [other]
    tag = ask(closed, "root", "GET", f"{KEYS}/{made['id']}").headers["ETag"]
    assert ask(closed, "root", "DELETE", f"{KEYS}/{made['id']}").status_code == 204 and tag
    assert ask(closed, "root", "DELETE", f"{KEYS}/{made['id']}").status_code == 404
    assert ask(closed, "root", "GET", KEYS).json()["key_grants"] == [other]
    told = [(event["type"], event["subject"], event["data"]["rule"]) for event in ask(closed, "root", "GET", "/api/v1/events").json()["events"]
            if event["type"].startswith("key-grant")]
    assert told == [("key-grant.created", "release-2026", "release")] * 2 + [("key-grant.ended", "release-2026", "release")]


@pytest.mark.parametrize("change,status", [
    ({"verb": "push"}, 400), ({"rule": "A B"}, 400), ({"key": ""}, 400), ({"pattern": "UPPER/*"}, 400), ({"pattern": None}, 400),
    ({"until": "2001-01-01T00:00:00Z"}, 400), ({"until": "soon"}, 400)])
def test_key_grants_that_are_none(closed, change, status):
    assert ask(closed, "root", "POST", KEYS, json={**SIGNS, **change}).status_code == status


def test_nobody_lets_sign_what_he_may_not(closed):
    """olga owns team/*, which brings sign and manage-access there; bob may sign there, and manages nothing."""
    make(closed, "root", subject="bob", role="maintainer", pattern="team/*")
    assert ask(closed, "bob", "POST", KEYS, json=SIGNS).status_code == 403
    assert ask(closed, "olga", "POST", KEYS, json={**SIGNS, "pattern": "*"}).status_code == 403
    assert ask(closed, "olga", "POST", KEYS, json={**SIGNS, "pattern": "other/*"}).status_code == 403
    made = ask(closed, "olga", "POST", KEYS, json=SIGNS).json()
    all_ = ask(closed, "root", "POST", KEYS, json={**SIGNS, "pattern": "*"}).json()
    assert [grant["id"] for grant in ask(closed, "olga", "GET", KEYS).json()["key_grants"]] == [made["id"]]
    assert ask(closed, "olga", "GET", f"{KEYS}/{all_['id']}").status_code == 404
    assert ask(closed, "olga", "DELETE", f"{KEYS}/{all_['id']}").status_code == 404
    assert ask(closed, "bob", "DELETE", f"{KEYS}/{made['id']}").status_code == 403
    assert ask(closed, "olga", "DELETE", f"{KEYS}/{made['id']}").status_code == 204
    # Who may manage access and not sign gives nobody the key.
    ask(closed, "root", "POST", "/api/v1/roles", json={"name": "clerk", "verbs": ["manage-access"]})
    make(closed, "root", subject="bob", role="clerk", pattern="team/*")
    make(closed, "root", subject="bob", role="maintainer", pattern="team/*", effect="deny")
    assert ask(closed, "bob", "POST", KEYS, json=SIGNS).status_code == 403


def test_commands(closed):
    def run(*arguments, **options):
        return closed.assay("key-grant", *arguments, **options).stdout
    assert "no signing rule" in run("list")
    assert run("create", "release", "release-2026", "prod/*", "--until", "90d") == "rule release may sign by key release-2026 on prod/*\n"
    lines = run("list", "--key", "release-2026").splitlines()
    assert lines[0].split() == ["ID", "RULE", "KEY", "VERB", "ON", "UNTIL", "BY"] and "prod/*" in lines[1]
    assert run("end", lines[1].split()[0]) == f"ended key grant {lines[1].split()[0]}\n"
    assert "none that you manage" in closed.assay("key-grant", "end", "999", check=2).stderr
    assert PASSWORD not in run("list", "--format", "json")
