#include "daemon/cli/commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <functional>
#include <iostream>

// The table of commands: what each is called, takes and says of itself.

namespace b24 {
namespace {

constexpr const char* kFooter = R"(
Коды завершения / exit codes:
  0  сделано; у doctor и при предупреждениях, у verify – и если что-то под вопросом /
     done; doctor: with warnings too; verify: with undecided rows too
  1  проверка нашла ошибки, сверка – расхождения, запрос не выполнен, служба после
     init не запустилась / check found errors, verify found differences, the query
     failed, or the service did not start after init
  2  неверные аргументы или настройки / bad arguments or settings
  3  портал отказал, нужен человек / the portal refused, somebody has to act
  4  папка состояния или база данных / the state folder or the database
  5  нет связи с порталом или порт занят / the portal is away, or the port is taken

Примеры / examples:
  sudo b24watch init                   подключить портал / connect a portal
  sudo b24watch doctor                 что мешает и что делать / what is wrong, what to do
  b24watch sync                        прочитать портал один раз / read the portal once
  b24watch verify                      совпадает ли зеркало с порталом / is the mirror exact
  b24watch preview                     что правила нашли бы сейчас / what the rules find now
  b24watch check --rules ./rules       проверить правила до запуска / check rules before they speak
  b24watch query "SELECT name FROM v_manager WHERE active = 1"
)";

std::string with_guess(std::string sentence, const std::string& word,
                       const std::vector<std::string>& known) {
  const std::string guess = nearest(word, known);
  if (guess.empty()) {
    return sentence +
           std::string{tr(": список – b24watch --help.", ": b24watch --help lists them.")};
  }
  return sentence +
         fmt::format(fmt::runtime(tr(" – может быть, «{}»?", " - did you mean \"{}\"?")), guess);
}

std::string about_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(command->get_name());
  }
  return with_guess(fmt::format(fmt::runtime(tr("Команды «{}» нет", "There is no command \"{}\"")),
                                excerpt(word)),
                    word, known);
}

std::string about_option(const CLI::App& command, const std::string& word) {
  std::vector<std::string> known;
  for (const auto* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  return with_guess(
      fmt::format(fmt::runtime(tr("Ключа «{}» нет", "There is no option \"{}\"")), excerpt(word)),
      word, known);
}

// What is wrong with a command line, in a person's words.
std::string sentence_of(const CLI::App& app, const CLI::ParseError& problem) {
  const std::vector<std::string> rest = app.remaining(true);
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (!rest.empty()) {
    const std::string& word = rest.front();
    if (word.starts_with("-")) return about_option(chosen.empty() ? app : *chosen.front(), word);
    if (chosen.empty()) return about_command(app, word);
    return fmt::format(
        fmt::runtime(tr("Лишнее слово «{}»: если в значении есть пробелы, возьмите его в кавычки.",
                        "The word \"{}\" is too much: put a value with blanks into quotes.")),
        excerpt(word));
  }
  if (chosen.empty() && problem.get_name() == "RequiredError") {
    return std::string{tr("Не названа команда: список – b24watch --help.",
                          "No command is named: b24watch --help lists them.")};
  }
  if (problem.get_name() == "RequiredError") {
    return std::string{tr("Нет запроса: b24watch query \"SELECT name FROM v_manager\".",
                          "No query is given: b24watch query \"SELECT name FROM v_manager\".")};
  }
  const std::string said = problem.what();
  if (problem.get_name() == "ArgumentMismatch") {
    return fmt::format(fmt::runtime(tr("У ключа {} нет значения: допишите его.",
                                       "The option {} has no value: write one.")),
                       said.substr(0, said.find(':')));
  }
  if (problem.get_name() == "ExcludesError") {
    constexpr std::string_view kBetween = " excludes ";
    const auto at = said.find(kBetween);
    if (at == std::string::npos) return said;
    return fmt::format(fmt::runtime(tr("Ключи {} и {} вместе не годятся: оставьте один из них.",
                                       "The options {} and {} exclude each other: keep one.")),
                       said.substr(0, at), said.substr(at + kBetween.size()));
  }
  if (problem.get_name() == "ConversionError") {
    return fmt::format(
        fmt::runtime(tr("Ключу {} нужно число.", "The option {} takes a number.")),
        said.substr(said.find("--"), said.find_first_of(" =:", said.find("--")) - said.find("--")));
  }
  return said;
}

}  // namespace

