"""A team's own rules of YARA: Debian's `yara` is asked of the same files, and must say the same."""
import io
import json
import random
import shutil
import signal
import subprocess
import time
import zipfile

import pytest

import gate
from gate import import_advisories, push_layout, wait_until
from images import alpine_files
from oci_layout import Layout

BASE = alpine_files()
MARK = "team-marker-1f2e"
RANDOM = random.Random(1)
# As much as a layer may pack it.
FILLER = "".join(RANDOM.randbytes(8192).hex() + "a" * 1024 * 1024 for _ in range(36))
FILES = {
    "opt/run.sh": f"#!/bin/sh\necho {MARK}\n",
    "opt/sub/web.PHP": f"<?php echo '{MARK}'; ?>",
    "opt/plain.txt": f"only a text with {MARK}",
    "opt/clean.sh": "#!/bin/sh\ntrue\n",
    "opt/start.sh": "#!/bin/sh\n" + FILLER,
    "opt/end.sh": "#!/bin/sh\n" + FILLER + MARK,
    "opt/twice.sh": "#!/bin/sh\nfirst-half " + FILLER + " second-half",
    "opt/prog": b"\x7fELF\x02\x01\x01" + bytes(200) + MARK.encode(),
}
RULES = {
    "marker.yar": 'rule Marker { meta: description = "the marker" author = "the team" reference = "https://team.example/1" score = 95 '
                  f'strings: $a = "{MARK}" condition: $a }}\n',
    "shape.yara": """
rule Script_By_First_Bytes { meta: severity = "low" condition: uint16(0) == 0x2123 and filesize < 100 }
rule Large_Script { condition: uint16be(0) == 0x2321 and filesize > 32MB }
rule Both_Halves { strings: $a = "first-half" $b = "second-half" condition: all of them and $b in (filesize - 100 .. filesize) }
rule At_Start { strings: $a = "#!/bin/sh" condition: $a at 0 }
private rule Hidden { condition: true }
rule Shell_Only { condition: Hidden and filename matches /\\.sh$/ and extension == ".sh" and filetype == "Script" and owner == "root" }
""",
    "deep/er/place.YAR": 'rule In_Folder { condition: filepath contains "/sub/" and extension == ".php" and filetype == "PHP" }\n',
    "deep/elf.yar": 'import "elf"\nimport "math"\nrule Program { meta: score = 40 condition: uint32(0) == 0x464c457f and math.entropy(0, 16) > 0.5 }\n',
    "with.yar": 'include "parts/part.txt.yar"\nrule Uses_Included { condition: Included_Part and filesize < 60 }\n',
    "parts/part.txt.yar": 'rule Included_Part { strings: $a = "only a text" condition: $a }\n',
    "notes.txt": "no rule at all {",
    ".hidden/bad.yar": "no rule {",
}


def write(folder, rules):
    for name, text in rules.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def rules(tmp_path):
    return write(tmp_path / "rules", RULES)


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "image")
    layout.add_image("bad", [{**BASE, **FILES}, {"opt/.wh.run.sh": b""}])
    layout.add_image("small", [{**BASE, "opt/run.sh": FILES["opt/run.sh"]}])
    return tmp_path / "image"


def scan_with(scan, image, *options, **given):
    return json.loads(scan("--format", "json", "--kind", "malware", *options, image, **given).stdout)


def found(answer):
    return {(each["id"], each["location"]) for each in answer["findings"]}


def all_files(tmp_path, rules_all):
    path = tmp_path / "assay.yaml"
    path.write_text(f"malware: {{rules_all: {rules_all}}}\n")
    return path


def ask_yara(rules, files, folder):
    """What Debian's yara says, each file of rules in a namespace of its own, of each file with the variables that it has."""
    if shutil.which("yara") is None:
        pytest.skip("Debian's yara is not installed")
    said = set()
    types = {".sh": "Script", ".php": "PHP"}
    sources = [each for each in sorted(rules.rglob("*")) if each.suffix.lower() in (".yar", ".yara") and "/." not in str(each)]
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        extension = place.suffix.lower()
        kind = "ELF" if path == "opt/prog" else types.get(extension, "")
        variables = {"filename": place.name, "filepath": f"/{path}", "extension": extension, "filetype": kind, "owner": "root"}
        for source in sources:
            command = ["yara", "-w", *(part for name, value in variables.items() for part in ("-d", f"{name}={value}")), source, place]
            said |= {(line.split()[0], path) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()}
    return said


