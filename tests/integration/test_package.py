"""The Debian package and the container image of the program under test, installed, run, upgraded and purged in roots of their
own. ASSAY_PACKAGE_TEST=whole (`make package-test`) takes a fresh Debian 12 from the mirror for that, with all that apt fetches;
without, the package goes without its dependencies into the root of the tests' image, and the program runs in the container image
alone."""
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

import images
from assay_server import free_port, sanitizer_environment

ROOT = Path(__file__).resolve().parents[2]
WHOLE = os.environ.get("ASSAY_PACKAGE_TEST") == "whole"
SECONDS = 120
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="roots of their own are made by root only")


def run(*command, check=0, **options):
    result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                            stdin=subprocess.DEVNULL, timeout=900, **options)
    assert check is None or result.returncode == check, f"{command}: {result.returncode}\n{result.stdout[-6000:]}"
    return result.stdout


@contextlib.contextmanager
def serving(root, user, environment, folder):
    """A server of the root's program, with /proc and /dev as a runtime mounts them; its address."""
    port = free_port()
    for name in ("proc", "dev"):
        (root / name).mkdir(exist_ok=True)
    mounts = f"mount --rbind /proc {root}/proc && mount --rbind /dev {root}/dev"
    script = f"{mounts} && exec /usr/sbin/chroot --userspec={user} {root} /usr/bin/assay serve --listen 127.0.0.1:{port}"
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").status == 200:
                    break
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(timeout=SECONDS) == 0, (folder / "log").read_text()


def packages_of_push(address, source, name):
    """Pushes an image, which a worker inspects in its cage, where the server runs; the names of its packages."""
    run("skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", source, f"docker://{address}/test/{name}:1")
    deadline = time.monotonic() + SECONDS
    while True:
        image = json.load(urllib.request.urlopen(f"http://{address}/api/v1/repositories/test/{name}/images?limit=1"))["images"][0]
        if image["scan"]["state"] not in ("pending", "none"):
            break
        assert time.monotonic() < deadline, image
        time.sleep(0.1)
    assert image["scan"]["state"] == "done", image
    listed = json.load(urllib.request.urlopen(f"http://{address}/api/v1/images/{image['digest']}/packages?limit=1000"))
    return {each["name"] for each in listed["packages"]}


# --- the Debian package ---

@pytest.fixture(scope="module")
def package(program, tmp_path_factory):
    build = program.parents[2]
    if not (build / "build.ninja").is_file():
        pytest.skip(f"{program} is in no build folder")
    return Path(run(ROOT / "scripts/deb", build, tmp_path_factory.mktemp("deb")).split()[-1])


def test_package_is_whole(package):
    fields = dict(line.split(": ", 1) for line in run("dpkg-deb", "--field", package).split("\n") if re.match(r"[A-Z][\w-]+: ", line))
    assert fields["Package"] == "assay" and re.fullmatch(r"[0-9][0-9.]*", fields["Version"])
    depends = re.findall(r"(?:^|, )([\w.+-]+)", fields["Depends"])
    # Linked, loaded when it is first used, and asked by the maintainer scripts.
    assert {"libmicrohttpd12", "libgnutls30", "libcurl3-gnutls", "libldap-2.5-0", "libssl3", "adduser", "ca-certificates"} <= set(depends)
    assert {"sqlite3", "libarchive", "expat", "glib2.0", "pcre2", "zlib"} <= set(re.findall(r"(?:^|, )([\w.+-]+) \(= [^)]+\)", fields["Built-Using"]))
    modes = {}
    for line in run("dpkg-deb", "--contents", package).split("\n"):
        words = line.split()
        if words:
            assert words[1] == "root/root", line
            modes[words[5]] = words[0]
    for path, mode in {"./usr/bin/assay": "-rwxr-xr-x", "./etc/assay/assay.yaml": "-rw-r--r--",
                       "./lib/systemd/system/assay.service": "-rw-r--r--", "./usr/share/man/man1/assay.1.gz": "-rw-r--r--",
                       "./usr/share/man/man5/assay.yaml.5.gz": "-rw-r--r--",
                       "./usr/share/doc/assay/examples/nginx.conf": "-rw-r--r--",
                       "./usr/share/bash-completion/completions/assay": "-rw-r--r--"}.items():
        assert modes.get(path) == mode, path
    assert not [path for path in modes if path.startswith("./usr/local")]


def test_unit_of_the_package_is_for_its_program(package, tmp_path):
    run("dpkg-deb", "--extract", package, tmp_path)
    unit = (tmp_path / "lib/systemd/system/assay.service").read_text()
    assert set(re.findall(r"^Exec\w+=(\S+)", unit, re.MULTILINE)) == {"/usr/bin/assay", "/bin/kill"}


@pytest.fixture
def debian(tmp_path):
    """A root of Debian 12, to be changed."""
    root = tmp_path / "root"
    if WHOLE:
        # Settings of this machine's apt (proxies) stay in the root, whose apt fetches the dependencies.
        run("mmdebstrap", "--variant=minbase", *[f"--aptopt={line}" for line in images.debian_image.apt_settings()], "bookworm", root,
            images.debian_image.mirrors()[0])
    else:
        run("cp", "-a", images.debian_rootfs("bookworm", "upgraded"), root)
    return root


def in_root(root, *command, **options):
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    return run("chroot", root, *command, env=environment, **options)


def install(root, package, name):
    shutil.copy(package, root / "tmp" / name)
    (root / "tmp" / name).chmod(0o644)
    if WHOLE:
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        in_root(root, "apt-get", "update", "--quiet")
        in_root(root, "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", f"/tmp/{name}")
    else:
        in_root(root, "dpkg", "--force-depends", "--install", f"/tmp/{name}")


