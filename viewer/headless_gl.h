// An OpenGL context that needs neither display nor window: EGL, surfaceless or on a device.
#pragma once

#include <memory>
#include <string>

namespace lockstep::viewer {

// OpenGL (compatibility profile) that draws into frame buffer objects only. libEGL is loaded when the first context is
// made, so that a machine without it can run everything else. One thread at a time may have it current.
class HeadlessGl {
 public:
  HeadlessGl();  // throws MissingResource, naming the packages, where no driver gives a context
  ~HeadlessGl();
  HeadlessGl(HeadlessGl&&) noexcept;
  HeadlessGl& operator=(HeadlessGl&&) noexcept;

  void make_current();  // on the calling thread
  void release();       // lets another thread make it current
  // A function of OpenGL by its name, for GlFunctions (viewer/gl_functions.h); null: there is none.
  [[nodiscard]] void* load(const char* name) const;
  // "EGL surfaceless: llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5 ..."
  [[nodiscard]] const std::string& description() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lockstep::viewer
