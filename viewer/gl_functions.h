// The OpenGL 3.3 functions that the renderer of many worlds calls, found at run time: no OpenGL library is linked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace lockstep::viewer {

// Finds an OpenGL function of the current context by its name, as glfwGetProcAddress does; null: there is none.
using GlLoader = std::function<void*(const char* name)>;

// The numbers that OpenGL's specification gives to what is used here.
namespace gl {
inline constexpr unsigned kTriangles = 0x0004, kTriangleStrip = 0x0005, kLessOrEqual = 0x0203, kSourceAlpha = 0x0302,
                          kOneMinusSourceAlpha = 0x0303, kFrontAndBack = 0x0408, kCullFace = 0x0B44,
                          kDepthTest = 0x0B71, kDepthClearValue = 0x0B73, kDepthFunction = 0x0B74, kBlend = 0x0BE2,
                          kScissorTest = 0x0C11, kTexture2D = 0x0DE1, kUnsignedByte = 0x1401, kUnsignedInt = 0x1405,
                          kFloat = 0x1406, kDepthComponent = 0x1902, kLine = 0x1B01, kFill = 0x1B02, kRenderer = 0x1F01,
                          kVersion = 0x1F02, kNearest = 0x2600, kLinear = 0x2601, kMagnify = 0x2800, kMinify = 0x2801,
                          kWrapS = 0x2802, kWrapT = 0x2803, kPolygonOffset = 0x8037, kClampToEdge = 0x812F,
                          kDepth24 = 0x81A6, kMajorVersion = 0x821B, kMinorVersion = 0x821C, kTexture0 = 0x84C0,
                          kTexture1 = 0x84C1, kCompareMode = 0x884C, kCompareFunction = 0x884D,
                          kCompareToTexture = 0x884E, kArrayBuffer = 0x8892, kElementBuffer = 0x8893,
                          kStreamDraw = 0x88E0, kStaticDraw = 0x88E4, kFragmentShader = 0x8B30, kVertexShader = 0x8B31,
                          kCompileStatus = 0x8B81, kLinkStatus = 0x8B82, kDrawFramebufferBinding = 0x8CA6,
                          kDepthAttachment = 0x8D00, kFramebuffer = 0x8D40, kLowerLeft = 0x8CA1, kClipOrigin = 0x935C,
                          kClipDepthMode = 0x935D, kNegativeOneToOne = 0x935E;
inline constexpr unsigned kColourBit = 0x4000, kDepthBit = 0x0100;
}  // namespace gl

// The functions, by the names that OpenGL gives them (without gl). Throws MissingResource where the context is older
// than OpenGL 3.3.
struct GlFunctions {
  explicit GlFunctions(const GlLoader& load);

  const unsigned char* (*get_string)(unsigned name) = nullptr;
  void (*get_integer)(unsigned name, int* value) = nullptr;
  void (*get_float)(unsigned name, float* value) = nullptr;
  unsigned char (*is_enabled)(unsigned what) = nullptr;
  void (*viewport)(int x, int y, int width, int height) = nullptr;
  void (*scissor)(int x, int y, int width, int height) = nullptr;
  void (*enable)(unsigned what) = nullptr;
  void (*disable)(unsigned what) = nullptr;
  void (*depth_func)(unsigned function) = nullptr;
  void (*depth_mask)(unsigned char write) = nullptr;
  void (*blend_func)(unsigned source, unsigned target) = nullptr;
  void (*polygon_mode)(unsigned face, unsigned mode) = nullptr;
  void (*polygon_offset)(float factor, float units) = nullptr;
  void (*clear)(unsigned bits) = nullptr;
  void (*clear_depth)(double depth) = nullptr;
  void (*clip_control)(unsigned origin, unsigned depth) = nullptr;  // OpenGL 4.5; null before

