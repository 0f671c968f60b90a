// Writes traced pieces as C++ on the compiler's own vectors: one statement for each operation.
#include "engine/piece_source.h"

#include <cmath>
#include <iterator>
#include <limits>

#include <fmt/format.h>

namespace lockstep {
namespace {

constexpr const char* kPrelude = R"(#include "kernels/math.h"

using namespace lockstep::kernels;
using T = Lanes<{real}, {lanes}>;
using V = T::Vector;
using M = T::Comparison::Vector;
#define K(x) (({real})(x) - V{{}})
#define INLINE [[gnu::always_inline]] static inline
INLINE V root(V x) {{ return square_root(T(x)).v; }}
INLINE V magnitude(V x) {{ return absolute(T(x)).v; }}
INLINE V with_sign(V x, V y) {{ return copy_sign(T(x), T(y)).v; }}
INLINE V whole(V x) {{ return nearest(T(x)).v; }}
INLINE V down(V x) {{ return floor(T(x)).v; }}
INLINE V expo(V x) {{ return exponential(T(x)).v; }}
INLINE V loga(V x) {{ return logarithm(T(x)).v; }}
INLINE V atan2(V y, V x) {{ return arctangent2(T(y), T(x)).v; }}
INLINE V tanhyp(V x) {{ return hyperbolic_tangent(T(x)).v; }}
INLINE V to_the(V x, V y) {{ return power(T(x), T(y)).v; }}
INLINE M finite(V x) {{ return is_finite(T(x)).v; }}
INLINE void turn(V x, V& s, V& c) {{
  T sine, cosine;
  sine_cosine(T(x), sine, cosine);
  s = sine.v;
  c = cosine.v;
}}
)";

// The operation on the names of its operands.
constexpr const char* pattern(TraceOp op) {
  switch (op) {
    case TraceOp::kAdd:
      return "{0} + {1}";
    case TraceOp::kSubtract:
      return "{0} - {1}";
    case TraceOp::kMultiply:
      return "{0} * {1}";
    case TraceOp::kDivide:
      return "{0} / {1}";
    case TraceOp::kNegate:
      return "-{0}";
    case TraceOp::kSquareRoot:
      return "root({0})";
    case TraceOp::kAbsolute:
      return "magnitude({0})";
    case TraceOp::kCopySign:
      return "with_sign({0}, {1})";
    case TraceOp::kNearest:
      return "whole({0})";
    case TraceOp::kFloor:
      return "down({0})";
    case TraceOp::kExponential:
      return "expo({0})";
    case TraceOp::kLogarithm:
      return "loga({0})";
    case TraceOp::kArctangent2:
      return "atan2({0}, {1})";
    case TraceOp::kHyperbolicTangent:
      return "tanhyp({0})";
    case TraceOp::kPower:
      return "to_the({0}, {1})";
    case TraceOp::kSelect:
      return "{0} ? {1} : {2}";
    case TraceOp::kLess:
      return "M({0} < {1})";
    case TraceOp::kLessEqual:
      return "M({0} <= {1})";
    case TraceOp::kEqual:
      return "M({0} == {1})";
    case TraceOp::kIsFinite:
      return "finite({0})";
    case TraceOp::kAnd:
      return "{0} & {1}";
    case TraceOp::kOr:
      return "{0} | {1}";
    case TraceOp::kXor:
      return "{0} ^ {1}";
    case TraceOp::kNot:
      return "~{0}";
    default:
      return "";  // inputs, constants and the pairs of sines and cosines are written by hand
  }
}

template <class R>
std::string literal(R value) {
  if (std::isnan(value)) return "__builtin_nan(\"\")";
  if (std::isinf(value)) return value > 0 ? "__builtin_huge_val()" : "-__builtin_huge_val()";
  return fmt::format("{:a}", static_cast<double>(value));
}

// Writes one piece. Numbers are loaded where they are first used and stored as soon as they are known: few are alive at
// a time.
template <class R>
class PieceWriter {
 public:
  PieceWriter(const TracedPieces<R>& traced, const TracedPiece& piece, std::string& out)
      : traced_(traced),
        piece_(piece),
        out_(out),
        needed_(needed_nodes(traced, piece)),
        is_written_(traced.tape.nodes().size(), false) {}

  void write() {
    fmt::format_to(std::back_inserter(out_),
                   "\nextern \"C\" void lockstep_{}([[maybe_unused]] const void* workspace, [[maybe_unused]] const "
                   "void* x, [[maybe_unused]] void* y) {{\n",
                   piece_name(piece_.piece, piece_.link));
    declare_arrays();
    auto next = piece_.stores.begin();
    for (const std::int32_t node : needed_) {
      const TraceOp op = node_of(node).op;
      if (op != TraceOp::kInput) write_node(node);
      for (; next != piece_.stores.end() && next->node == node; ++next) write_store(*next);
    }
    out_ += "}\n";
  }

 private:
  [[nodiscard]] const TraceNode& node_of(std::int32_t id) const {
    return traced_.tape.nodes()[static_cast<std::size_t>(id)];
  }
  [[nodiscard]] const TracePlace& place_of(const TraceNode& input) const {
    return traced_.inputs[static_cast<std::size_t>(input.a)];
  }
  static std::string name(TracePlace place) {
    if (place.array == TracePlace::kX) return fmt::format("x_[{}]", place.index);
    if (place.array == TracePlace::kY) return fmt::format("y_[{}]", place.index);
    return fmt::format("a{}[{}]", place.array, place.index);
  }

