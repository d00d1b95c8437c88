/* Patterns as Go's regexp has them; see the header. */
#include "inspect/secrets/go_pattern.h"

#include "base/error.h"

/* No letter, no digit, no space, and nothing that a pattern has. */
#define NO_LETTER 0x7f
/* \C would cut a letter in two. */
#define OPTIONS (PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C)

pcre2_code *
go_pattern_new(const char *pattern, uint32_t *groups, GError **error)
{
  int wrong;
  PCRE2_SIZE where;
  pcre2_compile_context *context = pcre2_compile_context_create(NULL);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  pcre2_code *code =
      pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, OPTIONS, &wrong, &where, context);
  pcre2_compile_context_free(context);
  if (code == NULL) {
    PCRE2_UCHAR why[200];
    pcre2_get_error_message(wrong, why, sizeof why);
    error_set(error, ASSAY_ERROR_INVALID, "the pattern \"%s\" is none, at %zu: %s", pattern,
              (size_t)where, (const char *)why);
  } else if (groups != NULL) {
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, groups);
  }
  return code;
}

/* The first byte from @at on that is in no letter of UTF-8, or the end. A NUL is a letter. */
static size_t
valid_until(Slice text, size_t at)
{
  const char *start = (const char *)text.data, *end;
  while (at < text.size && !g_utf8_validate_len(start + at, text.size - at, &end)) {
    at = (size_t)(end - start);
    if (*end != '\0')
      return at;
    at++;
  }
  return text.size;
}

Slice
go_text(Slice text, GByteArray **copy)
{
  size_t at = valid_until(text, 0);
  if (at == text.size)
    return text;
  GByteArray *made = *copy = g_byte_array_sized_new((guint)text.size);
  g_byte_array_append(made, text.data, (guint)text.size);
  while (at < text.size) {
    made->data[at] = NO_LETTER;
    at = valid_until(text, at + 1);
  }
  return slice_new(made->data, made->len);
}
