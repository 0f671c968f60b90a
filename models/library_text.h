// Libraries of candidate terms written as text, as "polynomial(2) + fourier(1, th) * polynomial(1, torque)".
#pragma once

#include "models/feature_library.h"

#include <string>
#include <string_view>

namespace lockstep::models {

// A sum joins libraries, a product multiplies every feature of one with every one of the other (`*` binds tighter, and
// parentheses group). The libraries, over the inputs named after their numbers (none: all; `states` and `controls` name
// all of a kind):
//   constant                        1
//   polynomial(degree, inputs...)   monomials of total degree 0 to `degree`
//   powers(degree, inputs...)       powers 1 to `degree` of single inputs
//   fourier(n, inputs...)           sin(k z), cos(k z), k = 1 to n
//   terms(expression, ...)          as written (models/expression.h)
//   affine(library)                 the library of states, the controls, and their products
// Error with the place in the text for anything else, and for more than 20000 features.
[[nodiscard]] FeatureLibrary parse_library(std::string_view text, int num_states, int num_controls,
                                           const InputNames& names = {}, const std::string& where = "library");

}  // namespace lockstep::models
