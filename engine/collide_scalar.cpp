// The colliders for one world at a time: what tests and model checks run the kernels on.
#include "kernels/collide_into_body.h"

namespace lockstep::kernels {

template void collide_into(const GeomShape<float>&, const Placement<float>&, const GeomShape<float>&,
                           const Placement<float>&, float, FoundContacts<float>&);
template void collide_into(const GeomShape<double>&, const Placement<double>&, const GeomShape<double>&,
                           const Placement<double>&, double, FoundContacts<double>&);

}  // namespace lockstep::kernels
