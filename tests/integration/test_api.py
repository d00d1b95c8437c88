"""/api/v1 on an image of known findings: each filter, sort and page, each error; and docs/openapi.yaml holds for all of it."""
import json
import re

import jsonschema
import pytest
import yaml

import images
import raw_http
from assay_server import ROOT, Server, run_assay
from oci_layout import Layout

DESCRIPTION = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
NOWHERE = "sha256:" + "0" * 64


def described(path, method="get"):
    """(path template, operation) of docs/openapi.yaml that a path of a request belongs to."""
    path = path.partition("?")[0]
    for template, item in DESCRIPTION["paths"].items():
        pattern = re.escape(template).replace(r"\{name\}", ".+").replace(r"\{digest\}", "[^/]+").replace(r"\{id\}", "[^/]+") \
            .replace(r"\{provider\}", "[^/]+")
        if re.fullmatch(pattern, path):
            return template, item[method]
    raise AssertionError(f"docs/openapi.yaml lacks {path}")


def resolved(node):
    while "$ref" in node:
        target = DESCRIPTION
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def check_schema(value, schema):
    jsonschema.Draft202012Validator({**schema, "components": DESCRIPTION["components"]},
                                    format_checker=jsonschema.FormatChecker()).validate(value)


def check_described(path, answer, method="get"):
    """The answer is one that the description promises."""
    _, operation = described(path, method)
    status = str(answer.status_code)
    assert status in operation["responses"], f"{method} {path}: {status} is not described"
    response = resolved(operation["responses"][status])
    media_type = answer.headers["Content-Type"].partition(";")[0]
    schema = response["content"][media_type]["schema"]
    check_schema(answer.json() if media_type.endswith("json") else answer.text, schema)
    for name, header in response.get("headers", {}).items():
        if name == "X-Request-Id":
            assert re.fullmatch(resolved(header)["schema"]["pattern"], answer.headers[name])


