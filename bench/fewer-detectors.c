/* The list of detectors without some: what the others cost a scan. Linked in the place of
 * inspect/detectors.c into a program that is Assay otherwise. Integrity, which makes digests of
 * programs, is always left out; malware where LEAVE_MALWARE is defined. */
#include "inspect/detector.h"

static bool
wants_none(const FileView *file)
{
  return false;
}

static void
read_nothing(Slice bytes, const char *location, LayerInventory *into)
{
}

static const Detector left_out = {
    .name = "left-out", .version = 1, .wants = wants_none, .read = read_nothing, .observes = true};

/* The list, with this in their place. Names that headers declare are declared again. */
#include "inspect/integrity/integrity.h"
#include "inspect/malware/archives.h"
#include "inspect/malware/clamav.h"
#include "inspect/malware/malware.h"

#define program_sums_detector    left_out
#define dpkg_diversions_detector left_out
#ifdef LEAVE_MALWARE
#define malware_detector  left_out
#define archives_detector left_out
#define clamav_detector   left_out
#endif
#include "inspect/detectors.c"
