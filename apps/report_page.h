// What the pages of this program share: their frame and style, cards, plots, tables of keys.
#pragma once

#include "apps/svg_plot.h"
#include "engine/settings.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::apps {

// From the doctype to the opening of <main>; the page ends with "</main></body></html>". `title` is escaped.
[[nodiscard]] std::string page_begin(const std::string& title);
// A number, its name above and its unit below; `name` and `value` are markup, `unit` is escaped.
[[nodiscard]] std::string card(std::string_view name, const std::string& value, const std::string& unit);
[[nodiscard]] std::string plot_card(const Plot& plot);
// Four digits; "-" where it is not finite.
[[nodiscard]] std::string short_number(double value);
// A headed table of two columns, both escaped.
[[nodiscard]] std::string key_table(const std::string& title,
                                    const std::vector<std::pair<std::string, std::string>>& rows);
// config.toml's lines as rows.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> config_rows(const Settings& config);
// first, first + step ... [count]
[[nodiscard]] std::vector<double> count_from(double first, size_t count, double step);

}  // namespace lockstep::apps
