#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/store/unicode.h"
#include "rules/surroundings.h"

struct sqlite3;

namespace b24 {

// What the SQL functions count by.
struct Counting {
  explicit Counting(Surroundings surroundings);

  Surroundings around;
  std::vector<LikePattern> test_titles;  // of the scope, made ready
};

// Makes our functions (store.h, class Reader) known to a connection. `*counting` may be empty; a
// function that needs it then fails. It must outlive the connection.
void register_functions(sqlite3* database, const std::unique_ptr<Counting>* counting);

// Makes unixepoch() without arguments give `*now`, the system's time without it. It must outlive
// the connection.
void register_now(sqlite3* database, const std::optional<std::int64_t>* now);

}  // namespace b24
