#!/usr/bin/python3
"""Checks that what a file of src/ defines for others is declared where a reader looks for it, and that no two files use
each other.

A function or an object that is not static is declared in one of these headers of the file's own folder, or of a folder above:
- the file's own: rpm_ndb.c -> rpm_ndb.h, rpm_ndb-private.h
- its family's, whose name begins the file's: rpm_ndb.c -> rpm.h, rpm-private.h; detectors.c -> detector.h
- where it is a row of a table whose list the build makes: by that list's macro (`extern const Command name##_command`)
- the room's or the folder's, which have its name: packages.h, packages-private.h, in it or beside it
- that of a row's type, for a table's rows (`const Command` in command.h)

Files are in a circle when headers include each other, or when each of several .c files uses a function of the next. A table
that names functions uses them as well; a list of rows does not use its rows. Prints a line for each breach."""
import re
import sys
from pathlib import Path

COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
FUNCTION = re.compile(r"^([A-Za-z_][\w \t*]*)\n([a-z_]\w*)\([^;{}]*\)\n\{", re.MULTILINE)
OBJECT = re.compile(r"^(?!static\b|extern\b|typedef\b|return\b)((?:const |unsigned )*([A-Za-z_]\w*)[ *]+(?:const )?)(\w+)"
                    r"(\[\w*\])?\s*=", re.MULTILINE)
# Of a list that meson makes of file names: the rows' type, and what their names end in.
ROWS = re.compile(r"\bextern const (\w+) \w+##(_\w+);")
DECLARED = re.compile(r"\b([a-z_]\w*)\b")
# main() is called by the system, and sendfile64() by libmicrohttpd (src/server/http/sendfile.c).
ENTRY = {"main", "sendfile64"}


def without_comments(text):
    """The text with comments and strings blanked; lines stay where they are."""
    return COMMENT.sub(lambda match: '""' if match.group()[0] in "\"'" else "\n" * match.group().count("\n"), text)


def definitions(code):
    """{name: (line, type)} of what a .c file defines and that is not static; the type only of objects."""
    found = {}
    for match in FUNCTION.finditer(code):
        if "static" not in match.group(1).split():
            found[match.group(2)] = (code.count("\n", 0, match.start(2)) + 1, None)
    for match in OBJECT.finditer(code):
        found[match.group(3)] = (code.count("\n", 0, match.start(3)) + 1, match.group(2))
    return found


def headers_of(source, file):
    """The headers that may declare what @file defines, nearest first."""
    stems = {file.stem, file.stem.removesuffix("s")}
    while "_" in (shortest := min(stems, key=len)):
        stems.add(shortest.rpartition("_")[0])
    found, folder = [], file.parent
    while folder != source:
        for stem in [*sorted(stems, key=len, reverse=True), folder.name]:
            found += [folder / f"{stem}{end}.h" for end in ("", "-private")]
        found.append(folder.with_suffix(".h"))
        folder = folder.parent
    return [path for path in dict.fromkeys(found) if path.is_file()]


INLINE = re.compile(r"^static inline[^{;]*\{.*?^\}", re.DOTALL | re.MULTILINE)


def declares(code, name):
    """Whether a header declares it, and does not only call it in a function of its own."""
    return re.search(rf"\b{name}\s*[\[(;,]", INLINE.sub("", code)) is not None


def defines_type(code, name):
    return re.search(rf"\}}\s*{name};|typedef struct \w+ {name};", code) is not None


def check_declared(source, codes):
    found = []
    headers = {path: code for path, code in codes.items() if path.suffix == ".h"}
    rows = {row for code in codes.values() for row in ROWS.findall(code)}
    for path, code in codes.items():
        if path.suffix != ".c":
            continue
        allowed = headers_of(source, path)
        for name, (line, kind) in definitions(code).items():
            if name in ENTRY or any(kind == row and name == path.stem + end for row, end in rows):
                continue
            places = [header for header, text in headers.items() if re.search(rf"\b{name}\b", text) and declares(text, name)]
            good = [header for header in places if header in allowed or kind and defines_type(headers[header], kind)]
            if not places:
                found.append(f"{path}:{line}: {name} is declared in no header; is it static?")
            elif not good:
                here = ", ".join(str(place.relative_to(source)) for place in places)
                found.append(f"{path}:{line}: {name} is declared in {here}, not in the header of its file, family or room")
    return found


def circles(graph):
    """The groups of nodes that reach each other (Tarjan), each sorted."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on.add(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while True:
                last = stack.pop()
                on.discard(last)
                group.append(last)
                if last == node:
                    break
            if len(group) > 1:
                found.append(sorted(group))
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def graphs(source, codes, texts):
    """(headers that include headers, .c files that use what others define), by path below src/."""
    defined = {}
    for path, code in codes.items():
        if path.suffix == ".c":
            for name, (_, kind) in definitions(code).items():
                if kind is None:
                    defined.setdefault(name, path)
    includes, uses = {}, {}
    for path, code in codes.items():
        name = str(path.relative_to(source))
        if path.suffix == ".h":
            targets = includes.setdefault(name, set())
            for include in INCLUDE.findall(texts[path]):
                for target in (source / include, path.parent / include):
                    if target in codes:
                        targets.add(str(target.relative_to(source)))
        else:
            own = definitions(code)
            words = {word for word in DECLARED.findall(code) if word in defined and word not in own}
            uses[name] = {str(defined[word].relative_to(source)) for word in words} - {name}
    return includes, uses


def check(root):
    sys.setrecursionlimit(10000)
    source = Path(root) / "src"
    texts = {path: path.read_text(encoding="utf-8") for path in sorted([*source.rglob("*.c"), *source.rglob("*.h")])}
    if not texts:
        return [f"{root}: no C file found"]
    codes = {path: without_comments(text) for path, text in texts.items()}
    found = check_declared(source, codes)
    for graph in graphs(source, codes, texts):
        found += [f"these files use each other: {', '.join(group)}" for group in circles(graph)]
    return found


if __name__ == "__main__":
    report = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    print("\n".join(report), end="\n" if report else "")
    sys.exit(1 if report else 0)
