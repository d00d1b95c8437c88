"""Services judge how their settings are read: of random configurations sshd, mariadbd, sudo, Apache and PostgreSQL themselves say what
counts, and the findings must say the same. Their programs come from Debian's packages, unpacked and not installed."""
import json
import os
import random
import subprocess
import tempfile
from pathlib import Path

import pytest

from judges import findings, here

ROUNDS = range(8)

SSHD = {"PermitRootLogin": (["yes", "no", "prohibit-password"], {"yes": "sshd-permit-root-login"}),
        "PermitEmptyPasswords": (["yes", "no"], {"yes": "sshd-empty-passwords"}),
        "StrictModes": (["yes", "no"], {"no": "sshd-strict-modes"}),
        "HostbasedAuthentication": (["yes", "no"], {"yes": "sshd-host-based"}),
        "IgnoreRhosts": (["yes", "no", "shosts-only"], {"no": "sshd-rhosts"}),
        "PermitUserEnvironment": (["yes", "no"], {"yes": "sshd-user-environment"})}


def sshd_text(chance, matches):
    lines = []
    for _ in range(chance.randint(1, 6)):
        key = chance.choice(list(SSHD))
        value = chance.choice(SSHD[key][0])
        lines.append(chance.choice([f"{key} {value}", f"{key.lower()}={value}", f'{key.upper()} "{value}"', f"  {key}\t{value}",
                                    f"#{key} {value}", f"{key} {value} # {key} no"]))
    if matches and chance.random() < 0.5:
        allowed = [key for key in SSHD if key in ("PermitRootLogin", "PermitEmptyPasswords", "HostbasedAuthentication")]
        for condition in chance.sample(["User git", "all", "Address 10.0.0.0/8"], 2):
            key = chance.choice(allowed)
            lines += [f"Match {condition}", f"  {key} {chance.choice(SSHD[key][0])}"]
    return lines


@pytest.mark.parametrize("seed", ROUNDS)
def test_sshd(judge, scan, tmp_path, seed):
    chance = random.Random(seed)
    lines = sshd_text(chance, False)
    lines.insert(chance.randint(0, len(lines)), "Include /etc/ssh/sshd_config.d/*.conf")
    files = {"etc/ssh/sshd_config": "\n".join(lines + sshd_text(chance, True)) + "\n"}
    for name in chance.sample(["10-a.conf", "9-b.conf", "b.conf.bak", ".c.conf", "C.conf"], 3):
        files[f"etc/ssh/sshd_config.d/{name}"] = "\n".join(sshd_text(chance, chance.random() < 0.3)) + "\n"
    here(tmp_path / "here", files)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    os.makedirs("/run/sshd", exist_ok=True)
    told = judge("openssh-server", "-T", "-f", tmp_path / "here/etc/ssh/sshd_config", "-h", tmp_path / "key",
                 "-C", "user=nobody,host=a.example,addr=192.0.2.1")
    assert "permitrootlogin" in told, (told, files)
    effective = dict(line.split(" ", 1) for line in told.split("\n") if " " in line)
    expected = {rule for key, (_, weak) in SSHD.items() for value, rule in weak.items() if effective[key.lower()] == value}
    found = findings(scan, tmp_path, files, "openssh-server")
    assert {rule for rule, evidence in found if ", in Match" not in evidence} == expected, (files, told)


