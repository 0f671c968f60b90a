// Libraries of candidate terms: monomials, harmonics of angles, expressions, and their products, with names and
// programs.
#pragma once

#include "engine/byte_stream.h"
#include "engine/view.h"
#include "kernels/feature_library.h"
#include "models/expression.h"

#include <string>
#include <vector>

namespace lockstep::models {

// One factor of a feature: z^order, sin(order z) or cos(order z), where z is an input (states first, then controls); or
// an expression of the library, whose index stands in `input`.
struct Factor {
  enum class Kind : int { kPower, kSine, kCosine, kExpression };
  Kind kind = Kind::kPower;
  int input = 0;
  int order = 1;  // >= 1; 1 of an expression

  friend bool operator==(const Factor&, const Factor&) = default;
  friend auto operator<=>(const Factor&, const Factor&) = default;
};

// The product of its factors: powers first, then harmonics, then expressions, each by input; empty: the constant 1.
using Feature = std::vector<Factor>;

// Names of inputs as they appear in features; empty: x0, x1 ... and u0, u1 ...
struct InputNames {
  std::vector<std::string> states, controls;
};

// Storage behind a kernels::FeatureProgram, and the node that holds each feature.
class CompiledFeatures {
 public:
  CompiledFeatures() = default;
  // Inputs must be below num_inputs, and below expressions' number.
  CompiledFeatures(const std::vector<Feature>& features, int num_inputs,
                   const std::vector<Expression>& expressions = {});

  [[nodiscard]] kernels::FeatureProgram program() const;  // valid while this object lives and is not moved from
  [[nodiscard]] const std::vector<int>& node_of() const { return node_of_; }  // [features]

 private:
  void make_atoms(const std::vector<Feature>& features, int num_inputs);
  void add_steps(const std::vector<Feature>& features, const std::vector<Expression>& expressions);
  [[nodiscard]] int atom_of(const Factor& factor) const;

  std::vector<kernels::AtomGroup> groups_;
  std::vector<kernels::FeatureNode> nodes_;
  std::vector<int> node_of_;
  std::vector<kernels::ExpressionStep> steps_;  // of all expressions that are used, equal ones once
  std::vector<int> step_of_;                    // [expressions] the step that holds its value, or -1
  int num_atoms_ = 0;
};

// An ordered list of distinct features over `num_states` states and `num_controls` controls.
class FeatureLibrary {
 public:
  // Orders each feature's factors, merges powers of one input, drops repeated features. Error where a factor names
  // an input or expression that is not there or an order below 1, and for an empty list.
  FeatureLibrary(int num_states, int num_controls, const std::vector<Feature>& features,
                 std::vector<Expression> expressions = {});

  [[nodiscard]] int num_states() const { return num_states_; }
  [[nodiscard]] int num_controls() const { return num_controls_; }
  [[nodiscard]] int size() const { return static_cast<int>(features_.size()); }
  [[nodiscard]] const std::vector<Feature>& features() const { return features_; }
  [[nodiscard]] const std::vector<Expression>& expressions() const { return expressions_; }
  [[nodiscard]] const CompiledFeatures& compiled() const { return compiled_; }

  // "1", "x0", "x0 x1^2", "x0 u0", "sin(x0)", "x1^2 sin(2 x0)"; or with the inputs' own names.
  [[nodiscard]] std::vector<std::string> names(const InputNames& names = {}) const;
  // x [rows][num_states], u [rows][num_controls] -> theta [rows][size()].
  void evaluate(View<const double, 2> x, View<const double, 2> u, View<double, 2> theta) const;

  void save(ByteWriter& out) const;
  static FeatureLibrary load(ByteReader& in);

 private:
  int num_states_;
  int num_controls_;
  std::vector<Feature> features_;
  std::vector<Expression> expressions_;
  CompiledFeatures compiled_;
};

// The name of one feature.
[[nodiscard]] std::string feature_name(const Feature& feature, int num_states, const InputNames& names = {},
                                       const std::vector<Expression>& expressions = {});
// Names of all inputs in order: states, then controls.
[[nodiscard]] std::vector<std::string> input_names(int num_states, int num_controls, const InputNames& names = {});

// Monomials of total degree 0 (with constant) or 1 to `degree` in `inputs`, in the order of PySINDy: by degree, then
// by input. Without cross terms: powers of single inputs only.
struct PolynomialOptions {
  int degree = 2;  // >= 0
  bool constant = true;
  bool cross_terms = true;
};
[[nodiscard]] std::vector<Feature> polynomial_features(const std::vector<int>& inputs,
                                                       const PolynomialOptions& options);

// sin(k z), cos(k z) for k = 1 .. harmonics and each of `inputs`.
[[nodiscard]] std::vector<Feature> harmonic_features(const std::vector<int>& inputs, int harmonics);

// phi, u, and phi u for every feature phi of the states and every control u: what is affine in the controls.
[[nodiscard]] std::vector<Feature> control_affine_features(const std::vector<Feature>& phi,
                                                           const std::vector<int>& controls);

// Products of every feature of `left` with every one of `right`.
[[nodiscard]] std::vector<Feature> tensor_features(const std::vector<Feature>& left, const std::vector<Feature>& right);

}  // namespace lockstep::models
