"""When ClamAV is asked again about a stored layer: what it refuses for good, what it dies of, and when its signatures are others."""
import sqlite3
import time

import pytest

from clamd import MARKED, Clamd, Daemon, Fragile
from images import alpine_files
from oci_layout import Layout

BASE = alpine_files()
POLICY = "policies:\n  - {name: clean, namespaces: ['**'], malware: block, unscanned: allow}\n"
NEVER = (1 << 63) - 1
DEADLY = "assay-deadly" + "-to-a-daemon"


@pytest.fixture
def clamd():
    """clamd(kind, Setting="value"): a daemon that runs until the end of the test."""
    made = []

    def make(kind=Clamd, *arguments, **settings):
        made.append(kind(*arguments, **settings))
        return made[-1]
    yield make
    for each in made:
        each.remove()


def script(text):
    return f"#!/bin/sh\n{text}\n"


def layout_of(folder, **images):
    """Of images by their tags, each of a base and a layer of its own."""
    layout = Layout(folder)
    for tag, files in images.items():
        layout.add_image(tag, [BASE, files])
    return folder


def wait_until(told, seconds=120):
    deadline = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def push_all(server, push, layout, tags):
    digests = {tag: push(server, layout, tag, "team/app") for tag in tags}
    for digest in digests.values():
        assert server.wait_for_scan("team/app", digest)["state"] == "done"
    return digests


def status(server, tag):
    return server.request("GET", f"/v2/team/app/manifests/{tag}").status_code


def rows(server):
    with sqlite3.connect(f"file:{server.data}/metadata.db?mode=ro", uri=True, timeout=30) as db:
        return db.execute("SELECT layer, state, due, attempts FROM clamav_layers").fetchall()


def metric(server, name):
    line = next(line for line in server.request("GET", "/metrics").text.splitlines() if line.startswith(name + " "))
    return float(line.split()[1])


def test_too_large(start_server, push, clamd, tmp_path):
    """It is not asked again, until it takes what it refused: then it is, within seconds."""
    daemon = clamd(Fragile, "never", StreamMaxLength="1M").start()
    layout = layout_of(tmp_path / "image", large={"opt/large.gz": b"\x1f\x8b" + bytes(3_000_000)}, small={"opt/run.sh": script("true")})
    server = start_server(policy=POLICY, config=f"malware:\n  clamd: {daemon.address}\n")
    push_all(server, push, layout, ["large", "small"])
    assert (status(server, "large"), status(server, "small")) == (403, 200)
    assert "opt/large.gz" in server.request("GET", "/v2/team/app/manifests/large").text
    refused = [row for row in rows(server) if row[1] == 3]
    assert len(refused) == 1 and refused[0][2] == NEVER
    asked = len(daemon.commands)
    time.sleep(25)
    # Its look whether that is still so sends no file.
    assert [row for row in rows(server) if row[1] == 3] == refused and status(server, "large") == 403
    config = daemon.real.folder / "clamd.conf"
    config.write_text(config.read_text().replace("StreamMaxLength 1M", "StreamMaxLength 20M"))
    assert len(daemon.commands) - asked <= 4
    daemon.stop()
    daemon.start()
    wait_until(lambda: status(server, "large") == 200, 60)
    assert metric(server, "assay_layers_unjudged") == 0


def test_deadly(start_server, push, clamd, tmp_path):
    """A file that a daemon dies of is told, holds nobody up, and is asked about less and less."""
    daemon = clamd(Fragile, DEADLY)
    others = {f"fine{i}": {"opt/run.sh": script(f"echo {i}")} for i in range(6)}
    layout = layout_of(tmp_path / "image", deadly={"opt/deadly.sh": script(f"echo {DEADLY}")}, **others)
    server = start_server(policy=POLICY, config=f"malware:\n  clamd: {daemon.address}\n")
    push_all(server, push, layout, ["deadly", *others])
    assert {status(server, tag) for tag in ["deadly", *others]} == {403}
    daemon.start()
    wait_until(lambda: {status(server, tag) for tag in others} == {200}, 90)
    wait_until(lambda: "while it judged it" in server.request("GET", "/v2/team/app/manifests/deadly").text)
    refusal = server.request("GET", "/v2/team/app/manifests/deadly").json()["errors"][0]["message"]
    assert "malware unscanned" in refusal and "opt/deadly.sh" in refusal
    wait_until(lambda: any(row[3] >= 3 for row in rows(server)), 90)
    before = daemon.kills
    time.sleep(25)
    assert daemon.kills - before <= 1 and status(server, "deadly") == 403
    # What is pushed meanwhile is judged.
    push_all(server, push, layout_of(tmp_path / "more", late={"opt/run.sh": script("late")}), ["late"])
    wait_until(lambda: status(server, "late") == 200, 60)
    assert metric(server, "assay_layers_unjudged") == 1


