// Feeds mutated models of the suites to the compiler and the native kernels: Error, fallback or steps, never a crash,
// and a world that goes wrong says so (run under asan).
//   LOCKSTEP_FUZZ_SECONDS  how long; unset: a few hundred cases
//   LOCKSTEP_FUZZ_CASE     the first case; a case is the same in every run
// The case at hand is in $TMPDIR/lockstep_mjcf_fuzz.xml, for the day on which the process dies.
#include "engine/atomic_file.h"
#include "engine/batch.h"
#include "engine/error.h"
#include "engine/model_sets.h"
#include "tests/engine/mjcf_mutation.h"
#include "tests/engine/scalar_world.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace lockstep {
namespace {

using tests::MjcfElement;

// Meshes, a height field, and every pair of shapes, on and beside each other.
const char* const kShapes = R"(
<mujoco>
  <asset>
    <mesh name="block" vertex="-.1 -.2 -.1 .1 -.2 -.1 -.1 .2 -.1 .1 .2 -.1 -.1 -.2 .1 .1 -.2 .1 -.1 .2 .1 .1 .2 .1"/>
    <mesh name="spike" vertex="0 0 .2  .1 0 0  -.1 .1 0  -.1 -.1 0"/>
    <hfield name="hill" nrow="3" ncol="3" size="2 2 .3 .1" elevation="0 0 0 0 1 0 0 0 .5"/>
  </asset>
  <worldbody>
    <geom type="hfield" hfield="hill"/>
    <geom type="box" size=".2 .2 .1" pos="1 0 .1"/>
    <body pos="0 0 .4"><freejoint/><geom type="mesh" mesh="block"/></body>
    <body pos=".1 .1 .6"><freejoint/><geom type="mesh" mesh="spike"/></body>
    <body pos=".2 0 .5"><freejoint/><geom type="cylinder" size=".1 .1"/></body>
    <body pos=".3 .1 .5"><freejoint/><geom type="ellipsoid" size=".1 .12 .08" condim="4"/></body>
    <body pos=".9 0 .3"><freejoint/><geom type="box" size=".1 .1 .1" condim="6"/></body>
    <body pos="1 .1 .3"><joint type="ball"/><geom type="capsule" size=".05 .1"/><geom size=".1" pos=".1 0 0"/></body>
  </worldbody>
</mujoco>)";

// Removes what only pictures need, and what lies in files of its own.
void keep_physics(MjcfElement& element) {
  std::erase_if(element.children, [](MjcfElement& child) {
    static const char* const kPictures[] = {"texture", "material", "skin", "visual", "include", "statistic"};
    const bool is_mesh_of_file = child.attribute("mesh") != nullptr || child.attribute("file") != nullptr;
    return is_mesh_of_file || std::find(std::begin(kPictures), std::end(kPictures), child.name) != std::end(kPictures);
  });
  std::erase_if(element.attributes, [](const auto& a) { return a.first == "material"; });
  for (MjcfElement& child : element.children) keep_physics(child);
}

MjcfElement& child(MjcfElement& parent, const std::string& name) {
  for (MjcfElement& element : parent.children) {
    if (element.name == name) return element;
  }
  parent.children.push_back({.name = name, .attributes = {}, .children = {}});
  return parent.children.back();
}

// A floor, and a servo on each named joint: mjlab's files have neither.
void complete_robot(MjcfElement& model) {
  std::vector<std::string> joints;
  const auto gather = [&](auto&& self, MjcfElement& element) -> void {
    if (const std::string* const name = element.attribute("name"); element.name == "joint" && name != nullptr)
      joints.push_back(*name);
    for (MjcfElement& inner : element.children) self(self, inner);
  };
  gather(gather, model);
  child(model, "worldbody").children.push_back(tests::MjcfReader(R"(<geom type="plane" size="0 0 1"/>)").read());
  for (const std::string& joint : joints) {
    child(model, "actuator").children.push_back(tests::MjcfReader("<position kp='20' joint='" + joint + "'/>").read());
  }
}

std::vector<MjcfElement> seeds() {
  std::vector<MjcfElement> models;
  for (const std::string& name : known_models()) {
    const std::vector<std::byte> bytes = read_file(known_model_file(name));
    models.push_back(tests::MjcfReader({reinterpret_cast<const char*>(bytes.data()), bytes.size()}).read());
    if (name.starts_with("mjlab/")) complete_robot(models.back());
  }
  for (MjcfElement& model : models) keep_physics(model);
  const std::string texts[] = {kAllJoints, kAllLimits, all_contacts("elliptic"), kScalarConstraints, kShapes};
  for (const std::string& text : texts) models.push_back(tests::MjcfReader(text).read());
  return models;
}

