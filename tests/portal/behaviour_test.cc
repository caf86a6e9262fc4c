#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "tests/portal/http_call.h"
#include "tests/portal/php.h"
#include "tests/portal/portal.h"
#include "tests/portal/server.h"
#include "tests/support/fake_clock.h"

// Limits, faults, the inbox and events.

namespace b24::sim {
namespace {

constexpr std::string_view kJson = "application/json";

class PortalBehaviourTest : public testing::Test {
 protected:
  PortalBehaviourTest()
      : portal_{PortalOptions{.managers = 3,
                              .departments = 1,
                              .deals = 60,
                              .tasks = 30,
                              .calls = 30,
                              .clock = &clock_}} {
    portal_.start();
  }
  HttpResult post(const std::string& method, const std::string& body = "{}") {
    return http_call(portal_.webhook() + method, body, kJson);
  }
  std::string error_of(const HttpResult& result) {
    return Json::parse(result.body).value("error", "");
  }
  Json call(const std::string& method, const std::string& params) {
    return Json::parse(portal_.call(method, params));
  }
  Portal& with(LimitOptions limits) {
    limited_ = std::make_unique<Portal>(PortalOptions{
        .managers = 1, .deals = 60, .tasks = 1, .calls = 1, .clock = &clock_, .limits = limits});
    limited_->start();
    return *limited_;
  }

  FakeClock clock_;
  Portal portal_;
  std::unique_ptr<Portal> limited_;
};

TEST_F(PortalBehaviourTest, LetsABurstThroughAndThenTwoASecond) {
  Portal& portal = with({.burst = 5});
  const std::string url = portal.webhook() + "profile";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(http_call(url, "{}", kJson).status, 200);
  const HttpResult refused = http_call(url, "{}", kJson);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(error_of(refused), "QUERY_LIMIT_EXCEEDED");
  clock_.advance(seconds{1});
  EXPECT_EQ(http_call(url, "{}", kJson).status, 200);
  EXPECT_EQ(http_call(url, "{}", kJson).status, 200);
  EXPECT_EQ(http_call(url, "{}", kJson).status, 503);
  EXPECT_EQ(portal.counters().refusals.at("QUERY_LIMIT_EXCEEDED"), 2u);
}

TEST_F(PortalBehaviourTest, StopsAMethodWhoseTimeIsSpent) {
  Portal& portal = with({.burst = 1000, .operating_seconds = 1, .page_cost = 0.5});
  const auto list = [&] {
    return http_call(portal.webhook() + "crm.item.list", R"({"entityTypeId":2})", kJson);
  };
  EXPECT_EQ(Json::parse(list().body)["time"]["operating"], 0.5);
  clock_.advance(minutes{2});
  EXPECT_EQ(list().status, 200);
  const HttpResult refused = list();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(error_of(refused), "OPERATION_TIME_LIMIT");
  // Other methods go on; inside a batch the refusal is the command's own.
  EXPECT_EQ(http_call(portal.webhook() + "profile", "{}", kJson).status, 200);
  const Json batch = Json::parse(http_call(portal.webhook() + "batch",
                                           R"({"cmd":{"a":"crm.item.list?entityTypeId=2",
                                              "b":"profile"}})",
                                           kJson)
                                     .body)["result"];
  EXPECT_EQ(batch["result_error"]["a"]["error"], "OPERATION_TIME_LIMIT");
  EXPECT_TRUE(batch["result"].contains("b"));
  // The first minute's work drops out ten minutes after it began, the second's later.
  clock_.advance(minutes{8});
  EXPECT_EQ(list().status, 200);
  EXPECT_EQ(list().status, 429);
}

