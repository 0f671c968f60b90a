// dm_control's humanoid_CMU: what its three tasks share. Values from dm_control 1.0.50, suite/humanoid_CMU.
//   state qpos [x, y, z (m), quaternion, 56 joints (rad)] and qvel; action: share of each joint's largest torque
//   y is up in the frames of the thorax and the limbs
#pragma once

#include "envs/hinge_fields.h"
#include "envs/humanoids.h"
#include "envs/task.h"

#include <array>

namespace lockstep::envs::suite_humanoid_cmu {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, double success_return) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite humanoid_CMU",
          .model = "dm_control/suite/humanoid_CMU.xml",
          .nq = 63,
          .nv = 62,
          .discrete_actions = 0,
          .control_timestep = 0.02,
          .physics_steps = 10,
          .episode_steps = 1000,
          .success_return = success_return};
}

inline constexpr HingeField kHinges[56] = {
    {"lfemurrz", -60, 70},    {"lfemurry", -70, 70},    {"lfemurrx", -160, 20},   {"ltibiarx", 1, 170},
    {"lfootrz", -70, 20},     {"lfootrx", -45, 90},     {"ltoesrx", -90, 20},     {"rfemurrz", -70, 60},
    {"rfemurry", -70, 70},    {"rfemurrx", -160, 20},   {"rtibiarx", 1, 170},     {"rfootrz", -20, 70},
    {"rfootrx", -45, 90},     {"rtoesrx", -90, 20},     {"lowerbackrz", -30, 30}, {"lowerbackry", -30, 30},
    {"lowerbackrx", -20, 45}, {"upperbackrz", -30, 30}, {"upperbackry", -30, 30}, {"upperbackrx", -20, 45},
    {"thoraxrz", -30, 30},    {"thoraxry", -30, 30},    {"thoraxrx", -20, 45},    {"lowerneckrz", -30, 30},
    {"lowerneckry", -30, 30}, {"lowerneckrx", -20, 45}, {"upperneckrz", -30, 30}, {"upperneckry", -30, 30},
    {"upperneckrx", -20, 45}, {"headrz", -30, 30},      {"headry", -30, 30},      {"headrx", -20, 45},
    {"lclaviclerz", 0, 20},   {"lclaviclery", -20, 10}, {"lhumerusrz", -90, 90},  {"lhumerusry", -90, 90},
    {"lhumerusrx", -60, 90},  {"lradiusrx", -10, 170},  {"lwristry", -180, 0},    {"lhandrz", -45, 45},
    {"lhandrx", -90, 90},     {"lfingersrx", 0, 90},    {"lthumbrz", -45, 45},    {"lthumbrx", 0, 90},
    {"rclaviclerz", -20, 0},  {"rclaviclery", -10, 20}, {"rhumerusrz", -90, 90},  {"rhumerusry", -90, 90},
    {"rhumerusrx", -60, 90},  {"rradiusrx", -10, 170},  {"rwristry", -180, 0},    {"rhandrz", -45, 45},
    {"rhandrx", -90, 90},     {"rfingersrx", 0, 90},    {"rthumbrz", -45, 45},    {"rthumbrx", 0, 90}};
inline constexpr SpeedNames<56> kSpeedNames{kHinges};

// kSpeed: m/s to walk or run at; 0: to stand.
template <int kSpeed>
struct Variant : Humanoid<56> {
  static constexpr double kHeight = 1;  // m, of the start's root
  static constexpr int kObservations = kSeen;
  static constexpr auto kSensors = sensors("thorax", {"lhand", "lfoot", "rhand", "rfoot"}, "thorax_subtreelinvel");
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    name_free_position(fields, 0);
    name_free_speed(fields, kSpeeds);
    name_hinges(fields, kHinges, kSpeedNames, 7, kSpeeds + 6);
    return fields;
  }();
  static constexpr ActionField kAction[kActions] = {
      {"headrx", -1, 1},      {"headry", -1, 1},      {"headrz", -1, 1},      {"lclaviclery", -1, 1},
      {"lclaviclerz", -1, 1}, {"lfemurrx", -1, 1},    {"lfemurry", -1, 1},    {"lfemurrz", -1, 1},
      {"lfingersrx", -1, 1},  {"lfootrx", -1, 1},     {"lfootrz", -1, 1},     {"lhandrx", -1, 1},
      {"lhandrz", -1, 1},     {"lhumerusrx", -1, 1},  {"lhumerusry", -1, 1},  {"lhumerusrz", -1, 1},
      {"lowerbackrx", -1, 1}, {"lowerbackry", -1, 1}, {"lowerbackrz", -1, 1}, {"lowerneckrx", -1, 1},
      {"lowerneckry", -1, 1}, {"lowerneckrz", -1, 1}, {"lradiusrx", -1, 1},   {"lthumbrx", -1, 1},
      {"lthumbrz", -1, 1},    {"ltibiarx", -1, 1},    {"ltoesrx", -1, 1},     {"lwristry", -1, 1},
      {"rclaviclery", -1, 1}, {"rclaviclerz", -1, 1}, {"rfemurrx", -1, 1},    {"rfemurry", -1, 1},
      {"rfemurrz", -1, 1},    {"rfingersrx", -1, 1},  {"rfootrx", -1, 1},     {"rfootrz", -1, 1},
      {"rhandrx", -1, 1},     {"rhandrz", -1, 1},     {"rhumerusrx", -1, 1},  {"rhumerusry", -1, 1},
      {"rhumerusrz", -1, 1},  {"rradiusrx", -1, 1},   {"rthumbrx", -1, 1},    {"rthumbrz", -1, 1},
      {"rtibiarx", -1, 1},    {"rtoesrx", -1, 1},     {"rwristry", -1, 1},    {"thoraxrx", -1, 1},
      {"thoraxry", -1, 1},    {"thoraxrz", -1, 1},    {"upperbackrx", -1, 1}, {"upperbackry", -1, 1},
      {"upperbackrz", -1, 1}, {"upperneckrx", -1, 1}, {"upperneckry", -1, 1}, {"upperneckrz", -1, 1}};
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < kObservations; ++i) names[i] = observation_name(kState, i);
    return names;
  }();

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    show(now, observation);
  }

  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    const T* const velocity = now.sensed + kVelocity;
    return humanoid_reward<kSpeed>(now.sensed[2], now.sensed[kAxes + 5], velocity[0], velocity[1], u);
  }

  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    start(draw, kState, kHeight, x);
  }

  // Planning cost: what the root's height (1.1 m standing) and its speed lack, its tilt, and the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T low = T(1.1) - x[2], slow = x[kSpeeds] - T(kSpeed);
    const T ahead = x[3] - x[4], aside = x[5] - x[6];  // both 0 where the root's y axis points up
    return T(10) * low * low + ahead * ahead + aside * aside + T(0.1) * slow * slow;
  }
};

}  // namespace lockstep::envs::suite_humanoid_cmu
