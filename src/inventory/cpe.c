/* The tables of names; see the header. */
#include "inventory/cpe.h"

#include <string.h>

static const struct {
  const char *id, *product;
} systems[] = {
    {"debian", "debian:debian_linux"},
    {"ubuntu", "canonical:ubuntu_linux"},
    {"alpine", "alpinelinux:alpine_linux"},
    {"rhel", "redhat:enterprise_linux"},
    {"centos", "centos:centos"},
    {"almalinux", "almalinux:almalinux"},
    {"rocky", "rocky:rocky"},
    {"ol", "oracle:linux"},
    {"amzn", "amazon:linux_2"},
    {"fedora", "fedoraproject:fedora"},
    {"sles", "suse:linux_enterprise_server"},
    {"opensuse-leap", "opensuse:leap"},
    {"arch", "archlinux:arch_linux"},
    {"openEuler", "huawei:openeuler"},
};

static const struct {
  const char *type, *name, *product;
} programs[] = {
    {"golang", "stdlib", "golang:go"},
    {"generic", "go", "golang:go"},
    {"generic", "node", "nodejs:node.js"},
    {"generic", "python", "python:python"},
    {"generic", "php", "php:php"},
    {"generic", "perl", "perl:perl"},
    {"generic", "ruby", "ruby-lang:ruby"},
    {"generic", "nginx", "f5:nginx"},
    {"generic", "httpd", "apache:http_server"},
    {"generic", "haproxy", "haproxy:haproxy"},
    {"generic", "redis", "redis:redis"},
    {"generic", "valkey", "lfprojects:valkey"},
    {"generic", "postgresql", "postgresql:postgresql"},
    {"generic", "mysql", "oracle:mysql"},
    {"generic", "mariadb", "mariadb:mariadb"},
    {"generic", "mongodb", "mongodb:mongodb"},
    {"generic", "memcached", "memcached:memcached"},
    {"generic", "openssl", "openssl:openssl"},
    {"generic", "busybox", "busybox:busybox"},
    {"generic", "bash", "gnu:bash"},
    {"generic", "curl", "haxx:curl"},
    {"generic", "traefik", "traefik:traefik"},
    {"generic", "consul", "hashicorp:consul"},
    {"generic", "vault", "hashicorp:vault"},
    {"generic", "erlang", "erlang:erlang\\/otp"},
    {"generic", "wordpress", "wordpress:wordpress"},
    {"generic", "arangodb", "arangodb:arangodb"},
    {"generic", "aws-lc", "amazon:aws_libcrypto"},
    {"generic", "bun", "oven:bun"},
    {"generic", "chrome", "google:chrome"},
    {"generic", "composer", "getcomposer:composer"},
    {"generic", "dart", "dart:dart_software_development_kit"},
    {"generic", "deno", "deno:deno"},
    {"generic", "elastic-agent", "elastic:elastic_agent"},
    {"generic", "elixir", "elixir-lang:elixir"},
    {"generic", "envoy", "envoyproxy:envoy"},
    {"generic", "ffmpeg", "ffmpeg:ffmpeg"},
    {"generic", "firefox", "mozilla:firefox"},
    {"generic", "fluent-bit", "treasuredata:fluent_bit"},
    {"generic", "gcc", "gnu:gcc"},
    {"generic", "graalvm", "oracle:graalvm"},
    {"generic", "grafana", "grafana:grafana"},
    {"generic", "gzip", "gnu:gzip"},
    {"generic", "haskell/cabal", "haskell:cabal"},
    {"generic", "haskell/ghc", "haskell:ghc"},
    {"generic", "haskell/stack", "haskell:stack"},
    {"generic", "heimdal-krb5", "heimdal_project:heimdal"},
    {"generic", "helm", "helm:helm"},
    {"generic", "java", "ibm:java"},
    {"generic", "java_sdk", "ibm:java_sdk"},
    {"generic", "jdk", "oracle:jdk"},
    {"generic", "jq", "jqlang:jq"},
    {"generic", "jre", "oracle:jre"},
    {"generic", "julia", "julialang:julia"},
    {"generic", "krb5", "mit:kerberos_5"},
    {"generic", "lighttpd", "lighttpd:lighttpd"},
    {"generic", "mysql-cluster", "oracle:mysql_cluster"},
    {"generic", "mysql-server", "oracle:mysql_server"},
    {"generic", "nginx-ingress-controller", "kubernetes:ingress-nginx"},
    {"generic", "openjdk", "oracle:openjdk"},
    {"generic", "openldap", "openldap:openldap"},
    {"generic", "percona-server", "percona:percona_server"},
    {"generic", "percona-xtrabackup", "percona:xtrabackup"},
    {"generic", "percona-xtradb-cluster", "percona:xtradb_cluster"},
    {"generic", "pilot-agent", "istio:istio"},
    {"generic", "pilot-discovery", "istio:istio"},
    {"generic", "proftpd", "proftpd:proftpd"},
    {"generic", "qtbase", "qt:qtbase"},
    {"generic", "rust", "rust-lang:rust"},
    {"generic", "sqlcipher", "zetetic:sqlcipher"},
    {"generic", "swipl", "swi-prolog:swi-prolog"},
    {"generic", "util-linux", "kernel:util-linux"},
    {"generic", "wp-cli", "wp-cli:wp-cli"},
    {"generic", "xz", "tukaani:xz"},
    {"generic", "zstd", "facebook:zstandard"},
    {"generic", "zulu", "azul:zulu"},
    {"golang", "github.com/hashicorp/vault", "hashicorp:vault"},
};

/* A value of a formatted string: what is no letter or digit has a backslash before it. */
static char *
name_of(const char *part, const char *product, const char *version)
{
  g_autoptr(GString) name = g_string_new(NULL);
  g_string_printf(name, "cpe:2.3:%s:%s:", part, product);
  for (const char *p = version; p != NULL && *p != '\0'; p++) {
    if (!g_ascii_isalnum(*p) && strchr("._-", *p) == NULL)
      g_string_append_c(name, '\\');
    g_string_append_c(name, g_ascii_tolower(*p));
  }
  g_string_append(name, version == NULL || *version == '\0' ? "*:*:*:*:*:*:*:*" : ":*:*:*:*:*:*:*");
  return g_string_free(g_steal_pointer(&name), FALSE);
}

static bool
is_ascii(const char *text)
{
  for (const char *p = text; p != NULL && *p != '\0'; p++)
    if (!g_ascii_isgraph(*p))
      return false;
  return true;
}

char *
cpe_of_os(const OsRelease *os)
{
  for (size_t i = 0; i < G_N_ELEMENTS(systems); i++)
    if (strcmp(systems[i].id, os->id) == 0 && is_ascii(os->version_id))
      return name_of("o", systems[i].product, os->version_id);
  return NULL;
}

char *
cpe_of_package(const Package *package)
{
  for (size_t i = 0; i < G_N_ELEMENTS(programs); i++)
    if (strcmp(programs[i].type, package->type) == 0 &&
        strcmp(programs[i].name, package->name) == 0 && is_ascii(package->version))
      return name_of("a", programs[i].product, package->version);
  return NULL;
}
