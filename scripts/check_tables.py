#!/usr/bin/python3
"""Checks that a room's tables are its own, and that what stands in a list of rows is tested.

- An SQL table is named only in the room whose schema makes it, and where SHARED says why.
- A table of settings (`const Section ..._section`) is named only in the room that owns the keys, and where several are put
  together: server/config.c, which has them all, and PARTS.
- Each row of `detectors[]` has a fixture, which is the seed of the fuzz target `detectors` and the case of its unit test.

Prints a line for each breach."""
import re
import sys
from pathlib import Path

# (room, table): why it reads what is another room's.
SHARED = {
    ("pipeline", "blobs"): "what blobs left is cleaned with the blobs that are gone, in one statement",
    ("pipeline", "manifests"): "the images to scan are the manifests that were pushed",
    ("pipeline", "repository_blobs"): "which repositories hold a layer that was inspected",
    ("pipeline", "manifest_references"): "which images wait for a layer",
    ("pipeline", "image_use"): "of all images that are inspected again, those that are used come first",
}
# Files that are not of the room, and why they name its table.
PARTS = {
    "server/config.c": "the configuration is all tables together",
    "inspect/inspection.c": "an inspection takes the limits of a layer and of a worker",
    "inspect/worker.c": "the worker reads the limits of a layer that inspection.c wrote",
}
STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')
CREATED = re.compile(r"\bCREATE (?:TEMP |TEMPORARY )?TABLE (?:IF NOT EXISTS )?(\w+)")
USED = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|REFERENCES)\s+\(*(\w+)|\bON\s+(\w+)\s*\(")


def room_of(source, path):
    return path.relative_to(source).parts[0]


def strings_of(text):
    """The strings of a file, joined: SQL is written over several lines."""
    return " ".join(STRING.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)))


def check_sql(source):
    texts = {path: strings_of(path.read_text(encoding="utf-8")) for path in sorted([*source.rglob("*.c"), *source.rglob("*.h")])}
    owner = {table: room_of(source, path) for path, text in texts.items() for table in CREATED.findall(text)}
    found = []
    for path, text in texts.items():
        room = room_of(source, path)
        for table in sorted({first or second for first, second in USED.findall(text)} & set(owner)):
            if owner[table] != room and (room, table) not in SHARED:
                found.append(f"{path}: the table {table} belongs to {owner[table]}/; ask that room, or say why in SHARED")
    return found


def check_settings(source):
    texts = {path: re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
             for path in sorted([*source.rglob("*.c"), *source.rglob("*.h")])}
    owner = {name: room_of(source, path) for path, text in texts.items()
             for name in re.findall(r"^const Section (\w+) =", text, re.MULTILINE)}
    found = []
    for path, text in texts.items():
        place = str(path.relative_to(source))
        for name in sorted(set(re.findall(r"\b\w+_section\b", text)) & set(owner)):
            if owner[name] != room_of(source, path) and place not in PARTS:
                found.append(f"{path}: the settings {name} belong to {owner[name]}/; take the values that you need, or say why "
                             "in PARTS")
    return found


def rows_of(text, name):
    """The identifiers that an array of pointers lists."""
    array = re.search(rf"\b{name}\[\] = \{{(.*?)\}};", text, re.DOTALL)
    return re.findall(r"&(\w+)", array.group(1)) if array else []


def name_of_row(code, row):
    """The name that a row has, or None when the row is not defined here."""
    match = re.search(rf'^const Detector {row} = \{{\s*(?:\.name = )?"([^"]+)"', code, re.MULTILINE)
    return match.group(1) if match else None


def check_detectors(root, source):
    """The fuzz target `detectors` and the unit test of that name take what the list has; each row needs a seed for both."""
    file, tests = source / "inspect" / "detectors.c", Path(root) / "tests"
    if not file.is_file():
        return []
    rows = rows_of(file.read_text(encoding="utf-8"), "detectors")
    found = [] if rows else [f"{file}: no row of detectors[] was found"]
    for test in (tests / "fuzz/fuzz-detectors.c", tests / "unit/inspect/test-detectors.c"):
        if not test.is_file():
            found.append(f"{test}: the detectors have no such test")
    codes = [path.read_text(encoding="utf-8") for path in sorted((source / "inspect").rglob("*.c"))]
    for row in rows:
        name = next(filter(None, (name_of_row(code, row) for code in codes)), None)
        if name is None:
            found.append(f"{file}: {row} is defined nowhere as `const Detector {row} = {{.name = ...`")
        elif not (tests / "fuzz/corpus/detectors" / name).is_file():
            found.append(f"{file}: {row} has no fixture: tests/fuzz/corpus/detectors/{name}")
    return found


def check(root):
    source = Path(root) / "src"
    if not source.is_dir():
        return [f"{root}: no C file found"]
    return check_sql(source) + check_settings(source) + check_detectors(root, source)


if __name__ == "__main__":
    report = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    print("\n".join(report), end="\n" if report else "")
    sys.exit(1 if report else 0)
