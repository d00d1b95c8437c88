"""No secret of any kind that a rule knows is shown or kept: in files, the history, variables and labels of an image, through all formats of
`assay scan`, the commands on an image, and a push to a server, of which every answer, the log and all files but the blobs are searched byte by
byte."""
import ast
import gzip
import json
import os
import random
import re
import string
import subprocess
import time
from pathlib import Path

import pytest

from images import DEBIAN_12, ROOT
from oci_layout import CONFIG, Layout, digest_of, tar_of

CASES = ROOT / "tests/unit/inspect/secret-cases.c"
ALPHABETS = {"A": string.digits + string.ascii_letters, "a": string.digits + string.ascii_lowercase, "U": string.digits + string.ascii_uppercase,
             "L": string.ascii_letters, "u": string.ascii_uppercase + "234567", "h": string.digits + "abcdef", "d": string.digits,
             "b": string.digits + string.ascii_letters + "-_", "B": string.digits + string.ascii_letters + "+/"}
FORMATS = ["json", "table", "sarif", "junit", "markdown", "cyclonedx", "spdx", "template"]
TEMPLATE = """<html><body>{{#findings}}<p>{{id}} {{title}} {{location}} {{evidence}} {{same}} {{command}} {{remedy}}</p>
{{/findings}}</body></html>
"""


def forms():
    """{rule: a form of its secrets}, as the unit test has them."""
    found = re.findall(r'\{"([a-z0-9-]+)",((?:\s*"(?:[^"\\]|\\.)*")+)\}', CASES.read_text(encoding="utf-8"))
    return {rule: "".join(ast.literal_eval(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', text)) for rule, text in found}


def random_run(kind, count, runs):
    while True:
        text = "".join(random.choices(ALPHABETS[kind], k=count))
        if count < 4 or kind in "dL" or (any(each.isdigit() for each in text) and any(each.isalpha() for each in text)):
            break
    if count >= (14 if kind == "d" else 10):
        runs.append(text)
    return text


def written(form, runs):
    """The form with random runs, which are told to `runs`."""
    form = form.replace("<uuid>", "-".join(f"<h{count}>" for count in (8, 4, 4, 4, 12)))
    return re.sub(r"<([AaULuhdbB])(\d+)>", lambda run: random_run(run[1], int(run[2]), runs), form)


class Everything:
    """An image with a secret of each kind in a file, and in its history, a variable or a label."""

    def __init__(self, folder):
        self.runs, files, places = [], {"etc/os-release": DEBIAN_12}, [[], [], []]
        self.rules = forms()
        for number, (rule, form) in enumerate(self.rules.items()):
            files[f"srv/kinds/{rule}.txt"] = written(form, self.runs) + "\n"
            places[number % 3].append((rule, written(form, self.runs)))
        history = [{"created_by": f"RUN /bin/sh -c {text} # buildkit", "empty_layer": True} for _, text in places[0]]
        history.append({"created_by": f"RUN |1 TOKEN={places[0][0][1]} /bin/sh -c make # buildkit"})
        layout, tar = Layout(folder), tar_of(files)
        config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]}, "history": history,
                  "config": {"Cmd": ["x"], "Env": [f"V{number}={text}" for number, (_, text) in enumerate(places[1])],
                             "Labels": {f"l{number}": text for number, (_, text) in enumerate(places[2])}}}
        layout.add_packed_image("latest", [(tar, gzip.compress(tar), "gzip")], config=layout.add_blob(json.dumps(config).encode(), CONFIG))
        self.layout, self.layer = folder, digest_of(gzip.compress(tar))

    def check_unseen(self, told, where):
        """Of no run of random characters eight in a row are there: its first, its last, and those between."""
        told = told if isinstance(told, bytes) else told.encode()
        for run in self.runs:
            middle = len(run) // 2 - 4
            for part in {run[:8], run[middle:middle + 8], run[-8:]}:
                assert part.encode() not in told, f"{where} shows {part!r} of {run!r}: ...{told[max(0, told.index(part.encode()) - 200):][:300]}"


@pytest.fixture
def everything(tmp_path):
    return Everything(tmp_path / "everything")


def test_forms_of_all_kinds():
    assert len(forms()) > 300


def test_commands_show_none(scan, assay, alpine_data, everything, tmp_path):
    (tmp_path / "page.html").write_text(TEMPLATE)
    target, counted = f"oci:{everything.layout}", set()
    for name in FORMATS:
        options = ["--template", tmp_path / "page.html"] if name == "template" else []
        done = scan("--format", name, *options, target)
        everything.check_unseen(done.stdout + done.stderr, name)
        if name == "json":
            counted = {one["id"] for one in json.loads(done.stdout)["findings"] if one["kind"] == "secret" and one["location"].startswith("srv/")}
    # It would show nothing of what it did not find.
    assert len(counted) > 0.9 * len(everything.rules), set(everything.rules) - counted
    for verb, *options in (["shed"], ["shed", "--format", "json"], ["explain", "private-key"], ["explain", "environment-secret"],
                           ["explain", "github-pat", "--format", "json"]):
        words = [*options[1:], target, options[0]] if verb == "explain" else [*options, target]
        done = assay(verb, "--data", alpine_data, "--offline", *words)
        everything.check_unseen(done.stdout + done.stderr, verb)
    for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("*"):
        if path.is_file():
            everything.check_unseen(path.read_bytes(), path)


def answers(server, program, digest):
    """(route, the answer) of all that is asked with GET; contents of the registry are what was pushed."""
    known = {"name": "team/app", "digest": digest, "namespace": "team", "repository": "team/app"}
    lines = subprocess.run([program.parents[2] / "tests/unit/server/print-routes"], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in lines.splitlines():
        method, route, _ = line.split("\t")
        names = re.findall("<([a-z]+)>", route)
        if method != "GET" or not set(names) <= set(known) or re.search("/blobs/<|/manifests/<", route):
            continue
        path = re.sub("<([a-z]+)>", lambda name: known[name[1]], route)
        for query in ("", "?limit=1000", "?repository=team/app", "?format=spdx", "?format=sarif", "?since=2000-01-01T00:00:00Z"):
            yield route + query, server.request("GET", path + query).content


def test_a_server_keeps_none(server, program, push, everything):
    if not (program.parents[2] / "tests/unit/server/print-routes").exists():
        pytest.skip("the tool print-routes was not built")
    digest = push(server, everything.layout, "latest", "team/app")
    assert server.wait_for_scan("team/app", digest)["state"] == "done"
    asked = {}
    for route, answer in answers(server, program, digest):
        everything.check_unseen(answer, route)
        asked[route] = len(answer)
    assert asked["/api/v1/images/<digest>/findings?limit=1000"] > 100000, asked
    findings = server.get_json(f"/api/v1/images/{digest}/findings?limit=1000")["findings"]
    assert {one["command"].split(" ")[0] for one in findings if one["location"].startswith("srv/")} == {"RUN"}
    everything.check_unseen(server.log_text(), "the log")
    time.sleep(1)  # what is written after the answer
    server.stop()
    searched = 0
    for path in (server.folder / "data").rglob("*"):
        if path.is_file() and "blobs" not in path.parts:
            everything.check_unseen(path.read_bytes(), path)
            searched += 1
    assert searched > 2
