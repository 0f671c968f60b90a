// Reads TOML into flat settings, and writes settings into the fields of configuration structs with checks.
#include "engine/settings.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace lockstep {
namespace {

std::string line_of(const toml::source_region& source, const std::string& origin) {
  return source.begin.line == 0 ? origin : fmt::format("{}, line {}", origin, source.begin.line);
}

void flatten(const toml::table& table, const std::string& prefix, const std::string& origin, Settings& out) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix.empty() ? std::string(name.str()) : prefix + "." + std::string(name.str());
    const std::string where = line_of(node.source(), origin);
    if (const toml::table* inner = node.as_table()) {
      flatten(*inner, key, origin, out);
    } else if (const auto* b = node.as_boolean()) {
      out.set(key, {b->get(), where});
    } else if (const auto* i = node.as_integer()) {
      out.set(key, {i->get(), where});
    } else if (const auto* d = node.as_floating_point()) {
      out.set(key, {d->get(), where});
    } else if (const auto* s = node.as_string()) {
      out.set(key, {s->get(), where});
    } else {
      throw Error(fmt::format("{} is an array or a date, which no setting is", key), where,
                  "give a number, a string, true or false");
    }
  }
}

std::string shown(const Setting& setting) {
  if (const auto* b = std::get_if<bool>(&setting.value)) return *b ? "true" : "false";
  if (const auto* i = std::get_if<std::int64_t>(&setting.value)) return fmt::format("{}", *i);
  if (const auto* d = std::get_if<double>(&setting.value)) {
    if (std::isinf(*d)) return *d > 0 ? "inf" : "-inf";
    if (std::isnan(*d)) return "nan";
    const std::string digits = fmt::format("{}", *d);
    return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
  }
  std::ostringstream text;
  text << toml::value<std::string>(std::get<std::string>(setting.value));
  return text.str();
}

[[noreturn]] void wrong_type(const Fields::Field& field, const Setting& setting, const char* wanted) {
  throw Error(fmt::format("{} = {} is not {}", field.name, shown(setting), wanted), setting.origin,
              fmt::format("give {} {} ({})", field.name, wanted, field.help));
}

double number_in_range(const Fields::Field& field, const Setting& setting, double value) {
  if (!(value >= field.range.low && value <= field.range.high)) {
    throw Error(
        fmt::format("{} = {} is outside [{}, {}]", field.name, shown(setting), field.range.low, field.range.high),
        setting.origin,
        fmt::format("set {} within [{}, {}]: {}", field.name, field.range.low, field.range.high, field.help));
  }
  return value;
}

std::int64_t checked_integer(const Fields::Field& field, const Setting& setting, double lowest, double highest) {
  const auto* value = std::get_if<std::int64_t>(&setting.value);
  if (value == nullptr) wrong_type(field, setting, "a whole number");
  const auto as_double = static_cast<double>(*value);
  number_in_range(field, setting, as_double);
  if (as_double < lowest || as_double > highest) wrong_type(field, setting, "a whole number of this size");
  return *value;
}

double checked_number(const Fields::Field& field, const Setting& setting) {
  if (const auto* i = std::get_if<std::int64_t>(&setting.value))
    return number_in_range(field, setting, static_cast<double>(*i));
  const auto* d = std::get_if<double>(&setting.value);
  if (d == nullptr) wrong_type(field, setting, "a number");
  return number_in_range(field, setting, *d);
}

std::string checked_string(const Fields::Field& field, const Setting& setting) {
  const auto* text = std::get_if<std::string>(&setting.value);
  if (text == nullptr) wrong_type(field, setting, "a string");
  if (!field.choices.empty() && std::find(field.choices.begin(), field.choices.end(), *text) == field.choices.end()) {
    const std::string near = nearest_name(*text, field.choices);
    throw Error(fmt::format("{} = \"{}\" is not one of {}", field.name, *text, fmt::join(field.choices, ", ")),
                setting.origin, near.empty() ? "choose one of these" : fmt::format("did you mean \"{}\"?", near));
  }
  return *text;
}

// Checks one setting and returns what stores it.
std::function<void()> checked_store(const Fields::Field& field, const Setting& setting) {
  return std::visit(
      [&](auto* target) -> std::function<void()> {
        using Value = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<Value, bool>) {
          const auto* value = std::get_if<bool>(&setting.value);
          if (value == nullptr) wrong_type(field, setting, "true or false");
          return [target, v = *value] { *target = v; };
        } else if constexpr (std::is_same_v<Value, std::string>) {
          return [target, v = checked_string(field, setting)] { *target = v; };
        } else if constexpr (std::is_integral_v<Value>) {
          const std::int64_t value = checked_integer(field, setting, std::is_signed_v<Value> ? -2147483648.0 : 0.0,
                                                     std::is_signed_v<Value> ? 2147483647.0 : 9223372036854775807.0);
          return [target, value] { *target = static_cast<Value>(value); };
        } else {
          return [target, v = checked_number(field, setting)] { *target = static_cast<Value>(v); };
        }
      },
      field.target);
}

