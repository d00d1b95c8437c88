/* The HTTP client against a server that behaves well and badly (http-server.py). */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/http_client.h"

#define BODY_SIZE 102400u

static char *base_url;
static char *folder;

static HttpClient *
new_client(void)
{
  HttpClient *client = http_client_new(NULL);
  http_client_set_timeouts(
      client, (HttpTimeouts){.connect_seconds = 1, .idle_seconds = 1, .retry_pause_ms = 1});
  return client;
}

static char *
get_text(const char *path, const char *const *headers)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(HttpClient) client = new_client();
  g_autofree char *url = g_strconcat(base_url, path, NULL);
  g_autoptr(HttpResponse) response =
      http_client_request(client, "GET", url, headers, SLICE_EMPTY, BODY_SIZE, NULL, &error);
  g_assert_no_error(error);
  return slice_to_string(slice_from_bytes(response->body));
}

static void
test_requests(void)
{
  static const struct {
    const char *name, *method, *path, *body, *expected;
    size_t limit;
    long status;
    int error; /* -1: none */
  } cases[] = {
      {"get", "GET", "/plain", NULL, NULL, BODY_SIZE, 200, -1},
      {"one byte too many", "GET", "/plain", NULL, NULL, BODY_SIZE - 1, 0, ASSAY_ERROR_LIMIT},
      {"head has no body", "HEAD", "/plain", NULL, "", 0, 200, -1},
      {"redirect is followed", "GET", "/redirect", NULL, NULL, BODY_SIZE, 200, -1},
      {"redirects end", "GET", "/loop", NULL, NULL, BODY_SIZE, 0, ASSAY_ERROR_NETWORK},
      {"any status is an answer", "GET", "/gone", NULL, "no such thing", 100, 404, -1},
      {"post", "POST", "/post", "hello", "POST none hello", 100, 200, -1},
      {"put without body", "PUT", "/put", NULL, "PUT none ", 100, 200, -1},
      {"cut body is noticed", "GET", "/alwayscut", NULL, NULL, BODY_SIZE, 0, ASSAY_ERROR_NETWORK},
      {"silence ends", "GET", "/silent", NULL, NULL, 100, 0, ASSAY_ERROR_TIMEOUT},
  };
  g_autoptr(HttpClient) client = new_client();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].name);
    g_autoptr(GError) error = NULL;
    g_autofree char *url = g_strconcat(base_url, cases[i].path, NULL);
    g_autoptr(HttpResponse) response =
        http_client_request(client, cases[i].method, url, NULL, slice_from_string(cases[i].body),
                            cases[i].limit, NULL, &error);
    if (cases[i].error >= 0) {
      g_assert_error(error, ASSAY_ERROR, cases[i].error);
      continue;
    }
    g_assert_no_error(error);
    g_assert_cmpint(response->status, ==, cases[i].status);
    if (cases[i].expected != NULL)
      g_assert_true(slice_equal_string(slice_from_bytes(response->body), cases[i].expected));
    else
      g_assert_cmpuint(g_bytes_get_size(response->body), ==, BODY_SIZE);
    if (strcmp(cases[i].name, "redirect is followed") == 0)
      g_assert_cmpstr(g_hash_table_lookup(response->headers, "x-kind"), ==, "plain");
  }
}

