/* Metadata of Python's packages. */
#include "detected.h"
#include "inspect/languages/languages.h"

#define P     "usr/lib/python3/dist-packages/a-1.0.dist-info/METADATA"
#define A     "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n"
#define FOUND "pypi a 1.0"

static void
test_paths(void)
{
  static const DetectedCase cases[] = {
      {"a wheel", P, A, FOUND},
      {"at the top", "a.dist-info/METADATA", A, FOUND},
      {"an egg's folder", "lib/a-1.0.egg-info/PKG-INFO", A, FOUND},
      {"an egg's file", "lib/a-1.0-py3.11.egg-info", A, FOUND},
      {"an egg that is unpacked", "lib/a-1.0-py3.11.egg/EGG-INFO/PKG-INFO", A, FOUND},
      {"of Debian", "lib/a-1.0.egg-info/METADATA", A, FOUND},
      {"vendored", "lib/setuptools/_vendor/a-1.0.dist-info/METADATA", A, FOUND},
      {"a folder without a name", "lib/nested/dist-info/METADATA", A, FOUND},
      {"of a source archive", "src/a/PKG-INFO", A, ""},
      {"of something else", "lib/METADATA", A, ""},
      {"another file there", "lib/a-1.0.dist-info/RECORD", A, ""},
      {"a bill of materials there", "lib/a-1.0.dist-info/sboms/METADATA", A, ""},
  };
  check_detected(&python_detector, cases, G_N_ELEMENTS(cases));
}

static void
test_contents(void)
{
  static const DetectedCase cases[] = {
      {"a name is normalised", P, "Name: Some_Thing.-x\nVersion: 1.0\n", "pypi some-thing-x 1.0"},
      {"fields in any case", P, "NAME: a\nversion:1.0\n", FOUND},
      {"lines of Windows", P, "Name: a\r\nVersion: 1.0\r\n\r\nVersion: 2\r\n", FOUND},
      {"a byte order mark", P, "\xef\xbb\xbfName: a\nVersion: 1.0\n", FOUND},
      {"no line feed at the end", P, "Name: a\nVersion: 1.0", FOUND},
      {"an epoch and a local version", P, "Name: a\nVersion: 1!1.0+local.2\n",
       "pypi a 1!1.0+local.2"},
      {"the first of a field counts", P, "Name: a\nVersion: 1.0\nName: b\nVersion: 2\n", FOUND},
      {"an empty one does not", P, "Name:\nName: a\nVersion: 1.0\n", FOUND},
      {"the body is none", P, "Name: a\n\nVersion: 1.0\n", ""},
      {"after a line that is no field", P, A "no field\nVersion: 2\n", FOUND},
      {"before it", P, "Name: a\nno field\nVersion: 1.0\n", ""},
      {"a line that goes on", P, "Summary: x\n Name: b\n\tVersion: 2\nName: a\nVersion: 1.0\n",
       FOUND},
      {"no version", P, "Name: a\n", ""},
      {"no name", P, "Version: 1.0\n", ""},
      {"a name that is none", P, "Name: a b\nVersion: 1.0\n", ""},
      {"a name that ends in a sign", P, "Name: a-\nVersion: 1.0\n", ""},
      {"a version with a blank", P, "Name: a\nVersion: 1.0 beta\n", ""},
      {"empty", P, "", ""},
  };
  check_detected(&python_detector, cases, G_N_ELEMENTS(cases));
}

static void
test_vendored(void)
{
#define PIP "usr/lib/python3/site-packages/pip/_vendor/vendor.txt"
  static const DetectedCase cases[] = {
      {"those of pip", PIP, "CacheControl==0.14.4\nrequests==2.34.2\n    certifi==2026.10.23\n",
       "pypi cachecontrol 0.14.4\npypi certifi 2026.10.23\npypi requests 2.34.2"},
      {"comments and conditions", PIP,
       "# a==1\na==1.0  # kept back\nb==2; python_version < '3.8'\n", "pypi a 1.0\npypi b 2"},
      {"of setuptools", "lib/setuptools/_vendor/vendored.txt", "a==1.0\n", FOUND},
      {"of pkg_resources", "lib/pkg_resources/_vendor/vendored.txt", "a==1.0", FOUND},
      {"a range, an address, nothing", PIP, "a>=1.0\nb @ https://example.com/b.zip\n==1\nc==\n=\n",
       ""},
      {"of others", "lib/x/_vendor/vendor.txt", "a==1.0\n", ""},
  };
  check_detected(&python_detector, cases, G_N_ELEMENTS(cases));
}

static void
test_licenses(void)
{
#define MIT "Classifier: License :: OSI Approved :: MIT License\n"
  static const struct {
    const char *text, *licenses;
  } cases[] = {
      {"License-Expression: MIT\nLicense: other\n", "MIT"},
      {"License: BSD\n" MIT, "BSD"},
      {"License: UNKNOWN\n" MIT, "MIT License"},
      {MIT "Classifier: License :: OSI Approved :: Apache Software License\n",
       "MIT License, Apache Software License"},
      {"Classifier: License :: OSI Approved\nClassifier: License :: Public Domain\n",
       "Public Domain"},
      {"License: Copyright (c)\n all of it\n" MIT, "MIT License"},
      {"License: The text\n all of it\n", "The text"},
      {"License: UNKNOWN\n", NULL},
      {"Classifier: Programming Language :: Python\n", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = g_strconcat(A, cases[i].text, NULL);
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    detect(&python_detector, P, slice_from_string(text), inventory);
    g_test_message("%s", cases[i].text);
    g_assert_cmpuint(inventory->packages->len, ==, 1);
    const Package *package = g_ptr_array_index(inventory->packages, 0);
    g_assert_cmpstr(package->licenses, ==, cases[i].licenses);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/python/paths", test_paths);
  g_test_add_func("/python/contents", test_contents);
  g_test_add_func("/python/vendored", test_vendored);
  g_test_add_func("/python/licenses", test_licenses);
  return g_test_run();
}
