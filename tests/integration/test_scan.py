"""assay scan: every transport, the output formats, filters, policies, exit codes, the cache, and broken input."""
import gzip
import json
import os
import shutil
import subprocess
import tarfile

import pytest

import images
from assay_server import findings_of as findings
from images import ALPINE_FOUND as FOUND
from oci_layout import Layout, digest_of, tar_of

@pytest.fixture
def alpine(tmp_path):
    return images.alpine_layout(tmp_path / "alpine")


def skopeo(*arguments):
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", *map(str, arguments)], check=True)


def unpack(layout, folder):
    layers = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"].split(":")[1]
    manifest = json.loads((layout / "blobs/sha256" / layers).read_text())
    for layer in manifest["layers"]:
        with tarfile.open(layout / "blobs/sha256" / layer["digest"].split(":")[1]) as tar:
            tar.extractall(folder)
    return folder


def test_every_transport_finds_the_same(scan, alpine, tmp_path):
    skopeo(f"oci:{alpine}:latest", f"oci-archive:{tmp_path}/oci.tar:latest")
    skopeo(f"oci:{alpine}:latest", f"docker-archive:{tmp_path}/docker.tar:team/app:v1")
    skopeo(f"oci:{alpine}:latest", f"dir:{tmp_path}/dir")
    (tmp_path / "packed.tar.gz").write_bytes(gzip.compress((tmp_path / "docker.tar").read_bytes()))
    unpack(alpine, tmp_path / "root")
    for target in (f"oci:{alpine}", f"oci:{alpine}:latest", f"oci-archive:{tmp_path}/oci.tar",
                   f"oci-archive:{tmp_path}/oci.tar:latest", f"docker-archive:{tmp_path}/docker.tar",
                   f"docker-archive:{tmp_path}/docker.tar:team/app:v1", f"docker-archive:{tmp_path}/packed.tar.gz",
                   f"dir:{tmp_path}/dir", f"rootfs:{tmp_path}/root"):
        assert findings(scan("--format", "json", target)) == FOUND, target


def test_links_of_a_root_folder_stay_inside(scan, alpine, tmp_path):
    """/lib is a link on systems of today; an absolute link counts from the image's root, not from the machine's."""
    root = unpack(alpine, tmp_path / "root")
    (root / "usr").mkdir()
    (root / "lib").rename(root / "usr/lib")
    (root / "lib").symlink_to("/usr/lib")
    assert findings(scan("--format", "json", f"rootfs:{root}")) == FOUND
    shutil.rmtree(root / "etc")
    (root / "etc").symlink_to("../../../../../../../../etc")
    report = json.loads(scan("--format", "json", f"rootfs:{root}").stdout)
    assert "os" not in report and report["findings"] == []
    assert report["incomplete"] == ["there are no advisories for a distribution that is not named (apk packages)"]


ARCH = {"etc/os-release": "ID=arch\nPRETTY_NAME='Arch Linux'\n", "usr/bin/pacman": "pacman"}
GARBAGE = {"etc/os-release": images.ALMALINUX, "var/lib/rpm/rpmdb.sqlite": "garbage" * 1000}
# What is not known of an image without advisories, database or detector, and what is known of one with nothing in it.
NOT_KNOWN = {
    "a database that was removed": ([images.alpine_files(), {"lib/apk/db/.wh.installed": ""}], "it says that it is Alpine Linux v3.10"),
    "a database that is garbage": ([GARBAGE], "its package database var/lib/rpm/rpmdb.sqlite could not be read whole"),
    "a distribution that nobody reads": ([ARCH], "it says that it is Arch Linux"),
    "no advisories for its distribution": ([ARCH, images.pacman_files(("zlib", "1:1.3.1-2", "zlib"))],
                                           "there are no advisories for arch (alpm packages)"),
    "a distribution that is not its model": (
        [images.pacman_files(("zlib", "1:1.3.1-2", "zlib")), {"etc/os-release": "ID=manjaro\nID_LIKE=arch\nPRETTY_NAME='Manjaro Linux'\n"}],
        "there are no advisories for Manjaro Linux (alpm packages)"),
    "a package without a name": ([ARCH, {"var/lib/pacman/local/zlib-1-1/desc": "%VERSION%\n1-1\n"}],
                                 "its package database var/lib/pacman/local/zlib-1-1/desc could not be read whole"),
    "a lone program": ([{"app": "\x7fELF"}], "it is not empty, but has neither a package database that is read nor"),
    "no advisories": ([images.tiny_files()], "there are no advisories for debian:12 (deb packages)"),
    "nothing in any layer": ([{}], None),
    "no layer": ([], None),
}


