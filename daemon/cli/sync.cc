#include <fmt/format.h>

#include <iostream>

#include "daemon/app.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/progress_bar.h"
#include "daemon/cli/values.h"
#include "daemon/engine/log.h"

namespace b24 {
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
  ProgressBar bar{clock};
  auto report = (*app)->sync([&](const Progress& progress) { bar.show(progress); });
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
