// Lockstep's side of sindy_peer.py: times sparse regressions on arrays that the peer's runner wrote, on its command.
// Standard input, a line each: TASK FOLDER FEATURES TARGETS THRESHOLD ALPHA MEMBERS; FOLDER holds theta.f64 and y.f64
// (row-major doubles). Standard output, a line each: CPU seconds of this thread, then what the task found is in
// FOLDER/result.f64: median, width of the middle half, inclusion (ensembles), or coefficients, each
// [features][targets].
#include "engine/error.h"
#include "models/bootstrap.h"
#include "models/regression_rows.h"
#include "models/sparse_path.h"

#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace lockstep::models {
namespace {

struct Job {
  std::string task, folder;
  int features = 0, targets = 0;
  StlsqConfig config;
  int members = 0;
};

std::vector<double> read_doubles(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<double> values(static_cast<size_t>(file.tellg()) / sizeof(double));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(double)));
  if (!file) throw Error("cannot read it", path, "let sindy_peer.py write it");
  return values;
}

double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

void append(std::vector<double>& out, const Eigen::MatrixXd& m) {
  for (Eigen::Index f = 0; f < m.rows(); ++f) {
    for (Eigen::Index k = 0; k < m.cols(); ++k) out.push_back(m(f, k));
  }
}

// Runs the job once; what it found goes to `out`.
double run(const Job& job, const RegressionRows& rows, std::vector<double>& out) {
  out.clear();
  const double begin = thread_seconds();
  if (job.task == "stlsq") {
    check_rows(rows, job.config.alpha, "stlsq");
    const StlsqResult fit = stlsq(sums_of_rows(rows), job.config);
    const double seconds = thread_seconds() - begin;
    append(out, fit.coefficients);
    return seconds;
  }
  if (job.task == "path") {
    check_rows(rows, job.config.alpha, "path");
    const int ridges = 20, thresholds = job.members / ridges;
    const auto points = grid(geometric_steps(job.config.threshold / 10, job.config.threshold * 10, thresholds),
                             geometric_steps(1e-3, 10, ridges));
    const SparsePath path = stlsq_path(sums_of_rows(rows), points, job.config);
    const double seconds = thread_seconds() - begin;
    for (const Eigen::MatrixXd& c : path.coefficients) append(out, c);
    return seconds;
  }
  const Bootstrap fit = bootstrap_stlsq(rows.theta, rows.y, job.config, {.members = job.members, .resample = job.task});
  const double seconds = thread_seconds() - begin;
  Eigen::MatrixXd width = fit.median;
  for (int f = 0; f < job.features; ++f) {
    for (int k = 0; k < job.targets; ++k) {
      const auto [low, high] = fit.interval(f, k, 0.5);
      width(f, k) = high - low;
    }
  }
  append(out, fit.median);
  append(out, width);
  append(out, fit.inclusion);
  return seconds;
}

void serve() {
  Job job;
  while (std::cin >> job.task >> job.folder >> job.features >> job.targets >> job.config.threshold >>
         job.config.alpha >> job.members) {
    const std::vector<double> theta = read_doubles(job.folder + "/theta.f64"), y = read_doubles(job.folder + "/y.f64");
    const int rows = static_cast<int>(y.size()) / job.targets;
    std::vector<double> result;
    const double seconds = run(job,
                               {View<const double, 2>(theta.data(), rows, job.features),
                                View<const double, 2>(y.data(), rows, job.targets),
                                {}},
                               result);
    std::ofstream(job.folder + "/result.f64", std::ios::binary)
        .write(reinterpret_cast<const char*>(result.data()),
               static_cast<std::streamsize>(result.size() * sizeof(double)));
    std::cout << seconds << std::endl;  // flushed: the runner waits for it
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
