// Collects the arrays of a ModelConstants<double> while they are computed from an mjModel.
#pragma once

#include "engine/link_tree.h"
#include "kernels/model_constants.h"

#include <array>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace lockstep {

using Ints = std::vector<std::int32_t>;
using Reals = std::vector<double>;

// Every array of `c` must be set once; the arrays live as long as this.
class Packing {
 public:
  Packing(const mjModel_& model, const LinkTree& links) : m(model), tree(links) {}

  void set(const std::int32_t*& target, Ints list) {
    ints_.push_back(std::move(list));
    target = ints_.back().data();
    sizes_[&target] = ints_.back().size();
  }
  void set(const double*& target, Reals list) {
    reals_.push_back(std::move(list));
    target = reals_.back().data();
    sizes_[&target] = reals_.back().size();
  }
  // What rounding the numbers of `list` takes from them: nothing in double, filled in when they are stored as float.
  void set_rest(const double*& target, const Reals& list) {
    set(target, list);
    rests_.insert(&target);
  }
  [[nodiscard]] std::size_t size_of(const void* member) const { return sizes_.at(member); }
  [[nodiscard]] bool is_rest(const void* member) const { return rests_.contains(member); }

  const mjModel_& m;
  const LinkTree& tree;
  kernels::ModelConstants<double> c{};

 private:
  std::deque<Ints> ints_;
  std::deque<Reals> reals_;
  std::map<const void*, std::size_t> sizes_;
  std::set<const void*> rests_;
};

// Whether the model's option `flag` (mjDSBL_...) is disabled.
[[nodiscard]] bool disabled(const mjModel_& m, int flag);

void append(Reals& list, const Eigen::Vector3d& v);
void append(Reals& list, const double* values, int count);
void append(Reals& list, const Eigen::Matrix3d& columns);  // column by column

// A pose in a body's link, as poses and geoms need it: in the plane, the constant part is where the link's tree starts
// and the offset along the normal, in world axes.
[[nodiscard]] RigidPose pose_for_kernels(const LinkTree& tree, int body, const RigidPose& in_body);

// K and B of a constraint's reference acceleration, from its solref and the largest impedance (MuJoCo computation
// chapter, "Reference"; positive solref gives time constant and damping ratio, negative ones stiffness and damping).
[[nodiscard]] std::pair<double, double> reference_gains(const mjModel_& m, const double* solref,
                                                        double largest_impedance);
// solimp as MuJoCo clips it: dmin, dmax, width, midpoint, power.
[[nodiscard]] std::array<double, 5> clipped_impedance(const double* solimp);

// Friction loss, geoms, pairs and what their contacts are made of.
void pack_contacts(Packing& packing);

}  // namespace lockstep
