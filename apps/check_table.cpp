// Gathers stages into columns.
#include "apps/check_table.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace lockstep::apps {
namespace {

struct Column {
  const char* title;
  std::array<std::string_view, 6> stages;  // MuJoCo's arrays, as check_model names them
};
constexpr std::array kColumns{
    Column{"kinematics", {"xpos", "xmat", "ten_length", "ten_velocity", "ten_J"}},
    Column{"inertia", {"M"}},
    Column{"bias", {"qfrc_bias"}},
    Column{"passive", {"qfrc_passive"}},
    Column{"actuation", {"qfrc_actuator", "act_dot"}},
    Column{"depth", {"depth of iterative contacts, of 99.9 %"}},
    Column{"constraint", {"qfrc_constraint", "qfrc_constraint on MuJoCo's contacts"}},
    Column{"qacc", {"qacc", "qacc on MuJoCo's contacts"}},
    Column{"sensors", {"sensordata"}},
    Column{"step", {"qpos after a step", "qvel after a step", "act after a step"}},
    Column{"float qacc", {"qacc, float, of 99.9 %"}},
};
constexpr int kNameWidth = 36, kWidth = 11;

std::string cell(const Column& column, const ModelCheck& check) {
  const StageDeviation* worst = nullptr;
  bool passed = true;
  for (const StageDeviation& stage : check.stages) {
    if (std::find(column.stages.begin(), column.stages.end(), stage.stage) == column.stages.end()) continue;
    passed = passed && stage.passed();
    if (worst == nullptr || !(stage.deviation <= worst->deviation)) worst = &stage;
  }
  if (worst == nullptr) return "-";
  return fmt::format("{:.0e}{}", worst->deviation, passed ? "" : "!");
}

std::string ratio(double value) { return value > 0 ? fmt::format("{:.1f}x", value) : "-"; }

}  // namespace

std::string check_table_head() {
  std::string line = fmt::format("{:<{}}{:>7}", "model", kNameWidth, "states");
  for (const Column& column : kColumns) line += fmt::format("{:>{}}", column.title, kWidth);
  return line + fmt::format("{:>{}}{:>{}}\n", "noisy", kWidth, "quiet", kWidth);
}

std::string check_table_row(const std::string& name, const ModelCheck& check, SpeedRatios ratios) {
  if (!check.native) {
    return fmt::format("{:<{}}fallback: {}\n", name, kNameWidth, fmt::join(check.fallback_features, "; "));
  }
  std::string line = fmt::format("{:<{}}{:>7}", name, kNameWidth, check.states);
  for (const Column& column : kColumns) line += fmt::format("{:>{}}", cell(column, check), kWidth);
  return line + fmt::format("{:>{}}{:>{}}\n", ratio(ratios.noisy), kWidth, ratio(ratios.quiet), kWidth);
}

std::string check_table_notes(const std::string& name, const ModelCheck& check) {
  std::string notes;
  for (const StageDeviation& stage : check.stages) {
    if (!stage.passed()) {
      notes +=
          fmt::format("{}: {} deviates by {:.1e}, above {:.0e}\n", name, stage.stage, stage.deviation, stage.allowed);
    } else if (!stage.is_judged()) {
      notes += fmt::format("{}: {} deviates by {:.1e} in the {} states whose contacts MuJoCo finds by iteration\n",
                           name, stage.stage, stage.deviation, check.iterative_states);
    }
  }
  return notes;
}

}  // namespace lockstep::apps
