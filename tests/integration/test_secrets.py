"""Secrets in files of an image: each is found, with its place, also where a later layer deletes it; and no value leaves the
worker, whole or in part, into any report, answer, log or database."""
import base64
import gzip
import hashlib
import json
import os
import random
import string
import subprocess
import zlib
from pathlib import Path

import pytest

import hostile
from gate import digest_of_tag, push_layout
from oci_layout import CONFIG, MANIFEST, Layout, digest_of, tar_of

FORMATS = ["json", "table", "sarif", "junit", "markdown", "cyclonedx", "spdx"]
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def token(prefix, alphabet, count):
    """Of an alphabet, with a digit and a letter, as nearly all are."""
    while True:
        body = "".join(random.choices(alphabet, k=count))
        if any(one.isdigit() for one in body) and any(one.isalpha() for one in body):
            return prefix + body


def with_checksum(prefix):
    body = token("", BASE62, 30)
    left, end = zlib.crc32(body.encode()), ""
    for _ in range(6):
        end = BASE62[left % 62] + end
        left //= 62
    return prefix + body + end


class Planted:
    """An image with secrets, made anew for each test: {(rule, path): value}."""

    def __init__(self, folder):
        self.layout = folder
        key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], check=True,
                             capture_output=True, text=True).stdout
        self.aws, self.github = token("AKIA", string.ascii_uppercase + "234567", 16), with_checksum("ghp_")
        self.password, self.stripe = token("", BASE62, 20), token("sk_live_", BASE62, 24)
        self.login = token("", BASE62, 16)
        auth = base64.b64encode(f"ci:{self.login}".encode()).decode()
        far = b"x" * 79 + b"\n"
        self.values = [self.aws, self.github, self.password, self.stripe, self.login, auth, *key.split("\n")[1:-2]]
        # The same value twice: with one installation's key they are known to be the same.
        again = {"srv/again.txt": f"also {self.github}\n"}
        first = {**again, "etc/os-release": "ID=debian\nVERSION_ID=12\n",
                 "app/.env": f"DEBUG=1\n\nAWS_ACCESS_KEY_ID={self.aws}\nDB_PASSWORD={self.password}\n",
                 "app/old/key.pem": key, "usr/share/doc/tool/README": f"clone with {self.github}\n",
                 "root/.docker/config.json": json.dumps({"auths": {"registry.corp.internal": {"auth": auth}}}, indent=1),
                 # Where one window of the search ends and the next begins, more or less.
                 "srv/big.log": far * 3000 + f"charged by {self.stripe}\n".encode() + far * 3000,
                 "app/example.env": "AWS_ACCESS_KEY_ID=AKIA" + "EXAMPLE" * 2 + "AA\nDB_PASSWORD=changeme\n"}
        second = {"app/old/.wh.key.pem": b"", "app/.wh..env": b""}
        self.variable, self.npm, self.pulumi = token("", BASE62, 18), with_checksum("npm_"), token("pul-", "0123456789abcdef", 40)
        self.values += [self.variable, self.npm, self.pulumi]
        layout, tars = Layout(folder), [tar_of(first), tar_of(second)]
        config = {"architecture": "amd64", "os": "linux",
                  "config": {"Env": ["PATH=/bin", f"SHOP_PASSWORD={self.variable}"], "Labels": {"built.with": self.pulumi}},
                  "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
                  "history": [{"created_by": "COPY app app"}, {"created_by": f"ARG NPM_TOKEN={self.npm}", "empty_layer": True},
                              {"created_by": f"RUN |1 NPM_TOKEN={self.npm} /bin/sh -c npm ci # buildkit"}]}
        layout.add_packed_image("latest", [(tar, gzip.compress(tar), "gzip") for tar in tars],
                                config=layout.add_blob(json.dumps(config).encode(), CONFIG))
        self.expected = {("aws-access-key-id", "app/.env", 3, True), ("environment-secret", "app/.env", 4, True),
                         ("private-key", "app/old/key.pem", 1, True), ("github-pat", "usr/share/doc/tool/README", 1, False),
                         ("docker-config-auth", "root/.docker/config.json", 4, False),
                         ("npm-token", "history", None, False), ("environment-secret", "config:Env", None, False),
                         ("pulumi-token", "config:Labels", None, False),
                         ("github-pat", "srv/again.txt", 1, False), ("stripe-secret-key", "srv/big.log", 3001, False)}

    def check_unseen(self, text, where):
        """No value of eight characters or more of it is in there."""
        text = text if isinstance(text, bytes) else text.encode()
        for value in self.values:
            for part in (value[-12:], value[8:24]):
                assert len(part) < 8 or part.encode() not in text, f"{where} shows a part of {value[:4]}..."


