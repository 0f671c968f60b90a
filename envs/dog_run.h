// dm_control's dog/run: run as a dog.
#pragma once

#include "envs/suite_dog.h"

namespace lockstep::envs::dog_run {

struct Task : suite_dog::Variant<suite_dog::Kind::kRun> {
  static constexpr Facts kFacts = suite_dog::facts("dog-run", "dog/run", "run as a dog", suite_dog::Kind::kRun);
};

}  // namespace lockstep::envs::dog_run
