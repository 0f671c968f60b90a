// Tests the systems: equations against published ones and laws of physics, integration against one of high order,
// Jacobians, costs, and Lyapunov exponents of those whose averages settle within a second.
#include "engine/error.h"
#include "envs/env.h"
#include "tests/envs/lyapunov.h"
#include "tests/envs/reference.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

using Vector = std::vector<double>;

std::string test_name(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}
std::vector<std::string> system_names(bool (*wanted)(const SystemRow&)) {
  std::vector<std::string> names;
  for (const Entry* const entry : entries()) {
    if (entry->system != nullptr && wanted(*entry->system)) names.emplace_back(entry->name);
  }
  return names;
}
const SystemRow& system_named(std::string_view name) { return *find(name).system; }

Vector rates(const SystemRow& system, const Vector& x, const Vector& u) {
  Vector dx(x.size());
  system.rates(x.data(), u.data(), dx.data());
  return dx;
}
Vector no_control(const SystemRow& system) { return Vector(static_cast<std::size_t>(system.num_controls)); }

// A state somewhere about the starts of episodes.
Vector point_near_start(const SystemRow& system, std::mt19937& generator) {
  std::uniform_real_distribution<double> unit(-1, 1);
  Vector x;
  for (int i = 0; i < system.num_states; ++i) {
    x.push_back(system.states[i].start + (1 + 3 * system.states[i].spread) * unit(generator));
  }
  return x;
}
Vector control_in_range(const SystemRow& system, std::mt19937& generator) {
  Vector u;
  for (int i = 0; i < system.num_controls; ++i) {
    u.push_back(std::uniform_real_distribution<double>(system.controls[i].low, system.controls[i].high)(generator));
  }
  return u;
}

// ---- Equations ----

nlohmann::json polynomial_systems() {
  std::ifstream file(std::filesystem::path(LOCKSTEP_TEST_DATA) / "systems" / "polynomial_systems.json");
  return nlohmann::json::parse(file).at("systems");
}
std::vector<std::string> polynomial_names() {
  std::vector<std::string> names;
  const nlohmann::json systems = polynomial_systems();
  for (const auto& [name, item] : systems.items()) names.push_back(name);
  return names;
}
const auto kNameOf = [](const auto& system) { return test_name(system.param); };

class PublishedPolynomials : public testing::TestWithParam<std::string> {};

