"""What people's tools unpack of archives is found in them, or the archive counts as unscanned: random zips, tars and packed streams, most of them
mangled. tests/differential/README.md says how."""
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from images import alpine_files
from oci_layout import Layout, tar_of

DIFFERENTIAL = Path(__file__).resolve().parents[1] / "differential"
sys.path.insert(0, str(DIFFERENTIAL))
import archives  # noqa: E402

# The short form of `make differential`.
COUNT, SEED = 150, 1


def run(program, *options):
    return subprocess.run([sys.executable, DIFFERENTIAL / "archives.py", "--program", program, *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=1200, check=False)


def test_nothing_is_hidden(program, tmp_path):
    done = run(program, "--count", str(COUNT), "--seed", str(SEED), "--report", tmp_path / "report")
    assert done.returncode == 0, done.stdout[-5000:]
    report = json.loads((tmp_path / "report").read_text())
    # What compares nothing finds nothing, and what tells gaps of everything hides nothing.
    assert report["archives"] == COUNT and report["unpacked"] > COUNT / 2 and report["good"] > COUNT / 10 and report["gaps"] < COUNT / 5


@pytest.mark.parametrize("keeps", ["findings", "incomplete"])
def test_a_program_that_hides_is_found(program, tmp_path, keeps):
    """One that tells no malware, or calls what is fine unscanned."""
    liar = tmp_path / "assay"
    liar.write_text(f"""#!{sys.executable}
import json, subprocess, sys
done = subprocess.run([{str(program)!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
if "scan" not in sys.argv or done.returncode:
    sys.exit(done.returncode)
report = json.loads(done.stdout)
if {keeps!r} == "incomplete":
    report["findings"] = []
else:
    report["notes"] += ["layer 1: malware-unscanned: " + each["location"] + ": Not looked through for malware: x." for each in report["findings"]]
print(json.dumps(report))
""")
    liar.chmod(0o755)
    done = run(liar, "--count", "25", "--seed", str(SEED))
    assert done.returncode == 1 and ("HIDDEN" if keeps == "incomplete" else "GOOD") in done.stdout, done.stdout[-3000:]


def test_same_seed_same_archive():
    assert [archives.archive(seed) for seed in range(40)] == [archives.archive(seed) for seed in range(40)]


def zip_with_tar(first=b""):
    """A zip, behind `first`, with a stored tar that begins where a block of a tar would."""
    for pad in range(512):
        out = io.BytesIO(first)
        with zipfile.ZipFile(out, "a", zipfile.ZIP_STORED) as archive:
            archive.writestr("pad", b"p" * pad)
            archive.writestr("data.tar", tar_of({"hello": b"world"}))
            archive.writestr("readme", b"fine")
        if out.getvalue().index(b"world") % 512 == 0:
            return out.getvalue()
    raise AssertionError("no pad is enough")


def lost_member():
    """A zip whose only member has no header."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.sh", b"#!/bin/sh\n")
    return out.getvalue().replace(b"PK\3\4", b"PK00")


def test_a_tar_stored_in_a_zip_is_no_gap(scan, tmp_path):
    """The zip's own table, behind the tar, names what stands before the tar. Of what is no zip, it is all that tells of
    a member; and a table is read with the whole zip."""
    layout = Layout(tmp_path / "image")
    layout.add_image("x", [{**alpine_files(), "opt/a.zip": zip_with_tar(), "opt/b.run": zip_with_tar(b"#!/bin/sh\nexec unzip $0\n"),
                            "opt/c.tar": tar_of({"a": b"x"}) + lost_member(), "opt/d.zip": zip_with_tar(lost_member())}])
    answer = json.loads(scan("--format", "json", "--kind", "malware", f"oci:{layout.folder}:x").stdout)
    told = [each.split("malware-unscanned: ")[1].split(":")[0] for each in answer["notes"] if "malware-unscanned: " in each]
    assert answer["findings"] == [] and set(told) == {"opt/c.tar", "opt/d.zip"}, told
