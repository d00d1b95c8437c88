"""Attacks on repositories that one has no right to: taking their content, and learning that they are there."""
import json
import re
import threading
import time

import pytest

from attacked import SECRET, As, attacked, plain
from gate import wait_until
from oci_layout import MANIFEST, digest_of, tar_of
from repository import LAYER, descriptor_of, image_of
from test_access import all_routes

TYPES = {"Accept": "*/*"}


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    server = attacked(program, tmp_path_factory.mktemp("repositories"))
    yield server
    server.stop()


@pytest.fixture
def mine(server):
    return As(server, "team/app", server.mallory)


def holds(repository, digest):
    return repository.request("HEAD", f"blobs/{digest}").status_code == 200


# --- taking content ---

def test_mounts(server, mine):
    """By whatever name, and from whatever state a repository is in: the answer is that of a blob that is nowhere."""
    owner = As(server, SECRET, server.carol)
    layer = server.secret["layer"]
    gone = As(server, "secret/gone", server.carol)
    image, text = gone.push_image("v1", config=b'{"gone": 1}', layers=[b"of a deleted image"])
    deleted = json.loads(text)["layers"][0]["digest"]
    assert gone.request("DELETE", f"manifests/{image['digest']}").status_code == 202
    sources = [SECRET, "secret%2Fapp", "SECRET/APP", "secret//app", "secret/app/", "/secret/app", "./secret/app", "team/../secret/app",
               "team/app/../../secret/app", "secret/app%00", "secret/app%0a", f"{server.address}/secret/app", "", "secret/gone", "absent/app"]
    nowhere = digest_of(b"nowhere")
    for source in sources:
        for digest in (layer, server.secret["config"], server.secret["image"], deleted):
            answers = [mine.request("POST", f"blobs/uploads/?mount={one}&from={source}") for one in (digest, nowhere)]
            assert [answer.status_code for answer in answers] == [202, 202], (source, digest)
            assert not holds(mine, digest), (source, digest)
    for query in (f"mount={layer}", f"mount={layer}&from=", f"mount={layer}&from=team/app&from={SECRET}", f"mount={layer}&from={SECRET}&from=team/app"):
        assert mine.request("POST", f"blobs/uploads/?{query}").status_code == 202, query
        assert not holds(mine, layer), query
    # Nor by a token that was asked for that very mount, nor without any log-in.
    asked = "scope=repository:team/app:pull,push&scope=repository:secret/app:pull"
    made = server.request("GET", f"/token?{asked}", auth=server.mallory).json()["token"]
    by_token = As(server, "team/app", made)
    assert by_token.request("POST", f"blobs/uploads/?mount={layer}&from={SECRET}").status_code == 202 and not holds(mine, layer)
    assert As(server, "team/app", None).request("POST", f"blobs/uploads/?mount={layer}&from={SECRET}").status_code == 401
    # Who may, may; and one that is in quarantine gives nothing, to nobody.
    carols = As(server, "team/of-carol", server.carol)
    assert carols.request("POST", f"blobs/uploads/?mount={layer}&from={SECRET}").status_code == 201
    evil = As(server, "team/evil", server.carol)
    blob = evil.push_blob(b"of a repository in quarantine")["digest"]
    server.make("quarantine", {"target": "team/evil", "reason": "a test"})
    for who in (server.carol, server.mallory):
        for source in ("&from=team/evil", ""):
            assert As(server, "team/taker", who).request("POST", f"blobs/uploads/?mount={blob}{source}").status_code == 202
            assert not holds(As(server, "team/taker", who), blob)
    assert holds(owner, layer)


def test_what_anybody_may_pull_is_mounted_from_there_alone(server, mine):
    """Without a source a blob is taken from what is public, though a secret repository holds it as well."""
    public, hidden = As(server, "public/app", server.carol), As(server, SECRET, server.carol)
    server.make("grants", {"kind": "anonymous", "role": "guest", "pattern": "public/*"})
    both, one = b"in both of them", b"in the secret one alone"
    for repository in (public, hidden):
        repository.push_blob(both)
    hidden.push_blob(one)
    assert mine.request("POST", f"blobs/uploads/?mount={digest_of(both)}").status_code == 201
    assert mine.request("POST", f"blobs/uploads/?mount={digest_of(one)}").status_code == 202
    assert mine.request("POST", f"blobs/uploads/?mount={digest_of(both)}&from={SECRET}").status_code == 202


