/* What an image could shed as JSON, and whose layers' findings there are; see the header. */
#include "report/shed_report.h"

#include <string.h>

#include "report/report-private.h"

/* --- findings by layer --- */

/* (transfer full) */
static char *
key_of_package(const char *type, const char *name, const char *version)
{
  return g_strjoin("\n", type, name, version, NULL);
}

/* Of what was observed. (transfer full) */
static char *
key_of_place(const char *rule, const char *path, uint32_t line)
{
  return g_strdup_printf("%s\n%s\n%u", rule, path == NULL ? "" : path, line);
}

/* key -> layer, from the bottom, 1. (transfer full) */
static GHashTable *
layers_of(const ImageInventory *image)
{
  GHashTable *layers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < image->packages->len; i++) {
    const ImagePackage *each = &g_array_index(image->packages, ImagePackage, i);
    const Package *package = each->package;
    g_hash_table_insert(layers, key_of_package(package->type, package->name, package->version),
                        GUINT_TO_POINTER(each->layer + 1));
  }
  for (guint i = 0; i < image->observations->len; i++) {
    const ImageObservation *each = g_ptr_array_index(image->observations, i);
    const Observation *one = each->observation;
    if (each->layer < image->layers->len)
      g_hash_table_insert(layers, key_of_place(one->rule, one->path, one->line),
                          GUINT_TO_POINTER(each->layer + 1));
  }
  return layers;
}

/* From the bottom, 1; 0: none has the digest, or several have. */
static guint
layer_of_digest(const Shed *shed, const char *digest)
{
  guint layer = 0;
  for (guint i = 0; digest != NULL && i < shed->layers->len; i++) {
    if (strcmp(g_array_index(shed->layers, ShedLayer, i).digest.text, digest) != 0)
      continue;
    if (layer != 0)
      return 0;
    layer = i + 1;
  }
  return layer;
}

/* A package or a place may be in several layers, so the finding's own layer is asked first. Layers
 * of a source that knows no digests have none, and a layer may be there twice. */
static guint
layer_of(GHashTable *layers, const Shed *shed, const Finding *finding)
{
  guint layer = layer_of_digest(shed, finding->layer);
  if (layer != 0)
    return layer;
  g_autofree char *key =
      finding_is_of_package(finding)
          ? key_of_package(finding->package_type, finding->package, finding->installed_version)
          : key_of_place(finding->id, finding->location, finding->line);
  return GPOINTER_TO_UINT(g_hash_table_lookup(layers, key));
}

GArray *
shed_report_findings(const ShedReport *report)
{
  const GPtrArray *findings = report->report->findings;
  GArray *counts = g_array_new(FALSE, TRUE, sizeof(ShedFindings));
  g_array_set_size(counts, report->shed->layers->len + 1);
  g_autoptr(GHashTable) layers = layers_of(report->report->inventory);
  for (guint i = 0; findings != NULL && i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    guint layer = layer_of(layers, report->shed, finding);
    g_array_index(counts, ShedFindings, layer).counts[finding->severity]++;
  }
  return counts;
}

/* --- JSON --- */

typedef struct {
  unsigned kind; /* ShedKind */
  uint64_t files, bytes;
} Sum;
static const JsonMember sum_members[] = {
    {JSON_MEMBER(Sum, kind), .kind = &json_word, .words = shed_kind_names, .required = true},
    {JSON_MEMBER(Sum, files), .kind = &json_number},
    {JSON_MEMBER(Sum, bytes), .kind = &json_number},
};
const JsonTable shed_report_sum_table = JSON_TABLE(Sum, sum_members);

typedef struct {
  unsigned number;
  const char *digest, *command;
  uint64_t packed_bytes, files, bytes;
  bool in_part, unknown;
  GPtrArray *sheds; /* Sum */
  uint32_t findings[SEVERITY_CRITICAL + 1];
} LayerRow;
static const JsonMember layer_members[] = {
    {JSON_MEMBER(LayerRow, number), .kind = &json_number},
    {JSON_MEMBER(LayerRow, digest), .kind = &json_text},
    {JSON_MEMBER(LayerRow, command), .kind = &json_text},
    {JSON_MEMBER(LayerRow, packed_bytes), .kind = &json_number},
    {JSON_MEMBER(LayerRow, files), .kind = &json_number},
    {JSON_MEMBER(LayerRow, bytes), .kind = &json_number},
    {JSON_MEMBER(LayerRow, in_part), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(LayerRow, unknown), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(LayerRow, sheds), .kind = &json_list, .table = &shed_report_sum_table},
    {JSON_MEMBER(LayerRow, findings), .kind = &json_counts, .words = severity_names,
     .last_first = true},
};
const JsonTable shed_report_layer_table = JSON_TABLE(LayerRow, layer_members);

static const JsonMember file_members[] = {
    {JSON_MEMBER(ShedFile, kind), .kind = &json_word, .words = shed_kind_names, .required = true},
    {JSON_MEMBER(ShedFile, path), .kind = &json_text, .required = true},
    {JSON_MEMBER(ShedFile, bytes), .kind = &json_number},
    {JSON_MEMBER(ShedFile, layer), .kind = &json_number},
    {JSON_MEMBER_AS("hidden_by", ShedFile, by), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(ShedFile, same_as), .kind = &json_text},
};
const JsonTable shed_report_file_table = JSON_TABLE(ShedFile, file_members);

