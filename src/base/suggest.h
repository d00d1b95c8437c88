/* What somebody who mistyped a word may have meant. Pure. */
#pragma once

/* The one of @names (NULL-terminated) that is nearest to @typed; NULL: none is near. */
const char *suggest_nearest(const char *typed, const char *const *names);
