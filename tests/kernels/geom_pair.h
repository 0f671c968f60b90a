// Two geoms in a MuJoCo model of their own: MuJoCo's contacts at any placement, and random placements near contact.
#pragma once

#include "kernels/contact_point.h"

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep::kernels {

// What a test knows of a geom: GeomType and MJCF attributes (size="..." or mesh="..." ...).
struct GeomText {
  int type = kSphere;
  std::string attributes;  // without type
};

class GeomPair {
 public:
  // `assets` goes into <asset>; margin (m) is that of the pair.
  GeomPair(const GeomText& a, const GeomText& b, double margin, const std::string& assets = "");

  // Contacts of MuJoCo with the geoms at these placements, in its order.
  std::vector<ContactPoint<double>> contacts(const Placement<double>& a, const Placement<double>& b);

  // Placements near contact, seeded by `seed`: any orientation, axes exactly or nearly (to 1e-3 .. 1e-9 rad) aligned
  // with each other in turns; the distance between the surfaces from -depth to the margin.
  struct Poses {
    Placement<double> a, b;
  };
  Poses near_contact(std::uint64_t seed, double depth);

  // MuJoCo's iterations go on until they are good to this (m), its default being 1e-6.
  void set_ccd_tolerance(double tolerance) {
    model_->opt.ccd_tolerance = tolerance;
    model_->opt.ccd_iterations = 200;
  }

  const mjModel& model() const { return *model_; }
  double margin() const { return margin_; }
  const mjtNum* size(int geom) const { return model_->geom_size + 3 * geom; }
  int type(int geom) const { return model_->geom_type[geom]; }

 private:
  void place(const Placement<double>& a, const Placement<double>& b);

  struct Delete {
    void operator()(mjModel* model) const { mj_deleteModel(model); }
    void operator()(mjData* data) const { mj_deleteData(data); }
  };
  std::unique_ptr<mjModel, Delete> model_;
  std::unique_ptr<mjData, Delete> data_;
  double margin_;
};

// A rotation by `angle` (rad) about the unit vector `axis`.
Matrix3<double> rotation_about(Vector3<double> axis, double angle);

// Largest differences of two sets of contacts in each part, after pairing each contact of `ours` with the nearest of
// `reference` that is left; `count` is the difference in numbers.
struct Deviation {
  int count = 0;
  double distance = 0, position = 0, normal = 0, tangent = 0;
  double largest() const;
  void include(const Deviation& other);  // keeps the larger of each
};
Deviation compare(std::vector<ContactPoint<double>> ours, std::vector<ContactPoint<double>> reference);

}  // namespace lockstep::kernels
