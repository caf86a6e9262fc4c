#include "daemon/engine/doubt.h"

#include <algorithm>

namespace b24 {
namespace {

constexpr std::int64_t kHandful = 5;
constexpr std::int64_t kTail = 10;
constexpr seconds kDoubtedFor{3600};

bool is_doubtful(const SweepResult& found) {
  if (found.gone == 0) return false;
  if (lost_its_end(found)) return true;
  return found.gone >= found.here || (found.here > kHandful && found.gone * 2 >= found.here);
}

bool is_similar(std::int64_t a, std::int64_t b) {
  const auto [less, more] = std::minmax(a, b);
  return (more - less) * 10 <= more;
}

}  // namespace

bool lost_its_end(const SweepResult& found) {
  const bool mostly_there = found.gone * 2 < found.here;
  return mostly_there && found.tail >= kTail && found.tail * 10 >= found.gone * 9;
}

bool stands_by_itself(Entity entity) {
  switch (entity) {
    case Entity::deal:
    case Entity::task:
    case Entity::call:
    case Entity::lead:
    case Entity::contact:
    case Entity::company:
    case Entity::quote:
    case Entity::invoice:
      return true;
    default:
      return false;
  }
}

std::optional<Doubt> doubt_after(const std::optional<Doubt>& before, const SweepResult& found) {
  if (!is_doubtful(found)) return std::nullopt;
  if (!before || !is_similar(before->rows, found.gone)) return Doubt{found.began_at, found.gone};
  // A clock that was set back must not prolong the doubt.
  const Time since = std::min(before->since, found.began_at);
  if (found.began_at - since >= kDoubtedFor) return std::nullopt;
  return Doubt{since, before->rows};
}

}  // namespace b24
