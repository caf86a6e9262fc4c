#pragma once

#include <set>
#include <string>
#include <vector>

#include "connectors/bitrix24/details.h"
#include "daemon/store/connection.h"

namespace b24 {

// "activity_links" for Detail::activity_link.
std::string table_of(Detail detail);
std::optional<Detail> detail_of_table(std::string_view table);

// Whose details are still to be asked for: kept by the writes to one entity's rows. Works inside
// the caller's transaction.
class DetailWishes {
 public:
  DetailWishes(Connection& connection, const EntitySpec& owner);

  // Learns which of the kinds that are read on demand some rule demands: before rows are written.
  void renew();
  // A row that is new, has changed, or is there again.
  void add(const Record& record, Time seen_at);
  // A row that is gone.
  void remove(std::int64_t owner_id);

 private:
  struct Wish {
    const DetailSpec* detail;
    std::optional<std::size_t> key, closed, only;  // indexes of the columns
    bool needed = true;
  };
  bool is_wanted(const Wish& wish, const Record& record, bool open, Time seen_at) const;

  Connection& connection_;
  std::vector<Wish> wishes_;
  std::optional<std::size_t> changed_;
};

}  // namespace b24
