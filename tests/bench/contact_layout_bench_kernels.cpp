// Both layouts on the widest lanes of one instruction set, with the kernels' own contact response: compiled once for
// each (cmake/isa.cmake).
#include "tests/bench/contact_layout_bench_kernels.h"
#include "kernels/contact_rows.h"
#include "kernels/physics_lanes.h"

namespace lockstep::kernels {
namespace {

using T = PhysicsLanes<float>::Wide;
constexpr int kWidth = kLanes<T>;

// Reads number `index` of one link: of all lanes, or of each lane's own link.
struct SharedLink {
  int link;
  [[nodiscard]] T get(const float* numbers, int width, int index) const {
    return load<T>(numbers + (link * width + index) * kWidth);
  }
  void add(float* numbers, int width, int index, T value) const {
    float* const target = numbers + (link * width + index) * kWidth;
    store(target, load<T>(target) + value);
  }
};
struct OwnLink {
  const std::int32_t* link;  // [lanes]
  [[nodiscard]] T get(const float* numbers, int width, int index) const {
    T value;
    for (int lane = 0; lane < kWidth; ++lane) {
      set_lane(value, lane, numbers[(link[lane] * width + index) * kWidth + lane]);
    }
    return value;
  }
  void add(float* numbers, int width, int index, T value) const {
    for (int i = 0; i < kWidth; ++i) numbers[(link[i] * width + index) * kWidth + i] += lane(value, i);
  }
};

template <class Link>
void respond(const ContactLayoutData& data, int contact, const Link& link) {
  const float* const frame = data.frame + 12 * contact * kWidth;
  const auto vector = [&](int first) {
    return Vector3<T>{load<T>(frame + first * kWidth), load<T>(frame + (first + 1) * kWidth),
                      load<T>(frame + (first + 2) * kWidth)};
  };
  ContactFrame<Spatial, T> c{};
  c.arm_second = vector(0);
  for (int k = 0; k < 3; ++k) c.axis[k] = vector(3 + 3 * k);
  c.D = T(100.0f);
  T m[6];
  for (int k = 0; k < 6; ++k) m[k] = link.get(data.motion, 6, k);
  const Motion<Spatial, T> motion{{m[0], m[1], m[2]}, {m[3], m[4], m[5]}};
  const Motion<Spatial, T> relative{motion.w, motion.v + cross(motion.w, c.arm_second)};
  T jar[3];
  for (int k = 0; k < 3; ++k) jar[k] = row_motion(c, relative, k);
  const float friction[5] = {1, 1, 0, 0, 0};
  ContactResponse<Spatial, T> response{};
  respond_by_edges(c, jar, friction, 3, response);
  const Vector3<T> f = response.wrench.f, n = cross(c.arm_second, f);
  const T wrench[6] = {n.x, n.y, n.z, f.x, f.y, f.z};
  for (int k = 0; k < 6; ++k) link.add(data.wrench, 6, k, wrench[k]);
  const Stiffness<Spatial, T> s = moved_to_origin(response.stiffness.ff, c.arm_second);
  const T stiffness[21] = {s.rr.xx,  s.rr.xy,  s.rr.xz,  s.rr.yy,  s.rr.yz,  s.rr.zz,  s.rf.x.x,
                           s.rf.x.y, s.rf.x.z, s.rf.y.x, s.rf.y.y, s.rf.y.z, s.rf.z.x, s.rf.z.y,
                           s.rf.z.z, s.ff.xx,  s.ff.xy,  s.ff.xz,  s.ff.yy,  s.ff.yz,  s.ff.zz};
  for (int k = 0; k < 21; ++k) link.add(data.stiffness, 21, k, stiffness[k]);
}

void run_shared(const ContactLayoutData& data) {
  for (int contact = 0; contact < data.contacts; ++contact) respond(data, contact, SharedLink{data.link[contact]});
}
void run_own(const ContactLayoutData& data) {
  for (int contact = 0; contact < data.contacts; ++contact) {
    respond(data, contact, OwnLink{data.lane_link + contact * kWidth});
  }
}

}  // namespace

template <>
const ContactLayoutRun& contact_layout_run<NativeIsa>() {
  static constexpr ContactLayoutRun kRun = {kWidth, run_shared, run_own};
  return kRun;
}

}  // namespace lockstep::kernels
