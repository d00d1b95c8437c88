#!/usr/bin/python3
"""Compares Assay's packages and findings with those of Trivy, Syft, Grype and osv-scanner on ten images of real packages.

usage: run.py [--program ASSAY] [--folder FOLDER] [--advisories FOLDER] [--without RECORD]... [--all] [IMAGE]...

The images are made by mmdebstrap, npm, pip, Maven, Go and cargo of what their registries have, and kept in FOLDER. A peer that is not in
PATH is named and left out. Each difference is counted under its reason (reasons.py, findings.py); the exit code is 1 when one has none or a
program fails, and 77 when there is no peer at all. --all prints the packages and findings of each reason. --advisories has archives of OSV;
without them findings are not compared. A record of --without is kept from Assay: the run must fail."""
import argparse
import collections
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
import advisories  # noqa: E402
import distribution  # noqa: E402
import edges  # noqa: E402
import findings  # noqa: E402
import images  # noqa: E402
import lists  # noqa: E402
import reasons  # noqa: E402
from assay_server import find_program  # noqa: E402

PEERS = (lists.Trivy, lists.Syft, lists.OsvScanner)
EDGES = ("edges", "debian-edges")  # made of the advisories themselves
DATA = Path(os.environ.get("ASSAY_SHARED", HERE.parent.parent.parent / "shared")) / "data"
SAME_LISTS = {"cyclonedx": "shop.cdx.json", "spdx": "shop.spdx.json"}


def details_of(assay, target):
    """{package: {"owner", "places", "declared"}} of Assay's own list."""
    found = {}
    for component in json.loads(assay.run(*assay.words(target))).get("components", []):
        one = lists.parts_of(component.get("purl", ""))
        told = {each["name"]: each["value"] for each in component.get("properties", [])}
        if one:
            found[one] = {"owner": told.get("assay:owner"), "declared": told.get("assay:declared"),
                          "places": [each["location"] for each in component.get("evidence", {}).get("occurrences", [])]}
    return found


def compare(name, peer, ours, theirs, details):
    """(lines of a table, packages without a reason)"""
    counts = collections.defaultdict(list)
    for one in ours - theirs:
        counts["Assay", reasons.reason_of_ours(reasons.Difference(one, peer, ours, theirs, details))].append(one)
    for one in theirs - ours:
        counts[peer, reasons.reason_of_theirs(reasons.Difference(one, peer, ours, theirs, details))].append(one)
    lines = [(name, peer, len(ours & theirs), "", "both")]
    for (who, reason), found in sorted(counts.items(), key=lambda each: (each[0][0], str(each[0][1]))):
        lines.append((name, peer, len(found), who, f"{peer} {reason}" if reason else "NO REASON"))
    unexplained = [(who, one) for (who, reason), found in counts.items() if reason is None for one in sorted(found)]
    return lines, unexplained, counts


def compare_image(asked, assay, peers, name, target, packages, owned):
    """@packages gets what each program lists, @owned what packages of the distribution bring."""
    ours, details = assay.list(target), details_of(assay, target)
    packages[assay.name], failed = ours, False
    owned |= {one for one, detail in details.items() if detail["owner"]}
    for peer in peers:
        if not peer.takes(target):
            print(f"| {name} | {peer.name} | | | is not asked: it takes no such target |", flush=True)
            continue
        try:
            theirs = packages[peer.name] = peer.list(target)
        except (RuntimeError, KeyError) as error:
            print(f"| {name} | {peer.name} | | | could not be asked: {str(error).strip().splitlines()[-1][:120]} |", flush=True)
            failed = True
            continue
        lines, unexplained, counts = compare(name, peer.name, ours, theirs, details)
        for line in lines:
            print("| " + " | ".join(map(str, line)) + " |", flush=True)
        for who, one in unexplained:
            print(f"    only {who} has {one} {details.get(one, {}).get('places', '')}")
        for key, found in counts.items() if asked.all else ():
            print(f"    {key}: {sorted(found)}")
        failed |= bool(unexplained)
    return failed


def folded(packages):
    """Old packages of npm have large letters; of an SBOM in SPDX, Syft takes the small ones of the package URL."""
    return {(kind, name.lower() if kind == "npm" else name, version) for kind, name, version in packages}


