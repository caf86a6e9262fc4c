#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/portal/model.h"

// The portal's local application and the server that issues its tokens (portal docs:
// settings/oauth/), both in one place: a token lives an hour, the token to renew it with dies by
// being used; and the queue of its offline events (offline-events.md).

namespace b24::sim {

struct OfflineRecord {
  Id id = 0;
  Unix at = 0;
  std::string event;
  std::string data;        // JSON text; "false": the portal tells no ids
  std::string message_id;  // the same for all changes of one object
  std::string process_id;  // who has reserved it; empty: nobody
  bool error = false;
};

struct OAuth {
  bool installed = false;
  std::string application_token;
  std::map<std::string, Unix> access;  // until when
  std::set<std::string> refresh;       // those that still live
  std::map<std::string, Unix> codes;   // until when
  std::vector<std::string> issued;     // all ever, for tests that look for leaks
  std::uint64_t renewals = 0;
  std::uint64_t serial = 0;
  bool asks = false;  // the request under way is the application's

  std::deque<OfflineRecord> queue;
  Id next_record = 1;
};

struct World;
struct IssuedTokens {
  std::string access;
  std::string refresh;
};
IssuedTokens issue_tokens(World& world);

// What event handlers and the token server say of themselves.
inline constexpr std::string_view kMemberId = "a223c6b3710f85df22e9377d6c4f7553";

}  // namespace b24::sim
