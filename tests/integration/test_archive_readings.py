"""What people's tools unpack of archives is found in them, or the archive counts as unscanned: random zips, tars and packed streams, most of them
mangled. tests/differential/README.md says how."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

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
