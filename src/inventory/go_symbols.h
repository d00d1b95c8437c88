/* Which functions are linked into a program of Go, as far as advisories ask for them: a set of
 * hashes of "import/path.Function", "import/path.Type.Method" and of the import paths themselves,
 * in a line of text that travels with a package. A name that is not in the program is in its set
 * once in some millions: then a finding stays that could go. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/slice.h"

/* Of one package: what is more is not kept. About 30,000 functions. */
#define GO_SYMBOLS_TEXT_MAX ((size_t)128 * 1024)

/* uint32_t, while it is made. (transfer full) */
GArray *go_symbols_new(void);
/* @function as the linker names it after the package: "Get", "(*Client).do.func1", "List[...].Add".
 * What a closure is in, and the type of a method, is added as well. */
void go_symbols_add(GArray *symbols, Slice package, Slice function);
/* What the program was built for: "linux", "amd64"; empty: not known. */
void go_symbols_add_platform(GArray *symbols, Slice os, Slice architecture);
/* (transfer full), or NULL: it would be longer than GO_SYMBOLS_TEXT_MAX. */
char *go_symbols_to_text(GArray *symbols);
/* Sorted. (transfer full) NULL: @text is NULL, or none that go_symbols_to_text() wrote. */
GArray *go_symbols_from_text(const char *text);
/* What one of two programs has. NULL: one of both is not known. (transfer full) */
char *go_symbols_unite(const char *left, const char *right);

/* What an advisory names, in one line: "net/http:Client.do,Get;crypto/x509:@windows/amd64+arm64",
 * which is import paths, in each its functions (none: all of the package), and the systems and the
 * processors that it is about, where it is not about all. */
typedef enum {
  GO_SYMBOLS_UNKNOWN, /* the line tells nothing */
  GO_SYMBOLS_ABSENT,  /* none of them is in the program */
  GO_SYMBOLS_LINKED,
} GoSymbolsAnswer;
/* @found, or NULL: those that are in are added, "net/http.Client.do". */
GoSymbolsAnswer go_symbols_ask(const GArray *symbols, const char *named, GPtrArray *found);
/* "net/http.Client.do, net/http.Get and 4 more". (transfer full) */
char *go_symbols_in_words(const char *named);
