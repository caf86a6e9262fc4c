#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/portal/php.h"
#include "tests/portal/portal.h"

// Leads, quotes, invoices, contacts and companies through crm.item.*, their stages and histories.

namespace b24::sim {
namespace {

struct Named {
  Entity entity;
  int type;
};
void PrintTo(const Named& named, std::ostream* out) { *out << name(named.entity); }

const Named kKinds[] = {{Entity::lead, 1},    {Entity::deal, 2},  {Entity::contact, 3},
                        {Entity::company, 4}, {Entity::quote, 7}, {Entity::invoice, 31}};

PortalOptions company() {
  return {.deals = 300,
          .tasks = 40,
          .calls = 100,
          .quotes = 110,
          .invoices = 120,
          .now = parse_time("2026-11-20T12:00:00+03:00")};
}

class ItemMethodsTest : public testing::TestWithParam<Named> {
 protected:
  Json call(const std::string& method, const std::string& params) {
    return Json::parse(portal_.call(method, params));
  }
  // crm.item.METHOD for the kind under test.
  Json item(const std::string& method, const std::string& rest) {
    return call("crm.item." + method,
                fmt::format(R"({{"entityTypeId":{},{}}})", GetParam().type, rest));
  }
  Json rows() { return Json::parse(portal_.rows(GetParam().entity)); }

  Portal portal_{company()};
};

TEST_P(ItemMethodsTest, WalksByIdWithoutCounting) {
  std::vector<std::int64_t> ids;
  std::int64_t last = 0;
  for (std::size_t size = 50; size == 50 && ids.size() < 1000;) {
    const Json answer = item("list", fmt::format(R"("order":{{"id":"ASC"}},"filter":{{">id":{}}},)"
                                                 R"("select":["id"],"start":-1)",
                                                 last));
    EXPECT_EQ(answer["total"], 0);
    EXPECT_FALSE(answer.contains("next"));
    const Json& items = answer["result"]["items"];
    size = items.size();
    for (const Json& row : items) ids.push_back(row["id"]);
    if (!ids.empty()) last = ids.back();
  }
  EXPECT_EQ(ids, portal_.ids(GetParam().entity));
}

TEST_P(ItemMethodsTest, FindsWhatChangedSince) {
  const Json all = rows();
  const std::string moment = all[all.size() / 2]["updatedTime"];
  const auto at = *parse_time(moment);
  std::size_t expected = 0;
  for (const Json& row : all) expected += *parse_time(row["updatedTime"].get<std::string>()) >= at;
  const Json answer = item(
      "list",
      R"("order":{"updatedTime":"DESC","id":"DESC"},"filter":{"0":{"logic":"OR","0":{">=updatedTime":")" +
          moment + R"("},"1":{">updatedTime":"2027-01-01"}}})");
  EXPECT_EQ(answer["total"], expected);
  const Json& items = answer["result"]["items"];
  EXPECT_TRUE(std::is_sorted(items.begin(), items.end(), [](const Json& a, const Json& b) {
    return a["updatedTime"] > b["updatedTime"];
  }));
}

TEST_P(ItemMethodsTest, RefusesFieldsItDoesNotKnow) {
  const Json filter = item("list", R"("filter":{"noSuch":1})");
  EXPECT_EQ(filter["error"], "INVALID_ARG_VALUE");
  EXPECT_EQ(filter["error_description"], "Invalid filter: field 'noSuch' is not allowed in filter");
  const Json order = item("list", R"("order":{"noSuch":"ASC"})");
  EXPECT_EQ(order["error_description"], "Invalid order: field 'noSuch' is not allowed in order");
  EXPECT_EQ(item("list", R"("filter":{"entityTypeId":2})")["error"], "INVALID_ARG_VALUE");
}

TEST_P(ItemMethodsTest, GivesItsTypeWithWholeRowsAlone) {
  const auto keys = [](const Json& row) {
    std::vector<std::string> names;
    for (const auto& [key, value] : row.items()) names.push_back(key);
    return names;
  };
  const Json named = item("list", R"("select":["assignedById","entityTypeId","fm"],"start":-1)");
  EXPECT_EQ(keys(named["result"]["items"][0]), (std::vector<std::string>{"id", "assignedById"}));
  const Json whole = item("list", R"("select":["*"],"start":-1)");
  EXPECT_EQ(whole["result"]["items"][0]["entityTypeId"], GetParam().type);
}

