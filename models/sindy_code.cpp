// Learned models as source text: terms and steps written in each language.
#include "models/sindy_code.h"
#include "engine/error.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using kernels::SparseIntegrator;

std::string identifier(const std::string& name) {
  std::string out = name.empty() || (name[0] >= '0' && name[0] <= '9') ? fmt::format("_{}", name) : name;
  for (char& c : out) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// ---- Terms ----

// x[0] ... u[0] ...
std::vector<std::string> array_names(const Sindy& model) {
  std::vector<std::string> names;
  for (int i = 0; i < model.state_size(); ++i) names.push_back(fmt::format("x[{}]", i));
  for (int i = 0; i < model.control_size(); ++i) names.push_back(fmt::format("u[{}]", i));
  return names;
}

std::string power_text(const std::string& base, int order, Notation notation) {
  if (order == 1) return base;
  if (notation == Notation::kPython) return fmt::format("{}**{}", base, order);
  if (notation == Notation::kLatex) return fmt::format("{}^{{{}}}", base, order);
  std::string product = base;
  for (int k = 1; k < order; ++k) product += fmt::format(" * {}", base);
  return product;
}

std::string factor_text(const Factor& factor, const Sindy& model, const std::vector<std::string>& names,
                        Notation notation, int digits) {
  if (factor.kind == Factor::Kind::kExpression) {
    const Expression& expression = model.library().expressions()[static_cast<size_t>(factor.input)];
    const std::string text = expression.text(names, notation, digits);
    if (notation == Notation::kLatex) return expression.is_sum() ? fmt::format("\\left({}\\right)", text) : text;
    return fmt::format("({})", text);
  }
  const std::string& input = names[static_cast<size_t>(factor.input)];
  if (factor.kind == Factor::Kind::kPower) return power_text(input, factor.order, notation);
  const char* const function = factor.kind == Factor::Kind::kSine ? "sin" : "cos";
  if (notation == Notation::kLatex) {
    return fmt::format("\\{}\\left({}{}\\right)", function, factor.order > 1 ? fmt::format("{} ", factor.order) : "",
                       input);
  }
  const std::string angle =
      factor.order > 1 ? fmt::format("{} * {}", number_text(factor.order, notation, 0), input) : input;
  return fmt::format("{}{}({})", notation == Notation::kPython ? "math." : "", function, angle);
}

// The right-hand side of state i.
std::string sum_text(const Sindy& model, int state, const std::vector<std::string>& names, Notation notation,
                     int digits) {
  const int velocity = model.system().velocity_of[static_cast<size_t>(state)];
  if (velocity >= 0) return names[static_cast<size_t>(velocity)];
  const char* const times = notation == Notation::kLatex ? " " : " * ";
  std::string sum;
  for (int f = 0; f < model.library().size(); ++f) {
    const double c = model.coefficients()(f, state);
    if (c == 0) continue;
    sum += sum.empty() ? (c < 0 ? "-" : "") : (c < 0 ? " - " : " + ");
    sum += number_text(std::abs(c), notation, digits);
    for (const Factor& factor : model.library().features()[static_cast<size_t>(f)]) {
      sum += fmt::format("{}{}", times, factor_text(factor, model, names, notation, digits));
    }
  }
  return sum.empty() ? number_text(0, notation, digits) : sum;
}

// ---- LaTeX ----

const std::vector<std::string>& greek() {
  static const std::vector<std::string> names{"alpha", "beta",  "gamma",  "delta", "epsilon", "zeta", "eta",
                                              "theta", "kappa", "lambda", "mu",    "nu",      "xi",   "pi",
                                              "rho",   "sigma", "tau",    "phi",   "chi",     "psi",  "omega"};
  return names;
}

// "x12" gives x_{12}, "theta" \theta, "th_vel" \mathrm{th\_vel}.
std::string latex_name(const std::string& name) {
  const size_t digits = name.find_last_not_of("0123456789") + 1;
  const std::string stem = name.substr(0, digits), index = name.substr(digits);
  std::string out = stem;
  if (std::find(greek().begin(), greek().end(), stem) != greek().end()) {
    out = fmt::format("\\{}", stem);
  } else if (stem.size() != 1 || std::isalpha(static_cast<unsigned char>(stem[0])) == 0) {
    std::string escaped;
    for (const char c : stem) {
      if (std::string_view("_#$%&{}").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c == '\\' || c == '^' || c == '~' ? '-' : c;
    }
    out = fmt::format("\\mathrm{{{}}}", escaped);
  }
  return index.empty() ? out : fmt::format("{}_{{{}}}", out, index);
}

std::vector<std::string> latex_names(const Sindy& model) {
  std::vector<std::string> names;
  for (const std::string& name : model.system().state_names) names.push_back(latex_name(name));
  for (const std::string& name : model.system().control_names) names.push_back(latex_name(name));
  return names;
}

// ---- Comments ----

std::string quantity(const std::string& array, size_t index, const std::string& name,
                     const std::vector<std::string>& units) {
  std::string clean = name;
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c == '\n' || c == '\r' || c == '*' || c == '\\'; }, ' ');
  const bool has_unit = index < units.size() && !units[index].empty();
  return fmt::format("{}[{}] {}{}", array, index, clean, has_unit ? fmt::format(" ({})", units[index]) : "");
}

