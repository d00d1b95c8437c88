"""assay scan on targets that are guessed, packed in other ways, hostile or not to be read; its cache, terminal and signals."""
import ctypes
import gzip
import hashlib
import io
import json
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import tarfile

import pytest

import images
from assay_server import findings_of as findings
from images import ALPINE_FOUND as FOUND
from oci_layout import INDEX, tar_of


@pytest.fixture
def alpine(tmp_path):
    return images.alpine_layout(tmp_path / "alpine")


def skopeo(*arguments):
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", *map(str, arguments)], check=True)


def layers_of(layout):
    """[the bytes of each unpacked layer], and the bytes of the config."""
    blobs = layout / "blobs/sha256"
    manifest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"].split(":")[1]
    document = json.loads((blobs / manifest).read_text())
    return ([gzip.decompress((blobs / layer["digest"].split(":")[1]).read_bytes()) for layer in document["layers"]],
            (blobs / document["config"]["digest"].split(":")[1]).read_bytes())


def unpack(layout, folder):
    for layer in layers_of(layout)[0]:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            tar.extractall(folder)
    return folder


def docker_archive(path, images_of, **more):
    """An archive as docker save writes it: {tag: (config, [layer, ...])}; a layer may be a link's target."""
    files, manifest = {}, []
    for number, (tag, (config, layers)) in enumerate(images_of.items()):
        names = [f"{number}-{index}/layer.tar" for index in range(len(layers))]
        files |= dict(zip(names, layers)) | {f"{number}.json": config}
        manifest.append({"Config": f"{number}.json", "RepoTags": [tag], "Layers": names})
    path.write_bytes(tar_of(files | more | {"manifest.json": json.dumps(manifest)}))
    return path


# --- what a target without a transport is ---

def test_targets_are_guessed(scan, alpine, tmp_path, monkeypatch):
    skopeo(f"oci:{alpine}:latest", f"oci-archive:{tmp_path}/oci.tar:latest")
    skopeo(f"oci:{alpine}:latest", f"docker-archive:{tmp_path}/docker.tar:team/app:v1")
    skopeo(f"oci:{alpine}:latest", f"dir:{tmp_path}/dir")
    unpack(alpine, tmp_path / "root")
    monkeypatch.chdir(tmp_path)
    for target, taken_as in {
            "alpine": "oci:alpine", "./alpine:latest": "oci:./alpine:latest", f"{alpine}": f"oci:{alpine}",
            "oci.tar": "oci-archive:oci.tar", "docker.tar": "docker-archive:docker.tar",
            "docker.tar:team/app:v1": "docker-archive:docker.tar:team/app:v1", "dir": "dir:dir",
            "root/": "rootfs:root/"}.items():
        result = scan("--format", "json", target)
        assert findings(result) == FOUND and json.loads(result.stdout)["target"] == taken_as, target


