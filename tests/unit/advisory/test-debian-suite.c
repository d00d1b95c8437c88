/* The pieces of the debian-repo feed: control files, changelogs, signatures, dates, indices. */
#include <glib.h>
#include <string.h>

#include "advisory/feeds/changelog.h"
#include "advisory/feeds/debian_release.h"
#include "advisory/feeds/debian_source.h"
#include "base/error.h"
#include "text/deb822.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
test_stanzas(void)
{
  Slice rest = SLICE_LITERAL("\n\nPackage: a\nLong: one\n two\n\tthree\nempty:\n\n\nPackage: b");
  Slice stanza, value;
  g_assert_true(deb822_next_stanza(&rest, &stanza));
  g_assert_true(deb822_get(stanza, "package", &value));
  g_assert_true(slice_equal_string(value, "a"));
  g_assert_true(deb822_get(stanza, "Long", &value));
  g_assert_true(slice_equal_string(value, "one\n two\n\tthree"));
  g_assert_true(deb822_get(stanza, "Empty", &value));
  g_assert_cmpuint(value.size, ==, 0);
  g_assert_false(deb822_get(stanza, "Lon", &value));
  g_assert_true(deb822_next_stanza(&rest, &stanza));
  g_autofree char *package = deb822_get_text(stanza, "Package");
  g_assert_cmpstr(package, ==, "b");
  g_assert_false(deb822_next_stanza(&rest, &stanza));
}

static void
test_changelog(void)
{
  static const char text[] =
      "openssl (3.0.2-1+deb12u2) bookworm-security; urgency=high\n"
      "\n"
      "  * CVE-2024-2222 and cve-2024-33333 (Closes: #1), see DSA-5678-1.\n"
      "\n"
      " -- A Person <a@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n"
      "\n"
      "openssl (1:3.0.1-1) unstable; urgency=medium\n"
      "  * CVE-2023-123 is too short, CVE-20231-4444 has no year, CVE-2023-1111 is one\n"
      "openssl (0.9-1) unstable; urgency=low\n"
      "  * An entry whose predecessor has no signature.\n"
      " -- A Person <a@example.org>  Mon, 01 Jan 2001 00:00:00 +0000\n";
  static const struct {
    const char *version, *cves, *advisory;
  } expected[] = {
      {"3.0.2-1+deb12u2", "CVE-2024-2222 CVE-2024-33333 ", "DSA-5678-1"},
      {"1:3.0.1-1", "CVE-2023-1111 ", ""},
      {"0.9-1", "", ""},
  };
  Slice rest = slice_from_string(text);
  for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
    ChangelogEntry entry;
    char id[CVE_TEXT_MAX];
    g_autoptr(GString) cves = g_string_new(NULL);
    g_assert_true(changelog_next_entry(&rest, &entry));
    g_assert_true(slice_equal_string(entry.package, "openssl"));
    g_assert_true(slice_equal_string(entry.version, expected[i].version));
    g_assert_true(slice_equal_string(changelog_find_advisory(entry.body), expected[i].advisory));
    while (changelog_next_cve(&entry.body, id))
      g_string_append_printf(cves, "%s ", id);
    g_assert_cmpstr(cves->str, ==, expected[i].cves);
  }
  ChangelogEntry none;
  g_assert_false(changelog_next_entry(&rest, &none));

  g_autoptr(GBytes) from_diff = changelog_from_diff(SLICE_LITERAL(
      "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n--- a.orig/debian/changelog\n"
      "+++ a/debian/changelog\n@@ -0,0 +1,2 @@\n+a (1) unstable; urgency=low\n+  * x\n"
      "--- a/y\n+++ b/y\n@@ -1 +1 @@\n+not of it\n"));
  g_assert_true(
      slice_equal_string(slice_from_bytes(from_diff), "a (1) unstable; urgency=low\n  * x\n"));
  g_assert_null(changelog_from_diff(SLICE_LITERAL("--- a\n+++ b\n")));
}

