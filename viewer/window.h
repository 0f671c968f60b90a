// A GLFW window with OpenGL, ImGui and ImPlot in it.
#pragma once

#include "viewer/image.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

struct GLFWwindow;

namespace lockstep::viewer {

// One window. Throws MissingResource, saying which package or variable mends it, where none can be opened. All members
// belong to the thread that made it, which has to be the program's first one.
class Window {
 public:
  // `smooth` asks for four samples a pixel even where OpenGL is software: for a single picture.
  Window(const std::string& title, int width, int height, bool smooth = false);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Reads events and begins an ImGui frame.
  void begin_frame();
  // Draws what ImGui was asked for over what OpenGL has drawn already. `picture`, where given, gets the finished frame.
  void end_frame(Image* picture = nullptr);

  // What is drawn so far of a rectangle of the frame buffer, pixels from its lower left.
  void read(int x, int y, int width, int height, Image& picture) const;

  [[nodiscard]] bool wants_to_close() const;
  void close();
  void set_title(const std::string& title);
  void toggle_full_screen();
  void set_font_scale(float scale);  // 1: the display's own
  [[nodiscard]] float font_scale() const { return font_scale_; }

  // Size of the frame buffer in pixels, and pixels per ImGui unit.
  [[nodiscard]] int pixel_width() const;
  [[nodiscard]] int pixel_height() const;
  [[nodiscard]] float pixel_ratio() const;
  // "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5 ..., display :99".
  [[nodiscard]] const std::string& description() const { return description_; }
  // True where OpenGL draws on the processor: shadows and reflections are off at first.
  [[nodiscard]] bool is_software() const { return is_software_; }
  // A function of OpenGL by its name, for GlFunctions; null: there is none. A window has to be open.
  static void* load(const char* name);
  // Paths dropped on the window since the last call.
  std::vector<std::string> take_dropped();

 private:
  static void on_drop(GLFWwindow* window, int count, const char** paths);

  GLFWwindow* window_ = nullptr;
  std::string description_;
  std::vector<std::string> dropped_;
  bool is_software_ = false;
  float content_scale_ = 1, font_scale_ = 1;
  int windowed_[4] = {0, 0, 0, 0};  // x, y, width, height before full screen
};

}  // namespace lockstep::viewer
