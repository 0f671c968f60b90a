// Plans the swing-up from 40 starts with each planner and budget.
#include "apps/bench_plan_costs.h"
#include "apps/published_swing_up.h"
#include "apps/quantile.h"
#include "engine/isa.h"

#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

constexpr int kBudgets[] = {400, 2000, 10000};  // roll-outs

struct Contender {
  std::string name, planner;
  std::vector<std::string> settings;
};

// CEM takes a tenth of its samples as elites, and the widest noise, which suits it best here.
Contender cem(int budget, int iterations) {
  const int samples = budget / iterations;
  return {fmt::format("cem/{}-iterations", iterations),
          "cem",
          {fmt::format("iterations={}", iterations), fmt::format("samples={}", samples),
           fmt::format("elites={}", samples / 10), "noise_std=1"}};
}

std::vector<Contender> contenders(int budget) {
  std::vector<Contender> all;
  for (const int candidates : {2, 8, 32})
    all.push_back(
        {fmt::format("gradient/{}-candidates", candidates),
         "gradient",
         {fmt::format("candidates={}", candidates), fmt::format("cold_iterations={}", budget / (3 * candidates))}});
  // Three iterations of 32 samples, of which four descend.
  all.push_back(
      {"gradient-cem/3-iterations",
       "gradient-cem",
       {"iterations=3", "samples=32", "refined=4", fmt::format("refinement_steps={}", (budget / 3 - 32) / (3 * 4))}});
  all.push_back(cem(budget, 5));
  all.push_back(cem(budget, 10));
  return all;
}

}  // namespace

int bench_plan_costs(CommandContext& context) {
  context.print(
      "pendulum-v1's reward, 40 steps from hanging, 40 starts, {}; budgets in roll-outs, a gradient is three\n\n",
      isa_name(chosen_isa()));
  context.print("{:<28} {:>8} {:>10} {:>10} {:>10} {:>8}\n", "planner", "budget", "median", "90 %", "ms/plan", "ratio");
  for (const int budget : kBudgets) {
    const Contender rival = cem(budget, 5);
    const double peer = quantile(swing_up_costs(rival.planner, rival.settings), 0.5);
    for (const Contender& contender : contenders(budget)) {
      const auto begin = std::chrono::steady_clock::now();
      const std::vector<double> costs = swing_up_costs(contender.planner, contender.settings);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      const double median = quantile(costs, 0.5), high = quantile(costs, 0.9);
      const double milliseconds = 1000 * seconds / static_cast<double>(costs.size());
      context.print("{:<28} {:>8} {:>10.1f} {:>10.1f} {:>10.2f} {:>8.2f}\n", contender.name, budget, median, high,
                    milliseconds, peer / median);
      JsonRow row;
      row["suite"] = "plan-costs";
      row["name"] = fmt::format("{}/{}", contender.name, budget);
      row["backend"] = "cpu";
      row["ours"] = median;
      row["peer"] = peer;
      row["peer_name"] = rival.name;
      row["unit"] = "cost";
      row["ratio"] = peer / median;
      row["spread"] = nullptr;
      row["threads"] = 1;
      row["isa"] = isa_name(chosen_isa());
      row["cost_90"] = high;
      row["plan_ms"] = milliseconds;
      context.row(row);
    }
  }
  return kDone;
}

void add_bench_plan_costs(CLI::App& bench, CommandContext& context) {
  CLI::App& command = context.add(bench, "plan-costs", "costs of plans at equal budgets: gradients beside CEM",
                                  "lockstep bench plan-costs\nlockstep bench plan-costs --json -\n");
  context.on_run(command, [&context] { return bench_plan_costs(context); });
}

}  // namespace lockstep::apps
