// Sums of features as people read them: "9.77 u0 - 0.44 sin(2 hinge_1)".
#pragma once

#include <span>
#include <string>
#include <vector>

namespace lockstep::models {

// coefficients [features] with the features' names [features]; "1" stands for the constant, which has no name. "0"
// where all coefficients are.
[[nodiscard]] std::string sum_text(std::span<const double> coefficients, const std::vector<std::string>& names,
                                   int significant_digits);

}  // namespace lockstep::models
