#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <thread>

#include "daemon/app.h"
#include "daemon/cli/commands.h"
#include "daemon/engine/log.h"
#include "daemon/store/backup.h"
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

// The signal that came within that time (below a second), or 0.
int wait_for_signal(const sigset_t& set, milliseconds most) {
  const timespec patience{0, most.count() * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &patience);
  return signal > 0 ? signal : 0;
}

void show(const Notice& notice) {
  std::cout << fmt::format(fmt::runtime(tr("→ сотруднику {}\n{}\n\n", "→ to user {}\n{}\n\n")),
                           notice.recipient, plain_text(notice.text))
            << std::flush;
}

// `systemctl status` shows the sentence.
void tell_systemd(std::string_view state, std::string_view sentence) {
  sd_notify(0, fmt::format("{}STATUS={}", state, sentence).c_str());
}

std::ptrdiff_t in_force(const RuleSet& set) {
  return std::ranges::count_if(set.rules, &Rule::enabled);
}

void tell_ready(std::ptrdiff_t rules) {
  const auto sentence = tr("Наблюдает, правил: {}", "Watching, rules: {}");
  tell_systemd("READY=1\n", fmt::format(fmt::runtime(sentence), rules));
}

void tell_trouble(const std::string& trouble) {
  const auto and_then =
      tr("Служба ждёт и продолжит сама.", "The service waits and goes on by itself.");
  tell_systemd("", fmt::format("{} {}", trouble, and_then));
}

// Tells systemd's watchdog, four times in the time it allows, that the engine's loop turns.
class Watchdog {
 public:
  explicit Watchdog(Clock& clock) : clock_(clock) {
    std::uint64_t allowed_us = 0;
    if (sd_watchdog_enabled(0, &allowed_us) > 0) pace_ = milliseconds{allowed_us / 4000};
  }
  void beat(std::uint64_t turns) {
    const SteadyTime now = clock_.steady_now();
    if (!pace_ || turns == turns_ || now - beaten_ < *pace_) return;
    turns_ = turns;
    beaten_ = now;
    sd_notify(0, "WATCHDOG=1");
  }

 private:
  Clock& clock_;
  std::optional<milliseconds> pace_;
  std::uint64_t turns_ = 0;
  SteadyTime beaten_{};
};

// SIGHUP: all the rules, or none. Gives the number of those in force then.
std::optional<std::ptrdiff_t> reload(const Common& common, App& app) {
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
    tell_systemd("READY=1\n",
                 tr("Наблюдает по прежним правилам: в новых ошибка, она в журнале",
                    "Watching by the old rules: the new ones have a mistake, it is in the log"));
    return std::nullopt;
  }
  const std::ptrdiff_t count = in_force(rules.rules);
  tell_ready(count);
  app.use_rules(std::move(rules.rules));
  return count;
}

// A database that was lost or emptied is begun anew; whoever finds that wrong can still go back.
void warn_if_lost(const StorePaths& paths) {
  std::error_code none;
  const auto size = std::filesystem::file_size(paths.file(), none);
  if ((!none && size > 0) || backups(paths).empty()) return;
  log::warn(
      "database is new text={}",
      log::quoted(fmt::format(
          fmt::runtime(tr("База {} пуста, а копии тревог есть: чтобы вернуть тревоги, остановите "
                          "службу и выполните «b24watch restore».",
                          "The database {} is empty, though there are backups: to have the "
                          "alerts back, stop the service and run \"b24watch restore\".")),
          paths.file().string())));
}

// Until a signal to end comes, or the program cannot go on.
void watch(const Common& common, const RunArguments& arguments, std::ptrdiff_t rules, App& app,
           const sigset_t& signals, Clock& clock) {
  Watchdog watchdog{clock};
  bool ready = false;
  std::string trouble;
  while (!app.failure() && !app.refusal()) {
    if (!ready && app.is_up()) {
      ready = true;
      log::info("started rules={} dry_run={}", rules, arguments.dry_run);
      tell_ready(rules);
    }
    const int signal = wait_for_signal(signals, milliseconds{ready ? 500 : 20});
    if (signal == SIGTERM || signal == SIGINT) return;
    if (signal == SIGHUP) {
      rules = reload(common, app).value_or(rules);
      trouble.clear();  // what stands in the way is told again: it is not mended by new rules
    }
    if (const std::string now = app.trouble(); ready && now != trouble) {
      trouble = now;
      if (trouble.empty()) {
        tell_ready(rules);
      } else {
        tell_trouble(trouble);
      }
    }
    watchdog.beat(app.turns());
  }
}

// Why the program ends by itself, if it does.
Exit last_words(const App& app) {
  if (const auto refusal = app.refusal()) return complain(*refusal);
  const auto failure = app.failure();
  if (!failure) return Exit::ok;
  std::cerr << "b24watch: " << *failure << '\n';
  return Exit::store;
}

// The look-up of a name or a heavy query may hold a thread for longer than two seconds. It need not
// be waited for: a kill at any moment loses nothing.
void end_in_time(Exit code) {
  std::thread{[code] {
    std::this_thread::sleep_for(milliseconds{1800});
    std::_Exit(static_cast<int>(code));
  }}.detach();
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
    options.tokens = loaded->config.state_dir;
    loaded->config.state_dir /= "dry-run";
  }
  warn_if_lost(StorePaths{loaded->config.state_dir});
  auto made = App::make(loaded->config, loaded->rules.rules, options, clock);
  if (!made) {
    complain(made.error());
    return made.error().kind == ErrorKind::invalid_input ? Exit::store : Exit::portal;
  }
  App& app = **made;
  const std::vector<Problem> problems = app.check(loaded->rules);
  print_problems(problems);
  if (has_errors(problems)) return Exit::usage;
  if (auto started = app.start(); !started) return complain(started.error());
  watch(common, arguments, in_force(loaded->rules.rules), app, signals, clock);
  sd_notify(0, "STOPPING=1");
  const Exit code = last_words(app);
  end_in_time(code);
  app.stop();
  if (code == Exit::ok) log::info("stopped {}", app.status_line());
  return code;
}

}  // namespace b24
