#pragma once

#include "daemon/store/connection.h"
#include "rules/base/entity.h"

// The indexes of the mirror's tables. They are made once a table has been read in full: sorting all
// its rows then is several times as quick as finding each one's place while they come in.

namespace b24 {

// Makes what is missing.
void make_indexes(Connection& connection, Entity entity);

}  // namespace b24
