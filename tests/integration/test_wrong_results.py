"""Kinds of wrong results that people report of scanners of images, each with what is wrong elsewhere, what is right, and siblings. All
advisories are in one database, so that none may meet a package of another kind."""
import hashlib
import io
import json
import zipfile

import pytest

import images
from oci_layout import Layout

RELEASE = 'ID={0}\nVERSION_ID="{1}"\nPRETTY_NAME="{0} {1}"\n'
DEBIAN, ALPINE = RELEASE.format("debian", "12"), RELEASE.format("alpine", "3.19.0")


def jar(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return out.getvalue()


def coordinates(group, artifact, version):
    """What Maven writes into a jar."""
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": f"groupId={group}\nartifactId={artifact}\nversion={version}\n"}


def manifest(**attributes):
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in attributes.items())
    return {"META-INF/MANIFEST.MF": f"Manifest-Version: 1.0\r\n{lines}\r\n"}


def go_program(toolchain, *lines):
    """The header of an ELF, a segment that can be written, and the build info of Go in it."""
    def varint(number):
        return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)
    modules = b"\x30" * 16 + ("path\ta.b/c\n" + "".join(f"{line}\n" for line in lines)).encode() + b"\xf9" * 16
    info = b"\xff Go buildinf:\x08\x02".ljust(32, b"\0")
    for text in toolchain.encode(), modules:
        info += varint(len(text)) + text
    start = 128
    number = int.to_bytes
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + number(2, 2, "little") + number(62, 2, "little") + number(1, 4, "little")
    head += number(0x400000, 8, "little") + number(64, 8, "little") + number(0, 8, "little") + number(0, 4, "little")
    head += b"".join(number(value, 2, "little") for value in (64, 56, 1, 0, 0, 0))
    segment = number(1, 4, "little") + number(6, 4, "little")
    segment += b"".join(number(value, 8, "little") for value in (start, 0x400000 + start, 0, len(info), len(info), 16))
    return (head + segment).ljust(start, b"\0") + info


def dotnet(*libraries):
    """Each: "Name/1.0", type, and the assets of the target."""
    return json.dumps({"runtimeTarget": {"name": "net8"}, "targets": {"net8": {key: assets for key, _, assets in libraries}},
                       "libraries": {key: {"type": kind} for key, kind, _ in libraries}})


def npm(name, version):
    return json.dumps({"name": name, "version": version})


def npm_lock(name, version):
    return json.dumps({"lockfileVersion": 3, "packages": {"": {"name": "x"}, f"node_modules/{name}": {"version": version}}})


def gemspec(name, version):
    return f'Gem::Specification.new do |s|\n  s.name = "{name}".freeze\n  s.version = "{version}"\nend\n'


def egg(name, version):
    return f"Metadata-Version: 1.2\nName: {name}\nVersion: {version}\n\n"


COMMIT = "20220101000000-0123456789ab"
SET_BY_COMMIT = f"mod\tgithub.com/set/flags\tv2.0.0-{COMMIT}\t"

# Ecosystem, package, and its ranges as "introduced fixed".
ADVISORIES = [
    ("Maven", "org.old:inner", "0 2.15.0"), ("Maven", "org.new:outer", "0 2.14.0"),
    ("Maven", "net.minidev:json-smart", "0 1.3.3", "2.0.0 2.3.1", "2.4.0 2.4.2"),
    ("Maven", "org.springframework:spring-web", "0 6.0.0"), ("Maven", "com.google.guava:guava", "0 32.0.0"),
    ("Maven", "commons-io:commons-io", "0 2.14.0"),
    ("Maven", "org.apache.hadoop:hadoop-common", "0 3.2.4"), ("Maven", "org.apache.hadoop:hadoop", "0 3.2.4"),
    ("Maven", "org.apache.cxf:cxf", "0 3.5.5"), ("Maven", "org.apache.cxf:cxf-core", "0 3.5.5"),
    ("Maven", "org.apache.logging.log4j:log4j-core", "0 2.17.1"),
    ("Go", "github.com/some/module", "0 1.13.2"), ("Go", "github.com/some/tool", "0 1.13.2"),
    ("Go", "github.com/set/flags", "0 2.3.1"), ("Go", "stdlib", "0 1.21.8", "1.22.0-0 1.22.2"),
    ("PyPI", "pyyaml", "0 6.1"), ("npm", "owned", "0 2.0.0"),
    ("Debian:12", "zlib", "0 1:1.2.13.dfsg-2"), ("Debian:12", "openssl", "0 3.0.15-1~deb12u1"),
    ("Debian:12", "git", "0 1:2.39.5-0+deb12u1"), ("Debian:12", "curl", "0 7.88.1-10+deb12u8"), ("Alpine:v3.19", "zlib", "0 1.3.1-r0"),
    ("npm", "html2canvas", "0 2.0.0"), ("npm", "left-pad", "0 2.0.0"), ("RubyGems", "rack", "0 3.0.0"), ("Packagist", "a/b", "0 3.0.0"),
    ("npm", "pre", "1.4.4 2.0.0"), ("npm", "canary", "15.0.0-canary.0 15.0.0-canary.60"),
    ("NuGet", "System.Net.Http", "0 4.3.4"), ("NuGet", "Loaded.Native", "0 2.0.0"), ("NuGet", "Loaded.Targets", "0 2.0.0"),
    ("NuGet", "Microsoft.NETCore.App.Runtime.linux-x64", "0 8.0.1"),
]

