"""Signing what repairs another image: told by what it says of itself, checked, and never without its verdict."""
import json

import pytest

import gate
from gate import import_advisories, pull, wait_until
from oci_layout import Layout, compress, tar_of
from test_signing import events, make_key, push, set_up, sig_tag, signatures

OURS, COPA, COPA_INDEX, ORIGIN = "vnd.assay.repair.of", "sh.copa.image.patched", "sh.copa.patched", "sh.copa.patch.origin.digest"
NOW = "2026-11-28T10:00:00Z"
FIXED, BROKEN = gate.alpine_files(**gate.FIXED), gate.alpine_files()


@pytest.fixture
def server(start_server, assay):
    server = start_server(policy=gate.STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    return server


@pytest.fixture
def place(server, assay, tmp_path):
    """(server, layout) with an original that does not pass, tag "old", and a rule for what repairs."""
    set_up(server, make_key(assay, tmp_path / "key.pem"), "repaired")
    layout = Layout(tmp_path / "layout")
    layout.old = layout.add_image("old", [gate.alpine_files(extra="old")])["digest"]
    push(server, layout.folder, "old", "team/app")
    return server, layout


def add(layout, tag, number, annotations=None, config=None, files=FIXED):
    return layout.add_packed_image(tag, [pack({**files, "etc/extra": str(number)})], config_members=config or {},
                                   **({"annotations": annotations} if annotations else {}))


def pack(files):
    tar = tar_of(files)
    return tar, compress(tar, "gzip"), "gzip"


def test_what_is_signed(place):
    """By our mark and by Copacetic's, old and new; not what fails, what says nothing, what names an image that is not here, or itself."""
    server, layout = place
    name = f"{server.address}/team/app:old"
    labels = {"config": {"Labels": {"a": "b"}, "labels": {"BaseImage": name}}}
    signed = {
        "ours": add(layout, "ours", 1, {OURS: layout.old}),
        "copa": add(layout, "copa", 2, {COPA: NOW}, labels),
        "origin": add(layout, "origin", 3, {COPA: NOW, ORIGIN: layout.old}),
        "label": add(layout, "label", 4, None, {"config": {"Labels": {OURS: layout.old}}}),
        "other": add(layout, "other", 5, {OURS: layout.old}),
    }
    unsigned = {
        "fails": add(layout, "fails", 6, {OURS: layout.old}, files=BROKEN),
        "silent": add(layout, "silent", 7),
        "base": add(layout, "base", 8, None, labels),
        "nowhere": add(layout, "nowhere", 9, {OURS: "sha256:" + "0" * 64}),
        "no-tag": add(layout, "no-tag", 10, {COPA: NOW}, {"config": {"labels": {"BaseImage": f"{server.address}/team/app:none"}}}),
        "unnamed": add(layout, "unnamed", 11, {COPA: NOW}),
    }
    for tag in [*unsigned, *signed]:
        push(server, layout.folder, tag, "team/else" if tag == "other" else "team/app")
    # A label is inherited by what is built on an image, which lies elsewhere.
    inherited = add(layout, "inherited", 12, None, {"config": {"Labels": {OURS: layout.old}}})["digest"]
    push(server, layout.folder, "inherited", "team/else")
    for tag, entry in signed.items():
        repository = "team/else" if tag == "other" else "team/app"
        wait_until(lambda at=repository, digest=entry["digest"]: signatures(server, at, digest) == (1, 1))
    failed = {unsigned[tag]["digest"] for tag in ("nowhere", "no-tag", "unnamed")} | {inherited}
    wait_until(lambda: {event["subject"] for event in events(server, "signature.failed")} == failed)
    told = {event["subject"]: event["data"]["error"] for event in events(server, "signature.failed")}
    assert "not known here" in told[unsigned["nowhere"]["digest"]] and "not which image" in told[unsigned["unnamed"]["digest"]]
    for entry in unsigned.values():
        assert signatures(server, "team/app", entry["digest"]) == (0, 0)
    assert signatures(server, "team/else", inherited) == (0, 0)

    def by_hand(digest):
        return server.request("POST", f"/api/v1/repositories/team/app/images/{digest}/signatures", json={"rule": "release"})
    answer = by_hand(unsigned["silent"]["digest"])
    assert answer.status_code == 403 and "does not say" in answer.text
    answer = by_hand(unsigned["fails"]["digest"])
    assert answer.status_code == 403 and "passed" in answer.text
    assert by_hand(signed["ours"]["digest"]).json()["present"] == 2


def test_over_the_same_tag(place):
    """The repaired image takes the tag of the one that it repairs, which is remembered; and the deleted one is, too."""
    server, layout = place
    config = {"config": {"labels": {"BaseImage": f"{server.address}/team/app:old"}}}
    first = add(layout, "first", 1, {COPA: NOW}, config)["digest"]
    push(server, layout.folder, "first", "team/app", "old")
    wait_until(lambda: signatures(server, "team/app", first) == (1, 1))
    assert server.request("DELETE", f"/v2/team/app/manifests/{layout.old}").status_code == 202
    second = add(layout, "second", 2, {OURS: layout.old})["digest"]
    push(server, layout.folder, "second", "team/app")
    wait_until(lambda: signatures(server, "team/app", second) == (1, 1))


def test_indexes(server, assay, tmp_path):
    """An index that says it, and one whose images do, as Copacetic writes it; its members where the rule says so, those that were left as they were too."""
    set_up(server, make_key(assay, tmp_path / "key.pem"), "repaired", members=True)
    layout = Layout(tmp_path / "layout")
    old = layout.add_image("old", [gate.alpine_files(extra="old")])["digest"]
    push(server, layout.folder, "old", "team/app")

    def index(tag, members, **annotations):
        manifests = [{**{key: value for key, value in one.items() if key != "annotations"}, "platform": {"architecture": name, "os": "linux"}}
                     for one, name in zip(members, ("amd64", "arm64"))]
        entry = layout.add_manifest({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests,
                                     "annotations": annotations}, tag)
        push(server, layout.folder, tag, "team/app")
        return entry["digest"]
    marked, plain = add(layout, "marked", 1, {OURS: old}), add(layout, "plain", 2)
    alone, broken = add(layout, "alone", 3), add(layout, "broken", 4, {OURS: old}, files=BROKEN)
    by_member = index("by-member", [marked, plain], **{COPA_INDEX: NOW})
    by_itself = index("by-itself", [alone], **{OURS: old})
    fails = index("fails", [marked, broken], **{OURS: old})
    silent = index("silent", [add(layout, "other", 5)])
    for digest in (by_member, by_itself, marked["digest"], plain["digest"], alone["digest"]):
        wait_until(lambda digest=digest: signatures(server, "team/app", digest) == (1, 1))
    for digest in (fails, silent, broken["digest"]):
        assert signatures(server, "team/app", digest) == (0, 0)
    assert not events(server, "signature.failed")
    assert pull(server, "team/app", sig_tag(by_member)).status_code == 200
    assert len(json.loads(pull(server, "team/app", "by-member").text)["manifests"]) == 2
