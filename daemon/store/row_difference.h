#pragma once

#include <vector>

#include "connectors/bitrix24/entities.h"
#include "daemon/store/connection.h"

namespace b24 {

// Where a mirrored row and the portal's differ. In the statement that has read the mirrored one,
// the spec's columns begin at `first`, and `extra` follows them. Empty too when only the text of
// `extra` differs, as after a change of the order of its fields.
std::vector<FieldDifference> row_differences(const EntitySpec& spec, const Run& stored, int first,
                                             const Record& record);

}  // namespace b24
