// The colliders of one instruction set, for the lane types of engine/physics_isa.cpp: compiled once for each
// (cmake/isa.cmake). Includes kernels only.
#include "kernels/collide_into_body.h"
#include "kernels/physics_lanes.h"

namespace lockstep::kernels {

using WideFloat = PhysicsLanes<float>::Wide;
using NarrowFloat = PhysicsLanes<float>::Narrow;
using WideDouble = PhysicsLanes<double>::Wide;
using NarrowDouble = PhysicsLanes<double>::Narrow;

template void collide_into(const GeomShape<float>&, const Placement<WideFloat>&, const GeomShape<float>&,
                           const Placement<WideFloat>&, WideFloat, FoundContacts<WideFloat>&);
template void collide_into(const GeomShape<float>&, const Placement<NarrowFloat>&, const GeomShape<float>&,
                           const Placement<NarrowFloat>&, NarrowFloat, FoundContacts<NarrowFloat>&);
template void collide_into(const GeomShape<double>&, const Placement<WideDouble>&, const GeomShape<double>&,
                           const Placement<WideDouble>&, WideDouble, FoundContacts<WideDouble>&);
template void collide_into(const GeomShape<double>&, const Placement<NarrowDouble>&, const GeomShape<double>&,
                           const Placement<NarrowDouble>&, NarrowDouble, FoundContacts<NarrowDouble>&);

}  // namespace lockstep::kernels
