// Tests that a policy acts the same as a C header, as ONNX and as safetensors, and as the agent that learned it.
#include "agents/agent.h"
#include "agents/policy_c_header.h"
#include "agents/policy_onnx.h"
#include "agents/policy_tensors.h"
#include "engine/error.h"
#include "envs/env.h"
#include "tests/agents/compiled_policy.h"
#include "tests/agents/onnx_interpreter.h"
#include "tests/agents/policy_cases.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

using models::networks::Activation;
using models::networks::Tensor;
using models::networks::TensorFile;

constexpr int kRows = 200;

// Float sums in another order differ by a few last bits of the numbers summed, which reach ten here.
double tolerance(float action) { return 1e-5 * std::max(1.0, std::abs(static_cast<double>(action))); }

class ExportedPolicy : public testing::TestWithParam<PolicyCase> {
 protected:
  const PolicyDescription& policy() const { return GetParam().policy; }
  const std::vector<float> observations_ = random_observations(kRows, 3, 42);
  const std::vector<float> expected_ = policy_actions(policy(), view(observations_.data(), kRows, 3));
};

TEST_P(ExportedPolicy, ActsTheSameAsACHeader) {
  const CompiledPolicy compiled(policy_c_header(policy()));
  const auto size = static_cast<size_t>(policy().action_size);
  std::vector<float> action(size);
  for (size_t row = 0; row < kRows; ++row) {
    compiled.act(&observations_[3 * row], action.data());
    for (size_t k = 0; k < size; ++k)
      EXPECT_NEAR(action[k], expected_[row * size + k], tolerance(action[k])) << "row " << row << ", number " << k;
  }
}

TEST_P(ExportedPolicy, ActsTheSameAsOnnx) {
  const OnnxModel model = decode_onnx(policy_onnx(policy()));
  const OnnxTensor actions = run_onnx(model, {{kRows, 3}, false, {observations_.begin(), observations_.end()}});
  EXPECT_EQ(actions.shape, (std::vector<std::int64_t>{kRows, policy().action_size}));
  EXPECT_EQ(actions.is_integer, policy().is_discrete);
  ASSERT_EQ(actions.values.size(), expected_.size());
  for (size_t k = 0; k < expected_.size(); ++k)
    EXPECT_NEAR(actions.values[k], expected_[k], tolerance(expected_[k])) << "number " << k;
}

// The cases would prove little if their actions were all the same, or never within their bounds.
TEST_P(ExportedPolicy, TakesManyActions) {
  const std::set<float> different(expected_.begin(), expected_.end());
  EXPECT_GT(different.size(), policy().is_discrete ? 2u : 50u);
}

INSTANTIATE_TEST_SUITE_P(Policies, ExportedPolicy, testing::ValuesIn(policy_cases()),
                         [](const auto& example) { return example.param.name; });

PolicyDescription case_named(const std::string& name) {
  const std::vector<PolicyCase> cases = policy_cases();
  return std::ranges::find(cases, name, &PolicyCase::name)->policy;
}

TEST(PolicyOnnx, SaysItsVersionItsAxesAndItsTask) {
  const OnnxModel model = decode_onnx(policy_onnx(case_named("Standardised")));
  EXPECT_EQ(model.ir_version, 8u);
  EXPECT_EQ(model.operator_set, 17u);
  EXPECT_EQ(model.metadata.at("task"), "example");
  ASSERT_EQ(model.inputs.size(), 1u);
  EXPECT_EQ(model.inputs[0].name, "observation");
  EXPECT_EQ(model.inputs[0].shape, (std::vector<std::int64_t>{-1, 3}));  // any batch
  ASSERT_EQ(model.outputs.size(), 1u);
  EXPECT_EQ(model.outputs[0].name, "action");
  EXPECT_EQ(model.outputs[0].type, 1u);
  EXPECT_EQ(model.outputs[0].shape, (std::vector<std::int64_t>{-1, 2}));
  EXPECT_EQ(decode_onnx(policy_onnx(case_named("Discrete"))).outputs[0].type, 7u);
}

TEST(PolicyTensors, HoldEverythingThatThePolicyComputesWith) {
  const PolicyDescription policy = case_named("Discrete");
  const TensorFile file =
      models::networks::decode_safetensors(models::networks::encode_safetensors(policy_tensors(policy)), "test");
  std::vector<std::string> names;
  for (const Tensor& tensor : file.tensors) names.push_back(tensor.name);
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"layers.0.bias", "layers.0.kernel", "layers.0.scale", "layers.0.shift",
                                             "layers.1.bias", "layers.1.kernel", "layers.2.bias", "layers.2.kernel",
                                             "observation.limit", "observation.mean", "observation.scale"}));
  EXPECT_EQ(file.metadata.at("activations"), "elu,elu,identity");
  EXPECT_EQ(file.metadata.at("action"), "discrete");
  const TensorFile squashed = policy_tensors(case_named("Squashed"));
  EXPECT_EQ(squashed.metadata.at("squash"), "tanh");
  EXPECT_EQ(squashed.tensors.back().values, (std::vector<double>{2, std::numeric_limits<double>::infinity()}));
}

