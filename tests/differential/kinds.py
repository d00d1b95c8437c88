"""Images that stand each for a kind of thing that scanners get wrong: in what a runtime unpacks, or in what the package manager reads
there, openssl is one with a known vulnerability, and something else is shown beside it. A policy that blocks vulnerable and
unscanned images must refuse all of them.

KINDS: {name: image}; SEEN_BY_NONE: those in which no package manager of ours lists it (what stands there is no database, or
one of a manager that we have not). HARMLESS: images of the same shapes that the policy must let out."""
import databases
from texts import OS

DPKG, STATUS = "var/lib/dpkg", "var/lib/dpkg/status"
APK, RPM = "lib/apk/db/installed", "var/lib/rpm"


def deb(version, name="libssl3", source="openssl", status="install ok installed"):
    return f"Package: {name}\nStatus: {status}\nPriority: optional\nSection: libs\nMaintainer: y <y@example.org>\nArchitecture: amd64\n" \
           f"Source: {source}\nVersion: {version}\nDescription: y\n\n"


OLD, NEW = deb("3.0.9-1"), deb("3.0.17-1~deb12u2")


def apk(name, version, letter, origin=None):
    return f"C:Q1{letter * 27}=\nP:{name}\nV:{version}\nA:x86_64\nS:1\nI:1\nT:y\nU:y\nL:y\no:{origin or name}\n"


def rpm(name, folder=RPM):
    return [("file", f"{folder}/{file}", content) for file, content in databases.rpm_files(name).items()]


DEBIAN = [("dir", "etc"), ("file", "etc/os-release", OS["deb12"]), ("dir", "var"), ("dir", "var/lib")]
ALPINE = [("dir", "etc"), ("file", "etc/os-release", OS["apk"])]
ALMA = [("dir", "etc"), ("file", "etc/os-release", OS["rpm"]), ("dir", "var"), ("dir", "var/lib")]


def chain(length):
    """Links from the status file, each to the next, with the old packages at their end."""
    steps = [STATUS, *(f"srv/step{number}" for number in range(length)), "srv/end"]
    return [("link", here, f"/{there}") for here, there in zip(steps, steps[1:])] + [("file", "srv/end", OLD)]


