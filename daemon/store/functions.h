#pragma once

#include <memory>

#include "rules/calendar.h"
#include "rules/people.h"

struct sqlite3;

namespace b24 {

// What the SQL functions of working time and people count by.
struct Counting {
  Calendar calendar;
  Absences absences;
  People people;
};

// Makes our functions (store.h, class Reader) known to a connection. `*counting` may be empty; a
// function that needs it then fails. It must outlive the connection.
void register_functions(sqlite3* database, const std::unique_ptr<Counting>* counting);

}  // namespace b24
