#!/usr/bin/python3
"""The server's routes are those of docs/openapi.yaml, each with the same verb: the document tells of /v2/ in
`x-assay-distribution`, of all others in `paths`.

usage: check-routes.py PRINT-ROUTES OPENAPI.YAML"""
import re
import subprocess
import sys
from pathlib import Path

import yaml


def served(program):
    """{(method, path): verb} of the tables that the server is built with."""
    lines = subprocess.run([program], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    assert len(rows) > 20, "there are routes"
    return {(method, re.sub(r"<([^>]*)>", r"{\1}", pattern)): verb for method, pattern, verb in rows}


def described(document):
    """The same of the document."""
    routes = {(method.upper(), path): operation.get("x-assay-verb")
              for path, item in document["paths"].items() for method, operation in item.items() if method != "parameters"}
    for place, verb in document["x-assay-distribution"].items():
        routes[tuple(place.split(" "))] = verb
    return routes


def main():
    document = yaml.safe_load(Path(sys.argv[2]).read_text(encoding="utf-8"))
    ours, told = served(sys.argv[1]), described(document)
    problems = [f"{method} {path}: the server says {ours.get((method, path), 'nothing')}, the document "
                f"{told.get((method, path), 'nothing')}"
                for method, path in sorted({*ours, *told}) if ours.get((method, path)) != told.get((method, path))]
    unknown = set(ours.values()) ^ set(document["x-assay-verbs"])
    problems += [f"the verb {verb}: only one of the routes and x-assay-verbs has it" for verb in sorted(unknown)]
    print("\n".join(problems) or f"{len(ours)} routes agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
