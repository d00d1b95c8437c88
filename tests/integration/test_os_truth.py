"""What an image is, and what nobody can know of it: distributions past their end of life, packages of third parties, builds of
other architectures. Each is told in every output."""
import json

import pytest

import images
import raw_http
from gate import wait_until
from oci_layout import Layout

STRETCH = 'PRETTY_NAME="Debian GNU/Linux 9 (stretch)"\nVERSION_ID="9"\nVERSION_CODENAME=stretch\nID=debian\n'
ENDED = "Debian GNU/Linux 9 (stretch) reached its end of life on 2022-07-01: advisories for it are no longer published"
NGINX = "nginx 1.27.4-1~bookworm (NGINX Packaging <nginx-packaging@f5.com>)"


def stanza(name, version, maintainer, source=None):
    return f"Package: {name}\nStatus: install ok installed\nMaintainer: {maintainer}\nArchitecture: amd64\n" + \
        (f"Source: {source}\n" if source else "") + f"Version: {version}\n\n"


def layout_of(folder, os_release, *stanzas):
    Layout(folder).add_image("v1", [{"etc": ("dir",), "etc/os-release": os_release, "var/lib/dpkg": ("dir",),
                                     "var/lib/dpkg/status": "".join(stanzas)}])
    return folder


def tracker(folder, releases):
    """A feed of the security tracker: {source: {CVE: {codename: what it says}}}."""
    folder.mkdir(exist_ok=True)
    (folder / "tracker.json").write_text(json.dumps(
        {source: {cve: {"releases": release} for cve, release in entries.items()} for source, entries in releases.items()}))
    return folder / "tracker.json"


OPEN = {"status": "open", "repositories": {"bookworm": "1.22.1-9"}, "urgency": "not yet assigned"}
FEED = {"nginx": {"CVE-2099-1": {"bookworm": OPEN}}, "zlib": {"CVE-2099-2": {"stretch": {"status": "resolved", "fixed_version": "1:1"}}}}


@pytest.fixture
def data(assay, tmp_path):
    assay("db", "import", "--data", tmp_path / "data", "--type", "debian-tracker", tracker(tmp_path / "feed", FEED))
    return tmp_path / "data"


@pytest.fixture
def stretch(tmp_path):
    return layout_of(tmp_path / "stretch", STRETCH, stanza("zlib1g", "1:1.2", "Mark Brown <broonie@debian.org>", "zlib"))


@pytest.fixture
def third_party(tmp_path):
    return layout_of(tmp_path / "nginx", images.DEBIAN_12,
                     stanza("nginx", "1.27.4-1~bookworm", "NGINX Packaging <nginx-packaging@f5.com>"))


def test_the_end_of_life_is_in_every_report(assay, data, stretch):
    def scan(*arguments, check=0):
        return assay("scan", "--data", data, "--no-cache", *arguments, f"oci:{stretch}:v1", check=check).stdout
    assert f"note: {ENDED}" in scan()
    report = json.loads(scan("--format", "json"))
    assert report["os"]["end_of_life"] == "2022-07-01" and any(note.startswith(ENDED) for note in report["notes"])
    sarif = json.loads(scan("--format", "sarif"))
    notices = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert any(notice["message"]["text"].startswith(ENDED) for notice in notices)


@pytest.mark.parametrize("action, code, shown", [("allow", 0, None), ("warn", 0, f"warning: {ENDED}"), ("block", 1, "refuses app")])
def test_a_policy_on_the_end_of_life(assay, data, stretch, tmp_path, action, code, shown):
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"policies: [{{name: p, namespaces: ['**'], end_of_life: {action}}}]\n")
    told = assay("scan", "--data", data, "--policy", policy, "--repository", "app", f"oci:{stretch}:v1", check=code).stdout
    assert shown is None or shown in told
    verdict = told.split("verdict:")[1].split("\nnote: ")[0]
    assert (ENDED in verdict) == (action != "allow")


def test_the_server_tells_the_end_of_life(assay, start_server, data, stretch):
    """In the lists, at the findings, and by a warning at the pull."""
    server = start_server(policy="strict")
    (server.data / "advisories.db").write_bytes((data / "advisories.db").read_bytes())
    digest = raw_http.push_layout(server, "team/app", "v1", stretch)
    wait_until(lambda: server.wait_for_scan("team/app", digest)["uncovered_packages"] == 0)
    assert server.wait_for_scan("team/app", digest)["end_of_life"] == "2022-07-01"
    listed = assay("images", "--server", server.url).stdout
    assert "not known" in listed and "end of life 2022-07-01" in listed
    shown = assay("findings", "--server", server.url, "team/app:v1").stdout
    assert f"warning: {ENDED}" in shown and f"note: {ENDED}" not in shown
    answer = server.request("GET", f"/v2/team/app/manifests/{digest}", headers={"Accept": "*/*"})
    assert answer.status_code == 200 and ENDED in answer.headers["Warning"]


