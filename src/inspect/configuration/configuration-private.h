/* What the checks share. */
#pragma once

#include "inspect/configuration/check.h"
#include "inventory/observation.h"

/* What a function `build` found: at a step (its first line and its text), or at a member of the
 * config
 * ("config:User") with what it says. @shown: NULL is the step's text. */
void checking_found(Checking *into, const BuildStep *step, const char *shown);
/* At the line of its word @word. @shown: NULL is the step's text. */
void checking_found_word(Checking *into, const BuildStep *step, guint word, const char *shown);
/* At the line of a command of it, which is shown with what is piped into it. */
void checking_found_command(Checking *into, const BuildStep *step, const ShellCommand *command);
void checking_found_config(Checking *into, const char *path, const char *shown);
/* Tells each of @told (or NULL), what the config has at @place, that is @bad; without a config,
 * each instruction @keyword of the image that has such a word. */
void checking_find_words(const Build *build, Checking *into, char *const *told, const char *place,
                         const char *keyword, bool (*bad)(const char *word));

/* Whether a variable of this name holds a secret, and whether @value can be one. */
bool configuration_names_secret(const char *name);
bool configuration_may_be_secret(const char *value);

/* The rules that @step's comments, or those of the file in @global, take out. */
bool configuration_is_ignored(const BuildStep *step, const GPtrArray *global, const char *rule);