// What the model is, one line each, behind `mark`.
std::string heading(const Sindy& model, const CodeOptions& options, const std::string& mark) {
  const SindySystem& system = model.system();
  std::string out = fmt::format("{} Learned dynamics: {} terms, steps of {} s by {}.\n", mark, model.terms(),
                                system.timestep, integrator_name(model.integrator()));
  out += fmt::format("{} State:", mark);
  for (size_t i = 0; i < system.state_names.size(); ++i) {
    out += fmt::format("{} {}", i > 0 ? "," : "", quantity("x", i, system.state_names[i], options.state_units));
  }
  out += ".\n";
  if (system.control_names.empty()) return out;
  out += fmt::format("{} Control, held over a step:", mark);
  for (size_t i = 0; i < system.control_names.size(); ++i) {
    out += fmt::format("{} {}", i > 0 ? "," : "", quantity("u", i, system.control_names[i], options.control_units));
  }
  return out + ".\n";
}

// ---- C and C++ ----

// `number` is "double" or "T"; `prefix` stands before functions.
struct CLanguage {
  std::string number, prefix;
  Notation notation;
};

std::string c_field(const Sindy& model, const std::string& name, const CLanguage& language) {
  std::string out = fmt::format("{}void {}_field(const {}* x, const {}* u, {}* dx) {{\n  (void)x;\n  (void)u;\n",
                                language.prefix, name, language.number, language.number, language.number);
  const std::vector<std::string> names = array_names(model);
  for (int i = 0; i < model.state_size(); ++i) {
    out += fmt::format("  dx[{}] = {};\n", i, sum_text(model, i, names, language.notation, 0));
  }
  return out + "}\n";
}

std::string c_runge_kutta(const Sindy& model, const std::string& name, const CLanguage& language) {
  const int nx = model.state_size();
  const auto number = [&](double value) { return number_text(value, language.notation, 0); };
  return fmt::format(
      "  const {0} weight[4] = {{{1}, {2}, {2}, {1}}}, ahead[4] = {{{3}, {3}, {4}, {5}}};\n"
      "  {0} slope[{6}], at[{6}], sum[{6}];\n"
      "  for (int i = 0; i < {6}; ++i) at[i] = x[i], sum[i] = 0;\n"
      "  for (int stage = 0; stage < 4; ++stage) {{\n"
      "    {7}_field(at, u, slope);\n"
      "    for (int i = 0; i < {6}; ++i) {{\n"
      "      sum[i] += weight[stage] * slope[i];\n"
      "      at[i] = x[i] + ahead[stage] * slope[i];\n"
      "    }}\n"
      "  }}\n"
      "  for (int i = 0; i < {6}; ++i) next[i] = x[i] + sum[i];\n",
      language.number, number(model.timestep() / 6), number(model.timestep() / 3), number(model.timestep() / 2),
      number(model.timestep()), number(0), nx, name);
}

