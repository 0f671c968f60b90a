// The one exception type: what is wrong, where it stands and how to mend it.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lockstep {

// Thrown by code that reads what a user wrote (files, options, models), before anything is written.
// what() gives the three parts on three lines; apps/ prints it and leaves with exit code 2.
class Error : public std::runtime_error {
 public:
  // problem: what is wrong, with the offending value; where: file, line, option or key; fix: what to do about it.
  Error(std::string problem, std::string where, std::string fix);

  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] const std::string& fix() const { return fix_; }

 private:
  std::string problem_;
  std::string where_;
  std::string fix_;
};

// Thrown where the machine lacks something (no display, no GPU, no video encoder): exit code 3.
class MissingResource final : public Error {
 public:
  using Error::Error;
};

// The candidate nearest to `name` by edit distance, or "" when none is near enough to be meant.
// Used as: "unknown task 'cartpol'", fix "did you mean 'cartpole-balance'?".
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace lockstep