def test_a_digest_opens_nothing(server, mine):
    """Who knows the digest of what is in another repository gets neither it, nor a part of it, nor word that it is there."""
    secret = server.secret
    for digest in (secret["layer"], secret["config"]):
        for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": f'"{digest}"'}, {"If-None-Match": "*"},
                        {"If-Range": f'"{digest}"', "Range": "bytes=0-0"}):
            for method in ("GET", "HEAD", "DELETE"):
                expected = As(server, "team/app", server.mallory).request(method, f"blobs/{digest_of(b'nowhere')}", headers=headers)
                answer = mine.request(method, f"blobs/{digest}", headers=headers)
                assert plain(answer, digest) == plain(expected, digest_of(b"nowhere")), (digest, headers, method)
    for headers in (TYPES, {"If-None-Match": f'"{secret["image"]}"'}, {"If-Match": "*"}):
        assert mine.request("GET", f"manifests/{secret['image']}", headers=headers).status_code == 404
    assert mine.request("GET", f"referrers/{secret['image']}").json()["manifests"] == []
    for claim in (secret["layer"], secret["config"]):
        # A push without the bytes is none.
        assert mine.request("POST", f"blobs/uploads/?digest={claim}", data=b"").status_code in (202, 400)
        assert mine.close(mine.start(), claim, b"").status_code == 400
        assert mine.close(mine.start(), claim, b"something else").status_code == 400
        assert not holds(mine, claim)


def test_manifests_that_name_what_is_elsewhere(server, mine):
    """Layers, configs and members of another repository are as unknown as what is nowhere; a subject brings none of its own."""
    config = mine.push_blob(b'{"architecture": "amd64", "os": "linux"}', "application/vnd.oci.image.config.v1+json")
    layer = descriptor_of(server.secret["bytes"], LAYER)

    def pushed(text, digest, media_type=MANIFEST):
        answer = mine.put_manifest("stolen", text, media_type)
        return answer.status_code, re.sub(r"sha256:[0-9a-f]{64}", "DIGEST", answer.text.replace(digest, "DIGEST"))
    elsewhere = descriptor_of(b"x" * len(server.secret["bytes"]), LAYER)
    for make in (lambda entry: image_of(config, [entry]), lambda entry: image_of({**entry, "mediaType": config["mediaType"]}, [])):
        assert pushed(make(layer), layer["digest"]) == pushed(make(elsewhere), elsewhere["digest"])
        assert pushed(make(layer), layer["digest"])[0] in (400, 404)
    subject = {"mediaType": MANIFEST, "digest": server.secret["image"], "size": len(server.secret["text"])}
    mine.push_image("refers", config=b'{"refers": 1}', subject=subject)
    hidden = As(server, SECRET, server.carol)
    assert hidden.referrers(server.secret["image"]).json()["manifests"] == [], "of one's own repository alone"


def test_an_inventory_of_somebody_elses_layer(server, mine):
    """A layer that clients fetch from elsewhere need not be pushed to be named. What is in one is not told to who names the digest of a
    layer that another repository holds."""
    status = "Package: topsecret\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: x\nDescription: x\n\n"
    layer = tar_of({"etc/os-release": 'ID=debian\nVERSION_ID="12"\n', "var/lib/dpkg/status": status})
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}}).encode()
    owner = As(server, "secret/scanned", server.carol)
    image, _ = owner.push_image("v1", config=config, layers=[layer])

    def packages(digest, repository, auth):
        answer = server.request("GET", f"/api/v1/images/{digest}/packages?repository={repository}", auth=auth)
        return answer.text if answer.status_code != 200 else json.dumps(answer.json())
    wait_until(lambda: "topsecret" in packages(image["digest"], "secret/scanned", server.carol))
    ours = mine.push_blob(config, "application/vnd.oci.image.config.v1+json")
    for kind in ("application/vnd.oci.image.layer.nondistributable.v1.tar", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                 "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"):
        entry = {"mediaType": kind, "digest": digest_of(layer), "size": len(layer), "urls": ["https://example.com/layer"]}
        answer = mine.put_manifest("foreign", image_of(ours, [entry]))
        assert answer.status_code == 201, answer.text
        stolen = answer.headers["Docker-Content-Digest"]
        seen = []
        for _ in range(20):
            seen.append(packages(stolen, "team/app", server.mallory))
            time.sleep(0.1)
        assert not any("topsecret" in text for text in seen), (kind, seen[-1])
        for what in ("findings", "verdict"):
            assert "topsecret" not in server.request("GET", f"/api/v1/images/{stolen}/{what}?repository=team/app", auth=server.mallory).text
    # Who has the layer, and pushes it too, has the image scanned.
    mine.push_blob(layer)
    wait_until(lambda: "topsecret" in packages(stolen, "team/app", server.mallory))


