"""Harbor as a scanner sees it: what its job service asks, with its timeouts and its rules on what is answered (goharbor/harbor,
src/pkg/scan). Harbor itself needs seven services; this asks the same questions in the same order."""
import base64
import time

import requests

OCI = "application/vnd.oci.image.manifest.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
REPORT = "application/vnd.security.vulnerability.report; version=1.1"
OLD_REPORT = "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"
SBOM = "application/vnd.security.sbom.report+json; version=1.0"
SPDX, CYCLONEDX = "application/spdx+json", "application/vnd.cyclonedx+json"
# The client gives up on an answer that takes longer. Those of a build with sanitizers, on a machine that does other things, may.
TIMEOUT = 30


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Refused(Exception):
    """What Harbor's job log has."""

    def __init__(self, status, message):
        super().__init__(f"{message} ({status})")
        self.status, self.message = status, message


class Harbor:
    def __init__(self, url, authorization=None):
        self.base = url.rstrip("/") + "/api/v1"
        self.authorization = authorization

    def ask(self, method, path, expected, **options):
        headers = {**options.pop("headers", {})}
        if self.authorization:
            headers["Authorization"] = self.authorization
        answer = requests.request(method, self.base + path, headers=headers, timeout=TIMEOUT, allow_redirects=False, **options)
        if answer.status_code in expected:
            return answer
        # An error that is no JSON would be all that the log has.
        raise Refused(answer.status_code, answer.json().get("error", {}).get("message", ""))

    def metadata(self):
        """Checked as at "Test connection"."""
        answer = self.ask("GET", "/metadata", {200}, headers={
            "Accept": "application/vnd.scanner.adapter.metadata+json; version=1.0"}).json()
        assert all(answer["scanner"][member] for member in ("name", "vendor", "version"))
        for capability in answer["capabilities"]:
            assert DOCKER in capability["consumes_mime_types"]
            assert {REPORT, OLD_REPORT, SBOM} & set(capability["produces_mime_types"])
        return answer

    def submit(self, registry, repository, digest, authorization="", mime_type=OCI, kind="vulnerability", **more):
        parameters = {"sbom_media_types": [SPDX]} if kind == "sbom" else None
        body = {"registry": {"url": registry, "authorization": authorization, "insecure": False},
                "artifact": {"repository": repository, "tag": "v1", "digest": digest, "mime_type": mime_type, "size": 0},
                "enabled_capabilities": [{"type": kind, "produces_mime_types": [SBOM if kind == "sbom" else REPORT],
                                          "parameters": parameters}], **more}
        answer = self.ask("POST", "/scan", {202}, json=body, headers={
            "Content-Type": "application/vnd.scanner.adapter.scan.request+json; version=1.0",
            "Accept": "application/vnd.scanner.adapter.scan.response+json; version=1.0"})
        return answer.json()["id"]

    def report(self, scan, accept=REPORT, sbom=None):
        """Waits for it, as long as the scanner says."""
        query = f"?sbom_media_type={requests.utils.quote(sbom, safe='')}" if sbom else ""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            answer = self.ask("GET", f"/scan/{scan}/report{query}", {200, 302}, headers={"Accept": accept})
            if answer.status_code == 200:
                assert answer.headers["Content-Type"] == accept
                return answer.json()
            after = int(answer.headers["Refresh-After"])
            assert 0 < after <= 127  # it is read as a signed byte
            time.sleep(min(after, 0.2))
        raise AssertionError(f"no report of {scan}")

    def scan(self, *arguments, accept=REPORT, sbom=None, **options):
        report = self.report(self.submit(*arguments, kind="sbom" if sbom else "vulnerability", **options), accept, sbom)
        if not sbom:
            check_records(report)
        return report


def check_records(report):
    """Harbor keeps a row for each id, package and version, and its job fails over two that are the same."""
    keys = [(item["id"], item["package"], item["version"]) for item in report["vulnerabilities"]]
    assert len(keys) == len(set(keys))
