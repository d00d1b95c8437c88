"""Whether a function that an advisory of Go names is in a program of an image. Go's own tool says which functions a program has: govulncheck, for
it alone tells of those that were compiled into their callers, which `go tool nm` does not. Of a stripped program it tells none; such a program is
judged by another of the same source that is not stripped, after both were seen to have the same table of functions."""
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import images
from reasons import without_v

BUILD_INFO = b"\xff Go buildinf:"
TOOL = "govulncheck"


def unpack(target, folder):
    """The programs of Go in an image, as files in @folder with numbers for names: [(file, name in the image)]."""
    found = []
    for name, mode, read in images.unpacked(target):
        data = read() if mode & 0o111 else b""
        if data.startswith(b"\x7fELF") and BUILD_INFO in data:
            path = folder / str(len(found))
            path.write_bytes(data)
            found.append((path, Path(name).name))
    return found


def table_of(path):
    """What Go's runtime knows of the functions of a program, byte for byte; stripping leaves it."""
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["objcopy", "-O", "binary", "--only-section=.gopclntab", str(path), copy.name], check=True)
        return Path(copy.name).read_bytes()


def functions_of(path):
    """(modules, {(package, function)}) of a program: no functions of one that is stripped, and (None, none) of one that govulncheck cannot read."""
    done = subprocess.run([TOOL, "-mode=extract", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
    if done.returncode != 0:
        return None, set()
    decoder = json.JSONDecoder()
    _, end = decoder.raw_decode(done.stdout)
    program, _ = decoder.raw_decode(done.stdout[end:].lstrip())
    functions = {(program["path"] if one.get("pkg") == "main" else one.get("pkg"), one["name"]) for one in program.get("pkgSymbols") or ()}
    return modules_of(program), functions


def modules_of(program):
    """{(module, version)} that it was built of, Go's library among them."""
    modules = [one.get("Replace") or one for one in [program.get("main"), *(program.get("modules") or ())] if one]
    return {("stdlib", without_v(program["goVersion"]))} | {(one["Path"], without_v(one["Version"])) for one in modules}


def is_named(functions, imports):
    """Is one of those there that an advisory names? One that names a package alone speaks of all its functions."""
    packages = {package for package, _ in functions}
    return any((one["path"], name) in functions for one in imports for name in one.get("symbols", ())) or any(
        one["path"] in packages for one in imports if not one.get("symbols"))


class Linked:
    """@folder: the images. The programs of an image are read when the first question about it comes."""

    def __init__(self, folder):
        self.folder, self.image, self.target, self.programs = folder, None, None, None

    def look_at(self, image, target):
        self.image, self.target, self.programs = image, target, None

    def functions(self, path, name):
        modules, functions = functions_of(path)
        other = images.unstripped(self.image, self.folder) if not functions else None
        if other and (other / name).is_file() and table_of(path) and table_of(other / name) == table_of(path):
            _, functions = functions_of(other / name)
        return modules, functions

    def read(self):
        if shutil.which(TOOL) is None:
            print(f"{TOOL} is not on this machine: nobody says which functions programs of Go have")
            return []
        with tempfile.TemporaryDirectory() as folder:
            return [self.functions(*one) for one in unpack(self.target, Path(folder))]

    def answer(self, package, parts):
        """Is a function of @parts, what advisories say of the package, in one of the programs that have it? None where nobody can tell."""
        _, name, version = package
        imports = [part.get("ecosystem_specific", {}).get("imports", []) for part in parts]
        imports = [one for each in imports for one in each]
        self.programs = self.read() if self.programs is None else self.programs
        those = [functions for modules, functions in self.programs if modules is None or (name, version) in modules]
        if not imports or not those or not all(those):
            return None
        return any(is_named(functions, imports) for functions in those)
