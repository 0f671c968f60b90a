// The library of a sparse model on T: products of powers and harmonics of the inputs, their values and derivatives.
// Inputs are the states, then the controls. Atoms are what one input gives: x, x^2, ... or sin x, cos x, sin 2x, ...;
// and the steps of expressions of the inputs, whose last one is a factor like any other.
// Nodes are products: a node is an earlier node times one atom, so that features share what they have in both.
#pragma once

#include "kernels/expression.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::kernels {

// Atoms of one input, side by side from `first`:
//   powers     x, x^2 ... x^count                                    (count atoms)
//   harmonics  sin x, cos x, sin 2x, cos 2x ... sin count x, cos count x  (2 count atoms)
struct AtomGroup {
  int input = 0;
  bool is_harmonic = false;
  int count = 1;
  int first = 0;
};

// value = value of node `parent` * atom; node 0 is the constant 1 and has neither.
struct FeatureNode {
  int parent = 0;
  int atom = 0;
};

// Does not own its arrays. Parents come before their children.
struct FeatureProgram {
  const AtomGroup* groups = nullptr;
  const FeatureNode* nodes = nullptr;
  int num_groups = 0;
  int num_atoms = 0;
  int num_nodes = 1;
  const ExpressionStep* steps = nullptr;  // their values are the last num_steps atoms
  int num_steps = 0;

  [[nodiscard, gnu::always_inline]] LS_FN int first_step() const { return num_atoms - num_steps; }
};

// inputs -> atoms [num_atoms]. Harmonics by the addition theorem: sin kx = sin (k-1)x cos x + cos (k-1)x sin x.
template <class T>
LS_FN void evaluate_atoms(const FeatureProgram& program, const T* inputs, T* atoms) {
  for (int g = 0; g < program.num_groups; ++g) {
    const AtomGroup& group = program.groups[g];
    T* const out = atoms + group.first;
    const T x = inputs[group.input];
    if (!group.is_harmonic) {
      T power = x;
      out[0] = x;
      for (int k = 1; k < group.count; ++k) out[k] = power = power * x;
      continue;
    }
    T s1, c1;
    sine_cosine(x, s1, c1);
    T s = s1, c = c1;
    out[0] = s;
    out[1] = c;
    for (int k = 1; k < group.count; ++k) {
      const T next = s * c1 + c * s1;
      c = c * c1 - s * s1;
      s = next;
      out[2 * k] = s;
      out[2 * k + 1] = c;
    }
  }
  evaluate_steps(program.steps, program.num_steps, inputs, atoms + program.first_step());
}

// atoms -> values [num_nodes].
template <class T>
LS_FN void evaluate_nodes(const FeatureProgram& program, const T* atoms, T* values) {
  values[0] = T(1);
  for (int node = 1; node < program.num_nodes; ++node) {
    const FeatureNode code = program.nodes[node];
    values[node] = values[code.parent] * atoms[code.atom];
  }
}

// Reverse sweep: given dy/d(value) of every node in value_bar [num_nodes], adds dy/d(input) to input_bar [inputs].
// value_bar is used up; atom_bar [num_atoms] is scratch.
template <class T>
LS_FN void pull_back(const FeatureProgram& program, const T* atoms, const T* values, T* value_bar, T* atom_bar,
                     T* input_bar) {
  for (int a = 0; a < program.num_atoms; ++a) atom_bar[a] = T(0);
  for (int node = program.num_nodes - 1; node > 0; --node) {
    const FeatureNode code = program.nodes[node];
    const T bar = value_bar[node];
    atom_bar[code.atom] = atom_bar[code.atom] + bar * values[code.parent];
    value_bar[code.parent] = value_bar[code.parent] + bar * atoms[code.atom];
  }
  for (int g = 0; g < program.num_groups; ++g) {
    const AtomGroup& group = program.groups[g];
    const T* const value = atoms + group.first;
    const T* const bar = atom_bar + group.first;
    T sum = group.is_harmonic ? T(0) : bar[0];
    for (int k = 0; k < group.count; ++k) {
      if (group.is_harmonic) sum = sum + T(k + 1) * (bar[2 * k] * value[2 * k + 1] - bar[2 * k + 1] * value[2 * k]);
      if (!group.is_harmonic && k > 0) sum = sum + T(k + 1) * (bar[k] * value[k - 1]);
    }
    input_bar[group.input] = input_bar[group.input] + sum;
  }
  pull_back_steps(program.steps, program.num_steps, atoms + program.first_step(), atom_bar + program.first_step(),
                  input_bar);
}

}  // namespace lockstep::kernels
