"""Whether an advisory's ranges hold a version, as the ecosystem's own tool orders versions: node-semver, Python's packaging, Maven, RubyGems,
Composer and dpkg. Neither Assay nor a peer is asked, so that it can say which of them is wrong."""
import glob
import json
import re
import subprocess

UNTAGGED = re.compile(r"v?0\.0\.0-\d{14}-[0-9a-f]{12}(\+incompatible)?")
NODE = """
const semver = require(process.argv[1]);
const pairs = JSON.parse(require("fs").readFileSync(0));
const order = ([a, b]) => { try { return semver.compare(a, b, true); } catch { return null; } };
console.log(JSON.stringify(pairs.map(order)));"""
RUBY = """
require "json"
puts JSON.generate(JSON.parse(STDIN.read).map { |a, b| begin Gem::Version.new(a) <=> Gem::Version.new(b) rescue ArgumentError nil end })"""
PHP = """
require "/usr/share/php/Composer/Semver/autoload.php";
$parser = new Composer\\Semver\\VersionParser();
$orders = [];
foreach (json_decode(stream_get_contents(STDIN)) as [$a, $b]) {
  try {
    [$a, $b] = [$parser->normalize($a), $parser->normalize($b)];
    $orders[] = Composer\\Semver\\Comparator::equalTo($a, $b) ? 0 : (Composer\\Semver\\Comparator::lessThan($a, $b) ? -1 : 1);
  } catch (UnexpectedValueException) { $orders[] = null; }
}
echo json_encode($orders);"""
PYTHON = """
import json, sys
from pip._vendor.packaging.version import InvalidVersion, Version
def order(a, b):
    try:
        a, b = Version(a), Version(b)
    except InvalidVersion:
        return None
    # A range speaks of a release, whatever a packager appended to it.
    a = a if b.local else Version(a.public)
    return (a > b) - (a < b)
print(json.dumps([order(a, b) for a, b in json.load(sys.stdin)]))"""


def asked(words, pairs):
    done = subprocess.run(words, input=json.dumps(pairs), text=True, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def completed(version):
    """Advisories say 1.77 where npm has 1.77.0 alone."""
    return version + ".0" * (3 - len(version.split("."))) if re.fullmatch(r"\d+(\.\d+)?", version) else version


def by_node(pairs):
    pairs = [[completed(a), completed(b)] for a, b in pairs]
    folder = subprocess.run(["npm", "root", "-g"], text=True, stdout=subprocess.PIPE, check=True).stdout.strip()
    return asked(["node", "-e", NODE, f"{folder}/npm/node_modules/semver"], pairs)


def by_maven(pairs):
    """ComparableVersion tells of each of its arguments how it stands to the one before."""
    jars, orders = ":".join(glob.glob("/usr/share/maven/lib/*.jar")), []
    for start in range(0, len(pairs), 500):
        part = pairs[start:start + 500]
        words = [word for pair in part for word in pair]
        done = subprocess.run(["java", "-cp", jars, "org.apache.maven.artifact.versioning.ComparableVersion", *words],
                              text=True, stdout=subprocess.PIPE, check=True)
        told = re.findall(r"^ +\S* (<|==|>) \S*$", done.stdout, re.MULTILINE)
        orders += [{"<": -1, "==": 0, ">": 1}[one] for one in told[::2]]
    return orders


def semver_of(version):
    """Go writes v1.2.3, and 1.21rc2 of itself."""
    version = re.sub(r"^(v|go)", "", version)
    found = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?(?:(rc|beta|alpha)(\d+))?", version)
    if not found:
        return version
    first, second, third, kind, number = found.groups()
    return f"{first}.{second}.{third or 0}" + (f"-{kind}.{number}" if kind else "")


def by_semver(pairs):
    return by_node([[semver_of(a), semver_of(b)] for a, b in pairs])


def by_go(pairs):
    """Of a commit before which there is no tag, nobody can tell how it stands to tags."""
    told = by_semver(pairs)
    return [None if UNTAGGED.fullmatch(a) and not UNTAGGED.fullmatch(b) else order for (a, b), order in zip(pairs, told)]


def by_nuget(pairs):
    """No tool of NuGet's is in Debian: up to four numbers, then what semver says of the labels, in any letter case."""
    def parts(version):
        numbers, _, labels = version.split("+")[0].partition("-")
        return [int(one) for one in numbers.split(".")], labels.lower()
    labels = by_node([[f"0.0.0-{one}" if one else "0.0.0" for one in (parts(a)[1], parts(b)[1])] for a, b in pairs])
    orders = []
    for (a, b), of_labels in zip(pairs, labels):
        ours, theirs = (parts(one)[0] for one in (a, b))
        known = max(len(ours), len(theirs)) <= 4
        ours, theirs = (one + [0] * (4 - len(one)) for one in (ours, theirs))
        orders.append((ours > theirs) - (ours < theirs) or of_labels if known else None)
    return orders


def by_dpkg(pairs):
    def holds(first, relation, second):
        return subprocess.run(["dpkg", "--compare-versions", first, relation, second], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return [-1 if holds(a, "lt", b) else 1 if holds(a, "gt", b) else 0 for a, b in pairs]


ORDERS = {"npm": by_node, "PyPI": lambda pairs: asked(["python3", "-c", PYTHON], pairs), "Maven": by_maven, "Go": by_go, "crates.io": by_semver,
          "RubyGems": lambda pairs: asked(["ruby", "-e", RUBY], pairs), "Packagist": lambda pairs: asked(["php", "-r", PHP], pairs),
          "NuGet": by_nuget, "Debian": by_dpkg}
TOOLS = {"npm": "node-semver", "PyPI": "Python's packaging", "Maven": "Maven", "Go": "semver", "crates.io": "semver", "RubyGems": "RubyGems",
         "Packagist": "Composer", "NuGet": "NuGet's order", "Debian": "dpkg"}


def bounds_of(affected):
    return {version for part in affected.get("ranges", []) if part["type"] != "GIT" for event in part["events"] for version in event.values()
            if event != {"introduced": "0"}} | set(affected.get("versions", []))


def holds(affected, order):
    """As the format says: a listed version, or between the events of a range. @order: of the version against a bound; None where it has none."""
    if any(order(version) == 0 for version in affected.get("versions", [])):
        return True
    for part in affected.get("ranges", []):
        if part["type"] == "GIT":
            continue
        begin = False
        for event in part["events"]:
            kind, bound = next(iter(event.items()))
            stands = 1 if event == {"introduced": "0"} else order(bound)
            if stands is None:
                return None
            if kind == "introduced":
                begin = stands >= 0
            elif begin and (stands < 0 or (kind == "last_affected" and stands == 0)):
                return True
            else:
                begin = False
        if begin:
            return True
    return False


def decide(ecosystem, questions):
    """[is the version in one of these?] for [(version, [affected])]; None where the tool orders no such versions."""
    pairs = sorted({(version, bound) for version, parts in questions for affected in parts for bound in bounds_of(affected)})
    orders = dict(zip(pairs, ORDERS[ecosystem]([list(pair) for pair in pairs]))) if pairs else {}
    answers = []
    for version, parts in questions:
        said = [holds(affected, lambda bound, version=version: orders[version, bound]) for affected in parts]
        answers.append(True if True in said else None if None in said else False)
    return answers