@pytest.fixture
def planted(tmp_path):
    return Planted(tmp_path / "planted")


def sameness_of(findings):
    """By kind: which values are the same as which, as the report says."""
    marks = {}
    for each in findings:
        if each["kind"] == "secret" and each["id"] != "environment-secret":
            marks.setdefault(each["id"], set()).add(each["same"])
    assert len(set.union(*marks.values())) == len(marks), "each of these kinds has one value"
    return marks


def secrets_of(findings):
    return {(each["id"], each["location"], each.get("line"), each.get("removed", False)) for each in findings
            if each["kind"] == "secret"}


def test_each_report_tells_of_them_and_shows_none(scan, planted):
    for name in FORMATS:
        result = scan("--format", name, f"oci:{planted.layout}")
        planted.check_unseen(result.stdout + result.stderr, name)
        if name == "json":
            found = json.loads(result.stdout)["findings"]
            assert secrets_of(found) == planted.expected
            # A secret has no fixed version: it is not what is meant.
            fixable = json.loads(scan("--ignore-unfixed", "--format", name, f"oci:{planted.layout}").stdout)["findings"]
            assert secrets_of(fixable) == planted.expected
            marks = sameness_of(found)
            shown = {each["id"]: each["evidence"] for each in found if each["kind"] == "secret"}
            assert shown["github-pat"] == "ghp_" + "*" * 16 + "(40)" and shown["aws-access-key-id"] == "AKIA" + "*" * 16 + "(20)"


    # Scanned anew, and with another installation's key.
    again = json.loads(scan("--format", "json", f"oci:{planted.layout}").stdout)["findings"]
    assert sameness_of(again) == marks
    other = json.loads(scan("--no-cache", "--format", "json", f"oci:{planted.layout}").stdout)["findings"]
    assert not set.union(*sameness_of(other).values()) & set.union(*marks.values())


def test_a_server_keeps_none(server, push, planted):
    digest = push(server, planted.layout, "latest", "team/app")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    answer = server.request("GET", f"/api/v1/images/{digest}/findings?limit=1000")
    planted.check_unseen(answer.content, "the API's answer")
    assert secrets_of(answer.json()["findings"]) == planted.expected
    planted.check_unseen(server.log_text(), "the log")
    server.stop()
    searched = 0
    for folder, _, names in os.walk(server.folder / "data"):
        for name in names:
            # The layer itself is there, packed, and holds them.
            if "/blobs" not in folder:
                with open(os.path.join(folder, name), "rb") as file:
                    planted.check_unseen(file.read(), f"{folder}/{name}")
                searched += 1
    assert searched > 2


@pytest.mark.parametrize("layers", [0, 1])
def test_config_of_what_nothing_unpacks(server, tmp_path, layers):
    """Whoever pulls it has its config."""
    layout, value = Layout(tmp_path / "bare"), with_checksum("ghp_")
    config = {"architecture": "wasm", "os": "wasip1", "config": {"Env": [f"TOKEN={value}"]}, "rootfs": {"type": "layers", "diff_ids": []}}
    module = {**layout.add_blob(b"\0asm\1\0\0\0", CONFIG), "mediaType": "application/octet-stream"}
    layout.add_manifest({"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.add_blob(json.dumps(config).encode(), CONFIG),
                         "layers": [module][:layers]}, "latest")
    push_layout(server, layout.folder, "latest", "team/app")
    digest = digest_of_tag(layout.folder, "latest")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    found = server.get_json(f"/api/v1/images/{digest}/findings?kind=secret")["findings"]
    assert {(each["id"], each["location"]) for each in found} == {("github-pat", "config:Env")}


def test_holes_of_sparse_files_are_passed_over(scan, tmp_path):
    """A log of 7 GiB of which some bytes are stored does not count as 7 GiB; what stands behind the hole is found."""
    text = f"clone with {with_checksum('ghp_')}\n".encode()
    log = hostile.sparse_header("var/log/lastlog", 7 << 30, (0, 6), (6 << 30, len(text)))
    tar = hostile.file("etc/os-release", b"ID=debian\nVERSION_ID=12\n") + log + (b"begin\n" + text).ljust(512, b"\0") + bytes(1024)
    layout = Layout(tmp_path / "sparse")
    layout.add_packed_image("latest", [(tar, gzip.compress(tar), "gzip")])
    report = json.loads(scan("--format", "json", f"oci:{layout.folder}").stdout)
    assert secrets_of(report["findings"]) == {("github-pat", "var/log/lastlog", None, False)}
    assert not any("lastlog" in text for text in report["incomplete"]), report["incomplete"]