#define GOOD          "[GNUPG:] GOODSIG 0123 Debian\n"
#define VALID(digest) "[GNUPG:] VALIDSIG 01 2026-09-12 1 0 4 0 1 " digest " 01 02\n"

static void
test_signatures(void)
{
  static const struct {
    const char *name, *status;
    bool good;
  } cases[] = {
      {"good", "[GNUPG:] NEWSIG\n" GOOD VALID("8"), true},
      {"good beside one of an unknown key",
       "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 1\n[GNUPG:] NO_PUBKEY 1\n[GNUPG:] NEWSIG\n" GOOD VALID(
           "10"),
       true},
      {"bad beside good", "[GNUPG:] NEWSIG\n" GOOD VALID("8") "[GNUPG:] BADSIG 1 x\n", false},
      {"expired key", "[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG 1 x\n" VALID("8"), false},
      {"revoked key", "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG 1 x\n" VALID("8"), false},
      {"expired signature", "[GNUPG:] NEWSIG\n[GNUPG:] EXPSIG 1 x\n" VALID("8"), false},
      {"SHA-1", "[GNUPG:] NEWSIG\n" GOOD VALID("2"), false},
      {"no digest named", "[GNUPG:] NEWSIG\n" GOOD "[GNUPG:] VALIDSIG 01\n", false},
      {"unknown key", "[GNUPG:] NO_PUBKEY 1\n", false},
      {"valid without good", VALID("8"), false},
      {"nothing", "", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].name);
    g_autofree char *reason = NULL;
    g_assert_cmpint(debian_release_signature_is_good(slice_from_string(cases[i].status), &reason),
                    ==, cases[i].good);
    g_assert_cmpint(reason == NULL, ==, cases[i].good);
  }
}

static void
test_release(void)
{
  static const char release[] =
      "Origin: Debian\nSuite: oldstable-security\nVersion: 12\nCodename: bookworm-security\n"
      "Date: Sat, 21 Nov 2026 00:53:02 UTC\nValid-Until: Sat, 28 Nov 2026 00:53:02 UTC\n"
      "SHA256:\n"
      " " HASH_A " 10 main/source/Sources\n"
      " " HASH_B " 5 main/source/Sources.xz\n"
      " " HASH_A " 7 main/source/Sources.gz\n"
      " " HASH_A " 7 main/binary-amd64/Packages.gz\n"
      " " HASH_A " 7 main/binary-arm64/Packages.xz\n"
      " " HASH_A " 7 main/debian-installer/binary-amd64/Packages.xz\n"
      " " HASH_A " 7 ../../etc/source/Sources.xz\n"
      " short 7 contrib/source/Sources.xz\n";
  Slice text = slice_from_string(release);
  int64_t end;
  g_assert_true(debian_date_parse("Sat, 28 Nov 2026 00:53:02 UTC", &end));
  g_assert_false(debian_date_parse("tomorrow", &end));
  static const struct {
    const char *suite;
    int seconds_after_end, error; /* -1: none */
  } cases[] = {
      {"bookworm-security", 0, -1},
      {"bookworm-security", 1, ASSAY_ERROR_MISMATCH},
      {"oldstable-security", 0, -1},
      {"bullseye-security", 0, ASSAY_ERROR_MISMATCH},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    bool fine =
        debian_release_check(text, cases[i].suite, end + cases[i].seconds_after_end, &error);
    g_assert_cmpint(fine, ==, cases[i].error < 0);
    if (cases[i].error >= 0)
      g_assert_error(error, ASSAY_ERROR, cases[i].error);
  }
  /* Ubuntu's have no Valid-Until, and name only the suite with its pocket. */
  const Slice jammy = SLICE_LITERAL("Origin: Ubuntu\nSuite: jammy-security\nCodename: jammy\n");
  g_assert_true(debian_release_check(jammy, "jammy-security", end, NULL));
  g_assert_false(debian_release_check(jammy, "jammy-updates", end, NULL));
  g_autofree char *ecosystem = debian_release_ecosystem(text, NULL);
  g_assert_cmpstr(ecosystem, ==, "debian:12");
  g_autofree char *ubuntu = debian_release_ecosystem(
      SLICE_LITERAL("Origin: Ubuntu\nCodename: jammy\nVersion: 22.04"), NULL);
  g_assert_cmpstr(ubuntu, ==, "ubuntu:22.04");

  g_autoptr(GPtrArray) indices = debian_release_indices(text, "amd64");
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < indices->len; i++)
    g_string_append_printf(names, "%s ", ((const DebianIndex *)indices->pdata[i])->path);
  g_assert_cmpstr(names->str, ==, "main/source/Sources.xz main/binary-amd64/Packages.gz ");
}

