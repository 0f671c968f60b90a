// The command `lockstep fit` as its users run it: tables and tasks in, equations and JSON out.
#include "engine/atomic_file.h"
#include "tests/apps/child_process.h"
#include "tests/engine/temporary_folder.h"

#include <array>
#include <filesystem>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

using Json = nlohmann::json;

// Lorenz's system by classical Runge-Kutta, 4000 rows of 5 ms.
std::string lorenz_table() {
  using State = std::array<double, 3>;
  const auto field = [](const State& s) {
    return State{10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8.0 / 3 * s[2]};
  };
  const auto moved = [](const State& s, const State& k, double h) {
    return State{s[0] + h * k[0], s[1] + h * k[1], s[2] + h * k[2]};
  };
  std::string table = "t,x,y,z\n";
  State s{-8, 8, 27};
  const double h = 0.005;
  for (int k = 0; k < 4000; ++k) {
    table += fmt::format("{},{},{},{}\n", k * h, s[0], s[1], s[2]);
    const State k1 = field(s), k2 = field(moved(s, k1, h / 2)), k3 = field(moved(s, k2, h / 2)),
                k4 = field(moved(s, k3, h));
    for (size_t i = 0; i < 3; ++i) s[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }
  return table;
}

std::map<std::string, double> terms_of(const Json& equation) {
  std::map<std::string, double> terms;
  for (const Json& term : equation) terms[term[1].get<std::string>()] = term[0].get<double>();
  return terms;
}

TEST(FitCommand, FindsLorenzInATable) {
  const TemporaryFolder folder;
  write_file(folder / "lorenz.csv", lorenz_table());
  const ChildResult result = run_program({LOCKSTEP_PROGRAM, "fit", "lorenz.csv", "--json", "-"}, folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = Json::parse(result.out);
  EXPECT_EQ(row["model"], "sindy");
  EXPECT_EQ(row["terms"], 7);
  EXPECT_GT(row["test_score"].get<double>(), 0.999999);
  const std::map<std::string, double> truth[3] = {
      {{"x0", -10}, {"x1", 10}}, {{"x0", 28}, {"x1", -1}, {"x0 x2", -1}}, {{"x2", -8.0 / 3}, {"x0 x1", 1}}};
  for (size_t i = 0; i < 3; ++i) {
    const auto found = terms_of(row["equations"][i]);
    ASSERT_EQ(found.size(), truth[i].size());
    // Collocation is of fourth order: (0.005 * 30)^4 / 2880 = 2e-7 of the fastest rates.
    for (const auto& [feature, value] : truth[i]) EXPECT_NEAR(found.at(feature), value, 1e-4) << feature;
  }
}

// Gymnasium's pendulum: omega' = 3 g / (2 l) sin(theta) + 3 / (m l^2) u with g = 10, m = l = 1, semi-implicit Euler,
// and rows on its speed limit left out.
TEST(FitCommand, FindsTheEquationsOfATaskThatItExplores) {
  const TemporaryFolder folder;
  const ChildResult result =
      run_program({LOCKSTEP_PROGRAM, "fit", "pendulum-v1", "--seconds", "60", "--json", "-"}, folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = Json::parse(result.out);
  EXPECT_EQ(row["integrator"], "semi_implicit");
  const auto found = terms_of(row["equations"][1]);
  ASSERT_EQ(found.size(), 2u) << result.out;
  EXPECT_NEAR(found.at("sin(x0)"), 15, 1e-6);
  EXPECT_NEAR(found.at("u0"), 3, 1e-6);
  EXPECT_NE(result.err.find("theta' = omega"), std::string::npos) << result.err;
}

// A map without controls, of which as many steps are taken as of any system where nobody says how long.
TEST(FitCommand, FindsTheEquationsOfAMap) {
  const TemporaryFolder folder;
  const ChildResult result = run_program({LOCKSTEP_PROGRAM, "fit", "henon-map", "--json", "-"}, folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = Json::parse(result.out);
  EXPECT_EQ(row["integrator"], "map");
  const std::map<std::string, double> truth[2] = {{{"1", 1}, {"x1", 1}, {"x0^2", -1.4}}, {{"x0", 0.3}}};
  for (size_t i = 0; i < 2; ++i) {
    const auto found = terms_of(row["equations"][i]);
    ASSERT_EQ(found.size(), truth[i].size()) << result.out;
    for (const auto& [feature, value] : truth[i]) EXPECT_NEAR(found.at(feature), value, 1e-9) << feature;
  }
}

TEST(FitCommand, NamesTheLineOfABadCell) {
  const TemporaryFolder folder;
  write_file(folder / "bad.csv", "t,x\n0,1\n1,oops\n");
  const ChildResult result = run_program({LOCKSTEP_PROGRAM, "fit", "bad.csv", "--save", "model"}, folder.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("bad.csv, line 3"), std::string::npos) << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "model"));
}

TEST(FitCommand, KnowsTheNearestTask) {
  const TemporaryFolder folder;
  const ChildResult result = run_program({LOCKSTEP_PROGRAM, "fit", "pendulum-v2"}, folder.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("'pendulum-v1'"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace lockstep
