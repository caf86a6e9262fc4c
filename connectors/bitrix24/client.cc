#include "connectors/bitrix24/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <utility>

#include "connectors/bitrix24/application.h"
#include "connectors/bitrix24/client_words.h"
#include "connectors/bitrix24/envelope.h"
#include "connectors/either_stop.h"
#include "connectors/say.h"

namespace b24 {
namespace {

constexpr const char* kBatch = "batch";
constexpr seconds kGlance{1};
constexpr minutes kOperatingWindow{10};
constexpr std::size_t kErrorText = 1000;  // bytes of a portal's description that we keep

Error resting(std::string_view method) {
  return to_error({"OPERATION_TIME_LIMIT", {}, 429}, method);
}

Error no_answer(std::string_view method) {
  return error(
      ErrorKind::unavailable,
      say("Портал не ответил на вызов {} внутри пакета – повторим позже.",
          "The portal gave no answer to {} inside a batch; we shall try again later.", method));
}

std::string batch_body(const std::vector<Command>& commands, const std::set<std::string>& held) {
  Params cmd = Params::object();
  for (const Command& c : commands) {
    if (!held.contains(c.key)) cmd[c.key] = c.method + "?" + c.query;
  }
  const Params body = {{"halt", 0}, {"cmd", std::move(cmd)}};
  return body.dump(-1, ' ', false, Params::error_handler_t::replace);
}

// The token goes last, since some methods bind their parameters by order.
std::string with_token(const std::string& body, const Secret& token) {
  const std::string tail = R"("auth":)" + Params(token.reveal()).dump() + "}";
  if (body == "{}") return "{" + tail;
  return body.substr(0, body.size() - 1) + "," + tail;
}

// "foo.bitrix24.ru" -> "bitrix24.ru"; empty when what remains is no domain of its own.
std::string_view suffix(std::string_view host) {
  const auto dot = host.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view rest = host.substr(dot + 1);
  const bool numeric = rest.find_first_not_of("0123456789.:") == std::string_view::npos;
  return !numeric && rest.find('.') != std::string_view::npos ? rest : std::string_view{};
}

// Whether a Location leads to another host: an absolute one may, a relative one does not.
bool leads_away(std::string_view location, std::string_view host) {
  const auto slashes = location.find("//");
  const std::string_view scheme = location.substr(0, slashes);
  if (slashes == std::string_view::npos) return false;
  if (!scheme.empty() && scheme != "http:" && scheme != "https:") return false;
  const auto target = parse_url("https:" + std::string(location.substr(slashes)));
  return !target || target->host != host;
}

// What one exchange brought: an answer, or what its failure means.
struct Attempt {
  std::string body;
  Envelope envelope;  // views into body
  std::optional<Error> failed;
  Reaction reaction = Reaction::our_mistake;
  int sent = 1;
  bool mended = false;  // the body was no UTF-8
};

Attempt failure(Reaction reaction, Error error) {
  Attempt attempt;
  attempt.failed = std::move(error);
  attempt.reaction = reaction;
  return attempt;
}

// The portal takes the token for stale: all of the request, or, since it comes in the midst of a
// batch, what remained of it.
bool is_stale(const Attempt& attempt) {
  if (attempt.failed) return attempt.reaction == Reaction::refresh;
  if (!attempt.envelope.parts) return false;
  return std::any_of(
      attempt.envelope.parts->begin(), attempt.envelope.parts->end(), [](const auto& part) {
        return part.second.error && reaction_to(*part.second.error) == Reaction::refresh;
      });
}

}  // namespace

struct Client::Impl {
  Impl(Access a, ClientOptions o, Clock& c)
      : access(std::move(a)),
        options(std::move(o)),
        clock(c),
        limiter(options.limits),
        url(access.url),
        connection(std::make_shared<HttpConnection>(url, options.http)),
        random(options.seed ? *options.seed : std::random_device{}()) {}

  // Sends one call and repeats it as far as that is allowed.
  Attempt exchange(const std::string& method, const std::string& body, Effect effect,
                   const std::stop_token& stop);
  Attempt attempt(const std::string& method, const std::string& body, const std::stop_token& stop);
  Attempt send(const std::string& method, const std::string& body, const std::stop_token& stop);
  Result<HttpAnswer> post(const std::string& method, const std::string& body);
  std::optional<Error> follow(const std::string& location);
  Attempt judge(HttpAnswer answer, const std::string& method);
  Error unreadable(const HttpAnswer& answer) const {
    return unreadable_answer(access.way(), access.url.host, answer);
  }
  std::string scrubbed(std::string text) const;
  std::string host() const;

