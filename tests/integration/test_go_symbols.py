"""Advisories that name functions of Go: real programs with and without them, beside Go's own govulncheck where it is installed."""
import io
import itertools
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

import images
from oci_layout import Layout

GO = shutil.which("go")
GOVULNCHECK = shutil.which("govulncheck") or str(Path.home() / "go/bin/govulncheck")
MODULE = "example.org/dep"
SOURCES = {
    "dep.go": """package dep

// Small is compiled into its callers.
func Small(a int) int { return a*3 + 1 }

//go:noinline
func Big(a int) int { return a * a }

//go:noinline
func Unused(a int) int { return a - 1 }

type Tree struct{ left *Tree }

//go:noinline
func (t *Tree) Cut() *Tree { return t.left }

//go:noinline
func (t Tree) Closure() func() int { return func() int { return 7 } }

type List[T any] struct{ all []T }

//go:noinline
func (l *List[T]) Push(one T) { l.all = append(l.all, one) }
""",
    "sub/sub.go": """package sub

//go:noinline
func Read() int { return 3 }
""",
}
USES = {
    "nothing": "dep.Big(2)",
    "inlined": "dep.Small(len(os.Args)) + dep.Big(3)",
    "method": "(&dep.Tree{}).Cut(), dep.Big(1)",
    "closure": "dep.Tree{}.Closure()(), dep.Big(1)",
    "generic": "func() int { l := &dep.List[int]{}; l.Push(1); return 1 }(), dep.Big(1)",
    "package": "sub.Read(), dep.Big(1)",
}
# The advisory: what is named; and the programs that have it.
NAMED = {
    "GO-2020-0001": ([{"path": MODULE, "symbols": ["Unused"]}], set()),
    "GO-2020-0002": ([{"path": MODULE, "symbols": ["Small", "Unused"]}], {"inlined"}),
    "GO-2020-0003": ([{"path": MODULE, "symbols": ["Tree.Cut"]}], {"method"}),
    "GO-2020-0004": ([{"path": MODULE, "symbols": ["Tree.Closure"]}], {"closure"}),
    "GO-2020-0005": ([{"path": MODULE, "symbols": ["List.Push"]}], {"generic"}),
    "GO-2020-0006": ([{"path": f"{MODULE}/sub"}], {"package"}),
    "GO-2020-0007": ([{"path": MODULE, "symbols": ["Big"]}], set(USES)),
    "GO-2020-0008": ([{"path": MODULE, "symbols": ["Big"], "goos": ["windows"]}], set()),
    "GO-2020-0009": ([], set(USES)),
}
HIDDEN_BY_GHSA = "GO-2020-0001"  # GitHub says so of the module: Go's own database is more exact
BUILDS = {"plain": (), "trimmed": ("-trimpath",), "stripped": ("-trimpath", "-ldflags", "-s -w"), "pie": ("-buildmode=pie",),
          "external": ("-ldflags", "-linkmode=external -s -w")}


def record(name, imports):
    affected = {"package": {"ecosystem": "Go", "name": MODULE}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}
    if imports:
        affected["ecosystem_specific"] = {"imports": imports}
    return {"schema_version": "1.3.1", "id": name, "aliases": [name.replace("GO", "CVE")], "modified": "2024-01-01T00:00:00Z",
            "published": "2024-01-01T00:00:00Z", "summary": "wrong", "details": "wrong", "affected": [affected]}


@pytest.fixture(scope="module")
def advisories(tmp_path_factory):
    folder = tmp_path_factory.mktemp("advisories")
    for name, (imports, _) in NAMED.items():
        (folder / f"{name}.json").write_text(json.dumps(record(name, imports)))
    ghsa = {**record(HIDDEN_BY_GHSA, []), "id": "GHSA-aaaa-bbbb-cccc"}
    (folder / "GHSA-aaaa-bbbb-cccc.json").write_text(json.dumps(ghsa))
    return folder


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """build(use, *flags, **environment): a program."""
    if GO is None:
        pytest.skip("there is no Go here")
    folder = tmp_path_factory.mktemp("go")
    at = folder / "proxy" / MODULE / "@v"
    at.mkdir(parents=True)
    text = f"module {MODULE}\n\ngo 1.18\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in {"go.mod": text, **SOURCES}.items():
            archive.writestr(f"{MODULE}@v1.2.3/{name}", content)
    (at / "v1.2.3.zip").write_bytes(packed.getvalue())
    (at / "v1.2.3.mod").write_text(text)
    (at / "v1.2.3.info").write_text(json.dumps({"Version": "v1.2.3"}))
    # The cache of builds is the user's: it knows by content, and the standard library is built once for all tests.
    settings = {**os.environ, "GOPROXY": f"file://{folder}/proxy", "GONOSUMDB": "*", "GOFLAGS": "-mod=mod -modcacherw",
                "GOPATH": f"{folder}/path", "GOTOOLCHAIN": "local", "GOSUMDB": "off"}

    def run(use, *flags, name="program", **environment):
        source = folder / use
        source.mkdir(exist_ok=True)
        imports = "".join(f"\t\"{path}\"\n" for path, word in ((MODULE, "dep."), (f"{MODULE}/sub", "sub."), ("os", "os.")) if word in USES[use])
        (source / "main.go").write_text(f"package main\n\nimport (\n{imports}\t\"fmt\"\n)\n\nfunc main() {{ fmt.Println({USES[use]}) }}\n")
        (source / "go.mod").write_text(f"module example.org/tool\n\ngo 1.18\n\nrequire {MODULE} v1.2.3\n")
        program = source / name
        subprocess.run([GO, "build", "-o", str(program), *flags, "."], cwd=source, check=True, env={**settings, **environment})
        return program
    return run


