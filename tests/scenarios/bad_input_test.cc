#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/certificates.h"
#include "tests/support/temp_folder.h"
#include "tests/support/workplace.h"

// What a person gets wrong, and the one sentence he reads then, with the exit code.

namespace b24 {
namespace {

using nlohmann::json;

// Odd enough not to be met by chance in any text.
const std::string kSecret = "q7w8e9secretz";

sim::PortalOptions small_company() {
  return {.managers = 3,
          .deals = 20,
          .tasks = 20,
          .calls = 100,
          .days = 30,
          .limits = {.enabled = false},
          .secret = kSecret};
}

void expect_refusal(const Finished& done, int exit_code, const std::string& err) {
  EXPECT_EQ(done.exit_code, exit_code);
  EXPECT_EQ(done.err, err);
  EXPECT_EQ((done.out + done.err).find(kSecret), std::string::npos) << "the secret is shown";
}

// Settings and rules of a person who has no portal at hand.
class BadSettings : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void settings(const std::string& yaml) const { folder_.write("b24watch.yaml", yaml); }
  // With a webhook that leads nowhere and the folder "state".
  void usual_settings(const std::string& more = "") const {
    settings(webhook_line() + "state_dir: state\n" + more);
  }
  static std::string webhook_line() {
    return "portal: {webhook: 'http://127.0.0.1:9/rest/1/" + kSecret + "/'}\n";
  }
  // One rule, checked against the program's own schema.
  Finished check_rule(const std::string& yaml, std::vector<std::string> more = {}) const {
    folder_.write("rules/own.yaml", "version: 1\n" + yaml);
    std::vector<std::string> all = {"check", "--rules", path("rules")};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
  Finished run(const std::vector<std::string>& arguments,
               const std::vector<std::string>& environment = {}) const {
    std::vector<std::string> all = {b24watch_program(), "--config", path("b24watch.yaml")};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_process(all, folder_.path().string(), environment);
  }
  // A database in the state folder, made by `sql`.
  void database(const std::string& sql) const {
    std::filesystem::create_directories(path("state"));
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(path("state/b24watch.sqlite").c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
  }

  TempFolder folder_;
};

const char* const kEnglish = "B24WATCH_LANGUAGE=en";

// --- the command line ---

TEST_F(BadSettings, CommandLineIsExplained) {
  usual_settings();
  const struct {
    std::vector<std::string> arguments;
    std::string ru, en;
  } cases[] = {
      {{},
       "Не названа команда: список – b24watch --help.",
       "No command is named: b24watch --help lists them."},
      {{"quary", "SELECT 1"},
       "Команды «quary» нет – может быть, «query»?",
       "There is no command \"quary\" - did you mean \"query\"?"},
      {{"frobnicate"},
       "Команды «frobnicate» нет: список – b24watch --help.",
       "There is no command \"frobnicate\": b24watch --help lists them."},
      {{"sync", "--jsn"},
       "Ключа «--jsn» нет – может быть, «--json»?",
       "There is no option \"--jsn\" - did you mean \"--json\"?"},
      {{"query"},
       "Нет запроса: b24watch query \"SELECT name FROM v_manager\".",
       "No query is given: b24watch query \"SELECT name FROM v_manager\"."},
      {{"query", "SELECT", "1"},
       "Лишнее слово «1»: если в значении есть пробелы, возьмите его в кавычки.",
       "The word \"1\" is too much: put a value with blanks into quotes."},
      {{"sync", "http://127.0.0.1/rest/1/" + kSecret + "/"},
       "Лишнее слово «http://127.0.0.1/rest/1/***»: если в значении есть пробелы, возьмите его в "
       "кавычки.",
       "The word \"http://127.0.0.1/rest/1/***\" is too much: put a value with blanks into "
       "quotes."},
      {{"preview", "--rule"},
       "У ключа --rule нет значения: допишите его.",
       "The option --rule has no value: write one."},
      {{"init", "--head", "Анна"},
       "Ключу --head нужно число.",
       "The option --head takes a number."},
      {{"preview", "--at", "завтра"},
       "Время «завтра» не понято: нужен вид 2026-11-21T10:00:00+03:00.",
       "The time \"завтра\" is not understood: write it like 2026-11-21T10:00:00+03:00."},
  };
  for (const auto& c : cases) {
    expect_refusal(run(c.arguments), 2, "b24watch: " + c.ru + "\n");
    expect_refusal(run(c.arguments, {kEnglish}), 2, "b24watch: " + c.en + "\n");
  }
}

TEST_F(BadSettings, HelpNamesEveryCommandAndExitCode) {
  const Finished done = run({"--help"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.err, "");
  for (const char* word :
       {"init", "doctor", "run", "sync", "verify", "query", "check", "preview", "status", "schema",
        "restore", "--config", "\n  0  ", "\n  1  ", "\n  2  ", "\n  3  ", "\n  4  ", "\n  5  "}) {
    EXPECT_NE(done.out.find(word), std::string::npos) << word;
  }
}

// --- settings ---

TEST_F(BadSettings, MissingFileIsNamed) {
  const std::string ru =
      ": ошибка R001: файла настроек нет: создайте его или назовите другой ключом --config\n";
  for (const char* command : {"run", "sync", "status", "preview"}) {
    expect_refusal(run({command}), 2, path("b24watch.yaml") + ru);
  }
  expect_refusal(run({"check"}, {kEnglish}), 1,
                 path("b24watch.yaml") +
                     ": error R001: there is no settings file: create it or "
                     "name another one with --config\n");
}

TEST_F(BadSettings, BrokenYamlIsShown) {
  settings("portal:\n  webhook: 'http://127.0.0.1:9/rest/1/" + kSecret + "/\nstate_dir: state\n");
  expect_refusal(run({"sync"}), 2,
                 path("b24watch.yaml") +
                     ":2:12: ошибка R012: кавычка открыта здесь и не закрыта: чтение дошло до 4:1\n"
                     "  2 |   webhook: ***\n"
                     "    |            ^\n");
}

TEST_F(BadSettings, UnknownKeyIsGuessed) {
  usual_settings("stat_dir: x\n");
  const std::string place = path("b24watch.yaml") + ":3:1: ";
  const std::string line = "  3 | stat_dir: x\n    | ^~~~~~~~\n";
  expect_refusal(
      run({"run"}), 2,
      place + "ошибка R101: неизвестный ключ «stat_dir» – может быть, «state_dir»?\n" + line);
  expect_refusal(
      run({"run"}, {kEnglish}), 2,
      place + "error R101: unknown key \"stat_dir\" – did you mean \"state_dir\"?\n" + line);
}

TEST_F(BadSettings, LanguageOfTheSettingsHoldsForTheirOwnProblems) {
  usual_settings("language: en\nstat_dir: x\n");
  const Finished done = run({"sync"});
  EXPECT_NE(done.err.find("error R101: unknown key"), std::string::npos) << done.err;
}

TEST_F(BadSettings, WebhookMustLookLikeOne) {
  const struct {
    const char* webhook;
    const char* said;
  } cases[] = {
      {"привет", "Адрес должен начинаться с https://."},
      {"https://foo.bitrix24.ru/crm/deal/",
       "Адрес вебхука должен выглядеть так: https://портал.bitrix24.ru/rest/17/ключ/ – скопируйте "
       "его на портале целиком: Разработчикам → Другое → Входящий вебхук."},
  };
  for (const auto& c : cases) {
    settings(fmt::format("portal: {{webhook: '{}'}}\nstate_dir: state\n", c.webhook));
    for (const char* command : {"run", "sync"}) {
      expect_refusal(run({command}), 2,
                     fmt::format("b24watch: Вебхук в настройках не годится. {}\n", c.said));
    }
  }
  settings("state_dir: state\n");
  for (const char* command : {"run", "sync"}) {
    expect_refusal(run({command}), 2,
                   path("b24watch.yaml") +
                       ": ошибка R005: не задан вебхук портала: впишите его в portal.webhook, или "
                       "положите в файл и назовите его в portal.webhook_file, или передайте через "
                       "systemd (LoadCredential=webhook:путь), или опишите приложение в "
                       "portal.application\n");
  }
}

// --- rules ---

TEST_F(BadSettings, BrokenRulesAreShownAtTheirPlace) {
  const auto with = [&](const std::string& metric, const std::string& text) {
    return "rules:\n  - id: mine\n    name: Моё\n    by: manager\n    metric: " + metric +
           "\n    above: 4\n    text: \"" + text + "\"\n    resolved: \"готово\"\n";
  };
  const struct {
    std::string yaml, err, out;
  } cases[] = {
      {"rules:\n  - id: mine\n    name: \"Моё\n",
       ":4:11: ошибка R012: кавычка открыта здесь и не закрыта: чтение дошло до 5:1\n"
       "  4 |     name: \"Моё\n"
       "    |           ^\n",
       "Правил: 4, метрик: 3. Ошибок: 1, предупреждений: 0.\n"},
      {with("deals_opn", "{manager}"),
       ":6:13: ошибка R301: показателя «deals_opn» нет – может быть, «deals_open»?\n"
       "  6 |     metric: deals_opn\n"
       "    |             ^~~~~~~~~\n",
       "Правил: 5, метрик: 3. Ошибок: 1, предупреждений: 0.\n"},
      {with("deals_open", "{manger}"),
       ":8:12: ошибка R204: нет значения {manger} – может быть, {manager}?\n"
       "  8 |     text: \"{manger}\"\n"
       "    |            ^\n",
       "Правил: 5, метрик: 3. Ошибок: 1, предупреждений: 0.\n"},
      {"metrics:\n  mine:\n    title: Моё\n    kind: state\n    sql: |\n"
       "      SELECT manager_id, count(*) AS value\n      FROM v_deal\n"
       "      WHERE ammount > 5\n      GROUP BY manager_id\n" +
           with("mine", "{manager}"),
       ":9:13: ошибка R201: нет колонки «ammount» – может быть, «amount»?\n"
       "  9 |       WHERE ammount > 5\n"
       "    |             ^~~~~~~\n",
       "Правил: 5, метрик: 4. Ошибок: 1, предупреждений: 0.\n"},
  };
  for (const auto& c : cases) {
    const Finished done = check_rule(c.yaml);
    expect_refusal(done, 1, path("rules/own.yaml") + c.err);
    EXPECT_EQ(done.out, c.out);
  }
  // The service does not start with such rules, and says the same.
  usual_settings("rules: [rules]\n");
  expect_refusal(run({"run"}), 2, path("rules/own.yaml") + cases[3].err);
}

TEST_F(BadSettings, LanguageOfTheSettingsHoldsWhereNoSettingsAreNeeded) {
  const auto words = [&](const std::vector<std::string>& arguments) {
    const Finished done = run(arguments);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return done.out;
  };
  usual_settings("language: en\n");
  EXPECT_NE(words({"schema"}).find("v_deal — Deals"), std::string::npos);
  EXPECT_EQ(check_rule("rules: []\n").out, "Rules: 4, metrics: 3. Errors: 0, warnings: 0.\n");
  // Settings that cannot be read change nothing.
  settings("language: [\n");
  EXPECT_NE(words({"schema"}).find("v_deal — Сделки"), std::string::npos);
  EXPECT_EQ(check_rule("rules: []\n").out, "Правил: 4, метрик: 3. Ошибок: 0, предупреждений: 0.\n");
}

TEST_F(BadSettings, StrictCheckFailsOnAWarning) {
  usual_settings();
  std::filesystem::permissions(path("b24watch.yaml"), std::filesystem::perms{0644});
  const std::string warning = path("b24watch.yaml") +
                              ":1:19: предупреждение R008: здесь секрет, а файл доступен не только "
                              "владельцу: выполните chmod 600\n"
                              "  1 | portal: {webhook: ***\n"
                              "    |                   ^~~\n";
  expect_refusal(run({"check"}), 0, warning);
  expect_refusal(run({"check", "--strict"}), 1, warning);
}

TEST_F(BadSettings, UnknownRuleOfPreviewIsGuessed) {
  usual_settings();
  const std::string known =
      "overdue_pile, overload_deals, calls_drop_vs_baseline, deal_stuck_stage";
  expect_refusal(run({"preview", "--rule", "overdue_pila"}), 2,
                 "b24watch: Правила «overdue_pila» нет – может быть, «overdue_pile»?\n");
  expect_refusal(run({"preview", "--rule", "calls"}), 2,
                 "b24watch: Правила «calls» нет, есть " + known + ".\n");
  expect_refusal(run({"preview", "--rule", "calls"}, {kEnglish}), 2,
                 "b24watch: There is no rule \"calls\", there are " + known + ".\n");
}

// --- the state folder ---

TEST_F(BadSettings, FolderMustBeWritable) {
  folder_.write("file", "x");
  settings(webhook_line() + "state_dir: file/state\n");
  for (const char* command : {"run", "sync"}) {
    expect_refusal(run({command}), 4,
                   "b24watch: В " + path("file") +
                       " нельзя писать (это не папка): дайте права пользователю, под которым "
                       "работает b24watch, или укажите другую папку в state_dir.\n");
  }
}

TEST_F(BadSettings, FolderWithoutRights) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  std::filesystem::create_directory(path("closed"));
  std::filesystem::permissions(path("closed"), std::filesystem::perms{0500});
  settings(webhook_line() + "state_dir: closed/state\n");
  expect_refusal(run({"sync"}), 4,
                 "b24watch: В " + path("closed/state") +
                     " нельзя писать (нет прав): дайте права пользователю, под которым работает "
                     "b24watch, или укажите другую папку в state_dir.\n");
}

TEST_F(BadSettings, DatabaseOfANewerProgram) {
  usual_settings();
  database("PRAGMA application_id = 0x62323477; PRAGMA user_version = 999");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"sync"}, {"status"}, {"query", "SELECT 1"}}) {
    const Finished done = run(command);
    EXPECT_EQ(done.exit_code, 4);
    EXPECT_EQ(done.err.find("b24watch: База " + path("state/b24watch.sqlite") +
                            " создана более новой программой (версия 999, эта программа знает "),
              0U)
        << done.err;
    EXPECT_TRUE(done.err.ends_with("): обновите b24watch или укажите другую папку в state_dir.\n"))
        << done.err;
  }
}

