// Ensembles of thresholded regressions: draws, sums of panels of members, solves in lanes, fallbacks, summaries.
#include "models/bootstrap.h"
#include "engine/buffer.h"
#include "engine/error.h"
#include "engine/isa_dispatch.h"
#include "kernels/philox.h"
#include "models/regression_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using Eigen::MatrixXd;
using kernels::BootstrapBatch;
using kernels::kEntryTile;
using kernels::kProductRows;
using kernels::SumsLayout;

// Of the counter-based generator.
constexpr std::uint32_t kRowStream = 0x4252u, kDealStream = 0x4247u, kFeatureStream = 0x4246u;
// Sums of all members together stay below this; more members are done in turns (numbers).
constexpr size_t kMostSums = size_t{8} << 20;
// Entries whose products over a block of rows fit in the second cache.
constexpr int kChunk = 128;

int below(std::uint64_t seed, std::uint32_t stream, int world, int step, int count) {
  const kernels::PhiloxWords w =
      kernels::philox({seed, stream}, static_cast<std::uint32_t>(world), static_cast<std::uint32_t>(step));
  return static_cast<int>((static_cast<std::uint64_t>(w.word[0]) * static_cast<std::uint64_t>(count)) >> 32);
}

// The rows in the order of the groups they were dealt to, and where each group begins [groups + 1].
struct Deal {
  std::vector<int> order, first;
};
Deal deal_rows(int rows, const BootstrapConfig& config) {
  const int groups = std::min(config.groups, rows);
  Deal deal;
  deal.order.resize(static_cast<size_t>(rows));
  std::iota(deal.order.begin(), deal.order.end(), 0);
  for (int i = rows - 1; i > 0; --i) {
    std::swap(deal.order[static_cast<size_t>(i)],
              deal.order[static_cast<size_t>(below(config.seed, kDealStream, i, 0, i + 1))]);
  }
  for (int g = 0; g <= groups; ++g) {
    deal.first.push_back(static_cast<int>(static_cast<std::int64_t>(rows) * g / groups));
  }
  return deal;
}

