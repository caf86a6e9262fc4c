#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/entities.h"

// Details: what belongs to an object of a list and what no list gives. They are asked for object by
// object, fifty in one request, of objects that are new or have changed. One table: for every kind
// of detail, whose it is, the method, and the fields of its rows. Reading a new kind begins with a
// row here.

namespace b24 {

enum class Detail : std::uint8_t {
  // What an activity is bound to: its list names only the owner of each; whether it would give the
  // field BINDINGS is not documented (portal docs: crm-activity-binding-list.md).
  //
  // Assumption: a binding that is added or taken off changes the activity's LAST_UPDATED. One to an
  // object that was deleted stays here until the activity changes.
  activity_link,
  // Who wrote when in a session of Open Lines (chat_history.h says what is assumed).
  chat_message,
  // The goods and services of a deal. They are a part of it: when they change, so does updatedTime.
  // An array of owners is promised by one edition of the page and denied by the next (portal docs:
  // crm-item-productrow-list.md).
  product_row,
  // Payments of a deal and of an invoice, where the portal does not give sale.payment.list (portal
  // docs: crm-item-payment-list.md). They say nothing of returns.
  //
  // Nobody says that paying changes the card, so cards that may have been paid are asked again now
  // and then (engine_judge.cc).
  deal_payment,
  invoice_payment,
  // Who commented in a deal's timeline, and when; not what was written (portal docs:
  // crm-timeline-comment-list.md).
  //
  // Assumption: a comment changes the deal's lastActivityTime.
  deal_comment,
};
inline constexpr Detail kDetails[] = {Detail::activity_link,   Detail::chat_message,
                                      Detail::product_row,     Detail::deal_payment,
                                      Detail::invoice_payment, Detail::deal_comment};

// "activity_link": the word in SQL, JSON and logs; the table is the plural of it.
std::string_view name(Detail detail);
std::optional<Detail> detail_named(std::string_view word);
// "связи дел", "bindings of activities": for people, in the language in force.
std::string_view list_name(Detail detail);

struct DetailSpec {
  Detail detail;
  Entity owner;
  // The column of the owner by which the portal is asked; empty: its id.
  std::string_view key_column = {};
  // Only of owners where this column is this text; empty: of all.
  std::string_view only_column = {};
  std::string_view only_text = {};
  // A flag of the owner: those where it is 0 are open, and come first. Of others nobody asks when
  // they have not changed for `worth_asking`.
  std::string_view closed_column = {};
  days worth_asking{45};
  // Open owners are asked again this often, since their details change while they do not; zero:
  // never.
  seconds open_again{0};
  // Asked for only while some rule reads it.
  bool lazy = false;
  bool dispensable = false;  // as of EntitySpec
  // Parameters of one command; `start` counts rows, for methods that give pages of 50.
  Params (*params)(std::int64_t key, std::int64_t start);
  bool paged = false;
  // Rows of one answer: method, list path, id, fields; `entity` is the owner's.
  EntitySpec rows;
  // Where a page is no plain list of rows; null: parse_page of `rows`.
  Result<Page> (*parse)(const EntitySpec& rows, std::string_view result) = nullptr;
  // Columns of the table: the owner's id, and the row's.
  std::string_view owner_column;
  std::string_view id_column = "id";
};

const DetailSpec& spec(Detail detail);
std::span<const DetailSpec> detail_specs();

// One question, and what became of it.
struct DetailAsk {
  Detail detail;
  std::int64_t owner_id = 0;
  std::int64_t key = 0;
  std::int64_t start = 0;
};
struct DetailAnswer {
  DetailAsk ask;
  // Rows of this page. `gone`: the portal has no such owner; other errors as of a command.
  Result<std::vector<Record>> records;
  bool more = false;  // the next page begins at ask.start + kPageRows
};

// At most kBatchCommands questions in one request; the answers stand in their order, those that the
// portal did not come to are missing. Fails as Client::batch does.
Result<std::vector<DetailAnswer>> read_details(Client& client, std::span<const DetailAsk> asks,
                                               const std::stop_token& stop);

// All details of one owner as they are now.
struct DetailRows {
  Detail detail;
  std::int64_t owner_id = 0;
  std::vector<Record> records;
};

// How far a kind of detail has come.
struct DetailState {
  Detail detail;
  bool full_done = false;  // what was there at first has been read
  bool refused = false;    // the portal does not give it
  std::string problem = {};
  std::optional<Time> fresh_at = {};  // when all that was wanted had been read
  bool needed = true;  // not read on demand, or demanded by some rule

  friend bool operator==(const DetailState&, const DetailState&) = default;
};

}  // namespace b24
