"""Roles and grants: who may give what to whom, by API and by command, and why somebody may or may not."""
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

CLOSED = "access:\n  mode: closed\n"
PASSWORD = "correct horse"


def with_people(start_server, config=""):
    """A server that is closed, with the people whom the cases are about."""
    server = start_server(config=CLOSED + config)
    for name in ("root", "olga", "bob"):
        body = {"name": name, "password": PASSWORD, "administrator": name == "root"}
        assert server.request("POST", "/api/v1/users", json=body, headers=server.operator()).status_code == 201
    make(server, "operator", subject="olga", role="owner", pattern="team/*")
    return server


@pytest.fixture
def closed(start_server):
    return with_people(start_server)


def ask(server, who, method, path, **options):
    """As the operator, as nobody (None), or as a person."""
    if who == "operator":
        options["headers"] = server.operator()
    elif who is not None:
        options["auth"] = (who, PASSWORD)
    return server.request(method, path, **options)


def make(server, who, expect=201, **grant):
    answer = ask(server, who, "POST", "/api/v1/grants", json=grant)
    assert answer.status_code == expect, f"{who} {grant}: {answer.status_code} {answer.text}"
    return answer.json()


def test_grants_by_api(closed):
    made = make(closed, "root", subject="bob", role="developer", pattern="team/app", tags="v*", until="2999-01-31T00:00:00Z")
    assert made["created_by"] == "root" and made["effect"] == "allow" and made["until"] == "2999-01-31T00:00:00Z"
    assert ask(closed, "root", "GET", f"/api/v1/grants/{made['id']}").json() == made
    listed = ask(closed, "root", "GET", "/api/v1/grants?subject=bob").json()["grants"]
    assert listed == [made]
    assert ask(closed, "root", "GET", "/api/v1/grants?pattern=team/*&role=owner").json()["grants"][0]["subject"] == "olga"
    pages, last = [], None
    while True:
        page = ask(closed, "root", "GET", "/api/v1/grants", params={"limit": 1, **({"last": last} if last else {})}).json()
        pages += page["grants"]
        last = page.get("next")
        if last is None:
            break
    assert [grant["id"] for grant in pages] == sorted({grant["id"] for grant in pages}) and len(pages) == 3
    # What is said twice is refused, and what is gone is never meant again.
    assert "says that already" in json.dumps(make(closed, "root", expect=409, subject="bob", role="developer", pattern="team/app", tags="v*"))
    assert ask(closed, "root", "DELETE", f"/api/v1/grants/{made['id']}").status_code == 204
    assert ask(closed, "root", "DELETE", f"/api/v1/grants/{made['id']}").status_code == 404
    again = make(closed, "root", subject="bob", role="developer", pattern="team/app", tags="v*")
    assert again["id"] > made["id"]


@pytest.mark.parametrize("grant,status,words", [
    ({"subject": "nobody", "role": "guest", "pattern": "a"}, 404, "no person or robot"),
    ({"kind": "team", "subject": "dev", "role": "guest", "pattern": "a"}, 404, "no team dev"),
    ({"subject": "bob", "role": "lord", "pattern": "a"}, 404, "no role lord"),
    ({"role": "guest", "pattern": "a"}, 400, "subject"),
    ({"kind": "everyone", "subject": "bob", "role": "guest", "pattern": "a"}, 400, "subject"),
    ({"subject": "bob", "role": "guest", "pattern": "A b"}, 400, "pattern"),
    ({"subject": "bob", "role": "guest", "pattern": ""}, 400, "pattern"),
    ({"subject": "bob", "role": "guest", "pattern": "a", "tags": "a b"}, 400, "tags"),
    ({"subject": "bob", "role": "guest", "pattern": "a", "until": "yesterday"}, 400, "until"),
    ({"subject": "bob", "role": "guest", "pattern": "a", "until": "2020-01-01T00:00:00Z"}, 400, "past"),
    ({"subject": "bob", "role": "guest", "pattern": "a", "effect": "perhaps"}, 400, "effect"),
    ({"kind": "anonymous", "role": "developer", "pattern": "a"}, 400, "not logged in"),
])
def test_what_is_no_grant(closed, grant, status, words):
    answer = ask(closed, "operator", "POST", "/api/v1/grants", json=grant)
    assert answer.status_code == status and words in answer.text


