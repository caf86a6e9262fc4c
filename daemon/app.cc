#include "daemon/app.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <set>
#include <utility>

#include "connectors/bitrix24/application.h"
#include "connectors/bitrix24/entities.h"
#include "connectors/bitrix24/errors.h"
#include "connectors/bitrix24/notifier.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/log.h"
#include "daemon/same_portal.h"

namespace b24 {
namespace {

// `run --dry-run`: the same way to the end, where the words are shown in place of being sent.
class ShowingNotifier : public Notifier {
 public:
  explicit ShowingNotifier(std::function<void(const Notice&)> show) : show_(std::move(show)) {}
  Result<std::int64_t> deliver(const Notice& notice) override {
    show_(notice);
    return std::int64_t{0};
  }

 private:
  std::function<void(const Notice&)> show_;
};

// What the sender gets for the notice under way when all is to end within two seconds.
constexpr milliseconds kLastNotice{1000};
// How long a start waits for a portal known from an earlier run: a webhook that is refused fails
// the start itself, a portal that is away does not.
constexpr seconds kFirstWord{5};
constexpr seconds kLookForTokens{1};

// A new file is of whichever portal it is first used with.
Result<void> keep_portal(Writer& writer, const std::string& host) {
  const auto known = writer.meta(kPortalMeta);
  if (auto same = same_portal(known, writer.meta(kMovedMeta), host); !same) return same;
  if (known != host) {
    Writer::Transaction transaction{writer};
    writer.set_meta(kPortalMeta, host);
    transaction.commit();
  }
  return {};
}

std::string with_sentence(std::string text, const std::string& sentence) {
  if (text.empty() || sentence.empty()) return text + sentence;
  return text + " " + sentence;
}

std::optional<ErrorKind> gravest(const std::vector<Error>& problems) {
  std::optional<ErrorKind> found;
  for (const Error& problem : problems) {
    if (!found || passes_by_itself(*found)) found = problem.kind;
  }
  return found;
}

}  // namespace

App::App(Config config, AppOptions options, Clock& clock)
    : config_(std::move(config)), options_(std::move(options)), clock_(clock) {
  paths_.state_dir = config_.state_dir;
  options_.puller.pace = {config_.portal.poll, config_.portal.poll_quiet};
  options_.puller.calendar = config_.calendar;
  options_.puller.details.needed = needed_;
  options_.puller.presence.people = config_.people;
  options_.puller.presence.scope = config_.scope;
}

Result<std::unique_ptr<App>> App::make(Config config, RuleSet rules, AppOptions options,
                                       Clock& clock) {
  const std::filesystem::path tokens = options.tokens.empty() ? config.state_dir : options.tokens;
  auto access = access_of(config, tokens, options.http, clock);
  if (!access) return access.error();
  std::unique_ptr<App> app{new App{std::move(config), std::move(options), clock}};
  auto writer = Writer::open(app->paths_);
  if (!writer) return writer.error();
  app->writer_ = std::move(*writer);
  if (auto same = keep_portal(*app->writer_, access->url.host); !same) return same.error();
  for (auto* reader : {&app->engine_reader_, &app->puller_reader_}) {
    auto opened = Reader::open(app->paths_);
    if (!opened) return opened.error();
    *reader = std::move(*opened);
  }
  app->client_ = make_client(std::move(*access), app->config_, app->options_.http,
                             app->writer_->meta(kLimitsMeta), clock);
  try {
    app->writer_->set_meta(kLimitsMeta, limits_now(*app->client_, clock));
  } catch (const StoreFailure& problem) {
    // A service waits for the disk at its work, and says so there; what it sends meanwhile is noted
    // with the first rows.
    if (!problem.passes || !app->options_.judging) throw;
  }
  if (app->options_.show_instead) {
    app->notifier_ = std::make_unique<ShowingNotifier>(app->options_.show_instead);
  } else {
    app->notifier_ = std::make_unique<BellNotifier>(*app->client_, app->token());
  }
  app->sender_ = std::make_unique<Sender>(*app->notifier_, app->events_);
  app->engine_ = std::make_unique<Engine>(
      *app->writer_, *app->engine_reader_, app->config_, std::move(rules), app->events_, clock,
      EngineOptions{app->client_->access().portal_url(), app->options_.judging, app->needed_,
                    ask_by(app->hints_)},
      [sender = app->sender_.get()](const Notice& notice) { return sender->hand(notice); });
  app->puller_ = std::make_unique<Puller>(*app->client_, *app->puller_reader_, app->events_,
                                          app->hints_, clock, app->options_.puller);
  return app;
}

App::~App() { stop(); }

Result<std::string> App::connect() {
  const auto kept = kept_facts(*puller_reader_);
  // A command that comes every few minutes need not ask again who it is, unless something lacked.
  const bool fresh =
      kept && missing_scopes(kept->facts.scopes).empty() &&
      (client_->access().application || kept->facts.user_id == client_->access().user_id) &&
      clock_.now() - kept->read_at < options_.puller.facts_every;
  for (const PresencePart part : kAbsenceParts) {
    if (const auto away = kept_absences(*puller_reader_, part)) {
      puller_->assume_presence(part, away->read_at);
    }
  }
  if (fresh && !options_.judging) {
    puller_->assume(kept->facts, kept->read_at);
    return std::string{};
  }
  auto facts = puller_->read_facts(token());
  if (facts) {
    told_scopes_ = missing_scopes(facts->scopes);
    return words_about(*facts, kept && kept->facts.calendar);
  }
  // A portal that is away for a while is no reason for a service not to start.
  if (facts.error().kind != ErrorKind::unavailable || !kept || !options_.judging) {
    return facts.error();
  }
  puller_->assume(kept->facts, from_unix(0));
  return facts.error().text;
}

// By the right to read calendars come the absences too.
std::string App::without_calendar(bool granted) const {
  const CalendarSettings without = merged(std::nullopt, config_.calendar, {});
  const auto hour = [](minutes since_midnight) {
    return fmt::format("{}:{:02}", since_midnight.count() / 60, since_midnight.count() % 60);
  };
  return fmt::format(
      fmt::runtime(tr("Пока рабочее время – {}–{}, {} с портала не учитываются.",
                      "Until then the working hours are {}–{}, and the portal's {} do not count.")),
      hour(without.work_start), hour(without.work_end),
      granted ? tr("праздники", "holidays") : tr("праздники и отпуска", "holidays and absences"));
}

std::string App::words_about(const PortalFacts& facts, bool calendar_kept) const {
  std::string words = about_scopes(told_scopes_, facts.way);
  if (!facts.calendar) {
    words = with_sentence(std::move(words), facts.calendar_problem);
    const bool granted = facts.scopes.contains("calendar");
    if (!granted || !calendar_kept) {
      words = with_sentence(std::move(words), without_calendar(granted));
    }
  }
  const std::string& known = client_->access().url.host;
  const std::string host = client_->host();
  if (host == known) return words;
  if (facts.way == Way::application) {
    return with_sentence(
        std::move(words),
        fmt::format(fmt::runtime(tr("Портал {} переехал на {} – впишите новый адрес в "
                                    "portal.application.address.",
                                    "The portal {} has moved to {}: write the new address as "
                                    "portal.application.address.")),
                    known, host));
  }
  return with_sentence(
      std::move(words),
      fmt::format(fmt::runtime(tr("Портал {} переехал на {} – впишите новый адрес вебхука в "
                                  "настройки.",
                                  "The portal {} has moved to {}: put the new address of the "
                                  "webhook into the settings.")),
                  known, host));
}

void App::fail(const std::string& why) {
  {
    std::lock_guard lock{failure_mutex_};
    if (!failure_) failure_ = why;
  }
  stop_.request_stop();
}

std::optional<Error> App::refusal() const {
  std::lock_guard lock{failure_mutex_};
  return refusal_;
}

std::optional<std::string> App::failure() const {
  std::lock_guard lock{failure_mutex_};
  return failure_;
}

std::jthread App::thread(const char* name, std::function<void(std::stop_token)> body) {
  return std::jthread{[this, name, body = std::move(body), token = token()] {
    pthread_setname_np(pthread_self(), name);
    // The one place where a thread's exceptions end: the program cannot go on without it.
    try {
      body(token);
    } catch (const StoreFailure& problem) {
      fail(problem.what());  // the sentence the program ends with
    } catch (const std::exception& problem) {
      log::error("thread ended thread={} text={}", name, log::quoted(problem.what()));
      fail(problem.what());
    }
  }};
}

// What an application brings: its events, in the queue and by post.
void App::begin_listening() {
  const std::shared_ptr<Application>& application = client_->access().application;
  // Words that are only shown must not take the queue from the service.
  if (!application || options_.show_instead) return;
  const auto kept = puller_reader_->meta(kOfflineEventsMeta);
  OfflineEventsOptions queue;
  if (config_.http.port != 0) queue.public_address = config_.http.public_address;
  if (kept) queue.before = offline_events_from_json(*kept).value_or(KeptOfflineEvents{});
  offline_events_ = std::make_unique<OfflineEvents>(*client_, events_, hints_, clock_, queue);
  puller_->listen_to(*offline_events_);
  installer_ = std::make_unique<Installer>(*application, clock_, [this] {
    offline_events_->check_handlers();
    hints_.add({Entity::deal, 0});  // so that it is done now
  });
}

Result<void> App::start() {
  begin_listening();
  if (config_.http.port != 0) {
    WebOptions web;
    web.host = config_.http.host;
    web.port = config_.http.port;
    web.application_token = config_.http.application_token;
    if (installer_) {
      web.installed_token = [application = client_->access().application] {
        return application->application_token();
      };
      web.installation = [this](std::string body) { installer_->take(std::move(body)); };
    }
    web_ = std::make_unique<WebServer>(std::move(web),
                                       [this](const Hint& hint) { return hints_.add(hint); });
    auto port = web_->start();
    if (!port) return port.error();
    log::info("listening address={} port={}", config_.http.host, *port);
  }
  if (kept_facts(*puller_reader_)) up_from_ = clock_.steady_now() + kFirstWord;
  start_engine();
  sender_thread_ = thread("sender", [this](std::stop_token stop) {
    sender_->run(stop);
    sender_ended_.set_value();
  });
  puller_thread_ = thread("puller", [this](std::stop_token stop) { pull(stop); });
  if (installer_) {
    installer_thread_ =
        thread("installer", [this](std::stop_token stop) { installer_->run(stop); });
  }
  return {};
}

bool App::is_up() const {
  if (met_ || (up_from_ && clock_.steady_now() >= *up_from_)) return true;
  std::lock_guard lock{failure_mutex_};
  return !waiting_.empty();
}

std::string App::trouble() const {
  {
    std::lock_guard lock{failure_mutex_};
    if (!waiting_.empty()) return waiting_;
  }
  return engine_->trouble();
}

bool App::wait_for_installation(const std::stop_token& stop) {
  const std::shared_ptr<Application>& application = client_->access().application;
  if (!application) return true;
  const auto wait_for = [this](const std::string& what) {
    std::lock_guard lock{failure_mutex_};
    if (waiting_ == what) return;
    waiting_ = what;
    if (!what.empty()) log::warn("waiting for the application text={}", log::quoted(what));
    if (what.empty()) log::info("application found");
  };
  while (const auto lacking = application->lacking()) {
    wait_for(lacking->text);
    if (!clock_.sleep_until(clock_.steady_now() + kLookForTokens, stop)) return false;
  }
  wait_for({});
  return true;
}

void App::start_engine() {
  engine_thread_ = thread("engine", [this](std::stop_token stop) {
    engine_->run(stop);
    engine_->finish();
  });
}

void App::pull(const std::stop_token& stop) {
  if (!wait_for_installation(stop)) return;
  const auto words = connect();
  if (!words) {
    if (words.error().kind == ErrorKind::stopped) return;
    const std::shared_ptr<Application>& application = client_->access().application;
    // Its tokens have died: somebody has to install it anew.
    if (application && application->lacking()) return pull(stop);
    std::lock_guard lock{failure_mutex_};
    refusal_ = words.error();
    return;
  }
  if (!words->empty()) log::warn("portal text={}", log::quoted(*words));
  met_ = true;
  puller_->run(stop);
}

void App::stop() {
  stop_.request_stop();
  if (web_) web_->stop();
  // The notice under way is waited for: broken off, it would be told again.
  if (sender_thread_.joinable()) sender_ended_.get_future().wait_for(kLastNotice);
  if (client_) client_->cancel();
  for (std::jthread* running : {&puller_thread_, &sender_thread_, &installer_thread_}) {
    if (running->joinable()) running->join();
  }
  events_.close();
  if (engine_thread_.joinable()) engine_thread_.join();
  remember_move();
  remember_limits();
}

// So that settings with the new address fit the mirror that is there.
void App::remember_move() try {
  const std::string host = client_ ? client_->moved_to() : std::string{};
  if (host.empty() || writer_->meta(kMovedMeta) == host) return;
  Writer::Transaction transaction{*writer_};
  writer_->set_meta(kMovedMeta, host);
  transaction.commit();
} catch (const StoreFailure& problem) {
  log::error("new address not kept text={}", log::quoted(problem.what()));
}

// What was asked for after the engine last noted it: a comparison, a message, a look cut short.
// A disk that failed the engine is not waited for.
void App::remember_limits() try {
  if (!engine_ || failure() || !engine_->trouble().empty()) return;
  const std::uint64_t requests = client_->report().requests;
  if (std::exchange(requests_kept_, requests) == requests) return;
  Writer::Transaction transaction{*writer_};
  writer_->set_meta(kLimitsMeta, limits_now(*client_, clock_));
  transaction.commit();
} catch (const StoreFailure& problem) {
  log::error("limits not kept text={}", log::quoted(problem.what()));
}

// Each sentence once, and none about a scope that was named already.
std::vector<Error> App::untold(const std::vector<Error>& streams) const {
  std::set<std::string> told;
  for (const StreamState& state : engine_reader_->streams()) {
    const auto scope = scope_of(spec(state.entity).method);
    if (std::find(told_scopes_.begin(), told_scopes_.end(), scope) != told_scopes_.end()) {
      told.insert(state.problem);
    }
  }
  std::vector<Error> rest;
  for (const Error& problem : streams) {
    if (told.insert(problem.text).second) rest.push_back(problem);
  }
  return rest;
}

Result<SyncReport> App::sync(std::function<void(const Progress&)> progress) {
  const SteadyTime began = clock_.steady_now();
  puller_->on_progress(std::move(progress));
  // Whoever asks for the portal as it is now means its directories and rates as well.
  puller_->renew(Puller::Renewed::whole_lists);
  start_engine();
  const PassReport pass = puller_->pass(Puller::Counts::now, token());
  stop();
  if (const auto why = failure()) throw StoreFailure{*why};
  if (pass.error) return *pass.error;
  return SyncReport{client_->report().requests, pass.rows,
                    std::chrono::duration<double>(clock_.steady_now() - began).count(),
                    untold(pass.streams), gravest(pass.streams)};
}

// One look, the mirror brought up to date, the second look; `read` after each request.
Result<void> App::compare(Verifier& verifier, PassReport& pass, const std::function<void()>& read) {
  const auto look = [&]() -> Result<void> {
    while (!verifier.look_over()) {
      if (auto asked = verifier.step(token()); !asked) return asked;
      read();
    }
    return {};
  };
  if (auto first = look(); !first || verifier.suspected().empty()) return first;
  puller_->renew();
  pass = puller_->pass(Puller::Counts::now, token());
  if (pass.error) return *pass.error;
  verifier.look_again(Verifier::Mirror::caught_up);
  return look();
}

Result<VerifyReport> App::verify(const VerifyOptions& wish, Mend mend,
                                 const std::function<void(const Progress&)>& progress) {
  const SteadyTime began = clock_.steady_now();
  VerifyReport report;
  puller_->on_progress(progress);
  puller_->renew();
  start_engine();
  PassReport pass = puller_->pass(Puller::Counts::now, token());
  Result<void> done;
  if (!pass.error) {
    Verifier verifier{*client_, *puller_reader_, clock_, wish};
    verifier.on_progress(progress);
    done = compare(verifier, pass, [&] {
      if (mend == Mend::yes) report.mended += puller_->mend(verifier, token());
    });
    report.found = verifier.result();
    if (done && mend == Mend::yes) {
      report.mended += puller_->ask_again(verifier);
      pass = puller_->pass(Puller::Counts::now, token());
    }
  }
  stop();
  if (const auto why = failure()) throw StoreFailure{*why};
  if (pass.error) return *pass.error;
  if (!done) return done.error();
  if (wish.streams.empty()) {
    Writer::Transaction transaction{*writer_};
    writer_->set_meta(kVerifiedMeta, to_json(report.found));
    transaction.commit();
  }
  report.streams = untold(pass.streams);
  report.lacking = gravest(pass.streams);
  report.seconds = std::chrono::duration<double>(clock_.steady_now() - began).count();
  return report;
}

std::vector<Problem> App::check(const LoadedRules& rules) {
  auto reader = Reader::open(paths_);
  if (!reader) throw StoreFailure{reader.error().text};
  return check_rules(**reader, rules);
}

void App::use_rules(RuleSet rules) { events_.put(RulesLoaded{std::move(rules)}); }

std::string App::status_line() const {
  const LimiterReport report = client_->report();
  const WebCounters heard = web_ ? web_->counters() : WebCounters{};
  return fmt::format("requests={} refusals={} events={} events_refused={} hints_dropped={}",
                     report.requests, report.refusals, heard.events, heard.refused,
                     hints_.dropped());
}

}  // namespace b24
