// What an agent sees: a square of the grid in front of it, turned so that forward is up.
#pragma once

#include "envs/xland/world_state.h"

#if defined(__SSSE3__) && !defined(__CUDACC__)
#include <immintrin.h>
#endif

namespace lockstep::envs::xland {

inline constexpr int kMostView = 15;

template <class Isa>
struct FieldOfView {
  // seen [view][view] <- the grid. Any view; what `write` is held to.
  LS_FN static void gather(const Geometry& g, const Cell* grid, std::uint32_t position, unsigned direction,
                           Cell* seen) {
    // Steps through the grid for one step down and one to the right in what is seen.
    const int s = g.stride;
    const int down = direction == 0 ? s : direction == 1 ? -1 : direction == 2 ? -s : 1;
    const int right = direction == 0 ? 1 : direction == 1 ? s : direction == 2 ? -1 : -s;
    const int forward = g.view - 1, half = g.view / 2;
    const Cell* row = grid + position - forward * down - half * right;
    for (int i = 0; i < g.view; ++i, row += down) {
      for (int j = 0; j < g.view; ++j) seen[i * g.view + j] = row[j * right];
    }
  }

  // Blanks what walls and closed doors hide: MiniGrid's sweep over rows, from the agent's upwards, to the right and
  // back, in which a visible cell that does not block makes its neighbours beside and ahead visible.
  LS_FN static void hide(int view, Cell* seen) {
    std::uint32_t row_visible = 1u << (view / 2);
    for (int y = view - 1; y >= 0; --y) {
      Cell* const row = seen + y * view;
      std::uint32_t clear = 0, ahead = 0;
      for (int x = 0; x < view; ++x) clear |= holds(kSightBlocking, row[x]) ? 0u : 1u << x;
      for (int x = 0; x + 1 < view; ++x) {
        const std::uint32_t through = (row_visible & clear) >> x & 1u;
        row_visible |= through << (x + 1);
        ahead |= (through << x) | (through << (x + 1));
      }
      for (int x = view - 1; x > 0; --x) {
        const std::uint32_t through = (row_visible & clear) >> x & 1u;
        row_visible |= through << (x - 1);
        ahead |= (through << x) | (through << (x - 1));
      }
      for (int x = 0; x < view; ++x) row[x] = (row_visible >> x & 1u) != 0 ? row[x] : kNothing;
      row_visible = ahead;
    }
  }

  // out [view][view][2]: tile, colour.
  LS_FN static void spread(int view, const Cell* seen, std::uint8_t* out) {
    for (int i = 0; i < view * view; ++i) {
      out[2 * i] = static_cast<std::uint8_t>(tile_of(seen[i]));
      out[2 * i + 1] = static_cast<std::uint8_t>(colour_of(seen[i]));
    }
  }

#if defined(__SSSE3__) && !defined(__CUDACC__)
  // For each direction, which byte of the square's five rows (8 bytes each: two, two and one in a register) goes to
  // cells 0..15 and 16..24.
  struct Shuffles {
    alignas(16) std::uint8_t take[4][6][16];
    constexpr Shuffles() : take() {
      for (int direction = 0; direction < 4; ++direction) {
        for (int cell = 0; cell < 32; ++cell) {
          const int i = cell / 5, j = cell % 5;
          const int row = direction == 0 ? i : direction == 1 ? j : direction == 2 ? 4 - i : 4 - j;
          const int column = direction == 0 ? j : direction == 1 ? 4 - i : direction == 2 ? 4 - j : i;
          for (int part = 0; part < 3; ++part) {
            const bool here = cell < 25 && row / 2 == part;
            take[direction][cell / 16 * 3 + part][cell % 16] =
                static_cast<std::uint8_t>(here ? row % 2 * 8 + column : 0x80);
          }
        }
      }
    }
  };
  static constexpr Shuffles kShuffles{};

  [[gnu::always_inline]] static __m128i load_row(const Cell* row) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row));
  }

  // The view of five cells: five loads, six shuffles.
  [[gnu::always_inline]] static void write_five(const Geometry& g, const Cell* grid, std::uint32_t position,
                                                unsigned direction, std::uint8_t* out) {
    const Cell* const first = grid + (position + g.corner[direction]);
    const __m128i rows0 = _mm_unpacklo_epi64(load_row(first), load_row(first + g.stride));
    const __m128i rows1 = _mm_unpacklo_epi64(load_row(first + 2 * g.stride), load_row(first + 3 * g.stride));
    const __m128i rows2 = load_row(first + 4 * g.stride);
    const auto* const take = reinterpret_cast<const __m128i*>(kShuffles.take[direction]);
    const __m128i low = _mm_or_si128(_mm_or_si128(_mm_shuffle_epi8(rows0, take[0]), _mm_shuffle_epi8(rows1, take[1])),
                                     _mm_shuffle_epi8(rows2, take[2]));
    const __m128i high = _mm_or_si128(_mm_or_si128(_mm_shuffle_epi8(rows0, take[3]), _mm_shuffle_epi8(rows1, take[4])),
                                      _mm_shuffle_epi8(rows2, take[5]));
    const __m128i nibble = _mm_set1_epi8(15);
    const __m128i low_tile = _mm_and_si128(_mm_srli_epi16(low, 4), nibble), low_colour = _mm_and_si128(low, nibble);
    const __m128i high_tile = _mm_and_si128(_mm_srli_epi16(high, 4), nibble), high_colour = _mm_and_si128(high, nibble);
    auto* const to = reinterpret_cast<__m128i*>(out);
    _mm_storeu_si128(to, _mm_unpacklo_epi8(low_tile, low_colour));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi8(low_tile, low_colour));
    _mm_storeu_si128(to + 2, _mm_unpacklo_epi8(high_tile, high_colour));
    const auto last = static_cast<std::uint16_t>(_mm_cvtsi128_si32(_mm_unpackhi_epi8(high_tile, high_colour)));
    out[48] = static_cast<std::uint8_t>(last);
    out[49] = static_cast<std::uint8_t>(last >> 8);
  }
#endif

  // out [view][view][2]: what the agent sees, tile and colour.
  [[gnu::always_inline]] LS_FN static void write(const WorldBatch& b, const Cell* grid, std::uint32_t position,
                                                 unsigned direction, std::uint8_t* out) {
#if defined(__SSSE3__) && !defined(__CUDACC__)
    if (b.geometry.view == 5 && !b.occluded) return write_five(b.geometry, grid, position, direction, out);
#endif
    write_any(b, grid, position, direction, out);
  }

  [[gnu::noinline]] LS_FN static void write_any(const WorldBatch& b, const Cell* grid, std::uint32_t position,
                                                unsigned direction, std::uint8_t* out) {
    Cell seen[kMostView * kMostView];
    gather(b.geometry, grid, position, direction, seen);
    if (b.occluded) hide(b.geometry.view, seen);
    spread(b.geometry.view, seen, out);
  }
};

}  // namespace lockstep::envs::xland
