"""ClamAV, asked through its daemon: Debian's, with a database of two signatures. What it does not judge is never clean."""
import hashlib
import io
import json
import signal
import time
import zipfile

import pytest

from clamd import EICAR, MARKED, Clamd, Daemon
from images import alpine_files
from oci_layout import Layout, tar_of

BASE = alpine_files()


def zip_of(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


NESTED = tar_of({"b.zip": zip_of("c.tar", tar_of({"d.com": EICAR}))})
LAYERS = [{**BASE, "opt/e.com": EICAR, "opt/a.tar": NESTED, "opt/run.sh": MARKED, "opt/fine.sh": "#!/bin/sh\ntrue\n"}, {"opt/.wh.e.com": b""}]
FOUND = {("Test.Eicar.UNOFFICIAL", "opt/e.com", True), ("Test.Eicar.UNOFFICIAL", "opt/a.tar", False),
         ("Test.Marker.UNOFFICIAL", "opt/run.sh", False)}


@pytest.fixture
def clamd():
    """clamd(Setting="value"): a daemon that runs until the end of the test."""
    made = []

    def make(kind=Clamd, *arguments, **settings):
        made.append(kind(*arguments, **settings))
        return made[-1].start() if kind is Clamd else made[-1]
    yield make
    for each in made:
        each.remove()


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "image")
    layout.add_image("bad", LAYERS)
    layout.add_image("good", [{**BASE, "opt/fine.sh": "#!/bin/sh\ntrue\n"}])
    layout.add_image("large", [{**BASE, "opt/large.gz": b"\x1f\x8b" + bytes(3_000_000), "opt/run.sh": MARKED}])
    layout.add_image("many", [{**BASE, **{f"opt/{i:04}.sh": f"#!/bin/sh\necho {i}\n" for i in range(300)}}])
    return tmp_path / "image"


def found(answer):
    return {(each["title"], each["location"], each.get("removed", False)) for each in answer["findings"] if each["id"] == "clamav"}


def scan_with(scan, image, *options, **given):
    return json.loads(scan("--format", "json", "--kind", "malware", *options, image, **given).stdout)


def test_what_it_finds(scan, clamd, layout):
    daemon = clamd()
    answer = scan_with(scan, f"oci:{layout}:bad", "--clamd", daemon.address)
    assert found(answer) == FOUND and answer["incomplete"] == []
    assert {each["severity"] for each in answer["findings"]} == {"critical"}
    contents = {"opt/e.com": EICAR.encode(), "opt/a.tar": NESTED, "opt/run.sh": MARKED.encode()}
    for each in answer["findings"]:
        if each["id"] == "clamav":
            assert each["same"] == hashlib.sha256(contents[each["location"]]).hexdigest()
    good = scan_with(scan, f"oci:{layout}:good", "--clamd", daemon.address)
    assert found(good) == set() and good["incomplete"] == []
    # Of many files several are under way at a time, and each answer is that of its own.
    assert scan_with(scan, f"oci:{layout}:many", "--clamd", daemon.address)["incomplete"] == []


def test_not_there(scan, clamd, layout, tmp_path):
    """Told, remembered as nothing, and judged when it is back."""
    nobody = str(tmp_path / "nobody")
    answer = scan_with(scan, f"oci:{layout}:bad", "--clamd", nobody)
    assert found(answer) == set()
    assert answer["incomplete"] == ["malware unscanned: ClamAV did not judge 4 files (clamd: No such file or directory)"]
    assert scan("--exit-code", "3", "--kind", "malware", "--clamd", nobody, f"oci:{layout}:good", check=3)
    daemon = clamd()
    assert found(scan_with(scan, f"oci:{layout}:bad", "--clamd", daemon.address)) == FOUND
    daemon.stop()
    # What was judged is no use once nobody can say by what signatures.
    assert len(scan_with(scan, f"oci:{layout}:bad", "--clamd", daemon.address)["incomplete"]) == 1
    assert "must be the path of a socket" in scan("--clamd", "somewhere", f"oci:{layout}:bad", check=2).stderr


def test_too_large(scan, clamd, layout):
    """For the daemon, which ends the session, and for us; what else is in the layer is judged."""
    daemon = clamd(StreamMaxLength="1M")
    answer = scan_with(scan, f"oci:{layout}:large", "--clamd", daemon.address)
    assert [each[1] for each in found(answer)] == ["opt/run.sh"]
    assert len(answer["incomplete"]) == 1 and "opt/large.gz" in answer["incomplete"][0] and "more" not in answer["incomplete"][0]
    daemon = clamd(MaxFileSize="1M", AlertExceedsMax="yes")
    answer = scan_with(scan, f"oci:{layout}:large", "--clamd", daemon.address)
    assert [each[1] for each in found(answer)] == ["opt/run.sh"]
    assert "Heuristics.Limits.Exceeded" in answer["incomplete"][0]


