"""Package databases and os-release files as texts: plain, or as odd as their readers may take them. Which of it the readers take is not
decided here; their programs are asked."""

OS = {"deb": 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
      "deb12": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
      "apk": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.10.2\nPRETTY_NAME="Alpine Linux v3.10"\n',
      "rpm": 'NAME="AlmaLinux"\nVERSION_ID="9.2"\nID="almalinux"\nPRETTY_NAME="AlmaLinux 9.2"\n'}


def os_text(rng, kind, odd=False):
    lines = OS[kind].splitlines()
    if odd:
        change = rng.choice(["quotes", "comment", "twice", "blank", "shuffle", "no-end", "single"])
        if change == "quotes":
            lines = [line.replace('"', "'") for line in lines]
        elif change == "comment":
            lines.insert(0, "# ID=other")
        elif change == "twice":
            lines.insert(0, "ID=other")
        elif change == "blank":
            lines.insert(rng.randrange(len(lines)), "")
        elif change == "shuffle":
            rng.shuffle(lines)
        elif change == "single":
            lines = [line.replace("ID=debian", "ID='debian'") for line in lines]
        else:
            return "\n".join(lines)
    return "\n".join(lines) + "\n"


# --- dpkg ---

DEB_PACKAGES = [("libssl1.1", ("1.1.1w-0+deb11u1", "1.1.1w-0+deb11u2")), ("zlib1g", ("1:1.2.11-1", "1:1.2.11-2")), ("bash", ("5.1-2",))]
DPKG_STATES = ["unpacked", "half-configured", "half-installed", "triggers-awaited", "triggers-pending", "config-files", "not-installed"]
DPKG_STATUS = ["hold ok installed", "deinstall ok installed", "purge ok config-files", "install reinstreq installed",
               "unknown ok not-installed", "deinstall ok config-files", "install ok", "installed", "install ok installed extra",
               "install ok Installed", "Install OK INSTALLED", "INSTALL ok installed", "install\tok \t installed", "install hold-reinstreq installed"]


def replaced(fields, name, change):
    return [(key, change(value)) if key == name else (key, value) for key, value in fields]


# Each takes the fields of a stanza and gives other ones.
DPKG_ODD = {
    "state": lambda rng, fields: replaced(fields, "Status", lambda _: "install ok " + rng.choice(DPKG_STATES)),
    "status": lambda rng, fields: replaced(fields, "Status", lambda _: rng.choice(DPKG_STATUS)),
    "no status": lambda rng, fields: [each for each in fields if each[0] != "Status"],
    "no version": lambda rng, fields: [each for each in fields if each[0] != "Version"],
    "no architecture": lambda rng, fields: [each for each in fields if each[0] != "Architecture"],
    "upper case": lambda rng, fields: replaced(fields, "Package", str.capitalize),
    "blank before the colon": lambda rng, fields: [(key + rng.choice(["", "", " ", "\t", "  "]), value) for key, value in fields],
    "description": lambda rng, fields: replaced(fields, "Description", lambda _: "x\n Version: 9\n .\n Status: deinstall ok config-files"),
    "folded": lambda rng, fields: replaced(fields, rng.choice(["Version", "Architecture", "Status"]), lambda value: f"\n {value}"),
    "goes on": lambda rng, fields: replaced(fields, rng.choice(["Version", "Maintainer"]), lambda value: f"{value}\n more"),
    "blanks after": lambda rng, fields: [(key, value + rng.choice([" ", "\t", "  "])) for key, value in fields],
    "blanks before": lambda rng, fields: [(key, rng.choice([" ", "\t", "  "]) + value) for key, value in fields],
    "order": lambda rng, fields: rng.sample(fields, len(fields)),
    "field twice": lambda rng, fields: fields + [rng.choice(fields)],
    "other arch": lambda rng, fields: replaced(fields, "Architecture", lambda _: rng.choice(["i386", "all", "arm64", "AMD64", "a_b"])),
    "multi-arch": lambda rng, fields: fields + [("Multi-Arch", rng.choice(["same", "foreign", "allowed", "no"]))],
    # Not what no source package is called: dpkg-query takes "openssl(1.0)" for a name, and Assay openssl.
    "source": lambda rng, fields: [each for each in fields if each[0] != "Source"] +
    [("Source", rng.choice(["openssl  (1.0)", "openssl (1.0", "OpenSSL", "openssl ( 1.0 )", "openssl (1.0) x", "", "a b"]))],
    "version": lambda rng, fields: replaced(fields, "Version", lambda _: rng.choice(["1.0", "0:1.0-1", "1:1:1", "1.0-1-1", "a1", "1 .0", "1.0~rc1+b1"])),
    "keys": lambda rng, fields: [(rng.choice([str.upper, str.lower, str])(key), value) for key, value in fields],
    "unknown field": lambda rng, fields: [("X-Odd", "x"), *fields, ("Task", "x")],
    "name": lambda rng, fields: replaced(fields, "Package", lambda value: rng.choice([value + "+", "a", "-x", "x_y", value + ":amd64", "lib.x"])),
    "no blank after the colon": lambda rng, fields: [(key, "\0" + value) for key, value in fields],
    "comment": lambda rng, fields: [("# no field", "x"), *fields],
    "carriage return": lambda rng, fields: [(key, value + "\r") for key, value in fields],
}


