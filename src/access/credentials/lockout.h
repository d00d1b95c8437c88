/* Who guesses passwords must wait: after a few that were wrong for a name, and after more from an
 * address, the next is not looked at for a second, then two, four, ... up to a quarter of an hour.
 *
 * So that nobody keeps another out by guessing at their name, an address from which a name has
 * logged in counts for itself: it waits for what was wrong from there, not for what others tried.
 *
 * What is wrong is forgotten after an hour. All is in memory, of this process, and bounded: what
 * was touched longest ago goes first. Names that nobody has are treated as all others. Any thread;
 * times are by g_get_monotonic_time(), given by the caller. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LOCKOUT_FREE_BY_NAME    5u
#define LOCKOUT_FREE_BY_ADDRESS 20u
#define LOCKOUT_LONGEST_US      ((int64_t)15 * 60 * G_USEC_PER_SEC)
#define LOCKOUT_FORGOTTEN_US    ((int64_t)60 * 60 * G_USEC_PER_SEC)

typedef struct Lockout Lockout;

/* @most: names and addresses. (transfer full) */
Lockout *lockout_new(unsigned most);
void lockout_free(Lockout *lockout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lockout, lockout_free)

/* How long they must wait before a password of @name from @address is looked at; 0: not at all. */
int64_t lockout_wait(Lockout *lockout, const char *name, const char *address, int64_t now);

typedef struct {
  int64_t name, address;        /* microseconds that it now waits, where this began a wait; or 0 */
  unsigned of_name, of_address; /* how many were wrong */
} LockoutBegun;
void lockout_failed(Lockout *lockout, const char *name, const char *address, int64_t now,
                    LockoutBegun *begun);
void lockout_succeeded(Lockout *lockout, const char *name, const char *address, int64_t now);
/* Attempts at one name are looked at one after the other, so that many at once are no more guesses
 * than the same in a row. @name as above. */
void lockout_enter(Lockout *lockout, const char *name);
void lockout_leave(Lockout *lockout, const char *name);
/* How many names and addresses are remembered. */
unsigned lockout_count(Lockout *lockout);
