#include "connectors/bitrix24/probe.h"

#include <gtest/gtest.h>

#include "connectors/bitrix24/entities.h"
#include "connectors/bitrix24/list.h"
#include "connectors/bitrix24/staff.h"
#include "tests/portal/portal.h"
#include "tests/support/fake_clock.h"

// What the simulated portal tells of itself, as documented and with its quirks.

namespace b24 {
namespace {

using sim::FaultKind;

const Time kNow = parse_time("2026-11-20T12:00:00+03:00").value();

class Probed {
 public:
  explicit Probed(sim::PortalOptions options) : portal_(with_defaults(std::move(options))) {
    portal_.start();
    client_ = std::make_unique<Client>(*parse_webhook(Secret{portal_.webhook()}), ClientOptions{},
                                       clock_);
  }
  Probed() : Probed(sim::PortalOptions{}) {}

  sim::Portal& portal() { return portal_; }
  Client& client() { return *client_; }
  std::string last_request() { return portal_.requests().back().body; }
  PortalProbe probe() {
    auto probe = probe_portal(*client_, hours{3}, kNow, {});
    EXPECT_TRUE(probe) << (probe ? "" : probe.error().text);
    return probe ? *probe : PortalProbe{};
  }

 private:
  static sim::PortalOptions with_defaults(sim::PortalOptions options) {
    options.managers = 3;
    options.deals = 60;
    options.tasks = 60;
    options.calls = 120;
    options.now = kNow;
    return options;
  }

