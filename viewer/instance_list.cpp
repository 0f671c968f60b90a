// Frustum culling by balls, choice of the level of detail by pixels, and the sorting into buckets.
#include "viewer/instance_list.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lockstep::viewer {
namespace {

constexpr float kErrorPixels = 0.6F;  // of an outline; beyond it a finer level is drawn

std::uint8_t as_byte(float share) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(share, 0.0F, 1.0F)));
}

float dot(const std::array<float, 3>& a, const std::array<float, 3>& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

std::array<float, 3> minus(const std::array<float, 3>& a, const std::array<float, 3>& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

}  // namespace

// Round shapes stray from their radius; meshes from half their extent.
float InstanceLook::detail_radius() const {
  if (shape >= kNumPrimitives) return bound;
  return std::max(size[0], size[1]);
}

PictureCamera PictureCamera::from_scene(const mjvScene& scene, int pixels_wide, int pixels_high) {
  const mjvGLCamera eye = mjv_averageCamera(&scene.camera[0], &scene.camera[1]);
  PictureCamera camera;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    camera.eye[axis] = eye.pos[axis];
    camera.forward[axis] = eye.forward[axis];
    camera.up[axis] = eye.up[axis];
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t next = (axis + 1) % 3, last = (axis + 2) % 3;
    camera.right[axis] = camera.forward[next] * camera.up[last] - camera.forward[last] * camera.up[next];
  }
  camera.orthographic = eye.orthographic != 0;
  const float half = 0.5F * (eye.frustum_top - eye.frustum_bottom);
  camera.half_height = camera.orthographic ? half : half / eye.frustum_near;
  camera.half_width = camera.half_height * static_cast<float>(pixels_wide) / static_cast<float>(pixels_high);
  camera.near = eye.frustum_near;
  camera.far = eye.frustum_far;
  camera.pixels_high = static_cast<float>(pixels_high);
  return camera;
}

std::array<float, 16> PictureCamera::clip_matrix() const {
  std::array<float, 16> m{};
  const float depth = far - near;
  const float along = orthographic ? 2 / depth : (far + near) / depth;  // of the distance along `forward`
  const float offset = orthographic ? -(far + near) / depth : -2 * far * near / depth;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    m[4 * axis] = right[axis] / half_width;
    m[4 * axis + 1] = up[axis] / half_height;
    m[4 * axis + 2] = forward[axis] * along;
    m[4 * axis + 3] = orthographic ? 0 : forward[axis];
  }
  m[12] = -dot(right, eye) / half_width;
  m[13] = -dot(up, eye) / half_height;
  m[14] = offset - dot(forward, eye) * along;
  m[15] = orthographic ? 1 : -dot(forward, eye);
  return m;
}

bool PictureCamera::sees(const std::array<float, 3>& centre, float radius) const {
  const std::array<float, 3> from_eye = minus(centre, eye);
  const float depth = dot(from_eye, forward);
  if (depth + radius < near || depth - radius > far) return false;
  const auto inside = [&](float across, float half) {
    if (orthographic) return across - radius <= half;
    return across - depth * half <= radius * std::sqrt(1 + half * half);
  };
  return inside(std::abs(dot(from_eye, right)), half_width) && inside(std::abs(dot(from_eye, up)), half_height);
}

float PictureCamera::pixels_per_metre(const std::array<float, 3>& at) const {
  const float depth = orthographic ? 1 : std::max(near, dot(minus(at, eye), forward));
  return 0.5F * pixels_high / (half_height * depth);
}

InstanceList::InstanceList(std::span<const Shape> shapes) : shapes_(shapes) {
  int count = 0;
  for (const Shape& shape : shapes_) {
    first_bucket_.push_back(count);
    count += static_cast<int>(shape.size());
  }
  for (auto& buckets : buckets_) buckets.resize(static_cast<std::size_t>(count));
}

void InstanceList::begin(const PictureCamera& camera) {
  camera_ = camera;
  for (auto& buckets : buckets_) {
    for (auto& bucket : buckets) bucket.clear();
  }
  floors_.clear();
  low_.fill(std::numeric_limits<float>::infinity());
  high_.fill(-std::numeric_limits<float>::infinity());
  nearest_ = camera.far;
  num_drawn_ = num_triangles_ = 0;
}

// Floors reach below the eye: half its height over them is near enough.
PictureCamera InstanceList::fitted_camera() const {
  float nearest = nearest_;
  for (const FloorPlane& floor : floors_) {
    const std::array<float, 3> normal = {floor.rotation[2], floor.rotation[5], floor.rotation[8]};
    const float height = dot(normal, minus(camera_.eye, floor.centre));
    if (height > 0) nearest = std::min(nearest, 0.5F * height);
  }
  PictureCamera fitted = camera_;
  fitted.near = std::clamp(0.9F * nearest, camera_.near, 0.1F * camera_.far);
  return fitted;
}

// The coarsest level whose outline strays by less than kErrorPixels.
int InstanceList::level_for(int shape, float detail_pixels) const {
  const Shape& levels = shapes_[static_cast<std::size_t>(shape)];
  const int finest = static_cast<int>(levels.size()) - 1;
  for (int level = 0; level < finest; ++level) {
    if (levels[static_cast<std::size_t>(level)].error * detail_pixels <= kErrorPixels) return level;
  }
  return finest;
}

bool InstanceList::add(const InstanceLook& look, std::span<const float, 9> rotation,
                       const std::array<float, 3>& centre) {
  if (look.shape < 0 || look.rgba[3] <= 0 || !camera_.sees(centre, look.bound)) return false;
  const Shape& shape = shapes_[static_cast<std::size_t>(look.shape)];
  const int level = level_for(look.shape, look.detail_radius() * camera_.pixels_per_metre(centre));
  const bool solid = look.rgba[3] >= 0.999F;
  Instance instance{.centre = centre, .size = look.size};
  std::copy(rotation.begin(), rotation.end(), instance.rotation.begin());
  for (std::size_t channel = 0; channel < 4; ++channel) instance.rgba[channel] = as_byte(look.rgba[channel]);
  instance.look = {as_byte(look.emission), as_byte(look.specular), 0, 0};
  const auto bucket = static_cast<std::size_t>(first_bucket_[static_cast<std::size_t>(look.shape)] + level);
  buckets_[solid ? 1 : 0][bucket].push_back(instance);
  nearest_ = std::min(nearest_, dot(minus(centre, camera_.eye), camera_.forward) - look.bound);
  ++num_drawn_;
  num_triangles_ += static_cast<std::int64_t>(shape[static_cast<std::size_t>(level)].mesh.corners.size() / 3);
  if (!solid) return true;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    low_[axis] = std::min(low_[axis], centre[axis] - look.bound);
    high_[axis] = std::max(high_[axis], centre[axis] + look.bound);
  }
  return true;
}

std::span<const Instance> InstanceList::bucket(int shape, int level, bool solid) const {
  return buckets_[solid ? 1 : 0][static_cast<std::size_t>(first_bucket_[static_cast<std::size_t>(shape)] + level)];
}

}  // namespace lockstep::viewer
