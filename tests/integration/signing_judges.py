"""Programs that make and check signatures, from newer releases of Debian: skopeo and cosign 2 of trixie, cosign 3 and notation of sid. They are
unpacked with the libraries that they are linked with, and not installed: Debian 12's skopeo and podman can do neither."""
import hashlib
import os
import subprocess
from pathlib import Path

import pytest

import debian_image
from images import cached

# By the name that tests call it: the suite, the package, the program.
TOOLS = {"skopeo": ("trixie", "skopeo", "usr/bin/skopeo"), "cosign2": ("trixie", "cosign", "usr/bin/cosign"),
         "cosign3": ("sid", "cosign", "usr/bin/cosign"), "notation": ("sid", "notation", "usr/bin/notation")}
LOADER = "lib64/ld-linux-x86-64.so.2"


def apt(folder, suite):
    """apt-get with a state of its own, which knows this suite alone, and nothing that is installed."""
    archive, _ = debian_image.mirrors()
    for part in ("lists/partial", "archives/partial", "etc"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "etc/sources.list").write_text(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {archive} {suite} main\n")
    (folder / "status").touch()
    settings = {"Dir::State::Lists": folder / "lists", "Dir::Cache": folder, "Dir::Cache::Archives": folder / "archives",
                "Dir::State::status": folder / "status", "Dir::Etc::SourceList": folder / "etc/sources.list", "Dir::Etc::SourceParts": "/dev/null",
                "Dir::Etc::Preferences": "/dev/null", "Dir::Etc::PreferencesParts": "/dev/null", "APT::Sandbox::User": "root",
                "APT::Install-Recommends": "false", "Acquire::Languages": "none", "Acquire::Check-Valid-Until": "false"}
    return ["apt-get", "-qq", *[f"-o{key}={value}" for key, value in settings.items()]]


def unpack(suite, packages):
    def build(folder):
        work = folder / "apt"
        command = apt(work, suite)
        subprocess.run([*command, "update"], check=True, capture_output=True)
        # As far as the mirror has them.
        for name in packages:
            done = subprocess.run([*command, "--yes", "--download-only", "--no-install-recommends", "install", name],
                                  capture_output=True, text=True, check=False)
            (folder / f"{name}.log").write_text(done.stdout + done.stderr)
        for deb in (work / "archives").glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", deb, folder / "root"], check=True)
        subprocess.run(["rm", "-rf", work], check=True)
    return build


def root_of(suite):
    packages = sorted({package for its, package, _ in TOOLS.values() if its == suite})
    script = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    try:
        return cached(f"signing-{suite}-{script}", unpack(suite, packages)) / "root"
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the mirror does not have {suite}: {error.stderr[-300:]}")


def tool(name, home):
    """tool("cosign3", folder): run(*arguments, check=True, env={}, **options), which gives what subprocess.run() does; skips where the program
    is not to be had."""
    suite, package, path = TOOLS[name]
    root = root_of(suite)
    program, loader = root / path, root / LOADER
    if not program.is_file():
        pytest.skip(f"the mirror's {suite} has no {package}")
    loader = loader if loader.exists() else root / "usr" / LOADER
    libraries = ":".join(str(root / place) for place in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"))
    start = [loader, "--library-path", libraries, program] if loader.exists() else [program]

    def run(*arguments, check=True, env=None, **options):
        done = subprocess.run([*start, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120,
                              env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_RUNTIME_DIR": str(home), **(env or {})},
                              **options)
        if "error while loading shared libraries" in done.stderr:
            pytest.skip(f"{name}: {done.stderr}")
        assert not check or done.returncode == 0, (name, arguments, done.stdout, done.stderr)
        return done
    return run
