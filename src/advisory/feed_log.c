/* A feed's calls as bytes: a letter, then the members in the order of this file. A text is its
 * length + 1 and its bytes with their NUL, so that a reader needs no copy; 0 is NULL. */
#include "advisory/feed_log-private.h"

#include <string.h>

#include "advisory/cwe-private.h"
#include "base/error.h"

enum {
  CALL_RANGE = 'R',
  CALL_DETAILS = 'D',
  CALL_ECOSYSTEM = 'E',
  CALL_DATE = 'S',
  CALL_NOTE = 'N'
};

/* --- writing --- */

static void
add_byte(GByteArray *log, unsigned byte)
{
  const uint8_t bytes[] = {(uint8_t)byte};
  g_byte_array_append(log, bytes, sizeof bytes);
}

static void
add_text(GByteArray *log, const char *text)
{
  size_t size = text == NULL ? 0 : strlen(text) + 1;
  byte_array_add_varint(log, size);
  if (size > 0)
    g_byte_array_append(log, (const uint8_t *)text, (guint)size);
}

static void
add_number(GByteArray *log, double number)
{
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  byte_array_add_uint64(log, bits);
}

/* Their number + 1; 0 is NULL. */
static void
add_list(GByteArray *log, const GStrv list)
{
  guint count = list == NULL ? 0 : g_strv_length(list);
  byte_array_add_varint(log, list == NULL ? 0 : count + 1);
  for (guint i = 0; i < count; i++)
    add_text(log, list[i]);
}

void
feed_log_add_range(GByteArray *log, const AdvisoryRange *range)
{
  const char *const texts[] = {range->id,
                               range->ecosystem,
                               range->package,
                               range->module,
                               range->introduced,
                               range->fixed_version,
                               range->last_affected,
                               range->architectures,
                               range->release_version,
                               range->vendor_id,
                               range->note,
                               range->symbols};
  add_byte(log, CALL_RANGE);
  add_byte(log, range->scheme);
  add_byte(log, range->state);
  add_byte(log, range->severity);
  add_byte(log, range->derived);
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    add_text(log, texts[i]);
}

void
feed_log_add_details(GByteArray *log, const AdvisoryDetails *details)
{
  const char *const texts[] = {details->id,
                               details->title,
                               details->description,
                               details->published,
                               details->modified,
                               details->cvss_vector,
                               details->severity_source,
                               details->known_exploited_due};
  add_byte(log, CALL_DETAILS);
  add_byte(log, details->severity);
  add_byte(log, details->word);
  add_byte(log, details->known_exploited);
  add_number(log, details->cvss_score);
  add_number(log, details->epss_score);
  add_number(log, details->epss_percentile);
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    add_text(log, texts[i]);
  add_list(log, details->aliases);
  add_list(log, details->references);
  cwes_write(&details->cwes, log);
}

static void
add_call(GByteArray *log, char call, const char *text)
{
  add_byte(log, (uint8_t)call);
  add_text(log, text);
}

void
feed_log_add_ecosystem(GByteArray *log, const char *ecosystem)
{
  add_call(log, CALL_ECOSYSTEM, ecosystem);
}

void
feed_log_add_source_date(GByteArray *log, const char *date)
{
  add_call(log, CALL_DATE, date);
}

void
feed_log_add_note(GByteArray *log, const char *note)
{
  add_call(log, CALL_NOTE, note);
}

/* --- reading --- */

typedef struct {
  Slice rest;
  const FeedSink *sink;
  GPtrArray *notes;
  GPtrArray *aliases, *references; /* of one call; their strings lie in the log */
} Replay;

static bool
set_broken(GError **error)
{
  return error_set(error, ASSAY_ERROR_CHANGED, "what was kept of the feed makes no sense");
}

static bool
take_text(Slice *rest, const char **text)
{
  uint64_t size;
  Slice bytes;
  if (!slice_take_varint(rest, &size))
    return false;
  if (size == 0)
    return true;
  if (size > rest->size || !slice_take(rest, (size_t)size, &bytes) || bytes.data[size - 1] != 0)
    return false;
  *text = (const char *)bytes.data;
  return true;
}

static bool
take_texts(Slice *rest, const char **const *texts, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (!take_text(rest, texts[i]))
      return false;
  return true;
}

