/* Patterns for names that have parts between slashes. Pure. */
#pragma once

#include <stdbool.h>

/* Whether @text fits @pattern as a whole: "*" stands for any characters except a slash, "**" for
 * any. Takes time by the product of the lengths and no more, whatever the pattern is. */
bool glob_matches(const char *pattern, const char *text);
/* The same, but "*" stands for any characters, slashes too. It takes no memory. */
bool glob_matches_across(const char *pattern, const char *text);
