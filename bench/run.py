#!/usr/bin/python3
"""Measures Assay beside its peers on this machine and writes the table to docs/benchmarks.md
and some of it to README.md.

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
import measure_small  # noqa: E402
import measure_tls  # noqa: E402
import measure_trivy  # noqa: E402
import measure_worker  # noqa: E402
import peers  # noqa: E402

MEASUREMENTS = {"pull": measure_pull, "push": measure_push, "small": measure_small, "tls": measure_tls, "routing": measure_routing,
                "jobs": measure_jobs, "memory": measure_memory, "scan": measure_scan, "trivy": measure_trivy, "rematch": measure_rematch,
                "access": measure_access, "collection": measure_collection, "applications": measure_applications,
                "database": measure_database, "worker": measure_worker}
CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")


class Bench:
    """What the measurements share: the programs, a folder on the disk that is measured, and the rows."""

    def __init__(self, build, folder, quick):
        self.assay, self.bare = build / "src/cli/assay", build / "bench/bare-microhttpd"
        self.pull_load = build / "bench/pull-load"
        self.many_detectors = build / "bench/assay-many-detectors"
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


def document(rows):
    return f"""# Benchmarks

`make bench` measures and writes this file. Peers take turns within one run on one machine, over loopback, with their data on
the same disk; each figure is the median of the rounds. The ratios say more than the figures: those depend on the machine.

Machine of this run: {describe_machine()}. Peers: docker-registry {version_of("docker-registry")},
nginx {version_of("nginx")}, igzip of isal {version_of("isal")}, libmicrohttpd {version_of("libmicrohttpd12")}, all Debian's.
The load is by bench/pull-load.c (pulls), wrk (manifests) and curl (pushes), which share the cores with the server.

On loopback Assay asks the kernel for an unpaced congestion control (cubic, or reno), the peers take the system's. Where that
is bbr, most of the lead in pulls comes of it: the rows "cubic for all" or "reno for all" are taken in a network
of their own, where all have the same.

libmicrohttpd sends 128 KiB of a file at a time, nginx as much as the socket takes. The build option `long_sendfile_steps` (off) has
the program take the library's call of sendfile64() and send 4 MiB: with it a GB of pulls on loopback takes 0.14 s of processor time of
server and client together by 8 clients and 0.15 s by one, without it 0.18 s by both; nginx takes 0.15 s with the same congestion control, and 0.38 to
0.40 s with bbr. A network below 10 GB/s shows no difference, and a hook below a library may break with its next version: so it is no
default.

Over TLS, libmicrohttpd has GnuTLS send one record a turn of its event loop, and would read the file by 4 KiB, which made records of that size:
4.1 s of the processor a GB. Now it reads by 64 KiB and sends records of 16 KiB, and tells the kernel which of them another follows. A profile
of a pull says where the time is: encrypting 29 %; copying the file into the process 12 %; copying it into the socket 7 %; TCP and waking the
reader 40 %; libmicrohttpd and libc 6 %. Blocks of 32 to 256 KiB cost the same, and those of 500 slow pulls are 32 MiB. Neither GnuTLS 3.7
nor every kernel has the kernel encrypt, so that nothing here depends on it. nginx is asked by the system's congestion control.

Of a push over TLS, deciphering and SHA-256 are 40 %, the kernel 52 %, of which half is writing: a piece is a record, 16 KiB, where it is 64 KiB
in plain. Several records are read from the socket by one call, which GnuTLS does by two for each: that took a push from 0.64 to 0.76 of
the speed of a plain one.

Both registries sync: strace counts the calls of fsync and fdatasync for one push of a blob. docker-registry syncs the upload's
data, state and links, but none of the folders that it renames files in, so that a power loss can still take what it
acknowledged. Assay syncs the blob, its folder and the metadata before it answers. For small images docker-registry syncs more often: 61
calls for an image of three layers, Assay 19.

Trivy {version_of_trivy()}, which no Debian release has, is measured where it and Go are in PATH (version 0.74 is built by
`GOEXPERIMENT=jsonv2 go install github.com/aquasecurity/trivy/cmd/trivy@v0.74.0`). Both scan the same image for packages of the
distribution, with the same advisories: those of the feeds' own files, which bench/trivy_feeds.py reads for Trivy's database. The rows
"findings beside Trivy's" say in how many both agree, and why not in the others.

What an inspection costs where the layer is small is the process that does it, which is forked from one that has all libraries
loaded. Of the processor time of all processes for a layer of 3 KB (perf), page faults of the new process are 27 %, 115 of them; its fork is
19 %, for 200 mappings, five for each of 36 libraries; its own code 17 %; the server's side 10 %; its end and the seccomp filter 6 % each. A worker
that was loaded for each layer took six times as much in the same minutes. `assay --version` is the loading of libraries: GnuTLS and the seven
that it brings are 3.5 of 10.8 ms, GIO and the six that it brings 2.4 ms, a program that needs none takes 0.6 ms.

{table(rows)}
"""


def key_of(what):
    """Two rows are of one figure where they differ in how much there was to find alone."""
    return re.sub(r"[\d.,]+(?= equal findings| of them| MB of layers)", "#", what)


def with_rows(text, rows):
    """The document with these rows in the place of those of the same figures; the others are of other runs."""
    before, _, rest = text.partition("| what")
    lines = ("| what" + rest).rstrip("\n").split("\n")
    end = next((at for at, line in enumerate(lines) if not line.startswith("|")), len(lines))
    kept = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:end]]
    new = {key_of(row[0]): row for row in rows}
    merged = [new.pop(key_of(row[0]), row) for row in kept]
    return before + table([*merged, *new.values()]) + "".join(f"\n{line}" for line in lines[end:]) + "\n"


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
        options.output.write_text(document(bench.rows) if whole else with_rows(options.output.read_text(), bench.rows))
        if options.output.resolve() == ROOT / "docs/benchmarks.md":
            figures.write()
    if failed:
        print(f"bench: not measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
