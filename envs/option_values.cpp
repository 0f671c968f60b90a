// Reads and checks the options of a task.
#include "envs/option_values.h"
#include "engine/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep::envs {
namespace {

using Pair = std::pair<double, double>;

[[noreturn]] void refuse_unknown(const Entry& entry, const std::string& name, const std::string& origin) {
  std::vector<std::string> names;
  for (const OptionField& field : entry.options) names.emplace_back(field.name);
  if (names.empty()) {
    throw Error(fmt::format("the task {} has no options, and so no '{}'", entry.name, name), origin, "leave it out");
  }
  const std::string near = nearest_name(name, names);
  throw Error(fmt::format("the task {} has no option '{}'", entry.name, name), origin,
              near.empty() ? fmt::format("its options are: {}", fmt::join(names, ", "))
                           : fmt::format("did you mean '{}'? `lockstep list tasks {}` shows all", near, entry.name));
}

[[noreturn]] void refuse_value(const Entry& entry, const OptionField& field, const std::string& value,
                               const std::string& origin) {
  throw Error(fmt::format("{} = {} is no value of this option of the task {}", field.name, value, entry.name), origin,
              fmt::format("give {}: {}", possible_text(field), field.meaning));
}

std::string text_of(const Setting& setting) {
  return std::visit([](const auto& value) { return fmt::format("{}", value); }, setting.value);
}

std::optional<double> number_of(const Setting& setting) {
  if (const auto* whole = std::get_if<std::int64_t>(&setting.value)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&setting.value)) return *number;
  return std::nullopt;
}

// Two numbers with a comma or a space between them, in brackets or not: "[0.2, 1]", "-inf 10".
std::optional<Pair> pair_of(const Setting& setting) {
  const auto* text = std::get_if<std::string>(&setting.value);
  if (text == nullptr) return std::nullopt;
  std::string plain = *text;
  for (char& c : plain) c = c == '[' || c == ']' || c == '(' || c == ')' || c == ',' || c == '+' ? ' ' : c;
  std::vector<double> numbers;
  const char* next = plain.data();
  const char* const end = next + plain.size();
  while (true) {
    next = std::find_if(next, end, [](char c) { return c != ' '; });
    if (next == end) break;
    double number = 0;
    const auto [after, error] = std::from_chars(next, end, number);
    if (error != std::errc{} || (after != end && *after != ' ')) return std::nullopt;
    numbers.push_back(number);
    next = after;
  }
  if (numbers.size() != 2) return std::nullopt;
  return Pair{numbers[0], numbers[1]};
}

std::optional<Pair> value_of(const OptionField& field, const Setting& setting) {
  if (field.kind == OptionKind::kFlag) {
    const auto* flag = std::get_if<bool>(&setting.value);
    if (flag == nullptr) return std::nullopt;
    return Pair{*flag ? 1 : 0, 0};
  }
  if (field.kind == OptionKind::kRange) {
    const std::optional<Pair> range = pair_of(setting);
    return range && range->first <= range->second ? range : std::nullopt;
  }
  const std::optional<double> number = number_of(setting);
  const bool is_whole = std::holds_alternative<std::int64_t>(setting.value);
  if (!number || !std::isfinite(*number) || (field.kind == OptionKind::kCount && !is_whole)) return std::nullopt;
  return Pair{*number, 0};
}

void apply(const Entry& entry, const std::string& name, const Setting& setting, OptionValues& values) {
  const auto field = std::ranges::find(entry.options, std::string_view(name),
                                       [](const OptionField& candidate) { return std::string_view(candidate.name); });
  if (field == entry.options.end()) refuse_unknown(entry, name, setting.origin);
  const std::optional<Pair> value = value_of(*field, setting);
  if (!value || !(value->first >= field->low && value->first <= field->high)) {
    refuse_value(entry, *field, text_of(setting), setting.origin);
  }
  double(&numbers)[2] = values.numbers[field - entry.options.begin()];
  numbers[0] = value->first;
  numbers[1] = value->second;
}

}  // namespace

std::string default_text(const OptionField& field) {
  if (field.kind == OptionKind::kFlag) return field.value[0] != 0 ? "true" : "false";
  if (field.kind == OptionKind::kRange) return fmt::format("[{:g}, {:g}]", field.value[0], field.value[1]);
  return fmt::format("{:g}", field.value[0]);
}

std::string possible_text(const OptionField& field) {
  if (field.kind == OptionKind::kFlag) return "true or false";
  if (field.kind == OptionKind::kRange) return "two numbers, the lower first, as in \"[0.2, inf]\"";
  const std::string kind = field.kind == OptionKind::kCount ? "a whole number" : "a number";
  const bool has_low = field.low != -kUnbounded, has_high = field.high != kUnbounded;
  if (has_low && has_high) return fmt::format("{} from {:g} to {:g}", kind, field.low, field.high);
  return has_low ? fmt::format("{} of at least {:g}", kind, field.low) : kind;
}

ChosenOptions choose_options(const Entry& entry, const Settings& given) {
  ChosenOptions chosen;
  OptionValues& values = chosen.values;
  for (std::size_t i = 0; i < entry.options.size(); ++i) {
    std::copy_n(entry.options[i].value, 2, values.numbers[i]);
  }
  for (const auto& [name, setting] : given.values()) apply(entry, name, setting, values);
  const Facts& facts = *entry.facts;
  chosen.physics_steps = facts.physics_steps;
  for (std::size_t i = 0; i < entry.options.size(); ++i) {
    if (std::string_view(entry.options[i].name) == kFrameSkip) {
      chosen.physics_steps = static_cast<int>(values.numbers[i][0]);
    }
  }
  values.control_timestep = facts.control_timestep;
  if (chosen.physics_steps != facts.physics_steps) {
    values.control_timestep = facts.control_timestep / facts.physics_steps * chosen.physics_steps;
  }
  show_parts(entry.options, entry.parts, static_cast<int>(entry.observation.size()), values);
  for (int part = 0; part < values.num_parts; ++part) {
    const auto shown = entry.observation.subspan(static_cast<std::size_t>(values.parts[part].first),
                                                 static_cast<std::size_t>(values.parts[part].count));
    chosen.observation_names.insert(chosen.observation_names.end(), shown.begin(), shown.end());
  }
  return chosen;
}

}  // namespace lockstep::envs
