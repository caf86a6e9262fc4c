#include "daemon/engine/sales_team.h"

#include <gtest/gtest.h>

namespace b24 {
namespace {

Person person(std::int64_t id, std::string name, std::vector<std::int64_t> departments) {
  return {.id = id, .name = std::move(name), .departments = std::move(departments)};
}

std::vector<std::int64_t> ids(const std::vector<SalesTeam>& teams) {
  std::vector<std::int64_t> found;
  for (const SalesTeam& team : teams) found.push_back(team.department);
  return found;
}

// Head office 1 (Irina 1), accountants 2 and two departments below it.
Staff company(const std::string& third, const std::string& fourth) {
  return {.persons = {person(1, "Ирина", {1}), person(2, "Пётр", {2}), person(3, "Анна", {3}),
                      person(4, "Олег", {3}), person(5, "Вера", {4})},
          .departments = {{1, "Головной офис", std::nullopt, 1},
                          {2, "Бухгалтерия", 1, std::nullopt},
                          {3, third, 1, 3},
                          {4, fourth, 1, std::nullopt}}};
}

TEST(SalesTeamTest, TheNameDecides) {
  Staff staff = company("Отдел продаж", "Склад");
  staff.owned = {{5, 100}};
  const auto teams = sales_teams(staff);
  ASSERT_FALSE(teams.empty());
  EXPECT_EQ(teams.front().department, 3);
  EXPECT_TRUE(teams.front().named_sales);
  ASSERT_TRUE(teams.front().head);
  EXPECT_EQ(teams.front().head->name, "Анна");
  EXPECT_EQ(teams.front().managers, std::vector<std::string>{"Олег"}) << "without the head";
  EXPECT_EQ(likely_teams(teams), 1U);
}

TEST(SalesTeamTest, SeveralThatSellAreProposedTogether) {
  Staff staff = company("Отдел продаж 1", "Sales North");
  EXPECT_EQ(likely_teams(sales_teams(staff)), 2U) << "none owns anything";
  staff.owned = {{4, 10}, {5, 20}};
  const auto teams = sales_teams(staff);
  EXPECT_EQ(ids(teams), (std::vector<std::int64_t>{4, 3, 1, 2}));
  EXPECT_EQ(likely_teams(teams), 2U);
  staff.owned = {{5, 20}};
  EXPECT_EQ(likely_teams(sales_teams(staff)), 1U) << "a name without deals is not proposed";
}

TEST(SalesTeamTest, WithoutANameWhoOwnsTheDealsSells) {
  Staff staff = company("Север", "Юг");
  staff.owned = {{4, 3}, {5, 40}, {1, 5}};
  const auto teams = sales_teams(staff);
  EXPECT_EQ(teams.front().department, 4) << "not the head office above it";
  EXPECT_EQ(likely_teams(teams), 1U);
  ASSERT_TRUE(teams.front().head);
  EXPECT_EQ(teams.front().head->name, "Ирина") << "the head of the department above";
  staff.owned.clear();
  EXPECT_EQ(likely_teams(sales_teams(staff)), 0U);
}

TEST(SalesTeamTest, GroupsBelowBelongToTheDepartment) {
  Staff staff = company("Отдел продаж", "Группа продаж Юг");
  staff.departments[3].parent = 3;
  staff.owned = {{5, 7}};
  const auto teams = sales_teams(staff);
  EXPECT_EQ(ids(teams), (std::vector<std::int64_t>{3, 1, 2}));
  EXPECT_EQ(teams.front().managers, (std::vector<std::string>{"Олег", "Вера"}));
  EXPECT_EQ(teams.front().owned, 7);
}

TEST(SalesTeamTest, ADismissedHeadAndATreeInACircleAreNoHeads) {
  Staff staff = company("Отдел продаж", "Склад");
  staff.departments[0].head = std::nullopt;
  staff.departments[0].parent = 3;
  staff.departments[2].head = 99;
  const auto teams = sales_teams(staff);
  EXPECT_FALSE(teams.front().head);
}

}  // namespace
}  // namespace b24
