"""Routing: the look-up of a request's route among 200."""
import subprocess


def measure(bench):
    program = bench.assay.parent.parent.parent / "bench/route-load"
    nanoseconds = bench.interleave({"assay": lambda: float(subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout)})
    bench.add("the route of a request, among 200", f"{nanoseconds['assay'] / 1000:.2f} us", "at most 0.5 us",
              nanoseconds["assay"] <= 500)
