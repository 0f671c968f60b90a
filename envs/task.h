// What the header of a task includes: facts, draws, and the numbers that its code runs on (scalars, lanes, duals).
// kernels/dual.h must be seen before task code: its functions are then found for every number.
#pragma once

#include "envs/reset_draw.h"
#include "envs/scene.h"
#include "envs/task_facts.h"
#include "kernels/dual.h"
#include "kernels/lanes.h"
#include "kernels/math.h"
