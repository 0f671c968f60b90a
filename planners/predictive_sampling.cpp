// Predictive sampling: of noisy copies of the present plan, the cheapest is the next one.
// Howell, Gileadi, Tunyasuvunakool, Zakka, Erez, Tassa, "Predictive sampling: real-time behaviour synthesis with
// MuJoCo", 2022, algorithm 1.
#include "planners/sampling.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace lockstep::planners::predictive_sampling {
namespace {

struct Config : SamplingConfig {
  Config() { knots = 8; }
  void check() const { SamplingConfig::check("predictive-sampling"); }
};

class Best final : public Search {
 public:
  void reset(const Shape& shape) override {
    std_ = shape.noise_std;
    mean_.assign(static_cast<size_t>(shape.parameters()), 0.0);
  }
  void begin(std::span<const double>, std::span<const double>) override { std::fill(mean_.begin(), mean_.end(), 0.0); }
  void draw(int, const double* white, double* parameters) override {
    for (size_t at = 0; at < mean_.size(); ++at) parameters[at] = mean_[at] + std_ * white[at];
  }
  void update(std::span<const double> parameters, std::span<const double> costs) override {
    const auto best = static_cast<size_t>(std::min_element(costs.begin(), costs.end()) - costs.begin());
    std::copy_n(&parameters[best * mean_.size()], mean_.size(), mean_.begin());
  }
  [[nodiscard]] std::span<const double> mean() const override { return mean_; }

 private:
  double std_ = 0;
  std::vector<double> mean_;
};

}  // namespace

extern const Entry kEntry{"predictive-sampling", "the cheapest of noisy copies of the present plan",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<SamplingPlanner>(
                                "predictive-sampling", configured<Config>(settings), std::make_unique<Best>());
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::predictive_sampling
