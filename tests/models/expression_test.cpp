// Expressions and libraries written as text: values, derivatives in lanes, printing, saving, errors.
#include "models/expression.h"
#include "engine/error.h"
#include "models/library_text.h"
#include "models/sindy.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

const std::vector<std::string> kInputs{"x0", "x1", "u0"};

Expression parsed(const std::string& text) { return Expression::parse(text, kInputs, "test"); }

struct Case {
  const char* text;
  double (*value)(double, double, double);
  const char* printed;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.text; }

class ExpressionCase : public testing::TestWithParam<Case> {};

TEST_P(ExpressionCase, HasItsValueAndPrintsWhatReadsTheSame) {
  const Expression expression = parsed(GetParam().text);
  for (const auto& [x, y, u] : {std::array{0.3, 1.7, -0.4}, std::array{1.1, 0.2, 2.5}}) {
    const double inputs[] = {x, y, u}, truth = GetParam().value(x, y, u);
    EXPECT_NEAR(expression.value(inputs), truth, 1e-13 * (1 + std::abs(truth)));
  }
  EXPECT_EQ(expression.text(kInputs), GetParam().printed);
  EXPECT_EQ(parsed(expression.text(kInputs)), expression);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ExpressionCase,
    testing::Values(
        Case{"1 + 2*x0 - x1/4", [](double x, double y, double) { return 1 + 2 * x - y / 4; }, "1 + 2*x0 - x1/4"},
        Case{"2 x0 sin(x1)", [](double x, double y, double) { return 2 * x * std::sin(y); }, "2*x0*sin(x1)"},
        Case{"-x0^2", [](double x, double, double) { return -x * x; }, "-x0^2"},
        Case{"(-x0)**2", [](double x, double, double) { return x * x; }, "(-x0)^2"},
        Case{"x0 - (x1 - u0)", [](double x, double y, double u) { return x - (y - u); }, "x0 - (x1 - u0)"},
        Case{"x0/(x1/u0)", [](double x, double y, double u) { return x / (y / u); }, "x0/(x1/u0)"},
        Case{"x0^-3 * -2", [](double x, double, double) { return -2 / (x * x * x); }, "x0^-3*(-2)"},
        Case{"exp(-x0 x1)/(1 + x0^2)", [](double x, double y, double) { return std::exp(-x * y) / (1 + x * x); },
             "exp(-x0*x1)/(1 + x0^2)"},
        Case{"2^x0^2", [](double x, double, double) { return std::pow(2, x * x); }, "exp(x0^2*log(2))"},
        Case{"x1^1.5", [](double, double y, double) { return std::pow(y, 1.5); }, "exp(1.5*log(x1))"},
        Case{"tan(x0) + tanh(x1) + atan(u0)",
             [](double x, double y, double u) { return std::tan(x) + std::tanh(y) + std::atan(u); },
             "tan(x0) + tanh(x1) + atan(u0)"},
        Case{"sqrt(x1) + log(x1) + abs(u0) sign(u0)",
             [](double, double y, double u) { return std::sqrt(y) + std::log(y) + u; },
             "sqrt(x1) + log(x1) + abs(u0)*sign(u0)"},
        Case{"min(x0, x1) - max(u0, 0.5) + cos(pi)",
             [](double x, double y, double u) { return std::min(x, y) - std::max(u, 0.5) - 1; },
             "min(x0, x1) - max(u0, 0.5) + cos(3.141592653589793)"}));

TEST(Expression, EvaluatesSharedPartsOnce) {
  EXPECT_EQ(parsed("sin(x0 x1) + sin(x0 x1)^2").steps().size(), 6u);  // x0, x1, product, sine, square, sum
}

