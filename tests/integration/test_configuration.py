"""How images are built: `assay scan --dockerfile`, the config and history of an image by scan, push and API, and `assay rules`."""
import json
import os
import re
import subprocess
import sys
import zlib

import pytest

from images import ROOT
from oci_layout import Layout

sys.path.insert(0, str(ROOT / "tests/differential"))
import dockerfiles  # noqa: E402

WEAK = """\
FROM debian
ENV DB_PASSWORD=s3cr3tvalue
RUN set -e; \\
    # the script of the vendor
    curl -fsSLk https://example.org/x | sh
EXPOSE 22
CMD ["x"]
"""
FOUND = {("base-untagged", 1, "medium"), ("user-missing", 1, "medium"), ("healthcheck-missing", 1, "low"), ("labels-missing", 1, "negligible"),
         ("secret-in-env", 2, "high"), ("environment-secret", 2, "high"), ("tls-unverified", 5, "high"), ("pipe-to-shell", 5, "high"),
         ("pipe-loses-failures", 5, "low"), ("exposed-admin-port", 6, "medium")}
HARDENED = "FROM debian:12.5\nLABEL org.opencontainers.image.source=https://example.org/x\nUSER 1000\nHEALTHCHECK CMD [\"x\"]\nCMD [\"x\"]\n"


@pytest.fixture
def weak(tmp_path):
    (tmp_path / "Dockerfile").write_text(WEAK)
    return tmp_path / "Dockerfile"


@pytest.fixture
def piped(assay, tmp_path):
    """piped(text, ...) scans a Dockerfile that comes from standard input."""
    def run(text, *arguments, **options):
        (tmp_path / "piped").write_text(text)
        with open(tmp_path / "piped", encoding="utf-8") as file:
            return assay("scan", "--dockerfile", "-", *arguments, stdin=file, **options)
    return run


def found_of(report):
    return {(one["id"], one.get("line", 0), one["severity"]) for one in report["findings"]}


def test_a_dockerfile(assay, weak, monkeypatch):
    report = json.loads(assay("scan", "--dockerfile", weak, "--format", "json").stdout)
    assert found_of(report) == FOUND and {one["kind"] for one in report["findings"]} == {"configuration", "secret"}
    assert {one["location"] for one in report["findings"]} == {str(weak)}
    table = assay("scan", "--dockerfile", weak).stdout
    assert table.startswith(f"{weak}\n10 findings: 4 high, 3 medium, 2 low, 1 negligible\n") and f"{weak}:5" in table
    for form in "json", "table", "sarif", "junit", "markdown":
        assert "s3cr3t" not in assay("scan", "--dockerfile", weak, "--format", form).stdout
    sarif = json.loads(assay("scan", "--dockerfile", weak, "--format", "sarif").stdout)["runs"][0]
    assert {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in sarif["results"]} == {f"file://{weak}"}
    monkeypatch.chdir(weak.parent)
    for result in json.loads(assay("scan", "--dockerfile", "Dockerfile", "--format", "sarif").stdout)["runs"][0]["results"]:
        assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "Dockerfile", "uriBaseId": "%SRCROOT%"}
    lines = {(result["ruleId"], result["locations"][0]["physicalLocation"]["region"]["startLine"]) for result in sarif["results"]}
    assert lines == {(rule, line) for rule, line, _ in FOUND}


def test_from_standard_input(piped):
    report = json.loads(piped(WEAK, "--format", "json").stdout)
    assert found_of(report) == FOUND and {one["location"] for one in report["findings"]} == {"Dockerfile"}
    assert "0 findings" in piped(HARDENED, "--exit-code", "3").stdout


