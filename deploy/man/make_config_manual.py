#!/usr/bin/python3
"""Writes assay.yaml(5) from docs/configuration.md, so that the two cannot differ: headings, paragraphs, tables and code.

usage: make_config_manual.py VERSION docs/configuration.md > assay.yaml.5"""
import re
import sys


def escape(text):
    """Plain text for roff: no control line, no accidental escape, hyphens that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def inline(text):
    """Words in backticks are bold; a link is its text."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    parts = text.split("`")
    return "".join(escape(part) if i % 2 == 0 else f"\\fB{escape(part)}\\fR" for i, part in enumerate(parts))


def print_code(lines):
    print(".PP\n.EX")
    for line in lines:
        print(escape(line))
    print(".EE")


def print_table(rows):
    """Each row as a tagged paragraph: the first cell, then the others under the names of their columns."""
    header, *body = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip("| "))] for row in rows]
    for cells in body:
        if set("".join(cells)) <= set("-: "):
            continue
        print(f".TP\n{inline(cells[0])}")
        told = [f"({name} {value})" for name, value in zip(header[1:-1], cells[1:-1]) if value]
        print(inline(" ".join([cells[-1], *told])))


def print_page(text):
    blocks, code = [], None
    for line in text.split("\n"):
        if line.startswith("```"):
            if code is not None:
                blocks.append(("code", code))
            code = [] if code is None else None
        elif code is not None:
            code.append(line)
        elif line.startswith("#"):
            blocks.append(("heading", line.lstrip("#").strip()))
        elif line.startswith("|"):
            if not (blocks and blocks[-1][0] == "table"):
                blocks.append(("table", []))
            blocks[-1][1].append(line)
        elif line.strip():
            if not (blocks and blocks[-1][0] == "text"):
                blocks.append(("text", []))
            blocks[-1][1].append(line)
        else:
            blocks.append(("end", None))
    for kind, content in blocks[1:]:
        if kind == "heading":
            print(f".SH {escape(content.upper())}")
        elif kind == "code":
            print_code(content)
        elif kind == "table":
            print_table(content)
        elif kind == "text":
            print(".PP")
            for line in content:
                print(inline(line))


def main():
    version, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    print(f'.TH ASSAY.YAML 5 "" "assay {version}" "File Formats"')
    print(".SH NAME\nassay.yaml \\- configuration of the Assay container registry")
    print(".SH DESCRIPTION")
    print_page(text)
    print(".SH SEE ALSO\n.BR assay (1)")


main()
