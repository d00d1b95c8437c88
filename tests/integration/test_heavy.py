"""Cheap requests that cost much: an image with tens of thousands of packages in a small layer. What many ask for at once is worked
out once, on few threads, and others are answered meanwhile."""
import collections
import concurrent.futures
import json
import threading
import time

import pytest

import gate
import images
import raw_http
from assay_server import Server, run_assay
from oci_layout import Layout

PACKAGES = 15_000
FINDINGS = "/api/v1/images/{}/findings?limit=5"


def large_layout(folder, name):
    extra = "".join(f"\nP:{name}-{number}\nV:1.1.1c-r0\nA:x86_64\no:openssl\n" for number in range(PACKAGES))
    layout = Layout(folder)
    layout.add_image("v1", [{**gate.alpine_files(), "lib/apk/db/installed": images.APK_INSTALLED + extra}])
    return folder


class Heavy:
    def __init__(self, server, folder):
        self.server, self.digests = server, {}
        for name in ("one", "two", "three"):
            layout = large_layout(folder / name, name)
            self.digests[name] = raw_http.push_layout(server, f"heavy/{name}", "v1", layout)
        self.small = raw_http.push_layout(server, "light", "v1", images.alpine_layout(folder / "light", "v1"))
        for name, digest in {**{f"heavy/{name}": digest for name, digest in self.digests.items()}, "light": self.small}.items():
            server.wait_for_scan(name, digest, timeout=120)

    def work(self, of):
        """How often that was worked out ("work"), and how often that of another request was taken ("sharing")."""
        counts = collections.Counter()
        for line in self.server.request("GET", "/metrics").text.split("\n"):
            if line.startswith(f'assay_large_images_total{{of="{of}",'):
                counts[line.split('"')[3]] = int(line.split()[-1])
        return counts

    def refresh(self, number):
        """Other advisories: what was worked out before is old."""
        data = gate.secdb(openssl={"1.1.1d-r0": [f"CVE-2019-{number}", "CVE-2019-1563"]})
        path = self.server.folder / "secdb.json"
        path.write_text(json.dumps(data))
        before = gate.rematches(self.server)
        run_assay(self.server.program, "db", "import", "--data", self.server.data, "--type", "alpine-secdb", "--name", "test", path,
                  log_prefix=self.server.folder / "import")
        gate.wait_until(lambda: gate.rematches(self.server) > before, timeout=120)


@pytest.fixture(scope="module")
def heavy(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("heavy")
    server = Server(program, folder / "server", policy="strict")
    (folder / "server").mkdir(exist_ok=True)
    path = folder / "secdb.json"
    path.write_text(json.dumps(gate.secdb(openssl={"1.1.1d-r0": ["CVE-2019-1", "CVE-2019-1563"]})))
    run_assay(program, "db", "import", "--data", server.data, "--type", "alpine-secdb", "--name", "test", path,
              log_prefix=folder / "import")
    server.start()
    yield Heavy(server, folder)
    server.stop()


class Others:
    """What else is asked for meanwhile, again and again, and how often all of it was answered."""

    def __init__(self, heavy):
        self.heavy, self.rounds, self.stopped = heavy, 0, threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        paths = ["/healthz", "/readyz", "/metrics", "/v2/_catalog", "/v2/light/tags/list", f"/v2/light/manifests/{self.heavy.small}"]
        while not self.stopped.is_set():
            for path in paths:
                answer = self.heavy.server.request("GET", path, headers={"Accept": "*/*"})
                assert answer.status_code in (200, 403), (path, answer.text)
            self.rounds += not self.stopped.is_set()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()


def ask_at_once(heavy, paths):
    with concurrent.futures.ThreadPoolExecutor(len(paths)) as askers:
        return list(askers.map(lambda path: heavy.server.request("GET", path, headers={"Accept": "*/*"}, timeout=300), paths))


def test_findings_are_worked_out_once(heavy):
    heavy.refresh(101)
    before = heavy.work("findings")
    with Others(heavy) as others:
        answers = ask_at_once(heavy, [FINDINGS.format(heavy.digests["one"])] * 40)
    assert {answer.status_code for answer in answers} == {200}
    assert {json.dumps(answer.json(), sort_keys=True) for answer in answers} == {json.dumps(answers[0].json(), sort_keys=True)}
    assert answers[0].json()["total"] >= 2 * PACKAGES
    did = heavy.work("findings") - before
    # The background judges every image anew for lists, too, when the advisories change and when all are matched, and what it
    # worked out may be shared; on a slow machine what is ready may be dropped and made again.
    assert did["work"] + did["sharing"] >= 40 and did["work"] <= 4 * len(heavy.digests)
    assert others.rounds >= 2


def test_packages_are_read_once(heavy):
    before = heavy.work("packages")
    answers = ask_at_once(heavy, [f"/api/v1/images/{heavy.digests['two']}/packages?limit=3&offset={number}" for number in range(30)])
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["total"] for answer in answers} == {PACKAGES + 3}
    did = heavy.work("packages") - before
    # Nobody else asks for packages. They are read again where the background has just told of changed advisories, or where
    # nobody came to ask for ten seconds.
    assert did["work"] + did["sharing"] == 30 and 1 <= did["work"] <= 5


def test_pulls_and_questions_about_many_large_images(heavy):
    """All at once, of several images, which nobody has asked for since the advisories changed: each has its answer, each image
    is worked out once, and others are served."""
    heavy.refresh(102)
    before = heavy.work("findings")
    paths = []
    for name, digest in heavy.digests.items():
        paths += [f"/v2/heavy/{name}/manifests/v1"] * 10 + [FINDINGS.format(digest)] * 10
        paths += [f"/api/v1/images/{digest}/verdict?repository=heavy/{name}"] * 5
    with Others(heavy) as others:
        answers = ask_at_once(heavy, paths)
    for path, answer in zip(paths, answers):
        assert answer.status_code == (403 if path.startswith("/v2/") else 200), (path, answer.text[:500])
    # Each once, and by the background, as above.
    assert (heavy.work("findings") - before)["work"] <= 4 * len(heavy.digests)
    assert others.rounds >= 2


def test_memory_comes_back(heavy):
    """Where no sanitizer keeps what was freed."""
    if b"__asan_init" in heavy.server.program.read_bytes():
        pytest.skip("built with a sanitizer, which keeps memory")
    heavy.refresh(103)
    time.sleep(20)
    before = heavy.server.resident_bytes()
    peak = before
    with concurrent.futures.ThreadPoolExecutor(1) as background:
        asked = background.submit(ask_at_once, heavy, [FINDINGS.format(digest) for digest in heavy.digests.values()] * 13)
        while not asked.done():
            peak = max(peak, heavy.server.resident_bytes())
            time.sleep(0.02)
        assert {answer.status_code for answer in asked.result()} == {200}
    assert peak - before < 250_000_000, f"{peak - before} bytes"
    gate.wait_until(lambda: heavy.server.resident_bytes() < before + 30_000_000, timeout=40)
