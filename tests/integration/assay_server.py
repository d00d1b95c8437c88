"""The program under test: running its commands, and a server that is started, watched and stopped."""
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
# Real advisories, which some places have beside the project.
SHARED = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared")) / "data"
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "AddressSanitizer:DEADLYSIGNAL")


def find_program():
    """$ASSAY, or the newest of the usual build folders."""
    if os.environ.get("ASSAY"):
        return Path(os.environ["ASSAY"]).resolve()
    built = [path for path in ROOT.glob("build*/src/cli/assay") if os.access(path, os.X_OK)]
    if not built:
        raise RuntimeError("no assay program: build it (`make test` does), or name it by ASSAY=...")
    return max(built, key=lambda path: path.stat().st_mtime)


def sanitizer_environment(log_prefix):
    """Reports of every process go to files of that prefix, so that none is lost with a closed stderr."""
    def joined(name, *settings):
        return ":".join([value for value in [os.environ.get(name)] if value] + list(settings))
    return {
        **os.environ,
        "ASAN_OPTIONS": joined("ASAN_OPTIONS", "detect_leaks=1", f"log_path={log_prefix}"),
        "UBSAN_OPTIONS": joined("UBSAN_OPTIONS", "halt_on_error=1", "print_stacktrace=1", f"log_path={log_prefix}"),
    }


def sanitizer_reports(log_prefix):
    """The text of all reports that were written to files of that prefix."""
    prefix = Path(log_prefix)
    return "\n".join(path.read_text(errors="replace") for path in sorted(prefix.parent.glob(f"{prefix.name}.*")))


