#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/portal/php.h"
#include "tests/portal/portal.h"

namespace b24::sim {
namespace {

PortalOptions at(const char* now, std::uint64_t seed = 1) {
  return {.managers = 20,
          .departments = 3,
          .deals = 1500,
          .tasks = 1200,
          .calls = 12'000,
          .seed = seed,
          .now = parse_time(now)};
}

TEST(PortalGeneratorTest, MakesTheSameCompanyTwice) {
  const Portal first{at("2026-11-20T12:00:00+03:00")};
  const Portal second{at("2026-11-20T12:00:00+03:00")};
  const Portal other{at("2026-11-20T12:00:00+03:00", 2)};
  for (const Entity entity : kEntities) {
    EXPECT_EQ(first.rows(entity), second.rows(entity)) << name(entity);
  }
  EXPECT_EQ(first.facts(), second.facts());
  EXPECT_NE(first.rows(Entity::deal), other.rows(Entity::deal));
}

TEST(PortalGeneratorTest, MakesAsMuchAsAsked) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  EXPECT_EQ(portal.count(Entity::deal), 1500u);
  EXPECT_EQ(portal.count(Entity::task), 1200u);
  EXPECT_GE(portal.count(Entity::call), 12'000u);
  EXPECT_LE(portal.count(Entity::call), 13'000u);
  EXPECT_EQ(portal.count(Entity::department), 5u);
  EXPECT_EQ(portal.count(Entity::lead), 750u);
  EXPECT_EQ(portal.count(Entity::contact), 750u);
  EXPECT_EQ(portal.count(Entity::company), 300u);
  EXPECT_EQ(portal.count(Entity::quote), 150u);
  EXPECT_EQ(portal.count(Entity::invoice), 150u);
  EXPECT_EQ(portal.count(Entity::activity), 3000u + 75u) << "and those of chats";
  for (const Entity entity : kStreams) {
    auto ids = portal.ids(entity);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << name(entity);
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size()) << name(entity);
  }
}

Json rows_without(const Portal& portal, Entity entity, const std::vector<const char*>& keys) {
  Json rows = Json::parse(portal.rows(entity));
  for (Json& row : rows) {
    for (const char* key : keys) row.erase(key);
  }
  return rows;
}

// Whatever is made of the other kinds, deals, tasks and calls are the same, and so are their
// changes.
TEST(PortalGeneratorTest, LeavesKindsOutWithoutTouchingTheOthers) {
  PortalOptions options = at("2026-11-20T12:00:00+03:00");
  options.calls = 2000;
  options.products = false;  // what is sold changes its deal
  Portal full{options};
  Portal bare{sim::bare(options)};
  const auto same = [&] {
    EXPECT_EQ(full.rows(Entity::task), bare.rows(Entity::task));
    EXPECT_EQ(full.rows(Entity::user), bare.rows(Entity::user));
    // But for links to the other kinds, and when something was done.
    for (const auto& [entity, keys] :
         {std::pair{Entity::deal, std::vector{"leadId", "companyId", "contactId", "contactIds",
                                              "lastActivityTime", "lastActivityBy"}},
          std::pair{Entity::call,
                    std::vector{"CRM_ENTITY_TYPE", "CRM_ENTITY_ID", "CRM_ACTIVITY_ID"}}}) {
      EXPECT_EQ(rows_without(full, entity, keys), rows_without(bare, entity, keys)) << name(entity);
    }
    Json facts = Json::parse(full.facts());
    facts["chats_waiting"] = Json::object();
    EXPECT_EQ(facts, Json::parse(bare.facts()));
  };
  same();
  full.mutate(300, 7);
  bare.mutate(300, 7);
  same();
  for (const Entity entity : kStreams) {
    const bool old = entity == Entity::deal || entity == Entity::task || entity == Entity::call;
    EXPECT_EQ(bare.count(entity) > 0, old) << name(entity);
    EXPECT_GT(full.count(entity), 0u) << name(entity);
  }
}

std::set<std::int64_t> ids(const Portal& portal, Entity entity) {
  const auto list = portal.ids(entity);
  return {list.begin(), list.end()};
}

TEST(PortalGeneratorTest, LinksCardsToCardsThatAreThere) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  struct Link {
    Entity from;
    const char* field;
    Entity to;
  };
  const Link links[] = {
      {Entity::deal, "leadId", Entity::lead},       {Entity::deal, "contactId", Entity::contact},
      {Entity::deal, "companyId", Entity::company}, {Entity::lead, "contactId", Entity::contact},
      {Entity::lead, "companyId", Entity::company}, {Entity::contact, "companyId", Entity::company},
      {Entity::quote, "dealId", Entity::deal},      {Entity::quote, "leadId", Entity::lead},
      {Entity::invoice, "parentId2", Entity::deal}, {Entity::invoice, "parentId7", Entity::quote}};
  for (const Link& link : links) {
    const std::set<std::int64_t> known = ids(portal, link.to);
    std::size_t linked = 0;
    for (const Json& row : Json::parse(portal.rows(link.from))) {
      if (row[link.field].is_null() || row[link.field] == 0) continue;
      ++linked;
      EXPECT_TRUE(known.contains(row[link.field])) << name(link.from) << ' ' << link.field;
    }
    EXPECT_GT(linked, 5u) << name(link.from) << ' ' << link.field;
  }
  const std::set<std::int64_t> contacts = ids(portal, Entity::contact);
  std::size_t with_clients = 0;
  for (const Json& call : Json::parse(portal.rows(Entity::call))) {
    if (call["CRM_ENTITY_ID"].is_null()) continue;
    ++with_clients;
    EXPECT_EQ(call["CRM_ENTITY_TYPE"], "CONTACT");
    EXPECT_TRUE(contacts.contains(std::stoll(call["CRM_ENTITY_ID"].get<std::string>()))) << call;
  }
  EXPECT_GT(with_clients, 5000u);
}

TEST(PortalGeneratorTest, KeepsTimesInOrder) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  const std::string now = "2026-11-20T12:00:00+03:00";
  for (const Entity entity : {Entity::lead, Entity::deal, Entity::quote, Entity::invoice,
                              Entity::contact, Entity::company}) {
    for (const Json& row : Json::parse(portal.rows(entity))) {
      const std::string created = row["createdTime"], updated = row["updatedTime"];
      const std::string moved = row.value("movedTime", created);
      EXPECT_LE(created, moved) << name(entity) << row["id"];
      EXPECT_LE(moved, updated) << name(entity) << row["id"];
      EXPECT_LT(updated, now) << name(entity) << row["id"];
    }
  }
}

