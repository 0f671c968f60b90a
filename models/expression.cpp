// Expressions: parsing by recursive descent, values, and printing in four notations.
#include "models/expression.h"
#include "models/text_cursor.h"

#include <algorithm>
#include <array>
#include <numbers>
#include <optional>

namespace lockstep::models {
namespace {

using kernels::ExpressionStep;
using kernels::Operation;

constexpr int kDeepest = 100;  // parentheses and calls inside each other
constexpr size_t kMostSteps = 2000;
constexpr int kHighestPower = 64;
constexpr double kLongestText = 1e5;  // steps, if none were shared

struct FunctionName {
  const char* name;
  Operation operation;
  int arguments;
  const char* latex;
};
constexpr std::array kFunctions = {
    FunctionName{"sin", Operation::kSine, 1, "\\sin"},
    FunctionName{"cos", Operation::kCosine, 1, "\\cos"},
    FunctionName{"tan", Operation::kTangent, 1, "\\tan"},
    FunctionName{"exp", Operation::kExponential, 1, "\\exp"},
    FunctionName{"log", Operation::kLogarithm, 1, "\\log"},
    FunctionName{"sqrt", Operation::kSquareRoot, 1, "\\sqrt"},
    FunctionName{"abs", Operation::kAbsolute, 1, "\\mathrm{abs}"},
    FunctionName{"tanh", Operation::kHyperbolicTangent, 1, "\\tanh"},
    FunctionName{"atan", Operation::kArctangent, 1, "\\arctan"},
    FunctionName{"sign", Operation::kSign, 1, "\\mathrm{sign}"},
    FunctionName{"min", Operation::kMinimum, 2, "\\min"},
    FunctionName{"max", Operation::kMaximum, 2, "\\max"},
};

const FunctionName* function_named(std::string_view name) {
  const auto found = std::find_if(kFunctions.begin(), kFunctions.end(), [&](const auto& f) { return name == f.name; });
  return found == kFunctions.end() ? nullptr : &*found;
}

const FunctionName* function_of(Operation operation) {
  const auto found =
      std::find_if(kFunctions.begin(), kFunctions.end(), [&](const auto& f) { return operation == f.operation; });
  return found == kFunctions.end() ? nullptr : &*found;
}

class Parser {
 public:
  Parser(std::string_view text, const std::vector<std::string>& inputs, const std::string& where)
      : cursor_(text, where), inputs_(inputs) {}

  std::vector<ExpressionStep> parse() {
    const int root = sum(0);
    if (!cursor_.at_end()) cursor_.fail("the expression ends here, but the text does not", "remove the rest");
    return reachable(root);
  }

 private:
  int add(const ExpressionStep& step) {
    const auto found = std::find(steps_.begin(), steps_.end(), step);
    if (found != steps_.end()) return static_cast<int>(found - steps_.begin());
    if (steps_.size() >= kMostSteps) cursor_.fail("an expression of more than 2000 steps", "split it into several");
    steps_.push_back(step);
    return static_cast<int>(steps_.size()) - 1;
  }
  int constant(double value) { return add({Operation::kConstant, 0, 0, value}); }
  int negated(int a) {
    const ExpressionStep step = steps_[static_cast<size_t>(a)];
    return step.operation == Operation::kConstant ? constant(-step.constant) : add({Operation::kNegate, a, 0, 0});
  }

  int sum(int depth) {
    if (depth > kDeepest) cursor_.fail("parentheses too deep", "use at most 100 inside each other");
    int left = product(depth);
    for (;;) {
      if (cursor_.take("+")) {
        left = add({Operation::kAdd, left, product(depth), 0});
      } else if (cursor_.take("-")) {
        left = add({Operation::kSubtract, left, product(depth), 0});
      } else {
        return left;
      }
    }
  }

  int product(int depth) {
    int left = factor(depth);
    for (;;) {
      const char next = cursor_.peek();
      if (cursor_.take("*")) {
        left = add({Operation::kMultiply, left, factor(depth), 0});
      } else if (cursor_.take("/")) {
        left = add({Operation::kDivide, left, factor(depth), 0});
      } else if (TextCursor::begins_name(next) || TextCursor::begins_number(next) || next == '(') {
        left = add({Operation::kMultiply, left, factor(depth), 0});
      } else {
        return left;
      }
    }
  }

