"""`assay db` run by root on the data folder of a server's own user: that user can read, and go on with, all that root wrote."""
import os
import shutil
from pathlib import Path

import pytest

import gate
from gate import STRICT, import_advisories, push_layout, wait_until

USER = 61235


@pytest.fixture
def owned(start_server):
    """A server that runs as a user of its own, on that user's folder."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root may serve as another user")

    def give_folder(server):
        server.data.mkdir()
        os.chown(server.data, USER, USER)
        for above in (server.folder, *server.folder.parents):
            if above != Path("/") and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
        os.chown(server.folder, USER, USER)
    return start_server(policy=STRICT, prepare=give_folder,
                        wrap=["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"])


def advisories(server):
    return server.get_json("/readyz")["advisories"]


def test_root_imports(owned, assay, tmp_path):
    import_advisories(assay, owned)
    wait_until(lambda: advisories(owned) == "ok")
    for path in [owned.data / "advisories.db", *(owned.data / "feeds").rglob("*"), owned.data / "feeds"]:
        assert path.lstat().st_uid == USER, path
    layout, _, _ = gate.alpine_layout(tmp_path / "alpine")
    push_layout(owned, layout, "vulnerable", "team/app")
    wait_until(lambda: "findings block" in gate.refusal(owned, "team/app", "vulnerable"))


def test_permission_denied_is_told(owned, assay):
    """As what it is, with who owns it and what to do; the running server takes it when it may."""
    import_advisories(assay, owned)
    wait_until(lambda: advisories(owned) == "ok")
    owned.stop()
    os.chown(owned.data / "advisories.db", 0, 0)
    owned.start()
    says = advisories(owned)
    assert "permission denied" in says and "owner is root" in says and f"chown {USER}" in says, says
    assert "permission denied" in owned.log_text()
    os.chown(owned.data / "advisories.db", USER, USER)
    wait_until(lambda: advisories(owned) == "ok")
