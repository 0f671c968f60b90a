// Tests worlds that stand on height fields of their own against MuJoCo on a model of each, on both host backends.
#include "engine/batch.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/model_copy.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

// A ball and a leg that fall on hills, and a range finder that looks down on them.
constexpr const char* kHills = R"(<mujoco>
  <option timestep="0.004" tolerance="1e-14" iterations="200" ccd_tolerance="1e-12" ccd_iterations="500"/>
  <asset><hfield name="hills" nrow="9" ncol="7" size="1.2 1 0.4 0.2"/></asset>
  <worldbody>
    <geom type="hfield" hfield="hills" pos="0.1 0 -0.1"/>
    <body pos="-0.3 0.2 0.6"><freejoint/><geom size="0.12"/></body>
    <body pos="0.4 -0.1 0.7" euler="20 50 0"><freejoint/><geom type="capsule" size="0.08 0.2"/></body>
    <site name="eye" pos="0.13 0.21 1" euler="178 3 0"/>
  </worldbody>
  <sensor><rangefinder site="eye"/></sensor>
</mujoco>)";
constexpr int kWorlds = 11;  // no whole number of registers
constexpr int kSteps = 120;

struct DeleteData {
  void operator()(mjData* data) const { mj_deleteData(data); }
};

std::vector<float> heights_of(int world, std::size_t count) {
  std::mt19937_64 random(static_cast<std::uint64_t>(world) + 1);
  std::uniform_real_distribution<float> draw(0, 1);
  std::vector<float> heights(count);
  for (float& height : heights) height = draw(random);
  return heights;
}

class OwnHeights : public testing::TestWithParam<const char*> {
 protected:
  OwnHeights() : model_(Model::from_xml(kHills)) {}
  [[nodiscard]] std::size_t num_heights() const { return static_cast<std::size_t>(model_->mj()->nhfielddata); }
  [[nodiscard]] std::unique_ptr<Batch> worlds() const {
    auto batch = Batch::make(model_, {.num_worlds = kWorlds,
                                      .backend = GetParam(),
                                      .precision = Precision::kDouble,
                                      .threads = 2,
                                      .own_heights = true});
    for (int world = 0; world < kWorlds; ++world) batch->set_heights(world, heights_of(world, num_heights()));
    return batch;
  }
  // qpos after kSteps steps and what the range finder reads then, by MuJoCo on the ground of one world.
  struct Expected {
    std::vector<double> qpos;
    double distance;
    int most_contacts;
  };
  [[nodiscard]] Expected expected(int world) const {
    const OwnModel own = copy_of(*model_->mj());
    std::ranges::copy(heights_of(world, num_heights()), own->hfield_data);
    const std::unique_ptr<mjData, DeleteData> data(mj_makeData(own.get()));
    int most_contacts = 0;
    for (int step = 0; step < kSteps; ++step) {
      mj_step(own.get(), data.get());
      most_contacts = std::max(most_contacts, static_cast<int>(data->ncon));
    }
    mj_forward(own.get(), data.get());
    return {std::vector<double>(data->qpos, data->qpos + own->nq), data->sensordata[0], most_contacts};
  }
  const std::shared_ptr<const Model> model_;
};

TEST_P(OwnHeights, AreWhatEachWorldFallsOnAndSees) {
  const auto batch = worlds();
  batch->step(kSteps);
  batch->sense();
  for (int world = 0; world < kWorlds; ++world) {
    SCOPED_TRACE(world);
    const Expected of_mujoco = expected(world);
    ASSERT_GT(of_mujoco.most_contacts, 1);
    std::vector<double> qpos(static_cast<std::size_t>(model_->nq())), qvel(static_cast<std::size_t>(model_->nv()));
    std::vector<double> distance(1);
    batch->get_state(world, qpos, qvel, {});
    batch->get_sensors(world, distance);
    // The search for contacts ends at 1e-12, and rolling on edges multiplies that.
    for (std::size_t i = 0; i < qpos.size(); ++i) EXPECT_NEAR(qpos[i], of_mujoco.qpos[i], 1e-5) << i;
    EXPECT_NEAR(distance[0], of_mujoco.distance, 1e-12);
  }
}

TEST_P(OwnHeights, AreGivenBackAndStayWhereAWorldIsReset) {
  const auto batch = worlds();
  batch->reset(3);
  std::vector<float> heights(num_heights());
  batch->get_heights(3, heights);
  EXPECT_EQ(heights, heights_of(3, num_heights()));
}

TEST_P(OwnHeights, AreTheModelsUntilTheyAreSet) {
  const auto own = Batch::make(model_, {.num_worlds = 2, .backend = GetParam(), .own_heights = true});
  const auto shared = Batch::make(model_, {.num_worlds = 2, .backend = GetParam()});
  own->step(kSteps);
  shared->step(kSteps);
  std::vector<double> a(static_cast<std::size_t>(model_->nq())), b = a, qvel(static_cast<std::size_t>(model_->nv()));
  own->get_state(1, a, qvel, {});
  shared->get_state(1, b, qvel, {});
  EXPECT_EQ(a, b);
}

TEST_P(OwnHeights, AreRefusedWhereWorldsShareThem) {
  const auto shared = Batch::make(model_, {.num_worlds = 2, .backend = GetParam()});
  EXPECT_THROW(shared->set_heights(0, heights_of(0, num_heights())), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(Backends, OwnHeights, testing::Values("cpu", "mujoco"),
                         [](const auto& test) { return std::string(test.param); });

TEST(OwnHeightsOnAGpu, AreRefusedByName) {
  EXPECT_THROW(Batch::make(Model::from_xml(kHills), {.backend = "cuda", .own_heights = true}), Error);
}

}  // namespace
}  // namespace lockstep
