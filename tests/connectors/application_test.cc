#include "connectors/bitrix24/application.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/probe_lines.h"
#include "daemon/store/token_file.h"
#include "tests/connectors/http_server.h"
#include "tests/portal/portal.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace b24 {
namespace {

using sim::FaultKind;

constexpr const char* kTokens = "oauth/token";  // as the simulator's faults name it

// A disk that can be full, a turn that may not come.
class FillingFile : public TokenFile {
 public:
  using TokenFile::TokenFile;
  Result<void> save(const Tokens& tokens) override {
    if (room == 0) return error(ErrorKind::unavailable, "full");
    if (room > 0) --room;
    return TokenFile::save(tokens);
  }
  Result<void> alone(const std::function<Result<void>()>& work,
                     const std::stop_token& stop) override {
    if (taken) return error(ErrorKind::unavailable, "taken");
    return TokenFile::alone(work, stop);
  }
  int room = -1;  // how often one can save; -1: always
  bool taken = false;
};

class ApplicationTest : public testing::Test {
 protected:
  explicit ApplicationTest(std::set<std::string> scopes = sim::PortalOptions{}.scopes)
      : portal_({.managers = 1,
                 .deals = 1,
                 .tasks = 0,
                 .calls = 0,
                 .days = 2,
                 .clock = &clock_,
                 .limits = {.enabled = false},
                 .scopes = std::move(scopes)}) {
    portal_.start();
    keys_ = {.portal = *parse_url(portal_.url()),
             .client_id = sim::ApplicationOptions{}.client_id,
             .client_secret = Secret{sim::ApplicationOptions{}.client_secret},
             .server = *parse_url(portal_.url())};
    file_ = std::make_shared<FillingFile>(folder_.path());
    open();
  }

  // As another process would, or this one after a restart.
  std::shared_ptr<Application> another() {
    return std::make_shared<Application>(keys_, file_, HttpOptions{}, clock_);
  }
  void open() {
    application_ = another();
    ClientOptions options;
    options.limits.enabled = false;
    client_ = std::make_unique<Client>(application_, options, clock_);
  }
  Result<void> install(const std::string& body) {
    return application_->install(parse_application_event(body).value(), {});
  }
  void install() {
    const auto installed = install(portal_.installation());
    ASSERT_TRUE(installed) << installed.error().text;
  }
  Result<CallAnswer> call() { return client_->call("profile", {}, Effect::read, {}); }
  std::uint64_t asked(const std::string& method) const {
    std::uint64_t count = 0;
    for (const auto& line : portal_.requests()) count += line.method == method ? 1U : 0U;
    return count;
  }
  std::uint64_t renewed() { return portal_.renewals() - 1; }  // but for the installation's proof

  // Nothing that a person reads may hold a token, nor what they are asked with.
  void expect_no_secret(const std::string& text) {
    EXPECT_EQ(text.find(keys_.client_secret.reveal()), std::string::npos) << text;
    for (const std::string& token : portal_.issued()) {
      EXPECT_EQ(text.find(token), std::string::npos) << text;
    }
  }

  FakeClock clock_;
  const TempFolder folder_;
  sim::Portal portal_;
  ApplicationKeys keys_;
  std::shared_ptr<FillingFile> file_;
  std::shared_ptr<Application> application_;
  std::unique_ptr<Client> client_;
};

TEST_F(ApplicationTest, IsInstalledAndCallsWithTheTokenInTheBody) {
  const auto before = call();
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().kind, ErrorKind::blocked);
  EXPECT_EQ(
      before.error().text,
      "Приложение на портале 127.0.0.1 ещё не установлено – сохраните его карточку на портале "
      "(адрес установки – …/install) или выполните на этом сервере: sudo b24watch authorize.");
  EXPECT_EQ(asked("profile"), 0U);

  install();
  const auto answer = call();
  ASSERT_TRUE(answer) << answer.error().text;
  const auto line = portal_.requests().back();
  EXPECT_EQ(line.method, "profile");  // the path is /rest/profile: no token in it
  const auto kept = file_->load();
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ(line.body, R"({"auth":")" + (*kept)->access.reveal() + "\"}");
  EXPECT_EQ((*kept)->expires_at, clock_.now() + seconds{3600});
  EXPECT_FALSE(application_->application_token().empty());

  const auto batch = client_->batch({{"p", "profile", ""}, {"s", "scope", ""}}, {});
  ASSERT_TRUE(batch && batch->commands[0].result && batch->commands[1].result);
}