def test_targets_that_cannot_be_guessed(scan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("no archive")
    (tmp_path / "some.tar").write_bytes(tar_of({"file": "x"}))
    for target, message in {
            "debian:11": "docker://docker.io/library/debian:11", "team/app": "docker://docker.io/team/app",
            "./absent": "no such file", "/absent:tag": "no such file", "empty": "rootfs:empty", "text": "archive",
            "some.tar": "not of an image", "Un/Known": "docker://HOST/REPOSITORY:TAG", "": "rootfs:DIR",
            "nope.tar": "nope.tar: no such file or folder", "debian:12": "debian:12: no such file or folder",
            "nope.tgz:v1": "no such file", "team/nope.tar.zst": "a target is a file or folder",
            "docker-daemon:app:v1": "docker save", "containers-storage:localhost/app": "podman save",
            "127.0.0.1:1/Team/app:v1": "repository name is not valid", "127.0.0.1:1/team/app:v1": "127.0.0.1:1"}.items():
        assert message in scan(target, check=2).stderr, target


# --- archives in the forms that tools write them ---

def test_docker_archives(scan, alpine, tmp_path):
    layers, config = layers_of(alpine)
    other = tar_of({"etc/os-release": "ID=other\n"})
    empty = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(other).hexdigest()}"]}})
    both = {"team/app:v1": (config, layers), "team/other:v2": (empty, [other])}
    path = docker_archive(tmp_path / "two.tar", both)
    assert findings(scan("--format", "json", f"docker-archive:{path}:team/app:v1")) == FOUND
    assert findings(scan("--format", "json", f"docker-archive:{path}:team/other:v2")) == []
    message = scan(f"docker-archive:{path}", check=2).stderr
    assert "team/app:v1, team/other:v2" in message and "team/app" in scan(f"docker-archive:{path}:no/ne", check=2).stderr

    # crane and kaniko pack the layers; old versions of docker link those that are the same.
    packed = docker_archive(tmp_path / "packed.tar", {"a:b": (config, [gzip.compress(layer) for layer in layers])})
    assert findings(scan("--no-cache", "--format", "json", f"docker-archive:{packed}")) == FOUND
    linked = {f"shared/{index}.tar": layer for index, layer in enumerate(layers)}
    links = [("link", f"../shared/{index}.tar") for index in range(len(layers))]
    assert findings(scan("--no-cache", "--format", "json", "docker-archive:" + str(
        docker_archive(tmp_path / "linked.tar", {"a:b": (config, links)}, **linked)))) == FOUND
    for name, target in {"out": "../../../../etc/passwd", "loop": "layer.tar", "gone": "nothing"}.items():
        broken = docker_archive(tmp_path / f"{name}.tar", {"a:b": (config, [("link", target)] * len(layers))})
        assert "holds no" in scan("--no-cache", f"docker-archive:{broken}", check=2).stderr, name


def test_packed_oci_archive(scan, alpine, tmp_path):
    skopeo(f"oci:{alpine}:latest", f"oci-archive:{tmp_path}/oci.tar:latest")
    for program, name in {"gzip": "oci.tar.gz", "zstd": "oci.tar.zst"}.items():
        subprocess.run(f"{program} -c {tmp_path}/oci.tar > {tmp_path}/{name}", shell=True, check=True)
        assert findings(scan("--no-cache", "--format", "json", f"oci-archive:{tmp_path}/{name}")) == FOUND


def test_platform_of_a_lone_image(scan, alpine):
    assert findings(scan("--format", "json", "--platform", "linux/amd64", f"oci:{alpine}")) == FOUND
    assert "linux/amd64" in scan("--platform", "linux/arm64", f"oci:{alpine}", check=2).stderr


# --- hostile folders ---

def entries(count):
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": f"sha256:{number:064x}", "size": 1}
        for number in range(count)]})


