/* What matching gives, as a value, and that of an image of which only what was observed is asked.
 */
#include "inventory/program_life.h"
#include "verdict/completeness.h"
#include "verdict/match.h"
#include "verdict/observed.h"

MatchResult *
match_result_new(void)
{
  MatchResult *result = g_new0(MatchResult, 1);
  result->findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  result->not_affected = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  result->uncovered = g_ptr_array_new_with_free_func(g_free);
  result->third_party = g_ptr_array_new_with_free_func(g_free);
  result->undecided = g_ptr_array_new_with_free_func(g_free);
  result->notes = g_ptr_array_new_with_free_func(g_free);
  return result;
}

MatchResult *
match_observed(const ImageInventory *inventory)
{
  MatchResult *result = match_result_new();
  observed_add_findings(inventory, result->findings);
  observed_add_commands(inventory, result->findings);
  g_ptr_array_sort(result->findings, finding_compare);
  result->ended = program_life_ended(inventory, &result->next_ends);
  result->gaps = completeness_gaps(inventory, NULL);
  return result;
}

void
match_result_free(MatchResult *result)
{
  if (result == NULL)
    return;
  g_ptr_array_unref(result->findings);
  g_ptr_array_unref(result->not_affected);
  g_ptr_array_unref(result->uncovered);
  g_free(result->end_of_life);
  if (result->ended != NULL)
    g_ptr_array_unref(result->ended);
  g_ptr_array_unref(result->third_party);
  g_ptr_array_unref(result->undecided);
  if (result->gaps != NULL)
    g_ptr_array_unref(result->gaps);
  g_ptr_array_unref(result->notes);
  g_free(result);
}
