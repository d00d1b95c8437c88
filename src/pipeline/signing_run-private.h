/* What the files of runs share. */
#pragma once

#include "pipeline/signing_run.h"

/* (transfer none) */
const SigningRooms *signing_runner_rooms(const SigningRunner *runner);
ImageSigner *signing_runner_signer(const SigningRunner *runner);
