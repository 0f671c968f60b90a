// Fields of the state of tasks with many hinges: their ranges, and speeds named after them.
#pragma once

#include "envs/task_facts.h"

#include <cstddef>

namespace lockstep::envs {

// A hinge as the model file states it.
struct HingeField {
  const char* name;
  double low, high;  // degrees
};

// The names of the hinges' speeds: "knee" becomes "knee_dot".
template <std::size_t n>
struct SpeedNames {
  char text[n][24] = {};

  constexpr explicit SpeedNames(const HingeField (&hinges)[n]) {
    for (std::size_t i = 0; i < n; ++i) {
      char* end = text[i];
      for (const char* c = hinges[i].name; *c != '\0'; ++c) *end++ = *c;
      for (const char* c = "_dot"; *c != '\0'; ++c) *end++ = *c;
    }
  }
};

// Writes the fields of a free joint's position or speed from `first` on.
template <class Fields>
constexpr void name_free_position(Fields& fields, std::size_t first) {
  constexpr const char* kNames[] = {"x", "y", "z", "quat_w", "quat_x", "quat_y", "quat_z"};
  for (std::size_t i = 0; i < 7; ++i) fields[first + i].name = kNames[i];
}
template <class Fields>
constexpr void name_free_speed(Fields& fields, std::size_t first) {
  constexpr const char* kNames[] = {"x_dot", "y_dot", "z_dot", "spin_x", "spin_y", "spin_z"};
  for (std::size_t i = 0; i < 6; ++i) fields[first + i].name = kNames[i];
}
// The same for a ball that moves freely.
template <class Fields>
constexpr void name_ball(Fields& fields, std::size_t position, std::size_t speed) {
  constexpr const char* kPlace[] = {"ball_x",      "ball_y",      "ball_z",     "ball_quat_w",
                                    "ball_quat_x", "ball_quat_y", "ball_quat_z"};
  constexpr const char* kRates[] = {"ball_x_dot",  "ball_y_dot",  "ball_z_dot",
                                    "ball_spin_x", "ball_spin_y", "ball_spin_z"};
  for (std::size_t i = 0; i < 7; ++i) fields[position + i].name = kPlace[i];
  for (std::size_t i = 0; i < 6; ++i) fields[speed + i].name = kRates[i];
}

// Writes the hinges' angles from `position` on and their speeds from `speed` on.
template <class Fields, std::size_t n>
constexpr void name_hinges(Fields& fields, const HingeField (&hinges)[n], const SpeedNames<n>& speeds,
                           std::size_t position, std::size_t speed) {
  for (std::size_t i = 0; i < n; ++i) {
    fields[position + i] = {.name = hinges[i].name, .low = hinges[i].low * kDegree, .high = hinges[i].high * kDegree};
    fields[speed + i].name = speeds.text[i];
  }
}

// Writes the fields of a free robot: its place, its hinges, their speeds from `speeds` on, and one filtered control for
// each action from `activations` on.
template <class Fields, std::size_t n, std::size_t actions>
constexpr void name_robot(Fields& fields, const HingeField (&hinges)[n], const SpeedNames<n>& speed_names,
                          std::size_t speeds, const ActionField (&action)[actions], std::size_t activations) {
  name_free_position(fields, 0);
  name_free_speed(fields, speeds);
  name_hinges(fields, hinges, speed_names, 7, speeds + 6);
  for (std::size_t i = 0; i < actions; ++i) fields[activations + i].name = action[i].name;
}

}  // namespace lockstep::envs
