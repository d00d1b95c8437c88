"""Signatures without keys: a table of what is right and what is wrong with a signature by a certificate of Fulcio, in a `.sig` with a promise of
Rekor and in bundles, asked of `assay verify`, skopeo and cosign, which must say the same."""
import base64
import json

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

import sigstore
from keyless import DAY, ISSUER, WHO, Instance, Keyless
from repository import Repository
from signed import encode
from signing_judges import tool

@pytest.fixture(scope="module")
def world():
    return Instance()


def flip(text):
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    return encode(bytes(raw))


def proving(member, value):
    return lambda entry: entry["inclusionProof"].update({member: value})


# --- judges ---

def judge_skopeo(case, image):
    folder = case.folder
    rule = {"type": "sigstoreSigned", "fulcio": {"caData": encode((case.fulcio.pem).encode()), "oidcIssuer": ISSUER, "subjectEmail": WHO},
            "rekorPublicKeyData": encode(case.world.rekor.pem.encode()), "signedIdentity": {"type": "matchRepository"}}
    (folder / "policy.json").write_text(json.dumps({"default": [{"type": "reject"}], "transports": {"docker": {case.address.split("/")[0]: [rule]}}}))
    (folder / "registries.d").mkdir(exist_ok=True)
    (folder / "registries.d" / "local.yaml").write_text(f"docker:\n  {case.address.split('/')[0]}:\n    use-sigstore-attachments: true\n")
    done = tool("skopeo", folder)("--policy", folder / "policy.json", "--registries.d", folder / "registries.d", "copy", "--src-tls-verify=false",
                                  "--remove-signatures", f"docker://{case.address}", f"dir:{folder}/out", check=False)
    return done.returncode == 0, done.stderr


def judge_cosign(name, *options):
    def judge(case, image):
        (case.folder / "trusted_root.json").write_text(case.root)
        stamps = ["--use-signed-timestamps"] if "stamp" in case.signing.changes else []
        done = tool(name, case.folder)("verify", *stamps, "--trusted-root", case.folder / "trusted_root.json", "--certificate-identity", WHO,
                                       "--certificate-oidc-issuer", ISSUER, "--allow-http-registry", *options, case.address, check=False)
        return done.returncode == 0, done.stderr
    return judge


def judge_cosign2(case, image):
    """It reads a trusted root for bundles alone."""
    files = {"SIGSTORE_ROOT_FILE": case.fulcio.pem, "SIGSTORE_REKOR_PUBLIC_KEY": case.world.rekor.pem, "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": case.world.ctlog.pem}
    for name, text in files.items():
        (case.folder / name).write_text(text)
    done = tool("cosign2", case.folder)("verify", "--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER, "--allow-http-registry", "--offline",
                                        case.address, check=False, env={name: str(case.folder / name) for name in files})
    return done.returncode == 0, done.stderr


JUDGES = {"skopeo": judge_skopeo, "cosign2": judge_cosign2,
          "cosign3": judge_cosign("cosign3", "--new-bundle-format=false", "--offline"), "cosign3-bundle": judge_cosign("cosign3")}


class Case:
    def __init__(self, world, registry, folder, name, changes):
        self.world, self.folder = world, folder
        changes = {key: value(world) if callable(value) and key not in ("make", "change") else value for key, value in changes.items()}
        self.fulcio = changes.get("trusts", world.fulcio)
        self.root = world.root(self.fulcio, changes.get("until"), changes.get("rekor_until"))
        self.signing = Keyless(world, **changes)
        self.repository = Repository(registry, f"case/{name}")
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "of": name})
        self.image, _ = self.repository.push_image("v1", config=config.encode(), layers=())
        self.address = f"{registry.address}/{self.repository.name}:v1"

    def told(self, assay, code):
        (self.folder / "root.json").write_text(self.root)
        return assay("verify", "--trusted-root", self.folder / "root.json", "--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER,
                     "--format", "json", self.address, check=code)


