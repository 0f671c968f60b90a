// Composes the page of a run from its metrics, its evaluation episodes and its equations.
#include "apps/report.h"
#include "apps/report_page.h"
#include "apps/svg_plot.h"
#include "engine/checkpoint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

std::string verdict(const TrainResult& result) {
  if (result.is_interrupted) return "<span class=\"verdict wait\">interrupted</span>";
  return result.is_success ? "<span class=\"verdict good\">solved</span>"
                           : "<span class=\"verdict bad\">criterion not met</span>";
}

std::string cards(const Report& report) {
  const TrainResult& result = report.result;
  std::string out = "<div class=\"cards\">\n";
  if (result.returns.episodes > 0) {
    const auto& half_width = result.returns.half_width;
    const std::string interval = half_width ? fmt::format(" ± {}", short_number(*half_width)) : "";
    out += card("return", short_number(result.returns.mean) + interval,
                fmt::format("{} evaluation episode{} on the true physics", result.returns.episodes,
                            result.returns.episodes == 1 ? "" : "s"));
  }
  out += card("real interaction", short_number(result.real_seconds) + " s", fmt::format("{} steps", result.env_steps));
  if (!result.model_error.empty()) {
    out += card("model error, 1 step", short_number(result.model_error.front()), "relative, on held-out data");
    if (result.model_error.size() > 1) {
      out += card(fmt::format("model error, {} steps", result.model_error.size()),
                  short_number(result.model_error.back()), "relative, on held-out data");
    }
  }
  out += card("wall time", short_number(result.wall_seconds) + " s", fmt::format("{} iterations", result.iterations));
  return out + "</div>\n";
}

// "10 steps" of "model_error_10": the plot's title says the rest.
std::string legend_name(const std::string& metric) {
  constexpr std::string_view kError = "model_error_";
  return metric.starts_with(kError) ? metric.substr(kError.size()) + " steps" : metric;
}

// One plot of metric columns over another column; nothing where none of them is there.
std::string metric_plot(const Report& report, Plot plot, const std::string& over,
                        const std::function<bool(const std::string&)>& is_shown) {
  const MetricsTable& metrics = report.result.metrics;
  const std::vector<double>* x = metrics.find(over);
  if (x == nullptr || x->empty()) return "";
  for (size_t k = 0; k < metrics.names.size(); ++k) {
    if (!is_shown(metrics.names[k])) continue;
    plot.series.push_back({legend_name(metrics.names[k]), *x, metrics.columns[k], Series::Style::kLine,
                           static_cast<int>(plot.series.size())});
  }
  if (plot.series.size() == 1) plot.series.front().name.clear();
  return plot.series.empty() ? "" : plot_card(plot);
}

std::string learning_plots(const Report& report) {
  const auto is_return = [](const std::string& name) { return name == "return"; };
  const auto is_error = [](const std::string& name) { return name.starts_with("model_error"); };
  Plot over_iterations{.title = "Return over iterations", .x_label = "iteration", .y_label = "return"};
  Plot over_seconds{
      .title = "Return over real interaction", .x_label = "simulated seconds of real interaction", .y_label = "return"};
  for (Plot* plot : {&over_iterations, &over_seconds}) {
    if (report.task.success_return == 0) continue;
    plot->threshold = report.task.success_return;
    plot->threshold_name = fmt::format("success: {:g}", report.task.success_return);
  }
  std::string out = metric_plot(report, over_iterations, "iteration", is_return);
  out += metric_plot(report, over_seconds, "real_seconds", is_return);
  out += metric_plot(report,
                     {.title = "Model error over real interaction",
                      .x_label = "simulated seconds of real interaction",
                      .y_label = "relative error",
                      .is_log_y = true},
                     "real_seconds", is_error);
  const std::vector<double>& error = report.result.model_error;
  if (error.size() > 1) {
    out += plot_card({.title = "Model error over prediction length",
                      .x_label = fmt::format("steps ahead ({} s each)", report.task.control_timestep),
                      .y_label = "relative error",
                      .series = {{"", count_from(1, error.size(), 1), error, Series::Style::kLine, 0}},
                      .is_log_y = true});
  }
  return out.empty() ? "" : "<h2>Learning</h2>\n<div class=\"plots\">\n" + out + "</div>\n";
}

