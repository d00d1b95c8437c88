/* Observations as values, and their JSON form. */
#include "inventory/observation.h"

#include <string.h>

#include "base/slice.h"

const char *const observation_kind_names[] = {
    [OBSERVED_SECRET] = "secret",     [OBSERVED_MALWARE] = "malware",
    [OBSERVED_WEAKNESS] = "weakness", [OBSERVED_CONFIGURATION] = "configuration",
    [OBSERVED_FACT] = "fact",         NULL,
};

static const JsonMember members[] = {
    {JSON_MEMBER(Observation, kind), .kind = &json_word, .words = observation_kind_names,
     .required = true},
    {JSON_MEMBER(Observation, rule), .kind = &json_text, .required = true},
    {JSON_MEMBER(Observation, path), .kind = &json_text, .required = true},
    {JSON_MEMBER(Observation, line), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(Observation, severity), .kind = &json_word, .words = severity_names,
     .otherwise = "unknown"},
    {JSON_MEMBER(Observation, title), .kind = &json_text},
    {JSON_MEMBER(Observation, shown), .kind = &json_text},
    {JSON_MEMBER(Observation, same), .kind = &json_text},
    {JSON_MEMBER(Observation, scope), .kind = &json_text},
    {JSON_MEMBER(Observation, read), .kind = &json_number, .omitted = true},
};
const JsonTable observation_table = JSON_TABLE(Observation, members);

bool
observation_stays(ObservationKind kind)
{
  return kind == OBSERVED_SECRET || kind == OBSERVED_MALWARE;
}

void
observation_free(Observation *observation)
{
  if (observation == NULL)
    return;
  json_table_clear(&observation_table, observation);
  g_free(observation);
}

/* What is not printable becomes longer: it is cut after that. */
static char *
copy_text(const char *text)
{
  if (text == NULL)
    return NULL;
  char *copy = slice_to_printable(slice_from_string(text), OBSERVATION_TEXT_MAX);
  if (strlen(copy) > OBSERVATION_TEXT_MAX) {
    const char *end = copy + OBSERVATION_TEXT_MAX + 1;
    *g_utf8_find_prev_char(copy, end) = '\0';
  }
  return copy;
}

Observation *
observation_copy(const Observation *observation)
{
  Observation *copy = g_new0(Observation, 1);
  *copy = (Observation){.kind = observation->kind,
                        .rule = copy_text(observation->rule),
                        .path = copy_text(observation->path),
                        .line = observation->line,
                        .severity = observation->severity,
                        .title = copy_text(observation->title),
                        .shown = copy_text(observation->shown),
                        .same = copy_text(observation->same),
                        .scope = copy_text(observation->scope),
                        .read = observation->read};
  return copy;
}

int
observation_compare(gconstpointer a, gconstpointer b)
{
  const Observation *left = *(const Observation *const *)a, *right = *(const Observation *const *)b;
  int order = (int)left->kind - (int)right->kind;
  if (order == 0)
    order = strcmp(left->path, right->path);
  if (order == 0)
    order = (left->line > right->line) - (left->line < right->line);
  return order != 0 ? order : strcmp(left->rule, right->rule);
}

static const JsonMember image_members[] = {
    {JSON_MEMBER(ImageObservation, observation), .kind = &json_child, .table = &observation_table,
     .required = true},
    {JSON_MEMBER(ImageObservation, layer), .kind = &json_number},
    {JSON_MEMBER(ImageObservation, removed), .kind = &json_flag, .omitted = true},
};
const JsonTable image_observation_table = JSON_TABLE(ImageObservation, image_members);

ImageObservation *
image_observation_new(Observation *observation, uint32_t layer, bool removed)
{
  ImageObservation *one = g_new0(ImageObservation, 1);
  *one = (ImageObservation){observation, layer, removed};
  return one;
}

void
image_observation_free(ImageObservation *observation)
{
  if (observation == NULL)
    return;
  json_table_clear(&image_observation_table, observation);
  g_free(observation);
}
