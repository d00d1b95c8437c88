#!/usr/bin/python3
"""Our reader of tars beside Go's archive/tar, by which runtimes unpack: generated tars, most of them odd, must be the same
entries to both, or refused by both. `make differential` runs it where Go is installed.

usage: tars.py [--count N] [--seed S] [--only SEED] [--lister LIST-TARS] [--report FILE]

Tar number i of a run has the seed S + i; the samples of Go's own tests come first. The exit code is 1 when there was a difference, 77 without Go."""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]
from assay_server import find_program  # noqa: E402

BLOCK, BATCH = 512, 1000
TYPES = [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"\0", b"S", b"x", b"g", b"L", b"K", b"V", b"M", b"D", b"Z", b"A", b"\xff"]
MAGICS = [b"ustar\00000", b"ustar  \0", bytes(8), b"ustar\0  ", b"ustar \x0000", b"ustarX00"]
NAMES = [b"a", b"etc/passwd", b"a/", b"/", b"", b".", b"./x", b"../y", b"a/../b", b"var/lib/dpkg/status", b"x" * 99, b"x" * 100, b"y/" * 50,
         b"bad\xff", b"caf\xc3\xa9", b".wh.x", b".wh..wh..opq", b"long/" * 40 + b"end", b"a\nb", b"with space", b"z" * 300 + b"/"]
KEYS = [b"path", b"linkpath", b"size", b"uid", b"gid", b"uname", b"gname", b"mtime", b"atime", b"ctime", b"comment", b"charset",
        b"SCHILY.xattr.user.a", b"SCHILY.xattr.trusted.overlay.opaque", b"SCHILY.xattr.", b"LIBARCHIVE.xattr.user.a", b"SCHILY.realsize",
        b"GNU.sparse.major", b"GNU.sparse.minor", b"GNU.sparse.name", b"GNU.sparse.size", b"GNU.sparse.realsize", b"GNU.sparse.map",
        b"GNU.sparse.numblocks", b"GNU.sparse.offset", b"GNU.sparse.numbytes", b"SUN.holesdata", b"PATH", b"path ", b"\xff", b"a"]
NUMBERS = [b"0", b"1", b"5", b"512", b"+7", b"-1", b"007", b"", b" 1", b"1 ", b"0x10", b"1_0", b"9223372036854775807", b"9223372036854775808",
           b"-9223372036854775808", b"4.5", b"1\0", b"one"]
TIMES = [b"0", b"1700000000.123456789", b"-1.5", b"1.", b".5", b"1.5x", b"1.-5", b"+1", b"1e3", b"1.0000000000000000001", b"1..2"]


def resum(block, rng):
    """With a checksum: right, of signed bytes, oddly written, or wrong."""
    block[148:156] = b" " * 8
    total = sum(block)
    signed = sum(byte - 256 if byte > 127 else byte for byte in block)
    way = rng.randrange(120)
    text = b"%06o\0 " % total
    if way == 0:
        text = b"%06o\0 " % (total + 1)
    elif way == 1 and signed >= 0:
        text = b"%06o\0 " % signed
    elif way == 2:
        text = b"%7o " % total
    elif way == 3:
        text = b"%08o" % total
    elif way == 4:
        text = b"%o\0x" % total
    elif way == 5:
        text = b"\0 %o\0 " % total
    elif way == 6:
        text = b"%ox" % total
    block[148:156] = text[:8].ljust(8, b"\0")
    return block


def binary(number, size):
    """Of base 256."""
    data = bytearray((number % (1 << 8 * size)).to_bytes(size, "big"))
    data[0] |= 0x80
    return bytes(data)


def number(rng, value, size):
    """A field, mostly as it should be."""
    way = rng.randrange(40)
    good = b"%0*o\0" % (size - 1, value)
    if value < 0 or len(good) > size:
        return binary(value, size)
    odd = [binary(value, size), b"%*o " % (size - 1, value), b"%0*o" % (size, value), b"\0\0%o" % value, b"%o\0x" % value, b"%o x" % value,
           b" %o\0" % value, binary(-1 - value, size), bytes([0x80] + [rng.randrange(256) for _ in range(size - 1)]),
           bytes([0xc0] + [0xff] * (size - 1)), bytes([0xbf] + [rng.randrange(256) for _ in range(size - 1)]), b"8", b"-1", b"0_1", b"+1", b" " * size,
           bytes(size)]
    return (odd[way] if way < len(odd) and rng.randrange(20) == 0 else good)[:size].ljust(size, b"\0")


