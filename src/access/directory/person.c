/* A person as a directory says it; see the header. */
#include "access/directory/person.h"

DirectoryPerson *
directory_person_new(void)
{
  DirectoryPerson *person = g_new0(DirectoryPerson, 1);
  person->groups = g_ptr_array_new_with_free_func(g_free);
  return person;
}

void
directory_person_free(DirectoryPerson *person)
{
  if (person == NULL)
    return;
  g_free(person->id);
  g_free(person->name);
  g_free(person->display);
  g_free(person->mail);
  g_ptr_array_unref(person->groups);
  g_free(person);
}

bool
directory_person_add_group(DirectoryPerson *person, const char *name)
{
  if (g_ptr_array_find_with_equal_func(person->groups, name, g_str_equal, NULL))
    return true;
  if (person->groups->len >= DIRECTORY_GROUPS_MAX)
    return false;
  g_ptr_array_add(person->groups, g_strdup(name));
  return true;
}
