// Random states, and what the pieces make of them one after the other, on arrays laid out as a workspace has them.
#include "engine/piece_check.h"
#include "engine/buffer.h"
#include "kernels/philox.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lockstep {

using kernels::ModelConstants;
using kernels::Piece;
using kernels::SpecialisedPieces;
using kernels::Workspace;

namespace {

// Every shared array of `worlds` worlds, [number][world].
template <class R>
class SharedNumbers {
 public:
  SharedNumbers(const TracedPieces<R>& traced, int worlds) : worlds_(worlds) {
    for (const SharedArray& array : traced.arrays) {
      arrays_.emplace_back(static_cast<std::size_t>(std::max(1, array.count) * worlds));
    }
    // The pointers where a workspace has them.
    std::size_t bytes = 0;
    for (const SharedArray& array : traced.arrays) bytes = std::max(bytes, array.member + sizeof(void*));
    workspace_ = HostBuffer<std::byte>(bytes);
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      void* const data = arrays_[i].data();
      std::memcpy(workspace_.data() + traced.arrays[i].member, static_cast<const void*>(&data), sizeof(data));
    }
  }

  [[nodiscard]] const void* workspace() const { return workspace_.data(); }
  R& at(std::size_t array, int number, int world) {
    return arrays_[array][static_cast<std::size_t>(number * worlds_ + world)];
  }
  [[nodiscard]] HostBuffer<R>& array(std::size_t index) { return arrays_[index]; }

 private:
  int worlds_;
  std::vector<HostBuffer<R>> arrays_;
  HostBuffer<std::byte> workspace_;
};

template <class R>
class PieceCheck {
 public:
  PieceCheck(const ModelConstants<R>& model, const TracedPieces<R>& traced, int lanes)
      : m_(model),
        traced_(traced),
        lanes_(lanes),
        compiled_(traced, lanes),
        x_(static_cast<std::size_t>(std::max(1, model.nv) * lanes)),
        y_(x_.size()) {
    for (int lane = 0; lane < lanes; ++lane) expected_.emplace_back(traced, 1);
  }

  double run(const SpecialisedPieces& pieces, const double* qpos0) {
    draw_states(qpos0);
    for (const TracedPiece& piece : traced_.pieces) run_piece(piece, pieces);
    return deviation_;
  }

 private:
  // Where the array stands whose pointer is the given member of a workspace.
  template <class Member>
  [[nodiscard]] std::size_t array_of(Member&& member) const {
    const Workspace<kernels::Spatial, R> w(m_, nullptr);
    const auto place =
        static_cast<std::size_t>(reinterpret_cast<const char*>(&member(w)) - reinterpret_cast<const char*>(&w));
    const auto found = std::find_if(traced_.arrays.begin(), traced_.arrays.end(),
                                    [&](const SharedArray& array) { return array.member == place; });
    return static_cast<std::size_t>(found - traced_.arrays.begin());
  }

  // A number in [-1, 1) that hangs on where it goes.
  [[nodiscard]] R draw(std::size_t array, int number, int lane) const {
    const kernels::RandomStream stream{.seed = 20'080'229, .stream = static_cast<std::uint32_t>(array)};
    return 2 * kernels::uniform<R>(stream, static_cast<std::uint32_t>(lane), static_cast<std::uint32_t>(number)) - 1;
  }

  // All arrays are random; positions are near qpos0.
  void draw_states(const double* qpos0) {
    const std::size_t qpos = array_of([](const auto& w) -> auto& { return w.qpos; });
    for (std::size_t array = 0; array < traced_.arrays.size(); ++array) {
      for (int number = 0; number < traced_.arrays[array].count; ++number) {
        for (int lane = 0; lane < lanes_; ++lane) {
          const R drawn = draw(array, number, lane);
          set(array, number, lane, array == qpos ? static_cast<R>(qpos0[number]) + R(0.3) * drawn : drawn);
        }
      }
    }
  }

  void set(std::size_t array, int number, int lane, R value) {
    compiled_.at(array, number, lane) = value;
    expected_[static_cast<std::size_t>(lane)].at(array, number, 0) = value;
  }