STANZA = "Package: {name}\nStatus: install ok installed\nMaintainer: {maintainer}\nArchitecture: all\nVersion: 1-1\n"
DEBIAN, SOMEBODY = "Debian Tools Team <team@tracker.debian.org>", "Operations <ops@corp.internal>"


@pytest.mark.parametrize("maintainer, change, told", [
    (DEBIAN, None, False), (DEBIAN, "text", True), (DEBIAN, "place", True), (DEBIAN, "long", True), (SOMEBODY, None, True)])
def test_files_of_the_distributions_packages_are_left_out_by_hash(scan, tmp_path, maintainer, change, told):
    """Whoever wants such a file gets it from the archive. One that was changed, or that is at another place, is the image's own; so
    is one of a package that somebody else made, and one that is longer than is looked at in one piece."""
    text = f"#!/bin/sh\nclone with {with_checksum('ghp_')}\n" + ("# filled\n" * 40000 if change == "long" else "")
    sums = f"{hashlib.md5(text.encode()).hexdigest()}  usr/share/tool/clone.sh\n"
    place = "usr/share/tool2/clone.sh" if change == "place" else "usr/share/tool/clone.sh"
    layout = Layout(tmp_path / "packaged")
    layout.add_image("latest", [tar_of({
        "etc/os-release": "ID=debian\nVERSION_ID=12\n", "var/lib/dpkg/status": STANZA.format(name="tool", maintainer=maintainer),
        "var/lib/dpkg/info/tool.list": "/.\n/usr/share/tool/clone.sh\n/usr/share/doc/tool/copyright\n",
        "var/lib/dpkg/info/tool.md5sums": sums, place: text + ("# ours\n" if change == "text" else "")})])
    report = json.loads(scan("--format", "json", f"oci:{layout.folder}").stdout)
    assert secrets_of(report["findings"]) == ({("github-pat", place, 2, False)} if told else set())


RULES = """
[extend]
useDefault = true
disabledRules = ["stripe-secret-key"]
[[rules]]
id = "corp-token"
description = "Token of our own"
regex = '''clone (with) gh'''
keywords = ["CLONE"]
[[allowlists]]
paths = ['''^srv/again''']
"""


def test_rules_of_ones_own(scan, start_server, push, planted, tmp_path):
    (tmp_path / "rules.toml").write_text(RULES)
    expected = {each for each in planted.expected if each[0] != "stripe-secret-key" and each[1] != "srv/again.txt"}
    expected.add(("corp-token", "usr/share/doc/tool/README", 1, False))
    # What was inspected without them is inspected again.
    for rules, of_them in (None, planted.expected), (tmp_path / "rules.toml", expected), (None, planted.expected):
        found = scan("--format", "json", *(["--secret-config", rules] if rules else []), f"oci:{planted.layout}")
        assert secrets_of(json.loads(found.stdout)["findings"]) == of_them
    (tmp_path / "bad.toml").write_text("[[rules]]\nid = 'x-rule'\nregex = '(a'\n")
    refused = scan("--secret-config", tmp_path / "bad.toml", f"oci:{planted.layout}", check=2).stderr
    assert "bad.toml: " in refused and "x-rule" in refused
    server = start_server(config=f"secrets: {{config: {tmp_path}/rules.toml}}\n")
    digest = push(server, planted.layout, "latest", "team/app")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    assert secrets_of(server.get_json(f"/api/v1/images/{digest}/findings?limit=1000")["findings"]) == expected