def test_other_signatures(start_server, push, clamd, tmp_path):
    """Stored layers are judged again, slowly, those used last first, also after a kill; what was found and judged is in force meanwhile."""
    daemon = clamd()
    daemon.update(100, Old="an-old" + "-marker")
    daemon.start()
    found_later = {"opt/run.sh": script("a-new" + "-marker")}
    fine = {f"fine{i}": {"opt/run.sh": script(f"echo {i}")} for i in range(5)}
    layout = layout_of(tmp_path / "image", later=found_later, marked={"opt/run.sh": MARKED}, old={"opt/run.sh": script("an-old" + "-marker")}, **fine)
    config = f"malware:\n  clamd: {daemon.address}\n  clamd_rejudge_bytes_per_second: 40\n"
    server = start_server(policy=POLICY, config=config)
    digests = push_all(server, push, layout, ["later", "marked", "old", *fine])
    assert status(server, "later") == 200 and status(server, "marked") == status(server, "old") == 403
    assert metric(server, "assay_layers_of_older_signatures") == 0
    assert status(server, "later") == 200 # used last
    daemon.update(101, New="a-new" + "-marker")
    daemon.reload(101)
    wait_until(lambda: metric(server, "assay_layers_of_older_signatures") >= 1, 60)
    server.kill()
    server.start()
    seen = {tag: set() for tag in digests}

    def all_judged():
        for tag in digests:
            seen[tag].add(status(server, tag))
        return metric(server, "assay_layers_of_older_signatures") == 0 and status(server, "later") == 403
    wait_until(all_judged, 180)
    findings = server.get_json(f"/api/v1/images/{digests['later']}/findings?kind=malware")["findings"]
    assert [each["title"] for each in findings if each["id"] == "clamav"] == ["Test.New.UNOFFICIAL"]
    assert all(seen[tag] == {200} for tag in fine) and seen["marked"] == {403}
    # What it does not find any more is found no more.
    wait_until(lambda: status(server, "old") == 200, 30)
    events = [each for each in server.get_json("/api/v1/events?limit=1000")["events"] if each["type"] == "malware.found"]
    assert [each["data"]["files"] for each in events] == [[{"path": "opt/run.sh", "signature": "Test.New.UNOFFICIAL"}]]
    turned = [each for each in server.get_json("/api/v1/events?limit=1000")["events"] if each["type"] == "image.verdict_changed"]
    assert digests["later"] in {each["subject"] for each in turned}
    assert metric(server, "assay_layers_unjudged") == 0


def test_last_used_first(start_server, push, clamd, tmp_path):
    daemon = clamd()
    daemon.update(100, Old="an-old" + "-marker")
    daemon.start()
    tags = ["c", "a", "b"]
    layout = layout_of(tmp_path / "image", **{tag: {"opt/run.sh": script(f"a-new-marker {tag}")} for tag in tags})
    server = start_server(config=f"malware:\n  clamd: {daemon.address}\n")
    digests = push_all(server, push, layout, tags)
    layers = {server.request("GET", f"/v2/team/app/manifests/{digest}").json()["layers"][1]["digest"]: tag for tag, digest in digests.items()}
    daemon.update(101, New="a-new-marker")
    daemon.reload(101)

    def found():
        events = server.get_json("/api/v1/events?limit=1000")["events"]
        return [layers[each["subject"]] for each in events if each["type"] == "malware.found"]
    wait_until(lambda: len(found()) == 3, 90)
    assert found() == tags[::-1]


class Judge:
    """Says of a file what it is told to say of a text in it; its signatures are others when it is told something new."""

    def __init__(self):
        self.says, self.number = {}, 27465

    def __call__(self, number, content):
        return next((f"stream: {said}" for text, said in self.says.items() if text.encode() in content), "stream: OK")

    def turn(self, daemon, **says):
        self.says, self.number = says, self.number + 1
        daemon.version = f"ClamAV 1.4.6/{self.number}/Fri Nov 27 08:26:02 2026"