# (name, what is otherwise, what we say: None when it counts, judges that do not mind: they know no such thing, or do not look at it)
COMMON = [
    ("good", {}, None, ()),
    ("older-issuer", {"older": True}, None, ()),
    ("without-issuer", {"issuer": None}, "none of the identities", ()),
    ("other-issuer", {"issuer": "https://accounts.example.com"}, "none of the identities", ()),
    ("other-name", {"san": x509.RFC822Name("somebody@example.org")}, "none of the identities", ()),
    ("other-kind-of-name", {"san": x509.UniformResourceIdentifier("https://example.org/dev")}, "none of the identities", ()),
    ("other-authority", {"fulcio": lambda w: w.other_fulcio}, "leads to no root that is trusted", ()),
    ("other-purpose", {"purpose": ExtendedKeyUsageOID.SERVER_AUTH}, "is for something else", ()),
    ("entered-before", {"entered": -60}, "is good only from", ()),
    ("entered-later", {"entered": 11 * 60}, "was good only until", ()),
    ("authority-ended", {"fulcio": lambda w: w.ended_fulcio, "trusts": lambda w: w.ended_fulcio}, "was good only until", ()),
    ("authority-not-trusted-then", {"until": lambda w: w.now - 40 * DAY}, "leads to no authority that was trusted", ("skopeo", "cosign2")),
    ("no-stamp-of-ctlog", {"ctlog": False}, "no stamp of a CT log", ("skopeo",)),
    ("other-ctlog", {"ctlog": lambda w: w.other_ctlog}, "no stamp of a CT log that is trusted", ("skopeo",)),
    ("log-not-trusted-then", {"rekor_until": lambda w: w.now - 40 * DAY}, "at which the log's key was not trusted", ("skopeo", "cosign2")),
    ("other-log", {"log": lambda w: w.other_rekor}, "of a log that is not trusted", ()),
    ("entry-of-other-payload", {"entry": "payload"}, "is about something else", ()),
    ("entry-of-other-signature", {"entry": "signature"}, "is of another signature", ()),
    ("entry-of-other-certificate", {"entry": "certificate"}, "is of another certificate or key", ()),
]
TAGS = COMMON + [
    ("no-promise", {"promise": False}, "it comes with no entry in a log", ()),
    ("time-changed", {"payload": {"integratedTime": 1}}, "a promise that the log did not sign", ()),
    ("index-changed", {"payload": {"logIndex": 8}}, "a promise that the log did not sign", ()),
    ("no-chain", {"annotations": {"dev.sigstore.cosign/chain": ""}}, None, ()),
    ("junk-for-an-entry", {"annotations": {"dev.sigstore.cosign/bundle": "{}"}}, "its entry in a log cannot be read", ()),
]