@pytest.mark.parametrize("seed", ROUNDS)
def test_mariadb(judge, scan, tmp_path, seed):
    chance = random.Random(seed)

    def text():
        lines = []
        for _ in range(chance.randint(1, 5)):
            option = chance.choice(["bind-address = 0.0.0.0", "bind_address=127.0.0.1", 'bind-address = "*"', "#bind-address = 0.0.0.0",
                                    "skip-grant-tables", "skip_grant_tables = 0", "loose-local-infile=1", "local-infile = 0 # 1",
                                    "user = root", "user=mysql", "skip-networking", "; user = root", "skip-networking=0"])
            lines += [f"[{chance.choice(['mysqld', 'server', 'client', 'mariadb', 'mariadb-10.11', 'mysqldump', 'mariadbd'])}]", option]
        return "\n".join(lines) + "\n"
    files = {"etc/mysql/my.cnf": f"{text()}!includedir /etc/mysql/conf.d/\n{text()}"}
    for name in chance.sample(["50-server.cnf", "9-a.cnf", "z.cnf", "a.cnf.bak"], 3):
        files[f"etc/mysql/conf.d/{name}"] = text()
    here(tmp_path / "here", files)
    told = judge("mariadb-server-core", f"--defaults-file={tmp_path}/here/etc/mysql/my.cnf", "--print-defaults")
    effective = {}
    for word in told.split():
        if word.startswith("--"):
            key, _, value = word[2:].replace("loose-", "").partition("=")
            effective[key.replace("_", "-")] = value
    expected = set()
    off = ("0", "OFF")
    if effective.get("skip-networking", "0") in off and effective.get("bind-address", "*").strip('"') in ("*", "0.0.0.0"):
        expected.add("mysql-listens-everywhere")
    if effective.get("skip-grant-tables", "0") not in off:
        expected.add("mysql-skip-grant-tables")
    if effective.get("local-infile") == "1":
        expected.add("mysql-local-infile")
    if effective.get("user") == "root":
        expected.add("mysql-runs-as-root")
    found = findings(scan, tmp_path, files, "mariadb-server")
    assert {rule for rule, _ in found} == expected, f"{files}\n{told}\n{found}"


@pytest.mark.parametrize("seed", ROUNDS)
def test_sudo(judge, scan, tmp_path, seed):
    chance = random.Random(seed)

    def text():
        lines = ["Cmnd_Alias ANY = /bin/ls, ALL", "User_Alias ADMINS = a, b"] if chance.random() < 0.3 else []
        for _ in range(chance.randint(1, 4)):
            tag = chance.choice(["NOPASSWD:", "NOPASSWD: ", "PASSWD: ", "", "SETENV: NOPASSWD: ", "NOPASSWD: NOEXEC:"])
            command = chance.choice(["ALL", "/bin/ls", "/bin/ls, PASSWD: /bin/cat", "\\\n  /usr/bin/id", "/bin/a\\, b, /bin/c"])
            who = chance.choice(["git", "%wheel", "a, b", "#1000", "%#0"]) + str(chance.randint(0, 99)).replace("0", "")
            lines.append(chance.choice([f"{who} ALL=(ALL) {tag}{command}", f"{who}\tALL = {tag}{command}", f"# {who} ALL=NOPASSWD: ALL"]))
        return "\n".join(lines) + "\n"
    files = {"etc/sudoers": f"Defaults env_reset\n{text()}@includedir /etc/sudoers.d\n"}
    for name in chance.sample(["a", "90-b", "c.bak", "d~"], 3):
        files[f"etc/sudoers.d/{name}"] = text()
    here(tmp_path / "here", files)
    told = judge("sudo", "-f", "json", tmp_path / "here/etc/sudoers")
    if "User_Specs" not in told:
        pytest.skip(f"sudo does not take this file: {told}")
    free = 0
    for rule in json.loads(told[told.index("{"):told.rindex("}") + 1])["User_Specs"]:
        for commands in rule["Cmnd_Specs"]:
            free += any(option.get("authenticate") is False for option in commands.get("Options", []))
    found = {rule for rule, _ in findings(scan, tmp_path, files, "sudo")}
    assert ("sudo-no-password" in found) == (free > 0), (files, told)


APACHE = ["Listen PORT", "Listen 0.0.0.0:PORT", "Listen 127.0.0.1:PORT", "Listen [::]:PORT", "# Listen PORT", "ServerTokens Prod", "servertokens OS",
          "ServerTokens \\\n  Full", "TraceEnable Off", "TraceEnable On", "<IfModule nothing.c>\n  Listen PORT\n</IfModule>"]