  // When a failed attempt may be repeated; nothing when it may not.
  std::optional<SteadyTime> again_at(const Attempt& failed, Effect effect, int attempts,
                                     const std::string& method);
  milliseconds backoff(int attempts);
  bool sleep_until(SteadyTime until, const std::stop_token& stop);
  // Until the bucket has room for one request.
  bool wait_for_room(const std::stop_token& stop);
  // Nothing when the method may be called; waits for it within the retry budget.
  std::optional<Error> wait_for_method(const std::string& method, const std::stop_token& stop);
  void note(const std::string& method, const Timing& timing);

  std::optional<Companions> companions_of(std::size_t commands);
  Result<BatchAnswer> batch(const std::vector<Command>& commands, const std::stop_token& stop);
  // Keys of the commands that must not be sent now: their method rests, or those before them use up
  // its budget.
  std::set<std::string> held_back(const std::vector<Command>& commands) const;
  // What a batch brought for one command; feeds the limiter.
  CommandAnswer command_answer(const Command& command, const CommandParts& parts);

  bool take_turn(const std::stop_token& stop);
  void end_turn();

  const Access access;
  const ClientOptions options;
  Clock& clock;
  std::stop_source cancelled;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable_any turn_changed;
  std::deque<std::uint64_t> turns;  // tickets of those who wait; the first one sends
  std::uint64_t next_ticket = 0;
  Limiter limiter;
  milliseconds waited{0};
  Url url;
  std::string moved_to;  // the host of the latest redirect
  std::shared_ptr<HttpConnection> connection;
  std::mt19937_64 random;
  std::optional<Companions> waiting;
};

bool Client::Impl::take_turn(const std::stop_token& stop) {
  std::unique_lock lock{mutex};
  const std::uint64_t ticket = next_ticket++;
  turns.push_back(ticket);
  if (turn_changed.wait(lock, stop, [&] { return turns.front() == ticket; })) return true;
  std::erase(turns, ticket);
  turn_changed.notify_all();
  return false;
}

void Client::Impl::end_turn() {
  std::lock_guard lock{mutex};
  turns.pop_front();
  turn_changed.notify_all();
}

bool Client::Impl::sleep_until(SteadyTime until, const std::stop_token& stop) {
  const SteadyTime began = clock.steady_now();
  const bool whole = clock.sleep_until(until, stop) && !stop.stop_requested();
  std::lock_guard lock{mutex};
  waited += clock.steady_now() - began;
  return whole;
}

bool Client::Impl::wait_for_room(const std::stop_token& stop) {
  for (;;) {
    const SteadyTime now = clock.steady_now();
    SteadyTime at;
    {
      std::lock_guard lock{mutex};
      at = limiter.request_at(now);
      if (at <= now && !stop.stop_requested()) {
        limiter.sent(now);
        return true;
      }
    }
    if (stop.stop_requested() || !sleep_until(at, stop)) return false;
  }
}

std::optional<Error> Client::Impl::wait_for_method(const std::string& method,
                                                   const std::stop_token& stop) {
  const SteadyTime now = clock.steady_now();
  SteadyTime at;
  {
    std::lock_guard lock{mutex};
    at = limiter.method_at(method, now);
  }
  if (at <= now) return std::nullopt;
  if (at - now > options.retry_budget) return resting(method);
  if (!sleep_until(at, stop)) return stopped();
  return std::nullopt;
}

void Client::Impl::note(const std::string& method, const Timing& timing) {
  if (!timing.operating) return;
  std::lock_guard lock{mutex};
  // Without a moment of reset, look again in a minute: the budget is kept in parts of a minute.
  limiter.reported(method, *timing.operating, timing.reset_in.value_or(seconds{60}),
                   clock.steady_now());
}

milliseconds Client::Impl::backoff(int attempts) {
  const int doublings = std::min(attempts - 1, 20);
  const auto most = options.backoff_most.count();
  const auto plain = std::min(options.backoff_first.count() << doublings, most);
  std::lock_guard lock{mutex};
  std::uniform_int_distribution<std::int64_t> jitter(0, plain / 4);
  return milliseconds{std::min(plain + jitter(random), most)};
}

std::optional<SteadyTime> Client::Impl::again_at(const Attempt& failed, Effect effect, int attempts,
                                                 const std::string& method) {
  const SteadyTime now = clock.steady_now();
  switch (failed.reaction) {
    case Reaction::retry:
      return now + backoff(attempts);
    case Reaction::retry_reads:
      if (effect == Effect::write || attempts >= options.read_attempts) return std::nullopt;
      return now + backoff(attempts);
    case Reaction::wait_method: {
      std::lock_guard lock{mutex};
      return limiter.method_at(method, now);
    }
    default:
      return std::nullopt;
  }
}

Attempt Client::Impl::exchange(const std::string& method, const std::string& body, Effect effect,
                               const std::stop_token& stop) {
  const SteadyTime began = clock.steady_now();
  int sent = 0;
  bool doubted = false;
  for (int attempts = 1;; ++attempts) {
    Attempt result = attempt(method, body, stop);
    result.sent = sent += result.sent;
    if (!result.failed) {
      // Broken on its way, or so on the portal: that shows the second time.
      const bool doubtful = result.mended && effect != Effect::write;
      if (!doubtful || std::exchange(doubted, true)) return result;
      continue;
    }
    const auto again = again_at(result, effect, attempts, method);
    if (!again || *again - began > options.retry_budget) return result;
    if (!sleep_until(*again, stop)) return failure(Reaction::our_mistake, stopped());
  }
}

Attempt Client::Impl::attempt(const std::string& method, const std::string& body,
                              const std::stop_token& stop) {
  if (!take_turn(stop)) return failure(Reaction::our_mistake, stopped());
  struct Turn {
    Impl& impl;
    ~Turn() { impl.end_turn(); }
  } const turn{*this};
  if (!access.application) return send(method, body, stop);
  const auto without_token = [](Error why) {
    const bool passing = why.kind == ErrorKind::unavailable;
    return failure(passing ? Reaction::retry_reads : Reaction::stop, std::move(why));
  };
  auto token = access.application->token(stop);
  if (!token) return without_token(token.error());
  Attempt result = send(method, with_token(body, *token), stop);
  if (!is_stale(result)) return result;
  token = access.application->token_after(*token, stop);
  if (!token) return without_token(token.error());
  result = send(method, with_token(body, *token), stop);
  ++result.sent;
  return result;
}

Attempt Client::Impl::send(const std::string& method, const std::string& body,
                           const std::stop_token& stop) {
  if (!wait_for_room(stop)) return failure(Reaction::our_mistake, stopped());
  auto answer = post(method, body);
  if (answer && answer->status / 100 == 3) {
    // A page to log in at, or about maintenance, of the portal itself.
    if (!leads_away(answer->location, host())) {
      return failure(Reaction::retry_reads, unreadable(*answer));
    }
    if (auto error = follow(answer->location)) return failure(Reaction::stop, std::move(*error));
    if (!wait_for_room(stop)) return failure(Reaction::our_mistake, stopped());
    answer = post(method, body);
    if (answer && answer->status / 100 == 3) {
      return failure(Reaction::retry_reads, unreadable(*answer));
    }
  }
  if (!answer) {
    const bool passing = answer.error().kind == ErrorKind::unavailable;
    return failure(passing ? Reaction::retry_reads : Reaction::stop, answer.error());
  }
  Attempt result = judge(std::move(*answer), method);
  std::lock_guard lock{mutex};
  if (result.failed && result.reaction == Reaction::retry) limiter.refused(clock.steady_now());
  if (result.failed && result.reaction == Reaction::wait_method) {
    limiter.exhausted(method, clock.steady_now());
  }
  return result;
}

Result<HttpAnswer> Client::Impl::post(const std::string& method, const std::string& body) {
  std::shared_ptr<HttpConnection> current;
  {
    std::lock_guard lock{mutex};
    current = connection;
  }
  return current->post(access.path.reveal() + "/" + method, body, "application/json");
}

// The portal was renamed: goes on at the new host, if it is one of the same family. The secret
// travels in the path, so no other host may get it.
std::optional<Error> Client::Impl::follow(const std::string& location) {
  const auto target = parse_url(location);
  std::lock_guard lock{mutex};
  if (target) moved_to = target->host;
  if (!target || !target->tls || suffix(target->host).empty() ||
      suffix(target->host) != suffix(url.host) || target->port != url.port) {
    return points_elsewhere(access.way(), url.host, target ? target->host : "");
  }
  url.host = target->host;
  connection = std::make_shared<HttpConnection>(url, options.http);
  if (cancelled.stop_requested()) connection->cancel();
  return std::nullopt;
}

std::string Client::Impl::host() const {
  std::lock_guard lock{mutex};
  return url.host;
}

std::string Client::Impl::scrubbed(std::string text) const {
  if (access.application) {
    text = access.application->scrubbed(std::move(text));
    if (text.size() > kErrorText) text.resize(kErrorText);
    return text;
  }
  const std::string& path = access.path.reveal();
  const std::string key = path.substr(path.rfind('/') + 1);
  for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + 3)) {
    text.replace(at, key.size(), "***");
  }
  if (text.size() > kErrorText) text.resize(kErrorText);
  return text;
}

