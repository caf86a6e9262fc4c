#include "daemon/engine/verify.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/engine/desk.h"

// The comparison of mirror and portal against the simulated portal; then by night, in the puller.

namespace b24 {
namespace {

using Kind = Difference::Kind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string line(const Difference& d) {
  std::string text = fmt::format("{} {} {}", name(d.entity), d.id, name(d.kind));
  if (d.kind == Kind::missing || d.kind == Kind::gone) return text;
  return text + fmt::format(" {}: {} / {}", d.field, as_text(d.here), as_text(d.there));
}

std::vector<std::string> lines(const Verification& found) {
  std::vector<std::string> all;
  for (const Difference& difference : found.differences) all.push_back(line(difference));
  return all;
}

class VerifyTest : public testing::Test {
 protected:
  void read(sim::PortalOptions company = small_company()) {
    desk_ = std::make_unique<Desk>(std::move(company));
    ASSERT_FALSE(desk_->pass(Puller::Counts::now).error);
    desk_->portal().reset_counters();
  }
  void look(Verifier& verifier) {
    while (!verifier.look_over()) ASSERT_TRUE(verifier.step({}));
  }
  // Both looks, and what becomes of the mirror between them.
  enum class Between { sync, poll, nothing };
  Verification verified(
      Between between, Verifier::Mirror mirror, VerifyOptions options = {},
      const std::function<void()>& meanwhile = [] {}) {
    options.seed = 7;
    Verifier verifier{desk_->client(), desk_->reader(), desk_->clock, options};
    look(verifier);
    desk_->go_on(seconds{10});
    meanwhile();
    if (between == Between::sync) {
      desk_->puller->renew();
      EXPECT_FALSE(desk_->pass(Puller::Counts::now).error);
    }
    if (between == Between::poll) {
      EXPECT_FALSE(desk_->pass().error);
    }
    if (!verifier.suspected().empty()) verifier.look_again(mirror);
    look(verifier);
    return verifier.result();
  }
  Verification verified(VerifyOptions options = {}) {
    return verified(Between::nothing, Verifier::Mirror::caught_up, std::move(options));
  }
  static StreamVerdict stream(const Verification& found, Entity entity) {
    for (const StreamVerdict& s : found.streams) {
      if (s.entity == entity) return s;
    }
    return {};
  }
  void set_title(std::int64_t deal, const std::string& title) {
    desk_->portal().call(
        "crm.item.update",
        fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"title":"{}"}}}})", deal, title));
  }

  std::unique_ptr<Desk> desk_;
};

TEST_F(VerifyTest, EqualStreamsAreComparedInFull) {
  read();
  const Verification found = verified();
  EXPECT_THAT(lines(found), IsEmpty());
  ASSERT_EQ(found.streams.size(), std::size(kEntities));
  for (const StreamVerdict& s : found.streams) {
    const auto rows = static_cast<std::int64_t>(desk_->portal().count(s.entity));
    EXPECT_TRUE(s.compared) << name(s.entity);
    EXPECT_EQ(s.ids, rows) << name(s.entity);
    EXPECT_EQ(s.portal_rows, rows) << name(s.entity);
    EXPECT_EQ(s.mirror_rows, rows) << name(s.entity);
    EXPECT_EQ(s.rows, std::min<std::int64_t>(rows, 200)) << name(s.entity);
    EXPECT_EQ(s.undecided, 0) << name(s.entity);
  }
  EXPECT_EQ(found.requests, desk_->portal().counters().requests);
  EXPECT_LE(found.requests, 4U) << "small lists share their requests";
}

sim::PortalOptions with_activities() {
  sim::PortalOptions options = small_company();
  options.activities = 40;
  return options;
}

constexpr const char* kBoundTwice =
    "SELECT activity_id FROM v_activity_link WHERE is_owner = 0 GROUP BY 1 ORDER BY 1 LIMIT 1";

