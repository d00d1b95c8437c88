/* The errors of /api/v1 as RFC 9457 has them: application/problem+json. Pure. */
#pragma once

#include <jansson.h>

#define PROBLEM_MEDIA_TYPE "application/problem+json"

/* `type` is a URN of the code, `title` what the code means, `detail` the @message, and `instance` a
 * URN of the request, whose @request_id the log has as well. Besides: `code`, and where there is
 * something that helps whatever the case, `remedy`. @message is UTF-8. (transfer full) */
json_t *problem_to_json(unsigned status, const char *code, const char *message,
                        const char *request_id);
