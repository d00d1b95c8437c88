"""Scan: a cold image against the time that `igzip -dc` takes over its layers, and a known image."""
import gzip
import os
import resource
import shutil
import subprocess
import time

import requests

import debian_image
import image_kinds
from image_kinds import SUITE, layers_of
from oci_layout import Layout, tar_of
from peers import Assay

RELEASE = "12"
# Some hundred packages and about 130 MB of layer, so that start-up does not count.
PACKAGES = ("gcc", "git", "python3", "perl")


def image_layout(bench):
    """The image, built once for a build folder."""
    layout = bench.cache / f"{SUITE}-{'-'.join(PACKAGES)}"
    if not layout.is_dir():
        debian_image.build_layout(SUITE, layout, PACKAGES, upgrade=False)
    return layout


def advisory_database(bench):
    """The advisories of the image's distribution, by the feed that needs only a mirror; had once for a build folder."""
    path = bench.cache / "advisories.db"
    if not path.is_file() or not (bench.cache / "suite").is_dir():
        config = bench.folder / "feeds.yaml"
        config.write_text(f"feeds:\n  - {{name: {SUITE}, type: debian-repo, url: \"{debian_image.mirrors()[1]}\", "
                          f"suite: {SUITE}-security}}\nfeed_interval: 0\n")
        data = bench.cache / "suite"  # with the feed's own files
        subprocess.run([str(bench.assay), "db", "update", "--config", str(config), "--data", str(data)],
                       check=True, stdout=subprocess.DEVNULL)
        shutil.copy(data / "advisories.db", path)
    return path


def timed(command, **options):
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    return time.monotonic() - start


def processor_time(command, **options):
    """Of the program and its workers: steadier than the clock on the wall."""
    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime
    start = spent()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    return spent() - start


def peak_memory(command, **options):
    """MiB of the largest of the program and its workers; at least what this process has."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError("assay scan failed")
    return usage.ru_maxrss / 1024


def four_layers(bench, layer):
    """The layer four times, each with a file of its own in front: an image of four layers of one size."""
    made, body, layers = Layout(bench.folder / "four"), layer.read_bytes(), []
    unpacked = subprocess.run(["igzip", "-dc", str(layer)], stdout=subprocess.PIPE, check=True).stdout
    for number in range(4):
        entry = tar_of({f"srv/number{number}": f"{number}"})[:1024]
        layers.append((entry + unpacked, gzip.compress(entry) + body, "gzip"))
    made.add_packed_image("four", layers)
    return made.folder


def measure_four_layers(bench, layer, command, environment):
    folder = four_layers(bench, layer)
    words = [*command[:-1], f"oci:{folder}:four", "--no-cache"]
    layers = [path for path in (folder / "blobs/sha256").iterdir() if path.stat().st_size > 1 << 20]
    times = bench.interleave({
        "igzip": lambda: sum(timed(["taskset", "-c", "0", "igzip", "-dc", str(path)]) for path in layers),
        "assay": lambda: timed(["taskset", "-c", "0,1", *words], env=environment)})
    ratio = times["assay"] / times["igzip"]
    bench.add("scan of four equal layers, two cores", f"{times['assay'] * 1000:.0f} ms, igzip -dc one after another {times['igzip'] * 1000:.0f} ms; "
              f"{ratio:.2f}x", "at most 0.65x", ratio <= 0.65)
    shutil.rmtree(folder)


def measure_one_layer(bench, database):
    """Of few huge files: what comes before and after the unpacking counts for nothing there."""
    layout = image_kinds.make(bench, "few huge files")
    command, (layer,) = scan_command(bench, layout, database), layers_of(layout)
    environment = {**os.environ, "XDG_CACHE_HOME": str(bench.folder / "scan-cache")}
    times = bench.interleave({"igzip": lambda: timed(["taskset", "-c", "0", "igzip", "-dc", str(layer)]),
                              "assay": lambda: timed(["taskset", "-c", "0,1", *command, "--no-cache"], env=environment)})
    ratio = times["assay"] / times["igzip"]
    bench.add(f"scan of one layer of {layer.stat().st_size / 1e9:.1f} GB, two cores",
              f"{times['assay'] * 1000:.0f} ms, igzip -dc {times['igzip'] * 1000:.0f} ms; {ratio:.2f}x", "at most 1.05x", ratio <= 1.05)


def measure_many_detectors(bench, command, environment):
    """With 20 more that look for files by name: what the applications' detectors cost where there is nothing for them."""
    many = [str(bench.many_detectors), *command[1:]]

    def scan(program):
        return processor_time(["taskset", "-c", "0", *program, "--no-cache"], env=environment)
    times = bench.interleave({"as it is": lambda: scan(command), "more": lambda: scan(many)}, 2 * bench.rounds)
    more = 100 * (times["more"] / times["as it is"] - 1)
    bench.add("20 more detectors of files by name, cold scan", f"{more:+.1f} % of {times['as it is'] * 1000:.0f} ms of processor time",
              "at most 3 %", more <= 3)


