// Colliders on lanes: the bits of a lane do not depend on its neighbours or the lanes' number; float is near double.
#include "kernels/collide.h"
#include "tests/kernels/collider_cases.h"
#include "tests/kernels/numbers.h"

#include <cmath>
#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace lockstep::kernels {
namespace {

template <class T>
Vector3<T> gather(const std::vector<Vector3<double>>& values) {
  const auto part = [&](double Vector3<double>::*axis) {
    return by_lane<T>([&](int i) { return values[static_cast<std::size_t>(i)].*axis; });
  };
  return {part(&Vector3<double>::x), part(&Vector3<double>::y), part(&Vector3<double>::z)};
}

// Lane i is placements[i].
template <class T>
Placement<T> gather(const std::vector<Placement<double>>& placements) {
  std::vector<Vector3<double>> p, x, y, z;
  for (const Placement<double>& placement : placements) {
    p.push_back(placement.p);
    x.push_back(placement.r.x);
    y.push_back(placement.r.y);
    z.push_back(placement.r.z);
  }
  return {gather<T>(p), {gather<T>(x), gather<T>(y), gather<T>(z)}};
}

template <class R>
struct Numbers10 {
  std::array<R, 10> values;
  bool operator==(const Numbers10&) const = default;
};

template <class T>
Numbers10<Real<T>> lane_of(const ContactPoint<T>& c, int i) {
  return {{lane(c.distance, i), lane(c.position.x, i), lane(c.position.y, i), lane(c.position.z, i),
           lane(c.normal.x, i), lane(c.normal.y, i), lane(c.normal.z, i), lane(c.tangent.x, i), lane(c.tangent.y, i),
           lane(c.tangent.z, i)}};
}

// Contacts by slot of every lane.
template <class T>
using Slots = std::array<std::map<int, Numbers10<Real<T>>>, static_cast<std::size_t>(kLanes<T>)>;

template <class T>
Slots<T> collide_lanes(const GeomPair& pair, const std::vector<GeomPair::Poses>& poses) {
  std::vector<Placement<double>> a, b;
  for (const GeomPair::Poses& p : poses) {
    a.push_back(p.a);
    b.push_back(p.b);
  }
  std::array<Real<T>, 3> size_a{}, size_b{};
  for (std::size_t i = 0; i < 3; ++i) {
    size_a.at(i) = static_cast<Real<T>>(pair.size(0)[i]);
    size_b.at(i) = static_cast<Real<T>>(pair.size(1)[i]);
  }
  const GeomShape<Real<T>> shape_a{pair.type(0), size_a.data()}, shape_b{pair.type(1), size_b.data()};
  Slots<T> slots;
  int last = -1;
  collide_geoms<T>(shape_a, gather<T>(a), shape_b, gather<T>(b), T(static_cast<Real<T>>(pair.margin())),
                   [&](int slot, MaskOf<T> touches, const ContactPoint<T>& contact) {
                     EXPECT_GT(slot, last) << "slots rise";
                     EXPECT_LT(slot, max_contacts(pair.type(0), pair.type(1)));
                     last = slot;
                     for (int i = 0; i < kLanes<T>; ++i) {
                       if (lane(touches, i)) slots[static_cast<std::size_t>(i)][slot] = lane_of(contact, i);
                     }
                   });
  return slots;
}

std::vector<GeomPair::Poses> some_poses(GeomPair& pair, const ColliderCase& c, int first, int count) {
  std::vector<GeomPair::Poses> poses;
  for (int i = 0; i < count; ++i) poses.push_back(pair.near_contact(static_cast<std::uint64_t>(first + i), c.depth));
  return poses;
}

constexpr double kMargin = 0.02;

template <class T>
struct ColliderOn : testing::Test {};
TYPED_TEST_SUITE(ColliderOn, Numbers);

TYPED_TEST(ColliderOn, LanesHaveTheBitsOfTheScalar) {
  using T = TypeParam;
  for (const ColliderCase& c : all_cases()) {
    GeomPair pair(c.a, c.b, kMargin);
    for (int group = 0; group < 20; ++group) {
      const auto poses = some_poses(pair, c, group * kLanes<T>, kLanes<T>);
      const Slots<T> together = collide_lanes<T>(pair, poses);
      for (std::size_t i = 0; i < poses.size(); ++i) {
        const Slots<Real<T>> alone = collide_lanes<Real<T>>(pair, {poses[i]});
        EXPECT_EQ(together[i], alone[0]) << c.name << " group " << group << " lane " << i;
      }
    }
  }
}

TYPED_TEST(ColliderOn, NotANumberInOneLaneLeavesTheOthersAndTouchesNothing) {
  using T = TypeParam;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const ColliderCase& c : all_cases()) {
    GeomPair pair(c.a, c.b, kMargin);
    auto poses = some_poses(pair, c, 300, kLanes<T>);
    const Slots<T> sound = collide_lanes<T>(pair, poses);
    const std::size_t broken = poses.size() / 2;
    poses[broken].b.p = {nan, nan, nan};
    const Slots<T> spoilt = collide_lanes<T>(pair, poses);
    for (std::size_t i = 0; i < poses.size(); ++i) {
      if (i != broken) {
        EXPECT_EQ(spoilt[i], sound[i]) << c.name << " lane " << i;
      }
    }
    EXPECT_TRUE(spoilt[broken].empty()) << c.name;
  }
}

// Distances are rounded at 6e-8 of lengths up to 2 m, and iterations in float end when a step is as small as that, 1e-5
// short of the end where a direction converges slowly (on edges and rims). Where the surfaces do not touch in float and
// do in double the distance is within that of the margin.
TEST(ColliderInFloat, HasTheDistanceOfDouble) {
  using T = Lanes<float, 8>;
  for (const ColliderCase& c : all_cases()) {
    GeomPair pair(c.a, c.b, kMargin);
    const double tolerance = c.iterative ? 2e-5 : 2e-6;
    for (int group = 0; group < 50; ++group) {
      const auto poses = some_poses(pair, c, group * kLanes<T>, kLanes<T>);
      const Slots<T> single = collide_lanes<T>(pair, poses);
      for (std::size_t i = 0; i < poses.size(); ++i) {
        double nearest = kMargin, nearest_single = kMargin;
        const Slots<double> exact = collide_lanes<double>(pair, {poses[i]});
        for (const auto& [slot, numbers] : exact[0]) nearest = std::min(nearest, numbers.values[0]);
        for (const auto& [slot, numbers] : single[i]) {
          nearest_single = std::min(nearest_single, static_cast<double>(numbers.values[0]));
        }
        EXPECT_NEAR(nearest_single, nearest, tolerance) << c.name << " group " << group << " lane " << i;
      }
    }
  }
}

}  // namespace
}  // namespace lockstep::kernels
