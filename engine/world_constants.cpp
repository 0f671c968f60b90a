// Packs what differs from world to world again, with the same code that packed the model.
#include "engine/world_constants.h"
#include "engine/constant_packing.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/model_copy.h"
#include "kernels/inverse_weights.h"
#include "kernels/team.h"
#include "kernels/workspace.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

using kernels::ModelConstants;

// MuJoCo skips turns and shifts that were none when the model was compiled, and takes geoms for their body's frame of
// inertia: where such a frame may move, its own numbers count.
void loosen_frames(mjModel& m, const VariedElements& varied) {
  for (int geom = 0; geom < m.ngeom; ++geom) {
    const bool moves = varied.has(Parameter::kGeomPos, geom);
    if (moves || varied.has(Parameter::kBodyIpos, m.geom_bodyid[geom])) m.geom_sameframe[geom] = mjSAMEFRAME_NONE;
  }
  for (int site = 0; site < m.nsite; ++site) {
    if (varied.has(Parameter::kBodyIpos, m.site_bodyid[site])) m.site_sameframe[site] = mjSAMEFRAME_NONE;
  }
  for (int body = 0; body < m.nbody; ++body) {
    if (varied.has(Parameter::kBodyIpos, body)) m.body_sameframe[body] = mjSAMEFRAME_NONE;
  }
}

OwnModel loosened_copy(const mjModel& model, const VariedElements& varied) {
  OwnModel copy = copy_of(model);
  loosen_frames(*copy, varied);
  return copy;
}

VariedParts varied_parts(const VariedElements& varied) {
  const auto list = [&](Parameter parameter) { return varied.of[static_cast<std::size_t>(parameter)]; };
  return {.inertias = varied.has(Parameter::kBodyMass) || varied.has(Parameter::kBodyInertia) ||
                      varied.has(Parameter::kBodyIpos),
          .springs = list(Parameter::kJntStiffness),
          .dampers = list(Parameter::kDofDamping),
          .frictions = list(Parameter::kDofFrictionloss)};
}

[[noreturn]] void refuse(const std::string& what, const std::string& fix) { throw Error(what, "randomise", fix); }

// What no number of a world's could express yet.
void check_reach(const ModelConstants<double>& c, const mjModel& m, const VariedElements& varied) {
  const bool moves_mass = varied_parts(varied).inertias;
  const bool moves_geoms = varied.has(Parameter::kGeomPos) || varied.has(Parameter::kGeomSize);
  if (moves_mass && c.num_fluid_boxes > 0) {
    refuse(
        "body_mass, body_inertia and body_ipos cannot differ from world to world in a fluid, whose drag follows them",
        "set density and viscosity to 0, or leave them out");
  }
  if (moves_geoms && c.num_fluid_ellipsoids > 0) {
    refuse("geom_size and geom_pos cannot differ from world to world in a fluid, whose drag follows them",
           "set density and viscosity to 0, or leave them out");
  }
  for (int a = 0; a < m.nactuator && moves_mass; ++a) {
    const bool scales = m.actuator_gaintype[a] == mjGAIN_MUSCLE && m.actuator_gainprm[mjNGAIN * a + 2] < 0;
    if (!scales) continue;
    refuse("masses cannot differ from world to world where a muscle's strength follows from them (force = -1)",
           "give the muscle a force of its own, or leave masses out");
  }
  for (int sensor = 0; sensor < m.nsensor && moves_geoms; ++sensor) {
    if (m.sensor_type[sensor] != mjSENS_RANGEFINDER) continue;
    refuse("geom_size and geom_pos cannot differ from world to world where a rangefinder sees the geoms",
           "remove the rangefinder, or leave them out");
  }
  for (int geom = 0; geom < m.ngeom; ++geom) {
    const int type = m.geom_type[geom];
    if (!varied.has(Parameter::kGeomSize, geom) || (type != mjGEOM_MESH && type != mjGEOM_HFIELD)) continue;
    refuse(fmt::format("geom_size of {} cannot differ from world to world: it is a mesh or height field",
                       element_label(m, Parameter::kGeomSize, geom)),
           "vary the size of spheres, capsules, ellipsoids, cylinders and boxes");
  }
}

