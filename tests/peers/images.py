"""Images of real packages, each made by the package managers themselves of what their public registries have.

A maker fills the root of an image. What it needs is named, so that a machine without it leaves that image out."""
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/integration")]
import debian_image  # noqa: E402
from oci_layout import Layout  # noqa: E402

NODE = {"express": "4.17.1", "lodash": "4.17.15", "axios": "0.21.0", "next": "13.4.0", "react-scripts": "5.0.1", "jest": "29.0.0",
        "webpack": "5.70.0", "mongoose": "5.9.0", "socket.io": "2.3.0", "minimist": "1.2.0", "node-fetch": "2.6.0", "moment": "2.29.1",
        "eslint": "8.0.0", "mocha": "9.0.0", "serverless": "3.0.0", "pm2": "5.0.0", "vue": "2.6.0", "npm": "8.0.0"}
PYTHON = ("django==4.2.1", "flask==2.2.0", "requests==2.25.0", "jinja2==3.0.0", "setuptools==65.0.0", "numpy", "cryptography", "pillow",
          "celery", "sqlalchemy", "pyyaml", "aiohttp", "scrapy", "ansible-core", "boto3", "pip", "wheel")
RUST = ("uv", "ruff")  # whose wheels are one program that was built with the list of its crates
JAVA = ("org.springframework.boot:spring-boot-starter-web:2.6.0", "org.springframework.boot:spring-boot-starter-data-jpa:2.6.0",
        "org.springframework.boot:spring-boot-starter-security:2.6.0", "org.apache.logging.log4j:log4j-core:2.14.1",
        "org.apache.hadoop:hadoop-client:3.3.1", "org.apache.spark:spark-sql_2.12:3.2.0", "org.apache.camel:camel-core:3.14.0",
        "org.apache.cxf:cxf-rt-frontend-jaxws:3.4.0", "com.amazonaws:aws-java-sdk-s3:1.12.100", "org.elasticsearch:elasticsearch:7.16.0",
        "org.apache.struts:struts2-core:2.5.10", "com.nimbusds:nimbus-jose-jwt:9.10", "io.quarkus:quarkus-resteasy:2.5.0.Final",
        "org.apache.poi:poi-ooxml:4.1.0", "org.bouncycastle:bcprov-jdk15on:1.60", "io.grpc:grpc-all:1.40.0")
GO = ("golang.org/x/net v0.17.0", "golang.org/x/crypto v0.14.0", "golang.org/x/text v0.13.0", "gopkg.in/yaml.v3 v3.0.0",
      "github.com/gorilla/websocket v1.4.0", "github.com/dgrijalva/jwt-go v3.2.0+incompatible")
GO_IMPORTS = ("golang.org/x/net/html", "golang.org/x/crypto/ssh", "golang.org/x/text/language", "gopkg.in/yaml.v3",
              "github.com/gorilla/websocket", "github.com/dgrijalva/jwt-go")
GO_PROGRAMS = 50
GO_STRIPPED = ["-ldflags=-s -w"]
GO_WAYS = ([], GO_STRIPPED, ["-trimpath"], ["-trimpath", "-ldflags=-X main.version=v1.4.2"], ["-ldflags=-X main.version=2.3.1"])


