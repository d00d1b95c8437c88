#!/usr/bin/python3
"""Writes assay(1) from what the program's own --help says, so that the page cannot differ from the program.

usage: make_manual.py PROGRAM > assay.1"""
import re
import subprocess
import sys

FILES = [
    ("/etc/assay/assay.yaml", "The configuration, when neither --config nor $ASSAY_CONFIG names another; none is needed."),
    ("/var/lib/assay", "The data folder of root; of others $XDG_DATA_HOME/assay; of all $ASSAY_DATA, when it is set."),
]
EXIT_CODES = [
    ("0", "Done."),
    ("1", "The answer is no: a policy refuses, a feed is older than --max-age, a check finds a problem, "
          "something needs a person, or a person does not confirm."),
    ("N", "There are findings, and --exit-code N asks for it."),
    ("2", "Wrong usage, or something failed; standard error says what."),
]
ENVIRONMENT = [
    ("ASSAY_CONFIG", "The configuration, where --config names none."),
    ("ASSAY_DATA", "The data folder, where neither --data nor the configuration names one."),
    ("ASSAY_SERVER", "The registry that is asked, where neither --server nor the reference names one."),
    ("REGISTRY_AUTH_FILE", "Who `assay scan` is to a registry; else the files of podman login and docker login."),
    ("https_proxy, http_proxy, no_proxy", "Proxies for feeds and registries."),
    ("XDG_CACHE_HOME", "Below it `assay scan` keeps the inventories of layers (~/.cache)."),
    ("TMPDIR", "Where downloads of `assay scan` lie; they have no name."),
    ("NO_COLOR", "No colours on a terminal."),
]
OPTION = re.compile(r"^  (-\S.*?)(?:\s{2,}(\S.*))?$")


def help_of(program, *words):
    return subprocess.run([program, *words, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def escape(text):
    """Plain text for roff: no control line, no accidental escape, hyphens that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def subcommands(text):
    """The names listed under "Commands:", in order."""
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.MULTILINE)
    return [line.split()[0] for line in listed.group(1).splitlines()] if listed else []


def usage_of(text):
    return re.search(r"^Usage:\n  (.*)$", text, re.MULTILINE).group(1).replace("[OPTION…]", "[OPTION...]")


def print_text(lines):
    """Paragraphs as they are; indented lines as examples."""
    example, blank = False, True
    for line in lines:
        indented = line.startswith("  ")
        if indented != example and line:
            print(".EX" if indented else ".EE")
            example = indented
        if not line:
            blank = True
            continue
        if blank and not example:
            print(".PP")
        blank = False
        print(escape(line))
    if example:
        print(".EE")


def print_options(lines):
    for line in lines:
        match = OPTION.match(line)
        if match:
            print(f".TP\n.B {escape(match.group(1))}")
            print(escape(match.group(2) or ""))
        elif line.strip():
            print(escape(line.strip()))


def print_command(program, words):
    text = help_of(program, *words)
    own = "Application Options:" in text  # else a group, which does nothing by itself
    if own:
        print_one(text)
    for name in subcommands(text):
        print_command(program, [*words, name])
    if not own and not subcommands(text):
        print_one(text)


def print_one(text):
    print(f".SS {escape(usage_of(text))}")
    body = text.split("\n", 2)[2].strip("\n").split("\n")
    section, paragraphs = "text", {"text": [], "options": []}
    for line in body:
        if line in ("Help Options:", "Application Options:"):
            section = "help" if line.startswith("Help") else "options"
        elif line and not line.startswith(" ") and section != "text":
            section = "text"
            paragraphs["text"] += ["", line]
        elif section == "text" or section == "options":
            paragraphs[section].append(line)
    print_text(paragraphs["text"][:1])
    print_options(paragraphs["options"])
    print_text(paragraphs["text"][1:])


def main():
    program = sys.argv[1]
    version = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    text = help_of(program)
    summary = text.split("\n")[3]
    print(f'.TH ASSAY 1 "" "{version}" "User Commands"')
    print(f".SH NAME\nassay \\- {escape(summary[0].lower() + summary[1:].rstrip('.'))}")
    print(".SH SYNOPSIS\n.B assay\n.I COMMAND\n[\\fIOPTION\\fR]...\n[\\fIARGUMENT\\fR]...")
    print(".SH DESCRIPTION\nAssay stores container images, scans them as they are pushed, and lets out only what its policy "
          "allows.\nEach command has its own \\fB\\-\\-help\\fR.")
    print(".SH COMMANDS")
    for name in subcommands(text):
        print_command(program, [name])
    print(".SH EXIT STATUS")
    for code, meaning in EXIT_CODES:
        print(f".TP\n.B {code}\n{escape(meaning)}")
    print(".SH ENVIRONMENT")
    for name, meaning in ENVIRONMENT:
        print(f".TP\n.B {escape(name)}\n{escape(meaning)}")
    print(".SH FILES")
    for path, meaning in FILES:
        print(f".TP\n.I {escape(path)}\n{escape(meaning)}")
    print('.SH SEE ALSO\n.BR assay.yaml (5),\n.BR containers-transports (5),\n.BR skopeo (1),\n.BR podman (1)')


main()
