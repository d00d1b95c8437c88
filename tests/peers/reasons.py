"""Why Assay's list of an image and a peer's may differ in a package. A difference without a reason here is one to look at.

A reason is told for the program that is said to be right in it; what is Assay's fault has none, and is mended instead."""
# Kinds that a peer does not look for at all.
NOT_LOOKED_FOR = {
    "trivy": {"generic": "does not look for programs that no package manager lists", "cpan": "does not look for Perl's packages",
              "luarocks": "does not look for Lua's packages", "cran": "does not look for R's packages"},
    "osv-scanner": {"generic": "does not look for programs that no package manager lists"},
    "syft": {}}


class Difference:
    """One package that only one of the two lists. @one: (type, name, version); @details: of Assay's SBOM, {one: ...}."""

    def __init__(self, one, peer, ours, theirs, details):
        self.one, self.peer, self.ours, self.theirs, self.details = one, peer, ours, theirs, details
        self.kind, self.name, self.version = one

    def versions(self, packages, name=None):
        return {other[2] for other in packages if other[0] == self.kind and other[1] == (name or self.name)}

    def last_name(self, packages):
        """Of the same artifact in another group."""
        last = self.name.rpartition("/")[2]
        return {other for other in packages if other[0] == self.kind and other[1].rpartition("/")[2] == last and other[2] == self.version}

    def other_letters(self, packages):
        return any(other[0] == self.kind and other[1].lower() == self.name.lower() and other[2] == self.version for other in packages)


WITH_V = {"golang": "Go", "composer": "Composer"}


def without_v(version):
    return version.removeprefix("go").removeprefix("v")


def reason_of_ours(difference):
    """Why only Assay has it."""
    details = difference.details.get(difference.one, {})
    places = details.get("places", [])
    if difference.kind in NOT_LOOKED_FOR[difference.peer]:
        return NOT_LOOKED_FOR[difference.peer][difference.kind]
    if details.get("owner"):
        return "leaves out what a package of the distribution brings; Assay lists it with its owner"
    if difference.kind == "maven" and difference.last_name(difference.theirs):
        return "has another group for an archive that names none"
    if difference.kind == "maven":
        return "lists no archive without pom.properties that its database of Java does not know"
    if difference.kind == "npm" and any(place.endswith(".js") for place in places):
        return "does not look into libraries for browsers"
    if difference.kind == "pypi" and any(place.endswith(("vendor.txt", "vendored.txt")) for place in places):
        return "does not read what pip brings inside of itself"
    if places == ["shop/package.json"]:
        return "does not count the project itself"
    if difference.kind in WITH_V and without_v(difference.version) in map(without_v, difference.versions(difference.theirs)):
        return f"writes a version of {WITH_V[difference.kind]} without its v, or with one"
    if difference.other_letters(difference.theirs):
        return "writes a name in other letters"
    if details.get("declared"):
        return "leaves out what a list inside the image declares"
    if difference.versions(difference.theirs):
        return "has another version of it"
    return None


def reason_of_theirs(difference):
    """Why only the peer has it."""
    if difference.kind == "maven" and difference.last_name(difference.ours):
        return "has another group for an archive that names none"
    if difference.kind == "npm" and difference.version in ("0.0.0", "0.0.1", "1.0.0", "0.1.0"):
        return "takes tests, examples and templates inside of packages for packages"
    if difference.kind in WITH_V and without_v(difference.version) in map(without_v, difference.versions(difference.ours)):
        return f"writes a version of {WITH_V[difference.kind]} without its v, or with one"
    if difference.other_letters(difference.ours):
        return "writes a name in other letters"
    if difference.version in ("", "UNKNOWN", "(devel)", "v0.0.0"):
        return "lists what has no version"
    if difference.kind == "npm" and difference.name == "ruby-typeprof":
        return "takes an extension of Visual Studio Code for a package"
    if difference.kind == "maven" and difference.name == "org.apache/logging":
        return "takes a title in the manifest for the name, beside the right one"
    return None
