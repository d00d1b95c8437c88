#!/usr/bin/python3
"""Archives in an image, beside what people's tools unpack of them: random zips, tars and packed streams, well-formed and mangled, have the test
file of EICAR in some member. Where any tool gets it out, Assay reports it, or tells that the archive was not looked through. `make differential`
runs it.

usage: archives.py [--program ASSAY] [--count N] [--seed S] [--only SEED] [--keep FOLDER] [--report FILE]

Archive number i of a run has the seed S + i. The exit code is 1 when malware was hidden, or when a well-formed archive counts as unscanned."""
import argparse
import bz2
import concurrent.futures
import gzip
import io
import json
import lzma
import os
import random
import re
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]
from assay_server import find_program  # noqa: E402
from oci_layout import Layout  # noqa: E402

# In two parts, so that this file is none.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
EICAR_MOST = 128
BATCH = 100
SECONDS = 20


# --- zips, whose every field is ours ---

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14


def packed_by(method, content):
    if method == DEFLATED:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        return packer.compress(content) + packer.flush()
    if method == BZIP2:
        return bz2.compress(content)
    if method == LZMA:
        raw = lzma.compress(content, lzma.FORMAT_ALONE)
        return b"\x09\x04\x05\0" + raw[:5] + raw[13:]
    return content


class Member:
    """What its header and the directory say, which is the same at first."""

    def __init__(self, name, content, method=STORED, flags=0, extra=b""):
        self.data = packed_by(method, content)
        fields = {"name": name, "method": method, "flags": flags | (2 if method == LZMA else 0), "crc": zlib.crc32(content), "packed": len(self.data),
                  "size": len(content), "extra": extra}
        self.described = flags & 8
        self.header, self.entry = dict(fields), dict(fields, shift=0, listed=True)
        if self.described:
            self.header.update(crc=0, packed=0, size=0)
        self.descriptor = struct.pack("<4sIII", b"PK\7\x08", fields["crc"], fields["packed"], fields["size"]) if self.described else b""
        self.signature, self.before = b"PK\3\4", b""


def header_of(member):
    at = member.header
    return member.signature + struct.pack("<HHHIIIIHH", 20, at["flags"], at["method"], 0x5a21_0000, at["crc"], at["packed"], at["size"],
                                          len(at["name"]), len(at["extra"])) + at["name"] + at["extra"]


def entry_of(member, offset):
    at = member.entry
    return b"PK\1\2" + struct.pack("<HHHHIIIIHHHHHII", 0x031e, 20, at["flags"], at["method"], 0x5a21_0000, at["crc"], at["packed"], at["size"],
                                   len(at["name"]), len(at["extra"]), 0, 0, 0, 0o100644 << 16, max(0, offset + at["shift"]) & 0xffffffff) + at["name"] + at["extra"]


def end_of(count, size, offset, comment=b"", said=None):
    return b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count & 0xffff, count & 0xffff, size & 0xffffffff, offset & 0xffffffff,
                                   len(comment) if said is None else said) + comment


def end_64_of(count, size, offset, at):
    return b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, offset) + b"PK\6\7" + struct.pack("<IQI", 0, at, 1)


def zip_of(members, before=b"", comment=b"", with_64=False, end=True):
    out, directory, offsets = bytearray(before), bytearray(), []
    for member in members:
        out += member.before
        offsets.append(len(out))
        out += header_of(member) + member.data + member.descriptor
    listed = [(member, offset) for member, offset in zip(members, offsets) if member.entry["listed"]]
    for member, offset in listed:
        directory += entry_of(member, offset)
    at = len(out)
    out += directory
    if with_64:
        out += end_64_of(len(listed), len(directory), at, len(out))
        return bytes(out + end_of(0xffff, 0xffffffff, 0xffffffff, comment))
    return bytes(out + end_of(len(listed), len(directory), at, comment)) if end else bytes(out)


def text(rng, most=400):
    return bytes(rng.choice(b"abcdefgh \n") for _ in range(rng.randrange(1, most)))


def some_members(rng, content, name=None):
    """One of them has the content."""
    members = [Member(b"m%d.txt" % i, text(rng), rng.choice((STORED, DEFLATED))) for i in range(rng.randrange(4))]
    method = rng.choice((STORED, STORED, DEFLATED, DEFLATED, DEFLATED, BZIP2, LZMA))
    described = 8 if method == DEFLATED and rng.randrange(3) == 0 else 0
    evil = Member(name or rng.choice((b"e.com", b"bin/e", b"a/b/c/e.txt")), content, method, described)
    members.insert(rng.randrange(len(members) + 1), evil)
    return members, evil


