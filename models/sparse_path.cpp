// Grids of thresholds and ridges in lanes, information criteria, and cross-validation by subtraction of sums.
#include "models/sparse_path.h"
#include "engine/buffer.h"
#include "engine/error.h"
#include "models/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using kernels::SumsLayout;

size_t count_of(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

// The sums in every lane of a panel. [layout.size()][panel]
HostBuffer<double> in_all_lanes(const NormalEquations& sums, SumsLayout layout, int panel) {
  HostBuffer<double> lanes(count_of(layout.size(), panel));
  double* out = lanes.data();
  const auto write = [&](double value) { out = std::fill_n(out, panel, value); };
  for (int f = 0; f < layout.features; ++f) {
    for (int g = f; g < layout.features; ++g) write(sums.theta_theta(f, g));
    for (int k = 0; k < layout.targets; ++k) write(sums.theta_y(f, k));
  }
  for (int k = 0; k < layout.targets; ++k) write(sums.y_y(k, k));
  return lanes;
}

double criterion(double rows, double residual, double penalty) {
  return rows * std::log(std::max(residual, std::numeric_limits<double>::min())) + penalty;
}

}  // namespace

std::vector<PathPoint> grid(const std::vector<double>& thresholds, const std::vector<double>& alphas) {
  std::vector<PathPoint> points;
  for (const double threshold : thresholds) {
    for (const double alpha : alphas) points.push_back({threshold, alpha});
  }
  return points;
}

std::vector<double> geometric_steps(double low, double high, int count) {
  if (!(low > 0) || !(high > low) || count < 2) {
    throw Error(fmt::format("{} steps from {} to {}", count, low, high), "geometric_steps",
                "give 0 < low < high and at least 2 steps");
  }
  std::vector<double> steps;
  for (int i = 0; i < count; ++i) steps.push_back(low * std::pow(high / low, static_cast<double>(i) / (count - 1)));
  return steps;
}

double mean_square_error(const NormalEquations& sums, int target, const Eigen::VectorXd& c) {
  std::vector<int> used;
  for (int f = 0; f < sums.features(); ++f) {
    if (c(f) != 0) used.push_back(f);
  }
  double sum = sums.y_y(target, target);
  for (const int f : used) {
    double row = -2 * sums.theta_y(f, target);
    for (const int g : used) row += sums.theta_theta(f, g) * c(g);
    sum += c(f) * row;
  }
  return sums.weight > 0 ? std::max(0.0, sum) / sums.weight : 0.0;
}

SparsePath stlsq_path(const NormalEquations& sums, const std::vector<PathPoint>& points, const StlsqConfig& config) {
  config.check();
  const SumsLayout layout{sums.features(), sums.targets()};
  const kernels::BootstrapBatch& batch = chosen_bootstrap_batch();
  const int panel = batch.panel, count = static_cast<int>(points.size()), p = layout.features, n = layout.targets;
  const HostBuffer<double> lanes = in_all_lanes(sums, layout, panel);
  HostBuffer<double> settings(count_of(5, panel)), solved(count_of(p, n, panel));
  HostBuffer<double> memory(static_cast<size_t>(kernels::stlsq_scratch(layout)));
  SparsePath path{.points = points,
                  .coefficients = std::vector<MatrixXd>(points.size(), MatrixXd(p, n)),
                  .residual = MatrixXd(count, n),
                  .terms = Eigen::MatrixXi::Zero(count, n),
                  .notes = {},
                  .weight = sums.weight};
  int by_qr = 0;
  for (int first = 0; first < count; first += panel) {
    const int members = std::min(panel, count - first);
    for (int lane = 0; lane < panel; ++lane) {
      const PathPoint& point = points[static_cast<size_t>(first + std::min(lane, members - 1))];
      settings.data()[lane] = point.threshold;
      settings.data()[panel + lane] = point.alpha;
    }
    batch.stlsq({.layout = layout,
                 .settings = {.on_contribution = config.threshold_on == "contribution",
                              .unbias = config.unbias,
                              .max_iterations = config.max_iterations},
                 .sums = lanes.data(),
                 .threshold = settings.data(),
                 .alpha = settings.data() + panel,
                 .members = members,
                 .coefficients = solved.data(),
                 .pivot = settings.data() + 2 * panel,
                 .iterations = settings.data() + 3 * panel,
                 .unsettled = settings.data() + 4 * panel,
                 .memory = memory.data()});
    for (int lane = 0; lane < members; ++lane) {
      MatrixXd& c = path.coefficients[static_cast<size_t>(first + lane)];
      if (settings.data()[2 * panel + lane] > kernels::kSafePivot) {
        for (int i = 0; i < p * n; ++i) c.data()[i] = solved.data()[count_of(i, panel) + static_cast<size_t>(lane)];
        continue;
      }
      StlsqConfig one = config;
      one.threshold = points[static_cast<size_t>(first + lane)].threshold;
      one.alpha = points[static_cast<size_t>(first + lane)].alpha;
      c = stlsq(sums, one).coefficients;
      ++by_qr;
    }
  }
  for (int i = 0; i < count; ++i) {
    const MatrixXd& c = path.coefficients[static_cast<size_t>(i)];
    for (int k = 0; k < n; ++k) {
      path.terms(i, k) = static_cast<int>((c.col(k).array() != 0).count());
      path.residual(i, k) = mean_square_error(sums, k, c.col(k));
    }
  }
  if (by_qr > 0) {
    path.notes.push_back(
        fmt::format("{} of {} points were too ill-conditioned for lanes (condition above 1e6 with columns "
                    "of unit length): solved one by one, by QR where the rows' factor is there",
                    by_qr, count));
  }
  return path;
}

