/* Where a key of a service is, as its URI says: KIND://PART/PART?NAME=VALUE&... Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  char **parts; /* of the path, NULL-terminated; none is empty */
  /* What stands after the "?"; each may be NULL. */
  char *endpoint; /* another address of the service */
  char *version, *mount;
  char *credentials; /* how they are got (key_credentials.h) */
  char *profile;     /* the section of a file of credentials */
  char *role;        /* that is taken on */
  char *client;      /* of several identities of a machine, which */
  char *login;       /* where Vault is logged in to: the path of an auth method */
} ServicePlace;

/* @shape: for the message; it has from @least to @most parts. ASSAY_ERROR_INVALID. */
bool service_place_read(const char *rest, const char *shape, unsigned least, unsigned most,
                        ServicePlace *place, GError **error);
void service_place_clear(ServicePlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ServicePlace, service_place_clear)
/* Whether @host may stand in an address: letters, digits, "-" and ".". */
bool service_host_is_plain(const char *host);
/* Whether @path, "a/b", leads below what stands before it, and says nothing else. */
bool service_path_is_plain(const char *path);
