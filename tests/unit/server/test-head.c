/* Heads that are taken and refused, percent-decoding, and what an Accept header takes. */
#include <string.h>

#include "cut-head.h"

typedef struct {
  const char *name;
  bool http_1_0;
  const char *headers; /* "Name:value" lines, as libmicrohttpd splits them; no space is taken out */
  const char *says;    /* NULL: taken */
} HeadCase;

static Head
read_head(const char *text)
{
  Head head = {0};
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL && **line != '\0'; line++) {
    char *colon = strchr(*line, ':');
    head_add(&head, slice_new(*line, (size_t)(colon - *line)), slice_from_string(colon + 1));
  }
  return head;
}

static void
test_heads(void)
{
  static const HeadCase cases[] = {
      {"plain", false, "Host:x\nContent-Length:5\n", NULL},
      {"chunked", false, "Host:x\nTransfer-Encoding:chunked\n", NULL},
      {"chunked, in capitals", false, "HOST:x\nTRANSFER-ENCODING:Chunked\n", NULL},
      {"no host with 1.0", true, "", NULL},
      {"every mark of a token", false, "Host:x\nX!#$%&'*+-.^_`|~9:y\n", NULL},
      {"no host", false, "Accept:a\n", "Host"},
      {"two hosts", false, "Host:x\nhost:x\n", "Host"},
      {"two hosts with 1.0", true, "Host:x\nHost:y\n", "Host"},
      {"two lengths", false, "Host:x\nContent-Length:5\nContent-Length:5\n", "more than once"},
      {"length and encoding", false, "Host:x\nContent-Length:5\nTransfer-Encoding:chunked\n",
       "more than once"},
      {"unknown encoding", false, "Host:x\nTransfer-Encoding:gzip\n", "Transfer-Encoding"},
      {"encodings in a list", false, "Host:x\nTransfer-Encoding:gzip, chunked\n", "Transfer-Enc"},
      {"encoding twice", false, "Host:x\nTransfer-Encoding:chunked\nTransfer-Encoding:chunked\n",
       "Transfer-Encoding"},
      {"encoding with 1.0", true, "Host:x\nTransfer-Encoding:chunked\n", "Transfer-Encoding"},
      {"space before the colon", false, "Host:x\nContent-Length :5\n", "malformed"},
      {"control in a name", false, "Host:x\nA\x01:5\n", "malformed"},
      {"no name", false, "Host:x\n:5\n", "malformed"},
      {"name beyond ASCII", false, "Host:x\n\xc3\xa4:5\n", "malformed"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Head head = read_head(cases[i].headers);
    const char *problem = head_problem(&head, cases[i].http_1_0);
    g_test_message("%s: %s", cases[i].name, problem != NULL ? problem : "taken");
    g_assert_cmpint(problem == NULL, ==, cases[i].says == NULL);
    if (problem != NULL)
      g_assert_nonnull(strstr(problem, cases[i].says));
  }
}

/* Whole heads; @ stands for NUL. */
static void
test_walk(void)
{
#define LINE "GET / HTTP/1.1\r\n"
  static const struct {
    const char *head;
    bool taken;
  } cases[] = {
      {LINE "Host: x\r\n\r\n", true},
      {LINE "Host:x\r\nA:\r\nB: \t \r\nC: d \r\n\r\n", true},
      {LINE "Host: x\r\nA: b:c\r\n\r\n", true},
      {LINE "Host: x\r\n\r\nA: b\r\n\r\n", true}, /* what follows is not of the head */
      {LINE "Host: x\r\nA: b\r\n c\r\n\r\n", false},
      {LINE "Host: x\r\nA:\r\n\tc\r\n\r\n", false},
      {LINE "Host: x\r\nA: b\r\n \r\n\r\n", false},
      {LINE "Host: x\nA: b\r\n\r\n", false},
      {LINE "Host: x\r\n\n", false},
      {"GET / HTTP/1.1\nHost: x\r\n\r\n", false},
      {LINE "Host: x\r\nA: b\rC: d\r\n\r\n", false},
      {LINE "Host: x\r\nA: b\r\r\n\r\n", false},
      {LINE "Host: x\r\nA: b@c\r\n\r\n", false},
      {LINE "Host: x\r\nA: b@\r\n\r\n", false},
      {LINE "Host: x\r\nA@B: c\r\n\r\n", false},
      {LINE "Host: x\r\n@A: b\r\n\r\n", false},
      {LINE "Host: x\r\nA: @b\r\n\r\n", false},
      {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", false},
      {"GET /  HTTP/1.1\r\nHost: x\r\n\r\n", false},
      {"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", false},
      {"X\rGET / HTTP/1.1\r\nHost: x\r\n\r\n", false},
      {"GET /a@b HTTP/1.1\r\nHost: x\r\n\r\n", false},
      {"GET /a\rb HTTP/1.1\r\nHost: x\r\n\r\n", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = g_strdup(cases[i].head);
    g_autoptr(GPtrArray) copies = g_ptr_array_new_with_free_func(g_free);
    CutHead cut = {text, strlen(text), copies};
    Head head = {0};
    g_strdelimit(text, "@", '\0');
    bool taken = cut_and_walk(&cut, &head) && head_problem(&head, false) == NULL;
    g_test_message("%s", cases[i].head);
    g_assert_cmpint(taken, ==, cases[i].taken);
  }
}

static void
test_head_values(void)
{
  Head head = {0};
  head_add(&head, SLICE_LITERAL("Expect"), SLICE_LITERAL("100-Continue"));
  head_add(&head, SLICE_LITERAL("x-request-id"), SLICE_LITERAL("a"));
  head_add(&head, SLICE_LITERAL("X-Request-Id"), SLICE_LITERAL("b"));
  g_assert_true(head.expects_continue);
  g_assert_cmpstr(head.request_id, ==, "a");
  Head broken = {0};
  head_add(&broken, SLICE_LITERAL("Host"), SLICE_LITERAL("a\0b"));
  g_assert_nonnull(head_problem(&broken, false));
}

static void
test_percent_decode(void)
{
  static const struct {
    const char *text, *decoded;
  } cases[] = {
      {"", ""},         {"/v2/a", "/v2/a"},     {"%41%2fb", "A/b"},        {"a%2Fb%25", "a/b%"},
      {"%2541", "%41"}, {"%00", "%00"},         {"a%00b%01", "a%00b\x01"}, {"%", "%"},
      {"%4", "%4"},     {"%zz%4g%", "%zz%4g%"}, {"%ff", "\xff"},           {"+", "+"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = g_strdup(cases[i].text);
    g_test_message("%s", cases[i].text);
    g_assert_cmpuint(percent_decode(text), ==, strlen(cases[i].decoded));
    g_assert_cmpstr(text, ==, cases[i].decoded);
  }
}

static void
test_accept(void)
{
  static const char type[] = "application/vnd.oci.image.manifest.v1+json";
  static const struct {
    const char *accept;
    bool takes;
  } cases[] = {
      {"application/vnd.oci.image.manifest.v1+json", true},
      {"Application/VND.oci.image.manifest.v1+JSON", true},
      {"application/json, application/vnd.oci.image.manifest.v1+json", true},
      {"application/json,application/vnd.oci.image.manifest.v1+json;q=0.1", true},
      {"*/*", true},
      {"*", true},
      {"application/*", true},
      {"", true},
      {" , ,", true},
      {"application/json", false},
      {"text/*", false},
      {"application/vnd.oci.image.manifest.v1+jsonx", false},
      {"application/vnd.oci.image.manifest.v1", false},
      {"application", false},
      {"application/vnd.oci.image.manifest.v1+json;q=0", false},
      {"application/vnd.oci.image.manifest.v1+json; q=0.000, */*", false},
      {"*/*, application/vnd.oci.image.manifest.v1+json;q=0", false},
      {"*/*;q=0", false},
      {"*/*;q=0, application/*;q=0.5", true},
      {"application/*;q=0, application/vnd.oci.image.manifest.v1+json", true},
      {"application/vnd.oci.image.manifest.v1+json;Q=0", false},
      {"application/vnd.oci.image.manifest.v1+json;charset=\"q=0\"", true},
      {"application/vnd.oci.image.manifest.v1+json;q=broken", true},
      {"application/vnd.oci.image.manifest.v1+json;level=1;q=0", false},
      {";;;", true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("\"%s\"", cases[i].accept);
    g_assert_cmpint(accept_takes(cases[i].accept, type), ==, cases[i].takes);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/head/problems", test_heads);
  g_test_add_func("/head/walk", test_walk);
  g_test_add_func("/head/values", test_head_values);
  g_test_add_func("/head/percent-decode", test_percent_decode);
  g_test_add_func("/head/accept", test_accept);
  return g_test_run();
}