// True for "planner.horizon" beside a value "planner", which TOML can only hold as a quoted key.
bool is_below_a_value(const std::string& key, const std::map<std::string, Setting>& values) {
  for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1))
    if (values.contains(key.substr(0, dot))) return true;
  return false;
}

}  // namespace

Settings Settings::from_toml(std::string_view text, const std::string& origin) {
  try {
    Settings settings;
    flatten(toml::parse(text), "", origin, settings);
    return settings;
  } catch (const toml::parse_error& error) {
    throw Error(std::string(error.description()), line_of(error.source(), origin), "mend the TOML there");
  }
}

Settings Settings::from_file(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return from_toml({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

void Settings::set_from_argument(std::string_view argument) {
  const std::string origin = "--set " + std::string(argument);
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw Error("--set wants KEY=VALUE", origin, "write for example --set planner.horizon=30");
  const std::string key(argument.substr(0, equals));
  const std::string text(argument.substr(equals + 1));
  const bool plain_key = std::all_of(
      key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
  if (!plain_key) throw Error("'" + key + "' is not a key", origin, "keys are letters, digits, '_', '-' and '.'");
  Settings parsed;
  try {
    flatten(toml::parse("value = " + text + "\n"), "", origin, parsed);
  } catch (const toml::parse_error&) {
    parsed.set("value", {text, origin});  // a bare word: the shell has eaten the quotes
  }
  if (parsed.values().size() != 1 || !parsed.values().contains("value"))
    throw Error("--set wants one value", origin, "give a number, a string, true or false");
  values_[key] = {parsed.values().at("value").value, origin};
}

void Settings::merge(const Settings& other) {
  for (const auto& [key, setting] : other.values_) values_[key] = setting;
}

Settings Settings::section(std::string_view prefix) const {
  Settings inner;
  const std::string start = std::string(prefix) + ".";
  for (const auto& [key, setting] : values_)
    if (key.starts_with(start)) inner.set(key.substr(start.size()), setting);
  return inner;
}

Settings Settings::without_section(std::string_view prefix) const {
  Settings rest;
  const std::string start = std::string(prefix) + ".";
  for (const auto& [key, setting] : values_) {
    if (!key.starts_with(start)) rest.set(key, setting);
  }
  return rest;
}

Settings Settings::prefixed(std::string_view prefix) const {
  Settings outer;
  for (const auto& [key, setting] : values_) outer.set(std::string(prefix) + "." + key, setting);
  return outer;
}

std::string Settings::to_toml() const {
  std::string text;
  for (const auto& [key, setting] : values_)
    text += fmt::format("{0}{1}{0} = {2}\n", is_below_a_value(key, values_) ? "\"" : "", key, shown(setting));
  return text;
}

void Fields::apply(const Settings& settings) {
  std::vector<std::function<void()>> stores;
  for (const auto& [key, setting] : settings.values()) {
    const auto field =
        std::find_if(fields_.begin(), fields_.end(), [&name = key](const Field& f) { return f.name == name; });
    if (field == fields_.end()) {
      std::vector<std::string> names;
      for (const Field& f : fields_) names.push_back(f.name);
      const std::string near = nearest_name(key, names);
      throw Error(fmt::format("unknown key '{}'", key), setting.origin,
                  near.empty() ? fmt::format("known keys: {}", fmt::join(names, ", "))
                               : fmt::format("did you mean '{}'?", near));
    }
    stores.push_back(checked_store(*field, setting));
  }
  for (const auto& store : stores) store();
}

Settings Fields::values() const {
  Settings settings;
  for (const Field& field : fields_) {
    std::visit(
        [&](const auto* target) {
          using Value = std::remove_cv_t<std::remove_pointer_t<decltype(target)>>;
          if constexpr (std::is_same_v<Value, bool> || std::is_same_v<Value, std::string>) {
            settings.set(field.name, {*target, "default"});
          } else if constexpr (std::is_integral_v<Value>) {
            settings.set(field.name, {static_cast<std::int64_t>(*target), "default"});
          } else {
            settings.set(field.name, {static_cast<double>(*target), "default"});
          }
        },
        field.target);
  }
  return settings;
}

}  // namespace lockstep