def test_finds_beside_gaps(start_server, push, clamd, tmp_path):
    """A new find counts at once where other files of the layer cannot be judged, and stays while its own file cannot be judged again."""
    judge = Judge()
    daemon = clamd(Daemon, judge)
    layout = layout_of(tmp_path / "image", both={"opt/a.sh": script("first"), "opt/b.sh": script("second")})
    server = start_server(policy=POLICY, config=f"malware:\n  clamd: {daemon.address}\n")
    digest = push_all(server, push, layout, ["both"])["both"]
    assert status(server, "both") == 200

    def told():
        answer = server.get_json(f"/api/v1/images/{digest}/findings?kind=malware")
        return [(each["title"], each["location"]) for each in answer["findings"] if each["id"] == "clamav"], str(answer["incomplete"])
    judge.turn(daemon, first="Test.First FOUND", second="Heuristics.Limits.Exceeded.MaxFileSize FOUND")
    wait_until(lambda: told()[0] == [("Test.First", "opt/a.sh")], 60)
    assert "opt/b.sh" in told()[1] and [row[1] for row in rows(server)] == [3]
    wait_until(lambda: "malicious file blocks" in server.request("GET", "/v2/team/app/manifests/both").text, 30)
    judge.turn(daemon, first="Broken ERROR", second="Broken ERROR")
    wait_until(lambda: "Broken" in told()[1], 60)
    assert told()[0] == [("Test.First", "opt/a.sh")] and [row[1] for row in rows(server)] == [1]
    assert status(server, "both") == 403
    events = [each for each in server.get_json("/api/v1/events?limit=1000")["events"] if each["type"] == "malware.found"]
    assert [each["data"]["files"] for each in events] == [[{"path": "opt/a.sh", "signature": "Test.First"}]]


def test_finds_and_newer_detectors(start_server, push, clamd, tmp_path):
    """What is found stays where newer detectors read the layer again, and ClamAV cannot judge its file just then."""
    judge = Judge()
    daemon = clamd(Daemon, judge)
    layout = layout_of(tmp_path / "image", both={"opt/a.sh": script("first"), "opt/b.sh": script("second")})
    rules = tmp_path / "rules.toml"
    text = "[extend]\nuseDefault = true\n[[rules]]\nid = 'shop-key'\nregex = 'shop-[0-9a-f]{32}'\nkeywords = ['%s']\n"
    rules.write_text(text % "shop-a")
    judge.turn(daemon, first="Test.First FOUND", second="OK")
    server = start_server(policy=POLICY, config=f"malware:\n  clamd: {daemon.address}\nsecrets: {{config: {rules}}}\n")
    digest = push_all(server, push, layout, ["both"])["both"]

    def told():
        answer = server.get_json(f"/api/v1/images/{digest}/findings?kind=malware")
        return [(each["title"], each["location"]) for each in answer["findings"] if each["id"] == "clamav"], str(answer["incomplete"])
    assert told()[0] == [("Test.First", "opt/a.sh")] and status(server, "both") == 403
    server.stop()
    rules.write_text(text % "shop-b")
    judge.turn(daemon, first="Broken ERROR", second="Broken ERROR")
    server.start()
    wait_until(lambda: metric(server, "assay_images_older_detectors") == 0 and "Broken" in told()[1], 60)
    assert told()[0] == [("Test.First", "opt/a.sh")] and status(server, "both") == 403


def test_counts(start_server, push, clamd, tmp_path):
    """What other signatures refused is to be judged again, as what they judged; while nobody knows the present ones, nothing is older."""
    judge = Judge()
    daemon = clamd(Daemon, judge)
    judge.says = {"second": "Heuristics.Limits.Exceeded.MaxFileSize FOUND"}
    layout = layout_of(tmp_path / "image", refused={"opt/b.sh": script("second")}, fine={"opt/a.sh": script("true")})
    server = start_server(config=f"malware:\n  clamd: {daemon.address}\n  clamd_rejudge_bytes_per_second: 0\n")
    push_all(server, push, layout, ["refused", "fine"])
    assert sorted(row[1] for row in rows(server)) == [0, 3] and metric(server, "assay_layers_of_older_signatures") == 0
    judge.turn(daemon)
    wait_until(lambda: metric(server, "assay_layers_of_older_signatures") == 2, 30)
    clamav = server.get_json("/api/v1/overview")["clamav"]
    assert (clamav["unjudged_layers"], clamav["layers_of_older_signatures"]) == (1, 2)
    # Who sees a namespace alone learns nothing of others.
    assert set(server.get_json("/api/v1/overview?namespace=team")["clamav"]) == {"state", "version"}
    daemon.remove()
    wait_until(lambda: metric(server, "assay_clamav_up") == 0, 30)
    assert metric(server, "assay_layers_of_older_signatures") == 0 and metric(server, "assay_layers_unjudged") == 1
