/* What a request does to what it names, as rights will speak of it: a route names its verb in its
 * row (route.h), and docs/openapi.yaml lists the same words. */
#pragma once

typedef enum {
  VERB_UNNAMED, /* a row that says nothing: the server does not start */
  VERB_NONE,    /* anybody may: it tells nothing of what is stored */
  VERB_PULL,    /* reads manifests, blobs and tags of a repository */
  VERB_PUSH,
  VERB_DELETE,
  VERB_LIST,          /* which repositories and images there are */
  VERB_READ_FINDINGS, /* what is in an image, and what is wrong with it */
  VERB_READ_METRICS,
  VERB_OPERATE, /* what the server does in the background */
} Verb;

/* "read-findings"; NULL for VERB_UNNAMED. */
const char *verb_name(Verb verb);