// The radius of a sphere about a geom's centre that holds it; as MuJoCo has it.
double bounding_radius(const mjModel& m, int geom) {
  const mjtNum* s = m.geom_size + 3 * geom;
  switch (m.geom_type[geom]) {
    case mjGEOM_SPHERE:
      return s[0];
    case mjGEOM_CAPSULE:
      return s[0] + s[1];
    case mjGEOM_CYLINDER:
      return std::sqrt(s[0] * s[0] + s[1] * s[1]);
    case mjGEOM_ELLIPSOID:
      return std::max({s[0], s[1], s[2]});
    case mjGEOM_BOX:
      return std::sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2]);
    default:
      return m.geom_rbound[geom];
  }
}

// Where a marker stands in a changed model, in its body's frame, and that body.
std::pair<int, RigidPose> source_pose(const Packing& p, MarkerSource source) {
  switch (source.kind) {
    case MarkerSource::kGeom:
      return {p.m.geom_bodyid[source.id], geom_frame(p.m, source.id)};
    case MarkerSource::kInertia:
      return {source.id, inertial_frame(p.m, source.id)};
    default:
      return {p.tree.links[static_cast<std::size_t>(source.id)].body,
              {lifted_mass(p, source.id).centre, Eigen::Matrix3d::Identity()}};
  }
}

// The constants' place for the centre of mass of every body [nbody][3].
std::vector<double> centres_of_mass(const Packing& p) {
  std::vector<double> centres;
  for (int body = 0; body < p.m.nbody; ++body) {
    const auto index = static_cast<std::size_t>(body);
    append(centres,
           constant_pose(p.tree, p.tree.body_link[index], p.tree.body_in_link[index] * inertial_frame(p.m, body))
               .position);
  }
  return centres;
}

}  // namespace

struct WorldConstants::Parts {
  // The model in the form that all worlds share, in a packing that stays.
  struct Base {
    Base(const mjModel& m, const VariedElements& varied)
        : mj(loosened_copy(m, varied)), tree(link_tree(*mj)), packing(*mj, tree, varied_parts(varied)) {
      pack_all(packing);
    }
    OwnModel mj;
    LinkTree tree;
    Packing packing;
  };
  // What deriving the numbers of a world works on.
  struct Scratch {
    OwnModel mj;
    std::vector<double> arena, u;
    std::vector<std::int32_t> dofs;
  };

  Parts(const mjModel& m, const VariedElements& varied, bool applied_forces, int threads)
      : base(m, varied), constants(stored(base.packing)) {
    check_reach(constants.twice.numbers, m, varied);
    constants.single.numbers.applied_bodies = constants.twice.numbers.applied_bodies =
        applied_forces ? static_cast<int>(m.nbody) : 0;
    kernels::for_each_world_array(base.packing.c, [&](const double*& array) {
      offsets.push_back(static_cast<int>(of_model.size()));
      of_model.insert(of_model.end(), array, array + base.packing.size_of(&array));
    });
    differs = std::vector<std::atomic<bool>>(offsets.size());
    for (int thread = 0; thread < threads; ++thread) {
      scratch.push_back({loosened_copy(m, varied),
                         std::vector<double>(static_cast<std::size_t>(lockstep::scratch_size(constants.twice.numbers))),
                         std::vector<double>(static_cast<std::size_t>(m.nv)),
                         std::vector<std::int32_t>(static_cast<std::size_t>(m.nv))});
    }
  }

