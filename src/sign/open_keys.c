/* Keys that are open; see the header. */
#include "sign/open_keys.h"

#include "base/error.h"
#include "sign/keys/flight.h"

/* A key may be changed where it is: for so long, it stays as it was. */
#define AGE_MAX_US (300 * (int64_t)G_USEC_PER_SEC)
/* More than a registry has. What is over is let go of with all others. */
#define KEYS_MAX 256u

typedef struct {
  Flight flight; /* its lock guards the others */
  Key *key;      /* or NULL */
  int64_t opened;
} Place;

static GMutex lock; /* guards `places` */
static GHashTable *places;

static void
clear_place(void *data)
{
  Place *place = data;
  flight_clear(&place->flight);
  key_free(place->key);
}

static void
release_place(gpointer place)
{
  g_atomic_rc_box_release_full(place, clear_place);
}

static char *
name_of(const char *uri, const KeyOptions *options)
{
  return g_strdup_printf("%s\n%s\n%s\n%s\n%s\n%u", uri, options->password_file, options->pin_file,
                         options->token_file, options->ca_file, options->seconds);
}

/* (transfer full) */
static Place *
find_place(const char *uri, const KeyOptions *options)
{
  g_autofree char *name = name_of(uri, options);
  g_mutex_lock(&lock);
  if (places == NULL)
    places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, release_place);
  Place *place = g_hash_table_lookup(places, name);
  if (place == NULL) {
    if (g_hash_table_size(places) >= KEYS_MAX)
      g_hash_table_remove_all(places);
    place = g_atomic_rc_box_new0(Place);
    flight_init(&place->flight);
    g_hash_table_insert(places, g_steal_pointer(&name), place);
  }
  g_atomic_rc_box_acquire(place);
  g_mutex_unlock(&lock);
  return place;
}

/* With the lock, which it lets go of meanwhile. */
static void
open_here(Place *place, const char *uri, const KeyOptions *options, Cancellable *cancellable,
          GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_mutex_unlock(&place->flight.lock);
  Key *key = key_open(uri, options, cancellable, &failure);
  g_mutex_lock(&place->flight.lock);
  place->key = key;
  place->opened = g_get_monotonic_time();
  flight_land(&place->flight, failure);
  if (key == NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
}

static Key *
get(Place *place, const char *uri, const KeyOptions *options, bool *fresh, Cancellable *cancellable,
    GError **error)
{
  g_autoptr(GError) failure = NULL;
  *fresh = false;
  g_mutex_lock(&place->flight.lock);
  if (place->key != NULL && g_get_monotonic_time() - place->opened > AGE_MAX_US)
    g_clear_pointer(&place->key, key_free);
  while (place->key == NULL && failure == NULL) {
    *fresh = true;
    if (flight_board(&place->flight, cancellable, &failure))
      open_here(place, uri, options, cancellable, &failure);
  }
  Key *key = place->key == NULL ? NULL : key_ref(place->key);
  g_mutex_unlock(&place->flight.lock);
  if (key == NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return key;
}

static void
forget(Place *place, const Key *key)
{
  g_mutex_lock(&place->flight.lock);
  if (place->key == key)
    g_clear_pointer(&place->key, key_free);
  g_mutex_unlock(&place->flight.lock);
}

Key *
open_keys_get(const char *uri, const KeyOptions *options, Cancellable *cancellable, GError **error)
{
  Place *place = find_place(uri, options);
  bool fresh;
  Key *key = get(place, uri, options, &fresh, cancellable, error);
  release_place(place);
  return key;
}

/* Whether a key that is opened anew may do better. */
static bool
may_be_stale(const GError *error)
{
  return !g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED) &&
         !g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_TIMEOUT) &&
         !g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_BUSY) &&
         !g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NETWORK);
}

GBytes *
open_keys_sign(const char *uri, const KeyOptions *options, SignatureAlgorithm algorithm,
               Slice message, Cancellable *cancellable, GError **error)
{
  Place *place = find_place(uri, options);
  GBytes *signature = NULL;
  for (bool again = true; again && signature == NULL;) {
    g_autoptr(GError) failure = NULL;
    bool fresh = true;
    g_autoptr(Key) key = get(place, uri, options, &fresh, cancellable, &failure);
    signature = key == NULL ? NULL : key_sign(key, algorithm, message, cancellable, &failure);
    if (signature != NULL)
      break;
    again = key != NULL && !fresh && may_be_stale(failure);
    if (key != NULL && may_be_stale(failure))
      forget(place, key);
    if (!again)
      g_propagate_error(error, g_steal_pointer(&failure));
  }
  release_place(place);
  return signature;
}