@pytest.mark.parametrize("answer", [
    "stream: OK", "HANG UP", None, "COMMAND UNAVAILABLE", "stream: Heuristics.Limits.Exceeded.MaxScanTime FOUND", "stream: Broken ERROR"])
def test_odd_daemons(scan, clamd, layout, tmp_path, answer):
    """One that goes away in the middle, is silent, talks nonsense, fails: whatever is not judged counts as unscanned."""
    daemon = clamd(Daemon, lambda number, content: answer)
    config = tmp_path / "assay.yaml"
    config.write_text(f"malware: {{clamd: \"{daemon.address}\", clamd_timeout: 1s}}\n")
    told = scan_with(scan, f"oci:{layout}:bad", "--config", str(config))
    assert found(told) == set() and len(daemon.files) > 0
    if answer == "stream: OK":
        assert told["incomplete"] == []
    else:
        assert len(told["incomplete"]) == 1 and told["incomplete"][0].startswith("malware unscanned: ClamAV did not judge opt/")


def test_names_in_answers(scan, clamd, layout):
    daemon = clamd(Daemon, lambda number, content: "stream: \x1b[31mPUA.\u202eOdd FOUND" if MARKED.encode() in content else "stream: OK")
    answer = scan_with(scan, f"oci:{layout}:bad", "--clamd", daemon.address)
    assert [each[0] for each in found(answer)] == ["?[31mPUA.?Odd"]
    assert "27465" not in json.dumps(answer["notes"])


def test_what_goes_there(scan, clamd, layout, tmp_path):
    """Files by their types, or all; nothing but the commands of a session."""
    daemon = clamd(Daemon, lambda number, content: "stream: OK")
    scan_with(scan, f"oci:{layout}:bad", "--clamd", daemon.address)
    assert sorted(len(each) for each in daemon.files) == sorted(len(each) for each in (EICAR, NESTED, MARKED, "#!/bin/sh\ntrue\n"))
    assert set(daemon.commands) <= {"zVERSION", "zIDSESSION", "zPING", "zINSTREAM", "zEND"}
    config = tmp_path / "assay.yaml"
    config.write_text(f"malware: {{clamd: \"{daemon.address}\", clamd_all: true, clamd_file_bytes: 1KiB}}\n")
    daemon.files.clear()
    answer = scan_with(scan, f"oci:{layout}:bad", "--config", str(config))
    assert BASE["etc/os-release"].encode() in daemon.files and NESTED not in daemon.files
    assert "opt/a.tar (larger than malware.clamd_file_bytes)" in answer["incomplete"][0]


def test_old_signatures(scan, clamd, layout):
    daemon = clamd(Daemon, lambda number, content: "stream: OK", version="ClamAV 1.4.6/26000/Fri Nov 27 08:26:02 2020")
    assert any("signatures are" in note for note in scan_with(scan, f"oci:{layout}:good", "--clamd", daemon.address)["notes"])
    fresh = clamd(Daemon, lambda number, content: "stream: OK", version="ClamAV 1.4.6/27465/" + time.ctime())
    assert not any("ClamAV" in note for note in scan_with(scan, f"oci:{layout}:good", "--clamd", fresh.address)["notes"])


