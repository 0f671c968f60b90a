// Values of worlds to shares of their range to colours; the order of worlds by return.
#include "viewer/world_colours.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace lockstep::viewer {
namespace {

constexpr double kFadeSeconds = 1;  // from the end of an episode until its world looks like the others

// Viridis (van der Walt and Smith 2015) at six places, its dark end lifted to stand off a dark floor.
constexpr std::array<Colour, 6> kViridis = {{{0.36F, 0.25F, 0.62F},
                                             {0.25F, 0.38F, 0.62F},
                                             {0.16F, 0.50F, 0.60F},
                                             {0.13F, 0.66F, 0.52F},
                                             {0.48F, 0.82F, 0.32F},
                                             {0.99F, 0.91F, 0.15F}}};
constexpr std::array<Colour, 3> kAlarm = {{{0.55F, 0.58F, 0.62F}, {0.90F, 0.60F, 0.35F}, {0.86F, 0.12F, 0.12F}}};

template <std::size_t Size>
Colour between(const std::array<Colour, Size>& scale, double share) {
  const double at = std::clamp(share, 0.0, 1.0) * static_cast<double>(Size - 1);
  const auto below = std::min(static_cast<std::size_t>(at), Size - 2);
  const auto rest = static_cast<float>(at - static_cast<double>(below));
  Colour colour{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    colour[channel] = scale[below][channel] + rest * (scale[below + 1][channel] - scale[below][channel]);
  }
  return colour;
}

std::vector<double> values_of(int signal, const Snapshot& shown) {
  std::vector<double> values(static_cast<std::size_t>(shown.num_worlds));
  for (int world = 0; world < shown.num_worlds; ++world) {
    values[static_cast<std::size_t>(world)] = shown.signal(world, signal);
  }
  return values;
}

// NaN where nothing is predicted.
std::vector<double> errors_of(const Snapshot& shown, WorldScene& scene) {
  std::vector<double> errors(static_cast<std::size_t>(shown.num_worlds));
  for (int world = 0; world < shown.num_worlds; ++world) {
    const auto ghost = std::span(shown.ghosts).subspan(flat_index(world, shown.nq), static_cast<std::size_t>(shown.nq));
    errors[static_cast<std::size_t>(world)] = scene.body_distance(shown.pose(world).qpos, ghost);
  }
  return errors;
}

void take_range(WorldColours& colours) {
  double low = INFINITY, high = -INFINITY;
  for (const double value : colours.values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  colours.low = low <= high ? low : 0;
  colours.high = low <= high ? high : 1;
}

}  // namespace

int signal_of(const SceneSource& source, Signal::Plot kind) {
  for (std::size_t k = 0; k < source.signals().size(); ++k) {
    if (source.signals()[k].plot == kind) return static_cast<int>(k);
  }
  return -1;
}

bool can_colour_by(ColourBy by, const SceneSource& source, const Snapshot& shown) {
  switch (by) {
    case ColourBy::kModel:
      return true;
    case ColourBy::kReturn:
      return signal_of(source, Signal::Plot::kReturn) >= 0;
    case ColourBy::kDone:
      return signal_of(source, Signal::Plot::kSinceEnd) >= 0;
    case ColourBy::kModelError:
      return !shown.ghosts.empty();
  }
  return false;
}

std::optional<WorldColours> colour_worlds(ColourBy by, const SceneSource& source, const Snapshot& shown,
                                          WorldScene& scene) {
  if (by == ColourBy::kModel || !can_colour_by(by, source, shown)) return std::nullopt;
  WorldColours colours;
  if (by == ColourBy::kReturn) {
    colours.title = "return";
    colours.values = values_of(signal_of(source, Signal::Plot::kReturn), shown);
    take_range(colours);
  } else if (by == ColourBy::kDone) {
    colours.title = "s since an episode ended";
    colours.values = values_of(signal_of(source, Signal::Plot::kSinceEnd), shown);
    colours.low = kFadeSeconds;  // the scale runs from long ago to now
    colours.high = 0;
  } else {
    colours.title = "model error (m)";
    colours.values = errors_of(shown, scene);
    take_range(colours);
    colours.low = 0;
  }
  const double width = colours.high - colours.low;
  for (const double value : colours.values) {
    const bool known = std::isfinite(value) || by == ColourBy::kDone;
    const double share = known && width != 0 ? (value - colours.low) / width : 0;
    colours.tints.push_back(scale_colour(by, std::isnan(share) ? 0 : share));
  }
  return colours;
}

Colour scale_colour(ColourBy by, double share) {
  return by == ColourBy::kReturn ? between(kViridis, share) : between(kAlarm, share);
}

int followed_world(Follow follow, const SceneSource& source, const Snapshot& shown) {
  const int signal = signal_of(source, Signal::Plot::kReturn);
  if (signal < 0 || follow == Follow::kNone) return -1;
  std::vector<int> order(static_cast<std::size_t>(shown.num_worlds));
  std::iota(order.begin(), order.end(), 0);
  const auto by_return = [&](int a, int b) {
    const double of_a = shown.signal(a, signal), of_b = shown.signal(b, signal);
    return of_a != of_b ? of_a < of_b : a > b;  // of equals the first counts as the better
  };
  if (follow == Follow::kBest) return *std::ranges::max_element(order, by_return);
  if (follow == Follow::kWorst) return *std::ranges::min_element(order, by_return);
  const auto middle = order.begin() + (static_cast<std::ptrdiff_t>(order.size()) - 1) / 2;
  std::ranges::nth_element(order, middle, by_return);
  return *middle;
}

}  // namespace lockstep::viewer
