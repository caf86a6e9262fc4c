#pragma once

#include <string>

// The mirror against the portal, field by field, from the portal's own JSON and the views an
// analyst reads: none of the program's own reading and comparing has a part in it.
//
// Each gives where the two differ, one line a difference, at most twenty; empty when they are
// equal. Nothing may change on the portal meanwhile.

namespace b24 {

class Workplace;

// The rates of currencies, and which payments were made, taken back, returned or deleted, are asked
// for by the clock: every hour, every quarter of an hour. The polls bring all the rest.
enum class Asked { by_polls, by_clock };

// Every row of every list; up to what the polls alone bring, or up to what the clock brings too.
std::string differences(Workplace& workplace, Asked up_to = Asked::by_clock);

// What tasks and activities are linked to in the CRM. Of activities that are done and did not
// change for 45 days the owner alone is known.
std::string link_differences(Workplace& workplace);

// What belongs to an object and is asked for by its id: messages of Open Lines, working days; where
// a rule reads them (Workplace::read_on_demand) goods and comments of deals, and without the shop's
// list payments of deals and invoices. What is closed and did not change for 45 days is left out.
std::string detail_differences(Workplace& workplace);

// All of the above.
std::string all_differences(Workplace& workplace);

}  // namespace b24