def test_nobody_makes_more_of_his_rights(closed):
    """An owner of team/* stays within it, and within what an owner may."""
    assert make(closed, "olga", subject="bob", role="developer", pattern="team/app")["created_by"] == "olga"
    for grant in ({"subject": "olga", "role": "administrator", "pattern": "*"},
                  {"subject": "olga", "role": "administrator", "pattern": "team/*"},
                  {"subject": "olga", "role": "owner", "pattern": "*"},
                  {"subject": "bob", "role": "guest", "pattern": "**"},
                  {"subject": "bob", "role": "guest", "pattern": "t*"},
                  {"subject": "bob", "role": "guest", "pattern": "other/app"},
                  {"subject": "root", "role": "administrator", "pattern": "team/*", "effect": "deny"},
                  {"kind": "everyone", "role": "auditor", "pattern": "team/*"}):
        make(closed, "olga", expect=403, **grant)
    # Bob is a developer there: he gives nothing.
    make(closed, "bob", expect=403, subject="bob", role="developer", pattern="team/other")
    # Neither sees what is not theirs to manage, nor takes it away.
    first = ask(closed, "root", "GET", "/api/v1/grants?subject=root").json()["grants"][0]
    assert [grant["subject"] for grant in ask(closed, "olga", "GET", "/api/v1/grants").json()["grants"]] == ["olga", "bob"]
    assert ask(closed, "olga", "DELETE", f"/api/v1/grants/{first['id']}").status_code == 404
    assert ask(closed, "bob", "GET", "/api/v1/grants").status_code == 403
    assert ask(closed, None, "GET", "/api/v1/grants").status_code == 401
    # Roles are of all: an owner changes none.
    assert ask(closed, "olga", "POST", "/api/v1/roles", json={"name": "x", "verbs": ["pull"]}).status_code == 403


def test_who_manages_access_alone_becomes_nothing_else(closed):
    """A role of one's own with manage-access on all that there is, but no other right."""
    role = {"name": "clerk", "verbs": ["manage-access"]}
    assert ask(closed, "root", "POST", "/api/v1/roles", json=role).status_code == 201
    make(closed, "root", subject="bob", role="clerk", pattern="*")
    make(closed, "bob", expect=403, subject="bob", role="guest", pattern="team/app")
    assert ask(closed, "bob", "PATCH", "/api/v1/roles/clerk", json={"verbs": ["manage-access", "pull"]}).status_code == 403
    assert ask(closed, "bob", "POST", "/api/v1/roles", json={"name": "all", "verbs": ["pull"]}).status_code == 403
    # What is denied him he does not take away himself.
    denial = make(closed, "root", subject="bob", role="clerk", pattern="hr/*", effect="deny")
    assert ask(closed, "bob", "DELETE", f"/api/v1/grants/{denial['id']}").status_code == 403
    make(closed, "bob", expect=403, subject="olga", role="clerk", pattern="hr/app")


def test_a_grant_counts_at_once(closed):
    path = "/api/v1/repositories/team/app/images"
    assert ask(closed, "bob", "GET", path).status_code == 404
    made = make(closed, "olga", subject="bob", role="guest", pattern="team/*")
    allowed = ask(closed, "bob", "GET", path)
    assert "may see" not in allowed.text
    assert ask(closed, "olga", "DELETE", f"/api/v1/grants/{made['id']}").status_code == 204
    assert "may see" in ask(closed, "bob", "GET", path).text


def test_the_last_administrator_stays(closed):
    grant = ask(closed, "root", "GET", "/api/v1/grants?subject=root").json()["grants"][0]
    assert ask(closed, "root", "DELETE", f"/api/v1/grants/{grant['id']}").status_code == 409
    make(closed, "root", subject="olga", role="administrator", pattern="*")
    assert ask(closed, "olga", "DELETE", f"/api/v1/grants/{grant['id']}").status_code == 204
    assert ask(closed, "root", "GET", "/api/v1/users").status_code == 403
    for command in ("delete", "disable"):
        assert "make another administrator first" in closed.assay("user", command, "olga", check=2).stderr
    assert ask(closed, "olga", "GET", "/api/v1/users").status_code == 200
    assert ask(closed, "olga", "DELETE", "/api/v1/users/root").status_code == 204