TEST(Expression, IsWrittenInOtherNotations) {
  const Expression e = parsed("2*x0^3*exp(-x1)/sqrt(1 + u0)");
  EXPECT_EQ(e.text(kInputs, Notation::kC), "2.0 * pow(x0, 3) * exp(-x1) / sqrt(1.0 + u0)");
  EXPECT_EQ(e.text(kInputs, Notation::kPython), "2 * x0**3 * math.exp(-x1) / math.sqrt(1 + u0)");
  EXPECT_EQ(e.text({"x_0", "x_1", "u_0"}, Notation::kLatex), "\\frac{2 x_0^{3} e^{-x_1}}{\\sqrt{1 + u_0}}");
}

void expect_error(const std::function<void()>& act, const std::string& problem, const std::string& where) {
  try {
    act();
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find(problem), std::string::npos) << error.what();
    EXPECT_NE(error.where().find(where), std::string::npos) << error.what();
    EXPECT_FALSE(error.fix().empty());
  }
}

TEST(ExpressionErrors, NameThePlace) {
  expect_error([] { (void)parsed("1 + sine(x0)"); }, "unknown name 'sine'", "character 5");
  expect_error([] { (void)parsed("1 + "); }, "ends where a number", "character 5");
  expect_error([] { (void)parsed("(x0 + 1"); }, "')' is missing", "character 8");
  expect_error([] { (void)parsed("x0 $ x1"); }, "does not", "character 4");
  expect_error([] { (void)parsed("sin x0"); }, "sin without its argument", "character 1");
  expect_error([] { (void)parsed("min(x0)"); }, "',' is missing", "character 7");
  expect_error([] { (void)parsed(std::string(5000, '(')); }, "too deep", "character");
}

// ---- Libraries ----

TEST(LibraryText, JoinsAndMultipliesLibrariesOfChosenInputs) {
  const FeatureLibrary library =
      parse_library("polynomial(2, x0) + fourier(1, x1) * (constant + powers(1, controls))", 2, 1);
  EXPECT_EQ(library.names(),
            (std::vector<std::string>{"1", "x0", "x0^2", "sin(x1)", "u0 sin(x1)", "cos(x1)", "u0 cos(x1)"}));
}

TEST(LibraryText, TakesExpressionsInTheInputsOwnNames) {
  const InputNames names{{"th", "w"}, {"torque"}};
  const FeatureLibrary library =
      parse_library("powers(1, states) + terms(w abs(w), exp(-th^2), th + 1) * powers(1, torque)", 2, 1, names);
  EXPECT_EQ(library.names(names),
            (std::vector<std::string>{"th", "w", "torque w*abs(w)", "torque exp(-th^2)", "torque (th + 1)"}));
}

TEST(LibraryText, MakesLibrariesThatAreAffineInTheControls) {
  const FeatureLibrary library = parse_library("affine(powers(1, states))", 2, 1);
  EXPECT_EQ(library.names(), (std::vector<std::string>{"x0", "x1", "u0", "x0 u0", "x1 u0"}));
}

TEST(LibraryText, NamesThePlaceOfAMistake) {
  expect_error([] { (void)parse_library("polinomial(2)", 2, 0); }, "unknown library 'polinomial'", "character 1");
  expect_error([] { (void)parse_library("polynomial(2, y0)", 2, 0); }, "unknown input 'y0'", "character 15");
  expect_error([] { (void)parse_library("polynomial(2) fourier(1)", 2, 0); }, "does not", "character 15");
  expect_error([] { (void)parse_library("powers(0.5)", 2, 0); }, "no whole number", "character");
  expect_error([] { (void)parse_library("polynomial(12)", 40, 0); }, "features", "library");
  expect_error([] { (void)parse_library("terms(x0 +)", 2, 0); }, "number or a name", "terms");
}

FeatureLibrary mixed() {
  return parse_library(
      "polynomial(2) + terms(x0 exp(-x1^2)/(2 + u0), tanh(x0 - x1), sqrt(1 + x0^2) atan(u0)) * "
      "polynomial(1, x1) + fourier(2, x0)",
      2, 1);
}

