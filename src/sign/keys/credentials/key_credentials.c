/* The list of the sources of credentials, and what they gave; see the header. */
#include "sign/keys/credentials/key_credentials.h"

#include <string.h>

#include "base/error.h"
#include "sign/keys/credentials/credential_source.h"
#include "sign/keys/flight.h"
#include "sign/keys/secret.h"

static const CredentialSource *const sources[] = {
    &aws_pair_source,         &aws_profile_source,        &aws_role_source,
    &aws_container_source,    &aws_federation_source,     &google_account_source,
    &google_metadata_source,  &azure_token_source,        &azure_client_source,
    &azure_metadata_source,   &azure_federation_source,   &alibaba_pair_source,
    &alibaba_role_source,     &alibaba_federation_source, &tencent_pair_source,
    &tencent_role_source,     &vault_token_source,        &vault_approle_source,
    &vault_kubernetes_source,
};

/* So long before their end, the next are got; or at the last fifth of a short time. */
#define MARGIN_SECONDS 120
/* Where getting the next failed, and the present ones hold: so long until it is tried again. */
#define AGAIN_SECONDS 20
/* What is refused while it is so new would be refused if it was newer as well. */
#define NEW_US G_USEC_PER_SEC
/* Of what is said to last longer, the next are got as well. */
#define SECONDS_MOST ((int64_t)30 * 24 * 3600)
/* More than a registry has. */
#define PLACES_MAX 256u

typedef struct {
  Flight flight; /* its lock guards what follows */
  KeyCredentials mine;
  int64_t got, next, end; /* monotonic times; 0: there are none */
} Place;

static GMutex lock; /* guards `places` */
static GHashTable *places;

void
key_credentials_clear(KeyCredentials *mine)
{
  secret_text_wipe(&mine->id);
  secret_text_wipe(&mine->secret);
  secret_text_wipe(&mine->session);
  secret_text_wipe(&mine->token);
  *mine = (KeyCredentials){NULL, NULL, NULL, NULL, 0, false};
}

static void
copy(const KeyCredentials *from, KeyCredentials *to)
{
  *to = (KeyCredentials){g_strdup(from->id),    g_strdup(from->secret), g_strdup(from->session),
                         g_strdup(from->token), from->seconds,          from->renewable};
}

/* --- places --- */

static void
clear_place(void *data)
{
  Place *place = data;
  flight_clear(&place->flight);
  key_credentials_clear(&place->mine);
}

static void
release_place(void *place)
{
  g_atomic_rc_box_release_full(place, clear_place);
}

/* Of all that decides what a source gives. (transfer full) */
static char *
name_of(const CredentialUse *use)
{
  const ServicePlace *place = use->place;
  const char *const parts[] = {use->kind,
                               place->credentials,
                               place->profile,
                               place->role,
                               place->client,
                               place->login,
                               place->parts[0],
                               use->options->token_file,
                               use->options->ca_file,
                               service_host(use->service)};
  GString *name = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    g_string_append_printf(name, "%s\n", parts[i] == NULL ? "" : parts[i]);
  return g_string_free(name, FALSE);
}

/* (transfer full) */
static Place *
find_place(const CredentialUse *use)
{
  g_autofree char *name = name_of(use);
  g_mutex_lock(&lock);
  if (places == NULL)
    places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, release_place);
  Place *place = g_hash_table_lookup(places, name);
  if (place == NULL) {
    if (g_hash_table_size(places) >= PLACES_MAX)
      g_hash_table_remove_all(places);
    place = g_atomic_rc_box_new0(Place);
    flight_init(&place->flight);
    g_hash_table_insert(places, g_steal_pointer(&name), place);
  }
  g_atomic_rc_box_acquire(place);
  g_mutex_unlock(&lock);
  return place;
}

/* --- sources --- */

