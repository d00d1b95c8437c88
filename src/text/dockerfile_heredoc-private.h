/* Where an instruction's line announces documents in place; dockerfile.c reads them. */
#pragma once

#include "text/dockerfile.h"

/* Those that @line announces, without text, in their order. (transfer full): DockerfileHeredoc */
GPtrArray *dockerfile_heredocs_of(const char *line);
void dockerfile_heredoc_free(void *heredoc);
