#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// How to compute, one value each: nothing here is swept.
struct Settings {
  double tolerance = 1e-4;
  int points = 0;  // 0: chosen by the solver
  std::uint64_t seed = 1;
  int seeds = 8;
  int epochs = 0;                           // simulate: passes over the samples; 0: the trainer's own
  int threads = 0;                          // 0: all cores
  double work = 1000;                       // millions of steps that a point may take
  int branches = 2;                         // further starts tried for a branch of lower energy
  bool derivatives = false;                 // of the test error by every parameter
  bool any_ridge = false;                   // tuned ridges may lie where the theory is not trusted
  bool beyond_rs = false;                   // erm: beyond replica symmetry where it is unstable
  bool bayes = false;                       // glm: the posterior mean instead of the losses
  double alpha_low = 0.1, alpha_high = 30;  // phase: where thresholds are looked for
  bool curve = false;                       // phase: the fixed points instead of the thresholds
  bool map = false;                         // phase: both
  std::string against = "linear";           // phase: the other activation of a crossing
  std::string at;                           // population: overlaps at which to take the risk; dynamics: start
  bool landscape = false;                   // population: minimised over all seven overlaps too
  int starts = 16;                          // population: of that search
  std::vector<double> times;                // dynamics: increasing
  double until = NAN;                       // dynamics: the risk to be reached
  std::string start = "random";             // dynamics, amp
  int dimension = 0;                        // dynamics, amp: D of the simulated run; 0: none
  int iterations = 30;                      // amp
  std::function<void(int done, int total)> part_done;  // called as parts of a point (seeds) are done
  std::function<void(double share)> share_done;        // of the present point
  std::function<void(const std::string& text)> note;   // what the user may want to know before it starts
  std::function<void(const Json& record)> so_far;      // of the present point: kept if it is interrupted
  std::function<void(const Json& part, const Json& answer)> keep_part;  // for later runs, as a seed's
  std::function<Json(const Json& part)> kept_part;                      // null when there is none
};

struct Setting {
  std::string name, help;
  bool flag;                                        // given without a value; set() then takes an empty text
  void (*set)(Settings&, const std::string& text);  // throws InvalidInput
};
[[nodiscard]] const std::vector<Setting>& setting_table();

}  // namespace quenched::apps
