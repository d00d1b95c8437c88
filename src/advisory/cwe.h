/* The kinds of weakness that a vulnerability comes of, by their numbers in the Common Weakness
 * Enumeration: as sources write them ("CWE-79"), and as they are kept. Pure. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdint.h>

/* Of one vulnerability; more are not remembered. */
#define CWES_MAX 8u

/* Numbers in the order in which they were told, each once; 0 after the last. */
typedef struct {
  uint16_t numbers[CWES_MAX];
} Cwes;

/* @id: "CWE-79", in any case; what is no such id, or NULL, adds nothing ("NVD-CWE-noinfo"). */
void cwes_add(Cwes *cwes, const char *id);
/* The strings of @ids, a JSON array, or NULL; whatever else is in it adds nothing. */
void cwes_add_all(Cwes *cwes, const json_t *ids);
/* Every id in @text, or NULL: "CWE-190->CWE-122", "(CWE-20|CWE-79)". */
void cwes_add_chain(Cwes *cwes, const char *text);
void cwes_unite(Cwes *cwes, const Cwes *others);
unsigned cwes_count(const Cwes *cwes);
/* "CWE-79" each; NULL: there are none. (transfer full) */
GStrv cwes_to_ids(const Cwes *cwes);
/* Of an id that cwes_to_ids() gave: 79. */
unsigned cwe_number(const char *id);
