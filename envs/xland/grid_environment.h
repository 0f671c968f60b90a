// XLand worlds behind the program's interface of environments: numbers in place of bytes.
#pragma once

#include "engine/environment.h"
#include "envs/xland/tasks.h"
#include "envs/xland/worlds.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lockstep::envs::xland {

// State of a world: [y, x, direction, pocket's tile and colour, tile and colour of each cell], 5 + 2 side^2 whole
// numbers. An action that is finite but none of 0..5 passes a step in which nothing is done (worlds().bad_actions()
// counts them); one that is not finite ends the world as truncated, and counts in faults().
class GridEnvironment final : public Environment {
 public:
  GridEnvironment(const TaskOptions& options, const EnvironmentConfig& config);

  // The worlds in bytes: observation [worlds][view][view][2], states, rulesets.
  [[nodiscard]] const Worlds& worlds() const { return worlds_; }

  [[nodiscard]] const TaskSpec& spec() const override { return spec_; }
  [[nodiscard]] const EnvironmentConfig& config() const override { return config_; }
  void reset() override;
  void step(View<const float, 2> actions) override;
  [[nodiscard]] View<const float, 2> observation() const override { return rows(observation_); }
  [[nodiscard]] View<const float, 2> final_observation() const override { return rows(final_observation_); }
  [[nodiscard]] std::span<const float> reward() const override { return worlds_.reward(); }
  [[nodiscard]] std::span<const std::uint8_t> terminated() const override { return worlds_.terminated(); }
  [[nodiscard]] std::span<const std::uint8_t> truncated() const override { return worlds_.truncated(); }
  // The one reward of an episode is that of its last step.
  [[nodiscard]] std::span<const float> final_return() const override { return worlds_.reward(); }
  [[nodiscard]] std::int64_t faults() const override;
  void get_state(int world, std::span<double> x) const override;
  // What is no state (a tile that does not exist, an infinite number) leaves the world as it is, to be ended as
  // truncated by the next step.
  void set_state(int world, std::span<const double> x) override;
  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  // Error: a grid has no derivatives to plan with.
  [[nodiscard]] std::unique_ptr<Dynamics> dynamics() const override;
  [[nodiscard]] std::unique_ptr<Cost> cost() const override;
  [[nodiscard]] const mjModel_* mujoco_model() const override { return nullptr; }
  void get_mujoco_state(int world, std::span<double> qpos, std::span<double> qvel) const override;
  [[nodiscard]] std::string backend_report() const override;

 private:
  [[nodiscard]] View<const float, 2> rows(const HostBuffer<float>& buffer) const {
    return View<const float, 2>(buffer.data(), config_.num_worlds, spec_.observation_size);
  }
  void show_all();
  void show(std::uint32_t first, std::uint32_t count);
  void stagger();
  void read_actions(const float* actions, std::uint32_t first, std::uint32_t count);
  void keep_final_observations(std::uint32_t first, std::uint32_t count);

  TaskSpec spec_;
  EnvironmentConfig config_;
  Worlds worlds_;
  HostBuffer<std::uint8_t> actions_, broken_;          // [worlds] broken: set_state was given no state
  HostBuffer<float> observation_, final_observation_;  // [worlds][observation_size]
  std::vector<std::int64_t> faults_in_range_;
  bool touched_ = false;  // false until the first reset, step or set_state: that reset keeps the first episode
};

}  // namespace lockstep::envs::xland
