// What is traced gives the bits of the kernels it was traced from, on every kind of model.
#include "engine/buffer.h"
#include "engine/traced_pieces.h"
#include "kernels/philox.h"
#include "kernels/step.h"
#include "tests/engine/force_models.h"

#include <cmath>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using kernels::Solo;
using kernels::Workspace;

template <class R>
R drawn(int world, int number) {
  return 2 * kernels::uniform<R>({.seed = 7, .stream = 1}, static_cast<std::uint32_t>(world),
                                 static_cast<std::uint32_t>(number)) -
         1;
}

// The pieces of a model on one world: by the kernels, and by what was traced, from the same numbers.
template <class G, class R>
class TwoWays {
 public:
  TwoWays(const Model& model, const TracedPieces<R>& traced)
      : m_(model.constants<R>()),
        traced_(traced),
        arena_(size()),
        copy_(size()),
        w_(m_, arena_.data()),
        v_(m_, copy_.data()) {
    for_each_shared_array(m_, w_, [&](auto* const& pointer, int) { ours_.push_back(numbers(pointer)); });
    for_each_shared_array(m_, v_, [&](auto* const& pointer, int) { traced_arrays_.push_back(numbers(pointer)); });
    for (int i = 0; i < std::max(1, m_.nv); ++i) x_.push_back(drawn<R>(9, i));
    y_.resize(x_.size());
    traced_y_.resize(x_.size());
  }

  void run(const Model& model, int world) {
    for (int i = 0; i < static_cast<int>(arena_.size()); ++i) arena_[static_cast<std::size_t>(i)] = drawn<R>(world, i);
    for (int i = 0; i < m_.nq; ++i) w_.qpos[i] = static_cast<R>(model.mj()->qpos0[i]) + R(0.3) * drawn<R>(world, i);
    for (const TracedPiece& piece : traced_.pieces) run_piece(piece);
  }

 private:
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(Workspace<G, R>(m_, nullptr).size); }
  template <class Item>
  static R* numbers(Item* pointer) {
    return reinterpret_cast<R*>(pointer);
  }

  void run_piece(const TracedPiece& piece) {
    if (m_.has_constraints != 0) {
      kernels::reset_parents(m_, w_.rows.tree);
      kernels::finish_tree(w_.rows.tree, m_.nv);
      *w_.rows.tree.num_coupled = 0;
      if (piece.piece == kernels::kNewtonStep) {
        std::copy(w_.mass_rows, w_.mass_rows + m_.row_numbers, w_.rows.hessian_rows);
      }
    }
    std::copy(arena_.data(), arena_.data() + arena_.size(), copy_.data());
    run_kernel(piece);
    evaluate(traced_, piece, std::span<R* const>(traced_arrays_), x_.data(), traced_y_.data());
    long differing = 0;
    for (const TracedPiece::Store& store : piece.stores) {
      const TracePlace place = store.place;
      const auto index = static_cast<std::size_t>(place.index);
      const R ours = place.array < 0 ? y_[index] : ours_[static_cast<std::size_t>(place.array)][index];
      const R other = place.array < 0 ? traced_y_[index] : traced_arrays_[static_cast<std::size_t>(place.array)][index];
      if (ours != other && !(std::isnan(ours) && std::isnan(other))) ++differing;
    }
    EXPECT_EQ(differing, 0) << piece_name(piece.piece, piece.link) << " of " << piece.stores.size() << " numbers";
  }

  void run_kernel(const TracedPiece& piece) {
    switch (piece.piece) {
      case kernels::kSmoothForces:
        return smooth_forces(m_, w_, Solo{});
      case kernels::kSmoothAcceleration:
        return accelerate_smoothly(m_, w_, steps_implicitly(m_), Solo{});
      case kernels::kMove:
        return move_state(m_, w_, x_[0], Solo{});
      case kernels::kPlaceGeoms:
        return place_geoms(m_, w_, Solo{});
      case kernels::kPairGaps:
        return find_gaps(m_, w_, Solo{});
      case kernels::kMassProduct:
        return multiply_mass(m_, w_.mass_rows, x_.data(), y_.data(), Solo{});
      case kernels::kLinkMotions:
        return link_motions(m_, w_, x_.data(), Solo{});
      case kernels::kNewtonStep:
        return solve_on_tree(w_.rows.tree, m_.nv, w_.rows.hessian_rows, w_.inverse_diagonal, w_.rows.search, Solo{});
      case kernels::kGatherLink:
        return gather_dofs(m_, w_, piece.link, w_.rows.link_wrench[piece.link], true);
    }
  }

  const kernels::ModelConstants<R>& m_;
  const TracedPieces<R>& traced_;
  HostBuffer<R> arena_, copy_;
  Workspace<G, R> w_, v_;
  std::vector<R*> ours_, traced_arrays_;
  std::vector<R> x_, y_, traced_y_;
};

