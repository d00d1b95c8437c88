"""Another set of rules, a team's own: stored images are inspected again in the background, and none is unscanned meanwhile."""
import json

import pytest

import gate
from gate import import_advisories, pull, push_layout, wait_until
from oci_layout import Layout

POLICY = """
policies:
  - {name: all, namespaces: "**", unscanned: block, failed_scan: block, vulnerabilities: {block: []}, end_of_life: allow, secrets: {block: [critical]}}
"""
RULES = """
title = "team"
[extend]
useDefault = true
[[rules]]
id = "shop-key"
description = "Key of the shop"
regex = '''shop-[0-9a-f]{32}'''
keywords = ["%s"]
"""
COUNT = 6
KEY = "shop-" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def scans(server):
    return {tag: (image["scan"], image["digest"]) for image in server.get_json("/api/v1/repositories/team/app/images")["images"]
            for tag in image["tags"]}


def has_finding(server, digest):
    found = server.get_json(f"/api/v1/images/{digest}/findings?limit=1000&repository=team/app")["findings"]
    return any(each["id"] == "shop-key" for each in found)


def check_scanned(server):
    """Every image, as lists have it and as a pull does."""
    for tag, (scan, _) in scans(server).items():
        assert scan["state"] == "done", (tag, scan)
        answer = pull(server, "team/app", tag)
        assert answer.status_code == 200, answer.text
    return True


def left(server):
    count = gate.metric(server, "assay_images_older_detectors")
    assert count <= COUNT
    return int(count)


@pytest.fixture
def server(start_server, assay, tmp_path):
    """Which has COUNT images with a key that its rules do not know, and was stopped."""
    (tmp_path / "rules.toml").write_text(RULES % "nothing-has-this")
    server = start_server(policy=POLICY, config=f"secrets: {{config: {tmp_path}/rules.toml}}\n")
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    layout = Layout(tmp_path / "images")
    for number in range(COUNT):
        layout.add_image(f"v{number}", [{**gate.alpine_files(extra=str(number)), "srv/shop.conf": f"{number}\nkey: {KEY}\n"}])
        push_layout(server, layout.folder, f"v{number}", "team/app")
    wait_until(lambda: all(scan["state"] == "done" for scan, _ in scans(server).values()))
    assert left(server) == 0 and server.get_json("/api/v1/overview")["images"]["older_detectors"] == 0
    server.stop()
    (tmp_path / "rules.toml").write_text(RULES % "shop-")
    return server


def test_new_rules(server):
    server.start()
    digests = [digest for _, digest in scans(server).values()]
    # Killed once it has begun, it goes on where it was.
    wait_until(lambda: check_scanned(server) and left(server) < COUNT)
    server.kill()
    server.start()
    wait_until(lambda: check_scanned(server) and left(server) == 0, timeout=120)
    assert all(has_finding(server, digest) for digest in digests)
    assert not any(scan["older_detectors"] for scan, _ in scans(server).values())
    assert server.get_json("/api/v1/overview")["images"]["older_detectors"] == 0
    assert "older detectors" not in pull(server, "team/app", "v1").headers.get("Warning", "")
    # The key itself is nowhere.
    assert KEY not in server.log_text() and KEY not in json.dumps(server.get_json("/api/v1/events?limit=1000"))


def test_what_is_used_comes_first(server, tmp_path):
    (tmp_path / "rules.toml").write_text(RULES % "nothing-has-this")
    server.start()
    pulled = [digest for tag, (_, digest) in sorted(scans(server).items())][2]
    assert pull(server, "team/app", pulled).status_code == 200
    wait_until(lambda: next(image for image in server.get_json("/api/v1/repositories/team/app/images")["images"]
                            if image["digest"] == pulled).get("pulls"))
    newest = max(server.get_json("/api/v1/repositories/team/app/images")["images"], key=lambda image: image["tags"])["digest"]
    told = len(server.get_json("/api/v1/events?limit=1000")["events"])
    server.stop()
    (tmp_path / "rules.toml").write_text(RULES % "shop-")
    server.start()
    wait_until(lambda: left(server) == 0, timeout=120)
    renewed = [event["subject"] for event in server.get_json("/api/v1/events?limit=1000")["events"][told:] if event["type"] == "image.scanned"]
    assert len(renewed) == COUNT and renewed[0] == pulled and renewed[1] == newest, (pulled, newest, renewed)