TEST_F(BadSettings, FileThatIsNoDatabase) {
  usual_settings();
  folder_.write("state/b24watch.sqlite", std::string(5000, 'x'));
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"run"}, {"sync"}, {"status"}, {"query", "SELECT 1"}}) {
    expect_refusal(run(command), 4,
                   "b24watch: Файл " + path("state/b24watch.sqlite") +
                       " повреждён или это не база b24watch: остановите службу и выполните "
                       "«b24watch restore» – тревоги вернутся из ночной копии, остальное программа "
                       "прочитает с портала.\n");
  }
  std::filesystem::remove(path("state/b24watch.sqlite"));
  database("CREATE TABLE theirs (a)");
  expect_refusal(run({"sync"}), 4,
                 "b24watch: Файл " + path("state/b24watch.sqlite") +
                     " – база другой программы: переименуйте его или укажите другую папку в "
                     "state_dir.\n");
}

TEST_F(BadSettings, QueryBeforeTheFirstSync) {
  usual_settings();
  const std::string file = path("state/b24watch.sqlite");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"query", "SELECT 1"}, {"status"}, {"preview"}}) {
    expect_refusal(run(command), 4,
                   "b24watch: Базы " + file +
                       " ещё нет: запустите службу b24watch или прочитайте портал командой "
                       "«b24watch sync».\n");
    expect_refusal(
        run(command, {kEnglish}), 4,
        "b24watch: There is no database " + file +
            " yet: start the service b24watch or read the portal with \"b24watch sync\".\n");
  }
}

