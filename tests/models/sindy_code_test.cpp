// Models as source text: LaTeX as written by hand, and C, C++ and Python that is compiled, run, and held to the model.
#include "models/sindy_code.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "models/library_text.h"
#include "tests/apps/child_process.h"
#include "tests/engine/temporary_folder.h"

#include <cmath>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using kernels::SparseIntegrator;

// Two states and a control, every kind of factor, coefficients of many sizes.
Sindy model_with(SparseIntegrator integrator) {
  const FeatureLibrary library = parse_library(
      "polynomial(3) + fourier(2, th) * polynomial(1, w) + terms(exp(-w^2/4), th/(1 + th^2) - tanh(torque), "
      "min(th, w) + max(torque, 0.5), sqrt(1 + abs(w)) sign(th), atan(w)^-2 cos(pi th))",
      2, 1, {{"th", "w"}, {"torque"}});
  Eigen::MatrixXd coefficients = Eigen::MatrixXd::Zero(library.size(), 2);
  for (Eigen::Index f = 0; f < coefficients.rows(); ++f) {
    if (f % 3 != 2)
      coefficients(f, 1) = std::sin(1.7 * static_cast<double>(f) + 1) * std::pow(10, -static_cast<double>(f % 5));
    if (f % 4 == 1) coefficients(f, 0) = 0.1 * std::cos(static_cast<double>(f));
  }
  SindySystem system{
      .state_size = 2, .control_size = 1, .timestep = 0.02, .state_names = {"th", "w"}, .control_names = {"torque"}};
  if (integrator == SparseIntegrator::kSemiImplicit) system.velocity_of = {1, -1};
  return {system, library, coefficients, integrator};
}

constexpr double kStates[][3] = {{0.3, -1.2, 0.7}, {-2.1, 0.4, -0.3}, {1.4, 2.2, 0.1}};  // th, w, torque

// The model's own steps, three numbers a line: next th, next w.
std::vector<double> steps_of(Sindy model) {
  std::vector<double> out;
  for (const auto& s : kStates) {
    double next[2];
    model.step(View<const double, 2>(s, 1, 2), View<const double, 2>(s + 2, 1, 1), View<double, 2>(next, 1, 2));
    out.insert(out.end(), {next[0], next[1]});
  }
  return out;
}

void expect_numbers(const std::string& text, const std::vector<double>& truth, double tolerance) {
  std::istringstream in(text);
  for (const double expected : truth) {
    double found = NAN;
    in >> found;
    EXPECT_NEAR(found, expected, tolerance * (1 + std::abs(expected))) << text;
  }
}

std::string main_of(const std::string& header, const std::string& call, const char* number) {
  std::string text = fmt::format("#include <stdio.h>\n#include \"{}\"\nint main(void) {{\n", header);
  for (const auto& s : kStates) {
    text += fmt::format(
        "  {{ {0} x[2] = {{{1}, {2}}}, u[1] = {{{3}}}, next[2]; {4}(x, u, next); "
        "printf(\"%.17g %.17g\\n\", (double)next[0], (double)next[1]); }}\n",
        number, s[0], s[1], s[2], call);
  }
  return text + "  return 0;\n}\n";
}

class SindyCode : public testing::TestWithParam<SparseIntegrator> {
 protected:
  std::string built(const std::vector<std::string>& options, const std::string& source) {
    std::vector<std::string> command{LOCKSTEP_CXX};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"-Wall", "-Wextra", "-Werror", "-o", "program", source, "-lm"});
    const ChildResult compiled = run_program(command, folder_.path());
    EXPECT_EQ(compiled.exit_code, 0) << compiled.err;
    return run_program({(folder_ / "program").string()}, folder_.path()).out;
  }
  const TemporaryFolder folder_;
};

TEST_P(SindyCode, InCStepsAsTheModelDoes) {
  const Sindy model = model_with(GetParam());
  write_file(folder_ / "pendulum.h", c_header(model, {.name = "pendulum"}));
  write_file(folder_ / "main.c", main_of("pendulum.h", "pendulum_step", "double"));
  expect_numbers(built({"-x", "c", "-std=c99", "-pedantic"}, "main.c"), steps_of(model), 1e-13);
}

