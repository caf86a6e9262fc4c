#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "config/problem.h"
#include "connectors/say.h"
#include "daemon/app.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/progress_bar.h"
#include "daemon/cli/values.h"
#include "daemon/cli/verify_words.h"
#include "daemon/engine/checkup.h"
#include "daemon/engine/log.h"
#include "daemon/onlooker.h"

namespace b24 {
namespace {

constexpr std::size_t kShownDifferences = 50;
// Enough for more ids than any portal has.
constexpr std::int64_t kMostRequests = 1'000'000;

std::string unknown_stream(const std::string& word) {
  std::vector<std::string> known;
  for (const Entity entity : kEntities) known.emplace_back(name(entity));
  const std::string guess = nearest(word, known);
  const std::string sentence =
      say("В зеркале нет потока «{}»", "The mirror has no stream \"{}\"", excerpt(word));
  if (!guess.empty())
    return sentence + say(" – может быть, «{}»?", ": did you mean \"{}\"?", guess);
  return sentence + say(". Есть: {}.", ". There are: {}.", fmt::join(known, ", "));
}

// What the arguments wish for; what is wrong with them is printed.
std::optional<VerifyOptions> wish_of(const VerifyArguments& arguments) {
  VerifyOptions wish;
  const auto wrong = [](const std::string& sentence) {
    std::cerr << "b24watch: " << sentence << '\n';
    return std::nullopt;
  };
  if (arguments.requests < static_cast<std::int64_t>(kFewestVerifyRequests)) {
    return wrong(say("Для сверки нужно хотя бы {} запросов: --requests {}.",
                     "A comparison takes {} requests at least: --requests {}.",
                     kFewestVerifyRequests, kFewestVerifyRequests));
  }
  if (arguments.rows < 0) {
    return wrong(say("Строк не бывает меньше нуля: --rows 0 – без сверки полей.",
                     "There are no rows below zero: --rows 0 compares no fields."));
  }
  wish.requests = static_cast<std::uint64_t>(std::min(arguments.requests, kMostRequests));
  wish.rows = arguments.rows;
  for (const std::string& word : arguments.streams) {
    const auto entity = entity_named(word);
    if (!entity) return wrong(unknown_stream(word));
    wish.streams.insert(*entity);
  }
  return wish;
}

OrderedJson to_json(const StreamVerdict& s) {
  return {{"entity", std::string{name(s.entity)}},
          {"compared", s.compared},
          {"refused", s.refused},
          {"portal_rows", s.portal_rows ? OrderedJson(*s.portal_rows) : OrderedJson(nullptr)},
          {"mirror_rows", s.mirror_rows},
          {"ids", s.ids},
          {"rows", s.rows},
          {"differences", s.differences},
          {"undecided", s.undecided},
          {"problem", s.problem}};
}

OrderedJson to_json(const DetailVerdict& d) {
  return {{"detail", std::string{name(d.detail)}},
          {"needed", d.needed},
          {"compared", d.compared},
          {"objects", d.objects},
          {"differences", d.differences},
          {"undecided", d.undecided},
          {"problem", d.problem}};
}

OrderedJson to_json(const Difference& d) {
  OrderedJson json = {{"entity", std::string{name(d.entity)}}, {"kind", std::string{name(d.kind)}}};
  if (d.id != 0) json["id"] = d.id;
  if (!d.field.empty()) json["field"] = d.field;
  if (d.kind == Difference::Kind::missing || d.kind == Difference::Kind::gone) return json;
  json["mirror"] = value_json(d.here);
  json["portal"] = value_json(d.there);
  return json;
}

// What stays undecided is no failure: beside the service it is the usual case.
Exit exit_of(const VerifyReport& report) {
  if (report.found.differing() > 0) return Exit::failed;
  if (report.lacking) return exit_of(*report.lacking);
  const auto& streams = report.found.streams;
  for (const StreamVerdict& stream : streams) {
    if (stream.failed) return exit_of(*stream.failed);
  }
  if (std::ranges::any_of(streams, &StreamVerdict::compared)) return Exit::ok;
  // Nothing was compared, which is not the same as equal.
  return std::ranges::any_of(streams, &StreamVerdict::refused) ? Exit::portal : Exit::later;
}

OrderedJson to_json(const VerifyReport& report) {
  OrderedJson streams = OrderedJson::array();
  for (const StreamVerdict& stream : report.found.streams) streams.push_back(to_json(stream));
  OrderedJson details = OrderedJson::array();
  for (const DetailVerdict& verdict : report.found.details) details.push_back(to_json(verdict));
  OrderedJson differences = OrderedJson::array();
  for (const Difference& d : report.found.differences) differences.push_back(to_json(d));
  const std::int64_t undecided = report.found.undecided();
  return {{"equal", exit_of(report) == Exit::ok && undecided == 0},
          {"undecided", undecided},
          {"mended", report.mended},
          {"requests", report.found.requests},
          {"seconds", report.seconds},
          {"streams", std::move(streams)},
          {"details", std::move(details)},
          {"differences", std::move(differences)}};
}

void print_differences(const Verification& found) {
  const std::size_t shown = std::min(found.differences.size(), kShownDifferences);
  for (std::size_t i = 0; i < shown; ++i) {
    std::cout << "  " << about_difference(found.differences[i]) << '\n';
  }
  const auto rest = found.differing() - static_cast<std::int64_t>(shown);
  if (rest > 0) std::cout << say("  …ещё {}\n", "  …{} more\n", rest);
}

bool is_of_one_row(const Difference& difference) { return difference.id != 0; }

void print(const VerifyReport& report) {
  const Verification& found = report.found;
  const std::int64_t undecided = found.undecided();
  for (const StreamVerdict& stream : found.streams) std::cout << about_stream(stream) << '\n';
  for (const DetailVerdict& details : found.details) std::cout << about_details(details) << '\n';
  if (found.differing() > 0) {
    std::cout << say("\nРасхождений: {}\n", "\nDifferences: {}\n", found.differing());
    print_differences(found);
    if (report.mended > 0) {
      std::cout << say("Исправлено строк: {}\n", "Rows mended: {}\n", report.mended);
    } else if (std::ranges::any_of(found.differences, is_of_one_row)) {
      std::cout << tr("Исправить, остановив службу: b24watch verify --mend\n",
                      "To mend them, stop the service and run b24watch verify --mend\n");
    }
  }
  if (undecided > 0) {
    std::cout << say(
        "Под вопросом: {}. Либо зеркало там ещё не обновлялось (сотрудники и "
        "справочники – раз в час, удалённое – раз в 15 минут), либо не хватило "
        "запросов (--requests). Повторите позже.\n",
        "Undecided: {}. Either the mirror was not renewed there yet (people and "
        "directories by the hour, deletions every 15 minutes), or the requests did "
        "not suffice (--requests). Try again later.\n",
        undecided);
  }
  const bool any = std::ranges::any_of(found.streams, &StreamVerdict::compared);
  if (!any) std::cout << tr("Сверять нечего. ", "There is nothing to compare. ");
  if (any && found.differing() == 0) {
    std::cout << (undecided > 0 ? tr("Подтверждённых расхождений нет. ", "No proven differences. ")
                                : tr("Расхождений нет. ", "No differences. "));
  }
  std::cout << say("Запросов: {}, секунд: {:.1f}\n", "Requests: {}, seconds: {:.1f}\n",
                   found.requests, report.seconds);
}

// Both looks, with the mirror brought up to date by ourselves, or by the service that holds it.
Result<VerifyReport> verify(Config config, const VerifyOptions& wish, App::Mend mend,
                            Clock& clock) {
  ProgressBar bar{clock};
  const auto show = [&](const Progress& progress) { bar.show(progress); };
  const auto waiting = [&](seconds most) {
    bar.wipe();
    if (isatty(STDERR_FILENO) != 1) return;
    std::cerr << say("Жду, пока служба обновит зеркало: не дольше {}.\n",
                     "Waiting for the service to bring the mirror up to date: {} at most.\n",
                     rough_duration(most));
  };
  AppOptions options;
  options.judging = false;
  auto app = App::make(config, {}, options, clock);
  if (!app) {
    if (mend == App::Mend::yes || !is_held({config.state_dir})) return app.error();
    if (isatty(STDERR_FILENO) == 1) {
      std::cerr << tr("Служба работает: посмотрю дважды, а в промежутке она обновит зеркало.\n",
                      "The service is running: there will be two looks, and between them it brings "
                      "the mirror up to date.\n");
    }
    return verify_beside_service(config, wish, {show, waiting}, clock);
  }
  auto warning = (*app)->connect();
  if (!warning) return warning.error();
  if (!warning->empty()) std::cerr << "b24watch: " << *warning << '\n';
  return (*app)->verify(wish, mend, show);
}

}  // namespace

Exit verify_command(const Common& common, const VerifyArguments& arguments) {
  auto loaded = load_all(common, Wanted::settings_and_webhook);
  if (!loaded) return Exit::usage;
  const auto wish = wish_of(arguments);
  if (!wish) return Exit::usage;
  if (loaded->config.log_level == "info") log::set_level("error");  // a person reads the report
  SystemClock clock;
  const auto mend = arguments.mend ? App::Mend::yes : App::Mend::no;
  const auto report = verify(std::move(loaded->config), *wish, mend, clock);
  if (!report) {
    const Exit code = complain(report.error());
    // The settings are sound by now: what is wrong is the folder or the file.
    return report.error().kind == ErrorKind::invalid_input ? Exit::store : code;
  }
  for (const Error& problem : report->streams) std::cerr << "b24watch: " << problem.text << '\n';
  if (common.json) {
    std::cout << dump(to_json(*report)) << '\n';
  } else {
    print(*report);
  }
  return exit_of(*report);
}

}  // namespace b24
