"""Trivy: what it and Assay find in three images by the same feeds' files, and how long they take.

No Debian release has Trivy: it is measured where it is in PATH, and Go, which builds bench/trivy-database. Trivy's database is
filled from the files that the feeds publish (trivy_feeds.py), not from what Assay makes of them."""
import collections
import json
import os
import shutil
import subprocess
from pathlib import Path

import image_kinds
import measure_scan
import trivy_feeds
from trivy_feeds import CVE, SHARED

# Trivy too looks for packages of the distribution alone, and asks no network.
OPTIONS = ("--quiet", "--scanners", "vuln", "--pkg-types", "os", "--skip-db-update", "--skip-java-db-update",
           "--skip-version-check", "--offline-scan", "--disable-telemetry", "--format", "json")
# All that it looks for in an image's files and in how it was built, with the checks that are built into it. Assay always does.
ALL_OPTIONS = ("--scanners", "vuln,secret,misconfig", "--image-config-scanners", "secret,misconfig", "--skip-check-update",
               *[option for option in OPTIONS if option not in ("--scanners", "vuln")])


class Subject:
    """An image and the feed for it: how Assay imports it, and what Trivy's database gets."""

    def __init__(self, name, layout, importing, advisories):
        self.name, self.layout, self.importing, self.advisories = name, layout, importing, advisories


def suite_subject(bench, name, layout):
    """A real image, and the changelogs of its security suite as the feed keeps them."""
    measure_scan.advisory_database(bench)
    folder = bench.cache / "suite/feeds" / f"{measure_scan.SUITE}/changelogs"
    return Subject(name, layout, None, trivy_feeds.debian_advisories(folder, measure_scan.RELEASE))


def shaped_subjects(bench):
    """Images of packages that the feeds' public files speak of, where those are."""
    work = bench.folder / "shapes"
    work.mkdir()
    tracker, plain = SHARED / "debian/tracker-dsa-dla-2023-04.json.gz", work / "tracker.json"
    if tracker.is_file():
        plain.write_bytes(subprocess.run(["gzip", "-dc", str(tracker)], stdout=subprocess.PIPE, check=True).stdout)
        advisories = trivy_feeds.tracker_advisories(tracker, "bullseye", "11")
        trivy_feeds.debian_image(work / "debian", trivy_feeds.installed(advisories))
        yield Subject("Debian 11, the tracker", work / "debian", ("debian-tracker", plain), advisories)
    secdb = SHARED / "alpine-secdb/v3.10/main.json"
    if secdb.is_file():
        advisories = trivy_feeds.alpine_advisories(secdb, "3.10")
        trivy_feeds.alpine_image(work / "alpine", trivy_feeds.installed(advisories))
        yield Subject("Alpine 3.10, its secdb", work / "alpine", ("alpine-secdb", secdb), advisories)
    errata = SHARED / "osv/AlmaLinux.zip"
    if errata.is_file():
        advisories = trivy_feeds.usual(trivy_feeds.alma_advisories(errata, "9"))
        trivy_feeds.alma_image(work / "alma", trivy_feeds.installed(advisories), work / "build")
        yield Subject("AlmaLinux 9, its errata", work / "alma", ("osv", errata), advisories)


# --- two lists of findings ---

class Trivy:
    def __init__(self, bench):
        self.program, self.writer = shutil.which("trivy"), bench.folder / "trivy-database"
        self.cache = bench.folder / "trivy-cache"
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(bench.folder / "cache"), "TRIVY_CACHE_DIR": str(self.cache)}
        subprocess.run(["go", "build", "-buildvcs=false", "-o", str(self.writer), "."],
                       cwd=Path(__file__).parent / "trivy-database", check=True)

    def fill(self, advisories):
        """A database that knows these and nothing else, so that no bigger one slows it."""
        shutil.rmtree(self.cache, ignore_errors=True)
        subprocess.run([str(self.writer), str(self.cache)], input=json.dumps(advisories), text=True, check=True)

    def command(self, layout, options=OPTIONS):
        return [self.program, "image", *options, "--input", f"{layout}:vulnerable"]

    def findings(self, layout):
        """{(package, vulnerability): fixed version}"""
        return {(one["PkgName"], one["VulnerabilityID"]): one["FixedVersion"]
                for result in output_of(self.command(layout), self.environment).get("Results", [])
                for one in result.get("Vulnerabilities", [])}


def output_of(command, environment):
    return json.loads(subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE).stdout)


def database_of(bench, subject):
    """Assay's database of the subject's feed."""
    if subject.importing is None:
        return measure_scan.advisory_database(bench)
    kind, path = subject.importing
    data = bench.folder / f"data-{kind}"
    subprocess.run([str(bench.assay), "db", "import", "--data", str(data), "--type", kind, "--name", "bench", str(path)], check=True,
                   stdout=subprocess.DEVNULL)
    return data / "advisories.db"


