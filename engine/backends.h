// The constructors of the backends that Batch::make chooses from.
#pragma once

#include "engine/batch.h"
#include "engine/model.h"

#include <memory>
#include <string>

namespace lockstep {

// The model's constants, with places for forces from outside where the batch has them.
template <class R>
[[nodiscard]] kernels::ModelConstants<R> constants_of(const Model& model, const BatchConfig& config) {
  kernels::ModelConstants<R> constants = model.constants<R>();
  constants.applied_bodies = config.applied_forces ? constants.nbody : 0;
  return constants;
}

// Native kernels on CPU lanes. Error where the model has a feature they lack; the text names it.
std::unique_ptr<Batch> make_cpu_batch(std::shared_ptr<const Model> model, const BatchConfig& config);
// Native kernels on a GPU. MissingResource without one, or in a build without CUDA.
std::unique_ptr<Batch> make_cuda_batch(std::shared_ptr<const Model> model, const BatchConfig& config);
// MuJoCo itself, any model. `reason`: why it was taken, for report(); empty where it was asked for.
std::unique_ptr<Batch> make_mujoco_batch(std::shared_ptr<const Model> model, const BatchConfig& config,
                                         std::string reason);

}  // namespace lockstep
