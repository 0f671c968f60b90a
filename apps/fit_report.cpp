// Composes the page of a fit.
#include "apps/fit_report.h"
#include "apps/machine.h"
#include "apps/report_page.h"
#include "engine/checkpoint.h"
#include "models/sindy_code.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

constexpr int kPathPoints = 33;
constexpr size_t kMostCurves = 8;  // of one path plot: the largest coefficients

std::string with_unit(const std::string& name, const std::vector<std::string>& units, size_t index) {
  return index < units.size() && !units[index].empty() ? fmt::format("{} ({})", name, units[index]) : name;
}

std::string cards(const FitReportPage& page) {
  const models::FitReport& report = page.fit.fit.report;
  std::string out = "<div class=\"cards\">\n";
  out += card("score, held out", short_number(report.held_out_score),
              page.fit.formulation == "collocation" ? "R² of one step's change" : "R² of the derivative");
  out += card("terms", fmt::format("{}", report.terms), fmt::format("of {} features", report.features));
  out += card("rows", fmt::format("{}", report.rows), fmt::format("and {} held out", report.rows_held_out));
  if (!report.multi_step_error.empty()) {
    out += card(fmt::format("error, {} steps", report.multi_step_error.size()),
                short_number(report.multi_step_error.back()), "of a state's deviation");
  }
  out += card("time", short_number(report.seconds) + " s", page.fit.formulation + ", " + report.integrator);
  return out + "</div>\n";
}

std::string equations(const FitReportPage& page) {
  std::string out = "<h2>Equations</h2>\n<div class=\"card\"><pre>";
  for (const std::string& equation : page.fit.fit.model.equations()) out += escape_markup(equation) + "\n";
  out +=
      "</pre></div>\n<div class=\"card scroll\" style=\"margin-top:12px\"><table><tr><th>state</th><th>unit</th>"
      "<th class=\"number\">noise</th><th class=\"number\">error</th><th class=\"number\">relative</th></tr>\n";
  const models::FitReport& report = page.fit.fit.report;
  const std::vector<std::string>& names = page.fit.fit.model.system().state_names;
  const auto number_at = [](const std::vector<double>& values, size_t i) {
    return i < values.size() ? short_number(values[i]) : "-";
  };
  for (size_t i = 0; i < names.size(); ++i) {
    out += fmt::format(
        "<tr><td class=\"key\">{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td></tr>\n",
        escape_markup(names[i]), i < page.state_units.size() ? escape_markup(page.state_units[i]) : "",
        number_at(page.fit.noise, i), number_at(report.held_out_rmse, i), number_at(report.held_out_relative, i));
  }
  out += "</table></div>\n<details><summary class=\"note\">LaTeX</summary><div class=\"card\"><pre>";
  return out + escape_markup(models::latex_equations(page.fit.fit.model)) + "</pre></div></details>\n";
}

std::string notes(const FitReportPage& page) {
  if (page.notes.empty()) return "";
  std::string out = "<p class=\"note\">";
  for (const std::string& note : page.notes) out += escape_markup(note) + ". ";
  return out + "</p>\n";
}

// Coefficients of each equation along the threshold, relative to their largest value on the path.
std::string path_plots(const FitReportPage& page) {
  std::vector<double> thresholds, exponents;
  for (int k = 0; k < kPathPoints; ++k) {
    exponents.push_back(-6 + 6.0 * k / (kPathPoints - 1));
    thresholds.push_back(std::pow(10, exponents.back()));
  }
  const std::vector<Eigen::MatrixXd> path = models::threshold_path(page.fit, page.config.sindy, thresholds);
  const models::Sindy& model = page.fit.fit.model;
  const std::vector<std::string> features =
      model.library().names({model.system().state_names, model.system().control_names});
  std::string out;
  for (const int state : page.fit.targets) {
    std::vector<std::pair<double, int>> largest;  // terms by where along the path they last stand, then by size
    for (int f = 0; f < model.library().size(); ++f) {
      double last = -1, size = 0;
      for (size_t k = 0; k < path.size(); ++k) {
        const double c = std::abs(path[k](f, state));
        if (c > 0) last = static_cast<double>(k);
        size = std::max(size, c);
      }
      if (last >= 0) largest.emplace_back(last + size / (1 + size), f);
    }
    std::sort(largest.rbegin(), largest.rend());
    Plot plot{.title = fmt::format("{}' along the threshold", model.system().state_names[static_cast<size_t>(state)]),
              .x_label = "log10 of the threshold",
              .y_label = "coefficient"};
    for (size_t k = 0; k < std::min(kMostCurves, largest.size()); ++k) {
      std::vector<double> values;
      for (const Eigen::MatrixXd& c : path) values.push_back(c(largest[k].second, state));
      plot.series.push_back({k < 4 ? features[static_cast<size_t>(largest[k].second)] : "", exponents, values,
                             Series::Style::kSteps, static_cast<int>(k)});
    }
    if (!plot.series.empty()) out += plot_card(plot);
  }
  if (out.empty()) return "";
  return "<h2>Coefficients along the threshold path</h2>\n<p class=\"note\">What each threshold leaves of every "
         "equation; the terms that stay longest are named.</p>\n<div class=\"plots\">\n" +
         out + "</div>\n";
}

