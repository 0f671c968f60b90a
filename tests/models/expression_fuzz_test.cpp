// Feeds mutated text and bytes to the readers of expressions and libraries: Error or success, never a crash.
#include "engine/error.h"
#include "models/library_text.h"
#include "tests/mutation.h"

#include <cmath>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

constexpr int kCases = 20000;

// One to six edits, words of the language among them.
std::string mutated(std::string text, std::mt19937& random) {
  static const char* const kWords[] = {"(",       ")",  ",",  "^",     "**",     "-",           "sin(",
                                       "min(",    "x0", "u0", "1e308", "terms(", "polynomial(", "fourier(",
                                       "affine(", "0.", "*",  "+",     "/",      "states"};
  return tests::mutated(std::move(text), random, kWords);
}

TEST(ExpressionFuzz, MutatedTextsGiveErrorOrAnExpressionThatPrintsItself) {
  const std::vector<std::string> inputs{"x0", "x1", "u0"};
  std::mt19937 random(1);
  int read = 0;
  for (int k = 0; k < kCases; ++k) {
    const std::string text = mutated("2 x0^2*exp(-x1/3) + min(u0, sin(x0 - 1.5e-1))/(1 + x1**4) - tanh(pi x0)", random);
    try {
      const Expression expression = Expression::parse(text, inputs, "fuzz");
      ASSERT_EQ(Expression::parse(expression.text(inputs), inputs, "again"), expression) << text;
      const double values[] = {0.5, -0.25, 2};
      (void)expression.value(values);
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(read, kCases / 50);
}

TEST(LibraryFuzz, MutatedTextsGiveErrorOrALibrary) {
  std::mt19937 random(2);
  int read = 0;
  for (int k = 0; k < kCases / 4; ++k) {
    try {
      const FeatureLibrary library = parse_library(
          mutated("polynomial(2) + fourier(1, x0) * (constant + powers(1, controls)) + affine(terms(exp(-x0), x1^3))",
                  random),
          2, 1);
      EXPECT_EQ(static_cast<int>(library.names().size()), library.size());
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(read, kCases / 400);
}

// With the checksum put right, so that the reader of the library itself is reached.
TEST(LibraryFuzz, MutatedBytesGiveErrorOrALibrary) {
  const FeatureLibrary library = parse_library("polynomial(1) + terms(exp(-x0/2), x1^3 u0)", 2, 1);
  ByteWriter writer("library", 1);
  library.save(writer);
  const std::vector<std::byte> whole = std::move(writer).finish();
  const size_t header = 4 + 8 + 7 + 4, tail = 4;  // mark, kind, version; checksum
  std::mt19937 random(3);
  for (int k = 0; k < kCases; ++k) {
    std::string body(reinterpret_cast<const char*>(whole.data()) + header, whole.size() - header - tail);
    for (int edit = 0; edit < 2; ++edit)
      body[random() % body.size()] = static_cast<char>(random() % (random() % 2 ? 256 : 5));
    ByteWriter again("library", 1);
    for (const char c : body) again.write(c);
    const std::vector<std::byte> bytes = std::move(again).finish();
    try {
      ByteReader reader(bytes, "library", 1, "fuzz");
      const FeatureLibrary loaded = FeatureLibrary::load(reader);
      (void)loaded.names();
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
}

}  // namespace
}  // namespace lockstep::models
