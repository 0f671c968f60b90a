// Linear regression for the field of a sparse model: rows of features and targets, block by block.
#include "models/sindy_regression.h"
#include "models/dealt_sums.h"
#include "models/sparse_kernels.h"
#include "models/sparse_path.h"

#include <algorithm>

namespace lockstep::models {
namespace {

using kernels::kFeatureBlockRows;
using kernels::SparseIntegrator;
using ColumnsMap = Eigen::Map<const Eigen::MatrixXd>;  // [kFeatureBlockRows][features + targets], column by column

ColumnsMap columns_of(const FeatureBlock& block, int count) { return {block.columns(), kFeatureBlockRows, count}; }

}  // namespace

SindyRegression::SindyRegression(const TransitionData& data, const SindySystem& system, const FeatureLibrary& library,
                                 SparseIntegrator integrator)
    : data_(data), system_(system), library_(library), integrator_(integrator) {
  for (int i = 0; i < system.state_size; ++i) {
    if (system.velocity_of[static_cast<size_t>(i)] < 0) targets_.push_back(i);
  }
  if (depends_on_field()) {
    middle_.resize(static_cast<size_t>(data.size()) * static_cast<size_t>(system.state_size));
    update_middle(Eigen::MatrixXd::Zero(library.size(), static_cast<Eigen::Index>(targets_.size())));
  }
}

template <class Visit>
void SindyRegression::each_block(int begin, int end, const Visit& visit) const {
  FeatureBlock block(library_.compiled(), system_.state_size + system_.control_size, static_cast<int>(targets_.size()));
  for (int first = begin; first < end; first += kFeatureBlockRows) {
    visit(block, first, std::min(kFeatureBlockRows, end - first));
  }
}

void SindyRegression::set_inputs(FeatureBlock& block, View<const double, 2> states, int first, int count) const {
  for (int i = 0; i < system_.state_size; ++i) {
    double* const out = block.input(i);
    for (int row = 0; row < count; ++row) out[row] = states(first + row, i);
  }
  const View<const double, 2> u = data_.u();
  for (int i = 0; i < system_.control_size; ++i) {
    double* const out = block.input(system_.state_size + i);
    for (int row = 0; row < count; ++row) out[row] = u(first + row, i);
  }
}

void SindyRegression::fill_columns(FeatureBlock& block, int first, int count) const {
  block.clear_columns();
  set_inputs(block, data_.x(), first, count);
  if (!depends_on_field()) {
    block.add(1.0);
    return;
  }
  block.add(1.0 / 6);
  set_inputs(block, View<const double, 2>(middle_.data(), data_.size(), system_.state_size), first, count);
  block.add(4.0 / 6);
  set_inputs(block, data_.next(), first, count);
  block.add(1.0 / 6);
}

void SindyRegression::fill_targets(FeatureBlock& block, int first, int count) const {
  const View<const double, 2> x = data_.x(), next = data_.next();
  const bool is_map = integrator_ == SparseIntegrator::kMap;
  for (size_t k = 0; k < targets_.size(); ++k) {
    double* const out = block.column(library_.size() + static_cast<int>(k));
    for (int row = 0; row < count; ++row) {
      const double after = next(first + row, targets_[k]);
      out[row] = is_map ? after : (after - x(first + row, targets_[k])) / system_.timestep;
    }
  }
}

NormalEquations SindyRegression::normal_equations(std::span<const double> weights) const {
  Gram gram(library_.size(), static_cast<int>(targets_.size()));
  each_block(0, data_.size(), [&](FeatureBlock& block, int first, int count) {
    fill_columns(block, first, count);
    fill_targets(block, first, count);
    gram.add_columns(
        block.columns(), count,
        weights.empty() ? weights : weights.subspan(static_cast<size_t>(first), static_cast<size_t>(count)));
  });
  return gram.normal_equations();
}

NormalEquations SindyRegression::normal_equations_of(int first_row, int last_row) const {
  Gram gram(library_.size(), static_cast<int>(targets_.size()));
  each_block(first_row, last_row, [&](FeatureBlock& block, int first, int count) {
    fill_columns(block, first, count);
    fill_targets(block, first, count);
    gram.add_columns(block.columns(), count);
  });
  return gram.normal_equations();
}

optimisers::RowParts SindyRegression::parts(const optimisers::PartsNeeded& needed) const {
  optimisers::RowParts parts;
  const auto segments = data_.segments();
  const auto folds = static_cast<size_t>(needed.folds);
  std::vector<std::vector<NormalEquations>> of_fold(folds);
  for (size_t s = 0; s < segments.size() && folds > 0; ++s) {
    const auto [first, last] = segments[s];
    if (segments.size() >= folds) {
      of_fold[s % folds].push_back(normal_equations_of(first, last));
      continue;
    }
    for (int fold = 0; fold < needed.folds; ++fold) {
      const auto at = [&](int f) { return first + static_cast<int>(std::int64_t{last - first} * f / needed.folds); };
      if (at(fold + 1) > at(fold)) {
        of_fold[static_cast<size_t>(fold)].push_back(normal_equations_of(at(fold), at(fold + 1)));
      }
    }
  }
  for (const auto& sums : of_fold) {
    if (!sums.empty()) parts.folds.push_back(sum_of(sums));
  }
  if (needed.groups == 0) return parts;
  DealtSums dealt(library_.size(), static_cast<int>(targets_.size()), needed.groups, needed.seed);
  each_block(0, data_.size(), [&](FeatureBlock& block, int first, int count) {
    fill_columns(block, first, count);
    fill_targets(block, first, count);
    dealt.add_columns(block.columns(), count);
  });
  parts.groups = dealt.normal_equations();
  return parts;
}

Eigen::MatrixXd SindyRegression::residual(const Eigen::MatrixXd& c, std::span<const double> weights) const {
  const auto num_targets = static_cast<Eigen::Index>(targets_.size());
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(c.rows(), num_targets);
  each_block(0, data_.size(), [&](FeatureBlock& block, int first, int count) {
    fill_columns(block, first, count);
    fill_targets(block, first, count);
    const auto columns = columns_of(block, static_cast<int>(c.rows() + num_targets)).topRows(count);
    Eigen::MatrixXd r = columns.rightCols(num_targets) - columns.leftCols(c.rows()) * c;
    for (int row = 0; row < count && !weights.empty(); ++row) r.row(row) *= weights[static_cast<size_t>(first + row)];
    sum += columns.leftCols(c.rows()).transpose() * r;
  });
  return sum;
}

void SindyRegression::update_middle(const Eigen::MatrixXd& c) {
  const View<const double, 2> x = data_.x(), next = data_.next();
  const View<double, 2> middle(middle_.data(), data_.size(), system_.state_size);
  const double eighth = system_.timestep / 8;
  const bool is_zero = c.isZero(0);
  each_block(0, data_.size(), [&](FeatureBlock& block, int first, int count) {
    Eigen::MatrixXd slope = Eigen::MatrixXd::Zero(count, static_cast<Eigen::Index>(targets_.size()));
    if (!is_zero) {
      block.clear_columns();
      set_inputs(block, x, first, count);
      block.add(1.0);
      set_inputs(block, next, first, count);
      block.add(-1.0);
      slope = columns_of(block, static_cast<int>(c.rows())).topRows(count) * c;
    }
    for (int i = 0; i < system_.state_size; ++i) {
      const int velocity = system_.velocity_of[static_cast<size_t>(i)];
      const auto target = std::find(targets_.begin(), targets_.end(), i) - targets_.begin();
      for (int row = 0; row < count; ++row) {
        const int r = first + row;
        const double change = velocity >= 0 ? x(r, velocity) - next(r, velocity) : slope(row, target);
        middle(r, i) = 0.5 * (x(r, i) + next(r, i)) + eighth * change;
      }
    }
  });
}

}  // namespace lockstep::models
