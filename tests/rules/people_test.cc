#include "rules/people.h"

#include <gtest/gtest.h>

#include "rules/base/language.h"
#include "tests/rules/team.h"

namespace b24 {
namespace {

using test::person;
using Ids = std::set<std::int64_t>;
using List = std::vector<std::int64_t>;

// 1 company (head 1) > 5 sales (head 2) > 6 hunters (no head), 7 farmers (head 4); 9 marketing
// (head 3, dismissed).
std::vector<Department> tree() {
  return {{1, "Компания", std::nullopt, 1},
          {5, "Продажи", 1, 2},
          {6, "Охотники", 5, std::nullopt},
          {7, "Фермеры", 5, 4},
          {9, "Маркетинг", 1, 3}};
}

std::vector<Person> staff() {
  auto persons = std::vector{
      person(1, "Директор", {1}), person(2, "РОП", {5}),         person(3, "Бывший", {9}),
      person(4, "Старший", {7}),  person(61, "Охотник", {6}),    person(62, "Ушедший", {6}),
      person(71, "Фермер", {7}),  person(91, "Маркетолог", {9}), person(92, "Двойной", {9, 6}),
      person(99, "", {}),
  };
  persons[2].active = false;
  persons[5].active = false;
  for (Person& one : persons) one.owns_deals = one.id == 1 || one.id == 61 || one.id == 91;
  return persons;
}

People with(PeopleSettings settings) { return {staff(), tree(), std::move(settings)}; }

TEST(PeopleTest, ManagersAreTheActiveBelowMinusHeads) {
  EXPECT_EQ(with({.departments = {5}}).managers(), (Ids{61, 71, 92}));
  EXPECT_EQ(with({.departments = {6}}).managers(), (Ids{61, 92}));
  EXPECT_EQ(with({.departments = {1}}).managers(), (Ids{61, 71, 91, 92}));
  EXPECT_EQ(with({.departments = {5}, .exclude = {71}}).managers(), (Ids{61, 92}));
  EXPECT_EQ(with({.departments = {404}}).managers(), Ids{});
}

TEST(PeopleTest, WithoutDepartmentsOwnersOfDealsAreManagers) {
  EXPECT_EQ(with({}).managers(), (Ids{61, 91}));
}

TEST(PeopleTest, AnOverrideTakesTheHeadsPlace) {
  const People people = with({.departments = {5}, .heads = {{7, 71}}});
  EXPECT_EQ(people.managers(), (Ids{4, 61, 92}));
  EXPECT_EQ(people.head(4), 71);
}

TEST(PeopleTest, TheHeadIsTheNearestAbove) {
  const People people = with({.departments = {5}});
  const struct {
    std::int64_t user;
    std::optional<std::int64_t> head;
    const char* why;
  } cases[] = {
      {71, 4, "of his own department"},
      {61, 2, "his department has none: the parent's"},
      {4, 2, "he is the head himself: the next above"},
      {2, 1, "the same one level up"},
      {1, std::nullopt, "nothing above the top"},
      {91, 1, "the head is dismissed: the next above"},
      {92, 2, "of two departments the watched one counts"},
      {99, std::nullopt, "in no department"},
      {404, std::nullopt, "unknown"},
  };
  for (const auto& c : cases) EXPECT_EQ(people.head(c.user), c.head) << c.why;
}

TEST(PeopleTest, TheOtherDepartmentHelpsWhenTheFirstHasNobody) {
  const People people{{person(1, "А", {8}), person(2, "Б", {5})},
                      {{5, "Продажи", std::nullopt, std::nullopt}, {8, "Прочее", std::nullopt, 2}},
                      {}};
  EXPECT_EQ(people.head(1), 2);
  const People both{{person(1, "А", {5, 8}), person(2, "Б", {5})},
                    {{5, "Продажи", std::nullopt, std::nullopt}, {8, "Прочее", std::nullopt, 2}},
                    {}};
  EXPECT_EQ(both.head(1), 2);
}

TEST(PeopleTest, BrokenTreesEndTheWalk) {
  const std::vector<Department> cycle{{5, "А", 6, std::nullopt},
                                      {6, "Б", 7, std::nullopt},
                                      {7, "В", 5, std::nullopt},
                                      {8, "Г", 404, std::nullopt},
                                      {9, "Д", 9, std::nullopt}};
  const People people{{person(11, "Иван", {5}), person(12, "Пётр", {8}), person(13, "Сидор", {9})},
                      cycle,
                      {.departments = {6, 8, 9}}};
  EXPECT_EQ(people.managers(), (Ids{11, 12, 13}));
  for (const std::int64_t id : {11, 12, 13}) EXPECT_EQ(people.head(id), std::nullopt);
}

TEST(PeopleTest, RecipientsAreNamedHeadOrFallback) {
  EXPECT_EQ(with({.departments = {5}}).recipients(71), List{4});
  EXPECT_EQ(with({.departments = {5}, .notify = {2, 1, 2}}).recipients(71), (List{2, 1}));
  EXPECT_EQ(with({.departments = {5}, .notify = {3, 2}}).recipients(71), List{2});
  EXPECT_EQ(with({.departments = {5}, .notify = {500}}).recipients(71), List{500});
  EXPECT_EQ(with({.departments = {5}, .notify = {3}}).recipients(71), List{4});
  EXPECT_EQ(with({.departments = {5}, .fallback = 91}).recipients(1), List{91});
  EXPECT_EQ(with({.departments = {5}, .fallback = 91}).recipients(71), List{4});
  EXPECT_EQ(with({.departments = {5}, .fallback = 3}).recipients(1), List{3});
  EXPECT_EQ(with({.departments = {5}}).recipients(1), List{});
}

TEST(PeopleTest, NamesFallBackToTheNumber) {
  const People people = with({});
  EXPECT_EQ(people.name(61), "Охотник");
  EXPECT_EQ(people.name(99), "сотрудник 99");
  EXPECT_EQ(people.name(404), "сотрудник 404");
  set_language(Language::en);
  EXPECT_EQ(people.name(404), "employee 404");
  set_language(Language::ru);
}

TEST(PeopleTest, TheDepartmentIsTheWatchedOne) {
  EXPECT_EQ(with({.departments = {5}}).department(92), 6);
  EXPECT_EQ(with({}).department(92), 9);
  EXPECT_EQ(with({}).department(99), std::nullopt);
}

}  // namespace
}  // namespace b24
