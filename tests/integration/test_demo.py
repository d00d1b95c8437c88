"""`make demo` does what it says, from the filled database to the refused pull, and fails when the program does not."""
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from assay_server import SANITIZER_WORDS, free_port, sanitizer_environment, sanitizer_reports

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo(program, bullseye, tmp_path):
    """demo(ONCE="1", ...): (exit code, output). The image is built before, so that a run takes seconds; DEMO_CHECKED="" compares it
    with its packages, too."""
    reports = tmp_path / "sanitizer"

    def run(**variables):
        environment = {**sanitizer_environment(reports), "ASSAY": str(program), "DEMO_IMAGE": str(bullseye),
                       "DEMO_SUITE": "bullseye", "TMPDIR": str(tmp_path), "DEMO_PORT": str(free_port()), "DEMO_CHECKED": "1", **variables}
        with open(tmp_path / "output", "w+", encoding="utf-8") as output:  # no pipe: a server that stays would hold it
            code = subprocess.run([str(ROOT / "scripts/demo")], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                  stderr=subprocess.STDOUT, timeout=900).returncode
            output.seek(0)
            return code, output.read()
    yield run
    assert sanitizer_reports(reports) == ""
    assert [path.name for path in tmp_path.glob("assay-demo.*")] == [], "the demo leaves nothing behind"


def test_demo(demo):
    code, output = demo(ONCE="1", DEMO_CHECKED="")
    assert code == 0, output[-6000:]
    assert not any(word in output for word in SANITIZER_WORDS)
    assert "vulnerable: each file is as its package has it" in output and "upgraded: each file is as its package has it" in output
    verdict, refusal = re.search(r"== 6\.(.*)== 7\.", output, re.DOTALL), re.search(r"== 8\.(.*)== 9\.", output, re.DOTALL)
    assert len(set(re.findall(r"CVE-\d{4}-\d+", verdict.group(1)))) >= 10
    assert re.search(r"CVE-\d{4}-\d+", refusal.group(1)) and "guarded" in refusal.group(1)
    assert verdict.group(1).count("reached its end of life") <= 1
    weak = re.search(r"== 10\.(.*)== Done", output, re.DOTALL).group(1)
    assert "account-weak-password" in weak and re.search(r"CVE-\d{4}-\d+", weak) and "strict" in weak
    assert "Next: make demo" in output.split("== Done")[1]


def test_what_is_slow_says_so():
    """A sign of life each ten seconds; the command's own output and exit code stay."""
    done = subprocess.run([str(ROOT / "scripts/slowly"), "sh", "-c", "sleep 11; echo made; exit 3"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 3 and re.fullmatch(r"\.\.\. \d+ seconds so far\nmade\n", done.stdout)


def test_server_stays_until_the_next_demo(demo, tmp_path):
    data = tmp_path / "demo data"

    def process_that_runs(output):
        pid = int(re.search(r"Its process is (\d+)", output).group(1))
        os.kill(pid, 0)
        return pid
    code, output = demo(DEMO_DATA=str(data))
    assert code == 0, output[-6000:]
    first = process_that_runs(output)
    code, output = demo(DEMO_DATA=str(data))
    try:
        assert code == 0, output[-6000:]
        assert f"stopping the server of the earlier demo (process {first})" in output
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
    finally:
        os.kill(process_that_runs(output), signal.SIGTERM)


def test_folder_of_somebody_else_is_left_alone(demo, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter").write_text("one")
    code, output = demo(DEMO_DATA=str(tmp_path / "thesis"))
    assert code == 1 and "DEMO_DATA" in output
    assert (tmp_path / "thesis/chapter").read_text() == "one"


@pytest.mark.parametrize("drop,complaint", [
    ("--policy", "the pull was to be refused"), ("--sources", "no CVE was found"), ("--data", "the database could not be filled")])
def test_program_that_fails_is_told(demo, program, tmp_path, drop, complaint):
    """A program that loses an option on its way: one that refuses nothing, one that knows no advisory, one that fails."""
    broken = tmp_path / "assay"
    broken.write_text(f"""#!/bin/bash
words=()
while [ $# -gt 0 ]; do
  if [ "$1" = {drop} ]; then
    shift
    if [ {drop} = --sources ]; then words+=(--sources none); fi
    if [ {drop} = --data ]; then words+=(--data /proc/nowhere); fi
  else
    words+=("$1")
  fi
  shift
done
exec {program} "${{words[@]}}"
""")
    broken.chmod(0o755)
    code, output = demo(ONCE="1", ASSAY=str(broken))
    assert code == 1 and complaint in output, output[-6000:]