TEST_F(ApplicationTest, RenewsATokenThatIsKnownToBeStaleBeforeItIsRefused) {
  install();
  clock_.advance(seconds{3500});
  ASSERT_TRUE(call());
  EXPECT_EQ(renewed(), 0U);
  clock_.advance(seconds{60});
  ASSERT_TRUE(call());
  EXPECT_EQ(renewed(), 1U);
  EXPECT_EQ(portal_.counters().refusals.count("expired_token"), 0U);
}

TEST_F(ApplicationTest, RenewsOnceAfterARefusalAndRepeatsTheCallOnce) {
  install();
  portal_.expire_tokens();
  ASSERT_TRUE(call());
  EXPECT_EQ(renewed(), 1U);
  EXPECT_EQ(asked("profile"), 2U);

  // What is refused again is not asked a third time; nor is a token renewed that has just come.
  clock_.advance(minutes{2});
  portal_.add_fault({.kind = FaultKind::error,
                     .method = "profile",
                     .count = -1,
                     .detail = "invalid_token",
                     .status = 401});
  const auto refused = call();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::blocked);
  EXPECT_EQ(refused.error().text,
            "Портал не принимает приложение (invalid_token): оно удалено или его доступ отозван – "
            "установите его на портале заново или выполните на этом сервере: sudo b24watch "
            "authorize.");
  EXPECT_EQ(renewed(), 2U);
  EXPECT_EQ(asked("profile"), 4U);
  EXPECT_FALSE(call());
  EXPECT_EQ(renewed(), 2U);
  EXPECT_EQ(asked("profile"), 5U);
}

TEST_F(ApplicationTest, RepeatsABatchWhoseTokenExpiredInItsMidst) {
  install();
  portal_.add_fault(
      {.kind = FaultKind::error, .method = "scope", .detail = "expired_token", .status = 401});
  const auto batch =
      client_->batch({{"p", "profile", ""}, {"s", "scope", ""}, {"t", "server.time", ""}}, {});
  ASSERT_TRUE(batch) << batch.error().text;
  for (const CommandAnswer& command : batch->commands) {
    EXPECT_TRUE(command.result) << command.key;
  }
  EXPECT_EQ(renewed(), 1U);
  EXPECT_EQ(asked("batch"), 2U);
}

TEST_F(ApplicationTest, CallersAtOnceShareOneRenewal) {
  install();
  const auto other = another();
  const auto stale = application_->token({});
  ASSERT_TRUE(stale);
  portal_.expire_tokens();
  portal_.add_fault({.kind = FaultKind::slow, .method = kTokens, .delay = milliseconds{50}});
  std::vector<std::jthread> callers;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    // Half of them in what could be another process: it has the file alone in common.
    callers.emplace_back([&, application = i % 2 == 0 ? application_ : other] {
      const auto fresh = application->token_after(*stale, {});
      if (fresh && !(*fresh == *stale)) ++good;
    });
  }
  callers.clear();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(renewed(), 1U);
}

// The old tokens are dead by then: what is not on the disk must not be used, or a kill loses all.
TEST_F(ApplicationTest, UsesNoTokenBeforeItIsOnTheDisk) {
  install();
  clock_.advance(hours{2});
  file_->room = 1;  // filled between the question and its answer
  const auto failed = application_->token({});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(renewed(), 1U);
  ASSERT_FALSE(application_->token_after(Secret{"whatever"}, {}));
  EXPECT_EQ(renewed(), 1U) << "the same tokens wait for the disk";

  file_->room = -1;
  ASSERT_TRUE(call());
  EXPECT_EQ(renewed(), 1U);
  open();  // after a restart too
  ASSERT_TRUE(call());
  EXPECT_EQ(renewed(), 1U);
}

TEST_F(ApplicationTest, SpendsNoTokenThatItCouldNotReplaceOnTheDisk) {
  install();
  clock_.advance(hours{2});
  file_->room = 0;
  const auto failed = application_->token({});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(renewed(), 0U);
  open();
  file_->room = -1;
  EXPECT_TRUE(call());
  EXPECT_EQ(renewed(), 1U);
}

