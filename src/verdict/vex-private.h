/* The readers of VEX formats; vex.c chooses between them. */
#pragma once

#include <jansson.h>

#include "verdict/vex.h"

/* What all statements of one vulnerability have in common; borrowed. */
typedef struct {
  const char *id;
  GStrv aliases; /* or NULL */
  const char *written;
  VexStatus status;
  const char *justification, *detail; /* or NULL */
  const char *platform;               /* or NULL */
  int64_t time;
} VexSaid;

/* Adds a copy; without an id or a product nothing. False: there are too many. */
bool vex_add(VexDocument *document, const VexSaid *said, const char *product, const char *component,
             GError **error);
void vex_statement_free(void *statement);
/* Of RFC 3339; 0: it is none. */
int64_t vex_time(const char *text);

bool vex_read_openvex(VexDocument *document, const json_t *json, GError **error);
bool vex_read_csaf(VexDocument *document, const json_t *json, GError **error);
bool vex_read_cyclonedx(VexDocument *document, const json_t *json, GError **error);
