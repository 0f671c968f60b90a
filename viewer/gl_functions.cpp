// Loading by name, the check of the version, programs, and what is put back after drawing.
#include "viewer/gl_functions.h"
#include "engine/error.h"

#include <array>
#include <utility>

namespace lockstep::viewer {
namespace {

constexpr const char* kFix =
    "use a driver with OpenGL 3.3 or newer (Debian: apt-get install libgl1-mesa-dri draws on any processor), or one "
    "world at a time, which MuJoCo's renderer draws";

// Takes one function after the other; the first that is missing is told.
class Finder {
 public:
  explicit Finder(const GlLoader& load) : load_(load) {}

  template <class Function>
  Finder& operator()(const char* name, Function& function, bool optional = false) {
    function = reinterpret_cast<Function>(load_(name));
    if (function == nullptr && !optional) {
      throw MissingResource(std::string("OpenGL has no ") + name, "drawing many worlds", kFix);
    }
    return *this;
  }

 private:
  const GlLoader& load_;
};

void find_state(Finder& find, GlFunctions& f) {
  find("glGetString", f.get_string)("glGetIntegerv", f.get_integer)("glGetFloatv", f.get_float)(
      "glIsEnabled", f.is_enabled)("glViewport", f.viewport)("glScissor", f.scissor)("glEnable", f.enable)(
      "glDisable", f.disable)("glDepthFunc", f.depth_func)("glDepthMask", f.depth_mask)("glBlendFunc", f.blend_func)(
      "glPolygonMode", f.polygon_mode)("glPolygonOffset", f.polygon_offset)("glClear", f.clear)(
      "glClearDepth", f.clear_depth)("glClipControl", f.clip_control, true);
}

void find_programs(Finder& find, GlFunctions& f) {
  find("glCreateShader", f.create_shader)("glShaderSource", f.shader_source)("glCompileShader", f.compile_shader)(
      "glGetShaderiv", f.get_shader)("glGetShaderInfoLog", f.get_shader_log)("glDeleteShader", f.delete_shader)(
      "glCreateProgram", f.create_program)("glAttachShader", f.attach_shader)("glLinkProgram", f.link_program)(
      "glGetProgramiv", f.get_program)("glUseProgram", f.use_program)("glDeleteProgram", f.delete_program)(
      "glGetUniformLocation", f.get_uniform_location)("glUniform1i", f.uniform_int)("glUniform1f", f.uniform_float)(
      "glUniform2f", f.uniform_float2)("glUniform3f", f.uniform_float3)("glUniform4f", f.uniform_float4)(
      "glUniformMatrix4fv", f.uniform_matrix4);
}

void find_buffers(Finder& find, GlFunctions& f) {
  find("glGenVertexArrays", f.gen_vertex_arrays)("glBindVertexArray", f.bind_vertex_array)(
      "glDeleteVertexArrays", f.delete_vertex_arrays)("glGenBuffers", f.gen_buffers)("glBindBuffer", f.bind_buffer)(
      "glBufferData", f.buffer_data)("glDeleteBuffers", f.delete_buffers)(
      "glEnableVertexAttribArray", f.enable_attribute)("glVertexAttribPointer", f.attribute_pointer)(
      "glVertexAttribDivisor", f.attribute_divisor)("glDrawElementsInstancedBaseVertex", f.draw_instanced)(
      "glDrawArrays", f.draw_arrays);
}

void find_textures(Finder& find, GlFunctions& f) {
  find("glGenTextures", f.gen_textures)("glBindTexture", f.bind_texture)("glActiveTexture", f.active_texture)(
      "glTexImage2D", f.texture_image)("glTexParameteri", f.texture_parameter)("glDeleteTextures", f.delete_textures)(
      "glGenFramebuffers", f.gen_framebuffers)("glBindFramebuffer", f.bind_framebuffer)(
      "glFramebufferTexture2D", f.framebuffer_texture)("glDeleteFramebuffers", f.delete_framebuffers)("glDrawBuffer",
                                                                                                      f.draw_buffer);
}

unsigned compile(const GlFunctions& f, unsigned type, const char* text) {
  const unsigned shader = f.create_shader(type);
  f.shader_source(shader, 1, &text, nullptr);
  f.compile_shader(shader);
  int compiled = 0;
  f.get_shader(shader, gl::kCompileStatus, &compiled);
  if (compiled != 0) return shader;
  std::array<char, 1000> words{};
  f.get_shader_log(shader, static_cast<int>(words.size()), nullptr, words.data());
  f.delete_shader(shader);
  throw MissingResource(std::string("OpenGL refuses a shader: ") + words.data(), gl_description(f), kFix);
}

}  // namespace

GlFunctions::GlFunctions(const GlLoader& load) {
  Finder find(load);
  find_state(find, *this);
  int major = 0, minor = 0;
  get_integer(gl::kMajorVersion, &major);
  get_integer(gl::kMinorVersion, &minor);
  if (major * 10 + minor < 33) {
    throw MissingResource("OpenGL is too old to draw many worlds: 3.3 is needed", gl_description(*this), kFix);
  }
  find_programs(find, *this);
  find_buffers(find, *this);
  find_textures(find, *this);
}

std::string gl_description(const GlFunctions& functions) {
  const auto text = [&](unsigned name) {
    const unsigned char* words = functions.get_string(name);
    return std::string(words != nullptr ? reinterpret_cast<const char*>(words) : "unknown");
  };
  return text(gl::kRenderer) + ", OpenGL " + text(gl::kVersion);
}

bool is_software_gl(const std::string& description) {
  for (const char* name : {"llvmpipe", "softpipe", "swrast", "SWR", "Software Rasterizer"}) {
    if (description.find(name) != std::string::npos) return true;
  }
  return false;
}

unsigned make_program(const GlFunctions& functions, const char* vertex, const char* fragment) {
  const unsigned program = functions.create_program();
  for (const auto& [type, text] : {std::pair(gl::kVertexShader, vertex), std::pair(gl::kFragmentShader, fragment)}) {
    const unsigned shader = compile(functions, type, text);
    functions.attach_shader(program, shader);
    functions.delete_shader(shader);  // lives on in the program
  }
  functions.link_program(program);
  int linked = 0;
  functions.get_program(program, gl::kLinkStatus, &linked);
  if (linked == 0) throw MissingResource("OpenGL cannot link a program", gl_description(functions), kFix);
  return program;
}

GlStateGuard::GlStateGuard(const GlFunctions& functions) : gl_(functions) {
  for (std::size_t k = 0; k < std::size(kSwitches); ++k) enabled_[k] = gl_.is_enabled(kSwitches[k]) != 0;
  gl_.get_integer(gl::kDepthFunction, &depth_function_);
  gl_.get_float(gl::kDepthClearValue, &clear_depth_);
  if (gl_.clip_control == nullptr) return;
  gl_.get_integer(gl::kClipOrigin, &clip_origin_);
  gl_.get_integer(gl::kClipDepthMode, &clip_depth_);
  gl_.clip_control(gl::kLowerLeft, gl::kNegativeOneToOne);
}

GlStateGuard::~GlStateGuard() {
  for (std::size_t k = 0; k < std::size(kSwitches); ++k) (enabled_[k] ? gl_.enable : gl_.disable)(kSwitches[k]);
  gl_.depth_func(static_cast<unsigned>(depth_function_));
  gl_.clear_depth(static_cast<double>(clear_depth_));
  gl_.depth_mask(1);
  gl_.polygon_mode(gl::kFrontAndBack, gl::kFill);
  gl_.use_program(0);
  gl_.bind_vertex_array(0);
  gl_.bind_buffer(gl::kArrayBuffer, 0);
  gl_.active_texture(gl::kTexture1);
  gl_.bind_texture(gl::kTexture2D, 0);
  gl_.active_texture(gl::kTexture0);
  if (gl_.clip_control == nullptr || clip_origin_ == 0) return;
  gl_.clip_control(static_cast<unsigned>(clip_origin_), static_cast<unsigned>(clip_depth_));
}

}  // namespace lockstep::viewer
