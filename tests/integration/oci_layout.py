"""OCI layouts made by hand, byte for byte, for images that no tool would make or that must be small and quick."""
import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = {None: "application/vnd.oci.image.layer.v1.tar", "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
         "zstd": "application/vnd.oci.image.layer.v1.tar+zstd"}


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def tar_of(files):
    """A tar of {path: bytes, or ("link", target), ("hardlink", target), ("dir",), ("file", bytes, mode)}, or of such pairs,
    where a path may come again; parents are not added by themselves."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in (files.items() if isinstance(files, dict) else files):
            member = tarfile.TarInfo(path)
            member.mtime = 1700000000
            if isinstance(content, tuple) and content[0] == "file":
                member.size, member.mode = len(content[1]), content[2]
                archive.addfile(member, io.BytesIO(content[1]))
            elif isinstance(content, tuple):
                member.type = {"link": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "dir": tarfile.DIRTYPE}[content[0]]
                member.linkname = content[1] if len(content) > 1 else ""
                member.mode = 0o755
                archive.addfile(member)
            else:
                content = content.encode() if isinstance(content, str) else content
                member.size, member.mode = len(content), 0o755 if "/bin/" in f"/{path}" else 0o644
                archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c", "-3"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


class Layout:
    """An OCI layout that grows: blobs, then manifests, then index.json with their tags."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.entries = []
        self.save()

    def save(self):
        (self.folder / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.entries}))

    def add_blob(self, data, media_type):
        """The descriptor of a blob that is now in the layout."""
        digest = digest_of(data)
        (self.folder / "blobs" / "sha256" / digest.split(":")[1]).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def add_manifest(self, manifest, tag=None):
        """Writes a manifest or index given as a dict; with a tag it appears in index.json."""
        descriptor = self.add_blob(json.dumps(manifest).encode(), manifest["mediaType"])
        if tag is not None:
            self.entries.append({**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}})
            self.save()
        return descriptor

    def add_image(self, tag, layers, compression="gzip", architecture="amd64", **manifest_members):
        """An image of layers, each a {path: content} as tar_of takes it, or the bytes of a tar."""
        packed = [(tar, compress(tar, compression), compression) for tar in
                  (layer if isinstance(layer, bytes) else tar_of(layer) for layer in layers)]
        return self.add_packed_image(tag, packed, architecture, **manifest_members)

    def add_packed_image(self, tag, layers, architecture="amd64", config_members=(), **manifest_members):
        """layers: [(tar, its packed bytes, how they are packed)]; config_members: a dict for the config."""
        descriptors = [self.add_blob(packed, LAYER[how]) for _, packed, how in layers]
        config = {"architecture": architecture, "os": "linux", "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar, *_ in layers]}, **dict(config_members)}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.add_blob(json.dumps(config).encode(), CONFIG), "layers": descriptors,
                    **manifest_members}
        return self.add_manifest(manifest, tag)

    def add_index(self, tag, members):
        """members: [(architecture, descriptor)]."""
        manifests = [{**descriptor, "platform": {"architecture": architecture, "os": "linux"}}
                     for architecture, descriptor in members]
        return self.add_manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, tag)


def reachable(folder, tag):
    """{digest: bytes} of all that a tag of a layout reaches."""
    folder = Path(folder)
    index = json.loads((folder / "index.json").read_text())
    entries = [entry for entry in index["manifests"]
               if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag or tag is None]
    assert len(entries) == 1 or tag is None, f"{folder}: {len(entries)} entries named {tag}"
    found, todo = {}, list(entries)
    while todo:
        descriptor = todo.pop()
        algorithm, _, name = descriptor["digest"].partition(":")
        data = (folder / "blobs" / algorithm / name).read_bytes()
        assert digest_of(data, algorithm) == descriptor["digest"], f"{folder}: {descriptor['digest']} holds other bytes"
        assert len(data) == descriptor["size"], f"{folder}: {descriptor['digest']} has another size"
        found[descriptor["digest"]] = data
        if descriptor["mediaType"].endswith(("manifest.v1+json", "index.v1+json", "manifest.v2+json",
                                             "manifest.list.v2+json")):
            manifest = json.loads(data)
            todo += manifest.get("manifests", []) + manifest.get("layers", [])
            todo += [manifest["config"]] if "config" in manifest else []
    return found
