"""Source trees of lock files whose versions are those at which the ranges of advisories begin and end, and their neighbours: prereleases, posts,
epochs, builds, qualifiers, fourth numbers, pseudo-versions. No registry is asked, so all ecosystems of which there are advisories are in them."""
import json
import random
import re

import advisories
import own_order

TREES, PACKAGES_MOST = 4, 120
PLAIN = re.compile(r"\d+(\.\d+)*")
MODULE = re.compile(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+incompatible)?")
THREE = re.compile(r"\d+\.\d+\.\d+")  # of semver: an end of anything else makes no version
NEIGHBOURS = {
    "npm": ("{}", "{}-rc.1", "{}-0", "{}-lts.1", "{}-beta", "{}+build.7"),
    "PyPI": ("{}", "{}.post1", "{}rc1", "{}.dev3", "{}a2", "{}+local.1", "1!{}", "{}.0"),
    "Maven": ("{}", "{}-SNAPSHOT", "{}-rc1", "{}.RELEASE", "{}.Final", "{}-alpha-1", "{}.1", "{}-jre", "{}-sp1", "{}-b01"),
    "Go": ("v{}", "v{}+incompatible", "v{}-rc.1", "v{}-0.20200101000000-0123456789ab", "v0.0.0-20210101000000-0123456789ab"),
    "crates.io": ("{}", "{}-alpha.1", "{}-rc.2", "{}+1"),
    "RubyGems": ("{}", "{}.rc1", "{}.pre", "{}.1", "{}.0", "{}.beta.2"),
    "Packagist": ("{}", "v{}", "{}-RC1", "{}-beta2", "{}.0", "{}-alpha", "{}-p1"),
    "NuGet": ("{}", "{}.1", "{}-preview1", "{}-rc.1", "{}+metadata", "{}.0")}


def chosen(ecosystem, known, source):
    """[(name, version)], a name once."""
    names = sorted({one["package"]["name"] for (kind, _), parts in known.affected.items() if kind == ecosystem for _, _, one in parts})
    rows = []
    for name in source.sample(names, min(PACKAGES_MOST, len(names))):
        # What begins with a letter is no version in a lock file; of a gem, what follows a dash is a platform.
        bounds = sorted({bound for _, _, one in known.affected[ecosystem, advisories.folded(ecosystem, name)] for bound in own_order.bounds_of(one)
                         if bound[0].isdigit() and not (ecosystem == "RubyGems" and "-" in bound)})
        if bounds:
            bound = source.choice(bounds)
            plain = (THREE if ecosystem in ("npm", "Go", "crates.io", "NuGet") else PLAIN).fullmatch(bound) and source.random() < 0.6
            rows.append((name, (source.choice(NEIGHBOURS[ecosystem]) if plain else NEIGHBOURS[ecosystem][0]).format(bound)))
    return rows


def npm(folder, rows):
    packages = {"": {"name": "edges", "version": "1.0.0"}}
    packages |= {f"node_modules/{name}": {"version": version, "resolved": f"https://registry.npmjs.org/{name}/-/x.tgz"} for name, version in rows}
    lock = {"name": "edges", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package-lock.json").write_text(json.dumps(lock))


def python(folder, rows):
    (folder / "requirements.txt").write_text("".join(f"{name}=={version}\n" for name, version in rows))


def maven(folder, rows):
    (folder / "gradle.lockfile").write_text("".join(f"{name}:{version}=runtimeClasspath\n" for name, version in sorted(rows)) + "empty=\n")


def of_module(name, version):
    """The version as Go takes it for a module of that path; None: it takes none such."""
    number, path = int(version[1:].split(".")[0]), re.search(r"[/.]v(\d+)$", name)
    plain = version.removesuffix("+incompatible")
    if path:
        return plain if number == int(path.group(1)) else None
    return plain if number < 2 else f"{plain}+incompatible"


def go(folder, rows):
    valid = [(name, of_module(name, version)) for name, version in rows if "." in name.split("/")[0] and MODULE.fullmatch(version)]
    lines = "".join(f"\t{name} {version}\n" for name, version in valid if version)
    (folder / "go.mod").write_text(f"module example.com/edges\n\ngo 1.21.0\n\nrequire (\n{lines})\n")


def cargo(folder, rows):
    registry = "registry+https://github.com/rust-lang/crates.io-index"
    (folder / "Cargo.lock").write_text("version = 3\n\n" + "\n".join(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = "{registry}"\n' for name, version in rows))


def ruby(folder, rows):
    specs = "".join(f"    {name} ({version})\n" for name, version in sorted(rows))
    named = "".join(f"  {name}\n" for name, _ in sorted(rows))
    (folder / "Gemfile.lock").write_text(f"GEM\n  remote: https://rubygems.org/\n  specs:\n{specs}\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n{named}\n"
                                         "BUNDLED WITH\n   2.4.1\n")


def composer(folder, rows):
    (folder / "composer.lock").write_text(json.dumps({"packages": [{"name": name, "version": version, "type": "library"} for name, version in rows],
                                                      "packages-dev": []}))


def nuget(folder, rows):
    packages = {name: {"type": "Direct", "requested": f"[{version}, )", "resolved": version, "contentHash": "x"} for name, version in rows}
    (folder / "packages.lock.json").write_text(json.dumps({"version": 1, "dependencies": {"net6.0": packages}}))


WRITERS = {"npm": npm, "PyPI": python, "Maven": maven, "Go": go, "crates.io": cargo, "RubyGems": ruby, "Packagist": composer, "NuGet": nuget}


def make(folder, known, seed=11):
    for number in range(TREES):
        for ecosystem, write in WRITERS.items():
            place = folder / f"tree{number}" / ecosystem.replace(".", "-").lower()
            place.mkdir(parents=True)
            write(place, chosen(ecosystem, known, random.Random(f"{seed} {number} {ecosystem}")))
    return f"rootfs:{folder}"
