// Signs, numbers and names of a sum.
#include "models/equation_text.h"

#include <cmath>

#include <fmt/format.h>

namespace lockstep::models {

std::string sum_text(std::span<const double> coefficients, const std::vector<std::string>& names,
                     int significant_digits) {
  std::string text;
  for (size_t f = 0; f < coefficients.size(); ++f) {
    const double c = coefficients[f];
    if (c == 0) continue;
    const char* const sign = c < 0 ? (text.empty() ? "-" : " - ") : (text.empty() ? "" : " + ");
    text += fmt::format("{}{:.{}g}", sign, std::abs(c), significant_digits);
    if (names[f] != "1") text += ' ' + names[f];
  }
  return text.empty() ? "0" : text;
}

}  // namespace lockstep::models
