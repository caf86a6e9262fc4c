#include "connectors/bitrix24/client.h"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "connectors/bitrix24/envelope.h"
#include "tests/connectors/http_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/mangle.h"

namespace b24 {
namespace {

using test::Authority;
using test::HttpServer;
using test::Manner;
using test::Reply;
using test::Seen;

constexpr char kTime[] =
    R"("time":{"start":1.5,"finish":1795244400.5,"date_start":"2026-11-21T10:00:00+03:00",)"
    R"("operating":1.5,"operating_reset_at":1795244700})";

std::string envelope(const std::string& result) {
  return "{\"result\":" + result + "," + kTime + "}";
}

std::string refusal(const std::string& code, const std::string& text = {}) {
  return R"({"error":")" + code + R"(","error_description":")" + text + "\"}";
}

// Answers in turn; the last one goes on for ever.
class Script {
 public:
  explicit Script(std::deque<Reply> replies) : replies_(std::move(replies)) {}
  Reply operator()(const Seen&) {
    std::lock_guard lock{*mutex_};
    Reply reply = replies_.front();
    if (replies_.size() > 1) replies_.pop_front();
    return reply;
  }

 private:
  std::deque<Reply> replies_;
  std::shared_ptr<std::mutex> mutex_ = std::make_shared<std::mutex>();
};

class ClientTest : public testing::Test {
 protected:
  void serve(std::deque<Reply> replies) {
    server_ = std::make_unique<HttpServer>(Script(std::move(replies)));
    options_.seed = 1;
    client_ = std::make_unique<Client>(webhook(*server_), options_, clock_);
  }

  static Webhook webhook(const HttpServer& server) {
    return *parse_webhook(
        Secret("http://127.0.0.1:" + std::to_string(server.port()) + "/rest/17/s3cr3tkey/"));
  }
  Result<CallAnswer> call(Effect effect = Effect::read) {
    return client_->call("crm.item.list", {{"entityTypeId", 2}}, effect, {});
  }
  seconds passed(SteadyTime since) const {
    return std::chrono::duration_cast<seconds>(clock_.steady_now() - since);
  }

  FakeClock clock_;
  SteadyTime began_ = clock_.steady_now();
  ClientOptions options_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, CallsAMethodAndReadsWhatStandsAroundTheResult) {
  serve({{R"({"result":{"items":[{"id":1}]},"total":120,"next":50,)" + std::string(kTime) + "}"}});
  const auto answer = call();
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->result, R"({"items":[{"id":1}]})");
  EXPECT_EQ(answer->total, 120);
  EXPECT_EQ(answer->next, 50);
  EXPECT_EQ(answer->portal_time, parse_time("2026-11-21T07:00:00Z"));
  EXPECT_EQ(answer->portal_offset, seconds{10800});
  const auto seen = server_->seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].target, "/rest/17/s3cr3tkey/crm.item.list");
  EXPECT_EQ(seen[0].body, R"({"entityTypeId":2})");
  const LimiterReport report = client_->report();
  EXPECT_EQ(report.requests, 1U);
  EXPECT_DOUBLE_EQ(report.operating.at("crm.item.list"), 1.5);
}

TEST_F(ClientTest, RepeatsWhatWasRefusedBeforeExecution) {
  const Reply busy{refusal("QUERY_LIMIT_EXCEEDED", "Too many requests"), 503};
  serve({busy, busy, busy, busy, busy, {envelope("true")}});
  const auto answer = call(Effect::write);
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(server_->seen().size(), 6U);
  EXPECT_EQ(client_->report().refusals, 5U);
  EXPECT_GE(passed(began_).count(), 1 + 2 + 4 + 8 + 16);
  EXPECT_LE(passed(began_).count(), 45);
  EXPECT_EQ(client_->report().waited, passed(began_));
}

TEST_F(ClientTest, GivesUpWhenTheBudgetOfRepeatsIsSpent) {
  serve({{refusal("QUERY_LIMIT_EXCEEDED"), 503}});
  const auto answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_LE(passed(began_), options_.retry_budget);
}

