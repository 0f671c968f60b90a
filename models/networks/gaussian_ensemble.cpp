// Fits and draws of probabilistic ensembles.
#include "models/networks/gaussian_ensemble.h"
#include "engine/error.h"
#include "models/random_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

namespace lockstep::models::networks {
namespace {

constexpr int kLeastRows = 4;
// Blocks of a step's draws that noise takes; the one before them chooses the member.
constexpr std::uint32_t kMemberBlock = 0, kFirstNoise = 2;

std::vector<LayerSpec> layers_of(const GaussianEnsembleConfig& config, int outputs) {
  const std::vector<int> hidden(static_cast<size_t>(config.layers), config.width);
  return perceptron(hidden, 2 * outputs, activation_named(config.activation), 1.0);
}

void require_finite(View<const float, 2> rows, const char* what) {
  for (int row = 0; row < rows.extent(0); ++row) {
    for (int column = 0; column < rows.extent(1); ++column) {
      if (std::isfinite(rows(row, column))) continue;
      throw Error(fmt::format("{} row {}, column {} is {}", what, row, column, rows(row, column)), "ensemble",
                  "leave out rows with numbers that are not finite");
    }
  }
}

}  // namespace

void GaussianEnsembleConfig::describe(Fields& fields) {
  fields.add("members", members, "networks of the ensemble", {1, 1000});
  fields.add("elites", elites, "the best of them, which draws come from; at most `members`", {1, 1000});
  fields.add("layers", layers, "hidden layers", {1, 16});
  fields.add("width", width, "units of a hidden layer", {1, 16384});
  fields.add_choice("activation", activation, "of hidden units", activation_names());
  fields.add("learning_rate", learning_rate, "of Adam", {0, 10});
  fields.add("weight_decay", weight_decay, "half of it times the square of the weights is added to the loss", {0, 10});
  fields.add("bound_weight", bound_weight, "of the distance between the bounds of log variances", {0, 10});
  fields.add("batch", batch, "rows of an update", {1, 1 << 20});
  fields.add("holdout_share", holdout_share, "of the rows, that judge and are not learned from", {0, 0.9});
  fields.add("most_holdout", most_holdout, "rows that are held out at most", {1, 1e9});
  fields.add("improvement", improvement, "share by which a member's held-out error must fall to count", {0, 1});
  fields.add("patience", patience, "epochs without an improvement after which training ends", {1, 1e6});
  fields.add("most_epochs", most_epochs, "of one fit", {1, 1e6});
}

GaussianEnsemble::GaussianEnsemble(int inputs, int outputs, const GaussianEnsembleConfig& config, std::uint64_t seed,
                                   ThreadPool& pool)
    : config_(config),
      network_(inputs, layers_of(config, outputs)),
      pool_(pool),
      members_(static_cast<size_t>(config.members)) {
  if (config.elites > config.members) {
    throw Error(fmt::format("{} elites of {} members", config.elites, config.members), "ensemble",
                "set elites at most to members");
  }
  const auto size = static_cast<size_t>(network_.num_parameters());
  for (size_t k = 0; k < members_.size(); ++k) {
    Member& member = members_[k];
    member.parameters.resize(size);
    member.gradient.resize(size);
    network_.initialise(seed, static_cast<std::uint32_t>(0xe25e + k), member.parameters);
    member.best = member.parameters;
    adams_.emplace_back(network_.num_parameters(), AdamConfig{});
  }
  elites_.resize(static_cast<size_t>(config.elites));
  std::iota(elites_.begin(), elites_.end(), 0);
  input_scale_ = {std::vector<float>(static_cast<size_t>(inputs), 0),
                  std::vector<float>(static_cast<size_t>(inputs), 1)};
  target_scale_ = {std::vector<float>(static_cast<size_t>(outputs), 0),
                   std::vector<float>(static_cast<size_t>(outputs), 1)};
}

void GaussianEnsemble::Scale::fit(View<const float, 2> rows) {
  const double count = rows.extent(0);
  for (int column = 0; column < rows.extent(1); ++column) {
    double sum = 0, square = 0;
    for (int row = 0; row < rows.extent(0); ++row) sum += static_cast<double>(rows(row, column));
    for (int row = 0; row < rows.extent(0); ++row)
      square += std::pow(static_cast<double>(rows(row, column)) - sum / count, 2);
    const auto k = static_cast<size_t>(column);
    const double deviation_found = std::sqrt(square / count);
    mean[k] = static_cast<float>(sum / count);
    deviation[k] = deviation_found > 1e-12 ? static_cast<float>(deviation_found) : 1.0f;
  }
}

void GaussianEnsemble::Scale::standardise(View<const float, 2> rows, std::span<float> out) const {
  size_t i = 0;
  for (int row = 0; row < rows.extent(0); ++row) {
    for (size_t k = 0; k < mean.size(); ++k, ++i) out[i] = (rows(row, static_cast<int>(k)) - mean[k]) / deviation[k];
  }
}

GaussianEnsemble::Rows GaussianEnsemble::split(View<const float, 2> inputs, View<const float, 2> targets,
                                               kernels::RandomStream stream) {
  const auto count = static_cast<size_t>(inputs.extent(0));
  Rows rows;
  rows.stream = stream;
  input_scale_.fit(inputs);
  target_scale_.fit(targets);
  rows.inputs.resize(inputs.size());
  rows.targets.resize(targets.size());
  input_scale_.standardise(inputs, rows.inputs);
  target_scale_.standardise(targets, rows.targets);
  rows.order.resize(count);
  std::iota(rows.order.begin(), rows.order.end(), 0u);
  shuffle(rows.order, stream, fits_, 0);
  const auto holdout = std::clamp<size_t>(static_cast<size_t>(config_.holdout_share * static_cast<double>(count)), 1,
                                          static_cast<size_t>(config_.most_holdout));
  rows.training = count - std::min(holdout, count - 1);
  for (size_t k = 0; k < members_.size(); ++k) {
    Member& member = members_[k];
    member.bootstrap.resize(rows.training);
    for (size_t i = 0; i < rows.training; ++i) {
      member.bootstrap[i] = rows.order[index_below(rows.training, stream, static_cast<std::uint32_t>(i), fits_,
                                                   static_cast<std::uint32_t>(k) + 1)];
    }
  }
  return rows;
}

void GaussianEnsemble::gather(const Rows& rows, std::span<const std::uint32_t> chosen, Member& member) const {
  const auto width = static_cast<size_t>(inputs()), count = static_cast<size_t>(outputs());
  member.inputs.resize(chosen.size() * width);
  member.targets.resize(chosen.size() * count);
  for (size_t k = 0; k < chosen.size(); ++k) {
    std::copy_n(&rows.inputs[chosen[k] * width], width, &member.inputs[k * width]);
    std::copy_n(&rows.targets[chosen[k] * count], count, &member.targets[k * count]);
  }
}

// Returns the loss; where it is not finite the parameters are left alone.
float GaussianEnsemble::update(const Rows& rows, Member& member, Adam<float>& adam,
                               std::span<const std::uint32_t> chosen) {
  gather(rows, chosen, member);
  const auto count = static_cast<int>(chosen.size());
  std::ranges::fill(member.gradient, 0.0f);
  const float loss =
      network_.add_gradient(member.parameters, view(std::as_const(member.inputs).data(), count, inputs()),
                            view(std::as_const(member.targets).data(), count, outputs()),
                            static_cast<float>(config_.bound_weight), member.scratch, member.gradient);
  if (!std::isfinite(loss)) return loss;
  const auto decay = static_cast<float>(config_.weight_decay);
  for (const ParameterBlock& block : network_.network().parameter_blocks()) {
    if (block.shape.size() < 2) continue;  // biases are free
    for (auto i = static_cast<size_t>(block.offset); i < static_cast<size_t>(block.offset + block.size()); ++i)
      member.gradient[i] += decay * member.parameters[i];
  }
  adam.step(member.gradient, config_.learning_rate, member.parameters);
  return loss;
}

void GaussianEnsemble::train_epoch(const Rows& rows, int index, int epoch) {
  const auto k = static_cast<size_t>(index);
  Member& member = members_[k];
  shuffle(member.bootstrap, rows.stream, fits_,
          static_cast<std::uint32_t>((epoch + 1) * config_.members + index + 1) | 0x80000000u);
  const auto batch = static_cast<size_t>(config_.batch);
  for (size_t first = 0; first < rows.training; first += batch) {
    const auto chosen =
        std::span<const std::uint32_t>(member.bootstrap).subspan(first, std::min(batch, rows.training - first));
    const float loss = update(rows, member, adams_[k], chosen);
    if (std::isfinite(loss)) continue;
    throw Error(fmt::format("the loss of member {} is {} in epoch {}", index, loss, epoch + 1), "ensemble",
                "set a lower learning_rate, or look for rows far from all others");
  }
}

double GaussianEnsemble::holdout_error(const Rows& rows, Member& member) {
  const std::span<const std::uint32_t> held = std::span<const std::uint32_t>(rows.order).subspan(rows.training);
  gather(rows, held, member);
  member.means.resize(member.targets.size());
  member.deviations.resize(member.targets.size());
  const auto count = static_cast<int>(held.size());
  network_.predict(member.parameters, view(std::as_const(member.inputs).data(), count, inputs()), member.scratch,
                   view(member.means.data(), count, outputs()), view(member.deviations.data(), count, outputs()));
  double sum = 0;
  for (size_t i = 0; i < member.targets.size(); ++i)
    sum += std::pow(static_cast<double>(member.means[i] - member.targets[i]), 2);
  return sum / static_cast<double>(member.targets.size());
}

void GaussianEnsemble::choose_elites() {
  std::vector<int> order(members_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](int k) { return members_[static_cast<size_t>(k)].best_error; });
  std::copy_n(order.begin(), elites_.size(), elites_.begin());
}

