"""`assay whoami` and its route: who asks, by what, and what they may."""
import json
import subprocess

import pytest

PASSWORD = "correct horse"


@pytest.fixture
def closed(start_server):
    server = start_server(config="access: {mode: closed}")
    server.make("users", {"name": "root", "password": PASSWORD, "administrator": True})
    server.make("users", {"name": "alice", "password": PASSWORD})
    server.make("teams", {"name": "dev"})
    server.request("PUT", "/api/v1/teams/dev/members/alice", headers=server.operator())
    server.make("grants", {"kind": "team", "subject": "dev", "role": "developer", "pattern": "team/*"})
    server.make("grants", {"subject": "alice", "role": "guest", "pattern": "*"})
    server.make("grants", {"kind": "everyone", "role": "developer", "pattern": "team/secret", "effect": "deny"})
    server.make("grants", {"subject": "root", "role": "guest", "pattern": "roots/*"})
    return server


def who(server, **options):
    answer = server.request("GET", "/api/v1/whoami", **options)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store", answer.text
    return answer.json()


def rights(told):
    return {row["pattern"]: (set(row["verbs"]), set(row["denied"]), row["roles"]) for row in told["rights"]}


def test_rights_by_pattern(closed):
    told = who(closed, auth=("alice", PASSWORD))
    assert (told["name"], told["kind"], told["how"], told["teams"]) == ("alice", "person", "password", ["dev"])
    roles = closed.request("GET", "/api/v1/roles", headers=closed.operator()).json()["roles"]
    guest, developer = (next(set(role["verbs"]) for role in roles if role["name"] == name) for name in ("guest", "developer"))
    assert guest < developer
    assert rights(told) == {"*": (guest, set(), ["guest"]), "team/*": (developer, set(), ["developer", "guest"]),
                            "team/secret": (set(), developer, ["developer", "guest"])}
    # It says what a request finds.
    for repository, verb in (("team/app", "push"), ("team/secret", "pull"), ("other/app", "pull"), ("other/app", "push")):
        allowed = closed.request("GET", f"/api/v1/access/explain?verb={verb}&repository={repository}", auth=("alice", PASSWORD)).json()
        told_of = {"team/app": "team/*", "team/secret": "team/secret"}.get(repository, "*")
        assert allowed["allowed"] == (verb in rights(told)[told_of][0]), (repository, verb)


def test_a_token_is_cut_down(closed):
    body = {"name": "laptop", "scopes": [{"pattern": "team/app", "verbs": ["pull"]}]}
    made = closed.request("POST", "/api/v1/user/tokens", auth=("alice", PASSWORD), json=body).json()
    told = who(closed, headers={"Authorization": f"Bearer {made['token']}"})
    assert told["how"] == "token" and told["token"] == made["id"]
    assert {pattern: verbs for pattern, (verbs, _, _) in rights(told).items() if verbs} == {"team/app": {"pull"}}


def test_others(closed, start_server):
    assert closed.request("GET", "/api/v1/whoami").status_code == 401
    told = who(closed, headers=closed.operator())
    assert told["kind"] == "operator" and len(rights(told)["*"][0]) > 10 and told["teams"] == []
    secret = closed.make("robots", {"name": "ci"})["secret"]
    told = who(closed, auth=("ci", secret))
    assert (told["kind"], told["how"]) == ("robot", "robot") and set(rights(told)) == {"team/secret"}
    assert who(start_server())["kind"] == "open"


def test_the_command(closed):
    def run(*arguments, token=f"alice:{PASSWORD}"):
        return subprocess.run([str(closed.program), "whoami", *arguments], check=True, stdout=subprocess.PIPE, text=True, timeout=60,
                              env={"ASSAY_SERVER": closed.address, "ASSAY_TOKEN": token, "PATH": "/usr/bin:/bin",
                                   "HOME": str(closed.folder)}).stdout
    text = run()
    assert text.startswith("name    alice\nkind    person\nby      password\nteams   dev\n") and "team/secret" in text
    assert json.loads(run("--format", "json"))["rights"] == who(closed, auth=("alice", PASSWORD))["rights"]
