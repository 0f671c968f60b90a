// dm_control's dog/fetch: fetch a thrown ball.
#pragma once

#include "envs/suite_dog.h"

namespace lockstep::envs::dog_fetch {

struct Task : suite_dog::Variant<suite_dog::Kind::kFetch> {
  static constexpr Facts kFacts =
      suite_dog::facts("dog-fetch", "dog/fetch", "fetch a thrown ball", suite_dog::Kind::kFetch);
};

}  // namespace lockstep::envs::dog_fetch