def compare_sboms(assay, peers, work, name, target):
    """Assay's lists of an image, read by the peers: the same packages. Trivy reads what it matches; the rest of a list it drops."""
    ours, failed = folded(assay.list(target)), False
    for kind, file in SAME_LISTS.items():
        path = work / file
        path.write_bytes(assay.sbom(target, kind))
        for peer in peers:
            try:
                theirs = folded(peer.list(f"sbom:{path}"))
            except (RuntimeError, KeyError) as error:
                print(f"| {name}, as {kind} | {peer.name} | | | could not be asked: {str(error).strip().splitlines()[-1][:120]} |", flush=True)
                failed = True
                continue
            kinds = {one[0] for one in theirs}
            left = sorted({one[0] for one in ours} - kinds)
            lost = {one for one in ours if one[0] in kinds} - theirs
            print(f"| {name}, as {kind} | {peer.name} | {len(ours & theirs)} | | the same{'; it has no ' + ', '.join(left) if left else ''}"
                  f"{f'; {len(lost)} LOST, {len(theirs - ours)} OTHERS' if lost or theirs - ours else ''} |", flush=True)
            for one in sorted(lost)[:10]:
                print(f"    lost {one}")
            for one in sorted(theirs - ours)[:10]:
                print(f"    other {one}")
            failed |= bool(lost or theirs - ours)
    return failed


def compare_findings(asked, found, work, name, target, packages, owned):
    packages |= {peer.name: peer.list(target) for peer in found.peers if peer.name not in packages}
    for peer, image in list(found.compare(asked, name, target, packages, owned)):
        for kind, file in SAME_LISTS.items():
            path = work / file
            path.write_bytes(found.assay.sbom(target, kind))
            found.compare_sbom(name, kind, peer, image, path, packages, owned)


def programs(kinds, work):
    for kind in kinds:
        try:
            yield kind(work)
        except lists.Absent:
            print(f"{kind.name} is not on this machine, and is left out")


def with_advisories(asked, assay, peers, work):
    """All that find something, with the same advisories."""
    debian = distribution.Distribution(assay, asked.folder, DATA, asked.without)
    known = advisories.Advisories(asked.advisories, asked.without, debian)
    assay.database = known.for_assay(assay, work / "data")
    finders = [peer for peer in peers if isinstance(peer, lists.Trivy)]
    if finders:
        known.for_trivy(work, work / "trivy")
    for peer in programs((lists.Grype,), work):
        known.for_grype(work / "grype.db")
        peer.take(work / "grype.db")
        finders.append(peer)
    return findings.Findings(known, assay, finders, asked.folder)


def made(name, asked, work, found):
    """The target of that name; None where it cannot be made here."""
    if name not in EDGES:
        return images.make(name, asked.folder)
    if found is None:
        return None
    return edges.make(work / name, found.advisories) if name == "edges" else found.advisories.debian.make(work / name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "assay-peers")
    parser.add_argument("--advisories", type=Path, default=DATA / "osv")
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("images", nargs="*", metavar="IMAGE")
    asked = parser.parse_args()
    asked.folder = asked.folder.resolve()  # compilers run elsewhere
    failed, left_out = False, []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        assay, peers = lists.Assay(work, asked.program or find_program()), list(programs(PEERS, work))
        if not peers and shutil.which(lists.Grype.name) is None:
            return 77
        found = with_advisories(asked, assay, peers, work) if asked.advisories.is_dir() else None
        if found is None:
            print(f"findings are not compared: {asked.advisories} has no archives of OSV")
        print("| image | peer | packages | only | why |\n| --- | --- | --- | --- | --- |")
        for name in asked.images or [*images.IMAGES, *EDGES]:
            target = made(name, asked, work, found)
            packages, owned = {}, set()
            if target is None:
                print(f"| {name} | | | | not made: needs {', '.join(images.IMAGES[name][1]) if name in images.IMAGES else 'advisories'} |")
                left_out.append(name)
                continue
            failed |= compare_image(asked, assay, peers, name, target, packages, owned)
            failed |= compare_sboms(assay, peers, work, name, target)
            if found:
                compare_findings(asked, found, work, name, target, packages, owned)
        for name, count in found.total.items() if found else ():
            print(f"{name}: {count} findings")
    failed |= bool(found and found.failed)
    print("NOT each difference has a reason, or a program failed" if failed else
          f"each difference in packages{' and findings' if found else ''} has its reason" +
          (f"; not looked at: {', '.join(left_out)}" if left_out else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
