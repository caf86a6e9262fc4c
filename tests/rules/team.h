#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "rules/evaluate.h"

// A small sales department for the tests of the judgement: head 1 (Анна Смирнова), managers 11
// (Иван Иванов), 12 (Пётр Петров) and 13 (Сидор Сидоров), Moscow time, 9 to 18, Monday to Friday.

namespace b24::test {

// "2026-11-16 10:00" in Moscow.
inline Time at(std::string_view local) {
  return parse_time(std::string{local} + ":00+03:00").value();
}

inline Day day(std::string_view text) { return parse_day(text).value(); }

inline Calendar make_calendar(CalendarSettings settings = {}) {
  return Calendar::make(std::move(settings)).value();
}

inline Person person(std::int64_t id, std::string name,
                     std::vector<std::int64_t> departments = {5}) {
  Person result;
  result.id = id;
  result.name = std::move(name);
  result.departments = std::move(departments);
  return result;
}

inline std::vector<Person> team() {
  return {person(1, "Анна Смирнова"), person(11, "Иван Иванов"), person(12, "Пётр Петров"),
          person(13, "Сидор Сидоров")};
}

inline People make_people(std::vector<Person> persons = team(), PeopleSettings settings = {}) {
  if (settings.departments.empty()) settings.departments = {5};
  return People{std::move(persons), {{5, "Отдел продаж", std::nullopt, 1}}, std::move(settings)};
}

inline Table table(std::vector<std::string> columns, std::vector<std::vector<Value>> rows) {
  return {std::move(columns), std::move(rows)};
}

inline Value num(std::int64_t value) { return Value{value}; }
inline Value real(double value) { return Value{value}; }
inline Value text(std::string value) { return Value{std::move(value)}; }

}  // namespace b24::test