// Coefficients are recorded with 12 digits.
TEST_P(PublishedPolynomials, AreTheSystemsEquations) {
  const SystemRow& system = system_named(GetParam());
  const auto equations = polynomial_systems().at(GetParam()).at("equations");
  ASSERT_EQ(static_cast<int>(equations.size()), system.num_states);
  std::mt19937 generator(1);
  for (int trial = 0; trial < 20; ++trial) {
    const Vector x = point_near_start(system, generator), u = control_in_range(system, generator);
    Vector inputs = x;
    inputs.insert(inputs.end(), u.begin(), u.end());
    const Vector found = rates(system, x, u);
    for (std::size_t i = 0; i < x.size(); ++i) {
      double expected = 0, scale = 1;
      for (const auto& term : equations[i]) {
        double product = term[0];
        ASSERT_EQ(term[1].size(), inputs.size());
        for (std::size_t j = 0; j < inputs.size(); ++j) product *= std::pow(inputs[j], term[1][j].get<int>());
        expected += product;
        scale += std::abs(product);
      }
      EXPECT_NEAR(found[i], expected, 1e-11 * scale) << system.states[i].name;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Systems, PublishedPolynomials, testing::ValuesIn(polynomial_names()), kNameOf);

class ControlledSystem : public testing::TestWithParam<std::string> {
 protected:
  const SystemRow& system_ = system_named(GetParam());
};

TEST_P(ControlledSystem, RestsAtItsTarget) {
  Vector target;
  for (int i = 0; i < system_.num_states; ++i) target.push_back(system_.states[i].target);
  for (const double slope : rates(system_, target, no_control(system_))) EXPECT_NEAR(slope, 0, 1e-12);
}

// The cost's derivatives against differences of it, and the reward against the cost of state and clamped action.
TEST_P(ControlledSystem, CostsWhatItsRewardTakes) {
  const auto env = make_environment(GetParam(), {.num_worlds = 9, .seed = 6, .precision = "double"});
  const auto cost = env->cost();
  const int n = system_.num_states, m = system_.num_controls;
  std::mt19937 generator(3);
  std::vector<float> actions;
  for (int world = 0; world < 9; ++world) {
    for (const double number : control_in_range(system_, generator)) actions.push_back(static_cast<float>(number));
  }
  env->step(View<const float, 2>(actions.data(), 9, m));
  for (int world = 0; world < 9; ++world) {
    Vector x(static_cast<std::size_t>(n)), u;
    env->get_state(world, x);
    for (int i = 0; i < m; ++i) u.push_back(static_cast<double>(actions[static_cast<std::size_t>(world * m + i)]));
    double value = -1;
    cost->stage(View<const double, 2>(x.data(), 1, n), View<const double, 2>(u.data(), 1, m),
                View<double, 1>(&value, 1));
    EXPECT_GT(value, 0);
    const auto reward = static_cast<double>(env->reward()[static_cast<std::size_t>(world)]);
    EXPECT_NEAR(reward, -value, 2 * static_cast<double>(std::numeric_limits<float>::epsilon()) * value);
  }
}

struct Expanded {
  Expanded(int n, int m) : x(size(n)), u(size(m)), xx(size(n * n)), ux(size(m * n)), uu(size(m * m)), nx(n), nu(m) {}
  [[nodiscard]] Cost::Expansion views() {
    return {View<double, 2>(x.data(), 1, nx), View<double, 2>(u.data(), 1, nu), View<double, 3>(xx.data(), 1, nx, nx),
            View<double, 3>(ux.data(), 1, nu, nx), View<double, 3>(uu.data(), 1, nu, nu)};
  }
  static std::size_t size(int count) { return static_cast<std::size_t>(count); }
  Vector x, u, xx, ux, uu;
  int nx, nu;
};

void expect_near(const Vector& found, const Vector& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << "element " << i;
  }
}

// Second differences with steps of epsilon^(1/4) are good to 1e-6 of what they difference, here up to 100.
TEST_P(ControlledSystem, ExpandsItsCostExactly) {
  const auto cost = make_environment(GetParam(), {})->cost();
  const int n = system_.num_states, m = system_.num_controls;
  std::mt19937 generator(4);
  const Vector x = point_near_start(system_, generator), u = control_in_range(system_, generator);
  const View<const double, 2> states(x.data(), 1, n), controls(u.data(), 1, m);
  Expanded exact(n, m), differences(n, m);
  cost->expand_stage(states, controls, exact.views());
  cost->Cost::expand_stage(states, controls, differences.views());
  expect_near(exact.x, differences.x, 1e-5);
  expect_near(exact.u, differences.u, 1e-5);
  expect_near(exact.xx, differences.xx, 1e-4);
  expect_near(exact.ux, differences.ux, 1e-4);
  expect_near(exact.uu, differences.uu, 1e-4);
  cost->expand_terminal(states, exact.views().x, exact.views().xx);
  cost->Cost::expand_terminal(states, differences.views().x, differences.views().xx);
  expect_near(exact.x, differences.x, 1e-4);
  expect_near(exact.xx, differences.xx, 1e-3);
}
INSTANTIATE_TEST_SUITE_P(Systems, ControlledSystem, testing::ValuesIn(system_names([](const SystemRow& system) {
                           return system.num_controls > 0;
                         })),
                         kNameOf);

// Those that have a twin of the same parameters without inputs.
class SystemWithTwin : public testing::TestWithParam<std::string> {};

TEST_P(SystemWithTwin, MovesAsItsTwinUnderNoControl) {
  const SystemRow &free = system_named(GetParam()), &controlled = system_named(GetParam() + "-controlled");
  std::mt19937 generator(2);
  const Vector x = point_near_start(free, generator);
  EXPECT_EQ(rates(controlled, x, no_control(controlled)), rates(free, x, {}));
}
INSTANTIATE_TEST_SUITE_P(Systems, SystemWithTwin,
                         testing::Values("lorenz63", "rossler", "chua", "double-pendulum", "sir", "fitzhugh-nagumo"),
                         kNameOf);

// Energy of two masses of 1 kg on rods of 1 m, zero where both hang at rest.
double pendulum_energy(const Vector& x) {
  const double g = 9.81, w1 = x[2], w2 = x[3];
  return w1 * w1 + w2 * w2 / 2 + w1 * w2 * std::cos(x[0] - x[1]) + g * (2 * (1 - std::cos(x[0])) + 1 - std::cos(x[1]));
}

// dE/dt by centred differences of the energy along the rates: 1e-8 of numbers of up to 100.
TEST(DoublePendulum, GainsTheEnergyThatItsMotorsGive) {
  const SystemRow& system = system_named("double-pendulum-controlled");
  std::mt19937 generator(5);
  for (int trial = 0; trial < 50; ++trial) {
    const Vector x = point_near_start(system, generator), u = control_in_range(system, generator);
    const Vector dx = rates(system, x, u);
    const double step = 1e-6;
    Vector after = x, before = x;
    for (std::size_t i = 0; i < x.size(); ++i) {
      after[i] += step * dx[i];
      before[i] -= step * dx[i];
    }
    const double power = u[0] * x[2] + u[1] * (x[3] - x[2]);  // shoulder, and elbow between the two rods
    EXPECT_NEAR((pendulum_energy(after) - pendulum_energy(before)) / (2 * step), power, 1e-6);
  }
}

// Twelve turns about the anti-symmetric fixed points of Chua's double scroll: +-(8/7 - 5/7) / (1 - 5/7) = +-1.5.
TEST(Chua, RestsInTheMiddleOfEachScroll) {
  const SystemRow& system = system_named("chua");
  for (const double side : {-1.5, 1.5}) {
    for (const double slope : rates(system, {side, 0, -side}, {})) EXPECT_NEAR(slope, 0, 1e-13);
  }
}

// The paper gives the fixed point with four digits.
TEST(LotkaVolterraCompetition, RestsWhereThePaperSays) {
  for (const double slope : rates(system_named("lotka-volterra-competition"), {0.3013, 0.4586, 0.1307, 0.3557}, {})) {
    EXPECT_NEAR(slope, 0, 1e-4);
  }
}

// Free flight: the third axis carries the lift, momentum J omega turned into the world stays, and the quaternion turns
// as the angular velocity says. d/dt by centred differences along the rates.
TEST(Quadrotor, KeepsItsAngularMomentumWhereItsRotorsPushAlike) {
  const SystemRow& system = system_named("quadrotor");
  const auto to_world = [](const Vector& x,
                           const Vector& v) {  // v + 2 w (q x v) + 2 q x (q x v), for a unit quaternion
    const double length = std::hypot(std::hypot(x[3], x[4]), std::hypot(x[5], x[6]));
    const double w = x[3] / length;
    const Vector q = {x[4] / length, x[5] / length, x[6] / length};
    const auto cross = [](const Vector& a, const Vector& b) {
      return Vector{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    };
    const Vector once = cross(q, v), twice = cross(q, once);
    return Vector{v[0] + 2 * w * once[0] + 2 * twice[0], v[1] + 2 * w * once[1] + 2 * twice[1],
                  v[2] + 2 * w * once[2] + 2 * twice[2]};
  };
  const auto momentum = [&](const Vector& x) { return to_world(x, {1.4e-5 * x[10], 1.4e-5 * x[11], 2.17e-5 * x[12]}); };
  std::mt19937 generator(14);
  for (int trial = 0; trial < 20; ++trial) {
    const Vector x = point_near_start(system, generator), u(4, 0.3), dx = rates(system, x, u);
    Vector after = x, before = x;
    for (std::size_t i = 0; i < x.size(); ++i) {
      after[i] += 1e-5 * dx[i];
      before[i] -= 1e-5 * dx[i];
    }
    const Vector axis = to_world(x, {0, 0, 1}), late = momentum(after), early = momentum(before);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(dx[7 + i], 1.3 * 9.8 * axis[i] - (i == 2 ? 9.8 : 0), 1e-12);
      EXPECT_NEAR((late[i] - early[i]) / 2e-5, 0, 1e-11) << "of moments of 1e-5 at rates of some rad/s";
    }
  }
}

// More thrust on the left rolls to the right, more at the back pitches forward, and rotors of one sense yaw the body.
TEST(Quadrotor, TurnsTheWayItsRotorsPush) {
  const SystemRow& system = system_named("quadrotor");
  Vector x(13);
  x[3] = 1;
  const auto acceleration = [&](const Vector& u) {
    const Vector dx = rates(system, x, u);
    return Vector(dx.begin() + 10, dx.end());
  };
  const double moment = 0.1 * 0.027 * 9.8 / 4 * 4 * 0.0397 / std::sqrt(2.0);
  EXPECT_NEAR(acceleration({0.1, -0.1, 0.1, -0.1})[0], moment / 1.4e-5, 1e-9);
  EXPECT_NEAR(acceleration({-0.1, -0.1, 0.1, 0.1})[1], moment / 1.4e-5, 1e-9);
  EXPECT_NEAR(acceleration({0.1, -0.1, -0.1, 0.1})[2], 0.1 * 0.027 * 9.8 * (7.94e-12 / 3.16e-10) / 2.17e-5, 1e-9);
}

// The planar one flies as the other does in the plane y = 0.
TEST(QuadrotorPlanar, FliesAsTheOtherOneInAPlane) {
  const double pitch = 0.4, rate = 1.5, back = 0.2, front = -0.1;
  const Vector planar = rates(system_named("quadrotor-planar"), {0.1, 0.2, pitch, 0.3, 0.4, rate}, {back, front});
  const Vector in_space = rates(system_named("quadrotor"),
                                {0.1, 0, 0.2, std::cos(pitch / 2), 0, std::sin(pitch / 2), 0, 0.3, 0, 0.4, 0, rate, 0},
                                {front, front, back, back});
  EXPECT_NEAR(planar[0], in_space[0], 1e-15);
  EXPECT_NEAR(planar[1], in_space[2], 1e-15);
  EXPECT_NEAR(planar[3], in_space[7], 1e-14);
  EXPECT_NEAR(planar[4], in_space[9], 1e-14);
  EXPECT_NEAR(planar[5], in_space[11], 1e-11);
}

TEST(Sir, KeepsItsPopulation) {
  const Vector dx = rates(system_named("sir-controlled"), {0.7, 0.2, 0.1}, {0.05});
  EXPECT_NEAR(dx[0] + dx[1] + dx[2], 0, 1e-16);
  EXPECT_NEAR(dx[1], 0.5 * 0.7 * 0.2 - 0.1 * 0.2, 1e-16);
}

// ---- Integration ----

// One step of length `length` by extrapolated midpoint rules of 2, 4 ... 16 substeps, order 16
// (E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary Differential Equations I, section II.9).
Vector extrapolated_step(const SystemRow& system, const Vector& x, double length) {
  constexpr int kColumns = 8;
  const Vector u = no_control(system);
  std::vector<Vector> table(kColumns);
  for (int k = 0; k < kColumns; ++k) {
    const int substeps = 2 * (k + 1);
    const double h = length / substeps;
    Vector before = x, now = x, slope = rates(system, x, u);
    for (std::size_t i = 0; i < x.size(); ++i) now[i] += h * slope[i];
    for (int j = 1; j < substeps; ++j) {
      slope = rates(system, now, u);
      for (std::size_t i = 0; i < x.size(); ++i) before[i] += 2 * h * slope[i];
      std::swap(before, now);
    }
    slope = rates(system, now, u);
    Vector value(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) value[i] = (before[i] + now[i] + h * slope[i]) / 2;
    for (int j = 0; j < k; ++j) {
      const double ratio = static_cast<double>(k + 1) / (k - j);
      Vector better(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        better[i] = value[i] + (value[i] - table[static_cast<std::size_t>(j)][i]) / (ratio * ratio - 1);
      }
      table[static_cast<std::size_t>(j)] = std::exchange(value, better);
    }
    table[static_cast<std::size_t>(k)] = value;
  }
  return table.back();
}

class Flow : public testing::TestWithParam<std::string> {
 protected:
  const SystemRow& system_ = system_named(GetParam());
};

// Starts of two episodes, and where they are ten horizons later. Where the rates have a kink (the tolerance says so)
// the reference takes steps too short to notice.
TEST_P(Flow, StaysWithinItsToleranceOverItsHorizon) {
  const auto env = make_environment(GetParam(), {.num_worlds = 2, .seed = 8, .precision = "double"});
  const auto dynamics = env->dynamics();
  const int n = system_.num_states, pieces = system_.facts.tolerance > 1e-6 ? 32 : 1;
  const double dt = system_.facts.timestep;
  const int steps = static_cast<int>(std::ceil(system_.facts.horizon / dt));
  const Vector u = no_control(system_);
  const auto advance = [&](const Vector& x) {
    Vector next(x.size());
    dynamics->step(View<const double, 2>(x.data(), 1, n), View<const double, 2>(u.data(), 1, system_.num_controls),
                   View<double, 2>(next.data(), 1, n));
    return next;
  };
  for (int start = 0; start < 4; ++start) {
    Vector x(static_cast<std::size_t>(n));
    env->get_state(start % 2, x);
    for (int k = 0; k < 10 * steps && start >= 2; ++k) x = advance(x);
    Vector exact = x;
    double error = 0, scale = 0;
    for (int k = 0; k < steps; ++k) {
      x = advance(x);
      for (int piece = 0; piece < pieces; ++piece) exact = extrapolated_step(system_, exact, dt / pieces);
      for (std::size_t i = 0; i < x.size(); ++i) {
        error = std::max(error, std::abs(x[i] - exact[i]));
        if (!system_.states[i].is_angle) scale = std::max(scale, std::abs(exact[i]));
      }
    }
    EXPECT_LT(error, system_.facts.tolerance * scale) << "start " << start;
  }
}
INSTANTIATE_TEST_SUITE_P(Systems, Flow, testing::ValuesIn(system_names([](const SystemRow& system) {
                           return system.facts.substeps > 0;
                         })),
                         kNameOf);

class AnySystem : public testing::TestWithParam<std::string> {
 protected:
  const SystemRow& system_ = system_named(GetParam());
};

TEST_P(AnySystem, GivesTheExactJacobianOfItsStep) {
  constexpr int kRows = 11;  // not a multiple of any lane width
  const int n = system_.num_states, m = system_.num_controls;
  const auto dynamics = make_environment(GetParam(), {})->dynamics();
  std::mt19937 generator(9);
  Vector x, u;
  for (int row = 0; row < kRows; ++row) {
    for (const double number : point_near_start(system_, generator)) x.push_back(number);
    for (const double number : control_in_range(system_, generator)) u.push_back(number);
  }
  const View<const double, 2> states(x.data(), kRows, n), controls(u.data(), kRows, m);
  const auto room = static_cast<std::size_t>(kRows * n);
  Vector A(room * static_cast<std::size_t>(n)), B(room * static_cast<std::size_t>(m)), A_differences(A),
      B_differences(B);
  dynamics->jacobian(states, controls, View<double, 3>(A.data(), kRows, n, n), View<double, 3>(B.data(), kRows, n, m));
  dynamics->Dynamics::jacobian(states, controls, View<double, 3>(A_differences.data(), kRows, n, n),
                               View<double, 3>(B_differences.data(), kRows, n, m));
  expect_near(A, A_differences, 1e-7);
  expect_near(B, B_differences, 1e-7);
}

// 64 episodes of random actions from all over the box of starts: the box lies in the basin of the attractor.
TEST_P(AnySystem, StaysFiniteForWholeEpisodes) {
  const auto env = make_environment(GetParam(), {.num_worlds = 64, .seed = 10});
  std::mt19937 generator(11);
  std::vector<float> actions(static_cast<std::size_t>(64 * system_.num_controls));
  for (int k = 0; k < 2 * system_.facts.episode_steps; ++k) {
    if (k % 20 == 0) {
      for (std::size_t i = 0; i < actions.size(); ++i) {
        const ActionField& field = system_.controls[static_cast<int>(i) % system_.num_controls];
        actions[i] = static_cast<float>(std::uniform_real_distribution<double>(field.low, field.high)(generator));
      }
    }
    env->step(View<const float, 2>(actions.data(), 64, system_.num_controls));
  }
  EXPECT_EQ(env->faults(), 0);
}

TEST_P(AnySystem, ShowsItsStateAndPaysNothingWithoutControls) {
  const auto env = make_environment(GetParam(), {.num_worlds = 3, .seed = 12, .precision = "double"});
  const std::vector<float> actions(static_cast<std::size_t>(3 * system_.num_controls));
  env->step(View<const float, 2>(actions.data(), 3, system_.num_controls));
  Vector x(static_cast<std::size_t>(system_.num_states));
  env->get_state(2, x);
  for (int i = 0; i < system_.num_states; ++i) {
    EXPECT_EQ(env->observation()(2, i), static_cast<float>(x[static_cast<std::size_t>(i)]));
  }
  EXPECT_EQ(env->reward()[2] == 0, system_.num_controls == 0);
}

// A box of the stated half widths about the stated middle, filled evenly: mean and extremes of 2,000 starts.
TEST_P(AnySystem, StartsAllOverItsBox) {
  constexpr int kWorlds = 2000;
  const auto env = make_environment(GetParam(), {.num_worlds = kWorlds, .seed = 13, .precision = "double"});
  Vector x(static_cast<std::size_t>(system_.num_states)), sum(x.size()), low(x.size(), 2), high(x.size(), -2);
  for (int world = 0; world < kWorlds; ++world) {
    env->get_state(world, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double share = (x[i] - system_.states[i].start) / system_.states[i].spread;
      sum[i] += share;
      low[i] = std::min(low[i], share);
      high[i] = std::max(high[i], share);
    }
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(sum[i] / kWorlds, 0, 4.5 / std::sqrt(3.0 * kWorlds));
    EXPECT_GE(low[i], -1 - 1e-9);
    EXPECT_LE(high[i], 1 + 1e-9);
    EXPECT_GT(high[i] - low[i], 1.98);
  }
}
INSTANTIATE_TEST_SUITE_P(Systems, AnySystem, testing::ValuesIn(system_names([](const SystemRow&) { return true; })),
                         kNameOf);

// ---- Exponents: all of them are held to their sources in system_exponents_test.cpp ----

TEST(LyapunovExponents, OfTheHenonMapAreThePublishedOnes) {
  const Vector found = lyapunov_exponents("henon-map", {.transient_steps = 100, .aligning_steps = 100, .steps = 4000});
  EXPECT_NEAR(found[0], 0.41922, 0.002);
  EXPECT_NEAR(found[0] + found[1], std::log(0.3), 1e-9) << "the map shrinks areas by 0.3";
}

// Statistical error of 64 runs of 40 Lyapunov times: about 1%.
TEST(LyapunovExponents, OfLorenzsConvectionAreThePublishedOnes) {
  const Vector found =
      lyapunov_exponents("lorenz63", {.transient_steps = 5000, .aligning_steps = 2000, .steps = 20000});
  EXPECT_NEAR(found[0], 0.9056, 0.02);
  EXPECT_NEAR(found[1], 0, 0.02);
  EXPECT_NEAR(found[0] + found[1] + found[2], -10 - 1 - 8.0 / 3, 1e-6) << "the flow shrinks volumes evenly";
}

}  // namespace
}  // namespace lockstep::envs
