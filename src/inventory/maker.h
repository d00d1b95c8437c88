/* Who made a package: the distribution, whose statements speak of it, or somebody else. */
#pragma once

#include "inventory/ecosystem.h"
#include "inventory/layer.h"

typedef enum {
  MADE_BY_DISTRIBUTION, /* also when nothing says who: a package is the distribution's until then */
  MADE_BY_UNKNOWN,      /* a name that is neither the distribution's nor one that we know: a person,
                           who may be a maintainer of Debian, or a company that built it again */
  MADE_BY_THIRD_PARTY,
} Maker;

/* @row: of the package's ecosystem, or NULL. */
Maker package_maker(const Ecosystem *row, const Package *package);

/* Whether it says that a distribution made it, of whatever image it is. */
bool package_is_of_some_distribution(const Package *package);
