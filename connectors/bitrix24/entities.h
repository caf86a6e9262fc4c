#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "rules/base/entity.h"

// One table: for every kind of object, the method that reads it, its key, its fields and how the
// portal writes them (portal docs: crm-item-list.md, object-fields.md, crm-activity-list.md,
// crm-stage-history-list.md, tasks-task-list.md, voximplant-statistic-get.md, user-get.md,
// department-get.md, crm-category-list.md, crm-status-list.md, crm-currency-list.md,
// sale-payment-list.md, crm-order-entity-list.md). Reading a new kind of object starts with a row
// here.

namespace b24 {

enum class FieldType {
  // For all: "", null, {}, [] and (but for flags) false are NULL. A value that does not fit is NULL
  // too, and stays readable in `extra` under the portal's name.
  integer,  // 17 or "17"
  real,     // 19000, "19999.99"
  // 19000, 999.9, "19999.99" -> hundredths of the currency: 1900000, 99990, 1999999. Decimal
  // arithmetic, however long the fraction, rounded half away from zero; beyond 64 bits it does not
  // fit. Assumption: the portal keeps sums of cards in hundredths whatever the currency. Its docs
  // call them "double" (crm/data-types.md) and show two places at most; DECIMALS of a currency is
  // of its output alone.
  money,
  text,
  flag,     // "Y"/"N", true/false, 1/0 -> 1/0
  time,     // ISO with offset -> UTC seconds; year 9999, {} and "" are NULL
  date,     // the first ten characters -> text "2026-11-21"
  id_list,  // [1,2] -> JSON text "[1,2]"
  phone,    // its digits up to the first letter, without the country: the last ten
  // ["D_5","L_7"] -> pairs of kind and id as JSON text "[[2,5],[1,7]]"; codes we do not know are
  // left out.
  crm_links,
};

struct Field {
  std::string_view portal;  // in the answer: "assignedById"
  std::string_view select;  // in the request's select; often the same
  std::string_view column;  // in the mirror: "manager_id"
  FieldType type;
  // A row without it cannot be understood. Only in lists that are read whole: others are also asked
  // for their ids alone.
  bool required = false;
};

enum class Paging {
  keyset,  // `>id` filter, ascending, start=-1: exact under concurrent changes
  offset,  // start=0, 50, ...: for methods without an id filter
  whole,   // the answer is the whole list
};

// What the portal tells its rows apart by.
enum class IdStyle {
  number,
  // A code of up to six visible ASCII characters, "RUB". The mirror numbers the row by them: they
  // are the bytes of the id, the last one the lowest, so that 'R', 'U', 'B' make 0x525542. The code
  // is a field of its own as well.
  code,
};

// How a method wants its parameters: their names, their order and their letter case.
enum class RequestStyle {
  user,
  department,
  category,
  status,
  crm_item,
  task,
  call,
  activity,
  stage_history,
  currency,
  payment,
  order_link,
};

// How a list is kept up to date once it has been read.
enum class Renewal {
  whole,          // read again from its beginning: nothing in it says what is new
  changed_since,  // what changed since the last look, by changed_filter
  recent_by,      // new rows by id; young rows again, by recent_filter, as they are filled in later
  appended,       // new rows by id: a row never changes
};

struct EntitySpec {
  Entity entity;
  std::string_view method;
  RequestStyle style;
  int crm_type = 0;  // entityTypeId, where one method serves several kinds of objects
  // A portal may well not have it, or not give it: nothing waits for it then, and once refused it
  // is asked for only now and then.
  bool optional = false;
  // Where the portal refuses it, rules do without: then there are none of it on that portal, or the
  // views take what it says from elsewhere, less exactly. Rules that read other streams are silent.
  bool dispensable = false;
  std::string_view list_path = {};  // where the rows stand in "result": "items"; "" = itself
  std::string_view id_select;       // "id", "ID": name in filter, order and select
  std::string_view id_answer;       // name in the row
  IdStyle id_style = IdStyle::number;
  // The portal's `total` is always 0 and says nothing.
  bool uncounted = false;
  // With start=-1 the method gives all rows at once, or nobody says what: every page is counted.
  bool always_counted = false;
  Paging paging;
  Renewal renewal;
  // Filter key for "changed since", e.g. "updatedTime".
  std::string_view changed_filter = {};
  // Further fields that may move while changed_filter stands still; asked for with OR.
  std::span<const std::string_view> also_changed = {};
  // Such a field of a list whose filter knows no OR: asked for by a list of its own.
  std::string_view also_filter = {};
  // Columns that may move on the portal while nothing says so: they are as of the last change.
  std::span<const std::string_view> as_of_change = {};
  seconds overlap{0};  // how far back "changed since" looks again
  // Rows younger than this are read again by `recent_filter`: they are filled in later without a
  // date of change (calls).
  std::string_view recent_filter = {};
  seconds recent{0};
  // A row may lose the time by which it is recent: ours that the recent list lacks are asked for by
  // their ids.
  bool recent_may_leave = false;
  // How often a whole list is read again, or, besides new rows, the recent ones; zero: every poll.
  seconds every{0};
  std::span<const Field> fields;
  // Fields of the answer that we know and do not keep: bulky, fickle, or nobody's business. A name
  // that ends in '*' stands for all that begin so.
  std::span<const std::string_view> dropped = {};
};

const EntitySpec& spec(Entity entity);
std::span<const EntitySpec> specs();

// Parameters of one page: rows with id > `after_id` (or a "$result[...]" reference), and, if
// `since` is given, changed at or after it; `portal_offset` writes times the way the portal does.
// The order of keys is the documented one.
struct PageQuery {
  std::string after;                 // "0", "1200" or "$result[d0][items][49][id]"
  std::optional<Time> since;         // by changed_filter
  std::optional<Time> also_since;    // by also_filter
  std::optional<Time> recent_since;  // by recent_filter
  std::vector<std::int64_t> ids;     // these objects only
  bool ids_only = false;             // select the id alone
  seconds portal_offset{0};
  std::int64_t start = -1;  // for Paging::offset; -1 = no counting
};
Params page_params(const EntitySpec& spec, const PageQuery& query);

// Rows of one page, from the JSON text of a result. Fields we do not know go to `extra`; a row
// whose id or required field cannot be read goes to `rejected`.
struct Page {
  std::vector<Record> records;
  std::vector<RejectedRow> rejected;
  std::size_t rows = 0;      // as the portal gave, rejected ones included
  std::int64_t last_id = 0;  // of the last row; 0 for none
  bool ascending = true;     // ids never fell from row to row; a row may come twice
};
// `result` must be followed by at least 64 readable bytes (as in BatchAnswer::body).
// Fails with `unavailable` when the text is not such a page at all.
Result<Page> parse_page(const EntitySpec& spec, std::string_view result);

}  // namespace b24
