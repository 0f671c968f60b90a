// The shaders of the renderer of many worlds: shapes, floors, sky, and the depth that shadows are read from.
#pragma once

namespace lockstep::viewer::shaders {

// Places a corner of a shape; near halves of capsules (`facing`) turn to the eye.
inline constexpr const char* kShapeVertex = R"(#version 330
layout(location = 0) in vec4 place;  // xyz, and the share of the stretch
layout(location = 1) in vec3 outward;
layout(location = 2) in vec3 row0;
layout(location = 3) in vec3 row1;
layout(location = 4) in vec3 row2;
layout(location = 5) in vec3 centre;
layout(location = 6) in vec4 size;
layout(location = 7) in vec4 rgba;
layout(location = 8) in vec4 look;
uniform mat4 clip;
uniform vec3 eye;
uniform int facing;
out vec3 normal;
out vec3 point;
flat out vec4 colour;
flat out vec3 shine;  // emission, specular; m that shadows are looked up above the surface

vec3 turned(vec3 v) { return vec3(dot(row0, v), dot(row1, v), dot(row2, v)); }

void main() {
  float lift = 0.0;
  vec3 stretch = vec3(row0.z, row1.z, row2.z) * (size.w * place.w);
  if (facing == 1) {
    vec3 axis = vec3(row0.z, row1.z, row2.z);
    vec3 towards = normalize(eye - centre);
    vec3 along = axis - dot(axis, towards) * towards;
    if (dot(along, along) < 1e-6) along = vec3(row0.x, row1.x, row2.x);
    along = normalize(along);
    normal = cross(along, towards) * place.x + along * place.y + towards * place.z;
    point = centre + normal * size.x + stretch;
    lift = 0.4 * size.x;  // the facets lie up to 0.3 radii below the round surface
  } else {
    normal = turned(outward / size.xyz);
    point = centre + turned(place.xyz * size.xyz) + stretch;
  }
  colour = rgba;
  shine = vec3(look.xy, lift);
  gl_Position = clip * vec4(point, 1.0);
}
)";

// One sun, light from the sky and from the ground (hemispheric), a little from the eye, one highlight. floor_light() in
// world_renderer.cpp says the same of a plane.
inline constexpr const char* kLight = R"(
uniform vec3 eye;
uniform vec3 sun;  // unit vector towards it
#ifdef SHADOWS
uniform mat4 shadow_clip;
uniform sampler2DShadow shadow_depth;
uniform float shadow_texel;  // as a share of the map
uniform float shadow_lift;   // m

float sunlight(vec3 at) {
  vec4 from_sun = shadow_clip * vec4(at, 1.0);
  vec3 place = 0.5 * from_sun.xyz + 0.5;
  if (any(lessThan(place.xy, vec2(0.0))) || any(greaterThan(place.xy, vec2(1.0)))) return 1.0;
  place.z = min(place.z, 1.0);  // floors lie behind all that throws shadows
  float light = 0.0;
  for (int x = -1; x <= 1; ++x) {
    for (int y = -1; y <= 1; ++y) {
      light += texture(shadow_depth, vec3(place.xy + shadow_texel * vec2(x, y), place.z));
    }
  }
  return light / 9.0;
}
#else
const float shadow_lift = 0.0;
float sunlight(vec3 at) { return 1.0; }
#endif

vec3 lit(vec3 base, vec3 n, vec3 at, vec3 shine) {
  vec3 view = normalize(eye - at);
  float direct = max(dot(n, sun), 0.0);
  if (direct > 0.0) direct *= sunlight(at + (shine.z + shadow_lift) * n);
  vec3 ambient = mix(vec3(0.30, 0.29, 0.28), vec3(0.48, 0.51, 0.55), 0.5 + 0.5 * n.z);
  vec3 light = ambient + 0.52 * direct * vec3(1.0, 0.97, 0.92) + 0.16 * max(dot(n, view), 0.0);
  float gloss = max(dot(n, normalize(sun + view)), 0.0);
  gloss *= gloss;
  gloss *= gloss;
  gloss *= gloss;
  gloss *= gloss;
  return mix(base * light + 0.25 * shine.y * gloss * direct, base, shine.x);
}
)";

inline constexpr const char* kShapeFragment = R"(
in vec3 normal;
in vec3 point;
flat in vec4 colour;
flat in vec3 shine;
out vec4 pixel;
void main() { pixel = vec4(lit(colour.rgb, normalize(normal), point, shine), colour.a); }
)";

inline constexpr const char* kFloorVertex = R"(#version 330
uniform mat4 clip;
uniform mat4 frame;       // from the floor's frame to the scene
uniform vec4 rectangle;   // low x, low y, high x, high y in the floor's frame
out vec2 on_floor;
out vec3 point;
void main() {
  on_floor = mix(rectangle.xy, rectangle.zw, vec2(gl_VertexID & 1, gl_VertexID >> 1));
  point = (frame * vec4(on_floor, 0.0, 1.0)).xyz;
  gl_Position = clip * vec4(point, 1.0);
}
)";

// Checks, averaged over the pixel, that fade into the haze of the horizon.
inline constexpr const char* kFloorFragment = R"(
in vec2 on_floor;
in vec3 point;
uniform vec4 first;
uniform vec4 second;
uniform vec2 check;      // size of a check, m
uniform vec3 dark;       // light without the sun, the same all over the floor
uniform vec3 sunny;      // the sun's
uniform vec2 haze_from_to;
uniform vec3 haze;
out vec4 pixel;
void main() {
  vec2 at = on_floor / check;
  vec2 wide = max(fwidth(at), vec2(1e-4));
  vec2 wave = 2.0 * (abs(fract(0.5 * (at - 0.5 * wide)) - 0.5) - abs(fract(0.5 * (at + 0.5 * wide)) - 0.5)) / wide;
  float share = clamp(0.5 - 0.5 * wave.x * wave.y, 0.0, 1.0);
  share = mix(share, 0.5, smoothstep(0.35, 0.9, max(wide.x, wide.y)));
  vec4 base = mix(first, second, share);
  vec3 shade = base.rgb * (dark + sunny * sunlight(point));
  float gone = smoothstep(haze_from_to.x, haze_from_to.y, distance(point, eye));
  pixel = vec4(mix(shade, haze, gone), mix(base.a, 1.0, gone));
}
)";

// A strip of kSkyRows rows over the whole picture, coloured at its corners: software OpenGL pays for every pixel.
inline constexpr int kSkyRows = 32;
inline constexpr const char* kSkyVertex = R"(#version 330
uniform vec3 forward;
uniform vec3 across;   // from the middle of the picture to its right edge
uniform vec3 upwards;  // and to its upper edge
uniform vec3 haze;
uniform vec3 zenith;
uniform float rows;
out vec3 colour;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, (gl_VertexID >> 1) / rows) * 2.0 - 1.0;
  float height = clamp(normalize(forward + corner.x * across + corner.y * upwards).z, 0.0, 1.0);
  float left = 1.0 - height;
  colour = mix(zenith, haze, left * left * left);
  gl_Position = vec4(corner.x, corner.y, 1.0, 1.0);
}
)";

inline constexpr const char* kSkyFragment = R"(#version 330
in vec3 colour;
out vec4 pixel;
void main() { pixel = vec4(colour, 1.0); }
)";

inline constexpr const char* kNothingFragment = R"(#version 330
void main() {}
)";

}  // namespace lockstep::viewer::shaders