@pytest.mark.parametrize("second", ["binary", "long"])
def test_what_takes_the_place_of_such_a_file_is_told(scan, tmp_path, second):
    """In the same layer, at the same path: what a package says is of the first."""
    own, other = f"clone with {with_checksum('ghp_')}\n", f"clone with {with_checksum('ghp_')}\n"
    replaced = b"\0\1\2\0" * 20 + other.encode() if second == "binary" else other.encode() + b"# filled\n" * 40000
    tar = b"".join(hostile.file(path, content) for path, content in [
        ("etc/os-release", b"ID=debian\nVERSION_ID=12\n"), ("var/lib/dpkg/status", STANZA.format(name="tool", maintainer=DEBIAN).encode()),
        ("var/lib/dpkg/info/tool.list", b"/.\n/usr/share/tool/keys\n/usr/share/doc/tool/copyright\n"),
        ("var/lib/dpkg/info/tool.md5sums", f"{hashlib.md5(own.encode()).hexdigest()}  usr/share/tool/keys\n".encode()),
        ("usr/share/tool/keys", own.encode()), ("usr/share/tool/keys", replaced)]) + bytes(1024)
    layout = Layout(tmp_path / "replaced")
    layout.add_packed_image("latest", [(tar, gzip.compress(tar), "gzip")])
    report = json.loads(scan("--format", "json", f"oci:{layout.folder}").stdout)
    assert {(one["id"], one["location"]) for one in report["findings"]} >= {("github-pat", "usr/share/tool/keys")}


def test_the_rules_are_listed(assay):
    rules = json.loads(assay("rules", "--kind", "secret", "--format", "json").stdout)["rules"]
    guide = (Path(__file__).resolve().parents[2] / "docs/secrets.md").read_text()
    assert len(rules) >= 150 and {rule["kind"] for rule in rules} == {"secret"}
    assert all(f"`{rule['id']}`" in guide and rule["title"] and rule["remedy"] for rule in rules)
    assert "github-pat" in assay("rules").stdout


def test_rules_for_names_and_comments(scan, start_server, push, tmp_path):
    """A rule for a path alone reports the file, text or not. What a file says of itself in a comment counts where whoever scans
    says so: an image does not allow itself."""
    layout = Layout(tmp_path / "layout")
    value = token("AKIA", string.ascii_uppercase + "234567", 16)
    layout.add_image("latest", [tar_of({"etc/os-release": "ID=debian\nVERSION_ID=12\n", "srv/app.p12": b"\x30\x82\0\0 key",
                                        "srv/tool.P12": b"\x7fELF\0\0\0\0", "app/main.py": f"key = '{value}'  # gitleaks:allow\n"})])
    (tmp_path / "base.toml").write_text("[extend]\nuseDefault = true\n[[rules]]\nid = 'key-store'\npath = '''(?i)\\.p12$'''\n")
    (tmp_path / "rules.toml").write_text("[extend]\npath = 'base.toml'\n")
    files = {("key-store", "srv/app.p12", None, False), ("key-store", "srv/tool.P12", None, False)}
    comment = {("aws-access-key-id", "app/main.py", 1, False)}
    for flags, expected in ([], comment), (["--secret-comments"], set()), (["--secret-config", tmp_path / "rules.toml"], files | comment):
        answer = scan("--format", "json", *flags, f"oci:{layout.folder}")
        assert secrets_of(json.loads(answer.stdout)["findings"]) == expected
    server = start_server(config=f"secrets: {{config: {tmp_path}/rules.toml, allow_comments: true}}\n")
    digest = push(server, layout.folder, "latest", "team/app")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    assert secrets_of(server.get_json(f"/api/v1/images/{digest}/findings?limit=1000")["findings"]) == files


def test_commands_do_not_contradict_each_other(assay, alpine_data, tmp_path):
    """What the configuration says of secrets holds in each command that inspects."""
    value, rule = token("AKIA", string.ascii_uppercase + "234567", 16), "aws-access-key-id"
    system = {"etc/os-release": "ID=alpine\nVERSION_ID=3.19\n"}
    Layout(tmp_path / "before").add_image("latest", [system])
    Layout(tmp_path / "after").add_image("latest", [{**system, "app/main.py": f"key = '{value}'  # gitleaks:allow\n"}])
    before, after = f"oci:{tmp_path}/before", f"oci:{tmp_path}/after"
    (tmp_path / "config.yaml").write_text("secrets: {allow_comments: true}\n")
    for options, told in ([], True), (["--config", tmp_path / "config.yaml"], False):
        def run(*words):
            return json.loads(assay(*words, "--data", alpine_data, "--offline", "--format", "json", *options, check=None).stdout)
        assert (rule in {one["id"] for one in run("scan", after)["findings"]}) == told
        assert (rule in {(one["after"] or one["before"])["id"] for one in run("diff", before, after)["findings"]}) == told
        assert (run("explain", after, rule)["answer"] == "found") == told
        assert (sum(run("shed", after)["findings_of_image"].values()) + sum(run("shed", after)["layers"][0]["findings"].values()) ==
                sum(run("shed", before)["findings_of_image"].values()) + sum(run("shed", before)["layers"][0]["findings"].values())) != told