static const CredentialSource *
find_source(const CredentialUse *use, GError **error)
{
  g_autoptr(GString) known = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
    if (strcmp(sources[i]->kind, use->kind) != 0)
      continue;
    if (g_strcmp0(sources[i]->name, use->place->credentials) == 0)
      return sources[i];
    if (sources[i]->name != NULL)
      g_string_append_printf(known, "%s%s", known->len == 0 ? "" : ", ", sources[i]->name);
  }
  error_set(error, ASSAY_ERROR_INVALID, "\"credentials=%s\" is not understood (wanted: %s)",
            use->place->credentials, known->str);
  return NULL;
}

bool
key_credentials_check(const CredentialUse *use, GError **error)
{
  return find_source(use, error) != NULL;
}

/* With the lock. */
static void
keep(Place *place, const KeyCredentials *given)
{
  int64_t now = g_get_monotonic_time();
  key_credentials_clear(&place->mine);
  copy(given, &place->mine);
  int64_t seconds = MIN(given->seconds, SECONDS_MOST);
  int64_t margin = MIN(MARGIN_SECONDS, seconds / 5);
  place->got = now;
  place->next = now + (seconds - margin) * G_USEC_PER_SEC;
  place->end = now + seconds * G_USEC_PER_SEC;
}

/* With the lock, which it lets go of. Fills @mine. */
static bool
get_next(const CredentialUse *use, const CredentialSource *source, Place *place,
         KeyCredentials *mine, Cancellable *cancellable, GError **error)
{
  g_auto(KeyCredentials) former = {NULL, NULL, NULL, NULL, 0, false};
  g_autoptr(GError) failure = NULL;
  bool had = place->end > g_get_monotonic_time();
  if (had)
    copy(&place->mine, &former);
  g_mutex_unlock(&place->flight.lock);
  bool got = source->get(use, had ? &former : NULL, mine, cancellable, &failure);
  g_mutex_lock(&place->flight.lock);
  if (got && mine->seconds > 0) {
    keep(place, mine);
  } else if (!got && place->end > g_get_monotonic_time()) {
    /* Those that hold yet serve once more. */
    place->next = g_get_monotonic_time() + AGAIN_SECONDS * (int64_t)G_USEC_PER_SEC;
    key_credentials_clear(mine);
    copy(&place->mine, mine);
    g_clear_error(&failure);
  }
  flight_land(&place->flight, failure);
  if (failure == NULL)
    return true;
  key_credentials_clear(mine);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

bool
key_credentials_get(const CredentialUse *use, KeyCredentials *mine, bool *kept,
                    Cancellable *cancellable, GError **error)
{
  const CredentialSource *source = find_source(use, error);
  *kept = false;
  if (source == NULL)
    return false;
  Place *place = find_place(use);
  g_autoptr(GError) failure = NULL;
  bool got = false;
  g_mutex_lock(&place->flight.lock);
  while (!got && failure == NULL) {
    if (place->next > g_get_monotonic_time()) {
      copy(&place->mine, mine);
      got = *kept = true;
    } else if (flight_board(&place->flight, cancellable, &failure)) {
      got = get_next(use, source, place, mine, cancellable, &failure);
    }
  }
  g_mutex_unlock(&place->flight.lock);
  release_place(place);
  if (!got)
    g_propagate_error(error, g_steal_pointer(&failure));
  return got;
}

bool
key_credentials_refused(const CredentialUse *use, const KeyCredentials *mine)
{
  Place *place = find_place(use);
  g_mutex_lock(&place->flight.lock);
  /* Another thread may have got others. */
  bool same = g_strcmp0(place->mine.id, mine->id) == 0 &&
              g_strcmp0(place->mine.token, mine->token) == 0 &&
              g_strcmp0(place->mine.session, mine->session) == 0;
  bool is_new = same && place->got > g_get_monotonic_time() - NEW_US;
  if (same && !is_new) {
    key_credentials_clear(&place->mine);
    place->next = place->end = 0;
  }
  g_mutex_unlock(&place->flight.lock);
  release_place(place);
  return !is_new;
}
