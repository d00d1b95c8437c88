#!/usr/bin/python3
"""Files in gitleaks' form judged by gitleaks itself: both programs get the same file of rules and the same texts, and must find the same. `make peers` runs it
where gitleaks or Go is. First gitleaks' own rules, of which texts that match, nearly match and do not are made; then rules and allowlists made at random.

usage: gitleaks.py [--program ASSAY] [--count N] [--seed S] [--only CASE] [--keep FOLDER]

Each case has its own seed. The exit code is 1 where there is a difference that REASONS does not name, 77 where there is no gitleaks."""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]
import patterns  # noqa: E402
from assay_server import find_program  # noqa: E402

MODULE = "github.com/zricethezav/gitleaks/v8"
SAMPLES = 6
# What is found by one program alone, and why that is right: (who, what it is, reason).
REASONS = (
    ("assay", lambda case, found: case.columns_of_line_one(found), "gitleaks counts the columns of a file's first line from 1, and those of others from 2"),
    ("gitleaks", lambda case, found: case.secret_again(found), "Assay tells a value once a file for each rule"),
    ("assay", lambda case, found: case.line_begins(found), "gitleaks takes the line end before a line as its first letter, so \"^\" of an allowlist never is there"),
    ("assay", lambda case, found: case.has_cases(case.rule(found)), "a keyword beyond ASCII may be there in another case, so its rule is looked for everywhere"),
    ("assay", lambda case, found: case.list_asks_more(found), "gitleaks passes over a file by the path of a list for all rules, whatever else that asks for"),
    ("gitleaks", lambda case, found: "generic" in found.rule and any(map(case.has_cases, case.rules["rules"])), "that rule takes the place of one that is generic"),
    ("assay", lambda case, found: case.rule(found).get("regex", "").endswith("\\n"),
     "gitleaks asks a pattern again of its match without the line end; where it does not match then, its groups are gone"),
    ("gitleaks", lambda case, found: found.secret == "", "nothing is no secret"),
)

Found = collections.namedtuple("Found", "file rule line secret", defaults=[None])


def find_gitleaks(folder):
    """The program and its source, or None: it is fetched by Go where it is not in PATH."""
    os.environ["PATH"] += ":/usr/local/go/bin"
    if shutil.which("go") is None:
        return None
    program = shutil.which("gitleaks")
    environment = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"}
    if program is None and subprocess.run(["go", "install", f"{MODULE}@latest"], env=environment, cwd=folder, capture_output=True).returncode != 0:
        return None
    fetched = subprocess.run(["go", "mod", "download", "-json", f"{MODULE}@latest"], env=environment, cwd=folder, capture_output=True, text=True)
    if fetched.returncode != 0:
        return None
    return program or str(folder / "gitleaks"), Path(json.loads(fetched.stdout)["Dir"])


# --- both programs ---

def ask_gitleaks(program, config, root):
    report = root.parent / "gitleaks.json"
    report.unlink(missing_ok=True)
    subprocess.run([program, "dir", "--no-banner", "--log-level", "error", "--ignore-gitleaks-allow", "--max-decode-depth", "0", "--config", config,
                    "--report-format", "json", "--report-path", report, "."], cwd=root, capture_output=True, check=False)
    if not report.exists():
        return None
    return [Found(each["File"], each["RuleID"], (each["StartLine"], each["EndLine"]), each["Secret"]) for each in json.loads(report.read_text())]


