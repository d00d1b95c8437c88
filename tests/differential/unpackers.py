"""The programs that make a root folder of an image: umoci, the storage of podman, buildah and CRI-O (overlayfs), and containerd,
each by its own command."""
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import engines  # noqa: E402
import images  # noqa: E402


class Refused(Exception):
    """The program does not unpack such an image: no runtime that works as it does ever starts it."""


def run(*command, environment=None):
    result = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, errors="replace", timeout=120, env=environment)
    if result.returncode:
        lines = [line for line in result.stderr.strip().split("\n") if line]
        raise Refused(f"{command[0]}: {lines[-1] if lines else result.returncode}"[:300])
    return result.stdout


def remove(folder):
    """With what is mounted below it: storages bind their own folders."""
    for line in reversed(Path("/proc/self/mounts").read_text().split("\n")):
        place = line.split(" ")[1] if line else ""
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], stderr=subprocess.DEVNULL, check=False)
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=False)


def blob(layout, digest):
    return Path(layout) / "blobs/sha256" / digest.split(":")[1]


def entry_of(layout, tag):
    return next(entry for entry in json.loads((Path(layout) / "index.json").read_text())["manifests"]
                if entry["annotations"]["org.opencontainers.image.ref.name"] == tag)


def layers_of(layout, tag):
    """The paths of the layers' blobs, from the bottom."""
    manifest = json.loads(blob(layout, entry_of(layout, tag)["digest"]).read_text())
    return [blob(layout, layer["digest"]) for layer in manifest["layers"]]


def write_archive(layout, tag, path):
    """A tar of a layout with this image alone."""
    entry = entry_of(layout, tag)
    manifest = json.loads(blob(layout, entry["digest"]).read_text())
    needed = {entry["digest"], manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
             **{f"blobs/sha256/{digest.split(':')[1]}": blob(layout, digest).read_bytes() for digest in sorted(needed)}}
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


class Umoci:
    name, tag = "umoci", "plain"

    def __init__(self, folder):
        self.folder = Path(folder)

    def unpack(self, layout, tag):
        """The root folder."""
        self.root = Path(tempfile.mkdtemp(dir=self.folder, prefix="umoci-")) / "root"
        try:
            run("umoci", "raw", "unpack", "--image", f"{layout}:{tag}", self.root)
        except Refused:
            self.done()
            raise
        return self.root

    def done(self):
        remove(self.root.parent)

    def close(self):
        pass

    @staticmethod
    def why_not():
        return None if shutil.which("umoci") and os.geteuid() == 0 else "umoci is not installed, or we are not root"


class Overlay:
    """containers-storage, the command of the library that podman has: each layer unpacked into a folder of its own, all of
    them mounted over each other by the kernel."""
    name, tag = "overlayfs (containers/storage)", "t"
    IMAGES_PER_STORE = 25  # its index of layers is written again for each

    def __init__(self, folder):
        self.parent, self.store, self.count, self.mounted = Path(folder), None, 0, None

    def call(self, command, *arguments):
        return run("containers-storage", command, "-g", self.store / "root", "-R", self.store / "run", "-s", "overlay", *arguments)

    def unpack(self, layout, tag):
        if self.store is None or self.count >= self.IMAGES_PER_STORE:
            self.close()
            self.store, self.count = Path(tempfile.mkdtemp(dir=self.parent, prefix="store-")), 0
        self.count += 1
        top = []
        for blob in layers_of(layout, tag):
            top = self.call("import-layer", "-f", blob, *top).split()[:1]
        self.mounted = self.call("mount", *top).strip().split("\n")[-1]
        return Path(self.mounted)

    def done(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.mounted], check=False)
            self.mounted = None

    def close(self):
        self.done()
        if self.store is not None:
            remove(self.store)
            self.store = None

    @staticmethod
    def why_not():
        if not shutil.which("containers-storage"):
            return "containers-storage is not installed"
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            return "overlayfs is mounted by root only"
        return None


class Containerd:
    """containerd, what Kubernetes has, with its own way to unpack a layer: over a mount of the layers below. One daemon serves
    all images; Debian's package is unpacked into the tests' cache and not installed."""
    name, tag = "containerd", "t"
    START_SECONDS = 60

    def __init__(self, folder):
        self.folder = Path(tempfile.mkdtemp(dir=folder, prefix="ctd-"))
        usr = images.cached("engines", engines.unpack) / "usr"
        self.environment = {**os.environ, "PATH": f"{usr}/bin:{usr}/sbin:{os.environ['PATH']}"}
        self.daemon, self.mounted, self.reference = None, None, None

    def ctr(self, *arguments):
        return run("ctr", "--address", self.folder / "socket", *arguments, environment=self.environment)

    def start(self):
        config = self.folder / "config.toml"
        config.write_text(f'version = 2\nroot = "{self.folder}/root"\nstate = "{self.folder}/state"\n'
                          f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "{self.folder}/socket"\n')
        with open(self.folder / "log", "wb") as log:
            # It ends with us, however we end.
            self.daemon = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "containerd", "--config", str(config)],
                                           env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + self.START_SECONDS
        while True:
            try:
                return self.ctr("version")
            except Refused:
                if time.monotonic() > deadline or self.daemon.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.1)

    def unpack(self, layout, tag):
        if self.daemon is None:
            self.start()
        archive, self.mounted = self.folder / "image.tar", self.folder / "mount"
        write_archive(layout, tag, archive)
        told = self.ctr("images", "import", "--base-name", "image", "--snapshotter", "overlayfs", archive)
        self.reference = f"image:{tag}"
        if "done" not in told:
            raise Refused(f"containerd: {told[:200]}")
        self.mounted.mkdir(exist_ok=True)
        self.ctr("images", "mount", "--snapshotter", "overlayfs", self.reference, self.mounted)
        return self.mounted

    def done(self):
        if self.mounted is not None:
            for command in (("images", "unmount", "--rm", self.mounted), ("images", "rm", "--sync", self.reference)):
                try:
                    self.ctr(*command)
                except Refused:
                    pass
            self.mounted = None

    def close(self):
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait(timeout=60)
            self.daemon = None
        remove(self.folder)

    @staticmethod
    def why_not():
        return engines.why_not()


ALL = (Umoci, Overlay, Containerd)