// The portal posts them once only.
TEST_F(ApplicationTest, KeepsTheTokensOfAnInstallationAsSoonAsTheDiskTakesThem) {
  for (const bool full : {true, false}) {
    const auto before = application_->installations();
    file_->room = full ? 0 : -1;
    file_->taken = !full;
    ASSERT_FALSE(install(portal_.installation()));
    const auto lacking = application_->lacking();
    ASSERT_TRUE(lacking);
    EXPECT_EQ(lacking->text, full ? "full" : "taken");

    file_->room = -1;
    file_->taken = false;
    EXPECT_FALSE(application_->lacking());
    EXPECT_EQ(application_->installations(), before + 1);
    open();  // after a restart too
    EXPECT_TRUE(call());
  }
}

// What the token server said of the tokens of others must not outlive its answer.
TEST_F(ApplicationTest, ABrokenCertificateStoreIsNoRefusalForGood) {
  install();
  test::Authority authority;
  std::atomic<bool> ours{false};
  const auto reply = [&](const test::Seen&) {
    return ours ? test::Reply{R"({"access_token":"fresh","refresh_token":"next"})"}
                : test::Reply{R"({"error":"invalid_grant"})", 400};
  };
  test::HttpServer server(reply, authority.issue("local", "IP:127.0.0.1"));
  keys_.server = server.url();
  HttpOptions http;
  http.ca_file = (folder_.path() / "ca.pem").string();
  std::filesystem::copy_file(authority.ca_file(), http.ca_file);
  Application application{keys_, file_, http, clock_};
  const auto event = parse_application_event(portal_.installation());
  const auto strange = application.install(*event, {});
  ASSERT_FALSE(strange);
  EXPECT_NE(strange.error().text.find("invalid_grant"), std::string::npos) << strange.error().text;

  clock_.advance(hours{2});
  std::filesystem::remove(http.ca_file);
  const auto failed = application.token({});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::blocked);
  EXPECT_NE(failed.error().text.find("ca_file"), std::string::npos) << failed.error().text;

  std::filesystem::copy_file(authority.ca_file(), http.ca_file);
  ours = true;
  clock_.advance(minutes{10});
  EXPECT_FALSE(application.lacking());
  const auto token = application.token({});
  ASSERT_TRUE(token) << token.error().text;
  EXPECT_EQ(token->reveal(), "fresh");
}

// Between the server's answer and our file a kill, or a broken connection, loses the new tokens.
TEST_F(ApplicationTest, SaysWhatToDoWhenTheNewTokensWereLost) {
  install();
  clock_.advance(hours{2});
  portal_.add_fault({.kind = FaultKind::reset, .method = kTokens, .strikes = sim::Strikes::after});
  const auto lost = application_->token({});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, ErrorKind::unavailable);
  open();
  const auto dead = application_->token({});
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().kind, ErrorKind::blocked);
  EXPECT_EQ(dead.error().text,
            "Ключи приложения больше не действуют (invalid_grant) – установите приложение на "
            "портале заново или выполните на этом сервере: sudo b24watch authorize.");

  // A dead grant is not asked for again, however often somebody calls.
  const auto before = asked(kTokens);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(call());
  clock_.advance(hours{24});
  EXPECT_FALSE(call());
  EXPECT_EQ(asked(kTokens), before);

  // Another process brings new tokens; a caller who waits hears of it.
  const auto code = portal_.authorize();
  ASSERT_TRUE(another()->authorize(Secret{code}, "", {}));
  EXPECT_TRUE(client_->sit_out(clock_.steady_now() + hours{10}, {}));
  EXPECT_FALSE(application_->lacking());
  EXPECT_TRUE(call());
}

