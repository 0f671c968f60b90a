// The command `lockstep fit` as its users run it: tables and tasks in, equations and JSON out.
#include "engine/atomic_file.h"
#include "tests/apps/child_process.h"
#include "tests/engine/npz_writer.h"
#include "tests/engine/temporary_folder.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>
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

// A damped pendulum in six swings, half a percent of noise, with units, missing cells and a gap.
std::string pendulum_table() {
  std::string table = "t [s],trajectory,th [rad],w [rad/s]\n";
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (int run = 0; run < 6; ++run) {
    double th = 0.4 + 0.35 * run, w = 0;
    for (int row = 0; row < 400; ++row) {
      const bool is_missing = run == 1 && row == 150;
      if (run != 2 || row < 200 || row > 202) {
        table +=
            fmt::format("{},{},{},{}\n", 0.02 * row, run,
                        is_missing ? "" : fmt::format("{}", th + 0.005 * normal(random)), w + 0.01 * normal(random));
      }
      for (int k = 0; k < 20; ++k) {
        const double middle = w + 0.0005 * (-9.81 * std::sin(th) - 0.2 * w), at = th + 0.0005 * w;
        th += 0.001 * middle;
        w += 0.001 * (-9.81 * std::sin(at) - 0.2 * middle);
      }
    }
  }
  return table;
}

TEST(FitCommand, FitsNoisyTablesWithMissingRowsAndWritesReportAndCode) {
  const TemporaryFolder folder;
  write_file(folder / "swings.csv", pendulum_table());
  const ChildResult result =
      run_program({LOCKSTEP_PROGRAM, "fit", "swings.csv", "--json", "-", "--report", "report.html", "--code", "swing.h",
                   "--code", "swing.tex", "--set", "library=powers(1) + fourier(1, th)"},
                  folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = Json::parse(result.out);
  EXPECT_EQ(row["formulation"], "weak");
  const auto found = terms_of(row["equations"][1]);
  ASSERT_EQ(found.size(), 2u) << result.err;
  EXPECT_NEAR(found.at("sin(x0)"), -9.81, 0.1);
  EXPECT_NEAR(found.at("x1"), -0.2, 0.03);
  ASSERT_EQ(row["notes"].size(), 2u) << result.out;
  EXPECT_NE(row["notes"][0].get<std::string>().find("swings.csv, line 552, column th"), std::string::npos)
      << row["notes"];
  EXPECT_NE(row["notes"][1].get<std::string>().find("1 gap in time"), std::string::npos);
  const std::vector<std::byte> bytes = read_file(folder / "report.html");
  const std::string page(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const char* part :
       {"Coefficients along the threshold path", "Predicted against true", "th&#39; = w", "rad/s", "line 552", "svg"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "swing.h"));
  EXPECT_TRUE(std::filesystem::exists(folder / "swing.tex"));
}

TEST(FitCommand, ReadsArchivesOfTrajectories) {
  const TemporaryFolder folder;
  tests::NpzWriter writer;
  writer.is_deflated = true;
  std::vector<double> x;
  for (const double start : {1.0, -0.5, 2.0}) {
    for (int k = 0; k < 60; ++k) x.push_back(start * std::exp(-0.7 * 0.05 * k));
  }
  writer.add("dt", {}, std::vector<double>{0.05});
  writer.add("x", {3, 60, 1}, x);
  write_file(folder / "decay.npz", writer.bytes());
  const ChildResult result = run_program({LOCKSTEP_PROGRAM, "fit", "decay.npz", "--json", "-"}, folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto found = terms_of(Json::parse(result.out)["equations"][0]);
  ASSERT_EQ(found.size(), 1u) << result.out;
  EXPECT_NEAR(found.at("x0"), -0.7, 1e-6);
}

TEST(FitCommand, ListsItsModels) {
  const TemporaryFolder folder;
  const ChildResult result = run_program({LOCKSTEP_PROGRAM, "fit", "--list", "--json", "-"}, folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = Json::parse(result.out);
  EXPECT_EQ(row["name"], "sindy");
  EXPECT_EQ(row["optimisers"]["stlsq"]["threshold"], "0.1");
}

TEST(FitCommand, TakesAnyOptimiserWithItsSettings) {
  const TemporaryFolder folder;
  write_file(folder / "lorenz.csv", lorenz_table());
  const auto fit = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {LOCKSTEP_PROGRAM, "fit", "lorenz.csv", "--json", "-", "--optimiser"});
    return run_program(options, folder.path());
  };
  const ChildResult result = fit({"ensemble", "--set", "with.members=20", "--set", "with.with.threshold=0.5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = Json::parse(result.out);
  EXPECT_EQ(row["terms"], 7);
  EXPECT_EQ(row["inclusion"][0], Json({1.0, 1.0}));
  EXPECT_EQ(row["deviations"][1].size(), 3u);
  EXPECT_EQ(Json::parse(fit({"sparse_bayes"}).out)["terms"].is_number(), true);
  const ChildResult unknown = fit({"stlq"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("stlsq"), std::string::npos) << unknown.err;
  const ChildResult setting = fit({"sr3", "--set", "with.no_such_key=1"});
  EXPECT_EQ(setting.exit_code, 2);
  EXPECT_NE(setting.err.find("no_such_key"), std::string::npos) << setting.err;
}

TEST(FitCommand, TakesATaskByNameAndRefusesAModelItDoesNotKnow) {
  const TemporaryFolder folder;
  const ChildResult known = run_program(
      {LOCKSTEP_PROGRAM, "fit", "--task", "pendulum-v1", "--model", "sindy", "--seconds", "20", "--report", "r.html"},
      folder.path());
  EXPECT_EQ(known.exit_code, 0) << known.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "r.html"));
  const ChildResult unknown =
      run_program({LOCKSTEP_PROGRAM, "fit", "--task", "pendulum-v1", "--model", "sindi"}, folder.path());
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("did you mean 'sindy'"), std::string::npos) << unknown.err;
  const ChildResult nothing = run_program({LOCKSTEP_PROGRAM, "fit"}, folder.path());
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_NE(nothing.err.find("nothing to fit"), std::string::npos) << nothing.err;
}

TEST(FitCommand, KnowsTheNearestTask) {
  const TemporaryFolder folder;
  const ChildResult result = run_program({LOCKSTEP_PROGRAM, "fit", "pendulum-v2"}, folder.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("'pendulum-v1'"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace lockstep
