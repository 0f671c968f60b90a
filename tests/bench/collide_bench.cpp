// Contacts of two geoms near contact, in float lanes and by MuJoCo's own collider on the same placements, alternately:
// BM_collide/<pair>, items are pairs; `mujoco` is its pairs/s, `ratio` ours over its, `contacts` per pair.
#include "engine/isa_dispatch.h"
#include "tests/bench/collide_bench_kernels.h"
#include "tests/kernels/collider_cases.h"

#include <chrono>
#include <vector>

#include <benchmark/benchmark.h>

namespace lockstep::kernels {
namespace {

constexpr int kPairs = 512;
constexpr double kMargin = 0.01;

const ColliderRun& run_of(Isa isa) {
  return with_isa(isa, []<class Tag>(Tag) -> const ColliderRun& { return collider_run<Tag>(); });
}

// [groups][24][lanes]
std::vector<float> gather(const std::vector<GeomPair::Poses>& poses, int lanes) {
  std::vector<float> numbers(poses.size() * 24);
  for (std::size_t pair = 0; pair < poses.size(); ++pair) {
    std::size_t number = 0;
    for (const Placement<double>* p : {&poses[pair].a, &poses[pair].b}) {
      for (const Vector3<double>& v : {p->p, p->r.x, p->r.y, p->r.z}) {
        for (const double part : {v.x, v.y, v.z}) {
          const std::size_t lane_count = static_cast<std::size_t>(lanes), group = pair / lane_count;
          numbers[(group * 24 + number++) * lane_count + pair % lane_count] = static_cast<float>(part);
        }
      }
    }
  }
  return numbers;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void BM_collide(benchmark::State& state, const ColliderCase& c) {
  GeomPair pair(c.a, c.b, kMargin);
  std::vector<GeomPair::Poses> poses;
  for (int i = 0; i < kPairs; ++i) poses.push_back(pair.near_contact(static_cast<std::uint64_t>(i), 0.02));
  const ColliderRun& run = run_of(chosen_isa());
  const std::vector<float> numbers = gather(poses, run.lanes);
  double ours = 0, mujocos = 0;
  long contacts = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    contacts += run.collide(pair.shape<float>(0), pair.shape<float>(1), numbers.data(), kPairs / run.lanes,
                            static_cast<float>(kMargin));
    const double seconds = seconds_since(start);
    ours += seconds;
    state.SetIterationTime(seconds);
    mujocos += pair.time_mujoco(poses);
  }
  const double pairs = static_cast<double>(state.iterations()) * kPairs;
  state.SetItemsProcessed(state.iterations() * kPairs);
  state.counters["mujoco"] = pairs / mujocos;
  state.counters["ratio"] = mujocos / ours;
  state.counters["contacts"] = static_cast<double>(contacts) / pairs;
}

const bool kRegistered = [] {
  static const std::vector<ColliderCase> cases = all_cases();
  for (const ColliderCase& c : cases) {
    benchmark::RegisterBenchmark((std::string("BM_collide/") + c.name).c_str(),
                                 [&c](benchmark::State& state) { BM_collide(state, c); })
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  }
  return true;
}();

}  // namespace
}  // namespace lockstep::kernels
