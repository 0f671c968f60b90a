// dm_control's dog/trot: trot as a dog.
#pragma once

#include "envs/suite_dog.h"

namespace lockstep::envs::dog_trot {

struct Task : suite_dog::Variant<suite_dog::Kind::kTrot> {
  static constexpr Facts kFacts = suite_dog::facts("dog-trot", "dog/trot", "trot as a dog", suite_dog::Kind::kTrot);
};

}  // namespace lockstep::envs::dog_trot
