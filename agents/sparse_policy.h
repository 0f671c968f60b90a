// A sparse polynomial policy distilled from a network inside the surrogate: equations that a person can read.
// N. Zolman et al., "SINDy-RL", 2024; states are those that the pupil itself visits, labelled by its teacher, round
// after round (S. Ross, G. Gordon, D. Bagnell, "A reduction of imitation learning and structured prediction to
// no-regret online learning", AISTATS 2011).
#pragma once

#include "agents/episodes.h"
#include "agents/evaluation.h"
#include "agents/sparse_policy_search.h"
#include "engine/byte_stream.h"
#include "engine/settings.h"
#include "models/sparse_map.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lockstep::agents {

struct SparsePolicyConfig {
  bool enabled = true;                    // whether a policy is distilled at the end of the run
  std::string library = "polynomial(3)";  // of the observations, as text (models/library_text.h)
  int members = 20;                       // of every ensemble fit, >= 1
  int states = 5000;                      // surrogate steps that each round adds, >= 1
  int worlds = 32;                        // surrogate worlds that they are taken from, and returns are measured in
  int rounds = 4;                         // >= 1; the pupil with the best return in the surrogate is kept
  int copies = 2;                         // of the states, with noise, that are labelled beside them, >= 0
  double noise = 0.02;                    // standard deviation, in deviations of each observation
  double start_from_data = 0;             // share of their episodes that begins where real ones have been, [0, 1)
  double slack = 0.0;                     // share of the least error that a sparser pupil may exceed it by, >= 0
  PolicySearchConfig search;              // of what imitation has found
  double prune = 0.15;                    // share of the terms that is left out at first, [0, 1); 0: none
  double prune_loss = 0.05;               // share of the surrogate's return that fewer terms may cost, >= 0

  void describe(Fields& fields);
};

// Mean actions of the teacher in half ranges, not cut: observations [rows][observation_size] -> [rows][action_size].
using Teacher = std::function<void(View<const float, 2> observations, std::span<float> means)>;

class SparsePolicy {
 public:
  // Names as the surrogate spells them.
  SparsePolicy(const TaskSpec& task, const SparsePolicyConfig& config, models::InputNames names);

  // What a policy earns in truth.
  using Trial = std::function<double(const Chooser& policy)>;

  // `make_worlds` gives surrogate worlds. A function of the arguments.
  void distil(const Teacher& teacher, const PolicySearch::MakeWorlds& make_worlds, std::uint64_t seed,
              const std::function<void(double)>& on_share);
  // Tries what the last distillation found, from the fewest terms to the most, until one earns `enough`; keeps that
  // one, or where none does the one that earned most.
  void select(const Trial& trial, double enough);
  [[nodiscard]] bool is_distilled() const { return map_.has_value(); }

  // Actions at what the worlds observe -> executed [worlds][action_size], in the task's units.
  void choose(const Environment& worlds, std::span<float> executed) const { act(*map_, worlds, executed); }
  [[nodiscard]] int terms() const { return map_->terms(); }
  [[nodiscard]] double surrogate_return() const {
    return surrogate_return_;
  }  // mean of the lowest quarter of the worlds'
  // "force = ..." for every action, in the task's units before they are cut to its range.
  [[nodiscard]] std::vector<std::string> equations() const;

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  void act(const models::SparseMap& map, const Environment& worlds, std::span<float> executed) const;
  [[nodiscard]] models::SparseMap fit(const Teacher& teacher, const std::vector<double>& states,
                                      std::uint64_t seed) const;
  void search(const PolicySearch::MakeWorlds& make_worlds, std::uint64_t seed, const std::vector<double>& scale,
              const std::function<void(double)>& on_share);
  std::vector<double> imitate(const Teacher& teacher, const PolicySearch::MakeWorlds& make_worlds, std::uint64_t seed,
                              const std::function<void(double)>& on_share);
  [[nodiscard]] std::vector<double> feature_scale(const std::vector<double>& states) const;
  [[nodiscard]] double low_return(const models::SparseMap& map, const PolicySearch::MakeWorlds& make_worlds,
                                  std::uint64_t seed) const;

  TaskSpec task_;
  SparsePolicyConfig config_;
  models::InputNames names_;
  models::FeatureLibrary library_;
  ActionRange range_;
  std::optional<models::SparseMap> map_;  // to half ranges
  std::vector<models::SparseMap> found_;  // by the last search, from the most terms to the fewest
  double surrogate_return_ = 0;
};

}  // namespace lockstep::agents
