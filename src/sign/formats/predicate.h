/* Types of what is attested: the URIs that programs write, and the words for them. Pure. */
#pragma once

#include <stdbool.h>

/* The words, NULL-terminated: "vuln", "slsa" ... */
extern const char *const predicate_words[];
/* The URI that a new attestation of that word gets; NULL: it is no word. */
const char *predicate_uri(const char *word);
/* Whether @uri is the type that @type, a word or a URI, means: of a word any of its versions. */
bool predicate_is_of(const char *uri, const char *type);
