#include <algorithm>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/overlaps.hpp>
#include <sstream>
#include <string>

namespace quenched {

double Overlaps::off_manifold() const { return std::max({std::abs(m_kv), std::abs(m_vk), std::abs(q_kv)}); }

void check(const Overlaps& o) {
  const auto text = [](double x) {
    std::ostringstream out;
    out << x;
    return out.str();
  };
  for (const auto& [name, value] : overlap_names)
    if (!std::isfinite(o.*value)) throw InvalidInput(name, text(o.*value), "needs a finite number");
  const auto at_least = [&](const char* name, double q, const char* bound, double least) {
    constexpr double rounding = 1e-12;
    if (q < least - rounding * (1 + least))
      throw InvalidInput(name, text(q), std::string("needs at least ") + bound + " = " + text(least));
  };
  const auto square = [](double x) { return x * x; };
  at_least("q_k", o.q_k, "m_k^2", square(o.m_k));
  at_least("q_k", o.q_k, "m_kv^2", square(o.m_kv));
  at_least("q_k", o.q_k, "m_k^2 + m_kv^2", square(o.m_k) + square(o.m_kv));
  at_least("q_v", o.q_v, "m_v^2", square(o.m_v));
  at_least("q_v", o.q_v, "m_vk^2", square(o.m_vk));
  at_least("q_v", o.q_v, "m_v^2 + m_vk^2", square(o.m_v) + square(o.m_vk));
  const auto at_most = [&](double product, const char* bound, double most) {
    constexpr double rounding = 1e-12;
    if (product > most + rounding * (1 + most))
      throw InvalidInput("q_kv", text(o.q_kv), std::string("needs ") + bound + " <= " + text(most));
  };
  at_most(square(o.q_kv), "q_kv^2 <= q_k q_v, that is q_kv^2", o.q_k * o.q_v);
  at_most(
      square(o.q_kv - o.m_k * o.m_vk - o.m_kv * o.m_v),
      "(q_kv - m_k m_vk - m_kv m_v)^2 <= (q_k - m_k^2 - m_kv^2)(q_v - m_v^2 - m_vk^2), that is its left side",
      std::max(0.0, o.q_k - square(o.m_k) - square(o.m_kv)) *
          std::max(0.0, o.q_v - square(o.m_v) - square(o.m_vk)));
}

}  // namespace quenched
