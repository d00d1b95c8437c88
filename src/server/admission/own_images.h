/* What this registry says of an image that it holds: what it would say at a pull. */
#pragma once

#include "server/admission/desk.h"

/* How names of images call this registry, in small letters and without ":443": what
 * `admission.registries` lists, what signatures call it (@signature_hosts:
 * signing_settings_hosts()), and the server names of endpoints, with the ports that they listen at.
 * (transfer full) */
GStrv own_image_hosts(const Config *config, const char *const *signature_hosts);
/* Whether the image is named as one of this registry. */
bool own_image_is(const AdmissionDesk *desk, const Reference *name);
/* Answers of images that will not change are remembered: then it costs a look-up. Otherwise it
 * blocks on the database. (transfer full) */
ImageAnswer *own_image_judge(AdmissionDesk *desk, const ImageQuestion *question);
