/* The list of detectors with 20 more that want files anywhere, and make nothing of them: what it
 * costs a scan that the places of applications are looked for. Linked in the place of
 * inspect/detectors.c into a program that is Assay otherwise. */
#include "inspect/detector.h"

static void
read_nothing(Slice bytes, const char *location, LayerInventory *into)
{
}

#define ANYWHERE(...)                                                                              \
  {                                                                                                \
    .name = "dummy", .version = 1, .places = (const char *const[]){__VA_ARGS__, NULL},             \
    .read = read_nothing                                                                           \
  }

static const Detector dummies[] = {
    ANYWHERE("*/package.json"),
    ANYWHERE("*/package-lock.json"),
    ANYWHERE("*/yarn.lock"),
    ANYWHERE("*/pnpm-lock.yaml"),
    ANYWHERE("*/bun.lock"),
    ANYWHERE("*.jar", "*.war", "*.ear"),
    ANYWHERE("*/pom.xml"),
    ANYWHERE("*/gradle.lockfile"),
    ANYWHERE("*.dist-info/METADATA"),
    ANYWHERE("*.egg-info/PKG-INFO", "*.egg-info"),
    ANYWHERE("*/requirements.txt"),
    ANYWHERE("*/Pipfile.lock"),
    ANYWHERE("*/poetry.lock"),
    ANYWHERE("*/uv.lock"),
    ANYWHERE("*/conda-meta/history"),
    ANYWHERE("*/Gemfile.lock"),
    ANYWHERE("*.gemspec"),
    ANYWHERE("*/composer.lock"),
    ANYWHERE("*/vendor/composer/installed.json"),
    ANYWHERE("*/go.mod"),
};

#define MORE_DETECTORS                                                                             \
  &dummies[0], &dummies[1], &dummies[2], &dummies[3], &dummies[4], &dummies[5], &dummies[6],       \
      &dummies[7], &dummies[8], &dummies[9], &dummies[10], &dummies[11], &dummies[12],             \
      &dummies[13], &dummies[14], &dummies[15], &dummies[16], &dummies[17], &dummies[18],          \
      &dummies[19],
/* The list, with these in front of its end. */
#include "inspect/detectors.c"
