"""Three kinds of images, on which scanners spend their time on different things: applications, few huge files, many small ones.
Each is made once for a build folder, of Debian's packages and of files that compress by half."""
import gzip
import io
import json
import random
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import debian_image
from oci_layout import Layout

SUITE = "bookworm"
APPLICATION = ("apache2", "python3", "nodejs", "php-cli", "ruby")
PIECE = 1 << 16


def layers_of(layout):
    """Paths of the layers, bottom first."""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads((layout / "blobs/sha256" / index["manifests"][0]["digest"].split(":")[1]).read_text())
    return [layout / "blobs/sha256" / layer["digest"].split(":")[1] for layer in manifest["layers"]]


def text(size):
    """Words, which compress well."""
    words, generator = (b"the ", b"layer ", b"of ", b"an ", b"image ", b"is ", b"read\n"), random.Random(2)
    return b"".join(generator.choices(words, k=size // 2))[:size]


def half_noise(generator, words):
    """A piece of which half compresses well."""
    at = generator.randrange(PIECE)
    return generator.randbytes(PIECE // 2) + words[at:at + PIECE // 2]


def huge_files(generator):
    """4 of 500 MB, by pieces, so that no file is in memory."""
    words = text(2 * PIECE)
    for number in range(4):
        yield f"srv/huge{number}", 500 << 20, lambda: half_noise(generator, words)


def small_files(generator):
    """158,000 of 13 KB on average."""
    words = text(2 * PIECE)
    for number in range(158_000):
        yield f"srv/{number // 500}/{number}", generator.randrange(1 << 10, 25 << 10), lambda: half_noise(generator, words)[PIECE // 4:]


KINDS = {"an application image": (APPLICATION, None), "few huge files": ((), huge_files), "158,000 small files": ((), small_files)}


class Pieces(io.RawIOBase):
    """A file of so many bytes, of pieces that a function gives."""

    def __init__(self, size, more):
        super().__init__()
        self.left, self.more, self.piece = size, more, b""

    def read(self, size=-1):
        self.piece = self.piece or self.more()
        given = self.piece[:min(size, self.left)]
        self.piece, self.left = self.piece[len(given):], self.left - len(given)
        return given


def write_layer(base, path, files):
    """The layer `base` with more files: (name, size, function that gives bytes) each."""
    with open(path, "wb") as out, subprocess.Popen(["igzip", "-1", "-c"], stdin=subprocess.PIPE, stdout=out) as packer:
        with gzip.open(base) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as source, \
                tarfile.open(fileobj=packer.stdin, mode="w|") as target:
            for member in source:
                target.addfile(member, source.extractfile(member) if member.isreg() else None)
            for name, size, more in files:
                member = tarfile.TarInfo(name)
                member.size, member.mtime = size, 1700000000
                target.addfile(member, Pieces(size, more))
        packer.stdin.close()
    if packer.returncode != 0:
        raise RuntimeError("igzip failed")


def make(bench, kind):
    """The layout; its image is "vulnerable"."""
    packages, files = KINDS[kind]
    layout = bench.cache / f"kind-{kind.replace(' ', '-').replace(',', '')}"
    if layout.is_dir():
        return layout
    with tempfile.TemporaryDirectory(dir=bench.cache) as work:
        made = Path(work) / "image"
        debian_image.build_layout(SUITE, made, packages, upgrade=False)
        if files is not None:
            base = max(layers_of(made), key=lambda path: path.stat().st_size)
            layer, grown = Path(work) / "layer", Layout(Path(work) / "grown")
            write_layer(base, layer, files(random.Random(1)))
            grown.add_packed_image("vulnerable", [(subprocess.run(["igzip", "-dc", layer], stdout=subprocess.PIPE, check=True).stdout,
                                                   layer.read_bytes(), "gzip")])
            made = grown.folder
        shutil.move(made, layout)
    return layout
