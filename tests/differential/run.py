#!/usr/bin/python3
"""The differential test: images by a seeded generator, unpacked by real programs, listed by real package managers, and held
beside Assay's list. `make differential` runs it; README.md beside this file says what it compares.

usage: run.py [--count N] [--seed S] [--only SEED] [--shapes] [--show N] [--tries N] [--jobs N] [--program ASSAY]

Image number i of a run has the seed S + i; --only takes one alone; --shapes leaves the databases' texts plain, so that only
layers and tars are odd. Of the images with a difference, --show many are printed, after at most --tries steps that made them
smaller. The exit code is 1 when there was a difference."""
import argparse
import collections
import json
import multiprocessing
import multiprocessing.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
import compare  # noqa: E402
import databases  # noqa: E402
import grammar  # noqa: E402
import shrink  # noqa: E402
import unpackers  # noqa: E402
from assay_server import find_program  # noqa: E402

BENCH, ODD_CONTENTS = None, True
REASON = re.compile(r"\((.*?)\)'")
# A reason without what differs from image to image.
NAMES = re.compile(r"[\w.-]+/[\w./-]+|\[.*?\]|sha256:\w+|\d+")


def start(program, database, odd_contents):
    global BENCH, ODD_CONTENTS
    ODD_CONTENTS = odd_contents
    BENCH = compare.Bench(program, database, Path(database).parent)
    multiprocessing.util.Finalize(None, BENCH.close, exitpriority=10)


def try_seed(seed):
    image, ordinary = grammar.image(seed, ODD_CONTENTS)
    try:
        return seed, ordinary, BENCH.try_image(image, ordinary)
    except Exception as error:  # of the test itself: it must not end the run unseen
        return seed, ordinary, {"differences": [("the test", "failed", repr(error))], "unread": None, "refused": {}, "seen": {},
                                "assay": [], "failures": False}


def make_database(program, folder):
    """Any advisories will do: the packages are compared, not the findings."""
    tracker = Path(folder) / "tracker.json"
    tracker.write_text('{"openssl": {"CVE-2024-0001": {"releases": {"bullseye": {"status": "resolved", "repositories": '
                       '{"bullseye": "1.1.1w-0+deb11u1"}, "fixed_version": "1.1.1w-0+deb11u2", "urgency": "high"}}}}}')
    subprocess.run([program, "db", "import", "--data", folder, "--type", "debian-tracker", "--name", "test", tracker], check=True,
                   stdout=subprocess.DEVNULL)
    return Path(folder) / "advisories.db"


def kinds_of(result):
    return {(unpacker, kind) for unpacker, kind, _ in result["differences"]}


def in_literal(image):
    """The image as python, an entry a line."""
    lines = []
    for layer in image:
        more = "".join(f", {key!r}: {value!r}" for key, value in layer.items() if key != "entries")
        lines.append("  {'entries': [\n" + "".join(f"    {entry!r},\n" for entry in layer["entries"]) + f"  ]{more}}},")
    return "[\n" + "\n".join(lines) + "\n]"


def show(seed, image, ordinary, result, tries):
    """The image in its smallest form, and both lists."""
    unpacker, kind = min(kinds_of(result), key=lambda each: (each[1] != "missing", *each))
    if unpacker != "the test":
        image = shrink.shrink(image, lambda candidate: (unpacker, kind) in kinds_of(BENCH.try_image(candidate, ordinary, unpacker)), tries)
        result = BENCH.try_image(image, ordinary)
    print(f"\n== seed {seed}{' (ordinary)' if ordinary else ''}: {sorted(kinds_of(result))}")
    print(in_literal(image))
    for unpacker, kind, text in result["differences"]:
        print(f"  {kind}, as unpacked by {unpacker}: {text}")
    print(f"  Assay lists {result['assay']}")
    for unpacker, packages in result["seen"].items():
        print(f"  {unpacker} has {packages}")
    for unpacker, why in result["refused"].items():
        print(f"  {unpacker} refused: {why}")
    sys.stdout.flush()


def summary(results, seconds):
    count = len(results)
    unread = [(ordinary, result["unread"]) for _, ordinary, result in results if result["unread"]]
    print(f"\n{count} images in {seconds:.0f} s; {sum(bool(result['differences']) for *_, result in results)} with a difference; "
          f"{sum(ordinary for _, ordinary, _ in results)} ordinary; unread: {len(unread)} ({100 * len(unread) / max(count, 1):.0f} %), "
          f"{sum(ordinary for ordinary, _ in unread)} of them ordinary")
    report = {"images": count, "ordinary": sum(ordinary for _, ordinary, _ in results), "ordinary_unread": sum(ordinary for ordinary, _ in unread),
              "with_packages": sum(any(result["seen"].values()) for *_, result in results), "unpacked": {}}
    for unpacker in BENCH.unpackers:
        refused = sum(unpacker.name in result["refused"] for *_, result in results)
        print(f"  {unpacker.name} unpacked {count - refused}, refused {refused}")
        report["unpacked"][unpacker.name] = count - refused
        whys = collections.Counter(NAMES.sub("*", result["refused"][unpacker.name])[-90:] for *_, result in results
                                   if unpacker.name in result["refused"])
        for why, number in whys.most_common(8):
            print(f"    {number}: {why}")
    print(f"  with packages: {report['with_packages']}")
    alike = [result for _, ordinary, result in results if not ordinary and not result["refused"] and
             len({tuple(seen) for seen in result["seen"].values()}) == 1 and not result["failures"]]
    print(f"  of {len(alike)} odd images that all unpack alike and the package managers read, "
          f"{sum(bool(result['unread']) for result in alike)} are unread")
    reasons = collections.Counter(name for _, reason in unread for name in set(REASON.findall(reason.split("] (")[0])))
    for reason, number in reasons.most_common(25):
        print(f"  unread, {number}: {reason}")
    kinds = collections.Counter(kind for *_, result in results for kind in kinds_of(result))
    for (unpacker, kind), number in kinds.most_common():
        print(f"  DIFFERENCE {kind}, {unpacker}: {number}")
    return report


def run(options):
    """The results of all images; differences are printed as they are found."""
    seeds = [options.only] if options.only is not None else range(options.seed, options.seed + options.count)
    folder = tempfile.mkdtemp(prefix="assay-differential-")
    try:
        return run_in(folder, options, seeds)
    finally:
        unpackers.remove(folder)


def run_in(folder, options, seeds):
    database = make_database(options.program, folder)
    databases.folder()
    begin, results, shown = time.monotonic(), [], 0
    for make in unpackers.ALL:
        if make.why_not():
            print(f"not with {make.name}: {make.why_not()}")
    with multiprocessing.Pool(options.jobs, start, (options.program, database, not options.shapes)) as pool:
        start(options.program, database, not options.shapes)
        for seed, ordinary, result in pool.imap_unordered(try_seed, seeds, chunksize=4):
            results.append((seed, ordinary, result))
            if result["differences"] and shown < options.show:
                shown += 1
                show(seed, grammar.image(seed, ODD_CONTENTS)[0], ordinary, result, options.tries)
        pool.close()
        pool.join()
    report = summary(results, time.monotonic() - begin)
    if options.report:
        Path(options.report).write_text(json.dumps(report))
    BENCH.close()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--shapes", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--tries", type=int, default=400)
    parser.add_argument("--report", help="write the summary's numbers here, as JSON")
    parser.add_argument("--program", default=None)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that what is mounted goes
    options.program = options.program or str(find_program())
    return 1 if any(result["differences"] for *_, result in run(options)) else 0


if __name__ == "__main__":
    sys.exit(main())
