#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/secret.h"
#include "rules/base/entity.h"
#include "rules/base/result.h"

// An event the portal posts to us (portal docs: events/index.md): form-encoded, sent once, never
// again. It only says where to look: "deal 7405 changed". It is never data.

namespace b24 {

struct Hint {
  Entity entity;
  std::int64_t id = 0;
  friend bool operator==(const Hint&, const Hint&) = default;
};

// Reads one form-encoded event. Fails with `no_rights` for a missing or wrong application_token
// (compared in constant time; an empty `token` refuses all), `invalid_input` for a body that is no
// event, and gives an empty list for an event about something we do not mirror.
Result<std::vector<Hint>> parse_event(std::string_view body, const Secret& token);

// The names of the events that we understand, for whoever asks the portal for them.
std::vector<std::string_view> understood_events();

// The same of a record of the portal's queue (portal docs: offline-events.md): `data` is the JSON
// text of its EVENT_DATA. The docs show `false` there, and say in words that it holds the ids: a
// record without one gives an id of zero, "look what is new". Nothing: not about what we mirror.
std::optional<Hint> hint_of_record(std::string_view event, std::string_view data);

}  // namespace b24