def header(rng, name, kind, size=0, target=b"", magic=None):
    block = bytearray(BLOCK)
    block[0:100] = name[:100].ljust(100, b"\0")
    for at, value, width in ((100, rng.choice([0o644, 0o4755, 0o100644]), 8), (108, rng.choice([0, 0, 1000, 70000]), 8),
                             (116, rng.choice([0, 5]), 8), (124, size, 12), (136, 1700000000, 12)):
        block[at:at + width] = number(rng, value, width)
    block[156:157], block[157:257] = kind, target[:100].ljust(100, b"\0")
    if magic is None:
        magic = rng.choice(MAGICS[:2] * 5 + MAGICS)
    block[257:265] = magic
    if rng.randrange(3) == 0:
        block[329:337], block[337:345] = number(rng, rng.choice([0, 8]), 8), number(rng, 1, 8)
    if rng.randrange(6) == 0:
        prefix = rng.choice([b"pre", b"pre/fix", b"p" * 155, b"\xffpre", b"00000000000\0" * 2, b"p\0x"])
        block[345:345 + len(prefix)] = prefix
    if rng.randrange(12) == 0:
        block[508:512] = b"tar\0"
        if rng.randrange(2):
            block[476:488], block[488:500] = number(rng, 1, 12), number(rng, 2, 12)
    if rng.randrange(60) == 0:
        block[rng.randrange(BLOCK)] = rng.randrange(256)
    return bytes(resum(block, rng))


def padded(rng, data):
    return data + (bytes(-len(data) % BLOCK) if rng.randrange(10) else rng.randbytes(-len(data) % BLOCK))


def record(rng, key, value):
    body = b" " + key + b"=" + value + b"\n"
    size = len(body)
    while len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    way = rng.randrange(200)
    text = b"%d" % size
    if way == 0:
        text = b"%d" % (size + rng.choice([-1, 1, 1000]))
    elif way == 1:
        text = b"%d" % rng.choice([0, 4, -5])
    elif way == 2:
        return b"0%d" % (size + 1) + body
    elif way == 3:
        return b"+%d" % (size + 1) + body
    elif way == 4:
        return text + body[:-1] + b"x"
    elif way == 5:
        return text + body.replace(b"=", b"-")
    return text + body


def value_for(rng, key):
    if key in (b"path", b"linkpath", b"GNU.sparse.name"):
        name = rng.choice(NAMES)
        return name if rng.randrange(100) else name + b"\0x"
    if key.endswith(b"time"):
        return rng.choice(TIMES[:2] * 20 + TIMES)
    if key in (b"GNU.sparse.major", b"GNU.sparse.minor"):
        return rng.choice([b"0", b"1", b"1", b"2", b""])
    if key == b"GNU.sparse.map":
        return rng.choice([b"", b"0,1", b"0,5,10,5", b"1,2,3", b",", b"a,b", b"0,0"])
    if key in (b"size", b"uid", b"gid") or key.startswith(b"GNU."):
        return rng.choice(NUMBERS[:4] * 30 + NUMBERS)
    return rng.choice([b"", b"x", b"y\0z", b"a=b", b"\xff", b"line\n2", b"v" * 200])


def pax(rng, records, kind=b"x"):
    data = b"".join(record(rng, key, value) for key, value in records)
    if rng.randrange(60) == 0:
        data += rng.choice([b"\0", b"x", b"5 a=\n", b"6 =ab\n", b"5 a=\n\n", b"\n"])
    return header(rng, rng.choice([b"pax", b"pax_global_header", b"etc/os-release"]), kind, len(data)) + padded(rng, data)


def random_records(rng):
    keys = [rng.choice(KEYS[:2] + KEYS[5:6] + KEYS[10:16] + KEYS[-1:] if rng.randrange(3) else KEYS) for _ in range(rng.choice([0, 1, 1, 1, 2, 3, 6]))]
    return [(key, value_for(rng, key)) for key in keys]


def long_text(rng, kind):
    text = rng.choice(NAMES) + rng.choice([b"\0", b"\0", b"", b"\0tail", b"\0" * 600])
    return header(rng, b"././@LongLink", kind, len(text), magic=b"ustar  \0") + padded(rng, text)


# --- sparse files ---