// A binding that came without a change of its activity, which the docs do not rule out.
TEST_F(VerifyTest, ComparesWhatBelongsToObjects) {
  read(with_activities());
  const std::int64_t id = desk_->ids(kBoundTwice).front();
  desk_->tamper(fmt::format("DELETE FROM activity_links WHERE activity_id = {}", id));
  const Verification found = verified();
  const auto rows = desk_->number(fmt::format(
      "SELECT count(*) FROM v_activity_link WHERE activity_id = {} AND is_owner = 0", id));
  EXPECT_EQ(rows, 0);
  ASSERT_EQ(found.differences.size(), 1U);
  const Difference& difference = found.differences.front();
  EXPECT_EQ(difference.kind, Kind::details);
  EXPECT_EQ(difference.entity, Entity::activity);
  EXPECT_EQ(difference.id, id);
  EXPECT_EQ(difference.field, "activity_link");
  EXPECT_EQ(as_integer(difference.here), 0);
  EXPECT_GE(as_integer(difference.there), 1);
  ASSERT_EQ(found.details.size(), std::size(kDetails));
  EXPECT_EQ(found.details[0].objects, 40);
  EXPECT_EQ(found.details[0].differences, 1);
  EXPECT_EQ(found.differing(), 1);
  const auto kept = verification_from_json(to_json(found));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->differing(), 1);
}

TEST_F(VerifyTest, MendsWhatBelongsToObjects) {
  read(with_activities());
  const std::int64_t id = desk_->ids(kBoundTwice).front();
  desk_->tamper(fmt::format("INSERT INTO activity_links VALUES (2, 999999, {})", id));
  Verifier verifier{desk_->client(), desk_->reader(), desk_->clock, {}};
  look(verifier);
  EXPECT_THAT(verifier.suspected(), ElementsAre(Entity::activity));
  verifier.look_again(Verifier::Mirror::caught_up);
  look(verifier);
  EXPECT_EQ(desk_->puller->mend(verifier, {}), 1);
  ASSERT_FALSE(desk_->pass().error);
  EXPECT_THAT(lines(verified()), IsEmpty());
}

// Ten requests may be for details here: a batch that is too heavy costs one of them.
TEST_F(VerifyTest, WhatIsTooMuchAtOnceIsAskedInParts) {
  read(with_activities());
  desk_->portal().add_fault({.kind = sim::FaultKind::server_error, .count = -1, .body = "b30"});
  const Verification found = verified({.rows = 0});
  EXPECT_THAT(lines(found), IsEmpty());
  EXPECT_EQ(found.details[0].objects, 40);
  EXPECT_EQ(found.details[0].problem, "");
}

TEST_F(VerifyTest, AKindThatIsNotAnsweredLeavesTheRestCompared) {
  read(with_activities());
  desk_->portal().add_fault(
      {.kind = sim::FaultKind::server_error, .count = -1, .body = "crm.activity.binding.list"});
  const Verification found = verified();
  EXPECT_THAT(lines(found), IsEmpty());
  EXPECT_EQ(found.details[0].objects, 0);
  EXPECT_NE(found.details[0].problem, "");
  for (const StreamVerdict& s : found.streams) {
    EXPECT_EQ(s.ids, static_cast<std::int64_t>(desk_->portal().count(s.entity))) << name(s.entity);
  }

  desk_->portal().clear_faults();
  desk_->portal().add_fault({.kind = sim::FaultKind::invalid_credentials,
                             .count = -1,
                             .body = "crm.activity.binding.list"});
  Verifier refused{desk_->client(), desk_->reader(), desk_->clock, {}};
  Result<void> asked{};
  while (asked && !refused.look_over()) asked = refused.step({});
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().kind, ErrorKind::blocked);
}

