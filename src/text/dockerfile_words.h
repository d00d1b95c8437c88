/* The words of a Dockerfile's instruction: where they end, and what becomes of quotes and variables
 * in them. Docker's reference, "Environment replacement", as BuildKit does it. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* As ENV, ARG and LABEL are split: at space outside of quotes. Quotes and escapes stay. @places:
 * size_t, where each begins in @text; or NULL. (transfer full): char * */
GPtrArray *dockerfile_words(const char *text, char escape, GArray *places);

/* The value of a variable; NULL: it has none; dockerfile_not_given: whoever builds is to give it,
 * so that only what a word has in its place is known. *@known: set to false where nothing is. */
typedef const char *(*DockerfileVariable)(const char *name, void *data, bool *known);
extern const char dockerfile_not_given[];

/* @word without quotes and escapes, with variables in place: $x, ${x}, ${x:-word}, ${x-word},
 * ${x:+word},
 * ${x+word}, ${x:?word}. NULL: it needs a value that cannot be told, or one of ${x#pattern},
 * ${x%pattern} and ${x/pattern/word}, which are not computed. (transfer full) */
char *dockerfile_expand(const char *word, char escape, DockerfileVariable variable, void *data);

/* The same without replacing variables. (transfer full) */
char *dockerfile_unquote(const char *word, char escape);
