/* Admission for Kubernetes: what an API server asks before it stores what would run an image
 * (admission/decision.h says how it is decided; here are the routes, and the judges of images).
 *
 * - POST /admission/validate[/CLUSTER[/KEY]] says whether the object is admitted,
 * - POST /admission/mutate[/CLUSTER[/KEY]] fixes its images to digests.
 *
 * Who asks has the verb "verify" on all repositories, by a robot or a client certificate as
 * everywhere. Where an API server cannot be given credentials for its webhooks, as in most clusters
 * of cloud providers, the cluster's key is the end of the path (`admission.clusters`); the log has
 * the pattern of such a path in its place. */
#pragma once

#include "server/http/route.h"

extern const Route admission_routes[];
