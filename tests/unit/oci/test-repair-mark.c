/* Which image another says that it repairs. */
#include "oci/repair_mark.h"

#define HEX   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OTHER "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define IMAGE                                                                                      \
  "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{" \
  "\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:" HEX            \
  "\",\"size\":2},\"layers\":[],\"annotations\":"
#define INDEX                                                                                      \
  "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[" \
  "],\"annotations\":"

typedef struct {
  const char *name, *start, *annotations, *config;
  bool repaired, inherited;
  const char *digest, *reference;
} Case;
static const Case cases[] = {
    {"nothing", IMAGE, "{}", "{}", false, false, "", NULL},
    {"ours", IMAGE, "{\"vnd.assay.repair.of\":\"sha256:" HEX "\"}", "{}", true, false,
     "sha256:" HEX, NULL},
    {"ours, of an index", INDEX, "{\"vnd.assay.repair.of\":\"sha256:" HEX "\"}", NULL, true, false,
     "sha256:" HEX, NULL},
    {"ours as a label", IMAGE, "{}", "{\"Labels\":{\"vnd.assay.repair.of\":\"sha256:" HEX "\"}}",
     true, true, "sha256:" HEX, NULL},
    {"ours before copa's", IMAGE,
     "{\"sh.copa.patch.origin.digest\":\"sha256:" OTHER "\",\"vnd.assay.repair.of\":\"sha256:" HEX
     "\"}",
     "{}", true, false, "sha256:" HEX, NULL},
    {"an annotation before a label", IMAGE, "{\"vnd.assay.repair.of\":\"sha256:" HEX "\"}",
     "{\"Labels\":{\"vnd.assay.repair.of\":\"sha256:" OTHER "\"}}", true, false, "sha256:" HEX,
     NULL},
    {"no digest", IMAGE, "{\"vnd.assay.repair.of\":\"team/app:1\"}", "{}", true, false, "", NULL},
    {"copa", IMAGE, "{\"sh.copa.image.patched\":\"2026-08-26T00:00:00Z\"}",
     "{\"Labels\":{\"a\":\"b\"},\"labels\":{\"BaseImage\":\"registry.example.com/team/app:1\"}}",
     true, false, "", "team/app"},
    {"copa's label alone", IMAGE, "{}",
     "{\"Labels\":{\"BaseImage\":\"registry.example.com/team/app:1\"}}", false, false, "", NULL},
    {"copa generate", IMAGE, "{}",
     "{\"Labels\":{\"sh.copa.image.patched\":\"2026-08-26T00:00:00Z\","
     "\"BaseImage\":\"registry.example.com/team/app:1\"}}",
     true, true, "", "team/app"},
    {"copa's index", INDEX, "{\"sh.copa.patched\":\"2026-08-26T00:00:00Z\"}", NULL, true, false, "",
     NULL},
    {"copa's index with its origin", INDEX,
     "{\"sh.copa.patched\":\"2026-08-26T00:00:00Z\",\"sh.copa.patch.origin.digest\":"
     "\"sha256:" HEX "\"}",
     NULL, true, false, "sha256:" HEX, NULL},
    {"no name", IMAGE, "{\"sh.copa.image.patched\":\"now\"}",
     "{\"labels\":{\"BaseImage\":\"../..\"}}", true, false, "", NULL},
    {"labels of other types", IMAGE, "{}", "{\"labels\":[1],\"Labels\":{\"BaseImage\":3}}", false,
     false, "", NULL},
};

static void
test_marks(const void *data)
{
  const Case *one = data;
  g_autofree char *text = g_strconcat(one->start, one->annotations, "}", NULL);
  g_autofree char *of_config = g_strconcat(
      "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"config\":", one->config, "}", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(Manifest) manifest = manifest_parse(slice_from_string(text), NULL, &error);
  g_assert_no_error(error);
  g_autoptr(ImageConfig) config =
      one->config == NULL ? NULL : image_config_parse(slice_from_string(of_config), &error);
  g_assert_no_error(error);
  g_auto(RepairMark) mark = {0};
  repair_mark_read(manifest, config, &mark);
  g_assert_cmpint(mark.repaired, ==, one->repaired);
  if (mark.repaired)
    g_assert_cmpint(mark.inherited, ==, one->inherited);
  g_assert_cmpstr(mark.digest.text, ==, one->digest);
  g_assert_cmpstr(mark.reference == NULL ? NULL : mark.reference->repository, ==, one->reference);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/oci/repair-mark/", cases[i].name, NULL);
    g_test_add_data_func(path, &cases[i], test_marks);
  }
  return g_test_run();
}
