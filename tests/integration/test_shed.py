"""`assay shed`: what an image could do without, and what each layer brings."""
import io
import json
import os
import re
import subprocess
import tarfile

import pytest

import images  # it has the folder of the scripts on the path
import weak_image
from oci_layout import Layout, compress, tar_of

KIB = 1024


def noise(kib, seed=b"x"):
    return (seed * 64 + os.urandom(KIB))[:KIB] * kib


@pytest.fixture
def shed(assay, alpine_data, tmp_path):
    """shed(layer, layer..., env=, history=): what is told of an image of these layers, as JSON; with text=True the table."""
    def run(*layers, env=(), history=None, text=False, data=alpine_data):
        packed = [(tar, compress(tar, "gzip"), "gzip") for tar in
                  (layer if isinstance(layer, bytes) else tar_of(layer) for layer in layers)]
        config = {"config": {"Env": list(env)}}
        if history is not None:
            config["history"] = history
        Layout(tmp_path / "image").add_packed_image("a", packed, config_members=config)
        options = () if text else ("--format", "json")
        told = assay("shed", "--no-cache", "--data", data, *options, f"oci:{tmp_path}/image:a").stdout
        return told if text else json.loads(told)
    return run


def sums(report):
    """{kind: (files, bytes)}"""
    return {one["kind"]: (one["files"], one["bytes"]) for one in report["sheds"]}


def paths(report, kind):
    return {(one["path"], one["layer"], one.get("hidden_by")) for one in report["files"] if one["kind"] == kind}


@pytest.mark.parametrize("upper, expected", [
    # Gone: by its name, with its folder, with the folder's content, with a folder above.
    ({"srv/a/.wh.big": b""}, {"removed-later": (1, 3000 * KIB)}),
    ({"srv/.wh.a": b""}, {"removed-later": (3, 3000 * KIB + 700)}),
    ({"srv/a/.wh..wh..opq": b""}, {"removed-later": (3, 3000 * KIB + 700)}),
    ({".wh.srv": b""}, {"removed-later": (4, 3000 * KIB + 703)}),
    # Removed, and there anew: it is the old one that is hidden.
    ({"srv/.wh.a": b"", "srv/a/big": b"new"}, {"removed-later": (2, 700), "replaced-later": (1, 3000 * KIB)}),
    # Replaced: by the same, by less, by a link, by a folder; small files too.
    ({"srv/a/big": b"x" * 3000 * KIB}, {"replaced-later": (1, 3000 * KIB)}),
    ({"srv/a/big": b""}, {"replaced-later": (1, 3000 * KIB)}),
    ({"srv/a/big": ("link", "/dev/null")}, {"replaced-later": (1, 3000 * KIB)}),
    ({"srv/a/big": ("dir",)}, {"replaced-later": (1, 3000 * KIB)}),
    ({"srv/a/big/x": b"a folder without an entry"}, {"replaced-later": (1, 3000 * KIB)}),
    ({"srv/a": ("link", "b")}, {"replaced-later": (3, 3000 * KIB + 700)}),
    ({"srv/a/s1": b"", "srv/a/s2": b""}, {"replaced-later": (2, 700)}),
    # Neither: a folder's entry again, paths that only look alike, marks of what is not there.
    ({"srv/a": ("dir",), "srv": ("dir",)}, {}),
    ({"srv/a/bigger": b"x", "srv/a/bi": b"x", "srv/ab": b"x", "a/big": b"x", "srv/a/.wh.bigg": b"", "srv/.wh.": b"",
      "srv/b/.wh..wh..opq": b""}, {}),
])
def test_hidden(shed, upper, expected):
    lower = {"srv": ("dir",), "srv/a": ("dir",), "srv/a/big": b"x" * 3000 * KIB, "srv/a/s1": b"1" * 300, "srv/a/s2": b"2" * 400,
             "srv/one": b"one"}
    report = shed(lower, upper)
    assert sums(report) == expected
    assert report["shed_bytes"] == sum(size for _, size in expected.values()) and not report["at_least"]
    first = report["layers"][0]
    assert (first["files"], first["bytes"]) == (4, 3000 * KIB + 703)
    assert {one["kind"]: one["bytes"] for one in first["sheds"]} == {kind: size for kind, (_, size) in expected.items()}
    # What is large is named, with the layer that hides it.
    for kind, (_, size) in expected.items():
        named = {("srv/a/big", 1, 2)} if size >= KIB * KIB else set()  # the others are small
        assert paths(report, kind) == named


