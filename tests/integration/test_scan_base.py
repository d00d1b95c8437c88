"""`assay scan --base`: which findings come from the image that the scanned one was built on."""
import json
import subprocess

import pytest

import images
from oci_layout import Layout, tar_of

BASE = tar_of({"etc/os-release": images.ALPINE, "lib/apk/db/installed": images.APK_INSTALLED})
OTHER = tar_of({"app/other": "x"})


@pytest.fixture
def layout(tmp_path):
    made = Layout(tmp_path / "layout")
    made.add_image("base", [BASE])
    made.add_image("app", [BASE, tar_of({"usr/bin/evil": ("file", b"\x7fELF", 0o4755)})])
    made.add_image("again", [BASE, OTHER, BASE])
    made.add_image("zstd", [BASE, OTHER], compression="zstd")
    made.add_image("other", [OTHER, BASE])
    return made.folder


def origins(report):
    return {(one["id"], one.get("origin")) for one in report["findings"]}


def test_findings_are_told_apart(scan, layout):
    plain = json.loads(scan("--format", "json", f"oci:{layout}:app").stdout)
    report = json.loads(scan("--format", "json", "--base", f"oci:{layout}:base", f"oci:{layout}:app").stdout)
    assert "base" not in plain and {origin for _, origin in origins(plain)} == {None}
    assert len(report["findings"]) == len(plain["findings"])
    digests = {one["annotations"]["org.opencontainers.image.ref.name"]: one["digest"]
               for one in json.loads((layout / "index.json").read_text())["manifests"]}
    base = report["base"]
    assert (base["repository"], base["digest"], base["layers"], base["platform"]) == (f"oci:{layout}:base", digests["base"], 1, "linux/amd64")
    of_base = [one for one in report["findings"] if one["origin"] == "base"]
    assert base["findings"] == {"base": len(of_base), "own": len(report["findings"]) - len(of_base)} and of_base
    assert ("setuid-unusual", "own") in origins(report) and all(one["kind"] == "vulnerability" for one in of_base)
    table = scan("--base", f"oci:{layout}:base", f"oci:{layout}:app").stdout
    assert f"base: oci:{layout}:base" in table.replace("\n  ", " ") and "come from it" in table.replace("\n  ", " ")


def test_layers_are_compared_unpacked(scan, layout):
    report = json.loads(scan("--format", "json", "--base", f"oci:{layout}:base", f"oci:{layout}:zstd").stdout)
    assert report["base"]["layers"] == 1 and ("base" in {origin for _, origin in origins(report)})


def test_a_layer_that_is_there_again(scan, layout):
    """It is the image's own."""
    report = json.loads(scan("--format", "json", "--base", f"oci:{layout}:base", f"oci:{layout}:again").stdout)
    assert report["base"]["findings"]["base"] == 0


@pytest.mark.parametrize("base, target", [("other", "app"), ("app", "base"), ("again", "zstd")])
def test_another_image_is_refused(scan, layout, base, target):
    refused = scan("--base", f"oci:{layout}:{base}", f"oci:{layout}:{target}", check=2)
    assert "its layers are not the first" in refused.stderr and not refused.stdout


def test_what_has_no_layers(scan, layout, tmp_path):
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/os-release").write_text(images.ALPINE)
    assert "layers" in scan("--base", f"oci:{layout}:base", f"rootfs:{tmp_path}/root", check=2).stderr
    assert "layers" in scan("--base", f"rootfs:{tmp_path}/root", f"oci:{layout}:app", check=2).stderr
    assert "--base" in scan("--base", f"oci:{layout}:base", "--dockerfile", "-", check=2).stderr


def test_layers_without_digests(scan, layout, tmp_path):
    subprocess.run(["skopeo", "copy", "--quiet", f"oci:{layout}:app", f"docker-archive:{tmp_path}/app.tar:app:1"], check=True)
    refused = scan("--base", f"oci:{layout}:base", f"docker-archive:{tmp_path}/app.tar", check=2)
    assert "no digests" in refused.stderr and "skopeo" in refused.stderr