INNER = jar(coordinates("org.old", "inner", "2.13.3"))
SMART = "net.minidev", "json-smart"


# Name: what is wrong elsewhere and what is right, the files, and what is found as "package version location".
KINDS = {
    "a copy inside an archive": (
        "An older copy in a jar is reported under the name of the jar around it. It is found as what it is, with the path inside.",
        {"app/outer-2.17.1.jar": jar({**coordinates("org.new", "outer", "2.17.1"), "BOOT-INF/lib/inner-2.13.3.jar": INNER}),
         "app/deep.ear": jar({"web.war": jar({"WEB-INF/lib/inner-2.13.3.jar": INNER})}),
         # Shaded: the classes of another, without an archive of its own.
         "app/shaded-3.0.jar": jar({**coordinates("org.new", "shaded", "3.0"), **coordinates("org.old", "inner", "2.13.3")}),
         "app/both.war": jar({"WEB-INF/lib/inner-2.15.0.jar": jar(coordinates("org.old", "inner", "2.15.0")),
                              "WEB-INF/lib/inner-2.13.3.jar": INNER})},
        {"org.old:inner 2.13.3 app/outer-2.17.1.jar:BOOT-INF/lib/inner-2.13.3.jar",
         "org.old:inner 2.13.3 app/deep.ear:web.war:WEB-INF/lib/inner-2.13.3.jar",
         "org.old:inner 2.13.3 app/shaded-3.0.jar", "org.old:inner 2.13.3 app/both.war:WEB-INF/lib/inner-2.13.3.jar"}),
    "branches that are mended apart": (
        "Three ranges of one advisory are read as one up to the highest. Each range counts by itself.",
        {"a/json-smart-1.3.3.jar": jar(coordinates(*SMART, "1.3.3")), "b/nimbus-9.0.jar": jar(coordinates(*SMART, "1.3.2")),
         "c/json-smart-2.3.1.jar": jar(coordinates(*SMART, "2.3.1")), "d/json-smart-2.4.1.jar": jar(coordinates(*SMART, "2.4.1")),
         "e/json-smart-2.4.2.jar": jar(coordinates(*SMART, "2.4.2"))},
        {"net.minidev:json-smart 1.3.2 b/nimbus-9.0.jar", "net.minidev:json-smart 2.4.1 d/json-smart-2.4.1.jar"}),
    "an artifact of another group": (
        "A jar of that name whose group is not known is taken for the one that everybody knows. It is not, unless its content shows it.",
        {"a/spring-web-0.7.5.jar": jar(manifest(Implementation_Title="spring-web", Implementation_Version="0.7.5")),
         "b/guava-1.0.jar": jar(manifest(Implementation_Title="guava")),
         "c/commons-io-1.0.jar": jar(manifest(Implementation_Title="commons-io", Implementation_Vendor_Id="org.example.tools")),
         "d/spring-web-5.0.0.jar": jar({**manifest(Implementation_Title="spring-web"), "org/springframework/web/Client.class": b"x"})},
        {"org.springframework:spring-web 5.0.0 d/spring-web-5.0.0.jar"}),
    "a name that only sounds alike": (
        "hadoop-shaded-guava is taken for Hadoop, cxf-xjc-runtime for CXF, by guessed CPEs. Only group and artifact count.",
        {"a/hadoop-shaded-guava-1.1.1.jar": jar(coordinates("org.apache.hadoop.thirdparty", "hadoop-shaded-guava", "1.1.1")),
         "b/cxf-xjc-runtime-3.0.jar": jar(coordinates("org.apache.cxf.xjcplugins", "cxf-xjc-runtime", "3.0")),
         "c/log4j-api-2.14.1.jar": jar(coordinates("org.apache.logging.log4j", "log4j-api", "2.14.1")),
         "d/log4j-core-2.14.1.jar": jar(coordinates("org.apache.logging.log4j", "log4j-core", "2.14.1"))},
        {"org.apache.logging.log4j:log4j-core 2.14.1 d/log4j-core-2.14.1.jar"}),
    "a commit without a tag": (
        "v0.0.0-DATE-COMMIT is older than every tag by its order, and so always affected. Nobody can tell: it is said, not guessed.",
        {"bin/dep": go_program("go1.23.0", f"dep\tgithub.com/some/module\tv0.0.0-{COMMIT}\th1:x="),
         "bin/main": go_program("go1.23.0", f"mod\tgithub.com/some/tool\tv0.0.0-{COMMIT}\t"),
         "bin/older": go_program("go1.23.0", "dep\tgithub.com/some/module\tv1.13.1\th1:x="),
         # After a tag, the order says something.
         "bin/before": go_program("go1.23.0", f"dep\tgithub.com/some/module\tv1.13.1-0.{COMMIT}\th1:x="),
         "bin/after": go_program("go1.23.0", f"dep\tgithub.com/some/module\tv1.13.3-0.{COMMIT}\th1:x=")},
        {"github.com/some/module v1.13.1 bin/older", f"github.com/some/module v1.13.1-0.{COMMIT} bin/before"}),
    "a version that the build set": (
        "The version that the linker was told is not looked at where the build info has a commit's. It says more than that.",
        {"bin/mended": go_program("go1.23.0", SET_BY_COMMIT, 'build\t-ldflags="-s -X main.version=2.3.1"'),
         "bin/affected": go_program("go1.23.0", SET_BY_COMMIT, "build\t-ldflags=-X=main.version=v2.3.0"),
         "bin/other": go_program("go1.23.0", f"mod\tgithub.com/set/flags\tv2.3.0-0.{COMMIT}\t", "build\t-ldflags=-X=main.goversion=9.9.9"),
         "bin/tag": go_program("go1.23.0", "mod\tgithub.com/set/flags\tv2.3.1\t", "build\t-ldflags=-X=main.version=v1.0.0")},
        {"github.com/set/flags v2.3.0 bin/affected", f"github.com/set/flags v2.3.0-0.{COMMIT} bin/other"}),
    "a toolchain with a tail": (
        "go1.22.1 X:loopvar is no version, so that nothing is found in the standard library. The tail says how it was built.",
        {"bin/loopvar": go_program("go1.22.1 X:loopvar"), "bin/later": go_program("go1.26.0-X:jsonv2"),
         "bin/vendor": go_program("go1.20.4 (Red Hat 1.20.4-1.el9)"), "bin/candidate": go_program("go1.22rc1")},
        {"stdlib 1.22.1 bin/loopvar", "stdlib 1.20.4 bin/vendor", "stdlib 1.22rc1 bin/candidate"}),
    "what the distribution owns, of dpkg": (
        "A Python package that the distribution brought, and mended, is matched by PyPI's advisories too. It is the distribution's.",
        {"etc/os-release": DEBIAN,
         "var/lib/dpkg/status": "Package: python3-yaml\nStatus: install ok installed\nMaintainer: Team <t@debian.org>\nArchitecture: amd64\n"
                                "Version: 6.0-3\n\nPackage: tool\nStatus: install ok installed\nMaintainer: NodeSource <x@nodesource.com>\n"
                                "Architecture: amd64\nVersion: 1.0-1nodesource1\n",
         "var/lib/dpkg/info/python3-yaml.list": "/.\n/usr/share/doc/python3-yaml/copyright\n/usr/lib/python3/dist-packages/PyYAML-6.0.egg-info\n",
         "var/lib/dpkg/info/tool.list": "/.\n/usr/lib/node_modules/owned/package.json\n",
         "usr/lib/python3/dist-packages/PyYAML-6.0.egg-info": egg("PyYAML", "6.0"),
         # What a third party's package brought is nobody else's to mend; what pip installed is the user's.
         "usr/lib/node_modules/owned/package.json": npm("owned", "1.0.0"),
         "usr/local/lib/python3.11/site-packages/PyYAML-5.4.dist-info/METADATA": egg("PyYAML", "5.4")},
        {"owned 1.0.0 usr/lib/node_modules/owned/package.json",
         "pyyaml 5.4 usr/local/lib/python3.11/site-packages/PyYAML-5.4.dist-info/METADATA"}),
    "what a package that is not the distribution's owns": (
        "Whatever a .deb brings into Debian's own folders is Debian's, so that nobody's advisories speak of it. Debian's have a copyright.",
        {"etc/os-release": DEBIAN,
         "var/lib/dpkg/status": "".join(
             f"Package: {name}\nStatus: install ok installed\nMaintainer: Jane Doe <jane@example.org>\nArchitecture: all\nVersion: 1.0-1\n\n"
             for name in ("python3-mine", "python3-hers", "python3-linked")),
         "var/lib/dpkg/info/python3-mine.list": "/.\n/usr/share/doc/python3-mine\n/usr/share/doc/python3-mine/changelog.gz\n"
                                                "/usr/share/doc/python3-mine-doc/copyright\n"
                                                "/usr/lib/python3/dist-packages/PyYAML-5.1.egg-info\n",
         "var/lib/dpkg/info/python3-hers.list": "/.\n/usr/share/doc/python3-hers\n/usr/share/doc/python3-hers/copyright\n"
                                                "/usr/lib/python3/dist-packages/PyYAML-5.2.egg-info\n",
         "var/lib/dpkg/info/python3-linked.list": "/.\n/usr/share/doc/python3-linked\n/usr/lib/python3/dist-packages/PyYAML-5.3.egg-info\n",
         **{f"usr/lib/python3/dist-packages/PyYAML-5.{number}.egg-info": egg("PyYAML", f"5.{number}") for number in (1, 2, 3)}},
        {"pyyaml 5.1 usr/lib/python3/dist-packages/PyYAML-5.1.egg-info"}),
    "what the distribution owns, of apk": (
        "The same, of a distribution whose packages list their files in its database.",
        {"etc/os-release": ALPINE,
         "lib/apk/db/installed": "C:Q1pSfbfP5rxHnLqEwH5u3FdgFZ3mQ=\nP:py3-yaml\nV:6.0-r3\nA:x86_64\no:py3-yaml\nm:A <a@alpinelinux.org>\n"
                                 "F:usr/lib/python3.11/site-packages/PyYAML-6.0.egg-info\nR:PKG-INFO\n\n",
         "usr/lib/python3.11/site-packages/PyYAML-6.0.egg-info/PKG-INFO": egg("PyYAML", "6.0"),
         "srv/app/node_modules/owned/package.json": npm("owned", "1.0.0")},
        {"owned 1.0.0 srv/app/node_modules/owned/package.json"}),
    "a binding with the name of its library": (
        "The gems zlib, openssl and git are taken for the programs of that name. They have versions of their own.",
        {"etc/os-release": DEBIAN, "var/lib/dpkg/status": "",
         "usr/lib/ruby/gems/3.1.0/specifications/default/zlib-1.1.0.gemspec": gemspec("zlib", "1.1.0"),
         "usr/lib/ruby/gems/3.1.0/specifications/openssl-2.0.0.gemspec": gemspec("openssl", "2.0.0"),
         "srv/node_modules/git/package.json": npm("git", "0.1.5"),
         "opt/lib/python3.11/site-packages/curl-0.0.1.dist-info/METADATA": egg("curl", "0.0.1")},
        set()),
    "lock files of other people's packages": (
        "The lock file that a package brought along is taken for the application's. Nothing of it is installed.",
        {"srv/node_modules/some/package-lock.json": npm_lock("html2canvas", "1.0.0"),
         "srv/vendor/bundle/ruby/3.1.0/gems/some-1.0/Gemfile.lock":
             "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.0.0)\n\nPLATFORMS\n  ruby\n",
         "srv/vendor/c/d/composer.lock": json.dumps({"packages": [{"name": "a/b", "version": "1.0.0"}]}),
         "opt/app/package-lock.json": npm_lock("left-pad", "1.0.0")},
        {"left-pad 1.0.0 opt/app/package-lock.json"}),
    "prereleases in ranges": (
        "By npm's rule for dependencies a prerelease is in no range that does not name one. Advisories mean the order of versions.",
        {"a/node_modules/pre/package.json": npm("pre", "1.45.1-lts.1"), "b/node_modules/pre/package.json": npm("pre", "2.0.0-rc.1"),
         "c/node_modules/pre/package.json": npm("pre", "2.0.1-rc.1"), "d/node_modules/pre/package.json": npm("pre", "1.4.4-lts.1"),
         "e/node_modules/canary/package.json": npm("canary", "15.0.0-canary.9"),
         "f/node_modules/canary/package.json": npm("canary", "15.0.0-canary.60")},
        {"pre 1.45.1-lts.1 a/node_modules/pre/package.json", "pre 2.0.0-rc.1 b/node_modules/pre/package.json",
         "canary 15.0.0-canary.9 e/node_modules/canary/package.json"}),
    "what was only compiled against": (
        "deps.json names packages of which nothing is there to be loaded. Only those with files to load count.",
        {"app/a.deps.json": dotnet(("System.Net.Http/4.1.0", "package", {"compile": {"ref/x.dll": {}}}),
                                   ("Loaded.Native/1.0.0", "package", {"native": {"runtimes/x.so": {}}}),
                                   ("Loaded.Targets/1.0.0", "package", {"runtimeTargets": {"runtimes/y.dll": {}}}),
                                   ("runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.0", "runtimepack", {"runtime": {"z.dll": {}}})),
         "app/b.deps.json": dotnet(("System.Net.Http/4.3.0", "package", {"runtime": {"lib/x.dll": {}}}))},
        {"Loaded.Native 1.0.0 app/a.deps.json", "Loaded.Targets 1.0.0 app/a.deps.json",
         "Microsoft.NETCore.App.Runtime.linux-x64 8.0.0 app/a.deps.json", "System.Net.Http 4.3.0 app/b.deps.json"}),
}
UNDECIDED = {"a commit without a tag": [f"github.com/some/module v0.0.0-{COMMIT}", f"github.com/some/tool v0.0.0-{COMMIT}"]}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    for number, (ecosystem, package, *ranges) in enumerate(ADVISORIES, 1):
        events = [[{"introduced": each.split()[0]}, {"fixed": each.split()[1]}] for each in ranges]
        (folder / f"{number}.json").write_text(json.dumps(
            {"id": f"GHSA-0000-0000-{number:04}", "aliases": [f"CVE-2024-{number:04}"], "modified": "2024-01-01T00:00:00Z",
             "summary": f"{package} is wrong", "database_specific": {"severity": "HIGH"},
             "affected": [{"package": {"ecosystem": ecosystem, "name": package},
                           "ranges": [{"type": "ECOSYSTEM", "events": each} for each in events]}]}))
    return folder


