// Measures planners and what they are made of, in turns with MuJoCo where it does the same.
#include "apps/bench_planners.h"
#include "apps/bench_turns.h"
#include "apps/quantile.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "engine/model.h"
#include "engine/simulator_dynamics.h"
#include "engine/task_models.h"
#include "envs/env.h"
#include "kernels/philox.h"
#include "planners/backward_pass.h"
#include "planners/batched_mpc.h"
#include "planners/ilqr.h"
#include "planners/rollouts.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double random_normal(std::uint32_t row, std::uint32_t column) {
  return kernels::normal<double>({7, 0x62656e63}, row, column, 0);
}

// One measurement: `ours` and `peer` do the same work once; `amount` is how much of the unit that is.
struct Measurement {
  std::string name, unit;
  double amount = 1;
  bool is_time = false;  // microseconds per amount, else amounts per second
  std::function<void()> ours, peer;
  std::string peer_name;
};

struct Rates {
  double ours = 0, peer = 0, ratio = 0, low = 0, high = 0;  // ratio: as speed; low, high: its quartiles
};

// Seconds of one call, from as many as fill `seconds`.
double seconds_of(const std::function<void()>& work, double seconds) {
  int calls = 0;
  const double begin = thread_seconds();
  double spent = 0;
  do {
    work();
    ++calls;
    spent = thread_seconds() - begin;
  } while (spent < seconds);
  return spent / calls;
}

Rates measure(const Measurement& m, const BenchPlannersOptions& options) {
  std::vector<double> ours, peer, ratios;
  m.ours();
  if (m.peer) m.peer();
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    ours.push_back(seconds_of(m.ours, options.seconds));
    if (!m.peer) continue;
    peer.push_back(seconds_of(m.peer, options.seconds));
    ratios.push_back(peer.back() / ours.back());
  }
  const auto in_unit = [&](double seconds) { return m.is_time ? 1e6 * seconds / m.amount : m.amount / seconds; };
  Rates rates{.ours = in_unit(quantile(ours, 0.5))};
  if (m.peer)
    rates = {rates.ours, in_unit(quantile(peer, 0.5)), quantile(ratios, 0.5), quantile(ratios, 0.25),
             quantile(ratios, 0.75)};
  return rates;
}

// ---- The backward sweep on random numbers of a quadruped's sizes ----

Measurement backward_sweep(int nx, int nu) {
  constexpr int kKnots = 100;
  struct State {
    planners::LocalModel model;
    planners::Gains gains;
    planners::BackwardPass pass;
    std::vector<double> controls, low, high;
  };
  auto s = std::make_shared<State>();
  s->model = planners::LocalModel(kKnots, nx, nu);
  s->gains = planners::Gains(kKnots, nx, nu);
  s->pass = planners::BackwardPass(nx, nu);
  s->controls.resize(static_cast<size_t>(kKnots * nu));
  s->low.assign(static_cast<size_t>(nu), -1e3);
  s->high.assign(static_cast<size_t>(nu), 1e3);
  for (int k = 0; k < kKnots; ++k) {
    for (int i = 0; i < nx; ++i) {
      for (int j = 0; j < nx; ++j)
        s->model.A()(k, i, j) = (i == j ? 0.98 : 0.0) + 0.01 * random_normal(static_cast<std::uint32_t>(k * nx + i),
                                                                             static_cast<std::uint32_t>(j));
      for (int j = 0; j < nu; ++j)
        s->model.B()(k, i, j) =
            0.1 * random_normal(static_cast<std::uint32_t>(k * nx + i), static_cast<std::uint32_t>(nx + j));
      s->model.stage().xx(k, i, i) = 1;
      s->model.stage().x(k, i) = 0.1;
    }
    for (int j = 0; j < nu; ++j) s->model.stage().uu(k, j, j) = 0.1;
  }
  for (int i = 0; i < nx; ++i) s->model.terminal_xx[static_cast<size_t>(i * nx + i)] = 10;
  return {.name = fmt::format("backward/{}x{}", nx, nu),
          .unit = "us/knot",
          .amount = kKnots,
          .is_time = true,
          .ours = [s] { (void)s->pass.run(s->model, s->controls, s->low, s->high, 1e-6, s->gains); },
          .peer = {},
          .peer_name = {}};
}

