"""The gate at pull: what a policy refuses cannot be pulled, by no client and in no way, and the client's user is told why."""
import datetime
import json
import lzma
import re
import shutil

import pytest

import gate
import hostile
import images
import keyless
import raw_http
import signed
from gate import FIXED, STRICT, import_advisories, pull, refusal, reload, rematches, wait_until
from oci_layout import CONFIG, MANIFEST, Layout, compress, digest_of, tar_of

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture
def alpine(tmp_path):
    """(layout, digest of its vulnerable image, digest of its fixed one)"""
    return gate.alpine_layout(tmp_path / "alpine")


# --- the whole, on real images ---

@pytest.mark.parametrize("suite", ["bullseye", "bookworm"])
def test_strict_refuses_what_apt_would_upgrade(suite, start_server, assay, skopeo, podman, push, security_data, tmp_path):
    """With the advisories of the security suite alone, which have no severities."""
    layout, data = images.debian_layout(suite), security_data(suite)
    server = start_server(policy="strict")
    shutil.copy(data / "advisories.db", server.data / "advisories.db")
    for tag in ("vulnerable", "upgraded"):
        push(server, layout, tag, "prod/debian")
    gate.wait_for_advisories(server)
    image = f"{server.address}/prod/debian"
    report = json.loads(assay("scan", "--data", data, "--policy", "strict", "--repository", "prod/debian", "--format",
                              "json", f"oci:{layout}:vulnerable", check=1).stdout)
    worst = report["verdict"]["reasons"][0]
    assert report["verdict"]["policy"] == "strict" and "CVE-" in worst and "fixed in" in worst

    for refused in (skopeo("copy", f"docker://{image}:vulnerable", f"dir:{tmp_path}/no", check=None),
                    podman("pull", "--tls-verify=false", f"{image}:vulnerable", check=None)):
        assert refused.returncode != 0
        shown = refused.stderr
        assert 'policy "strict" refuses' in shown.replace("\\", "") and worst in shown and "upgrade these packages" in shown
    # The gate, the scan and the API say the same, in the same words: one function judges.
    digest = skopeo("inspect", "--format", "{{.Digest}}", f"docker://{image}:upgraded").stdout.strip()
    assert server.get_json(f"/api/v1/images/{digest}/verdict?repository=prod/debian")["allowed"]
    digest = gate.digest_of_tag(layout, "vulnerable")
    verdict = server.get_json(f"/api/v1/images/{digest}/verdict?repository=prod/debian")
    assert verdict["reasons"] == report["verdict"]["reasons"] and not verdict["allowed"]

    skopeo("copy", f"docker://{image}:upgraded", f"dir:{tmp_path}/yes")
    podman("pull", "--tls-verify=false", f"{image}:upgraded")
    assay("scan", "--data", data, "--policy", "strict", "--repository", "prod/debian", f"oci:{layout}:upgraded")


# --- ways to ask ---

def test_log_has_the_first_reasons_of_a_refusal(start_server, assay, push, alpine):
    server = start_server(policy=STRICT)
    import_advisories(assay, server, gate.secdb(musl={FIXED["musl"]: [f"CVE-2020-{number}" for number in range(1000, 1008)]}))
    push(server, alpine[0], "vulnerable", "team/app")
    wait_until(lambda: "8 findings block" in refusal(server, "team/app", "vulnerable"))
    lines = [json.loads(line) for line in server.log_text().splitlines() if '"pull refused"' in line]
    reasons = lines[-1]["reasons"]
    assert reasons.count("CVE-2020-") == 5 and reasons.endswith("; and 3 more"), reasons