  int factor(int depth) {
    bool is_negative = false;
    for (;;) {
      if (cursor_.take("-")) {
        is_negative = !is_negative;
      } else if (!cursor_.take("+")) {
        break;
      }
    }
    const int value = power(depth);
    return is_negative ? negated(value) : value;
  }

  int power(int depth) {
    const int base = primary(depth);
    if (!cursor_.take("**") && !cursor_.take("^")) return base;
    if (depth > kDeepest) cursor_.fail("powers too deep", "use at most 100 inside each other");
    bool is_negative = false;
    while (cursor_.take("-")) is_negative = !is_negative;
    const int up = power(depth + 1);
    const ExpressionStep step = steps_[static_cast<size_t>(up)];
    const double exponent = is_negative ? -step.constant : step.constant;
    if (step.operation == Operation::kConstant && exponent == std::floor(exponent) &&
        std::abs(exponent) <= kHighestPower) {
      return add({Operation::kPower, base, static_cast<int>(exponent), 0});
    }
    const int logarithm = add({Operation::kLogarithm, base, 0, 0});
    const int signed_up = is_negative ? negated(up) : up;
    return add({Operation::kExponential, add({Operation::kMultiply, signed_up, logarithm, 0}), 0, 0});
  }

  int primary(int depth) {
    const char next = cursor_.peek();
    if (TextCursor::begins_number(next)) return constant(cursor_.number());
    if (cursor_.take("(")) {
      const int inside = sum(depth + 1);
      cursor_.expect(")");
      return inside;
    }
    if (TextCursor::begins_name(next)) return named(depth);
    cursor_.fail(next == '\0' ? "the text ends where a number or a name is needed"
                              : fmt::format("'{}' where a number or a name is needed", next),
                 "write a number, a name, a function or a parenthesis");
  }

  int named(int depth) {
    const size_t begin = cursor_.place();
    const std::string name(cursor_.name());
    const auto input = std::find(inputs_.begin(), inputs_.end(), name);
    if (input != inputs_.end()) return add({Operation::kInput, static_cast<int>(input - inputs_.begin()), 0, 0});
    if (name == "pi") return constant(std::numbers::pi);
    const FunctionName* const function = function_named(name);
    if (function == nullptr || cursor_.peek() != '(') fail_unknown(name, begin, function != nullptr);
    cursor_.expect("(");
    const int a = sum(depth + 1);
    int b = 0;
    if (function->arguments == 2) {
      cursor_.expect(",");
      b = sum(depth + 1);
    }
    cursor_.expect(")");
    return add({function->operation, a, b, 0});
  }

  [[noreturn]] void fail_unknown(const std::string& name, size_t begin, bool is_function) {
    std::vector<std::string> known = inputs_;
    for (const auto& f : kFunctions) known.emplace_back(f.name);
    const std::string nearest = nearest_name(name, known);
    cursor_.go_to(begin);
    if (is_function) cursor_.fail(fmt::format("{} without its argument", name), fmt::format("write {}(...)", name));
    std::string listed;
    for (const std::string& one : known) listed += (listed.empty() ? "" : ", ") + one;
    cursor_.fail(fmt::format("unknown name '{}'", name),
                 nearest.empty() ? fmt::format("known are {}", listed)
                                 : fmt::format("did you mean '{}'? known are {}", nearest, listed));
  }

  // What the root uses, in the order of its text: the same text gives the same steps.
  [[nodiscard]] std::vector<ExpressionStep> reachable(int root) const;