TEST_F(PortalBehaviourTest, FailsOnDemand) {
  struct Case {
    FaultKind kind;
    int status;
    const char* error;
  };
  const Case cases[] = {{FaultKind::query_limit, 503, "QUERY_LIMIT_EXCEEDED"},
                        {FaultKind::operating_limit, 429, "OPERATION_TIME_LIMIT"},
                        {FaultKind::server_error, 500, "INTERNAL_SERVER_ERROR"},
                        {FaultKind::invalid_credentials, 401, "INVALID_CREDENTIALS"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(name(c.kind));
    portal_.add_fault({.kind = c.kind, .count = 2});
    for (int i = 0; i < 2; ++i) {
      const HttpResult result = post("profile");
      EXPECT_EQ(result.status, c.status);
      EXPECT_EQ(error_of(result), c.error);
    }
    EXPECT_EQ(post("profile").status, 200);
  }
}

TEST_F(PortalBehaviourTest, BreaksAnswersOnDemand) {
  const std::string whole = post("user.get").body;
  struct Case {
    FaultKind kind;
    int status;
    bool json;
  };
  for (const Case& c :
       {Case{FaultKind::bad_gateway, 502, false}, Case{FaultKind::html, 200, false},
        Case{FaultKind::empty, 200, false}, Case{FaultKind::truncated, 0, false},
        Case{FaultKind::cut_json, 200, false}, Case{FaultKind::not_utf8, 200, false},
        Case{FaultKind::reset, 0, false}, Case{FaultKind::slow, 200, true}}) {
    SCOPED_TRACE(name(c.kind));
    portal_.add_fault({.kind = c.kind, .delay = milliseconds{20}});
    const HttpResult result = post("user.get");
    EXPECT_EQ(result.status, c.status);
    EXPECT_EQ(Json::accept(result.body), c.json);
    EXPECT_EQ(post("user.get").status, 200);
  }
}

TEST_F(PortalBehaviourTest, MovesAwayAndClosesOnDemand) {
  portal_.add_fault({.kind = FaultKind::redirect, .detail = "https://new.example.com"});
  const HttpResult moved = post("profile");
  EXPECT_EQ(moved.status, 302);
  EXPECT_EQ(moved.headers.at("location"), "https://new.example.com/rest/1/secret/profile");
  portal_.add_fault({.kind = FaultKind::outage, .count = -1});
  EXPECT_EQ(post("profile").status, 0);
  portal_.clear_faults();
  EXPECT_EQ(post("profile").status, 200);
}

TEST_F(PortalBehaviourTest, BreaksListsOnDemand) {
  portal_.add_fault({.kind = FaultKind::ignore_id_filter, .method = "crm.item.list", .count = 1});
  const std::string page =
      R"({"entityTypeId":2,"order":{"id":"ASC"},"filter":{">id":120},"start":-1})";
  EXPECT_EQ(Json::parse(post("crm.item.list", page).body)["result"]["items"][0]["id"],
            portal_.ids(Entity::deal).front());
  EXPECT_GT(Json::parse(post("crm.item.list", page).body)["result"]["items"][0]["id"], 120);

  portal_.add_fault({.kind = FaultKind::duplicate_rows});
  const Json doubled = Json::parse(post("crm.item.list", page).body)["result"]["items"];
  EXPECT_EQ(doubled[0], doubled[1]);

  portal_.add_fault({.kind = FaultKind::broken_row, .method = "crm.item.list", .detail = "title"});
  const Json broken = Json::parse(post("crm.item.list", page).body)["result"]["items"];
  EXPECT_TRUE(broken[0]["title"].is_object());
  EXPECT_TRUE(broken[1]["title"].is_string());
}

TEST_F(PortalBehaviourTest, LosesAnAnswerAfterTheWorkIsDone) {
  const std::int64_t head = Json::parse(portal_.facts())["heads"].front();
  portal_.add_fault({.kind = FaultKind::reset, .strikes = Strikes::after});
  const std::string body =
      fmt::format(R"({{"USER_ID":{},"MESSAGE":"m","TAG":"t","CLIENT_ID":"c"}})", head);
  EXPECT_EQ(post("im.notify.system.add", body).status, 0);
  EXPECT_EQ(portal_.visible(head).size(), 1u);
  EXPECT_EQ(post("im.notify.system.add", body).status, 200);
  EXPECT_EQ(portal_.visible(head).size(), 1u);
  EXPECT_EQ(portal_.notifications().size(), 2u);
}

TEST_F(PortalBehaviourTest, ReplacesANotificationWithTheSameTag) {
  const auto notify = [&](int user, const char* tag, const char* client, const char* text) {
    return call("im.notify.personal.add",
                fmt::format(R"({{"USER_ID":{},"MESSAGE":"{}","TAG":"{}","CLIENT_ID":"{}"}})", user,
                            text, tag, client));
  };
  notify(1, "a", "c", "first");
  notify(1, "b", "c", "other tag");
  notify(2, "a", "c", "other person");
  notify(1, "a", "d", "other client");
  notify(1, "a", "c", "second");
  std::vector<std::string> texts;
  for (const Notification& n : portal_.visible(1)) texts.push_back(n.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"other tag", "other client", "second"}));
  EXPECT_EQ(portal_.visible(2).size(), 1u);
  EXPECT_EQ(portal_.notifications().size(), 5u);

  EXPECT_EQ(call("im.notify.delete", R"({"TAG":"a","CLIENT_ID":"c"})")["result"], true);
  EXPECT_EQ(portal_.visible(2).size(), 0u);
  EXPECT_EQ(portal_.visible(1).size(), 2u);
  EXPECT_EQ(call("im.notify.delete", R"({"TAG":"a","CLIENT_ID":"c"})")["result"], false);
}

