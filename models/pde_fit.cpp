// Partial differential equations from fields: derivatives along axes, rows of grid points in blocks, terms, names.
#include "models/pde_fit.h"
#include "engine/error.h"
#include "models/differentiation.h"
#include "models/sparse_kernels.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using kernels::kFeatureBlockRows;

// Orders of a derivative along x and y.
struct Orders {
  int x = 0, y = 0;
};

std::vector<Orders> derivative_orders(int highest, bool is_plane) {
  std::vector<Orders> out;
  for (int total = 1; total <= highest; ++total) {
    for (int y = 0; y <= (is_plane ? total : 0); ++y) out.push_back({total - y, y});
  }
  return out;
}

std::string derivative_name(const std::string& field, Orders orders) {
  return fmt::format("{}_{}{}", field, std::string(static_cast<size_t>(orders.x), 'x'),
                     std::string(static_cast<size_t>(orders.y), 'y'));
}

// Finite differences along one axis: weights for every point, with its first node.
struct AxisDifferences {
  std::vector<int> first;
  std::vector<std::vector<double>> weights;
};

AxisDifferences differences_along(std::span<const double> axis, int order, int accuracy) {
  AxisDifferences out;
  const int points = static_cast<int>(axis.size());
  const int central = 2 * ((order + 1) / 2) - 1 + 2 * ((accuracy + 1) / 2), general = order + accuracy;
  const bool is_even = even_step(axis) > 0;
  for (int at = 0; at < points; ++at) {
    const bool is_inside = is_even && at >= central / 2 && at + central / 2 < points;
    const int count = is_inside ? central : std::min(general, points);
    const int first = is_inside ? at - central / 2 : std::clamp(at - count / 2, 0, points - count);
    out.first.push_back(first);
    out.weights.push_back(finite_difference_weights(
        axis[static_cast<size_t>(at)], axis.subspan(static_cast<size_t>(first), static_cast<size_t>(count)), order));
  }
  return out;
}

// Values [outer][points][inner] differentiated along the middle axis.
std::vector<double> differentiated(std::span<const double> values, const AxisDifferences& d, size_t outer,
                                   size_t inner) {
  const size_t points = d.first.size();
  std::vector<double> out(values.size(), 0.0);
  for (size_t o = 0; o < outer; ++o) {
    for (size_t p = 0; p < points; ++p) {
      double* const target = &out[(o * points + p) * inner];
      for (size_t k = 0; k < d.weights[p].size(); ++k) {
        const double weight = d.weights[p][k];
        const double* const source = &values[(o * points + static_cast<size_t>(d.first[p]) + k) * inner];
        for (size_t i = 0; i < inner; ++i) target[i] += weight * source[i];
      }
    }
  }
  return out;
}

void check_axis(std::span<const double> axis, const char* name, int needed) {
  if (static_cast<int>(axis.size()) < needed) {
    throw Error(fmt::format("{} points along {}", axis.size(), name), "fit_pde",
                fmt::format("differences of this order and accuracy need {} points", needed));
  }
  for (size_t k = 0; k < axis.size(); ++k) {
    if (std::isfinite(axis[k]) && (k == 0 || axis[k] > axis[k - 1])) continue;
    throw Error(fmt::format("point {} along {} is {}", k, name, axis[k]), "fit_pde", "give points that increase");
  }
}

void check_grid(const FieldGrid& grid, const PdeConfig& config) {
  const int margin = config.derivatives + config.accuracy;
  check_axis(grid.time, "t", config.accuracy + 2);
  check_axis(grid.x, "x", margin + 1);
  if (grid.is_plane()) check_axis(grid.y, "y", margin + 1);
  const size_t points = grid.time.size() * grid.x.size() * std::max<size_t>(1, grid.y.size());
  if (grid.names.empty() || grid.values.size() != points * grid.names.size()) {
    throw Error(fmt::format("{} values for {} fields of {} points", grid.values.size(), grid.names.size(), points),
                "fit_pde", "give values [fields][times][x][y]");
  }
  for (size_t k = 0; k < grid.values.size(); ++k) {
    if (std::isfinite(grid.values[k])) continue;
    const size_t at = k % points, inner = std::max<size_t>(1, grid.y.size());
    throw Error(fmt::format("{} at time {}, x {}, y {} is {}", grid.names[k / points], at / (grid.x.size() * inner),
                            at / inner % grid.x.size(), at % inner, grid.values[k]),
                "fit_pde", "leave out times that hold numbers which are not finite");
  }
}

