"""Weak settings of services and accounts, found in images by the worker; each rule's cases are in tests/unit/inspect/baseline."""
import io
import json
import tarfile
from pathlib import Path

import pytest

from images import DEBIAN_12, DPKG_STATUS
from oci_layout import Layout, tar_of

SSHD = "\nPackage: openssh-server\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:9.2p1-2\nSource: openssh\n"
# crypt("root", "$y$j9T$...")
ROOT = "root:$y$j9T$abcdefghijklmnop$QzY3lMEiU4Tqswuvs54VCA9.r9a3315dMJMfRmiCxUD:19000:0:99999:7:::\n"


def system(**files):
    return {"etc/os-release": DEBIAN_12, "var/lib/dpkg/status": DPKG_STATUS + SSHD, **files}


def with_modes(files, modes):
    """A layer of `files`, of which some, and folders, have other modes."""
    tar = io.BytesIO(tar_of({**{path: ("dir",) for path in modes if path not in files}, **files}))
    changed = io.BytesIO()
    with tarfile.open(fileobj=tar) as old, tarfile.open(fileobj=changed, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            member.mode = modes.get(member.name, member.mode)
            new.addfile(member, old.extractfile(member) if member.isreg() else None)
    return changed.getvalue()


def weaknesses(scan, folder, *layers):
    """{(rule, place): finding} of the baseline."""
    Layout(folder).add_image("a", layers)
    found = json.loads(scan("--format", "json", "--no-cache", f"oci:{folder}:a").stdout)["findings"]
    return {(one["id"], one["location"]): one for one in found if one["kind"] == "baseline"}


def test_a_service_is_read_over_layers_and_links(scan, tmp_path):
    base = system(**{"etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n",
                     "etc/ssh/sshd_config.d/10-a.conf": ("link", "../../../opt/settings"),
                     "opt/settings": "# the image's own\nPermitRootLogin yes\n"})
    found = weaknesses(scan, tmp_path / "one", base)
    finding = found["sshd-permit-root-login", "etc/ssh/sshd_config.d/10-a.conf"]
    assert (finding["severity"], finding["line"]) == ("high", 2), finding
    # An upper layer puts a file before it, which counts first.
    above = {"etc/ssh/sshd_config.d/00-safe.conf": "PermitRootLogin no\n"}
    assert not weaknesses(scan, tmp_path / "two", base, above)


def test_passwords(scan, tmp_path):
    found = weaknesses(scan, tmp_path / "one", with_modes(system(**{"etc/shadow": ROOT}), {"etc/shadow": 0o640}))
    assert found["account-weak-password", "etc/shadow"]["severity"] == "critical"
    assert "$y$" not in json.dumps(list(found.values())), "a hash was told"
    locked = with_modes({"etc/shadow": "root:!:19000:0:99999:7:::\n"}, {"etc/shadow": 0o640})
    assert not weaknesses(scan, tmp_path / "two", system(**{"etc/shadow": ROOT}), locked)


@pytest.mark.parametrize(("rule", "path", "weak", "safe"), [
    ("setuid-interpreter", "usr/bin/python3", 0o4755, 0o755),
    ("setuid-unusual", "opt/tool", 0o4755, 0o755),
    ("setgid-unusual", "opt/tool", 0o2755, 0o755),
    ("file-writable-by-all", "etc/app.conf", 0o666, 0o644),
    ("folder-writable-by-all", "srv/upload", 0o777, 0o1777),
])
def test_modes(scan, tmp_path, rule, path, weak, safe):
    files = {} if "folder" in rule else {path: "#!/bin/sh\n"}
    base = system()
    assert (rule, path) in weaknesses(scan, tmp_path / "weak", base, with_modes(files, {path: weak}))
    assert not weaknesses(scan, tmp_path / "safe", base, with_modes(files, {path: safe}))
    # Mended in an upper layer, and removed there.
    assert not weaknesses(scan, tmp_path / "mended", base, with_modes(files, {path: weak}), with_modes(files, {path: safe}))
    folder, _, name = path.rpartition("/")
    assert not weaknesses(scan, tmp_path / "removed", base, with_modes(files, {path: weak}), {f"{folder}/.wh.{name}": ""})


def test_rules_and_the_guide(assay):
    """The guide lists what the program has."""
    rules = json.loads(assay("rules", "--kind", "baseline", "--format", "json").stdout)["rules"]
    assert len(rules) > 80
    assert all(rule["title_zh"] and rule["remedy_zh"] and rule["remedy"] and rule["references"] for rule in rules)
    guide = (Path(__file__).resolve().parents[2] / "docs/baseline-checks.md").read_text(encoding="utf-8")
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in guide.split("\n") if line.startswith("| `")]
    assert sorted((row[0].strip("`"), *row[1:]) for row in rows) == \
        sorted((rule["id"], rule["severity"], rule["title"], rule["remedy"], ", ".join(rule["references"])) for rule in rules)


def test_capabilities(scan, tmp_path):
    """As tools write them into a tar: struct vfs_cap_data."""
    def layer(value):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
            member = tarfile.TarInfo("usr/bin/tool")
            member.mode, member.size = 0o755, 9
            member.pax_headers = {"SCHILY.xattr.security.capability": value}
            archive.addfile(member, io.BytesIO(b"#!/bin/sh"))
        return tar.getvalue()
    admin, ping = ("\x01\0\0\x02" + permitted + "\0" * 12 for permitted in ("\0\0\x20\0", "\0\x20\0\0"))
    found = weaknesses(scan, tmp_path / "admin", system(), layer(admin))
    assert found["capability-unusual", "usr/bin/tool"]["evidence"] == "cap_sys_admin"
    assert not weaknesses(scan, tmp_path / "ping", system(), layer(ping))
