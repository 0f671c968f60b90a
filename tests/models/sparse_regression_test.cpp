// Sparse regression against PySINDy 2.1.0 on fixed data, and against the known equations of reference systems.
#include "models/feature_library.h"
#include "models/stlsq.h"

#include <cmath>
#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep::models {
namespace {

using Json = nlohmann::json;

Json read_data(const std::string& name) {
  std::ifstream file(std::string(LOCKSTEP_TEST_DATA) + "/sindy/" + name);
  return Json::parse(file);
}

// Row-major array of a JSON list of lists; no rows where the list is empty.
struct Table {
  std::vector<double> values;
  int rows = 0, columns = 0;
  explicit Table(const Json& list) : rows(static_cast<int>(list.size())) {
    for (const Json& row : list) {
      columns = static_cast<int>(row.size());
      for (const Json& value : row) values.push_back(value.get<double>());
    }
  }
  Table(int r, int c) : values(static_cast<size_t>(r) * static_cast<size_t>(c)), rows(r), columns(c) {}
  [[nodiscard]] View<double, 2> view() { return View<double, 2>(values.data(), rows, columns); }
};

std::vector<int> all_inputs(int count) {
  std::vector<int> inputs;
  for (int i = 0; i < count; ++i) inputs.push_back(i);
  return inputs;
}

// ---- PySINDy ----

struct Case {
  std::string system, targets;
  bool unbias;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.system << ' ' << c.targets << (c.unbias ? " unbiased" : " ridge");
}

class PysindyAgreement : public testing::TestWithParam<Case> {};

// The library of a fixture: monomials to the degree of its names, and the pendulum's sine and cosine.
FeatureLibrary library_of(const Json& fixture, int nx, int nu) {
  const bool is_pendulum = fixture["name"] == "pendulum";
  const bool is_quadratic = is_pendulum || fixture["name"] == "lorenz";
  std::vector<Feature> features = polynomial_features(all_inputs(nx + nu), {.degree = is_quadratic ? 2 : 3});
  if (is_pendulum) {
    features.push_back({{Factor::Kind::kSine, 0, 1}});
    features.push_back({{Factor::Kind::kCosine, 0, 1}});
  }
  return {nx, nu, features};
}

TEST_P(PysindyAgreement, GivesTheSameTermsAndCoefficients) {
  const Json fixture = read_data("pysindy_" + GetParam().system + ".json");
  Table x(fixture["x"]), u(fixture["u"]), y(fixture[GetParam().targets]);
  const FeatureLibrary library = library_of(fixture, x.columns, u.columns);
  ASSERT_EQ(library.names(), fixture["features"].get<std::vector<std::string>>());
  Table theta(x.rows, library.size());
  library.evaluate(x.view(), u.view(), theta.view());
  Gram gram(library.size(), y.columns);
  gram.add(theta.view(), y.view());
  const StlsqResult result = stlsq(gram.normal_equations(), {.threshold = fixture["threshold"].get<double>(),
                                                             .alpha = fixture["alpha"].get<double>(),
                                                             .unbias = GetParam().unbias});
  for (const Json& expected : fixture["cases"]) {
    if (expected["targets"] != GetParam().targets || expected["unbias"] != GetParam().unbias) continue;
    for (int target = 0; target < y.columns; ++target) {
      for (int f = 0; f < library.size(); ++f) {
        const auto at = [&](const Json& rows) { return rows[static_cast<size_t>(target)][static_cast<size_t>(f)]; };
        const double coefficient = at(expected["coefficients"]).get<double>();
        EXPECT_NEAR(result.coefficients(f, target), coefficient, 1e-8) << library.names()[static_cast<size_t>(f)];
        EXPECT_EQ(result.coefficients(f, target) != 0, coefficient != 0) << library.names()[static_cast<size_t>(f)];
      }
    }
  }
}

std::vector<Case> pysindy_cases() {
  std::vector<Case> cases;
  for (const char* system : {"lorenz", "van_der_pol", "duffing", "pendulum", "henon"}) {
    for (const char* targets : {"clean", "noisy"}) {
      for (const bool unbias : {true, false}) cases.push_back({system, targets, unbias});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, PysindyAgreement, testing::ValuesIn(pysindy_cases()), [](const auto& tested) {
  return tested.param.system + "_" + tested.param.targets + (tested.param.unbias ? "_unbiased" : "_ridge");
});

// ---- Reference systems, sampled by our own integrator ----

double control_of(const std::string& system, double t) {
  if (system == "duffing_forced_control") return 0.35 * std::cos(1.4 * t) + 0.2 * std::sin(3.3 * t);
  return 50 * std::sin(5 * t) * std::exp(-0.1 * t) + 20 * std::sin(17 * t);  // lorenz63_controlled
}

class Reference {
 public:
  explicit Reference(const std::string& name)
      : name_(name), json_(read_data("reference_systems.json")["systems"][name]) {}

  [[nodiscard]] const Json& json() const { return json_; }
  [[nodiscard]] int nx() const { return json_["n_state"]; }
  [[nodiscard]] int nu() const { return json_["n_control"]; }

  [[nodiscard]] std::vector<double> right_side(const std::vector<double>& x, double t) const {
    std::vector<double> z = x, out;
    if (nu() > 0) z.push_back(control_of(name_, t));
    for (const Json& equation : json_["equations"]) {
      double sum = 0;
      for (const Json& term : equation) {
        double value = term[0];
        for (size_t i = 0; i < z.size(); ++i) value *= std::pow(z[i], term[1][i].get<int>());
        sum += value;
      }
      out.push_back(sum);
    }
    return out;
  }

  // Classical Runge-Kutta over dt in 8 substeps; a map is applied once.
  [[nodiscard]] std::vector<double> advance(std::vector<double> x, double t) const {
    if (json_["discrete"].get<bool>()) return right_side(x, t);
    const double h = json_["dt"].get<double>() / 8;
    const auto moved = [&](const std::vector<double>& k, double share) {
      std::vector<double> out = x;
      for (size_t i = 0; i < x.size(); ++i) out[i] += share * h * k[i];
      return out;
    };
    for (int substep = 0; substep < 8; ++substep, t += h) {
      const auto k1 = right_side(x, t), k2 = right_side(moved(k1, 0.5), t + h / 2);
      const auto k3 = right_side(moved(k2, 0.5), t + h / 2), k4 = right_side(moved(k3, 1), t + h);
      for (size_t i = 0; i < x.size(); ++i) x[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    }
    return x;
  }

 private:
  std::string name_;
  Json json_;
};

class ReferenceSystem : public testing::TestWithParam<const char*> {};

TEST_P(ReferenceSystem, IsRecoveredAtLeastAsWellAsByPysindy) {
  const Reference system(GetParam());
  const bool is_map = system.json()["discrete"];
  const double dt = system.json()["dt"];
  const int samples = system.json()["n_samples"], nx = system.nx(), nu = system.nu();
  Table states(samples, nx), controls(samples - 2, nu), x(samples - 2, nx), y(samples - 2, nx);
  std::vector<double> state = system.json()["x0"];
  for (int k = 0; k < samples; ++k) {
    for (int i = 0; i < nx; ++i) states.view()(k, i) = state[static_cast<size_t>(i)];
    state = system.advance(state, k * dt);
  }
  // Second-order finite differences, as in the reference; a map's target is the next state.
  for (int k = 0; k < samples - 2; ++k) {
    for (int i = 0; i < nx; ++i) {
      const double before = states.view()(k, i), middle = states.view()(k + 1, i), after = states.view()(k + 2, i);
      x.view()(k, i) = middle;
      y.view()(k, i) = is_map ? after : (after - before) / (2 * dt);
    }
    if (nu > 0) controls.view()(k, 0) = control_of(GetParam(), (k + 1) * dt);
  }
  const int degree = system.json()["library_degree"];
  const FeatureLibrary library(nx, nu, polynomial_features(all_inputs(nx + nu), {.degree = degree}));
  Table theta(samples - 2, library.size());
  library.evaluate(x.view(), controls.view(), theta.view());
  Gram gram(library.size(), nx);
  gram.add(theta.view(), y.view());
  // A ridge of 0.05 as PySINDy's default keeps spurious terms of the logistic map there and here.
  const StlsqResult result =
      stlsq(gram.normal_equations(), {.threshold = system.json()["threshold"].get<double>(), .alpha = 1e-5});

  double error = 0, size = 0;
  for (int i = 0; i < nx; ++i) {
    for (int f = 0; f < library.size(); ++f) {
      double truth = 0;
      for (const Json& term : system.json()["equations"][static_cast<size_t>(i)]) {
        Feature feature;
        for (int input = 0; input < nx + nu; ++input) {
          const int exponent = term[1][static_cast<size_t>(input)];
          if (exponent > 0) feature.push_back({Factor::Kind::kPower, input, exponent});
        }
        if (feature == library.features()[static_cast<size_t>(f)]) truth = term[0];
      }
      EXPECT_EQ(result.coefficients(f, i) != 0, truth != 0)
          << "equation " << i << ", " << library.names()[static_cast<size_t>(f)];
      error += std::pow(result.coefficients(f, i) - truth, 2);
      size += truth * truth;
    }
  }
  // The two samplings differ (and the flows are chaotic), so that errors of equal size differ by some ten per cent.
  EXPECT_LE(std::sqrt(error / size), 1.3 * system.json()["pysindy_relerr"].get<double>() + 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Clean, ReferenceSystem,
                         testing::Values("lorenz63", "rossler", "van_der_pol", "duffing_damped",
                                         "duffing_forced_control", "lorenz63_controlled", "henon_map", "logistic_map"),
                         [](const auto& tested) { return std::string(tested.param); });

// ---- A known polynomial map ----

class PolynomialMap : public testing::TestWithParam<double> {};  // noise, share of each target's rms

// x' = [0.9 x0 + 0.2 x1 x2, 0.7 x1 - 0.3 x0^2, 0.5 x2 + 0.4 x0 x1] on 2000 random points.
TEST_P(PolynomialMap, HasItsSixTermsFound) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::normal_distribution<double> normal;
  const int rows = 2000;
  Table x(rows, 3), u(rows, 0), y(rows, 3);
  for (double& value : x.values) value = uniform(random);
  for (int k = 0; k < rows; ++k) {
    const double a = x.view()(k, 0), b = x.view()(k, 1), c = x.view()(k, 2);
    const double noise = GetParam() * 0.5;  // the targets' rms is about one half
    y.view()(k, 0) = 0.9 * a + 0.2 * b * c + noise * normal(random);
    y.view()(k, 1) = 0.7 * b - 0.3 * a * a + noise * normal(random);
    y.view()(k, 2) = 0.5 * c + 0.4 * a * b + noise * normal(random);
  }
  const FeatureLibrary library(3, 0, polynomial_features(all_inputs(3), {.degree = 3}));
  Table theta(rows, library.size());
  library.evaluate(x.view(), u.view(), theta.view());
  Gram gram(library.size(), 3);
  gram.add(theta.view(), y.view());
  const StlsqResult result = stlsq(gram.normal_equations(), {.threshold = 0.1, .alpha = 0.05});  // half of 0.2
  Eigen::MatrixXd truth = Eigen::MatrixXd::Zero(library.size(), 3);
  const std::vector<std::string> names = library.names();
  const auto set = [&](const char* name, int target, double value) {
    truth(std::find(names.begin(), names.end(), name) - names.begin(), target) = value;
  };
  set("x0", 0, 0.9), set("x1 x2", 0, 0.2), set("x1", 1, 0.7), set("x0^2", 1, -0.3), set("x2", 2, 0.5),
      set("x0 x1", 2, 0.4);
  EXPECT_EQ(result.terms(), 6);
  EXPECT_TRUE(((result.coefficients.array() != 0) == (truth.array() != 0)).all());
  // With noise s the coefficients' standard error is about s / sqrt(rows) / rms(feature): 5 of them.
  EXPECT_LT((result.coefficients - truth).cwiseAbs().maxCoeff(), 1e-6 + 5 * GetParam() * 0.5 / std::sqrt(rows) / 0.3);
}

INSTANTIATE_TEST_SUITE_P(Noise, PolynomialMap, testing::Values(0.0, 0.01));

}  // namespace
}  // namespace lockstep::models
