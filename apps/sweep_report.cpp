// Writes the numbers of a sweep as text, CSV, JSON and a page.
#include "apps/sweep_report.h"
#include "apps/report_page.h"
#include "apps/seed_list.h"
#include "apps/seed_statistics.h"
#include "engine/checkpoint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr int kCurvePoints = 200;

struct StatisticRow {
  const char *label, *name;  // for people; in files
  double value;
};
std::array<StatisticRow, 5> rows_of(const SeedStatistics& statistics) {
  return {{{"mean", "mean", statistics.mean},
           {"std", "std", statistics.deviation},
           {"IQM", "iqm", statistics.iqm},
           {"95% low", "iqm_low", statistics.interval.low},
           {"95% high", "iqm_high", statistics.interval.high}}};
}

std::vector<SeedStatistics> statistics_of(const std::vector<SweepColumn>& columns) {
  std::vector<SeedStatistics> all;
  for (const SweepColumn& column : columns) all.push_back(seed_statistics(column.values));
  return all;
}

std::string cell(double value, int decimals) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, decimals) : "-";
}

JsonRow json_number(double value) { return std::isfinite(value) ? JsonRow(value) : JsonRow(nullptr); }

const char* verdict(const TrainResult& result) {
  return result.is_interrupted ? "interrupted" : result.is_success ? "solved" : "criterion not met";
}

// A table's lines as cells: head, a line a run, a line a statistic.
std::vector<std::vector<std::string>> table_cells(const SweepResult& result) {
  const std::vector<SweepColumn> columns = sweep_columns(result);
  std::vector<std::vector<std::string>> lines(1, {"seed"});
  for (const SweepColumn& column : columns) {
    lines[0].push_back(column.name);
    std::ranges::replace(lines[0].back(), '_', ' ');
  }
  for (size_t run = 0; run < result.runs.size(); ++run) {
    lines.push_back({fmt::format("{}", result.runs[run].seed)});
    for (const SweepColumn& column : columns) lines.back().push_back(cell(column.values[run], column.decimals));
    lines.back().back() = verdict(result.runs[run].result);
  }
  const std::vector<SeedStatistics> statistics = statistics_of(columns);
  for (size_t row = 0; row < rows_of({}).size(); ++row) {
    lines.push_back({rows_of({})[row].label});
    for (size_t k = 0; k + 1 < columns.size(); ++k)
      lines.back().push_back(cell(rows_of(statistics[k])[row].value, columns[k].decimals + 1));
    lines.back().emplace_back(row == 0 ? cell(statistics.back().mean, 2) : "");
  }
  return lines;
}

std::vector<LearningCurve> learning_curves(const SweepResult& result) {
  std::vector<LearningCurve> curves;
  for (const SeedRun& run : result.runs) {
    const std::vector<double>*x = run.result.metrics.find("env_steps"), *y = run.result.metrics.find("return");
    if (x == nullptr || y == nullptr) continue;
    LearningCurve curve;
    for (size_t k = 0; k < x->size(); ++k) {
      if (!std::isfinite((*y)[k])) continue;
      curve.x.push_back((*x)[k]);
      curve.y.push_back((*y)[k]);
    }
    if (!curve.x.empty()) curves.push_back(std::move(curve));
  }
  return curves;
}

std::string curves_section(const SweepReport& report) {
  const std::vector<LearningCurve> curves = learning_curves(report.result);
  if (curves.empty()) return "";
  const CurveBand band = curve_band(curves, kCurvePoints);
  Plot plot{
      .title = "Return over env steps", .x_label = "env steps", .y_label = "return", .width = 1040, .height = 380};
  plot.series.push_back({"95% interval", band.x, band.low, Series::Style::kBand, 0, band.high});
  for (const LearningCurve& curve : curves) plot.series.push_back({"", curve.x, curve.y, Series::Style::kThin, 1});
  plot.series.push_back({"IQM", band.x, band.iqm, Series::Style::kThick, 0});
  if (report.task.success_return != 0) {
    plot.threshold = report.task.success_return;
    plot.threshold_name = fmt::format("success: {:g}", report.task.success_return);
  }
  return "<h2>Learning</h2>\n" + plot_card(plot) +
         "<p class=\"note\">Thin: evaluations of each seed. Thick: their interquartile mean, with its 95% interval by "
         "bootstrap over seeds. A run that has ended keeps its last return.</p>\n";
}

std::string cards(const SweepReport& report) {
  const std::vector<SweepColumn> columns = sweep_columns(report.result);
  const std::vector<SeedStatistics> statistics = statistics_of(columns);
  const auto of = [&](const char* name) {
    return statistics[static_cast<size_t>(std::ranges::find(columns, name, &SweepColumn::name) - columns.begin())];
  };
  const auto interval = [](const SeedStatistics& s) {
    return fmt::format("{} to {} (95%)", short_number(s.interval.low), short_number(s.interval.high));
  };
  const SeedStatistics returns = of("return"), steps = of("steps_to_success"), seconds = of("seconds");
  std::string out = "<div class=\"cards\">\n";
  out += card("return, interquartile mean", short_number(returns.iqm), interval(returns));
  out += card("return, mean", short_number(returns.mean), fmt::format("± {} (std)", short_number(returns.deviation)));
  out += card("solved", fmt::format("{} of {}", steps.count, report.request.seeds.size()), "seeds");
  out += card("env steps to success", short_number(steps.iqm), interval(steps));
  out += card("wall time", short_number(seconds.iqm) + " s", "interquartile mean of a run");
  return out + "</div>\n";
}