static bool
take_number(Slice *rest, double *number)
{
  uint64_t bits;
  if (!slice_take_uint64(rest, &bits))
    return false;
  memcpy(number, &bits, sizeof bits);
  return true;
}

static bool
take_list(Slice *rest, GPtrArray *strings, GStrv *list)
{
  uint64_t count;
  if (!slice_take_varint(rest, &count))
    return false;
  if (count == 0)
    return true;
  g_ptr_array_set_size(strings, 0);
  for (uint64_t i = 1; i < count; i++) {
    const char *text = NULL;
    if (!take_text(rest, &text) || text == NULL)
      return false;
    g_ptr_array_add(strings, (gpointer)(uintptr_t)text);
  }
  g_ptr_array_add(strings, NULL);
  *list = (char **)strings->pdata;
  return true;
}

static bool
replay_range(Replay *replay, GError **error)
{
  Slice kinds;
  AdvisoryRange range = {0};
  const char **const texts[] = {&range.id,
                                &range.ecosystem,
                                &range.package,
                                &range.module,
                                &range.introduced,
                                &range.fixed_version,
                                &range.last_affected,
                                &range.architectures,
                                &range.release_version,
                                &range.vendor_id,
                                &range.note,
                                &range.symbols};
  if (!slice_take(&replay->rest, 4, &kinds) || kinds.data[0] >= VERSION_SCHEMES ||
      kinds.data[1] > STATE_UNDER_REVIEW || kinds.data[2] > SEVERITY_CRITICAL ||
      kinds.data[3] > 1 || !take_texts(&replay->rest, texts, G_N_ELEMENTS(texts)))
    return set_broken(error);
  range.scheme = kinds.data[0];
  range.state = kinds.data[1];
  range.severity = kinds.data[2];
  range.derived = kinds.data[3] != 0;
  return feed_sink_add_range(replay->sink, &range, error);
}

static bool
replay_details(Replay *replay, GError **error)
{
  Slice kinds, *rest = &replay->rest;
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  const char **const texts[] = {&details.id,
                                &details.title,
                                &details.description,
                                &details.published,
                                &details.modified,
                                &details.cvss_vector,
                                &details.severity_source,
                                &details.known_exploited_due};
  if (!slice_take(rest, 3, &kinds) || kinds.data[0] > SEVERITY_CRITICAL ||
      kinds.data[1] > SEVERITY_CRITICAL || kinds.data[2] > 1 ||
      !take_number(rest, &details.cvss_score) || !take_number(rest, &details.epss_score) ||
      !take_number(rest, &details.epss_percentile) ||
      !take_texts(rest, texts, G_N_ELEMENTS(texts)) ||
      !take_list(rest, replay->aliases, &details.aliases) ||
      !take_list(rest, replay->references, &details.references) || !cwes_take(rest, &details.cwes))
    return set_broken(error);
  details.severity = kinds.data[0];
  details.word = kinds.data[1];
  details.known_exploited = kinds.data[2] != 0;
  return feed_sink_add_details(replay->sink, &details, error);
}

static bool
replay_text(Replay *replay, uint8_t call, GError **error)
{
  const char *text = NULL;
  if (!take_text(&replay->rest, &text) || text == NULL)
    return set_broken(error);
  if (call == CALL_ECOSYSTEM)
    feed_sink_add_ecosystem(replay->sink, text);
  else if (call == CALL_DATE)
    feed_sink_set_source_date(replay->sink, text);
  else if (call == CALL_NOTE)
    g_ptr_array_add(replay->notes, g_strdup(text));
  else
    return set_broken(error);
  return true;
}

bool
feed_log_replay(Slice log, const FeedSink *sink, GPtrArray *notes, GError **error)
{
  g_autoptr(GPtrArray) aliases = g_ptr_array_new(), references = g_ptr_array_new();
  Replay replay = {log, sink, notes, aliases, references};
  uint8_t call;
  while (slice_take_uint8(&replay.rest, &call))
    if (call == CALL_RANGE     ? !replay_range(&replay, error)
        : call == CALL_DETAILS ? !replay_details(&replay, error)
                               : !replay_text(&replay, call, error))
      return false;
  return true;
}
