"""What a namespace looks for in its images, and when."""
import io
import secrets
import sqlite3
import string
import time
import zipfile

import pytest

import gate
from gate import import_advisories, pull, push_layout, refusal, wait_until
from oci_layout import Layout

POLICY = """
policies:
  - {name: all, namespaces: "**", unscanned: allow, vulnerabilities: {block: [critical, high]}, secrets: block, baseline: block}
"""


def set_namespace(server, name, **change):
    answer = server.request("PATCH", f"/api/v1/namespaces/{name}", json=change)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def image(tmp_path):
    """With vulnerable packages, a credential and a weak setting; (its layout, its digest)."""
    value = "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
    layout = Layout(tmp_path / "image")
    descriptor = layout.add_image("v1", [{**gate.alpine_files(), "app/.env": f"AWS_ACCESS_KEY_ID={value}\n",
                                          "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/shadow": "root::19000:0:99999:7:::\n"}])
    return layout.folder, descriptor["digest"]


@pytest.fixture
def server(start_server, assay, image):
    """Which has it in team/app and free/app, where both are judged."""
    server = start_server(policy=POLICY)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    for repository in ("team/app", "free/app"):
        push_layout(server, image[0], "v1", repository)
        wait_until(lambda repository=repository: "findings block" in refusal(server, repository, "v1"))
    return server


def kinds_of(server, digest, query=""):
    found = server.get_json(f"/api/v1/images/{digest}/findings?limit=1000{query}")
    assert found["total"] == len(found["findings"]) == sum(found["kinds"].values())
    return {kind for kind, count in found["kinds"].items() if count > 0}


def counted(server, repository):
    """As the list of images has it, and as that of all images does."""
    listed = server.get_json(f"/api/v1/repositories/{repository}/images")["images"][0]
    standing = wait_until(lambda: next((each for each in server.get_json("/api/v1/images")["images"]
                                        if each["repository"] == repository and each["gate"]["current"]), None))
    return sum(listed["scan"]["findings"].values()), sum(standing["findings"].values())


def test_kinds_that_are_not_looked_for(server, assay, image):
    _, digest = image
    everything = kinds_of(server, digest, "&repository=team/app")
    assert {"vulnerability", "secret", "baseline"} <= everything
    total = len(server.get_json(f"/api/v1/images/{digest}/findings?limit=1000")["findings"])
    assert counted(server, "team/app") == (total, total)

    assay("namespace", "set", "--server", server.url, "--without", "secret,baseline,configuration", "team")
    assert set_namespace(server, "team")["without"] == ["secret", "baseline", "configuration"]
    # Whose name begins alike is another's.
    set_namespace(server, "fre", without=["vulnerability", "secret"])
    assert kinds_of(server, digest, "&repository=team/app") == {"vulnerability"}
    assert kinds_of(server, digest, "&repository=free/app") == everything == kinds_of(server, digest)
    left = wait_until(lambda: counted(server, "team/app")[0] < total and counted(server, "team/app"))
    assert wait_until(lambda: len(set(counted(server, "team/app"))) == 1) and left[0] < total
    assert counted(server, "free/app") == (total, total)
    for word in ("aws-access-key-id", "empty-password"):
        verdicts = [str(server.get_json(f"/api/v1/images/{digest}/verdict?repository={name}/app")) for name in ("team", "free")]
        assert word not in verdicts[0] and word in verdicts[1]
    shown = assay("findings", "--server", server.url, "team/app:v1").stdout
    assert "aws-access-key-id" not in shown and "CVE-2019-14697" in shown
    assert "not for secret, baseline, configuration" in assay("namespace", "show", "--server", server.url, "team").stdout

    set_namespace(server, "team", without=["vulnerability", "secret", "baseline"])
    wait_until(lambda: pull(server, "team/app", "v1").status_code == 200)
    assert kinds_of(server, digest, "&repository=team/app") <= {"configuration"}
    change = wait_until(lambda: [each for each in server.get_json("/api/v1/changes")["changes"]
                                 if each["repository"] == "team/app" and each["to"]["gate"] == "warns"])[-1]
    assert change["why"] == "policy"
    # Nobody looks for what neither does.
    set_namespace(server, "free", without=["secret"])
    assert kinds_of(server, digest) == everything - {"secret"}

    # No layer was read again: it counts at once, also in a namespace that the image came to later.
    assay("namespace", "set", "--server", server.url, "--without", "none", "team")
    assert kinds_of(server, digest, "&repository=team/app") == everything
    assert "findings block" in refusal(server, "team/app", "v1")
    wait_until(lambda: counted(server, "team/app") == (total, total))


