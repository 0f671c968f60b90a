// Random edits of MJCF that keep its structure: numbers, words and attributes changed, elements dropped, doubled, put
// in.
#pragma once

#include "tests/engine/mjcf_tree.h"

#include <random>

namespace lockstep::tests {

// One to four edits.
void mutate(MjcfElement& model, std::mt19937_64& random);

}  // namespace lockstep::tests
