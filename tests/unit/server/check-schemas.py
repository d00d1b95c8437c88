#!/usr/bin/python3
"""The objects that the server writes by tables of members are those of docs/openapi.yaml: the same members, of the same
types and words, and required where they are always written. A schema that no table writes is listed here.

usage: check-schemas.py PRINT-SCHEMAS OPENAPI.YAML"""
import subprocess
import sys
from pathlib import Path

import yaml

# Objects that handlers put together of several things, and what they consist of.
BY_HAND = {
    "pages of lists": ["Repositories", "Namespaces", "Endpoints", "Deleted", "Quarantines", "Restored", "Images", "Pulls", "Referrers", "RetentionPreview", "MovedNames", "Jobs", "Events", "Standings", "Changes", "Packages", "Findings", "VulnerabilityImages"],
    "pages of names": ["Users", "Robots", "Tokens", "Teams", "TeamMembers", "TeamGroups"],
    "bodies that are only read": ["NewUser", "UserChange", "NewRobot", "RobotChange", "RobotRotation", "NewUserToken", "NewTeam", "TeamChange", "PasswordChange", "NewToken"],
    "bodies about second factors": ["SecondFactorBegin", "SecondFactorConfirm", "SecondFactorRemove"],
    "lists and bodies of rules of trust": ["RobotTrusts", "NewRobotTrust", "MadeRobotTrust"],
    "lists and bodies of certificates": ["Certificates", "NewCertificate"],
    "lists and bodies of signing": ["Attestors", "NewSigningKey", "SigningKeyRevocation", "SigningKeyTurn", "SigningKeys", "SigningRules", "ImageSignatures", "MadeSignatures", "NewSignature", "FailedSignings", "SigningKeyChange", "SigningPreviews", "SigningRunWanted"],
    "pages of rights": ["Grants", "KeyGrants", "Roles", "Sessions", "Providers"],
    "bodies about rights": ["NewGrant", "NewKeyGrant", "NewRole", "RoleChange", "LogIn", "DeviceQuestion"],
    "records that hold what each event says": ["Audit"],
    "written by kinds of their own": ["Scope"],
    "of Kubernetes' admission": ["AdmissionAnswer", "Workloads", "BrokenGlasses", "ForgottenCluster"],
    "of Harbor's scanner API": ["HarborArtifact", "HarborError", "HarborMetadata", "HarborSbomReport", "HarborScanRequest", "HarborScanner",
                                "HarborVulnerabilityReport"],
    "one of a few values": ["AskedCollection", "CancelledJob", "Root", "Readiness", "Errors", "Problem", "Kinds", "PolicyTest", "EndpointChange"],
}


def written(program):
    """{path of an object: {member: (type, always, words)}} of the tables that the server is built with."""
    objects = {}
    for line in subprocess.run([program], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines():
        path, kind, always, words = line.split("\t")
        above, _, member = path.rpartition(".")
        objects.setdefault(above, {})[member] = (kind, always == "always", words.split(",") if words else [])
    assert len(objects) > 5, "there are tables"
    return objects


class Document:
    def __init__(self, path):
        self.seen = set()
        self.schemas = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["components"]["schemas"]

    def resolved(self, schema):
        """The schema that a reference, or an `allOf` of one, stands for."""
        while "$ref" in schema or "allOf" in schema:
            name = schema.get("$ref", "").rpartition("/")[2]
            self.seen.add(name)
            schema = schema["allOf"][0] if "allOf" in schema else self.schemas[name]
        return schema

    def at(self, path):
        """The schema of the object at "Standings.images", or None."""
        name, *members = path.split(".")
        schema = self.resolved(self.schemas.get(name, {}))
        for member in members:
            schema = self.resolved(schema.get("properties", {}).get(member, {}))
            schema = self.resolved(schema["items"]) if "items" in schema else schema
        return schema or None


def compare_member(document, place, schema, row):
    """What differs between a member's schema and its row."""
    kind, _, words = row
    schema = document.resolved(schema)
    told = schema.get("type", "string" if "enum" in schema else None)
    if told != kind:
        yield f"{place}: the table says {kind}, the document {told}"
    told_words = schema.get("enum") or schema.get("items", {}).get("enum") or list(schema.get("properties", {}))
    if words and set(words) != set(told_words):
        yield f"{place}: the table has the words {sorted(words)}, the document {sorted(told_words)}"


def compare(document, path, members, inner):
    """What differs between an object's schema and its rows; @inner: members that have rows of their own."""
    schema = document.at(path)
    if schema is None or "properties" not in schema:
        yield f"{path}: the document has no such object"
        return
    properties, required = schema["properties"], set(schema.get("required", []))
    for member in sorted({*members, *inner} ^ set(properties)):
        yield f"{path}.{member}: only the {'document' if member in properties else 'table'} has it"
    for member in sorted(set(members) & set(properties)):
        yield from compare_member(document, f"{path}.{member}", properties[member], members[member])
        if members[member][1] != (member in required):
            yield f"{path}.{member}: it is {'always' if members[member][1] else 'only sometimes'} written; " \
                  f"the document says {'required' if member in required else 'not required'}"


def main():
    objects, document = written(sys.argv[1]), Document(sys.argv[2])
    problems = []
    for path, members in sorted(objects.items()):
        depth = path.count(".") + 1
        inner = {other.split(".")[depth] for other in objects if other.startswith(path + ".")} - set(members)
        problems += compare(document, path, members, inner)
    by_hand = {name for names in BY_HAND.values() for name in names}
    objects_told = {name for name, schema in document.schemas.items() if schema.get("type") == "object"}
    tables = document.seen | set(objects)
    problems += [f"{name}: no table writes it, and check-schemas.py does not say why" for name in sorted(objects_told - tables - by_hand)]
    problems += [f"{name}: check-schemas.py says that no table writes it" for name in sorted(by_hand & tables)]
    print("\n".join(problems) or f"{len(objects)} objects agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
