"""The command line as a person meets it: mistyped words, servers that are not there, tables that fit the terminal."""
import fcntl
import http.server
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import threading

import pytest
import requests

import images
import raw_http
from assay_server import ROOT, Server, free_port, run_assay, sanitizer_environment
from gate import wait_until
from oci_layout import Layout
from test_server import make_certificate


@pytest.mark.parametrize("arguments,says", [
    (["-v"], "no option -v"), (["db", "--quiet"], "db: no option --quiet"), (["imags"], "did you mean `images`?"), (["sacn"], "did you mean `scan`?"), (["find"], "did you mean `findings`?"),
    (["db", "statsu"], "did you mean `status`?"), (["frobnicate"], "`assay --help`"), (["db", "frobnicate"], "`assay db --help`"),
    (["images", "--formt", "json"], "did you mean --format?"), (["scan", "--severty=high", "x"], "did you mean --severity?"),
    (["findings", "--frobnicate", "x"], "`assay findings --help`"), (["images", "--format", "xml"], '--format must be table or json, is "xml"'), (["scan", "--by", "day", "x"], "package or vulnerability"),
    (["findings", "--format", "xml", "a"], "sarif"), (["findings"], "REPOSITORY"), (["images", "a", "b"], '"b"'),
    (["completion", "tcsh"], "bash, zsh and fish"), (["findings", "UPPER:v1"], "UPPER"), (["serve", "--listen"], "--listen"),
    (["scan", "--exit-code", "x", "y"], "--exit-code"), ([], "Commands:"), (["db"], "Commands:"),
])
def test_wrong_usage(assay, arguments, says):
    result = assay(*arguments, check=2)
    assert says in result.stderr and result.stdout == ""
    assert result.stderr.count("assay: ") <= 1


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["version"], ["--version"], ["help"], ["db", "help"], ["help", "serve"], ["help", "db"], ["help", "db", "update"], ["db", "help", "update"], ["db", "--help"], ["images", "-h"]])
def test_asked_for_text_is_output(assay, arguments):
    result = assay(*arguments)
    assert result.stdout.startswith(("Usage:", "assay ")) and result.stderr == ""


def test_help_of_a_command(assay):
    """`help COMMAND` is what `COMMAND --help` is; what people do not start is not offered to them."""
    for words in (["serve"], ["db"], ["db", "import"], ["completion"]):
        assert assay("help", *words).stdout == assay(*words, "--help").stdout != assay("help").stdout
    assert "no command" in assay("help", "frobnicate", check=2).stderr
    for name in ("worker", "signer"):
        assert "assay starts it by itself" in assay(name, check=2).stderr
    assert "worker" not in assay("help").stdout + assay("completion", "bash").stdout + assay("completion", "fish").stdout



