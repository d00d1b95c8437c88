/* When the images of a namespace are scanned first, as its settings say it. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SCAN_TIME_IN_WORDS "push, manual, or a time of the day in UTC such as 02:30"

/* @text: "push": *when is 0; "manual": *when is INT64_MAX; "HH:MM": the next such moment of UTC
 * after @now, both microseconds since 1970. False: none of these. */
bool scan_time_parse(const char *text, int64_t now, int64_t *when);