def parts_of(rng):
    """([(at, size), ...], the size of it all), mostly in order."""
    at, parts = 0, []
    for _ in range(rng.choice([0, 1, 1, 2, 3, 4, 5, 30])):
        at += rng.choice([0, 0, 1, 512, 700])
        size = rng.choice([0, 1, 5, 512, 1000])
        parts.append((at, size))
        at += size
    size = at + rng.choice([0, 0, 1, 4096])
    if rng.randrange(8) == 0 and parts:
        parts[rng.randrange(len(parts))] = rng.choice([(0, 1), (size, 0), (size + 1, 0), (-1, 1), (5, -2), (size, 1), (1 << 62, 1 << 62)])
    return parts, max(size + (rng.randrange(-1, 2) if rng.randrange(10) == 0 else 0), 0)


def stored(rng, parts):
    size = sum(max(size, 0) for _, size in parts if size < 1 << 20)
    return rng.randbytes(max(size + (rng.choice([-1, 1, 512]) if rng.randrange(10) == 0 else 0), 0))


def sparse_old(rng):
    parts, size = parts_of(rng)
    content = stored(rng, parts)
    block = bytearray(header(rng, rng.choice(NAMES), b"S", len(content), magic=b"ustar  \0" if rng.randrange(10) else None))
    fields = [number(rng, at, 12) + number(rng, length, 12) for at, length in parts]
    block[386:482] = b"".join(fields[:4]).ljust(96, b"\0")
    block[483:495] = number(rng, size, 12)
    more = fields[4:]
    block[482] = bool(more) if rng.randrange(30) else rng.randrange(2)
    data = bytes(resum(block, rng))
    while more or rng.randrange(40) == 0 and block[482]:
        extension = bytearray(b"".join(more[:21]).ljust(BLOCK, b"\0"))
        more = more[21:]
        extension[504] = bool(more) if rng.randrange(30) else rng.randrange(2)
        data += bytes(extension)
    return data + padded(rng, content)