  void declare_arrays() {
    std::vector<bool> used(traced_.arrays.size(), false);
    const auto use = [&](TracePlace place) {
      if (place.array >= 0) used[static_cast<std::size_t>(place.array)] = true;
    };
    for (const std::int32_t id : needed_) {
      const TraceNode& node = node_of(id);
      if (node.op != TraceOp::kInput) continue;
      use(place_of(node));
      input_of_.push_back({place_of(node), id});
    }
    for (const auto& store : piece_.stores) use(store.place);
    for (std::size_t array = 0; array < used.size(); ++array) {
      if (!used[array]) continue;
      fmt::format_to(std::back_inserter(out_),
                     "  V* const __restrict__ a{} = *reinterpret_cast<V* const*>(static_cast<const char*>(workspace) + "
                     "{});\n",
                     array, traced_.arrays[array].member);
    }
    out_ +=
        "  [[maybe_unused]] const V* const __restrict__ x_ = static_cast<const V*>(x);\n"
        "  [[maybe_unused]] V* const __restrict__ y_ = static_cast<V*>(y);\n";
  }

  // The operand's name; inputs are loaded the first time.
  std::string operand(std::int32_t id) {
    const TraceNode& node = node_of(id);
    if (node.op == TraceOp::kConstant) return fmt::format("K({})", literal(traced_.tape.value(node)));
    if (node.op == TraceOp::kTruth) return fmt::format("(M{{}} - {})", node.a);
    if (node.op == TraceOp::kInput) load(id);
    return fmt::format("v{}", id);
  }

  void load(std::int32_t id) {
    if (is_written_[static_cast<std::size_t>(id)]) return;
    is_written_[static_cast<std::size_t>(id)] = true;
    fmt::format_to(std::back_inserter(out_), "  const V v{} = {};\n", id, name(place_of(node_of(id))));
  }

  void write_node(std::int32_t id) {
    const TraceNode& node = node_of(id);
    if (node.op == TraceOp::kConstant || node.op == TraceOp::kTruth || is_written_[static_cast<std::size_t>(id)])
      return;
    is_written_[static_cast<std::size_t>(id)] = true;
    const std::string a = operand(node.a);
    const std::string b = node.b < 0 ? "" : operand(node.b), c = node.c < 0 ? "" : operand(node.c);
    if (node.op == TraceOp::kSine || node.op == TraceOp::kCosine) {
      write_turn(id, node, a);
      return;
    }
    fmt::format_to(std::back_inserter(out_), "  const {} v{} = {};\n", gives_truth(node.op) ? "M" : "V", id,
                   fmt::format(fmt::runtime(pattern(node.op)), a, b, c));
  }

  // A sine and the cosine of the same angle, which the kernels record one after the other.
  void write_turn(std::int32_t id, const TraceNode& node, const std::string& angle) {
    const std::int32_t partner = node.op == TraceOp::kSine ? id + 1 : id - 1;
    const bool together = static_cast<std::size_t>(partner) < traced_.tape.nodes().size() && partner >= 0 &&
                          (node_of(partner).op == TraceOp::kSine || node_of(partner).op == TraceOp::kCosine) &&
                          node_of(partner).a == node.a;
    const std::string other = together ? fmt::format("v{}", partner) : fmt::format("u{}", id);
    if (together) is_written_[static_cast<std::size_t>(partner)] = true;
    const std::string own = fmt::format("v{}", id);
    const bool is_sine = node.op == TraceOp::kSine;
    fmt::format_to(std::back_inserter(out_), "  [[maybe_unused]] V {}, {};\n  turn({}, {}, {});\n", own, other, angle,
                   is_sine ? own : other, is_sine ? other : own);
  }

  void write_store(const TracedPiece::Store& store) {
    // What the place held must be loaded before.
    for (const auto& [place, id] : input_of_) {
      if (place.array == store.place.array && place.index == store.place.index) load(id);
    }
    const std::string value = operand(store.node);
    fmt::format_to(std::back_inserter(out_), "  {} = {};\n", name(store.place), value);
  }

  const TracedPieces<R>& traced_;
  const TracedPiece& piece_;
  std::string& out_;
  std::vector<std::int32_t> needed_;  // nodes
  std::vector<bool> is_written_;
  std::vector<std::pair<TracePlace, std::int32_t>> input_of_;  // of the inputs that the piece needs
};

}  // namespace

template <class R>
std::string piece_source(const TracedPieces<R>& traced, int lanes) {
  std::string out = fmt::format(fmt::runtime(kPrelude), fmt::arg("real", sizeof(R) == 4 ? "float" : "double"),
                                fmt::arg("lanes", lanes));
  for (const TracedPiece& piece : traced.pieces) PieceWriter<R>(traced, piece, out).write();
  return out;
}

template std::string piece_source(const TracedPieces<float>&, int);
template std::string piece_source(const TracedPieces<double>&, int);

}  // namespace lockstep
