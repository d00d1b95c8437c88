/* Which package is which product of endoflife.date, and which of its releases; the dates are in
 * program_life_dates.c. */
#include "inventory/program_life.h"

#include <string.h>

#include "base/calendar.h"
#include "base/slice.h"
#include "inventory/end_of_life.h"
#include "inventory/program_life-private.h"

#define TEXTS_MAX  20u
#define NAME_SHOWN ((size_t)80) /* bytes */

typedef struct {
  const char *type, *name, *product;
} Product;

/* Of programs, by the name of "generic" and of "bitnami". */
static const Product programs[] = {
    {"generic", "node", "nodejs"},
    {"generic", "nodejs", "nodejs"},
    {"generic", "python", "python"},
    {"generic", "php", "php"},
    {"generic", "ruby", "ruby"},
    {"generic", "go", "go"},
    {"generic", "golang", "go"},
    {"generic", "perl", "perl"},
    {"generic", "openjdk", "eclipse-temurin"},
    {"generic", "java", "eclipse-temurin"},
    {"generic", "jre", "oracle-jdk"},
    {"generic", "jdk", "oracle-jdk"},
    {"generic", "nginx", "nginx"},
    {"generic", "httpd", "apache-http-server"},
    {"generic", "apache", "apache-http-server"},
    {"generic", "haproxy", "haproxy"},
    {"generic", "postgresql", "postgresql"},
    {"generic", "mysql", "mysql"},
    {"generic", "mysql-server", "mysql"},
    {"generic", "mariadb", "mariadb"},
    {"generic", "redis", "redis"},
    {"generic", "valkey", "valkey"},
    {"generic", "mongodb", "mongodb"},
    {"generic", "memcached", "memcached"},
    {"generic", "openssl", "openssl"},
    {"generic", "erlang", "erlang"},
    {"generic", "elixir", "elixir"},
    {"generic", "deno", "deno"},
    {"generic", "bun", "bun"},
    {"generic", "rust", "rust"},
    {"generic", "rabbitmq", "rabbitmq"},
    {"generic", "elasticsearch", "elasticsearch"},
    {"generic", "opensearch", "opensearch"},
    {"generic", "tomcat", "tomcat"},
    {"generic", "wordpress", "wordpress"},
    {"generic", "drupal", "drupal"},
};

static const Product libraries[] = {
    {"pypi", "django", "django"},
    {"gem", "rails", "ruby-on-rails"},
    {"maven", "org.springframework.boot:spring-boot", "spring-boot"},
    {"maven", "org.springframework:spring-core", "spring-framework"},
    {"maven", "org.apache.tomcat.embed:tomcat-embed-core", "tomcat"},
    {"maven", "org.apache.tomcat:tomcat-catalina", "tomcat"},
    {"maven", "org.apache.logging.log4j:log4j-core", "log4j"},
    {"maven", "log4j:log4j", "log4j"},
    {"maven", "org.elasticsearch:elasticsearch", "elasticsearch"},
    {"maven", "org.opensearch:opensearch", "opensearch"},
    {"composer", "laravel/framework", "laravel"},
    {"composer", "symfony/symfony", "symfony"},
    {"composer", "symfony/http-kernel", "symfony"},
    {"composer", "drupal/core", "drupal"},
    {"npm", "@angular/core", "angular"},
    {"npm", "react", "react"},
    {"npm", "vue", "vue"},
    {"golang", "stdlib", "go"},
    {"golang", "k8s.io/kubernetes", "kubernetes"},
    {"golang", "github.com/containerd/containerd", "containerd"},
    {"golang", "github.com/containerd/containerd/v2", "containerd"},
    {"golang", "github.com/docker/docker", "docker-engine"},
    {"nuget", "Microsoft.NETCore.App", "dotnet"},
    {"nuget", "Microsoft.AspNetCore.App", "dotnet"},
    {"wordpress", "wordpress", "wordpress"},
};

static const char *
find(const Product *products, size_t count, const char *type, const char *name)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp(products[i].type, type) == 0 && strcmp(products[i].name, name) == 0)
      return products[i].product;
  return NULL;
}

/* Builds of OpenJDK by others than Eclipse, whose ends are others, too; NULL: not known. */
static const char *
product_of_openjdk(const Package *package)
{
  const char *vendor = package->vendor;
  if (vendor == NULL || g_str_has_prefix(vendor, "Eclipse"))
    return "eclipse-temurin";
  return g_str_has_prefix(vendor, "Amazon") ? "amazon-corretto" : NULL;
}