def test_upload_sessions_of_others(server, mine):
    """Nobody finds one by guessing, and who knows where it is needs the right to push to its repository, and that repository's name."""
    locations = [mine.start() for _ in range(20)]
    names = [location.rpartition("/")[2] for location in locations]
    assert len(set(names)) == 20 and all(len(name) >= 32 for name in names)
    for first, second in zip(names, names[1:]):
        assert sum(a == b for a, b in zip(first, second)) < len(first) / 2, "they do not count up"
    name = names[0]
    other = server.robot("other-team", "developer", "elsewhere/*")
    for who, repository, expected in [(server.guest, "team/app", 403), (None, "team/app", 401), (other, "team/app", 404),
                                      (other, "elsewhere/app", 404), (server.mallory, "team/another", 404), (other, "team/app/../../elsewhere/app", 404)]:
        asked = As(server, repository, who)
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            answer = asked.request(method, f"blobs/uploads/{name}?digest={digest_of(b'x')}", data=b"x" if method in ("PUT", "PATCH") else None)
            assert answer.status_code == expected, (who, repository, method, answer.status_code, answer.text)
    assert mine.request("GET", locations[0]).status_code == 204
    assert mine.close(locations[0], digest_of(b"mine"), b"mine").status_code == 201, "nothing of the others came into it"


# --- learning that it is there ---

def test_what_is_hidden_looks_like_what_is_not_there(server):
    """At each route that names a repository, for who may not know of it: the same status, headers and text for one that is there, with
    real digests and tags, and one that is not. For who has not logged in, too."""
    absent, tried = "absent/app", 0
    parts = {"digest": server.secret["layer"], "reference": "v1"}
    for method, path, _ in all_routes():
        if "{name}" not in path or path.startswith(("/api/v1/jobs", "/api/v1/vulnerabilities", "/api/v1/quarantine")):
            continue
        for reference in ("v1", server.secret["image"]):
            parts["reference"] = reference
            for who in (server.mallory, None):
                for headers in ({}, {"If-None-Match": "*", "Range": "bytes=0-1", "Accept": "*/*"}):
                    both = []
                    for name in (SECRET, absent):
                        place = re.sub(r"\{(\w+)\}", lambda part: name if part[1] == "name" else parts.get(part[1], "nothing"), path)
                        body = b"{}" if method in ("POST", "PUT", "PATCH") else None
                        both.append(plain(server.request(method, place, auth=who, headers=headers, data=body), name))
                    tried += 1
                    assert both[0] == both[1], (method, path, who)
                    assert both[0][0] in (401, 403, 404), (method, path, who, both[0])
    assert tried > 80