def test_as_yara_says(scan, rules, layout, tmp_path):
    judged = ask_yara(rules, FILES, tmp_path / "files")
    answer = scan_with(scan, f"oci:{layout}:bad", "--yara-rules", rules, "--config", all_files(tmp_path, "true"))
    ours = {each for each in found(answer) if each[1] in FILES}
    assert ours == judged and not any("malware" in each for each in answer["incomplete"])
    assert {name for name, _ in ours} >= {"Marker", "Large_Script", "Both_Halves", "In_Folder", "Program", "Uses_Included", "Shell_Only"}
    # By type alone, what is a plain text is not looked through.
    answer = scan_with(scan, f"oci:{layout}:bad", "--yara-rules", rules, "--config", all_files(tmp_path, "false"))
    assert found(answer) == {each for each in judged if each[1] != "opt/plain.txt"}


def test_what_a_finding_says(scan, rules, layout):
    answer = scan_with(scan, f"oci:{layout}:bad", "--yara-rules", rules / "marker.yar", "--yara-rules", rules / "shape.yara")
    by_rule = {(each["id"], each["location"]): each for each in answer["findings"]}
    marker = by_rule["Marker", "opt/run.sh"]
    assert marker["title"] == "the marker" and marker["severity"] == "critical" and marker["removed"] is True
    assert "the team" in marker["evidence"] and "https://team.example/1" in marker["evidence"]
    assert by_rule["Script_By_First_Bytes", "opt/run.sh"]["severity"] == "low"
    assert by_rule["At_Start", "opt/end.sh"]["severity"] == "high" and "removed" not in by_rule["At_Start", "opt/end.sh"]


@pytest.mark.parametrize("files, message", [
    ({"a.yar": "rule A {\n condition: nothing_such }\n"}, "a.yar:2: "),
    ({"a.yar": 'rule A { condition: true }\n', "b.yar": "rule B {"}, "b.yar:1: "),
    ({"a.yar": "rule A { strings: $a = /(/ condition: $a }", "b.yar": "rule B {"}, "b.yar:1: "),
    ({"a.yar": 'include "/etc/passwd"\nrule A { condition: true }\n'}, "a.yar:1: "),
    ({"a.yar": 'include "../other.yar"\nrule A { condition: true }\n'}, "a.yar:1: "),
    ({"a.yar": 'import "magic"\nrule A { condition: magic.type() == "x" }\n'}, 'module "magic"'),
    ({"a.yar": "rule A { condition: true }\0"}, "not a text"),
    ({"a.txt": "rule A { condition: true }"}, "there is no file of rules"),
])
def test_broken_rules(scan, layout, tmp_path, files, message):
    write(tmp_path, {"other.yar": "rule Other { condition: true }"})
    folder = write(tmp_path / "broken", files)
    answer = scan("--yara-rules", folder, f"oci:{layout}:small", check=2)
    assert answer.stderr.startswith("assay: --yara-rules: ") and message in answer.stderr
    config = tmp_path / "assay.yaml"
    config.write_text(f"malware: {{rules: [{folder}]}}\n")
    assert "malware.rules: " in scan("--config", config, f"oci:{layout}:small", check=2).stderr


def test_all_that_is_broken_is_told(scan, layout, tmp_path):
    folder = write(tmp_path / "broken", {f"{i}.yar": f"rule R{i} {{ condition: unknown_{i} }}" for i in range(5)})
    told = scan("--yara-rules", folder, f"oci:{layout}:small", check=2).stderr
    assert all(f"{i}.yar:1: undefined identifier \"unknown_{i}\"" in told for i in range(5))


def test_rules_that_take_for_ever(scan, layout, tmp_path):
    folder = write(tmp_path / "slow", {"slow.yar": "rule Slow { condition: for all i in (1..1000000000) : (for all j in (1..1000000) : (i + j > 0)) }"})
    answer = scan_with(scan, f"oci:{layout}:small", "--yara-rules", folder)
    assert found(answer) == set()
    assert answer["incomplete"] == ["malware unscanned: opt/run.sh (the rules that malware.rules brings take too long)"]


def test_a_string_that_is_there_too_often(scan, tmp_path):
    """YARA counts to a million and goes on without the string: what the rule says then is not known."""
    rules = write(tmp_path / "rules", {"a.yar": 'rule Often { strings: $a = "ab" condition: #a > 1000001 }\nrule Once { strings: $b = "cd" condition: $b }'})
    layout = Layout(tmp_path / "often")
    for tag, count in (("often", 1_000_002), ("seldom", 900_000)):
        layout.add_image(tag, [{**BASE, "opt/run.sh": "#!/bin/sh\n# cd " + "ab" * count}])
    answers = {tag: scan_with(scan, f"oci:{layout.folder}:{tag}", "--yara-rules", rules) for tag in ("often", "seldom")}
    assert {tag: found(answer) for tag, answer in answers.items()} == {tag: {("Once", "opt/run.sh")} for tag in answers}
    told = "malware unscanned: opt/run.sh (a string of the rule Often is in it more often than YARA counts)"
    assert told in answers["often"]["incomplete"] and not any("malware" in each for each in answers["seldom"]["incomplete"])