// ---- MuJoCo models: roll-outs, Jacobians, iLQR ----

struct Subject {
  const char* name;
  const char* package_path;
};
constexpr Subject kSubjects[] = {{"cartpole", "dm_control/suite/cartpole.xml"},
                                 {"walker", "dm_control/suite/walker.xml"},
                                 {"humanoid", "dm_control/suite/humanoid.xml"}};

// Seven links of a serial arm, hinges about z and y in turn, no contacts.
std::shared_ptr<const Model> arm_model() {
  std::string links, ends, motors;
  for (int i = 0; i < 7; ++i) {
    links += fmt::format(R"(<body pos="0 0 {}"><joint name="joint{}" axis="{}"/><geom fromto="0 0 0 0 0 0.2"/>)",
                         i == 0 ? 0.0 : 0.2, i, i % 2 == 0 ? "0 0 1" : "0 1 0");
    ends += "</body>";
    motors += fmt::format(R"(<motor joint="joint{}" gear="20"/>)", i);
  }
  return Model::from_xml(fmt::format(R"(<mujoco>
  <option timestep="0.01" integrator="implicitfast"><flag contact="disable"/></option>
  <default><joint damping="0.5" armature="0.02"/><geom type="capsule" size="0.05" density="800"/></default>
  <worldbody>{}{}</worldbody><actuator>{}</actuator></mujoco>)",
                                     links, ends, motors));
}

std::shared_ptr<const Model> model_of(const std::string& name) {
  for (const Subject& subject : kSubjects)
    if (name == subject.name) return Model::from_file(task_model(subject.package_path));
  return arm_model();
}

// mj_step's own state, set from and read into x = [qpos, qvel, act].
struct MujocoWorld {
  explicit MujocoWorld(const std::shared_ptr<const Model>& of)
      : model(of), data(mj_makeData(of->mj()), mj_deleteData) {}
  void set(const double* x) const {
    const mjModel& m = *model->mj();
    mju_copy(data->qpos, x, static_cast<int>(m.nq));
    mju_copy(data->qvel, x + m.nq, static_cast<int>(m.nv));
    mju_copy(data->act, x + m.nq + m.nv, static_cast<int>(m.na));
    mju_zero(data->qacc_warmstart, static_cast<int>(m.nv));
    data->time = 0;
  }
  void get(double* x) const {
    const mjModel& m = *model->mj();
    mju_copy(x, data->qpos, static_cast<int>(m.nq));
    mju_copy(x + m.nq, data->qvel, static_cast<int>(m.nv));
    mju_copy(x + m.nq + m.nv, data->act, static_cast<int>(m.na));
  }
  std::shared_ptr<const Model> model;
  std::unique_ptr<mjData, void (*)(mjData*)> data;
};

// Roll-outs of one start under controls that are held for a sixth of the horizon, as predictive sampling has them.
struct RolloutWork {
  RolloutWork(const std::string& name, int samples, int steps_of_each, const std::string& specialise)
      : model(model_of(name)),
        world(model),
        dynamics(model, {.specialise = specialise, .rollout_precision = Precision::kFloat, .warm_rollouts = true}),
        rows(samples),
        steps(steps_of_each),
        nx(dynamics.state_size()),
        nu(dynamics.control_size()) {
    x0.resize(static_cast<size_t>(rows * nx));
    world.get(x0.data());
    for (int row = 1; row < rows; ++row) std::copy_n(x0.begin(), nx, x0.begin() + row * nx);
    controls.resize(static_cast<size_t>(rows * steps * nu));
    for (int row = 0; row < rows; ++row)
      for (int k = 0; k < steps; ++k)
        for (int i = 0; i < nu; ++i)
          controls[static_cast<size_t>((row * steps + k) * nu + i)] = std::clamp(
              0.5 * random_normal(static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(6 * k / steps * nu + i)),
              -1.0, 1.0);
    states.resize(static_cast<size_t>(rows * (steps + 1) * nx));
  }
  void ours() {
    dynamics.rollout(View<const double, 2>(x0.data(), rows, nx),
                     View<const double, 3>(controls.data(), rows, steps, nu),
                     View<double, 3>(states.data(), rows, steps + 1, nx));
  }
  void mujoco() {
    for (int row = 0; row < rows; ++row) {
      world.set(&x0[static_cast<size_t>(row * nx)]);
      for (int k = 0; k < steps; ++k) {
        mju_copy(world.data->ctrl, &controls[static_cast<size_t>((row * steps + k) * nu)], nu);
        mj_step(model->mj(), world.data.get());
        world.get(&states[static_cast<size_t>((row * (steps + 1) + k + 1) * nx)]);
      }
    }
  }
  std::shared_ptr<const Model> model;
  MujocoWorld world;
  SimulatorDynamics dynamics;
  int rows, steps, nx, nu;
  std::vector<double> x0, controls, states;
};

