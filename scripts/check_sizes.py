#!/usr/bin/python3
"""Reports C files of more than 500 lines and functions of more than 60, unless a comment "Long because: ..." says why: in
the first 15 lines of the file, or in the comment above the function (or its first lines)."""
import sys
from pathlib import Path

FILE_LINES = 500
FUNCTION_LINES = 60
EXCUSE = "Long because:"


def name_above(lines, brace):
    """The signature that ends above an opening brace, for the message; it is at most some lines long."""
    for line in range(brace - 1, max(brace - 12, -1), -1):
        text = lines[line]
        if text[:1].isalpha() and "(" in text:
            return text.split("(")[0].strip(), line
    return "?", brace


def check_text(path, text):
    lines, found, start = text.split("\n"), [], None
    if len(lines) - 1 > FILE_LINES and EXCUSE not in "\n".join(lines[:15]):
        found.append(f"{path}: {len(lines) - 1} lines (at most {FILE_LINES})")
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            length, (name, signature) = number - start - 1, name_above(lines, start)
            if length > FUNCTION_LINES and EXCUSE not in "\n".join(lines[max(signature - 12, 0):start + 4]):
                found.append(f"{path}:{signature + 1}: {name}: {length} lines (at most {FUNCTION_LINES})")
            start = None
    return found


def check(root):
    found = []
    for folder in ("src", "tests", "bench"):
        for file in sorted([*(Path(root) / folder).rglob("*.c"), *(Path(root) / folder).rglob("*.h")]):
            found += check_text(file, file.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    report = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    print("\n".join(report), end="\n" if report else "")
    sys.exit(1 if report else 0)