  TextCursor cursor_;
  const std::vector<std::string>& inputs_;
  std::vector<ExpressionStep> steps_;
};

bool has_first_step(Operation operation) { return operation != Operation::kInput && operation != Operation::kConstant; }

std::vector<ExpressionStep> Parser::reachable(int root) const {
  std::vector<int> place(steps_.size(), -1);
  std::vector<ExpressionStep> out;
  const auto visit = [&](const auto& self, int index) -> int {
    int& found = place[static_cast<size_t>(index)];
    if (found >= 0) return found;
    ExpressionStep step = steps_[static_cast<size_t>(index)];
    if (has_first_step(step.operation)) step.a = self(self, step.a);
    if (kernels::is_binary(step.operation)) step.b = self(self, step.b);
    out.push_back(step);
    return found = static_cast<int>(out.size()) - 1;
  };
  visit(visit, root);
  return out;
}

// ---- Printing ----

constexpr int kSumRank = 1, kProductRank = 2, kSignRank = 3, kPowerRank = 4, kAtomRank = 5;

struct Printed {
  std::string text;
  int rank = kAtomRank;
};

std::string as_rank(const Printed& inner, int least, Notation notation) {
  if (inner.rank >= least) return inner.text;
  return fmt::format(fmt::runtime(notation == Notation::kLatex ? "\\left({}\\right)" : "({})"), inner.text);
}

class Printer {
 public:
  Printer(std::span<const ExpressionStep> steps, const std::vector<std::string>& inputs, Notation notation, int digits)
      : steps_(steps), inputs_(inputs), notation_(notation), digits_(digits) {}

  [[nodiscard]] Printed print(int index) const {
    const ExpressionStep& step = steps_[static_cast<size_t>(index)];
    const bool is_code = is_c() || notation_ == Notation::kPython;
    switch (step.operation) {
      case Operation::kInput:
        return {inputs_[static_cast<size_t>(step.a)]};
      case Operation::kConstant:
        return {number_text(step.constant, notation_, digits_), step.constant < 0 ? kSignRank : kAtomRank};
      case Operation::kAdd:
        return {at(step.a, kSumRank) + " + " + at(step.b, kProductRank), kSumRank};
      case Operation::kSubtract:
        return {at(step.a, kSumRank) + " - " + at(step.b, kProductRank), kSumRank};
      case Operation::kMultiply: {
        const char* const sign = is_code ? " * " : notation_ == Notation::kLatex ? " " : "*";
        return {at(step.a, kProductRank) + sign + at(step.b, kPowerRank), kProductRank};
      }
      case Operation::kDivide:
        if (notation_ == Notation::kLatex) return {fmt::format("\\frac{{{}}}{{{}}}", at(step.a, 0), at(step.b, 0))};
        return {at(step.a, kProductRank) + (is_code ? " / " : "/") + at(step.b, kPowerRank), kProductRank};
      case Operation::kNegate:
        return {fmt::format("-{}", at(step.a, kPowerRank)), kSignRank};
      case Operation::kPower:
        return power(step);
      default:
        return call(step);
    }
  }

 private:
  [[nodiscard]] bool is_c() const { return notation_ == Notation::kC || notation_ == Notation::kCpp; }
  [[nodiscard]] std::string at(int index, int least) const { return as_rank(print(index), least, notation_); }

  [[nodiscard]] Printed power(const ExpressionStep& step) const {
    if (notation_ == Notation::kC) return {fmt::format("pow({}, {})", at(step.a, 0), step.b)};
    if (notation_ == Notation::kCpp) return {fmt::format("pow({}, T({}))", at(step.a, 0), step.b)};
    const char* const mark = notation_ == Notation::kPython ? "**" : "^";
    const bool is_latex = notation_ == Notation::kLatex;
    return {fmt::format("{}{}{}{}{}", at(step.a, kAtomRank), mark, is_latex ? "{" : "", step.b, is_latex ? "}" : ""),
            kPowerRank};
  }

