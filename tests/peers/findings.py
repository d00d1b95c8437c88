"""Compares Assay's findings with those of Trivy and Grype, which got the same advisories (advisories.py), in an image and in Assay's SBOMs of it.
A difference in a package that both list is decided by the ecosystem's own tool (own_order.py; for functions of Go linked.py): where that says that
Assay is right, it is told and counted; where it says that Assay is wrong, or nothing, the run fails."""
import collections

import advisories
import linked
import own_order
import reasons
from reasons import without_v

OSV = {"npm": "npm", "pypi": "PyPI", "maven": "Maven", "golang": "Go", "cargo": "crates.io", "gem": "RubyGems", "composer": "Packagist",
       "nuget": "NuGet", "deb": "Debian"}
NO_PACKAGE = "does not list the package, or has another version of it"
OWNED = "asks the ecosystem's advisories about what a package of Debian brings; Assay asks Debian's alone"
NOT_LINKED = f"does not ask whether its functions are linked; they are not ({linked.TOOL})"
UPDATE = "knows vulnerabilities alone, and not updates of a suite that name none"


def plain(package):
    """The same for all programs: some write versions of Go and Composer with a v, some without."""
    kind, name, version = package
    return kind, name, without_v(version) if kind in reasons.WITH_V else version


def listed(package):
    """As lists have it: package URLs have some names in small letters."""
    kind, name, version = plain(package)
    return kind, name.lower() if kind in ("golang", "npm") else name, version


