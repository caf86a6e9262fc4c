#include "daemon/cli/init_team.h"

#include <gtest/gtest.h>

// Whom `init` takes for the sales team when nobody is asked.

namespace b24 {
namespace {

// A portal on which nothing says who sells.
Staff plain_staff() {
  Staff staff;
  Department& department = staff.departments.emplace_back();
  department.id = 7;
  department.name = "Снабжение";
  Person& person = staff.persons.emplace_back();
  person.id = 12;
  person.name = "Анна Белова";
  person.departments = {7};
  return staff;
}

TEST(InitTeamTest, AHeadWithoutADepartmentIsRefused) {
  InitArguments arguments;
  const auto everybody = choose_teams(plain_staff(), arguments, Asking::nobody);
  ASSERT_TRUE(everybody) << everybody.error().text;
  EXPECT_TRUE(everybody->teams.empty());

  arguments.head = 12;
  const auto refused = choose_teams(plain_staff(), arguments, Asking::nobody);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
  EXPECT_EQ(refused.error().text,
            "Ключ --head называет руководителя отдела, а отдел продаж не выбран: назовите его "
            "ключом --department. Ничего не записано.");
  set_language(Language::en);
  EXPECT_EQ(choose_teams(plain_staff(), arguments, Asking::nobody).error().text,
            "--head names the head of a department, and no sales department is chosen: name it by "
            "--department. Nothing is written.");
  set_language(Language::ru);

  arguments.departments = {7};
  const auto named = choose_teams(plain_staff(), arguments, Asking::nobody);
  ASSERT_TRUE(named) << named.error().text;
  EXPECT_EQ(named->heads, (std::map<std::int64_t, std::int64_t>{{7, 12}}));
}

}  // namespace
}  // namespace b24
