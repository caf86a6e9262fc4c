#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/entities.h"

// Reads lists: pages by id, up to 50 of them chained in one batch through "$result[...]".
//
// The traps (portal docs: batch.md, huge-data.md): an unresolved reference is not an error, so
// everything after the first short page is thrown away unread; ids that do not grow, or a page
// that repeats the one before, mean that the method's id filter does not hold, and the list goes on
// by plain paging; rows may come and go between pages.

namespace b24 {

// One list to read: what, from where. Several are read side by side, so that methods take turns.
struct ListRequest {
  Entity entity;
  std::int64_t after_id = 0;  // go on after this id
  std::optional<Time> since;  // changed since
  std::optional<Time> recent_since;
  std::vector<std::int64_t> ids;  // these objects only
  bool ids_only = false;
  std::optional<std::int64_t> expected;  // rows, if known: sizes the chain
};

// What one batch brought for one list.
struct ListPart {
  std::size_t list = 0;  // index of the request
  Entity entity;
  std::vector<Record> records;
  std::vector<RejectedRow> rejected;
  std::int64_t last_id = 0;     // go on after this id next time
  bool done = false;            // the list is at its end
  std::optional<Error> failed;  // this list cannot go on now; the others can
};

struct ListAnswer {
  std::vector<ListPart> parts;
  std::optional<Time> portal_time;  // when the batch began, by the portal's clock
  std::optional<seconds> portal_offset;
};

// Reads a set of lists batch by batch. Thread-compatible; used by the puller.
class ListReader {
 public:
  ListReader(Client& client, std::vector<ListRequest> lists, seconds portal_offset);

  bool done() const;
  // One request: up to 50 pages, shared among the lists that are not done, by what each still
  // expects and by whose operating budget is free. Fails as Client::batch does; may be called
  // again after `unavailable` and `wait_until` and then goes on where it was.
  Result<ListAnswer> next(const std::stop_token& stop);

 private:
  struct State;
  Client& client_;
  std::vector<State> states_;
  seconds portal_offset_;
};

}  // namespace b24
