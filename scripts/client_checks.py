"""What registry clients do with `assay serve`: crane, regctl and oras (built by Go from their modules), skopeo (Debian's).

scripts/conformance runs them and puts the table into docs/conformance.md; check_clients() takes any folder that holds the three
programs. Each function below whose name begins with a client's is a check, and its docstring is its row."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/integration"))
import images  # noqa: E402
import requests  # noqa: E402
from oci_layout import INDEX, digest_of, reachable  # noqa: E402

MODULES = {"crane": "github.com/google/go-containerregistry/cmd/crane@v0.22.1",
           "regctl": "github.com/regclient/regclient/cmd/regctl@v0.11.7",
           "oras": "oras.land/oras/cmd/oras@v1.3.6"}


def build_clients(folder):
    """Builds the three into a folder; {name: version}."""
    for module in MODULES.values():
        built = subprocess.run(["go", "install", module], env={**os.environ, "GOBIN": str(folder)}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        if built.returncode:
            sys.exit(f"conformance: {module} cannot be built:\n{built.stdout}")
    skopeo = subprocess.run(["skopeo", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
    return {**{name: module.rsplit("@v", 1)[1] for name, module in MODULES.items()}, "skopeo": skopeo}


class Site:
    """A server at an address, the clients in a folder, and images to push; `name` is a repository that no other check uses."""

    def __init__(self, address, clients, folder, name):
        self.address, self.clients, self.folder, self.name = address, Path(clients), Path(folder), name
        self.folder.mkdir()
        self.repository = f"{address}/{name}"
        self.image = images.tiny_layout(self.folder / "image", "v1")
        self.index = images.index_layout(self.folder / "index", "v1")

    def run(self, program, *arguments, fails=False):
        """Standard output; of a command that must fail, what it said of it."""
        path = self.clients / program
        home = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "DOCKER_CONFIG": str(self.folder)}
        result = subprocess.run([str(path if path.exists() else shutil.which(program)), *map(str, arguments)], cwd=self.folder,
                                env={**os.environ, **home}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=300)
        assert (result.returncode != 0) == fails, f"{program} {arguments}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result.stderr + result.stdout if fails else result.stdout

    def crane(self, *arguments, **options):
        return self.run("crane", "--insecure", *arguments, **options)

    def regctl(self, *arguments, **options):
        return self.run("regctl", "--host", f"reg={self.address},tls=disabled", *arguments, **options)

    def oras(self, *arguments, **options):
        return self.run("oras", *arguments, "--plain-http", **options)

    def skopeo(self, action, *arguments, **options):
        tls = ["--src-tls-verify=false", "--dest-tls-verify=false"] if action in ("copy", "sync") else ["--tls-verify=false"]
        return self.run("skopeo", "--insecure-policy", action, *tls, *arguments, **options)

    def push(self, layout, tag, name=None):
        """By skopeo, which all checks rely on; the digest."""
        target = f"docker://{self.address}/{name or self.name}:{tag}"
        self.skopeo("copy", "--quiet", "--all", f"oci:{layout}:v1", target)
        return self.skopeo("inspect", "--raw", target), digest_of(self.skopeo("inspect", "--raw", target).encode())

    def request(self, method, path, **options):
        return requests.request(method, f"http://{self.address}/v2/{self.name}/{path}", timeout=60, **options)

    def children(self, tag):
        return [one["digest"] for one in json.loads(self.skopeo("inspect", "--raw", f"docker://{self.repository}:{tag}"))["manifests"]]


def whole(folder, tag="v1"):
    """The digests that a layout's tag reaches, each of which is compared with its bytes."""
    return set(reachable(folder, tag))


# --- crane ---

def crane_push_and_pull(site):
    """push of a layout, pull as a layout and as a tarball, validate, digest, export"""
    site.crane("push", site.image, f"{site.repository}:v1")
    site.crane("validate", "--remote", f"{site.repository}:v1")
    site.crane("pull", "--format", "oci", f"{site.repository}:v1", site.folder / "back")
    assert whole(site.folder / "back", None) == whole(site.image)
    site.crane("pull", f"{site.repository}:v1", site.folder / "image.tar")
    assert site.crane("digest", f"{site.repository}:v1").strip() in whole(site.image)
    site.crane("export", f"{site.repository}:v1", site.folder / "root.tar")
    assert (site.folder / "root.tar").stat().st_size > 300_000


def crane_lists(site):
    """ls, catalog, manifest, config, blob"""
    raw, _ = site.push(site.image, "v1")
    assert site.crane("ls", site.repository).split() == ["v1"]
    assert site.name in site.crane("catalog", site.address).split()
    assert site.crane("manifest", f"{site.repository}:v1") == raw
    assert json.loads(site.crane("config", f"{site.repository}:v1"))["architecture"] == "amd64"
    assert '"rootfs"' in site.crane("blob", f"{site.repository}@{json.loads(raw)['config']['digest']}")


