#include "settings.hpp"

#include <algorithm>
#include <cmath>
#include <quenched/activation.hpp>
#include <quenched/invalid_input.hpp>

#include "lists.hpp"
#include "overlaps_at.hpp"

namespace quenched::apps {
namespace {

template <class Number>
Number whole(const std::string& key, const std::string& text, long least, long most = 1'000'000'000) {
  const auto list = whole_numbers(key, text, least);
  if (list.size() != 1 || list[0] > most)
    throw InvalidInput(
        key, text, "needs one whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return Number(list[0]);
}

}  // namespace

const std::vector<Setting>& setting_table() {
  static const std::vector<Setting> table = {
      {"tolerance", "target for the reported error estimates (1e-4; rsb, dynamics and amp 1e-3)", false,
       [](Settings& s, const std::string& text) {
         const auto list = numbers("tolerance", text);
         if (list.size() != 1 || !(list[0] > 0 && list[0] < 1))
           throw InvalidInput("tolerance", text, "needs one number between 0 and 1");
         s.tolerance = list[0];
       }},
      {"integration", "rule of integration (auto)", false,
       [](Settings&, const std::string& text) {
         if (text != "auto") throw InvalidInput("integration", text, "needs one of auto");
       }},
      {"points", "integration points; refined to the tolerance when absent", false,
       [](Settings& s, const std::string& text) { s.points = whole<int>("points", text, 1); }},
      {"seed", "seed of every random number (1)", false,
       [](Settings& s, const std::string& text) { s.seed = whole<std::uint64_t>("seed", text, 0); }},
      {"seeds", "independent samples to simulate (8)", false,
       [](Settings& s, const std::string& text) { s.seeds = whole<int>("seeds", text, 2, 1'000'000); }},
      {"epochs", "passes over the samples (adam 200, sgd 1, others until they converge)", false,
       [](Settings& s, const std::string& text) { s.epochs = whole<int>("epochs", text, 1, 100'000'000); }},
      {"threads", "threads (all cores); the results do not depend on it", false,
       [](Settings& s, const std::string& text) { s.threads = whole<int>("threads", text, 1, 4096); }},
      {"work",
       "limit of a point's work, in millions of sampled tokens and steps, each about 20 ns: beyond it the "
       "best "
       "so far is given (1000)",
       false, [](Settings& s, const std::string& text) { s.work = whole<double>("work", text, 1); }},
      {"branches",
       "further starts that look for a branch of lower energy: a larger ridge followed down, the opposite "
       "start, random ones (2)",
       false,
       [](Settings& s, const std::string& text) { s.branches = whole<int>("branches", text, 0, 1000); }},
      {"derivatives", "add d test_error/d alpha, ridge_k, ridge_v, noise, signal", true,
       [](Settings& s, const std::string&) { s.derivatives = true; }},
      {"any-ridge", "let --ridge optimal end where the theory is not trusted", true,
       [](Settings& s, const std::string&) { s.any_ridge = true; }},
      {"beyond-rs",
       "one step of replica-symmetry breaking (`quenched rsb`) where replica symmetry is not stable beyond "
       "doubt",
       true, [](Settings& s, const std::string&) { s.beyond_rs = true; }},
      {"bayes", "the Bayes-optimal estimator alone, as --loss bayes", true,
       [](Settings& s, const std::string&) { s.bayes = true; }},
      {"alpha", "LOW:HIGH, where thresholds are looked for (0.1:30)", false,
       [](Settings& s, const std::string& text) {
         const auto ends = words(text, ':');
         std::vector<double> values;
         for (const std::string& end : ends)
           if (const auto list = numbers("alpha", end); list.size() == 1) values.push_back(list[0]);
         if (ends.size() != 2 || values.size() != 2 ||
             !(values[0] > 0 && values[0] < values[1] && std::isfinite(values[1])))
           throw InvalidInput("alpha", text, "needs LOW:HIGH with 0 < LOW < HIGH");
         s.alpha_low = values[0], s.alpha_high = values[1];
       }},
      {"curve", "the fixed points along the curve, the unstable ones too, instead of its thresholds", true,
       [](Settings& s, const std::string&) { s.curve = true; }},
      {"map",
       "both; --plot draws a diagram with the Bayes error as colour, over a list of signals, noises or "
       "lengths",
       true, [](Settings& s, const std::string&) { s.map = true; }},
      {"against", "the activation whose test error --of crossing compares with (linear)", false,
       [](Settings& s, const std::string& text) {
         try {
           static_cast<void>(make_activation(text));
           s.against = text;
         } catch (const InvalidInput& e) {
           throw InvalidInput("against", e.value(), e.rule());
         }
       }},
      {"at",
       "the overlaps m_k=1,q_k=2,m_v=1,q_v=1.2[,m_kv=0,m_vk=0,q_kv=0] at which to take the risk, or to start",
       false,
       [](Settings& s, const std::string& text) {
         static_cast<void>(overlaps_at(text));
         s.at = text;
       }},
      {"landscape", "minimise over all seven overlaps too: does leaving m_kv = m_vk = q_kv = 0 gain?", true,
       [](Settings& s, const std::string&) { s.landscape = true; }},
      {"starts", "starts of that search (16)", false,
       [](Settings& s, const std::string& text) { s.starts = whole<int>("starts", text, 1, 100'000); }},
      {"time", "times: 1,3,10; 0:15:31; steps/D for sgd, learning rate times steps/D for flows (0.5:15:30)",
       false,
       [](Settings& s, const std::string& text) {
         s.times = numbers("time", text);
         for (double t : s.times)
           if (!(t >= 0 && std::isfinite(t))) throw InvalidInput("time", text, "needs finite times >= 0");
         std::ranges::sort(s.times);
         s.times.erase(std::unique(s.times.begin(), s.times.end()), s.times.end());
       }},
      {"until",
       "instead of the states at all times, the time at which the risk is down to this, up to the last",
       false,
       [](Settings& s, const std::string& text) {
         const auto list = numbers("until", text);
         if (list.size() != 1 || !(list[0] > 0 && std::isfinite(list[0])))
           throw InvalidInput("until", text, "needs one finite risk > 0");
         s.until = list[0];
       }},
      {"start",
       "random (no overlap with the truth, |k|^2 = |v|^2 = D), informed (k*, v*; amp: overlap 0.9 with "
       "them), "
       "dynamics also random:0.25 (D/4) (random)",
       false, [](Settings& s, const std::string& text) { s.start = text; }},
      {"iterations", "iterations of message passing, a record each (30)", false,
       [](Settings& s, const std::string& text) {
         s.iterations = whole<int>("iterations", text, 1, 10'000);
       }},
      {"dimension", "D of a simulated run beside the theory (none; dynamics: of sgd)", false,
       [](Settings& s, const std::string& text) {
         s.dimension = whole<int>("dimension", text, 4, 10'000'000);
       }},
  };
  return table;
}

}  // namespace quenched::apps
