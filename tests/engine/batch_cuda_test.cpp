// Tests the GPU backend against the CPU's; skipped without a GPU.
#include "engine/batch.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/task_models.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

struct State {
  std::vector<double> qpos, qvel, act;
  friend bool operator==(const State&, const State&) = default;
};

State state_of(const Batch& batch, int world) {
  const auto numbers = [](int count) { return std::vector<double>(static_cast<std::size_t>(count)); };
  State s{numbers(batch.model().nq()), numbers(batch.model().nv()), numbers(batch.model().na())};
  batch.get_state(world, s.qpos, s.qvel, s.act);
  return s;
}

std::shared_ptr<const Model> cartpole() { return Model::from_file(task_model("dm_control/suite/cartpole.xml")); }
std::shared_ptr<const Model> humanoid() {
  return Model::from_file(task_model("dm_control/suite/humanoid.xml"),
                          [](mjModel& m) { m.opt.disableflags |= mjDSBL_CONSTRAINT; });
}

// A batch whose worlds have speeds and controls of their own; nullptr without a GPU, and `why` says so.
std::unique_ptr<Batch> moving(const std::shared_ptr<const Model>& model, const char* backend, Precision precision,
                              int num_worlds, std::string* why = nullptr) {
  try {
    auto batch = Batch::make(model, {.num_worlds = num_worlds, .backend = backend, .precision = precision});
    for (int world = 0; world < num_worlds; ++world) {
      State s = state_of(*batch, world);
      for (std::size_t dof = 0; dof < s.qvel.size(); ++dof)
        s.qvel[dof] = ((world * 7 + static_cast<int>(dof) * 3) % 17 - 8) / 8.0;
      batch->set_state(world, s.qpos, s.qvel, s.act);
      batch->set_ctrl(world, std::vector<double>(static_cast<std::size_t>(model->nu()), (world % 5 - 2) / 4.0));
    }
    return batch;
  } catch (const MissingResource& missing) {
    if (why != nullptr) *why = missing.what();
    return nullptr;
  }
}

class OnGpu : public testing::Test {
 protected:
  // Steps both batches and compares all worlds.
  static void expect_as_cpu(const std::shared_ptr<const Model>& model, Precision precision, double tolerance) {
    std::string why;
    const auto gpu = moving(model, "cuda", precision, 70, &why);
    if (!gpu) GTEST_SKIP() << why;
    const auto cpu = moving(model, "cpu", precision, 70);
    for (const auto& batch : {gpu.get(), cpu.get()}) batch->step(10);
    for (int world = 0; world < 70; ++world) {
      const State a = state_of(*gpu, world), b = state_of(*cpu, world);
      for (std::size_t i = 0; i < a.qvel.size(); ++i)
        EXPECT_NEAR(a.qvel[i], b.qvel[i], tolerance * std::max(1.0, std::abs(b.qvel[i]))) << "world " << world;
    }
  }
};

// Ten steps from the same state: rounding, amplified by what ten steps stretch.
TEST_F(OnGpu, CartpoleInDoubleIsAsOnTheCpu) { expect_as_cpu(cartpole(), Precision::kDouble, 1e-11); }
TEST_F(OnGpu, HumanoidInDoubleIsAsOnTheCpu) { expect_as_cpu(humanoid(), Precision::kDouble, 1e-9); }
TEST_F(OnGpu, CartpoleInFloatIsAsOnTheCpu) { expect_as_cpu(cartpole(), Precision::kFloat, 1e-3); }

TEST_F(OnGpu, GivesTheSameBitsForAnyBatchSize) {
  std::string why;
  const auto large = moving(cartpole(), "cuda", Precision::kFloat, 257, &why);
  if (!large) GTEST_SKIP() << why;
  large->step(20);
  for (const int num_worlds : {1, 15, 16, 17}) {
    const auto small = moving(cartpole(), "cuda", Precision::kFloat, num_worlds);
    small->step(20);
    for (int world = 0; world < num_worlds; ++world) EXPECT_EQ(state_of(*large, world), state_of(*small, world));
  }
}

TEST_F(OnGpu, KeepsAFaultInItsOwnWorld) {
  std::string why;
  const auto poisoned = moving(cartpole(), "cuda", Precision::kFloat, 9, &why);
  if (!poisoned) GTEST_SKIP() << why;
  const auto clean = moving(cartpole(), "cuda", Precision::kFloat, 9);
  poisoned->set_ctrl(4, std::vector<double>{std::numeric_limits<double>::quiet_NaN()});
  for (const auto& batch : {poisoned.get(), clean.get()}) batch->step(5);
  for (int world = 0; world < 9; ++world) {
    EXPECT_EQ(poisoned->fault(world), world == 4);
    if (world != 4) {
      EXPECT_EQ(state_of(*poisoned, world), state_of(*clean, world));
    }
  }
}

TEST_F(OnGpu, SetsAllControlsAsOneByOne) {
  std::string why;
  const auto together = moving(cartpole(), "cuda", Precision::kFloat, 33, &why);
  if (!together) GTEST_SKIP() << why;
  const auto singly = moving(cartpole(), "cuda", Precision::kFloat, 33);
  std::vector<double> ctrl(33);
  for (std::size_t world = 0; world < 33; ++world) ctrl[world] = static_cast<double>(world) / 64;
  together->set_all_ctrl(View<const double, 2>(ctrl.data(), 33, 1));
  for (int world = 0; world < 33; ++world) singly->set_ctrl(world, std::span(ctrl).subspan(std::size_t(world), 1));
  for (const auto& batch : {together.get(), singly.get()}) batch->step(3);
  for (int world = 0; world < 33; ++world) EXPECT_EQ(state_of(*together, world), state_of(*singly, world));
}

}  // namespace
}  // namespace lockstep