def test_exit_codes_and_filters(assay, weak, tmp_path):
    assay("scan", "--dockerfile", weak, "--exit-code", "3", check=3)
    assay("scan", "--dockerfile", weak, "--exit-code", "3", "--severity", "critical", check=0)
    policy = tmp_path / "policy.yaml"
    policy.write_text("policies:\n  - name: built\n    namespaces: [\"**\"]\n    configuration:\n      block: high\n")
    refused = assay("scan", "--dockerfile", weak, "--policy", policy, "--repository", "team/app", check=1).stdout
    assert "refused" in refused


@pytest.mark.parametrize("text, message", [
    ("FORM debian\n", r'line 1: unknown instruction "FORM": did you mean FROM\?'),
    ("FROM debian\n\nRUN a\\\n b\nXYZZY\n", r'line 5: unknown instruction "XYZZY"$'),
    ("", r"there is no FROM: not a Dockerfile"),
    ("FROM a\nRUN <<EOF\nmake\n", r"line 2: <<EOF: no line ends it"),
    ("FROM a\n\0", r"NUL"),
    ("#\n" * 600000, r"standard input: .*1048576"),
], ids=["misspelt", "unknown", "empty", "unended", "binary", "large"])
def test_what_is_no_dockerfile(piped, text, message):
    told = piped(text, check=2).stderr
    assert re.search(message, told.strip(), re.MULTILINE), told


def test_usage(assay, weak, tmp_path):
    assert "say what to scan" in assay("scan", check=2).stderr
    assert "instead of a TARGET" in assay("scan", "--dockerfile", weak, "rootfs:/x", check=2).stderr
    assert "no packages" in assay("scan", "--dockerfile", weak, "--list-packages", check=2).stderr
    assert "no packages" in assay("scan", "--dockerfile", weak, "--format", "spdx", check=2).stderr
    assert "No such file" in assay("scan", "--dockerfile", tmp_path / "none", check=2).stderr


def test_what_is_ignored(assay, weak, tmp_path, monkeypatch):
    weak.write_text("# assay:ignore-file=healthcheck-missing\n" + WEAK.replace("RUN", "# assay:ignore=tls-unverified it must\nRUN"))
    report = json.loads(assay("scan", "--dockerfile", weak, "--format", "json").stdout)
    assert {rule for rule, _, _ in found_of(report)} == {rule for rule, _, _ in FOUND} - {"healthcheck-missing", "tls-unverified"}


def test_rules_and_the_guide(assay):
    """The guide lists what the program has."""
    rules = json.loads(assay("rules", "--kind", "configuration", "--format", "json").stdout)["rules"]
    assert len(rules) > 50 and {rule["kind"] for rule in rules} == {"configuration"}
    assert all(rule["title_zh"] and rule["remedy_zh"] and rule["remedy"] for rule in rules)
    guide = (ROOT / "docs/configuration-checks.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in guide.split("\n") if line.startswith("| `")]
    assert [(row[0].strip("`"), row[1], row[3], row[4], row[5].strip()) for row in rows] == \
        [(rule["id"], rule["severity"], rule["title"], rule["remedy"], ", ".join(rule["references"])) for rule in rules]
    other = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in guide.split("\n") if re.match(r"\| (CIS|DKL|DS)-", line)]
    assert [row[0] for row in other] == [f"CIS-Docker-4.{number}" for number in range(1, 13)] + [f"CIS-DI-{number:04}" for number in range(1, 12)] \
        + [f"DKL-DI-{number:04}" for number in range(1, 7)] + [f"DKL-LI-{number:04}" for number in range(1, 4)] \
        + [f"DS-{number:04}" for number in range(1, 33) if number not in (3, 18, 28)]
    every = json.loads(assay("rules", "--format", "json").stdout)["rules"]
    for check, _, answers in other:
        assert answers == (", ".join(f"`{rule['id']}`" for rule in every if check in rule["references"]) or "every scan"), check
    assert [row[0] for row in other if row[2] == "every scan"] == ["CIS-Docker-4.4", "CIS-DI-0004"]
    assert "镜像以 root 用户运行" in assay("rules", "--language", "zh").stdout
    assert "--kind must be one of" in assay("rules", "--kind", "x", check=2).stderr


