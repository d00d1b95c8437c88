"""Counts of findings follow the advisories: replaced under a running server, and while none runs."""
import json
import re
import subprocess
import time

import images

# (secdb, the findings that the image has by it)
NOTHING = ({**images.ALPINE_SECDB, "packages": images.ALPINE_SECDB["packages"][2:]}, 0)
SOME = ({**images.ALPINE_SECDB, "packages": images.ALPINE_SECDB["packages"][:1]}, 2)
ALL = (images.ALPINE_SECDB, 3)


def import_advisories(assay, server, secdb):
    path = server.folder / "secdb.json"
    path.write_text(json.dumps(secdb))
    assay("db", "import", "--data", server.data, "--type", "alpine-secdb", path)


def counted(server, digest):
    return sum(server.wait_for_scan("team/alpine", digest)["findings"].values())


def wait_for_count(server, digest, expected):
    deadline = time.monotonic() + 60
    while counted(server, digest) != expected:
        assert time.monotonic() < deadline, f"{counted(server, digest)} findings are counted, not {expected}"
        time.sleep(0.1)


def test_counts_follow(assay, start_server, tmp_path):
    server, layout = start_server(), images.alpine_layout(tmp_path / "alpine")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}",
                    f"docker://{server.address}/team/alpine:v1"], check=True)
    digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    assert counted(server, digest) == 0
    for secdb, expected in (SOME, ALL):
        import_advisories(assay, server, secdb)
        wait_for_count(server, digest, expected)
        assert server.get_json(f"/api/v1/images/{digest}/findings")["total"] == expected
    for stop in (server.stop, server.kill):
        for secdb, expected in (NOTHING, SOME):
            stop()
            import_advisories(assay, server, secdb)
            server.start()
            wait_for_count(server, digest, expected)
    # What is counted by the live advisories already is left in peace.
    server.stop()
    server.start()
    time.sleep(0.5)
    assert re.search(r"^assay_rematches_total 0$", server.request("GET", "/metrics").text, re.MULTILINE)
