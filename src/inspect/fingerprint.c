/* The versions of all detectors, and the rules that they look by, as one number; see the header. */
#include "inspect/fingerprint.h"

#include <glib.h>

#include "inspect/baseline/entries.h"
#include "inspect/configuration/configuration.h"
#include "inspect/detector.h"
#include "inspect/java_table.h"
#include "inspect/malware/malware.h"
#include "inspect/malware/malware_settings.h"
#include "inspect/malware/team_rules.h"
#include "inspect/minimality/minimality.h"
#include "inspect/secrets/brought.h"
#include "inspect/secrets/rule.h"
#include "oci/digest.h"

/* Of what the worker says of a layer beside what its detectors read: changes, links, tables, notes.
 * Rises like a detector's version (2: one reader of tars, which sees global headers; 3: what is
 * under the names of hard links; 4: programs and libraries that are not as databases say). */
#define WALK_VERSION 4u

/* Each row of the rules that are tables: a new or another one finds what the former did not. */
static void
add_rules(GString *text)
{
  for (size_t i = 0; secret_rule_sets[i] != NULL; i++)
    for (size_t j = 0; j < secret_rule_sets[i]->count; j++) {
      const SecretRule *rule = &secret_rule_sets[i]->rules[j];
      g_string_append_printf(text, "secret %s %d %.2f %u %s\n%s\n%s\n", rule->id,
                             (int)rule->severity, rule->entropy, rule->flags, rule->pattern,
                             rule->trigger != NULL ? rule->trigger : "",
                             rule->prefix != NULL ? rule->prefix : "");
    }
  for (size_t i = 0; malware_rules[i] != NULL; i++)
    for (size_t j = 0; j < malware_rules[i]->count; j++) {
      const MalwareRule *rule = &malware_rules[i]->rules[j];
      g_string_append_printf(text, "malware %s %s\n%s\n", rule->id, rule->body,
                             rule->weak != NULL ? rule->weak : "");
    }
}

static uint32_t
hash_versions(void)
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_append_printf(text, "walk %u\n", WALK_VERSION);
  g_string_append_printf(text, "configuration %u\n", CONFIGURATION_VERSION);
  g_string_append_printf(text, "entries %u\n", ENTRIES_VERSION);
  g_string_append_printf(text, "minimality %u\n", MINIMALITY_VERSION);
  for (size_t i = 0; detectors[i] != NULL; i++)
    g_string_append_printf(text, "%s %u\n", detectors[i]->name, detectors[i]->version);
  add_rules(text);
  if (*java_table_identity() != '\0')
    g_string_append_printf(text, "java-table %s\n", java_table_identity());
  if (brought_rules_fingerprint() != 0)
    g_string_append_printf(text, "secret-rules %u\n", brought_rules_fingerprint());
  g_autofree char *team_rules = team_rules_identity();
  if (*team_rules != '\0')
    g_string_append_printf(text, "malware-rules %s %d\n", team_rules,
                           malware_settings()->rules_all);
  const MalwareSettings *malware = malware_settings();
  g_string_append_printf(text, "archives %u %" G_GUINT64_FORMAT " %u %" G_GUINT64_FORMAT "\n",
                         malware->archive_depth, malware->archive_bytes, malware->archive_members,
                         malware->archive_zip_bytes);
  g_autofree char *clamav = malware_settings_identity();
  if (clamav != NULL)
    g_string_append_printf(text, "clamav %s\n", clamav);
  Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text->str));
  g_autofree char *head = g_strndup(digest_hex(&digest), 8);
  uint32_t hash = (uint32_t)g_ascii_strtoull(head, NULL, 16);
  return DETECTORS_FINGERPRINT_LEAST | (hash & (DETECTORS_FINGERPRINT_LEAST - 1));
}

uint32_t
detectors_fingerprint(void)
{
  static GMutex lock; /* guards both */
  static uint32_t known;
  static unsigned of_generation;
  g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&lock);
  unsigned generation = team_rules_generation();
  if (known == 0 || generation != of_generation) {
    known = hash_versions();
    of_generation = generation;
  }
  return known;
}
