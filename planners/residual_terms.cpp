// Settings of residual terms.
#include "planners/residual_terms.h"
#include "engine/error.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace lockstep::planners {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"quadratic", "absolute", "smooth-abs", "huber", "cosh", "power"};

}  // namespace

std::string_view norm_name(kernels::Norm norm) { return kNames[static_cast<size_t>(norm)]; }

ResidualTerms::ResidualTerms(std::vector<NamedTerm> terms, double risk) : risk_(risk) {
  for (NamedTerm& named : terms) {
    if (std::find(names_.begin(), names_.end(), named.name) != names_.end())
      throw Error(fmt::format("two terms of the cost are called '{}'", named.name), "terms of a residual cost",
                  "give every term a name of its own");
    names_.push_back(std::move(named.name));
    terms_.push_back(named.term);
    editable_.push_back(
        {named.term.weight, named.term.terminal_weight, named.term.parameter, std::string(norm_name(named.term.norm))});
  }
}

void ResidualTerms::describe(Fields& fields) {
  const std::vector<std::string> choices(kNames.begin(), kNames.end());
  for (size_t i = 0; i < names_.size(); ++i) {
    Editable& term = editable_[i];
    fields.add(names_[i] + ".weight", term.weight, "of the term along the way", {0, 1e12});
    fields.add(names_[i] + ".terminal_weight", term.terminal_weight, "of the term in the last state", {0, 1e12});
    fields.add(names_[i] + ".parameter", term.parameter, "p of its norm", {1e-9, 1e9});
    fields.add_choice(names_[i] + ".norm", term.norm, "what is taken of every number of the residual", choices);
  }
  fields.add("risk", risk_, "R of the transform (exp(R l) - 1) / R of the stage cost; 0: none", {-1e3, 1e3});
}

void ResidualTerms::write() {
  for (size_t i = 0; i < terms_.size(); ++i) {
    terms_[i].weight = editable_[i].weight;
    terms_[i].terminal_weight = editable_[i].terminal_weight;
    terms_[i].parameter = editable_[i].parameter;
    const auto name = std::find(kNames.begin(), kNames.end(), editable_[i].norm);
    terms_[i].norm = static_cast<kernels::Norm>(name - kNames.begin());
  }
}

void ResidualTerms::apply(const Settings& settings) {
  Fields fields;
  describe(fields);
  fields.apply(settings);
  write();
}

Settings ResidualTerms::values() const {
  ResidualTerms copy = *this;
  Fields fields;
  copy.describe(fields);
  return fields.values();
}

}  // namespace lockstep::planners