def test_tags_digests_and_members_of_an_index(start_server, assay, skopeo, podman, push, alpine, tmp_path):
    layout, vulnerable, fixed = alpine
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    push(server, layout, "vulnerable", "team/app")
    push(server, layout, "both", "team/app")
    wait_until(lambda: "CVE-2019-1547" in refusal(server, "team/app", "vulnerable"))
    message = refusal(server, "team/app", vulnerable)
    assert f'policy "strict" refuses team/app@{vulnerable[:19]}: 3 findings block: ' in message
    assert "CVE-2019-14697 (unknown counted as critical, musl 1.1.22-r2, fixed in 1.1.22-r3)" in message
    # The index leaves, each of its images only if it may.
    for reference in ("both", fixed):
        answer = pull(server, "team/app", reference)
        assert answer.status_code == 200, answer.text
    source = f"docker://{server.address}/team/app:both"
    refused = skopeo("copy", "--all", source, f"dir:{tmp_path}/all", check=None)
    assert refused.returncode != 0 and "CVE-2019-1547" in refused.stderr
    for told in (refused, skopeo("copy", source, f"dir:{tmp_path}/one", check=None),
                 podman("pull", "--tls-verify=false", source.removeprefix("docker://"), check=None)):
        assert told.returncode != 0 and told.stderr.count("findings block") == 1, f"told more than once: {told.stderr}"
    # HEAD tells that it is there: clients ask before they push what repairs it.
    head = pull(server, "team/app", "vulnerable", "HEAD")
    assert head.status_code == 200 and head.headers["Docker-Content-Digest"] == vulnerable
    push(server, layout, "fixed", "team/app", "vulnerable")
    assert pull(server, "team/app", "vulnerable").status_code == 200
    refusal(server, "team/app", vulnerable)


def test_blobs_are_not_gated(start_server, assay, push, alpine):
    """docs/policy.md: layers are shared with images that may leave; what makes an image of them is the manifest."""
    layout, vulnerable, _ = alpine
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    push(server, layout, "vulnerable", "team/app")
    refusal(server, "team/app", vulnerable)
    manifest = json.loads((layout / "blobs/sha256" / vulnerable.split(":")[1]).read_text())
    layer = manifest["layers"][0]["digest"]
    assert server.request("GET", f"/v2/team/app/blobs/{layer}").status_code == 200


# --- what was not, or cannot be, scanned ---

def test_an_image_without_advisories_is_unscanned(start_server, assay, push, alpine, tmp_path):
    layout, vulnerable, fixed = alpine
    server = start_server(policy=STRICT)
    push(server, layout, "fixed", "team/app")
    assert "it cannot be judged: there are no advisories yet" in refusal(server, "team/app", "fixed")
    name = f"{server.url.removeprefix('http://')}/team/app:fixed"
    told = assay("scan", "--data", server.data, "--offline", f"docker://{name}", check=2).stderr
    assert "DENIED: policy" in told and f"This registry's policy refuses the pull; `assay findings {name}` shows the findings" in told
    # Advisories for another distribution tell nothing of this one.
    import_advisories(assay, server, {**gate.secdb(musl={"1.2.4-r3": ["CVE-1"]}), "distroversion": "v3.18"})
    wait_until(lambda: "there are no advisories for alpine:3.10" in refusal(server, "team/app", "fixed"))
    scanned = assay("scan", "--data", server.data, "--policy", "strict", f"oci:{layout}:fixed", check=1)
    assert "there are no advisories for alpine:3.10" in scanned.stdout
    import_advisories(assay, server)
    wait_until(lambda: pull(server, "team/app", "fixed").status_code == 200)


