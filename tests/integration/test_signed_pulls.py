"""Which signatures let an image out: a table of who signed what, when, with which key and in which format, and what the policy asks.
Each case is asked at pull, at admission to a cluster, and by `assay verify --policy`; the answers must be the same."""
import bz2
import datetime
import hashlib
import json
import lzma

import pytest

from cryptography import x509

import gate
import images
import keyless
import reviews
import signed
import sigstore
from assay_server import Server
from oci_layout import CONFIG, INDEX, compress, tar_of
from repository import Repository
from signed import SLSA, VULN, cosign_layer, cosign_sign, push_layers, tag_of

SIGNERS = {"release": "p256", "security": "p384", "qa": "rsa", "scanner": "ed25519", "stranger": "p256", "former": "p256", "gone": "p256",
           "coming": "p256", "ended": "p256", "pss": "rsa-pss", "bundles": "p256", "old": "p256", "national": "sm2", "other_national": "sm2"}
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
        now = datetime.datetime.utcnow().replace(microsecond=0)
        self.times, self.other_times = (sigstore.TimeAuthority(now - 20 * DAY, now + 20 * DAY) for _ in range(2))
        self.sigstore = keyless.Instance()
        self.folder = folder

    def attestors(self):
        """YAML; the keys lie beside the policy, one is in it."""
        for name, signer in self.signers.items():
            (self.folder / f"{name}.pub").write_text(signer.pem)
        (self.folder / "ca.pem").write_text(self.authority.pem)
        (self.folder / "tsa.pem").write_text(self.times.pem)
        files = {"trusted_root.json": self.sigstore.root(), "fulcio.pem": self.sigstore.fulcio.pem, "rekor.pub": self.sigstore.rekor.pem,
                 "ctlog.pub": self.sigstore.ctlog.pem}
        for name, text in files.items():
            (self.folder / name).write_text(text)
        lines = ["attestors:"]
        lines += [f"  - {{name: {name}, keys: {name}.pub}}" for name in ("security", "qa", "scanner", "pss", "former", "national")]
        lines += ["  - name: release", "    keys:", "      - |"] + [f"        {line}" for line in self.signers["release"].pem.split("\n") if line]
        lines += ["      - {key: old.pub, name: last year's}",
                  "  - {name: bundles, keys: bundles.pub, formats: [bundle]}",
                  "  - {name: gone, keys: [{key: gone.pub, revoked: 2026-01-01}]}",
                  "  - {name: coming, keys: [{key: coming.pub, from: 2999-01-01}]}",
                  "  - {name: ended, keys: [{key: ended.pub, until: 2026-01-01}]}",
                  "  - {name: anybody, roots: ca.pem, identities: '*'}",
                  "  - {name: builder, roots: ca.pem, identities: ['CN=builder,O=Example,C=DE']}",
                  "  - {name: stamped, roots: ca.pem, identities: '*', time_roots: tsa.pem}",
                  "  - {name: keyless, trusted_root: trusted_root.json, identities: [{issuer: 'https://accounts.*.org', name: '*@example.org'}]}",
                  "  - {name: logged, roots: fulcio.pem, rekor: rekor.pub, ctlogs: ctlog.pub, identities: [{issuer: '**', name: dev@example.org}]}",
                  "  - {name: both, keys: security.pub, rekor: rekor.pub}"]
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


def stamped(case, days, by="times"):
    """With a certificate that ended two days ago, and a stamp of so many days ago."""
    when = datetime.datetime.utcnow().replace(microsecond=0) + days * DAY
    case.notation("ended_leaf", signing_time=when, stamp=lambda signature: getattr(case.world, by).stamp(signature, when))


def without_key(case, how="tag", **changes):
    """With a certificate of ten minutes, a month ago."""
    changes = {name: value(case.world.sigstore) if callable(value) else value for name, value in changes.items()}
    getattr(keyless.Keyless(case.world.sigstore, **changes), how)(case.repository, case.image)


