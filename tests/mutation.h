// Random edits of text and bytes, for tests that feed readers with damaged input.
#pragma once

#include <random>
#include <span>
#include <string>
#include <utility>

namespace lockstep::tests {

// One to six edits: a byte replaced, removed, doubled, a bit flipped, a slice copied elsewhere, the tail cut and, where
// there are any, one of `words` put in.
inline std::string mutated(std::string text, std::mt19937& random, std::span<const char* const> words = {}) {
  const auto below = [&](std::size_t n) { return random() % n; };
  for (std::size_t edits = 1 + below(6); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = below(text.size());
    switch (below(words.empty() ? 6 : 7)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, 1 + below(4));
        break;
      case 2:
        text.insert(at, 1, text[at]);
        break;
      case 3:
        text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1u << below(8)));
        break;
      case 4:
        text.insert(below(text.size()), text.substr(at, below(20)));
        break;
      case 5:
        text.resize(at);
        break;
      default:
        text.insert(at, words[below(words.size())]);
        break;
    }
  }
  return text;
}

}  // namespace lockstep::tests
