#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "daemon/engine/verify.h"

namespace b24 {

// Before and after all ids.
inline constexpr std::int64_t kFirstId = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kLastId = std::numeric_limits<std::int64_t>::max();

// One list of a look, and what it is read for.
struct Verifier::Task {
  Purpose purpose;
  ListRequest request;
  std::set<std::int64_t> asked = {};     // rows, again: ids that were not shown yet
  std::vector<std::int64_t> shown = {};  // whole; ids, once they come in no order
  std::int64_t compared_to = 0;          // ids: all up to here are compared
  bool in_order = true;                  // ids
  bool rejected = false;                 // a row of it could not be understood
  bool done = false;
};

// Lists under way, which share their requests.
struct Verifier::Reading {
  Reading(Client& client, std::vector<Task> what, std::uint64_t most)
      : tasks(std::move(what)),
        reader(
            client,
            [&] {
              std::vector<ListRequest> requests;
              for (const Task& task : tasks) requests.push_back(task.request);
              return requests;
            }(),
            // Nothing is asked for by a time.
            seconds{0}),
        requests_left(most) {}

  std::vector<Task> tasks;
  ListReader reader;
  std::uint64_t requests_left;
};

}  // namespace b24
