// dm_control's dog/walk: walk as a dog.
#pragma once

#include "envs/suite_dog.h"

namespace lockstep::envs::dog_walk {

struct Task : suite_dog::Variant<suite_dog::Kind::kWalk> {
  static constexpr Facts kFacts = suite_dog::facts("dog-walk", "dog/walk", "walk as a dog", suite_dog::Kind::kWalk);
};

}  // namespace lockstep::envs::dog_walk
