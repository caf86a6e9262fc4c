#include <gtest/gtest.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/portal/http_call.h"
#include "tests/portal/php.h"
#include "tests/portal/portal.h"

namespace b24::sim {
namespace {

class PortalBatchTest : public testing::Test {
 protected:
  Json batch(const Json& commands, bool halt = false) {
    const Json params = {{"halt", halt ? 1 : 0}, {"cmd", commands}};
    return Json::parse(portal_.call("batch", params.dump()));
  }
  static std::string page(const std::string& after) {
    return "crm.item.list?entityTypeId=2&order[id]=ASC&select[]=id&start=-1&filter[%3Eid]=" + after;
  }

  Portal portal_{PortalOptions{.deals = 230,
                               .tasks = 20,
                               .calls = 20,
                               .chats = 0,
                               .now = parse_time("2026-11-20T12:00:00+03:00")}};
};

TEST_F(PortalBatchTest, ChainsPagesThroughReferences) {
  Json commands = Json::object();
  for (int i = 0; i < 6; ++i) {
    commands[fmt::format("c{}", i)] =
        page(i == 0 ? "0" : fmt::format("$result[c{}][items][49][id]", i - 1));
  }
  const Json result = batch(commands)["result"];
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 5; ++i) {
    for (const Json& item : result["result"][fmt::format("c{}", i)]["items"]) {
      ids.push_back(item["id"]);
    }
  }
  EXPECT_EQ(ids, portal_.ids(Entity::deal));
  // After the short page the reference stays literal, is compared as zero, and page one is back.
  EXPECT_EQ(result["result"]["c5"]["items"], result["result"]["c0"]["items"]);
  EXPECT_EQ(result["result_error"].dump(), "[]");
  EXPECT_EQ(result["result_next"].dump(), "[]");
  EXPECT_EQ(result["result_total"]["c0"], 0);
  EXPECT_TRUE(result["result_time"]["c5"].contains("operating"));
}

// Lists without a name around them: the reference begins with the row.
TEST_F(PortalBatchTest, ChainsActivitiesThroughReferences) {
  Json commands = Json::object();
  for (int i = 0; i < 10; ++i) {
    commands[fmt::format("d{}", i)] =
        "crm.activity.list?order[ID]=ASC&select[]=ID&start=-1&filter[%3EID]=" +
        (i == 0 ? "0" : fmt::format("$result[d{}][49][ID]", i - 1));
  }
  const Json result = batch(commands)["result"];
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 10; ++i) {
    for (const Json& activity : result["result"][fmt::format("d{}", i)]) {
      ids.push_back(std::stoll(activity["ID"].get<std::string>()));
    }
  }
  EXPECT_EQ(ids, portal_.ids(Entity::activity));
  EXPECT_EQ(ids.size(), 460u);
}

TEST_F(PortalBatchTest, ChainsEveryKindOfCard) {
  for (const int type : {1, 3}) {
    Json commands = Json::object();
    for (int i = 0; i < 3; ++i) {
      commands[fmt::format("c{}", i)] = fmt::format(
          "crm.item.list?entityTypeId={}&order[id]=ASC&select[]=id&start=-1&filter[%3Eid]={}", type,
          i == 0 ? "0" : fmt::format("$result[c{}][items][49][id]", i - 1));
    }
    const Json result = batch(commands)["result"]["result"];
    EXPECT_EQ(result["c2"]["items"].size(), 15u) << type;
    EXPECT_EQ(result["c2"]["items"].back()["id"],
              portal_.ids(type == 1 ? Entity::lead : Entity::contact).back());
  }
}

TEST_F(PortalBatchTest, KeepsTheOrderOfCommands) {
  const Json result =
      batch({{"z", "profile"}, {"a", "server.time"}, {"m", "scope"}})["result"]["result"];
  std::vector<std::string> keys;
  for (const auto& [key, value] : result.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"z", "a", "m"}));
}

TEST_F(PortalBatchTest, ReportsFailuresByCommand) {
  const Json result =
      batch({{"good", "profile"}, {"bad", "no.such"}, {"last", "profile"}})["result"];
  EXPECT_EQ(result["result_error"]["bad"]["error"], "ERROR_METHOD_NOT_FOUND");
  EXPECT_FALSE(result["result"].contains("bad"));
  EXPECT_TRUE(result["result"].contains("last"));
}

TEST_F(PortalBatchTest, HaltsAtTheFirstFailure) {
  const Json result =
      batch({{"good", "profile"}, {"bad", "no.such"}, {"last", "profile"}}, true)["result"];
  EXPECT_TRUE(result["result"].contains("good"));
  EXPECT_FALSE(result["result"].contains("last"));
  EXPECT_FALSE(result["result_error"].contains("last"));
}

TEST_F(PortalBatchTest, WritesEmptyMapsAndListsAsPhpDoes) {
  const Json none = batch(Json::object())["result"];
  EXPECT_EQ(none["result"].dump(), "[]");
  const Json list = batch(Json::array({"profile", "scope"}))["result"];
  EXPECT_TRUE(list["result"].is_array());
  EXPECT_EQ(list["result"].size(), 2u);
}

TEST_F(PortalBatchTest, RefusesTooMuch) {
  Json commands = Json::object();
  for (int i = 0; i < 51; ++i) commands[fmt::format("c{}", i)] = "profile";
  EXPECT_EQ(batch(commands)["error"], "ERROR_BATCH_LENGTH_EXCEEDED");
  const Json nested = batch({{"inner", "batch?cmd[a]=profile"}})["result"];
  EXPECT_EQ(nested["result_error"]["inner"]["error"], "ERROR_BATCH_METHOD_NOT_ALLOWED");
}

TEST_F(PortalBatchTest, PutsWholeResultsIntoParameters) {
  const Json result = batch({{"some", "crm.item.list?entityTypeId=2&select[]=id&start=-1"},
                             {"text",
                              "im.message.add?DIALOG_ID=chat1&MESSAGE=id "
                              "$result[some][items][0][id] and $result[no][1]"}})["result"];
  ASSERT_TRUE(result["result"].contains("text"));
  EXPECT_EQ(portal_.messages().back().text,
            fmt::format("id {} and $result[no][1]", portal_.ids(Entity::deal).front()));
}

TEST_F(PortalBatchTest, ComesAsAFormToo) {
  portal_.start();
  const HttpResult result =
      http_call(portal_.webhook() + "batch", "halt=0&cmd[a]=profile&cmd[b]=user.get%3Fsort%3DID",
                "application/x-www-form-urlencoded");
  const Json answer = Json::parse(result.body);
  EXPECT_EQ(answer["result"]["result"]["a"]["ID"], "1");
  EXPECT_GT(answer["result"]["result_total"]["b"], 5);
  EXPECT_EQ(portal_.counters().commands, 2u);
}

}  // namespace
}  // namespace b24::sim