def key_in_log(case, log="rekor"):
    """By a key, with an entry in a log."""
    payload = signed.simple_signing(f"{case.world.server.address}/{case.name}/app", case.digest)
    signature = case.by("security").sign(payload)
    body = sigstore.hashedrekord(payload, signature, case.by("security").key)
    layer = cosign_layer(case.repository, case.by("security"), case.digest, payload=payload, signature=signature)
    when = int(datetime.datetime.utcnow().timestamp())
    layer["annotations"]["dev.sigstore.cosign/bundle"] = getattr(case.world.sigstore, log).annotation(body, when)
    push_layers(case.repository, tag_of(case.digest, ".sig"), [layer])


AGED = "{attestors: release, attestations: [{type: vuln, attestors: scanner, age: 7d}]}"
BUILT = "{attestations: [{type: slsa, attestors: scanner, fields: [{at: runDetails.builder.id, is: 'https://ci.example.org/*'}]}]}"
CLEAN = "{attestations: [{type: vuln, attestors: scanner, fields: [{at: scanner.result.critical, most: 0}]}]}"
NATIONAL = "{attestations: [{type: vuln, attestors: national}]}"
TWO = "{attestors: [release, security, qa], require: 2}"
ANY = "{attestors: [release, security], require: any}"
TEAM = "{attestors: release, annotations: {team: 'pay*'}}"

