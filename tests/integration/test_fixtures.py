"""The fixtures themselves can fail: a server that ends badly, or whose sanitizer wrote a report, is not let pass."""
import subprocess
import sys
from pathlib import Path

import pytest

from assay_server import Server, run_assay

ROOT = Path(__file__).resolve().parents[2]
# Answers /readyz; at SIGTERM it does what BEHAVIOUR says and ends.
FAKE_SERVER = """#!/usr/bin/python3
import http.server, os, signal, sys
address = sys.argv[sys.argv.index("--listen") + 1].split(":")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *ignored):
        pass
def stop(*ignored):
    {behaviour}
    os._exit({code})
signal.signal(signal.SIGTERM, stop)
http.server.HTTPServer((address[0], int(address[1])), Handler).serve_forever()
"""
REPORT = 'log = os.environ["ASAN_OPTIONS"].split("log_path=")[1].split(":")[0]; open(log + ".1", "w").write("leak")'


@pytest.mark.parametrize("behaviour,code,expected", [
    ("pass", 0, None), ("pass", 3, "ended with 3"), (REPORT, 0, "leak"),
    ('print("ERROR: AddressSanitizer: x", file=sys.stderr, flush=True)', 0, "AddressSanitizer")],
    ids=["clean", "exit code", "report in a file", "report on stderr"])
def test_server_fixture(tmp_path, behaviour, code, expected):
    program = tmp_path / "fake"
    program.write_text(FAKE_SERVER.format(behaviour=behaviour, code=code))
    program.chmod(0o755)
    server = Server(program, tmp_path / "server").start()
    if expected is None:
        server.stop()
    else:
        with pytest.raises(AssertionError, match=expected):
            server.stop()


def test_server_that_does_not_start(tmp_path):
    with pytest.raises(AssertionError, match="ended with 1"):
        Server(Path("/bin/false"), tmp_path / "server").start()


def test_command_with_the_wrong_exit_code(tmp_path):
    with pytest.raises(AssertionError, match="exit code 1"):
        run_assay("/bin/false", log_prefix=tmp_path / "sanitizer")


@pytest.mark.parametrize("cases,line,code", [
    ("", "0 passed, 0 failed", 1), ("<testcase/>", "1 passed, 0 failed", 0),
    ("<testcase/><testcase><skipped/></testcase>", "1 passed, 0 failed, 1 skipped", 0),
    ("<testcase/><testcase><failure/></testcase><testcase><error/></testcase>", "1 passed, 2 failed", 1)],
    ids=["nothing ran", "passed", "skipped", "failed"])
def test_sum_of_results(tmp_path, cases, line, code):
    (tmp_path / "a.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    result = subprocess.run([sys.executable, str(ROOT / "scripts/sum-results"), str(tmp_path)], stdout=subprocess.PIPE,
                            text=True)
    assert (result.stdout.strip(), result.returncode) == (line, code)