def test_what_malware_was_not_looked_for_in(start_server, assay, tmp_path):
    """It is no gap where nobody looks for malware; other gaps are."""
    def nested(name):
        """A script in more archives in each other than are opened, and a package database that is none for `broken`."""
        inside = b"#!/bin/sh\n"
        for _ in range(7):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("inner.zip", inside)
            inside = packed.getvalue()
        broken = {"var/lib/rpm/rpmdb.sqlite": b"\1" * 5000} if name == "broken" else {}
        return layout.add_image(name, [{**gate.alpine_files(), "opt/nested.zip": inside, **broken}])
    layout = Layout(tmp_path / "nested")
    server = start_server(policy="strict")
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    set_namespace(server, "free", without=["malware", "vulnerability", "configuration"])
    set_namespace(server, "team", without=["vulnerability", "configuration"])
    for name in ("nested", "broken"):
        nested(name)
        for repository in ("team/app", "free/app"):
            push_layout(server, layout.folder, name, repository)
    wait_until(lambda: "malware unscanned" in refusal(server, "team/app", "nested"))
    wait_until(lambda: pull(server, "free/app", "nested").status_code == 200)
    # Nor is what concerns packages, where nobody looks for anything in them. Programs are compared with their database, too.
    set_namespace(server, "free", without=["malware", "vulnerability", "configuration", "baseline"])
    wait_until(lambda: pull(server, "free/app", "broken").status_code == 200)
    set_namespace(server, "free", without=["malware", "configuration"])
    told = wait_until(lambda: "could not be read whole" in refusal(server, "free/app", "broken") and refusal(server, "free/app", "broken"))
    assert "malware" not in told


def test_without_advisories(start_server, image):
    """They are no gap where nobody looks for what they tell of."""
    layout, digest = image
    server = start_server(policy="policies:\n  - {name: all, namespaces: ['**'], unscanned: block}\n")
    set_namespace(server, "free", without=["vulnerability"])
    for repository in ("team/app", "free/app"):
        push_layout(server, layout, "v1", repository)
        assert server.wait_for_scan(repository, digest)["state"] == "done"
    wait_until(lambda: "no advisories" in refusal(server, "team/app", "v1"))
    wait_until(lambda: pull(server, "free/app", "v1").status_code == 200)
    assert "Warning" not in pull(server, "free/app", "v1").headers
    assert server.get_json(f"/api/v1/images/{digest}/findings?kind=secret&repository=free/app")["incomplete"] == []
    assert server.get_json(f"/api/v1/images/{digest}/findings?kind=secret&repository=team/app")["incomplete"] != []
    listed = server.get_json("/api/v1/repositories/free/app/images")["images"][0]["scan"]
    assert "advisories" not in str(listed.get("incomplete", []))


def test_an_owner_does_not_switch_off_what_policies_see(start_server):
    server, password = start_server(config="access: {mode: closed}"), "correct horse"
    for name, roles in (("owner", ["owner"]), ("both", ["owner", "security-manager"])):
        server.make("users", {"name": name, "password": password})
        for role in roles:
            server.make("grants", {"kind": "principal", "subject": name, "role": role, "pattern": "team/*"})

    def change(who, **members):
        answer = server.request("PATCH", "/api/v1/namespaces/team", auth=(who, password), json=members)
        return answer.status_code, answer.text
    for members in ({"without": ["malware"]}, {"scan": "manual"}, {"sbom": "none", "without": []}):
        status, told = change("owner", **members)
        assert status == 403 and "manage-policy" in told
        assert change("both", **members)[0] == 200
    assert change("owner", sbom="none")[0] == 200


