/* What passes between a worker, the server and clamd: frames, addresses, answers. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "inspect/malware/clamav_finds.h"
#include "inspect/malware/clamd.h"
#include "inspect/malware/frames.h"

/* --- frames --- */

/* All that @bytes hold, given @step at a time: "opt/a(3)=abc;". */
static char *
read_frames(Slice bytes, size_t step, GError **error)
{
  g_autoptr(FrameReader) reader = frame_reader_new();
  g_autoptr(GString) told = g_string_new(NULL);
  while (bytes.size > 0) {
    Slice input = slice_sub(bytes, 0, step);
    bytes = slice_sub(bytes, input.size, bytes.size - input.size);
    Frame frame = {0};
    do {
      if (!frame_reader_next(reader, &input, &frame, error))
        return NULL;
      if (frame.kind == FRAME_FILE)
        g_string_append_printf(told, "%s(%" G_GUINT64_FORMAT ")=", frame.path, frame.size);
      else if (frame.kind == FRAME_BYTES)
        g_string_append_len(told, (const char *)frame.bytes.data, (gssize)frame.bytes.size);
      else if (frame.kind == FRAME_END)
        g_string_append_c(told, ';');
    } while (frame.kind != FRAME_NONE);
  }
  g_string_append(told, frame_reader_is_within(reader) ? "..." : "");
  return g_string_free(g_steal_pointer(&told), FALSE);
}

static void
test_frames(void)
{
  g_autoptr(GByteArray) out = g_byte_array_new();
  frames_add_file(out, "opt/run.sh", 9);
  frames_add_piece(out, SLICE_LITERAL("#!/bin"));
  frames_add_piece(out, SLICE_LITERAL("/sh"));
  frames_add_piece(out, SLICE_EMPTY);
  frames_add_file(out, "opt/large", (uint64_t)5 << 40);
  frames_add_piece(out, SLICE_EMPTY);
  for (size_t step = 1; step <= out->len; step++) {
    g_autofree char *told = read_frames(slice_new(out->data, out->len), step, NULL);
    g_assert_cmpstr(told, ==, "opt/run.sh(9)=#!/bin/sh;opt/large(5497558138880)=;");
  }
  g_autofree char *cut = read_frames(slice_new(out->data, 24), 24, NULL);
  g_assert_cmpstr(cut, ==, "opt/run.sh(9)=...");
}