def test_a_rule_that_finds_all_members(scan, tmp_path):
    """Of an archive with tens of thousands of members: it does not take the longer the more were found."""
    rules = write(tmp_path / "rules", {"a.yar": "rule All { condition: true }\nrule All_Too { condition: true }"})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for i in range(40_000):
            archive.writestr(f"{i}.sh", "#!/bin/sh\n")
    layout = Layout(tmp_path / "many")
    layout.add_image("x", [{**BASE, "opt/x.zip": packed.getvalue()}])
    begun = time.monotonic()
    answer = scan_with(scan, f"oci:{layout.folder}:x", "--yara-rules", rules)
    assert len(found(answer)) == 2000 and time.monotonic() - begun < 100
    assert answer["incomplete"] == ["malware unscanned: opt/x.zip:1000.sh (more is observed in the file than is kept)"]


def test_rules_are_read_again_at_sighup(start_server, assay, tmp_path, layout):
    """Stored images are inspected by the others; rules that cannot be compiled leave those that are in force."""
    rules = write(tmp_path / "rules", {"a.yar": 'rule Marker { strings: $a = "not-there-yet" condition: $a }'})
    server = start_server(config=f"malware: {{rules: {rules}}}\n")
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    push_layout(server, layout, "small", "team/app")
    wait_until(lambda: malicious(server) == set())
    (rules / "a.yar").write_text("rule {")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "a.yar:1: " in server.log_text() and "what was in force stays" in server.log_text())
    assert malicious(server) == set()
    (rules / "a.yar").write_text(RULES["marker.yar"])
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: malicious(server) == {"Marker"}, timeout=60)
    assert gate.metric(server, "assay_images_older_detectors") == 0
    # What is pushed from then on is looked through by them as well.
    other = Layout(tmp_path / "other")
    other.add_image("x", [{**BASE, "opt/other.sh": f"#!/bin/sh\necho {MARK}\n"}])
    push_layout(server, other.folder, "x", "team/other")
    wait_until(lambda: malicious(server, "team/other") == {"Marker"}, timeout=60)


def malicious(server, repository="team/app"):
    """Rules of the first image's findings; None: it is not scanned yet."""
    images = server.get_json(f"/api/v1/repositories/{repository}/images")["images"]
    if any(each["scan"]["state"] != "done" for each in images):
        return None
    answer = server.get_json(f"/api/v1/images/{images[0]['digest']}/findings?limit=1000&repository={repository}")
    return {each["id"] for each in answer["findings"] if each["kind"] == "malware"}


def test_a_server_with_rules(start_server, assay, tmp_path, layout):
    rules = write(tmp_path / "rules", {"a.yar": 'rule Marker { strings: $a = "not-there-yet" condition: $a }'})
    server = start_server(config=f"malware: {{rules: {rules}}}\n")
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    push_layout(server, layout, "small", "team/app")

    wait_until(lambda: malicious(server) == set())
    server.stop()
    (rules / "a.yar").write_text(RULES["marker.yar"])
    server.start()
    wait_until(lambda: malicious(server) == {"Marker"}, timeout=60)
    server.stop()
    (rules / "a.yar").write_text("rule {")
    answer = assay("check", "--data", server.data, "--config", server.config, check=1).stdout
    assert "malware.rules: rules of YARA cannot be compiled: mend these of 1 files, or take them away:" in answer
    assert f"malware.rules: {rules}/a.yar:1: " in answer


def test_a_volume_of_kubernetes(scan, layout, tmp_path):
    """Links to files in a hidden folder, and one that leads around."""
    folder = write(tmp_path / "volume", {"..2026/a.yar": RULES["marker.yar"], "sub/b.yar": "rule B { condition: false }"})
    (folder / "..data").symlink_to("..2026")
    (folder / "a.yar").symlink_to("..data/a.yar")
    (folder / "sub" / "around").symlink_to("..")
    answer = scan_with(scan, f"oci:{layout}:small", "--yara-rules", folder)
    assert found(answer) == {("Marker", "opt/run.sh")}
    (folder / "gone.yar").symlink_to("nowhere")
    assert "gone.yar: No such file" in scan("--yara-rules", folder, f"oci:{layout}:small", check=2).stderr