def test_full_disk_is_told(program):
    with open("/dev/full", "w") as full:
        result = subprocess.run([program, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 2 and "No space left" in result.stderr


def test_exit_codes_are_documented(assay):
    told = assay("--help").stdout
    assert all(f"{code} " in told.split("Exit codes:")[1] for code in (0, 1, 2))
    assert "EXIT STATUS" in (ROOT / "deploy/man/make_manual.py").read_text()


def all_commands(assay, *words):
    """Every command that is offered, as words: [["scan"], ["db", "update"], ...]; groups are none."""
    text = assay(*words, "--help").stdout
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.MULTILINE)
    below = [each for line in (listed.group(1).splitlines() if listed else []) for each in all_commands(assay, *words, line.split()[0])]
    return below if listed and "Application Options:" not in text else [list(words), *below]


def test_every_command_explains_itself(assay):
    """Help with a way to use it, and a completion that knows it, in all three shells."""
    shells = {shell: assay("completion", shell).stdout for shell in ("bash", "zsh", "fish")}
    found = all_commands(assay)
    assert all(words in found for words in (["delete"], ["db", "update"], ["jobs"], ["jobs", "cancel"])) and ["db"] not in found
    for words in found:
        told = assay(*words, "--help").stdout
        assert f"  assay {' '.join(words)}" in told.split("Examples:")[1], words
        assert f"'{' '.join(words)}') words='" in shells["bash"] and f"'{' '.join(words)}') words='" in shells["zsh"], words
        assert f" -a {words[-1]} " in shells["fish"], words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script(assay, shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} on this machine")
    script = tmp_path / "script"
    script.write_text(assay("completion", shell).stdout)
    subprocess.run([shell, "-n", script], check=True)


@pytest.mark.parametrize("typed, offered", [
    ("del", ["delete"]), ("db up", ["update"]), ("scan --sev", ["--severity"]), ("delete --y", ["--yes"]),
    ("scan --by ", ["package", "vulnerability"]), ("scan --format s", ["sarif", "spdx"]), ("completion ", ["bash", "fish", "zsh"]),
    ("scan --by = v", ["vulnerability"]), ("scan --by =", ["package", "vulnerability"]), ("findings -f j", ["json", "junit"]),
    ("scan --severity h", ["high"]), ("scan --severity high,cr", ["high,critical"]), ("images --severity high,low,m", ["high,low,medium"]),
    ("images --gate ", ["allowed", "refused", "warns"]), ("db import --type de", ["debian-repo", "debian-tracker"]),
    ("serve --log-level w", ["warning"]), ("scan --policy ", ["mine.yaml", "script", "strict"]), ("policy test s", ["script", "strict"]),
    ("policy check ", ["mine.yaml", "script", "strict"]), ("scan --db m", ["mine.yaml"]), ("jobs c", ["cancel"])])
def test_completion_of_bash(assay, typed, offered, tmp_path):
    script = tmp_path / "script"
    script.write_text(assay("completion", "bash").stdout)
    (tmp_path / "mine.yaml").touch()
    words = ["assay", *typed.split(" ")]
    quoted = " ".join(f"'{word}'" for word in words)
    told = subprocess.run(["bash", "-c", f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _assay; "
                                         'printf "%s\\n" "${COMPREPLY[@]}"'], check=True, stdout=subprocess.PIPE, text=True, cwd=tmp_path).stdout
    assert sorted(word.strip() for word in told.splitlines()) == offered


@pytest.mark.parametrize("typed, offered", [
    ("del", ["delete"]), ("scan --by v", ["vulnerability"]), ("scan --severity h", ["high"]), ("scan --severity high,cr", ["high,critical"]),
    ("findings --format ", ["json", "junit", "markdown", "sarif", "table", "template"]), ("completion z", ["zsh"]), ("scan --policy m", ["mine.yaml"]),
    ("policy test st", ["strict"])])
def test_completion_of_fish(assay, typed, offered, tmp_path):
    if shutil.which("fish") is None:
        pytest.skip("no fish on this machine")
    (tmp_path / "script").write_text(assay("completion", "fish").stdout)
    (tmp_path / "mine.yaml").touch()
    told = subprocess.run(["fish", "--no-config", "-c", f"source script; complete --do-complete 'assay {typed}'"], check=True,
                          stdout=subprocess.PIPE, text=True, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}).stdout
    assert sorted(line.split("\t")[0] for line in told.splitlines()) == offered


# --- the registry that is asked ---

@pytest.fixture(scope="module")
def filled(program, tmp_path_factory):
    """A server with an image of findings, one that cannot be scanned, and an index."""
    folder = tmp_path_factory.mktemp("cli")
    server = Server(program, folder / "server")
    (folder / "secdb.json").write_text(json.dumps(images.ALPINE_SECDB))
    run_assay(program, "db", "import", "--data", server.data, "--type", "alpine-secdb", folder / "secdb.json",
              log_prefix=folder / "log")
    server.start()
    digest = raw_http.push_layout(server, "team/alpine-with-a-long-name", "v1", images.alpine_layout(folder / "alpine", "v1"))
    server.wait_for_scan("team/alpine-with-a-long-name", digest)
    Layout(folder / "broken").add_image("bad", [b"no tar"])
    server.wait_for_scan("team/broken", raw_http.push_layout(server, "team/broken", "bad", folder / "broken"))
    raw_http.push_layout(server, "many", "latest", images.index_layout(folder / "index"))
    yield server
    server.stop()


