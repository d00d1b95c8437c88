"""Questions about all images: how they stand, which have a vulnerability, and what changed."""
import json
import re
import sqlite3

import pytest

import gate
from gate import FIXED, import_advisories, push_layout, wait_until
from oci_layout import Layout
from test_api import check_described

# By images.ALPINE_SECDB: findings of musl and openssl, which all have a fixed version and no severity.
RULES = gate.STRICT.replace("strict", "rules").replace("'**'", "'%s'")
NOTHING = gate.secdb(other={"1-r0": ["CVE-1"]})


def get(server, path):
    answer = server.request("GET", path)
    check_described(path, answer)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(server, query=""):
    """{(repository, first tag): answer of the gate} of the images that pass, once all are judged by what is in force."""
    def judged():
        answer = get(server, f"/api/v1/images?{query}")
        # What is not known is counted after the images were read: they may be judged in between.
        current = all(image["gate"]["current"] for image in answer["images"])
        return answer if current and not any(answer["not_known"].values()) else None
    answer = wait_until(judged)
    assert answer["total"] == len(answer["images"])
    return {(image["repository"], image["tags"][0]): image["gate"]["answer"] for image in answer["images"]}


def changes(server, since=0):
    return get(server, f"/api/v1/changes?since={since}")


@pytest.fixture
def registry(request, start_server, assay, tmp_path):
    """team/app has a vulnerable image and a fixed one, free/app the vulnerable one, where no policy speaks; both are judged."""
    server = start_server(policy=RULES % "team/**", environment=getattr(request, "param", None))
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    layout = Layout(tmp_path / "images")
    layout.add_image("bad", [gate.alpine_files()])
    layout.add_image("good", [gate.alpine_files(**FIXED), {"srv/large": "x" * 100000}])
    for repository, tag in (("team/app", "bad"), ("team/app", "good"), ("free/app", "bad")):
        push_layout(server, layout.folder, tag, repository)
    wait_until(lambda: len(listed(server)) == 3)
    return server, layout


