/* Patterns as Go's regexp has them, by PCRE2: what gitleaks' files are written in. What both know
 * means the same: letters are Unicode's, "$" is the end of the text and not the line end before it,
 * and "." is anything but a line end. What PCRE2 alone knows is taken as PCRE2 has it. */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <glib.h>
#include <pcre2.h>

#include "base/slice.h"

/* *@groups, unless NULL: how many it has. ASSAY_ERROR_INVALID: PCRE2 refuses it. (transfer full) */
pcre2_code *go_pattern_new(const char *pattern, uint32_t *groups, GError **error);

/* What such a pattern is asked of: valid UTF-8 of the same size, with another byte in the place of
 * each that is none, for Go takes such a byte as a letter that nobody asks for. @text itself where
 * it is valid; else a copy, that *@copy owns. */
Slice go_text(Slice text, GByteArray **copy);