def test_images_as_json(assay, filled):
    listed = json.loads(assay("images", "--server", filled.url, "--format", "json").stdout)
    assert {image["repository"] for image in listed} == {"team/alpine-with-a-long-name", "team/broken", "many"}
    one = json.loads(assay("images", "--server", filled.address, "--format", "json", "team/broken").stdout)
    assert [image["scan"]["state"] for image in one] == ["failed"]


def test_findings(assay, filled):
    reference = f"{filled.address}/team/alpine-with-a-long-name:v1"
    report = json.loads(assay("findings", "--format", "json", reference).stdout)
    assert sorted((found["id"], found["package"], found["fixed_version"]) for found in report["findings"]) == images.ALPINE_FOUND
    by_environment = assay("findings", "team/alpine-with-a-long-name:v1", env={"ASSAY_SERVER": filled.url + "/"}).stdout
    assert "CVE-2019-1547" in by_environment and "verdict: allowed" in by_environment
    digest = report["digest"]
    by_digest = assay("findings", "--server", filled.url, f"team/alpine-with-a-long-name@{digest}").stdout
    assert "CVE-2019-1547" in by_digest
    shown = digest.removeprefix("sha256:")[:12]
    assert shown in assay("images", "--server", filled.url).stdout
    assert "CVE-2019-1547" in assay("findings", "--server", filled.url, f"team/alpine-with-a-long-name@{shown}").stdout
    assert "no image 000000" in assay("findings", "--server", filled.url, "team/alpine-with-a-long-name@000000", check=2).stderr


@pytest.mark.parametrize("reference,says", [
    ("team/broken:bad", "failed"), ("team/broken:v9", "`assay images team/broken`"), ("never:v1", "nothing was ever pushed"),
    ("many:latest", "linux/s390x"), ("docker://HOST/many:latest", "is an index; ask for an image in it:\n  many@sha256:")])
def test_findings_that_are_none(assay, filled, reference, says):
    reference = reference.replace("HOST", filled.address)
    assert says in assay("findings", "--server", filled.url, reference, check=2).stderr


EVIL = "no\x1b[2J such\x07\x9b31m \u202ename\nassay"


