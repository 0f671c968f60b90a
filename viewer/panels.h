// The parts of the window around and over the 3D view, each drawn by one function.
#pragma once

namespace lockstep::viewer {

class App;

void draw_toolbar(App& app);
void draw_left_panel(App& app);
void draw_right_panel(App& app);
void draw_run(App& app);  // within the right panel; a run is followed
void draw_plots(App& app);
void draw_overlays(App& app);  // info, labels of worlds, sensors, message, help

// Keys and mouse. Called once a frame, before anything is drawn.
void handle_input(App& app);
// The table that F1 shows.
void draw_help(App& app);

}  // namespace lockstep::viewer