def newer(package, folder):
    """The same package with a higher version."""
    run("dpkg-deb", "--raw-extract", package, folder)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+next", control.read_text(), flags=re.MULTILINE))
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, folder.with_suffix(".deb"))
    return folder.with_suffix(".deb")


def state_of(root):
    return in_root(root, "dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Version}", "assay", check=None)


def test_package_is_installed_upgraded_and_purged(package, debian, tmp_path):
    install(debian, package, "one.deb")
    assert state_of(debian).startswith("installed ")
    account = next(line.split(":") for line in (debian / "etc/passwd").read_text().split("\n") if line.startswith("assay:"))
    data, settings = debian / "var/lib/assay", debian / "etc/assay/assay.yaml"
    assert account[5:] == ["/var/lib/assay", "/usr/sbin/nologin"]
    assert (data.stat().st_uid, data.stat().st_mode & 0o777) == (int(account[2]), 0o750)
    if WHOLE:
        assert in_root(debian, "assay", "--version").startswith("assay ")
        settings.write_text("access: {mode: open}\n")
        with serving(debian, "assay:assay", {"PATH": "/usr/bin:/bin", "ASSAY_DATA": "/var/lib/assay"}, tmp_path) as address:
            layout = images.tiny_layout(tmp_path / "layout")
            assert packages_of_push(address, f"oci:{layout}:latest", "tiny") == {"libssl3", "zlib1g"}
    # What an administrator wrote stays at an upgrade, and so do images.
    settings.write_text("feed_interval: 0\n")
    blob = data / "blobs/sha256/kept"
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_text("kept")
    install(debian, newer(package, tmp_path / "next"), "two.deb")
    assert state_of(debian).startswith("installed ") and state_of(debian).endswith("+next")
    assert settings.read_text() == "feed_interval: 0\n" and blob.read_text() == "kept"
    in_root(debian, "dpkg", "--remove", "assay")
    assert not (debian / "usr/bin/assay").exists() and settings.exists() and blob.exists()
    told = in_root(debian, "dpkg", "--purge", "assay")
    assert not settings.parent.exists() and blob.exists() and "holds images and is kept" in told
    # Without images, nothing is left but the account.
    install(debian, package, "one.deb")
    shutil.rmtree(data / "blobs")
    in_root(debian, "dpkg", "--purge", "assay")
    assert not data.exists() and not settings.parent.exists()


@pytest.mark.skipif(shutil.which("lintian") is None, reason="lintian is not installed")
def test_lintian(package):
    """What it says of the maintainer's address and of archives is not for a package that no archive carries."""
    ignored = "bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs,embedded-library"
    told = run("lintian", "--allow-root", "--fail-on", "none", "--suppress-tags", ignored, package)
    assert not re.search(r"^[EW]: ", told, re.MULTILINE), told


# --- the container image ---

@pytest.fixture(scope="module")
def image(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("image") / "assay"
    told = run(ROOT / "scripts/image", program, folder)
    assert re.search(r"^Its \d+ libraries are this machine's \(\w.*\), the newest of \d{4}-\d\d-\d\d: ", told, re.MULTILINE), told
    assert f"assay scan oci:{folder}:latest" in told and f"skopeo copy oci:{folder}:latest " in told
    return folder, float(re.search(r"([0-9.]+) MB packed, [0-9.]+ MB unpacked", told).group(1))


def test_image_is_small_and_says_how_it_runs(image):
    folder, megabytes = image
    config = json.loads(run("skopeo", "inspect", "--config", f"oci:{folder}:latest"))["config"]
    assert config["Entrypoint"] == ["/usr/bin/assay"] and config["Cmd"] == ["serve"]
    assert int(config["User"].split(":")[0]) > 0 and config["Env"] == ["PATH=/usr/bin", "ASSAY_DATA=/var/lib/assay"]
    # The program of the tests brings sanitizers along.
    assert megabytes < (25 if WHOLE else 60)


def test_image_is_made_the_same_again(image, program, tmp_path):
    run(ROOT / "scripts/image", program, tmp_path / "again")
    digests = [hashlib.sha256((folder / "index.json").read_bytes()).hexdigest() for folder in (image[0], tmp_path / "again")]
    assert digests[0] == digests[1]


def test_image_leaves_other_folders_alone(program, tmp_path):
    (tmp_path / "thesis").write_text("one")
    told = run(ROOT / "scripts/image", program, tmp_path, check=1)
    assert "is no image layout" in told and (tmp_path / "thesis").read_text() == "one"


def test_image_runs(image, tmp_path):
    run("umoci", "unpack", "--image", f"{image[0]}:latest", tmp_path / "bundle")
    root = tmp_path / "bundle/rootfs"
    assert not (root / "bin/sh").exists() and not (root / "usr/bin/sh").exists()
    config = json.loads((tmp_path / "bundle/config.json").read_text())["process"]
    environment = {**dict(each.split("=", 1) for each in config["env"]), **sanitizer_environment(tmp_path / "sanitizer")}
    user = f"{config['user']['uid']}:{config['user']['gid']}"
    (root / "etc/assay").mkdir(parents=True, exist_ok=True)
    (root / "etc/assay/assay.yaml").write_text("access: {mode: open}\n")
    environment["ASSAY_CONFIG"] = "/etc/assay/assay.yaml"
    with serving(root, user, environment, tmp_path) as address:
        # Its own image says what it is made of.
        names = packages_of_push(address, f"oci:{image[0]}:latest", "assay")
    assert {"libc6", "libmicrohttpd12", "libgnutls30", "libcurl3-gnutls", "libldap-2.5-0", "libssl3", "libsqlite3-dev", "libarchive-dev",
            "libglib2.0-dev", "gpgv"} <= names
    assert (root / "var/lib/assay/metadata.db").stat().st_uid == config["user"]["uid"]