TEST_P(ItemMethodsTest, AddsChangesAndDeletes) {
  portal_.set_now(*parse_time("2026-11-20T13:00:00+03:00"));
  const Json added =
      item("add", R"("fields":{"title":"Двери","assignedById":5})")["result"]["item"];
  const std::int64_t id = added["id"];
  EXPECT_EQ(id, portal_.ids(GetParam().entity).back());
  EXPECT_EQ(added["assignedById"], 5);
  EXPECT_EQ(added["createdTime"], "2026-11-20T13:00:00+03:00");
  EXPECT_EQ(added["updatedTime"], "2026-11-20T13:00:00+03:00");

  portal_.set_now(*parse_time("2026-11-20T14:00:00+03:00"));
  const Json changed =
      item("update", fmt::format(R"("id":{},"fields":{{"assignedById":6}})", id))["result"]["item"];
  EXPECT_EQ(changed["assignedById"], 6);
  EXPECT_EQ(changed["createdTime"], added["createdTime"]);
  EXPECT_EQ(changed["updatedTime"], "2026-11-20T14:00:00+03:00");
  EXPECT_EQ(item("get", fmt::format(R"("id":{})", id))["result"]["item"], changed);

  EXPECT_EQ(item("delete", fmt::format(R"("id":{})", id))["result"].dump(), "[]");
  EXPECT_EQ(item("get", fmt::format(R"("id":{})", id))["error"], "NOT_FOUND");
  EXPECT_EQ(item("delete", fmt::format(R"("id":{})", id))["error"], "NOT_FOUND");
}

TEST_P(ItemMethodsTest, ShowsOthersNothing) {
  PortalOptions options = company();
  options.admin = false;
  Portal portal{options};
  const std::string profile = Json::parse(portal.call("profile", "{}"))["result"]["ID"];
  const std::int64_t owner = std::stoll(profile);
  std::size_t mine = 0;
  std::int64_t foreign = 0;
  for (const Json& row : Json::parse(portal.rows(GetParam().entity))) {
    if (row["assignedById"] == owner) {
      ++mine;
    } else {
      foreign = row["id"];
    }
  }
  const Json list = Json::parse(
      portal.call("crm.item.list", fmt::format(R"({{"entityTypeId":{}}})", GetParam().type)));
  EXPECT_EQ(list["total"], mine);
  EXPECT_LT(mine, portal.count(GetParam().entity));
  const Json hidden = Json::parse(portal.call(
      "crm.item.get", fmt::format(R"({{"entityTypeId":{},"id":{}}})", GetParam().type, foreign)));
  EXPECT_EQ(hidden["error"], "ACCESS_DENIED");
}

INSTANTIATE_TEST_SUITE_P(Kinds, ItemMethodsTest, testing::ValuesIn(kKinds),
                         [](const auto& test) { return std::string{name(test.param.entity)}; });

class CrmTest : public testing::Test {
 protected:
  Json call(const std::string& method, const std::string& params) {
    return Json::parse(portal_.call(method, params));
  }
  Portal portal_{company()};
};

TEST_F(CrmTest, NamesCardsThatHaveNoName) {
  const std::pair<int, const char*> names[] = {
      {1, "Лид #"}, {2, "Сделка #"}, {4, "Компания #"}, {7, "Предложение #"}, {31, "Счёт #"}};
  for (const auto& [type, begins] : names) {
    const Json item = call("crm.item.add", fmt::format(R"({{"entityTypeId":{}}})", type));
    EXPECT_EQ(item["result"]["item"]["title"], begins + item["result"]["item"]["id"].dump());
  }
  const Json person = call("crm.item.add", R"({"entityTypeId":3})")["result"]["item"];
  EXPECT_EQ(person["lastName"], "Контакт #" + person["id"].dump());
}

