"""A seeded generator of images: a small grammar of what tars and layers can do, near the places where package databases stand.

`image(seed)` is a python literal (tarball.py says of what kind) and whether it is ordinary: made only of what tools that build
images write, so that Assay may call nothing in it unread."""
import random

import databases
from texts import OS, apk_text, dpkg_text, os_text

DPKG_PLACES = ("var/lib/dpkg/status", "var/lib/dpkg/updates/0000", "var/lib/dpkg/updates/0001", "var/lib/dpkg/status.d/base")
APK_PLACES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
RPM_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
OS_PLACES = ("etc/os-release", "usr/lib/os-release")
# cap_net_bind_service, as the kernel stores it
CAPABILITY = "\x01\0\0\x02\0\x04" + "\0" * 14
# Where things also are, for links to lead to.
ELSEWHERE = ("opt/db", "srv/lib", "opt/x", "usr/share/data", "srv/var", "var/lib/dpkg2", "var/db", "opt/db/dpkg")

RPM_NAMES = ("sqlite/old", "sqlite/new", "sqlite/other", "sqlite/one", "ndb/old", "ndb/new", "ndb/other", "bdb/old", "bdb/new")
RPM_ODD = ("wal/new-old", "wal/old-new", "journal/new-old", "journal/old-new", *(f"header/{name}" for name in databases.ODD_HEADERS))


def rpm_entries(rng, folder, odd):
    name = rng.choice(RPM_NAMES + RPM_ODD) if odd else rng.choice(RPM_NAMES)
    return [("file", f"{folder}/{file}", content) for file, content in databases.rpm_files(name).items()]


# --- images ---

