/* The detectors of weak settings: each gives the facts of one kind of file (facts.h). */
#pragma once

#include "inspect/detector.h"

extern const Detector group_detector, gshadow_detector, passwd_detector, shadow_detector,
    sshd_detector;
