/* Programs of Go: versions, and build info in every kind of file. */
#include "inspect/programs/go_version.h"
#include "inventory/go_symbols.h"
#include "program_files.h"

static void
test_toolchains(void)
{
  static const struct {
    const char *text, *version;
  } cases[] = {
      {"go1.22.1", "1.22.1"},
      {"go1.22.1 X:loopvar", "1.22.1"},
      {"go1.26.0-X:jsonv2", "1.26.0"},
      {"go1.20.4 (Red Hat 1.20.4-1.el9)", "1.20.4"},
      {"go1.21rc2", "1.21rc2"},
      {"go1.9beta1 X:framepointer", "1.9beta1"},
      {"go1.21", "1.21"},
      {"go1.21rc", "1.21"},
      {"devel go1.23-3a0dba9 Mon", NULL},
      {"go", NULL},
      {"go.1", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *version = go_toolchain_version(slice_from_string(cases[i].text));
    g_assert_cmpstr(version, ==, cases[i].version);
  }
}

static void
test_kinds(void)
{
  static const struct {
    const char *version;
    GoVersionKind kind;
  } cases[] = {
      {"v1.2.3", GO_VERSION_REAL},
      {"v1.2.3+dirty", GO_VERSION_REAL},
      {"v2.0.0+incompatible", GO_VERSION_REAL},
      {"v1.2.3-rc.1", GO_VERSION_REAL},
      {"v1.2.3-20250102030405-abcdef", GO_VERSION_REAL},
      {"v0.0.0-20250102030405-abcdefabcdef", GO_VERSION_PSEUDO},
      {"v2.0.0-20250102030405-abcdefabcdef", GO_VERSION_PSEUDO},
      {"v1.2.4-0.20250102030405-abcdefabcdef", GO_VERSION_PSEUDO},
      {"v1.2.4-pre.0.20250102030405-abcdefabcdef+dirty", GO_VERSION_PSEUDO},
      {"v9.0.1-0.20250102030405-abcdefabcdef+incompatible", GO_VERSION_PSEUDO},
      {"(devel)", GO_VERSION_NONE},
      {"", GO_VERSION_NONE},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    if (go_version_kind(slice_from_string(cases[i].version)) != cases[i].kind)
      g_error("%s", cases[i].version);
}

static void
test_flags(void)
{
  static const struct {
    const char *module, *flags, *version;
  } cases[] = {
      {"a.b/c", "-s -w -X main.version=1.2.3", "v1.2.3"},
      {"a.b/c", "-X=main.Version=v1.2.3 -w", "v1.2.3"},
      {"a.b/c", "--X=main.version=v1.2", "v1.2"},
      {"a.b/c", "-X 'main.version=v1.2.3-rc.1+x' -X \"main.commit=1.1.1\"", "v1.2.3-rc.1+x"},
      {"a.b/c", "-X='a.b/c/internal/version.Ver=1.2.3'", "v1.2.3"},
      {"a.b/c", "-X main.version=1.2.3 -X a.b/d/version.Version=9.9.9", "v1.2.3"},
      {"a.b/c", "-X a.b/c/cmd/x/app.version=1.0.0 -X main.version=2.0.0", "v1.0.0"},
      {"a.b/c", "-X a.b/c/version.ver=1.0.0 -X a.b/c/version.version=2.0.0", NULL},
      {"a.b/c", "-X a.b/c/x.ver=1.0.0 -X a.b/cd/x.version=2.0.0", "v1.0.0"},
      {"k8s.io/kubernetes",
       "-X 'k8s.io/client-go/pkg/version.gitVersion=v1.29.1' -X "
       "'k8s.io/component-base/version.gitVersion=v1.29.1' -X "
       "'k8s.io/component-base/version.gitMajor=1'",
       "v1.29.1"},
      {"a.b/c", "-X main.version=dev", NULL},
      {"a.b/c", "-X main.version=1", NULL},
      {"a.b/c", "-X main.version=1.2.3.4", NULL},
      {"a.b/c", "-X main.version=1.2.", NULL},
      {"a.b/c", "-X main.version=", NULL},
      {"a.b/c", "-X main.goversion=1.22.1", NULL},
      {"a.b/c", "-X =1.2.3", NULL},
      {"a.b/c", "-X version=1.2.3", NULL},
      {"a.b/c", "-X", NULL},
      {"a.b/c", "-extldflags '-X main.version=1.2.3'", NULL},
      {"", "", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    GoSetVersion set = {.best = NULL};
    go_set_version_add_flags(&set, slice_from_string(cases[i].module),
                             slice_from_string(cases[i].flags));
    g_autofree char *version = go_set_version_take(&set);
    if (g_strcmp0(version, cases[i].version) != 0)
      g_error("%s gives %s", cases[i].flags, version);
  }
}

/* --- build info --- */

static void
put_framed(GByteArray *out, const char *modules)
{
  put_zeros(out, 16);
  put_slice(out, slice_from_string(modules));
  put_zeros(out, 16);
}

/* As Go 1.18 and later write it. (transfer full) */
static GByteArray *
inline_info(const char *toolchain, const char *modules)
{
  GByteArray *info = g_byte_array_new();
  g_autoptr(GByteArray) text = g_byte_array_new();
  put_framed(text, modules);
  put_slice(info, SLICE_LITERAL("\xff Go buildinf:\x08\x02"));
  put_zeros(info, 16);
  byte_array_add_prefixed(info, slice_from_string(toolchain));
  byte_array_add_prefixed(info, slice_of_array(text));
  return info;
}

/* Before: two pointers to strings. All within one section that is at @address. (transfer full) */
static GByteArray *
pointed_info(ElfShape shape, uint64_t address, const char *toolchain, const char *modules)
{
  size_t word = shape.wide ? 8 : 4, after = 32 + 4 * word, size = strlen(toolchain);
  GByteArray *info = g_byte_array_new();
  put_slice(info, SLICE_LITERAL("\xff Go buildinf:"));
  put_number(info, word, 1, false);
  put_number(info, shape.big ? 1 : 0, 1, false);
  put_number(info, address + 32, word, shape.big);
  put_number(info, address + 32 + 2 * word, word, shape.big);
  put_zeros(info, 32 - info->len);
  put_number(info, address + after, word, shape.big);
  put_number(info, size, word, shape.big);
  put_number(info, address + after + size, word, shape.big);
  put_number(info, strlen(modules) + 32, word, shape.big);
  put_slice(info, slice_from_string(toolchain));
  put_framed(info, modules);
  return info;
}

#define MODULES                                                                                    \
  "path\ta.b/c/cmd/x\nmod\ta.b/c\tv1.2.3\t\ndep\tx.y/z\tv0.1.0\th1:a=\n"                           \
  "dep\tx.y/old\tv0.1.0\n=>\tx.y/new\tv0.2.0\th1:b=\ndep\t\t(devel)\n"
#define FOUND                                                                                      \
  "golang a.b/c v1.2.3, golang stdlib 1.17.1, golang x.y/new v0.2.0, golang x.y/z v0.1.0"

static void
expect(const char *name, const GByteArray *program, const char *expected)
{
  g_autoptr(LayerInventory) found = read_program("usr/bin/x", slice_of_array(program));
  g_autofree char *list = list_found(found);
  if (strcmp(list, expected) != 0)
    g_error("%s: %s, not %s", name, list, expected);
}

static void
test_elf(void)
{
  for (unsigned i = 0; i < 32; i++) {
    ElfShape shape = {(i & 1) != 0, (i & 2) != 0, (i & 4) != 0, (i & 8) != 0, 0};
    g_autoptr(GByteArray) info =
        (i & 16) != 0 ? inline_info("go1.17.1", MODULES)
                      : pointed_info(shape, ELF_BASE + elf_start(shape, 1), "go1.17.1", MODULES);
    ElfSection section = {".go.buildinfo", info, 1, 3, 0, 0};
    g_autoptr(GByteArray) program = elf_file(shape, &section, 1);
    g_autofree char *name = g_strdup_printf("shape %u", i);
    expect(name, program, FOUND);
  }
}

/* The mark with nothing after it: in its own section it is a program of Go that cannot be read;
 * among other data it is of a program that looks for such marks. */
static void
test_mark_alone(void)
{
  static const char *const sections[] = {".go.buildinfo", ".data"};
  for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
    g_autoptr(GByteArray) info = inline_info("", "");
    put_zeros(info, 64);
    ElfSection section = {sections[i], info, 1, 3, 0, 0};
    g_autoptr(GByteArray) program = elf_file((ElfShape){.wide = true}, &section, 1);
    g_autoptr(LayerInventory) found = read_program("usr/bin/x", slice_of_array(program));
    g_assert_cmpuint(found->unread->len, ==, i == 0 ? 1 : 0);
  }
}

/* --- what is linked --- */

/* As the linker writes it for programs of 64 bits: since Go 1.20, 1.18, 1.16. (transfer full) */
static GByteArray *
function_table(uint32_t magic, const char *names, size_t size, uint64_t functions)
{
  GByteArray *table = g_byte_array_new();
  bool has_start = magic != 0xfffffffa;
  size_t head = 8 + (has_start ? 8 : 7) * sizeof(uint64_t);
  put_number(table, magic, 4, false);
  put_zeros(table, 2);
  put_number(table, 1, 1, false);
  put_number(table, 8, 1, false);
  put_number(table, functions, 8, false);
  put_number(table, 1, 8, false);
  if (has_start)
    put_number(table, 0x401000, 8, false);
  put_number(table, head, 8, false);
  put_number(table, head + size, 8, false);
  put_zeros(table, head - table->len);
  put_slice(table, slice_new(names, size));
  put_zeros(table, 64);
  return table;
}

#define RUNTIME "runtime.main\0main.main\0"
#define NAMES                                                                                      \
  RUNTIME "x.y/z.(*T).M\0x.y/z/v%2e2.F\0x.y/old/sub.G[...]\0net/http.(*Client).do.func1\0"         \
          "type:.eq.x.y/z.T\0main.init\0a.b/c.Help\0"

/* Of each module, in the order of names, which of these are said to be linked. */
static char *
linked_of(const char *names, size_t size, uint32_t magic, uint64_t functions)
{
  static const char *const asked[] = {"x.y/z:T.M",          "x.y/z/v.2:F",      "x.y/new/sub:G",
                                      "net/http:Client.do", "a.b/c/cmd/x:init", "a.b/c:Help"};
  ElfShape shape = {.wide = true};
  g_autoptr(GByteArray) info = inline_info("go1.17.1", MODULES);
  g_autoptr(GByteArray) table = function_table(magic, names, size, functions);
  ElfSection sections[] = {{".go.buildinfo", info, 1, 3, 0, 0}, {".gopclntab", table, 1, 2, 0, 0}};
  g_autoptr(GByteArray) program = elf_file(shape, sections, 2);
  g_autoptr(LayerInventory) found = read_program("usr/bin/x", slice_of_array(program));
  GString *linked = g_string_new(NULL);
  for (guint i = 0; i < found->packages->len; i++) {
    const Package *package = g_ptr_array_index(found->packages, i);
    g_autoptr(GArray) symbols = go_symbols_from_text(package->symbols);
    g_string_append_printf(linked, "%s%s:", i > 0 ? "," : "", package->name);
    for (size_t j = 0; symbols != NULL && j < G_N_ELEMENTS(asked); j++)
      if (go_symbols_ask(symbols, asked[j], NULL) == GO_SYMBOLS_LINKED)
        g_string_append_printf(linked, " %s", asked[j]);
    if (symbols == NULL)
      g_string_append(linked, " ?");
  }
  return g_string_free(linked, FALSE);
}

static void
test_linked(void)
{
  static const char whole[] = "stdlib: net/http:Client.do,x.y/z: x.y/z:T.M x.y/z/v.2:F,"
                              "x.y/new: x.y/new/sub:G,a.b/c: a.b/c/cmd/x:init a.b/c:Help";
  static const char unknown[] = "stdlib: ?,x.y/z: ?,x.y/new: ?,a.b/c: ?";
  static const char garbled[] = RUNTIME "Qx/z.F\0Ab/c.G\0net/http.Get\0";
  static const struct {
    const char *name, *names;
    size_t size;
    uint32_t magic;
    uint64_t functions;
    const char *expected;
  } cases[] = {
      {"Go 1.20", NAMES, sizeof NAMES - 1, 0xfffffff1, 9, whole},
      {"Go 1.18", NAMES, sizeof NAMES - 1, 0xfffffff0, 9, whole},
      {"Go 1.16", NAMES, sizeof NAMES - 1, 0xfffffffa, 9, whole},
      {"Go 1.2", NAMES, sizeof NAMES - 1, 0xfffffffb, 9, unknown},
      {"fewer names than functions", NAMES, sizeof NAMES - 1, 0xfffffff1, 20, unknown},
      {"no functions", NAMES, sizeof NAMES - 1, 0xfffffff1, 0, unknown},
      {"names that were changed", garbled, sizeof garbled - 1, 0xfffffff1, 5, unknown},
      {"no runtime", NAMES + 13, sizeof NAMES - 14, 0xfffffff1, 8, unknown},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *linked =
        linked_of(cases[i].names, cases[i].size, cases[i].magic, cases[i].functions);
    if (strcmp(linked, cases[i].expected) != 0)
      g_error("%s: %s", cases[i].name, linked);
  }
}

/* The sections of more than what is kept whole, with the info at the end of it. */
static void
test_large(void)
{
  for (unsigned i = 0; i < 2; i++) {
    ElfShape shape = {.wide = true, .at_start = i == 0};
    g_autoptr(GByteArray) info = inline_info("go1.17.1", MODULES);
    ElfSection section = {".go.buildinfo", info, 1, 3, 0, 40 * 1024 * 1024};
    g_autoptr(GByteArray) program = elf_file(shape, &section, 1);
    expect(i == 0 ? "table at the start" : "table at the end", program, FOUND);
  }
}

static void
test_pe(void)
{
  g_autoptr(GByteArray) data = g_byte_array_new(), info = inline_info("go1.17.1", MODULES);
  put_zeros(data, 32);
  put_slice(data, slice_of_array(info));
  g_autoptr(GByteArray) program = pe_file(slice_of_array(data));
  expect("PE", program, FOUND);
}

static void
test_mach_o(void)
{
  for (unsigned i = 0; i < 4; i++) {
    g_autoptr(GByteArray) info = inline_info("go1.17.1", MODULES);
    g_autoptr(GByteArray) program =
        mach_o_file((i & 1) != 0, (i & 2) != 0, "__go_buildinfo", slice_of_array(info));
    g_autofree char *name = g_strdup_printf("Mach-O %u", i);
    expect(name, program, FOUND);
  }
}

static void
test_main_versions(void)
{
  static const struct {
    const char *main, *flags, *symbol, *expected;
    unsigned others; /* symbols in front that -X might have set */
  } cases[] = {
      {"v1.2.3", "-X main.version=9.9.9", NULL, "golang a.b/c v1.2.3, golang stdlib 1.22.1"},
      {"(devel)", "\"-s -X main.version=9.9.9\"", "8.8.8",
       "golang a.b/c v9.9.9, golang stdlib 1.22.1"},
      {"v2.0.0-20250102030405-abcdefabcdef", "-X=main.version=2.3.1", NULL,
       "golang a.b/c v2.3.1, golang stdlib 1.22.1"},
      {"v2.0.0-20250102030405-abcdefabcdef", "-s", NULL,
       "golang a.b/c v2.0.0-20250102030405-abcdefabcdef, golang stdlib 1.22.1"},
      {"v2.0.0-20250102030405-abcdefabcdef", "-s", "2.3.4",
       "golang a.b/c v2.3.4, golang stdlib 1.22.1"},
      {"(devel)", "-s", "8.8.8", "golang a.b/c v8.8.8, golang stdlib 1.22.1"},
      {"(devel)", "-s", NULL, "golang stdlib 1.22.1, note no-version"},
      /* Each of them is looked for in the whole file. */
      {"(devel)", "-s", "8.8.8", "golang a.b/c v8.8.8, golang stdlib 1.22.1", 100},
      {"(devel)", "-s", "8.8.8", "golang stdlib 1.22.1, note no-version", 3000},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    ElfShape shape = {.wide = true};
    g_autofree char *modules =
        g_strdup_printf("mod\ta.b/c\t%s\t\nbuild\t-ldflags=%s\n", cases[i].main, cases[i].flags);
    g_autoptr(GByteArray) info = inline_info("go1.22.1 X:loopvar", modules);
    g_autoptr(GByteArray) value = g_byte_array_new(), names = g_byte_array_new();
    g_autoptr(GByteArray) symbols = g_byte_array_new();
    if (cases[i].symbol != NULL)
      put_slice(value, slice_from_string(cases[i].symbol));
    put_slice(names, slice_new("\0main.version.str\0other.str\0", 28));
    put_zeros(symbols, 24);
    for (unsigned j = 0; j < cases[i].others; j++) {
      put_number(symbols, 18, 8, false);
      put_number(symbols, ELF_BASE + elf_start(shape, 4), 8, false);
      put_number(symbols, 5, 8, false);
    }
    put_number(symbols, 1, 4, false);
    put_number(symbols, 0, 4, false);
    put_number(symbols, ELF_BASE + elf_start(shape, 4), 8, false);
    put_number(symbols, value->len, 8, false);
    const ElfSection sections[] = {{".rodata", value, 1, 2, 0, 0},
                                   {".strtab", names, 3, 0, 0, 0},
                                   {".symtab", symbols, 2, 0, 2, 0},
                                   {".go.buildinfo", info, 1, 3, 0, 0}};
    g_autoptr(GByteArray) program = elf_file(shape, sections, 4);
    expect(cases[i].main, program, cases[i].expected);
  }
}

static void
test_odd(void)
{
  ElfShape shape = {.wide = true}, object = {.wide = true, .kind = 1};
  g_autoptr(GByteArray) empty = inline_info("", "");
  g_autoptr(GByteArray) no_modules = inline_info("go1.20", "");
  g_autoptr(GByteArray) devel = inline_info("devel go1.23-abc", "mod\ta\tv1.0.0\n");
  g_autoptr(GByteArray) folders =
      inline_info("go1.20", "dep\ta/b\tv0.0.0\n=>\t./b\t(devel)\ndep\ta/c\tv0.0.0\n=>\t../c\t\n");
  const struct {
    const char *name, *expected;
    GByteArray *info;
    ElfShape shape;
  } cases[] = {
      {"no version", "unread unread-program", empty, shape},
      {"no modules", "golang stdlib 1.20", no_modules, shape},
      {"a toolchain that is no release", "golang a v1.0.0, note no-version", devel, shape},
      {"replaced by folders", "golang stdlib 1.20, note no-version", folders, shape},
      {"an object file", "", no_modules, object},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    ElfSection section = {".go.buildinfo", cases[i].info, 1, 3, 0, 0};
    g_autoptr(GByteArray) program = elf_file(cases[i].shape, &section, 1);
    expect(cases[i].name, program, cases[i].expected);
  }
}

/* Every byte of the tables in turn is absurd, and the file ends everywhere. */
static void
test_absurd(void)
{
  ElfShape shape = {.wide = true, .at_start = true};
  g_autoptr(GByteArray) info =
      pointed_info(shape, ELF_BASE + elf_start(shape, 1), "go1.17.1", MODULES);
  ElfSection section = {".go.buildinfo", info, 1, 3, 0, 0};
  g_autoptr(GByteArray) program = elf_file(shape, &section, 1);
  for (guint i = 0; i < program->len; i++) {
    uint8_t kept = program->data[i];
    program->data[i] = 0xff;
    g_autoptr(LayerInventory) changed = read_program("x", slice_of_array(program));
    program->data[i] = kept;
    g_autofree uint8_t *copy = g_memdup2(program->data, i + 1);
    g_autoptr(LayerInventory) cut = read_program("x", slice_new(copy, i + 1));
    g_assert_cmpuint(cut->packages->len, <=, 4);
    g_assert_cmpuint(changed->packages->len, <=, 4);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/programs/go/toolchains", test_toolchains);
  g_test_add_func("/programs/go/kinds", test_kinds);
  g_test_add_func("/programs/go/flags", test_flags);
  g_test_add_func("/programs/go/elf", test_elf);
  g_test_add_func("/programs/go/mark-alone", test_mark_alone);
  g_test_add_func("/programs/go/large", test_large);
  g_test_add_func("/programs/go/pe", test_pe);
  g_test_add_func("/programs/go/mach-o", test_mach_o);
  g_test_add_func("/programs/go/main-versions", test_main_versions);
  g_test_add_func("/programs/go/odd", test_odd);
  g_test_add_func("/programs/go/absurd", test_absurd);
  g_test_add_func("/programs/go/linked", test_linked);
  return g_test_run();
}
