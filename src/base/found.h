/* The three answers of a question about something that may not be there. "Not there" is no error,
 * and a failure is no "not there": a bool would let one be taken for the other.
 *
 *   Found found = tag_find(db, name, &digest, error);
 *   if (found != FOUND)
 *     return found;
 *
 * FAILED sets *error; the others leave it alone. */
#pragma once

typedef enum { FOUND, ABSENT, FAILED } Found;
