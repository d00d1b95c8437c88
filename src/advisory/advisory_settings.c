/* What the operator decides of the advisories: rows of the configuration. */
#include "advisory/advisory_settings.h"

#include "advisory/feeds/feed.h"
#include "base/error.h"
#include "oci/reference.h"

static bool
read_type(const Setting *setting, const char *text, void *value, GError **error)
{
  g_autofree char *types = NULL;
  if (feed_type_find(text) != NULL)
    return setting_text.read(setting, text, value, error);
  types = feed_types_in_words();
  return error_set(error, ASSAY_ERROR_INVALID, "must be %s", types);
}

static void
clear_text(void *value)
{
  setting_text.clear(value);
}

static const SettingKind type_kind = {.read = read_type, .clear = clear_text};

static const Setting feed_settings[] = {
    {SETTING(FeedSettings, name), .kind = &setting_text, .required = true},
    {SETTING(FeedSettings, type), .kind = &type_kind, .required = true},
    {SETTING(FeedSettings, url), .kind = &setting_text},
    {SETTING(FeedSettings, path), .kind = &setting_text},
    {SETTING(FeedSettings, suite), .kind = &setting_text},
    {SETTING(FeedSettings, keyring), .kind = &setting_text},
    {SETTING(FeedSettings, sources), .kind = &setting_text},
    {SETTING(FeedSettings, ecosystem), .kind = &setting_text},
    {SETTING(FeedSettings, disabled), .kind = &setting_boolean, .fallback = "false"},
};

static void
check_feed(void *values, const SettingsPlace *place)
{
  const FeedSettings *feed = values;
  if ((feed->url == NULL) == (feed->path == NULL))
    settings_complain(place, feed->url != NULL ? "path" : "url",
                      "a feed needs one of `url` and `path`, and only one");
}

static const Section feed_section = {.settings = feed_settings,
                                     .count = G_N_ELEMENTS(feed_settings),
                                     .size = sizeof(FeedSettings),
                                     .noun = "feed",
                                     .named_by = "name",
                                     .check = check_feed};

/* --- the public feeds --- */

static void
add_public_feeds(AdvisorySettings *settings)
{
  g_autoptr(GArray) feeds = g_array_new(FALSE, TRUE, sizeof(FeedSettings));
  for (size_t i = 0; feed_types[i] != NULL; i++)
    for (const FeedSource *source = feed_types[i]->sources; source != NULL && source->name != NULL;
         source++) {
      FeedSettings feed = {.name = g_strdup(source->name),
                           .type = g_strdup(feed_types[i]->type),
                           .url = g_strdup(source->url)};
      g_array_append_val(feeds, feed);
    }
  settings->feeds_count = feeds->len;
  settings->feeds = (FeedSettings *)(void *)g_array_free(g_steal_pointer(&feeds), FALSE);
}

/* An empty list is a choice, of a site that imports all that it knows. Who takes what another one
 * has built does not fetch the same again. */
static void
check(void *values, const SettingsPlace *place)
{
  const AdvisorySettings *advisories = values;
  if (!settings_given(place, "feeds") && advisories->advisory_registry.reference == NULL)
    add_public_feeds(values);
}

static bool
read_reference(const Setting *setting, const char *text, void *value, GError **error)
{
  g_autoptr(Reference) reference = reference_parse(text, error);
  return reference != NULL && setting_text.read(setting, text, value, error);
}

static const SettingKind reference_kind = {.read = read_reference, .clear = clear_text};

static const Setting source_settings[] = {
    {SETTING(AdvisoryRegistrySettings, reference), .kind = &reference_kind},
    {SETTING(AdvisoryRegistrySettings, authfile), .kind = &setting_text},
    {SETTING(AdvisoryRegistrySettings, cert_dir), .kind = &setting_text},
    {SETTING(AdvisoryRegistrySettings, insecure), .kind = &setting_boolean, .fallback = "false"},
};
static const Section source_section = {.settings = source_settings,
                                       .count = G_N_ELEMENTS(source_settings),
                                       .size = sizeof(AdvisoryRegistrySettings),
                                       .word = "reference"};

static const Setting settings[] = {
    {SETTING(AdvisorySettings, advisory_registry), .section = &source_section},
    {SETTING_LIST(AdvisorySettings, feeds), .section = &feed_section, .most = 1000},
    {SETTING(AdvisorySettings, feed_interval), .kind = &setting_duration, .fallback = "6h"},
    {SETTING(AdvisorySettings, ca_file), .kind = &setting_text},
};
const Section advisory_settings_section = {.settings = settings,
                                           .count = G_N_ELEMENTS(settings),
                                           .size = sizeof(AdvisorySettings),
                                           .check = check};
