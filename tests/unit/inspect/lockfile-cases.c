/* The cases; see the header. */
#include "lockfile-cases.h"

#include <stddef.h>

const LockfileCase lockfile_cases[] = {
    {"npm 7: link, workspace, alias, nested, file, git", "app/package-lock.json",
     "{\"lockfileVersion\": 3, \"packages\": {"
     "\"\": {\"name\": \"own\", \"version\": \"1.0.0\", \"workspaces\": [\"packages/*\"]},"
     "\"packages/a\": {\"version\": \"1.0.0\"},"
     "\"node_modules/a\": {\"resolved\": \"packages/a\", \"link\": true},"
     "\"node_modules/b\": {\"version\": \"2.0.0\", \"dev\": true},"
     "\"node_modules/b/node_modules/@s/c\": {\"version\": \"3.0.0\"},"
     "\"node_modules/alias\": {\"name\": \"real\", \"version\": \"4.0.0\"},"
     "\"local/d\": {\"version\": \"5.0.0\"},"
     "\"node_modules/e\": {\"version\": \"6.0.0\", \"resolved\": \"git+ssh://git@x/e.git#1\"},"
     "\"node_modules/f\": {\"license\": \"MIT\"}}}",
     "npm @s/c 3.0.0\nnpm b 2.0.0\nnpm d 5.0.0\nnpm e 6.0.0\nnpm real 4.0.0\n"},
    {"npm 6: nested, alias, addresses", "npm-shrinkwrap.json",
     "{\"dependencies\": {\"a\": {\"version\": \"1.0.0\", \"dependencies\": {"
     "\"a\": {\"version\": \"0.9.0\"}}}, \"b\": {\"version\": \"npm:@s/c@2.0.0\"},"
     "\"d\": {\"version\": \"file:d\"}, \"e\": {\"version\": \"git+https://x/e.git#12\"},"
     "\"f\": {\"version\": \"https://x/f-1.0.0.tgz\"}}}",
     "npm @s/c 2.0.0\nnpm a 0.9.0\nnpm a 1.0.0\n"},
    {"what is installed has lock files of its own", "app/node_modules/a/package-lock.json",
     "{\"packages\": {\"node_modules/b\": {\"version\": \"1.0.0\"}}}", ""},
    {"vendored code as well", "vendor/x/go.mod", "require a.b/c v1.0.0\n", ""},
    {"and what pip installed", "usr/lib/python3/dist-packages/x/requirements.txt", "a==1\n", ""},
    {"a folder that only ends so is none", "my-vendor/Cargo.lock",
     "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n", "cargo a 1.0.0\n"},
    {"Yarn 1: ranges with @ and commas, alias, file", "yarn.lock",
     "# yarn lockfile v1\n\n\na@^1.0.0, a@~1.0.1:\n  version \"1.0.1\"\n"
     "  resolved \"https://r.example/a/-/a-1.0.1.tgz#1\"\n  dependencies:\n    version \"9\"\n\n"
     "\"@s/b@>= 1\", \"@s/b@npm:@s/b@2\":\n  version \"2.0.0\"\n\n"
     "\"c@npm:d@^3.0.0\":\n  version \"3.0.0\"\n\n\"e@file:./e\":\n  version \"4.0.0\"\n\n"
     "f@^5.0.0:\n  version \"5.0.0\"\n  resolved \"https://r.example/repo/@t/g/-/g-5.0.0.tgz\"\n",
     "npm @s/b 2.0.0\nnpm @t/g 5.0.0\nnpm a 1.0.1\nnpm d 3.0.0\nnpm e 4.0.0\n"},
    {"Yarn 2: workspace, link, patch, alias", "yarn.lock",
     "__metadata:\n  version: 6\n\n\"a@npm:^1.0.0, a@npm:^1.1.0\":\n  version: 1.1.0\n"
     "  resolution: \"a@npm:1.1.0\"\n  dependencies:\n    version: 9\n\n"
     "\"own@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"own@workspace:.\"\n\n"
     "\"b@link:../b\":\n  version: 0.0.0-use.local\n  resolution: \"b@link:../b\"\n\n"
     "\"c@patch:c@1.0.0#x\":\n  version: 1.0.0\n  resolution: \"c@patch:c@npm%3A1.0.0#x\"\n\n"
     "\"d@npm:@s/e@^2.0.0\":\n  version: 2.0.0\n  resolution: \"@s/e@npm:2.0.0\"\n",
     "npm @s/e 2.0.0\nnpm a 1.1.0\n"},
    {"requirements: extras, markers, hashes, continued lines", "requirements-dev.txt",
     "A_b.C[x, y] == 1.0 ; python_version < \"3\" --hash=sha256:1 # why\n"
     "d===2.0 \\\n  --hash=sha256:2\ne (==3.0)\n-r other.txt\n-e git+https://x/y#egg=z\n"
     "--index-url https://x==1/\nf>=4\ng\nh==5.*\ni==6,!=7\n# j==8\nk @ https://x/k-9.zip\n"
     "l== --hash=sha256:3\n",
     "pypi a-b-c 1.0\npypi d 2.0\npypi e 3.0\npypi i 6\n"},
    {"a text of another kind", "notes.txt", "a==1\n", ""},
    {"Pipfile.lock: git and paths have no version", "Pipfile.lock",
     "{\"_meta\": {\"hash\": {\"version\": \"==9\"}}, \"default\": {\"A.b\": {\"version\": "
     "\"==1\"},"
     "\"c\": {\"git\": \"https://x\"}, \"d\": {\"path\": \".\"}, \"e\": {\"version\": \"*\"}},"
     "\"develop\": {\"f\": {\"version\": \"===2\"}}}",
     "pypi a-b 1\npypi f 2\n"},
    {"poetry: names in other tables, a local folder", "poetry.lock",
     "[[package]]\nname = \"A\"\nversion = \"1.0\"\ndescription = \"\"\"\nname = \"x\"\n\"\"\"\n"
     "[package.dependencies]\nname = \"2\"\nversion = {version = \">=1\", optional = true}\n"
     "[package.extras]\ntest = [\"b (>=1)\"] # c\n\n"
     "[[package]]\nname = 'd'\nversion = '2.0'\n[package.source]\ntype = \"directory\"\n",
     "pypi a 1.0\n"},
    {"uv: the project is virtual or editable", "uv.lock",
     "version = 1\n[[package]]\nname = \"own\"\nversion = \"0.1\"\nsource = { editable = \".\" }\n"
     "[[package]]\nname = \"own2\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n"
     "[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://x\" }\n",
     "pypi a 1.0\n"},
    {"pylock: a folder, and no version", "pylock.toml",
     "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\n"
     "[[packages]]\nname = \"b\"\ndirectory = {path = \".\", editable = true}\nversion = \"1\"\n"
     "[[packages]]\nname = \"c\"\nvcs = {type = \"git\"}\n",
     "pypi a 1.0\n"},
    {"Cargo: two versions, build metadata, a comment in a list", "Cargo.lock",
     "version = 3\n[[package]]\nname = \"a\"\nversion = \"1.0.0+b\"\nsource = \"registry+x\"\n"
     "dependencies = [\n \"c\", # d\n]\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n"
     "source = \"git+https://x\"\n[metadata]\n\"checksum a 1.0.0 (x)\" = \"1\"\n",
     "cargo a 1.0.0+b\ncargo a 2.0.0\n"},
    {"go.mod: replaced, excluded, quoted, with comments", "go.mod",
     "module x.y/own // v9.9.9\n\ngo 1.22\n\ntoolchain go1.22.5\n\nrequire a.b/c v1.0.0\n"
     "require (\n\ta.b/d v1.1.0 // indirect\n\t\"a.b/e\" v1.2.0\n\t// a.b/f v1.3.0\n"
     "\ta.b/g v1.4.0\n\ta.b/h/v2 v2.0.0+incompatible\n\ta.b/i v1.5.0\n)\n"
     "replace a.b/c => ../c\nreplace (\n\ta.b/d v1.1.0 => x.y/d v1.1.1\n"
     "\ta.b/e v1.0.0 => x.y/e v1.2.1\n)\nexclude a.b/g v1.4.0\nretract [v1.0.0, v1.1.0]\n",
     "golang a.b/e v1.2.0\ngolang a.b/h/v2 v2.0.0+incompatible\ngolang a.b/i v1.5.0\n"
     "golang x.y/d v1.1.1\n"},
    {"go.sum: the last version that has content", "go.sum",
     "a.b/c v1.0.0 h1:1=\na.b/c v1.0.0/go.mod h1:2=\na.b/c v1.1.0 h1:3=\n"
     "a.b/c v1.1.0/go.mod h1:4=\na.b/c v1.2.0/go.mod h1:5=\na.b/d v1.0.0/go.mod h1:6=\n",
     "golang a.b/c v1.1.0\n"},
    {"modules.txt: replaced ones", "src/vendor/modules.txt",
     "# a.b/c v1.0.0\n## explicit; go 1.20\na.b/c/sub\n# a.b/d v1.0.0 => x.y/d v1.0.1\na.b/d\n"
     "# a.b/e v1.0.0 => ../e\na.b/e\n# a.b/f v1.0.0\n## explicit\n# a.b/g => x.y/g v2.0.0\na.b/g\n"
     "# a.b/e => ../e\n",
     "golang a.b/c v1.0.0\ngolang x.y/d v1.0.1\ngolang x.y/g v2.0.0\n"},
    {NULL, NULL, NULL, NULL},
};