  FakeClock clock_{kNow};
  sim::Portal portal_;
  std::unique_ptr<Client> client_;
};

TEST(ProbeTest, AsDocumentedEverythingIsReadInTheQuickWay) {
  Probed probed;
  const PortalProbe probe = probed.probe();
  EXPECT_EQ(probed.portal().counters().requests, 2U);
  for (const Entity entity : kEntities) {
    const StreamProbe& stream = probe.streams.at(entity);
    const EntitySpec& kind = spec(entity);
    EXPECT_FALSE(stream.refused) << name(entity);
    EXPECT_EQ(stream.rejected, 0U) << name(entity);
    EXPECT_EQ(stream.total, static_cast<std::int64_t>(probed.portal().count(entity)))
        << name(entity);
    EXPECT_EQ(stream.walk, kind.paging == Paging::keyset ? Walk::by_id : Walk::untold)
        << name(entity);
    const bool by_time = !kind.changed_filter.empty() || !kind.recent_filter.empty();
    EXPECT_EQ(stream.moments, by_time ? Moments::any_offset : Moments::untold) << name(entity);
  }
  EXPECT_EQ(probe.leads, LeadsMode::with_leads);
  EXPECT_EQ(probe.may_notify, true);
  EXPECT_TRUE(probe.fates_untold.empty());
  ASSERT_TRUE(probe.recent_calls);
  EXPECT_GT(*probe.recent_calls, 0);
  EXPECT_LT(*probe.recent_calls, 120);
}

TEST(ProbeTest, AMethodThatWouldCallTheDeletedHiddenIsFound) {
  Probed probed;
  probed.portal().add_fault({.kind = FaultKind::error,
                             .method = "tasks.task.history.list",
                             .detail = "ERROR_METHOD_NOT_FOUND",
                             .status = 404});
  EXPECT_EQ(probed.probe().fates_untold, std::set<Entity>{Entity::task});
}

TEST(ProbeTest, QuirksAreFound) {
  const struct {
    FaultKind quirk;
    const char* method;
    Entity entity;
    Walk walk;
    Moments moments;
  } cases[] = {
      {FaultKind::start_counts, "tasks.task.list", Entity::task, Walk::by_id_counting,
       Moments::any_offset},
      {FaultKind::start_counts, "voximplant.statistic.get", Entity::call, Walk::by_id_counting,
       Moments::any_offset},
      {FaultKind::start_empties, "voximplant.statistic.get", Entity::call, Walk::cut_short,
       Moments::any_offset},
      {FaultKind::ignore_id_filter, "tasks.task.list", Entity::task, Walk::by_offset,
       Moments::any_offset},
      {FaultKind::offset_ignored, "crm.item.list", Entity::deal, Walk::by_id, Moments::own_offset},
      {FaultKind::offset_ignored, "voximplant.statistic.get", Entity::call, Walk::by_id,
       Moments::own_offset},
      {FaultKind::since_ignored, "tasks.task.list", Entity::task, Walk::by_id, Moments::ignored},
      {FaultKind::since_blind, "crm.activity.list", Entity::activity, Walk::by_id, Moments::blind},
  };
  Probed probed;
  for (const auto& c : cases) {
    probed.portal().clear_faults();
    probed.portal().add_fault({.kind = c.quirk, .method = c.method, .count = -1});
    const PortalProbe probe = probed.probe();
    EXPECT_EQ(probe.streams.at(c.entity).walk, c.walk) << name(c.quirk) << ' ' << c.method;
    EXPECT_EQ(probe.streams.at(c.entity).moments, c.moments) << name(c.quirk) << ' ' << c.method;
  }
}

TEST(ProbeTest, WhatWasFoundIsNoHindranceToReading) {
  Probed probed;
  for (const FaultKind quirk :
       {FaultKind::start_counts, FaultKind::start_empties, FaultKind::ignore_id_filter}) {
    probed.portal().clear_faults();
    probed.portal().add_fault({.kind = quirk, .method = "voximplant.statistic.get", .count = -1});
    ListReader lists{probed.client(), {{.entity = Entity::call}}, hours{3}};
    std::set<std::int64_t> seen;
    while (!lists.done()) {
      const auto answer = lists.next({});
      ASSERT_TRUE(answer) << answer.error().text;
      for (const ListPart& part : answer->parts) {
        for (const Record& record : part.records) seen.insert(record.id);
      }
    }
    EXPECT_EQ(seen.size(), 120U) << name(quirk);
  }
}

TEST(ProbeTest, WhatIsNotGrantedIsRefusedAlone) {
  Probed probed{{.scopes = {"crm", "user", "department"}}};
  const PortalProbe probe = probed.probe();
  ASSERT_TRUE(probe.streams.at(Entity::task).refused);
  EXPECT_EQ(probe.streams.at(Entity::task).refused->kind, ErrorKind::no_rights);
  EXPECT_TRUE(probe.streams.at(Entity::call).refused);
  EXPECT_FALSE(probe.streams.at(Entity::deal).refused);
  EXPECT_EQ(probe.may_notify, false);
  EXPECT_EQ(probe.recent_calls, std::nullopt);
}

TEST(ProbeTest, KnowsAPortalWithoutLeadsAndWithoutCalls) {
  FakeClock clock{kNow};
  sim::Portal portal{{.managers = 2,
                      .deals = 5,
                      .tasks = 1,
                      .calls = 0,
                      .quotes = 1,
                      .leads_mode = sim::LeadsMode::simple,
                      .now = kNow}};
  portal.start();
  Client client{*parse_webhook(Secret{portal.webhook()}), {}, clock};
  const auto probe = probe_portal(client, hours{3}, kNow, {});
  ASSERT_TRUE(probe) << probe.error().text;
  EXPECT_EQ(probe->leads, LeadsMode::without_leads);
  EXPECT_EQ(probe->recent_calls, 0);
  EXPECT_EQ(probe->streams.at(Entity::call).moments, Moments::untold);
  EXPECT_EQ(probe->streams.at(Entity::quote).walk, Walk::untold) << "one row tells nothing";
}

TEST(ProbeTest, APortalThatCountsTooLongIsAskedWithoutCounting) {
  Probed probed;
  // The client repeats a read three times by itself.
  probed.portal().add_fault({.kind = FaultKind::bad_gateway, .count = 4});
  const PortalProbe probe = probed.probe();
  EXPECT_EQ(probe.streams.at(Entity::deal).walk, Walk::by_id);
  EXPECT_EQ(probe.recent_calls, std::nullopt);
}

TEST(ProbeTest, WhatIsNotCountedIsNotCountedLater) {
  Probed probed;
  probed.portal().add_fault({.kind = FaultKind::bad_gateway, .count = 4, .body = "first_deal"});
  EXPECT_EQ(probed.probe().streams.at(Entity::deal).moments, Moments::any_offset);
  const std::string request = probed.last_request();
  const auto at = request.find("west_deal");
  ASSERT_NE(at, std::string::npos);
  const std::string command = request.substr(at, request.find("\",", at) - at);
  EXPECT_NE(command.find("crm.item.list"), std::string::npos) << command;
  EXPECT_EQ(command.find("start=0"), std::string::npos) << command;
}

TEST(ProbeTest, APortalThatCountsChangesTooLongIsAskedWithoutCounting) {
  Probed probed;
  probed.portal().add_fault({.kind = FaultKind::bad_gateway, .count = 4, .body = "west_deal"});
  const PortalProbe probe = probed.probe();
  EXPECT_EQ(probe.streams.at(Entity::deal).moments, Moments::any_offset);
  EXPECT_TRUE(probe.streams.at(Entity::deal).total);
}

TEST(ProbeTest, RowsThatAreNotUnderstoodAreCounted) {
  Probed probed;
  probed.portal().add_fault({.kind = FaultKind::broken_row, .method = "tasks.task.list"});
  EXPECT_EQ(probed.probe().streams.at(Entity::task).rejected, 1U);
}

TEST(StaffTest, NamesActivePeopleDepartmentsAndOwners) {
  Probed probed;
  const auto staff = read_staff(probed.client(), hours{3}, {});
  ASSERT_TRUE(staff) << staff.error().text;
  EXPECT_EQ(staff->departments.size(), probed.portal().count(Entity::department));
  std::int64_t owned = 0;
  for (const auto& [user, count] : staff->owned) owned += count;
  EXPECT_EQ(owned, static_cast<std::int64_t>(probed.portal().count(Entity::deal) +
                                             probed.portal().count(Entity::lead)));
  for (const Person& person : staff->persons) {
    EXPECT_FALSE(person.name.empty());
    EXPECT_FALSE(person.departments.empty()) << person.id;
    EXPECT_EQ(person.owns_deals, staff->owned.contains(person.id));
  }
}

TEST(StaffTest, APortalThatCountsTooLongNamesTheNewestOwners) {
  Probed probed;
  probed.portal().add_fault({.kind = FaultKind::bad_gateway, .count = 4, .body = "start=450"});
  const auto staff = read_staff(probed.client(), hours{3}, {});
  ASSERT_TRUE(staff) << staff.error().text;
  std::int64_t owned = 0;
  for (const auto& [user, count] : staff->owned) owned += count;
  const auto page = static_cast<std::int64_t>(kPageRows);
  EXPECT_GT(owned, page) << "deals and leads";
  EXPECT_LE(owned, 2 * page);
}

}  // namespace
}  // namespace b24
