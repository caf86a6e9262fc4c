#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "connectors/bitrix24/application.h"
#include "connectors/say.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/report.h"
#include "daemon/cli/temporary_store.h"
#include "daemon/engine/log.h"
#include "daemon/same_portal.h"
#include "daemon/store/token_file.h"

namespace b24 {
namespace {

std::string help_of(const std::string& code) {
  for (const ProblemCode& known : problem_codes()) {
    if (known.code == code) return known.help.pick();
  }
  return {};
}

Check check_of(const Problem& problem) {
  const bool failed = problem.severity == Severity::error;
  return {.id = "settings",
          .outcome = failed ? Outcome::failure : Outcome::warning,
          .text = format_line(problem),
          .advice = help_of(problem.code),
          .blame = Blame::settings};
}

void check_settings(const std::filesystem::path& file, const std::vector<Problem>& problems,
                    Report& report) {
  std::error_code code;
  if (!std::filesystem::exists(file, code) && !code) {
    report.add({.id = "settings",
                .outcome = Outcome::failure,
                .text = say("Настроек {} ещё нет.", "There are no settings {} yet.", file.string()),
                .advice = say("Создайте их: sudo b24watch init.", "Make them: sudo b24watch init."),
                .blame = Blame::settings});
    return;
  }
  for (const Problem& problem : problems) report.add(check_of(problem));
  if (!problems.empty()) return;
  report.add({.id = "settings",
              .text = say("Настройки {} прочитаны.", "The settings {} are read.", file.string())});
}

// Who reads what, and how many mistakes there are. Throws StoreFailure.
RuleReaders try_rules(const Config& config, Report& report) {
  const LoadedRules loaded = load_rules(config.rules);
  std::vector<Problem> problems = loaded.problems;
  RuleReaders readers;
  if (!has_errors(problems)) {
    TemporaryStore store;
    for (Problem& problem : check_rules(store.reader(), loaded)) {
      problems.push_back(std::move(problem));
    }
    readers = readers_of(store.reader(), loaded.rules);
  }
  const auto errors = static_cast<std::size_t>(
      std::count_if(problems.begin(), problems.end(),
                    [](const Problem& p) { return p.severity == Severity::error; }));
  report.add(check_rules_loaded(loaded.rules.rules.size(), errors, problems.size() - errors));
  return readers;
}

RuleReaders check_rules(const Config& config, Report& report) try {
  return try_rules(config, report);
} catch (const StoreFailure& why) {
  report.add(check_rules_untried(why));
  return {};
}

bool somebody_listens(const HttpSettings& http) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(http.port);
  if (getaddrinfo(http.host.c_str(), port.c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int descriptor = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (descriptor < 0) continue;
    const bool open = connect(descriptor, at->ai_addr, at->ai_addrlen) == 0;
    close(descriptor);
    if (open) return true;
  }
  return false;
}

// Events that are posted are proven by what only the portal's own post of an installation brings.
bool lacks_proof(const Config& config) {
  if (!config.portal.application || config.http.public_address.empty()) return false;
  const auto tokens = TokenFile{config.state_dir}.load();
  return tokens && *tokens && (*tokens)->application_token.empty();
}

void check_receiver(const Config& config, Report& report) {
  const HttpSettings& http = config.http;
  if (http.port == 0) return;
  const std::string address = fmt::format("{}:{}", http.host, http.port);
  Check check{.id = "receiver"};
  // An application brings a token of its own.
  if (http.application_token.empty() && !config.portal.application) {
    check.outcome = Outcome::warning;
    check.text =
        say("Приёмник событий {} задан без токена: события портала не принимаются.",
            "The receiver of events {} has no token: the portal's events are refused.", address);
    check.advice = say("Впишите токен исходящего вебхука в http.application_token_file.",
                       "Put the token of the outbound webhook into http.application_token_file.");
  } else if (lacks_proof(config)) {
    check.outcome = Outcome::warning;
    check.text =
        say("События, которые портал присылает на {}, нечем проверить: приложение допущено "
            "через браузер. Приходят только офлайн-события.",
            "The events that the portal posts to {} cannot be proven: the application was "
            "admitted by a browser. Offline events alone come.",
            address);
    check.advice =
        say("Впишите {}/install в карточку приложения и сохраните её.",
            "Write {}/install on the application's card and save it.", http.public_address);
  } else if (somebody_listens(http)) {
    check.text = say("Приёмник событий {} открыт.", "The receiver of events {} is open.", address);
  } else {
    check.outcome = Outcome::warning;
    check.text =
        say("По адресу {} события никто не принимает.", "Nobody receives events at {}.", address);
    check.advice = say("Запустите службу: sudo systemctl start b24watch.",
                       "Start the service: sudo systemctl start b24watch.");
  }
  report.add(std::move(check));
}

void check_portal(const Config& config, const RuleReaders& readers, Report& report) {
  SystemClock clock;
  auto access = access_of(config, config.state_dir, {}, clock);
  if (!access) {
    report.add(
        {.id = "webhook",
         .outcome = Outcome::failure,
         .text = say("Вебхук в настройках не годится.", "The webhook in the settings is no good."),
         .advice = access.error().text,
         .blame = Blame::settings});
    return;
  }
  if (access->application) {
    if (const auto lacking = access->application->lacking()) {
      report.add(check_not_installed(*lacking));
      return;
    }
  }
  Client client{std::move(*access), impatient_client(config.portal), clock};
  const std::string url = client.access().portal_url();
  const Way way = client.access().way();
  auto sight = meet_portal(client, clock, {});
  if (!sight) {
    report.add(check_refusal(sight.error(), url, way));
    return;
  }
  report.add(check_owner(*sight));
  report.add(check_calendar(*sight, config));
  if (!sight->facts.admin) return;
  if (const auto probed = probe_sight(client, *sight, {}); !probed) {
    report.add(check_refusal(probed.error(), url, way));
    return;
  }
  report.add(check_streams(*sight, readers));
  report.add(check_behaviour(sight->probe));
  if (way == Way::webhook) return;
  auto offline = check_offline_events(client, {});
  report.add(offline ? std::move(*offline) : check_refusal(offline.error(), url, way));
}

}  // namespace

Exit doctor_command(const Common& common) {
  const LoadedConfig loaded = load_config(common.config_file);
  use_language(loaded.config.language);
  log::set_level("error");  // a person reads the report
  Report report{common.json ? Report::Printing::never : Report::Printing::at_once};
  check_settings(common.config_file, loaded.problems, report);
  if (!has_errors(loaded.problems)) {
    // A disk without room is why the rest fails, and so is told first.
    report.add(check_disk(look_at_disk(loaded.config.state_dir)));
    const RuleReaders readers = check_rules(loaded.config, report);
    report.add(check_mirror(loaded.config, SystemClock{}.now()));
    check_receiver(loaded.config, report);
    check_portal(loaded.config, readers, report);
  }
  std::cout << (common.json ? checks_json(report.checks()) : "\n" + summary(report.checks()))
            << '\n';
  return exit_of(report.checks());
}

}  // namespace b24
