// EGL contexts without a display: Mesa's surfaceless platform first, then every EGL device, then EGL's own choice.
#include "viewer/headless_gl.h"
#include "engine/error.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#if __has_include(<EGL/egl.h>)
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <dlfcn.h>

namespace lockstep::viewer {
namespace {

constexpr const char* kFix =
    "install Mesa's software OpenGL (Debian: apt-get install libegl1 libgl1 libgl1-mesa-dri), or the driver of your "
    "GPU";

// The functions of libEGL that are used, found at run time.
struct Egl {
  decltype(&eglGetProcAddress) get_proc_address = nullptr;
  decltype(&eglGetDisplay) get_display = nullptr;
  decltype(&eglInitialize) initialize = nullptr;
  decltype(&eglTerminate) terminate = nullptr;
  decltype(&eglBindAPI) bind_api = nullptr;
  decltype(&eglChooseConfig) choose_config = nullptr;
  decltype(&eglCreateContext) create_context = nullptr;
  decltype(&eglDestroyContext) destroy_context = nullptr;
  decltype(&eglMakeCurrent) make_current = nullptr;

  static const Egl& load() {
    static const Egl egl;
    return egl;
  }

 private:
  Egl() {
    // MuJoCo takes its OpenGL functions from the platform libraries that are loaded: libGL has to be one of them.
    void* library = dlopen("libEGL.so.1", RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) throw MissingResource("libEGL.so.1 was not found", "drawing without a display", kFix);
    find(library, "eglGetProcAddress", get_proc_address);
    find(library, "eglGetDisplay", get_display);
    find(library, "eglInitialize", initialize);
    find(library, "eglTerminate", terminate);
    find(library, "eglBindAPI", bind_api);
    find(library, "eglChooseConfig", choose_config);
    find(library, "eglCreateContext", create_context);
    find(library, "eglDestroyContext", destroy_context);
    find(library, "eglMakeCurrent", make_current);
  }

  template <class Function>
  static void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (function == nullptr) {
      throw MissingResource(std::string("libEGL.so.1 has no ") + name, "drawing without a display", kFix);
    }
  }
};

struct Candidate {
  std::string name;
  EGLDisplay display = EGL_NO_DISPLAY;
};

// Displays to try, best first.
std::vector<Candidate> candidates(const Egl& egl) {
  std::vector<Candidate> found;
  const auto platform_display =
      reinterpret_cast<PFNEGLGETPLATFORMDISPLAYEXTPROC>(egl.get_proc_address("eglGetPlatformDisplayEXT"));
  const auto query_devices = reinterpret_cast<PFNEGLQUERYDEVICESEXTPROC>(egl.get_proc_address("eglQueryDevicesEXT"));
  if (platform_display != nullptr) {
    found.push_back({"EGL surfaceless", platform_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr)});
    std::array<EGLDeviceEXT, 16> devices{};
    EGLint count = 0;
    if (query_devices != nullptr && query_devices(EGLint{devices.size()}, devices.data(), &count) == EGL_TRUE) {
      for (EGLint device = 0; device < count; ++device) {
        found.push_back(
            {"EGL device " + std::to_string(device),
             platform_display(EGL_PLATFORM_DEVICE_EXT, devices[static_cast<std::size_t>(device)], nullptr)});
      }
    }
  }
  found.push_back({"EGL", egl.get_display(EGL_DEFAULT_DISPLAY)});
  return found;
}

// A compatibility-profile context on an initialised display, or EGL_NO_CONTEXT.
EGLContext try_context(const Egl& egl, EGLDisplay display) {
  constexpr std::array<EGLint, 13> wanted = {EGL_SURFACE_TYPE,
                                             EGL_PBUFFER_BIT,
                                             EGL_RENDERABLE_TYPE,
                                             EGL_OPENGL_BIT,
                                             EGL_RED_SIZE,
                                             8,
                                             EGL_GREEN_SIZE,
                                             8,
                                             EGL_BLUE_SIZE,
                                             8,
                                             EGL_DEPTH_SIZE,
                                             24,
                                             EGL_NONE};
  EGLConfig config = nullptr;
  EGLint count = 0;
  if (egl.choose_config(display, wanted.data(), &config, 1, &count) != EGL_TRUE || count == 0) return EGL_NO_CONTEXT;
  if (egl.bind_api(EGL_OPENGL_API) != EGL_TRUE) return EGL_NO_CONTEXT;
  EGLContext context = egl.create_context(display, config, EGL_NO_CONTEXT, nullptr);
  if (context == EGL_NO_CONTEXT) return EGL_NO_CONTEXT;
  if (egl.make_current(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context) == EGL_TRUE) return context;
  egl.destroy_context(display, context);
  return EGL_NO_CONTEXT;
}

