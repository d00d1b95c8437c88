/* SPDX licence expressions; see the header. */
#include "report/licence.h"

#include <string.h>

/* In the order of strcmp(). */
static const char *const identifiers[] = {
    "0BSD",
    "AFL-2.1",
    "AFL-3.0",
    "AGPL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-1.0",
    "Artistic-1.0-Perl",
    "Artistic-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-2-Clause-Patent",
    "BSD-3-Clause",
    "BSD-4-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CDDL-1.1",
    "CPL-1.0",
    "ECL-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.2",
    "FSFAP",
    "FSFUL",
    "FTL",
    "GFDL-1.1-or-later",
    "GFDL-1.2-or-later",
    "GFDL-1.3-only",
    "GFDL-1.3-or-later",
    "GPL-1.0-only",
    "GPL-1.0-or-later",
    "GPL-2.0",
    "GPL-2.0+",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0",
    "GPL-3.0+",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "HPND",
    "ICU",
    "IJG",
    "ISC",
    "JSON",
    "LGPL-2.0-only",
    "LGPL-2.0-or-later",
    "LGPL-2.1",
    "LGPL-2.1+",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0",
    "LGPL-3.0+",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-1.1",
    "MPL-2.0",
    "MS-PL",
    "NCSA",
    "OFL-1.1",
    "OLDAP-2.8",
    "OpenSSL",
    "PHP-3.0",
    "PHP-3.01",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "Python-2.0.1",
    "Ruby",
    "SSPL-1.0",
    "Sleepycat",
    "TCL",
    "UPL-1.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Vim",
    "W3C",
    "WTFPL",
    "X11",
    "ZPL-2.1",
    "Zend-2.0",
    "Zlib",
    "bzip2-1.0.6",
    "curl",
    "libpng-2.0",
    "libtiff",
    "zlib-acknowledgement",
};
static const char *const exceptions[] = {
    "Autoconf-exception-2.0",  "Autoconf-exception-3.0", "Bison-exception-2.2",
    "Classpath-exception-2.0", "GCC-exception-2.0",      "GCC-exception-3.1",
    "LLVM-exception",          "Linux-syscall-note",     "OpenSSL-exception",
    "Swift-exception",
};

/* Of one expression. */
#define TOKENS_MAX 200u

static int
compare_text(const void *left, const void *right)
{
  return strcmp(left, *(const char *const *)right);
}

static bool
is_one_of(const char *const *list, size_t count, const char *text)
{
  return bsearch(text, list, count, sizeof *list, compare_text) != NULL;
}

bool
licence_is_identifier(const char *text)
{
  return is_one_of(identifiers, G_N_ELEMENTS(identifiers), text);
}

/* The next word or bracket of *@rest; empty at the end. */
static void
next_token(const char **rest, GString *token)
{
  *rest += strspn(*rest, " ");
  size_t size = **rest == '(' || **rest == ')' ? 1 : strcspn(*rest, " ()");
  g_string_truncate(token, 0);
  g_string_append_len(token, *rest, (gssize)size);
  *rest += size;
}

bool
licence_is_expression(const char *text)
{
  g_autoptr(GString) token = g_string_new(NULL);
  unsigned depth = 0;
  enum { TERM, AFTER_TERM, EXCEPTION } next = TERM;
  for (unsigned i = 0; i < TOKENS_MAX; i++) {
    next_token(&text, token);
    if (token->len == 0)
      return next == AFTER_TERM && depth == 0;
    const char *word = token->str;
    if (next == TERM && strcmp(word, "(") == 0)
      depth++;
    else if (next == TERM && licence_is_identifier(word))
      next = AFTER_TERM;
    else if (next == EXCEPTION && is_one_of(exceptions, G_N_ELEMENTS(exceptions), word))
      next = AFTER_TERM;
    else if (next == AFTER_TERM && strcmp(word, ")") == 0 && depth > 0)
      depth--;
    else if (next == AFTER_TERM && (strcmp(word, "AND") == 0 || strcmp(word, "OR") == 0))
      next = TERM;
    else if (next == AFTER_TERM && strcmp(word, "WITH") == 0)
      next = EXCEPTION;
    else
      return false;
  }
  return false;
}

char *
licence_reference(const char *text)
{
  g_autoptr(GString) name = g_string_new("LicenseRef-");
  bool kept = true;
  for (const char *p = text; *p != '\0' && name->len < 80; p++) {
    bool keep = g_ascii_isalnum(*p) || *p == '.' || *p == '-';
    if (keep || kept)
      g_string_append_c(name, keep ? *p : '-');
    kept = keep;
  }
  /* Two texts may look the same so: what tells them apart is the hash. */
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
  g_string_append_printf(name, "-%.8s", hash);
  return g_string_free(g_steal_pointer(&name), FALSE);
}
