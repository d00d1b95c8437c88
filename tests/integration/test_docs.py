"""The guides are true: the commands in ```console blocks run as they stand and print what is shown, and links lead somewhere.

The `$ ` lines of all console blocks of one file run in order, in one shell, in a scratch folder, with `assay` on the PATH, and
./image, an OCI layout of Debian 11 with the tags "vulnerable" and "upgraded" (as `scripts/debian_image.py bullseye image` builds
it). A server that a guide starts with `assay serve ... &` is waited for, and stopped at the end; a guide that starts none has one on
defaults. 127.0.0.1:5000 is replaced by a free port, and Debian's security mirror by the one that this machine uses; servers do
not fetch feeds by themselves. Where a guide logs in by a browser, the server knows a provider "corp", glewlwyd, by which dora of the
group "developers" approves.

A command must succeed, unless the next line is "(exit code N)". The other lines below it are what it prints: each must be among
its lines, where a number stands for any number, a long hexadecimal one for any, and "..." for anything, also for a line of its
own. What is not to be run stands in blocks of another kind."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import glewlwyd
import images
from assay_server import free_port, sanitizer_environment, sanitizer_reports

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import figures  # noqa: E402

GUIDES = [ROOT / "README.md", *sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
GUIDES = list(dict.fromkeys(path for path in GUIDES if path.is_file()))


def commands_of(text):
    """[(command, expected exit code, lines shown)] of the console blocks."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines = iter(block.split("\n"))
        for line in lines:
            if line.startswith("$ "):
                command = line[2:]
                heredoc = re.search(r"<<'?(\w+)'?", command)
                while command.endswith("\\") or heredoc and command.split("\n")[-1] != heredoc.group(1):
                    command = f"{command}\n{next(lines)}"
                found.append([command, 0, []])
            elif expected := re.fullmatch(r"\(exit code (\d+)\)", line):
                found[-1][1] = int(expected.group(1))
            elif line.strip() not in ("", "..."):
                found[-1][2].append(line)
    return found


def refusals_of(text):
    """The refusals that `text` blocks show as a client tells them, without what the client says around them."""
    blocks = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [f"... {' '.join(block[block.index('denied: '):].split())}..." for block in blocks if "denied: " in block]


def pattern_of(line):
    """What a shown line stands for."""
    words = []
    for word in line.split():
        word = re.sub(r"[0-9a-f]{12,64}", "\0", word)
        word = re.escape(word).replace(re.escape("\0"), "[0-9a-f]+").replace(re.escape("..."), ".*")
        words.append(re.sub(r"\d+", r"\\d+", re.sub(r"\[0-9a-f\]", "[[:x:]]", word)).replace("[[:x:]]", "[0-9a-f]"))
    return re.compile(r"\s+".join(words))


def missing_lines(shown, output):
    """The shown lines that the output does not have."""
    actual = [line.strip() for line in output.split("\n")]
    return [line for line in shown if not any(pattern_of(line).fullmatch(text) for text in actual)]


def test_commands_are_found():
    text = "```console\n$ one\noutput\n\n...\n$ two \\\n  more\n(exit code 1)\n$ cat >a <<EOF\n$ b\nEOF\n```\n```sh\n$ not this\n```\n"
    assert commands_of(text) == [["one", 0, ["output"]], ["two \\\n  more", 1, []], ["cat >a <<EOF\n$ b\nEOF", 0, []]]


@pytest.mark.parametrize("shown,output,found", [
    ("3 packages, 12 findings", "ok\n 96 packages,  118 findings\n", True),
    ("3 packages, 12 findings", "96 packages, 118 finding\n", False),
    ("sha256:0123456789ab", "sha256:ffffffffffff", True),
    ("sha256:0123456789ab", "sha256:", False),
    ("refused by ... (more)", "refused by policy a.b (more)", True),
    ("refused by", "refused by policy", False),
])
def test_shown_lines(shown, output, found):
    assert missing_lines([shown], output) == ([] if found else [shown])