static void
test_sources(void)
{
  static const char sources_text[] =
      "Package: quilt\nVersion: 1-1\nDirectory: pool/q\nChecksums-Sha256:\n"
      " " HASH_A " 1 quilt_1-1.dsc\n " HASH_A " 2 quilt_1.orig.tar.gz\n"
      " " HASH_A " 3 quilt_1.orig.tar.gz.asc\n " HASH_B " 4 quilt_1-1.debian.tar.xz\n"
      "\nPackage: quilt\nVersion: 1-2\nDirectory: pool/q\nChecksums-Sha256:\n"
      " " HASH_B " 5 quilt_1-2.debian.tar.xz\n"
      "\nPackage: native\nVersion: 2\nDirectory: pool/n\nChecksums-Sha256:\n"
      " " HASH_B " 6 native_2.tar.xz\n"
      "\nPackage: old\nVersion: 3-1\nDirectory: pool/o\nChecksums-Sha256:\n"
      " " HASH_A " 7 old_3.orig.tar.gz\n " HASH_B " 8 old_3-1.diff.gz\n"
      "\nPackage: ../escape\nVersion: 1\nDirectory: pool/e\n"
      "\nPackage: nowhere\nVersion: 1\n";
  static const char packages_text[] =
      "Package: libquilt\nSource: quilt (1-1)\nVersion: 9\nFilename: pool/l.deb\nSize: 50\n"
      "SHA256: " HASH_A "\n"
      "\nPackage: quilt\nVersion: 1-1\nFilename: pool/q.deb\nSize: 40\nSHA256: " HASH_A "\n"
      "\nPackage: native\nVersion: 2\n"
      "\nPackage: stranger\nVersion: 2\n";
  uint64_t skipped = 0;
  const FeedSink nobody = {NULL};
  g_autoptr(GHashTable) sources = debian_sources_new();
  debian_sources_add(sources, slice_from_string(sources_text), &nobody, &skipped);
  debian_sources_note_packages(sources, slice_from_string(packages_text));
  g_assert_cmpuint(skipped, ==, 2);
  g_assert_cmpuint(g_hash_table_size(sources), ==, 3);

  const DebianSource *quilt = g_hash_table_lookup(sources, "quilt");
  g_assert_cmpstr(quilt->version, ==, "1-2");
  g_assert_cmpstr(quilt->source.path, ==, "pool/q/quilt_1-2.debian.tar.xz");
  g_assert_cmpstr(quilt->installable, ==, "1-1");
  g_assert_cmpstr(quilt->debs[0].path, ==, "pool/q.deb");
  g_assert_cmpstr(quilt->debs[1].path, ==, "pool/l.deb");
  const DebianSource *native = g_hash_table_lookup(sources, "native");
  g_assert_cmpstr(native->source.path, ==, "pool/n/native_2.tar.xz");
  const DebianSource *old = g_hash_table_lookup(sources, "old");
  g_assert_cmpstr(old->source.path, ==, "pool/o/old_3-1.diff.gz");
  g_assert_cmpint(old->source.place, ==, CHANGELOG_IN_DIFF);
  g_assert_null(old->installable);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/debian-suite/stanzas", test_stanzas);
  g_test_add_func("/debian-suite/changelog", test_changelog);
  g_test_add_func("/debian-suite/signatures", test_signatures);
  g_test_add_func("/debian-suite/release", test_release);
  g_test_add_func("/debian-suite/sources", test_sources);
  return g_test_run();
}
