#pragma once
#include <mutex>
#include <utility>

#include "json.hpp"

namespace quenched::apps {

/// The answer to a rank that is to stop; ask() throws Dismissed for it.
inline const Json dismissal = "stop";
struct Dismissed {};

/// The processes that `mpirun` started together; this one alone without it, or in a build without MPI. Rank 0
/// answers what the others ask.
class Ranks {
 public:
  Ranks();
  ~Ranks();  // waits for the others; NOLINT(performance-trivially-destructible): nothing to do without MPI
  Ranks(const Ranks&) = delete;
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }

  /// Of rank 0: the next question and who asks it.
  [[nodiscard]] std::pair<int, Json> question() const;
  void answer(int rank, const Json& answer) const;
  /// Of another rank: the answer. Threads take turns.
  [[nodiscard]] Json ask(const Json& question);

 private:
  int rank_ = 0, size_ = 1;
  std::mutex turn_;
};

}  // namespace quenched::apps
