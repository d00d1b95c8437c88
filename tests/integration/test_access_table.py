"""One table: role x verb x resource x endpoint, each cell over HTTP on every route of the description and of /v2/. What a route
answers must be what the role's verbs, the grant's pattern and the endpoint's services say together, in every cell, and both answers
must come up."""
import collections

import pytest
import requests

from assay_server import Server, free_port
from test_access import ASK_AGAIN, OF_SOME, all_routes, filled, is_of_a_repository, refused

# name: (verbs, repositories) that it serves; None: all.
ENDPOINTS = {"all": (None, "*"), "team": (None, "team/*"), "pull": (["pull"], "team/*"), "lists": (["list", "read-findings"], "*"),
             "none": ([], "*")}
OWN, OTHER = "team/app", "other/app"


@pytest.fixture(scope="module")
def closed(program, tmp_path_factory):
    """For each role R the robots R (on team/*), R-all (on everything) and R-denied (on everything, and denied on team/*)."""
    ports = {name: free_port() for name in ENDPOINTS}
    lines = []
    for name, (verbs, repositories) in ENDPOINTS.items():
        served = "" if verbs is None else f", verbs: [{', '.join(verbs)}]"
        lines.append(f"  - {{name: e-{name}, listen: '127.0.0.1:{ports[name]}', allow: 127.0.0.0/8, repositories: ['{repositories}']{served}}}")
    server = Server(program, tmp_path_factory.mktemp("table"), config="access: {mode: closed}\nendpoints:\n" + "\n".join(lines))
    server.start()
    server.make("users", {"name": "root", "password": "correct horse battery", "administrator": True})
    server.make("roles", {"name": "signer", "verbs": ["sign"]})
    roles = server.request("GET", "/api/v1/roles", headers=server.operator()).json()["roles"]
    server.roles = {role["name"]: set(role["verbs"]) for role in roles}
    server.secrets = {}
    for role in server.roles:
        for name, grants in ((role, [("allow", "team/*")]), (f"{role}-all", [("allow", "*")]),
                             (f"{role}-denied", [("allow", "*"), ("deny", "team/*")])):
            server.secrets[name] = server.make("robots", {"name": name})["secret"]
            for effect, pattern in grants:
                server.make("grants", {"kind": "principal", "subject": name, "role": role, "pattern": pattern, "effect": effect})
    with requests.Session() as session:
        def ask(endpoint, name, method, path):
            body = {"data": b"{}", "headers": {"Content-Type": "application/json"}} if method in ("POST", "PATCH", "PUT") else {}
            return session.request(method, f"http://127.0.0.1:{ports[endpoint]}{path}", auth=(name, server.secrets[name]), timeout=60, **body)
        server.ask = ask
        yield server
    server.stop()


def test_no_route_is_missing(closed):
    """Each is about a repository, several of them, or none; a new one that is of several says so here, or its cells are wrong below."""
    routes = all_routes()
    assert len({(method, path) for method, path, _ in routes}) == len(routes)
    verbs = set().union(*closed.roles.values())
    assert {verb for _, _, verb in routes} <= verbs | {"none"}
    assert {route for route in OF_SOME} <= {f"{method} {path}" for method, path, _ in routes}, "what is gone"
    # Each verb is one that some role has and another has not, so that each of its cells comes up both ways.
    for verb in {verb for _, _, verb in routes} - {"none"}:
        having = [role for role, own in closed.roles.items() if verb in own]
        assert having and len(having) < len(closed.roles), verb


def serves(endpoint, verb, kind, repository):
    verbs, repositories = ENDPOINTS[endpoint]
    if verbs is not None and verb not in verbs:
        return False
    if kind == "some":
        return True
    return repositories == "*" or kind == "repository" and repository.startswith("team/")


def may(verbs, name, verb, kind, repository):
    """What the grants say: of somebody whose role has these verbs."""
    if verb not in verbs:
        return False
    if kind == "some":
        return True
    if kind == "none":
        return name.endswith(("-all", "-denied"))
    team = repository.startswith("team/")
    return team if not name.endswith(("-all", "-denied")) else not (team and name.endswith("-denied"))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_each_cell(closed, endpoint):
    wrong, seen = [], collections.defaultdict(set)
    for method, path, verb in all_routes():
        if verb == "none":
            continue
        route = f"{method} {path}"
        kind = "repository" if is_of_a_repository(path) else "some" if route in OF_SOME else "none"
        for name in closed.secrets:
            verbs = closed.roles[name.removesuffix("-all").removesuffix("-denied")]
            for repository in (OWN, OTHER) if kind == "repository" else (OWN,):
                served, allowed = serves(endpoint, verb, kind, repository), may(verbs, name, verb, kind, repository)
                answer = closed.ask(endpoint, name, method, filled(path, repository))
                by_endpoint = answer.status_code == 403 and f"endpoint e-{endpoint} serves" in answer.text
                yes = not by_endpoint and not refused(answer)
                seen[route].add(yes)
                if by_endpoint == served or (served and yes != allowed and not (allowed and route in ASK_AGAIN)):
                    # Of several: only what the endpoint serves of them is asked about, and that may be nothing of theirs.
                    if not (kind == "some" and served and not yes and allowed):
                        wrong.append((endpoint, name, route, repository, answer.status_code, answer.text[:150]))
    assert wrong == [] and len(seen) > 70
    if endpoint == "all":
        one_way = [route for route, answers in seen.items() if len(answers) < 2 and route not in ASK_AGAIN]
        assert one_way == [], "each came up both ways"


def test_ones_own_account(closed):
    """It needs no right, and is changed by an endpoint that serves all alone: a password that was stolen makes no token at one for pulls."""
    routes = [(method, path) for method, path, _ in all_routes() if path.startswith("/api/v1/user/") and method != "GET"]
    assert len(routes) >= 6
    for method, path in routes:
        for endpoint in ENDPOINTS:
            answer = closed.ask(endpoint, "guest", method, filled(path))
            refused_here = answer.status_code == 403 and f"endpoint e-{endpoint} serves" in answer.text
            assert refused_here == (endpoint != "all"), (method, path, endpoint, answer.status_code, answer.text)