def zip_fields(rng, members, evil):
    """The header and the directory differ."""
    side = rng.choice((evil.header, evil.entry))
    key = rng.choice(("method", "packed", "size", "name", "flags", "crc", "extra"))
    side[key] = {"method": lambda: rng.choice((STORED, DEFLATED, BZIP2, LZMA, 9, 97, 1)),
                 "packed": lambda: rng.choice((0, 1, 10, side["packed"] + rng.randrange(1, 300), 0xffffffff)),
                 "size": lambda: rng.choice((0, 1, 10, 68, side["size"] + rng.randrange(1, 300), 0xffffffff)),
                 "name": lambda: rng.choice((b"other.txt", b"", b"dir/", b"../x", b"x" * 300)),
                 "flags": lambda: side["flags"] ^ rng.choice((1, 8, 0x41, 0x800, 0x2000)),
                 "crc": lambda: 1,
                 "extra": lambda: b"\x75\x70" + struct.pack("<H", 10) + b"\1" + bytes(4) + b"x.php"}[key]()
    return zip_of(members)


def zip_longer(rng, members, evil):
    """More than the file of EICAR, of which one side says where it ends."""
    method = rng.choice((STORED, DEFLATED))
    evil.__init__(b"e.com", EICAR + text(rng, 2000), method)
    for side in rng.choice(((evil.header,), (evil.entry,), (evil.header, evil.entry))):
        side["size"] = len(EICAR)
        side["crc"] = zlib.crc32(EICAR)
        if method == STORED:
            side["packed"] = len(EICAR)
    return zip_of(members)


def zip_unlisted(rng, members, evil):
    """The directory does not name it."""
    evil.entry["listed"] = False
    return zip_of(members, end=rng.randrange(4) > 0)


def zip_within(rng, _members, _evil):
    """A whole member stands in the content, the extra field, the comment, or between members."""
    inner = Member(b"e.com", EICAR, rng.choice((STORED, DEFLATED)))
    raw = header_of(inner) + inner.data
    way = rng.randrange(5)
    holder = Member(b"a.bin", text(rng) + raw + text(rng) if way != 1 else b"x", STORED, rng.choice((0, 8)))
    if way == 1:
        holder.header["extra"] = b"\x34\x12" + struct.pack("<H", len(raw)) + raw
    if way == 2:
        holder.descriptor += raw
    if way == 3:
        holder.before = raw
    if rng.randrange(2):  # the directory names what is within
        holder.entry["shift"] = zip_of([holder]).index(raw)
        holder.entry.update({key: inner.entry[key] for key in ("name", "method", "crc", "packed", "size", "flags")})
    comment = raw if way == 4 else b""
    return zip_of([holder, *([Member(b"b.txt", b"b")] if rng.randrange(2) else [])], comment=comment)


def zip_early_end(rng, _members, _evil):
    """The packed bytes end before the directory says, and others follow."""
    inner = Member(b"e.com", EICAR, DEFLATED)
    outer = Member(b"a.txt", text(rng), DEFLATED, 8)
    tail = outer.descriptor + header_of(inner) + inner.data + text(rng, 50)
    outer.entry["packed"] += len(tail)
    outer.data += tail
    outer.descriptor = struct.pack("<4sIII", b"PK\7\x08", outer.entry["crc"], outer.entry["packed"], outer.entry["size"])
    return zip_of([outer])