def odd_images(layout):
    """Images that are none for one that looks at media types alone, or that cannot be scanned."""
    tar = tar_of(gate.alpine_files())
    manifest, careless = (json.loads((layout.folder / "blobs/sha256" / layout.add_image(None, [data])["digest"][7:]).read_text())
                          for data in (tar, hostile.careless_header("f") + tar))
    layer, config = manifest["layers"][0], manifest["config"]
    careless["layers"][0]["mediaType"] = "application/x-anything"
    foreign = {**layer, "mediaType": "application/x-anything"}
    xz = layout.add_blob(lzma.compress(tar), "application/x-anything")
    plain = layout.add_blob(tar, "application/x-anything")
    nearly = layout.add_blob(hostile.careless_header("f", checksum=b"x\0") + tar, "application/x-anything")
    other = layout.add_blob(compress(tar_of({"a": "b"}), "gzip"), layer["mediaType"])
    return {
        "foreign-type-beside": ({**manifest, "layers": [layer, foreign]}, "its scan failed: the image config names"),
        "foreign-type-alone": ({**manifest, "layers": [foreign]}, "findings block"),
        "plain-tar-of-foreign-type": ({**manifest, "layers": [plain]}, "findings block"),
        "xz-of-foreign-type": ({**manifest, "layers": [xz]}, "compressed by xz, which is not read"),
        "careless-tar-of-foreign-type": (careless, "findings block"),
        "nearly-a-tar-of-foreign-type": ({**manifest, "layers": [nearly]}, "its scan failed: layer"),
        **{f"config-{name}": ({**manifest, "config": {**config, "mediaType": type_}}, "findings block")
           for name, type_ in (("octets", "application/octet-stream"), ("json", "application/json"),
                               ("html", "text/html"), ("nothing", ""), ("anything", "application/x-anything"))},
        "config-that-go-alone-reads": ({**manifest, "config": layout.add_blob(
            b'{"RootFS": {"type": "layers", "diff_ids": ["%s"]}}' % digest_of(tar).encode(), "application/x-anything")},
            "its scan failed"),
        "docker-schema-2": ({**manifest, "mediaType": DOCKER_MANIFEST, "config": {**config, "mediaType": "application/x-anything"}},
                            "findings block"),
        "other-content-than-the-config-says": ({**manifest, "layers": [other]}, "its scan failed: layer"),
        "no-archive": ({**manifest, "layers": [layout.add_blob(b"\x1f\x8b" + b"x" * 600, layer["mediaType"])]},
                       "its scan failed"),
        "no-layers": ({**manifest, "layers": []}, "its scan failed"),
    }


def test_nothing_leaves_unscanned_under_a_disguise(start_server, assay, push, tmp_path):
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    layout = Layout(tmp_path / "odd")
    for name, (manifest, message) in odd_images(layout).items():
        layout.add_manifest(manifest, name)
        gate.push_layout(server, layout.folder, name, "team/odd")
        assert message in refusal(server, "team/odd", name), name


def test_one_body_under_two_media_types(start_server, assay, tmp_path):
    """Pushed as OCI's it is an artifact, and leaves; as Docker's schema 2 podman would unpack it."""
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    layout = Layout(tmp_path / "two")
    image = json.loads((layout.folder / "blobs/sha256" / layout.add_image(None, [gate.alpine_files()])["digest"][7:]).read_text())
    entry = layout.add_manifest({**image, "config": layout.add_blob(b"{}", "application/x-anything")}, "two")
    gate.push_layout(server, layout.folder, "two", "team/two")
    body = {key: value for key, value in json.loads((layout.folder / "blobs/sha256" / entry["digest"][7:]).read_text()).items()
            if key != "mediaType"}

    def put(repository, media_type):
        answer = server.request("PUT", f"/v2/{repository}/manifests/two", json=body, headers={"Content-Type": media_type})
        assert answer.status_code == 201, answer.text
    put("team/two", MANIFEST)
    assert pull(server, "team/two", "two").status_code == 200
    put("team/two", DOCKER_MANIFEST)
    assert "its scan failed" in refusal(server, "team/two", "two")


