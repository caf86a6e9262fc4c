#include "connectors/bitrix24/fate.h"

#include <gmock/gmock.h>

#include <map>

#include "tests/portal/portal.h"
#include "tests/support/fake_clock.h"

// Deleted, hidden or there: as the simulated portal answers, which does so as documented.

namespace b24 {
namespace {

using testing::IsEmpty;

class FateTest : public testing::Test {
 protected:
  FateTest() {
    portal_.start();
    ClientOptions options;
    options.limits.enabled = false;
    options.backoff_first = milliseconds{1};
    client_ = std::make_unique<Client>(*parse_webhook(Secret{portal_.webhook()}), options, clock_);
  }

  // The words of the answers, in the order asked.
  std::vector<std::string> fates(const std::vector<ObjectRef>& objects) {
    const auto read = read_fates(*client_, objects, {});
    if (!read) return {read.error().text};
    untold_ = read->untold;
    std::vector<std::string> words;
    for (const ObjectFate& known : read->objects) {
      const std::map<std::optional<Fate>, std::string> names = {{std::nullopt, "silence"},
                                                                {Fate::deleted, "deleted"},
                                                                {Fate::hidden, "hidden"},
                                                                {Fate::shown, "shown"}};
      words.push_back(names.at(known.fate));
    }
    return words;
  }

  FakeClock clock_;
  sim::Portal portal_{{.managers = 3,
                       .deals = 40,
                       .tasks = 40,
                       .calls = 60,
                       .days = 20,
                       .clock = &clock_,
                       .limits = {.enabled = false}}};
  std::unique_ptr<Client> client_;
  std::set<Entity> untold_;
};

constexpr Entity kTold[] = {Entity::deal,    Entity::lead,    Entity::quote,    Entity::invoice,
                            Entity::contact, Entity::company, Entity::activity, Entity::task};

TEST_F(FateTest, DeletedHiddenAndShownAreToldApart) {
  std::vector<ObjectRef> asked;
  std::vector<std::string> expected;
  for (const Entity entity : kTold) {
    const auto ids = portal_.ids(entity);
    ASSERT_GE(ids.size(), 3U) << name(entity);
    portal_.hide(entity, ids[1]);
    asked.insert(asked.end(), {{entity, ids[0]}, {entity, ids[1]}, {entity, 99'999'999}});
    expected.insert(expected.end(), {"shown", "hidden", "deleted"});
  }
  portal_.reset_counters();
  EXPECT_EQ(fates(asked), expected);
  EXPECT_THAT(untold_, IsEmpty());
  EXPECT_EQ(portal_.counters().requests, 1U);
}

TEST_F(FateTest, KindsWithoutAMethodHaveNone) {
  for (const Entity entity : kEntities) {
    const bool told = std::ranges::find(kTold, entity) != std::end(kTold);
    EXPECT_EQ(!fate_method(entity).empty(), told) << name(entity);
  }
}

// An older portal, or a method that is closed: a refusal says nothing of the object then.
TEST_F(FateTest, AMethodThatRefusesEverythingTellsNothing) {
  const ObjectRef deal{Entity::deal, portal_.ids(Entity::deal)[0]};
  const ObjectRef task{Entity::task, portal_.ids(Entity::task)[0]};
  for (const char* code : {"ERROR_METHOD_NOT_FOUND", "insufficient_scope", "ACCESS_DENIED"}) {
    portal_.add_fault({.kind = sim::FaultKind::error,
                       .method = "tasks.task.history.list",
                       .count = -1,
                       .detail = code,
                       .status = 403});
    EXPECT_THAT(fates({task, deal}), testing::ElementsAre("shown")) << code;
    EXPECT_THAT(untold_, testing::ElementsAre(Entity::task)) << code;
    portal_.clear_faults();
  }
}

// What is silent for a moment is neither deleted nor hidden.
TEST_F(FateTest, APassingFaultIsASilence) {
  const auto ids = portal_.ids(Entity::deal);
  portal_.hide(Entity::deal, ids[1]);
  portal_.add_fault({.kind = sim::FaultKind::error,
                     .method = "crm.item.get",
                     .detail = "INTERNAL_SERVER_ERROR",
                     .status = 500});
  EXPECT_THAT(fates({{Entity::deal, ids[0]}, {Entity::deal, ids[1]}}),
              testing::ElementsAre("silence", "hidden"));
  // Without the answer for what is not there a refusal is not believed.
  for (int i = 0; i < 2; ++i) {
    portal_.add_fault({.kind = sim::FaultKind::error,
                       .method = "crm.item.get",
                       .detail = i == 0 ? "ACCESS_DENIED" : "INTERNAL_SERVER_ERROR",
                       .status = 400});
  }
  EXPECT_THAT(fates({{Entity::deal, ids[0]}}), testing::ElementsAre("silence"));
}

}  // namespace
}  // namespace b24
