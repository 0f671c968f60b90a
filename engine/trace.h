// The lane type that records: a number of a kernel that writes down what is done to it. A kernel run once on it for one
// model leaves straight-line arithmetic: the model's constants are folded in the kernel's own precision, zeros and ones
// drop out, what is computed twice is computed once. All of this keeps the bits of every finite result.
// A kernel that branches on a number of a world has no straight-line form: NotTraceable is thrown there.
#pragma once

#include "kernels/math.h"

#include <cstdint>
#include <stdexcept>
#include <unordered_map>
#include <vector>

namespace lockstep {

enum class TraceOp : std::uint8_t {
  kInput,     // number `a` of the inputs
  kConstant,  // values[a]
  // numbers from numbers
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kNegate,
  kSquareRoot,
  kAbsolute,
  kCopySign,
  kNearest,
  kFloor,
  kSine,
  kCosine,
  kExponential,
  kLogarithm,
  kArctangent2,
  kHyperbolicTangent,
  kPower,
  kSelect,  // a ? b : c
  // truths
  kTruth,  // a != 0
  kLess,
  kLessEqual,
  kEqual,
  kIsFinite,
  kAnd,
  kOr,
  kXor,
  kNot
};

[[nodiscard]] constexpr bool gives_truth(TraceOp op) { return op >= TraceOp::kTruth; }

// Operands that are not used are -1.
struct TraceNode {
  TraceOp op;
  std::int32_t a = -1, b = -1, c = -1;
  bool operator==(const TraceNode&) const = default;
};

// The kernel asks for something that depends on the numbers of a world.
class NotTraceable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Everything recorded so far, each operation once, operands before what uses them. R: float or double.
template <class R>
class Tape {
 public:
  // Node 0 is zero, because that is what a kernel's `T x{}` names.
  Tape() { constant(0); }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  Tape(Tape&&) = delete;
  Tape& operator=(Tape&&) = delete;
  ~Tape() = default;

  [[nodiscard]] const std::vector<TraceNode>& nodes() const { return nodes_; }
  [[nodiscard]] R value(const TraceNode& constant) const { return values_[static_cast<std::size_t>(constant.a)]; }

  std::int32_t input(int number) { return intern({TraceOp::kInput, number}); }
  std::int32_t constant(R value);
  std::int32_t truth(bool value) { return intern({TraceOp::kTruth, value ? 1 : 0}); }
  // The node of an operation on nodes; constants and identities are folded. NotTraceable for operands that nothing
  // wrote.
  std::int32_t record(TraceOp op, std::int32_t a, std::int32_t b = -1, std::int32_t c = -1);
  // Whether a truth is known without a world, and then which it is.
  [[nodiscard]] bool is_known(std::int32_t truth) const { return node(truth).op == TraceOp::kTruth; }
  [[nodiscard]] bool known_truth(std::int32_t truth) const { return node(truth).a != 0; }

  // The tape that numbers are recorded on, one for each thread and precision.
  static Tape& current();
  // Records on `tape` for as long as it lives.
  class Recording {
   public:
    explicit Recording(Tape& tape);
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    Recording(Recording&&) = delete;
    Recording& operator=(Recording&&) = delete;
    ~Recording();

   private:
    Tape* before_;
  };

 private:
  struct Hash {
    std::size_t operator()(const TraceNode& n) const;
  };
  [[nodiscard]] const TraceNode& node(std::int32_t id) const { return nodes_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] bool is(std::int32_t id, TraceOp op) const { return node(id).op == op; }
  [[nodiscard]] bool is_value(std::int32_t id, R value) const {
    return is(id, TraceOp::kConstant) && this->value(node(id)) == value;
  }
  std::int32_t intern(TraceNode n);
  std::int32_t negated(std::int32_t a) { return record(TraceOp::kNegate, a); }
  // The forms an operation takes for constants, zeros, ones and signs; -1: as it stands.
  std::int32_t folded(TraceOp op, std::int32_t a, std::int32_t b, std::int32_t c);
  std::int32_t folded_sum(std::int32_t a, std::int32_t b);
  std::int32_t folded_difference(std::int32_t a, std::int32_t b);
  std::int32_t folded_product(std::int32_t a, std::int32_t b);
  std::int32_t folded_quotient(std::int32_t a, std::int32_t b);
  std::int32_t folded_choice(std::int32_t mask, std::int32_t yes, std::int32_t no);
  std::int32_t folded_truth(TraceOp op, std::int32_t a, std::int32_t b);