int round_up(int n, int to) { return (n + to - 1) / to * to; }
size_t count_of(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

// Members of one ensemble: panels of sums, filled by rows or by groups, and solved.
class Fitter {
 public:
  Fitter(const RegressionRows& data, const StlsqConfig& config, const BootstrapConfig& bootstrap)
      : data_(data),
        config_(config),
        bootstrap_(bootstrap),
        kernels_(chosen_bootstrap_batch()),
        layout_{data.features(), data.targets()},
        entries_(round_up(layout_.size(), kEntryTile)),
        panel_(kernels_.panel),
        converted_(count_of(kProductRows, panel_)),
        solver_memory_(static_cast<size_t>(kernels::stlsq_scratch(layout_))),
        solved_(count_of(layout_.features, layout_.targets, panel_)),
        allowed_(count_of(layout_.features, panel_)),
        lanes_(count_of(5, panel_)),
        result_(layout_.features, layout_.targets, bootstrap.members) {
    std::fill_n(lanes_.data(), panel_, config.threshold);
    std::fill_n(lanes_.data() + panel_, panel_, config.alpha);
  }

  Bootstrap fit() {
    if (bootstrap_.resample == "rows") {
      fit_rows();
    } else {
      fit_groups();
    }
    for (const int member : ill_conditioned_) solve_by_rows(member);
    add_notes();
    result_.summarise();
    return std::move(result_);
  }

 private:
  [[nodiscard]] int panels() const { return (bootstrap_.members + panel_ - 1) / panel_; }
  [[nodiscard]] int members_of(int panel) const { return std::min(panel_, bootstrap_.members - panel * panel_); }

  void draw(int panel, int items, std::uint8_t* counts, std::vector<std::uint8_t>& memory) {
    memory.resize(count_of(items, panel_));
    kernels_.draw({.seed = bootstrap_.seed,
                   .stream = kRowStream,
                   .first_member = static_cast<std::uint32_t>(panel * panel_),
                   .members = members_of(panel),
                   .rows = items,
                   .counts = counts,
                   .memory = memory.data()});
  }

  // ---- By rows: counts times products, block by block of rows, for as many panels as fit ----

  void fit_rows() {
    const size_t of_panel = count_of(entries_, panel_);
    const int at_once = std::clamp(static_cast<int>(kMostSums / of_panel), 1, panels());
    HostBuffer<double> sums(of_panel * static_cast<size_t>(at_once));
    std::vector<std::uint8_t> counts(count_of(data_.rows(), panel_, at_once)), memory;
    const size_t of_counts = count_of(data_.rows(), panel_);
    for (int first = 0; first < panels(); first += at_once) {
      const int count = std::min(at_once, panels() - first);
      std::fill_n(sums.data(), sums.size(), 0.0);
      for (int i = 0; i < count; ++i) {
        draw(first + i, data_.rows(), counts.data() + static_cast<size_t>(i) * of_counts, memory);
      }
      add_blocks(counts, count, sums.data());
      for (int i = 0; i < count; ++i) solve(first + i, sums.data() + static_cast<size_t>(i) * of_panel);
    }
  }

  void add_blocks(const std::vector<std::uint8_t>& counts, int num_panels, double* sums) {
    HostBuffer<double> columns(count_of(layout_.columns(), kProductRows)), products(count_of(kChunk, kProductRows));
    for (int first = 0; first < data_.rows(); first += kProductRows) {
      const int rows = std::min(kProductRows, data_.rows() - first);
      fill_columns(first, rows, columns.data());
      for (int entry = 0; entry < entries_; entry += kChunk) {
        const int size = std::min(kChunk, entries_ - entry);
        kernels_.products({.layout = layout_,
                           .columns = columns.data(),
                           .first = entry,
                           .last = entry + size,
                           .products = products.data()});
        for (int i = 0; i < num_panels; ++i) {
          const auto panel = static_cast<size_t>(i);
          kernels_.panel_sums(
              {.counts = counts.data() + panel * count_of(data_.rows(), panel_) + count_of(first, panel_),
               .rows = rows,
               .products = products.data(),
               .entries = size,
               .sums = sums + panel * count_of(entries_, panel_) + count_of(entry, panel_),
               .memory = converted_.data()});
        }
      }
    }
  }

  void fill_columns(int first, int rows, double* columns) const {
    const int p = layout_.features;
    for (int c = 0; c < layout_.columns(); ++c) {
      double* const out = columns + count_of(c, kProductRows);
      for (int row = 0; row < rows; ++row) out[row] = c < p ? data_.theta(first + row, c) : data_.y(first + row, c - p);
      std::fill(out + rows, out + kProductRows, 0.0);
    }
  }

  // ---- By groups: the sums of each group once, then counts times sums ----

  void fit_groups() {
    const bool is_resampled = bootstrap_.resample == "groups";
    Deal deal;
    if (is_resampled) deal = deal_rows(data_.rows(), bootstrap_);
    if (!is_resampled) deal.first = {0, data_.rows()};
    const int groups = static_cast<int>(deal.first.size()) - 1, blocks = (groups + kProductRows - 1) / kProductRows;
    HostBuffer<double> group_sums(count_of(blocks, entries_, kProductRows));  // [blocks][entries][kProductRows]
    fill_group_sums(deal, group_sums.data());
    HostBuffer<double> sums(count_of(entries_, panel_));
    std::vector<std::uint8_t> counts(count_of(groups, panel_), 1), memory;
    for (int panel = 0; panel < panels(); ++panel) {
      if (is_resampled) draw(panel, groups, counts.data(), memory);
      std::fill_n(sums.data(), sums.size(), 0.0);
      for (int block = 0; block < blocks; ++block) {
        kernels_.panel_sums({.counts = counts.data() + count_of(block * kProductRows, panel_),
                             .rows = std::min(kProductRows, groups - block * kProductRows),
                             .products = group_sums.data() + count_of(block, entries_, kProductRows),
                             .entries = entries_,
                             .sums = sums.data(),
                             .memory = converted_.data()});
      }
      solve(panel, sums.data());
    }
  }

  void fill_group_sums(const Deal& deal, double* out) const {
    const int p = layout_.features, q = layout_.columns(), width = kernels::row_width(layout_);
    HostBuffer<double> square(count_of(q, width)), memory(count_of(8, width));
    const int groups = static_cast<int>(deal.first.size()) - 1;
    for (int group = 0; group < groups; ++group) {
      const int first = deal.first[static_cast<size_t>(group)];
      std::fill_n(square.data(), square.size(), 0.0);
      kernels_.row_sums({.layout = layout_,
                         .theta = data_.theta.data_handle(),
                         .y = data_.y.data_handle(),
                         .order = deal.order.empty() ? nullptr : deal.order.data() + first,
                         .rows = deal.first[static_cast<size_t>(group) + 1] - first,
                         .square = square.data(),
                         .memory = memory.data()});
      double* to = out + count_of(group / kProductRows, entries_, kProductRows) + group % kProductRows;
      const auto write = [&](int f, int g) {
        *to = square.data()[count_of(f, width) + static_cast<size_t>(g)];
        to += kProductRows;
      };
      for (int f = 0; f < p; ++f) {
        for (int g = f; g < q; ++g) write(f, g);
      }
      for (int k = p; k < q; ++k) write(k, k);
    }
  }

  // ---- Solves ----

  // Marks the features that each member of the panel may use; null where all may.
  const double* allowed(int panel) {
    if (bootstrap_.drop_features == 0) return nullptr;
    std::fill_n(allowed_.data(), allowed_.size(), 1.0);
    for (int lane = 0; lane < members_of(panel); ++lane) {
      for (const int f : dropped(panel * panel_ + lane))
        allowed_.data()[count_of(f, panel_) + static_cast<size_t>(lane)] = 0;
    }
    return allowed_.data();
  }

  [[nodiscard]] std::vector<int> dropped(int member) const {
    std::vector<int> order(static_cast<size_t>(layout_.features));
    std::iota(order.begin(), order.end(), 0);
    for (int i = 0; i < bootstrap_.drop_features; ++i) {
      const int j = i + below(bootstrap_.seed, kFeatureStream, member, i, layout_.features - i);
      std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(j)]);
    }
    order.resize(static_cast<size_t>(bootstrap_.drop_features));
    return order;
  }

  void solve(int panel, const double* sums) {
    double* const lanes = lanes_.data();
    const double *const pivot = lanes + 2 * panel_, *const unsettled = lanes + 4 * panel_;
    kernels_.stlsq({.layout = layout_,
                    .settings = {.on_contribution = config_.threshold_on == "contribution",
                                 .unbias = config_.unbias,
                                 .max_iterations = config_.max_iterations},
                    .sums = sums,
                    .allowed = allowed(panel),
                    .threshold = lanes,
                    .alpha = lanes + panel_,
                    .members = members_of(panel),
                    .coefficients = solved_.data(),
                    .pivot = lanes + 2 * panel_,
                    .iterations = lanes + 3 * panel_,
                    .unsettled = lanes + 4 * panel_,
                    .memory = solver_memory_.data()});
    for (int f = 0; f < layout_.features; ++f) {
      for (int k = 0; k < layout_.targets; ++k) {
        const double* const from = solved_.data() + count_of(k * layout_.features + f, panel_);
        std::copy_n(from, members_of(panel), result_.members_of(f, k).data() + panel * panel_);
      }
    }
    for (int lane = 0; lane < members_of(panel); ++lane) {
      if (!(pivot[lane] > kernels::kSafePivot)) ill_conditioned_.push_back(panel * panel_ + lane);
      if (unsettled[lane] > 0) ++unsettled_;
    }
  }

  void solve_by_rows(int member) {
    const std::vector<double> weights = rows_drawn(data_.rows(), member, bootstrap_);
    NormalEquations sums = sums_of_rows({data_.theta, data_.y, weights});
    Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> may =
        Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>::Constant(layout_.features, layout_.targets, true);
    for (const int f : dropped(member)) may.row(f) = false;
    const StlsqResult fit = stlsq(sums, config_, may);
    for (int f = 0; f < layout_.features; ++f) {
      for (int k = 0; k < layout_.targets; ++k)
        result_.members_of(f, k)[static_cast<size_t>(member)] = fit.coefficients(f, k);
    }
  }

  void add_notes() {
    result_.fallbacks = static_cast<int>(ill_conditioned_.size());
    if (!ill_conditioned_.empty()) {
      result_.notes.push_back(
          fmt::format("{} of {} members were too ill-conditioned for their sums (condition above "
                      "1e6 with columns of unit length): solved by QR of their rows",
                      ill_conditioned_.size(), bootstrap_.members));
    }
    if (unsettled_ > 0) {
      result_.notes.push_back(fmt::format("the terms of {} of {} members had not settled after {} passes", unsettled_,
                                          bootstrap_.members, config_.max_iterations));
    }
  }

  const RegressionRows& data_;
  const StlsqConfig& config_;
  const BootstrapConfig& bootstrap_;
  const BootstrapBatch& kernels_;
  SumsLayout layout_;
  int entries_, panel_;
  HostBuffer<double> converted_, solver_memory_, solved_, allowed_;
  HostBuffer<double> lanes_;  // [5][panel] threshold, alpha, pivot, iterations, unsettled
  std::vector<int> ill_conditioned_;
  int unsettled_ = 0;
  Bootstrap result_;
};

