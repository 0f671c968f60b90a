// Records operations, each once, and folds what is known of a model.
#include "engine/trace.h"

#include <bit>
#include <cmath>

namespace lockstep {

namespace {

template <class R>
thread_local Tape<R>* recorded = nullptr;

}  // namespace

template <class R>
Tape<R>& Tape<R>::current() {
  if (recorded<R> == nullptr) throw std::logic_error("Trace: a number outside of a recording");
  return *recorded<R>;
}

template <class R>
Tape<R>::Recording::Recording(Tape& tape) : before_(recorded<R>) {
  recorded<R> = &tape;
}

template <class R>
Tape<R>::Recording::~Recording() {
  recorded<R> = before_;
}

template <class R>
std::size_t Tape<R>::Hash::operator()(const TraceNode& n) const {
  std::uint64_t h = static_cast<std::uint64_t>(n.op);
  for (const std::int32_t operand : {n.a, n.b, n.c}) {
    h = (h ^ static_cast<std::uint32_t>(operand)) * 0x9e3779b97f4a7c15ULL;
    h ^= h >> 29;
  }
  return static_cast<std::size_t>(h);
}

template <class R>
std::int32_t Tape<R>::intern(TraceNode n) {
  const auto [place, is_new] = known_.try_emplace(n, static_cast<std::int32_t>(nodes_.size()));
  if (is_new) nodes_.push_back(n);
  return place->second;
}

template <class R>
std::int32_t Tape<R>::constant(R value) {
  using Bits = std::conditional_t<sizeof(R) == 4, std::uint32_t, std::uint64_t>;
  const auto [place, is_new] =
      constants_.try_emplace(std::bit_cast<Bits>(value), static_cast<std::int32_t>(values_.size()));
  if (is_new) values_.push_back(value);
  return intern({TraceOp::kConstant, place->second});
}

template <class R>
std::int32_t Tape<R>::folded_sum(std::int32_t a, std::int32_t b) {
  if (is_value(a, 0)) return b;
  if (is_value(b, 0)) return a;
  if (is(a, TraceOp::kNegate) && is(b, TraceOp::kNegate)) return negated(record(TraceOp::kAdd, node(a).a, node(b).a));
  if (is(b, TraceOp::kNegate)) return record(TraceOp::kSubtract, a, node(b).a);
  if (is(a, TraceOp::kNegate)) return record(TraceOp::kSubtract, b, node(a).a);
  return -1;
}

template <class R>
std::int32_t Tape<R>::folded_difference(std::int32_t a, std::int32_t b) {
  if (is_value(b, 0)) return a;
  if (is_value(a, 0)) return negated(b);
  if (is(b, TraceOp::kNegate)) return record(TraceOp::kAdd, a, node(b).a);
  if (is(a, TraceOp::kNegate)) return negated(record(TraceOp::kAdd, node(a).a, b));
  return -1;
}

template <class R>
std::int32_t Tape<R>::folded_product(std::int32_t a, std::int32_t b) {
  if (is_value(a, 0)) return a;
  if (is_value(b, 0)) return b;
  if (is_value(a, 1)) return b;
  if (is_value(b, 1)) return a;
  if (is_value(a, -1)) return negated(b);
  if (is_value(b, -1)) return negated(a);
  if (is(a, TraceOp::kNegate) && is(b, TraceOp::kNegate)) return record(TraceOp::kMultiply, node(a).a, node(b).a);
  if (is(a, TraceOp::kNegate)) return negated(record(TraceOp::kMultiply, node(a).a, b));
  if (is(b, TraceOp::kNegate)) return negated(record(TraceOp::kMultiply, a, node(b).a));
  return -1;
}

template <class R>
std::int32_t Tape<R>::folded_quotient(std::int32_t a, std::int32_t b) {
  if (is_value(b, 1)) return a;
  if (is_value(b, -1)) return negated(a);
  if (is(a, TraceOp::kNegate)) return negated(record(TraceOp::kDivide, node(a).a, b));
  if (is(b, TraceOp::kNegate)) return negated(record(TraceOp::kDivide, a, node(b).a));
  return -1;
}

template <class R>
std::int32_t Tape<R>::folded_choice(std::int32_t mask, std::int32_t yes, std::int32_t no) {
  if (is_known(mask)) return known_truth(mask) ? yes : no;
  if (yes == no) return yes;
  if (is(mask, TraceOp::kNot)) return record(TraceOp::kSelect, node(mask).a, no, yes);
  return -1;
}

template <class R>
std::int32_t Tape<R>::folded_truth(TraceOp op, std::int32_t a, std::int32_t b) {
  if (op == TraceOp::kNot) {
    if (is_known(a)) return truth(!known_truth(a));
    return is(a, TraceOp::kNot) ? node(a).a : -1;
  }
  if (a == b) return op == TraceOp::kXor ? truth(false) : a;
  if (!is_known(a) && is_known(b)) std::swap(a, b);
  if (!is_known(a)) return -1;
  const bool known = known_truth(a);
  if (op == TraceOp::kAnd) return known ? b : a;
  if (op == TraceOp::kOr) return known ? a : b;
  return known ? record(TraceOp::kNot, b) : b;
}

template <class R>
std::int32_t Tape<R>::folded(TraceOp op, std::int32_t a, std::int32_t b, std::int32_t c) {
  switch (op) {
    case TraceOp::kAdd:
      return folded_sum(a, b);
    case TraceOp::kSubtract:
      return folded_difference(a, b);
    case TraceOp::kMultiply:
      return folded_product(a, b);
    case TraceOp::kDivide:
      return folded_quotient(a, b);
    case TraceOp::kNegate:
      return is(a, TraceOp::kNegate) ? node(a).a : -1;
    case TraceOp::kAbsolute:
      return is(a, TraceOp::kNegate) ? record(op, node(a).a) : -1;
    case TraceOp::kSelect:
      return folded_choice(a, b, c);
    case TraceOp::kAnd:
    case TraceOp::kOr:
    case TraceOp::kXor:
    case TraceOp::kNot:
      return folded_truth(op, a, b);
    default:
      return -1;
  }
}

template <class R>
std::int32_t Tape<R>::record(TraceOp op, std::int32_t a, std::int32_t b, std::int32_t c) {
  const auto unwritten = [&](std::int32_t operand) {
    return operand < -1 || operand >= static_cast<std::int32_t>(nodes_.size());
  };
  if (a < 0 || unwritten(a) || unwritten(b) || unwritten(c)) throw NotTraceable("a number that nothing wrote");
  const bool is_choice_or_truth = op == TraceOp::kSelect || op >= TraceOp::kAnd;
  const bool all_constant = is(a, TraceOp::kConstant) && (b < 0 || is(b, TraceOp::kConstant));
  if (!is_choice_or_truth && all_constant) {
    const R result = evaluated(op, value(node(a)), b < 0 ? R(0) : value(node(b)), R(0));
    return gives_truth(op) ? truth(result != 0) : constant(result);
  }
  if (const std::int32_t known = folded(op, a, b, c); known >= 0) return known;
  const bool commutes = op == TraceOp::kAdd || op == TraceOp::kMultiply || op == TraceOp::kEqual ||
                        op == TraceOp::kAnd || op == TraceOp::kOr || op == TraceOp::kXor;
  if (commutes && b < a) std::swap(a, b);
  return intern({op, a, b, c});
}

template class Tape<float>;
template class Tape<double>;

template <class R>
R evaluated(TraceOp op, R a, R b, R c) {
  const auto number = [](bool truth) { return truth ? R(1) : R(0); };
  switch (op) {
    case TraceOp::kInput:
    case TraceOp::kConstant:
    case TraceOp::kTruth:
      return a;
    case TraceOp::kAdd:
      return a + b;
    case TraceOp::kSubtract:
      return a - b;
    case TraceOp::kMultiply:
      return a * b;
    case TraceOp::kDivide:
      return a / b;
    case TraceOp::kNegate:
      return -a;
    case TraceOp::kSquareRoot:
      return kernels::square_root(a);
    case TraceOp::kAbsolute:
      return kernels::absolute(a);
    case TraceOp::kCopySign:
      return kernels::copy_sign(a, b);
    case TraceOp::kNearest:
      return kernels::nearest(a);
    case TraceOp::kFloor:
      return kernels::floor(a);
    case TraceOp::kSine:
      return kernels::sine(a);
    case TraceOp::kCosine:
      return kernels::cosine(a);
    case TraceOp::kExponential:
      return kernels::exponential(a);
    case TraceOp::kLogarithm:
      return kernels::logarithm(a);
    case TraceOp::kArctangent2:
      return kernels::arctangent2(a, b);
    case TraceOp::kHyperbolicTangent:
      return kernels::hyperbolic_tangent(a);
    case TraceOp::kPower:
      return kernels::power(a, b);
    case TraceOp::kSelect:
      return a != R(0) ? b : c;
    case TraceOp::kLess:
      return number(a < b);
    case TraceOp::kLessEqual:
      return number(a <= b);
    case TraceOp::kEqual:
      return number(a == b);
    case TraceOp::kIsFinite:
      return number(kernels::is_finite(a));
    case TraceOp::kAnd:
      return number(a != R(0) && b != R(0));
    case TraceOp::kOr:
      return number(a != R(0) || b != R(0));
    case TraceOp::kXor:
      return number((a != R(0)) != (b != R(0)));
    case TraceOp::kNot:
      return number(a == R(0));
  }
  return R(0);
}

template float evaluated(TraceOp, float, float, float);
template double evaluated(TraceOp, double, double, double);

}  // namespace lockstep
