/* A rule of retention as it is typed: "tag=v*,newest=10". */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* The rule as the API has it. NULL: it is none, which was told. (transfer full) */
json_t *retention_rule_parse(const char *text, bool keeps);
/* The same from the API's, as it would be typed. (transfer full) */
char *retention_rule_text(const json_t *rule, bool keeps);
