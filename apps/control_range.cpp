// Reads range, gain and force limit of the actuator that a control belongs to.
#include "apps/control_range.h"

#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

int actuator_of(const mjModel& m, int control) {
  int actuator = 0;
  while (actuator + 1 < m.nactuator && m.actuator_ctrladr[actuator + 1] <= control) ++actuator;
  return actuator;
}

// How far from its set-point a servo pushes with a quarter of its force limit; 0 where it is no such servo.
double servo_scale(const mjModel& m, int actuator) {
  const double stiffness = m.actuator_gainprm[mjNGAIN * actuator];
  const bool is_servo = m.actuator_gaintype[actuator] == mjGAIN_FIXED &&
                        m.actuator_biastype[actuator] == mjBIAS_AFFINE && stiffness > 0 &&
                        m.actuator_biasprm[mjNBIAS * actuator + 1] == -stiffness;
  if (!is_servo || !m.actuator_forcelimited[actuator]) return 0;
  return 0.25 * m.actuator_forcerange[2 * actuator + 1] / stiffness;
}

}  // namespace

ControlRange control_range(const mjModel& m, int control) {
  const double home = m.nkey > 0 ? m.key_ctrl[control] : 0;
  if (m.actuator_ctrllimited[control] != 0) {
    return {m.actuator_ctrlrange[2 * control], m.actuator_ctrlrange[2 * control + 1], home};
  }
  const double scale = servo_scale(m, actuator_of(m, control)), reach = scale > 0 ? scale : 1;
  return {home - reach, home + reach, home};
}

}  // namespace lockstep::apps
