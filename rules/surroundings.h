#pragma once

#include "rules/calendar.h"
#include "rules/people.h"
#include "rules/sales_scope.h"

namespace b24 {

// What rules need to know besides rows.
struct Surroundings {
  Calendar calendar;
  Absences absences;
  People people;
  SalesScope scope;
};

}  // namespace b24