@pytest.mark.parametrize("seed", ROUNDS)
def test_apache(judge, scan, tmp_path, seed):
    chance = random.Random(seed)

    ports = iter(range(8000, 9000))  # each once: Apache wants it so

    def text():
        return "\n".join(chance.choice(APACHE).replace("PORT", str(next(ports))) for _ in range(chance.randint(1, 4))) + "\n"
    files = {"etc/apache2/apache2.conf": f"{text()}IncludeOptional conf-enabled/*.conf\n{text()}Listen 127.0.0.1:9999\n"}
    for name in chance.sample(["a.conf", "b.conf", "c.conf.off", "Z.conf"], 3):
        files[f"etc/apache2/conf-enabled/{name}"] = text()
    folder, modules = tmp_path / "here/etc/apache2", judge.root / "usr/lib/apache2/modules"
    here(tmp_path / "here", files)
    before = [f"LoadModule mpm_event_module {modules}/mod_mpm_event.so", f"LoadModule info_module {modules}/mod_info.so",
              f"LoadModule authz_core_module {modules}/mod_authz_core.so", f"ErrorLog {tmp_path}/log", f"DefaultRuntimeDir {tmp_path}",
              "ServerName a.example"]
    told = judge("apache2-bin", "-t", "-D", "DUMP_CONFIG", "-d", folder, "-f", folder / "apache2.conf",
                 *[part for line in before for part in ("-C", line)])
    assert "Syntax OK" in told, told
    lines = [line.split() for line in told.split("\n") if not line.startswith("#")]
    listens = {line[1] for line in lines if len(line) == 2 and line[0].lower() == "listen"}
    effective = {line[0].lower(): line[1].lower() for line in lines if len(line) == 2}
    expected = {f"Listen {one}" for one in listens if not one.startswith("127.")}
    found = findings(scan, tmp_path, files, "apache2")
    assert {evidence for rule, evidence in found if rule == "apache-listens-everywhere"} == expected, f"{files}\n{told}\n{found}"
    rules = {rule for rule, _ in found}
    assert ("apache-tells-version" in rules) == (effective.get("servertokens", "full") in ("full", "os")), f"{files}\n{told}\n{found}"
    assert ("apache-trace" in rules) == (effective.get("traceenable", "on") == "on"), f"{files}\n{told}\n{found}"


@pytest.mark.parametrize("seed", ROUNDS)
def test_postgresql(scan, tmp_path, seed):
    server = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), default=None)
    if server is None or os.geteuid() != 0:
        pytest.skip("PostgreSQL is not installed, or this is not root, who would run it as another user")
    chance = random.Random(seed)
    lines = ["listen_addresses = '*'", "listen_addresses 'localhost'", "Listen_Addresses='10.0.0.1, 0.0.0.0'", "#listen_addresses = '*'",
             "password_encryption = md5", "password_encryption = 'scram-sha-256' # md5", "port = 5433"]
    text = "\n".join(chance.choice(lines) for _ in range(chance.randint(1, 6))) + "\n"
    with tempfile.TemporaryDirectory() as data:  # the other user cannot come into tmp_path
        settings = Path(data) / "postgresql.conf"
        settings.write_text(text)
        for path in (data, settings):
            os.chown(path, 65534, 65534)
        effective = {name: subprocess.run([server, "-D", data, "-C", name], capture_output=True, text=True, check=True, user=65534, group=65534,
                                          extra_groups=[]).stdout.strip() for name in ("listen_addresses", "password_encryption")}
    expected = {"postgres-listens-everywhere"} if {"*", "0.0.0.0"} & set(effective["listen_addresses"].replace(",", " ").split()) else set()
    expected |= {"postgres-weak-hash"} if effective["password_encryption"] == "md5" else set()
    found = findings(scan, tmp_path, {"var/lib/postgresql/data/postgresql.conf": text}, "postgresql")
    assert {rule for rule, _ in found} == expected, f"{text}\n{effective}\n{found}"