TEST_F(ApplicationTest, TellsWhatTheTokenServerSays) {
  struct Case {
    int status;
    const char* code;
    ErrorKind kind;
    const char* part;  // of the sentence
  };
  const Case cases[] = {
      {400, "invalid_grant", ErrorKind::blocked, "больше не действуют (invalid_grant)"},
      {400, "bad_verification_code", ErrorKind::blocked, "больше не действуют"},
      {200, "wrong_client", ErrorKind::blocked, "проверьте client_id в настройках"},
      {400, "invalid_client", ErrorKind::blocked, "проверьте client_secret"},
      {401, "invalid_client", ErrorKind::blocked, "проверьте client_secret"},
      {401, "PAYMENT_REQUIRED", ErrorKind::blocked, "закончилась подписка"},
      {401, "NOT_INSTALLED", ErrorKind::blocked, "удалено с портала"},
      {403, "insufficient_scope", ErrorKind::blocked, "не хватает прав"},
      {400, "INVALID_SCOPE", ErrorKind::blocked, "не хватает прав"},
      {400, "invalid_request", ErrorKind::blocked, "отказал приложению (invalid_request"},
      {500, "INTERNAL_SERVER_ERROR", ErrorKind::unavailable, "повторим позже"},
      {503, "", ErrorKind::unavailable, "сейчас не отвечает (HTTP 503)"},
  };
  for (const Case& c : cases) {
    const Error told = token_error(c.code, "words", c.status);
    EXPECT_EQ(told.kind, c.kind) << c.code;
    EXPECT_NE(told.text.find(c.part), std::string::npos) << told.text;
  }
  // The same over the wire, and what is no answer at all.
  install();
  clock_.advance(hours{2});
  const std::pair<sim::Fault, ErrorKind> faults[] = {
      {{.kind = FaultKind::html, .method = kTokens}, ErrorKind::unavailable},
      {{.kind = FaultKind::bad_gateway, .method = kTokens}, ErrorKind::unavailable},
      {{.kind = FaultKind::server_error, .method = kTokens}, ErrorKind::unavailable},
      {{.kind = FaultKind::reset, .method = kTokens}, ErrorKind::unavailable},
      {{.kind = FaultKind::error, .method = kTokens, .detail = "wrong_client", .status = 200},
       ErrorKind::blocked},
  };
  for (const auto& [fault, kind] : faults) {
    portal_.add_fault(fault);
    const auto answer = application_->token({});
    ASSERT_FALSE(answer) << name(fault.kind);
    EXPECT_EQ(answer.error().kind, kind) << name(fault.kind);
    expect_no_secret(answer.error().text);
  }
  // A page of whatever stands before it.
  {
    test::HttpServer server([](const test::Seen&) { return test::Reply{"<html></html>", 403}; });
    keys_.server = server.url();
    const auto answer = another()->token({});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(answer.error().text,
              "Сервер авторизации 127.0.0.1 ответил непонятно (HTTP 403) – повторим позже.");
  }
  // What a person may have mended meanwhile is asked again, not at once.
  EXPECT_FALSE(application_->token({}));
  clock_.advance(minutes{10});
  EXPECT_TRUE(application_->token({}));
}

TEST_F(ApplicationTest, BelievesAnInstallationOfItsOwnPortalOnly) {
  const auto changed = [&](const std::string& field, const std::string& value) {
    std::string body = portal_.installation();
    const std::string name = "auth%5B" + field + "%5D=";
    const auto at = body.find(name) + name.size();
    return body.replace(at, body.find('&', at) - at, value);
  };
  struct Case {
    std::string body;
    const char* part;
  };
  const Case cases[] = {
      {changed("client_endpoint", "https%3A%2F%2Fevil.example%2Frest%2F"),
       "пришли не от портала 127.0.0.1"},
      {changed("client_endpoint", ""), "пришли не от портала 127.0.0.1"},
      {changed("application_token", ""), "нет ключей приложения"},
      {changed("refresh_token", ""), "нет ключей приложения"},
      {changed("member_id", ""), "нет ключей приложения"},
      {changed("application_token", "%D0%AF"), "искажены"},
      {changed("member_id", "%FF"), "искажены"},
      {changed("member_id", "another"), "пришли не от портала 127.0.0.1"},
      {changed("refresh_token", "guessed"), "больше не действуют (invalid_grant)"},
  };
  for (const Case& c : cases) {
    const auto answer = install(c.body);
    ASSERT_FALSE(answer) << c.body;
    EXPECT_NE(answer.error().text.find(c.part), std::string::npos) << answer.error().text;
    expect_no_secret(answer.error().text);
    EXPECT_FALSE(file_->load()->has_value());
  }
  // Only hosts that are known are asked where the settings name none.
  keys_.server.reset();
  const auto questions = asked(kTokens);
  for (const char* server : {"https%3A%2F%2Fevil.example%2Frest%2F", "http%3A%2F%2F127.0.0.1",
                             "https%3A%2F%2Foauth.bitrix.info%3A8443%2Frest%2F"}) {
    open();
    const auto answer = install(changed("server_endpoint", server));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().text.find("незнакомый сервер авторизации"), std::string::npos)
        << answer.error().text;
  }
  EXPECT_EQ(asked(kTokens), questions);
  EXPECT_FALSE(parse_application_event("event=ONCRMDEALADD"));
  EXPECT_FALSE(parse_application_event("nothing"));
}