typedef struct {
  const char *type, *name, *version, *architecture;
  uint64_t bytes;
  unsigned layer;
} PackageRow;
static const JsonMember package_members[] = {
    {JSON_MEMBER(PackageRow, type), .kind = &json_text, .required = true},
    {JSON_MEMBER(PackageRow, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(PackageRow, version), .kind = &json_text, .required = true},
    {JSON_MEMBER(PackageRow, architecture), .kind = &json_text},
    {JSON_MEMBER(PackageRow, bytes), .kind = &json_number},
    {JSON_MEMBER(PackageRow, layer), .kind = &json_number},
};
const JsonTable shed_report_package_table = JSON_TABLE(PackageRow, package_members);

typedef struct {
  unsigned schema_version;
  const char *target, *digest, *advisories;
  uint64_t packed_bytes, bytes, shed_bytes;
  bool at_least;
  GPtrArray *incomplete, *notes;
  GPtrArray *sheds, *layers, *build_tools, *files;
  uint32_t findings_of_image[SEVERITY_CRITICAL + 1];
} Document;
static const JsonMember document_members[] = {
    {JSON_MEMBER(Document, schema_version), .kind = &json_number},
    {JSON_MEMBER(Document, target), .kind = &json_text},
    {JSON_MEMBER(Document, digest), .kind = &json_text},
    {JSON_MEMBER(Document, advisories), .kind = &json_text},
    {JSON_MEMBER(Document, packed_bytes), .kind = &json_number},
    {JSON_MEMBER(Document, bytes), .kind = &json_number},
    {JSON_MEMBER(Document, shed_bytes), .kind = &json_number},
    {JSON_MEMBER(Document, at_least), .kind = &json_flag},
    {JSON_MEMBER(Document, incomplete), .kind = &json_lines},
    {JSON_MEMBER(Document, notes), .kind = &json_lines},
    {JSON_MEMBER(Document, sheds), .kind = &json_list, .table = &shed_report_sum_table},
    {JSON_MEMBER(Document, layers), .kind = &json_list, .table = &shed_report_layer_table},
    {JSON_MEMBER(Document, build_tools), .kind = &json_list, .table = &shed_report_package_table},
    {JSON_MEMBER(Document, files), .kind = &json_list, .table = &shed_report_file_table},
    {JSON_MEMBER(Document, findings_of_image), .kind = &json_counts, .words = severity_names,
     .last_first = true},
};
const JsonTable shed_report_table = JSON_TABLE(Document, document_members);

/* Those with a file. (transfer full): Sum */
static GPtrArray *
sums_of(const WeightSum sums[SHED_KINDS])
{
  GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
  for (unsigned i = 0; i < SHED_KINDS; i++) {
    if (sums[i].files == 0)
      continue;
    Sum *sum = g_new0(Sum, 1);
    *sum = (Sum){i, sums[i].files, sums[i].bytes};
    g_ptr_array_add(list, sum);
  }
  return list;
}

static void
row_free(void *data)
{
  LayerRow *row = data;
  g_ptr_array_unref(row->sheds);
  g_free(row);
}

static void
add_layers(Document *document, const Shed *shed, const GArray *findings)
{
  for (guint i = 0; i < shed->layers->len; i++) {
    const ShedLayer *layer = &g_array_index(shed->layers, ShedLayer, i);
    LayerRow *row = g_new0(LayerRow, 1);
    *row = (LayerRow){.number = i + 1,
                      .digest = *layer->digest.text == '\0' ? NULL : layer->digest.text,
                      .command = layer->command,
                      .packed_bytes = layer->packed_bytes,
                      .files = layer->files.files,
                      .bytes = layer->files.bytes,
                      .in_part = layer->in_part,
                      .unknown = !layer->known,
                      .sheds = sums_of(layer->sums)};
    memcpy(row->findings, g_array_index(findings, ShedFindings, i + 1).counts,
           sizeof row->findings);
    document->packed_bytes += layer->packed_bytes;
    document->bytes += layer->files.bytes;
    g_ptr_array_add(document->layers, row);
  }
}

static void
add_packages(Document *document, const Shed *shed)
{
  for (guint i = 0; i < shed->packages->len; i++) {
    const ShedPackage *each = &g_array_index(shed->packages, ShedPackage, i);
    PackageRow *row = g_new0(PackageRow, 1);
    *row = (PackageRow){.type = each->package->type,
                        .name = each->package->name,
                        .version = each->package->version,
                        .architecture = each->package->architecture,
                        .bytes = each->package->installed_bytes,
                        .layer = each->layer};
    g_ptr_array_add(document->build_tools, row);
  }
}

json_t *
shed_report_to_json(const ShedReport *report)
{
  const Shed *shed = report->shed;
  g_autoptr(GArray) findings = shed_report_findings(report);
  g_autoptr(GPtrArray) sheds = sums_of(shed->sums), nothing = g_ptr_array_new();
  g_autoptr(GPtrArray) layers = g_ptr_array_new_with_free_func(row_free);
  g_autoptr(GPtrArray) packages = g_ptr_array_new_with_free_func(g_free);
  const GPtrArray *gaps = report->report->gaps, *notes = report->report->notes;
  Document document = {
      .schema_version = 1,
      .target = report->report->target,
      .digest = report->report->digest,
      .advisories = report->report->database,
      .shed_bytes = shed->bytes,
      .at_least = shed->at_least,
      .incomplete = gaps == NULL ? nothing : (GPtrArray *)(uintptr_t)gaps,
      .notes = notes == NULL ? nothing : (GPtrArray *)(uintptr_t)notes,
      .sheds = sheds,
      .layers = layers,
      .build_tools = packages,
      .files = shed->files,
  };
  add_layers(&document, shed, findings);
  add_packages(&document, shed);
  memcpy(document.findings_of_image, g_array_index(findings, ShedFindings, 0).counts,
         sizeof document.findings_of_image);
  return json_table_write(&shed_report_table, &document);
}
