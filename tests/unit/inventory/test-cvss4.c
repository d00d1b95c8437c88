/* CVSS 4.0: published scores, and every vector that there is. */
#include <glib.h>

#include "inventory/cvss.h"

#define PREFIX "CVSS:4.0/"

typedef struct {
  const char *vector; /* behind the prefix */
  double score;       /* negative: not a whole vector */
} ScoreCase;

static const ScoreCase cases[] = {
    /* As their CVE records publish them. */
    {"AV:N/AC:L/AT:N/PR:L/UI:N/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N", 5.3},     /* CVE-2024-7657 */
    {"AV:N/AC:L/AT:N/PR:L/UI:N/VC:L/VI:L/VA:L/SC:N/SI:N/SA:N/E:X", 5.3}, /* CVE-2025-6829 */
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:H/SI:N/SA:N", 9.2},     /* CVE-2025-68428 */
    {"AV:A/AC:H/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:L/SI:L/SA:N/E:U/AU:N/R:U/V:D/RE:M/U:Amber",
     7.5}, /* PAN-OS; its threat score is 4.8 */
    /* A vector of each score in the tests of github.com/RedHatProductSecurity/cvss 3.6 (files
     * vectors_simple4 and vectors_supplemental4). */
    {"AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:N/SA:H", 9.5},
    {"AV:N/AC:H/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:L/SI:H/SA:L", 9.4},
    {"AV:N/AC:L/AT:N/PR:L/UI:A/VC:H/VI:H/VA:H/SC:H/SI:N/SA:H", 9.3},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:H/VA:L/SC:N/SI:H/SA:L", 9.2},
    {"AV:N/AC:H/AT:N/PR:N/UI:N/VC:L/VI:N/VA:H/SC:H/SI:L/SA:H", 9.1},
    {"AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:L/VA:N/SC:N/SI:H/SA:N", 9.0},
    {"AV:N/AC:H/AT:N/PR:L/UI:P/VC:H/VI:H/VA:H/SC:H/SI:L/SA:H", 8.8},
    {"AV:N/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:L/SC:N/SI:N/SA:H", 8.7},
    {"AV:N/AC:L/AT:P/PR:H/UI:N/VC:H/VI:H/VA:N/SC:H/SI:N/SA:L", 8.6},
    {"AV:P/AC:L/AT:N/PR:N/UI:P/VC:H/VI:H/VA:L/SC:L/SI:H/SA:H", 8.5},
    {"AV:L/AC:L/AT:N/PR:L/UI:P/VC:H/VI:H/VA:N/SC:L/SI:L/SA:H", 8.4},
    {"AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:L/SA:L", 8.3},
    {"AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:H/VA:N/SC:L/SI:N/SA:N", 8.2},
    {"AV:L/AC:L/AT:N/PR:H/UI:N/VC:H/VI:N/VA:L/SC:N/SI:H/SA:N", 8.1},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:H/SI:L/SA:H", 7.9},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:L/SC:H/SI:N/SA:L", 7.8},
    {"AV:A/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:L/SA:L", 7.7},
    {"AV:A/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:L/SC:L/SI:L/SA:L", 7.5},
    {"AV:L/AC:L/AT:P/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:L", 7.4},
    {"AV:N/AC:H/AT:N/PR:L/UI:N/VC:L/VI:H/VA:L/SC:L/SI:H/SA:H", 7.3},
    {"AV:N/AC:L/AT:P/PR:L/UI:N/VC:L/VI:L/VA:H/SC:L/SI:L/SA:H", 7.2},
    {"AV:L/AC:H/AT:N/PR:N/UI:P/VC:N/VI:L/VA:H/SC:H/SI:H/SA:H", 7.1},
    {"AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:L/VA:L/SC:H/SI:L/SA:L", 7.0},
    {"AV:N/AC:L/AT:P/PR:H/UI:A/VC:N/VI:N/VA:H/SC:L/SI:H/SA:L", 6.9},
    {"AV:P/AC:L/AT:N/PR:L/UI:P/VC:N/VI:H/VA:N/SC:N/SI:L/SA:H", 6.8},
    {"AV:A/AC:L/AT:N/PR:L/UI:P/VC:L/VI:H/VA:N/SC:N/SI:H/SA:N", 6.7},
    {"AV:N/AC:L/AT:N/PR:L/UI:P/VC:L/VI:L/VA:N/SC:H/SI:H/SA:H", 6.4},
    {"AV:N/AC:L/AT:N/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:H", 6.3},
    {"AV:N/AC:L/AT:N/PR:H/UI:A/VC:N/VI:N/VA:N/SC:H/SI:H/SA:H", 6.2},
    {"AV:L/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:N/SC:N/SI:H/SA:N", 6.1},
    {"AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:H/VA:H/SC:H/SI:H/SA:L", 6.0},
    {"AV:N/AC:H/AT:N/PR:L/UI:P/VC:H/VI:N/VA:N/SC:N/SI:L/SA:L", 5.9},
    {"AV:A/AC:H/AT:N/PR:L/UI:P/VC:H/VI:L/VA:H/SC:N/SI:H/SA:L", 5.8},
    {"AV:P/AC:L/AT:P/PR:N/UI:A/VC:L/VI:L/VA:H/SC:N/SI:N/SA:H", 5.7},
    {"AV:N/AC:L/AT:P/PR:L/UI:N/VC:L/VI:N/VA:N/SC:H/SI:L/SA:H", 5.6},
    {"AV:A/AC:H/AT:P/PR:N/UI:P/VC:L/VI:N/VA:L/SC:H/SI:H/SA:H", 5.5},
    {"AV:P/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:L/SI:N/SA:L", 5.4},
    {"AV:N/AC:L/AT:P/PR:L/UI:N/VC:L/VI:L/VA:L/SC:L/SI:H/SA:L", 5.3},
    {"AV:P/AC:L/AT:N/PR:L/UI:P/VC:H/VI:L/VA:N/SC:L/SI:L/SA:L", 5.2},
    {"AV:N/AC:H/AT:N/PR:H/UI:N/VC:N/VI:N/VA:L/SC:L/SI:L/SA:H", 5.1},
    {"AV:A/AC:H/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:H/SA:L", 5.0},
    {"AV:A/AC:H/AT:P/PR:N/UI:N/VC:N/VI:L/VA:N/SC:H/SI:N/SA:N", 4.9},
    {"AV:A/AC:L/AT:N/PR:N/UI:A/VC:N/VI:L/VA:L/SC:L/SI:N/SA:N", 4.8},
    {"AV:N/AC:L/AT:P/PR:H/UI:A/VC:L/VI:L/VA:L/SC:H/SI:H/SA:L", 4.7},
    {"AV:N/AC:L/AT:P/PR:H/UI:N/VC:N/VI:L/VA:L/SC:N/SI:H/SA:N", 4.6},
    {"AV:N/AC:L/AT:P/PR:L/UI:A/VC:N/VI:N/VA:N/SC:L/SI:N/SA:H", 4.5},
    {"AV:A/AC:H/AT:P/PR:L/UI:P/VC:L/VI:L/VA:H/SC:N/SI:L/SA:N", 4.4},
    {"AV:A/AC:H/AT:N/PR:H/UI:N/VC:L/VI:L/VA:L/SC:N/SI:H/SA:N", 4.3},
    {"AV:P/AC:L/AT:N/PR:N/UI:P/VC:L/VI:N/VA:N/SC:L/SI:H/SA:N", 4.2},
    {"AV:A/AC:L/AT:P/PR:H/UI:P/VC:N/VI:H/VA:N/SC:N/SI:L/SA:L", 4.1},
    {"AV:L/AC:H/AT:P/PR:H/UI:N/VC:L/VI:N/VA:N/SC:H/SI:N/SA:N", 4.0},
    {"AV:P/AC:H/AT:P/PR:L/UI:P/VC:N/VI:N/VA:L/SC:H/SI:H/SA:H", 2.4},
    {"AV:L/AC:H/AT:P/PR:L/UI:P/VC:L/VI:L/VA:L/SC:L/SI:H/SA:H", 2.3},
    {"AV:N/AC:L/AT:P/PR:H/UI:N/VC:N/VI:L/VA:N/SC:L/SI:N/SA:N", 2.1},
    {"AV:A/AC:H/AT:P/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 2.0},
    {"AV:P/AC:H/AT:P/PR:H/UI:N/VC:L/VI:N/VA:N/SC:H/SI:N/SA:N", 1.8},
    {"AV:L/AC:L/AT:P/PR:L/UI:A/VC:L/VI:N/VA:N/SC:N/SI:L/SA:L", 1.0},
    {"AV:P/AC:H/AT:N/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0},
    {"AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/S:N/AU:N/R:U/V:D/RE:L/U:Red", 7.3},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/S:N/AU:Y/R:U/V:C/RE:L/U:Green", 0.0},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/S:N/AU:N/R:A/V:C/RE:L/U:Clear", 0.0},
    {"AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/S:N/AU:Y/R:A/V:D/RE:L/U:Clear", 7.3},
    /* The worst, and what harms nothing. */
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0},
    /* In any order. */
    {"SA:N/SI:N/SC:N/VA:N/VI:L/VC:N/UI:N/PR:L/AT:N/AC:L/AV:N", 5.3},

    {"", -1},
    {"AV:N", -1},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H", -1},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA", -1},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:", -1},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:HH", -1},
    {"AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:S/SA:H", -1},
    {"AV:N/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", -1},
    {"AV:N/AC:L/AT:N/PR:N/UI:R/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", -1},
};