def test_the_last_administrator_stays_in_every_way(closed):
    """Whoever asks, also the operator: not disabled, not deleted, not denied; and who is one by a team counts."""
    def status(method, path, **body):
        return ask(closed, "operator", method, path, **({"json": body} if body else {})).status_code
    everyone = {"kind": "everyone", "role": "administrator", "effect": "deny", "pattern": "*"}
    assert status("PATCH", "/api/v1/users/root", disabled=True) == 409
    assert status("DELETE", "/api/v1/users/root") == 409
    assert status("POST", "/api/v1/grants", **everyone) == 409
    assert status("PATCH", "/api/v1/users/root", display="Root") == 200 and status("PATCH", "/api/v1/users/olga", disabled=True) == 200
    assert status("POST", "/api/v1/teams", name="admins") == 201 and status("PUT", "/api/v1/teams/admins/members/olga") == 204
    make(closed, "operator", kind="team", subject="admins", role="administrator", pattern="*")
    assert status("DELETE", "/api/v1/users/root") == 409, "olga is disabled"
    assert status("PATCH", "/api/v1/users/olga", disabled=False) == 200 and status("DELETE", "/api/v1/users/root") == 204
    assert status("DELETE", "/api/v1/teams/admins/members/olga") == 409 and status("DELETE", "/api/v1/teams/admins") == 409
    assert ask(closed, "olga", "GET", "/api/v1/users").status_code == 200


def test_two_administrators_do_not_end_each_other(closed):
    for _ in range(3):
        make(closed, "operator", subject="olga", role="administrator", pattern="*")
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda name: ask(closed, "operator", "PATCH", f"/api/v1/users/{name}", json={"disabled": True}),
                                    ["root", "olga"]))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        for name in ("root", "olga"):
            assert ask(closed, "operator", "PATCH", f"/api/v1/users/{name}", json={"disabled": False}).status_code == 200
        grant = ask(closed, "root", "GET", "/api/v1/grants?subject=olga&role=administrator").json()["grants"][0]
        assert ask(closed, "operator", "DELETE", f"/api/v1/grants/{grant['id']}").status_code == 204


def test_roles(closed):
    built_in = [role["name"] for role in ask(closed, "olga", "GET", "/api/v1/roles").json()["roles"]]
    assert built_in[0] == "guest" and "administrator" in built_in
    made = ask(closed, "root", "POST", "/api/v1/roles", json={"name": "pusher", "verbs": ["pull", "push"], "description": "ships"})
    assert made.status_code == 201 and made.json()["verbs"] == ["pull", "push"] and not made.json()["built_in"]
    for body, status in (({"name": "pusher", "verbs": ["pull"]}, 409), ({"name": "guest", "verbs": ["pull"]}, 409),
                         ({"name": "X", "verbs": ["pull"]}, 400), ({"name": "x", "verbs": ["fly"]}, 400), ({"name": "x", "verbs": []}, 400)):
        assert ask(closed, "root", "POST", "/api/v1/roles", json=body).status_code == status, body
    assert ask(closed, "root", "PATCH", "/api/v1/roles/guest", json={"verbs": ["push"]}).status_code == 404
    grant = make(closed, "root", subject="bob", role="pusher", pattern="team/app")
    assert explain(closed, "root", who="bob", verb="delete", repository="team/app")["allowed"] is False
    assert ask(closed, "root", "PATCH", "/api/v1/roles/pusher", json={"verbs": ["pull", "push", "delete"]}).json()["description"] == "ships"
    assert explain(closed, "root", who="bob", verb="delete", repository="team/app")["allowed"] is True
    assert ask(closed, "root", "DELETE", "/api/v1/roles/pusher").status_code == 409
    assert ask(closed, "root", "DELETE", f"/api/v1/grants/{grant['id']}").status_code == 204
    assert ask(closed, "root", "DELETE", "/api/v1/roles/pusher").status_code == 204
    assert ask(closed, "root", "GET", "/api/v1/roles/pusher").status_code == 404


