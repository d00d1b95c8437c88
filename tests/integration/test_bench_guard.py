"""What bench/guard.py and bench/run.py make of figures that are given to them; measuring is no matter of tests."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import figures  # noqa: E402
import guard  # noqa: E402
import run  # noqa: E402

THEN = """Text with 3.0x in it.

| what | measured | goal | met |
|------|----------|------|-----|
| pull | assay 6.74 GB/s, nginx 3.56 GB/s; 2.00x nginx, 3.23x docker-registry | at least nginx | yes |
| scan | 840 ms, igzip -dc 582 ms; 1.20x | at most 1.8x | yes |
| Trivy | assay 1.42 s, trivy 4.16 s; 4.0 times as fast | 4 times | yes |
| memory | 12.8 MiB | at most 30 MiB | yes |
| gone | 1.50x | | - |
"""


def now(pull="2.00x", scan="1.20x", trivy="4.0"):
    return [("pull", f"assay 1 GB/s; {pull} nginx", "at least nginx", "yes"), ("scan", f"1 ms; {scan}", "at most 1.8x", "yes"),
            ("Trivy", f"{trivy} times as fast", "4 times", "yes"), ("new one", "3x", "", "-")]


def verdicts(rows):
    then = guard.ratios_of(figures.rows_of(THEN))
    assert then == {"pull": (2.0, False), "scan": (1.2, True), "Trivy": (4.0, False), "gone": (1.5, False)}
    return {what: verdict for what, *_, verdict in guard.compare(then, guard.ratios_of(rows))}


def test_verdicts():
    same = {"pull": "as before", "scan": "as before", "Trivy": "as before", "gone": "not measured", "new one": "new"}
    assert verdicts(now()) == same
    assert verdicts(now(pull="1.83x", scan="1.31x", trivy="3.7")) == same
    assert verdicts(now(pull="1.78x")) == {**same, "pull": "WORSE"}
    assert verdicts(now(scan="1.34x")) == {**same, "scan": "WORSE"}
    assert verdicts(now(pull="2.3x", scan="1.0x", trivy="3.5")) == {**same, "pull": "better", "scan": "better", "Trivy": "WORSE"}


def test_better_of_two():
    first, second = guard.ratios_of(now(pull="1.5x", scan="1.1x")), guard.ratios_of(now(pull="2.1x", scan="1.5x"))
    for one, other in ((first, second), (second, first)):
        assert guard.better_of(one, other) == guard.ratios_of(now(pull="2.1x", scan="1.1x"))


def test_the_table():
    told = guard.table(guard.compare(guard.ratios_of(figures.rows_of(THEN)), guard.ratios_of(now(pull="1.0x"))))
    assert told.split("\n")[0].split() == ["ratio", "then", "now", "times", "as", "good"]
    assert [line.split() for line in told.split("\n") if line.startswith("pull")] == [["pull", "2.00", "1.00", "0.50", "WORSE"]]


def test_rows_of_a_part_of_the_measurements():
    """They take the place of the same figures; what was not measured stays."""
    new = [("scan", "700 ms; 1.10x", "at most 1.8x", "yes"), ("a row", "2x", "", "-")]
    merged = run.with_rows(THEN + "\nText behind.\n", new)
    then = dict((what, rest) for what, *rest in figures.rows_of(THEN))
    assert dict((what, rest) for what, *rest in figures.rows_of(merged)) == {**then, **{what: rest for what, *rest in new}}
    assert merged.startswith("Text with 3.0x in it.\n\n| what") and merged.endswith("|\n\nText behind.\n")
    assert run.key_of("scan, 159 equal findings") == run.key_of("scan, 1,161 equal findings") != run.key_of("pull, 8 clients")
    assert run.key_of("pull, 8 clients") != run.key_of("pull, 64 clients")