def test_which_layer_hides(shed):
    """The nearest above; what hides nothing more is not told."""
    big = noise(2048)
    report = shed({"a": big, "b": big}, {"a": big}, {".wh.a": b"", "b": b"x"}, {"a": b"back"})
    assert paths(report, "replaced-later") == {("a", 1, 2), ("b", 1, 3)}
    assert paths(report, "removed-later") == {("a", 2, 3)}
    assert sums(report) == {"replaced-later": (2, 4096 * KIB), "removed-later": (1, 2048 * KIB)}


@pytest.mark.parametrize("upper", [{".wh.app": b""}, {"app/.wh.sub": b""}, {"app/sub/.wh..wh..opq": b""}])
def test_removed_and_there_anew(shed, upper):
    """It is the first layer above that hides a file, not the one that has it anew; nor one that hides its folder once more."""
    big = noise(2048)
    for again in ({"app/sub/big": big}, {"app/sub/.wh.big": b""}, {"app": ("link", "srv")}, {"app/sub": b"x"}, {".wh.app": b""}):
        report = shed({"app/sub/big": big}, upper, again)
        assert paths(report, "removed-later") == {("app/sub/big", 1, 2)} and sums(report) == {"removed-later": (1, 2048 * KIB)}
    # In one layer it is replaced.
    assert paths(shed({"app/sub/big": big}, {**upper, "app/sub/big": big}), "replaced-later") == {("app/sub/big", 1, 2)}


def test_link_between_two_files_of_one_path(shed):
    """It has the bytes of the first of them; without one before it, of the one after."""
    layer = tar_of([("a", b"x" * 5000), ("b", ("hardlink", "a")), ("a", b"y" * 7000)])
    assert sums(shed(layer)) == {}
    assert sums(shed(layer, {".wh.a": b""})) == {"removed-later": (1, 7000)}
    late = tar_of([("b", ("hardlink", "a")), ("a", b"y" * 7000)])
    assert sums(shed(late, {".wh.a": b""})) == {}


def test_links_keep_their_file(shed):
    """Bytes that have another name are seen; without one they are not. A symbolic link is no other name."""
    big = noise(2048)
    lower = {"bin/perl": big, "bin/perl5": ("hardlink", "bin/perl"), "bin/p": ("link", "perl")}
    assert sums(shed(lower, {"bin/.wh.perl": b""})) == {}
    assert sums(shed(lower, {"bin/.wh.perl5": b""})) == {}
    assert sums(shed(lower, {"bin/.wh.perl5": b"", "bin/.wh.perl": b""})) == {"removed-later": (1, 2048 * KIB)}


def test_twice_in_one_layer(shed):
    assert sums(shed(tar_of([("a", b"x" * 5000), ("b", b"y"), ("a", b"x" * 5000)]))) == {"replaced-later": (1, 5000)}


