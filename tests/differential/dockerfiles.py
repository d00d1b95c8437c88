#!/usr/bin/python3
"""Our reader of Dockerfiles beside BuildKit's parser: generated Dockerfiles, many of them odd, must be the same instructions to
both, or refused by both. `make differential` runs it where Go is installed and its module proxy answers.

usage: dockerfiles.py [--count N] [--seed S] [--only SEED] [--samples FOLDER]... [--lister LIST-DOCKERFILES]

Dockerfile number i of a run has the seed S + i; --samples are folders in which real ones are looked for. The exit code is 1
when there was a difference, 77 without Go or BuildKit's module."""
import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]
from assay_server import find_program  # noqa: E402

BUILDKIT = "github.com/moby/buildkit@v0.27.1"
KEYWORDS = ["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL",
            "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"]
WORDS = ["a", "--from=b", "--link", "--link=no", "--mount=a", "--mont=a", "--platform=a", "--interval=1s", "AS", "as", "NONE", "b=c", "$x", "${x:-y}", "${x}", "'a b'", '"a b"', '"a', "\\ ", "\\\\", "\\", "`", "--from=a", "--", "--a", "--x='y z'", "[", "]", '["a","b"]',
         '["a", 1]', "[]", "{}", "<<EOF", "<<-EOF", "<<'EOF'", '<<"E F"', "<< EOF", "3<<EOF", "<<<a", "<<EOF<<B", "<<E\\OF", "a<<EOF", "<<B",
         "#", "# a", "&&", ";", "EOF", "${x^^}", "${", "$(", "|", "é", ">", "CMD", "x\\", "\t", "\\t", "''", "$$", "a#b"]
LINES = ["", " ", "# a comment", "  # one that is indented", "EOF", "\tEOF", "E F", "B", "EOF ", "#", "\\", "\\ ", "a \\", "`"]
ENDS = ["\n"] * 12 + ["\r\n", "\n\n", "\r\r\n"]
CONTINUED = ["\\", " \\", "\\ ", "\\\t", " `", "\\\\", "\\ \\"]
DIRECTIVES = ["# syntax=docker/dockerfile:1", "#escape=`", "# escape = \\", "# check=skip=all", "# Escape=`", "# escape=x", "# other=x", "#syntax = ",
              "# escape=`", "#  syntax=a b ", "// syntax=x"]


def line_of(rng):
    word = rng.choice(KEYWORDS if rng.randrange(3) else ["RUN", "COPY", "ENV"])
    if rng.randrange(8) == 0:
        word = word.lower()
    if rng.randrange(100) == 0:
        word = rng.choice(["FORM", "RUNN", "", "é", "RUN\\"])
    parts = [rng.choice(["", "", "", "  ", "\t"]) + word]
    for _ in range(rng.randrange(5)):
        parts.append(rng.choice(WORDS))
        if rng.randrange(5) == 0:
            parts.append(rng.choice(CONTINUED) + rng.choice(ENDS) + (rng.choice(LINES) + "\n" if rng.randrange(3) == 0 else ""))
    return rng.choice([" ", " ", " ", "  ", "\t"]).join(parts)


def dockerfile(seed):
    rng = random.Random(seed)
    text = rng.choice(["", "", "", "\ufeff", "\n"])
    for _ in range(rng.choice([0, 0, 0, 1, 2, 3])):
        text += rng.choice(DIRECTIVES) + rng.choice(ENDS)
    if rng.randrange(10):
        text += "FROM a" + rng.choice(ENDS)
    for _ in range(rng.randrange(6)):
        text += (line_of(rng) if rng.randrange(3) else rng.choice(LINES)) + rng.choice(ENDS)
    return (text if rng.randrange(4) else text.rstrip("\n")).encode()


def lists_of(program, texts):
    given = b"".join(struct.pack(">I", len(text)) + text for text in texts)
    done = subprocess.run([program], input=given, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]


def find_go():
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")


