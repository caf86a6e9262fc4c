#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <csignal>
#include <iostream>

#include "daemon/app.h"
#include "daemon/cli/commands.h"
#include "daemon/engine/log.h"
#include "rules/text.h"

namespace b24 {
namespace {

// Signals are taken by the main thread alone, at its own pace.
sigset_t our_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

// The signal that came within half a second, or 0.
int wait_for_signal(const sigset_t& set) {
  const timespec half_second{0, 500'000'000};
  const int signal = sigtimedwait(&set, nullptr, &half_second);
  return signal > 0 ? signal : 0;
}

void show(const Notice& notice) {
  std::cout << fmt::format(fmt::runtime(tr("→ сотруднику {}\n{}\n\n", "→ to user {}\n{}\n\n")),
                           notice.recipient, plain_text(notice.text))
            << std::flush;
}

// Tells systemd's watchdog that we live as long as the engine's loop turns.
class Watchdog {
 public:
  void beat(std::uint64_t turns) {
    if (turns == turns_) return;
    turns_ = turns;
    sd_notify(0, "WATCHDOG=1");
  }

 private:
  std::uint64_t turns_ = 0;
};

// SIGHUP: all the rules, or none.
void reload(const Common& common, App& app) {
  sd_notify(0, "RELOADING=1");
  const LoadedConfig settings = load_config(common.config_file);
  LoadedRules rules = load_rules(settings.config.rules);
  std::vector<Problem> problems = settings.problems;
  problems.insert(problems.end(), rules.problems.begin(), rules.problems.end());
  if (!has_errors(problems)) {
    for (Problem& problem : app.check(rules)) problems.push_back(std::move(problem));
  }
  if (has_errors(problems)) {
    for (const Problem& problem : problems)
      log::error("rules not loaded text={}", log::quoted(format_line(problem)));
  } else {
    app.use_rules(std::move(rules.rules));
  }
  sd_notify(0, "READY=1");
}

}  // namespace

Exit run_command(const Common& common, const RunArguments& arguments) {
  const sigset_t signals = our_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto loaded = load_all(common, Wanted::rules_and_webhook);
  if (!loaded) return Exit::usage;
  SystemClock clock;
  AppOptions options;
  if (arguments.dry_run) {
    options.show_instead = show;
    // What was only shown must not count as told.
    loaded->config.state_dir /= "dry-run";
  }
  auto made = App::make(loaded->config, loaded->rules.rules, options, clock);
  if (!made) {
    complain(made.error());
    return made.error().kind == ErrorKind::invalid_input ? Exit::store : Exit::portal;
  }
  App& app = **made;
  const std::vector<Problem> problems = app.check(loaded->rules);
  print_problems(problems);
  if (has_errors(problems)) return Exit::usage;
  auto warning = app.connect();
  if (!warning) return complain(warning.error());
  if (!warning->empty()) log::warn("portal text={}", log::quoted(*warning));
  if (auto started = app.start(); !started) return complain(started.error());
  log::info("started rules={} dry_run={}", loaded->rules.rules.rules.size(), arguments.dry_run);
  sd_notify(0, "READY=1");
  Watchdog watchdog;
  while (!app.failure()) {
    const int signal = wait_for_signal(signals);
    if (signal == SIGTERM || signal == SIGINT) break;
    if (signal == SIGHUP) reload(common, app);
    watchdog.beat(app.turns());
  }
  sd_notify(0, "STOPPING=1");
  app.stop();
  if (const auto why = app.failure()) {
    std::cerr << "b24watch: " << *why << '\n';
    return Exit::store;
  }
  log::info("stopped {}", app.status_line());
  return Exit::ok;
}

}  // namespace b24
