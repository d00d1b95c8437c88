/* Programs of Rust and .NET, notes of packages, and programs that are packed. */
#include "inspect/programs/object_file.h"
#include "zip_files.h"

static void
expect(const char *name, const GByteArray *program, const char *expected)
{
  g_autoptr(LayerInventory) found = read_program("usr/bin/x", slice_of_array(program));
  g_autofree char *list = list_found(found);
  if (strcmp(list, expected) != 0)
    g_error("%s: %s, not %s", name, list, expected);
}

/* (transfer full) */
static GByteArray *
zlib_of(Slice content)
{
  uLongf size = compressBound((uLong)content.size);
  GByteArray *out = g_byte_array_new();
  g_byte_array_set_size(out, (guint)size);
  g_assert_cmpint(compress(out->data, &size, content.data, (uLong)content.size), ==, Z_OK);
  g_byte_array_set_size(out, (guint)size);
  return out;
}

static void
test_rust(void)
{
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {"{\"packages\":[{\"name\":\"app\",\"version\":\"0.1.0\",\"source\":\"local\",\"root\":true},"
       "{\"name\":\"cc\",\"version\":\"1.0.1\",\"source\":\"crates.io\",\"kind\":\"build\"},"
       "{\"name\":\"log\",\"version\":\"0.4.1\",\"source\":\"crates.io\",\"kind\":\"runtime\"}]}",
       "cargo app 0.1.0, cargo log 0.4.1"},
      {"{\"packages\":[{\"name\":\"app\"},{\"version\":\"1\"},7,{\"name\":\"\",\"version\":\"1\"}]"
       "}",
       "note odd-package"},
      {"{\"packages\":[]}", ""},
      {"{\"packages\":{}}", "unread unread-program"},
      {"[", "unread unread-program"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    for (unsigned big = 0; big < 2; big++) {
      g_autoptr(GByteArray) packed = zlib_of(slice_from_string(cases[i].text));
      ElfSection section = {".dep-v0", packed, 1, 0, 0, 0};
      g_autoptr(GByteArray) program =
          elf_file((ElfShape){.wide = true, .big = big == 1}, &section, 1);
      expect(cases[i].text, program, cases[i].expected);
    }
  /* A bomb, and bytes that are no stream. */
  g_autofree uint8_t *spaces = g_malloc(40 * 1024 * 1024);
  memset(spaces, ' ', 40 * 1024 * 1024);
  g_autoptr(GByteArray) bomb = zlib_of(slice_new(spaces, 40 * 1024 * 1024));
  g_autoptr(GByteArray) broken = zlib_of(SLICE_LITERAL("{}"));
  broken->data[broken->len - 1] ^= 1;
  GByteArray *const bad[] = {bomb, broken};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    ElfSection section = {".dep-v0", bad[i], 1, 0, 0, 0};
    g_autoptr(GByteArray) program = elf_file((ElfShape){.wide = true}, &section, 1);
    expect("a bad stream", program, "unread unread-program");
  }
}

