"""Names of images are read as nodes read them. The judge is skopeo, in which distribution/reference is what it is in kubelets: by way of a proxy it shows
what it asks for, and of which registry."""
import http.server
import json
import os
import random
import re
import subprocess
import threading

import pytest

from reviews import ask, pod_spec, review, thing

HOSTS = ["", "quay.io/", "Quay.IO/", "docker.io/", "index.docker.io/", "a.b-c.d:5000/", "R.example.org:80/", "h_i.example/", "a..b/", "a.b./", "-a.b/", "a-.b/",
         "example/", "a.b:/", "a.b:x/", "x.y:5000/z.w:1/", "a.b//"]
PATHS = ["nginx", "library/nginx", "a/b/c", "a_b", "a__b", "a___b", "a.b", "a..b", "a-b", "a--b", "a-", "_a", "A", "a/", "/a", "", "a b", "0", "é", "v1", "a" * 64,
         "0" * 64, "a/" + "0" * 64, "n" * 200, "n" * 300]
TAGS = ["", ":1", ":latest", ":V1.2_3-x", ":", ":.a", ":-a", ":_a", ":a:b", ":" + "t" * 128, ":" + "t" * 129, ":é"]
DIGESTS = ["", "", "@sha256:" + "0a" * 32, "@sha256:" + "0A" * 32, "@sha256:" + "0" * 63, "@sha512:" + "1b" * 64, "@md5:" + "0" * 32, "@", "@sha256:"]
COUNT = int(os.environ.get("ASSAY_NAMES", "60"))


def generated():
    """Most by chance, and each part once beside ordinary others."""
    chance = random.Random(1)
    plain = [host + "team/app:1" for host in HOSTS] + [f"quay.io/{path}:1" for path in PATHS] + PATHS + [f"quay.io/a{tag}" for tag in TAGS]
    plain += [f"quay.io/a{tag}{digest}" for tag in ("", ":1") for digest in DIGESTS]
    mixed = ["".join(chance.choice(part) for part in (HOSTS, PATHS, TAGS, DIGESTS)) for _ in range(COUNT)]
    return list(dict.fromkeys(plain + mixed))


class Proxy:
    """Answers 404 to everything, and remembers which manifests were asked for."""

    def __init__(self):
        self.asked = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_GET(self):
                proxy.asked.append(self.path)
                body = b"{}"
                self.send_response(200 if self.path.rstrip("/").endswith("/v2") else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_CONNECT(self):
                self.send_error(502)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def judge(tmp_path):
    """judge(name): (registry, repository, tag or digest) that is asked for, or None where it is no name."""
    proxy = Proxy()
    environment = {**os.environ, "HTTP_PROXY": proxy.url, "HTTPS_PROXY": proxy.url, "NO_PROXY": "", "HOME": str(tmp_path)}
    hosts = {host.rstrip("/") for host in HOSTS} | {"docker.io"}
    (tmp_path / "registries.conf").write_text("".join(f'[[registry]]\nprefix = "{host}"\nlocation = "{host}"\ninsecure = true\n'
                                                      for host in sorted(hosts) if re.fullmatch(r"[A-Za-z.:0-9-]+", host)
                                                      and re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*(\.[A-Za-z0-9]+(-[A-Za-z0-9]+)*)+(:[0-9]+)?", host)))

    def ask_skopeo(name):
        proxy.asked.clear()
        done = subprocess.run(["skopeo", "--registries-conf", tmp_path / "registries.conf", "inspect", "--raw", "--retry-times", "0", f"docker://{name}"],
                              capture_output=True, text=True, env=environment, check=False, timeout=60)
        shown = [re.fullmatch(r"http://([^/]+)/v2/(.+)/manifests/(.+)", path) for path in proxy.asked]
        shown = [found.groups() for found in shown if found]
        assert shown or "nvalid reference" in done.stderr or "parsing" in done.stderr.lower() or "parse" in done.stderr, f"{name}: {done.stderr}"
        return shown[0] if shown else None
    yield ask_skopeo
    proxy.server.shutdown()


def test_names_are_read_as_skopeo_reads_them(start_server, judge, skopeo):
    server = start_server(config="admission:\n  elsewhere: allow\n")
    wrong, read = [], 0
    for number, name in enumerate(generated()):
        if "\x00" in name:
            continue
        answer = ask(server, review(thing("Pod", pod_spec(name), name=f"p{number}")))
        wanted = judge(name)
        # A name with a tag and a digest: skopeo refuses what kubelets take, and then it is the digest that counts.
        if wanted is None and "@" in name and ":" in name.partition("@")[0].rpartition("/")[2] and answer["allowed"]:
            untagged = name.partition("@")[0].rpartition(":")[0] + "@" + name.partition("@")[2]
            wanted = judge(untagged)
        if (wanted is not None) != answer["allowed"]:
            wrong.append((name, wanted, answer.get("status")))
            continue
        if wanted is None:
            continue
        read += 1
        image = server.get_json("/api/v1/workloads?limit=1000")["workloads"]
        image = next(one["image"] for one in image if one["name"] == f"p{number}")
        host, repository, reference = wanted
        host = {"registry-1.docker.io": "docker.io", "index.docker.io": "docker.io"}.get(host.lower(), host.lower()).removesuffix(":443")
        mark = "@" if ":" in reference else ":"
        whole = f"{host}/{repository}{mark}{reference}"
        if image not in (whole,) and not ("@" in image and re.sub(r":[^:@/]+@", "@", image) == whole):
            wrong.append((name, whole, image))
    assert not wrong, json.dumps(wrong, indent=1)
    assert read > 30, "skopeo read hardly a name"
