/* What the files of /api/v1 share. */
#pragma once

#include "pipeline/standings.h"
#include "server/api/api.h"
#include "server/api/schemas.h"
#include "server/server-private.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000

typedef struct {
  uint64_t limit, offset;
} Page;

/* A member with a time in microseconds since 1970; 0: none. */
void api_set_time(json_t *object, const char *key, int64_t microseconds);
/* ?@name=, a whole number; *value stays as it is without it. This and the next two respond
 * themselves when they return false. */
bool api_number_of(Request *request, const char *name, uint64_t least, uint64_t most,
                   uint64_t *value);
/* ?limit= and ?offset=. */
bool api_page_of(Request *request, Page *page);
/* The digest of the path, of an image whose scan is done, and how many packages it has. */
bool api_scanned_image(Request *request, Digest *digest, unsigned *packages);
/* Whether @error is one that passes, and the request waits for that. */
bool api_waits(Request *request, const GError *error);
/* Takes over @part. */
void api_respond_page(Request *request, const char *key, uint64_t total, const Page *page,
                      json_t *part);
/* The same beside other members of @body, which is not taken over. */
void api_respond_page_of(Request *request, json_t *body, const char *key, uint64_t total,
                         const Page *page, json_t *part);
/* 400 INVALID. */
void api_refuse(Request *request, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* This and the next respond themselves when they return false. */
/* "true" or "false"; absent is false. */
bool api_flag_of(Request *request, const char *name, bool *value);
/* ?severity=, as bits by Severity; 0: none is named. */
bool api_severities_of(Request *request, int *severities);
json_t *api_counts_to_json(const uint32_t counts[SEVERITY_CRITICAL + 1]);
/* What the policy makes of an image, and its size. */
void api_set_gate(json_t *object, const Standing *standing);
/* What is not known yet, so that nothing else is the whole. */
void api_set_unknown(json_t *body, const Overview *overview);

/* The resources' objects (schemas.h). */
extern const ApiSchema api_job_schemas[];
