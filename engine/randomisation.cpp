// Reads terms of randomisation, draws them and checks what they can lead to.
#include "engine/randomisation.h"
#include "engine/error.h"
#include "engine/text_pieces.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

// The streams of random numbers that parameters are drawn from; no other place uses them.
constexpr std::uint32_t kUniformStream = 0x7a2d0000, kNormalStream = 0x7a2d0001;
// A draw `once` is that of no episode's number.
constexpr std::uint32_t kEveryEpisode = 0xffffffffu;
constexpr double kMostDeviations = 3;
// Draws of different terms never share a number.
constexpr std::uint32_t kDrawsOfTerm = 1u << 16;

std::vector<std::string_view> split_trimmed(std::string_view text, char mark) {
  std::vector<std::string_view> parts = split(text, mark);
  for (std::string_view& part : parts) part = trimmed(part);
  return parts;
}

[[noreturn]] void fail(std::string_view term, std::string problem, std::string fix) {
  throw Error(std::move(problem), fmt::format("randomise, in '{}'", term), std::move(fix));
}

// Whether a name matches a pattern with * (any characters) and ? (one).
bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    return matches(pattern.substr(1), name) || (!name.empty() && matches(pattern, name.substr(1)));
  }
  return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
         matches(pattern.substr(1), name.substr(1));
}

double number(std::string_view term, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    fail(term, fmt::format("'{}' is no number", text), "write the distribution as uniform(0.8, 1.2)");
  }
  return value;
}

// What stands before the operation, between it and the bracket, in the brackets, and behind.
struct Pieces {
  std::string_view names, patterns, component, operation, distribution, first, second, flags;
};

Pieces pieces_of(std::string_view term) {
  const char* const shape = "write a term as body_mass[torso] *= uniform(0.8, 1.2)";
  Pieces p;
  const std::size_t equals = term.find('=');
  if (equals == std::string_view::npos || equals == 0) fail(term, "there is no *=, += or = in this term", shape);
  const bool marked = term[equals - 1] == '*' || term[equals - 1] == '+';
  p.operation = term.substr(marked ? equals - 1 : equals, marked ? 2 : 1);
  std::string_view target = trimmed(term.substr(0, marked ? equals - 1 : equals));
  std::string_view source = trimmed(term.substr(equals + 1));
  if (const std::size_t dot = target.rfind('.');
      dot != std::string_view::npos && target.find(']', dot) == target.npos) {
    p.component = trimmed(target.substr(dot + 1));
    target = trimmed(target.substr(0, dot));
  }
  if (const std::size_t open = target.find('['); open != std::string_view::npos) {
    if (target.back() != ']') fail(term, "a bracket is not closed", shape);
    p.patterns = target.substr(open + 1, target.size() - open - 2);
    target = trimmed(target.substr(0, open));
  }
  p.names = target;
  const std::size_t open = source.find('('), comma = source.find(','), close = source.find(')');
  if (open == source.npos || comma == source.npos || close == source.npos || open > comma || comma > close) {
    fail(term, fmt::format("'{}' is no distribution of two numbers", source), shape);
  }
  p.distribution = trimmed(source.substr(0, open));
  p.first = trimmed(source.substr(open + 1, comma - open - 1));
  p.second = trimmed(source.substr(comma + 1, close - comma - 1));
  p.flags = trimmed(source.substr(close + 1));
  return p;
}

}  // namespace

Randomisation::Randomisation(const mjModel& model, std::string_view terms) : base_(model) {
  for (const std::string_view text : split_trimmed(terms, ';')) {
    if (!text.empty()) terms_.push_back(read_term(model, text));
  }
  for (const Term& term : terms_) {
    for (const Parameter parameter : term.parameters) {
      for (const int element : term.elements) varied_.add(model, parameter, element);
    }
  }
  check(model);
}

Randomisation::Term Randomisation::read_term(const mjModel& model, std::string_view text) const {
  const Pieces p = pieces_of(text);
  Term term;
  term.text = text;
  for (const std::string_view name : split_trimmed(p.names, '+')) term.parameters.push_back(parameter_named(name));
  const ParameterFacts& facts = facts_of(term.parameters[0]);
  for (const Parameter other : term.parameters) {
    if (num_elements(model, other) == num_elements(model, facts.parameter) &&
        facts_of(other).element == facts.element) {
      continue;
    }
    fail(text, fmt::format("{} and {} are not of the same elements", facts.name, facts_of(other).name),
         "give each a term of its own");
  }
  choose_elements(model, p.patterns, term);
  term.operation = p.operation == "*="   ? Operation::kScale
                   : p.operation == "+=" ? Operation::kAdd
                                         : Operation::kReplace;
  if (!p.component.empty()) {
    term.component = static_cast<int>(number(text, p.component));
    if (term.component < 0 || term.component >= facts.width) {
      fail(text, fmt::format("{} has no component {}", facts.name, p.component),
           fmt::format("use 0 to {}", facts.width - 1));
    }
  }
  constexpr std::array<std::pair<std::string_view, Distribution>, 3> kDistributions{
      {{"uniform", Distribution::kUniform},
       {"log_uniform", Distribution::kLogUniform},
       {"normal", Distribution::kNormal}}};
  const auto* const found = std::find_if(kDistributions.begin(), kDistributions.end(),
                                         [&](const auto& entry) { return entry.first == p.distribution; });
  if (found == kDistributions.end()) {
    fail(text, fmt::format("unknown distribution '{}'", p.distribution), "use uniform, log_uniform or normal");
  }
  term.distribution = found->second;
  term.first = number(text, p.first);
  term.second = number(text, p.second);
  if (term.distribution == Distribution::kNormal ? term.second < 0 : term.first > term.second) {
    fail(text, fmt::format("{}({}, {}) has no numbers in it", p.distribution, p.first, p.second),
         "write the smaller bound first, and a deviation of at least 0");
  }
  if (term.distribution == Distribution::kLogUniform && term.first <= 0) {
    fail(text, fmt::format("log_uniform begins at {}", p.first), "begin above zero");
  }
  for (const std::string_view flag : split_trimmed(p.flags, ' ')) {
    if (flag == "shared") term.shared = true;
    if (flag == "once") term.once = true;
    if (!flag.empty() && flag != "shared" && flag != "once") {
      fail(text, fmt::format("unknown word '{}'", flag), "end the term, or write shared or once");
    }
  }
  return term;
}

