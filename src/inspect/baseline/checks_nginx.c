/* Checks of nginx. A setting counts for the blocks below the one that it is in, except for those
 * that have it, too; so what is asked is what each server and location has in the end. */
#include <string.h>

#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

#define NGINX   "nginx nginx-core nginx-full nginx-light nginx-extras openresty"
#define OLD_TLS "SSLv2 SSLv3 TLSv1 TLSv1.1"

static const BaselineRoot roots[] = {
    {"etc/nginx/nginx.conf", "etc/nginx"},
    {"usr/local/nginx/conf/nginx.conf", "usr/local/nginx/conf"},
    {"usr/local/openresty/nginx/conf/nginx.conf", "usr/local/openresty/nginx/conf"},
};

typedef struct Block Block;
struct Block {
  const char *name, *scope; /* "location /a", "http server location /a" */
  const Block *parent;      /* or NULL */
  const ServiceSetting *own;
  bool has_servers, has_all; /* a "location /" takes what would end in the block itself */
};

static GArray *
read_nginx(Baseline *baseline)
{
  return baseline_read_first(baseline, NGINX, roots, G_N_ELEMENTS(roots));
}

static bool
is_below(const char *scope, const Block *block)
{
  size_t size = strlen(block->scope);
  return scope != NULL && strncmp(scope, block->scope, size) == 0 && scope[size] == ' ';
}

/* The block that is open where @scope is, after the one that was open before. */
static Block *
leave_to(Block *open, const char *scope, bool into)
{
  while (open != NULL && !is_below(scope, open) &&
         (into || scope == NULL || strcmp(open->scope, scope) != 0))
    open = (Block *)(uintptr_t)open->parent;
  return open;
}

static Block *
enter(GPtrArray *blocks, Block *parent, const ServiceSetting *setting)
{
  Block *block = g_new0(Block, 1);
  *block = (Block){.name = setting_value(setting), .scope = setting->scope, .parent = parent};
  for (Block *above = parent; above != NULL && strcmp(block->name, "server") == 0;
       above = (Block *)(uintptr_t)above->parent)
    above->has_servers = true;
  if (parent != NULL && strcmp(block->name, "location /") == 0)
    parent->has_all = true;
  g_ptr_array_add(blocks, block);
  return block;
}

/* All blocks in their order, each with its own setting of @key. (transfer full): Block */
static GPtrArray *
blocks_of(const GArray *settings, const char *key)
{
  GPtrArray *blocks = g_ptr_array_new_with_free_func(g_free);
  Block *open = NULL;
  for (guint i = 0; i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    bool begins = setting_is(setting, "block") && setting->scope != NULL;
    open = leave_to(open, setting->scope, begins);
    if (begins)
      open = enter(blocks, open, setting);
    else if (open != NULL && setting_is(setting, key) &&
             g_strcmp0(open->scope, setting->scope) == 0)
      open->own = setting;
  }
  return blocks;
}

/* Whether requests end there. */
static bool
serves(const Block *block)
{
  if (block->parent == NULL)
    return strcmp(block->name, "http") == 0 && !block->has_servers;
  return (strcmp(block->name, "server") == 0 && !block->has_all) ||
         g_str_has_prefix(block->name, "location ") || g_str_has_prefix(block->name, "if ");
}

static bool
is_weak(const char *value, const char *values)
{
  g_auto(GStrv) words = g_strsplit(value, " ", -1);
  for (char **word = words; *word != NULL; word++)
    if (config_is_one_of(*word, values))
      return true;
  return false;
}

static const ServiceSetting *
setting_of(const Block *block)
{
  while (block != NULL && block->own == NULL)
    block = block->parent;
  return block == NULL ? NULL : block->own;
}

static bool
is_of_http(const Block *block)
{
  return strcmp(block->scope, "http") == 0 || g_str_has_prefix(block->scope, "http ");
}

/* What is on by default is told of the server's first file. */
static void
check_nginx(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_nginx(baseline);
  if (settings == NULL || settings->len == 0)
    return;
  bool on_by_default = strcmp(check->key, "server_tokens") == 0;
  g_autoptr(GPtrArray) blocks = blocks_of(settings, check->key);
  for (guint i = 0; i < blocks->len; i++) {
    const Block *block = g_ptr_array_index(blocks, i);
    const ServiceSetting *own = serves(block) ? setting_of(block) : NULL;
    if (own != NULL && is_weak(setting_value(own), check->values))
      baseline_tell(baseline, check->rule, own->of, SEVERITY_UNKNOWN, "%s %s, in %s", check->key,
                    setting_value(own), own->scope);
    else if (own == NULL && on_by_default && serves(block) && is_of_http(block))
      baseline_tell(baseline, check->rule, g_array_index(settings, ServiceSetting, 0).of,
                    SEVERITY_UNKNOWN, "no %s, so the default: on", check->key);
  }
}

/* "user NAME GROUP;" */
static void
check_nginx_user(Baseline *baseline, const BaselineCheck *check)
{
  g_autoptr(GArray) settings = read_nginx(baseline);
  for (guint i = 0; settings != NULL && i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    const char *value = setting_value(setting);
    g_autofree char *name = g_strndup(value, strcspn(value, " "));
    if (setting_is(setting, check->key) && strcmp(name, check->values) == 0)
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "%s %s", check->key,
                    value);
  }
}

static const BaselineCheck checks[] = {
    {"nginx-lists-folders", check_nginx, "autoindex", "on"},
    {"nginx-tells-version", check_nginx, "server_tokens", "on build"},
    {"nginx-runs-as-root", check_nginx_user, "user", "root"},
    {"nginx-old-tls", check_nginx, "ssl_protocols", OLD_TLS},
};
const BaselineChecks nginx_checks = {checks, G_N_ELEMENTS(checks)};
