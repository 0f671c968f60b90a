// Changes the suite's models through MuJoCo's mjSpec: one table of the parts that each task leaves out.
#include "envs/suite_models.h"
#include "engine/error.h"

#include <span>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep::envs {
namespace {

struct Part {
  mjtObj kind;
  const char* name;
};

constexpr Part kQuadrupedMoves[] = {{mjOBJ_GEOM, "wall_px"}, {mjOBJ_GEOM, "wall_py"}, {mjOBJ_GEOM, "wall_nx"},
                                    {mjOBJ_GEOM, "wall_ny"}, {mjOBJ_BODY, "ball"},    {mjOBJ_SITE, "target"},
                                    {mjOBJ_GEOM, "terrain"}};
constexpr Part kQuadrupedEscapes[] = {{mjOBJ_GEOM, "wall_px"}, {mjOBJ_GEOM, "wall_py"}, {mjOBJ_GEOM, "wall_nx"},
                                      {mjOBJ_GEOM, "wall_ny"}, {mjOBJ_BODY, "ball"},    {mjOBJ_SITE, "target"}};
constexpr Part kQuadrupedFetches[] = {{mjOBJ_GEOM, "terrain"}};
constexpr Part kDogMoves[] = {{mjOBJ_BODY, "ball"},    {mjOBJ_GEOM, "target"},  {mjOBJ_CAMERA, "ball"},
                              {mjOBJ_CAMERA, "head"},  {mjOBJ_GEOM, "wall_px"}, {mjOBJ_GEOM, "wall_nx"},
                              {mjOBJ_GEOM, "wall_py"}, {mjOBJ_GEOM, "wall_ny"}};
constexpr Part kBringsBall[] = {
    {mjOBJ_BODY, "peg"}, {mjOBJ_BODY, "target_peg"}, {mjOBJ_BODY, "slot"}, {mjOBJ_BODY, "cup"}};
constexpr Part kBringsPeg[] = {
    {mjOBJ_BODY, "ball"}, {mjOBJ_BODY, "target_ball"}, {mjOBJ_BODY, "slot"}, {mjOBJ_BODY, "cup"}};
constexpr Part kInsertsBall[] = {{mjOBJ_BODY, "peg"}, {mjOBJ_BODY, "target_peg"}, {mjOBJ_BODY, "slot"}};
constexpr Part kInsertsPeg[] = {{mjOBJ_BODY, "ball"}, {mjOBJ_BODY, "target_ball"}, {mjOBJ_BODY, "cup"}};
constexpr Part kStacksTwo[] = {{mjOBJ_BODY, "box2"}, {mjOBJ_BODY, "box3"}};

struct Change {
  std::string_view suite_name;
  std::span<const Part> unused;
  double floor = 0;                  // m, half its side; 0: as it is. It is drawn so; contacts know no end of it
  const char* receptacle = nullptr;  // a body whose place each episode draws
};
constexpr Change kChanges[] = {{"quadruped/walk", kQuadrupedMoves, 10},
                               {"quadruped/run", kQuadrupedMoves, 100},
                               {"quadruped/escape", kQuadrupedEscapes, 40},
                               {"quadruped/fetch", kQuadrupedFetches},
                               {"dog/stand", kDogMoves, 15},
                               {"dog/walk", kDogMoves, 15},
                               {"dog/trot", kDogMoves, 45},
                               {"dog/run", kDogMoves, 135},
                               {"manipulator/bring_ball", kBringsBall},
                               {"manipulator/bring_peg", kBringsPeg},
                               {"manipulator/insert_ball", kInsertsBall, 0, "cup"},
                               {"manipulator/insert_peg", kInsertsPeg, 0, "slot"},
                               {"stacker/stack_2", kStacksTwo}};

mjsElement& find_part(mjSpec& spec, const Part& part, const std::string& file) {
  mjsElement* const element = mjs_findElement(&spec, part.kind, part.name);
  if (element == nullptr) {
    throw Error(fmt::format("this model has no {} '{}', which the suite changes", mju_type2Str(part.kind), part.name),
                file, "use the suite's own model file: run `make setup`, or mend LOCKSTEP_MODELS");
  }
  return *element;
}

}  // namespace

void change_suite_model(mjSpec& spec, std::string_view suite_name, const std::string& file) {
  for (const Change& change : kChanges) {
    if (change.suite_name != suite_name) continue;
    for (const Part& part : change.unused) mjs_delete(&spec, &find_part(spec, part, file));
    if (change.floor > 0) {
      mjsGeom& floor = *mjs_asGeom(&find_part(spec, {mjOBJ_GEOM, "floor"}, file));
      floor.size[0] = floor.size[1] = change.floor;
    }
    if (change.receptacle == nullptr) continue;
    mjs_asBody(&find_part(spec, {mjOBJ_BODY, change.receptacle}, file))->mocap = 1;
    // It stood still in the world, whose floor it may touch: MuJoCo lets what it takes for moving meet it.
    mjsExclude& exclude = *mjs_addExclude(&spec);
    mjs_setString(exclude.bodyname1, "world");
    mjs_setString(exclude.bodyname2, change.receptacle);
  }
}

}  // namespace lockstep::envs
