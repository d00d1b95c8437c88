"""What is inside programs, as the tools say that made them."""
import hashlib
import io
import json
import os
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest

import images
from oci_layout import Layout
from schemas_shared import check

GO = shutil.which("go") or "/usr/lib/go-1.19/bin/go"


@pytest.fixture
def found(scan, tmp_path):
    """found(files): the inventory of an image of one layer with these."""
    def run(files):
        layout = tmp_path / "image"
        Layout(layout).add_image("latest", [{**images.alpine_files(), **files}])
        scan("--format", "json", f"oci:{layout}")
        inventory, = (tmp_path / "cache/assay/inventories").glob("*.json")
        return json.loads(inventory.read_text())
    return run


def packages_of(inventory, kind):
    return {(each["location"], each["name"], each["version"]) for each in inventory["packages"] if each["type"] == kind}


# --- Go ---

MAIN = """package main

import (
\t"example.org/dep"
\t"fmt"
)

var version = "dev"

func main() { fmt.Println(version, dep.Name) }
"""


def add_module(proxy, path, version):
    """A module in a proxy that is a folder: go.dev/ref/mod#goproxy-protocol."""
    folder = proxy / path / "@v"
    folder.mkdir(parents=True)
    text = f"module {path}\n\ngo 1.18\n"
    (folder / f"{version}.mod").write_text(text)
    (folder / f"{version}.info").write_text(json.dumps({"Version": version}))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{path}@{version}/go.mod", text)
        archive.writestr(f"{path}@{version}/dep.go", 'package dep\n\nconst Name = "dep"\n')
    (folder / f"{version}.zip").write_bytes(packed.getvalue())


@pytest.fixture(scope="module")
def go_build(tmp_path_factory):
    """go_build(name, *flags, **environment): a program that needs a module in the place of another."""
    if not os.access(GO, os.X_OK):
        pytest.skip("there is no Go here")
    folder = tmp_path_factory.mktemp("go")
    source = folder / "source"
    source.mkdir()
    add_module(folder / "proxy", "example.org/dep", "v1.2.3")
    add_module(folder / "proxy", "example.org/other", "v0.0.0-20250102030405-abcdefabcdef")
    (source / "main.go").write_text(MAIN)
    (source / "go.mod").write_text("module example.org/tool\n\ngo 1.18\n\nrequire example.org/dep v1.2.3\n\n"
                                   "replace example.org/dep => example.org/other v0.0.0-20250102030405-abcdefabcdef\n")
    # The cache of builds is the user's, as in test_go_symbols.py.
    settings = {**os.environ, "GOPROXY": f"file://{folder}/proxy", "GONOSUMDB": "*", "GONOSUMCHECK": "1", "GOFLAGS": "-mod=mod -modcacherw",
                "GOPATH": f"{folder}/path", "GOTOOLCHAIN": "local", "GOSUMDB": "off"}

    def build(name, *flags, **environment):
        subprocess.run([GO, "build", "-o", str(folder / name), *flags, "."], cwd=source, check=True, env={**settings, **environment})
        return folder / name
    return build