std::string motion_plots(FitReportPage& page) {
  const models::FitReport& report = page.fit.fit.report;
  models::Sindy& model = page.fit.fit.model;
  std::string out;
  const int nx = model.state_size();
  if (page.motion.time.size() > 1) {
    const std::vector<double> predicted = predicted_motion(model, page.motion, page.config.sindy.horizon_steps);
    for (int i = 0; i < nx; ++i) {
      const std::string& name = model.system().state_names[static_cast<size_t>(i)];
      Plot plot{
          .title = name, .x_label = "time (s)", .y_label = with_unit(name, page.state_units, static_cast<size_t>(i))};
      std::vector<double> truth, model_values;
      for (size_t row = 0; row < page.motion.time.size(); ++row) {
        const size_t at = row * static_cast<size_t>(nx) + static_cast<size_t>(i);
        truth.push_back(page.motion.x[at]);
        model_values.push_back(predicted[at]);
      }
      plot.series.push_back({"true", page.motion.time, truth});
      plot.series.push_back({"predicted", page.motion.time, model_values, Series::Style::kDashed, 1});
      out += plot_card(plot);
    }
  }
  if (report.multi_step_error.size() > 1) {
    out += plot_card({.title = "Error over prediction length",
                      .x_label = fmt::format("steps ahead ({} s each)", model.timestep()),
                      .y_label = "of a state's deviation",
                      .series = {{"", count_from(1, report.multi_step_error.size(), 1), report.multi_step_error}},
                      .is_log_y = true});
  }
  if (out.empty()) return "";
  return fmt::format(
             "<h2>Predicted against true</h2>\n<p class=\"note\">Dashed: the model, started again from the data "
             "every {} steps.</p>\n<div class=\"plots\">\n",
             page.config.sindy.horizon_steps) +
         out + "</div>\n";
}

}  // namespace

std::vector<double> predicted_motion(models::Sindy& model, const ShownMotion& motion, int horizon) {
  const int nx = model.state_size(), nu = model.control_size(), rows = static_cast<int>(motion.time.size());
  std::vector<double> out(motion.x);
  for (int first = 0; first + 1 < rows; first += horizon) {
    const int steps = std::min(horizon, rows - 1 - first);
    std::vector<double> states(static_cast<size_t>((steps + 1) * nx));
    model.rollout(View<const double, 2>(&motion.x[static_cast<size_t>(first * nx)], 1, nx),
                  View<const double, 3>(motion.u.data() + static_cast<long>(first) * nu, 1, steps, nu),
                  View<double, 3>(states.data(), 1, steps + 1, nx));
    // The last row of a stretch is the first of the next, which begins from the data: a jump that is seen.
    std::copy(states.begin(), states.end() - (first + steps + 1 < rows ? nx : 0),
              out.begin() + static_cast<long>(first) * nx);
  }
  return out;
}

std::string fit_report_html(FitReportPage& page) {
  std::string out = page_begin(page.source);
  out += fmt::format("<h1>{}</h1>\n<p class=\"subtitle\">{}</p>\n", escape_markup(page.source),
                     escape_markup(page.fit.fit.model.name()));
  out += cards(page) + notes(page) + equations(page) + motion_plots(page) + path_plots(page);
  out += key_table("Configuration", config_rows(settings_of(page.config)));
  std::vector<std::pair<std::string, std::string>> machine;
  const JsonRow description = machine_description();
  for (const auto& [key, value] : description.items()) {
    machine.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  out += key_table("Machine", machine);
  return out + fmt::format("<footer>Lockstep {}.</footer>\n</main></body></html>\n", program_version());
}

}  // namespace lockstep::apps