def build_judge(go, folder):
    """The program of Go that lists Dockerfiles; None: its module is not to be had."""
    shutil.copy(HERE / "dockerfiles/main.go", folder)
    Path(folder, "go.mod").write_text("module judge\n")
    program = os.path.join(folder, "judge")
    for command in (["get", BUILDKIT], ["mod", "tidy"], ["build", "-o", program, "."]):
        done = subprocess.run([go, *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"})
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            return None
    return program


def squeezed(text):
    return "".join(text.split())


def pairs_of(arguments):
    """ENV and LABEL, as BuildKit lists them: name, value and sign."""
    return squeezed(arguments).replace("=", "")


def same_instruction(ours, theirs):
    for key in ("keyword", "onbuild", "flags", "heredocs", "first", "last"):
        if ours[key] != theirs[key]:
            return False
    if ours.get("list") is not None or theirs.get("list") is not None:
        return (ours.get("list") or []) == (theirs.get("list") or [])
    if ours["keyword"] in ("ENV", "LABEL"):
        return pairs_of(ours["arguments"]) == pairs_of(theirs["rest"])
    if ours["keyword"] in ("RUN", "CMD", "ENTRYPOINT", "USER", "WORKDIR", "MAINTAINER", "STOPSIGNAL", "SHELL"):
        return ours["arguments"] == theirs["rest"]
    # An escape at the end escapes nothing.
    return squeezed(ours["arguments"]).rstrip("\\`") == squeezed(theirs["rest"]).rstrip("\\`")


def beyond_the_parser(reason):
    """What BuildKit refuses one step later."""
    return any(part in reason for part in ("there is no FROM", "ONBUILD triggers no"))


def only_theirs(reason):
    """What our reader leaves to who builds; and a backslash without a line after it, which is nothing here."""
    return reason.endswith("unknown instruction: ") or any(part in reason for part in ("invalid duration", "unknown unit", "missing unit", "ParseInt", "cannot be negative", "cannot be less",
                                                                               "ARG requires at least one argument"))


def same(ours, theirs):
    if isinstance(ours, str):
        # A trigger is read when it is pulled.
        return isinstance(theirs, str) or beyond_the_parser(ours) or any(one["onbuild"] for one in theirs)
    if isinstance(theirs, str):
        return only_theirs(theirs)
    return len(ours) == len(theirs) and all(same_instruction(*pair) for pair in zip(ours, theirs))


def compare(judge, lister, named):
    """[how many both read, differences]"""
    read, differences = 0, 0
    texts = [text for _, text in named]
    for (name, text), ours, theirs in zip(named, lists_of(lister, texts), lists_of(judge, texts)):
        read += not isinstance(ours, str)
        if not same(ours, theirs):
            differences += 1
            print(f"DIFFERENCE {name}: {text!r:.600}\n  ours       {json.dumps(ours)[:900]}\n  BuildKit's {json.dumps(theirs)[:900]}", flush=True)
    return read, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--samples", action="append", default=[])
    parser.add_argument("--lister", help="tests/tools/list-dockerfiles of a build")
    options = parser.parse_args()
    lister = options.lister or find_program().parents[2] / "tests/tools/list-dockerfiles"
    go = find_go()
    with tempfile.TemporaryDirectory(prefix="assay-dockerfiles-") as folder:
        judge = None if go is None else build_judge(go, folder)
        if judge is None:
            print("not compared with BuildKit's parser: Go is not installed, or its module is not to be had")
            return 77
        seeds = [options.only] if options.only is not None else range(options.seed, options.seed + options.count)
        named = [(seed, dockerfile(seed)) for seed in seeds]
        for root in options.samples:
            named += [(path, path.read_bytes()) for path in sorted(Path(root).rglob("*ockerfile*")) if path.is_file()]
        read, differences = compare(judge, lister, named)
    print(f"{len(named)} Dockerfiles: {read} read, {differences} differences from BuildKit's parser")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