def modules_of(program):
    """What the go command itself reads of it; the main module is left out."""
    listed = subprocess.run([GO, "version", "-m", str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
    modules = {("stdlib", listed[0].rsplit(": go", 1)[1].split()[0])}
    for line in listed[1:]:
        kind, *rest = line.strip("\t").split("\t")
        if kind == "=>" or (kind == "dep" and "example.org/dep" not in rest):
            modules.add((rest[0], rest[1]))
    return modules


def test_go(go_build, found):
    flags = ("-ldflags", "-X main.version=2.3.1")
    built = {"usr/bin/plain": (go_build("plain"), None),
             "usr/bin/flags": (go_build("flags", *flags), "v2.3.1"),
             "usr/bin/trimmed": (go_build("trimmed", "-trimpath", *flags), "v2.3.1"),
             "usr/bin/stripped": (go_build("stripped", "-ldflags", "-s -w -X main.version=2.3.1"), "v2.3.1"),
             "usr/bin/nothing": (go_build("nothing", "-trimpath", "-ldflags", "-s -w"), None),
             "usr/bin/big-endian": (go_build("big-endian", *flags, GOARCH="mips"), "v2.3.1"),
             "opt/windows.exe": (go_build("windows.exe", *flags, GOOS="windows"), "v2.3.1"),
             "opt/apple": (go_build("apple", *flags, GOOS="darwin", GOARCH="arm64"), "v2.3.1")}
    inventory = found({path: program.read_bytes() for path, (program, _) in built.items()})
    expected = {(path, name, version) for path, (program, _) in built.items() for name, version in modules_of(program)}
    expected |= {(path, "example.org/tool", version) for path, (_, version) in built.items() if version is not None}
    assert packages_of(inventory, "golang") == expected
    assert len({version for _, name, version in expected if name == "example.org/other"}) == 1
    assert {note["path"] for note in inventory["notes"] if note["kind"] == "no-version"} == \
        {path for path, (_, version) in built.items() if version is None}


# --- Java ---

POM = "META-INF/maven/{}/{}/pom.properties"


def jar_of(files, packing=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def artifact(group, name, version):
    return {POM.format(group, name): f"#Generated by Maven\nversion={version}\ngroupId={group}\nartifactId={name}\n"}


def test_java(found):
    library = jar_of({**artifact("com.nimbusds", "nimbus-jose-jwt", "9.8"), **artifact("net.minidev", "json-smart", "1.3.2")})
    spring = jar_of({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nImplementation-Title: spring-web\n",
                     "org/springframework/web/X.class": b""})
    other = jar_of({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nImplementation-Title: spring-web\n"})
    war = jar_of({**artifact("org.example", "site", "1.0-SNAPSHOT"), "WEB-INF/lib/nimbus-jose-jwt-9.8.jar": library,
                  "WEB-INF/lib/spring-web-5.3.1.jar": spring})
    boot = jar_of({**artifact("org.example", "boot", "2"), "BOOT-INF/lib/b-2.13.3.jar": jar_of(artifact("org.example", "b", "2.13.3"))},
                  zipfile.ZIP_STORED)
    inventory = found({"app/all.ear": jar_of({"site.war": war}), "app/boot-2.jar": b"#!/bin/sh\nexec java -jar $0\n" + boot,
                       "app/spring-web-0.7.5.jar": other, "app/text.jar": "no archive", "app/broken.jar": war[:-40]})
    lib = "app/all.ear:site.war:WEB-INF/lib/"
    assert packages_of(inventory, "maven") == {
        ("app/all.ear:site.war", "org.example:site", "1.0-SNAPSHOT"),
        (f"{lib}nimbus-jose-jwt-9.8.jar", "com.nimbusds:nimbus-jose-jwt", "9.8"),
        (f"{lib}nimbus-jose-jwt-9.8.jar", "net.minidev:json-smart", "1.3.2"),
        (f"{lib}spring-web-5.3.1.jar", "org.springframework:spring-web", "5.3.1"),
        ("app/boot-2.jar", "org.example:boot", "2"),
        ("app/boot-2.jar:BOOT-INF/lib/b-2.13.3.jar", "org.example:b", "2.13.3"),
        ("app/spring-web-0.7.5.jar", "spring-web:spring-web", "0.7.5")}
    assert ("broken-archive", "app/broken.jar") in {(note["kind"], note["path"]) for note in inventory["notes"]}


def test_hostile_java(found):
    """Archives in archives without end, and one that comes to gigabytes: told, and the rest of the image is read."""
    nested = jar_of(artifact("g", "a", "1"))
    for _ in range(100):
        nested = jar_of({"in.jar": nested})
    bomb = jar_of({f"{number}.jar": bytes(64 << 20) for number in range(40)})
    inventory = found({"app/nested.jar": nested, "app/bomb.jar": bomb, "app/sound.jar": jar_of(artifact("g", "b", "1"))})
    assert packages_of(inventory, "maven") == {("app/sound.jar", "g:b", "1")}
    assert {note["path"].split(":")[0] for note in inventory["notes"] if note["kind"] == "unread-archive"} == {"app/nested.jar", "app/bomb.jar"}


def sha1_of(content):
    return hashlib.sha1(content).hexdigest()


@pytest.fixture
def packages(assay, monkeypatch, tmp_path):
    """packages(folder, table): what `assay packages` lists of a folder by a table of archives, name and version to SHA-1."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(target, table, check=0):
        (tmp_path / "assay.yaml").write_text(f"java_archives: {table}\n")
        result = assay("packages", "--config", tmp_path / "assay.yaml", "--format", "json", target, check=check)
        if check:
            return result.stderr
        return {(each["name"], each["version"]): each.get("sha1") for each in json.loads(result.stdout)["packages"] if each["type"] == "maven"}
    return run


def test_table_of_archives(packages, tmp_path):
    """Archives that say nothing of themselves, alone and in another; what says it by pom.properties keeps its own word."""
    silent, inner = jar_of({"a/B.class": "1"}), jar_of({"a/B.class": "2"})
    told = jar_of(artifact("g", "told", "1"))
    outer = jar_of({**artifact("g", "outer", "2"), "lib/in.jar": inner})
    files = {"app/silent.jar": silent, "app/outer-2.jar": outer, "app/told-1.jar": told, "app/other-3.jar": jar_of({"c": "3"})}
    layout = tmp_path / "image"
    Layout(layout).add_image("latest", [{**images.alpine_files(), **files}])
    table = tmp_path / "archives.txt"
    rows = [f"{sha1_of(silent)} org.example:silent:1.0", f"{sha1_of(inner)} org.example:inner:2.0", f"{sha1_of(told)} wrong:wrong:9"]
    rows += [f"{sha1_of(str(number).encode())} some:other:{number}" for number in range(5000)]
    table.write_text("\n".join(sorted(rows)) + "\n")
    named = {("g:outer", "2"): sha1_of(outer), ("g:told", "1"): sha1_of(told), ("other:other", "3"): sha1_of(files["app/other-3.jar"])}
    assert packages(f"oci:{layout}", table) == {("org.example:silent", "1.0"): sha1_of(silent), ("org.example:inner", "2.0"): sha1_of(inner), **named}
    # Another table: the layer that is known is read again.
    table.write_text(f"{sha1_of(silent)} org.example:renamed:1.1\n")
    assert packages(f"oci:{layout}", table) == {("org.example:renamed", "1.1"): sha1_of(silent), **named}


def test_hashes_in_bills(assay, tmp_path):
    """An archive that is a package has its SHA-1 there, as a file of its own or in another; what was shaded in has none."""
    inner = jar_of({**artifact("g", "inner", "1")})
    outer = jar_of({**artifact("g", "outer", "2"), **artifact("g", "shaded", "3"), "lib/inner-1.jar": inner})
    (tmp_path / "outer-2.jar").write_bytes(outer)
    expected = {"outer": sha1_of(outer), "inner": sha1_of(inner), "shaded": None}
    bill = json.loads(assay("sbom", f"rootfs:{tmp_path}").stdout)
    check("bom-1.6.schema.json", bill)
    found = {each["name"]: each.get("hashes", [{"alg": "SHA-1", "content": None}]) for each in bill["components"] if each.get("group") == "g"}
    assert found == {name: [{"alg": "SHA-1", "content": sha1}] for name, sha1 in expected.items()}
    bill = json.loads(assay("sbom", "--format", "spdx", f"rootfs:{tmp_path}").stdout)
    check("spdx-schema-2.3.json", bill)
    found = {each["name"]: each.get("checksums", [{}])[0].get("checksumValue") for each in bill["packages"] if each["name"].startswith("g:")}
    assert found == {f"g:{name}": sha1 for name, sha1 in expected.items()}


@pytest.mark.parametrize("text, message", [
    ("no line\n", "is no line"),
    ("F" * 40 + " a:b:1\n", "is no line"),
    ("f" * 40 + " a:b\n", "is no line"),
    ("f" * 40 + " a:b:1\n" + "a" * 40 + " a:b:1\n", "is not in its order"),
    ("f" * 40 + " a:b:" + "1" * 3000 + "\n", "is no line"),
])
def test_broken_table_of_archives(packages, tmp_path, text, message):
    (tmp_path / "archives.txt").write_text(text)
    assert message in packages(f"rootfs:{tmp_path}", tmp_path / "archives.txt", check=2)
    (tmp_path / "archives.txt").unlink()
    assert "archives.txt" in packages(f"rootfs:{tmp_path}", tmp_path / "archives.txt", check=2)


def test_jars_of_debian(found):
    """What their own pom.properties say, as another reader of zip finds them."""
    jars = {path.relative_to("/"): path.read_bytes() for path in sorted(Path("/usr/share/java").glob("*.jar")) if not path.is_symlink()}
    if not jars:
        pytest.skip("no jars are installed here")
    expected = set()
    for path, content in jars.items():
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                if name.endswith("/pom.properties"):
                    values = dict(line.split("=", 1) for line in archive.read(name).decode().splitlines() if "=" in line)
                    expected.add((str(path), f"{values['groupId']}:{values['artifactId']}", values["version"]))
    packages = packages_of(found({str(path): content for path, content in jars.items()}), "maven")
    assert expected and expected <= packages
    named = {path for path, _, _ in expected}
    assert {package for package in packages if package[0] in named} == expected


# --- Rust ---

def test_rust(found, tmp_path):
    """A program of this machine with the section that `cargo auditable` adds."""
    crates = {"packages": [{"name": "app", "version": "0.1.0", "source": "local", "root": True},
                           {"name": "cc", "version": "1.0.1", "source": "crates.io", "kind": "build"},
                           {"name": "log", "version": "0.4.1", "source": "crates.io"}]}
    section, program = tmp_path / "section", tmp_path / "program"
    section.write_bytes(zlib.compress(json.dumps(crates).encode()))
    subprocess.run(["objcopy", "--add-section", f".dep-v0={section}", shutil.which("true"), str(program)], check=True)
    inventory = found({"usr/bin/app": program.read_bytes(), "usr/bin/true": Path(shutil.which("true")).read_bytes()})
    assert packages_of(inventory, "cargo") == {("usr/bin/app", "app", "0.1.0"), ("usr/bin/app", "log", "0.4.1")}