Attempt Client::Impl::judge(HttpAnswer answer, const std::string& method) {
  Attempt result;
  result.mended = mend_utf8(answer.body);
  result.body = padded(std::move(answer.body));
  auto envelope =
      parse_envelope(result.body, method == kBatch ? Answers::batch : Answers::one_call);
  const bool empty = envelope && !envelope->error && envelope->result.empty() && !envelope->parts;
  if (!envelope || (empty && answer.status < 400)) {
    answer.body = std::move(result.body);
    return failure(Reaction::retry_reads, unreadable(answer));
  }
  if (empty) envelope->error.emplace();
  if (envelope->error) {
    PortalError& refusal = *envelope->error;
    refusal.status = answer.status;
    refusal.description = scrubbed(std::move(refusal.description));
    refusal.code = scrubbed(std::move(refusal.code));
    return failure(reaction_to(refusal), to_error(refusal, method, access.way()));
  }
  result.envelope = std::move(*envelope);
  return result;
}

std::set<std::string> Client::Impl::held_back(const std::vector<Command>& commands) const {
  const SteadyTime now = clock.steady_now();
  std::map<std::string, std::size_t> left;  // calls by method
  std::set<std::string> held;
  std::lock_guard lock{mutex};
  for (const Command& c : commands) {
    const auto [calls, first] = left.try_emplace(c.method, 0);
    if (first && limiter.method_at(c.method, now) <= now) {
      calls->second = limiter.calls_that_fit(c.method, now);
    }
    if (calls->second == 0) {
      held.insert(c.key);
    } else {
      --calls->second;
    }
  }
  return held;
}

