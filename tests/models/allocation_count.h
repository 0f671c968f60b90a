// Counts what a test program allocates, for tests that a step allocates nothing.
#pragma once

namespace lockstep::tests {

// Calls of operator new since the program started; linking allocation_count.cpp replaces it.
long allocation_count();

}  // namespace lockstep::tests
