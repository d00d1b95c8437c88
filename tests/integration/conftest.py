"""What the integration tests share: the program, servers that are checked when they stop, and images.

A sanitizer report of any process under test fails the test that caused it, wherever the process wrote."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import requests

import engines
import gate
import images
import judges
from assay_server import Server, find_program, free_port, run_assay, sanitizer_reports
from repository import Repository

# What this machine has in /etc/assay is not what is tested.
os.environ["ASSAY_CONFIG"] = "/dev/null"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if outcome.get_result().failed:
        item.kept_for_a_person = True


@pytest.fixture
def tmp_path(request, tmp_path_factory):
    """Like pytest's own, and gone after a test that passed: what the whole suite makes would fill a disk."""
    folder = tmp_path_factory.mktemp(re.sub(r"\W", "_", request.node.name)[:30])
    yield folder
    if not hasattr(request.node, "kept_for_a_person"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def program():
    """The path of the program under test."""
    return find_program()


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """Programs of services that say what settings mean; see judges.py."""
    return judges.judge_in(tmp_path_factory.mktemp("judges"))


@pytest.fixture
def program_of_all(program):
    """The same where other users may run it: a checkout below /root is root's alone."""
    with tempfile.TemporaryDirectory(prefix="assay-program-") as folder:
        Path(folder).chmod(0o755)
        yield shutil.copy(program, folder)


@pytest.fixture
def assay(program, tmp_path):
    """assay("scan", "oci:...", check=0): runs a command; see run_assay()."""
    prefix = tmp_path / "sanitizer-of-commands"

    def run(*arguments, **options):
        # Inventories that another build left in the user's cache are not what is tested.
        cache = os.environ.get("XDG_CACHE_HOME", str(tmp_path / "cache-of-commands"))
        options["env"] = {"XDG_CACHE_HOME": cache, **options.get("env", {})}
        return run_assay(program, *arguments, log_prefix=prefix, **options)
    yield run
    reports = sanitizer_reports(prefix)
    assert not reports, reports


@pytest.fixture
def start_server(program, tmp_path):
    """start_server(policy=..., config=..., name="a") starts a server; all are stopped and checked at the end. probe: the path that
    answers 200 when it is up."""
    servers = []

    def start(name=None, prepare=None, probe="/readyz", **options):
        server = Server(program, tmp_path / (name or f"server{len(servers)}"), **options)
        if prepare is not None:
            prepare(server)
        servers.append(server)
        return server.start(probe=probe)
    yield start
    problems = []
    for server in servers:
        try:
            server.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture
def server(start_server):
    """One server on defaults (loopback, plain HTTP, no feeds), with an empty data folder."""
    return start_server()


@pytest.fixture(scope="module")
def module_server(program, tmp_path_factory):
    """Like `server`, but shared by a module whose tests keep to their own repositories."""
    server = Server(program, tmp_path_factory.mktemp("module-server"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def repository(module_server, request):
    """A repository of the module's server that no other test uses, empty."""
    return Repository(module_server, "of/" + re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:200].strip("-"))


@pytest.fixture(scope="session")
def bullseye():
    """A layout of Debian 11 with the tags "vulnerable" and "upgraded"."""
    return images.debian_layout("bullseye")


@pytest.fixture(scope="session")
def bookworm():
    """A layout of Debian 12 with the tags "vulnerable" and "upgraded"."""
    return images.debian_layout("bookworm")


@pytest.fixture(scope="session")
def security_data(program, tmp_path_factory):
    """security_data(suite): a data folder with the advisories of a security suite, from the mirror, for the sources of
    the suite's image. Made once; to be read, or copied."""
    made = {}

    def make(suite):
        if suite not in made:
            folder = tmp_path_factory.mktemp(suite)
            sources = images.debian_image.source_packages(images.debian_layout(suite))
            subprocess.run([program, "db", "import", "--data", folder, "--type", "debian-repo", "--url",
                            images.debian_image.mirrors()[1], "--suite", f"{suite}-security", "--sources", ",".join(sources)],
                           check=True, stdout=subprocess.DEVNULL)
            made[suite] = folder
        return made[suite]
    return make


@pytest.fixture(scope="module")
def running():
    """The engines of docker and containerd, where they can run."""
    reason = engines.why_not()
    if reason:
        pytest.skip(reason)
    engine = engines.Engines()
    yield engine
    engine.stop()


@pytest.fixture
def skopeo(command):
    """skopeo("copy", source, target, ...): plain HTTP is fine."""
    def run(action, *arguments, **options):
        tls = {"copy": ["--src-tls-verify=false", "--dest-tls-verify=false"]}.get(action, ["--tls-verify=false"])
        return command("skopeo", "--insecure-policy", action, *tls, *arguments, **options)
    return run


@pytest.fixture
def push(skopeo):
    """push(server, layout, tag, repository, as_tag): the image behind the tag, or all images of an index. The digest there."""
    def run(server, layout, tag, repository, as_tag=None):
        skopeo("copy", "--quiet", "--all", f"oci:{layout}:{tag}", f"docker://{server.address}/{repository}:{as_tag or tag}")
        return gate.digest_at(server, repository, as_tag or tag)
    return run


def root_is_mounted():
    """In a plain chroot the root is a folder of some file system, not where one is mounted."""
    return any(line.split()[4] == "/" for line in Path("/proc/self/mountinfo").read_text().splitlines())


@pytest.fixture
def podman(command):
    """podman("pull", ...) or buildah, with a storage of this test alone (podman wants short paths)."""
    if not root_is_mounted():
        pytest.skip("podman and buildah unpack layers only where / is a mount point (they remount it); this is a chroot whose root is "
                    "none: `mount --bind DIR DIR` before `chroot DIR` makes it one")
    folder = Path(tempfile.mkdtemp(prefix="assay-"))

    def run(*arguments, program="podman", **options):
        storage = ["--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs"]
        if program == "podman":
            storage += ["--tmpdir", folder / "tmp", "--events-backend", "none"]
        return command(program, *storage, *arguments, **options)
    yield run
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=False)


@pytest.fixture
def tiny(tmp_path):
    """A small layout, tag "latest"."""
    return images.tiny_layout(tmp_path / "tiny")


@pytest.fixture
def command(tmp_path):
    """command("skopeo", ...): runs a client with HOME in the test's folder; fails with its output."""
    def run(*arguments, check=0, timeout=300, **options):
        result = subprocess.run(list(map(str, arguments)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, errors="replace", timeout=timeout, **options)
        if check is not None:
            assert result.returncode == check, \
                f"{' '.join(map(str, arguments))}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result
    return run


@pytest.fixture
def alpine_data(assay, tmp_path):
    """A data folder with the advisories of images.ALPINE_SECDB."""
    secdb = tmp_path / "secdb.json"
    secdb.write_text(json.dumps(images.ALPINE_SECDB))
    assay("db", "import", "--data", tmp_path / "data", "--type", "alpine-secdb", secdb)
    return tmp_path / "data"


@pytest.fixture
def scan(assay, alpine_data, monkeypatch, tmp_path):
    """scan(target, ...): the command on that data, with a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lambda *arguments, **options: assay("scan", "--data", alpine_data, *arguments, **options)


@pytest.fixture
def other_registry(tmp_path):
    """The address of Debian's docker-registry."""
    if shutil.which("docker-registry") is None:
        pytest.skip("Debian's docker-registry is not installed")
    port, config = free_port(), tmp_path / "registry.yml"
    config.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/blobs}}}}\n"
                      f"http: {{addr: '127.0.0.1:{port}'}}\n")
    with subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(200):
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:{port}/v2/", timeout=5)
                break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
        process.terminate()
