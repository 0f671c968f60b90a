// Mean and confidence interval of the returns of evaluation episodes.
#pragma once

#include <optional>
#include <span>

namespace lockstep::apps {

struct EpisodeReturns {
  int episodes = 0;
  double mean = 0;
  double lowest = 0, highest = 0;
  // Half the width of the 95% confidence interval of the mean (Student's t); none for fewer than two episodes.
  std::optional<double> half_width;
};

// returns [episodes], at least one.
[[nodiscard]] EpisodeReturns summarize_returns(std::span<const double> returns);

}  // namespace lockstep::apps