@pytest.mark.parametrize("body", [{"errors": [{"message": EVIL}]}, {"detail": "no such name", "remedy": EVIL}])
def test_messages_drive_no_terminal(assay, body):
    """What a server says is quoted, and not obeyed."""
    class Hostile(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            text = json.dumps(body).encode()
            self.send_response(404)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = assay("findings", "--server", f"http://127.0.0.1:{server.server_port}", "team/app:v1", check=2).stderr
        server.shutdown()
    assert "such" in told and all(character.isprintable() or character == "\n" for character in told), repr(told)


@pytest.mark.parametrize("words,code", [
    (["images", "--refused"], 0), (["images", "team/app"], 0), (["delete", "--yes", "team/app:v1"], 2), (["delete", "--yes", "team/app"], 2),
    (["findings", "team/app:v1"], 2)])
@pytest.mark.parametrize("digest", ["\x1b[2J\x1b]0;x\x07:12", "../../x", None])
def test_answers_drive_no_terminal(assay, words, code, digest):
    """Nor do images that a server makes up; without a digest none is deleted."""
    asked = []

    class Hostile(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.command)
            image = {"repository": "a\x1b[31mb", "digest": digest, "tags": ["v1\x1b[2J"], "gate": {"answer": "refused", "reason": "no\x07\nyes"},
                     "scan": {"state": "pending", "error": "e\x1b[2J", "retry_at": "soon\x1b[2J", "os": "x\x9b1m"}}
            body = json.dumps({"images": [{key: value for key, value in image.items() if value is not None}], "total": 1}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_DELETE = do_GET

        def log_message(self, *arguments):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = assay(*words, "--server", f"http://127.0.0.1:{server.server_port}", check=code)
        server.shutdown()
    text = told.stdout + told.stderr
    assert text and all(character.isprintable() or character == "\n" for character in text), repr(text)
    assert "DELETE" not in asked and "(null)" not in text, (asked, text)


def test_what_was_not_looked_up_is_not_clean(assay, start_server, tmp_path):
    """Without advisories, or with those of other distributions alone, no list says that an image has no findings."""
    server = start_server()
    digest = raw_http.push_layout(server, "debian", "v1", images.tiny_layout(tmp_path / "debian", "v1"))
    alpine = raw_http.push_layout(server, "alpine", "v1", images.alpine_layout(tmp_path / "alpine", "v1"))
    assert server.wait_for_scan("debian", digest)["uncovered_packages"] == 2
    assert server.wait_for_scan("alpine", alpine)["uncovered_packages"] == 3
    assert assay("images", "--server", server.url).stdout.count("not known") == 2
    (tmp_path / "secdb.json").write_text(json.dumps(images.ALPINE_SECDB))
    assay("db", "import", "--data", server.data, "--type", "alpine-secdb", tmp_path / "secdb.json")
    wait_until(lambda: server.wait_for_scan("alpine", alpine)["uncovered_packages"] == 0)
    assert "not known" in assay("images", "--server", server.url, "debian").stdout
    told = assay("findings", "--server", server.url, "debian:v1").stdout
    assert "incomplete: there are no advisories for debian:12 (deb packages)\n" in told
    report = json.loads(assay("findings", "--server", server.url, "debian:v1", "--format", "json").stdout)
    assert report["incomplete"] == ["there are no advisories for debian:12 (deb packages)"]


def test_what_cannot_be_read_is_not_clean(assay, start_server, tmp_path):
    server = start_server()
    (tmp_path / "secdb.json").write_text(json.dumps(images.ALPINE_SECDB))
    assay("db", "import", "--data", server.data, "--type", "alpine-secdb", tmp_path / "secdb.json")
    layout = images.Layout(tmp_path / "broken")
    layout.add_image("v1", [{"etc/os-release": images.ALMALINUX, "var/lib/rpm/Packages": "broken"}])
    digest = raw_http.push_layout(server, "broken", "v1", layout.folder)
    server.wait_for_scan("broken", digest)
    wait_until(lambda: server.request("GET", f"/api/v1/images/{digest}/findings").status_code == 200)
    assert "not known" in assay("images", "--server", server.url).stdout
    told = assay("findings", "--server", server.url, "broken:v1").stdout
    assert "incomplete: its package database var/lib/rpm/Packages could not be read whole\n" in told


def test_filtered_findings_are_counted(assay, filled):
    reference = "team/alpine-with-a-long-name:v1"
    told = assay("findings", "--server", filled.url, "--severity", "critical", reference).stdout
    assert "not shown (--severity, --ignore-unfixed): 3" in told
    assert "not shown" not in assay("findings", "--server", filled.url, reference).stdout


def run_on_terminal(program, width, *arguments):
    """What a terminal of that width shows, line by line, without colours."""
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    process = subprocess.Popen([program, *arguments], stdin=terminal, stdout=terminal, stderr=terminal,
                               env={**sanitizer_environment("/tmp/assay-sanitizer"), "TERM": "xterm"})
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:
        pass
    os.close(master)
    assert process.wait(timeout=60) == 0, shown
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).rstrip("\r\n").split("\r\n")


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("arguments", [["images"], ["findings", "team/alpine-with-a-long-name:v1"],
                                       ["findings", "--by", "vulnerability", "team/alpine-with-a-long-name:v1"]],
                         ids=["images", "findings", "flat"])
def test_tables_fit_the_terminal(program, filled, width, arguments):
    lines = run_on_terminal(program, width, *arguments, "--server", filled.url)
    assert all(len(line) <= width for line in lines), [line for line in lines if len(line) > width]
    text = "\n".join(lines)
    assert "failed" in text and "bad" in text if arguments == ["images"] else "CVE-2019-1547" in text
    if arguments == ["images"]:
        header = lines[0].split()
        assert header[:6] == ["REPOSITORY", "TAGS", "DIGEST", "GATE", "FINDINGS", "SIZE"]
        assert width < 100 or len(lines) == 1 + 3 + 3, "a line each: the index has three members"


def test_tables_of_a_pipe_are_whole(assay, filled):
    text = assay("images", "--server", filled.url).stdout
    assert "team/alpine-with-a-long-name" in text and "\x1b" not in text


def test_an_image_of_many_tags(assay, server, tmp_path):
    layout = images.alpine_layout(tmp_path / "layout", "v1")
    raw_http.push_layout(server, "many", "v1", layout)
    manifest = requests.get(f"{server.url}/v2/many/manifests/v1", timeout=60)
    for i in range(7):
        requests.put(f"{server.url}/v2/many/manifests/t{i}", manifest.content, timeout=60,
                     headers={"Content-Type": manifest.headers["Content-Type"]}).raise_for_status()
    told = assay("images", "--server", server.url).stdout
    assert "t0, t1, t2, t3, t4 +3 " in told and "t5" not in told
    assert len(json.loads(assay("images", "--server", server.url, "--format", "json").stdout)[0]["tags"]) == 8


def test_nothing_there_yet(assay, server):
    assert assay("images", "--server", server.url).stdout == "no images\n"


def test_server_is_down(assay):
    port = free_port()
    for arguments in (["images", "--server", f"http://127.0.0.1:{port}"], ["findings", f"127.0.0.1:{port}/a:b"]):
        told = assay(*arguments, check=2).stderr
        assert f"127.0.0.1:{port}" in told and "assay serve" in told and "$ASSAY_SERVER" in told


def test_certificate_is_not_trusted(assay, start_server, tmp_path):
    certificate, key = make_certificate(tmp_path / "certificates", "mine")
    server = start_server(config=f"tls: {{certificate: {certificate}, key: {key}}}", trust=certificate)
    told = assay("images", "--server", server.url, check=2).stderr
    assert "certificate" in told and "--ca-file" in told and "--insecure" in told
    assert assay("images", "--server", server.url, "--ca-file", certificate).stdout == "no images\n"
    assert assay("images", "--server", server.url, "--insecure").stdout == "no images\n"
    told = assay("images", "--server", server.url.replace("https", "http"), check=2).stderr
    assert server.address in told and "--server https://" in told
    assert assay("images", "--server", server.url, "--ca-file", "/nonexistent", check=2).stderr


def test_schemes_are_found_as_by_scan(assay, start_server, tmp_path):
    """Loopback may speak TLS, and certs.d names its authority; what is reached from elsewhere may be plain."""
    certificate, key = make_certificate(tmp_path / "certificates", "mine")
    server = start_server(config=f"tls: {{certificate: {certificate}, key: {key}}}", trust=certificate)
    home = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    assert assay("images", "--server", server.address, "--insecure").stdout == "no images\n"
    assert "127.0.0.1" in assay("images", "--server", server.address, env=home, check=2).stderr
    trusted = tmp_path / "home/containers/certs.d" / server.address
    trusted.mkdir(parents=True)
    (trusted / "ca.crt").write_bytes(certificate.read_bytes())
    assert assay("images", "--server", server.address, env=home).stdout == "no images\n"
    raw_http.push_layout(server, "tiny", "v1", images.tiny_layout(tmp_path / "tiny", "v1"))
    assert "no advisories" in assay("findings", f"docker://{server.address}/tiny:v1", env=home, check=2).stderr
    plain = start_server()
    port = plain.address.rsplit(":", 1)[1]
    assert "--server http://" in assay("images", "--server", f"0.0.0.0:{port}", check=2).stderr
    assert assay("images", "--server", f"0.0.0.0:{port}", "--insecure").stdout == "no images\n"


@pytest.mark.parametrize("arguments", [["images"], ["findings", "team/alpine-with-a-long-name:v1"], ["scan", "--help"], ["--help"],
                                       ["completion", "bash"], ["version"]], ids=lambda words: words[0])
def test_a_reader_that_leaves_is_no_error(program, filled, arguments):
    """`| head`: nobody is told of it, and nothing failed."""
    with subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**sanitizer_environment("/tmp/assay-sanitizer"), "ASSAY_SERVER": filled.url}) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("status,body,says", [
    (200, b"<html>hello</html>", "Assay registry?"), (404, b"gone", "404"), (500, b"{}", "500"),
    (403, b'{"errors": [{"message": "not you"}]}', "not you")])
def test_another_kind_of_server(assay, status, body, says):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        told = assay("images", "--server", f"127.0.0.1:{other.server_address[1]}", check=2).stderr
        other.shutdown()
    assert says in told and "127.0.0.1" in told or says == "not you" and says in told
