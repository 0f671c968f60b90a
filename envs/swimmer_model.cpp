// Adds the segments of a swimmer through MuJoCo's mjSpec.
#include "envs/swimmer_model.h"

#include <string>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep::envs {
namespace {

mjsBody& add_segment(mjSpec& spec, mjsBody& parent, int segment, double range_degrees) {
  const mjsDefault* const segment_class = mjs_findDefault(&spec, "swimmer");
  const auto name = [&](const char* kind) { return fmt::format("{}_{}", kind, segment); };
  mjsBody& body = *mjs_addBody(&parent, segment_class);
  mjs_setName(body.element, name("segment").c_str());
  body.pos[1] = 0.1;
  for (const char* const kind : {"visual", "inertial"}) {
    mjsGeom& geom = *mjs_addGeom(&body, mjs_findDefault(&spec, kind));
    mjs_setName(geom.element, name(kind).c_str());
  }
  mjs_setName(mjs_addSite(&body, segment_class)->element, name("site").c_str());
  mjsJoint& joint = *mjs_addJoint(&body, segment_class);
  mjs_setName(joint.element, name("joint").c_str());
  joint.range[0] = -range_degrees;
  joint.range[1] = range_degrees;
  mjsActuator& motor = *mjs_addActuator(&spec, nullptr);
  mjs_setName(motor.element, name("motor").c_str());
  mjs_setString(motor.target, name("joint").c_str());
  motor.trntype = mjTRN_JOINT;
  return body;
}

}  // namespace

void add_swimmer_segments(mjSpec& spec, int bodies) {
  mjsBody* parent = mjs_findBody(&spec, "head");
  for (int segment = 0; segment < bodies - 1 && parent != nullptr; ++segment) {
    parent = &add_segment(spec, *parent, segment, 360.0 / bodies);
  }
}

}  // namespace lockstep::envs
