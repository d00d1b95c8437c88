"""The checkers of scripts/ find what they are for: made-up trees with one breach each, and one without."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import check_floors  # noqa: E402
import check_hardening  # noqa: E402
import check_headers  # noqa: E402
import check_sizes  # noqa: E402
import check_tables  # noqa: E402

HOUSE = {
    "src/base/log.h": "",
    "src/base/http_client.h": "",
    "src/oci/digest.h": "",
    "src/storage/sql.h": "",
    "src/storage/sql-private.h": "",
    "src/storage/sql.c": '#include <sqlite3.h>\n#include "storage/sql-private.h"\n',
    "src/verdict/match.h": "",
    "src/server/server.h": "",
    "src/pipeline.h": '#include "verdict/match.h"\n',
    "src/source/source.h": '#include "verdict/match.h"\n',
}
CASES = [
    ("lower floor", "src/server/a.c", '#include "pipeline.h"\n', None),
    ("own room", "src/verdict/a.c", '#include "verdict/match.h"\n', None),
    ("own private header", "src/storage/a.c", '#include "sql-private.h"\n', None),
    ("a test sees its room's private header", "tests/unit/storage/t.c", '#include "storage/sql-private.h"\n', None),
    ("higher floor", "src/verdict/a.c", '#include "server/server.h"\n', "floor 6 (verdict) includes"),
    ("neighbour", "src/version/a.c", '#include "oci/digest.h"\n', "floor 2 (version) includes"),
    ("upwards by angle brackets", "src/base/a.c", "#include <storage/sql.h>\n", "floor 1 (base) includes"),
    ("upwards by a relative path", "src/base/a.c", '#include "../storage/sql.h"\n', "floor 1 (base) includes"),
    ("pipeline from below", "src/source/a.c", '#include "pipeline.h"\n', "floor 7 (source) includes"),
    ("foreign private header", "src/server/a.c", '#include "storage/sql-private.h"\n', "is private to storage"),
    ("test of another room", "tests/unit/verdict/t.c", '#include "storage/sql-private.h"\n', "is private to storage"),
    ("pure room", "src/archive/a.c", '#include "base/log.h"\n', "is pure"),
    ("hidden library", "src/registry/a.c", "#include <sqlite3.h>\n", "belongs to storage/ alone"),
    ("a library for one file", "src/sign/keys/sm2.c", "#include <openssl/evp.h>\n", None),
    ("its headers elsewhere", "src/sign/keys/key.c", "#include <openssl/evp.h>\n", "is for sign/keys/sm2.c alone"),
    ("unknown room", "src/attic/a.c", "", "stands on no floor"),
]


@pytest.mark.parametrize("path,text,expected", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_floors(tmp_path, path, text, expected):
    for name, content in {**HOUSE, path: text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    breaches = check_floors.check(tmp_path)
    if expected is None:
        assert breaches == []
    else:
        assert len(breaches) == 1 and expected in breaches[0]


def test_floors_of_nothing(tmp_path):
    assert check_floors.check(tmp_path), "an empty tree must not count as clean"


def test_architecture_shows_the_floors():
    """The table of ARCHITECTURE.md has each room that there is, on the floor that is checked."""
    root = Path(__file__).resolve().parents[2]
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", (root / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    shown = {room: int(floor) for floor, rooms in rows for room in re.findall(r"`src/(\w+)/`", rooms)}
    rooms = {path.name for path in (root / "src").iterdir() if path.is_dir()}
    assert shown == {room: check_floors.FLOORS[room] for room in rooms}


def write_tree(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def defined(name, *calls):
    return f"void\n{name}(void)\n{{\n" + "".join(f"  {each}();\n" for each in calls) + "}\n"


HEADER_CASES = [
    ("own header", {"src/oci/a.h": "void a_run(void);", "src/oci/a.c": defined("a_run")}, None),
    ("own private header", {"src/oci/a-private.h": "void a_run(void);", "src/oci/a.c": defined("a_run")}, None),
    ("header of the family", {"src/oci/a.h": "void a_run(void);", "src/oci/a_b_c.c": defined("a_run")}, None),
    ("header of the list's rows", {"src/oci/row.h": "void rows_run(void);", "src/oci/rows.c": defined("rows_run")}, None),
    ("header of the room", {"src/oci/oci.h": "void a_run(void);", "src/oci/a.c": defined("a_run")}, None),
    ("header of the folder", {"src/oci/in/in.h": "void a_run(void);", "src/oci/in/a.c": defined("a_run")}, None),
    ("header beside the folder", {"src/oci/in.h": "void a_run(void);", "src/oci/in/a.c": defined("a_run")}, None),
    ("static", {"src/oci/a.c": "static " + defined("a_run")}, None),
    ("row declared beside its type", {"src/oci/b.h": "typedef struct {\n  int a;\n} Row;\nextern const Row a_row;\n",
                                      "src/oci/a.c": "const Row a_row = {1};\n"}, None),
    ("header of another file", {"src/oci/b.h": "void a_run(void);", "src/oci/a.c": defined("a_run")},
     "a_run is declared in oci/b.h, not in"),
    ("header of another room", {"src/base/a.h": "void a_run(void);", "src/oci/a.c": defined("a_run")},
     "a_run is declared in base/a.h, not in"),
    ("only named in a comment", {"src/oci/a.h": "/* a_run(); */", "src/oci/a.c": defined("a_run")}, "declared in no header"),
    ("called by a header, not declared", {"src/oci/a.h": "static inline void\nx(void)\n{\n  a_run();\n}\n",
                                          "src/oci/a.c": defined("a_run")}, "declared in no header"),
    ("object of no header", {"src/oci/a.c": "const int a_limit = 3;\n"}, "a_limit is declared in no header"),
    ("a row of the build's list", {"src/oci/list.c": "#define DECLARE(name) extern const Row name##_row;\n",
                                   "src/oci/a.c": "const Row a_row = {0};\n"}, None),
    ("a row of another name than its file", {"src/oci/list.c": "#define DECLARE(name) extern const Row name##_row;\n",
                                             "src/oci/a.c": "const Row b_row = {0};\n"}, "b_row is declared in no header"),
    ("headers in a circle", {"src/oci/a.h": '#include "oci/b.h"\n', "src/oci/b.h": '#include "oci/a.h"\n'},
     "use each other: oci/a.h, oci/b.h"),
    ("files in a circle", {"src/oci/oci.h": "void a(void);\nvoid b(void);\n", "src/oci/a.c": defined("a", "b"),
                           "src/oci/b.c": defined("b", "a")}, "use each other: oci/a.c, oci/b.c"),
    ("files in a circle of three", {"src/oci/oci.h": "void a(void);\nvoid b(void);\nvoid c(void);\n",
                                    "src/oci/a.c": defined("a", "b"),
                                    "src/oci/b.c": defined("b", "c"), "src/oci/c.c": defined("c", "a")},
     "use each other: oci/a.c, oci/b.c, oci/c.c"),
    ("one way", {"src/oci/oci.h": "void a(void);\nvoid b(void);\n", "src/oci/a.c": defined("a", "b"), "src/oci/b.c": defined("b")},
     None),
    ("a list and its rows", {"src/oci/list.h": "typedef struct {\n  int a;\n} Row;\nextern const Row row;\nvoid help(void);\n",
                             "src/oci/list.c": "static const Row *const all[] = {&row};\n\n" + defined("help"),
                             "src/oci/row.c": "const Row row = {1};\n\nstatic " + defined("use", "help")}, None),
]


@pytest.mark.parametrize("files,expected", [case[1:] for case in HEADER_CASES], ids=[case[0] for case in HEADER_CASES])
def test_headers(tmp_path, files, expected):
    write_tree(tmp_path, files)
    breaches = check_headers.check(tmp_path)
    if expected is None:
        assert breaches == []
    else:
        assert len(breaches) == 1 and expected in breaches[0]


def test_headers_of_nothing(tmp_path):
    assert check_headers.check(tmp_path) and check_tables.check(tmp_path), "an empty tree must not count as clean"


SCHEMAS = {"src/sign/schema.c": '"CREATE TABLE keys (" "  name TEXT)"', "src/notify/schema.c": '"CREATE TABLE rules (name TEXT)"'}
TABLE_CASES = [
    ("own table", {"src/sign/a.c": '"SELECT 1 FROM keys"'}, None),
    ("read by another room", {"src/sign/a.c": '"SELECT 1 " "FROM rules"'}, "the table rules belongs to notify/"),
    ("joined by another room", {"src/sign/a.c": '"FROM keys JOIN rules ON 1"'}, "the table rules belongs to notify/"),
    ("written by another room", {"src/sign/a.c": '"INSERT INTO rules"'}, "the table rules belongs to notify/"),
    ("referenced by another room", {"src/sign/a.c": '"name TEXT REFERENCES rules (name)"'}, "the table rules belongs to notify/"),
    ("indexed by another room", {"src/sign/a.c": '"CREATE INDEX a ON rules (name)"'}, "the table rules belongs to notify/"),
    ("named in a comment", {"src/sign/a.c": '/* "FROM rules" */'}, None),
    ("a word of a message", {"src/sign/a.c": '"no rules for this"'}, None),
    ("own settings", {"src/sign/a.c": "const Section a_section = {0};\nstatic int b = {&a_section};"}, None),
    ("settings of another room", {"src/sign/a.c": "const Section a_section = {0};", "src/notify/b.c": "x = &a_section;"},
     "the settings a_section belong to sign/"),
    ("put together", {"src/sign/a.c": "const Section a_section = {0};", "src/server/config.c": "x = &a_section;"}, None),
    ("of one file", {"src/sign/a.c": "static const Section a_section = {0};", "src/notify/b.c": "x = &a_section;"}, None),
]
DETECTORS = {
    "src/inspect/detectors.c": "const Detector *const detectors[] = {&one_detector, NULL};\n",
    "src/inspect/one.c": 'const Detector one_detector = {\n    .name = "one",\n};\n',
    "tests/fuzz/fuzz-detectors.c": "", "tests/unit/inspect/test-detectors.c": "", "tests/fuzz/corpus/detectors/one": "x",
}


@pytest.mark.parametrize("files,expected", [case[1:] for case in TABLE_CASES], ids=[case[0] for case in TABLE_CASES])
def test_tables(tmp_path, files, expected):
    write_tree(tmp_path, {**SCHEMAS, **files})
    breaches = check_tables.check(tmp_path)
    if expected is None:
        assert breaches == []
    else:
        assert len(breaches) == 1 and expected in breaches[0]


@pytest.mark.parametrize("missing,expected", [
    (None, None),
    ("tests/fuzz/fuzz-detectors.c", "have no such test"),
    ("tests/unit/inspect/test-detectors.c", "have no such test"),
    ("tests/fuzz/corpus/detectors/one", "one_detector has no fixture"),
    ("src/inspect/one.c", "one_detector is defined nowhere"),
])
def test_detectors(tmp_path, missing, expected):
    write_tree(tmp_path, {name: text for name, text in DETECTORS.items() if name != missing})
    breaches = check_tables.check(tmp_path)
    if expected is None:
        assert breaches == []
    else:
        assert len(breaches) == 1 and expected in breaches[0]


def function(lines, above=""):
    return f"/* Subject. */\n{above}int\nlong_one(void)\n{{\n" + "  work();\n" * lines + "}\n"


@pytest.mark.parametrize("text,expected", [
    (function(60), 0),
    (function(61), 1),
    (function(61, "/* Long because: one table. */\n"), 0),
    ("/* Subject. */\n" + "int a;\n" * 499, 0),
    ("/* Subject. */\n" + "int a;\n" * 500, 1),
    ("/* Subject. Long because: one table. */\n" + "int a;\n" * 500, 0),
], ids=["60 lines", "61 lines", "61 lines with a reason", "500-line file", "501-line file", "501 with a reason"])
def test_sizes(text, expected):
    assert len(check_sizes.check_text("x.c", text)) == expected


HARDENED = ["-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong", "-fcf-protection", "-fPIE", "-pie",
            "-Wl,-z,relro", "-Wl,-z,now"]
HARDENING_CASES = [
    ("hardened", [], []),
    ("no PIE", ["-fno-pie", "-no-pie"], ["PIE"]),
    ("no RELRO", ["-Wl,-z,norelro"], ["RELRO"]),
    ("lazy", ["-Wl,-z,lazy"], ["bind now"]),
    ("executable stack", ["-Wl,-z,execstack"], ["segments that are not both writable and executable"]),
    ("search path", ["-Wl,-rpath,/tmp"], ["no search path for libraries of its own"]),
    ("no protector", ["-fno-stack-protector"], ["stack protector"]),
    ("not fortified", ["-U_FORTIFY_SOURCE"], ["fortified functions"]),
    ("no CET", ["-fcf-protection=none"], ["landing pads (CET)"]),
]


@pytest.mark.parametrize("flags,expected", [case[1:] for case in HARDENING_CASES], ids=[case[0] for case in HARDENING_CASES])
def test_hardening(tmp_path, flags, expected):
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text("#include <stdio.h>\n#include <string.h>\nint main(int argc, char **argv) {\n"
                      "  char text[9];\n  strcpy(text, argv[argc - 1]);\n  return puts(text); }\n")
    subprocess.run(["gcc", *HARDENED, *flags, "-o", program, source], check=True)
    assert check_hardening.check(program) == expected


def test_hardening_of_a_command():
    good = {"file": "a.c", "command": "cc " + " ".join(check_hardening.FLAGS) + " -c a.c"}
    worse = {"file": "b.c", "command": good["command"].replace("=3", "=2")}
    assert check_hardening.check_commands([good, worse]) == ["b.c: compiled without -D_FORTIFY_SOURCE=3"]
