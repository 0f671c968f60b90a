// Tests each task's observation, reward and termination, as code on numbers, on states that the suite itself went
// through; physics has no part in it.
#include "envs/acrobot_swingup.h"
#include "envs/acrobot_swingup_sparse.h"
#include "envs/acrobot_v1.h"
#include "envs/cartpole_balance.h"
#include "envs/cartpole_balance_sparse.h"
#include "envs/cartpole_swingup.h"
#include "envs/cartpole_swingup_sparse.h"
#include "envs/cartpole_v1.h"
#include "envs/half_cheetah_v5.h"
#include "envs/hopper_v5.h"
#include "envs/inverted_pendulum_v5.h"
#include "envs/lqr_2_1.h"
#include "envs/lqr_6_2.h"
#include "envs/mountain_car_continuous_v0.h"
#include "envs/mountain_car_v0.h"
#include "envs/pendulum_swingup.h"
#include "envs/pendulum_v1.h"
#include "envs/point_mass_hard.h"
#include "envs/swimmer_v5.h"
#include "envs/walker2d_v5.h"
#include "tests/envs/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

template <class Task>
struct TaskCode : testing::Test {
  static constexpr int kStates = Task::kStates, kActions = Task::kActions, kObservations = Task::kObservations;

  static constexpr OptionValues kDefaults = default_options<Task>();
  static constexpr int kFirstShown = kHasOptionalParts<Task> ? kDefaults.parts[0].first : 0;
  static constexpr int kShown = kHasOptionalParts<Task> ? kDefaults.parts[0].count : kObservations;
  static_assert(sensed_size<Task>() == 0, "what sensors read is no function of a recorded state");
  template <class T>
  using Now = SceneOf<Task, T>;

  // What the task's functions take: the scene, or its state alone.
  template <class T>
  static const auto& seen(const Now<T>& now) {
    if constexpr (kSeesScenes<Task>) {
      return now;
    } else {
      return now.x;
    }
  }
  template <class T, int n>
  static void fill(T (&numbers)[n], const std::vector<double>& row) {
    for (int i = 0; i < n; ++i) numbers[i] = T(row[static_cast<std::size_t>(i)]);
  }

  // Rewards and observations of all recorded steps on T, within `bound` of the suite's own.
  template <class T>
  void expect_suites_numbers(double bound) const {
    for (const Trajectory& trajectory : reference_.trajectories) {
      for (std::size_t k = 0; k < trajectory.actions.size(); ++k) {
        Now<T> before, after;
        before.options = after.options = &kDefaults;
        T action[kActions], observation[kObservations];
        fill(before.x, trajectory.states[k]);
        fill(after.x, trajectory.states[k + 1]);
        fill(action, trajectory.actions[k]);
        if constexpr (before_size<Task>() > 0) Task::remember(before, after.before);
        const T reward = Task::reward(seen(Task::kRewardsStateBefore ? before : after), action);
        EXPECT_NEAR(static_cast<double>(kernels::first(reward)), trajectory.rewards[k],
                    bound * std::max(1.0, std::abs(trajectory.rewards[k])))
            << "step " << k;
        Task::observe(seen(after), observation);
        for (int i = kFirstShown; i < kFirstShown + kShown; ++i) {
          const double expected = trajectory.observations[k + 1][static_cast<std::size_t>(i - kFirstShown)];
          EXPECT_NEAR(static_cast<double>(kernels::first(observation[i])), expected,
                      std::max(bound, kRecorded) * std::max(1.0, std::abs(expected)))
              << Task::kObservation[i] << ", step " << k;
        }
        EXPECT_EQ(kernels::lane(Task::terminated(seen(after)), 0), trajectory.terminated[k]) << "step " << k;
      }
    }
  }

  // Classic control hands out observations as float.
  static constexpr double kRecorded =
      Task::kFacts.model == nullptr ? static_cast<double>(std::numeric_limits<float>::epsilon()) : 0;
  const Reference reference_ = read_reference(Task::kFacts.name);
};

using Tasks = testing::Types<acrobot_swingup::Task, acrobot_swingup_sparse::Task, cartpole_balance::Task,
                             cartpole_balance_sparse::Task, cartpole_swingup::Task, cartpole_swingup_sparse::Task,
                             cartpole_v1::Task, inverted_pendulum_v5::Task, pendulum_swingup::Task, pendulum_v1::Task,
                             acrobot_v1::Task, mountain_car_v0::Task, mountain_car_continuous_v0::Task,
                             half_cheetah_v5::Task, hopper_v5::Task, swimmer_v5::Task, walker2d_v5::Task,
                             point_mass_hard::Task, lqr_2_1::Task, lqr_6_2::Task>;
struct Name {
  template <class Task>
  static std::string GetName(int) {
    std::string name = Task::kFacts.name;
    std::ranges::replace(name, '-', '_');
    return name;
  }
};
TYPED_TEST_SUITE(TaskCode, Tasks, Name);

// MuJoCo turns angles into rotation matrices by way of quaternions: a few roundings more than cos and sin.
TYPED_TEST(TaskCode, GivesTheSuitesNumbersInDouble) {
  this->template expect_suites_numbers<double>(16 * std::numeric_limits<double>::epsilon());
}
TYPED_TEST(TaskCode, GivesTheSuitesNumbersInLanesOfDouble) {
  this->template expect_suites_numbers<kernels::Lanes<double, 4>>(16 * std::numeric_limits<double>::epsilon());
}
// The state is rounded to float first; angles of up to 10 rad and the Gaussians' steepest slope amplify that.
TYPED_TEST(TaskCode, GivesTheSuitesNumbersInLanesOfFloat) {
  this->template expect_suites_numbers<kernels::Lanes<float, 8>>(
      64 * static_cast<double>(std::numeric_limits<float>::epsilon()));
}

}  // namespace
}  // namespace lockstep::envs
