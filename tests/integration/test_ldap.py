"""Log-in by a real LDAP directory (slapd): groups of groups, names that are filters, referrals, and a server that goes away."""
import contextlib
import json
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

from assay_server import Server, free_port

SUFFIX = "dc=example,dc=com"
SLAPD = shutil.which("slapd") or "/usr/sbin/slapd"
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/ldap.crt
TLSCertificateKeyFile {folder}/ldap.key
TLSCACertificateFile {folder}/ldap.crt
{allow}
database mdb
suffix "{suffix}"
rootdn "cn=admin,{suffix}"
rootpw secret-of-admin
directory {folder}/db
"""
PEOPLE = [("alice", "Alice", "wonder"), ("bob", "Bob", "builder"), ("we(ird*", "Weird", "odd"), ("carol", "Carol", "singer"),
          ("root", "Local Name", "taken")]
GROUPS = {"developers": ["uid=alice,ou=people"], "backend": ["uid=bob,ou=people", "cn=circle,ou=groups"],
          "engineering": ["cn=developers,ou=groups", "cn=backend,ou=groups"], "circle": ["cn=engineering,ou=groups"]}


def ldif():
    lines = [f"dn: {SUFFIX}", "objectClass: dcObject", "objectClass: organization", "o: Example", "dc: example", ""]
    for unit in ("people", "groups"):
        lines += [f"dn: ou={unit},{SUFFIX}", "objectClass: organizationalUnit", f"ou: {unit}", ""]
    for name, display, password in PEOPLE:
        lines += [f"dn: uid={name},ou=people,{SUFFIX}", "objectClass: inetOrgPerson", f"uid: {name}", f"cn: {display}",
                  f"sn: {display}", f"mail: {display.split()[0].lower()}@example.com", f"userPassword: {password}", ""]
    for name, members in GROUPS.items():
        lines += [f"dn: cn={name},ou=groups,{SUFFIX}", "objectClass: groupOfNames", f"cn: {name}"]
        lines += [f"member: {member},{SUFFIX}" for member in members] + [""]
    return "\n".join(lines)


class Slapd:
    """A directory with TLS, started, stopped and started again on one port."""

    def __init__(self, folder, allow=""):
        self.folder, self.process, self.port = folder, None, free_port()
        (folder / "db").mkdir(parents=True)
        (folder / "template").write_text('cn = "localhost"\nip_address = "127.0.0.1"\ndns_name = "localhost"\nca\nsigning_key\n'
                                         "tls_www_server\nexpiration_days = 10\n")
        for command in (["--generate-privkey", "--ecc", "--outfile", folder / "ldap.key"],
                        ["--generate-self-signed", "--load-privkey", folder / "ldap.key", "--template", folder / "template",
                         "--outfile", folder / "ldap.crt"]):
            subprocess.run(["certtool", *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (folder / "slapd.conf").write_text(CONFIG.format(folder=folder, suffix=SUFFIX, allow=allow))
        (folder / "data.ldif").write_text(ldif())
        subprocess.run([SLAPD, "-T", "add", "-f", folder / "slapd.conf", "-l", folder / "data.ldif"], check=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    @property
    def url(self):
        return f"ldap://127.0.0.1:{self.port}"

    def start(self):
        with open(self.folder / "slapd.log", "ab") as log:
            self.process = subprocess.Popen([SLAPD, "-d", "0", "-f", self.folder / "slapd.conf", "-h", self.url], stdout=log,
                                            stderr=log)
        for _ in range(200):
            if self.command("ldapwhoami", check=False).returncode == 0:
                return self
            time.sleep(0.05)
        raise AssertionError((self.folder / "slapd.log").read_text())

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def command(self, name, *arguments, text="", check=True):
        return subprocess.run([name, "-x", "-H", self.url, "-D", f"cn=admin,{SUFFIX}", "-w", "secret-of-admin", *arguments],
                              input=text, text=True, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def configured(slapd, folder, more="", service=True):
    (folder / "ldap.password").write_text("secret-of-admin\n")
    lines = ["access:", "  mode: closed", "  ldap:", "    - name: corp", f"      url: {slapd.url}",
             f"      ca_file: {slapd.folder}/ldap.crt", f"      user_base: ou=people,{SUFFIX}",
             f"      group_base: ou=groups,{SUFFIX}", "      timeout: 2s"]
    if service:
        lines += [f"      bind_dn: cn=admin,{SUFFIX}", f"      bind_password_file: {folder}/ldap.password"]
    else:
        lines += [f"      user_dn: 'uid={{name}},ou=people,{SUFFIX}'"]
    return "\n".join(lines + [f"      {line}" for line in more.split("\n") if line])


@pytest.fixture(scope="module")
def slapd(tmp_path_factory):
    directory = Slapd(tmp_path_factory.mktemp("slapd"), allow="allow bind_anon_cred bind_anon_dn").start()
    yield directory
    directory.stop()


def serve(program, folder, config):
    server = Server(program, folder, config=config)
    server.start()
    # Until there is an administrator, only loopback is served; the operator makes one.
    made = server.request("POST", "/api/v1/users", headers=server.operator(),
                          json={"name": "root", "password": "correct horse battery", "administrator": True})
    assert made.status_code == 201, made.text
    return server


@pytest.fixture(scope="module", params=["service account", "direct bind"])
def server(request, program, slapd, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    server = serve(program, folder / "server", configured(slapd, folder, service=request.param == "service account"))
    yield server
    server.stop()


def log_in(server, name, password):
    return server.request("GET", "/v2/", auth=(name, password)).status_code


@pytest.mark.parametrize("name,password,status", [
    ("alice", "wonder", 200),
    ("ALICE", "wonder", 200),
    ("alice", "wrong", 401),
    ("alice", "", 401),
    ("", "", 401),
    ("*", "wonder", 401),
    ("al*", "wonder", 401),
    ("alice)(uid=*", "wonder", 401),
    ("alice,ou=people", "wonder", 401),
    ("we(ird*", "odd", 401),
    ("nobody", "wonder", 401),
    ("root", "taken", 401),
    ("root", "correct horse battery", 200),
])
def test_passwords(server, name, password, status):
    assert log_in(server, name, password) == status


def person(server, name):
    return server.request("GET", f"/api/v1/users/{name}", headers=server.operator()).json()


def test_a_person_is_made_once(server, request):
    assert log_in(server, "carol", "singer") == 200
    carol = person(server, "carol")
    assert carol["source"] == "ldap:corp" and carol["display"] == "Carol" and carol["mail"] == "carol@example.com"
    assert carol["password"] is False
    time.sleep(1)
    assert log_in(server, "carol", "singer") == 200 and person(server, "carol")["created"] == carol["created"]
    # The service account's password was used for it, which is on record; the password is not.
    used = json.loads(server.assay("audit", "list", "--type", "secret.", "--format", "json").stdout)
    direct = "direct" in request.node.name  # people bind for themselves then
    assert [record["object"] for record in used] == ([] if direct else ["ldap:corp"])
    assert direct or used[0]["rule"].endswith("ldap.password")


def write(server, *statements):
    """What is in the database, as another process of the same registry would change it."""
    with contextlib.closing(sqlite3.connect(server.data / "metadata.db", timeout=30)) as db, db:
        for statement in statements:
            db.execute(statement)
        db.execute("UPDATE access_generation SET value = value + 1")
    time.sleep(1.2)  # the server looks at the generation once a second,
    server.request("GET", "/v2/")  # and forgets then whom it knew


def teams_of(server, name):
    with contextlib.closing(sqlite3.connect(server.data / "metadata.db", timeout=30)) as db:
        return {row[0] for row in db.execute(
            "SELECT t.name FROM team_members m JOIN teams t ON t.id = m.team JOIN principals p ON p.id = m.principal "
            f"WHERE p.name = '{name}' AND m.source = 'ldap:corp'")}


TEAMS = ["INSERT INTO teams (id, name, created, created_by) VALUES (%d, '%s', 0, 'test')" % (number, name)
         for number, name in enumerate(("devs", "engineers", "rounds"), 1)] + \
        ["INSERT INTO team_groups (team, source, name) VALUES (%d, 'ldap:corp', '%s')" % pair
         for pair in ((1, "developers"), (2, "engineering"), (3, "circle"))] + \
        ["INSERT INTO bindings (id, kind, subject, role, effect, pattern, created, created_by) "
         "VALUES (71, 'team', 2, 'developer', 'allow', 'team/*', 0, 'test')"]


def make_token(server, name, called="t"):
    made = server.request("POST", "/api/v1/tokens", headers=server.operator(), json={"user": name, "name": called})
    assert made.status_code == 201, made.text
    return made.json()["token"]


def scope_by(server, token):
    answer = server.request("GET", "/token?service=assay&scope=repository:team/app:pull,push", auth=("any", token))
    return answer.json()["scope"] if answer.status_code == 200 else answer.status_code


def test_groups_of_groups(program, slapd, tmp_path):
    """A circle of groups ends; what a group brings comes and goes with it, also for tokens; who is gone is nobody."""
    server = serve(program, tmp_path / "server", configured(slapd, tmp_path, "refresh: 1s"))
    try:
        write(server, *TEAMS)
        assert log_in(server, "alice", "wonder") == 200 and log_in(server, "carol", "singer") == 200
        assert teams_of(server, "alice") == {"devs", "engineers", "rounds"} and teams_of(server, "carol") == set()
        token = make_token(server, "alice")
        assert scope_by(server, token) == "repository:team/app:pull,push"
        member = f"dn: cn=developers,ou=groups,{SUFFIX}\nchangetype: modify\nreplace: member\nmember: uid=%s,ou=people,{SUFFIX}\n"
        slapd.command("ldapmodify", text=member % "carol")
        write(server)
        assert scope_by(server, token) == "" and teams_of(server, "alice") == set()
        slapd.command("ldapmodify", text=member % "alice")
        write(server)
        assert scope_by(server, token) == "repository:team/app:pull,push"
        gone = make_token(server, "carol")
        assert scope_by(server, gone) == ""
        slapd.command("ldapdelete", f"uid=carol,ou=people,{SUFFIX}")
        write(server)
        assert scope_by(server, gone) == 401 and log_in(server, "carol", "singer") == 401
        # Somebody else who is given the name later is not the same person.
        slapd.command("ldapadd", text=f"dn: uid=carol,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: carol\ncn: Carol 2\n"
                                      "sn: Two\nuserPassword: second\n")
        assert log_in(server, "carol", "second") == 401
    finally:
        server.stop()


def test_the_directory_goes_away(program, tmp_path):
    """What it said is believed for a time; then nobody of it is let in. Others are not concerned."""
    directory = Slapd(tmp_path / "slapd").start()
    server = serve(program, tmp_path / "server", configured(directory, tmp_path, "refresh: 1s\nstale: 8s"))
    try:
        write(server, *TEAMS)
        assert log_in(server, "alice", "wonder") == 200
        token = make_token(server, "alice")
        directory.stop()
        write(server)
        begun = time.monotonic()
        assert scope_by(server, token) == "repository:team/app:pull,push"
        assert log_in(server, "bob", "builder") == 401 and log_in(server, "root", "correct horse battery") == 200
        time.sleep(max(0, 9 - (time.monotonic() - begun)))
        write(server)
        assert scope_by(server, token) == 401
        directory.start()
        assert scope_by(server, token) == "repository:team/app:pull,push"
    finally:
        server.stop()
        directory.stop()


def test_referrals_are_not_followed(program, slapd, tmp_path):
    """A server that says "ask there" would have the password sent to there."""
    trap = Slapd(tmp_path / "trap").start()
    slapd.command("ldapadd", "-M", text=f"dn: uid=mallory,ou=people,{SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\n"
                                        f"uid: mallory\nref: {trap.url}/uid=alice,ou=people,{SUFFIX}\n")
    server = serve(program, tmp_path / "server", configured(slapd, tmp_path))
    try:
        assert log_in(server, "mallory", "wonder") == 401
        assert log_in(server, "bob", "builder") == 200
    finally:
        server.stop()
        trap.stop()


@pytest.mark.parametrize("change,says", [
    (("starttls: false",), "would show passwords"),
    (("user_filter: (uid=x)",), "must have {name}"),
    (("timeout: 0s",), "timeout"),
])
def test_configuration(assay, slapd, tmp_path, change, says):
    config = tmp_path / "assay.yaml"
    config.write_text(configured(slapd, tmp_path, *change) + "\n")
    result = assay("check", "--config", config, "--data", tmp_path / "data", check=None)
    assert result.returncode != 0 and says in result.stdout + result.stderr


def test_another_certificate(program, slapd, tmp_path):
    """Of a directory that another authority vouches for no password is sent."""
    other = Slapd(tmp_path / "other")
    config = configured(slapd, tmp_path).replace(f"{slapd.folder}/ldap.crt", f"{other.folder}/ldap.crt")
    server = serve(program, tmp_path / "server", config)
    try:
        assert log_in(server, "bob", "builder") == 401
        assert "cannot be asked" in server.log_text()
    finally:
        server.stop()


def test_library_is_missing(program, slapd, tmp_path):
    """OpenLDAP's library is loaded by servers that have a directory; without it, their start says so."""
    loaded = subprocess.run(["readelf", "-p", ".note.dlopen", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    name = re.search(r'"soname":\["(libldap[^"]*)"', loaded).group(1)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / name).write_text("")
    broken = {"LD_LIBRARY_PATH": str(tmp_path / "broken")}
    with pytest.raises(AssertionError, match=f"access.ldap: {re.escape(name)} cannot be loaded: .*; install the package"):
        Server(program, tmp_path / "with", config=configured(slapd, tmp_path), environment=broken).start()
    Server(program, tmp_path / "without", environment=broken).start().stop()