// The last line of an object's history is where it stands, since when it stands there.
TEST(PortalGeneratorTest, WritesAHistoryThatEndsWhereTheObjectStands) {
  Portal portal{at("2026-11-20T12:00:00+03:00")};
  portal.set_now(*parse_time("2026-11-20T13:00:00+03:00"));
  for (int round = 0; round < 2; ++round) {
    for (const auto& [entity, moves, stage] :
         {std::tuple{Entity::deal, Entity::deal_move, "STAGE_ID"},
          std::tuple{Entity::lead, Entity::lead_move, "STATUS_ID"},
          std::tuple{Entity::invoice, Entity::invoice_move, "STAGE_ID"}}) {
      SCOPED_TRACE(name(entity));
      std::map<std::int64_t, std::vector<Json>> history;
      std::string before;
      for (const Json& move : Json::parse(portal.rows(moves))) {
        EXPECT_LE(before, move["CREATED_TIME"]);
        before = move["CREATED_TIME"];
        history[move["OWNER_ID"]].push_back(move);
      }
      for (const Json& row : Json::parse(portal.rows(entity))) {
        const auto& ways = history[row["id"]];
        ASSERT_FALSE(ways.empty()) << row["id"];
        EXPECT_EQ(ways.front()["TYPE_ID"], 1);
        EXPECT_EQ(ways.back()[stage], row["stageId"]) << row["id"];
        EXPECT_EQ(ways.back()["CREATED_TIME"], row["movedTime"]) << row["id"];
      }
    }
    portal.mutate(200, 3);
  }
}

