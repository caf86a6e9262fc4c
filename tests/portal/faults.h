#pragma once

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/time.h"

// What goes wrong on demand.

namespace b24::sim {

enum class FaultKind {
  // The whole request.
  query_limit,          // 503 QUERY_LIMIT_EXCEEDED
  server_error,         // 500 INTERNAL_SERVER_ERROR, as JSON
  bad_gateway,          // 502 with a proxy's page, no JSON
  html,                 // 200 with a page in place of JSON
  empty,                // 200 with no body
  truncated,            // the body ends half-way, the connection is closed
  cut_json,             // a complete HTTP answer whose JSON ends half-way
  not_utf8,             // bytes that are no UTF-8 inside the texts
  slow,                 // waits `delay` before the answer
  reset,                // the connection is cut without an answer
  outage,               // connections are closed at once, `count` of them
  redirect,             // 302 to `detail`
  invalid_credentials,  // 401, as after the webhook was removed
  // One method, also inside a batch.
  operating_limit,   // 429 OPERATION_TIME_LIMIT
  error,             // `status` with code `detail`
  ignore_id_filter,  // the filter by id does not hold
  duplicate_rows,    // the first row of a page comes twice
  broken_row,        // field `detail` (the id if empty) of a page's first row is of another type
  start_counts,      // start=-1 is taken for 0
  start_empties,     // with start=-1 no rows come
  offset_ignored,    // times in filters are read by the portal's clock, whatever their offset
  since_ignored,     // a condition ">=" lets everything through
  since_blind,       // or nothing
};

std::string_view name(FaultKind kind);
std::optional<FaultKind> fault_named(std::string_view word);
// Whether it strikes a whole request, not one method of it.
bool of_request(FaultKind kind);

// Whether a whole-request fault strikes before the call is carried out, or after: then the work
// is done and only the answer is lost.
enum class Strikes { before, after };

struct Fault {
  FaultKind kind = FaultKind::server_error;
  std::string method = {};  // any, if empty
  int count = 1;            // how many times; -1 for ever
  double probability = 1;   // each time
  std::string detail = {};
  int status = 400;
  milliseconds delay{0};
  Strikes strikes = Strikes::before;
  std::string body = {};  // only requests whose body has this in it
};

// The faults that are set and have not struck as often as they shall. Not thread-safe.
class Faults {
 public:
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }
  const std::vector<Fault>& list() const { return faults_; }

  // A fault of that kind that strikes this call now; its count goes down.
  std::optional<Fault> take(FaultKind kind, std::string_view method);
  // The first fault of the whole request that strikes now. `methods` are those called by it.
  std::optional<Fault> take_request(const std::vector<std::string>& methods, std::string_view body);
  // Whether an outage closes this connection; its count goes down.
  bool outage() { return take(FaultKind::outage, "").has_value(); }

 private:
  std::optional<Fault> strike(std::size_t index);
  std::vector<Fault> faults_;
  std::mt19937_64 random_{42};
};

}  // namespace b24::sim
