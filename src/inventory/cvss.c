/* The equations of CVSS 2.0 (3.2.1) and 3.1 (7.1, 7.4); 4.0 has cvss_v4.c. */
#include "inventory/cvss.h"

#include <math.h>
#include <string.h>

#include "inventory/cvss-private.h"

/* A metric's value by its letter: each string lists the letters, the numbers are in its order. */
typedef struct {
  const char *name, *letters;
  double numbers[4];
} Metric;

enum {
  ATTACK_VECTOR,
  ATTACK_COMPLEXITY,
  PRIVILEGES,
  INTERACTION,
  SCOPE,
  CONFIDENTIALITY,
  INTEGRITY,
  AVAILABILITY,
  METRICS_3
};

static const Metric metrics_3[METRICS_3] = {
    [ATTACK_VECTOR] = {"AV", "NALP", {0.85, 0.62, 0.55, 0.2}},
    [ATTACK_COMPLEXITY] = {"AC", "LH", {0.77, 0.44}},
    [PRIVILEGES] = {"PR", "NLH", {0.85, 0.62, 0.27}},
    [INTERACTION] = {"UI", "NR", {0.85, 0.62}},
    [SCOPE] = {"S", "UC", {0, 1}},
    [CONFIDENTIALITY] = {"C", "HLN", {0.56, 0.22, 0}},
    [INTEGRITY] = {"I", "HLN", {0.56, 0.22, 0}},
    [AVAILABILITY] = {"A", "HLN", {0.56, 0.22, 0}},
};

/* Privileges weigh more where the scope changes. */
#define PRIVILEGES_LOW_CHANGED  0.68
#define PRIVILEGES_HIGH_CHANGED 0.5

enum {
  V2_VECTOR,
  V2_COMPLEXITY,
  V2_AUTHENTICATION,
  V2_CONFIDENTIALITY,
  V2_INTEGRITY,
  V2_AVAILABILITY,
  METRICS_2
};

static const Metric metrics_2[METRICS_2] = {
    [V2_VECTOR] = {"AV", "NAL", {1.0, 0.646, 0.395}},
    [V2_COMPLEXITY] = {"AC", "LMH", {0.71, 0.61, 0.35}},
    [V2_AUTHENTICATION] = {"Au", "NSM", {0.704, 0.56, 0.45}},
    [V2_CONFIDENTIALITY] = {"C", "CPN", {0.66, 0.275, 0}},
    [V2_INTEGRITY] = {"I", "CPN", {0.66, 0.275, 0}},
    [V2_AVAILABILITY] = {"A", "CPN", {0.66, 0.275, 0}},
};

/* Puts each metric's number into @values; false when one is missing, twice, or of no known value.
 */
static bool
read_metrics(Slice vector, const Metric *metrics, size_t count, double *values)
{
  Slice field, name, letter;
  unsigned seen = 0;
  while (slice_next_field(&vector, '/', &field)) {
    if (!slice_next_field(&field, ':', &name) || !slice_next_field(&field, ':', &letter))
      return false;
    for (size_t i = 0; i < count; i++) {
      if (!slice_equal_string(name, metrics[i].name))
        continue;
      const char *found = letter.size == 1 ? strchr(metrics[i].letters, letter.data[0]) : NULL;
      if (found == NULL || *found == '\0' || (seen & 1u << i) != 0)
        return false;
      seen |= 1u << i;
      values[i] = metrics[i].numbers[found - metrics[i].letters];
    }
  }
  return seen == (1u << count) - 1;
}

/* Up to one decimal, by integers, as 3.1 defines it (appendix A). */
static double
round_up(double number)
{
  long long steps = llround(number * 100000);
  return steps % 10000 == 0 ? (double)steps / 100000.0 : (double)(steps / 10000 + 1) / 10.0;
}

static bool
score_3(Slice vector, double *score)
{
  double v[METRICS_3];
  if (!read_metrics(vector, metrics_3, METRICS_3, v))
    return false;
  bool changed = v[SCOPE] > 0;
  double privileges = v[PRIVILEGES];
  if (changed && privileges < 0.8)
    privileges = privileges > 0.5 ? PRIVILEGES_LOW_CHANGED : PRIVILEGES_HIGH_CHANGED;
  double base = 1 - (1 - v[CONFIDENTIALITY]) * (1 - v[INTEGRITY]) * (1 - v[AVAILABILITY]);
  double impact = changed ? 7.52 * (base - 0.029) - 3.25 * pow(base - 0.02, 15) : 6.42 * base;
  double exploitability =
      8.22 * v[ATTACK_VECTOR] * v[ATTACK_COMPLEXITY] * privileges * v[INTERACTION];
  if (impact <= 0)
    *score = 0;
  else
    *score = round_up(fmin((changed ? 1.08 : 1.0) * (impact + exploitability), 10));
  return true;
}

static bool
score_2(Slice vector, double *score)
{
  double v[METRICS_2];
  if (!read_metrics(vector, metrics_2, METRICS_2, v))
    return false;
  double impact =
      10.41 * (1 - (1 - v[V2_CONFIDENTIALITY]) * (1 - v[V2_INTEGRITY]) * (1 - v[V2_AVAILABILITY]));
  double exploitability = 20 * v[V2_VECTOR] * v[V2_COMPLEXITY] * v[V2_AUTHENTICATION];
  *score = impact > 0 ? round((0.6 * impact + 0.4 * exploitability - 1.5) * 1.176 * 10) / 10 : 0;
  return true;
}

bool
cvss_base_score(const char *vector, double *score)
{
  if (vector == NULL)
    return false;
  Slice text = slice_from_string(vector);
  if (slice_has_prefix(text, SLICE_LITERAL("CVSS:3.0/")) ||
      slice_has_prefix(text, SLICE_LITERAL("CVSS:3.1/")))
    return score_3(slice_sub(text, 9, text.size), score);
  if (slice_has_prefix(text, SLICE_LITERAL("CVSS:4.0/")))
    return cvss4_base_score(slice_sub(text, 9, text.size), score);
  if (slice_has_prefix(text, SLICE_LITERAL("CVSS:")))
    return false;
  return score_2(text, score);
}

Severity
cvss_severity(double score)
{
  if (score >= 9.0)
    return SEVERITY_CRITICAL;
  if (score >= 7.0)
    return SEVERITY_HIGH;
  if (score >= 4.0)
    return SEVERITY_MEDIUM;
  return score > 0 ? SEVERITY_LOW : SEVERITY_UNKNOWN;
}