GaussianEnsembleFit GaussianEnsemble::fit(View<const float, 2> inputs, View<const float, 2> targets,
                                          kernels::RandomStream stream) {
  if (inputs.extent(0) < kLeastRows || targets.extent(0) != inputs.extent(0)) {
    throw Error(fmt::format("{} rows of inputs and {} of targets", inputs.extent(0), targets.extent(0)), "ensemble",
                fmt::format("fit at least {} rows, as many of targets as of inputs", kLeastRows));
  }
  require_finite(inputs, "inputs");
  require_finite(targets, "targets");
  const Rows rows = split(inputs, targets, stream);
  pool_.for_each(config_.members, [&](int k, int) {
    Member& member = members_[static_cast<size_t>(k)];
    member.best = member.parameters;
    member.best_error = holdout_error(rows, member);
  });
  GaussianEnsembleFit fit;
  for (int idle = 0; idle < config_.patience && fit.epochs < config_.most_epochs; ++fit.epochs) {
    pool_.for_each(config_.members, [&](int k, int) {
      train_epoch(rows, k, fit.epochs);
      Member& member = members_[static_cast<size_t>(k)];
      const double error = holdout_error(rows, member);
      member.has_improved = error < member.best_error * (1 - config_.improvement);
      if (!member.has_improved) return;
      member.best_error = error;
      member.best = member.parameters;
    });
    idle = std::ranges::any_of(members_, &Member::has_improved) ? 0 : idle + 1;
    fit.updates += static_cast<std::int64_t>((rows.training + static_cast<size_t>(config_.batch) - 1) /
                                             static_cast<size_t>(config_.batch));
  }
  for (Member& member : members_) {
    member.parameters = member.best;
    fit.holdout_error.push_back(member.best_error);
  }
  choose_elites();
  ++fits_;
  return fit;
}