TEST_F(CrmTest, MovesThroughStagesAndRemembersIt) {
  struct Case {
    int type;
    Entity moves;
    const char* first;
    const char* last;
    const char* stage;
  };
  const Case cases[] = {{1, Entity::lead_move, "NEW", "CONVERTED", "STATUS_ID"},
                        {2, Entity::deal_move, "NEW", "WON", "STAGE_ID"},
                        {31, Entity::invoice_move, "DT31_2:N", "DT31_2:P", "STAGE_ID"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.type);
    const std::string type = fmt::format(R"({{"entityTypeId":{})", c.type);
    const Json added = call("crm.item.add", type + "}")["result"]["item"];
    EXPECT_EQ(added["stageId"], c.first);
    const std::string id = added["id"].dump();
    portal_.set_now(portal_.now() + hours{1});
    const Json moved = call(
        "crm.item.update", type + R"(,"id":)" + id + R"(,"fields":{"stageId":")" + c.last + "\"}}");
    EXPECT_EQ(moved["result"]["item"]["stageId"], c.last);
    EXPECT_EQ(moved["result"]["item"]["movedTime"], moved["result"]["item"]["updatedTime"]);
    const Json history =
        call("crm.stagehistory.list", type + R"(,"filter":{"OWNER_ID":)" + id + "}}")["result"];
    ASSERT_EQ(history["items"].size(), 2u);
    EXPECT_EQ(history["items"][0]["TYPE_ID"], 1);
    EXPECT_EQ(history["items"][0][c.stage], c.first);
    EXPECT_EQ(history["items"][1]["TYPE_ID"], 3);
    EXPECT_EQ(history["items"][1][c.stage], c.last);
    EXPECT_EQ(history["items"][1]["ID"], portal_.ids(c.moves).back());
    EXPECT_EQ(history["items"][1]["CREATED_TIME"], moved["result"]["item"]["movedTime"]);
  }
  EXPECT_EQ(call("crm.stagehistory.list", R"({"entityTypeId":7})")["error"], 0);
}

TEST_F(CrmTest, KeepsWhatAMoveChangesBesides) {
  const Json lead = call("crm.item.add", R"({"entityTypeId":1})")["result"]["item"];
  EXPECT_TRUE(lead["dateClosed"].is_null());
  const Json junk = call("crm.item.update", R"({"entityTypeId":1,"id":)" + lead["id"].dump() +
                                                R"(,"fields":{"stageId":"JUNK"}})");
  EXPECT_EQ(junk["result"]["item"]["dateClosed"], junk["result"]["item"]["movedTime"]);
  EXPECT_EQ(junk["result"]["item"]["stageSemanticId"], "F");
  const Json invoice = call("crm.item.add", R"({"entityTypeId":31,"fields":{"parentId2":7}})");
  EXPECT_EQ(invoice["result"]["item"]["parentId2"], 7);
  const Json sent = call("crm.item.update",
                         R"({"entityTypeId":31,"id":)" + invoice["result"]["item"]["id"].dump() +
                             R"(,"fields":{"stageId":"DT31_2:S"}})")["result"]["item"];
  EXPECT_EQ(sent["previousStageId"], "DT31_2:N");
}

TEST_F(CrmTest, ReadsTheHistoryByIdWithItsOwnFields) {
  const Json page = call("crm.stagehistory.list",
                         R"({"entityTypeId":1,"order":{"ID":"ASC"},"filter":{">ID":3},"start":-1,
                             "select":["ID","STATUS_ID"]})")["result"]["items"];
  ASSERT_EQ(page.size(), 50u);
  EXPECT_EQ(page[0]["ID"], 4);
  EXPECT_EQ(page[0].size(), 2u);
  for (const auto& [type, field] : {std::pair{1, "STAGE_ID"}, std::pair{2, "STATUS_ID"}}) {
    const Json wrong =
        call("crm.stagehistory.list",
             fmt::format(R"({{"entityTypeId":{},"filter":{{"{}":"NEW"}}}})", type, field));
    EXPECT_EQ(wrong["error"], "INVALID_ARG_VALUE") << field;
  }
}

TEST_F(CrmTest, HasDirectoriesOfStages) {
  const auto stages = [&](const std::string& entity) {
    std::map<std::string, std::string> found;  // id -> semantics
    const Json list = call("crm.status.list", R"({"filter":{"ENTITY_ID":")" + entity + "\"}}");
    for (const Json& stage : list["result"]) {
      found[stage["STATUS_ID"]] = stage["SEMANTICS"].is_null() ? "" : stage["SEMANTICS"];
    }
    return found;
  };
  using Stages = std::map<std::string, std::string>;
  EXPECT_EQ(stages("STATUS"), (Stages{{"NEW", ""},
                                      {"IN_PROCESS", ""},
                                      {"PROCESSED", ""},
                                      {"CONVERTED", "S"},
                                      {"JUNK", "F"},
                                      {"UC_DOUBLE", "F"}}));
  EXPECT_EQ(stages("QUOTE_STATUS"), (Stages{{"DRAFT", ""},
                                            {"SENT", ""},
                                            {"UNANSWERED", ""},
                                            {"APPROVED", "S"},
                                            {"DECLAINED", "F"},
                                            {"APOLOGY", "F"}}));
  EXPECT_EQ(stages("SMART_INVOICE_STAGE_2"),
            (Stages{{"DT31_2:N", ""}, {"DT31_2:S", ""}, {"DT31_2:P", "S"}, {"DT31_2:D", "F"}}));
  const Json pipelines = call("crm.category.list", R"({"entityTypeId":31})")["result"];
  ASSERT_EQ(pipelines["categories"].size(), 1u);
  EXPECT_EQ(pipelines["categories"][0]["id"], 2);
  EXPECT_EQ(pipelines["categories"][0]["isDefault"], "Y");
  for (const int type : {1, 5, 7}) {
    const Json refused = call("crm.category.list", fmt::format(R"({{"entityTypeId":{}}})", type));
    EXPECT_EQ(refused["error"], "ENTITY_TYPE_NOT_SUPPORTED") << type;
  }
}

