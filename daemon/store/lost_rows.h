#pragma once

#include <cstdint>

#include "daemon/store/connection.h"
#include "rules/base/entity.h"
#include "rules/base/time.h"

namespace b24 {

// The writes to lost_rows and hidden_rows (schema_3.sql) that go with those to a table of the
// mirror. Kinds whose fate cannot be asked for have no rows there.

// The row was marked deleted: why is to be asked.
void note_lost(Connection& connection, Entity entity, std::int64_t id);
// The row is alive again; if it was hidden, the change log says that it is not any more.
void forget_lost(Connection& connection, Entity entity, std::int64_t id, Time seen_at);

}  // namespace b24
