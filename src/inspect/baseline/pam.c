/* The services of PAM: which modules say who somebody is. A fact "auth" has the control and the
 * module, with "nullok" after it where that is an argument. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

/* "[success=1 default=ignore]" is one word. */
static const char *
take_control(const char *rest, char **control)
{
  size_t size = *rest == '[' ? strcspn(rest, "]") + 1 : strcspn(rest, " \t");
  size = MIN(size, strlen(rest));
  *control = g_strndup(rest, size);
  return rest + size + strspn(rest + size, " \t");
}

static void
take_line(Facts *facts, const char *line)
{
  size_t size = strcspn(line, " \t");
  g_autofree char *type = g_strndup(line + (*line == '-'), size - (*line == '-'));
  g_autofree char *control = NULL;
  const char *rest = line + size + strspn(line + size, " \t");
  if (strcmp(type, "@include") == 0) {
    facts_add(facts, "include", rest);
    return;
  }
  if (g_ascii_strcasecmp(type, "auth") != 0)
    return;
  rest = take_control(rest, &control);
  g_auto(GStrv) words = config_words(rest, true);
  if (words[0] == NULL)
    return;
  const char *slash = strrchr(words[0], '/');
  bool nullok = g_strv_contains((const char *const *)words, "nullok");
  facts_add_format(facts, "auth", "%s %s%s", control, slash == NULL ? words[0] : slash + 1,
                   nullok ? " nullok" : "");
}

static void
read_pam(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "pam"};
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, true);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    if (*line != '#')
      take_line(&facts, line);
  }
}

static const char *const pam_places[] = {"etc/pam.d/", NULL};

const Detector pam_detector = {
    .name = "pam",
    .version = 1,
    .places = pam_places,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_pam,
};
