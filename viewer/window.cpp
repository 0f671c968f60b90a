// GLFW, OpenGL 3 and ImGui put together; every way in which a window can fail to open is told with its remedy.
#include "viewer/window.h"
#include "engine/error.h"
#include "viewer/gl_functions.h"
#include "viewer/style.h"

#include <cstdlib>
#include <utility>

#define GL_GLEXT_PROTOTYPES
#include <GLFW/glfw3.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>
#include <implot.h>

namespace lockstep::viewer {
namespace {

std::string& last_glfw_error() {
  static std::string text;
  return text;
}

std::string display_name() {
  const char* display = std::getenv("DISPLAY");
  return display != nullptr && *display != '\0' ? display : "";
}

[[noreturn]] void fail_to_open(const std::string& problem) {
  const std::string reason = last_glfw_error().empty() ? "" : ": " + last_glfw_error();
  if (display_name().empty()) {
    throw MissingResource(problem + reason, "DISPLAY is not set",
                          "run it on a desktop, set DISPLAY (over ssh: ssh -X), or use a virtual display: "
                          "xvfb-run -a lockstep view ... (Debian: apt-get install xvfb xauth libgl1-mesa-dri)");
  }
  throw MissingResource(problem + reason, "display " + display_name(),
                        "check that the display answers (xdpyinfo), and that it has OpenGL "
                        "(Debian: apt-get install libgl1 libgl1-mesa-dri, or your GPU's driver)");
}

std::string gl_text(GLenum name) {
  const GLubyte* text = glGetString(name);
  return text != nullptr ? reinterpret_cast<const char*>(text) : "unknown";
}

GLFWwindow* open(const std::string& title, int width, int height, bool smooth) {
  glfwSetErrorCallback([](int, const char* text) { last_glfw_error() = text; });
  if (glfwInit() != GLFW_TRUE) fail_to_open("no window system was found");
  glfwWindowHint(GLFW_SAMPLES, 4);
  glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 1);  // the compatibility profile that MuJoCo draws with
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 5);
  GLFWwindow* window = glfwCreateWindow(width, height, title.c_str(), nullptr, nullptr);
  if (window != nullptr) {
    glfwMakeContextCurrent(window);
    if (!smooth && is_software_gl(gl_text(GL_RENDERER))) {  // four samples a pixel cost it four times the work
      glfwDestroyWindow(window);
      window = nullptr;
    }
  }
  if (window == nullptr) {
    glfwWindowHint(GLFW_SAMPLES, 0);
    window = glfwCreateWindow(width, height, title.c_str(), nullptr, nullptr);
  }
  if (window == nullptr) {
    glfwTerminate();
    fail_to_open("no window with OpenGL could be opened");
  }
  return window;
}

}  // namespace

Window::Window(const std::string& title, int width, int height, bool smooth)
    : window_(open(title, width, height, smooth)) {
  glfwMakeContextCurrent(window_);
  glfwSwapInterval(1);
  is_software_ = is_software_gl(gl_text(GL_RENDERER));
  description_ = gl_text(GL_RENDERER) + ", OpenGL " + gl_text(GL_VERSION) + ", display " + display_name();
  float vertical = 1;
  glfwGetWindowContentScale(window_, &content_scale_, &vertical);
  glfwSetWindowUserPointer(window_, this);
  glfwSetDropCallback(window_, on_drop);
  glfwSetWindowSizeLimits(window_, 640, 400, GLFW_DONT_CARE, GLFW_DONT_CARE);

  IMGUI_CHECKVERSION();
  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGui::GetIO().IniFilename = nullptr;  // nothing is scattered over the user's folder
  load_fonts();
  apply_style(content_scale_);
  ImGui_ImplGlfw_InitForOpenGL(window_, true);
  ImGui_ImplOpenGL3_Init("#version 130");
}

Window::~Window() {
  ImGui_ImplOpenGL3_Shutdown();
  ImGui_ImplGlfw_Shutdown();
  ImPlot::DestroyContext();
  ImGui::DestroyContext();
  glfwDestroyWindow(window_);
  glfwTerminate();
}

void Window::begin_frame() {
  glfwPollEvents();
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  ImGui::NewFrame();
}

void Window::end_frame(Image* picture) {
  ImGui::Render();
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  if (picture != nullptr) {
    read(0, 0, pixel_width(), pixel_height(), *picture);
  }
  glfwSwapBuffers(window_);
}

void Window::read(int x, int y, int width, int height, Image& picture) const {
  picture.width = width;
  picture.height = height;
  picture.rgb.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadBuffer(GL_BACK);
  glReadPixels(x, y, width, height, GL_RGB, GL_UNSIGNED_BYTE, picture.rgb.data());
  flip_rows(picture);
}

void* Window::load(const char* name) { return reinterpret_cast<void*>(glfwGetProcAddress(name)); }

bool Window::wants_to_close() const { return glfwWindowShouldClose(window_) == GLFW_TRUE; }
void Window::close() { glfwSetWindowShouldClose(window_, GLFW_TRUE); }
void Window::set_title(const std::string& title) { glfwSetWindowTitle(window_, title.c_str()); }

void Window::toggle_full_screen() {
  if (glfwGetWindowMonitor(window_) != nullptr) {
    glfwSetWindowMonitor(window_, nullptr, windowed_[0], windowed_[1], windowed_[2], windowed_[3], GLFW_DONT_CARE);
    return;
  }
  GLFWmonitor* monitor = glfwGetPrimaryMonitor();
  if (monitor == nullptr) return;
  glfwGetWindowPos(window_, &windowed_[0], &windowed_[1]);
  glfwGetWindowSize(window_, &windowed_[2], &windowed_[3]);
  const GLFWvidmode* mode = glfwGetVideoMode(monitor);
  glfwSetWindowMonitor(window_, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
}

void Window::set_font_scale(float scale) {
  font_scale_ = scale;
  apply_style(content_scale_ * scale);
}

int Window::pixel_width() const {
  int width = 0, height = 0;
  glfwGetFramebufferSize(window_, &width, &height);
  return width;
}

int Window::pixel_height() const {
  int width = 0, height = 0;
  glfwGetFramebufferSize(window_, &width, &height);
  return height;
}

float Window::pixel_ratio() const {
  int width = 0, height = 0;
  glfwGetWindowSize(window_, &width, &height);
  return width > 0 ? static_cast<float>(pixel_width()) / static_cast<float>(width) : 1;
}

std::vector<std::string> Window::take_dropped() { return std::exchange(dropped_, {}); }

void Window::on_drop(GLFWwindow* window, int count, const char** paths) {
  auto* self = static_cast<Window*>(glfwGetWindowUserPointer(window));
  for (int index = 0; index < count; ++index) self->dropped_.emplace_back(paths[index]);
}

}  // namespace lockstep::viewer