  std::vector<TraceNode> nodes_;
  std::vector<R> values_;
  std::unordered_map<TraceNode, std::int32_t, Hash> known_;
  std::unordered_map<std::uint64_t, std::int32_t> constants_;
};

extern template class Tape<float>;
extern template class Tape<double>;

// What an operation gives for numbers; truths are 0 and 1. The same functions as kernels on scalars call.
template <class R>
[[nodiscard]] R evaluated(TraceOp op, R a, R b, R c);

extern template float evaluated(TraceOp, float, float, float);
extern template double evaluated(TraceOp, double, double, double);

}  // namespace lockstep

// Found from kernels by their arguments' namespace.
namespace lockstep::kernels {

template <class R>
struct TraceMask {
  std::int32_t id;

  TraceMask() = default;
  explicit TraceMask(std::int32_t node, int) : id(node) {}
  // NOLINTNEXTLINE(google-explicit-constructor): as lanes and scalars do
  TraceMask(bool truth) : id(Tape<R>::current().truth(truth)) {}

  static TraceMask of(TraceOp op, std::int32_t a, std::int32_t b = -1, std::int32_t c = -1) {
    return TraceMask(Tape<R>::current().record(op, a, b, c), 0);
  }
  friend TraceMask operator&(TraceMask a, TraceMask b) { return of(TraceOp::kAnd, a.id, b.id); }
  friend TraceMask operator|(TraceMask a, TraceMask b) { return of(TraceOp::kOr, a.id, b.id); }
  friend TraceMask operator^(TraceMask a, TraceMask b) { return of(TraceOp::kXor, a.id, b.id); }
  friend TraceMask operator!(TraceMask a) { return of(TraceOp::kNot, a.id); }
};

template <class R>
struct Trace {
  std::int32_t id;

  Trace() = default;
  template <class S>
  // NOLINTNEXTLINE(google-explicit-constructor): as lanes do
  requires(std::same_as<S, R> || (std::integral<S> && !std::same_as<S, bool>)) Trace(S value)
      : id(Tape<R>::current().constant(static_cast<R>(value))) {}
  template <class S>
  requires(std::floating_point<S> && !std::same_as<S, R>) explicit Trace(S value)
      : id(Tape<R>::current().constant(static_cast<R>(value))) {}

  static Trace of(TraceOp op, std::int32_t a, std::int32_t b = -1, std::int32_t c = -1) {
    Trace result;
    result.id = Tape<R>::current().record(op, a, b, c);
    return result;
  }
  static Trace input(int number) {
    Trace result;
    result.id = Tape<R>::current().input(number);
    return result;
  }

  friend Trace operator+(Trace a, Trace b) { return of(TraceOp::kAdd, a.id, b.id); }
  friend Trace operator-(Trace a, Trace b) { return of(TraceOp::kSubtract, a.id, b.id); }
  friend Trace operator*(Trace a, Trace b) { return of(TraceOp::kMultiply, a.id, b.id); }
  friend Trace operator/(Trace a, Trace b) { return of(TraceOp::kDivide, a.id, b.id); }
  friend Trace operator-(Trace a) { return of(TraceOp::kNegate, a.id); }
  friend Trace operator+(Trace a) { return a; }
  Trace& operator+=(Trace b) { return *this = *this + b; }
  Trace& operator-=(Trace b) { return *this = *this - b; }
  Trace& operator*=(Trace b) { return *this = *this * b; }
  Trace& operator/=(Trace b) { return *this = *this / b; }

