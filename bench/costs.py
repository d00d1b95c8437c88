#!/usr/bin/python3
"""Says where the processor's time goes in what `make bench` measures: for each case the five programs, libraries or the kernel that
take most, and of each the functions that take most.

usage: bench/costs.py BUILD [--output FILE] [CASE]...

Needs perf, as root. Shares hold better than times where other work goes on beside it. With --output docs/benchmarks.md what came of it
takes the place of what the list there says of the same cases."""
import argparse
import collections
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "integration"), str(ROOT / "bench")]
import image_kinds  # noqa: E402
import measure_pull  # noqa: E402
import measure_scan  # noqa: E402
import measure_small  # noqa: E402
import measure_tls  # noqa: E402
import measure_worker  # noqa: E402
import peers  # noqa: E402
import run  # noqa: E402

FREQUENCY, SHOWN, FUNCTIONS, TRIES = "499", 5, 3, 20


def below(pid):
    """A process and all that come of it: workers are forked from a process of their own."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split()
    return [str(pid), *(each for child in listed for each in below(child))]


def attach(bench, peer):
    """perf, and the descriptors that must be open until it ends; None where a worker that was listed was gone by then."""
    (control, ours), (heard, acknowledge) = os.pipe(), os.pipe()
    perf = subprocess.Popen(["perf", "record", "-q", "-F", FREQUENCY, "-o", str(bench.folder / "perf.data"), "--delay=-1",
                             f"--control=fd:{control},{acknowledge}", "-p", ",".join(below(peer.process.pid))],
                            stderr=subprocess.DEVNULL, pass_fds=(control, acknowledge))
    os.close(control)
    os.close(acknowledge)
    with contextlib.suppress(BrokenPipeError):
        os.write(ours, b"enable\n")
    if os.read(heard, 16):
        return perf, (ours, heard)
    os.close(ours)
    os.close(heard)
    perf.wait()
    return None


@contextlib.contextmanager
def recorded(bench, peer):
    """What the server, its workers and its threads do meanwhile."""
    perf, kept = next(filter(None, (attach(bench, peer) for _ in range(TRIES))))
    yield bench.folder / "perf.data"
    perf.send_signal(signal.SIGINT)
    perf.wait(timeout=60)
    for end in kept:
        os.close(end)


def of_command(bench, command, **options):
    data = bench.folder / "perf.data"
    subprocess.run(["perf", "record", "-q", "-F", FREQUENCY, "-o", str(data), "--", *command], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, **options)
    return data


def told(data):
    """The parts that take most, with the functions that take most of each."""
    text = subprocess.run(["perf", "report", "-i", str(data), "--stdio", "--sort", "dso,symbol", "--field-separator", "\t"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    parts = collections.defaultdict(list)
    for line in text.split("\n"):
        found = re.match(r"\s*([\d.]+)%\s*\t\s*(\S+)\s*\t\[(.)\] (\S+)", line)
        if found:
            share, part, _, function = found.groups()
            parts["the kernel" if part.startswith("[kernel") else re.sub(r"\.so.*", "", part)].append((float(share), function))
    for part, functions in sorted(parts.items(), key=lambda part: -sum(share for share, _ in part[1]))[:SHOWN]:
        named = [f"{function} {share:.0f}" for share, function in functions if not function.startswith("0x") and share >= 1]
        total = sum(share for share, _ in functions)
        if total >= 1:
            yield f"{part} {total:.0f} %" + (f" ({', '.join(named[:FUNCTIONS])})" if named else "")


def with_costs(text, costs):
    """The document whose list says this of these cases, and of others what it said: @costs are lines by their cases."""
    before, listed = text.split(BEGIN)
    listed, after = listed.split(END)
    kept = dict(re.findall(r"^- (.*?): (.*)$", listed, re.MULTILINE)) | costs
    return before + BEGIN + "".join(f"- {what}: {kept[what]}\n" for what in WORDS.values() if what in kept) + END + after


# --- the cases: each gives a recording ---

def server(bench, **options):
    return peers.Assay(bench.folder / "server", bench.assay, **options).start()


def of_pulls_over_tls(clients):
    def case(bench):
        pair = measure_tls.make_certificate(bench.folder)
        blob, peer = bench.folder / "blob", server(bench, pair=pair)
        digest = measure_pull.random_file(blob, measure_tls.PULL_BYTES, 1)
        measure_pull.put_blob(f"{peer.url}/v2/bench", blob, digest, peer.verify)
        peer.wait_until_idle()
        with recorded(bench, peer) as data:
            measure_tls.pull(bench, peer, f"/v2/bench/blobs/{digest}", clients)
        return data
    return case


def of_big_push(secure):
    def case(bench):
        pair = measure_tls.make_certificate(bench.folder) if secure else None
        blob, peer = bench.folder / "blob", server(bench, pair=pair)
        digest = measure_pull.random_file(blob, measure_tls.PUSH_BYTES, 1)
        with recorded(bench, peer) as data:
            measure_pull.put_blob(f"{peer.url}/v2/bench", blob, digest, peer.verify)
        return data
    return case


def of_small_pushes(clients):
    def case(bench):
        load = measure_small.Load(server(bench))
        load.push(clients, 4 * clients)
        with recorded(bench, load.peer) as data:
            load.push(clients, 320)
            load.peer.wait_until_idle()
        return data
    return case


def of_deletions(bench):
    load = measure_small.Load(server(bench))
    load.push(measure_small.CLIENTS, 960)
    load.peer.wait_until_idle()
    with recorded(bench, load.peer) as data:
        load.delete(4, len(load.pushed))
    return data


def of_manifests(bench):
    with measure_pull.Registries(bench) as each, recorded(bench, each.assay) as data:
        measure_pull.requests_per_second(f"{each.assay.url}/v2/bench/manifests/v1", 16, bench.seconds, measure_pull.MANIFEST)
    return data


def of_cold_scan(kind):
    def case(bench):
        layout = image_kinds.make(bench, kind)
        command = measure_scan.scan_command(bench, layout, measure_scan.advisory_database(bench))
        return of_command(bench, [*command, "--no-cache"])
    return case


def of_start(bench):
    return of_command(bench, ["sh", "-c", f"for i in $(seq 2000); do {bench.assay} --version; done"])


def of_workers(bench):
    layer = bench.folder / "layer"
    layer.write_bytes(measure_worker.small_layer())
    with layer.open("rb") as packed:
        return of_command(bench, [bench.worker_load, bench.assay, "2000", "1"], stdin=packed)


CASES = {"tls-pull-1": of_pulls_over_tls(1), "tls-pull-8": of_pulls_over_tls(8), "tls-pull-64": of_pulls_over_tls(64),
         "push": of_big_push(False), "tls-push": of_big_push(True), "small-1": of_small_pushes(1), "small-16": of_small_pushes(16),
         "delete": of_deletions, "manifests": of_manifests, "worker": of_workers, "version": of_start,
         "scan-application": of_cold_scan("an application image"), "scan-huge": of_cold_scan("few huge files"),
         "scan-small": of_cold_scan("158,000 small files")}
WORDS = {"tls-pull-1": "pull over TLS, 1 client", "tls-pull-8": "pull over TLS, 8 clients", "tls-pull-64": "pull over TLS, 64 clients",
         "push": "push of 256 MiB", "tls-push": "push of 256 MiB over TLS", "small-1": "push of small images, 1 client",
         "small-16": "push of small images, 16 clients", "delete": "DELETE of images", "manifests": "manifest GET by tag, 16 clients",
         "worker": "inspection of a layer of 4 KB", "version": "`assay --version`", "scan-application": "cold scan of an application image",
         "scan-huge": "cold scan of few huge files", "scan-small": "cold scan of 158,000 small files"}
BEGIN, END = "<!-- costs -->\n", "<!-- /costs -->\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("case", nargs="*", metavar="CASE", help=f"some of: {', '.join(CASES)}")
    options = parser.parse_intermixed_args()
    unknown = set(options.case) - set(CASES)
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if shutil.which("perf") is None or os.geteuid() != 0:
        sys.exit("bench/costs.py: needs perf (Debian's linux-perf) and root")
    costs = {}
    for name in options.case or CASES:
        with tempfile.TemporaryDirectory(prefix="costs-", dir=options.build) as folder:
            bench = run.Bench(options.build.resolve(), Path(folder).resolve(), False)
            try:
                data = CASES[name](bench)
            finally:
                peers.stop_all()
            costs[WORDS[name]] = ", ".join(told(data))
            print(f"{name}: {costs[WORDS[name]]}", flush=True)
    if options.output:
        options.output.write_text(with_costs(options.output.read_text(encoding="utf-8"), costs), encoding="utf-8")


if __name__ == "__main__":
    main()