def test_no_manifest_that_clients_read_in_another_way(server, tmp_path):
    """Go's encoding/json takes "Layers" for "layers", and the last one wins: podman would run what was not scanned."""
    layout = Layout(tmp_path / "two")
    scanned, other = (json.loads((layout.folder / "blobs/sha256" / layout.add_image(None, [files])["digest"][7:]).read_text())
                      for files in (gate.alpine_files(**FIXED), gate.alpine_files()))
    for member in ("layers", "config"):
        for alias in (member.capitalize(), member.upper(), member.replace("s", "\u017f")):
            if alias == member:
                continue
            answer = server.request("PUT", "/v2/team/two/manifests/1", headers={"Content-Type": MANIFEST},
                                    data=json.dumps({**scanned, alias: other[member]}))
            assert answer.status_code == 400 and f'write \\"{member}\\", once' in answer.text, (alias, answer.text)
    body = json.dumps({**scanned, "x": [{}] * 1_000_000}, separators=(",", ":"))
    before = server.resident_bytes()
    answer = server.request("PUT", "/v2/team/two/manifests/1", data=body, headers={"Content-Type": MANIFEST})
    assert answer.status_code in (400, 413) and "more than 100000 values" in answer.text, answer.text
    assert server.resident_bytes() - before < 64 << 20


def test_a_package_database_that_cannot_be_read(start_server, assay, tmp_path):
    """Nobody knows what it lists: unscanned, and not free of packages."""
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    layout = Layout(tmp_path / "unread")
    rpm, fixed = "var/lib/rpm/rpmdb.sqlite", gate.alpine_files(**FIXED)
    broken = {rpm: b"SQLite format 3\0" + bytes(5000)}
    linked = {"var/lib/rpm": ("link", "/elsewhere")}
    for name, layers, unread in [
            ("alone", [broken], rpm), ("beside-another", [fixed, broken], rpm),
            ("link", [linked, {"elsewhere/rpmdb.sqlite": "x"}], rpm),
            ("link-to-nothing", [linked], "var/lib/rpm (a link to what no layer holds)"),
            ("over-a-good-one", [fixed, {"lib/apk/db/installed": "P:musl\n\n"}], "lib/apk/db/installed"),
            ("repaired", [{**broken, "lib/apk/db/installed": "P:x\n"}, {**fixed, "var/lib/.wh.rpm": ""}], None)]:
        layout.add_image(name, layers)
        gate.push_layout(server, layout.folder, name, "team/unread")
        scanned = assay("scan", "--data", server.data, "--policy", "strict", f"oci:{layout.folder}:{name}",
                        check=1 if unread else 0)
        if unread is None:
            assert pull(server, "team/unread", name).status_code == 200
            continue
        for told in (refusal(server, "team/unread", name), re.sub(r"\s+", " ", scanned.stdout)):
            assert f"its package database {unread} " in told and "could not be read whole" in told, (name, told)


def test_artifacts_leave(start_server, push, tmp_path):
    """A chart, and a signature that borrows an image's config, hold no file system."""
    server = start_server(policy=STRICT)
    layout = Layout(tmp_path / "artifacts")
    chart = {"schemaVersion": 2, "mediaType": MANIFEST,
             "config": layout.add_blob(b'{"name": "c"}', "application/vnd.cncf.helm.config.v1+json"),
             "layers": [layout.add_blob(compress(tar_of({"c/Chart.yaml": "name: c"}), "gzip"),
                                        "application/vnd.cncf.helm.chart.content.v1.tar+gzip")]}
    signature = {"schemaVersion": 2, "mediaType": MANIFEST,
                 "config": layout.add_blob(b'{"rootfs": {"type": "layers", "diff_ids": []}}', CONFIG),
                 "layers": [layout.add_blob(b'{"critical": {}}', "application/vnd.dev.cosign.simplesigning.v1+json")]}
    for name, manifest in (("chart", chart), ("signature", signature)):
        layout.add_manifest(manifest, name)
        gate.push_layout(server, layout.folder, name, "team/artifacts")
        assert pull(server, "team/artifacts", name).status_code == 200
    states = {image["tags"][0]: image["scan"]["state"]
              for image in server.get_json("/api/v1/repositories/team/artifacts/images")["images"]}
    assert states == {"chart": "not-applicable", "signature": "done"}


# --- policies that change, and verdicts that turn by themselves ---