# What several feeds say: the distribution, one with texts and scores, and both overlays.
OSV = {"id": "CVE-2021-3450", "aliases": ["GHSA-8hfj-xrj2-pm22"], "summary": "CA certificate check bypass",
       "details": "The X509_V_FLAG_X509_STRICT flag is overridden.", "published": "2021-03-25T15:15:00Z",
       "modified": "2023-11-07T03:38:00Z",
       "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N"}],
       "references": [{"type": "ADVISORY", "url": "https://www.openssl.org/news/secadv/20210325.txt"}],
       "affected": [{"package": {"ecosystem": "Alpine:v3.10", "name": "openssl"},
                     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1.1k-r0"}]}]}]}
SECDB = {"distroversion": "v3.10", "reponame": "main", "packages": [
    {"pkg": {"name": "openssl", "secfixes": {"1.1.1d-r0": ["CVE-2019-1547", "CVE-2019-1563"], "1.1.1k-r0": ["CVE-2021-3450"]}}},
    {"pkg": {"name": "musl", "secfixes": {"1.1.22-r3": ["CVE-2019-14697"]}}},
    {"pkg": {"name": "busybox", "secfixes": {"1.30.1-r5": ["CVE-2021-28831"]}}}]}
KEV = {"title": "CISA Catalog", "catalogVersion": "2026.11.25", "count": 1, "vulnerabilities": [
    {"cveID": "CVE-2021-3450", "vendorProject": "OpenSSL", "product": "OpenSSL", "vulnerabilityName": "OpenSSL bypass",
     "dateAdded": "2021-11-03", "shortDescription": "A flag is ignored.", "requiredAction": "Apply updates.",
     "dueDate": "2021-11-17"}]}
EPSS = "#model_version:v2023.03.01,score_date:2026-11-24T00:00:00+0000\ncve,epss,percentile\n" \
       "CVE-2019-1547,0.00100,0.30000\nCVE-2019-14697,0.90000,0.99000\nCVE-2021-3450,0.50000,0.95000\n"


class Registry:
    """A server with advisories and the images that the tests look at."""

    def __init__(self, server, folder):
        self.server = server
        self.image = raw_http.push_layout(server, "team/app", "v1", images.alpine_layout(folder / "alpine", "v1"))
        server.wait_for_scan("team/app", self.image)
        self.plain = raw_http.push_layout(server, "team/app", "v2", images.tiny_layout(folder / "tiny", "v2"))
        self.index = raw_http.push_layout(server, "team/many", "latest", images.index_layout(folder / "index"))
        broken = Layout(folder / "broken")
        broken.add_image("bad", [b"this is no tar at all" * 100])
        self.broken = raw_http.push_layout(server, "team/broken", "bad", folder / "broken")
        server.wait_for_scan("team/app", self.plain)
        server.wait_for_scan("team/broken", self.broken)

    def get(self, path, status=200):
        """The JSON of an answer that must have that status and be as described."""
        answer = self.server.request("GET", path)
        assert answer.status_code == status, f"GET {path}: {answer.status_code} {answer.text}"
        check_described(path, answer)
        return answer.json()

    def findings(self, query=""):
        return self.get(f"/api/v1/images/{self.image}/findings?{query}")

    def ids(self, query=""):
        return [(found["id"], found["package"]) for found in self.findings(query)["findings"]]


@pytest.fixture(scope="module")
def registry(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    policy = "policies:\n  - name: no-high\n    namespaces: ['team/**']\n    unscanned: allow\n    vulnerabilities: {block: [critical, high]}\n" \
             "  - {name: low, namespaces: ['low/**'], vulnerabilities: {unknown_as: low}}\n"
    server = Server(program, folder / "server", policy=policy)
    for kind, name, content in [("alpine-secdb", "secdb.json", json.dumps(SECDB)), ("osv", "osv.json", json.dumps(OSV)),
                                ("kev", "kev.json", json.dumps(KEV)), ("epss", "epss.csv", EPSS)]:
        (folder / name).write_text(content)
        run_assay(program, "db", "import", "--data", server.data, "--type", kind, folder / name, log_prefix=folder / "log")
    server.start()
    yield Registry(server, folder)
    server.stop()


BYPASS, MUSL, TIMING, ORACLE, BUSYBOX = ("CVE-2021-3450", "libcrypto1.1"), ("CVE-2019-14697", "musl"), \
    ("CVE-2019-1547", "libcrypto1.1"), ("CVE-2019-1563", "libcrypto1.1"), ("CVE-2021-28831", "busybox")
ALL = {BYPASS, MUSL, TIMING, ORACLE, BUSYBOX}


def test_a_finding_carries_all_that_is_known(registry):
    found = next(one for one in registry.findings()["findings"] if one["id"] == "CVE-2021-3450")
    assert found["aliases"] == ["GHSA-8hfj-xrj2-pm22"]
    assert found["title"] == "CA certificate check bypass" and "X509_STRICT" in found["description"]
    assert found["severity"] == "high" and found["severity_source"]
    assert found["cvss_vector"] == OSV["severity"][0]["score"] and found["cvss_score"] == 7.4
    assert found["epss_score"] == 0.5 and found["epss_percentile"] == 0.95
    assert found["known_exploited"] is True and found["known_exploited_due"] == "2021-11-17"
    assert (found["package_type"], found["package"], found["source_package"]) == ("apk", "libcrypto1.1", "openssl")
    assert (found["installed_version"], found["fixed_version"]) == ("1.1.1c-r0", "1.1.1k-r0")
    assert "1.1.1k-r0" in found["affected"] and "1.1.1k-r0" in found["remedy"]
    assert found["location"] == "lib/apk/db/installed" and found["layer"].startswith("sha256:")
    assert "https://www.openssl.org/news/secadv/20210325.txt" in found["references"]
    assert found["published"].startswith("2021-03-25") and found["feed"]


@pytest.mark.parametrize("query,expected", [
    ("", ALL),
    ("severity=high", ALL),
    ("severity=unknown", ALL - {BYPASS}),
    ("severity=high,unknown", ALL),
    ("severity=critical,low", set()),
    ("severity=high&repository=nowhere/app", ALL),
    ("severity=high&repository=low/app", {BYPASS}),
    ("severity=low&repository=low/app", ALL - {BYPASS}),
    ("fixable=true", ALL),
    ("fixable=false", ALL),
    ("known_exploited=true", {BYPASS}),
    ("package=musl", {MUSL}),
    ("package=openssl", {BYPASS, TIMING, ORACLE}),
    ("package=libcrypto1.1&severity=unknown", {TIMING, ORACLE}),
    ("state=fixed", ALL),
    ("state=will-not-fix", set()),
    ("q=cve-2019", {MUSL, TIMING, ORACLE}),
    ("q=BYPASS", {BYPASS}),
    ("q=ghsa-8hfj", {BYPASS}),
    ("q=%25", set()),
])
def test_filters(registry, query, expected):
    assert set(registry.ids(query)) == expected
    answer = registry.findings(query)
    assert answer["total"] == answer["kinds"]["vulnerability"] == len(expected)


def test_unknown_counts(registry):
    """As the policy counts it; and the answer says so."""
    notes = [registry.findings(query)["notes"] for query in ("severity=high", "severity=high,unknown", "severity=low&repository=low/app")]
    shown = "4 of the findings have a fix and no severity: they are counted as {}, as policies do unless they say otherwise"
    assert [[note for note in each if "counted as" in note] for each in notes] == [[shown.format("high")], [], [shown.format("low")]]


@pytest.mark.parametrize("sort,expected", [
    ("severity", [BYPASS, MUSL, TIMING, ORACLE, BUSYBOX]),
    ("id", [MUSL, TIMING, ORACLE, BYPASS, BUSYBOX]),
    ("package", [BUSYBOX, BYPASS, TIMING, ORACLE, MUSL]),
    ("epss", [MUSL, BYPASS, TIMING, ORACLE, BUSYBOX]),
    ("cvss", [BYPASS, MUSL, TIMING, ORACLE, BUSYBOX]),
])
def test_sort(registry, sort, expected):
    if sort == "id":
        expected = sorted(expected)
    assert registry.ids(f"sort={sort}") == expected


def test_pages_of_findings(registry):
    whole = registry.ids("sort=id")
    pages = [registry.findings(f"sort=id&limit=2&offset={offset}") for offset in (0, 2, 4, 6)]
    assert [[(one["id"], one["package"]) for one in page["findings"]] for page in pages] == [whole[:2], whole[2:4], whole[4:], []]
    assert all((page["total"], page["limit"]) == (5, 2) for page in pages)


def test_packages(registry):
    path = f"/api/v1/images/{registry.image}/packages"
    answer = registry.get(path)
    assert {(one["name"], one["version"]) for one in answer["packages"]} == {
        ("musl", "1.1.22-r2"), ("libcrypto1.1", "1.1.1c-r0"), ("busybox", "1.30.1-r2")}
    names = [one["name"] for one in answer["packages"]]
    pages = [registry.get(f"{path}?limit=2&offset={offset}") for offset in (0, 2, 4)]
    assert [[one["name"] for one in page["packages"]] for page in pages] == [names[:2], names[2:], []]
    assert all(page["total"] == 3 for page in pages)


@pytest.mark.parametrize("form,member", [("cyclonedx", "components"), ("spdx", "packages")])
def test_sbom(registry, form, member):
    path = f"/api/v1/images/{registry.image}/sbom?format={form}&repository=team/app"
    bill = registry.get(path)
    assert {"musl", "libcrypto1.1", "busybox", "alpine"} <= {one["name"] for one in bill[member]}
    assert f"team/app@{registry.image}" in json.dumps(bill)
    assert registry.get(path) == bill
    assert registry.get(f"/api/v1/images/{registry.image}/sbom")["bomFormat"] == "CycloneDX"


def test_shed(registry):
    path = f"/api/v1/images/{registry.image}/shed"
    answer = registry.get(path)
    assert answer["digest"] == registry.image and answer["layers"][0]["bytes"] > 0 and not answer["at_least"]
    assert answer["sheds"] == answer["layers"][0]["sheds"] and answer["bytes"] == answer["layers"][0]["bytes"]
    found = registry.get(f"/api/v1/images/{registry.image}/findings")["total"]
    assert sum(sum(counts.values()) for counts in [answer["findings_of_image"], *(one["findings"] for one in answer["layers"])]) == found
    pages = [registry.get(f"{path}?limit=1&offset={offset}") for offset in range(answer["total"] + 1)]
    assert [page["files"] for page in pages] == [*([file] for file in answer["files"]), []]


def test_verdict(registry):
    refused = registry.get(f"/api/v1/images/{registry.image}/verdict?repository=team/app")
    assert refused["allowed"] is False and refused["policy"] == "no-high"
    assert refused["blocking"] == 5, "what has no severity but a fix counts as high"
    assert "CVE-2021-3450" in refused["message"] and "1.1.1k-r0" in refused["message"]
    allowed = registry.get(f"/api/v1/images/{registry.plain}/verdict?repository=team/app")
    assert allowed["allowed"] is True and allowed["unscanned"] is True and refused["unscanned"] is False
    assert allowed["warnings"] == ["unscanned: there are no advisories for debian:12 (deb packages)"]


def test_images(registry):
    path = "/api/v1/repositories/team/app/images"
    both = registry.get(path)
    assert both["total"] == 2 and {tuple(one["tags"]) for one in both["images"]} == {("v1",), ("v2",)}
    first = next(one for one in both["images"] if one["tags"] == ["v1"])
    assert first["scan"]["state"] == "done" and first["scan"]["packages"] == 3 and "3.10" in first["scan"]["os"]
    assert first["scan"]["findings"]["high"] == 1 and first["scan"]["findings"]["unknown"] == 4
    pages = [registry.get(f"{path}?limit=1&offset={offset}") for offset in (0, 1, 2)]
    assert [[one["digest"] for one in page["images"]] for page in pages] == [
        [both["images"][0]["digest"]], [both["images"][1]["digest"]], []]
    for reference, digests in [("v1", [registry.image]), (registry.plain, [registry.plain]), ("v3", []), (NOWHERE, [])]:
        found = registry.get(f"{path}?reference={reference}")
        assert [one["digest"] for one in found["images"]] == digests and found["total"] == len(digests)
    broken = registry.get("/api/v1/repositories/team/broken/images")["images"][0]["scan"]
    assert broken["state"] == "failed" and broken["error"]


def test_repositories_come_in_pages(registry):
    for name in ("zz/1", "zz/2", "zz/3"):
        raw_http.push_blob(registry.server, name, b"x")
    names, last = [], ""
    while last is not None:
        page = registry.get(f"/api/v1/repositories?limit=2&last={last}")
        assert 0 < len(page["repositories"]) <= 2
        names += [one["name"] for one in page["repositories"]]
        last = page.get("next")
    assert names == ["team/app", "team/broken", "team/many", "zz/1", "zz/2", "zz/3"]
    assert registry.get("/api/v1/repositories?last=zz/3") == {"limit": 100, "repositories": []}


@pytest.mark.parametrize("path,status,code,says", [
    ("/api/v1/repositories?limit=0", 400, "INVALID", "?limit="),
    ("/api/v1/repositories?limit=1001", 400, "INVALID", "1000"),
    ("/api/v1/repositories?limit=-1", 400, "INVALID", "?limit="),
    ("/api/v1/repositories?limit=", 400, "INVALID", "?limit="),
    ("/api/v1/repositories/never/images", 404, "NAME_UNKNOWN", "never"),
    ("/api/v1/repositories/UPPER/images", 400, "NAME_INVALID", "UPPER"),
    ("/api/v1/repositories/team/app/images?offset=x", 400, "INVALID", "?offset="),
    ("/api/v1/repositories/team/app/images?offset=4294967296", 400, "INVALID", "?offset="),
    (f"/api/v1/images/{NOWHERE}/findings", 404, "NOT_FOUND", NOWHERE),
    (f"/api/v1/images/{NOWHERE}/packages", 404, "NOT_FOUND", NOWHERE),
    (f"/api/v1/images/{NOWHERE}/verdict?repository=team/app", 404, "MANIFEST_UNKNOWN", NOWHERE),
    ("/api/v1/images/nonsense/findings", 400, "DIGEST_INVALID", "nonsense"),
    ("/api/v1/images/sha256:12/packages", 400, "DIGEST_INVALID", "sha256:12"),
    ("/api/v1/images/latest/verdict?repository=team/app", 400, "DIGEST_INVALID", "latest"),
    ("/api/v1/images/IMAGE/findings?limit=0", 400, "INVALID", "?limit="),
    ("/api/v1/images/IMAGE/findings?severity=worst", 400, "INVALID", "worst"),
    ("/api/v1/images/IMAGE/findings?state=maybe", 400, "INVALID", "maybe"),
    ("/api/v1/images/IMAGE/findings?sort=colour", 400, "INVALID", "?sort="),
    ("/api/v1/images/IMAGE/findings?fixable=1", 400, "INVALID", "?fixable="),
    ("/api/v1/images/IMAGE/findings?known_exploited=yes", 400, "INVALID", "?known_exploited="),
    ("/api/v1/images/IMAGE/verdict", 400, "INVALID", "?repository="),
    ("/api/v1/images/IMAGE/verdict?repository=team/never", 404, "MANIFEST_UNKNOWN", "team/never"),
    ("/api/v1/images/IMAGE/verdict?repository=team/many", 404, "MANIFEST_UNKNOWN", "sha256:"),
    ("/api/v1/images/IMAGE/sbom?format=table", 400, "INVALID", "?format="),
    ("/api/v1/images/BROKEN/sbom", 409, "UNSCANNED", "failed"),
    ("/api/v1/images/BROKEN/shed", 409, "UNSCANNED", "failed"),
    ("/api/v1/images/IMAGE/shed?limit=0", 400, "INVALID", "?limit="),
    ("/api/v1/images/BROKEN/findings", 409, "UNSCANNED", "failed"),
    ("/api/v1/images/BROKEN/packages", 409, "UNSCANNED", "failed"),
    ("/api/v1/images/INDEX/findings", 409, "UNSCANNED", "index"),
    ("/api/v1/images/INDEX/packages", 409, "UNSCANNED", "index"),
])
def test_errors(registry, path, status, code, says):
    path = path.replace("IMAGE", registry.image).replace("BROKEN", registry.broken).replace("INDEX", registry.index)
    problem = registry.get(path, status)
    assert problem["code"] == code and problem["status"] == status and says in problem["detail"]
    assert problem["type"] == "urn:assay:problem:" + code.lower().replace("_", "-") and problem["title"]


def test_a_problem_names_its_request(registry):
    answer = registry.server.request("GET", "/api/v1/images/nonsense/findings", headers={"X-Request-Id": "my-own-1"})
    assert answer.json()["instance"] == "urn:assay:request:my-own-1" == "urn:assay:request:" + answer.headers["X-Request-Id"]


def is_problem(answer):
    media_type, problem = answer.headers["Content-Type"], answer.json()
    check_schema(problem, {"$ref": "#/components/schemas/Problem"})
    return media_type == "application/problem+json" and problem["status"] == answer.status_code


def paths_of_the_api():
    """(method, path) of each operation of /api/v1, with something in each place that nothing is called."""
    for path, item in DESCRIPTION["paths"].items():
        if path.startswith("/api/"):
            for method in item.keys() - {"parameters"}:
                yield method.upper(), re.sub(r"\{(\w+)\}", lambda name: NOWHERE if name[1] == "digest" else "nowhere", path)


def test_each_error_of_the_api_is_a_problem(registry, program, tmp_path):
    """Of every route: what has no sense, what is too much, what nobody may, and what is not there."""
    closed = Server(program, tmp_path / "closed", "access: {mode: closed}")
    closed.start()
    refused = {}
    for method, path in paths_of_the_api():
        bodies = [b"{", b"[]"] if method in {"POST", "PUT", "PATCH"} else [None]
        answers = [registry.server.request(method, f"{path}?limit=x", data=body) for body in bodies]
        answers += [registry.server.request(method, path, data=b"x" * (8 << 20)), registry.server.request("PROPFIND", path),
                    closed.request(method, path), registry.server.request(method, path + "/\0/x")]
        for answer in answers:
            if answer.status_code >= 400:
                assert is_problem(answer), f"{method} {path}: {answer.status_code} {answer.headers} {answer.text}"
                refused.setdefault((method, path), set()).add(answer.status_code)
    closed.stop()
    # Where one logs in, nobody needs to be.
    free = ("/api/v1/session", "/api/v1/signing-keys/nowhere/public")
    lacking = {place for place, statuses in refused.items() if not statuses & {401, 403} and not place[1].startswith(free)}
    assert len(refused) > 60 and not lacking, lacking
    for other in ("/v2/UPPER/tags/list", "/v2/x/y", "/nowhere"):
        answer = registry.server.request("GET", other)
        assert answer.status_code >= 400 and answer.headers["Content-Type"] == "application/json" and answer.json()["errors"]


def test_index_verdict_is_its_members(registry):
    assert registry.get(f"/api/v1/images/{registry.index}/verdict?repository=team/many")["allowed"] is True


def test_without_advisories(start_server, tmp_path):
    server = start_server()
    digest = raw_http.push_layout(server, "a", "latest", images.tiny_layout(tmp_path / "tiny"))
    server.wait_for_scan("a", digest)
    answer = server.request("GET", f"/api/v1/images/{digest}/findings")
    check_described(f"/api/v1/images/{digest}/findings", answer)
    assert answer.status_code == 409 and "assay db" in answer.json()["detail"]
    assert server.get_json(f"/api/v1/images/{digest}/packages")["total"] == 2
    assert server.get_json("/readyz")["advisories"] != "ok"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_health_is_described(registry, path):
    check_described(path, registry.server.request("GET", path))


def test_description_is_whole():
    """Every reference leads somewhere, every schema is valid and used, every example fits its schema."""
    text = json.dumps(DESCRIPTION)
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', text)):
        resolved({"$ref": reference})
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert f"#/components/schemas/{name}\"" in text, f"{name} is used nowhere"
    for path, item in DESCRIPTION["paths"].items():
        for operation in item.values():
            responses = [resolved(one) for one in operation["responses"].values()]
            for content in (content for response in responses for content in response.get("content", {}).values()):
                check_schema(content["example"], content["schema"])
            named = {resolved(one)["name"] for one in operation.get("parameters", []) if resolved(one)["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


# --- jobs and events ---

def events_of(server, query=""):
    path = f"/api/v1/events{query}"
    answer = server.request("GET", path)
    check_described(path, answer)
    return answer.json()["events"]


def test_jobs(registry):
    answer = registry.server.request("GET", "/api/v1/jobs")
    check_described("/api/v1/jobs", answer)
    jobs = {job["kind"]: job for job in answer.json()["jobs"]}
    assert {"inspect", "scan", "update", "rematch", "scrub", "clean-up", "retry"} <= jobs.keys()
    assert jobs["inspect"]["done"] >= 2 and jobs["scan"]["done"] >= 3 and not jobs["scan"]["kept"]
    assert jobs["update"]["kept"]
    text = registry.server.request("GET", "/metrics").text
    for name in ("waiting", "running", "oldest_seconds", "given_up"):
        assert f'assay_jobs_{name}{{kind="inspect"}} ' in text
    assert re.search(r'assay_jobs_total{kind="scan",outcome="done"} [1-9]', text)


def test_events(registry):
    events = events_of(registry.server, "?limit=1000")
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    told = [(event["type"], event["subject"]) for event in events]
    pushed, scanned = told.index(("image.pushed", registry.image)), told.index(("image.scanned", registry.image))
    assert pushed < scanned
    assert events[pushed]["data"]["repository"] == "team/app" and events[pushed]["data"]["tags"] == ["v1"]
    assert ("image.scanned", registry.broken) not in told
    assert events_of(registry.server, f"?after={pushed + 1}&limit=1") == [events[pushed + 1]]
    assert events_of(registry.server, f"?after={len(events)}") == []
    answer = registry.server.request("GET", "/api/v1/events?after=-1")
    check_described("/api/v1/events?after=-1", answer)
    assert answer.status_code == 400


def test_deletions_are_told(start_server, tmp_path):
    server = start_server()
    digest = raw_http.push_layout(server, "team/app", "v1", images.tiny_layout(tmp_path / "tiny", "v1"))
    before = events_of(server)[-1]["number"]
    for reference in ("v1", digest, "v1", digest):
        server.request("DELETE", f"/v2/team/app/manifests/{reference}")
    told = [(event["type"], event["subject"]) for event in events_of(server, f"?after={before}")
            if event["type"].endswith(".deleted")]
    assert told == [("tag.deleted", "team/app:v1"), ("image.deleted", digest)], "what was not there is not told"
