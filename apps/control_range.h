// What a random control of an actuator is drawn from.
#pragma once

struct mjModel_;

namespace lockstep::apps {

struct ControlRange {
  double low = -1, high = 1, home = 0;  // in the control's unit; home: what holds the model's first pose
};

// The control's own range; where it has none, a quarter of its force limit each way for a position servo with such a
// limit (mjlab's scale of actions), else [-1, 1], about home: the first keyframe's control, 0 without.
[[nodiscard]] ControlRange control_range(const mjModel_& model, int control);

}  // namespace lockstep::apps
