"""Packages that the tools of languages install themselves are found in an image, and nothing else."""
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from oci_layout import Layout

# Of a package manager that is not there, nothing is shown.
needs = {tool: pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")
         for tool in ("npm", "gem", "composer", "luarocks", "cpanm", "erlc")}


def files_of(folder, prefix=""):
    """{path: bytes, or a link} of a folder, as oci_layout takes it."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = prefix + str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def write(folder, files):
    for name, content in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Path(folder)


@pytest.fixture
def found(server, push, tmp_path):
    """found(files, ...): the packages of an image of such layers as the registry lists them, {(type, name, version)}."""
    def look(*layers):
        Layout(tmp_path / "image").add_image("latest", list(layers))
        digest = push(server, tmp_path / "image", "latest", "test/image")
        assert server.wait_for_scan("test/image", digest)["state"] == "done"
        packages = server.get_json(f"/api/v1/images/{digest}/packages?limit=1000")["packages"]
        return {(each["type"], each["name"], each["version"]) for each in packages}
    return look


# --- Python ---

def wheel(folder, name, version, requires=()):
    """A wheel of one module, as PEP 427 has it."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = Path(folder) / f"{stem}-py3-none-any.whl"
    info = f"{stem}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {each}\n" for each in requires)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name.replace('-', '_').replace('.', '_')}.py", "x = 1\n")
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def pip(command):
    if subprocess.run(["/usr/bin/python3", "-m", "pip", "--version"], capture_output=True).returncode != 0:
        pytest.skip("pip is not installed")
    return lambda *arguments: command("/usr/bin/python3", "-m", "pip", "--quiet", "--no-cache-dir", "--disable-pip-version-check", *arguments)


def test_pip(pip, found, tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels, "Left_Hand.Side", "1.0.post1", ["right-hand"])
    wheel(wheels, "right-hand", "2.0rc1")
    pip("install", "--no-index", "--pre", "--find-links", wheels, "--target", tmp_path / "site", "Left_Hand.Side")
    files = files_of(tmp_path / "site", "usr/lib/python3/dist-packages/")
    assert found(files) == {("pypi", "left-hand-side", "1.0.post1"), ("pypi", "right-hand", "2.0rc1")}


def test_pip_upgrade_in_a_later_layer(pip, found, tmp_path):
    """A replaced package leaves its dist-info behind where the layer does not remove it: both layers have theirs."""
    for version in ("1.0", "2.0"):
        pip("install", "--no-index", "--no-deps", "--target", tmp_path / version, wheel(tmp_path, "left", version))
    lower, upper = (files_of(tmp_path / version, "app/") for version in ("1.0", "2.0"))
    assert found(lower, upper) == {("pypi", "left", "1.0"), ("pypi", "left", "2.0")}