void Randomisation::choose_elements(const mjModel& model, std::string_view patterns, Term& term) const {
  const Parameter parameter = term.parameters[0];
  const int count = num_elements(model, parameter);
  // The world's body has no mass that could matter, and is only meant by name.
  const int first = facts_of(parameter).element == "body" ? 1 : 0;
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(element_label(model, parameter, i));
  for (int i = first; i < count && patterns.empty(); ++i) term.elements.push_back(i);
  std::vector<bool> chosen(static_cast<std::size_t>(count));
  for (const std::string_view pattern :
       patterns.empty() ? std::vector<std::string_view>{} : split_trimmed(patterns, ',')) {
    bool any = false;
    for (int i = 0; i < count; ++i) {
      if (!matches(pattern, names[static_cast<std::size_t>(i)])) continue;
      any = chosen[static_cast<std::size_t>(i)] = true;
    }
    if (any) continue;
    const std::string near = nearest_name(pattern, names);
    fail(term.text, fmt::format("no {} matches '{}'", facts_of(parameter).element, pattern),
         near.empty() ? "use names of the model, with * and ? for what differs"
                      : fmt::format("did you mean '{}'?", near));
  }
  for (int i = 0; i < count; ++i) {
    if (chosen[static_cast<std::size_t>(i)]) term.elements.push_back(i);
  }
  if (term.elements.empty()) {
    fail(term.text, fmt::format("the model has no {}", facts_of(parameter).element), "remove the term");
  }
}

double Randomisation::placed(const Term& term, double unit) {
  switch (term.distribution) {
    case Distribution::kUniform:
      return term.first + (term.second - term.first) * unit;
    case Distribution::kLogUniform:
      return term.first * std::exp(std::log(term.second / term.first) * unit);
    case Distribution::kNormal:
      break;
  }
  return term.first + term.second * std::clamp(unit, -kMostDeviations, kMostDeviations);
}

// unit(index) is draw number `index` of the term.
template <class Unit>
void Randomisation::apply(const Term& term, ParameterValues& values, Unit&& unit) const {
  for (std::size_t e = 0; e < term.elements.size(); ++e) {
    const auto width = static_cast<std::size_t>(facts_of(term.parameters[0]).width);
    const std::size_t place = term.shared ? 0 : e * width;
    for (const Parameter parameter : term.parameters) {
      const std::span<double> numbers = values.element(parameter, term.elements[e]);
      for (std::size_t k = 0; k < numbers.size(); ++k) {
        if (term.component >= 0 && k != static_cast<std::size_t>(term.component)) continue;
        const bool own = term.operation == Operation::kAdd;
        const double draw = placed(term, unit(static_cast<std::uint32_t>(place + (own ? k : 0))));
        numbers[k] = term.operation == Operation::kScale ? numbers[k] * draw
                     : term.operation == Operation::kAdd ? numbers[k] + draw
                                                         : draw;
      }
    }
  }
}

void Randomisation::draw(std::uint64_t seed, std::uint32_t world, std::uint32_t episode,
                         ParameterValues& values) const {
  values = base_;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const Term& term = terms_[i];
    const std::uint32_t step = term.once ? kEveryEpisode : episode;
    const auto first = static_cast<std::uint32_t>(i) * kDrawsOfTerm;
    apply(term, values, [&](std::uint32_t index) {
      if (term.distribution == Distribution::kNormal) {
        return kernels::normal<double>({.seed = seed, .stream = kNormalStream}, world, step, first + index);
      }
      return kernels::uniform<double>({.seed = seed, .stream = kUniformStream}, world, step, first + index);
    });
  }
}

void Randomisation::check(const mjModel& model) const {
  for (const bool at_most : {false, true}) {
    ParameterValues values = base_;
    for (const Term& term : terms_) {
      const double extreme = term.distribution == Distribution::kNormal ? (at_most ? kMostDeviations : -kMostDeviations)
                                                                        : (at_most ? 1 : 0);
      apply(term, values, [&](std::uint32_t) { return extreme; });
      check_physics(model, values, fmt::format("randomise, in '{}'", term.text));
    }
  }
}

}  // namespace lockstep
