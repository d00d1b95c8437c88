/* Which format an SBOM has, and the detectors; see the header. */
#include "inspect/sboms/sboms.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "inspect/sboms/sboms-private.h"

/* The most of one, as the target of a scan and in an image. */
#define TARGET_BYTES_MAX ((uint64_t)128 * 1024 * 1024)
#define FOUND_BYTES_MAX  ((uint64_t)16 * 1024 * 1024)

/* --- formats --- */

/* GitHub and attestations wrap the document. (transfer none) */
static const json_t *
unwrap(const json_t *value)
{
  static const char *const wrappers[] = {"sbom", "predicate", "Data"};
  for (size_t i = 0; i < G_N_ELEMENTS(wrappers); i++) {
    const json_t *inner = json_get_object(value, wrappers[i]);
    if (inner != NULL)
      value = inner;
  }
  return value;
}

static void read_text(SbomReading *reading, Slice bytes);

static void
read_json(SbomReading *reading, Slice bytes)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = json_parse_lenient(bytes, SBOM_VALUES_MAX, &error);
  if (value == NULL) {
    sbom_broken(reading, error->message);
    return;
  }
  g_autoptr(json_t) statement = NULL;
  if (!attestation_open(reading, value, &statement))
    return;
  const char *text = attestation_text(statement);
  if (text != NULL) {
    read_text(reading, slice_from_string(text));
    return;
  }
  const json_t *document = unwrap(statement != NULL ? statement : value);
  if (g_strcmp0(json_get_string(document, "bomFormat"), "CycloneDX") == 0)
    sbom_read_cyclonedx(reading, document);
  else if (json_get_string(document, "spdxVersion") != NULL)
    sbom_read_spdx(reading, document);
  else if (json_get_array(document, "@graph") != NULL)
    sbom_broken(reading, "It is SPDX 3, which is not read; SPDX 2 and CycloneDX are.");
  else
    sbom_broken(reading, "It is JSON, but neither CycloneDX nor SPDX.");
}

static bool
has_tag(Slice bytes)
{
  Slice line;
  while (slice_next_line(&bytes, &line))
    if (slice_has_prefix(line, SLICE_LITERAL("SPDXVersion:")))
      return true;
  return false;
}

static void
read_text(SbomReading *reading, Slice bytes)
{
  Slice mark = SLICE_LITERAL("\xef\xbb\xbf");
  if (slice_has_prefix(bytes, mark))
    bytes = slice_sub(bytes, mark.size, bytes.size);
  Slice text = slice_strip(bytes);
  if (text.size > 0 && text.data[0] == '{')
    read_json(reading, text);
  else if (reading->must_attest && !reading->attested)
    sbom_broken(reading, "It is no attestation, although the registry calls it one.");
  else if (text.size > 0 && text.data[0] == '<')
    sbom_read_xml(reading, text);
  else if (has_tag(text))
    sbom_read_tags(reading, text);
  else
    sbom_broken(reading, "It is neither CycloneDX (JSON, XML) nor SPDX (JSON, tag-value).");
}

void
sbom_read(Slice bytes, const char *location, bool target, LayerInventory *into)
{
  SbomReading reading = {.into = into, .location = location, .target = target};
  reading.must_attest = target && g_str_has_prefix(location, SBOM_TARGET_OF);
  if (reading.must_attest)
    reading.subject = location + strlen(SBOM_TARGET_OF);
  else if (target && g_str_has_prefix(location, SBOM_TARGET_BESIDE))
    reading.subject = location + strlen(SBOM_TARGET_BESIDE);
  read_text(&reading, bytes);
  if (reading.subject != NULL && !reading.must_attest && !reading.attested)
    layer_inventory_add_note(into, "not-verified", location,
                             "The SBOM lies beside the image, where anybody may put one who may "
                             "push, and is not verified: it is not signed, or that was not "
                             "checked.");
  sbom_finish(&reading);
}

/* --- detectors --- */

static void
read_target(Slice bytes, const char *location, LayerInventory *into)
{
  sbom_read(bytes, location, true, into);
}

static void
read_found(Slice bytes, const char *location, LayerInventory *into)
{
  sbom_read(bytes, location, false, into);
}

const Detector sbom_target_detector = {
    .name = "sbom-target",
    .version = 3,
    .places = (const char *const[]){SBOM_TARGET_PLACE, SBOM_TARGET_OF, SBOM_TARGET_BESIDE, NULL},
    .lists_packages = true,
    .most = TARGET_BYTES_MAX,
    .read = read_target,
};

const Detector sboms_detector = {
    .name = "sboms",
    .version = 2,
    .places =
        (const char *const[]){"*.spdx", "*.spdx.json", "*.cdx", "*.cdx.json", "*.cdx.xml", NULL},
    .most = FOUND_BYTES_MAX,
    .read = read_found,
};
