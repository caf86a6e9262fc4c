#include "daemon/store/indexes.h"

#include <fmt/format.h>

#include "daemon/store/mirror_table.h"

namespace b24 {
namespace {

struct Index {
  Entity entity;
  const char* name;
  const char* columns;
};

constexpr Index kIndexes[] = {
    {Entity::deal, "deals_by_manager", "(manager_id)"},
    // Open deals are a small part of all, and what most rules look at. Covers counting by manager.
    {Entity::deal, "deals_open", "(manager_id, closed, deleted_at) WHERE closed = 0"},
    {Entity::task, "tasks_by_manager", "(manager_id, status, deadline_at, deleted_at)"},
    {Entity::call, "calls_by_day", "(day)"},
    {Entity::call, "calls_by_start", "(started_at)"},
    // What became of a missed call, and who was called: the views ask in these very words.
    {Entity::call, "calls_by_phone", "(phone_key, started_at)"},
    {Entity::call, "calls_to_client",
     "(crm_entity_id, started_at) WHERE type IN (1, 4) AND deleted_at IS NULL"},
    {Entity::lead, "leads_by_manager", "(manager_id, semantic, deleted_at)"},
    {Entity::quote, "quotes_by_manager", "(manager_id, closed, deleted_at)"},
    {Entity::invoice, "invoices_by_manager", "(manager_id, deleted_at)"},
    // What is planned for an object, and what a manager has to do. The object's kind comes second:
    // the view shows it as a word, which is no part of an index.
    {Entity::activity, "activities_by_owner",
     "(owner_id, owner_type_id, completed, deadline_at, deleted_at)"},
    {Entity::activity, "activities_by_manager", "(manager_id, completed, deadline_at, deleted_at)"},
    // Touches of the client, in the very words of the views.
    {Entity::activity, "activities_touching",
     "(owner_id, starts_at) WHERE completed = 1 AND deleted_at IS NULL "
     "AND (direction = 2 OR type_id = 1 OR provider_id = 'CRM_MEETING')"},
    // Sessions of Open Lines: all, and the open ones.
    {Entity::activity, "activities_chats",
     "(completed) WHERE provider_id = 'IMOPENLINES_SESSION' AND deleted_at IS NULL"},
    {Entity::deal_move, "deal_moves_by_owner", "(owner_id)"},
    {Entity::deal_move, "deal_moves_won", "(at) WHERE semantic = 'S'"},
    {Entity::lead_move, "lead_moves_by_owner", "(owner_id)"},
    {Entity::invoice_move, "invoice_moves_by_owner", "(owner_id)"},
    {Entity::currency, "currencies_by_code", "(code)"},
    {Entity::payment, "payments_made", "(paid_at) WHERE paid_at IS NOT NULL"},
};

}  // namespace

void make_indexes(Connection& connection, Entity entity) {
  for (const Index& index : kIndexes) {
    if (index.entity != entity) continue;
    connection.exec(fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} {}", index.name,
                                table_of(entity), index.columns)
                        .c_str());
  }
}

}  // namespace b24
