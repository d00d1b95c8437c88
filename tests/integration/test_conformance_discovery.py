"""Content discovery, as the OCI distribution-spec has it. A docstring line `Twin: CHECK` names the check of the
specification's own conformance suite (workflow Content Discovery) that the test repeats; the others are what the suite leaves
open."""
import json
import re

import pytest

from oci_layout import CONFIG, INDEX, MANIFEST, digest_of
from repository import EMPTY, LAYER, check_error, image_of, index_of

ABSENT = digest_of(b"hello world")
A, B = "application/vnd.nhl.peanut.butter.bagel", "application/vnd.nba.strawberry.jam.croissant"


def next_page(answer):
    """The target of Link: <...>; rel="next", or None."""
    if "Link" not in answer.headers:
        return None
    return re.fullmatch(r'<(/v2/[^>]*)>; rel="next"', answer.headers["Link"]).group(1)


def pages_of(repository, path, key):
    """What each page holds, following Link from the first."""
    pages = []
    while path is not None:
        answer = repository.request("GET", path)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()[key])
        path = next_page(answer)
    return pages


@pytest.fixture
def tagged(repository):
    """A repository with tags whose order tells bytes from letters."""
    names = ["10", "9", "A", "_", "a", "b", "b.1", "b_1"]
    descriptor, text = repository.push_image()
    for name in reversed(names):
        assert repository.put_manifest(name, text).status_code == 201
    return repository, names


# --- tags ---

def test_tags_list_is_200(tagged):
    """Twin: GET request to list tags should yield 200 response
    Twin: Tag listing"""
    repository, names = tagged
    assert repository.tags() == sorted(names)
    assert "Link" not in repository.request("GET", "tags/list").headers


def test_tags_limited_by_n(tagged):
    """Twin: GET number of tags should be limitable by `n` query parameter"""
    repository, names = tagged
    for n in (1, 4, len(names) - 1):
        answer = repository.request("GET", f"tags/list?n={n}")
        assert answer.json()["tags"] == sorted(names)[:n]
        assert next_page(answer) == f"/v2/{repository.name}/tags/list?n={n}&last={sorted(names)[n - 1]}"


def test_tags_start_after_last(tagged):
    """Twin: GET start of tag is set by `last` query parameter"""
    repository, names = tagged
    ordered = sorted(names)
    assert repository.tags(f"?n=4&last={ordered[3]}") == ordered[4:8]
    assert repository.tags(f"?last={ordered[-1]}") == []
    # A tag that is not there: those after where it would stand.
    assert repository.tags("?last=a5&n=2") == ["b", "b.1"]
    assert repository.tags("?last=~") == [] and repository.tags("?last=") == ordered


@pytest.mark.parametrize("n", [0, 8, 9, 1000000, 9223372036854775807])
def test_tags_without_a_next_page(tagged, n):
    repository, names = tagged
    answer = repository.request("GET", f"tags/list?n={n}")
    assert answer.json()["tags"] == sorted(names)[:n]
    assert "Link" not in answer.headers


@pytest.mark.parametrize("n", ["-1", "x", "", "1.5", "18446744073709551616", "9223372036854775808"])
def test_n_that_is_no_number(repository, n):
    repository.push_image("v1")
    for path in ("tags/list", "/v2/_catalog"):
        check_error(repository.request("GET", f"{path}?n={n}"), 400, "UNSUPPORTED")


@pytest.mark.parametrize("n", [1, 3, 8])
def test_tags_page_by_page(tagged, n):
    repository, names = tagged
    pages = pages_of(repository, f"tags/list?n={n}", "tags")
    assert [len(page) for page in pages[:-1]] == [n] * (len(pages) - 1)
    assert [name for page in pages for name in page] == sorted(names)


