#!/usr/bin/python3
"""Measures Assay beside its peers on this machine and writes the rows into the table of docs/benchmarks.md, whose text stays,
and some of them into README.md.

usage: bench/run.py BUILD [--quick] [--only NAME]... [--output FILE]

All figures are of one run: peers take turns within each round, and a row gives the median of its rounds, so a ratio holds
better than a figure. With --only the other rows of FILE stay as they are. --quick takes fewer and shorter rounds. A
measurement that fails is told, the others go on, and the exit code is 1; goals that are not met are in the table and are no
failure."""
import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "integration"), str(ROOT / "bench")]
import figures  # noqa: E402
import measure_access  # noqa: E402
import measure_admission  # noqa: E402
import measure_applications  # noqa: E402
import measure_collection  # noqa: E402
import measure_database  # noqa: E402
import measure_jobs  # noqa: E402
import measure_memory  # noqa: E402
import measure_pull  # noqa: E402
import measure_push  # noqa: E402
import measure_rematch  # noqa: E402
import measure_routing  # noqa: E402
import measure_scan  # noqa: E402
import measure_signing  # noqa: E402
import measure_small  # noqa: E402
import measure_tls  # noqa: E402
import measure_trivy  # noqa: E402
import measure_worker  # noqa: E402
import peers  # noqa: E402

MEASUREMENTS = {"pull": measure_pull, "push": measure_push, "small": measure_small, "tls": measure_tls, "routing": measure_routing,
                "jobs": measure_jobs, "memory": measure_memory, "scan": measure_scan, "trivy": measure_trivy, "rematch": measure_rematch,
                "access": measure_access, "admission": measure_admission, "collection": measure_collection, "applications": measure_applications,
                "database": measure_database, "worker": measure_worker, "signing": measure_signing}
CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")


class Bench:
    """What the measurements share: the programs, a folder on the disk that is measured, and the rows."""

    def __init__(self, build, folder, quick):
        self.assay, self.bare = build / "src/cli/assay", build / "bench/bare-microhttpd"
        self.pull_load, self.worker_load = build / "bench/pull-load", build / "bench/worker-load"
        self.many_detectors = build / "bench/assay-many-detectors"
        self.few_detectors, self.without_integrity = build / "bench/assay-packages-secrets-baseline", build / "bench/assay-without-integrity"
        self.cache, self.folder, self.quick, self.rows = build / "bench-cache", folder, quick, []
        self.rounds, self.seconds = (2, 1) if quick else (5, 3)
        self.cache.mkdir(exist_ok=True)

    def add(self, what, figures, goal, met):
        """figures: text; goal: text; met: True, False, or None where there is no goal."""
        self.rows.append((what, figures, goal, {True: "yes", False: "no", None: "-"}[met]))
        print(f"bench: {what}: {figures}; goal: {goal or 'none'}{'' if met is None else ': met' if met else ': NOT MET'}",
              flush=True)

    def interleave(self, measures, rounds=None):
        """{name: function that gives one figure} -> {name: median}, in turns."""
        figures = {name: [] for name in measures}
        for _ in range(rounds or self.rounds):
            for name, measure in measures.items():
                figures[name].append(measure())
        return {name: statistics.median(values) for name, values in figures.items()}


def describe_machine():
    cpu = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) / 1024 / 1024
    return f"{os.cpu_count()} cores of {cpu.group(1) if cpu else platform.machine()}, {memory:.0f} GiB of memory, " \
           f"Linux {platform.release().split('-')[0]} with TCP congestion control {CONGESTION.read_text().strip()}, " \
           f"Debian {Path('/etc/debian_version').read_text().strip()}"


def version_of(package):
    return subprocess.run(["dpkg-query", "--show", "--showformat", "${Version}", package], stdout=subprocess.PIPE,
                          text=True).stdout


def version_of_trivy():
    """As Go wrote it into the program; a build from source says only "dev" of itself."""
    if shutil.which("trivy") is None or shutil.which("go") is None:
        return "(not on this machine)"
    told = subprocess.run(["go", "version", "-m", shutil.which("trivy")], stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r"^\s*mod\s+\S+\s+(\S+)", told, re.MULTILINE)
    return found.group(1) if found else "(of unknown version)"


def table(rows):
    head = ("what", "measured", "goal", "met")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(4)]
    def line(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def machine_and_peers():
    return f"""Machine of this run: {describe_machine()}. Peers: docker-registry {version_of("docker-registry")},
nginx {version_of("nginx")}, igzip of isal {version_of("isal")}, libmicrohttpd {version_of("libmicrohttpd12")}, all Debian's;
Trivy {version_of_trivy()}."""


def key_of(what):
    """Two rows are of one figure where they differ in how much there was to find alone."""
    return re.sub(r"[\d.,]+(?= equal findings| of them| MB of layers)", "#", what)


def with_rows(text, rows):
    """The document with these rows in the place of those of the same figures; the others are of other runs."""
    before, _, rest = text.partition("| what")
    lines = ("| what" + rest).rstrip("\n").split("\n")
    end = next((at for at, line in enumerate(lines) if not line.startswith("|")), len(lines))
    kept = figures.rows_of("\n".join(lines[:end]))
    new = {key_of(row[0]): row for row in rows}
    merged = [new.pop(key_of(row[0]), row) for row in kept]
    return before + table([*merged, *new.values()]) + "".join(f"\n{line}" for line in lines[end:]) + "\n"


def with_machine(text):
    return re.sub(r"Machine of this run: .*?\n\n", lambda _: machine_and_peers() + "\n\n", text, count=1, flags=re.DOTALL)


def run(bench, name):
    """One measurement in a folder of its own; False when it could not be made."""
    print(f"bench: {name}: {MEASUREMENTS[name].__doc__.strip().split(chr(10))[0]}", flush=True)
    started = time.monotonic()
    try:
        MEASUREMENTS[name].measure(bench)
    except Exception:  # whatever it is, the other figures are wanted
        traceback.print_exc()
        bench.add(name, "could not be measured", "", None)
        return False
    finally:
        peers.stop_all()
        for leftover in bench.folder.iterdir():
            shutil.rmtree(leftover, ignore_errors=True) if leftover.is_dir() else leftover.unlink()
        print(f"bench: {name}: {time.monotonic() - started:.0f} s", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=options.build))
    bench = Bench(options.build.resolve(), folder.resolve(), options.quick)
    wanted, failed = options.only or list(MEASUREMENTS), []
    try:
        failed = [name for name in MEASUREMENTS if name in wanted and not run(bench, name)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{table(bench.rows)}")
    if options.output:
        whole = set(wanted) == set(MEASUREMENTS) and not options.quick
        text = with_rows(options.output.read_text(encoding="utf-8"), bench.rows)
        options.output.write_text(with_machine(text) if whole else text, encoding="utf-8")
        if options.output.resolve() == ROOT / "docs/benchmarks.md":
            figures.write()
    if failed:
        print(f"bench: not measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