def wait_until(told, seconds=120):
    deadline = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_a_server(start_server, push, clamd, layout, tmp_path):
    """An image that nobody could judge is refused where malware is asked for, and is judged when the daemon is back."""
    daemon = clamd()
    policy = "policies:\n  - {name: clean, namespaces: ['**'], malware: block, unscanned: allow}\n"
    server = start_server(policy=policy, config=f"malware:\n  clamd: {daemon.address}\n")
    judged = push(server, layout, "good", "team/judged")
    server.wait_for_scan("team/judged", judged)
    assert server.request("GET", "/v2/team/judged/manifests/good").status_code == 200
    daemon.stop()
    digests = {tag: push(server, layout, tag, "team/app") for tag in ("bad", "many")}
    for digest in digests.values():
        assert server.wait_for_scan("team/app", digest)["state"] == "done"
    for tag in digests:
        refused = server.request("GET", f"/v2/team/app/manifests/{tag}")
        assert refused.status_code == 403 and "malware unscanned" in refused.json()["errors"][0]["message"]
    # What was judged stays so.
    assert server.request("GET", "/v2/team/judged/manifests/good").status_code == 200
    assert "assay_layers_unjudged 2\n" in server.request("GET", "/metrics").text
    # Without the address: anybody may ask.
    wait_until(lambda: server.get_json("/readyz").get("clamav", "").startswith("clamd: "))
    assert daemon.address not in server.get_json("/readyz")["clamav"] + server.get_json("/api/v1/overview")["clamav"]["state"]
    daemon.start()
    wait_until(lambda: server.request("GET", "/v2/team/app/manifests/many").status_code == 200)
    wait_until(lambda: "assay_layers_unjudged 0\n" in server.request("GET", "/metrics").text)
    wait_until(lambda: "unscanned" not in server.request("GET", "/v2/team/app/manifests/bad").text)
    refused = server.request("GET", "/v2/team/app/manifests/bad").json()["errors"][0]["message"]
    assert "malicious files block" in refused and "clamav" in refused and "unscanned" not in refused
    findings = server.get_json(f"/api/v1/images/{digests['bad']}/findings?kind=malware")
    assert found(findings) == FOUND
    assert server.get_json("/readyz")["clamav"] == "ok" and "assay_clamav_up 1" in server.request("GET", "/metrics").text


def test_killed_and_stopped(scan, clamd, layout):
    """In the middle of a layer: what was not answered is unscanned. One that is stopped does not hold up the scan."""
    real = clamd()
    killing = clamd(Daemon, lambda number, content: real.stop() or "HANG UP" if number > 3 else "stream: OK")
    answer = scan_with(scan, f"oci:{layout}:many", "--clamd", killing.address)
    assert len(answer["incomplete"]) == 1
    real.start()
    real.signal(signal.SIGSTOP)
    answer = scan_with(scan, f"oci:{layout}:many", "--clamd", real.address)
    assert "300 files" in answer["incomplete"][0] and "does not answer" in answer["incomplete"][0]


def test_other_commands(assay, alpine_data, clamd, layout, start_server, push, tmp_path):
    """What a command says of malicious files, it says of ClamAV, too: found, away, not asked."""
    daemon, nobody = clamd(), str(tmp_path / "nobody")
    given = ("--data", alpine_data, "--offline") if alpine_data else ()
    told = json.loads(assay("explain", *given, "--format", "json", "--clamd", daemon.address, f"oci:{layout}:bad", "clamav").stdout)
    assert told["answer"] == "found" and {each["location"] for each in told["findings"]} == {each[1] for each in FOUND} and told["incomplete"] == []
    told = json.loads(assay("explain", *given, "--format", "json", f"oci:{layout}:bad", "clamav").stdout)
    assert told["answer"] == "not-found" and "was not asked" in told["incomplete"][0]
    told = json.loads(assay("explain", *given, "--format", "json", "--clamd", nobody, f"oci:{layout}:bad", "clamav").stdout)
    assert any("malware unscanned" in each for each in told["incomplete"])
    told = json.loads(assay("diff", *given, "--format", "json", "--clamd", daemon.address, f"oci:{layout}:good", f"oci:{layout}:bad").stdout)
    assert "Test.Marker.UNOFFICIAL" in json.dumps(told["findings"])
    told = assay("diff", *given, "--format", "json", "--clamd", nobody, f"oci:{layout}:good", f"oci:{layout}:bad").stdout
    assert "malware unscanned" in told
    config = tmp_path / "assay.yaml"
    for address, state, words in ((daemon.address, "ok", "ClamAV 1."), (nobody, "warning", "No such file")):
        config.write_text(f"data: {tmp_path / 'checked'}\nmalware: {{clamd: {address}}}\n")
        lines = json.loads(assay("check", "--config", config, "--format", "json", check=None).stdout)["lines"]
        assert [(each["state"], words in each["text"]) for each in lines if each["subject"] == "malware.clamd"] == [(state, True)], lines


def test_status(start_server, assay, push, clamd, layout):
    daemon = clamd()
    daemon.stop()
    daemon.update(27465, Old="an-old" + "-marker")
    daemon.start()
    server = start_server(config=f"malware:\n  clamd: {daemon.address}\n")
    server.wait_for_scan("team/app", push(server, layout, "bad", "team/app"))
    wait_until(lambda: "signatures 27465 of 20" in assay("status", "--server", server.url, check=None).stdout)
    daemon.stop()
    server.wait_for_scan("team/app", push(server, layout, "many", "team/app"))
    wait_until(lambda: "away" in assay("status", "--server", server.url, check=None).stdout)
    told = assay("status", "--server", server.url, check=1).stdout
    assert "1 layer not judged whole" in told and "ClamAV: clamd: " in told
