#include <gtest/gtest.h>

#include "connectors/bitrix24/details.h"
#include "tests/engine/desk.h"

// How details are asked for, whatever their kind.

namespace b24 {
namespace {

constexpr const char* kBindings = "crm.activity.binding.list";
constexpr const char* kBound = "SELECT count(*) FROM v_activity_link WHERE is_owner = 0";

// The portal cuts off what takes too long: fewer are asked for, and the polls go on.
TEST(DetailPuller, ARequestThatIsTooHeavyEndsNoPass) {
  sim::PortalOptions company = small_company();
  company.activities = 60;
  Desk desk{company};
  desk.portal().add_fault({.kind = sim::FaultKind::reset, .method = kBindings, .count = -1});
  const PassReport report = desk.pass();
  EXPECT_FALSE(report.error) << report.error->text;
  EXPECT_EQ(desk.number(kBound), 0);
  desk.portal().clear_faults();
  for (int i = 0; i < 4; ++i) {
    desk.go_on(minutes{10});
    ASSERT_FALSE(desk.pass().error);
  }
  EXPECT_GT(desk.number(kBound), 0);
}

}  // namespace
}  // namespace b24
