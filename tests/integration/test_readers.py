"""Package databases by the thousand, from generators with a seed: what the detectors list is what the package manager itself
lists, or the database is unread. ASSAY_READER_CASES=n: so many of each kind (300)."""
import base64
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
from collections import Counter

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