TEST(PortalGeneratorTest, MakesActivitiesThatMakeSense) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  const std::string now = "2026-11-20T12:00:00+03:00";
  std::map<std::string, Entity> owners = {
      {"1", Entity::lead}, {"2", Entity::deal}, {"3", Entity::contact}, {"4", Entity::company}};
  std::map<std::string, std::set<std::int64_t>> known;
  for (const auto& [type, entity] : owners) known[type] = ids(portal, entity);
  std::map<std::int64_t, Json> tasks;
  for (const Json& task : Json::parse(portal.rows(Entity::task))) {
    tasks[std::stoll(task["id"].get<std::string>())] = task;
  }
  std::map<std::string, int> kinds;
  std::set<std::string> planned;  // deals with something ahead
  for (const Json& activity : Json::parse(portal.rows(Entity::activity))) {
    const auto number = [&](const char* key) {
      return std::stoll(activity[key].get<std::string>());
    };
    const std::string type = activity["OWNER_TYPE_ID"];
    EXPECT_TRUE(known[type].contains(number("OWNER_ID"))) << activity;
    EXPECT_LE(activity["CREATED"], activity["LAST_UPDATED"]) << activity;
    EXPECT_LE(activity["LAST_UPDATED"], now) << activity;
    ++kinds[activity["PROVIDER_ID"]];
    if (activity["PROVIDER_ID"] == "CRM_TASKS_TASK") {
      const Json& task = tasks.at(number("ASSOCIATED_ENTITY_ID"));
      EXPECT_EQ(activity["SUBJECT"], task["title"]);
      EXPECT_EQ(activity["COMPLETED"], task["status"] == "5" ? "Y" : "N");
    }
    if (activity["COMPLETED"] == "N" && activity["DEADLINE"] > now && type == "2") {
      planned.insert(activity["OWNER_ID"]);
    }
  }
  EXPECT_EQ(kinds.size(), 6u);
  for (const auto& [provider, count] : kinds) {
    if (provider == "IMOPENLINES_SESSION") {
      EXPECT_EQ(count, 75);
    } else {
      EXPECT_GT(count, 100) << provider;
    }
  }
  int open = 0, with_plan = 0;
  for (const Json& deal : Json::parse(portal.rows(Entity::deal))) {
    if (deal["closed"] == "Y" || deal["isRecurring"] == "Y") continue;
    ++open;
    with_plan += planned.contains(deal["id"].dump());
  }
  EXPECT_GT(with_plan, open / 2);
  EXPECT_LT(with_plan, open);
}

// The newest calls of a client can be found in the timeline, under the id that they name.
TEST(PortalGeneratorTest, PutsTheNewestCallsIntoTheTimeline) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  std::map<std::string, Json> activities;
  for (const Json& activity : Json::parse(portal.rows(Entity::activity))) {
    activities[activity["ID"]] = activity;
  }
  const Json calls = Json::parse(portal.rows(Entity::call));
  int found = 0, named = 0;
  for (auto call = calls.rbegin(); call != calls.rend() && named < 100; ++call) {
    if ((*call)["CRM_ACTIVITY_ID"].is_null()) continue;
    ++named;
    const auto activity = activities.find((*call)["CRM_ACTIVITY_ID"].get<std::string>());
    if (activity == activities.end()) continue;
    ++found;
    EXPECT_EQ(activity->second["PROVIDER_ID"], "VOXIMPLANT_CALL");
    EXPECT_EQ(activity->second["START_TIME"], (*call)["CALL_START_DATE"]);
    EXPECT_EQ(activity->second["RESPONSIBLE_ID"], (*call)["PORTAL_USER_ID"]);
  }
  EXPECT_EQ(found, 100);
}

// Most of the clients whose call nobody took are called back, and some are not.
TEST(PortalGeneratorTest, CallsBackMostOfThoseWhoWereMissed) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  const auto phone = [](const Json& call) {
    const auto text = call["PHONE_NUMBER"].get<std::string>();
    return text.substr(text.starts_with('+') ? 1 : 0);
  };
  const Json calls = Json::parse(portal.rows(Entity::call));
  std::map<std::string, std::string> returned;  // when, by number
  for (const Json& call : calls) {
    if (call["CALL_TYPE"] == "1" || call["CALL_TYPE"] == "4") {
      std::string& at = returned[phone(call)];
      at = std::max(at, call["CALL_START_DATE"].get<std::string>());
    }
  }
  int missed = 0, called_back = 0;
  for (const Json& call : calls) {
    if (call["CALL_FAILED_CODE"] != "304" || (call["CALL_TYPE"] != "2" && call["CALL_TYPE"] != "3"))
      continue;
    ++missed;
    const auto back = returned.find(phone(call));
    called_back += back != returned.end() && back->second > call["CALL_START_DATE"];
  }
  EXPECT_GT(missed, 200);
  EXPECT_GT(called_back, missed / 2);
  EXPECT_LT(called_back, missed * 9 / 10);
}