  // The double constants of one world with these numbers.
  [[nodiscard]] ModelConstants<double> one_world(const double* numbers) const {
    ModelConstants<double> bound = constants.twice.numbers;
    std::size_t index = 0;
    kernels::for_each_world_array(bound, [&](const double*& array) { array = numbers + offsets[index++]; });
    return bound;
  }
  void store_set(Packing& world, std::span<double> numbers) const;
  void place_markers(const Packing& world, std::span<double> numbers) const;
  void write_body_masses(const Packing& world, std::span<double> numbers) const;
  void weigh(const Packing& world, Scratch& work, const double* numbers) const;
  void note_differences(std::span<const double> numbers);

  Base base;
  ConstantSets constants;
  std::vector<double> of_model;
  std::vector<int> offsets;                // of each array in a world's numbers
  std::vector<std::atomic<bool>> differs;  // whether some world had other numbers in that array than the model
  std::vector<Scratch> scratch;
};

// Copies the arrays that have been set.
void WorldConstants::Parts::store_set(Packing& world, std::span<double> numbers) const {
  std::size_t index = 0;
  kernels::for_each_world_array(world.c, [&](const double*& array) {
    const auto first = static_cast<std::size_t>(offsets[index++]);
    if (!world.is_set(&array)) return;
    const std::size_t room =
        (index < offsets.size() ? static_cast<std::size_t>(offsets[index]) : of_model.size()) - first;
    if (world.size_of(&array) != room) {
      throw std::logic_error(
          "the parameters of a world change what its model is made of: an element that is not varied");
    }
    std::copy_n(array, room, numbers.begin() + static_cast<std::ptrdiff_t>(first));
  });
}

void WorldConstants::Parts::place_markers(const Packing& world, std::span<double> numbers) const {
  const ModelConstants<double> now = one_world(numbers.data());
  const auto first = now.marker_offset - numbers.data();
  for (std::size_t marker = 0; marker < base.packing.marker_source.size(); ++marker) {
    const MarkerSource source = base.packing.marker_source[marker];
    if (source.kind == MarkerSource::kFixed) continue;
    const auto [body, pose] = source_pose(world, source);
    const auto index = static_cast<std::size_t>(body);
    const RigidPose placed =
        constant_pose(world.tree, world.tree.body_link[index], world.tree.body_in_link[index] * pose);
    std::copy_n(placed.position.data(), 3, numbers.begin() + first + 3 * static_cast<std::ptrdiff_t>(marker));
  }
}

// Masses and inertias of single bodies, for sensors; and what gravity compensation lifts.
void WorldConstants::Parts::write_body_masses(const Packing& world, std::span<double> numbers) const {
  const ModelConstants<double> now = one_world(numbers.data());
  const auto at = [&](const double* array) { return numbers.begin() + (array - numbers.data()); };
  for (int i = 0; i < now.subtree_adr[now.num_subtrees]; ++i) {
    const int body = now.subtree_body[i];
    at(now.subtree_mass)[i] = world.m.body_mass[body];
    std::copy_n(world.m.body_inertia + 3 * body, 3, at(now.subtree_inertia) + 3 * i);
  }
  for (int lifted = 0; lifted < now.num_lifted; ++lifted) {
    const MarkerSource source = base.packing.marker_source[static_cast<std::size_t>(now.lifted_marker[lifted])];
    at(now.lifted_mass)[lifted] = lifted_mass(world, source.id).mass;
  }
}

// Inverse weights at qpos0 into the changed model, as mj_setConst leaves them there.
void WorldConstants::Parts::weigh(const Packing& world, Scratch& work, const double* numbers) const {
  mjModel& m = *work.mj;
  const ModelConstants<double> c = one_world(numbers);
  const std::vector<double> com = centres_of_mass(world);
  const auto run = [&]<class G>(G) {
    const kernels::Workspace<G, double> w(c, work.arena.data());
    std::copy_n(m.qpos0, m.nq, w.qpos);
    std::fill_n(w.qvel, m.nv, 0.0);
    for (int body = 0; body < m.nbody; ++body) {
      if (m.body_mocapid[body] < 0) continue;
      std::copy_n(m.body_pos + 3 * body, 3, w.mocap_pos + 3 * m.body_mocapid[body]);
      std::copy_n(m.body_quat + 4 * body, 4, w.mocap_quat + 4 * m.body_mocapid[body]);
    }
    kernels::find_inverse_weights(c, w, com.data(), {work.dofs.data(), work.u.data()},
                                  {m.dof_invweight0, m.body_invweight0, m.tendon_invweight0}, kernels::Solo{});
  };
  if (c.planar) {
    run(kernels::Planar{});
  } else {
    run(kernels::Spatial{});
  }
}

