#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/entities.h"

// Reads lists: pages by id, up to 50 of them chained in one batch through "$result[...]".
//
// N rows of a list cost about N / 2500 + 1 requests; several lists share batches, so that a look at
// lists in which nothing changed is one request.
//
// The traps (portal docs: batch.md, huge-data.md): an unresolved reference is not an error, so
// everything after the first short page is thrown away unread; ids that do not grow, or a page
// that repeats the one before, mean that the method's id filter does not hold, and rows that are
// counted but do not come, that start=-1 means something else there: the list goes on by plain
// paging; rows may come and go between pages.

namespace b24 {

// One list to read: what, from where. Several are read side by side, so that methods take turns.
struct ListRequest {
  Entity entity;
  std::int64_t after_id = 0;       // go on after this id
  std::optional<Time> since;       // changed since
  std::optional<Time> also_since;  // the same by EntitySpec::also_filter
  std::optional<Time> recent_since;
  std::vector<std::int64_t> ids;  // these objects only
  bool ids_only = false;
  bool count_only = false;  // no rows, only how many there are: ListPart::total
  // Rows, if known: sizes the chain. Otherwise the first page is asked to count them.
  std::optional<std::int64_t> expected;
};

// What one batch brought for one list.
struct ListPart {
  std::size_t list = 0;  // index of the request
  Entity entity;
  std::vector<Record> records;
  std::vector<RejectedRow> rejected;
  std::int64_t last_id = 0;           // go on after this id next time
  std::optional<std::int64_t> total;  // rows of the list in all, when the portal counted them
  bool done = false;                  // the list is at its end, or failed
  std::optional<Error> failed;        // this list cannot be read; the others can
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
  ~ListReader();
  ListReader(const ListReader&) = delete;
  ListReader& operator=(const ListReader&) = delete;

  bool done() const;
  // Rows still to come, as far as the portal has counted them.
  std::uint64_t rest() const;
  // When next() will find something to ask for: later than now while the methods of all that is
  // left must rest.
  SteadyTime ready_at() const;
  // One request: up to 50 pages, shared among the lists that are not done, by what each still
  // expects and by whose operating budget is free; waits when none is. Fails as Client::batch does;
  // may be called again after `unavailable` and then goes on where it was, with smaller batches,
  // since the portal cuts one that takes over a minute.
  Result<ListAnswer> next(const std::stop_token& stop);

 private:
  class List;
  // How many pages each list gets in the next batch, once any can be read; none: stopped.
  std::optional<std::vector<std::size_t>> share(const std::stop_token& stop);

  Client& client_;
  std::vector<List> lists_;
  std::size_t slots_ = kBatchCommands;  // commands we dare to put into one batch
};

}  // namespace b24
