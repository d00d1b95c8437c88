"""Malicious files within archives, without ClamAV: to a depth, bounded, and what a bound hides is told and never clean."""
import bz2
import gzip
import io
import json
import lzma
import random
import struct
import subprocess
import tarfile
import zipfile
import zlib

import pytest

import hostile
import images
from clamd import EICAR
from images import alpine_files
from oci_layout import Layout

BASE = alpine_files()
BAD = EICAR.encode()
RANDOM = random.Random(3)


def tar_of(*members, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def zip_of(*members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def zstd(content):
    return subprocess.run(["zstd", "-q", "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout


def nest(times, content, name="e.com"):
    for _ in range(times):
        content, name = tar_of((name, content)), "t"
    return content


def noise(size):
    return RANDOM.randbytes(size)


def encrypted_zip():
    """One entry that says it is encrypted, which is all that a reader can know of it."""
    content = bytearray(zip_of(("e.com", BAD), method=zipfile.ZIP_STORED))
    content[6] |= 1
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def lying_zip():
    """Its sizes say a byte, and unzippers that go by the data find all."""
    content = bytearray(zip_of(("e.com", BAD)))
    struct.pack_into("<I", content, 22, 1)
    at = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 1)
    return bytes(content)


def v7_tar():
    """As tar wrote them before there was a magic number."""
    content = bytearray(tar_of(("e.com", BAD)))
    content[257:265] = bytes(8)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    return bytes(content)


def sparse_tar(name="hole"):
    """A file of 1 EiB, which is one hole."""
    header = tarfile.TarInfo(name)
    header.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name, "GNU.sparse.realsize": str(1 << 60)}
    content = f"1\n{1 << 60}\n0\n".encode().ljust(512, b"\0")
    header.size = len(content)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(header, io.BytesIO(content))
        entry = tarfile.TarInfo("e.com")
        entry.size = len(BAD)
        archive.addfile(entry, io.BytesIO(BAD))
    return out.getvalue()


LARGE = noise(3 * 1024 * 1024)
FOUND = {
    # path in the layer: (its bytes, where EICAR is within)
    "opt/a.tar": (tar_of(("b.zip", zip_of(("c.tar", tar_of(("d.com", BAD)))))), "b.zip:c.tar:d.com"),
    "opt/no-ending": (zip_of(("e.com", BAD)), "e.com"),
    "opt/e.com.gz": (gzip.compress(BAD), None),
    "opt/e.com.xz": (lzma.compress(BAD), None),
    "opt/e.com.bz2": (bz2.compress(BAD), None),
    "opt/e.com.zst": (zstd(BAD), None),
    "opt/x.tar.gz": (gzip.compress(tar_of(("usr/share/./e.com", BAD))), "usr/share/./e.com"),
    "opt/x.tar.xz": (lzma.compress(tar_of(("./e.com", BAD))), "e.com"),
    "opt/x.tbz2": (bz2.compress(tar_of(("/e.com", BAD))), "e.com"),
    "opt/x.tar.zst": (zstd(tar_of(("e.com", BAD))), "e.com"),
    "opt/app.war": (zip_of(("WEB-INF/lib/x.jar", zip_of(("e.com", BAD)))), "WEB-INF/lib/x.jar:e.com"),
    "opt/stored.zip": (zip_of(("e.com", BAD), method=zipfile.ZIP_STORED), "e.com"),
    "opt/bz.zip": (zip_of(("e.com", BAD), method=zipfile.ZIP_BZIP2), "e.com"),
    "opt/gnu.tar": (tar_of(("n" * 150 + "/e.com", BAD), form=tarfile.GNU_FORMAT), "n" * 150 + "/e.com"),
    "opt/started.zip": (b"PK\x03\x04" + b"#!/bin/sh\n" + zip_of(("e.com", BAD)), "e.com"),
    "opt/large.zip": (zip_of(("noise", LARGE), ("e.com", BAD), ("after", LARGE)), "e.com"),
    "opt/large.tar": (tar_of(("noise", LARGE), ("x.gz", gzip.compress(noise(2_000_000))), ("e.com", BAD), ("after", LARGE)), "e.com"),
    "opt/large.tar.xz": (lzma.compress(tar_of(("noise", LARGE), ("e.com", BAD)), preset=0), "e.com"),
    "opt/v7.tar": (v7_tar(), "e.com"),
    "opt/named-mscf": (tar_of(("MSCF", b"x"), ("e.com", BAD)), "e.com"),
    "opt/named-bzh": (tar_of(("BZhang/readme", b"x"), ("e.com", BAD)), "e.com"),
    "opt/named-pk": (tar_of(("PK\3\4x", b"x"), ("e.com", BAD)), "e.com"),
    "opt/skipped.zst": (b"\x50\x2a\x4d\x18\4\0\0\0abcd" + zstd(BAD), None),
    "opt/disks.zip": (b"PK00" + zip_of(("e.com", BAD)), "e.com"),
    "opt/emptied.zip": (zip_of() + zip_of(("e.com", BAD)), "e.com"),
    "opt/deep": (nest(5, BAD), "t:t:t:t:e.com"),
    "opt/members.gz": (gzip.compress(b"") + gzip.compress(BAD[:20]) + gzip.compress(BAD[20:]), None),
    # What people's tools unpack all the same.
    "opt/more-behind.gz": (gzip.compress(BAD) + b"something else", None),
    "opt/more-behind.bz2": (bz2.compress(BAD) + b"something else", None),
    "opt/more-behind.xz": (lzma.compress(BAD) + b"something else", None),
    "opt/more-behind.zst": (zstd(BAD) + b"something else", None),
    "opt/more-behind.zip": (zip_of(("e.com", BAD)) + b"something else", "e.com"),
    "opt/truncated.tar": (tar_of(("e.com", BAD), ("f", LARGE))[:5000], "e.com"),
    "opt/truncated.gz": (gzip.compress(BAD)[:-4], None),
    "opt/wrong-sum.gz": (gzip.compress(BAD)[:-8] + b"\1\2\3\4" + gzip.compress(BAD)[-4:], None),
    "opt/lying.zip": (lying_zip(), "e.com"),
    "opt/broken-member.zip": (zip_of(("a", LARGE), ("e.com", BAD)).replace(b"PK\x03\x04", b"PK\x03\x05", 1).replace(b"PK\x03\x05", b"PK\x03\x04", 1), "e.com"),
    "opt/sparse.tar": (sparse_tar(), "e.com"),
}


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "image")


def scan_with(scan, layout, files, *options, upper=None):
    layout.add_image("x", [{**BASE, **files}, *([upper] if upper else [])])
    return json.loads(scan("--format", "json", "--kind", "malware", *options, f"oci:{layout.folder}:x").stdout)


def found(answer):
    return {each["location"] for each in answer["findings"] if each["id"] == "eicar-test-file"}


def gaps(answer):
    return [each for each in answer["incomplete"] if each.startswith("malware unscanned: ")]


def test_where_it_is_found(scan, layout):
    answer = scan_with(scan, layout, {path: content for path, (content, _) in FOUND.items()}, upper={"opt/.wh.a.tar": b""})
    assert found(answer) == {path if within is None else f"{path}:{within}" for path, (_, within) in FOUND.items()}
    assert gaps(answer) == [] and {each["severity"] for each in answer["findings"]} == {"critical"}
    assert {each["location"] for each in answer["findings"] if each.get("removed")} == {"opt/a.tar:b.zip:c.tar:d.com"}


def test_clean_archives(scan, layout):
    clean = BAD[:-10]
    answer = scan_with(scan, layout, {"opt/a.tar": tar_of(("b.zip", zip_of(("d.com", clean)))), "opt/b.gz": gzip.compress(b"x" + BAD), "opt/c": b"BZh no archive",
                                      "opt/d": b"\x1f\x8b", "opt/e": b"PK\x03\x04", "opt/f.xz": b"\xfd7zXZ\0", "opt/g.zst": b"\x28\xb5\x2f\xfd"})
    assert answer["findings"] == [] and answer["incomplete"] == []


@pytest.mark.parametrize("make", [lambda: zip_of(("pad", bytes(1 << 20)), ("e.com", BAD), method=zipfile.ZIP_STORED),
                                  lambda: tar_of(("pad", bytes(1 << 20)), ("e.com", BAD)).rstrip(b"\0")], ids=["zip", "tar"])
def test_holes_are_part_of_an_archive(scan, layout, make):
    """What an unpacker writes is what is read, however it is stored; holes that are too large for that are told."""
    content = make()
    for tag, stored in (("right", hostile.stored_sparse("opt/a", content)),
                        ("huge", hostile.sparse_header("opt/a", 1 << 32, (0, 512)) + content[:512])):
        layout.add_image(tag, [stored + hostile.file("etc/os-release", images.ALPINE.encode()) + bytes(1024)])
    answers = [json.loads(scan("--format", "json", "--kind", "malware", f"oci:{layout.folder}:{tag}").stdout) for tag in ("right", "huge")]
    assert found(answers[0]) == {"opt/a:e.com"} and gaps(answers[0]) == []
    assert gaps(answers[1]) == ["malware unscanned: opt/a (it has larger holes than are read)"]


def gzip_quine():
    """A stream that unpacks to itself is made by hand; this one unpacks to one like it, often enough."""
    content = b"end"
    for _ in range(40):
        content = gzip.compress(content)
    return content


def bomb(depth):
    """As 42.zip: archives of archives, 16 in each."""
    content = zip_of(("zeros", bytes(8 * 1024 * 1024)))
    for _ in range(depth):
        content = zip_of(*((f"{i}.zip", content) for i in range(16)))
    return content


@pytest.mark.parametrize("content, settings, told", [
    (nest(6, BAD), "", "opt/x:t:t:t:t:t (it is in more than 5 archives (malware.archive_depth))"),
    (nest(2, BAD), "archive_depth: 1", "opt/x:t (it is in more than 1 archives (malware.archive_depth))"),
    (gzip_quine(), "", "opt/x (it is in more than 5 archives (malware.archive_depth))"),
    (bomb(5), "", "it is in more than 5 archives (malware.archive_depth))"),
    (bomb(1), "archive_bytes: 100KiB", "opt/x (more than 102400 bytes unpacked (malware.archive_bytes))"),
    (gzip.compress(tar_of(("a", bytes(1 << 20)), ("e.com", BAD))), "archive_bytes: 1MiB", "opt/x (more than 1048576 bytes unpacked (malware.archive_bytes))"),
    (zip_of(("a", LARGE), ("e.com", BAD)), "archive_zip_bytes: 1MiB", "opt/x (zips of more than 1048576 bytes (malware.archive_zip_bytes))"),
    (tar_of(("in.zip", zip_of(("a", LARGE)))), "archive_zip_bytes: 1MiB", "opt/x (zips of more than 1048576 bytes (malware.archive_zip_bytes))"),
    (zip_of(("a.zip", zip_of(("b.zip", zip_of(("c", LARGE), method=zipfile.ZIP_STORED)), method=zipfile.ZIP_STORED)), method=zipfile.ZIP_STORED),
     "archive_zip_bytes: 8MiB", "opt/x (zips of more than 8388608 bytes (malware.archive_zip_bytes))"),
    (zip_of(*((str(i), b"x") for i in range(50)), ("e.com", BAD)), "archive_members: 50", "opt/x (more than 50 files in it (malware.archive_members))"),
    (zip_of(("z.sh", b"#!/bin/sh\n" + bytes(64 << 20))), "", "opt/x (it unpacks to more than 1000 times its size)"),
    (bz2.compress(tar_of(("z.sh", b"#!/bin/sh\n" + bytes(64 << 20)))), "", "opt/x (it unpacks to more than 1000 times its size)"),
    (lzma.compress(b"#!/bin/sh\n" + bytes(64 << 20)), "", "opt/x (it unpacks to more than 1000 times its size)"),
    (sparse_tar("hole.sh"), "archive_bytes: 1MiB", "opt/x (more than 1048576 bytes unpacked (malware.archive_bytes))"),
], ids=["deep", "depth set", "quine", "42", "bytes", "packed bytes", "zip", "zip within", "zips in zips", "members", "zip bomb", "bzip2 bomb", "xz bomb", "hole"])
def test_bounds(scan, layout, tmp_path, content, settings, told):
    config = tmp_path / "assay.yaml"
    config.write_text(f"malware: {{{settings}}}\n")
    answer = scan_with(scan, layout, {"opt/x": content}, "--config", config)
    assert len(gaps(answer)) == 1 and told in gaps(answer)[0], answer["incomplete"]
    assert scan("--config", config, "--kind", "malware", "--exit-code", "4", f"oci:{layout.folder}:x", check=4)


def test_a_gap_stays_when_the_file_is_removed(scan, layout):
    answer = scan_with(scan, layout, {"opt/x": nest(6, BAD)}, upper={"opt/.wh.x": b""})
    assert len(gaps(answer)) == 1


def test_many_other_gaps_hide_none(scan, layout):
    """However much else of the image could not be read."""
    tools = {f"usr/bin/t{i:04}": ("hardlink", "opt/evil") for i in range(1100)}
    answer = scan_with(scan, layout, {"opt/evil": b"evil", **tools, "usr/zzz": nest(6, BAD)})
    assert len(gaps(answer)) == 1, answer["incomplete"]


def test_a_policy_that_blocks_malware_refuses_a_gap(scan, layout, tmp_path):
    policy = tmp_path / "policy.yaml"
    layout.add_image("deep", [{**BASE, "opt/x": nest(6, b"fine")}])
    for blocks, code in (("[critical]", 1), ("[]", 0)):
        policy.write_text(f'policies: [{{name: a, namespaces: "**", vulnerabilities: {{block: []}}, malware: {{block: {blocks}}}}}]\n')
        done = scan("--policy", policy, "--repository", "team/app", f"oci:{layout.folder}:deep", check=code)
        assert "malware.archive_depth" in done.stdout


def test_depth_by_option(scan, layout):
    files = {"opt/x": nest(2, BAD), "opt/y.gz": gzip.compress(BAD)}
    assert found(scan_with(scan, layout, files, "--archive-depth", "2")) == {"opt/x:t:e.com", "opt/y.gz"}
    answer = scan_with(scan, layout, files, "--archive-depth", "0")
    assert answer["findings"] == [] and answer["incomplete"] == []
    for wrong in ("-1", "51", "x"):
        assert "--archive-depth" in scan("--archive-depth", wrong, f"oci:{layout.folder}:x", check=2).stderr


def test_what_nobody_can_unpack_is_a_note(scan, layout):
    answer = scan_with(scan, layout, {"opt/secret.zip": encrypted_zip(), "opt/half.zip": zip_of(("e.com", BAD))[:-30], "opt/odd.gz": b"\x1f\x8b\x08\x00" + b"\xff" * 50})
    assert answer["findings"] == [] and answer["incomplete"] == []
    notes = [each.split("archive-unread: ")[1] for each in answer["notes"] if "archive-unread: " in each]
    assert "opt/secret.zip:e.com: it is encrypted" in notes and "opt/half.zip: it is truncated, or no zip" in notes
    assert any(each.startswith("opt/odd.gz: ") for each in notes)


def test_rules_of_a_team_within(scan, layout, tmp_path):
    (tmp_path / "a.yar").write_text('rule In_Zip { strings: $a = "team-mark" condition: $a and filename == "run.sh" and filepath == "/bin/run.sh" and filesize == 29 }')
    script = b"#!/bin/sh\necho team-mark 0123\n"[:29]
    answer = scan_with(scan, layout, {"opt/a.zip": zip_of(("bin/run.sh", script))}, "--yara-rules", tmp_path / "a.yar")
    assert [(each["id"], each["location"]) for each in answer["findings"]] == [("In_Zip", "opt/a.zip:bin/run.sh")]


def test_raw_deflate_without_an_end(scan, layout):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(BAD) + packer.flush(zlib.Z_SYNC_FLUSH)
    content = bytearray(zip_of(("e.com", packed), method=zipfile.ZIP_STORED))
    struct.pack_into("<H", content, 8, 8)
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 10, 8)
    assert found(scan_with(scan, layout, {"opt/x.zip": bytes(content)})) == {"opt/x.zip:e.com"}