Measurement rollouts(const std::string& name, int samples, int steps, const std::string& specialise) {
  auto work = std::make_shared<RolloutWork>(name, samples, steps, specialise);
  return {.name = "rollouts/" + name,
          .unit = "steps/s",
          .amount = static_cast<double>(samples * steps),
          .is_time = false,
          .ours = [work] { work->ours(); },
          .peer = [work] { work->mujoco(); },
          .peer_name = "mj_step"};
}

// Jacobians along a trajectory that the passive model takes from its first pose.
struct JacobianWork {
  JacobianWork(const std::string& name, const std::string& specialise)
      : model(model_of(name)),
        world(model),
        dynamics(model, {.specialise = specialise, .one_sided = true}),
        nx(dynamics.state_size()),
        nu(dynamics.control_size()) {
    x.resize(static_cast<size_t>(kKnots * nx));
    u.resize(static_cast<size_t>(kKnots * nu));
    for (int k = 0; k < kKnots; ++k) {
      for (int i = 0; i < nu; ++i)
        u[static_cast<size_t>(k * nu + i)] =
            0.1 * random_normal(static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(i));
      mju_copy(world.data->ctrl, &u[static_cast<size_t>(k * nu)], nu);
      for (int step = 0; step < 5; ++step) mj_step(model->mj(), world.data.get());
      world.get(&x[static_cast<size_t>(k * nx)]);
    }
    A.resize(static_cast<size_t>(kKnots * nx * nx));
    B.resize(static_cast<size_t>(kKnots * nx * nu));
  }
  void ours() {
    dynamics.jacobian(View<const double, 2>(x.data(), kKnots, nx), View<const double, 2>(u.data(), kKnots, nu),
                      View<double, 3>(A.data(), kKnots, nx, nx), View<double, 3>(B.data(), kKnots, nx, nu));
  }
  void mujoco() {
    const mjModel& m = *model->mj();
    for (int k = 0; k < kKnots; ++k) {
      world.set(&x[static_cast<size_t>(k * nx)]);
      mju_copy(world.data->ctrl, &u[static_cast<size_t>(k * nu)], nu);
      // (its A is of 2 nv + na rows, no more than nx)
      mjd_transitionFD(&m, world.data.get(), 1e-6, 0, A.data(), B.data(), nullptr, nullptr);
    }
  }
  static constexpr int kKnots = 20;
  std::shared_ptr<const Model> model;
  MujocoWorld world;
  SimulatorDynamics dynamics;
  int nx, nu;
  std::vector<double> x, u, A, B;
};

Measurement jacobians(const std::string& name, const std::string& specialise) {
  auto work = std::make_shared<JacobianWork>(name, specialise);
  return {.name = "jacobian/" + name,
          .unit = "us/knot",
          .amount = JacobianWork::kKnots,
          .is_time = true,
          .ours = [work] { work->ours(); },
          .peer = [work] { work->mujoco(); },
          .peer_name = "mjd_transitionFD"};
}

