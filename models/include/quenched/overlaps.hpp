#pragma once

namespace quenched {

/// All overlaps of (k, v) with (k*, v*) and with each other, |k*|^2 = |v*|^2 = D and k*.v* = 0: the Gram
/// matrix of (k*, v*, k, v) over D.
struct Overlaps {
  double m_k = 0, q_k = 0, m_v = 0, q_v = 0;  // k.k*/D, |k|^2/D, v.v*/D, |v|^2/D
  double m_kv = 0, m_vk = 0, q_kv = 0;        // the cross ones: k.v*/D, v.k*/D, k.v/D
  /// The cross overlaps vanish: what sections 3 to 8 of docs/equations.md take for granted.
  [[nodiscard]] bool on_manifold() const { return m_kv == 0 && m_vk == 0 && q_kv == 0; }
  /// The largest |cross overlap|.
  [[nodiscard]] double off_manifold() const;
};

struct OverlapName {
  const char* name;  // the record's
  double Overlaps::*value;
};
inline constexpr OverlapName overlap_names[] = {
    {"m_k", &Overlaps::m_k},   {"q_k", &Overlaps::q_k},   {"m_v", &Overlaps::m_v},  {"q_v", &Overlaps::q_v},
    {"m_kv", &Overlaps::m_kv}, {"m_vk", &Overlaps::m_vk}, {"q_kv", &Overlaps::q_kv}};

/// Throws InvalidInput, the key an overlap, unless the Gram matrix is positive semidefinite (to rounding);
/// the rule names the first inequality that fails: those of two vectors, of k and of v with both truths, of
/// all four.
void check(const Overlaps& overlaps);

}  // namespace quenched