void GaussianEnsemble::predict(int index, View<const float, 2> inputs, View<float, 2> means,
                               View<float, 2> deviations) {
  Member& member = members_[static_cast<size_t>(index)];
  standardised_.resize(inputs.size());
  input_scale_.standardise(inputs, standardised_);
  network_.predict(member.parameters, view(std::as_const(standardised_).data(), inputs.extent(0), inputs.extent(1)),
                   member.scratch, means, deviations);
  for (int row = 0; row < inputs.extent(0); ++row) {
    for (int i = 0; i < outputs(); ++i) {
      const auto k = static_cast<size_t>(i);
      means(row, i) = target_scale_.mean[k] + target_scale_.deviation[k] * means(row, i);
      deviations(row, i) *= target_scale_.deviation[k];
    }
  }
}

void GaussianEnsemble::sample(View<const float, 2> inputs, kernels::RandomStream stream, std::uint32_t step,
                              View<float, 2> outputs) {
  const int rows = inputs.extent(0), width = inputs.extent(1), count = this->outputs();
  standardised_.resize(inputs.size());
  input_scale_.standardise(inputs, standardised_);
  for (Member& member : members_) member.drawn.clear();
  for (int row = 0; row < rows; ++row) {
    const auto r = static_cast<std::uint32_t>(row);
    const int chosen = elites_[index_below(elites_.size(), stream, r, step, kMemberBlock)];
    members_[static_cast<size_t>(chosen)].drawn.push_back(r);
  }
  // Rows of one member side by side, so that its products are dense.
  pool_.for_each(config_.members, [&](int index, int) {
    Member& member = members_[static_cast<size_t>(index)];
    const auto drawn = static_cast<int>(member.drawn.size());
    if (drawn == 0) return;
    const auto size = static_cast<size_t>(width);
    member.inputs.resize(member.drawn.size() * size);
    member.means.resize(member.drawn.size() * static_cast<size_t>(count));
    member.deviations.resize(member.means.size());
    for (size_t k = 0; k < member.drawn.size(); ++k)
      std::copy_n(&standardised_[member.drawn[k] * size], size, &member.inputs[k * size]);
    network_.predict(member.parameters, view(std::as_const(member.inputs).data(), drawn, width), member.scratch,
                     view(member.means.data(), drawn, count), view(member.deviations.data(), drawn, count));
    for (size_t k = 0; k < member.drawn.size(); ++k) {
      for (int i = 0; i < count; ++i) {
        const size_t j = k * static_cast<size_t>(count) + static_cast<size_t>(i), column = static_cast<size_t>(i);
        const auto noise =
            kernels::normal<float>(stream, member.drawn[k], step, kFirstNoise + static_cast<std::uint32_t>(i));
        outputs(static_cast<int>(member.drawn[k]), i) =
            target_scale_.mean[column] +
            target_scale_.deviation[column] * (member.means[j] + member.deviations[j] * noise);
      }
    }
  });
}

void GaussianEnsemble::save(ByteWriter& out) const {
  for (size_t k = 0; k < members_.size(); ++k) {
    out.write_array(std::span<const float>(members_[k].parameters));
    out.write(members_[k].best_error);
    adams_[k].save(out);
  }
  for (const Scale* scale : {&input_scale_, &target_scale_}) {
    out.write_array(std::span<const float>(scale->mean));
    out.write_array(std::span<const float>(scale->deviation));
  }
  out.write_array(std::span<const int>(elites_));
  out.write(fits_);
}

void GaussianEnsemble::load(ByteReader& in) {
  for (size_t k = 0; k < members_.size(); ++k) {
    in.read_array(std::span(members_[k].parameters));
    members_[k].best_error = in.read<double>();
    adams_[k].load(in);
  }
  for (Scale* scale : {&input_scale_, &target_scale_}) {
    in.read_array(std::span(scale->mean));
    in.read_array(std::span(scale->deviation));
  }
  in.read_array(std::span(elites_));
  for (const int elite : elites_) {
    if (elite < 0 || elite >= config_.members) in.fail(fmt::format("member {} of {}", elite, config_.members));
  }
  fits_ = in.read<std::uint32_t>();
}

}  // namespace lockstep::models::networks
