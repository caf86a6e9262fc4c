#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>

#include "connectors/bitrix24/application.h"
#include "daemon/store/token_file.h"
#include "tests/connectors/http_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

// Which of Bitrix24's authorisation servers is asked for tokens where the settings name none: the
// one that the portal tells (portal docs: settings/oauth/index.md, on-app-install.md).

namespace b24 {
namespace {

constexpr const char* kTech = "oauth.bitrix24.tech";
constexpr const char* kInfo = "oauth.bitrix.info";
constexpr const char* kMember = "a223c6b3710f85df22e9377d6c4f7553";

std::string portal_of(const std::string& zone) { return "https://company.bitrix24." + zone; }

class TokenServerTest : public testing::Test {
 protected:
  // Nobody listens there unless a test does.
  TokenServerTest() { http_.addresses = {{kTech, "127.0.0.82"}, {kInfo, "127.0.0.83"}}; }

  std::unique_ptr<Application> application(const std::string& zone = "ru") {
    ApplicationKeys keys{.portal = *parse_url(portal_of(zone)),
                         .client_id = "local.1",
                         .client_secret = Secret{"client-secret"}};
    return std::make_unique<Application>(std::move(keys), file_, http_, clock_);
  }
  static ApplicationEvent installation(const std::string& server) {
    return {.refresh = Secret{"of-the-portal"},
            .application_token = Secret{"proof"},
            .portal = portal_of("ru") + "/rest/",
            .server = server,
            .member_id = kMember};
  }

  FakeClock clock_;
  const TempFolder folder_;
  HttpOptions http_;
  std::shared_ptr<TokenFile> file_ = std::make_shared<TokenFile>(folder_.path());
};

TEST_F(TokenServerTest, IsTheOneThatThePortalTells) {
  const auto expect_asked = [](const Result<void>& answer, const std::string& host) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable) << answer.error().text;
    EXPECT_NE(answer.error().text.find(host), std::string::npos) << answer.error().text;
  };
  const std::pair<const char*, const char*> told[] = {
      {"https://oauth.bitrix24.tech/rest/", kTech}, {"https://oauth.bitrix24.tech", kTech},
      {"https://oauth.bitrix.info/rest/", kInfo},   {"https://oauth.bitrix.info:443/rest/", kInfo},
      {"HTTPS://OAUTH.BITRIX.INFO/rest/", kInfo},
  };
  for (const auto& [server, host] : told) {
    SCOPED_TRACE(server);
    expect_asked(application()->install(installation(server), {}), host);
  }
  // A code from the browser, with what stood beside it, if anything.
  const struct {
    const char* zone;
    const char* server;
    const char* host;
  } codes[] = {{"ru", "", kTech},
               {"com", "", kInfo},
               {"ru", kInfo, kInfo},
               {"com", kTech, kTech},
               {"com", "https://oauth.bitrix24.tech/rest/", kTech}};
  for (const auto& c : codes) {
    SCOPED_TRACE(fmt::format("{} {}", c.zone, c.server));
    expect_asked(application(c.zone)->authorize(Secret{"code"}, c.server, {}), c.host);
  }
}

TEST_F(TokenServerTest, RenewsWhereTheTokensAreFrom) {
  test::Authority authority;
  http_.ca_file = authority.ca_file();
  // Not where another process finds nobody by the test above.
  http_.addresses = {{kTech, "127.0.0.84"}, {kInfo, "127.0.0.85"}};
  for (const char* host : {kTech, kInfo}) {
    SCOPED_TRACE(host);
    int issued = 0;
    const auto reply = [&](const test::Seen&) {
      ++issued;
      return test::Reply{
          fmt::format(R"({{"access_token":"access-{0}","refresh_token":"refresh-{0}",)"
                      R"("expires_in":3600,"member_id":"{1}",)"
                      R"("client_endpoint":"{2}/rest/"}})",
                      issued, kMember, portal_of("ru"))};
    };
    std::unique_ptr<test::HttpServer> server;
    try {
      const std::string names = fmt::format("DNS:{}", host);
      server = std::make_unique<test::HttpServer>(reply, authority.issue(host, names),
                                                  http_.addresses.at(host), 443);
    } catch (const boost::system::system_error& problem) {
      if (problem.code() != boost::asio::error::access_denied) throw;
      GTEST_SKIP() << "port 443 is not for this user";
    }
    const auto tokens = application();
    const auto done = tokens->install(installation(fmt::format("https://{}/rest/", host)), {});
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(tokens->token({})->reveal(), "access-1");
    clock_.advance(hours{2});
    // After a restart too: what is on the disk says who is asked.
    const auto later = application();
    const auto renewed = later->token({});
    ASSERT_TRUE(renewed) << renewed.error().text;
    EXPECT_EQ(renewed->reveal(), "access-2");
    const auto seen = server->seen();
    ASSERT_EQ(seen.size(), 2U);
    for (const auto& request : seen) {
      EXPECT_EQ(request.host, host);
      EXPECT_EQ(request.target, "/oauth/token/") << "no secret in the address";
    }
    EXPECT_NE(seen[0].body.find("refresh_token=of-the-portal"), std::string::npos);
    EXPECT_NE(seen[1].body.find("refresh_token=refresh-1"), std::string::npos);
  }
}

}  // namespace
}  // namespace b24
