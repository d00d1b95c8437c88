/* The secrets of ours that a directory asks for, each in a file of its own: the password of the
 * service account, the secret of the client. */
#pragma once

#include <glib.h>

/* The first line of @file, of at most 4,096 bytes in all, and the note that it was used
 * ("secret.used" on @kind:@name, "ldap:corp" say; never the secret). @what: the word for it in an
 * error. Any thread. (transfer full), to be wiped */
char *secret_file_read(const char *file, const char *what, const char *kind, const char *name,
                       GError **error);