def test_files_that_a_later_layer_replaces(scan, tmp_path):
    """Whoever has the image has them; what is there in the end is not marked: also where another name of the file stays."""
    value = [token("AKIA", string.ascii_uppercase + "234567", 16) for _ in range(5)]
    first = tar_of({"etc/os-release": "ID=debian\nVERSION_ID=12\n", "app/.env": f"A={value[0]}\n", "app/conf/a": f"A={value[1]}\n",
                    "app/kept": f"A={value[2]}\n", "app/same": f"A={value[3]}\n", "srv/first": f"A={value[4]}\n",
                    "srv/other": ("hardlink", "srv/first")})
    second = tar_of({"app/.env": "A=gone\n", "app/conf": "a file now\n", "app/same": f"A={value[3]}\n", "srv/first": "gone\n", "app/new": "x"})
    layout = Layout(tmp_path / "layout")
    layout.add_image("latest", [first, second])
    found = json.loads(scan("--format", "json", f"oci:{layout.folder}").stdout)["findings"]
    rows = {(each["location"], each.get("removed", False)) for each in found if each["kind"] == "secret"}
    assert rows == {("app/.env", True), ("app/conf/a", True), ("app/kept", False), ("app/same", True), ("app/same", False), ("srv/first", False)}


def test_all_of_a_config(scan, tmp_path):
    """Each text of a config is looked at, by whatever name it has; and the commands that start it as commands are written."""
    places = {"User": "config:User", "WorkingDir": "config:WorkingDir", "Shell": "config:Shell", "Volumes": "config:Volumes",
              "Cmd": "config:Cmd", "Entrypoint": "config:Entrypoint", "X-Later": "config:X-Later"}
    values = {name: with_checksum("ghp_") for name in [*places, "author", "history"]}
    run = {"User": values["User"], "WorkingDir": f"/srv/{values['WorkingDir']}", "Shell": ["/bin/sh", values["Shell"]],
           "Volumes": {values["Volumes"]: {}}, "Cmd": ["/bin/sh", "-c", f"app --token {values['Cmd']}"], "Entrypoint": ["env", f"A={values['Entrypoint']}"],
           "X-Later": {"deep": [{"er": values["X-Later"]}]}}
    tar = tar_of({"etc/os-release": "ID=debian\nVERSION_ID=12\n"})
    config = {"architecture": "amd64", "os": "linux", "config": run, "author": values["author"],
              "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]}, "history": [{"created_by": "COPY", "author": values["history"]}]}
    layout = Layout(tmp_path / "layout")
    layout.add_packed_image("latest", [(tar, gzip.compress(tar), "gzip")], config=layout.add_blob(json.dumps(config).encode(), CONFIG))
    found = json.loads(scan("--format", "json", f"oci:{layout.folder}").stdout)["findings"]
    assert {each["location"] for each in found if each["id"] == "github-pat"} == {*places.values(), "config:author", "history"}


@pytest.mark.parametrize("command, rule", [
    (["/bin/sh", "-c", "app --password={} --verbose"], "option-secret"), (["app", "--api-key", "{}"], "option-secret"),
    (["env", "API_KEY={}", "app"], "environment-secret"), (["sh", "-c", "mysql -h db -p{} shop"], "database-client-password"),
    (["java", "-Djdbc.url=jdbc:mysql://db/shop?user=a&password={}"], "url-parameter")])
def test_commands_with_passwords(scan, tmp_path, command, rule):
    value = token("", BASE62, 16)
    tar = tar_of({"etc/os-release": "ID=debian\nVERSION_ID=12\n", "root/.bash_history": " ".join(command).format(value) + "\n"})
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": [word.format(value) for word in command]},
              "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]}, "history": [{"created_by": "RUN " + " ".join(command).format(value)}]}
    layout = Layout(tmp_path / "layout")
    layout.add_packed_image("latest", [(tar, gzip.compress(tar), "gzip")], config=layout.add_blob(json.dumps(config).encode(), CONFIG))
    answer = scan("--format", "json", f"oci:{layout.folder}").stdout
    found = {(each["id"], each["location"]) for each in json.loads(answer)["findings"] if each["kind"] == "secret"}
    assert found == {(rule, place) for place in ("config:Cmd", "history", "root/.bash_history")} and value[-12:] not in answer
