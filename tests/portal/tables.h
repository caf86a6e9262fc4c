#pragma once

#include <span>

#include "tests/portal/fields.h"

// The fields of every kind of row, in the order in which the portal writes them. The first is the
// id.

namespace b24::sim {

std::span<const Field<Deal>> deal_fields();
std::span<const Field<Task>> task_fields();
std::span<const Field<CallRow>> call_fields();
std::span<const Field<User>> user_fields();
std::span<const Field<Department>> department_fields();
std::span<const Field<Status>> status_fields();
std::span<const Field<StageMove>> move_fields();

}  // namespace b24::sim
