#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/portal/http_call.h"
#include "tests/support/free_port.h"
#include "tests/support/workplace.h"

// The program with an application in place of the webhook.

namespace b24 {
namespace {

sim::PortalOptions company() {
  return {.managers = 3,
          .deals = 60,
          .tasks = 40,
          .calls = 60,
          .days = 20,
          .problems = false,
          .limits = {.enabled = false}};
}

class ApplicationScenario : public testing::Test {
 protected:
  ApplicationScenario() : workplace_(company()), portal_(workplace_.portal()) {
    const sim::ApplicationOptions app;
    std::ofstream secret{workplace_.folder() + "/client_secret", std::ios::trunc};
    secret << app.client_secret << '\n';
    secret.close();
    std::filesystem::permissions(
        workplace_.folder() + "/client_secret",
        std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::ofstream settings{workplace_.config_file(), std::ios::trunc};
    settings << fmt::format(
        "portal:\n  poll: 1 second\n  poll_quiet: 1 second\n  application:\n    address: {0}\n"
        "    server: {0}\n    client_id: {1}\n    client_secret_file: client_secret\n"
        "state_dir: state\npeople: {{notify_hours: any}}\nlog: {{level: debug}}\n"
        "http: {{listen: '127.0.0.1:{2}', public_address: 'http://127.0.0.1:{2}'}}\n",
        portal_.url(), app.client_id, port_);
  }

  void start() {
    run_ = std::make_unique<Process>(workplace_.command({"run"}), workplace_.folder());
  }
  bool logged(const std::string& words) { return run_->err().find(words) != std::string::npos; }
  bool eventually_logged(const std::string& words) {
    return eventually([&] { return logged(words) || !run_->running(); }) && logged(words);
  }
  bool complete() {
    const auto rows = workplace_.query("SELECT id FROM v_deal ORDER BY id");
    return rows.size() == portal_.count(Entity::deal);
  }
  // Up to what is asked for every hour, or every quarter of one.
  std::string differences_by_polls() { return differences(workplace_, Asked::by_polls); }
  void install() {
    ASSERT_EQ(portal_.install(fmt::format("http://127.0.0.1:{}/install", port_)), 200);
  }
  void expect_no_secret(const std::string& text) {
    EXPECT_EQ(text.find(sim::ApplicationOptions{}.client_secret), std::string::npos) << text;
    for (const std::string& token : portal_.issued()) {
      EXPECT_EQ(text.find(token), std::string::npos) << token << " stands in " << text;
    }
  }

  Workplace workplace_;
  sim::Portal& portal_;
  const int port_ = free_port();
  std::unique_ptr<Process> run_;
};

TEST_F(ApplicationScenario, WaitsForItsInstallationAndWorksFromThenOn) {
  start();
  ASSERT_TRUE(eventually_logged("waiting for the application")) << run_->err();
  const std::string lacking = "Приложение на портале 127.0.0.1 ещё не установлено";
  EXPECT_NE(workplace_.run({"status"}).out.find(lacking), std::string::npos);
  const Finished doctor = workplace_.run({"doctor"});
  EXPECT_EQ(doctor.exit_code, 3);
  EXPECT_NE(doctor.out.find(lacking), std::string::npos) << doctor.out;

  // A stranger's is answered alike, and changes nothing.
  const std::string forged =
      "event=ONAPPINSTALL&auth%5Brefresh_token%5D=guess&auth%5Bapplication_token%5D=x&"
      "auth%5Bmember_id%5D=y&auth%5Bclient_endpoint%5D=https%3A%2F%2Fevil.example%2Frest%2F";
  EXPECT_EQ(sim::http_call(fmt::format("http://127.0.0.1:{}/install", port_), forged,
                           "application/x-www-form-urlencoded")
                .status,
            200);
  ASSERT_TRUE(eventually_logged("application event refused refused=1")) << run_->err();
  EXPECT_FALSE(std::filesystem::exists(workplace_.folder() + "/state/application.json"));

  install();
  ASSERT_TRUE(eventually_logged("events bound")) << run_->err();
  ASSERT_TRUE(eventually([&] { return complete(); }));
  struct stat file {};
  ASSERT_EQ(::stat((workplace_.folder() + "/state/application.json").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);

  // The queue names what was deleted; an hour's token expires under way.
  portal_.mutate(60, 7);
  portal_.expire_tokens();
  portal_.mutate(60, 8);
  EXPECT_TRUE(eventually([&] { return differences_by_polls().empty(); })) << differences_by_polls();
  EXPECT_TRUE(eventually([&] { return portal_.queued() == 0; })) << portal_.queued();
  EXPECT_GT(portal_.renewals(), 1U);

  // An update of the application drops its handlers, and says so; a stranger may say it too.
  const auto tell = [&](const std::string& event, const std::string& proof) {
    const std::string body = "event=" + event + "&auth%5Bapplication_token%5D=" + proof;
    return sim::http_call(fmt::format("http://127.0.0.1:{}/install", port_), body,
                          "application/x-www-form-urlencoded")
        .status;
  };
  std::ifstream tokens{workplace_.folder() + "/state/application.json"};
  const std::string proof = nlohmann::json::parse(tokens)["application_token"];
  portal_.drop_handlers();
  const std::uint64_t bound = portal_.counters().methods["event.bind"];
  EXPECT_EQ(tell("ONAPPUPDATE", "guessed"), 200);
  EXPECT_FALSE(
      eventually([&] { return portal_.counters().methods["event.bind"] > bound; }, seconds{2}));
  EXPECT_FALSE(logged("application updated"));
  EXPECT_EQ(tell("ONAPPUPDATE", proof), 200);
  EXPECT_TRUE(eventually([&] { return portal_.counters().methods["event.bind"] > bound; }));
  EXPECT_EQ(tell("ONAPPUNINSTALL", proof), 200);
  EXPECT_TRUE(eventually_logged("application removed from the portal")) << run_->err();

  const std::string status = workplace_.run({"status"}).out;
  EXPECT_NE(status.find("Офлайн-событий получено: "), std::string::npos) << status;
  const Finished healthy = workplace_.run({"doctor"});
  EXPECT_NE(healthy.out.find("Приложение принято, оно действует от имени сотрудника"),
            std::string::npos)
      << healthy.out;
  EXPECT_NE(healthy.out.find("Офлайн-события портала доступны, подписок: "), std::string::npos)
      << healthy.out;
  run_->signal(SIGTERM);
  EXPECT_EQ(run_->wait().exit_code, 0);
  EXPECT_EQ(run_->err().find(" events=0 "), std::string::npos) << "none was posted";
  for (const std::string& text :
       {run_->out(), run_->err(), status, healthy.out, healthy.err, doctor.out}) {
    expect_no_secret(text);
  }
}

TEST_F(ApplicationScenario, IsAuthorizedByTheBrowserBesideTheRunningService) {
  start();
  ASSERT_TRUE(eventually_logged("waiting for the application")) << run_->err();
  const auto authorize = [&](const std::string& pasted) {
    std::string line = "printf '%s\\n' '" + pasted + "' | '";
    const std::vector<std::string> command = workplace_.command({"authorize"});
    line += command[0] + "' --config '" + command[2] + "' authorize";
    return run_process({"/bin/sh", "-c", line}, workplace_.folder());
  };
  EXPECT_EQ(authorize("").exit_code, 2);
  const Finished other = authorize("https://x.example/?code=abc&state=of-another-attempt");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.err.find("от другой попытки"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find("/oauth/authorize/?client_id="), std::string::npos) << other.err;
  EXPECT_EQ(authorize("a-wrong-code").exit_code, 3);
  const Finished done = authorize(portal_.authorize());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, "Готово: приложение допущено на портал 127.0.0.1. Служба продолжит сама.\n");
  EXPECT_TRUE(eventually([&] { return complete(); })) << run_->err();

  // Who comes by the browser has no proof of posted events: none are asked for.
  EXPECT_TRUE(eventually_logged("events bound")) << run_->err();
  for (const sim::RequestLine& line : portal_.requests()) {
    EXPECT_EQ(line.body.find("event.bind?event=ONCRMDEALADD&handler="), std::string::npos);
  }
  const std::string doctor = workplace_.run({"doctor"}).out;
  EXPECT_NE(doctor.find("нечем проверить: приложение допущено через браузер"), std::string::npos)
      << doctor;

  // Killed, it goes on with what is on the disk.
  run_->signal(SIGKILL);
  run_->wait();
  portal_.mutate(40, 9);
  start();
  EXPECT_TRUE(eventually([&] { return differences_by_polls().empty(); }))
      << differences_by_polls() << run_->err();
  run_->signal(SIGTERM);
  EXPECT_EQ(run_->wait().exit_code, 0);
  workplace_.catch_up();
  EXPECT_EQ(all_differences(workplace_), "");
  for (const std::string& text : {run_->err(), done.out, done.err, other.err}) {
    expect_no_secret(text);
  }
}

}  // namespace
}  // namespace b24
