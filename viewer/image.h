// Pictures in memory: RGB bytes, and writing and reading them as PNG files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace lockstep::viewer {

// 8-bit RGB, rows from top to bottom: rgb[(y * width + x) * 3 + channel].
struct Image {
  int width = 0;   // pixels
  int height = 0;  // pixels
  std::vector<std::uint8_t> rgb;
};

// Writes `image` as a PNG file, whole or not at all. Throws Error where the file cannot be written.
void write_png(const std::filesystem::path& path, const Image& image);

// Turns rows upside down, as OpenGL delivers them from bottom to top.
void flip_rows(Image& image);

}  // namespace lockstep::viewer
