// How far arrays of ours are from MuJoCo's: the largest deviation of each stage over many states.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace lockstep::apps {

// The largest deviation over all states: max |ours - MuJoCo's| / max |MuJoCo's| of one array of one state (absolute
// where MuJoCo's is all zero). Accelerations are compared by the larger of qacc and qacc_smooth: at rest what
// constraints do to them cancels what the other forces do. qfrc_constraint is that of both sides' rows at qacc_smooth.
struct StageDeviation {
  std::string stage;  // MuJoCo's name of the array, with the precision where it is float
  double deviation = 0;
  double allowed = 0;  // above it the stage counts as wrong; infinite where it is reported only

  [[nodiscard]] bool passed() const { return is_judged() ? deviation <= allowed : std::isfinite(deviation); }
  [[nodiscard]] bool is_judged() const { return allowed < std::numeric_limits<double>::infinity(); }
};

// Allowed of a stage that is reported, not judged.
inline constexpr double kReported = std::numeric_limits<double>::infinity();

// An array of MuJoCo's or the kernels'.
[[nodiscard]] inline std::span<const double> numbers(const double* data, std::int64_t count) {
  return {data, static_cast<std::size_t>(count)};
}

[[nodiscard]] double largest_entry(std::span<const double> x);

// max |ours - theirs| over the larger of max |theirs| and least_scale; absolute where both are zero. Keeps
// not-a-number.
[[nodiscard]] double relative_deviation(std::span<const double> ours, std::span<const double> theirs,
                                        double least_scale);

// The value that all but one in a thousand stay below (or are), of one value or more; not-a-number is above all others.
[[nodiscard]] double most_of(std::vector<double> values);

class Deviations {
 public:
  // Whether the contacts of the state at hand are defined only to ccd_tolerance (apps/iterative_contacts.h).
  void set_iterative(bool iterative) { iterative_ = iterative; }

  // Keeps the larger of `deviation` and what is known of the stage.
  void add(const std::string& stage, double deviation, double allowed);
  // Of a stage that contacts have a part in: apart, and not judged, where those are not defined.
  void add_with_contacts(const std::string& stage, double deviation, double allowed);
  // Of a stage that is judged by what all but one value in a thousand stay below; the largest is reported beside it.
  void add_to_distribution(const std::string& stage, double deviation, double allowed);
  // In the order in which stages came, distributions behind the others.
  [[nodiscard]] std::vector<StageDeviation> list() const;

 private:
  struct Distribution {
    std::string stage;
    double allowed = 0;
    std::vector<double> values;
  };
  std::vector<StageDeviation> list_;
  std::vector<Distribution> distributions_;
  bool iterative_ = false;
};

}  // namespace lockstep::apps