std::string c_step(const Sindy& model, const std::string& name, const CLanguage& language) {
  std::string out = fmt::format("{}void {}_step(const {}* x, const {}* u, {}* next) {{\n", language.prefix, name,
                                language.number, language.number, language.number);
  if (model.integrator() == SparseIntegrator::kMap) return out + fmt::format("  {}_field(x, u, next);\n}}\n", name);
  if (model.integrator() == SparseIntegrator::kRungeKutta4) return out + c_runge_kutta(model, name, language) + "}\n";
  const std::string h = number_text(model.timestep(), language.notation, 0);
  out += fmt::format("  {} dx[{}];\n  {}_field(x, u, dx);\n", language.number, model.state_size(), name);
  const bool is_semi = model.integrator() == SparseIntegrator::kSemiImplicit;
  for (const bool is_second : {false, true}) {
    for (int i = 0; i < model.state_size(); ++i) {
      const int velocity = model.system().velocity_of[static_cast<size_t>(i)];
      if ((is_semi && velocity >= 0) != is_second) continue;
      const std::string slope = is_second ? fmt::format("next[{}]", velocity) : fmt::format("dx[{}]", i);
      out += fmt::format("  next[{0}] = x[{0}] + {1} * {2};\n", i, h, slope);
    }
  }
  return out + "}\n";
}

// ---- Python ----

std::string python_field(const Sindy& model, const std::string& name) {
  std::string out = fmt::format("def {}_field(x, u=()):\n    return [\n", name);
  const std::vector<std::string> names = array_names(model);
  for (int i = 0; i < model.state_size(); ++i) {
    out += fmt::format("        {},\n", sum_text(model, i, names, Notation::kPython, 0));
  }
  return out + "    ]\n";
}

std::string python_step(const Sindy& model, const std::string& name) {
  std::string out = fmt::format("def {}_step(x, u=()):\n", name);
  const double h = model.timestep();
  switch (model.integrator()) {
    case SparseIntegrator::kMap:
      return out + fmt::format("    return {}_field(x, u)\n", name);
    case SparseIntegrator::kRungeKutta4:
      return out + fmt::format(
                       "    at, total = list(x), [0.0] * len(x)\n"
                       "    for weight, ahead in (({0}, {1}), ({2}, {1}), ({2}, {3}), ({0}, 0.0)):\n"
                       "        slope = {4}_field(at, u)\n"
                       "        total = [t + weight * s for t, s in zip(total, slope)]\n"
                       "        at = [a + ahead * s for a, s in zip(x, slope)]\n"
                       "    return [a + t for a, t in zip(x, total)]\n",
                       h / 6, h / 2, h / 3, h, name);
    default:
      break;
  }
  out += fmt::format("    following = [a + {} * s for a, s in zip(x, {}_field(x, u))]\n", h, name);
  for (int i = 0; i < model.state_size() && model.integrator() == SparseIntegrator::kSemiImplicit; ++i) {
    const int velocity = model.system().velocity_of[static_cast<size_t>(i)];
    if (velocity >= 0) out += fmt::format("    following[{0}] = x[{0}] + {1} * following[{2}]\n", i, h, velocity);
  }
  return out + "    return following\n";
}

}  // namespace

std::string latex_equations(const Sindy& model, const CodeOptions& options) {
  const std::vector<std::string> names = latex_names(model);
  std::string out = "\\begin{align}\n";
  for (int i = 0; i < model.state_size(); ++i) {
    const std::string& name = names[static_cast<size_t>(i)];
    const size_t index = name.find("_{");  // the dot stands over the letter alone
    const std::string left =
        model.integrator() == SparseIntegrator::kMap
            ? fmt::format("{}^{{+}}", name)
            : fmt::format("\\dot{{{}}}{}", name.substr(0, index), index == std::string::npos ? "" : name.substr(index));
    out += fmt::format("{} &= {}{}\n", left, sum_text(model, i, names, Notation::kLatex, options.digits),
                       i + 1 < model.state_size() ? " \\\\" : "");
  }
  return out + "\\end{align}\n";
}

