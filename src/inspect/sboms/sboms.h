/* SBOMs that others wrote: CycloneDX (JSON, XML) and SPDX 2 (JSON, tag-value). What one names is a
 * package where it has a package URL with a version, or a CPE.
 *
 * One is read for two reasons. It is what is scanned (sbom:FILE): then it stands for a system, its
 * packages are installed, and its distribution is the image's. Or it lies in an image: then what it
 * names is declared, and packages of distributions are left to the databases beside it.
 *
 * It may be in an attestation (in-toto, DSSE, sigstore), which is not verified, and is noted.
 *
 * What Assay writes (report/bill.h) comes back as it was. */
#pragma once

#include "inspect/detector.h"

/* Where the target of a scan is in the layer that is made of it. */
#define SBOM_TARGET_PLACE ".assay-sbom"
/* The same of an attestation, of the image whose digest is the file's name: it must be about that
 * one. */
#define SBOM_TARGET_OF ".assay-sbom-of/"
/* The same of what lies beside that image in a registry, where anybody may have put it who may
 * push: it need not be an attestation, but one about another image counts for nothing. */
#define SBOM_TARGET_BESIDE ".assay-sbom-beside/"

extern const Detector sbom_target_detector, sboms_detector;

/* Adds what is in @bytes. @target: it is what is scanned. What is not an SBOM is noted, or unread
 * where it is the target. Pure; a fuzz target through the detectors. */
void sbom_read(Slice bytes, const char *location, bool target, LayerInventory *into);
