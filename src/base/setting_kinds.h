/* What one word of a setting means: the values that a row of settings.h can hold. A room adds kinds
 * of its own where it needs them. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Setting Setting;

typedef struct {
  /* Reads @text, which is not empty, into @value, which is `setting->width` bytes wide. What is
   * wrong goes to *error as what it must be: "must be a size". */
  bool (*read)(const Setting *setting, const char *text, void *value, GError **error);
  void (*begin)(void *value); /* makes it what it is without any word; NULL: zero bytes are that */
  void (*clear)(void *value); /* NULL: nothing to free */
  /* A list of words, each of which is read into the same value. */
  bool many;
  /* ... or a mapping of words to words, each of which is read as "KEY=VALUE". */
  bool pairs;
} SettingKind;

extern const SettingKind setting_text;     /* char * */
extern const SettingKind setting_texts;    /* GStrv, never NULL; a list */
extern const SettingKind setting_pairs;    /* the same of "KEY=VALUE"; a mapping */
extern const SettingKind setting_choice;   /* an integer, enum or bool: which of `words` */
extern const SettingKind setting_boolean;  /* bool */
extern const SettingKind setting_count;    /* an unsigned integer, as the next two */
extern const SettingKind setting_size;     /* bytes: "4MiB" */
extern const SettingKind setting_duration; /* seconds: "10m" */

/* Of setting_texts, for kinds that look at each text first. */
void setting_texts_begin(void *value);
bool setting_texts_read(const Setting *setting, const char *text, void *value, GError **error);
void setting_texts_clear(void *value);

/* "4MiB", "10 GiB", "500kB", "4096" in bytes; "30s", "10m", "24h", "7d", "90" in seconds. */
bool size_parse(const char *text, uint64_t *bytes);
bool duration_parse(const char *text, uint64_t *seconds);
/* For the bounds of rows. */
#define KIB ((uint64_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
/* For messages on what is none. */
#define SIZE_IN_WORDS     "bytes, or a number with KiB, MiB or GiB"
#define DURATION_IN_WORDS "seconds, or a number with s, m, h or d"
