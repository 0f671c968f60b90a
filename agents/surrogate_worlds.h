// Worlds of a task that are stepped by its learned surrogate instead of its physics: for training policies in them, by
// the tens of thousands. Their state is what is observed.
//
// An episode ends where the task itself would end it (agents/termination.h), after its time limit, or where it leaves
// the region that the surrogate may be trusted in. What leaving comes to is a choice:
//   cut   the step is not taken and the episode is truncated where it was: nothing is claimed of what lies outside
//   end   the episode is terminated, and pays the least reward of the data forever after, if that is a loss: no policy
//         gains by it (R. Kidambi, A. Rajeswaran, P. Netrapalli, T. Joachims, "MOReL", NeurIPS 2020)
#pragma once

#include "agents/termination.h"
#include "engine/buffer.h"
#include "engine/environment.h"
#include "engine/thread_pool.h"
#include "models/compiled_map.h"
#include "models/sparse_surrogate.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lockstep::agents {

enum class Leaving { kCut, kEnd };

struct SurrogateWorldsConfig {
  int num_worlds = 1;  // >= 1
  std::uint64_t seed = 0;
  int threads = 1;                  // results do not depend on it
  int group = 16;                   // worlds that follow one member, before the next one's begin, >= 1
  bool groups_start_alike = false;  // the worlds of a group begin their episodes in the same states
  Leaving leaving = Leaving::kEnd;
  double discount = 0.99;         // of the rewards that ending forgoes, [0, 1)
  bool stagger_episodes = false;  // the first episodes are cut at times of their own
};

class SurrogateWorlds final : public Environment {
 public:
  // `task`: the one that the surrogate stands for; it must have a time limit.
  SurrogateWorlds(const TaskSpec& task, const SurrogateWorldsConfig& config);

  // What the worlds step by from now on. The first call begins an episode in every world, later ones let episodes go
  // on. starts [pool][observation_size]: observations that episodes begin with, not empty.
  void follow(const models::SparseSurrogate& model, std::vector<double> starts);
  [[nodiscard]] bool is_following() const { return !parts_.empty(); }

  [[nodiscard]] const TaskSpec& spec() const override { return spec_; }
  [[nodiscard]] const EnvironmentConfig& config() const override { return config_; }
  void reset() override;
  void step(View<const float, 2> actions) override;
  [[nodiscard]] View<const float, 2> observation() const override { return rows_of(observation_); }
  [[nodiscard]] View<const float, 2> final_observation() const override { return rows_of(final_observation_); }
  [[nodiscard]] std::span<const float> reward() const override { return reward_; }
  [[nodiscard]] std::span<const std::uint8_t> terminated() const override { return terminated_; }
  [[nodiscard]] std::span<const std::uint8_t> truncated() const override { return truncated_; }
  [[nodiscard]] std::span<const float> final_return() const override { return final_return_; }
  [[nodiscard]] std::int64_t faults() const override { return faults_; }
  void get_state(int world, std::span<double> x) const override;
  void set_state(int world, std::span<const double> x) override;
  // Of worlds and episodes; what follow() was given is the caller's to keep.
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  [[nodiscard]] std::unique_ptr<Dynamics> dynamics() const override;
  [[nodiscard]] std::unique_ptr<Cost> cost() const override;
  [[nodiscard]] const mjModel_* mujoco_model() const override { return nullptr; }
  void get_mujoco_state(int /*world*/, std::span<double> /*qpos*/, std::span<double> /*qvel*/) const override {}
  [[nodiscard]] std::string backend_report() const override;

 private:
  // What one thread steps by.
  struct Part {
    std::vector<models::SurrogateDynamics> dynamics;
    models::CompiledMap reward;
  };
  // The model's side of an end.
  struct Region {
    std::vector<double> low, high;
    double leaving_reward = 0;
  };

  [[nodiscard]] View<const float, 2> rows_of(const std::vector<float>& numbers) const {
    return view(numbers.data(), config_.num_worlds, spec_.observation_size);
  }
  [[nodiscard]] std::span<double> state_of(int world);
  void step_block(int block, int thread, View<const float, 2> actions);
  void finish_step(int world, std::span<const double> next, double reward, bool has_action);
  void start_episode(int world);
  void show(int world);

  TaskSpec spec_;
  EnvironmentConfig config_;
  int group_;
  bool groups_start_alike_;
  Leaving leaving_;
  double discount_;
  Termination ends_;
  ThreadPool pool_;
  std::vector<Part> parts_;  // [threads]
  std::optional<models::SparseMap> reward_map_;
  bool rewards_before_ = false;
  Region region_;
  std::vector<double> starts_;  // [pool][observation_size]

  std::vector<double> state_;          // [worlds][observation_size]
  std::vector<double> next_, action_;  // [worlds][observation_size], [worlds][action_size], of a step
  std::vector<double> predicted_;      // [worlds] rewards of a step
  std::vector<float> observation_, final_observation_, reward_, final_return_;
  std::vector<std::uint8_t> terminated_, truncated_, is_fault_;
  std::vector<double> return_;           // [worlds] of the running episodes
  std::vector<std::int32_t> clock_;      // [worlds] steps of the running episodes
  std::vector<std::uint32_t> episodes_;  // [worlds] begun so far
  std::int64_t faults_ = 0;
};

}  // namespace lockstep::agents