class Maker:
    """One image in the making: what stands where, so that later entries have something to hit."""

    def __init__(self, rng, odd, odd_contents):
        self.rng, self.odd, self.odd_contents = rng, odd, odd_contents
        self.kinds = rng.choices(["deb", "rpm", "apk"], weights=[5, 3, 2], k=rng.choice([1, 1, 1, 2]))
        self.names, self.later, self.calm = [], [], rng.random() < .4
        self.os = self.kinds[0]

    def hot(self):
        """A place that matters, or a folder above one."""
        kind = self.rng.choice(self.kinds)
        place = {"deb": self.rng.choice(DPKG_PLACES + DPKG_PLACES[:1] * 6), "apk": self.rng.choice(APK_PLACES),
                 "rpm": self.rng.choice(RPM_FOLDERS) + "/" + self.rng.choice(["rpmdb.sqlite", "rpmdb.sqlite", "Packages.db", "Packages",
                                                                               "rpmdb.sqlite-wal"])}[kind]
        if self.rng.random() < .12:
            place = self.rng.choice(OS_PLACES)
        parts = place.split("/")
        return "/".join(parts[:self.rng.choices(range(1, len(parts) + 1), weights=range(1, len(parts) + 1))[0]])

    def somewhere(self):
        roll = self.rng.random()
        if roll < .45:
            return self.hot()
        if roll < .65 and self.names:
            return self.rng.choice(self.names)
        base = self.rng.choice(ELSEWHERE)
        return base if self.rng.random() < .5 else f"{base}/{self.hot().split('/')[-1]}"

    def database(self, place=None):
        """Entries of a database, at its place or elsewhere."""
        kind, rng = self.rng.choice(self.kinds), self.rng
        odd = self.odd_contents and self.odd and rng.random() < .4
        if kind == "rpm":
            folder = place or rng.choice(RPM_FOLDERS[:1] * 3 + RPM_FOLDERS[1:2] * 2 + RPM_FOLDERS[2:])
            return rpm_entries(rng, folder, odd)
        if kind == "apk":
            return [("file", f"{place}/installed" if place else rng.choice(APK_PLACES), apk_text(rng, odd))]
        where = f"{place}/status" if place else \
            rng.choice(DPKG_PLACES[:1] * 7 + DPKG_PLACES[1:]) if self.odd and self.odd_contents else DPKG_PLACES[0]
        return [("file", where, dpkg_text(rng, odd, "status.d" in where))]

    def target(self, name):
        """Where a link leads: absolutely, relatively, far out, nowhere, around."""
        rng, to = self.rng, self.somewhere()
        roll = rng.random()
        depth = name.count("/")
        if roll < .4:
            return "/" + to
        if roll < .65:
            return "../" * depth + to
        if roll < .72:
            return "../" * (depth + rng.randrange(1, 4)) + to
        if roll < .78:
            return rng.choice([".", "..", "/", name.split("/")[-1], "/" + name, "/nowhere", ""]) or "/"
        if roll < .88:
            return to.split("/")[-1] if to.count("/") == depth else "/" + to
        return rng.choice(["/./", "//", "/x/../", "/var/../"]) + to

    def spelled(self, name):
        rng = self.rng
        if not self.odd or rng.random() < .93:
            return name
        return rng.choice(["./{}", "/{}", "{}", ".//{}", "x/../{}", "../{}", "{}//", "./{}/."]).format(name) \
            if rng.random() < .8 else name.replace("/", rng.choice(["//", "/./"]), 1)

    def written(self, kind, name, *rest):
        """The entry, at times in an odd way."""
        rng, how = self.rng, {}
        if self.odd and rng.random() < .07:
            choices = [("name", "pax"), ("name", "gnu"), ("name", "prefix"), ("mode", 0)]
            if kind in ("link", "hard"):
                choices += [("target", "pax"), ("target", "gnu")]
            if kind == "file":
                choices += [("size", "pax"), ("sparse", rng.choice(["gnu", "pax", "pax"])), ("type", "\0"), ("type", "7")]
            if kind == "dir":
                choices += [("xattrs", {"trusted.overlay.opaque": "y"}), ("xattrs", {"trusted.overlay.redirect": "/" + self.somewhere()}),
                            ("xattrs", {"user.overlay.opaque": "y"})]
            if kind == "file":
                choices += [("xattrs", {"trusted.overlay.metacopy": "y"}), ("xattrs", {"trusted.overlay.whiteout": "y"})]
            key, value = rng.choice(choices)
            how[key] = value
        self.names.append(name)
        return (kind, self.spelled(name), *rest, *([how] if how else []))

    def step(self):
        """A few entries that do one thing."""
        rng = self.rng
        do = rng.choices(["database", "elsewhere", "link", "hard", "dir", "whiteout", "opaque", "again", "device", "through", "replace",
                          "os", "bare", "noise", "way", "beside"], weights=[6, 5, 8, 2.5, 3, 5, 3, 2.5, 1.2, 4, 3, 1.5, .4, 1, 5, 1])[0]
        if do == "database":
            return [self.written(*entry) for entry in self.database()]
        if do == "elsewhere":
            return [self.written(*entry) for entry in self.database(rng.choice(ELSEWHERE[:2] + (self.somewhere(),)))]
        if do == "link":
            name = self.hot() if rng.random() < .75 else self.somewhere()
            return [self.written("link", name, self.target(name))]
        if do == "hard":
            to = rng.choice(self.names) if self.names and rng.random() < .7 else self.somewhere()
            return [self.written("hard", self.hot(), rng.choice(["", "", "/", "./"]) + to)]
        if do == "dir":
            return [self.written("dir", self.hot() if rng.random() < .7 else self.somewhere())]
        if do in ("whiteout", "opaque"):
            name = self.hot() if rng.random() < .8 else self.somewhere()
            folder, _, last = name.rpartition("/")
            if do == "opaque":
                folder, last = (rng.choice([name, folder, ""]), ".wh..opq")
            return [self.written("file", f"{folder}/.wh.{last}".lstrip("/"), "")]
        if do == "again" and self.names:
            name = rng.choice(self.names[-6:])
            return [self.written(*rng.choice([("file", name, dpkg_text(rng)), ("dir", name), ("link", name, self.target(name))]))]
        if do == "device":
            return [self.written(*rng.choice([("char", self.hot(), 0, 0), ("char", self.hot(), 1, 3), ("fifo", self.hot()), ("block", self.hot(), 7, 0)]))]
        if do == "through":
            name, to = self.somewhere(), self.somewhere()
            if len(name) < 2 or name.count("/") > 4:
                name = "opt/through"
            return [self.written("link", name, "/" + to)] + [self.written(kind, f"{name}/{at.split('/')[-1]}", *rest)
                                                            for kind, at, *rest in self.database()]
        if do == "way":
            return self.way()
        if do == "beside":
            return self.beside()
        if do == "replace":
            name = self.hot()
            pair = [self.written("dir", name), self.written("link", name, self.target(name))]
            rng.shuffle(pair)
            return pair
        if do == "os":
            return [self.written("file", rng.choice(OS_PLACES), os_text(rng, rng.choice([self.os, self.os, "deb12"]), self.odd_contents and rng.random() < .3))]
        if do == "bare":
            return [self.written("file", rng.choice(["var/lib/dpkg/.wh.", ".wh.", "var/lib/.wh..", "var/lib/dpkg/.wh...", ".wh..wh.x"]), "")]
        return [self.written("file", f"opt/noise{rng.randrange(9)}", "x")]

    def way(self):
        """A folder of databases by another name, of one to four links that no one asks for, and a database written by it; at
        times in the next layer."""
        rng = self.rng
        kind = rng.choice(self.kinds)
        target, file = {"deb": ("var/lib/dpkg", "status"), "apk": ("lib/apk/db", "installed"),
                        "rpm": (rng.choice(RPM_FOLDERS), "rpmdb.sqlite")}[kind]
        above, _, last = target.rpartition("/")
        here = f"srv/w{rng.randrange(100)}"
        entries = [self.written("dir", target)] if rng.random() < .6 else []
        roll = rng.random()
        if roll < .3:
            entries.append(self.written("link", here, "/" + target))
        elif roll < .5:
            entries.append(self.written("link", here, "../" + target))
        elif roll < .8:  # climbs out of what a link leads to
            entries += [self.written("dir", f"{above}/other"), self.written("link", f"{here}a", f"/{above}/other"),
                        self.written("link", here, rng.choice([f"{here[4:]}a/../{last}", f"/{here}a/../{last}"]))]
        else:
            entries.append(self.written("link", here, "/" + above))
            file = f"{last}/{file}"
        for number in range(rng.choice([0, 0, 1, 1, 2])):
            there = f"srv/v{number}{rng.randrange(100)}"
            entries.append(rng.choice([self.written("hard", there, here), self.written("link", there, here[4:]), self.written("link", there, "/" + here)]))
            here = there
        content = rng.choice(["@rpm/sqlite/old/rpmdb.sqlite", "@rpm/sqlite/new/rpmdb.sqlite"]) if kind == "rpm" else \
            apk_text(rng) if kind == "apk" else dpkg_text(rng)
        write = self.written("file", f"{here}/{file}", content)
        if rng.random() < .3:
            self.later.append(write)
            return entries
        return entries + [write]

    def beside(self):
        """A database of SQLite at another name, with a journal that is called after that, and a link to it."""
        rng, name = self.rng, f"srv/p{self.rng.randrange(100)}"
        files = databases.rpm_files(rng.choice(RPM_ODD[:4]))
        entries = [self.written("file", file.replace("rpmdb.sqlite", name), content) for file, content in files.items()]
        link = self.written("link", f"{rng.choice(RPM_FOLDERS)}/rpmdb.sqlite", rng.choice(["/", "../../../../"]) + name)
        return rng.sample(entries + [link], len(entries) + 1)

    def base(self):
        rng, entries = self.rng, []
        entries.append(("file", "etc/os-release" if rng.random() < .6 else "usr/lib/os-release", OS[self.os]))
        if entries[0][1].startswith("usr") and rng.random() < .8:
            entries.append(("link", "etc/os-release", "../usr/lib/os-release"))
        if rng.random() < .25:
            entries[:0] = [("dir", "usr"), ("dir", "usr/lib"), ("link", "lib", "usr/lib")]
        if "rpm" in self.kinds and rng.random() < .3:
            entries.append(("link", "var/lib/rpm", rng.choice(["../../usr/lib/sysimage/rpm", "/usr/lib/sysimage/rpm"])))
        if rng.random() < .85:
            entries += self.database()
        self.names += [entry[1] for entry in entries]
        return entries

    def odd_image(self):
        rng, layers = self.rng, []
        count = rng.choices([1, 2, 3, 4, 5, 6], weights=[4, 7, 5, 2, 1, 1])[0]
        for number in range(count):
            entries = self.base() if number == 0 and rng.random() < .9 else []
            entries, self.later = entries + self.later, []
            for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
                entries += self.step()
            if rng.random() < .08:
                rng.shuffle(entries)
            if self.calm:
                entries = calm(entries)
            layer = {"entries": entries, "packed": rng.choice([None, "gzip", "gzip", "zstd", "members"])}
            if rng.random() < .06:
                layer["end"] = rng.choice(["none", "one", "garbage", "second"])
            layers.append(layer)
        return layers

    # --- what tools write ---

    def ordinary_step(self, do, places):
        rng, kind = self.rng, self.kinds[0]
        parts = places["database"].split("/")
        folders = [("dir", "/".join(parts[:count])) for count in range(1, len(parts) + 1)]
        if do == "upgrade" or do == "merge" and (kind != "apk" or places["database"] != "lib/apk/db"):
            return self.ordinary_database(places)
        if do == "files":
            name = rng.choice(["opt/app", "usr/share/data", "srv/www"])
            return [("dir", name), ("file", f"{name}/file{rng.randrange(4)}", "x"), ("link", f"{name}/link", rng.choice(["file1", "/opt/app", "../x"])),
                    ("file", f"{name}/{'long' * 40}", "x", {"name": rng.choice(["pax", "gnu"])}), ("char", "dev/null", 1, 3),
                    ("file", f"{name}/first", "x", {"xattrs": {"security.capability": CAPABILITY}}), ("hard", f"{name}/second", f"{name}/first")]
        if do == "remove":
            return [("file", rng.choice(["opt/app/.wh.file1", "opt/.wh.app", "usr/share/.wh.data", "srv/www/.wh.file2"]), "")]
        if do == "os":
            return [("file", places["os"], OS["deb12" if kind == "deb" else kind])]
        if do == "opaque":
            return [("dir", "opt/app"), ("file", "opt/app/.wh..wh..opq", ""), ("file", "opt/app/file1", "y")]
        if do == "reset":  # a folder that was removed and made again
            return folders + [("file", f"{places['database']}/.wh..wh..opq", "")] + self.ordinary_database(places)
        if do == "merge":  # Alpine's merge-usr: the folder becomes a link
            places["database"] = "usr/lib/apk/db"
            return [("dir", "usr"), ("dir", "usr/lib"), ("link", "lib", "usr/lib")] + self.ordinary_database(places)
        return folders

    def ordinary_database(self, places):
        rng, kind, folder = self.rng, self.kinds[0], places["database"]
        folders = [("dir", "/".join(folder.split("/")[:count])) for count in range(1, folder.count("/") + 2)]
        if kind == "rpm":
            form = places["form"]
            name = f"{form}/{rng.choice(['old', 'new', 'one'])}"
            return folders + [("file", f"{folder}/{file}", content) for file, content in databases.rpm_files(name).items()]
        file = "installed" if kind == "apk" else "status"
        return folders + [("file", f"{folder}/{file}", apk_text(rng) if kind == "apk" else dpkg_text(rng))]

    def ordinary_image(self):
        rng, kind = self.rng, self.kinds[0]
        self.kinds = [kind]
        usrmerge = rng.random() < .6
        lib = "usr/lib" if usrmerge and kind == "apk" else "lib"
        entries = [("dir", "etc"), ("dir", "usr"), ("dir", "usr/lib")] + ([("link", "lib", "usr/lib")] if usrmerge else [("dir", "lib")])
        places = {"deb": "var/lib/dpkg", "apk": f"{lib}/apk/db", "rpm": "var/lib/rpm"}
        places = {"database": places[kind], "os": "etc/os-release", "form": rng.choice(["sqlite", "sqlite", "ndb", "bdb"])}
        if rng.random() < .6:
            places["os"] = "usr/lib/os-release"
            entries.append(("link", "etc/os-release", "../usr/lib/os-release"))
        if kind == "rpm" and rng.random() < .5:
            places["database"] = "usr/lib/sysimage/rpm"
            entries += [("dir", "var"), ("dir", "var/lib"), ("link", "var/lib/rpm", "../../usr/lib/sysimage/rpm")]
        entries += [("file", places["os"], OS[kind])] + self.ordinary_database(places)
        spelling = rng.choice(["{}", "{}", "./{}", "/{}"])
        layers = [entries]
        for _ in range(rng.randrange(0, 5)):
            steps = [rng.choice(["upgrade", "upgrade", "files", "remove", "os", "folder", "opaque", "reset", "merge"])
                     for _ in range(rng.randrange(1, 3))]
            steps = ["merge"] if "merge" in steps else steps  # the names mean other places afterwards
            layers.append(sum((self.ordinary_step(do, places) for do in steps), []))
        return [{"entries": [self.spelled_alike(spelling, each) for each in dedupe(layer)],
                 "packed": rng.choice([None, "gzip", "zstd"])} for layer in layers]


    @staticmethod
    def spelled_alike(spelling, entry):
        kind, name, *rest = entry
        return (kind, spelling.format(name), *(map(spelling.format, rest) if kind == "hard" else rest))