def explain(server, asker, **question):
    answer = ask(server, asker, "GET", "/api/v1/access/explain", params=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_explanations(closed):
    allow = make(closed, "root", kind="everyone", role="developer", pattern="team/*")
    deny = make(closed, "root", subject="bob", role="developer", pattern="team/secret", effect="deny")
    told = explain(closed, "olga", who="bob", verb="push", repository="team/app")
    assert told["allowed"] and told["by"] == "grant" and [grant["id"] for grant in told["grants"]] == [allow["id"]]
    told = explain(closed, "root", who="bob", verb="push", repository="team/secret")
    assert not told["allowed"] and [grant["id"] for grant in told["grants"]] == [deny["id"], allow["id"]]
    assert str(deny["id"]) in told["reason"]
    assert explain(closed, "root", who="bob", verb="push", repository="other/app")["by"] == "nobody"
    assert explain(closed, "root", who="anonymous", verb="pull", repository="team/app")["by"] == "nobody"
    # Of oneself everybody may ask; of others, who manages access there.
    assert explain(closed, "bob", verb="push", repository="team/app")["who"] == "bob"
    assert ask(closed, "bob", "GET", "/api/v1/access/explain?who=olga&verb=push&repository=team/app").status_code == 403
    assert ask(closed, "olga", "GET", "/api/v1/access/explain?who=bob&verb=push&repository=other/app").status_code == 403
    assert ask(closed, None, "GET", "/api/v1/access/explain?verb=push&repository=team/app").status_code == 401
    assert ask(closed, "root", "GET", "/api/v1/access/explain?who=nobody&verb=push").status_code == 404
    assert ask(closed, "root", "GET", "/api/v1/access/explain?who=bob&verb=fly").status_code == 400
    # Who is disabled may nothing, whatever grants say.
    assert ask(closed, "root", "PATCH", "/api/v1/users/bob", json={"disabled": True}).status_code == 200
    told = explain(closed, "root", who="bob", verb="push", repository="team/app")
    assert not told["allowed"] and told["by"] == "account"


def test_explanations_of_endpoints(closed):
    """What an endpoint does not serve, no grant gives there; and the answer says which of both it is."""
    make(closed, "root", subject="bob", role="developer", pattern="team/*")
    made = ask(closed, "operator", "POST", "/api/v1/endpoints", json={
        "name": "pro", "listen": ["127.0.0.1:0"], "plain_http": True, "allow": ["10.2.0.0/16"], "verbs": ["pull"], "repositories": ["team/*"]})
    assert made.status_code == 201, made.text
    question = {"who": "bob", "verb": "push", "repository": "team/app"}
    assert explain(closed, "root", **question)["allowed"]
    told = explain(closed, "root", **question, endpoint="pro")
    assert not told["allowed"] and told["by"] == "endpoint" and told["endpoint"] == "pro"
    assert told["reason"] == "endpoint pro serves pull on team/*, and this is push on team/app"
    question["verb"] = "pull"
    told = explain(closed, "root", **question, endpoint="pro")
    assert told["allowed"] and told["by"] == "grant" and len(told["grants"]) == 1
    assert explain(closed, "root", **question, endpoint="pro", address="10.2.0.7")["allowed"]
    told = explain(closed, "root", **question, endpoint="pro", address="10.3.0.7")
    assert not told["allowed"] and told["by"] == "endpoint" and "10.3.0.7" in told["reason"]
    assert explain(closed, "root", **question, endpoint="default", address="10.3.0.7")["allowed"]
    for query, status in (("endpoint=none", 404), ("endpoint=pro&address=x", 400), ("address=10.2.0.7", 400)):
        assert ask(closed, "root", "GET", f"/api/v1/access/explain?verb=pull&repository=team/app&{query}").status_code == status
    own = "/api/v1/access/explain?verb=pull&repository=team/app&endpoint=pro"
    assert ask(closed, "bob", "GET", own).status_code == 200 and ask(closed, "bob", "GET", own + "&address=10.2.0.7").status_code == 403
    told = closed.assay("access", "explain", "bob", "push", "team/app:v1", "--endpoint", "pro", check=1).stdout
    assert told.startswith("no: endpoint pro serves pull on team/*")
    assert closed.assay("access", "explain", "bob", "pull", "team/app", "--endpoint", "pro", "--address", "10.2.0.7").stdout.startswith("yes")


def test_commands(closed):
    def run(*arguments, **options):
        return closed.assay(*arguments, **options).stdout
    assert "everyone is developer on team/*" in run("grant", "create", "everyone", "developer", "team/*")
    assert "tags v*, until 2999-01-31" in run("grant", "create", "bob", "guest", "team/app", "--tags", "v*", "--until", "2999-01-31")
    assert "anonymous is guest on library/*" in run("grant", "create", "--public", "library/*")
    assert ", until 20" in run("grant", "create", "bob", "guest", "team/other", "--until", "90d")
    assert "is denied" in run("grant", "create", "--deny", "principal:bob", "developer", "prod/*")
    assert closed.request("GET", "/v2/library/debian/manifests/12").status_code == 404  # not 401: all may
    listed = json.loads(run("grant", "list", "--format", "json"))
    assert {grant.get("subject", grant["kind"]) for grant in listed} == {"root", "olga", "everyone", "bob", "anonymous"}
    table = run("grant", "list", "--subject", "anonymous")
    assert "library/*" in table and "team/*" not in table
    number = next(grant["id"] for grant in listed if grant["kind"] == "anonymous")
    assert run("grant", "delete", number) == f"deleted grant {number}\n"
    assert closed.request("GET", "/v2/library/debian/manifests/12").status_code == 401
    assert "pull push" in run("role", "list")
    run("role", "create", "pusher", "pull", "push", "--description", "ships")
    run("role", "set", "pusher", "pull", "push", "list")
    assert json.loads(run("role", "list", "--format", "json"))[-1]["verbs"] == ["pull", "push", "list"]
    run("role", "delete", "pusher")
    assert run("access", "explain", "bob", "push", "team/app:v1").startswith("yes: ")
    assert run("access", "explain", "bob", "push", "prod/app", check=1).startswith("no: ")
    assert json.loads(run("access", "explain", "root", "read-audit", "*", "--format", "json"))["allowed"]
    for wrong in (["grant", "create", "bob", "guest"], ["grant", "create", "--public", "a", "b"],
                  ["grant", "create", "bob", "guest", "a", "--until", "soon"], ["grant", "delete", "999999"], ["role", "delete", "none"]):
        closed.assay(*wrong, check=2)
    assert "team:NAME" in closed.assay("grant", "create", "dev", "guest", "a", check=2).stderr
    assert "assay role list" in closed.assay("grant", "create", "bob", "none", "a", check=2).stderr
    said = closed.assay("user", "list", check=2, env={"ASSAY_TOKEN": f"bob:{PASSWORD}"}).stderr
    assert "bob may not manage-access" in said and "assay access explain" in said


def test_each_change_is_told_once(closed):
    def told(of):
        events = ask(closed, "operator", "GET", "/api/v1/events?limit=1000").json()["events"]
        return [event["type"] for event in events if event["type"].startswith(of)]
    before = len(told("grant."))
    made = make(closed, "olga", subject="bob", role="guest", pattern="team/app")
    make(closed, "olga", expect=403, subject="bob", role="administrator", pattern="team/app")
    make(closed, "olga", expect=409, subject="bob", role="guest", pattern="team/app")
    ask(closed, "olga", "DELETE", f"/api/v1/grants/{made['id']}")
    assert told("grant.")[before:] == ["grant.created", "grant.deleted"]
    ask(closed, "root", "POST", "/api/v1/roles", json={"name": "x", "verbs": ["pull"]})
    ask(closed, "root", "PATCH", "/api/v1/roles/x", json={"verbs": ["push"]})
    ask(closed, "root", "DELETE", "/api/v1/roles/x")
    assert told("role.") == ["role.created", "role.changed", "role.deleted"]
