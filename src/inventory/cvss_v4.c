/* The base score of CVSS 4.0 (first.org/cvss/v4-0/specification-document, 8.2 and 8.3).
 *
 * A vector belongs to a macro vector: how bad it is in each of six classes of metrics. Experts gave
 * each macro vector its score, which is that of its worst vectors. A milder vector of the same
 * macro vector loses a part of what lies between it and the next lower one, class by class: as
 * large a part as it is steps away from the worst, of the steps that the class has; the mean of the
 * classes that have a next lower one counts.
 *
 * For the base score the metrics of threat and environment have their worst values, so that of the
 * 270 macro vectors those 60 count that have class 5 (exploit maturity) at 0 and class 4 not at 0
 * (safety is no base metric). Classes 3 and 6, of the vulnerable system's impact, go together.
 *
 * The macro vectors' scores are those of FIRST's calculator (github.com/FIRSTdotorg/
 * cvss-v4-calculator, cvss_lookup.js, Copyright (c) 2023 FIRST.ORG, Inc., Red Hat, and
 * contributors; BSD-2-Clause). All is counted in whole numbers, so that the halves are rounded up
 * as they are. */
#include <string.h>

#include "inventory/cvss-private.h"

enum {
  ATTACK_VECTOR,
  ATTACK_COMPLEXITY,
  ATTACK_REQUIREMENTS,
  PRIVILEGES,
  INTERACTION,
  VULNERABLE_C,
  VULNERABLE_I,
  VULNERABLE_A,
  SUBSEQUENT_C,
  SUBSEQUENT_I,
  SUBSEQUENT_A,
  METRICS
};

/* A metric's values from the worst on; a value's place is how many steps it is away. */
static const struct {
  const char *name, *letters;
} metrics[METRICS] = {
    [ATTACK_VECTOR] = {"AV", "NALP"},     [ATTACK_COMPLEXITY] = {"AC", "LH"},
    [ATTACK_REQUIREMENTS] = {"AT", "NP"}, [PRIVILEGES] = {"PR", "NLH"},
    [INTERACTION] = {"UI", "NPA"},        [VULNERABLE_C] = {"VC", "HLN"},
    [VULNERABLE_I] = {"VI", "HLN"},       [VULNERABLE_A] = {"VA", "HLN"},
    [SUBSEQUENT_C] = {"SC", "HLN"},       [SUBSEQUENT_I] = {"SI", "HLN"},
    [SUBSEQUENT_A] = {"SA", "HLN"},
};

/* Classes 3 and 6 as one: the digits of both. IMPACT_01 and IMPACT_11 have no base vector, but lie
 * below some. */
typedef enum { IMPACT_00, IMPACT_01, IMPACT_10, IMPACT_11, IMPACT_21, IMPACTS } Impact;

/* In tenths: by class 1, class 2, the impact, and class 4 from its 1 on. */
static const int scores[3][2][IMPACTS][2] = {
    {{{100, 93}, {96, 90}, {93, 88}, {92, 80}, {79, 69}},
     {{95, 92}, {91, 81}, {92, 84}, {82, 70}, {71, 63}}},
    {{{94, 87}, {89, 75}, {86, 72}, {76, 57}, {65, 53}},
     {{90, 77}, {77, 66}, {74, 61}, {59, 52}, {58, 23}}},
    {{{86, 70}, {74, 54}, {72, 53}, {57, 36}, {47, 24}},
     {{73, 54}, {55, 43}, {61, 46}, {51, 18}, {24, 10}}},
};

typedef struct {
  int exploit;    /* class 1: 0 to 2 */
  int complexity; /* class 2: 0 or 1 */
  Impact impact;
  int subsequent; /* class 4, from its 1 on: 0 or 1 */
} MacroVector;

/* A class's part: what lies between the macro vector and the next lower one, in tenths; how many
 * steps the vector is away from the worst of the macro vector, and how many there are. */
typedef struct {
  int difference, distance, depth;
} ClassPart;

/* Every depth divides it. */
#define DEPTHS_MULTIPLE 280

/* Puts each metric's steps into @steps; false when one is missing, twice, or of no known value. */
static bool
read_steps(Slice vector, int steps[METRICS])
{
  Slice field, name;
  unsigned seen = 0;
  while (slice_next_field(&vector, '/', &field)) {
    if (!slice_next_field(&field, ':', &name))
      return false;
    for (size_t i = 0; i < METRICS; i++) {
      if (!slice_equal_string(name, metrics[i].name))
        continue;
      const char *found =
          field.size == 1 && field.data[0] != 0 ? strchr(metrics[i].letters, field.data[0]) : NULL;
      if (found == NULL || (seen & 1u << i) != 0)
        return false;
      seen |= 1u << i;
      steps[i] = (int)(found - metrics[i].letters);
    }
  }
  return seen == (1u << METRICS) - 1;
}

