// Colours of many worlds by what is known of each: return, end of the episode, error of the model's prediction.
#pragma once

#include "viewer/simulation.h"
#include "viewer/world_scene.h"

#include <optional>
#include <string>
#include <vector>

namespace lockstep::viewer {

enum class ColourBy { kModel, kReturn, kDone, kModelError };

// What the worlds are coloured by now, and what the colours mean.
struct WorldColours {
  std::vector<Colour> tints;   // [worlds]
  std::vector<double> values;  // [worlds]
  double low = 0, high = 1;    // of the values
  std::string title;           // "return", "seconds since the end", ...
};

// Place of the first signal of a kind in source.signals(), or -1.
[[nodiscard]] int signal_of(const SceneSource& source, Signal::Plot kind);

// Whether the worlds of `source` have what `by` needs.
[[nodiscard]] bool can_colour_by(ColourBy by, const SceneSource& source, const Snapshot& shown);

// Nothing for ColourBy::kModel and where can_colour_by says no. `scene` measures distances between poses.
[[nodiscard]] std::optional<WorldColours> colour_worlds(ColourBy by, const SceneSource& source, const Snapshot& shown,
                                                        WorldScene& scene);

// The scale from dark blue over green to yellow (viridis: as bright as it is large, and fit for the colour-blind), or,
// for what is bad, from grey to red. share in [0, 1].
[[nodiscard]] Colour scale_colour(ColourBy by, double share);

// Which world the view stays with.
enum class Follow { kNone, kBest, kMedian, kWorst };

// The world whose return is the largest, the median (lower of two) or the smallest; -1 where there is no return.
[[nodiscard]] int followed_world(Follow follow, const SceneSource& source, const Snapshot& shown);

}  // namespace lockstep::viewer