BUNDLES = COMMON + [
    ("intoto", {"make": sigstore.intoto}, None, ()),
    ("second-rekor", {"make": sigstore.hashedrekord2, "log": lambda w: w.rekor2, "stamp": lambda w: (w.times, 1)}, None, ()),
    ("second-rekor-dsse", {"make": sigstore.dsse2, "log": lambda w: w.rekor2, "stamp": lambda w: (w.times, 1)}, None, ("cosign3-bundle",)),
    ("second-rekor-without-stamp", {"make": sigstore.hashedrekord2, "log": lambda w: w.rekor2}, "nothing proves when it was made", ()),
    ("second-rekor-stamped-later", {"make": sigstore.hashedrekord2, "log": lambda w: w.rekor2, "stamp": lambda w: (w.times, 11)}, "was good only until", ()),
    ("hashedrekord-of-envelope", {"make": sigstore.hashedrekord}, "of a kind that is not for such signatures", ()),
    ("promise-and-stamp", {"stamp": lambda w: (w.times, 2)}, None, ()),
    ("stamp-without-promise", {"promise": False, "stamp": lambda w: (w.times, 2)}, None, ()),
    ("stamped-later", {"stamp": lambda w: (w.times, 11)}, "was good only until", ()),
    ("stamped-before", {"stamp": lambda w: (w.times, -2)}, "is good only from", ()),
    ("stamp-by-another", {"promise": False, "stamp": lambda w: (w.other_times, 2)}, "nothing proves when it was made", ()),
    ("stamp-of-something-else", {"promise": False, "stamp": lambda w: (w.times, 2), "stamped_other": True}, "nothing proves when it was made", ()),
    ("proof-without-promise", {"promise": False}, "nothing proves when it was made", ()),
    ("no-proof", {"proof": False}, 'it has no "inclusionProof"', ()),
    ("no-entry", {"log": False, "stamp": lambda w: (w.times, 2)}, "it comes with no entry in a log", ()),
    ("proof-of-another-place", {"change": proving("logIndex", "6")}, "a proof that does not lead to its checkpoint", ()),
    ("proof-of-a-larger-tree", {"change": proving("treeSize", "12")}, "the checkpoint of another tree", ("cosign3-bundle",)),
    ("proof-with-another-root", {"change": lambda entry: entry["inclusionProof"].update(rootHash=flip(entry["inclusionProof"]["rootHash"]))},
     "the checkpoint of another tree", ()),
    ("proof-too-short", {"change": lambda entry: entry["inclusionProof"]["hashes"].pop()}, "a proof that does not lead to its checkpoint", ()),
    ("proof-too-long", {"change": lambda entry: entry["inclusionProof"]["hashes"].append(encode(bytes(32)))}, "a proof that does not lead", ()),
    ("proof-changed", {"change": lambda entry: entry["inclusionProof"].update(hashes=[flip(entry["inclusionProof"]["hashes"][0]),
                                                                                     *entry["inclusionProof"]["hashes"][1:]])}, "a proof that does not lead", ()),
    ("checkpoint-by-another", {"proving": lambda w: {"by": w.other_rekor}}, "a checkpoint that the log did not sign", ()),
    ("checkpoint-of-nothing", {"change": lambda entry: entry["inclusionProof"].update(checkpoint={"envelope": "x"})}, "a checkpoint that is none", ()),
    ("promise-changed", {"change": lambda entry: entry["inclusionPromise"].update(signedEntryTimestamp=flip(
        entry["inclusionPromise"]["signedEntryTimestamp"]))}, "a promise that the log did not sign", ()),
    ("time-changed", {"change": lambda entry: entry.update(integratedTime=str(int(entry["integratedTime"]) + 1))}, "a promise that the log did not sign", ()),
    ("kind-changed", {"change": lambda entry: entry["kindVersion"].update(version="0.0.2")}, "of another kind than its bundle says", ("cosign3-bundle",)),
]


def test_setting(world):
    """What is made here is what it is called."""
    leaf = Keyless(world).certificate
    assert leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value[0].log_id == world.ctlog.id


@pytest.mark.parametrize("row", TAGS, ids=lambda row: row[0])
def test_tags(world, module_server, assay, tmp_path, row):
    name, changes, says, lenient = row
    case = Case(world, module_server, tmp_path, f"tag-{name}", changes)
    case.signing.tag(case.repository, case.image)
    check(case, assay, says, [judge for judge in ("skopeo", "cosign2", "cosign3") if judge not in lenient])


@pytest.mark.parametrize("row", BUNDLES, ids=lambda row: row[0])
def test_bundles(world, module_server, assay, tmp_path, row):
    name, changes, says, lenient = row
    case = Case(world, module_server, tmp_path, f"bundle-{name}", changes)
    case.signing.bundle(case.repository, case.image)
    check(case, assay, says, [judge for judge in ("cosign3-bundle",) if judge not in lenient])


def check(case, assay, says, judges):
    told = json.loads(case.told(assay, 0 if says is None else 1).stdout)
    if says is not None:
        assert any(says in problem for problem in told["problems"]), told["problems"]
    for judge in judges:
        good, words = JUDGES[judge](case, case.image)
        assert good == (says is None), (judge, words)


@pytest.mark.parametrize("options", [[], ["--certificate-identity", "*"], ["--certificate-oidc-issuer", "https://a.example"]])
def test_whose_certificates_is_to_be_said(assay, tmp_path, options):
    """Anybody who logs in somewhere gets one: a root alone vouches for no one."""
    (tmp_path / "root.json").write_text("{}")
    done = assay("verify", "--trusted-root", tmp_path / "root.json", *options, "127.0.0.1:1/a/app:v1", check=2)
    assert "--certificate-oidc-issuer: of whom" in done.stderr
