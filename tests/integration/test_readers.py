"""Package databases by the thousand, from generators with a seed: what the detectors list is what the package manager itself
lists, or the database is unread. ASSAY_READER_CASES=n: so many of each kind (300)."""
import base64
import hashlib
import json
import os
import random
import re
import shutil
import sqlite3
import struct
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from assay_server import find_program

CASES = int(os.environ.get("ASSAY_READER_CASES", "300"))


def read_databases(databases):
    """[(location, file)]: the inventory of each, as the detectors give it."""
    tool = find_program().parents[2] / "tests/tools/read-database"
    lines = "".join(f"{location}\t{file}\n" for location, file in databases)
    result = subprocess.run([str(tool)], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def why_unread(inventory):
    return [note["detail"] for note in inventory["notes"]]


# --- dpkg ---

DPKG_FORMAT = "${db:Status-Status}\2${Package}\2${Version}\2${Architecture}\2${source:Package}\2${source:Version}\1\n"
DPKG_GONE = ("not-installed", "config-files")


def dpkg_lists(folder):
    """What dpkg-query says of a database; None: it gives up."""
    result = subprocess.run(["dpkg-query", f"--admindir={folder}", "-W", "-f", DPKG_FORMAT], capture_output=True, check=False)
    if b"no packages found" in result.stderr or result.returncode not in (0, 2):
        raise AssertionError(result.stderr)
    if result.returncode:
        return None
    rows = [tuple(line.split("\2")) for line in result.stdout.decode(errors="replace").split("\1\n") if line]
    return sorted(row[1:] for row in rows if row[0] not in DPKG_GONE)


def assay_lists(inventory):
    return sorted((each["name"], each["version"], each.get("architecture", ""), each.get("source_name", each["name"]),
                   each.get("source_version", each["version"])) for each in inventory["packages"])


def same_packages(ours, theirs):
    """The name of a source is matched in lower case, and ends at whatever no name can have (for dpkg-query: at a space)."""
    return len(ours) == len(theirs) and all(
        our[:3] == their[:3] and our[3] == (re.split(r"[\s(]", their[3].lower())[0] or our[3]) and our[4] == their[4]
        for our, their in zip(ours, theirs))


def dpkg_stanza(chance):
    name = chance.choice(["openssl", "libssl3", "zlib1g", "g++-12", "x", "a.b", "base-files", "7zip"])
    version = chance.choice(["1.0-1", "1:2.3", "0:4-1", "3.0.11-1~deb12u2", "2024a-0+deb12u1", "1.1.1w-0+deb11u1", "10:1:2-3"])
    fields = [("Package", name),
              ("Status", chance.choice(["install ok installed"] * 6 + [
                  "hold ok installed", "deinstall ok config-files", "purge ok not-installed", "install ok unpacked",
                  "install reinstreq half-installed", "install ok half-configured", "unknown ok not-installed"])),
              ("Architecture", chance.choice(["amd64", "amd64", "all", "i386"])), ("Version", version)]
    if chance.random() < 0.4:
        fields.append(("Source", chance.choice(["openssl", "openssl (1.2-3)", "glibc (2.36-9)", "zlib"])))
    if chance.random() < 0.3:
        fields.append(("Multi-Arch", chance.choice(["same", "foreign", "allowed"])))
    if chance.random() < 0.4:
        fields.append(("Conffiles", "\n /etc/x d41d8cd98f00b204e9800998ecf8427e"))
    fields += [("Maintainer", "A B <a@example.org>"), ("Description", "short\n long\n .\n longer")]
    return fields


def odd_case(chance, text):
    return "".join(chance.choice([letter.upper(), letter.lower()]) for letter in text)


def odd_field(chance, name, value):
    """One field as dpkg might or might not take it."""
    separator = ": "
    match 99 if name == "Conffiles" else chance.randrange(18):
        case 0: name = odd_case(chance, name)
        case 1: separator = chance.choice([" :", "\t: ", "  :", "\r:", "\v:", "\f: ", "\n: "])
        case 2: separator = chance.choice([":", ":\t", ":  \t ", ":\v", ":\n ", ":\r "])
        case 3: value += chance.choice([" ", "\t", " \t\r", "\v", "\f"])
        case 4: value = odd_case(chance, value)
        case 5: value = value.replace(" ", chance.choice(["", "  ", "\t", "\n ", " \n ", "\r", "\v"]))
        case 6: value += chance.choice(["\0", "\0x", " x", "\n x", "\n\tx", "\n ", "\n \t \n x", "\n.", "\x1a"])
        case 7: value = chance.choice(["", " ", "\n", "x", "é", "\xff", "-", ":", "1:", "-1", "1-", "a b", "01:1", "+1:1", "1_1"])
        case 8: name = chance.choice(["#", "-", "", " "]) + name
        case 9: name = chance.choice(["X", "x-y", "Status", "Package", "Version", "Revision", "Package_Revision"])
        case 10: value = value[:-1]
        case 11: value = "x" * chance.choice([10, 5000]) if name == "Description" else value
        case _: pass
    return f"{name}{separator}{value}\n"


def dpkg_database(chance):
    """(text, whether anything in it is odd)."""
    odd = chance.random() < 0.75
    text, names = "", set()
    for _ in range(chance.randrange(1, 5)):
        fields = dpkg_stanza(chance)
        if fields[0][1] in names and chance.random() < 0.9:
            continue
        names.add(fields[0][1])
        if odd and chance.random() < 0.3:
            chance.shuffle(fields)
        if odd and chance.random() < 0.05:
            fields.pop(chance.randrange(len(fields)))
        if odd and chance.random() < 0.03:
            fields.append(chance.choice(fields))
        at = chance.randrange(len(fields)) if odd and chance.random() < 0.5 else None
        text += "".join(odd_field(chance, *field) if i == at else f"{field[0]}: {field[1]}\n" for i, field in enumerate(fields))
        text += chance.choice(["\n"] * 40 + ["\n\n", "\n\n\n", " \n", "\t\n", "\r\n", "\x1a", "\n\x1a\n", "\n#\n", ""]) if odd else "\n"
    match chance.randrange(24) if odd else 99:
        case 0: text = text.replace("\n", "\r\n")
        case 1: text = text.rstrip("\n")
        case 2: text = text[:chance.randrange(1, len(text) + 1)]
        case 3: text = "\ufeff" + text
        case 4: text = "\n" * chance.randrange(4) + text + "x"
        case 5: text = text.replace("\n\n", "\n", 1)
        case _: pass
    return text.encode(errors="surrogateescape")


@pytest.mark.parametrize("name", ["0000", "1", "000", "tmp.i", "00a", "0000~", ".0000", "00000001"])
@pytest.mark.parametrize("content", ["", "\n", "Package: x\nStatus: install ok installed\nVersion: 2\n"])
def test_dpkg_journal(name, content, tmp_path):
    """What changes what dpkg lists is unread; what does not, is not."""
    (tmp_path / "updates").mkdir()
    (tmp_path / "status").write_text("Package: x\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n")
    (tmp_path / "updates" / name).write_text(content)
    inventory, = read_databases([(f"var/lib/dpkg/updates/{name}", tmp_path / "updates" / name)])
    changed = [row[1] for row in dpkg_lists(tmp_path)] == ["2"]
    assert bool(inventory["unread"]) == changed or content == "\n"


def test_dpkg(tmp_path):
    texts = [dpkg_database(random.Random(f"dpkg {number}")) for number in range(CASES)]
    for number, text in enumerate(texts):
        folder = tmp_path / str(number)
        (folder / "updates").mkdir(parents=True)
        (folder / "status").write_bytes(text)
    inventories = read_databases([("var/lib/dpkg/status", tmp_path / str(number) / "status") for number in range(CASES)])
    count = Counter()
    for number, inventory in enumerate(inventories):
        listed = dpkg_lists(tmp_path / str(number))
        case = (number, texts[number], listed, inventory["packages"], why_unread(inventory))
        count["gave up" if listed is None else "unread" if inventory["unread"] else "same"] += 1
        if inventory["unread"]:
            continue
        assert listed is not None, case
        assert same_packages(assay_lists(inventory), listed), case
    assert count["same"] > CASES // 4 and count["gave up"] > CASES // 20 and count["unread"] < CASES // 4, count


# --- apk: Debian has none; one in the PATH, or named by ASSAY_APK, is asked ---

APK = os.environ.get("ASSAY_APK") or shutil.which("apk")


def apk_lists(root):
    """What apk says of a database; None: it gives up."""
    result = subprocess.run([APK, "--root", str(root), "--no-network", "info", "-v"], capture_output=True, check=False)
    if result.returncode or b"ERROR" in result.stderr:
        return None
    return sorted({line for line in result.stdout.decode(errors="replace").split("\n") if line})


def apk_database(chance):
    odd = chance.random() < 0.8
    lines, used = [], set()
    for number in range(chance.randrange(1, 5)):
        name = chance.choice(["openssl", "musl", "zlib", "libcrypto3", "a"])
        if name in used:
            continue
        used.add(name)
        checksum = base64.b64encode(hashlib.sha1(f"{name} {number}".encode()).digest()).decode()
        record = [f"C:Q1{checksum}", f"P:{name}", f"V:{chance.choice(['1.1.1c-r0', '3.0.8-r4', '1_git20220101-r0'])}", "A:x86_64",
                  "S:1", "I:1", "T:x", "U:x", "L:x"]
        if chance.random() < 0.5:
            record += [f"o:{name}", "m:A <a@example.org>", "t:1590679557"]
        if chance.random() < 0.5:
            record += ["F:lib", "R:libx.so", "a:0:0:755", "Z:Q1aaaaaaaaaaaaaaaaaaaaaaaaaaa="]
        if odd and chance.random() < 0.3:
            at = chance.randrange(1, len(record) + 1)
            record.insert(at, chance.choice(["", "x", " ", "\r", "\0", "P:musl", "V:9-r9", "P:", "x:y", "Y:z", "P openssl", "#", "o:other",
                                             ":", "::", " P:openssl", "p:openssl", "P: openssl", "T:" + "y" * 3000]))
        if odd and chance.random() < 0.2:
            at = chance.randrange(len(record))
            record[at] += chance.choice(["\r", " ", "\0", "\0x", "\t", "é", "\n\n", "\n", "\ny\n"])
        if odd and chance.random() < 0.1:
            record.pop(chance.randrange(len(record)))
        lines += [*record, chance.choice(["", "", "", "", "x", "\r", "\n", " ", ":"]) if odd else ""]
    text = "\n".join(lines) + chance.choice(["\n", "\n", "\n", "", "x", "\n\n"] if odd else ["\n"])
    return text.encode()


@pytest.mark.skipif(not APK, reason="there is no apk here: its rules are in tests/unit/inspect/test-packages.c")
def test_apk(tmp_path):
    texts = [apk_database(random.Random(f"apk {number}")) for number in range(CASES)]
    for number, text in enumerate(texts):
        for name, content in {"lib/apk/db/installed": text, "etc/apk/world": b"\n", "etc/apk/arch": b"x86_64\n"}.items():
            (tmp_path / str(number) / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / str(number) / name).write_bytes(content)
    inventories = read_databases([("lib/apk/db/installed", tmp_path / f"{number}/lib/apk/db/installed") for number in range(CASES)])
    count = Counter()
    for number, inventory in enumerate(inventories):
        listed = apk_lists(tmp_path / str(number))
        ours = sorted({f"{each['name']}-{each['version']}" for each in inventory["packages"]})
        count["gave up" if listed is None else "unread" if inventory["unread"] else "same"] += 1
        if listed is not None and not inventory["unread"]:
            assert set(listed) <= set(ours), (number, texts[number], listed, ours)
            count["more"] += listed != ours
    assert count["same"] > CASES // 3 and count["more"] < CASES // 20, count


# --- rpm ---

RPM_TAGS = {"name": 1000, "version": 1001, "release": 1002, "epoch": 1003, "summary": 1004, "vendor": 1011, "arch": 1022,
            "source": 1044, "installtime": 1008, "module": 5096}
RPM_INT32, RPM_STRING, RPM_BYTES = 4, 6, 7


def rpm_entries(tags, store):
    """Index and data of [(tag, type, value)]; the data goes on from that of @store."""
    index = []
    for tag, kind, value in tags:
        if kind == RPM_INT32:
            store += b"\0" * (-len(store) % 4)
        index.append((tag, kind, len(store), 1))
        store += struct.pack(">I", value) if kind == RPM_INT32 else value
    return index, store


def rpm_header(tags, added=(), region=63):
    """A header as rpm keeps it: a region with @tags, and what was added to it later."""
    index, store = rpm_entries(tags, b"")
    if region is not None:
        index.insert(0, (region, RPM_BYTES, len(store), 16))
        store += struct.pack(">IIiI", region, RPM_BYTES, -16 * len(index), 16)
    more, store = rpm_entries(added, store)
    index += more
    return struct.pack(">II", len(index), len(store)) + b"".join(struct.pack(">IIII", *entry) for entry in index) + store


def rpm_tags(chance):
    def text(name, *values):
        return (RPM_TAGS[name], RPM_STRING, chance.choice(values).encode() + b"\0")
    tags = [text("name", "openssl-libs", "bash", "glibc", "OpenSSL", "gpg-pubkey"), text("version", "1.1.1k", "5.1", "2.34"),
            text("release", "9.el8", "1.el9_2"), text("summary", "x")]
    if chance.random() < 0.3:
        tags.insert(3, (RPM_TAGS["epoch"], RPM_INT32, chance.choice([0, 1, 20])))
    tags += [text("vendor", "AlmaLinux"), text("arch", "x86_64", "noarch"), text("source", "openssl-1.1.1k-9.el8.src.rpm")]
    return tags


def odd_rpm_header(chance):
    tags, added, region = rpm_tags(chance), [(RPM_TAGS["installtime"], RPM_INT32, 7)], 63
    at = chance.randrange(len(tags))
    tag, kind, value = tags[at]
    match chance.randrange(16):
        case 0: added.insert(0, (RPM_TAGS["name"], RPM_STRING, b"zlib\0"))
        case 1: added = [(RPM_TAGS["version"], RPM_STRING, b"9\0"), (RPM_TAGS["release"], RPM_STRING, b"9\0"), *added]
        case 2: added = [(tag, kind, value), (tag, kind, value)]
        case 3: tags.insert(at + 1, (tag, kind, value if kind == RPM_INT32 else b"other\0"))
        case 4: tags[at] = (tag, chance.choice([4, 7, 8, 9, 1, 0, 10]), 7 if chance.random() < 0.3 else b"abcd\0\0\0\0")
        case 5: tags.pop(at)
        case 6: region = None
        case 7: region = chance.choice([61, 62, 64, 99])
        case 8: tags[at] = (tag, RPM_STRING, chance.choice([b"\0", b"a b\0", "é\0".encode(), b"\xff\0", b"x\n\0", b"unended", b"y" * 5000 + b"\0"]))
        case 9: added.append((99, RPM_INT32, 1))
        case 10: tags.append(tags.pop(0))
        case 11: added = []
        case 12: added.append((RPM_TAGS["epoch"], RPM_INT32, 3))
        case 13: added.append((RPM_TAGS["name"], chance.choice([8, 9]), b"zlib\0"))
        case _: pass
    if any(kind == RPM_INT32 and not isinstance(value, int) for _, kind, value in tags):
        tags = [(tag, kind, 7 if kind == RPM_INT32 else value) for tag, kind, value in tags]
    tags = [(tag, kind, value if kind == RPM_INT32 or isinstance(value, bytes) else b"abcd\0") for tag, kind, value in tags]
    header = rpm_header(tags, added, region)
    match chance.randrange(20):
        case 0: header += b"\0"
        case 1: header = header[:-1]
        case 2:
            at = chance.randrange(len(header))
            header = header[:at] + bytes([chance.randrange(256)]) + header[at + 1:]
        case 3: header = b""
        case _: pass
    return header


def rpm_database(chance, base, path):
    """Writes rpmdb.sqlite from an empty one, and sometimes its journal."""
    shutil.copy(base, path / "rpmdb.sqlite")
    odd = chance.random() < 0.75
    headers = [odd_rpm_header(chance) if odd and chance.random() < 0.7 else
               rpm_header(rpm_tags(chance), [(RPM_TAGS["installtime"], RPM_INT32, 7)]) for _ in range(chance.randrange(1, 4))]
    database = sqlite3.connect(path / "rpmdb.sqlite", isolation_level=None)
    kind = chance.randrange(24) if odd else 99
    name = {0: "Other", 1: "Hidden"}.get(kind, "Packages")
    if name != "Packages":
        database.execute(f"ALTER TABLE Packages RENAME TO {name}")
    if kind == 1:
        database.execute("CREATE VIEW Packages AS SELECT hnum, blob FROM Hidden")
    if kind == 2:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
    for header in headers:
        database.execute(f"INSERT INTO '{name}'(blob) VALUES (?)", (header,))
    if kind == 3:
        database.execute("DELETE FROM Packages WHERE hnum = 1")
    if kind == 4:
        database.execute("UPDATE Packages SET hnum = 0 WHERE hnum = 1")
    if kind == 2:
        for suffix in ("", "-wal"):
            (path / f"rpmdb.sqlite{suffix}").rename(path / f"rpmdb.sqlite{suffix}.kept")
        database.close()
        for suffix in ("", "-wal"):
            (path / f"rpmdb.sqlite{suffix}.kept").rename(path / f"rpmdb.sqlite{suffix}")
    database.close()
    return kind


def rpm_lists(folder):
    result = subprocess.run(["rpm", "--dbpath", str(folder), "-qa", "--qf", "%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\1"],
                            capture_output=True, check=False)
    rows = [tuple(line.split("\t")) for line in result.stdout.decode(errors="replace").split("\1") if line]
    return sorted((row[0], row[1].removeprefix("0:"), row[2].replace("(none)", "")) for row in rows if row[0] != "gpg-pubkey")


def test_rpm(tmp_path):
    """Each database twice, as rpm may write beside the one that it reads."""
    kinds, databases, owners = [], [], []
    (tmp_path / "empty").mkdir()
    subprocess.run(["rpm", "--dbpath", str(tmp_path / "empty"), "--initdb"], check=True)
    for number in range(CASES):
        (tmp_path / f"{number}").mkdir()
        kinds.append(rpm_database(random.Random(f"rpm {number}"), tmp_path / "empty/rpmdb.sqlite", tmp_path / str(number)))
        shutil.copytree(tmp_path / str(number), tmp_path / f"{number}-rpm")
        for file in (tmp_path / str(number)).iterdir():
            databases.append((f"var/lib/rpm/{file.name}", file))
            owners.append(number)
    inventories = [{"packages": [], "unread": [], "notes": []} for _ in range(CASES)]
    for number, inventory in zip(owners, read_databases(databases)):
        for key, found in inventories[number].items():
            found += inventory[key]
    count = Counter()
    for number, inventory in enumerate(inventories):
        listed = rpm_lists(tmp_path / f"{number}-rpm")
        ours = sorted((each["name"], each["version"], each.get("architecture", "")) for each in inventory["packages"])
        count["unread" if inventory["unread"] else "same"] += 1
        count["other when unread"] += bool(inventory["unread"]) and listed != ours
        if not inventory["unread"]:
            # rpm passes over a header in which any of its hundreds of tags has a wrong type; here it is listed.
            assert not Counter(listed) - Counter(ours), (number, kinds[number], listed, ours)
            count["more"] += listed != ours
    assert count["same"] > CASES // 3 and count["other when unread"] > CASES // 20 and count["more"] <= CASES // 30, count


# --- pacman: Debian's package is called pacman-package-manager ---

PACMAN = os.environ.get("ASSAY_PACMAN") or shutil.which("pacman", path="/usr/bin:/bin")


def pacman_lists(folder):
    """What pacman says of a database; None: it complains."""
    result = subprocess.run([PACMAN, "--dbpath", str(folder), "-Qi"], capture_output=True, text=True, check=False,
                            env={**os.environ, "LC_ALL": "C"})
    if "error" in result.stderr:
        return None
    records = [dict(re.findall(r"^(Name|Version|Architecture) *: (.*)$", record, re.M)) for record in result.stdout.strip().split("\n\n")]
    return sorted((each["Name"], each["Version"], each["Architecture"].replace("None", "")) for each in records)


def pacman_desc(chance, name, version):
    odd = chance.random() < 0.4
    fields = [["%NAME%", name, ""], ["%VERSION%", version, ""], ["%BASE%", "x", ""], ["%DESC%", "%NAME%", ""], ["%ARCH%", "any", ""],
              ["%LICENSE%", "MIT", "%VERSION%", ""], ["%SIZE%", "1", ""], ["%DEPENDS%", "a", "b", ""]]
    if odd and chance.random() < 0.5:
        fields.insert(chance.randrange(9), chance.choice([["%NAME%", "other"], ["%VERSION%", "9-9"], ["%URL%", "", ""], ["x", "y"], [""],
                                                          ["%UNKNOWN%", "x", ""], ["%NAME%", name], ["%DEPENDS%", ""]]))
    if odd and chance.random() < 0.3:
        fields.pop(chance.randrange(2))
    if odd and chance.random() < 0.3:
        field = chance.choice(fields)
        field[chance.randrange(len(field))] += chance.choice([" ", "\t", "x", "\n"])
    if odd and chance.random() < 0.3:
        chance.shuffle(fields)
    return "\n".join(line for field in fields for line in field)


@pytest.mark.skipif(PACMAN is None, reason="pacman is not here")
def test_pacman(tmp_path):
    """Each package that pacman lists without complaint is listed, or its file is unread."""
    count, databases, lists = Counter(), [], []
    for number in range(CASES // 3):
        chance = random.Random(number)
        folder = tmp_path / str(number)
        (folder / "local").mkdir(parents=True)
        (folder / "sync").mkdir()
        (folder / "local/ALPM_DB_VERSION").write_text("9\n")
        for name in chance.sample(["zlib", "gcc-libs", "lib32-x", "a"], 2):
            version = chance.choice(["1-1", "1:2.0-3", "20240101.r5-1"])
            package = folder / "local" / f"{name}-{version}"
            package.mkdir()
            (package / "files").write_text("%FILES%\n\n")
            (package / "desc").write_text(pacman_desc(chance, name, version))
            databases.append((f"var/lib/pacman/local/{name}-{version}/desc", package / "desc"))
        lists.append(pacman_lists(folder))
    inventories = read_databases(databases)
    for number, listed in enumerate(lists):
        ours = inventories[2 * number:2 * number + 2]
        unread = any(inventory["notes"] for inventory in ours)
        if listed is None or unread:
            count["complains" if listed is None else "unread"] += 1
            continue
        count["same"] += 1
        assert sorted((each["name"], each["version"], each.get("architecture") or "")
                      for inventory in ours for each in inventory["packages"]) == listed, number
    assert count["same"] > CASES // 10 and count["complains"] > CASES // 60, count


# --- what other scanners expect of their own samples ---

SHARED = Path(os.environ.get("ASSAY_SHARED", "/nowhere"))
FIXTURES = SHARED / "fixtures"
FIXTURE_PLACES = {"dpkg": "var/lib/dpkg/status", "apk": "lib/apk/db/installed", "rpm": "var/lib/rpm/Packages",
                  "chisel": "var/lib/chisel/manifest.wall", "pacman": "var/lib/pacman/local/{}-{}/desc"}


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the samples are not here")
def test_samples_of_others():
    """Where they count what is removed but for its configuration as a package, dpkg's own list decides."""
    expected = {}
    for line in (FIXTURES / "expected.tsv").read_text().splitlines()[1:]:
        path, name, version = line.split("\t")
        if path.split("/")[0] in FIXTURE_PLACES and "opkg" not in path and "configfiles" not in name:
            expected.setdefault(path, set()).add((name, version))
    places = []
    for path in expected:
        place = FIXTURE_PLACES[path.split("/")[0]].format(*min(expected[path]))
        places.append((place if "status.d" not in path else "var/lib/dpkg/status.d/foo", FIXTURES / path))
    for path, inventory in zip(expected, read_databases(places)):
        # Theirs are without the epochs of rpm.
        ours = {(each["name"], re.sub(r"^\d+:", "", each["version"]) if path.startswith("rpm/") else each["version"])
                for each in inventory["packages"]}
        assert ours == expected[path], path
    assert len(expected) > 10
