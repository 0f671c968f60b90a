// Largest values that do not lose a not-a-number.
#include "apps/deviations.h"

#include <algorithm>

namespace lockstep::apps {

double largest_entry(std::span<const double> x) {
  double largest = 0;
  for (const double entry : x) largest = std::max(largest, std::abs(entry));
  return largest;
}

double relative_deviation(std::span<const double> ours, std::span<const double> theirs, double least_scale) {
  double largest = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const double difference = std::abs(ours[i] - theirs[i]);
    if (!(difference <= largest)) largest = difference;  // keeps NaN
  }
  const double scale = std::max(largest_entry(theirs), least_scale);
  return scale > 0 ? largest / scale : largest;
}

void Deviations::add(const std::string& stage, double deviation, double allowed) {
  const auto known = std::find_if(list_.begin(), list_.end(), [&](const auto& d) { return d.stage == stage; });
  if (known == list_.end()) {
    list_.push_back({stage, deviation, allowed});
  } else if (!(deviation <= known->deviation)) {
    known->deviation = deviation;
  }
}

void Deviations::add_with_contacts(const std::string& stage, double deviation, double allowed) {
  add(iterative_ ? stage + ", iterative contacts" : stage, deviation, iterative_ ? kReported : allowed);
}

}  // namespace lockstep::apps
