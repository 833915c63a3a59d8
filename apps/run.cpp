#include "run.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

#include "parameters.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

/// The points of each curve (all but alpha equal): an informed start comes down from large alpha, where its
/// branch exists, an uninformed one up from small alpha.
std::vector<std::vector<std::size_t>> along_alpha(const std::vector<Point>& points) {
  std::vector<std::vector<std::size_t>> list;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto [it, is_new] = known.emplace(point_of(points[i], "alpha").dump(), list.size());
    if (is_new) list.emplace_back();
    list[it->second].push_back(i);
  }
  for (auto& curve : list) {
    std::ranges::stable_sort(curve, {}, [&](std::size_t i) { return number_at(points[i], "alpha"); });
    if (points[curve[0]].value("start", "") == "informed") std::ranges::reverse(curve);
  }
  return list;
}

std::vector<std::vector<std::size_t>> one_by_one(std::size_t count) {
  std::vector<std::vector<std::size_t>> list(count);
  for (std::size_t i = 0; i < count; ++i) list[i] = {i};
  return list;
}

}  // namespace

void Finished::set(std::size_t point, Record record) {
  const std::lock_guard lock(mutex_);
  records_[point] = std::move(record);
}

std::vector<Record> Finished::records() const {
  const std::lock_guard lock(mutex_);
  std::vector<Record> list;
  for (const auto& record : records_)
    if (record) list.push_back(*record);
  return list;
}

std::vector<std::vector<std::size_t>> curves(const Command& command, const std::vector<Point>& points) {
  return command.continues ? along_alpha(points) : one_by_one(points.size());
}

namespace {

/// With what every record has: the remark on its activation, the command.
Record completed(const Command& command, Record record) {
  if (const auto name = record.find("activation"); name != record.end())
    if (const auto text = remark(command.name, make_activation(name->get<std::string>())->info());
        !text.empty())
      record["remark"] = text;
  record["command"] = command.name;
  return record;
}

}  // namespace

Record computed(const Command& command, const Point& point, const Settings& settings,
                const Record* neighbour) {
  return completed(command, command.compute(point, settings, neighbour));
}

bool leads_on(const Record& record) {
  const auto certificate = record.find("certificate");
  return certificate != record.end() && certificate->contains("converged") &&
         (*certificate)["converged"] == true;
}

void run(const Command& command, const std::vector<Point>& points, Settings settings, bool timing,
         Progress& progress, Finished& finished) {
  settings.part_done = [&](int done, int total) { progress.part(double(done) / total); };
  settings.share_done = [&](double share) { progress.part(share); };
  if (progress.on_terminal()) settings.note = [&](const std::string& text) { progress.note(text); };
  for (const auto& curve : curves(command, points)) {
    Record neighbour;  // null until a point has converged
    for (const std::size_t i : curve) {
      settings.so_far = [&](const Record& record) { finished.set(i, completed(command, record)); };
      const auto began = std::chrono::steady_clock::now();
      Record record = computed(command, points[i], settings, neighbour.is_null() ? nullptr : &neighbour);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
      if (leads_on(record)) neighbour = record;
      if (timing) record["seconds"] = seconds.count();
      finished.set(i, std::move(record));
      progress.point_done();
    }
  }
}

}  // namespace quenched::apps
