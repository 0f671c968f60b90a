// Reading text word by word, with errors that show the place: for expressions and library specifications.
#pragma once

#include "engine/error.h"

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace lockstep::models {

// A place in a text. Blanks are skipped before everything that is read.
class TextCursor {
 public:
  TextCursor(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {}

  [[nodiscard]] bool at_end() {
    skip_blanks();
    return place_ >= text_.size();
  }
  // The next character, or 0 at the end.
  [[nodiscard]] char peek() {
    skip_blanks();
    return place_ < text_.size() ? text_[place_] : '\0';
  }
  // Takes `mark` if it comes next.
  bool take(std::string_view mark) {
    skip_blanks();
    if (text_.substr(place_, mark.size()) != mark) return false;
    place_ += mark.size();
    return true;
  }
  void expect(std::string_view mark) {
    if (!take(mark)) fail(fmt::format("'{}' is missing", mark), fmt::format("write '{}' here", mark));
  }

  [[nodiscard]] static bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  [[nodiscard]] static bool begins_number(char c) { return (c >= '0' && c <= '9') || c == '.'; }
  // Letters, digits and underscores; the caller has seen that a name begins.
  std::string_view name() {
    skip_blanks();
    const size_t begin = place_;
    while (place_ < text_.size() && (begins_name(text_[place_]) || (text_[place_] >= '0' && text_[place_] <= '9')))
      ++place_;
    return text_.substr(begin, place_ - begin);
  }
  double number() {
    skip_blanks();
    double value = 0;
    const auto [end, problem] = std::from_chars(text_.data() + place_, text_.data() + text_.size(), value);
    if (problem != std::errc{} || !std::isfinite(value)) fail("no finite number", "write a decimal number");
    place_ = static_cast<size_t>(end - text_.data());
    return value;
  }
  // The text from `begin`, an earlier place, to here.
  [[nodiscard]] std::string_view since(size_t begin) const { return text_.substr(begin, place_ - begin); }
  [[nodiscard]] size_t place() {
    skip_blanks();
    return place_;
  }
  void go_to(size_t place) { place_ = place; }

  [[noreturn]] void fail(const std::string& problem, const std::string& fix) const {
    throw Error(problem, fmt::format("{}, character {} of '{}'", where_, place_ + 1, shown()), fix);
  }

 private:
  void skip_blanks() {
    while (place_ < text_.size() && (text_[place_] == ' ' || text_[place_] == '\t')) ++place_;
  }
  [[nodiscard]] std::string shown() const {
    constexpr size_t kShown = 120;
    return std::string(text_.substr(0, kShown)) + (text_.size() > kShown ? "..." : "");
  }

  std::string_view text_;
  std::string where_;
  size_t place_ = 0;
};

}  // namespace lockstep::models
