// Colours, spacing, fonts and icons of the window.
#pragma once

struct ImFont;

namespace lockstep::viewer {

// Icons of the embedded icon font (Font Awesome 4), as UTF-8.
namespace icon {
inline constexpr const char* kPlay = "\xef\x81\x8b";
inline constexpr const char* kPause = "\xef\x81\x8c";
inline constexpr const char* kStep = "\xef\x81\x91";
inline constexpr const char* kBack = "\xef\x81\x88";
inline constexpr const char* kReset = "\xef\x83\xa2";
inline constexpr const char* kCamera = "\xef\x80\xb0";
inline constexpr const char* kVideo = "\xef\x80\xbd";
inline constexpr const char* kHelp = "\xef\x81\x99";
inline constexpr const char* kInfo = "\xef\x81\x9a";
inline constexpr const char* kChart = "\xef\x88\x81";
inline constexpr const char* kSliders = "\xef\x87\x9e";
inline constexpr const char* kGrid = "\xef\x80\x8a";
inline constexpr const char* kList = "\xef\x83\x89";
}  // namespace icon

// Puts the embedded fonts into ImGui's atlas: the first is the text font (with icons), the second the bold one.
void load_fonts();
[[nodiscard]] ImFont* bold_font();

// Own dark style for ImGui and ImPlot, all sizes times `scale`.
void apply_style(float scale);

// The accent colour, as ImGui packs colours.
[[nodiscard]] unsigned accent_colour(float alpha = 1);

}  // namespace lockstep::viewer
