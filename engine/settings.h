// Settings: named values from TOML files and --set, and the fields of configuration structs that they fill.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lockstep {

// One value and where it was written, for error messages ("run.toml, line 12", "--set planner.horizon=0").
struct Setting {
  std::variant<bool, std::int64_t, double, std::string> value;
  std::string origin;
};

// A flat table of dotted keys ("planner.horizon") in alphabetical order.
class Settings {
 public:
  // Reads a TOML file, or TOML text; tables become dotted keys. Throws Error with the line on a syntax error, on an
  // array, and on a file that cannot be read.
  static Settings from_file(const std::string& path);
  static Settings from_toml(std::string_view text, const std::string& origin);

  // One --set KEY=VALUE; VALUE is read as TOML, and as a bare string where that fails.
  void set_from_argument(std::string_view argument);
  void set(std::string key, Setting setting) { values_[std::move(key)] = std::move(setting); }
  // Values of `other` win.
  void merge(const Settings& other);
  // The settings whose keys begin with "prefix.", without it.
  [[nodiscard]] Settings section(std::string_view prefix) const;
  // The settings whose keys do not begin with "prefix.".
  [[nodiscard]] Settings without_section(std::string_view prefix) const;
  // The same settings with "prefix." before every key.
  [[nodiscard]] Settings prefixed(std::string_view prefix) const;
  // TOML text that from_toml reads back to the same settings (doubles with all digits).
  [[nodiscard]] std::string to_toml() const;

  [[nodiscard]] const std::map<std::string, Setting>& values() const { return values_; }
  [[nodiscard]] bool empty() const { return values_.empty(); }

 private:
  std::map<std::string, Setting> values_;
};

// Inclusive bounds of a numeric field. (Not inside Fields: clang needs its defaults before Fields is complete.)
struct FieldRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

// The public fields of a configuration struct: name, address, meaning, range. A struct lists them in
//   void describe(Fields& fields) { fields.add("horizon", horizon, "steps planned ahead", {1, 10000}); }
// and one list serves TOML, --set, --help and the viewer's sliders.
class Fields {
 public:
  using Range = FieldRange;
  struct Field {
    std::string name;
    std::variant<bool*, int*, std::uint64_t*, float*, double*, std::string*> target;
    std::string help;
    Range range;                       // inclusive; numbers only
    std::vector<std::string> choices;  // allowed strings; empty: any
  };

  template <class Value>
  void add(std::string name, Value& target, std::string help, Range range = {}) {
    fields_.push_back({std::move(name), &target, std::move(help), range, {}});
  }
  void add_choice(std::string name, std::string& target, std::string help, std::vector<std::string> choices) {
    fields_.push_back({std::move(name), &target, std::move(help), {}, std::move(choices)});
  }
  // The fields of a nested struct under "prefix.".
  template <class Config>
  void add_section(const std::string& prefix, Config& config) {
    Fields inner;
    config.describe(inner);
    for (Field& field : inner.fields_) {
      field.name = prefix + "." + field.name;
      fields_.push_back(std::move(field));
    }
  }

  // Writes `settings` into the fields. Throws Error for an unknown key (with the nearest one), a wrong type, a value
  // outside its range or choices; nothing is written to any field before all were checked.
  void apply(const Settings& settings);
  // The fields' present values.
  [[nodiscard]] Settings values() const;
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// A Config filled from settings: defaults, then settings, then the struct's own check() where it has one.
template <class Config>
[[nodiscard]] Config configured(const Settings& settings) {
  Config config;
  Fields fields;
  config.describe(fields);
  fields.apply(settings);
  if constexpr (requires { config.check(); }) config.check();
  return config;
}

// The values of a Config as settings.
template <class Config>
[[nodiscard]] Settings settings_of(Config config) {
  Fields fields;
  config.describe(fields);
  return fields.values();
}

}  // namespace lockstep
