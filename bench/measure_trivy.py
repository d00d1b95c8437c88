"""Trivy: the same image with the same advisories, unread and known, by Assay and by Trivy.

No Debian release has Trivy: it is measured where it is in PATH, and Go, which builds bench/trivy-database."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import measure_scan

# Trivy too looks for packages of the distribution alone, and asks no network.
OPTIONS = ("--quiet", "--scanners", "vuln", "--pkg-types", "os", "--skip-db-update", "--skip-java-db-update",
           "--skip-version-check", "--offline-scan", "--disable-telemetry", "--format", "json")


def build_database(bench, findings, cache):
    """A cache folder for Trivy that knows what Assay found and nothing else, so no bigger database slows it."""
    program = bench.folder / "trivy-database"
    subprocess.run(["go", "build", "-buildvcs=false", "-o", str(program), "."],
                   cwd=Path(__file__).parent / "trivy-database", check=True)
    known = {(one["source_package"], one["id"], one["fixed_version"]) for one in findings}
    advisories = [dict(zip(("source_package", "id", "fixed_version"), one)) for one in sorted(known)]
    subprocess.run([str(program), measure_scan.RELEASE, str(cache)], input=json.dumps(advisories), text=True, check=True)


def output_of(command, environment):
    return json.loads(subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE).stdout)


def measure(bench):
    trivy = shutil.which("trivy")
    if trivy is None or shutil.which("go") is None:
        bench.add("scan beside Trivy", "not measured: needs trivy and go in PATH", "faster than Trivy", None)
        return
    layout, cache = measure_scan.image_layout(bench), bench.folder / "trivy-cache"
    environment = {**os.environ, "XDG_CACHE_HOME": str(bench.folder / "cache"), "TRIVY_CACHE_DIR": str(cache)}
    assay = measure_scan.scan_command(bench, layout, measure_scan.advisory_database(bench))
    peer = [trivy, "image", *OPTIONS, "--input", f"{layout}:vulnerable"]
    findings = output_of(assay, environment)["findings"]
    build_database(bench, findings, cache)
    theirs = {(one["PkgName"], one["VulnerabilityID"], one["FixedVersion"])
              for result in output_of(peer, environment)["Results"] for one in result.get("Vulnerabilities", [])}
    ours = {(one["package"], one["id"], one["fixed_version"]) for one in findings}
    if ours != theirs:
        raise RuntimeError(f"the findings differ: {sorted(ours ^ theirs)}")

    def cold_trivy():
        shutil.rmtree(cache / "fanal")  # what it knows of images
        return measure_scan.timed(peer, env=environment)

    times = bench.interleave({
        "cold": lambda: measure_scan.timed([*assay, "--no-cache"], env=environment), "cold trivy": cold_trivy,
        "known": lambda: measure_scan.timed(assay, env=environment),
        "known trivy": lambda: measure_scan.timed(peer, env=environment)})
    for kind, what in (("cold", "scan of a cold image"), ("known", "scan of a known image")):
        mine, others = times[kind] * 1000, times[f"{kind} trivy"] * 1000
        bench.add(f"{what} beside Trivy, {len(ours)} equal findings",
                  f"assay {mine:.0f} ms, trivy {others:.0f} ms; {others / mine:.1f} times as fast", "faster than Trivy", mine < others)