def free_port():
    """Below those that the system gives clients for their own ends: one of them could have it before whoever is to listen."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.SystemRandom().randrange(10000, 32000)))
            return probe.getsockname()[1]


class Server:
    """One `assay serve` on a data folder of its own. `address` is HOST:PORT, `url` is http://HOST:PORT. It can be killed
    and started again on the same data and port."""

    def __init__(self, program, folder, config="", policy=None, arguments=(), trust=None, environment=None, wrap=()):
        """config: YAML lines for the config file (without listen and data), where access is open unless they say
        otherwise; policy: the text of a policy file, or
        the name of a built-in one such as "strict"; trust: where the config has `tls`, the certificate that clients
        trust; environment: more of it; wrap: a command that the server is started by."""
        self.program, self.folder = Path(program), Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data, self.log = self.folder / "data", self.folder / "server.log"
        self.sanitizer_prefix = self.folder / "sanitizer"
        self.port, self.process, self.served = free_port(), None, False
        self.arguments, self.trust, self.wrap = list(arguments), trust, list(wrap)
        self.environment = environment or {}
        lines = [] if "feed_interval" in config else ["feed_interval: 0"]
        if "access:" not in config:
            lines += ["access:", "  mode: open"]
        if policy is not None:
            if "\n" in policy:
                (self.folder / "policy.yaml").write_text(policy)
                policy = str(self.folder / "policy.yaml")
            lines.append(f"policy: {policy}")
        self.config = self.folder / "assay.yaml"
        self.config.write_text("\n".join(lines + [config, ""]))

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"{'https' if self.trust else 'http'}://{self.address}"

    def start(self, timeout=60, probe="/readyz"):
        command = [*self.wrap, str(self.program), "serve", "--config", str(self.config), "--data", str(self.data),
                   "--listen", self.address, *self.arguments]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**sanitizer_environment(self.sanitizer_prefix), **self.environment})
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None and self.takes_another_port():
                return self.start(timeout, probe)
            if self.process.poll() is not None:
                raise AssertionError(f"assay serve ended with {self.process.returncode}:\n{self.log_text()}")
            try:
                if self.request("GET", probe, timeout=5).status_code == 200:
                    self.served = True
                    return self
            except (requests.ConnectionError, requests.Timeout):
                pass
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"assay serve was not ready within {timeout} s:\n{self.log_text()}")

    def takes_another_port(self):
        """Where somebody else took it between free_port() and the first start: nobody knows it yet."""
        log = self.log_text()
        if self.served or "Address already in use" not in log or log.count("Address already in use") > 5:
            return False
        self.port = free_port()
        return True

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_events(self):
        """The structured log lines; what is no JSON is left out."""
        events = []
        for line in self.log_text().split("\n"):
            if line.startswith("{"):
                try:
                    events.append(json.loads(line))
                except ValueError:
                    continue
        return events

    def kill(self):
        """kill -9, as a power loss that spares the kernel; its workers end with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait(timeout=30)
            self.process = None

    def stop(self, timeout=60):
        """A graceful stop: exit code 0, and no sanitizer has anything to say."""
        if self.process is not None:
            process, self.process = self.process, None
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=30)
                raise AssertionError(f"assay serve did not stop within {timeout} s:\n{self.log_text()[-4000:]}") from None
            assert code == 0, f"assay serve ended with {code}:\n{sanitizer_reports(self.sanitizer_prefix)}\n{self.log_text()[-8000:]}"
        self.check_sanitizers()

    def check_sanitizers(self):
        reports = sanitizer_reports(self.sanitizer_prefix)
        assert not reports, reports
        text = self.log_text()
        assert not any(word in text for word in SANITIZER_WORDS), text[-8000:]

    def resident_bytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def request(self, method, path, **options):
        options.setdefault("timeout", 60)
        options.setdefault("verify", str(self.trust) if self.trust else True)
        return requests.request(method, f"{self.url}{path}", **options)

    def operator(self):
        """Headers of a request by who can read the data folder: it may do all."""
        key = (self.data / "operator.key").read_text().strip()
        return {"Authorization": f"Bearer {key}"}

    def make(self, things, body):
        """POST /api/v1/THINGS by the operator; the answer. Quarantine alone may have been there before."""
        answer = self.request("POST", f"/api/v1/{things}", headers=self.operator(), json=body)
        assert answer.status_code == (200 if things == "quarantine" else 201), answer.text
        return answer.json()

    def assay(self, *arguments, **options):
        """Runs a command that asks this server, as the operator; see run_assay()."""
        environment = {"ASSAY_SERVER": self.url, "ASSAY_DATA": str(self.data), **options.pop("env", {})}
        if self.trust:
            arguments = (*arguments, "--ca-file", self.trust)
        return run_assay(self.program, *arguments, env=environment, log_prefix=self.sanitizer_prefix, **options)

    def get_json(self, path, **options):
        answer = self.request("GET", path, **options)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def wait_for_scan(self, repository, digest, timeout=60):
        """What the registry says of the image's scan, once it has ended: state "done" or "failed", counts."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            images = self.get_json(f"/api/v1/repositories/{repository}/images?limit=1000")["images"]
            scan = next(image["scan"] for image in images if image["digest"] == digest)
            if scan["state"] not in ("pending", "none"):
                return scan
            time.sleep(0.05)
        raise AssertionError(f"no scan of {digest} within {timeout} s: {scan}")


def children_of(pid):
    """The processes that any thread of this one started. A thread, or all of it, may end while it is looked at."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in listed.read_text().split()]
    return found


def nurseries_of(pid):
    """The processes that this one's workers are forked from; two for a moment, when one takes the other's place."""
    found = []
    for child in children_of(pid):
        # Until exec it is still its parent; and it may have ended since.
        with contextlib.suppress(OSError):
            if Path(f"/proc/{child}/cmdline").read_bytes() == b"assay\0worker\0":
                found.append(child)
    return found


def workers_of(pid):
    """The workers that inspect something for this process now."""
    return [worker for nursery in nurseries_of(pid) for worker in children_of(nursery)]


def has_ended(pid):
    """Also where nobody has waited for it yet."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def run_assay(program, *arguments, check=0, log_prefix="/tmp/assay-sanitizer", **options):
    """Runs one command; its exit code must be `check` (None: any). Returns the CompletedProcess with text."""
    options.setdefault("timeout", 300)
    environment = {**sanitizer_environment(log_prefix), **options.pop("env", {})}
    result = subprocess.run([str(program), *map(str, arguments)], stdin=options.pop("stdin", subprocess.DEVNULL),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                            env=environment, **options)
    reports = sanitizer_reports(log_prefix)
    assert not reports, reports
    assert not any(word in result.stderr for word in SANITIZER_WORDS), result.stderr
    if check is not None:
        assert result.returncode == check, \
            f"assay {' '.join(map(str, arguments))}: exit code {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


def findings_of(result):
    """[(id, package, fixed version)] of the JSON report that a command printed, sorted."""
    return sorted((found["id"], found["package"], found.get("fixed_version")) for found in json.loads(result.stdout)["findings"])
