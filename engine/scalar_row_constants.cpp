// Packs the constraints of one number each: limits and friction loss of tendons, equalities of joints and of tendons.
#include "engine/constant_packing.h"

#include <algorithm>
#include <map>

namespace lockstep {
namespace {

using Ints = Packing::Ints;
using Reals = Packing::Reals;

// One row before it is packed. Ids: joints where on_joint, else tendons; second -1: none.
struct ScalarRow {
  kernels::ScalarRowKind kind = kernels::kRowLimit;
  bool on_joint = false;
  int first = 0, second = -1;
  double sign = 1, margin = 0, loss = 0;
  std::array<double, 2> reference{};
  std::array<double, 5> polynomial{};
  const mjtNum *solref = nullptr, *solimp = nullptr;
};

void add_tendon_rows(const Packing& p, std::vector<ScalarRow>& rows) {
  const mjModel& m = p.m;
  for (int t = 0; t < m.ntendon; ++t) {
    if (m.tendon_frictionloss[t] > 0 && !p.disabled(mjDSBL_FRICTIONLOSS)) {
      rows.push_back({.kind = kernels::kRowFriction,
                      .first = t,
                      .loss = m.tendon_frictionloss[t],
                      .solref = m.tendon_solref_fri + mjNREF * t,
                      .solimp = m.tendon_solimp_fri + mjNIMP * t});
    }
  }
  for (int t = 0; t < m.ntendon; ++t) {
    if (!m.tendon_limited[t] || p.disabled(mjDSBL_LIMIT)) continue;
    for (int side = 0; side < 2; ++side) {
      rows.push_back({.first = t,
                      .sign = side == 0 ? 1.0 : -1.0,
                      .margin = m.tendon_margin[t],
                      .reference = {m.tendon_range[2 * t + side], 0},
                      .solref = m.tendon_solref_lim + mjNREF * t,
                      .solimp = m.tendon_solimp_lim + mjNIMP * t});
    }
  }
}

void add_equality_rows(const Packing& p, std::vector<ScalarRow>& rows) {
  const mjModel& m = p.m;
  if (p.disabled(mjDSBL_EQUALITY)) return;
  for (int e = 0; e < m.neq; ++e) {
    const bool joint = m.eq_type[e] == mjEQ_JOINT;
    if (!m.eq_active0[e] || (!joint && m.eq_type[e] != mjEQ_TENDON)) continue;
    ScalarRow row{.kind = kernels::kRowEquality,
                  .on_joint = joint,
                  .first = m.eq_obj1id[e],
                  .second = m.eq_obj2id[e],
                  .solref = m.eq_solref + mjNREF * e,
                  .solimp = m.eq_solimp + mjNIMP * e};
    const auto at_rest = [&](int id) {
      if (id < 0) return 0.0;
      return joint ? m.qpos0[m.jnt_qposadr[id]] : m.tendon_length0[id];
    };
    row.reference = {at_rest(row.first), at_rest(row.second)};
    std::copy_n(m.eq_data + mjNEQDATA * e, 5, row.polynomial.begin());
    rows.push_back(row);
  }
}

// The entries that an object (joint or tendon) gives to a Jacobian row: dof -> entry of ten_J (of joints: 0).
std::map<int, int> entries_of(const mjModel& m, bool on_joint, int id) {
  std::map<int, int> entries;
  if (id < 0) return entries;
  if (on_joint) return {{m.jnt_dofadr[id], 0}};
  for (int k = 0; k < m.ten_J_rownnz[id]; ++k)
    entries.emplace(m.ten_J_colind[m.ten_J_rowadr[id] + k], m.ten_J_rowadr[id] + k);
  return entries;
}

// Whether dofs (rising) are all on one chain from a root on.
bool on_one_chain(const mjModel& m, const Ints& dofs) {
  for (std::size_t i = 1; i < dofs.size(); ++i) {
    int above = dofs[i];
    while (above > dofs[i - 1]) above = m.dof_parentid[above];
    if (above != dofs[i - 1]) return false;
  }
  return true;
}

double inverse_weight(const mjModel& m, const ScalarRow& row) {
  const auto of = [&](int id) {
    if (id < 0) return 0.0;
    return row.on_joint ? m.dof_invweight0[m.jnt_dofadr[id]] : m.tendon_invweight0[id];
  };
  return of(row.first) + of(row.second);
}

void pack_entries(Packing& p, const std::vector<ScalarRow>& rows) {
  Ints adr{0}, dofs, firsts, seconds, coupling;
  for (const ScalarRow& row : rows) {
    const std::map<int, int> first = entries_of(p.m, row.on_joint, row.first);
    const std::map<int, int> second = entries_of(p.m, row.on_joint, row.second);
    std::map<int, std::array<int, 2>> both;
    for (const auto& [dof, entry] : first) both[dof] = {entry, -1};
    for (const auto& [dof, entry] : second) both.try_emplace(dof, std::array{-1, -1}).first->second[1] = entry;
    Ints own;
    for (const auto& [dof, entry] : both) {
      own.push_back(dof);
      firsts.push_back(entry[0]);
      seconds.push_back(entry[1]);
    }
    dofs.insert(dofs.end(), own.begin(), own.end());
    adr.push_back(static_cast<int>(dofs.size()));
    coupling.push_back(on_one_chain(p.m, own) ? 0 : 1);
    p.c.num_couplings += coupling.back();
  }
  p.c.num_scalar_entries = static_cast<int>(dofs.size());
  p.set(p.c.scalar_adr, adr);
  p.set(p.c.scalar_dof, dofs);
  p.set(p.c.scalar_entry_first, firsts);
  p.set(p.c.scalar_entry_second, seconds);
  p.set(p.c.scalar_is_coupling, coupling);
}

}  // namespace

void pack_scalar_rows(Packing& p) {
  const mjModel& m = p.m;
  std::vector<ScalarRow> rows;
  if (!p.disabled(mjDSBL_CONSTRAINT)) {
    add_equality_rows(p, rows);
    add_tendon_rows(p, rows);
  }
  Ints kind, on_joint, first, second;
  Reals sign, reference, polynomial, margin, invweight, stiffness, damping, solimp, loss;
  for (const ScalarRow& row : rows) {
    const auto index = [&](int id) { return row.on_joint && id >= 0 ? m.jnt_qposadr[id] : id; };
    kind.push_back(row.kind);
    on_joint.push_back(row.on_joint ? 1 : 0);
    first.push_back(index(row.first));
    second.push_back(index(row.second));
    sign.push_back(row.sign);
    reference.insert(reference.end(), row.reference.begin(), row.reference.end());
    polynomial.insert(polynomial.end(), row.polynomial.begin(), row.polynomial.end());
    margin.push_back(row.margin);
    invweight.push_back(inverse_weight(m, row));
    const std::array<double, 5> impedance = clipped_impedance(row.solimp);
    const auto [k, b] = reference_gains(p, row.solref, impedance[1]);
    stiffness.push_back(k);
    damping.push_back(b);
    solimp.insert(solimp.end(), impedance.begin(), impedance.end());
    loss.push_back(row.loss);
  }
  p.c.num_scalar_rows = static_cast<int>(rows.size());
  pack_entries(p, rows);
  p.set(p.c.scalar_kind, kind);
  p.set(p.c.scalar_on_joint, on_joint);
  p.set(p.c.scalar_first, first);
  p.set(p.c.scalar_second, second);
  p.set(p.c.scalar_sign, sign);
  p.set(p.c.scalar_reference, reference);
  p.set(p.c.scalar_polynomial, polynomial);
  p.set(p.c.scalar_margin, margin);
  p.set(p.c.scalar_invweight, invweight);
  p.set(p.c.scalar_stiffness, stiffness);
  p.set(p.c.scalar_damping, damping);
  p.set(p.c.scalar_solimp, solimp);
  p.set(p.c.scalar_loss, loss);
}

}  // namespace lockstep