def crane_copy(site):
    """copy of an index to another repository (mounts), tag, copy of all tags"""
    _, digest = site.push(site.index, "v1")
    site.crane("tag", f"{site.repository}:v1", "v2")
    site.crane("copy", f"{site.repository}:v1", f"{site.repository}/copy:v1")
    assert site.crane("digest", f"{site.repository}/copy:v1").strip() == digest
    site.crane("copy", "--all-tags", site.repository, f"{site.repository}/all")
    assert site.crane("ls", f"{site.repository}/all").split() == ["v1", "v2"]
    site.crane("validate", "--remote", f"{site.repository}/all:v2")


def crane_index(site):
    """index filter to one platform and to none (`"manifests": null`), index append, index list"""
    site.push(site.index, "v1")
    site.crane("index", "filter", f"{site.repository}:v1", "--platform", "linux/arm64", "-t", f"{site.repository}:arm")
    assert len(json.loads(site.crane("manifest", f"{site.repository}:arm"))["manifests"]) == 1
    site.crane("index", "filter", f"{site.repository}:v1", "--platform", "linux/none", "-t", f"{site.repository}:none")
    assert not json.loads(site.crane("manifest", f"{site.repository}:none"))["manifests"]
    site.crane("index", "append", f"{site.repository}:none", "-m", f"{site.repository}:arm", "-t", f"{site.repository}:more")
    site.crane("validate", "--remote", f"{site.repository}:arm")


def crane_changes(site):
    """append a layer, mutate, flatten, rebase"""
    site.push(site.image, "v1")
    (site.folder / "more.tar").write_bytes(images.tar_of({"more": "more"}))
    site.crane("append", "-b", f"{site.repository}:v1", "-f", site.folder / "more.tar", "-t", f"{site.repository}:more")
    site.crane("mutate", f"{site.repository}:more", "--label", "a=b", "-t", f"{site.repository}:label")
    site.crane("flatten", f"{site.repository}:label", "-t", f"{site.repository}:flat")
    site.crane("rebase", f"{site.repository}:more", "--old_base", f"{site.repository}:v1", "--new_base", f"{site.repository}:flat",
               "-t", f"{site.repository}:other")
    for tag in ("more", "label", "flat", "other"):
        site.crane("validate", "--remote", f"{site.repository}:{tag}")
    assert json.loads(site.crane("config", f"{site.repository}:flat"))["config"]["Labels"] == {"a": "b"}


def crane_delete(site):
    """delete by digest; of a member of an index refused, once, with who needs it"""
    _, digest = site.push(site.index, "v1")
    member = site.children("v1")[0]
    said = site.crane("delete", f"{site.repository}@{member}", fails=True)
    assert "DENIED" in said and said.count(f"manifest {member} is needed") == 1 and digest in said, said
    for one in (digest, member):
        site.crane("delete", f"{site.repository}@{one}")
    assert site.crane("ls", site.repository).split() == []


# --- regctl ---

def regctl_copy(site):
    """image copy from a layout, to a layout, between repositories with all platforms and referrers; export, import"""
    site.regctl("image", "copy", f"ocidir://{site.index}:v1", f"{site.repository}:v1")
    site.regctl("image", "copy", f"{site.repository}:v1", f"ocidir://{site.folder}/back:v1")
    assert whole(site.folder / "back") == whole(site.index)
    site.regctl("image", "copy", "--referrers", "--digest-tags", f"{site.repository}:v1", f"{site.repository}/copy:v1")
    site.regctl("image", "export", f"{site.repository}:v1", site.folder / "export.tar")
    site.regctl("image", "import", f"{site.repository}/import:v1", site.folder / "export.tar")
    assert site.regctl("image", "digest", f"{site.repository}/import:v1") == site.regctl("image", "digest", f"{site.repository}:v1")


def regctl_lists(site):
    """tag ls, repo ls, manifest get and head, image inspect, get-file, blob get, put and delete"""
    raw, digest = site.push(site.image, "v1")
    assert site.regctl("tag", "ls", site.repository).split() == ["v1"]
    assert site.name in site.regctl("repo", "ls", site.address).split()
    assert site.regctl("manifest", "get", "--format", "raw-body", f"{site.repository}:v1") == raw
    assert site.regctl("manifest", "head", f"{site.repository}:v1").strip() == digest
    assert "amd64" in site.regctl("image", "inspect", f"{site.repository}:v1")
    assert "bookworm" in site.regctl("image", "get-file", f"{site.repository}:v1", "etc/os-release")
    site.regctl("blob", "get", site.repository, json.loads(raw)["config"]["digest"])
    said = site.regctl("blob", "delete", site.repository, json.loads(raw)["config"]["digest"], fails=True)
    assert digest in said and "409" in said


