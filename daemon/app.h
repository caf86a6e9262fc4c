#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "config/config.h"
#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/portal.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/hints.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/offline_events.h"
#include "daemon/engine/puller.h"
#include "daemon/engine/sender.h"
#include "daemon/engine/verified.h"
#include "daemon/installer.h"
#include "daemon/store/store.h"
#include "daemon/web/server.h"

// The program put together: make() opens the file, then either start() (threads, for `run`; they
// meet the portal by themselves) or connect() and one pass: sync(), or verify(), which compares
// too.

namespace b24 {

struct AppOptions {
  bool judging = true;  // off for `sync`
  // Given: notices are shown here in place of being sent.
  std::function<void(const Notice&)> show_instead;
  PullerOptions puller;
  HttpOptions http;              // but for ca_file, which the settings name
  std::filesystem::path tokens;  // folder of an application's tokens; empty: the state folder
};

struct SyncReport {
  std::uint64_t requests = 0;
  std::uint64_t rows = 0;
  double seconds = 0;
  std::vector<Error> streams;        // why something was not read, beside what connect() told
  std::optional<ErrorKind> lacking;  // something was not read, the gravest reason for it
};

struct VerifyReport {
  Verification found;
  std::int64_t mended = 0;  // rows
  double seconds = 0;
  std::vector<Error> streams;  // as in SyncReport
  std::optional<ErrorKind> lacking;
};

class App {
 public:
  // Opens the state folder. The Config must be checked already.
  static Result<std::unique_ptr<App>> make(Config config, RuleSet rules, AppOptions options,
                                           Clock& clock);
  ~App();

  // The first words with the portal; minutes when it hangs. Fails with a sentence when the webhook
  // is refused, belongs to no administrator, or the portal cannot be reached and never was. What
  // one can live with for now (missing scopes, a portal that is away or has moved) comes back as
  // sentences; empty if all is well.
  Result<std::string> connect();

  // Starts the threads; the puller's begins with connect(). `unavailable`: the port to listen at is
  // taken.
  Result<void> start();
  // The portal has answered; or it is known from an earlier run and keeps silent for some seconds.
  bool is_up() const;
  // Ends the threads: the puller at once, the sender when the notice under way is delivered (at
  // most a second), the engine when it has written that. Rows not yet written are read again. Safe
  // to call twice.
  void stop();

  // One look at the portal, committed when it returns.
  Result<SyncReport> sync(std::function<void(const Progress&)> progress);

  // Reads the portal as sync() does, then compares the mirror with it (verify.h); the result is
  // kept in the state. `mend`: and brings what differs in order.
  enum class Mend { no, yes };
  Result<VerifyReport> verify(const VerifyOptions& wish, Mend mend,
                              const std::function<void(const Progress&)>& progress);

  // Checks rules against the mirror's schema; without errors they may be used.
  std::vector<Problem> check(const LoadedRules& rules);
  // Hands checked rules to the engine.
  void use_rules(RuleSet rules);

  // Why a thread ended by itself; the program must then end too.
  std::optional<std::string> failure() const;
  // Why connect() failed after start(); the program must then end too.
  std::optional<Error> refusal() const;
  // What the service waits for now (see Engine); empty when it works.
  std::string trouble() const;
  std::uint64_t turns() const { return engine_->turns(); }
  std::string status_line() const;

 private:
  App(Config config, AppOptions options, Clock& clock);
  std::stop_token token() const { return stop_.get_token(); }
  void fail(const std::string& why);
  void start_engine();
  Result<void> compare(Verifier& verifier, PassReport& pass, const std::function<void()>& read);
  void pull(const std::stop_token& stop);
  // False: a stop came first.
  bool wait_for_installation(const std::stop_token& stop);
  void begin_listening();
  void remember_move();
  void remember_limits();
  std::string words_about(const PortalFacts& facts, bool calendar_kept) const;
  std::string without_calendar(bool granted) const;
  std::vector<Error> untold(const std::vector<Error>& streams) const;
  std::jthread thread(const char* name, std::function<void(std::stop_token)> body);

  Config config_;
  AppOptions options_;
  Clock& clock_;
  StorePaths paths_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Reader> engine_reader_;
  std::unique_ptr<Reader> puller_reader_;
  std::unique_ptr<Client> client_;
  EventQueue events_{3};  // each may hold 2,500 rows
  Hints hints_;
  std::shared_ptr<NeededDetails> needed_ = std::make_shared<NeededDetails>();
  std::stop_source stop_;
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<OfflineEvents> offline_events_;
  std::unique_ptr<Puller> puller_;
  std::unique_ptr<Installer> installer_;
  std::unique_ptr<WebServer> web_;
  std::vector<std::string> told_scopes_;  // whose lack connect() has told
  mutable std::mutex failure_mutex_;
  std::optional<std::string> failure_;
  std::optional<Error> refusal_;
  std::string waiting_;           // for an application's installation, and what to do; or empty
  std::atomic<bool> met_{false};  // connect() is done: the portal has answered, or is known
  std::optional<SteadyTime> up_from_;  // then the service is up without that
  std::uint64_t requests_kept_ = 0;    // sent when the limits were last noted at an end
  std::promise<void> sender_ended_;
  std::jthread engine_thread_;
  std::jthread sender_thread_;
  std::jthread puller_thread_;
  std::jthread installer_thread_;
};

}  // namespace b24
