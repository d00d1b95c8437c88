"""docs/conformance.md is whole: each check of the real suites passed, and has a twin that is there."""
import ast
import os
import re
import subprocess

from assay_server import ROOT

REPORT = ROOT / "docs/conformance.md"
# | check | result | twin |
ROWS = re.findall(r"^\| ([^|]*) \| (passed|failed|skipped|Pass|FAIL|Skip|Disabled) \| ([^|]*) \|$", REPORT.read_text(encoding="utf-8"),
                  re.MULTILINE)


def functions_of(workflow):
    path = ROOT / f"tests/integration/test_conformance_{workflow}.py"
    return {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_each_check_has_a_twin():
    assert len(ROWS) > 120
    for check, result, twin in ROWS:
        assert result in ("passed", "Pass", "skipped", "Disabled"), check
        if result == "Disabled" or twin == "(its setup)":
            continue
        named = re.fullmatch(r"(pull|push|discovery|management): `(\w+)`", twin)
        assert named, f"{check}: {twin}"
        assert named.group(2) in functions_of(named.group(1)), f"{check}: {twin}"


def test_the_whole_of_both_suites():
    """What is skipped or off is what the page explains, and no more."""
    not_run = sorted(check for check, result, _ in ROWS if result in ("skipped", "Disabled"))
    assert not_run == [
        "Cross-Repository Blob Mount Cross-mounting of nonexistent blob should yield session id",
        "Cross-Repository Blob Mount Cross-mounting without from, and automatic content discovery disabled should return a 202",
        "Setup Get tag name from environment", "Setup Populate registry with test tags (no push)"]


def test_without_go_it_says_so(tmp_path):
    before = REPORT.read_bytes()
    result = subprocess.run(["/usr/bin/python3", str(ROOT / "scripts/conformance")], env={**os.environ, "PATH": str(tmp_path)},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode != 0 and "Go is not installed" in result.stderr
    assert REPORT.read_bytes() == before
