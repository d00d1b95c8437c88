"""Package databases with known content, made by the real programs where they are more than text, and named, so that an image
can be written down: "@rpm/sqlite/old" is rpm's database in SQLite's format with the set "old"."""
import contextlib
import functools
import shutil
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import images  # noqa: E402
from rpm_formats import berkeley_of, ndb_of  # noqa: E402

# {set: [(name, epoch, version, release, source, module or None, vendor)]}; "other" is "old" from another source, module and
# vendor: it differs in nothing but what decides which advisories count.
RPM_SETS = {
    "old": [("openssl-libs", 1, "3.0.7", "6.el9_2", "openssl", None, "AlmaLinux"), ("bash", 0, "5.1.8", "6.el9_1", "bash", None, "AlmaLinux")],
    "new": [("openssl-libs", 1, "3.0.7", "29.el9_4", "openssl", None, "AlmaLinux"), ("bash", 0, "5.1.8", "9.el9", "bash", None, "AlmaLinux")],
    "other": [("openssl-libs", 1, "3.0.7", "6.el9_2", "openssl-fork", "openssl:fork:1:abc", "Somebody")],
    "one": [("zlib", 0, "1.2.11", "39.el9", "zlib", None, "AlmaLinux")],
}


def build_rpm(folder, name, epoch, version, release, source, module, vendor):
    """The path of the package, which owns one file."""
    folder.mkdir(parents=True, exist_ok=True)
    part, sub = (f"-n {name}", f"%package -n {name}\nSummary: x\n%description -n {name}\nx\n") if name != source else ("", "")
    (folder / "spec").write_text(
        f"Name: {source}\nEpoch: {epoch}\nVersion: {version}\nRelease: {release}\nSummary: x\nLicense: MIT\nVendor: {vendor}\n"
        f"{f'ModularityLabel: {module}' if module else ''}\n%description\nx\n{sub}%install\nmkdir -p %{{buildroot}}/opt\n"
        f"touch %{{buildroot}}/opt/{name}\n%files {part}\n/opt/{name}\n")
    subprocess.run(["rpmbuild", "--quiet", "-bb", "--target", "x86_64", "--define", f"_topdir {folder}", "--define",
                    "debug_package %{nil}", str(folder / "spec")], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return next((folder / "RPMS").rglob("*.rpm"))


def install(folder, packages):
    """A database of the packages' files."""
    folder.mkdir(parents=True)
    subprocess.run(["rpm", "--dbpath", str(folder), "--define", "_db_backend sqlite", "--install", "--justdb", "--nodeps",
                    "--ignorearch", "--ignoreos", "--nosignature", "--force", *map(str, packages)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with contextlib.closing(sqlite3.connect(folder / "rpmdb.sqlite")) as database:  # all in the one file, as in images
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode=DELETE")


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT hnum, blob FROM Packages").fetchall()


def write_ahead(source, target, folder):
    """Files of a program that was killed: the database has the packages of `source`, its -wal those of `target`."""
    folder.mkdir()
    work = folder / "work.sqlite"
    shutil.copy(source, work)
    with contextlib.closing(sqlite3.connect(work, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA wal_autocheckpoint=0")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("BEGIN")
        database.execute("DELETE FROM Packages")
        database.executemany("INSERT INTO Packages VALUES (?, ?)", rows(target))
        database.execute("COMMIT")
        shutil.copy(work, folder / "rpmdb.sqlite")
        shutil.copy(f"{work}-wal", folder / "rpmdb.sqlite-wal")
    work.unlink()


def hot_journal(source, target, folder):
    """The same, by a rollback journal: the database has been written over with the packages of `target`, and its -journal gives
    those of `source` back."""
    folder.mkdir()
    work = folder / "work.sqlite"
    shutil.copy(source, work)
    with contextlib.closing(sqlite3.connect(work, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("PRAGMA cache_size=1")
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM Packages")
        database.executemany("INSERT INTO Packages VALUES (?, ?)", rows(target))
        shutil.copy(f"{work}-journal", folder / "rpmdb.sqlite-journal")
        database.execute("COMMIT")
        shutil.copy(work, folder / "rpmdb.sqlite")
    work.unlink()


# --- headers that rpm did not write: what follows their protected region counts, and what is broken does not. (Of a header whose
# checksum is wrong, which rpm leaves out, Assay lists the package all the same: none is made.) ---

INDEX = struct.Struct(">IIiI")  # tag, type, offset, count
NAME, VERSION, RELEASE, SOURCE = 1000, 1001, 1002, 1044
STRING = 6


def with_tag(header, tag, text, first=False):
    """The header with one more tag, after all others or before them."""
    count, size = struct.unpack(">II", header[:8])
    index, data = header[8:8 + 16 * count], header[8 + 16 * count:]
    entry, text = INDEX.pack(tag, STRING, size, 1), text.encode() + b"\0"
    return struct.pack(">II", count + 1, size + len(text)) + (entry + index if first else index + entry) + data + text


ODD_HEADERS = {
    "name": lambda header: with_tag(header, NAME, "renamed"),
    "name-twice": lambda header: with_tag(with_tag(header, NAME, "one"), NAME, "two"),
    "release": lambda header: with_tag(header, RELEASE, "1.el9"),
    "version": lambda header: with_tag(with_tag(header, VERSION, "1.0"), RELEASE, "2"),
    "source": lambda header: with_tag(header, SOURCE, "safe-1-1.src.rpm"),
    "empty-name": lambda header: with_tag(header, NAME, ""),
    "name-first": lambda header: with_tag(header, NAME, "first", first=True),
    "cut": lambda header: header[:-10],
    "longer": lambda header: header + b"x" * 20,
    "nothing": lambda header: b"",
}


def odd_headers(source, change, folder):
    """A database whose first package has a header of its own."""
    folder.mkdir(parents=True)
    shutil.copy(source, folder)
    with contextlib.closing(sqlite3.connect(folder / "rpmdb.sqlite", isolation_level=None)) as database:
        number, header = rows(source)[0]
        database.execute("UPDATE Packages SET blob = ? WHERE hnum = ?", (change(header), number))


def build(folder):
    rpms = {name: [build_rpm(folder / "build" / name / package[0], *package) for package in packages]
            for name, packages in RPM_SETS.items()}
    sqlite = {name: folder / "sqlite" / name / "rpmdb.sqlite" for name in RPM_SETS}
    for name in RPM_SETS:
        install(folder / "sqlite" / name, rpms[name])
        headers = [blob for _, blob in rows(sqlite[name])]
        for form in ("ndb", "bdb"):
            (folder / form / name).mkdir(parents=True)
        (folder / "ndb" / name / "Packages.db").write_bytes(ndb_of(headers))
        (folder / "bdb" / name / "Packages").write_bytes(berkeley_of(headers, folder / "build"))
    for name in ("wal", "journal"):
        (folder / name).mkdir()
    for first, second in (("new", "old"), ("old", "new")):
        write_ahead(sqlite[first], sqlite[second], folder / "wal" / f"{first}-{second}")
        hot_journal(sqlite[first], sqlite[second], folder / "journal" / f"{first}-{second}")
    for name, change in ODD_HEADERS.items():
        odd_headers(sqlite["old"], change, folder / "header" / name)
    # zlib by its region, the old openssl by what follows
    odd_headers(sqlite["one"], lambda header: functools.reduce(lambda made, tag: with_tag(made, *tag), [
        (NAME, "openssl-libs"), (VERSION, "3.0.7"), (RELEASE, "6.el9_2"), (SOURCE, "openssl-3.0.7-6.el9_2.src.rpm")], header),
                folder / "header/openssl")
    shutil.rmtree(folder / "build")


@functools.lru_cache(None)
def folder():
    return images.cached("differential-rpm-5", build)


def rpm_files(name):
    """{file name: the name of its content} of "sqlite/old", "wal/new-old", "bdb/old"."""
    known = {"rpmdb.sqlite", "rpmdb.sqlite-wal", "rpmdb.sqlite-journal", "Packages.db", "Packages"}
    return {path.name: f"@rpm/{name}/{path.name}" for path in sorted((folder() / name).iterdir()) if path.name in known}


@functools.lru_cache(None)
def content(text):
    """The bytes of an entry's content."""
    if text.startswith("@rpm/"):
        return (folder() / text.removeprefix("@rpm/")).read_bytes()
    return text.encode("utf-8", "surrogateescape")
