"""The published schemas of report formats, where they are present: Draft 7 with references between files."""
import json
import warnings

import jsonschema
import pytest

from assay_server import SHARED

# What the CycloneDX schema refers to.
REFERRED = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")


def check(name, document):
    """Asserts that the document fits the schema; skips where the schemas are not there."""
    folder = SHARED / "schemas"
    if not (folder / name).is_file():
        pytest.skip(f"the schemas are not in {folder}")
    schema = json.loads((folder / name).read_text())
    store = {}
    for other in (name, *REFERRED):
        read = json.loads((folder / other).read_text())
        store[read.get("$id", read.get("id", other))] = store[f"http://cyclonedx.org/schema/{other}"] = read
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        resolver = jsonschema.RefResolver(schema.get("$id", ""), schema, store=store)
        validator = jsonschema.validators.validator_for(schema)(
            schema, resolver=resolver, format_checker=jsonschema.FormatChecker())
        errors = [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in validator.iter_errors(document)]
    assert errors == []
