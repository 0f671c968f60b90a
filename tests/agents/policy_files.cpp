// Writes the tests' policies in every format, with observations and actions, for tests/bench/peers/onnx_peer.py.
// Usage: policy_files FOLDER
#include "agents/policy_c_header.h"
#include "agents/policy_onnx.h"
#include "agents/policy_tensors.h"
#include "engine/atomic_file.h"
#include "tests/agents/policy_cases.h"

#include <cstdio>
#include <filesystem>
#include <span>

int main(int argc, char** argv) {
  using namespace lockstep;
  constexpr int kRows = 1000;
  if (argc != 2) {
    std::fprintf(stderr, "usage: policy_files FOLDER\n");
    return 2;
  }
  for (const agents::PolicyCase& example : agents::policy_cases()) {
    const auto file = [&](const char* ending) { return std::filesystem::path(argv[1]) / (example.name + ending); };
    const std::vector<float> observations = agents::random_observations(kRows, example.policy.inputs, 1);
    const std::vector<float> actions =
        agents::policy_actions(example.policy, view(observations.data(), kRows, example.policy.inputs));
    write_file(file(".onnx"), std::span<const std::byte>(agents::policy_onnx(example.policy)));
    write_file(file(".h"), agents::policy_c_header(example.policy));
    models::networks::save_safetensors(file(".safetensors"), agents::policy_tensors(example.policy));
    write_file(file(".observations"), std::as_bytes(std::span(observations)));
    write_file(file(".actions"), std::as_bytes(std::span(actions)));
  }
  return 0;
}
