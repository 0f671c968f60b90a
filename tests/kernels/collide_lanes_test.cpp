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
  Slots<T> slots;
  int last = -1;
  collide_geoms<T>(pair.shape<Real<T>>(0), gather<T>(a), pair.shape<Real<T>>(1), gather<T>(b),
                   T(static_cast<Real<T>>(pair.margin())),
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
// short of the end where a direction converges slowly (on edges and rims). Left out are pairs whose contacts jump when
// an edge comes to lie on a face. Where the surfaces do not touch in float and do in double the distance is within that
// of the margin.
TEST(ColliderInFloat, HasTheDistanceOfDouble) {
  using T = Lanes<float, 8>;
  for (const ColliderCase& c : all_cases()) {
    if (c.snaps) continue;
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

// As in all planar models (cheetah, walker): the axes meet but for rounding, and what parts them is the normal of their
// plane. In float the centres are some 1e-8 m apart, in a direction that is noise.
TEST(ColliderInFloat, PartsCapsulesThatCrossInAPlaneAsDoubleDoes) {
  using T = Lanes<float, 8>;
  const GeomPair pair(kCapsuleText, kShortCapsuleText, kMargin);
  std::vector<GeomPair::Poses> poses;
  for (int i = 0; i < 800; ++i) {
    // Both axes in the plane y = 0, turned as a whole; the second through a point of the first.
    const auto in_plane = [](double angle) {
      return Matrix3<double>{{std::cos(angle), 0, -std::sin(angle)}, {0, 1, 0}, {std::sin(angle), 0, std::cos(angle)}};
    };
    const double along = -0.25 + 0.5 * (i % 11) / 10, along_second = -0.15 + 0.3 * (i % 7) / 6;
    const Placement<double> a{{0.4, -0.3, 0.8}, in_plane(0.37 * i)};
    Placement<double> b{{}, in_plane(0.37 * i + 0.2 + 0.0031 * i)};
    b.p = a.p + along * a.r.z - along_second * b.r.z;
    poses.push_back({a, b});
  }
  for (std::size_t first = 0; first < poses.size(); first += kLanes<T>) {
    const std::vector<GeomPair::Poses> group(poses.begin() + static_cast<std::ptrdiff_t>(first),
                                             poses.begin() + static_cast<std::ptrdiff_t>(first + kLanes<T>));
    const Slots<T> single = collide_lanes<T>(pair, group);
    for (std::size_t i = 0; i < group.size(); ++i) {
      const Slots<double> exact = collide_lanes<double>(pair, {group[i]});
      ASSERT_EQ(single[i].size(), exact[0].size()) << first + i;
      for (const auto& [slot, numbers] : exact[0]) {
        for (int k = 0; k < 10; ++k) {
          EXPECT_NEAR(single[i].at(slot).values[static_cast<std::size_t>(k)],
                      numbers.values[static_cast<std::size_t>(k)], 2e-5)
              << "pose " << first + i << " slot " << slot << " number " << k;
        }
      }
    }
  }
}

}  // namespace
}  // namespace lockstep::kernels