// --- the portal ---

TEST(BadWebhook, UnknownSecretEndsInOneSentence) {
  Workplace workplace{small_company()};
  const std::string said =
      "b24watch: Портал не принимает вебхук (INVALID_CREDENTIALS): он удалён, просрочен или "
      "скопирован не целиком – создайте новый входящий вебхук и впишите его адрес в настройки.\n";
  const auto break_webhook = [&] {
    std::ofstream{workplace.folder() + "/webhook"} << workplace.portal().url()
                                                   << "/rest/1/unknown/\n";
  };
  break_webhook();
  expect_refusal(workplace.run({"sync"}), 3, said);
  expect_refusal(workplace.run({"run"}), 3, said);
  // The same when the webhook was removed after a first reading.
  workplace.configure();
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  break_webhook();
  expect_refusal(workplace.run({"sync"}), 3, said);
  expect_refusal(workplace.run({"run"}), 3, said);
}

TEST(BadWebhook, MissingScopeIsNamedOnceAndTheRestIsRead) {
  const struct {
    const char* scope;
    const char* meaning;
    const char* sql;  // what is read nevertheless
  } cases[] = {
      {"telephony", "звонки", "SELECT count(*) AS n FROM v_deal"},
      {"crm", "сделки, лиды, дела", "SELECT count(*) AS n FROM v_call"},
      {"task", "задачи", "SELECT count(*) AS n FROM v_deal"},
  };
  for (const auto& c : cases) {
    sim::PortalOptions options = small_company();
    options.scopes.erase(c.scope);
    Workplace workplace{options};
    const std::string said = fmt::format(
        "b24watch: У вебхука нет прав: {} ({}) – добавьте их в настройках вебхука на портале.\n",
        c.scope, c.meaning);
    for (int i = 0; i < 2; ++i) expect_refusal(workplace.run({"sync"}), 3, said);
    EXPECT_GT(workplace.query(c.sql)[0]["n"].get<int>(), 0) << c.scope;
  }
}