def test_a_kind_that_is_none(server):
    answer = server.request("PATCH", "/api/v1/namespaces/team", json={"without": ["secret", "secrets"]})
    assert answer.status_code == 400 and "vulnerability, malware, secret" in answer.json()["detail"]
    assert set_namespace(server, "team", sbom=None)["without"] == []


DEFAULTS = "registry:\n  namespaces: {without: [secret, baseline, configuration], scan: manual}\n"


def test_defaults_of_the_server(start_server, assay, image):
    """They hold where a namespace does not say otherwise, and a change of theirs counts from the start on."""
    layout, digest = image
    server = start_server(policy=POLICY, config=DEFAULTS)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    told = set_namespace(server, "own", without=[], scan="push")
    assert told["inherited"] == [] and told["without"] == []
    told = set_namespace(server, "team", sbom="none")
    assert told["inherited"] == ["without", "scan"] and told["without"] == ["secret", "baseline", "configuration"] and told["scan"] == "manual"
    for repository in ("team/app", "free/app"):
        push_layout(server, layout, "v1", repository)
        assert scan_of(server, repository)["state"] == "deferred"
    shown = assay("namespace", "show", "--server", server.url, "free").stdout
    assert "not for secret, baseline, configuration (default)" in shown and "by hand (default)" in shown
    push_layout(server, layout, "v1", "own/app")
    wait_until(lambda: "secret blocks" in refusal(server, "own/app", "v1"))
    for repository in ("team/app", "free/app"):
        wait_until(lambda repository=repository: "findings block" in refusal(server, repository, "v1"))
        assert "secret" not in refusal(server, repository, "v1")
        wait_until(lambda repository=repository: len({*counted(server, repository)}) == 1)
    before = counted(server, "team/app")
    shown = assay("namespace", "set", "--server", server.url, "--scan", "default", "--without", "default", "own").stdout
    assert "(default)" in shown and "secret" not in wait_until(lambda: "secret" not in refusal(server, "own/app", "v1") and refusal(server, "own/app", "v1"))
    server.stop()
    server.config.write_text(server.config.read_text().replace(DEFAULTS, ""))
    server.start()
    gate.wait_for_advisories(server)
    wait_until(lambda: "secret blocks" in refusal(server, "team/app", "v1"))
    wait_until(lambda: counted(server, "team/app")[1] > before[1])
    assert set_namespace(server, "team", sbom="none")["scan"] == "push"


def test_wrong_defaults(assay, tmp_path):
    for wrong in ("without: [secrets]", "scan: noon"):
        (tmp_path / "assay.yaml").write_text(f"registry:\n  namespaces: {{{wrong}}}\n")
        told = assay("serve", "--config", str(tmp_path / "assay.yaml"), check=2).stderr
        assert f"registry.namespaces.{wrong.split(':')[0]}" in told and "must be" in told


def test_settings_of_before_there_were_defaults(start_server):
    """What was written down with others that were set was never set."""
    server = start_server(config=DEFAULTS)
    set_namespace(server, "team", sbom="spdx")
    set_namespace(server, "own", without=["secret"], scan="02:30")
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute("UPDATE namespaces SET settings = '{\"immutable\":[],\"sbom\":\"spdx\",\"without\":[],\"scan\":\"push\"}' WHERE name = 'team'")
        database.execute("DROP TABLE running_images")  # of a later step
        database.execute("UPDATE schema_rooms SET version = 14 WHERE room = 'registry'")
    server.start()
    team, own = (server.get_json(f"/api/v1/namespaces/{name}") for name in ("team", "own"))
    assert (team["scan"], team["sbom"], team["inherited"]) == ("manual", "spdx", ["without", "scan"])
    assert (own["scan"], own["without"], own["inherited"]) == ("02:30", ["secret"], [])


def scan_of(server, repository):
    return server.get_json(f"/api/v1/repositories/{repository}/images")["images"][0]["scan"]


