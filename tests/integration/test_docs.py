"""The guides are true: commands in ```console blocks run as they stand, and links lead somewhere.

The `$ ` lines of all console blocks of one file run in order, in one shell session of a scratch folder with `assay` on the
PATH, a server on the address that the guide calls 127.0.0.1:5000, and ./image, an OCI layout of Debian 11 with the tags
"vulnerable" and "upgraded". A command must succeed, unless the block's next line is "(exit code N)". What is not to be run
stands in blocks of another kind."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / "README.md", *sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
GUIDES = list(dict.fromkeys(path for path in GUIDES if path.is_file()))


def commands_of(text):
    """[(command, expected exit code)] of the console blocks."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines = iter(block.split("\n"))
        for line in lines:
            if line.startswith("$ "):
                command = line[2:]
                while command.endswith("\\"):
                    command = f"{command}\n{next(lines)}"
                found.append([command, 0])
            elif expected := re.fullmatch(r"\(exit code (\d+)\)", line):
                found[-1][1] = int(expected.group(1))
    return found


def test_commands_are_found():
    text = "```console\n$ one\noutput\n$ two \\\n  more\n(exit code 1)\n```\n```sh\n$ not this\n```\n"
    assert commands_of(text) == [["one", 0], ["two \\\n  more", 1]]


RUNNABLE = [path for path in GUIDES if commands_of(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("guide", RUNNABLE, ids=[str(path.relative_to(ROOT)) for path in RUNNABLE])
def test_guide(guide, program, start_server, bullseye, tmp_path):
    server = start_server()
    scratch, programs = tmp_path / "scratch", tmp_path / "bin"
    programs.mkdir()
    (programs / "assay").symlink_to(program)
    shutil.copytree(bullseye, scratch / "image")
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path / "home"),
                   "ASSAY_DATA": str(tmp_path / "data"), "NO_COLOR": "1"}
    (tmp_path / "home").mkdir()
    for command, expected in commands_of(guide.read_text(encoding="utf-8")):
        command = re.sub(r"(127\.0\.0\.1|localhost):5000", server.address, command)
        result = subprocess.run(["bash", "-c", command], cwd=scratch, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        assert result.returncode == expected, f"{guide.name}: $ {command}\n{result.stdout}"


@pytest.mark.parametrize("guide", GUIDES, ids=[str(path.relative_to(ROOT)) for path in GUIDES])
def test_links(guide):
    text = re.sub(r"```.*?```", "", guide.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not re.match(r"[a-z]+:", target):
            assert (guide.parent / target).exists(), f"{guide.name}: the link to {target} leads nowhere"
