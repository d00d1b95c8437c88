#!/usr/bin/python3
"""Writes 300,000 synthetic records of OSV, an archive an ecosystem, as OSV publishes them.

usage: bench/osv_records.py FOLDER [--records N] [--changed]

How many records an ecosystem has, how many packages, versions, references and letters a record has is as in OSV's own
archives. The same call writes the same. --changed writes the archives of npm and Go alone, with one record in a hundred
changed and as many new, as an hour's update has them."""
import argparse
import json
import random
import zipfile
from pathlib import Path

# ecosystem: (share of the records, affected packages, listed versions, letters of the details, references, prefix, of a package)
KINDS = {
    "npm": (90, 1, 1, 600, 3, "MAL-2025-", "node-{}"), "npm-reviewed": (15, 1, 0, 1500, 5, "GHSA-", "lib-{}"),
    "PyPI": (30, 1, 66, 900, 4, "PYSEC-2024-", "py-{}"), "Maven": (14, 2, 0, 1500, 6, "GHSA-", "org.example{0}:art-{0}"),
    "Go": (14, 1.4, 0, 400, 4, "GO-2024-", "example.com/mod/{}"), "Packagist": (12, 1, 0, 1000, 4, "GHSA-", "vendor{0}/pack-{0}"),
    "NuGet": (4, 2, 30, 1000, 5, "GHSA-", "Pack.{}"), "RubyGems": (6, 1, 20, 800, 4, "GHSA-", "gem-{}"),
    "crates.io": (5, 1, 0, 700, 3, "RUSTSEC-2024-", "crate-{}"), "Hex": (1, 1, 10, 800, 3, "GHSA-", "hex_{}"),
    "Pub": (1, 1, 5, 800, 3, "GHSA-", "pub_{}"), "Bitnami": (12, 1, 0, 400, 3, "BIT-", "app-{}"), "Julia": (1, 1, 0, 400, 2, "JLSEC-", "Jl{}"),
    "Alpine:v3.20": (12, 1, 0, 300, 2, "ALPINE-CVE-2024-", "pkg-{}"), "AlmaLinux:9": (10, 11.6, 0, 660, 8, "ALSA-2024:", "rpm-{}"),
    "Rocky Linux:9": (8, 12, 0, 600, 8, "RLSA-2024:", "rpm-{}"), "Red Hat:enterprise_linux:9::baseos": (12, 14, 0, 900, 12, "RHSA-2024:", "rpm-{}"),
    "SUSE:Linux Enterprise Server 15 SP5": (12, 10, 0, 1200, 10, "SUSE-SU-2024:", "rpm-{}"), "Ubuntu:22.04:LTS": (16, 2, 12, 600, 5, "UBUNTU-CVE-2024-", "src-{}"),
    "Debian:12": (15, 2, 0, 300, 2, "DEBIAN-CVE-2024-", "src-{}"), "openEuler:24.03-LTS": (5, 8, 0, 800, 4, "OESA-2024-", "rpm-{}"),
    "Azure Linux:3": (5, 1, 0, 300, 1, "AZL-", "rpm-{}")}
CHANGED = ("npm", "Go")
PUBLISHED = "2024-{:02}-{:02}T12:00:00Z"
WORDS = [line.strip() for line in """allows remote attackers to cause a denial of service via crafted input in the parser of versions before which
does not check the length when it reads from memory an overflow can lead to code execution because requests are validated users with access
and upgrade to this patch vulnerability was found affected package has malicious install script that sends environment variables""".split()]


def ecosystem_of(kind):
    return "npm" if kind == "npm-reviewed" else kind


def name_of(kind, number):
    return KINDS[kind][6].format(number)


def version_of(kind, chosen):
    plain = f"{chosen.randrange(12)}.{chosen.randrange(40)}.{chosen.randrange(30)}"
    if kind.startswith(("AlmaLinux", "Rocky", "Red Hat", "SUSE", "openEuler", "Azure")):
        return f"0:{plain}-{chosen.randrange(1, 60)}.el9_{chosen.randrange(5)}"
    return f"{plain}-{chosen.randrange(9)}ubuntu{chosen.randrange(9)}" if kind.startswith(("Ubuntu", "Debian")) else \
        f"{plain}-r{chosen.randrange(9)}" if kind.startswith("Alpine") else plain


def affected(kind, packages, chosen):
    _, most, versions, *_ = KINDS[kind]
    for _ in range(max(1, round(chosen.expovariate(1 / most)) if most > 1 else 1)):
        one = {"package": {"ecosystem": ecosystem_of(kind), "name": name_of(kind, chosen.randrange(packages))}}
        if versions != 1:
            one["ranges"] = [{"type": "SEMVER" if kind in ("npm-reviewed", "Go", "crates.io") else "ECOSYSTEM",
                              "events": [{"introduced": "0"}, {"fixed": version_of(kind, chosen)}]}]
        if versions:
            one["versions"] = [version_of(kind, chosen) for _ in range(1 if versions == 1 else round(chosen.expovariate(1 / versions)))]
        yield one


def record(kind, number, packages, chosen):
    _, _, _, letters, references, prefix, _ = KINDS[kind]
    cve = f"CVE-2024-{chosen.randrange(1000, 90000)}"
    ident = f"{prefix}{number:04}" if prefix != "GHSA-" else "GHSA-" + "-".join(f"{chosen.randrange(36 ** 4):04x}"[-4:] for _ in range(2)) + f"-{number:04x}"
    text = " ".join(chosen.choices(WORDS, k=round(chosen.expovariate(7 / letters)) + 5))
    when = PUBLISHED.format(1 + number % 12, 1 + number % 28)
    one = {"schema_version": "1.6.0", "id": ident, "modified": when, "published": when, "summary": text[:70], "details": text,
           "affected": list(affected(kind, packages, chosen)),
           "references": [{"type": "WEB", "url": f"https://example.com/{kind.split(':')[0].replace(' ', '')}/{ident}/{step}"} for step in range(references)]}
    if kind != "npm":
        one["related" if prefix.endswith(":") else "aliases"] = [cve]
        one["severity"] = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:" + chosen.choice("NLH")}]
    return ident, one


def sizes(records):
    """(kind, how many records, of how many packages) of each."""
    shares = sum(kind[0] for kind in KINDS.values())
    for kind, (share, *_) in KINDS.items():
        count = max(1, records * share // shares)
        yield kind, count, max(1, count if kind == "npm" else count // 3)


def names(records, most):
    """About @most (ecosystem, package) in no order, of which half are not among those that records speak of."""
    chosen, found = random.Random("names"), []
    for kind, count, packages in sizes(records):
        found += [(ecosystem_of(kind), name_of(kind, chosen.randrange(2 * packages))) for _ in range(max(1, count * most // records))]
    chosen.shuffle(found)
    return found


def write(folder, records=300000, changed=False):
    """{ecosystem: path of its archive}"""
    paths = {}
    for kind, count, packages in sizes(records):
        if changed and kind not in CHANGED:
            continue
        chosen = random.Random(kind)
        paths[kind] = folder / f"{kind.replace(':', '-').replace(' ', '-')}.zip"
        with zipfile.ZipFile(paths[kind], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(count + (count // 100 if changed else 0)):
                ident, one = record(kind, number, packages, chosen)
                if changed and number % 100 == 0:
                    one["modified"], one["summary"] = "2026-01-01T00:00:00Z", "changed " + one["summary"]
                archive.writestr(f"{ident}.json", json.dumps(one))
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=300000)
    parser.add_argument("--changed", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for path in write(asked.folder, asked.records, asked.changed).values():
        print(path)


if __name__ == "__main__":
    main()