def test_kinds(shed):
    """Of each kind something, beside what only looks like it; what a later layer removes is not there any more."""
    layer = {
        "var/cache/apt/pkgcache.bin": noise(40), "var/lib/apt/lists/x_Packages": noise(30), "var/lib/apt/lists/lock": b"",
        "var/lib/apt/extended_states": b"x", "root/.cache/pip/http/x": noise(5),
        "var/log/dpkg.log": noise(3), "tmp/x": noise(2), "app/tmp/x": noise(2),
        "usr/share/doc/curl/README": noise(4), "usr/share/doc/curl/copyright": noise(1), "usr/share/man/man1/ls.1.gz": noise(6),
        "usr/share/locale/de/LC_MESSAGES/x.mo": noise(7), "usr/share/locale/fr/LC_MESSAGES/x.mo": noise(8),
        "usr/share/locale/de_AT/LC_MESSAGES/x.mo": noise(9), "usr/share/locale/locale.alias": noise(1),
        "usr/include/stdio.h": noise(10), "usr/lib/libx.a": noise(11), "usr/lib/libx.so.1": noise(12),
        "bin/bash": noise(13), "bin/sh": ("link", "bash"), "app/bin/sh": noise(1), "usr/bin/apt-get": noise(14), "usr/bin/curl": noise(18), "usr/bin/curlew": noise(19), "bin/nc": ("link", "/etc/alternatives/nc"),
        "usr/bin/su": ("file", noise(15), 0o4755), "usr/bin/wall": ("file", noise(16), 0o2755),
        "usr/bin/not": ("file", noise(17), 0o4644), "srv/sticky": ("dir",),
    }
    expected = {"package-cache": (3, 75), "temporary": (2, 5), "documentation": (2, 10), "locale": (3, 24), "build-tool": (2, 21),
                "package-manager": (1, 14), "shell": (2, 13), "tool": (2, 18), "setuid": (2, 31)}
    report = shed(layer)
    assert sums(report) == {kind: (files, kib * KIB) for kind, (files, kib) in expected.items()}
    # What may be needed is told, but is no sum of bytes that can go.
    assert report["shed_bytes"] == (75 + 5 + 10 + 24 + 21) * KIB
    assert paths(report, "shell") == {("bin/bash", 1, None), ("bin/sh", 1, None)}
    assert paths(report, "setuid") == {("usr/bin/su", 1, None), ("usr/bin/wall", 1, None)}
    gone = {"var/cache/.wh.apt": b"", "usr/share/.wh.doc": b"", "bin/.wh.bash": b"", "bin/.wh.sh": b"", "usr/bin/su": b"x"}
    report = shed(layer, gone)
    assert sums(report)["package-cache"] == (2, 35 * KIB) and sums(report)["documentation"] == (1, 6 * KIB)
    assert "shell" not in sums(report) and paths(report, "setuid") == {("usr/bin/wall", 1, None)}
    assert sums(report)["removed-later"] == (4, (40 + 4 + 1 + 13) * KIB)


@pytest.mark.parametrize("env, unused", [
    ((), {"de", "fr", "de_AT"}), (["LANG=C.UTF-8"], {"de", "fr", "de_AT"}), (["LANG=de_AT.UTF-8"], {"fr"}),
    (["LC_ALL=fr_FR"], {"de", "de_AT"}), (["LANGUAGE=de:fr"], {"de_AT"}), (["LANGE=de"], {"de", "fr", "de_AT"}),
])
def test_locales(shed, env, unused):
    sizes = {"de": 7, "fr": 8, "de_AT": 9}
    report = shed({f"usr/share/locale/{name}/LC_MESSAGES/x.mo": noise(size) for name, size in sizes.items()}, env=env)
    assert sums(report) == {"locale": (len(unused), sum(sizes[name] for name in unused) * KIB)}


STATUS = "".join(f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 12.2.0-14\nInstalled-Size: {size}\n\n"
                 for name, size in (("gcc-12", 53000), ("gcc-12-base", 110), ("libgcc-s1", 140), ("make", 1600)))


def test_build_tools_of_dpkg(shed):
    """By their packages, with the size that dpkg says, and by the files that these own; not what programs need to run."""
    layer = {"etc/os-release": images.DEBIAN_12, "var/lib/dpkg/status": STATUS,
             "var/lib/dpkg/info/gcc-12.list": "/.\n/usr\n/usr/bin/gcc-12\n/lib/gcc/cc1\n/usr/share/doc/gcc-12/README\n",
             "var/lib/dpkg/info/libgcc-s1:amd64.list": "/lib/libgcc_s.so.1\n",
             "usr/bin/gcc-12": noise(20), "usr/lib/gcc/cc1": noise(30), "usr/share/doc/gcc-12/README": noise(2),
             "lib/libgcc_s.so.1": noise(5), "usr/bin/make": noise(3)}
    report = shed({"srv/x": b"x"}, layer)
    assert [(one["name"], one["bytes"], one["layer"]) for one in report["build_tools"]] == [
        ("gcc-12", 53000 * KIB, 2), ("make", 1600 * KIB, 2)]
    assert sums(report) == {"build-tool": (2, 50 * KIB), "documentation": (1, 2 * KIB)}


