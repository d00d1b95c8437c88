"""Files of applications that were made to do harm: each is bounded, and what was not read is said. A package beside them is found."""
import io
import json
import struct
import time
import zipfile

import pytest

from oci_layout import Layout

MIB = 1 << 20
# Of a build with sanitizers, on a machine that does other things as well.
SECONDS_MOST = 300
BESIDE = {"srv/node_modules/beside/package.json": '{"name": "beside", "version": "1.0.0"}'}


def jar(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def nested(depth):
    content = jar({"META-INF/maven/g/a/pom.properties": "groupId=g\nartifactId=a\nversion=1\n"})
    for _ in range(depth):
        content = jar({"b.jar": content})
    return content


def bomb():
    """Archives of zeros in an archive, of 3 GiB in all."""
    zeros = jar({"z.jar": bytes(100 * MIB)})
    return jar({f"{number}.jar": zeros for number in range(30)})


def elf(sections=0, segments=0, size=0, where=64):
    """The head of an ELF that says it has tables; each row of them is of @size bytes at 2^63 and more."""
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, where, where, 0, 64, 56, segments,
                                                                64, sections, max(sections, 1) - 1)
    return head + struct.pack("<IIQQQQIIQQ", 1, 2, size, size, 1 << 63, size, sections, 0, 1, 24) * 4000


def npm_lock(count):
    rows = ",".join(f'"node_modules/p{number}":{{"version":"1.0.{number}"}}' for number in range(count))
    return f'{{"lockfileVersion":3,"packages":{{"":{{}},{rows}}}}}'


def dependencies(count):
    rows = ",".join(f'"d{number}":"^1.0.0"' for number in range(count))
    return f'{{"name":"wide","version":"1.0.0","dependencies":{{{rows}}}}}'


def lines(text, count):
    return "".join(text.format(number) for number in range(count))


WHEEL = "Metadata-Version: 2.1\nName: wide\nVersion: 1.0.0\n\n"
STORE = "srv/app/node_modules/.pnpm"
PROGRAM = '''system("touch /tmp/it-ran")
Gem::Specification.new do |s|
  s.name = [112, 119].pack("c*")
  s.version = `echo 1.0.0`
  loop { s.files += Dir["/**/*"] }
end
'''

# Name: the files; what is said of them, in a sentence of the report or the kind of a note; and the packages that are found.
CASES = {
    "an archive nested 100 deep": (lambda: {"app/a.jar": nested(100)}, "app/a.jar", set()),
    "a bomb of archives": (lambda: {"app/a.jar": bomb()}, "app/a.jar", set()),
    "a store that leads around": (
        lambda: {f"{STORE}/a@1.0.0/node_modules/a/package.json": '{"name": "a", "version": "1.0.0"}',
                 f"{STORE}/a@1.0.0/node_modules/b": ("link", "../../b@1.0.0/node_modules/b"),
                 f"{STORE}/b@1.0.0/node_modules/b/package.json": '{"name": "b", "version": "1.0.0"}',
                 f"{STORE}/b@1.0.0/node_modules/a": ("link", "../../a@1.0.0/node_modules/a"),
                 f"{STORE}/b@1.0.0/node_modules/b/node_modules": ("link", ".."),
                 "srv/app/node_modules/a": ("link", ".pnpm/a@1.0.0/node_modules/a"),
                 "srv/app/node_modules/self": ("link", "self")}, None, {"a 1.0.0", "b 1.0.0"}),
    "a script of 200 MB in one line": (
        lambda: {"srv/www/jquery.min.js": b"/*! jQuery v3.7.1 */" + b"x=1;" * (50 * MIB)}, None, {"jquery 3.7.1"}),
    "a program with absurd sections": (lambda: {"usr/bin/a": elf(sections=0xffff, size=1 << 62)}, None, set()),
    "a program with absurd segments": (lambda: {"usr/bin/a": elf(segments=0xffff, size=(1 << 64) - 1)}, None, set()),
    "a program whose tables are nowhere": (lambda: {"usr/bin/a": elf(9, 9, 1 << 40, where=(1 << 64) - 8)}, None, set()),
    "a million dependencies": (lambda: {"srv/node_modules/wide/package.json": dependencies(10 ** 6)}, "srv/node_modules/wide/package.json", set()),
    "a lock file with a million rows": (lambda: {"app/package-lock.json": npm_lock(10 ** 6)}, "app/package-lock.json", set()),
    "a lock file of lines with a million rows": (lambda: {"app/requirements.txt": lines("p{0}==1.0.{0}\n", 10 ** 6)}, "app/requirements.txt", None),
    "sums of a million modules": (lambda: {"app/go.sum": lines("a.b/m{0} v1.0.0 h1:x=\n", 10 ** 6)}, "app/go.sum", None),
    "a list of files with a million rows": (
        lambda: {"opt/wide-1.0.0.dist-info/METADATA": WHEEL, "opt/wide-1.0.0.dist-info/RECORD": lines("wide/{0}.py,sha256=x,1\n", 10 ** 6)},
        None, {"wide 1.0.0"}),
    "a description that is 60 MB": (lambda: {"opt/wide-1.0.0.dist-info/METADATA": WHEEL + "x" * (60 * MIB)}, "METADATA", set()),
    "a gemspec that is a program": (lambda: {"usr/lib/ruby/gems/3.1.0/specifications/pw-1.0.0.gemspec": PROGRAM}, None, set()),
}


