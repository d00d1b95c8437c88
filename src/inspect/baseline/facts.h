/* What the readers of configuration files share. Each reader (a Detector, in a file of its own)
 * gives the settings of a file as facts, as its service would read them: a rule
 * "SERVICE.KEY", a value, the block that it is in and its line. Which value counts in the end is
 * decided for the whole image (image.h), where files of all layers are there and include each
 * other. Only what a check asks for is a fact. */
#pragma once

#include "inspect/detector.h"
#include "inventory/observation.h"

/* Of a configuration file; more is none of a person's. */
#define FACT_FILE_BYTES_MAX ((uint64_t)1024 * 1024)
/* Of a line with its continuations; the rest is cut. */
#define CONFIG_LINE_MAX ((size_t)8 * 1024)

/* Where facts go, and where they come from. */
typedef struct {
  LayerInventory *into;
  const char *path;
  const char *service; /* "sshd" */
  uint32_t line;       /* of what is read now; 0: not known */
  const char *scope;   /* the block that is open; or NULL */
} Facts;

/* Copies. What is added is stored, and shown to people: no line with words that the reader does not
 * know, for these may be secret. */
void facts_add(Facts *facts, const char *key, const char *value);
G_GNUC_PRINTF(3, 4) void facts_add_format(Facts *facts, const char *key, const char *format, ...);
/* Whether more facts of the file are not kept, which is told: who has many to add may stop. */
bool facts_are_full(const Facts *facts);

/* The lines of a text. */
typedef struct {
  Slice rest;
  uint32_t number; /* of the line that was given last: of its first one, with continuations */
  uint32_t taken;
  bool joined; /* a backslash at the end of a line continues it */
  GString *line;
} ConfigLines;
void config_lines_init(ConfigLines *lines, Slice text, bool joined);
void config_lines_clear(ConfigLines *lines);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ConfigLines, config_lines_clear)
/* The next line that is not empty, without blanks at its ends; NULL: there is none. (transfer
 * none), until the next call. */
const char *config_lines_next(ConfigLines *lines);

/* Words between blanks; "..." and '...' hold blanks, and a backslash takes the next character as it
 * is. @comments: a word that begins with "#" ends the line. (transfer full): NULL-ended. */
char **config_words(const char *line, bool comments);
/* How a file has its settings, a line each: "NAME = value # comment". */
typedef struct {
  const char *separators; /* what may be after a name; of "=" one is taken away */
  const char *comments;   /* what begins a line that is no setting */
  bool joined;            /* as of config_lines_init() */
  bool hash;              /* a "#" before a word begins a comment */
  char cut;               /* what begins a comment anywhere in a value; '\0': nothing does */
} SettingForm;

/* The settings of a text. */
typedef struct {
  ConfigLines lines;
  const SettingForm *form;
  const char *line; /* as it is; (transfer none), until the next call */
  char *name;       /* in lower case */
  char **words;     /* the words of the value */
} ConfigSettings;
void config_settings_init(ConfigSettings *settings, Slice text, const SettingForm *form);
void config_settings_clear(ConfigSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ConfigSettings, config_settings_clear)
/* The next one, whose line @facts have then; false: there is none. */
bool config_settings_next(ConfigSettings *settings, Facts *facts);
/* Its words with a blank between. (transfer full) */
char *config_settings_value(const ConfigSettings *settings);

/* Whether @word is in @list, whose words blanks part; upper and lower case are the same. */
bool config_is_one_of(const char *word, const char *list);
/* Whether a path is of documentation, of examples or of tests, whose settings no service reads. */
bool config_is_example(const char *path);