TEST_F(PortalBehaviourTest, TellsNobodyWhoIsNotThere) {
  const Json answer = call("im.notify.system.add", R"({"USER_ID":777777,"MESSAGE":"m"})");
  EXPECT_EQ(answer["result"], false);
  EXPECT_TRUE(portal_.notifications().empty());
  EXPECT_EQ(call("im.notify.system.add", R"({"USER_ID":1,"MESSAGE":"m","TAG":"t"})")["error"],
            "CLIENT_ID_EMPTY");
}

TEST_F(PortalBehaviourTest, SetsTimesOfChangeAsThePortalDoes) {
  const std::int64_t id = portal_.ids(Entity::deal).front();
  const Json before = Json::parse(portal_.row(Entity::deal, id));
  clock_.advance(hours{1});
  call("crm.item.update",
       fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"opportunity":7}}}})", id));
  const Json touched = Json::parse(portal_.row(Entity::deal, id));
  EXPECT_EQ(touched["opportunity"], 7);
  EXPECT_NE(touched["updatedTime"], before["updatedTime"]);
  EXPECT_EQ(touched["movedTime"], before["movedTime"]);
  clock_.advance(hours{1});
  const char* stage = before["stageId"] == "FINAL_INVOICE" ? "EXECUTING" : "FINAL_INVOICE";
  call("crm.item.update",
       fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"stageId":"{}"}}}})", id, stage));
  const Json moved = Json::parse(portal_.row(Entity::deal, id));
  EXPECT_EQ(moved["movedTime"], moved["updatedTime"]);
  EXPECT_NE(moved["movedTime"], touched["movedTime"]);
  EXPECT_EQ(moved["stageSemanticId"], "P");
  EXPECT_EQ(moved["closed"], "N");
}

TEST_F(PortalBehaviourTest, PostsEventsOnceToBoundHandlers) {
  std::mutex mutex;
  std::vector<std::string> got;
  const Server handler{{.address = "127.0.0.1"},
                       [&](const HttpRequest& request) {
                         std::lock_guard lock{mutex};
                         got.push_back(request.target + " " + url_decode(request.body));
                         return HttpReply{};
                       },
                       [] { return true; },
                       [](std::size_t) {}};
  const std::string url = fmt::format("http://127.0.0.1:{}/hook", handler.port());
  portal_.bind_event("OnCrmDealUpdate", url, "token");
  portal_.bind_event("ONTASKDELETE", url, "token");
  const std::int64_t deal = portal_.ids(Entity::deal).front();
  const std::int64_t task = portal_.ids(Entity::task).front();
  call("crm.item.update", fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{}}}})", deal));
  call("tasks.task.delete", fmt::format(R"({{"taskId":{}}})", task));
  call("crm.item.delete", fmt::format(R"({{"entityTypeId":2,"id":{}}})", deal));
  ASSERT_TRUE(portal_.wait_events(seconds{10}));
  std::lock_guard lock{mutex};
  ASSERT_EQ(got.size(), 2u);
  EXPECT_TRUE(got[0].starts_with("/hook event=ONCRMDEALUPDATE&event_handler_id=")) << got[0];
  EXPECT_NE(got[0].find(fmt::format("data[FIELDS][ID]={}&ts=", deal)), std::string::npos);
  EXPECT_NE(got[0].find("auth[application_token]=token"), std::string::npos);
  EXPECT_NE(got[1].find(fmt::format("data[FIELDS_BEFORE][ID]={}", task)), std::string::npos);
}