def regctl_index(site):
    """index create, add, delete; image mod"""
    site.push(site.index, "v1")
    site.regctl("index", "create", f"{site.repository}:made", "--ref", f"{site.repository}:v1", "--platform", "linux/amd64")
    site.regctl("index", "add", f"{site.repository}:made", "--ref", f"{site.repository}:v1", "--platform", "linux/arm64")
    site.regctl("index", "delete", f"{site.repository}:made", "--platform", "linux/amd64")
    site.regctl("image", "mod", f"{site.repository}:v1", "--create", f"{site.repository}:changed", "--label", "a=b")
    site.regctl("image", "copy", f"{site.repository}:changed", f"ocidir://{site.folder}/changed:v1")
    assert len(whole(site.folder / "changed")) == len(whole(site.index))


def regctl_artifacts(site):
    """artifact put with a subject, artifact list by the referrers API, artifact get, tree"""
    _, digest = site.push(site.image, "v1")
    (site.folder / "sbom.json").write_text("{}")
    site.regctl("artifact", "put", "--artifact-type", "application/spdx+json", "--subject", f"{site.repository}:v1", "-f",
                site.folder / "sbom.json")
    listed = json.loads(site.regctl("artifact", "list", f"{site.repository}:v1", "--format", "body"))
    assert [one["artifactType"] for one in listed["manifests"]] == ["application/spdx+json"]
    assert site.regctl("artifact", "get", "--subject", f"{site.repository}:v1", "--filter-artifact-type", "application/spdx+json") == "{}"
    # No referrers tag is left where the API is there.
    assert site.regctl("tag", "ls", site.repository).split() == ["v1"]
    assert digest[7:] not in site.regctl("tag", "ls", site.repository)


def regctl_delete(site):
    """tag delete, manifest delete"""
    _, digest = site.push(site.image, "v1")
    site.push(site.image, "v2")
    site.regctl("tag", "delete", f"{site.repository}:v1")
    assert site.regctl("tag", "ls", site.repository).split() == ["v2"]
    site.regctl("manifest", "delete", f"{site.repository}@{digest}")
    assert site.regctl("tag", "ls", site.repository).split() == []


# --- oras ---

def oras_push_and_pull(site):
    """push of files, pull, cp, tag, repo tags and ls, resolve"""
    (site.folder / "a.txt").write_text("a")
    site.oras("push", f"{site.repository}:v1,v2", "--artifact-type", "application/x-own", "a.txt:text/plain")
    site.oras("pull", f"{site.repository}:v1", "--output", site.folder / "back")
    assert (site.folder / "back/a.txt").read_text() == "a"
    site.oras("tag", f"{site.repository}:v1", "v3")
    assert site.oras("repo", "tags", site.repository).split() == ["v1", "v2", "v3"]
    assert site.name.rsplit("/", 1)[1] in site.oras("repo", "ls", f"{site.address}/{site.name.rsplit('/', 1)[0]}/").split()
    site.run("oras", "cp", "--from-plain-http", "--to-plain-http", f"{site.repository}:v1", f"{site.repository}/copy:v1")
    assert site.oras("resolve", f"{site.repository}/copy:v1") == site.oras("resolve", f"{site.repository}:v1")


def oras_referrers(site):
    """attach, discover by the referrers API, recursive cp with what is attached, backup and restore"""
    _, digest = site.push(site.index, "v1")
    (site.folder / "sbom.json").write_text("{}")
    site.oras("attach", "--artifact-type", "application/spdx+json", f"{site.repository}:v1", "sbom.json:application/spdx+json")
    found = json.loads(site.oras("discover", "--format", "json", f"{site.repository}:v1"))
    assert found["digest"] == digest and [one["artifactType"] for one in found["referrers"]] == ["application/spdx+json"]
    site.run("oras", "cp", "-r", "--from-plain-http", "--to-plain-http", f"{site.repository}:v1", f"{site.repository}/copy:v1")
    assert len(json.loads(site.oras("discover", "--format", "json", f"{site.repository}/copy:v1"))["referrers"]) == 1
    site.oras("backup", "--include-referrers", "--output", site.folder / "backup", f"{site.repository}:v1")
    site.oras("restore", "--input", site.folder / "backup", f"{site.repository}/restored:v1")
    assert len(json.loads(site.oras("discover", "--format", "json", f"{site.repository}/restored:v1"))["referrers"]) == 1