def calm(entries):
    """Without what some unpackers refuse: names twice, entries below what is no folder, hard links to what is not there."""
    kept, kinds = [], {}
    for entry in entries:
        name = "/".join(part for part in entry[1].split("/") if part not in ("", "."))
        plain = name.replace(".wh.", "", 1) if not name.endswith(".wh..wh..opq") else name
        above = ["/".join(plain.split("/")[:count]) for count in range(1, plain.count("/") + 1)]
        target = entry[2].lstrip("./") if entry[0] == "hard" else None
        if ".." in name.split("/") or not plain or plain in kinds or any(kinds.get(folder, "dir") != "dir" for folder in above) or \
                (entry[0] != "dir" or plain != name) and any(other.startswith(f"{plain}/") for other in kinds) or \
                target is not None and kinds.get(target) != "file" or isinstance(entry[-1], dict) and "type" in entry[-1]:
            continue
        kinds[plain] = entry[0]
        kept.append(entry)
    return kept


def dedupe(entries):
    """No tool writes a name twice: the last stays."""
    return list({entry[1]: entry for entry in entries}.values())


def image(seed, odd_contents=True):
    """(layers, ordinary)"""
    rng = random.Random(seed)
    ordinary = rng.random() < .2
    maker = Maker(rng, not ordinary, odd_contents)
    return (maker.ordinary_image() if ordinary else maker.odd_image()), ordinary
