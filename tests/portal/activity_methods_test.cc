#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/portal/php.h"
#include "tests/portal/portal.h"

// crm.activity.*

namespace b24::sim {
namespace {

class ActivityMethodsTest : public testing::Test {
 protected:
  Json call(const std::string& method, const std::string& params) {
    return Json::parse(portal_.call(method, params));
  }
  Json list(const std::string& params) { return call("crm.activity.list", params); }
  Json row(std::int64_t id) { return Json::parse(portal_.row(Entity::activity, id)); }
  // The cards an activity is bound to, by kind: its owner and those besides.
  std::map<std::int64_t, std::int64_t> bindings(std::int64_t id) {
    std::map<std::int64_t, std::int64_t> cards;
    const Json given =
        call("crm.activity.binding.list", fmt::format(R"({{"activityId":{}}})", id))["result"];
    for (const Json& binding : given) cards[binding["entityTypeId"]] = binding["entityId"];
    EXPECT_EQ(cards.size(), given.size()) << id;
    return cards;
  }
  std::int64_t add(int type, std::int64_t owner, const std::string& more = "") {
    const Json added = call(
        "crm.activity.todo.add",
        fmt::format(R"({{"ownerTypeId":{},"ownerId":{},"deadline":"2026-11-25T10:00:00+03:00"{}}})",
                    type, owner, more));
    return added["result"]["id"];
  }