static MacroVector
macro_vector_of(const int steps[METRICS])
{
  bool network = steps[ATTACK_VECTOR] == 0, physical = steps[ATTACK_VECTOR] == 3;
  bool nobody = steps[PRIVILEGES] == 0, alone = steps[INTERACTION] == 0;
  bool all = network && nobody && alone, some = network || nobody || alone;
  bool high_c = steps[VULNERABLE_C] == 0, high_i = steps[VULNERABLE_I] == 0;
  bool high_a = steps[VULNERABLE_A] == 0;
  bool passes_on = steps[SUBSEQUENT_C] == 0 || steps[SUBSEQUENT_I] == 0 || steps[SUBSEQUENT_A] == 0;
  return (MacroVector){.exploit = all                 ? 0
                                  : some && !physical ? 1
                                                      : 2,
                       .complexity = steps[ATTACK_COMPLEXITY] + steps[ATTACK_REQUIREMENTS] > 0,
                       .impact = high_c && high_i             ? IMPACT_00
                                 : high_c || high_i || high_a ? IMPACT_10
                                                              : IMPACT_21,
                       .subsequent = passes_on ? 0 : 1};
}

static int
score_of(MacroVector macro)
{
  return scores[macro.exploit][macro.complexity][macro.impact][macro.subsequent];
}

/* The worst vectors of a class may be several, but are all as many steps away from the worst of
 * all: those that each line takes off. */
static ClassPart
exploit_part(MacroVector macro, const int steps[METRICS])
{
  static const int worst[] = {0, 1, 3}, depths[] = {1, 4, 5};
  MacroVector lower = macro;
  if (macro.exploit == 2)
    return (ClassPart){0};
  lower.exploit++;
  return (ClassPart){score_of(macro) - score_of(lower),
                     steps[ATTACK_VECTOR] + steps[PRIVILEGES] + steps[INTERACTION] -
                         worst[macro.exploit],
                     depths[macro.exploit]};
}

static ClassPart
complexity_part(MacroVector macro)
{
  MacroVector lower = macro;
  if (macro.complexity == 1)
    return (ClassPart){0};
  lower.complexity++;
  return (ClassPart){score_of(macro) - score_of(lower), 0, 1};
}

static ClassPart
impact_part(MacroVector macro, const int steps[METRICS])
{
  int away = steps[VULNERABLE_C] + steps[VULNERABLE_I] + steps[VULNERABLE_A];
  MacroVector lower = macro, other = macro;
  if (macro.impact == IMPACT_21)
    return (ClassPart){0};
  if (macro.impact == IMPACT_10) {
    lower.impact = IMPACT_11;
    return (ClassPart){score_of(macro) - score_of(lower), away - 1, 8};
  }
  /* Two are next: the higher counts. */
  lower.impact = IMPACT_01;
  other.impact = IMPACT_10;
  return (ClassPart){score_of(macro) - MAX(score_of(lower), score_of(other)), away, 7};
}

static ClassPart
subsequent_part(MacroVector macro, const int steps[METRICS])
{
  MacroVector lower = macro;
  if (macro.subsequent == 1)
    return (ClassPart){0};
  lower.subsequent++;
  return (ClassPart){score_of(macro) - score_of(lower),
                     steps[SUBSEQUENT_C] + steps[SUBSEQUENT_I] + steps[SUBSEQUENT_A], 5};
}

bool
cvss4_base_score(Slice vector, double *score)
{
  int steps[METRICS];
  if (!read_steps(vector, steps))
    return false;
  bool harmless = true;
  for (size_t i = VULNERABLE_C; i < METRICS; i++)
    harmless = harmless && steps[i] == 2;
  if (harmless) {
    *score = 0;
    return true;
  }
  MacroVector macro = macro_vector_of(steps);
  const ClassPart parts[] = {exploit_part(macro, steps), complexity_part(macro),
                             impact_part(macro, steps), subsequent_part(macro, steps)};
  /* Class 5 always has a next lower one, and the vector is its worst. */
  int classes = 1, lost = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    if (parts[i].depth > 0) {
      classes++;
      lost += parts[i].difference * parts[i].distance * (DEPTHS_MULTIPLE / parts[i].depth);
    }
  int unit = DEPTHS_MULTIPLE * classes;
  *score = (2 * (score_of(macro) * unit - lost) + unit) / (2 * unit) / 10.0;
  return true;
}
