"""Version order is what dpkg and rpm themselves make of it: of versions that are in use, and of random ones."""
import random
import re
import subprocess

import pytest

import images

DEBIAN_PARTS = ["0", "1", "9", "10", "007", "a", "z", "A", "rc1", "dfsg", "~", "~~", "+", ".", ".0", "deb12u1", "+b1", "~bpo"]
RPM_PARTS = ["0", "1", "9", "10", "007", "a", "z", "A", "rc1", "el9", "~", "^", "_", ".", ".0", "el9_2", "+", "git1"]


def near(version, parts, chance):
    """A version like this one: with a part more, less, or another."""
    position = chance.randrange(len(version) + 1)
    return version[:position] + chance.choice(parts + [""]) + version[position + chance.randrange(2):]


def made_up(parts, chance):
    return chance.choice("0123456789") + "".join(chance.choice(parts) for _ in range(chance.randrange(6)))


def pairs(parts, real, chance, whole, count):
    """(a, b) of real versions, of their neighbours, and of made up ones, with epochs and revisions."""
    found = []
    while len(found) < count:
        a = chance.choice(real) if real and chance.random() < 0.5 else made_up(parts, chance)
        if chance.random() < 0.3:
            a = f"{chance.choice(['0', '1', '2', '10'])}:{a}"
        if chance.random() < 0.5 and "-" not in a:
            a += f"-{made_up(parts, chance)}"
        b = near(a, parts, chance) if chance.random() < 0.8 else chance.choice(real or [made_up(parts, chance)])
        if whole(a) and whole(b):
            found.append((a, b))
    return found


def check(program, folder, scheme, cases):
    """Has our order compare the cases, in the form of the public vectors."""
    (folder / f"{scheme}.txt").write_text("".join(f"{a} {sign} {b}\n" for a, sign, b in cases))
    test = program.parents[2] / "tests/unit/version/test-version"
    if not test.is_file():
        pytest.skip(f"{test} is not built")
    result = subprocess.run([test, "-p", f"/version/{scheme}/vectors"], env={"VECTORS": str(folder)}, capture_output=True,
                            text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(cases)} lines" in result.stdout and "SKIP" not in result.stdout, result.stdout
    assert {sign for _, sign, _ in cases} == {"<", "=", ">"}


def dpkg_order(a, b):
    for sign, relation in (("<", "lt"), ("=", "eq"), (">", "gt")):
        if subprocess.run(["dpkg", "--compare-versions", a, relation, b], stderr=subprocess.DEVNULL).returncode == 0:
            return sign
    raise AssertionError(f"dpkg cannot tell {a} from {b}")


def test_debian(program, tmp_path):
    """deb-version(7): an upstream version begins with a digit; a hyphen in it asks for a revision."""
    status = next(path for path in images.debian_rootfs("bookworm").glob("var/lib/dpkg/status"))
    real = sorted(set(re.findall(r"^Version: (\S+)", status.read_text(), re.MULTILINE)))
    assert len(real) > 50
    chance = random.Random(20)

    def whole(version):
        return re.fullmatch(r"(\d+:)?\d[A-Za-z0-9.+~]*(-[A-Za-z0-9.+~]+)?", version)
    chosen = pairs(DEBIAN_PARTS, real, chance, whole, 700)
    check(program, tmp_path, "debian", [(a, dpkg_order(a, b), b) for a, b in chosen])


def test_rpm(program, tmp_path):
    """By rpm's own comparison, from its Lua."""
    real = [f"{version}-{release}" for _, _, version, release, _ in images.RPM_PACKAGES]
    chance = random.Random(21)

    def whole(version):
        return re.fullmatch(r"(\d+:)?[A-Za-z0-9._+~^]+(-[A-Za-z0-9._+~^]+)?", version)
    chosen = pairs(RPM_PARTS, real, chance, whole, 5000)
    (tmp_path / "pairs").write_text("".join(f"{a} {b}\n" for a, b in chosen))
    script = f"for line in io.lines('{tmp_path}/pairs') do local a, b = line:match('(%S+) (%S+)') " \
             "print(rpm.vercmp(a, b) .. ' ') end"
    (tmp_path / "script.lua").write_text(script)
    output = subprocess.run(["rpm", "--eval", f"%{{lua:dofile('{tmp_path}/script.lua')}}"], check=True, capture_output=True,
                            text=True).stdout.split()
    assert len(output) == len(chosen)
    check(program, tmp_path, "redhat", [(a, {"-1": "<", "0": "=", "1": ">"}[sign], b)
                                        for (a, b), sign in zip(chosen, output)])
