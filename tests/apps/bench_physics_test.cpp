// Tests the physics benchmark: its rows, that both sides run the same course, and its messages for bad options.
#include "apps/bench_physics.h"
#include "apps/physics_race.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/task_models.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

std::shared_ptr<const Model> cartpole() { return Model::from_file(task_model("dm_control/suite/cartpole.xml")); }

// Runs `bench physics` with these arguments; returns its JSON rows.
std::vector<nlohmann::json> rows_of(std::vector<std::string> arguments) {
  const std::string file =
      testing::TempDir() + "lockstep_bench_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
  CLI::App app;
  CommandContext context;
  add_bench_physics(context.add_group(app, "bench", "measure"), context);
  for (const char* last : {"--json", file.c_str()}) arguments.emplace_back(last);
  arguments.insert(arguments.begin(), {"bench", "physics"});
  app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  testing::internal::CaptureStdout();
  EXPECT_EQ(context.run(), kDone);
  testing::internal::GetCapturedStdout();
  std::vector<nlohmann::json> rows;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) rows.push_back(nlohmann::json::parse(line));
  std::filesystem::remove(file);
  return rows;
}

TEST(BenchPhysics, GivesARowForEachPeerWithTheAgreedKeys) {
  const auto rows = rows_of({"dm_control/cartpole/noisy", "--pairs", "2", "--slice", "0.01", "--worlds", "32"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["peer_name"], "mj_step");
  EXPECT_EQ(rows[1]["peer_name"], "mjb_step");
  for (const auto& row : rows) {
    EXPECT_EQ(row["suite"], "physics");
    EXPECT_EQ(row["backend"], "cpu");
    EXPECT_EQ(row["name"], "dm_control/cartpole/noisy");
    EXPECT_EQ(row["unit"], "world-steps/s");
    EXPECT_EQ(row["threads"], 1);
    EXPECT_GT(row["ours"].get<double>(), 0);
    EXPECT_GT(row["peer"].get<double>(), 0);
    EXPECT_LE(row["spread"][0].get<double>(), row["ratio"].get<double>());
    EXPECT_GE(row["spread"][1].get<double>(), row["ratio"].get<double>());
    for (const char* key : {"backend", "isa", "machine", "one_step_qvel_double", "one_step_qacc_float"})
      EXPECT_TRUE(row.contains(key)) << key;
  }
}

TEST(BenchPhysics, SetsSeveralThreadsAgainstOne) {
  const auto rows =
      rows_of({"dm_control/pendulum/noisy", "--pairs", "1", "--slice", "0.01", "--worlds", "64", "--threads", "1,2"});
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[4]["threads"], 2);
  EXPECT_EQ(rows[4]["peer_name"], "1 thread");
}

TEST(BenchPhysics, TakesAModelOfTheUsers) {
  const std::string file = testing::TempDir() + "lockstep_bench_swing.xml";
  std::ofstream(file) << "<mujoco><worldbody><body><joint name='j'/><geom type='capsule' fromto='0 0 0 0 0 .3' "
                         "size='.02'/></body></worldbody><actuator><motor joint='j'/></actuator></mujoco>";
  const auto rows = rows_of({file, "--motion", "quiet", "--pairs", "1", "--slice", "0.01", "--worlds", "16"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["name"], "lockstep_bench_swing/quiet");
  std::filesystem::remove(file);
}

TEST(BenchPhysics, RefusesAnUnknownModelAndNamesTheNearest) {
  CommandContext context;
  try {
    (void)bench_physics({.models = {"dm_control/cartpole/nosy"}}, context);
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("dm_control/cartpole/nosy"), std::string::npos);
    EXPECT_NE(error.fix().find("dm_control/cartpole/noisy"), std::string::npos);
  }
}

TEST(BenchPhysics, RefusesNoSlices) {
  CommandContext context;
  BenchPhysicsOptions options;
  options.pairs = 0;
  EXPECT_THROW((void)bench_physics(options, context), Error);
}

TEST(Course, StartsEveryWorldElsewhere) {
  const Course course = make_course(cartpole(), Motion::kNoisy, 8, 4);
  for (int world = 1; world < 8; ++world)
    EXPECT_NE(course.qpos[static_cast<std::size_t>(2 * world)], course.qpos[static_cast<std::size_t>(2 * world - 2)]);
}

TEST(Course, HoldsNumbersThatFloatHoldsToo) {
  const Course course = make_course(cartpole(), Motion::kNoisy, 8, 4);
  for (const auto* numbers : {&course.qpos, &course.qvel, &course.ctrl})
    for (const double x : *numbers) EXPECT_EQ(x, static_cast<double>(static_cast<float>(x)));
}

TEST(Course, IsQuietWhereAskedTo) {
  const Course course = make_course(cartpole(), Motion::kQuiet, 64, 20);
  double sum = 0;
  for (const double u : course.ctrl) sum += u * u;
  // 1280 draws: the deviation's own deviation is 2 %.
  EXPECT_NEAR(std::sqrt(sum / static_cast<double>(course.ctrl.size())), 0.01, 0.001);
}

TEST(Fidelity, OfMujocoAgainstItselfIsExactWithoutConstraints) {
  const auto unconstrained = [](mjModel& m) { m.opt.disableflags |= mjDSBL_CONSTRAINT; };
  const auto model = Model::from_file(task_model("dm_control/suite/cartpole.xml"), unconstrained);
  const Course course = make_course(model, Motion::kSmooth, 8, 1);
  const Fidelity fidelity = measure_fidelity(course, "mujoco");
  EXPECT_EQ(fidelity.qpos_double, 0);
  EXPECT_EQ(fidelity.qvel_double, 0);
}

TEST(Fidelity, OfNativePhysicsIsRounding) {
  const auto unconstrained = [](mjModel& m) { m.opt.disableflags |= mjDSBL_CONSTRAINT; };
  const auto model = Model::from_file(task_model("gymnasium/envs/mujoco/assets/half_cheetah.xml"), unconstrained);
  const Fidelity fidelity = measure_fidelity(make_course(model, Motion::kSmooth, 40, 1), "cpu");
  EXPECT_LT(fidelity.qvel_double, 1e-12);
  EXPECT_GT(fidelity.qacc_float, 0);  // float and double were two computations
  EXPECT_LT(fidelity.qacc_float, 1e-3);
  EXPECT_LE(fidelity.qacc_float_median, fidelity.qacc_float);
}

TEST(Runners, CountTheirWorldSteps) {
  const Course course = make_course(cartpole(), Motion::kNoisy, 24, 3);
  const auto mj = make_mj_step_runner(course, 2), mjb = make_mjb_step_runner(course, 1);
  const auto ours = make_batch_runner(course, Batch::make(course.model, {.num_worlds = 24, .backend = "mujoco"}));
  for (const auto& runner : {mj.get(), mjb.get(), ours.get()}) runner->restart();
  EXPECT_EQ(mj->run(), 2 * 15);
  EXPECT_EQ(mjb->run(), 16 * 15);
  EXPECT_EQ(ours->run(), 24 * 15);
  EXPECT_EQ(ours->faults(), 0);
}

}  // namespace
}  // namespace lockstep::apps
