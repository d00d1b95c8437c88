#!/usr/bin/python3
"""Scans packages of Debian, taken at random, as one image: what is found in them is a false alarm, unless it is known.

usage: run.py [--program ASSAY] [--folder FOLDER] [--megabytes N] [--seed N]

The packages come from the archive that the machine's apt uses, by a seed, until N MB are installed; those of FIRST, whose
settings Assay judges, come first. They are unpacked by dpkg-deb, with dpkg's database written beside them, since their
scripts are not run. Each secret, malicious file and replaced program is listed, and each kind of weak setting with its
places. The exit code is 1 where there are more secrets than SECRETS_MOST, any other finding that KNOWN does not name, or a
file that was not scanned; 77 where apt has no packages."""
import argparse
import collections
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]
from assay_server import find_program  # noqa: E402

FIRST = ("base-files", "base-passwd", "passwd", "login", "sudo", "openssh-server", "apache2", "nginx-core", "redis-server", "mariadb-server",
         "postgresql-15", "memcached", "tomcat10", "php8.2-fpm", "cron", "libpam-runtime", "docker.io", "samba", "exim4-base", "wordpress",
         "phpmyadmin", "nmap", "john", "hydra", "yara", "clamav", "sqlmap", "python3-django", "rails", "node-express", "golang-go", "git",
         "ansible", "awscli", "python3-botocore", "python3-cryptography-vectors", "ettercap-common", "maildrop")
SECRETS_MOST = 5
# What is true of files, by (pattern of what is told, reason).
KNOWN_GAPS = ((r"malware unscanned: .*/testdata/.*", "archives that are made to break who unpacks them"),)
# Findings that are true, as (rule, pattern of the place, reason).
KNOWN = (
    ("attack-tool", r"usr/bin/(hydra|pw-inspector)", "they are what the rule is for"),
    ("tools-left-in", r"var/lib/dpkg/status", "nmap and others like it are there"),
    ("sudo-no-password", r"etc/sudoers\.d/.*", "a service's user may run its wrapper so"),
    ("engine-socket", r"usr/share/docker\.io/contrib/.*", "a script of the engine's own"),
    ("apache-.*", r"etc/apache2/.*", "Apache as it is unpacked: the package's script enables conf-available/security.conf"),
)


def chosen(megabytes, seed):
    """[(name, MB)]"""
    text = subprocess.run(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, text=True, check=True).stdout
    sizes = {}
    for entry in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Installed-Size|Architecture): (.*)$", entry, re.MULTILINE))
        if "Package" in fields and "Installed-Size" in fields:
            sizes.setdefault(fields["Package"], int(fields["Installed-Size"]) / 1024)
    names = sorted(sizes)
    random.Random(seed).shuffle(names)
    picked, total = [], 0
    for name in [*FIRST, *names]:
        size = sizes.get(name)
        # Symbols for debugging and kernels are one kind of file each, and large.
        if size is None or total + size > megabytes or name.endswith(("-dbg", "-dbgsym")) or name.startswith("linux-image"):
            continue
        picked.append(name)
        total += size
    return list(dict.fromkeys(picked)), total


def download(names, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(0, len(names), 50):
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *names[at:at + 50]], cwd=folder, check=False)
    return sorted(folder.glob("*.deb"))