// Text that OpenGL knows about itself; `name` is GL_RENDERER or GL_VERSION.
std::string gl_string(const Egl& egl, unsigned name) {
  using GetString = const unsigned char* (*)(unsigned);
  const auto get_string = reinterpret_cast<GetString>(egl.get_proc_address("glGetString"));
  const unsigned char* text = get_string != nullptr ? get_string(name) : nullptr;
  return text != nullptr ? reinterpret_cast<const char*>(text) : "unknown";
}

}  // namespace

struct HeadlessGl::State {
  const Egl& egl = Egl::load();
  EGLDisplay display = EGL_NO_DISPLAY;
  EGLContext context = EGL_NO_CONTEXT;
  std::string description;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    // The display stays initialised: EGL has one per process and platform, and other contexts may use it.
    if (context == EGL_NO_CONTEXT) return;
    egl.make_current(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    egl.destroy_context(display, context);
  }
};

HeadlessGl::HeadlessGl() : state_(std::make_unique<State>()) {
  if (dlopen("libGL.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw MissingResource("libGL.so.1 was not found", "drawing without a display", kFix);
  }
  const Egl& egl = state_->egl;
  std::string tried;
  for (const Candidate& candidate : candidates(egl)) {
    tried += (tried.empty() ? "" : ", ") + candidate.name;
    if (candidate.display == EGL_NO_DISPLAY) continue;
    if (egl.initialize(candidate.display, nullptr, nullptr) != EGL_TRUE) continue;
    EGLContext context = try_context(egl, candidate.display);
    if (context == EGL_NO_CONTEXT) continue;
    constexpr unsigned kRenderer = 0x1F01, kVersion = 0x1F02;  // GL_RENDERER, GL_VERSION
    state_->display = candidate.display;
    state_->context = context;
    state_->description = candidate.name + ": " + gl_string(egl, kRenderer) + ", OpenGL " + gl_string(egl, kVersion);
    return;
  }
  throw MissingResource("no OpenGL context could be made without a display", tried, kFix);
}

HeadlessGl::~HeadlessGl() = default;
HeadlessGl::HeadlessGl(HeadlessGl&&) noexcept = default;
HeadlessGl& HeadlessGl::operator=(HeadlessGl&&) noexcept = default;

void HeadlessGl::make_current() {
  if (state_->egl.make_current(state_->display, EGL_NO_SURFACE, EGL_NO_SURFACE, state_->context) == EGL_TRUE) return;
  throw MissingResource("the OpenGL context could not be made current on this thread", state_->description,
                        "draw from one thread at a time");
}

void HeadlessGl::release() {
  state_->egl.make_current(state_->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
}

void* HeadlessGl::load(const char* name) const { return reinterpret_cast<void*>(state_->egl.get_proc_address(name)); }

const std::string& HeadlessGl::description() const { return state_->description; }

}  // namespace lockstep::viewer

#else  // built without EGL's headers

namespace lockstep::viewer {

struct HeadlessGl::State {
  std::string description;
};

HeadlessGl::HeadlessGl() {
  throw MissingResource("this program was built without EGL", "drawing without a display",
                        "install EGL's headers (Debian: apt-get install libegl-dev) and build again");
}
HeadlessGl::~HeadlessGl() = default;
HeadlessGl::HeadlessGl(HeadlessGl&&) noexcept = default;
HeadlessGl& HeadlessGl::operator=(HeadlessGl&&) noexcept = default;
void HeadlessGl::make_current() {}
void HeadlessGl::release() {}
void* HeadlessGl::load(const char*) const { return nullptr; }
const std::string& HeadlessGl::description() const { return state_->description; }

}  // namespace lockstep::viewer

#endif
