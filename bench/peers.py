"""The programs that `make bench` measures, each started on loopback: Assay, Debian's docker-registry, newer
registries where they are installed, nginx, and a bare libmicrohttpd handler."""
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import requests

running = []
DOCKER_CONFIG = Path("/etc/docker/registry/config.yml")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """A process with a port. `command` and `prepare` are a peer's own."""

    name = ""

    def __init__(self, folder, pair=None):
        """@pair: the paths of a certificate and its key, where it shall speak TLS."""
        self.folder, self.port, self.process, self.pair = Path(folder), free_port(), None, pair
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self):
        return f"{'https' if self.pair else 'http'}://127.0.0.1:{self.port}"

    @property
    def verify(self):
        """What requests checks its certificate by."""
        return str(self.pair[0]) if self.pair else True

    def start(self, probe="/v2/"):
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=log, stderr=log)
        running.append(self)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if requests.get(self.url + probe, timeout=5, verify=self.verify).status_code < 500:
                    return self
            except requests.RequestException:
                time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not start:\n{(self.folder / 'log').read_text(errors='replace')[-2000:]}")

    def stop(self):
        if self.process is not None:
            running.remove(self)
            self.process.stdin.close()
            self.process.terminate()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=60)
            self.process = None

    def resident(self):
        """Resident bytes of the process."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().split("\n"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"{self.name} is gone")

    def workers(self):
        """The processes that inspect for it now: below the one that they are forked from, which stays."""
        def below(pid):
            listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], stdout=subprocess.PIPE, text=True).stdout
            return [int(word) for word in listed.split()]
        return [worker for nursery in below(self.process.pid) for worker in below(nursery)]

    def wait_until_idle(self):
        """Until no child runs and the process itself has used no processor time for a moment."""
        def used():
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return int(fields[11]) + int(fields[12])
        deadline, before = time.monotonic() + 120, -1
        while time.monotonic() < deadline:
            now = used()
            if now == before and not self.workers():
                return
            before = now
            time.sleep(0.25)


def stop_all():
    """What a measurement that failed left running."""
    for peer in list(running):
        peer.stop()


class Assay(Peer):
    name = "assay"

    def __init__(self, folder, program, durable=True, cores=None, policy=None, access="open", pair=None, settings=""):
        """@policy: the text of its policy file; @access: its access.mode; @settings: more of its configuration, as text."""
        super().__init__(folder, pair)
        self.program, self.data, self.durable, self.policy, self.access = program, self.folder / "data", durable, policy, access
        self.settings = settings
        self.prefix = ["taskset", "-c", cores] if cores else []

    def command(self):
        config = self.folder / "assay.yaml"
        rules = self.folder / "rules.yaml"
        rules.write_text(self.policy or "")
        config.write_text(f"feed_interval: 0\naccess:\n  mode: {self.access}\ndurable: {'true' if self.durable else 'false'}\n" +
                          (f"policy: {rules}\n" if self.policy else "") +
                          (f"tls: {{certificate: {self.pair[0]}, key: {self.pair[1]}}}\n" if self.pair else "") + self.settings)
        return [*self.prefix, str(self.program), "serve", "--config", str(config), "--data", str(self.data), "--listen",
                f"127.0.0.1:{self.port}"]


class DockerRegistry(Peer):
    """Debian's docker-registry with the configuration that Debian ships, but for its password file, folder and port."""

    name = "docker-registry"

    def command(self):
        shipped, kept, skipping = DOCKER_CONFIG.read_text(), [], False
        for line in shipped.split("\n"):
            skipping = line.startswith("auth:") or skipping and line.startswith(" ")
            if not skipping:
                kept.append(line.replace("/var/lib/docker-registry", str(self.folder / "data"))
                            .replace("addr: :5000", f"addr: 127.0.0.1:{self.port}"))
        (self.folder / "config.yml").write_text("\n".join(kept))
        return ["docker-registry", "serve", str(self.folder / "config.yml")]


class Registry(DockerRegistry):
    """docker-registry as it is, but that it deletes; or a newer distribution with the same configuration."""

    program = "docker-registry"

    def command(self):
        _, *rest = super().command()
        secure = [f"REGISTRY_HTTP_TLS_CERTIFICATE={self.pair[0]}", f"REGISTRY_HTTP_TLS_KEY={self.pair[1]}"] if self.pair else []
        return ["env", "REGISTRY_STORAGE_DELETE_ENABLED=true", *secure, self.program, *rest]


class Distribution(Registry):
    name = program = "registry"


class Zot(Peer):
    """zot that syncs what it stores, as the others do."""

    name = "zot"

    def command(self):
        config = {"distSpecVersion": "1.1.0", "storage": {"rootDirectory": str(self.folder / "data"), "commit": True, "gc": False},
                  "http": {"address": "127.0.0.1", "port": str(self.port)}, "log": {"level": "error"}}
        if self.pair:
            config["http"]["tls"] = {"cert": str(self.pair[0]), "key": str(self.pair[1])}
        (self.folder / "config.json").write_text(json.dumps(config))
        return ["zot", "serve", str(self.folder / "config.json")]


# By the name of their programs: docker-registry is Debian's, the others are measured where they are in PATH.
REGISTRIES = {"docker-registry": Registry, "registry": Distribution, "zot": Zot}


class Nginx(Peer):
    """nginx that serves a folder by sendfile, one worker a core."""

    name = "nginx"

    def __init__(self, folder, root, pair=None):
        super().__init__(folder, pair)
        self.root = root

    def command(self):
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind}; "
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        secure = f"ssl_certificate {self.pair[0]}; ssl_certificate_key {self.pair[1]}; ssl_protocols TLSv1.3; " if self.pair else ""
        (self.folder / "nginx.conf").write_text(
            f"{user} worker_processes auto; daemon off; pid {self.folder}/pid; error_log stderr;\n"
            f"events {{ worker_connections 4096; }}\n"
            f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; {temporary}\n"
            f"server {{ listen 127.0.0.1:{self.port}{' ssl' if self.pair else ''}; {secure}root {self.root}; }} }}\n")
        return ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def start(self, probe="/"):
        return super().start(probe)


class BareHandler(Peer):
    """libmicrohttpd with one fixed answer, of the size of a manifest."""

    name = "bare libmicrohttpd"

    def __init__(self, folder, program, size):
        super().__init__(folder)
        self.program, self.size = program, size

    def command(self):
        return [str(self.program), str(self.port), str(self.size)]

    def start(self, probe="/"):
        return super().start(probe)
