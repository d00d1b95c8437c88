#!/usr/bin/python3
"""Says which ratios got worse by more than a tenth since docs/benchmarks.md was written: for use before a release.

usage: bench/guard.py BUILD [--only NAME]...

Only ratios to a peer of the same run are compared, for a figure alone says more of the machine. What seems worse is measured
once more, and its better result counts. The exit code is 1 where something is worse."""
import argparse
import contextlib
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "bench")]
import figures  # noqa: E402
import run  # noqa: E402

GUARDED = ("pull", "push", "scan", "tls", "small")
WORSE = 1.1


def ratios_of(rows):
    """{what: (ratio, whether less is better)} of rows (what, measured, goal, met)."""
    found = {}
    for what, measured, goal, _ in rows:
        ratio = re.search(r"(?<![\d.])(\d+(?:\.\d+)?)(?:x| times as fast)", measured)
        if ratio:
            found[what] = float(ratio.group(1)), goal.startswith(("at most", "flat"))
    return found


def change(then, now, less_is_better):
    """How many times as good as then."""
    return then / now if less_is_better else now / then


def compare(then, now):
    """[(what, then, now, times as good, verdict)] of all that either has."""
    lines = []
    for what in [*then, *(what for what in now if what not in then)]:
        if what not in then or what not in now:
            lines.append((what, then.get(what, (None,))[0], now.get(what, (None,))[0], None, "new" if what in now else "not measured"))
            continue
        better = change(then[what][0], now[what][0], now[what][1])
        lines.append((what, then[what][0], now[what][0], better, "WORSE" if better < 1 / WORSE else "better" if better > WORSE else "as before"))
    return lines


def better_of(first, second):
    """Of two results {what: (ratio, less is better)}, row by row."""
    best = dict(second)
    for what, (ratio, less) in first.items():
        if what not in best or change(best[what][0], ratio, less) > 1:
            best[what] = ratio, less
    return best


def measure(build, names):
    folder = Path(tempfile.mkdtemp(prefix="guard-", dir=build))
    bench = run.Bench(build.resolve(), folder.resolve(), quick=True)
    bench.rounds = 3
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            failed = [name for name in names if not run.run(bench, name)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ratios_of(bench.rows), failed


def table(lines):
    def text(value, form):
        return "-" if value is None else format(value, form)
    rows = [(what, text(then, ".2f"), text(now, ".2f"), text(better, ".2f"), verdict) for what, then, now, better, verdict in lines]
    rows.insert(0, ("ratio", "then", "now", "times as good", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--only", action="append", choices=run.MEASUREMENTS)
    options = parser.parse_args()
    names = options.only or [name for name in run.MEASUREMENTS if name in GUARDED]
    then = ratios_of(figures.rows_of((ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")))
    now, failed = measure(options.build, names)
    if any(verdict == "WORSE" for *_, verdict in compare(then, now)):
        again, failed = measure(options.build, names)
        now = better_of(now, again)
    lines = [line for line in compare({what: then[what] for what in now if what in then}, now)]
    print(table(lines))
    worse = [what for what, *_, verdict in lines if verdict == "WORSE"]
    for what in worse:
        print(f"guard: worse by more than {100 * WORSE - 100:.0f} %: {what}", file=sys.stderr)
    for name in failed:
        print(f"guard: could not be measured: {name}", file=sys.stderr)
    return 1 if worse or failed else 0


if __name__ == "__main__":
    sys.exit(main())
