// SINDy models as Dynamics: compiling the terms that are used, stepping, printing, saving.
#include "models/sindy.h"
#include "engine/error.h"
#include "models/equation_text.h"
#include "models/sparse_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using kernels::SparseIntegrator;

constexpr double kDivergenceLimit = 1e6;  // a state beyond it is taken for lost

template <class Vector>
void check_length(const char* what, const Vector& values, int expected) {
  if (values.empty() || values.size() == static_cast<size_t>(expected)) return;
  throw Error(fmt::format("{} has {} entries for {} of them", what, values.size(), expected), "system to be modelled",
              "give one entry each, or none at all");
}

void fill_names(std::vector<std::string>& names, int count, const char* prefix) {
  for (int i = static_cast<int>(names.size()); i < count; ++i) names.push_back(fmt::format("{}{}", prefix, i));
}

}  // namespace

void SindySystem::check() {
  const std::string where = "system to be modelled";
  if (state_size < 1 || control_size < 0) {
    throw Error(fmt::format("{} states and {} controls", state_size, control_size), where,
                "give at least one state, and no negative number of controls");
  }
  if (!(timestep > 0) || !std::isfinite(timestep)) {
    throw Error(fmt::format("a time step of {} s", timestep), where, "give the control step in seconds, above 0");
  }
  check_length("state_names", state_names, state_size);
  check_length("control_names", control_names, control_size);
  check_length("state_is_angle", state_is_angle, state_size);
  check_length("velocity_of", velocity_of, state_size);
  check_length("low", low, state_size);
  check_length("high", high, state_size);
  for (size_t i = 0; i < velocity_of.size(); ++i) {
    const int v = velocity_of[i];
    if (v < 0) continue;
    if (v >= state_size || v == static_cast<int>(i) || velocity_of[static_cast<size_t>(v)] >= 0) {
      throw Error(fmt::format("velocity_of[{}] = {}", i, v), where,
                  "name another state, which has no velocity of its own, or -1");
    }
  }
  fill_names(state_names, state_size, "x");
  fill_names(control_names, control_size, "u");
  state_is_angle.resize(static_cast<size_t>(state_size), false);
  low.resize(static_cast<size_t>(state_size), -std::numeric_limits<double>::infinity());
  high.resize(static_cast<size_t>(state_size), std::numeric_limits<double>::infinity());
}

SindySystem system_of(const TaskSpec& spec) {
  SindySystem system{.state_size = spec.state_size,
                     .control_size = spec.action_size,
                     .timestep = spec.control_timestep,
                     .state_names = spec.state_names,
                     .control_names = {},
                     .state_is_angle = spec.state_is_angle,
                     .velocity_of = {},
                     .low = spec.state_low,
                     .high = spec.state_high};
  system.check();
  return system;
}

std::string integrator_name(SparseIntegrator integrator) {
  switch (integrator) {
    case SparseIntegrator::kMap:
      return "map";
    case SparseIntegrator::kEuler:
      return "euler";
    case SparseIntegrator::kSemiImplicit:
      return "semi_implicit";
    case SparseIntegrator::kRungeKutta4:
      return "rk4";
  }
  return "unknown";
}

Sindy::Sindy(SindySystem system, FeatureLibrary library, Eigen::MatrixXd coefficients, SparseIntegrator integrator)
    : system_(std::move(system)),
      library_(std::move(library)),
      coefficients_(std::move(coefficients)),
      integrator_(integrator) {
  system_.check();
  if (system_.velocity_of.empty()) system_.velocity_of.assign(static_cast<size_t>(system_.state_size), -1);
  if (library_.num_states() != system_.state_size || library_.num_controls() != system_.control_size ||
      coefficients_.rows() != library_.size() || coefficients_.cols() != system_.state_size) {
    throw Error(fmt::format("coefficients [{}][{}] for a library of {} features and {} states", coefficients_.rows(),
                            coefficients_.cols(), library_.size(), system_.state_size),
                "sindy model", "give coefficients [features][states] of a library over the same states and controls");
  }
  compile();
}

Sindy::Sindy(const Sindy& other) : Sindy(other.system_, other.library_, other.coefficients_, other.integrator_) {}

Sindy& Sindy::operator=(const Sindy& other) {
  if (this != &other) *this = Sindy(other);
  return *this;
}

void Sindy::compile() {
  std::vector<int> used;
  for (int f = 0; f < library_.size(); ++f) {
    for (int i = 0; i < system_.state_size; ++i) {
      if (system_.velocity_of[static_cast<size_t>(i)] < 0 && coefficients_(f, i) != 0) {
        used.push_back(f);
        break;
      }
    }
  }
  std::vector<Feature> features;
  features.reserve(used.size());
  for (const int f : used) features.push_back(library_.features()[static_cast<size_t>(f)]);
  used_ = CompiledFeatures(features, system_.state_size + system_.control_size, library_.expressions());
  kernels_ = &chosen_sparse_batch();
  first_term_.assign(1, 0);
  terms_.clear();
  for (int i = 0; i < system_.state_size; ++i) {
    for (size_t k = 0; k < used.size() && system_.velocity_of[static_cast<size_t>(i)] < 0; ++k) {
      const double c = coefficients_(used[k], i);
      if (c != 0) terms_.push_back({used_.node_of()[k], c});
    }
    first_term_.push_back(static_cast<int>(terms_.size()));
  }
  scratch_ = HostBuffer<double>(static_cast<size_t>(kernels::batch_scratch(kernel_model())));
}