def run(*words, **options):
    subprocess.run([*map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)


def node(root, files):
    """An application with some 1,900 packages below it."""
    folder = root / "srv/shop"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": "shop", "version": "1.2.3", "dependencies": NODE}))
    run("npm", "install", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", cwd=folder)
    shutil.copy(shutil.which("node"), bin_of(root) / "node")


def python(root, files, packages=PYTHON):
    run("python3", "-m", "pip", "install", "--no-compile", "--only-binary", ":all:", "--target", root / "usr/local/lib/python3.11/site-packages",
        *packages)


def rust(root, files):
    python(root, files, RUST)


def jars(root, files):
    """What Maven Central has of some larger projects, as archives beside each other."""
    pom, folder = files / "pom.xml", root / "opt/app/lib"
    named = "".join(f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
                    for group, artifact, version in (one.split(":") for one in JAVA))
    pom.write_text("<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>shop</artifactId>"
                   f"<version>1.0</version><dependencies>{named}</dependencies></project>")
    run("mvn", "-q", "-B", "-f", pom, "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy-dependencies", f"-DoutputDirectory={folder}")


def nested(root, files):
    """400 of the same archives inside a web application inside an enterprise one: the smallest, for an archive of more than 256 MiB in
    another one is told and not read."""
    jars(files / "plain", files)
    inner, outer = files / "shop.war", root / "opt/app/shop.ear"
    outer.parent.mkdir(parents=True)
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted((files / "plain/opt/app/lib").iterdir(), key=lambda path: path.stat().st_size)[:400]:
            archive.write(path, f"WEB-INF/lib/{path.name}")
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(inner, "shop.war")


def bin_of(root):
    folder = root / "usr/local/bin"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def go_sources(files):
    """Programs with one to six modules."""
    (files / "go.mod").write_text("module example.com/tools\n\ngo 1.21\n\nrequire (\n" + "".join(f"\t{one}\n" for one in GO) + ")\n")
    for number in range(GO_PROGRAMS):
        folder = files / f"tool{number}"
        folder.mkdir()
        chosen = [GO_IMPORTS[(number + step) % len(GO_IMPORTS)] for step in range(1 + number % len(GO_IMPORTS))]
        (folder / "main.go").write_text("package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n" + "".join(f"\t_ \"{name}\"\n" for name in chosen) +
                                        ")\n\nvar version = \"none\"\n\nfunc main() { fmt.Println(os.Args, version) }\n")
    run("go", "mod", "tidy", cwd=files)


def go(root, files):
    """As go builds them, stripped, trimmed, and with a version by the linker."""
    go_sources(files)
    for number in range(GO_PROGRAMS):
        run("go", "build", "-buildvcs=false", *GO_WAYS[number % len(GO_WAYS)], "-o", bin_of(root) / f"tool{number}", f"./tool{number}", cwd=files)


def unstripped(name, folder):
    """A folder with the stripped programs of the image of that name, built another time in the same place and not stripped; None where it has
    none."""
    made, files = folder / name / "unstripped", folder / name / "files"
    if name != "go":
        return None
    if not made.is_dir():
        shutil.rmtree(files, ignore_errors=True)
        files.mkdir()
        go_sources(files)
        for number in range(GO_PROGRAMS):
            if GO_WAYS[number % len(GO_WAYS)] == GO_STRIPPED:
                run("go", "build", "-buildvcs=false", "-o", files / f"programs/tool{number}", f"./tool{number}", cwd=files)
        (files / "programs").rename(made)
        shutil.rmtree(files)
    return made


def debian(root, files, *packages):
    """A Debian with these packages, as its package manager installs them."""
    suite, mirrors = "bookworm", debian_image.mirrors()
    run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", suite, files / "root.tar",
        f"deb {mirrors[0]} {suite} main")
    run("tar", "-xf", files / "root.tar", "-C", root, "--exclude=./dev/*")


def debian_applications(root, files):
    """Packages of languages that the distribution brings."""
    debian(root, files, "python3-django", "python3-requests", "ruby-rack", "ruby-nokogiri", "composer", "node-express", "libcommons-io-java",
           "liblog4j2-java", "libwww-perl", "golang-docker-credential-helpers", "ripgrep")


def debian_servers(root, files):
    debian(root, files, "nginx", "redis-server", "postgresql", "mariadb-server", "haproxy", "memcached", "php-cli", "openssl", "busybox", "curl")


def mixed(root, files):
    """The distribution's Python beside packages of pip, and npm's beside Debian's."""
    debian(root, files, "python3-yaml", "python3-jinja2", "nodejs", "npm")
    python(root, files, ("pyyaml", "jinja2==3.0.0", "requests"))


def sources(root, files):
    """A source tree with lock files and nothing installed."""
    folder = root / "shop"
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "shop", "version": "1.2.3", "dependencies": {"express": "4.17.1", "axios": "0.21.0"}}))
    run("npm", "install", "--package-lock-only", "--ignore-scripts", cwd=folder)
    (folder / "go.mod").write_text("module example.com/tools\n\ngo 1.21\n\nrequire (\n" + "".join(f"\t{one}\n" for one in GO[:3]) + ")\n")
    (folder / "requirements.txt").write_text("django==4.2.1\nflask==2.2.0\nrequests>=2.25  # a range\n")
    crate = folder / "crate"
    crate.mkdir()
    (crate / "Cargo.toml").write_text('[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nserde = "1.0.100"\n'
                                      'time = "0.1.40"\nregex = "1.4.0"\n')
    (crate / "src").mkdir()
    (crate / "src/main.rs").write_text("fn main() {}\n")
    run("cargo", "generate-lockfile", cwd=crate)


# name: (maker, programs that it needs)
IMAGES = {"node": (node, ("npm", "node")), "python": (python, ("python3",)), "rust": (rust, ("python3",)), "jars": (jars, ("mvn",)),
          "nested": (nested, ("mvn",)), "go": (go, ("go",)), "debian-applications": (debian_applications, ("mmdebstrap",)),
          "debian-servers": (debian_servers, ("mmdebstrap",)), "mixed": (mixed, ("mmdebstrap", "python3")), "sources": (sources, ("npm", "cargo"))}


def pack(root, layout):
    """One layer of what is below root, in a layout with the tag "image"."""
    done = subprocess.run(["tar", "--sort=name", "--numeric-owner", "--format=pax", "--pax-option=delete=atime,delete=ctime", "-C", str(root),
                           "-cf", "-", "."], check=True, stdout=subprocess.PIPE).stdout
    packed = subprocess.run(["gzip", "-6"], input=done, check=True, stdout=subprocess.PIPE).stdout
    Layout(layout).add_packed_image("image", [(done, packed, "gzip")])


def unpacked(target):
    """(path, mode, what reads it) of each regular file of a target that is one layer, one after the other; none of another target."""
    kind, _, rest = target.partition(":")
    if kind != "oci":
        return
    layout = Path(rest.rpartition(":")[0])
    manifest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    layer = json.loads((layout / "blobs/sha256" / manifest.split(":")[1]).read_text())["layers"][0]["digest"]
    with tarfile.open(layout / "blobs/sha256" / layer.split(":")[1]) as archive:
        for member in archive:
            if member.isreg():
                yield member.name.removeprefix("./"), member.mode, archive.extractfile(member).read


def make(name, folder):
    """The target of the image of that name, which is made below folder where it is not there yet; None where a program is missing."""
    maker, needs = IMAGES[name]
    missing = [one for one in needs if shutil.which(one) is None]
    if missing:
        return None
    root, files, layout = folder / name / "root", folder / name / "files", folder / name / "layout"
    if not (folder / name / "made").is_file():
        shutil.rmtree(folder / name, ignore_errors=True)
        root.mkdir(parents=True)
        files.mkdir()
        maker(root, files)
        shutil.rmtree(files, ignore_errors=True)
        if name != "sources":
            pack(root, layout)
            shutil.rmtree(root)
        (folder / name / "made").touch()
    return f"rootfs:{root}" if name == "sources" else f"oci:{layout}:image"
