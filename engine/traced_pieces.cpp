// Runs the kernels of the pieces on numbers that record, and notes what they left where.
#include "engine/traced_pieces.h"
#include "kernels/step.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace lockstep {

using kernels::ModelConstants;
using kernels::ModelSizes;
using kernels::Piece;
using kernels::Planar;
using kernels::Solo;
using kernels::Spatial;
using kernels::Trace;
using kernels::Workspace;

std::string piece_name(Piece piece, int link) {
  static constexpr std::array<const char*, kernels::kNumPieces + 1> kNames = {
      "smooth_forces", "smooth_acceleration", "move",        "place_geoms", "pair_gaps",
      "mass_product",  "link_motions",        "newton_step", "gather_link_"};
  return kNames[static_cast<std::size_t>(piece)] + (link < 0 ? "" : std::to_string(link));
}

int numbers_of_x(const ModelSizes& m, Piece piece) {
  if (piece == kernels::kMove) return 1;
  return piece == kernels::kMassProduct || piece == kernels::kLinkMotions ? m.nv : 0;
}

int numbers_of_y(const ModelSizes& m, Piece piece) { return piece == kernels::kMassProduct ? m.nv : 0; }

template <class R>
std::vector<std::int32_t> needed_nodes(const TracedPieces<R>& traced, const TracedPiece& piece) {
  const std::vector<TraceNode>& nodes = traced.tape.nodes();
  std::vector<bool> needed(nodes.size(), false);
  const auto need = [&](std::int32_t node) {
    if (node >= 0) needed[static_cast<std::size_t>(node)] = true;
  };
  for (const TracedPiece::Store& store : piece.stores) need(store.node);
  std::vector<std::int32_t> list;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (!needed[i]) continue;
    list.push_back(static_cast<std::int32_t>(i));
    const TraceNode& node = nodes[i];
    if (node.op == TraceOp::kInput || node.op == TraceOp::kConstant || node.op == TraceOp::kTruth) continue;
    need(node.a);
    need(node.b);
    need(node.c);
  }
  std::reverse(list.begin(), list.end());
  return list;
}

template <class R>
void evaluate(const TracedPieces<R>& traced, const TracedPiece& piece, std::span<R* const> arrays, const R* x, R* y) {
  const std::vector<TraceNode>& nodes = traced.tape.nodes();
  std::vector<R> values(nodes.size());
  const auto value = [&](std::int32_t node) { return node < 0 ? R(0) : values[static_cast<std::size_t>(node)]; };
  for (const std::int32_t id : needed_nodes(traced, piece)) {
    const TraceNode& node = nodes[static_cast<std::size_t>(id)];
    R& result = values[static_cast<std::size_t>(id)];
    if (node.op == TraceOp::kInput) {
      const TracePlace place = traced.inputs[static_cast<std::size_t>(node.a)];
      const R* source = place.array == TracePlace::kX ? x : arrays[static_cast<std::size_t>(place.array)];
      result = source[place.index];
    } else if (node.op == TraceOp::kConstant) {
      result = traced.tape.value(node);
    } else if (node.op == TraceOp::kTruth) {
      result = static_cast<R>(node.a);
    } else {
      result = evaluated(node.op, value(node.a), value(node.b), value(node.c));
    }
  }
  for (const TracedPiece::Store& store : piece.stores) {
    R* target = store.place.array == TracePlace::kY ? y : arrays[static_cast<std::size_t>(store.place.array)];
    target[store.place.index] = value(store.node);
  }
}

namespace {

// A workspace of numbers that record, and what each shared number was before a piece began.
template <class G, class R>
class Tracer {
  using T = Trace<R>;

 public:
  Tracer(const ModelConstants<R>& model, TracedPieces<R>& traced)
      : m_(model),
        traced_(traced),
        arena_(static_cast<std::size_t>(Workspace<G, T>(model, nullptr).size), unwritten()),
        w_(model, arena_.data()),
        x_(static_cast<std::size_t>(std::max(1, model.nv))),
        y_(x_.size()) {
    find_arrays();
    if (m_.has_constraints != 0) {
      reset_parents(m_, w_.rows.tree);
      finish_tree(w_.rows.tree, m_.nv);
    }
  }

  void run() {
    trace(kernels::kSmoothForces, [&] { smooth_forces(m_, w_, Solo{}); });
    trace(kernels::kSmoothAcceleration, [&] { accelerate_smoothly(m_, w_, steps_implicitly(m_), Solo{}); });
    if (m_.integrator != kernels::Integrator::kRk4) {
      trace(kernels::kMove, [&] { move_state(m_, w_, x_[0], Solo{}); });
    }
    if (m_.has_constraints == 0) return;
    if (m_.num_contact_slots != 0) {
      trace(kernels::kPlaceGeoms, [&] { place_geoms(m_, w_, Solo{}); });
      trace(kernels::kPairGaps, [&] { find_gaps(m_, w_, Solo{}); });
    }
    trace(kernels::kMassProduct, [&] { multiply_mass(m_, w_.mass_rows, x_.data(), y_.data(), Solo{}); });
    trace(kernels::kLinkMotions, [&] { link_motions(m_, w_, x_.data(), Solo{}); });
    trace(kernels::kNewtonStep, [&] {
      solve_on_tree(w_.rows.tree, m_.nv, w_.rows.hessian_rows, w_.inverse_diagonal, w_.rows.search, Solo{});
    });
    *w_.rows.tree.num_coupled = 0;
    for (int link = 0; link < (m_.num_contact_slots == 0 ? 0 : m_.num_links); ++link) {
      if (m_.link_dofnum[link] == 0) continue;
      trace(
          kernels::kGatherLink, [&] { gather_dofs(m_, w_, link, w_.rows.link_wrench[link], true); }, link);
    }
  }

