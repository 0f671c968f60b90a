// Measures updates of off-policy agents on random transitions.
#include "apps/bench_learning.h"
#include "agents/sac_update.h"
#include "agents/td3_update.h"
#include "apps/bench_turns.h"
#include "apps/quantile.h"
#include "engine/isa.h"
#include "models/networks/chosen_kernels.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

// A size that others have published rates of.
struct Size {
  int observations, actions, width, batch;
};
constexpr Size kSizes[] = {{17, 6, 256, 256}, {3, 1, 64, 100}};

constexpr int kMinibatches = 16;  // used in turn
constexpr int kSlices = 10;       // of a turn, half of each the product's: what else the machine does meets both alike
constexpr int kProduct = 256;     // extents of the product that rates are held against

double normal(std::uint32_t array, std::uint32_t index) { return kernels::normal<double>({5, array}, index, 0); }

// FLOP/s of one square product on this thread.
class ProductRace {
 public:
  ProductRace()
      : a_(kProduct * kProduct, 1.0f),
        b_(a_),
        c_(a_),
        panel_(static_cast<size_t>(kernels::product_scratch<float>(0, kProduct))) {}

  double run(double seconds) {
    return work_rate(seconds, [&] {
      models::networks::chosen_kernels<float>().multiply({.m = kProduct,
                                                          .n = kProduct,
                                                          .k = kProduct,
                                                          .a = {a_.data(), kProduct, 1},
                                                          .b = {b_.data(), kProduct, 1},
                                                          .c = c_.data(),
                                                          .c_stride = kProduct,
                                                          .panel = panel_.data()});
      return 2.0 * kProduct * kProduct * kProduct;
    });
  }

 private:
  std::vector<float> a_, b_, c_, panel_;
};

// Multiplications and additions of a network's products for a batch: forward (which equals that of the weights'
// gradient), and backward to its inputs or only to its first layer.
struct NetworkWork {
  double forward, to_inputs, to_first_layer;

  NetworkWork(int inputs, int outputs, const Size& size) {
    const double first = 1.0 * inputs * size.width, rest = 1.0 * size.width * size.width + 1.0 * size.width * outputs;
    forward = to_inputs = 2 * size.batch * (first + rest);
    to_first_layer = 2 * size.batch * rest;
  }
};

// FLOP of the products of one update, averaged over a delayed policy's.
double work_of(const std::string& agent, const Size& size) {
  const bool is_sac = agent == "sac";
  const NetworkWork actor(size.observations, (is_sac ? 2 : 1) * size.actions, size);
  const NetworkWork critic(size.observations + size.actions, 1, size);
  const double targets = actor.forward + 2 * critic.forward;
  const double regression = 2 * (2 * critic.forward + critic.to_first_layer);
  const double judges = is_sac ? 2 : 1;
  const double policy = 2 * actor.forward + actor.to_first_layer + judges * (critic.forward + critic.to_inputs);
  return targets + regression + policy / (is_sac ? 1 : agents::Td3UpdateConfig{}.policy_delay);
}

agents::Minibatch<float> random_rows(const Size& size, int number) {
  agents::Minibatch<float> rows(size.batch, size.observations, size.actions);
  std::vector<float> now(static_cast<size_t>(size.observations)), next(now), action(static_cast<size_t>(size.actions));
  std::uint32_t index = 0;
  const auto fill = [&](std::vector<float>& numbers, double scale) {
    for (float& x : numbers) x = static_cast<float>(scale * normal(static_cast<std::uint32_t>(number), index++));
  };
  for (int row = 0; row < size.batch; ++row) {
    fill(now, 1);
    fill(next, 1);
    fill(action, 0.3);
    rows.set(row, {now, action, next, now[0], 0.99f});
  }
  return rows;
}

