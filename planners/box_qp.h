// Box-constrained quadratic programs of a few variables: min 1/2 x'H x + g'x with lower <= x <= upper.
// Projected Newton of Tassa, Mansard, Todorov, "Control-limited differential dynamic programming", ICRA 2014, sec. III.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::planners {

// Solves problems of one size, n variables; allocates in its constructor only.
class BoxQp {
 public:
  enum class Status : std::uint8_t {
    kSolved,
    kNotPositiveDefinite,  // H restricted to the free variables is not positive definite
    kOutOfIterations,      // x is feasible and no worse than the start
  };

  explicit BoxQp(int n);

  // H [n][n] symmetric (the lower triangle is read), g [n], bounds [n] (may be infinite), lower <= upper.
  // x [n]: the starting point, projected into the box; overwritten by the solution.
  Status solve(const double* H, const double* g, const double* lower, const double* upper, double* x);

  // Indices of the variables that are not held by a bound at the solution of the last solve, ascending.
  [[nodiscard]] std::span<const int> free() const { return {free_.data(), static_cast<size_t>(num_free_)}; }
  // In place: b [num_free][columns] row-major <- H_ff^-1 b, with H_ff of the free variables.
  void solve_free(double* b, int columns) const;
  // H_ff = L L': row-major [num_free][num_free], of which the lower triangle counts.
  [[nodiscard]] const double* factor() const { return factor_.data(); }
  [[nodiscard]] int iterations() const { return iterations_; }

 private:
  bool factorise(const double* H);
  [[nodiscard]] double objective(const double* H, const double* g, const double* x) const;
  [[nodiscard]] double newton_direction();
  bool line_search(const double* H, const double* g, const double* lower, const double* upper, double slope, double* x);
  Status solve_one(double h, double g, double lower, double upper, double* x);

  int n_;
  int num_free_ = 0;
  int iterations_ = 0;
  std::vector<int> free_;                             // [n], the first num_free_ are valid
  std::vector<std::uint8_t> held_, held_before_;      // [n] 1: at a bound, with the gradient pointing out of the box
  std::vector<double> gradient_, direction_, trial_;  // [n]
  std::vector<double> factor_;                        // Cholesky factor of H_ff, row-major [num_free][num_free]
};

}  // namespace lockstep::planners
