// The window's looks: a calm dark theme with one warm accent, Roboto for text, Font Awesome for icons.
#include "viewer/style.h"

#include <array>

#include <imgui.h>
#include <implot.h>

// NOLINTBEGIN(readability-identifier-naming): symbols that the build makes from font files, named as such symbols are.
extern const unsigned char lockstep_font_text[];
extern const unsigned lockstep_font_text_size;
extern const unsigned char lockstep_font_bold[];
extern const unsigned lockstep_font_bold_size;
extern const unsigned char lockstep_font_icons[];
extern const unsigned lockstep_font_icons_size;
// NOLINTEND(readability-identifier-naming)

namespace lockstep::viewer {
namespace {

constexpr float kFontSize = 16;

constexpr ImVec4 rgb(unsigned colour, float alpha = 1) {
  return {static_cast<float>(colour >> 16 & 255) / 255, static_cast<float>(colour >> 8 & 255) / 255,
          static_cast<float>(colour & 255) / 255, alpha};
}

constexpr ImVec4 kAccent = rgb(0xF2A541), kBack = rgb(0x14181F), kPanel = rgb(0x1A1F28), kField = rgb(0x262D39),
                 kHover = rgb(0x343D4C), kText = rgb(0xE3E7EE), kFaint = rgb(0x8C97A8), kLine = rgb(0x2C3442);

ImFont* add_font(const unsigned char* bytes, unsigned size, const ImFontConfig& config) {
  ImFontConfig embedded = config;
  embedded.FontDataOwnedByAtlas = false;
  return ImGui::GetIO().Fonts->AddFontFromMemoryTTF(const_cast<unsigned char*>(bytes), static_cast<int>(size),
                                                    config.SizePixels, &embedded);
}

void colour_widgets(ImVec4* colours) {
  colours[ImGuiCol_Text] = kText;
  colours[ImGuiCol_TextDisabled] = kFaint;
  colours[ImGuiCol_WindowBg] = kPanel;
  colours[ImGuiCol_PopupBg] = rgb(0x1F2530, 0.98F);
  colours[ImGuiCol_Border] = kLine;
  colours[ImGuiCol_FrameBg] = kField;
  colours[ImGuiCol_FrameBgHovered] = kHover;
  colours[ImGuiCol_FrameBgActive] = kHover;
  colours[ImGuiCol_TitleBg] = colours[ImGuiCol_TitleBgActive] = kBack;
  colours[ImGuiCol_Button] = kField;
  colours[ImGuiCol_ButtonHovered] = kHover;
  colours[ImGuiCol_ButtonActive] = rgb(0x455063);
  colours[ImGuiCol_Header] = rgb(0x232A36);
  colours[ImGuiCol_HeaderHovered] = kHover;
  colours[ImGuiCol_HeaderActive] = kHover;
  colours[ImGuiCol_SliderGrab] = rgb(0xB5772A);
  colours[ImGuiCol_SliderGrabActive] = kAccent;
  colours[ImGuiCol_CheckMark] = kAccent;
  colours[ImGuiCol_Separator] = kLine;
  colours[ImGuiCol_ScrollbarBg] = ImVec4(0, 0, 0, 0);
  colours[ImGuiCol_ScrollbarGrab] = kHover;
  colours[ImGuiCol_TableHeaderBg] = kField;
  colours[ImGuiCol_TableRowBgAlt] = rgb(0xFFFFFF, 0.02F);
  colours[ImGuiCol_TextSelectedBg] = rgb(0xF2A541, 0.35F);
  colours[ImGuiCol_NavCursor] = ImVec4(0, 0, 0, 0);
}

void style_plots(float scale) {
  ImPlotStyle& plot = ImPlot::GetStyle();
  plot = ImPlotStyle();
  ImPlot::StyleColorsDark(&plot);
  plot.Colors[ImPlotCol_FrameBg] = ImVec4(0, 0, 0, 0);
  plot.Colors[ImPlotCol_PlotBg] = rgb(0x11151B);
  plot.Colors[ImPlotCol_PlotBorder] = kLine;
  plot.Colors[ImPlotCol_AxisGrid] = rgb(0xFFFFFF, 0.10F);
  plot.Colors[ImPlotCol_AxisText] = kFaint;
  plot.Colors[ImPlotCol_LegendBg] = rgb(0x11151B, 0.7F);
  plot.Colors[ImPlotCol_LegendBorder] = ImVec4(0, 0, 0, 0);
  plot.PlotPadding = ImVec2(4 * scale, 4 * scale);
  plot.LabelPadding = ImVec2(4 * scale, 3 * scale);
  plot.LegendPadding = ImVec2(6 * scale, 6 * scale);
  plot.LegendInnerPadding = ImVec2(5 * scale, 3 * scale);
  plot.MinorAlpha = 0.25F;
  plot.FitPadding = ImVec2(0, 0.08F);
  static const std::array<ImU32, 8> kCurves = {IM_COL32(242, 165, 65, 255),  IM_COL32(90, 176, 255, 255),
                                               IM_COL32(126, 211, 134, 255), IM_COL32(238, 110, 115, 255),
                                               IM_COL32(190, 148, 250, 255), IM_COL32(80, 208, 200, 255),
                                               IM_COL32(245, 215, 110, 255), IM_COL32(200, 205, 215, 255)};
  ImPlotColormap map = ImPlot::GetColormapIndex("lockstep");
  if (map < 0) map = ImPlot::AddColormap("lockstep", kCurves.data(), static_cast<int>(kCurves.size()));
  plot.Colormap = map;
}

}  // namespace

void load_fonts() {
  ImFontConfig text;
  text.SizePixels = kFontSize;
  add_font(lockstep_font_text, lockstep_font_text_size, text);
  ImFontConfig icons;
  icons.SizePixels = kFontSize;
  icons.MergeMode = true;
  icons.GlyphMinAdvanceX = kFontSize;
  icons.GlyphOffset = ImVec2(0, 1);
  add_font(lockstep_font_icons, lockstep_font_icons_size, icons);
  add_font(lockstep_font_bold, lockstep_font_bold_size, text);
}

ImFont* bold_font() { return ImGui::GetIO().Fonts->Fonts[1]; }

void apply_style(float scale) {
  ImGuiStyle style;
  ImGui::StyleColorsDark(&style);
  colour_widgets(style.Colors);
  style.WindowRounding = 0;
  style.FrameRounding = style.GrabRounding = 4;
  style.PopupRounding = 6;
  style.ScrollbarRounding = 6;
  style.ScrollbarSize = 11;
  style.WindowBorderSize = 0;
  style.PopupBorderSize = 1;
  style.WindowPadding = ImVec2(12, 10);
  style.FramePadding = ImVec2(8, 4);
  style.ItemSpacing = ImVec2(8, 6);
  style.ItemInnerSpacing = ImVec2(8, 4);
  style.GrabMinSize = 12;
  style.ScaleAllSizes(scale);
  style.FontSizeBase = kFontSize;
  style.FontScaleMain = scale;
  ImGui::GetStyle() = style;
  style_plots(scale);
}

unsigned accent_colour(float alpha) { return ImGui::ColorConvertFloat4ToU32({kAccent.x, kAccent.y, kAccent.z, alpha}); }

}  // namespace lockstep::viewer