def test_pages_of_many_tags(repository):
    """Whoever asks for all gets 10,000, and is told where the others are."""
    image, text = repository.push_image("0")
    names = [f"v{number:05}" for number in range(10_050)]
    for first in range(0, len(names), 100):
        tags = "&".join(f"tag={name}" for name in names[first:first + 100])
        answer = repository.put_manifest(f"{image['digest']}?{tags}", text)
        assert answer.status_code == 201, answer.text
    names.insert(0, "0")
    for query in ("", "?n=20000"):
        pages = pages_of(repository, f"tags/list{query}", "tags")
        assert [len(page) for page in pages] == [10_000, 51]
        assert [name for page in pages for name in page] == names


def test_tags_of_a_repository_that_is_none(repository):
    check_error(repository.request("GET", "tags/list"), 404, "NAME_UNKNOWN")


def test_tags_of_a_repository_without(repository):
    """One with blobs alone is known, and its list is [] and not null."""
    repository.push_blob(b"x")
    assert repository.tags() == []


# --- the catalogue ---

def test_catalog_page_by_page(repository, module_server):
    repository.push_image("v1")
    everything = module_server.get_json("/v2/_catalog")["repositories"]
    assert repository.name in everything and everything == sorted(everything)
    pages = pages_of(repository, "/v2/_catalog?n=2", "repositories")
    assert [name for page in pages for name in page] == everything
    rest = module_server.get_json(f"/v2/_catalog?last={repository.name}")["repositories"]
    assert rest == everything[everything.index(repository.name) + 1:]
    answer = module_server.request("GET", "/v2/_catalog?n=0")
    assert answer.json()["repositories"] == [] and "Link" not in answer.headers


# --- referrers ---

@pytest.fixture
def referred(repository):
    """An image, and what refers to it: {digest: (artifactType, media type, size)}; as the suite sets it up."""
    image, _ = repository.push_image("v1", layers=[b"test layer"])
    empty, expected = repository.push_blob(b"{}", EMPTY), {}
    texts = [(image_of(repository.push_blob(b"a", A), [empty], subject=image, annotations={"k": "config a"}), MANIFEST, A),
             (image_of(repository.push_blob(b"b", B), [empty], subject=image, annotations={"k": "config b"}), MANIFEST, B),
             (image_of(empty, [repository.push_blob(b"a", A)], subject=image, artifactType=A, annotations={"k": "layer a"}), MANIFEST, A),
             (image_of(empty, [repository.push_blob(b"b", B)], subject=image, artifactType=B, annotations={"k": "layer b"}), MANIFEST, B),
             (index_of([], subject=image, annotations={"k": "index"}), INDEX, None)]
    for text, media_type, artifact_type in texts:
        answer = repository.put_manifest(digest_of(text), text, media_type)
        assert answer.status_code == 201 and answer.headers["OCI-Subject"] == image["digest"]
        expected[digest_of(text)] = (artifact_type, media_type, len(text), json.loads(text)["annotations"])
    return repository, image["digest"], expected


def described(entries):
    return {entry["digest"]: (entry.get("artifactType"), entry["mediaType"], entry["size"], entry.get("annotations"))
            for entry in entries}


def test_referrers_of_a_blob_that_is_not_there(repository):
    """Twin: GET request to nonexistent blob should result in empty 200 response"""
    for _ in range(2):
        assert repository.referrers(ABSENT).json()["manifests"] == []
        repository.push_image("v1")


def test_referrers_of_an_image(referred):
    """Twin: GET request to existing blob should yield 200
    Twin: References setup
    Twin: Referrers"""
    repository, digest, expected = referred
    entries = repository.referrers(digest).json()["manifests"]
    assert described(entries) == expected and len(entries) == len(expected)
    assert "OCI-Filters-Applied" not in repository.referrers(digest).headers


@pytest.mark.parametrize("filter_", [A, B, "application/none"])
def test_referrers_of_a_type(referred, filter_):
    """Twin: GET request to existing blob with filter should yield 200"""
    repository, digest, expected = referred
    answer = repository.referrers(digest, f"?artifactType={filter_}")
    assert answer.headers["OCI-Filters-Applied"] == "artifactType"
    assert described(answer.json()["manifests"]) == {key: value for key, value in expected.items() if value[0] == filter_}


