/* Waits after wrong passwords; see the header. */
#include "access/credentials/lockout.h"

#include <arpa/inet.h>
#include <string.h>

/* So many names are worked on side by side. */
#define LANES 64u

typedef struct {
  char *key;
  unsigned failures;
  bool known; /* of a name and an address: it has logged in from there */
  int64_t until, last;
  GList link; /* in `order` */
} Entry;

struct Lockout {
  unsigned most;
  GMutex lock; /* guards the rest, except lanes */
  GHashTable *entries;
  GQueue order; /* the one that was touched last at the head */
  GMutex lanes[LANES];
};

static void
entry_free(void *data)
{
  Entry *entry = data;
  g_free(entry->key);
  g_free(entry);
}

Lockout *
lockout_new(unsigned most)
{
  Lockout *lockout = g_new0(Lockout, 1);
  lockout->most = most;
  g_mutex_init(&lockout->lock);
  g_queue_init(&lockout->order);
  lockout->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
  for (unsigned i = 0; i < LANES; i++)
    g_mutex_init(&lockout->lanes[i]);
  return lockout;
}

void
lockout_free(Lockout *lockout)
{
  if (lockout == NULL)
    return;
  g_hash_table_unref(lockout->entries);
  for (unsigned i = 0; i < LANES; i++)
    g_mutex_clear(&lockout->lanes[i]);
  g_mutex_clear(&lockout->lock);
  g_free(lockout);
}

/* --- entries --- */

/* Half of an IPv6 address is its owner's to choose. (transfer full) */
static char *
address_key(const char *address)
{
  struct in6_addr six;
  char text[INET6_ADDRSTRLEN];
  if (address == NULL || inet_pton(AF_INET6, address, &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six))
    return g_strconcat("a ", address != NULL ? address : "", NULL);
  memset(six.s6_addr + 8, 0, 8);
  inet_ntop(AF_INET6, &six, text, sizeof text);
  return g_strconcat("a ", text, NULL);
}

static void
drop(Lockout *lockout, Entry *entry)
{
  g_queue_unlink(&lockout->order, &entry->link);
  g_hash_table_remove(lockout->entries, entry->key);
}

/* NULL: nothing is remembered of it, or not any more. */
static Entry *
look_up(Lockout *lockout, const char *key, int64_t now)
{
  Entry *entry = g_hash_table_lookup(lockout->entries, key);
  if (entry == NULL || now - entry->last < LOCKOUT_FORGOTTEN_US)
    return entry;
  entry->failures = 0;
  if (entry->known)
    return entry;
  drop(lockout, entry);
  return NULL;
}

static Entry *
touch(Lockout *lockout, const char *key, int64_t now)
{
  Entry *entry = look_up(lockout, key, now);
  if (entry == NULL) {
    if (g_hash_table_size(lockout->entries) >= lockout->most)
      drop(lockout, lockout->order.tail->data);
    entry = g_new0(Entry, 1);
    entry->key = g_strdup(key);
    entry->link.data = entry;
    g_hash_table_insert(lockout->entries, entry->key, entry);
  } else {
    g_queue_unlink(&lockout->order, &entry->link);
  }
  g_queue_push_head_link(&lockout->order, &entry->link);
  entry->last = now;
  return entry;
}

/* What an attempt counts for. */
typedef struct {
  char *name, *address, *both;
  bool known;
} Keys;

static Keys
keys_of(Lockout *lockout, const char *name, const char *address, int64_t now)
{
  Keys keys = {.name = g_strconcat("n ", name, NULL), .address = address_key(address)};
  keys.both = g_strconcat("b ", name, " ", keys.address, NULL);
  Entry *entry = look_up(lockout, keys.both, now);
  keys.known = entry != NULL && entry->known;
  return keys;
}

static void
keys_clear(Keys *keys)
{
  g_free(keys->name);
  g_free(keys->address);
  g_free(keys->both);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

/* --- waits --- */

static int64_t
wait_of(Lockout *lockout, const char *key, int64_t now)
{
  Entry *entry = look_up(lockout, key, now);
  return entry == NULL ? 0 : MAX(entry->until - now, 0);
}

int64_t
lockout_wait(Lockout *lockout, const char *name, const char *address, int64_t now)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lockout->lock);
  g_auto(Keys) keys = keys_of(lockout, name, address, now);
  if (keys.known)
    return wait_of(lockout, keys.both, now);
  return MAX(wait_of(lockout, keys.name, now), wait_of(lockout, keys.address, now));
}

/* Gives the wait that begins. */
static int64_t
count(Lockout *lockout, const char *key, unsigned free_of_wait, int64_t now, unsigned *failures)
{
  Entry *entry = touch(lockout, key, now);
  *failures = ++entry->failures;
  if (entry->failures < free_of_wait)
    return 0;
  unsigned doublings = MIN(entry->failures - free_of_wait, 20u);
  int64_t wait = MIN((int64_t)G_USEC_PER_SEC << doublings, LOCKOUT_LONGEST_US);
  entry->until = now + wait;
  return wait;
}

void
lockout_failed(Lockout *lockout, const char *name, const char *address, int64_t now,
               LockoutBegun *begun)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lockout->lock);
  g_auto(Keys) keys = keys_of(lockout, name, address, now);
  *begun = (LockoutBegun){0};
  begun->name = count(lockout, keys.known ? keys.both : keys.name, LOCKOUT_FREE_BY_NAME, now,
                      &begun->of_name);
  if (!keys.known)
    begun->address = count(lockout, keys.address, LOCKOUT_FREE_BY_ADDRESS, now, &begun->of_address);
}

void
lockout_succeeded(Lockout *lockout, const char *name, const char *address, int64_t now)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lockout->lock);
  g_auto(Keys) keys = keys_of(lockout, name, address, now);
  Entry *entry = touch(lockout, keys.both, now);
  entry->known = true;
  entry->failures = 0;
  entry->until = 0;
}

void
lockout_enter(Lockout *lockout, const char *name)
{
  g_mutex_lock(&lockout->lanes[g_str_hash(name) % LANES]);
}

void
lockout_leave(Lockout *lockout, const char *name)
{
  g_mutex_unlock(&lockout->lanes[g_str_hash(name) % LANES]);
}

unsigned
lockout_count(Lockout *lockout)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lockout->lock);
  return g_hash_table_size(lockout->entries);
}
