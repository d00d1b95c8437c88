/* tomcat-users.xml. No password leaves this file. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"
#include "inspect/baseline/weak_passwords.h"
#include "text/xml_walk.h"

static void
begin(const char *path, const char **attributes, void *data)
{
  Facts *facts = data;
  if (!g_str_has_suffix(path, "/user"))
    return;
  const char *name = xml_attribute(attributes, "username");
  const char *password = xml_attribute(attributes, "password");
  const char *roles = xml_attribute(attributes, "roles");
  name = name == NULL ? xml_attribute(attributes, "name") : name;
  if (name == NULL || password == NULL)
    return;
  bool weak = *password == '\0' || g_ascii_strcasecmp(name, password) == 0 ||
              password_is_common(password) || config_is_one_of(password, "s3cret must-be-changed");
  facts_add_format(facts, weak ? "weak-user" : "user", "%s, with the roles %s", name,
                   roles == NULL || *roles == '\0' ? "none" : roles);
}

static void
read_tomcat(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "tomcat"};
  const XmlVisits visits = {.begin = begin};
  g_autoptr(GError) error = NULL;
  /* Of a broken file Tomcat reads as little. */
  xml_walk(bytes, &visits, &facts, &error);
}

static bool
is_meant(const char *path)
{
  return !config_is_example(path);
}

static const char *const tomcat_places[] = {"*/tomcat-users.xml", NULL};

const Detector tomcat_detector = {
    .name = "tomcat",
    .version = 1,
    .places = tomcat_places,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_tomcat,
};
