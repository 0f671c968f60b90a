// Builds the chain of dm_control's swimmer onto its model file, as the suite does (dm_control 1.0.50, suite/swimmer).
#pragma once

struct mjSpec_;

namespace lockstep::envs {

// Hangs `bodies` - 1 segments of 0.1 m behind the head, each on a hinge of +-360/bodies degrees with a motor, and with
// a site: segment_0, joint_0, motor_0, site_0 and so on. The file must be the suite's, with its classes of defaults.
void add_swimmer_segments(mjSpec_& spec, int bodies);

}  // namespace lockstep::envs
