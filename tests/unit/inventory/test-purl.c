/* Package URLs: the traps of the specification, and packages of the inventory there and back. */
#include <string.h>

#include "inventory/purl.h"

/* --- texts --- */

static const struct {
  const char *text, *type, *namespace, *name, *version, *subpath, *canonical; /* NULL: the text */
} texts[] = {
    {"pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie", "deb", "debian", "curl", "7.50.3-1",
     NULL, NULL},
    {"pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=source", "deb", "debian", "attr", "1:2.4.47-2+b1",
     NULL, NULL},
    {"pkg:deb/debian/attr@1%3A2.4.47-2", "deb", "debian", "attr", "1:2.4.47-2", NULL,
     "pkg:deb/debian/attr@1:2.4.47-2"},
    {"pkg:npm/%40angular/animation@12.3.1", "npm", "@angular", "animation", "12.3.1", NULL, NULL},
    {"pkg:npm/@angular/animation@12.3.1", "npm", "@angular", "animation", "12.3.1", NULL,
     "pkg:npm/%40angular/animation@12.3.1"},
    {"pkg:npm/@angular/animation", "npm", "@angular", "animation", NULL, NULL,
     "pkg:npm/%40angular/animation"},
    {"pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?type=zip&classifier=sources", "maven",
     "org.apache.xmlgraphics", "batik-anim", "1.9.1", NULL,
     "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?classifier=sources&type=zip"},
    {"pkg:golang/google.golang.org/genproto#/googleapis//api/../annotations/", "golang",
     "google.golang.org", "genproto", NULL, "googleapis/api/annotations",
     "pkg:golang/google.golang.org/genproto#googleapis/api/annotations"},
    {"pkg:golang/GitHub.com/Azure/azure-sdk@v1.0.0%2Bincompatible", "golang", "github.com/azure",
     "azure-sdk", "v1.0.0+incompatible", NULL,
     "pkg:golang/github.com/azure/azure-sdk@v1.0.0%2Bincompatible"},
    {"pkg:PYPI/Django_package@1.11.1.dev1", "pypi", NULL, "django-package", "1.11.1.dev1", NULL,
     "pkg:pypi/django-package@1.11.1.dev1"},
    {"pkg://composer/Laravel/Framework@v5.5.0", "composer", "laravel", "framework", "v5.5.0", NULL,
     "pkg:composer/laravel/framework@v5.5.0"},
    {"pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&epoch=1&distro=fedora-25", "rpm", "fedora",
     "curl", "7.50.3-1.fc25", NULL,
     "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25&epoch=1"},
    {"pkg:oci/a@sha256:12?repository_url=r.example%2Fx&empty=", "oci", NULL, "a", "sha256:12", NULL,
     "pkg:oci/a@sha256:12?repository_url=r.example%2Fx"},
    {"pkg:generic/a%20b@1%2F2", "generic", NULL, "a b", "1/2", NULL, NULL},
    {"pkg:cocoapods/GoogleUtilities@7.5.2#NSData+zlib", "cocoapods", NULL, "GoogleUtilities",
     "7.5.2", "NSData+zlib", "pkg:cocoapods/GoogleUtilities@7.5.2#NSData%2Bzlib"},
};

static void
test_texts(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Purl) purl = purl_parse(texts[i].text, &error);
    g_test_message("%s", texts[i].text);
    g_assert_no_error(error);
    g_assert_cmpstr(purl->type, ==, texts[i].type);
    g_assert_cmpstr(purl->namespace, ==, texts[i].namespace);
    g_assert_cmpstr(purl->name, ==, texts[i].name);
    g_assert_cmpstr(purl->version, ==, texts[i].version);
    g_assert_cmpstr(purl->subpath, ==, texts[i].subpath);
    g_autofree char *text = purl_to_text(purl);
    g_assert_cmpstr(text, ==, texts[i].canonical != NULL ? texts[i].canonical : texts[i].text);
  }
}