// Squares of the state and the controls.
class SquareCost final : public Cost {
 public:
  SquareCost(int nx, int nu) : nx_(nx), nu_(nu) {}
  [[nodiscard]] int state_size() const override { return nx_; }
  [[nodiscard]] int control_size() const override { return nu_; }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) {
      double sum = 0;
      for (int i = 0; i < nx_; ++i) sum += square_from_target(x(row, i), i);
      for (int i = 0; i < nu_; ++i) sum += 1e-3 * u(row, i) * u(row, i);
      values(row) = sum;
    }
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) {
      values(row) = 0;
      for (int i = 0; i < nx_; ++i) values(row) += 10 * square_from_target(x(row, i), i);
    }
  }
  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override {
    for (int row = 0; row < x.extent(0); ++row) {
      for (int i = 0; i < nx_; ++i) {
        out.x(row, i) = 2 * kWeight * (x(row, i) - target(i));
        for (int j = 0; j < nx_; ++j) out.xx(row, i, j) = i == j ? 2 * kWeight : 0;
        for (int j = 0; j < nu_; ++j) out.ux(row, j, i) = 0;
      }
      for (int i = 0; i < nu_; ++i) {
        out.u(row, i) = 2e-3 * u(row, i);
        for (int j = 0; j < nu_; ++j) out.uu(row, i, j) = i == j ? 2e-3 : 0;
      }
    }
  }
  void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const override {
    for (int row = 0; row < x.extent(0); ++row)
      for (int i = 0; i < nx_; ++i) {
        gradient(row, i) = 20 * kWeight * (x(row, i) - target(i));
        for (int j = 0; j < nx_; ++j) hessian(row, i, j) = i == j ? 20 * kWeight : 0;
      }
  }

 private:
  static constexpr double kWeight = 0.05;
  [[nodiscard]] double target(int state) const { return state < nx_ / 2 ? 0.5 : 0; }
  [[nodiscard]] double square_from_target(double x, int state) const {
    return kWeight * (x - target(state)) * (x - target(state));
  }
  int nx_, nu_;
};

Measurement ilqr_iterations(const std::string& name, int horizon, const std::string& specialise) {
  constexpr int kIterations = 5;
  struct State {
    State(const std::string& model, const std::string& specialise)
        : dynamics(model_of(model), {.specialise = specialise, .one_sided = true}),
          cost(dynamics.state_size(), dynamics.control_size()),
          planner(planners::ilqr::Config{
              .starts = 1, .cold_iterations = kIterations, .cost_tolerance = 0, .gradient_tolerance = 0}) {}
    SimulatorDynamics dynamics;
    SquareCost cost;
    planners::ilqr::Ilqr planner;
    std::vector<double> low, high, x0, controls;
  };
  auto s = std::make_shared<State>(name, specialise);
  const int nu = s->dynamics.control_size(), nx = s->dynamics.state_size();
  s->low.assign(static_cast<size_t>(nu), -1);
  s->high.assign(static_cast<size_t>(nu), 1);
  s->x0.resize(static_cast<size_t>(nx));
  MujocoWorld(model_of(name)).get(s->x0.data());
  s->controls.resize(static_cast<size_t>(horizon * nu));
  return {.name = "ilqr/" + name,
          .unit = "us/knot/iteration",
          .amount = static_cast<double>(horizon * kIterations),
          .is_time = true,
          .ours =
              [s, horizon, nu] {
                s->planner.reset({&s->dynamics, &s->cost, s->low, s->high, horizon}, 0);
                std::fill(s->controls.begin(), s->controls.end(), 0.01);
                (void)s->planner.plan(s->x0, View<double, 2>(s->controls.data(), horizon, nu));
              },
          .peer = {},
          .peer_name = {}};
}

// ---- Many worlds, each with a plan of its own ----

