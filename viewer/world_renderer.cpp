// Instanced drawing: solid shapes, then floors, sky and what is see-through; a shadow map from the sun where wanted.
#include "viewer/world_renderer.h"
#include "viewer/world_shaders.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace lockstep::viewer {
namespace {

constexpr std::array<float, 3> kSun = {-0.386F, -0.515F, 0.766F};  // unit vector; behind and left of the usual camera
constexpr int kShadowSide = 2048;                                  // texels
constexpr unsigned kInstanceAttributes = 2;                        // the first one

using Vector = std::array<float, 3>;

float dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
Vector scaled(const Vector& a, float by) { return {a[0] * by, a[1] * by, a[2] * by}; }

// OpenGL takes offsets into buffers as pointers.
// NOLINTNEXTLINE(performance-no-int-to-ptr)
const void* offset_of(std::size_t bytes) { return reinterpret_cast<const void*>(bytes); }

// From m to the clip space of the sun: an orthographic box around `low` to `high`.
std::array<float, 16> sun_matrix(const Vector& low, const Vector& high) {
  Vector right = cross({0, 0, 1}, kSun);
  right = scaled(right, 1 / std::sqrt(dot(right, right)));
  const std::array<Vector, 3> axes = {right, cross(kSun, right), scaled(kSun, -1)};
  std::array<float, 16> m{};
  m[15] = 1;
  for (std::size_t row = 0; row < 3; ++row) {
    float least = 1e30F, most = -1e30F;
    for (int corner = 0; corner < 8; ++corner) {
      const Vector point = {(corner & 1) != 0 ? high[0] : low[0], (corner & 2) != 0 ? high[1] : low[1],
                            (corner & 4) != 0 ? high[2] : low[2]};
      least = std::min(least, dot(axes[row], point));
      most = std::max(most, dot(axes[row], point));
    }
    const float scale = 2 / std::max(1e-6F, most - least);
    for (std::size_t axis = 0; axis < 3; ++axis) m[4 * axis + row] = scale * axes[row][axis];
    m[12 + row] = -0.5F * scale * (most + least);
  }
  return m;
}

// A program with the sun's light in it. Software OpenGL takes both sides of every branch, so that looking up shadows
// costs as much where there are none: without them it is another program.
unsigned lit_program(const GlFunctions& functions, const char* vertex, const char* fragment, bool shadows) {
  const std::string head = shadows ? "#version 330\n#define SHADOWS\n" : "#version 330\n";
  return make_program(functions, vertex, (head + shaders::kLight + fragment).c_str());
}

// The frame of a floor as a matrix.
std::array<float, 16> frame_of(const FloorPlane& floor) {
  std::array<float, 16> m{};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) m[4 * column + row] = floor.rotation[3 * row + column];
    m[12 + row] = floor.centre[row];
  }
  m[15] = 1;
  return m;
}

Vector normal_of(const FloorPlane& floor) { return {floor.rotation[2], floor.rotation[5], floor.rotation[8]}; }

// What lit() in world_shaders.h gives a plane, without and from the sun.
std::array<Vector, 2> floor_light(const Vector& normal) {
  constexpr Vector kGround = {0.30F, 0.29F, 0.28F}, kSky = {0.48F, 0.51F, 0.55F}, kSunlight = {1, 0.97F, 0.92F};
  const float up = 0.5F + 0.5F * normal[2], direct = std::max(0.0F, dot(normal, kSun));
  Vector dark{}, sunny{};
  for (std::size_t k = 0; k < 3; ++k) {
    dark[k] = kGround[k] + up * (kSky[k] - kGround[k]) + 0.08F;
    sunny[k] = 0.52F * direct * kSunlight[k];
  }
  return {dark, sunny};
}

float height_over(const FloorPlane& floor, const Vector& eye) {
  const Vector from = {eye[0] - floor.centre[0], eye[1] - floor.centre[1], eye[2] - floor.centre[2]};
  return dot(normal_of(floor), from);
}

}  // namespace

WorldRenderer::WorldRenderer(const mjModel& model, const GlLoader& load)
    : gl_(load), shapes_(make_shapes(model)), list_(shapes_) {
  shape_program_ = lit_program(gl_, shaders::kShapeVertex, shaders::kShapeFragment, false);
  floor_program_ = lit_program(gl_, shaders::kFloorVertex, shaders::kFloorFragment, false);
  sky_program_ = make_program(gl_, shaders::kSkyVertex, shaders::kSkyFragment);
  depth_program_ = make_program(gl_, shaders::kShapeVertex, shaders::kNothingFragment);
  upload_shapes();
}