TEST_F(ClientTest, RepeatsReadsAfterAFaultAndWritesNever) {
  serve({{refusal("INTERNAL_SERVER_ERROR"), 500}});
  const auto write = call(Effect::write);
  ASSERT_FALSE(write);
  EXPECT_EQ(write.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(server_->seen().size(), 1U);
  const auto read = call(Effect::read);
  ASSERT_FALSE(read);
  EXPECT_EQ(server_->seen().size(), 1U + 4U);
}

TEST_F(ClientTest, AsksOnceMoreWhereBytesAreNoUtf8) {
  const auto told = [](const char* text) { return Reply{envelope(fmt::format(R"("{}")", text))}; };
  serve({told("a\xFF"), told("ab")});
  const auto damaged = call();
  ASSERT_TRUE(damaged) << damaged.error().text;
  EXPECT_EQ(damaged->result, R"("ab")");
  EXPECT_EQ(server_->seen().size(), 2U);

  serve({told("a\xFF")});
  const auto kept = call();  // it is so on the portal
  ASSERT_TRUE(kept) << kept.error().text;
  EXPECT_EQ(kept->result, "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(server_->seen().size(), 2U);

  // Not the second time of all, if the first brought nothing.
  serve({{"<html>", 502}, told("a\xFF"), told("ab")});
  const auto late = call();
  ASSERT_TRUE(late) << late.error().text;
  EXPECT_EQ(late->result, R"("ab")");
  EXPECT_EQ(server_->seen().size(), 3U);

  serve({told("a\xFF")});
  EXPECT_TRUE(call(Effect::write));
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(ClientTest, DoesNotRepeatWhatIsFinal) {
  const struct {
    Reply reply;
    ErrorKind kind;
  } cases[] = {
      {{refusal("INVALID_CREDENTIALS"), 401}, ErrorKind::blocked},
      {{refusal("NO_AUTH_FOUND"), 401}, ErrorKind::blocked},
      {{refusal("OVERLOAD_LIMIT"), 503}, ErrorKind::blocked},
      {{refusal("insufficient_scope"), 403}, ErrorKind::no_rights},
      {{refusal("INVALID_ARG_VALUE"), 400}, ErrorKind::rejected},
      {{refusal("INVALID_ARG_VALUE"), 200}, ErrorKind::rejected},
      {{R"({"error":"","error_description":"Not found"})", 400}, ErrorKind::gone},
      {{R"({"error":0,"error_description":"x"})", 400}, ErrorKind::rejected},
      {{R"({"error":{"code":"BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION","message":"no"}})",
        403},
       ErrorKind::no_rights},
  };
  for (const auto& c : cases) {
    serve({c.reply});
    const auto answer = call();
    ASSERT_FALSE(answer) << c.reply.body;
    EXPECT_EQ(name(answer.error().kind), std::string(name(c.kind))) << c.reply.body;
    EXPECT_EQ(server_->seen().size(), 1U) << c.reply.body;
  }
}

TEST_F(ClientTest, SaysClearlyWhatIsNoAnswer) {
  const struct {
    Reply reply;
    const char* want;
  } cases[] = {
      {{"", 200}, "Портал 127.0.0.1 прислал пустой ответ (HTTP 200) – повторим позже."},
      {{"<html>502</html>", 502},
       "Портал 127.0.0.1 прислал страницу вместо данных (HTTP 502) – повторим позже."},
      {{"\xCF\xEE\xF0\xF2\xE0\xEB", 403},
       "Портал 127.0.0.1 прислал страницу вместо данных (HTTP 403) – повторим позже."},
      {{"<html>", 404},
       "По адресу 127.0.0.1 отвечает не REST Битрикс24 (HTTP 404) – проверьте адрес вебхука."},
      {{R"({"result":{"items":[{"id":1)", 200},
       "Ответ портала 127.0.0.1 оборван или испорчен (HTTP 200) – повторим позже."},
      {{"{}", 200}, "Ответ портала 127.0.0.1 оборван или испорчен (HTTP 200) – повторим позже."},
      {{"[1,2]", 200},
       "Портал 127.0.0.1 прислал страницу вместо данных (HTTP 200) – повторим позже."},
  };
  for (const auto& c : cases) {
    serve({c.reply});
    const auto answer = call();
    ASSERT_FALSE(answer) << c.want;
    EXPECT_EQ(answer.error().text, c.want);
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  }
}

TEST_F(ClientTest, RecoversFromAPassingFault) {
  serve({{"<html>", 502}, {"", 200, "", Manner::hang_up}, {envelope("1")}});
  const auto answer = call();
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->result, "1");
}

TEST_F(ClientTest, MendsTextThatIsNoUtf8) {
  serve({{envelope("\"a\xFF\"")}});
  const auto answer = call();
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->result, "\"a\xEF\xBF\xBD\"");
}

TEST_F(ClientTest, LetsAMethodRestAndGoesOn) {
  serve({{refusal("OPERATION_TIME_LIMIT"), 429}, {envelope("1")}});
  const auto answer = call();
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(passed(began_).count(), 10);
}

TEST_F(ClientTest, SaysToWaitWhenAMethodMustRestLong) {
  const std::string spent =
      R"({"result":1,"time":{"finish":1000,"operating":475,"operating_reset_at":1500}})";
  serve({{spent}, {envelope("1")}});
  ASSERT_TRUE(call());
  EXPECT_EQ(client_->ready_at("crm.item.list"), clock_.steady_now() + seconds{501});
  const auto second = call();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::wait_until);
  EXPECT_EQ(server_->seen().size(), 1U);
  clock_.advance(seconds{501});
  EXPECT_TRUE(call());
}

