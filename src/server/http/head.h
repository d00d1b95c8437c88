/* What the head of a request may look like, judged before anything is done with it: where its body
 * ends must be beyond doubt, or a proxy in front and we would see different requests (RFC 9112,
 * section 11.2). Pure functions, and fuzz targets. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

typedef struct {
  unsigned hosts, lengths, encodings;
  bool chunked, broken;
  bool walks;             /* after head_walk(): is it still where the head's bytes say? */
  const char *at;         /* where the next header must begin */
  const char *end;        /* of the head */
  bool expects_continue;  /* the client waits for "100 Continue" before it sends the body */
  const char *request_id; /* the client's own, or NULL; borrowed */
} Head;

/* The request line as libmicrohttpd cut it: NUL is written over the spaces and the line's end. */
typedef struct {
  const char *method, *target, *target_end, *version;
} RequestLine;

/* Before the first head_add(): has it check that nothing is in the head but what is added, each
 * thing where it must be.
 *
 * libmicrohttpd 0.9 mends heads: it takes lines that are folded for a part of a name, lets NUL end
 * a value or a head, and LF a line. What it drops that way may say where the body ends. It leaves
 * every string in the bytes of the head, though, and writes NUL over what was between two of
 * them. Whoever walks over the strings and comes to the end, with nothing left over and no gap, has
 * seen the head as it was sent.
 *
 * @end is where the head's bytes end: all of them may be read. */
void head_walk(Head *head, const RequestLine *line, const char *end);
/* One header, in the order of the head; @value ends with NUL. */
void head_add(Head *head, Slice name, Slice value);
/* Why the request is refused; NULL when nothing is wrong with its head. */
const char *head_problem(const Head *head, bool http_1_0);

/* Decodes %XX in place, ends the text with NUL and returns its length. What is no escape stays as
 * it is, and so does %00: a decoded one would hide what follows it. */
size_t percent_decode(char *text);

/* Whether an Accept header (RFC 9110, section 12.5.1) takes @media_type, which has no parameters.
 * The most specific range decides, and q=0 refuses; a header that names nothing takes all. */
bool accept_takes(const char *accept, const char *media_type);
