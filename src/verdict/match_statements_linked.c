/* Statements that name functions of Go: a vulnerability is ruled out where the programs have none
 * of them, and a finding tells which they have. */
#include "inventory/go_symbols.h"
#include "verdict/match_statements-private.h"

#define NAMES_SHOWN 20u

static void
add_linked(Candidate *candidate, const GPtrArray *linked)
{
  if (candidate->linked == NULL)
    candidate->linked = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < linked->len; i++)
    if (!g_ptr_array_find_with_equal_func(candidate->linked, g_ptr_array_index(linked, i),
                                          g_str_equal, NULL))
      g_ptr_array_add(candidate->linked, g_strdup(g_ptr_array_index(linked, i)));
}

void
candidate_take_linked(Candidate *candidate, bool module_only, const GPtrArray *linked)
{
  candidate->holds |= linked != NULL || !module_only;
  if (linked != NULL)
    add_linked(candidate, linked);
}

static void
set_unlinked(Candidate *candidate, const char *feed, char *note)
{
  g_free(candidate->unlinked_feed);
  g_free(candidate->unlinked_note);
  candidate->unlinked_feed = g_strdup(feed);
  candidate->unlinked_note = note;
}

void
candidate_take_unlinked(Candidate *candidate, const AdvisoryRange *range)
{
  g_autofree char *names = go_symbols_in_words(range->symbols);
  bool some = *names != '\0';
  set_unlinked(candidate, range->feed,
               g_strdup_printf("not linked: no function that it is in is in the program%s%s%s",
                               some ? " (" : "", names, some ? ")" : ""));
}

void
candidate_merge_linked(Candidate *into, const Candidate *from)
{
  into->holds |= from->holds;
  if (from->linked != NULL)
    add_linked(into, from->linked);
  if (from->unlinked_feed != NULL)
    set_unlinked(into, from->unlinked_feed, g_strdup(from->unlinked_note));
}

GStrv
candidate_linked_names(const Candidate *candidate)
{
  guint count = candidate->linked == NULL ? 0 : MIN(candidate->linked->len, NAMES_SHOWN);
  GStrv names = count == 0 ? NULL : g_new0(char *, count + 1);
  for (guint i = 0; i < count; i++)
    names[i] = g_strdup(g_ptr_array_index(candidate->linked, i));
  return names;
}