TEST_F(ClientTest, ShowsTheSecretToNobody) {
  serve({{refusal("SOME_CODE", "see https://127.0.0.1/rest/17/s3cr3tkey/profile"), 400}});
  const auto answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text,
            "Портал отклонил вызов crm.item.list (SOME_CODE: «see "
            "https://127.0.0.1/rest/17/***/profile») – сообщите об этом разработчикам b24watch.");
}

std::string batch_answer(const std::string& results, const std::string& errors,
                         const std::string& totals = "[]", const std::string& times = "[]") {
  return envelope(R"({"result":)" + results + R"(,"result_error":)" + errors +
                  R"(,"result_total":)" + totals + R"(,"result_next":[],"result_time":)" + times +
                  "}");
}

TEST_F(ClientTest, GivesTheAnswersOfABatchInTheOrderSent) {
  serve({{batch_answer(
      R"({"b":[{"ID":"1"}],"a":{"items":[]},"n":null})",
      R"({"c":{"error":"insufficient_scope","error_description":""},"d":{"error":"INVALID_CREDENTIALS","error_description":"x"},"e":"NOT_FOUND"})",
      R"({"b":"7"})",
      R"({"b":{"finish":100.5,"operating":3,"operating_reset_at":"1970-01-01T00:05:00+00:00"}})")}});
  const std::vector<Command> commands = {{"a", "crm.item.list", "entityTypeId=2"},
                                         {"b", "user.get", ""},
                                         {"c", "voximplant.statistic.get", ""},
                                         {"d", "im.notify.system.add", ""},
                                         {"e", "crm.item.get", ""},
                                         {"n", "profile", ""},
                                         {"z", "profile", ""}};
  const auto answer = client_->batch(commands, {});
  ASSERT_TRUE(answer) << answer.error().text;
  ASSERT_EQ(answer->commands.size(), 7U);
  EXPECT_EQ(*answer->commands[0].result, R"({"items":[]})");
  EXPECT_EQ(*answer->commands[1].result, R"([{"ID":"1"}])");
  EXPECT_EQ(answer->commands[1].total, 7);
  EXPECT_EQ(answer->commands[2].result.error().kind, ErrorKind::no_rights);
  EXPECT_EQ(answer->commands[3].result.error().kind, ErrorKind::no_rights);
  EXPECT_EQ(answer->commands[4].result.error().kind, ErrorKind::gone);
  EXPECT_EQ(*answer->commands[5].result, "null");
  EXPECT_EQ(answer->commands[6].result.error().text,
            "Портал не ответил на вызов profile внутри пакета – повторим позже.");
  EXPECT_EQ(answer->portal_time, parse_time("2026-11-21T07:00:00Z"));
  const auto report = client_->report();
  EXPECT_DOUBLE_EQ(report.operating.at("user.get"), 3);
  EXPECT_FALSE(report.operating.contains("batch"));
  EXPECT_EQ(server_->seen().at(0).body,
            R"({"halt":0,"cmd":{"a":"crm.item.list?entityTypeId=2","b":"user.get?",)"
            R"("c":"voximplant.statistic.get?","d":"im.notify.system.add?",)"
            R"("e":"crm.item.get?","n":"profile?","z":"profile?"}})");
}