TEST(BadWebhook, OwnerMustBeAnAdministrator) {
  sim::PortalOptions options = small_company();
  options.admin = false;
  Workplace workplace{options};
  const std::string webhook = workplace.portal().webhook();
  const auto from = webhook.find("/rest/") + 6;
  const std::string id = webhook.substr(from, webhook.find('/', from) - from);
  for (const char* command : {"run", "sync"}) {
    expect_refusal(workplace.run({command}), 3,
                   "b24watch: Вебхук создан сотрудником без прав администратора (id " + id +
                       "): ему виден не весь портал, и цифры были бы неверны. Создайте входящий "
                       "вебхук под администратором.\n");
  }
}

TEST(BadPortal, HostThatDoesNotAnswer) {
  Workplace workplace{small_company()};
  workplace.portal().stop();
  for (const char* command : {"run", "sync"}) {
    expect_refusal(workplace.run({command}), 5,
                   "b24watch: Нет связи с порталом 127.0.0.1 – проверьте его адрес и доступ в "
                   "интернет.\n");
  }
}

Finished sync_over_tls(const test::Certificate& certificate, const std::string& ca_file) {
  sim::PortalOptions options = small_company();
  options.tls_certificate = certificate.file.string();
  options.tls_key = certificate.key.string();
  Workplace workplace{options};
  std::ofstream{workplace.config_file(), std::ios::trunc}
      << "portal:\n  webhook_file: webhook\n  ca_file: " << ca_file << "\nstate_dir: state\n";
  return workplace.run({"sync"});
}

