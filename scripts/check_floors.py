#!/usr/bin/python3
"""Checks which way the includes of src/ and tests/unit/ point (ARCHITECTURE.md): a file includes only its own room and
lower floors; *-private.h stays in its room; the rooms that are pure know no log, SQL or HTTP; a library that one room
hides is included there only. Prints a line for each breach."""
import re
import sys
from pathlib import Path

FLOORS = {
    "base": 1,
    "version": 2, "oci": 2, "cage": 2, "text": 2,
    "inventory": 3, "storage": 3,
    "advisory": 4, "archive": 4, "jobs": 4, "remote": 4, "sign": 4,
    "artifact": 5, "inspect": 5, "signing": 5, "access": 5, "registry": 5, "notify": 5,
    "verdict": 6,
    "report": 7, "fix": 7, "source": 7,
    "pipeline": 8, "admission": 8,
    "server": 9,
    "cli": 10,
}
PURE = {"version", "oci", "text", "inventory", "archive"}
IMPURE_HEADERS = {"base/log.h", "base/http_client.h"}
# Each of these libraries has one door, or two.
HIDDEN = {
    "sqlite3.h": "storage",
    "isa-l/crc.h": "advisory",
    "microhttpd.h": "server",
    "curl/curl.h": "base",
    "isa-l.h": "archive",
    "isa-l/igzip_lib.h": "archive",
    "seccomp.h": "cage",
    "sodium.h": ("access", "sign"),
    "ldap.h": "access",
    "yara.h": "inspect",
}
# ... and one may be called by a single file alone: the start of its headers, and that file.
ONE_CALLER = {"openssl/": "sign/keys/sm2.c"}
# ... but a format of that library is also read where no file can be opened.
FORMAT_READERS = {"inspect/packages/rpm_sqlite.c": "sqlite3.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def doors(header):
    rooms = HIDDEN[header]
    return rooms if isinstance(rooms, tuple) else (rooms,)


def room_of(relative):
    """The room of a path below src/: its first folder, or the stem of a file that stands alone."""
    parts = Path(relative).parts
    return parts[0] if len(parts) > 1 else Path(relative).stem


def resolve(source, file, include):
    """The path below src/ that an include names, or None when it is not one of ours."""
    if (source / include).is_file():
        return include
    beside = (file.parent / include).resolve()
    if beside.is_file() and source.resolve() in beside.parents:
        return str(beside.relative_to(source.resolve()))
    return None


def check_file(source, file, room, is_test):
    breaches = []
    for match in INCLUDE.finditer(file.read_text(encoding="utf-8")):
        include = match.group(1) or match.group(2)
        reader = not is_test and FORMAT_READERS.get(str(file.relative_to(source))) == include
        if include in HIDDEN and room not in doors(include) and not is_test and not reader:
            breaches.append(f"{file}: <{include}> belongs to {', '.join(doors(include))}/ alone")
            continue
        for start, caller in ONE_CALLER.items():
            if include.startswith(start) and not is_test and str(file.relative_to(source)) != caller:
                breaches.append(f"{file}: <{include}> is for {caller} alone")
        target = resolve(source, file, include)
        if target is None:
            continue
        other = room_of(target)
        if other == room:
            continue
        if other not in FLOORS:
            breaches.append(f"{file}: {target}: the room {other} stands on no floor")
        elif FLOORS[other] >= FLOORS[room] and not is_test:
            breaches.append(f"{file}: floor {FLOORS[room]} ({room}) includes {target} of floor "
                            f"{FLOORS[other]}")
        elif target.endswith("-private.h"):
            breaches.append(f"{file}: {target} is private to {other}/")
        elif room in PURE and target in IMPURE_HEADERS and not is_test:
            breaches.append(f"{file}: {room}/ is pure and must not include {target}")
    return breaches


def check(root):
    source, breaches, seen = Path(root) / "src", [], 0
    for folder, is_test in ((source, False), (Path(root) / "tests" / "unit", True)):
        for file in sorted([*folder.rglob("*.c"), *folder.rglob("*.h")]):
            room = room_of(file.relative_to(folder))
            seen += 1
            if room in FLOORS:
                breaches += check_file(source, file, room, is_test)
            elif not is_test:
                breaches.append(f"{file}: the room {room} stands on no floor")
    if not seen:
        breaches.append(f"{root}: no C file found")
    return breaches


if __name__ == "__main__":
    found = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)
