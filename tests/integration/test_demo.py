"""`make demo ONCE=1` does what it says, from the filled database to the refused pull."""
import re
import subprocess
from pathlib import Path

from assay_server import SANITIZER_WORDS, sanitizer_environment, sanitizer_reports

ROOT = Path(__file__).resolve().parents[2]


def test_demo(program, bullseye, tmp_path):
    reports = tmp_path / "sanitizer"
    environment = {**sanitizer_environment(reports), "ASSAY": str(program), "ONCE": "1", "DEMO_IMAGE": str(bullseye),
                   "DEMO_SUITE": "bullseye", "TMPDIR": str(tmp_path), "DEMO_PORT": "5100"}
    result = subprocess.run([str(ROOT / "scripts/demo")], env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
    assert result.returncode == 0, result.stdout[-6000:]
    assert sanitizer_reports(reports) == ""
    assert not any(word in result.stdout for word in SANITIZER_WORDS)
    verdict, refusal = re.search(r"== 5\.(.*)== 6\.", result.stdout, re.DOTALL), \
        re.search(r"== 7\.(.*)== 8\.", result.stdout, re.DOTALL)
    assert len(set(re.findall(r"CVE-\d{4}-\d+", verdict.group(1)))) >= 10
    assert re.search(r"CVE-\d{4}-\d+", refusal.group(1)) and "guarded" in refusal.group(1)
    assert [path.name for path in tmp_path.glob("assay-demo.*")] == [], "the demo leaves nothing behind"
