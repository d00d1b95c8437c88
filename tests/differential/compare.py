"""One image, unpacked by every program, listed by the package managers, and held beside what Assay says of it.

The rule: for each program that unpacks the image, the packages that the package managers list there are Assay's, or Assay
says that it could not read all of them."""
import json
import os
import subprocess
import tempfile
from pathlib import Path

import package_managers
import tarball
import unpackers
from oci_layout import Layout  # found by databases.py's path

SCAN_SECONDS = 120


def write_layout(folder, image):
    layout, layers = Layout(folder), []
    for layer in image:
        tar = tarball.tar_of(layer)
        packed, how = tarball.pack(tar, layer.get("packed") if isinstance(layer, dict) else None)
        layers.append((tar, packed, how))
    layout.add_packed_image("t", layers)
    layout.add_packed_image("plain", [(tar, tar, None) for tar, *_ in layers])  # for whom does not know zstd
    return folder


class Answer:
    """What Assay says: packages (as package_managers.Seen has them), `unread`: why not all of them, or None; `os`."""

    def __init__(self, code, out, told):
        self.packages, self.unread, self.os, self.crash = set(), None, None, None
        if code not in (0, 2) or "Sanitizer" in told or "runtime error" in told:
            self.crash = f"exit code {code}: {told[-2000:]}"
        elif code == 2:
            self.unread = f"error: {told.strip()}"
            if "inventory:" in told:  # what the worker said was not believed: a fault of its own
                self.crash = told
        else:
            self.take(json.loads(out))

    def take(self, report):
        for each in report["package_list"]:
            self.packages.add((each["type"], each["name"], each["version"], each.get("architecture"), each["source_name"],
                               each["source_version"], each.get("module"), each.get("vendor") if each["type"] == "rpm" else None))
        if report["unread"]:
            reasons = [note for note in report["notes"] if "layer " in note[:6]] or report["notes"]
            self.unread = f"{report['unread']} ({'; '.join(reasons)})"
        if report.get("os"):
            self.os = (report["os"].get("id"), report["os"].get("version_id"))
        self.notes = report["notes"]


def ask(program, database, layout):
    result = subprocess.run([program, "scan", "--db", database, "--no-cache", "--quiet", "--format", "json", "--list-packages",
                             f"oci:{layout}:t"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, errors="replace", timeout=SCAN_SECONDS)
    return Answer(result.returncode, result.stdout, result.stderr)


def in_words(packages):
    return sorted(" ".join(str(part) for part in package if part is not None) for package in packages)


def differences(answer, seen, ordinary):
    """[(kind, text)] of what must not be."""
    if answer.crash:
        return [("crash", answer.crash)]
    if answer.unread is not None:
        if ordinary and not seen.failures:
            return [("ordinary image unread", answer.unread)]
        return []
    found = []
    if seen.packages - answer.packages:
        found.append(("missing", f"only in the image: {in_words(seen.packages - answer.packages)}"))
    if seen.failures:
        found.append(("unreadable", "; ".join(seen.failures)))
    elif answer.packages - seen.packages - seen.doubtful:
        found.append(("extra", f"only in Assay's list: {in_words(answer.packages - seen.packages - seen.doubtful)}"))
    if seen.os is not None and seen.os != answer.os:
        found.append(("os", f"the image is {seen.os}, Assay says {answer.os}"))
    return found


class Bench:
    """Everything that images are tried with, in a folder of its own."""

    def __init__(self, program, database, folder, wanted=unpackers.ALL):
        self.program, self.database = str(program), str(database)
        self.work = tempfile.mkdtemp(dir=folder, prefix="bench-")
        self.unpackers = [make(self.work) for make in wanted if make.why_not() is None]

    def try_image(self, image, ordinary=False, only=None):
        """{"differences": [(unpacker, kind, text)], "unread": reason or None, "refused": {unpacker: why}, "seen": {unpacker: [...]}}"""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            layout = write_layout(Path(folder) / "layout", image)
            answer = ask(self.program, self.database, layout)
            result = {"differences": [], "unread": answer.unread, "refused": {}, "seen": {}, "assay": in_words(answer.packages),
                      "failures": False}
            for unpacker in self.unpackers:
                if only not in (None, unpacker.name):
                    continue
                try:
                    root = unpacker.unpack(layout, unpacker.tag)
                except unpackers.Refused as refusal:
                    result["refused"][unpacker.name] = str(refusal)
                    continue
                try:
                    seen = package_managers.Seen(os.fspath(root))
                finally:
                    unpacker.done()
                result["seen"][unpacker.name] = in_words(seen.packages)
                result["failures"] |= bool(seen.failures)
                result["differences"] += [(unpacker.name, *each) for each in differences(answer, seen, ordinary)]
            return result

    def close(self):
        for unpacker in self.unpackers:
            unpacker.close()
        unpackers.remove(self.work)