double quantile(std::vector<double>& values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const auto low = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), low, values.end());
  const double rest = place - std::floor(place);
  if (rest == 0 || low + 1 == values.end()) return *low;
  return (1 - rest) * *low + rest * *std::min_element(low + 1, values.end());
}

}  // namespace

const BootstrapBatch& chosen_bootstrap_batch() {
  return with_isa(chosen_isa(),
                  []<class Tag>(Tag) -> const BootstrapBatch& { return kernels::bootstrap_batch<Tag>(); });
}

void BootstrapConfig::describe(Fields& fields) {
  fields.add("members", members, "regressions on resampled rows", {1, 1000000});
  fields.add_choice("resample", resample, "what members draw with replacement", {"rows", "groups", "none"});
  fields.add("groups", groups, "that rows are dealt to at random", {2, 1000000});
  fields.add("drop_features", drop_features, "features each member must do without", {0, 100000});
  fields.add("seed", seed, "of everything that is drawn");
}

void BootstrapConfig::check() const {
  if (resample != "rows" && resample != "groups" && resample != "none") {
    throw Error("resample = '" + resample + "' is unknown", "bootstrap settings", "choose rows, groups or none");
  }
  if (members < 1 || groups < 2 || drop_features < 0) {
    throw Error(fmt::format("members {}, groups {}, drop_features {}", members, groups, drop_features),
                "bootstrap settings", "give members >= 1, groups >= 2 and drop_features >= 0");
  }
}

