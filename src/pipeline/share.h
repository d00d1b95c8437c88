/* What many ask for at once, and costs much, is worked out once, by few at a time, and kept for a
 * moment.
 *
 * Nobody waits in here: who is told SHARE_LATER asks again when something was worked out, which
 * share_end()'s caller makes known. All may be called from any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct SharedWork SharedWork;

/* A value that several hold. */
typedef struct SharedItem SharedItem;
/* One that nobody else has heard of. Takes over @value. (transfer full) */
SharedItem *shared_item_new(void *value, GDestroyNotify free_value);
void *shared_item_value(const SharedItem *item);
void shared_item_unref(SharedItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SharedItem, shared_item_unref)

typedef enum {
  SHARE_READY, /* here it is */
  SHARE_MINE,  /* the caller works it out, and calls share_end() */
  SHARE_LATER, /* another does, or too many others are being worked out */
} ShareAnswer;

/* @at_once: so many may be worked out at a time. (transfer full) */
SharedWork *share_new(unsigned at_once);
void share_free(SharedWork *share);
/* @generation: of what it is worked out from; what was made from another is not given out. *item
 * (transfer full) with SHARE_READY. */
ShareAnswer share_begin(SharedWork *share, const char *key, uint64_t generation, SharedItem **item);
/* @item: what came of it, or NULL; @weight: how much it takes, in any unit. Not taken over. */
void share_end(SharedWork *share, const char *key, SharedItem *item, unsigned weight);
/* Drops what nobody asked for of late. */
void share_tidy(SharedWork *share);
