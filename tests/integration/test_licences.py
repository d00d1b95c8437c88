"""Licences of Debian's packages, by their copyright files."""
import json

from oci_layout import Layout

DEP5 = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+ or Artistic

Files: x
License: Expat

License: GPL-2+
 text
"""
PLAIN = "It is under the LGPL, see `/usr/share/common-licenses/LGPL-2.1', and\n/usr/share/common-licenses/GPL-3.\n"


def stanza(name, source, version="1.0"):
    return (f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: A <a@debian.org>\n"
            f"Source: {source}\nVersion: {version}\n\n")


def licences_of(assay, folder, *layers):
    layout = Layout(folder)
    layout.add_image("latest", list(layers))
    bill = json.loads(assay("sbom", "--format", "spdx", f"oci:{layout.folder}:latest").stdout)
    names = {each["licenseId"]: each["name"] for each in bill.get("hasExtractedLicensingInfos", [])}
    return {each["name"]: names.get(each.get("licenseDeclared"), each.get("licenseDeclared")) for each in bill["packages"]}


def test_copyright_files(assay, tmp_path):
    base = {"etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
            "var/lib/dpkg/status": stanza("a", "s") + stanza("b", "s") + stanza("c", "t") + stanza("d", "u"),
            "usr/share/doc/a/copyright": DEP5, "usr/share/doc/c/copyright": PLAIN,
            "usr/share/doc/a/deeper/copyright": PLAIN, "opt/usr/share/doc/d/copyright": PLAIN}
    expected = {"a": "(GPL-2.0-or-later OR Artistic) AND MIT", "b": "(GPL-2.0-or-later OR Artistic) AND MIT",
                "c": "LGPL-2.1 AND GPL-3", "d": "NOASSERTION"}
    found = licences_of(assay, tmp_path / "one", base)
    assert {name: found[name] for name in expected} == expected
    # A layer above writes dpkg's list again, and has the copyright file of what it adds alone.
    above = {"var/lib/dpkg/status": base["var/lib/dpkg/status"] + stanza("e", "v"), "usr/share/doc/e/copyright": PLAIN}
    found = licences_of(assay, tmp_path / "two", base, above)
    assert {name: found[name] for name in (*expected, "e")} == {**expected, "e": "LGPL-2.1 AND GPL-3"}
