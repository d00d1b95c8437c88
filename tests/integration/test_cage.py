"""What start says when the kernel withholds a part of the cage, as a container's rules may, and what is done then."""
import ctypes
import errno
import os
import platform
import struct
import subprocess

import pytest

import images
from assay_server import Server, children_of, sanitizer_environment

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_CHILD_SUBREAPER = 38, 22, 2, 36
LANDLOCK_CREATE_RULESET, SECCOMP = 444, 317

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of system calls are x86_64's")


def withhold(number, error):
    """For the calling process and what it starts: that system call fails."""
    instructions = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | error), (0x06, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *each) for each in instructions))
    program = ctypes.create_string_buffer(struct.pack("<H6xQ", len(instructions), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


@pytest.mark.parametrize("missing,number,error", [("Landlock", LANDLOCK_CREATE_RULESET, errno.ENOSYS),
                                                  ("Landlock", LANDLOCK_CREATE_RULESET, errno.EPERM),
                                                  ("seccomp", SECCOMP, errno.EINVAL)])
def test_start_without_a_part_of_the_cage(missing, number, error, program, tmp_path, monkeypatch):
    server = Server(program, tmp_path / "strict")
    command = [str(program), "serve", "--data", str(server.data), "--listen", server.address]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=lambda: withhold(number, error),
                             env=sanitizer_environment(tmp_path / "sanitizer"))
    assert refused.returncode not in (0, None) and missing in refused.stderr and "allow_uncaged" in refused.stderr

    layout = images.tiny_layout(tmp_path / "tiny")
    start = subprocess.Popen
    server = Server(program, tmp_path / "lax", config="allow_uncaged: true")
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", lambda *arguments, **options: start(
            *arguments, **options, preexec_fn=lambda: withhold(number, error)))
        server.start()
    try:
        assert any(event.get("missing") == missing for event in server.log_events())
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--digestfile",
                        str(tmp_path / "digest"), f"oci:{layout}:latest", f"docker://{server.address}/un/caged:1"], check=True)
        scan = server.wait_for_scan("un/caged", (tmp_path / "digest").read_text().strip())
        assert (scan["state"], scan["packages"]) == ("done", 2)
    finally:
        server.stop()


def test_nothing_is_left(assay, tmp_path):
    """Of a program that ends: neither a worker nor what it is forked from, which would be ours then."""
    layout = images.tiny_layout(tmp_path / "tiny")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        before = set(children_of(os.getpid()))
        assert assay("packages", "--format", "json", f"oci:{layout}").stdout.startswith("{")
        assert set(children_of(os.getpid())) <= before
    finally:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