def oras_manifests(site):
    """manifest fetch, index create and update; blob push, fetch and delete"""
    _, digest = site.push(site.index, "v1")
    member = site.children("v1")[0]
    site.oras("manifest", "index", "create", f"{site.repository}:made", f"{site.repository}@{member}")
    assert json.loads(site.oras("manifest", "fetch", f"{site.repository}:made"))["manifests"][0]["digest"] == member
    (site.folder / "blob").write_text("blob")
    blob = digest_of(b"blob")
    site.oras("blob", "push", f"{site.repository}@{blob}", site.folder / "blob")
    assert site.oras("blob", "fetch", "--output", "-", f"{site.repository}@{blob}") == "blob"
    site.oras("blob", "delete", "--force", f"{site.repository}@{blob}")


def oras_delete(site):
    """manifest delete; of a member of an index refused, once, with who needs it"""
    _, digest = site.push(site.index, "v1")
    member = site.children("v1")[0]
    said = site.oras("manifest", "delete", "--force", f"{site.repository}@{member}", fails=True)
    assert said.count(f"manifest {member} is needed") == 1 and digest in said, said
    site.oras("manifest", "delete", "--force", f"{site.repository}@{digest}")
    site.oras("manifest", "delete", "--force", f"{site.repository}@{member}")


# --- skopeo ---

def skopeo_copy(site):
    """copy --all of an index in OCI's and Docker's format, gzip and zstd, there and back"""
    for tag, options in (("v1", ["--all"]), ("zstd", ["--all", "--dest-compress-format", "zstd"]), ("docker", ["--all", "--format", "v2s2"])):
        site.skopeo("copy", *options, f"oci:{site.index}:v1", f"docker://{site.repository}:{tag}")
        site.skopeo("copy", "--all", f"docker://{site.repository}:{tag}", f"dir:{site.folder}/{tag}")
    site.skopeo("copy", "--all", f"docker://{site.repository}:v1", f"oci:{site.folder}/back:v1")
    assert whole(site.folder / "back") == whole(site.index)
    assert json.loads(site.skopeo("list-tags", f"docker://{site.repository}"))["Tags"] == ["docker", "v1", "zstd"]


def skopeo_sync(site):
    """sync of a repository to a folder, and of the folder to another repository"""
    for tag in ("v1", "v2"):
        site.push(site.index, tag)
    site.skopeo("sync", "--all", "--src", "docker", "--dest", "dir", site.repository, site.folder / "synced")
    site.skopeo("sync", "--all", "--src", "dir", "--dest", "docker", site.folder / "synced", f"{site.address}/{site.name}-synced")
    repository = f"docker://{site.address}/{site.name}-synced/{site.name.rsplit('/', 1)[1]}"
    assert json.loads(site.skopeo("list-tags", repository))["Tags"] == ["v1", "v2"]
    assert site.skopeo("inspect", "--raw", f"{repository}:v2") == site.skopeo("inspect", "--raw", f"docker://{site.repository}:v2")


def skopeo_index_only(site):
    """copy --multi-arch index-only, a sparse index: refused by the rule's name"""
    said = site.skopeo("copy", "--multi-arch", "index-only", f"oci:{site.index}:v1", f"docker://{site.repository}:v1", fails=True)
    assert "sparse_indexes" in said, said
    assert site.request("HEAD", "manifests/v1", headers={"Accept": INDEX}).status_code == 404


def skopeo_delete(site):
    """delete of an index, then of its members"""
    site.push(site.index, "v1")
    members = site.children("v1")
    site.skopeo("delete", f"docker://{site.repository}@{members[0]}", fails=True)
    site.skopeo("delete", f"docker://{site.repository}:v1")
    for member in members:
        site.skopeo("delete", f"docker://{site.repository}@{member}")


CHECKS = [value for name, value in list(globals().items())
          if callable(value) and name.startswith(("crane_", "regctl_", "oras_", "skopeo_"))]


def check_clients(address, clients, folder):
    """[(client, what, "passed" or "failed")]; what failed is told on standard error."""
    rows = []
    for check in CHECKS:
        client, what = check.__name__.split("_", 1)
        try:
            check(Site(address, clients, Path(folder) / check.__name__, f"clients/{client}-{what.replace('_', '-')}"))
            result = "passed"
        except (AssertionError, subprocess.TimeoutExpired, LookupError, OSError, ValueError) as problem:
            result = "failed"
            print(f"{check.__name__}: {type(problem).__name__}: {problem}", file=sys.stderr)
        rows.append((client, check.__doc__, result))
    return rows