KINDS = {
    "plain": [DEBIAN, [("file", STATUS, OLD)]],
    "plain alpine": [ALPINE, [("file", APK, apk("openssl", "1.1.1c-r0", "a"))]],
    "plain rpm": [ALMA, rpm("sqlite/old")],
    # --- one tar ---
    "name twice": [DEBIAN, [("file", STATUS, NEW), ("file", STATUS, OLD)]],
    "name twice, spelled otherwise": [DEBIAN, [("file", STATUS, NEW), ("file", "./var//lib/dpkg/./status", OLD)]],
    "target of a hard link twice": [DEBIAN, [("file", "srv/copy", NEW), ("file", "srv/copy", OLD), ("hard", STATUS, "srv/copy")]],
    "target of a hard link written again": [DEBIAN, [("file", "srv/copy", NEW), ("hard", STATUS, "srv/copy"), ("file", STATUS, OLD)]],
    "file, then a link": [DEBIAN, [("file", STATUS, NEW), ("link", STATUS, "../../../srv/real"), ("file", "srv/real", OLD)]],
    "link, then a file": [DEBIAN, [("file", "srv/real", NEW), ("link", STATUS, "/srv/real"), ("file", STATUS, OLD)]],
    "folder, then a link": [DEBIAN, [("dir", DPKG), ("file", STATUS, NEW), ("link", DPKG, "../../srv/dpkg"), ("file", "srv/dpkg/status", OLD)]],
    "written through a link": [DEBIAN, [("file", "srv/dpkg/status", NEW), ("link", DPKG, "/srv/dpkg"), ("file", f"{DPKG}/status", OLD)]],
    "written through a link far above": [DEBIAN, [("link", "srv/system", "/"), ("file", STATUS, NEW), ("file", f"srv/system/{STATUS}", OLD)]],
    "whiteout before its content": [DEBIAN, [("file", STATUS, OLD)], [("file", f"{DPKG}/.wh.status", ""), ("file", STATUS, OLD)]],
    "whiteout after its content": [DEBIAN, [("file", STATUS, OLD), ("file", f"{DPKG}/.wh.status", "")]],
    "name by pax": [DEBIAN, [("file", STATUS, OLD, {"name": "pax"})]],
    "name by GNU": [DEBIAN, [("file", STATUS, OLD, {"name": "gnu"})]],
    "name that climbs": [DEBIAN, [("file", STATUS, NEW)], [("file", f"../../{STATUS}", OLD)]],
    "sparse": [DEBIAN, [("file", STATUS, OLD + "".join(deb("1", f"app{number}", "app") for number in range(9)), {"sparse": "pax"})]],
    "no end of the tar": [DEBIAN, {"entries": [("file", STATUS, OLD)], "end": "none"}],
    "second gzip member": [DEBIAN, {"entries": [("file", "srv/filler", "x" * 5000), ("file", STATUS, OLD)], "packed": "members"}],
    # --- layers ---
    "opaque mark in the root": [DEBIAN + [("file", STATUS, OLD)], [("file", ".wh..wh..opq", ""), ("file", "srv/app", "x")]],
    "opaque mark in the root, and packages": [DEBIAN + [("file", STATUS, OLD)], [("file", ".wh..wh..opq", ""), *DEBIAN,
                                                                                ("file", f"{DPKG}/status.d/app", deb("1", "app", "app"))]],
    "link's target replaced above": [DEBIAN, [("link", DPKG, "/srv/dpkg"), ("file", "srv/dpkg/status", NEW)], [("file", "srv/dpkg/status", OLD)]],
    "link in the middle replaced above": [DEBIAN, [("link", DPKG, "/srv/now"), ("link", "srv/now", "one"), ("file", "srv/one/status", NEW),
                                                   ("file", "srv/two/status", OLD)], [("link", "srv/now", "two")]],
    "folder above becomes a link": [DEBIAN, [("file", "srv/lib/dpkg/status", OLD), ("file", STATUS, NEW)], [("link", "var/lib", "/srv/lib")]],
    "/var becomes a link": [DEBIAN, [("file", "srv/lib/dpkg/status", OLD)], [("link", "var", "srv")]],
    "link becomes a folder": [DEBIAN, [("link", DPKG, "/srv/dpkg"), ("file", "srv/dpkg/status", NEW)], [("dir", DPKG), ("file", STATUS, OLD)]],
    "what made it unread is written over": [DEBIAN, [("link", DPKG, "/srv/dpkg")], [("file", "srv/dpkg/status", OLD)],
                                            [("file", f"{DPKG}/status.d/app", deb("1", "app", "app"))]],
    "long chain of links": [DEBIAN, chain(20)],
    "endless chain of links": [DEBIAN, chain(100)],
    "chain over layers": [DEBIAN, *[[entry] for entry in chain(4)]],
    "place of another kind": [DEBIAN, [("link", STATUS, "/lib/apk/db/installed"), ("file", APK, OLD)]],
    "hard link to a lower layer": [DEBIAN, [("file", "srv/copy", OLD)], [("hard", STATUS, "srv/copy")]],
    "overlayfs' own mark of an opaque folder": [DEBIAN, [("file", STATUS, OLD)], [("dir", DPKG, {"xattrs": {"trusted.overlay.opaque": "y"}})]],
    "overlayfs' own mark of a moved folder": [DEBIAN, [("file", "srv/dpkg/status", OLD)],
                                              [("dir", DPKG, {"xattrs": {"trusted.overlay.redirect": "/srv/dpkg"}})]],
    "through a hard link to a link": [DEBIAN, [("file", STATUS, NEW)], [("dir", DPKG), ("link", "srv/link", "/var/lib/dpkg"),
                                                                        ("hard", "srv/name", "srv/link"), ("file", "srv/name/status", OLD)]],
    "through a link that climbs out of a link": [DEBIAN, [("file", STATUS, NEW)], [
        ("dir", "var/lib/other"), ("dir", DPKG), ("link", "srv/other", "/var/lib/other"), ("link", "srv/way", "other/../dpkg"),
        ("file", "srv/way/status", OLD)]],
    # --- what package managers read ---
    "dpkg: word in capitals": [DEBIAN, [("file", STATUS, deb("3.0.9-1", status="install ok INSTALLED"))]],
    "dpkg: half installed": [DEBIAN, [("file", STATUS, deb("3.0.9-1", status="install ok half-configured"))]],
    "dpkg: kept, to be removed": [DEBIAN, [("file", STATUS, deb("3.0.9-1", status="deinstall ok installed"))]],
    "dpkg: source in capitals": [DEBIAN, [("file", STATUS, deb("3.0.9-1", source="OpenSSL"))]],
    "dpkg: name in capitals": [DEBIAN, [("file", STATUS, deb("3.0.9-1", "OpenSSL").replace("Source: openssl\n", ""))]],
    "dpkg: blank before the colon": [DEBIAN, [("file", STATUS, OLD.replace("Version:", "Version\t:").replace("Package:", "Package :"))]],
    "dpkg: journal": [DEBIAN, [("file", STATUS, NEW), ("file", f"{DPKG}/updates/0003", OLD)]],
    "dpkg: journal alone": [DEBIAN, [("file", f"{DPKG}/updates/0000", OLD)]],
    "dpkg: journal behind a link": [DEBIAN, [("file", STATUS, NEW), ("link", f"{DPKG}/updates", "/srv/updates"), ("file", "srv/updates/0000", OLD)]],
    "rpm: write-ahead log": [ALMA, rpm("wal/new-old")],
    "rpm: write-ahead log in another layer": [ALMA, rpm("wal/new-old")[:1], rpm("wal/new-old")[1:]],
    "rpm: rollback journal": [ALMA, rpm("journal/old-new")],
    "rpm: write-ahead log beside the link's target": [ALMA, [
        ("link", f"{RPM}/rpmdb.sqlite", "/srv/packages"), *[("file", name.replace(f"{RPM}/rpmdb.sqlite", "srv/packages"), content)
                                                             for _, name, content in rpm("wal/new-old")]]],
    "rpm: two places": [ALMA, rpm("sqlite/new") + rpm("sqlite/old", "usr/lib/sysimage/rpm")],
    "rpm: two formats": [ALMA, rpm("sqlite/new") + rpm("bdb/old")],
    "rpm: a name after the header's region": [ALMA, rpm("header/openssl")],
    "rpm: link to the new place": [ALMA, [("link", RPM, "../../usr/lib/sysimage/rpm")], rpm("ndb/old", "usr/lib/sysimage/rpm")],
    "apk: short line": [ALPINE, [("file", APK, apk("openssl", "1.1.1c-r0", "a") + "y\n" + apk("musl", "1.1.22-r3", "b") + "\n")]],
    "apk: name twice in a record": [ALPINE, [("file", APK, "P:musl\n" + apk("openssl", "1.1.1c-r0", "a") + "\n")]],
    "apk: both places": [ALPINE, [("file", APK, apk("musl", "1.1.22-r3", "b")), ("file", f"usr/{APK}", apk("openssl", "1.1.1c-r0", "a"))]],
    # --- decoys ---
    "decoy with another source": [DEBIAN, [("file", f"{DPKG}/status.d/libssl3", deb("3.0.9-1", source="harmless"))], [("file", STATUS, OLD)]],
    "decoy with another module": [ALMA, rpm("sqlite/other", "usr/share/rpm"), rpm("sqlite/old")],
    "decoy with another origin": [ALPINE, [("file", f"usr/{APK}", apk("libcrypto1.1", "1.1.1c-r0", "b", "harmless"))],
                                  [("file", APK, apk("libcrypto1.1", "1.1.1c-r0", "a", "openssl"))]],
    "decoy of a distribution": [[("file", "usr/lib/os-release", OS["deb12"]), ("link", "etc/os-release", "../usr/lib/os-release"), ("file", STATUS, OLD)],
                                [("file", "usr/lib/os-release", OS["deb12"].replace("12", "99").replace("bookworm", "nowhere"))]],
    # --- nothing is known ---
    "database removed": [DEBIAN + [("file", STATUS, OLD)], [("file", f"{DPKG}/.wh.status", "")]],
    "folder of the database removed": [DEBIAN + [("file", STATUS, OLD)], [("file", "var/lib/.wh.dpkg", "")]],
    "never a database": [DEBIAN],
    "database of garbage": [DEBIAN, [("file", STATUS, "garbage\n" * 9)]],
    "rpm database of garbage": [ALMA, [("file", f"{RPM}/rpmdb.sqlite", "garbage\n" * 900)]],
    "apk database of garbage": [ALPINE, [("file", APK, "garbage\n" * 9)]],
    "empty database": [DEBIAN, [("file", STATUS, "")]],
    "device for a database": [DEBIAN, [("char", STATUS, 1, 3)]],
    "pacman": [[("file", "etc/os-release", "ID=arch\nNAME=Arch\n"),
                ("file", "var/lib/pacman/local/openssl-1.1.1.a-1/desc", "%NAME%\nopenssl\n\n%VERSION%\n1.1.1.a-1\n\n")]],
    "portage": [[("file", "etc/os-release", "ID=gentoo\nNAME=Gentoo\n"), ("file", "var/db/pkg/dev-libs/openssl-1.1.1/PF", "openssl-1.1.1\n")]],
    "xbps": [[("file", "etc/os-release", "ID=void\nNAME=Void\n"), ("file", "var/db/xbps/pkgdb-0.38.plist", "<plist/>")]],
    "opkg": [[("file", "etc/os-release", "ID=openwrt\nVERSION_ID=22.03\n"), ("file", "usr/lib/opkg/status", OLD)]],
}
SEEN_BY_NONE = {"database removed", "folder of the database removed", "never a database", "database of garbage", "rpm database of garbage",
                "apk database of garbage", "empty database", "device for a database", "pacman", "portage", "xbps", "opkg",
                "endless chain of links"}