kernels::SparseDynamics Sindy::kernel_model() const {
  return {.library = used_.program(),
          .first_term = first_term_.data(),
          .terms = terms_.data(),
          .velocity_of = system_.velocity_of.data(),
          .nx = system_.state_size,
          .nu = system_.control_size,
          .integrator = integrator_,
          .timestep = system_.timestep,
          .divergence_limit = kDivergenceLimit};
}

std::string Sindy::name() const { return fmt::format("sindy({} terms, {})", terms(), integrator_name(integrator_)); }

int Sindy::terms() const { return static_cast<int>(terms_.size()); }

void Sindy::step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) {
  kernels_->step(kernel_model(), {.x = x.data_handle(),
                                  .u = u.data_handle(),
                                  .next = next.data_handle(),
                                  .worlds = x.extent(0),
                                  .memory = scratch_.data()});
}

void Sindy::jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) {
  kernels_->jacobian(kernel_model(), {.x = x.data_handle(),
                                      .u = u.data_handle(),
                                      .A = A.data_handle(),
                                      .B = B.data_handle(),
                                      .worlds = x.extent(0),
                                      .memory = scratch_.data()});
}

void Sindy::rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) {
  kernels_->rollout(kernel_model(), {.x = x0.data_handle(),
                                     .u = controls.data_handle(),
                                     .next = states.data_handle(),
                                     .worlds = x0.extent(0),
                                     .steps = controls.extent(1),
                                     .memory = scratch_.data()});
}

std::vector<std::string> Sindy::equations(int significant_digits) const {
  const std::vector<std::string> names = library_.names({system_.state_names, system_.control_names});
  std::vector<std::string> lines;
  for (int i = 0; i < system_.state_size; ++i) {
    const std::string line = system_.state_names[static_cast<size_t>(i)] + "' =";
    const int velocity = system_.velocity_of[static_cast<size_t>(i)];
    if (velocity >= 0) {
      lines.push_back(line + ' ' + system_.state_names[static_cast<size_t>(velocity)]);
      continue;
    }
    const std::span column(coefficients_.col(i).data(), static_cast<size_t>(library_.size()));
    lines.push_back(line + ' ' + sum_text(column, names, significant_digits));
  }
  return lines;
}

std::vector<std::vector<std::pair<double, std::string>>> Sindy::equation_terms() const {
  const std::vector<std::string> names = library_.names();
  std::vector<std::vector<std::pair<double, std::string>>> all(static_cast<size_t>(system_.state_size));
  for (int i = 0; i < system_.state_size; ++i) {
    auto& terms = all[static_cast<size_t>(i)];
    const int velocity = system_.velocity_of[static_cast<size_t>(i)];
    if (velocity >= 0) {
      terms.emplace_back(1.0, fmt::format("x{}", velocity));
      continue;
    }
    for (int f = 0; f < library_.size(); ++f) {
      if (coefficients_(f, i) != 0) terms.emplace_back(coefficients_(f, i), names[static_cast<size_t>(f)]);
    }
  }
  return all;
}

void Sindy::save(ByteWriter& out) const {
  out.write(std::int32_t{system_.state_size});
  out.write(std::int32_t{system_.control_size});
  out.write(system_.timestep);
  for (const std::string& name : system_.state_names) out.write(std::string_view(name));
  for (const std::string& name : system_.control_names) out.write(std::string_view(name));
  for (int i = 0; i < system_.state_size; ++i) {
    const auto at = static_cast<size_t>(i);
    out.write(static_cast<std::uint8_t>(system_.state_is_angle[at] ? 1 : 0));
    out.write(std::int32_t{system_.velocity_of[at]});
    out.write(system_.low[at]);
    out.write(system_.high[at]);
  }
  library_.save(out);
  out.write_array(std::span(coefficients_.data(), static_cast<size_t>(coefficients_.size())));
  out.write(static_cast<std::int32_t>(integrator_));
}

Sindy Sindy::load(ByteReader& in) {
  SindySystem system;
  system.state_size = in.read<std::int32_t>();
  system.control_size = in.read<std::int32_t>();
  system.timestep = in.read<double>();
  if (system.state_size < 1 || system.state_size > 100000 || system.control_size < 0 || system.control_size > 100000 ||
      !(system.timestep > 0)) {
    in.fail("a model of impossible size or time step");
  }
  for (int i = 0; i < system.state_size; ++i) system.state_names.push_back(in.read_string());
  for (int i = 0; i < system.control_size; ++i) system.control_names.push_back(in.read_string());
  for (int i = 0; i < system.state_size; ++i) {
    system.state_is_angle.push_back(in.read<std::uint8_t>() != 0);
    system.velocity_of.push_back(in.read<std::int32_t>());
    system.low.push_back(in.read<double>());
    system.high.push_back(in.read<double>());
  }
  FeatureLibrary library = FeatureLibrary::load(in);
  if (library.num_states() != system.state_size || library.num_controls() != system.control_size) {
    in.fail("a library over other states than the model's");
  }
  Eigen::MatrixXd coefficients(library.size(), system.state_size);
  in.read_array(std::span(coefficients.data(), static_cast<size_t>(coefficients.size())));
  const auto integrator = in.read<std::int32_t>();
  if (integrator < 0 || integrator > static_cast<int>(SparseIntegrator::kRungeKutta4)) {
    in.fail("an unknown integrator " + std::to_string(integrator));
  }
  return {std::move(system), std::move(library), std::move(coefficients), static_cast<SparseIntegrator>(integrator)};
}

}  // namespace lockstep::models