std::string seeds_section(const SweepResult& result) {
  std::string out = "<h2>Seeds</h2>\n<div class=\"card scroll\"><table>\n";
  const std::vector<std::vector<std::string>> lines = table_cells(result);
  for (size_t line = 0; line < lines.size(); ++line) {
    const char* const mark = line == 0 ? "th" : "td";
    const bool is_run = line > 0 && line <= result.runs.size();
    out += "<tr>";
    for (size_t k = 0; k < lines[line].size(); ++k) {
      const std::string text = escape_markup(lines[line][k]);
      const std::string content =
          is_run && k == 0 ? fmt::format("<a href=\"seed-{0}/report.html\">{0}</a>", text) : text;
      out += fmt::format("<{0} class=\"number\">{1}</{0}>", mark, content);
    }
    out += "</tr>\n";
  }
  return out + "</table>\n<p class=\"note\">Steps to success: over the seeds that were solved.</p></div>\n";
}

}  // namespace

std::vector<SweepColumn> sweep_columns(const SweepResult& result) {
  std::vector<SweepColumn> columns = {{"return", {}, 2},     {"env_steps", {}, 0}, {"steps_to_success", {}, 0},
                                      {"iterations", {}, 0}, {"seconds", {}, 1},   {"success", {}, 0}};
  for (const SeedRun& run : result.runs) {
    const TrainResult& of_run = run.result;
    const auto steps = static_cast<double>(of_run.env_steps);
    const std::array values = {of_run.returns.episodes > 0 ? of_run.returns.mean : kNothing,
                               steps,
                               of_run.is_success ? steps : kNothing,
                               static_cast<double>(of_run.iterations),
                               of_run.wall_seconds,
                               of_run.is_success ? 1.0 : 0.0};
    for (size_t k = 0; k < columns.size(); ++k) columns[k].values.push_back(values[k]);
  }
  return columns;
}

std::string sweep_table(const SweepResult& result) {
  const std::vector<std::vector<std::string>> lines = table_cells(result);
  std::vector<size_t> widths(lines[0].size());
  for (const auto& line : lines)
    for (size_t k = 0; k < line.size(); ++k) widths[k] = std::max(widths[k], line[k].size());
  std::string out;
  for (const auto& line : lines) {
    for (size_t k = 0; k < line.size(); ++k) out += fmt::format("  {:>{}}", line[k], widths[k]);
    out += "\n";
  }
  return out;
}

std::string sweep_csv(const SweepResult& result) {
  const std::vector<SweepColumn> columns = sweep_columns(result);
  const auto text = [](double value) { return std::isfinite(value) ? fmt::format(",{}", value) : ","; };
  std::string out = "seed";
  for (const SweepColumn& column : columns) out += "," + column.name;
  for (size_t run = 0; run < result.runs.size(); ++run) {
    out += fmt::format("\n{}", result.runs[run].seed);
    for (const SweepColumn& column : columns) out += text(column.values[run]);
  }
  const std::vector<SeedStatistics> statistics = statistics_of(columns);
  for (size_t row = 0; row < rows_of({}).size(); ++row) {
    out += fmt::format("\n{}", rows_of({})[row].name);
    for (const SeedStatistics& of_column : statistics) out += text(rows_of(of_column)[row].value);
  }
  return out + "\n";
}

JsonRow sweep_row(const SweepRequest& request, const SweepResult& result) {
  JsonRow row;
  row["task"] = request.run.config.task;
  row["agent"] = request.run.config.agent;
  row["seeds"] = seeds_text(request.seeds);
  row["runs"] = result.runs.size();
  for (const SweepColumn& column : sweep_columns(result)) {
    for (const StatisticRow& statistic : rows_of(seed_statistics(column.values)))
      row[fmt::format("{}_{}", column.name, statistic.name)] = json_number(statistic.value);
  }
  row["run_dir"] = request.folder.string();
  return row;
}

std::string sweep_html(const SweepReport& report) {
  const RunConfig& config = report.request.run.config;
  std::string out = page_begin(report.task.name);
  out += fmt::format("<h1>{}{}</h1>\n", escape_markup(report.task.name),
                     report.result.is_interrupted ? "<span class=\"verdict wait\">interrupted</span>" : "");
  out += fmt::format("<p class=\"subtitle\">{} · seeds {} · {}</p>\n", escape_markup(config.agent),
                     seeds_text(report.request.seeds), escape_markup(report.task.source));
  out += cards(report) + curves_section(report) + seeds_section(report.result);
  out += key_table("Configuration", config_rows(without_key(report.request.run.all(), "seed")));
  out += key_table("Machine", report.machine);
  out += fmt::format("<footer>Lockstep {}. The table is also in sweep.csv.</footer>\n</main></body></html>\n",
                     program_version());
  return out;
}

}  // namespace lockstep::apps