WorldRenderer::~WorldRenderer() {
  for (const unsigned program : {shape_program_, floor_program_, sky_program_, depth_program_}) {
    gl_.delete_program(program);
  }
  gl_.delete_vertex_arrays(1, &shape_array_);
  gl_.delete_vertex_arrays(1, &empty_array_);
  gl_.delete_buffers(static_cast<int>(buffers_.size()), buffers_.data());
  if (shadow_texture_ == 0) return;
  gl_.delete_textures(1, &shadow_texture_);
  gl_.delete_framebuffers(1, &shadow_framebuffer_);
}

// All levels of all shapes, one after the other in one pair of buffers.
void WorldRenderer::upload_shapes() {
  std::vector<ShapeVertex> vertices;
  std::vector<std::uint32_t> corners;
  for (const Shape& shape : shapes_) {
    ranges_.emplace_back();
    for (const ShapeLevel& level : shape) {
      ranges_.back().push_back({.first_corner = corners.size(),
                                .num_corners = static_cast<int>(level.mesh.corners.size()),
                                .first_vertex = static_cast<int>(vertices.size())});
      vertices.insert(vertices.end(), level.mesh.vertices.begin(), level.mesh.vertices.end());
      corners.insert(corners.end(), level.mesh.corners.begin(), level.mesh.corners.end());
    }
  }
  gl_.gen_vertex_arrays(1, &empty_array_);
  gl_.gen_vertex_arrays(1, &shape_array_);
  gl_.gen_buffers(static_cast<int>(buffers_.size()), buffers_.data());
  gl_.bind_vertex_array(shape_array_);
  gl_.bind_buffer(gl::kArrayBuffer, buffers_[0]);
  const auto upload = [&](unsigned target, const auto& values) {
    const std::size_t bytes = values.size() * sizeof(values[0]);
    gl_.buffer_data(target, static_cast<std::ptrdiff_t>(bytes), values.data(), gl::kStaticDraw);
    mesh_bytes_ += bytes;
  };
  upload(gl::kArrayBuffer, vertices);
  gl_.bind_buffer(gl::kElementBuffer, buffers_[1]);
  upload(gl::kElementBuffer, corners);
  gl_.enable_attribute(0);
  gl_.attribute_pointer(0, 4, gl::kFloat, 0, sizeof(ShapeVertex), offset_of(0));
  gl_.enable_attribute(1);
  gl_.attribute_pointer(1, 3, gl::kFloat, 0, sizeof(ShapeVertex), offset_of(offsetof(ShapeVertex, normal)));
  for (unsigned attribute = kInstanceAttributes; attribute < kInstanceAttributes + 7; ++attribute) {
    gl_.enable_attribute(attribute);
    gl_.attribute_divisor(attribute, 1);
  }
  gl_.bind_vertex_array(0);
}

void WorldRenderer::make_shadow_map() {
  int before = 0;
  gl_.get_integer(gl::kDrawFramebufferBinding, &before);
  gl_.gen_textures(1, &shadow_texture_);
  gl_.bind_texture(gl::kTexture2D, shadow_texture_);
  gl_.texture_image(gl::kTexture2D, 0, static_cast<int>(gl::kDepth24), kShadowSide, kShadowSide, 0, gl::kDepthComponent,
                    gl::kUnsignedInt, nullptr);
  for (const auto& [name, value] :
       {std::pair(gl::kMinify, gl::kLinear), std::pair(gl::kMagnify, gl::kLinear),
        std::pair(gl::kWrapS, gl::kClampToEdge), std::pair(gl::kWrapT, gl::kClampToEdge),
        std::pair(gl::kCompareMode, gl::kCompareToTexture), std::pair(gl::kCompareFunction, gl::kLessOrEqual)}) {
    gl_.texture_parameter(gl::kTexture2D, name, static_cast<int>(value));
  }
  gl_.gen_framebuffers(1, &shadow_framebuffer_);
  gl_.bind_framebuffer(gl::kFramebuffer, shadow_framebuffer_);
  gl_.framebuffer_texture(gl::kFramebuffer, gl::kDepthAttachment, gl::kTexture2D, shadow_texture_, 0);
  gl_.draw_buffer(0);
  gl_.bind_framebuffer(gl::kFramebuffer, static_cast<unsigned>(before));
  gl_.bind_texture(gl::kTexture2D, 0);
}

