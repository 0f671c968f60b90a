// Models of two geoms, random placements of them, and the comparison of contact sets.
#include "tests/kernels/geom_pair.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace lockstep::kernels {
namespace {

constexpr std::array<const char*, kNumGeomTypes> kTypeNames = {"plane",     "hfield",   "sphere", "capsule",
                                                               "ellipsoid", "cylinder", "box",    "mesh"};

std::string geom_text(const GeomText& geom) {
  return std::string("<geom type=\"") + kTypeNames[static_cast<std::size_t>(geom.type)] + "\" " + geom.attributes +
         "/>";
}

bool stands_in_world(const GeomText& geom) { return geom.type == kPlane || geom.type == kHeightField; }

std::string model_text(const GeomText& a, const GeomText& b, double margin, const std::string& assets) {
  const std::string inertial = "<inertial mass=\"1\" diaginertia=\"1 1 1\" pos=\"0 0 0\"/>";
  std::string text = "<mujoco><default><geom margin=\"" + std::to_string(margin / 2) + "\"/></default><asset>" +
                     assets + "</asset><worldbody>";
  for (const GeomText* geom : {&a, &b}) {
    text += stands_in_world(*geom) ? geom_text(*geom) : "<body><freejoint/>" + geom_text(*geom) + inertial + "</body>";
  }
  return text + "</worldbody></mujoco>";
}

void put(const Placement<double>& placement, mjtNum* position, mjtNum* matrix) {
  const Matrix3<double>& r = placement.r;
  const std::array<double, 3> p = {placement.p.x, placement.p.y, placement.p.z};
  const std::array<double, 9> rows = {r.x.x, r.y.x, r.z.x, r.x.y, r.y.y, r.z.y, r.x.z, r.y.z, r.z.z};
  std::copy(p.begin(), p.end(), position);
  std::copy(rows.begin(), rows.end(), matrix);
}

Vector3<double> vector(const mjtNum* values) { return {values[0], values[1], values[2]}; }

double largest_part(Vector3<double> v) { return std::max({std::abs(v.x), std::abs(v.y), std::abs(v.z)}); }

Matrix3<double> product(const Matrix3<double>& a, const Matrix3<double>& b) {
  return {rotate(a, b.x), rotate(a, b.y), rotate(a, b.z)};
}

using Random = std::mt19937_64;

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

Vector3<double> unit_vector(Random& random) {
  std::normal_distribution<double> normal;
  const Vector3<double> v = {normal(random), normal(random), normal(random)};
  return detail::direction(v);
}

// One of the 24 rotations of a cube.
Matrix3<double> cube_rotation(Random& random) {
  const std::array<Vector3<double>, 3> axes = {Vector3<double>{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const auto first = static_cast<std::size_t>(random() % 3);
  const std::size_t second = (first + 1 + static_cast<std::size_t>(random() % 2)) % 3;
  const double sign1 = random() % 2 == 0 ? 1 : -1, sign2 = random() % 2 == 0 ? 1 : -1;
  const Vector3<double> x = sign1 * axes.at(first), y = sign2 * axes.at(second);
  return {x, y, cross(x, y)};
}

}  // namespace

GeomPair::GeomPair(const GeomText& a, const GeomText& b, double margin, const std::string& assets) : margin_(margin) {
  std::array<char, 1000> error{};
  const std::string text = model_text(a, b, margin, assets);
  mjSpec* const spec = mj_parseXMLString(text.c_str(), nullptr, error.data(), static_cast<int>(error.size()));
  if (spec == nullptr) throw std::runtime_error(std::string("model of two geoms: ") + error.data());
  model_.reset(mj_compile(spec, nullptr));
  const std::string why = mjs_getError(spec) != nullptr ? mjs_getError(spec) : "";
  mj_deleteSpec(spec);
  if (model_ == nullptr) throw std::runtime_error("model of two geoms: " + why);
  data_.reset(mj_makeData(model_.get()));
  mj_forward(model_.get(), data_.get());
}

void GeomPair::place(const Placement<double>& a, const Placement<double>& b) {
  put(a, data_->geom_xpos, data_->geom_xmat);
  put(b, data_->geom_xpos + 3, data_->geom_xmat + 9);
}

std::vector<ContactPoint<double>> GeomPair::contacts(const Placement<double>& a, const Placement<double>& b) {
  place(a, b);
  mj_collision(model_.get(), data_.get());
  std::vector<ContactPoint<double>> found;
  for (int i = 0; i < data_->ncon; ++i) {
    const mjContact& contact = data_->contact[i];
    found.push_back({contact.dist, vector(contact.pos), vector(contact.frame), vector(contact.frame + 3)});
  }
  return found;
}

GeomPair::Poses GeomPair::near_contact(std::uint64_t seed, double depth) {
  Random random(seed);
  Poses poses;
  poses.a.r = rotation_about(unit_vector(random), uniform(random, -3.2, 3.2));
  if (seed % 7 == 0) poses.a.r = cube_rotation(random);
  poses.a.p = uniform(random, 0, 1) * unit_vector(random);
  switch (seed % 4) {
    case 0:
      poses.b.r = product(poses.a.r, cube_rotation(random));
      break;
    case 1: {
      const double angle = std::pow(10.0, uniform(random, -9, -1));
      poses.b.r = product(product(poses.a.r, rotation_about(unit_vector(random), angle)), cube_rotation(random));
      break;
    }
    default:
      poses.b.r = rotation_about(unit_vector(random), uniform(random, -3.2, 3.2));
  }
  const double reach = model_->geom_rbound[0] + model_->geom_rbound[1] + margin_;
  Vector3<double> way = unit_vector(random);
  if (seed % 5 == 0) way = rotate(poses.a.r, cube_rotation(random).x);
  if (type(0) == kPlane) way = poses.a.r.z;
  const double target = uniform(random, -depth, margin_);
  const Vector3<double> aside = (uniform(random, 0, 0.5) * reach) * unit_vector(random);
  double along = reach;
  for (int i = 0; i < 12; ++i) {
    poses.b.p = poses.a.p + along * way + aside;
    place(poses.a, poses.b);
    const double distance = mj_geomDistance(model_.get(), data_.get(), 0, 1, 10 * reach, nullptr);
    if (std::abs(distance - target) < 1e-3) break;
    along -= distance - target;
    if (std::abs(along) > 2 * reach) break;
  }
  return poses;
}

Matrix3<double> rotation_about(Vector3<double> axis, double angle) {
  const double s = std::sin(angle), c = std::cos(angle);
  const auto turned = [&](Vector3<double> v) { return c * v + s * cross(axis, v) + ((1 - c) * dot(axis, v)) * axis; };
  return {turned({1, 0, 0}), turned({0, 1, 0}), turned({0, 0, 1})};
}

double Deviation::largest() const { return std::max({distance, position, normal, tangent}); }

void Deviation::include(const Deviation& other) {
  count = std::max(count, std::abs(other.count));
  distance = std::max(distance, other.distance);
  position = std::max(position, other.position);
  normal = std::max(normal, other.normal);
  tangent = std::max(tangent, other.tangent);
}

Deviation compare(std::vector<ContactPoint<double>> ours, std::vector<ContactPoint<double>> reference) {
  Deviation deviation;
  deviation.count = static_cast<int>(ours.size()) - static_cast<int>(reference.size());
  if (deviation.count != 0) return deviation;
  for (const ContactPoint<double>& contact : ours) {
    const auto away = [&](const ContactPoint<double>& other) {
      return largest_part(contact.position - other.position) + largest_part(contact.normal - other.normal);
    };
    const auto nearest = std::min_element(reference.begin(), reference.end(),
                                          [&](const auto& x, const auto& y) { return away(x) < away(y); });
    deviation.distance = std::max(deviation.distance, std::abs(contact.distance - nearest->distance));
    deviation.position = std::max(deviation.position, largest_part(contact.position - nearest->position));
    deviation.normal = std::max(deviation.normal, largest_part(contact.normal - nearest->normal));
    deviation.tangent = std::max(deviation.tangent, largest_part(contact.tangent - nearest->tangent));
    reference.erase(nearest);
  }
  return deviation;
}

}  // namespace lockstep::kernels
