#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "daemon/app.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/values.h"
#include "daemon/engine/log.h"

namespace b24 {
namespace {

// One line that is written over, short enough for 80 columns; nothing where nobody looks.
class ProgressBar {
 public:
  ProgressBar() : visible_(isatty(STDERR_FILENO) == 1) {}
  ~ProgressBar() { wipe(); }

  void wipe() {
    if (drawn_) std::cerr << "\r\033[K" << std::flush;
    drawn_ = false;
  }

  void show(const Progress& progress, double elapsed) {
    if (!visible_) return;
    drawn_ = true;
    constexpr std::size_t kWidth = 20;
    std::string line;
    if (progress.expected && *progress.expected > 0) {
      const double part = std::min(
          1.0, static_cast<double>(progress.rows) / static_cast<double>(*progress.expected));
      const auto full = static_cast<std::size_t>(part * kWidth);
      line = fmt::format("[{}{}] {:3.0f} %  ", std::string(full, '#'),
                         std::string(kWidth - full, '.'), part * 100);
    }
    line += fmt::format(fmt::runtime(tr("строк: {}, запросов: {}", "rows: {}, requests: {}")),
                        progress.rows, progress.requests);
    if (elapsed > 1 && progress.rows > 0 && progress.expected.value_or(0) > progress.rows) {
      const double rate = static_cast<double>(progress.rows) / elapsed;
      line += fmt::format(fmt::runtime(tr(", ещё {:.0f} с", ", {:.0f} s left")),
                          static_cast<double>(*progress.expected - progress.rows) / rate);
    }
    std::cerr << '\r' << line << "\033[K" << std::flush;
  }

 private:
  bool visible_;
  bool drawn_ = false;
};

}  // namespace

Exit sync_command(const Common& common) {
  auto loaded = load_all(common, Wanted::settings_and_webhook);
  if (!loaded) return Exit::usage;
  if (loaded->config.log_level == "info") log::set_level("error");  // a person reads the report
  SystemClock clock;
  AppOptions options;
  options.judging = false;
  auto app = App::make(std::move(loaded->config), {}, options, clock);
  if (!app) {
    complain(app.error());
    return app.error().kind == ErrorKind::invalid_input ? Exit::store : Exit::portal;
  }
  auto warning = (*app)->connect();
  if (!warning) return complain(warning.error());
  if (!warning->empty()) std::cerr << "b24watch: " << *warning << '\n';
  ProgressBar bar;
  const SteadyTime began = clock.steady_now();
  auto report = (*app)->sync([&](const Progress& progress) {
    bar.show(progress, std::chrono::duration<double>(clock.steady_now() - began).count());
  });
  bar.wipe();
  if (!report) return complain(report.error());
  for (const Error& problem : report->streams) std::cerr << "b24watch: " << problem.text << '\n';
  if (common.json) {
    std::cout << dump({{"requests", report->requests},
                       {"rows", report->rows},
                       {"seconds", report->seconds}})
              << '\n';
  } else {
    std::cout << fmt::format(fmt::runtime(tr("Запросов: {}, строк: {}, секунд: {:.1f}\n",
                                             "Requests: {}, rows: {}, seconds: {:.1f}\n")),
                             report->requests, report->rows, report->seconds);
  }
  return report->lacking ? exit_of(*report->lacking) : Exit::ok;
}

}  // namespace b24
