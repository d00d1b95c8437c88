/* A head cut up as libmicrohttpd 0.9.75 does it (connection.c, get_next_header_line() to
 * process_broken_line()), for who checks what comes of it. Folded lines: the library copies the
 * name to a place of its own and appends what follows. */
#pragma once

#include <string.h>

#include "server/http/head.h"

typedef struct {
  char *text; /* of the head; changed */
  size_t size;
  GPtrArray *copies;
} CutHead;

/* The next line, ended by NUL; NULL when there is none. *at: what follows. */
static char *
cut_line(CutHead *cut, size_t *at)
{
  char *line = cut->text + *at;
  char *end = memchr(line, '\n', cut->size - *at);
  if (end == NULL)
    return NULL;
  *at = (size_t)(end - cut->text) + 1;
  *end = '\0';
  if (end > line && end[-1] == '\r')
    end[-1] = '\0';
  return line;
}

static bool
cut_request_line(char *line, RequestLine *found)
{
  size_t size = strlen(line);
  char *target = memchr(line, ' ', size), *version = line + size;
  if (target == NULL)
    return false;
  *target++ = '\0';
  target += strspn(target, " ");
  while (version > target && version[-1] != ' ')
    version--;
  if (version <= target)
    return false;
  version[-1] = '\0';
  const char *end = target;
  while ((unsigned char)*end > ' ' && *end != 0x7f)
    end++;
  *found = (RequestLine){line, target, *end == '\0' ? end : NULL, version};
  return true;
}

/* Walks over the head as the server does. False when the library refuses it by itself. */
static bool
cut_and_walk(CutHead *cut, Head *head)
{
  size_t at = 0;
  RequestLine request;
  char *line = cut_line(cut, &at), *name = NULL, *value = NULL;
  if (line == NULL || !cut_request_line(line, &request))
    return false;
  g_autoptr(GPtrArray) pairs = g_ptr_array_new();
  while ((line = cut_line(cut, &at)) != NULL) {
    if ((*line == ' ' || *line == '\t') && name != NULL) {
      name = g_strconcat(name, line + strspn(line, " \t"), NULL);
      g_ptr_array_add(cut->copies, name);
      continue;
    }
    if (name != NULL) {
      g_ptr_array_add(pairs, name);
      g_ptr_array_add(pairs, value);
    }
    if (*line == '\0')
      break;
    char *colon = strchr(line, ':');
    if (colon == NULL)
      return false;
    *colon = '\0';
    name = line;
    value = colon + 1 + strspn(colon + 1, " \t");
  }
  if (line == NULL)
    return false;
  head_walk(head, &request, cut->text + at);
  for (guint i = 0; i < pairs->len; i += 2)
    head_add(head, slice_from_string(g_ptr_array_index(pairs, i)),
             slice_from_string(g_ptr_array_index(pairs, i + 1)));
  return true;
}