def sarif_warnings(text):
    notes = json.loads(text)["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    return [note["message"]["text"] for note in notes if note["level"] == "warning"]


@pytest.mark.parametrize("kind", NOT_KNOWN)
def test_nothing_known_is_not_clean(scan, tmp_path, kind):
    """Said in every output, no success for --exit-code, and unscanned under a policy."""
    layers, gap = NOT_KNOWN[kind]
    layout = images.Layout(tmp_path / "image")
    layout.add_image("latest", layers)
    target, unknown = f"oci:{layout.folder}:latest", gap is not None
    told = scan("--exit-code", "3", target, check=3 if unknown else 0).stdout
    assert ("\nincomplete: " in told) == unknown and (gap or "0 findings") in told
    incomplete = json.loads(scan("--format", "json", target).stdout)["incomplete"]
    assert sarif_warnings(scan("--format", "sarif", target).stdout) == incomplete
    assert len(incomplete) == unknown and (not unknown or gap in incomplete[0])
    scan("--exit-code", "3", "--allow-incomplete", target)
    refused = scan("--policy", "strict", target, check=1 if unknown else 0).stdout
    assert not unknown or f"{incomplete[0]}, so it counts as unscanned" in refused
    policy = tmp_path / "policy.yaml"
    policy.write_text("policies: [{name: lax, namespaces: ['**'], unscanned: allow, vulnerabilities: {block: [low]}}]")
    allowed = scan("--policy", policy, target).stdout
    assert ("warning: unscanned: " in allowed) == unknown


def test_advice_where_there_are_no_advisories(scan, tmp_path):
    layout = images.Layout(tmp_path / "image")
    layout.add_image("arch", [ARCH, images.pacman_files(("zlib", "1:1.3.1-2", "zlib"))])
    layout.add_image("debian", [images.tiny_files()])
    for name, ecosystem in (("arch", "arch"), ("debian", "debian:12")):
        told = scan(f"oci:{layout.folder}:{name}").stdout
        assert f"note: `assay db update` or `assay db import` adds advisories for {ecosystem}\n" in told


def test_arch(assay, scan, tmp_path):
    layout = images.Layout(tmp_path / "image")
    layout.add_image("arch", [ARCH, images.pacman_files(("curl", "8.4.0-2", "curl"), ("glibc", "2.38-2", "glibc"), ("pam", "1.7.0-2", "pam"))])
    group = {"severity": "High", "type": "arbitrary code execution", "affected": "1-1", "advisories": []}
    (tmp_path / "all.json").write_text(json.dumps([
        group | {"name": "AVG-1", "packages": ["curl"], "status": "Fixed", "fixed": "8.5.0-1", "issues": ["CVE-2024-1"]},
        group | {"name": "AVG-2", "packages": ["glibc"], "status": "Fixed", "fixed": "2.38-2", "issues": ["CVE-2024-2"]},
        group | {"name": "AVG-3", "packages": ["pam"], "status": "Vulnerable", "fixed": None, "issues": ["CVE-2024-3"]}]))
    assay("db", "import", "--data", tmp_path / "data", "--type", "arch-tracker", tmp_path / "all.json")
    report = json.loads(assay("scan", "--data", tmp_path / "data", "--format", "json", f"oci:{layout.folder}:arch").stdout)
    assert sorted((finding["id"], finding["package"], finding.get("fixed_version"), finding["severity"]) for finding in report["findings"]
                  if finding["kind"] == "vulnerability") == [
        ("CVE-2024-1", "curl", "8.5.0-1", "high"), ("CVE-2024-3", "pam", None, "high")]


@pytest.mark.parametrize("content,unknown", [({"app": "app"}, True), ({".hidden": "app"}, True), ({}, False)])
def test_a_root_folder_without_a_system(scan, tmp_path, content, unknown):
    (tmp_path / "root").mkdir()
    for name, text in content.items():
        (tmp_path / "root" / name).write_text(text)
    told = scan("--exit-code", "3", f"rootfs:{tmp_path}/root", check=3 if unknown else 0).stdout
    assert "0 packages, 0 findings" in told and ("incomplete: no package of it is known" in told) == unknown


def test_the_table(scan, alpine):
    text = scan(f"oci:{alpine}").stdout
    assert text.startswith(f"oci:{alpine} (Alpine Linux v3.10)\n"
                           "3 packages, 3 findings of 3 vulnerabilities, 3 with a fix: 3 of unknown severity\n")
    assert text.count("severity: no feed gives one") == 1 and "\x1b" not in text
    assert ("What to do, the most urgent first:\n"
            " 1. upgrade libcrypto1.1 to a build of openssl 1.1.1d-r0: fixes 2\n    1.1.1c-r0: CVE-2019-1547, CVE-2019-1563\n"
            " 2. upgrade musl to 1.1.22-r3: fixes 1\n    1.1.22-r2: CVE-2019-14697\n") in text


def test_the_flat_table(scan, alpine):
    """A row for each finding; no severity column, for no feed has any here, and no architecture, for there is one."""
    text = scan("--by", "vulnerability", f"oci:{alpine}").stdout
    row = next(line for line in text.split("\n") if "CVE-2019-14697" in line)
    assert row.split()[:4] == ["CVE-2019-14697", "musl", "1.1.22-r2", "1.1.22-r3"]
    assert "ARCHITECTURE" not in text and "SEVERITY" not in text
    assert "--by" in scan("--by", "layer", f"oci:{alpine}", check=2).stderr


def test_json_says_all(scan, alpine):
    report = json.loads(scan("--format", "json", f"oci:{alpine}").stdout)
    manifest = json.loads((alpine / "index.json").read_text())["manifests"][0]["digest"]
    assert report["digest"] == manifest and report["target"] == f"oci:{alpine}"
    assert report["os"] == {"id": "alpine", "version_id": "3.10.1", "pretty_name": "Alpine Linux v3.10", "end_of_life": "2021-05-01"}
    found = next(each for each in report["findings"] if each["id"] == "CVE-2019-1547")
    layer = json.loads((alpine / "blobs/sha256" / manifest.split(":")[1]).read_text())["layers"][0]["digest"]
    assert (found["layer"], found["location"], found["source_package"], found["installed_version"], found["state"]) == \
        (layer, "lib/apk/db/installed", "openssl", "1.1.1c-r0", "fixed")
    assert "1.1.1d-r0" in found["remedy"]


def test_json_lists_packages(scan, alpine, tmp_path):
    """Where that is asked for; and always the databases that could not be read."""
    report = json.loads(scan("--format", "json", "--list-packages", f"oci:{alpine}").stdout)
    listed = {each["name"]: each for each in report["package_list"]}
    assert len(listed) == report["packages"] == 3 and report["unread"] == []
    assert {key: listed["libcrypto1.1"][key] for key in ("type", "version", "architecture", "source_name", "location")} == \
        {"type": "apk", "version": "1.1.1c-r0", "architecture": "x86_64", "source_name": "openssl", "location": "lib/apk/db/installed"}
    assert listed["musl"]["layer"].startswith("sha256:")
    assert "package_list" not in json.loads(scan("--format", "json", f"oci:{alpine}").stdout)
    table = scan("--list-packages", f"oci:{alpine}").stdout
    assert [line.split() for line in table.split("\n") if line.startswith("libcrypto1.1 ")] == \
        [["libcrypto1.1", "1.1.1c-r0", "apk", "openssl", "OpenSSL", "lib/apk/db/installed"]]
    assert "--list-packages" in scan("--list-packages", "--format", "sarif", f"oci:{alpine}", check=2).stderr
    Layout(tmp_path / "broken").add_image("latest", [{"var/lib/rpm/rpmdb.sqlite": "no database"}])
    assert json.loads(scan("--format", "json", f"oci:{tmp_path}/broken").stdout)["unread"] == ["var/lib/rpm/rpmdb.sqlite"]


def test_sarif(scan, alpine, tmp_path):
    scan("--format", "sarif", "--output", tmp_path / "out.sarif", f"oci:{alpine}")
    log = json.loads((tmp_path / "out.sarif").read_text())
    run = log["runs"][0]
    assert log["version"] == "2.1.0" and {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {id for id, *_ in FOUND}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_output_takes_no_other_place(scan, assay, alpine, alpine_data, tmp_path):
    """A device, a pipe or a link is written into: a rename would put a file in its stead."""
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target"
    os.mkfifo(pipe)
    link.symlink_to(target)
    for run, start in ((lambda path: scan("--output", path, f"oci:{alpine}"), b"oci:"),
                       (lambda path: assay("db", "export", "--data", alpine_data, path), None)):
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
            run(pipe)
            piped = reader.communicate(timeout=60)[0]
        run(link)
        assert pipe.is_fifo() and link.is_symlink()
        assert piped == target.read_bytes() and piped.startswith(start or (alpine_data / "advisories.db").read_bytes())
    assert scan("--output", "/dev/stdout", f"oci:{alpine}").stdout == scan(f"oci:{alpine}").stdout
    assert "directory" in scan("--output", tmp_path, f"oci:{alpine}", check=2).stderr


def test_exit_codes(scan, alpine, tiny):
    assert scan("--exit-code", "7", f"oci:{alpine}", check=7).stdout
    # Alpine 3.10 is past its end of life: what nobody publishes is not found.
    scan("--exit-code", "7", "--severity", "critical", f"oci:{alpine}", check=7)
    scan("--exit-code", "7", "--severity", "critical", "--allow-incomplete", f"oci:{alpine}")
    scan("--exit-code", "7", "--allow-incomplete", f"oci:{tiny}")
    scan("--exit-code", "7", "--allow-incomplete", f"oci:{alpine}", check=7)
    scan("--exit-code", "256", f"oci:{alpine}", check=2)


def test_filters(scan, alpine, tmp_path):
    assert findings(scan("--format", "json", "--severity", "critical", f"oci:{alpine}")) == []
    # What has a fix and no severity counts as high, as under a policy; that is said.
    counted = scan("--format", "json", "--severity", "critical,high", f"oci:{alpine}")
    assert findings(counted) == FOUND and "counted as high" in "".join(json.loads(counted.stdout)["notes"])
    policy = tmp_path / "policy.yaml"
    policy.write_text("policies: [{name: p, namespaces: ['**'], vulnerabilities: {unknown_as: critical}}]\n")
    for severity, shown in (("high", []), ("critical", FOUND)):
        assert findings(scan("--format", "json", "--severity", severity, "--policy", policy, "--repository", "a", f"oci:{alpine}")) == shown
    assert findings(scan("--format", "json", "--severity", "UNKNOWN", f"oci:{alpine}")) == FOUND
    assert findings(scan("--format", "json", "--ignore-unfixed", f"oci:{alpine}")) == FOUND
    assert "not shown (--severity, --ignore-unfixed): 3" in scan("--severity", "critical", f"oci:{alpine}").stdout
    assert "--severity" in scan("--severity", "grave", f"oci:{alpine}", check=2).stderr


POLICY = """policies:
  - name: guarded
    namespaces: ["team/**"]
    vulnerabilities: {block: [high], only_fixed: true}
"""


def test_policy(scan, alpine, tiny, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    refused = scan("--policy", policy, "--repository", "team/app", f"oci:{alpine}", check=1).stdout
    assert f'verdict: refused: policy "guarded" refuses team/app (oci:{alpine})' in refused and "1.1.22-r3" in refused
    # What is filtered from sight is judged all the same.
    hidden = scan("--policy", policy, "--repository", "team/app", "--severity", "critical", f"oci:{alpine}", check=1).stdout
    assert "not shown (--severity, --ignore-unfixed): 3; 3 of them have no severity: policies count those with a fix as high" in hidden
    scan("--policy", policy, "--repository", "team/app", f"oci:{tiny}", check=1)
    policy.write_text(POLICY.replace("vulnerabilities:", "unscanned: allow\n    vulnerabilities:"))
    scan("--policy", policy, "--repository", "team/app", f"oci:{tiny}")
    assert "--repository" in scan("--policy", policy, f"oci:{alpine}", check=2).stderr
    assert "strict" in scan("--policy", "strict", f"oci:{alpine}", check=1).stdout
    policy.write_text("policies: [{name: x, block: true}]")
    assert "policy.yaml" in scan("--policy", policy, f"oci:{alpine}", check=2).stderr


def test_platform_of_an_index(scan, tmp_path):
    layout = images.index_layout(tmp_path / "index")
    for platform in ("linux/arm64", "linux/s390x"):
        report = json.loads(scan("--format", "json", "--platform", platform, f"oci:{layout}").stdout)
        assert report["packages"] == 2
    assert "linux/s390x" in scan("--platform", "linux/mips", f"oci:{layout}", check=2).stderr


def test_a_known_layer_is_not_read_again(scan, alpine):
    assert findings(scan("--format", "json", f"oci:{alpine}")) == FOUND
    manifest = json.loads((alpine / "index.json").read_text())["manifests"][0]["digest"].split(":")[1]
    for layer in json.loads((alpine / "blobs/sha256" / manifest).read_text())["layers"]:
        (alpine / "blobs/sha256" / layer["digest"].split(":")[1]).unlink()
    assert findings(scan("--format", "json", f"oci:{alpine}")) == FOUND
    assert "No such file" in scan("--no-cache", f"oci:{alpine}", check=2).stderr


def test_a_broken_cache_is_made_again(scan, alpine, tmp_path):
    scan(f"oci:{alpine}")
    entries = list((tmp_path / "cache/assay/inventories").glob("*.json"))
    assert entries
    for entry in entries:
        entry.write_text(entry.read_text()[:50])
    assert findings(scan("--format", "json", f"oci:{alpine}")) == FOUND
    assert all(json.loads(entry.read_text()) for entry in entries)


def test_artifact_is_refused_with_a_reason(scan, tmp_path):
    layout = Layout(tmp_path / "chart")
    config = layout.add_blob(b"{}", "application/vnd.cncf.helm.config.v1+json")
    chart = layout.add_blob(b"chart", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    layout.add_manifest({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
                         "layers": [chart]}, "latest")
    assert "helm" in scan(f"oci:{tmp_path / 'chart'}", check=2).stderr


def test_what_containerd_unpacks_is_an_image(scan, tmp_path):
    """The server scans it, and a policy refuses it: whatever its config's type is, its config names layers."""
    layout = Layout(tmp_path / "odd")
    image = json.loads((layout.folder / "blobs/sha256" / layout.add_image(None, [images.alpine_files()])["digest"][7:]).read_text())
    layout.add_manifest({**image, "config": {**image["config"], "mediaType": "application/x-anything"}}, "latest")
    assert findings(scan("--format", "json", f"oci:{layout.folder}")) == FOUND


def breakages(layout):
    """{name: (a function that breaks the layout, what the message says)}."""
    index = json.loads((layout / "index.json").read_text())
    blobs = layout / "blobs/sha256"
    manifest = blobs / index["manifests"][0]["digest"].split(":")[1]
    document = json.loads(manifest.read_text())
    layer = blobs / document["layers"][0]["digest"].split(":")[1]
    config = blobs / document["config"]["digest"].split(":")[1]
    other = tar_of({"etc/os-release": "ID=other\n"})
    return {
        "manifest of other bytes": (lambda: manifest.write_bytes(manifest.read_bytes() + b" "), "holds other bytes"),
        "config of other bytes": (lambda: config.write_bytes(b"{}"), "holds other bytes"),
        "manifest that is missing": (manifest.unlink, "No such file"),
        "layer that is cut": (lambda: layer.write_bytes(layer.read_bytes()[:200]), "layer"),
        "layer with another content": (lambda: layer.write_bytes(gzip.compress(other)), digest_of(other)),
        "layer that is no archive": (lambda: layer.write_bytes(os.urandom(5000)), "layer"),
        "no index": ((layout / "index.json").unlink, "not an OCI image layout"),
        "index that is no JSON": (lambda: (layout / "index.json").write_text("{"), "not an OCI image layout"),
        "layer that is a folder": (lambda: (layer.unlink(), layer.mkdir()), "is no file"),
    }


def test_broken_layout(scan, alpine, tmp_path):
    for name in breakages(alpine):
        broken = shutil.copytree(alpine, tmp_path / name)
        change, message = breakages(broken)[name]
        change()
        assert message in scan(f"oci:{broken}", check=2).stderr, name


@pytest.mark.parametrize("content, message", [
    (b"", "not a tar archive: it is empty"), (b"no tar at all" * 100, "archive"), (gzip.compress(b"no tar at all" * 100), "archive"),
    (tar_of({"manifest.json": "[]"}), "none with a name"), (tar_of({"manifest.json": "{}"}), "none with a name"),
    (tar_of({"manifest.json": '[{"Config": "../../etc/passwd", "Layers": []}]'}), "no name of a file"),
    (tar_of({"manifest.json": '[{"Config": "a", "Layers": []}]', "a": ("link", "/etc/passwd")}), "holds no a"),
    (tar_of({"manifest.json": '[{"Config": "a", "Layers": []}]', "a": ("link", "b"), "b": ("link", "a")}), "holds no a"),
], ids=range(8))
def test_broken_docker_archive(scan, tmp_path, content, message):
    (tmp_path / "image.tar").write_bytes(content)
    assert message in scan(f"docker-archive:{tmp_path}/image.tar", check=2).stderr


def test_truncated_archive(scan, alpine, tmp_path):
    skopeo(f"oci:{alpine}:latest", f"docker-archive:{tmp_path}/docker.tar:a:b")
    whole = (tmp_path / "docker.tar").read_bytes()
    for size in (600, len(whole) // 2, 1536):
        (tmp_path / "cut.tar").write_bytes(whole[:size])
        assert scan(f"docker-archive:{tmp_path}/cut.tar", check=2).stderr


def test_targets_that_are_none(scan, tmp_path):
    assert "docker://" in scan("debian:11", check=2).stderr
    assert "No such file" in scan(f"oci:{tmp_path}/absent", check=2).stderr
    assert scan(f"rootfs:{tmp_path}/absent", check=2).stderr
    assert "TARGET" in scan(check=2).stderr
