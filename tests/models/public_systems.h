// Public systems with known equations, sampled for tests: trajectories, noise, true coefficients.
#pragma once

#include "models/feature_library.h"
#include "models/identify.h"

#include <cmath>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <nlohmann/json.hpp>

namespace lockstep::models::tests {

class PublicSystem {
 public:
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  static nlohmann::json file() {
    std::ifstream in(std::string(LOCKSTEP_TEST_DATA) + "/sindy/public_systems.json");
    return nlohmann::json::parse(in);
  }
  static std::vector<std::string> names() {
    std::vector<std::string> all;
    const nlohmann::json systems = file()["systems"];
    for (const auto& [name, system] : systems.items()) all.push_back(name);
    return all;
  }

  explicit PublicSystem(const std::string& name) : name_(name), json_(file()["systems"][name]) {
    for (const auto& equation : json_["equations"]) {
      equations_.emplace_back();
      for (const auto& term : equation) equations_.back().push_back({term[0], term[1].get<std::vector<int>>()});
    }
  }

  [[nodiscard]] int nx() const { return json_["n_state"]; }
  [[nodiscard]] int nu() const { return json_["n_control"]; }
  [[nodiscard]] double timestep() const { return json_["dt"]; }
  [[nodiscard]] const nlohmann::json& pysindy(int level) const { return json_["pysindy"][static_cast<size_t>(level)]; }

  [[nodiscard]] FeatureLibrary library() const {
    std::vector<int> inputs;
    for (int i = 0; i < nx() + nu(); ++i) inputs.push_back(i);
    return {nx(), nu(), polynomial_features(inputs, {.degree = json_["library_degree"]})};
  }

  [[nodiscard]] Eigen::MatrixXd truth(const FeatureLibrary& library) const {
    Eigen::MatrixXd c = Eigen::MatrixXd::Zero(library.size(), nx());
    for (size_t i = 0; i < equations_.size(); ++i) {
      for (const Term& term : equations_[i]) {
        Feature feature;
        for (size_t input = 0; input < term.exponents.size(); ++input) {
          if (term.exponents[input] == 0) continue;
          feature.push_back({Factor::Kind::kPower, static_cast<int>(input), term.exponents[input]});
        }
        const auto& all = library.features();
        const auto at = std::find(all.begin(), all.end(), feature) - all.begin();
        c(at, static_cast<Eigen::Index>(i)) += term.coefficient;
      }
    }
    return c;
  }

  // Controls of the sampled motion. [samples][nu]
  [[nodiscard]] RowMajor controls() const {
    RowMajor u(static_cast<int>(json_["n_samples"]), nu());
    for (Eigen::Index k = 0; k < u.rows() && nu() > 0; ++k) u(k, 0) = control(static_cast<double>(k) * timestep());
    return u;
  }

  // [samples][nx] by Runge-Kutta with 8 steps a sample, with normal noise of a share of each state's deviation.
  [[nodiscard]] RowMajor motion(double noise, unsigned seed) const {
    RowMajor x(static_cast<int>(json_["n_samples"]), nx());
    std::vector<double> state = json_["x0"];
    for (Eigen::Index k = 0; k < x.rows(); ++k) {
      for (int i = 0; i < nx(); ++i) x(k, i) = state[static_cast<size_t>(i)];
      advance(state, static_cast<double>(k) * timestep());
    }
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    for (int i = 0; i < nx() && noise > 0; ++i) {
      const double deviation = std::sqrt((x.col(i).array() - x.col(i).mean()).square().mean());
      for (Eigen::Index k = 0; k < x.rows(); ++k) x(k, i) += noise * deviation * normal(random);
    }
    return x;
  }

 private:
  struct Term {
    double coefficient;
    std::vector<int> exponents;
  };

  [[nodiscard]] double control(double t) const {
    if (name_ == "duffing_forced_control") return 0.35 * std::cos(1.4 * t) + 0.2 * std::sin(3.3 * t);
    return 50 * std::sin(5 * t) * std::exp(-0.1 * t) + 20 * std::sin(17 * t);  // lorenz63_controlled
  }

  [[nodiscard]] std::vector<double> slope(std::vector<double> z, double t) const {
    if (nu() > 0) z.push_back(control(t));
    std::vector<double> out;
    for (const auto& equation : equations_) {
      double sum = 0;
      for (const Term& term : equation) {
        double value = term.coefficient;
        for (size_t i = 0; i < z.size(); ++i) {
          for (int power = 0; power < term.exponents[i]; ++power) value *= z[i];
        }
        sum += value;
      }
      out.push_back(sum);
    }
    return out;
  }

  void advance(std::vector<double>& x, double t) const {
    const double h = timestep() / 8;
    const auto moved = [&](const std::vector<double>& k, double share) {
      std::vector<double> out = x;
      for (size_t i = 0; i < x.size(); ++i) out[i] += share * h * k[i];
      return out;
    };
    for (int substep = 0; substep < 8; ++substep, t += h) {
      const auto k1 = slope(x, t), k2 = slope(moved(k1, 0.5), t + h / 2), k3 = slope(moved(k2, 0.5), t + h / 2),
                 k4 = slope(moved(k3, 1), t + h);
      for (size_t i = 0; i < x.size(); ++i) x[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    }
  }

  std::string name_;
  nlohmann::json json_;
  std::vector<std::vector<Term>> equations_;
};

struct Recovery {
  bool is_exact = false;  // the terms
  double error = 0;       // of the coefficients, Frobenius, relative
};
inline Recovery recover(const std::string& name, double noise, unsigned seed) {
  const PublicSystem system(name);
  const FeatureLibrary library = system.library();
  const PublicSystem::RowMajor x = system.motion(noise, seed), u = system.controls();
  const int samples = static_cast<int>(x.rows());
  const Identified found = identify(View<const double, 2>(x.data(), samples, system.nx()),
                                    View<const double, 2>(u.data(), samples, system.nu()), system.timestep(), library);
  const Eigen::MatrixXd truth = system.truth(library);
  return {((found.coefficients.array() != 0) == (truth.array() != 0)).all(),
          (found.coefficients - truth).norm() / truth.norm()};
}

}  // namespace lockstep::models::tests