def policy_until(moment):
    return f"""policies:
  - name: graced
    namespaces: [graced/*]
    vulnerabilities: {{block: [high], grace: 4s}}
  - name: excused
    namespaces: [excused/*]
    vulnerabilities: {{block: [high]}}
    allowlist:
      - {{id: CVE-2019-14697, reason: not reachable}}
      - {{id: CVE-2019-1547, reason: fixed in the next release, expires: "{moment}"}}
      - {{id: CVE-2019-1563, package: openssl, reason: as above, expires: "{moment}"}}
  - name: dry
    namespaces: [dry/*]
    mode: dry-run
    vulnerabilities: {{block: [high]}}
  - {{name: rest, namespaces: ['**'], vulnerabilities: {{block: [high]}}}}
"""


def test_namespaces_grace_and_expiry(start_server, assay, push, alpine):
    layout, vulnerable, _ = alpine
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    push(server, layout, "vulnerable", "rest/app")
    wait_until(lambda: "CVE-2019-1547" in refusal(server, "rest/app", "vulnerable"))
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=5)
    reload(server, policy_until(moment.isoformat(timespec="milliseconds")))
    for namespace in ("graced", "excused", "dry"):
        push(server, layout, "vulnerable", f"{namespace}/app")
        # Asked twice: what is remembered must not outlive its time.
        answers = [pull(server, f"{namespace}/app", "vulnerable") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200], (namespace, answers[0].text)
    assert 'policy "rest" refuses' in refusal(server, "rest/app", "vulnerable")
    graced, dry = pull(server, "graced/app", "vulnerable"), pull(server, "dry/app", "vulnerable")
    assert "blocks when its grace ends" in graced.headers["Warning"]
    assert "would refuse dry/app:vulnerable: 3 findings block" in dry.headers["Warning"].replace("\\", "")

    wait_until(lambda: pull(server, "graced/app", "vulnerable").status_code == 403, 20)
    wait_until(lambda: pull(server, "excused/app", "vulnerable").status_code == 403, 20)
    assert datetime.datetime.now(datetime.timezone.utc) >= moment
    assert "2 findings block" in refusal(server, "excused/app", "vulnerable")
    assert "the exemption of CVE-2019-1547 ended on 2" in refusal(server, "excused/app", "vulnerable")
    verdict = server.get_json(f"/api/v1/images/{vulnerable}/verdict?repository=excused/app")
    assert [(one["what"], one["reason"], one["ended"]) for one in verdict["exemptions"]] == [
        (["CVE-2019-14697"], "not reachable", False), (["CVE-2019-1547"], "fixed in the next release", True),
        (["CVE-2019-1563"], "as above", True)]
    assert verdict["ignored"] == 1


