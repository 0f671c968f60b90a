// Stands for the GPU backend in a build without nvcc: says so.
#include "engine/backends.h"
#include "engine/error.h"

namespace lockstep {

// NOLINTNEXTLINE(performance-unnecessary-value-param): the signature of the backend that keeps its model.
std::unique_ptr<Batch> make_cuda_batch(std::shared_ptr<const Model>, const BatchConfig&) {
  throw MissingResource("this build has no CUDA backend", "backend cuda",
                        "use --backend cpu, or install the CUDA toolkit (nvcc) and build again");
}

}  // namespace lockstep
