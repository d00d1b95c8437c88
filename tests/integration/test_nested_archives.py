"""Malicious files within archives, without ClamAV: to a depth, bounded, and what a bound hides is told and never clean."""
import bz2
import gzip
import io
import json
import lzma
import random
import re
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


def undescribed_zip(count, size):
    """Stored members whose sizes are to follow them, and never do: whoever looks for them reads the rest of the zip for each."""
    content = bytearray(zip_of(*((f"m{i}", b"x") for i in range(count)), ("zeros", bytes(size)), method=zipfile.ZIP_STORED))
    for header in list(re.finditer(b"PK\3\4", content))[:count]:
        content[header.start() + 6] |= 8
        content[header.start() + 14:header.start() + 26] = bytes(12)
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
    "opt/wrong-header-sum.gz": (gzip.compress(BAD)[:3] + b"\2" + gzip.compress(BAD)[4:10] + b"\1\2" + gzip.compress(BAD)[10:], None),
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


def unscanned(answer):
    """All of them, with the reason; `incomplete` names the first."""
    told = (each.split("malware-unscanned: ")[1] for each in answer["notes"] if "malware-unscanned: " in each)
    return [each.replace(": Not looked through for malware: ", ": ").rstrip(".") for each in told]


def test_where_it_is_found(scan, layout):
    answer = scan_with(scan, layout, {path: content for path, (content, _) in FOUND.items()}, upper={"opt/.wh.a.tar": b""})
    assert found(answer) == {path if within is None else f"{path}:{within}" for path, (_, within) in FOUND.items()}
    assert gaps(answer) == ["malware unscanned: opt/truncated.tar (the tar is broken: it is cut off in an entry)"]
    assert {each["severity"] for each in answer["findings"]} == {"critical"}
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
    assert len(gaps(answers[1])) == 1 and "opt/a: it has larger holes than are read" in unscanned(answers[1])


def test_holes_of_other_files(scan, layout):
    """They are no gap, however large, and what is behind one is found."""
    packed = zip_of(("e.com", BAD))
    behind = hostile.sparse_header("opt/tool", (1 << 33) - 512 + len(packed), (0, 512), ((1 << 33) - 512, len(packed))) + b"log".ljust(512, b"\0") + packed
    stored = [hostile.sparse_header("var/log/lastlog", (1 << 33) - 1, (0, 512)) + b"log".ljust(512, b"\0"), behind + bytes(-len(behind) % 512)]
    layout.add_image("x", [b"".join(stored) + hostile.file("etc/os-release", images.ALPINE.encode()) + bytes(1024)])
    answer = json.loads(scan("--format", "json", "--kind", "malware", f"oci:{layout.folder}:x").stdout)
    assert found(answer) == {"opt/tool:e.com"} and gaps(answer) == []


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
    (undescribed_zip(20, 100_000), "archive_bytes: 1MiB", "opt/x (more than 1048576 bytes unpacked (malware.archive_bytes))"),
], ids=["deep", "depth set", "quine", "42", "bytes", "packed bytes", "zip", "zip within", "zips in zips", "members", "zip bomb", "bzip2 bomb", "xz bomb", "hole",
        "descriptors"])
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


def notes_of(answer):
    return [each.split("archive-unread: ")[1] for each in answer["notes"] if "archive-unread: " in each]


def test_what_nobody_can_unpack_is_a_note(scan, layout):
    answer = scan_with(scan, layout, {"opt/half.zip": zip_of(("e.com", BAD))[:20], "opt/odd.gz": b"\x1f\x8b\x08\x00" + b"\xff" * 50})
    assert answer["findings"] == [] and answer["incomplete"] == []
    notes = notes_of(answer)
    assert "opt/half.zip: it is truncated, or no zip" in notes and any(each.startswith("opt/odd.gz: ") for each in notes)


def test_what_others_may_unpack_is_a_gap(scan, layout):
    odd_method = zip_of(("e.com", BAD), method=zipfile.ZIP_STORED).replace(b"\x14\0\0\0\0\0\0\0", b"\x14\0\0\0\x61\0\0\0")
    lost = bytearray(zip_of(("e.com", BAD)))
    lost[:4] = b"PK00"
    answer = scan_with(scan, layout, {"opt/secret.zip": encrypted_zip(), "opt/wavpack.zip": odd_method, "opt/lost.zip": bytes(lost),
                                      "opt/cut.tar": tar_of(("a", b"x" * 5000))[:3000], "opt/large.tar": large_header(17 << 20),
                                      "opt/size.tar": changed_tar(124, b"00000000001x", 0)})
    assert found(answer) == {"opt/size.tar:e.com"}
    assert len(gaps(answer)) == 1 and sorted(unscanned(answer)) == [f"opt/{each}" for each in (
        "cut.tar: the tar is broken: it is cut off in an entry", "large.tar: the tar is broken: an extended header is larger than 16 MiB",
        "lost.zip: the table of the zip names what is not there", "secret.zip:e.com: it is encrypted", "size.tar: a size in the tar is no number",
        "wavpack.zip:e.com: it is packed in a way that is not known here")]


