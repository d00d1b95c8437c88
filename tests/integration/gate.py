"""What the tests of the gate share: small Alpine images with chosen versions, advisories for them, and questions to a server."""
import json
import signal
import sqlite3
import time

import images
from oci_layout import Layout, reachable

STRICT = "policies:\n  - {name: strict, namespaces: ['**'], unscanned: block, vulnerabilities: " \
         "{block: [critical], only_fixed: true, unknown_as: critical}}\n"

# The environment of a test build in which each transaction is run twice, the first time in vain.
RUN_TWICE = {"ASSAY_RUN_TRANSACTIONS_TWICE": "1"}


def alpine_files(musl="1.1.22-r2", openssl="1.1.1c-r0", extra=""):
    """A system of three packages; with musl 1.1.22-r3 and openssl 1.1.1d-r0 nothing of images.ALPINE_SECDB concerns it."""
    installed = images.APK_INSTALLED.replace("V:1.1.22-r2", f"V:{musl}").replace("V:1.1.1c-r0", f"V:{openssl}")
    return {**images.alpine_files(), "lib/apk/db/installed": installed, "etc/extra": extra}


FIXED = {"musl": "1.1.22-r3", "openssl": "1.1.1d-r0"}


def alpine_layout(folder, extra=""):
    """Tags "vulnerable", "fixed", and "both": an index of the two (amd64 is the vulnerable one). Another `extra`, other digests."""
    layout = Layout(folder)
    vulnerable = layout.add_image("vulnerable", [alpine_files(extra=extra)])
    fixed = layout.add_image("fixed", [alpine_files(**FIXED, extra=extra)], architecture="arm64")
    layout.add_index("both", [("amd64", vulnerable), ("arm64", fixed)])
    return folder, vulnerable["digest"], fixed["digest"]


def secdb(**fixes):
    """secdb(musl={"1.1.22-r3": ["CVE-1"]}): what Alpine 3.10 would say."""
    return {"distroversion": "v3.10", "reponame": "main",
            "packages": [{"pkg": {"name": name, "secfixes": versions}} for name, versions in fixes.items()]}


def import_advisories(assay, server, data=None):
    """Into the data folder of a server, whether it runs or not; a server that runs sees them at once."""
    path = server.folder / "secdb.json"
    path.write_text(json.dumps(images.ALPINE_SECDB if data is None else data))
    assay("db", "import", "--data", server.data, "--type", "alpine-secdb", "--name", "test", path)


def wait_for_advisories(server):
    wait_until(lambda: metric(server, "assay_advisories_available") == 1)


def entry_of_tag(folder, tag):
    """The descriptor that index.json of a layout has of a tag."""
    return next(entry for entry in json.loads((folder / "index.json").read_text())["manifests"]
                if entry["annotations"]["org.opencontainers.image.ref.name"] == tag)


def digest_of_tag(folder, tag):
    return entry_of_tag(folder, tag)["digest"]


def wait_until(condition, timeout=30):
    """The first value of condition() that is true."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {timeout} s: {condition()}")


def pull(server, repository, reference, method="GET"):
    return server.request(method, f"/v2/{repository}/manifests/{reference}", headers={"Accept": "*/*"})


def digest_at(server, repository, tag):
    answer = pull(server, repository, tag, "HEAD")
    assert answer.status_code == 200
    return answer.headers["Docker-Content-Digest"]


def refusal(server, repository, reference):
    """The message of a pull that must be refused."""
    answer = pull(server, repository, reference)
    assert answer.status_code == 403, f"{repository} {reference}: {answer.status_code} {answer.text[:500]}"
    error = answer.json()["errors"][0]
    assert error["code"] == "DENIED" and set(error["detail"]) == {"policy", "blocking", "verdict"}
    verdict = server.get_json(error["detail"]["verdict"])
    # But for the name: there it is the digest's, here what was asked for.
    assert verdict["message"].split(": ", 1)[1] == error["message"].split(": ", 1)[1]
    assert verdict["policy"] == error["detail"]["policy"]
    return error["message"]


def metric(server, name):
    lines = [line for line in server.request("GET", "/metrics").text.split("\n") if line.startswith(name + " ")]
    assert len(lines) == 1, f"{name}: {lines}"
    return float(lines[0].split(" ")[1])


def inspections(server):
    return metric(server, 'assay_inspections_total{outcome="done"}')


def rematches(server):
    return metric(server, "assay_rematches_total")


def reload(server, policy):
    """The policy file with a new text, and SIGHUP; waits for the log line that tells what came of it."""
    lines = reload_lines(server)
    (server.folder / "policy.yaml").write_text(policy)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: reload_lines(server) > lines)


def reload_lines(server):
    return server.log_text().count("were read again") + server.log_text().count("reload failed")


def rows(server, table):
    """How many rows a table of the metadata database has; the server may run."""
    with sqlite3.connect(f"file:{server.data}/metadata.db?mode=ro", uri=True, timeout=10) as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def push_layout(server, folder, tag, repository):
    """An image by bare requests: for what no client would push."""
    entry = entry_of_tag(folder, tag)
    blobs = reachable(folder, tag)
    manifest = blobs.pop(entry["digest"])
    for digest, data in blobs.items():
        answer = server.request("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", data=data)
        assert answer.status_code == 201, answer.text
    answer = server.request("PUT", f"/v2/{repository}/manifests/{tag}", data=manifest,
                            headers={"Content-Type": entry["mediaType"]})
    assert answer.status_code == 201, answer.text