@pytest.fixture
def findings(assay, records, tmp_path):
    """findings(layers): the report of an image."""
    assay("db", "import", "--data", tmp_path / "data", "--type", "osv", "--name", "osv", records)

    def scan(*layers):
        layout = Layout(tmp_path / "image")
        layout.add_image("latest", list(layers))
        return json.loads(assay("scan", "--data", tmp_path / "data", "--list-packages", "--format", "json",
                                f"oci:{layout.folder}:latest", check=None).stdout)
    return scan


def places_of(report):
    """Each finding with each place of its package."""
    others = {(each["name"], each["version"], each["location"]): each.get("places", []) for each in report["package_list"]}
    return {f"{each['package']} {each['installed_version']} {place}" for each in report["findings"]
            for place in [each["location"], *others[each["package"], each["installed_version"], each["location"]]]}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind, findings):
    _, files, expected = KINDS[kind]
    report = findings(files)
    assert places_of(report) == expected
    undecided = " ".join(report["incomplete"])
    assert [each for each in UNDECIDED.get(kind, []) if each not in undecided] == []
    assert kind in UNDECIDED or "does not tell" not in undecided


def test_what_the_distribution_owns_of_rpm(findings):
    """The same, of rpm: the list of files is in its database."""
    name = "PyYAML-6.0.egg-info"  # the package has a file of its own name
    packages = [(name, 0, "6.0", "1.el9", name)]
    digest = hashlib.sha256(repr(packages).encode()).hexdigest()[:16]
    root = images.cached(f"rpm-{digest}", lambda work: images.rpm_database(work, packages)) / "root"
    database = (root / "var/lib/rpm/rpmdb.sqlite").read_bytes()
    report = findings({"etc/os-release": images.ALMALINUX, "var/lib/rpm/rpmdb.sqlite": database,
                       f"usr/share/test/{name}": egg("PyYAML", "6.0"), "opt/PyYAML-5.0.egg-info": egg("PyYAML", "5.0")})
    assert places_of(report) == {"pyyaml 5.0 opt/PyYAML-5.0.egg-info"}