def sparse_pax(rng):
    parts, size = parts_of(rng)
    content = stored(rng, parts)
    flat = [number for part in parts for number in part]
    version = rng.choice(["0.0", "0.1", "0.1 guessed", "1.0", "1.0"])
    size_key = rng.choice([b"GNU.sparse.size", b"GNU.sparse.realsize"])
    records = [(size_key, b"%d" % size)] if rng.randrange(15) else []
    if rng.randrange(3):
        records.append((b"GNU.sparse.name", value_for(rng, b"GNU.sparse.name")))
    if version == "1.0":
        records += [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0")]
        lines = [b"%d\n" % (len(parts) + (rng.choice([-1, 1, 1 << 40]) if rng.randrange(25) == 0 else 0)), *(b"%d\n" % item for item in flat)]
        if rng.randrange(25) == 0:
            lines[rng.randrange(len(lines))] = rng.choice([b"\n", b"x\n", b"+1\n", b"1", b" 1\n", b"-1\n"])
        content = padded(rng, b"".join(lines)) + content
    else:
        if version != "0.1 guessed":
            records += [(b"GNU.sparse.major", b"0"), (b"GNU.sparse.minor", version[2:].encode())]
        count = len(parts) + (rng.choice([-1, 1]) if rng.randrange(25) == 0 else 0)
        records.append((b"GNU.sparse.numblocks", b"%d" % count))
        if version == "0.0":
            texts = [b"%d" % item for item in flat]
            if texts and rng.randrange(25) == 0:
                texts = rng.choice([[*texts[:-1], b""], [*texts, b"1"], [b",".join(texts)]])
            records += [(b"GNU.sparse.numbytes" if index % 2 else b"GNU.sparse.offset", text) for index, text in enumerate(texts)]
        else:
            records.append((b"GNU.sparse.map", b",".join(b"%d" % item for item in flat)))
    if rng.randrange(12) == 0:
        rng.shuffle(records)
    if rng.randrange(8) == 0:
        records += random_records(rng)
    kind = b"0" if rng.randrange(12) else rng.choice(TYPES)
    return pax(rng, records) + header(rng, rng.choice(NAMES), kind, len(content), magic=b"ustar\00000") + padded(rng, content)


# --- tars ---

def entry(rng):
    way = rng.randrange(20)
    if way < 2:
        return sparse_old(rng)
    if way < 5:
        return sparse_pax(rng)
    data = b""
    while rng.randrange(3) == 0:
        data += rng.choice([lambda: pax(rng, random_records(rng)), lambda: pax(rng, random_records(rng), b"g"), lambda: long_text(rng, b"L"),
                            lambda: long_text(rng, b"K")])()
    content = rng.randbytes(rng.choice([0, 1, 5, 511, 512, 513, 3000])) if rng.randrange(3) else b""
    kind = rng.choice(TYPES[:10] if rng.randrange(8) else TYPES)
    if kind in b"123456" and rng.randrange(20):
        content = b""
    size = len(content) if rng.randrange(60) else rng.choice([0, 1, len(content) + 1, 600, -1, 1 << 33])
    if rng.randrange(12) == 0:
        data += pax(rng, [(b"size", b"%d" % len(content))])
        size = rng.choice([0, 512, size])
    return data + header(rng, rng.choice(NAMES), kind, size, rng.choice(NAMES)) + padded(rng, content)


def tar(seed):
    rng = random.Random(seed)
    if rng.randrange(200) == 0:
        return rng.choice([b"", bytes(511), bytes(512), bytes(513), bytes(1024), bytes(512) + b"x" * 512, rng.randbytes(700), b"{}"])
    data = b"".join(entry(rng) for _ in range(rng.choice([1, 1, 2, 3, 5])))
    data += rng.choice([bytes(2 * BLOCK)] * 4 + [b"", bytes(BLOCK), bytes(2 * BLOCK) + b"garbage", bytes(BLOCK) + b"x" * BLOCK, bytes(BLOCK + 7),
                                              bytes(2 * BLOCK) + header(rng, b"after", b"0") + bytes(1024)])
    if rng.randrange(8) == 0:
        data = data[:rng.randrange(len(data) + 1)]
    if rng.randrange(10) == 0 and data:
        flipped = bytearray(data)
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        data = bytes(flipped)
    return data


def lists_of(program, tars):
    framed = b"".join(len(data).to_bytes(4, "big") + data for data in tars)
    done = subprocess.run([str(program)], input=framed, stdout=subprocess.PIPE, check=True, timeout=600)
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(tars), f"{program} answered {len(lines)} times for {len(tars)} tars"
    return lines


def same(ours, theirs):
    """What is refused is never unpacked, whatever came before."""
    return ours == theirs or theirs == "huge" or ours.endswith("refused") and theirs.endswith("refused")


def find_go():
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")


def build_judge(go, folder):
    """The program of Go that lists tars."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "GO111MODULE": "off"}
    subprocess.run([go, "build", "-o", os.path.join(folder, "list-tars"), str(HERE / "list_tars.go")], check=True, env=environment)
    return os.path.join(folder, "list-tars")


def samples(go):
    """[(name, tar)] of Go's own tests."""
    root = subprocess.run([go, "env", "GOROOT"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return [(path.name, path.read_bytes()) for path in sorted(Path(root, "src/archive/tar/testdata").glob("*.tar"))]


def compare(judge, lister, named, report):
    """Counts in @report what was read, and prints what differs."""
    for (name, data), ours, theirs in zip(named, lists_of(lister, [data for _, data in named]), lists_of(judge, [data for _, data in named])):
        report["tars"] += 1
        report["read"] += theirs.endswith("end")
        report["huge"] += theirs == "huge"
        report["entries"] += theirs.count("|")
        if not same(ours, theirs):
            report["differences"].append(name)
            print(f"DIFFERENCE {name}, {len(data)} bytes\n  ours {ours}\n  Go's {theirs}", flush=True)


def run(go, lister, seeds):
    """{"tars", "read", "huge", "entries": numbers, "differences": [seed or name, ...]}"""
    report = {"tars": 0, "read": 0, "huge": 0, "entries": 0, "differences": []}
    with tempfile.TemporaryDirectory(prefix="assay-tars-") as folder:
        judge = build_judge(go, folder)
        compare(judge, lister, samples(go), report)
        for start in range(0, len(seeds), BATCH):
            compare(judge, lister, [(seed, tar(seed)) for seed in seeds[start:start + BATCH]], report)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--lister", help="tests/tools/list-tars of a build")
    parser.add_argument("--report", help="write the numbers here, as JSON")
    options = parser.parse_args()
    lister = options.lister or find_program().parents[2] / "tests/tools/list-tars"
    seeds = [options.only] if options.only is not None else range(options.seed, options.seed + options.count)
    go = find_go()
    if go is None:
        print("not compared with Go's archive/tar: Go is not installed")
        return 77
    report = run(go, lister, seeds)
    print(f"{report['tars']} tars: {report['read']} read, {report['huge']} with holes too large to read, {report['entries']} entries, "
          f"{len(report['differences'])} differences from Go's archive/tar")
    if options.report:
        Path(options.report).write_text(json.dumps(report))
    return 1 if report["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
