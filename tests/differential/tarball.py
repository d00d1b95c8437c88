"""Layers as bytes, from lists of entries: tars that no tool would write, down to each header.

An image is a python literal, so that one that was found can be kept as it is printed:

  [layer, ...] from the bottom; a layer is a list of entries, or {"entries": [...], "packed": None|"gzip"|"zstd"|"members",
  "end": "blocks"|"none"|"one"|"garbage"|"second"}

  ("dir", name)  ("file", name, content)  ("link", name, target)  ("hard", name, target)  ("fifo", name)
  ("char", name, major, minor)  ("block", name, major, minor)

and each may end in a dict: "mode"; "type" (another byte of the same meaning); "name" and "target": how they are written, "pax"
or "gnu" (beside a short name that lies) or "prefix"; "xattrs": {name: text}; "sparse": "gnu" or "pax". A content is text, or the name
of one in databases.py: "@rpm/sqlite/old"."""
import gzip
import subprocess

import databases

BLOCK = 512
TYPES = {"file": b"0", "hard": b"1", "link": b"2", "char": b"3", "block": b"4", "dir": b"5", "fifo": b"6"}
# What the header says where another record gives the real name.
DECOY = b"opt/decoy"


def octal(number, size):
    return b"%0*o\0" % (size - 1, number)


def header(name, kind, size=0, link=b"", mode=0o644, device=(0, 0), prefix=b"", magic=b"ustar\00000"):
    block = bytearray(BLOCK)

    def put(at, data):
        block[at:at + len(data)] = data
    put(0, name[:100])
    put(100, octal(mode, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(1700000000, 12) + b" " * 8 + kind)
    put(157, link[:100])
    put(257, magic)
    put(329, octal(device[0], 8) + octal(device[1], 8) + prefix[:155])
    put(148, b"%06o\0 " % sum(block))
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def pax_record(key, value):
    record = b" " + key + b"=" + value + b"\n"
    size = len(record)
    while len(str(size)) + len(record) != size:
        size = len(str(size)) + len(record)
    return b"%d" % size + record


def pax_header(records):
    data = b"".join(pax_record(key, value) for key, value in records)
    return header(b"pax", b"x", len(data)) + padded(data)


def gnu_long(text, kind):
    return header(b"././@LongLink", kind, len(text) + 1) + padded(text + b"\0")


def sparse_entry(name, content, how):
    """In GNU's old format, which umoci and containerd refuse: the content's first half, a hole of nothing, and the rest."""
    half = len(content) // 2 // BLOCK * BLOCK
    parts = [(0, half), (half, len(content) - half)] if half else [(0, len(content))]
    block = bytearray(header(name, b"S", len(content), magic=b"ustar  \0", mode=how.get("mode", 0o644)))
    for number, (offset, size) in enumerate(parts):
        block[386 + 24 * number:410 + 24 * number] = octal(offset, 12) + octal(size, 12)
    block[483:495] = octal(len(content), 12)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + padded(content)


def sparse_by_pax(name, content):
    """The same as GNU tar writes it in pax archives (1.0), which Go's readers take: the map of the parts goes before them."""
    half = len(content) // 2 // BLOCK * BLOCK
    parts = [(0, half), (half, len(content) - half)] if half else [(0, len(content))]
    numbers = [len(parts), *(number for part in parts for number in part)]
    data = padded(b"".join(b"%d\n" % number for number in numbers)) + content
    records = [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", name),
               (b"GNU.sparse.realsize", b"%d" % len(content))]
    return pax_header(records) + header(DECOY, b"0", len(data)) + padded(data)


def entry_bytes(entry):
    kind, name, *rest = entry
    how = rest.pop() if rest and isinstance(rest[-1], dict) else {}
    name = name.encode()
    target = rest[0].encode() if kind in ("link", "hard") else b""
    content = databases.content(rest[0]) if kind == "file" else b""
    device = tuple(rest) if kind in ("char", "block") else (0, 0)
    before, records, prefix = b"", [], b""
    if how.get("name") == "gnu":
        before, name = before + gnu_long(name, b"L"), DECOY
    elif how.get("name") == "prefix" and b"/" in name.strip(b"/"):
        at = name.rstrip(b"/").rindex(b"/")
        prefix, name = name[:at], name[at + 1:]
    elif how.get("name") == "pax" or len(name) > 100:
        records, name = records + [(b"path", name)], DECOY
    if how.get("target") == "gnu":
        before, target = before + gnu_long(target, b"K"), DECOY
    elif how.get("target") == "pax" or len(target) > 100:
        records, target = records + [(b"linkpath", target)], DECOY
    if how.get("size") == "pax":
        records.append((b"size", b"%d" % len(content)))
    records += [(b"SCHILY.xattr." + key.encode(), value.encode()) for key, value in how.get("xattrs", {}).items()]
    before += pax_header(records) if records else b""
    if how.get("sparse") == "gnu" and kind == "file" and content:
        return before + sparse_entry(name, content, how)
    if how.get("sparse") == "pax" and kind == "file" and content:
        return before + sparse_by_pax(name, content)
    mode = how.get("mode", 0o644 if kind == "file" else 0o755)
    kind = how.get("type", TYPES[kind].decode()).encode()
    return before + header(name, kind, len(content), target, mode, device, prefix) + padded(content)


def tar_of(layer):
    entries, end = (layer["entries"], layer.get("end", "blocks")) if isinstance(layer, dict) else (layer, "blocks")
    data = b"".join(map(entry_bytes, entries))
    second = entry_bytes(("file", "var/lib/dpkg/status", "Package: after-the-end\n")) + bytes(2 * BLOCK)
    return data + {"blocks": bytes(2 * BLOCK), "none": b"", "one": bytes(BLOCK), "garbage": bytes(2 * BLOCK) + b"garbage" * 300,
                   "second": bytes(2 * BLOCK) + second}[end]


def pack(data, how):
    """(bytes, the `compression` that oci_layout knows it by)"""
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c", "-1"], input=data, stdout=subprocess.PIPE, check=True).stdout, "zstd"
    if how == "members":
        half = len(data) // 2
        return gzip.compress(data[:half], 1, mtime=0) + gzip.compress(data[half:], 1, mtime=0), "gzip"
    return (gzip.compress(data, 1, mtime=0), "gzip") if how == "gzip" else (data, None)