# (name, the rule, what is done before the pull, None when it may leave or what the refusal says, the last of it separated by "|")
CASES = [
    # Who.
    ("unsigned", "release", lambda c: None, 'it is not signed by "release": it has no signatures'),
    ("cosign", "release", lambda c: c.cosign("release"), None),
    ("bundle", "release", lambda c: c.bundle("release"), None),
    ("notation", "builder", lambda c: c.notation(), None),
    ("any-of-root", "anybody", lambda c: c.notation("other_leaf"), None),
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
    ("sm2", "national", lambda c: c.cosign("national"), None),
    ("sm2-bundle", "national", lambda c: c.bundle("national"), None),
    ("sm2-beside", "[release, national]", lambda c: c.cosign("national", "release"), None),
    ("sm2-of-another", "national", lambda c: c.cosign("other_national"), 'it is not signed by "national"'),
    ("sm2-as-ecdsa", "release", lambda c: c.cosign("national"), 'it is not signed by "release"'),
    ("sm2-attestation", NATIONAL, lambda c: c.attest("national", VULN, scan_result()), None),
    ("sm2-attestation-tag", NATIONAL, lambda c: c.attest_tag("national", VULN, scan_result()), None),
    ("sm2-attestation-of-another", NATIONAL, lambda c: c.attest("other_national", VULN, scan_result()), 'it has no vuln attestation by "national"'),
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
    ("certificate-stamped", "stamped", lambda c: stamped(c, -5), None),
    ("stamped-later", "stamped", lambda c: stamped(c, -1), 'it is not signed by "stamped"|was good only until'),
    ("stamped-by-another", "stamped", lambda c: stamped(c, -5, "other_times"), 'it is not signed by "stamped"|was good only until'),
    ("stamp-not-trusted", "builder", lambda c: stamped(c, -5), 'it is not signed by "builder"'),
    ("deleted", "release", delete_signature, 'it is not signed by "release": it has no signatures'),
    ("deleted-bundle", "release", deleted_bundle, 'it is not signed by "release": it has no signatures'),
    # Without keys.
    ("keyless-tag", "keyless", without_key, None),
    ("keyless-bundle", "keyless", lambda c: without_key(c, "bundle"), None),
    ("keyless-attested-alone", "release", without_key, 'it is not signed by "release"'),
    ("keyless-by-files", "logged", without_key, None),
    ("keyless-bundle-by-files", "logged", lambda c: without_key(c, "bundle"), None),
    ("keyless-unproven", "keyless", lambda c: without_key(c, promise=False), 'it is not signed by "keyless"|comes with no entry in a log'),
    ("keyless-proof-alone", "keyless", lambda c: without_key(c, "bundle", promise=False), 'not signed by "keyless"|nothing proves when it was made'),
    ("keyless-just-now", "keyless", lambda c: without_key(c, "bundle", promise=False, certificate_at=30), 'not signed by "keyless"|nothing proves when'),
    ("keyless-other-issuer", "keyless", lambda c: without_key(c, issuer="https://accounts.example.com"), 'not signed by "keyless"|none of the identities'),
    ("keyless-other-name", "keyless", lambda c: without_key(c, san=x509.RFC822Name("dev@example.com")), 'not signed by "keyless"|none of the identities'),
    ("keyless-user-name", "keyless", lambda c: without_key(c, san=sigstore.user_name("dev!x@example.org")), None),
    ("keyless-other-authority", "logged", lambda c: without_key(c, fulcio=lambda s: s.other_fulcio), 'not signed by "logged"|leads to no root'),
    ("keyless-no-ctlog", "logged", lambda c: without_key(c, ctlog=False), 'not signed by "logged"|no stamp of a CT log'),
    ("keyless-other-log", "logged", lambda c: without_key(c, log=lambda s: s.other_rekor), 'not signed by "logged"|of a log that is not trusted'),
    ("key-in-log", "both", key_in_log, None),
    ("key-in-no-log", "both", lambda c: c.cosign("security"), 'it is not signed by "both"|comes with no entry in a log'),
    ("key-in-other-log", "both", lambda c: key_in_log(c, "other_rekor"), 'it is not signed by "both"|of a log that is not trusted'),
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


def name_of(case):
    return case[0]


@pytest.fixture(scope="module")
def world(program, tmp_path_factory):
    """A server with a policy for each case, and everything pushed and signed."""
    folder = tmp_path_factory.mktemp("signed")
    world = World(folder)
    policies = [f"  - {{name: p, namespaces: [{name}/**], signatures: {rule}}}".replace("name: p,", f"name: {name},") for name, rule, _, _ in CASES]
    policies += [f"  - {{name: mode-{mode}, namespaces: [mode-{mode}/**], signatures: {{attestors: release, mode: {mode}}}}}" for mode in ("warn", "dry-run")]
    policies += ["  - {name: live, namespaces: [live/**], signatures: release}", "  - {name: exempt, namespaces: [exempt/**], signatures: release}"]
    text = "\n".join(["policies:"] + policies + [world.attestors(), "exemptions:", "  - {rules: signatures, repositories: exempt/*, reason: older than our keys}", ""])
    world.server = Server(program, folder, policy=text, config="admission:\n  registries: ['registry.test']\n")
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


def admission(case, allowed):
    """What a cluster is told of a pod with the image, once it is scanned."""
    pod = reviews.thing("Pod", reviews.pod_spec(f"registry.test/{case.repository.name}@{case.digest}"))

    def as_expected():
        answer = reviews.ask(case.world.server, reviews.review(pod))
        return answer if answer["allowed"] == allowed else None
    return gate.wait_until(as_expected)


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
    admitted = admission(case, says is None)
    if says is not None:
        assert sentence_of(answer.json()["errors"][0]["message"]) in admitted["status"]["message"]
    image = f"docker://{world.server.address}/{name}/app:v1@{case.digest}"
    told = assay("verify", "--policy", world.policy, "--format", "json", image, check=0 if says is None else 1)
    verdict = json.loads(told.stdout)["verdict"]
    assert verdict["allowed"] == (says is None)
    if says is not None:
        assert sentence_of(verdict["message"]) == sentence_of(answer.json()["errors"][0]["message"])


@pytest.mark.parametrize("mode", ["warn", "dry-run"])
def test_modes_that_refuse_nothing(world, assay, mode):
    case = Case(world, f"mode-{mode}")
    for names, warned in (((), True), (("release",), False)):
        case.cosign(*names or ("stranger",))
        answer = pull(case)
        assert answer.status_code == 200
        assert ('not signed by' in answer.headers.get("Warning", "")) == warned
    told = assay("verify", "--policy", world.policy, f"{world.server.address}/mode-{mode}/app:v1")
    assert "is signed as policy" in told.stdout


def test_exempted(world, assay):
    case = Case(world, "exempt")
    answer = pull(case)
    assert answer.status_code == 200 and "is not signed" in answer.headers["Warning"]
    told = json.loads(assay("verify", "--policy", world.policy, "--format", "json", f"{world.server.address}/exempt/app:v1").stdout)
    assert told["verdict"]["exemptions"][0]["reason"] == "older than our keys"


def test_signatures_that_come_and_go(world):
    """Each counts, or does not, at the very next pull, which is otherwise answered from memory."""
    case = Case(world, "live")
    tag = tag_of(case.digest, ".sig")
    for _ in range(2):
        check_refusal(pull(case), "it has no signatures")
    for _ in range(2):
        case.cosign("stranger")
        check_refusal(pull(case), "is by nobody who is known here")
        case.cosign("stranger", "release")
        for _ in range(3):
            assert pull(case).status_code == 200 and pull(case, "v1").status_code == 200
        assert case.repository.request("DELETE", f"manifests/{tag}").status_code == 202
        check_refusal(pull(case), "it has no signatures")
        bundle = case.bundle("release")
        assert pull(case).status_code == 200
        assert case.repository.request("DELETE", f"manifests/{bundle['digest']}").status_code == 202
        check_refusal(pull(case, "v1"), "it has no signatures")


def test_the_verdict_of_the_api_follows(world):
    """What lists say of an image is made again when something comes or goes beside it."""
    case = Case(world, "live")
    case.image, _ = case.push("v2", "listed")
    case.digest = case.image["digest"]
    world.server.wait_for_scan(case.repository.name, case.digest)

    def is_refused():
        rows = world.server.get_json(f"/api/v1/images?repository={case.repository.name}")["images"]
        row = next((row for row in rows if row["digest"] == case.digest), {"gate": None})
        return row["gate"] and row["gate"]["answer"] == "refused"
    gate.wait_until(lambda: is_refused() is True)
    case.cosign("release")
    gate.wait_until(lambda: is_refused() is False)
    case.repository.request("DELETE", f"manifests/{tag_of(case.digest, '.sig')}")
    gate.wait_until(lambda: is_refused() is True)


def test_what_nobody_runs_may_leave(world):
    """Signatures, attestations and lists of them, which clients need to verify anything; an image that calls itself one may not."""
    case = Case(world, "live")
    sig = case.cosign("stranger")
    att = case.attest_tag("stranger", VULN, scan_result())
    bundle = case.bundle("stranger")
    notation = case.notation()
    for made in (sig, att, bundle, notation):
        assert case.repository.get_manifest(made["digest"]).status_code == 200
    listed = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [bundle, notation]}).encode()
    assert case.repository.push_manifest(listed, tag_of(case.digest, ""), INDEX) and pull(case, tag_of(case.digest, "")).status_code == 200
    program = tar_of({"bin/sh": "#!/bin/sh"})
    v7 = bytearray(program[512:] if program[156:157] == b"x" else program)
    v7[257:265] = bytes(8)
    v7[148:156] = b" " * 8
    v7[148:156] = f"{sum(v7[:512]):06o}\0 ".encode()
    for name, layer in (("tar", program), ("gzip", compress(program, "gzip")), ("zstd", compress(program, "zstd")), ("bzip2", bz2.compress(program)),
                        ("xz", lzma.compress(program)), ("v7", bytes(v7)), ("empty-name", bytes(512) + program)):
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [signed.digest_of(program)]}}).encode()
        text = signed.image_of(case.repository.push_blob(config, CONFIG), [case.repository.push_blob(layer, signed.SIMPLE)])
        made = case.repository.push_manifest(text, f"sha256-{hashlib.sha256(name.encode()).hexdigest()}.sig")
        check_refusal(case.repository.get_manifest(made["digest"]), "it is not signed")
    index_text = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [bundle, case.image]}).encode()
    case.repository.push_manifest(index_text, "mixed", INDEX)
    check_refusal(pull(case, "mixed"), "it is not signed")


