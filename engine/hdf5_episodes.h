// Episodes of a task in the files that offline learners share: Minari's layout and D4RL's.
//
// Minari: a folder with main_data.hdf5, a group episode_<k> for each episode with observations [steps + 1][n], actions
// [steps][m] (discrete: [steps]), rewards, terminations and truncations [steps]; and metadata.json beside it.
// D4RL (J. Fu et al., "D4RL: datasets for deep data-driven reinforcement learning", 2020): one file of flat arrays
// observations and next_observations [rows][n], actions [rows][m], rewards, terminals and timeouts [rows].
#pragma once

#include "engine/data_table.h"
#include "engine/environment.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lockstep {

// One episode of `steps` = rewards.size() env steps, in the task's units.
struct RecordedEpisode {
  std::vector<float> observations;                  // [steps + 1][observation_size], the true last one included
  std::vector<float> actions;                       // [steps][action_size]
  std::vector<float> rewards;                       // [steps]
  std::vector<std::uint8_t> terminated, truncated;  // [steps]
};

// Episodes of one task, and who acted in them.
struct EpisodeSet {
  std::string task, agent;
  int observation_size = 0, action_size = 0;
  int discrete_actions = 0;                     // 0: continuous
  std::vector<double> action_low, action_high;  // [action_size], as in TaskSpec
  std::uint64_t seed = 0;                       // that the worlds' starts were drawn by
  std::vector<RecordedEpisode> episodes;

  [[nodiscard]] std::int64_t steps() const;
};

// Writes a folder in Minari's layout; one that is there already is refused, and a failure leaves none. MissingResource
// where this build has no HDF5 or the disk is full.
void write_minari(const std::filesystem::path& folder, const EpisodeSet& set);
// Writes one file in D4RL's layout, whole or not at all.
void write_flat_hdf5(const std::filesystem::path& file, const EpisodeSet& set);

// Steps side by side, in the task's units; those of an episode follow each other.
struct StepTable {
  std::vector<float> observations, actions, next_observations;  // [rows][n], [rows][m], [rows][n]
  std::vector<float> rewards;                                   // [rows]
  std::vector<std::uint8_t> is_terminated, is_last;             // [rows]; the last row is always an episode's last

  [[nodiscard]] size_t rows() const { return rewards.size(); }
};

// Steps of a task of those sizes from arrays in either layout. Where a flat file has no next_observations, the next
// row's observation stands for it, and the last row of an episode, whose next one is unknown, is left out. Throws
// Error, naming array and row, for an array that is missing, of another shape or with a number that is not finite.
[[nodiscard]] StepTable steps_in(const std::vector<DataArray>& arrays, const TaskSpec& task, const std::string& where);
// The same from a file: HDF5, a NumPy archive (.npz), or a folder in Minari's layout.
[[nodiscard]] StepTable read_steps(const std::filesystem::path& path, const TaskSpec& task);

// What stands in a Minari folder's metadata.json; numbers that are infinite are written as Python's json does.
[[nodiscard]] std::string minari_metadata(const EpisodeSet& set);

}  // namespace lockstep