class Root:
    """A system of packages that were unpacked, not set up."""

    def __init__(self, folder):
        self.folder, self.owned, self.status = folder, set(), []
        self.info = folder / "var/lib/dpkg/info"
        for link in ("bin", "sbin", "lib", "lib64"):
            (folder / "usr" / link).mkdir(parents=True)
            (folder / link).symlink_to(f"usr/{link}")
        self.info.mkdir(parents=True)

    def add(self, package):
        """Not where it has a file that another has, for these would exclude each other."""
        listed = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE, check=False)
        names = subprocess.run(["tar", "-t"], input=listed.stdout, stdout=subprocess.PIPE, check=False).stdout.decode(errors="replace")
        paths = ["/" + name.removeprefix("./").rstrip("/") for name in names.splitlines()]
        files = {re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path) for path, name in zip(paths, names.splitlines()) if not name.endswith("/")}
        if not files or files & self.owned:
            return False
        if subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", str(self.folder)], input=listed.stdout, check=False).returncode:
            return False
        self.owned |= files
        control = subprocess.run(["dpkg-deb", "-f", str(package)], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        fields = dict(re.findall(r"^(Package|Architecture|Multi-Arch): (.*)$", control, re.MULTILINE))
        name = fields["Package"] + (f":{fields['Architecture']}" if fields.get("Multi-Arch") == "same" else "")
        scratch = self.folder.parent / "control"
        shutil.rmtree(scratch, ignore_errors=True)
        subprocess.run(["dpkg-deb", "-e", str(package), str(scratch)], check=True)
        for member in ("md5sums", "conffiles"):
            if (scratch / member).is_file():
                shutil.copy(scratch / member, self.info / f"{name}.{member}")
        (self.info / f"{name}.list").write_text("\n".join(path if path != "/" else "/." for path in paths) + "\n")
        self.status.append(control.replace("\n", "\nStatus: install ok installed\n", 1))
        return True

    def finish(self):
        (self.folder / "var/lib/dpkg/status").write_text("\n\n".join(self.status) + "\n")
        (self.folder / "etc").mkdir(exist_ok=True)
        passwd, group = self.folder / "usr/share/base-passwd/passwd.master", self.folder / "usr/share/base-passwd/group.master"
        for source, name in ((passwd, "passwd"), (group, "group")):
            if source.is_file():
                shutil.copy(source, self.folder / "etc" / name)


def reason_of(finding):
    for rule, place, reason in KNOWN:
        if re.fullmatch(rule, finding["id"]) and re.fullmatch(place, finding["location"]):
            return reason
    return None


def scan(program, root, folder):
    empty = folder / "tracker.json"
    empty.write_text('{"none": {"CVE-2000-0001": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}}}')
    subprocess.run([program, "db", "import", "-d", str(folder / "data"), "-t", "debian-tracker", str(empty)], check=True, stdout=subprocess.DEVNULL)
    output = subprocess.run([program, "scan", "--db", str(folder / "data/advisories.db"), "--offline", "--no-cache", "--quiet", "--format", "json",
                             f"rootfs:{root}"], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=None)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    program = options.program or find_program()
    names, _ = chosen(options.megabytes, options.seed)
    packages = download(names, options.folder / f"packages-{options.seed}")
    if not packages:
        print("apt has no packages here")
        sys.exit(77)
    shutil.rmtree(options.folder / "root", ignore_errors=True)
    root = Root(options.folder / "root")
    added = sum(root.add(package) for package in packages)
    root.finish()
    report = scan(program, root.folder, options.folder)
    (options.folder / "report.json").write_text(json.dumps(report, indent=1))
    findings = [one for one in report["findings"] if one["kind"] != "vulnerability"]
    unexplained = [one for one in findings if reason_of(one) is None]
    counts = collections.Counter(one["kind"] for one in findings)
    size = subprocess.run(["du", "-sm", str(root.folder)], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]
    print(f"{added} packages, {size} MB: " + ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts)))
    for one in unexplained:
        print(f"  {one['kind']} {one['id']} {one['location']}:{one.get('line', 0)}: {one.get('evidence')}")
    gaps = [gap for gap in report["incomplete"] if not any(re.fullmatch(pattern, gap) for pattern, _ in KNOWN_GAPS)]
    for gap in gaps:
        print(f"  not known: {gap}")
    wrong = [one for one in unexplained if one["kind"] != "secret"]
    sys.exit(1 if wrong or gaps or counts["secret"] > SECRETS_MOST else 0)


if __name__ == "__main__":
    main()