template <class R>
void expect_the_bits_of_the_kernels(const Model& model) {
  TracedPieces<R> traced;
  trace_pieces(model.constants<R>(), traced);
  EXPECT_TRUE(traced.untraced.empty()) << traced.untraced.front();
  ASSERT_FALSE(traced.pieces.empty());
  for (int world = 0; world < 3; ++world) {
    if (model.constants<R>().planar != 0) {
      TwoWays<kernels::Planar, R>(model, traced).run(model, world);
    } else {
      TwoWays<kernels::Spatial, R>(model, traced).run(model, world);
    }
  }
}

class TracedModels : public testing::TestWithParam<ForceCase> {};

TEST_P(TracedModels, GiveTheBitsOfTheKernelsInDouble) { expect_the_bits_of_the_kernels<double>(*GetParam().make()); }
TEST_P(TracedModels, GiveTheBitsOfTheKernelsInFloat) { expect_the_bits_of_the_kernels<float>(*GetParam().make()); }

INSTANTIATE_TEST_SUITE_P(Models, TracedModels, testing::ValuesIn(force_cases()),
                         [](const auto& test) { return std::string(test.param.name); });

class TracedSuites : public testing::TestWithParam<const char*> {};

TEST_P(TracedSuites, GiveTheBitsOfTheKernelsWithContacts) {
  const auto model = Model::from_file(task_model(GetParam()));
  expect_the_bits_of_the_kernels<double>(*model);
  expect_the_bits_of_the_kernels<float>(*model);
}

INSTANTIATE_TEST_SUITE_P(Models, TracedSuites,
                         testing::Values("gymnasium/envs/mujoco/assets/half_cheetah.xml",
                                         "gymnasium/envs/mujoco/assets/ant.xml",
                                         "gymnasium/envs/mujoco/assets/humanoid.xml", "dm_control/suite/humanoid.xml",
                                         "dm_control/suite/walker.xml", "dm_control/suite/manipulator.xml",
                                         "dm_control/suite/quadruped.xml"),
                         [](const auto& test) {
                           std::string name;
                           for (const char c : std::string(test.param))
                             name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

// ---- What is folded ----

using Number = kernels::Trace<double>;

class TapeFolds : public testing::Test {
 protected:
  Tape<double> tape;
  Tape<double>::Recording recording{tape};
  Number x = Number::input(0), y = Number::input(1);
};

TEST_F(TapeFolds, ZerosAndOnesAway) {
  EXPECT_EQ((x + Number(0)).id, x.id);
  EXPECT_EQ((Number(1) * x).id, x.id);
  EXPECT_EQ((x * Number(0)).id, Number(0).id);
  EXPECT_EQ((x - Number(0)).id, x.id);
  EXPECT_EQ((x / Number(1)).id, x.id);
}

TEST_F(TapeFolds, SignsOutwards) {
  EXPECT_EQ((-(-x)).id, x.id);
  EXPECT_EQ((x + (-y)).id, (x - y).id);
  EXPECT_EQ(((-x) * (-y)).id, (x * y).id);
  EXPECT_EQ(((-x) * y).id, (-(x * y)).id);
  EXPECT_EQ((Number(0) - x).id, (-x).id);
}

TEST_F(TapeFolds, ConstantsInTheirOwnPrecision) {
  EXPECT_EQ((Number(0.1) + Number(0.2)).id, Number(0.1 + 0.2).id);
  EXPECT_EQ(square_root(Number(2)).id, Number(std::sqrt(2.0)).id);
  EXPECT_EQ(select(Number(1) < Number(2), x, y).id, x.id);
}

TEST_F(TapeFolds, WhatIsComputedTwiceIntoOne) {
  EXPECT_EQ((x + y).id, (y + x).id);
  EXPECT_EQ((x * y + x).id, (x + y * x).id);
  EXPECT_NE((x - y).id, (y - x).id);
}

TEST_F(TapeFolds, NoBranchOnAWorld) {
  EXPECT_THROW(static_cast<void>(any(x < y)), NotTraceable);
  EXPECT_TRUE(any(Number(1) < Number(2)));
}

TEST_F(TapeFolds, NothingThatWasNotWritten) {
  Number nothing;
  nothing.id = -2;
  EXPECT_THROW(static_cast<void>(nothing + x), NotTraceable);
}

}  // namespace
}  // namespace lockstep