CommandAnswer Client::Impl::command_answer(const Command& command, const CommandParts& parts) {
  CommandAnswer answer{command.key, no_answer(command.method), std::nullopt};
  const auto found = parts.find(command.key);
  if (found == parts.end()) return answer;
  const CommandPart& part = found->second;
  note(command.method, part.timing);
  answer.total = part.total;
  if (part.error) {
    PortalError refusal = *part.error;
    refusal.description = scrubbed(std::move(refusal.description));
    answer.result = to_command_error(refusal, command.method, access.way());
    std::lock_guard lock{mutex};
    if (reaction_to(refusal) == Reaction::wait_method) {
      limiter.exhausted(command.method, clock.steady_now());
    }
  } else if (!part.result.empty()) {
    answer.result = part.result;
  }
  return answer;
}

Client::Client(Access access, ClientOptions options, Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(access), std::move(options), clock)) {}

Client::~Client() = default;

Result<CallAnswer> Client::call(std::string_view method, const Params& params, Effect effect,
                                const std::stop_token& stop) {
  const std::string name{method};
  const EitherStop either{stop, impl_->cancelled.get_token()};
  if (auto waiting = impl_->wait_for_method(name, either.token())) return *waiting;
  const std::string body =
      params.is_object() ? params.dump(-1, ' ', false, Params::error_handler_t::replace) : "{}";
  const Attempt attempt = impl_->exchange(name, body, effect, either.token());
  if (attempt.failed) return *attempt.failed;
  const Envelope& envelope = attempt.envelope;
  impl_->note(name, envelope.timing);
  return CallAnswer{std::string(envelope.result), envelope.total, envelope.next,
                    envelope.timing.date_start, envelope.timing.offset};
}

void Client::send_along(Companions companions) {
  std::lock_guard lock{impl_->mutex};
  impl_->waiting.reset();
  if (!companions.commands.empty()) impl_->waiting = std::move(companions);
}

