"""Daemons of ClamAV for tests: Debian's own, with a database of a few signatures, and one that answers as it is told."""
import hashlib
import io
import os
import shutil
import signal
import socket
import struct
import subprocess
import tarfile
import tempfile
import threading
import time
from pathlib import Path

# Put together here, so that this file is none.
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST" + "-FILE!$H+H*"
MARKED = "#!/bin/sh\necho assay-marker" + "-of-a-test\n"
PROGRAM = "/usr/sbin/clamd"


class Clamd:
    """Debian's. Paths of sockets are short, so its folder is not the test's."""

    def __init__(self, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="clamd-"))
        self.address = str(self.folder / "socket")
        self.process = None
        database = self.folder / "database"
        database.mkdir()
        (database / "test.hdb").write_text(f"{hashlib.md5(EICAR.encode()).hexdigest()}:{len(EICAR)}:Test.Eicar\n")
        (database / "test.ndb").write_text("Test.Marker:0:*:" + b"assay-marker-of-a-test".hex() + "\n")
        given = {"LocalSocket": self.address, "DatabaseDirectory": database, "TemporaryDirectory": self.folder, "Foreground": "yes",
                 "User": "root" if os.geteuid() == 0 else None, **settings}
        lines = [f"{name} {value}\n" for name, value in given.items() if value is not None]
        (self.folder / "clamd.conf").write_text("".join(lines))

    def update(self, version, **markers):
        """Its daily signatures, of this version: they are each a text. It has them from its start on, or from its next reload()."""
        rows = "".join(f"Test.{name}:0:*:{text.encode().hex()}\n" for name, text in markers.items()).encode()
        head = f"ClamAV-VDB:27 Nov 2026 08-26 +0000:{version}:1:90:{'0' * 32}:x:y:{int(time.time())}"
        members = {"daily.info": f"{head}\ndaily.ndb:{len(rows)}:{hashlib.sha256(rows).hexdigest()}\n".encode(), "daily.ndb": rows}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        (self.folder / "database" / "daily.cud").write_bytes(head.encode().ljust(512) + packed.getvalue())

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(self.address)
            asking.sendall(b"z" + command.encode() + b"\0")
            return asking.recv(4096).rstrip(b"\0").decode()

    def reload(self, version):
        self.ask("RELOAD")
        deadline = time.monotonic() + 60
        while f"/{version}/" not in self.ask("VERSION"):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([PROGRAM, "-c", self.folder / "clamd.conf"], stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)
        return self

    def answers(self):
        try:
            return self.ask("PING") == "PONG"
        except OSError:
            return False

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Fragile:
    """A way to a daemon, that is killed in the middle of each session in which a file holds `deadly`, and comes back a moment later."""

    def __init__(self, deadly, rests=1.0, **settings):
        self.deadly, self.rests = deadly.encode(), rests
        self.real = Clamd(**settings)
        self.address = str(self.real.folder / "way")
        self.kills, self.commands = 0, []
        self.lock = threading.Lock()
        self.listening = None

    def start(self):
        self.real.start()
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.address)
        self.listening.listen(16)
        threading.Thread(target=self._accept, args=(self.listening,), daemon=True).start()
        return self

    def _accept(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, socket.socket(socket.AF_UNIX) as onward:
            try:
                onward.connect(self.real.address)
                threading.Thread(target=self._answer, args=(onward, connection), daemon=True).start()
                while content := connection.recv(1 << 16):
                    self.commands += [b"zINSTREAM"] * content.count(b"zINSTREAM\0")
                    if self.deadly in content:
                        self._die()
                        return
                    onward.sendall(content)
            except OSError:
                return

    @staticmethod
    def _answer(onward, connection):
        try:
            while content := onward.recv(1 << 16):
                connection.sendall(content)
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _die(self):
        with self.lock:
            if self.listening is None:
                return
            self.kills += 1
            self.stop()
        threading.Timer(self.rests, self._return).start()

    def _return(self):
        with self.lock:
            if self.real.folder.exists() and self.listening is None:
                self.start()

    def stop(self):
        self.real.stop()
        if self.listening is not None:
            self.listening.shutdown(socket.SHUT_RDWR)
            self.listening.close()
            os.unlink(self.address)
            self.listening = None

    def remove(self):
        with self.lock:
            self.stop()
            self.real.remove()


class Daemon:
    """One that answers what `answer(number, content)` says; None: nothing. It speaks only what a session needs."""

    def __init__(self, answer, version="ClamAV 1.4.6/27465/Fri Nov 27 08:26:02 2026"):
        self.answer, self.version = answer, version
        self.folder = tempfile.mkdtemp(prefix="clamd-")
        self.address = f"{self.folder}/socket"
        self.commands, self.files = [], []
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.address)
        self.listening.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        number = 0
        with connection, connection.makefile("rb") as stream:
            try:
                while command := self._command(stream):
                    self.commands.append(command)
                    if command == "zVERSION":
                        connection.sendall(self.version.encode() + b"\0")
                        return
                    if command == "zEND":
                        return
                    if command == "zIDSESSION":
                        continue
                    number += 1
                    reply = "PONG" if command == "zPING" else self._judge(number, stream)
                    if reply == "HANG UP":
                        return
                    if reply is not None:
                        connection.sendall(f"{number}: {reply}\0".encode())
            except (OSError, struct.error):
                return

    @staticmethod
    def _command(stream):
        command = b""
        while (byte := stream.read(1)) not in (b"", b"\0"):
            command += byte
        return command.decode()

    def _judge(self, number, stream):
        content = b""
        while size := struct.unpack(">I", stream.read(4))[0]:
            content += stream.read(size)
        self.files.append(content)
        return self.answer(number, content)

    def remove(self):
        self.listening.close()
        shutil.rmtree(self.folder, ignore_errors=True)