def several_fixes(subject):
    """{(package, vulnerability)} that the feed gives more than one fixed version for; Trivy's database holds one."""
    versions = collections.defaultdict(set)
    for one in subject.advisories:
        versions[one["package"], one["id"]].add(one["fixed_version"])
    return {key for key, fixed in versions.items() if len(fixed) > 1}


def reason_of(finding, source, several):
    """Why the lists may differ in it; None: they may not."""
    package, name = finding
    if "/" in name:
        return "an update of which the suite names no CVE; Trivy's database knows CVEs"
    if not CVE.fullmatch(name):
        return "an advisory without a CVE; Trivy's database knows CVEs"
    if (source, name) in several or (package, name) in several:
        return "the feed has several fixed versions; Assay takes the highest that fits, Trivy's database holds one"
    return None


def compare(bench, trivy, subject):
    """How many findings are the same; each other one must have a reason."""
    command = measure_scan.scan_command(bench, subject.layout, database_of(bench, subject))
    listed = output_of([*command, "--no-cache"], trivy.environment)["findings"]
    ours = {(one["package"], one["id"]): one.get("fixed_version") for one in listed if one.get("fixed_version")}
    sources = {(one["package"], one["id"]): one.get("source_package") for one in listed}
    trivy.fill(subject.advisories)
    theirs, several = trivy.findings(subject.layout), several_fixes(subject)
    reasons, unexplained = collections.Counter(), []
    for finding in sorted(ours.keys() | theirs.keys()):
        if ours.get(finding) == theirs.get(finding):
            continue
        reason = reason_of(finding, sources.get(finding), several)
        reasons[reason] += 1
        if reason is None:
            unexplained.append(f"{finding}: Assay {ours.get(finding)}, Trivy {theirs.get(finding)}")
    same = sum(ours.get(finding) == fixed for finding, fixed in theirs.items())
    told = "".join(f"; {count} differ: {reason}" for reason, count in reasons.items() if reason)
    bench.add(f"findings beside Trivy's: {subject.name}", f"{same} the same{told}" +
              (f"; {len(unexplained)} DIFFER without a reason" if unexplained else ""), "all the same, or explained", not unexplained and same > 0)
    if unexplained:
        print("\n".join(unexplained[:20]), flush=True)
    return same


def measure_times(bench, trivy, subject, same, kinds, goal, options=OPTIONS):
    """Of images that are "cold" and "known" to each."""
    assay, peer = measure_scan.scan_command(bench, subject.layout, database_of(bench, subject)), trivy.command(subject.layout, options)
    environment = trivy.environment

    def cold_trivy():
        shutil.rmtree(trivy.cache / "fanal", ignore_errors=True)  # what it knows of images
        return measure_scan.timed(peer, env=environment)

    measures = {"cold": {"assay": lambda: measure_scan.timed([*assay, "--no-cache"], env=environment), "trivy": cold_trivy},
                "known": {"assay": lambda: measure_scan.timed(assay, env=environment),
                          "trivy": lambda: measure_scan.timed(peer, env=environment)}}
    for kind, what in kinds.items():
        times = bench.interleave(measures[kind])
        bench.add(f"{what} beside Trivy, {same} equal findings",
                  f"assay {times['assay'] * 1000:.0f} ms, trivy {times['trivy'] * 1000:.0f} ms; "
                  f"{times['trivy'] / times['assay']:.1f} times as fast", f"{goal} times" if goal > 1 else "faster than Trivy",
                  goal * times["assay"] <= times["trivy"])


def measure(bench):
    if shutil.which("trivy") is None or shutil.which("go") is None:
        bench.add("scan beside Trivy", "not measured: needs trivy and go in PATH", "faster than Trivy", None)
        return
    trivy = Trivy(bench)
    for other in shaped_subjects(bench):
        compare(bench, trivy, other)
    subject = suite_subject(bench, f"Debian {measure_scan.RELEASE}, a suite's changelogs", measure_scan.image_layout(bench))
    same = compare(bench, trivy, subject)
    measure_times(bench, trivy, subject, same, {"cold": "scan of a cold image", "known": "scan of a known image"}, 1)
    measure_times(bench, trivy, subject, same, {"cold": "scan of a cold image for vulnerabilities, secrets and misconfiguration"}, 3, ALL_OPTIONS)
    for kind in image_kinds.KINDS:
        subject = suite_subject(bench, kind, image_kinds.make(bench, kind))
        same = compare(bench, trivy, subject)
        measure_times(bench, trivy, subject, same, {"cold": f"scan of {kind}"}, 4)
