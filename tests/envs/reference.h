// Reads what tools/record_env_reference.py recorded of a suite.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace lockstep::envs {

using Rows = std::vector<std::vector<double>>;

// A trajectory: states [n + 1][nx], actions [n][nu], observations [n + 1][no], rewards [n], terminated [n].
struct Trajectory {
  Rows states, actions, observations;
  std::vector<double> rewards;
  std::vector<bool> terminated;
};

struct Reference {
  int episode_steps = 0;
  std::vector<double> action_low, action_high;
  int reset_samples = 0;
  Rows reset_quantiles;  // [nx][21]: 0, 0.05 ... 1
  std::vector<Trajectory> trajectories;
  // Of a task whose episodes draw their ground: what the recorded one was drawn from, row by row, and every 97th
  // height.
  std::vector<double> bumps, some_heights;
};

inline nlohmann::json read_json(const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(LOCKSTEP_TEST_DATA) / "envs" / name;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no reference " + path.string());
  return nlohmann::json::parse(file);
}

inline std::vector<Trajectory> trajectories_of(const nlohmann::json& json) {
  std::vector<Trajectory> trajectories;
  for (const auto& item : json.at("trajectories")) {
    trajectories.push_back({item.at("states").get<Rows>(), item.at("actions").get<Rows>(),
                            item.at("observations").get<Rows>(), item.at("rewards").get<std::vector<double>>(),
                            item.at("terminated").get<std::vector<bool>>()});
  }
  return trajectories;
}

inline Reference read_reference(const std::string& task) {
  const nlohmann::json json = read_json(task + ".json");
  Reference reference;
  reference.episode_steps = json.at("episode_steps");
  reference.action_low = json.at("action_low").get<std::vector<double>>();
  reference.action_high = json.at("action_high").get<std::vector<double>>();
  reference.reset_samples = json.at("resets").at("samples");
  reference.reset_quantiles = json.at("resets").at("quantiles").get<Rows>();
  reference.trajectories = trajectories_of(json);
  if (json.contains("bumps")) {
    for (const auto& row : json.at("bumps").get<Rows>()) {
      reference.bumps.insert(reference.bumps.end(), row.begin(), row.end());
    }
    reference.some_heights = json.at("every_97th_height").get<std::vector<double>>();
  }
  return reference;
}

}  // namespace lockstep::envs