def measure_kinds(bench, command, layers, environment):
    """What a cold scan costs in processor time beside inflating, by the kinds of findings that are looked for."""
    programs = {"packages, secrets and weak settings": (bench.few_detectors, 1.6),
                "the same and malware by YARA": (bench.without_integrity, 2.2), "all, with programs that were replaced": (bench.assay, 0)}

    def inflate(*program):
        return sum(processor_time(["taskset", "-c", "0", *program, str(layer)]) for layer in layers)

    def scan(measure, cores, program):
        return measure(["taskset", "-c", cores, str(program), *command[1:], "--no-cache"], env=environment)
    measures = {"igzip": lambda: inflate("igzip", "-dc"), "gzip": lambda: inflate("gzip", "-dc"),
                "igzip by the clock": lambda: sum(timed(["taskset", "-c", "0", "igzip", "-dc", str(layer)]) for layer in layers)}
    for kinds, (program, _) in programs.items():
        measures[kinds] = lambda program=program: scan(processor_time, "0,1", program)
        measures[kinds + " by the clock"] = lambda program=program: scan(timed, "0,1", program)
    times = bench.interleave(measures)
    for kinds, (_, most) in programs.items():
        ratio, clock = times[kinds] / times["igzip"], times[kinds + " by the clock"] / times["igzip by the clock"]
        bench.add(f"processor time of a cold scan: {kinds}",
                  f"{times[kinds] * 1000:.0f} ms, {ratio:.2f}x igzip -dc, {times[kinds] / times['gzip']:.2f}x gzip -dc; two cores by the clock "
                  f"{clock:.2f}x igzip", f"at most {most}x igzip" + (", 1.3x by the clock" if most == 1.6 else "") if most else "none",
                  (ratio <= most and (most != 1.6 or clock <= 1.3)) if most else None)


def scan_command(bench, layout, database):
    config = bench.folder / "scan.yaml"
    config.write_text("log_level: info\n")  # and not the machine's own
    return [str(bench.assay), "scan", "--config", str(config), "--db", str(database), "--format", "json",
            f"oci:{layout}:vulnerable"]


def measure(bench):
    layout, database = image_layout(bench), advisory_database(bench)
    layers, command = layers_of(layout), scan_command(bench, layout, database)
    environment = {**os.environ, "XDG_CACHE_HOME": str(bench.folder / "scan-cache")}

    def scan(cores, *options):
        return timed(["taskset", "-c", cores, *command, *options], env=environment)

    def inflate():
        return sum(timed(["taskset", "-c", "0", "igzip", "-dc", str(layer)]) for layer in layers)

    scan("0")  # what stands on disk is in memory for all, and the image is known from here on
    times = bench.interleave({"igzip": inflate, "one core": lambda: scan("0", "--no-cache"),
                              "two cores": lambda: scan("0,1", "--no-cache")})
    size = sum(path.stat().st_size for path in layers) / 1e6
    for cores, most in (("one core", 1.8), ("two cores", 1.3)):
        ratio = times[cores] / times["igzip"]
        bench.add(f"scan of a cold image ({size:.0f} MB of layers), {cores}",
                  f"{times[cores] * 1000:.0f} ms, igzip -dc {times['igzip'] * 1000:.0f} ms; {ratio:.2f}x",
                  f"at most {most}x", ratio <= most)
    memory = peak_memory([*command, "--no-cache"], env=environment)
    bench.add("the same: peak memory", f"{memory:.0f} MiB", "at most 200 MB", memory * 1024 * 1024 <= 200e6)
    measure_four_layers(bench, max(layers, key=lambda path: path.stat().st_size), command, environment)
    measure_one_layer(bench, database)
    measure_many_detectors(bench, command, environment)
    measure_kinds(bench, command, layers, environment)
    known = bench.interleave({"known": lambda: scan("0,1") * 1000}, 4 * bench.rounds)["known"]
    bench.add("scan of a known image, the whole command", f"{known:.1f} ms", "at most 20 ms", known <= 20)
    measure_server(bench, layout, database)


def measure_server(bench, layout, database):
    """The findings of an image that was pushed: nothing is stored but its packages, so each request matches anew."""
    assay = Assay(bench.folder / "scan-server", bench.assay)
    assay.data.mkdir(parents=True)
    shutil.copy(database, assay.data / "advisories.db")
    assay.start()
    try:
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
                        f"oci:{layout}:vulnerable", f"docker://127.0.0.1:{assay.port}/bench/image:v1"], check=True)
        assay.wait_until_idle()
        answer = requests.get(f"{assay.url}/v2/bench/image/manifests/v1", timeout=60,
                              headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
        session, url = requests.Session(), f"{assay.url}/api/v1/images/{answer.headers['Docker-Content-Digest']}/findings"
        deadline = time.monotonic() + 120
        while session.get(url, timeout=60).status_code == 409 and time.monotonic() < deadline:  # not scanned yet
            time.sleep(0.1)

        def known():
            start = time.monotonic()
            session.get(url, timeout=60).raise_for_status()
            return (time.monotonic() - start) * 1000
        milliseconds = bench.interleave({"known": known}, 4 * bench.rounds)["known"]
        bench.add("findings of a known image from the server, matched anew", f"{milliseconds:.1f} ms", "at most 20 ms",
                  milliseconds <= 20)
    finally:
        assay.stop()
