"""Images of applications: how long Assay, Trivy and Syft with Grype take to list their packages, and how much memory.

The images are those of tests/peers, made once for a build folder by npm, Maven and Go. Trivy and Syft list as Assay does;
Grype matches what Syft listed, where it has a database."""
import concurrent.futures
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/peers"))
import images  # noqa: E402
import lists  # noqa: E402

SUBJECTS = {"node": "node and 1,900 packages of npm", "nested": "400 jars in two archives", "go": "50 programs of Go"}
GOALS = {"trivy": 4, "syft": 6}
MIB = 1024


def spend(program, target):
    """(seconds, seconds of the processor, MiB of the largest process) of one listing."""
    shutil.rmtree(program.work / "trivy/fanal", ignore_errors=True)  # what Trivy knows of images
    start = time.monotonic()
    process = subprocess.Popen([program.path, *program.words(target)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=program.environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{program.name} failed on {target}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MIB


def measure_subject(bench, programs, what, target):
    spent = {program.name: [] for program in programs}
    # From a fresh process: what this one has grown to counts as memory of each program that it starts.
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as aside:
        for _ in range(bench.rounds):
            for program in programs:
                spent[program.name].append(aside.submit(spend, program, target).result())
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in spent.items()}
    seconds, processor, memory = medians.pop("assay")
    bench.add(f"{what}: peak memory", f"{memory:.0f} MiB", "at most 200 MiB", memory <= 200)
    for name, (others, their_processor, their_memory) in medians.items():
        bench.add(f"{what}, packages, beside {name}",
                  f"assay {seconds:.2f} s ({processor:.2f} s of the processor), {name} {others:.2f} s ({their_processor:.2f} s, "
                  f"{their_memory:.0f} MiB); {others / seconds:.1f} times as fast", f"{GOALS[name]} times", others >= GOALS[name] * seconds)


def measure(bench):
    work, programs = bench.folder / "applications", []
    work.mkdir()
    for peer in (lists.Trivy, lists.Syft):
        try:
            programs.append(peer(work))
        except lists.Absent as absent:
            bench.add(f"packages of applications beside {absent}", f"not measured: needs {absent} in PATH", "faster", None)
    programs.insert(0, lists.Assay(work, bench.assay))
    for name, what in SUBJECTS.items():
        target = images.make(name, bench.cache / "peers")
        if target is None:
            bench.add(what, f"not measured: needs {', '.join(images.IMAGES[name][1])}", "", None)
        else:
            measure_subject(bench, programs, what, target)