def test_keys_that_change_beside_the_policy(start_server, tmp_path):
    """A key file that is written anew, or a revocation that the file tells at SIGHUP, counts without a restart."""
    first, second = signed.Signer(), signed.Signer()
    policy = "policies: [{name: p, namespaces: '**', signatures: release}]\nattestors: [{name: release, keys: %s}]\n"
    (tmp_path / "server0").mkdir()
    (tmp_path / "server0" / "release.pub").write_text(first.pem)
    server = start_server(policy=policy % "release.pub")
    repository = Repository(server, "team/app")
    image, _ = repository.push_image("v1", config=b'{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}', layers=())
    push_layers(repository, tag_of(image["digest"], ".sig"), [cosign_layer(repository, first, image["digest"])])
    assert repository.get_manifest("v1").status_code == 200
    (server.folder / "release.pub").write_text(second.pem)
    gate.wait_until(lambda: repository.get_manifest("v1").status_code == 403)
    (server.folder / "release.pub").write_text(first.pem)
    gate.wait_until(lambda: repository.get_manifest("v1").status_code == 200)
    gate.reload(server, policy % "[{key: release.pub, revoked: 2020-01-01}]")
    check_refusal(repository.get_manifest("v1"), "revoked")
    assert server.stop() is None


def test_broken_attestors(assay, tmp_path):
    """What is wrong in a file's attestors is told when it is read."""
    (tmp_path / "good.pub").write_text(signed.Signer().pem)
    (tmp_path / "bad.pub").write_text("nothing")
    file = tmp_path / "policy.yaml"
    for attestors, signatures, says in (
            ("[{name: a, keys: none.pub}]", "a", "none.pub"), ("[{name: a, keys: bad.pub}]", "a", 'attestor "a": keys: bad.pub: '),
            ("[{name: a}]", "a", "name its `keys`, `roots`"), ("[{name: a, keys: good.pub, identities: x}]", "a", "name `roots`"),
            ("[{name: a, keys: good.pub, formats: gpg}]", "a", "must be cosign, bundle, notation or attestation"),
            ("[{name: a, keys: good.pub}, {name: a, keys: good.pub}]", "a", "another attestor has it")):
        file.write_text(f"policies: [{{name: p, namespaces: '**', signatures: {signatures}}}]\nattestors: {attestors}\n")
        assert says in assay("policy", "check", file, check=1).stderr
    file.write_text("policies: [{name: p, namespaces: '**', signatures: [a, b]}]\nattestors: [{name: a, keys: good.pub}, {name: c, keys: good.pub}]\n")
    told = assay("policy", "check", file).stderr
    assert 'no policy speaks of the attestor "c"' in told and 'the attestors "a" and "c" have the same key' in told
    assert 'the attestor "b" is not in the file' in assay("verify", "--policy", file, "127.0.0.1:1/team/app:v1", check=2).stderr


