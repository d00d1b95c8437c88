"""The formats of rpm's database that Debian's rpm reads at most, from the headers of packages."""
import struct
import subprocess


def ndb_of(headers):
    """The layout of rpm's lib/backend/ndb/rpmpkg.c: Debian's rpm has no writer for it."""
    slots, blobs, block = b"", b"", 4096 // 16
    for index, header in enumerate(headers, 1):
        blob = struct.pack("<4I", 0x53626C42, index, 1, len(header)) + header
        blob += b"\0" * (-(len(blob) + 12) % 16) + struct.pack("<3I", 0, len(header), 0x45626C42)
        slots += struct.pack("<4I", 0x746F6C53, index, block, len(blob) // 16)
        blobs += blob
        block += len(blob) // 16
    free = struct.pack("<4I", 0x746F6C53, 0, 0, 0)
    page = struct.pack("<8I", 0x506D7052, 0, 1, 1, len(headers) + 1, 0, 0, 0) + slots
    return page + free * ((4096 - len(page)) // 16) + blobs


def berkeley_of(headers, folder, byte_order="1234"):
    """Written by Berkeley DB's own db5.3_load."""
    lines = ["VERSION=3", "format=bytevalue", "type=hash", f"db_lorder={byte_order}", "db_pagesize=4096", "HEADER=END"]
    lines += [" 00000000", f" {len(headers) + 1:08x}"]
    for index, header in enumerate(headers, 1):
        lines += [f" {index:08x}", f" {header.hex()}"]
    path = folder / f"Packages-{byte_order}"
    subprocess.run(["db5.3_load", str(path)], input="\n".join([*lines, "DATA=END", ""]), check=True, text=True)
    return path.read_bytes()
