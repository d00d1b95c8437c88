/* The operator's key: who gets it, and where it counts. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "access/access.h"
#include "access/credentials/operator.h"
#include "access/schema.h"
#include "base/fd.h"

typedef struct {
  char *folder, *secret;
  int fd;
  SqlPool *sql;
  Access *access;
} House;

static void
house_open(House *house)
{
  static const Schema *const schemas[] = {&access_schema, NULL};
  g_autoptr(GError) error = NULL;
  house->folder = g_dir_make_tmp("operator-XXXXXX", NULL);
  house->fd = directory_open(house->folder, &error);
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", house->folder);
  house->sql = sql_pool_open(url, schemas, false, &error);
  g_assert_no_error(error);
  house->access = access_new(house->sql, NULL, &error);
  g_assert_no_error(error);
  house->secret = operator_key_write(house->fd, &error);
  g_assert_no_error(error);
  access_set_operator_secret(house->access, house->secret);
}

static void
house_close(House *house)
{
  access_free(house->access);
  sql_pool_close(house->sql);
  g_assert_true(directory_remove(AT_FDCWD, house->folder, NULL));
  fd_clear(&house->fd);
  g_free(house->folder);
  g_free(house->secret);
}

static void
test_file(void)
{
  House house;
  house_open(&house);
  struct stat status;
  g_assert_cmpint(fstatat(house.fd, OPERATOR_KEY_FILE, &status, 0), ==, 0);
  g_assert_cmpint(status.st_mode & 0777, ==, 0600);
  g_assert_cmpuint(strlen(house.secret), ==, strlen(OPERATOR_PREFIX) + 64);
  g_autofree char *next = operator_key_write(house.fd, NULL);
  g_assert_cmpstr(next, !=, house.secret);
  operator_key_remove(house.fd);
  g_assert_cmpint(fstatat(house.fd, OPERATOR_KEY_FILE, &status, 0), <, 0);
  house_close(&house);
}

/* Clients: the key goes to the server of the folder, and to nobody else on the machine. */
static void
test_for_clients(void)
{
  static const struct {
    const char *listening, *authority;
    bool given;
  } cases[] = {
      {"127.0.0.1:5000", "127.0.0.1:5000", true},
      {"127.0.0.1:5000", "127.0.0.1:5001", false},
      {"127.0.0.1:5000", "127.0.0.2:5000", false},
      {"127.0.0.1:5000", "localhost:5000", false},
      {"127.0.0.1:5000", "[::1]:5000", false},
      {"[::1]:5000", "[::1]:5000", true},
      {"0.0.0.0:5000", "127.0.0.1:5000", true},
      {"0.0.0.0:5000", "[::1]:5000", false},
      {"0.0.0.0:5000", "127.0.0.1:50", false},
      {"[::]:5000", "[::1]:5000", true},
      {"[::]:5000", "127.0.0.1:5000", true},
      {"10.0.0.1:5000", "10.0.0.1:5000", false},
      {"0.0.0.0:5000", "example.org:5000", false},
      {"127.0.0.1:5000", "127.0.0.1:5000.org", false},
      {"", "127.0.0.1:5000", false},
  };
  House house;
  house_open(&house);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *line = g_strconcat(cases[i].listening, "\n", NULL);
    g_assert_true(file_replace(house.fd, "address", slice_from_string(line), 0644, NULL));
    g_autofree char *key = operator_key_for(house.folder, cases[i].authority);
    if ((key != NULL) != cases[i].given)
      g_error("%s at %s: %s", cases[i].authority, cases[i].listening,
              key != NULL ? "given" : "not");
    g_assert_true(key == NULL || strcmp(key, house.secret) == 0);
  }
  operator_key_remove(house.fd);
  g_assert_null(operator_key_for(house.folder, "127.0.0.1:5000"));
  house_close(&house);
}

static void
test_identify(void)
{
  House house;
  house_open(&house);
  g_autofree char *longer = g_strconcat(house.secret, "0", NULL);
  g_autofree char *shorter = g_strndup(house.secret, strlen(house.secret) - 1);
  g_autofree char *changed = g_strdup(house.secret);
  changed[strlen(changed) - 1] ^= 1;
  const struct {
    const char *name, *scheme, *secret, *address;
    Found found;
  } cases[] = {
      {"right", "Bearer", house.secret, "127.0.0.1", FOUND},
      {"right, IPv6", "Bearer", house.secret, "::1", FOUND},
      {"right, mapped", "Bearer", house.secret, "::ffff:127.0.0.1", FOUND},
      {"from elsewhere", "Bearer", house.secret, "192.0.2.1", FAILED},
      {"mapped, from elsewhere", "Bearer", house.secret, "::ffff:192.0.2.1", FAILED},
      {"from a name", "Bearer", house.secret, "localhost", FAILED},
      {"from nowhere", "Bearer", house.secret, NULL, FAILED},
      {"longer", "Bearer", longer, "127.0.0.1", FAILED},
      {"shorter", "Bearer", shorter, "127.0.0.1", FAILED},
      {"changed", "Bearer", changed, "127.0.0.1", FAILED},
      {"prefix alone", "Bearer", OPERATOR_PREFIX, "127.0.0.1", FAILED},
      {"another token", "Bearer", "eyJhbGciOi", "127.0.0.1", ABSENT},
      {"Basic", "Basic", house.secret, "127.0.0.1", ABSENT},
      {"nothing", "Bearer", NULL, "127.0.0.1", ABSENT},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Principal) who = NULL;
    const Shown shown = {
        .scheme = cases[i].scheme, .secret = cases[i].secret, .address = cases[i].address};
    Found found = operator_identity.identify(house.access, &shown, &who, &error);
    if (found != cases[i].found)
      g_error("%s: %d", cases[i].name, found);
    g_assert_true((found == FOUND) == (who != NULL));
    g_assert_true(found != FOUND || who->kind == PRINCIPAL_OPERATOR);
    g_assert_true((found == FAILED) == (error != NULL));
  }
  access_set_operator_secret(house.access, NULL);
  const Shown shown = {.scheme = "Bearer", .secret = house.secret, .address = "127.0.0.1"};
  g_autoptr(Principal) who = NULL;
  g_assert_cmpint(operator_identity.identify(house.access, &shown, &who, NULL), ==, FAILED);
  house_close(&house);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/access/operator/file", test_file);
  g_test_add_func("/access/operator/for-clients", test_for_clients);
  g_test_add_func("/access/operator/identify", test_identify);
  return g_test_run();
}
