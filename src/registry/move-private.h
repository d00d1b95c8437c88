/* Of moves, what the registry's other files use. */
#pragma once

#include "registry/move.h"

typedef struct MovedNames MovedNames;
MovedNames *moved_names_new(void);
void moved_names_free(MovedNames *names);
/* Room for one of registry_on_move(). */
RegistryMoved moved_names_hook(MovedNames *names);

/* REGISTRY_DENIED, with the new name, while @name is an alias: where it would be made anew. */
bool moved_refuse(SqlConnection *db, const char *name, GError **error);

/* The same by what is known in memory, before anything is taken. */
bool moved_refuse_known(Registry *registry, const char *name, GError **error);

/* --- move_rows.c: within the transaction --- */

/* Everything of the registry that has the name of a repository. */
bool move_rows(SqlConnection *db, const char *from, const char *to, GError **error);
/* What is set for a namespace. */
bool move_settings(SqlConnection *db, const char *from, const char *to, GError **error);