// The depth of everything solid as the sun sees it.
void WorldRenderer::draw_shadow_map() {
  if (shadow_texture_ == 0) make_shadow_map();
  shadow_clip_ = sun_matrix(list_.low(), list_.high());
  int before = 0;
  gl_.get_integer(gl::kDrawFramebufferBinding, &before);
  gl_.bind_framebuffer(gl::kFramebuffer, shadow_framebuffer_);
  gl_.viewport(0, 0, kShadowSide, kShadowSide);
  gl_.disable(gl::kScissorTest);
  gl_.clear(gl::kDepthBit);
  gl_.enable(gl::kPolygonOffset);
  gl_.polygon_offset(2, 4);
  gl_.use_program(depth_program_);
  gl_.uniform_matrix4(at(depth_program_, "clip"), 1, 0, shadow_clip_.data());
  const Vector& eye = list_.camera().eye;
  gl_.uniform_float3(at(depth_program_, "eye"), eye[0] + 1e4F * kSun[0], eye[1] + 1e4F * kSun[1],
                     eye[2] + 1e4F * kSun[2]);
  draw_shapes(depth_program_, true);
  gl_.disable(gl::kPolygonOffset);
  gl_.bind_framebuffer(gl::kFramebuffer, static_cast<unsigned>(before));
}

void WorldRenderer::set_light(unsigned program, const RenderStyle& style) const {
  gl_.use_program(program);
  const Vector& eye = list_.camera().eye;
  gl_.uniform_matrix4(at(program, "clip"), 1, 0, clip_.data());
  gl_.uniform_float3(at(program, "eye"), eye[0], eye[1], eye[2]);
  gl_.uniform_float3(at(program, "sun"), kSun[0], kSun[1], kSun[2]);
  if (!style.shadows) return;
  gl_.uniform_int(at(program, "shadow_depth"), 1);
  gl_.uniform_matrix4(at(program, "shadow_clip"), 1, 0, shadow_clip_.data());
  gl_.uniform_float(at(program, "shadow_texel"), 1.0F / kShadowSide);
  float extent = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) extent = std::max(extent, list_.high()[axis] - list_.low()[axis]);
  gl_.uniform_float(at(program, "shadow_lift"), 2 * extent / kShadowSide);
}

void WorldRenderer::draw_shapes(unsigned program, bool solid) {
  gl_.bind_vertex_array(shape_array_);
  gl_.bind_buffer(gl::kArrayBuffer, buffers_[2]);
  const int facing = at(program, "facing");
  struct Part {
    int size;
    unsigned type;
    std::size_t offset;
  };
  constexpr std::size_t kRotation = offsetof(Instance, rotation);
  constexpr Part kParts[] = {{3, gl::kFloat, kRotation},
                             {3, gl::kFloat, kRotation + 12},
                             {3, gl::kFloat, kRotation + 24},
                             {3, gl::kFloat, offsetof(Instance, centre)},
                             {4, gl::kFloat, offsetof(Instance, size)},
                             {4, gl::kUnsignedByte, offsetof(Instance, rgba)},
                             {4, gl::kUnsignedByte, offsetof(Instance, look)}};
  for (unsigned part = 0; part < std::size(kParts); ++part) {
    const Part& p = kParts[part];
    gl_.attribute_pointer(kInstanceAttributes + part, p.size, p.type, p.type == gl::kUnsignedByte ? 1 : 0,
                          sizeof(Instance), offset_of(p.offset));
  }
  for (std::size_t shape = 0; shape < shapes_.size(); ++shape) {
    for (std::size_t level = 0; level < shapes_[shape].size(); ++level) {
      const auto bucket = list_.bucket(static_cast<int>(shape), static_cast<int>(level), solid);
      if (bucket.empty()) continue;
      gl_.buffer_data(gl::kArrayBuffer, static_cast<std::ptrdiff_t>(bucket.size_bytes()), bucket.data(),
                      gl::kStreamDraw);
      gl_.uniform_int(facing, shapes_[shape][level].facing_eye ? 1 : 0);
      const Range& range = ranges_[shape][level];
      gl_.draw_instanced(gl::kTriangles, range.num_corners, gl::kUnsignedInt,
                         offset_of(range.first_corner * sizeof(std::uint32_t)), static_cast<int>(bucket.size()),
                         range.first_vertex);
    }
  }
}

