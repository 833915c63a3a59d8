#include <fmt/chrono.h>

#include <chrono>
#include <quenched/simulate.hpp>

#include "command.hpp"
#include "extrapolation.hpp"
#include "lists.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

/// `uninformed` is what the theory calls a start that knows nothing of the truth: random here. A number is
/// |k|^2/D = |v|^2/D.
TrainingOptions training_of(const Point& point, const Settings& settings) {
  TrainingOptions training = trainer_named(point.at("trainer").get<std::string>());
  const auto start = words(point.at("start").get<std::string>(), ':');
  training.start = start[0] == "informed" ? TrainingStart::informed
                   : start[0] == "small"  ? TrainingStart::small
                                          : TrainingStart::random;
  if (start.size() == 2) training.start_scale = std::sqrt(numbers("start", start[1])[0]);
  training.epochs = settings.epochs;
  return training;
}

Record record_of(const Point& point, const SimulateResult& r) {
  Record record = point;
  record["samples"] = r.samples;
  record["seeds"] = static_cast<int>(r.seeds.size());
  record["seeds_converged"] = r.converged;
  record["gradient_norm"] = json_of(r.gradient_norm);
  set_test_error(record, r.mean.test_error);
  const auto errors = [](const Measurements& m) -> Json {
    return {{"fresh_error", json_of(m.fresh_error)},
            {"train_error", json_of(m.train_error)},
            {"energy", json_of(m.energy)}};
  };
  const auto overlaps = [](const Measurements& m) -> Json {
    return {{"m_k", json_of(m.m_k)},  {"q_k", json_of(m.q_k)},   {"m_v", json_of(m.m_v)},
            {"q_v", json_of(m.q_v)},  {"m_kv", json_of(m.m_kv)}, {"m_vk", json_of(m.m_vk)},
            {"q_kv", json_of(m.q_kv)}};
  };
  record.update(errors(r.mean));
  record["order_parameters"] = overlaps(r.mean);
  record["uncertainty"] = {{"test_error", json_of(r.standard_error.test_error)}};
  record["uncertainty"].update(errors(r.standard_error));
  record["uncertainty"].update(overlaps(r.standard_error));
  return record;
}

std::string cost(const SimulateSpecification& s) {
  return fmt::format("D = {}, {} seeds: {:.2g} GiB a seed, about {:%T}", s.dimension, s.seeds,
                     double(memory_bytes(s)) / (1 << 30),
                     std::chrono::seconds(std::llround(std::ceil(estimated_seconds(s)))));
}

Record simulate_record(const Point& point, const Settings& settings, const Record*) {
  SimulateSpecification specification{
      .problem = problem_of(point),
      .activation = make_activation(point.at("activation").get<std::string>()),
      .dimension = point.at("dimension").get<int>(),
      .alpha = number_at(point, "alpha"),
      .ridge_k = number_at(point, "ridge_k"),
      .ridge_v = number_at(point, "ridge_v"),
      .seeds = settings.seeds,
      .first_seed = settings.seed,
      .threads = settings.threads,
      .training = training_of(point, settings),
      .tokens = token_law(point.at("tokens").get<std::string>())};
  // then the test error too is measured on fresh tokens
  if (specification.tokens.kind != TokenLaw::Kind::gaussian) specification.fresh_samples = 1 << 15;
  if (settings.note) settings.note(cost(specification));
  const SimulateObserver observer{.seed_done =
                                      [&](const SimulateResult& so_far) {
                                        if (settings.so_far) settings.so_far(record_of(point, so_far));
                                      },
                                  .progress = settings.share_done};
  return record_of(point, simulate(specification, observer));
}

}  // namespace

const Command simulate_command = {
    .name = "simulate",
    .help = "Monte Carlo at finite D: samples data, trains, reports means and standard errors over seeds",
    .parameters = {"task", "length", "signal", "noise", "alpha", "activation", "ridge", "ridge_k", "ridge_v",
                   "start", "trainer", "tokens", "dimension"},
    .settings = {"seed", "seeds", "epochs", "threads"},
    .columns = {"test_error", "train_error", "order_parameters.m_k", "order_parameters.q_k",
                "order_parameters.m_v", "order_parameters.q_v", "seeds_converged"},
    .compute = simulate_record,
    .check = check_fixed_ridges,
    .finish = [](std::vector<Record>& records, const Settings&) { append_extrapolations(records); }};

}  // namespace quenched::apps
