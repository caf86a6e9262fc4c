#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "rules/people.h"

// Who works at the company and who sells there, straight from the portal: for setting up, before
// there is a mirror. Needs the scopes of users, departments and the CRM.

namespace b24 {

struct Staff {
  std::vector<Person> persons;  // active employees; `owns_deals` is by the newest deals alone
  std::vector<Department> departments;
  // Responsible user -> how many of the newest deals and leads are his.
  std::map<std::int64_t, std::int64_t> owned;
};

// The newest deals and leads that are looked at, of each; one page of them where counting takes the
// portal too long.
inline constexpr std::int64_t kNewestLooked = 500;

// A few requests. Fails as Client::batch does, or as the list of users or departments does.
Result<Staff> read_staff(Client& client, seconds portal_offset, const std::stop_token& stop);

}  // namespace b24
