// The terms of a residual cost by name: norms, weights and parameters as settings, adjustable while planning goes on.
#pragma once

#include "engine/settings.h"
#include "kernels/residual_norms.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::planners {

struct NamedTerm {
  std::string name;
  kernels::ResidualTerm term;
};

// "quadratic", "absolute", "smooth-abs", "huber", "cosh", "power".
[[nodiscard]] std::string_view norm_name(kernels::Norm norm);

class ResidualTerms {
 public:
  // Throws Error for two terms of one name.
  explicit ResidualTerms(std::vector<NamedTerm> terms, double risk = 0);

  // Sets NAME.weight, NAME.terminal_weight, NAME.parameter, NAME.norm and risk. Throws Error for an unknown key (with
  // the nearest one) and for a value out of range; nothing is changed then.
  void apply(const Settings& settings);
  // All of them as they are.
  [[nodiscard]] Settings values() const;

  [[nodiscard]] const std::vector<kernels::ResidualTerm>& terms() const { return terms_; }
  [[nodiscard]] double risk() const { return risk_; }

 private:
  struct Editable {
    double weight, terminal_weight, parameter;
    std::string norm;
  };
  void describe(Fields& fields);
  void write();

  std::vector<std::string> names_;
  std::vector<Editable> editable_;
  std::vector<kernels::ResidualTerm> terms_;
  double risk_;
};

}  // namespace lockstep::planners
