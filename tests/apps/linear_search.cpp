// Random search on one world, with everything it needs to go on in its saved bytes.
#include "tests/apps/linear_search.h"
#include "engine/byte_stream.h"

#include <algorithm>
#include <random>

namespace lockstep {
namespace {

constexpr int kEpisodeSteps = 60;

struct Config {
  double noise = 0.3;
  int wanted_iterations = 6;
  void describe(Fields& fields) {
    fields.add("noise", noise, "standard deviation of a perturbation", {0, 10});
    fields.add("wanted_iterations", wanted_iterations, "iterations until it is done", {1, 1000});
  }
};

class LinearSearch final : public agents::Agent {
 public:
  explicit LinearSearch(const agents::AgentInputs& inputs)
      : inputs_(inputs),
        config_(configured<Config>(inputs.settings)),
        world_(inputs.make_environment(inputs.task, inputs.environment)),
        policy_(static_cast<size_t>(world_->spec().observation_size * world_->spec().action_size)) {}

  [[nodiscard]] std::string_view name() const override { return "linear-search"; }

  std::vector<agents::Metric> iterate() override {
    std::mt19937_64 random(inputs_.seed * 1000003 + static_cast<std::uint64_t>(iteration_));
    std::normal_distribution<double> normal(0, config_.noise);
    std::vector<double> candidate = policy_;
    for (double& weight : candidate) weight += normal(random);
    const double value = episode(*world_, candidate, nullptr);
    env_steps_ += kEpisodeSteps;
    if (iteration_ == 0 || value > best_) {
      best_ = value;
      policy_ = candidate;
    }
    ++iteration_;
    return {{"return", value}, {"best_return", best_}};
  }

  [[nodiscard]] bool is_done() const override { return iteration_ >= config_.wanted_iterations; }
  [[nodiscard]] double progress() const override { return static_cast<double>(iteration_) / config_.wanted_iterations; }
  [[nodiscard]] std::int64_t env_steps() const override { return env_steps_; }
  [[nodiscard]] double real_seconds() const override {
    return static_cast<double>(env_steps_) * world_->spec().control_timestep;
  }

  agents::Episode evaluate(std::uint64_t seed) override {
    EnvironmentConfig config = inputs_.environment;
    config.seed = seed;
    const std::unique_ptr<Environment> world = inputs_.make_environment(inputs_.task, config);
    agents::Episode done;
    done.state_size = world->spec().state_size;
    done.action_size = world->spec().action_size;
    done.steps = kEpisodeSteps;
    done.episode_return = episode(*world, policy_, &done);
    return done;
  }

  [[nodiscard]] std::vector<std::string> equations() const override { return {"u = W <obs> & so on"}; }
  [[nodiscard]] std::vector<double> multi_step_error() const override { return {}; }

  [[nodiscard]] std::vector<std::byte> save() const override {
    ByteWriter out("linear-search", 1);
    out.write(iteration_);
    out.write(env_steps_);
    out.write(best_);
    out.write_array(std::span(policy_));
    const std::vector<std::byte> world = world_->save();
    out.write(std::string_view(reinterpret_cast<const char*>(world.data()), world.size()));
    return std::move(out).finish();
  }
  void load(std::span<const std::byte> bytes) override {
    ByteReader in(bytes, "linear-search", 1, "agent state");
    iteration_ = in.read<int>();
    env_steps_ = in.read<std::int64_t>();
    best_ = in.read<double>();
    in.read_array(std::span(policy_));
    const std::string world = in.read_string();
    in.expect_end();
    world_->load(std::as_bytes(std::span(world)));
  }

 private:
  // Return of kEpisodeSteps steps of one world under `policy`; they are recorded in `record` where there is one.
  double episode(Environment& world, const std::vector<double>& policy, agents::Episode* record) {
    const auto& spec = world.spec();
    const auto actions = static_cast<size_t>(spec.action_size), observations = policy.size() / actions;
    std::vector<float> action(actions);
    std::vector<double> x(static_cast<size_t>(spec.state_size));
    const auto record_state = [&] {
      if (record == nullptr) return;
      world.get_state(0, x);
      record->states.insert(record->states.end(), x.begin(), x.end());
    };
    double sum = 0;
    record_state();
    for (int step = 0; step < kEpisodeSteps; ++step) {
      for (size_t a = 0; a < actions; ++a) {
        double u = 0;
        for (size_t o = 0; o < observations; ++o)
          u += policy[a * observations + o] * static_cast<double>(world.observation()(0, static_cast<int>(o)));
        action[a] = static_cast<float>(std::clamp(u, spec.action_low[a], spec.action_high[a]));
      }
      world.step(View<const float, 2>(action.data(), 1, spec.action_size));
      sum += static_cast<double>(world.reward()[0]);
      if (record != nullptr) {
        record->rewards.push_back(world.reward()[0]);
        record->actions.insert(record->actions.end(), action.begin(), action.end());
      }
      record_state();
      if (inputs_.on_progress) inputs_.on_progress("search", static_cast<double>(step) / kEpisodeSteps);
    }
    return sum;
  }

  agents::AgentInputs inputs_;
  Config config_;
  std::unique_ptr<Environment> world_;
  std::vector<double> policy_;  // [action_size][observation_size]
  double best_ = 0;
  int iteration_ = 0;
  std::int64_t env_steps_ = 0;
};

}  // namespace

const agents::Entry kLinearSearch{"linear-search", "random search over linear policies",
                                  [](const agents::AgentInputs& inputs) -> std::unique_ptr<agents::Agent> {
                                    return std::make_unique<LinearSearch>(inputs);
                                  },
                                  [] { return settings_of(Config{}); }};

}  // namespace lockstep
