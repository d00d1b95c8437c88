"""The engines that people run, Debian's dockerd and containerd, as processes of a test. They are unpacked into the tests'
cache and never installed: no daemon, no bridge and no rule of a firewall comes to the machine."""
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import images

PACKAGES = ("docker.io", "containerd")
START_SECONDS = 60


def unpack(folder):
    """By lists of its own, as the machine's may have been cleaned away."""
    apt = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    options = ["-qq", "-o", f"Dir::State::Lists={apt}/lists", "-o", f"Dir::Cache={apt}/cache"]
    subprocess.run(["apt-get", *options, "update"], check=True)
    subprocess.run(["apt-get", *options, "download", *PACKAGES], cwd=apt, check=True)
    for package in apt.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    shutil.rmtree(apt)


def why_not():
    """Why no engine can run here; None if one can."""
    if os.geteuid() != 0:
        return "the engines run as root only"
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return "the engines need a namespace of mounts, which is refused here"
    return None


class Engines:
    """docker(...) and ctr(...) run the clients; their daemons live until stop()."""

    def __init__(self):
        usr = images.cached("engines", unpack) / "usr"
        self.folder = Path(tempfile.mkdtemp(prefix="assay-"))  # a short path, as sockets want it
        self.environment = {**os.environ, "PATH": f"{usr}/bin:{usr}/sbin:{os.environ['PATH']}", "HOME": str(self.folder)}
        self.processes = []
        (self.folder / "containerd.toml").write_text(
            f'version = 2\nroot = "{self.folder}/containerd"\nstate = "{self.folder}/containerd-state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "{self.folder}/containerd.sock"\n')
        try:
            self.start("containerd", "--config", self.folder / "containerd.toml")
            self.wait(lambda: self.ctr("version", check=None))
            self.start("dockerd", "--host", f"unix://{self.folder}/docker.sock", "--containerd", f"{self.folder}/containerd.sock",
                       "--data-root", self.folder / "docker", "--exec-root", self.folder / "docker-state", "--pidfile",
                       self.folder / "docker.pid", "--storage-driver", "vfs", "--bridge", "none", "--iptables=false",
                       "--ip6tables=false")
            self.wait(lambda: self.docker("version", check=None))
        except Exception:
            self.stop()
            raise

    def start(self, *command):
        with open(self.folder / f"{command[0]}.log", "wb") as log:
            self.processes.append(subprocess.Popen(list(map(str, command)), env=self.environment, stdout=log, stderr=log))

    def wait(self, ask):
        deadline = time.monotonic() + START_SECONDS
        while ask().returncode != 0:
            if time.monotonic() > deadline or self.processes[-1].poll() is not None:
                raise RuntimeError("\n".join(path.read_text(errors="replace")[-3000:] for path in self.folder.glob("*.log")))
            time.sleep(0.1)

    def run(self, *command, check=0):
        result = subprocess.run(list(map(str, command)), env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, errors="replace", timeout=300)
        if check is not None:
            assert result.returncode == check, f"{command}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result

    def docker(self, *arguments, **options):
        return self.run("docker", "--host", f"unix://{self.folder}/docker.sock", *arguments, **options)

    def ctr(self, *arguments, **options):
        return self.run("ctr", "--address", self.folder / "containerd.sock", *arguments, **options)

    def forget_images(self):
        """So that the next pull asks the registry for all of it."""
        self.docker("image", "prune", "--all", "--force")
        names = self.ctr("images", "ls", "--quiet").stdout.split()
        if names:
            self.ctr("images", "rm", "--sync", *names)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=30)
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.folder)], check=False)
