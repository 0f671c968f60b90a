// Tests the report: what it holds, that it needs nothing from outside, and that foreign text cannot break it.
#include "apps/report.h"

#include <cmath>
#include <regex>
#include <string>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

Report example() {
  Report report;
  report.task.name = "cartpole-swingup";
  report.task.source = "dm_control 1.0.50";
  report.task.state_size = 2;
  report.task.state_names = {"slider", "hinge"};
  report.task.control_timestep = 0.01;
  report.task.success_return = 800;
  report.state_units = {"m", "rad"};
  report.config.set("agent", {std::string("sindy-mpc"), ""});
  report.config.set("seed", {std::int64_t{3}, ""});
  TrainResult& result = report.result;
  result.is_success = true;
  result.iterations = 2;
  result.returns = {1, 867.25, 867.25, 867.25, {}};
  result.model_error = {1e-5, 1e-4, 1e-3};
  result.equations = {"hinge' = 2 sin(hinge) <unit>"};
  result.metrics.names = {"iteration", "real_seconds", "return", "model_error_1"};
  result.metrics.columns = {{1, 2}, {10, 20}, {300, 867.25}, {0.1, 1e-5}};
  agents::Episode episode;
  episode.state_size = 2;
  episode.action_size = 1;
  episode.steps = 2;
  episode.episode_return = 867.25;
  episode.states = {0, 3.1, 0.1, 3.0, 0.2, 2.9};
  episode.actions = {0.5, -0.5};
  episode.rewards = {0.25F, 0.5F};
  episode.predicted = {0, 3.1, std::nan(""), std::nan(""), 0.2, 2.8};
  result.episodes = {episode};
  return report;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Report, NeedsNothingFromOutside) {
  const std::string html = report_html(example());
  EXPECT_EQ(count(html, "http:") + count(html, "https:") + count(html, "<script") + count(html, "<link"), 0u);
  EXPECT_FALSE(std::regex_search(html, std::regex("(src|href)=\"(?!data:)")));
  EXPECT_EQ(count(html, "url("), 0u);
}

TEST(Report, HoldsPlotsOfLearningErrorStatesActionsAndRewards) {
  const std::string html = report_html(example());
  for (const char* title :
       {"Return over iterations", "Return over real interaction", "Model error over real interaction",
        "Model error over prediction length", "slider", "hinge", "Actions", "Reward per step"})
    EXPECT_EQ(count(html, std::string("aria-label=\"") + title + "\""), 1u) << title;
  EXPECT_EQ(count(html, "<svg"), 8u);
  EXPECT_EQ(count(html, ">hinge (rad)<"), 1u);
  EXPECT_EQ(count(html, "success: 800"), 2u);
}

TEST(Report, OpensAndClosesEveryElement) {
  const std::string html = report_html(example());
  for (const char* name :
       {"svg", "div", "table", "tr", "td", "th", "text", "h1", "h2", "main", "body", "html", "pre", "p"})
    EXPECT_EQ(count(html, std::string("<") + name + " ") + count(html, std::string("<") + name + ">"),
              count(html, std::string("</") + name + ">"))
        << name;
}

TEST(Report, SaysHowTheRunEnded) {
  Report report = example();
  EXPECT_EQ(count(report_html(report), ">solved<"), 1u);
  report.result.is_success = false;
  EXPECT_EQ(count(report_html(report), ">criterion not met<"), 1u);
  report.result.is_interrupted = true;
  EXPECT_EQ(count(report_html(report), ">interrupted<"), 1u);
}

TEST(Report, EscapesEquations) {
  const std::string html = report_html(example());
  EXPECT_EQ(count(html, "<unit>"), 0u);
  EXPECT_EQ(count(html, "&lt;unit&gt;"), 1u);
}

TEST(Report, EmbedsItsVideo) {
  Report report = example();
  EXPECT_EQ(count(report_html(report), "<video"), 0u);
  report.video = {"video/mp4", {std::byte{'f'}, std::byte{'o'}, std::byte{'o'}}};
  EXPECT_EQ(count(report_html(report), "data:video/mp4;base64,Zm9v\""), 1u);
}

TEST(Report, SpeaksOfNoModelWhereTheAgentHasNone) {
  Report report = example();
  report.result.model_error.clear();
  report.result.equations.clear();
  report.result.metrics.names[3] = "policy_loss";
  report.result.episodes.back().predicted.clear();
  report.video = {"video/mp4", {}};
  const std::string html = report_html(report);
  for (const char* word : {"redicted", "Dashed", "model error", "Model error", "quations"})
    EXPECT_EQ(count(html, word), 0u) << word;
  EXPECT_EQ(count(html, "Last evaluation episode"), 1u);
}

TEST(Report, IsWrittenForARunThatWasInterruptedBeforeAnything) {
  Report report;
  report.result.is_interrupted = true;
  EXPECT_NE(report_html(report).find("interrupted"), std::string::npos);
}

// RFC 4648, section 10.
TEST(Base64, MatchesTheStandardsExamples) {
  const auto encoded = [](const std::string& text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
}

TEST(StateUnits, FollowTheJoints) {
  const char* xml =
      "<mujoco><worldbody><body><joint type='slide'/><geom size='1'/><body><joint type='hinge'/>"
      "<geom size='1'/></body></body></worldbody></mujoco>";
  char why[200] = "";
  mjVFS* no_files = nullptr;
  mjSpec* spec = mj_parseXMLString(xml, no_files, why, sizeof why);
  ASSERT_NE(spec, nullptr) << why;
  mjModel* model = mj_compile(spec, no_files);
  TaskSpec task;
  task.state_size = 4;
  EXPECT_EQ(state_units(task, model), (std::vector<std::string>{"m", "rad", "m/s", "rad/s"}));
  mj_deleteModel(model);
  mj_deleteSpec(spec);
}

TEST(StateUnits, AreRadiansForAnglesWithoutAModel) {
  TaskSpec task;
  task.state_size = 2;
  task.state_is_angle = {true, false};
  EXPECT_EQ(state_units(task, nullptr), (std::vector<std::string>{"rad", ""}));
}

}  // namespace
}  // namespace lockstep::apps