// Fields and their derivatives, each [times][x][y], and the fields' time derivatives.
struct Columns {
  std::vector<std::span<const double>> inputs;
  std::vector<std::vector<double>> storage, slopes;
  std::vector<std::string> names;
};

Columns columns_of(const FieldGrid& grid, const PdeConfig& config) {
  Columns out;
  const size_t times = grid.time.size(), nx = grid.x.size(), ny = std::max<size_t>(1, grid.y.size());
  const size_t points = times * nx * ny;
  const std::vector<Orders> orders = derivative_orders(config.derivatives, grid.is_plane());
  out.storage.reserve(orders.size() * grid.names.size());
  for (int f = 0; f < grid.fields(); ++f) {
    out.inputs.push_back(grid.values.subspan(static_cast<size_t>(f) * points, points));
    out.names.push_back(grid.names[static_cast<size_t>(f)]);
  }
  const AxisDifferences in_time = differences_along(grid.time, 1, config.accuracy);
  for (int f = 0; f < grid.fields(); ++f) {
    const std::span<const double> field = grid.values.subspan(static_cast<size_t>(f) * points, points);
    out.slopes.push_back(differentiated(field, in_time, 1, nx * ny));
    for (const Orders order : orders) {
      std::vector<double> values(field.begin(), field.end());
      if (order.x > 0) values = differentiated(values, differences_along(grid.x, order.x, config.accuracy), times, ny);
      if (order.y > 0)
        values = differentiated(values, differences_along(grid.y, order.y, config.accuracy), times * nx, 1);
      out.storage.push_back(std::move(values));
      out.inputs.emplace_back(out.storage.back());
      out.names.push_back(derivative_name(grid.names[static_cast<size_t>(f)], order));
    }
  }
  return out;
}

FeatureLibrary library_of(int fields, int inputs, int degree) {
  std::vector<int> field_inputs;
  for (int f = 0; f < fields; ++f) field_inputs.push_back(f);
  std::vector<Feature> features = polynomial_features(field_inputs, {.degree = degree});
  std::vector<Feature> derivatives;
  for (int input = fields; input < inputs; ++input) derivatives.push_back({{Factor::Kind::kPower, input, 1}});
  const std::vector<Feature> products = tensor_features(features, derivatives);
  features.insert(features.end(), products.begin(), products.end());
  return {inputs, 0, features};
}

// Points away from the edges by half a stencil, every n-th along each axis.
std::vector<size_t> rows_of(const FieldGrid& grid, const PdeConfig& config) {
  const auto range = [&](size_t points, int order) {
    const auto margin = static_cast<size_t>((2 * ((order + 1) / 2) - 1 + 2 * ((config.accuracy + 1) / 2)) / 2);
    std::vector<size_t> kept;
    for (size_t k = margin; k + margin < points; k += static_cast<size_t>(config.every)) kept.push_back(k);
    return kept;
  };
  const std::vector<size_t> times = range(grid.time.size(), 1), xs = range(grid.x.size(), config.derivatives);
  const std::vector<size_t> ys = grid.is_plane() ? range(grid.y.size(), config.derivatives) : std::vector<size_t>{0};
  const size_t ny = std::max<size_t>(1, grid.y.size());
  std::vector<size_t> rows;
  for (const size_t t : times) {
    for (const size_t x : xs) {
      for (const size_t y : ys) rows.push_back((t * grid.x.size() + x) * ny + y);
    }
  }
  return rows;
}

}  // namespace