def ask_assay(program, config, root, data):
    done = subprocess.run([program, "scan", "--db", data / "advisories.db", "--offline", "--no-cache", "--quiet", "--format", "json", "--kind", "secret",
                           "--secret-config", config, f"rootfs:{root}"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, done.stderr
    report = json.loads(done.stdout)
    gaps = [each for each in report["incomplete"] if "secret" in each]
    return [Found(each["location"], each["id"], each.get("line") or 0) for each in report["findings"] if each["kind"] == "secret"], " ".join(gaps)


# --- cases ---

class Case:
    def __init__(self, name, config, files):
        self.name, self.config, self.files, self.rules = name, config, files, tomllib.loads(config)

    def write(self, folder):
        root = folder / "root"
        for path, text in {**self.files, "etc/os-release": b"ID=debian\nVERSION_ID=12\n"}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text)
        (folder / "rules.toml").write_text(self.config)
        return root, folder / "rules.toml"

    def rule(self, found):
        return next((each for each in self.rules.get("rules", ()) if each["id"] == found.rule), {})

    def columns_of_line_one(self, found):
        return any("withinColumns" in each for each in self.rule(found).get("required", ()))

    def line_begins(self, found):
        lists = self.rules.get("allowlists", []) + self.rule(found).get("allowlists", [])
        return any(each.get("regexTarget") == "line" and any("^" in one for one in each.get("regexes", ())) for each in lists)

    @staticmethod
    def has_cases(rule):
        return any(each.upper() != each.lower() and not each.isascii() for each in rule.get("keywords", ()))

    def list_asks_more(self, found):
        return any(each.get("condition", "").upper() in ("AND", "&&") and "paths" in each for each in self.rules.get("allowlists", ()))

    def secret_again(self, found):
        return bool(found.secret) and self.files[found.file].count(found.secret.encode()) > 1


def own_rules(source, seed):
    """gitleaks' own file, and for each of its rules texts that match, and such in which a letter is another, or missing."""
    config = (source / "config/gitleaks.toml").read_text()
    rng, files, without = random.Random(seed), {}, []
    for rule in tomllib.loads(config)["rules"]:
        made = patterns.samples(rule.get("regex", "some text"), SAMPLES, f"{seed} {rule['id']}")
        names = patterns.samples(rule["path"], SAMPLES, f"{seed} {rule['id']}") if "path" in rule else []
        without += [rule["id"]] if not made else []
        for i, text in enumerate(made):
            at = rng.randrange(len(text)) if text else 0
            changed = (text, text[:at] + text[at + 1:], text[:at] + rng.choice("aZ0-_ ") + text[at + 1:])[i % 3]
            word = rng.choice(rule.get("keywords", [""]))
            lines = [f"# {word} {rng.choice(['is here', '中文', ''])}", rng.choice(['value = "%s"', "%s", "key: %s;", "<a>%s</a>"]) % changed, "the end"]
            name = f"srv/{rule['id']}/{i}{names[i].replace('/', '_') if names else '.conf'}"
            files[name] = "\n".join(lines).encode("utf-8", "surrogateescape")
    print(f"of gitleaks' own rules {len(without)} have patterns that nothing is made for here: {', '.join(without)}")
    return Case("own rules", config, files)


WORDS = ("password", "token", "Apikey", "secret", "passwort", "ключ", "密码")
VALUES = ("hunter22", "S3cret-Horse", "aaaaaaaa", "demo-1234", "AKIAQ2W3E4R5", "ÄÖ-97-ß", "x")
REGEXES = (r"password=(\S+)", r"(?i)token[ =:]+([\w-]{4,20})", r"secret=(\w+)[;-](\w+)", r"key.{1,3}=(\S+)", r"(?m)^host=(\w+)$", r"\bpasswor(d|t)\b",
           r"\x{5bc6}(.)=(.{4,})", r"ключ=([^\n]+)", r"pass\w+=(.{4})$", r"user=(\w*)", r"=\s*([0-9A-Za-z]{6,})\n", r"[[:alpha:]]+=([[:digit:]]{2,})")
PATHS = (r"\.env$", r"^srv/a", r"(?i)CONF", r"b/.*\.txt", r"nothing")
ALLOWED = (r"hunter", r"^demo", r"\d{2}$", r"^password", r"=\w", r"host", "ß")


def quoted(texts):
    return "[" + ", ".join(f"'''{each}'''" for each in texts) + "]"


def random_list(rng, rules):
    """An allowlist, of its table's lines."""
    lines = [f"condition = \"{rng.choice(['AND', 'OR', 'and', '||', '&&'])}\""] if rng.random() < 0.5 else []
    kinds = rng.sample(["paths", "regexes", "stopwords", "commits"], rng.choice([1, 1, 2, 3]))
    for kind, choices in (("paths", PATHS), ("regexes", ALLOWED), ("stopwords", ("hunter", "DEMO", "97")), ("commits", ("c0ffee",))):
        if kind in kinds:
            lines.append(f"{kind} = {quoted(rng.sample(choices, rng.choice([1, 2]) if len(choices) > 1 else 1))}")
    if rng.random() < 0.5:
        lines.append(f"regexTarget = \"{rng.choice(['match', 'line', 'secret'])}\"")
    if rules and rng.random() < 0.5:
        lines.append(f"targetRules = {quoted(rng.sample(rules, 1))}")
    return lines


def random_rule(rng, rule, rules):
    regex = rng.choice(REGEXES)
    lines = ["[[rules]]", f"id = '{rule}'", "description = 'some'"]
    if rng.random() < 0.9:
        lines.append(f"regex = '''{regex}'''")
        if rng.random() < 0.2 and "(" in regex:
            lines.append("secretGroup = 1")
        if rng.random() < 0.3:
            lines.append(f"entropy = {rng.choice(['1.5', '2', '3.0', '0'])}")
        if rng.random() < 0.4:
            lines.append(f"keywords = {quoted(rng.sample(WORDS, 2))}")
        if rng.random() < 0.2:
            lines.append(f"path = '''{rng.choice(PATHS)}'''")
        lines += ["skipReport = true"] if rng.random() < 0.15 else []
        if rng.random() < 0.3:
            lines += ["[[rules.required]]", f"id = '{rng.choice(rules)}'"]
            lines += [f"withinLines = {rng.randrange(3)}"] if rng.random() < 0.5 else []
            lines += [f"withinColumns = {rng.randrange(9)}"] if rng.random() < 0.2 else []
    else:
        lines.append(f"path = '''{rng.choice(PATHS)}'''")
    for _ in range(rng.choice([0, 0, 1, 2])):
        lines += ["[[rules.allowlists]]", *random_list(rng, [])]
    return lines


def random_case(seed):
    rng = random.Random(seed)
    rules = [f"rule-{i}" + rng.choice(["", "", "-generic"]) for i in range(rng.randint(1, 5))]
    lines = ["title = 'some'"]
    for rule in rules:
        lines += random_rule(rng, rule, rules)
    for _ in range(rng.choice([0, 0, 1, 2])):
        lines += ["[[allowlists]]", *random_list(rng, rules)]
    files = {}
    for path in ("srv/a/x.env", "srv/b/y.txt", "app/z.conf", "app/q"):
        text = "".join(rng.choice([f"{rng.choice(['password', 'token', 'secret', 'key_1', 'host', 'user', 'ключ', '密码', 'passwort'])}"
                                   f"{rng.choice(['=', '=', ': '])}{rng.choice(VALUES)}{rng.randrange(1000)}{rng.choice([';z', '', ''])}\n",
                                   "\n", "# some text\n", "    "]) for _ in range(rng.randint(1, 12)))
        files[path] = text.encode() + rng.choice([b"", b"\xff\xfe tail", b"\n"])
    return Case(f"random {seed}", "\n".join(lines) + "\n", files)


# --- the comparison ---

def match(theirs, ours):
    """(alone in theirs, alone in ours): the same file and rule, and a line of the match."""
    left, alone = list(ours), []
    for found in theirs:
        same = next((each for each in left if each[:2] == found[:2] and (each.line == 0 or found.line[0] <= each.line <= found.line[1])), None)
        if same is None:
            alone.append(found)
        else:
            left.remove(same)
    return alone, left


def reason_of(who, case, found):
    return next((reason for name, is_so, reason in REASONS if name == who and is_so(case, found)), None)


def compare(case, gitleaks, program, data, folder, reasons):
    """How many were found by both; or None: there is a difference without a reason."""
    root, config = case.write(folder)
    theirs = ask_gitleaks(gitleaks, config, root)
    ours, said = ask_assay(program, config, root, data)
    if theirs is None or ours is None:
        if theirs is None and ours is None:
            return 0
        print(f"{case.name}: {'gitleaks' if theirs is None else 'Assay'} alone refuses the file: {said}")
        return None
    alone = match(theirs, ours)
    unexplained = [f"{case.name}: {who} alone: {found.file}: {found.rule}, line {found.line}" for who, some in zip(("gitleaks", "assay"), alone)
                   for found in some if (reason := reason_of(who, case, found)) is None or reasons.update([reason])]
    print(*unexplained, said if unexplained else "", sep="\n", end="") if unexplained else None
    return None if unexplained else len(theirs) - len(alone[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=None)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--keep", type=Path, help="the files of --only stay here")
    options = parser.parse_args()
    program = os.path.abspath(options.program or find_program())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fetched = find_gitleaks(folder)
        if fetched is None:
            print("gitleaks.py: skipped: neither gitleaks with Go's tools nor the means to fetch it are here")
            return 77
        (folder / "none.json").write_text('{"none": {"CVE-2000-0001": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}}}')
        subprocess.run([program, "db", "import", "-d", folder / "data", "-t", "debian-tracker", folder / "none.json"], check=True, stdout=subprocess.DEVNULL)
        cases = [lambda: own_rules(fetched[1], options.seed)] + [lambda i=i: random_case(i) for i in range(options.seed, options.seed + options.count)]
        reasons, both, wrong = collections.Counter(), 0, 0
        for make in cases:
            case = make()
            if options.only not in (None, case.name):
                continue
            place = Path(tempfile.mkdtemp(dir=folder)) if options.keep is None else options.keep
            count = compare(case, fetched[0], program, folder / "data", place, reasons)
            both, wrong = both + (count or 0), wrong + (count is None)
    for reason, count in reasons.items():
        print(f"{count}: {reason}")
    print(f"{len(cases)} files of rules, {both} secrets found by both, {sum(reasons.values())} differences with a reason, {wrong} files with others")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
