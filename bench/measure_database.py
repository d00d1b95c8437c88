"""The advisory database of all of OSV: 300,000 synthetic records of all ecosystems, built from scratch and brought up to date."""
import json
import os
import resource
import shutil
import statistics
import subprocess
import time

import osv_records

MIB = 1024 * 1024


def private_memory(pid):
    """Bytes of memory that a process and those below it have of their own, without files."""
    total = 0
    try:
        for line in open(f"/proc/{pid}/smaps_rollup", encoding="ascii"):
            if line.startswith("Pss_Anon:"):
                total += int(line.split()[1]) * 1024
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as listed:
                total += sum(private_memory(child) for child in listed.read().split())
    except OSError:  # it is gone
        pass
    return total


def update(bench, config, data):
    """(seconds, seconds of the processor, peak bytes of memory) of one update."""
    before, start, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
    process = subprocess.Popen([str(bench.assay), "db", "update", "--config", str(config), "--data", str(data)], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, private_memory(process.pid))
        time.sleep(0.1)
    if process.returncode != 0:
        raise RuntimeError("assay db update failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def measure_lookups(bench, database, records):
    """Of packages that have advisories, and of as many others; by the processor's time."""
    program, names = bench.assay.parent.parent.parent / "bench/lookup-load", osv_records.names(records, 20000)
    lines = "".join(f"{ecosystem}\t{package}\n" for ecosystem, package in names)
    figures = [subprocess.run([program, database], input=lines, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
               for _ in range(bench.rounds)]
    hits, misses = figures[0][:2]
    for column, what in ((2, f"look-up of a package with advisories, {hits} of them"), (3, f"look-up of a package without, {misses} of them")):
        microseconds = statistics.median(float(each[column]) for each in figures)
        bench.add(what, f"{microseconds:.2f} us", "at most 3 us", microseconds <= 3)


def measure(bench):
    folder, data, config = bench.folder / "osv", bench.folder / "osv-data", bench.folder / "osv.yaml"
    folder.mkdir()
    records = 30000 if bench.quick else 300000
    paths = osv_records.write(folder, records)
    feeds = [{"name": path.stem, "type": "osv", "path": str(path)} for path in paths.values()]
    config.write_text(json.dumps({"feed_interval": 0, "feeds": feeds}))
    seconds, processor, peak = update(bench, config, data)
    size = (data / "advisories.db").stat().st_size
    bench.add(f"advisory database of {records:,} records: size", f"{size / 1e6:.0f} MB", "at most 300 MB", size <= 300e6)
    bench.add("built from scratch", f"{seconds:.1f} s, {processor:.1f} s of the processor", "at most 90 s", seconds <= 90)
    bench.add("memory of that", f"{peak / MIB:.0f} MiB", "at most 400 MiB", peak <= 400 * MIB)
    measure_lookups(bench, data / "advisories.db", records)
    osv_records.write(folder, records, changed=True)
    seconds, processor, _ = update(bench, config, data)
    bench.add("brought up to date: two feeds, one record in a hundred", f"{seconds:.1f} s, {processor:.1f} s of the processor", "at most 10 s",
              seconds <= 10)
    shutil.rmtree(folder)
    shutil.rmtree(data)
