/* The face that Harbor sees: Assay as a scanner of its (goharbor/pluggable-scanner-spec 1.2).
 * Harbor is given https://ASSAY/harbor as the scanner's endpoint, and asks below its /api/v1. That
 * is not our own /api/v1: it has its own words for errors, its own media types, and versions of its
 * own.
 *
 * Off until the operator lists registries (harbor_settings.h). Who may ask has the verb "scan" on
 * all repositories, by a password, token or robot as everywhere. */
#pragma once

#include "server/http/route.h"

extern const Route harbor_routes[];