  // The matrix of a Newton step must be positive: that of the masses.
  void set_hessian() {
    const std::size_t hessian = array_of([](const auto& w) -> auto& { return w.rows.hessian_rows; });
    const std::size_t masses = array_of([](const auto& w) -> auto& { return w.mass_rows; });
    for (int number = 0; number < traced_.arrays[hessian].count; ++number) {
      for (int lane = 0; lane < lanes_; ++lane) {
        set(hessian, number, lane, expected_[static_cast<std::size_t>(lane)].at(masses, number, 0));
      }
    }
  }

  void run_piece(const TracedPiece& piece, const SpecialisedPieces& pieces) {
    if (piece.piece == kernels::kNewtonStep) set_hessian();
    std::vector<R> x(static_cast<std::size_t>(std::max(1, m_.nv))), y(x.size());
    for (int lane = 0; lane < lanes_; ++lane) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = draw(traced_.arrays.size(), static_cast<int>(i), lane);
        if (piece.piece == kernels::kMove) x[i] = m_.timestep;
        x_[i * static_cast<std::size_t>(lanes_) + static_cast<std::size_t>(lane)] = x[i];
      }
      SharedNumbers<R>& expected = expected_[static_cast<std::size_t>(lane)];
      std::vector<R*> arrays;
      for (std::size_t i = 0; i < traced_.arrays.size(); ++i) arrays.push_back(expected.array(i).data());
      evaluate(traced_, piece, std::span<R* const>(arrays), x.data(), y.data());
      expected_y_.insert(expected_y_.end(), y.begin(), y.end());
    }
    const SpecialisedPieces::Function function =
        piece.link < 0 ? pieces.of[piece.piece] : pieces.gather_link[piece.link];
    function(compiled_.workspace(), x_.data(), y_.data());
    compare(piece);
    expected_y_.clear();
  }

  [[nodiscard]] R expected_number(TracePlace place, int lane) {
    if (place.array != TracePlace::kY) {
      return expected_[static_cast<std::size_t>(lane)].at(static_cast<std::size_t>(place.array), place.index, 0);
    }
    return expected_y_[static_cast<std::size_t>(lane) * static_cast<std::size_t>(std::max(1, m_.nv)) +
                       static_cast<std::size_t>(place.index)];
  }
  [[nodiscard]] R compiled_number(TracePlace place, int lane) {
    if (place.array != TracePlace::kY) {
      return compiled_.at(static_cast<std::size_t>(place.array), place.index, lane);
    }
    return y_[static_cast<std::size_t>(place.index * lanes_ + lane)];
  }

  void compare(const TracedPiece& piece) {
    std::vector<double> scale(traced_.arrays.size() + 1, 0.0);
    const auto scale_of = [&](TracePlace place) -> double& {
      return scale[place.array < 0 ? traced_.arrays.size() : static_cast<std::size_t>(place.array)];
    };
    for (int lane = 0; lane < lanes_; ++lane) {
      std::fill(scale.begin(), scale.end(), 1e-30);
      for (const TracedPiece::Store& store : piece.stores) {
        double& largest = scale_of(store.place);
        largest = std::max(largest, std::abs(static_cast<double>(expected_number(store.place, lane))));
      }
      for (const TracedPiece::Store& store : piece.stores) {
        const auto expected = static_cast<double>(expected_number(store.place, lane));
        const auto found = static_cast<double>(compiled_number(store.place, lane));
        const double apart = std::abs(expected - found) / scale_of(store.place);
        if (std::isfinite(expected) || std::isfinite(found)) {
          deviation_ = std::max(deviation_, std::isfinite(apart) ? apart : 1.0);
        }
      }
    }
  }

  const ModelConstants<R>& m_;
  const TracedPieces<R>& traced_;
  int lanes_;
  SharedNumbers<R> compiled_;
  std::vector<SharedNumbers<R>> expected_;  // [lane]
  HostBuffer<R> x_, y_;
  std::vector<R> expected_y_;
  double deviation_ = 0;
};

}  // namespace

template <class R>
double largest_deviation(const ModelConstants<R>& model, const TracedPieces<R>& traced,
                         const SpecialisedPieces& compiled, const double* qpos0, int lanes) {
  return PieceCheck<R>(model, traced, lanes).run(compiled, qpos0);
}

template double largest_deviation(const ModelConstants<float>&, const TracedPieces<float>&, const SpecialisedPieces&,
                                  const double*, int);
template double largest_deviation(const ModelConstants<double>&, const TracedPieces<double>&, const SpecialisedPieces&,
                                  const double*, int);

}  // namespace lockstep