/* Of a worker in somebody's hands. */
static void
test_hostile_frames(void)
{
  static const char *const paths[] = {"/etc/passwd", "../x",   "a//b", "a/./b", "a/",
                                      ".",           "a/../b", "\xff", "a\xc3"};
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    frames_add_file(out, paths[i], 1);
    g_assert_null(read_frames(slice_new(out->data, out->len), 5, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
  static const char nul[] = "\x03\0\1\0\0\0\0\0\0\0a\0b";
  static const char none[] = "\0\0\1\0\0\0\0\0\0\0";
  static const char large[] = "\1\0\1\0\0\0\0\0\0\0a\1\0\1\0";
  const Slice broken[] = {slice_new(nul, sizeof nul - 1), slice_new(none, sizeof none - 1),
                          slice_new(large, sizeof large - 1)};
  for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(read_frames(broken[i], 100, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
}

/* --- clamd --- */

static void
test_addresses(void)
{
  static const char *const good[] = {"/run/clamav/clamd.ctl", "tcp://127.0.0.1:3310",
                                     "tcp://[::1]:3310", "tcp://clamav.example.com:1"};
  static const char *const bad[] = {"",
                                    "clamd.ctl",
                                    "tcp://",
                                    "tcp://host",
                                    "tcp://host:0",
                                    "tcp://:3310",
                                    "tcp://host:99999",
                                    "http://host:1",
                                    "/a123456789b123456789c123456789d123456789e123456789f123456789"
                                    "g123456789h123456789i123456789j123456789k12345678"};
  for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
    g_assert_true(clamd_check_address(good[i], NULL));
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    if (clamd_check_address(bad[i], NULL))
      g_error("\"%s\" is taken for an address", bad[i]);
}

static void
test_answers(void)
{
  static const struct {
    const char *text;
    unsigned number;
    int outcome; /* -1: it is none */
    const char *says;
  } cases[] = {
      {"1: stream: OK", 1, CLAMD_CLEAN, NULL},
      {"12: stream: Win.Test.EICAR_HDB-1 FOUND", 12, CLAMD_FOUND, "Win.Test.EICAR_HDB-1"},
      {"3: instream(local): Odd: name FOUND", 3, CLAMD_FOUND, "Odd: name"},
      {"3: stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", 3, CLAMD_LIMITED,
       "Heuristics.Limits.Exceeded.MaxFileSize"},
      {"2: INSTREAM size limit exceeded. ERROR", 2, CLAMD_TOO_LARGE,
       "INSTREAM size limit exceeded."},
      {"2: stream: Heuristics.Limits.Exceeded.MaxScanTime FOUND", 2, CLAMD_FAILED,
       "Heuristics.Limits.Exceeded.MaxScanTime"},
      {"2: stream: Odd ERROR", 2, CLAMD_FAILED, "stream: Odd"},
      {"1: PONG", 1, CLAMD_PONG, NULL},
      {"4: stream: \x1b[2J FOUND", 4, CLAMD_FOUND, "?[2J"},
      {"UNKNOWN COMMAND", 0, -1, NULL},
      {": stream: OK", 0, -1, NULL},
      {"-1: stream: OK", 0, -1, NULL},
      {"99999999999: stream: OK", 0, -1, NULL},
      {"1: stream: NOT OK AT ALL", 0, -1, NULL},
      {"1: OK", 0, -1, NULL},
      {"", 0, -1, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(ClamdAnswer) answer = {0};
    bool read = clamd_read_answer(slice_from_string(cases[i].text), &answer);
    if (read != (cases[i].outcome >= 0))
      g_error("\"%s\": %s", cases[i].text, read ? "is taken for an answer" : "is not taken");
    if (!read)
      continue;
    g_assert_cmpuint(answer.number, ==, cases[i].number);
    g_assert_cmpint((int)answer.outcome, ==, cases[i].outcome);
    g_assert_cmpstr(answer.text, ==, cases[i].says);
  }
}

static void
test_versions(void)
{
  static const struct {
    const char *text, *program;
    unsigned database;
    int64_t built;
  } cases[] = {
      {"ClamAV 1.4.6/27465/Fri Nov 27 08:26:02 2026", "ClamAV 1.4.6", 27465, 1795767962},
      {"ClamAV 1.4.6", "ClamAV 1.4.6", 0, 0},
      {"ClamAV 1.4.6/x/Fri Now 27 08:26:02 2026", "ClamAV 1.4.6", 0, 0},
      {"ClamAV 1.4.6/1/Fri Nov 77 08:26:02 2026", "ClamAV 1.4.6", 1, 0},
      {"SSH-2.0-OpenSSH_9.2", NULL, 0, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(ClamdVersion) version = {0};
    g_assert_cmpint(clamd_read_version(slice_from_string(cases[i].text), &version), ==,
                    cases[i].program != NULL);
    g_assert_cmpstr(version.program, ==, cases[i].program);
    g_assert_cmpuint(version.database, ==, cases[i].database);
    g_assert_cmpint(version.built, ==, cases[i].built);
  }
}

/* One that takes connections and says nothing takes no file. */
static void
test_silent(void)
{
  bool takes = false;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("clamd-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "socket", NULL);
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  g_strlcpy(at.sun_path, path, sizeof at.sun_path);
  auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint(bind(fd, (const struct sockaddr *)&at, sizeof at), ==, 0);
  g_assert_cmpint(listen(fd, 4), ==, 0);
  g_assert_false(clamd_ask_size(path, 1, 1000, &takes, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NETWORK);
  unlink(path);
  rmdir(folder);
}

/* --- finds of two inspections --- */

/* "a=Sig b=Other" */
static LayerInventory *
inventory_of(ClamavState state, const char *finds)
{
  LayerInventory *inventory = layer_inventory_new();
  g_auto(GStrv) list = g_strsplit(finds, " ", 0);
  inventory->clamav = state;
  for (guint i = 0; list[i] != NULL; i++) {
    g_auto(GStrv) pair = g_strsplit(list[i], "=", 2);
    clamav_finds_add(inventory, pair[0], pair[1], NULL);
  }
  return inventory;
}

static char *
finds_in_words(const GPtrArray *observations)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < observations->len; i++) {
    const Observation *one = g_ptr_array_index(observations, i);
    g_string_append_printf(text, "%s%s=%s", i > 0 ? " " : "", one->path, one->title);
  }
  return g_string_free(text, FALSE);
}

static void
test_finds(void)
{
  static const struct {
    const char *before;
    ClamavState state;
    const char *finds, *refused; /* a path; "": not named */
    const char *found_new, *kept;
  } cases[] = {
      {"a=S", CLAMAV_JUDGED, "", NULL, "", ""},
      {"a=S", CLAMAV_JUDGED, "a=T", NULL, "a=T", "a=T"},
      {"a=S", CLAMAV_IN_PART, "", "a", "", "a=S"},
      {"a=S b=S", CLAMAV_REFUSED, "c=S", "b", "c=S", "c=S b=S"},
      {"a=S", CLAMAV_REFUSED, "", "ab", "", ""},
      {"a=S b=S", CLAMAV_LOST, "b=S", "", "", "b=S a=S"},
      {"", CLAMAV_IN_PART, "a=S", "b", "a=S", "a=S"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(LayerInventory) before = inventory_of(CLAMAV_JUDGED, cases[i].before);
    g_autoptr(LayerInventory) inventory = inventory_of(cases[i].state, cases[i].finds);
    const char *refused = cases[i].refused;
    if (refused != NULL)
      layer_inventory_add_unscanned(inventory, MALWARE_UNREAD, refused,
                                    *refused == '\0' ? "2 files" : refused, "why");
    inventory->clamav_unnamed = refused != NULL && *refused == '\0';
    g_autoptr(GPtrArray) more = clamav_finds_new(before, inventory);
    g_autofree char *found_new = finds_in_words(more);
    g_assert_cmpstr(found_new, ==, cases[i].found_new);
    clamav_finds_keep(inventory, before);
    g_autofree char *kept = finds_in_words(inventory->observations);
    g_assert_cmpstr(kept, ==, cases[i].kept);
    g_assert_cmpuint(inventory->reads->len, ==, inventory->observations->len);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/clamav/frames", test_frames);
  g_test_add_func("/clamav/hostile-frames", test_hostile_frames);
  g_test_add_func("/clamav/addresses", test_addresses);
  g_test_add_func("/clamav/answers", test_answers);
  g_test_add_func("/clamav/versions", test_versions);
  g_test_add_func("/clamav/silent", test_silent);
  g_test_add_func("/clamav/finds", test_finds);
  return g_test_run();
}