  unsigned (*create_shader)(unsigned type) = nullptr;
  void (*shader_source)(unsigned shader, int count, const char* const* text, const int* length) = nullptr;
  void (*compile_shader)(unsigned shader) = nullptr;
  void (*get_shader)(unsigned shader, unsigned name, int* value) = nullptr;
  void (*get_shader_log)(unsigned shader, int size, int* length, char* text) = nullptr;
  void (*delete_shader)(unsigned shader) = nullptr;
  unsigned (*create_program)() = nullptr;
  void (*attach_shader)(unsigned program, unsigned shader) = nullptr;
  void (*link_program)(unsigned program) = nullptr;
  void (*get_program)(unsigned program, unsigned name, int* value) = nullptr;
  void (*use_program)(unsigned program) = nullptr;
  void (*delete_program)(unsigned program) = nullptr;
  int (*get_uniform_location)(unsigned program, const char* name) = nullptr;
  void (*uniform_int)(int location, int value) = nullptr;
  void (*uniform_float)(int location, float value) = nullptr;
  void (*uniform_float2)(int location, float x, float y) = nullptr;
  void (*uniform_float3)(int location, float x, float y, float z) = nullptr;
  void (*uniform_float4)(int location, float x, float y, float z, float w) = nullptr;
  void (*uniform_matrix4)(int location, int count, unsigned char transpose, const float* values) = nullptr;

  void (*gen_vertex_arrays)(int count, unsigned* names) = nullptr;
  void (*bind_vertex_array)(unsigned array) = nullptr;
  void (*delete_vertex_arrays)(int count, const unsigned* names) = nullptr;
  void (*gen_buffers)(int count, unsigned* names) = nullptr;
  void (*bind_buffer)(unsigned target, unsigned buffer) = nullptr;
  void (*buffer_data)(unsigned target, std::ptrdiff_t bytes, const void* data, unsigned usage) = nullptr;
  void (*delete_buffers)(int count, const unsigned* names) = nullptr;
  void (*enable_attribute)(unsigned index) = nullptr;
  void (*attribute_pointer)(unsigned index, int size, unsigned type, unsigned char normalised, int stride,
                            const void* offset) = nullptr;
  void (*attribute_divisor)(unsigned index, unsigned divisor) = nullptr;
  void (*draw_instanced)(unsigned mode, int count, unsigned type, const void* offset, int instances,
                         int base_vertex) = nullptr;
  void (*draw_arrays)(unsigned mode, int first, int count) = nullptr;

  void (*gen_textures)(int count, unsigned* names) = nullptr;
  void (*bind_texture)(unsigned target, unsigned texture) = nullptr;
  void (*active_texture)(unsigned unit) = nullptr;
  void (*texture_image)(unsigned target, int level, int kept_format, int width, int height, int border, unsigned format,
                        unsigned type, const void* data) = nullptr;
  void (*texture_parameter)(unsigned target, unsigned name, int value) = nullptr;
  void (*delete_textures)(int count, const unsigned* names) = nullptr;
  void (*gen_framebuffers)(int count, unsigned* names) = nullptr;
  void (*bind_framebuffer)(unsigned target, unsigned framebuffer) = nullptr;
  void (*framebuffer_texture)(unsigned target, unsigned attachment, unsigned kind, unsigned texture,
                              int level) = nullptr;
  void (*delete_framebuffers)(int count, const unsigned* names) = nullptr;
  void (*draw_buffer)(unsigned buffer) = nullptr;
};

// "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5 ..." of the current context.
[[nodiscard]] std::string gl_description(const GlFunctions& functions);

// True for drivers that draw on the processor (Mesa's llvmpipe, softpipe, swr): shadows and smoothing cost much there.
[[nodiscard]] bool is_software_gl(const std::string& description);

// Compiles and links a program. A failure is a fault of ours or of the driver: MissingResource with the driver's words.
[[nodiscard]] unsigned make_program(const GlFunctions& functions, const char* vertex, const char* fragment);

// Everything a renderer changes is as it was when this goes out of scope: MuJoCo's renderer draws in the same context.
class GlStateGuard {
 public:
  explicit GlStateGuard(const GlFunctions& functions);
  ~GlStateGuard();
  GlStateGuard(const GlStateGuard&) = delete;
  GlStateGuard& operator=(const GlStateGuard&) = delete;

 private:
  static constexpr unsigned kSwitches[] = {gl::kDepthTest, gl::kCullFace, gl::kBlend, gl::kScissorTest,
                                           gl::kPolygonOffset};
  const GlFunctions& gl_;
  bool enabled_[5] = {};
  int depth_function_ = 0, clip_origin_ = 0, clip_depth_ = 0;
  float clear_depth_ = 1;
};

}  // namespace lockstep::viewer