TEST(PortalGeneratorTest, TurnsLeadsIntoDeals) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  std::map<std::int64_t, Json> deals;  // by lead
  for (const Json& deal : Json::parse(portal.rows(Entity::deal))) {
    if (!deal["leadId"].is_null()) deals[deal["leadId"]] = deal;
  }
  std::map<std::string, int> stages;
  for (const Json& lead : Json::parse(portal.rows(Entity::lead))) {
    ++stages[lead["stageSemanticId"]];
    const auto deal = deals.find(lead["id"]);
    EXPECT_EQ(lead["stageId"] == "CONVERTED", deal != deals.end()) << lead["id"];
    EXPECT_EQ(lead["stageSemanticId"] == "P", lead["dateClosed"].is_null()) << lead["id"];
    if (deal == deals.end()) continue;
    EXPECT_EQ(lead["movedTime"], deal->second["createdTime"]);
    EXPECT_EQ(lead["contactId"], deal->second["contactId"]);
  }
  EXPECT_EQ(stages["S"], 300);
  EXPECT_GT(stages["P"], 100);
  EXPECT_GT(stages["F"], 100);
}

// Managers who play a part, in the order in which the parts are dealt out (generator.h); those at
// odd places are ordinary.
std::string part(const Json& facts, std::size_t number) {
  return facts["managers"][number * 2].dump();
}

std::set<std::string> keys(const Json& map) {
  std::set<std::string> names;
  for (const auto& [key, value] : map.items()) names.insert(key);
  return names;
}

// At any hour, on working days and at weekends, exactly the planted people are found.
TEST(PortalGeneratorTest, PlantsEachProblemForItsPeopleAlone) {
  for (const char* now : {"2026-11-20T12:00:00+03:00", "2026-11-20T20:00:00+03:00",
                          "2026-11-22T02:00:00+03:00", "2026-11-23T09:01:00+03:00"}) {
    for (const std::uint64_t seed : {1U, 2U}) {
      SCOPED_TRACE(fmt::format("{} seed {}", now, seed));
      const Portal portal{at(now, seed)};
      const Json facts = Json::parse(portal.facts());
      ASSERT_EQ(facts["managers"].size(), 20u);
      EXPECT_EQ(keys(facts["overdue_pile"]), std::set{part(facts, 0)});
      EXPECT_EQ(keys(facts["overload_deals"]), std::set{part(facts, 1)});
      EXPECT_EQ(keys(facts["calls_drop_vs_baseline"]), std::set{part(facts, 2)});
      EXPECT_GE(facts["deal_stuck_stage"].size(), 1u);
      EXPECT_EQ(facts["absent"].dump(), "[" + part(facts, 4) + "]");
    }
  }
}

TEST(PortalGeneratorTest, KeepsOrdinaryPeopleFarFromTheThresholds) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  const Json facts = Json::parse(portal.facts());
  const std::string quiet = part(facts, 2);
  const Json& drop = facts["calls_drop_vs_baseline"][quiet];
  EXPECT_LT(drop["value"], 0.5 * drop["norm"].get<double>());
  EXPECT_GE(drop["norm"], 6);
  EXPECT_GE(facts["overdue_pile"][part(facts, 0)].size(), 8u);
  EXPECT_GT(facts["overload_deals"][part(facts, 1)], 40);
  std::map<std::int64_t, int> open;
  for (const Json& deal : Json::parse(portal.rows(Entity::deal))) {
    if (deal["closed"] == "N" && deal["isRecurring"] == "N") ++open[deal["assignedById"]];
  }
  for (const auto& [manager, count] : open) {
    if (std::to_string(manager) == part(facts, 1)) continue;
    EXPECT_GE(count, 15) << manager;
    EXPECT_LE(count, 25) << manager;
  }
}

TEST(PortalGeneratorTest, SetsTraps) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  const Json facts = Json::parse(portal.facts());
  std::map<std::string, std::map<std::string, int>> late;  // by manager and status
  int midnight = 0;
  for (const Json& task : Json::parse(portal.rows(Entity::task))) {
    if (task["deadline"].is_null()) continue;
    const std::string deadline = task["deadline"];
    if (deadline == "2026-11-20T00:00:00+03:00") ++midnight;
    if (deadline < "2026-11-20T12:00:00+03:00") ++late[task["responsibleId"]][task["status"]];
  }
  const auto id = [&](std::size_t number) { return part(facts, number); };
  EXPECT_EQ(midnight, 6);
  EXPECT_GE(late[id(4)]["2"] + late[id(4)]["3"], 7);  // on leave
  EXPECT_GE(late[id(6)]["6"], 6);                     // deferred
  EXPECT_GE(late[id(6)]["4"], 6);                     // awaiting control
  int templates = 0;
  for (const Json& deal : Json::parse(portal.rows(Entity::deal))) {
    templates += deal["isRecurring"] == "Y" && deal["closed"] == "N";
  }
  EXPECT_GE(templates, 15);
}