@pytest.fixture
def report(assay, advisories, tmp_path):
    """report(files): of an image with these."""
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", "osv", advisories)

    count = itertools.count()

    def scan(files):
        layout = Layout(tmp_path / f"image{next(count)}")
        layout.add_image("latest", [{**images.alpine_files(), **files}])
        return json.loads(assay("scan", "--data", tmp_path / "data", "--format", "json", f"oci:{layout.folder}:latest", check=None).stdout)
    return scan


def found_in(report):
    return {each["id"].replace("CVE", "GO") for each in report["findings"] if each["package"] == MODULE}


def expected_of(use):
    return {name for name, (_, uses) in NAMED.items() if use in uses}


@pytest.mark.parametrize("use", USES)
def test_what_is_linked(use, build, report):
    for kind, flags in BUILDS.items() if use in ("inlined", "generic") else [("stripped", BUILDS["stripped"])]:
        found = report({"usr/bin/tool": build(use, *flags, CGO_ENABLED="1").read_bytes()})
        assert found_in(found) == expected_of(use), kind
        ruled_out = {each["id"].replace("CVE", "GO"): each["reason"] for each in found["not_affected"]}
        assert set(ruled_out) == set(NAMED) - expected_of(use)
        assert all(reason.startswith("not linked: ") for reason in ruled_out.values())
        assert f"{MODULE}.Unused" in ruled_out["GO-2020-0001"]
        evidence = {each["id"]: each.get("symbols") for each in found["findings"]}
        assert evidence["CVE-2020-0007"] == [f"{MODULE}.Big"] and evidence["CVE-2020-0009"] is None
        assert any(f"{len(ruled_out)} vulnerabilities are in functions of Go" in note for note in found["notes"])


def test_other_systems(build, report):
    found = report({"a.exe": build("method", "-ldflags", "-s -w", name="a.exe", GOOS="windows").read_bytes()})
    assert found_in(found) == expected_of("method") | {"GO-2020-0008"}
    found = report({"usr/bin/a": build("inlined", name="apple", GOOS="darwin", GOARCH="arm64").read_bytes()})
    assert found_in(found) == expected_of("inlined")


def test_several_programs(build, report):
    """One package at several places: what one of them has is there. One that does not tell leaves all open."""
    both = {"usr/bin/a": build("method").read_bytes(), "usr/bin/b": build("generic").read_bytes()}
    found = report(both)
    assert found_in(found) == expected_of("method") | expected_of("generic")
    assert {tuple(each["places"]) for each in found["findings"]} == {("usr/bin/b",)}
    changed = build("method").read_bytes().replace(b"runtime.main\0", b"runtime.mein\0")
    assert found_in(report({"usr/bin/a": changed})) == set(NAMED)
    assert found_in(report({**both, "usr/bin/c": changed})) == set(NAMED)


def test_explained(build, report, assay, tmp_path):
    report({"usr/bin/tool": build("method").read_bytes()})
    target = f"oci:{tmp_path}/image0:latest"
    linked = assay("explain", "--data", tmp_path / "data", target, "CVE-2020-0003", check=None).stdout
    assert f"linked: {MODULE}.Tree.Cut" in linked
    unlinked = assay("explain", "--data", tmp_path / "data", target, "CVE-2020-0005", check=None).stdout
    assert "answer: not-affected" in unlinked and "not-linked" in unlinked and f"{MODULE}.List.Push" in unlinked


@pytest.mark.skipif(not os.access(GOVULNCHECK, os.X_OK), reason="govulncheck is not installed")
@pytest.mark.parametrize("use", USES)
def test_as_govulncheck(use, build, report, advisories, tmp_path):
    """What it finds at the level of symbols in a program that is not stripped; of stripped ones it knows modules alone."""
    database = tmp_path / "db"
    (database / "ID").mkdir(parents=True)
    (database / "index").mkdir()
    for name in NAMED:
        shutil.copy(advisories / f"{name}.json", database / "ID")
    stamp = "2024-01-01T00:00:00Z"
    (database / "index/modules.json").write_text(json.dumps([{"path": MODULE, "vulns": [{"id": name, "modified": stamp} for name in NAMED]}]))
    (database / "index/db.json").write_text(json.dumps({"modified": stamp}))
    program = build(use, name="whole")
    text = subprocess.run([GOVULNCHECK, "-mode=binary", f"-db=file://{database}", "-format=json", program], capture_output=True,
                          check=True, text=True).stdout
    found, decoder = set(), json.JSONDecoder()
    while text.strip():
        value, end = decoder.raw_decode(text.lstrip())
        text = text.lstrip()[end:]
        if "finding" in value and "function" in value["finding"]["trace"][0]:
            found.add(value["finding"]["osv"])
    # It does not know methods of generic types by their names.
    missed = {"GO-2020-0005"} if use == "generic" else set()
    assert found.isdisjoint(missed) and found | missed == found_in(report({"usr/bin/tool": program.read_bytes()}))