// Column `index` of a row-major array [rows][width].
template <class Number>
std::vector<double> column(const std::vector<Number>& values, int width, int index) {
  std::vector<double> out;
  for (size_t k = static_cast<size_t>(index); k < values.size(); k += static_cast<size_t>(width))
    out.push_back(static_cast<double>(values[k]));
  return out;
}

std::string name_at(const std::vector<std::string>& names, size_t index, const char* otherwise) {
  return index < names.size() ? names[index] : fmt::format("{} {}", otherwise, index);
}

std::string episode_plots(const Report& report) {
  if (report.result.episodes.empty()) return "";
  const agents::Episode& episode = report.result.episodes.back();
  const double dt = report.task.control_timestep;
  const auto steps = static_cast<size_t>(episode.steps);
  std::string out =
      episode.predicted.empty()
          ? "<h2>Last evaluation episode</h2>\n"
          : "<h2>Predicted against true</h2>\n<p class=\"note\">The last evaluation episode. Solid: the true "
            "physics. Dashed: the learned model run open loop under the same actions, started again from "
            "the true state at every jump.</p>\n";
  out += "<div class=\"plots\">\n";
  for (int index = 0; index < episode.state_size; ++index) {
    const std::string name = name_at(report.task.state_names, static_cast<size_t>(index), "state");
    const std::string unit = name_at(report.state_units, static_cast<size_t>(index), "");
    Plot plot{
        .title = name, .x_label = "time (s)", .y_label = unit.empty() ? name : fmt::format("{} ({})", name, unit)};
    const std::vector<double> time = count_from(0, steps + 1, dt);
    const char* const truth = episode.predicted.empty() ? "" : "true";  // a lone curve needs no name
    plot.series.push_back({truth, time, column(episode.states, episode.state_size, index)});
    if (!episode.predicted.empty()) {
      plot.series.push_back(
          {"predicted", time, column(episode.predicted, episode.state_size, index), Series::Style::kDashed, 1});
    }
    out += plot_card(plot);
  }
  Plot actions{.title = "Actions", .x_label = "time (s)", .y_label = "action"};
  for (int index = 0; index < episode.action_size; ++index) {
    actions.series.push_back({episode.action_size > 1 ? fmt::format("action {}", index) : "", count_from(0, steps, dt),
                              column(episode.actions, episode.action_size, index), Series::Style::kSteps, index});
  }
  Plot rewards{.title = "Reward per step", .x_label = "time (s)", .y_label = "reward"};
  rewards.series.push_back({"", count_from(0, steps, dt), column(episode.rewards, 1, 0), Series::Style::kLine, 2});
  return out + plot_card(actions) + plot_card(rewards) + "</div>\n";
}

std::string equations_and_video(const Report& report) {
  std::string out;
  if (!report.video.media_type.empty()) {
    const std::string source = fmt::format("data:{};base64,{}", report.video.media_type, base64(report.video.bytes));
    out += "<h2>Video</h2>\n<div class=\"card\" style=\"max-width:660px\">";
    out += report.video.media_type.starts_with("image/")
               ? fmt::format("<img alt=\"the last evaluation episode\" src=\"{}\">", source)
               : fmt::format("<video controls loop muted autoplay playsinline src=\"{}\"></video>", source);
    const bool is_predicted = !report.result.episodes.empty() && !report.result.episodes.back().predicted.empty();
    out +=
        fmt::format("<div class=\"note\">the last evaluation episode on the true physics, in real time{}</div></div>\n",
                    is_predicted ? "; transparent: what the learned model predicted, started again from the truth now "
                                   "and then"
                                 : "");
  }
  if (report.result.equations.empty()) return out;
  out += "<h2>Learned equations</h2>\n<div class=\"card\"><pre>";
  for (const std::string& equation : report.result.equations) out += escape_markup(equation) + "\n";
  return out + "</pre></div>\n";
}