static const char *
product_of(const Package *package)
{
  bool program = strcmp(package->type, "generic") == 0 || strcmp(package->type, "bitnami") == 0;
  if (strcmp(package->type, "generic") == 0 && strcmp(package->name, "openjdk") == 0)
    return product_of_openjdk(package);
  return program ? find(programs, G_N_ELEMENTS(programs), "generic", package->name)
                 : find(libraries, G_N_ELEMENTS(libraries), package->type, package->name);
}

/* Where the number begins: "v1.30.2", "go1.22"; Java's "1.8.0_352" is 8. */
static const char *
number_of(const char *product, const char *version)
{
  version += strcspn(version, "0123456789");
  bool java = strcmp(product, "eclipse-temurin") == 0 || strcmp(product, "oracle-jdk") == 0 ||
              strcmp(product, "amazon-corretto") == 0;
  return java && g_str_has_prefix(version, "1.") && g_ascii_isdigit(version[2]) ? version + 2
                                                                                : version;
}

/* The longest release that the version begins with: 1.1.1 of "1.1.1zb", 15 of "15beta4". */
const ProgramLife *
program_life_of(const Package *package)
{
  const char *product = product_of(package);
  const ProgramLife *found = NULL;
  size_t longest = 0;
  if (product == NULL)
    return NULL;
  const char *version = number_of(product, package->version);
  for (size_t i = 0; i < program_life_dates_count; i++) {
    const ProgramLife *life = &program_life_dates[i];
    size_t size = strlen(life->release);
    if (size > longest && strcmp(life->product, product) == 0 &&
        strncmp(version, life->release, size) == 0 && !g_ascii_isdigit(version[size])) {
      found = life;
      longest = size;
    }
  }
  return found;
}

bool
program_life_is_past(const ProgramLife *life, const char *day)
{
  return strcmp(life->end, day) < 0;
}

void
ended_program_free(EndedProgram *program)
{
  g_free(program->package);
  g_free(program->version);
  g_free(program->location);
  g_free(program->product);
  g_free(program->release);
  g_free(program->end);
  g_free(program);
}

static EndedProgram *
ended_program(const Package *package, const ProgramLife *life)
{
  EndedProgram *program = g_new0(EndedProgram, 1);
  program->package = g_strdup(package->name);
  program->version = g_strdup(package->version);
  program->location = g_strdup(package->location);
  program->product = g_strdup(life->product);
  program->release = g_strdup(life->release);
  program->end = g_strdup(life->end);
  return program;
}

static void
note_next(int64_t *next, const ProgramLife *life)
{
  int64_t moment = end_of_life_after(life->end);
  if (moment != 0 && (*next == 0 || moment < *next))
    *next = moment;
}

GPtrArray *
program_life_ended(const ImageInventory *image, int64_t *next)
{
  g_autofree char *day = calendar_today();
  g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *ended = g_ptr_array_new_with_free_func((GDestroyNotify)ended_program_free);
  *next = 0;
  for (guint i = 0; i < image->packages->len; i++) {
    const ImagePackage *one = &g_array_index(image->packages, ImagePackage, i);
    bool owned = one->by_owner || one->package->owner != NULL;
    const ProgramLife *life = owned ? NULL : program_life_of(one->package);
    if (life == NULL)
      continue;
    if (!program_life_is_past(life, day))
      note_next(next, life);
    else if (g_hash_table_add(said,
                              g_strdup_printf("%s %s", one->package->name, one->package->version)))
      g_ptr_array_add(ended, ended_program(one->package, life));
  }
  return ended;
}

char *
program_life_in_words(const EndedProgram *program)
{
  g_autofree char *plain = g_strdup_printf("%s %s", program->package, program->version);
  g_autofree char *name = slice_to_printable(slice_from_string(plain), NAME_SHOWN);
  g_autofree char *on =
      *program->end == '\0' ? g_strdup("") : g_strdup_printf(" on %s", program->end);
  return g_strdup_printf("%s reached its end of life%s: it gets no more fixes (%s)", name, on,
                         program->location);
}

void
program_life_add_texts(const GPtrArray *ended, GPtrArray *texts)
{
  for (guint i = 0; i < MIN(ended->len, TEXTS_MAX); i++)
    g_ptr_array_add(texts, program_life_in_words(g_ptr_array_index(ended, i)));
  if (ended->len > TEXTS_MAX)
    g_ptr_array_add(texts, g_strdup_printf("%u more programs reached their end of life",
                                           ended->len - TEXTS_MAX));
}
