/* What a check of an image's configuration is: one row of a table of its family, checks_*.c. Adding
 * one is a function there, its row, a row in inventory/rules/configuration.c, and cases in
 * tests/unit/inspect/configuration-cases.c. Pure. */
#pragma once

#include "inspect/configuration/build.h"
#include "text/shell.h"

/* A command of a RUN. */
typedef struct {
  const Build *build;
  const BuildStep *step;
  const ShellCommand *command;
  const char *program; /* without its folder; "" where there are only assignments */
  guint first;         /* the first argument in command->words */
} CheckedCommand;

typedef struct Checking Checking;

typedef enum {
  CHECK_DOCKERFILES = 1 << 0,
  CHECK_HISTORIES = 1 << 1,  /* where a history tells it */
  CHECK_ALL_STAGES = 1 << 2, /* otherwise only what ends up in the image */
} CheckFlags;

/* One of the functions is set. Each is asked for all that there is, in order. */
typedef struct {
  const char *rule;
  unsigned flags; /* CheckFlags */
  void (*build)(const Build *build, Checking *into);
  bool (*step)(const Build *build, const BuildStep *step);
  bool (*word)(const BuildStep *step, const char *word); /* that can be told; at its line */
  bool (*command)(const CheckedCommand *command);
} ConfigurationCheck;

/* --- what functions ask --- */

/* The command @at of the step. */
CheckedCommand checked_command(const Build *build, const BuildStep *step, guint at);

bool step_is(const BuildStep *step, const char *keyword);
/* Whether the program is one of @names, words with a blank between. */
bool command_is(const CheckedCommand *command, const char *names);
/* The argument with this number that is no option; or NULL. */
const char *command_argument(const CheckedCommand *command, guint number);
/* Whether there is the option "--long", also "--long=x"; or the letter @letter among the short
 * ones. */
bool command_has(const CheckedCommand *command, const char *option);
bool command_has_letter(const CheckedCommand *command, char letter);
/* Any word of it is @word. */
bool command_has_word(const CheckedCommand *command, const char *word);
/* The value of "--option=x" or "--option x"; or NULL. */
const char *command_value(const CheckedCommand *command, const char *option);

/* The families, each with a row without a rule at its end. */
extern const ConfigurationCheck configuration_image_checks[], configuration_stage_checks[],
    configuration_file_checks[], configuration_secret_checks[], configuration_fetch_checks[],
    configuration_run_checks[], configuration_trust_checks[], configuration_package_checks[];
/* All of them, NULL-ended. */
extern const ConfigurationCheck *const configuration_families[];
