#include "daemon/installer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "daemon/store/token_file.h"
#include "tests/portal/portal.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace b24 {
namespace {

class InstallerTest : public testing::Test {
 protected:
  InstallerTest()
      : portal_({.managers = 1,
                 .deals = 1,
                 .tasks = 0,
                 .calls = 0,
                 .days = 2,
                 .clock = &clock_,
                 .limits = {.enabled = false}}) {
    portal_.start();
    application_ = std::make_unique<Application>(
        ApplicationKeys{.portal = *parse_url(portal_.url()),
                        .client_id = sim::ApplicationOptions{}.client_id,
                        .client_secret = Secret{sim::ApplicationOptions{}.client_secret},
                        .server = *parse_url(portal_.url())},
        std::make_shared<TokenFile>(folder_.path()), HttpOptions{}, clock_);
    installer_ = std::make_unique<Installer>(*application_, clock_, [this] { ++updated_; });
  }

  void run() {
    running_ = std::jthread{[this](const std::stop_token& stop) { installer_->run(stop); }};
  }
  std::string changed(const std::string& field, const std::string& value) {
    std::string body = portal_.installation();
    const std::string name = "auth%5B" + field + "%5D=";
    const auto at = body.find(name) + name.size();
    return body.replace(at, body.find('&', at) - at, value);
  }
  // Only the installer's pauses move the clock.
  bool paused_for(seconds in_all) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (clock_.steady_now() - began_ < in_all && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return clock_.steady_now() - began_ == in_all;
  }

  FakeClock clock_;
  const SteadyTime began_ = clock_.steady_now();
  const TempFolder folder_;
  sim::Portal portal_;
  std::unique_ptr<Application> application_;
  std::atomic<int> updated_{0};
  std::unique_ptr<Installer> installer_;
  std::jthread running_;
};

TEST_F(InstallerTest, ThePauseDoublesWithEachRefusedProof) {
  for (int i = 0; i < 5; ++i) installer_->take(changed("refresh_token", "guessed"));
  run();
  EXPECT_TRUE(paused_for(seconds{1 + 2 + 4 + 8 + 16}));
  for (int i = 0; i < 7; ++i) installer_->take(changed("refresh_token", "guessed"));
  constexpr seconds kSoFar{1023 + 600 + 600};
  EXPECT_TRUE(paused_for(kSoFar));
  // Whoever is let in starts anew.
  installer_->take(portal_.installation());
  EXPECT_TRUE(paused_for(kSoFar + seconds{1}));
  EXPECT_FALSE(application_->application_token().empty());
  installer_->take(changed("refresh_token", "guessed"));
  EXPECT_TRUE(paused_for(kSoFar + seconds{2}));
}

TEST_F(InstallerTest, WhatDoesNotConcernUsTakesNoPlace) {
  for (int i = 0; i < 20; ++i) {
    installer_->take(changed("client_endpoint", "https%3A%2F%2Fevil.example%2Frest%2F"));
    installer_->take("event=ONAPPUPDATE&auth%5Bapplication_token%5D=guessed");
    installer_->take("junk");
  }
  installer_->take(portal_.installation());
  run();
  EXPECT_TRUE(paused_for(seconds{1}));
  EXPECT_EQ(portal_.renewals(), 1U);
  const std::string known = application_->application_token().reveal();
  ASSERT_FALSE(known.empty());
  installer_->take("event=ONAPPUPDATE&auth%5Bapplication_token%5D=" + known);
  EXPECT_TRUE(paused_for(seconds{2}));
  EXPECT_EQ(updated_, 1);
}

}  // namespace
}  // namespace b24
