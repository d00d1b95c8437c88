"""Tables of contents by which lazy pulls unpack (zstd:chunked, eStargz): one that says what the tar says is fine, any other
leaves the image unscanned."""
import copy
import gzip
import hashlib
import io
import json
import struct
import subprocess
import tarfile

import pytest

import gate
import images
from oci_layout import LAYER, Layout, tar_of

KINDS = {tarfile.REGTYPE: "reg", tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "symlink", tarfile.LNKTYPE: "hardlink"}
FILES = {**images.alpine_files(), "opt": ("dir",), "opt/large": "large" * 20000, "opt/link": ("link", "large"),
         "opt/hard": ("hardlink", "opt/large"), "opt/empty": "", "./opt/dotted": "x", "opt/.wh.gone": ""}
PIECE = 30000


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entries_of(tar):
    """The entries that a table has of a tar; files of more than PIECE bytes are in pieces."""
    entries = []
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            entry = {"name": member.name + "/" * member.isdir(), "type": KINDS[member.type], "mode": member.mode}
            if member.linkname:
                entry["linkName"] = member.linkname
            pieces = []
            if member.isreg() and member.size:
                data = archive.extractfile(member).read()
                entry |= {"size": len(data), "digest": sha256(data), "offset": 1, "endOffset": 2, "chunkDigest": sha256(data[:PIECE])}
                if len(data) > PIECE:
                    entry["chunkSize"] = PIECE
                pieces = [{"name": member.name, "type": "chunk", "offset": 1, "chunkOffset": at, "chunkDigest": sha256(data[at:at + PIECE]),
                           "chunkSize": PIECE if at + PIECE < len(data) else 0} for at in range(PIECE, len(data), PIECE)]
            entries += [entry, *pieces]
    return entries


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def frame(data):
    return b"\x50\x2a\x4d\x18" + struct.pack("<I", len(data)) + data


def chunked(tar, table, older=False, at=None):
    """As containers/storage writes them. The layer, its tar, annotations."""
    packed, start = zstd(table), zstd(tar)
    place = len(start) + 8 if at is None else at
    footer = struct.pack("<4Q", place, len(packed), len(table), 1) + (b"" if older else bytes(24)) + b"GnUlInUx"
    prefix = f"io{'' if older else '.github'}.containers.zstd-chunked.manifest-"
    return start + frame(packed) + frame(footer), tar, {
        f"{prefix}checksum": sha256(packed), f"{prefix}position": f"{len(start) + 8}:{len(packed)}:{len(table)}:1"}


def stargz(tar, table, older=False, at=None):
    """As stargz-snapshotter writes them: the table is the last member of the tar."""
    start = gzip.compress(tar.rstrip(b"\0") + bytes(-len(tar.rstrip(b"\0")) % 512), mtime=0)
    end = tar_of({"stargz.index.json": table})
    place = f"{len(start) if at is None else at:016x}STARGZ".encode()
    extra = place if older else b"SG" + struct.pack("<H", len(place)) + place
    footer = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff" + struct.pack("<H", len(extra)) + extra + b"\1\0\0\xff\xff" + bytes(8)
    layer = start + gzip.compress(end, mtime=0) + footer
    return layer, gzip.decompress(layer), {"containerd.io/snapshot/stargz/toc.digest": sha256(table)}


def layout_of(folder, layer, tar, how, annotations=None):
    layout = Layout(folder)
    config = layout.add_blob(json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {
        "type": "layers", "diff_ids": [sha256(tar)]}}).encode(), "application/vnd.oci.image.config.v1+json")
    descriptor = layout.add_blob(layer, LAYER[how]) | ({"annotations": annotations} if annotations else {})
    layout.add_manifest({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
                         "layers": [descriptor]}, "latest")
    return folder