// An endless floor is drawn as far as the haze lets one see, around the point below the eye.
void WorldRenderer::draw_floors(const RenderStyle& style, bool solid) {
  const Vector& eye = list_.camera().eye;
  for (const FloorPlane& floor : list_.floors()) {
    if ((floor.rgba[0][3] >= 0.999F) != solid || height_over(floor, eye) <= 0) continue;
    set_light(floor_program_, style);
    const auto frame = frame_of(floor);
    std::array<float, 2> middle{};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      for (std::size_t k = 0; k < 3; ++k) middle[axis] += floor.rotation[3 * k + axis] * (eye[k] - floor.centre[k]);
    }
    const float reach = 1.05F * style.haze_end;
    std::array<float, 4> rectangle{};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const bool endless = floor.half_size[axis] <= 0;
      rectangle[axis] = endless ? middle[axis] - reach : -floor.half_size[axis];
      rectangle[2 + axis] = endless ? middle[axis] + reach : floor.half_size[axis];
    }
    const unsigned p = floor_program_;
    gl_.uniform_matrix4(at(p, "frame"), 1, 0, frame.data());
    gl_.uniform_float4(at(p, "rectangle"), rectangle[0], rectangle[1], rectangle[2], rectangle[3]);
    gl_.uniform_float4(at(p, "first"), floor.rgba[0][0], floor.rgba[0][1], floor.rgba[0][2], floor.rgba[0][3]);
    gl_.uniform_float4(at(p, "second"), floor.rgba[1][0], floor.rgba[1][1], floor.rgba[1][2], floor.rgba[1][3]);
    const auto [dark, sunny] = floor_light(normal_of(floor));
    gl_.uniform_float3(at(p, "dark"), dark[0], dark[1], dark[2]);
    gl_.uniform_float3(at(p, "sunny"), sunny[0], sunny[1], sunny[2]);
    gl_.uniform_float3(at(p, "haze"), style.horizon[0], style.horizon[1], style.horizon[2]);
    gl_.uniform_float2(at(p, "check"), floor.check_size[0], floor.check_size[1]);
    gl_.uniform_float2(at(p, "haze_from_to"), style.haze_start, style.haze_end);
    gl_.draw_arrays(gl::kTriangleStrip, 0, 4);
  }
}

void WorldRenderer::draw_sky(const RenderStyle& style) {
  const PictureCamera& camera = list_.camera();
  const Vector across = scaled(camera.right, camera.orthographic ? 0 : camera.half_width);
  const Vector upwards = scaled(camera.up, camera.orthographic ? 0 : camera.half_height);
  const Vector& zenith = style.sky ? style.zenith : style.horizon;
  const auto set = [&](const char* name, const Vector& v) {
    gl_.uniform_float3(at(sky_program_, name), v[0], v[1], v[2]);
  };
  gl_.use_program(sky_program_);
  set("forward", camera.forward);
  set("across", across);
  set("upwards", upwards);
  set("haze", style.horizon);
  set("zenith", zenith);
  gl_.uniform_float(at(sky_program_, "rows"), shaders::kSkyRows);
  gl_.bind_vertex_array(empty_array_);
  gl_.draw_arrays(gl::kTriangleStrip, 0, 2 * (shaders::kSkyRows + 1));
}

void WorldRenderer::draw(const mjrRect& viewport, const RenderStyle& style) {
  const GlStateGuard guard(gl_);
  gl_.enable(gl::kDepthTest);
  gl_.enable(gl::kCullFace);
  gl_.disable(gl::kBlend);
  gl_.disable(gl::kPolygonOffset);
  gl_.depth_func(gl::kLessOrEqual);
  gl_.depth_mask(1);
  gl_.clear_depth(1);
  RenderStyle used = style;
  used.shadows = style.shadows && list_.low()[0] <= list_.high()[0];
  if (used.shadows != (at(shape_program_, "shadow_depth") >= 0)) {  // shadows were switched on or off
    gl_.delete_program(shape_program_);
    gl_.delete_program(floor_program_);
    shape_program_ = lit_program(gl_, shaders::kShapeVertex, shaders::kShapeFragment, used.shadows);
    floor_program_ = lit_program(gl_, shaders::kFloorVertex, shaders::kFloorFragment, used.shadows);
  }
  if (used.shadows) draw_shadow_map();
  gl_.viewport(viewport.left, viewport.bottom, viewport.width, viewport.height);
  gl_.scissor(viewport.left, viewport.bottom, viewport.width, viewport.height);
  gl_.enable(gl::kScissorTest);
  gl_.clear(gl::kDepthBit);
  if (used.shadows) {
    gl_.active_texture(gl::kTexture1);
    gl_.bind_texture(gl::kTexture2D, shadow_texture_);
    gl_.active_texture(gl::kTexture0);
  }
  clip_ = list_.fitted_camera().clip_matrix();
  if (style.wireframe) gl_.polygon_mode(gl::kFrontAndBack, gl::kLine);
  set_light(shape_program_, used);
  draw_shapes(shape_program_, true);
  gl_.polygon_mode(gl::kFrontAndBack, gl::kFill);
  gl_.bind_vertex_array(empty_array_);
  draw_floors(used, true);
  draw_sky(used);
  gl_.enable(gl::kBlend);
  gl_.blend_func(gl::kSourceAlpha, gl::kOneMinusSourceAlpha);
  gl_.depth_mask(0);
  draw_floors(used, false);
  set_light(shape_program_, used);
  draw_shapes(shape_program_, false);
}

}  // namespace lockstep::viewer