static void
test_refused(void)
{
  static const char *const refused[] = {
      "",        "pkg:",       "pkg:npm",         "pkg:npm/",           "npm/a@1",
      "pkg:/a",  "pkg:1a/b@1", "pkg:deb/a%zz@1",  "pkg:deb/a@1?b",      "pkg:deb/a@1?=b",
      "pkg:@1a", "pkg:a/@1",   "pkg:deb/a%00b@1", "pkg:deb/a%ff@1",     "pkg:deb/a@1?b/c=1",
      "invalid", "pkg:a b/c",  "pkg:deb/x@%gg",   "pkg:deb/x@1#%e0%00",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Purl) purl = purl_parse(refused[i], &error);
    g_test_message("%s", refused[i]);
    g_assert_null(purl);
    g_assert_nonnull(error);
  }
  g_autofree char *long_one = g_strnfill(PURL_BYTES_MAX, 'a');
  g_autofree char *text = g_strconcat("pkg:deb/", long_one, NULL);
  g_assert_null(purl_parse(text, NULL));
}

/* --- packages --- */

static char id_debian[] = "debian", id_rhel[] = "rhel", id_alpine[] = "alpine", twelve[] = "12",
            nine[] = "9.3", three[] = "3.18.4";
static const OsRelease debian = {.id = id_debian, .version_id = twelve};
static const OsRelease rhel = {.id = id_rhel, .version_id = nine};
static const OsRelease alpine = {.id = id_alpine, .version_id = three};

static const struct {
  const OsRelease *os;
  const char *type, *name, *version, *architecture, *source, *source_version, *module, *purl;
} packages[] = {
    {&debian, "deb", "libc6", "2.36-9+deb12u4", "amd64", "glibc", "2.36-9+deb12u4", NULL,
     "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream=glibc"},
    {&debian, "deb", "perl", "5:1.0~rc1", "all", "perl", "5:1.0", NULL,
     "pkg:deb/debian/perl@5:1.0~rc1?arch=all&distro=debian-12&upstream=perl%405:1.0"},
    {&rhel, "rpm", "perl-libs", "4:5.30-1.el9", "x86_64", "perl", "4:5.30-1.el9", "perl:5.30:80:ab",
     "pkg:rpm/redhat/perl-libs@5.30-1.el9?arch=x86_64&distro=rhel-9.3&epoch=4&"
     "rpmmod=perl:5.30:80:ab&upstream=perl-5.30-1.el9.src.rpm"},
    {&alpine, "apk", "libcrypto3", "3.1.4-r5", "x86_64", "openssl", "3.1.4-r5", NULL,
     "pkg:apk/alpine/libcrypto3@3.1.4-r5?arch=x86_64&distro=alpine-3.18.4&upstream=openssl"},
    {NULL, "maven", "org.a:b", "1", NULL, NULL, NULL, NULL, "pkg:maven/org.a/b@1"},
    {NULL, "maven", "b", "1", NULL, NULL, NULL, NULL, "pkg:maven/b@1"},
    {NULL, "npm", "@a/b", "1", NULL, NULL, NULL, NULL, "pkg:npm/%40a/b@1"},
    {NULL, "golang", "github.com/Masterminds/goutils/v2", "v1.1.0", NULL, NULL, NULL, NULL,
     "pkg:golang/github.com/masterminds/goutils/v2@v1.1.0"},
    {NULL, "golang", "stdlib", "1.22.1", NULL, NULL, NULL, NULL, "pkg:golang/stdlib@1.22.1"},
    {NULL, "composer", "monolog/monolog", "2.0", NULL, NULL, NULL, NULL,
     "pkg:composer/monolog/monolog@2.0"},
    {NULL, "swift", "github.com/apple/swift-nio", "2.1", NULL, NULL, NULL, NULL,
     "pkg:swift/github.com/apple/swift-nio@2.1"},
    {NULL, "cocoapods", "A/b", "1", NULL, NULL, NULL, NULL, "pkg:cocoapods/A@1#b"},
    {NULL, "nuget", "Newtonsoft.Json", "13.0.1", NULL, NULL, NULL, NULL,
     "pkg:nuget/Newtonsoft.Json@13.0.1"},
};