  [[nodiscard]] Printed call(const ExpressionStep& step) const {
    const FunctionName& function = *function_of(step.operation);
    const std::string a = at(step.a, 0), b = function.arguments == 2 ? fmt::format(", {}", at(step.b, 0)) : "";
    if (notation_ == Notation::kLatex) {
      if (step.operation == Operation::kExponential) return {fmt::format("e^{{{}}}", a), kPowerRank};
      if (step.operation == Operation::kSquareRoot) return {fmt::format("\\sqrt{{{}}}", a)};
      if (step.operation == Operation::kAbsolute) return {fmt::format("\\left|{}\\right|", a)};
      return {fmt::format("{}\\left({}{}\\right)", function.latex, a, b)};
    }
    std::string name = function.name;
    const bool is_builtin = name == "min" || name == "max" || name == "abs";
    if (is_c() && is_builtin) name.insert(0, 1, 'f');
    if (step.operation == Operation::kSign && is_c()) {
      const bool is_t = notation_ == Notation::kCpp;
      return {
          fmt::format("(({0}) > 0 ? {1} : (({0}) < 0 ? -{1} : {2}))", a, is_t ? "T(1)" : "1.0", is_t ? "T(0)" : "0.0")};
    }
    if (step.operation == Operation::kSign && notation_ == Notation::kPython) {
      return {fmt::format("(({0} > 0) - ({0} < 0))", as_rank(print(step.a), kAtomRank, notation_))};
    }
    if (notation_ == Notation::kPython && !is_builtin) name.insert(0, "math.");
    return {fmt::format("{}({}{})", name, a, b)};
  }

  std::span<const ExpressionStep> steps_;
  const std::vector<std::string>& inputs_;
  Notation notation_;
  int digits_;
};

}  // namespace

std::string number_text(double value, Notation notation, int digits) {
  std::string text = digits > 0 ? fmt::format("{:.{}g}", value, digits) : fmt::format("{}", value);
  const size_t exponent = text.find('e');
  if (notation == Notation::kLatex && exponent != std::string::npos) {
    const int power = std::stoi(text.substr(exponent + 1));
    return fmt::format("{} \\cdot 10^{{{}}}", text.substr(0, exponent), power);
  }
  if (notation == Notation::kCpp) return fmt::format("T({})", text);
  if (notation == Notation::kC && text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

Expression Expression::parse(std::string_view text, const std::vector<std::string>& input_names,
                             const std::string& where) {
  return Expression(Parser(text, input_names, where).parse());
}

Expression Expression::from_steps(std::vector<ExpressionStep> steps, int num_inputs) {
  const auto fail = [](size_t s, const char* what) {
    throw Error(fmt::format("step {} of an expression {}", s, what), "expression of a library",
                "the file is damaged: save the model anew");
  };
  if (steps.empty() || steps.size() > kMostSteps) fail(0, "is missing");
  std::vector<double> lengths;
  for (size_t s = 0; s < steps.size(); ++s) {
    const ExpressionStep& step = steps[s];
    const int limit = static_cast<int>(s);
    if (static_cast<int>(step.operation) < 0 || static_cast<int>(step.operation) >= kernels::kOperations) {
      fail(s, "has an unknown operation");
    }
    if (step.operation == Operation::kInput && (step.a < 0 || step.a >= num_inputs)) fail(s, "uses an unknown input");
    if (has_first_step(step.operation) && (step.a < 0 || step.a >= limit)) fail(s, "uses a step that comes later");
    if (kernels::is_binary(step.operation) && (step.b < 0 || step.b >= limit)) fail(s, "uses a step that comes later");
    if (step.operation == Operation::kPower && std::abs(step.b) > kHighestPower) fail(s, "has a power beyond 64");
    if (!std::isfinite(step.constant)) fail(s, "has a constant that is not finite");
    // Steps may be shared; written out, an expression must stay readable.
    double length = 1;
    if (has_first_step(step.operation)) length += lengths[static_cast<size_t>(step.a)];
    if (kernels::is_binary(step.operation)) length += lengths[static_cast<size_t>(step.b)];
    if (length > kLongestText) fail(s, "stands for too long a text");
    lengths.push_back(length);
  }
  return Expression(std::move(steps));
}

double Expression::value(std::span<const double> inputs) const {
  std::vector<double> values(steps_.size());
  kernels::evaluate_steps(steps_.data(), static_cast<int>(steps_.size()), inputs.data(), values.data());
  return values.back();
}

std::string Expression::text(const std::vector<std::string>& input_names, Notation notation, int digits) const {
  return Printer(steps_, input_names, notation, digits).print(static_cast<int>(steps_.size()) - 1).text;
}

bool Expression::is_sum() const {
  const Operation root = steps_.back().operation;
  return root == Operation::kAdd || root == Operation::kSubtract || root == Operation::kNegate ||
         (root == Operation::kConstant && steps_.back().constant < 0);
}

}  // namespace lockstep::models
