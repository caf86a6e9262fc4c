#include "daemon/app.h"

#include <gtest/gtest.h>

#include "daemon/engine/kept.h"
#include "tests/portal/portal.h"
#include "tests/support/certificates.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

// The program put together, without its command line.

namespace b24 {
namespace {

// A portal that goes by several names, as one does after it was renamed.
class RenamedPortal : public testing::Test {
 protected:
  void SetUp() override {
    sim::PortalOptions options;
    options.managers = 3;
    options.deals = 200;
    options.tasks = 20;
    options.calls = 20;
    options.limits.enabled = false;
    options.tls_certificate = certificate_.file.string();
    options.tls_key = certificate_.key.string();
    portal_ = std::make_unique<sim::Portal>(options);
    portal_->start();
  }

  std::string address(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(portal_->port());
  }

  Result<std::unique_ptr<App>> open(const std::string& host) {
    Config config;
    config.portal.webhook = Secret{address(host) + "/rest/1/secret/"};
    config.portal.ca_file = authority_.ca_file();
    config.state_dir = folder_.path() / "state";
    AppOptions options;
    options.judging = false;
    for (const char* name :
         {"old.portal.test", "new.portal.test", "other.portal.test", "crm.example.org"}) {
      options.http.addresses[name] = "127.0.0.1";
    }
    return App::make(std::move(config), {}, std::move(options), clock_);
  }

  TempFolder folder_;
  test::Authority authority_;
  test::Certificate certificate_ =
      authority_.issue("portal", "DNS:*.portal.test,DNS:crm.example.org");
  SystemClock clock_;
  std::unique_ptr<sim::Portal> portal_;
};

TEST_F(RenamedPortal, IsNotFollowedToAnotherDomainAndYetKnownThere) {
  {
    auto app = open("old.portal.test");
    ASSERT_TRUE(app && (*app)->connect() && (*app)->sync({}));
  }
  {
    portal_->add_fault({.kind = sim::FaultKind::redirect, .detail = address("crm.example.org")});
    auto app = open("old.portal.test");
    ASSERT_TRUE(app && (*app)->connect());
    const auto report = (*app)->sync({});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().text,
              "Портал old.portal.test отсылает на другой адрес (crm.example.org) – если он "
              "переехал, впишите новый адрес вебхука в настройки.");
  }
  auto app = open("crm.example.org");
  ASSERT_TRUE(app) << app.error().text;
  ASSERT_TRUE((*app)->connect());
  const auto report = (*app)->sync({});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_LT(report->rows, 100U) << "directories, and what is recent";
}

TEST_F(RenamedPortal, KeepsItsMirrorUnderTheNewName) {
  {
    portal_->add_fault({.kind = sim::FaultKind::redirect, .detail = address("new.portal.test")});
    auto app = open("old.portal.test");
    ASSERT_TRUE(app) << app.error().text;
    const auto words = (*app)->connect();
    ASSERT_TRUE(words) << words.error().text;
    EXPECT_EQ(*words,
              "Портал old.portal.test переехал на new.portal.test – впишите новый адрес вебхука в "
              "настройки.");
    const auto report = (*app)->sync({});
    ASSERT_TRUE(report) << report.error().text;
    EXPECT_GE(report->rows, 60U);
  }
  // The old name still leads there.
  ASSERT_TRUE(open("old.portal.test"));

  const auto stranger = open("other.portal.test");
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().text,
            "В папке состояния лежит зеркало портала old.portal.test, а вебхук ведёт на "
            "other.portal.test. Укажите для этого портала другую папку в state_dir.");

  // With the new name in the settings the same mirror goes on.
  for (int i = 0; i < 2; ++i) {
    auto app = open("new.portal.test");
    ASSERT_TRUE(app) << app.error().text;
    const auto words = (*app)->connect();
    ASSERT_TRUE(words) << words.error().text;
    EXPECT_EQ(*words, "");
    const auto report = (*app)->sync({});
    ASSERT_TRUE(report) << report.error().text;
    EXPECT_LT(report->rows, 100U) << "directories, and what is recent";
  }
}

// A comparison asks for much after the last rows, and a command may come at once after the other.
TEST(AppEnd, NotesWhatWasAskedForAtLast) {
  FakeClock clock{from_unix(1'795'244'400)};
  const TempFolder folder;
  sim::Portal portal{sim::bare({.managers = 3,
                                .deals = 200,
                                .tasks = 20,
                                .calls = 20,
                                .days = 20,
                                .clock = &clock,
                                .limits = {.enabled = false}})};
  portal.start();
  Config config;
  config.portal.webhook = Secret{portal.webhook()};
  config.state_dir = folder.path() / "state";
  AppOptions options;
  options.judging = false;
  auto app = App::make(config, {}, options, clock);
  ASSERT_TRUE(app) << app.error().text;
  ASSERT_TRUE((*app)->connect());
  ASSERT_TRUE((*app)->verify({}, App::Mend::no, {}));
  const auto reader = Reader::open({config.state_dir});
  ASSERT_TRUE(reader);
  const auto kept = limits_from_json(*(*reader)->meta(kLimitsMeta));
  ASSERT_TRUE(kept);
  EXPECT_NEAR(kept->level, static_cast<double>(portal.counters().requests), 0.01);
}

}  // namespace
}  // namespace b24
