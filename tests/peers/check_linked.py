#!/usr/bin/python3
"""Shows that linked.py can say yes, no and that nobody can tell, of two small programs. Exit code: 1 when it says another, 77 without Go's tools."""
import shutil
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import images  # noqa: E402
import linked  # noqa: E402

MODULE, VERSION = "example.com/shop", "(devel)"
USED = """package used

type Till struct{ coins int }

//go:noinline
func (till *Till) Add(coins int) { till.coins += coins }

//go:noinline
func Called(coins int) *Till { return &Till{coins} }
func Inlined(coins int) int  { return coins + 1 }
func Unused(coins int) int   { return coins + 2 }
"""
MAIN = """package main

import (
\t"example.com/shop/used"
\t"os"
)

func main() { used.Called(used.Inlined(len(os.Args))).Add(1) }
"""
# What the advisory names, and the answer of the whole program; of the others nobody can tell.
CASES = (("a function", [{"path": f"{MODULE}/used", "symbols": ["Called"]}], True),
         ("one that was compiled into its caller", [{"path": f"{MODULE}/used", "symbols": ["Inlined"]}], True),
         ("a method", [{"path": f"{MODULE}/used", "symbols": ["Till.Add"]}], True),
         ("one that nothing calls", [{"path": f"{MODULE}/used", "symbols": ["Unused"]}], False),
         ("one of several", [{"path": f"{MODULE}/used", "symbols": ["Unused", "Called"]}], True),
         ("one of the program itself", [{"path": MODULE, "symbols": ["main"]}], True),
         ("a package", [{"path": f"{MODULE}/used"}], True),
         ("a package that is not there", [{"path": f"{MODULE}/unused"}], False),
         ("the same name in another package", [{"path": f"{MODULE}/unused", "symbols": ["Called"]}], False),
         ("nothing", [], None))


def build(root, files, *options):
    (files / "used").mkdir(parents=True)
    (files / "go.mod").write_text(f"module {MODULE}\n\ngo 1.21\n")
    (files / "used/used.go").write_text(USED)
    (files / "main.go").write_text(MAIN)
    images.run("go", "build", "-buildvcs=false", *options, "-o", images.bin_of(root) / "shop", ".", cwd=files)


def whole(root, files):
    build(root, files)


def stripped(root, files):
    build(root, files, "-ldflags=-s -w")


def damaged(root, files):
    """Beside one that can be read: what is in the other nobody knows."""
    build(root, files)
    path = images.bin_of(root) / "damaged"
    path.write_bytes(b"\x7fELF" + linked.BUILD_INFO)
    path.chmod(0o755)


def main():
    missing = [one for one in ("go", linked.TOOL) if shutil.which(one) is None]
    if missing:
        print(f"the functions of programs are not tried: no {', '.join(missing)}")
        return 77
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for maker in (whole, stripped, damaged):
            root, files, layout = (Path(folder) / maker.__name__ / one for one in ("root", "files", "layout"))
            maker(root, files)
            images.pack(root, layout)
            judge = linked.Linked(Path(folder))
            judge.look_at(maker.__name__, f"oci:{layout}:image")
            for what, imports, expected in CASES:
                for version in (VERSION, "1.0.0"):  # no program has the other version
                    said = judge.answer(("golang", MODULE, version), [{"ecosystem_specific": {"imports": imports}}])
                    if said is not (expected if version == VERSION and maker is whole else None):
                        wrong.append(f"{what}, {maker.__name__}, {version}: {said}")
    print("\n".join(wrong) or f"{len(CASES)} questions about programs, whole, stripped and damaged, have the right answers")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
