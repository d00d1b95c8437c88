"""That a program was built hardened: position-independent, read-only relocations bound at the start, no executable or writable
segments, no search path of its own, stack protector and fortified functions in use, and CET's landing pads."""
import platform
import re
import subprocess

FLAGS = ["-O2", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong", "-fcf-protection", "-fPIE"]


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def check(program):
    """[what the program lacks]"""
    program = str(program)
    header, segments = output_of("readelf", "-hW", program), output_of("readelf", "-lW", program)
    dynamic, symbols = output_of("readelf", "-dW", program), output_of("readelf", "--dyn-syms", "-W", program)
    missing = []
    if not re.search(r"Type:\s+DYN", header) or "PIE" not in dynamic:
        missing.append("PIE")
    if "GNU_RELRO" not in segments:
        missing.append("RELRO")
    if "BIND_NOW" not in dynamic:
        missing.append("bind now")
    if not re.search(r"GNU_STACK .* RW +0x", segments) or re.search(r"LOAD .* RWE", segments):
        missing.append("segments that are not both writable and executable")
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        missing.append("no search path for libraries of its own")
    if "__stack_chk_fail" not in symbols:
        missing.append("stack protector")
    if not re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", "")):
        missing.append("fortified functions")
    # A static library without CET takes the mark from the program's notes, so that the code is looked at itself.
    if re.search(r"Machine:.*X86-64", header) and not has_landing_pad(program):
        missing.append("landing pads (CET)")
    return missing


def has_landing_pad(program):
    code = output_of("objdump", "-d", "--no-show-raw-insn", "--disassemble=main", program)
    return re.search(r"<main>:\n\s+[0-9a-f]+:\s+endbr64", code) is not None


def check_commands(commands):
    """[what a compile command of ours lacks]; an entry is as compile_commands.json has them. A module that is loaded has -fPIC."""
    return [f"{entry['file']}: compiled without {flag}" for entry in commands for flag in FLAGS
            if flag not in entry["command"].replace("-fPIC", "-fPIE").split() and (flag != "-fcf-protection" or platform.machine() == "x86_64")]
