// The work of one Newton iteration on contacts with standing geoms, with the contacts of a lane group laid out in two
// ways: what contact_layout_bench times.
#pragma once

#include <cstdint>

namespace lockstep::kernels {

// Arrays of a lane group; numbers are [.][lanes].
struct ContactLayoutData {
  int contacts;                   // rows of contacts to go through
  const std::int32_t* link;       // [contacts] the link that each touches: of all lanes alike
  const std::int32_t* lane_link;  // [contacts][lanes] the link that each lane's own contact touches
  const float* motion;            // [links][6] spin and velocity
  const float* frame;             // [contacts][12] arm, normal, two tangents
  float* wrench;                  // [links][6] sums
  float* stiffness;               // [links][21] sums
};

struct ContactLayoutRun {
  int lanes;
  // Contacts stand in shared slots: a slot's link is the same in all lanes.
  void (*shared)(const ContactLayoutData& data);
  // Every lane has its own contacts one after the other: links are gathered, and sums scattered, lane by lane.
  void (*own)(const ContactLayoutData& data);
};

template <class Isa>
const ContactLayoutRun& contact_layout_run();

}  // namespace lockstep::kernels