def pages(server, who, path):
    """All pages of a list, as text with their headers."""
    texts = []
    for number in range(50):
        answer = server.request("GET", path.replace("NUMBER", str(number)), auth=who)
        assert answer.status_code == 200, (path, answer.text)
        texts.append(answer.text + json.dumps(dict(answer.headers)))
        link = re.match(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        body = answer.json()
        if link:
            path = link[1]
        elif body.get("next") and body.get("repositories"):
            path = re.sub("&last=.*", "", path) + f"&last={body['next']}"
        elif "NUMBER" not in path or not any(isinstance(value, list) and value for value in body.values()):
            return texts
    raise AssertionError(f"{path} does not end")


def test_lists_tell_nothing_of_the_rest(server):
    """Names, numbers, cursors and Link headers: what others have between, before and after what one may see does not show."""
    names = ["aaa/one", "secret/more", "team/app", "team/zzz", "tean/one", "zzz/one"]
    for name in names:
        As(server, name, server.carol).push_image("v1", config=json.dumps({"of": name}).encode(), layers=[name.encode()])
    hidden = re.compile(r"aaa/one|secret|tean|zzz/one")
    for path in ("/v2/_catalog", "/v2/_catalog?n=1", "/v2/_catalog?n=2&last=team/app", "/api/v1/repositories", "/api/v1/repositories?limit=1",
                 "/api/v1/images", "/api/v1/images?limit=1&offset=NUMBER", "/api/v1/changes", "/api/v1/changes?limit=1"):
        texts = pages(server, server.mallory, path)
        assert not any(hidden.search(text) for text in texts), (path, texts)
    catalog = server.get_json("/v2/_catalog", auth=server.mallory)["repositories"]
    assert all(name.startswith(("team/", "public/")) for name in catalog) and "team/zzz" in catalog
    # The last page has no next one, though others have more after it; a cursor into what is hidden is as any.
    for last in ("team/zzz", "zzz/one", "zzz"):
        answer = server.request("GET", f"/v2/_catalog?n=1&last={last}", auth=server.mallory)
        assert answer.json()["repositories"] == [] and "Link" not in answer.headers, last
    answer = server.request("GET", "/v2/_catalog?n=1&last=secret/app", auth=server.mallory)
    assert answer.json()["repositories"] == [name for name in catalog if name > "secret/app"][:1]
    for path, things in (("/api/v1/repositories", "repositories"), ("/api/v1/images", "images")):
        page = server.get_json(f"{path}?limit=1000", auth=server.mallory)
        everything = server.get_json(f"{path}?limit=1000", auth=server.carol)
        assert page.get("total", len(page[things])) == len(page[things]) < len(everything[things]), path
    assert server.request("GET", "/api/v1/overview", auth=server.mallory).status_code == 403


def test_numbers_of_the_rest(server):
    """What sums up counts what one may see: it is the same before and after others push."""
    def sums():
        found = {}
        for path in ("/api/v1/overview?namespace=team", "/api/v1/images", "/api/v1/repositories", "/api/v1/changes", "/api/v1/changes?limit=1",
                     "/v2/_catalog", "/api/v1/vulnerabilities/CVE-2020-0001/images", "/api/v1/namespaces"):
            answer = server.request("GET", path, auth=server.mallory)
            found[path] = re.sub(r'"(up_seconds|disk_free_bytes|age_seconds)": ?[0-9]+|"instance": ?"[^"]*"', "", answer.text)
        return found
    def settled():
        first = sums()
        time.sleep(1)
        return first == sums() and first
    wait_until(lambda: server.get_json("/api/v1/images", auth=server.mallory)["total"] > 0)
    before = wait_until(settled)
    image, _ = As(server, "secret/late", server.carol).push_image("v9", config=b'{"late": 1}', layers=[b"late"])
    wait_until(lambda: image["digest"] in server.request("GET", "/api/v1/images?limit=1000", auth=server.carol).text)
    assert wait_until(settled) == before


def test_images_by_digest(server):
    """What is known of an image is told by digest to who may read findings where it is, and to nobody else; also with ?repository=."""
    nowhere = digest_of(b"nowhere")
    for what in ("findings", "packages", "verdict", "base", "shed", "sbom"):
        for query in ("", f"?repository={SECRET}", "?repository=team/app"):
            for who in (server.mallory, None):
                expected = server.request("GET", f"/api/v1/images/{nowhere}/{what}{query}", auth=who)
                assert expected.status_code in ((400, 404) if who else (400, 401)), (what, query, who)
                for digest in (server.secret["image"], server.secret["layer"]):
                    answer = server.request("GET", f"/api/v1/images/{digest}/{what}{query}", auth=who)
                    assert plain(answer, digest) == plain(expected, nowhere), (what, query, who)
    body = {"policy": "version: 1\n", "image": server.secret["image"], "digest": server.secret["image"], "repository": SECRET}
    answer = server.request("POST", "/api/v1/policies/test", auth=server.mallory, json=body)
    assert answer.status_code >= 400


def test_what_happened_is_for_who_may_read_it(server):
    """Whoever may only pull, of all repositories even, learns nothing of others' log-ins, names and rights."""
    reader = server.robot("reader", "guest", "*")
    server.request("POST", "/api/v1/session", json={"name": "root", "password": "correct horse battery"})
    for path in ("/api/v1/events", "/api/v1/audit", "/api/v1/jobs", "/metrics", "/api/v1/users", "/api/v1/grants", "/api/v1/deleted",
                 "/api/v1/endpoints", "/api/v1/gc", "/api/v1/namespaces", "/api/v1/quarantine", "/api/v1/sessions?user=root",
                 "/api/v1/access/explain?who=root&verb=pull&repository=secret/app"):
        answer = server.request("GET", path, auth=reader)
        assert answer.status_code in (403, 404), (path, answer.status_code, answer.text[:200])


# --- races ---

def test_what_is_judged_is_what_is_sent(server):
    """A tag moves between an image that may leave and one that may not, while many pull it: nobody ever gets the second one."""
    repository = As(server, "team/moving", server.carol)
    good, good_text = repository.push_image("v1", config=b'{"good": 1}', layers=[b"good"])
    bad, bad_text = repository.push_image("v2", config=b'{"bad": 1}', layers=[b"bad"])
    server.make("quarantine", {"target": f"team/moving@{bad['digest']}", "reason": "a test"})
    stop, seen, wrong = threading.Event(), {200: 0, 403: 0}, []

    def pull():
        mine = As(server, "team/moving", server.mallory)
        while not stop.is_set():
            answer = mine.get_manifest("v1")
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
            if answer.status_code == 200 and (answer.content != good_text or answer.headers["Docker-Content-Digest"] != good["digest"]):
                wrong.append(answer.content)
            if answer.status_code == 403 and good["digest"] in answer.text:
                wrong.append(answer.text)
    threads = [threading.Thread(target=pull) for _ in range(6)]
    for thread in threads:
        thread.start()
    for number in range(300):
        assert repository.put_manifest("v1", bad_text if number % 2 else good_text).status_code == 201
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == [] and set(seen) == {200, 403} and min(seen.values()) > 10, (seen, wrong[:1])


def test_a_right_that_is_taken_holds_at_once(server):
    """A grant comes and goes; after each answer that says so, the next pull knows of it."""
    name = server.robot("flicker")
    mine = As(server, "team/app", name)
    for _ in range(30):
        grant = server.make("grants", {"kind": "principal", "subject": name[0], "role": "guest", "pattern": "team/*"})
        assert mine.get_manifest("v1").status_code == 200
        assert server.request("DELETE", f"/api/v1/grants/{grant['id']}", headers=server.operator()).status_code == 204
        assert mine.get_manifest("v1").status_code == 404


def test_quarantine_holds_at_once(server):
    """What one pulls again and again is refused as soon as it is in quarantine."""
    mine = As(server, "team/app", server.mallory)
    for _ in range(20):
        assert mine.get_manifest("v1").status_code == 200
        server.make("quarantine", {"target": "team/app", "reason": "a test"})
        assert mine.get_manifest("v1").status_code == 403
        assert server.request("DELETE", "/api/v1/quarantine/team/app", headers=server.operator()).status_code == 204


# --- tags ---

def test_tag_patterns_are_not_gone_around(server):
    """Who may push some tags pushes no other by any way; who may not delete some does not by the image's digest."""
    name = server.robot("tagger")
    server.make("grants", {"kind": "principal", "subject": name[0], "role": "maintainer", "pattern": "tags/app", "tags": "dev-*"})
    owner, tagger = As(server, "tags/app", server.carol), As(server, "tags/app", name)
    image, text = owner.push_image("prod-1", config=b'{"tags": 1}', layers=[b"tags"])
    digest = image["digest"]
    assert tagger.put_manifest("dev-1", text).status_code == 201
    for reference in ("prod-1", "prod-2", f"{digest}?tag=prod-2", f"{digest}?tag=dev-2&tag=prod-2", f"{digest}?tag=prod-2&tag=dev-2", "dev-2?tag=prod-2",
                      "%70rod-2"):
        assert tagger.put_manifest(reference, text).status_code == 403, reference
    for reference in ("prod-1", digest):
        assert tagger.request("DELETE", f"manifests/{reference}").status_code == 403, reference
    assert tagger.request("DELETE", "manifests/dev-1").status_code == 202
    assert owner.tags() == ["prod-1"]
    denied = server.robot("denied", "maintainer", "tags/*")
    server.make("grants", {"kind": "principal", "subject": denied[0], "role": "maintainer", "pattern": "tags/*", "tags": "prod-*", "effect": "deny"})
    by_denied = As(server, "tags/app", denied)
    for reference in ("prod-1", digest):
        assert by_denied.request("DELETE", f"manifests/{reference}").status_code == 403, reference
    assert by_denied.put_manifest(f"{digest}?tag=prod-9", text).status_code == 403
    # An image that was deleted would bring its tags back.
    assert owner.request("DELETE", f"manifests/{digest}").status_code == 202
    for who in (name, denied):
        answer = server.request("POST", f"/api/v1/deleted/tags/app/manifests/{digest}", auth=who)
        assert answer.status_code in (403, 404), (who, answer.status_code, answer.text)