def test_attestors_of_the_server(start_server):
    """A policy may name them; what is changed there counts at the next pull."""
    signer, other = signed.Signer(), signed.Signer()
    server = start_server(policy="policies: [{name: p, namespaces: '**', signatures: [ours]}]\n")
    assert "an attestor of the policy is not known" in server.log_text()
    repository = Repository(server, "team/app")
    image, _ = repository.push_image("v1", config=b'{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}', layers=())
    cosign_sign(repository, signer, image["digest"])
    check_refusal(repository.get_manifest("v1"), "is by nobody who is known here")
    answer = server.request("POST", "/api/v1/attestors", json={"name": "ours", "keys": [{"public": signer.pem}]})
    assert answer.status_code == 201, answer.text
    assert repository.get_manifest("v1").status_code == 200
    for keys, says in (([{"public": signer.pem, "revoked": "2026-01-31T00:00:00Z"}], "revoked"), ([{"public": other.pem}], "by nobody who is known")):
        answer = server.request("PUT", "/api/v1/attestors/ours", json={"name": "ours", "keys": keys})
        assert answer.status_code == 200, answer.text
        check_refusal(repository.get_manifest("v1"), says)
    server.request("PUT", "/api/v1/attestors/ours", json={"name": "ours", "keys": [{"public": signer.pem}]})
    assert repository.get_manifest("v1").status_code == 200
    assert server.request("DELETE", "/api/v1/attestors/ours").status_code == 204
    check_refusal(repository.get_manifest("v1"), "is by nobody who is known here")