TEST_F(VerifyTest, NamesEachKindOfDifference) {
  read();
  // Neither their number nor their hash says that something is wrong.
  desk_->tamper(
      "DELETE FROM calls WHERE id = (SELECT min(id) FROM calls);"
      "UPDATE stages SET name = 'Иначе' WHERE id = (SELECT min(id) FROM stages);"
      "CREATE TEMP TABLE t AS SELECT * FROM tasks LIMIT 1; UPDATE t SET id = 999999;"
      "INSERT INTO tasks SELECT * FROM t;");
  const auto first_call = desk_->portal().ids(Entity::call).front();
  const Verification found = verified();
  EXPECT_THAT(lines(found),
              UnorderedElementsAre(testing::MatchesRegex("stage [0-9]+ field name: Иначе / .+"),
                                   "task 999999 gone", fmt::format("call {} missing", first_call)));
  EXPECT_EQ(stream(found, Entity::stage).differences, 1);
  EXPECT_EQ(found.differing(), 3);
}

TEST_F(VerifyTest, WhatChangedSinceTheMirrorWasReadIsNoDifference) {
  read();
  const auto changes = desk_->portal().mutate(60, 1);
  ASSERT_GE(changes.deals_added, 1);
  ASSERT_GE(changes.deals_changed, 1);
  ASSERT_GE(changes.deals_deleted, 1);
  const Verification polled = verified(Between::poll, Verifier::Mirror::maybe_behind);
  EXPECT_THAT(lines(polled), IsEmpty());
  EXPECT_EQ(stream(polled, Entity::deal).undecided, changes.deals_deleted)
      << "deletions are looked for only now and then";
  desk_->portal().mutate(60, 2);
  const Verification synced = verified(Between::sync, Verifier::Mirror::caught_up);
  EXPECT_THAT(lines(synced), IsEmpty());
  for (const StreamVerdict& s : synced.streams) EXPECT_EQ(s.undecided, 0) << name(s.entity);
}

TEST_F(VerifyTest, NothingIsDecidedWhileTheMirrorStandsStill) {
  read();
  const std::int64_t deal = desk_->portal().ids(Entity::deal).front();
  set_title(deal, "Новое имя");
  const Verification found = verified(Between::nothing, Verifier::Mirror::maybe_behind);
  EXPECT_THAT(lines(found), IsEmpty());
  EXPECT_EQ(stream(found, Entity::deal).undecided, 1);
}

TEST_F(VerifyTest, AValueThatMovesBetweenTheLooksIsNoDifference) {
  read();
  const std::int64_t deal = desk_->portal().ids(Entity::deal).front();
  set_title(deal, "Раз");
  const Verification found =
      verified(Between::nothing, Verifier::Mirror::caught_up, {}, [&] { set_title(deal, "Два"); });
  EXPECT_THAT(lines(found), testing::Not(testing::Contains(testing::HasSubstr(" title: "))));
}

TEST_F(VerifyTest, KeepsToItsRequestsAndSaysHowFarTheyReached) {
  sim::PortalOptions company = small_company();
  company.calls = 6000;
  read(company);
  desk_->tamper(
      "DELETE FROM calls WHERE id IN (SELECT id FROM calls ORDER BY id DESC LIMIT 2);"
      "UPDATE streams SET rows = rows - 5 WHERE entity = 'call'");
  desk_->portal().reset_counters();
  const Verification found = verified({.requests = 5, .rows = 10});
  EXPECT_EQ(desk_->portal().counters().requests, 5U);
  EXPECT_EQ(found.requests, 5U);
  EXPECT_EQ(stream(found, Entity::deal).ids, 60);
  const StreamVerdict calls = stream(found, Entity::call);
  EXPECT_EQ(calls.portal_rows, 6000);
  EXPECT_EQ(calls.ids, 2452) << "a window's worth";
  EXPECT_EQ(calls.rows, 10);
  // The newest are looked at first; of three more, only the count tells.
  const auto newest = desk_->portal().ids(Entity::call);
  EXPECT_THAT(lines(found), UnorderedElementsAre(fmt::format("call {} missing", newest[5998]),
                                                 fmt::format("call {} missing", newest[5999]),
                                                 "call 0 count : 5995 / 6000"));
}