def zip_ends(rng, members, _evil):
    """Several ends and directories, of which one names it."""
    good, clean = zip_of(members), zip_of([Member(b"fine.txt", text(rng))])
    at = good.rindex(b"PK\5\6")
    way = rng.randrange(8)
    if way == 0:  # an end behind that says there is nothing
        return good + end_of(0, 0, 0)
    if way == 1:  # another archive in the comment
        return good[:at] + end_of(*struct.unpack("<H", good[at + 8:at + 10]), *struct.unpack("<II", good[at + 12:at + 20]), comment=clean)
    if way == 2:  # and the other way around
        return clean[:-2] + struct.pack("<H", len(good)) + good
    if way == 3:
        return clean + good
    if way == 4:
        return good + clean
    if way == 5:  # Zip64's end says otherwise
        count, size, offset = struct.unpack("<H", good[at + 8:at + 10])[0], *struct.unpack("<II", good[at + 12:at + 20])
        other = zip_of([Member(b"fine.txt", b"fine")])
        body = other[:other.index(b"PK\1\2")]
        listed = other[other.index(b"PK\1\2"):other.rindex(b"PK\5\6")]
        if rng.randrange(2):
            moved = listed[:42] + struct.pack("<I", at) + listed[46:]
            return good[:at] + body + moved + end_64_of(1, len(listed), at + len(body), at + len(body) + len(listed)) + end_of(count, size, offset)
        return good[:at] + end_64_of(count, size, offset, at) + end_of(0, 0, offset)
    if way == 6:  # counts and sizes that are wrong
        end = bytearray(good[at:])
        struct.pack_into("<" + rng.choice("HI"), end, rng.choice((4, 6, 8, 10, 12, 16)), rng.choice((0, 1, 0xffff, rng.randrange(65536))))
        return good[:at] + bytes(end)
    return good[:at] + end_of(0, 0, rng.choice((0, at)), said=22) + good[at:]


def zip_mangled(rng, members, _evil):
    """Bytes before, behind, missing or changed; as it is, now and then."""
    content = bytearray(zip_of(members, comment=rng.choice((b"", text(rng))), with_64=rng.randrange(4) == 0))
    for _ in range(rng.randrange(4)):
        way = rng.randrange(6)
        if way == 0:
            content[rng.randrange(len(content))] = rng.randrange(256)
        elif way == 1:
            content += rng.choice((text(rng), bytes(rng.randrange(1, 5000)), rng.randbytes(300)))
        elif way == 2:
            content[:0] = rng.choice((b"PK00", b"PK\7\x08", b"#!/bin/sh\nexit\n", b"MZ" + bytes(200), rng.randbytes(700)))
        elif way == 3:
            del content[rng.randrange(len(content)):]
        elif way == 4:
            at = rng.randrange(len(content))
            del content[at:at + rng.randrange(1, 40)]
        else:
            where = [match.start() for match in re.finditer(b"PK(\1\2|\3\4|\5\6|\6\6|\6\7)", content)]
            at = rng.choice(where or [0]) + rng.randrange(46)
            if at < len(content):
                content[at] = rng.choice((0, 1, 8, 255, rng.randrange(256)))
        if len(content) < 4:
            break
    return bytes(content)


ZIPS = (zip_fields, zip_fields, zip_fields, zip_longer, zip_unlisted, zip_within, zip_within, zip_early_end, zip_ends, zip_ends, zip_mangled, zip_mangled)


def odd_zip(rng, content):
    members, evil = some_members(rng, content)
    return rng.choice(ZIPS)(rng, members, evil)


def good_zip(rng, content):
    return zip_of(some_members(rng, content)[0], comment=rng.choice((b"", text(rng))), with_64=rng.randrange(4) == 0)


# --- tars ---

FORMATS = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT)


def tar_of(rng, content, odd=False):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=rng.choice(FORMATS)) as archive:
        names = [f"m{i}.txt" for i in range(rng.randrange(4))]
        names.insert(rng.randrange(len(names) + 1), "e.com")
        for name in names:
            entry = tarfile.TarInfo(name if rng.randrange(5) else "d" * 60 + "/" + name)
            data = content if name == "e.com" else text(rng, 3000)
            entry.size = len(data)
            if rng.randrange(6) == 0:
                entry.pax_headers = {"comment": "c" * rng.choice((10, 2000, 1_100_000 if odd else 5000)), "mtime": "1.5"}
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def headers_of(tar):
    return [at for at in range(0, len(tar) - 511, 512) if tar[at + 257:at + 262] == b"ustar"]


def resum(tar, at):
    tar[at + 148:at + 156] = b" " * 8
    tar[at + 148:at + 156] = b"%06o\0 " % sum(tar[at:at + 512])


