// Real worlds whose steps are kept as they were observed, for models over observations.
#pragma once

#include "agents/agent.h"
#include "agents/evaluation.h"
#include "engine/byte_stream.h"
#include "engine/environment.h"
#include "engine/transitions.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace lockstep::agents {

class ObservedWorlds {
 public:
  // The environment must reset its worlds itself.
  explicit ObservedWorlds(std::unique_ptr<Environment> worlds);

  [[nodiscard]] const Environment& worlds() const { return *worlds_; }
  // Episodes end here, and all worlds begin new ones.
  void restart();
  // Takes at least `steps` env steps over all worlds, as whole steps of all of them, and appends what was seen to
  // `data` world after world: x and next are observations, next the true last one where an episode ended. Rows that are
  // not finite are left out, and end their motion. Returns the number of env steps.
  std::int64_t collect(int steps, const Chooser& choose, TransitionData& data,
                       const std::function<void(double)>& on_share);

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  // What was seen of all worlds, [step][world][field].
  struct Seen {
    std::vector<float> before, actions, after, rewards;
    std::vector<std::uint8_t> terminated, truncated;
  };
  void take_step(const Chooser& choose, Seen& seen);
  void append(const Seen& seen, int steps, int world, TransitionData& data);

  std::unique_ptr<Environment> worlds_;
  std::int64_t motions_ = 0;  // that rows have been given the number of
  std::vector<float> actions_;
};

}  // namespace lockstep::agents
