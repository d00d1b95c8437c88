"""One configuration for every subcommand, and what is said of a broken one."""
import json
import os
import shutil
import socket
import subprocess

import pytest

import images
from gate import STRICT


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
def test_a_file_that_may_not_be_read(program_of_all, site):
    """Other feeds than the site's would be asked: better nothing is."""
    site.chmod(0o600)
    result = subprocess.run([program_of_all, "db", "status"], env={**os.environ, "ASSAY_CONFIG": str(site)}, user="nobody",
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


def test_check_finds_all(assay, tmp_path):
    """Of configuration, policy, certificate, files, data folder and addresses, in one go; nothing is made."""
    (tmp_path / "policy.yaml").write_text("policies: [{name: a, namespaces: ['**'], mode: loud}]\n")
    (tmp_path / "tls.crt").write_text("no certificate")
    (tmp_path / "tls.key").write_text("no key")
    (tmp_path / "file").write_text("")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = tmp_path / "assay.yaml"
        config.write_text(f"""lisen: x
limits: {{workers: many}}
policy: {tmp_path}/policy.yaml
tls: {{certificate: {tmp_path}/tls.crt, key: {tmp_path}/tls.key}}
ca_file: {tmp_path}/nothing.pem
feeds: [{{name: gone, type: osv, path: {tmp_path}/gone.zip}}]
data: {tmp_path}/file/data
listen: [{{address: "127.0.0.1:{taken.getsockname()[1]}"}}, {{address: "127.0.0.1:99999"}}]
""")
        told = assay("check", "--config", config, check=1).stdout
    for wanted in ('assay.yaml:1:1: unknown key "lisen"', "assay.yaml:2:19: limits.workers: must be a whole number",
                   'policy "a": mode: must be enforce or dry-run, is "loud"', "tls.crt", "ca_file: ", "nothing.pem", 'feed "gone": ',
                   "file/data", "another program listens there", "a port is at most 65535"):
        assert wanted in told, (wanted, told)
        assert all(line.startswith("problem  ") for line in told.split("\n") if wanted in line), told
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == []
    assert "no such file" in assay("check", "--config", tmp_path / "nowhere", check=2).stderr.lower()


def test_check_beside_a_server(assay, start_server, tmp_path):
    """Its own addresses are no problem; what a reload would refuse is."""
    server = start_server(policy=STRICT)
    arguments = ["check", "--config", server.config, "--data", server.data, "--listen", server.address]
    result = assay(*arguments)
    assert "is served now" in result.stdout and result.stderr == "" and "problem" not in result.stdout
    answer = json.loads(assay(*arguments, "--format", "json").stdout)
    assert (answer["problems"], answer["warnings"]) == (0, 0)
    assert [line["subject"] for line in answer["lines"]] == \
        ["configuration", "policy", "certificate", "feeds", "data", "cage", "address"]
    (server.folder / "policy.yaml").write_text("{}")
    assert 'the key "policies" is missing' in assay(*arguments, check=1).stdout
    assert server.get_json("/readyz")["ready"]
    (server.folder / "policy.yaml").write_text(STRICT)
    server.stop()
    assert f"ok       address: {server.address}: free" in assay(*arguments).stdout


def test_check_modes(assay, tmp_path):
    """A key that everybody may read, and a policy that everybody may change, are told with what to do."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=localhost",
                    "-keyout", tmp_path / "tls.key", "-out", tmp_path / "tls.crt"], check=True, stderr=subprocess.DEVNULL)
    (tmp_path / "policy.yaml").write_text(STRICT)
    config = tmp_path / "assay.yaml"
    config.write_text(f"tls: {{certificate: {tmp_path}/tls.crt, key: {tmp_path}/tls.key}}\npolicy: {tmp_path}/policy.yaml\n"
                      f"data: {tmp_path}/data\nlisten: [{{address: '127.0.0.1:0'}}]\n")
    for key, policy, warned in ((0o600, 0o644, []), (0o640, 0o664, []), (0o644, 0o644, ["chmod g-w,o-rwx"]),
                                (0o600, 0o666, ["chmod o-w"]), (0o660, 0o600, ["chmod g-w,o-rwx"])):
        (tmp_path / "tls.key").chmod(key)
        (tmp_path / "policy.yaml").chmod(policy)
        told = assay("check", "--config", config).stdout
        lines = [line for line in told.split("\n") if line.startswith("warning")]
        assert len(lines) == len(warned) and all(wanted in line for wanted, line in zip(warned, lines)), (key, policy, told)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_check_as_another_user(program_of_all, server):
    """Files that root left in the folder of the service's user."""
    result = subprocess.run([program_of_all, "check", "--data", server.data, "--listen", "127.0.0.1:0"], user="nobody",
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    assert result.returncode == 1 and "user who serves" in result.stdout, result.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_folder_that_may_not_be_entered(program, site, tmp_path):
    """What cannot be looked for may be there: the defaults would ask other feeds."""
    etc = tmp_path / "etc"
    (etc / "assay").mkdir(parents=True)
    shutil.copy(site, etc / "assay")
    (etc / "assay").chmod(0o700)
    command = ["unshare", "--mount", "sh", "-c",
               'mount --bind "$1" /etc || exit 77; exec setpriv --reuid 65534 --clear-groups "$2" db status', "sh", str(etc), str(program)]
    result = subprocess.run(command, env={**os.environ, "ASSAY_CONFIG": "", "ASAN_OPTIONS": "detect_leaks=0"}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    if result.returncode in (1, 77) and ("unshare" in result.stdout or "mount" in result.stdout):
        pytest.skip(f"no mount namespace here: {result.stdout.strip()}")
    assert result.returncode == 2 and "/etc/assay/assay.yaml: permission denied" in result.stdout, result.stdout