def test_lists_are_filtered(registry):
    server, _ = registry
    # Alpine 3.10 is past its end of life, which the policy only tells.
    everything = {("team/app", "bad"): "refused", ("team/app", "good"): "warns", ("free/app", "bad"): "allowed"}
    assert listed(server) == everything
    found = get(server, f"/api/v1/images/{gate.digest_at(server, 'free/app', 'bad')}/findings")["findings"]
    name = found[0]
    for query, expected in {
            "refused=true": {("team/app", "bad")}, "gate=refused": {("team/app", "bad")}, "gate=warns": {("team/app", "good")},
            "gate=allowed": {("free/app", "bad")},
            "repository=team/app": {("team/app", "bad"), ("team/app", "good")},
            "severity=unknown": {("team/app", "bad"), ("free/app", "bad")}, "severity=critical,high": set(),
            f"vulnerability={name['id']}": {("team/app", "bad"), ("free/app", "bad")},
            f"vulnerability={name['id']}&package={name['package']}": {("team/app", "bad"), ("free/app", "bad")},
            f"vulnerability={name['id']}&package=bash": set(), "vulnerability=CVE-1999-1": set(),
            "package=musl": everything.keys(), "package=bash": set(), "package=musl&refused=true": {("team/app", "bad")},
            "min_size=50000000": set(), "max_size=1": set(), "min_size=1&max_size=10000000": everything.keys()}.items():
        assert listed(server, query).keys() == set(expected), query
    for query in ("gate=maybe", "refused=yes", "severity=bad", "min_size=x", "refused=true&gate=allowed"):
        answer = server.request("GET", f"/api/v1/images?{query}")
        check_described("/api/v1/images", answer)
        assert answer.status_code == 400, query
    # Pages of what is filtered are in the order of the whole list.
    newest_first = get(server, "/api/v1/images")["images"]
    for query in ("", "&package=musl", "&min_size=1"):
        for limit, offset in ((1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (1, 3), (5, 4)):
            page = get(server, f"/api/v1/images?limit={limit}&offset={offset}{query}")
            assert page["total"] == 3 and page["images"] == newest_first[offset:offset + limit], (query, limit, offset)
    # The list of a repository says it as well.
    images = {image["tags"][0]: image for image in get(server, "/api/v1/repositories/team/app/images")["images"]}
    assert images["bad"]["gate"]["answer"] == "refused" and images["bad"]["gate"]["policy"] == "rules"
    assert 'policy "rules" refuses team/app@' in images["bad"]["gate"]["reason"]
    assert images["good"]["gate"]["answer"] == "warns" and images["good"]["size"] > images["bad"]["size"] > 0


def test_pages_are_alike_however_they_are_found(registry):
    """Images that came at one time, one of them to two repositories: each is on one page, by narrow rows or by wide ones."""
    server, _ = registry
    with sqlite3.connect(server.data / "metadata.db", timeout=30) as db:
        assert db.execute("UPDATE standings SET pushed = 1000000").rowcount == 3
    for size in (1, 2, 3):
        narrow, wide = ([get(server, f"/api/v1/images?package=musl{more}&limit={size}&offset={offset}") for offset in range(0, 4, size)]
                        for more in ("", "&min_size=1"))
        assert narrow == wide
        images = [(image["repository"], image["digest"]) for page in narrow for image in page["images"]]
        assert len(images) == len(set(images)) == 3 and all(page["total"] == 3 for page in narrow)


def test_images_of_a_vulnerability(registry):
    server, _ = registry
    digest = gate.digest_at(server, "team/app", "bad")
    found = get(server, f"/api/v1/images/{digest}/findings")["findings"]
    for finding in found:
        answer = get(server, f"/api/v1/vulnerabilities/{finding['id']}/images")
        assert answer["total"] == 2 and not answer["unmatched_packages"] and not answer["unscanned_images"]
        assert [(image["repository"], image["digest"], image["gate"]) for image in answer["images"]] == \
            [("free/app", digest, "allowed"), ("team/app", digest, "refused")]
        expected = [(each["package"], each["installed_version"], each["fixed_version"])
                    for each in found if each["id"] == finding["id"]]
        assert sorted((each["package"], each["version"], each["fixed_version"]) for each in answer["images"][0]["packages"]) == \
            sorted(expected)
        assert sorted(each["package"] for each in answer["packages"]) == sorted(package for package, _, _ in expected)
        path = f"/api/v1/vulnerabilities/{finding['id']}/images"
        assert get(server, f"{path}?package={finding['package']}")["total"] == 2
        assert get(server, f"{path}?package=bash")["total"] == 0
        assert [image["repository"] for image in get(server, f"{path}?limit=1&offset=1")["images"]] == ["team/app"]
    assert get(server, "/api/v1/vulnerabilities/CVE-1999-1/images")["total"] == 0


def test_names_with_slashes(registry, assay):
    """As those of updates that only a mirror tells of."""
    server, _ = registry
    name = "Mirror-of/team/2026:1"
    import_advisories(assay, server, gate.secdb(musl={"1.1.22-r3": [name]}))
    wait_until(lambda: get(server, f"/api/v1/vulnerabilities/{name}/images")["total"] == 2)
    escaped = name.replace("/", "%2F").replace(":", "%3A")
    answer = get(server, f"/api/v1/vulnerabilities/{escaped}/images?package=musl")
    assert answer["vulnerability"] == name and answer["total"] == 2
    table = assay("images", "--server", server.url, "--vulnerability", name).stdout
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["free/app", "team/app"]


def test_what_is_not_known_is_told(registry):
    """An image whose scan failed, and packages that were not matched with the advisories in force."""
    server, _ = registry
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute("UPDATE images SET state = 3, error = 'broken' WHERE manifest IN (SELECT digest FROM tags "
                         "WHERE name = 'good')")
        assert database.execute("UPDATE packages SET matched = 1").rowcount > 0
    server.start()
    wait_until(lambda: get(server, "/api/v1/vulnerabilities/CVE-1999-1/images")["unmatched_packages"] == 0)
    assert get(server, "/api/v1/vulnerabilities/CVE-1999-1/images")["unscanned_images"] == 1
    assert get(server, "/api/v1/overview")["not_known"]["failed_scans"] == 1


def test_overview_and_gauges(registry):
    server, _ = registry
    overview = get(server, "/api/v1/overview")
    count = sum(get(server, "/api/v1/repositories/team/app/images?reference=bad")["images"][0]["scan"]["findings"].values())
    assert count > 0 and overview["images"]["total"] == 3
    assert overview["images"]["gate"] == {"allowed": 1, "warns": 1, "refused": 1}
    assert overview["images"]["severity"]["unknown"] == 2 and overview["images"]["severity"]["none"] == 1
    assert overview["images"]["gate_and_severity"]["refused"]["unknown"] == 1
    assert overview["findings"]["unknown"] == overview["fixable"]["unknown"] == 2 * count
    assert overview["images"]["fixable"] == 2 and overview["images"]["unscanned"] == 0 and overview["images"]["bytes"] > 0
    assert not any(overview["not_known"].values()) and overview["advisories"]["state"] == "ok"
    assert [feed["name"] for feed in overview["advisories"]["feeds"]] == ["test"]
    team = get(server, "/api/v1/overview?namespace=team")
    assert team["images"]["total"] == 2 and team["findings"]["unknown"] == count


def test_history_and_gauges_follow(registry, assay):
    server, _ = registry
    import_advisories(assay, server, NOTHING)
    wait_until(lambda: set(listed(server).values()) == {"allowed", "warns"})

    def today():
        history = get(server, "/api/v1/overview")["history"]
        return history[-1] if history and history[-1]["gate"] == {"allowed": 1, "warns": 2, "refused": 0} else None
    day = wait_until(today)
    assert day["images"] == 3 and sum(day["findings"].values()) == 0

    # Which are counted after the day.
    def gauges():
        text = server.request("GET", "/metrics").text
        return 'assay_images{gate="warns",severity="none"} 2\n' in text and 'assay_findings{severity="unknown"} 0\n' in text
    wait_until(gauges)
    assert [each["images"] for each in get(server, "/api/v1/overview?namespace=free")["history"]] == [1]


@pytest.mark.parametrize("registry", [{}, gate.RUN_TWICE], indirect=True, ids=["once", "run-again"])
def test_changes(registry, assay):
    """A row for each image that stands otherwise: by the advisories, then by the policy; the first scan of an image is none."""
    server, layout = registry
    assert changes(server)["changes"] == []
    import_advisories(assay, server, NOTHING)
    wait_until(lambda: set(listed(server).values()) == {"allowed", "warns"})
    answer = changes(server)
    assert {(each["repository"], each["from"]["gate"], each["to"]["gate"], each["why"]) for each in answer["changes"]} == \
        {("team/app", "refused", "warns", "advisories"), ("free/app", "allowed", "allowed", "advisories")}
    assert all(sum(each["from"]["findings"].values()) > 0 == sum(each["to"]["findings"].values()) for each in answer["changes"])
    # The log has them once they are stored.
    rows = sorted((each["repository"], each["from"]["gate"], each["to"]["gate"], each["why"]) for each in answer["changes"])
    wait_until(lambda: rows == sorted((event["repository"], event["from"], event["to"], event["why"]) for event in server.log_events()
                                      if event["message"] == "the verdict of an image changed"))
    events = [event for event in get(server, "/api/v1/events?limit=1000")["events"] if event["type"] == "image.verdict_changed"]
    assert sorted((event["subject"], *(event["data"][name] for name in ("repository", "from", "to", "why"))) for event in events) == \
        sorted((each["digest"], each["repository"], each["from"]["gate"], each["to"]["gate"], each["why"]) for each in answer["changes"])
    # Nothing is told twice.
    since = answer["next"]
    assert changes(server, since) == {"limit": 100, "next": since, "changes": []}
    import_advisories(assay, server)
    wait_until(lambda: listed(server)[("team/app", "bad")] == "refused")
    again = changes(server, since)["changes"]
    assert len(again) == 2 and {each["why"] for each in again} == {"advisories"}
    assert [each["reason"] for each in again if each["repository"] == "team/app"][0].startswith('policy "rules" refuses')
    assert {each["id"] for each in again} <= {each["id"] for each in changes(server, again[0]["time"])["changes"]}
    assert server.request("GET", "/api/v1/changes?since=yesterday").status_code == 400
    # What is deleted stands nowhere.
    digest = gate.digest_at(server, "team/app", "bad")
    assert server.request("DELETE", f"/v2/team/app/manifests/{digest}").status_code == 202
    assert listed(server).keys() == {("team/app", "good"), ("free/app", "bad")}


def test_a_policy_is_judged_by_at_once(registry):
    server, _ = registry
    gate.reload(server, RULES % "free/**")
    wait_until(lambda: listed(server) == {("team/app", "bad"): "allowed", ("team/app", "good"): "allowed",
                                          ("free/app", "bad"): "refused"})
    told = changes(server)["changes"]
    assert {(each["repository"], each["to"]["gate"], each["why"]) for each in told} == \
        {("team/app", "allowed", "policy"), ("free/app", "refused", "policy")}


def test_what_a_former_policy_said_is_not_shown_as_true(registry, assay):
    """Between a change of the policy and the end of judging all images again. The list of a repository judges what it shows; the
    list of all, which finds by what is written down, says that it is being judged."""
    server, _ = registry
    with sqlite3.connect(server.data / "metadata.db", timeout=60) as database:
        database.execute("UPDATE standings SET gate = 0, stamp = stamp + 1 WHERE repository = 'team/app'")
    answers = {image["tags"][0]: image["gate"] for image in get(server, "/api/v1/repositories/team/app/images")["images"]}
    assert {tag: (gate["answer"], gate["current"]) for tag, gate in answers.items()} == {"bad": ("refused", True), "good": ("warns", True)}
    shown = assay("images", "--server", server.url, "--gate", "allowed").stdout
    assert [line.split()[:4:3] for line in shown.split("\n")[1:4]] == [["free/app", "allowed"], ["team/app", "judging"], ["team/app", "judging"]]


def test_images_on_the_command_line(registry, assay):
    server, _ = registry

    def table(*options):
        return assay("images", "--server", server.url, *options).stdout
    everything = table()
    assert [line.split()[0] for line in everything.split("\n")[1:4]] == ["free/app", "team/app", "team/app"]
    assert "GATE" in everything and "SIZE" in everything and "SYSTEM" in everything
    refused = table("--refused")
    assert refused.count("team/app") >= 2 and "free/app" not in refused and 'policy "rules" refuses team/app@' in refused
    assert "SYSTEM" not in refused.split("\n")[0] and " refused " in refused
    told = [line for line in refused.split("\n") if 'policy "rules"' in line]
    assert told and all(re.search(r"team/app@sha256:[0-9a-f]{12}: 3 findings block: CVE-[^;]*\), and 2 more$", line) for line in told)
    name = get(server, f"/api/v1/images/{gate.digest_at(server, 'free/app', 'bad')}/findings")["findings"][0]
    assert len(json.loads(table("--vulnerability", name["id"], "--package", name["package"], "--format", "json"))) == 2
    assert len(json.loads(table("--vulnerability", name["id"], "--format", "json", "team/app"))) == 1
    assert table("--vulnerability", "CVE-1999-1") == "no images\n" and table("--severity", "critical") == "no images\n"
    assert len(json.loads(table("--gate", "warns", "--format", "json"))) == 1
    assert "?gate= must be" in assay("images", "--server", server.url, "--gate", "maybe", check=2).stderr


def test_status_on_the_command_line(registry, assay):
    """One screen; the exit code says whether something needs a person."""
    server, _ = registry
    told = json.loads(assay("status", "--server", server.url, "--format", "json", check=None).stdout)
    # A machine whose disk is nearly full says so, and is none the less fit for tests.
    needs = [need for need in told["needs"] if "the disk is nearly full" not in need]
    assert needs == [] and told["images"]["total"] == 3
    shown = assay("status", "--server", server.url, check=int(bool(told["needs"]))).stdout
    lines = dict(re.findall(r"^(\w[\w ]{0,10}\w) +(.*)$", shown, re.MULTILINE))
    assert lines["server"].startswith(server.url) and re.match(r"1 feed, the oldest taken \d+ (second|minute)", lines["advisories"])
    assert lines["images"] == "3: 1 allowed, 1 with a warning, 1 refused"
    assert lines["needs you"] == "nothing" or told["needs"] != []
    assert re.fullmatch(r"[\d.]+ .* of [\d.]+ .* free", lines["disk"]) and "2 images can be repaired" in lines["findings"]
    server.stop()
    with sqlite3.connect(server.data / "metadata.db") as database:
        database.execute("UPDATE images SET state = 3, error = 'broken' WHERE manifest IN (SELECT digest FROM tags "
                         "WHERE name = 'good')")
    (server.data / "advisories.db").unlink()
    server.start()
    said = assay("status", "--server", server.url, check=1).stdout
    assert "advisories: none yet" in said and "the scan of 1 image failed" in said
    server.stop()
    assert "no answer" in assay("status", "--server", server.url, check=2).stderr


def test_what_cannot_be_judged_is_left_until_something_changes(registry):
    """And not tried, and told in the log, each second."""
    server, layout = registry
    with sqlite3.connect(server.data / "metadata.db", timeout=60) as database:
        database.execute("DELETE FROM package_set_members WHERE package IN (SELECT id FROM packages WHERE name = 'musl')")
    told = "the verdict of an image cannot be worked out"
    push_layout(server, layout.folder, "bad", "team/other")
    wait_until(lambda: told in server.log_text())
    before = server.log_text().count(told)
    for number in range(3):
        layout.add_image(f"v{number}", [{"srv/file": str(number)}])
        push_layout(server, layout.folder, f"v{number}", "new")
        wait_until(lambda: gate.rows(server, "standings WHERE repository = 'new'") == number + 1)
    assert server.log_text().count(told) == before
