/* How far words lie apart; see the header. */
#include "base/suggest.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

enum { LETTERS_MAX = 32, FAR = 3 };

/* How many letters must be changed, added or left out, or stand in each other's place. */
static unsigned
letters_apart(const char *a, const char *b)
{
  unsigned rows[3][LETTERS_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];
  size_t a_size = strlen(a), b_size = strlen(b);
  if (a_size > LETTERS_MAX || b_size > LETTERS_MAX)
    return LETTERS_MAX;
  for (unsigned j = 0; j <= b_size; j++)
    last[j] = j;
  for (unsigned i = 1; i <= a_size; i++) {
    now[0] = i;
    for (unsigned j = 1; j <= b_size; j++) {
      unsigned cost = a[i - 1] != b[j - 1];
      now[j] = MIN(MIN(last[j], now[j - 1]) + 1, last[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = MIN(now[j], before[j - 2] + 1);
    }
    unsigned *free_row = before;
    before = last;
    last = now;
    now = free_row;
  }
  return last[b_size];
}

const char *
suggest_nearest(const char *typed, const char *const *names)
{
  const char *best = NULL;
  unsigned distance = FAR;
  for (; *names != NULL; names++) {
    bool begun = strlen(typed) > 1 && g_str_has_prefix(*names, typed);
    unsigned apart = MIN(letters_apart(typed, *names), begun ? FAR - 1 : FAR);
    if (apart < distance) {
      best = *names;
      distance = apart;
    }
  }
  return best;
}
