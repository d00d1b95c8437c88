/* CycloneDX as JSON, of all versions: components, and those in components. */
#include <string.h>

#include "base/json.h"
#include "inspect/sboms/sboms-private.h"

static void
read_licences(SbomPart *part, const json_t *list)
{
  size_t index;
  json_t *choice;
  json_array_foreach(list, index, choice) {
    const json_t *license = json_get_object(choice, "license");
    const char *text = sbom_text(choice, "expression");
    if (text == NULL)
      text = sbom_text(license, "id");
    sbom_part_licence(part, text != NULL ? text : sbom_text(license, "name"));
  }
}

static void
read_properties(SbomPart *part, const json_t *list)
{
  size_t index;
  json_t *property;
  json_array_foreach(list, index, property) {
    const char *name = sbom_text(property, "name"), *value = sbom_text(property, "value");
    if (name != NULL && value != NULL)
      sbom_part_fact(part, name, value);
  }
}

static void
read_part(SbomPart *part, const json_t *component)
{
  const json_t *evidence = json_get_object(component, "evidence");
  const json_t *occurrences = json_get_array(evidence, "occurrences");
  const char *publisher = sbom_text(component, "publisher");
  part->os = g_strcmp0(sbom_text(component, "type"), "operating-system") == 0;
  sbom_set(&part->name, sbom_text(component, "name"));
  sbom_set(&part->group, sbom_text(component, "group"));
  sbom_set(&part->version, sbom_text(component, "version"));
  sbom_set(&part->purl, sbom_text(component, "purl"));
  sbom_set(&part->cpe, sbom_text(component, "cpe"));
  sbom_set(&part->supplier, sbom_text(json_get_object(component, "supplier"), "name"));
  sbom_set(&part->supplier, publisher);
  sbom_set(&part->location, sbom_text(json_array_get(occurrences, 0), "location"));
  read_licences(part, json_get_array(component, "licenses"));
  read_properties(part, json_get_array(component, "properties"));
}

static void
read_components(SbomReading *reading, const json_t *list, unsigned depth)
{
  size_t index;
  json_t *component;
  if (depth > SBOM_DEPTH_MAX) {
    sbom_broken(reading, "Its components are nested deeper than is followed.");
    return;
  }
  json_array_foreach(list, index, component) {
    g_auto(SbomPart) part = {.name = NULL};
    if (!json_is_object(component))
      continue;
    read_part(&part, component);
    sbom_add(reading, &part);
    read_components(reading, json_get_array(component, "components"), depth + 1);
  }
}

void
sbom_read_cyclonedx(SbomReading *reading, const json_t *bill)
{
  const json_t *root = json_get_object(json_get_object(bill, "metadata"), "component");
  g_auto(SbomPart) whole = {.name = NULL};
  if (root != NULL) {
    read_part(&whole, root);
    sbom_add_whole(reading, &whole);
    read_components(reading, json_get_array(root, "components"), 1);
  }
  read_components(reading, json_get_array(bill, "components"), 0);
}