std::string c_header(const Sindy& model, const CodeOptions& options) {
  const std::string name = identifier(options.name), macro = upper(name);
  const CLanguage language{"double", "static inline ", Notation::kC};
  std::string out = heading(model, options, "//");
  out += fmt::format("#ifndef {0}_H\n#define {0}_H\n\n#include <math.h>\n\n", macro);
  out +=
      fmt::format("#define {}_STATES {}\n#define {}_CONTROLS {}\n#define {}_TIMESTEP {}\n\n", macro, model.state_size(),
                  macro, model.control_size(), macro, number_text(model.timestep(), Notation::kC, 0));
  const bool is_map = model.integrator() == SparseIntegrator::kMap;
  out += is_map ? "// The state one step later.\n" : "// The time derivative of the state.\n";
  out += c_field(model, name, language) + "\n// One step.\n" + c_step(model, name, language);
  return out + fmt::format("\n#endif  // {}_H\n", macro);
}

std::string cuda_header(const Sindy& model, const CodeOptions& options) {
  const std::string name = identifier(options.name), macro = upper(name) + "_FUNCTION";
  const CLanguage language{"T", fmt::format("template <class T>\n{} inline ", macro), Notation::kCpp};
  std::string out = heading(model, options, "//");
  out += fmt::format(
      "#pragma once\n\n#include <cmath>\n\n#ifdef __CUDACC__\n#define {0} __host__ __device__\n#else\n#define "
      "{0}\n#endif\n\n",
      macro);
  out += fmt::format(
      "namespace {} {{\n\nconstexpr int kStates = {}, kControls = {};\nconstexpr double kTimestep = {};\n\n", name,
      model.state_size(), model.control_size(), number_text(model.timestep(), Notation::kC, 0));
  out +=
      "using std::abs, std::atan, std::cos, std::exp, std::fabs, std::fmax, std::fmin, std::log, std::pow, std::sin, "
      "std::sqrt,\n    std::tan, std::tanh;\n\n";
  out += c_field(model, name, language) + "\n" + c_step(model, name, language);
  out += fmt::format(
      "\n#ifdef __CUDACC__\n// One step of all worlds: x, next [worlds][kStates], u [worlds][kControls].\n"
      "template <class T>\n__global__ void {0}_step_worlds(const T* x, const T* u, T* next, int worlds) {{\n"
      "  const int world = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);\n"
      "  if (world < worlds) {0}_step(x + world * kStates, u + world * kControls, next + world * "
      "kStates);\n}}\n#endif\n",
      name);
  return out + fmt::format("\n}}  // namespace {}\n", name);
}

std::string python_module(const Sindy& model, const CodeOptions& options) {
  const std::string name = identifier(options.name);
  std::string out = heading(model, options, "#");
  out += fmt::format("import math  # noqa: F401\n\nSTATES = {}\nCONTROLS = {}\nTIMESTEP = {}\n\n\n", model.state_size(),
                     model.control_size(), model.timestep());
  out += python_field(model, name) + "\n\n" + python_step(model, name);
  return out + fmt::format(
                   "\n\ndef {0}_simulate(x0, controls):\n    states = [list(x0)]\n    for u in controls:\n"
                   "        states.append({0}_step(states[-1], u))\n    return states\n",
                   name);
}

std::string source_for(const Sindy& model, std::string_view extension, const CodeOptions& options) {
  if (extension == ".tex") return latex_equations(model, options);
  if (extension == ".h") return c_header(model, options);
  if (extension == ".cuh" || extension == ".hpp") return cuda_header(model, options);
  if (extension == ".py") return python_module(model, options);
  throw Error(fmt::format("no source is written for the extension '{}'", extension), "source of a learned model",
              "choose .tex, .h (C), .cuh or .hpp (C++ and CUDA), or .py");
}

}  // namespace lockstep::models
