// What PyTorch's layers made of numbers from a formula: tests/data/networks/torch_layers.json, recorded by
// tools/record_torch_layers.py.
#pragma once

#include <cmath>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep::tests {

// Number k is scale sin(a k + b).
inline std::vector<double> formula_numbers(long count, double a, double b, double scale) {
  std::vector<double> numbers(static_cast<size_t>(count));
  for (size_t k = 0; k < numbers.size(); ++k) numbers[k] = scale * std::sin(a * static_cast<double>(k) + b);
  return numbers;
}
// As the script has them.
inline std::vector<double> formula_parameters(long count) { return formula_numbers(count, 0.7, 0.1, 0.8); }
inline std::vector<double> formula_inputs(long count) { return formula_numbers(count, 1.3, 0.5, 1.0); }
inline std::vector<double> formula_initial(long count) { return formula_numbers(count, 0.9, 0.2, 0.5); }
inline std::vector<double> formula_weights(long count) { return formula_numbers(count, 0.4, 0.3, 1.0); }

inline std::vector<double> recorded(const std::string& layer, const std::string& array) {
  std::ifstream file(std::string(LOCKSTEP_TEST_DATA) + "/networks/torch_layers.json");
  return nlohmann::json::parse(file).at(layer).at(array).get<std::vector<double>>();
}

inline void expect_near(std::span<const double> found, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], expected[k], tolerance) << "number " << k;
}

}  // namespace lockstep::tests