def test_scans_by_hand(start_server, assay, image):
    layout, digest = image
    server = start_server(policy=POLICY.replace('"**", unscanned: allow', '"team/**", unscanned: block'))
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    set_namespace(server, "team", scan="manual")
    set_namespace(server, "free", scan="manual")
    for repository in ("team/app", "free/app"):
        push_layout(server, layout, "v1", repository)
        assert scan_of(server, repository)["state"] == "deferred"
    began = gate.inspections(server)
    message = refusal(server, "team/app", "v1")
    assert "it is not scanned: namespace " in message and "by hand (assay image scan)" in message
    answer = pull(server, "free/app", "v1")
    assert answer.status_code == 200 and "not scanned" in answer.headers["Warning"]
    unscanned = server.request("GET", f"/api/v1/images/{digest}/findings")
    assert unscanned.status_code == 409 and "by hand" in unscanned.json()["detail"]
    assert "by hand" in assay("findings", "--server", server.url, "team/app:v1", check=2).stderr
    # Nor does a start, or another push.
    server.stop()
    server.start()
    gate.wait_for_advisories(server)
    push_layout(server, layout, "v1", "team/app")
    assert scan_of(server, "team/app")["state"] == "deferred" and gate.inspections(server) == 0 == began

    # Neither policy's answer would last, so a trial counts it as one that is not known yet.
    assert "2 images not judged" in assay("policy", "test", "strict", "--server", server.url, check=1).stdout

    assert "is being scanned" in assay("image", "scan", "--server", server.url, "team/app:v1").stdout
    asked = [each for each in server.get_json("/api/v1/events?limit=1000")["events"] if each["type"] == "image.scan_asked"]
    assert [each["subject"] for each in asked] == [digest]
    assert "aws-access-key-id" in assay("findings", "--server", server.url, "team/app:v1").stdout
    wait_until(lambda: "findings block" in refusal(server, "team/app", "v1"))
    assert "is scanned already" in assay("image", "scan", "--server", server.url, "free/app:v1").stdout
    assert server.request("POST", f"/api/v1/images/sha256:{'0' * 64}/scan").status_code == 404


def test_scans_at_a_time_of_the_day(start_server, assay, image):
    layout, digest = image
    server = start_server(policy=POLICY)
    import_advisories(assay, server)
    at = time.strftime("%H:%M", time.gmtime(time.time() + 6 * 3600))
    set_namespace(server, "team", scan=at)
    set_namespace(server, "late", scan="manual")
    set_namespace(server, "soon", scan="manual")
    other = Layout(layout.parent / "other")
    other.add_image("v1", [gate.alpine_files(extra="other")])
    push_layout(server, layout, "v1", "late/app")
    push_layout(server, layout, "v1", "team/app")
    push_layout(server, other.folder, "v1", "soon/app")
    scan = scan_of(server, "late/app")
    assert scan["state"] == "deferred" and scan["retry_at"].endswith(f"T{at}:00Z") and f"at {at} UTC, or by hand" in scan["error"]
    # What the settings say counts for what has come before.
    set_namespace(server, "soon", scan="push")
    wait_until(lambda: scan_of(server, "soon/app")["state"] == "done")
    # The hour came while the server was away.
    assert scan_of(server, "team/app") == scan
    server.stop()
    with sqlite3.connect(f"{server.data}/metadata.db") as database:
        assert database.execute("UPDATE images SET retry_at = ? WHERE retry_at IS NOT NULL", (int(time.time() * 1e6) - 10,)).rowcount == 1
    server.start()
    wait_until(lambda: scan_of(server, "team/app")["state"] == "done")
    assert scan_of(server, "late/app")["state"] == "done"


@pytest.mark.parametrize("when", ["", "daily", "2:30", "24:00", "12:60", "02:30:00", "now"])
def test_a_time_that_is_none(server, when):
    answer = server.request("PATCH", "/api/v1/namespaces/team", json={"scan": when})
    assert answer.status_code == 400 and "02:30" in answer.json()["detail"]
