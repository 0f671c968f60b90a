// Force of a fluid on an ellipsoid that moves through it: added mass, drag, Magnus and Kutta lift, Stokes resistance.
// MuJoCo fluid chapter, "Ellipsoid model" (A. Andersen et al., "Unsteady aerodynamics of fluttering and tumbling
// plates", 2005, in three dimensions).
#pragma once

#include "kernels/markers.h"

namespace lockstep::kernels {

template <class T>
[[gnu::always_inline]] LS_FN Vector3<T> elementwise(const Real<T>* a, Vector3<T> v) {
  return {T(a[0]) * v.x, T(a[1]) * v.y, T(a[2]) * v.z};
}
template <class T>
[[gnu::always_inline]] LS_FN T norm(Vector3<T> v) {
  return square_root(dot(v, v));
}

// Drag that grows with the square of the speed, with the area that the ellipsoid shows to the flow, and the lift that
// the flow leaving it tangentially gives (Kutta condition).
template <class T>
LS_FN Vector3<T> area_forces(Real<T> density, const Real<T>* ellipsoid, Vector3<T> v) {
  constexpr Real<T> kPi = Real<T>(3.14159265358979323846), kSmallest = Real<T>(1e-15);
  const Real<T>* r = ellipsoid + kSemiAxes;
  const Real<T> a = r[1] * r[2] * r[1] * r[2], b = r[2] * r[0] * r[2] * r[0], c = r[0] * r[1] * r[0] * r[1];
  const Real<T> largest = maximum(r[0], maximum(r[1], r[2])), smallest = minimum(r[0], minimum(r[1], r[2]));
  const Real<T> largest_area = kPi * largest * (r[0] + r[1] + r[2] - largest - smallest);
  // The area is pi sqrt(n.n / n.v) for the normal n of the section that casts the shadow.
  const Vector3<T> normal{T(a) * v.x, T(b) * v.y, T(c) * v.z};
  const T square = dot(normal, normal), along = dot(normal, v);
  const T area = T(kPi) * square_root(square / maximum(along, T(kSmallest)));
  const T speed = norm(v);
  const T cosine = along / maximum(speed * square_root(square), T(kSmallest));
  const Vector3<T> unit = (T(1) / maximum(square_root(square), T(kSmallest))) * normal;
  const Vector3<T> circulation = (T(ellipsoid[kKuttaLift] * density) * cosine * area) * cross(unit, v);
  const T drag =
      T(density) * speed * (T(ellipsoid[kBluntDrag]) * area + T(ellipsoid[kSlenderDrag]) * (T(largest_area) - area));
  return cross(circulation, v) - drag * v;
}

// Torque that slows a spin, with the moments of the ellipsoids that the body sweeps.
template <class T>
LS_FN Vector3<T> angular_drag(Real<T> density, const Real<T>* ellipsoid, Vector3<T> w) {
  constexpr Real<T> kPi = Real<T>(3.14159265358979323846);
  const Real<T>* r = ellipsoid + kSemiAxes;
  Real<T> moment[3], largest = 0;
  for (int i = 0; i < 3; ++i) {
    const Real<T> reach = maximum(r[(i + 1) % 3], r[(i + 2) % 3]);
    moment[i] = Real<T>(8) / 15 * kPi * r[i] * reach * reach * reach * reach;
    largest = maximum(largest, moment[i]);
  }
  Real<T> weights[3];
  for (int i = 0; i < 3; ++i) {
    weights[i] = ellipsoid[kAngularDrag] * moment[i] + ellipsoid[kSlenderDrag] * (largest - moment[i]);
  }
  return -(T(density) * norm(elementwise(weights, w))) * w;
}

// Force and torque at the centre, in the ellipsoid's axes, from its velocity in the fluid. medium: density, viscosity.
template <class T>
LS_FN Force<Spatial, T> ellipsoid_drag(const Real<T>* medium, const Real<T>* ellipsoid, Motion<Spatial, T> local) {
  constexpr Real<T> kPi = Real<T>(3.14159265358979323846);
  const Real<T> density = medium[0], viscosity = medium[1];
  const Real<T>* r = ellipsoid + kSemiAxes;
  const Real<T> radius = (r[0] + r[1] + r[2]) / 3, volume = Real<T>(4) / 3 * kPi * r[0] * r[1] * r[2];
  const Vector3<T> momentum = T(density) * elementwise(ellipsoid + kVirtualMass, local.v);
  const Vector3<T> angular_momentum = T(density) * elementwise(ellipsoid + kVirtualInertia, local.w);
  Vector3<T> force = cross(momentum, local.w) + area_forces(density, ellipsoid, local.v);
  force = force + T(ellipsoid[kMagnusLift] * density * volume) * cross(local.w, local.v);
  force = force - T(6 * kPi * radius * viscosity) * local.v;
  Vector3<T> torque = cross(momentum, local.v) + cross(angular_momentum, local.w);
  torque = torque + angular_drag(density, ellipsoid, local.w);
  torque = torque - T(8 * kPi * radius * radius * radius * viscosity) * local.w;
  const T scale = T(ellipsoid[kInteraction]);
  return {scale * torque, scale * force};
}

}  // namespace lockstep::kernels
