// Colliders in closed form against MuJoCo's own contacts at random placements near contact, and their edge cases.
#include "kernels/collide.h"
#include "tests/kernels/collider_cases.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace lockstep::kernels {
namespace {

using Contacts = std::vector<ContactPoint<double>>;

Contacts our_contacts(const GeomPair& pair, const Placement<double>& a, const Placement<double>& b) {
  Contacts found;
  const GeomShape<double> shape_a{pair.type(0), pair.size(0)}, shape_b{pair.type(1), pair.size(1)};
  collide_geoms<double>(shape_a, a, shape_b, b, pair.margin(), [&](int, bool touches, const ContactPoint<double>& c) {
    if (touches) found.push_back(c);
  });
  return found;
}

class ExactCollider : public testing::TestWithParam<ColliderCase> {};

// Positions and frames are rounded at 1e-16 of sizes below 1 m; what amplifies that (nearly parallel axes, a capsule's
// frame turned by an axis nearly along the normal) does so by at most 1e6 in these poses.
constexpr double kTolerance = 1e-9;

TEST_P(ExactCollider, FindsMujocosContacts) {
  const ColliderCase& c = GetParam();
  constexpr int kPoses = 2000;
  for (const double margin : {0.0, 0.03}) {
    GeomPair pair(c.a, c.b, margin);
    Deviation worst;
    int touching = 0;
    for (int i = 0; i < kPoses; ++i) {
      const GeomPair::Poses poses = pair.near_contact(static_cast<std::uint64_t>(i), c.depth);
      const bool along = detail::length(cross(poses.a.r.z, poses.b.r.z)) < 1e-6;
      if (along && c.open_along_axis == Open::kPoints) continue;
      const Contacts reference = pair.contacts(poses.a, poses.b);
      Deviation deviation = compare(our_contacts(pair, poses.a, poses.b), reference);
      if (along && c.open_along_axis == Open::kTangent) deviation.tangent = 0;
      ASSERT_EQ(deviation.count, 0) << "pose " << i << ", margin " << margin;
      ASSERT_LT(deviation.largest(), kTolerance) << "pose " << i << ", margin " << margin;
      touching += reference.empty() ? 0 : 1;
      worst.include(deviation);
    }
    EXPECT_GT(touching, kPoses / 2);
    RecordProperty("touching_at_margin_" + std::to_string(margin), touching);
    RecordProperty("largest_deviation_at_margin_" + std::to_string(margin), std::to_string(worst.largest()));
  }
}

INSTANTIATE_TEST_SUITE_P(Pairs, ExactCollider, testing::ValuesIn(exact_cases()),
                         [](const auto& tested) { return std::string(tested.param.name); });

const Matrix3<double> kUpright = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

TEST(PlaneCapsule, UprightOnALevelPlaneHasMujocosFrame) {
  GeomPair pair(kPlaneText, kCapsuleText, 0);
  const Placement<double> ground{{0, 0, 0}, kUpright}, capsule{{0.3, 0.2, 0.39}, kUpright};
  const Contacts ours = our_contacts(pair, ground, capsule), reference = pair.contacts(ground, capsule);
  ASSERT_EQ(ours.size(), 1u);
  EXPECT_LT(compare(ours, reference).largest(), 1e-15);
}

TEST(PlaneCapsule, AlongTheNormalOfATiltedPlaneHasAnOrthonormalFrame) {
  const Matrix3<double> tilted = rotation_about({0.6, 0.8, 0}, 0.4);
  GeomPair pair(kPlaneText, kCapsuleText, 0);
  const Contacts ours = our_contacts(pair, {{0, 0, 0}, tilted}, {0.39 * tilted.z, tilted});
  ASSERT_EQ(ours.size(), 1u);
  EXPECT_NEAR(dot(ours[0].normal, ours[0].tangent), 0, 1e-15);
  EXPECT_NEAR(detail::length(ours[0].tangent), 1, 1e-15);
}

TEST(PlaneCylinder, StandingOnALevelPlaneHasMujocosThreePoints) {
  GeomPair pair(kPlaneText, kCylinderText, 0);
  const Placement<double> ground{{0, 0, 0}, kUpright}, cylinder{{0.3, 0.2, 0.18}, rotation_about({0, 0, 1}, 0.5)};
  const Contacts ours = our_contacts(pair, ground, cylinder), reference = pair.contacts(ground, cylinder);
  ASSERT_EQ(ours.size(), 3u);
  EXPECT_LT(compare(ours, reference).largest(), 1e-15);
}

TEST(PlaneCylinder, NearlyStandingTouchesWithPointsOfItsRim) {
  GeomPair pair(kPlaneText, kCylinderText, 0);
  for (const double tilt : {1e-17, 1e-15, 1e-12, 1e-9, 1e-7}) {
    const Contacts ours =
        our_contacts(pair, {{0, 0, 0}, kUpright}, {{0, 0, 0.18}, rotation_about({0.6, 0.8, 0}, tilt)});
    ASSERT_EQ(ours.size(), 3u) << tilt;
    for (const ContactPoint<double>& contact : ours) {
      EXPECT_NEAR(contact.distance, -0.02, 0.2 * tilt + 1e-15);
      EXPECT_NEAR(std::hypot(contact.position.x, contact.position.y), 0.15, 0.2 * tilt + 1e-15);
    }
  }
}

TEST(SphereSphere, CoincidentCentresPartAcrossBothAxesAsInMujoco) {
  GeomPair pair(kSphereText, kSphereText, 0);
  const Placement<double> a{{0.1, 0.2, 0.3}, kUpright};
  for (const double turn : {0.0, 0.7}) {
    const Placement<double> b{a.p, rotation_about({0.6, 0, 0.8}, turn)};
    const Contacts ours = our_contacts(pair, a, b), reference = pair.contacts(a, b);
    ASSERT_EQ(ours.size(), 1u);
    EXPECT_LT(compare(ours, reference).largest(), 1e-15) << turn;
  }
}

TEST(CapsuleCapsule, IdenticalCapsulesTouchTwice) {
  GeomPair pair(kCapsuleText, kCapsuleText, 0);
  const Placement<double> a{{0.1, 0.2, 0.3}, rotation_about({0.6, 0, 0.8}, 0.7)};
  const Contacts ours = our_contacts(pair, a, a), reference = pair.contacts(a, a);
  ASSERT_EQ(ours.size(), 2u);
  EXPECT_LT(compare(ours, reference).largest(), 1e-14);
}

TEST(BoxBox, IdenticalPlacementsAndStacksHaveMujocosContacts) {
  GeomPair pair(kBoxText, kBoxText, 0);
  const Placement<double> a{{0.1, 0.2, 0.3}, rotation_about({0.6, 0, 0.8}, 0.7)};
  const std::vector<Vector3<double>> steps = {{0, 0, 0}, {0.19, 0, 0}, {0, 0.4, 0}, {0, -0.4, 0.01}, {0.1, 0.39, 0.15}};
  for (const Vector3<double>& step : steps) {
    const Placement<double> b{a.p + rotate(a.r, step), a.r};
    const Contacts ours = our_contacts(pair, a, b), reference = pair.contacts(a, b);
    const Deviation deviation = compare(ours, reference);
    EXPECT_EQ(deviation.count, 0) << step.x << ' ' << step.y << ' ' << step.z;
    EXPECT_LT(deviation.largest(), 1e-14) << step.x << ' ' << step.y << ' ' << step.z;
    EXPECT_FALSE(reference.empty());
  }
}

TEST(BoxBox, ReportsItsFaceContactsInMujocosOrder) {
  GeomPair pair(kBoxText, kFlatBoxText, 0);
  const Placement<double> a{{0, 0, 0}, kUpright}, b{{0.03, 0.02, 0.19}, rotation_about({0, 0, 1}, 0.4)};
  const Contacts ours = our_contacts(pair, a, b), reference = pair.contacts(a, b);
  ASSERT_EQ(ours.size(), reference.size());
  ASSERT_GT(ours.size(), 4u);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_NEAR(ours[i].position.x, reference[i].position.x, 1e-14);
    EXPECT_NEAR(ours[i].position.y, reference[i].position.y, 1e-14);
  }
}

}  // namespace
}  // namespace lockstep::kernels
