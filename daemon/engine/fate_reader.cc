#include "daemon/engine/fate_reader.h"

#include <algorithm>

#include "daemon/engine/log.h"

namespace b24 {
namespace {

constexpr seconds kAfterSilence{600};
constexpr seconds kAfterRefusal{3600};

}  // namespace

std::set<Entity> FateReader::resting() const {
  std::set<Entity> kinds;
  const SteadyTime now = clock_.steady_now();
  for (const Entity entity : kEntities) {
    const std::string method{fate_method(entity)};
    if (method.empty()) continue;
    const auto rest = rest_until_.find(entity);
    const bool refused = rest != rest_until_.end() && now < rest->second;
    // A method that must rest is not waited for beside the polls.
    if (refused || client_.ready_at(method) > now) kinds.insert(entity);
  }
  return kinds;
}

std::optional<Error> FateReader::look(const std::stop_token& stop) {
  if (clock_.steady_now() < due_) return std::nullopt;
  const auto most = static_cast<std::size_t>(requests_) * kFatesAtOnce;
  const std::vector<ObjectRef> lost = reader_.lost(resting(), most);
  std::optional<Error> problem;
  for (std::size_t at = 0; at < lost.size(); at += kFatesAtOnce) {
    const std::size_t count = std::min(kFatesAtOnce, lost.size() - at);
    if (!ask(std::span{lost}.subspan(at, count), problem, stop)) break;
  }
  return problem;
}

// False: this is enough for now.
bool FateReader::ask(std::span<const ObjectRef> lost, std::optional<Error>& problem,
                     const std::stop_token& stop) {
  auto fates = read_fates(client_, lost, stop);
  if (!fates) {
    problem = fates.error();
    return false;
  }
  const SteadyTime now = clock_.steady_now();
  for (const Entity entity : fates->untold) {
    log::warn("portal does not tell why rows are gone entity={} method={}", name(entity),
              fate_method(entity));
    rest_until_[entity] = now + kAfterRefusal;
  }
  bool answered = false;
  for (const ObjectFate& known : fates->objects) {
    answered = answered || known.fate;
    if (known.fate == Fate::shown) hints_.put_back({known.object.entity, known.object.id});
  }
  // That the portal says nothing at all for the moment is not held against the rows.
  if (!answered && !fates->objects.empty()) {
    due_ = now + kAfterSilence;
    if (fates->objects.size() > 1) return false;
  }
  return events_.push(FatesRead{std::move(fates->objects)}, stop);
}

}  // namespace b24