class Findings:
    """@assay, @peers: programs that have the advisories. @folder: the images."""

    def __init__(self, advisories, assay, peers, folder):
        self.advisories, self.assay, self.peers, self.linked, self.failed = advisories, assay, peers, linked.Linked(folder), False
        self.total = collections.Counter()

    def of(self, program, target):
        return {(plain(package), self.advisories.names.root(name)): one for (package, name), one in program.findings(target).items()}

    def affected(self, package, vulnerability):
        """(ecosystem, version, what the records of the vulnerability say of the package). Debian's speak of the source."""
        kind, name, version = package
        ecosystem, names = OSV.get(kind), self.advisories.names
        if ecosystem == "Debian":
            return ecosystem, *self.advisories.debian.affected(name, version, vulnerability, names)
        name = name.replace("/", ":") if kind == "maven" else name
        return ecosystem, version, [one for _, record, one in self.advisories.affected.get((ecosystem, advisories.folded(ecosystem, name)), [])
                                    if names.root(record["id"]) == vulnerability and "withdrawn" not in record]

    def decided(self, findings):
        """{finding: does the ecosystem's own tool say that it is one?}"""
        questions, answers = collections.defaultdict(list), {}
        for package, vulnerability in findings:
            ecosystem, version, parts = self.affected(package, vulnerability)
            questions[ecosystem].append(((package, vulnerability), (version, parts)))
        for ecosystem, asked in questions.items():
            said = own_order.decide(ecosystem, [one for _, one in asked]) if ecosystem in own_order.ORDERS else [None] * len(asked)
            answers |= {finding: answer for (finding, _), answer in zip(asked, said)}
        return answers

    def unlinked(self, findings):
        """Those that Assay lists as not linked, where Go's own tool says so of each advisory that holds the version and names functions."""
        asked = [(finding, part) for finding in findings if finding[0][0] == "golang" for part in self.affected(*finding)[2]]
        if not asked:
            return set()
        holds = own_order.decide("Go", [(package[2], [part]) for (package, _), part in asked])
        parts = collections.defaultdict(list)
        for (finding, part), held in zip(asked, holds):
            parts[finding] += [part] if held else []
        ruled_out = {(plain(package), self.advisories.names.root(name)) for package, name in self.assay.not_linked(self.linked.target)}
        return {finding for finding in parts.keys() & ruled_out if self.linked.answer(finding[0], parts[finding]) is False}

    def by_own_tools(self, packages):
        """The same of all that the records say of these packages."""
        found = set()
        for package in map(plain, packages):
            kind, name, _ = package
            name = advisories.folded(OSV.get(kind), name.replace("/", ":") if kind == "maven" else name)
            found |= {(package, self.advisories.names.root(record["id"])) for _, record, _ in self.advisories.affected.get((OSV.get(kind), name), [])
                      if "withdrawn" not in record}
        return self.decided(found)

    def differences(self, ours, theirs, our_packages, their_packages, owned):
        """{(who has it alone, why): [finding]}; why is None where nothing says that Assay is right."""
        found, open_ones = collections.defaultdict(list), {}
        for who, alone, packages in (("Assay", ours.keys() - theirs.keys(), their_packages), ("peer", theirs.keys() - ours.keys(), our_packages)):
            for finding in alone:
                if listed(finding[0]) in packages:
                    open_ones[finding] = who
                else:
                    found[who, NO_PACKAGE].append(finding)
        answers, unlinked = self.decided(open_ones), self.unlinked([finding for finding, who in open_ones.items() if who == "peer"])
        for finding, who in open_ones.items():
            named = bool(self.affected(*finding)[2])
            found[who, self.why(finding, who, answers[finding], named, listed(finding[0]) in owned, finding in unlinked)].append(finding)
        return found

    @staticmethod
    def why(finding, who, answer, named, owned, unlinked):
        """@named: an advisory of the vulnerability is about a package of that very name. @owned: a package of the distribution brings it.
        @unlinked: no program has the functions."""
        (kind, _, version), tool = finding[0], own_order.TOOLS.get(OSV.get(finding[0][0]))
        if who == "peer" and kind in OSV and not named:
            return "takes an advisory for that of a package whose name differs in small and large letters"
        if who == "peer" and owned:
            return OWNED
        if who == "Assay" and kind == "deb" and answer and "/" in finding[1]:
            return UPDATE
        if unlinked:
            return NOT_LINKED
        if answer is (who == "Assay"):
            return f"{tool} says it is {'' if answer else 'not '}affected"
        if who == "peer" and kind == "golang" and answer is None and own_order.UNTAGGED.fullmatch(version):
            return "takes a commit before which there is no tag for older than every tag; Assay says that nobody can tell"
        return None

    def tell(self, asked, name, peer, same, found):
        print(f"| {name}, findings | {peer.name} | {same} | | both |", flush=True)
        for (who, why), findings in sorted(found.items(), key=str):
            print(f"| {name}, findings | {peer.name} | {len(findings)} | {peer.name if who == 'peer' else who} | {why or 'NO REASON'} |", flush=True)
            for package, vulnerability in sorted(findings) if why is None or asked.all else ():
                print(f"    only {who} has {vulnerability} in {' '.join(package)}")
        self.failed |= any(why is None for _, why in found)

    def compare(self, asked, name, target, packages, owned):
        """@packages: {program: its list of the target}; @owned: those that packages of the distribution bring."""
        self.advisories.debian.look_at(target)
        self.linked.look_at(name, target)
        ours = self.of(self.assay, target)
        self.total["Assay"] += len(ours)
        for peer in self.peers:
            theirs = self.of(peer, target)
            self.total[peer.name] += len(theirs)
            found = self.differences(ours, theirs, *({listed(one) for one in packages[program]} for program in (self.assay.name, peer.name)),
                                     {listed(one) for one in owned})
            self.tell(asked, name, peer, len(ours.keys() & theirs.keys()), found)
            yield peer, theirs

    def compare_sbom(self, name, kind, peer, image, path, packages, owned):
        """What the peer finds in Assay's list of an image, of packages that it sees in the image as well: what it finds in the image. Of those that
        a package of the distribution brings it may find more: in the image it saw that."""
        theirs = self.of(peer, f"sbom:{path}")
        both = {listed(one) for one in packages[self.assay.name]} & {listed(one) for one in packages[peer.name]}
        lost = sorted(finding for finding in image.keys() - theirs.keys() if listed(finding[0]) in both)
        more = sorted(finding for finding in theirs.keys() - image.keys() if listed(finding[0]) in both)
        unlinked, owned = self.unlinked(more), {listed(one) for one in owned}
        brought = {finding for finding in more if listed(finding[0]) in owned} - unlinked
        others = sorted(set(more) - unlinked - brought)
        print(f"| {name}, findings as {kind} | {peer.name} | {len(theirs.keys() & image.keys())} | | the same"
              f"{f'; {len(unlinked)} more: it {NOT_LINKED}' if unlinked else ''}"
              f"{f'; {len(brought)} more: it {OWNED}' if brought else ''}"
              f"{f'; {len(lost)} LOST, {len(others)} OTHERS' if lost or others else ''} |", flush=True)
        for word, findings in (("lost", lost), ("other", others)):
            for package, vulnerability in findings[:20]:
                print(f"    {word} {vulnerability} in {' '.join(package)}")
        self.failed |= bool(lost or others)