std::string iterations_table(const Report& report) {
  const MetricsTable& metrics = report.result.metrics;
  if (metrics.num_rows() == 0) return "";
  std::string out = "<h2>Iterations</h2>\n<div class=\"card scroll\"><table><tr>";
  for (const std::string& name : metrics.names) out += fmt::format("<th class=\"number\">{}</th>", escape_markup(name));
  out += "</tr>\n";
  constexpr size_t kShown = 50;
  const size_t first = metrics.num_rows() > kShown ? metrics.num_rows() - kShown : 0;
  for (size_t row = first; row < metrics.num_rows(); ++row) {
    out += "<tr>";
    for (const auto& values : metrics.columns)
      out += fmt::format("<td class=\"number\">{}</td>", short_number(values[row]));
    out += "</tr>\n";
  }
  out += "</table>";
  if (first > 0) out += fmt::format("<p class=\"note\">the last {}; all are in metrics.csv</p>", kShown);
  return out + "</div>\n";
}

std::string setting_text(const Settings& config, const std::string& key) {
  for (const auto& [name, value] : config_rows(config))
    if (name == key) return value.size() > 1 && value.front() == '\'' ? value.substr(1, value.size() - 2) : value;
  return "";
}

}  // namespace

std::string report_html(const Report& report) {
  const std::string task = escape_markup(report.task.name);
  std::string out = page_begin(report.task.name);
  out += fmt::format("<h1>{}{}</h1>\n", task, verdict(report.result));
  out += fmt::format("<p class=\"subtitle\">{} · seed {} · {} · {}</p>\n",
                     escape_markup(setting_text(report.config, "agent")),
                     escape_markup(setting_text(report.config, "seed")), escape_markup(report.task.source),
                     escape_markup(report.backend));
  out += cards(report) + equations_and_video(report) + learning_plots(report) + episode_plots(report);
  out += iterations_table(report) + key_table("Configuration", config_rows(report.config));
  out += key_table("Machine", report.machine);
  out += fmt::format(
      "<footer>Lockstep {}. The same numbers are in metrics.csv and, for TensorBoard, in the event "
      "file beside it.</footer>\n</main></body></html>\n",
      program_version());
  return out;
}

std::vector<std::string> state_units(const TaskSpec& task, const mjModel_* model) {
  std::vector<std::string> units;
  if (model == nullptr) {
    for (int k = 0; k < task.state_size; ++k) {
      const auto index = static_cast<size_t>(k);
      units.emplace_back(index < task.state_is_angle.size() && task.state_is_angle[index] ? "rad" : "");
    }
    return units;
  }
  const auto of_joint = [](int type) -> std::pair<std::vector<const char*>, std::vector<const char*>> {
    switch (type) {
      case mjJNT_SLIDE:
        return {{"m"}, {"m/s"}};
      case mjJNT_HINGE:
        return {{"rad"}, {"rad/s"}};
      case mjJNT_BALL:
        return {{"", "", "", ""}, {"rad/s", "rad/s", "rad/s"}};
      default:
        return {{"m", "m", "m", "", "", "", ""}, {"m/s", "m/s", "m/s", "rad/s", "rad/s", "rad/s"}};
    }
  };
  std::vector<std::string> velocities;
  for (int joint = 0; joint < model->njnt; ++joint) {
    const auto [positions, speeds] = of_joint(model->jnt_type[joint]);
    units.insert(units.end(), positions.begin(), positions.end());
    velocities.insert(velocities.end(), speeds.begin(), speeds.end());
  }
  units.insert(units.end(), velocities.begin(), velocities.end());
  units.resize(static_cast<size_t>(task.state_size));  // activations have no unit
  return units;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t k = 0; k < bytes.size(); k += 3) {
    std::uint32_t group = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - k);
    for (size_t j = 0; j < 3; ++j)
      group = (group << 8) | (j < count ? std::to_integer<std::uint32_t>(bytes[k + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += j <= count ? kDigits[(group >> (18 - 6 * j)) & 63] : '=';
  }
  return text;
}

}  // namespace lockstep::apps