TEST_F(ClientTest, KeepsExhaustedMethodsOutOfTheNextBatch) {
  const char* limit = R"({"error":"OPERATION_TIME_LIMIT","error_description":"blocked"})";
  serve({{batch_answer(R"({"b":1})", R"({"a":)" + std::string(limit) + "}")},
         {batch_answer(R"({"b":2})", "[]")}});
  const std::vector<Command> commands = {{"a", "crm.item.list", ""}, {"b", "user.get", ""}};
  const auto first = client_->batch(commands, {});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->commands[0].result.error().kind, ErrorKind::wait_until);
  EXPECT_EQ(*first->commands[1].result, "1");
  EXPECT_EQ(client_->ready_at("crm.item.list"), clock_.steady_now() + seconds{10});

  const auto second = client_->batch(commands, {});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->commands[0].result.error().kind, ErrorKind::wait_until);
  EXPECT_EQ(*second->commands[1].result, "2");
  EXPECT_EQ(server_->seen().at(1).body, R"({"halt":0,"cmd":{"b":"user.get?"}})");

  const auto third = client_->batch({{"a", "crm.item.list", ""}}, {});
  ASSERT_TRUE(third);
  EXPECT_EQ(third->commands[0].result.error().kind, ErrorKind::wait_until);
  EXPECT_EQ(server_->seen().size(), 2U);  // nothing was left to send
}

TEST_F(ClientTest, WaitsForRoomInTheBucket) {
  serve({{envelope("1")}});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(call());
  // 47 at once, the others at two a second.
  EXPECT_NEAR(static_cast<double>(passed(began_).count()), (100 - 47.5) / 2, 1.0);
}

TEST(ClientRenameTest, FollowsARenamedPortalAndStaysThere) {
  Authority authority;
  const auto certificate = authority.issue("portal", "DNS:*.portal.test,DNS:elsewhere.example.org");
  std::string location;
  HttpServer server(
      [&](const Seen& seen) -> Reply {
        if (seen.host.starts_with("old.")) return {"<html>moved</html>", 302, location};
        return {envelope("\"" + seen.host.substr(0, seen.host.find(':')) + "\"")};
      },
      certificate);
  const std::string port = ":" + std::to_string(server.port());
  ClientOptions options;
  options.http.ca_file = authority.ca_file();
  for (const char* host : {"old.portal.test", "new.portal.test", "elsewhere.example.org"}) {
    options.http.addresses[host] = "127.0.0.1";
  }
  FakeClock clock;
  const auto webhook = parse_webhook(Secret("https://old.portal.test" + port + "/rest/17/key/"));
  ASSERT_TRUE(webhook);
  {
    location = "https://new.portal.test" + port + "/rest/17/key/profile";
    Client client(*webhook, options, clock);
    const auto first = client.call("profile", {{"a", "б"}}, Effect::write, {});
    ASSERT_TRUE(first) << first.error().text;
    EXPECT_EQ(first->result, "\"new.portal.test\"");
    EXPECT_EQ(client.host(), "new.portal.test");
    ASSERT_TRUE(client.call("profile", {}, Effect::read, {}));
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[1].body, R"({"a":"б"})");
    EXPECT_EQ(seen[1].target, "/rest/17/key/profile");
  }
  for (const std::string& bad :
       {"https://elsewhere.example.org" + port + "/rest/17/key/profile",
        std::string("//elsewhere.example.org/"), std::string("http://new.portal.test/")}) {
    location = bad;
    const std::size_t before = server.seen().size();
    Client client(*webhook, options, clock);
    const auto answer = client.call("profile", {}, Effect::read, {});
    ASSERT_FALSE(answer) << bad;
    EXPECT_EQ(answer.error().kind, ErrorKind::blocked) << bad;
    EXPECT_EQ(server.seen().size(), before + 1) << bad;
    EXPECT_EQ(
        answer.error().text,
        bad.starts_with("https://elsewhere")
            ? "Портал old.portal.test отсылает на другой адрес (elsewhere.example.org) – если он "
              "переехал, впишите новый адрес вебхука в настройки."
            : "Портал old.portal.test отсылает на другой адрес – если он переехал, впишите новый "
              "адрес вебхука в настройки.");
  }
  // A page to log in at or about maintenance, of the portal itself, passes.
  for (const std::string& page :
       {std::string("/auth/?backurl=https://elsewhere.example.org/"), std::string(),
        std::string("maintenance.html"), "https://old.portal.test" + port + "/auth/",
        std::string("http://old.portal.test/")}) {
    location = page;
    const std::size_t before = server.seen().size();
    Client client(*webhook, options, clock);
    const auto answer = client.call("profile", {}, Effect::read, {});
    ASSERT_FALSE(answer) << page;
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable) << page;
    EXPECT_EQ(answer.error().text,
              "Портал old.portal.test прислал страницу вместо данных (HTTP 302) – повторим позже.")
        << page;
    EXPECT_EQ(server.seen().size(), before + 4) << page;
  }
}

