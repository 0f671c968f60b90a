// The planar arm with a hand of dm_control's manipulator and stacker: its fields, kinematics, observations and starts.
// Values from dm_control 1.0.50, suite/manipulator and suite/stacker.
//   state [root, shoulder, elbow, wrist, thumb, thumbtip, finger, fingertip (rad), of each object x, z (m), angle
//   (rad)] and their speeds; action: share of the largest torque
#pragma once

#include "envs/hinge_fields.h"
#include "envs/random_joints.h"
#include "envs/task.h"

namespace lockstep::envs::planar_arm {

inline constexpr int kJoints = 8, kActions = 5, kObservations = 33, kTouch = 5;
inline constexpr HingeField kHinges[kJoints] = {{"root", -180, 180},  {"shoulder", -160, 160}, {"elbow", -160, 160},
                                                {"wrist", -140, 140}, {"thumb", -10, 60},      {"thumbtip", -40, 20},
                                                {"finger", -10, 60},  {"fingertip", -40, 20}};
inline constexpr SpeedNames<kJoints> kSpeedNames{kHinges};
inline constexpr ActionField kAction[kActions] = {
    {"root", -1, 1}, {"shoulder", -1, 1}, {"elbow", -1, 1}, {"wrist", -1, 1}, {"grasp", -1, 1}};
// What its tasks read: touch (N), and how many contacts there are.
inline constexpr SensedField kSensors[] = {{"own", "", "palm_touch", 1},     {"own", "", "finger_touch", 1},
                                           {"own", "", "thumb_touch", 1},    {"own", "", "fingertip_touch", 1},
                                           {"own", "", "thumbtip_touch", 1}, {"array", "", "ncon", 1}};
inline constexpr int kSensed = kTouch + 1;
inline constexpr const char* kObservation[kObservations] = {
    "sin(root)",  "cos(root)",    "sin(shoulder)", "cos(shoulder)",   "sin(elbow)",     "cos(elbow)",
    "sin(wrist)", "cos(wrist)",   "sin(finger)",   "cos(finger)",     "sin(fingertip)", "cos(fingertip)",
    "sin(thumb)", "cos(thumb)",   "sin(thumbtip)", "cos(thumbtip)",   "root_dot",       "shoulder_dot",
    "elbow_dot",  "wrist_dot",    "finger_dot",    "fingertip_dot",   "thumb_dot",      "thumbtip_dot",
    "palm_touch", "finger_touch", "thumb_touch",   "fingertip_touch", "thumbtip_touch", "hand_x",
    "hand_z",     "hand_qw",      "hand_qy"};

// Writes the arm's fields; `speeds` is where those of speeds begin.
template <class Fields>
constexpr void name_arm(Fields& fields, std::size_t speeds) {
  name_hinges(fields, kHinges, kSpeedNames, 0, speeds);
  fields[0] = {.name = kHinges[0].name, .is_angle = true};
}

// The hand: how far it is turned against the y axis (rad), that angle's sine and cosine, where its wrist is (m).
template <class T>
struct Hand {
  T angle, s, c, x, z;
};
template <class T>
LS_FN Hand<T> hand(const T* qpos) {
  constexpr double kLengths[] = {0.18, 0.15, 0.12};
  Hand<T> h{T(0), T(0), T(1), T(0), T(0.4)};
  for (int link = 0; link < 4; ++link) {
    h.angle += qpos[link];
    kernels::sine_cosine(h.angle, h.s, h.c);
    if (link == 3) break;
    h.x = h.x - T(kLengths[link]) * h.s;
    h.z += T(kLengths[link]) * h.c;
  }
  return h;
}
// A place in the hand, `out` (m) from its wrist: the grasp is 0.065 m out, the pinch 0.09 m.
template <class T>
LS_FN void place_in_hand(const Hand<T>& h, double out, T (&place)[2]) {
  place[0] = h.x - T(out) * h.s;
  place[1] = h.z + T(out) * h.c;
}
inline constexpr double kGrasp = 0.065, kPinch = 0.09;

// The distance (m) of two places of the plane; targets stand 1 mm behind it.
template <class T>
LS_FN T distance(const T (&a)[2], const T (&b)[2], double behind) {
  const T dx = a[0] - b[0], dz = a[1] - b[1];
  return kernels::square_root(dx * dx + dz * dz + T(behind * behind));
}
inline constexpr double kBehind = 0.001;  // m

// Joints as sine and cosine, speeds, touch as ln(1 + force (N)), the hand's place and quaternion. The fingers' joints
// come in another order than in the state.
template <class T>
LS_FN void observe(const T* qpos, const T* qvel, const T* touch, T* observation) {
  constexpr int kOrder[kJoints] = {0, 1, 2, 3, 6, 7, 4, 5};
  for (int i = 0; i < kJoints; ++i) {
    kernels::sine_cosine(qpos[kOrder[i]], observation[2 * i], observation[2 * i + 1]);
    observation[16 + i] = qvel[kOrder[i]];
  }
  for (int i = 0; i < kTouch; ++i) observation[24 + i] = kernels::logarithm(T(1) + touch[i]);
  const Hand<T> h = hand(qpos);
  observation[29] = h.x;
  observation[30] = h.z;
  kernels::sine_cosine(T(-0.5) * h.angle, observation[32], observation[31]);
}

// An object's place and quaternion, from its x, z and angle about the y axis.
template <class T>
LS_FN void observe_object(const T* qpos, T* observation) {
  observation[0] = qpos[0];
  observation[1] = qpos[1];
  kernels::sine_cosine(T(0.5) * qpos[2], observation[3], observation[2]);
}

// Joints anywhere in their ranges, the finger as the thumb: draws 0 ... 7.
template <class T>
LS_FN void draw_arm(const ResetDraw<T>& draw, T* qpos) {
  for (std::uint32_t i = 0; i < kJoints; ++i) {
    qpos[i] = draw.uniform(i, kHinges[i].low * kDegree, kHinges[i].high * kDegree);
  }
  qpos[6] = qpos[4];
}
// Whether nothing touches: the starts that the suite accepts.
template <class T>
LS_FN kernels::MaskOf<T> is_apart(const T* sensed) {
  return sensed[kTouch] < T(0.5);
}

// Squared distances (per 0.01 m^2) of an object from its target and of the hand's grasp from the object: of planning
// costs.
template <class T>
LS_FN T bringing_cost(const T* qpos, const T* object, T target_x, T target_z) {
  T grasp[2];
  place_in_hand(hand(qpos), kGrasp, grasp);
  const T target[2] = {target_x, target_z};
  T cost = T(0);
  for (int i = 0; i < 2; ++i) {
    const T left = object[i] - target[i], reach = grasp[i] - object[i];
    cost += T(100) * left * left + T(30) * reach * reach;
  }
  return cost;
}

}  // namespace lockstep::envs::planar_arm