static void
test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *vector = g_strconcat(PREFIX, cases[i].vector, NULL);
    double score = -1;
    g_test_message("case: %s", vector);
    g_assert_cmpint(cvss_base_score(vector, &score), ==, cases[i].score >= 0);
    g_assert_cmpfloat_with_epsilon(score, cases[i].score, 1e-9);
  }
}

static const struct {
  const char *name, *letters;
} metrics[] = {{"AV", "NALP"}, {"AC", "LH"},  {"AT", "NP"},  {"PR", "NLH"},
               {"UI", "NPA"},  {"VC", "HLN"}, {"VI", "HLN"}, {"VA", "HLN"},
               {"SC", "HLN"},  {"SI", "HLN"}, {"SA", "HLN"}};

/* Adds the score of every vector that begins with @vector. */
static void
add_scores(GString *vector, size_t metric, GString *scores)
{
  gsize size = vector->len;
  double score;
  if (metric == G_N_ELEMENTS(metrics)) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_assert_true(cvss_base_score(vector->str, &score));
    g_string_append_printf(scores, "%s\n", g_ascii_formatd(text, sizeof text, "%.1f", score));
    return;
  }
  for (const char *letter = metrics[metric].letters; *letter != '\0'; letter++) {
    g_string_append_printf(vector, "%s%s:%c", metric == 0 ? "" : "/", metrics[metric].name,
                           *letter);
    add_scores(vector, metric + 1, scores);
    g_string_truncate(vector, size);
  }
}

/* The 104,976 base vectors, each metric from its worst value on, the last one turning fastest. The
 * sum is that of the scores that Red Hat's cvss 3.6 gives; FIRST's own calculator differs in 522
 * halves, which its floating point rounds down. */
static void
test_all(void)
{
  g_autoptr(GString) vector = g_string_new(PREFIX), scores = g_string_new(NULL);
  add_scores(vector, 0, scores);
  g_autofree char *sum =
      g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)scores->str, scores->len);
  g_assert_cmpstr(sum, ==, "c03fa30a63957b282f68e73d0c6419de1af387cdb80a36e0a9e0c00e666f46a3");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cvss4/cases", test_cases);
  g_test_add_func("/cvss4/all", test_all);
  return g_test_run();
}
