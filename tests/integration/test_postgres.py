"""One SQL text, two drivers: a real PostgreSQL 15 takes the schema and prepares every statement, those that a server was seen
to prepare and those that only stand in the source."""
import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import images
from assay_server import ROOT
from repository import Repository

BIN = Path("/usr/lib/postgresql/15/bin")
# Rooms with tables of their own, and those whose statements join them.
OWNERS = {room for path in (ROOT / "src").rglob("*.c") for room in re.findall(r'^const Schema \w+ = \{"(\w+)"', path.read_text(),
                                                                                 re.MULTILINE)}
ROOMS = OWNERS | {"server", "storage"}


class Postgres:
    """A private cluster in a folder of its own, reached by a socket in it; an unprivileged user runs it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="assay-pg-"))
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        shutil.chown(self.folder, self.user)

    def run(self, program, *arguments, **options):
        as_user = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        return subprocess.run([*as_user, str(BIN / program), *map(str, arguments)], cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                              **options)

    def start(self):
        made = self.run("initdb", "--pgdata", self.folder / "data", "--username", "assay", "--auth", "trust", "--no-sync",
                        "--encoding", "UTF8", "--locale", "C", "--locale-provider", "icu", "--icu-locale", "en")
        assert made.returncode == 0, made.stdout
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off -c shared_buffers=8MB"
        # Its output goes to a file: a pipe would stay open as long as it runs.
        started = self.run("pg_ctl", "--pgdata", self.folder / "data", "--wait", "--options", settings,
                           "--log", self.folder / "log", "start")
        assert started.returncode == 0, started.stdout + (self.folder / "log").read_text()
        return self

    def stop(self):
        self.run("pg_ctl", "--pgdata", self.folder / "data", "--mode", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def psql(self, sql):
        """A command that runs it."""
        return [str(BIN / "psql"), "--no-psqlrc", "--quiet", "--host", str(self.folder), "--username", "assay", "--dbname",
                "postgres", "--set", "ON_ERROR_STOP=1", "--command", sql]

    def rows_of_script(self, script):
        """The lines that a script of psql prints."""
        file = self.folder / "script.sql"
        file.write_text(script)
        file.chmod(0o644)
        result = self.run("psql", *self.psql("")[1:-2], "--tuples-only", "--no-align", "--file", file)
        assert result.returncode == 0, result.stdout
        return result.stdout.splitlines()

    def rows(self, sql):
        return self.rows_of_script(sql + ";\n")

    def error_of(self, sql):
        """What the server says against it; "" when it takes it."""
        result = self.run("psql", *self.psql(sql)[1:])
        return result.stdout.strip() if result.returncode else ""


@pytest.fixture
def postgres():
    if not (BIN / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed")
    server = Postgres()
    try:
        yield server.start()
    finally:
        server.stop()


def spelled(text):
    """A statement as the driver of PostgreSQL spells it: the tokens of storage/sql.h are comments that it opens."""
    return re.sub(r"/\*postgresql (.*?) \*/", r"\1", text)


def statements_of_source():
    """The SQL texts of the rooms that use the metadata database: neighbouring string literals, joined."""
    found = set()
    tokens = dict(re.findall(r'^#define (SQL_\w+) ("/\*postgresql .* \*/")$', (ROOT / "src/storage/sql.h").read_text(),
                             re.MULTILINE))
    assert len(tokens) == 4
    for room in ROOMS:
        for path in sorted((ROOT / "src" / room).rglob("*.c")):
            code = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            # What several statements of a file share is a macro of texts, and of other such macros, in that file.
            code = code.replace("\\\n", " ")
            shared = dict(re.findall(r'^#define ([A-Z_]+) +((?:"(?:[^"\\\n]|\\.)*"|[A-Z_]+)(?: *(?:"(?:[^"\\\n]|\\.)*"|[A-Z_]+))*) *$', code,
                                     re.MULTILINE))
            code = re.sub(r"^#define .*$", "", code, flags=re.MULTILINE)
            for _ in range(4):
                code = re.sub(r"\b[A-Z_]+\b", lambda token: {**shared, **tokens}.get(token[0], token[0]), code)
            for literals in re.findall(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', code):
                text = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', literals)).encode().decode("unicode_escape")
                if re.match(r"(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH) ", text):
                    found.add(text)
    return found


def use_everything(server, assay, tmp_path):
    """Pushes, pulls, lists, scans, matches again, deletes."""
    one, other = Repository(server, "team/one"), Repository(server, "team/other")
    layout = images.alpine_layout(tmp_path / "alpine")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}",
                    f"docker://{server.address}/team/one:v1"], check=True)
    digest = one.get_manifest("v1").headers["Docker-Content-Digest"]
    assert server.wait_for_scan("team/one", digest)["state"] == "done"
    (tmp_path / "secdb.json").write_text(json.dumps(images.ALPINE_SECDB))
    assay("db", "import", "--data", server.data, "--type", "alpine-secdb", tmp_path / "secdb.json")
    blob = one.push_blob(b"mounted")["digest"]
    assert one.request("POST", f"/v2/team/other/blobs/uploads/?mount={blob}&from=team/one").status_code == 201
    assert one.request("POST", f"/v2/team/third/blobs/uploads/?mount={blob}").status_code == 201
    subject, _ = one.push_image("subject")
    one.push_image(subject=subject)
    assert len(one.referrers(subject["digest"]).json()["manifests"]) == 1
    assert one.tags("?n=1") == ["subject"]
    server.get_json("/v2/_catalog")
    for what in ("findings", "packages", "verdict"):
        server.request("GET", f"/api/v1/images/{digest}/{what}")
    server.request("GET", "/metrics")
    server.get_json("/api/v1/repositories")
    for asked in ("", *(f"?{by}{columns}" for by in ("", "vulnerability=CVE-1&", "package=zlib&") for columns in ("", "gate=refused"))):
        server.get_json(f"/api/v1/images{asked}")
    server.get_json("/api/v1/vulnerabilities/CVE-1/images")
    server.get_json("/api/v1/overview")
    assert one.request("DELETE", one.start()).status_code == 204
    for repository, path in ((one, "manifests/v1"), (one, f"manifests/{digest}"), (one, f"blobs/{blob}"),
                             (other, f"blobs/{blob}"), (Repository(server, "team/third"), f"blobs/{blob}")):
        assert repository.request("DELETE", path).status_code == 202, path


def test_postgresql_takes_every_statement(postgres, assay, start_server, monkeypatch, tmp_path):
    monkeypatch.setenv("ASSAY_SQL_TRACE", str(tmp_path / "trace"))
    use_everything(start_server(), assay, tmp_path)
    if not (tmp_path / "trace").exists():
        pytest.skip("the program was built without fault_injection, and traces no SQL")
    traced = [text for text in (tmp_path / "trace").read_text().split("\n;;\n") if text]
    schema = list(dict.fromkeys(text for text in traced if text.startswith(("CREATE", "/* step "))))
    prepared = {text for text in traced if not text.startswith(("CREATE", "/* step "))}
    assert {re.match(r"/\* step \d+ of (\w+)", text)[1] for text in schema if text.startswith("/*")} == OWNERS
    assert len(prepared) > 30
    written = statements_of_source()
    assert prepared <= written, "a statement is put together at run time: this test would not see all of its forms"

    problems = [(text, error) for text in schema if (error := postgres.error_of(spelled(text)))]
    assert "rowid" in postgres.error_of("PREPARE s AS SELECT rowid FROM manifests"), "what SQLite alone has is to be refused"
    statements = sorted(spelled(text) for text in prepared | written)
    problems += [(text, error) for text in statements if (error := postgres.error_of(f"PREPARE s AS {text}"))]
    assert not problems, "\n\n".join(f"{text}\n{error}" for text, error in problems)
    assert [text for text in statements if re.search(r"\bI?LIKE\b", text)] == [], "upper and lower case differ by database"
    check_order(postgres, statements)
    check_result_types(postgres, statements)


def check_order(postgres, statements):
    """The cluster orders texts as people do, but lists of the registry are in the order of bytes. So each text that something is
    sorted by has that order of its own, which a plan shows."""
    assert postgres.rows("SELECT 'a' < 'B'") == ["t"], "the cluster orders by bytes anyway: this would see nothing"
    types = dict(row.split("|") for row in postgres.rows(
        "SELECT table_name || '.' || column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"))
    sorting = [text for text in statements if "ORDER BY" in text]
    plans = ["SET plan_cache_mode = force_generic_plan", *(f"SET enable_{scan} = off" for scan in (
        "indexscan", "indexonlyscan", "bitmapscan"))]
    for number, text in enumerate(sorting):
        values = ", ".join(["NULL"] * max(map(int, re.findall(r"\$(\d+)", text)), default=0))
        plans += [f"PREPARE s{number} AS {text}", f"EXPLAIN (VERBOSE, COSTS off) EXECUTE s{number}" + (f"({values})" if values else "")]
    shown = postgres.rows_of_script(";\n".join(plans) + ";\n")
    keys = [key.strip() for line in shown if "Sort Key:" in line for key in line.split(":", 1)[1].split(",")]
    assert len([line for line in shown if "Sort Key:" in line]) >= len(sorting) > 5, shown
    # A table that is read twice is shown as table_1 as well; what is no column counts as a text.
    named = {alias: table for text in statements for table, alias in re.findall(r"(\w+) AS (\w+)", text)}
    bare = {key: re.sub(r"^(\w+?)(_\d+)?\.", lambda table: named.get(table[1], table[1]) + ".", key.removesuffix(" DESC"))
            for key in keys if "COLLATE" not in key}
    wrong = [key for key, column in bare.items() if types.get(column, "text") == "text"]
    assert any('COLLATE "C"' in key for key in keys) and not wrong, f"declare as TEXT SQL_BYTE_ORDER (storage/sql.h): {wrong}"


def check_result_types(postgres, statements):
    """Results have the types that sql_rows_...() read of both databases: sum() is numeric in one of them alone."""
    asked = [text for text in statements if text.startswith(("SELECT", "WITH")) or " RETURNING " in text]
    described = postgres.rows_of_script("".join(f"\\echo {number}\n{text} \\gdesc\n" for number, text in enumerate(asked)))
    wrong, number = [], 0
    for line in described:
        if "|" not in line:
            number = int(line)
        elif line.rsplit("|", 1)[1] not in ("bigint", "integer", "text", "bytea", "double precision"):
            wrong.append((asked[number], line))
    assert number == len(asked) - 1 and not wrong, "CAST it:\n" + "\n".join(map(str, wrong))


def test_a_blob_is_not_deleted_under_a_push(postgres):
    """Of two transactions of PostgreSQL each sees the other's past: who deletes a blob and who pushes a manifest that needs it
    wait for each other, by the statement that both begin with."""
    lock, = [text for text in statements_of_source() if text.startswith("SELECT 1 FROM repositories WHERE name") and "NO KEY UPDATE" in text]
    lock = spelled(lock).replace("$1", "'r'")
    setup = """CREATE TABLE repositories (name TEXT PRIMARY KEY, created BIGINT); INSERT INTO repositories VALUES ('r', 1);
               CREATE TABLE repository_blobs (digest TEXT); INSERT INTO repository_blobs VALUES ('b');
               CREATE TABLE manifest_references (digest TEXT);"""
    delete = """BEGIN; {lock}; SELECT pg_sleep(0.2); DELETE FROM repository_blobs WHERE digest = 'b' AND NOT EXISTS
                (SELECT 1 FROM manifest_references WHERE digest = 'b'); SELECT pg_sleep(0.4); COMMIT"""
    push = """BEGIN; {lock}; INSERT INTO manifest_references SELECT digest FROM repository_blobs; SELECT pg_sleep(0.6); COMMIT"""
    assert not postgres.error_of(setup)

    def lost(first):
        """How many references there are to a blob that is not there, after both ran at once."""
        both = [subprocess.Popen(postgres.psql(text.format(lock=first)), stdout=subprocess.DEVNULL) for text in (delete, push)]
        assert [one.wait(timeout=60) for one in both] == [0, 0]
        found = subprocess.run(postgres.psql("SELECT count(*) FROM manifest_references WHERE digest NOT IN "
                                             "(SELECT digest FROM repository_blobs)"), stdout=subprocess.PIPE, text=True, check=True)
        assert not postgres.error_of("DELETE FROM manifest_references; DELETE FROM repository_blobs; "
                                     "INSERT INTO repository_blobs VALUES ('b')")
        return int(re.search(r"\d+", found.stdout.split("-\n")[1]).group())
    assert lost("SELECT 1") == 1, "without the lock it is to be lost, or this test cannot fail"
    assert lost(lock) == 0
