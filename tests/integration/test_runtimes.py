"""Programs that no package manager lists, in images and in folders: what is found of them, who looks after them, and when that is
over."""
import json

import pytest

from oci_layout import Layout

REPOSITORY = {"jquery": {"extractors": {}, "vulnerabilities": [
    {"atOrAbove": "1.12.0", "below": "3.5.0", "severity": "medium", "identifiers": {"summary": "XSS", "CVE": ["CVE-2020-11022"]}}]}}
FILES = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
    "usr/local/bin/node": "\0node.js/v16.20.2\0",
    "usr/bin/python3.9": "\0" + "3.9.1\0",
    "var/lib/dpkg/status": "Package: python3.9-minimal\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.9.1-1\n"
                           "Maintainer: Debian Python Team <team@debian.org>\n",
    "var/lib/dpkg/info/python3.9-minimal.list": "/.\n/usr/bin/python3.9\n/usr/share/doc/python3.9-minimal\n",
    "srv/www/jquery.js": "/*! jQuery v1.12.4 */",
    "srv/node_modules/other/dist/jquery.js": "/*! jQuery v1.12.5 */",
}


@pytest.fixture
def targets(tmp_path):
    layout, root = Layout(tmp_path / "layout"), tmp_path / "root"
    layout.add_image("latest", [FILES])
    for path, content in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return [f"oci:{layout.folder}:latest", f"rootfs:{root}"]


def test_programs(assay, targets, tmp_path):
    data = tmp_path / "data"
    (tmp_path / "jsrepository.json").write_text(json.dumps(REPOSITORY))
    assay("db", "import", "--data", data, "--type", "retirejs", tmp_path / "jsrepository.json")
    for target in targets:
        report = json.loads(assay("scan", "--data", data, "--format", "json", target, check=None).stdout)
        assert {(each["id"], each["installed_version"], each["location"]) for each in report["findings"]} == {
            ("CVE-2020-11022", "1.12.4", "srv/www/jquery.js")}
        over = [note for note in report["notes"] if "end of life" in note]
        # Python 3.9 is over as well, but this one is Debian's.
        assert len(over) == 1 and over[0].startswith("node 16.20.2 reached its end of life on 2023-09-11"), over
        assert report["ended_programs"] == [{"package": "node", "version": "16.20.2", "location": report["ended_programs"][0]["location"],
                                             "product": "nodejs", "release": "16", "end": "2023-09-11"}]
        assert not any("generic" in gap for gap in report["incomplete"])
        for action, code in (("block", 1), ("warn", 0), ("allow", 0)):
            (tmp_path / "policy.yaml").write_text(f"policies: [{{name: p, namespaces: ['**'], end_of_life: allow, ended_programs: {action}}}]\n")
            judged = assay("scan", "--data", data, "--policy", tmp_path / "policy.yaml", "--format", "json", target, check=None)
            verdict = json.loads(judged.stdout)["verdict"]
            said = [verdict.get("message") or "", *verdict["warnings"]]
            assert (judged.returncode, any("node 16.20.2 reached" in line for line in said)) == (code, action != "allow"), (action, verdict)
