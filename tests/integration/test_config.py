"""One configuration for every subcommand, and what is said of a broken one."""
import json
import os
import shutil
import subprocess

import pytest

import images


@pytest.fixture
def site(tmp_path):
    """A closed site's configuration: one feed, from a file, and a data folder."""
    (tmp_path / "secdb.json").write_text(json.dumps(images.ALPINE_SECDB))
    config = tmp_path / "assay.yaml"
    config.write_text(f"data: {tmp_path / 'data'}\nlisten: {{address: '127.0.0.1:1'}}\n"
                      f"feeds: [{{name: mine, type: alpine-secdb, path: {tmp_path / 'secdb.json'}}}]\n")
    return config


@pytest.mark.parametrize("by_option", [False, True])
def test_every_subcommand_reads_it(assay, site, tmp_path, monkeypatch, by_option):
    """No public feed is asked; scan finds the database; images asks where the server would listen."""
    layout = images.alpine_layout(tmp_path / "alpine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ASSAY_CONFIG", "/nonexistent" if by_option else str(site))
    option = ["--config", site] if by_option else []
    assert "feeds: 1 updated, 0 unchanged, 0 failed" in assay("db", "update", *option).stdout
    assert "mine" in assay("db", "status", *option).stdout
    assert "CVE-2019-1547" in assay("scan", *option, f"oci:{layout}:latest").stdout
    assay("db", "export", *option, tmp_path / "exported.db")
    assert (tmp_path / "data" / "advisories.db").read_bytes() == (tmp_path / "exported.db").read_bytes()
    if not by_option:
        assert "127.0.0.1:1" in assay("images", check=2).stderr


def test_the_file_of_the_system(program, site, tmp_path):
    """/etc/assay/assay.yaml holds for all when nothing else is named."""
    etc = tmp_path / "etc"
    (etc / "assay").mkdir(parents=True)
    shutil.copy(site, etc / "assay")
    environment = {**os.environ, "ASSAY_CONFIG": "", "ASAN_OPTIONS": "detect_leaks=0"}
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
               'mount --bind "$1" /etc || exit 77; exec "$2" db update', "sh", str(etc), str(program)]
    result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    if result.returncode in (1, 77) and ("unshare" in result.stdout or "mount" in result.stdout):
        pytest.skip(f"no mount namespace here: {result.stdout.strip()}")
    assert "feeds: 1 updated, 0 unchanged, 0 failed" in result.stdout, result.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_file_that_may_not_be_read(program, site):
    """Other feeds than the site's would be asked: better nothing is."""
    site.chmod(0o600)
    result = subprocess.run([program, "db", "status"], env={**os.environ, "ASSAY_CONFIG": str(site)}, user="nobody",
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    assert result.returncode == 2 and "permission denied" in result.stdout.lower(), result.stdout


def test_all_mistakes_at_once(assay, tmp_path):
    config = tmp_path / "assay.yaml"
    config.write_text("lisen: 127.0.0.1:5000\n"
                      "limits:\n"
                      "  layer_ratio: 1\n"
                      "  worker: 3\n"
                      "feeds:\n"
                      "  - {name: a, type: osv}\n"
                      "durable: perhaps\n")
    for command in (["serve"], ["db", "status"], ["scan", "oci:nowhere"]):
        told = assay(*command, "--config", config, check=2).stderr.splitlines()
        assert told == [
            f'assay: {config}:1:1: unknown key "lisen"; did you mean "listen"?',
            f"{config}:3:16: limits.layer_ratio: must be between 2 and 100000, is 1",
            f'{config}:4:3: limits: unknown key "worker"; did you mean "workers"?',
            f'{config}:6:5: feed "a": url: a feed needs one of `url` and `path`, and only one',
            f'{config}:7:10: durable: must be true or false, is "perhaps"',
        ]
