#!/usr/bin/python3
"""Writes the figures of README.md from the table of docs/benchmarks.md, so that the two cannot differ.

usage: bench/figures.py"""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- The figures are written by bench/figures.py from docs/benchmarks.md. -->\n"
END = "<!-- end of the figures -->\n"


def rows_of(benchmarks):
    """[(what, measured, goal, met)] of the table."""
    cells = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in benchmarks.split("\n") if line.startswith("| ")]
    return [row for row in cells if len(row) == 4 and row[0] != "what"]


def find(rows, what, pattern):
    """What the pattern takes from the row whose name begins so, and the name of the row; None where there is no such figure."""
    for name, measured in rows.items():
        match = re.search(pattern, measured)
        if name.startswith(what) and match:
            return match.groups(), name
    return None, None


def figures(benchmarks):
    """The lines; what was not measured has none."""
    rows, lines = {what: measured for what, measured, *_ in rows_of(benchmarks)}, []
    scan, name = find(rows, "scan of a cold image (", r"^([\d.]+ m?s)\b.*?$")
    beside, trivy = find(rows, "scan of a cold image beside Trivy", r"([\d.]+) times as fast")
    if scan:
        size = re.search(r"\(([\d.]+ MB) of layers", name).group(1)
        two, _ = find(rows, f"scan of a cold image ({size} of layers), two cores", r"^([\d.]+ m?s)\b")
        equal = re.search(r"(\d+) equal findings", trivy).group(1) if beside else None
        lines.append(f"scans an image of {size} in {(two or scan)[0]}" +
                     (f", {beside[0]} times as fast as Trivy, with the same {equal} findings" if equal else ""))
    rematch, name = find(rows, "rematch of 10,000 images", r"^([\d.]+ s)\b")
    if rematch:
        lines.append(f"judges 10,000 images anew in {rematch[0]} when advisories change, without reading a layer")
    push, _ = find(rows, "push of a 256 MiB layer, durable", r"assay (\d+ MB/s)\b.*?([\d.]+)x$")
    if push:
        lines.append(f"takes layers at {push[0]}, on disk before the answer: {push[1]} times docker-registry")
    idle, _ = find(rows, "resident memory, idle", r"^([\d.]+ MiB)")
    if idle:
        lines.append(f"needs {idle[0]} of memory when idle")
    machine = re.search(r"Machine of this run: (\d+ cores of [^,]+),", benchmarks).group(1)
    return "".join(f"- {line}\n" for line in lines) + f"\nMeasured on {machine}; [all figures](docs/benchmarks.md).\n"


def with_figures(readme, benchmarks):
    before, rest = readme.split(BEGIN)
    return before + BEGIN + figures(benchmarks) + END + rest.split(END)[1]


def write():
    readme = ROOT / "README.md"
    benchmarks = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    readme.write_text(with_figures(readme.read_text(encoding="utf-8"), benchmarks), encoding="utf-8")


if __name__ == "__main__":
    write()
