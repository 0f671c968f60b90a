// The terrain of dm_control's quadruped/escape: a bowl with smooth bumps, drawn anew for every episode. Values from
// dm_control 1.0.50, suite/quadruped.py; the bumps between the drawn ones are a cubic spline as scipy.ndimage.zoom has
// it (Unser, Aldroubi, Eden, "B-spline signal processing", 1993).
#pragma once

#include <cstdint>
#include <span>

#include <Eigen/Core>

namespace lockstep::envs {

class BowlTerrain {
 public:
  // resolution: rows and columns of the height field; half_width: of its ground (m).
  BowlTerrain(int resolution, double half_width);

  [[nodiscard]] int resolution() const { return static_cast<int>(bowl_.rows()); }
  // Bumps on a side.
  [[nodiscard]] int num_bumps() const { return static_cast<int>(spread_.cols()); }
  // heights [resolution][resolution] of bumps [num_bumps][num_bumps], about 0..1.
  void shape(std::span<const double> bumps, std::span<float> heights) const;
  // Those of an episode of a world. Depends on its arguments alone.
  void draw(std::uint64_t seed, std::uint32_t world, std::uint32_t episode, std::span<float> heights) const;

 private:
  Eigen::MatrixXd bowl_;    // [resolution][resolution]
  Eigen::MatrixXd spread_;  // [resolution][num_bumps] from bumps along a line to heights there
};

}  // namespace lockstep::envs
