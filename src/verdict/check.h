/* A check of the policy language: some keys of a policy, what their values are, and what they make
 * of an image. Each is a `const PolicyCheck` in a file of checks/, and a line of the list in
 * checks.c; nothing else knows which there are. judge.c asks all of them, in the order of the list.
 */
#pragma once

#include "base/settings.h"
#include "verdict/judgement.h"

typedef struct {
  /* Rows of a policy's table. Their offsets are in the rule: @size bytes, one rule a policy, that
   * hold the file's values or their defaults. Defaults block nothing: they are what is done where
   * no policy is for a repository. */
  const Setting *settings;
  size_t count, size;
  /* When all of a policy was read, for defaults that depend on other checks: @finds says whether
   * any of them blocks what a scan finds. NULL: nothing to do. */
  void (*complete)(void *rule, bool finds, const SettingsPlace *place);
  /* Whether the rule can refuse an image. NULL: never. */
  bool (*blocks)(const void *rule);
  /* ... for what a scan finds in it; its exemptions name findings, others' whole images. */
  bool of_findings;
  /* Tells @judgement what the rule makes of its input. Pure, on any thread, does not block. Of what
   * holds nothing to scan (SCAN_NOT_APPLICABLE) only called with @of_any. */
  void (*judge)(const void *rule, Judgement *judgement);
  bool of_any;
  /* Adds a sentence on what of the rule has no effect, whatever the image is. NULL: nothing. */
  void (*warn)(const void *rule, const char *policy, GPtrArray *sentences);
} PolicyCheck;