TEST_F(VerifyTest, LostRightsAreNoDeletions) {
  read();
  desk_->tamper(
      "CREATE TEMP TABLE t AS SELECT * FROM deals; UPDATE t SET id = id + 900000;"
      "INSERT INTO deals SELECT * FROM t;");
  Verifier verifier{desk_->client(), desk_->reader(), desk_->clock, {.streams = {Entity::deal}}};
  look(verifier);
  verifier.look_again(Verifier::Mirror::caught_up);
  look(verifier);
  EXPECT_THAT(lines(verifier.result()), ElementsAre("deal 0 hidden : 120 / 60"));
  EXPECT_THAT(verifier.only_here(), IsEmpty());
}

TEST_F(VerifyTest, AnIgnoredFilterByIdIsNoDifference) {
  read();
  desk_->portal().add_fault({.kind = sim::FaultKind::ignore_id_filter,
                             .method = "voximplant.statistic.get",
                             .count = -1});
  const Verification found = verified({.rows = 0, .streams = {Entity::call}});
  EXPECT_THAT(lines(found), IsEmpty());
  EXPECT_EQ(stream(found, Entity::call).ids, 120);
}

// --- by night, in the puller ---

class NightTest : public VerifyTest {
 protected:
  void SetUp() override {
    read();
    // Half an hour past midnight by the portal's clock, three hours ahead of UTC.
    const auto by_portal = (desk_->clock.now() + hours{3}).time_since_epoch() % days{1};
    desk_->go_on(days{1} + minutes{30} - by_portal);
    pass();
    ASSERT_FALSE(kept()) << "the night is not that deep yet";
  }
  void pass() { ASSERT_FALSE(desk_->pass().error); }
  std::optional<Verification> kept() { return kept_verification(desk_->reader()); }
  // Until the comparison is over; at most three hours.
  void sleep_over_it() {
    for (int i = 0; i < 36 && !kept(); ++i) {
      desk_->go_on(minutes{5});
      pass();
    }
    ASSERT_TRUE(kept());
  }
};

TEST_F(NightTest, AnEqualMirrorCostsAFewRequestsOnce) {
  sleep_over_it();
  EXPECT_EQ(kept()->differing(), 0);
  EXPECT_EQ(stream(*kept(), Entity::deal).ids, 60);
  const Time ended_at = kept()->ended_at;
  desk_->portal().reset_counters();
  for (int i = 0; i < 10; ++i) {
    desk_->go_on(seconds{30});
    pass();
  }
  EXPECT_EQ(desk_->portal().counters().requests, 10U);
  EXPECT_EQ(kept()->ended_at, ended_at);
}

TEST_F(NightTest, AStartHasOtherThingsToDoFirst) {
  desk_->go_on(hours{1});
  desk_->restart();
  pass();
  EXPECT_FALSE(kept());
  desk_->go_on(minutes{15});
  pass();
  EXPECT_TRUE(kept());
}

TEST_F(NightTest, FindsAndMendsWhatNoPollWould) {
  const std::int64_t deal = desk_->portal().ids(Entity::deal).front();
  const std::int64_t task = desk_->portal().ids(Entity::task).front();
  // The hash and the age of the deal deny that it is wrong.
  desk_->tamper(fmt::format(
      "UPDATE deals SET title = 'Иначе', updated_at = updated_at + 1000000 WHERE id = {};"
      "DELETE FROM tasks WHERE id = {};",
      deal, task));
  sleep_over_it();
  EXPECT_EQ(stream(*kept(), Entity::deal).differences, 2);
  EXPECT_EQ(stream(*kept(), Entity::task).differences, 1);
  pass();
  EXPECT_EQ(desk_->number("SELECT count(*) FROM v_deal WHERE title = 'Иначе'"), 0);
  EXPECT_EQ(desk_->number(fmt::format("SELECT count(*) FROM v_task WHERE id = {}", task)), 1);
  EXPECT_THAT(lines(verified()), IsEmpty());
}

}  // namespace
}  // namespace b24