def test_exemptions(start_server, assay, push, alpine):
    """They are told wherever findings are, before they end, and in the refusal when they have."""
    layout, vulnerable, _ = alpine
    today = datetime.datetime.now(datetime.timezone.utc).date()
    soon, past = today + datetime.timedelta(days=3), today - datetime.timedelta(days=3)
    policy = (f"policies: [{{name: p, namespaces: ['**'], vulnerabilities: {{block: [high]}}}}]\n"
              f"exemptions:\n"
              f"  - {{ids: [cve-2019-14697], repositories: ['team/*'], reason: not reachable}}\n"
              f"  - {{packages: 'libcrypto*', repositories: ['team/*'], reason: next release, expires: {soon}}}\n"
              f"  - {{packages: openssl, repositories: old/*, reason: was to be soon, expires: {past}}}\n")
    server = start_server(policy=policy)
    import_advisories(assay, server)
    assert [gate.metric(server, f'assay_policy_exemptions{{state="{state}"}}') for state in ("active", "ending", "ended")] == [2, 1, 1]
    end = datetime.datetime.combine(soon, datetime.time(23, 59, 59), datetime.timezone.utc)
    assert gate.metric(server, "assay_policy_exemption_next_end_seconds") == end.timestamp()
    told = [event["detail"] for event in server.log_events() if event["message"] == "an exemption of the policy needs attention"]
    assert told == [f"the exemption of all findings in libcrypto* of team/* ends on {soon} (next release)",
                    f"the exemption of all findings in openssl of old/* ended on {past} (was to be soon)"]
    for repository in ("team/app", "old/app"):
        push(server, layout, "vulnerable", repository)
    message = wait_until(lambda: "findings block" in refusal(server, "old/app", "vulnerable") and refusal(server, "old/app", "vulnerable"))
    assert f"and 1 more finding ended on {past} (was to be soon)" in message and "CVE-2019-14697" in message
    answer = pull(server, "team/app", "vulnerable")
    assert answer.status_code == 200 and f"ends on {soon} (next release)" in answer.headers["Warning"]

    def exempt(repository):
        findings = server.get_json(f"/api/v1/images/{vulnerable}/findings?repository={repository}")["findings"]
        return {finding["id"]: finding.get("exemption") for finding in findings}
    until = end.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert exempt("team/app") == {
        "CVE-2019-14697": {"reason": "not reachable"}, "CVE-2019-1547": {"reason": "next release", "until": until},
        "CVE-2019-1563": {"reason": "next release", "until": until}}
    assert set(exempt("old/app").values()) == {None}
    shown = assay("findings", "--server", server.url, "team/app:vulnerable").stdout
    assert "verdict: allowed by policy \"p\"" in shown and "CVE-2019-14697 (exempt)" in shown
    assert "exempt: CVE-2019-14697, for good: not reachable" in shown
    assert f"until {soon}: next release" in shown
    shown = assay("findings", "--server", server.url, "old/app:vulnerable").stdout
    assert f"ended on {past}: was to be soon" in shown and "(exempt)" not in shown
    scanned = json.loads(assay("scan", "--data", server.data, "--format", "json", "--policy", server.folder / "policy.yaml",
                               "--repository", "team/app", f"oci:{layout}:vulnerable").stdout)
    assert {finding["id"]: finding.get("exemption") for finding in scanned["findings"]} == exempt("team/app")
    assert scanned["verdict"]["exemptions"] == server.get_json(f"/api/v1/images/{vulnerable}/verdict?repository=team/app")["exemptions"]
    assert scanned["kinds"] == {"vulnerability": 3, "malware": 0, "secret": 0, "baseline": 0, "configuration": 0}


def test_a_new_policy_and_a_broken_one(start_server, assay, push, alpine):
    layout, _, _ = alpine
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    push(server, layout, "vulnerable", "team/app")
    wait_until(lambda: "findings block" in refusal(server, "team/app", "vulnerable"))
    reload(server, STRICT.replace("critical]", "grave]"))
    assert "policy.yaml:2:84: policy \\\"strict\\\": vulnerabilities.block[0]: must be critical, " in server.log_text()
    refusal(server, "team/app", "vulnerable")
    reload(server, "policies:\n  - {name: other, namespaces: [other/**], unscanned: block}\n")
    assert pull(server, "team/app", "vulnerable").status_code == 200
    reload(server, STRICT)
    refusal(server, "team/app", "vulnerable")


def test_advisories_that_change(start_server, assay, push, alpine):
    """Every image is judged and counted anew, without a push, and without a layer: these are gone."""
    layout, vulnerable, fixed = alpine
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    for tag in ("vulnerable", "fixed"):
        push(server, layout, tag, "team/app")
    wait_until(lambda: pull(server, "team/app", "fixed").status_code == 200)
    refusal(server, "team/app", "vulnerable")
    read, matched = gate.inspections(server), rematches(server)
    for blob in (server.data / "blobs").rglob("*"):
        if blob.is_file() and blob.read_bytes()[:2] == b"\x1f\x8b":
            blob.unlink()
    import_advisories(assay, server, gate.secdb(musl={"1.1.22-r4": ["CVE-2030-1"], "1.1.22-r3": ["CVE-2019-14697"]}))
    message = wait_until(lambda: pull(server, "team/app", "fixed").status_code == 403 and refusal(server, "team/app", "fixed"))
    assert "1 finding blocks: CVE-2030-1" in message
    assert "2 findings block" in refusal(server, "team/app", "vulnerable")
    wait_until(lambda: rematches(server) > matched)
    counts = {digest: server.wait_for_scan("team/app", digest)["fixable"]["unknown"] for digest in (vulnerable, fixed)}
    assert counts == {vulnerable: 2, fixed: 1}
    import_advisories(assay, server, gate.secdb(other={"1-r0": ["CVE-2030-2"]}))
    wait_until(lambda: [pull(server, "team/app", tag).status_code for tag in ("fixed", "vulnerable")] == [200, 200])
    assert gate.inspections(server) == read


