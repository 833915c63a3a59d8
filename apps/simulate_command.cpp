#include <fmt/chrono.h>

#include <chrono>
#include <quenched/invalid_input.hpp>
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

using Figures = std::vector<std::pair<const char*, double Measurements::*>>;

const Figures simulated_errors = {{"fresh_error", &Measurements::fresh_error},
                                  {"train_error", &Measurements::train_error},
                                  {"energy", &Measurements::energy}};
const Figures simulated_overlaps = {{"m_k", &Measurements::m_k},   {"q_k", &Measurements::q_k},
                                    {"m_v", &Measurements::m_v},   {"q_v", &Measurements::q_v},
                                    {"m_kv", &Measurements::m_kv}, {"m_vk", &Measurements::m_vk},
                                    {"q_kv", &Measurements::q_kv}};
const Figures simulated_test_error = {{"test_error", &Measurements::test_error}};
const Figures* const all_simulated[] = {&simulated_test_error, &simulated_errors, &simulated_overlaps};

Json figures_json(const Measurements& m, const Figures& figures) {
  Json json;
  for (const auto& [name, figure] : figures) json[name] = json_of(m.*figure);
  return json;
}

/// What a mean over seeds needs of one.
Json seed_json(const SeedResult& seed) {
  Json json = {{"status", name_of(seed.status)}, {"gradient_norm", json_of_parameter(seed.gradient_norm)}};
  for (const Figures* figures : all_simulated) json.update(figures_json(seed.measured, *figures));
  return json;
}

/// Empty where there is none.
std::optional<SeedResult> seed_of(const Json& json, std::uint64_t number) {
  SeedResult seed;
  seed.seed = number;
  for (const auto status : {TrainingStatus::converged, TrainingStatus::finished, TrainingStatus::line_search,
                            TrainingStatus::max_evaluations, TrainingStatus::not_finite})
    if (json.is_object() && json.value("status", "") == name_of(status)) seed.status = status;
  if (seed.status == TrainingStatus::not_run) return {};
  seed.gradient_norm = number_at(json, "gradient_norm");
  for (const Figures* figures : all_simulated)
    for (const auto& [name, figure] : *figures) seed.measured.*figure = number_at(json, name);
  return seed;
}

Record record_of(const Point& point, const SimulateResult& r) {
  Record record = point;
  record["samples"] = r.samples;
  record["seeds"] = static_cast<int>(r.seeds.size());
  record["seeds_converged"] = r.converged;
  if (!r.seeds.empty() && r.seeds.back().seed != r.seeds.front().seed + r.seeds.size() - 1) {
    std::vector<std::uint64_t> numbers;
    for (const SeedResult& seed : r.seeds) numbers.push_back(seed.seed);
    record["finished_seeds"] = fmt::format("{}", fmt::join(numbers, ","));
  }
  record["gradient_norm"] = json_of(r.gradient_norm);
  set_test_error(record, r.mean.test_error);
  record.update(figures_json(r.mean, simulated_errors));
  record["order_parameters"] = figures_json(r.mean, simulated_overlaps);
  for (const Figures* figures : all_simulated)
    record["uncertainty"].update(figures_json(r.standard_error, *figures));
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
  const auto part = [&](std::uint64_t seed) -> Json {
    return {{"command", "simulate"}, {"point", point}, {"epochs", settings.epochs}, {"seed", seed}};
  };
  SimulateObserver observer{.seed_done =
                                [&](const SimulateResult& so_far) {
                                  if (settings.so_far) settings.so_far(record_of(point, so_far));
                                },
                            .progress = settings.share_done};
  if (settings.keep_part)
    observer.keep = [&](const SeedResult& seed) { settings.keep_part(part(seed.seed), seed_json(seed)); };
  if (settings.kept_part)
    observer.known = [&](std::uint64_t seed) { return seed_of(settings.kept_part(part(seed)), seed); };
  return record_of(point, simulate(specification, observer));
}

void check_simulated(const Point& point) {
  const double alpha = number_at(point, "alpha");
  const double samples = alpha * point.at("dimension").get<double>();
  if (!(samples >= 0.5 && samples < 1e12))
    throw quenched::InvalidInput("alpha", fmt::format("{:g}", alpha),
                                 "needs between 1 and 1e12 samples, alpha D");
  check_fixed_ridges(point);
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
    .check = check_simulated,
    .finish = [](std::vector<Record>& records, const Settings&) { append_extrapolations(records); }};

}  // namespace quenched::apps