 private:
  static T unwritten() {
    T number;
    number.id = -2;
    return number;
  }

  void find_arrays() {
    int array = 0;
    for_each_shared_array(m_, w_, [&](auto* const& pointer, int count) {
      const auto member =
          static_cast<std::size_t>(reinterpret_cast<const char*>(&pointer) - reinterpret_cast<const char*>(&w_));
      traced_.arrays.push_back({member, count});
      numbers_.push_back(reinterpret_cast<T*>(pointer));
      for (int i = 0; i < count; ++i) traced_.inputs.push_back({array, i});
      ++array;
    });
    kept_.resize(traced_.inputs.size(), unwritten());
    first_of_x_ = static_cast<int>(traced_.inputs.size());
    for (int i = 0; i < std::max(1, m_.nv); ++i) traced_.inputs.push_back({TracePlace::kX, i});
  }

  // f(number of the input, its array, the number in the workspace) for all shared numbers.
  template <class F>
  void for_each_number(F&& f) {
    int input = 0;
    for (std::size_t array = 0; array < numbers_.size(); ++array) {
      for (int i = 0; i < traced_.arrays[array].count; ++i) f(input++, array, numbers_[array][i]);
    }
  }

  template <class F>
  void trace(Piece piece, F&& f, int link = -1) {
    for_each_number([&](int input, std::size_t, T& number) {
      const T kept = kept_[static_cast<std::size_t>(input)];
      number = kept.id >= 0 ? kept : T::input(input);
    });
    for (std::size_t i = 0; i < x_.size(); ++i) x_[i] = T::input(first_of_x_ + static_cast<int>(i));
    std::fill(y_.begin(), y_.end(), unwritten());
    try {
      f();
    } catch (const NotTraceable& error) {
      traced_.untraced.push_back(piece_name(piece, link) + ": " + error.what());
      return;
    }
    TracedPiece result{.piece = piece, .link = link, .stores = {}};
    for_each_number([&](int input, std::size_t array, T& number) {
      const T kept = kept_[static_cast<std::size_t>(input)];
      const bool unchanged = number.id == (kept.id >= 0 ? kept : T::input(input)).id;
      if (unchanged || number.id < 0 || is_scratch(piece, array)) return;
      result.stores.push_back({traced_.inputs[static_cast<std::size_t>(input)], number.id});
    });
    for (int i = 0; i < numbers_of_y(m_, piece); ++i) {
      result.stores.push_back({{TracePlace::kY, i}, y_[static_cast<std::size_t>(i)].id});
    }
    std::stable_sort(result.stores.begin(), result.stores.end(),
                     [](const auto& a, const auto& b) { return a.node < b.node; });
    traced_.pieces.push_back(std::move(result));
    keep_constants();
  }

  // What a piece uses up, and nobody reads afterwards.
  [[nodiscard]] bool is_scratch(Piece piece, std::size_t array) const {
    const T* numbers = numbers_[array];
    if (piece == kernels::kNewtonStep) return numbers == w_.rows.hessian_rows;
    return piece == kernels::kSmoothAcceleration && (numbers == w_.mass_rows || numbers == w_.implicit_diagonal);
  }

  // Motions of dofs and places of geoms that are the same in every state stay constants in the pieces that follow: no
  // other piece writes them.
  void keep_constants() {
    const std::vector<TraceNode>& nodes = traced_.tape.nodes();
    for_each_number([&](int input, std::size_t array, T& number) {
      const void* const numbers = numbers_[array];
      const bool is_written_once =
          numbers == w_.cdof ||
          (m_.num_contact_slots != 0 && m_.has_constraints != 0 &&
           (numbers == w_.rows.geom_point || numbers == w_.rows.geom_axes || numbers == w_.rows.tree_origin));
      if (!is_written_once || number.id < 0) return;
      if (nodes[static_cast<std::size_t>(number.id)].op == TraceOp::kConstant) {
        kept_[static_cast<std::size_t>(input)] = number;
      }
    });
  }

  const ModelConstants<R>& m_;
  TracedPieces<R>& traced_;
  std::vector<T> arena_;
  Workspace<G, T> w_;
  std::vector<T> x_, y_;
  std::vector<T*> numbers_;  // [array]
  std::vector<T> kept_;      // [input] constants that earlier pieces left
  int first_of_x_ = 0;
};

}  // namespace

template <class R>
void trace_pieces(const ModelConstants<R>& model, TracedPieces<R>& traced) {
  ModelConstants<R> generic = model;
  generic.specialised = nullptr;
  const typename Tape<R>::Recording recording(traced.tape);
  if (generic.planar != 0) {
    Tracer<Planar, R>(generic, traced).run();
  } else {
    Tracer<Spatial, R>(generic, traced).run();
  }
}

template std::vector<std::int32_t> needed_nodes(const TracedPieces<float>&, const TracedPiece&);
template std::vector<std::int32_t> needed_nodes(const TracedPieces<double>&, const TracedPiece&);
template void evaluate(const TracedPieces<float>&, const TracedPiece&, std::span<float* const>, const float*, float*);
template void evaluate(const TracedPieces<double>&, const TracedPiece&, std::span<double* const>, const double*,
                       double*);
template void trace_pieces(const ModelConstants<float>&, TracedPieces<float>&);
template void trace_pieces(const ModelConstants<double>&, TracedPieces<double>&);

}  // namespace lockstep
