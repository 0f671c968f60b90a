// Tests that nothing is allocated on the hot paths: steps of a batch, and the simulator as Dynamics at an unchanged
// size.
#include "engine/batch.h"
#include "engine/model.h"
#include "engine/simulator_dynamics.h"
#include "engine/task_models.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {
std::atomic<long> allocations = 0;
}  // namespace

// Counts every allocation of C++ code in this program.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto align = static_cast<std::size_t>(alignment);
  if (void* const memory = std::aligned_alloc(align, (size + align) / align * align)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace lockstep {
namespace {

// Allocations made by f().
template <class Function>
long allocations_of(Function&& f) {
  const long before = allocations;
  f();
  return allocations - before;
}

struct AllocationsOn : testing::TestWithParam<std::string> {
  std::shared_ptr<const Model> model = Model::from_file(task_model("dm_control/suite/cartpole.xml"));
};
INSTANTIATE_TEST_SUITE_P(Backends, AllocationsOn, testing::Values("cpu", "mujoco"));

TEST_P(AllocationsOn, AStepMakesNone) {
  const auto batch = Batch::make(model, {.num_worlds = 40, .backend = GetParam(), .threads = 2});
  batch->step(1);
  EXPECT_EQ(allocations_of([&] { batch->step(3); }), 0);
}

TEST_P(AllocationsOn, DynamicsOfAnUnchangedSizeMakeNone) {
  constexpr int kRows = 6, kSteps = 4;
  SimulatorDynamics dynamics(model, {.physics_steps = 2, .backend = GetParam(), .threads = 2});
  std::vector<double> x(kRows * 4), u(kRows), next(kRows * 4), A(kRows * 16), B(kRows * 4), controls(kRows * kSteps),
      states(kRows * (kSteps + 1) * 4);
  const View<const double, 2> xs(x.data(), kRows, 4), us(u.data(), kRows, 1);
  const auto all = [&] {
    dynamics.step(xs, us, View<double, 2>(next.data(), kRows, 4));
    dynamics.rollout(xs, View<const double, 3>(controls.data(), kRows, kSteps, 1),
                     View<double, 3>(states.data(), kRows, kSteps + 1, 4));
    dynamics.jacobian(xs, us, View<double, 3>(A.data(), kRows, 4, 4), View<double, 3>(B.data(), kRows, 4, 1));
  };
  EXPECT_GT(allocations_of(all), 0);  // the first call makes room for the jacobian's rows
  EXPECT_EQ(allocations_of(all), 0);
}

}  // namespace
}  // namespace lockstep
