#!/usr/bin/python3
"""Holds Assay's word on random versions in random ranges of advisories beside that of the ecosystems' own tools: node-semver, Python's packaging,
Maven, RubyGems and Composer. `make differential` runs it.

usage: ranges.py [--program ASSAY] [--count N] [--seed S]

N packages an ecosystem get an advisory with random ranges, and lock files get versions at and beside their bounds (tests/peers/edges.py).
The exit code is 1 when Assay and a tool differ."""
import argparse
import functools
import json
import random
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "peers"), str(HERE.parent / "integration")]
import advisories  # noqa: E402
import edges  # noqa: E402
import findings  # noqa: E402
import lists  # noqa: E402
import own_order  # noqa: E402
from assay_server import find_program  # noqa: E402

NEEDS = ("node", "npm", "java", "ruby", "php")
# What a version of the ecosystem may end with, and how many numbers it has.
ENDS = {
    "npm": (3, 3, ("", "", "-alpha.1", "-beta.2", "-rc.1", "-rc.10", "-0", "-next.3.1")),
    "PyPI": (1, 4, ("", "", "a1", "b2", "rc1", ".dev1", ".post1", "rc1.post2", ".post1.dev2")),
    "Maven": (1, 4, ("", "", "-alpha-1", "-beta2", "-rc1", "-SNAPSHOT", ".Final", ".RELEASE", ".M1", "-sp-1", "-jre", ".v20210101", "-1", "b1")),
    "Go": (3, 3, ("", "", "-alpha.1", "-rc.1", "-0.20200101000000-0123456789ab", "+incompatible")),
    "crates.io": (3, 3, ("", "", "-alpha.1", "-beta", "-rc.1", "-0")),
    "RubyGems": (1, 4, ("", "", ".rc1", ".pre", ".beta.2", ".a", ".rc.1.2")),
    "Packagist": (1, 4, ("", "", "-alpha1", "-beta2", "-RC1", "-p1", "-beta")),
    "NuGet": (3, 4, ("", "", "-alpha", "-beta.2", "-rc.10", "-preview1"))}


def version(ecosystem, chosen):
    least, most, ends = ENDS[ecosystem]
    return ".".join(str(chosen.choice((0, 0, 1, 1, 2, 3, 9, 10, 11, 100))) for _ in range(chosen.randint(least, most))) + chosen.choice(ends)


def in_order(ecosystem, groups):
    """Each group of versions as the tool orders it, each once; nothing of a group that it does not order."""
    pairs = sorted({(a, b) for group in groups for a in group for b in group})
    orders = dict(zip(pairs, own_order.ORDERS[ecosystem]([list(pair) for pair in pairs])))
    for group in groups:
        if None in (orders[a, b] for a in group for b in group):
            yield []
            continue
        ordered = sorted(group, key=functools.cmp_to_key(lambda a, b: orders[a, b]))
        yield ordered[:1] + [b for a, b in zip(ordered, ordered[1:]) if orders[a, b] < 0]


def events(bounds, chosen):
    """Spans between the bounds; the last may have no end, the first no begin."""
    found = [{"introduced": "0"}] if chosen.random() < 0.5 else []
    for bound in bounds:
        begins = not found or "introduced" not in found[-1]
        found.append({"introduced" if begins else chosen.choice(("fixed", "last_affected")): bound})
    return found


def write_records(folder, count, seed):
    for ecosystem in ENDS:
        chosen = random.Random(f"{seed} {ecosystem}")
        several = [[version(ecosystem, chosen) for _ in range(chosen.randint(1, 5))] for _ in range(count)]
        groups = [[one for one in group if one != "0"] for group in several]  # which is before all in advisories
        with zipfile.ZipFile(folder / f"{ecosystem}.zip", "w") as archive:
            for number, bounds in enumerate(in_order(ecosystem, groups)):
                name = {"Maven": f"org.example:part{number}", "Go": f"example.com/part{number}", "Packagist": f"example/part{number}"}
                affected = {"package": {"ecosystem": ecosystem, "name": name.get(ecosystem, f"part{number}")},
                            "ranges": [{"type": "ECOSYSTEM", "events": events(bounds, chosen)}]}
                if chosen.random() < 0.3:
                    affected["versions"] = [version(ecosystem, chosen)]
                if bounds:
                    archive.writestr(f"{number}.json", json.dumps({"schema_version": "1.6.0", "id": f"TEST-{ecosystem}-{number}",
                                                                   "modified": "2026-01-01T00:00:00Z", "affected": [affected]}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--count", type=int, default=edges.PACKAGES_MOST)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    missing = [one for one in NEEDS if shutil.which(one) is None]
    if missing:
        print(f"ranges are not tried: no {', '.join(missing)}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_records(work, asked.count, asked.seed)
        known, assay = advisories.Advisories(work), lists.Assay(work, asked.program or find_program())
        assay.database = known.for_assay(assay, work / "data")
        compared = findings.Findings(known, assay, [], work)
        target = edges.make(work / "trees", known, asked.seed)
        ours, said = compared.of(assay, target), compared.by_own_tools(assay.packages(target))
        print(f"{len(said)} versions against advisories, {len(ours)} findings")
        wrong = [finding for finding in sorted(said) if said[finding] is not None and said[finding] != (finding in ours)]
        for package, vulnerability in wrong:
            ranges = [one["ranges"][0]["events"] for one in compared.affected(package, vulnerability)[2]]
            print(f"{' '.join(package)} in {ranges}: Assay says {'affected' if (package, vulnerability) in ours else 'not affected'}")
    return 1 if wrong or not ours else 0


if __name__ == "__main__":
    sys.exit(main())
