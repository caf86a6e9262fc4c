#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/portal/php.h"
#include "tests/portal/portal.h"

namespace b24::sim {
namespace {

class PortalListTest : public testing::Test {
 protected:
  Json call(const std::string& method, const std::string& params) {
    return Json::parse(portal_.call(method, params));
  }
  std::vector<std::int64_t> deal_ids(const std::string& rest) {
    const Json answer = call("crm.item.list", R"({"entityTypeId":2,"start":-1,)" + rest + "}");
    std::vector<std::int64_t> ids;
    for (const Json& item : answer["result"]["items"]) ids.push_back(item["id"]);
    return ids;
  }
  Json deals() { return Json::parse(portal_.rows(Entity::deal)); }
  // The first fifty deals that satisfy `wanted`, in the order of ids.
  std::vector<std::int64_t> expected(const std::function<bool(const Json&)>& wanted) {
    std::vector<std::int64_t> ids;
    for (const Json& deal : deals()) {
      if (wanted(deal) && ids.size() < 50) ids.push_back(deal["id"]);
    }
    return ids;
  }

  Portal portal_{PortalOptions{
      .deals = 230, .tasks = 120, .calls = 700, .now = parse_time("2026-11-20T12:00:00+03:00")}};
};

TEST_F(PortalListTest, PagesByFifty) {
  std::vector<std::int64_t> ids;
  std::int64_t start = 0;
  for (int page = 0; page < 10; ++page) {
    const Json answer = call("crm.item.list", R"({"entityTypeId":2,"select":["id"],"start":)" +
                                                  std::to_string(start) + "}");
    EXPECT_EQ(answer["result"]["items"].size(), page < 4 ? 50u : 30u);
    for (const Json& item : answer["result"]["items"]) ids.push_back(item["id"]);
    start += 50;
    if (page == 4) break;
  }
  EXPECT_EQ(ids, portal_.ids(Entity::deal));
}

TEST_F(PortalListTest, WalksByIdWithoutCounting) {
  std::vector<std::int64_t> ids;
  std::int64_t last = 0;
  for (std::size_t size = 50; size == 50 && ids.size() < 1000;) {
    const auto page = deal_ids(R"("order":{"id":"ASC"},"filter":{">id":)" + std::to_string(last) +
                               R"(},"select":["id"])");
    size = page.size();
    ids.insert(ids.end(), page.begin(), page.end());
    if (!page.empty()) last = page.back();
  }
  EXPECT_EQ(ids, portal_.ids(Entity::deal));
}

TEST_F(PortalListTest, FiltersWithEveryOperator) {
  const Json all = deals();
  const std::string moment = all[100]["updatedTime"];
  const auto at = *parse_time(moment);
  const std::int64_t manager = all[100]["assignedById"];
  const std::string stage = all[100]["stageId"];
  const auto time_of = [](const Json& d) {
    return *parse_time(d["updatedTime"].get<std::string>());
  };
  const auto text_has = [](const Json& d, const char* what) {
    return d["title"].get<std::string>().find(what) != std::string::npos;
  };
  const std::string m = std::to_string(manager);
  struct Case {
    std::string filter;
    std::function<bool(const Json&)> wanted;
  };
  const Case cases[] = {
      {R"("assignedById":)" + m, [&](const Json& d) { return d["assignedById"] == manager; }},
      {R"("=assignedById":")" + m + '"',
       [&](const Json& d) { return d["assignedById"] == manager; }},
      {R"("assignedById":[)" + m + ",1]",
       [&](const Json& d) { return d["assignedById"] == manager; }},
      {R"("@stageId":[")" + stage + R"(","NO"])",
       [&](const Json& d) { return d["stageId"] == stage; }},
      {R"("!@stageId":[")" + stage + R"("])", [&](const Json& d) { return d["stageId"] != stage; }},
      {R"("!=assignedById":)" + m, [&](const Json& d) { return d["assignedById"] != manager; }},
      {R"("!stageId":")" + stage + '"', [&](const Json& d) { return d["stageId"] != stage; }},
      {R"(">=updatedTime":")" + moment + '"', [&](const Json& d) { return time_of(d) >= at; }},
      {R"(">updatedTime":")" + moment + '"', [&](const Json& d) { return time_of(d) > at; }},
      {R"("<updatedTime":")" + moment + '"', [&](const Json& d) { return time_of(d) < at; }},
      {R"("<=opportunity":100000)", [](const Json& d) { return d["opportunity"] <= 100000; }},
      {R"(">=opportunity":"100000","<opportunity":200000)",
       [](const Json& d) { return d["opportunity"] >= 100000 && d["opportunity"] < 200000; }},
      {R"("closed":"Y")", [](const Json& d) { return d["closed"] == "Y"; }},
      {R"("stageSemanticId":"P","isRecurring":"N")",
       [](const Json& d) { return d["stageSemanticId"] == "P" && d["isRecurring"] == "N"; }},
      {R"("%title":"Ромашка")", [&](const Json& d) { return text_has(d, "Ромашка"); }},
      {R"("!%title":"Ромашка")", [&](const Json& d) { return !text_has(d, "Ромашка"); }},
      {R"("=%title":"ООО%монтаж")",
       [](const Json& d) {
         const auto title = d["title"].get<std::string>();
         return title.starts_with("ООО") && title.ends_with("монтаж");
       }},
      {R"("!=%title":"ООО%")",
       [](const Json& d) { return !d["title"].get<std::string>().starts_with("ООО"); }},
      {R"("companyId":"")", [](const Json& d) { return d["companyId"] == 0; }},
      {R"("updatedTime":"garbage")", [](const Json&) { return false; }},
      {R"(">id":"$result[c0][items][49][id]")", [](const Json&) { return true; }},
      {R"("0":{"logic":"OR","0":{"assignedById":)" + m + R"(},"1":{">opportunity":800000}})",
       [&](const Json& d) { return d["assignedById"] == manager || d["opportunity"] > 800000; }},
      {R"("closed":"N","0":{"logic":"OR","0":{"closed":"Y"},"1":{"stageId":")" + stage + "\"}}",
       [&](const Json& d) { return d["closed"] == "N" && d["stageId"] == stage; }},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(deal_ids(R"("select":["id"],"filter":{)" + c.filter + "}"), expected(c.wanted))
        << c.filter;
  }
}