TEST_F(CrmTest, KnowsNoOtherTypes) {
  EXPECT_EQ(call("crm.item.list", R"({"entityTypeId":5})")["error"], "ENTITY_TYPE_NOT_SUPPORTED");
  for (const char* type : {"0", "6", "129"}) {
    EXPECT_EQ(call("crm.item.list", fmt::format(R"({{"entityTypeId":{}}})", type))["error"],
              "NOT_FOUND");
  }
}

TEST_F(CrmTest, DoesWithoutLeadsInTheSimpleMode) {
  EXPECT_EQ(call("crm.settings.mode.get", "{}")["result"], 1);
  PortalOptions options = company();
  options.leads_mode = LeadsMode::simple;
  Portal simple{options};
  EXPECT_EQ(Json::parse(simple.call("crm.settings.mode.get", "{}"))["result"], 2);
  EXPECT_EQ(Json::parse(simple.call("crm.item.list", R"({"entityTypeId":1})"))["error"],
            "ACCESS_DENIED");
  EXPECT_EQ(simple.count(Entity::lead) + simple.count(Entity::lead_move), 0u);
  EXPECT_EQ(simple.count(Entity::deal), portal_.count(Entity::deal));
}

TEST_F(CrmTest, HasCurrenciesWithRates) {
  const auto list = [&](const char* params) {
    const Json answer = call("crm.currency.list", params);
    EXPECT_EQ(answer["total"], 0) << "whatever the number";
    std::string found;
    for (const Json& c : answer["result"]) {
      found += fmt::format("{} {}/{} {};", c["CURRENCY"].get<std::string>(),
                           c["AMOUNT"].get<std::string>(), c["AMOUNT_CNT"].get<std::string>(),
                           c["BASE"].get<std::string>());
    }
    return found;
  };
  EXPECT_EQ(list(R"({"order":{"sort":"asc","currency":"asc"}})"),
            "RUB 1.0000/1 Y;USD 90.5000/1 N;EUR 98.2541/1 N;KZT 18.7533/100 N;");
  call("crm.currency.update", R"({"ID":"USD","fields":{"AMOUNT":91.2501}})");
  call("crm.currency.delete", R"({"id":"EUR"})");
  EXPECT_EQ(list(R"({"order":{"currency":"asc"}})"),
            "KZT 18.7533/100 N;RUB 1.0000/1 Y;USD 91.2501/1 N;");
  call("crm.currency.update", R"({"ID":"USD","fields":{"BASE":"Y"}})");
  EXPECT_EQ(list(R"({"order":{"currency":"desc"}})"),
            "USD 1.0000/1 Y;RUB 1.0000/1 N;KZT 18.7533/100 N;")
      << "other rates are not recalculated";
}

TEST_F(CrmTest, DealsAreInSeveralCurrencies) {
  std::set<std::string> codes;
  for (const Json& deal : Json::parse(portal_.rows(Entity::deal))) {
    codes.insert(deal["currencyId"].get<std::string>());
  }
  EXPECT_EQ(codes, (std::set<std::string>{"EUR", "KZT", "RUB", "USD"}));
}

TEST_F(CrmTest, CommentsCardsOfEveryKind) {
  for (const auto& [word, entity] :
       {std::pair{"lead", Entity::lead}, std::pair{"company", Entity::company},
        std::pair{"dynamic_31", Entity::invoice}}) {
    const std::int64_t id = portal_.ids(entity).front();
    const Json done =
        call("crm.timeline.comment.add",
             fmt::format(R"({{"fields":{{"ENTITY_ID":{},"ENTITY_TYPE":"{}","COMMENT":"c"}}}})", id,
                         word));
    EXPECT_TRUE(done["result"].is_number()) << word;
    EXPECT_EQ(portal_.messages().back().target, fmt::format("{}:{}", word, id));
  }
}

}  // namespace
}  // namespace b24::sim
