#include "ranked_sweep.hpp"

namespace quenched::apps {
namespace {

Json message_of(const Outcome& outcome) {
  return {{"status", outcome.status}, {"record", outcome.record}, {"seconds", outcome.seconds}};
}
Outcome outcome_in(const Json& json) { return {json["status"], json["record"], json["seconds"]}; }

/// Rank 0's store, as another rank sees it.
class RemoteOutcomes final : public Outcomes {
 public:
  explicit RemoteOutcomes(Ranks& ranks) : ranks_(ranks) {}
  std::optional<Outcome> find(const std::string& key) override {
    const Json answer = ranks_.ask({{"find", key}});
    return answer.is_null() ? std::nullopt : std::optional(outcome_in(answer));
  }
  void keep(const std::string& key, const Outcome& outcome) override {
    Json question = message_of(outcome);
    question["keep"] = key;
    static_cast<void>(ranks_.ask(question));
  }
  /// Rank 0 does not wait for others: it sees at the end to what they left.
  bool claim(const std::string& key, bool) override { return ranks_.ask({{"claim", key}}) == true; }
  void release(const std::string& key) override { static_cast<void>(ranks_.ask({{"release", key}})); }

 private:
  Ranks& ranks_;
};

Json answered(const Json& question, Outcomes& store, Progress& progress, long& kept) {
  if (question.contains("find")) {
    const auto outcome = store.find(question["find"]);
    if (!outcome) return nullptr;
    if (outcome->status != "part") progress.leave_out(1);
    return message_of(*outcome);
  }
  if (question.contains("keep")) {
    const Outcome outcome = outcome_in(question);
    store.keep(question["keep"], outcome);
    if (outcome.status == "part") return true;
    ++kept;
    progress.point_done();
    return true;
  }
  if (question.contains("claim")) return store.claim(question["claim"], false);
  store.release(question["release"]);
  return true;
}

}  // namespace

long serve(Ranks& ranks, Outcomes& store, std::size_t curves, Progress& progress) {
  std::size_t next = 0;
  long kept = 0;
  for (int working = ranks.size() - 1; working > 0;) {
    const auto [rank, question] = ranks.question();
    if (question == "next")
      ranks.answer(rank, next < curves ? Json(next++) : Json(nullptr));
    else if (question == "done")
      ranks.answer(rank, true), --working;
    else
      ranks.answer(rank, answered(question, store, progress, kept));
  }
  return kept;
}

void work(Ranks& ranks, const Sweep& sweep, SweepOptions options) {
  RemoteOutcomes outcomes(ranks);
  Progress silent("", 0, true);
  options.next = [&]() -> std::optional<std::size_t> {
    const Json curve = ranks.ask("next");
    return curve.is_null() ? std::nullopt : std::optional(curve.get<std::size_t>());
  };
  try {
    static_cast<void>(run(sweep, outcomes, options, silent));
  } catch (const Dismissed&) {  // rank 0 says why
  }
}

void leave(Ranks& ranks) { static_cast<void>(ranks.ask("done")); }

void dismiss(Ranks& ranks) {
  for (int working = ranks.size() - 1; working > 0;) {
    const auto [rank, question] = ranks.question();
    if (question == "done") --working;
    ranks.answer(rank, question == "done" ? Json(true) : dismissal);
  }
}

}  // namespace quenched::apps
