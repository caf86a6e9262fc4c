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

std::vector<ObjectRef> FateReader::lost() const {
  if (clock_.steady_now() < due_) return {};
  return reader_.lost(resting(), static_cast<std::size_t>(requests_) * at_once_);
}

std::optional<Error> FateReader::ask(std::span<const ObjectRef> lost, const std::stop_token& stop) {
  while (!lost.empty()) {
    const std::size_t count = std::min(at_once_, lost.size());
    const Result<bool> more = ask_some(lost.first(count), stop);
    if (!more) return more.error();
    if (!*more) break;
    lost = lost.subspan(count);
  }
  return std::nullopt;
}

Result<bool> FateReader::ask_some(std::span<const ObjectRef> lost, const std::stop_token& stop) {
  auto fates = read_fates(client_, lost, stop);
  const SteadyTime now = clock_.steady_now();
  if (!fates) {
    const ErrorKind kind = fates.error().kind;
    if (kind == ErrorKind::blocked || kind == ErrorKind::stopped) return fates.error();
    log::warn("portal not asked why rows are gone text={}", log::quoted(fates.error().text));
    // The portal cuts off what takes over a minute.
    at_once_ = std::max<std::size_t>(at_once_ / 2, 1);
    due_ = now + kAfterSilence;
    return false;
  }
  at_once_ = std::min(at_once_ * 2, kFatesAtOnce);
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
  const bool silent = !answered && !fates->objects.empty();
  if (silent) due_ = now + kAfterSilence;
  if (silent && fates->objects.size() > 1) return false;
  return events_.push(FatesRead{std::move(fates->objects)}, stop);
}

}  // namespace b24