std::vector<double> SparsePath::aic(int target) const {
  std::vector<double> values;
  for (Index i = 0; i < residual.rows(); ++i) {
    const double k = terms(i, target);
    const double correction =
        weight > k + 2 ? 2 * k * (k + 1) / (weight - k - 1) : std::numeric_limits<double>::infinity();
    values.push_back(criterion(weight, residual(i, target), 2 * k + correction));
  }
  return values;
}

std::vector<double> SparsePath::bic(int target) const {
  std::vector<double> values;
  for (Index i = 0; i < residual.rows(); ++i) {
    values.push_back(criterion(weight, residual(i, target), std::log(std::max(weight, 1.0)) * terms(i, target)));
  }
  return values;
}

NormalEquations weighted_sum_of(const std::vector<NormalEquations>& parts, const std::vector<double>& weights) {
  const Index p = parts.at(0).features(), n = parts[0].targets();
  NormalEquations total{MatrixXd::Zero(p, p), MatrixXd::Zero(p, n), MatrixXd::Zero(n, n)};
  for (size_t i = 0; i < parts.size(); ++i) {
    if (weights[i] == 0) continue;
    total.theta_theta += weights[i] * parts[i].theta_theta;
    total.theta_y += weights[i] * parts[i].theta_y;
    total.y_y += weights[i] * parts[i].y_y;
    total.weight += weights[i] * parts[i].weight;
  }
  return total;
}

NormalEquations sum_of(const std::vector<NormalEquations>& parts) {
  return weighted_sum_of(parts, std::vector<double>(parts.size(), 1.0));
}

NormalEquations without(const NormalEquations& total, const NormalEquations& part) {
  return {.theta_theta = total.theta_theta - part.theta_theta,
          .theta_y = total.theta_y - part.theta_y,
          .y_y = total.y_y - part.y_y,
          .weight = total.weight - part.weight};
}

std::vector<NormalEquations> fold_sums(const RegressionRows& data, int count) {
  if (count < 2 || data.rows() < count) {
    throw Error(fmt::format("{} folds of {} rows", count, data.rows()), "fold_sums",
                "give at least 2 folds and a row for each");
  }
  std::vector<NormalEquations> folds;
  for (int fold = 0; fold < count; ++fold) {
    const auto at = [&](int f) { return static_cast<int>(static_cast<std::int64_t>(data.rows()) * f / count); };
    const int first = at(fold), rows = at(fold + 1) - first;
    const auto part = [&](View<const double, 2> v) {
      const int columns = static_cast<int>(v.extent(1));
      return View<const double, 2>(v.data_handle() + static_cast<std::ptrdiff_t>(first) * columns, rows, columns);
    };
    const auto weights = data.weights.empty()
                             ? data.weights
                             : data.weights.subspan(static_cast<size_t>(first), static_cast<size_t>(rows));
    folds.push_back(sums_of_rows({part(data.theta), part(data.y), weights}));
  }
  return folds;
}

CrossValidation cross_validate(const std::vector<NormalEquations>& folds, const std::vector<PathPoint>& points,
                               const StlsqConfig& config) {
  const NormalEquations total = sum_of(folds);
  const auto count = static_cast<Index>(points.size());
  const Index n = total.targets();
  const auto num_folds = static_cast<double>(folds.size());
  MatrixXd square = MatrixXd::Zero(count, n), terms = MatrixXd::Zero(count, n);
  CrossValidation out{.error = MatrixXd::Zero(count, n), .deviation = {}, .best = {}, .sparsest = {}};
  for (const NormalEquations& fold : folds) {
    const SparsePath path = stlsq_path(without(total, fold), points, config);
    for (Index i = 0; i < count; ++i) {
      for (int k = 0; k < n; ++k) {
        const double error = mean_square_error(fold, k, path.coefficients[static_cast<size_t>(i)].col(k));
        out.error(i, k) += error / num_folds;
        square(i, k) += error * error / num_folds;
        terms(i, k) += path.terms(i, k);
      }
    }
  }
  out.deviation = ((square - out.error.cwiseAbs2()).cwiseMax(0) / std::max(num_folds - 1, 1.0)).cwiseSqrt();
  for (Index k = 0; k < n; ++k) {
    Index best = 0;
    const double least = out.error.col(k).minCoeff(&best);
    Index sparsest = best;
    for (Index i = 0; i < count; ++i) {
      if (out.error(i, k) <= least + out.deviation(best, k) && terms(i, k) < terms(sparsest, k)) sparsest = i;
    }
    out.best.push_back(static_cast<int>(best));
    out.sparsest.push_back(static_cast<int>(sparsest));
  }
  return out;
}

}  // namespace lockstep::models