/* What a URL asks may be a secret: no error has it. */
static void
test_question_is_not_told(void)
{
  static const char *const paths[] = {"/plain", "/loop", "/alwayscut", "/silent"};
  g_autoptr(HttpClient) client = new_client();
  for (size_t i = 0; i <= G_N_ELEMENTS(paths); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *url = i < G_N_ELEMENTS(paths)
                               ? g_strconcat(base_url, paths[i], "?key=secret", NULL)
                               : g_strdup("http://127.0.0.1:1/plain?key=secret");
    g_autoptr(HttpResponse) response =
        http_client_request(client, "GET", url, NULL, SLICE_EMPTY, 10, NULL, &error);
    g_assert_null(response);
    g_assert_null(strstr(error->message, "secret"));
    g_assert_nonnull(strstr(error->message, "http://127.0.0.1:"));
  }
  DownloadResult result;
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strconcat(base_url, "/gone?key=secret", NULL);
  g_autofree char *path = g_build_filename(folder, "question", NULL);
  g_assert_false(
      http_client_download(client, url, path, BODY_SIZE, 0, NULL, NULL, &result, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_assert_null(strstr(error->message, "secret"));
}

static void
test_authorization_stays_with_its_host(void)
{
  const char *const headers[] = {"Authorization: Bearer secret", NULL};
  g_autofree char *same = get_text("/authorization", headers);
  g_assert_cmpstr(same, ==, "Bearer secret");
  g_autofree char *other = get_text("/away", headers);
  g_assert_cmpstr(other, ==, "none");
}

typedef struct {
  uint64_t size;
  bool refuse;
} SinkState;

static bool
count_bytes(Slice bytes, void *data, GError **error)
{
  SinkState *state = data;
  state->size += bytes.size;
  return !state->refuse || error_set(error, ASSAY_ERROR_MISMATCH, "refused by the sink");
}

static void
test_stream(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(HttpClient) client = new_client();
  g_autofree char *url = g_strconcat(base_url, "/plain", NULL);
  g_autofree char *gone = g_strconcat(base_url, "/gone", NULL);
  SinkState state = {0};
  g_autoptr(HttpResponse) whole =
      http_client_stream(client, url, NULL, count_bytes, &state, BODY_SIZE, NULL, &error);
  g_assert_no_error(error);
  g_assert_nonnull(whole);
  g_assert_cmpuint(state.size, ==, BODY_SIZE);

  state = (SinkState){0};
  g_autoptr(HttpResponse) missing =
      http_client_stream(client, gone, NULL, count_bytes, &state, BODY_SIZE, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(missing->status, ==, 404);
  g_assert_cmpuint(state.size, ==, 0);
  g_assert_true(slice_equal_string(slice_from_bytes(missing->body), "no such thing"));

  state = (SinkState){.refuse = true};
  g_assert_null(
      http_client_stream(client, url, NULL, count_bytes, &state, BODY_SIZE, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
  g_clear_error(&error);

  g_autoptr(Cancellable) cancellable = cancellable_new();
  cancellable_cancel(cancellable);
  g_assert_null(
      http_client_stream(client, url, NULL, count_bytes, &state, BODY_SIZE, cancellable, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_CANCELLED);
}

static void
check_whole_body(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, BODY_SIZE, &error);
  g_assert_no_error(error);
  Slice body = slice_from_bytes(bytes);
  g_assert_cmpuint(body.size, ==, BODY_SIZE);
  for (size_t i = 0; i < body.size; i++)
    g_assert_cmpuint(body.data[i], ==, i % 256);
}

static void
test_downloads(void)
{
  static const struct {
    const char *name, *path;
    int retries, error; /* -1: none */
    DownloadResult second;
    unsigned requests; /* of the first download */
  } cases[] = {
      {"etag", "/etag?1", 0, -1, DOWNLOAD_UNCHANGED, 1},
      {"date", "/date?1", 0, -1, DOWNLOAD_UNCHANGED, 1},
      {"no validator", "/plain?1", 0, -1, DOWNLOAD_NEW, 1},
      {"resumed after a cut", "/cut?1", 1, -1, DOWNLOAD_UNCHANGED, 2},
      {"changed after a cut", "/changed?1", 1, -1, DOWNLOAD_NEW, 2},
      {"busy twice", "/busy?1", 2, -1, DOWNLOAD_NEW, 3},
      {"busy too often", "/busy?2", 1, ASSAY_ERROR_NETWORK, 0, 2},
      {"cut without end", "/alwayscut?1", 2, ASSAY_ERROR_NETWORK, 0, 3},
      {"another range than asked", "/wrongrange?1", 1, ASSAY_ERROR_NETWORK, 0, 2},
      {"the rest of another file", "/spliced?1", 2, -1, DOWNLOAD_NEW, 3},
      {"a pause that is asked for", "/limited?1", 1, -1, DOWNLOAD_NEW, 2},
      {"missing is not retried", "/gone?1", 3, ASSAY_ERROR_NOT_FOUND, 0, 1},
      {"forbidden is not retried", "/private?1", 3, ASSAY_ERROR_DENIED, 0, 1},
  };
  g_autoptr(HttpClient) client = new_client();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].name);
    g_autoptr(GError) error = NULL;
    g_autofree char *url = g_strconcat(base_url, cases[i].path, NULL);
    g_autofree char *name = g_strdup_printf("download-%zu", i);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    DownloadResult result;
    bool done = http_client_download(client, url, path, BODY_SIZE, cases[i].retries, NULL, NULL,
                                     &result, &error);
    g_autofree char *count_path = g_strconcat("/count", cases[i].path, NULL);
    g_autofree char *count = get_text(count_path, NULL);
    g_assert_cmpuint((unsigned)g_ascii_strtoull(count, NULL, 10), ==, cases[i].requests);
    if (cases[i].error >= 0) {
      g_assert_error(error, ASSAY_ERROR, cases[i].error);
      g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
      continue;
    }
    g_assert_no_error(error);
    g_assert_true(done);
    g_assert_cmpint(result, ==, DOWNLOAD_NEW);
    check_whole_body(path);
    if (strcmp(cases[i].path, "/cut?1") == 0)
      continue;
    g_assert_true(http_client_download(client, url, path, BODY_SIZE, cases[i].retries, NULL, NULL,
                                       &result, &error));
    g_assert_cmpint(result, ==, cases[i].second);
    check_whole_body(path);
  }
}

static void
test_retry_after(void)
{
  static const struct {
    const char *value;
    unsigned milliseconds;
  } cases[] = {
      {NULL, 0},
      {"3", 3000},
      {"0", 0},
      {"86400", HTTP_RETRY_AFTER_MAX_MS},
      {"99999999999999999999", 0},
      {"-1", 0},
      {"soon", 0},
      {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
      {"Fri, 31 Dec 2100 23:59:59 GMT", HTTP_RETRY_AFTER_MAX_MS},
      {"Fri, 31 Dez 2100 23:59:59 GMT", 0},
      {"Fri, 31 anF 2100 23:59:59 GMT", 0},
      {"3", 3000},
      {NULL, 0}, /* nothing is left of the answer before */
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(HttpClient) client = new_client();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].value);
    g_autofree char *value =
        cases[i].value == NULL ? NULL : g_uri_escape_string(cases[i].value, NULL, FALSE);
    g_autofree char *path =
        value == NULL ? g_strdup("/plain") : g_strconcat("/retry_after/", value, NULL);
    g_autofree char *url = g_strconcat(base_url, path, NULL);
    g_autoptr(HttpResponse) response =
        http_client_request(client, "GET", url, NULL, SLICE_EMPTY, BODY_SIZE, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(response->retry_after_ms, ==, cases[i].milliseconds);
  }
}

/* The server stands in for a proxy, which is asked with the whole address. */
static void
test_proxy(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(HttpClient) client = new_client();
  g_autofree char *no_proxy = g_strdup(g_getenv("no_proxy"));
  g_unsetenv("no_proxy");
  g_unsetenv("NO_PROXY");
  g_setenv("http_proxy", base_url, true);
  g_autoptr(HttpResponse) response = http_client_request(
      client, "GET", "http://upstream.invalid/plain", NULL, SLICE_EMPTY, BODY_SIZE, NULL, &error);
  g_unsetenv("http_proxy");
  g_setenv("no_proxy", no_proxy != NULL ? no_proxy : "*", true);
  g_assert_no_error(error);
  g_assert_cmpint(response->status, ==, 200);
  g_assert_cmpstr(g_hash_table_lookup(response->headers, "x-kind"), ==, "plain");
}

/* A failed run leaves the part; the next one goes on from there. */
static void
test_next_run_resumes(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strconcat(base_url, "/cut?2", NULL);
  g_autofree char *path = g_build_filename(folder, "resumed", NULL);
  DownloadResult result;
  g_autoptr(HttpClient) first = new_client();
  g_assert_false(http_client_download(first, url, path, BODY_SIZE, 0, NULL, NULL, &result, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NETWORK);
  g_clear_error(&error);
  g_autoptr(HttpClient) second = new_client();
  g_assert_true(http_client_download(second, url, path, BODY_SIZE, 0, NULL, NULL, &result, &error));
  g_assert_no_error(error);
  check_whole_body(path);
}

static void
test_download_limit_and_files(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(HttpClient) client = new_client();
  g_autofree char *url = g_strconcat(base_url, "/plain?limit", NULL);
  g_autofree char *path = g_build_filename(folder, "limited", NULL);
  DownloadResult result;
  g_assert_false(
      http_client_download(client, url, path, BODY_SIZE - 1, 3, NULL, NULL, &result, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  g_clear_error(&error);

  g_autofree char *empty_url = g_strconcat(base_url, "/empty", NULL);
  g_assert_true(http_client_download(client, empty_url, path, 0, 0, NULL, NULL, &result, &error));
  g_assert_no_error(error);
  g_autoptr(GBytes) empty = file_read(AT_FDCWD, path, 0, &error);
  g_assert_no_error(error);

  g_autofree char *source = g_build_filename(folder, "a source", NULL);
  g_autofree char *file_url = g_filename_to_uri(source, NULL, NULL);
  g_autofree char *copy = g_build_filename(folder, "copy", NULL);
  g_assert_true(g_file_set_contents(source, "text", 4, &error));
  g_assert_true(http_client_download(client, file_url, copy, 4, 0, NULL, NULL, &result, &error));
  g_assert_cmpint(result, ==, DOWNLOAD_NEW);
  g_assert_true(http_client_download(client, file_url, copy, 4, 0, NULL, NULL, &result, &error));
  g_assert_cmpint(result, ==, DOWNLOAD_UNCHANGED);
  g_assert_true(g_file_set_contents(source, "other", 5, &error));
  g_assert_false(http_client_download(client, file_url, copy, 4, 0, NULL, NULL, &result, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *script = g_test_build_filename(G_TEST_DIST, "http-server.py", NULL);
  char python[] = "python3", *arguments[] = {python, script, NULL};
  int input, output, port;
  GPid server;
  g_spawn_async_with_pipes(NULL, arguments, NULL,
                           G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES,
                           NULL, NULL, &server, &input, &output, NULL, &error);
  g_assert_no_error(error);
  FILE *said = fdopen(output, "r");
  g_assert_cmpint(fscanf(said, "%d", &port), ==, 1);
  base_url = g_strdup_printf("http://127.0.0.1:%d", port);
  folder = g_dir_make_tmp("assay-http-XXXXXX", &error);
  g_assert_no_error(error);

  g_test_add_func("/http-client/requests", test_requests);
  g_test_add_func("/http-client/question", test_question_is_not_told);
  g_test_add_func("/http-client/authorization", test_authorization_stays_with_its_host);
  g_test_add_func("/http-client/stream", test_stream);
  g_test_add_func("/http-client/downloads", test_downloads);
  g_test_add_func("/http-client/retry-after", test_retry_after);
  g_test_add_func("/http-client/proxy", test_proxy);
  g_test_add_func("/http-client/next-run-resumes", test_next_run_resumes);
  g_test_add_func("/http-client/limits-and-files", test_download_limit_and_files);
  int result = g_test_run();

  close(input);
  g_assert_cmpint(waitpid(server, NULL, 0), ==, server);
  fclose(said);
  g_assert_true(directory_remove(AT_FDCWD, folder, NULL));
  g_free(base_url);
  g_free(folder);
  return result;
}