TEST_F(ClientTest, StopsWaitingWhenAsked) {
  serve({{refusal("QUERY_LIMIT_EXCEEDED"), 503}});
  clock_.set_manual(true);
  std::stop_source stop;
  std::jthread stopper([&] {
    while (server_->seen().empty()) std::this_thread::sleep_for(milliseconds{1});
    stop.request_stop();
  });
  const auto answer = client_->call("profile", {}, Effect::read, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::stopped);
}

TEST_F(ClientTest, CancelEndsTheCallUnderWayAndThoseThatWait) {
  serve({{"", 200, "", Manner::silence}});
  std::vector<std::jthread> callers;
  std::atomic<int> stopped_calls{0};
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      const auto answer = client_->call("profile", {}, Effect::read, {});
      if (!answer && answer.error().kind == ErrorKind::stopped) ++stopped_calls;
    });
  }
  while (server_->seen().empty()) std::this_thread::sleep_for(milliseconds{1});
  client_->cancel();
  callers.clear();
  EXPECT_EQ(stopped_calls, 3);
  EXPECT_EQ(client_->call("profile", {}, Effect::read, {}).error().kind, ErrorKind::stopped);
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST(WebhookTest, ReadsAnAddressHoweverItWasCopied) {
  for (const char* text :
       {"https://foo.bitrix24.ru/rest/17/abc123/", "https://foo.bitrix24.ru/rest/17/abc123",
        " https://FOO.bitrix24.ru/rest/17/abc123/profile.json\n",
        "\"https://foo.bitrix24.ru/rest/17/abc123/profile\""}) {
    const auto webhook = parse_webhook(Secret(text));
    ASSERT_TRUE(webhook) << text;
    EXPECT_EQ(webhook->path.reveal(), "/rest/17/abc123");
    EXPECT_EQ(webhook->url.path, "/");
    EXPECT_EQ(webhook->user_id, 17);
    EXPECT_EQ(Access{*webhook}.portal_url(), "https://foo.bitrix24.ru");
  }
  const auto box = parse_webhook(Secret("https://crm.firma.ru:8443/b24/rest/1/k/"));
  ASSERT_TRUE(box);
  EXPECT_EQ(box->path.reveal(), "/b24/rest/1/k");
  EXPECT_EQ(Access{*box}.portal_url(), "https://crm.firma.ru:8443");
}