def large_header(size):
    """A record of pax that is as large, and EICAR's file after it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("e.com")
        entry.size, entry.pax_headers = len(BAD), {"comment": "c" * size}
        archive.addfile(entry, io.BytesIO(BAD))
    return out.getvalue()


TWO = ("a", b"x"), ("e.com", BAD)


def changed_tar(at, what, sum_of=None):
    """The checksum of the header at `sum_of` is right again."""
    content = bytearray(tar_of(*TWO, form=tarfile.USTAR_FORMAT))
    content[at:at + len(what)] = what
    if sum_of is not None:
        content[sum_of + 148:sum_of + 156] = b" " * 8
        content[sum_of + 148:sum_of + 156] = b"%06o\0 " % sum(content[sum_of:sum_of + 512])
    return bytes(content)


def odd_tars():
    """As somebody unpacks them all the same: GNU's tar with -i, Python, libarchive."""
    good = tar_of(*TWO, form=tarfile.USTAR_FORMAT)
    return {"opt/first.tar": changed_tar(0, b"z"), "opt/mtime.tar": changed_tar(1024 + 136, b"x12", 1024),
            "opt/device.tar": changed_tar(1024 + 329, b"\xff-1", 1024), "opt/zeros.tar": good[:1024] + bytes(512) + good[1024:],
            "opt/two.tar": tar_of(("a", b"x")) + tar_of(("e.com", BAD)), "opt/junk.tar": good[:1024] + b"j" * 512 + good[1024:],
            "opt/large.tar": large_header(1 << 21), "opt/no-end.tar": good.rstrip(b"\0")}


def stub(name, content):
    """A zip behind a program, whose offsets count from the zip or from the file."""
    return {f"opt/{name}": (b"#!/bin/sh\nexec java -jar $0\n", b"MZ" + bytes(700), noise(100_000))[len(name) % 3] + content}


def test_broken_archives_that_are_unpacked(scan, layout):
    files = {**odd_tars(), **stub("a", zip_of(("e.com", BAD))), **stub("bb", zip_of(("x", noise(1000)), ("e.com", BAD))), **stub("ccc", zip_of(("e.com", BAD))),
             "opt/dddd": noise(512 * 3) + tar_of(("e.com", BAD)), "opt/gzip": gzip.compress(b"x") + zip_of(("e.com", BAD)),
             "opt/tar": tar_of(("a", b"x")) + zip_of(("e.com", BAD))}
    answer = scan_with(scan, layout, files)
    assert {place.split(":")[0] for place in found(answer)} == set(files) and gaps(answer) == []


def member(name, content, method=0, flags=0):
    """A zip's header and what follows it; and the entry of the directory, for an offset."""
    data = zlib.compress(content, 9)[2:-4] if method == 8 else content
    sizes = struct.pack("<III", zlib.crc32(content), len(data), len(content))
    entry = b"PK\1\2" + struct.pack("<HHHHI", 20, 20, flags, method, 0) + sizes + struct.pack("<HHHHHI", len(name), 0, 0, 0, 0, 0)
    return (b"PK\3\4" + struct.pack("<HHHI", 20, flags, method, 0) + sizes + struct.pack("<HH", len(name), 0) + name + data,
            lambda offset: entry + struct.pack("<I", offset) + name)


def end(count, size, offset, comment=b"", said=None):
    return b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, size, offset, len(comment) if said is None else said) + comment


def listed(members, *places):
    """The zip of these bytes, whose directory has these entries."""
    directory = b"".join(entry(offset) for entry, offset in places)
    return members + directory + end(len(places), len(directory), len(members))


