// Looks up the compiled kernels of an instruction set.
#include "engine/physics_kernels.h"
#include "engine/error.h"
#include "engine/isa_dispatch.h"

#include <span>
#include <string>

#include <fmt/format.h>

namespace lockstep {
namespace {

const kernels::PhysicsKernelTable& table(Isa isa) {
  return with_isa(
      isa, []<class Tag>(Tag) -> const kernels::PhysicsKernelTable& { return kernels::physics_kernel_table<Tag>(); });
}

// Kernels of each lane count once: where half a register is no lanes, the table holds those of a whole one twice.
template <class R>
std::span<const kernels::PhysicsKernels<R>> offers(Isa isa) {
  const kernels::PhysicsKernelTable& all = table(isa);
  std::span<const kernels::PhysicsKernels<R>> list;
  if constexpr (sizeof(R) == 4) list = all.single;
  if constexpr (sizeof(R) == 8) list = all.twice;
  return list.first(list[0].lanes == list[1].lanes ? 1 : 2);
}

}  // namespace

template <class R>
std::vector<int> physics_lanes(Isa isa) {
  std::vector<int> list;
  for (const auto& offer : offers<R>(isa)) list.push_back(offer.lanes);
  return list;
}

template <class R>
const kernels::PhysicsKernels<R>& physics_kernels(Isa isa, int lanes) {
  std::string known;
  for (const auto& offer : offers<R>(isa)) {
    if (lanes == 0 || offer.lanes == lanes) return offer;
    known += (known.empty() ? "" : " or ") + std::to_string(offer.lanes);
  }
  throw Error(
      "no kernels with " + std::to_string(lanes) + " lanes for the instruction set " + std::string(isa_name(isa)),
      "batch.lanes", "use " + known + ", or 0 for the widest");
}

template <class R>
const kernels::PhysicsKernels<R>& varied_physics_kernels(Isa isa, int lanes) {
  const auto& offer = [&]() -> const kernels::PhysicsKernels<R>& {
    if constexpr (sizeof(R) == 4) return table(isa).varied_single;
    if constexpr (sizeof(R) == 8) return table(isa).varied_twice;
  }();
  if (lanes == 0 || offer.lanes == lanes) return offer;
  throw Error(fmt::format("no kernels with {} lanes for worlds that differ in their parameters", lanes), "batch.lanes",
              fmt::format("use {}, or 0", offer.lanes));
}

template std::vector<int> physics_lanes<float>(Isa);
template std::vector<int> physics_lanes<double>(Isa);
template const kernels::PhysicsKernels<float>& physics_kernels<float>(Isa, int);
template const kernels::PhysicsKernels<double>& physics_kernels<double>(Isa, int);
template const kernels::PhysicsKernels<float>& varied_physics_kernels<float>(Isa, int);
template const kernels::PhysicsKernels<double>& varied_physics_kernels<double>(Isa, int);

}  // namespace lockstep