def advisory(folder):
    folder.mkdir()
    (folder / "1.json").write_text(json.dumps(
        {"id": "GHSA-0000-0000-0001", "modified": "2024-01-01T00:00:00Z",
         "affected": [{"package": {"ecosystem": "npm", "name": "beside"}, "versions": ["1.0.0"]}]}))
    return folder


@pytest.mark.parametrize("name", CASES)
def test_bounds(name, assay, tmp_path):
    files, said, found = CASES[name]
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", "osv", advisory(tmp_path / "records"))
    layout = Layout(tmp_path / "image")
    layout.add_image("latest", [{**BESIDE, **files()}], compression=None)
    start = time.monotonic()
    result = assay("scan", "--data", tmp_path / "data", "--list-packages", "--format", "json",
                   f"oci:{layout.folder}:latest", check=None)
    assert time.monotonic() - start < SECONDS_MOST
    report = json.loads(result.stdout)
    packages = {f"{each['name']} {each['version']}" for each in report["package_list"]}
    assert "beside 1.0.0" in packages and len(packages) <= 75000
    assert found is None or packages == {*found, "beside 1.0.0"}
    assert said is None or said in json.dumps([report["incomplete"], report["notes"]])


def scan(assay, tmp_path, layers):
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", "osv", advisory(tmp_path / "records"))
    layout = Layout(tmp_path / "image")
    layout.add_image("latest", layers, compression=None)
    return json.loads(assay("scan", "--data", tmp_path / "data", "--list-packages", "--format", "json", f"oci:{layout.folder}:latest").stdout)


def test_room_for_others(assay, tmp_path):
    """A file of a million rows leaves room for what comes after it, and many of them for what is installed; what is left out is said."""
    wide = {f"app{number}/requirements.txt": lines(f"n{number}p{{0}}==1.0.{{0}}\n", 10 ** 6 if number == 0 else 20000) for number in range(2)}
    report = scan(assay, tmp_path, [{**wide, "z/Cargo.lock": '[[package]]\nname = "late"\nversion = "1.0.0"\n'}])
    packages = {(each["name"], each["location"]) for each in report["package_list"]}
    assert ("late", "z/Cargo.lock") in packages and ("n1p19999", "app1/requirements.txt") in packages
    assert "app0/requirements.txt" in json.dumps(report["incomplete"]) and "app1" not in json.dumps(report["incomplete"])


def test_room_for_what_is_installed(assay, tmp_path):
    wide = {f"app{number}/requirements.txt": lines(f"n{number}p{{0}}==1.0.{{0}}\n", 25000) for number in range(4)}
    report = scan(assay, tmp_path, [{**wide, **BESIDE, "y/pylock.toml": '[[packages]]\nname = "later"\nversion = "1.0.0"\n'}])
    assert {each["name"] for each in report["package_list"]} == {"beside"}
    assert "could not be read whole" in json.dumps(report["incomplete"])
    assert "only declared" in json.dumps(report["notes"])


def test_many_links(assay, tmp_path):
    """A hundred thousand links to a lock file of another name, and one to the other."""
    links = {f"a/{number}/package-lock.json": ("link", "../../lock.txt") for number in range(50000)}
    chain = {f"b/{number}/yarn.lock": ("link", f"../{number + 1}/yarn.lock") for number in range(50000)}
    start = time.monotonic()
    report = scan(assay, tmp_path, [{**links, **chain, "lock.txt": npm_lock(3), **BESIDE}])
    assert time.monotonic() - start < SECONDS_MOST
    assert {each["name"] for each in report["package_list"]} == {"p0", "p1", "p2", "beside"}
