/* What the judges of images have in common: answers made of verdicts and errors, and which images
 * of an index nodes could run. Pure. */
#pragma once

#include "admission/decision.h"
#include "server/server-private.h"

/* Why there is no verdict. (transfer full) */
ImageAnswer *image_answer_of_error(const GError *error);
/* (transfer full) */
ImageAnswer *image_answer_of_verdict(const Verdict *verdict, ScanState scan);
/* Refused comes before what is not known, and that before what is admitted. */
bool image_answer_is_stricter(const ImageAnswer *answer, const ImageAnswer *than);

/* Of a member of an index: false: certainly not. What leaves its platform open (@os, @architecture
 * NULL or "") is the node's own to whoever pulls it. */
bool image_may_run(const ImageQuestion *question, const char *os, const char *architecture);
