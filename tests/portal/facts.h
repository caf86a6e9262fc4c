#pragma once

#include <string>

#include "rules/sales_scope.h"
#include "tests/portal/world.h"

namespace b24::sim {

// What the catalogue's four rules must find in the rows as they stand, worked out the plain way,
// over the rows themselves. JSON, as Portal::facts describes it.
std::string find_facts(const World& world, const SalesScope& scope);

}  // namespace b24::sim
