"""A small Debian mirror with a signed security suite, made by hand: what a test breaks in it, it breaks on purpose."""
import functools
import gzip
import hashlib
import http.server
import io
import lzma
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

DATE = "%a, %d %b %Y %H:%M:%S UTC"


def changelog(source, *entries):
    """entries: (version, text), newest first."""
    return "".join(f"{source} ({version}) bookworm-security; urgency=high\n\n  * {text}\n\n"
                   f" -- A Person <a@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n\n" for version, text in entries)


def tar_xz(name, content):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def deb(package, text):
    """A binary package that has nothing but its changelog."""
    data = tar_xz(f"./usr/share/doc/{package}/changelog.Debian.gz", gzip.compress(text.encode()))
    out = b"!<arch>\n"
    for name, content in (("debian-binary", b"2.0\n"), ("control.tar.xz", tar_xz("./control", b"")), ("data.tar.xz", data)):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" if len(content) % 2 else b""
    return out


class Mirror:
    """`url` serves the folder; add() sources, then publish(). `asked` lists the paths that were asked for."""

    def __init__(self, folder, architecture="amd64"):
        self.folder, self.architecture = folder, architecture
        self.sources, self.packages, self.asked = [], [], []
        self.written = int(time.time()) - 100000
        folder.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix="gpg-", dir="/tmp"))  # the agent's socket: at most 107 bytes
        self.keyring = folder / "keyring.gpg"
        self.gpg("--quick-gen-key", "suite@example.org", "ed25519", "sign", "never")
        self.keyring.write_bytes(self.gpg("--export").stdout)
        mirror = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                mirror.asked.append(self.path)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      functools.partial(Handler, directory=folder / "www"))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def gpg(self, *arguments, **options):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--pinentry-mode", "loopback", "--passphrase", "",
                               *arguments], check=True, capture_output=True, **options)

    def write(self, path, content):
        target = self.folder / "www" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        # Last-Modified has whole seconds: what is written later is later.
        self.written += 1
        os.utime(target, (self.written, self.written))
        return f" {hashlib.sha256(content).hexdigest()} {len(content)} "

    def add(self, source, *entries, with_source=True, built=True):
        """A source whose changelog has those entries; without its source file on the mirror, or without binaries."""
        version, text = entries[0][0], changelog(source, *entries)
        name = f"{source}_{version}.debian.tar.xz"
        checksum = self.write(f"pool/{source}/{name}", tar_xz("debian/changelog", text.encode()))
        if not with_source:
            (self.folder / "www/pool" / source / name).unlink()
        self.sources.append(f"Package: {source}\nVersion: {version}\nFormat: 3.0 (quilt)\nDirectory: pool/{source}\n"
                            f"Checksums-Sha256:\n{checksum}{name}\n")
        if built:
            path = f"pool/{source}/{source}_{version}_{self.architecture}.deb"
            digest, size = self.write(path, deb(source, text)).split()
            self.packages.append(f"Package: {source}\nVersion: {version}\nArchitecture: {self.architecture}\n"
                                 f"Filename: {path}\nSize: {size}\nSHA256: {digest}\n")

    def publish(self, valid=timedelta(days=7), codename="bookworm-security", age=timedelta(0), tamper=None):
        now = datetime.now(timezone.utc) - age
        files = {"main/source/Sources.xz": "\n".join(self.sources),
                 f"main/binary-{self.architecture}/Packages.xz": "\n".join(self.packages)}
        lines = [f"{self.write(f'dists/bookworm-security/{path}', lzma.compress(text.encode()))}{path}\n"
                 for path, text in files.items()]
        release = (f"Origin: Debian\nSuite: oldstable-security\nCodename: {codename}\nVersion: 12\n"
                   f"Date: {now.strftime(DATE)}\nValid-Until: {(now + valid).strftime(DATE)}\nSHA256:\n" + "".join(lines))
        signed = self.gpg("--clearsign", input=release.encode()).stdout
        self.write("dists/bookworm-security/InRelease", tamper(signed) if tamper else signed)