def test_third_parties_are_told_and_not_judged(assay, start_server, data, third_party):
    report = json.loads(assay("scan", "--data", data, "--no-cache", "--format", "json", f"oci:{third_party}:v1").stdout)
    assert (report["findings"], report["third_party"]) == ([], [NGINX])
    assert any("1 package is not the distribution's" in note and NGINX in note for note in report["notes"])
    server = start_server()
    (server.data / "advisories.db").write_bytes((data / "advisories.db").read_bytes())
    digest = raw_http.push_layout(server, "team/app", "v1", third_party)
    wait_until(lambda: server.wait_for_scan("team/app", digest)["uncovered_packages"] == 0)
    assert server.wait_for_scan("team/app", digest)["third_party_packages"] == 1
    page = server.get_json(f"/api/v1/images/{digest}/findings")
    assert (page["total"], page["third_party"]) == (0, [NGINX])
    told = json.loads(assay("findings", "--server", server.url, "team/app:v1", "--format", "json").stdout)
    assert told["third_party"] == [NGINX]


def test_a_policy_on_third_parties(assay, data, third_party, tmp_path):
    policy = tmp_path / "policy.yaml"
    for action, code in (("allow", 0), ("warn", 0), ("block", 1)):
        policy.write_text(f"policies: [{{name: p, namespaces: ['**'], third_party: {action}}}]\n")
        told = assay("scan", "--data", data, "--policy", policy, "--repository", "app", f"oci:{third_party}:v1", check=code).stdout
        assert (NGINX in told.split("verdict:")[1].split("\nnote: ")[0]) == (action != "allow"), action
    # What is unscanned is another thing.
    assay("scan", "--data", data, "--policy", "strict", f"oci:{third_party}:v1")


def test_new_advisories_are_matched_as_a_scan_matches(assay, start_server, third_party, tmp_path):
    """From the rows of the database: they have all that matching looks at."""
    server = start_server()
    digest = raw_http.push_layout(server, "team/app", "v1", third_party)
    own = layout_of(tmp_path / "own", images.DEBIAN_12, stanza("nginx", "1.22.1-9", "Debian Nginx Maintainers <n@tracker.debian.org>"))
    other = raw_http.push_layout(server, "team/own", "v1", own)
    assert server.wait_for_scan("team/app", digest)["uncovered_packages"] == 1
    assay("db", "import", "--data", server.data, "--type", "debian-tracker", tracker(tmp_path / "feed", FEED))
    wait_until(lambda: server.wait_for_scan("team/own", other)["findings"]["unknown"] == 1)
    wait_until(lambda: server.wait_for_scan("team/app", digest)["uncovered_packages"] == 0)
    counted = server.wait_for_scan("team/app", digest)
    assert (sum(counted["findings"].values()), counted["third_party_packages"]) == (0, 1)


def test_an_update_says_what_it_could_not_understand(assay, tmp_path):
    feed = tracker(tmp_path / "feed", {"nginx": {"CVE-2005-1": {"sarge": OPEN, "woody": OPEN, "bookworm": OPEN}, "CVE-2005-2": {"sarge": OPEN}}})
    told = assay("db", "import", "--data", tmp_path / "data", "--type", "debian-tracker", "--name", "old", feed)
    assert "old: 3 records could not be understood: the release sarge is not known (2), the release woody is not known (1)" in \
        told.stdout + told.stderr


def test_what_is_said_of_other_architectures(assay, tmp_path):
    """A repository of one architecture says nothing of another's packages: they are unscanned, not clean."""
    packages = '<package name="p" epoch="0" version="1" release="2.el9" arch="x86_64" src="p.src.rpm"><filename>f</filename></package>'
    (tmp_path / "updateinfo.xml").write_text(
        '<updates><update type="security"><id>RLSA-1</id><references><reference id="CVE-2099-1" type="cve"/></references>'
        f'<pkglist><collection>{packages}</collection></pkglist></update></updates>')
    assay("db", "import", "--data", tmp_path / "data", "--type", "updateinfo", "--ecosystem", "almalinux:9", tmp_path / "updateinfo.xml")
    for architecture, count in (("x86_64", 1), ("aarch64", 0), ("noarch", 1)):
        root = tmp_path / architecture
        images.rpm_layout(root, packages=[("p", 0, "1", "1.el9", "p")], architecture=architecture)
        report = json.loads(assay("scan", "--data", tmp_path / "data", "--format", "json", f"oci:{root}").stdout)
        assert len(report["findings"]) == count
        assert any("almalinux:9 on aarch64" in gap for gap in report["incomplete"]) == (architecture == "aarch64")
