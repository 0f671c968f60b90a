// Lockstep's side of identify_peer.py: identifies equations in arrays that the peer's runner wrote, and rolls them out.
// Standard input, a line each: TASK FOLDER STATES CONTROLS TIMESTEP DEGREE; FOLDER holds x.f64 and u.f64 (row-major
// doubles). TASK: identify (the default configuration), identify-weak (without the refinement by shooting), rollout
// (1,000 worlds, 100 steps, with result.f64). Standard output, a line each: CPU seconds of this thread, of a rollout
// for one step of one world. identify leaves FOLDER/result.f64, [features][states].
#include "engine/error.h"
#include "models/identify.h"
#include "models/sindy.h"

#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace lockstep::models {
namespace {

struct Job {
  std::string task, folder;
  int states = 0, controls = 0, degree = 0;
  double timestep = 0;
};

std::vector<double> read_doubles(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<double> values(static_cast<size_t>(file.tellg()) / sizeof(double));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(double)));
  if (!file) throw Error("cannot read it", path, "let identify_peer.py write it");
  return values;
}

double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

FeatureLibrary library_of(const Job& job) {
  std::vector<int> inputs;
  for (int i = 0; i < job.states + job.controls; ++i) inputs.push_back(i);
  return {job.states, job.controls, polynomial_features(inputs, {.degree = job.degree})};
}

double identified(const Job& job) {
  const std::vector<double> x = read_doubles(job.folder + "/x.f64"), u = read_doubles(job.folder + "/u.f64");
  const int rows = static_cast<int>(x.size()) / job.states;
  const FeatureLibrary library = library_of(job);
  IdentifyConfig config;
  config.refine = job.task == "identify";
  const double begin = thread_seconds();
  const Identified found = identify(View<const double, 2>(x.data(), rows, job.states),
                                    View<const double, 2>(u.data(), rows, job.controls), job.timestep, library, config);
  const double seconds = thread_seconds() - begin;
  std::ofstream out(job.folder + "/result.f64", std::ios::binary);
  for (Eigen::Index f = 0; f < found.coefficients.rows(); ++f) {
    for (Eigen::Index i = 0; i < found.coefficients.cols(); ++i) {
      const double c = found.coefficients(f, i);
      out.write(reinterpret_cast<const char*>(&c), sizeof c);
    }
  }
  return seconds;
}

double rolled_out(const Job& job) {
  constexpr int kWorlds = 1000, kSteps = 100;
  const std::vector<double> values = read_doubles(job.folder + "/result.f64"), x = read_doubles(job.folder + "/x.f64");
  const FeatureLibrary library = library_of(job);
  Eigen::MatrixXd coefficients(library.size(), job.states);
  for (int f = 0; f < library.size(); ++f) {
    for (int i = 0; i < job.states; ++i) coefficients(f, i) = values[static_cast<size_t>(f * job.states + i)];
  }
  Sindy model({.state_size = job.states, .control_size = job.controls, .timestep = job.timestep}, library, coefficients,
              kernels::SparseIntegrator::kRungeKutta4);
  const auto number = [](int a, int b, int c) {
    return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
  };
  std::vector<double> start, states(number(kWorlds, kSteps + 1, job.states));
  for (size_t k = 0; k < number(kWorlds, 1, job.states); ++k) start.push_back(x[k % x.size()]);
  const std::vector<double> controls(number(kWorlds, kSteps, job.controls), 0.0);
  const double begin = thread_seconds();
  model.rollout(View<const double, 2>(start.data(), kWorlds, job.states),
                View<const double, 3>(controls.data(), kWorlds, kSteps, job.controls),
                View<double, 3>(states.data(), kWorlds, kSteps + 1, job.states));
  return (thread_seconds() - begin) / (kWorlds * kSteps);
}

void serve() {
  Job job;
  while (std::cin >> job.task >> job.folder >> job.states >> job.controls >> job.timestep >> job.degree) {
    std::cout << (job.task == "rollout" ? rolled_out(job) : identified(job)) << std::endl;  // flushed: it is waited for
  }
}

}  // namespace
}  // namespace lockstep::models

int main() {
  try {
    lockstep::models::serve();
  } catch (const lockstep::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
