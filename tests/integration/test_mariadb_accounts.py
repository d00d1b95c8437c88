"""Accounts in the data folder of MariaDB: mariadbd makes the folder and says what is in it, and the findings must say the same."""
import json
import random
import signal
import subprocess
import time

import pytest

from images import DEBIAN_12
from judges import PACKAGES
from oci_layout import Layout

PACKAGE = "mariadb-server-core"
WORDS = ["secret", "root", "Nobody-guesses-7", "another one, as long"]
WEAK = {"secret", "root"}


def server_arguments(judge, data):
    return ["--no-defaults", "--bootstrap", f"--basedir={judge.root}/usr", f"--lc-messages-dir={judge.root}/usr/share/mysql", f"--datadir={data}",
            "--user=root"]


@pytest.fixture(scope="module")
def empty(judge, tmp_path_factory):
    """A data folder as mariadb-install-db makes it."""
    data = tmp_path_factory.mktemp("empty") / "data"
    data.mkdir()
    told = judge(PACKAGE, "--no-defaults", f"--basedir={judge.root}/usr", f"--datadir={data}", "--user=root", "--skip-test-db",
                 f"--lc-messages-dir={judge.root}/usr/share/mysql", program="usr/bin/mariadb-install-db")
    if not (data / "mysql/global_priv.MAD").is_file():
        pytest.fail(f"no data folder was made: {told}")
    return data


def server(judge, data, *statements):
    return judge(PACKAGE, *server_arguments(judge, data), text=";\n".join(["use mysql", "FLUSH PRIVILEGES", *statements]) + ";\n")


def statements(chance):
    """Of random accounts: hosts, rights, ways to log in, roles; some are changed and some removed."""
    made = []
    for number in range(chance.randint(1, 60)):
        word = chance.choice(WORDS)
        host = chance.choice(["%", "%", "localhost", "10.%", "192.0.2.7", "%.example.org", "127.0.0.1"])
        who = f"'{chance.choice(['a', 'long name ', 'ü'])}{number}'@'{host}'"
        by = chance.choice(["", f" IDENTIFIED BY '{word}'", f" IDENTIFIED VIA mysql_native_password USING PASSWORD('{word}') OR unix_socket",
                            " IDENTIFIED VIA unix_socket", f" IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('{word}')"])
        made.append(f"CREATE USER {who}{by}{chance.choice(['', '', ' ACCOUNT LOCK', ' PASSWORD EXPIRE NEVER'])}")
        for statement in (f"GRANT ALL ON *.* TO {who} WITH GRANT OPTION", f"GRANT SELECT ON app.* TO {who}", f"DROP USER {who}",
                          f"ALTER USER {who} IDENTIFIED BY 'Nobody-guesses-7'", f"CREATE ROLE r{number}", f"GRANT PROCESS ON *.* TO {who}"):
            if chance.random() < 0.25:
                made.append(statement)
                if statement.startswith("DROP"):
                    break
    return made


def kept_by(judge, data, folder):
    """[(host, user, account)] as the server itself reads them."""
    out = folder / "out"
    told = server(judge, data, f"SELECT Host, User, Priv FROM mysql.global_priv INTO OUTFILE '{out}' FIELDS TERMINATED BY '\\t' ESCAPED BY ''")
    assert out.is_file(), told
    rows = [line.split("\t", 2) for line in out.read_text(encoding="utf-8").split("\n") if line]
    return [(host, user, json.loads(account)) for host, user, account in rows]


def password_of(judge, data, folder, word):
    out = folder / f"hash-{WORDS.index(word)}"
    server(judge, data, f"SELECT PASSWORD('{word}') INTO OUTFILE '{out}'")
    return out.read_text(encoding="utf-8").strip()


def expected_of(accounts, hashes):
    """{(rule, evidence, severity)}: what the accounts that may log in are, by the server's own words."""
    found = set()
    for host, user, account in accounts:
        if account.get("is_role") or account.get("account_locked"):
            continue
        name, ways = f"{user or chr(39) * 2}@{host}", [way or account for way in account.get("auth_or", [{}])]
        if host == "%":
            found.add(("mysql-any-host", f"{name}, with rights on every database", "high") if account["access"] > 0 else
                      ("mysql-any-host", name, "medium"))
        strings = [way.get("authentication_string", "") for way in ways if way.get("plugin") == "mysql_native_password"]
        if "" in strings:
            found.add(("mysql-no-password", name, "critical" if host == "%" else "medium" if host in ("localhost", "127.0.0.1") else "high"))
        elif any(string in hashes for string in strings):
            found.add(("mysql-weak-password", name, "high"))
    return found


def report_on(scan, folder, data):
    files = {f"var/lib/mysql/mysql/{name}": (data / "mysql" / name).read_bytes() for name in ("global_priv.MAD", "global_priv.MAI", "global_priv.frm")}
    Layout(folder / "image").add_image("a", [{"etc/os-release": DEBIAN_12, **files}])
    return json.loads(scan("--format", "json", "--no-cache", f"oci:{folder}/image:a").stdout)


@pytest.fixture
def data(empty, tmp_path):
    subprocess.run(["cp", "-a", empty, tmp_path / "mariadb"], check=True)
    return tmp_path / "mariadb"


@pytest.mark.parametrize("seed", range(6))
def test_random_accounts(judge, scan, data, tmp_path, seed):
    told = server(judge, data, *statements(random.Random(seed)))
    assert "ERROR" not in told, told
    accounts = kept_by(judge, data, tmp_path)
    hashes = {password_of(judge, data, tmp_path, word) for word in WEAK}
    report = report_on(scan, tmp_path, data)
    found = {(one["id"], one["evidence"], one["severity"]) for one in report["findings"] if one["kind"] == "baseline"}
    assert found == expected_of(accounts, hashes), accounts
    assert report["unread"] == [], report["unread"]
    assert not any(way["authentication_string"] in json.dumps(report) for _, _, way in accounts if way.get("authentication_string", "").startswith("*"))


def test_a_server_that_was_killed(judge, scan, data, tmp_path):
    """What it changed is in its log alone: not known, and not clean."""
    with subprocess.Popen([judge.root / PACKAGES[PACKAGE], *server_arguments(judge, data)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, text=True, env={"LD_LIBRARY_PATH": f"{judge.root}/usr/lib/x86_64-linux-gnu"}) as running:
        running.stdin.write(f"use mysql;\nFLUSH PRIVILEGES;\nCREATE USER 'late'@'%';\nSELECT 1 INTO OUTFILE '{tmp_path}/done';\nSELECT SLEEP(60);\n")
        running.stdin.flush()
        for _ in range(600):
            if (tmp_path / "done").exists():
                break
            time.sleep(0.1)
        running.send_signal(signal.SIGKILL)
    assert (tmp_path / "done").exists()
    assert report_on(scan, tmp_path, data)["unread"] == ["var/lib/mysql/mysql/global_priv.MAI"]


@pytest.mark.parametrize("path", ["var/lib/mysql/mysql/user.MYD", "var/lib/mysql/mysql.ibd", "srv/mysql/global_priv.MAD"])
def test_other_servers_are_not_known(scan, tmp_path, path):
    Layout(tmp_path / "image").add_image("a", [{"etc/os-release": DEBIAN_12, path: b"\xff" * 20000}])
    assert json.loads(scan("--format", "json", f"oci:{tmp_path}/image:a").stdout)["unread"] == [path]
