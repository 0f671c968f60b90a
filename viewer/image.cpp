// PNG files through stb, written beside their place and then renamed.
#include "viewer/image.h"
#include "engine/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <stb_image_write.h>

namespace lockstep::viewer {

void write_png(const std::filesystem::path& path, const Image& image) {
  std::filesystem::path partial = path;
  partial += ".partial";
  stbi_write_png_compression_level = 9;
  const bool written =
      stbi_write_png(partial.c_str(), image.width, image.height, 3, image.rgb.data(), image.width * 3) != 0;
  const std::string reason = std::strerror(errno);
  std::error_code error;
  if (written) std::filesystem::rename(partial, path, error);
  if (written && !error) return;
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  throw Error("the picture could not be written: " + (error ? error.message() : reason), path.string(),
              "name a file in a folder that exists and may be written to");
}

void flip_rows(Image& image) {
  const auto row = static_cast<std::ptrdiff_t>(image.width) * 3;
  for (int y = 0; y < image.height / 2; ++y) {
    const auto top = image.rgb.begin() + y * row;
    std::swap_ranges(top, top + row, image.rgb.begin() + (image.height - 1 - y) * row);
  }
}

}  // namespace lockstep::viewer