// Each kind has its own names; invoices come under one they share with others.
TEST_F(PortalBehaviourTest, NamesTheEventsOfEveryKind) {
  std::mutex mutex;
  std::vector<std::string> got;
  const Server handler{{.address = "127.0.0.1"},
                       [&](const HttpRequest& request) {
                         std::lock_guard lock{mutex};
                         got.push_back(url_decode(request.body));
                         return HttpReply{};
                       },
                       [] { return true; },
                       [](std::size_t) {}};
  const std::string url = fmt::format("http://127.0.0.1:{}/", handler.port());
  const std::pair<int, std::string> kinds[] = {{1, "ONCRMLEAD"},    {2, "ONCRMDEAL"},
                                               {3, "ONCRMCONTACT"}, {4, "ONCRMCOMPANY"},
                                               {7, "ONCRMQUOTE"},   {31, "ONCRMDYNAMICITEM"}};
  std::vector<std::string> expected;
  for (const auto& [type, event] : kinds) {
    for (const char* what : {"ADD", "UPDATE", "DELETE"}) portal_.bind_event(event + what, url, "t");
    const std::string entity = fmt::format(R"({{"entityTypeId":{})", type);
    const Json made = call("crm.item.add", entity + "}");
    const std::string id = made["result"]["item"]["id"].dump();
    call("crm.item.update", entity + R"(,"id":)" + id + R"(,"fields":{}})");
    call("crm.item.delete", entity + R"(,"id":)" + id + "}");
    const std::string fields =
        "data[FIELDS][ID]=" + id + (type == 31 ? "&data[FIELDS][ENTITY_TYPE_ID]=31" : "") + "&ts=";
    for (const char* what : {"ADD", "UPDATE", "DELETE"}) {
      expected.push_back(event + what + ' ' + fields);
    }
  }
  ASSERT_TRUE(portal_.wait_events(seconds{10}));
  std::lock_guard lock{mutex};
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::string event = expected[i].substr(0, expected[i].find(' '));
    EXPECT_TRUE(got[i].starts_with("event=" + event + "&")) << got[i];
    EXPECT_NE(got[i].find(expected[i].substr(event.size() + 1)), std::string::npos) << got[i];
  }
}

TEST_F(PortalBehaviourTest, TellsWhatGoesWithItsOwner) {
  std::mutex mutex;
  std::vector<std::string> got;
  const Server handler{{.address = "127.0.0.1"},
                       [&](const HttpRequest& request) {
                         std::lock_guard lock{mutex};
                         got.push_back(url_decode(request.body));
                         return HttpReply{};
                       },
                       [] { return true; },
                       [](std::size_t) {}};
  const std::string url = fmt::format("http://127.0.0.1:{}/", handler.port());
  for (const char* event : {"ONCRMACTIVITYADD", "ONCRMACTIVITYDELETE"}) {
    portal_.bind_event(event, url, "t");
  }
  const Json lead = call("crm.item.add", R"({"entityTypeId":1})")["result"]["item"];
  const Json todo =
      call("crm.activity.todo.add", R"({"ownerTypeId":1,"ownerId":)" + lead["id"].dump() +
                                        R"(,"deadline":"2026-12-01T10:00:00+03:00"})")["result"];
  call("crm.item.delete", R"({"entityTypeId":1,"id":)" + lead["id"].dump() + "}");
  ASSERT_TRUE(portal_.wait_events(seconds{10}));
  std::lock_guard lock{mutex};
  ASSERT_EQ(got.size(), 2u);
  const std::string id = "data[FIELDS][ID]=" + todo["id"].dump() + "&ts=";
  EXPECT_TRUE(got[0].starts_with("event=ONCRMACTIVITYADD&")) << got[0];
  EXPECT_TRUE(got[1].starts_with("event=ONCRMACTIVITYDELETE&")) << got[1];
  for (const std::string& body : got) EXPECT_NE(body.find(id), std::string::npos) << body;
}

TEST_F(PortalBehaviourTest, QueuesAButtonForTheBot) {
  const Json bot = call("imbot.v2.Bot.register",
                        R"({"fields":{"code":"rop","botToken":"t","properties":{"name":"РОП"}}})");
  const std::string who =
      fmt::format(R"("botId":{},"botToken":"t")", bot["result"]["bot"]["id"].get<std::int64_t>());
  call("imbot.v2.Command.register", "{" + who + R"(,"fields":{"command":"ack","hidden":true}})");
  portal_.press(1, "ack", "a=17");
  const Json first = call("imbot.v2.Event.get", "{" + who + "}")["result"];
  ASSERT_EQ(first["events"].size(), 1u);
  EXPECT_EQ(first["events"][0]["data"]["command"]["params"], "a=17");
  const Json next = call("imbot.v2.Event.get",
                         "{" + who + R"(,"offset":)" + first["nextOffset"].dump() + "}")["result"];
  EXPECT_TRUE(next["events"].empty());
  EXPECT_EQ(next["nextOffset"], first["nextOffset"]);
}

}  // namespace
}  // namespace b24::sim
