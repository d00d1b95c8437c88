"""What `make install` lays down: the program, a unit file that systemd accepts, a manual page, completion scripts."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(program, tmp_path_factory):
    """The folder that DESTDIR named, installed from the build that is under test."""
    build = program.parents[2]
    if not (build / "build.ninja").is_file():
        pytest.skip(f"{program} does not stand in a build folder")
    destination = tmp_path_factory.mktemp("destination")
    subprocess.run(["meson", "install", "--no-rebuild", "-C", str(build), f"--destdir={destination}"], check=True,
                   stdout=subprocess.DEVNULL)
    return destination / "usr/local"


@pytest.mark.parametrize("path", [
    "bin/assay", "lib/systemd/system/assay.service", "lib/sysusers.d/assay.conf", "share/man/man1/assay.1",
    "share/bash-completion/completions/assay", "share/zsh/site-functions/_assay",
    "share/fish/vendor_completions.d/assay.fish"])
def test_file_is_there(installed, path):
    assert (installed / path).stat().st_size > 0


def test_program_runs_where_it_was_installed(installed, command):
    assert command(installed / "bin/assay", "--version").stdout.startswith("assay ")


def test_unit_file(installed, command, tmp_path):
    unit = tmp_path / "assay.service"
    unit.write_text((installed / "lib/systemd/system/assay.service").read_text()
                    .replace("/usr/local/bin/assay", str(installed / "bin/assay")))
    verify = command("systemd-analyze", "verify", "--man=no", unit, check=None)
    complaints = [line for line in verify.stderr.split("\n") if "assay" in line]
    assert complaints == [] and verify.returncode == 0, verify.stderr
    security = command("systemd-analyze", "security", "--no-pager", "--offline=true", unit)
    exposure = float(re.search(r"Overall exposure level.*?: ([0-9.]+)", security.stdout).group(1))
    assert exposure < 3, security.stdout


def test_manual_page(installed, command, program):
    page = installed / "share/man/man1/assay.1"
    result = command("man", "--warnings=all", "-E", "UTF-8", "-l", page, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                                                                             "MANWIDTH": "100"})
    assert result.stderr == ""
    listed = re.search(r"Commands:\n((?:  .*\n)+)", command(program, "--help").stdout).group(1)
    for line in listed.splitlines():
        assert f"assay {line.split()[0]}" in result.stdout, f"the page lacks {line.split()[0]}"


@pytest.mark.parametrize("shell,path", [
    ("bash", "share/bash-completion/completions/assay"), ("zsh", "share/zsh/site-functions/_assay"),
    ("fish", "share/fish/vendor_completions.d/assay.fish")])
def test_completion_parses(installed, command, shell, path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command(shell, "-n", installed / path)


def test_bash_completes(installed, command):
    script = f"source {installed}/share/bash-completion/completions/assay; COMP_WORDS=(assay comp); COMP_CWORD=1; " \
             "_assay; echo ${COMPREPLY[@]}"
    assert command("bash", "-c", script).stdout.strip() == "completion"