def test_build_tools_of_apk(shed):
    installed = ("P:musl-dev\nV:1.2.3-r4\nA:x86_64\nI:10500000\nF:usr/include\nR:stdio.h\nF:usr/lib\nR:crt.x\n\n"
                 "P:musl\nV:1.2.3-r4\nA:x86_64\nI:600000\nF:lib\nR:ld-musl\n\n")
    report = shed({**images.alpine_files(), "lib/apk/db/installed": installed, "usr/include/stdio.h": noise(3),
                   "usr/lib/crt.x": noise(4), "lib/ld-musl": noise(5)})
    assert [(one["type"], one["name"], one["bytes"]) for one in report["build_tools"]] == [("apk", "musl-dev", 10500000)]
    assert sums(report)["build-tool"] == (2, 7 * KIB)


def test_build_tools_of_rpm_and_pacman(assay, shed, tmp_path):
    """The size that rpm's database has is that of the one file, which says the package's name; libgcc is none."""
    packages = [(name, 0, "11.4.1", "2.el9", name) for name in ("gcc-c++", "libgcc")]
    layout = images.rpm_layout(tmp_path / "rpm", packages=packages)
    report = json.loads(assay("shed", "--no-cache", "--data", tmp_path, "--format", "json", f"oci:{layout}:latest").stdout)
    assert [(one["type"], one["name"], one["bytes"]) for one in report["build_tools"]] == [("rpm", "gcc-c++", 8)]
    files = images.pacman_files(("gcc", "13.2.1-3", "gcc"), ("gcc-libs", "13.2.1-3", "gcc"))
    files = {path: text.replace("%DEPENDS%", "%SIZE%\n171000\n\n%DEPENDS%") if path.endswith("/desc") else text
             for path, text in files.items()}
    report = shed({"etc/os-release": images.ARCH, **files})
    assert [(one["type"], one["name"], one["bytes"]) for one in report["build_tools"]] == [("alpm", "gcc", 171000)]


def of_debian(names, folder):
    """The layer that dpkg would make of these packages of bookworm, and their installed sizes."""
    files, status, sizes, kept = {}, "", {}, {}
    weak_image.PACKAGES, former = names, weak_image.PACKAGES
    debs = weak_image.download("bookworm", folder)
    weak_image.PACKAGES = former
    for name, deb in debs.items():
        fields = weak_image.run("dpkg-deb", "--field", deb, text=True)
        status += fields.replace("\n", "\nStatus: install ok installed\n", 1) + "\n"
        sizes[name] = int(re.search(r"^Installed-Size: (\d+)$", fields, re.MULTILINE)[1]) * KIB
        with tarfile.open(fileobj=io.BytesIO(weak_image.run("dpkg-deb", "--fsys-tarfile", deb))) as tar:
            members = [(member.name.removeprefix("./"), member) for member in tar if member.name != "./"]
            kept[name] = {path: tar.extractfile(member).read() for path, member in members if member.isreg()}
        files.update(kept[name])
        files[f"var/lib/dpkg/info/{name}.list"] = "".join(f"/{path.rstrip('/')}\n" for path, _ in members)
    return {**files, "var/lib/dpkg/status": status, "etc/os-release": images.DEBIAN_12}, sizes, kept


def test_build_tools_of_debian(shed, tmp_path):
    """Real packages: each file of make and of the headers counts once, as what it is; those of the runtime never."""
    layer, sizes, kept = of_debian(("make", "libcrypt-dev", "gcc-12-base", "libgcc-s1"), tmp_path / "debs")
    report = shed(layer)
    assert {one["name"]: one["bytes"] for one in report["build_tools"]} == {name: sizes[name] for name in ("make", "libcrypt-dev")}
    tools = {path: len(content) for name in ("make", "libcrypt-dev") for path, content in kept[name].items() if content}
    others = {path for path in tools if path.startswith(("usr/share/doc/", "usr/share/man/", "usr/share/info/", "usr/share/locale/"))}
    licences = {path for path in others if path.endswith("/copyright")}
    assert {"usr/bin/make", "usr/include/crypt.h"} <= tools.keys() - others
    own = tools.keys() - others | licences
    assert sums(report)["build-tool"] == (len(own), sum(tools[path] for path in own))
    assert sums(report)["documentation"][1] + sums(report)["locale"][1] == sum(
        len(content) for files in kept.values() for path, content in files.items()
        if path.startswith(("usr/share/doc/", "usr/share/man/", "usr/share/info/", "usr/share/locale/")) and "copyright" not in path)