def test_referrers_of_a_missing_manifest(repository):
    """Twin: GET request to missing manifest should yield 200"""
    text = image_of(repository.push_blob(b"{}", EMPTY), [], subject={"mediaType": MANIFEST, "digest": ABSENT, "size": 11},
                    artifactType=A)
    repository.push_manifest(text)
    assert [entry["digest"] for entry in repository.referrers(ABSENT).json()["manifests"]] == [digest_of(text)]


def test_referrers_come_and_go(referred):
    """They follow the manifests, and survive that of the subject."""
    repository, digest, expected = referred
    assert repository.request("DELETE", f"manifests/{digest}").status_code == 202
    assert described(repository.referrers(digest).json()["manifests"]) == expected
    gone = next(iter(expected))
    assert repository.request("DELETE", f"manifests/{gone}").status_code == 202
    del expected[gone]
    assert described(repository.referrers(digest).json()["manifests"]) == expected


def test_referrers_of_a_digest_that_is_none(repository):
    repository.push_image("v1")
    check_error(repository.request("GET", "referrers/v1"), 400, "DIGEST_INVALID")


def test_referrers_by_config_type(repository):
    """Without artifactType, that of the config stands for it; of an index there is none."""
    image, _ = repository.push_image("v1")
    texts = [image_of(repository.push_blob(b"{}", CONFIG), [], subject=image),
             image_of(repository.push_blob(b"{}", EMPTY), [], subject=image, artifactType="")]
    for text in texts:
        repository.push_manifest(text)
    assert {entry["artifactType"] for entry in repository.referrers(image["digest"]).json()["manifests"]} == {CONFIG, EMPTY}


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_fallback_tag(repository, algorithm):
    """What clients of older registries listed under the referrers tag is found; nothing twice, and nothing that is not there."""
    _, text = repository.push_image()
    image = repository.push_manifest(text, algorithm=algorithm)
    known = repository.push_manifest(image_of(repository.push_blob(b"{}", EMPTY), [], subject=image, artifactType=A))
    listed, _ = repository.push_image(config=b"listed by the tag alone")
    entries = [{**known, "artifactType": A}, {**listed, "artifactType": B, "annotations": {"k": "v"}}]
    tag = f"{algorithm}-{image['digest'].split(':')[1][:64]}"
    repository.push_manifest(index_of(entries), tag, INDEX)
    found = repository.referrers(image["digest"]).json()["manifests"]
    assert sorted(entry["digest"] for entry in found) == sorted([known["digest"], listed["digest"]])
    assert repository.referrers(image["digest"], f"?artifactType={B}").json()["manifests"] == [entries[1]]
    assert repository.request("DELETE", f"manifests/{listed['digest']}").status_code == 202
    assert [entry["digest"] for entry in repository.referrers(image["digest"]).json()["manifests"]] == [known["digest"]]


def test_many_referrers_come_in_pages(repository):
    """An index stays below 4 MiB; Link leads to the rest, with the filter kept."""
    image, _ = repository.push_image("v1")
    config, layer, expected = repository.push_blob(b"{}", EMPTY), repository.push_blob(b"x", LAYER), set()
    for number in range(6):
        text = image_of(config, [layer], subject=image, artifactType="a/b+c", annotations={"k": f"{number}" + "x" * 1_500_000})
        expected.add(repository.push_manifest(text)["digest"])
    for query in ("", "?artifactType=a/b%2Bc"):
        pages = pages_of(repository, f"referrers/{image['digest']}{query}", "manifests")
        assert len(pages) > 1 and all(len(json.dumps(page)) < 4 << 20 for page in pages)
        found = [entry["digest"] for page in pages for entry in page]
        assert set(found) == expected and len(found) == len(expected)
