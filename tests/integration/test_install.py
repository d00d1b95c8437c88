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
    "share/man/man5/assay.yaml.5", "share/doc/assay/examples/nginx.conf", "share/doc/assay/examples/grafana.json",
    "share/doc/assay/examples/port-443.conf", "share/doc/assay/examples/credentials.conf",
    "share/bash-completion/completions/assay", "share/zsh/site-functions/_assay",
    "share/fish/vendor_completions.d/assay.fish"])
def test_file_is_there(installed, path):
    assert (installed / path).stat().st_size > 0


def test_no_test_is_compiled_to_install(program):
    build = program.parents[2]
    if not (build / "build.ninja").is_file():
        pytest.skip(f"{program} is in no build folder")
    commands = subprocess.run(["ninja", "-C", build, "-t", "commands", "installed"], check=True, capture_output=True, text=True).stdout
    assert "src/cli/assay" in commands and "assay.yaml.5" in commands
    assert not re.search(r"tests/(unit|tools)|bench/", commands)


def settings_in(text):
    """The example with all that is commented out taken in: a sentence begins with one space after the "#"."""
    return "\n".join(line.removeprefix("#") for line in text.split("\n") if not re.match(r"# \S", line))


def test_example_of_the_configuration(installed, assay, tmp_path):
    """As it is, it is the defaults; with all of its keys taken in it is a configuration, too."""
    example = (installed.parents[1] / "etc/assay/assay.example.yaml").read_text()
    assert not [line for line in example.split("\n") if line and not line.startswith("#")]
    (tmp_path / "policy.yaml").write_text("policies: []\n")
    text = settings_in(example).replace("/etc/assay", str(tmp_path)).replace("/srv/assay", str(tmp_path / "data"))
    assert "tls:" in text and "listen:" in text and "feed_interval: 6h" in text
    config = tmp_path / "assay.yaml"
    config.write_text(re.sub(r"(?m)^(tls:|  certificate:|  key:|  - address: 0.0.0.0:443).*\n", "", text))
    told = assay("check", "--config", config, "--listen", "127.0.0.1:0", check=None)
    assert "unknown key" not in told.stdout and told.returncode == 0, told.stdout


@pytest.mark.parametrize("drop_in", ["port-443.conf", "credentials.conf"])
def test_drop_in(installed, command, tmp_path, drop_in):
    """systemd takes the unit with it."""
    unit, folder = tmp_path / "assay.service", tmp_path / "assay.service.d"
    folder.mkdir()
    unit.write_text((installed / "lib/systemd/system/assay.service").read_text()
                    .replace("/usr/local/bin/assay", str(installed / "bin/assay")))
    shutil.copy(installed / "share/doc/assay/examples" / drop_in, folder)
    verify = command("systemd-analyze", "verify", "--man=no", unit, check=None)
    complaints = [line for line in verify.stderr.split("\n") if "assay" in line]
    assert complaints == [] and verify.returncode == 0, verify.stderr
    (folder / drop_in).write_text("[Service]\nLoadCredentials=nonsense\n")
    assert "assay.service.d" in command("systemd-analyze", "verify", "--man=no", unit, check=None).stderr, "it is not read"


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


def rendered(command, page):
    """A manual page as it is read, which must give man no cause to warn."""
    result = command("man", "--warnings=all", "-E", "UTF-8", "-l", page, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                                                                             "MANWIDTH": "100"})
    assert result.stderr == ""
    return result.stdout


def commands_of(command, program, *words):
    """The words of each command that runs, with its help."""
    text = command(program, *words, "--help").stdout
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.MULTILINE)
    if listed is None:
        yield words, text
        return
    for line in listed.group(1).splitlines():
        yield from commands_of(command, program, *words, line.split()[0])


def test_manual_page_lists_every_command_and_option(installed, command, program):
    page = rendered(command, installed / "share/man/man1/assay.1")
    found = list(commands_of(command, program))
    assert len(found) >= 8
    for words, text in found:
        assert f"assay {' '.join(words)} " in page
        part = page.split(f"assay {' '.join(words)} ", 1)[1]
        for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.MULTILINE):
            assert option == "--help" or option in part, f"{' '.join(words)} {option}"


def test_every_command_has_examples(command, program):
    for words, text in commands_of(command, program):
        examples = re.search(r"^Examples:\n((?:  .*\n?)+)", text, re.MULTILINE)
        assert examples and f"assay {' '.join(words)}" in examples.group(1), words
        assert max(map(len, text.split("\n"))) <= 120, f"{words}: a line is too long"


def test_manual_of_the_configuration(installed, command):
    """It has every key of the guide, which a unit test compares with the tables of settings."""
    page = rendered(command, installed / "share/man/man5/assay.yaml.5")
    keys = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE))
    assert len(keys) > 40 and {"data", "certificate", "workers", "feed_interval"} <= keys
    assert {key for key in keys if not re.search(rf"\b{key}\b", page)} == set()


@pytest.mark.parametrize("shell,path", [
    ("bash", "share/bash-completion/completions/assay"), ("zsh", "share/zsh/site-functions/_assay"),
    ("fish", "share/fish/vendor_completions.d/assay.fish")])
def test_completion_parses(installed, command, shell, path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command(shell, "-n", installed / path)


def test_bash_completes(installed, command, tmp_path):
    (tmp_path / "image.tar").touch()
    script = f"source {installed}/share/bash-completion/completions/assay; COMP_WORDS=(assay comp); COMP_CWORD=1; " \
             "_assay; echo ${COMPREPLY[@]}"
    assert command("bash", "-c", script).stdout.strip() == "completion"
    for words, offered in (("(assay scan '')", ["image.tar"]), ("(assay scan --quiet ima)", ["image.tar"]),
                           ("(assay scan --sev)", ["--severity"]), ("(assay db im)", ["import"])):
        script = f"source {installed}/share/bash-completion/completions/assay; COMP_WORDS={words}; " \
                 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _assay; printf '%s\\n' \"${COMPREPLY[@]}\""
        assert command("bash", "-c", script, cwd=tmp_path).stdout.split() == offered, words