TEST(BadPortal, CertificateThatIsNotTrusted) {
  test::Authority authority{"Own authority"};
  test::Authority stranger{"Another authority"};
  const auto good = authority.issue("portal", "IP:127.0.0.1");
  expect_refusal(sync_over_tls(good, authority.ca_file()), 0, "");
  expect_refusal(sync_over_tls(good, stranger.ca_file()), 3,
                 "b24watch: Сертификат портала 127.0.0.1 выдан неизвестным центром «Own "
                 "authority» – если это ваш центр, укажите файл с его сертификатом в ca_file.\n");
  const std::time_t end = std::time(nullptr) - 86400;
  std::tm parts{};
  gmtime_r(&end, &parts);
  char date[16];
  std::strftime(date, sizeof date, "%d.%m.%Y", &parts);
  expect_refusal(sync_over_tls(authority.issue("portal", "IP:127.0.0.1", -86400 * 10, -86400),
                               authority.ca_file()),
                 3,
                 fmt::format("b24watch: Сертификат портала 127.0.0.1 просрочен (истёк {}) – "
                             "обновите его на портале или проверьте часы этого компьютера.\n",
                             date));
}

// --- a mirror that is there ---

class ReadyMirror : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0); }
  Workplace workplace_{small_company()};
};

TEST_F(ReadyMirror, WrongQueryIsShownAtItsPlace) {
  const struct {
    const char* sql;
    const char* said;
  } cases[] = {
      {"SELECT nam FROM v_manager",
       "нет колонки «nam» – может быть, «name»?\n"
       "  SELECT nam FROM v_manager\n"
       "         ^\n"},
      {"SELECT name\nFROM v_manager WHERE 'ё' = zzzzz",
       "нет колонки «zzzzz» – виды и колонки показывает b24watch schema\n"
       "  FROM v_manager WHERE 'ё' = zzzzz\n"
       "                             ^\n"},
      {"SELECT 1 FROM v_del",
       "нет таблицы или вида «v_del» – может быть, «v_deal»?\n"
       "  SELECT 1 FROM v_del\n"
       "                ^\n"},
      {"SELEC 1",
       "ошибка в SQL рядом с «SELEC»\n"
       "  SELEC 1\n"
       "  ^\n"},
      {"DELETE FROM v_deal", "здесь можно только читать: нужен один запрос SELECT\n"},
      {"UPDATE deals SET amount_minor = 0",
       "ошибка в SQL: здесь можно только читать: нужен один запрос SELECT\n"
       "  UPDATE deals SET amount_minor = 0\n"
       "  ^\n"},
      {"SELECT * FROM deals",
       "ошибка в SQL: таблица deals закрыта: читайте представления v_… (их список – b24watch "
       "schema)\n"
       "  SELECT * FROM deals\n"
       "                ^\n"},
  };
  for (const auto& c : cases) {
    expect_refusal(workplace_.run({"query", c.sql}), 1, std::string{"b24watch: "} + c.said);
  }
}

