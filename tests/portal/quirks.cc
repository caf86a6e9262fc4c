#include "tests/portal/quirks.h"

#include <nlohmann/json.hpp>
#include <string>

namespace b24::sim {
namespace {

constexpr std::int64_t kBeyondAll = 1'000'000'000;

void set_start(Json& params, std::int64_t start) {
  for (auto& [name, value] : params.items()) {
    if (name == "start" && to_int(value) == -1) value = start;
  }
}

// "2026-11-20T09:00:00+05:00" becomes nine o'clock by the portal's own clock.
void drop_offset(Json& value, seconds portal_offset) {
  const std::string text = to_text(value);
  const auto time = parse_time(text);
  if (!time || text.size() < 19) return;
  value = text.substr(0, 19) + format_offset(*time, portal_offset).substr(19);
}

// Every condition ">=" of a filter, at any depth.
template <class Change>
void change_since(Json& node, Change change) {
  if (!node.is_structured()) return;
  for (auto& [name, value] : node.items()) {
    if (name.starts_with(">=")) {
      change(value);
    } else {
      change_since(value, change);
    }
  }
}

}  // namespace

Json with_quirk(FaultKind kind, const Json& params, seconds portal_offset) {
  Json changed = params;
  switch (kind) {
    case FaultKind::start_counts:
      set_start(changed, 0);
      break;
    case FaultKind::start_empties:
      set_start(changed, kBeyondAll);
      break;
    case FaultKind::offset_ignored:
      change_since(changed, [&](Json& value) { drop_offset(value, portal_offset); });
      break;
    case FaultKind::since_ignored:
      change_since(changed, [](Json& value) { value = "1970-01-02T00:00:00+00:00"; });
      break;
    case FaultKind::since_blind:
      change_since(changed, [](Json& value) { value = "2999-01-01T00:00:00+00:00"; });
      break;
    default:
      break;
  }
  return changed;
}

}  // namespace b24::sim