HOSTILE = {
    "a link to a file of the machine": (lambda path: path.symlink_to("/etc/passwd"), "leads out of the folder"),
    "a link upwards": (lambda path: path.symlink_to("../../../../../../../etc/passwd"), "leads out of the folder"),
    "a link to itself": (lambda path: path.symlink_to("index.json"), "index.json"),
    "a fifo": (os.mkfifo, "is no file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "leads out of the folder"),
    "a million entries": (lambda path: path.write_text(entries(1000000)), "at most"),
    "many entries": (lambda path: path.write_text(entries(9000)), "and 8980 more"),
    "a digest that leads upwards": (lambda path: path.write_text(entries(1).replace("0" * 64, "../" * 8 + "etc/passwd")),
                                    "digest"),
    "a digest of another kind": (lambda path: path.write_text(entries(1).replace("sha256:", "md5:")), "digest"),
    "deep JSON": (lambda path: path.write_text("[" * 100000), "JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_index(scan, alpine, name):
    change, message = HOSTILE[name]
    (alpine / "index.json").unlink()
    change(alpine / "index.json")
    result = scan(f"oci:{alpine}", check=2)
    assert message in result.stderr and len(result.stderr) < 4000 and "root:" not in result.stderr


def test_hostile_dir(scan, tmp_path):
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/manifest.json").symlink_to("/etc/passwd")
    assert "leads out" in scan(f"dir:{tmp_path}/dir", check=2).stderr


def test_blobs_may_be_links(scan, alpine, tmp_path):
    """Build tools make farms of links; a digest tells whether what they lead to is right."""
    shutil.move(alpine / "blobs/sha256", tmp_path / "elsewhere")
    (alpine / "blobs/sha256").mkdir()
    for blob in (tmp_path / "elsewhere").iterdir():
        (alpine / "blobs/sha256" / blob.name).symlink_to(blob)
    assert findings(scan("--no-cache", "--format", "json", f"oci:{alpine}")) == FOUND
    for blob in (alpine / "blobs/sha256").iterdir():
        target = blob.readlink()
        blob.unlink()
        blob.symlink_to("/etc/passwd")
        message = scan("--no-cache", f"oci:{alpine}", check=2).stderr
        assert message and "root:" not in message
        blob.unlink()
        blob.symlink_to(target)


@pytest.fixture
def powerless(program, alpine_data, tmp_path):
    """A scan that must keep to the modes of files, also when the tests run as root."""
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if os.geteuid() == 0 else []

    def run(*arguments, check=0, **environment):
        result = subprocess.run([*drop, program, "scan", "--data", alpine_data, *map(str, arguments)], text=True,
                                capture_output=True, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), **environment})
        assert result.returncode == check, result.stderr
        return result
    return run


def test_root_folder_with_what_cannot_be_read(powerless, alpine, tmp_path):
    root = unpack(alpine, tmp_path / "root")
    assert findings(powerless("--format", "json", f"rootfs:{root}")) == FOUND
    (root / "lib/apk/db").chmod(0)
    assert "Permission denied" in powerless(f"rootfs:{root}", check=2).stderr
    (root / "lib/apk/db").chmod(0o755)
    (root / "lib/apk/db/installed").unlink()
    os.mkfifo(root / "lib/apk/db/installed")
    assert json.loads(powerless("--format", "json", f"rootfs:{root}").stdout)["packages"] == 0
    (root / "lib/apk/db/installed").unlink()
    (root / "lib/apk/db/installed").symlink_to("/dev/zero")
    assert json.loads(powerless("--format", "json", f"rootfs:{root}").stdout)["packages"] == 0


def opened(folder, action):
    """The names of what action() opened in a folder, looking up not counted."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert watch >= 0 and libc.inotify_add_watch(watch, os.fsencode(folder), 0x20) >= 0  # IN_OPEN
    action()
    with open(watch, "rb", buffering=0) as file:
        events, names = file.read(65536) or b"", set()
    while events:
        size = struct.unpack_from("I", events, 12)[0]
        names.add(events[16:16 + size].rstrip(b"\0").decode())
        events = events[16 + size:]
    return names


def test_only_files_are_opened(scan, alpine, tmp_path):
    """To open a device may do something, so it is looked at before."""
    root = unpack(alpine, tmp_path / "root")
    installed, index = root / "lib/apk/db/installed", alpine / "index.json"
    assert opened(installed.parent, lambda: scan(f"rootfs:{root}")) >= {"installed"}
    installed.unlink()
    os.mkfifo(installed)
    assert "installed" not in opened(installed.parent, lambda: scan(f"rootfs:{root}"))
    for file in (index, *(alpine / "blobs/sha256").iterdir()):
        content = file.read_bytes()
        file.unlink()
        os.mkfifo(file)
        assert file.name not in opened(file.parent, lambda: scan("--no-cache", f"oci:{alpine}", check=2))
        file.unlink()
        file.write_bytes(content)


def test_many_large_files(scan, tmp_path):
    """They are holes, which cost whoever made them nothing."""
    folder = tmp_path / "root/var/lib/dpkg/status.d"
    folder.mkdir(parents=True)
    for number in range(3):
        with open(folder / f"p{number}", "wb") as file:
            file.truncate(200 << 20)
    (tmp_path / "assay.yaml").write_text("limits:\n  worker_memory_bytes: 300MiB\n")
    limited = scan("--config", tmp_path / "assay.yaml", f"rootfs:{tmp_path}/root", check=2)
    assert "limits.worker_memory_bytes" in limited.stderr


# --- the cache ---

def test_home_that_cannot_be_written(powerless, alpine, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o555)
    for _ in range(2):
        assert findings(powerless("--format", "json", f"oci:{alpine}")) == FOUND
    assert not list((tmp_path / "cache").iterdir())
    assert findings(powerless("--format", "json", f"oci:{alpine}", XDG_CACHE_HOME="/dev/null/cache")) == FOUND


def test_an_entry_of_another_layer_is_not_taken(scan, alpine, tiny, tmp_path):
    scan(f"oci:{tiny}")
    other = next((tmp_path / "cache/assay/inventories").glob("*.json"))
    scan(f"oci:{alpine}")
    for entry in (tmp_path / "cache/assay/inventories").glob("*.json"):
        if entry != other:
            shutil.copy(other, entry)
    assert findings(scan("--format", "json", f"oci:{alpine}")) == FOUND


def test_a_cache_that_others_can_write_is_not_used(scan, alpine, tmp_path):
    scan(f"oci:{alpine}")
    folder = tmp_path / "cache/assay/inventories"
    for entry in folder.glob("*.json"):
        forged = json.loads(entry.read_text())
        forged["packages"] = []
        entry.write_text(json.dumps(forged))
    assert findings(scan("--format", "json", f"oci:{alpine}")) == [], "the cache is not used at all"
    folder.chmod(0o777)
    assert findings(scan("--format", "json", f"oci:{alpine}")) == FOUND


def test_scans_at_once_share_a_cache(program, alpine_data, alpine, tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for _ in range(3):
        running = [subprocess.Popen([program, "scan", "--data", alpine_data, "--format", "json", f"oci:{alpine}"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
                   for _ in range(4)]
        for process in running:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0 and len(json.loads(out)["findings"]) == len(FOUND), err
        shutil.rmtree(tmp_path / "cache")


# --- the terminal, output and signals ---

def on_a_terminal(program, arguments, **environment):
    """What a command writes to standard output when that is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([program, *map(str, arguments)], stdout=theirs, stderr=subprocess.DEVNULL,
                               env={**os.environ, "TERM": "xterm", **environment})
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError:  # the end of a terminal
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return text.decode()


def test_colours_are_for_terminals(program, alpine_data, alpine, tmp_path):
    command = ["scan", "--data", alpine_data, f"oci:{alpine}"]
    cache = str(tmp_path / "cache")
    assert "\x1b[" in on_a_terminal(program, command, XDG_CACHE_HOME=cache)
    assert "\x1b[" not in on_a_terminal(program, command, XDG_CACHE_HOME=cache, NO_COLOR="1")
    assert "\x1b[" not in on_a_terminal(program, command, XDG_CACHE_HOME=cache, TERM="dumb")


def test_output(scan, alpine, tmp_path):
    assert "CVE-2019-14697" in scan("--output", "-", f"oci:{alpine}").stdout
    scan("--output", tmp_path / "report", f"oci:{alpine}")
    assert "CVE-2019-14697" in (tmp_path / "report").read_text()
    assert "absent" in scan("--output", tmp_path / "absent/report", f"oci:{alpine}", check=2).stderr
    assert "standard output" in scan(f"oci:{alpine}", check=2, preexec_fn=lambda: os.dup2(
        os.open("/dev/full", os.O_WRONLY), 1)).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(program, alpine_data, tmp_path, number):
    """The registry never answers; what the scan has made until then is gone with it."""
    (tmp_path / "temporary").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = subprocess.Popen([program, "scan", "--data", alpine_data, f"docker://127.0.0.1:{silent.getsockname()[1]}/a:b"],
                                   env={**os.environ, "TMPDIR": str(tmp_path / "temporary"),
                                        "XDG_CACHE_HOME": str(tmp_path / "cache")}, stderr=subprocess.DEVNULL,
                                   # A shell lets what it runs in the background ignore SIGINT.
                                   preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        silent.accept()[0].recv(100)
        process.send_signal(number)
        assert process.wait(timeout=60) == -number
    assert not list((tmp_path / "temporary").iterdir())
