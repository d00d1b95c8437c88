"""Layers that were made to do harm, byte for byte, and small enough to send."""
import gzip
import hashlib
import io
import random
import re
import subprocess
import tarfile

import images

MIB = 1 << 20


def header(name, size=0, kind=b"0", link="", size_field=None):
    """A tar header; `size_field`: those bytes in the place of the octal digits."""
    block = bytearray(512)
    block[0:len(name.encode()[:100])] = name.encode()[:100]
    block[100:108], block[108:116], block[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    block[124:136] = size_field or b"%011o\0" % size
    block[136:148], block[148:156], block[156:157] = b"00000000000\0", b" " * 8, kind
    block[157:157 + len(link)] = link.encode()
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def file(name, content, kind=b"0"):
    return header(name, len(content), kind) + content + bytes(-len(content) % 512)


def tar_of_members(*members):
    """A tar of (name, type, link) that tarfile would refuse to extract."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            tar.addfile(member)
    return buffer.getvalue()


def gzip_of(data):
    return gzip.compress(data, 6, mtime=0)


def zstd_of(data, *options):
    return subprocess.run(["zstd", "-q", "-c", *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def careless_header(name, checksum=b"\0 "):
    """Of a mode that Go's archive/tar reads, and other readers do not. `checksum`: what follows its digits."""
    block = bytearray(header(name))
    block[100:108], block[148:156] = b"644\0x\0\0\0", b" " * 8
    block[148:156] = b"%06o" % sum(block) + checksum
    return bytes(block)


def patched(name, content=b"", kind=b"0", **fields):
    """A file whose header has other bytes at a place: magic, prefix or size."""
    block, places = bytearray(header(name, len(content), kind)), {"magic": 257, "prefix": 345, "size": 124}
    for field, value in fields.items():
        block[places[field]:places[field] + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + content + bytes(-len(content) % 512)


def two_faced(name, content):
    """{how: tar} in which Go's archive/tar, by which runtimes unpack, finds the file `name` and other readers (libarchive) do
    not, or find something else in it."""
    whole, folder, base = file(name, content), *name.rsplit("/", 1)

    def pax(key, value, kind=b"x"):
        return file("pax", pax_record(key, value), kind)

    def long_name(text):
        return file("././@LongLink", text + b"\0", b"L")
    elsewhere, size = pax(b"path", b"srv/notes"), pax(b"size", b"%d" % len(whole))
    global_header = pax(b"comment", b"c", b"g")
    return {
        "pax name before GNU's": elsewhere + long_name(name.encode()) + file("srv/n", content),
        "pax name before a global header": elsewhere + global_header + whole,
        "GNU name before a global header": long_name(b"srv/notes") + global_header + whole,
        "empty GNU name": long_name(b"") + whole,
        "prefix without magic": patched(name, content, magic=b"ustarX00", prefix=b"srv"),
        "prefix beside GNU's magic": patched(base, content, magic=b"ustar  \0", prefix=folder.encode()),
        "folder with content": size + header("srv/", kind=b"5") + whole,
        "symbolic link with content": size + header("srv/l", kind=b"2", link="x") + whole,
        "device with content": size + header("srv/d", kind=b"3") + whole,
        "hard link with content": size + header("srv/l", kind=b"1", link="etc/os-release") + whole,
        "folder by its slash": header("srv/", len(whole), b"\0") + whole,
        "file with a slash": file(name + "/", content),
        "name of no sparse file": pax(b"GNU.sparse.name", b"srv/notes") + whole,
        "size of no sparse file": pax(b"SCHILY.realsize", b"3") + whole,
        "holes": pax(b"SUN.holesdata", b" 0 %d %d" % (len(content), len(content))) + whole,
        "size behind a NUL": patched("srv/n", size=b"\0\0%09o\0" % len(whole)) + bytes(len(whole)) + whole,
    }


class Repeated:
    """The gzip member of `first` and `count` times that of `block`: as large as wanted for nothing. `plain_digest` is
    that of all when unpacked."""

    def __init__(self, first, block, count):
        self.packed = gzip_of(first) + gzip_of(block) * count
        self.parts = (first, block, count)

    def plain_digest(self):
        first, block, count = self.parts
        digest = hashlib.sha256(first)
        for _ in range(count):
            digest.update(block)
        return f"sha256:{digest.hexdigest()}"


def sparse_ratio(size, unit=4096, noise=48, seed=3):
    """Bytes that gzip makes about sixty times smaller, below any limit on the ratio."""
    generator = random.Random(seed)
    return b"".join(generator.randbytes(noise) + bytes(unit - noise) for _ in range(size // unit))


def zeros_bomb(gibibytes):
    return Repeated(header("zeros", gibibytes << 30), bytes(64 * MIB), gibibytes * 16).packed


def slow_layer(gibibytes):
    """A good layer, of a file that takes a while to unpack. It begins as a packed file does: nobody looks through it."""
    size = gibibytes << 30
    head = b"\x1f\x8b\x08" + bytes(509)
    return Repeated(file("etc/os-release", images.DEBIAN_12.encode()) +
                    file("var/lib/dpkg/status", images.DPKG_STATUS.encode()) + header("large", len(head) + size) + head,
                    sparse_ratio(64 * MIB), size // (64 * MIB))


def many_entries(millions):
    """Empty files, most of them of one name: half a KiB each when unpacked, some bytes before."""
    block = b"".join(header(f"f{number}") * 50 for number in range(200))
    return Repeated(b"", block, millions * 100).packed


def pax_record(key, value):
    record = b" " + key + b"=" + value + b"\n"
    size = len(record)
    while len(str(size)) + len(record) != size:
        size = len(str(size)) + len(record)
    return str(size).encode() + record


def sparse_header(name, real_size, *parts):
    """GNU's old format; parts: (offset, size), four at most, whose bytes follow the header."""
    block = bytearray(header(name, sum(size for _, size in parts), b"S"))
    block[257:265] = b"ustar  \0"
    for number, part in enumerate(parts):
        block[386 + 24 * number:410 + 24 * number] = b"%011o\0%011o\0" % part
    block[483:495] = b"%011o\0" % real_size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def stored_sparse(name, content):
    """The file without the longest run of zeros in it, which is its hole."""
    run = max(re.finditer(rb"\0+", content), key=lambda match: match.end() - match.start())
    start, end = -(-run.start() // 512) * 512, run.end() // 512 * 512
    rest = content[end:]
    return sparse_header(name, len(content), (0, start), (end, len(rest))) + content[:start] + rest + bytes(-len(rest) % 512)


def sparse_file(name, real_size):
    """Four bytes at the end of a hole."""
    return sparse_header(name, real_size, (real_size - 4, 4)) + b"data" + bytes(508)