  Portal portal_{PortalOptions{.deals = 200,
                               .tasks = 120,
                               .calls = 700,
                               .chats = 0,
                               .now = parse_time("2026-11-20T12:00:00+03:00")}};
};

TEST_F(ActivityMethodsTest, WalksByIdWithoutCounting) {
  std::vector<std::int64_t> ids;
  for (std::size_t size = 50; size == 50 && ids.size() < 1000;) {
    const Json page = list(fmt::format(
        R"({{"order":{{"ID":"ASC"}},"filter":{{">ID":{}}},"select":["ID"],"start":-1}})",
        ids.empty() ? 0 : ids.back()));
    size = page["result"].size();
    for (const Json& activity : page["result"]) {
      ids.push_back(std::stoll(activity["ID"].get<std::string>()));
    }
  }
  EXPECT_EQ(ids, portal_.ids(Entity::activity));
  EXPECT_EQ(ids.size(), 400u);
}

TEST_F(ActivityMethodsTest, SortsByTheStartUnlessTold) {
  const Json page = list("{}")["result"];
  ASSERT_EQ(page.size(), 50u);
  EXPECT_TRUE(std::is_sorted(page.begin(), page.end(), [](const Json& a, const Json& b) {
    return a["START_TIME"] < b["START_TIME"];
  }));
}

TEST_F(ActivityMethodsTest, FindsWhatChangedSince) {
  const Json all = Json::parse(portal_.rows(Entity::activity));
  const std::string moment = all[200]["LAST_UPDATED"];
  std::size_t expected = 0;
  for (const Json& activity : all) expected += activity["LAST_UPDATED"] >= moment;
  const Json found = list(R"({"order":{"LAST_UPDATED":"ASC","ID":"ASC"},
                              "filter":{">=LAST_UPDATED":")" +
                          moment + R"("},"select":["ID","LAST_UPDATED"]})");
  EXPECT_EQ(found["total"], expected);
  EXPECT_EQ(found["result"][0]["LAST_UPDATED"], moment);
}

TEST_F(ActivityMethodsTest, FiltersByFieldsOfEveryKind) {
  const Json all = Json::parse(portal_.rows(Entity::activity));
  const std::pair<const char*, std::function<bool(const Json&)>> cases[] = {
      {R"("COMPLETED":"N")", [](const Json& a) { return a["COMPLETED"] == "N"; }},
      {R"("TYPE_ID":[1,6])",
       [](const Json& a) { return a["TYPE_ID"] == "1" || a["TYPE_ID"] == "6"; }},
      {R"("PROVIDER_ID":"CRM_EMAIL","DIRECTION":1)",
       [](const Json& a) { return a["PROVIDER_ID"] == "CRM_EMAIL" && a["DIRECTION"] == "1"; }},
      {R"("OWNER_TYPE_ID":1)", [](const Json& a) { return a["OWNER_TYPE_ID"] == "1"; }},
      {R"("IS_INCOMING_CHANNEL":"Y")",
       [](const Json& a) { return a["IS_INCOMING_CHANNEL"] == "Y"; }},
      {R"(">DEADLINE":"2026-11-20T12:00:00+03:00")",
       [](const Json& a) { return a["DEADLINE"] > "2026-11-20T12:00:00+03:00"; }}};
  for (const auto& [filter, wanted] : cases) {
    const auto expected = std::count_if(all.begin(), all.end(), wanted);
    EXPECT_GT(expected, 0) << filter;
    EXPECT_EQ(list(fmt::format(R"({{"filter":{{{}}}}})", filter))["total"], expected) << filter;
  }
}

// Bound to a deal and to a contact: given once for each that is asked for.
TEST_F(ActivityMethodsTest, RepeatsAnActivityForEachBindingAskedFor) {
  std::map<std::string, int> bound;  // activities to deals, to contacts
  std::int64_t twice = 0;
  for (const std::int64_t id : portal_.ids(Entity::activity)) {
    const std::map<std::int64_t, std::int64_t> cards = bindings(id);
    bound["deal"] += cards.contains(2);
    bound["contact"] += cards.contains(3);
    if (cards.contains(2) && cards.contains(3)) twice = id;
  }
  ASSERT_NE(twice, 0);
  const auto total = [&](const std::string& wishes) {
    return list(R"({"filter":{"BINDINGS":[)" + wishes + "]}}")["total"];
  };
  EXPECT_EQ(total(R"({"OWNER_TYPE_ID":2})"), bound["deal"]);
  EXPECT_EQ(total(R"({"OWNER_TYPE_ID":2},{"OWNER_TYPE_ID":3})"), bound["deal"] + bound["contact"]);
  const Json both = list(fmt::format(
      R"({{"filter":{{"ID":{},"BINDINGS":[{{"OWNER_TYPE_ID":2}},{{"OWNER_TYPE_ID":3}}]}}}})",
      twice));
  ASSERT_EQ(both["result"].size(), 2u);
  EXPECT_EQ(both["result"][0], both["result"][1]);
  const Json one = list(
      fmt::format(R"({{"filter":{{"ID":{},"BINDINGS":[{{"OWNER_TYPE_ID":2,"OWNER_ID":{}}}]}}}})",
                  twice, bindings(twice).at(2)));
  EXPECT_EQ(one["result"].size(), 1u);
  EXPECT_EQ(total(R"({"OWNER_TYPE_ID":2,"OWNER_ID":99999999})"), 0);
}

TEST_F(ActivityMethodsTest, GivesCommunicationsToThoseWhoNameThem) {
  const Json whole = list(R"({"filter":{"TYPE_ID":2},"select":["*"]})")["result"];
  ASSERT_FALSE(whole.empty());
  EXPECT_FALSE(whole[0].contains("COMMUNICATIONS"));
  EXPECT_FALSE(whole[0].contains("FILES"));
  const Json named = list(R"({"filter":{"TYPE_ID":2},"select":["ID","COMMUNICATIONS"]})")["result"];
  ASSERT_FALSE(named.empty());
  EXPECT_EQ(named[0]["COMMUNICATIONS"][0]["TYPE"], "PHONE");
}

TEST_F(ActivityMethodsTest, WritesNoDeadlineAsTheLastDay) {
  const std::int64_t id = add(2, portal_.ids(Entity::deal).front());
  EXPECT_EQ(row(id)["DEADLINE"], "2026-11-25T10:00:00+03:00");
  call("crm.activity.update", fmt::format(R"({{"id":{},"fields":{{"DEADLINE":""}}}})", id));
  EXPECT_EQ(row(id)["DEADLINE"], "9999-12-31T00:00:00+03:00");
}

TEST_F(ActivityMethodsTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(list(R"({"filter":"x"})")["error_description"], "Parameter 'filter' must be array.");
  EXPECT_EQ(list(R"({"order":"x"})")["error_description"], "Parameter 'order' must be array.");
  EXPECT_EQ(list(R"({"filter":{"NO_SUCH":1}})")["error"], "");
  EXPECT_EQ(call("crm.activity.get", R"({"id":99999999})")["error_description"],
            "Activity is not found");
  EXPECT_EQ(call("crm.activity.binding.list", R"({"activityId":99999999})")["error"], "NOT_FOUND");
}

TEST_F(ActivityMethodsTest, MakesAToDoThatIsAnActivity) {
  portal_.set_now(*parse_time("2026-11-20T13:00:00+03:00"));
  const std::int64_t lead = portal_.ids(Entity::lead).front();
  const std::int64_t id = add(1, lead, R"(,"title":"Позвонить","responsibleId":7)");
  EXPECT_EQ(id, portal_.ids(Entity::activity).back());
  const Json activity = row(id);
  EXPECT_EQ(activity["PROVIDER_ID"], "CRM_TODO");
  EXPECT_EQ(activity["TYPE_ID"], "6");
  EXPECT_EQ(activity["SUBJECT"], "Позвонить");
  EXPECT_EQ(activity["RESPONSIBLE_ID"], "7");
  EXPECT_EQ(activity["OWNER_TYPE_ID"], "1");
  EXPECT_EQ(activity["OWNER_ID"], std::to_string(lead));
  EXPECT_EQ(activity["CREATED"], "2026-11-20T13:00:00+03:00");
  EXPECT_EQ(activity["COMPLETED"], "N");
  EXPECT_EQ(portal_.messages().back().kind, "todo");
  EXPECT_EQ(portal_.messages().back().target, fmt::format("lead:{}", lead));
  EXPECT_EQ(Json::parse(portal_.row(Entity::lead, lead))["lastActivityTime"],
            "2026-11-20T13:00:00+03:00");
  EXPECT_EQ(call("crm.activity.todo.add",
                 R"({"ownerTypeId":2,"ownerId":99999999,"deadline":"2026-12-01"})")["error"],
            "NOT_FOUND");
  const std::string owner = std::to_string(portal_.ids(Entity::deal).front());
  EXPECT_EQ(call("crm.activity.todo.add",
                 R"({"ownerTypeId":2,"ownerId":)" + owner + R"(,"deadline":"soon"})")["error"],
            "WRONG_DATETIME_FORMAT");
}

TEST_F(ActivityMethodsTest, CompletesAndDeletes) {
  const std::int64_t id = add(2, portal_.ids(Entity::deal).front());
  portal_.set_now(*parse_time("2026-11-20T15:00:00+03:00"));
  EXPECT_EQ(call("crm.activity.update",
                 fmt::format(R"({{"id":{},"fields":{{"COMPLETED":"Y"}}}})", id))["result"],
            true);
  EXPECT_EQ(row(id)["COMPLETED"], "Y");
  EXPECT_EQ(row(id)["STATUS"], "2");
  EXPECT_EQ(row(id)["LAST_UPDATED"], "2026-11-20T15:00:00+03:00");
  EXPECT_EQ(call("crm.activity.delete", fmt::format(R"({{"id":{}}})", id))["result"], true);
  EXPECT_EQ(portal_.row(Entity::activity, id), "");
  EXPECT_EQ(call("crm.activity.delete", fmt::format(R"({{"id":{}}})", id))["error"], "");
}

TEST_F(ActivityMethodsTest, LosesItsOwner) {
  std::map<std::string, Json> contacts;  // by deal
  for (const Json& deal : Json::parse(portal_.rows(Entity::deal))) {
    if (deal["contactId"] != 0) contacts[deal["id"].dump()] = deal["contactId"];
  }
  std::int64_t deal = 0, contact = 0, kept = 0;
  for (const Json& activity : Json::parse(portal_.rows(Entity::activity))) {
    const auto client = contacts.find(activity["OWNER_ID"].get<std::string>());
    if (activity["OWNER_TYPE_ID"] != "2" || client == contacts.end()) continue;
    deal = std::stoll(client->first);
    contact = client->second;
    kept = std::stoll(activity["ID"].get<std::string>());
  }
  ASSERT_NE(kept, 0);
  const std::int64_t alone = add(2, deal);
  call("crm.item.delete", fmt::format(R"({{"entityTypeId":2,"id":{}}})", deal));
  EXPECT_EQ(portal_.row(Entity::activity, alone), "");
  EXPECT_EQ(row(kept)["OWNER_TYPE_ID"], "3");
  EXPECT_EQ(row(kept)["OWNER_ID"], std::to_string(contact));
}

// A deal bound to a contact's activity: let go when it is deleted, the owner when the contact is.
TEST_F(ActivityMethodsTest, OfAContactMayBeBoundToADeal) {
  std::map<std::int64_t, std::int64_t> deals;  // by activity
  for (const Json& activity : Json::parse(portal_.rows(Entity::activity))) {
    if (activity["OWNER_TYPE_ID"] != "3") continue;
    const std::int64_t id = std::stoll(activity["ID"].get<std::string>());
    const auto cards = bindings(id);
    if (cards.contains(2)) deals[id] = cards.at(2);
  }
  ASSERT_GT(deals.size(), 3u);
  const auto [first, deal] = *deals.begin();
  const std::string before = portal_.row(Entity::activity, first);
  call("crm.item.delete", fmt::format(R"({{"entityTypeId":2,"id":{}}})", deal));
  EXPECT_FALSE(bindings(first).contains(2));
  EXPECT_EQ(portal_.row(Entity::activity, first), before);
  const auto other = std::find_if(deals.begin(), deals.end(),
                                  [&](const auto& bound) { return bound.second != deal; });
  ASSERT_NE(other, deals.end());
  call("crm.item.delete",
       fmt::format(R"({{"entityTypeId":3,"id":{}}})", bindings(other->first).at(3)));
  EXPECT_EQ(row(other->first)["OWNER_TYPE_ID"], "2");
  EXPECT_EQ(row(other->first)["OWNER_ID"], std::to_string(other->second));
}

TEST_F(ActivityMethodsTest, FollowsItsTask) {
  const std::int64_t deal = portal_.ids(Entity::deal).front();
  const std::int64_t manager = Json::parse(portal_.facts())["managers"][0];
  const Json made =
      call("tasks.task.add", fmt::format(R"({{"fields":{{"TITLE":"Счёт","RESPONSIBLE_ID":{},)"
                                         R"("UF_CRM_TASK":["D_{}"]}}}})",
                                         manager, deal));
  const std::string task = made["result"]["task"]["id"];
  const std::int64_t id = portal_.ids(Entity::activity).back();
  EXPECT_EQ(row(id)["PROVIDER_ID"], "CRM_TASKS_TASK");
  EXPECT_EQ(row(id)["ASSOCIATED_ENTITY_ID"], task);
  call("tasks.task.update", fmt::format(R"({{"taskId":{},"fields":{{"STATUS":5}}}})", task));
  EXPECT_EQ(row(id)["COMPLETED"], "Y");
  call("tasks.task.delete", fmt::format(R"({{"taskId":{}}})", task));
  EXPECT_EQ(portal_.row(Entity::activity, id), "");
}

}  // namespace
}  // namespace b24::sim