TEST_P(SindyCode, InCppStepsAsTheModelDoesInBothPrecisions) {
  const Sindy model = model_with(GetParam());
  write_file(folder_ / "pendulum.hpp", cuda_header(model, {.name = "pendulum"}));
  write_file(folder_ / "main.cpp", main_of("pendulum.hpp", "pendulum::pendulum_step", "double"));
  expect_numbers(built({"-std=c++17", "-pedantic"}, "main.cpp"), steps_of(model), 1e-13);
  write_file(folder_ / "main.cpp", main_of("pendulum.hpp", "pendulum::pendulum_step", "float"));
  // -Wdouble-promotion: no double arithmetic hides in the float version.
  expect_numbers(built({"-std=c++17", "-Wdouble-promotion", "-Wno-error=narrowing", "-Wno-narrowing"}, "main.cpp"),
                 steps_of(model), 2e-5);
}

TEST_P(SindyCode, InPythonStepsAsTheModelDoes) {
  if (run_program({"/usr/bin/env", "python3", "-c", "pass"}, folder_.path()).exit_code != 0)
    GTEST_SKIP() << "no python3 here";
  const Sindy model = model_with(GetParam());
  write_file(folder_ / "pendulum.py", python_module(model, {.name = "pendulum"}));
  std::string text = "import pendulum\n";
  for (const auto& s : kStates) {
    text += fmt::format("print(*['%.17g' % v for v in pendulum.pendulum_simulate([{}, {}], [[{}]])[1]])\n", s[0], s[1],
                        s[2]);
  }
  const ChildResult result = run_program({"/usr/bin/env", "python3", "-c", text}, folder_.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  expect_numbers(result.out, steps_of(model), 1e-13);
}

INSTANTIATE_TEST_SUITE_P(Integrators, SindyCode,
                         testing::Values(SparseIntegrator::kMap, SparseIntegrator::kEuler,
                                         SparseIntegrator::kSemiImplicit, SparseIntegrator::kRungeKutta4),
                         [](const auto& tested) { return integrator_name(tested.param); });

TEST(SindyLatex, WritesNamesIndicesAndSigns) {
  const FeatureLibrary library = parse_library("polynomial(2) + fourier(2, theta) + terms(1/(1 + x1^2))", 3, 1,
                                               {{"theta", "x1", "slider_vel"}, {"u0"}});
  const std::vector<std::string> names = library.names();
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(library.size(), 3);
  const auto set = [&](const std::string& feature, int state, double value) {
    const auto found = std::find(names.begin(), names.end(), feature);
    ASSERT_NE(found, names.end()) << feature;
    c(found - names.begin(), state) = value;
  };
  set("x2", 0, -1);
  set("sin(2 x0)", 1, 9.81);
  set("x0 u0", 1, -0.00015);
  set("1/(1 + x1^2)", 1, 0.5);
  const Sindy model({.state_size = 3,
                     .control_size = 1,
                     .timestep = 0.1,
                     .state_names = {"theta", "x1", "slider_vel"},
                     .control_names = {"u0"}},
                    library, c, SparseIntegrator::kRungeKutta4);
  EXPECT_EQ(latex_equations(model),
            "\\begin{align}\n"
            "\\dot{\\theta} &= -1 \\mathrm{slider\\_vel} \\\\\n"
            "\\dot{x}_{1} &= -0.00015 \\theta u_{0} + 9.81 \\sin\\left(2 \\theta\\right) + 0.5 \\frac{1}{1 + "
            "x_{1}^{2}} \\\\\n"
            "\\dot{\\mathrm{slider\\_vel}} &= 0\n"
            "\\end{align}\n");
}

TEST(SindySource, CarriesNamesAndUnitsInItsHeading) {
  const std::string text = source_for(model_with(SparseIntegrator::kEuler), ".h",
                                      {.name = "my model", .state_units = {"rad", "rad/s"}, .control_units = {"N m"}});
  EXPECT_NE(text.find("State: x[0] th (rad), x[1] w (rad/s)."), std::string::npos) << text.substr(0, 300);
  EXPECT_NE(text.find("u[0] torque (N m)."), std::string::npos);
  EXPECT_NE(text.find("void my_model_step("), std::string::npos);
}

TEST(SindySource, KnowsFourExtensions) {
  EXPECT_THROW((void)source_for(model_with(SparseIntegrator::kMap), ".rs"), Error);
}

}  // namespace
}  // namespace lockstep::models
