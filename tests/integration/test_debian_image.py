"""The images that the demo and the tests build hold what their package databases say, and an image that does not is told."""
import contextlib
import filecmp
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

import images
from images import debian_image
from oci_layout import Layout, tar_of

BEFORE = {"bin": ("dir",), "bin/tool": b"old bytes", "bin/alias": ("hardlink", "bin/tool"), "bin/same": b"as it was",
          "etc": ("dir",), "etc/gone": b"x", "etc/link": ("link", "one"), "etc/kind": b"a file", "lib": ("dir",), "lib/kept": b"k"}
AFTER = {"bin": ("dir",), "bin/tool": b"new bytes", "bin/alias": ("hardlink", "bin/tool"), "bin/same": b"as it was",
         "etc": ("dir",), "etc/link": ("link", "two"), "etc/kind": ("link", "link"), "lib": ("dir",), "lib/kept": b"k",
         "lib/second": ("hardlink", "lib/kept"), "lib/new": ("dir",), "lib/new/file": b"n"}


def unpack(folder, tars):
    """The root folder of an image of these layers, by umoci."""
    layout = folder / "layout"
    Layout(layout).add_image("one", tars)
    subprocess.run(["umoci", "unpack", *([] if os.geteuid() == 0 else ["--rootless"]), "--image", f"{layout}:one", folder / "out"],
                   check=True, stdout=subprocess.DEVNULL)
    return folder / "out/rootfs"


def tree_of(root):
    return {str(path.relative_to(root)): os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            for path in sorted(root.rglob("*"))}


def test_difference_turns_one_root_into_the_other(tmp_path):
    """Also what changed at equal size and time, below a hard link, and from one kind into another."""
    base, upgraded, layer = (tmp_path / name for name in ("base.tar", "upgraded.tar", "layer.tar"))
    base.write_bytes(tar_of(BEFORE))
    upgraded.write_bytes(tar_of(AFTER))
    debian_image.write_difference(base, upgraded, layer)
    with tarfile.open(layer) as members:
        assert sorted(members.getnames()) == ["bin/alias", "bin/tool", "etc/.wh.gone", "etc/kind", "etc/link", "lib/new",
                                              "lib/new/file", "lib/second"]
    for name in ("layers", "whole"):
        (tmp_path / name).mkdir()
    layers = unpack(tmp_path / "layers", [base.read_bytes(), layer.read_bytes()])
    assert tree_of(layers) == tree_of(unpack(tmp_path / "whole", [upgraded.read_bytes()]))


@pytest.fixture(scope="module")
def roots_of(tmp_path_factory):
    """roots_of(suite): {tag: root folder} of its image, unpacked once. Who changes a file puts it back."""
    unpacked = {}

    def unpack_once(suite):
        if suite not in unpacked:
            unpacked[suite] = debian_image.unpacked_tags(images.debian_layout(suite), tmp_path_factory.mktemp(suite))
        return unpacked[suite]
    yield unpack_once
    for roots in unpacked.values():
        for root in roots.values():
            shutil.rmtree(root.parent, ignore_errors=True)


@pytest.mark.parametrize("suite", ["bullseye", "bookworm"])
def test_each_file_is_its_packages(suite, roots_of):
    roots = roots_of(suite)
    assert list(roots) == ["vulnerable", "upgraded"]
    status = [(root / "var/lib/dpkg/status").read_text() for root in roots.values()]
    assert status[0] != status[1], "nothing was upgraded"
    for tag, root in roots.items():
        assert debian_image.wrong_files(root) == [], tag
    assert not filecmp.cmp(*(root / "var/lib/dpkg/info/perl-base.md5sums" for root in roots.values()), shallow=False)


def test_wrong_files_are_told(roots_of, tmp_path):
    """Changed, gone, and gone where images leave some files out."""
    root = roots_of("bullseye")["upgraded"]
    wrong = [("bin/bash", lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?")), ("bin/cat", Path.unlink),
             ("usr/share/doc/bash/copyright", Path.unlink)]
    for name, damage in wrong:
        shutil.copy2(root / name, tmp_path / Path(name).name)
        damage(root / name)
    told = sorted(line.split()[-1] for line in debian_image.wrong_files(root))
    for name, _ in wrong:
        shutil.copy2(tmp_path / Path(name).name, root / name)
    assert told == sorted(f"/{name}" for name, _ in wrong)


def test_image_with_a_layer_that_lies_is_told(bullseye, roots_of, tmp_path, capsys):
    """An "upgraded" image whose upper layer has the new package database and the old files."""
    layout = tmp_path / "layout"
    shutil.copytree(bullseye, layout)
    with contextlib.closing(tarfile.open(tmp_path / "layer.tar", "w")) as layer:
        layer.add(roots_of("bullseye")["upgraded"] / "var/lib/dpkg", "var/lib/dpkg")
    debian_image.umoci("tag", "--image", f"{layout}:vulnerable", "upgraded")
    debian_image.umoci("raw", "add-layer", "--image", f"{layout}:upgraded", str(tmp_path / "layer.tar"))
    assert debian_image.verify(layout) > 0
    output = capsys.readouterr().out
    assert "vulnerable: each file is" in output and "upgraded: files that are not as" in output and "perl" in output