# --- secrets by their form, and images ---

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def github_token():
    """A new one with its checksum."""
    body = "".join(BASE62[byte % 62] for byte in os.urandom(30))
    left, end = zlib.crc32(body.encode()), ""
    for _ in range(6):
        left, end = left // 62, BASE62[left % 62] + end
    return f"ghp_{body}{end}"


def test_secrets_of_a_dockerfile(piped):
    token = github_token()
    done = piped(f"FROM debian:12\nRUN true && \\\n  curl https://api/?t={token}\nUSER 1\n", "--format", "json")
    assert [(one["kind"], one["id"], one["line"]) for one in json.loads(done.stdout)["findings"]] == [("secret", "github-pat", 3)]
    assert token[10:20] not in done.stdout


def test_more_secrets_than_are_looked_at(piped):
    """Where it is not known which values are secret, no text is shown, and the file is not taken for clean."""
    tokens = [github_token() for _ in range(210)]
    text = "FROM debian:12\n" + "".join(f"RUN curl -k -H 'X-Auth {token}' https://h/\n" for token in tokens)
    done = piped(text, "--format", "json")
    report = json.loads(done.stdout)
    assert not [token for token in tokens if token[10:20] in done.stdout]
    assert len([one for one in report["findings"] if one["id"] == "tls-unverified"]) == 210
    assert "secrets in Dockerfile" in done.stdout


def test_what_a_team_switches_off_is_not_shown(piped, tmp_path):
    token = github_token()
    for rules in "[[rules]]\nid = 'other'\nregex = 'nothing'\n", "[extend]\nuseDefault = true\n[allowlist]\nregexes = ['ghp_']\n":
        (tmp_path / "rules.toml").write_text(rules)
        done = piped(f"FROM debian:12\nRUN curl -k https://h/{token}\n", "--format", "json", "--secret-config", tmp_path / "rules.toml")
        assert "tls-unverified" in done.stdout and "github-pat" not in done.stdout and token[10:20] not in done.stdout


def test_each_secret_beside_one_that_a_check_names(scan, tmp_path):
    """A variable with a telling name takes no other's secret away."""
    token = github_token()
    members = {"config": {"Env": ["DB_PASSWORD=s3cr3tvalue", "DATABASE_URL=postgres://app:Kq7vTz3mWp9r@db.internal/x"],
                          "OnBuild": [f"RUN curl https://h/{token}"]},
               "history": [{"created_by": "RUN make", "comment": f"with {github_token()}"}]}
    Layout(tmp_path / "many").add_image("latest", [{"x": b"x"}], config_members=members)
    report = json.loads(scan("--format", "json", f"oci:{tmp_path / 'many'}").stdout)
    found = {(one["kind"], one["id"], one["location"]) for one in report["findings"]}
    assert {("configuration", "secret-in-env", "config:Env"), ("secret", "environment-secret", "config:Env"),
            ("secret", "url-password", "config:Env"), ("secret", "github-pat", "config:OnBuild"),
            ("secret", "github-pat", "history")} <= found


@pytest.fixture
def built(tmp_path):
    """An image of two layers with weak members and steps: (folder, token)."""
    token = github_token()
    members = {"config": {"User": "root", "Env": [f"ANY={token}", "DB_PASSWORD=s3cr3tvalue"], "ExposedPorts": {"22/tcp": {}},
                          "Cmd": ["x"], "Healthcheck": {"Test": ["CMD", "x"]}},
               "history": [{"created_by": "/bin/sh -c #(nop) ADD file:0123 in / "}, {"created_by": "ENV ANY=x", "empty_layer": True},
                           {"created_by": f"RUN |1 NPM_TOKEN=abc123 /bin/sh -c curl -k https://h/{token} | sh # buildkit"}]}
    Layout(tmp_path / "built").add_image("latest", [{"etc/os-release": b"ID=debian\n"}, {"x": b"x"}], config_members=members)
    return tmp_path / "built", token