def test_tools_left_in(assay, tmp_path):
    """The weak image has what its Dockerfile's first step installs; its hardened twin has none of these."""
    subprocess.run([images.ROOT / "scripts/weak_image.py", "bookworm", tmp_path / "weak"], check=True)
    for tag, expected in (("weak", {"usr/bin/curl", "usr/bin/wget", "usr/bin/git"}), ("hardened", set())):
        report = json.loads(assay("shed", "--no-cache", "--data", tmp_path, "--format", "json", f"oci:{tmp_path}/weak:{tag}").stdout)
        assert {one["path"] for one in report["files"] if one["kind"] == "tool"} == expected


def test_findings_and_commands(shed, assay, alpine_data, tmp_path):
    """Each finding counts for the layer that brought it; all of `assay scan` are there."""
    history = [{"created_by": "/bin/sh -c #(nop) ADD file:1 in / "}, {"created_by": "ENV A=b", "empty_layer": True},
               {"created_by": "RUN /bin/sh -c \x1b[31mmake install # buildkit"}]
    layers = [{**images.alpine_files()}, {"etc/ssh/id_rsa": "x", "usr/bin/x": ("file", b"x", 0o4777)}]
    report = shed(*layers, history=history)
    scanned = json.loads(assay("scan", "--no-cache", "--data", alpine_data, "--format", "json", f"oci:{tmp_path}/image:a").stdout)
    total = {}
    for counts in [report["findings_of_image"], *(layer["findings"] for layer in report["layers"])]:
        for severity, count in counts.items():
            total[severity] = total.get(severity, 0) + count
    wanted = {severity: sum(one["severity"] == severity for one in scanned["findings"]) for severity in total}
    assert total == wanted and sum(report["layers"][0]["findings"].values()) > 0
    assert sum(report["layers"][1]["findings"].values()) > 0
    assert [layer["command"] for layer in report["layers"]] == [history[0]["created_by"], history[2]["created_by"].replace("\x1b", "?")]
    table = shed(*layers, history=history, text=True)
    assert "ADD file:1 in /" in table and "\x1b" not in table and "# buildkit" not in table and "#(nop)" not in table
    # Each finding has that of its layer.
    commands = {one["location"]: one["command"] for one in scanned["findings"]}
    assert commands["usr/bin/x"] == "RUN /bin/sh -c ?[31mmake install # buildkit"
    assert {one["command"] for one in scanned["findings"] if one["kind"] == "vulnerability"} == {history[0]["created_by"]}
    # A history of another number of layers says nothing of any.
    assert all("command" not in layer for layer in shed(*layers, history=history[:2])["layers"])


def test_findings_of_one_place(shed):
    """The same secret at the same place of two layers is a finding of each; of no layer twice."""
    secret = "AWS_ACCESS_KEY_ID=AKIA" + "QWERTYUIOPASDFGH" + "\n"
    layers = [{"app/.env": secret + rest, "x": ("link", "/dev/null")} for rest in ("A=1\n", "B=22\n")]
    alone = sum(shed(layers[0])["layers"][0]["findings"].values())
    assert alone > 0
    assert [sum(layer["findings"].values()) for layer in shed(*layers)["layers"]] == [alone, alone]


def test_without_advisories(shed, tmp_path):
    told = shed({"etc/os-release": images.DEBIAN_12, "var/lib/dpkg/status": STATUS}, text=True, data=tmp_path / "none")
    assert "without advisories, vulnerabilities are not counted" in told and not (tmp_path / "none").exists()


def test_image_of_a_server(assay, server, push, tmp_path):
    """The API says what the command says of the same image, by its name at the server."""
    layers = [{"etc/os-release": images.DEBIAN_12, "var/lib/dpkg/status": STATUS, "srv/big": noise(2048), "bin/bash": noise(9)},
              {"srv/.wh.big": b"", "usr/bin/x": ("file", b"x", 0o4777)}]
    history = {"history": [{"created_by": "RUN one"}, {"created_by": "RUN two"}]}
    packed = [(tar_of(layer), compress(tar_of(layer), "gzip"), "gzip") for layer in layers]
    Layout(tmp_path / "image").add_packed_image("a", packed, config_members=history)
    digest = push(server, tmp_path / "image", "a", "team/app")
    server.wait_for_scan("team/app", digest)
    by_api = server.get_json(f"/api/v1/images/{digest}/shed")
    target = f"{server.address}/team/app:a"
    by_command = json.loads(assay("shed", "--no-cache", "--data", tmp_path, "--format", "json", target).stdout)
    assert by_api["layers"] == by_command["layers"] and [one["command"] for one in by_api["layers"]] == ["RUN one", "RUN two"]
    for member in ("bytes", "shed_bytes", "sheds", "files", "build_tools", "findings_of_image", "at_least"):
        assert by_api[member] == by_command[member], member
    assert paths(by_api, "removed-later") == {("srv/big", 1, 2)} and len(by_api["build_tools"]) == 2


