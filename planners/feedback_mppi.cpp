// Feedback-MPPI: iLQR's plan, and MPPI's samples of what it does not see, rolled out under iLQR's feedback.
// Sampling about a feedback policy after Carius, Ranftl, Farshidian, Hutter, "Constrained stochastic optimal control
// with learned importance sampling: a path integral approach", IJRR 41 (2022), with iLQR (ilqr.h) as the policy
// and the weights of mppi.h. Samples of an unstable system stay near the plan; steps and kinks in the cost are seen.
#include "engine/byte_stream.h"
#include "planners/control_bounds.h"
#include "planners/ilqr.h"
#include "planners/mppi.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <memory>
#include <vector>

namespace lockstep::planners::feedback_mppi {
namespace {

struct Config {
  mppi::Config sampling = {};
  ilqr::Config centre = {};

  void describe(Fields& fields) {
    sampling.describe(fields);
    fields.add_section("ilqr", centre);
  }
  void check() const {
    sampling.check();
    centre.check();
  }
};

class FeedbackMppi final : public Planner {
 public:
  explicit FeedbackMppi(const Config& config) : centre_(config.centre, "feedback-mppi"), sampler_(config.sampling) {}

  [[nodiscard]] std::string_view name() const override { return "feedback-mppi"; }
  void reset(const Problem& problem, std::uint64_t seed) override {
    check_problem(problem, name());
    centre_.reset(problem, seed);
    sampler_.reset(problem, seed);
  }
  PlanStats plan(std::span<const double> x0, View<double, 2> controls) override;
  [[nodiscard]] View<const double, 2> predicted() const override {
    return sampled_ ? sampler_.predicted() : centre_.predicted();
  }
  [[nodiscard]] View<const double, 3> gains() const override { return centre_.gains(); }
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  ilqr::Ilqr centre_;
  mppi::Mppi sampler_;
  bool sampled_ = false;  // the last plan is the sampler's
};

// The sampler's first sample is iLQR's plan itself, so that the plan returned costs no more.
PlanStats FeedbackMppi::plan(std::span<const double> x0, View<double, 2> controls) {
  PlanStats stats = centre_.plan(x0, controls);
  sampled_ = false;
  if (!std::isfinite(stats.cost)) return stats;
  const auto gains = centre_.gains();
  const double* K = gains.data_handle();
  const bool usable = std::all_of(K, K + gains.size(), [](double v) { return std::isfinite(v); });
  const PlanStats sampling =
      sampler_.plan_about(x0, controls, {{}, centre_.predicted(), usable ? gains : View<const double, 3>{}});
  stats.model_steps += sampling.model_steps;
  stats.seconds += sampling.seconds;
  sampled_ = std::isfinite(sampling.cost);
  if (!sampled_) return stats;
  stats.cost = sampling.cost;
  stats.iterations += sampling.iterations;
  stats.status = sampling.status;
  stats.converged = false;
  return stats;
}

constexpr const char* kSaved = "planner feedback-mppi";
constexpr std::uint32_t kSavedVersion = 1;

std::vector<std::byte> FeedbackMppi::save() const {
  ByteWriter writer(kSaved, kSavedVersion);
  const std::vector<std::byte> centre = centre_.save(), sampler = sampler_.save();
  writer.write_array(std::span<const std::byte>(centre));
  writer.write_array(std::span<const std::byte>(sampler));
  return std::move(writer).finish();
}

void FeedbackMppi::load(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, kSaved, kSavedVersion, "saved state of the planner feedback-mppi");
  const auto centre = reader.read_vector<std::byte>(), sampler = reader.read_vector<std::byte>();
  reader.expect_end();
  centre_.load(centre);
  sampler_.load(sampler);
}

}  // namespace

extern const Entry kEntry{"feedback-mppi", "ilqr's plan and mppi's samples about it, rolled out under its feedback",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            return std::make_unique<FeedbackMppi>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::planners::feedback_mppi
