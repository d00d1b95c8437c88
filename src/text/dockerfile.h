/* Dockerfiles: Docker's reference (docs.docker.com/reference/dockerfile), as BuildKit's own parser
 * reads them; tests/differential/dockerfiles.py compares the two. Pure.
 *
 * What is read: parser directives (`# syntax=`, `# escape=`), comments, lines that continue,
 * documents in place (<<EOF, <<-EOF, "EOF", several of one line) of RUN, COPY and ADD, flags
 * (--from=x), the form of a JSON list, and ONBUILD. Flags that an instruction does not take, and
 * numbers of arguments that it cannot have, are refused as BuildKit does. What an instruction means
 * is not asked: whether a stage is there. Variables and quotes are dockerfile_words.h. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* More is no Dockerfile. */
#define DOCKERFILE_BYTES_MAX        ((size_t)1024 * 1024)
#define DOCKERFILE_INSTRUCTIONS_MAX 4000

/* A document in place. */
typedef struct {
  char *name;    /* the word that ends it */
  char *text;    /* as it is written, with the ends of its lines */
  uint32_t line; /* of its first line */
  bool chomp;    /* <<-: tabs at the beginning of its lines do not count */
  bool expand;   /* no part of the name is quoted: variables in it are replaced */
} DockerfileHeredoc;

/* Where a line of the file begins in a text that is joined of several. */
typedef struct {
  size_t at;
  uint32_t line;
} DockerfileLine;

typedef struct {
  char *keyword;   /* in capitals, one of the reference's: "RUN"; of ONBUILD that of its trigger */
  bool onbuild;    /* it is a trigger */
  GStrv flags;     /* "--from=build", without quotes */
  char *arguments; /* the rest, its lines joined, without comments and the space around it */
  GStrv list;      /* where it is a JSON list of an instruction that may have one; or NULL */
  GPtrArray *heredocs; /* DockerfileHeredoc, in their order */
  GArray *lines;       /* DockerfileLine, of `arguments`: at least one */
  GPtrArray
      *comments; /* char *: the lines of comment right above, without "#" and the space around */
  uint32_t first, last; /* lines, from 1 */
} DockerfileInstruction;

typedef struct {
  char escape;             /* what continues a line: a backslash or a backtick */
  char *syntax;            /* of the directive, or NULL */
  GPtrArray *instructions; /* DockerfileInstruction; at least one is FROM */
} Dockerfile;

/* NULL with ASSAY_ERROR_INVALID: "line 3: unknown instruction \"FORM\": did you mean FROM?"; or
 * with ASSAY_ERROR_LIMIT. (transfer full) */
Dockerfile *dockerfile_parse(Slice text, GError **error);
void dockerfile_free(Dockerfile *dockerfile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dockerfile, dockerfile_free)

/* One instruction, of one @line that continues no more; its documents are not read. NULL with
 * ASSAY_ERROR_INVALID. (transfer full) */
DockerfileInstruction *dockerfile_instruction_parse(const char *line, char escape, GError **error);
void dockerfile_instruction_free(DockerfileInstruction *instruction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DockerfileInstruction, dockerfile_instruction_free)

/* Whether @text starts as an instruction does: a word of the reference, whatever its case, and
 * space or the end after it. */
bool dockerfile_is_instruction(const char *text);
