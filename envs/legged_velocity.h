// Robots on legs that follow commanded velocities on flat ground, after mjlab's velocity tasks (mjlab 1.6.0,
// tasks/velocity): what all robots share. A `Robot` lists its joints, feet and the numbers that mjlab sets per robot.
//   state   qpos [place (m), quaternion, joints (rad)], qvel, and of the episode: command (m/s, m/s, rad/s), heading
//   that
//           it shall keep (rad), whether it has one, whether it shall stand, seconds until the next command and push,
//           the last two actions, and of each foot seconds in the air, seconds on the ground, height of its swing (m)
// A robot says which of its sensors (`kFootNumbers` for each foot: place, velocity, ...; then `kOtherNumbers`) tell how
// far a foot is from the ground, how it is tilted, and what else is weighed.
//   action  moves the servos' set-points from the first pose: 1 is a quarter of what holds the largest torque
// Forces are not looked at: mjlab's soft_landing and self_collisions are left out.
#pragma once

#include "envs/random_joints.h"
#include "envs/step_draw.h"
#include "envs/task.h"
#include "envs/task_options.h"

#include <array>
#include <cstddef>

namespace lockstep::envs::legged_velocity {

inline constexpr double kPi = 3.141592653589793238;
inline constexpr double kStep = 0.02;     // s of an env step
inline constexpr double kMostAction = 3;  // larger actions are cut off
inline constexpr double kFallen = 0.342;  // cosine of 70 degrees
inline constexpr double kActive = 0.05;   // smaller commands (m/s + rad/s) ask the robot to stand
inline constexpr double kSwing = 0.1;     // m, height of a swinging foot

// What all robots can be told.
inline constexpr std::array<OptionField, 20> kOfAllRobots{
    {range_option("command_x", -1, 1, "m/s, commanded along the robot"),
     range_option("command_y", -1, 1, "m/s, commanded to its left"),
     range_option("command_turn", -0.5, 0.5, "rad/s"),
     range_option("command_seconds", 3, 8, "until the next command"),
     number_option("standing_share", 0.1, "of commands that ask to stand", 0, 1),
     number_option("heading_share", 0.3, "of commands that ask to keep a heading", 0, 1),
     number_option("forward_share", 0.2, "of commands straight ahead, of at least 0.3 m/s", 0, 1),
     range_option("push_seconds", 1, 3, "between pushes"),
     number_option("push", 1, "of mjlab's pushes: 0.5 m/s along, 0.4 up, 0.52 rad/s of tilt, 0.78 of turn; 0: none", 0,
                   10),
     number_option("track_velocity_weight", 2, "of following the commanded velocity"),
     number_option("track_turn_weight", 2, "of following the commanded turn"),
     number_option("upright_weight", 1, "of standing upright"),
     number_option("pose_weight", 1, "of joints near the first pose"),
     number_option("limits_weight", -1, "of radians beyond the soft limits of joints"),
     number_option("action_rate_weight", -0.1, "of the squared change of the action"),
     number_option("torque_weight", 0, "of the squared torques (N^2 m^2)"),
     number_option("air_time_weight", 0, "of feet 0.05 s to 0.5 s in the air, at commands above 0.5"),
     number_option("clearance_weight", -2, "of feet that move across the ground at another height than 0.1 m"),
     number_option("swing_weight", -0.25, "of swings that reached another height than 0.1 m"),
     number_option("slip_weight", -0.1, "of squared speeds of feet on the ground (m^2/s^2)")}};
// These, and what one robot can be told besides.
template <std::size_t kCount>
constexpr std::array<OptionField, kOfAllRobots.size() + kCount> options_with(const OptionField (&own)[kCount]) {
  std::array<OptionField, kOfAllRobots.size() + kCount> all{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = i < kOfAllRobots.size() ? kOfAllRobots[i] : own[i - kOfAllRobots.size()];
  }
  return all;
}

// A servo (N m/rad, N m s/rad, N m): an oscillator of 10 Hz with damping ratio 2 on the rotors' inertia (kg m^2).
struct Servo {
  double stiffness, damping, torque;
};
constexpr Servo servo(double armature, double torque) {
  constexpr double kFrequency = 10 * 2 * 3.1415926535;  // rad/s, as mjlab writes it
  return {armature * kFrequency * kFrequency, 4 * armature * kFrequency, torque};
}
// Ends of a joint's range and its angle in the first pose (rad), tolerances of the pose standing, walking and running.
struct Joint {
  const char *name, *speed;
  double low, high, first, standing, walking, running;
  Servo servo;
};

constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }

