// Flags made from the keys of a configuration, so that both say the same.
#include "apps/environment_flags.h"
#include "engine/error.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

namespace lockstep::apps {
namespace {

constexpr char kTimeLimit[] = "episode_steps";

std::string flag_of(std::string key) {
  std::ranges::replace(key, '_', '-');
  return "--" + key;
}

void add_flag(CLI::App& command, const Fields::Field& field, EnvironmentFlags& flags) {
  const std::string flag = flag_of(field.name);
  if (std::holds_alternative<bool*>(field.target)) {
    command.add_flag_callback(
        flag, [&flags, name = field.name] { flags.values[name] = "true"; }, field.help);
    return;
  }
  command
      .add_option_function<std::string>(
          flag, [&flags, name = field.name](const std::string& value) { flags.values[name] = value; }, field.help)
      ->type_name("N");
}

// One value as --set would read it, with the flag for its origin.
void set(const std::string& key, const std::string& value, const std::string& origin, Settings& settings) {
  Settings one;
  one.set_from_argument(key + "=" + value);
  settings.set(key, {one.values().at(key).value, origin});
}

Fields fields_of(EnvironmentConfig& config) {
  Fields fields;
  describe_task_settings(config, fields);
  return fields;
}

}  // namespace

void describe_task_settings(EnvironmentConfig& config, Fields& fields) {
  fields.add(kTimeLimit, config.episode_steps, "env steps until an episode is cut; 0: the task's own", {0, 1e9});
  fields.add(
      "randomise", config.randomise,
      "physical parameters drawn for every episode: 'body_mass[torso] *= uniform(0.8, 1.2); ...', or task for the "
      "task's own (docs/randomisation.md)");
  config.wrapping.describe(fields);
}

Settings EnvironmentFlags::settings() const {
  Settings settings;
  for (const auto& [name, value] : values) {
    set("environment." + name, value, fmt::format("{} {}", flag_of(name), value), settings);
  }
  for (const std::string& option : options) {
    const std::string origin = "--option " + option;
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error("--option wants NAME=VALUE", origin, "write for example --option ctrl_cost_weight=0.05");
    }
    const std::string name = "environment.options." + option.substr(0, equals);
    const std::string value = option.substr(equals + 1);
    if (value.starts_with('[')) {
      settings.set(name, {value, origin});
    } else {
      set(name, value, origin, settings);
    }
  }
  return settings;
}

EnvironmentConfig EnvironmentFlags::config() const {
  const Settings all = settings().section("environment");
  EnvironmentConfig config;
  fields_of(config).apply(all.without_section("options"));
  config.options = all.section("options");
  return config;
}

void add_task_flags(CLI::App& command, EnvironmentFlags& flags) {
  command
      .add_option("--option", flags.options, "One option of the task (`lockstep list tasks TASK`), may be given often")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  EnvironmentConfig config;
  add_flag(command, fields_of(config).fields().front(), flags);
}

void add_environment_flags(CLI::App& command, EnvironmentFlags& flags) {
  add_task_flags(command, flags);
  EnvironmentConfig config;
  const Fields fields = fields_of(config);
  for (const Fields::Field& field : fields.fields()) {
    if (field.name != kTimeLimit) add_flag(command, field, flags);
  }
}

}  // namespace lockstep::apps
