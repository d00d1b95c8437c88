/* The PROXY header, versions 1 and 2, by which a hop names the client of a connection before its
 * first byte (haproxy's doc/proxy-protocol.txt). A pure function, and a fuzz target. */
#pragma once

#include "base/address.h"

/* With all that version 2 adds to the addresses. */
#define PROXY_HEADER_MAX 2048u

typedef struct {
  size_t size;    /* of the header: what follows is the client's */
  bool local;     /* the hop speaks for itself: a health check, or it does not know for whom */
  Address client; /* unless local */
} ProxyHeader;

typedef enum {
  PROXY_HEADER_WHOLE,
  PROXY_HEADER_PART, /* all bytes belong to a header, and more must come */
  PROXY_HEADER_BROKEN,
} ProxyHeaderResult;

ProxyHeaderResult proxy_header_parse(Slice bytes, ProxyHeader *header);