TEST(PortalGeneratorTest, MakesACompanyWithoutProblems) {
  PortalOptions options = at("2026-11-20T12:00:00+03:00");
  options.problems = false;
  const Portal portal{options};
  const Json facts = Json::parse(portal.facts());
  for (const char* rule : {"overdue_pile", "overload_deals", "calls_drop_vs_baseline"}) {
    EXPECT_TRUE(facts[rule].empty()) << rule;
  }
  EXPECT_TRUE(facts["deal_stuck_stage"].empty());
}

// The demo's problem comes, is named, and goes again.
TEST(PortalGeneratorTest, LivesThroughAProblemAndItsEnd) {
  PortalOptions options = at("2026-11-20T12:00:00+03:00");
  options.calls = 100;
  options.live = true;
  options.live_interval_seconds = 0.05;
  Portal portal{options};
  const std::size_t planted = Json::parse(portal.facts())["overdue_pile"].size();
  const auto wait_for_piles = [&](std::size_t count) {
    for (int i = 0; i < 1000; ++i) {
      if (Json::parse(portal.facts())["overdue_pile"].size() == count) return true;
      std::this_thread::sleep_for(milliseconds{10});
    }
    return false;
  };
  portal.start();
  EXPECT_TRUE(wait_for_piles(planted + 1));
  EXPECT_TRUE(wait_for_piles(planted));
  EXPECT_GT(portal.count(Entity::call), 100u);
}

TEST(PortalGeneratorTest, ChangesAtRandomAndTheSameForTheSameSeed) {
  Portal first{at("2026-11-20T12:00:00+03:00")};
  Portal second{at("2026-11-20T12:00:00+03:00")};
  const std::string before = first.rows(Entity::deal);
  const auto payments = static_cast<int>(first.count(Entity::payment));
  first.set_now(*parse_time("2026-11-20T13:00:00+03:00"));
  second.set_now(*parse_time("2026-11-20T13:00:00+03:00"));
  const MutationCounts made = first.mutate(300, 7);
  second.mutate(300, 7);
  EXPECT_GT(made.deals_added, 0);
  EXPECT_GT(made.deals_deleted, 0);
  EXPECT_GT(made.tasks_closed, 0);
  EXPECT_GT(made.calls_added, 0);
  EXPECT_NE(first.rows(Entity::deal), before);
  EXPECT_GT(made.leads_added, 0);
  EXPECT_GT(made.leads_moved, 0);
  EXPECT_GT(made.contacts_changed, 0);
  EXPECT_GT(made.activities_added, 0);
  EXPECT_GT(made.activities_completed, 0);
  const int others = made.leads_added + made.leads_changed + made.leads_moved + made.leads_deleted +
                     made.quotes_added + made.quotes_changed + made.quotes_moved +
                     made.quotes_deleted + made.invoices_added + made.invoices_changed +
                     made.invoices_moved + made.invoices_deleted + made.contacts_added +
                     made.contacts_changed + made.contacts_deleted + made.companies_added +
                     made.companies_changed + made.companies_deleted + made.activities_added +
                     made.activities_changed + made.activities_completed + made.activities_deleted;
  EXPECT_GT(others, 60);
  EXPECT_LT(others, 150);
  EXPECT_GT(made.rates_changed, 0);
  EXPECT_LT(made.rates_changed, 15);
  for (const int count : {made.payments_added, made.payments_paid, made.payments_returned,
                          made.payments_deleted, made.orders_deleted}) {
    EXPECT_GT(count, 0);
  }
  EXPECT_EQ(static_cast<int>(first.count(Entity::payment)),
            payments + made.payments_added - made.payments_deleted);
  EXPECT_LE(made.orders_deleted, made.payments_deleted);
  for (const Entity entity : kEntities) EXPECT_EQ(first.rows(entity), second.rows(entity));
  int changed = 0;
  for (const Json& deal : Json::parse(first.rows(Entity::deal))) {
    changed += deal["updatedTime"] == "2026-11-20T13:00:00+03:00";
  }
  EXPECT_GT(changed, 50);
}

}  // namespace
}  // namespace b24::sim