TEST_F(ReadyMirror, SecondProgramIsTurnedAway) {
  Process run{workplace_.command({"run"}), workplace_.folder()};
  ASSERT_TRUE(eventually([&] { return run.err().find("started") != std::string::npos; }));
  const std::string said =
      "b24watch: С папкой " + workplace_.folder() + "/state уже работает другой b24watch (процесс ";
  for (const char* command : {"run", "sync"}) {
    const Finished second = workplace_.run({command});
    EXPECT_EQ(second.exit_code, 4);
    EXPECT_EQ(second.err.find(said), 0U) << second.err;
    EXPECT_TRUE(
        second.err.ends_with("): остановите его (systemctl stop b24watch) или укажите другую папку "
                             "в state_dir.\n"))
        << second.err;
  }
  // Who only looks is welcome.
  EXPECT_EQ(workplace_.run({"status"}).exit_code, 0);
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 0);
}

TEST_F(ReadyMirror, FolderOfAnotherPortal) {
  std::ofstream{workplace_.folder() + "/webhook"} << "https://other.bitrix24.ru/rest/1/" << kSecret
                                                  << "/\n";
  for (const char* command : {"run", "sync"}) {
    expect_refusal(workplace_.run({command}), 4,
                   "b24watch: В папке состояния лежит зеркало портала 127.0.0.1, а вебхук ведёт на "
                   "other.bitrix24.ru. Укажите для этого портала другую папку в state_dir.\n");
  }
}