TEST_F(ApplicationTest, AnotherInstallationReplacesTheTokens) {
  install();
  const auto first = *file_->load();
  const Secret proof = application_->application_token();
  portal_.uninstall();
  EXPECT_FALSE(call());
  install();
  EXPECT_TRUE(call());
  EXPECT_FALSE((*file_->load())->refresh == first->refresh);
  EXPECT_FALSE(application_->application_token() == proof);
  EXPECT_EQ(application_->installations(), 2U);
}

TEST_F(ApplicationTest, TakesACodeFromTheBrowserWhileItLives) {
  const auto late = portal_.authorize();
  clock_.advance(seconds{31});
  EXPECT_FALSE(application_->authorize(Secret{late}, "", {}));
  EXPECT_TRUE(application_->lacking());
  const auto code = portal_.authorize();
  const auto done = application_->authorize(Secret{code}, "", {});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_TRUE(call());
  EXPECT_FALSE(application_->authorize(Secret{code}, "", {})) << "a code serves once";
  EXPECT_EQ(application_->authorize_url("abc"),
            portal_.url() + "/oauth/authorize/?client_id=local.0123456789abcd.01234567&state=abc");
}

TEST_F(ApplicationTest, GivesNoTokenAwayInErrorsOfThePortal) {
  install();
  const std::string token = application_->token({})->reveal();
  portal_.add_fault(
      {.kind = FaultKind::error, .method = "profile", .detail = "ODD_" + token, .status = 400});
  const auto refused = call();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("ODD_***"), std::string::npos) << refused.error().text;
  expect_no_secret(refused.error().text);
}

// Nor what was just sent, which is not ours yet.
TEST_F(ApplicationTest, GivesNoTokenAwayInErrorsOfTheTokenServer) {
  const std::string body = portal_.installation();
  const std::string sent = parse_application_event(body)->refresh.reveal();
  for (const std::string& code : {"ODD_" + sent, "CODE_" + portal_.authorize()}) {
    portal_.add_fault({.kind = FaultKind::error, .method = kTokens, .detail = code, .status = 400});
    const auto refused = code.starts_with("ODD")
                             ? install(body)
                             : application_->authorize(Secret{code.substr(5)}, "", {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("_***"), std::string::npos) << refused.error().text;
    expect_no_secret(refused.error().text);
  }
}

class ApplicationOfFewScopes : public ApplicationTest {
 protected:
  ApplicationOfFewScopes() : ApplicationTest({"crm", "user"}) {}
};

// That is told by the check of the scopes.
TEST_F(ApplicationOfFewScopes, AMissingScopeIsNoAnswerAboutWorkingDays) {
  install();
  const auto lines = probe_lines(*client_, {});
  ASSERT_TRUE(lines) << lines.error().text;
  EXPECT_FALSE(lines->workday);
  EXPECT_FALSE(lines->session);
}

// The host may change within the family, and the token goes along; elsewhere it does not.
TEST_F(ApplicationTest, SendsNoTokenToAnotherHost) {
  install();
  portal_.add_fault({.kind = FaultKind::redirect, .detail = "https://portal.example.org"});
  const auto answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text,
            "Портал 127.0.0.1 отсылает на другой адрес (portal.example.org) – если он переехал, "
            "впишите новый адрес портала в portal.application.address.");
}

}  // namespace
}  // namespace b24
