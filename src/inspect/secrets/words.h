/* What stands for a secret and is none: placeholders, examples of manuals, keys that are public,
 * names and words. Pure functions. */
#pragma once

#include "inspect/secrets/rule.h"

/* In bits a character, over the bytes that it has. */
double secret_entropy(Slice text);

/* Whether @secret, without the @prefix that all such have (or NULL), is written to be replaced, or
 * to be seen: one character or a few again and again, a sequence, a template, "changeme", a word
 * like "example" in it or "test" as a whole part, or what an issuer prints in its manual. */
bool secret_is_placeholder(Slice secret, const char *prefix);

/* Whether a name says that what is assigned to it is about a secret, and is none: "password_file",
 * "token_url", "secretName". */
bool secret_name_is_about(Slice name);

/* Text with digits and letters: no number, no word, no path. */
bool secret_looks_mixed(Slice text);
/* A password as a person or a program would set one, in code: no name of a variable, type, function
 * or path, no sentence. */
bool secret_looks_chosen(Slice text);
/* The same where only values are: a word can be a password. */
bool secret_looks_set(Slice text);
