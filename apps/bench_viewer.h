// `lockstep bench viewer`: frames per second of many worlds, our renderer beside MuJoCo's.
#pragma once

#include "apps/commands.h"

#include <filesystem>
#include <vector>

namespace lockstep::apps {

struct BenchViewerOptions {
  std::filesystem::path model = {};              // empty: Gymnasium's humanoid
  std::vector<int> worlds = {1, 64, 256, 1024};  // one row each, [1, 4096]
  int width = 1280, height = 720;                // pixels
  bool shadows = false;                          // and four samples a pixel; slow where OpenGL is software
  double seconds = 2;                            // least length of a measurement of one renderer
};

// Draws worlds in different poses without a display, from their positions to the finished picture, with our renderer
// and with mjr_render in turns, and prints frames per second, the ratio and which OpenGL drew. Returns an exit code.
int bench_viewer(const BenchViewerOptions& options, CommandContext& context);

// Adds `viewer` to the group `bench`.
void add_bench_viewer(CLI::App& bench, CommandContext& context);

}  // namespace lockstep::apps
