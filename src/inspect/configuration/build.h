/* How an image is built: the one form of a Dockerfile and of an image's history. Pure.
 *
 * A history is what builders write down: the classic builder of Docker and buildah
 * (`/bin/sh -c #(nop)  CMD ["x"]`, `|1 A=b /bin/sh -c make`), BuildKit (`RUN /bin/sh -c make #
 * buildkit`) and kaniko (`RUN make`). What it does not say is not made up: where an entry is of
 * none of them, there is no step. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "oci/image_config.h"
#include "text/dockerfile.h"

/* Of all steps; of one SHELL_COMMANDS_MAX. */
#define BUILD_COMMANDS_MAX 20000u

typedef struct {
  char *keyword; /* "RUN"; of ONBUILD that of its trigger */
  bool onbuild;
  GStrv flags;      /* "--from=build"; none in a history */
  bool flags_known; /* false: the history leaves them out, so what a RUN mounts is not known */
  bool list;        /* the form of a JSON list */
  GPtrArray *words; /* char *: its arguments without quotes and with variables replaced; of ENV and
                       LABEL "NAME=value"; NULL where a value cannot be told */
  char *text;       /* as a person reads it, its lines joined: "RUN apt-get update" */
  char *script;     /* of RUN: what a POSIX shell runs; else NULL */
  GArray *places;   /* size_t: where each of `words` begins in the text that `lines` are of; empty
                       where that is not told */
  GPtrArray *commands; /* ShellCommand of it, or empty */
  GArray *lines;       /* DockerfileLine of `script`, or of its arguments */
  uint32_t line;       /* its first; 0 in a history */
  int stage;           /* in `stages`; -1 before the first */
  int layer;           /* that it made; -1: none, or not known */
  GPtrArray *comments; /* char *: right above */
} BuildStep;

typedef struct {
  char *image;    /* that it begins with, variables replaced; NULL: cannot be told */
  char *name;     /* AS; or NULL */
  char *platform; /* --platform as it is written, or NULL */
  int from;       /* the stage that it begins with, or -1 */
  uint32_t line;  /* of its FROM */
  bool posix;     /* RUN is for a POSIX shell, as far as is known */
} BuildStage;

typedef struct {
  GPtrArray *steps;  /* BuildStep, in order */
  GPtrArray *stages; /* BuildStage; the last is the image's. Of a history: one, without an image */
  const ImageConfig *config; /* borrowed; NULL: it is of a Dockerfile */
  GPtrArray *others; /* char *: entries of a history that no builder wrote, or none that is known;
                        of a list its words, and no keyword in front */
  guint commands;    /* of all steps */
  bool overflows;    /* there are more of them, or more steps, than are looked at */
} Build;

/* (transfer full) */
Build *build_of_dockerfile(const Dockerfile *dockerfile);
/* @config must outlive it. (transfer full) */
Build *build_of_image(const ImageConfig *config);
void build_free(Build *build);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Build, build_free)

/* Whether the step is of the image: of its stage, or of one that this begins with. */
bool build_is_of_image(const Build *build, const BuildStep *step);
/* The last word of a step, or NULL. */
const char *build_step_last_word(const BuildStep *step);
/* The value of its flag --@name=, or NULL. */
const char *build_step_flag(const BuildStep *step, const char *name);
/* The line of what is at @at in its script. */
uint32_t build_step_line(const BuildStep *step, size_t at);
/* The line of its word @word. */
uint32_t build_step_word_line(const BuildStep *step, guint word);
