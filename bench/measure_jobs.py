"""The job queue: kept jobs a second on SQLite, with each commit on the disk."""
import subprocess
import tempfile


def measure(bench):
    program = bench.assay.parent.parent.parent / "bench/job-load"

    def once():
        with tempfile.TemporaryDirectory(prefix="assay-jobs-") as folder:
            return float(subprocess.run([program, folder], stdout=subprocess.PIPE, check=True).stdout)
    rate = bench.interleave({"assay": once})["assay"]
    bench.add("kept jobs a second", f"{rate:.0f}/s", "at least 5000/s", rate >= 5000)
