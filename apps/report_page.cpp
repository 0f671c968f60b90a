// The frame, style and parts that the pages of this program share.
#include "apps/report_page.h"

#include <cmath>

#include <fmt/format.h>

namespace lockstep::apps {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --page:#fafbfc; --card:#fff; --text:#1c2126; --faint:#68737d; --line:#e3e7eb;
  --good:#0a7d4f; --bad:#b3361e; --wait:#8a6400; }
@media (prefers-color-scheme: dark) { :root { --page:#14181c; --card:#1c2228; --text:#e7ebef; --faint:#94a0ab;
  --line:#303941; --good:#4fd6a0; --bad:#ff8f75; --wait:#f0c850; } }
* { box-sizing:border-box; }
body { margin:0; background:var(--page); color:var(--text); font:15px/1.5 system-ui, sans-serif; }
main { max-width:1120px; margin:0 auto; padding:28px 20px 60px; }
h1 { font-size:26px; line-height:1.2; margin:0 0 4px; } h2 { font-size:18px; margin:36px 0 12px; }
.subtitle { color:var(--faint); margin:0 0 20px; }
.verdict { font-size:13px; font-weight:600; padding:2px 10px; border-radius:99px; border:1.5px solid; margin-left:10px;
  vertical-align:4px; white-space:nowrap; }
.good { color:var(--good); } .bad { color:var(--bad); } .wait { color:var(--wait); }
.cards { display:grid; grid-template-columns:repeat(auto-fit, minmax(160px, 1fr)); gap:12px; }
.card { background:var(--card); border:1px solid var(--line); border-radius:10px; padding:12px 14px; min-width:0; }
.card .name { color:var(--faint); font-size:13px; } .card .value { font-size:23px; font-weight:600; }
.card .unit { color:var(--faint); font-size:13px; }
.plots { display:grid; grid-template-columns:repeat(auto-fit, minmax(min(430px, 100%), 1fr)); gap:12px; }
pre { margin:0; overflow-x:auto; font:13px/1.6 ui-monospace, monospace; }
video, .card > img { width:100%; border-radius:6px; display:block; }
table { border-collapse:collapse; width:100%; font-size:14px; font-variant-numeric:tabular-nums; }
th, td { text-align:left; padding:5px 14px 5px 0; border-bottom:1px solid var(--line); vertical-align:top; }
th { color:var(--faint); font-weight:500; } td.number, th.number { text-align:right; }
tr:last-child td { border-bottom:0; } .scroll { overflow-x:auto; }
.key { font-family:ui-monospace, monospace; font-size:13px; } .note { color:var(--faint); font-size:13px; }
footer { color:var(--faint); font-size:13px; margin-top:40px; }
)";

}  // namespace

std::string page_begin(const std::string& title) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += fmt::format("<title>{} · Lockstep</title>\n<style>{}{}</style></head>\n<body><main>\n", escape_markup(title),
                     kStyle, plot_style());
  return out;
}

std::string short_number(double value) {
  if (!std::isfinite(value)) return "-";
  if (value != 0 && (std::abs(value) < 1e-3 || std::abs(value) >= 1e6)) return fmt::format("{:.2e}", value);
  return fmt::format("{:.4g}", value);
}

std::string card(std::string_view name, const std::string& value, const std::string& unit) {
  return fmt::format(
      "<div class=\"card\"><div class=\"name\">{}</div><div class=\"value\">{}</div>"
      "<div class=\"unit\">{}</div></div>\n",
      name, value, escape_markup(unit));
}

std::string plot_card(const Plot& plot) { return "<div class=\"card\">" + svg_plot(plot) + "</div>\n"; }

std::vector<double> count_from(double first, size_t count, double step) {
  std::vector<double> values(count);
  for (size_t k = 0; k < count; ++k) values[k] = first + static_cast<double>(k) * step;
  return values;
}

std::string key_table(const std::string& title, const std::vector<std::pair<std::string, std::string>>& rows) {
  std::string out = fmt::format("<h2>{}</h2>\n<div class=\"card scroll\"><table>\n", title);
  for (const auto& [key, value] : rows) {
    out += fmt::format("<tr><td class=\"key\">{}</td><td>{}</td></tr>\n", escape_markup(key), escape_markup(value));
  }
  return out + "</table></div>\n";
}

std::vector<std::pair<std::string, std::string>> config_rows(const Settings& config) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& [key, setting] : config.values()) {
    Settings one;
    one.set(key, setting);
    const std::string line = one.to_toml();  // "key = value\n"
    rows.emplace_back(key, line.substr(key.size() + 3, line.size() - key.size() - 4));
  }
  return rows;
}

}  // namespace lockstep::apps
