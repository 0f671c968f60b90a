// Largest values that do not lose a not-a-number.
#include "apps/deviations.h"

#include <algorithm>
#include <numeric>

namespace lockstep::apps {
namespace {

// Once not-a-number, always.
double larger(double largest, double value) { return std::isnan(largest) || value <= largest ? largest : value; }

}  // namespace

double largest_entry(std::span<const double> x) {
  double largest = 0;
  for (const double entry : x) largest = std::max(largest, std::abs(entry));
  return largest;
}

double relative_deviation(std::span<const double> ours, std::span<const double> theirs, double least_scale) {
  double largest = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    largest = larger(largest, std::abs(ours[i] - theirs[i]));
  }
  const double scale = std::max(largest_entry(theirs), least_scale);
  return scale > 0 ? largest / scale : largest;
}

double most_of(std::vector<double> values) {
  constexpr double kShare = 0.999;
  std::replace_if(
      values.begin(), values.end(), [](double x) { return std::isnan(x); }, kReported);
  const auto rank = static_cast<std::size_t>(std::ceil(kShare * static_cast<double>(values.size()))) - 1;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

void Deviations::add(const std::string& stage, double deviation, double allowed) {
  const auto known = std::find_if(list_.begin(), list_.end(), [&](const auto& d) { return d.stage == stage; });
  if (known == list_.end()) {
    list_.push_back({stage, deviation, allowed});
  } else {
    known->deviation = larger(known->deviation, deviation);
  }
}

void Deviations::add_with_contacts(const std::string& stage, double deviation, double allowed) {
  add(iterative_ ? stage + ", iterative contacts" : stage, deviation, iterative_ ? kReported : allowed);
}

void Deviations::add_to_distribution(const std::string& stage, double deviation, double allowed) {
  auto known = std::find_if(distributions_.begin(), distributions_.end(),
                            [&](const Distribution& d) { return d.stage == stage; });
  if (known == distributions_.end()) known = distributions_.insert(known, {stage, allowed, {}});
  known->values.push_back(deviation);
}

std::vector<StageDeviation> Deviations::list() const {
  std::vector<StageDeviation> all = list_;
  for (const Distribution& d : distributions_) {
    all.push_back({d.stage + ", of 99.9 %", most_of(d.values), d.allowed});
    all.push_back({d.stage + ", largest", std::accumulate(d.values.begin(), d.values.end(), 0.0, larger), kReported});
  }
  return all;
}

}  // namespace lockstep::apps