int run_program(int argc, char** argv) try {
  std::signal(SIGXFSZ, SIG_IGN);  // a limit of size is then an error of writing, as a full disk is
  use_language(Language::ru);
  CLI::App app{
      "b24watch следит за отделом продаж в Битрикс24 и сообщает РОПу о важном.\n"
      "b24watch watches a sales department in Bitrix24 and tells its head what matters.",
      "b24watch"};
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", "b24watch " B24_VERSION);
  Common common;
  app.add_option("--config", common.config_file, "Файл настроек / settings file")
      ->capture_default_str();
  app.fallthrough();
  std::function<Exit()> chosen;
  const auto json = [&](CLI::App* command) {
    command->add_flag("--json", common.json, "Ответ в JSON / answer in JSON");
  };

  auto* init = app.add_subcommand("init", "Подключить портал / connect a portal");
  InitArguments init_arguments;
  init->add_option("--webhook-file", init_arguments.webhook_file,
                   "Файл с адресом вебхука, «-» – stdin; нет – спросить / file with its address");
  init->add_option("--department", init_arguments.departments,
                   "Номера отделов продаж вместо найденных / sales departments, by id")
      ->delimiter(',')
      ->expected(1, 50);
  init->add_option("--head", init_arguments.head,
                   "Кому писать: id сотрудника / whom to tell, by id");
  init->add_option("--ca-file", init_arguments.ca_file,
                   "Свой удостоверяющий центр портала / the portal's own authority");
  init->add_flag("--yes", init_arguments.yes,
                 "Не спрашивать, брать найденное / take what is found");
  init->add_flag("--force", init_arguments.force, "Заменить прежние настройки / replace settings");
  init->callback([&] { chosen = [&] { return init_command(common, init_arguments); }; });

  auto* authorize = app.add_subcommand(
      "authorize", "Допустить приложение через браузер / admit the application by the browser");
  authorize->callback([&] { chosen = [&] { return authorize_command(common); }; });

  auto* doctor = app.add_subcommand("doctor", "Проверить всё / check everything");
  json(doctor);
  doctor->callback([&] { chosen = [&] { return doctor_command(common); }; });

  auto* run = app.add_subcommand("run", "Работать службой / run as a service");
  RunArguments run_arguments;
  run->add_flag("--dry-run", run_arguments.dry_run,
                "Показывать сообщения, а не отправлять / show messages, send nothing");
  run->callback([&] { chosen = [&] { return run_command(common, run_arguments); }; });

  auto* sync = app.add_subcommand("sync", "Прочитать портал один раз / read the portal once");
  json(sync);
  sync->callback([&] { chosen = [&] { return sync_command(common); }; });

  auto* verify = app.add_subcommand(
      "verify", "Сверить зеркало с порталом / compare the mirror with the portal");
  VerifyArguments verify_arguments;
  json(verify);
  verify
      ->add_option("--requests", verify_arguments.requests,
                   "Запросов к порталу, не больше / requests, at most")
      ->capture_default_str();
  verify
      ->add_option("--rows", verify_arguments.rows,
                   "Строк каждого потока сверить по полям / rows of each stream to compare")
      ->capture_default_str();
  verify->add_option("--stream", verify_arguments.streams,
                     "Только эти потоки: deal task … / these streams only");
  verify->add_flag("--mend", verify_arguments.mend,
                   "Исправить найденное, пока служба не работает / mend it, without the service");
  verify->callback([&] { chosen = [&] { return verify_command(common, verify_arguments); }; });

  auto* query = app.add_subcommand("query", "SQL к зеркалу / SQL on the mirror");
  QueryArguments query_arguments;
  json(query);
  query->add_option("SQL", query_arguments.sql, "SELECT по видам v_* / over the v_* views")
      ->required();
  query->callback([&] { chosen = [&] { return query_command(common, query_arguments); }; });

  auto* check =
      app.add_subcommand("check", "Проверить настройки и правила / check settings, rules");
  CheckArguments check_arguments;
  json(check);
  check->add_option("--rules", check_arguments.folders,
                    "Папки с правилами вместо указанных в настройках / folders of rules");
  check->add_flag("--strict", check_arguments.strict,
                  "Предупреждения считать ошибками / warnings count as errors");
  check->callback([&] { chosen = [&] { return check_command(common, check_arguments); }; });

  auto* preview = app.add_subcommand("preview", "Что правила нашли бы / what the rules would find");
  PreviewArguments preview_arguments;
  json(preview);
  preview->add_option("--at", preview_arguments.at,
                      "На какой момент: 2026-11-21T10:00:00+03:00 / as of");
  preview->add_option("--rule", preview_arguments.rule, "Только это правило / this rule only");
  preview->callback([&] { chosen = [&] { return preview_command(common, preview_arguments); }; });

  auto* status = app.add_subcommand("status", "Свежесть зеркала и тревоги / freshness and alerts");
  json(status);
  status->callback([&] { chosen = [&] { return status_command(common); }; });

  auto* schema = app.add_subcommand("schema", "Виды и колонки для SQL / views and columns for SQL");
  SchemaArguments schema_arguments;
  json(schema);
  schema
      ->add_flag("--reference", schema_arguments.reference,
                 "Справочник в Markdown с примерами запросов / a reference with worked queries")
      ->excludes("--json");
  schema->callback([&] { chosen = [&] { return schema_command(common, schema_arguments); }; });

  auto* restore = app.add_subcommand(
      "restore", "Вернуть тревоги из ночной копии / bring alerts back from the nightly backup");
  RestoreArguments restore_arguments;
  json(restore);
  restore->add_option("--from", restore_arguments.from,
                      "Файл вместо новейшей целой копии / a file in place of the newest whole one");
  restore->callback([&] { chosen = [&] { return restore_command(common, restore_arguments); }; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);
    std::cerr << "b24watch: " << sentence_of(app, problem) << '\n';
    return static_cast<int>(Exit::usage);
  }
  return static_cast<int>(chosen());
} catch (const StoreFailure& problem) {
  std::cerr << "b24watch: " << problem.what() << '\n';
  return static_cast<int>(Exit::store);
} catch (const std::exception& problem) {
  std::cerr << "b24watch: " << problem.what() << '\n';
  return static_cast<int>(Exit::failed);
}

}  // namespace b24
