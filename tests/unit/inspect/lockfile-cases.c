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
    {"npm 6 does not look at packages, and of a name the last counts", "package-lock.json",
     "{\"lockfileVersion\": 1, \"packages\": {}, \"dependencies\": {\"a\": {\"version\": "
     "\"1.0.0\"},"
     " \"a\": {\"version\": \"2.0.0\"}, \"b\": {\"version\": \"1.0.0\", \"x\": \"\xff\"}}}",
     "npm a 2.0.0\nnpm b 1.0.0\n"},
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
    {"a project that has another version than the central list", "a.csproj",
     "<Project><ItemGroup><PackageReference Include=\"A\" VersionOverride=\"1.0.0\"/></ItemGroup>"
     "</Project>",
     "nuget A 1.0.0\n"},
    {"go.mod: other ways to write a block", "go.mod",
     "require(\n\ta.b/c v1.0.0\n)\nrequire\t(\n\ta.b/d v1.0.0\n)\nrequire\ta.b/e\tv1.0.0\n",
     "golang a.b/c v1.0.0\ngolang a.b/d v1.0.0\ngolang a.b/e v1.0.0\n"},
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
    {"pnpm 5: peers, scope, registry, git, file, name of its own", "pnpm-lock.yaml",
     "lockfileVersion: 5.4\npackages:\n  /a/1.0.0:\n    dev: true\n"
     "  /@s/b/2.0.0_c@1.0.0+@s/d@2.0.0:\n    peerDependencies:\n      version: 9\n"
     "  r.example/e/3.0.0:\n    dev: false\n  github.com/x/f/0123:\n    name: f\n"
     "    version: 4.0.0\n  file:g.tgz:\n    name: g\n    version: 5.0.0\n"
     "  file:h:\n    version: 6.0.0\n  link:../i: {}\n  /alias/7.0.0: {name: real}\n",
     "npm @s/b 2.0.0\nnpm a 1.0.0\nnpm e 3.0.0\nnpm f 4.0.0\nnpm g 5.0.0\nnpm real 7.0.0\n"},
    {"pnpm 6: peers in brackets", "pnpm-lock.yaml",
     "lockfileVersion: '6.0'\ndependencies:\n  x:\n    version: 9.0.0\npackages:\n"
     "  /a@1.0.0(b@2.0.0)(@s/c@3.0.0):\n    dev: false\n  /@s/c@3.0.0:\n    dev: true\n",
     "npm @s/c 3.0.0\nnpm a 1.0.0\n"},
    {"pnpm 9: addresses, snapshots, a second document", "pnpm-lock.yaml",
     "---\nlockfileVersion: '9.0'\npackages:\n  pnpm@9.0.0: {}\n---\nlockfileVersion: '9.0'\n"
     "importers:\n  .:\n    dependencies:\n      z:\n        version: 9.9.9\npackages:\n"
     "  '@s/a@1.0.0':\n    resolution: {integrity: x}\n  b@https://x/b.tgz:\n    version: 2.0.0\n"
     "  c@file:c: {resolution: {directory: c}}\n  d@file:d.tgz: {version: 3.0.0}\n"
     "snapshots:\n  e@4.0.0(a@1.0.0): {}\n",
     "npm @s/a 1.0.0\nnpm b 2.0.0\nnpm d 3.0.0\nnpm pnpm 9.0.0\n"},
    {"pnpm: aliases of YAML are no bomb", "pnpm-lock.yaml",
     "lockfileVersion: 5.4\nx: &a [b, b]\ny: &b [*a, *a]\npackages:\n  /a/1.0.0: *b\n",
     "npm a 1.0.0\n"},
    {"bun: comments and commas, workspace, file, alias", "bun.lock",
     "{ // a \"comment\n  \"lockfileVersion\": 1, /* and, ] */\n  \"packages\": {\n"
     "    \"a\": [\"a@1.0.0\", \"\", {}, \"sha512-x==\",],\n    \"b\": [\"@s/real@2.0.0\",],\n"
     "    \"own\": [\"own@workspace:own\"], \"d\": [\"d@file:d\", {}],\n"
     "    \"a/e\": [\"e@3.0.0\", \"https://x//y,]\"],\n  },\n}\n",
     "npm @s/real 2.0.0\nnpm a 1.0.0\nnpm e 3.0.0\n"},
    {"Deno 3: npm and JSR below packages", "deno.lock",
     "{\"version\": \"3\", \"packages\": {\"specifiers\": {\"npm:a@1\": \"npm:a@1.0.0\"},"
     "\"jsr\": {\"@std/b@2.0.0\": {}}, \"npm\": {\"a@1.0.0\": {}, \"@s/c@3.0.0_d@4.0.0\": {}}},"
     "\"remote\": {\"https://deno.land/x/e@5.0.0/mod.ts\": \"\"}}",
     "jsr @std/b 2.0.0\nnpm @s/c 3.0.0\nnpm a 1.0.0\n"},
    {"Deno 4", "deno.lock",
     "{\"version\": \"4\", \"jsr\": {\"@std/b@2.0.0\": {}}, \"npm\": {\"a@1.0.0\": {}}}",
     "jsr @std/b 2.0.0\nnpm a 1.0.0\n"},
    {"Bundler: platforms, git, path, needs", "Gemfile.lock",
     "GIT\n  remote: https://x/a.git\n  revision: 0\n  specs:\n    a (1.0.0)\n      z (= 9.0)\n\n"
     "PATH\n  remote: .\n  specs:\n    b (2.0.0.pre)\n\nGEM\n  remote: https://x/\n  specs:\n"
     "    c (3.0.0)\n    c (3.0.0-java)\n    d (4.0.0-x86_64-linux)\n\nPLATFORMS\n  ruby\n\n"
     "DEPENDENCIES\n  a!\n    e (5.0)\n\nCHECKSUMS\n  c (3.0.0) sha256=0\n\nBUNDLED WITH\n   "
     "2.3.7\n",
     "gem a 1.0.0\ngem b 2.0.0.pre\ngem c 3.0.0\ngem d 4.0.0\n"},
    {"Composer: letters, a v, packages for development", "composer.lock",
     "{\"packages\": [{\"name\": \"A/B\", \"version\": \"v1.0.0\"},"
     "{\"name\": \"c/d\", \"version\": \"dev-master\"}, {\"name\": \"e/f\"}],"
     "\"packages-dev\": [{\"name\": \"g/h\", \"version\": \"2.0.0\"}], \"aliases\": []}",
     "composer a/b 1.0.0\ncomposer c/d dev-master\ncomposer g/h 2.0.0\n"},
    {"renv: Bioconductor and GitHub are other repositories", "renv.lock",
     "{\"R\": {\"Version\": \"4.1.0\"}, \"Packages\": {"
     "\"a\": {\"Package\": \"a\", \"Version\": \"1.0-2\", \"Source\": \"Repository\"},"
     "\"b\": {\"Package\": \"b\", \"Version\": \"2.0\", \"Source\": \"Bioconductor\"},"
     "\"c\": {\"Package\": \"c\", \"Version\": \"3.0\", \"Source\": \"GitHub\"}}}",
     "cran a 1.0-2\n"},
    {"sbt", "build.sbt.lock",
     "{\"dependencies\": [{\"org\": \"a\", \"name\": \"b_2.12\", \"version\": \"1.0\"}]}",
     "maven a:b_2.12 1.0\n"},
    {"Swift: addresses of all kinds, branches", "Package.resolved",
     "{\"pins\": [{\"location\": \"https://github.com/a/b.git\", \"state\": {\"version\": "
     "\"1.0.0\"}},"
     "{\"location\": \"git@github.com:c/d.git\", \"state\": {\"version\": \"2.0.0\"}},"
     "{\"location\": \"ssh://git@x.example:22/e/f/\", \"state\": {\"version\": \"3.0.0\"}},"
     "{\"location\": \"https://github.com/g/h\", \"state\": {\"branch\": \"main\"}}]}",
     "swift github.com/a/b 1.0.0\nswift github.com/c/d 2.0.0\nswift x.example:22/e/f 3.0.0\n"},
    {"Swift 1", "Package.resolved",
     "{\"object\": {\"pins\": [{\"package\": \"b\", \"repositoryURL\": \"https://github.com/a/b\","
     "\"state\": {\"version\": \"1.0.0\"}}]}, \"version\": 1}",
     "swift github.com/a/b 1.0.0\n"},
    {"CocoaPods: words, mappings, and what they need", "Podfile.lock",
     "PODS:\n  - A (1.0.0):\n    - A/B (= 1.0.0)\n    - C\n  - A/B (1.0.0)\n  - C (2.0)\n\n"
     "DEPENDENCIES:\n  - A (~> 1.0)\n  - D (3.0)\n\nCOCOAPODS: 1.11.2\n",
     "cocoapods A 1.0.0\ncocoapods A/B 1.0.0\ncocoapods C 2.0\n"},
    {"Dart", "pubspec.lock",
     "packages:\n  a:\n    dependency: \"direct dev\"\n    description:\n      name: a\n"
     "      version: \"9\"\n    source: hosted\n    version: \"1.0.0+2\"\nsdks:\n  dart: \">=2\"\n",
     "pub a 1.0.0+2\n"},
    {"Stack: a dash in the name, an archive", "stack.yaml.lock",
     "packages:\n- completed:\n    hackage: a-b2-1.0.1@sha256:0,1\n    pantry-tree:\n"
     "      size: 1\n  original:\n    hackage: z-9@sha256:0,1\n- completed:\n    url: "
     "https://x/c-1.tgz\n"
     "snapshots:\n- completed:\n    size: 1\n",
     "hackage a-b2 1.0.1\n"},
    {"stack.yaml: extra packages, folders", "stack.yaml",
     "resolver: lts-18.28\nextra-deps:\n- a-1.0@sha256:0\n- ./vendor/b-2.0\n- c\n"
     "- git: https://x/d\n  commit: 0\n",
     "hackage a 1.0\n"},
    {"cabal: what the solver chose, flags", "cabal.project.freeze",
     "active-repositories: hackage\nconstraints: any.a ==1.0,\n             a +b,\n"
     "             any.c ==2.0.1,\n             d ==3.0,\n             any.e >=4\n",
     "hackage a 1.0\nhackage c 2.0.1\n"},
    {"NuGet: projects of the solution, frameworks", "packages.lock.json",
     "{\"version\": 1, \"dependencies\": {\"net6.0\": {\"A\": {\"type\": \"Direct\", \"resolved\": "
     "\"1.0.0\"},"
     "\"own\": {\"type\": \"Project\"}}, \"net7.0\": {\"A\": {\"resolved\": \"1.0.0\"},"
     "\"B\": {\"type\": \"Transitive\", \"resolved\": \"2.0.0\"}}}}",
     "nuget A 1.0.0\nnuget B 2.0.0\n"},
    {"packages.config: a BOM, no id", "packages.config",
     "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<packages><package id=\"A\" version=\"1.0.0\"/>"
     "<package version=\"2.0.0\"/><package id=\"B\" version=\"3.0.0\" "
     "developmentDependency=\"true\"/>"
     "</packages>",
     "nuget A 1.0.0\nnuget B 3.0.0\n"},
    {"MSBuild: properties, ranges, versions as elements", "Directory.Packages.props",
     "<Project><PropertyGroup><AVersion>1.0.0</AVersion></PropertyGroup><ItemGroup>"
     "<PackageVersion Include=\"A\" Version=\"$(aversion)\"/><PackageVersion Include=\"B\">"
     "<Version>2.0.0</Version></PackageVersion><PackageVersion Include=\"C\" Version=\"[3.0.0]\"/>"
     "<PackageVersion Include=\"D\" Version=\"[4.0.0,)\"/><PackageVersion Include=\"E\" "
     "Version=\"5.*\"/>"
     "<PackageVersion Include=\"F\" Version=\"$(none)\"/><PackageVersion Include=\"$(x)\" "
     "Version=\"6.0\"/>"
     "<PackageVersion Update=\"G\" Version=\" 7.0 \"/></ItemGroup></Project>",
     "nuget A 1.0.0\nnuget B 2.0.0\nnuget C 3.0.0\nnuget G 7.0\n"},
    {"a project of C#", "src/a.csproj",
     "<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup><PackageReference Include=\"A\" "
     "Version=\"1.0.0\"/>"
     "<PackageReference Include=\"B\"/><ProjectReference Include=\"C\" "
     "Version=\"1.0\"/></ItemGroup></Project>",
     "nuget A 1.0.0\n"},
    {"Paket: groups, needs, GitHub", "paket.lock",
     "NUGET\n  remote: https://x\n    A (1.0.0)\n      Z (>= 9.0)\n    B (2.0.0) - restriction: >= "
     "net45\n"
     "GITHUB\n  remote: c/d\n    e/f.fs (0123)\nGROUP G\nNUGET\n  remote: https://x\n    C "
     "(3.0.0)\n",
     "github e/f.fs 0123\nnuget A 1.0.0\nnuget B 2.0.0\nnuget C 3.0.0\n"},
    {"Paket: one version, ranges", "paket.dependencies",
     "source https://x\nnuget A ~> 1.0\nnuget B == 2.0.0\nnuget C 3.0.0\nnuget D\nnuget E >= 4.0\n"
     "github f/g:5.0.0 // h\n",
     "github f/g 5.0.0\nnuget B 2.0.0\nnuget C 3.0.0\n"},
    {"pom: properties, parent, management, ranges, profiles", "pom.xml",
     "<?xml version=\"1.0\"?><m:project xmlns:m=\"x\"><m:parent><m:groupId>g</m:groupId>"
     "<m:version>7</m:version></m:parent><m:artifactId>own</m:artifactId>"
     "<m:properties><v>${w}</v><w>1.0</w><loop>${loop}</loop></m:properties><m:dependencies>"
     "<m:dependency><m:groupId>a</m:groupId><m:artifactId>b</m:artifactId><m:version>${v}</"
     "m:version>"
     "<m:exclusions><m:exclusion><m:groupId>z</m:groupId><m:artifactId>z</m:artifactId></"
     "m:exclusion>"
     "</m:exclusions></m:dependency>"
     "<m:dependency><m:groupId>${project.groupId}</m:groupId><m:artifactId>c</m:artifactId>"
     "<m:version>${project.version}</m:version></m:dependency>"
     "<m:dependency><m:groupId>d</m:groupId><m:artifactId>e</m:artifactId></m:dependency>"
     "<m:dependency><m:groupId>f</m:groupId><m:artifactId>f</m:artifactId><m:version>[2,3)</"
     "m:version></m:dependency>"
     "<m:dependency><m:groupId>f</m:groupId><m:artifactId>h</m:artifactId><m:version>[3]</"
     "m:version></m:dependency>"
     "<m:dependency><m:groupId>i</m:groupId><m:artifactId>i</m:artifactId><m:version>${none}</"
     "m:version></m:dependency>"
     "<m:dependency><m:groupId>i</m:groupId><m:artifactId>j</m:artifactId><m:version>${loop}</"
     "m:version></m:dependency>"
     "<m:dependency><m:groupId>k</m:groupId><m:artifactId>k</m:artifactId></m:dependency>"
     "</m:dependencies><m:dependencyManagement><m:dependencies>"
     "<m:dependency><m:groupId>d</m:groupId><m:artifactId>e</m:artifactId><m:version>4</"
     "m:version></m:dependency>"
     "<m:dependency><m:groupId>l</m:groupId><m:artifactId>l</m:artifactId><m:version>5</"
     "m:version></m:dependency>"
     "</m:dependencies></m:dependencyManagement><m:build><m:plugins><m:plugin><m:dependencies>"
     "<m:dependency><m:groupId>p</m:groupId><m:artifactId>p</m:artifactId><m:version>6</"
     "m:version></m:dependency>"
     "</m:dependencies></m:plugin></m:plugins></m:build><m:profiles><m:profile><m:dependencies>"
     "<m:dependency><m:groupId>q</m:groupId><m:artifactId>q</m:artifactId><m:version>8</"
     "m:version></m:dependency>"
     "</m:dependencies></m:profile></m:profiles></m:project>",
     "maven a:b 1.0\nmaven d:e 4\nmaven f:h 3\nmaven g:c 7\n"},
    {"a pom inside of what is installed", "app/META-INF/maven/g/a/pom.xml",
     "<project><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId>"
     "<version>1</version></dependency></dependencies></project>",
     ""},
    {"XML with entities", "pom.xml",
     "<!DOCTYPE project [<!ENTITY a "
     "\"1.0\">]><project><dependencies><dependency><groupId>a</groupId>"
     "<artifactId>b</artifactId><version>&a;</version></dependency></dependencies></project>",
     ""},
    {"Gradle: comments, empty", "buildscript-gradle.lockfile",
     "# a:b:9=c\na.b:c:1.0=classpath\nempty=d\n", "maven a.b:c 1.0\n"},
    {"Gradle's checksums", "gradle/verification-metadata.xml",
     "<verification-metadata><configuration><trusted-artifacts><trust group=\"z\" name=\"z\" "
     "version=\"9\"/>"
     "</trusted-artifacts></configuration><components><component group='a' name='b'\n "
     "version='1.0'>"
     "<artifact name=\"b-1.0.jar\"/></component></components></verification-metadata>",
     "maven a:b 1.0\n"},
    {"Conan 1: the project, revisions, no name", "conan.lock",
     "{\"graph_lock\": {\"nodes\": {\"0\": {\"ref\": \"own/1.0\"}, \"1\": {\"ref\": "
     "\"a/1.0@u/c#r:p#q\"},"
     "\"2\": {\"ref\": \"2.0#r\"}, \"3\": {\"path\": \"x\"}}}}",
     "conan a 1.0\n"},
    {"Conan 2: for building", "conan.lock",
     "{\"version\": \"0.5\", \"requires\": [\"a/1.0#r%1.5\"], \"build_requires\": [\"b/2.0\"],"
     "\"python_requires\": [\"c/3.0@u/c\"]}",
     "conan a 1.0\nconan b 2.0\nconan c 3.0\n"},
    {"conanfile: ranges, other sections", "conanfile.txt",
     "[requires]\n# z/9.0\na/1.0@u/c # b\nc/[>1.0 <2.0]\n[generators]\nd/3.0\n", "conan a 1.0\n"},
    {"conaninfo: its own folder", "root/.conan/data/own/1.0/u/c/package/0123/conaninfo.txt",
     "[requires]\n    a/1.Y.Z\n[full_requires]\n    a/1.2.3:0123\n[options]\n    b/4=5\n",
     "conan a 1.2.3\nconan own 1.0\n"},
    {"mix: git, path, what packages need, a broken line", "mix.lock",
     "%{\n  \"a\": {:hex, :real_a, \"1.0.0\", \"0\", [:mix], [{:z, \"~> 9.0\", [hex: :z]}], "
     "\"hexpm\", \"0\"},\n"
     "  \"b\": {:git, \"https://x/b.git\", \"0123\", []},\n  \"c\": {:hex, },\n"
     "  \"d\": {:hex, :d, \"2.0.0\", \"0\"},\n}\n",
     "hex d 2.0.0\nhex real_a 1.0.0\n"},
    {"rebar: git, hashes", "rebar.lock",
     "{\"1.2.0\",\n[{<<\"a\">>,{pkg,<<\"real_a\">>,<<\"1.0.0\">>},0},\n {<<\"b\">>,\n"
     "  {git,\"https://x/b.git\",\n   {ref,\"0123\"}},\n  1}]}.\n[\n{pkg_hash,[\n {<<\"a\">>, "
     "<<\"00\">>}]}\n].\n",
     "hex real_a 1.0.0\n"},
    {"Julia: standard library, a path", "Manifest.toml",
     "julia_version = \"1.9.0\"\nmanifest_format = \"2.0\"\n[[deps.A]]\nuuid = \"1\"\nversion = "
     "\"1.0.0\"\n"
     "[deps.A.weakdeps]\nB = \"2\"\n[[deps.Dates]]\nuuid = \"3\"\n",
     "julia A 1.0.0\njulia Dates 1.9.0\n"},
    {"Julia, the first form", "Manifest.toml",
     "[[A]]\nuuid = \"1\"\nversion = \"1.0.0\"\n[[Dates]]\nuuid = \"3\"\n", "julia A 1.0.0\n"},
    {"conda: channels, builds, ranges, pip", "environment.yml",
     "name: x\nchannels:\n- defaults\ndependencies:\n- a=1.0=h0\n- conda-forge::b==2.0\n- c\n- "
     "d>=3\n"
     "- e=4.*\n- f 5.0 h1_0\n- g 6|7\n- pip:\n  - h==8.0\n  - i>=9\n  - -r requirements.txt\n",
     "conda a 1.0\nconda b 2.0\nconda f 5.0\npypi h 8.0\n"},
    {"opam: a locked file", "x.opam.locked",
     "opam-version: \"2.0\"\nname: \"x\"\ndepends: [\n  \"a\" {= \"1.0.0\"}\n"
     "  \"b\" {= \"2.0.0\" & with-test}\n  \"c\" {>= \"3\"}\n]\nbuild: [\n  \"dune\" {= "
     "\"9\"}\n]\n",
     "opam a 1.0.0\nopam b 2.0.0\n"},
    {"a pack of SWI-Prolog", "lib/swi-prolog/pack/a/pack.pl",
     "name(a).\n% version('9').\nversion( '1.0.0' ).\ntitle('b').\n", "swiplpack a 1.0.0\n"},
    {"Gleam: git", "manifest.toml",
     "packages = [\n  { name = \"a\", version = \"1.0.0\", source = \"hex\", requirements = "
     "[\"b\"] },\n"
     "  { name = \"b\", version = \"2.0.0\", source = \"git\", commit = \"0\" },\n]\n"
     "[requirements]\na = { version = \">= 1.0.0\" }\n",
     "hex a 1.0.0\n"},
    {"Gradle's catalogue: references, ranges", "gradle/libs.versions.toml",
     "[versions]\nx = \"1.0\"\ny = { strictly = \"2.0\" }\nz = { strictly = \"[3.0, 4.0[\" }\n"
     "[libraries]\na = { module = \"a:a\", version.ref = \"x\" }\n"
     "b = { group = \"b\", name = \"c\", version.ref = \"y\" }\n"
     "d = { module = \"d:d\", version.ref = \"z\" }\ne = \"e:e:5.0\"\nf = { module = \"f:f\" }\n"
     "g = { module = \"g:g\", version = \"6.0\" }\n[plugins]\nh = { id = \"h\", version = \"7.0\" "
     "}\n",
     "maven a:a 1.0\nmaven b:c 2.0\nmaven e:e 5.0\nmaven g:g 6.0\n"},
    {"Rye's lock file", "requirements-dev.lock", "-e file:.\na==1.0\n    # via b\n",
     "pypi a 1.0\n"},
    {"a lock file of something else", "dpkg.lock", "a==1.0\n", ""},
    {"packages of Elixir bring lock files along", "app/deps/a/rebar.lock",
     "{\"1.2.0\",[{<<\"a\">>,{pkg,<<\"a\">>,<<\"1.0\">>},0}]}.\n", ""},
    {"a folder of that name elsewhere", "app/deps/a/Cargo.lock",
     "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n", "cargo a 1.0.0\n"},
    {"requirements: templates, brackets that do not end", "requirements/base.txt",
     "%if x=='a'%}\nfoo|bar=='1.2.4'\nfoo=='x'\nfoo{bar}==%%\na=={{ a }}\npkg[extra==1.0\n"
     "foo]bar==1.0\ncelery[redis]]==4.4.7\nb==v1.0\nc==1!2.0.post1\n",
     "pypi b v1.0\npypi c 1!2.0.post1\n"},
    {"conda-lock: platforms, pip", "conda-lock.yml",
     "version: 1\nmetadata:\n  package: {name: z}\npackage:\n- name: a\n  version: 1.0\n  manager: "
     "conda\n"
     "  platform: linux-64\n  dependencies: {name: '9'}\n- {name: a, version: 1.0, platform: "
     "osx-64}\n"
     "- name: B_c\n  version: 2.0\n  manager: pip\n",
     "conda a 1.0\npypi b-c 2.0\n"},
    {"pnpm, early: peers after a slash", "shrinkwrap.yaml",
     "shrinkwrapVersion: 3\nlockfileVersion: 5.1\npackages:\n  /a/1.0.0/b@2.0.0: {}\n"
     "  /@s/c/3.0.0/d@4.0.0+@s/e@5.0.0: {}\n",
     "npm @s/c 3.0.0\nnpm a 1.0.0\n"},
    {"Conan, early", "conan.lock",
     "{\"graph_lock\": {\"nodes\": {\"0\": {\"path\": \"conanfile.txt\"},"
     "\"1\": {\"pref\": \"a/1.0#0:0123#0\"}}}, \"version\": \"0.1\"}",
     "conan a 1.0\n"},
    {NULL, NULL, NULL, NULL},
};
