// SINDy with control: sparse equations of motion as Dynamics, printed, saved, and stepped in lanes.
// S. L. Brunton, J. L. Proctor, J. N. Kutz 2016 (PNAS 113, 3932) and "SINDy with control", IFAC 49(18), 710.
#pragma once

#include "engine/buffer.h"
#include "engine/byte_stream.h"
#include "engine/dynamics.h"
#include "engine/environment.h"
#include "kernels/sparse_batch.h"
#include "models/feature_library.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

// What is to be modelled. Vectors may be empty where a default is given.
struct SindySystem {
  int state_size = 0;
  int control_size = 0;
  double timestep = 0;                          // s of one control step, > 0
  std::vector<std::string> state_names = {};    // [nx] default x0, x1 ...
  std::vector<std::string> control_names = {};  // [nu] default u0, u1 ...
  std::vector<bool> state_is_angle = {};        // [nx] unbounded angles (rad): they enter as sin and cos
  std::vector<int> velocity_of = {};            // [nx] the state that is the derivative of state i, or -1; default:
                                                // found in the data
  std::vector<double> low = {}, high = {};      // [nx] box in which the dynamics are smooth; default: everywhere

  // Error where a size differs or the time step is not positive; fills the defaults in.
  void check();
};

// The system behind a task: its states, names, angles, box and control step.
[[nodiscard]] SindySystem system_of(const TaskSpec& spec);

[[nodiscard]] std::string integrator_name(kernels::SparseIntegrator integrator);  // "map", "euler", ...

// The learned x' = f(x, u). Immutable but for scratch: one object serves one thread, `clone` another.
class Sindy final : public Dynamics {
 public:
  // coefficients [features][nx]; columns of states with a known derivative (velocity_of >= 0) are not used.
  Sindy(SindySystem system, FeatureLibrary library, Eigen::MatrixXd coefficients, kernels::SparseIntegrator integrator);
  Sindy(const Sindy& other);
  Sindy(Sindy&&) noexcept = default;
  Sindy& operator=(const Sindy& other);
  Sindy& operator=(Sindy&&) noexcept = default;
  ~Sindy() override = default;

  [[nodiscard]] int state_size() const override { return system_.state_size; }
  [[nodiscard]] int control_size() const override { return system_.control_size; }
  [[nodiscard]] double timestep() const override { return system_.timestep; }
  [[nodiscard]] std::string name() const override;  // "sindy(11 terms, rk4)"
  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override;
  void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) override;
  void rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) override;
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<Sindy>(*this); }

  [[nodiscard]] const SindySystem& system() const { return system_; }
  [[nodiscard]] const FeatureLibrary& library() const { return library_; }
  [[nodiscard]] const Eigen::MatrixXd& coefficients() const { return coefficients_; }
  [[nodiscard]] kernels::SparseIntegrator integrator() const { return integrator_; }
  [[nodiscard]] int terms() const;  // coefficients that are not zero, in all equations

  // One string a state in the states' own names: "slider_vel' = 9.77 u0 - 0.44 sin(2 hinge_1)". A prime is the time
  // derivative; for a map it is the state one step later.
  [[nodiscard]] std::vector<std::string> equations(int significant_digits = 4) const;
  // The same as [coefficient, feature] lists with x0, u0 ..., in the order of the library.
  [[nodiscard]] std::vector<std::vector<std::pair<double, std::string>>> equation_terms() const;

  // Exact bytes.
  void save(ByteWriter& out) const;
  static Sindy load(ByteReader& in);

 private:
  void compile();
  [[nodiscard]] kernels::SparseDynamics kernel_model() const;

  SindySystem system_;
  FeatureLibrary library_;
  Eigen::MatrixXd coefficients_;
  kernels::SparseIntegrator integrator_;
  // What the kernels read: only the features that have a coefficient.
  CompiledFeatures used_;
  std::vector<int> first_term_;
  std::vector<kernels::SparseTerm> terms_;
  const kernels::SparseBatch* kernels_ = nullptr;  // of the instruction set chosen when the model was made
  HostBuffer<double> scratch_;
};

}  // namespace lockstep::models
