#pragma once
#include "ranks.hpp"
#include "sweep.hpp"

namespace quenched::apps {

/// Rank 0 of several: hands out the curves of a sweep to whoever asks, and alone writes the store, each
/// result as it comes. Returns how many came, when the others are done; after it threw, dismiss() them.
long serve(Ranks& ranks, Outcomes& store, std::size_t curves, Progress& progress);
/// Stops the other ranks at their next question.
void dismiss(Ranks& ranks);
/// Another rank's last word, whatever happened: rank 0 waits for it.
void leave(Ranks& ranks);
/// Another rank: computes curves as rank 0 hands them out.
void work(Ranks& ranks, const Sweep& sweep, SweepOptions options);

}  // namespace quenched::apps
