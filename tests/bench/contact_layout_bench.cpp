// Should the lanes of a group share a list of contacts (the union of what its worlds have), or should each lane line up
// its own contacts in slots? BM_contact_response times one Newton iteration's work on a contact in both layouts; its
// counter own_over_shared is what a slot of its own costs. BM_contacts_of_a_group counts, in MuJoCo, the contacts of
// the union and of the fullest world: own slots pay where union / fullest is larger than own_over_shared.
#include "engine/isa_dispatch.h"
#include "engine/model.h"
#include "engine/task_models.h"
#include "tests/bench/contact_layout_bench_kernels.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <mujoco/mujoco.h>

namespace lockstep::kernels {
namespace {

constexpr int kLinks = 16, kContacts = 24;

const ContactLayoutRun& run_of(Isa isa) {
  return with_isa(isa, []<class Tag>(Tag) -> const ContactLayoutRun& { return contact_layout_run<Tag>(); });
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void BM_contact_response(benchmark::State& state) {
  const ContactLayoutRun& run = run_of(chosen_isa());
  const auto lanes = static_cast<std::size_t>(run.lanes);
  std::mt19937 random(1);
  std::uniform_int_distribution<std::int32_t> any_link(0, kLinks - 1);
  std::normal_distribution<float> any_number;
  std::vector<std::int32_t> link(kContacts), lane_link(kContacts * lanes);
  std::generate(link.begin(), link.end(), [&] { return any_link(random); });
  std::generate(lane_link.begin(), lane_link.end(), [&] { return any_link(random); });
  std::vector<float> motion(kLinks * 6 * lanes), frame(kContacts * 12 * lanes), wrench(kLinks * 6 * lanes),
      stiffness(kLinks * 21 * lanes);
  std::generate(motion.begin(), motion.end(), [&] { return any_number(random); });
  std::generate(frame.begin(), frame.end(), [&] { return any_number(random); });
  const ContactLayoutData data{kContacts,    link.data(),   lane_link.data(), motion.data(),
                               frame.data(), wrench.data(), stiffness.data()};
  double shared = 0, own = 0;
  for (auto _ : state) {
    std::fill(wrench.begin(), wrench.end(), 0.0f);
    std::fill(stiffness.begin(), stiffness.end(), 0.0f);
    auto start = std::chrono::steady_clock::now();
    run.shared(data);
    shared += seconds_since(start);
    start = std::chrono::steady_clock::now();
    run.own(data);
    own += seconds_since(start);
    benchmark::DoNotOptimize(stiffness.data());
  }
  state.counters["own_over_shared"] = own / shared;
  state.counters["lanes"] = run.lanes;
}
BENCHMARK(BM_contact_response);

struct DeleteData {
  void operator()(mjData* d) const { mj_deleteData(d); }
};

// Which contacts a world has: pairs of geoms, and how many of each.
std::map<std::pair<int, int>, int> contacts_of(const mjData& d) {
  std::map<std::pair<int, int>, int> contacts;
  for (int c = 0; c < d.ncon; ++c) ++contacts[{d.contact[c].geom[0], d.contact[c].geom[1]}];
  return contacts;
}

void BM_contacts_of_a_group(benchmark::State& state, double effort, int settling_steps) {
  const auto model = Model::from_file(task_model("dm_control/suite/humanoid.xml"));
  const mjModel& m = *model->mj();
  const int worlds = run_of(chosen_isa()).lanes;
  std::mt19937 random(2);
  std::uniform_real_distribution<double> draw(-effort, effort);
  std::vector<std::unique_ptr<mjData, DeleteData>> group;
  for (int i = 0; i < worlds; ++i) group.emplace_back(mj_makeData(&m));
  const auto step = [&](mjData& d) {
    for (int i = 0; i < m.nu; ++i) d.ctrl[i] = draw(random);
    mj_step(&m, &d);
  };
  for (const auto& d : group) {
    for (int i = 0; i < settling_steps; ++i) step(*d);
  }
  double in_union = 0, in_fullest = 0, steps = 0;
  for (auto _ : state) {
    std::map<std::pair<int, int>, int> all;
    int fullest = 0;
    for (const auto& d : group) {
      step(*d);
      for (const auto& [pair, count] : contacts_of(*d)) all[pair] = std::max(all[pair], count);
      fullest = std::max(fullest, d->ncon);
    }
    for (const auto& [pair, count] : all) in_union += count;
    in_fullest += fullest;
    ++steps;
  }
  state.counters["union"] = in_union / steps;
  state.counters["fullest"] = in_fullest / steps;
  state.counters["union_over_fullest"] = in_union / in_fullest;
}
BENCHMARK_CAPTURE(BM_contacts_of_a_group, humanoid_flailing, 1.0, 200)->Iterations(1000);
BENCHMARK_CAPTURE(BM_contacts_of_a_group, humanoid_lying, 0.01, 1500)->Iterations(200);

}  // namespace
}  // namespace lockstep::kernels

BENCHMARK_MAIN();
