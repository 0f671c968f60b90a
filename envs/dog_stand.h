// dm_control's dog/stand: stand as a dog.
#pragma once

#include "envs/suite_dog.h"

namespace lockstep::envs::dog_stand {

struct Task : suite_dog::Variant<suite_dog::Kind::kStand> {
  static constexpr Facts kFacts = suite_dog::facts("dog-stand", "dog/stand", "stand as a dog", suite_dog::Kind::kStand);
};

}  // namespace lockstep::envs::dog_stand