TEST(WebhookTest, SaysWhatAnAddressLooksLike) {
  for (const char* text :
       {"https://foo.bitrix24.ru/", "https://foo.bitrix24.ru/rest/",
        "https://foo.bitrix24.ru/rest/17/", "https://foo.bitrix24.ru/rest/x/key/",
        "https://foo.bitrix24.ru/rest/17/k%20y/",
        "https://foo.bitrix24.ru/rest/99999999999999999999/key/"}) {
    const auto webhook = parse_webhook(Secret(text));
    ASSERT_FALSE(webhook) << text;
    EXPECT_EQ(webhook.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(webhook.error().text,
              "Адрес вебхука должен выглядеть так: https://портал.bitrix24.ru/rest/17/ключ/ – "
              "скопируйте его на портале целиком: Разработчикам → Другое → Входящий вебхук.");
  }
}

TEST(QueryTest, WritesParametersAsPhpDoes) {
  EXPECT_EQ(to_query({}), "");
  EXPECT_EQ(to_query({{"start", -1}, {"yes", true}, {"no", false}, {"none", nullptr}, {"x", 1.5}}),
            "start=-1&yes=1&no=0&x=1.5");
  EXPECT_EQ(to_query({{"filter", {{">id", "$result[d0][items][49][id]"}, {"@id", {1, 2}}}},
                      {"select", Params::array({"id", "title"})},
                      {"empty", Params::array()}}),
            "filter%5B%3Eid%5D=%24result%5Bd0%5D%5Bitems%5D%5B49%5D%5Bid%5D"
            "&filter%5B%40id%5D%5B0%5D=1&filter%5B%40id%5D%5B1%5D=2"
            "&select%5B0%5D=id&select%5B1%5D=title");
  EXPECT_EQ(to_query({{"t", "а b&c=d+e#%"}}), "t=%D0%B0%20b%26c%3Dd%2Be%23%25");
}

TEST(EnvelopeTest, TakesABatchApartInOnePass) {
  const std::string body = padded(batch_answer(R"({"a":{"items":[{"id":1}]},"b":[]})",
                                               R"({"c":{"error":"X"}})", R"({"a":1})", "[]"));
  const auto batch = parse_envelope(body, Answers::batch);
  ASSERT_TRUE(batch && batch->parts);
  ASSERT_EQ(batch->parts->size(), 3U);
  EXPECT_EQ(batch->parts->at("a").result, R"({"items":[{"id":1}]})");
  EXPECT_EQ(batch->parts->at("a").total, 1);
  EXPECT_EQ(batch->parts->at("b").result, "[]");
  EXPECT_EQ(batch->parts->at("c").error->code, "X");
  EXPECT_EQ(batch->result, "");
  const std::string none = padded(R"({"result":[]})");
  const auto empty = parse_envelope(none, Answers::batch);
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->parts);
  EXPECT_EQ(empty->result, "[]");
}

TEST(EnvelopeTest, NeverCrashesOnRubbish) {
  const std::string good = batch_answer(
      R"({"a":{"items":[{"id":1,"t":"\u0416"}]},"b":[]})", R"({"c":{"error":"X"}})", R"({"a":1})",
      R"({"a":{"operating":1.5,"date_start":"2026-11-21T10:00:00+03:00"}})");
  std::size_t understood = 0;
  std::size_t whole = 0;
  for (unsigned seed = 1; seed <= 6000; ++seed) {
    const std::string text = test::mangle(good, seed, R"({}[],:\"u0)");
    const std::string body = padded(text);
    const auto found = parse_envelope(body, Answers::batch);
    if (found && found->parts) understood += found->parts->size();
    if (const auto one = parse_envelope(body, Answers::one_call)) {
      EXPECT_FALSE(one->parts);
      whole += one->result.size();
    }
  }
  EXPECT_GT(understood, 0U);
  EXPECT_GT(whole, 0U);
  for (const Answers answers : {Answers::one_call, Answers::batch}) {
    EXPECT_FALSE(parse_envelope(padded(""), answers));
    EXPECT_FALSE(parse_envelope(padded("   "), answers));
  }
}

}  // namespace
}  // namespace b24