TEST(ExpressionFeatures, EqualTheProductsOfTheirFactorsInLanes) {
  const FeatureLibrary library = mixed();
  const std::vector<std::string> names = library.names();
  constexpr int kRows = 7;
  std::vector<double> x, u, theta(static_cast<size_t>(kRows * library.size()));
  for (int row = 0; row < kRows; ++row) {
    x.insert(x.end(), {std::sin(1.0 * row), std::cos(2.0 * row)});
    u.push_back(0.3 * row);
  }
  library.evaluate(View<const double, 2>(x.data(), kRows, 2), View<const double, 2>(u.data(), kRows, 1),
                   View<double, 2>(theta.data(), kRows, library.size()));
  for (int row = 0; row < kRows; ++row) {
    const double inputs[] = {x[static_cast<size_t>(2 * row)], x[static_cast<size_t>(2 * row + 1)],
                             u[static_cast<size_t>(row)]};
    for (int f = 0; f < library.size(); ++f) {
      // A feature's name is an expression too.
      const double truth = parsed(names[static_cast<size_t>(f)]).value(inputs);
      EXPECT_NEAR(theta[static_cast<size_t>(row * library.size() + f)], truth, 1e-12 * (1 + std::abs(truth)))
          << names[static_cast<size_t>(f)];
    }
  }
}

Sindy model_of(const FeatureLibrary& library, kernels::SparseIntegrator integrator) {
  Eigen::MatrixXd coefficients(library.size(), 2);
  for (Eigen::Index f = 0; f < coefficients.rows(); ++f) {
    coefficients.row(f) << std::sin(static_cast<double>(f) + 1), std::cos(static_cast<double>(f));
  }
  return {{.state_size = 2, .control_size = 1, .timestep = 0.05}, library, coefficients, integrator};
}

TEST(ExpressionFeatures, HaveAnalyticJacobians) {
  for (const auto integrator : {kernels::SparseIntegrator::kMap, kernels::SparseIntegrator::kRungeKutta4}) {
    Sindy model = model_of(mixed(), integrator);
    const std::vector<double> x{0.3, -0.2, 1.2, 0.5}, u{0.4, 0.7};
    const View<const double, 2> xv(x.data(), 2, 2), uv(u.data(), 2, 1);
    std::vector<double> a(8), b(4), a_differences(8), b_differences(4);
    model.jacobian(xv, uv, View<double, 3>(a.data(), 2, 2, 2), View<double, 3>(b.data(), 2, 2, 1));
    model.Dynamics::jacobian(xv, uv, View<double, 3>(a_differences.data(), 2, 2, 2),
                             View<double, 3>(b_differences.data(), 2, 2, 1));
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], a_differences[i], 1e-8);
    for (size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(b[i], b_differences[i], 1e-8);
  }
}

TEST(ExpressionFeatures, AreSavedExactly) {
  const FeatureLibrary library = mixed();
  ByteWriter writer("library", 1);
  library.save(writer);
  const std::vector<std::byte> bytes = std::move(writer).finish();
  ByteReader reader(bytes, "library", 1, "test");
  const FeatureLibrary loaded = FeatureLibrary::load(reader);
  reader.expect_end();
  EXPECT_EQ(loaded.features(), library.features());
  EXPECT_EQ(loaded.expressions(), library.expressions());
}

TEST(ExpressionFeatures, OfADamagedFileAreRefused) {
  using kernels::Operation;
  expect_error([] { (void)Expression::from_steps({{Operation::kSine, 0, 0, 0}}, 1); }, "comes later", "library");
  expect_error([] { (void)Expression::from_steps({{Operation::kInput, 3, 0, 0}}, 1); }, "unknown input", "library");
  std::vector<kernels::ExpressionStep> doubled{{Operation::kInput, 0, 0, 0}};
  for (int k = 0; k < 100; ++k) doubled.push_back({Operation::kAdd, k, k, 0});
  expect_error([&] { (void)Expression::from_steps(doubled, 1); }, "too long a text", "library");
}

}  // namespace
}  // namespace lockstep::models
