/* Answers of an authority of time stamps: one by openssl, and what is made of it. */
#include "base/error.h"
#include "sign/formats/timestamp.h"
#include "sign/formats/timestamp_request.h"
#include "text/der.h"

/* Of the seed that openssl made: when, by which nonce, and about what. */
#define NOW INT64_C(1795885111)
static const uint8_t nonce[TIMESTAMP_NONCE_SIZE] = {1, 2,  3,  4,  5,  6,  7,  8,
                                                    9, 10, 11, 12, 13, 14, 15, 16};
#define STAMPED SLICE_LITERAL("a signature")

static GBytes *
read_seed(const char *name)
{
  char *text;
  gsize size;
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "fuzz", "corpus",
                                                "timestamp-answer", name, NULL);
  g_assert_true(g_file_get_contents(path, &text, &size, NULL));
  return g_bytes_new_take(text, size);
}

static bool
takes(Slice answer, Slice stamped, const uint8_t *asked, int64_t now, GError **error)
{
  g_autoptr(GPtrArray) anybody = g_ptr_array_new();
  return timestamp_answer_check(answer, stamped, asked, anybody, now, error);
}

static void
test_cases(void)
{
  static const uint8_t other[TIMESTAMP_NONCE_SIZE] = {1, 2, 3};
  g_autoptr(GBytes) granted = read_seed("granted"), rejected = read_seed("rejected"),
                    played_back = read_seed("other-nonce");
  g_autoptr(GByteArray) large = g_byte_array_new();
  g_byte_array_set_size(large, TIMESTAMP_MAX + 1);
  const struct {
    const char *name;
    Slice answer, stamped;
    const uint8_t *asked;
    int64_t now;
    int code; /* -1: it is taken */
  } cases[] = {
      {"as asked", slice_from_bytes(granted), STAMPED, nonce, NOW, -1},
      {"a little later", slice_from_bytes(granted), STAMPED, nonce, NOW + 500, -1},
      {"of something else", slice_from_bytes(granted), SLICE_LITERAL("another"), nonce, NOW,
       ASSAY_ERROR_MISMATCH},
      {"another nonce", slice_from_bytes(granted), STAMPED, other, NOW, ASSAY_ERROR_MISMATCH},
      {"played back", slice_from_bytes(played_back), STAMPED, nonce, NOW, ASSAY_ERROR_MISMATCH},
      {"too old", slice_from_bytes(granted), STAMPED, nonce, NOW + 700, ASSAY_ERROR_MISMATCH},
      {"of the future", slice_from_bytes(granted), STAMPED, nonce, NOW - 700, ASSAY_ERROR_MISMATCH},
      {"rejected", slice_from_bytes(rejected), STAMPED, nonce, NOW, ASSAY_ERROR_DENIED},
      {"empty", SLICE_EMPTY, STAMPED, nonce, NOW, ASSAY_ERROR_INVALID},
      {"large", slice_new(large->data, large->len), STAMPED, nonce, NOW, ASSAY_ERROR_LIMIT},
      {"a token", timestamp_token(slice_from_bytes(granted)), STAMPED, nonce, NOW,
       ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    bool taken = takes(cases[i].answer, cases[i].stamped, cases[i].asked, cases[i].now, &error);
    g_test_message("%s: %s", cases[i].name, error == NULL ? "taken" : error->message);
    g_assert_true(taken == (cases[i].code < 0));
    g_assert_true(taken || g_error_matches(error, ASSAY_ERROR, cases[i].code));
  }
}

/* No part of it is one, and nothing that is cut or changed leads astray. */
static void
test_damaged(void)
{
  g_autoptr(GBytes) granted = read_seed("granted");
  Slice whole = slice_from_bytes(granted);
  for (size_t size = 0; size < whole.size; size++)
    g_assert_false(takes(slice_sub(whole, 0, size), STAMPED, nonce, NOW, NULL));
  for (size_t at = 0; at < whole.size; at++) {
    g_autofree uint8_t *changed = g_memdup2(whole.data, whole.size);
    changed[at] ^= 0x41;
    Slice answer = slice_new(changed, whole.size);
    takes(answer, STAMPED, nonce, NOW, NULL);
    g_assert_false(takes(answer, SLICE_LITERAL("another"), nonce, NOW, NULL));
  }
}

/* With as few bytes as there can be, at each size at which the head changes. */
static void
test_elements(void)
{
  static const size_t sizes[] = {0, 1, 127, 128, 255, 256, 65535, 65536};
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree uint8_t *bytes = g_malloc0(sizes[i] + 1);
    Slice content;
    der_add(out, DER_BYTES, slice_new(bytes, sizes[i]));
    Slice rest = slice_new(out->data, out->len), again = rest, whole;
    g_assert_false(der_take(&rest, DER_LIST, &content));
    g_assert_true(der_take(&rest, DER_BYTES, &content) && rest.size == 0);
    g_assert_cmpuint(content.size, ==, sizes[i]);
    g_assert_true(der_take_whole(&again, DER_BYTES, &whole) && whole.size == out->len);
  }
  static const struct {
    uint8_t bytes[3], size, written[5], length;
  } numbers[] = {{{0}, 0, {2, 1, 0}, 3},
                 {{0, 0, 5}, 3, {2, 1, 5}, 3},
                 {{0x80}, 1, {2, 2, 0, 0x80}, 4},
                 {{0x7f, 0xff}, 2, {2, 2, 0x7f, 0xff}, 4}};
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
    g_autoptr(GByteArray) out = g_byte_array_new();
    der_add_number(out, slice_new(numbers[i].bytes, numbers[i].size));
    g_assert_cmpmem(out->data, out->len, numbers[i].written, numbers[i].length);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sign/timestamp-answer/cases", test_cases);
  g_test_add_func("/sign/timestamp-answer/damaged", test_damaged);
  g_test_add_func("/sign/timestamp-answer/elements", test_elements);
  return g_test_run();
}
