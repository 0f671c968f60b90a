// Which observations end an episode: what a learned model needs to know beside the next observation and the reward.
#pragma once

#include <span>
#include <string_view>

namespace lockstep::agents {

// True where the task ends at this observation [observation_size].
using Termination = bool (*)(std::span<const float> observation);

// The rule of a task, as its suite states it of what is observed; one that is never true where no rule is known: right
// for tasks that only time limits end, which the caller has to know.
[[nodiscard]] Termination termination_of(std::string_view task);
// Whether there is a rule.
[[nodiscard]] bool has_termination_rule(std::string_view task);

}  // namespace lockstep::agents
