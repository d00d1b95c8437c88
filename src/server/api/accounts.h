/* What the resources of people, teams, robots and tokens share. */
#pragma once

#include "access/people/accounts.h"
#include "server/api/api-private.h"

/* Bodies of these resources. */
#define ACCOUNT_BODY_MAX ((size_t)64 * 1024)

/* Who asks, as the record calls it. */
const char *api_asker(const Request *request);
/* Whether who asks has every right. To manage access is not enough for what would let them act for
 * who may do more. Responds when false. */
bool api_is_administrator(Request *request);
/* The body, an object, by the table; no body is an empty object. Responds when false. */
bool api_read_body(Request *request, const JsonTable *table, void *values);
/* "": all. ?limit= and ?last=; responds when false. */
bool api_names_of(Request *request, uint64_t *limit, const char **last);
/* A page of @list, whose objects @table writes; `next` is @name_of the last where the page is full.
 */
void api_respond_names(Request *request, const char *key, const GPtrArray *list,
                       const JsonTable *table, uint64_t limit, const char *(*name_of)(void *one));
/* 201 with where it now is. */
void api_respond_made(Request *request, const json_t *made, const char *folder, const char *name);

/* bool *, only read: NULL where it is not said. */
extern const JsonKind api_choice_kind;
/* Of an Account, for api_respond_names(). */
const char *api_account_name(void *account);