/* (transfer full): after RFC 1952, by stored bytes. */
static GByteArray *
gzip_of(Slice content)
{
  g_autoptr(GByteArray) packed = zlib_of(content);
  GByteArray *out = g_byte_array_new();
  put_slice(out, slice_new("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
  put_slice(out, slice_sub(slice_of_array(packed), 2, packed->len - 6));
  put_number(out, crc32(0, content.data, (uInt)content.size), 4, false);
  put_number(out, content.size, 4, false);
  return out;
}

#define SBOM                                                                                       \
  "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[{\"type\":\"library\","    \
  "\"name\":\"b\",\"version\":\"1.0\",\"purl\":\"pkg:maven/a/b@1.0\"}]}"

static void
test_graal(void)
{
  static const struct {
    const char *name, *text, *names;
    size_t cut; /* bytes that the length leaves out */
    const char *expected;
  } cases[] = {
      {"a native image", SBOM, "\0sbom\0sbom_length", 0, "maven a:b 1.0"},
      {"names that only begin so", SBOM, "\0sbo_\0sbom_lengths", 0, ""},
      {"no length", SBOM, "\0sbom\0sbom_Length", 0, ""},
      {"too short", SBOM, "\0sbom\0sbom_length", 9, "unread unread-program"},
      {"no SBOM", "{}", "\0sbom\0sbom_length", 0, "note broken-sbom"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    for (unsigned kind = 2; kind <= 11; kind += 9) {
      ElfShape shape = {.wide = true};
      g_autoptr(GByteArray) packed = gzip_of(slice_from_string(cases[i].text));
      g_autoptr(GByteArray) data = g_byte_array_new(), symbols = g_byte_array_new();
      g_autoptr(GByteArray) names = g_byte_array_new();
      put_number(data, packed->len - cases[i].cut, 8, false);
      put_slice(data, slice_of_array(packed));
      put_slice(names, slice_new(cases[i].names, 18));
      const struct {
        size_t name, after;
      } rows[] = {{1, 8}, {6, 0}};
      for (size_t j = 0; j < G_N_ELEMENTS(rows); j++) {
        put_number(symbols, rows[j].name, 4, false);
        put_number(symbols, 0, 4, false);
        put_number(symbols, ELF_BASE + elf_start(shape, 3) + rows[j].after, 8, false);
        put_number(symbols, 8, 8, false);
      }
      const ElfSection sections[] = {{".data", data, 1, 3, 0, 0},
                                     {".dynstr", names, 3, 0, 0, 0},
                                     {".dynsym", symbols, kind, 0, 2, 0}};
      g_autoptr(GByteArray) program = elf_file(shape, sections, 3);
      g_autoptr(LayerInventory) found = read_program("x", slice_of_array(program));
      for (guint j = 0; j < found->packages->len; j++)
        g_assert_false(((const Package *)g_ptr_array_index(found->packages, j))->declared);
      expect(cases[i].name, program, cases[i].expected);
    }
}

#define DEPS                                                                                       \
  "{\n  \"runtimeTarget\": {\"name\": \"n\"}, \"x\": \"}\\\\\\\"{\",\"targets\": {\"n\": "         \
  "{\"A/1.0\":"                                                                                    \
  "{\"runtime\": {\"a.dll\": {}}},\"B/1.0\": {}}},"                                                \
  "\"libraries\": {\"A/1.0\": {\"type\": \"package\"},\"B/1.0\": {\"type\": \"package\"}}}"

/* A program with a section of @size bytes, and @text after it. Mach-O has it in its last segment.
 * (transfer full) */
static GByteArray *
appended_to(ObjectFormat format, size_t size, size_t padding, const char *text)
{
  g_autoptr(GByteArray) data = g_byte_array_new(), after = g_byte_array_new();
  put_zeros(data, size);
  put_zeros(after, padding);
  put_slice(after, slice_from_string(text));
  put_zeros(after, 100);
  if (format == OBJECT_MACH_O)
    put_slice(data, slice_of_array(after));
  const ElfSection section = {".data", data, 1, 3, 0, 0};
  GByteArray *program = format == OBJECT_ELF ? elf_file((ElfShape){.wide = true}, &section, 1)
                        : format == OBJECT_PE
                            ? pe_file(slice_of_array(data))
                            : mach_o_file(true, false, "__data", slice_of_array(data));
  if (format != OBJECT_MACH_O)
    put_slice(program, slice_of_array(after));
  return program;
}

/* Wherever it is between the pieces of the file, in small and large programs. */
static void
test_one_file(void)
{
  static const struct {
    const char *name, *text, *expected;
  } cases[] = {
      {"an application in one file", DEPS "more {", "nuget A 1.0"},
      {"the first of two", DEPS DEPS, "nuget A 1.0"},
      {"cut off", "{\"runtimeTarget\": {\"name\": \"n\"}", ""},
      {"only the word", "\"runtimeTarget\"", ""},
      {"nothing of that kind", "{\"target\": {}}", ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    for (size_t padding = 16300; padding < 16400; padding += 7)
      for (unsigned large = 0; large < 2; large++)
        for (unsigned format = OBJECT_ELF; format <= OBJECT_MACH_O; format++) {
          g_autoptr(GByteArray) program =
              appended_to(format, large == 1 ? 3 * 1024 * 1024 : 100, padding, cases[i].text);
          expect(cases[i].name, program, cases[i].expected);
        }
}

/* (transfer full) */
static GByteArray *
note_of(unsigned type, const char *text, bool big)
{
  GByteArray *note = g_byte_array_new();
  put_number(note, 4, 4, big);
  put_number(note, strlen(text) + 1, 4, big);
  put_number(note, type, 4, big);
  put_slice(note, slice_new("FDO\0", 4));
  put_slice(note, slice_from_string(text));
  put_zeros(note, 4 - strlen(text) % 4);
  return note;
}

static void
test_notes(void)
{
  static const struct {
    unsigned type;
    const char *text, *expected;
  } cases[] = {
      {0xcafe1a7e, "{\"type\":\"generic\",\"name\":\"tool\",\"version\":\"1.2-3\"}",
       "generic tool 1.2-3"},
      {0xcafe1a7e, "{\"type\":\"rpm\",\"name\":\"bash\",\"version\":\"5.2-1.fc40\"}", ""},
      {0xcafe1a7e, "{\"type\":\"generic\",\"name\":\"tool\"}", ""},
      {0xcafe1a7e, "no JSON", ""},
      {3, "{\"type\":\"generic\",\"name\":\"tool\",\"version\":\"1.2-3\"}", ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    for (unsigned big = 0; big < 2; big++) {
      g_autoptr(GByteArray) note = note_of(1, "another", big == 1);
      g_autoptr(GByteArray) own = note_of(cases[i].type, cases[i].text, big == 1);
      put_slice(note, slice_of_array(own));
      ElfSection section = {".note.package", note, 7, 2, 0, 0};
      g_autoptr(GByteArray) program = elf_file((ElfShape){.big = big == 1}, &section, 1);
      expect(cases[i].text, program, cases[i].expected);
    }
}

static void
put_wide(GByteArray *out, const char *text)
{
  long size;
  g_autofree gunichar2 *wide = g_utf8_to_utf16(text, -1, NULL, &size, NULL);
  for (long i = 0; i <= size; i++)
    put_number(out, wide[i], 2, false);
  put_zeros(out, (4 - out->len % 4) % 4);
}

/* (transfer full): an assembly with these in its version resource. */
static GByteArray *
assembly(const char *product, const char *brand, const char *file, bool managed,
         const char *section)
{
  GByteArray *out = g_byte_array_new();
  g_autoptr(GByteArray) resource = g_byte_array_new();
  put_zeros(resource, 64);
  const char *const texts[] = {
      "VS_VERSION_INFO", "FileVersion", "13.0.3.27908",   "InternalName", file,
      "ProductName",     brand,         "ProductVersion", product};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    put_wide(resource, texts[i]);
    if (i == 0 || i % 2 == 0)
      put_zeros(resource, 6 + 2);
  }
  put_slice(out, SLICE_LITERAL("MZ"));
  put_zeros(out, 58);
  put_number(out, 64, 4, false);
  put_slice(out, slice_new("PE\0\0", 4));
  put_number(out, 0x14c, 2, false);
  put_number(out, 2, 2, false);
  put_zeros(out, 12);
  put_number(out, 224, 2, false);
  put_number(out, 0x2102, 2, false);
  put_number(out, 0x10b, 2, false);
  put_zeros(out, 26);
  put_number(out, 0x400000, 4, false);
  put_zeros(out, 64);
  for (unsigned i = 0; i < 16; i++) {
    put_number(out, i == 2 ? 0x2000 : 0, 4, false);
    put_number(out, i == 2 ? resource->len : i == 14 && managed ? 72 : 0, 4, false);
  }
  for (unsigned i = 0; i < 2; i++) {
    g_autofree char *name = g_strndup(i == 0 ? section : "UPX1", 8);
    put_slice(out, slice_from_string(name));
    put_zeros(out, 8 - strlen(name));
    put_number(out, resource->len, 4, false);
    put_number(out, 0x2000 + i * 0x1000, 4, false);
    put_number(out, i == 0 ? resource->len : 0, 4, false);
    put_number(out, 1024, 4, false);
    put_zeros(out, 12);
    put_number(out, 0x40000040, 4, false);
  }
  put_zeros(out, 1024 - out->len);
  put_slice(out, slice_of_array(resource));
  return out;
}

static void
test_dotnet(void)
{
  static const struct {
    const char *product, *brand, *file;
    bool managed;
    const char *expected;
  } cases[] = {
      {"13.0.3+0a2e291c0d", "Json.NET", "Newtonsoft.Json.dll", true,
       "nuget Newtonsoft.Json 13.0.3"},
      {"2.0.0-rc.1", "X", "X.dll", true, "nuget X 2.0.0-rc.1"},
      {"13.0.3", "Json.NET", "Newtonsoft.Json.dll", false, ""},
      {"13.0.3.27908", "Json.NET", "Newtonsoft.Json.dll", true, ""},
      {"13.0", "X", "X.dll", true, ""},
      {"built by hand", "X", "X.dll", true, ""},
      {"8.0.1+bf5e279d92", "Microsoft\302\256 .NET", "System.Text.Json.dll", true, ""},
      {"1.0.0", "app", "app", true, ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) program =
        assembly(cases[i].product, cases[i].brand, cases[i].file, cases[i].managed, ".rsrc");
    expect(cases[i].product, program, cases[i].expected);
  }
}

static void
test_packed(void)
{
  g_autoptr(GByteArray) mark = g_byte_array_new();
  put_slice(mark, SLICE_LITERAL("0000UPX!"));
  ElfSection section = {".x", mark, 1, 2, 0, 0};
  g_autoptr(GByteArray) elf = elf_file((ElfShape){.wide = true, .stripped = true}, &section, 1);
  g_autoptr(GByteArray) not_packed = elf_file((ElfShape){.wide = true}, &section, 1);
  g_autoptr(GByteArray) pe = assembly("", "", "", false, "UPX0");
  expect("ELF", elf, "unread packed-program");
  expect("ELF with sections", not_packed, "");
  expect("PE", pe, "unread packed-program");
}

/* Of a large file with its table at the end, what comes in front of that or after the segments is
 * kept; what is elsewhere is told. */
static void
test_large(void)
{
  static const struct {
    bool at_start;
    size_t before, after; /* in front of the section, and after it */
    const char *expected;
  } cases[] = {
      {true, 24 * 1024 * 1024, 24 * 1024 * 1024, "cargo a 1"},
      {false, 40 * 1024 * 1024, 100 * 1024, "cargo a 1"},
      {false, 24 * 1024 * 1024, 24 * 1024 * 1024, "unread unread-section"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) packed =
        zlib_of(SLICE_LITERAL("{\"packages\":[{\"name\":\"a\",\"version\":\"1\"}]}"));
    g_autoptr(GByteArray) empty = g_byte_array_new();
    const ElfSection sections[] = {{".dep-v0", packed, 1, 0, 0, cases[i].before},
                                   {".debug", empty, 1, 0, 0, cases[i].after}};
    g_autoptr(GByteArray) program =
        elf_file((ElfShape){.wide = true, .at_start = cases[i].at_start}, sections, 2);
    expect("large", program, cases[i].expected);
  }
}

/* Every byte of the tables in turn is absurd, and the file ends everywhere. */
static void
test_absurd(void)
{
  g_autoptr(GByteArray) program = assembly("1.2.3", "X", "X.dll", true, ".rsrc");
  for (guint i = 0; i < program->len; i++) {
    uint8_t kept = program->data[i];
    program->data[i] = 0xff;
    g_autoptr(LayerInventory) changed = read_program("x", slice_of_array(program));
    program->data[i] = kept;
    g_autofree uint8_t *copy = g_memdup2(program->data, i + 1);
    g_autoptr(LayerInventory) cut = read_program("x", slice_new(copy, i + 1));
    g_assert_cmpuint(cut->packages->len, <=, 1);
    g_assert_cmpuint(changed->packages->len, <=, 1);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/programs/other/rust", test_rust);
  g_test_add_func("/programs/other/graal", test_graal);
  g_test_add_func("/programs/other/one-file", test_one_file);
  g_test_add_func("/programs/other/notes", test_notes);
  g_test_add_func("/programs/other/dotnet", test_dotnet);
  g_test_add_func("/programs/other/packed", test_packed);
  g_test_add_func("/programs/other/large", test_large);
  g_test_add_func("/programs/other/absurd", test_absurd);
  return g_test_run();
}