MAKERS = [(chunked, "zstd"), (stargz, "gzip")]


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("make,how", MAKERS)
def test_a_table_that_says_what_the_tar_says(make, how, older, scan, tmp_path):
    tar = tar_of(FILES)
    layer, unpacked, annotations = make(tar, json.dumps({"version": 1, "entries": entries_of(tar)}).encode(), older)
    for number, noted in enumerate((annotations, None)):
        report = json.loads(scan("--format", "json", f"oci:{layout_of(tmp_path / str(number), layer, unpacked, how, noted)}").stdout)
        assert report["packages"] == 3
        assert not any("table of contents" in note for note in report["notes"]), report["notes"]


def test_a_layer_that_skopeo_made(scan, command, tmp_path):
    # It drops what follows the two empty blocks at the end of a tar.
    tar = tar_of(FILES).rstrip(b"\0")
    Layout(tmp_path / "plain").add_image("latest", [tar + bytes(-len(tar) % 512 + 1024)], None)
    command("skopeo", "--insecure-policy", "copy", "--dest-compress-format", "zstd:chunked", f"oci:{tmp_path / 'plain'}:latest",
            f"oci:{tmp_path / 'chunked'}:latest")
    manifest = json.loads(command("skopeo", "inspect", "--raw", f"oci:{tmp_path / 'chunked'}:latest").stdout)
    assert any("manifest-checksum" in key for key in manifest["layers"][0]["annotations"])
    report = json.loads(scan("--format", "json", f"oci:{tmp_path / 'chunked'}").stdout)
    assert report["packages"] == 3 and not any("table of contents" in note for note in report["notes"])


def changed(entries, name, /, **members):
    entries = copy.deepcopy(entries)
    for entry in entries:
        if entry["name"] == name:
            entry.update(members)
            return entries
    raise AssertionError(name)


def without(entries, name, *members):
    entries = copy.deepcopy(entries)
    for entry in entries:
        if entry["name"] == name:
            for member in members:
                del entry[member]
    return entries