TEST_F(PortalListTest, RefusesAnUnknownFilterField) {
  const Json answer = call("crm.item.list", R"({"entityTypeId":2,"filter":{"noSuch":1}})");
  EXPECT_EQ(answer["error"], "INVALID_ARG_VALUE");
  EXPECT_EQ(answer["error_description"], "Invalid filter: field 'noSuch' is not allowed in filter");
}

TEST_F(PortalListTest, SortsBySeveralFields) {
  const Json answer = call("crm.item.list",
                           R"({"entityTypeId":2,"order":{"assignedById":"ASC","updatedTime":"DESC"},
                              "select":["id","assignedById","updatedTime"]})");
  const Json& items = answer["result"]["items"];
  ASSERT_EQ(items.size(), 50u);
  EXPECT_TRUE(std::is_sorted(items.begin(), items.end(), [](const Json& a, const Json& b) {
    if (a["assignedById"] != b["assignedById"]) return a["assignedById"] < b["assignedById"];
    return a["updatedTime"] > b["updatedTime"];
  }));
  EXPECT_EQ(answer["total"], portal_.count(Entity::deal));
}

TEST_F(PortalListTest, GivesTheSelectedFieldsInItsOwnOrder) {
  const Json answer =
      call("crm.item.list", R"({"entityTypeId":2,"select":["title","stageId","no"],"start":-1})");
  const Json& row = answer["result"]["items"][0];
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"id", "title", "stageId"}));
}