// An agent's update, on minibatches in turn; a call is one.
std::function<int()> updater(const std::string& agent, const Size& size, ThreadPool& pool) {
  auto rows = std::make_shared<std::vector<agents::Minibatch<float>>>();
  for (int k = 0; k < kMinibatches; ++k) rows->push_back(random_rows(size, k));
  const agents::OffPolicyNetworkConfig network{.width = size.width};
  const auto over = [&](auto update) -> std::function<int()> {
    return [rows, update, turn = size_t{0}]() mutable {
      update->update((*rows)[turn++ % kMinibatches].transitions(), {1, 1});
      return 1;
    };
  };
  if (agent == "sac") {
    return over(std::make_shared<agents::SacUpdate<float>>(agents::PolicySizes{size.observations, size.actions},
                                                           agents::SacUpdateConfig{}, network,
                                                           models::networks::AdamConfig{}, 1, pool));
  }
  return over(std::make_shared<agents::Td3Update<float>>(agents::PolicySizes{size.observations, size.actions},
                                                         agents::Td3UpdateConfig{}, network,
                                                         models::networks::AdamConfig{}, 1, pool));
}

void measure(const std::string& agent, const Size& size, const BenchLearningOptions& options, CommandContext& context) {
  ThreadPool pool(options.threads);
  ProductRace product;
  const std::function<int()> update = updater(agent, size, pool);
  const double work = work_of(agent, size);
  std::vector<double> updates, peaks, shares;
  work_rate(options.seconds / 5, update);  // to warm up
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    updates.push_back(0);
    peaks.push_back(0);
    for (int slice = 0; slice < kSlices; ++slice) {
      updates.back() += work_rate(options.seconds / kSlices, update) / kSlices;
      peaks.back() += product.run(options.seconds / kSlices) / kSlices;
    }
    shares.push_back(updates.back() * work / peaks.back());
  }
  const std::string name = fmt::format("{} {}/{} {}x{} batch {}", agent, size.observations, size.actions, size.width,
                                       size.width, size.batch);
  context.print("{:<26} {:>10.1f} {:>10.1f} {:>9.1f} {:>9.1f} {:>7.1f}% ({:.1f} to {:.1f})\n", name,
                quantile(updates, 0.5), work * 1e-6, quantile(updates, 0.5) * work * 1e-9, quantile(peaks, 0.5) * 1e-9,
                100 * quantile(shares, 0.5), 100 * quantile(shares, 0.25), 100 * quantile(shares, 0.75));
  JsonRow row;
  row["suite"] = "learning";
  row["name"] = name;
  row["backend"] = "cpu";
  row["ours"] = quantile(updates, 0.5);
  row["peer"] = quantile(peaks, 0.5) / work;
  row["peer_name"] = "its matrix products at the rate of one of 256^3, one thread";
  row["ratio"] = quantile(shares, 0.5);
  row["spread"] = {quantile(shares, 0.25), quantile(shares, 0.75)};
  row["unit"] = "updates/s";
  row["threads"] = options.threads;
  row["isa"] = isa_name(chosen_isa());
  context.row(row);
}

}  // namespace

int bench_learning(const BenchLearningOptions& options, CommandContext& context) {
  context.print(
      "float, {} thread{}, {}; share: of the rate of one product of 256^3, median and quartiles of {} turns\n\n",
      options.threads, options.threads == 1 ? "" : "s", isa_name(chosen_isa()), options.repeats);
  context.print("{:<26} {:>10} {:>10} {:>9} {:>9} {:>8}\n", "update", "updates/s", "MFLOP", "GFLOP/s", "256^3",
                "share");
  const std::vector<std::string> all{"sac", "td3"};
  for (const std::string& agent : options.agents.empty() ? all : options.agents) {
    for (const Size& size : kSizes) measure(agent, size, options, context);
  }
  return kDone;
}

void add_bench_learning(CLI::App& bench, CommandContext& context) {
  auto options = std::make_shared<BenchLearningOptions>();
  CLI::App& command = context.add(bench, "learning", "gradient updates per second, beside the matrix products in them",
                                  "  lockstep bench learning\n  lockstep bench learning sac --threads 2 --json -\n");
  command.add_option("AGENT", options->agents, "sac, td3 (default: both)")->check(CLI::IsMember({"sac", "td3"}));
  command.add_option("--threads", options->threads, "threads")->capture_default_str()->check(CLI::Range(1, 1024));
  add_turn_options(command, options->repeats, options->seconds);
  context.on_run(command, [options, &context] { return bench_learning(*options, context); });
}

}  // namespace lockstep::apps