def test_targets_without_layers(assay, tmp_path):
    """Of a folder not every file is read, so that what is told of it would be less than there is."""
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/os-release").write_text(images.DEBIAN_12)
    assay("sbom", "--no-cache", "--output", tmp_path / "bill.json", f"rootfs:{tmp_path}/root")
    for target in (f"rootfs:{tmp_path}/root", f"{tmp_path}/root", f"sbom:{tmp_path}/bill.json"):
        refused = assay("shed", "--no-cache", "--data", tmp_path, target, check=2)
        assert "no layers" in refused.stderr and not refused.stdout


def test_more_than_is_kept(shed):
    """Of a layer of very many files the large ones count still, and what is not known is told."""
    many = {f"srv/{i % 300}/{i}": b"x" * 10 for i in range(61000)}
    report = shed({**many, "last": noise(3000)}, {".wh.srv": b"", ".wh.last": b""})
    assert report["at_least"] and report["layers"][0]["in_part"] and not report["layers"][1].get("in_part")
    assert sums(report)["removed-later"] == (60001, 600000 + 3000 * KIB)
    assert report["layers"][0]["files"] == 61001
    assert "at least" in shed({**many, "last": noise(3000)}, text=True)


def test_locales_beyond_what_is_kept(shed):
    """Whether these are in use is not known, so that "at least" is only true without them."""
    layer = tar_of([(f"srv/{i % 300}/{i}", b"") for i in range(60000)] +
                   [(f"usr/share/locale/de/{i}", b"x" * 1000) for i in range(100)])
    assert sums(shed(layer)) == {"locale": (100, 100000)}
    report = shed(layer, env=["LANG=de_DE.UTF-8"])
    assert sums(report) == {} and report["at_least"] and report["shed_bytes"] == 0


def test_a_hard_link_beyond_what_is_kept(shed):
    """What it leads to is there still, whoever removes its first name."""
    layer = tar_of([("store/a", noise(2000)), ("store/b", noise(2000))] + [(f"srv/{i % 300}/{i}", b"") for i in range(60000)] +
                   [("app/a", ("hardlink", "store/a"))])
    report = shed(layer, {".wh.store": b""})
    assert paths(report, "removed-later") == {("store/b", 1, 2)} and sums(report) == {"removed-later": (1, 2000 * KIB)}
    assert report["at_least"]


LARGE, SMALL = noise(1500), noise(20)


@pytest.mark.parametrize("layers, expected, named", [
    ([{"a": LARGE, "b": LARGE}], (1, 1500 * KIB), {("b", 1, "a")}),
    ([{"a": LARGE}, {"srv/b": LARGE, "srv/c": LARGE}], (2, 3000 * KIB), {("srv/b", 2, "a"), ("srv/c", 2, "a")}),
    ([{"z": LARGE}, {"a": LARGE}], (1, 1500 * KIB), {("a", 2, "z")}),
    ([{"a": SMALL}, {"b": SMALL}], (1, 20 * KIB), set()),
    ([{"a": LARGE, "b": ("hardlink", "a"), "c": ("link", "a")}], None, None),
    ([{"a": LARGE}, {"b": LARGE[:-1] + b"?"}], None, None),
    ([{"a": LARGE}, {"b": LARGE + b"?"}], None, None),
    ([{"a": b"x" * 16383, "b": b"x" * 16383}], None, None),
    ([{"a": LARGE}, {"b": LARGE, ".wh.a": b""}], None, None),
    ([{"a": LARGE}, {"a": LARGE}], None, None),
    ([{"a": LARGE}, {"tmp/b": LARGE}], None, None),
    ([[("a", LARGE), ("b", noise(1500, b"y")), ("b", LARGE)]], (1, 1500 * KIB), {("b", 1, "a")}),
])
def test_equal_files(shed, layers, expected, named):
    """Those that are there in the end, at several paths; the first of the lowest layer is none."""
    report = shed(*(tar_of(layer) for layer in layers))
    assert sums(report).get("duplicate") == expected
    assert {(one["path"], one["layer"], one["same_as"]) for one in report["files"] if one["kind"] == "duplicate"} == (named or set())
    if named:
        assert "same as a" in shed(*layers, text=True) or "same as z" in shed(*layers, text=True)


