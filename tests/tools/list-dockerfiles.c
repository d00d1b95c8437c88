/* What our reader of Dockerfiles finds, for tests/differential/dockerfiles.py, which compares it
 * with what BuildKit's finds (list_dockerfiles.go). Standard input: Dockerfiles, each after its
 * size in four bytes, big-endian. Standard output: a line of JSON for each: a list of instructions,
 * or the reason for which it is refused. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "text/dockerfile.h"

static json_t *
heredocs_to_json(const GPtrArray *heredocs)
{
  json_t *list = json_array();
  for (guint i = 0; i < heredocs->len; i++) {
    const DockerfileHeredoc *heredoc = g_ptr_array_index(heredocs, i);
    json_array_append_new(list, json_pack("[s,s,b,b]", heredoc->name, heredoc->text, heredoc->chomp,
                                          heredoc->expand));
  }
  return list;
}

static json_t *
instruction_to_json(const DockerfileInstruction *instruction)
{
  json_t *object = json_object(), *flags = json_array(), *list = json_array();
  for (char **flag = instruction->flags; *flag != NULL; flag++)
    json_array_append_new(flags, json_string(*flag));
  for (char **word = instruction->list; word != NULL && *word != NULL; word++)
    json_array_append_new(list, json_string(*word));
  json_set_string(object, "keyword", instruction->keyword);
  json_object_set_new(object, "onbuild", json_boolean(instruction->onbuild));
  json_object_set_new(object, "flags", flags);
  if (instruction->list != NULL)
    json_object_set_new(object, "list", list);
  else
    json_decref(list);
  json_set_string(object, "arguments", instruction->list == NULL ? instruction->arguments : "");
  json_object_set_new(object, "heredocs", heredocs_to_json(instruction->heredocs));
  json_set_number(object, "first", instruction->first);
  json_set_number(object, "last", instruction->last);
  return object;
}

static void
list_one(Slice text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Dockerfile) dockerfile = dockerfile_parse(text, &error);
  g_autoptr(json_t) answer = dockerfile == NULL ? json_string(error->message) : json_array();
  for (guint i = 0; dockerfile != NULL && i < dockerfile->instructions->len; i++)
    json_array_append_new(answer,
                          instruction_to_json(g_ptr_array_index(dockerfile->instructions, i)));
  g_autofree char *line = json_to_text(answer);
  puts(line);
}

int
main(void)
{
  uint8_t size[4];
  while (fread(size, 1, sizeof size, stdin) == sizeof size) {
    size_t wanted =
        (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | (size_t)size[3];
    g_autofree char *text = g_malloc(wanted + 1);
    if (fread(text, 1, wanted, stdin) != wanted)
      return 1;
    list_one(slice_new(text, wanted));
  }
  return 0;
}
