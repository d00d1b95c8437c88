/* Grants of a registry, for people. */
#pragma once

#include <jansson.h>

/* Prints the table of them, as the API lists them. */
void grants_print(const json_t *grants);
/* "team:dev is developer on team/app, tags v*, until 2027-01-31T00:00:00Z" (transfer full) */
char *grant_in_words(const json_t *grant);
