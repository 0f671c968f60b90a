// Which pairs of geoms may touch, and what their contacts are made of, against what MuJoCo's collision returns.
#include "engine/contact_pairs.h"
#include "tests/engine/mujoco_reference.h"

#include <set>
#include <utility>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

std::size_t pairs_of(const std::string& worldbody, const std::string& more = "") {
  const auto model = Model::from_xml("<mujoco><worldbody>" + worldbody + "</worldbody>" + more + "</mujoco>");
  return contact_pairs(*model->mj()).size();
}

TEST(ContactPairs, LeaveOutGeomsThatStandStill) { EXPECT_EQ(pairs_of("<geom size='1'/><geom size='1'/>"), 0u); }

TEST(ContactPairs, LeaveOutParentAndChildButNotTheWorld) {
  EXPECT_EQ(pairs_of("<body><joint/><geom size='0.1'/><body><joint/><geom size='0.1'/></body></body>"), 0u);
  EXPECT_EQ(pairs_of("<geom size='1'/><body><joint/><geom size='0.1'/></body>"), 1u);
  EXPECT_EQ(pairs_of("<body><joint/><geom size='0.1'/><body><joint/><geom size='0.1'/></body></body>",
                     "<option><flag filterparent='disable'/></option>"),
            1u);
}

TEST(ContactPairs, ObeyMasksAndExclusions) {
  EXPECT_EQ(pairs_of("<geom size='1' contype='0' conaffinity='0'/><body><joint/><geom size='0.1'/></body>"), 0u);
  EXPECT_EQ(
      pairs_of("<geom size='1' contype='2' conaffinity='4'/><body><joint/><geom size='0.1' conaffinity='2'/></body>"),
      1u);
  EXPECT_EQ(pairs_of("<body name='a'><joint/><geom size='0.1'/></body><body name='b'><joint/><geom size='0.1'/></body>",
                     "<contact><exclude body1='a' body2='b'/></contact>"),
            0u);
}

TEST(ContactPairs, TakeAnExplicitPairOnceWhateverTheMasks) {
  const std::string bodies =
      "<body><joint/><geom name='a' size='0.1' contype='%'/></body><body><joint/><geom name='b' size='0.1'/></body>";
  for (const char* const contype : {"0", "1"}) {
    std::string body = bodies;
    body.replace(body.find('%'), 1, contype);
    EXPECT_EQ(pairs_of(body, "<contact><pair geom1='a' geom2='b'/></contact>"), 1u) << "contype " << contype;
  }
}

TEST(ContactPairs, AreNoneWhereContactsAreDisabled) {
  EXPECT_EQ(
      pairs_of("<geom size='1'/><body><joint/><geom size='0.1'/></body>", "<option><flag contact='disable'/></option>"),
      0u);
}

// Every contact that MuJoCo finds in random states is of a pair of ours, with the same parameters.
TEST(ContactPairs, HaveTheParametersOfMujocosContacts) {
  const auto model = Model::from_xml(all_contacts("pyramidal"));
  const mjModel& m = *model->mj();
  const std::vector<ContactPair> pairs = contact_pairs(m);
  const Data d = make_data(*model);
  std::mt19937_64 random(3);
  std::set<std::pair<int, int>> seen;
  for (int state = 0; state < 200; ++state) {
    randomise(*model, *d, random, 0.3);
    mj_forward(&m, d.get());
    for (int c = 0; c < d->ncon; ++c) {
      const mjContact& contact = d->contact[c];
      const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](const ContactPair& p) {
        return p.first == contact.geom[0] && p.second == contact.geom[1];
      });
      ASSERT_NE(pair, pairs.end()) << contact.geom[0] << " " << contact.geom[1];
      seen.emplace(pair->first, pair->second);
      EXPECT_EQ(pair->dim, contact.dim);
      EXPECT_DOUBLE_EQ(pair->margin, contact.includemargin);
      for (int k = 0; k < 5; ++k) EXPECT_DOUBLE_EQ(pair->friction[static_cast<std::size_t>(k)], contact.friction[k]);
      for (int k = 0; k < 2; ++k) EXPECT_DOUBLE_EQ(pair->solref[static_cast<std::size_t>(k)], contact.solref[k]);
      for (int k = 0; k < 5; ++k) EXPECT_DOUBLE_EQ(pair->solimp[static_cast<std::size_t>(k)], contact.solimp[k]);
    }
  }
  EXPECT_GT(seen.size(), 15u) << "too few kinds of contacts for this test to mean anything";
}

TEST(ContactPairs, MocapBodiesTouchWhatMovesButNeitherTheWorldNorEachOther) {
  const auto model = Model::from_xml(R"(<mujoco><worldbody><geom type="plane" size="1 1 1"/>
    <body mocap="true"><geom size="0.1"/></body><body mocap="true"><geom size="0.1"/></body>
    <body><freejoint/><geom size="0.1"/></body></worldbody></mujoco>)");
  std::set<std::pair<int, int>> touching;
  for (const ContactPair& pair : contact_pairs(*model->mj())) touching.emplace(pair.first, pair.second);
  EXPECT_EQ(touching, (std::set<std::pair<int, int>>{{0, 3}, {1, 3}, {2, 3}}));
  const Data d = make_data(*model);
  mj_forward(model->mj(), d.get());
  EXPECT_EQ(d->ncon, 3) << "MuJoCo's own";
}

TEST(ContactPairs, StandInMujocosOrderWhereTheNoslipPassSweepsThem) {
  const auto model = Model::from_xml(all_contacts("pyramidal"), {}, [](mjModel_& m) { m.opt.noslip_iterations = 1; });
  const mjModel& m = *model->mj();
  std::vector<ContactPair> pairs = contact_pairs(m);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [&](const ContactPair& a, const ContactPair& b) { return is_earlier_in_mujoco(m, a, b); });
  const Data d = make_data(*model);
  std::mt19937_64 random(9);
  int neighbours = 0;
  for (int state = 0; state < 100; ++state) {
    randomise(*model, *d, random, 0.3);
    mj_forward(&m, d.get());
    auto from = pairs.begin();
    for (int c = 0; c < d->ncon; ++c) {
      const auto here = std::find_if(from, pairs.end(), [&](const ContactPair& p) {
        return p.first == d->contact[c].geom[0] && p.second == d->contact[c].geom[1];
      });
      ASSERT_NE(here, pairs.end()) << "contact " << c << " stands before one that MuJoCo has earlier";
      neighbours += here != from ? 1 : 0;
      from = here;
    }
  }
  EXPECT_GT(neighbours, 100) << "too few contacts for this test to mean anything";
}

TEST(ContactFeaturesOnGpu, AreThoseInClosedForm) {
  const auto balls = Model::from_xml(all_contacts("pyramidal"));
  EXPECT_TRUE(missing_contact_features_on_gpu(*balls->mj()).empty());
  const auto eggs =
      Model::from_xml(R"(<mujoco><worldbody><body><freejoint/><geom type="ellipsoid" size=".1 .2 .3"/></body>
    <body><freejoint/><geom type="cylinder" size="0.1 0.1"/></body></worldbody></mujoco>)");
  const std::vector<std::string> missing = missing_contact_features_on_gpu(*eggs->mj());
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0], "contacts of ellipsoid and cylinder");
  const auto grip = Model::from_xml(all_contacts("pyramidal"), {}, [](mjModel_& m) { m.opt.noslip_iterations = 1; });
  EXPECT_EQ(missing_contact_features_on_gpu(*grip->mj()), std::vector<std::string>{"the noslip pass"});
}

}  // namespace
}  // namespace lockstep