Measurement batched_mpc(const std::string& task, int worlds, int horizon) {
  struct State {
    std::unique_ptr<Environment> environment;
    std::unique_ptr<Dynamics> dynamics;
    std::unique_ptr<Cost> cost;
    std::unique_ptr<planners::BatchedMpc> mpc;
    std::vector<double> x, next, u;
    int nx = 0, nu = 0;
  };
  auto s = std::make_shared<State>();
  s->environment =
      envs::make_environment(task, {.num_worlds = worlds, .seed = 1, .precision = "double", .auto_reset = false});
  const TaskSpec& spec = s->environment->spec();
  s->dynamics = s->environment->dynamics();
  s->cost = s->environment->cost();
  s->nx = spec.state_size;
  s->nu = spec.action_size;
  Settings settings;
  for (const char* setting : {"iterations=1", "starts=1", "cold_iterations=20", "step_sizes=8"})
    settings.set_from_argument(setting);
  s->mpc = std::make_unique<planners::BatchedMpc>(
      planners::find("ilqr"), settings, *s->dynamics, *s->cost, spec.action_low, spec.action_high,
      planners::BatchedMpcConfig{.num_worlds = worlds, .threads = 1, .loop = {.horizon = horizon}});
  s->mpc->reset(1);
  s->x.resize(static_cast<size_t>(worlds * s->nx));
  s->next.resize(s->x.size());
  s->u.resize(static_cast<size_t>(worlds * s->nu));
  for (int world = 0; world < worlds; ++world)
    s->environment->get_state(world, {&s->x[static_cast<size_t>(world * s->nx)], static_cast<size_t>(s->nx)});
  return {.name = fmt::format("mpc/{}/{}x{}", task, worlds, horizon),
          .unit = "plans/s",
          .amount = static_cast<double>(worlds),
          .is_time = false,
          .ours =
              [s, worlds] {
                const View<const double, 2> x(s->x.data(), worlds, s->nx);
                s->mpc->act(x, View<double, 2>(s->u.data(), worlds, s->nu));
                s->dynamics->step(x, View<const double, 2>(s->u.data(), worlds, s->nu),
                                  View<double, 2>(s->next.data(), worlds, s->nx));
                s->x = s->next;
              },
          .peer = {},
          .peer_name = {}};
}

// ---- What a sampling planner adds to its roll-outs ----

Measurement sampling_plan(const std::string& planner, const std::string& task, int horizon) {
  struct State {
    std::unique_ptr<Environment> environment;
    std::unique_ptr<Dynamics> dynamics;
    std::unique_ptr<Cost> cost;
    std::unique_ptr<planners::Planner> planner;
    std::vector<double> x, controls, x0, sampled, states;
  };
  constexpr int kSamples = 64;
  auto s = std::make_shared<State>();
  s->environment = envs::make_environment(task, {.num_worlds = 1, .seed = 1, .precision = "double"});
  const TaskSpec& spec = s->environment->spec();
  const int nx = spec.state_size, nu = spec.action_size;
  s->dynamics = s->environment->dynamics();
  s->cost = s->environment->cost();
  Settings settings;
  for (const char* setting : {"samples=64", "iterations=1", "knots=8"}) settings.set_from_argument(setting);
  s->planner = planners::find(planner).make(settings);
  s->planner->reset({s->dynamics.get(), s->cost.get(), spec.action_low, spec.action_high, horizon}, 1);
  s->x.resize(static_cast<size_t>(nx));
  s->environment->get_state(0, s->x);
  s->controls.resize(static_cast<size_t>(horizon * nu));
  for (int row = 0; row <= kSamples; ++row) s->x0.insert(s->x0.end(), s->x.begin(), s->x.end());
  s->sampled.assign(static_cast<size_t>((kSamples + 1) * horizon * nu), 0.1);
  s->states.resize(static_cast<size_t>((kSamples + 1) * (horizon + 1) * nx));
  return {.name = fmt::format("sampling/{}/{}", planner, task),
          .unit = "plans/s",
          .amount = 1,
          .is_time = false,
          .ours = [s, horizon, nu] { (void)s->planner->plan(s->x, View<double, 2>(s->controls.data(), horizon, nu)); },
          .peer =
              [s, horizon, nx, nu] {
                s->dynamics->rollout(View<const double, 2>(s->x0.data(), kSamples, nx),
                                     View<const double, 3>(s->sampled.data(), kSamples, horizon, nu),
                                     View<double, 3>(s->states.data(), kSamples, horizon + 1, nx));
              },
          .peer_name = "its roll-outs alone"};
}

struct Row {
  std::string name;
  std::function<Measurement()> make;
};