def test_what_was_pushed_twice_is_known(start_server, assay, push, alpine, tmp_path):
    """Layers that images share are read once; an image that is pushed again is not scanned again."""
    server = start_server(policy=STRICT)
    import_advisories(assay, server)
    layout = Layout(tmp_path / "shared")
    base = tar_of(gate.alpine_files(**FIXED))
    digests = [layout.add_image(f"v{i}", [base, {"srv/file": f"{i}"}])["digest"] for i in range(4)]
    for again in range(2):
        for i in range(4):
            push(server, layout.folder, f"v{i}", f"team/app{again}")
    for digest in digests:
        assert server.wait_for_scan("team/app1", digest)["state"] == "done"
    assert gate.inspections(server) == 5 and gate.metric(server, "assay_images_scanned_total") == 4
    assert (gate.rows(server, "images"), gate.rows(server, "packages"), gate.rows(server, "layer_inventories")) == (4, 3, 5)


def test_the_examples_of_the_guide_are_policies(assay, tmp_path):
    """They load; the guide's `strict` is the built-in one."""
    guide = (images.ROOT / "docs/policy.md").read_text()
    examples = re.findall(r"^```yaml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    assert len(examples) == 9
    for name in ("release", "release-2025", "security", "qa", "scanner"):
        (tmp_path / f"{name}.pub").write_text(signed.Signer().pem)
    (tmp_path / "ci-ca.pem").write_text(signed.Authority().pem)
    (tmp_path / "trusted_root.json").write_text(keyless.Instance().root())
    for folder in ("production", "all"):
        (tmp_path / "vex.d" / folder).mkdir(parents=True)
    (tmp_path / "vendor.csaf.json").write_text('{"document": {"csaf_version": "2.0", "publisher": {"name": "V"}}}')
    layout = gate.alpine_layout(tmp_path / "alpine")[0]
    advisories = tmp_path / "secdb.json"
    advisories.write_text(json.dumps(images.ALPINE_SECDB))
    assay("db", "import", "--data", tmp_path / "data", "--type", "alpine-secdb", advisories)

    def judge(policy):
        report = assay("scan", "--data", tmp_path / "data", "--format", "json", "--policy", policy, "--repository", "prod/app",
                       f"oci:{layout}:vulnerable", check=1)
        return json.loads(report.stdout)["verdict"]
    verdicts = []  # all of them refuse it
    for number, text in enumerate(examples):
        (tmp_path / f"{number}.yaml").write_text(text)
        verdicts.append(judge(tmp_path / f"{number}.yaml"))
    assert [verdict["policy"] for verdict in verdicts] == ["production", "production", "production", "production", "all", "production", "production", "production", "strict"]
    assert verdicts[-1] == judge("strict")


ARCH = {"etc/os-release": "ID=arch\nPRETTY_NAME='Arch Linux'\n", "usr/bin/pacman": "pacman"}
BLOCKING = "policies: [{name: all, namespaces: ['**'], vulnerabilities: {block: [critical, high, medium, low, negligible, unknown]}}]\n"


def warnings(answer):
    return [part for part in answer.headers.get("Warning", "").split("299 - ") if part]


def test_no_advisories_open_no_gate(start_server, assay, push, tiny):
    """A policy that blocks findings wants them looked for; only where it says so, what is unscanned leaves, and that is told."""
    server = start_server(policy=BLOCKING)
    push(server, tiny, "latest", "team/app")
    assert "it cannot be judged: there are no advisories yet" in refusal(server, "team/app", "latest")
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    assert "there are no advisories for debian:12 (deb packages), so it counts as unscanned" in refusal(server, "team/app", "latest")
    reload(server, BLOCKING.replace("vulnerabilities", "unscanned: allow, vulnerabilities"))
    answer = pull(server, "team/app", "latest")
    assert answer.status_code == 200 and "unscanned: there are no advisories for debian:12 (deb packages)" in answer.headers["Warning"]
    reload(server, BLOCKING.replace("vulnerabilities", "mode: dry-run, vulnerabilities"))
    answer = pull(server, "team/app", "latest")
    assert answer.status_code == 200 and "policy 'all' would refuse team/app:latest: there are no advisories" in answer.headers["Warning"]


def test_what_nothing_is_known_of_is_unscanned(start_server, assay, tmp_path):
    server = start_server(policy=BLOCKING)
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    layout = Layout(tmp_path / "unknown")
    fixed = gate.alpine_files(**FIXED)
    for name, layers, says in [
            ("removed", [fixed, {"lib/apk/db/.wh.installed": ""}], "it says that it is Alpine Linux v3.10"),
            ("garbage", [fixed, {"lib/apk/db/installed": "\x01" * 5000}], "its package database lib/apk/db/installed could not be read whole"),
            ("arch", [ARCH], "it says that it is Arch Linux"),
            ("program", [{"app": "\x7fELF"}], "it is not empty, but has neither"),
            ("empty", [{}], None), ("known", [fixed], None)]:
        layout.add_image(name, layers)
        digest = raw_http.push_layout(server, f"team/{name}", name, layout.folder)
        scan = server.wait_for_scan(f"team/{name}", digest)
        listed = assay("images", "--server", server.url, f"team/{name}").stdout
        found = server.get_json(f"/api/v1/images/{digest}/findings")
        shown = assay("findings", "--server", server.url, f"team/{name}:{name}").stdout
        if says is None:
            assert pull(server, f"team/{name}", name).status_code == 200 and scan["incomplete"] == found["incomplete"] == []
            assert "incomplete" not in shown
            continue
        assert says in refusal(server, f"team/{name}", name), name
        assert says in scan["incomplete"][0] and says in found["incomplete"][0] and "not known" in listed
        assert f"incomplete: {found['incomplete'][0]}" in shown


def test_without_a_policy_what_is_unscanned_is_told(start_server, assay, push, alpine, tiny):
    """By a header at every pull, also one from memory, and by a line in the log when something of it changed."""
    layout, vulnerable, _ = alpine
    server = start_server()

    def logged():
        return sum(event["message"] == "an unscanned image was pulled" for event in server.log_events())
    push(server, tiny, "latest", "team/debian")
    push(server, layout, "vulnerable", "team/app")
    server.wait_for_scan("team/app", vulnerable)
    server.wait_for_scan("team/debian", gate.digest_of_tag(tiny, "latest"))
    for repository, reference in (("team/app", "vulnerable"), ("team/app", vulnerable)):
        for _ in range(2):
            answer = pull(server, repository, reference)
            assert answer.status_code == 200 and warnings(answer) == ['"unscanned: there are no advisories yet"']
    # What the start still works out may change in between, once.
    assert 2 <= logged() <= 3
    import_advisories(assay, server)
    gate.wait_for_advisories(server)
    wait_until(lambda: not warnings(pull(server, "team/app", "vulnerable")))
    wait_until(lambda: warnings(pull(server, "team/debian", "latest")) == ['"unscanned: there are no advisories for 2 of its 2 packages"'])
    before = logged()
    assert not warnings(pull(server, "team/app", vulnerable)) and logged() == before