def odd_tar(rng, content):
    tar = bytearray(tar_of(rng, content, odd=True))
    for _ in range(rng.randrange(1, 4)):
        headers = headers_of(tar)
        if not headers:
            break
        at, way = rng.choice(headers), rng.randrange(10)
        if way == 0:  # a header that is broken
            tar[at + rng.randrange(148)] ^= 1 << rng.randrange(8)
        elif way == 1:  # a number that is none
            where = at + rng.choice((100, 108, 116, 136, 329, 337))
            tar[where:where + 3] = rng.choice((b"x12", b"  \xff", b"-12", b"\x80\xff\xff"))
            resum(tar, at)
        elif way == 2:  # a size
            tar[at + 124:at + 136] = rng.choice((b"00000000000\0", b"00000001000\0", b"77777777777\0", b"0000000104x\0", b"-0000000001\0",
                                                 b"\x80" + bytes(10) + b"\x44", b"\xff" * 12))
            resum(tar, at)
        elif way == 3:  # a type
            tar[at + 156:at + 157] = rng.choice((b"1", b"2", b"5", b"6", b"7", b"\0", b"S", b"x", b"g", b"L", b"M", b"V", b"Z"))
            resum(tar, at)
        elif way == 4:
            del tar[rng.randrange(512, len(tar)):]
        elif way == 5:  # blocks that are none
            where = rng.choice([512 * rng.randrange(len(tar) // 512), at])
            tar[where:where] = rng.choice((bytes(512), bytes(1024), rng.randbytes(512), rng.randbytes(1536), text(rng).ljust(512, b"\0")))
        elif way == 6:  # another behind
            tar = bytearray(tar_of(rng, b"fine")) + tar
        elif way == 7:  # a global header
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT,
                              pax_headers={rng.choice(("comment", "size", "path", "mtime", "GNU.sparse.size")): rng.choice(("68", "1", "x", "-1"))}):
                pass
            tar[at:at] = out.getvalue()[:1024]
        elif way == 8:
            tar[rng.randrange(len(tar))] = rng.randrange(256)
        else:
            tar = bytearray(tar.rstrip(b"\0"))
    return bytes(tar)


# --- packed streams ---

def zstd(content):
    return subprocess.run(["zstd", "-q", "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout


PACKERS = {"gz": lambda content: gzip.compress(content, mtime=0), "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


def stream_of(rng, content, odd):
    kind = rng.choice(list(PACKERS))
    pack = PACKERS[kind]
    parts = [content] if rng.randrange(3) else [content[:20], content[20:]]
    out = [bytearray(pack(part)) for part in parts]
    if not odd:
        return b"".join(out)
    way = rng.randrange(7)
    if way == 0:
        out.append(text(rng))
    elif way == 1:
        out.append(bytes(rng.randrange(1, 2000)) + pack(b"fine"))
    elif way == 2:
        out[0][-rng.randrange(1, 12)] ^= 1 << rng.randrange(8)
    elif way == 3:
        out[-1] = out[-1][:-rng.randrange(1, 16)]
    elif way == 4:
        out.insert(0, pack(b""))
    elif way == 5:
        out[-1][rng.randrange(len(out[-1]))] = rng.randrange(256)
    else:
        out.append(zip_of([Member(b"e.com", EICAR)]))
    return b"".join(out)


# --- one archive ---

def archive(seed):
    """Its bytes, and whether it is as a tool writes it."""
    rng = random.Random(seed)
    content, good = EICAR, rng.randrange(6) == 0
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        content = rng.choice((good_zip, tar_of, lambda r, c: stream_of(r, c, False)))(rng, content)
    kind = rng.randrange(10)
    if kind < 5:
        return (good_zip if good else odd_zip)(rng, content), good
    if kind < 8:
        return (tar_of if good else odd_tar)(rng, content), good
    return stream_of(rng, content, not good), good


# --- who unpacks them ---

def is_eicar(content):
    return content.startswith(EICAR) and len(content) <= EICAR_MOST


def files_in(folder):
    """What is no link and no device, whatever its mode is."""
    for root, folders, names in os.walk(folder):
        for name in folders:
            path = Path(root, name)
            if not path.is_symlink():
                path.chmod(0o700)
        for path in (Path(root, name) for name in names):
            if stat.S_ISREG(path.lstat().st_mode):
                path.chmod(0o600)
                yield path


def holds(folder):
    return any(path.stat().st_size <= EICAR_MOST and is_eicar(path.read_bytes()) for path in files_in(folder))


def by_command(*command, stdin=False):
    def run(path, folder):
        with open(path if stdin else os.devnull, "rb") as given:
            subprocess.run([part if part != "@" else str(path) for part in command], stdin=given, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, cwd=folder, timeout=SECONDS, check=False)
        return unpacks_further(folder)
    return run


def by_filter(*command):
    def run(path, folder):
        with open(path, "rb") as given, open(folder / "out", "wb") as out:
            subprocess.run(command, stdin=given, stdout=out, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False)
        return unpacks_further(folder)
    return run


def by_zipfile(path, folder):
    with zipfile.ZipFile(path) as file:
        for number, info in enumerate(file.infolist()):
            content = bytearray()
            try:
                with file.open(info) as member:
                    while piece := member.read(64):
                        content += piece
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError):
                pass
            (folder / str(number)).write_bytes(content)
    return unpacks_further(folder)


def by_tarfile(ignore_zeros):
    def run(path, folder):
        with tarfile.open(path, ignore_zeros=ignore_zeros) as file:
            for number, info in enumerate(file):
                member = file.extractfile(info) if info.isreg() else None
                if member is not None:
                    (folder / str(number)).write_bytes(member.read(1 << 20))
        return unpacks_further(folder)
    return run


BROKEN = (OSError, EOFError, ValueError, KeyError, RuntimeError, AttributeError, NotImplementedError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
          struct.error, subprocess.TimeoutExpired, RecursionError)


def unpacks_further(folder, depth=3):
    """What was unpacked may be an archive as well."""
    if holds(folder):
        return True
    for path in list(files_in(folder)) if depth > 0 else []:
        content = path.read_bytes()
        for number, opened in enumerate(simply_opened(content)):
            inner = folder / f"within-{number}"
            shutil.rmtree(inner, ignore_errors=True)
            inner.mkdir()
            (inner / "x").write_bytes(opened)
            if unpacks_further(inner, depth - 1):
                return True
    return False


def simply_opened(content):
    """What is in an archive that was in one: those are well-formed, so by Python."""
    try:
        if content.startswith(b"PK\3\4"):
            with zipfile.ZipFile(io.BytesIO(content)) as file:
                yield from (file.read(name) for name in file.namelist())
        elif content[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(content)) as file:
                yield from (file.extractfile(info).read() for info in file if info.isreg())
        elif content.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
            yield {b"\x1f": gzip.decompress, b"B": bz2.decompress, b"\xfd": lzma.decompress}[content[:1]](content)
        elif content.startswith(b"\x28\xb5\x2f\xfd"):
            yield subprocess.run(["zstd", "-q", "-dc"], input=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    except BROKEN:
        return


UNZIPPERS = {"unzip": by_command("unzip", "-o", "-q", "-P", "x", "@"), "zipfile": by_zipfile, "7zz": by_command("7zz", "x", "-y", "-px", "@"),
             "bsdtar": by_command("bsdtar", "-x", "-f", "@"), "bsdtar of a pipe": by_command("bsdtar", "-x", "-f", "-", stdin=True)}
UNTARRERS = {"tar": by_command("tar", "-x", "-f", "@"), "tar -i": by_command("tar", "-i", "-x", "-f", "@"), "tarfile": by_tarfile(False),
             "tarfile past zeros": by_tarfile(True), "bsdtar": UNZIPPERS["bsdtar"], "7zz": UNZIPPERS["7zz"]}
FILTERS = {"gzip": by_filter("gzip", "-dc"), "bzip2": by_filter("bzip2", "-dc"), "xz": by_filter("xz", "-dc"), "zstd": by_filter("zstd", "-q", "-dc"),
           "bsdtar": by_command("sh", "-c", 'bsdtar -x -f "$1"; bsdtar -x -O --format raw -f "$1" > out', "sh", "@"), "7zz": UNZIPPERS["7zz"]}
NEEDS = {"7zz": "7zz", "unzip": "unzip", "bsdtar": "bsdtar", "bsdtar of a pipe": "bsdtar", "zstd": "zstd"}


def judges_of(content):
    all_of = {**UNZIPPERS, **UNTARRERS, **FILTERS} if not content.startswith(b"PK") and content[257:262] != b"ustar" else \
        UNZIPPERS if content.startswith(b"PK") else UNTARRERS | {"unzip": UNZIPPERS["unzip"], "zipfile": by_zipfile}
    return {name: judge for name, judge in all_of.items() if name not in NEEDS or shutil.which(NEEDS[name])}


def who_finds(path):
    """Names of the tools that get the test file out."""
    found = []
    for name, judge in judges_of(path.read_bytes()).items():
        with tempfile.TemporaryDirectory(prefix="judge-") as folder:
            try:
                if judge(path, Path(folder)):
                    found.append(name)
            except BROKEN:
                if unpacks_further(Path(folder)):
                    found.append(name)
    return found


def who_of_java_finds(folder):
    """By java.util.zip, of a table and of a stream: {name of the file: [...]}. {}: there is no Java."""
    if shutil.which("java") is None:
        return {}
    done = subprocess.run(["java", HERE / "Archives.java", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=300, check=False)
    found = {}
    for line in done.stdout.splitlines():
        name, judge = line.split(" ", 1)
        found.setdefault(name, []).append(judge)
    return found


# --- what Assay says ---

def scanned(program, folder, archives):
    """Of each archive by its name: whether it is found, and the gaps."""
    # Of no vulnerability is asked, but a database must be there.
    (folder / "none.json").write_text('{"distroversion": "v3.10", "reponame": "main", "packages": []}')
    subprocess.run([program, "db", "import", "--data", folder / "data", "--type", "alpine-secdb", folder / "none.json"], check=True, stdout=subprocess.DEVNULL)
    layout = Layout(folder / "image")
    layout.add_image("x", [{f"opt/{name}": content for name, content in archives.items()}])
    done = subprocess.run([program, "scan", "--config", os.devnull, "--data", folder / "data", "--kind", "malware", "--format", "json",
                           f"oci:{layout.folder}:x"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")})
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    answer = json.loads(done.stdout)
    places = [each["location"] for each in answer["findings"] if each["id"] == "eicar-test-file"]
    # The first is named in `incomplete`, and all are in the notes.
    gaps = [each.split("malware-unscanned: ")[1] for each in answer["notes"] if "malware-unscanned: " in each]
    assert not gaps or answer["incomplete"], answer["notes"]
    shutil.rmtree(folder / "image")
    named = {name: re.compile(rf"opt/{re.escape(name)}(?![\w.])") for name in archives}
    return {name: (any(one.match(place) for place in places), [gap for gap in gaps if one.match(gap)]) for name, one in named.items()}


def batch(program, seeds, keep):
    """[(seed, what is wrong)], and counts."""
    made = {f"a{seed}": archive(seed) for seed in seeds}
    wrong, counts = [], {"archives": 0, "unpacked": 0, "good": 0, "gaps": 0}
    with tempfile.TemporaryDirectory(prefix="archives-") as name:
        folder = Path(name)
        (folder / "files").mkdir()
        for each, (content, _) in made.items():
            (folder / "files" / each).write_bytes(content)
        answers = scanned(program, folder, {each: content for each, (content, _) in made.items()})
        of_java = who_of_java_finds(folder / "files")
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            all_found = dict(zip(made, pool.map(lambda each: who_finds(folder / "files" / each), made)))
    for each, (content, good) in made.items():
        judges, (found, gaps) = all_found[each] + of_java.get(each, []), answers[each]
        counts["archives"] += 1
        counts["unpacked"] += bool(judges)
        counts["good"] += good
        counts["gaps"] += bool(gaps)
        if judges and not found and not gaps:
            wrong.append((int(each[1:]), f"HIDDEN {each}: unpacked by {', '.join(judges)}"))
        if good and (gaps or not found):
            wrong.append((int(each[1:]), f"GOOD {each}: {'found' if found else 'not found'}, {gaps}"))
        if keep and wrong and wrong[-1][0] == int(each[1:]):
            (keep / each).write_bytes(content)
    return wrong, counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--program", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    program = options.program or find_program()
    seeds = [options.only] if options.only is not None else list(range(options.seed, options.seed + options.count))
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    wrong, counts = [], {}
    for at in range(0, len(seeds), BATCH):
        more, of_batch = batch(program, seeds[at:at + BATCH], options.keep)
        wrong += more
        counts = {key: counts.get(key, 0) + value for key, value in of_batch.items()}
    for _, line in wrong:
        print(line)
    print(", ".join(f"{value} {key}" for key, value in counts.items()))
    if options.report:
        options.report.write_text(json.dumps({**counts, "wrong": [line for _, line in wrong]}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
