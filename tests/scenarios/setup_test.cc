#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/support/temp_folder.h"
#include "tests/support/terminal.h"
#include "tests/support/workplace.h"

// A new portal is connected, and looked at later: init and doctor, as a script and as a person run
// them.

namespace b24 {
namespace {

using nlohmann::json;

const std::string kSecret = "q7w8e9secretz";

sim::PortalOptions small_company() {
  return {.managers = 3,
          .departments = 1,
          .deals = 20,
          .tasks = 20,
          .calls = 100,
          .days = 30,
          .limits = {.enabled = false},
          .secret = kSecret};
}

std::string content_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

unsigned mode_of(const std::string& file) {
  struct stat info {};
  return stat(file.c_str(), &info) == 0 ? info.st_mode & 0777U : 0U;
}

// A portal, and a folder in which nothing is set up yet.
class NewPlace {
 public:
  explicit NewPlace(sim::PortalOptions options = small_company()) : portal_(std::move(options)) {
    portal_.start();
    folder_.write("hook", portal_.webhook() + "\n");
  }

  sim::Portal& portal() { return portal_; }
  const TempFolder& folder() const { return folder_; }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string config() const { return path("etc/b24watch.yaml"); }

  std::vector<std::string> command(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {b24watch_program(), "--config", config()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }
  Finished run(const std::vector<std::string>& arguments,
               const std::vector<std::string>& environment = {}) const {
    Finished done = run_process(command(arguments), folder_.path().string(), environment);
    EXPECT_EQ((done.out + done.err).find(kSecret), std::string::npos) << "the secret is shown";
    return done;
  }
  Finished init(std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {"init", "--webhook-file", path("hook")};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
  bool is_set_up() const {
    return std::filesystem::exists(config()) || std::filesystem::exists(path("etc/webhook"));
  }

 private:
  TempFolder folder_;
  sim::Portal portal_;
};

// The outcomes of doctor's checks by id.
std::map<std::string, std::string> outcomes(const Finished& done) {
  std::map<std::string, std::string> found;
  const json answer = json::parse(done.out);
  for (const json& check : answer["checks"]) {
    found[check["id"]] = check["outcome"];
    EXPECT_EQ(check["outcome"] == "ok", check["advice"] == "") << check;
  }
  return found;
}

std::string name_of(const sim::Portal& portal, std::int64_t id) {
  const json row = json::parse(portal.row(Entity::user, id));
  return fmt::format("{} {}", row["NAME"].get<std::string>(), row["LAST_NAME"].get<std::string>());
}

TEST(SetupTest, WithoutATerminalOneCommandIsEnough) {
  NewPlace place;
  const Finished done = place.init();
  ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
  EXPECT_EQ(done.err, "");
  const json head = json::parse(place.portal().call("department.get", R"({"ID":2})"))["result"][0];
  const std::int64_t head_id = std::stoll(head["UF_HEAD"].get<std::string>());
  const std::string team =
      fmt::format("Отдел продаж: «Отдел продаж» (id 2): руководитель – {} (id {})",
                  name_of(place.portal(), head_id), head_id);
  EXPECT_NE(done.out.find(team + "; сотрудников: 3 ("), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("\nВсё в порядке.\n"), std::string::npos) << done.out;
  EXPECT_NE(done.out.find(fmt::format("Записаны настройки {} и вебхук {}.\n", place.config(),
                                      place.path("etc/webhook"))),
            std::string::npos);
  const std::string settings = content_of(place.config());
  EXPECT_TRUE(settings.starts_with("# Портал 127.0.0.1, записано командой b24watch init "));
  EXPECT_NE(settings.find("\n# " + team + ".\n"), std::string::npos) << settings;
  EXPECT_NE(settings.find("\n  departments: [2] "), std::string::npos);
  EXPECT_EQ(settings.find(kSecret), std::string::npos);
  EXPECT_EQ(content_of(place.path("etc/webhook")), place.portal().webhook() + "\n");
  EXPECT_EQ(mode_of(place.path("etc/webhook")), 0600U);
  EXPECT_EQ(mode_of(place.config()) & 07U, 0U) << "closed to strangers";

  EXPECT_EQ(place.run({"check"}).exit_code, 0);
  EXPECT_EQ(place.run({"sync"}).exit_code, 0);
  const json status = json::parse(place.run({"status", "--json"}).out);
  EXPECT_EQ(status["managers"], 3);
  EXPECT_EQ(status["warnings"], json::array());
  const Finished doctor = place.run({"doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out;
  EXPECT_EQ(doctor.err, "");
  EXPECT_TRUE(doctor.out.ends_with("\nВсё в порядке.\n")) << doctor.out;
}

TEST(SetupTest, TheWebhookMayComeOnTheStandardInput) {
  NewPlace place;
  const std::string line = fmt::format("exec '{}' --config '{}' init --webhook-file - < '{}'",
                                       b24watch_program(), place.config(), place.path("hook"));
  const Finished done = run_process({"/bin/sh", "-c", line}, place.folder().path().string());
  EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
  EXPECT_TRUE(place.is_set_up());
}

TEST(SetupTest, WhatDoesNotFitIsSaidAndNothingIsWritten) {
  NewPlace place;
  const std::string good = place.portal().webhook();
  const std::string wrong = good.substr(0, good.find(kSecret)) + "wrong" + kSecret + "/\n";
  place.folder().write("wrong", wrong);
  place.folder().write("closed", "http://127.0.0.1:9/rest/1/" + kSecret + "/\n");
  place.folder().write("words", "мой вебхук " + kSecret + "\n");
  place.folder().write("empty", "\n");
  const struct {
    std::vector<std::string> arguments;
    int exit_code;
    std::string text;  // on stdout or stderr
  } cases[] = {
      {{"--webhook-file", place.path("wrong")},
       3,
       "[x] Портал не принимает вебхук (INVALID_CREDENTIALS): он удалён, просрочен или скопирован "
       "не целиком – создайте новый входящий вебхук и впишите его адрес в настройки.\n"
       "    Вебхуки портала: Разработчикам → Другое → Входящий вебхук.\n"},
      {{"--webhook-file", place.path("closed")},
       5,
       "    Попробуйте с этой машины: curl -I http://127.0.0.1:9. Мешать могут прокси и "
       "брандмауэр.\n"},
      {{"--webhook-file", place.path("words")},
       2,
       "b24watch: Адрес должен начинаться с https://.\n"},
      {{"--webhook-file", place.path("empty")},
       2,
       "b24watch: В файле " + place.path("empty") + " нет адреса вебхука, или файл не читается.\n"},
      {{},
       2,
       "b24watch: Вебхук не задан: передайте файл с его адресом ключом --webhook-file или сам "
       "адрес – в стандартный ввод.\n"},
      {{"--webhook-file", place.path("hook"), "--department", "99"},
       2,
       "b24watch: Отдела 99 на портале нет: ничего не записано.\n"},
      {{"--webhook-file", place.path("hook"), "--head", "999"},
       2,
       "b24watch: Сотрудника 999 на портале нет или он уволен: ничего не записано.\n"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> all = {"init"};
    all.insert(all.end(), c.arguments.begin(), c.arguments.end());
    const Finished done = place.run(all);
    EXPECT_EQ(done.exit_code, c.exit_code) << c.text;
    EXPECT_NE((done.out + done.err).find(c.text), std::string::npos)
        << "wanted: " << c.text << "got: " << done.out << done.err;
    EXPECT_FALSE(place.is_set_up()) << c.text;
  }
}

TEST(SetupTest, OnlyAnAdministratorWithTheScopesThatMatter) {
  const struct {
    bool admin;
    std::set<std::string> scopes;
    int exit_code;
    std::string text;
  } cases[] = {
      {false,
       {"crm", "task", "telephony", "user", "department", "im", "calendar"},
       3,
       "[x] Владелец вебхука – не администратор: "},
      {true,
       {"crm", "task", "telephony", "user", "department", "calendar"},
       3,
       "[x] Права im нет: сообщать нельзя никому.\n"},
      {true,
       {"crm", "task", "user", "department", "im"},
       0,
       "[!] Права telephony нет: звонки не видны. Молчит правило «Звонков меньше обычного».\n"},
  };
  for (const auto& c : cases) {
    sim::PortalOptions options = small_company();
    options.admin = c.admin;
    options.scopes = c.scopes;
    NewPlace place{options};
    const Finished done = place.init();
    EXPECT_EQ(done.exit_code, c.exit_code) << done.out << done.err;
    EXPECT_NE(done.out.find(c.text), std::string::npos) << c.text << done.out;
    EXPECT_EQ(place.is_set_up(), c.exit_code == 0) << c.text;
  }
}

TEST(SetupTest, AnArgumentReplacesWhatWasFound) {
  NewPlace place;
  const Finished done = place.init({"--department", "1,2", "--head", "1", "--yes"});
  ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
  const std::string settings = content_of(place.config());
  EXPECT_NE(settings.find("\n  departments: [1, 2] "), std::string::npos);
  EXPECT_NE(settings.find("\n  heads: {1: 1, 2: 1} "), std::string::npos) << settings;
}

TEST(SetupTest, WhereServicesLiveTheStateIsTheirs) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may make the state folder";
  const NewPlace place;
  const struct {
    std::string settings, webhook, state_dir;
  } cases[] = {
      {"etc/b24watch/b24watch.yaml", "webhook", "/var/lib/b24watch"},
      {"etc/b24watch/north.yaml", "north.webhook", "/var/lib/b24watch/north"},
      {"home/b24watch.yaml", "webhook", "state"},
      {"home/north.yaml", "north.webhook", "north.state"},
  };
  for (const auto& c : cases) {
    const Finished done = run_process({b24watch_program(), "--config", place.path(c.settings),
                                       "init", "--webhook-file", place.path("hook")},
                                      place.folder().path().string());
    ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
    const std::string settings = content_of(place.path(c.settings));
    EXPECT_NE(settings.find("\nstate_dir: " + c.state_dir + " "), std::string::npos) << settings;
    EXPECT_NE(settings.find("\n  webhook_file: " + c.webhook + " "), std::string::npos);
    EXPECT_EQ(mode_of(std::filesystem::path{place.path(c.settings)}.parent_path() / c.webhook),
              0600U);
  }
}

TEST(SetupTest, WhatIsThereIsNotLost) {
  NewPlace place;
  place.folder().write("etc/b24watch.yaml", "language: ru\n");
  Finished done = place.init();
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(done.err,
            fmt::format("b24watch: Настройки {} уже есть, они не тронуты. Чтобы записать новые, "
                        "добавьте --force: прежние останутся рядом, с окончанием .old.\n",
                        place.config()));
  EXPECT_EQ(content_of(place.config()), "language: ru\n");
  EXPECT_EQ(place.portal().counters().requests, 0U);

  done = place.init({"--force"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(content_of(place.config() + ".old"), "language: ru\n");
  EXPECT_EQ(place.run({"check"}).exit_code, 0);

  // As installed it is nobody's work, nor is the empty place for the webhook; its mode stays.
  std::filesystem::copy_file(B24_BINARY_DIR "/installed/b24watch.yaml", place.config(),
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::permissions(place.config(), std::filesystem::perms{0644});
  std::filesystem::create_directory(place.path("etc/rules"));
  place.folder().write("etc/webhook", "https://other.bitrix24.ru/rest/1/key/\n");
  done = place.init();
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(done.err, fmt::format("b24watch: В файле {} лежит другой вебхук, он не тронут. Чтобы "
                                  "заменить его, добавьте --force.\n",
                                  place.path("etc/webhook")));
  place.folder().write("etc/webhook", "");
  done = place.init();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(mode_of(place.config()), 0644U);
  EXPECT_NE(content_of(place.config()).find("\nrules: [rules] "), std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(place.path("etc"))) {
    EXPECT_NE(entry.path().extension(), ".new") << "left behind";
  }
}

TEST(SetupTest, TheOldWebhookStaysWithTheOldSettings) {
  NewPlace place;
  // Where the new settings are to be written first.
  std::filesystem::create_directories(place.path("etc/b24watch.yaml.new"));
  Finished done = place.init();
  EXPECT_EQ(done.exit_code, 2) << done.out;
  EXPECT_EQ(done.err.find(fmt::format("b24watch: Файл {} нельзя записать: ", place.config())), 0U)
      << done.err;
  EXPECT_FALSE(place.is_set_up()) << "the first webhook goes with its settings";

  const std::string former = "https://other.bitrix24.ru/rest/1/key/\n";
  place.folder().write("etc/b24watch.yaml", "language: ru\n");
  place.folder().write("etc/webhook", former);
  done = place.init({"--force"});
  EXPECT_EQ(done.exit_code, 2) << done.out;
  EXPECT_EQ(content_of(place.config()), "language: ru\n");
  EXPECT_EQ(content_of(place.path("etc/webhook")), former);
  EXPECT_EQ(mode_of(place.path("etc/webhook")), 0600U);
}

TEST(SetupTest, WithoutATemporaryFolderTheRestIsStillChecked) {
  NewPlace place;
  const Finished done = place.run({"init", "--webhook-file", place.path("hook")},
                                  {"TMPDIR=" + place.path("nowhere")});
  EXPECT_EQ(done.exit_code, 4);
  EXPECT_NE(done.out.find("[x] Во временную папку нельзя писать: назовите другую в переменной "
                          "окружения TMPDIR.\n"
                          "    Правила поэтому не проверены: исправьте это и повторите команду.\n"),
            std::string::npos)
      << done.out;
  EXPECT_NE(done.out.find("[+] Владелец вебхука – администратор"), std::string::npos);
  EXPECT_TRUE(done.out.ends_with("\nОшибок: 1, предупреждений: 0.\n")) << done.out;
  EXPECT_FALSE(place.is_set_up());
}

TEST(DoctorTest, SaysWhatIsWrongAndWhoseMatterItIs) {
  sim::PortalOptions options = small_company();
  options.leads_mode = sim::LeadsMode::simple;
  options.calls = 0;
  NewPlace place{options};
  ASSERT_EQ(place.init().exit_code, 0);
  Finished done = place.run({"doctor", "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.out;
  EXPECT_EQ(json::parse(done.out)["outcome"], "warning");
  auto found = outcomes(done);
  for (const auto& [id, outcome] : found) {
    EXPECT_EQ(outcome, id == "telephony" ? "warning" : "ok") << id;
  }
  EXPECT_NE(done.out.find("CRM работает без лидов"), std::string::npos);
  EXPECT_NE(
      place.run({"doctor"}, {"B24WATCH_LANGUAGE=en"}).out.find("\nIt can work; warnings: 1.\n"),
      std::string::npos);

  place.portal().add_fault({.kind = sim::FaultKind::error,
                            .method = "crm.item.list",
                            .count = -1,
                            .detail = "ACCESS_DENIED",
                            .status = 403});
  done = place.run({"doctor", "--json"});
  EXPECT_EQ(done.exit_code, 3);
  found = outcomes(done);
  EXPECT_EQ(found["stream_deal"], "failure");
  EXPECT_EQ(found["stream_contact"], "warning");
  EXPECT_EQ(found.count("stream_lead"), 0U) << "of a portal without leads nobody expects any";
  EXPECT_EQ(found["lists"], "ok");
  place.portal().clear_faults();

  place.portal().add_fault({.kind = sim::FaultKind::invalid_credentials, .count = -1});
  done = place.run({"doctor"});
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_NE(done.out.find("[x] Портал не принимает вебхук (INVALID_CREDENTIALS)"),
            std::string::npos);
  EXPECT_TRUE(done.out.ends_with("\nОшибок: 1, предупреждений: 0.\n")) << done.out;
  place.portal().stop();
  EXPECT_EQ(place.run({"doctor"}).exit_code, 5);
}

TEST(DoctorTest, LooksAtThisMachineToo) {
  NewPlace place;
  Finished done = place.run({"doctor"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(done.out, fmt::format("[x] Настроек {} ещё нет.\n"
                                  "    Создайте их: sudo b24watch init.\n"
                                  "\nОшибок: 1, предупреждений: 0.\n",
                                  place.config()));
  ASSERT_EQ(place.init().exit_code, 0);
  const std::string settings = content_of(place.config());
  std::filesystem::permissions(place.path("etc/webhook"), std::filesystem::perms{0644});
  place.folder().write("etc/rules/own.yaml", "version: 1\nrules:\n  - id: x\n");
  place.folder().write("etc/state/b24watch.sqlite", "no database at all, but long enough for it");
  std::string edited = settings;
  edited.replace(edited.find("\nrules: [] "), 11, "\nrules: [rules] ");
  edited += "\n";
  const auto at = edited.find("\nhttp:\n");
  edited.replace(at, 7, "\nhttp:\n  listen: '127.0.0.1:9'\n  application_token: abc\n");
  place.folder().write("etc/b24watch.yaml", edited);
  done = place.run({"doctor", "--json"});
  EXPECT_EQ(done.exit_code, 2) << "settings come first";
  auto found = outcomes(done);
  EXPECT_EQ(found["settings"], "warning") << "the webhook is open to others";
  EXPECT_EQ(found["rules"], "failure");
  EXPECT_EQ(found["mirror"], "failure");
  EXPECT_EQ(found["receiver"], "warning");
  EXPECT_EQ(found["portal"], "ok");
  std::filesystem::remove(place.path("etc/rules/own.yaml"));
  EXPECT_EQ(place.run({"doctor"}).exit_code, 4) << "then the state";
}

TEST(DoctorTest, ADiskWithoutRoomKeepsNoOtherCheckFromBeingMade) {
  NewPlace place;
  ASSERT_EQ(place.init().exit_code, 0);
  Finished done = place.run({"doctor", "--json"}, {"TMPDIR=" + place.path("nowhere")});
  EXPECT_EQ(done.exit_code, 4) << done.err;
  EXPECT_EQ(done.err, "");
  auto found = outcomes(done);
  EXPECT_EQ(found["rules"], "failure");
  for (const char* id : {"settings", "state", "disk", "mirror", "portal", "scope_crm", "rows"}) {
    EXPECT_EQ(found[id], "ok") << id;
  }
  const json checks = json::parse(done.out)["checks"];
  EXPECT_EQ(checks[1]["id"], "state") << "why the others fail comes first";

  // The folder is made, the database in it does not fit any more.
  const std::string crowded = place.path("crowded");
  std::filesystem::create_directories(crowded);
  std::vector<std::string> limited = {"/usr/bin/prlimit", "--fsize=40000"};
  const auto words = place.command({"doctor", "--json"});
  limited.insert(limited.end(), words.begin(), words.end());
  done = run_process(limited, place.folder().path().string(), {"TMPDIR=" + crowded});
  EXPECT_EQ(done.exit_code, 4) << done.err;
  EXPECT_EQ(outcomes(done)["rules"], "failure");
  EXPECT_NE(done.out.find("На диске нет места для базы " + crowded), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(crowded)) << "left behind";
}

TEST(DoctorTest, ADamagedDatabaseIsOneFailedCheck) {
  NewPlace place;
  ASSERT_EQ(place.init().exit_code, 0);
  ASSERT_EQ(place.run({"sync"}).exit_code, 0);
  const std::string file = place.path("etc/state/b24watch.sqlite");
  const auto size = std::filesystem::file_size(file);
  std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
  bytes.seekp(4096);  // the first page tells that it is a database
  bytes << std::string(size - 4096, '\xAA');
  bytes.close();
  const Finished done = place.run({"doctor", "--json"});
  EXPECT_EQ(done.exit_code, 4) << done.err;
  EXPECT_EQ(done.err, "");
  auto found = outcomes(done);
  EXPECT_EQ(found["mirror"], "failure");
  EXPECT_EQ(found["rules"], "ok");
  EXPECT_EQ(found["portal"], "ok");
  EXPECT_NE(done.out.find("Файл " + file + " повреждён"), std::string::npos) << done.out;
}

// --- at a terminal ---

TEST(SetupAtATerminalTest, TheWebhookIsNotShownAndEverythingIsConfirmed) {
  NewPlace place;
  TerminalProcess person{place.command({"init"}), {"LC_ALL=C.UTF-8"}};
  ASSERT_TRUE(person.shows("Адрес входящего вебхука (не будет показан): ")) << person.screen();
  ASSERT_TRUE(eventually([&] { return !person.echoes(); }));
  person.type("http://127.0.0.1:9/" + kSecret + "\n");
  ASSERT_TRUE(person.shows("Адрес вебхука должен выглядеть так")) << person.screen();
  ASSERT_TRUE(person.shows("(не будет показан): "));
  ASSERT_TRUE(eventually([&] { return !person.echoes(); }));
  person.type(place.portal().webhook() + "\n");
  ASSERT_TRUE(person.shows("✓ Владелец вебхука – администратор")) << person.screen();
  ASSERT_TRUE(person.shows("Кого считать отделом продаж?")) << person.screen();
  EXPECT_TRUE(person.echoes());
  ASSERT_TRUE(person.shows("Номера через запятую [1]: "));
  person.type("7\n");
  ASSERT_TRUE(person.shows("Нужны номера от 0 до ")) << person.screen();
  ASSERT_TRUE(person.shows("Номера через запятую [1]: "));
  person.type("\n");
  ASSERT_TRUE(person.shows("Об отделе «Отдел продаж» писать: "));
  person.type("2\n");
  EXPECT_EQ(person.wait(), 0) << person.screen();
  EXPECT_EQ(person.screen().find(kSecret), std::string::npos) << person.screen();
  const std::string settings = content_of(place.config());
  EXPECT_NE(settings.find("\n  departments: [2] "), std::string::npos) << settings;
  EXPECT_NE(settings.find("\n  heads: {2: 2} "), std::string::npos) << settings;
}

TEST(SetupAtATerminalTest, CtrlCLeavesTheTerminalAsItWas) {
  NewPlace place;
  TerminalProcess person{place.command({"init"})};
  ASSERT_TRUE(person.shows("(не будет показан): ")) << person.screen();
  ASSERT_TRUE(eventually([&] { return !person.echoes(); }));
  person.type("http://half");
  person.type("\x03");
  EXPECT_EQ(person.wait(), -SIGINT);
  EXPECT_TRUE(person.echoes());
  EXPECT_FALSE(place.is_set_up());
}

TEST(SetupAtATerminalTest, AMissingScopeCanBeAddedMeanwhile) {
  NewPlace place;
  place.portal().add_fault({.kind = sim::FaultKind::error,
                            .method = "department.get",
                            .detail = "ACCESS_DENIED",
                            .status = 403});
  TerminalProcess person{place.command({"init"}), {"LC_ALL=C"}};
  ASSERT_TRUE(person.shows("(не будет показан): ")) << person.screen();
  ASSERT_TRUE(eventually([&] { return !person.echoes(); }));
  person.type(place.portal().webhook() + "\n");
  ASSERT_TRUE(person.shows("[x] Список «отделы» не читается. ")) << person.screen();
  ASSERT_TRUE(person.shows("Исправьте это и нажмите Enter – проверю снова (Ctrl-C – выйти): "));
  person.type("\n");
  ASSERT_TRUE(person.shows("Всё в порядке.")) << person.screen();
  ASSERT_TRUE(person.shows("Номера через запятую"));
  person.type("0\n");
  EXPECT_EQ(person.wait(), 0) << person.screen();
  EXPECT_NE(content_of(place.config()).find("\n  departments: [] "), std::string::npos);
}

}  // namespace
}  // namespace b24