def stanza(rng, name, version, odd):
    source = rng.choice(["openssl", name, "safe"])
    fields = [("Package", name), ("Status", "install ok installed"), ("Priority", "optional"), ("Section", "libs"),
              ("Maintainer", "x <x@example.org>"), ("Architecture", "amd64"), ("Version", version), ("Description", "x\n more: of it")]
    if source != name:
        fields.insert(5, ("Source", source if rng.random() < .7 else f"{source} ({version})"))
    if odd:
        for _ in range(rng.choice([0, 1, 1, 2])):
            fields = DPKG_ODD[rng.choice(sorted(DPKG_ODD))](rng, fields)
    return "".join(f"{key}: {value}\n" for key, value in fields).replace(": \0", ":")


def dpkg_text(rng, odd=False, status_d=False):
    chosen = [(name, rng.choice(versions)) for name, versions in DEB_PACKAGES if rng.random() < .7] or [("libssl1.1", "1.1.1w-0+deb11u1")]
    if odd and rng.random() < .1:
        chosen.append(rng.choice(chosen))
    stanzas = [stanza(rng, name, version, odd) for name, version in chosen]
    text = (rng.choice(["\n", "\n", "\n", "\n\n", " \n", "\t\n"]) if odd else "\n").join(stanzas) + \
        (rng.choice(["", "\n", "\n", "\n\n"]) if odd else "\n")
    if status_d:
        text = "".join(line for line in text.splitlines(True) if not line.lower().startswith("status"))
    if odd and rng.random() < .05:
        text = rng.choice(["\n" + text, "\ufeff" + text, text.rstrip("\n"), "", "\n", "x", text + "garbage", text.replace("\n", "\r\n")])
    return text


# --- apk ---

APK_PACKAGES = [("libcrypto1.1", ("1.1.1c-r0", "1.1.1d-r3")), ("zlib", ("1.2.11-r1", "1.2.11-r3")), ("musl", ("1.1.22-r3",))]
APK_LINES = ["P:second", "V:9-r9", "o:other", "A:noarch", "y:new", "T:P:x", "D:so:x>=1 !y", "p:so:x=1", "i:a b", "t:5", "k:1", "m:me <x@y>", "U:",
             "P:", "V:", "o:", "A:", "T:", " P:x", "p:x", "S:2"]


def apk_record(rng, number, name, version, odd):
    lines = ["C:Q1" + "AaBbCcDd"[number] * 27 + "=", f"P:{name}", f"V:{version}", "A:x86_64", "S:1", "I:1", "T:x", "U:x", "L:x",
             f"o:{rng.choice([name, 'openssl', 'safe'])}", "t:1", "c:x", "F:lib", "R:f" + str(number)]
    if odd and rng.random() < .6:
        change = rng.choice(["line", "line", "line", "shuffle", "same", "no-origin", "no-files", "colon"])
        if change == "line":
            lines.insert(rng.randrange(1, 12), rng.choice(APK_LINES))
        elif change == "shuffle":
            lines[:12] = rng.sample(lines[:12], 12)
        elif change == "same":
            lines[0] = "C:Q1" + "A" * 27 + "="
        elif change == "no-files":
            lines = lines[:12]
        elif change == "colon":
            lines.insert(rng.randrange(12), rng.choice(["nocolon", "P", "x:", "::", "P :x"]))
        else:
            lines = [line for line in lines if not line.startswith("o:")]
    return "\n".join(lines) + "\n"


def apk_text(rng, odd=False):
    chosen = [(name, rng.choice(versions)) for name, versions in APK_PACKAGES if rng.random() < .7] or [("zlib", "1.2.11-r1")]
    between = rng.choice(["\n", "\n", "x\n", " \n", "\n\n", "\r\n"]) if odd else "\n"
    text = between.join(apk_record(rng, number, name, version, odd) for number, (name, version) in enumerate(chosen))
    text += rng.choice(["\n", "", "\n\n"]) if odd else "\n"
    return text.rstrip("\n") if odd and rng.random() < .06 else text
