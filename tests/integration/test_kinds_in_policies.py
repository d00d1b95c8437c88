"""Which severities of which kind block, and what an allow list takes out again: alike at pulls and in `assay scan --policy`."""
import hashlib
import json

import pytest

import gate
from clamd import EICAR
from gate import import_advisories, push_layout
from oci_layout import Layout

SECRET = "AKIA" + "QZ3WX7PLMK5TDV2N"
FILES = {**gate.alpine_files(), "app/.env": f"AWS_ACCESS_KEY_ID={SECRET}\n", "opt/e.com": EICAR,
         "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/shadow": "root::19000:0:99999:7:::\n"}
KEYS = {"secret": "secrets", "malware": "malware", "baseline": "baseline", "configuration": "configuration"}
SEVERITIES = ["critical", "high", "medium", "low", "negligible", "unknown"]
LATER, BEFORE = "2099-12-31", "2020-01-31"


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    layout = Layout(tmp_path_factory.mktemp("kinds") / "image")
    layout.add_image("v1", [FILES], config_members={"config": {"Cmd": ["/bin/sh"], "ExposedPorts": {"22/tcp": {}}},
                                                   "history": [{"created_by": "RUN /bin/sh -c apk add curl"}]})
    return layout.folder


def findings_by_kind(server, digest):
    told = server.get_json(f"/api/v1/images/{digest}/findings?limit=1000&kind={','.join(KEYS)}")
    return {kind: [each for each in told["findings"] if each["kind"] == kind] for kind in KEYS}


def allow(finding, **members):
    return {"id": finding["id"], "reason": "reviewed", **members}


def cases_of(kind, findings):
    """(name, what blocks, the allow list, whether it is refused). All findings of the severity that blocks are of one rule, or all
    are allowed."""
    first = findings[0]
    severity, of_severity = first["severity"], [each for each in findings if each["severity"] == first["severity"]]
    every = [allow(each) for each in of_severity]
    yield "all", "block", [], True
    yield "none", "allow", [], False
    yield "its severity", [severity], [], True
    yield "others", [each for each in SEVERITIES if each not in {one["severity"] for one in findings}], [], False
    yield "by rule", [severity], every, False
    yield "by rule until later", [severity], [{**each, "expires": LATER} for each in every], False
    yield "by rule until before", [severity], [{**each, "expires": BEFORE} for each in every], True
    yield "by another rule", [severity], [allow({"id": "another-rule"})], True
    if all(each.get("location") for each in of_severity):
        yield "by path", [severity], [allow(each, path=each["location"]) for each in of_severity], False
        yield "by another path", [severity], [allow(each, path="another/*") for each in of_severity], True
    if all(each.get("same") for each in of_severity):
        yield "by hash", [severity], [allow(each, value=value) for each in of_severity for value in (each["same"], each["scanned"])], False
        yield "by another hash", [severity], [allow(each, value="0" * len(each["same"])) for each in of_severity], True


def test_levels(start_server, assay, layout, tmp_path):
    server = start_server(policy="strict")
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    push_layout(server, layout, "v1", "any/app")
    digest = gate.digest_at(server, "any/app", "v1")
    assert server.wait_for_scan("any/app", digest)["state"] == "done"
    found = findings_by_kind(server, digest)
    assert all(found.values()), {kind: len(each) for kind, each in found.items()}
    # The hash of a secret is made with the key of an installation, and `assay scan` has one of its own.
    given = ("--data", server.data, "--offline")
    scanned = json.loads(assay("scan", *given, "--kind", ",".join(KEYS), "--format", "json", f"oci:{layout}:v1").stdout)["findings"]
    for each in sum(found.values(), []):
        each["scanned"] = next(one.get("same") for one in scanned if (one["id"], one.get("location")) == (each["id"], each.get("location")))
    assert found["malware"][0]["same"] == found["malware"][0]["scanned"] == hashlib.sha256(EICAR.encode()).hexdigest()
    assert found["secret"][0]["same"] != found["secret"][0]["scanned"]
    cases, policies = [], []
    for kind, findings in found.items():
        for name, block, allowed, refused in cases_of(kind, findings):
            number = len(cases)
            cases.append((f"{kind} {name}", f"c{number}/app", refused))
            blocks = {"block": block} if isinstance(block, list) else block
            policies.append({"name": f"p{number}", "namespaces": [f"c{number}/**"], KEYS[kind]: blocks, "unscanned": "allow",
                             **({"allowlist": allowed} if allowed else {})})
    names = {name for name, _, _ in cases}
    assert {"secret by hash", "malware by hash", "malware by path", "baseline by path", "configuration by rule until before"} <= names
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"policies": policies}, indent=1) + "\n")
    server.stop()
    server.config.write_text(server.config.read_text().replace("policy: strict", f"policy: {policy}"))
    server.start()
    gate.wait_for_advisories(server)
    for _, repository, _ in cases:
        push_layout(server, layout, "v1", repository)
    wrong = []
    for name, repository, refused in cases:
        status = server.request("GET", f"/v2/{repository}/manifests/v1").status_code
        if (status == 403) != refused or status not in (200, 403):
            wrong.append((name, "pull", status))
    for name, repository, refused in cases:
        code = assay("scan", *given, "--quiet", "--policy", policy, "--repository", repository, f"oci:{layout}:v1", check=None).returncode
        if code != (1 if refused else 0):
            wrong.append((name, "scan", code))
    assert not wrong