bool all_finite(const std::vector<double>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

// Five steps on this machine's lanes: a world with random controls, one with a control that is no number, one that is
// thrown, one left alone.
void step_batch(const std::shared_ptr<const Model>& model, std::mt19937_64& random) {
  constexpr int kWorlds = 4, kSteps = 5;
  const auto batch = Batch::make(model, {.num_worlds = kWorlds, .backend = "cpu"});
  std::vector<double> qpos(static_cast<std::size_t>(model->nq())), qvel(static_cast<std::size_t>(model->nv())),
      act(static_cast<std::size_t>(model->na())), ctrl(static_cast<std::size_t>(model->nu()));
  batch->get_state(2, qpos, qvel, act);
  std::fill(qvel.begin(), qvel.end(), 1e7);
  batch->set_state(2, qpos, qvel, act);
  for (double& u : ctrl) u = std::normal_distribution<double>(0, 10)(random);
  batch->set_ctrl(0, ctrl);
  if (!ctrl.empty()) ctrl[0] = std::nan("");
  batch->set_ctrl(1, ctrl);
  batch->step(kSteps);
  for (int world = 0; world < kWorlds; ++world) {
    batch->get_state(world, qpos, qvel, act);
    const bool finite = all_finite(qpos) && all_finite(qvel) && all_finite(act);
    EXPECT_TRUE(finite || batch->fault(world)) << "world " << world << " is neither finite nor flagged";
  }
  EXPECT_TRUE(ctrl.empty() || batch->fault(1)) << "a control that is no number was not flagged";
}

// Two steps on the scalar kernels, which are compiled with the sanitizers.
void step_scalar(const Model& model, std::mt19937_64& random) {
  const Data d = make_data(model);
  randomise(model, *d, random, 0.3);
  ScalarWorld world(model);
  world.read(*d);
  world.step(2, kernels::Solo{});
  const auto layout = model.state_layout();
  bool finite = true;
  for (int i = 0; i < model.nq(); ++i) finite = finite && std::isfinite(world[layout.qpos + i]);
  for (int i = 0; i < model.nv(); ++i) finite = finite && std::isfinite(world[layout.qvel + i]);
  EXPECT_TRUE(finite || world[layout.fault] != 0) << "a scalar world is neither finite nor flagged";
}

struct Outcomes {
  int refused = 0, fallback = 0, native = 0;
};

void run_case(MjcfElement model_text, std::mt19937_64& random, const std::string& file, Outcomes& outcomes) {
  tests::mutate(model_text, random);
  const std::string xml = model_text.text();
  std::ofstream(file) << xml;
  std::shared_ptr<const Model> model;
  try {
    model = Model::from_xml(xml);
  } catch (const Error& error) {
    EXPECT_FALSE(error.problem().empty());
    ++outcomes.refused;
    return;
  }
  if (!model->is_native()) {
    ++outcomes.fallback;
    return;
  }
  ++outcomes.native;
  step_batch(model, random);
  step_scalar(*model, random);
}

long number_from_environment(const char* name, long otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atol(text);
}

TEST(MjcfFuzz, MutatedModelsGiveErrorFallbackOrFlaggedSteps) {
  using Clock = std::chrono::steady_clock;
  spdlog::set_level(spdlog::level::off);
  const long seconds = number_from_environment("LOCKSTEP_FUZZ_SECONDS", 0);
  const long first = number_from_environment("LOCKSTEP_FUZZ_CASE", 0);
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  const std::vector<MjcfElement> models = seeds();
  const std::string file = testing::TempDir() + "lockstep_mjcf_fuzz.xml";
  Outcomes outcomes;
  long cases = 0;
  for (; seconds > 0 ? Clock::now() < end : cases < 400; ++cases) {
    const auto number = static_cast<std::uint64_t>(first + cases);
    SCOPED_TRACE("LOCKSTEP_FUZZ_CASE=" + std::to_string(number));
    std::mt19937_64 random(number);
    run_case(models[number % models.size()], random, file, outcomes);
    if (HasFailure()) FAIL() << "the case is in " << file;
  }
  std::filesystem::remove(file);
  std::cout << cases << " cases: " << outcomes.refused << " refused, " << outcomes.fallback << " fell back, "
            << outcomes.native << " stepped\n";
  EXPECT_GT(outcomes.refused, 0);
  EXPECT_GT(outcomes.fallback, 0);
  EXPECT_GT(outcomes.native, cases / 10);
}

}  // namespace
}  // namespace lockstep