Result<BatchAnswer> Client::batch(const std::vector<Command>& commands,
                                  const std::stop_token& stop) {
  const std::optional<Companions> along = impl_->companions_of(commands.size());
  if (!along) return impl_->batch(commands, stop);
  std::vector<Command> all = along->commands;
  all.insert(all.end(), commands.begin(), commands.end());
  auto answer = impl_->batch(all, stop);
  if (!answer) {
    along->answered(answer.error());
    return answer;
  }
  const auto own = answer->commands.begin() + static_cast<std::ptrdiff_t>(along->commands.size());
  BatchAnswer theirs{.sent = answer->sent, .commands = {answer->commands.begin(), own}};
  answer->commands.erase(answer->commands.begin(), own);
  along->answered(theirs);
  return answer;
}

std::optional<Companions> Client::Impl::companions_of(std::size_t commands) {
  std::lock_guard lock{mutex};
  if (!waiting || waiting->commands.size() + commands > kBatchCommands) return std::nullopt;
  return std::exchange(waiting, std::nullopt);
}

Result<BatchAnswer> Client::Impl::batch(const std::vector<Command>& commands,
                                        const std::stop_token& stop) {
  const EitherStop either{stop, cancelled.get_token()};
  const std::set<std::string> held = held_back(commands);
  BatchAnswer answer;
  CommandParts parts;
  if (held.size() < commands.size()) {
    Attempt attempt = exchange(kBatch, batch_body(commands, held), Effect::read, either.token());
    if (attempt.failed) return *attempt.failed;
    if (!attempt.envelope.parts) return unreadable({200, "{", {}});
    parts = std::move(*attempt.envelope.parts);
    answer.sent = attempt.sent;
    answer.portal_time = attempt.envelope.timing.date_start;
    answer.portal_offset = attempt.envelope.timing.offset;
    // The views survive the move: a padded text never lies inside the string object itself.
    answer.body = std::move(attempt.body);
  }
  for (const Command& c : commands) {
    if (held.contains(c.key)) {
      answer.commands.push_back({c.key, resting(c.method), std::nullopt});
    } else {
      answer.commands.push_back(command_answer(c, parts));
    }
  }
  return answer;
}

SteadyTime Client::ready_at(const std::string& method) const {
  std::lock_guard lock{impl_->mutex};
  return impl_->limiter.method_at(method, impl_->clock.steady_now());
}

bool Client::sleep_until(SteadyTime until, const std::stop_token& stop) const {
  const EitherStop either{stop, impl_->cancelled.get_token()};
  return impl_->sleep_until(until, either.token());
}

bool Client::sit_out(SteadyTime until, const std::stop_token& stop) const {
  const EitherStop either{stop, impl_->cancelled.get_token()};
  Clock& clock = impl_->clock;
  Application* const application = impl_->access.application.get();
  if (application == nullptr) return clock.sleep_until(until, either.token());
  const std::uint64_t before = application->installations();
  while (clock.steady_now() < until && application->installations() == before) {
    const SteadyTime glance = std::min(until, clock.steady_now() + kGlance);
    if (!clock.sleep_until(glance, either.token())) return false;
    application->lacking();  // looks for tokens that came by another process
  }
  return true;
}

SteadyTime Client::steady_now() const { return impl_->clock.steady_now(); }

void Client::assume_limits(double level, const std::map<std::string, double>& operating,
                           seconds ago) {
  std::lock_guard lock{impl_->mutex};
  const double drained = static_cast<double>(ago.count()) * impl_->options.limits.drain_per_second;
  impl_->limiter.assume(std::max(0.0, level - drained),
                        ago < kOperatingWindow ? operating : std::map<std::string, double>{},
                        impl_->clock.steady_now());
}

LimiterReport Client::report() const {
  std::lock_guard lock{impl_->mutex};
  LimiterReport report = impl_->limiter.report(impl_->clock.steady_now());
  report.waited = std::chrono::duration_cast<seconds>(impl_->waited);
  return report;
}

const Access& Client::access() const { return impl_->access; }

std::string Client::host() const { return impl_->host(); }

std::string Client::moved_to() const {
  std::lock_guard lock{impl_->mutex};
  return impl_->moved_to;
}

void Client::cancel() {
  impl_->cancelled.request_stop();
  if (impl_->access.application) impl_->access.application->cancel();
  std::shared_ptr<HttpConnection> current;
  {
    std::lock_guard lock{impl_->mutex};
    current = impl_->connection;
  }
  current->cancel();
}

}  // namespace b24
