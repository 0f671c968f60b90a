// Domain randomisation: physical parameters of worlds, drawn anew for every episode.
//
//   body_mass[torso] *= uniform(0.8, 1.2); geom_friction *= log_uniform(0.5, 2) shared; gravity.2 += normal(0, 0.1)
//   once
//
// Terms are separated by ';' and applied in order, each to what those before left. A term has
//   parameter(s)  a name of world_parameters.h; `body_mass+body_inertia` gives both the same draws
//   [patterns]    names of elements, with * and ?, separated by commas; without it all that have one
//   .component    which of the element's numbers, from 0; without it all of them
//   *=  +=  =     the draw scales, is added to, or replaces the number: one draw for the numbers of an element, but one
//                 for each with +=
//   distribution  uniform(low, high), log_uniform(low, high), normal(mean, deviation), the last cut at 3 deviations
//   shared        one draw for all elements; once: the same in all episodes of a world
#pragma once

#include "engine/world_parameters.h"
#include "kernels/philox.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct mjModel_;

namespace lockstep {

class Randomisation {
 public:
  // Reads the terms for a model. Error, with the term, for what cannot be read, for names and patterns that match
  // nothing, and for draws that would make no physics (check_physics).
  Randomisation(const mjModel_& model, std::string_view terms);

  [[nodiscard]] const VariedElements& varied() const { return varied_; }
  // The parameters of one world in one episode: a function of (seed, world, episode) alone. `values` holds them on
  // return; any content before.
  void draw(std::uint64_t seed, std::uint32_t world, std::uint32_t episode, ParameterValues& values) const;

 private:
  enum class Operation { kScale, kAdd, kReplace };
  enum class Distribution { kUniform, kLogUniform, kNormal };
  struct Term {
    std::string text;
    std::vector<Parameter> parameters;
    std::vector<int> elements;
    int component = -1;  // -1: all
    Operation operation = Operation::kScale;
    Distribution distribution = Distribution::kUniform;
    double first = 0, second = 0;
    bool shared = false, once = false;
  };
  // One draw of a term, in [0, 1) or standard normal, as a number of its distribution.
  [[nodiscard]] static double placed(const Term& term, double unit);
  template <class Unit>
  void apply(const Term& term, ParameterValues& values, Unit&& unit) const;
  [[nodiscard]] Term read_term(const mjModel_& model, std::string_view text) const;
  void choose_elements(const mjModel_& model, std::string_view patterns, Term& term) const;
  void check(const mjModel_& model) const;

  ParameterValues base_;
  VariedElements varied_;
  std::vector<Term> terms_;
};

}  // namespace lockstep