  using Comparison = TraceMask<R>;
  friend Comparison operator<(Trace a, Trace b) { return Comparison::of(TraceOp::kLess, a.id, b.id); }
  friend Comparison operator<=(Trace a, Trace b) { return Comparison::of(TraceOp::kLessEqual, a.id, b.id); }
  friend Comparison operator>(Trace a, Trace b) { return b < a; }
  friend Comparison operator>=(Trace a, Trace b) { return b <= a; }
  friend Comparison operator==(Trace a, Trace b) { return Comparison::of(TraceOp::kEqual, a.id, b.id); }
  friend Comparison operator!=(Trace a, Trace b) { return !(a == b); }
};

template <class R>
struct LaneTraits<Trace<R>> {
  using Scalar = R;
  using Comparison = TraceMask<R>;
  using Bits = void;
  static constexpr int kCount = 1;
};

template <class R>
Trace<R> select(TraceMask<R> mask, Trace<R> yes, std::type_identity_t<Trace<R>> no) {
  return Trace<R>::of(TraceOp::kSelect, mask.id, yes.id, no.id);
}
template <class R>
TraceMask<R> select(TraceMask<R> mask, TraceMask<R> yes, std::type_identity_t<TraceMask<R>> no) {
  return (mask & yes) | (!mask & no);
}
template <class R>
bool any(TraceMask<R> mask) {
  const Tape<R>& tape = Tape<R>::current();
  if (!tape.is_known(mask.id)) throw NotTraceable("a branch on numbers of a world");
  return tape.known_truth(mask.id);
}
template <class R>
bool all(TraceMask<R> mask) {
  return any(mask);
}
template <class R>
bool none(TraceMask<R> mask) {
  return !any(mask);
}
template <class R>
Trace<R> square_root(Trace<R> x) {
  return Trace<R>::of(TraceOp::kSquareRoot, x.id);
}
template <class R>
Trace<R> absolute(Trace<R> x) {
  return Trace<R>::of(TraceOp::kAbsolute, x.id);
}
template <class R>
Trace<R> copy_sign(Trace<R> x, std::type_identity_t<Trace<R>> y) {
  return Trace<R>::of(TraceOp::kCopySign, x.id, y.id);
}
template <class R>
TraceMask<R> is_finite(Trace<R> x) {
  return TraceMask<R>::of(TraceOp::kIsFinite, x.id);
}
template <class R>
Trace<R> nearest(Trace<R> x) {
  return Trace<R>::of(TraceOp::kNearest, x.id);
}
template <class R>
Trace<R> floor(Trace<R> x) {
  return Trace<R>::of(TraceOp::kFloor, x.id);
}
template <class R>
void sine_cosine(Trace<R> x, Trace<R>& sine, Trace<R>& cosine) {
  sine = Trace<R>::of(TraceOp::kSine, x.id);
  cosine = Trace<R>::of(TraceOp::kCosine, x.id);
}
template <class R>
Trace<R> exponential(Trace<R> x) {
  return Trace<R>::of(TraceOp::kExponential, x.id);
}
template <class R>
Trace<R> logarithm(Trace<R> x) {
  return Trace<R>::of(TraceOp::kLogarithm, x.id);
}
template <class R>
Trace<R> arctangent2(Trace<R> y, Trace<R> x) {
  return Trace<R>::of(TraceOp::kArctangent2, y.id, x.id);
}
template <class R>
Trace<R> hyperbolic_tangent(Trace<R> x) {
  return Trace<R>::of(TraceOp::kHyperbolicTangent, x.id);
}
template <class R>
Trace<R> power(Trace<R> x, std::type_identity_t<Trace<R>> y) {
  return Trace<R>::of(TraceOp::kPower, x.id, y.id);
}

}  // namespace lockstep::kernels