TEST_F(PortalListTest, ReadsTasksNewestFirstUnlessTold) {
  const Json newest = call("tasks.task.list", R"({"select":["ID"],"start":-1})");
  EXPECT_EQ(newest["result"]["tasks"][0]["id"], std::to_string(portal_.ids(Entity::task).back()));
  const Json oldest =
      call("tasks.task.list", R"({"order":{"ID":"asc"},"select":["ID"],"start":-1})");
  EXPECT_EQ(oldest["result"]["tasks"][0]["id"], std::to_string(portal_.ids(Entity::task).front()));
}

TEST_F(PortalListTest, HoldsTaskListsToTheOrderOfTheirParameters) {
  const Json swapped = call("tasks.task.list", R"({"select":["ID"],"order":{"ID":"asc"}})");
  EXPECT_EQ(swapped["error"], "100");
  const Json unknown = call("tasks.task.list", R"({"filter":{"%TITLE":"x"},"select":["ID"]})");
  EXPECT_EQ(unknown["error"], "0");
}

TEST_F(PortalListTest, FiltersTasksByStatusAndChange) {
  const Json rows = Json::parse(portal_.rows(Entity::task));
  std::size_t open = 0;
  for (const Json& row : rows) open += row["status"] == "2" || row["status"] == "3";
  const Json answer =
      call("tasks.task.list", R"({"filter":{"REAL_STATUS":[2,3]},"select":["ID","STATUS"]})");
  EXPECT_EQ(answer["total"], open);
  const Json later = call(
      "tasks.task.list", R"({"filter":{">=CHANGED_DATE":"2026-11-20"},"select":["CHANGED_DATE"]})");
  std::size_t since = 0;
  for (const Json& row : rows) since += row["changedDate"] >= "2026-11-20T00:00:00+03:00";
  EXPECT_GT(since, 0u);
  EXPECT_EQ(later["total"], since);
  for (const Json& task : later["result"]["tasks"]) {
    EXPECT_GE(task["changedDate"].get<std::string>(), "2026-11-20T00:00:00+03:00");
  }
}

TEST_F(PortalListTest, ReadsCallsWithTheirOwnOperators) {
  const auto ids = portal_.ids(Entity::call);
  const std::string filter = std::to_string(ids[10]) + "," + std::to_string(ids[19]);
  const Json between = call("voximplant.statistic.get", R"({"FILTER":{"><ID":[)" + filter +
                                                            R"(]},"SORT":"ID","ORDER":"DESC"})");
  ASSERT_EQ(between["result"].size(), 10u);
  EXPECT_EQ(between["result"][0]["ID"], std::to_string(ids[19]));
  const Json listed = call("voximplant.statistic.get", R"({"FILTER":{"ID":[)" + filter + "]}}");
  EXPECT_EQ(listed["result"].size(), 2u);
  const Json sorted = call("voximplant.statistic.get", R"({"SORT":"CALL_TYPE"})");
  EXPECT_TRUE(sorted.contains("error"));
}

TEST_F(PortalListTest, ReadsUsersByFilterOrFlat) {
  const Json dismissed = call("user.get", R"({"FILTER":{"ACTIVE":false}})");
  EXPECT_EQ(dismissed["total"], 1);
  EXPECT_EQ(dismissed["result"][0]["ACTIVE"], false);
  const Json office = call("user.get", R"({"UF_DEPARTMENT":1,"sort":"ID","order":"DESC"})");
  ASSERT_EQ(office["result"].size(), 2u);
  EXPECT_EQ(office["result"][0]["ID"], "2");
  EXPECT_EQ(office["result"][0]["UF_DEPARTMENT"].dump(), "[1]");
  EXPECT_TRUE(call("user.get", R"({"FILTER":{">DATE_REGISTER":"soon"}})")["result"].empty());
}

TEST_F(PortalListTest, LeavesEmptyKeysOfDepartmentsOut) {
  const Json list = call("department.get", "{}")["result"];
  EXPECT_FALSE(list.front().contains("PARENT"));
  EXPECT_EQ(list.front()["UF_HEAD"], "2");
  EXPECT_EQ(list.back()["PARENT"], "1");
  EXPECT_FALSE(list.back().contains("UF_HEAD"));
}

}  // namespace
}  // namespace b24::sim
