/* The list of detectors with 30 more that want files anywhere, and make nothing of them: what it
 * costs a scan that the places of applications are looked for. Linked in the place of
 * inspect/detectors.c into a program that is Assay otherwise. */
#include "inspect/packages/packages.h"

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
    ANYWHERE("*/Cargo.lock"),
    ANYWHERE("*.deps.json"),
    ANYWHERE("*/packages.lock.json"),
    ANYWHERE("*/packages.config"),
    ANYWHERE("*/mix.lock"),
    ANYWHERE("*/rebar.lock"),
    ANYWHERE("*/pubspec.lock"),
    ANYWHERE("*/Package.resolved"),
    ANYWHERE("*/conan.lock"),
    ANYWHERE("*/renv.lock"),
};

const Detector *const detectors[] = {
    &os_release_detector,
    &dpkg_detector,
    &dpkg_journal_detector,
    &apk_detector,
    &rpm_detector,
    &rpm_journal_detector,
    &rpm_manifest_detector,
    &chisel_detector,
    &pacman_detector,
    &foreign_detector,
    &dummies[0],
    &dummies[1],
    &dummies[2],
    &dummies[3],
    &dummies[4],
    &dummies[5],
    &dummies[6],
    &dummies[7],
    &dummies[8],
    &dummies[9],
    &dummies[10],
    &dummies[11],
    &dummies[12],
    &dummies[13],
    &dummies[14],
    &dummies[15],
    &dummies[16],
    &dummies[17],
    &dummies[18],
    &dummies[19],
    &dummies[20],
    &dummies[21],
    &dummies[22],
    &dummies[23],
    &dummies[24],
    &dummies[25],
    &dummies[26],
    &dummies[27],
    &dummies[28],
    &dummies[29],
    NULL,
};