Bootstrap::Bootstrap(int features, int targets, int members)
    : features_(features), targets_(targets), members_(members), values_(count_of(features, targets, members), 0.0) {}

MatrixXd Bootstrap::member(int index) const {
  MatrixXd c(features_, targets_);
  for (int f = 0; f < features_; ++f) {
    for (int k = 0; k < targets_; ++k) c(f, k) = coefficient(index, f, k);
  }
  return c;
}

void Bootstrap::summarise() {
  for (MatrixXd* const m : {&mean, &median, &spread, &inclusion}) *m = MatrixXd::Zero(features_, targets_);
  std::vector<double> values;
  const auto count = static_cast<double>(members_);
  for (int f = 0; f < features_; ++f) {
    for (int k = 0; k < targets_; ++k) {
      const std::span<const double> all = members_of(f, k);
      const auto absent = std::count(all.begin(), all.end(), 0.0);
      if (absent == members_) continue;
      inclusion(f, k) = 1 - static_cast<double>(absent) / count;
      mean(f, k) = std::accumulate(all.begin(), all.end(), 0.0) / count;
      double square = 0;
      for (const double c : all) square += (c - mean(f, k)) * (c - mean(f, k));
      spread(f, k) = std::sqrt(square / count);
      if (2 * absent > members_) continue;  // the middle one is zero
      values.assign(all.begin(), all.end());
      median(f, k) = quantile(values, 0.5);
    }
  }
}

std::pair<double, double> Bootstrap::interval(int feature, int target, double level) const {
  const std::span<const double> all = members_of(feature, target);
  std::vector<double> values(all.begin(), all.end());
  const double low = quantile(values, (1 - level) / 2);
  return {low, quantile(values, (1 + level) / 2)};
}

Bootstrap bootstrap_stlsq(View<const double, 2> theta, View<const double, 2> y, const StlsqConfig& config,
                          const BootstrapConfig& bootstrap) {
  config.check();
  bootstrap.check();
  const RegressionRows data{theta, y, {}};
  check_rows(data, config.alpha, "bootstrap_stlsq");
  if (bootstrap.drop_features >= data.features()) {
    throw Error(fmt::format("drop_features = {} of {} features", bootstrap.drop_features, data.features()),
                "bootstrap settings", "leave each member at least one feature");
  }
  return Fitter(data, config, bootstrap).fit();
}

std::vector<double> rows_drawn(int rows, int member, const BootstrapConfig& bootstrap) {
  if (bootstrap.resample == "none") return std::vector<double>(static_cast<size_t>(rows), 1.0);
  const bool is_by_rows = bootstrap.resample == "rows";
  const int items = is_by_rows ? rows : std::min(bootstrap.groups, rows);
  const BootstrapBatch& batch = chosen_bootstrap_batch();
  std::vector<std::uint8_t> counts(count_of(items, batch.panel)), memory(counts.size());
  batch.draw({.seed = bootstrap.seed,
              .stream = kRowStream,
              .first_member = static_cast<std::uint32_t>(member),
              .members = 1,
              .rows = items,
              .counts = counts.data(),
              .memory = memory.data()});
  std::vector<double> drawn(static_cast<size_t>(rows));
  if (is_by_rows) {
    for (int row = 0; row < rows; ++row) drawn[static_cast<size_t>(row)] = counts[count_of(row, batch.panel)];
    return drawn;
  }
  const Deal deal = deal_rows(rows, bootstrap);
  for (int g = 0; g < items; ++g) {
    for (int i = deal.first[static_cast<size_t>(g)]; i < deal.first[static_cast<size_t>(g) + 1]; ++i) {
      drawn[static_cast<size_t>(deal.order[static_cast<size_t>(i)])] = counts[count_of(g, batch.panel)];
    }
  }
  return drawn;
}

}  // namespace lockstep::models
