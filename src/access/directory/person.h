/* A person as a directory or a provider says it: what is kept of them here. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  char *id;          /* by which the directory knows them for ever */
  char *name;        /* in lower case */
  char *display;     /* or NULL */
  char *mail;        /* or NULL */
  GPtrArray *groups; /* char *: names, without doubles */
} DirectoryPerson;

DirectoryPerson *directory_person_new(void);
void directory_person_free(DirectoryPerson *person);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DirectoryPerson, directory_person_free)
/* False: it has so many already. */
#define DIRECTORY_GROUPS_MAX 1000u
bool directory_person_add_group(DirectoryPerson *person, const char *name);
