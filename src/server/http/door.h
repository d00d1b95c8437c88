/* The door: accepts connections and hands them to libmicrohttpd, one thread for all addresses.
 *
 * Whom no endpoint of the address admits is cut before a byte is read of it, so before TLS.
 *
 * It looks at the first byte before it does so. TLS at an address that speaks plain HTTP is
 * answered with the 400 by which clients know that they must do without (docker, containerd, helm,
 * oras fall back to HTTP for loopback on that alone); plain HTTP at one that speaks TLS is
 * answered with a text that says so. It sees connections off whose client still sends when all is
 * said, see door_linger(), and has slow ones looked for now and then. */
#pragma once

#include <microhttpd.h>

#include "server/http/connections.h"

typedef struct Door Door;

/* (transfer full); NULL with *error when the kernel has no more descriptors. */
Door *door_new(ConnectionWatch *watch, GError **error);
/* Accepts on @fd, a listening socket that is taken over, for @daemon. From any thread. */
void door_listen(Door *door, int fd, Entrance *entrance, struct MHD_Daemon *daemon);
/* Closes the socket of @entrance; when this returns, nobody is accepted there any more. From any
 * thread. */
void door_shut(Door *door, const Entrance *entrance);
/* From now on somebody accepts. */
void door_open(Door *door);
/* Closes the listening sockets; when this returns, nobody is accepted any more. */
void door_close(Door *door);
/* The connection of @fd, which its owner is about to close, has an answer under way: what its
 * client still sends is read until it ends, for a little while. From any thread. */
void door_linger(Door *door, int fd);
/* After the daemons were stopped. */
void door_free(Door *door);
