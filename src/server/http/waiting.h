/* Requests that wait for a change (the end of a scan) without holding a thread: an item enters with
 * a time limit, and is handed back when something changed, when its time is up, or at the close. */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct WaitingRoom WaitingRoom;

/* @hand_back gets each item once, on a thread of the room's own. (transfer full) */
WaitingRoom *waiting_room_new(void (*hand_back)(void *item, void *data), void *data);
/* The number of changes so far, taken before one looks whether there is something to wait for. */
uint64_t waiting_room_changes(WaitingRoom *room);
/* @until: by g_get_monotonic_time(). An item that missed a change since @changes does not wait. */
void waiting_room_enter(WaitingRoom *room, void *item, int64_t until, uint64_t changes);
void waiting_room_wake(WaitingRoom *room);
unsigned waiting_room_count(WaitingRoom *room);
/* Hands back all at once, and from then on each that enters. */
void waiting_room_close(WaitingRoom *room);
void waiting_room_free(WaitingRoom *room);