static void
test_packages(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(packages); i++) {
    const char *source = packages[i].source != NULL ? packages[i].source : packages[i].name;
    const char *built =
        packages[i].source_version != NULL ? packages[i].source_version : packages[i].version;
    Package *package = g_new0(Package, 1);
    package->type = g_strdup(packages[i].type);
    package->name = g_strdup(packages[i].name);
    package->version = g_strdup(packages[i].version);
    package->architecture = g_strdup(packages[i].architecture);
    package->source_name = g_strdup(source);
    package->source_version = g_strdup(built);
    package->module = g_strdup(packages[i].module);
    g_autofree char *text = purl_text_of_package(package, packages[i].os);
    g_assert_cmpstr(text, ==, packages[i].purl);
    g_autoptr(Purl) purl = purl_parse(text, NULL);
    g_assert_nonnull(purl);
    Package *back = purl_to_package(purl, packages[i].name);
    g_assert_cmpstr(back->type, ==, package->type);
    g_assert_cmpstr(back->name, ==, package->name);
    g_assert_cmpstr(back->version, ==, package->version);
    g_assert_cmpstr(back->architecture, ==, package->architecture);
    g_assert_cmpstr(back->source_name, ==,
                    packages[i].os != NULL && strstr(text, "upstream=") ? source : NULL);
    g_assert_cmpstr(back->module, ==, package->module);
    package_free(back);
    g_autoptr(Purl) canonical = purl_of_package(package, packages[i].os);
    package_free(package);
    OsRelease *os = purl_to_os(canonical);
    g_assert_cmpstr(os == NULL ? NULL : os->id, ==,
                    packages[i].os == NULL ? NULL : packages[i].os->id);
    g_assert_cmpstr(os == NULL ? NULL : os->version_id, ==,
                    packages[i].os == NULL ? NULL : packages[i].os->version_id);
    os_release_free(os);
  }
}

/* Distributions as other programs write them. */
static void
test_distributions(void)
{
  static const struct {
    const char *text, *id, *version, *codename;
  } cases[] = {
      {"pkg:apk/alpine/musl@1.2.3-r0?distro=3.16.0", "alpine", "3.16.0", NULL},
      {"pkg:rpm/redhat/a@1?distro=redhat-8.3", "rhel", "8.3", NULL},
      {"pkg:rpm/alma/a@1?distro=alma-9.1", "almalinux", "9.1", NULL},
      {"pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.5", "opensuse-leap", "15.5", NULL},
      {"pkg:deb/debian/a@1?distro=bookworm", "debian", NULL, "bookworm"},
      {"pkg:deb/debian/a@1", "debian", NULL, NULL},
      {"pkg:deb/debian/a@1?distro=debian", "debian", NULL, NULL},
      {"pkg:rpm/amazon/a@1?distro=amazon-2023", "amzn", "2023", NULL},
      {"pkg:npm/a@1?distro=x-1", NULL, NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Purl) purl = purl_parse(cases[i].text, NULL);
    OsRelease *os = purl_to_os(purl);
    g_test_message("%s", cases[i].text);
    g_assert_cmpstr(os == NULL ? NULL : os->id, ==, cases[i].id);
    g_assert_cmpstr(os == NULL ? NULL : os->version_id, ==, cases[i].version);
    g_assert_cmpstr(os == NULL ? NULL : os->codename, ==, cases[i].codename);
    os_release_free(os);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/purl/texts", test_texts);
  g_test_add_func("/purl/refused", test_refused);
  g_test_add_func("/purl/packages", test_packages);
  g_test_add_func("/purl/distributions", test_distributions);
  return g_test_run();
}
