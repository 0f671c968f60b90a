// The kernels' constants of worlds that differ in physical parameters: from the parameters of one world to the numbers
// that for_each_world_array names, with what mj_setConst would find of them (inverse weights at qpos0).
#pragma once

#include "engine/model_constants.h"
#include "engine/world_parameters.h"
#include "kernels/model_constants.h"

#include <memory>
#include <span>
#include <vector>

namespace lockstep {

class Model;

// Thread-safe for distinct `thread`s.
class WorldConstants {
 public:
  // `applied_forces`: as BatchConfig's. Error where the model has what parameters of worlds cannot reach yet: fluid
  // forces with masses, muscles whose strength follows from masses, rangefinders with geoms that move, sizes of meshes
  // and height fields.
  WorldConstants(std::shared_ptr<const Model> model, const VariedElements& varied, bool applied_forces, int threads);
  ~WorldConstants();
  WorldConstants(const WorldConstants&) = delete;
  WorldConstants& operator=(const WorldConstants&) = delete;

  // Numbers of one world, all arrays of for_each_world_array one after another.
  [[nodiscard]] int size() const;
  // Those of the model itself.
  [[nodiscard]] std::span<const double> of_model() const;
  // Those of a world with these parameters, into `numbers` [size()]. They must make physics (check_physics), and
  // elements that are not varied have the model's values.
  void derive(const ParameterValues& values, int thread, std::span<double> numbers);

  // The constants of a block of worlds whose numbers are `block` [size()][lanes]; the rest points into this object.
  // Arrays that no world has had otherwise than the model come from `of_model` [size()][lanes], which all blocks share:
  // it stays in the cache.
  template <class R>
  [[nodiscard]] kernels::ModelConstants<R> bound_to(const R* block, const R* of_model, int lanes) const;
  // Scratch of a lane group, in numbers of its lanes.
  [[nodiscard]] long scratch_size() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lockstep