template <class T>
struct Vector {
  T x, y, z;
};

template <class Robot>
struct Variant {
  static constexpr int kJoints = Robot::kJoints, kFeet = Robot::kFeet;
  static constexpr int kActions = kJoints, kOthers = Robot::kFootNumbers * kFeet;
  static constexpr int kSensed = kOthers + Robot::kOtherNumbers, kBefore = 0;
  static constexpr int kQvel = 7 + kJoints, kHeld = kQvel + 6 + kJoints;
  // Where the numbers of an episode stand in the state.
  static constexpr int kCommand = kHeld, kHeading = kHeld + 3, kKeepsHeading = kHeld + 4, kStands = kHeld + 5;
  static constexpr int kCommandLeft = kHeld + 6, kPushLeft = kHeld + 7, kLast = kHeld + 8,
                       kBeforeLast = kLast + kJoints;
  static constexpr int kAir = kBeforeLast + kJoints, kGround = kAir + kFeet, kPeak = kGround + kFeet;
  static constexpr int kStates = kPeak + kFeet, kHeldNumbers = kStates - kHeld;
  static constexpr int kObservations = 12 + 3 * kJoints;

  static constexpr Facts facts(const char* name, const char* suite_name, const char* summary) {
    return {.name = name,
            .suite_name = suite_name,
            .summary = summary,
            .source = "after mjlab 1.6.0, velocity task on flat ground",
            .model = Robot::kModel,
            .nq = 7 + kJoints,
            .nv = 6 + kJoints,
            .discrete_actions = 0,
            .control_timestep = kStep,
            .physics_steps = 4,
            .episode_steps = 1000,
            .success_return = 60,
            .nheld = kHeldNumbers,
            .robot = Robot::kName,
            .servo_scale = 0.25,
            .servo_range = kMostAction,
            .randomise = Robot::kRandomise};
  }
  static constexpr const auto& kOptions = Robot::kOptions;
  using Options = OptionsOf<Robot::kOptions>;
  static constexpr std::array<StateField, kStates> kState = [] {
    constexpr const char* kRoot[] = {"x", "y", "z", "quat_w", "quat_x", "quat_y", "quat_z"};
    constexpr const char* kSpeed[] = {"x_dot", "y_dot", "z_dot", "spin_x", "spin_y", "spin_z"};
    constexpr const char* kEpisode[] = {"command_x",     "command_y", "command_turn", "heading",
                                        "keeps heading", "stands",    "command left", "push left"};
    std::array<StateField, kStates> fields{};
    for (int i = 0; i < 7; ++i) fields[at(i)].name = kRoot[i];
    for (int i = 0; i < 6; ++i) fields[at(kQvel + i)].name = kSpeed[i];
    for (int i = 0; i < 8; ++i) fields[at(kHeld + i)].name = kEpisode[i];
    for (int i = 0; i < kJoints; ++i) {
      fields[at(7 + i)] = {.name = Robot::kJoint[i].name, .low = Robot::kJoint[i].low, .high = Robot::kJoint[i].high};
      fields[at(kQvel + 6 + i)].name = Robot::kJoint[i].speed;
      fields[at(kLast + i)].name = "last action";
      fields[at(kBeforeLast + i)].name = "action before";
    }
    for (int i = 0; i < kFeet; ++i) {
      fields[at(kAir + i)].name = "seconds in the air";
      fields[at(kGround + i)].name = "seconds on the ground";
      fields[at(kPeak + i)].name = "height of swing";
    }
    return fields;
  }();
  static constexpr std::array<ActionField, kActions> kAction = [] {
    std::array<ActionField, kActions> fields{};
    for (int i = 0; i < kActions; ++i) {
      fields[at(i)] = {Robot::kJoint[Robot::kActuated[i]].name, -kMostAction, kMostAction};
    }
    return fields;
  }();
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    constexpr const char* kBase[] = {"velocity_x", "velocity_y", "velocity_z", "spin_x", "spin_y",
                                     "spin_z",     "down_x",     "down_y",     "down_z"};
    std::array<const char*, kObservations> names{};
    for (int i = 0; i < 9; ++i) names[at(i)] = kBase[i];
    for (int i = 0; i < kJoints; ++i) {
      names[at(9 + i)] = Robot::kJoint[i].name;
      names[at(9 + kJoints + i)] = Robot::kJoint[i].speed;
      names[at(9 + 2 * kJoints + i)] = "last action";
    }
    for (int i = 0; i < 3; ++i) names[at(9 + 3 * kJoints + i)] = kState[at(kCommand + i)].name;
    return names;
  }();
  // Half widths of the noise on what is observed; the wrapping `observation_noise` scales them.
  static constexpr std::array<double, kObservations> kObservationNoise = [] {
    std::array<double, kObservations> noise{};
    for (int i = 0; i < 9; ++i) noise[at(i)] = i < 3 ? 0.5 : i < 6 ? 0.2 : 0.05;
    for (int i = 0; i < kJoints; ++i) {
      noise[at(9 + i)] = 0.01;
      noise[at(9 + kJoints + i)] = 1.5;
    }
    return noise;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // A vector of the world in the axes of the robot.
  template <class T>
  LS_FN static Vector<T> in_robot(const T (&x)[kStates], Vector<T> v) {
    const T w = x[3], a = x[4], b = x[5], c = x[6], two = T(2);
    return {(T(1) - two * (b * b + c * c)) * v.x + two * (a * b + w * c) * v.y + two * (a * c - w * b) * v.z,
            two * (a * b - w * c) * v.x + (T(1) - two * (a * a + c * c)) * v.y + two * (b * c + w * a) * v.z,
            two * (a * c + w * b) * v.x + two * (b * c - w * a) * v.y + (T(1) - two * (a * a + b * b)) * v.z};
  }
  template <class T>
  LS_FN static Vector<T> velocity(const T (&x)[kStates]) {
    return in_robot(x, Vector<T>{x[kQvel], x[kQvel + 1], x[kQvel + 2]});
  }
  template <class T>
  LS_FN static Vector<T> down(const T (&x)[kStates]) {
    return in_robot(x, Vector<T>{T(0), T(0), T(-1)});
  }
  // |command along| + |command to turn|.
  template <class T>
  LS_FN static T asked(const T (&x)[kStates]) {
    const T cx = x[kCommand], cy = x[kCommand + 1];
    return kernels::square_root(cx * cx + cy * cy) + kernels::absolute(x[kCommand + 2]);
  }
  template <class T>
  LS_FN static T off_pose(const T (&x)[kStates], int joint) {
    return x[7 + joint] - T(Robot::kJoint[joint].first);
  }

  // Velocity at the inertial sensor, spin, direction of gravity, joints and their speeds, last action, command.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    const T* const spin = now.x + kQvel + 3;
    const Vector<T> v = velocity(now.x), g = down(now.x);
    const T rx = T(Robot::kSensorPlace[0]), ry = T(Robot::kSensorPlace[1]), rz = T(Robot::kSensorPlace[2]);
    observation[0] = v.x + spin[1] * rz - spin[2] * ry;
    observation[1] = v.y + spin[2] * rx - spin[0] * rz;
    observation[2] = v.z + spin[0] * ry - spin[1] * rx;
    for (int i = 0; i < 3; ++i) {
      observation[3 + i] = spin[i];
      observation[9 + 3 * kJoints + i] = now.x[kCommand + i];
    }
    observation[6] = g.x;
    observation[7] = g.y;
    observation[8] = g.z;
    for (int i = 0; i < kJoints; ++i) {
      observation[9 + i] = off_pose(now.x, i);
      observation[9 + kJoints + i] = now.x[kQvel + 6 + i];
      observation[9 + 2 * kJoints + i] = now.x[kLast + i];
    }
  }

  // Feet: how high they are (m), how fast across the ground (squared, m^2/s^2).
  template <class T>
  LS_FN static T height(const Now<T>& now, int foot) {
    return now.sensed[Robot::kFootNumbers * foot + 2];
  }
  template <class T>
  LS_FN static T square_speed(const Now<T>& now, int foot) {
    const T* const v = now.sensed + Robot::kFootNumbers * foot + 3;
    return v[0] * v[0] + v[1] * v[1];
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> on_ground(const Now<T>& now, int foot) {
    return Robot::clearance(now.sensed + Robot::kFootNumbers * foot) < T(0);
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> just_landed(const Now<T>& now, int foot) {
    return (now.x[kGround + foot] > T(0)) && (now.x[kGround + foot] < T(1.5 * kStep));
  }

  // What a step changes of the episode's numbers before it is rewarded.
  template <class T>
  LS_FN static void follow(Now<T>& now, const T (&action)[kActions]) {
    using kernels::select;
    for (int i = 0; i < kJoints; ++i) {
      now.x[kBeforeLast + i] = now.x[kLast + i];
      now.x[kLast + i] = action[i];
    }
    for (int foot = 0; foot < kFeet; ++foot) {
      const auto ground = on_ground(now, foot);
      now.x[kAir + foot] = select(ground, T(0), now.x[kAir + foot] + T(kStep));
      now.x[kGround + foot] = select(ground, now.x[kGround + foot] + T(kStep), T(0));
      const T peak = now.x[kPeak + foot];
      now.x[kPeak + foot] = select(ground, peak, kernels::maximum(peak, height(now, foot)));
    }
  }

  template <class T>
  LS_FN static T tracking(const Now<T>& now) {
    const Options options(now.options);
    const Vector<T> v = velocity(now.x);
    const T ex = now.x[kCommand] - v.x, ey = now.x[kCommand + 1] - v.y;
    const T turn = now.x[kCommand + 2] - now.x[kQvel + 5], wx = now.x[kQvel + 3], wy = now.x[kQvel + 4];
    return T(options["track_velocity_weight"]) * kernels::exponential((ex * ex + ey * ey + v.z * v.z) * T(-1 / 0.25)) +
           T(options["track_turn_weight"]) * kernels::exponential((turn * turn + wx * wx + wy * wy) * T(-1 / 0.5)) +
           T(options["upright_weight"]) *
               kernels::exponential(Robot::tilt(down(now.x), now.sensed + kOthers) * T(-1 / 0.2));
  }
  template <class T>
  LS_FN static T postures(const Now<T>& now) {
    const Options options(now.options);
    const T ask = asked(now.x);
    T deviation = T(0), beyond = T(0), rate = T(0), torques = T(0);
    for (int i = 0; i < kJoints; ++i) {
      const auto& joint = Robot::kJoint[i];
      const T off = off_pose(now.x, i);
      const T tolerance = kernels::select(ask < T(kActive), T(joint.standing),
                                          kernels::select(ask < T(1.5), T(joint.walking), T(joint.running)));
      deviation += (off * off) / (tolerance * tolerance);
      const double middle = (joint.low + joint.high) / 2, reach = 0.9 * (joint.high - joint.low) / 2;
      beyond += kernels::maximum(T(middle - reach) - now.x[7 + i], T(0)) +
                kernels::maximum(now.x[7 + i] - T(middle + reach), T(0));
    }
    for (int i = 0; i < kJoints; ++i) {
      const T change = now.x[kLast + i] - now.x[kBeforeLast + i];
      rate += change * change;
      const T torque = torque_of(now.x, i);
      torques += torque * torque;
    }
    return T(options["pose_weight"]) * kernels::exponential(deviation * T(-1.0 / kJoints)) +
           T(options["limits_weight"]) * beyond + T(options["action_rate_weight"]) * rate +
           T(options["torque_weight"]) * torques;
  }
  // Of one servo, at the present state (N m).
  template <class T>
  LS_FN static T torque_of(const T (&x)[kStates], int actuator) {
    const int joint = Robot::kActuated[actuator];
    const auto& servo = Robot::kJoint[joint].servo;
    const double scale = 0.25 * servo.torque / servo.stiffness;
    const T wanted = T(servo.stiffness) * (T(scale) * x[kLast + actuator] - off_pose(x, joint)) -
                     T(servo.damping) * x[kQvel + 6 + joint];
    return kernels::clamp(wanted, T(-servo.torque), T(servo.torque));
  }
  template <class T>
  LS_FN static T steps(const Now<T>& now) {
    const Options options(now.options);
    using kernels::select;
    const T ask = asked(now.x);
    T air = T(0), clearance = T(0), swing = T(0), slip = T(0);
    for (int foot = 0; foot < kFeet; ++foot) {
      const T square = square_speed(now, foot), seconds = now.x[kAir + foot];
      air += select((seconds > T(0.05)) && (seconds < T(0.5)), T(1), T(0));
      clearance += kernels::absolute(height(now, foot) - T(kSwing)) * kernels::square_root(square);
      const T error = now.x[kPeak + foot] * T(1 / kSwing) - T(1);
      swing += select(just_landed(now, foot), error * error, T(0));
      slip += select(on_ground(now, foot), square, T(0));
    }
    const T moves = T(options["clearance_weight"]) * clearance + T(options["swing_weight"]) * swing +
                    T(options["slip_weight"]) * slip;
    return select(ask > T(0.5), T(options["air_time_weight"]) * air, T(0)) + select(ask > T(kActive), moves, T(0));
  }
  // The weighed terms, per second.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    const T own = Robot::own_terms(Options(now.options), now.sensed + kOthers);
    return T(kStep) * (tracking(now) + postures(now) + steps(now) + own);
  }

  // Fallen: tilted by 70 degrees.
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    return down(now.x).z > T(-kFallen);
  }

  // A new command from six draws in [0, 1).
  template <class T, class Draw>
  LS_FN static void command(const OptionValues* values, Draw&& share, T (&x)[kStates], kernels::MaskOf<T> wanted) {
    using kernels::select;
    const Options options(values);
    const auto between = [&](T at, double low, double high) { return T(low) + T(high - low) * at; };
    const auto forward = share(5) < T(options["forward_share"]), keeps = share(3) < T(options["heading_share"]);
    T along = between(share(0), options.low("command_x"), options.high("command_x"));
    along = select(forward, kernels::maximum(kernels::absolute(along), T(0.3)), along);
    const T across = between(share(1), options.low("command_y"), options.high("command_y"));
    const T turn = between(share(2), options.low("command_turn"), options.high("command_turn"));
    const auto set = [&](int place, T value) { x[place] = select(wanted, value, x[place]); };
    set(kCommand, along);
    set(kCommand + 1, select(forward, T(0), across));
    set(kCommand + 2, select(forward, T(0), turn));
    set(kHeading, between(share(6), -kPi, kPi));
    set(kKeepsHeading, select(keeps, T(1), T(0)));
    set(kStands, select(share(4) < T(options["standing_share"]), T(1), T(0)));
    set(kCommandLeft, between(share(7), options.low("command_seconds"), options.high("command_seconds")));
  }
  // What follows from a command and the present heading.
  template <class T>
  LS_FN static void keep_command(const OptionValues* values, T (&x)[kStates]) {
    using kernels::select;
    const Options options(values);
    const T heading =
        kernels::arctangent2(T(2) * (x[3] * x[6] + x[4] * x[5]), T(1) - T(2) * (x[5] * x[5] + x[6] * x[6]));
    T error = x[kHeading] - heading;
    error = error - T(2 * kPi) * kernels::nearest(error * T(1 / (2 * kPi)));
    const T turn = kernels::clamp(T(0.5) * error, T(options.low("command_turn")), T(options.high("command_turn")));
    x[kCommand + 2] = select(x[kKeepsHeading] > T(0), turn, x[kCommand + 2]);
    for (int i = 0; i < 3; ++i) x[kCommand + i] = select(x[kStands] > T(0), T(0), x[kCommand + i]);
  }

  // What happens between two steps: swings are counted anew, commands change, the robot is pushed.
  template <class T>
  LS_FN static void evolve(Now<T>& now, const StepDraw<T>& draw) {
    T(&x)[kStates] = now.x;
    for (int foot = 0; foot < kFeet; ++foot) {
      x[kPeak + foot] = kernels::select(just_landed(now, foot), T(0), x[kPeak + foot]);
    }
    x[kCommandLeft] = x[kCommandLeft] - T(kStep);
    const auto is_due = x[kCommandLeft] <= T(0);
    if (kernels::any(is_due)) {
      command(
          now.options, [&](std::uint32_t i) { return draw.uniform(is_due, i, 0, 1); }, x, is_due);
    }
    keep_command(now.options, x);
    const Options options(now.options);
    x[kPushLeft] = x[kPushLeft] - T(kStep);
    const auto pushed = x[kPushLeft] <= T(0);
    if (!kernels::any(pushed)) return;
    constexpr double kPush[6] = {0.5, 0.5, 0.4, 0.52, 0.52, 0.78};
    T kick[6];
    for (std::uint32_t i = 0; i < 6; ++i) {
      kick[i] = T(options["push"]) * draw.uniform(pushed, 8 + i, -kPush[i], kPush[i]);
    }
    const Vector<T> spin = in_robot(x, Vector<T>{kick[3], kick[4], kick[5]});
    for (int i = 0; i < 3; ++i) x[kQvel + i] = x[kQvel + i] + kick[i];
    x[kQvel + 3] = x[kQvel + 3] + spin.x;
    x[kQvel + 4] = x[kQvel + 4] + spin.y;
    x[kQvel + 5] = x[kQvel + 5] + spin.z;
    const T wait = draw.uniform(pushed, 14, options.low("push_seconds"), options.high("push_seconds"));
    x[kPushLeft] = kernels::select(pushed, wait, x[kPushLeft]);
  }

  // The first pose, a little above the ground, turned anyhow; the first command.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) x[i] = T(0);
    x[0] = draw.uniform(0, -0.5, 0.5);
    x[1] = draw.uniform(1, -0.5, 0.5);
    x[2] = T(Robot::kHeight) + draw.uniform(2, 0.01, 0.05);
    T sine, cosine;
    kernels::sine_cosine(draw.uniform(3, -3.14 / 2, 3.14 / 2), sine, cosine);
    x[3] = cosine;
    x[6] = sine;
    for (int i = 0; i < kJoints; ++i) x[7 + i] = T(Robot::kJoint[i].first);
    const Options options(draw.options);
    x[kPushLeft] = draw.uniform(4, options.low("push_seconds"), options.high("push_seconds"));
    command(
        draw.options, [&](std::uint32_t i) { return draw.uniform(6 + i, 0, 1); }, x, kernels::MaskOf<T>(true));
    keep_command(draw.options, x);
  }

  // Planning cost: squared errors of velocity, turn, height and tilt; joints off the first pose, their speeds, actions.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const Vector<T> v = velocity(x), g = down(x);
    const T ex = v.x - x[kCommand], ey = v.y - x[kCommand + 1], turn = x[kQvel + 5] - x[kCommand + 2];
    const T low = x[2] - T(Robot::kHeight);
    T cost = ex * ex + ey * ey + T(0.5) * v.z * v.z + T(0.5) * turn * turn + T(20) * low * low +
             T(4) * (g.x * g.x + g.y * g.y) + T(0.05) * (x[kQvel + 3] * x[kQvel + 3] + x[kQvel + 4] * x[kQvel + 4]);
    for (int i = 0; i < kJoints; ++i) {
      const T off = off_pose(x, i), speed = x[kQvel + 6 + i];
      cost += T(0.1) * off * off + T(0.0005) * speed * speed;
    }
    return cost;
  }
};

}  // namespace lockstep::envs::legged_velocity