class Shell:
    """One bash in which the commands of a guide run, one after the other."""

    def __init__(self, folder, environment):
        self.process = subprocess.Popen(["bash", "--norc"], cwd=folder, env=environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.folder, self.count = folder.parent, 0

    def run(self, command):
        """(exit code, output); a background job holds neither, and goes on writing to its own file."""
        self.count += 1
        output = self.folder / f"output{self.count}"
        self.process.stdin.write(f"{{ {command}\n}} >{shlex.quote(str(output))} 2>&1 </dev/null\necho $?\n")
        self.process.stdin.flush()
        code = self.process.stdout.readline()
        assert code.strip().isdigit(), f"the shell ended after $ {command}\n{output.read_text(errors='replace')}"
        return int(code), output.read_text(errors="replace")

    def close(self):
        self.process.stdin.write('for job in $(jobs -p); do kill "$job"; done; wait\n')
        self.process.stdin.close()
        self.process.wait(timeout=60)


SERVE = re.compile(r"^assay serve\b(.*)&$", re.MULTILINE)


def as_here(command, port):
    """The command for this machine."""
    command = re.sub(r"(127\.0\.0\.1|localhost):5000", f"127.0.0.1:{port}", command)
    command = command.replace("http://deb.debian.org/debian-security", images.debian_image.mirrors()[1])
    if SERVE.search(command) and "--config" not in command:
        options = "--config ~/assay.yaml" + ("" if "--listen" in command else f" --listen 127.0.0.1:{port}")
        command = SERVE.sub(rf"assay serve {options}\1&", command)
    if SERVE.search(command):
        url = f"http://127.0.0.1:{port}" if "tls" not in command else f"-k https://127.0.0.1:{port}"
        command += f"\nfor i in $(seq 300); do curl -sfo /dev/null {url}/readyz && break; sleep 0.1; done"
    return command


class Corp:
    """The provider "corp", and dora with her browser, who enters each code that a command shows in @folder."""

    def __init__(self, folder, port):
        self.folder, self.done = folder, threading.Event()
        self.provider = glewlwyd.Glewlwyd(folder / "glewlwyd", redirects=[f"http://127.0.0.1:{port}/api/v1/session/oidc/corp/callback"])
        self.provider.add_person("dora", ["developers"])
        self.thread = threading.Thread(target=self.approve, daemon=True)
        self.thread.start()

    def config(self):
        (self.folder / "home/oidc.secret").write_text(f"{glewlwyd.SECRET}\n")
        return (f"  oidc:\n    - {{name: corp, issuer: '{self.provider.issuer}', plain_http: true, client_id: {glewlwyd.CLIENT}, "
                f"client_secret_file: {self.folder}/home/oidc.secret}}\n"
                "  workloads:\n    - issuer: https://token.actions.githubusercontent.com\n")

    def approve(self):
        seen = set()
        while not self.done.wait(0.2):
            for output in self.folder.glob("output*"):
                code = re.search(r"enter the code (\S+):", output.read_text(errors="replace"))
                if code and output not in seen:
                    seen.add(output)
                    self.provider.approve_device(self.provider.browser("dora"), code.group(1))

    def stop(self):
        self.done.set()
        self.thread.join()
        self.provider.stop()


RUNNABLE = [path for path in GUIDES if commands_of(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("guide", RUNNABLE, ids=[str(path.relative_to(ROOT)) for path in RUNNABLE])
def test_guide(guide, program, bullseye, tmp_path):
    scratch, programs, port = tmp_path / "scratch", tmp_path / "bin", free_port()
    for folder in (programs, tmp_path / "home", scratch / "scripts"):
        folder.mkdir(parents=True)
    (programs / "assay").symlink_to(program)
    commands = commands_of(guide.read_text(encoding="utf-8"))
    # A guide that shows how to log in starts as an installation does; the others are about something else.
    mode = "closed" if any("assay user create" in command for command, _, _ in commands) else "open"
    corp = None
    if any(re.fullmatch(r"assay login \S+", command) for command, _, _ in commands):
        if shutil.which("glewlwyd") is None:
            pytest.skip("glewlwyd is not installed (scripts/packages.txt)")
        corp = Corp(tmp_path, port)
    (tmp_path / "home/assay.yaml").write_text(f"feed_interval: 0\naccess:\n  mode: {mode}\n{corp.config() if corp else ''}")
    (tmp_path / "home/auth.json").write_text("{}")
    shutil.copytree(bullseye, scratch / "image")
    (scratch / "scripts/debian_image.py").write_text('#!/bin/sh\ntest "$*" = "bullseye image"\n')
    (scratch / "scripts/debian_image.py").chmod(0o755)
    environment = {**sanitizer_environment(tmp_path / "sanitizer"), "PATH": f"{programs}:{os.environ['PATH']}", "NO_COLOR": "1",
                   "HOME": str(tmp_path / "home"), "ASSAY_DATA": str(tmp_path / "home/data"),
                   "ASSAY_CONFIG": str(tmp_path / "home/assay.yaml"), "REGISTRY_AUTH_FILE": str(tmp_path / "home/auth.json"), "LC_ALL": "C.UTF-8",
                   "XDG_CACHE_HOME": str(tmp_path / "home/cache"), "ASSAY_SERVER": f"http://127.0.0.1:{port}"}
    shell = Shell(scratch, environment)
    if not any(SERVE.search(command) for command, _, _ in commands):
        commands.insert(0, ["assay serve &", 0, []])
    said = ""
    try:
        for command, expected, shown in commands:
            code, output = shell.run(as_here(command, port))
            said += output.replace('\\"', '"')
            assert code == expected, f"{guide.name}: $ {command}\n{output}"
            assert missing_lines(shown, output) == [], f"{guide.name}: $ {command}\n{output[-6000:]}"
    finally:
        shell.close()
        if corp:
            corp.stop()
    refused = "\n".join(line for line in said.split("\n") if "denied: " in line)
    assert missing_lines(refusals_of(guide.read_text(encoding="utf-8")), refused) == [], f"{guide.name}: refused as\n{refused}"
    assert sanitizer_reports(tmp_path / "sanitizer") == ""


def test_commits_are_there():
    """The commits that CONTRIBUTING.md shows as examples are of this history, where it is whole."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if git("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
        pytest.skip("there is no history here, or not all of it")
    commits = re.findall(r"\| `([0-9a-f]{7})`", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(commits) >= 7
    missing = [each for each in commits if git("merge-base", "--is-ancestor", each, "HEAD").returncode != 0]
    assert missing == []


def test_refusals_are_found():
    text = '```text\n$ docker pull a\nError: denied: policy "p"\nrefuses ...\n```\n```text\nallowed\n```\n'
    assert refusals_of(text) == ['... denied: policy "p" refuses ......']
    assert missing_lines(refusals_of(text), 'x denied: policy "p" refuses a:1') == []
    assert missing_lines(refusals_of(text), 'x denied: policy "q" refuses a:1') != []


def test_figures_of_the_readme():
    """They are what docs/benchmarks.md has."""
    readme, benchmarks = (ROOT / "README.md").read_text(), (ROOT / "docs/benchmarks.md").read_text()
    assert figures.with_figures(readme, benchmarks) == readme
    assert figures.figures(benchmarks).count("\n- ") >= 2
    changed = re.sub(r"(resident memory, idle[^|]*\| )[\d.]+", r"\g<1>99.9", benchmarks)
    assert "99.9 MiB" in figures.figures(changed) and figures.with_figures(readme, changed) != readme


def test_picture_is_text():
    """What the picture shows is text that can be read, searched and read aloud, in light and in dark."""
    picture = (ROOT / "docs/how-it-works.svg").read_text()
    texts = [each.text for each in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert {"1  push", "2  cage", "3  verdict", "4  pull"} <= set(texts)
    assert "<desc" in picture and "prefers-color-scheme: dark" in picture and "<image" not in picture


@pytest.mark.parametrize("guide", GUIDES, ids=[str(path.relative_to(ROOT)) for path in GUIDES])
def test_links(guide):
    text = re.sub(r"```.*?```", "", guide.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not re.match(r"[a-z]+:", target):
            assert (guide.parent / target).exists(), f"{guide.name}: the link to {target} leads nowhere"