def test_scan_by_a_policy(assay, start_server, tmp_path):
    """`assay scan --policy` reads the signatures of what lies in a registry; what lies elsewhere has none that are known."""
    signer = signed.Signer()
    (tmp_path / "release.pub").write_text(signer.pem)
    policy = tmp_path / "policy.yaml"
    policy.write_text("policies: [{name: p, namespaces: '**', unscanned: allow, signatures: release}]\nattestors: [{name: release, keys: release.pub}]\n")
    server = start_server()
    repository = Repository(server, "team/app")
    folder = images.tiny_layout(tmp_path / "tiny")
    gate.push_layout(server, folder, "latest", "team/app")
    scan = ["scan", "--data", tmp_path / "data", "--offline", "--policy", policy, "--format", "json"]
    advisories = tmp_path / "secdb.json"
    advisories.write_text(json.dumps(images.ALPINE_SECDB))
    assay("db", "import", "--data", tmp_path / "data", "--type", "alpine-secdb", advisories)
    remote = f"docker://{server.address}/team/app:latest"
    assert "it has no signatures" in json.loads(assay(*scan, remote, check=1).stdout)["verdict"]["message"]
    cosign_sign(repository, signer, gate.digest_of_tag(folder, "latest"))
    assert json.loads(assay(*scan, remote).stdout)["verdict"]["allowed"]
    told = assay(*scan, "--repository", "team/app", f"oci:{folder}:latest", check=1)
    assert "its signatures were not looked at" in json.loads(told.stdout)["verdict"]["message"]


def test_vex_by_attestors(start_server, assay, tmp_path):
    """What lies beside an image takes a finding out when an attestor signed it whom the policy names, and for this image."""
    security, stranger = signed.Signer(), signed.Signer()
    policy = "policies: [{name: p, namespaces: '**', vulnerabilities: {block: [critical], only_fixed: true, unknown_as: critical}, vex_attestors: security}]\n" \
             "attestors:\n" + "".join(f"  - name: {name}\n    keys: |\n" + "".join(f"      {line}\n" for line in signer.pem.split("\n") if line)
                                     for name, signer in (("security", security), ("other", stranger)))
    server = start_server(policy=policy)
    gate.import_advisories(assay, server, gate.secdb(musl={"1.1.22-r3": ["CVE-2019-14697"]}))
    gate.wait_for_advisories(server)
    layout, digest, _ = gate.alpine_layout(tmp_path / "alpine")
    gate.push_layout(server, layout, "vulnerable", "team/app")
    repository = Repository(server, "team/app")
    image = {name: gate.entry_of_tag(layout, "vulnerable")[name] for name in ("mediaType", "digest", "size")}
    server.wait_for_scan("team/app", digest)
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "author": "The Team", "timestamp": "2024-01-01T00:00:00Z", "statements": [
        {"vulnerability": {"name": "CVE-2019-14697"}, "status": "not_affected", "products": [{"@id": "pkg:apk/alpine/musl"}],
         "justification": "vulnerable_code_not_present"}]}
    check_refusal(repository.get_manifest(digest), "CVE-2019-14697")
    for signer, of, predicate in ((stranger, digest, document), (security, signed.digest_of(b"other"), document), (security, digest, {"@context": 1})):
        signed.attest_bundle(repository, signer, image, "https://openvex.dev/ns", predicate, digest=of)
        check_refusal(repository.get_manifest(digest), "CVE-2019-14697")
    signed.attest_bundle(repository, security, image, "https://openvex.dev/ns", document)
    assert repository.get_manifest(digest).status_code == 200
    exemption = server.get_json(f"/api/v1/images/{digest}/verdict?repository=team/app")["exemptions"][0]
    assert exemption["what"] == ["CVE-2019-14697"] and 'attested by "security"' in exemption["reason"], exemption