void PdeConfig::describe(Fields& fields) {
  fields.add("derivatives", derivatives, "highest order in space", {1, 4});
  fields.add("degree", degree, "of the polynomials in the fields", {0, 6});
  fields.add("accuracy", accuracy, "order of the finite differences' error", {2, 8});
  fields.add("every", every, "use every n-th point of each axis", {1, 100000});
  fields.add("optimiser", optimiser, "who chooses the terms: a name of `lockstep list optimisers`");
  fields.add("threshold", threshold, "share of the time derivative's rms that a term must be worth", {0, 1});
  fields.add("significance", significance, "standard errors a coefficient must be away from 0", {0, 1000});
}

void PdeConfig::check() const {
  if (derivatives >= 1 && derivatives <= 4 && degree >= 0 && degree <= 6 && accuracy >= 2 && accuracy <= 8 &&
      every >= 1 && threshold >= 0 && significance >= 0) {
    return;
  }
  throw Error(
      fmt::format("derivatives = {}, degree = {}, accuracy = {}, every = {}", derivatives, degree, accuracy, every),
      "settings of a fit of partial differential equations",
      "give derivatives in [1, 4], degree in [0, 6], accuracy in [2, 8] and every >= 1");
}

std::vector<std::string> PdeFit::equations(int significant_digits) const {
  const std::vector<std::string> names = library.names({inputs, {}});
  std::vector<std::string> lines;
  for (Eigen::Index field = 0; field < coefficients.cols(); ++field) {
    std::string line = fmt::format("{}_t =", inputs[static_cast<size_t>(field)]);
    bool is_first = true;
    for (Eigen::Index f = 0; f < coefficients.rows(); ++f) {
      const double c = coefficients(f, field);
      if (c == 0) continue;
      const char* const sign = c < 0 ? (is_first ? " -" : " - ") : (is_first ? " " : " + ");
      line += fmt::format("{}{:.{}g}", sign, std::abs(c), significant_digits);
      if (!library.features()[static_cast<size_t>(f)].empty())
        line += fmt::format(" {}", names[static_cast<size_t>(f)]);
      is_first = false;
    }
    lines.push_back(is_first ? line + " 0" : line);
  }
  return lines;
}

PdeFit fit_pde(const FieldGrid& grid, const PdeConfig& config) {
  config.check();
  check_grid(grid, config);
  const Columns columns = columns_of(grid, config);
  const int fields = grid.fields(), inputs = static_cast<int>(columns.inputs.size());
  const FeatureLibrary library = library_of(fields, inputs, config.degree);
  const std::vector<size_t> rows = rows_of(grid, config);
  FeatureBlock block(library.compiled(), inputs, fields);
  Gram gram(library.size(), fields);
  std::vector<double> sums(static_cast<size_t>(fields), 0.0);
  for (size_t first = 0; first < rows.size(); first += kFeatureBlockRows) {
    const size_t count = std::min<size_t>(kFeatureBlockRows, rows.size() - first);
    for (int i = 0; i < inputs; ++i) {
      double* const out = block.input(i);
      for (size_t k = 0; k < count; ++k) out[k] = columns.inputs[static_cast<size_t>(i)][rows[first + k]];
    }
    block.clear_columns();
    block.add(1.0);
    for (int f = 0; f < fields; ++f) {
      double* const out = block.column(library.size() + f);
      for (size_t k = 0; k < count; ++k)
        sums[static_cast<size_t>(f)] += out[k] = columns.slopes[static_cast<size_t>(f)][rows[first + k]];
    }
    gram.add_columns(block.columns(), static_cast<int>(count));
  }
  SindyConfig selection;
  selection.regression.threshold = config.threshold;
  selection.significance = config.significance;
  const NormalEquations equations = gram.normal_equations();
  selection.optimiser = config.optimiser;
  selection.with = config.with;
  const StlsqResult result = make_optimiser(selection)->fit({.sums = equations, .library = &library});
  std::vector<double> score;
  const auto count = static_cast<double>(rows.size());
  for (int f = 0; f < fields; ++f) {
    const double mean = sums[static_cast<size_t>(f)] / count, variance = equations.y_y(f, f) / count - mean * mean;
    score.push_back(variance > 0 ? 1 - result.residual[static_cast<size_t>(f)] / variance : 0);
  }
  return {library, columns.names, result.coefficients, score, static_cast<int>(rows.size())};
}

}  // namespace lockstep::models