std::vector<Row> all_rows(const std::string& specialise) {
  std::vector<Row> rows;
  rows.push_back({"backward/36x12", [] { return backward_sweep(36, 12); }});
  rows.push_back({"backward/14x7", [] { return backward_sweep(14, 7); }});
  for (const char* name : {"arm", "walker", "humanoid"}) {
    rows.push_back({std::string("jacobian/") + name, [=] { return jacobians(name, specialise); }});
    rows.push_back({std::string("ilqr/") + name, [=] { return ilqr_iterations(name, 50, specialise); }});
  }
  rows.push_back({"rollouts/cartpole", [=] { return rollouts("cartpole", 256, 100, specialise); }});
  rows.push_back({"rollouts/walker", [=] { return rollouts("walker", 64, 200, specialise); }});
  rows.push_back({"rollouts/humanoid", [=] { return rollouts("humanoid", 64, 100, specialise); }});
  for (const char* planner : {"predictive-sampling", "cem", "icem", "mppi", "cma-es"})
    rows.push_back(
        {fmt::format("sampling/{}", planner), [planner] { return sampling_plan(planner, "cartpole-swingup", 100); }});
  rows.push_back({"mpc/cartpole-swingup", [] { return batched_mpc("cartpole-swingup", 1000, 50); }});
  return rows;
}

void print(const Measurement& m, const Rates& rates, const std::string& specialise, CommandContext& context) {
  context.print("{:<36} {:>12.4g} {:<18}", m.name, rates.ours, m.unit);
  if (m.peer)
    context.print(" {:>12.4g} {:>7.2f}x ({:.2f} to {:.2f})  {}", rates.peer, rates.ratio, rates.low, rates.high,
                  m.peer_name);
  context.print("\n");
  JsonRow row;
  row["suite"] = "planners";
  row["name"] = m.name;
  row["backend"] = "cpu";
  row["ours"] = rates.ours;
  for (const char* key : {"peer", "peer_name", "ratio", "spread"}) row[key] = nullptr;
  if (m.peer) {
    row["peer"] = rates.peer;
    row["peer_name"] = m.peer_name;
    row["ratio"] = rates.ratio;
    row["spread"] = {rates.low, rates.high};
  }
  row["unit"] = m.unit;
  row["threads"] = 1;
  row["specialise"] = specialise;
  row["isa"] = isa_name(chosen_isa());
  context.row(row);
}

}  // namespace

int bench_planners(const BenchPlannersOptions& options, CommandContext& context) {
  const std::vector<Row> rows = all_rows(options.specialise);
  for (const std::string& wanted : options.rows) {
    if (std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.name.starts_with(wanted); })) continue;
    std::vector<std::string> names;
    for (const Row& row : rows) names.push_back(row.name);
    const std::string near = nearest_name(wanted, names);
    throw Error(fmt::format("no row is called '{}'", wanted), "bench planners",
                near.empty() ? "`lockstep bench planners` prints all rows" : fmt::format("did you mean '{}'?", near));
  }
  context.print("one thread, its CPU time, {}; ratio: of speeds, median and quartiles of {} turns\n\n",
                isa_name(chosen_isa()), options.repeats);
  context.print("{:<36} {:>12} {:<18} {:>12} {:>8}\n", "row", "ours", "unit", "peer", "ratio");
  for (const Row& row : rows) {
    const bool wanted = options.rows.empty() || std::any_of(options.rows.begin(), options.rows.end(),
                                                            [&](const auto& w) { return row.name.starts_with(w); });
    if (!wanted) continue;
    const Measurement m = row.make();
    print(m, measure(m, options), options.specialise, context);
  }
  return kDone;
}

void add_bench_planners(CLI::App& bench, CommandContext& context) {
  auto options = std::make_shared<BenchPlannersOptions>();
  CLI::App& command = context.add(bench, "planners", "cost of planners and of what they are made of, beside MuJoCo",
                                  "  lockstep bench planners\n  lockstep bench planners rollouts backward --json -\n");
  command.add_option("ROW", options->rows, "rows, or beginnings of their names (default: all)");
  command
      .add_option("--specialise", options->specialise,
                  "simulators' physics compiled for the model: off, auto (once it is ready) or require (waited for)")
      ->capture_default_str();
  add_turn_options(command, options->repeats, options->seconds);
  context.on_run(command, [options, &context] { return bench_planners(*options, context); });
}

}  // namespace lockstep::apps