LIES = {
    "other content": lambda e: changed(e, "lib/apk/db/installed", digest=sha256(b"x"), chunkDigest=sha256(b"x")),
    "other content for those who look at pieces": lambda e: changed(e, "lib/apk/db/installed", chunkDigest=sha256(b"x")),
    "no digest": lambda e: without(e, "lib/apk/db/installed", "digest"),
    "other size": lambda e: changed(e, "lib/apk/db/installed", size=5),
    "a size that is no number": lambda e: changed(e, "lib/apk/db/installed", size="5"),
    "other piece": lambda e: e[:-5] + [{**e[-5], "chunkDigest": sha256(b"x")}, *e[-4:]] if e[-5]["type"] == "chunk" else
    [{**entry, "chunkDigest": sha256(b"x")} if entry["type"] == "chunk" and entry["chunkOffset"] == PIECE else entry for entry in e],
    "a hole between pieces": lambda e: [entry for entry in e if entry.get("chunkOffset") != PIECE],
    "a piece too many": lambda e: [piece for entry in e for piece in (
        [entry, entry] if entry["type"] == "chunk" and not entry["chunkSize"] else [entry])],
    "another file's piece": lambda e: [{**entry, "name": "x"} if entry["type"] == "chunk" else entry for entry in e],
    "a file missing": lambda e: [entry for entry in e if entry["name"] != "lib/apk/db/installed"],
    "a file more": lambda e: [*e, {**e[-1], "name": "lib/apk/db/installed2"}],
    "a file twice": lambda e: [*e, next(entry for entry in e if entry["name"] == "lib/apk/db/installed")],
    "other order": lambda e: [*e[1:], e[0]],
    "other name": lambda e: changed(e, "lib/apk/db/installed", name="lib/apk/db/gone"),
    "a link for a file": lambda e: changed(without(e, "lib/apk/db/installed", "size", "digest"), "lib/apk/db/installed",
                                           type="symlink", linkName="/opt/large"),
    "other target": lambda e: changed(e, "opt/link", linkName="/lib"),
    "other target of a hard link": lambda e: changed(e, "opt/hard", linkName="lib/apk/db/installed"),
    "a folder hidden": lambda e: changed(e, "opt/", xattrs={"trusted.overlay.opaque": "eQ=="}),
    "a name in other letters": lambda e: changed(e, "opt/link", Name="lib/apk/db/x"),
    "no entries": lambda e: [],
    "an entry that is none": lambda e: [*e, "x"],
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
@pytest.mark.parametrize("make,how", MAKERS)
def test_a_table_that_says_something_else(make, how, lie, scan, tmp_path):
    tar = tar_of(FILES)
    layer, unpacked, annotations = make(tar, json.dumps({"version": 1, "entries": lie(entries_of(tar))}).encode())
    report = json.loads(scan("--format", "json", f"oci:{layout_of(tmp_path / 'quiet', layer, unpacked, how)}").stdout)
    assert any("table of contents" in note for note in report["notes"]), report["notes"]
    result = scan(f"oci:{layout_of(tmp_path / 'noted', layer, unpacked, how, annotations)}", check=2)
    assert "names a table of contents" in result.stderr


@pytest.mark.parametrize("lie_first", [True, False])
def test_one_content_packed_with_a_lie_and_without(lie_first, scan, tmp_path):
    """What stays in the cache of a copy that lies says nothing of an honest one of the same content, and the reverse."""
    tar = tar_of(FILES)
    entries = entries_of(tar)
    honest = json.dumps({"version": 1, "entries": entries}).encode()
    lie = json.dumps({"version": 1, "entries": LIES["other content"](entries)}).encode()
    copies = []
    for name, table in (("honest", honest), ("lie", lie)):
        layer, unpacked, _ = chunked(tar, table)
        assert unpacked == tar
        copies.append((layout_of(tmp_path / name, layer, unpacked, "zstd"), name == "lie"))
    for layout, lies in [*reversed(copies), *copies] if lie_first else [*copies, *copies]:
        report = json.loads(scan("--format", "json", f"oci:{layout}").stdout)
        assert report["packages"] == 3
        assert any("table of contents" in note for note in report["notes"]) == lies, (layout, report["notes"])


@pytest.mark.parametrize("make,how", MAKERS)
def test_tables_that_cannot_be_read(make, how, scan, tmp_path):
    tar = tar_of(FILES)
    good = json.dumps({"version": 1, "entries": entries_of(tar)}).encode()
    broken = {"version": (good.replace(b'"version": 1', b'"version": 2'), {}), "cut": (good[:-9], {}), "empty": (b"", {}),
              "twice": (good.replace(b'"version": 1', b'"version": 1, "entries": []'), {}), "beyond": (good, {"at": 1 << 40}),
              "elsewhere": (good, {"at": 3})}
    for name, (table, options) in broken.items():
        layer, unpacked, _ = make(tar, table, **options)
        report = json.loads(scan("--format", "json", f"oci:{layout_of(tmp_path / name, layer, unpacked, how)}").stdout)
        assert any("table of contents" in note for note in report["notes"]), (name, report["notes"])


def test_a_table_that_only_the_manifest_names(start_server, assay, push, tmp_path):
    """Clients find it by the annotation, wherever it is in the layer: nothing vouches for it, so the image is unscanned."""
    server = start_server(policy=gate.STRICT)
    gate.import_advisories(assay, server)
    tar = tar_of(gate.alpine_files(**gate.FIXED))
    table = zstd(json.dumps({"version": 1, "entries": entries_of(tar_of(gate.alpine_files()))}).encode())
    start = zstd(tar)
    annotations = {"io.github.containers.zstd-chunked.manifest-checksum": sha256(table),
                   "io.github.containers.zstd-chunked.manifest-position": f"{len(start) + 8}:{len(table)}:0:1"}
    layout = layout_of(tmp_path / "image", start + frame(table), tar, "zstd", annotations)
    digest = push(server, layout, "latest", "lazy/image")
    scan = server.wait_for_scan("lazy/image", digest)
    assert scan["state"] == "failed" and "table of contents" in scan["error"], scan
    plain = layout_of(tmp_path / "plain", start + frame(table), tar, "zstd")
    assert server.wait_for_scan("lazy/plain", push(server, plain, "latest", "lazy/plain"))["state"] == "done"
