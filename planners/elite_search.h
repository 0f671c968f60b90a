// Gaussians fitted to the cheapest samples: the distribution of the cross-entropy methods.
// De Boer, Kroese, Mannor, Rubinstein, "A tutorial on the cross-entropy method", Ann. Oper. Res. 134 (2005), sec. 3;
// noise of a power-law spectrum, kept elites and shrinking populations after Pinneri et al., "Sample-efficient
// cross-entropy method for real-time planning", CoRL 2020, sec. 3.
#pragma once

#include "planners/sampling.h"

#include <span>
#include <vector>

namespace lockstep::planners {

struct EliteConfig {
  int elites = 8;          // cheapest samples that the next Gaussian is fitted to
  double momentum = 0.1;   // share of the old mean and deviation in the new
  double min_std = 0.01;   // of every parameter, share of half the control range
  double colour = 0;       // beta of the noise's spectrum 1 / f^beta over the knots; 0: white
  double keep_elites = 0;  // share of the elites that stay candidates, in the next iteration and the next plan
  double decay = 1;        // the population is divided by it after every iteration, down to twice the elites

  void describe(Fields& fields);
};

// White noise [n] to noise of unit variance whose spectrum falls as 1 / f^beta, f in cycles per n knots (the mean, f =
// 0, as strong as f = 1): a matrix [n][n] of cosines and sines (Timmer, Koenig, "On generating power law noise", 1995).
[[nodiscard]] std::vector<double> noise_colouring(int n, double beta);

class EliteSearch final : public Search {
 public:
  explicit EliteSearch(const EliteConfig& config) : config_(config) {}

  void reset(const Shape& shape) override;
  void begin(std::span<const double> low, std::span<const double> high) override;
  [[nodiscard]] int population(int iteration, int samples) const override;
  void draw(int sample, const double* white, double* parameters) override;
  void update(std::span<const double> parameters, std::span<const double> costs) override;
  [[nodiscard]] std::span<const double> mean() const override { return mean_; }
  [[nodiscard]] std::vector<double> save() const override;
  void load(std::span<const double> numbers) override;

 private:
  EliteConfig config_;
  Shape shape_{};
  std::vector<double> colouring_;   // [knots][knots], empty for white noise
  std::vector<double> mean_, std_;  // [P]
  std::vector<double> kept_;        // [most kept][P]
  int num_kept_ = 0, most_kept_ = 0;
  std::vector<int> elites_;
};

}  // namespace lockstep::planners
