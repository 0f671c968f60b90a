// Reads the comments at the head of a checked-in configuration.
#include "agents/checked_configs.h"
#include "engine/error.h"

#include <algorithm>
#include <charconv>
#include <variant>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

std::string comment_of(const ConfigFile& file, std::string_view key) {
  const std::string start = fmt::format("# {}: ", key);
  std::string_view rest = file.text;
  while (rest.starts_with('#')) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with(start)) return std::string(line.substr(start.size()));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  throw Error(fmt::format("there is no comment '{}...'", start), std::string(file.name),
              "write it at the head of the file, as the others have it");
}

double number_of(const ConfigFile& file, std::string_view key) {
  const std::string text = comment_of(file, key);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size())
    throw Error(fmt::format("'{}' is not a number", text), fmt::format("{}, comment {}", file.name, key),
                "write the number alone");
  return value;
}

std::string text_of(const ConfigFile& file, const Settings& settings, const std::string& key) {
  const auto found = settings.values().find(key);
  const auto* text = found == settings.values().end() ? nullptr : std::get_if<std::string>(&found->second.value);
  if (text == nullptr) throw Error(fmt::format("there is no text '{}'", key), std::string(file.name), "name it there");
  return *text;
}

}  // namespace

CheckedConfig parse_config(const ConfigFile& file) {
  CheckedConfig config;
  config.file = file.name;
  config.settings = Settings::from_toml(file.text, config.file);
  config.task = text_of(file, config.settings, "task");
  config.agent = text_of(file, config.settings, "agent");
  config.reached_return = number_of(file, "return");
  config.env_steps = number_of(file, "env_steps");
  config.seconds = number_of(file, "seconds");
  config.return_interval = comment_of(file, "return_interval");
  config.seeds = comment_of(file, "seeds");
  config.machine = comment_of(file, "machine");
  config.command = comment_of(file, "command");
  return config;
}

const ConfigFile* find_config(std::string_view task, std::string_view agent) {
  const std::string name = fmt::format("agents/configs/{}-{}.toml", task, agent);
  const std::span<const ConfigFile> files = config_files();
  const auto found = std::ranges::find(files, name, &ConfigFile::name);
  return found == files.end() ? nullptr : &*found;
}

}  // namespace lockstep::agents
