#include "ranks.hpp"

#ifdef QUENCHED_MPI
#define OMPI_SKIP_MPICXX
#include <mpi.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

namespace quenched::apps {
namespace {

constexpr int question_tag = 1, answer_tag = 2;

/// Open MPI, MPICH and Slurm tell their processes so; others need no MPI_Init.
bool started_together() {
  for (const char* size : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
    if (std::getenv(size)) return true;
  return false;
}

void send_text(int to, int tag, const Json& json) {
  const std::string text = json.dump();
  MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, to, tag, MPI_COMM_WORLD);
}

Json receive_text(const MPI_Status& seen) {
  int size = 0;
  MPI_Get_count(&seen, MPI_CHAR, &size);
  std::string text(static_cast<std::size_t>(size), ' ');
  MPI_Recv(text.data(), size, MPI_CHAR, seen.MPI_SOURCE, seen.MPI_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return Json::parse(text);
}

}  // namespace

Ranks::Ranks() {
  if (!started_together()) return;
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  if (provided < MPI_THREAD_SERIALIZED) throw std::runtime_error("this MPI allows no threads");
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
}

Ranks::~Ranks() {
  int running = 0;
  MPI_Initialized(&running);
  if (running) MPI_Finalize();
}

std::pair<int, Json> Ranks::question() const {
  MPI_Status seen;
  for (int here = 0;; std::this_thread::sleep_for(std::chrono::microseconds(100))) {  // MPI_Probe would spin
    MPI_Iprobe(MPI_ANY_SOURCE, question_tag, MPI_COMM_WORLD, &here, &seen);
    if (here) break;
  }
  return {seen.MPI_SOURCE, receive_text(seen)};
}

void Ranks::answer(int rank, const Json& answer) const { send_text(rank, answer_tag, answer); }

Json Ranks::ask(const Json& question) {
  const std::lock_guard lock(turn_);
  send_text(0, question_tag, question);
  MPI_Status seen;
  MPI_Probe(0, answer_tag, MPI_COMM_WORLD, &seen);
  Json answer = receive_text(seen);
  if (answer == dismissal) throw Dismissed{};
  return answer;
}

}  // namespace quenched::apps

#else

namespace quenched::apps {

Ranks::Ranks() = default;
Ranks::~Ranks() = default;
std::pair<int, Json> Ranks::question() const { return {0, nullptr}; }
void Ranks::answer(int, const Json&) const {}
Json Ranks::ask(const Json&) { return nullptr; }

}  // namespace quenched::apps

#endif
