"""A provider of CSAF documents, as Red Hat publishes: an archive of all, and what has changed since."""
import io
import json
import tarfile

import pytest

from suite_mirror import Mirror


def document(cve, version):
    part = f"curl-{version}.x86_64"
    return json.dumps({
        "document": {"category": "csaf_vex", "csaf_version": "2.0", "tracking": {"id": cve, "status": "final"}},
        "product_tree": {
            "branches": [{"product": {"product_id": "os", "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9"}}},
                         {"product": {"product_id": part, "name": part}}],
            "relationships": [{"product_reference": part, "relates_to_product_reference": "os", "full_product_name": {"product_id": "both"}}]},
        "vulnerabilities": [{"cve": cve, "product_status": {"fixed": ["both"]}}]}).encode()


def packed(documents):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in documents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def rows(**times):
    return "".join(f'"2024/{name}.json","{time}"\n' for name, time in times.items()).encode()


@pytest.fixture
def mirror(tmp_path):
    made = Mirror(tmp_path / "mirror", "amd64")
    yield made
    made.stop()


@pytest.fixture
def db(assay, tmp_path):
    config = tmp_path / "assay.yaml"
    config.write_text(f"data: {tmp_path / 'data'}\nfeeds:\n  - {{name: none, type: kev, url: 'http://127.0.0.1:1/', disabled: true}}\n")
    return lambda command, *arguments, **options: assay("db", command, "--config", config, *arguments, **options)


def statements(db):
    return json.loads(db("status", "--format", "json").stdout)["feeds"][0]["statements"]


def test_a_provider(db, mirror):
    one, two, three = (document(f"CVE-2024-{number}", f"{number}-1") for number in (1, 2, 3))
    mirror.write("vex/archive_latest.txt", b"csaf_vex_2024-06-10.tar.gz\n")
    mirror.write("vex/csaf_vex_2024-06-10.tar.gz", packed({"2024/one.json": one, "2024/two.json": two, "2024/two.txt": b"{"}))
    mirror.write("vex/changes.csv", rows(two="2024-06-01T00:00:00+00:00", one="2024-05-01T00:00:00Z"))
    db("import", "--type", "csaf", "--name", "rh", "--url", f"{mirror.url}/vex/")
    assert statements(db) == 2
    assert not [path for path in mirror.asked if path.endswith(".json")], "what the archive has is not fetched one by one"
    assert "1 unchanged" in db("update").stdout

    # One that is new, one that changed (to nothing), and one that was taken back.
    mirror.write("vex/2024/three.json", three)
    mirror.write("vex/2024/one.json", document("no number", "1-1"))
    mirror.write("vex/changes.csv", rows(three="2024-06-12T10:00:00+00:00", one="2024-06-11T10:00:00+00:00",
                                         evil="2024-06-12T10:00:00Z").replace(b"2024/evil", b"../evil"))
    mirror.write("vex/deletions.csv", rows(two="2024-06-11T10:00:00+00:00"))
    mirror.asked.clear()
    db("update")
    assert statements(db) == 1
    assert [path for path in mirror.asked if "evil" in path] == []
    mirror.asked.clear()
    assert "1 unchanged" in db("update").stdout
    assert not [path for path in mirror.asked if path.endswith(".json")], "what is as new as the list says is not asked for"

    # A newer archive takes the place of all.
    mirror.write("vex/archive_latest.txt", b"csaf_vex_2024-07-10.tar.gz")
    mirror.write("vex/csaf_vex_2024-07-10.tar.gz", packed({"2024/one.json": one, "2024/two.json": two, "2024/three.json": three}))
    db("update")
    assert statements(db) == 3, "a deletion before the archive's day was made good by it"


def test_an_archive_and_a_folder(db, mirror, tmp_path):
    documents = {f"x/{number}.json": document(f"CVE-2024-{number}", "1-1") for number in range(3)}
    (tmp_path / "all.tar.gz").write_bytes(packed(documents))
    db("import", "--type", "csaf", "--name", "a", tmp_path / "all.tar.gz")
    assert statements(db) == 3
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.json").write_bytes(documents["x/1.json"])
    db("import", "--type", "csaf", "--name", "a", tmp_path / "folder")
    assert statements(db) == 1
    assert "changes.csv" in db("import", "--type", "csaf", "--name", "b", "--url", f"{mirror.url}/nothing/", check=2).stderr
    (tmp_path / "none.tar.gz").write_bytes(packed({"a.txt": b"x"}))
    assert "no CSAF document" in db("import", "--type", "csaf", "--name", "c", tmp_path / "none.tar.gz", check=2).stderr