OF_IMAGE = {("configuration", "labels-missing", "config:Labels"), ("configuration", "user-root", "config:User"), ("configuration", "secret-in-env", "config:Env"),
            ("secret", "github-pat", "config:Env"), ("secret", "environment-secret", "config:Env"), ("secret", "environment-secret", "history"),
            ("configuration", "exposed-admin-port", "config:ExposedPorts"), ("configuration", "secret-in-arg", "history"),
            ("configuration", "pipe-to-shell", "history"), ("configuration", "tls-unverified", "history"), ("secret", "github-pat", "history")}


def check_image(findings, layers, text, token):
    observed = [one for one in findings if one["kind"] in ("configuration", "secret")]
    assert {(one["kind"], one["id"], one["location"]) for one in observed} == OF_IMAGE
    # What a step did is in the layer that it made; the member of a config is in none.
    assert {one.get("layer") for one in observed if one["location"] == "history"} == {layers[1]}
    assert {one.get("layer") for one in observed if one["location"] != "history"} == {None}
    assert token[8:20] not in text and "s3cr3t" not in text and "abc123" not in text


def test_an_image(scan, built):
    folder, token = built
    done = scan("--format", "json", f"oci:{folder}")
    manifest = next(json.loads(path.read_text()) for path in (folder / "blobs/sha256").iterdir() if path.read_bytes()[:20].startswith(b'{"schemaVersion')
                    and "layers" in json.loads(path.read_text()))
    check_image(json.loads(done.stdout)["findings"], [layer["digest"] for layer in manifest["layers"]], done.stdout, token)


def test_an_image_that_is_pushed(start_server, push, built):
    folder, token = built
    server = start_server()
    digest = push(server, folder, "latest", "team/app")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    answer = server.request("GET", f"/api/v1/images/{digest}/findings?limit=1000")
    layers = [layer["digest"] for layer in server.request("GET", f"/v2/team/app/manifests/{digest}", headers={"Accept": "*/*"}).json()["layers"]]
    check_image(answer.json()["findings"], layers, answer.text, token)
    assert token[8:20] not in server.log_text()


# --- BuildKit's own parser ---

def test_dockerfiles_are_read_as_buildkit_reads_them(program):
    lister = program.parents[2] / "tests/tools/list-dockerfiles"
    done = subprocess.run([sys.executable, ROOT / "tests/differential/dockerfiles.py", "--count", "3000", "--lister", lister], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode == 77:
        pytest.skip(done.stdout.strip().split("\n")[-1])
    assert done.returncode == 0, done.stdout[-5000:]
    read = int(re.search(r"3000 Dockerfiles: (\d+) read", done.stdout).group(1))
    assert read > 600


@pytest.mark.parametrize("ours,theirs,agree", [
    ([{"keyword": "RUN", "arguments": "a"}], [{"keyword": "RUN", "rest": "a"}], True),
    ([{"keyword": "RUN", "arguments": "a"}], [{"keyword": "RUN", "rest": "b"}], False),
    ([{"keyword": "RUN", "arguments": "a", "first": 2}], [{"keyword": "RUN", "rest": "a"}], False),
    ([], [{"keyword": "RUN", "rest": "a"}], False),
    ("line 2: ONBUILD triggers no FROM", [], True),
    ("line 2: unknown instruction", [], False),
    ("line 2: unknown instruction", [{"keyword": "A", "rest": "", "onbuild": True}], True),
    ("line 2: <<E: no line ends it", [], False),
    ([], "unterminated heredoc", False)])
def test_same_dockerfiles(ours, theirs, agree):
    base = {"onbuild": False, "flags": [], "heredocs": [], "first": 1, "last": 1}
    whole = [[{**base, **one} for one in side] if isinstance(side, list) else side for side in (ours, theirs)]
    assert dockerfiles.same(*whole) == agree
