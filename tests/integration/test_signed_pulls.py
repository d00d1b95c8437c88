"""Which signatures let an image out: a table of who signed what, when, with which key and in which format, and what the policy asks.
Each case is asked at pull and by `assay verify --policy`; the answers must be the same."""
import datetime
import json

import pytest

import signed
from assay_server import Server
from repository import Repository
from signed import SLSA, VULN, cosign_layer, cosign_sign, push_layers, tag_of

SIGNERS = {"release": "p256", "security": "p384", "qa": "rsa", "scanner": "ed25519", "stranger": "p256", "former": "p256", "gone": "p256",
           "coming": "p256", "ended": "p256", "pss": "rsa-pss", "bundles": "p256", "old": "p256"}
DAY = datetime.timedelta(days=1)


class Case:
    """What one case has at hand: its repository with an image, who may sign, and ways to do so."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.repository = Repository(world.server, f"{name}/app")
        self.image, _ = self.push("v1")
        self.digest = self.image["digest"]

    def push(self, tag, text=None):
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "of": text or self.name})
        return self.repository.push_image(tag, config=config.encode(), layers=())

    def by(self, name):
        return self.world.signers[name]

    def cosign(self, *names, digest=None, **how):
        """Signatures by all of them, as layers of one manifest."""
        digest = digest or self.digest
        return push_layers(self.repository, tag_of(digest, ".sig"),
                           [cosign_layer(self.repository, self.by(name), how.pop("signs", digest), **how) for name in names])

    def bundle(self, name, subject=None, **how):
        return signed.bundle_sign(self.repository, self.by(name), subject or self.image, **how)

    def attest(self, name, kind, predicate, **how):
        return signed.attest_bundle(self.repository, self.by(name), self.image, kind, predicate, **how)

    def attest_tag(self, name, kind, predicate, **how):
        return signed.attest_tag(self.repository, self.by(name), self.digest, kind, predicate, **how)

    def notation(self, leaf="leaf", authority="authority", subject=None, **how):
        return signed.notation_sign(self.repository, getattr(self.world, leaf), getattr(self.world, authority), subject or self.image, **how)

    def put_layer(self, **changes):
        """A .sig whose one layer is changed."""
        layer = cosign_layer(self.repository, self.by("release"), self.digest)
        layer.update(changes)
        return push_layers(self.repository, tag_of(self.digest, ".sig"), [layer])


class World:
    def __init__(self, folder):
        self.signers = {name: signed.Signer(kind) for name, kind in SIGNERS.items()}
        self.authority, self.other_authority = signed.Authority(), signed.Authority("Other Root")
        self.leaf, self.other_leaf = self.authority.leaf(), self.authority.leaf("somebody")
        self.stranger_leaf = self.other_authority.leaf()
        self.ended_leaf = self.authority.leaf(days=(-9, -2))
        self.folder = folder

    def attestors(self):
        """YAML; the keys lie beside the policy, one is in it."""
        for name, signer in self.signers.items():
            (self.folder / f"{name}.pub").write_text(signer.pem)
        (self.folder / "ca.pem").write_text(self.authority.pem)
        lines = ["attestors:"]
        lines += [f"  - {{name: {name}, keys: {name}.pub}}" for name in ("security", "qa", "scanner", "pss", "former")]
        lines += ["  - name: release", "    keys:", "      - |"] + [f"        {line}" for line in self.signers["release"].pem.split("\n") if line]
        lines += ["      - {key: old.pub, name: last year's}",
                  "  - {name: bundles, keys: bundles.pub, formats: [bundle]}",
                  "  - {name: gone, keys: [{key: gone.pub, revoked: 2026-01-01}]}",
                  "  - {name: coming, keys: [{key: coming.pub, from: 2999-01-01}]}",
                  "  - {name: ended, keys: [{key: ended.pub, until: 2026-01-01}]}",
                  "  - {name: builder, roots: ca.pem, identities: ['CN=builder,O=Example,C=DE']}"]
        return "\n".join(lines)


def moment(days):
    return (datetime.datetime.utcnow() + days * DAY).replace(microsecond=0).isoformat() + "Z"


def scan_result(days=0, critical=0):
    return {"scanner": {"uri": "assay", "result": {"critical": critical}}, "metadata": {"scanStartedOn": moment(days), "scanFinishedOn": moment(days)}}


def built(builder="https://ci.example.org/1"):
    return {"buildDefinition": {"buildType": "https://example.org/t"}, "runDetails": {"builder": {"id": builder}, "metadata": {"finishedOn": moment(0)}}}


def other_image(case):
    return case.push("other", "other")[0]


def move_signature(case):
    """The signature of another image under the tag for this one."""
    digest = other_image(case)["digest"]
    layer = cosign_layer(case.repository, case.by("release"), digest)
    push_layers(case.repository, tag_of(case.digest, ".sig"), [layer])


def foreign(case, reference):
    cosign_sign(case.repository, case.by("release"), case.digest, reference=reference)


def tampered(case):
    payload = signed.simple_signing(f"{case.world.server.address}/{case.name}/app", case.digest)
    signature = case.by("release").sign(payload)
    cosign_sign(case.repository, case.by("release"), case.digest, payload=payload.replace(b"null", b"true"), signature=signature)


def broken_signature(case):
    signature = bytearray(case.by("release").sign(signed.simple_signing(f"{case.world.server.address}/{case.name}/app", case.digest)))
    signature[-1] ^= 1
    cosign_sign(case.repository, case.by("release"), case.digest, signature=bytes(signature))


def delete_signature(case):
    case.cosign("release")
    assert case.repository.request("DELETE", f"manifests/{tag_of(case.digest, '.sig')}").status_code == 202


def deleted_bundle(case):
    digest = case.bundle("release")["digest"]
    assert case.repository.request("DELETE", f"manifests/{digest}").status_code == 202


def index(case, sign_members=(), by="release", how="cosign"):
    """An index of two images under the tag v1, signed or with signed members; what is pulled is the index."""
    members = [case.push("a", "a")[0], case.push("b", "b")[0]]
    case.image = signed.push_index(case.repository, "v1", members)
    case.digest = case.image["digest"]
    for number in sign_members:
        case.cosign(by, digest=members[number]["digest"], signs=members[number]["digest"])
    return members


def member_of_signed(case):
    members = index(case)
    case.cosign("release")
    case.image, case.digest = members[0], members[0]["digest"]


def member_of_signed_by_bundle(case):
    members = index(case)
    case.bundle("release")
    case.image, case.digest = members[1], members[1]["digest"]


def member_alone(case):
    members = index(case)
    case.cosign("release")
    case.cosign("release", digest=members[0]["digest"], signs=members[0]["digest"])
    case.image, case.digest = members[0], members[0]["digest"]


def heap(case, junk, **how):
    """So many signatures by a stranger, and one that would count, last."""
    layer = cosign_layer(case.repository, case.by("stranger"), case.digest)
    layers = [{**layer, "annotations": {**layer["annotations"], "n": str(number)}} for number in range(junk)]
    push_layers(case.repository, tag_of(case.digest, ".sig"), layers + [cosign_layer(case.repository, case.by("release"), case.digest)])


def of_no_json(case):
    cosign_sign(case.repository, case.by("release"), case.digest, payload=b"{nothing", signature=case.by("release").sign(b"{nothing"))


AGED = "{attestors: release, attestations: [{type: vuln, attestors: scanner, age: 7d}]}"
BUILT = "{attestations: [{type: slsa, attestors: scanner, fields: [{at: runDetails.builder.id, is: 'https://ci.example.org/*'}]}]}"
CLEAN = "{attestations: [{type: vuln, attestors: scanner, fields: [{at: scanner.result.critical, most: 0}]}]}"
TWO = "{attestors: [release, security, qa], require: 2}"
ANY = "{attestors: [release, security], require: any}"
TEAM = "{attestors: release, annotations: {team: 'pay*'}}"

# (name, the rule, what is done before the pull, None when it may leave or what the refusal says, the last of it separated by "|")
CASES = [
    # Who.
    ("unsigned", "release", lambda c: None, 'it is not signed by "release": it has no signatures'),
    ("cosign", "release", lambda c: c.cosign("release"), None),
    ("bundle", "release", lambda c: c.bundle("release"), None),
    ("stranger", "release", lambda c: c.cosign("stranger"), 'it is not signed by "release"'),
    ("stranger-bundle", "release", lambda c: c.bundle("stranger"), 'it is not signed by "release"'),
    ("stranger-notation", "builder", lambda c: c.notation("stranger_leaf", "other_authority"), 'it is not signed by "builder"'),
    ("identity", "builder", lambda c: c.notation("other_leaf"), 'it is not signed by "builder"'),
    ("other-attestor", "release", lambda c: c.cosign("security"), 'it is not signed by "release"'),
    ("second-key", "release", lambda c: c.cosign("old"), None),
    ("second-layer", "release", lambda c: c.cosign("stranger", "release"), None),
    ("both-formats", "[release, security]", lambda c: (c.cosign("release"), c.bundle("security")), None),
    # How many.
    ("all-of-two", "[release, security]", lambda c: c.cosign("release", "security"), None),
    ("one-of-all", "[release, security]", lambda c: c.cosign("release"), 'it is not signed by "security"'),
    ("any-first", ANY, lambda c: c.cosign("release"), None),
    ("any-second", ANY, lambda c: c.bundle("security"), None),
    ("any-none", ANY, lambda c: c.cosign("qa"), 'it is signed by none of its attestors, "release" or "security"'),
    ("two-of-three", TWO, lambda c: (c.cosign("qa"), c.bundle("release")), None),
    ("one-of-three", TWO, lambda c: c.cosign("qa"), '2 of 3 attestors must sign it, and only "qa" did; not by "release" and "security"'),
    ("twice-the-same", TWO, lambda c: (c.cosign("release", "old"), c.bundle("release")), 'only "release" did'),
    # Which key.
    ("p384", "security", lambda c: c.cosign("security"), None),
    ("rsa", "qa", lambda c: c.cosign("qa"), None),
    ("rsa-bundle", "qa", lambda c: c.bundle("qa"), None),
    ("ed25519", "scanner", lambda c: c.cosign("scanner"), None),
    ("ed25519-bundle", "scanner", lambda c: c.bundle("scanner"), None),
    ("rsa-pss", "pss", lambda c: c.cosign("pss"), 'it is not signed by "pss"'),
    # What is signed.
    ("tampered", "release", tampered, 'it is not signed by "release"'),
    ("broken-signature", "release", broken_signature, 'it is not signed by "release"'),
    ("other-digest", "release", lambda c: c.cosign("release", signs=other_image(c)["digest"]), 'it is not signed by "release"'),
    ("moved", "release", move_signature, 'it is not signed by "release"'),
    ("other-digest-bundle", "release", lambda c: c.bundle("release", digest=other_image(c)["digest"]), 'it is not signed by "release"'),
    ("other-digest-notation", "builder", lambda c: c.notation(digest=other_image(c)["digest"]), 'it is not signed by "builder"'),
    ("other-repository", "release", lambda c: foreign(c, f"{c.world.server.address}/elsewhere/app"), 'it is not signed by "release"'),
    ("with-tag", "release", lambda c: foreign(c, f"{c.world.server.address}/{c.name}/app:v1"), None),
    ("other-type", "release", lambda c: c.cosign("release", kind="atomic container signature"), 'it is not signed by "release"'),
    ("no-json", "release", of_no_json, 'it is not signed by "release"'),
    ("two-in-a-bundle", "release", lambda c: c.bundle("release", times=2), 'it is not signed by "release"'),
    ("without-pae", "release", lambda c: c.bundle("release", signed=signed.statement(c.digest, signed.SIGN, {}, {})), 'it is not signed by "release"'),
    ("attestation-alone", "release", lambda c: c.attest("release", VULN, scan_result()), 'it is not signed by "release"'),
    ("wrong-format", "bundles", lambda c: c.cosign("bundles"), 'it is not signed by "bundles"'),
    ("right-format", "bundles", lambda c: c.bundle("bundles"), None),
    ("no-annotation", "release", lambda c: c.put_layer(annotations={}), 'it is not signed by "release"'),
    # When.
    ("revoked", "gone", lambda c: c.cosign("gone"), 'it is not signed by "gone"|revoked'),
    ("not-yet", "coming", lambda c: c.cosign("coming"), 'it is not signed by "coming"'),
    ("ended", "ended", lambda c: c.cosign("ended"), 'it is not signed by "ended"'),
    ("certificate-ended", "builder", lambda c: c.notation("ended_leaf", signing_time=datetime.datetime.utcnow() - 5 * DAY), 'it is not signed by "builder"'),
    ("deleted", "release", delete_signature, 'it is not signed by "release": it has no signatures'),
    ("deleted-bundle", "release", deleted_bundle, 'it is not signed by "release": it has no signatures'),
    # What is said.
    ("annotation", TEAM, lambda c: c.cosign("release", optional={"team": "payments"}), None),
    ("annotation-bundle", TEAM, lambda c: c.bundle("release", annotations={"team": "payments"}), None),
    ("annotation-other", TEAM, lambda c: c.cosign("release", optional={"team": "search"}), 'the signature of "release" does not say team=pay*'),
    ("annotation-none", TEAM, lambda c: c.cosign("release"), "does not say team=pay*"),
    # Attestations.
    ("aged", AGED, lambda c: (c.cosign("release"), c.attest("scanner", VULN, scan_result(-1))), None),
    ("aged-tag", AGED, lambda c: (c.cosign("release"), c.attest_tag("scanner", VULN, scan_result(-1))), None),
    ("too-old", AGED, lambda c: (c.cosign("release"), c.attest("scanner", VULN, scan_result(-9))), 'it has no vuln attestation by "scanner" that counts|counted until'),
    ("by-another", AGED, lambda c: (c.cosign("release"), c.attest("release", VULN, scan_result(-1))), 'it has no vuln attestation by "scanner"'),
    ("of-another-image", AGED, lambda c: (c.cosign("release"), c.attest("scanner", VULN, scan_result(-1), digest=other_image(c)["digest"])),
     'it has no vuln attestation by "scanner"'),
    ("of-another-type", AGED, lambda c: (c.cosign("release"), c.attest("scanner", SLSA, built())), 'it has no vuln attestation by "scanner"'),
    ("built", BUILT, lambda c: c.attest("scanner", SLSA, built()), None),
    ("built-elsewhere", BUILT, lambda c: c.attest("scanner", SLSA, built("https://evil.example/1")), 'runDetails.builder.id is "https://evil.example/1"'),
    ("clean", CLEAN, lambda c: c.attest_tag("scanner", VULN, scan_result()), None),
    ("not-clean", CLEAN, lambda c: c.attest_tag("scanner", VULN, scan_result(critical=2)), "scanner.result.critical is 2"),
    # Indexes.
    ("index", "release", lambda c: (index(c), c.cosign("release")), None),
    ("index-of-signed", "release", lambda c: index(c, (0, 1)), 'it is not signed by "release": it has no signatures'),
    ("member-of-signed", "release", member_of_signed, None),
    ("member-of-bundle", "release", member_of_signed_by_bundle, None),
    ("member-covered-not", "{attestors: release, members: alone}", member_of_signed, 'it is not signed by "release": it has no signatures'),
    ("member-alone", "{attestors: release, members: alone}", member_alone, None),
    # Heaps.
    ("some", "release", lambda c: heap(c, 20), None),
    ("heap", "release", lambda c: heap(c, 3000), "not all that lies beside it could be read"),
]
MODES = [("warn", True), ("dry-run", True)]


def name_of(case):
    return case[0]


@pytest.fixture(scope="module")
def world(program, tmp_path_factory):
    """A server with a policy for each case, and everything pushed and signed."""
    folder = tmp_path_factory.mktemp("signed")
    world = World(folder)
    policies = [f"  - {{name: p, namespaces: [{name}/**], signatures: {rule}}}".replace("name: p,", f"name: {name},") for name, rule, _, _ in CASES]
    policies += [f"  - {{name: mode-{mode}, namespaces: [mode-{mode}/**], signatures: {{attestors: release, mode: {mode}}}}}" for mode, _ in MODES]
    policies += ["  - {name: live, namespaces: [live/**], signatures: release}", "  - {name: exempt, namespaces: [exempt/**], signatures: release}"]
    text = "\n".join(["policies:"] + policies + [world.attestors(), "exemptions:", "  - {rules: signatures, repositories: exempt/*, reason: older than our keys}", ""])
    world.server = Server(program, folder, policy=text)
    world.policy = folder / "policy.yaml"
    world.server.start()
    yield world
    world.server.stop()


def pull(case, reference=None):
    return case.repository.get_manifest(reference or case.digest)


def check_refusal(answer, says):
    assert answer.status_code == 403, f"{answer.status_code} {answer.headers}"
    error = answer.json()["errors"][0]
    assert error["code"] == "DENIED"
    for part in says.split("|"):
        assert part in error["message"], error["message"]
    return error["message"]


def sentence_of(message):
    """What is missing. The registry knows when each signature came, so that why one does not count may be told otherwise."""
    return message.split(": ", 1)[1].split("; ")[0]


@pytest.mark.parametrize("row", CASES, ids=name_of)
def test_case(world, assay, row):
    name, _, prepare, says = row
    case = Case(world, name)
    prepare(case)
    answer = pull(case)
    if says is None:
        assert answer.status_code == 200, answer.text
        assert "Warning" not in answer.headers or "signed" not in answer.headers["Warning"]
    else:
        check_refusal(answer, says)
    image = f"docker://{world.server.address}/{name}/app:v1@{case.digest}"
    told = assay("verify", "--policy", world.policy, "--format", "json", image, check=0 if says is None else 1)
    verdict = json.loads(told.stdout)["verdict"]
    assert verdict["allowed"] == (says is None)
    if says is not None:
        assert sentence_of(verdict["message"]) == sentence_of(answer.json()["errors"][0]["message"])
