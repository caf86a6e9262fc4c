#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/load.h"
#include "tests/support/temp_folder.h"

namespace b24 {
namespace {

namespace fs = std::filesystem;
using std::chrono::sys_days;
using std::chrono::year;

const char* const kWebhook = "https://example.bitrix24.ru/rest/1/hunter2/";

class LoadConfigTest : public testing::Test {
 protected:
  void SetUp() override { unsetenv("CREDENTIALS_DIRECTORY"); }
  void TearDown() override { unsetenv("CREDENTIALS_DIRECTORY"); }

  LoadedConfig load(const std::string& text) {
    return load_config(folder_.write("b24watch.yaml", text));
  }
  Config good(const std::string& text) {
    LoadedConfig loaded = load(text);
    for (const Problem& problem : loaded.problems) ADD_FAILURE() << format(problem);
    return std::move(loaded.config);
  }
  // What is told, without the folder and the source lines.
  static std::string told(const LoadedConfig& loaded, const fs::path& folder) {
    std::string text;
    for (const Problem& problem : loaded.problems) text += format_line(problem) + "\n";
    const std::string prefix = folder.string() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  TempFolder folder_;
};

TEST_F(LoadConfigTest, ReadsEverything) {
  folder_.write("rules/own.yaml", "version: 1\n");
  folder_.write("ca.pem", "x");
  const Config config = good(R"(
language: en
portal:
  webhook: https://example.bitrix24.ru/rest/1/hunter2/
  poll: 1 minute
  poll_quiet: 20 minutes
  limits: {plan: enterprise, leave_free_percent: 20}
  ca_file: ca.pem
state_dir: state
rules: [rules]
people:
  departments: [5, 7]
  exclude: [11]
  heads: {5: 3, 7: 4}
  notify: [1, 2]
  fallback: 9
  administrators: [1, 8]
  absences:
    - {user: 17, from: '2026-11-01', to: '2026-11-14'}
scope:
  pipelines: [0, 5]
  test_titles: ['тест*']
  test_deal_types: [TRAINING]
  test_task_groups: [12]
  duration_offsets: {74951234567: 10 seconds, reg5: 1 minute}
calendar:
  zone: Asia/Yekaterinburg
  work_time: '10:00-19:30'
  days_off: [sunday, monday]
  extra_holidays: ['2026-12-31']
  extra_workdays: [2026-11-07]
http:
  listen: '0.0.0.0:8071'
  application_token: abc
log: {level: debug}
)");
  EXPECT_EQ(config.language, Language::en);
  EXPECT_EQ(config.portal.webhook.reveal(), kWebhook);
  EXPECT_EQ(config.portal.poll, seconds{60});
  EXPECT_EQ(config.portal.poll_quiet, minutes{20});
  EXPECT_EQ(config.portal.limits.drain_per_second, 5);
  EXPECT_EQ(config.portal.limits.burst, 250);
  EXPECT_EQ(config.portal.limits.leave_free, 0.2);
  EXPECT_TRUE(config.portal.limits.enabled);
  EXPECT_EQ(config.portal.ca_file, (folder_.path() / "ca.pem").string());
  EXPECT_EQ(config.state_dir, folder_.path() / "state");
  EXPECT_EQ(config.rules, std::vector<fs::path>{folder_.path() / "rules"});
  EXPECT_EQ(config.people.departments, (std::set<std::int64_t>{5, 7}));
  EXPECT_EQ(config.people.exclude, std::set<std::int64_t>{11});
  EXPECT_EQ(config.people.heads, (std::map<std::int64_t, std::int64_t>{{5, 3}, {7, 4}}));
  EXPECT_EQ(config.people.notify, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(config.people.fallback, 9);
  EXPECT_EQ(config.administrators, (std::vector<std::int64_t>{1, 8}));
  ASSERT_EQ(config.absences.size(), 1U);
  EXPECT_EQ(config.absences[0].user_id, 17);
  EXPECT_EQ(config.absences[0].from, sys_days{year{2026} / 11 / 1});
  EXPECT_EQ(config.absences[0].to, sys_days{year{2026} / 11 / 14});
  EXPECT_EQ(config.scope.pipelines, (std::set<std::int64_t>{0, 5}));
  EXPECT_EQ(config.scope.test_titles, std::vector<std::string>{"тест*"});
  EXPECT_EQ(config.scope.test_deal_types, std::set<std::string>{"TRAINING"});
  EXPECT_EQ(config.scope.test_task_groups, std::set<std::int64_t>{12});
  EXPECT_EQ(config.scope.duration_offsets,
            (std::map<std::string, seconds>{{"74951234567", seconds{10}}, {"reg5", minutes{1}}}));
  EXPECT_EQ(config.calendar.zone, "Asia/Yekaterinburg");
  EXPECT_EQ(config.calendar.work_start, hours{10});
  EXPECT_EQ(config.calendar.work_end, minutes{19 * 60 + 30});
  EXPECT_EQ(config.calendar.week_holidays, (std::set<unsigned>{0, 1}));
  EXPECT_EQ(config.calendar.extra_holidays, std::set<Day>{sys_days{year{2026} / 12 / 31}});
  EXPECT_EQ(config.calendar.extra_workdays, std::set<Day>{sys_days{year{2026} / 11 / 7}});
  EXPECT_EQ(config.http.host, "0.0.0.0");
  EXPECT_EQ(config.http.port, 8071);
  EXPECT_EQ(config.http.application_token.reveal(), "abc");
  EXPECT_EQ(config.log_level, "debug");
}

void expect_defaults(const Config& config) {
  const Config plain;
  EXPECT_EQ(config.language, plain.language);
  EXPECT_EQ(config.portal.poll, plain.portal.poll);
  EXPECT_EQ(config.portal.poll_quiet, plain.portal.poll_quiet);
  EXPECT_EQ(config.portal.limits.drain_per_second, plain.portal.limits.drain_per_second);
  EXPECT_EQ(config.portal.limits.leave_free, plain.portal.limits.leave_free);
  EXPECT_EQ(config.portal.limits.enabled, plain.portal.limits.enabled);
  EXPECT_EQ(config.state_dir, plain.state_dir);
  EXPECT_TRUE(config.rules.empty());
  EXPECT_TRUE(config.people.departments.empty() && config.people.notify.empty());
  EXPECT_TRUE(config.scope.pipelines.empty() && config.scope.test_titles.empty());
  EXPECT_TRUE(config.scope.test_deal_types.empty() && config.scope.test_task_groups.empty());
  EXPECT_TRUE(config.scope.duration_offsets.empty());
  EXPECT_FALSE(config.calendar.zone || config.calendar.week_holidays);
  EXPECT_TRUE(config.calendar.extra_holidays.empty());
  EXPECT_EQ(config.http.port, plain.http.port);
  EXPECT_EQ(config.log_level, plain.log_level);
}

// The file we ship shows every key, and says of each what the program does without it.
TEST_F(LoadConfigTest, ShippedSettingsAreTheDefaults) {
  std::ifstream stream(B24_SOURCE_DIR "/config/b24watch.yaml");
  std::stringstream shipped;
  shipped << stream.rdbuf();
  std::string text = shipped.str();
  const std::string key = "  # webhook: ";
  ASSERT_NE(text.find(key), std::string::npos);
  text.replace(text.find(key), key.size(), "  webhook: ");
  expect_defaults(good(text));
  // With every comment that is a key taken off, it must load too; but for the application, which
  // is there in place of the webhook.
  std::string line, all;
  for (std::stringstream lines(text); std::getline(lines, line);) {
    const bool application = line.starts_with("  # application:") || line.starts_with("  #   ");
    const bool key_of_ours = line.starts_with("  # ") && !application;
    if (key_of_ours && line.find("_file") == std::string::npos) line.erase(2, 2);
    all += line + "\n";
  }
  const Config config = good(all);
  EXPECT_EQ(config.http.port, 8071);
  EXPECT_EQ(config.calendar.work_end, hours{18});
  EXPECT_EQ(config.people.fallback, 1);
}

// The same with the application in place of the webhook.
TEST_F(LoadConfigTest, ShippedSettingsShowAnApplication) {
  folder_.write("client_secret", "s3cret\n");
  std::ifstream stream(B24_SOURCE_DIR "/config/b24watch.yaml");
  std::string text;
  for (std::string line; std::getline(stream, line);) {
    const bool application = line.starts_with("  # application:") || line.starts_with("  #   ");
    if (application || line.starts_with("  # public_address:")) line.erase(2, 2);
    text += line + "\n";
  }
  const Config config = good(text);
  ASSERT_TRUE(config.portal.application);
  EXPECT_EQ(config.portal.application->portal.host, "example.bitrix24.ru");
  EXPECT_EQ(config.portal.application->client_id, "local.0123456789abcd.01234567");
  EXPECT_EQ(config.portal.application->client_secret.reveal(), "s3cret");
  ASSERT_TRUE(config.portal.application->server);
  EXPECT_EQ(config.portal.application->server->host, "oauth.bitrix24.tech");
  EXPECT_EQ(config.http.public_address, "https://watch.example.ru");
  EXPECT_TRUE(config.portal.webhook.empty());
}

// systemd may hand over the secret, and a webhook that stays from before is passed over.
TEST_F(LoadConfigTest, TakesTheSecretOfAnApplicationFromSystemd) {
  folder_.write("credentials/client_secret", "handed over\n");
  folder_.write("credentials/webhook", "https://credential/\n");
  setenv("CREDENTIALS_DIRECTORY", (folder_.path() / "credentials").c_str(), 1);
  const Config config =
      good("portal: {application: {address: 'https://x.bitrix24.ru', client_id: local.1}}");
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(config.portal.application->client_secret.reveal(), "handed over");
  EXPECT_FALSE(config.portal.application->server);
  EXPECT_TRUE(config.portal.webhook.empty());
}

TEST_F(LoadConfigTest, EmptySectionsAreDefaults) {
  expect_defaults(good("portal:\n  webhook: " + std::string(kWebhook) +
                       "\n  limits:\npeople:\nscope:\ncalendar:\nhttp:\nlog:\nrules:\n"));
}

TEST_F(LoadConfigTest, LimitsCanBeSwitchedOff) {
  const Config config = good("portal: {webhook: x, limits: {plan: none}}");
  EXPECT_FALSE(config.portal.limits.enabled);
}

TEST_F(LoadConfigTest, TakesTheWebhookFromWhereItIs) {
  folder_.write("secret", std::string(" ") + kWebhook + "\r\n");
  folder_.write("credentials/webhook", "https://credential/\n");
  EXPECT_EQ(good("portal: {webhook_file: secret}").portal.webhook.reveal(), kWebhook);
  setenv("CREDENTIALS_DIRECTORY", (folder_.path() / "credentials").c_str(), 1);
  EXPECT_EQ(good("language: ru").portal.webhook.reveal(), "https://credential/");
  EXPECT_EQ(good("portal: {webhook_file: secret}").portal.webhook.reveal(), kWebhook);
  EXPECT_EQ(good("portal: {webhook: given}").portal.webhook.reveal(), "given");
  const fs::path file = folder_.write("b24watch.yaml", "portal: {webhook: given}");
  EXPECT_EQ(load_config(file, Secret("--webhook")).config.portal.webhook.reveal(), "--webhook");
}

TEST_F(LoadConfigTest, WarnsOfSecretsOpenToOthers) {
  const fs::path file = folder_.write("b24watch.yaml", "portal: {webhook: x1}\n");
  fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
  LoadedConfig loaded = load_config(file);
  EXPECT_FALSE(has_errors(loaded.problems));
  EXPECT_EQ(told(loaded, folder_.path()),
            "b24watch.yaml:1:19: предупреждение R008: здесь секрет, а файл доступен не только "
            "владельцу: выполните chmod 600\n");
  const fs::path secret = folder_.write("secret", kWebhook);
  fs::permissions(secret, fs::perms::others_read, fs::perm_options::add);
  loaded = load("portal: {webhook_file: secret}");
  EXPECT_EQ(loaded.config.portal.webhook.reveal(), kWebhook);
  EXPECT_EQ(told(loaded, folder_.path()),
            "b24watch.yaml:1:24: предупреждение R008: файл «secret» доступен не только владельцу: "
            "выполните chmod 600\n");
}

TEST_F(LoadConfigTest, WarnsOfTwoWebhooks) {
  folder_.write("secret", "other");
  const LoadedConfig loaded = load("portal: {webhook: first, webhook_file: secret}");
  EXPECT_EQ(loaded.config.portal.webhook.reveal(), "first");
  EXPECT_EQ(told(loaded, folder_.path()),
            "b24watch.yaml:1:40: предупреждение R009: «webhook_file» не читается, потому что задан "
            "и «webhook»: оставьте что-то одно\n");
}

TEST_F(LoadConfigTest, RefusesSecretFilesThatHoldSomethingElse) {
  folder_.write("empty", " \n");
  folder_.write("two", "a\nb\n");
  folder_.write("long", std::string(2000, 'x'));
  fs::create_directory(folder_.path() / "folder");
  for (const char* name : {"empty", "two", "long", "folder", "missing"}) {
    const LoadedConfig loaded = load(std::string("portal: {webhook_file: ") + name + "}");
    EXPECT_EQ(told(loaded, folder_.path()),
              std::string("b24watch.yaml:1:24: ошибка R006: в файле «") + name +
                  "» нет секрета: создайте файл с одной строкой и дайте службе право его читать\n");
  }
}

TEST_F(LoadConfigTest, ASecretClosedToThisUserIsPassedOverByThoseWhoNeedNone) {
  if (geteuid() == 0) GTEST_SKIP() << "nothing is closed to root";
  const fs::path secret = folder_.write("secret", "https://example.bitrix24.ru/rest/1/code/\n");
  fs::permissions(secret, fs::perms::none);
  LoadedConfig loaded = load("portal: {webhook_file: secret}");
  EXPECT_EQ(told(loaded, folder_.path()),
            "b24watch.yaml:1:24: ошибка R007: файл «secret» закрыт для этого пользователя: отдайте "
            "файл службе (chown b24watch) или запустите команду через sudo\n");
  pass_over_secrets(loaded.problems);
  EXPECT_TRUE(loaded.problems.empty());
}

TEST_F(LoadConfigTest, SaysWhatToDoWithoutAFile) {
  EXPECT_EQ(told(load_config(folder_.path() / "none.yaml"), folder_.path()),
            "none.yaml: ошибка R001: файла настроек нет: создайте его или назовите другой ключом "
            "--config\n");
  fs::create_directory(folder_.path() / "dir.yaml");
  EXPECT_EQ(told(load_config(folder_.path() / "dir.yaml"), folder_.path()),
            "dir.yaml: ошибка R001: это не файл\n");
  const fs::path large = folder_.write("large.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(told(load_config(large), folder_.path()),
            "large.yaml: ошибка R002: файл больше 1 МиБ\n");
}

TEST(MergedTest, PortalThenSettings) {
  CalendarSettings portal;
  portal.zone = "Asia/Omsk";
  portal.work_start = hours{8};
  portal.work_end = hours{17};
  portal.week_holidays = {0};
  portal.year_holidays = {{1, 1}};
  portal.extra_holidays = {sys_days{year{2026} / 11 / 7}};

  CalendarOverrides overrides;
  CalendarSettings result = merged(portal, overrides, "Asia/Tomsk");
  EXPECT_EQ(result.zone, "Asia/Tomsk");
  EXPECT_EQ(result.work_start, hours{8});
  EXPECT_EQ(result.week_holidays, std::set<unsigned>{0});
  EXPECT_EQ(result.year_holidays.size(), 1U);
  EXPECT_EQ(merged(portal, overrides, "").zone, "Asia/Omsk");

  overrides.zone = "Europe/Samara";
  overrides.work_start = hours{10};
  overrides.work_end = hours{20};
  overrides.week_holidays = std::set<unsigned>{};
  overrides.extra_workdays = {sys_days{year{2026} / 11 / 7}};
  overrides.extra_holidays = {sys_days{year{2026} / 12 / 31}};
  result = merged(portal, overrides, "Asia/Tomsk");
  EXPECT_EQ(result.zone, "Europe/Samara");
  EXPECT_EQ(result.work_start, hours{10});
  EXPECT_EQ(result.work_end, hours{20});
  EXPECT_TRUE(result.week_holidays.empty());
  EXPECT_EQ(result.year_holidays.size(), 1U);
  EXPECT_EQ(result.extra_holidays, std::set<Day>{sys_days{year{2026} / 12 / 31}});
  EXPECT_EQ(result.extra_workdays, std::set<Day>{sys_days{year{2026} / 11 / 7}});
}

TEST(MergedTest, WithoutAPortal) {
  const CalendarSettings plain;
  const CalendarSettings result = merged(std::nullopt, {}, "");
  EXPECT_EQ(result.zone, plain.zone);
  EXPECT_EQ(result.work_start, plain.work_start);
  EXPECT_EQ(result.week_holidays, plain.week_holidays);
  EXPECT_EQ(merged(std::nullopt, {}, "Asia/Tomsk").zone, "Asia/Tomsk");
}

}  // namespace
}  // namespace b24