TEST(PolicyDescription, IsRefusedWhereANumberIsNotFiniteOrSizesDoNotFit) {
  PolicyDescription policy = case_named("Standardised");
  policy.parameters[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW((void)policy_c_header(policy), Error);
  EXPECT_THROW((void)policy_onnx(policy), Error);
  EXPECT_THROW((void)policy_tensors(policy), Error);
  policy = case_named("Standardised");
  policy.scale.pop_back();
  EXPECT_THROW(check_policy(policy), Error);
  policy = case_named("Tanh");
  policy.action_size = 3;  // of a network with two outputs
  EXPECT_THROW(check_policy(policy), Error);
}

std::unique_ptr<Agent> learned(const std::string& name, const std::string& task,
                               const std::vector<std::string>& arguments) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = task;
  inputs.seed = 3;
  inputs.settings = find(name).defaults();
  for (const char* argument : {"worlds=8", "evaluations=1"}) inputs.settings.set_from_argument(argument);
  for (const std::string& argument : arguments) inputs.settings.set_from_argument(argument);
  std::unique_ptr<Agent> agent = find(name).make(inputs);
  for (int k = 0; k < 5; ++k) agent->iterate();
  return agent;
}

struct LearnedCase {
  const char *name, *agent, *task;
  std::vector<std::string> arguments;
};
class LearnedPolicy : public testing::TestWithParam<LearnedCase> {};

// Every action of an episode against the C header's at the observation that the agent had.
TEST_P(LearnedPolicy, ActsAsTheAgentDoes) {
  const auto agent = learned(GetParam().agent, GetParam().task, GetParam().arguments);
  const PolicyDescription policy = agent->policy().value();
  const CompiledPolicy compiled(policy_c_header(policy));
  const auto world = envs::make_environment(GetParam().task, {.precision = "double"});
  std::vector<float> action(static_cast<size_t>(policy.action_size));
  std::set<float> different;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Episode episode = agent->evaluate(seed);
    for (size_t step = 0; step < static_cast<size_t>(episode.steps); ++step) {
      const auto width = static_cast<size_t>(episode.state_size);
      world->set_state(0, std::span(episode.states).subspan(step * width, width));
      compiled.act(world->observation().data_handle(), action.data());
      for (size_t k = 0; k < action.size(); ++k) {
        EXPECT_NEAR(action[k], episode.actions[step * action.size() + k], tolerance(action[k]));
        different.insert(action[k]);
      }
    }
  }
  EXPECT_GT(different.size(), policy.is_discrete ? 1u : 50u);
}

// Short iterations of either kind.
std::vector<std::string> on_policy(const std::vector<std::string>& more) {
  std::vector<std::string> all{"steps=64", "epochs=4", "minibatches=4"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
const std::vector<std::string> kOffPolicy{"iteration_steps=200", "random_steps=100", "network.width=32", "batch=32",
                                          "stop_on_success=false"};

INSTANTIATE_TEST_SUITE_P(Agents, LearnedPolicy,
                         testing::Values(LearnedCase{"PpoContinuous", "ppo", "pendulum-v1", on_policy({})},
                                         LearnedCase{"PpoDiscrete", "ppo", "cartpole-v1", on_policy({})},
                                         LearnedCase{
                                             "PpoRaw", "ppo", "pendulum-v1",
                                             on_policy({"standardise_observations=false", "network.activation=silu"})},
                                         LearnedCase{"PpoBoundsReached", "ppo", "mountain-car-continuous-v0",
                                                     on_policy({"learning_rate=0.05"})},
                                         LearnedCase{"Sac", "sac", "pendulum-v1", kOffPolicy},
                                         LearnedCase{"Td3", "td3", "pendulum-v1", kOffPolicy}),
                         [](const auto& example) { return std::string(example.param.name); });

TEST(Agent, WithoutANetworkHasNoPolicy) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = "cartpole-swingup";
  inputs.settings = find("sindy-mpc").defaults();
  EXPECT_FALSE(find("sindy-mpc").make(inputs)->policy().has_value());
}

}  // namespace
}  // namespace lockstep::agents
