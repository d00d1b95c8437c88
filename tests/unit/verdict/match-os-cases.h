/* The table of test-match.c goes on: releases that are judged by two ecosystems, kernels that are
 * signed, builds of derivatives. */
#pragma once

#include "match-cases.h"

/* Of testing or sid, which their os-release does not tell apart. */
#define FORKY "debian", "forky/sid"
#define TESTING(...)                                                                               \
  {                                                                                                \
    .ecosystem = "debian:14", __VA_ARGS__                                                          \
  }
#define SID(...)                                                                                   \
  {                                                                                                \
    .ecosystem = "debian:sid", __VA_ARGS__                                                         \
  }
#define NOBLE(...)                                                                                 \
  {                                                                                                \
    .ecosystem = "ubuntu:24.04", __VA_ARGS__                                                       \
  }
#define NOBLE_PRO(...)                                                                             \
  {                                                                                                \
    .ecosystem = "ubuntu-pro:24.04", __VA_ARGS__                                                   \
  }

static const MatchCase os_cases[] = {
    {"sid has the fix that testing has not got yet",
     FORKY,
     DEB("p", "1.3-5"),
     NULL,
     {{"a", SID(.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "1.3-5")},
      {"a", TESTING(.id = "CVE-1", .state = STATE_AFFECTED)}},
     {{0}},
     "",
     NULL},
    {"testing has not got sid's fix yet",
     FORKY,
     DEB("p", "1.3-4"),
     NULL,
     {{"a", SID(.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "1.3-5")},
      {"a", TESTING(.id = "CVE-1", .state = STATE_AFFECTED)}},
     {{0}},
     "CVE-1 fixed unknown(-) < 1.3-5 -> 1.3-5 | upgrade p to 1.3-5 or later",
     NULL},
    {"testing got a fix of its own",
     FORKY,
     DEB("p", "1.3-4+deb14u1"),
     NULL,
     {{"a", SID(.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "1.3-5")},
      {"a", TESTING(.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "1.3-4+deb14u1")}},
     {{0}},
     "",
     NULL},
    {"fixed in neither testing nor sid",
     FORKY,
     DEB("p", "1.3-5"),
     NULL,
     {{"a", SID(.id = "CVE-1", .state = STATE_AFFECTED)},
      {"a", TESTING(.id = "CVE-1", .state = STATE_WILL_NOT_FIX)}},
     {{0}},
     "CVE-1 affected unknown(-) all versions -> - | no fixed version published yet: remove p if it "
     "is not needed",
     NULL},
    {"what only one of testing and sid speaks of",
     FORKY,
     DEB("p", "1.3-5"),
     NULL,
     {{"a", SID(.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "1.3-6")},
      {"a", TESTING(.id = "CVE-2", .state = STATE_FIXED, .fixed_version = "1.3-7")}},
     {{0}},
     "CVE-1 fixed unknown(-) < 1.3-6 -> 1.3-6 | upgrade p to 1.3-6 or later\n"
     "CVE-2 fixed unknown(-) < 1.3-7 -> 1.3-7 | upgrade p to 1.3-7 or later",
     NULL},

    {"a build of Ubuntu Pro that has the fix",
     "ubuntu",
     "24.04",
     DEB("p", "3.4.0-1ubuntu0.1~esm1"),
     NULL,
     {{"a", NOBLE(.id = "CVE-1", .state = STATE_AFFECTED)},
      {"b",
       NOBLE_PRO(.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "3.4.0-1ubuntu0.1~esm1")}},
     {{0}},
     "",
     NULL},
    {"a build of Ubuntu Pro that is older than the fix",
     "ubuntu",
     "24.04",
     DEB("p", "3.4.0-1ubuntu0.1+esm1"),
     NULL,
     {{"a", NOBLE(.id = "CVE-1", .state = STATE_AFFECTED)},
      {"b",
       NOBLE_PRO(.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "3.4.0-1ubuntu0.1+esm2")}},
     {{0}},
     "CVE-1 fixed unknown(-) < 3.4.0-1ubuntu0.1+esm2 -> 3.4.0-1ubuntu0.1+esm2 | upgrade p to "
     "3.4.0-1ubuntu0.1+esm2 or later",
     NULL},
    {"what Ubuntu Pro does not speak of",
     "ubuntu",
     "24.04",
     DEB("p", "3.4.0-1ubuntu0.1~esm1"),
     NULL,
     {{"a", NOBLE(.id = "CVE-1", .state = STATE_AFFECTED)},
      {"b",
       NOBLE_PRO(.id = "CVE-2", .state = STATE_FIXED, .fixed_version = "3.4.0-1ubuntu0.1~esm1")}},
     {{0}},
     "CVE-1 affected unknown(-) all versions -> - | no fixed version published yet: remove p if it "
     "is not needed",
     NULL},
    {"without Ubuntu Pro the plain record decides",
     "ubuntu",
     "24.04",
     DEB("p", "3.4.0-1"),
     NULL,
     {{"a", NOBLE(.id = "CVE-1", .state = STATE_AFFECTED)},
      {"b",
       NOBLE_PRO(.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "3.4.0-1ubuntu0.1~esm1")}},
     {{0}},
     "CVE-1 affected unknown(-) all versions -> - | no fixed version published yet: remove p if it "
     "is not needed",
     NULL},
};