def test_python_archives(found, tmp_path):
    """An egg is used as it is. A wheel is only there: it counts where nothing of Python is installed."""
    path = wheel(tmp_path, "left", "1.0")
    with zipfile.ZipFile(tmp_path / "right.egg", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("EGG-INFO/PKG-INFO", "Metadata-Version: 1.0\nName: right\nVersion: 2.0\n\n" + "x" * 10000)
    egg = {"usr/lib/python3/dist-packages/right-2.0-py3.egg": (tmp_path / "right.egg").read_bytes()}
    lying = {f"srv/{path.name}": path.read_bytes(), "srv/broken.whl": b"PK\x03\x04", "srv/easter.egg": "no archive"}
    assert found(egg, lying) == {("pypi", "right", "2.0")}


def test_python_of_this_machine(found):
    """All that Python itself finds in the folder of the distribution's packages."""
    folder = Path("/usr/lib/python3/dist-packages")
    code = f"import importlib.metadata as m; [print(d.metadata['Name'], d.version) for d in m.distributions(path=['{folder}'])]"
    listed = subprocess.run(["/usr/bin/python3", "-c", code], check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(listed) > 5
    files = {name: content for name, content in files_of(folder, "opt/packages/").items() if "-info" in name.split("/")[2]}
    expected = {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in map(str.split, listed)}
    assert {(name, version) for _, name, version in found(files)} == expected


# --- npm ---

def npm_package(folder, name, version, files=(), **members):
    """A package as `npm pack` makes it: a tarball with all below package/."""
    path = Path(folder) / f"{name.replace('/', '-').lstrip('@')}-{version}.tgz"
    content = {"package.json": json.dumps({"name": name, "version": version, "license": "MIT", **members}), "index.js": "", **dict(files)}
    with tarfile.open(path, "w:gz") as archive:
        for file, text in content.items():
            member = tarfile.TarInfo(f"package/{file}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


@needs["npm"]
def test_npm(found, command, tmp_path):
    right = npm_package(tmp_path, "right", "2.0.0-rc.1", {
        "esm/package.json": '{"name":"right-esm","version":"0.0.0","type":"module"}',
        "test/node_modules/fixture/package.json": '{"name":"fixture","version":"6.6.6"}'})
    left = npm_package(tmp_path, "@hand/left", "1.0.0", dependencies={"right": f"file:{right}"})
    application = write(tmp_path / "app", {"package.json": json.dumps({
        "name": "app", "version": "0.1.0", "dependencies": {"@hand/left": f"file:{left}"}})})
    command("npm", "install", "--offline", "--no-audit", "--no-fund", "--cache", tmp_path / "npm-cache", cwd=application,
            env={**os.environ, "HOME": str(tmp_path)})
    assert (application / "node_modules/right/esm/package.json").exists()
    assert found(files_of(application, "srv/app/")) == {
        ("npm", "app", "0.1.0"), ("npm", "@hand/left", "1.0.0"), ("npm", "right", "2.0.0-rc.1")}


def yarn_zip(name, version):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"node_modules/{name}/esm/package.json", '{"name":"helper","version":"9.9.9"}')
        archive.writestr(f"node_modules/{name}/package.json", json.dumps({"name": name, "version": version}))
    return data.getvalue()


def test_yarn_cache(found):
    """Plug'n'Play runs packages from yarn's cache; beside node_modules it is a leftover."""
    cache = {"srv/.yarn/cache/left-npm-1.0.0-ab12.zip": yarn_zip("left", "1.0.0"),
             "srv/.yarn/cache/@hand-right-npm-2.0.0-ab12.zip": yarn_zip("@hand/right", "2.0.0"),
             "srv/other.zip": yarn_zip("other", "3.0.0")}
    assert found(cache) == {("npm", "left", "1.0.0"), ("npm", "@hand/right", "2.0.0")}
    installed = {"srv/node_modules/left/package.json": '{"name":"left","version":"1.1.0"}'}
    assert found({**cache, **installed}) == {("npm", "left", "1.1.0")}


@needs["npm"]
def test_npm_itself(found, command):
    """What npm says that it is made of."""
    root = Path(command("npm", "root", "--global").stdout.strip())
    if not (root / "npm/package.json").is_file():
        pytest.skip("npm is made of packages of the distribution")
    listed = command("npm", "ls", "--global", "--all", "--parseable", "--long", check=None).stdout.splitlines()
    expected = {tuple(line.split(":")[1].rsplit("@", 1)) for line in listed if line.startswith(f"{root}/npm")}
    assert len(expected) > 100
    packages = found(files_of(root / "npm", "usr/lib/node_modules/npm/"))
    assert {(name, version) for _, name, version in packages} == expected


# --- Ruby ---

@needs["gem"]
def test_gem(found, command, tmp_path):
    source = write(tmp_path / "left", {
        "lib/left.rb": "module Left; VERSION = '1.0.0.rc1'; end\n",
        "left.gemspec": "require_relative 'lib/left'\nGem::Specification.new do |s|\n  s.name = 'left_hand'\n  s.version = Left::VERSION\n"
                        "  s.summary = 's'\n  s.authors = ['a']\n  s.license = 'MIT'\n  s.files = ['lib/left.rb', 'left.gemspec']\nend\n"})
    home = {**os.environ, "HOME": str(tmp_path), "GEM_HOME": str(tmp_path / "gems")}
    command("gem", "build", "--quiet", "left.gemspec", cwd=source, env=home)
    command("gem", "install", "--local", "--no-document", "--install-dir", tmp_path / "gems", source / "left_hand-1.0.0.rc1.gem", env=home)
    assert (tmp_path / "gems/gems/left_hand-1.0.0.rc1/left.gemspec").exists()
    assert found(files_of(tmp_path / "gems", "var/lib/gems/3.1.0/")) == {("gem", "left_hand", "1.0.0.rc1")}


@needs["gem"]
def test_default_gems(found, command):
    """All that `gem list` of this Ruby lists of its own folder."""
    folder = Path(command("ruby", "-e", "puts Gem.default_specifications_dir").stdout.strip())
    listed = json.loads(command("ruby", "-rjson", "-e", f"puts JSON.dump(Dir['{folder}/*.gemspec'].map {{ |f| "
                                "s = Gem::Specification.load(f); [s.name, s.version.to_s] })").stdout)
    assert len(listed) > 10
    files = files_of(folder, "usr/lib/ruby/gems/3.1.0/specifications/default/")
    assert found(files) == {("gem", name, version) for name, version in listed}


# --- PHP ---

@needs["composer"]
def test_composer(found, command, tmp_path):
    for name in ("left", "right"):
        write(tmp_path / name, {"composer.json": json.dumps({"name": f"Hand/{name}".lower(), "version": "v1.2.3", "license": "MIT"})})
    application = write(tmp_path / "app", {"composer.json": json.dumps({
        "name": "hand/app", "repositories": [{"type": "path", "url": "../*", "options": {"symlink": False}}, {"packagist.org": False}],
        "require": {"hand/left": "*"}, "require-dev": {"hand/right": "*"}})})
    environment = {**os.environ, "HOME": str(tmp_path), "COMPOSER_ALLOW_SUPERUSER": "1"}
    command("composer", "install", "--no-dev", "--no-interaction", cwd=application, env=environment)
    assert found(files_of(application / "vendor", "app/vendor/")) == {("composer", "hand/left", "1.2.3")}


# --- Lua, Perl, Erlang ---

@needs["luarocks"]
def test_luarocks(found, command, tmp_path):
    source = write(tmp_path / "rock", {"left.lua": "return 1\n", "left-1.0-2.rockspec":
                                       "package = 'left'\nlocal v = '1.0'\nversion = v .. '-2'\nsource = {url = 'file://x'}\n"
                                       "build = {type = 'builtin', modules = {left = 'left.lua'}}\n"})
    command("luarocks", "make", "--tree", tmp_path / "tree", "left-1.0-2.rockspec", cwd=source, env={**os.environ, "HOME": str(tmp_path)})
    assert found(files_of(tmp_path / "tree", "usr/local/")) == {("luarocks", "left", "1.0-2")}


@needs["cpanm"]
def test_cpanm(found, command, tmp_path):
    source = write(tmp_path / "Left-Right-1.02", {
        "lib/Left/Right.pm": "package Left::Right;\nour $VERSION = '1.02';\n1;\n",
        "Makefile.PL": "use ExtUtils::MakeMaker;\nWriteMakefile(NAME => 'Left::Right', VERSION_FROM => 'lib/Left/Right.pm', LICENSE => 'perl');\n",
        "META.json": json.dumps({"name": "Left-Right", "version": "1.02", "abstract": "x", "author": ["a"], "dynamic_config": 1,
                                 "generated_by": "hand", "license": ["perl_5"], "release_status": "stable", "meta-spec": {"version": 2}})})
    command("tar", "czf", tmp_path / "Left-Right-1.02.tar.gz", "-C", tmp_path, source.name)
    command("cpanm", "--notest", "--quiet", "--no-man-pages", "-l", tmp_path / "perl", tmp_path / "Left-Right-1.02.tar.gz",
            env={**os.environ, "HOME": str(tmp_path)})
    assert found(files_of(tmp_path / "perl", "usr/local/")) == {("cpan", "Left-Right", "1.02")}


def test_erlang_itself(found, command):
    """The applications of Erlang, of which erl says names and versions."""
    folder = Path("/usr/lib/erlang/lib")
    if not folder.is_dir():
        pytest.skip("Erlang is not installed")
    files = {name: content for name, content in files_of(folder, "usr/lib/erlang/lib/").items() if name.endswith(".app")}
    known = {(path.name.rpartition("-")[0], path.name.rpartition("-")[2]) for path in folder.iterdir() if (path / "ebin").is_dir()}
    packages = found(files)
    assert {kind for kind, _, _ in packages} == {"otp"} and len(packages) >= 5
    assert {(name, version) for _, name, version in packages} <= known