@pytest.mark.parametrize("more", [("link", "/dev/null"), ("hardlink", "srv/0/0")])
def test_links_beyond_what_is_kept(shed, more):
    """They are no files, yet something is left out."""
    report = shed(tar_of([(f"srv/{i % 300}/{i}", b"") for i in range(60000)] + [(f"usr/share/locale/de/{i}", more) for i in range(100)]))
    assert sums(report) == {} and report["layers"][0]["files"] == 60000
    assert report["at_least"] and report["layers"][0]["in_part"]


def test_real_image(assay, tmp_path):
    """Of Debian's upgrade over its former packages: what dpkg replaced is told, by the paths that both layers have."""
    layout = images.debian_layout("bullseye")
    report = json.loads(assay("shed", "--no-cache", "--data", tmp_path, "--format", "json", f"oci:{layout}:upgraded").stdout)
    index = json.loads((layout / "index.json").read_text())
    digest = next(one["digest"] for one in index["manifests"]
                  if one["annotations"]["org.opencontainers.image.ref.name"] == "upgraded")
    manifest = json.loads((layout / "blobs/sha256" / digest.split(":")[1]).read_text())
    lower, upper = (tarfile.open(layout / "blobs/sha256" / layer["digest"].split(":")[1]).getmembers()
                    for layer in manifest["layers"])
    first = {member.name.removeprefix("./"): member for member in lower}
    again = {member.name.removeprefix("./") for member in upper if not member.isdir()}
    linked = {member.linkname.removeprefix("./") for name, member in first.items() if member.islnk() and name not in again}
    replaced = [member for name, member in first.items() if member.isfile() and not member.islnk() and name in again
                and name not in linked]
    assert sums(report)["replaced-later"] == (len([one for one in replaced if one.size > 0]), sum(one.size for one in replaced))
    assert report["layers"][0]["bytes"] == sum(member.size for member in first.values() if member.isreg())
    assert {"usr/bin/dpkg", "usr/bin/apt-get"} <= {one["path"] for one in report["files"] if one["kind"] == "package-manager"}
    assert {"bin/bash", "bin/dash", "bin/sh"} <= {one["path"] for one in report["files"] if one["kind"] == "shell"}
    assert not report["build_tools"], "gcc-10-base, libgcc-s1 and libstdc++6 are there"
    assert {"usr/bin/passwd", "bin/su"} <= {one["path"] for one in report["files"] if one["kind"] == "setuid"}


def test_equal_files_of_a_real_image(assay, tmp_path):
    """All that Python finds: of files of no other kind, which the report tells by the table of its kinds."""
    layout = images.debian_layout("bookworm")
    report = json.loads(assay("shed", "--no-cache", "--data", tmp_path, "--format", "json", f"oci:{layout}:vulnerable").stdout)
    manifest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"].split(":")[1]
    layer, = json.loads((layout / "blobs/sha256" / manifest).read_text())["layers"]
    equal = {}
    with tarfile.open(layout / "blobs/sha256" / layer["digest"].split(":")[1]) as tar:
        for member in tar:
            if member.isreg() and member.size >= 16 * KIB:
                equal.setdefault(tar.extractfile(member).read(), []).append(member.name.removeprefix("./"))
    more = sum(len(names) - 1 for names in equal.values())
    told = sums(report).get("duplicate", (0, 0))
    assert told[0] <= more and told[1] <= sum(len(content) * (len(names) - 1) for content, names in equal.items())
    others = re.compile(r"(usr/)?share/(doc|man|locale|info)/|var/(log|cache|lib/apt)|tmp/")
    plain = [names for names in equal.values() if not any(others.search(name) for name in names)]
    assert told[0] >= sum(len(names) - 1 for names in plain)