HARMLESS = {
    "plain": [DEBIAN, [("file", STATUS, NEW)]],
    "plain alpine": [ALPINE, [("file", APK, apk("openssl", "1.1.1d-r3", "a"))]],
    "plain rpm": [ALMA, rpm("sqlite/new")],
    "upgraded": [DEBIAN, [("file", STATUS, OLD)], [("file", STATUS, NEW)]],
    "removed and made again": [DEBIAN, [("file", STATUS, OLD)], [("dir", DPKG), ("file", f"{DPKG}/.wh..wh..opq", ""), ("file", STATUS, NEW)]],
    "folders moved to /usr": [ALPINE + [("dir", "lib"), ("file", APK, apk("openssl", "1.1.1c-r0", "a"))],
                              [("link", "lib", "usr/lib"), ("file", f"usr/{APK}", apk("openssl", "1.1.1d-r3", "a"))]],
    "link of rpm's folder": [ALMA + [("link", RPM, "../../usr/lib/sysimage/rpm")], rpm("sqlite/old", "usr/lib/sysimage/rpm"),
                             rpm("sqlite/new", "usr/lib/sysimage/rpm")],
    "whiteouts elsewhere": [DEBIAN + [("file", STATUS, NEW), ("file", "srv/app/x", "x")], [("file", "srv/.wh.app", "")],
                            [("dir", "opt"), ("file", "opt/.wh..wh..opq", ""), ("file", "opt/x", "x")]],
    "names by pax and GNU": [DEBIAN, [("file", STATUS, NEW, {"name": "pax"}), ("file", "srv/" + "x" * 150, "x", {"name": "gnu"})]],
    "empty journal": [DEBIAN, [("file", STATUS, NEW), ("dir", f"{DPKG}/updates")]],
    "links elsewhere": [DEBIAN, [("file", STATUS, NEW), ("link", "srv/a", "b"), ("link", "srv/b", "a"), ("link", "srv/c", "../../../x")]],
}
