#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/bitrix24/errors.h"
#include "connectors/bitrix24/limiter.h"
#include "connectors/http.h"
#include "connectors/secret.h"
#include "rules/base/result.h"
#include "rules/base/time.h"

// Calls the portal's REST methods, through an inbound webhook or as an application, under the
// portal's limits.

namespace b24 {

class Application;

// Ordered, because tasks.task.* binds parameters by order (portal docs: tasks-task-list.md).
using Params = nlohmann::ordered_json;

struct ClientOptions {
  LimiterOptions limits;
  HttpOptions http;
  int read_attempts = 4;             // of one call, the first included
  seconds retry_budget{120};         // longest time spent on repeats of one call
  milliseconds backoff_first{1000};  // doubles, with jitter of a quarter, up to backoff_most
  milliseconds backoff_most{30000};
  std::optional<std::uint64_t> seed;  // of the jitter; nothing: by chance
};

// A webhook address: "https://portal/rest/17/secret/". Only the host may be shown.
struct Webhook {
  Url url;      // path without the secret part is never kept: use path()
  Secret path;  // "/rest/17/secret"
  std::int64_t user_id = 0;
};
// Fails with invalid_input, saying what an address must look like, without repeating it.
Result<Webhook> parse_webhook(const Secret& address);

// How the portal is reached: by a webhook, or by an application, whose token is sent in the body,
// since logs on the way keep addresses (portal docs: general-principles.md).
struct Access {
  Access(Webhook webhook);                           // NOLINT: a webhook is an access
  Access(std::shared_ptr<Application> application);  // NOLINT: so is an application
  Way way() const { return application ? Way::application : Way::webhook; }
  std::string portal_url() const;  // "https://portal"

  Url url;
  Secret path;               // "/rest/17/secret"; of an application "/rest"
  std::int64_t user_id = 0;  // the webhook's owner; 0: whoever installed the application
  std::shared_ptr<Application> application;  // null for a webhook
};

// Whether repeating a call that may have been executed does harm.
enum class Effect { read, write };

struct CallAnswer {
  std::string result;  // JSON text of "result"
  std::optional<std::int64_t> total;
  std::optional<std::int64_t> next;
  std::optional<Time> portal_time;       // time.date_start
  std::optional<seconds> portal_offset;  // of the portal's clock to UTC
};

struct Command {
  std::string key;  // "d0"; a letter first, so that the answer stays an object
  std::string method;
  std::string query;  // to_query(); values may hold "$result[d0][items][49][id]"
};

struct CommandAnswer {
  std::string key;
  // JSON text of the command's result, a part of BatchAnswer::body; or why it failed.
  Result<std::string_view> result;
  std::optional<std::int64_t> total;
};

struct BatchAnswer {
  int sent = 1;                         // how often; above one, commands may have been done twice
  std::string body;                     // keeps the views alive; padded for the parser
  std::vector<CommandAnswer> commands;  // in the order sent; those after a halt are missing
  std::optional<Time> portal_time;
  std::optional<seconds> portal_offset;
};

// Commands that share somebody else's request.
struct Companions {
  std::vector<Command> commands;
  // Their answers, or why the request failed. Called by the thread that made the request, which
  // must not be held up.
  std::function<void(const Result<BatchAnswer>&)> answered;
};

// Thread-safe: calls are made one at a time on one connection, in the order of arrival.
//
// An application's token that the portal takes for stale is renewed once and the request repeated,
// whether it is refused as a whole or a command of it is.
class Client {
 public:
  Client(Access access, ClientOptions options, Clock& clock);
  ~Client();

  // Waits for its turn under the limits, sends, and repeats what the table of errors says may be
  // repeated. What remains is returned as an Error with a sentence for a person.
  Result<CallAnswer> call(std::string_view method, const Params& params, Effect effect,
                          const std::stop_token& stop);

  // Up to kBatchCommands reads in one request. A command that failed holds its error; commands
  // refused for the operating budget come back as wait_until.
  Result<BatchAnswer> batch(const std::vector<Command>& commands, const std::stop_token& stop);

  // These go along with the next batch that has room for all of them, before its own commands;
  // in place of any that still wait. None: nothing goes along.
  void send_along(Companions companions);

  // When a call of the method could be sent at the earliest, for choosing what to read next.
  SteadyTime ready_at(const std::string& method) const;

  // Sleeps by the client's clock. False when stopped or cancelled.
  bool sleep_until(SteadyTime until, const std::stop_token& stop) const;
  // The same in trouble: ends sooner when the application is installed anew.
  bool sit_out(SteadyTime until, const std::stop_token& stop) const;
  SteadyTime steady_now() const;

  // The portal knows nothing of our restarts: `level` requests were in its bucket `ago`, and so
  // much of the operating budgets was spent, in seconds by method.
  void assume_limits(double level, const std::map<std::string, double>& operating, seconds ago);
  LimiterReport report() const;
  // As given. After the portal was renamed, host() is where it is spoken to.
  const Access& access() const;
  std::string host() const;
  // The host that the portal's latest redirect led to, followed or not; empty without one.
  std::string moved_to() const;
  // Ends a call under way (it returns `stopped`) and refuses further ones. Any thread.
  void cancel();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Params as PHP's http_build_query writes them, for a command inside a batch.
std::string to_query(const Params& params);

}  // namespace b24