TEST_F(ReadyMirror, NamesThatThePortalDoesNotHave) {
  workplace_.configure(R"(
people: {departments: [77], exclude: [9001], notify: [1], heads: {78: 9002}, fallback: 9003}
scope: {pipelines: [0, 8]}
)");
  const std::string wanted =
      "В настройках, people.departments: отдела 77 на портале нет. Все номера: b24watch query "
      "\"SELECT id, name FROM v_department\".\n"
      "В настройках, people.heads: отдела 78 на портале нет. Все номера: b24watch query "
      "\"SELECT id, name FROM v_department\".\n"
      "В настройках, people.heads: сотрудника 9002 на портале нет. Все номера: b24watch query "
      "\"SELECT id, name FROM v_manager\".\n"
      "В настройках, people.exclude: сотрудника 9001 на портале нет. Все номера: b24watch query "
      "\"SELECT id, name FROM v_manager\".\n"
      "В настройках, people.fallback: сотрудника 9003 на портале нет. Все номера: b24watch query "
      "\"SELECT id, name FROM v_manager\".\n"
      "В настройках, scope.pipelines: воронки 8 на портале нет. Все номера: b24watch query "
      "\"SELECT id, name FROM v_pipeline\".\n";
  EXPECT_EQ(workplace_.run({"preview"}).err, wanted);
  const Finished status = workplace_.run({"status"});
  EXPECT_TRUE(status.out.ends_with(
      wanted + "Следить не за кем: проверьте people.departments и people.exclude в настройках.\n"))
      << status.out;
  EXPECT_EQ(json::parse(workplace_.run({"status", "--json"}).out)["warnings"].size(), 7U);
}

TEST_F(ReadyMirror, JsonKeepsItsShape) {
  const json rows = workplace_.query("SELECT id, title, NULL AS lacking FROM v_deal LIMIT 2");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows[0]["id"].is_number_integer());
  EXPECT_TRUE(rows[0]["title"].is_string());
  EXPECT_TRUE(rows[0]["lacking"].is_null());
  EXPECT_EQ(workplace_.query("SELECT id FROM v_deal WHERE 0"), json::array());

  const json report = json::parse(workplace_.run({"sync", "--json"}).out);
  EXPECT_EQ(report.size(), 3U);
  for (const char* key : {"requests", "rows", "seconds"}) {
    EXPECT_TRUE(report.contains(key) && report[key].is_number()) << key;
  }

  const json status = json::parse(workplace_.run({"status", "--json"}).out);
  ASSERT_EQ(status["streams"].size(), std::size(kEntities));
  for (const json& stream : status["streams"]) {
    EXPECT_EQ(stream["complete"], true) << stream;
    EXPECT_EQ(stream["refused"], false) << stream;
    EXPECT_EQ(stream["problem"], "") << stream;
  }
  EXPECT_EQ(status["warnings"], json::array());
  for (const char* key : {"alerts", "undelivered", "managers"}) EXPECT_TRUE(status.contains(key));
  // Every list was asked for, and the portal says what that cost it.
  EXPECT_GE(status["limits"]["bucket_level"].get<double>(), 1);
  EXPECT_TRUE(status["limits"]["operating_seconds"].contains("crm.item.list")) << status["limits"];
  EXPECT_NE(workplace_.run({"status"}).out.find("Лимиты портала: из запаса в 50 запросов занято "),
            std::string::npos);

  const json found = json::parse(workplace_.run({"preview", "--json"}).out);
  ASSERT_FALSE(found.empty());
  for (const json& finding : found) {
    EXPECT_TRUE(finding["rule"].is_string()) << finding;
    EXPECT_EQ(finding["key"].size(), 1U) << finding;
    EXPECT_TRUE(finding["value"].is_number()) << finding;
    EXPECT_TRUE(finding["norm"].is_number()) << finding;
    EXPECT_TRUE(finding["objects"].is_array()) << finding;
  }
}

TEST_F(ReadyMirror, SchemaPrintsEveryView) {
  const Finished text = workplace_.run({"schema"});
  const json list = json::parse(workplace_.run({"schema", "--json"}).out);
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_GT(list.size(), 30U);
  for (const json& entry : list) {
    const auto view = entry["view"].get<std::string>();
    EXPECT_NE(text.out.find(view + " — "), std::string::npos) << view;
    EXPECT_EQ(workplace_.run({"query", "SELECT * FROM " + view}).exit_code, 0) << view;
  }
}

}  // namespace
}  // namespace b24