def two_readings():
    evil, evil_entry = member(b"e.com", BAD)
    packed, packed_entry = member(b"e.com", BAD, 8)
    fine, fine_entry = member(b"fine.txt", b"fine")
    holder, holder_entry = member(b"holder", b"before" + evil + b"after")
    good = listed(evil, (evil_entry, 0))
    clean = listed(fine, (fine_entry, 0))
    as_stored = bytearray(listed(packed, (packed_entry, 0)))
    struct.pack_into("<H", as_stored, as_stored.index(b"PK\1\2") + 10, 0)
    as_packed = bytearray(listed(packed, (packed_entry, 0)))
    struct.pack_into("<H", as_packed, 8, 0)
    short = bytearray(listed(packed, (packed_entry, 0)))
    struct.pack_into("<I", short, short.index(b"PK\1\2") + 20, 5)
    longer, longer_entry = member(b"e.com", BAD + b"y" * 500)
    cut = bytearray(listed(longer, (longer_entry, 0)))
    for at in (cut.index(b"PK\1\2") + 20, cut.index(b"PK\1\2") + 24):
        struct.pack_into("<I", cut, at, len(BAD))
    at_end = evil + evil_entry(0)
    return {"unlisted": listed(fine + evil, (fine_entry, 0)), "unlisted-first": listed(evil + fine, (fine_entry, len(evil))),
            "no-directory": evil, "within-stored": listed(holder, (holder_entry, 0), (evil_entry, holder.index(evil))),
            "last-end-empty": good + end(0, 0, 0), "end-in-comment": clean[:-2] + struct.pack("<H", len(good)) + good,
            "comment-is-clean": good[:-2] + struct.pack("<H", len(clean)) + clean, "one-behind-another": clean + good, "another-behind": good + clean,
            "said-stored": bytes(as_stored), "said-packed": bytes(as_packed), "said-short": bytes(short), "said-less": bytes(cut),
            "named-by-64": at_end + b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, len(at_end) - len(evil), len(evil)) +
            b"PK\6\7" + struct.pack("<IQI", 0, len(at_end), 1) + end(0, 0, 0)}


def test_zips_of_two_readings(scan, layout):
    """What only some readers find in a zip is found, or the zip counts as unscanned."""
    files = {f"opt/{name}.zip": content for name, content in two_readings().items()}
    answer = scan_with(scan, layout, files)
    assert {place.split(":")[0] for place in found(answer)} == set(files), answer["incomplete"]


def test_nested_zips_are_found_once(scan, layout):
    """What stands in a stored member, or in one whose size follows it, is no member of the outer archive."""
    inner = zip_of(("e.com", BAD), ("noise", noise(3000)))
    followed = io.BytesIO()
    with zipfile.ZipFile(Unseekable(followed), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner)
    answer = scan_with(scan, layout, {"opt/stored.zip": zip_of(("inner.zip", inner), method=zipfile.ZIP_STORED), "opt/followed.jar": followed.getvalue()})
    assert found(answer) == {"opt/stored.zip:inner.zip:e.com", "opt/followed.jar:inner.zip:e.com"} and gaps(answer) == []
    assert notes_of(answer) == []


class Unseekable(io.RawIOBase):
    """As a pipe, for which sizes are written after the bytes."""

    def __init__(self, out):
        super().__init__()
        self.out = out

    def writable(self):
        return True

    def write(self, data):
        return self.out.write(data)


def test_one_member_that_is_named_in_many_ways(scan, layout):
    """More than tools write is told, and the rest is looked at."""
    evil, entry = member(b"e.com", BAD)
    places = [(lambda offset, i=i: entry(offset).replace(b"e.com", b"%03d.x" % i), 0) for i in range(300)]
    after, after_entry = member(b"z.com", BAD)
    content = listed(evil + after, *places, (after_entry, len(evil)))
    answer = scan_with(scan, layout, {"opt/many.zip": content, "opt/some.zip": listed(evil, *places[:40])})
    assert unscanned(answer) == ["opt/many.zip:000.x: more than 64 entries of the zip differ on it"]
    assert {"opt/many.zip:000.x", "opt/many.zip:z.com", "opt/some.zip:039.x"} <= found(answer)


def test_stored_bytes_behind_a_descriptor_that_is_wrong(scan, layout):
    """A reader that goes by headers alone has them to the end."""
    header, _ = member(b"in.tar", b"", flags=8)
    content = header + tar_of(("a", b"PK\7\b" + bytes(12)), ("e.com", BAD))
    assert found(scan_with(scan, layout, {"opt/x.zip": content})) == {"opt/x.zip:in.tar:e.com"}


def test_packed_by_lzma(scan, layout):
    assert found(scan_with(scan, layout, {"opt/x.zip": zip_of(("e.com", BAD), method=zipfile.ZIP_LZMA)})) == {"opt/x.zip:e.com"}


def test_more_notes_than_are_listed(scan, layout):
    """Of many broken members some are named, and it is told how many there are."""
    broken = bytearray(zip_of(*((f"m{i:02}", noise(100)) for i in range(20))))
    for at in [each.start() for each in re.finditer(b"PK\3\4", bytes(broken))]:
        broken[at + 33:at + 41] = b"\xff" * 8
    notes = notes_of(scan_with(scan, layout, {"opt/x.zip": bytes(broken)}))
    assert len(notes) == 6 and notes[-1] == "opt/x.zip: of 15 more parts of it something could not be read"


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
