/* The score of one version of CVSS, which has a file of its own. Pure. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* The base score of what follows "CVSS:4.0/"; like cvss_base_score(). */
bool cvss4_base_score(Slice vector, double *score);