void WorldConstants::Parts::note_differences(std::span<const double> numbers) {
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (differs[i].load(std::memory_order_relaxed)) continue;
    const auto first = static_cast<std::size_t>(offsets[i]);
    const std::size_t end = i + 1 < offsets.size() ? static_cast<std::size_t>(offsets[i + 1]) : of_model.size();
    const auto own = numbers.subspan(first, end - first);
    if (!std::ranges::equal(own, std::span(of_model).subspan(first, end - first))) {
      differs[i].store(true, std::memory_order_relaxed);
    }
  }
}

WorldConstants::WorldConstants(std::shared_ptr<const Model> model, const VariedElements& varied, bool applied_forces,
                               int threads)
    : parts_(std::make_unique<Parts>(*model->mj(), varied, applied_forces, threads)) {}
WorldConstants::~WorldConstants() = default;

int WorldConstants::size() const { return static_cast<int>(parts_->of_model.size()); }
std::span<const double> WorldConstants::of_model() const { return parts_->of_model; }

void WorldConstants::derive(const ParameterValues& values, int thread, std::span<double> numbers) {
  Parts::Scratch& work = parts_->scratch[static_cast<std::size_t>(thread)];
  mjModel& m = *work.mj;
  values.write_to(m);
  for (int geom = 0; geom < m.ngeom; ++geom) m.geom_rbound[geom] = bounding_radius(m, geom);
  const LinkTree tree = link_tree(m);
  Packing world(m, tree, parts_->base.packing.varied);
  world.geoms = parts_->base.packing.geoms;
  world.pairs = parts_->base.packing.pairs;
  mix_frictions(m, world.pairs);
  std::copy(parts_->of_model.begin(), parts_->of_model.end(), numbers.begin());
  pack_gravity(world);
  pack_link_masses(world);
  pack_armature(world);
  pack_passive(world);
  pack_gains(world);
  pack_geom_places(world);
  parts_->store_set(world, numbers);
  parts_->write_body_masses(world, numbers);
  parts_->place_markers(world, numbers);
  parts_->weigh(world, work, numbers.data());
  pack_limits(world);
  pack_friction_loss(world);
  pack_scalar_rows(world);
  pack_pair_rows(world);
  parts_->store_set(world, numbers);
  parts_->note_differences(numbers);
}

template <class R>
ModelConstants<R> WorldConstants::bound_to(const R* block, const R* of_model, int lanes) const {
  ModelConstants<R> bound;
  if constexpr (sizeof(R) == 4) bound = parts_->constants.single.numbers;
  if constexpr (sizeof(R) == 8) bound = parts_->constants.twice.numbers;
  std::size_t index = 0;
  kernels::for_each_world_array(bound, [&](const R*& array) {
    const R* const source = parts_->differs[index].load(std::memory_order_relaxed) ? block : of_model;
    array = source + static_cast<std::ptrdiff_t>(parts_->offsets[index++]) * lanes;
  });
  return bound;
}
template ModelConstants<float> WorldConstants::bound_to(const float*, const float*, int) const;
template ModelConstants<double> WorldConstants::bound_to(const double*, const double*, int) const;

long WorldConstants::scratch_size() const { return lockstep::scratch_size(parts_->constants.twice.numbers); }

}  // namespace lockstep
