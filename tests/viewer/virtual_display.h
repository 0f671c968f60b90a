// A virtual display (Xvfb) for the tests of the window: started before the first test, ended after the last.
#pragma once

#include <string>

namespace lockstep::viewer {

class VirtualDisplay {
 public:
  // Why there is none; empty while one is up and DISPLAY names it.
  static const std::string& problem();
};

}  // namespace lockstep::viewer
