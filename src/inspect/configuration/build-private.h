/* What the two that make a Build share. */
#pragma once

#include "inspect/configuration/build.h"

Build *build_new(const ImageConfig *config);
/* One that has its keyword and nothing else, added. */
BuildStep *build_add_step(Build *build, const char *keyword);
BuildStage *build_add_stage(Build *build);

/* Makes the commands of `script`. */
void build_split(Build *build, BuildStep *step);
/* Whether a shell is one of POSIX's: "/bin/bash". */
bool build_is_posix_shell(const char *program);
/* A list as the text of a shell. (transfer full) */
char *build_quote(const char *const *words);
/* The arguments of an instruction as words, without replacing variables. @places: as BuildStep has
 * them, or NULL. (transfer full) */
GPtrArray *build_words(const DockerfileInstruction *instruction, char escape, GArray *places);
